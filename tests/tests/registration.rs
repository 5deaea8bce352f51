//! A tracker's registration is drawn once a set-up: it moves accuracy and not repeatability.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use trocar_sim::outcome::CaseOutcome;
use trocar_tests::{SWING, case, run};

/// [`SWING`], six times through its poses, with a tracker that is registered so well.
fn outcome(registration: &str, seed: u64) -> CaseOutcome {
    let (head, _) = SWING.split_at(SWING.find("[measures.travel]").expect("measures"));
    let head = head
        .replace("seed   = 3", &format!("seed   = {seed}"))
        .replace("name   = \"swing\"\n", "name   = \"swing\"\nrepeat = 6\n")
        .replace("dwell = \"0.1 s\"", "dwell = \"0.4 s\"");
    let text = format!(
        "{head}
[instruments.tracker]
kind      = \"position_tracker\"
follows   = {{ tool_tip = \"arm.tool_tip\" }}
frame     = \"arm.base\"
rate      = \"1 kHz\"
noise     = \"8 um\"
{registration}
[measures.RP]
kind   = \"pose_repeatability\"
of     = \"tracker.tool_tip\"
window = {{ phase = \"swing\", at = \"dwell_end\", skip = 1 }}

[measures.AP]
kind      = \"pose_accuracy\"
of        = \"tracker.tool_tip\"
commanded = \"arm.setpoint_cp\"
window    = {{ phase = \"swing\", at = \"dwell_end\", skip = 1 }}
"
    );
    let (outcome, _) = run(&case(&text), false);
    assert_eq!(outcome.failure, None);
    outcome
}

fn figures(outcome: &CaseOutcome, measure: &str) -> Vec<f64> {
    let of = outcome.figures.iter().filter(|figure| figure.name == measure);
    of.map(|figure| figure.figure.as_ref().expect("a figure").value).collect()
}

#[test]
fn registration_moves_accuracy_and_not_repeatability() {
    let without = outcome("", 3);
    let (rp, ap) = (figures(&without, "RP"), figures(&without, "AP"));
    assert_eq!((rp.len(), ap.len()), (2, 2));
    // A shift is the same at every pose and in every cycle.
    let shifted = outcome("registration = { translation = \"0.5 mm\", rotation = \"0 deg\" }", 3);
    for (a, b) in rp.iter().zip(figures(&shifted, "RP")) {
        // Rounding of positions near 0.1 m.
        assert!((a - b).abs() < 1e-14, "{a} {b}");
    }
    let moved = |other: &CaseOutcome| {
        let changes = figures(other, "AP").into_iter().zip(&ap).map(|(a, b)| (a - b).abs());
        changes.fold(0.0, trocar_math::max)
    };
    assert!((50e-6..3e-3).contains(&moved(&shifted)), "{}", moved(&shifted));
    // A turn of 0.2 degrees about the remote centre moves the poses, 130 mm away, by half a millimetre. It turns the
    // arm's scatter of some 20 µm against the noise, by up to 10 mrad.
    let turned = outcome("registration = { translation = \"0 mm\", rotation = \"0.2 deg\" }", 3);
    for (a, b) in rp.iter().zip(figures(&turned, "RP")) {
        assert!((a - b).abs() < 2e-7, "{a} {b}");
    }
    assert!(moved(&turned) > 50e-6, "{}", moved(&turned));
    // Another set-up is registered otherwise; the same one, the same.
    let registration = "registration = { translation = \"0.5 mm\", rotation = \"0.2 deg\" }";
    let [first, again, other] = [3, 3, 4].map(|seed| figures(&outcome(registration, seed), "AP"));
    assert_eq!(first, again);
    assert!(first.iter().zip(&other).all(|(a, b)| (a - b).abs() > 1e-6), "{first:?} {other:?}");
}
