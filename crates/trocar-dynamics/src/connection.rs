//! Forces between two frames of an island: cuffs, flexible mountings, contacts, whatever joins bodies without a joint.

use std::fmt::Debug;

use nalgebra::{Isometry3, Matrix3, Vector3};

use crate::element::{ElementError, not_negative};
use crate::kinematics::JacobianColumn;
use crate::mechanism::{FrameId, Mechanism, Workspace};
use crate::transmitted::Wrench;

/// How frame B stands and moves against frame A, in A's axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativeMotion {
    /// Pose of B in A.
    pub a_from_b: Isometry3<f64>,
    /// Velocity of B's origin as seen from A, m/s.
    pub linear_mps: Vector3<f64>,
    /// Angular velocity of B less that of A, rad/s.
    pub angular_radps: Vector3<f64>,
}

/// A symmetric 6 × 6 matrix over a displacement of B against A: three lengths, three angles, in A's axes.
pub type Matrix6 = [[f64; 6]; 6];

/// The force at a motion, and how it answers to a small further motion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConnectionLaw {
    /// Force on B and moment about B's origin, in A's axes. A gets the opposite of both at the same point.
    pub wrench_on_b: Wrench,
    /// −∂wrench/∂displacement, symmetric and positive semidefinite (a part that is not is left out); N/m, N, N m/rad.
    pub stiffness: Matrix6,
    /// −∂wrench/∂velocity, symmetric and positive semidefinite; N s/m, N s, N m s/rad.
    pub damping: Matrix6,
}

impl ConnectionLaw {
    pub(crate) fn is_finite(&self) -> bool {
        let wrench = self.wrench_on_b.force_n.sum() + self.wrench_on_b.moment_nm.sum();
        let matrices = self.stiffness.iter().chain(&self.damping).flatten();
        wrench.is_finite() && matrices.sum::<f64>().is_finite()
    }
}

/// A force between two frames, which may have internal state. Action equals reaction by construction.
///
/// The island asks for [`Self::law`] at the pose in the middle of the step and the velocity at its start, solves for the
/// motion with stiffness and damping inside its matrix, then calls [`Self::settle`]. Runge–Kutta uses [`Self::rates`]. All
/// are pure functions of their arguments.
pub trait Connection: Debug + Send + Sync {
    /// Names of the state words; they start at zero.
    fn state_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Names of the run-time inputs and their nominal values.
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// The force over the coming step, and its derivatives.
    fn law(&self, motion: &RelativeMotion, step_s: f64, inputs: &[f64], state: &[f64]) -> ConnectionLaw;

    /// Brings the state to the end of a step; `motion` has the pose of its middle and the mean velocity over it.
    fn settle(&self, motion: &RelativeMotion, step_s: f64, inputs: &[f64], state: &mut [f64]) {
        let _ = (motion, step_s, inputs, state);
    }

    /// The force now, and the rates of the state words: the same law in the limit of short steps.
    fn rates(
        &self,
        motion: &RelativeMotion,
        inputs: &[f64],
        state: &[f64],
        state_rates: &mut [f64],
    ) -> Wrench;

    /// Energy that it could give back at a pose, J.
    fn stored_energy(&self, a_from_b: &Isometry3<f64>, state: &[f64]) -> f64 {
        let _ = (a_from_b, state);
        0.0
    }
}

/// A linear spring and damper for all six motions of B against A about a pose at rest.
///
/// The displacement x is that of B's origin in A's axes, the turn θ the rotation vector from the pose at rest, in A's
/// axes. The energy is ½ xᵀKx + ½ θᵀCθ, so the force is −Kx and the moment −J⁻ᵀCθ with J⁻¹ the inverse left Jacobian of
/// the rotation group (θ̇ = J⁻¹ω; Solà, Deray, Atchuthan: *A micro Lie theory for state estimation in robotics*, 2018,
/// eq. 146). Turns must stay below half a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bushing {
    rest: Isometry3<f64>,
    stiffness: [f64; 6],
    damping: [f64; 6],
}

