// Plays ros2_control's controller_manager: loads the plugin, takes it through its life cycle, and runs an effort
// controller between read() and write(). Arguments: the address, then JOINT:P:D of each joint, gains in SI units.

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "hardware_interface/system_interface.hpp"

std::unique_ptr<hardware_interface::SystemInterface> make_plugin();

namespace {

using hardware_interface::CallbackReturn;
using hardware_interface::return_type;

struct Joint {
    std::string name;
    double p, d;
};

/// The arguments JOINT:P:D.
std::vector<Joint> joints_of(int count, char** arguments) {
    std::vector<Joint> joints;
    for (int i = 2; i < count; i++) {
        const std::string text = arguments[i];
        const std::size_t first = text.find(':'), second = text.find(':', first + 1);
        joints.push_back({text.substr(0, first), std::atof(text.c_str() + first + 1), std::atof(text.c_str() + second + 1)});
    }
    return joints;
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    const std::vector<Joint> joints = joints_of(count, arguments);
    hardware_interface::HardwareInfo info;
    info.name = "arm";
    info.hardware_parameters["address"] = arguments[1];
    for (const Joint& joint : joints) info.joints.push_back({joint.name, {{"effort"}}, {{"position"}, {"velocity"}}});

    const auto system = make_plugin();
    const rclcpp_lifecycle::State state;
    if (system->on_init(info) != CallbackReturn::SUCCESS) return 3;
    auto states = system->export_state_interfaces();
    auto commands = system->export_command_interfaces();
    std::map<std::string, hardware_interface::StateInterface*> state_of;
    for (auto& interface : states) state_of[interface.get_name()] = &interface;
    std::map<std::string, hardware_interface::CommandInterface*> command_of;
    for (auto& interface : commands) command_of[interface.get_name()] = &interface;
    if (system->on_configure(state) != CallbackReturn::SUCCESS) return 4;
    if (system->on_activate(state) != CallbackReturn::SUCCESS) return 5;

    long steps = 0;
    while (system->read({}, {}) == return_type::OK) {
        for (const Joint& joint : joints) {
            const auto value = [&](const char* which) { return state_of.at(joint.name + "/" + which)->get_value(); };
            const double error = value("setpoint_position") - value("position");
            command_of.at(joint.name + "/effort")->set_value(joint.p * error + joint.d * (0.0 - value("velocity")));
        }
        if (system->write({}, {}) != return_type::OK) return 6;
        steps++;
    }
    std::printf("%ld steps\n", steps);
    return steps > 0 ? 0 : 7;
}
