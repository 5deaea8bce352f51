//! Something that two jaws close on.

use super::{ElementError, ForceElement, Law, Stage, not_negative, positive};

/// A body of a given thickness between two jaws that turn about one axis, gripped at the distance L from it.
///
/// It acts on the angle q between the jaws (each turns by half). Their points of grip are g(q) = 2 L sin(q/2) apart, so by
/// virtual work a force F that spreads them is the effort F dg/dq = F L cos(q/2) on q. The force is that of a contact: k p
/// and damping on the penetration p = thickness − g, never a pull.
///
/// Over a step it is the mean of both ends, as in [`Flank`](super::Flank), with −dQ/dq = k (L² cos² + ½ p L sin) of its
/// effort Q. What Q bends beyond that along the way of the step (by Taylor's next term, at most ½ tan(q/2) + p/(12 L cos) of
/// it for each radian) is added twice over, so that the contact gives back no more than it was given: stable at any step and
/// stiffness.
///
/// The body is not there from the beginning: it is put between the jaws at the end of the first step that leaves them
/// open wide enough for it, and stays. So jaws that start closed are not burst open.
///
/// State: `in_place`, 1 from then on. Inputs: `thickness` (m) and `stiffness` k (N/m); the damping is in proportion to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grip {
    length_m: f64,
    thickness_m: f64,
    stiffness: f64,
    relaxation_s: f64,
}

/// The least lever over the length: jaws that are open by less than 174° have more.
const LEAST_LEVER: f64 = 0.05;

impl Grip {
    /// Distance L of the point of grip from the jaws' axis (m), nominal thickness (m), nominal stiffness (N/m), relaxation
    /// time (damping over stiffness, s).
    ///
    /// # Errors
    /// A number not finite, or not above zero where it must be: the relaxation time alone may be zero.
    pub fn new(
        length_m: f64,
        thickness_m: f64,
        stiffness: f64,
        relaxation_s: f64,
    ) -> Result<Self, ElementError> {
        const NAME: &str = "grip";
        Ok(Self {
            length_m: positive(NAME, "length", length_m)?,
            thickness_m: positive(NAME, "thickness", thickness_m)?,
            stiffness: positive(NAME, "stiffness", stiffness)?,
            relaxation_s: not_negative(NAME, "relaxation", relaxation_s)?,
        })
    }

    /// How far the points of grip are apart at this angle between the jaws, m.
    #[must_use]
    pub fn opening_m(&self, angle_rad: f64) -> f64 {
        2.0 * self.length_m * trocar_math::sin(0.5 * angle_rad)
    }

    /// Effort on the angle for each newton that spreads the jaws, m: the slope of [`Self::opening_m`].
    #[must_use]
    pub fn lever_m(&self, angle_rad: f64) -> f64 {
        self.length_m * trocar_math::max(trocar_math::cos(0.5 * angle_rad), LEAST_LEVER)
    }
}

impl ForceElement for Grip {
    fn state_names(&self) -> &'static [&'static str] {
        &["in_place"]
    }

    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("thickness", self.thickness_m), ("stiffness", self.stiffness)]
    }

    fn law(&self, stage: &Stage, inputs: &[f64], state: &[f64]) -> Law {
        if state[0] == 0.0 {
            return Law::default();
        }
        let (penetration_m, stiffness) = (inputs[0] - self.opening_m(stage.position), inputs[1]);
        let inside_m = trocar_math::max(penetration_m, 0.0);
        let (lever_m, across_m) = (self.lever_m(stage.position), 0.5 * self.opening_m(stage.position));
        let way_rad = stage.step_s * stage.rate.abs();
        let bend = (across_m.abs() / lever_m + inside_m / (6.0 * lever_m)) * way_rad;
        let slope = lever_m * lever_m + 0.5 * inside_m * trocar_math::max(across_m, 0.0);
        let rotational = stiffness * slope * (1.0 + bend);
        // The angle that is k p L cos(q/2) over the slope.
        let penetration_rad = stiffness * lever_m * penetration_m / rotational;
        let damping = self.relaxation_s * stiffness * lever_m * lever_m;
        Law::push(-1.0, penetration_rad, rotational, damping, stage.step_s)
    }

    fn settle(&self, stage: &Stage, mean_rate: f64, inputs: &[f64], state: &mut [f64]) {
        if self.opening_m(stage.position + stage.step_s * mean_rate) >= inputs[0] {
            state[0] = 1.0;
        }
    }

    fn rates(&self, position: f64, rate: f64, inputs: &[f64], state: &[f64], state_rates: &mut [f64]) -> f64 {
        state_rates[0] = 0.0;
        let penetration_m = inputs[0] - self.opening_m(position);
        if state[0] == 0.0 || penetration_m <= 0.0 {
            return 0.0;
        }
        let lever_m = self.lever_m(position);
        let push_n = inputs[1] * (penetration_m - self.relaxation_s * lever_m * rate);
        lever_m * trocar_math::max(push_n, 0.0)
    }

    fn stored_energy(&self, position: f64, state: &[f64]) -> f64 {
        let inside_m = state[0] * trocar_math::max(self.thickness_m - self.opening_m(position), 0.0);
        0.5 * self.stiffness * inside_m * inside_m
    }
}
