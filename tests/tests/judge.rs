//! `trocar judge`: what a simulation measured is measured again from its readings, as a laboratory would have written
//! them down; and what is done to the readings changes the figures as derived.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use proptest::prelude::*;
use serde_json::Value as Json;
use std::path::Path;
use trocar_tests::Project;

const STEP_DELAY: &str = "trocar:step_delay";

fn result(project: &Project, folder: &str) -> Json {
    let path = project.path().join(folder).join("result.json");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Of the only case: each figure with all that is known of it, and each verdict.
fn figures(result: &Json) -> Json {
    let case = &result["cases"][0];
    let of = |list: &Json, keys: &[&str]| -> Vec<Json> {
        let pick = |one: &Json| keys.iter().map(|key| one[*key].clone()).collect::<Json>();
        list.as_array().expect("a list").iter().map(pick).collect()
    };
    let keys = ["name", "row", "figure", "components", "samples", "instrument_alone", "reason"];
    let verdicts = ["id", "verdict", "figure", "limit", "margin", "reason"];
    serde_json::json!([of(&case["figures"], &keys), of(&case["requirements"], &verdicts)])
}

fn value(result: &Json, name: &str) -> f64 {
    let list = result["cases"][0]["figures"].as_array().expect("figures");
    let figure = list.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    figure["figure"]["value"].as_f64().unwrap_or_else(|| panic!("{figure}"))
}

fn u_of(result: &Json, name: &str, component: &str) -> Option<f64> {
    let list = result["cases"][0]["figures"].as_array().expect("figures");
    let figure = list.iter().find(|figure| figure["name"] == name).unwrap_or_else(|| panic!("no {name}"));
    let found = figure["components"].as_array()?.iter().find(|one| one["name"] == component)?;
    found["standard_uncertainty"].as_f64()
}

/// Runs a scenario and writes down its readings: `run/NAME`, `lab.csv` with `lab.toml`, `lab.mcap`.
fn simulated(scenario: &str) -> Project {
    let project = Project::new(&[]);
    project.trocar(&["run", scenario, "--out", "run"]);
    let folder = format!("run/{}", name(scenario));
    for file in ["lab.csv", "lab.mcap"] {
        project.trocar(&["replay", &folder, "--readings", file]).expect(0);
    }
    project
}

fn name(scenario: &str) -> &str {
    scenario.trim_start_matches("trocar:").split('#').next().unwrap_or(scenario)
}

/// The figures and verdicts of a run come to the same bits from its readings, by CSV and by MCAP, and once more from what
/// the judged result keeps.
fn same_from_readings(scenario: &str) {
    let project = simulated(scenario);
    let of_run = result(&project, &format!("run/{}", name(scenario)));
    let code =
        project.trocar(&["judge", scenario, "--data", "lab.csv", "--map", "lab.toml", "--out", "csv"]).code;
    let mcap = project.trocar(&["judge", scenario, "--data", "lab.mcap", "--out", "mcap"]);
    assert_eq!(code, mcap.code);
    for out in ["csv", "mcap"] {
        let folder = format!("{out}/{}", name(scenario));
        let judged = result(&project, &folder);
        assert_eq!(figures(&of_run), figures(&judged), "{scenario} by {out}");
        let again = project.trocar(&["replay", &folder]).expect(0);
        assert!(again.out.contains("judged again"), "{}", again.out);
        project.trocar(&["report", &folder]).expect(0);
        assert!(project.trocar(&["diff", &folder, &format!("run/{}", name(scenario))]).code <= 1);
    }
}

#[test]
fn a_delay_comes_to_the_same_from_its_readings() {
    same_from_readings(STEP_DELAY);
    // Pairs, of a device that reports late and an instrument.
    same_from_readings("trocar:joint_step_delay#joint=yaw");
}

#[test]
fn pose_repeatability_comes_to_the_same_from_its_readings() {
    same_from_readings("trocar:multidirectional");
}

#[test]
fn a_stop_comes_to_the_same_from_its_readings() {
    same_from_readings("trocar:standstill#1");
}

#[test]
fn a_frequency_response_comes_to_the_same_from_its_readings() {
    same_from_readings("trocar:tip_response#axis=x");
}

/// Orientations go through quaternions, lines through their axes.
#[test]
fn orientations_come_to_the_same_from_their_readings() {
    same_from_readings("trocar:remote_centre");
}

/// Rows of `lab.csv`: head and cells.
fn rows(project: &Project) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(project.path().join("lab.csv")).expect("lab.csv");
    text.lines().map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The command's events alone, and the motion's, as two instruments with a clock each would write them.
fn two_recorders(project: &Project) {
    let rows = rows(project);
    let column = |name: &str| rows[0].iter().position(|head| head.starts_with(name)).expect("a column");
    for (file, name) in [("command.csv", "recorder.command"), ("motion.csv", "recorder.motion")] {
        let at = column(name);
        let cells = rows[1..].iter().map(|row| row[at].clone()).filter(|cell| !cell.is_empty());
        let text: String = [format!("{name} [s]")].into_iter().chain(cells).map(|cell| cell + "\n").collect();
        project.write(file, text.as_bytes());
    }
}

const TWO: [&str; 6] = ["judge", STEP_DELAY, "--data", "command.csv", "--data", "motion.csv"];

/// A clock that is moved by 5 ms moves a delay by 5 ms, to the nanoseconds of the stamps; two stated uncertainties of the
/// offset enter U with sensitivity one, and one clock for both cancels.
#[test]
fn a_shifted_clock_shifts_the_delay_and_its_uncertainty_enters() {
    let project = simulated(STEP_DELAY);
    two_recorders(&project);
    project.trocar(&[&TWO[..], &["--out", "plain"]].concat()).expect(0);
    project.trocar(&[&TWO[..], &["--offset", "motion=5 ms", "--out", "shifted"]].concat());
    let (plain, shifted) = (result(&project, "plain/step_delay"), result(&project, "shifted/step_delay"));
    let moved = value(&shifted, "start_delay") - value(&plain, "start_delay");
    assert!((moved - 0.005).abs() < 1e-12, "{moved}");
    assert!(
        (value(&plain, "start_delay") - value(&result(&project, "run/step_delay"), "start_delay")).abs()
            < 1e-12
    );
    assert_eq!(u_of(&plain, "start_delay", "offset between clocks"), None);
    let mapping = "format = 1\nkind = \"mapping\"\n[data.command]\noffset_uncertainty = \"0.6 ms\"\n\
        [data.motion]\noffset_uncertainty = \"0.8 ms\"\n";
    project.write("clocks.toml", mapping.as_bytes());
    project.trocar(&[&TWO[..], &["--map", "clocks.toml", "--out", "u"]].concat());
    let with_u = result(&project, "u/step_delay");
    let u = u_of(&with_u, "start_delay", "offset between clocks").expect("a component");
    // U = 0.6 and 0.8 ms, k = 2: u = 0.3 and 0.4 ms, together 0.5 ms, exact to the nanosecond of a stamp.
    assert!((u - 0.5e-3).abs() < 2e-9, "{u}");
    assert_eq!(value(&with_u, "start_delay"), value(&plain, "start_delay"));
    let fast = mapping.replace("offset_uncertainty = \"0.8 ms\"", "drift = \"100 ppm\"");
    project.write("fast.toml", fast.as_bytes());
    project.trocar(&[&TWO[..], &["--map", "fast.toml", "--out", "fast"]].concat());
    // A clock that is fast by 100 ppm since its first event shows 0.8 ms too much after 8 s: the mean over 16 s of events.
    let corrected = value(&result(&project, "fast/step_delay"), "start_delay") - value(&plain, "start_delay");
    assert!((-0.00085..-0.00075).contains(&corrected), "{corrected}");
}

/// Semicolons and decimal commas, milliseconds, and an oscilloscope's trace give what seconds and stamps give.
#[test]
fn other_ways_to_write_the_same_come_to_the_same() {
    let project = simulated(STEP_DELAY);
    two_recorders(&project);
    let of_run = value(&result(&project, "run/step_delay"), "start_delay");
    let stamps = |file: &str| -> Vec<f64> {
        let text = std::fs::read_to_string(project.path().join(file)).expect("stamps");
        text.lines().skip(1).map(|line| line.parse().expect("a number")).collect()
    };
    let (commands, motions) = (stamps("command.csv"), stamps("motion.csv"));
    let pairs = commands.iter().zip(&motions);
    let ms = |s: f64| format!("{:.6}", 1e3 * s).replace('.', ",");
    let text: String = pairs.map(|(from, to)| format!("{};{}\n", ms(*from), ms(*to))).collect();
    let text = format!("\u{feff}CH1 [ms];CH2 (ms)\n{text}");
    project.write("scope.csv", text.as_bytes());
    let columns = ["--column", "recorder.command=CH1", "--column", "recorder.motion=CH2"];
    let said = project
        .trocar(&[&["judge", STEP_DELAY, "--data", "scope.csv", "--out", "ms"][..], &columns].concat());
    let said = said.expect(0);
    assert!(said.out.contains("the whole recording counts as `steps`"), "{}", said.out);
    assert!((value(&result(&project, "ms/step_delay"), "start_delay") - of_run).abs() < 1e-9);
    // Two channels of 10 kHz: each event is a ramp of 1 ms about its instant, whose middle the level 2.5 V meets.
    let channel = |events: &[f64], t: f64| {
        let near = events
            .iter()
            .map(|at| t - at)
            .filter(|since| since.abs() < 0.05)
            .fold(f64::NAN, |_, since| since);
        if near.is_nan() { 0.0 } else { (2.5 + 5.0 * near / 1e-3).clamp(0.0, 5.0) }
    };
    let mut trace = String::from("t [s],CH1 [V],CH2 [V]\n");
    for row in 0..170_000 {
        let t = f64::from(row) * 1e-4;
        trace += &format!("{t:.4},{:.6},{:.6}\n", channel(&commands, t), channel(&motions, t));
    }
    project.write("trace.csv", trace.as_bytes());
    let mapping = "format = 1\nkind = \"mapping\"\n\
        [signals.\"recorder.command\"]\ncolumn = \"CH1\"\nevent = { kind = \"crossings\", level = \"2.5 V\" }\n\
        [signals.\"recorder.motion\"]\ncolumn = \"CH2\"\nevent = { kind = \"crossings\", level = \"2.5 V\" }\n\
        [[course.phases]]\nname = \"steps\"\nfrom = \"0.5 s\"\n";
    project.write("trace.toml", mapping.as_bytes());
    project
        .trocar(&["judge", STEP_DELAY, "--data", "trace.csv", "--map", "trace.toml", "--out", "trace"])
        .expect(0);
    // Six digits of a volt are 0.2 ns of a slope of 5 V/ms.
    let of_trace = value(&result(&project, "trace/step_delay"), "start_delay");
    assert!((of_trace - of_run).abs() < 2e-9, "{of_trace} {of_run}");
}

/// A pose table as laboratories keep it: one row a reading, in millimetres, in the tracker's own frame.
const TABLE: &str = r#"
format = 1
title  = "A table of poses"
scene  = "trocar:scenes/psm_bench.toml"
seed   = 1

[roles]
arm = "psm1"

[instruments.tracker]
kind        = "position_tracker"
follows     = { tool_tip = "arm.tool_tip" }
frame       = "arm.base"
rate        = "1 kHz"
noise       = "1 um"
uncertainty = "15 um"

[poses]
pattern     = "list"
frame       = "arm.remote_centre"
points      = { P1 = ["0 mm", "-20 mm", "-130 mm"], P2 = ["0 mm", "20 mm", "-130 mm"] }
orientation = { axis = [1.0, 1.0, 0.0], angle = "180 deg" }

[[phases]]
name   = "cycles"
repeat = 5
move   = { command = "arm.move_cp", through = ["P1", "P2"], dwell = "0.1 s" }
within = "60 s"

[measures.RP]
kind   = "pose_repeatability"
of     = "tracker.tool_tip"
window = { phase = "cycles", at = "dwell_end" }

[[requirements]]
id      = "RP"
formula = "max(RP) <= 0.5 mm"
why     = "It comes back."
"#;

const OF_TABLE: &str = "format = 1\nkind = \"mapping\"\n[data.lab]\nrows = \"readings\"\n\
    [signals.\"tracker.tool_tip\"]\nposition = [\"x [mm]\", \"y [mm]\", \"z [mm]\"]\n\
    frame = { position = [\"1 m\", \"0 mm\", \"0 mm\"], orientation = { axis = [0.0, 0.0, 1.0], angle = \"90 deg\" } }\n";

/// Distances at one pose: +a and −a along x in turn with a fifth at 0 have mean 0, distances a, a, a, a, 0.
fn table(a_mm: f64) -> String {
    let mut text = String::from("pose,x [mm],y [mm],z [mm]\n");
    for cycle in 0..5 {
        for pose in ["P1", "P2"] {
            let off = [a_mm, -a_mm, a_mm, -a_mm, 0.0][cycle];
            let y = if pose == "P1" { -20.0 } else { 20.0 };
            text += &format!("{pose},{off},{y},-130\n");
        }
    }
    text
}

#[test]
fn a_table_of_readings_gives_the_formula_of_the_standard() {
    let project = Project::new(&[("pose.toml", TABLE), ("map.toml", OF_TABLE), ("lab.csv", &table(0.1))]);
    let judge = ["judge", "pose.toml", "--data", "lab.csv", "--map", "map.toml", "--out"];
    project.trocar(&[&judge[..], &["a"]].concat());
    // mean(l) = 0.8 a, s² = (4 · 0.04 + 0.64) a² / 4 = 0.2 a²: RP = (0.8 + 3 √0.2) a. A frame changes no distance.
    let meant = (0.8 + 3.0 * 0.2_f64.sqrt()) * 0.1e-3;
    let got = value(&result(&project, "a/pose"), "RP");
    assert!((got - meant).abs() < 1e-12, "{got} {meant}");
    // In inches it would be another thing; in metres a thousand times more.
    project.write("lab.csv", table(0.1).replace("[mm]", "[m]").as_bytes());
    let said = project.trocar(&[&judge[..], &["b"]].concat()).expect(2);
    assert!(
        said.err.contains("there is no column `x [mm]`") && said.err.contains("there is `x [m]`: name it so"),
        "{}",
        said.err
    );
    project.write("lab.csv", table(0.1).replace("[mm]", "[deg]").as_bytes());
    let map = OF_TABLE.replace(" [mm]", "");
    project.write("map.toml", map.as_bytes());
    let said = project.trocar(&[&judge[..], &["c"]].concat()).expect(2);
    assert!(said.err.contains("measures") && said.err.contains("angle"), "{}", said.err);
    project.write("lab.csv", table(0.1).replace("[mm]", "[m]").as_bytes());
    // Five readings say little of how far readings scatter: U is as large as the figure.
    project.trocar(&[&judge[..], &["d"]].concat()).expect(3);
    assert!((value(&result(&project, "d/pose"), "RP") / meant / 1000.0 - 1.0).abs() < 1e-12);
    // A reading that was lost makes the figure INVALID and is never a zero; one that is missing shows by its pose.
    let lost = table(0.1).replacen("P2,0.1,20,-130", "P2,,,", 1);
    project.write("lab.csv", lost.replace("[mm]", "[m]").as_bytes());
    let said = project.trocar(&[&judge[..], &["e"]].concat()).expect(3);
    assert!(said.out.contains("P2 was read in 4 of 5 cycles"), "{}", said.out);
    assert!(said.out.contains("1 of 10 rows hold a reading that may not be used"), "{}", said.out);
    project.write("lab.csv", table(0.1).replacen("P2,0.1,20,-130\n", "", 1).as_bytes());
    let said = project.trocar(&[&judge[..], &["f"]].concat()).expect(2);
    assert!(said.err.contains("line 3, column 1: reading 2 of the phase is due at `P2`"), "{}", said.err);
    // What the tracker that was used states goes before what the scenario declares.
    project.write("lab.csv", table(0.1).as_bytes());
    project.write("map.toml", format!("{OF_TABLE}[instruments.tracker]\nnoise = \"40 um\"\n").as_bytes());
    let said = project.trocar(&[&judge[..], &["g"]].concat());
    assert!(said.out.contains("as the mapping states it"), "{}", said.out);
    let alone = |folder: &str| {
        result(&project, folder)["cases"][0]["figures"][0]["instrument_alone"]["value"].as_f64()
    };
    assert!(alone("g/pose").unwrap() > 20.0 * alone("a/pose").unwrap());
}

/// Held against the run that they come from: within U covered; with a bias of ten U not.
#[test]
fn a_known_bias_is_not_covered() {
    let project = simulated(STEP_DELAY);
    two_recorders(&project);
    let u = result(&project, "run/step_delay")["cases"][0]["figures"][0]["figure"]["expanded_uncertainty"]
        .as_f64()
        .unwrap();
    for (share, says) in [(0.5, "covered"), (10.0, "not covered")] {
        let offset = format!("motion={:.9} s", share * u);
        let out = format!("by{share}");
        let said = project.trocar(
            &[&TWO[..], &["--offset", &offset, "--against", "run/step_delay", "--out", &out]].concat(),
        );
        assert!(said.out.contains("That is not equality"), "{}", said.out);
        let judged = result(&project, &format!("{out}/step_delay"));
        let first = &judged["cases"][0]["data"]["agreement"][0];
        assert_eq!(first["says"], says, "{first}");
        let difference = first["difference"]["value"].as_f64().unwrap();
        assert!((difference - share * u).abs() < 2e-9, "{difference} {u}");
        let page = project.trocar(&["report", &format!("{out}/step_delay")]).expect(0);
        let page =
            std::fs::read_to_string(project.path().join(page.out.trim().trim_start_matches("report: ")))
                .unwrap_or_default();
        assert!(page.is_empty() || page.contains("Beside the simulation"));
    }
}

/// Each mistake is said with what to do.
#[test]
fn mistakes_teach() {
    let project = simulated(STEP_DELAY);
    two_recorders(&project);
    project.write("x.csv", b"time [s],montion [s]\n1,2\n");
    project.write("back.csv", b"time [s],recorder.command,recorder.motion\n1,0,0\n0.5,1,0\n");
    project.write("twice.csv", b"time [s],recorder.command,recorder.motion\n1,0,0\n1,1,0\n");
    project.write("ragged.csv", b"time [s],recorder.command,recorder.motion\n1,0,0\n2,1\n");
    project.write("phases.csv", b"time [s],phase,recorder.command,recorder.motion\n1,step,0,0\n");
    project.write(
        "bad.toml",
        b"format = 1\nkind = \"mapping\"\n[signals.\"recorder.comand\"]\ncolumn = \"a\"\n",
    );
    project.write("out.toml", b"format = 1\nkind = \"mapping\"\n[data.lab]\nfile = \"../../etc/passwd\"\n");
    for (arguments, words) in [
        (
            &["--data", "x.csv"][..],
            &["there is no column `recorder.motion`", "the nearest is `montion`", "--column"][..],
        ),
        (&["--data", "nowhere.csv"], &["nowhere.csv"]),
        (&["--data", "back.csv"], &["line 3, column 1: the time goes back, from 1 s to 0.5 s"]),
        (&["--data", "twice.csv"], &["line 3, column 1: the time 1 s stands in two rows"]),
        (&["--data", "ragged.csv"], &["line 3: 2 cells, and the head names 3 columns"]),
        (&["--data", "phases.csv"], &["no phase `step`", "did you mean `steps`"]),
        (&["--data", "x.csv", "--map", "bad.toml"], &["bad.toml:3", "did you mean `recorder.command`"]),
        (&["--map", "out.toml"], &["it has a part `.` or `..`"]),
        (&[], &["--data FILE is missing"]),
        (&["--data", "lab.csv", "--offset", "lab=3 mm"], &["a duration is meant"]),
        (&["--data", "lab.csv", "--against", "lab.csv"], &["lab.csv"]),
    ] {
        let said =
            project.trocar(&[&["judge", STEP_DELAY][..], arguments, &["--out", "none"]].concat()).expect(2);
        for word in words {
            assert!(said.err.contains(word), "{arguments:?} does not say {word:?}:\n{}", said.err);
        }
        assert!(!project.path().join("none").exists(), "{arguments:?} left a folder");
    }
    let several = project.trocar(&["judge", "trocar:standstill", "--data", "lab.csv"]).expect(2);
    assert!(several.err.contains("trocar:standstill#pose=P1"), "{}", several.err);
}

/// What a person fills in loads as it stands, for every kind of signal.
#[test]
fn new_mappings_are_mappings() {
    let project = Project::new(&[]);
    for (at, scenario) in
        [STEP_DELAY, "trocar:reorientation", "trocar:standstill", "trocar:limits"].into_iter().enumerate()
    {
        let file = format!("m{at}.toml");
        project.trocar(&["new", "mapping", &file, "--from", scenario]).expect(0);
        project.trocar(&["check", &file]).expect(0);
    }
    project.trocar(&["new", "mapping", "none.toml"]).expect(2);
}

/// The mapping is one of the files that a folder may hold beside scenarios.
#[test]
fn a_folder_with_a_mapping_runs() {
    let project = Project::new(&[("a.toml", trocar_tests::SWING), ("map.toml", OF_TABLE)]);
    assert!(project.path().join(Path::new("map.toml")).is_file());
    project.trocar(&["run", ".", "--out", "run"]).expect(0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the bytes of recording and mapping, an answer and no panic ([`trocar_tests::trocar`] looks for one).
    #[test]
    fn any_bytes_get_an_answer(
        data in prop::collection::vec(any::<u8>(), 0..80),
        text in "(format = 1\nkind = \"mapping\"\n)?(\\[data\\.x\\]\n)?[a-z\\[\\]\"=. \n]{0,40}",
        head in any::<bool>(),
    ) {
        let project = Project::new(&[("m.toml", &text)]);
        let head = if head { &b"time [s],phase,recorder.command,recorder.motion\n"[..] } else { b"\x89MCAP0\r\n" };
        project.write("d", &[head, &data].concat());
        project.trocar(&["judge", STEP_DELAY, "--data", "d"]);
        project.trocar(&["judge", STEP_DELAY, "--data", "d", "--map", "m.toml"]);
    }
}

/// Every file and every command of the page, in their order, in an empty folder.
#[test]
fn the_page_runs_as_it_stands() {
    let path = trocar_tests::root().join("docs/judging-a-recording.md");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let project = Project::new(&[]);
    let mut commands = 0;
    for block in text.split("\n```").skip(1).step_by(2) {
        let (head, body) = block.split_once('\n').unwrap_or((block, ""));
        match head.split_once(' ') {
            Some((_, file)) => project.write(file, format!("{body}\n").as_bytes()),
            None if head == "sh" => {
                for line in body.lines() {
                    let words: Vec<&str> = line.split_whitespace().skip(1).collect();
                    // A verdict other than PASS is an answer, too.
                    let said = project.trocar(&words);
                    assert!(said.code != 2 && said.code != 4, "{line}\n{}\n{}", said.out, said.err);
                    commands += 1;
                }
            }
            None => {}
        }
    }
    assert!(commands > 6, "the page shows commands: {commands}");
    let beside = result(&project, "results/beside/step_delay");
    assert_eq!(beside["cases"][0]["data"]["agreement"].as_array().map(Vec::len), Some(2));
    assert_eq!(value(&result(&project, "results/scope/step_delay"), "longest_delay"), 0.01852);
    let (simulated, like_a_lab) =
        (result(&project, "results/simulated/step_delay"), result(&project, "results/like_a_lab/step_delay"));
    assert_eq!(figures(&simulated), figures(&like_a_lab));
}