impl Bushing {
    /// Pose of B in A at rest; stiffness along and about A's axes (N/m three times, N m/rad three times) and damping
    /// (N s/m, N m s/rad).
    ///
    /// # Errors
    /// A number negative or not finite.
    pub fn new(
        rest_a_from_b: Isometry3<f64>,
        stiffness: [f64; 6],
        damping: [f64; 6],
    ) -> Result<Self, ElementError> {
        const NAME: &str = "bushing";
        for (parameter, values) in [("stiffness", &stiffness), ("damping", &damping)] {
            for &value in values {
                not_negative(NAME, parameter, value)?;
            }
        }
        let rest = rest_a_from_b.translation.vector.sum() + rest_a_from_b.rotation.coords.sum();
        if !rest.is_finite() {
            return Err(ElementError { element: NAME, parameter: "rest", value: rest, required: "finite" });
        }
        Ok(Self { rest: rest_a_from_b, stiffness, damping })
    }

    /// Displacement of B's origin from rest, and the rotation vector from rest, in A's axes.
    fn displacement(&self, a_from_b: &Isometry3<f64>) -> (Vector3<f64>, Vector3<f64>) {
        let turn = (a_from_b.rotation * self.rest.rotation.inverse()).into_inner();
        let (imaginary, real) = (turn.imag(), turn.w);
        let length = imaginary.norm();
        // The shorter way round; near none the ratio angle/sin(angle/2) is 2.
        let half = trocar_math::atan2(length, real.abs());
        let scale = if length < 1e-9 { 2.0 } else { 2.0 * half / length };
        let sign = if real < 0.0 { -1.0 } else { 1.0 };
        (a_from_b.translation.vector - self.rest.translation.vector, imaginary * (sign * scale))
    }

    fn wrench(&self, motion: &RelativeMotion) -> (Wrench, Matrix3<f64>) {
        let (shift, turn) = self.displacement(&motion.a_from_b);
        let [k, c, d, e] =
            [&self.stiffness[..3], &self.stiffness[3..], &self.damping[..3], &self.damping[3..]];
        let times = |diagonal: &[f64], v: &Vector3<f64>| Vector3::from_fn(|i, _| diagonal[i] * v[i]);
        let inverse = inverse_left_jacobian(&turn);
        let wrench = Wrench {
            force_n: -times(k, &shift) - times(d, &motion.linear_mps),
            moment_nm: -inverse.tr_mul(&times(c, &turn)) - times(e, &motion.angular_radps),
        };
        (wrench, inverse)
    }
}

/// θ̇ = J⁻¹ ω for R = exp θ and ω in the outer axes.
fn inverse_left_jacobian(turn: &Vector3<f64>) -> Matrix3<f64> {
    let angle = turn.norm();
    let cross = turn.cross_matrix();
    // 1/θ² − (1 + cos θ)/(2 θ sin θ), whose series starts with 1/12.
    let factor = if angle < 1e-3 {
        1.0 / 12.0 + angle * angle / 720.0
    } else {
        let (sin, cos) = trocar_math::sin_cos(angle);
        1.0 / (angle * angle) - (1.0 + cos) / (2.0 * angle * sin)
    };
    Matrix3::identity() - cross * 0.5 + cross * cross * factor
}

impl Connection for Bushing {
    fn law(&self, motion: &RelativeMotion, _step_s: f64, _inputs: &[f64], _state: &[f64]) -> ConnectionLaw {
        let (wrench_on_b, inverse) = self.wrench(motion);
        let (mut stiffness, mut damping) = ([[0.0; 6]; 6], [[0.0; 6]; 6]);
        let c = Matrix3::from_diagonal(&Vector3::from_fn(|i, _| self.stiffness[3 + i]));
        // Gauss–Newton: without the derivative of J⁻¹, which may have any sign.
        let turning = inverse.transpose() * c * inverse;
        for i in 0..3 {
            stiffness[i][i] = self.stiffness[i];
            for j in 0..3 {
                stiffness[3 + i][3 + j] = turning[(i, j)];
            }
        }
        for (i, value) in self.damping.iter().enumerate() {
            damping[i][i] = *value;
        }
        ConnectionLaw { wrench_on_b, stiffness, damping }
    }

    fn rates(&self, motion: &RelativeMotion, _: &[f64], _: &[f64], _: &mut [f64]) -> Wrench {
        self.wrench(motion).0
    }

