//! Where the frames are, how they move, and how efforts and motions at a point relate to the coordinates.

use nalgebra::{Isometry3, Vector3};

use crate::error::{DynamicsError, check_length};
use crate::mechanism::{
    FormValue, FrameId, FrameState, Mechanism, Motion, Workspace, add_row, pose, row_times,
};
use crate::spatial::Axis;

/// Angular velocity and the velocity of a stated point, in world axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Twist {
    /// Velocity of the point, m/s.
    pub linear_mps: Vector3<f64>,
    /// Angular velocity, rad/s.
    pub angular_radps: Vector3<f64>,
}

/// What one coordinate's unit rate does to a point of a frame, in world axes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct JacobianColumn {
    /// ∂(velocity of the point)/∂q̇, m/s per unit rate.
    pub linear: Vector3<f64>,
    /// ∂(angular velocity)/∂q̇, rad/s per unit rate.
    pub angular: Vector3<f64>,
}

impl Mechanism {
    /// Poses and velocities of all frames at (q, q̇), left in the workspace.
    ///
    /// # Errors
    /// A slice of the wrong length; a ball joint's quaternion whose length is not near one.
    pub fn kinematics(&self, q: &[f64], qd: &[f64], ws: &mut Workspace) -> Result<(), DynamicsError> {
        check_length("q", q.len(), self.position_count)?;
        check_length("qd", qd.len(), self.coordinates.len())?;
        self.check_quaternions(q)?;
        for (form, value) in self.forms.iter().zip(&mut ws.forms) {
            value.value = row_times(&form.position_row, q);
            value.rate = row_times(&form.row, qd);
            if form.turns {
                (value.sin, value.cos) = trocar_math::sin_cos(value.value);
            }
        }
        let (forms, frames): (&[FormValue], &mut [FrameState]) = (&ws.forms, &mut ws.frames);
        frames[0].axes = self.base_axes;
        frames[0].origin = self.base_origin;
        for (i, frame) in self.frames.iter().enumerate().skip(1) {
            let (done, rest) = frames.split_at_mut(i);
            let parent = &done[frame.parent];
            let mut axes = parent.axes.compose(&frame.axes);
            let mut arm = parent.axes.times(&frame.offset);
            let mut angular = parent.angular;
            let mut sliding = Vector3::zeros();
            match frame.motion {
                Motion::Fixed => {}
                Motion::Revolute { form, sign } => {
                    let form = &forms[form];
                    axes = axes.turned((sign * form.sin, form.cos));
                    angular += axes.z * (sign * form.rate);
                }
                Motion::Prismatic { form, sign } => {
                    let form = &forms[form];
                    arm += axes.z * (sign * form.value);
                    sliding = axes.z * (sign * form.rate);
                }
                Motion::Ball(ball) => {
                    axes = axes.turned_by(&q[ball.position..ball.position + 4]);
                    let [x, y, z] = [0, 1, 2].map(|k| qd[ball.coordinate + k]);
                    angular += axes.times(&Vector3::new(x, y, z));
                }
            }
            let state = &mut rest[0];
            state.axes = axes;
            state.origin = parent.origin + arm;
            state.linear = parent.linear + parent.angular.cross(&arm) + sliding;
            state.arm = arm;
            state.angular = angular;
        }
        Ok(())
    }

    /// Pose of a frame in the base frame.
    ///
    /// # Panics
    /// If the frame is not one of this mechanism.
    #[must_use]
    pub fn base_from_frame(&self, ws: &Workspace, frame: FrameId) -> Isometry3<f64> {
        let state = &ws.frames[frame.0];
        let inner = crate::spatial::Axes {
            x: self.base_axes.transpose_times(&state.axes.x),
            y: self.base_axes.transpose_times(&state.axes.y),
            z: self.base_axes.transpose_times(&state.axes.z),
        };
        pose(&inner, &self.base_axes.transpose_times(&(state.origin - self.base_origin)))
    }

    /// The geometric Jacobian of a point fixed to `frame` (in the frame's coordinates, m), one column per coordinate.
    ///
    /// # Errors
    /// `columns` is not as long as there are coordinates.
    ///
    /// # Panics
    /// If the frame is not one of this mechanism.
    pub fn jacobian(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point_in_frame_m: &Vector3<f64>,
        columns: &mut [JacobianColumn],
    ) -> Result<(), DynamicsError> {
        check_length("the Jacobian", columns.len(), self.coordinates.len())?;
        columns.fill(JacobianColumn::default());
        self.add_jacobian(ws, frame, &ws.point_in_world(frame, point_in_frame_m), 1.0, columns);
        Ok(())
    }

    /// Adds `factor` times the Jacobian of the point of `frame` that is now at `point` in the world.
    pub(crate) fn add_jacobian(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point: &Vector3<f64>,
        factor: f64,
        columns: &mut [JacobianColumn],
    ) {
        self.add_axes(ws, frame, factor, columns, |state, along, turns| {
            if turns {
                JacobianColumn { linear: along.cross(&(point - state.origin)), angular: *along }
            } else {
                JacobianColumn { linear: *along, angular: Vector3::zeros() }
            }
        });
    }

