// A joint servo for Trocar, in a program of your own: the law of the built-in one, bit for bit.
//
//     {BUILD}
//     {TRY}
//
// C++17 and POSIX, nothing else. Change `effort`, run, compare the verdicts. Standard output and standard error are
// yours: what is printed there is kept with the result. The program keeps nothing between two activations but the words
// of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.
// (-ffp-contract=off: a fused multiply and add rounds once where the built-in servo rounds twice.)

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// ---- Yours: the law ---------------------------------------------------------------------------------------

/// What a joint should exert, N m or N. Positions in rad or m, p in N m/rad or N/m, d in N m s/rad or N s/m.
double effort(double p, double d, double set_position, double set_velocity, double position, double velocity) {
    return p * (set_position - position) + d * (set_velocity - velocity);
}

{PROTOCOL}
// ---- The slot: which signals the law reads and writes -----------------------------------------------------

/// The servo of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable".
class Controller {
public:
    explicit Controller(const Hello& hello) {
        hello.must_be("servo");
        const Json& settings = hello.json["settings"];
        state_ = hello.input("operating_state");
        // Otherwise d brakes every motion, as in the dVRK where a client sends positions alone.
        use_setpoint_velocity_ = settings["use_setpoint_velocity"].boolean;
        groups_.push_back({hello.input("measured_js"), hello.input("setpoint_js"), {}});
        for (const Json& joint : settings["joints"].list) groups_[0].add(hello, joint["name"].text);
        if (!settings["jaw"].is_null()) {
            groups_.push_back({hello.input("jaw.measured_js"), hello.input("jaw.setpoint_js"), {}});
            groups_[1].add(hello, settings["jaw"]["name"].text);
        }
        for (const Json& given : settings["drives"].list) {
            Drive drive;
            drive.command = hello.output(given["actuator"].text + ".current_command");
            drive.limit_a = given["current_limit_a"].number;
            // Power is equal on both sides of the coupling: its transpose takes joints' efforts to actuators'.
            for (const Json& row : settings["joint_from_actuator"].list)
                drive.ampere_per_effort.push_back(row.list[drives_.size()].number / given["effort_per_ampere"].number);
            drives_.push_back(drive);
        }
        efforts_.resize(drives_.size());
    }

    /// Reads the inputs, computes, writes the outputs.
    void activate(Activation& io) {
        const double state = io.inputs[state_].values[0];  // DISABLED, ENABLED, PAUSED, FAULT
        const bool is_powered = state == 1.0 || state == 2.0;
        bool is_valid = true;
        for (const Group& g : groups_)
            is_valid = is_valid && io.inputs[g.measured].valid && io.inputs[g.setpoint].valid;
        if (is_powered && is_valid) find_efforts(io);
        for (std::size_t a = 0; a < drives_.size(); a++) {
            // Without a measurement the last currents stand, until a supervisor takes motor power away.
            double current_a = is_powered ? as_double(io.state[a]) : 0.0;
            if (is_powered && is_valid) current_a = current(drives_[a]);
            io.state[a] = as_word(current_a);
            io.write(drives_[a].command, {current_a});
        }
    }

private:
    struct Joint { std::size_t p, d; };
    /// The joints, or the jaw.
    struct Group {
        std::size_t measured, setpoint;
        std::vector<Joint> joints;
        void add(const Hello& hello, const std::string& name) {
            joints.push_back({hello.parameter("servo." + name + ".p"), hello.parameter("servo." + name + ".d")});
        }
    };
    struct Drive {
        std::size_t command = 0;
        double limit_a = 0.0;
        std::vector<double> ampere_per_effort;
    };

    /// A joint state holds all positions, then all velocities, then all efforts.
    void find_efforts(const Activation& io) {
        std::size_t place = 0;
        for (const Group& g : groups_) {
            const std::vector<double>&measured = io.inputs[g.measured].values, &setpoint = io.inputs[g.setpoint].values;
            const std::size_t n = g.joints.size();
            for (std::size_t i = 0; i < n; i++) {
                const double set_velocity = use_setpoint_velocity_ ? setpoint[n + i] : 0.0;
                efforts_[place++] = effort(io.parameters[g.joints[i].p], io.parameters[g.joints[i].d], setpoint[i],
                                           set_velocity, measured[i], measured[n + i]);
            }
        }
    }

    double current(const Drive& drive) const {
        double current_a = 0.0;
        for (std::size_t j = 0; j < efforts_.size(); j++) current_a += drive.ampere_per_effort[j] * efforts_[j];
        return std::min(std::max(current_a, -drive.limit_a), drive.limit_a);
    }

    std::size_t state_ = 0;
    bool use_setpoint_velocity_ = false;
    std::vector<Group> groups_;
    std::vector<Drive> drives_;
    std::vector<double> efforts_;
};

int main(int, char** arguments) { return serve<Controller>(arguments[0]); }
