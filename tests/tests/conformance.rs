//! The conformance family passes on the reference controllers of every shipped arm, and fails on a device that does the
//! wrong thing: each scenario with a sabotage of its own.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use trocar_scenario::Files;
use trocar_tests::{Project, root, trocar};

const FOLDER: &str = "trocar:scenarios/laparoscopic/conformance";

fn text(name: &str) -> String {
    let file = Files::library().read(&format!("{FOLDER}/{name}.toml")).expect("a shipped scenario");
    file.text.replace("\"scenes/psm_bench.toml\"", "\"trocar:scenes/psm_bench.toml\"")
}

#[test]
fn every_shipped_arm_passes() {
    for (scene, robot) in [
        ("psm_bench", "psm1"),
        ("psm_si_bench", "psm1"),
        ("ecm_classic_bench", "ecm"),
        ("ecm_si_bench", "ecm"),
        ("raven2_bench", "raven"),
    ] {
        let project = Project::new(&[]);
        let (scene, role) = (format!("scenes/{scene}.toml"), format!("arm={robot}"));
        let out = project.path().join("results");
        let out = out.to_str().expect("UTF-8");
        let folder = "scenarios/laparoscopic/conformance";
        let said = trocar(&root(), &["run", folder, "--scene", &scene, "--role", &role, "--out", out]);
        assert_eq!(said.code, 0, "{scene}: {}{}", said.out, said.err);
    }
}

/// Where the role's robot is not in the scene, the remedy is named.
#[test]
fn a_scene_without_the_robot_names_the_option() {
    for name in ["state_transitions", "limits"] {
        let file = format!("{FOLDER}/{name}.toml");
        let said = Project::new(&[]).trocar(&["run", &file, "--scene", "trocar:scenes/raven2_bench.toml"]);
        assert_eq!(said.code, 2);
        assert!(said.err.contains("--role arm=raven"), "{}", said.err);
    }
}

/// A device that does the wrong thing FAILs: what a faulty controller would do is done to what it reads or writes.
#[test]
fn a_wrong_device_fails() {
    let always = "starts = { at = \"1 ms\" }\nlasts = \"for good\"\n";
    let in_phase = |phase: &str| format!("starts = {{ in = \"{phase}\" }}\nlasts = \"for good\"\n");
    let sabotage = |target: &str, what: &str, when: &str| {
        format!("\n[[faults]]\nname = \"sabotage\"\ntarget = \"{target}\"\n{what}\n{when}")
    };
    for (name, addition) in [
        // It says ENABLED whatever it is.
        (
            "state_transitions",
            sabotage("arm.operating_state", "kind = \"stuck_at\"\nvalue = \"100 %\"", always),
        ),
        // It does not stop.
        ("fault_retry", sabotage("arm.supervisor.trip", "kind = \"stuck_at\"\nvalue = \"0 %\"", always)),
        // Its setpoint is another than the last command.
        (
            "servo_superseding",
            sabotage(
                "arm.setpoint_js.position.$joint",
                "kind = \"scale\"\nfactor = 1.01",
                &in_phase("stream"),
            ),
        ),
        // It does not end at the last goal.
        (
            "move_queue",
            sabotage("arm.setpoint_js.position.$joint", "kind = \"scale\"\nfactor = 1.5", &in_phase("third")),
        ),
        // It takes a command beyond its limits for one that it can carry out.
        ("limits", sabotage("arm.move_jp.position.$joint", "kind = \"scale\"\nfactor = 0.0", always)),
        // It is busy although it was refused.
        (
            "not_ready",
            sabotage("arm.is_busy", "kind = \"stuck_at\"\nvalue = \"100 %\"", &in_phase("command")),
        ),
        // It drifts away when nobody commands.
        (
            "stream_stops",
            sabotage(
                "arm.setpoint_js.position.$joint",
                "kind = \"scale\"\nfactor = 0.9\nramp = \"1 s\"",
                &in_phase("silence"),
            ),
        ),
    ] {
        let project = Project::new(&[("wrong.toml", &format!("{}{addition}", text(name)))]);
        let said = project.trocar(&["run", "wrong.toml"]);
        assert_eq!(said.code, 1, "{name}: {}{}", said.out, said.err);
    }
    // A decoder that passes an old value on as a new one.
    let stuck =
        text("invalid_data").replace("kind   = \"dropout\"", "kind   = \"stuck_at\"\nvalue = \"0 mm\"");
    let said = Project::new(&[("wrong.toml", &stuck)]).trocar(&["run", "wrong.toml"]);
    assert_eq!(said.code, 1, "invalid_data: {}{}", said.out, said.err);
}
