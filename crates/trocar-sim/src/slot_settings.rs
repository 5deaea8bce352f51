//! What the built-in controller of a slot knows of the robot beside its parameters, told to who fills it from outside.
//! SI units and radians; documented for its users in `docs/controller-protocol.md`.

use serde_json::{Value, json};
use trocar_control::{ArmJoints, Joint, JointKind, ServoDrive};
use trocar_scenario::RobotFile;

/// Of a joint servo: coupling and drives.
pub(crate) fn servo(robot: &RobotFile, joints: &ArmJoints, drives: &[ServoDrive]) -> Value {
    let drive = |drive: &ServoDrive| {
        json!({
            "actuator": drive.actuator,
            "effort_per_ampere": drive.effort_per_ampere,
            "current_limit_a": drive.current_limit_a,
        })
    };
    json!({
        "use_setpoint_velocity": robot.servo.use_setpoint_velocity,
        "joints": joints.joints().iter().map(joint).collect::<Vec<_>>(),
        "jaw": joints.jaw().map(joint),
        "drives": drives.iter().map(drive).collect::<Vec<_>>(),
        "joint_from_actuator": robot.coupling().joint_from_actuator.value,
    })
}

fn joint(joint: &Joint) -> Value {
    let kind = match joint.kind {
        JointKind::Revolute => "revolute",
        JointKind::Prismatic => "prismatic",
    };
    json!({ "name": joint.name, "kind": kind })
}
