//! Inverse kinematics: joint positions that bring the tip to a pose.
//!
//! Levenberg–Marquardt on position and orientation error together, projected on the joint limits (joints that a step
//! would push through their limit stand still in that step). Rotations weigh against positions by a length of 0.1 m,
//! which is of the size of an instrument's reach (assumed; it changes the way, not the goal). The damping goes to zero
//! with the error, so that the end converges superlinearly (J. J. Moré, "The Levenberg–Marquardt algorithm:
//! implementation and theory", 1978; Y. Nakamura and H. Hanafusa, "Inverse kinematic solutions with singularity
//! robustness", 1986).
//!
//! Everything is bounded: [`MAX_ITERATIONS`] per descent, one descent with [`Search::Near`] (two if it fails, to say
//! why), at most [`RESTARTS`] + 1 (twice that if all fail) with [`Search::Far`]. Nothing is allocated.

use crate::joint::{Joint, JointKind, MAX_JOINTS};
use crate::kinematics::{ArmKinematics, rotation_between};
use nalgebra::{Isometry3, Vector3};
use std::f64::consts::TAU;
use trocar_math::{max, min};

/// A solution's tip is nearer to its goal than this, m.
pub const POSITION_TOLERANCE_M: f64 = 1e-10;
/// A solution's tip is turned from its goal by less than this, rad.
pub const ORIENTATION_TOLERANCE_RAD: f64 = 1e-9;
/// Steps of one descent.
pub const MAX_ITERATIONS: usize = 80;
/// Descents from other postures after the one from the present posture failed.
pub const RESTARTS: u32 = 48;

/// Length that makes a rotation error comparable to a position error, m.
const WEIGHT_M: f64 = 0.1;

/// How far to look for a solution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// In the neighbourhood of the present posture only: for a stream of goals, where a far solution would be a jump.
    Near,
    /// From the present posture first, then from others spread over the joint limits.
    Far,
}

/// Why a goal cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum InverseError {
    /// No joint positions bring the tip there.
    #[error(
        "the goal is out of reach: at best {position_error_m:.3e} m and {orientation_error_rad:.3e} rad remain"
    )]
    OutOfReach {
        /// Distance that remains at the best posture found, m.
        position_error_m: f64,
        /// Angle that remains there, rad.
        orientation_error_rad: f64,
    },
    /// The goal can be reached only with a joint beyond its limit.
    #[error("joint {joint} would stand at {position}, beyond its limit")]
    JointLimit {
        /// Place of the joint that is furthest beyond its limit.
        joint: usize,
        /// Where it would stand, rad or m.
        position: f64,
    },
    /// The goal is nearer to the remote centre than is allowed.
    #[error("the goal is {distance_m:.3e} m from the remote centre, which is too close")]
    TooCloseToRemoteCentre {
        /// Distance of the goal from the remote centre, m.
        distance_m: f64,
    },
}

/// Where a descent ended.
#[derive(Clone, Copy)]
struct Descent {
    q: [f64; MAX_JOINTS],
    position_error_m: f64,
    orientation_error_rad: f64,
}

impl Descent {
    fn has_arrived(&self) -> bool {
        self.position_error_m < POSITION_TOLERANCE_M && self.orientation_error_rad < ORIENTATION_TOLERANCE_RAD
    }

    /// Squared weighted error, m².
    fn cost(&self) -> f64 {
        let turned_m = WEIGHT_M * self.orientation_error_rad;
        self.position_error_m * self.position_error_m + turned_m * turned_m
    }
}

impl ArmKinematics {
    /// Joint positions (rad or m; places beyond the joints are zero) that bring the tip to `base_from_goal`, within
    /// [`POSITION_TOLERANCE_M`] and [`ORIENTATION_TOLERANCE_RAD`] and inside the joint limits.
    ///
    /// Of several solutions it gives the one that the descent from `from` finds first; a joint that may turn more than
    /// once ends at the turn nearest to `from`. Equal arguments give equal bits.
    ///
    /// # Errors
    /// [`InverseError`], with the joint or the distance at fault.
    pub fn inverse(
        &self,
        base_from_goal: &Isometry3<f64>,
        from: &[f64],
        search: Search,
    ) -> Result<[f64; MAX_JOINTS], InverseError> {
        if let Some(centre) = self.remote_centre() {
            let distance_m = (base_from_goal.translation.vector - centre.point_in_base_m).norm();
            if distance_m < centre.minimum_distance_m {
                return Err(InverseError::TooCloseToRemoteCentre { distance_m });
            }
        }
        let joints = self.joints().joints();
        let mut start = [0.0; MAX_JOINTS];
        for ((q, joint), present) in start.iter_mut().zip(joints).zip(from) {
            *q = joint.clamp(*present);
        }
        let restarts = if search == Search::Far { RESTARTS } else { 0 };
        let mut best = self.descend(base_from_goal, start, true);
        for restart in 0..=restarts {
            if best.has_arrived() {
                let mut q = best.q;
                self.unwind(&mut q, &start);
                return Ok(q);
            }
            if restart < restarts {
                let next = self.descend(base_from_goal, spread(joints, &start, restart), true);
                if next.has_arrived() || next.cost() < best.cost() {
                    best = next;
                }
            }
        }
        self.diagnose(base_from_goal, &start, restarts, &best)
    }

