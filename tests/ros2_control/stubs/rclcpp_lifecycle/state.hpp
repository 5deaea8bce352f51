// What trocar_system.cpp uses of ROS 2's rclcpp_lifecycle.
#pragma once

namespace rclcpp_lifecycle {

class State {};

}  // namespace rclcpp_lifecycle
