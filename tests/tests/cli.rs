//! The command: exit codes, what goes to which stream, results that stay, interruptions that resume.

use serde_json::Value;
use trocar_tests::{Project, STUCK, SWING, copy, tree, trocar};

fn fails() -> String {
    SWING.replace("travel <= 1 m", "travel <= 1 mm")
}

fn is_invalid() -> String {
    SWING.replace("\"20 mm\", \"-130 mm\"", "\"20 mm\", \"-900 mm\"")
}

fn project() -> Project {
    Project::new(&[
        ("pass.toml", SWING),
        ("fail.toml", &fails()),
        ("invalid.toml", &is_invalid()),
        ("bad.toml", &SWING.replace("within", "witihn")),
    ])
}

const ERROR: [&str; 2] = ["--set", "arm.load=1e308 kg"];

#[test]
fn exit_codes() {
    let project = project();
    let run = |files: &[&str], more: &[&str], out: &str| {
        project.trocar(&[&["run"], files, &["--out", out], more].concat())
    };
    assert!(run(&["pass.toml"], &[], "o0").expect(0).out.contains("1 verdict: 1 PASS"));
    assert!(run(&["fail.toml"], &[], "o1").expect(1).out.contains("1 verdict: 1 FAIL"));
    assert!(run(&["bad.toml"], &[], "o2").expect(2).err.contains("did you mean `within`?"));
    assert!(run(&["invalid.toml"], &[], "o3").expect(3).out.contains("1 verdict: 1 INVALID"));
    assert!(run(&["pass.toml"], &ERROR, "o4").expect(4).out.contains("1 verdict: 1 ERROR"));
    // Of several the first in the order 2, 4, 1, 3.
    run(&["pass.toml", "invalid.toml"], &[], "o5").expect(3);
    run(&["pass.toml", "invalid.toml", "fail.toml"], &[], "o6").expect(1);
    run(&["invalid.toml", "fail.toml"], &ERROR, "o7").expect(4);
    run(&["fail.toml", "bad.toml"], &ERROR, "o8").expect(2);
}

#[test]
fn with_one_bad_file_nothing_runs() {
    let project = project();
    let said = project.trocar(&["run", "pass.toml", "bad.toml", "fail.toml"]).expect(2);
    assert!(said.err.contains("bad.toml:") && said.err.contains("nothing was run"), "{}", said.err);
    assert_eq!(said.out, "");
    let said = project.trocar(&["run", "."]).expect(2);
    assert_eq!(said.out, "");
    assert!(!project.path().join("results").exists());
}

#[test]
fn bad_usage_is_told_from_help() {
    let folder = tempfile::tempdir().expect("a folder");
    for bad in [
        &[][..],
        &["fly"],
        &["run"],
        &["run", "x", "--jobs", "0"],
        &["run", "x", "--set", "y"],
        &["run", "x", "--seed", "-1"],
        &["run", "x", "--resume"],
    ] {
        let said = trocar(folder.path(), bad).expect(2);
        assert!(said.out.is_empty() && !said.err.is_empty(), "{bad:?}: {said:?}");
    }
    assert!(trocar(folder.path(), &["--version"]).expect(0).out.starts_with("trocar "));
    let help = trocar(folder.path(), &["--help"]).expect(0).out;
    assert!(help.contains("Examples:") && help.contains("Exit codes:"));
    for command in ["run", "check", "list", "paths", "replay", "schema", "new"] {
        assert!(help.contains(&format!("  {command} ")), "{command} is in the help");
        let said = trocar(folder.path(), &[command, "--help"]).expect(0);
        assert!(
            said.out.contains("Examples:") && said.out.contains(&format!("trocar {command}")),
            "{}",
            said.out
        );
        assert_eq!(said.err, "");
    }
}

