//! What `trocar check` says of a spring that a scene's step does not resolve, and that `substeps` answers it.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use trocar_signal::Severity;
use trocar_tests::{Bare, SWING, case_of, library_and, loaded};

const ROBOT: &str = "trocar:scenes/robots/psm_classic.toml";
const SCENE: &str = "trocar:scenes/psm_bench.toml";

/// The library with a cable of this stiffness on one disc, and these steps within each of the scene.
fn with_cable(stiffness: &str, substeps: u32) -> BTreeMap<String, String> {
    let mut files = library_and(SWING);
    let robot = files.get_mut(ROBOT).expect("the robot");
    // An instrument whose own cables are rigid, as light as the needle driver.
    *robot = robot.replace("large_needle_driver_400006", "cadiere_400049");
    let start = robot.find("name            = \"disc_2\"").expect("an actuator");
    let place = start + robot[start..].find("[actuators.encoder]").expect("its encoder");
    let table = format!(
        "[actuators.transmission]\nstiffness = \"{stiffness} N m/rad\"\ndamping = \"0.002 N m s/rad\"\n"
    );
    robot.insert_str(place, &table);
    let scene = files.get_mut(SCENE).expect("the scene");
    *scene = scene.replace("start =", &format!("substeps = {substeps}\nstart ="));
    files
}

/// The wrist's pitch can move so that the other discs stand still: then 2.3e-7 kg m² oscillate on the cable, at 2100 rad/s on
/// 1 N m/rad and 15 000 rad/s on 50 N m/rad; 3000 steps a second resolve 3000 rad/s.
#[test]
fn a_cable_too_stiff_for_the_step_is_named_and_substeps_answer_it() {
    let advice = |stiffness, substeps| {
        trocar_sim::step_advice(&loaded(with_cable(stiffness, substeps)).scene).expect("the scene compiles")
    };
    assert_eq!(advice("1", 1), []);
    let found = advice("50", 1);
    assert_eq!(found.len(), 1);
    let warning = &found[0];
    assert_eq!((warning.severity, warning.code.as_str()), (Severity::Warning, "step-too-long"));
    assert!(warning.title.contains("psm1") && warning.title.contains("disc_2"), "{}", warning.title);
    // It stands at the robot in the scene's file, and its remedy works.
    assert!(warning.labels[0].file.ends_with("psm_bench.toml"));
    let remedy = warning.notes.iter().find_map(|note| note.split("substeps = ").nth(1)).expect("a remedy");
    let needed: u32 = remedy.split('`').next().expect("a number").parse().expect("a number");
    assert!((2..=20).contains(&needed), "{needed}");
    assert_eq!(advice("50", needed), []);
    assert_eq!(advice("50", needed - 1).len(), 1);
}

/// Beyond what the step resolves the run is still stable: the arm ends where it ends with short steps, but for the
/// difference of two steps' errors.
#[test]
fn an_unresolved_cable_is_stable() {
    let end = |substeps| {
        let case = case_of(&loaded(with_cable("1e7", substeps)));
        let mut run = Bare::new(&case);
        while run.state.step < 5400 {
            run.step_only();
        }
        run.values("psm1.truth.js")[..7].to_vec()
    };
    let (coarse, fine) = (end(1), end(8));
    for (a, b) in coarse.iter().zip(&fine) {
        assert!((a - b).abs() < 1e-4, "{coarse:?} {fine:?}");
    }
}
