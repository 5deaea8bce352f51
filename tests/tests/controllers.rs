//! What `trocar new controller` writes, done as a user does it: written, built by the command that is printed, run by the
//! command that is printed. Each language in each slot is held against the built-in controller: the same verdicts, and the
//! same digests where it computes the same doubles.
#![expect(
    clippy::expect_used,
    clippy::print_stderr,
    reason = "helpers of tests fail as tests do, and say what they skip"
)]

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use trocar_tests::{Project, STUCK, SWING, root, trocar};

const LANGUAGES: [(&str, &str); 3] = [("py", "python3"), ("cpp", "c++"), ("rs", "rustc")];

/// Whether a language's tool is here; says so where it is not.
fn is_here(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok_and(|done| done.status.success());
    if !found {
        eprintln!("skipped: {tool} is not on this machine");
    }
    found
}

/// The shipped latency test, of the yaw and with two steps instead of twenty.
fn short_step_delay() -> String {
    let text = std::fs::read_to_string(root().join("scenarios/laparoscopic/latency/step_delay.toml"))
        .expect("the shipped scenario");
    let (head, rest) = text.split_once("[for_each]").expect("the joint by its number");
    let (_, rest) = rest.split_once("\n\n").expect("more of the file");
    let text = format!("{head}{rest}").replace("$joint", "yaw");
    let short = text.replace("repeat = 20 ", "repeat = 2 ").replace("\"scenes/", "\"trocar:scenes/");
    assert_ne!(short, text);
    short
}

/// Two scenarios: a fault that the supervisor finds, with its twin; and steps of a joint, as shipped.
fn project() -> Project {
    Project::new(&[("swing.toml", &format!("{SWING}{STUCK}")), ("steps.toml", &short_step_delay())])
}

const SCENARIOS: [&str; 2] = ["swing", "steps"];

/// Writes a controller as its user would, and builds it by the command that is printed. Gives the option that runs it.
fn started(project: &Project, slot: &str, extension: &str) -> String {
    let file = format!("my_{slot}.{extension}");
    let said = project.trocar(&["new", "controller", &file, "--slot", slot]).expect(0);
    assert_eq!(said.out.trim(), file);
    let (_, next) = said.err.split_once("next: ").expect("what to do next");
    let commands: Vec<&str> = next.trim().lines().map(str::trim).collect();
    let (run, build) = commands.split_last().expect("a command");
    for command in build {
        shell(project.path(), command);
    }
    let (_, option) = run.split_once("--controller ").expect("a way to run it");
    option.replace('\'', "")
}

fn shell(folder: &Path, command: &str) {
    let done = Command::new("sh").args(["-c", command]).current_dir(folder).output().expect("a shell");
    let said = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    assert!(done.status.success() && said.is_empty(), "{command}:\n{said}");
}

/// What a run came to: its digest, and each requirement with its verdict.
#[derive(Debug, PartialEq)]
struct Came {
    digest: String,
    verdicts: Vec<(String, String)>,
}

fn ran(project: &Project, scenario: &str, out: &str, options: &[&str]) -> Came {
    let file = format!("{scenario}.toml");
    let said = project.trocar(&[&["run", &file, "--out", out], options].concat());
    assert!(said.code <= 1, "{}{}", said.out, said.err);
    came(&project.path().join(out).join(scenario))
}

fn came(result: &Path) -> Came {
    let text = std::fs::read_to_string(result.join("cases/_/outcome.json")).expect("an outcome");
    let outcome: Value = serde_json::from_str(&text).expect("JSON");
    let word = |value: &Value| value.as_str().expect("a text").to_owned();
    let requirements = outcome["outcome"]["requirements"].as_array().expect("requirements");
    Came {
        digest: word(&outcome["outcome"]["digest"]),
        verdicts: requirements.iter().map(|r| (word(&r["id"]), word(&r["verdict"]))).collect(),
    }
}

fn is_as_inside(slot: &str, has_same_digest: bool) {
    let project = project();
    let inside = SCENARIOS.map(|scenario| ran(&project, scenario, "inside", &[]));
    for (extension, tool) in LANGUAGES {
        if !is_here(tool) {
            continue;
        }
        let option = started(&project, slot, extension);
        for (scenario, inside) in SCENARIOS.iter().zip(&inside) {
            let outside =
                ran(&project, scenario, &format!("{extension}_{scenario}"), &["--controller", &option]);
            assert_eq!(outside.verdicts, inside.verdicts, "{slot} in .{extension}, {scenario}");
            if has_same_digest {
                assert_eq!(outside.digest, inside.digest, "{slot} in .{extension}, {scenario}");
            }
        }
    }
}

#[test]
fn a_servo_in_each_language_is_the_built_in_one_bit_for_bit() {
    is_as_inside("servo", true);
}