/// In a pipe: data alone on standard output, no colour, no bar.
#[test]
fn streams_are_kept_apart() {
    let project = project();
    let said = project.trocar(&["run", "pass.toml", "fail.toml", "--json", "--out", "a"]).expect(1);
    let json: Value = serde_json::from_str(&said.out).expect("JSON alone on standard output");
    assert_eq!(json["exit_code"], 1);
    assert_eq!(json["verdicts"]["PASS"], 1);
    assert_eq!(json["results"].as_array().map(Vec::len), Some(2));
    assert_eq!(json["results"][0]["cases"][0]["requirements"][0]["id"], "R1");
    assert!(said.err.contains("2 of 2 done"), "{}", said.err);
    let table = project.trocar(&["run", "pass.toml", "--out", "b"]).expect(0);
    assert!(!table.out.contains("checked") && table.err.contains("1 file checked"));
    for text in [&said.out, &said.err, &table.out, &table.err] {
        assert!(!text.contains(['\u{1b}', '\r']), "{text:?}");
    }
    let bad = project.trocar(&["check", "bad.toml", "--json"]).expect(2);
    let json: Value = serde_json::from_str(&bad.out).expect("JSON");
    assert!(json.to_string().contains("witihn"), "{json}");
    for arguments in [
        &["list", "--json"][..],
        &["paths", "pass.toml", "--json"],
        &["schema", "scenario"],
        &["replay", "b/pass", "--json"],
    ] {
        let said = project.trocar(arguments).expect(0);
        let json: Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{arguments:?}: {e}"));
        assert!(!json.is_null());
    }
}

#[test]
fn nothing_is_overwritten() {
    let project = project();
    project.trocar(&["run", "pass.toml", "--out", "out"]).expect(0);
    let before = tree(&project.path().join("out"));
    let said = project.trocar(&["run", "pass.toml", "--out", "out"]).expect(2);
    assert!(said.err.contains("not empty") && said.err.contains("--resume"), "{}", said.err);
    assert!(before == tree(&project.path().join("out")));
    // Somebody else's folder is not taken over, with --resume either.
    project.write("mine/pass/thesis.txt", b"years");
    for more in [&[][..], &["--resume"]] {
        project.trocar(&[&["run", "pass.toml", "--out", "mine"], more].concat()).expect(2);
    }
    assert_eq!(tree(&project.path().join("mine")).len(), 1);
    // Without --out each run has a folder of its own.
    for number in 1..=2 {
        project.trocar(&["run", "pass.toml"]).expect(0);
        assert!(project.path().join(format!("results/run-00{number}/pass/result.json")).is_file());
    }
    for kind in ["scenario", "scene", "robot"] {
        let said = project.trocar(&["new", kind, "pass.toml"]).expect(2);
        assert!(said.err.contains("exists already"), "{}", said.err);
    }
    assert_eq!(std::fs::read_to_string(project.path().join("pass.toml")).expect("a file"), SWING);
}

const VARIED: &str = "\n[vary]\n\"arm.load\" = [\"0 kg\", \"0.05 kg\", \"0.1 kg\"]\n";

