//! A method on another robot: the scene is found where a shell would look for it, a built-in method runs in a scene of the
//! user's, and what a robot lacks makes the method INVALID with the reason, while a mistake of the method stays one.
#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use std::path::Path;
use trocar_tests::{Project, SWING, root, tree, trocar};

/// A project with a bench robot made of a URDF, whose joints have the limits and velocities of a small arm.
fn project(files: &[(&str, &str)]) -> Project {
    let urdf =
        std::fs::read_to_string(root().join("tests/data/arm-a.urdf")).unwrap_or_else(|e| panic!("{e}"));
    let urdf = urdf
        .replace("lower=\"-1000\" upper=\"1000\"", "lower=\"-1\" upper=\"1\"")
        .replace("velocity=\"1e9\"", "velocity=\"1\"");
    assert!(urdf.contains("velocity=\"1\""));
    let mut all = vec![("robots/arm.urdf", urdf.as_str())];
    all.extend(files);
    let project = Project::new(&all);
    project.trocar(&["new", "robot", "--urdf", "robots/arm.urdf"]).expect(0);
    project.trocar(&["new", "scene", "scenes/bench.toml", "--robot", "robots/arm.toml"]).expect(0);
    project
}

#[test]
fn a_built_in_method_runs_on_a_robot_of_the_users() {
    let project = project(&[]);
    let robot = project.path().join("robots/arm.toml");
    let whole = std::fs::read_to_string(&robot).unwrap_or_else(|e| panic!("{e}"));
    let declared = "[declared.step_delay]\nvalue = \"50 ms\"\nowner = { kind = \"example\" }\n";
    let without = whole.replace(declared, "");
    assert_ne!(without, whole);
    std::fs::write(&robot, &without).unwrap_or_else(|e| panic!("{e}"));
    let on_bench = ["--scene", "scenes/bench.toml", "--role", "arm=arm1"];
    let run = |out: &str| {
        let method = ["run", "trocar:step_delay", "--out", out];
        project.trocar(&[&method[..], &on_bench].concat())
    };
    // The limit that the method judges by is for the robot's maker to declare.
    let said = run("undeclared").expect(3);
    assert!(said.out.contains("2 INVALID"), "{}", said.out);
    assert!(
        said.out.contains("not for this scene: nothing here is called `arm.declared.step_delay`"),
        "{}",
        said.out
    );
    assert!(said.out.contains("arm = arm1: psm"), "{}", said.out);
    // What check says of the pair is the whole of it, and it says nothing of the method alone.
    let said = project.trocar(&[&["check", "trocar:step_delay"], &on_bench[..]].concat()).expect(2);
    assert!(said.err.contains("arm.declared.step_delay"), "{}", said.err);
    project.trocar(&["check", "trocar:step_delay"]).expect(0);

    // A recording of it cannot be judged by the method either, and the reason is the same.
    let judged = ["judge", "trocar:step_delay", "--data", "robots/arm.toml"];
    let said = project.trocar(&[&judged[..], &on_bench].concat()).expect(2);
    assert!(said.err.contains("nothing here is called `arm.declared.step_delay`"), "{}", said.err);

    std::fs::write(&robot, whole.replace("\"50 ms\"", "\"1 s\"")).unwrap_or_else(|e| panic!("{e}"));
    let said = run("declared").expect(0);
    assert!(said.out.contains("2 PASS") && said.out.contains("case joint = j_yaw"), "{}", said.out);
    project.trocar(&["replay", "declared/step_delay"]).expect(0);
}

#[test]
fn every_built_in_method_runs_on_a_bench_robot_or_says_why_not() {
    let project = project(&[]);
    let said = project.trocar(&[
        "run",
        "trocar:scenarios/laparoscopic",
        "--scene",
        "scenes/bench.toml",
        "--role",
        "arm=arm1",
        "--out",
        "all",
        "--json",
    ]);
    let batch: serde_json::Value =
        serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {}", said.err));
    let results = batch["results"].as_array().map_or(&[][..], Vec::as_slice);
    let shipped = trocar(&root(), &["list", "trocar:scenarios/laparoscopic", "--json"]);
    let shipped: serde_json::Value = serde_json::from_str(&shipped.out).unwrap_or_default();
    assert!(results.len() > 20, "{} methods; {shipped}", results.len());
    let mut passed = 0;
    for result in results {
        for case in result["cases"].as_array().into_iter().flatten() {
            for requirement in case["requirements"].as_array().into_iter().flatten() {
                let verdict = requirement["verdict"].as_str().unwrap_or_default();
                passed += usize::from(verdict == "PASS");
                assert_ne!(verdict, "ERROR", "{requirement:#}");
                let reason = requirement["reason"].as_str().unwrap_or_default();
                assert!(verdict != "INVALID" || !reason.is_empty(), "{requirement:#}");
            }
        }
    }
    // What asks for nothing but joints holds on this one as well.
    assert!(passed > 50, "{passed} passed: {}", batch["verdicts"]);
}