    /// Ignores the limits: if the goal can be reached then, a limit is in the way; otherwise nothing reaches it.
    fn diagnose(
        &self,
        base_from_goal: &Isometry3<f64>,
        start: &[f64; MAX_JOINTS],
        restarts: u32,
        best: &Descent,
    ) -> Result<[f64; MAX_JOINTS], InverseError> {
        let joints = self.joints().joints();
        for restart in 0..=restarts {
            let seed = if restart == 0 { *start } else { spread(joints, start, restart - 1) };
            let free = self.descend(base_from_goal, seed, false);
            if !free.has_arrived() {
                continue;
            }
            let mut q = free.q;
            self.unwind(&mut q, start);
            let beyond = |(joint, q): (&Joint, &f64)| {
                max(joint.lower - q, q - joint.upper) / (joint.upper - joint.lower)
            };
            let worst = joints.iter().zip(&q).map(beyond).enumerate();
            let worst = worst.fold((0, 0.0), |worst, next| if next.1 > worst.1 { next } else { worst });
            if worst.1 > 0.0 {
                return Err(InverseError::JointLimit { joint: worst.0, position: q[worst.0] });
            }
            return Ok(q);
        }
        let &Descent { position_error_m, orientation_error_rad, .. } = best;
        Err(InverseError::OutOfReach { position_error_m, orientation_error_rad })
    }

    /// Turns every joint whose full turn changes nothing to the turn nearest to `near` that its limits allow.
    fn unwind(&self, q: &mut [f64; MAX_JOINTS], near: &[f64; MAX_JOINTS]) {
        for (place, joint) in self.joints().joints().iter().enumerate() {
            let mut factors = self
                .chain()
                .iter()
                .filter_map(|frame| frame.variable.as_ref())
                .flat_map(|v| v.row.iter().map(move |(j, factor)| (*j, *factor, v.kind)))
                .filter(|(j, ..)| *j == place);
            let turns_freely =
                factors.all(|(_, factor, kind)| kind == JointKind::Revolute && factor.abs() == 1.0);
            if joint.kind == JointKind::Revolute && turns_freely {
                let nearest = q[place] + ((near[place] - q[place]) / TAU).round() * TAU;
                let below = nearest - ((nearest - joint.upper) / TAU).ceil() * TAU;
                let above = nearest + ((joint.lower - nearest) / TAU).ceil() * TAU;
                let turned = if nearest > joint.upper {
                    below
                } else if nearest < joint.lower {
                    above
                } else {
                    nearest
                };
                // What no turn brings inside stays where the descent left it.
                if joint.allows(turned) {
                    q[place] = turned;
                }
            }
        }
    }

    fn descend(&self, goal: &Isometry3<f64>, start: [f64; MAX_JOINTS], bounded: bool) -> Descent {
        let joints = self.joints().joints();
        let n = joints.len();
        let (mut here, mut error, mut columns) = self.linearise(goal, start);
        let mut damping = 1e-3;
        for _ in 0..MAX_ITERATIONS {
            if here.has_arrived() {
                break;
            }
            let mut slope = [0.0; MAX_JOINTS];
            for (sum, column) in slope.iter_mut().zip(&columns) {
                *sum = dot(column, &error);
            }
            let mut is_free = [false; MAX_JOINTS];
            for (j, joint) in joints.iter().enumerate() {
                let pushes_out = (here.q[j] <= joint.lower && slope[j] < 0.0)
                    || (here.q[j] >= joint.upper && slope[j] > 0.0);
                is_free[j] = !(bounded && pushes_out);
            }
            let Some(step) = damped_step(&columns[..n], &slope, &is_free, damping) else { break };
            // A step of more than a radian leaves what the linearisation knows.
            let largest = step.iter().fold(0.0, |largest, s| max(largest, s.abs()));
            let shrink = min(1.0, 1.0 / largest);
            let mut q = here.q;
            for ((q, joint), s) in q.iter_mut().zip(joints).zip(step) {
                let moved = *q + s * shrink * scale(joint);
                *q = if bounded { joint.clamp(moved) } else { moved };
            }
            let (next, next_error, next_columns) = self.linearise(goal, q);
            if next.cost() < here.cost() {
                (here, error, columns) = (next, next_error, next_columns);
                damping = max(damping * 0.1, 1e-16);
            } else if damping < 1e6 {
                damping = max(damping * 10.0, 1e-9);
            } else {
                break;
            }
        }
        here
    }

