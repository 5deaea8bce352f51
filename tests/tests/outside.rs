//! Controllers from outside: they fill a slot as the built-in one does, replays need none of them, and a bad one spoils
//! nothing but its own run.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]
#![cfg(unix)]

use serde_json::Value;
use std::path::Path;
use trocar_tests::{Project, STUCK, SWING, tree};

const CONTROLLER: &str = env!("CARGO_BIN_EXE_outside_controller");

/// [`SWING`] with a controller that behaves as `mode` says, and more keys for its table.
fn with_controller(mode: &str, from: u64, more: &str) -> String {
    format!(
        "{SWING}\n[controllers.outside]\nslot    = \"arm.servo\"\nprogram = [\"{CONTROLLER}\", \"{mode}\", \"{from}\"]\n{more}\n"
    )
}

fn result(project: &Project, path: &str) -> Value {
    let text = std::fs::read(project.path().join(path).join("result.json")).expect("a result");
    serde_json::from_slice(&text).expect("JSON")
}

fn digest(project: &Project, path: &str) -> String {
    result(project, path)["cases"][0]["digest"].as_str().expect("a digest").to_owned()
}

fn requirement(result: &Value) -> (&str, String) {
    let first = &result["cases"][0]["requirements"][0];
    (first["verdict"].as_str().expect("a verdict"), first["reason"].as_str().unwrap_or("").to_owned())
}

