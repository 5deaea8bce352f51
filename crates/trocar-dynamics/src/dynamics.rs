//! Mass matrix, bias, energies, and dynamics in both directions.
//!
//! Composite inertias and forces are kept in world axes about each frame's own origin and shifted to the parent's when
//! they are summed up the tree: a wrist of 1e-6 kg m² keeps its digits however far it is from the world's origin. The
//! algorithms are Featherstone's composite-rigid-body and recursive Newton–Euler (*Rigid Body Dynamics Algorithms*,
//! 2008, chapters 5 and 6), with each joint's result spread over the coordinates by its row of G.

use nalgebra::Vector3;

use crate::error::{DynamicsError, check_length};
use crate::factorisation;
use crate::mechanism::{
    FormValue, FrameLoad, FrameState, Mechanism, Motion, Term, WalkStep, Workspace, add_row, row_times,
};
use crate::spatial::RigidInertia;

impl Mechanism {
    /// M(q) and the bias (Coriolis, centrifugal, gravity), from the kinematics that the workspace holds.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn dynamics(&self, payload_mass_kg: &[f64], ws: &mut Workspace) -> Result<(), DynamicsError> {
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        self.collect_inertias(payload_mass_kg, ws);
        self.newton_euler::<false>(ws);
        self.composite_inertias(ws);
        self.fill_mass_matrix(ws);
        Ok(())
    }

    /// The efforts that gravity exerts: M q̈ = τ + `effort` + …, from the kinematics that the workspace holds.
    ///
    /// This is minus the gravity part of the bias, and minus the gradient of the potential energy.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn gravity(
        &self,
        payload_mass_kg: &[f64],
        ws: &mut Workspace,
        effort: &mut [f64],
    ) -> Result<(), DynamicsError> {
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        check_length("the effort", effort.len(), self.coordinates.len())?;
        self.collect_inertias(payload_mass_kg, ws);
        self.composite_inertias(ws);
        effort.fill(0.0);
        for walk in &self.walks {
            let (state, inertia) = (&ws.frames[walk.frame], &ws.loads[walk.frame].inertia);
            let load =
                if walk.turns { inertia.moment.cross(&self.gravity) } else { self.gravity * inertia.mass };
            let along = state.axes.axis(walk.axis).dot(&load);
            match self.frames[walk.frame].motion {
                Motion::Ball(ball) => effort[ball.coordinate + walk.axis as usize] += along,
                _ => add_row(&self.frames[walk.frame].row, along, effort),
            }
        }
        Ok(())
    }

    /// The efforts τ that produce q̈ at (q, q̇): τ = M q̈ + bias. Recomputes the kinematics.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn inverse_dynamics(
        &self,
        q: &[f64],
        qd: &[f64],
        qdd: &[f64],
        payload_mass_kg: &[f64],
        ws: &mut Workspace,
        effort: &mut [f64],
    ) -> Result<(), DynamicsError> {
        check_length("qdd", qdd.len(), self.coordinates.len())?;
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        check_length("the effort", effort.len(), self.coordinates.len())?;
        self.kinematics(q, qd, ws)?;
        for (form, value) in self.forms.iter().zip(&mut ws.forms) {
            value.acceleration = row_times(&form.row, qdd);
        }
        for (ball, value) in self.balls.iter().zip(&mut ws.ball_accelerations) {
            *value = Vector3::from_fn(|k, _| qdd[ball.coordinate + k]);
        }
        self.collect_inertias(payload_mass_kg, ws);
        self.newton_euler::<true>(ws);
        effort.copy_from_slice(&ws.bias);
        for rotor in &self.rotors {
            add_row(&rotor.row, rotor.inertia * row_times(&rotor.row, qdd), effort);
        }
        Ok(())
    }

    /// The accelerations that the efforts τ produce at (q, q̇). Leaves M and the bias in the workspace.
    ///
    /// # Errors
    /// A slice of the wrong length; a mass matrix that is not positive definite; an acceleration that is not finite.
    pub fn forward_dynamics(
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
        self.kinematics(q, qd, ws)?;
        self.dynamics(payload_mass_kg, ws)?;
        for ((out, &tau), &bias) in qdd.iter_mut().zip(effort).zip(&ws.bias) {
            *out = tau - bias;
        }
        ws.factored.copy_from_slice(&ws.mass);
        factorisation::factor(&mut ws.factored, n, &mut ws.scratch)
            .map_err(|pivot| self.failed_pivot(pivot, q))?;
        factorisation::solve(&ws.factored, n, qdd);
        self.check_finite("the acceleration", qdd)
    }

    /// Kinetic energy of links, payloads and rotors, J, from the kinematics that the workspace holds.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn kinetic_energy(
        &self,
        qd: &[f64],
        payload_mass_kg: &[f64],
        ws: &Workspace,
    ) -> Result<f64, DynamicsError> {
        check_length("qd", qd.len(), self.coordinates.len())?;
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        let mut energy = 0.0;
        for (frame, state) in self.frames.iter().zip(&ws.frames).skip(1) {
            if let Some(body) = &frame.body {
                let turning = state.axes.transpose_times(&state.angular);
                let moving = state.axes.transpose_times(&state.linear);
                energy += 0.5 * body.mass * moving.norm_squared()
                    + moving.dot(&turning.cross(&body.moment))
                    + 0.5 * turning.dot(&body.about.times(&turning));
            }
        }
        for (payload, mass) in self.payloads.iter().zip(payload_mass_kg) {
            let velocity = ws.point_velocity(crate::FrameId(payload.frame), &payload.point);
            energy += 0.5 * mass * velocity.norm_squared();
        }
        for rotor in &self.rotors {
            let rate = row_times(&rotor.row, qd);
            energy += 0.5 * rotor.inertia * rate * rate;
        }
        Ok(energy)
    }

    /// Potential energy of links (the base excepted) and payloads in gravity, J, zero at the world's origin.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn potential_energy(&self, payload_mass_kg: &[f64], ws: &Workspace) -> Result<f64, DynamicsError> {
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        let mut energy = 0.0;
        for (frame, state) in self.frames.iter().zip(&ws.frames).skip(1) {
            if let Some(body) = &frame.body {
                energy -= self.gravity.dot(&(state.origin * body.mass + state.axes.times(&body.moment)));
            }
        }
        for (payload, mass) in self.payloads.iter().zip(payload_mass_kg) {
            energy -=
                mass * self.gravity.dot(&ws.point_in_world(crate::FrameId(payload.frame), &payload.point));
        }
        Ok(energy)
    }

    pub(crate) fn failed_pivot(&self, pivot: usize, q: &[f64]) -> DynamicsError {
        if q.iter().any(|word| !word.is_finite()) {
            return DynamicsError::NotFinite { what: "a position".to_owned() };
        }
        let coordinate = self.coordinates.get(pivot).map_or_else(String::new, |own| own.name.clone());
        DynamicsError::FailedPivot { coordinate, q: q.to_vec() }
    }

    pub(crate) fn check_finite(&self, what: &str, values: &[f64]) -> Result<(), DynamicsError> {
        match values.iter().zip(&self.coordinates).find(|(value, _)| !value.is_finite()) {
            Some((_, own)) => Err(DynamicsError::NotFinite { what: format!("{what} of {}", own.name) }),
            None => Ok(()),
        }
    }

    /// Each frame's own inertia in world axes about its origin.
    pub(crate) fn collect_inertias(&self, payload_mass_kg: &[f64], ws: &mut Workspace) {
        for ((frame, state), load) in self.frames.iter().zip(&ws.frames).zip(&mut ws.loads).skip(1) {
            load.inertia = match &frame.body {
                Some(body) => body.rotated(&state.axes),
                None => RigidInertia::default(),
            };
        }
        for (payload, &mass) in self.payloads.iter().zip(payload_mass_kg) {
            let at = ws.frames[payload.frame].axes.times(&payload.point);
            ws.loads[payload.frame].inertia.add_point(mass, &at);
        }
    }

    /// Efforts into `ws.bias`, from own inertias; with `ACCELERATING` the forms' accelerations take part.
    #[inline]
    fn newton_euler<const ACCELERATING: bool>(&self, ws: &mut Workspace) {
        let (forms, frames, loads, bias): (&[FormValue], &[FrameState], &mut [FrameLoad], &mut [f64]) =
            (&ws.forms, &ws.frames, &mut ws.loads, &mut ws.bias);
        loads[0] = FrameLoad { linear_acceleration: -self.gravity, ..FrameLoad::default() };
        for (i, frame) in self.frames.iter().enumerate().skip(1) {
            if !frame.inertial {
                continue;
            }
            let (done, rest) = loads.split_at_mut(i);
            let (before, load) = (&done[frame.parent], &mut rest[0]);
            let (parent, state) = (&frames[frame.parent], &frames[i]);
            let mut angular = before.angular_acceleration;
            let mut linear = before.linear_acceleration
                + angular.cross(&state.arm)
                + parent.angular.cross(&parent.angular.cross(&state.arm));
            match frame.motion {
                Motion::Fixed => {}
                Motion::Revolute { form, sign } => {
                    let (z, form) = (&state.axes.z, &forms[form]);
                    angular += parent.angular.cross(z) * (sign * form.rate);
                    if ACCELERATING {
                        angular += z * (sign * form.acceleration);
                    }
                }
                Motion::Prismatic { form, sign } => {
                    let (z, form) = (&state.axes.z, &forms[form]);
                    linear += parent.angular.cross(z) * (2.0 * sign * form.rate);
                    if ACCELERATING {
                        linear += z * (sign * form.acceleration);
                    }
                }
                Motion::Ball(ball) => {
                    angular += parent.angular.cross(&(state.angular - parent.angular));
                    if ACCELERATING {
                        angular += state.axes.times(&ws.ball_accelerations[ball.place]);
                    }
                }
            }
            load.angular_acceleration = angular;
            load.linear_acceleration = linear;
            let (own, turning) = (&load.inertia, &state.angular);
            load.force =
                linear * own.mass + angular.cross(&own.moment) + turning.cross(&turning.cross(&own.moment));
            load.moment = own.about.times(&angular)
                + turning.cross(&own.about.times(turning))
                + own.moment.cross(&linear);
        }
        bias.fill(0.0);
        for (i, frame) in self.frames.iter().enumerate().skip(1).rev() {
            if !frame.inertial {
                continue;
            }
            let (before, rest) = loads.split_at_mut(i);
            let (parent, load, state) = (&mut before[frame.parent], &rest[0], &frames[i]);
            match frame.motion {
                Motion::Fixed => {}
                Motion::Revolute { .. } => add_row(&frame.row, state.axes.z.dot(&load.moment), &mut *bias),
                Motion::Prismatic { .. } => add_row(&frame.row, state.axes.z.dot(&load.force), &mut *bias),
                Motion::Ball(ball) => {
                    let own = state.axes.transpose_times(&load.moment);
                    for (effort, part) in bias[ball.coordinate..].iter_mut().zip(&own) {
                        *effort += part;
                    }
                }
            }
            parent.force += load.force;
            parent.moment += load.moment + state.arm.cross(&load.force);
        }
    }

    /// Sums the inertias up the tree.
    #[inline]
    fn composite_inertias(&self, ws: &mut Workspace) {
        for (i, frame) in self.frames.iter().enumerate().skip(1).rev() {
            if frame.inertial && frame.parent != 0 {
                let (before, rest) = ws.loads.split_at_mut(i);
                before[frame.parent].inertia.add_shifted(&rest[0].inertia, &ws.frames[i].arm);
            }
        }
    }

    #[inline]
    fn fill_mass_matrix(&self, ws: &mut Workspace) {
        let n = self.coordinates.len();
        // Slices of their own: a write to one cannot have moved another.
        let (frames, loads, mass): (&[FrameState], &[FrameLoad], &mut [f64]) =
            (&ws.frames, &ws.loads, &mut ws.mass);
        let (steps, terms): (&[WalkStep], &[Term]) = (&self.steps, &self.terms);
        mass.copy_from_slice(&self.rotor_mass);
        for walk in &self.walks {
            let z = frames[walk.frame].axes.axis(walk.axis);
            let inertia = &loads[walk.frame].inertia;
            // The wrench about the joint's origin that accelerates all beyond it at unit joint acceleration.
            let (force, mut moment) = if walk.turns {
                (z.cross(&inertia.moment), inertia.about.times(z))
            } else {
                (z * inertia.mass, inertia.moment.cross(z))
            };
            let own = z.dot(if walk.turns { &moment } else { &force });
            for term in &terms[walk.own_terms.clone()] {
                mass[term.entry] += term.coefficient * own;
            }
            for step in &steps[walk.steps.clone()] {
                moment += frames[step.crossed].arm.cross(&force);
                let met: &Vector3<f64> = frames[step.met].axes.axis(step.axis);
                let shared = met.dot(if step.turns { &moment } else { &force });
                mass[step.first.entry] += step.first.coefficient * shared;
                for term in &terms[step.others.clone()] {
                    mass[term.entry] += term.coefficient * shared;
                }
            }
        }
        for i in 0..n {
            for j in 0..i {
                mass[j * n + i] = mass[i * n + j];
            }
        }
    }
}
