//! Forces inside a mechanism, each acting on one scalar: a combination e = row·q of coordinates.

mod drive;
mod elastic;
mod flank;
mod friction;
mod grip;
mod hysteresis;
mod ripple;
mod spring;
mod stop;

use std::fmt::Debug;

use thiserror::Error;

pub use drive::Drive;
pub use elastic::{Elastic, Stiffening};
pub use flank::{Flank, Side, knees};
pub use friction::{Friction, Stribeck};
pub use grip::Grip;
pub use hysteresis::{LOOP_ELEMENTS, hysteresis};
pub use ripple::Ripple;
pub use spring::SpringDamper;
pub use stop::Stop;

/// What an element sees at the start of a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// e at the start of the step, rad or m.
    pub position: f64,
    /// ė at the start of the step, rad/s or m/s.
    pub rate: f64,
    /// Length of the step, s.
    pub step_s: f64,
    /// Share σ with which a stiffness k enters the step as σ h² k ë; see [`crate::Island::note_stiffness`].
    pub spring_share: f64,
}

/// The mean force over a step as a function of the mean rate w of e over the same step:
///
/// `force(w) = offset − viscous·w + clamp(branch − slope·w, low, high)`, in N m or N.
///
/// It never increases with w (`viscous` and `slope` are at least zero), so the step has exactly one solution, which the
/// island finds together with the motion. Since w·step is the displacement itself, an element whose state follows w
/// cannot creep.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Law {
    /// Part that does not depend on w.
    pub offset: f64,
    /// Part proportional to −w, never clamped; per rad/s or m/s.
    pub viscous: f64,
    /// Clamped part at w = 0.
    pub branch: f64,
    /// Clamped part proportional to −w.
    pub slope: f64,
    /// Least value of the clamped part; may be −∞.
    pub low: f64,
    /// Greatest value of the clamped part; may be +∞.
    pub high: f64,
}

impl Law {
    /// The force at a mean rate.
    #[inline]
    #[must_use]
    pub fn force(&self, mean_rate: f64) -> f64 {
        self.offset - self.viscous * mean_rate + self.clamped(mean_rate)
    }

    #[inline]
    pub(crate) fn clamped(&self, mean_rate: f64) -> f64 {
        trocar_math::clamp(self.branch - self.slope * mean_rate, self.low, self.high)
    }

    /// A contact that pushes and never pulls, over one step from a penetration (negative: not yet there): the mean of
    /// k max(p, 0) at its start and k p′ at its end, and damping where it begins in contact. `sign` is that of the motion
    /// into it.
    pub(crate) fn push(sign: f64, penetration: f64, stiffness: f64, damping: f64, step_s: f64) -> Self {
        let inside = trocar_math::max(penetration, 0.0);
        let damping = if penetration > 0.0 { damping } else { 0.0 };
        let (low, high) = if sign > 0.0 { (f64::NEG_INFINITY, 0.0) } else { (0.0, f64::INFINITY) };
        Self {
            branch: -sign * 0.5 * stiffness * (inside + penetration),
            slope: 0.5 * stiffness * step_s + damping,
            low,
            high,
            ..Self::default()
        }
    }

    pub(crate) fn is_valid(&self) -> bool {
        let finite = [self.offset, self.viscous, self.branch, self.slope].iter().all(|x| x.is_finite());
        finite && self.viscous >= 0.0 && self.slope >= 0.0 && self.low <= self.high
    }
}

/// A force that acts on one combination of coordinates and may have internal state.
///
/// The island calls [`Self::law`] at the start of each step, solves for the motion, then calls [`Self::settle`]. The
/// explicit integrator for checks uses [`Self::rates`] instead. All are pure functions of their arguments.
pub trait ForceElement: Debug + Send + Sync {
    /// Names of the state words; they start at zero.
    fn state_names(&self) -> &'static [&'static str] {
        &[]
    }

    /// Names of the run-time inputs and their nominal values.
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// The force over the coming step.
    fn law(&self, stage: &Stage, inputs: &[f64], state: &[f64]) -> Law;

    /// Brings the state to the end of a step over which e moved at this mean rate.
    fn settle(&self, stage: &Stage, mean_rate: f64, inputs: &[f64], state: &mut [f64]) {
        let _ = (stage, mean_rate, inputs, state);
    }

    /// The force now, and the rates of the state words: the same law in the limit of short steps.
    fn rates(&self, position: f64, rate: f64, inputs: &[f64], state: &[f64], state_rates: &mut [f64]) -> f64;

    /// Upper bound of −dF/de at its nominal inputs, N m/rad or N/m, for the share of a spring in the step and for advice on
    /// the step's length; zero where there is no vibration to follow (drives, friction, stops, flanks and what is gripped,
    /// which are stable at any step).
    fn stiffness(&self) -> f64 {
        0.0
    }

    /// Energy that the element could give back, J.
    fn stored_energy(&self, position: f64, state: &[f64]) -> f64 {
        let _ = (position, state);
        0.0
    }
}

/// A parameter that no such element can have.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{parameter} = {value} of a {element} must be {required}")]
pub struct ElementError {
    /// The kind of element.
    pub element: &'static str,
    /// The parameter.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// What it must be.
    pub required: &'static str,
}

/// Refuses a parameter unless it is finite and at least zero.
pub(crate) fn not_negative(
    element: &'static str,
    parameter: &'static str,
    value: f64,
) -> Result<f64, ElementError> {
    if value >= 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(ElementError { element, parameter, value, required: "finite and at least zero" })
    }
}

/// Refuses a parameter unless it is finite and above zero.
pub(crate) fn positive(
    element: &'static str,
    parameter: &'static str,
    value: f64,
) -> Result<f64, ElementError> {
    if value > 0.0 && value.is_finite() {
        Ok(value)
    } else {
        Err(ElementError { element, parameter, value, required: "finite and above zero" })
    }
}
