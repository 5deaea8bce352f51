// A ros2_control hardware component that is a slot of a robot in Trocar: the controllers of a controller_manager drive
// the simulated arm, in lock step, and a scenario gives its verdict on them. README.md says how it is set up.
//
// Each read() waits for Trocar's next step and puts it into the state interfaces; each write() answers with motor
// currents made of the command interfaces. Simulated time stands still between the two.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hardware_interface/system_interface.hpp"
#include "hardware_interface/types/hardware_interface_type_values.hpp"
#include "pluginlib/class_list_macros.hpp"
#include "rclcpp/rclcpp.hpp"
#include "rclcpp_lifecycle/state.hpp"

namespace trocar {

// ---- The protocol: nothing here knows what is controlled --------------------------------------------------
// Frames of 8 bytes of header and a body; JSON to begin with, then binary. It is described in Trocar's
// docs/controller-protocol.md. Names of signals and parameters are those of Trocar without the robot's name in front.

static_assert(sizeof(double) == 8 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the words below lie as in the frames");

enum Type : std::uint8_t { HELLO = 1, WELCOME = 2, STEP = 3, REPLY = 4, STOP = 5, FAILURE = 6 };
constexpr std::uint8_t VERSION = 1, JSON = 0, BINARY = 1;

inline double as_double(std::uint64_t word) {
    double value;
    std::memcpy(&value, &word, 8);
    return value;
}

inline std::uint64_t as_word(double value) {
    std::uint64_t word;
    std::memcpy(&word, &value, 8);
    return word;
}

/// A value of JSON.
struct Json {
    enum Kind { NOTHING, BOOLEAN, NUMBER, TEXT, LIST, OBJECT } kind = NOTHING;
    bool boolean = false;
    double number = 0.0;
    std::string text;
    std::vector<Json> list;           // of an object: the values
    std::vector<std::string> keys;    // of an object

    bool is_null() const { return kind == NOTHING; }
    const Json& operator[](const std::string& key) const {
        for (std::size_t i = 0; i < keys.size(); i++)
            if (keys[i] == key) return list[i];
        throw std::runtime_error("hello lacks \"" + key + "\"");
    }
};

/// Reads a text of JSON.
class JsonReader {
public:
    explicit JsonReader(const std::string& text) : at_(text.c_str()) {}

    Json value() {
        Json made;
        const char next = skip_space();
        if (next == '{' || next == '[') {
            made.kind = next == '{' ? Json::OBJECT : Json::LIST;
            const char end = next == '{' ? '}' : ']';
            at_++;
            while (skip_space() != end) {
                if (made.kind == Json::OBJECT) {
                    skip_space();
                    made.keys.push_back(string());
                    expect(':');
                }
                made.list.push_back(value());
                if (skip_space() != end) expect(',');
            }
            at_++;
        } else if (next == '"') {
            made.kind = Json::TEXT;
            made.text = string();
        } else if (word("true") || word("false")) {
            made.kind = Json::BOOLEAN;
            made.boolean = next == 't';
        } else if (!word("null")) {
            char* end = nullptr;
            made.kind = Json::NUMBER;
            made.number = std::strtod(at_, &end);
            if (end == at_) fail();
            at_ = end;
        }
        return made;
    }

private:
    [[noreturn]] void fail() const { throw std::runtime_error("no JSON: " + std::string(at_).substr(0, 20)); }
    char skip_space() {
        while (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t') at_++;
        return *at_;
    }
    void expect(char wanted) {
        if (skip_space() != wanted) fail();
        at_++;
    }
    bool word(const char* wanted) {
        const std::size_t size = std::strlen(wanted);
        if (std::strncmp(at_, wanted, size) != 0) return false;
        at_ += size;
        return true;
    }
    std::string string() {
        std::string made;
        for (expect('"'); *at_ != '"'; at_++) {
            if (*at_ == '\0') fail();
            if (*at_ != '\\') {
                made += *at_;
                continue;
            }
            at_++;
            static const char plain[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
            if (const char* found = *at_ ? std::strchr(plain, *at_) : nullptr) {
                made += meant[found - plain];
            } else if (*at_ == 'u' && std::strlen(at_) > 4) {
                const auto code = std::strtoul(std::string(at_ + 1, 4).c_str(), nullptr, 16);
                made += code < 128 ? static_cast<char>(code) : '?';  // names are ASCII
                at_ += 4;
            } else {
                fail();
            }
        }
        at_++;
        return made;
    }

    const char* at_;
};

inline std::string quoted(const std::string& text) {
    std::string made = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') made += '\\';
        made += static_cast<unsigned char>(c) < 32 ? ' ' : c;
    }
    return made + '"';
}

/// What the slot is: places of inputs, outputs and parameters by name.
struct Hello {
    Json json;

    std::size_t input(const std::string& name) const { return place("inputs", name, true); }
    std::size_t output(const std::string& name) const { return place("outputs", name, true); }
    std::size_t parameter(const std::string& name) const { return place("parameters", name, true); }
    void must_be(const std::string& kind) const {
        if (json["kind"].text == kind) return;
        throw std::runtime_error("this program is for a slot `" + kind + "`, which " + json["slot"].text + " is not");
    }
    bool has(const char* what, const std::string& name) const {
        return place(what, name, false) < json[what].list.size();
    }

private:
    std::size_t place(const char* what, const std::string& name, bool must) const {
        const std::string path = json["robot"].text + "." + name;
        const std::vector<Json>& list = json[what].list;
        std::size_t at = 0;
        while (at < list.size() && list[at]["path"].text != path) at++;
        if (must && at == list.size()) throw std::runtime_error("the slot has no " + path + " among its " + what);
        return at;
    }
};

/// A group that is read: values in SI units and radians, and what is said of them.
struct Input {
    std::uint64_t stamp_ns = 0, sequence = 0;
    bool valid = false, fresh = false;
    std::uint64_t inbox_bit = 0;
    std::vector<double> values;
};

/// A group that is written.
struct Output {
    bool written = false, valid = true;
    std::uint64_t stamp_ns = 0;
    std::vector<double> values;
};

/// What the controller is given at one instant, and what it answers.
struct Activation {
    std::uint64_t activation = 0, now_ns = 0, elapsed_ns = 0, digest = 0, taken = 0;
    std::vector<Input> inputs;
    std::vector<Output> outputs;
    std::vector<double> parameters;
    std::vector<std::uint64_t> state;

    Activation() = default;
    explicit Activation(const Json& hello) {
        std::uint64_t inbox_bit = 1;
        for (const Json& group : hello["inputs"].list) {
            Input made;
            made.values.resize(group["elements"].list.size());
            if (group["inbox"].boolean) {
                made.inbox_bit = inbox_bit;
                inbox_bit <<= 1;
            }
            inputs.push_back(made);
        }
        for (const Json& group : hello["outputs"].list) {
            Output made;
            made.values.resize(group["elements"].list.size());
            outputs.push_back(made);
        }
        parameters.resize(hello["parameters"].list.size());
        state.resize(hello["state"].list.size());
    }

    /// Takes a command out of an inbox: whether there was a new one. Its values are those of the input.
    bool take(std::size_t input) {
        const bool fresh = inputs[input].fresh;
        if (fresh) taken |= inputs[input].inbox_bit;
        inputs[input].fresh = false;
        return fresh;
    }
    /// Writes an output, stamped now.
    void write(std::size_t output, const std::vector<double>& values, bool valid = true) {
        write_at(output, values, valid, now_ns);
    }
    /// Writes an output whose values were taken at `stamp_ns`.
    void write_at(std::size_t output, const std::vector<double>& values, bool valid, std::uint64_t stamp_ns) {
        Output& made = outputs[output];
        if (values.size() != made.values.size()) throw std::runtime_error("an output has another number of values");
        made.written = true;
        made.valid = valid;
        made.stamp_ns = stamp_ns;
        std::copy(values.begin(), values.end(), made.values.begin());
    }

    void read_step(const std::string& body) {
        const char* at = body.data();
        const char* end = at + body.size();
        const auto next = [&] {
            std::uint64_t word;
            if (end - at < 8) throw std::runtime_error("a step is too short");
            std::memcpy(&word, at, 8);
            at += 8;
            return word;
        };
        activation = next(), now_ns = next(), elapsed_ns = next(), digest = next();
        for (Input& input : inputs) {
            input.stamp_ns = next(), input.sequence = next();
            const std::uint64_t flags = next();
            input.valid = flags & 1, input.fresh = flags & 2;
            for (double& value : input.values) value = as_double(next());
        }
        for (double& value : parameters) value = as_double(next());
        for (std::uint64_t& word : state) word = next();
        taken = 0;
        for (Output& output : outputs) output.written = false;
    }

    void write_reply(std::string& body) const {
        body.clear();
        const auto put = [&](std::uint64_t word) { body.append(reinterpret_cast<const char*>(&word), 8); };
        put(activation), put(now_ns), put(digest), put(taken);
        for (const Output& output : outputs) {
            put(output.written ? 1 | std::uint64_t{output.valid} << 1 : 0);
            put(output.stamp_ns);
            for (const double value : output.values) put(as_word(value));
        }
        for (const std::uint64_t word : state) put(word);
    }
};

/// A socket to `HOST:PORT`, or to the path of a Unix socket.
inline int connect_to(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    int made = -1;
    if (colon != std::string::npos && address.find('/') == std::string::npos) {
        addrinfo hints{}, *found = nullptr;
        hints.ai_socktype = SOCK_STREAM;
        if (getaddrinfo(address.substr(0, colon).c_str(), address.c_str() + colon + 1, &hints, &found) == 0) {
            made = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
            const int on = 1;
            const bool is_open = made >= 0 && connect(made, found->ai_addr, found->ai_addrlen) == 0;
            freeaddrinfo(found);
            if (is_open && setsockopt(made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0) return made;
        }
    } else {
        sockaddr_un there{};
        there.sun_family = AF_UNIX;
        if (address.size() < sizeof there.sun_path) std::memcpy(there.sun_path, address.c_str(), address.size());
        made = socket(AF_UNIX, SOCK_STREAM, 0);
        if (made >= 0 && connect(made, reinterpret_cast<sockaddr*>(&there), sizeof there) == 0) return made;
    }
    if (made >= 0) close(made);
    throw std::runtime_error("nobody answers at " + address);
}

inline void receive(int channel, char* to, std::size_t size) {
    while (size > 0) {
        const ssize_t got = read(channel, to, size);
        if (got <= 0) throw std::runtime_error("the simulator has gone");
        to += got;
        size -= static_cast<std::size_t>(got);
    }
}

inline void send_frame(int channel, Type type, std::uint8_t encoding, const std::string& body) {
    const auto size = static_cast<std::uint32_t>(body.size());
    std::string frame(reinterpret_cast<const char*>(&size), 4);
    frame += {static_cast<char>(VERSION), static_cast<char>(type), static_cast<char>(encoding), '\0'};
    frame += body;
    for (std::size_t sent = 0; sent < frame.size();) {
        const ssize_t put = send(channel, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
        if (put <= 0) throw std::runtime_error("the simulator has gone");
        sent += static_cast<std::size_t>(put);
    }
}

/// Speaks with Trocar until the run is over; gives the exit status.
template <typename Slot>
int serve(const std::string& name) {
    int channel = -1;
    try {
        const char* address = std::getenv("TROCAR_ADDRESS");
        channel = address == nullptr ? 0 : connect_to(address);  // without one, standard input is the socket
        std::vector<Slot> controller;  // none before hello
        Activation io;
        std::string body, answer;
        while (true) {
            char header[8];
            receive(channel, header, sizeof header);
            std::uint32_t size;
            std::memcpy(&size, header, 4);
            body.resize(size);
            receive(channel, &body[0], size);
            if (header[4] != VERSION) throw std::runtime_error("this program speaks version 1 of the protocol");
            if (header[5] == HELLO) {
                const Hello hello{JsonReader(body).value()};
                controller.assign(1, Slot(hello));
                io = Activation(hello.json);
                const char* token = std::getenv("TROCAR_TOKEN");
                const std::string and_token = token ? ", \"token\": " + quoted(token) : "";
                send_frame(channel, WELCOME, JSON,
                           "{\"protocol\": \"trocar-controller\", \"version\": 1, \"encoding\": \"binary\", "
                           "\"restorable\": true, \"name\": " + quoted(name) + and_token + "}");
            } else if (header[5] == STEP && !controller.empty()) {
                io.read_step(body);
                controller[0].activate(io);
                io.write_reply(answer);
                send_frame(channel, REPLY, BINARY, answer);
            } else if (header[5] == STOP) {
                return 0;
            } else {
                throw std::runtime_error("a frame of a type that was not expected");
            }
        }
    } catch (const std::exception& error) {  // Trocar names it in its verdict
        std::fprintf(stderr, "%s\n", error.what());
        try {
            if (channel >= 0) send_frame(channel, FAILURE, JSON, "{\"what\": " + quoted(error.what()) + "}");
        } catch (const std::exception&) {
        }
        return 1;
    }
}

// ---- The hardware component ---------------------------------------------------------------------------------

using hardware_interface::CallbackReturn;
using hardware_interface::return_type;

/// The slot `servo` of an arm as hardware: joints with effort (or position) commands.
class TrocarSystem : public hardware_interface::SystemInterface {
public:
    ~TrocarSystem() override { hang_up(); }

    /// Reads the parameters `address` and `connect_within` (s), and which interfaces the joints are to have.
    CallbackReturn on_init(const hardware_interface::HardwareInfo& info) override {
        const CallbackReturn known = hardware_interface::SystemInterface::on_init(info);
        if (known != CallbackReturn::SUCCESS) return known;
        const auto parameter = [&](const char* name, const char* otherwise) {
            const auto found = info_.hardware_parameters.find(name);
            return found == info_.hardware_parameters.end() ? std::string(otherwise) : found->second;
        };
        address_ = parameter("address", "127.0.0.1:7447");
        connect_within_s_ = std::atof(parameter("connect_within", "30").c_str());
        axes_.clear();
        for (const auto& joint : info_.joints) {
            Axis axis;
            axis.name = joint.name;
            for (const auto& command : joint.command_interfaces) {
                const bool is_position = command.name == hardware_interface::HW_IF_POSITION;
                if (!is_position && command.name != hardware_interface::HW_IF_EFFORT)
                    return fail(joint.name + " takes effort or position commands, not " + command.name);
                (is_position ? axis.has_position : axis.has_effort) = true;
            }
            if (axis.has_position == axis.has_effort)
                return fail(joint.name + " needs one command interface: effort or position");
            axes_.push_back(axis);
        }
        return CallbackReturn::SUCCESS;
    }

    /// Connects to Trocar, which waits for it.
    CallbackReturn on_configure(const rclcpp_lifecycle::State&) override {
        try {
            hang_up();
            connect_to_trocar();
            return CallbackReturn::SUCCESS;
        } catch (const std::exception& error) {
            hang_up();
            return fail(error.what());
        }
    }

    CallbackReturn on_activate(const rclcpp_lifecycle::State&) override {
        is_active_ = true;
        return CallbackReturn::SUCCESS;
    }

    /// Inactive it goes on answering, with no effort.
    CallbackReturn on_deactivate(const rclcpp_lifecycle::State&) override {
        is_active_ = false;
        return CallbackReturn::SUCCESS;
    }

    CallbackReturn on_cleanup(const rclcpp_lifecycle::State&) override {
        hang_up();
        return CallbackReturn::SUCCESS;
    }

    /// Beside position, velocity and effort the setpoint that the arm's motion interface wants followed.
    std::vector<hardware_interface::StateInterface> export_state_interfaces() override {
        std::vector<hardware_interface::StateInterface> made;
        for (Axis& axis : axes_) {
            made.emplace_back(axis.name, hardware_interface::HW_IF_POSITION, &axis.position);
            made.emplace_back(axis.name, hardware_interface::HW_IF_VELOCITY, &axis.velocity);
            made.emplace_back(axis.name, hardware_interface::HW_IF_EFFORT, &axis.effort);
            made.emplace_back(axis.name, "setpoint_position", &axis.setpoint_position);
            made.emplace_back(axis.name, "setpoint_velocity", &axis.setpoint_velocity);
        }
        return made;
    }

    std::vector<hardware_interface::CommandInterface> export_command_interfaces() override {
        std::vector<hardware_interface::CommandInterface> made;
        for (Axis& axis : axes_) {
            const char* kind =
                axis.has_position ? hardware_interface::HW_IF_POSITION : hardware_interface::HW_IF_EFFORT;
            made.emplace_back(axis.name, kind, &axis.command);
        }
        return made;
    }

    /// Waits for Trocar's next step. An ERROR when the run is over.
    return_type read(const rclcpp::Time&, const rclcpp::Duration&) override {
        if (channel_ < 0) return return_type::ERROR;
        if (has_step_) return return_type::OK;  // not answered yet
        try {
            std::string body;
            const Type type = receive_frame(body);
            if (type == STOP) {
                RCLCPP_INFO(logger(), "the run is over: %s", body.c_str());
                hang_up();
                return return_type::ERROR;
            }
            if (type != STEP) throw std::runtime_error("a frame of a type that was not expected");
            io_.read_step(body);
            has_step_ = true;
            for (Axis& axis : axes_) axis.read(io_);
            return return_type::OK;
        } catch (const std::exception& error) {
            return lose(error.what());
        }
    }

    /// Answers the step with the currents that give the commanded efforts.
    return_type write(const rclcpp::Time&, const rclcpp::Duration&) override {
        if (channel_ < 0) return return_type::ERROR;
        if (!has_step_) return return_type::OK;
        try {
            const double state = io_.inputs[operating_state_].values[0];  // DISABLED, ENABLED, PAUSED, FAULT
            const bool is_powered = state == 1.0 || state == 2.0;
            const bool is_valid = std::all_of(axes_.begin(), axes_.end(), [](const Axis& a) { return a.is_valid; });
            std::vector<double> efforts(joint_count_, 0.0);
            for (const Axis& axis : axes_) efforts[axis.place] = is_active_ ? axis.wanted_effort(io_) : 0.0;
            for (std::size_t a = 0; a < drives_.size(); a++) {
                // Without a measurement the last currents stand, until a supervisor takes motor power away.
                double current_a = is_powered ? as_double(io_.state[a]) : 0.0;
                if (is_powered && is_valid) current_a = drives_[a].current(efforts);
                io_.state[a] = as_word(current_a);
                io_.write(drives_[a].command, {current_a});
            }
            std::string answer;
            io_.write_reply(answer);
            send_frame(channel_, REPLY, BINARY, answer);
            has_step_ = false;
            return return_type::OK;
        } catch (const std::exception& error) {
            return lose(error.what());
        }
    }

private:
    /// A joint, or the jaw.
    struct Axis {
        std::string name;
        bool has_position = false, has_effort = false, is_valid = false;
        std::size_t place = 0;                                         // among the rows of the coupling
        std::size_t measured = 0, setpoint = 0, first = 0, count = 0;  // its groups, and where it stands in them
        std::size_t p = 0, d = 0;                                      // its gains among the parameters
        double position = 0.0, velocity = 0.0, effort = 0.0, setpoint_position = 0.0, setpoint_velocity = 0.0;
        double command = std::numeric_limits<double>::quiet_NaN();

        /// A joint state holds all positions, then all velocities, then all efforts.
        void read(const Activation& io) {
            const Input &now = io.inputs[measured], &wanted = io.inputs[setpoint];
            is_valid = now.valid && wanted.valid;
            if (now.valid) {
                position = now.values[first];
                velocity = now.values[count + first];
                effort = now.values[2 * count + first];
            }
            if (wanted.valid) {
                setpoint_position = wanted.values[first];
                setpoint_velocity = wanted.values[count + first];
            }
        }

        /// None while no controller writes; of a position command that of a servo with the slot's own gains.
        double wanted_effort(const Activation& io) const {
            if (std::isnan(command)) return 0.0;
            if (has_effort) return command;
            return io.parameters[p] * (command - position) + io.parameters[d] * (0.0 - velocity);
        }
    };

    struct Drive {
        std::size_t command = 0;
        double limit_a = 0.0;
        std::vector<double> ampere_per_effort;

        double current(const std::vector<double>& efforts) const {
            double current_a = 0.0;
            for (std::size_t j = 0; j < efforts.size(); j++) current_a += ampere_per_effort[j] * efforts[j];
            return std::min(std::max(current_a, -limit_a), limit_a);
        }
    };

    static rclcpp::Logger logger() { return rclcpp::get_logger("trocar"); }

    CallbackReturn fail(const std::string& what) {
        RCLCPP_ERROR(logger(), "%s", what.c_str());
        return CallbackReturn::ERROR;
    }

    return_type lose(const std::string& what) {
        hang_up();
        RCLCPP_ERROR(logger(), "%s", what.c_str());
        return return_type::ERROR;
    }

    void hang_up() {
        if (channel_ >= 0) close(channel_);
        channel_ = -1;
        has_step_ = false;
    }

    Type receive_frame(std::string& body) {
        char header[8];
        receive(channel_, header, sizeof header);
        std::uint32_t size;
        std::memcpy(&size, header, 4);
        body.resize(size);
        receive(channel_, &body[0], size);
        if (header[4] != VERSION) throw std::runtime_error("this component speaks version 1 of the protocol");
        return static_cast<Type>(header[5]);
    }

    void connect_to_trocar() {
        const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(connect_within_s_);
        while (channel_ < 0) {
            try {
                channel_ = connect_to(address_);
            } catch (const std::exception&) {  // Trocar has not come so far yet
                if (std::chrono::steady_clock::now() > until) throw;
                std::this_thread::sleep_for(std::chrono::milliseconds(20));
            }
        }
        std::string body;
        if (receive_frame(body) != HELLO) throw std::runtime_error("Trocar did not say hello");
        const Hello hello{JsonReader(body).value()};
        fit(hello);
        io_ = Activation(hello.json);
        // Controllers remember what Trocar cannot save: a run cannot be forked through them.
        const char* token = std::getenv("TROCAR_TOKEN");
        send_frame(channel_, WELCOME, JSON,
                   "{\"protocol\": \"trocar-controller\", \"version\": 1, \"encoding\": \"binary\", "
                   "\"restorable\": false, \"name\": \"ros2_control\"" +
                       (token ? ", \"token\": " + quoted(token) : std::string()) + "}");
    }

    /// Finds the joints in the slot, and what drives them.
    void fit(const Hello& hello) {
        hello.must_be("servo");
        const Json& settings = hello.json["settings"];
        operating_state_ = hello.input("operating_state");
        std::vector<std::string> names;
        for (const Json& joint : settings["joints"].list) names.push_back(joint["name"].text);
        const std::size_t arm_joints = names.size();
        if (!settings["jaw"].is_null()) names.push_back(settings["jaw"]["name"].text);
        joint_count_ = names.size();
        for (Axis& axis : axes_) {
            axis.place = static_cast<std::size_t>(std::find(names.begin(), names.end(), axis.name) - names.begin());
            if (axis.place == joint_count_) throw std::runtime_error("the robot has no joint " + axis.name);
            const bool is_jaw = axis.place == arm_joints;
            axis.measured = hello.input(is_jaw ? "jaw.measured_js" : "measured_js");
            axis.setpoint = hello.input(is_jaw ? "jaw.setpoint_js" : "setpoint_js");
            axis.first = is_jaw ? 0 : axis.place;
            axis.count = is_jaw ? 1 : arm_joints;
            axis.p = hello.parameter("servo." + axis.name + ".p");
            axis.d = hello.parameter("servo." + axis.name + ".d");
        }
        drives_.clear();
        for (const Json& given : settings["drives"].list) {
            Drive drive;
            drive.command = hello.output(given["actuator"].text + ".current_command");
            drive.limit_a = given["current_limit_a"].number;
            // Power is equal on both sides of the coupling: its transpose takes joints' efforts to actuators'.
            for (const Json& row : settings["joint_from_actuator"].list)
                drive.ampere_per_effort.push_back(row.list[drives_.size()].number / given["effort_per_ampere"].number);
            drives_.push_back(drive);
        }
    }

    std::string address_;
    double connect_within_s_ = 0.0;
    int channel_ = -1;
    bool is_active_ = false, has_step_ = false;
    std::size_t operating_state_ = 0, joint_count_ = 0;
    std::vector<Axis> axes_;
    std::vector<Drive> drives_;
    Activation io_;
};

}  // namespace trocar

PLUGINLIB_EXPORT_CLASS(trocar::TrocarSystem, hardware_interface::SystemInterface)
