// What trocar_system.cpp uses of ROS 2's rclcpp: signatures only, so that it compiles where ROS is not installed.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace rclcpp {

class Time {};
class Duration {};

class Logger {};
inline Logger get_logger(const std::string&) { return {}; }

}  // namespace rclcpp

#define RCLCPP_INFO(logger, ...) (static_cast<void>(logger), std::fprintf(stderr, __VA_ARGS__), std::fputc('\n', stderr))
#define RCLCPP_ERROR(logger, ...) RCLCPP_INFO(logger, __VA_ARGS__)