    fn stored_energy(&self, a_from_b: &Isometry3<f64>, _state: &[f64]) -> f64 {
        let (shift, turn) = self.displacement(a_from_b);
        let parts = shift.iter().chain(turn.iter()).zip(&self.stiffness);
        parts.map(|(x, k)| 0.5 * k * x * x).sum()
    }
}

/// A connection of one island.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(crate) usize);

#[derive(Debug)]
pub(crate) struct PlacedConnection {
    pub name: String,
    pub a: FrameId,
    pub b: FrameId,
    pub connection: Box<dyn Connection>,
    /// As of an element.
    pub state: std::ops::Range<usize>,
    pub inputs: std::ops::Range<usize>,
}

impl PlacedConnection {
    /// Pose of B in A, from the kinematics that the workspace holds.
    pub fn pose(&self, ws: &Workspace) -> Isometry3<f64> {
        ws.world_from_frame(self.a).inverse() * ws.world_from_frame(self.b)
    }

    /// Pose and velocity, from the kinematics that the workspace holds.
    pub fn motion(&self, ws: &Workspace) -> RelativeMotion {
        let a_from_b = self.pose(ws);
        let (a, b) = (&ws.frames[self.a.index()], &ws.frames[self.b.index()]);
        let seen = b.linear - a.linear - a.angular.cross(&(b.origin - a.origin));
        RelativeMotion {
            a_from_b,
            linear_mps: a.axes.transpose_times(&seen),
            angular_radps: a.axes.transpose_times(&(b.angular - a.angular)),
        }
    }

    /// How each coordinate moves B's origin and turns B against A, in A's axes.
    pub fn rows(&self, mechanism: &Mechanism, ws: &Workspace, rows: &mut [JacobianColumn]) {
        rows.fill(JacobianColumn::default());
        let origin = ws.frames[self.b.index()].origin;
        mechanism.add_jacobian(ws, self.b, &origin, 1.0, rows);
        mechanism.add_jacobian(ws, self.a, &origin, -1.0, rows);
        let axes = &ws.frames[self.a.index()].axes;
        for row in rows {
            let (linear, angular) = (axes.transpose_times(&row.linear), axes.transpose_times(&row.angular));
            *row = JacobianColumn { linear, angular };
        }
    }

    /// The wrench on B and its opposite on A as efforts on the coordinates.
    pub fn add_effort(rows: &[JacobianColumn], wrench: &Wrench, effort: &mut [f64]) {
        for (row, out) in rows.iter().zip(effort) {
            *out += row.linear.dot(&wrench.force_n) + row.angular.dot(&wrench.moment_nm);
        }
    }
}

/// Adds Jᵀ(a·A + b·B)J to the lower triangle of the row-major `matrix`.
pub(crate) fn add_product(
    rows: &[JacobianColumn],
    (a, b): (f64, f64),
    law: &ConnectionLaw,
    matrix: &mut [f64],
) {
    let n = rows.len();
    let flat = |row: &JacobianColumn| {
        let (l, t) = (&row.linear, &row.angular);
        [l.x, l.y, l.z, t.x, t.y, t.z]
    };
    for (i, row) in rows.iter().enumerate() {
        let own = flat(row);
        let mut answer = [0.0; 6];
        for (p, value) in own.iter().enumerate() {
            for (q, out) in answer.iter_mut().enumerate() {
                *out += value * (a * law.stiffness[p][q] + b * law.damping[p][q]);
            }
        }
        for (j, other) in rows[..=i].iter().enumerate() {
            let sum: f64 = flat(other).iter().zip(&answer).map(|(x, y)| x * y).sum();
            matrix[i * n + j] += sum;
        }
    }
}

/// The relative velocity that coordinates' rates make.
pub(crate) fn rate_of(
    rows: &[JacobianColumn],
    rates: impl Iterator<Item = f64>,
) -> (Vector3<f64>, Vector3<f64>) {
    let (mut linear, mut angular) = (Vector3::zeros(), Vector3::zeros());
    for (row, rate) in rows.iter().zip(rates) {
        linear += row.linear * rate;
        angular += row.angular * rate;
    }
    (linear, angular)
}