/// A batch that lost its end: what was finished is kept as it is, the rest is run, and all is as if nothing had happened.
#[test]
fn an_interrupted_batch_resumes() {
    let project = Project::new(&[("varied.toml", &format!("{SWING}{VARIED}"))]);
    let run =
        |out: &str, more: &[&str]| project.trocar(&[&["run", "varied.toml", "--out", out], more].concat());
    let whole = run("whole", &[]).expect(0);
    copy(&project.path().join("whole"), &project.path().join("broken"));
    let broken = project.path().join("broken/varied");
    let names: Vec<_> = std::fs::read_dir(broken.join("cases"))
        .expect("cases")
        .map(|e| e.expect("an entry").path())
        .collect();
    assert_eq!(names.len(), 3);
    std::fs::remove_file(broken.join("result.json")).expect("gone");
    std::fs::remove_dir_all(&names[0]).expect("gone");
    // A case that was being written.
    std::fs::rename(&names[1], names[1].with_extension("partial")).expect("moved");
    let kept = names[2].join("record.mcap");
    let when = std::fs::metadata(&kept).and_then(|m| m.modified()).expect("a time");
    let said = project.trocar(&["replay", "broken/varied"]).expect(2);
    assert!(said.err.contains("interrupted") && said.err.contains("--resume"), "{}", said.err);
    run("broken", &[]).expect(2);
    let resumed = run("broken", &["--resume"]).expect(0);
    assert_eq!(
        std::fs::metadata(&kept).and_then(|m| m.modified()).expect("a time"),
        when,
        "what was finished is not run again"
    );
    let without_host = |name: &str| {
        let mut files = tree(&project.path().join(name));
        files.retain(|path, _| !path.ends_with("host.json"));
        files
    };
    assert!(without_host("whole") == without_host("broken"));
    assert_eq!(whole.out.replace("whole", "broken"), resumed.out);
    // With other inputs nothing is kept.
    let other = run("broken", &["--resume", "--seed", "8"]).expect(0);
    assert!(other.out.contains("3 verdicts"));
    assert!(without_host("whole") != without_host("broken"));
    project.trocar(&["replay", "broken/varied"]).expect(0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_keeps_what_is_finished() {
    use std::process::{Command, Stdio};
    let hold = "[[phases]]\nname = \"hold\"\nlasts = \"10 s\"\n\n[measures.travel]";
    let loads: Vec<String> = (0..16).map(|i| format!("\"0.{i:02} kg\"")).collect();
    let text = format!(
        "{}\n[vary]\n\"arm.load\" = [{}]\n",
        SWING.replacen("[measures.travel]", hold, 1),
        loads.join(", ")
    );
    let project = Project::new(&[("varied.toml", &text)]);
    let child = Command::new(trocar_tests::binary())
        .args(["run", "varied.toml", "--out", "out", "--jobs", "1"])
        .current_dir(project.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("trocar runs");
    let cases = project.path().join("out/varied/cases");
    let finished = || {
        let names = std::fs::read_dir(&cases)
            .into_iter()
            .flatten()
            .filter_map(|e| e.ok()?.file_name().into_string().ok());
        names.filter(|name| !name.ends_with(".partial")).count()
    };
    while finished() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("kill runs");
    assert!(sent.success());
    let done = child.wait_with_output().expect("it ends");
    let err = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(130), "{err}");
    assert!(err.contains("trocar run varied.toml --out out --resume"), "{err}");
    let kept = finished();
    assert!((2..16).contains(&kept), "{kept} of 16 cases are kept");
    assert!(!project.path().join("out/varied/result.json").exists());
    project.trocar(&["run", "varied.toml", "--out", "out", "--resume"]).expect(0);
    project.trocar(&["run", "varied.toml", "--out", "whole"]).expect(0);
    let without_host = |name: &str| {
        let mut files = tree(&project.path().join(name));
        files.retain(|path, _| !path.ends_with("host.json"));
        files
    };
    assert!(without_host("out") == without_host("whole"));
}

#[test]
fn expected_verdicts() {
    let project = project();
    let files = ["pass.toml", "fail.toml", "invalid.toml"];
    let run =
        |out: &str, more: &[&str]| project.trocar(&[&["run"], &files[..], &["--out", out], more].concat());
    run("a", &["--record-expected", "expected.json"]).expect(0);
    let text = std::fs::read_to_string(project.path().join("expected.json")).expect("a file");
    let verdicts: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(verdicts, serde_json::json!({"pass/R1": "PASS", "fail/R1": "FAIL", "invalid/R1": "INVALID"}));
    assert!(run("b", &["--expect", "expected.json"]).expect(0).err.contains("as expected"));
    project.write("expected.json", text.replace("FAIL", "PASS").as_bytes());
    let said = run("c", &["--expect", "expected.json"]).expect(1);
    assert!(said.err.contains("fail/R1 is FAIL; PASS was expected"), "{}", said.err);
    let said = project.trocar(&["run", "pass.toml", "--out", "d", "--expect", "expected.json"]).expect(1);
    assert!(said.err.contains("fail/R1 was not run"), "{}", said.err);
    project.write("expected.json", b"{\"pass/R1\": 7}");
    run("e", &["--expect", "expected.json"]).expect(2);
    run("f", &["--expect", "missing.json"]).expect(2);
    assert!(!project.path().join("e").exists());
}

#[test]
fn one_case_of_a_file() {
    let project = Project::new(&[("varied.toml", &format!("{SWING}{VARIED}"))]);
    for (case, out) in [("varied.toml#2", "a"), ("varied.toml#arm.load = 0.05 kg", "b")] {
        let said = project.trocar(&["run", case, "--out", out, "--json"]).expect(0);
        let json: Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(json["results"][0]["cases"].as_array().map(Vec::len), Some(1));
        assert_eq!(json["results"][0]["cases"][0]["case"], "arm.load = 0.05 kg");
        project.trocar(&["replay", &format!("{out}/varied")]).expect(0);
    }
    for wrong in ["varied.toml#4", "varied.toml#0", "varied.toml#x"] {
        let said = project.trocar(&["run", wrong]).expect(2);
        assert!(
            said.err.contains("1: ") && said.err.contains("0.05 kg"),
            "the cases are named: {}",
            said.err
        );
    }
}

/// What the command line changes is kept in the result: it replays, and says what was changed.
#[test]
fn settings_on_the_command_line_replay() {
    let project = project();
    let digest = |arguments: &[&str], out: &str| {
        let said =
            project.trocar(&[&["run", "pass.toml", "--json", "--out", out], arguments].concat()).expect(0);
        let json: Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(project.trocar(&["replay", &format!("{out}/pass")]).expect(0).out, "identical\n");
        (json["results"][0]["cases"][0]["digest"].as_str().expect("a digest").to_owned(), json)
    };
    let (plain, _) = digest(&[], "a");
    let (loaded, json) = digest(&["--set", "arm.load=0.2 kg"], "b");
    assert_ne!(plain, loaded);
    assert!(json["results"][0]["scenario"]["changes"].to_string().contains("0.2 kg"));
    let (by_name, _) = digest(&["--set", "psm1.load=200 g"], "c");
    assert_eq!(loaded, by_name, "the robot's own name and another unit say the same");
    let (seeded, _) = digest(&["--seed", "99"], "d");
    assert_ne!(plain, seeded);
    let (scene, _) = digest(&["--scene", "trocar:scenes/psm_bench.toml"], "e");
    assert_eq!(plain, scene, "the same scene by another way");
    // Another scene: half the step.
    let library = trocar_scenario::Files::library();
    let text = library.read("trocar:scenes/psm_bench.toml").expect("a scene").text;
    project.write(
        "half.toml",
        text.replace("\"scenes/", "\"trocar:scenes/").replace("3 kHz", "6 kHz").as_bytes(),
    );
    let (half, json) = digest(&["--scene", "half.toml"], "f");
    assert_ne!(plain, half);
    assert_eq!(json["results"][0]["cases"][0]["step_s"], 1.0 / 6000.0);
    project.trocar(&["run", "pass.toml", "--scene", "missing.toml"]).expect(2);
}

#[test]
fn looking_without_running() {
    let project = project();
    let said = project.trocar(&["list"]).expect(0);
    assert!(
        said.out.contains("trocar:"),
        "where there is no folder scenarios/, what is built in: {}",
        said.out
    );
    let said = project.trocar(&["list", "."]).expect(0);
    assert!(
        said.out.contains("pass.toml\n    Two moves") && said.out.contains("bad.toml\n    has mistakes"),
        "{}",
        said.out
    );
    let said = project.trocar(&["check", "pass.toml", "fail.toml"]).expect(0);
    assert!(said.err.contains("2 files, no mistake"), "{}", said.err);
    let said = project.trocar(&["paths", "pass.toml", "psm1.*.friction.coulomb"]).expect(0);
    // Yaw, pitch, insertion and the jaw as identified; four motors of the wrist with the share that is theirs.
    let standing = |word: &str| said.out.lines().filter(|line| line.contains(word)).count();
    assert_eq!((standing("identified:"), standing("assumed:")), (4, 4), "{}", said.out);
    let said = project.trocar(&["paths", "pass.toml", "--faults"]).expect(0);
    assert!(
        said.out.contains("psm1.pitch.encoder.position") && !said.out.contains("psm1.truth"),
        "{}",
        said.out
    );
    let reference = project.trocar(&["schema", "reference"]).expect(0);
    assert!(reference.out.contains("step_rate"));
    project.trocar(&["schema", "nothing"]).expect(2);
    assert!(!project.path().join("results").exists());
}

#[test]
fn new_files_are_free_of_mistakes() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = trocar(folder.path(), &["new", "project", "my lab"]).expect(0);
    assert_eq!(said.out.lines().count(), 12);
    let inside = folder.path().join("my lab");
    trocar(&inside, &["check", "."]).expect(0);
    trocar(&inside, &["list"]).expect(0);
    assert!(trocar(&inside, &["run", "scenarios"]).expect(0).out.contains("1 verdict: 1 PASS"));
    trocar(&inside, &["replay", "results/run-001/hold"]).expect(0);
    for (kind, path) in
        [("scenario", "scenarios/a.toml"), ("scene", "scenes/b.toml"), ("robot", "scenes/robots/c.toml")]
    {
        trocar(&inside, &["new", kind, path]).expect(0);
        trocar(&inside, &["check", path]).expect(0);
    }
    trocar(folder.path(), &["new", "project", "my lab"]).expect(2);
    trocar(&inside, &["new", "scenario", "from.toml", "--from", "trocar:step_delay"]).expect(0);
    trocar(&inside, &["check", "from.toml"]).expect(0);
    trocar(&inside, &["new", "scenario", "x.toml", "--from", "trocar:nothing"]).expect(4);
}

/// From an empty folder, with nothing but the binary.
#[test]
fn the_library_runs_from_an_empty_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = trocar(folder.path(), &["run", "trocar:encoder_stuck"]).expect(1);
    for word in ["F1", "F2", "active", "reached", "announced", "reacted", "at rest", "A070908"] {
        assert!(said.out.contains(word), "{word}: {}", said.out);
    }
    assert_eq!(
        trocar(folder.path(), &["replay", "results/run-001/encoder_stuck"]).expect(0).out,
        "joint = pitch: identical\n"
    );
    let said = trocar(folder.path(), &["run", "trocar:encoder_stcuk"]).expect(2);
    assert!(said.err.contains("trocar:encoder_stuck"), "{}", said.err);
}