#[test]
fn a_supervisor_in_each_language_is_the_built_in_one_bit_for_bit() {
    is_as_inside("supervisor", true);
}

/// Sines and arctangents of the languages' libraries may differ from Trocar's in the last bit.
#[test]
fn an_arm_in_each_language_gives_the_same_verdicts() {
    is_as_inside("arm", false);
}

/// A changed law changes the run: the tests above do not compare a run with itself.
#[test]
fn a_changed_law_is_another_run() {
    if !is_here("python3") {
        return;
    }
    let project = project();
    let option = started(&project, "servo", "py");
    let file = project.path().join("my_servo.py");
    let text = std::fs::read_to_string(&file).expect("what was written");
    let changed = text.replace("return p * (", "return 0.5 * p * (");
    assert_ne!(changed, text);
    std::fs::write(file, changed).expect("a file");
    let inside = ran(&project, "steps", "inside", &[]);
    let outside = ran(&project, "steps", "outside", &["--controller", &option]);
    assert_ne!(outside.digest, inside.digest);
}

#[test]
fn a_mistake_in_the_law_and_a_wrong_slot_are_named() {
    if !is_here("python3") {
        return;
    }
    let project = project();
    started(&project, "servo", "py");
    let text = std::fs::read_to_string(project.path().join("my_servo.py")).expect("what was written");
    let at = text.lines().position(|line| line.contains("return p * (")).expect("the law") + 1;
    project.write("wrong.py", text.replace("return p * (", "return q * (").as_bytes());
    let run = |option: &str, out: &str| {
        project.trocar(&["run", "steps.toml", "--out", out, "--controller", option]).expect(4).out
    };
    let said = run("arm.servo=python3 wrong.py", "o1");
    assert!(said.contains(&format!("line {at}: NameError: name 'q' is not defined")), "{said}");
    let kept = project.path().join("o1/steps/cases/_/controllers/psm1.servo.run.stderr.txt");
    assert!(std::fs::read_to_string(kept).expect("what it printed").contains("Traceback"));
    let said = run("arm.supervisor=python3 my_servo.py", "o2");
    assert!(said.contains("for a slot `servo`, which psm1.supervisor is not"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_mistakes_are_named() {
    let project = Project::new(&[]);
    let new = |more: &[&str]| project.trocar(&[&["new", "controller"], more].concat());
    new(&["a.py", "--slot", "psm1.servo"]).expect(0);
    assert!(new(&["a.py", "--slot", "servo"]).expect(2).err.contains("nothing is overwritten"));
    for (arguments, said) in [
        (&["b.py"][..], "--slot"),
        (&["b.py", "--slot", "motor"], "servo, supervisor, arm"),
        (&["b", "--slot", "servo"], "--lang python, cpp or rust"),
        (&["b.rs", "--slot", "servo", "--lang", "cpp"], "ends as rust does"),
        (&["b", "--slot", "servo", "--lang", "cpp"], "give it an ending"),
    ] {
        let found = new(arguments).expect(2);
        assert!(found.err.contains(said), "{arguments:?}: {}", found.err);
    }
    assert!(
        project
            .trocar(&["new", "scene", "s.toml", "--slot", "servo"])
            .expect(2)
            .err
            .contains("for a controller")
    );
    let left = std::fs::read_dir(project.path()).expect("a folder").count();
    assert_eq!(left, 2, "trocar.toml and a.py");
}

/// The hardware component of ros2_control against the signatures of its interfaces, with a controller_manager that the
/// test plays, reaches the verdict and the digest of the built-in servo.
#[test]
fn ros2_control_drives_the_arm() {
    if !is_here("c++") {
        return;
    }
    let project = Project::new(&[]);
    let here = root().canonicalize().expect("the repository");
    let build = format!(
        "c++ -O1 -std=c++17 -ffp-contract=off -Wall -Wextra -Wshadow -Werror -I'{0}/tests/ros2_control/stubs' -o manager \
         '{0}/integrations/ros2_control/trocar_system.cpp' '{0}/tests/ros2_control/manager.cpp'",
        here.display()
    );
    shell(project.path(), &build);
    // A port that was free a moment ago.
    let port =
        std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
    let address = format!("127.0.0.1:{port}");
    let controller = format!(
        "\n[controllers.ros]\nslot = \"arm.servo\"\ntransport = \"tcp\"\nlisten = \"{address}\"\nanswer_within = \"20 s\"\n"
    );
    project.write("inside.toml", short_step_delay().as_bytes());
    project.write("outside.toml", format!("{}{controller}", short_step_delay()).as_bytes());
    let inside = ran(&project, "inside", "inside", &[]);
    // The gains of the PSM, which its controller has to know.
    let listed = project.trocar(&["paths", "outside.toml", "psm1.servo.*", "--json"]).expect(0).out;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let value = |path: &str| {
        let found = listed.as_array().expect("a list").iter().find(|row| row["path"] == path);
        let text = found.unwrap_or_else(|| panic!("{path}"))["value"].as_str().expect("a value").to_owned();
        text.split(' ').next().expect("a number").to_owned()
    };
    let joints = ["yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw", "jaw"];
    let gains = joints.map(|joint| {
        let gain = |which: &str| value(&format!("psm1.servo.{joint}.{which}"));
        format!("{joint}:{}:{}", gain("p"), gain("d"))
    });
    let manager = Command::new(project.path().join("manager"))
        .arg(&address)
        .args(&gains)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it starts");
    let outside = ran(&project, "outside", "outside", &["--allow-exec", "ros"]);
    let done = manager.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && said.contains("the run is over"), "{said}");
    assert_eq!(outside, inside);
}

/// The protocol in trocar_system.cpp is that of the C++ templates, to the letter: it has one source.
#[test]
fn ros2_control_speaks_the_protocol_of_the_templates() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("a file of the repository");
    let protocol = read("crates/trocar-scenario/src/template/controller/protocol.cpp");
    assert!(read("integrations/ros2_control/trocar_system.cpp").contains(&protocol));
}

/// A program with its own controller inside: the example, built and run.
#[test]
fn a_registered_controller_fills_a_slot() {
    let this = std::env::current_exe().expect("a test has a path");
    let profile = this.ancestors().nth(2).expect("target/PROFILE");
    let name = profile.file_name().and_then(|n| n.to_str()).expect("a profile");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--quiet",
        "-p",
        "my_controller",
        "--profile",
        if name == "debug" { "dev" } else { name },
    ]);
    build.arg("--target-dir").arg(profile.parent().expect("target"));
    assert!(build.current_dir(root()).status().expect("cargo runs").success());

    let out = tempfile::tempdir().expect("a folder");
    let scenario = root().join("examples/my_controller/scenarios/sag.toml");
    let mine = Command::new(profile.join(format!("my_controller{}", std::env::consts::EXE_SUFFIX)))
        .arg("run")
        .arg(&scenario)
        .arg("--out")
        .arg(out.path().join("mine"))
        .output()
        .expect("it runs");
    assert!(mine.status.success(), "{mine:?}");
    assert_eq!(came(&out.path().join("mine/sag")).verdicts, [("S1".to_owned(), "PASS".to_owned())]);
    // The built-in servo sags; and `trocar` itself knows nothing of `my_servo`.
    let scenario = scenario.to_str().expect("UTF-8");
    assert!(trocar(out.path(), &["run", scenario]).expect(2).err.contains("my_servo"));
    let text = std::fs::read_to_string(scenario).expect("the scenario");
    let without = text.replace("[controllers.my_servo]", "").replace("slot = \"arm.servo\"", "");
    let project = Project::new(&[("sag.toml", &without)]);
    project.trocar(&["run", "sag.toml", "--out", "built_in"]).expect(1);
    assert_eq!(came(&project.path().join("built_in/sag")).verdicts, [("S1".to_owned(), "FAIL".to_owned())]);
}

