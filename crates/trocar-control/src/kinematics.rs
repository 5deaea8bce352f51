//! Kinematics of an arm: where the tool tip is and how it moves with the joints.
//!
//! The model is a chain of frames from the arm's base to the tip, each placed in the one before it and moved about or
//! along its own z axis by a constant linear combination of joints, so that parallelograms need no closed loop. It is
//! the controller's own belief: the plant may be built from other numbers.
//!
//! Orientation errors are rotation vectors in base axes, rad. The way back, [`ArmKinematics::inverse`], is in the
//! module `inverse`.

use crate::joint::{ArmJoints, JointKind, MAX_JOINTS};
use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion, Vector3};
use trocar_math::sin_cos;
use trocar_signal::Problem;

/// The most frames between base and tip.
pub const MAX_CHAIN: usize = 32;

/// What moves a frame of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainVariable {
    /// Turns about the frame's z axis, or slides along it.
    pub kind: JointKind,
    /// Place of a joint in [`ArmJoints::axes`], and its coefficient; the variable is the sum over the row.
    pub row: Vec<(usize, f64)>,
}

/// One frame of the chain.
#[derive(Clone, Debug, PartialEq)]
pub struct ChainFrame {
    /// Its pose in the frame before it where its variable is zero.
    pub placement: Isometry3<f64>,
    /// What moves it; `None`: fixed.
    pub variable: Option<ChainVariable>,
}

impl ChainFrame {
    /// A frame by modified Denavit–Hartenberg parameters, previous · Rx(α) Tx(a) Rz(θ) Tz(d), where the variable adds
    /// to θ or to d.
    #[must_use]
    pub fn modified_dh(
        a_m: f64,
        alpha_rad: f64,
        d_m: f64,
        theta_rad: f64,
        variable: Option<ChainVariable>,
    ) -> ChainFrame {
        let rotation = about_x(alpha_rad);
        let offset = Vector3::new(a_m, 0.0, 0.0) + rotation * Vector3::new(0.0, 0.0, d_m);
        let placement = Isometry3::from_parts(Translation3::from(offset), rotation * about_z(theta_rad));
        ChainFrame { placement, variable }
    }

    /// A frame fixed in the one before it.
    #[must_use]
    pub fn fixed(placement: Isometry3<f64>) -> ChainFrame {
        ChainFrame { placement, variable: None }
    }
}

/// The point through which an instrument's shaft always passes, and how near to it a goal may lie.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RemoteCentre {
    /// Where it is in the arm's base, m.
    pub point_in_base_m: Vector3<f64>,
    /// A tip goal nearer than this is refused, m.
    pub minimum_distance_m: f64,
}

/// How the tip moves with each joint: per joint the linear (m per rad or m) and the angular (rad per rad or m) part, in
/// base axes, at the tip.
pub type Jacobian = [[f64; 6]; MAX_JOINTS];

/// The kinematics of one arm.
#[derive(Clone, Debug)]
pub struct ArmKinematics {
    joints: ArmJoints,
    chain: Vec<ChainFrame>,
    remote_centre: Option<RemoteCentre>,
}

impl ArmKinematics {
    /// From the joints and the chain of frames from base to tip; the last frame is the tip.
    ///
    /// # Errors
    /// A chain that is empty, too long, not finite, moved by the jaw or by a joint that does not exist, or that some
    /// joint does not move; a remote centre that is not finite. Keys: `chain[i]`, `joints[i]`, `remote_centre`.
    pub fn new(
        joints: ArmJoints,
        chain: Vec<ChainFrame>,
        remote_centre: Option<RemoteCentre>,
    ) -> Result<ArmKinematics, Vec<Problem>> {
        let mut problems = Vec::new();
        if chain.is_empty() || chain.len() > MAX_CHAIN {
            let what =
                format!("from base to tip there are 1 to {MAX_CHAIN} frames; these are {}", chain.len());
            problems.push(Problem::new("chain", what));
        }
        let count = joints.joints().len();
        for (i, frame) in chain.iter().enumerate() {
            let row = frame.variable.as_ref().map_or(&[][..], |variable| &variable.row);
            if row.iter().any(|(joint, _)| *joint >= count) {
                let what =
                    "the tip may move with the arm's joints alone, neither with the jaw nor with another";
                problems.push(Problem::new(format!("chain[{i}]"), what));
            }
            let numbers =
                frame.placement.translation.vector.iter().chain(frame.placement.rotation.coords.iter());
            if !numbers.chain(row.iter().map(|(_, factor)| factor)).all(|value| value.is_finite()) {
                problems.push(Problem::new(format!("chain[{i}]"), "a number of this frame is not finite"));
            }
        }
        for (place, joint) in joints.joints().iter().enumerate() {
            let moves = |frame: &ChainFrame| {
                frame.variable.iter().flat_map(|v| &v.row).any(|(j, factor)| *j == place && *factor != 0.0)
            };
            if !chain.iter().any(moves) {
                let what = format!(
                    "joint `{}` does not move the tip; a robot whose joints branch, as two legs do, has no `tip`",
                    joint.name
                );
                problems.push(Problem::new(format!("joints[{place}]"), what));
            }
        }
        if let Some(centre) = &remote_centre
            && !(centre.point_in_base_m.iter().all(|c| c.is_finite())
                && centre.minimum_distance_m.is_finite()
                && centre.minimum_distance_m >= 0.0)
        {
            problems.push(Problem::new(
                "remote_centre",
                "must be a finite point and a distance that is not negative",
            ));
        }
        if problems.is_empty() { Ok(ArmKinematics { joints, chain, remote_centre }) } else { Err(problems) }
    }

