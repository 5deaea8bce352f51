//! A torque that rises and falls with the angle of a shaft: cogging, and the ripple of a harmonic drive.

use super::{ElementError, ForceElement, Law, Stage, not_negative, positive};

/// Force A sin(n e + φ), from the potential (A/n) cos(n e + φ): what it takes on one side of a tooth it gives back on the
/// other, so that it holds a shaft at rest and, turning, only shakes it.
///
/// A motor cogs as often in a turn as the least common multiple of its slots and poles says; a harmonic drive's torque ripples
/// twice for each turn of its wave generator, and in multiples of that (Tuttle, Seering: "A nonlinear model of a
/// harmonic drive gear transmission", IEEE Trans. Robotics and Automation 12 (1996)).
///
/// Explicit, at the middle of the step, where leapfrog keeps its energy: stable while h √(A n/J) < 2 on an inertia J, and
/// seen as it is while a step turns much less than 1/n.
///
/// Input: the `amplitude` A, N m or N.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ripple {
    amplitude: f64,
    per_unit: f64,
    phase: f64,
}

impl Ripple {
    /// Amplitude (N m or N), radians of ripple for each radian or metre of e (n), phase (rad).
    ///
    /// # Errors
    /// Amplitude negative, n not positive, or a number not finite.
    pub fn new(amplitude: f64, per_unit: f64, phase: f64) -> Result<Self, ElementError> {
        const NAME: &str = "ripple";
        if !phase.is_finite() {
            return Err(ElementError { element: NAME, parameter: "phase", value: phase, required: "finite" });
        }
        Ok(Self {
            amplitude: not_negative(NAME, "amplitude", amplitude)?,
            per_unit: positive(NAME, "cycles", per_unit)?,
            phase,
        })
    }
}

impl ForceElement for Ripple {
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("amplitude", self.amplitude)]
    }

    fn law(&self, stage: &Stage, inputs: &[f64], _state: &[f64]) -> Law {
        let mid = stage.position + 0.5 * stage.step_s * stage.rate;
        Law { offset: inputs[0] * trocar_math::sin(self.per_unit * mid + self.phase), ..Law::default() }
    }

    fn rates(
        &self,
        position: f64,
        _rate: f64,
        inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        inputs[0] * trocar_math::sin(self.per_unit * position + self.phase)
    }

    fn stiffness(&self) -> f64 {
        self.amplitude * self.per_unit
    }

    fn stored_energy(&self, position: f64, _state: &[f64]) -> f64 {
        self.amplitude / self.per_unit * (1.0 + trocar_math::cos(self.per_unit * position + self.phase))
    }
}
