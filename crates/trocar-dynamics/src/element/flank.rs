//! One flank of a gear's teeth, or one knee of a stiffness that rises in steps.

use super::{ElementError, ForceElement, Law, Stage, not_negative};

/// Pushes back where e lies more than a gap beyond zero on its own side; between the flanks and beyond it never pulls.
///
/// With penetration p = ±e − gap the force over a step from p to p′ is k (max(p, 0) + p′)/2 plus damping, at least zero,
/// against the motion into the flank. Its work is never less than the growth of ½ k max(p, 0)², so a flank gives back no
/// more than it was given: stable at any step and stiffness, and its branch is chosen together with the motion.
///
/// - A dead zone of width b (backlash) is two flanks, one on each side, with a gap of b/2. As each is solved with the
///   motion, a step may cross the whole zone.
/// - A harmonic drive's torsional stiffness K1, K2, K3 (three straight pieces between the torques T1 and T2; Harmonic
///   Drive, *Engineering data*, "Torsional stiffness") is [`Elastic`](super::Elastic) with K1 and on either side a flank
///   with K2 − K1 from T1/K1 on and one with K3 − K2 from T1/K1 + (T2 − T1)/K2 on: [`knees`].
///
/// Inputs: `stiffness` k (N m/rad or N/m) and `gap` (rad or m), so that wear or a fault can change them in mid-run. The
/// damping is in proportion to the stiffness: what is broken does not damp either.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flank {
    side: f64,
    stiffness: f64,
    relaxation_s: f64,
    gap: f64,
}

/// The side on which a [`Flank`] stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// It pushes back where e is greater than the gap.
    Above,
    /// It pushes back where e is less than minus the gap.
    Below,
}

impl Flank {
    /// Side, nominal stiffness (N m/rad or N/m), relaxation time (damping over stiffness, s), nominal gap (rad or m).
    ///
    /// # Errors
    /// A number negative or not finite.
    pub fn new(side: Side, stiffness: f64, relaxation_s: f64, gap: f64) -> Result<Self, ElementError> {
        const NAME: &str = "flank";
        Ok(Self {
            side: if side == Side::Above { 1.0 } else { -1.0 },
            stiffness: not_negative(NAME, "stiffness", stiffness)?,
            relaxation_s: not_negative(NAME, "relaxation", relaxation_s)?,
            gap: not_negative(NAME, "gap", gap)?,
        })
    }
}

impl ForceElement for Flank {
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("stiffness", self.stiffness), ("gap", self.gap)]
    }

    fn law(&self, stage: &Stage, inputs: &[f64], _state: &[f64]) -> Law {
        let (stiffness, penetration) = (inputs[0], self.side * stage.position - inputs[1]);
        Law::push(self.side, penetration, stiffness, self.relaxation_s * stiffness, stage.step_s)
    }

    fn rates(
        &self,
        position: f64,
        rate: f64,
        inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        let penetration = self.side * position - inputs[1];
        if penetration <= 0.0 {
            return 0.0;
        }
        let push = inputs[0] * (penetration + self.relaxation_s * self.side * rate);
        -self.side * trocar_math::max(push, 0.0)
    }

    fn stored_energy(&self, position: f64, _state: &[f64]) -> f64 {
        let inside = trocar_math::max(self.side * position - self.gap, 0.0);
        0.5 * self.stiffness * inside * inside
    }
}

/// The knees of a stiffness that rises in steps: deflection (rad or m) and additional stiffness (N m/rad or N/m) of
/// each, from the stiffness at rest and the pieces above it, each given as the effort from which on it holds (N m or N)
/// and its stiffness.
///
/// # Errors
/// Stiffness at rest not positive; efforts that do not rise, or a piece softer than the one before.
pub fn knees(at_rest: f64, pieces: &[(f64, f64)]) -> Result<Vec<(f64, f64)>, ElementError> {
    const NAME: &str = "stiffness in pieces";
    let refused = |parameter, value, required| ElementError { element: NAME, parameter, value, required };
    super::positive(NAME, "stiffness", at_rest)?;
    let (mut stiffness, mut deflection, mut effort) = (at_rest, 0.0, 0.0);
    let mut found = Vec::with_capacity(pieces.len());
    for &(from_effort, next) in pieces {
        if !(from_effort > effort && from_effort.is_finite()) {
            return Err(refused("from_effort", from_effort, "finite and above that of the piece before"));
        }
        if !(next >= stiffness && next.is_finite()) {
            return Err(refused("stiffness", next, "finite and at least that of the piece before"));
        }
        deflection += (from_effort - effort) / stiffness;
        found.push((deflection, next - stiffness));
        (stiffness, effort) = (next, from_effort);
    }
    Ok(found)
}