    /// The error that remains at `q`, weighted, and how each joint would change it.
    fn linearise(
        &self,
        goal: &Isometry3<f64>,
        q: [f64; MAX_JOINTS],
    ) -> (Descent, [f64; 6], [[f64; 6]; MAX_JOINTS]) {
        let joints = self.joints().joints();
        let (tip, mut columns) = self.forward_with_jacobian(&q[..joints.len()]);
        let position: Vector3<f64> = goal.translation.vector - tip.translation.vector;
        let orientation = rotation_between(&tip.rotation, &goal.rotation);
        let here =
            Descent { q, position_error_m: position.norm(), orientation_error_rad: orientation.norm() };
        for (column, joint) in columns.iter_mut().zip(joints) {
            for (i, part) in column.iter_mut().enumerate() {
                *part *= if i < 3 { scale(joint) } else { scale(joint) * WEIGHT_M };
            }
        }
        let turned = orientation * WEIGHT_M;
        (here, [position.x, position.y, position.z, turned.x, turned.y, turned.z], columns)
    }
}

/// What one unit of a step is: a radian, or the length that weighs as much.
fn scale(joint: &Joint) -> f64 {
    match joint.kind {
        JointKind::Revolute => 1.0,
        JointKind::Prismatic => WEIGHT_M,
    }
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Solves (JᵀJ + damping · mean diagonal · 1) step = slope over the free joints; the others' steps are zero.
/// `None` where no free joint changes anything, or where the factorisation fails.
fn damped_step(
    columns: &[[f64; 6]],
    slope: &[f64; MAX_JOINTS],
    is_free: &[bool; MAX_JOINTS],
    damping: f64,
) -> Option<[f64; MAX_JOINTS]> {
    let n = columns.len();
    let mut lower = [[0.0; MAX_JOINTS]; MAX_JOINTS];
    let trace: f64 = (0..n).filter(|j| is_free[*j]).map(|j| dot(&columns[j], &columns[j])).sum();
    if trace <= 0.0 {
        return None;
    }
    let added = damping * trace / n as f64;
    for i in 0..n {
        for j in 0..=i {
            let both = is_free[i] && is_free[j];
            let mut entry = if both { dot(&columns[i], &columns[j]) } else { 0.0 };
            if i == j {
                entry = if both { entry + added } else { 1.0 };
            }
            let (upper_rows, row) = lower.split_at(i);
            let other = if i == j { &row[0] } else { &upper_rows[j] };
            let reduced = entry - (0..j).map(|k| row[0][k] * other[k]).sum::<f64>();
            if i == j {
                if reduced <= 0.0 {
                    return None;
                }
                lower[i][i] = reduced.sqrt();
            } else {
                lower[i][j] = reduced / lower[j][j];
            }
        }
    }
    let mut step = [0.0; MAX_JOINTS];
    for i in 0..n {
        let rhs = if is_free[i] { slope[i] } else { 0.0 };
        step[i] = (rhs - (0..i).map(|k| lower[i][k] * step[k]).sum::<f64>()) / lower[i][i];
    }
    for i in (0..n).rev() {
        step[i] = (step[i] - (i + 1..n).map(|k| lower[k][i] * step[k]).sum::<f64>()) / lower[i][i];
    }
    Some(step)
}

/// The posture of a restart. Even ones vary only what stands beyond the first three joints, which in most arms is the
/// wrist with its several solutions; odd ones vary all. The points are Halton's, so that they fill the limits evenly.
fn spread(joints: &[Joint], start: &[f64; MAX_JOINTS], restart: u32) -> [f64; MAX_JOINTS] {
    const BASES: [u32; MAX_JOINTS] = [17, 13, 19, 2, 3, 5, 7, 11];
    let mut q = *start;
    let keep = if restart.is_multiple_of(2) { 3 } else { 0 };
    for (place, joint) in joints.iter().enumerate().skip(keep) {
        q[place] = joint.lower + radical_inverse(restart / 2 + 1, BASES[place]) * (joint.upper - joint.lower);
    }
    q
}

/// The digits of `index` in `base`, mirrored at the point: in (0, 1) for index > 0.
fn radical_inverse(mut index: u32, base: u32) -> f64 {
    let (mut value, mut digit) = (0.0, 1.0 / f64::from(base));
    while index > 0 {
        value += digit * f64::from(index % base);
        index /= base;
        digit /= f64::from(base);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{TIP_M, psm, psm_joints};
    use nalgebra::UnitQuaternion;
    use proptest::prelude::*;

    /// The posture from which a move usually starts: in the middle, at depth.
    const MIDDLE: [f64; 6] = [0.0, 0.0, 0.12, 0.0, 0.0, 0.0];

    fn q_in_limits(inset: f64) -> impl Strategy<Value = [f64; 6]> {
        let joints = psm_joints();
        let r = move |i: usize| {
            let joint = &joints.joints()[i];
            let margin = inset * (joint.upper - joint.lower);
            joint.lower + margin..joint.upper - margin
        };
        (r(0), r(1), r(2), r(3), r(4), r(5)).prop_map(|(a, b, c, d, e, f)| [a, b, c, d, e, f])
    }

    fn check(q: &[f64; MAX_JOINTS], goal: &Isometry3<f64>) {
        let tip = psm().forward(&q[..6]);
        assert!((tip.translation.vector - goal.translation.vector).norm() < POSITION_TOLERANCE_M);
        assert!(rotation_between(&tip.rotation, &goal.rotation).norm() < ORIENTATION_TOLERANCE_RAD);
        for (joint, q) in psm_joints().joints().iter().zip(q) {
            assert!(joint.allows(*q), "{} = {q}", joint.name);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Any pose inside the limits is found from the middle; the tip stays 5 mm away from the remote centre, where
        /// yaw and pitch become undetermined.
        #[test]
        fn any_pose_of_the_workspace_is_found(q in q_in_limits(0.0)) {
            let goal = psm().forward(&q);
            prop_assume!(q[2] > 0.0156 + 0.005 && goal.translation.vector.norm() > 0.005);
            let found = psm().inverse(&goal, &MIDDLE, Search::Far);
            prop_assert!(found.is_ok(), "{found:?}");
            check(&found.unwrap(), &goal);
        }

        /// A stream of goals 1 cm and 6° apart is followed on the branch that it is on: the joints move as little.
        #[test]
        fn a_stream_is_followed_without_jumps(q in q_in_limits(0.05), step in -0.01f64..0.01, turn in -0.1f64..0.1) {
            prop_assume!(q[2] > 0.05);
            let kinematics = psm();
            let mut next = q;
            next[2] = (next[2] + step).clamp(0.02, 0.24);
            for (place, sign) in [(3, 1.0), (4, -1.0), (5, 1.0)] {
                next[place] += sign * turn;
            }
            let found = kinematics.inverse(&kinematics.forward(&next), &q, Search::Near).unwrap();
            for (found, expected) in found.iter().zip(next) {
                // The Jacobian's smallest singular value with these margins is above 1e-3 m/rad.
                prop_assert!((found - expected).abs() < 1e-6, "{found} {expected}");
            }
        }
    }

    /// The first three joints from the wrist's place in closed form: q1 = atan2(x, −z), q2 = asin(−y/d), q3 = d + 15.6 mm.
    #[test]
    fn the_first_joints_agree_with_the_closed_form() {
        let kinematics = psm();
        for q in [
            [0.3, -0.2, 0.1, 0.5, 0.0, 0.0],
            [-0.9, 0.7, 0.2, -2.0, 0.0, 0.0],
            [0.0, 0.0, 0.05, 1.0, 0.0, 0.0],
        ] {
            let goal = kinematics.forward(&q);
            let found = kinematics.inverse(&goal, &MIDDLE, Search::Far).unwrap();
            // Straight wrist: the wrist lies on the line from the remote centre to the tip.
            let tip = goal.translation.vector;
            let wrist = tip * (1.0 - (0.0091 + TIP_M) / tip.norm());
            let depth = wrist.norm();
            let closed = [
                trocar_math::atan2(wrist.x, -wrist.z),
                trocar_math::asin(-wrist.y / depth),
                depth + 0.4318 - crate::sample::SHAFT_M,
            ];
            for (found, closed) in found.iter().zip(closed) {
                // The tolerances in position and orientation over the smallest singular value.
                assert!((found - closed).abs() < 1e-7, "{found} {closed}");
            }
        }
    }

    #[test]
    fn a_goal_beyond_a_limit_names_the_joint() {
        let kinematics = psm();
        let deep = kinematics.forward(&[0.1, 0.1, 0.30, 0.0, 0.2, 0.0]);
        for search in [Search::Near, Search::Far] {
            match kinematics.inverse(&deep, &MIDDLE, search) {
                Err(InverseError::JointLimit { joint: 2, position }) => {
                    assert!((position - 0.30).abs() < 1e-8)
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_goal_at_the_remote_centre_is_refused() {
        let goal = Isometry3::translation(0.0, 0.0, -0.9e-3);
        let refused = psm().inverse(&goal, &MIDDLE, Search::Far);
        assert_eq!(refused, Err(InverseError::TooCloseToRemoteCentre { distance_m: 0.9e-3 }));
    }

    /// Two links in a plane, 1 m each, cannot reach 3 m: at best 1 m remains, with the arm stretched.
    #[test]
    fn a_goal_out_of_reach_says_how_far() {
        use crate::{ArmJoints, ChainFrame, ChainVariable};
        let turn = |joint| Some(ChainVariable { kind: JointKind::Revolute, row: vec![(joint, 1.0)] });
        let joints = vec![Joint::revolute("shoulder", -3.0, 3.0), Joint::revolute("elbow", -3.0, 3.0)];
        let chain = vec![
            ChainFrame::modified_dh(0.0, 0.0, 0.0, 0.0, turn(0)),
            ChainFrame::modified_dh(1.0, 0.0, 0.0, 0.0, turn(1)),
            ChainFrame::fixed(Isometry3::translation(1.0, 0.0, 0.0)),
        ];
        let arm = ArmKinematics::new(ArmJoints::new(joints, None).unwrap(), chain, None).unwrap();
        let goal = Isometry3::translation(3.0, 0.0, 0.0);
        match arm.inverse(&goal, &[0.3, 0.2], Search::Far) {
            Err(InverseError::OutOfReach { position_error_m, orientation_error_rad }) => {
                // At the optimum the cost is flat: an error in the joints of 1e-4 changes the distance by 1e-8.
                assert!((position_error_m - 1.0).abs() < 1e-6, "{position_error_m}");
                assert!(orientation_error_rad < 1e-3, "{orientation_error_rad}");
            }
            other => panic!("{other:?}"),
        }
        // And what it can reach it reaches, elbow up or down, though two joints cannot choose the orientation freely.
        let inside = arm.forward(&[0.7, -1.1]);
        let found = arm.inverse(&inside, &[0.0, 0.1], Search::Far).unwrap();
        assert!((found[0] - 0.7).abs() < 1e-8 && (found[1] + 1.1).abs() < 1e-8);
    }

    #[test]
    fn roll_ends_at_the_turn_that_is_nearest() {
        let kinematics = psm();
        let q = [0.2, 0.1, 0.15, 3.6, 0.4, -0.3];
        let goal = kinematics.forward(&q);
        let near = kinematics.inverse(&goal, &[0.2, 0.1, 0.15, 3.4, 0.4, -0.3], Search::Near).unwrap();
        assert!((near[3] - 3.6).abs() < 1e-8);
        let other = kinematics.inverse(&goal, &[0.2, 0.1, 0.15, -2.5, 0.4, -0.3], Search::Near).unwrap();
        assert!((other[3] - (3.6 - TAU)).abs() < 1e-8, "{}", other[3]);
    }

    #[test]
    fn equal_questions_get_equal_bits() {
        let goal = Isometry3::from_parts(
            nalgebra::Translation3::new(0.03, -0.02, -0.12),
            psm().forward(&[0.0, 0.0, 0.1, 0.3, 0.2, 0.1]).rotation * UnitQuaternion::identity(),
        );
        let (a, b) = (psm().inverse(&goal, &MIDDLE, Search::Far), psm().inverse(&goal, &MIDDLE, Search::Far));
        assert_eq!(a.unwrap().map(f64::to_bits), b.unwrap().map(f64::to_bits));
    }
}
