//! A linear spring and damper in parallel.

use super::{ElementError, ForceElement, Law, Stage, not_negative};

/// Force −k (e − rest) − c ė.
///
/// Its stiffness enters the step with a share σ as σ h² k: at 1/12 the oscillator's frequency is right to fourth order,
/// which is stable by itself while h √(k/m) < √6. Where the island knows how stiff it is
/// ([`crate::Island::note_stiffness`]), the share of a stiff spring rises towards the implicit midpoint's 1/4: stable at any
/// step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpringDamper {
    stiffness: f64,
    damping: f64,
    rest: f64,
}

impl SpringDamper {
    /// Stiffness (N m/rad or N/m), damping (N m s/rad or N s/m), rest position (rad or m).
    ///
    /// # Errors
    /// Stiffness or damping negative or not finite; rest not finite.
    pub fn new(stiffness: f64, damping: f64, rest: f64) -> Result<Self, ElementError> {
        const NAME: &str = "spring-damper";
        if !rest.is_finite() {
            return Err(ElementError { element: NAME, parameter: "rest", value: rest, required: "finite" });
        }
        Ok(Self {
            stiffness: not_negative(NAME, "stiffness", stiffness)?,
            damping: not_negative(NAME, "damping", damping)?,
            rest,
        })
    }
}

impl ForceElement for SpringDamper {
    fn law(&self, stage: &Stage, _inputs: &[f64], _state: &[f64]) -> Law {
        // −k (e_mid − rest) − σ h² k ë with ë = 2 (w − ė₀)/h, written in w.
        let implicit = 2.0 * stage.spring_share * stage.step_s * self.stiffness;
        let mid = stage.position + 0.5 * stage.step_s * stage.rate;
        Law {
            offset: self.stiffness * (self.rest - mid) + implicit * stage.rate,
            viscous: self.damping + implicit,
            ..Law::default()
        }
    }

    fn rates(
        &self,
        position: f64,
        rate: f64,
        _inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        self.stiffness * (self.rest - position) - self.damping * rate
    }

    fn stiffness(&self) -> f64 {
        self.stiffness
    }

    fn stored_energy(&self, position: f64, _state: &[f64]) -> f64 {
        let stretch = position - self.rest;
        0.5 * self.stiffness * stretch * stretch
    }
}
