//! Hysteresis of a transmission: friction inside its spring.

use super::{ElementError, Friction, positive};

/// How many elements a loop has.
pub const LOOP_ELEMENTS: usize = 4;

/// Elasto-plastic elements in parallel (Prandtl–Ishlinskii, Iwan: "A distributed-element model for hysteresis", J. Applied
/// Mechanics 33 (1966)) that together hold `effort` (N m or N) and all slip once e has moved by `deflection` (rad or m).
///
/// The elements are equally stiff and slip at 1/4, 2/4, 3/4 and 4/4 of the deflection, so the loop is rounded in four
/// straight pieces. Between turning points at ±A with A at least the deflection the loop's area is Σ 4 F_j (A − y_j); with
/// A at least twice that, its width in effort is 2 `effort`, beside a spring of stiffness k 2 effort/k in deflection.
/// Stable at any step, as [`Friction`] is.
///
/// # Errors
/// A number not positive or not finite.
pub fn hysteresis(effort: f64, deflection: f64) -> Result<[Friction; LOOP_ELEMENTS], ElementError> {
    const NAME: &str = "hysteresis";
    positive(NAME, "effort", effort)?;
    positive(NAME, "deflection", deflection)?;
    // Σ (K/N)(j/N) D over j = 1 … N is K D (N + 1)/(2 N).
    let n = LOOP_ELEMENTS as f64;
    let each = effort / deflection * 2.0 / (n + 1.0);
    let mut elements = [Friction::new(0.0, 0.0, each, 0.0)?; LOOP_ELEMENTS];
    for (place, element) in elements.iter_mut().enumerate() {
        let yields_at = deflection * (place + 1) as f64 / n;
        *element = Friction::new(each * yields_at, 0.0, each, 0.0)?;
    }
    Ok(elements)
}