/// The arm that the tutorial begins with sits every method, and what it cannot do is INVALID with the reason: the verdicts are
/// those recorded. To record them anew, copy what the test wrote.
#[test]
fn the_arm_of_the_tutorial_sits_every_method() {
    let project = Project::new(&[]);
    project.trocar(&["new", "urdf", "robots/arm.urdf"]).expect(0);
    project.trocar(&["new", "robot", "--urdf", "robots/arm.urdf"]).expect(0);
    project.trocar(&["new", "scene", "scenes/arm.toml", "--robot", "robots/arm.toml"]).expect(0);
    // Its robot file declares each limit that a built-in method judges by, but for those that come with a jaw.
    let robot =
        std::fs::read_to_string(project.path().join("robots/arm.toml")).unwrap_or_else(|e| panic!("{e}"));
    for (file, text) in tree(&root().join("scenarios/laparoscopic")) {
        let text = String::from_utf8_lossy(&text).into_owned();
        for after in text.split("arm.declared.").skip(1) {
            let name: String = after.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let comes_with_a_jaw = matches!(name.as_str(), "grip_force" | "jaw_effort");
            assert!(comes_with_a_jaw || robot.contains(&format!("[declared.{name}]")), "{file}: {name}");
        }
    }
    let recorded = root().join("target/tmp/expected_on_tutorial_arm.json");
    std::fs::create_dir_all(root().join("target/tmp")).unwrap_or_else(|e| panic!("{e}"));
    let recorded = recorded.to_str().unwrap_or_default();
    let run = [
        "run",
        "trocar:scenarios/laparoscopic",
        "--scene",
        "scenes/arm.toml",
        "--role",
        "arm=arm1",
        "--out",
        "all",
    ];
    let said = project.trocar(&[&run[..], &["--record-expected", recorded]].concat()).expect(0);
    assert!(!said.out.contains("ERROR"), "{}", said.out);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(
        read(Path::new(recorded)),
        read(&root().join("scenarios/expected_on_tutorial_arm.json")),
        "if this is right: cp target/tmp/expected_on_tutorial_arm.json scenarios/"
    );
}

#[test]
fn mistakes_of_a_method_and_of_a_scene_stay_mistakes() {
    let typo = SWING.replace("arm.truth.tip.position.y", "arm.truth.tip.positon.y");
    let project = project(&[("tests/swing.toml", SWING), ("tests/typo.toml", &typo)]);
    let scene = project.path().join("scenes/bench.toml");
    let run = |arguments: &[&str]| project.trocar(&[&["run"], arguments].concat());
    // On the bench robot there is no remote centre; the method alone is without mistakes.
    let said = run(&["tests/swing.toml", "--scene", "scenes/bench.toml", "--role", "arm=arm1"]).expect(3);
    assert!(said.out.contains("there is no frame `arm.remote_centre`"), "{}", said.out);
    let said = run(&["tests/typo.toml", "--scene", "scenes/bench.toml", "--role", "arm=arm1"]).expect(2);
    assert!(said.err.contains("positon") && said.err.contains("nothing was run"), "{}", said.err);
    // The role's robot is said once, with the remedy.
    let said = run(&["trocar:joint_step_delay", "--scene", "scenes/bench.toml"]).expect(2);
    assert!(said.err.contains("--role arm=arm1") && said.err.contains("1 error;"), "{}", said.err);
    // A mistake in the scene is one of the scene.
    let text = std::fs::read_to_string(&scene).unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(&scene, text.replace("step_rate", "step_rat")).unwrap_or_else(|e| panic!("{e}"));
    let said = run(&["tests/swing.toml", "--scene", "scenes/bench.toml", "--role", "arm=arm1"]).expect(2);
    assert!(said.err.contains("did you mean `step_rate`?"), "{}", said.err);
}

#[test]
fn a_scene_is_named_from_the_current_folder_or_from_the_root() {
    let project = project(&[("tests/swing.toml", SWING)]);
    let elsewhere = self::project(&[]);
    let below = project.path().join("tests");
    for scene in ["../scenes/bench.toml", "scenes/bench.toml"] {
        let said = trocar(&below, &["check", "swing.toml", "--scene", scene, "--role", "arm=arm1"]).expect(2);
        assert!(said.err.contains("arm.remote_centre"), "{scene}: {}", said.err);
    }
    let outside = elsewhere.path().join("scenes/bench.toml").display().to_string();
    let said = project.trocar(&["run", "tests/swing.toml", "--scene", &outside]).expect(2);
    assert!(
        said.err.contains("outside of the method's project") && said.err.contains("--from"),
        "{}",
        said.err
    );
    let said = project.trocar(&["run", "trocar:step_delay", "--scene", "scenes/bnch.toml"]).expect(2);
    assert!(said.err.contains("bench.toml"), "{}", said.err);
}

/// An arm that bends nowhere was asked for the Jacobian of what its load bends, and every run with a load ended as an ERROR.
#[test]
fn a_load_hangs_on_an_arm_that_does_not_bend() {
    let loaded = SWING.replace("[poses]", "[setup]\n\"arm.load\" = \"0.1 kg\"\n\n[poses]");
    let project = Project::new(&[("swing.toml", &loaded)]);
    let said = project.trocar(&["run", "swing.toml", "--scene", "trocar:scenes/psm_si_bench.toml"]).expect(0);
    assert!(said.out.contains("1 PASS"), "{}", said.out);
}
