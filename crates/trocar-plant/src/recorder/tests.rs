//! A ramp that starts at a known instant after a command: every stamp has a closed form.

use super::*;
use trocar_signal::bench::Bench;
use trocar_signal::{Layout, Rate, Standing};

fn config(resolution_s: f64, ppm: f64) -> EdgeRecorderConfig {
    let moves = EdgeConfig::Moves {
        follows: "psm1.truth.tip.position.x".to_owned(),
        threshold: Sourced::bare(AnyQuantity::parse("0.1 mm").unwrap()),
        noise: None,
        armed_by: Some("command".to_owned()),
    };
    EdgeRecorderConfig {
        channels: BTreeMap::from([
            ("command".to_owned(), EdgeConfig::Written { follows: "psm1.servo_jp".to_owned() }),
            ("arrival".to_owned(), moves),
        ]),
        resolution: Sourced::bare(Duration::from_si(resolution_s)),
        clock_error: Some(Sourced::bare(Ratio::from_si(ppm * 1e-6))),
    }
}

fn inputs() -> Vec<GroupSpec> {
    vec![
        GroupSpec::point("psm1.truth.tip", "psm1.base", "psm1.tool_tip"),
        GroupSpec::joint_positions("psm1.servo_jp", [("yaw", Dimension::ANGLE)]),
    ]
}

fn recorder(config: &EdgeRecorderConfig) -> Result<(EdgeRecorder, Registration), Vec<Problem>> {
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
    let mut layout = Layout::default();
    for spec in inputs() {
        layout.add(spec).unwrap();
    }
    let mut reg = Registration::new("recorder");
    EdgeRecorder::new("recorder", config, &|path| Followed::find(&layout, path), &provenance, &mut reg)
        .map(|recorder| (recorder, reg))
}

/// Runs 3 kHz steps. Each command (given in ns) starts a ramp of 10 mm/s 20 ms later. Gives the events (channel, count,
/// stamp).
fn run(config: &EdgeRecorderConfig, commands: &[u64], steps: u64) -> Vec<(String, f64, u64)> {
    let (recorder, reg) = recorder(config).unwrap();
    let mut bench = Bench::new(inputs(), vec![(reg, Box::new(recorder))]).unwrap();
    let rate = Rate::new(3000, 1).unwrap();
    let mut events = Vec::new();
    let mut sent = commands.iter();
    let mut next = sent.next();
    let mut x = 0.0;
    for k in 0..steps {
        let now = rate.instant(k);
        if let Some(at) = next.filter(|at| **at <= now.0) {
            bench.set("psm1.servo_jp", Time(*at), &[0.0]).unwrap();
            next = sent.next();
        }
        // The sum of all ramps so far, each 0.2 mm long.
        let ramp = |start_ns: f64| trocar_math::clamp((now.0 as f64 - start_ns) * 1e-9 * 0.01, 0.0, 2e-4);
        x = commands.iter().map(|at| ramp(*at as f64 + 20e6)).sum::<f64>();
        bench.set("psm1.truth.tip", now, &[x, 0.0, 0.0]).unwrap();
        for (path, _) in bench.activate(0, now).unwrap() {
            let (layout, table) = bench.table();
            let header = table.header(layout.group(&path).unwrap());
            let channel = path.strip_prefix("recorder.").unwrap().to_owned();
            events.push((channel, bench.get(&path)[0], header.stamp.0));
        }
    }
    assert!(x > 0.0);
    events
}

/// Threshold over speed, 10 ms, after the ramp's start, to the nanosecond of the stamp: the ramp is straight, so the
/// way between two samples is the ramp itself.
#[test]
fn a_crossing_is_stamped_inside_the_step() {
    let commands = [100_000_123, 400_000_777];
    let events = run(&config(1e-9, 0.0), &commands, 2000);
    let names: Vec<(&str, f64)> = events.iter().map(|(c, n, _)| (c.as_str(), *n)).collect();
    assert_eq!(names, [("command", 1.0), ("arrival", 1.0), ("command", 2.0), ("arrival", 2.0)]);
    for (pair, command) in events.chunks(2).zip(commands) {
        assert_eq!(pair[0].2, command);
        let delay = pair[1].2 - pair[0].2;
        assert!(delay.abs_diff(30_000_000) <= 1, "{delay} ns");
    }
}

#[test]
fn stamps_are_ticks_of_a_clock_that_runs_fast() {
    let events = run(&config(1e-6, 50.0), &[100_000_123], 1000);
    // 100.000123 ms · (1 + 50e-6) = 100.005123006… ms, and the next tick of a microsecond.
    assert_eq!(events[0].2, 100_006_000);
    // 130.000123 ms · (1 + 50e-6) = 130.006623006… ms.
    assert_eq!(events[1].2, 130_007_000);
}

/// A message that was under way has an old stamp: it came in with the activation that sees it.
#[test]
fn a_late_message_is_stamped_when_it_is_seen() {
    let (recorder, reg) = recorder(&config(1e-9, 0.0)).unwrap();
    let mut bench = Bench::new(inputs(), vec![(reg, Box::new(recorder))]).unwrap();
    bench.set("psm1.servo_jp", Time(0), &[0.0]).unwrap();
    assert!(bench.activate(0, Time(10)).unwrap().is_empty(), "what was there at the start is no event");
    bench.set("psm1.servo_jp", Time(5), &[1.0]).unwrap();
    bench.activate(0, Time(20)).unwrap();
    let (layout, table) = bench.table();
    assert_eq!(table.header(layout.group("recorder.command").unwrap()).stamp, Time(20));
}

#[test]
fn without_an_arming_channel_the_start_arms_once() {
    let mut config = config(1e-9, 0.0);
    let Some(EdgeConfig::Moves { armed_by, .. }) = config.channels.get_mut("arrival") else { panic!() };
    *armed_by = None;
    let events = run(&config, &[100_000_000, 400_000_000], 2000);
    assert_eq!(events.iter().filter(|(channel, ..)| channel == "arrival").count(), 1);
}

#[test]
fn what_does_not_fit_is_named() {
    let mut wrong = config(0.0, 0.0);
    wrong.channels.insert("Bad".to_owned(), EdgeConfig::Written { follows: "psm1.nothing".to_owned() });
    let Some(EdgeConfig::Moves { threshold, armed_by, .. }) = wrong.channels.get_mut("arrival") else {
        panic!()
    };
    *threshold = Sourced::bare(AnyQuantity::parse("1 deg").unwrap());
    *armed_by = Some("arrival".to_owned());
    let keys: Vec<String> = recorder(&wrong).err().unwrap().into_iter().map(|p| p.key).collect();
    assert_eq!(
        keys,
        [
            "resolution",
            "channels.Bad",
            "channels.arrival.armed_by",
            "channels.Bad.follows",
            "channels.arrival.threshold"
        ]
    );
}

#[test]
fn it_declares_its_parameters_its_words_and_its_reads() {
    let (recorder, reg) = recorder(&config(1e-9, 0.0)).unwrap();
    assert_eq!(recorder.edges.len(), 2);
    let parameters: Vec<&str> = reg.parameters.iter().map(|p| p.path.as_str()).collect();
    assert_eq!(parameters, ["recorder.resolution", "recorder.clock_error", "recorder.arrival.threshold"]);
    assert_eq!(reg.state_names.len(), RECORDER_WORDS + 2 * EDGE_WORDS);
    assert!(reg.reads.iter().all(|read| read.previous));
}