#[test]
fn the_same_bits_as_inside_over_every_channel_and_replays_without_the_program() {
    let mut files = vec![("inside.toml".to_owned(), SWING.to_owned())];
    for (name, mode, more) in [
        ("stdio", "good", ""),
        ("json", "json", "encoding = \"json\""),
        ("unix", "good", "transport = \"unix\""),
        ("tcp", "good", "transport = \"tcp\""),
    ] {
        files.push((format!("{name}.toml"), with_controller(mode, 0, more)));
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    let project = Project::new(&files);
    project.trocar(&["run", ".", "--out", "out", "--allow-exec", "outside"]).expect(0);
    let inside = digest(&project, "out/inside");
    for name in ["stdio", "json", "unix", "tcp"] {
        assert_eq!(digest(&project, &format!("out/{name}")), inside, "{name}");
        let host: Value = serde_json::from_slice(
            &std::fs::read(project.path().join(format!("out/{name}/host.json"))).unwrap(),
        )
        .unwrap();
        let exchanges = host["controllers"][""][0]["exchanges"].as_u64().unwrap();
        assert!(exchanges > 1000, "{name}: {exchanges}");
    }
    // Elsewhere, where no program is and nothing is allowed.
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["stdio", "json"] {
        trocar_tests::copy(&project.path().join("out").join(name), &elsewhere.path().join(name));
        let said = trocar_tests::trocar(elsewhere.path(), &["replay", name]).expect(0);
        assert_eq!(said.out, "identical\n");
        let said = project.trocar(&["replay", &format!("out/{name}"), "--allow-exec", "outside"]).expect(0);
        assert_eq!(said.out, "identical\n", "asked again");
    }
    let said =
        trocar_tests::trocar(elsewhere.path(), &["replay", "stdio", "--csv", "psm1.yaw.motor.current"]);
    assert!(said.expect(0).out.lines().count() > 100);
}

#[test]
fn with_the_command_line_alone() {
    let project = Project::new(&[("swing.toml", SWING)]);
    let slot = format!("arm.servo='{CONTROLLER}' good");
    project.trocar(&["run", "swing.toml", "--out", "a", "--controller", &slot]).expect(0);
    project.trocar(&["run", "swing.toml", "--out", "b"]).expect(0);
    assert_eq!(digest(&project, "a/swing"), digest(&project, "b/swing"));
    assert_eq!(project.trocar(&["replay", "a/swing"]).expect(0).out, "identical\n");
    let said = project.trocar(&["run", "swing.toml", "--controller", "arm.sevo=x"]).expect(2);
    assert!(said.err.contains("there is no slot `arm.sevo`; did you mean `arm.servo`?"), "{}", said.err);
    let said = project.trocar(&["run", "swing.toml", "--controller", "arm.servo"]).expect(2);
    assert!(said.err.contains("arm.servo='python3 my_servo.py'"), "{}", said.err);
}

#[test]
fn no_file_starts_a_program() {
    let project = Project::new(&[("a.toml", &with_controller("good", 0, "")), ("b.toml", SWING)]);
    for allowed in [&[][..], &["--allow-exec", "other"]] {
        let said = project.trocar(&[&["run", ".", "--out", "out"], allowed].concat()).expect(2);
        assert!(said.err.contains("--allow-exec outside") && said.err.contains(CONTROLLER), "{}", said.err);
        assert!(!project.path().join("out").exists(), "nothing was run");
    }
    // Nor by a name that only a later case of `[for_each]` gives it.
    let later = with_controller("good", 0, "")
        .replace("[controllers.outside]", "[controllers.\"$who\"]")
        .replace("[roles]", "[for_each]\nwho = [\"first\", \"second\"]\n\n[roles]");
    project.write("later.toml", later.as_bytes());
    let said = project.trocar(&["run", "later.toml", "--out", "out", "--allow-exec", "first"]).expect(2);
    assert!(said.err.contains("--allow-exec second"), "{}", said.err);
    assert!(!project.path().join("out").exists(), "nothing was run");
    let both = ["--allow-exec", "first", "--allow-exec", "second"];
    let said = project.trocar(&[&["run", "later.toml", "--out", "out"][..], &both].concat());
    assert!(said.expect(0).out.contains("2 cases"));
    project.write("later.toml", b"format = 1\nkind = \"part\"\n");
    // A program that is not there is told before anything runs.
    for (program, remedy) in [
        (r#"["nothing here"]"#, r#"["nothing", "here"]"#),
        (r#"["trocar.toml"]"#, "`./trocar.toml`"),
        (r#"["./nothing"]"#, "there is no file"),
    ] {
        let absent = format!("{SWING}\n[controllers.mine]\nslot = \"arm.servo\"\nprogram = {program}\n");
        project.write("absent.toml", absent.as_bytes());
        let said = project.trocar(&["run", "absent.toml", "--allow-exec", "mine"]).expect(2);
        assert!(said.err.contains("cannot be started") && said.err.contains(remedy), "{}", said.err);
    }
    project.write("absent.toml", b"format = 1\nkind = \"part\"\n");
    // Checking and listing start nothing either.
    project.trocar(&["check", "."]).expect(0);
    let unregistered = format!("{SWING}\n[controllers.mine]\nslot = \"arm.servo\"\n");
    project.write("a.toml", unregistered.as_bytes());
    let said = project.trocar(&["run", "a.toml"]).expect(2);
    assert!(said.err.contains("is not registered in this program"), "{}", said.err);
}

/// Each way to be bad: what it is called, further keys, and what the message must say.
const BAD: [(&str, &str, &str); 22] = [
    ("late", "answer_within = \"0.2 s\"", "gave no answer within 0.2 s"),
    ("hangs", "answer_within = \"0.2 s\"", "gave no answer within 0.2 s"),
    ("drips", "answer_within = \"0.2 s\"", "gave no answer within 0.2 s"),
    ("ends", "", "ended with exit status: 3"),
    ("crashes", "", "the servo's index ran away"),
    ("says_failure", "", "cannot go on: the matrix is singular"),
    ("wrong_activation", "", "answered activation 501 where 500 was asked"),
    ("wrong_instant", "", "answered for the instant"),
    ("forged_digest", "", "it does not answer this step"),
    ("too_short", "", "where a reply of `psm1.servo` has"),
    ("too_long", "", "where a reply of `psm1.servo` has"),
    ("not_a_number", "", "wrote `psm1.yaw.current_command` = NaN, which is not finite"),
    ("infinite", "", "wrote `psm1.yaw.current_command` = inf, which is not finite"),
    ("floods", "", "sent more than was asked for"),
    ("huge_frame", "", "sent a frame of 2147483647 bytes"),
    ("prints_into_the_channel", "", "is something else printed where frames belong?"),
    ("eats_memory", "memory = \"512 MiB\"\nanswer_within = \"20 s\"", "out of memory after"),
    ("leaves_children", "", "ended with exit status: 0"),
    ("ends_at_once", "", "no licence file was found"),
    ("no_welcome", "start_within = \"0.2 s\"", "gave no welcome within 0.2 s"),
    ("garbage", "", "sent a frame of version"),
    ("other_version", "", "version 9; this is `trocar-controller` version 1"),
];

#[test]
fn a_bad_controller_is_named_with_the_instant_and_the_batch_goes_on() {
    let files: Vec<(String, String)> = BAD
        .iter()
        .map(|(mode, more, _)| (format!("{mode}.toml"), with_controller(mode, 500, more)))
        .collect();
    let mut files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    files.push(("unspoilt.toml", SWING));
    let project = Project::new(&files);
    let run = ["run", ".", "--out", "out", "--jobs", "4", "--allow-exec", "outside"];
    project.trocar(&run).expect(4);
    for (mode, _, says) in BAD {
        // The memory of a process is limited on Linux alone.
        if mode == "eats_memory" && !cfg!(target_os = "linux") {
            continue;
        }
        let result = result(&project, &format!("out/{mode}"));
        let failure = &result["cases"][0]["failure"];
        let what = failure["what"].as_str().unwrap_or("");
        assert_eq!(requirement(&result).0, "ERROR", "{mode}: {what}");
        assert!(
            what.contains(says) && what.contains("controller `outside` in psm1.servo at "),
            "{mode}: {what}"
        );
        // 1500 Hz: activation 500 is at a third of a second; what goes wrong before shows at the first.
        let at_s = failure["at_s"].as_f64().unwrap();
        let early = matches!(mode, "ends_at_once" | "no_welcome" | "garbage" | "other_version");
        let expected_s = if early { 0.0 } else { 1.0 / 3.0 };
        assert!((at_s - expected_s).abs() < 1e-3, "{mode}: {at_s} s");
        // That it failed is part of the record.
        let said = project.trocar(&["replay", &format!("out/{mode}")]).expect(0);
        assert_eq!(said.out, "identical\n", "{mode}");
    }
    assert_eq!(requirement(&result(&project, "out/unspoilt")).0, "PASS");
    let printed = tree(&project.path().join("out/leaves_children/cases/_/controllers"));
    let children: Vec<&str> =
        std::str::from_utf8(&printed["outside.run.stdout.txt"]).unwrap().lines().collect();
    assert_eq!(children.len(), 2, "{children:?}");
    for child in children {
        assert!(!is_alive(child), "process {child} outlives its controller");
    }
}

/// Whether a process runs; one that ended and was not yet fetched by its parent does not.
fn is_alive(id: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(id).join("status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("State:") && !line.contains('Z'))
}

#[test]
fn a_slot_falls_silent_where_the_scenario_says_so() {
    let silent = with_controller("crashes", 1500, "on_failure = \"silent\"");
    let project = Project::new(&[("silent.toml", &silent)]);
    // Motors that hear nothing keep their last currents; the supervisor sees the arm leave its way, and stops it.
    let said = project.trocar(&["run", "silent.toml", "--out", "out", "--allow-exec", "outside"]);
    let result = result(&project, "out/silent");
    assert_ne!(requirement(&result).0, "ERROR", "{}", said.out);
    let controller = &result["cases"][0]["controllers"][0];
    assert_eq!(controller["slot"], "psm1.servo");
    assert!((controller["silent_from_s"].as_f64().unwrap() - 1.0).abs() < 1e-3, "{controller}");
    assert!(controller["why_silent"].as_str().unwrap().contains("ran away"), "{controller}");
    assert!(result["cases"][0]["simulated_s"].as_f64().unwrap() > 1.1, "the run went on");
    assert_eq!(project.trocar(&["replay", "out/silent"]).expect(0).out, "identical\n");
}

#[test]
fn twins_of_a_fault_have_controllers_too() {
    let faulty = |mode: &str| with_controller(mode, 0, "") + STUCK;
    let project = Project::new(&[
        ("inside.toml", &(SWING.to_owned() + STUCK)),
        ("restorable.toml", &faulty("good")),
        ("recorded.toml", &faulty("stateful")),
        ("forgetful.toml", &faulty("does_not_repeat")),
    ]);
    project.trocar(&["run", ".", "--out", "out", "--allow-exec", "outside"]).expect(4);
    let ledger = |name: &str| result(&project, &format!("out/{name}"))["cases"][0]["faults"].clone();
    let inside = ledger("inside");
    assert_eq!(inside[0]["outcome"], "effective");
    assert_eq!(ledger("restorable"), inside);
    // One that keeps its state to itself has other state words, and the same effect on everything else.
    assert_eq!(ledger("recorded"), inside);
    for name in ["restorable", "recorded"] {
        let kept = tree(&project.path().join(format!("out/{name}/cases/_/controllers")));
        assert!(kept.contains_key("psm1.servo.without-encoder_stuck.exchange.zst"), "{:?}", kept.keys());
        assert_eq!(
            project.trocar(&["replay", &format!("out/{name}")]).expect(0).out,
            "identical\n",
            "{name}"
        );
    }
    let forgetful = result(&project, "out/forgetful");
    let what = forgetful["cases"][0]["failure"]["what"].as_str().unwrap_or("");
    assert!(what.contains("does not repeat: it wrote psm1.yaw.current_command"), "{what}");
}

#[test]
fn a_program_that_does_not_stop_is_ended_and_what_it_prints_is_kept_up_to_a_limit() {
    let project = Project::new(&[
        ("stays.toml", &with_controller("does_not_stop", 0, "")),
        ("prints.toml", &with_controller("prints_a_lot", 1000, "")),
    ]);
    let short = ["run", ".", "--out", "out", "--allow-exec", "outside"];
    project.trocar(&short).expect(0);
    let printed = tree(&project.path().join("out/prints/cases/_/controllers"));
    let len = printed["outside.run.stdout.txt"].len();
    assert!((1 << 20..(1 << 20) + 100).contains(&len), "{len}");
}

#[test]
fn mistakes_of_a_controllers_table_are_shown_at_their_places() {
    let bad = |more: &str| format!("{SWING}\n[controllers.mine]\nprogram = [\"x\"]\n{more}\n");
    for (more, says) in [
        ("slot = \"arm.sevo\"", "did you mean `arm.servo`?"),
        ("slot = \"arm.servo\"\nreads = [\"arm.truth.tip\"]", "only an instrument may see this"),
        ("slot = \"arm.servo\"\nreads = [\"arm.measured_js\"]", "the slot reads this anyway"),
        ("slot = \"arm.servo\"\nreads = [\"arm.measured\"]", "nothing here is called"),
        ("slot = \"arm.servo\"\nrate = \"10 kHz\"", "is faster than the scene's steps"),
        ("slot = \"arm.servo\"\nmemory = \"2 GB\"", "GiB"),
        ("slot = \"arm.servo\"\ntransport = \"udp\"", "`transport` is one of: stdio, unix, tcp"),
        ("slot = \"arm.servo\"\nlisten = \"127.0.0.1:7447\"", "transport = \"tcp\""),
        ("slot = \"arm.servo\"\nanswer_withinn = \"1 s\"", "did you mean `answer_within`?"),
    ] {
        let project = Project::new(&[("bad.toml", &bad(more))]);
        let said = project.trocar(&["check", "bad.toml"]).expect(2);
        assert!(said.err.contains("bad.toml:"), "{more}: {}", said.err);
        assert!(said.err.contains(says), "{more}: {}", said.err);
    }
}
