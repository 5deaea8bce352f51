//! Forces between two frames of an island: cuffs, flexible mountings, contacts, whatever joins bodies without a joint.

use std::fmt::Debug;

use nalgebra::{Isometry3, Matrix3, UnitQuaternion, Vector3};

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

/// The mean force over a step, and how it answers to a small change of the motion.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConnectionLaw {
    /// Force on B and moment about B's origin, in A's axes. A gets the opposite of both at the same point.
    pub wrench_on_b: Wrench,
    /// −∂wrench/∂displacement, symmetric and positive semidefinite (a part that is not is left out); N/m, N, N m/rad. Of a
    /// law that is not linear it is not used: such a law knows where its mean velocity leads.
    pub stiffness: Matrix6,
    /// −∂wrench/∂velocity, symmetric and positive semidefinite; N s/m, N s, N m s/rad.
    pub damping: Matrix6,
    /// Sums of the sizes of the forces (N) and of the moments (N m) that a law that is not linear is made of, and that may
    /// cancel in the whole: to these the accuracy of the solution is relative.
    pub size: [f64; 2],
}

impl ConnectionLaw {
    pub(crate) fn is_finite(&self) -> bool {
        let wrench = self.wrench_on_b.force_n.sum() + self.wrench_on_b.moment_nm.sum();
        let matrices = self.stiffness.iter().chain(&self.damping).flatten();
        wrench.is_finite() && matrices.sum::<f64>().is_finite()
    }
}

/// What a connection knows of the step that begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Coming {
    /// Pose in the middle of the step, velocity at its start.
    pub motion: RelativeMotion,
    /// Velocity expected in the middle of the step, from the accelerations before it: m/s and rad/s.
    pub expected: (Vector3<f64>, Vector3<f64>),
    /// Length of the step, s.
    pub step_s: f64,
}

/// A force between two frames, which may have internal state. Action equals reaction by construction.
///
/// Once a step the island calls [`Self::prepare`], then [`Self::law`], whose motion has the pose of the step's middle and a
/// mean velocity over the step. It solves for the motion with stiffness and damping inside its matrix and then calls
/// [`Self::settle`]. A law that is linear in the velocity is asked for once, at the velocity of the start. Any other
/// ([`Self::is_linear`]) is asked again at each mean velocity that the solution comes to, until both agree: it must be the
/// slope of a function that is concave in the velocity, so that there is one solution. Runge–Kutta uses [`Self::rates`].
/// All are pure functions of their arguments.
pub trait Connection: Debug + Send + Sync {
    /// Names of the state words; they start at zero.
    fn state_names(&self) -> Vec<String> {
        Vec::new()
    }

    /// Names of the run-time inputs and their nominal values.
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Words of memory that [`Self::prepare`] leaves for the rest of the step.
    fn memory_len(&self) -> usize {
        0
    }

    /// Whether the wrench is a linear function of the velocity.
    fn is_linear(&self) -> bool {
        true
    }

    /// What does not depend on the mean velocity: where bodies touch, how far friction may go.
    fn prepare(&self, coming: &Coming, inputs: &[f64], state: &[f64], memory: &mut [f64]) {
        let _ = (coming, inputs, state, memory);
    }

    /// The mean force over the step at a mean velocity, and its derivatives.
    fn law(
        &self,
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        state: &[f64],
        memory: &[f64],
    ) -> ConnectionLaw;