#[test]
fn signals_of_a_result_as_a_table() {
    let project = project();
    project.trocar(&["run", "pass.toml", "--out", "out"]).expect(0);
    let said = project
        .trocar(&[
            "replay",
            "out/pass",
            "--csv",
            "arm.truth.js.position.*",
            "--csv",
            "psm1.operating_state",
            "--rate",
            "50",
        ])
        .expect(0);
    let lines: Vec<&str> = said.out.lines().collect();
    assert!(
        lines[0].starts_with("time [s],psm1.truth.js.position.yaw [rad],psm1.truth.js.position.pitch [rad]"),
        "{}",
        lines[0]
    );
    let columns = lines[0].split(',').count();
    assert_eq!(columns, 1 + 7 + 1);
    assert!(lines.len() > 80, "{} rows of a run of 1.8 s at 50 Hz", lines.len());
    for (row, line) in lines[1..].iter().enumerate() {
        let numbers: Vec<f64> = line.split(',').map(|n| n.parse().expect("a number")).collect();
        assert_eq!(numbers.len(), columns);
        // Rows stand at the first step not before their instant: within a step of 1/3000 s.
        assert!((0.0..1.0 / 2999.0).contains(&(numbers[0] - row as f64 / 50.0)), "{line}");
    }
    let said = project.trocar(&["replay", "out/pass", "--csv", "arm.turth.js"]).expect(2);
    assert!(said.err.contains("arm.turth.js") || said.err.contains("psm1.turth.js"), "{}", said.err);
    for rate in ["0", "-1", "nan", "1e300"] {
        project.trocar(&["replay", "out/pass", "--csv", "arm.truth.*", "--rate", rate]).expect(2);
    }
    project.trocar(&["replay", "out/pass", "--case", "missing"]).expect(2);
}

