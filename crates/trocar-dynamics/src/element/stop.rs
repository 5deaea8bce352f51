//! End stops: they push back, and never pull.

use super::{ElementError, ForceElement, Law, Stage, not_negative, positive};

/// A limit at each end of a range, with stiffness and damping.
///
/// The force over a step that begins at penetration p and ends at p′ is k (max(p, 0) + p′)/2 plus damping, at least zero.
/// Its work is never less than the growth of ½ k max(p, 0)²: the stop gives back no more than it was given, at any
/// step, and is stable at any stiffness. Damping acts from the first step that begins in contact. A step that begins
/// between the limits sees the one nearer to where it heads; steps must be short enough not to cross the whole range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    lower: f64,
    upper: f64,
    stiffness: f64,
    damping: f64,
}

impl Stop {
    /// Limits (rad or m; either may be infinite), stiffness (N m/rad or N/m), damping (N m s/rad or N s/m).
    ///
    /// # Errors
    /// `lower` not below `upper`, stiffness not positive, damping negative, or a number undefined.
    pub fn new(lower: f64, upper: f64, stiffness: f64, damping: f64) -> Result<Self, ElementError> {
        const NAME: &str = "stop";
        let ordered = lower < upper;
        if !ordered {
            return Err(ElementError {
                element: NAME,
                parameter: "upper",
                value: upper,
                required: "above the lower limit",
            });
        }
        Ok(Self {
            lower,
            upper,
            stiffness: positive(NAME, "stiffness", stiffness)?,
            damping: not_negative(NAME, "damping", damping)?,
        })
    }

    /// Penetration beyond the nearer limit, rad or m (negative inside the range), and the sign of the motion into it.
    fn nearer(&self, position: f64) -> (f64, f64) {
        let (above, below) = (position - self.upper, self.lower - position);
        if above >= below { (above, 1.0) } else { (below, -1.0) }
    }
}

impl ForceElement for Stop {
    fn law(&self, stage: &Stage, _inputs: &[f64], _state: &[f64]) -> Law {
        let (mut penetration, mut sign) = self.nearer(stage.position);
        if penetration <= 0.0 {
            sign = self.nearer(stage.position + stage.step_s * stage.rate).1;
            penetration = if sign > 0.0 { stage.position - self.upper } else { self.lower - stage.position };
        }
        if penetration == f64::NEG_INFINITY {
            return Law::default();
        }
        Law::push(sign, penetration, self.stiffness, self.damping, stage.step_s)
    }

    fn rates(
        &self,
        position: f64,
        rate: f64,
        _inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        let (penetration, sign) = self.nearer(position);
        if penetration > 0.0 {
            -sign * trocar_math::max(self.stiffness * penetration + self.damping * sign * rate, 0.0)
        } else {
            0.0
        }
    }

    fn stored_energy(&self, position: f64, _state: &[f64]) -> f64 {
        let inside = trocar_math::max(self.nearer(position).0, 0.0);
        0.5 * self.stiffness * inside * inside
    }
}
