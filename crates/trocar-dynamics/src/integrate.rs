//! The two integrators of an island.

use crate::active_set::{self, Failure, Problem};
use crate::element::Stage;
use crate::error::DynamicsError;
use crate::floating::WORD_NAMES;
use crate::island::{Island, IslandInputs, IslandWorkspace, StateWords};
use crate::mechanism::{add_row, row_times};
use crate::stiffness::spring_share;

impl Island {
    /// Drift half a step, kick, drift half a step.
    ///
    /// The kick solves M(q_mid) a = −bias(q_mid, v_mid) + wrenches + Σ elements, where the elements' mean forces depend on
    /// the mean velocity v + (h/2) a and so enter the matrix, and v_mid of the bias alone is extrapolated from the last
    /// two accelerations (which are those of the middles of the last two steps).
    pub(crate) fn leapfrog(
        &self,
        state: &mut [f64],
        inputs: &IslandInputs<'_>,
        step_s: f64,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        let half = 0.5 * step_s;
        self.collect_laws(state, inputs, step_s, &mut ws.acting)?;
        let mut words = self.split(state);
        let had_history = *words.has_history != 0.0;
        ws.q.copy_from_slice(words.q);
        if had_history {
            // The mean over the first half step is the acceleration at its middle, ¾ of a step after the last known one.
            for (mid, ((v, last), before)) in
                ws.v.iter_mut().zip(words.v.iter().zip(&*words.last).zip(&*words.before))
            {
                *mid = v + half * (1.75 * last - 0.75 * before);
            }
            ws.acceleration.copy_from_slice(words.last);
        } else {
            // No history yet: the acceleration now stands in for the previous ones.
            ws.v.copy_from_slice(words.v);
            ws.acceleration.fill(0.0);
            self.kick(inputs, step_s, &words, ws)?;
            for (mid, (v, now)) in ws.v.iter_mut().zip(words.v.iter().zip(&ws.acceleration)) {
                *mid = v + half * now;
            }
        }
        self.mechanism.drift_unchecked(&mut ws.q, words.v, half);
        self.kick(inputs, step_s, &words, ws)?;
        self.mechanism.check_finite("the acceleration", &ws.acceleration)?;

        let elements = self.elements.iter().zip(&self.position_rows).zip(&self.square_frequencies);
        for (((placed, position_row), square), acting) in elements.zip(&ws.acting) {
            if placed.state.is_empty() {
                continue;
            }
            let stage = Stage {
                position: row_times(position_row, words.q),
                rate: acting.rate,
                step_s,
                spring_share: spring_share(step_s * step_s * square),
            };
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            // An element's motion was read above; its words are changed only here.
            let own = &mut words.elements[placed.state.clone()];
            placed.element.settle(&stage, acting.mean_rate, own_inputs, own);
        }
        for ((placed, acting), square) in
            self.connections.iter().zip(&mut ws.connections).zip(&self.square_frequencies_of_connections)
        {
            if placed.connection.is_linear() {
                let shares = shares(step_s, *square);
                acting.wrench_on_b = acting.linear_result(placed, shares, &ws.acceleration);
            }
            if !placed.state.is_empty() {
                let own = &mut words.elements[placed.state.clone()];
                let own_inputs = &inputs.elements[placed.inputs.clone()];
                acting.settle(placed, &ws.acceleration, step_s, own_inputs, own);
            }
        }
        words.q.copy_from_slice(&ws.q);
        for (v, acceleration) in words.v.iter_mut().zip(&ws.acceleration) {
            *v += step_s * acceleration;
        }
        if !self.floating.is_empty() {
            self.keep_momentum(step_s, had_history, &mut words, ws)?;
        }
        self.mechanism.drift_unchecked(words.q, words.v, half);
        words.before.copy_from_slice(if had_history { words.last } else { &ws.acceleration });
        words.last.copy_from_slice(&ws.acceleration);
        *words.has_history = 1.0;
        Ok(())
    }