#[test]
fn a_report_for_build_servers() {
    let project = project();
    project
        .trocar(&[
            "run",
            "pass.toml",
            "fail.toml",
            "invalid.toml",
            "--out",
            "out",
            "--junit",
            "ci/report.xml",
        ])
        .expect(1);
    let xml = std::fs::read_to_string(project.path().join("ci/report.xml")).expect("a report");
    assert!(xml.starts_with("<?xml") && xml.trim_end().ends_with("</testsuites>"), "{xml}");
    assert_eq!(xml.matches("<testcase ").count(), 3);
    assert_eq!(xml.matches("<failure").count(), 1);
}

/// The names by which a verdict is quoted depend on the method alone, not on where it is or what runs it.
#[test]
fn verdicts_keep_their_names() {
    let name = |out: &str| {
        let line = out.lines().find(|line| line.contains(" @")).expect("a heading").to_owned();
        line.split_whitespace().nth(1).expect("a digest").to_owned()
    };
    let here = Project::new(&[
        ("pass.toml", SWING),
        ("deep/er/pass.toml", &format!("# A comment.\n{}", SWING.replace("\n\n", "\n"))),
    ]);
    let first = name(&here.trocar(&["run", "pass.toml", "--out", "a"]).expect(0).out);
    let moved = name(&here.trocar(&["run", "deep/er/pass.toml", "--out", "b"]).expect(0).out);
    assert_eq!(first, moved, "comments, spacing and place are not the method");
    let stuck = Project::new(&[("pass.toml", &format!("{SWING}{STUCK}"))]);
    assert_ne!(first, name(&stuck.trocar(&["run", "pass.toml", "--out", "c"]).out));
}

