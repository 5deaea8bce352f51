//! The two integrators of an island.

use crate::active_set::{self, Failure, Problem};
use crate::element::Stage;
use crate::error::DynamicsError;
use crate::island::{Island, IslandInputs, IslandWorkspace};
use crate::mechanism::{add_row, row_times};

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
        let n = self.mechanism.coordinate_count();
        let half = 0.5 * step_s;
        self.collect_laws(state, inputs, step_s, &mut ws.acting)?;
        if state[4 * n] == 0.0 {
            // No history yet: the acceleration now stands in for the previous ones.
            ws.q.copy_from_slice(&state[..n]);
            ws.v.copy_from_slice(&state[n..2 * n]);
            ws.acceleration.fill(0.0);
            self.kick(inputs, half, ws)?;
            ws.v.copy_from_slice(&ws.acceleration);
            for (velocity, v) in ws.v.iter_mut().zip(&state[n..]) {
                *velocity = v + half * *velocity;
            }
        } else {
            // The mean over the first half step is the acceleration at its middle, ¾ of a step after the last known one.
            for k in 0..n {
                let (last, before) = (state[2 * n + k], state[3 * n + k]);
                ws.v[k] = state[n + k] + half * (1.75 * last - 0.75 * before);
                ws.acceleration[k] = last;
            }
        }
        for k in 0..n {
            ws.q[k] = state[k] + half * state[n + k];
        }
        self.kick(inputs, half, ws)?;
        self.mechanism.check_finite("the acceleration", &ws.acceleration)?;

        let first_word = self.first_element_word();
        for ((placed, row), acting) in self.elements.iter().zip(&self.rows).zip(&ws.acting) {
            if placed.state.is_empty() {
                continue;
            }
            let stage = Stage { position: row_times(row, &state[..n]), rate: acting.rate, step_s };
            let words = first_word + placed.state.start..first_word + placed.state.end;
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            // An element's row and rate were read above; its words are changed only here.
            placed.element.settle(&stage, acting.mean_rate, own_inputs, &mut state[words]);
        }
        let had_history = state[4 * n] != 0.0;
        for k in 0..n {
            let acceleration = ws.acceleration[k];
            let velocity = state[n + k] + step_s * acceleration;
            state[k] = ws.q[k] + half * velocity;
            state[n + k] = velocity;
            state[3 * n + k] = if had_history { state[2 * n + k] } else { acceleration };
            state[2 * n + k] = acceleration;
        }
        state[4 * n] = 1.0;
        Ok(())
    }

    /// Solves for the acceleration at `ws.q` with the bias of `ws.v`; `ws.acceleration` holds the guess on entry.
    fn kick(
        &self,
        inputs: &IslandInputs<'_>,
        half: f64,
        ws: &mut IslandWorkspace,
    ) -> Result<(), DynamicsError> {
        self.mechanism.kinematics(&ws.q, &ws.v, &mut ws.mechanism)?;
        self.mechanism.dynamics(inputs.payload_mass_kg, &mut ws.mechanism)?;
        for (load, bias) in ws.load.iter_mut().zip(ws.mechanism.bias()) {
            *load = -bias;
        }
        self.add_wrenches(inputs, ws)?;
        let problem = Problem {
            n: self.mechanism.coordinate_count(),
            half_step: half,
            mass: &ws.mechanism.mass,
            load: &ws.load,
            rows: &self.rows,
        };
        active_set::solve(&problem, &mut ws.acting, &mut ws.acceleration, &mut ws.scratch).map_err(
            |failure| match failure {
                Failure::Pivot(pivot) => self.mechanism.failed_pivot(pivot, &ws.q),
                Failure::NoConvergence(iterations) => DynamicsError::NoConvergence { iterations },
            },
        )
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
        let n = self.mechanism.coordinate_count();
        let first_word = self.first_element_word();
        let [mut at, mut rates, mut sum] = std::mem::take(&mut ws.stages);
        let gather = |out: &mut [f64]| {
            out[..2 * n].copy_from_slice(&state[..2 * n]);
            out[2 * n..].copy_from_slice(&state[first_word..]);
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
                state[if k < 2 * n { k } else { first_word + k - 2 * n }] += step_s / 6.0 * total;
            }
            state[2 * n..=4 * n].fill(0.0);
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
        let n = self.mechanism.coordinate_count();
        let (q, v, words) = (&at[..n], &at[n..2 * n], &at[2 * n..]);
        self.mechanism.kinematics(q, v, &mut ws.mechanism)?;
        ws.load.fill(0.0);
        for (placed, row) in self.elements.iter().zip(&self.rows) {
            let own = &words[placed.state.clone()];
            let own_rates = &mut rates[2 * n..][placed.state.clone()];
            let own_inputs = &inputs.elements[placed.inputs.clone()];
            let force =
                placed.element.rates(row_times(row, q), row_times(row, v), own_inputs, own, own_rates);
            add_row(row, force, &mut ws.load);
        }
        self.add_wrenches(inputs, ws)?;
        rates[..n].copy_from_slice(v);
        let acceleration = &mut rates[n..2 * n];
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
