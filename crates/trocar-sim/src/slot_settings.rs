//! What the built-in controller of a slot knows of the robot beside its parameters, told to who fills it from outside.
//! SI units and radians; documented for its users in `docs/controller-protocol.md`.

use serde_json::{Value, json};
use trocar_control::{
    ArmJoints, AssistanceConfig, AssistanceKind, ChainFrame, Geometry, Joint, JointKind, RemoteCentre,
    ServoDrive, SpasmConfig,
};
use trocar_scenario::RobotFile;

/// Of a joint servo: coupling and drives.
pub(crate) fn servo(robot: &RobotFile, joints: &ArmJoints, drives: &[ServoDrive]) -> Value {
    let drive = |drive: &ServoDrive| {
        json!({
            "actuator": drive.actuator,
            "effort_per_ampere": drive.effort_per_ampere,
            "current_limit_a": drive.current_limit_a,
            "has_brake": drive.has_brake,
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

/// Of a supervisor: what it watches, and which brakes it commands.
pub(crate) fn supervisor(robot: &RobotFile, joints: &ArmJoints) -> Value {
    let braked = robot.actuators.iter().filter(|actuator| actuator.brake.is_some());
    json!({
        "joints": joints.joints().iter().map(joint).collect::<Vec<_>>(),
        "jaw": joints.jaw().map(joint),
        "compared": robot.supervisor.potentiometers.iter().map(|c| &c.actuator).collect::<Vec<_>>(),
        "brakes": braked.map(|actuator| &actuator.name).collect::<Vec<_>>(),
        "spasms": robot.supervisor.spasms.iter().map(spasm).collect::<Vec<_>>(),
    })
}

/// Of a motion interface: joints with their limits, and the geometry that it believes in; without a tip there is no chain.
pub(crate) fn arm(geometry: &Geometry) -> Value {
    let (joints, kinematics) = (geometry.joints(), geometry.chain());
    let centre = |centre: &RemoteCentre| {
        json!({
            "point_in_base_m": centre.point_in_base_m.as_slice(),
            "minimum_distance_m": centre.minimum_distance_m,
        })
    };
    json!({
        "joints": joints.joints().iter().map(joint).collect::<Vec<_>>(),
        "jaw": joints.jaw().map(joint),
        "chain": kinematics.map(|kinematics| kinematics.chain().iter().map(frame).collect::<Vec<_>>()),
        "remote_centre": kinematics.and_then(|kinematics| kinematics.remote_centre()).map(centre),
    })
}

fn frame(frame: &ChainFrame) -> Value {
    let variable = frame.variable.as_ref();
    json!({
        "position_m": frame.placement.translation.vector.as_slice(),
        "rotation_xyzw": frame.placement.rotation.coords.as_slice(),
        "kind": variable.map(|variable| word(variable.kind)),
        "joints": variable.map_or(&[][..], |variable| &variable.row),
    })
}

/// Of an assistance: its strides.
pub(crate) fn assistance(config: &AssistanceConfig, joints: &[Joint]) -> Value {
    let stride = |joint: &Joint| {
        let of_joint = config.joints.iter().find(|one| one.joint == joint.name);
        of_joint.map(|one| one.stride.value.iter().map(|point| point.si).collect::<Vec<_>>())
    };
    json!({
        "joints": joints.iter().map(self::joint).collect::<Vec<_>>(),
        "jaw": null,
        "kinds": AssistanceKind::NAMES,
        "strides": joints.iter().map(stride).collect::<Vec<_>>(),
    })
}

fn spasm(config: &SpasmConfig) -> Value {
    json!({ "joint": config.joint, "by": config.by.word() })
}

fn joint(joint: &Joint) -> Value {
    json!({ "name": joint.name, "kind": word(joint.kind), "lower": joint.lower, "upper": joint.upper })
}

fn word(kind: JointKind) -> &'static str {
    match kind {
        JointKind::Revolute => "revolute",
        JointKind::Prismatic => "prismatic",
    }
}
