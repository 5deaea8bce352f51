//! The ledger of faults on a toy arm whose every instant is known, and what it makes of the run.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::arm::{Plan, case};
use common::*;
use trocar_fault::{FaultConfig, Kind, Lasts};
use trocar_logic::TriggerConfig;
use trocar_measure::Verdict;
use trocar_signal::{AnyQuantity, Dimension};
use trocar_sim::outcome::CaseOutcome;
use trocar_sim::sink::NoSink;
use trocar_sim::{Inputs, Watch, run};

fn outcome(plan: Plan<'_>) -> CaseOutcome {
    run(&case(plan), &Inputs::default(), &mut NoSink, &mut Watch { progress: &mut |_| true }).unwrap()
}

/// The sensor sticks at 100 ms, at what it read at 99 ms.
fn stuck() -> FaultConfig {
    fault("stuck", "x", Kind::StuckLast, starts_at(100.0), Lasts::ForGood)
}

/// Equal to a nanosecond, which is the unit of time.
#[track_caller]
fn is_ms(found: Option<f64>, milliseconds: f64) {
    let found = found.unwrap_or_else(|| panic!("none where {milliseconds} ms is meant"));
    assert!((found - milliseconds * 1e-3).abs() < 1e-9, "{found} s where {milliseconds} ms is meant");
}

#[test]
fn every_instant_of_the_chain_from_fault_to_rest() {
    let out = outcome(Plan { faults: vec![stuck()], ..Plan::default() });
    assert_eq!(out.failure, None);
    let ledger = &out.faults[0];
    assert_eq!(ledger.outcome, "effective");
    is_ms(ledger.active_s, 100.0);
    // The slow controller's output of 100 ms is due at 102.5 ms and stands there at the step of 103 ms.
    is_ms(ledger.reached_s, 3.0);
    assert_eq!(ledger.reached_signal.as_deref(), Some("arm.output"));
    // Off by n + 1 at 100 + n ms; more than 10.5 for the first time with n = 10.
    is_ms(ledger.detected_s, 10.0);
    assert!(ledger.detected_signal.as_ref().unwrap().starts_with("arm.supervisor.trip"), "{ledger:?}");
    // The servo sees the trip at the next step.
    is_ms(ledger.reacted_s, 11.0);
    // It rolls on for 20 steps, the last of which begins at 130 ms.
    is_ms(ledger.safe_s, 31.0);
    assert_eq!(ledger.cleared_s, None);
    // At 300 ms, the last step, the sensor should read 300 and reads 99.
    assert_eq!(ledger.largest_change.as_ref().unwrap().value, 201.0);
    // From 111 ms to the end of the step of 300 ms the twin moves 190 mm and the arm 2 mm; additions of 1 mm round.
    let deviation = ledger.largest_deviation.as_ref().unwrap().value;
    assert!((deviation - 0.188).abs() < 1e-12, "{deviation}");
}

#[test]
fn figures_of_the_ledger_are_judged_with_one_step_of_uncertainty() {
    let requirements = [
        "fault.stuck.reached_time <= 5 ms",
        "fault.stuck.detection_time <= 5 ms",
        "fault.stuck.reaction_time <= 20 ms",
        "fault.stuck.safe_time <= 31 ms",
        "fault.stuck.deviation_until_reaction <= 1 mm",
        "fault.stuck.deviation_until_reaction <= 0.5 mm",
    ];
    let out = outcome(Plan { faults: vec![stuck()], requirements: &requirements, ..Plan::default() });
    let verdicts: Vec<Verdict> = out.requirements.iter().map(|r| r.verdict).collect();
    use Verdict::{Fail, Inconclusive, Pass};
    assert_eq!(verdicts, [Pass, Fail, Pass, Inconclusive, Pass, Fail]);
    // At the step of the reaction the twin has moved 1 mm and the arm 0.1 mm.
    let deviation = out.requirements[4].figure.as_ref().unwrap();
    assert!((deviation.value - 0.9e-3).abs() < 1e-12, "{deviation:?}");
    // Two instants, each known to a step of 1 ms: u = 1 ms / √12 · √2, k = 2.
    let u = out.requirements[2].figure.as_ref().unwrap().expanded_uncertainty.unwrap();
    assert!((u - 2e-3 / 6.0_f64.sqrt()).abs() < 1e-9, "{u}");
    assert!(out.requirements.iter().all(|r| r.without_fault.is_none()), "the control has no ledger");
}

#[test]
fn rest_counts_only_where_the_record_shows_it_for_a_tenth_of_a_second() {
    // At rest from 131 ms on.
    for (end_ms, rests) in [(229.0, false), (240.0, true)] {
        let out = outcome(Plan { faults: vec![stuck()], end_ms, ..Plan::default() });
        assert_eq!(out.faults[0].safe_s.is_some(), rests, "end at {end_ms} ms");
    }
}

