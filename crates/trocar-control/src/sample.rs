//! The da Vinci Research Kit's Patient Side Manipulator, for tests: joints, limits and modified Denavit–Hartenberg
//! table of `PSM.json` and `LARGE_NEEDLE_DRIVER_400006.json` (sawIntuitiveResearchKit).

use crate::joint::{ArmJoints, Joint, JointKind};
use crate::kinematics::{ArmKinematics, ChainFrame, ChainVariable, RemoteCentre};
use nalgebra::{Isometry3, Vector3};
use std::f64::consts::FRAC_PI_2;

/// From the insertion frame to the wrist along the shaft.
pub const SHAFT_M: f64 = 0.4162;
/// From the wrist's yaw axis to the tool tip (dvrkCalibration, `dvrkKinematics.py`).
pub const TIP_M: f64 = 0.0102;

pub fn psm_joints() -> ArmJoints {
    let degrees = |name: &str, limit: f64| {
        let limit_rad = limit * std::f64::consts::PI / 180.0;
        Joint::revolute(name, -limit_rad, limit_rad)
    };
    let joints = vec![
        degrees("yaw", 91.0),
        degrees("pitch", 53.0),
        Joint::prismatic("insertion", 0.0, 0.24),
        degrees("roll", 260.0),
        degrees("wrist_pitch", 80.0),
        degrees("wrist_yaw", 80.0),
    ];
    ArmJoints::new(joints, Some(Joint::revolute("jaw", -0.698_132, 1.396_26))).unwrap()
}

pub fn psm() -> ArmKinematics {
    let turn = |joint| Some(ChainVariable { kind: JointKind::Revolute, row: vec![(joint, 1.0)] });
    let slide = |joint| Some(ChainVariable { kind: JointKind::Prismatic, row: vec![(joint, 1.0)] });
    let chain = vec![
        ChainFrame::modified_dh(0.0, FRAC_PI_2, 0.0, FRAC_PI_2, turn(0)),
        ChainFrame::modified_dh(0.0, -FRAC_PI_2, 0.0, -FRAC_PI_2, turn(1)),
        ChainFrame::modified_dh(0.0, FRAC_PI_2, -0.4318, 0.0, slide(2)),
        ChainFrame::modified_dh(0.0, 0.0, SHAFT_M, 0.0, turn(3)),
        ChainFrame::modified_dh(0.0, -FRAC_PI_2, 0.0, -FRAC_PI_2, turn(4)),
        ChainFrame::modified_dh(0.0091, -FRAC_PI_2, 0.0, -FRAC_PI_2, turn(5)),
        // At rest the yaw frame's y axis points along the shaft, as dVRK's `tooltip_offset` says.
        ChainFrame::fixed(Isometry3::translation(0.0, TIP_M, 0.0)),
    ];
    let centre = RemoteCentre { point_in_base_m: Vector3::zeros(), minimum_distance_m: 1e-3 };
    ArmKinematics::new(psm_joints(), chain, Some(centre)).unwrap()
}
