//! A run from its first instant to its outcome: what a sink is told and when, repetition, interruption, failures.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::arm::{Plan, case};
use common::*;
use trocar_measure::{InputShape, Measure, MeasureConfig, MeasureShape, Verdict, Window};
use trocar_signal::{Dimension, GroupClass, GroupSpec, Rate, Time};
use trocar_sim::case::{Feed, MeasurePlan};
use trocar_sim::outcome::CaseOutcome;
use trocar_sim::sink::{NoSink, Sink};
use trocar_sim::{Case, Inputs, Node, Pace, Role, RunError, Watch, run};

fn kept(case: &Case) -> (CaseOutcome, Diary) {
    let mut diary = Diary::default();
    let outcome = run(case, &Inputs::default(), &mut diary, &mut Watch { progress: &mut |_| true }).unwrap();
    (outcome, diary)
}

fn stuck_plan() -> Plan<'static> {
    let stuck = fault("stuck", "x", trocar_fault::Kind::StuckLast, starts_at(100.0), for_ms(70.0));
    Plan { faults: vec![stuck], requirements: &["travel <= 0.2 m"], ..Plan::default() }
}

#[test]
fn a_sink_is_told_in_order_of_time_at_the_rates_of_the_case() {
    let record_rate = Rate::new(30, 1).unwrap();
    let case = case(Plan { record_rate, ..stuck_plan() });
    let (outcome, diary) = kept(&case);
    let calls = &diary.calls;
    assert_eq!(calls.first(), Some(&Call::Begin));
    // The step of 300 ms is the last.
    assert_eq!((calls.last(), outcome.steps), (Some(&Call::End(at_ms(301.0))), 301));
    let times: Vec<Time> = calls
        .iter()
        .map(|call| match call {
            Call::Begin => Time::ZERO,
            Call::Record(t) | Call::Digest(t, _) | Call::Snapshot(t) | Call::Event(t, _) | Call::End(t) => *t,
        })
        .collect();
    assert!(times.is_sorted(), "never back in time");
    let of = |wanted: fn(&Call) -> Option<Time>| calls.iter().filter_map(wanted).collect::<Vec<_>>();
    // 30 Hz: the first step not before k/30 s.
    let expected: Vec<Time> = (0..)
        .map(|k| at_ms((f64::from(k) * 1000.0 / 30.0).ceil()))
        .take_while(|t| *t <= at_ms(300.0))
        .collect();
    assert_eq!(of(|c| if let Call::Record(t) = c { Some(*t) } else { None }), expected);
    // The fastest task of the device has 1 kHz.
    let digests = of(|c| if let Call::Digest(t, _) = c { Some(*t) } else { None });
    assert_eq!(digests, (0..=300).map(|k| at_ms(f64::from(k))).collect::<Vec<_>>());
    assert_eq!(of(|c| if let Call::Snapshot(t) = c { Some(*t) } else { None }), [Time::ZERO]);
    let events: Vec<(Time, &str)> = calls
        .iter()
        .filter_map(|c| if let Call::Event(t, name) = c { Some((*t, name.as_str())) } else { None })
        .collect();
    let expected = [
        (at_ms(0.0), "phase first"),
        (at_ms(50.0), "phase second"),
        (at_ms(100.0), "stuck active"),
        (at_ms(170.0), "stuck cleared"),
        (at_ms(300.0), "phase done"),
    ];
    assert_eq!(events, expected);
    let chains: Vec<u64> =
        calls.iter().filter_map(|c| if let Call::Digest(_, d) = c { Some(*d) } else { None }).collect();
    assert_eq!(format!("{:016x}", chains.last().unwrap()), outcome.digest);
    assert!(chains.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn the_whole_state_is_kept_every_ten_seconds() {
    let case = case(Plan { end_ms: 20_500.0, ..Plan::default() });
    let (_, diary) = kept(&case);
    let at: Vec<Time> =
        diary.calls.iter().filter_map(|c| if let Call::Snapshot(t) = c { Some(*t) } else { None }).collect();
    assert_eq!(at, [at_ms(0.0), at_ms(10_000.0), at_ms(20_000.0)]);
}

#[test]
fn the_same_case_gives_the_same_run() {
    let (first, second) = (case(stuck_plan()), case(stuck_plan()));
    let ((a, b), (c, d)) = (kept(&first), kept(&second));
    assert_eq!((a, b.calls), (c, d.calls));
}

/// An instrument that draws, and a measure on it, beside the device.
fn watching() -> Node {
    toy("gauge", Role::Instrument, Pace::EveryStep, |r| {
        let tip = r.read_previous("arm.truth.tip");
        let out = r.write(GroupSpec::scalar("gauge.depth", Dimension::LENGTH).class(GroupClass::Instrument));
        move |io| {
            let value = io.read(tip)[0] + 1e-4 * io.draw(0).normal();
            io.write(out, &[value]);
            Ok(())
        }
    })
}

#[test]
fn what_observes_changes_no_digest_and_no_outcome_of_others() {
    let (plain, plain_diary) = kept(&case(stuck_plan()));
    let mut watched = case(Plan { extra: vec![watching()], record_rate: khz(), ..stuck_plan() });
    let config = MeasureConfig::Mean { of: "gauge.depth".to_owned(), window: Window::default() };
    watched.measures.push(MeasurePlan {
        name: "depth".to_owned(),
        measure: Measure::new(&config, &MeasureShape::new(InputShape::Number(Dimension::LENGTH))).unwrap(),
        feed: Feed::Values(trocar_sim::case::Source {
            group: watched.model.layout.group("gauge.depth").unwrap(),
            element: None,
        }),
        ..watched.measures[0].clone()
    });
    watched.record = watched.model.layout.matching("*");
    let (outcome, diary) = kept(&watched);
    let digests = |diary: &Diary| -> Vec<Call> {
        diary.calls.iter().filter(|c| matches!(c, Call::Digest(..))).cloned().collect()
    };
    assert_eq!(digests(&plain_diary), digests(&diary));
    assert_eq!((plain.requirements, plain.faults), (outcome.requirements, outcome.faults));
    assert_eq!(plain.figures[0], outcome.figures[0]);
    assert_eq!(outcome.figures[1].samples, 301);
}

#[test]
fn the_watch_sees_time_go_by_and_can_interrupt() {
    let case = case(Plan { end_ms: 5000.0, ..Plan::default() });
    let mut seen = Vec::new();
    let mut diary = Diary::default();
    let mut progress = |now: Time| {
        seen.push(now);
        seen.len() < 3
    };
    let result = run(&case, &Inputs::default(), &mut diary, &mut Watch { progress: &mut progress });
    assert!(matches!(result, Err(RunError::Interrupted)));
    assert_eq!(seen.len(), 3);
    assert!(seen.is_sorted() && seen[0] > Time::ZERO);
    assert!(!diary.calls.iter().any(|c| matches!(c, Call::End(_))), "what was interrupted has no end");
}

#[test]
fn a_sink_that_fails_ends_the_run() {
    struct Full(u32);
    impl Sink for Full {
        fn digest(&mut self, _: Time, _: u64, _: &[u64]) -> std::io::Result<()> {
            self.0 += 1;
            if self.0 > 10 { Err(std::io::Error::other("no space left")) } else { Ok(()) }
        }
    }
    let mut sink = Full(0);
    let result =
        run(&case(Plan::default()), &Inputs::default(), &mut sink, &mut Watch { progress: &mut |_| true });
    assert!(matches!(&result, Err(RunError::Sink(e)) if e.to_string() == "no space left"));
    assert_eq!(sink.0, 11, "and nothing is told to it after that");
}

#[test]
fn a_component_that_cannot_go_on_is_an_error_with_an_outcome() {
    let bad = source("arm.bad", "bad", |t| if t < 120.0 { t } else { f64::NAN });
    let plan = Plan { extra: vec![bad], requirements: &["travel <= 1 m"], ..Plan::default() };
    let case = case(plan);
    let (outcome, diary) = kept(&case);
    let failure = outcome.failure.as_ref().unwrap();
    assert_eq!((failure.verdict, failure.at_s), (Verdict::Error, 0.12));
    assert!(failure.what.contains("bad, written by arm.bad, is not finite"), "{}", failure.what);
    assert_eq!((outcome.requirements[0].verdict, outcome.verdict()), (Verdict::Error, Verdict::Error));
    assert_eq!(outcome.requirements[0].figure, None);
    assert_eq!(diary.calls.last(), Some(&Call::End(at_ms(120.0))));
}

#[test]
fn a_method_that_gives_up_is_invalid_and_names_phase_file_and_line() {
    let mut case = case(Plan { gives_up: true, requirements: &["travel <= 1 m"], ..Plan::default() });
    // The toy gives up where the state is FAULT: begin there.
    let off = offset("shift", "x", 20.0, starts_at(60.0), trocar_fault::Lasts::ForGood);
    let faults = vec![placed(&case.model, &off)];
    put(&mut case.model, faults);
    // The board acts, and the case knows of no fault: as if the device itself had failed.
    let outcome =
        run(&case, &Inputs::default(), &mut NoSink, &mut Watch { progress: &mut |_| true }).unwrap();
    let failure = outcome.failure.as_ref().unwrap();
    assert_eq!(failure.verdict, Verdict::Invalid);
    assert!(failure.what.contains("`second`") && failure.what.contains("test.toml:9"), "{}", failure.what);
    // Tripped at the step of 60 ms, seen by the method at 61 ms.
    assert_eq!((failure.at_s, outcome.requirements[0].verdict), (0.061, Verdict::Invalid));
}

#[test]
fn a_measure_that_refuses_a_reading_makes_the_run_an_error_that_names_it() {
    let mut case = case(Plan { requirements: &["travel <= 1 m"], ..Plan::default() });
    // Four numbers where one is meant: what no compiled case has.
    case.measures[0].feed =
        Feed::Twin(trocar_sim::case::Source { group: case.arms[0].watched.group(), element: None });
    let stuck =
        fault("stuck", "x", trocar_fault::Kind::StuckLast, starts_at(100.0), trocar_fault::Lasts::ForGood);
    let faults = vec![placed(&case.model, &stuck)];
    put(&mut case.model, faults);
    case.faults = common::arm::case(stuck_plan()).faults;
    let outcome = kept(&case).0;
    assert_eq!(outcome.verdict(), Verdict::Error);
    let reason = outcome.requirements[0].reason.as_ref().unwrap();
    assert!(reason.contains("measure `travel` refused a reading at 0.100000 s"), "{reason}");
}