#[test]
fn a_fault_that_ends_before_the_device_notices_is_effective_and_not_announced() {
    let short = FaultConfig { lasts: Some(for_ms(5.0)), ..stuck() };
    let requirements = ["fault.stuck.detection_time <= 1 s"];
    let out = outcome(Plan { faults: vec![short], requirements: &requirements, ..Plan::default() });
    let ledger = &out.faults[0];
    assert_eq!(ledger.outcome, "effective");
    is_ms(ledger.cleared_s, 105.0);
    assert_eq!((ledger.detected_s, ledger.reacted_s, ledger.safe_s), (None, None, None));
    // Written 104, read 99.
    assert_eq!(ledger.largest_change.as_ref().unwrap().value, 5.0);
    assert_eq!(out.requirements[0].verdict, Verdict::Invalid);
    assert!(
        out.requirements[0].reason.as_ref().unwrap().contains("not announced"),
        "{:?}",
        out.requirements[0]
    );
    assert_eq!(
        out.requirements[0].limit.as_ref().unwrap().limit.value,
        1.0,
        "the limit is known all the same"
    );
}

#[track_caller]
fn invalid(config: FaultConfig, word: &str, outcome_word: &str) {
    // Nobody reads `unused`.
    let extra = vec![source("arm.unused", "unused", |t| t)];
    let requirements = ["travel <= 1 m"];
    let out = outcome(Plan { faults: vec![config], requirements: &requirements, extra, ..Plan::default() });
    assert_eq!(out.faults[0].outcome, outcome_word);
    let requirement = &out.requirements[0];
    assert_eq!(requirement.verdict, Verdict::Invalid);
    assert!(requirement.reason.as_ref().unwrap().contains(word), "{:?}", requirement.reason);
    assert_eq!((&requirement.figure, &requirement.margin), (&None, &None));
    assert_eq!(out.verdict(), Verdict::Invalid);
}

#[test]
fn a_fault_that_tests_nothing_makes_the_run_invalid() {
    invalid(
        FaultConfig { starts: TriggerConfig::Table(Box::new(starts_at(5000.0))), ..stuck() },
        "never became active",
        "not activated",
    );
    invalid(offset("aside", "unused", 1.0, starts_at(100.0), Lasts::ForGood), "dormant", "dormant");
    let change = |si: f64| Some(AnyQuantity { si, dimension: Dimension::NUMBER });
    invalid(FaultConfig { must_change: change(202.0), ..stuck() }, "less than must_change", "effective");
    let enough = FaultConfig { must_change: change(201.0), ..stuck() };
    let out = outcome(Plan { faults: vec![enough], requirements: &["travel <= 1 m"], ..Plan::default() });
    assert_eq!(out.requirements[0].verdict, Verdict::Pass);
}

#[test]
fn a_requirement_on_a_measure_is_judged_without_the_fault_too() {
    let out = outcome(Plan { faults: vec![stuck()], requirements: &["travel <= 0.2 m"], ..Plan::default() });
    let requirement = &out.requirements[0];
    // 111 steps of 1 mm, and 2 mm of rolling; without the fault 301 steps.
    assert!((requirement.figure.as_ref().unwrap().value - 0.113).abs() < 1e-12);
    assert!((requirement.figure_without_fault.as_ref().unwrap().value - 0.301).abs() < 1e-12);
    assert_eq!((requirement.verdict, requirement.without_fault), (Verdict::Pass, Some(Verdict::Fail)));
    let free = outcome(Plan { requirements: &["travel <= 0.2 m"], ..Plan::default() });
    assert_eq!((free.requirements[0].verdict, free.requirements[0].without_fault), (Verdict::Fail, None));
}

#[test]
fn each_of_several_faults_is_held_against_the_run_that_lacks_it_alone() {
    let aside = offset("aside", "y", 1.0, starts_at(60.0), Lasts::ForGood);
    let out =
        outcome(Plan { faults: vec![aside, stuck()], requirements: &["travel <= 0.2 m"], ..Plan::default() });
    let [aside, stuck] = &out.faults[..] else { panic!("{:?}", out.faults) };
    is_ms(aside.reached_s, 0.0);
    assert_eq!(aside.reached_signal.as_deref(), Some("arm.side_output"));
    // Its twin trips as well, for the other fault: nothing of that is laid to this one.
    assert_eq!((aside.detected_s, aside.reacted_s), (None, None));
    assert_eq!(aside.largest_deviation.as_ref().unwrap().value, 0.0);
    is_ms(stuck.reached_s, 3.0);
    is_ms(stuck.detected_s, 10.0);
    is_ms(stuck.safe_s, 31.0);
    // The control lacks both.
    assert!((out.requirements[0].figure_without_fault.as_ref().unwrap().value - 0.301).abs() < 1e-12);
}

#[test]
fn a_method_that_a_fault_stops_goes_on_as_long_as_it_takes_without() {
    let plan =
        |faults| Plan { faults, gives_up: true, requirements: &["travel <= 0.2 m"], ..Plan::default() };
    let out = outcome(plan(vec![stuck()]));
    assert_eq!(out.failure, None);
    assert_eq!(out.steps, 301, "to the end of the twin");
    assert_eq!(out.requirements[0].verdict, Verdict::Pass);
    is_ms(out.faults[0].safe_s, 31.0);
}
