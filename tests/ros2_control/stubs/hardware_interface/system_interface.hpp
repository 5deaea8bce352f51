// What trocar_system.cpp uses of ros2_control's hardware_interface, with the signatures that it has from ROS 2 Humble to
// Jazzy: https://control.ros.org/humble/doc/api/classhardware__interface_1_1SystemInterface.html
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "rclcpp/rclcpp.hpp"
#include "rclcpp_lifecycle/state.hpp"

namespace hardware_interface {

enum class CallbackReturn { SUCCESS, FAILURE, ERROR };
enum class return_type { OK, ERROR };

struct InterfaceInfo {
    std::string name;
};

struct ComponentInfo {
    std::string name;
    std::vector<InterfaceInfo> command_interfaces, state_interfaces;
};

struct HardwareInfo {
    std::string name;
    std::unordered_map<std::string, std::string> hardware_parameters;
    std::vector<ComponentInfo> joints;
};

class Handle {
public:
    Handle(const std::string& prefix, const std::string& interface, double* value)
        : name_(prefix + "/" + interface), value_(value) {}
    const std::string& get_name() const { return name_; }
    double get_value() const { return *value_; }
    void set_value(double value) { *value_ = value; }

private:
    std::string name_;
    double* value_;
};

class StateInterface : public Handle {
public:
    using Handle::Handle;
};

class CommandInterface : public Handle {
public:
    using Handle::Handle;
    CommandInterface(const CommandInterface&) = delete;
    CommandInterface(CommandInterface&&) = default;
};

class SystemInterface {
public:
    SystemInterface() = default;
    SystemInterface(const SystemInterface&) = delete;
    virtual ~SystemInterface() = default;

    virtual CallbackReturn on_init(const HardwareInfo& hardware_info) {
        info_ = hardware_info;
        return CallbackReturn::SUCCESS;
    }
    virtual CallbackReturn on_configure(const rclcpp_lifecycle::State&) { return CallbackReturn::SUCCESS; }
    virtual CallbackReturn on_activate(const rclcpp_lifecycle::State&) { return CallbackReturn::SUCCESS; }
    virtual CallbackReturn on_deactivate(const rclcpp_lifecycle::State&) { return CallbackReturn::SUCCESS; }
    virtual CallbackReturn on_cleanup(const rclcpp_lifecycle::State&) { return CallbackReturn::SUCCESS; }
    virtual std::vector<StateInterface> export_state_interfaces() = 0;
    virtual std::vector<CommandInterface> export_command_interfaces() = 0;
    virtual return_type read(const rclcpp::Time& time, const rclcpp::Duration& period) = 0;
    virtual return_type write(const rclcpp::Time& time, const rclcpp::Duration& period) = 0;

protected:
    HardwareInfo info_;
};

}  // namespace hardware_interface
