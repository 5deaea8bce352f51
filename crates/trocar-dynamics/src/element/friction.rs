//! Dry and viscous friction with true stick.
//!
//! The elasto-plastic model (Prandtl; Dupont, Hayward, Armstrong, Altpeter: "Single state elastoplastic friction
//! models", IEEE Trans. Automatic Control 47 (2002)) in its bilinear form: a bristle of given stiffness that follows the
//! motion and slips at the Coulomb level. While it sticks its deflection is the displacement itself, so a load below
//! the level is held for ever; a regularised sign function would creep.

use super::{ElementError, ForceElement, Law, Stage, not_negative, positive};

/// A rise of the level at rest: F(ė) = F_c (1 + (ratio − 1) exp(−(ė/rate)²)).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stribeck {
    /// Level at rest over level in motion, at least 1.
    pub static_ratio: f64,
    /// The Stribeck rate, rad/s or m/s.
    pub rate: f64,
}

/// Friction: force −clamp(σ₀ z + σ₁ ż, ±F) − σ₂ ė.
///
/// State: the bristle's `deflection` z (rad or m). Input: the `coulomb` level F_c (N m or N), so that load, temperature
/// or a fault can change it in mid-run; its nominal value is given here.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Friction {
    coulomb: f64,
    viscous: f64,
    stiffness: f64,
    damping: f64,
    stribeck: Option<Stribeck>,
}

impl Friction {
    /// Nominal Coulomb level (N m or N), viscous coefficient σ₂, bristle stiffness σ₀ and bristle damping σ₁.
    ///
    /// # Errors
    /// Bristle stiffness not positive, anything else negative, or a number not finite.
    pub fn new(
        coulomb: f64,
        viscous: f64,
        bristle_stiffness: f64,
        bristle_damping: f64,
    ) -> Result<Self, ElementError> {
        Ok(Self {
            coulomb: not_negative("friction", "coulomb", coulomb)?,
            viscous: not_negative("friction", "viscous", viscous)?,
            stiffness: positive("friction", "bristle_stiffness", bristle_stiffness)?,
            damping: not_negative("friction", "bristle_damping", bristle_damping)?,
            stribeck: None,
        })
    }

    /// With a higher level at rest. The level of a step is that of the rate at its start.
    ///
    /// # Errors
    /// Ratio below 1, rate not positive, or a number not finite.
    pub fn with_stribeck(self, stribeck: Stribeck) -> Result<Self, ElementError> {
        positive("friction", "the Stribeck rate", stribeck.rate)?;
        not_negative("friction", "static_ratio - 1", stribeck.static_ratio - 1.0)?;
        Ok(Self { stribeck: Some(stribeck), ..self })
    }

    fn level(&self, coulomb: f64, rate: f64) -> f64 {
        match self.stribeck {
            Some(Stribeck { static_ratio, rate: scale }) => {
                let relative = rate / scale;
                coulomb * (1.0 + (static_ratio - 1.0) * trocar_math::exp(-relative * relative))
            }
            None => coulomb,
        }
    }
}

impl ForceElement for Friction {
    fn state_names(&self) -> &'static [&'static str] {
        &["deflection"]
    }

    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("coulomb", self.coulomb)]
    }

    fn law(&self, stage: &Stage, inputs: &[f64], state: &[f64]) -> Law {
        let level = self.level(inputs[0], stage.rate);
        Law {
            viscous: self.viscous,
            // The mean deflection over a step that sticks is z + (h/2) w.
            branch: -self.stiffness * state[0],
            slope: 0.5 * self.stiffness * stage.step_s + self.damping,
            low: -level,
            high: level,
            ..Law::default()
        }
    }

    fn settle(&self, stage: &Stage, mean_rate: f64, inputs: &[f64], state: &mut [f64]) {
        let most = self.level(inputs[0], stage.rate) / self.stiffness;
        state[0] = trocar_math::clamp(state[0] + stage.step_s * mean_rate, -most, most);
    }

    fn rates(
        &self,
        _position: f64,
        rate: f64,
        inputs: &[f64],
        state: &[f64],
        state_rates: &mut [f64],
    ) -> f64 {
        let level = self.level(inputs[0], rate);
        let elastic = self.stiffness * state[0];
        let slips = elastic.abs() >= level && elastic * rate >= 0.0;
        state_rates[0] = if slips { 0.0 } else { rate };
        let damping = self.damping * state_rates[0];
        -trocar_math::clamp(elastic + damping, -level, level) - self.viscous * rate
    }

    fn stored_energy(&self, _position: f64, state: &[f64]) -> f64 {
        0.5 * self.stiffness * state[0] * state[0]
    }
}
