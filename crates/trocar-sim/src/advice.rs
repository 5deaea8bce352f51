//! Which springs of an island its step does not resolve, in words for people.

use trocar_dynamics::{DynamicsError, Island};
use trocar_scenario::LoadedScene;
use trocar_signal::{Diagnostic, Problem, Rate};

/// An element whose own oscillation the island's step does not resolve.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TooStiff {
    /// Its name in the island, e.g. `transmission_yaw`.
    pub name: String,
    /// Its own frequency, Hz.
    pub frequency_hz: f64,
    /// The least rate of steps that resolves it, Hz.
    pub least_rate_hz: f64,
}

/// Lets the island take note of how stiff it is: where it starts, and there with each joint at either end of its range.
/// `ranges` are those of the first coordinates, the joints.
///
/// # Errors
/// A mass matrix that is not positive definite in one of these postures.
pub(crate) fn note_stiffness(
    island: &mut Island,
    start: &[f64],
    ranges: &[(f64, f64)],
    payloads: usize,
) -> Result<(), DynamicsError> {
    // The lightest load makes the highest frequencies.
    let payload_mass_kg = vec![0.0; payloads];
    island.note_stiffness(start, &payload_mass_kg)?;
    for (joint, &(lower, upper)) in ranges.iter().enumerate() {
        for end in [lower, upper] {
            let mut q = start.to_vec();
            q[joint] = end;
            island.note_stiffness(&q, &payload_mass_kg)?;
        }
    }
    Ok(())
}

/// What a step of this length does not resolve, the stiffest first.
pub(crate) fn too_stiff(island: &Island, step_s: f64) -> Vec<TooStiff> {
    let found = island.unresolved(step_s);
    let in_words = found.into_iter().map(|element| TooStiff {
        name: element.name.to_owned(),
        frequency_hz: element.frequency_radps / (2.0 * std::f64::consts::PI),
        least_rate_hz: 1.0 / element.longest_step_s,
    });
    in_words.collect()
}

/// The warning about one robot of a scene.
pub(crate) fn warning(
    scene: &LoadedScene,
    instance: &str,
    step_rate: Rate,
    substeps: u32,
    found: &[TooStiff],
) -> Option<Diagnostic> {
    let stiffest = found.first()?;
    let problem = Problem::new(format!("robots.{instance}"), "");
    let place = scene.spans.problem("", &problem);
    let title = format!(
        "the steps of `{instance}` are too long for `{}`, which oscillates by itself with {:.0} Hz",
        stiffest.name, stiffest.frequency_hz
    );
    let mut diagnostic = Diagnostic::warning("step-too-long", title);
    diagnostic.labels = place.labels;
    let island_rate = step_rate.hz() * f64::from(substeps);
    diagnostic = diagnostic.note(format!(
        "its island takes {island_rate:.0} steps a second and needs {:.0} to follow it; with fewer, springs \
         stay stable but are slowed, and ripples and stiffening cables may not",
        stiffest.least_rate_hz
    ));
    if found.len() > 1 {
        let others: Vec<&str> = found.iter().skip(1).take(5).map(|element| element.name.as_str()).collect();
        let more = found.len() - 1 - others.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        diagnostic = diagnostic.note(format!("the same holds for {}{more}", others.join(", ")));
    }
    let needed = (stiffest.least_rate_hz / step_rate.hz()).ceil();
    Some(diagnostic.note(format!(
        "write `substeps = {needed:.0}` under `[robots.{instance}]`, or raise `step_rate`; where the oscillation does not \
         matter, leave it"
    )))
}
