//! Where the frames are, how they move, and how efforts and motions at a point relate to the coordinates.

use nalgebra::{Isometry3, Vector3};

use crate::error::{DynamicsError, check_length};
use crate::mechanism::{FrameId, Mechanism, Motion, Workspace, add_row, pose, row_times};

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
    /// A slice of the wrong length.
    pub fn kinematics(&self, q: &[f64], qd: &[f64], ws: &mut Workspace) -> Result<(), DynamicsError> {
        check_length("q", q.len(), self.coordinates.len())?;
        check_length("qd", qd.len(), self.coordinates.len())?;
        for (form, value) in self.forms.iter().zip(&mut ws.forms) {
            value.value = row_times(&form.row, q);
            value.rate = row_times(&form.row, qd);
            if form.turns {
                (value.sin, value.cos) = trocar_math::sin_cos(value.value);
            }
        }
        ws.frames[0].axes = self.base_axes;
        ws.frames[0].origin = self.base_origin;
        for (i, frame) in self.frames.iter().enumerate().skip(1) {
            let (done, rest) = ws.frames.split_at_mut(i);
            let parent = &done[frame.parent];
            let mut axes = parent.axes.compose(&frame.axes);
            let mut arm = parent.axes.times(&frame.offset);
            let mut angular = parent.angular;
            let mut sliding = Vector3::zeros();
            match frame.motion {
                Motion::Fixed => {}
                Motion::Revolute { form, sign } => {
                    let form = &ws.forms[form];
                    axes = axes.turned((sign * form.sin, form.cos));
                    angular += axes.z * (sign * form.rate);
                }
                Motion::Prismatic { form, sign } => {
                    let form = &ws.forms[form];
                    arm += axes.z * (sign * form.value);
                    sliding = axes.z * (sign * form.rate);
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
        let point = ws.point_in_world(frame, point_in_frame_m);
        let mut i = frame.0;
        while i != 0 {
            let (joint, state) = (&self.frames[i], &ws.frames[i]);
            let z = state.axes.z;
            let (linear, angular) = match joint.motion {
                Motion::Revolute { .. } => (z.cross(&(point - state.origin)), z),
                Motion::Prismatic { .. } | Motion::Fixed => (z, Vector3::zeros()),
            };
            for &(k, coefficient) in &joint.row {
                columns[k].linear += linear * coefficient;
                columns[k].angular += angular * coefficient;
            }
            i = joint.parent;
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