    /// The arm's joints and jaw.
    #[must_use]
    pub fn joints(&self) -> &ArmJoints {
        &self.joints
    }

    /// The remote centre, if the arm has one.
    #[must_use]
    pub fn remote_centre(&self) -> Option<&RemoteCentre> {
        self.remote_centre.as_ref()
    }

    /// The chain from base to tip.
    #[must_use]
    pub fn chain(&self) -> &[ChainFrame] {
        &self.chain
    }

    /// Pose of the tip in the arm's base at joint positions `q` (rad or m, one per joint; missing ones count as zero).
    #[must_use]
    pub fn forward(&self, q: &[f64]) -> Isometry3<f64> {
        self.chain.iter().fold(Isometry3::identity(), |base_from_frame, frame| {
            moved(&(base_from_frame * frame.placement), frame, variable(frame, q))
        })
    }

    /// Pose of the tip in the arm's base, and the geometric Jacobian there. Columns beyond the joints are zero.
    #[must_use]
    pub fn forward_with_jacobian(&self, q: &[f64]) -> (Isometry3<f64>, Jacobian) {
        let mut base_from_frame = Isometry3::identity();
        let mut axes = [(Vector3::zeros(), Vector3::zeros()); MAX_CHAIN];
        for (frame, axis) in self.chain.iter().zip(&mut axes) {
            base_from_frame = moved(&(base_from_frame * frame.placement), frame, variable(frame, q));
            *axis = (base_from_frame.translation.vector, base_from_frame.rotation * Vector3::z());
        }
        let tip = base_from_frame.translation.vector;
        let mut jacobian = [[0.0; 6]; MAX_JOINTS];
        for (frame, (origin, z)) in self.chain.iter().zip(&axes) {
            let Some(variable) = &frame.variable else { continue };
            let (linear, angular) = match variable.kind {
                JointKind::Revolute => (z.cross(&(tip - origin)), *z),
                JointKind::Prismatic => (*z, Vector3::zeros()),
            };
            let twist = [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z];
            for (joint, factor) in &variable.row {
                for (sum, part) in jacobian[*joint].iter_mut().zip(twist) {
                    *sum += factor * part;
                }
            }
        }
        (base_from_frame, jacobian)
    }
}

fn variable(frame: &ChainFrame, q: &[f64]) -> f64 {
    let row = frame.variable.as_ref().map_or(&[][..], |variable| &variable.row);
    row.iter().map(|(joint, factor)| factor * q.get(*joint).copied().unwrap_or(0.0)).sum()
}

fn moved(placed: &Isometry3<f64>, frame: &ChainFrame, value: f64) -> Isometry3<f64> {
    match frame.variable.as_ref().map(|variable| variable.kind) {
        None => *placed,
        Some(JointKind::Revolute) => {
            Isometry3::from_parts(placed.translation, placed.rotation * about_z(value))
        }
        Some(JointKind::Prismatic) => {
            let along = placed.rotation * Vector3::new(0.0, 0.0, value);
            Isometry3::from_parts(Translation3::from(placed.translation.vector + along), placed.rotation)
        }
    }
}

/// Rotation about x.
fn about_x(angle_rad: f64) -> UnitQuaternion<f64> {
    let (sin, cos) = sin_cos(0.5 * angle_rad);
    UnitQuaternion::new_unchecked(Quaternion::new(cos, sin, 0.0, 0.0))
}

/// Rotation about z.
fn about_z(angle_rad: f64) -> UnitQuaternion<f64> {
    let (sin, cos) = sin_cos(0.5 * angle_rad);
    UnitQuaternion::new_unchecked(Quaternion::new(cos, 0.0, 0.0, sin))
}

/// The rotation vector, rad, that turns `from` into `to`, in the axes in which both are given; its length is at most π.
#[must_use]
pub fn rotation_between(from: &UnitQuaternion<f64>, to: &UnitQuaternion<f64>) -> Vector3<f64> {
    let turn = to * from.inverse();
    let (vector, scalar) = (turn.imag(), turn.scalar());
    let (vector, scalar) = if scalar < 0.0 { (-vector, -scalar) } else { (vector, scalar) };
    let sine = vector.norm();
    // Below this the angle is twice its half's sine to the last bit, and the quotient would divide by zero.
    if sine < 1e-9 { 2.0 * vector } else { vector * (2.0 * trocar_math::atan2(sine, scalar) / sine) }
}

/// The seven numbers of a pose group: position x, y, z, then orientation x, y, z, w.
#[must_use]
pub fn pose_values(pose: &Isometry3<f64>) -> [f64; 7] {
    let (t, r) = (&pose.translation.vector, &pose.rotation.coords);
    [t.x, t.y, t.z, r.x, r.y, r.z, r.w]
}

