//! A method on another robot: the scene is found where a shell would look for it, a built-in method runs in a scene of the
//! user's, and what a robot lacks makes the method INVALID with the reason, while a mistake of the method stays one.
#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use trocar_tests::{Project, SWING, root, trocar};

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

    let mut text = std::fs::read_to_string(&robot).unwrap_or_else(|e| panic!("{e}"));
    text.push_str("\n[declared.step_delay]\nvalue = \"1 s\"\nowner = { kind = \"example\" }\n");
    std::fs::write(&robot, text).unwrap_or_else(|e| panic!("{e}"));
    let said = run("declared").expect(0);
    assert!(said.out.contains("2 PASS") && said.out.contains("case joint = j_yaw"), "{}", said.out);
    project.trocar(&["replay", "declared/step_delay"]).expect(0);
}

#[test]
fn every_built_in_method_runs_on_a_bench_robot_or_says_why_not() {
    let project = project(&[]);
    let said = project.trocar(&[
        "run",
        "trocar:scenarios",
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
    let shipped = trocar(&root(), &["list", "trocar:scenarios", "--json"]);
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
