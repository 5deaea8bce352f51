//! What inverse dynamics found on its way: how the frames accelerate, and what each hands on to all that hangs on it.
//!
//! [`Mechanism::inverse_dynamics`] leaves both in the workspace (recursive Newton–Euler; Featherstone, *Rigid Body
//! Dynamics Algorithms*, 2008, chapter 5); they stand there until the workspace is used again.
//!
//! The wrench is that of the tree. A closed loop that is written as coupled rows (a parallelogram, a cable) has no cut in
//! the tree, so what its second branch would carry counts in the first. Inverse dynamics knows gravity and acceleration
//! only: [`Island::transmitted_wrench`] takes off what cuffs and contacts push on the subtree. A wrench that is applied from
//! outside is not yet taken off, and the parent transmits that much less.

use nalgebra::Vector3;

use crate::island::{Island, IslandWorkspace};
use crate::mechanism::{FrameId, Mechanism, Motion, Workspace};

/// Angular acceleration and the classical acceleration of a stated point, in world axes, gravity not in them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Acceleration {
    /// Second derivative of the point's place in the world, m/s².
    pub linear_mps2: Vector3<f64>,
    /// Derivative of the angular velocity, rad/s².
    pub angular_radps2: Vector3<f64>,
}

/// A force and a moment about a stated point, in world axes unless said otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Wrench {
    /// The force, N.
    pub force_n: Vector3<f64>,
    /// The moment about the point, N m.
    pub moment_nm: Vector3<f64>,
}

impl Island {
    /// As [`Mechanism::transmitted_wrench`], without what the island's connections pushed on the frame and all that hangs on
    /// it in the step that was last made.
    ///
    /// # Panics
    /// If the frame is not one of this island's mechanism.
    #[must_use]
    pub fn transmitted_wrench(
        &self,
        ws: &IslandWorkspace,
        frame: FrameId,
        point_in_frame_m: &Vector3<f64>,
    ) -> Wrench {
        let (mechanism, state) = (self.mechanism(), ws.mechanism());
        let mut wrench = mechanism.transmitted_wrench(state, frame, point_in_frame_m);
        let point_m = state.point_in_world(frame, point_in_frame_m);
        for (placed, acting) in self.connections.iter().zip(&ws.connections) {
            // Between two frames that both hang there it is their own affair.
            let sign = match (mechanism.carries(frame, placed.a), mechanism.carries(frame, placed.b)) {
                (false, true) => 1.0,
                (true, false) => -1.0,
                _ => continue,
            };
            let turn = state.world_from_frame(placed.a).rotation;
            let force_n = turn * acting.wrench_on_b.force_n * sign;
            let arm = state.point_in_world(placed.b, &Vector3::zeros()) - point_m;
            wrench.force_n -= force_n;
            wrench.moment_nm -= turn * acting.wrench_on_b.moment_nm * sign + arm.cross(&force_n);
        }
        wrench
    }
}

impl Mechanism {
    /// Whether one frame is the other or hangs on it.
    fn carries(&self, frame: FrameId, other: FrameId) -> bool {
        let mut at = other.0;
        loop {
            if at == frame.0 {
                return true;
            }
            if at == 0 {
                return false;
            }
            at = self.frames[at].parent;
        }
    }

    /// How a point fixed to `frame` (in the frame's coordinates, m) accelerates at the q, q̇ and q̈ of the last
    /// [`Mechanism::inverse_dynamics`].
    ///
    /// # Panics
    /// If the frame is not one of this mechanism.
    #[must_use]
    pub fn point_acceleration(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point_in_frame_m: &Vector3<f64>,
    ) -> Acceleration {
        let origin = self.origin_acceleration(ws, frame.0);
        let state = &ws.frames[frame.0];
        let arm = state.axes.times(point_in_frame_m);
        let (alpha, omega) = (origin.angular_radps2, state.angular);
        Acceleration {
            linear_mps2: origin.linear_mps2 + alpha.cross(&arm) + omega.cross(&omega.cross(&arm)),
            angular_radps2: alpha,
        }
    }

    /// What the parent of `frame` transmits across the frame's joint to all that hangs on it, about a point fixed to
    /// the frame (in its coordinates, m), at the motion of the last [`Mechanism::inverse_dynamics`]: Σ m (a − g) over the
    /// frame's body, its payloads and all frames beyond, and its moment. Of the base: what the mounting carries of all
    /// that moves. Nothing for a frame with no mass on it or beyond it.
    ///
    /// Its component along the axis of the frame's joint is what drive, friction and stops exert there together.
    ///
    /// # Panics
    /// If the frame is not one of this mechanism.
    #[must_use]
    pub fn transmitted_wrench(
        &self,
        ws: &Workspace,
        frame: FrameId,
        point_in_frame_m: &Vector3<f64>,
    ) -> Wrench {
        if frame != FrameId::BASE && !self.frames[frame.0].inertial {
            return Wrench { force_n: Vector3::zeros(), moment_nm: Vector3::zeros() };
        }
        let load = &ws.loads[frame.0];
        let arm = ws.frames[frame.0].axes.times(point_in_frame_m);
        Wrench { force_n: load.force, moment_nm: load.moment - arm.cross(&load.force) }
    }

    /// The acceleration of a frame's origin. Inverse dynamics visits only frames that carry mass; the others follow here
    /// from the nearest that does.
    fn origin_acceleration(&self, ws: &Workspace, index: usize) -> Acceleration {
        if index == 0 {
            return Acceleration { linear_mps2: Vector3::zeros(), angular_radps2: Vector3::zeros() };
        }
        let (frame, state) = (&self.frames[index], &ws.frames[index]);
        if frame.inertial {
            let load = &ws.loads[index];
            return Acceleration {
                linear_mps2: load.linear_acceleration + self.gravity,
                angular_radps2: load.angular_acceleration,
            };
        }
        let before = self.origin_acceleration(ws, frame.parent);
        let parent = &ws.frames[frame.parent];
        let mut angular = before.angular_radps2;
        let mut linear = before.linear_mps2
            + angular.cross(&state.arm)
            + parent.angular.cross(&parent.angular.cross(&state.arm));
        let z = &state.axes.z;
        match frame.motion {
            Motion::Fixed => {}
            Motion::Revolute { form, sign } => {
                let form = &ws.forms[form];
                angular += parent.angular.cross(z) * (sign * form.rate) + z * (sign * form.acceleration);
            }
            Motion::Prismatic { form, sign } => {
                let form = &ws.forms[form];
                linear += parent.angular.cross(z) * (2.0 * sign * form.rate) + z * (sign * form.acceleration);
            }
            Motion::Ball(ball) => {
                angular += parent.angular.cross(&(state.angular - parent.angular))
                    + state.axes.times(&ws.ball_accelerations[ball.place]);
            }
        }
        Acceleration { linear_mps2: linear, angular_radps2: angular }
    }
}
