//! The master–slave delay, by the shipped methods: what is measured against what was declared.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::Value as Json;
use trocar_tests::{Project, root, trocar};

const ROOM: &str = "scenarios/laparoscopic/latency/master_slave.toml";
const CHANNEL: &str = "scenarios/laparoscopic/latency/master_slave_channel.toml";

/// A figure: its name, its value and U, SI units.
type Figure = (String, f64, f64);

fn run(folder: &std::path::Path, arguments: &[&str]) -> Json {
    let project = Project::new(&[]);
    let out = project.path().join("results");
    let out = out.to_str().expect("UTF-8");
    let said = trocar(folder, &[&["run"], arguments, &["--json", "--out", out]].concat());
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {}{}", said.out, said.err))
}

/// The figures of each case, in their order.
fn cases(json: &Json) -> Vec<Vec<Figure>> {
    let mut found = Vec::new();
    collect(json, &mut |table| {
        let Some(figures) = table.get("figures").and_then(Json::as_array) else { return };
        let figure = |one: &Json| {
            let number = |key: &str| one["figure"][key].as_f64().unwrap_or(f64::NAN);
            let name = one["name"].as_str().unwrap_or("").to_owned();
            (name, number("value"), number("expanded_uncertainty"))
        };
        found.push(figures.iter().map(figure).collect());
    });
    assert!(!found.is_empty(), "{json}");
    found
}