    /// Corrects the velocities at the step's end so that floating trees keep their momentum.
    #[inline(never)]
    fn keep_momentum(
        &self,
        step_s: f64,
        had_history: bool,
        words: &mut StateWords<'_>,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        for (mid, (v, acceleration)) in ws.v.iter_mut().zip(words.v.iter().zip(&ws.acceleration)) {
            *mid = v - 0.5 * step_s * acceleration;
        }
        for (root, own) in self.floating.iter().zip(words.floating.chunks_exact_mut(WORD_NAMES.len())) {
            let (middle, time) = ((&*ws.v, &*ws.acceleration), (step_s, had_history));
            root.correct(&self.mechanism, &ws.mechanism, middle, time, own, words.v)
                .map_err(|pivot| self.mechanism.failed_pivot(pivot, &ws.q))?;
        }
        Ok(())
    }

    /// Solves for the acceleration at `ws.q` with the bias of `ws.v`; `ws.acceleration` holds the guess on entry.
    fn kick(
        &self,
        inputs: &IslandInputs<'_>,
        step_s: f64,
        words: &StateWords<'_>,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        self.mechanism.kinematics(&ws.q, &ws.v, &mut ws.mechanism)?;
        self.mechanism.dynamics(inputs.payload_mass_kg, &mut ws.mechanism)?;
        for (load, bias) in ws.load.iter_mut().zip(ws.mechanism.bias()) {
            *load = -bias;
        }
        self.add_wrenches(inputs, ws)?;
        ws.stiffening.fill(0.0);
        if !self.connections.is_empty() {
            self.add_connections(inputs, step_s, words, ws)?;
        }
        self.add_fields(step_s, ws)?;
        let problem = Problem {
            n: self.mechanism.coordinate_count(),
            half_step: 0.5 * step_s,
            mass: &ws.mechanism.mass,
            load: &ws.load,
            rows: &self.rows,
            stiffening: &ws.stiffening,
            connections: &self.connections,
            inputs: inputs.elements,
            words: words.elements,
        };
        let (acting, connections) = (&mut ws.acting, &mut ws.connections);
        active_set::solve(&problem, acting, connections, &mut ws.acceleration, &mut ws.scratch).map_err(
            |failure| match failure {
                Failure::Pivot(pivot) => self.mechanism.failed_pivot(pivot, &ws.q),
                Failure::NoConvergence(iterations) => DynamicsError::NoConvergence { iterations },
                Failure::NotFinite(connection) => self.undefined_force(connection),
            },
        )
    }

    #[cold]
    fn undefined_force(&self, connection: usize) -> DynamicsError {
        DynamicsError::NotFinite { what: format!("the force of {}", self.connections[connection].name) }
    }

    /// Places the connections at the pose of the workspace. The forces of the linear ones at the velocity of the step's
    /// start are added to the load, and their share to the matrix: damping by half a step, stiffness as that of a spring.
    #[inline(never)]
    fn add_connections(
        &self,
        inputs: &IslandInputs<'_>,
        step_s: f64,
        words: &StateWords<'_>,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        let n = self.mechanism.coordinate_count();
        let connections = self.connections.iter().zip(&mut ws.connections);
        for (place, ((placed, acting), square)) in
            connections.zip(&self.square_frequencies_of_connections).enumerate()
        {
            acting.place(placed, &self.mechanism, &ws.mechanism, words.v, &mut ws.columns);
            let own = &words.elements[placed.state.clone()];
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            acting.prepare(placed, &ws.v, step_s, own_inputs, own);
            if !placed.connection.is_linear() {
                continue;
            }
            acting.law = acting.law_at(placed, &Default::default(), step_s, own_inputs, own);
            if !acting.law.is_finite() {
                return Err(self.undefined_force(place));
            }
            acting.add_effort(placed, &acting.law.wrench_on_b, &mut ws.load);
            acting.add_product(placed, shares(step_s, *square), n, &mut ws.stiffening);
        }
        Ok(())
    }

    /// Efforts of the joint fields at the pose of the workspace, and the share of what holds each joint by itself in the
    /// matrix: a quarter of h² k, which is stable at any step.
    fn add_fields(&self, step_s: f64, ws: &mut IslandWorkspace) -> Result<(), DynamicsError> {
        let n = self.mechanism.coordinate_count();
        for placed in &self.fields {
            let (efforts, stiffness) = placed.evaluate(&ws.q, &mut ws.field);
            if !(efforts.iter().chain(stiffness).sum::<f64>()).is_finite() {
                return Err(DynamicsError::NotFinite { what: format!("the force of {}", placed.name) });
            }
            for ((&k, effort), own) in placed.coordinates.iter().zip(efforts).zip(stiffness) {
                ws.load[k] += *effort;
                ws.stiffening[k * n + k] += 0.25 * step_s * step_s * trocar_math::max(*own, 0.0);
            }
        }
        Ok(())
    }

    fn add_wrenches(&self, inputs: &IslandInputs<'_>, ws: &mut IslandWorkspace) -> Result<(), DynamicsError> {
        for wrench in inputs.wrenches {
            let point = ws.mechanism.point_in_world(wrench.frame, &wrench.point_in_frame_m);
            let (force, moment) = (&wrench.force_in_world_n, &wrench.moment_in_world_nm);
            self.mechanism.add_wrench(&ws.mechanism, wrench.frame, &point, force, moment, &mut ws.load)?;
        }
        Ok(())
    }

    /// Classic Runge–Kutta over q, v and the elements' words.
    pub(crate) fn runge_kutta(
        &self,
        state: &mut [f64],
        inputs: &IslandInputs<'_>,
        step_s: f64,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        let motion = self.mechanism.position_count() + self.mechanism.coordinate_count();
        let first_word = self.first_element_word();
        let [mut at, mut rates, mut sum] = std::mem::take(&mut ws.stages);
        let gather = |out: &mut [f64]| {
            out[..motion].copy_from_slice(&state[..motion]);
            out[motion..].copy_from_slice(&state[first_word..]);
        };
        let mut evaluate = || -> Result<(), DynamicsError> {
            sum.fill(0.0);
            gather(&mut at);
            for (weight, next) in [(1.0, Some(0.5)), (2.0, Some(0.5)), (2.0, Some(1.0)), (1.0, None)] {
                self.rates(&at, inputs, &mut rates, ws)?;
                for (total, rate) in sum.iter_mut().zip(&rates) {
                    *total += weight * rate;
                }
                if let Some(share) = next {
                    gather(&mut at);
                    for (value, rate) in at.iter_mut().zip(&rates) {
                        *value += share * step_s * rate;
                    }
                }
            }
            if sum.iter().all(|total| total.is_finite()) {
                Ok(())
            } else {
                Err(DynamicsError::NotFinite { what: "a rate of the state".to_owned() })
            }
        };
        let result = evaluate();
        if result.is_ok() {
            for (k, total) in sum.iter().enumerate() {
                let word = if k < motion { k } else { first_word + k - motion };
                state[word] += step_s / 6.0 * total;
            }
            let words = self.split(state);
            self.mechanism.normalise(words.q);
            words.last.fill(0.0);
            words.before.fill(0.0);
            *words.has_history = 0.0;
        }
        ws.stages = [at, rates, sum];
        result
    }

    /// Rates of q, v and the elements' words, laid out in this order.
    fn rates(
        &self,
        at: &[f64],
        inputs: &IslandInputs<'_>,
        rates: &mut [f64],
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        let (positions, n) = (self.mechanism.position_count(), self.mechanism.coordinate_count());
        let (q, rest) = at.split_at(positions);
        let (v, words) = rest.split_at(n);
        self.mechanism.kinematics(q, v, &mut ws.mechanism)?;
        ws.load.fill(0.0);
        for ((placed, row), position_row) in self.elements.iter().zip(&self.rows).zip(&self.position_rows) {
            let own = &words[placed.state.clone()];
            let own_rates = &mut rates[positions + n..][placed.state.clone()];
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            let (position, rate) = (row_times(position_row, q), row_times(row, v));
            let force = placed.element.rates(position, rate, own_inputs, own, own_rates);
            add_row(row, force, &mut ws.load);
        }
        self.add_wrenches(inputs, ws)?;
        for placed in &self.connections {
            placed.rows(&self.mechanism, &ws.mechanism, &mut ws.columns);
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            let own_rates = &mut rates[positions + n..][placed.state.clone()];
            let motion = placed.motion(&ws.mechanism);
            let wrench =
                placed.connection.rates(&motion, own_inputs, &words[placed.state.clone()], own_rates);
            placed.add_effort(&ws.columns, &wrench, &mut ws.load);
        }
        for placed in &self.fields {
            let (efforts, _) = placed.evaluate(q, &mut ws.field);
            for (&k, effort) in placed.coordinates.iter().zip(efforts) {
                ws.load[k] += *effort;
            }
        }
        self.mechanism.position_rates(q, v, &mut rates[..positions]);
        let acceleration = &mut rates[positions..positions + n];
        self.mechanism.forward_dynamics(
            q,
            v,
            &ws.load,
            inputs.payload_mass_kg,
            &mut ws.mechanism,
            acceleration,
        )
    }
}

/// What stiffness and damping of a linear connection count in the matrix.
fn shares(step_s: f64, square_frequency: f64) -> (f64, f64) {
    (spring_share(step_s * step_s * square_frequency) * step_s * step_s, 0.5 * step_s)
}