    /// Adds `factor` times what each axis by which `frame` moves contributes to the columns of its coordinates: `of` gets
    /// the state of the axis' own frame, the axis in the world, and whether it turns.
    #[inline]
    fn add_axes(
        &self,
        ws: &Workspace,
        frame: FrameId,
        factor: f64,
        columns: &mut [JacobianColumn],
        of: impl Fn(&FrameState, &Vector3<f64>, bool) -> JacobianColumn,
    ) {
        let mut add = |k: usize, coefficient: f64, column: &JacobianColumn| {
            columns[k].linear += column.linear * (factor * coefficient);
            columns[k].angular += column.angular * (factor * coefficient);
        };
        let mut i = frame.0;
        while i != 0 {
            let (joint, state) = (&self.frames[i], &ws.frames[i]);
            if let Motion::Ball(ball) = joint.motion {
                for (place, axis) in Axis::ALL.into_iter().enumerate() {
                    add(ball.coordinate + place, 1.0, &of(state, state.axes.axis(axis), true));
                }
            } else if !joint.row.is_empty() {
                let turns = matches!(joint.motion, Motion::Revolute { .. });
                let column = of(state, &state.axes.z, turns);
                joint.row.iter().for_each(|&(k, coefficient)| add(k, coefficient, &column));
            }
            i = joint.parent;
        }
    }

    /// The derivative in time of [`Self::jacobian`] at the velocity that the workspace holds: point acceleration = J q̈ + J̇ q̇.
    ///
    /// # Errors
    /// `columns` is not as long as there are coordinates.
    ///
    /// # Panics
    /// If the frame is not one of this mechanism.
    pub fn jacobian_rate(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point_in_frame_m: &Vector3<f64>,
        columns: &mut [JacobianColumn],
    ) -> Result<(), DynamicsError> {
        check_length("the Jacobian", columns.len(), self.coordinates.len())?;
        columns.fill(JacobianColumn::default());
        let point = ws.point_in_world(frame, point_in_frame_m);
        let velocity = ws.point_velocity(frame, point_in_frame_m);
        self.add_axes(ws, frame, 1.0, columns, |state, along, turns| {
            let along_rate = state.angular.cross(along);
            if turns {
                let (arm, arm_rate) = (point - state.origin, velocity - state.linear);
                let linear = along_rate.cross(&arm) + along.cross(&arm_rate);
                JacobianColumn { linear, angular: along_rate }
            } else {
                JacobianColumn { linear: along_rate, angular: Vector3::zeros() }
            }
        });
        Ok(())
    }

