//! From a URDF to a verdict: the robot file that `trocar new robot --urdf` writes, a scene around it, a test method on it,
//! and its result replayed from the result's own files.
#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use trocar_tests::{Project, root, tree};

fn arm() -> String {
    std::fs::read_to_string(root().join("tests/data/arm-a.urdf")).unwrap_or_else(|error| panic!("{error}"))
}

/// Five cycles between two poses, and the repeatability of each.
const METHOD: &str = r#"
format = 1
title  = "Pose repeatability of a bench robot"
scene  = "scenes/bench.toml"

[roles]
arm = "arm1"

[setup]
"arm.load" = "arm.declared.rated_load"

[instruments.tracker]
kind        = "position_tracker"
follows     = { tool_tip = "arm.tool_tip" }
frame       = "arm.base"
rate        = "1 kHz"
noise       = "8 um"
uncertainty = "15 um"

[poses]
pattern     = "list"
frame       = "arm.base"
points      = { left = ["0 mm", "-20 mm", "-110 mm"], right = ["10 mm", "20 mm", "-90 mm"] }
orientation = { axis = [0.0, 0.0, 1.0], angle = "0 deg" }

[[phases]]
name   = "ready"
send   = { "arm.state_command" = ["enable", "home"] }
until  = "arm.is_homed and not arm.is_busy"
within = "30 s"

[[phases]]
name   = "cycles"
repeat = 6
move   = { command = "arm.move_cp", through = ["left", "right"], dwell = "0.5 s" }
within = "2 min"

[measures.RP]
kind   = "pose_repeatability"
of     = "tracker.tool_tip"
window = { phase = "cycles", at = "dwell_end", skip = 1 }

[[requirements]]
id      = "RP"
formula = "max(RP) <= arm.declared.pose_repeatability"
why     = "What comes back is where it was."
"#;

#[test]
fn a_urdf_becomes_a_robot_that_sits_a_test() {
    let project = Project::new(&[("robots/arm.urdf", &arm()), ("method.toml", METHOD)]);
    let said = project.trocar(&["new", "robot", "--urdf", "robots/arm.urdf"]).expect(0);
    assert_eq!(said.out.trim(), "robots/arm.toml");
    project.trocar(&["check", "robots/arm.toml"]).expect(0);
    let written = tree(project.path())["robots/arm.toml"].clone();
    let text = String::from_utf8_lossy(&written).into_owned();
    // What the URDF lacks is marked, and what it says counts: its limits of 1e9 are none.
    assert!(text.matches("not in the URDF").count() > 30, "{text}");
    assert!(text.contains("the URDF's 1000000000 rad/s is no limit"), "{text}");
    assert_eq!(text.matches("[[actuators]]").count(), 7);

    // Nothing is overwritten.
    let said = project.trocar(&["new", "robot", "--urdf", "robots/arm.urdf"]).expect(2);
    assert!(said.err.contains("exists already"), "{}", said.err);
    assert_eq!(tree(project.path())["robots/arm.toml"], written);

    project.trocar(&["new", "scene", "scenes/bench.toml", "--robot", "robots/arm.toml"]).expect(0);
    let said = project.trocar(&["run", "method.toml", "--out", "result"]).expect(0);
    assert!(said.out.contains("1 verdict: 1 PASS"), "{}", said.out);

    // The result has the URDF with it: it replays where there is no project.
    let elsewhere = Project::new(&[]);
    for (name, bytes) in tree(&project.path().join("result")) {
        elsewhere.write(&format!("mailed/{name}"), &bytes);
    }
    let said = elsewhere.trocar(&["replay", "mailed"]).expect(0);
    assert!(said.out.contains("identical"), "{}", said.out);
}

#[test]
fn the_tip_may_be_chosen_and_a_last_joint_beyond_it_is_a_jaw() {
    let project = Project::new(&[("arm.urdf", &arm())]);
    project.trocar(&["new", "robot", "robots/a.toml", "--urdf", "arm.urdf", "--tip", "wyaw"]).expect(0);
    let text = String::from_utf8_lossy(&tree(project.path())["robots/a.toml"]).into_owned();
    assert!(text.contains("jaw = \"j_jaw\"") && text.contains("tip = { frame = \"wyaw\" }"), "{text}");
    project.trocar(&["check", "robots/a.toml"]).expect(0);
    // Nearer to the base two joints more move nothing of the tip: the last is the jaw, the other stands still.
    project.trocar(&["new", "robot", "robots/b.toml", "--urdf", "arm.urdf", "--tip", "wpitch"]).expect(0);
    let text = String::from_utf8_lossy(&tree(project.path())["robots/b.toml"]).into_owned();
    assert!(text.contains("hold = { j_wyaw = \"0 rad\" }"), "{text}");
    project.trocar(&["check", "robots/b.toml"]).expect(0);
}

#[test]
fn bad_requests_get_an_answer() {
    let outside = Project::new(&[("arm.urdf", &arm())]);
    let project = Project::new(&[("arm.urdf", &arm()), ("bad.urdf", &arm().replace("</robot>", ""))]);
    let ask = |arguments: &[&str]| project.trocar(&[&["new"], arguments].concat()).expect(2).err;
    assert!(ask(&["robot", "--urdf", "arm.urdf", "--tip", "wyav"]).contains("did you mean `wyaw`?"));
    assert!(ask(&["robot", "--urdf", "arm.urdf", "--tip", "base"]).contains("no joint moves `base`"));
    assert!(ask(&["robot", "--urdf", "none.urdf"]).contains("there is no file"));
    assert!(ask(&["robot", "--urdf", "bad.urdf"]).contains("this is not XML"));
    assert!(ask(&["scene", "a.toml", "--urdf", "arm.urdf"]).contains("--urdf is for a robot"));
    let far = outside.path().join("arm.urdf").to_string_lossy().into_owned();
    assert!(ask(&["robot", "a.toml", "--urdf", &far]).contains("two projects"));
    assert!(!project.path().join("a.toml").exists());
}