fn collect(json: &Json, found: &mut impl FnMut(&serde_json::Map<String, Json>)) {
    match json {
        Json::Object(table) => {
            found(table);
            table.values().for_each(|value| collect(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn figure(figures: &[Figure], name: &str) -> (f64, f64) {
    let found = figures.iter().find(|one| one.0 == name).map(|one| (one.1, one.2));
    found.unwrap_or_else(|| panic!("no figure {name}"))
}

fn figures(arguments: &[&str]) -> Vec<Figure> {
    cases(&run(&root(), arguments)).remove(0)
}

/// Where one part ends the next begins, at the same reading: the parts add up to the whole to rounding. The tool stays where it is
/// with the clutch pressed and when it is released, to what the lasers alone show (readings of 2 µm noise: 15 µm is the range of
/// thousands).
#[test]
fn the_parts_add_up_and_the_clutch_holds() {
    let cases = cases(&run(&root(), &[ROOM]));
    assert_eq!(cases.len(), 3);
    for figures in &cases {
        let parts = figures.iter().filter(|one| one.0.starts_with("part_"));
        let sum: f64 = parts.clone().map(|part| part.1).sum();
        let (whole, _) = figure(figures, "start_delay");
        assert_eq!(parts.count(), 5);
        assert!((sum - whole).abs() < 1e-9, "{sum} and {whole}");
        for name in ["clutched_motion", "jump_at_release"] {
            assert!(figure(figures, name).0 < 25e-6, "{name}: {:?}", figure(figures, name));
        }
        // Every estimator finds its delay; that of the drive alone is d/p of the servo, 33 ms and more.
        for name in ["start_delay", "slope_change_delay", "correlation_delay"] {
            let (delay, u) = figure(figures, name);
            assert!(delay > 0.02 && delay < 0.1 && u < 0.01, "{name}: {delay} ± {u}");
        }
    }
}

/// The handle's own sensor: on average half a period after the event, and its latency. The teleoperation: it looks each millisecond.
#[test]
fn parts_before_the_arm_are_those_of_their_clocks() {
    let figures = figures(&[&format!("{ROOM}#axis = z")]);
    let (sensing, u) = figure(&figures, "part_1_sensing");
    // Between nothing and one period of 1500 Hz, 60 µs of latency, 10 µm of resolution at 20 mm/s, and a step of reading.
    assert!(sensing > 0.0 && sensing < 1.0 / 1500.0 + 60e-6 + 5e-6 / 0.02 + 1.0 / 3000.0 + u, "{sensing}");
    assert_eq!(figure(&figures, "part_2_transmission").0, 0.0, "an ideal channel adds nothing");
    assert!(figure(&figures, "part_3_processing").0 <= 1e-3);
}

/// Without the pedal the tool goes along: what the test above finds is the clutch's doing.
#[test]
fn without_the_clutch_the_tool_goes_along() {
    let text = std::fs::read_to_string(root().join(ROOM)).expect("the scenario is there");
    let text = text.replace("scenes/psm_bench.toml", "trocar:scenes/psm_bench.toml");
    let text = text.replace("\"console.clutch\" = \"pressed\", ", "");
    let project = Project::new(&[("no_clutch.toml", &text)]);
    let figures = cases(&run(project.path(), &["no_clutch.toml#axis = z"])).remove(0);
    // 10 mm at a scale of a half, less what friction holds back.
    assert!(figure(&figures, "clutched_motion").0 > 4.5e-3);
}

/// What is declared is what the measure finds: the scale along the shaft, where no wrist takes part.
#[test]
fn the_scale_is_found() {
    let (error, u) = figure(&figures(&[&format!("{ROOM}#axis = z")]), "scaling_error");
    // Along a ramp of 2.5 mm/s the tool lags by 0.1 mm of its 5 mm, a fiftieth, and by as much on the way back.
    assert!(error.abs() < 0.02 + u, "{error} ± {u}");
    let (error, u) =
        figure(&figures(&[&format!("{ROOM}#axis = z"), "--set", "console.scale=25 %"]), "scaling_error");
    assert!((error + 0.5).abs() < 0.5 * (0.04 + u), "{error} ± {u}");
}

/// Probability that no message of those that were sent at 0, T, 2T, … has arrived by `x` beyond the channel's delay.
fn none_yet(x: f64, period: f64, jitter: f64, loss: f64) -> f64 {
    let mut none = 1.0;
    let mut sent = 0.0;
    while sent <= x {
        none *= 1.0 - (1.0 - loss) * trocar_math::min((x - sent) / jitter, 1.0);
        sent += period;
    }
    none
}

/// What a channel declares is what it adds: its delay to the mean, to the step; of jitter and loss what the first of several
/// messages to arrive makes of them. The master's message every T that first holds the event has the way D + J u, the next one T later,
/// …; each is lost with probability p. So P(later than D + x) = Π over kT ≤ x of 1 − (1 − p) min((x − kT)/J, 1).
#[test]
fn a_channel_adds_what_it_declares() {
    let cases = cases(&run(&root(), &[CHANNEL]));
    let step_s = 1.0 / 3000.0;
    let [room, far, network] = cases.as_slice() else { panic!("three cases") };
    assert_eq!(figure(room, "transmission").0, 0.0);
    // Interpolated between readings a step apart.
    assert!((figure(far, "transmission").0 - 0.06).abs() < step_s);
    let added = figure(far, "following_delay").0 - figure(room, "following_delay").0;
    assert!((added - 0.06).abs() < 2.0 * step_s, "{added}");

    let (period, jitter, loss) = (1.0 / 250.0, 0.08, 0.2);
    let later = |x: f64| none_yet(x, period, jitter, loss);
    let dx = 1e-5;
    let grid = || (0..20_000).map(|k| (f64::from(k) + 0.5) * dx);
    let mean: f64 = grid().map(|x| later(x) * dx).sum();
    let square: f64 = grid().map(|x| 2.0 * x * later(x) * dx).sum();
    let sd = (square - mean * mean).sqrt();
    let quantile = |share: f64| grid().find(|x| later(*x) < 1.0 - share).unwrap_or(f64::NAN);
    let (transmission, _) = figure(network, "transmission");
    // Nine repeats there and back, three targets; those of one motion lie 50 ms apart and share no messages that count.
    let n = 54.0_f64;
    let four_errors = 4.0 * sd / n.sqrt() + step_s;
    assert!((transmission - 0.06 - mean).abs() < four_errors, "{transmission} and {mean} ± {four_errors}");
    let (spread, u) = figure(network, "transmission_jitter");
    let expected = quantile(0.95) - quantile(0.05);
    assert!((spread - expected).abs() < 1.5 * u, "{spread} ± {u} and {expected}");
    // The tool's delay has what the channel adds; the arm smooths the unevenness.
    let added = figure(network, "following_delay").0 - figure(room, "following_delay").0;
    assert!((added - 0.06 - mean).abs() < four_errors + 0.004, "{added} and {mean}");
}

const SILENCE: &str = r#"
[[faults]]
name   = "silence"
target = "console.master.measured_cp"
kind   = "dropout"
starts = { in = "ramps", after = "0.3 s" }
lasts  = "0.5 s"
"#;

/// A master that falls silent is announced by the teleoperation after its time-out.
#[test]
fn a_lost_master_is_announced() {
    let text = std::fs::read_to_string(root().join(ROOM)).expect("the scenario is there");
    let text = text.replace("scenes/psm_bench.toml", "trocar:scenes/psm_bench.toml") + SILENCE;
    let project = Project::new(&[("silence.toml", &text)]);
    let json = run(project.path(), &["silence.toml#axis = z"]);
    let mut detected = None;
    collect(&json, &mut |table| {
        if let Some(signal) = table.get("detected_signal") {
            assert_eq!(signal, "console.operating_state = FAULT");
            detected = table["detected_s"].as_f64();
        }
    });
    // The last message came up to a period before the fault, and the teleoperation looks each millisecond.
    let detected = detected.expect("announced");
    assert!((0.099..0.102).contains(&detected), "{detected}");
}

/// Why a run ended where the teleoperation could not go on, and where it could not begin.
#[test]
fn a_run_without_a_master_says_so() {
    for (loss, time_out, said) in [
        ("60 %", "3 ms", "the teleoperation `console` went to FAULT: master lost"),
        ("100 %", "100 ms", "console.error: no master"),
    ] {
        let (loss, time_out) =
            (format!("console.channel.loss={loss}"), format!("console.time_out={time_out}"));
        let project = Project::new(&[]);
        let out = project.path().join("results");
        let out = out.to_str().expect("UTF-8");
        let scenario = format!("{ROOM}#axis = z");
        let arguments = ["run", &scenario, "--set", &loss, "--set", &time_out, "--out", out];
        let done = trocar(&root(), &arguments).expect(3);
        assert!(done.out.contains(said), "{said}:\n{}", done.out);
    }
}

/// Mistakes that newcomers make, each with its remedy.
#[test]
fn mistakes_are_explained() {
    let text = std::fs::read_to_string(root().join(ROOM)).expect("the scenario is there");
    let text = text.replace("scenes/psm_bench.toml", "trocar:scenes/psm_bench.toml");
    for (from, to, said) in [
        (
            "drives      = \"arm.servo_cp\"",
            "drives = \"arm.move_cp\"",
            "sends poses to an arm at once: `arm.servo_cp`",
        ),
        (
            "follows     = \"master.measured_cp\"",
            "follows = \"arm.measured_cp\"",
            "an arm cannot follow itself",
        ),
        (
            "follows     = \"master.measured_cp\"",
            "follows = \"master.truth.handle\"",
            "only an instrument may see this",
        ),
        (
            "ramp   = { command = \"master.generator.servo_cp\", axis = \"$axis\", by = \"10 mm\", speed = \"20",
            "ramp   = { command = \"arm.servo_cp\", axis = \"$axis\", by = \"10 mm\", speed = \"20",
            "the teleoperation `console` sends this command here",
        ),
        ("{ \"$axis\" = \"10 mm\" }", "{ roll = \"10 mm\" }", "there is no axis `roll`"),
        ("[handles.master.", "[handles.psm1.", "`psm1` is a robot of the scene already"),
        (
            "time_out    = { value = \"100 ms\"",
            "time_out = { value = \"0.1 ms\"",
            "shorter than from one message",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let project = Project::new(&[("wrong.toml", &text.replace(from, to))]);
        let found = trocar(project.path(), &["check", "wrong.toml"]).expect(2);
        assert!((found.out.clone() + &found.err).contains(said), "{said}:\n{}{}", found.out, found.err);
    }
}