    /// Moves q by the velocity q̇ held for `time_s`: q + q̇ t, and for ball joints the turn by the held angular velocity.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn drift(&self, q: &mut [f64], qd: &[f64], time_s: f64) -> Result<(), DynamicsError> {
        check_length("q", q.len(), self.position_count)?;
        check_length("qd", qd.len(), self.coordinates.len())?;
        self.drift_unchecked(q, qd, time_s);
        Ok(())
    }

    #[inline]
    pub(crate) fn drift_unchecked(&self, q: &mut [f64], qd: &[f64], time_s: f64) {
        if self.balls.is_empty() {
            for (position, rate) in q.iter_mut().zip(qd) {
                *position += time_s * rate;
            }
            return;
        }
        for (coordinate, rate) in self.coordinates.iter().zip(qd) {
            if let Some(place) = coordinate.position {
                q[place] += time_s * rate;
            }
        }
        for ball in &self.balls {
            let [x, y, z] = [0, 1, 2].map(|k| 0.5 * time_s * qd[ball.coordinate + k]);
            turn(&mut q[ball.position..ball.position + 4], x, y, z);
        }
    }

    /// The rates of the words of q at velocity q̇; of a quaternion, q ⊗ (ω/2).
    pub(crate) fn position_rates(&self, q: &[f64], qd: &[f64], rates: &mut [f64]) {
        for (coordinate, rate) in self.coordinates.iter().zip(qd) {
            if let Some(place) = coordinate.position {
                rates[place] = *rate;
            }
        }
        for ball in &self.balls {
            let [x, y, z] = [0, 1, 2].map(|k| 0.5 * qd[ball.coordinate + k]);
            let [qx, qy, qz, qw] = [0, 1, 2, 3].map(|k| q[ball.position + k]);
            rates[ball.position] = qw * x + qy * z - qz * y;
            rates[ball.position + 1] = qw * y + qz * x - qx * z;
            rates[ball.position + 2] = qw * z + qx * y - qy * x;
            rates[ball.position + 3] = -qx * x - qy * y - qz * z;
        }
    }

    /// Brings the quaternions of q to unit length.
    pub(crate) fn normalise(&self, q: &mut [f64]) {
        for ball in &self.balls {
            let quaternion = &mut q[ball.position..ball.position + 4];
            let length = quaternion.iter().map(|x| x * x).sum::<f64>().sqrt();
            quaternion.iter_mut().for_each(|word| *word /= length);
        }
    }

    fn check_quaternions(&self, q: &[f64]) -> Result<(), DynamicsError> {
        for ball in &self.balls {
            let quaternion = &q[ball.position..ball.position + 4];
            let squared: f64 = quaternion.iter().map(|x| x * x).sum();
            // Anything that integration or printing with three digits leaves; not a vector of zeros.
            if !(0.99..=1.01).contains(&squared) {
                let name = &self.coordinates[ball.coordinate].name;
                return Err(DynamicsError::Quaternion { coordinate: name.clone(), squared_length: squared });
            }
        }
        Ok(())
    }

    /// Adds to `effort` what a force (N) at a point (m) and a moment (N m), all in the world, do when they act on `frame`.
    ///
    /// # Errors
    /// `effort` is not as long as there are coordinates.
    ///
    /// # Panics
    /// If the frame is not one of this mechanism.
    pub fn add_wrench(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point_in_world_m: &Vector3<f64>,
        force_in_world_n: &Vector3<f64>,
        moment_in_world_nm: &Vector3<f64>,
        effort: &mut [f64],
    ) -> Result<(), DynamicsError> {
        check_length("the effort", effort.len(), self.coordinates.len())?;
        let mut i = frame.0;
        while i != 0 {
            let (joint, state) = (&self.frames[i], &ws.frames[i]);
            let along_z = match joint.motion {
                Motion::Revolute { .. } => {
                    moment_in_world_nm + (point_in_world_m - state.origin).cross(force_in_world_n)
                }
                Motion::Prismatic { .. } | Motion::Fixed => *force_in_world_n,
                Motion::Ball(ball) => {
                    let moment =
                        moment_in_world_nm + (point_in_world_m - state.origin).cross(force_in_world_n);
                    for (axis, out) in Axis::ALL.into_iter().zip(&mut effort[ball.coordinate..]) {
                        *out += state.axes.axis(axis).dot(&moment);
                    }
                    i = joint.parent;
                    continue;
                }
            };
            add_row(&joint.row, state.axes.z.dot(&along_z), effort);
            i = joint.parent;
        }
        Ok(())
    }
}

impl Workspace {
    /// Pose of a frame in the world.
    ///
    /// # Panics
    /// If the frame is not one of this workspace's mechanism.
    #[must_use]
    pub fn world_from_frame(&self, frame: FrameId) -> Isometry3<f64> {
        pose(&self.frames[frame.0].axes, &self.frames[frame.0].origin)
    }

    /// Velocity of a frame: that of its origin, and its angular velocity, in world axes.
    ///
    /// # Panics
    /// If the frame is not one of this workspace's mechanism.
    #[must_use]
    pub fn twist(&self, frame: FrameId) -> Twist {
        let state = &self.frames[frame.0];
        Twist { linear_mps: state.linear, angular_radps: state.angular }
    }

    /// Where a point fixed to a frame (in its coordinates, m) is in the world, m.
    ///
    /// # Panics
    /// If the frame is not one of this workspace's mechanism.
    #[must_use]
    pub fn point_in_world(&self, frame: FrameId, point_in_frame_m: &Vector3<f64>) -> Vector3<f64> {
        let state = &self.frames[frame.0];
        state.origin + state.axes.times(point_in_frame_m)
    }

    /// Velocity of a point fixed to a frame (in its coordinates, m), in world axes, m/s.
    ///
    /// # Panics
    /// If the frame is not one of this workspace's mechanism.
    #[must_use]
    pub fn point_velocity(&self, frame: FrameId, point_in_frame_m: &Vector3<f64>) -> Vector3<f64> {
        let state = &self.frames[frame.0];
        state.linear + state.angular.cross(&state.axes.times(point_in_frame_m))
    }
}

/// Multiplies a unit quaternion (x, y, z, w) from the right by the turn of half angle (x, y, z), and keeps its length.
fn turn(quaternion: &mut [f64], x: f64, y: f64, z: f64) {
    let &mut [qx, qy, qz, qw] = quaternion else { return };
    let half_angle = (x * x + y * y + z * z).sqrt();
    let (sin, c) = trocar_math::sin_cos(half_angle);
    // sin x / x to the last digit where the quotient would lose it.
    let s = if half_angle < 1e-4 { 1.0 - half_angle * half_angle / 6.0 } else { sin / half_angle };
    let (x, y, z) = (s * x, s * y, s * z);
    let product = [
        qw * x + qx * c + qy * z - qz * y,
        qw * y + qy * c + qz * x - qx * z,
        qw * z + qz * c + qx * y - qy * x,
        qw * c - qx * x - qy * y - qz * z,
    ];
    let length = product.iter().map(|part| part * part).sum::<f64>().sqrt();
    for (word, part) in quaternion.iter_mut().zip(product) {
        *word = part / length;
    }
}
