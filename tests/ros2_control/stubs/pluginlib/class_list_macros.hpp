// What trocar_system.cpp uses of ROS 2's pluginlib: here the plugin is made by a function instead of a loader.
#pragma once

#include <memory>

#define PLUGINLIB_EXPORT_CLASS(class_type, base_class_type) \
    std::unique_ptr<base_class_type> make_plugin() { return std::make_unique<class_type>(); }
