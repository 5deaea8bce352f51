//! The controller's kinematics against the plant's: two formulations of one arm, a chain of poses here, a tree of axes
//! with shared sines there.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use nalgebra::Isometry3;
use proptest::prelude::*;
use std::f64::consts::{FRAC_PI_2, PI};
use trocar_control::kinematics::rotation_between;
use trocar_control::{ArmJoints, ArmKinematics, ChainFrame, ChainVariable, Joint, JointKind};
use trocar_dynamics::{JacobianColumn, sample};

/// The PSM through its parallelogram, from the frames that carry the tip: yaw, pitch, back, front, bottom, insertion,
/// roll, wrist. The base is 0.516 m from the remote centre, as in the identified model.
fn through_the_parallelogram() -> ArmKinematics {
    let turns = |joint, factor| Some(ChainVariable { kind: JointKind::Revolute, row: vec![(joint, factor)] });
    let slides = |joint| Some(ChainVariable { kind: JointKind::Prismatic, row: vec![(joint, 1.0)] });
    let dh = ChainFrame::modified_dh;
    let chain = vec![
        dh(0.0, FRAC_PI_2, 0.516, FRAC_PI_2, turns(0, 1.0)),
        dh(0.0, -FRAC_PI_2, 0.0, -FRAC_PI_2, turns(1, 1.0)),
        dh(0.04009, 0.0, 0.0, FRAC_PI_2, None),
        dh(0.14454, 0.0, 0.0, FRAC_PI_2, turns(1, -1.0)),
        dh(0.516, 0.0, 0.0, 0.0, turns(1, 1.0)),
        dh(0.04009, -FRAC_PI_2, 0.14454 - 0.4318, 0.0, slides(2)),
        dh(0.0, 0.0, 0.4162, PI, turns(3, 1.0)),
        dh(0.0, -FRAC_PI_2, 0.0, -FRAC_PI_2, turns(4, 1.0)),
        dh(0.0091, -FRAC_PI_2, 0.0, -FRAC_PI_2, turns(5, 1.0)),
        ChainFrame::fixed(Isometry3::translation(0.0, 0.0102, 0.0)),
    ];
    let joints = vec![
        Joint::revolute("yaw", -1.588, 1.588),
        Joint::revolute("pitch", -0.925, 0.925),
        Joint::prismatic("insertion", 0.0, 0.24),
        Joint::revolute("roll", -4.5, 4.5),
        Joint::revolute("wrist_pitch", -1.396, 1.396),
        Joint::revolute("wrist_yaw", -1.396, 1.396),
    ];
    ArmKinematics::new(ArmJoints::new(joints, None).unwrap(), chain, None).unwrap()
}

proptest! {
    /// Both multiply about ten rotations: rounding of 1e-15 m and rad.
    #[test]
    fn pose_and_jacobian_agree(q in prop::array::uniform6(-1.0f64..1.0)) {
        let q = [q[0], 0.9 * q[1], 0.12 + 0.1 * q[2], 4.0 * q[3], q[4], q[5]];
        let mechanism = sample::psm_classic().unwrap();
        let mut workspace = mechanism.workspace();
        mechanism.kinematics(&[q[0], q[1], q[2], q[3], q[4], q[5], 0.0], &[0.0; 7], &mut workspace).unwrap();
        let (tip, jacobian) = through_the_parallelogram().forward_with_jacobian(&q);

        let jaw_tip = mechanism.frame("jaw_tip").unwrap();
        let wrist_yaw = mechanism.frame("wrist_yaw").unwrap();
        let expected = mechanism.base_from_frame(&workspace, jaw_tip).translation.vector;
        prop_assert!((tip.translation.vector - expected).norm() < 3e-15, "{} {}", tip, expected);
        let turn = mechanism.base_from_frame(&workspace, wrist_yaw).rotation;
        prop_assert!(rotation_between(&tip.rotation, &turn).norm() < 6e-15);

        let mut columns = [JacobianColumn::default(); 7];
        mechanism.jacobian(&workspace, jaw_tip, &nalgebra::Vector3::zeros(), &mut columns).unwrap();
        for (own, theirs) in jacobian.iter().zip(&columns).take(6) {
            for axis in 0..3 {
                prop_assert!((own[axis] - theirs.linear[axis]).abs() < 3e-15);
                prop_assert!((own[axis + 3] - theirs.angular[axis]).abs() < 3e-15);
            }
        }
    }
}
