//! What the benchmarks share: a shipped scenario, compiled, in motion.

use trocar_scenario::{Files, Loaded, Overrides, load};
use trocar_sim::{Case, Compiled, Inputs, Scratch, State, publish_start, step};

/// A shipped scenario by its short name, e.g. `pose_repeatability`.
///
/// # Errors
/// One sentence.
pub fn shipped(name: &str) -> Result<Loaded, String> {
    let files = Files::library();
    let address = files.resolve("", &format!("trocar:{name}")).map_err(|e| e.to_string())?;
    load(&files, &address, &Overrides::default()).map_err(|failure| format!("{:?}", failure.diagnostics))
}

/// Its first case.
///
/// # Errors
/// One sentence.
pub fn first_case(loaded: &Loaded) -> Result<Case, String> {
    Compiled { loaded }.case(0).map_err(|mistakes| format!("{mistakes:?}"))
}

/// A state of the case after so many seconds, when the arm is in motion.
///
/// # Errors
/// One sentence.
pub fn in_motion(case: &Case, seconds: f64) -> Result<(State, Scratch), String> {
    let mut state = case.model.initial_state(&case.changes);
    let mut scratch = Scratch::new(&case.model);
    publish_start(&case.model, &mut state, &mut scratch).map_err(|e| e.to_string())?;
    let steps = (seconds * case.model.step_rate.hz()) as u64;
    for _ in 0..steps {
        step(&case.model, &mut state, &Inputs::default(), &mut scratch).map_err(|e| e.to_string())?;
    }
    Ok((state, scratch))
}