/// The pose from the seven numbers of a pose group; `None` if there are fewer, or if the quaternion's length differs
/// from 1 by more than 1e-3, which is no rounding but a mistake. The length is made 1 exactly.
#[must_use]
pub fn pose_from_values(values: &[f64]) -> Option<Isometry3<f64>> {
    let &[x, y, z, i, j, k, w] = values else { return None };
    let length = (i * i + j * j + k * k + w * w).sqrt();
    ((length - 1.0).abs() <= 1e-3).then(|| {
        let rotation = Quaternion::new(w / length, i / length, j / length, k / length);
        Isometry3::from_parts(Translation3::new(x, y, z), UnitQuaternion::new_unchecked(rotation))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{SHAFT_M, psm, psm_joints};
    use proptest::prelude::*;

    /// The first three joints in closed form: the shaft passes through the base's origin, which is the remote centre,
    /// and the wrist lies on it at depth q3 − 0.4318 m + 0.4162 m.
    pub(crate) fn wrist_in_base_m(q: &[f64]) -> Vector3<f64> {
        let depth = q[2] + SHAFT_M - 0.4318;
        let ((s1, c1), (s2, c2)) = (sin_cos(q[0]), sin_cos(q[1]));
        Vector3::new(c2 * s1, -s2, -c2 * c1) * depth
    }

    fn q_in_limits() -> impl Strategy<Value = [f64; 6]> {
        let joints = psm_joints();
        let r = |i: usize| joints.joints()[i].lower..joints.joints()[i].upper;
        (r(0), r(1), r(2), r(3), r(4), r(5)).prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f])
    }

    proptest! {
        #[test]
        fn the_wrist_lies_where_the_closed_form_says(mut q in q_in_limits()) {
            // With the wrist straight the tip is the two wrist links further along the shaft.
            (q[4], q[5]) = (0.0, 0.0);
            let tip = psm().forward(&q).translation.vector;
            let wrist = wrist_in_base_m(&q);
            let shaft = wrist_in_base_m(&[q[0], q[1], 1.0]).normalize();
            prop_assert!((tip - wrist - shaft * (0.0091 + 0.0102)).norm() < 1e-15 * 16.0);
        }

        /// Central differences: truncation h²/6 ≈ 2e-11 against rounding 1e-16/h ≈ 1e-11, for steps of 1e-5.
        #[test]
        fn the_jacobian_is_the_derivative(q in q_in_limits()) {
            let kinematics = psm();
            let (_, jacobian) = kinematics.forward_with_jacobian(&q);
            for joint in 0..6 {
                let (mut below, mut above) = (q, q);
                below[joint] -= 1e-5;
                above[joint] += 1e-5;
                let (a, b) = (kinematics.forward(&below), kinematics.forward(&above));
                let linear = (b.translation.vector - a.translation.vector) / 2e-5;
                let angular = rotation_between(&a.rotation, &b.rotation) / 2e-5;
                for axis in 0..3 {
                    prop_assert!((linear[axis] - jacobian[joint][axis]).abs() < 2e-10);
                    prop_assert!((angular[axis] - jacobian[joint][axis + 3]).abs() < 2e-10);
                }
            }
        }

        #[test]
        fn a_rotation_vector_turns_one_into_the_other(angle in -3.1f64..3.1, tilt in -1.0f64..1.0) {
            let (from, to) = (about_x(tilt), about_z(angle) * about_x(tilt));
            let turn = rotation_between(&from, &to);
            prop_assert!((turn - Vector3::new(0.0, 0.0, angle)).norm() < 4e-15);
        }

        #[test]
        fn poses_survive_the_table(q in q_in_limits()) {
            let pose = psm().forward(&q);
            let back = pose_from_values(&pose_values(&pose)).unwrap();
            prop_assert!((back.translation.vector - pose.translation.vector).norm() == 0.0);
            prop_assert!(rotation_between(&back.rotation, &pose.rotation).norm() < 1e-14);
        }
    }

    #[test]
    fn a_quaternion_that_is_none_is_refused() {
        assert!(pose_from_values(&[0.0; 7]).is_none());
        assert!(pose_from_values(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.01]).is_none());
        assert!(pose_from_values(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]).is_none());
        assert!(pose_from_values(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0005]).is_some());
    }

    #[test]
    fn a_chain_that_cannot_be_is_refused() {
        let of_jaw = ChainVariable { kind: JointKind::Revolute, row: vec![(6, 1.0)] };
        let chain = vec![ChainFrame { placement: Isometry3::identity(), variable: Some(of_jaw) }];
        let keys: Vec<String> =
            ArmKinematics::new(psm_joints(), chain, None).unwrap_err().into_iter().map(|p| p.key).collect();
        assert_eq!(keys[0], "chain[0]");
        assert_eq!(keys.len(), 7, "the jaw, and six joints that move nothing");
        assert!(ArmKinematics::new(psm_joints(), Vec::new(), None).is_err());
    }
}