/// What `--slots` lists is what a controller in the slot is told.
#[test]
fn the_slots_of_a_scene_are_listed() {
    let project = Project::new(&[]);
    let scene = "trocar:scenes/psm_bench.toml";
    let text = project.trocar(&["paths", scene, "--slots"]).expect(0).out;
    for slot in ["supervisor", "arm", "servo"] {
        assert!(text.contains(&format!("trocar new controller my_{slot}.py --slot psm1.{slot}")), "{text}");
    }
    let listed = project.trocar(&["paths", scene, "psm1.servo", "--slots", "--json"]).expect(0).out;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let [servo] = listed.as_array().expect("a list").as_slice() else { panic!("one slot: {listed}") };
    assert_eq!((&servo["kind"], &servo["rate_hz"]), (&Value::from("servo"), &Value::from(1500.0)));
    let paths = |what: &str| -> Vec<&str> {
        servo[what].as_array().expect("a list").iter().filter_map(|group| group["path"].as_str()).collect()
    };
    let jaw = ["psm1.jaw.measured_js", "psm1.jaw.setpoint_js", "psm1.operating_state"];
    assert_eq!(paths("inputs"), [&["psm1.measured_js", "psm1.setpoint_js"][..], &jaw].concat());
    assert_eq!((paths("outputs").len(), paths("parameters")[0]), (7, "psm1.servo.yaw.p"));
    assert_eq!(servo["state"][0], "current_a[0]");
    let none = project.trocar(&["paths", scene, "no.such", "--slots"]).expect(0);
    assert!(none.out.is_empty() && none.err.contains("no slot matches"), "{none:?}");
}
