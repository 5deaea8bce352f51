//! Forward dynamics by the articulated-body algorithm, for trees whose joints each move by a coordinate of their own.
//!
//! Featherstone, *Rigid Body Dynamics Algorithms* (2008), chapter 7, with accelerations of frame origins in the ordinary
//! (not the spatial) sense and everything in world axes. It shares kinematics and own inertias with the main path, which
//! factors the mass matrix, and nothing else: each is the other's check.

use nalgebra::{Matrix3, Vector3};

use crate::error::{DynamicsError, check_length};
use crate::factorisation;
use crate::mechanism::{Frame, Mechanism, Motion, Workspace};
use crate::spatial::{Axis, RigidInertia, Symmetric3};

/// Angular part, then linear part, in world axes: a moment and a force, or an angular and a linear acceleration.
#[derive(Clone, Copy, Debug)]
struct Pair {
    angular: Vector3<f64>,
    linear: Vector3<f64>,
}

impl Pair {
    const ZERO: Self = Self { angular: Vector3::new(0.0, 0.0, 0.0), linear: Vector3::new(0.0, 0.0, 0.0) };

    fn dot(&self, o: &Self) -> f64 {
        self.angular.dot(&o.angular) + self.linear.dot(&o.linear)
    }

    fn plus(&self, o: &Self, factor: f64) -> Self {
        Self { angular: self.angular + o.angular * factor, linear: self.linear + o.linear * factor }
    }
}

/// The 6 × 6 inertia that an acceleration of a frame feels, about its origin: \[turning, mixed; mixedᵀ, moving\].
#[derive(Clone, Copy, Debug)]
struct ArticulatedInertia {
    turning: Matrix3<f64>,
    mixed: Matrix3<f64>,
    moving: Matrix3<f64>,
}

impl ArticulatedInertia {
    fn of(body: &RigidInertia) -> Self {
        let Symmetric3 { xx, xy, xz, yy, yz, zz } = body.about;
        Self {
            turning: Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz),
            mixed: body.moment.cross_matrix(),
            moving: Matrix3::identity() * body.mass,
        }
    }

    fn times(&self, motion: &Pair) -> Pair {
        Pair {
            angular: self.turning * motion.angular + self.mixed * motion.linear,
            linear: self.mixed.tr_mul(&motion.angular) + self.moving * motion.linear,
        }
    }

    /// Takes away u vᵀ.
    fn subtract_outer(&mut self, u: &Pair, v: &Pair) {
        self.turning -= u.angular * v.angular.transpose();
        self.mixed -= u.angular * v.linear.transpose();
        self.moving -= u.linear * v.linear.transpose();
    }

    /// Adds what is known about a point that lies at `arm`.
    fn add_shifted(&mut self, o: &Self, arm: &Vector3<f64>) {
        let shift = arm.cross_matrix();
        let mixed = o.mixed + shift * o.moving;
        self.turning += o.turning - mixed * shift + shift * o.mixed.transpose();
        self.mixed += mixed;
        self.moving += o.moving;
    }
}

/// A joint as the algorithm meets it on the way to the base.
struct Joint {
    /// Coordinates, the first of them, and how many.
    first: usize,
    count: usize,
    /// Unit motions in world axes, and the inertia's answer to them.
    motions: [Pair; 3],
    answers: [Pair; 3],
    /// Factored (SᵀIS + rotor) and the efforts left over for it.
    pivots: [f64; 9],
    efforts: [f64; 3],
}