    /// Brings the state to the end of a step; `motion` has the pose of its middle and the mean velocity over it.
    fn settle(
        &self,
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        memory: &[f64],
        state: &mut [f64],
    ) {
        let _ = (motion, step_s, inputs, memory, state);
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
        let turn = turn_vector(&(a_from_b.rotation * self.rest.rotation.inverse()));
        (a_from_b.translation.vector - self.rest.translation.vector, turn)
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

/// The rotation vector θ of a turn, the shorter way round, rad.
#[must_use]
pub fn turn_vector(turn: &UnitQuaternion<f64>) -> Vector3<f64> {
    let (imaginary, real) = (turn.imag(), turn.w);
    let length = imaginary.norm();
    // Near none the ratio angle/sin(angle/2) is 2.
    let half = trocar_math::atan2(length, real.abs());
    let scale = if length < 1e-9 { 2.0 } else { 2.0 * half / length };
    let sign = if real < 0.0 { -1.0 } else { 1.0 };
    imaginary * (sign * scale)
}

/// J⁻¹ of θ̇ = J⁻¹ ω for R = exp θ and ω in the outer axes: the moment of an energy E(θ) is −J⁻ᵀ ∂E/∂θ. Of turns below half
/// a turn.
#[must_use]
pub fn inverse_left_jacobian(turn: &Vector3<f64>) -> Matrix3<f64> {
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
    fn law(&self, motion: &RelativeMotion, _: f64, _: &[f64], _: &[f64], _: &[f64]) -> ConnectionLaw {
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
        ConnectionLaw { wrench_on_b, stiffness, damping, size: [0.0; 2] }
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
    /// The coordinates that move B against A.
    pub support: Box<[usize]>,
    /// As of an element.
    pub state: std::ops::Range<usize>,
    pub inputs: std::ops::Range<usize>,
}

/// A connection in one step.
#[derive(Clone, Debug)]
pub(crate) struct ActingConnection {
    /// How each coordinate of its support moves B's origin and turns B against A, in A's axes.
    columns: Box<[JacobianColumn]>,
    memory: Box<[f64]>,
    /// Pose of the middle, velocity of the start.
    pub start: RelativeMotion,
    /// The law at the mean velocity `at`, and the change of velocity from the start to there.
    pub law: ConnectionLaw,
    pub at: (Vector3<f64>, Vector3<f64>),
    /// Result: mean force on B and moment about B's origin, in A's axes.
    pub wrench_on_b: Wrench,
}

impl ActingConnection {
    pub fn new(placed: &PlacedConnection) -> Self {
        let zero = Vector3::zeros();
        Self {
            columns: vec![JacobianColumn::default(); placed.support.len()].into(),
            memory: vec![0.0; placed.connection.memory_len()].into(),
            start: RelativeMotion { a_from_b: Isometry3::identity(), linear_mps: zero, angular_radps: zero },
            law: ConnectionLaw::default(),
            at: (zero, zero),
            wrench_on_b: Wrench::default(),
        }
    }

    /// Places it for a step: the workspace holds the kinematics of the middle, `velocity` is that of the start.
    pub fn place(
        &mut self,
        placed: &PlacedConnection,
        mechanism: &Mechanism,
        ws: &Workspace,
        velocity: &[f64],
        all: &mut [JacobianColumn],
    ) {
        placed.rows(mechanism, ws, all);
        for (own, &k) in self.columns.iter_mut().zip(&placed.support) {
            *own = all[k];
        }
        let (linear_mps, angular_radps) = self.velocity(placed, |k| velocity[k]);
        self.start = RelativeMotion { a_from_b: placed.pose(ws), linear_mps, angular_radps };
    }

    /// The relative velocity that coordinates' rates make.
    pub fn velocity(
        &self,
        placed: &PlacedConnection,
        rate: impl Fn(usize) -> f64,
    ) -> (Vector3<f64>, Vector3<f64>) {
        let (mut linear, mut angular) = (Vector3::zeros(), Vector3::zeros());
        for (column, &k) in self.columns.iter().zip(&placed.support) {
            let rate = rate(k);
            linear += column.linear * rate;
            angular += column.angular * rate;
        }
        (linear, angular)
    }

    /// What its own law is to prepare, given the velocity expected in the middle.
    pub fn prepare(
        &mut self,
        placed: &PlacedConnection,
        expected: &[f64],
        step_s: f64,
        inputs: &[f64],
        state: &[f64],
    ) {
        if self.memory.is_empty() {
            return;
        }
        let expected = self.velocity(placed, |k| expected[k]);
        let coming = Coming { motion: self.start, expected, step_s };
        placed.connection.prepare(&coming, inputs, state, &mut self.memory);
    }

    /// The motion of the step if the velocity changes by this up to its mean.
    fn mean(&self, change: &(Vector3<f64>, Vector3<f64>)) -> RelativeMotion {
        RelativeMotion {
            linear_mps: self.start.linear_mps + change.0,
            angular_radps: self.start.angular_radps + change.1,
            ..self.start
        }
    }

    /// The law at this change of velocity from the start to the mean.
    pub fn law_at(
        &self,
        placed: &PlacedConnection,
        change: &(Vector3<f64>, Vector3<f64>),
        step_s: f64,
        inputs: &[f64],
        state: &[f64],
    ) -> ConnectionLaw {
        placed.connection.law(&self.mean(change), step_s, inputs, state, &self.memory)
    }

    /// What the law of `at` gives at another change of velocity, by its damping alone.
    pub fn extrapolated(&self, change: &(Vector3<f64>, Vector3<f64>)) -> Wrench {
        let further = (change.0 - self.at.0, change.1 - self.at.1);
        let damping = times(&self.law.damping, &further);
        Wrench {
            force_n: self.law.wrench_on_b.force_n - damping.force_n,
            moment_nm: self.law.wrench_on_b.moment_nm - damping.moment_nm,
        }
    }

    /// A wrench on B and its opposite on A as efforts on the coordinates, added.
    pub fn add_effort(&self, placed: &PlacedConnection, wrench: &Wrench, effort: &mut [f64]) {
        for (column, &k) in self.columns.iter().zip(&placed.support) {
            effort[k] += column.linear.dot(&wrench.force_n) + column.angular.dot(&wrench.moment_nm);
        }
    }

    /// Adds Jᵀ(a·stiffness + b·damping)J to the lower triangle of the row-major n × n `matrix`.
    pub fn add_product(&self, placed: &PlacedConnection, (a, b): (f64, f64), n: usize, matrix: &mut [f64]) {
        add_product(&self.columns, &placed.support, (a, b), &self.law, n, matrix);
    }

    /// Mean force of a linear law, the acceleration being known.
    pub fn linear_result(
        &self,
        placed: &PlacedConnection,
        (a, b): (f64, f64),
        acceleration: &[f64],
    ) -> Wrench {
        let change = self.velocity(placed, |k| acceleration[k]);
        let (stiff, damped) = (times(&self.law.stiffness, &change), times(&self.law.damping, &change));
        Wrench {
            force_n: self.law.wrench_on_b.force_n - stiff.force_n * a - damped.force_n * b,
            moment_nm: self.law.wrench_on_b.moment_nm - stiff.moment_nm * a - damped.moment_nm * b,
        }
    }

    /// Brings the connection's state to the end of the step.
    pub fn settle(
        &self,
        placed: &PlacedConnection,
        acceleration: &[f64],
        step_s: f64,
        inputs: &[f64],
        state: &mut [f64],
    ) {
        let change = self.velocity(placed, |k| 0.5 * step_s * acceleration[k]);
        placed.connection.settle(&self.mean(&change), step_s, inputs, &self.memory, state);
    }
}

fn times(matrix: &Matrix6, (linear, angular): &(Vector3<f64>, Vector3<f64>)) -> Wrench {
    let v = [linear.x, linear.y, linear.z, angular.x, angular.y, angular.z];
    let row = |i: usize| matrix[i].iter().zip(&v).map(|(m, x)| m * x).sum::<f64>();
    Wrench { force_n: Vector3::new(row(0), row(1), row(2)), moment_nm: Vector3::new(row(3), row(4), row(5)) }
}

impl PlacedConnection {
    /// The coordinates that move `b` against `a`: of all frames on the way from one to the other.
    pub fn support(mechanism: &Mechanism, a: FrameId, b: FrameId) -> Box<[usize]> {
        let above = |frame: FrameId| {
            std::iter::successors(Some(frame.0), |&i| (i != 0).then(|| mechanism.frames[i].parent))
        };
        let moved = |from: FrameId, other: FrameId| {
            above(from)
                .take_while(move |i| !above(other).any(|j| j == *i))
                .flat_map(|i| mechanism.frames[i].row.iter().map(|&(k, _)| k))
        };
        let found: std::collections::BTreeSet<usize> = moved(a, b).chain(moved(b, a)).collect();
        found.into_iter().collect()
    }

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
        for &k in &self.support {
            let row = &mut rows[k];
            let (linear, angular) = (axes.transpose_times(&row.linear), axes.transpose_times(&row.angular));
            *row = JacobianColumn { linear, angular };
        }
    }

    /// The wrench on B and its opposite on A as efforts on the coordinates; the rows are of all coordinates.
    pub fn add_effort(&self, rows: &[JacobianColumn], wrench: &Wrench, effort: &mut [f64]) {
        for &k in &self.support {
            effort[k] += rows[k].linear.dot(&wrench.force_n) + rows[k].angular.dot(&wrench.moment_nm);
        }
    }
}

/// Adds Jᵀ(a·stiffness + b·damping)J to the lower triangle of the row-major n × n `matrix`; J has a column for each
/// coordinate of the support.
pub(crate) fn add_product(
    columns: &[JacobianColumn],
    support: &[usize],
    (a, b): (f64, f64),
    law: &ConnectionLaw,
    n: usize,
    matrix: &mut [f64],
) {
    let flat = |column: &JacobianColumn| {
        let (l, t) = (&column.linear, &column.angular);
        [l.x, l.y, l.z, t.x, t.y, t.z]
    };
    let mut both = [[0.0; 6]; 6];
    for (row, (stiff, damped)) in both.iter_mut().zip(law.stiffness.iter().zip(&law.damping)) {
        for (out, (k, d)) in row.iter_mut().zip(stiff.iter().zip(damped)) {
            *out = a * k + b * d;
        }
    }
    for (i, column) in columns.iter().enumerate() {
        let own = flat(column);
        let mut answer = [0.0; 6];
        for (value, row) in own.iter().zip(&both) {
            for (out, entry) in answer.iter_mut().zip(row) {
                *out += value * entry;
            }
        }
        for (other, &k) in columns[..=i].iter().zip(support) {
            let sum: f64 = flat(other).iter().zip(&answer).map(|(x, y)| x * y).sum();
            // The support is in order, so this is the lower triangle.
            matrix[support[i] * n + k] += sum;
        }
    }
}
