// A safety supervisor for Trocar, in a program of your own: the checks of the built-in one, bit for bit.
//
//     {BUILD}
//     {TRY}
//
// C++17 and POSIX, nothing else. Change `judge`, run, compare the verdicts. Standard output and standard error are
// yours: what is printed there is kept with the result. The program keeps nothing between two activations but the words
// of state that Trocar hands to it, so that a run can be saved, forked for the twin of a fault, and repeated.
// (-ffp-contract=off: a fused multiply and add rounds once where the built-in supervisor rounds twice.)

#include <algorithm>
#include <cmath>
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

// ---- Yours: the checks --------------------------------------------------------------------------------------

/// The values of supervisor.trip.
enum Trip : std::uint64_t { NONE, TRACKING_ERROR, WATCHDOG, POTENTIOMETER_MISMATCH };

/// What is, and what may be at most.
struct Compared { double is, allowed; };

/// Why motor power is to be taken away now.
///
/// is_powered: whether motor power is on. silence: for how long no fresh, valid feedback came, s.
/// tracking: for each joint that can be judged how far it is from its setpoint, rad or m.
/// parting: for each actuator with two sensors for how long they have disagreed, s.
Trip judge(bool is_powered, Compared silence, const std::vector<Compared>& tracking,
           const std::vector<Compared>& parting) {
    const auto is_exceeded = [](const Compared& c) { return c.is > c.allowed; };
    if (is_exceeded(silence)) return WATCHDOG;
    if (is_powered && std::any_of(tracking.begin(), tracking.end(), is_exceeded)) return TRACKING_ERROR;
    if (std::any_of(parting.begin(), parting.end(), is_exceeded)) return POTENTIOMETER_MISMATCH;
    return NONE;
}

{PROTOCOL}
// ---- The slot: which signals the checks read and write ------------------------------------------------------

/// The words of state; behind them one for each actuator that is compared: for how long its sensors have disagreed, ns.
enum Word { TRIP, FAULT_SEEN, HAS_STARTED, FEEDBACK_COUNT, FEEDBACK_STAMP, FEEDBACK_ARRIVED, FIRST_COMPARED };

/// The supervisor of one arm. Its fields are set once: what changes belongs into `io.state`, since it says "restorable".
class Controller {
public:
    explicit Controller(const Hello& hello) {
        hello.must_be("supervisor");
        operating_state_ = hello.input("operating_state"), feedback_ = hello.input("measured_js");
        watchdog_ = hello.parameter("supervisor.watchdog"), trip_ = hello.output("supervisor.trip");
        const Json& settings = hello.json["settings"];
        groups_.push_back({feedback_, hello.input("setpoint_js"), {}});
        for (const Json& joint : settings["joints"].list) groups_[0].add(hello, joint["name"].text);
        if (!settings["jaw"].is_null()) {
            groups_.push_back({hello.input("jaw.measured_js"), hello.input("jaw.setpoint_js"), {}});
            groups_[1].add(hello, settings["jaw"]["name"].text);
        }
        for (const Json& actuator : settings["compared"].list) {
            const std::string parameter = "supervisor." + actuator.text + ".potentiometer_";
            sensors_.push_back({hello.input(actuator.text + ".measured_positions"),
                                hello.parameter(parameter + "tolerance"), hello.parameter(parameter + "latency")});
        }
        for (const Json& actuator : settings["brakes"].list)
            brakes_.push_back(hello.output(actuator.text + ".brake.command"));
    }

    /// Reads the inputs, judges, writes the outputs.
    void activate(Activation& io) {
        auto& state = io.state;
        if (state[HAS_STARTED] == 0) state[HAS_STARTED] = 1, state[FEEDBACK_ARRIVED] = io.now_ns;
        const Input& feedback = io.inputs[feedback_];
        if (feedback.valid && (feedback.stamp_ns > state[FEEDBACK_STAMP] || state[FEEDBACK_COUNT] == 0)) {
            state[FEEDBACK_STAMP] = feedback.stamp_ns, state[FEEDBACK_ARRIVED] = io.now_ns;
            state[FEEDBACK_COUNT]++;
        }
        const double operating_state = io.inputs[operating_state_].values[0];  // DISABLED, ENABLED, PAUSED, FAULT
        const bool is_powered = operating_state == 1.0 || operating_state == 2.0;
        compare_sensors(io, is_powered);
        if (state[TRIP] == NONE) {
            const double silent_s = static_cast<double>(io.now_ns - state[FEEDBACK_ARRIVED]) / 1e9;
            find_tracking(io);
            state[TRIP] = judge(is_powered, {silent_s, io.parameters[watchdog_]}, tracking_, parting_);
        } else if (operating_state == 3.0) {  // the arm has answered; the trip stays until a client retries
            state[FAULT_SEEN] = 1;
        } else if (state[FAULT_SEEN] == 1) {
            state[TRIP] = NONE, state[FAULT_SEEN] = 0;
        }
        io.write(trip_, {static_cast<double>(state[TRIP])});
        const bool release = is_powered && state[TRIP] == NONE;  // a brake engages without power
        for (const std::size_t brake : brakes_) io.write(brake, {release ? 1.0 : 0.0});
    }

private:
    /// The joints, or the jaw.
    struct Group {
        std::size_t measured, setpoint;
        std::vector<std::size_t> allowed;
        void add(const Hello& hello, const std::string& joint) {
            allowed.push_back(hello.parameter("supervisor." + joint + ".tracking_error"));
        }
    };
    struct Sensors { std::size_t positions, tolerance, latency; };

    /// Joint states hold all positions first. What is not valid is not judged.
    void find_tracking(const Activation& io) {
        tracking_.clear();
        for (const Group& g : groups_) {
            const Input &measured = io.inputs[g.measured], &setpoint = io.inputs[g.setpoint];
            if (!measured.valid || !setpoint.valid) continue;
            for (std::size_t i = 0; i < g.allowed.size(); i++)
                tracking_.push_back({std::abs(setpoint.values[i] - measured.values[i]), io.parameters[g.allowed[i]]});
        }
    }

    /// Encoder and potentiometer of an actuator. A reading that is not valid leaves the duration as it is.
    void compare_sensors(Activation& io, bool is_powered) {
        parting_.clear();
        for (std::size_t i = 0; i < sensors_.size(); i++) {
            const Input& positions = io.inputs[sensors_[i].positions];
            std::uint64_t& lasted_ns = io.state[FIRST_COMPARED + i];
            if (!is_powered) {
                lasted_ns = 0;
            } else if (positions.valid) {
                const double apart = std::abs(positions.values[0] - positions.values[1]);
                lasted_ns = apart > io.parameters[sensors_[i].tolerance] ? lasted_ns + io.elapsed_ns : 0;
            }
            parting_.push_back({static_cast<double>(lasted_ns) / 1e9, io.parameters[sensors_[i].latency]});
        }
    }

    std::size_t operating_state_ = 0, feedback_ = 0, watchdog_ = 0, trip_ = 0;
    std::vector<Group> groups_;
    std::vector<Sensors> sensors_;
    std::vector<std::size_t> brakes_;
    std::vector<Compared> tracking_, parting_;
};

int main(int, char** arguments) { return serve<Controller>(arguments[0]); }