#[test]
fn what_is_given_twice_is_refused() {
    let project = project();
    for (flag, given, named) in [
        ("--set", ["arm.load=1 kg", "psm1.load=2 kg"], "--set psm1.load"),
        ("--controller", ["arm.servo=./a", "psm1.servo=./b"], "--controller psm1.servo"),
    ] {
        let said = project.trocar(&["run", "pass.toml", flag, given[0], flag, given[1]]).expect(2);
        assert!(said.err.contains(named) && said.err.contains("given twice"), "{}", said.err);
    }
}

/// Two loads: each figure that moves is said once, a limit that is printed with other digits is not another limit, and
/// the runs part at the first instant. A result differs from itself in nothing.
#[test]
fn results_are_compared_in_words() {
    let project = project();
    project.trocar(&["run", "pass.toml", "--out", "a"]).expect(0);
    project.trocar(&["run", "pass.toml", "--out", "b", "--set", "arm.load=0.2 kg"]).expect(0);
    let same = project.trocar(&["diff", "a/pass", "a/pass"]).expect(0);
    assert!(same.out.contains("agree to the last bit"), "{}", same.out);
    let said = project.trocar(&["diff", "a/pass", "b/pass"]).expect(1).out;
    assert!(said.contains("arm.load") || said.contains("psm1.load"), "{said}");
    assert!(said.contains("travel") && !said.contains("limit"), "{said}");
    let figures = said.lines().filter(|line| line.contains("travel")).count();
    assert_eq!(figures, 1, "one figure, said once:\n{said}");
}
