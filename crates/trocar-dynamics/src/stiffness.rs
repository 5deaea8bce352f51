//! How stiff the elements of an island are: the share of each spring in the step, and advice on the step's length.
//!
//! A spring k on e = row·q oscillates by itself with ω² = k rᵀM⁻¹r. Drift–kick–drift with σ h² k rrᵀ added to the matrix
//! follows it with sin²(θ/2) = x²/(4(1 + σx²)), x = hω, instead of θ = x. The frequency is exact for
//! σ = 1/(4 sin²(x/2)) − 1/x² = 1/12 + x²/240 + …, and several springs together are stable while
//! Σ x²(1/4 − σ) < 1 over those that act on the same motion. So the share of a spring is that of the exact frequency as
//! long as its step resolves it, and at least 1/4 − 1/(4x²) beyond: up to four stiff springs on one motion, or one whose
//! frequency grows to twice what was noted, are stable at any step. Both parts are of second order in h.

use crate::connection::add_product;
use crate::error::DynamicsError;
use crate::factorisation;
use crate::island::{ElementId, Island};
use crate::kinematics::JacobianColumn;
use crate::mechanism::row_times;

/// Up to this h ω an element's own oscillation is taken as resolved: a [`crate::SpringDamper`] keeps its frequency to a
/// ten-thousandth there, a transmission's spring ([`crate::Elastic`]), whose work is exact at any step, is slowed by up to
/// a twelfth. Beyond, both are stable but slowed; a ripple and stiffening cables, which are not implicit, state their own
/// bounds.
pub const RESOLVED: f64 = 1.0;

/// The share σ of a spring in the step at x² = (hω)².
#[inline]
pub(crate) fn spring_share(x_squared: f64) -> f64 {
    // Most elements have no stiffness at all.
    if x_squared == 0.0 {
        return 1.0 / 12.0;
    }
    let exact = 1.0 / 12.0 + x_squared / 240.0;
    let most = if x_squared > 1.0 { 0.25 - 0.25 / x_squared } else { 0.0 };
    trocar_math::min(0.25, trocar_math::max(exact, most))
}

/// An element or connection that a step does not resolve.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unresolved<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its own frequency in the stiffest posture that was noted (of a connection an upper bound), rad/s.
    pub frequency_radps: f64,
    /// The longest step that resolves it, s.
    pub longest_step_s: f64,
}

impl Island {
    /// Takes note of how stiff each element and connection is in a posture (with these payloads), for the springs' share in the step and
    /// for [`Self::unresolved`]. Without it every spring is taken as soft.
    ///
    /// # Errors
    /// A slice of the wrong length; a mass matrix that is not positive definite there.
    pub fn note_stiffness(&mut self, q: &[f64], payload_mass_kg: &[f64]) -> Result<(), DynamicsError> {
        let n = self.mechanism.coordinate_count();
        let mut ws = self.mechanism.workspace();
        self.mechanism.kinematics(q, &vec![0.0; n], &mut ws)?;
        self.mechanism.dynamics(payload_mass_kg, &mut ws)?;
        let (mut factored, mut scratch) = (ws.mass_matrix().to_vec(), vec![0.0; n]);
        factorisation::factor(&mut factored, n, &mut scratch)
            .map_err(|pivot| self.mechanism.failed_pivot(pivot, q))?;
        for ((placed, row), noted) in self.elements.iter().zip(&self.rows).zip(&mut self.square_frequencies) {
            let stiffness = placed.element.stiffness();
            if stiffness == 0.0 {
                continue;
            }
            let mut mobility = vec![0.0; n];
            for &(k, coefficient) in row {
                mobility[k] = coefficient;
            }
            factorisation::solve(&factored, n, &mut mobility);
            let square = stiffness * row_times(row, &mobility);
            if !square.is_finite() {
                let what = format!("the frequency of {}", placed.name);
                return Err(DynamicsError::NotFinite { what });
            }
            *noted = trocar_math::max(*noted, square);
        }
        let mut columns = vec![JacobianColumn::default(); n];
        let words = vec![0.0; self.element_state_len];
        let inputs = self.nominal_inputs();
        for (placed, noted) in self.connections.iter().zip(&mut self.square_frequencies_of_connections) {
            placed.rows(&self.mechanism, &ws, &mut columns);
            let (own, own_inputs) = (&words[placed.state.clone()], &inputs[placed.inputs.clone()]);
            if !placed.connection.is_linear() {
                continue;
            }
            let memory = vec![0.0; placed.connection.memory_len()];
            let law = placed.connection.law(&placed.motion(&ws), 0.0, own_inputs, own, &memory);
            let mut stiffness = vec![0.0; n * n];
            let own_columns: Vec<JacobianColumn> = placed.support.iter().map(|&k| columns[k]).collect();
            add_product(&own_columns, &placed.support, (1.0, 0.0), &law, n, &mut stiffness);
            // The trace of M⁻¹JᵀKJ: the sum of its frequencies squared, so at least the largest.
            let mut trace = 0.0;
            for k in 0..n {
                let mut column: Vec<f64> =
                    (0..n).map(|i| stiffness[if i >= k { i * n + k } else { k * n + i }]).collect();
                factorisation::solve(&factored, n, &mut column);
                trace += column[k];
            }
            *noted = trocar_math::max(*noted, trace);
        }
        Ok(())
    }

    /// An element's own frequency √(k rᵀM⁻¹r) in the stiffest posture that was noted, rad/s; zero for one without
    /// stiffness. `None` for an element of another island.
    #[must_use]
    pub fn frequency_radps(&self, element: ElementId) -> Option<f64> {
        self.square_frequencies.get(element.index()).map(|square| square.sqrt())
    }

    /// What oscillates by itself faster than a step of this length resolves, the stiffest first.
    #[must_use]
    pub fn unresolved(&self, step_s: f64) -> Vec<Unresolved<'_>> {
        let elements = self.elements.iter().map(|placed| placed.name.as_str()).zip(&self.square_frequencies);
        let connections = self.connections.iter().map(|placed| placed.name.as_str());
        let mut found: Vec<Unresolved<'_>> = elements
            .chain(connections.zip(&self.square_frequencies_of_connections))
            .map(|(name, square)| Unresolved {
                name,
                frequency_radps: square.sqrt(),
                longest_step_s: RESOLVED / square.sqrt(),
            })
            .filter(|found| found.frequency_radps * step_s > RESOLVED)
            .collect();
        found.sort_by(|a, b| b.frequency_radps.total_cmp(&a.frequency_radps));
        found
    }
}