impl Mechanism {
    /// The accelerations that the efforts τ produce at (q, q̇), as [`Self::forward_dynamics`], in time linear in the number
    /// of joints. Allocates; meant for checks and for tools.
    ///
    /// # Errors
    /// A slice of the wrong length; a joint or rotor that moves by more than one coordinate, or a coordinate that moves
    /// more than one joint; a joint that moves nothing with inertia.
    pub fn forward_dynamics_articulated(
        &self,
        q: &[f64],
        qd: &[f64],
        effort: &[f64],
        payload_mass_kg: &[f64],
        ws: &mut Workspace,
        qdd: &mut [f64],
    ) -> Result<(), DynamicsError> {
        let n = self.coordinates.len();
        check_length("the effort", effort.len(), n)?;
        check_length("qdd", qdd.len(), n)?;
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        let rotor_inertia = self.uncoupled_rotors()?;
        self.kinematics(q, qd, ws)?;
        self.collect_inertias(payload_mass_kg, ws);

        let count = self.frames.len();
        let mut inertias: Vec<ArticulatedInertia> = Vec::with_capacity(count);
        let mut biases = Vec::with_capacity(count);
        for (state, load) in ws.frames.iter().zip(&ws.loads) {
            let (own, turning) = (&load.inertia, &state.angular);
            inertias.push(ArticulatedInertia::of(own));
            biases.push(Pair {
                angular: turning.cross(&own.about.times(turning)),
                linear: turning.cross(&turning.cross(&own.moment)),
            });
        }
        // The base itself has no part: its load is unset.
        biases[0] = Pair::ZERO;
        let mut joints: Vec<Option<Joint>> = (0..count).map(|_| None).collect();
        for i in (1..count).rev() {
            let frame = &self.frames[i];
            if !frame.inertial {
                continue;
            }
            let (mut inertia, mut bias) = (inertias[i], biases[i]);
            let drift = self.velocity_product(i, ws);
            if let Some(mut joint) = self.joint(i, ws) {
                let m = joint.count;
                for k in 0..m {
                    // The effort on the joint's own variable, less what the bodies beyond it need at no acceleration.
                    joint.efforts[k] =
                        effort[joint.first + k] / joint.coefficient(frame) - joint.motions[k].dot(&bias);
                }
                for a in 0..m {
                    joint.answers[a] = inertia.times(&joint.motions[a]);
                    for b in 0..m {
                        joint.pivots[a * m + b] = joint.motions[b].dot(&joint.answers[a]);
                    }
                    let coefficient = joint.coefficient(frame);
                    joint.pivots[a * m + a] += rotor_inertia[joint.first + a] / (coefficient * coefficient);
                }
                factorisation::factor(&mut joint.pivots[..m * m], m, &mut [0.0; 3])
                    .map_err(|pivot| self.failed_pivot(joint.first + pivot, q))?;
                bias = bias.plus(&inertia.times(&drift), 1.0);
                let mut left = joint.efforts;
                for (a, answer) in joint.answers[..m].iter().enumerate() {
                    // The inertia's answer to the drift is taken out of what the joint lets through.
                    left[a] -= answer.dot(&drift);
                }
                factorisation::solve(&joint.pivots[..m * m], m, &mut left[..m]);
                let answers = joint.answers;
                for a in 0..m {
                    bias = bias.plus(&answers[a], left[a]);
                    let mut share = [0.0; 3];
                    share[a] = 1.0;
                    factorisation::solve(&joint.pivots[..m * m], m, &mut share[..m]);
                    let through = (0..m).fold(Pair::ZERO, |sum, b| sum.plus(&answers[b], share[b]));
                    inertia.subtract_outer(&answers[a], &through);
                }
                joints[i] = Some(joint);
            } else {
                bias = bias.plus(&inertia.times(&drift), 1.0);
            }
            let (parent, arm) = (frame.parent, ws.frames[i].arm);
            inertias[parent].add_shifted(&inertia, &arm);
            biases[parent].linear += bias.linear;
            biases[parent].angular += bias.angular + arm.cross(&bias.linear);
        }
        let mut accelerations = vec![Pair::ZERO; count];
        accelerations[0].linear = -self.gravity;
        for i in 1..count {
            let frame = &self.frames[i];
            if !frame.inertial {
                continue;
            }
            let above = accelerations[frame.parent];
            let drift = self.velocity_product(i, ws);
            let mut here = Pair {
                angular: above.angular + drift.angular,
                linear: above.linear + above.angular.cross(&ws.frames[i].arm) + drift.linear,
            };
            if let Some(joint) = &joints[i] {
                let m = joint.count;
                let mut own = joint.efforts;
                for (value, answer) in own[..m].iter_mut().zip(&joint.answers) {
                    *value -= answer.dot(&here);
                }
                factorisation::solve(&joint.pivots[..m * m], m, &mut own[..m]);
                for (k, value) in own[..m].iter().enumerate() {
                    here = here.plus(&joint.motions[k], *value);
                    qdd[joint.first + k] = value / joint.coefficient(frame);
                }
            }
            accelerations[i] = here;
        }
        self.check_finite("the acceleration", qdd)
    }

    /// The rotor inertia on each coordinate.
    fn uncoupled_rotors(&self) -> Result<Vec<f64>, DynamicsError> {
        let n = self.coordinates.len();
        let mut users = vec![0; n];
        for frame in &self.frames {
            let is_ball = matches!(frame.motion, Motion::Ball(_));
            if frame.row.len() > 1 && !is_ball {
                return Err(DynamicsError::Coupled { what: format!("frame {:?}", frame.name) });
            }
            for &(k, _) in &frame.row {
                users[k] += 1;
                if users[k] > 1 {
                    let name = &self.coordinates[k].name;
                    return Err(DynamicsError::Coupled { what: format!("coordinate {name:?}") });
                }
            }
        }
        let mut inertia = vec![0.0; n];
        for rotor in &self.rotors {
            match *rotor.row {
                [] => {}
                [(k, c)] if users[k] == 1 => inertia[k] += rotor.inertia * c * c,
                _ => return Err(DynamicsError::Coupled { what: "a rotor".to_owned() }),
            }
        }
        Ok(inertia)
    }

    /// The part of a frame's acceleration that comes from velocities in its joint alone.
    fn velocity_product(&self, i: usize, ws: &Workspace) -> Pair {
        let frame = &self.frames[i];
        let (parent, state) = (&ws.frames[frame.parent], &ws.frames[i]);
        let mut product = Pair {
            angular: parent.angular.cross(&(state.angular - parent.angular)),
            linear: parent.angular.cross(&parent.angular.cross(&state.arm)),
        };
        if let Motion::Prismatic { form, sign } = frame.motion {
            product.linear += parent.angular.cross(&state.axes.z) * (2.0 * sign * ws.forms[form].rate);
        }
        product
    }

    fn joint(&self, i: usize, ws: &Workspace) -> Option<Joint> {
        let (frame, axes) = (&self.frames[i], &ws.frames[i].axes);
        let turning = |axis| Pair { angular: *axes.axis(axis), linear: Vector3::zeros() };
        let (first, count, motions) = match frame.motion {
            Motion::Fixed => return None,
            Motion::Ball(ball) => (ball.coordinate, 3, Axis::ALL.map(turning)),
            Motion::Revolute { .. } => (frame.row[0].0, 1, [turning(Axis::Z); 3]),
            Motion::Prismatic { .. } => {
                let sliding = Pair { angular: Vector3::zeros(), linear: axes.z };
                (frame.row[0].0, 1, [sliding; 3])
            }
        };
        let none = [Pair::ZERO; 3];
        Some(Joint { first, count, motions, answers: none, pivots: [0.0; 9], efforts: [0.0; 3] })
    }
}

impl Joint {
    /// Joint variable per coordinate.
    fn coefficient(&self, frame: &Frame) -> f64 {
        if self.count == 1 { frame.row[0].1 } else { 1.0 }
    }
}
