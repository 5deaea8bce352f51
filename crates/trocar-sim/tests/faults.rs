//! When faults act, on what, and what the board counts.

mod common;

use common::*;
use trocar_fault::{FaultConfig, Kind, Lasts};
use trocar_logic::{TriggerConfig, TriggerTable};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Dimension, GroupSpec};
use trocar_sim::{Model, Pace, Role};

/// A sensor that reads the time in milliseconds, and a program whose phases last so long each.
fn bench(phase_ms: &'static [f64]) -> Model {
    let program = toy("program", Role::Client, Pace::EveryStep, |r| {
        let names: Vec<String> = (0..=phase_ms.len()).map(|i| format!("p{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let phase = r.write(GroupSpec::state("program.phase", &names));
        move |io| {
            let now = io.now.seconds() * 1e3;
            let ends = phase_ms.iter().scan(0.0, |end, length| {
                *end += length;
                Some(*end)
            });
            let at = ends.filter(|end| *end <= now + 1e-9).count();
            io.write(phase, &[at as f64]);
            Ok(())
        }
    });
    model(vec![program, source("sensor", "x", |t| t), source("wave", "w", |t| (t % 10.0) - 5.0)])
}

/// The milliseconds at which the sensor does not read the time, and what it reads there.
fn changed(model: &Model, steps: u32) -> Vec<(u32, f64)> {
    let mut run = Toys::new(model);
    (0..steps)
        .filter_map(|step| {
            run.step();
            let read = run.value("x");
            (read != f64::from(step)).then_some((step, read))
        })
        .collect()
}

fn shift(starts: TriggerTable, lasts: Lasts) -> FaultConfig {
    offset("shift", "x", 100.0, starts, lasts)
}

fn instants(found: &[(u32, f64)]) -> Vec<u32> {
    found.iter().map(|(step, _)| *step).collect()
}

#[test]
fn at_an_instant_and_for_good() {
    let mut model = bench(&[100.0]);
    // Between two steps: it begins at the first not before it.
    let faults = vec![placed(&model, &shift(starts_at(6.5), Lasts::ForGood))];
    put(&mut model, faults);
    let found = changed(&model, 20);
    assert_eq!(instants(&found), (7..20).collect::<Vec<_>>());
    assert!(found.iter().all(|(step, read)| *read == f64::from(*step) + 100.0));
}

#[test]
fn a_fault_that_lasts_clears_and_does_not_come_again() {
    let mut model = bench(&[100.0]);
    let faults = vec![placed(&model, &shift(starts_at(5.0), for_ms(4.0)))];
    put(&mut model, faults);
    assert_eq!(instants(&changed(&model, 60)), [5, 6, 7, 8]);
    let mut run = Toys::new(&model);
    for step in 0..20 {
        run.begin();
        assert_eq!(run.model.faults.is_active(&run.state.faults, 0), (5..9).contains(&step), "at {step} ms");
        run.finish();
    }
}

#[test]
fn in_a_phase_after_a_time() {
    let mut model = bench(&[10.0, 10.0, 10.0]);
    let starts = TriggerTable {
        phase: Some("p1".to_owned()),
        after: Some(Duration::from_si(3.5e-3)),
        ..TriggerTable::default()
    };
    let faults = vec![placed(&model, &shift(starts.clone(), Lasts::ForGood))];
    put(&mut model, faults);
    assert_eq!(instants(&changed(&model, 30)), (14..30).collect::<Vec<_>>(), "phase p1 begins at 10 ms");
    // Later in the phase than the phase lasts: never.
    let mut model = bench(&[10.0, 10.0, 10.0]);
    let late = TriggerTable { after: Some(Duration::from_si(10.5e-3)), ..starts };
    let faults = vec![placed(&model, &shift(late, Lasts::ForGood))];
    put(&mut model, faults);
    assert_eq!(changed(&model, 60), []);
}

fn when(phase: Option<&str>, occurrence: u32) -> TriggerTable {
    TriggerTable {
        phase: phase.map(str::to_owned),
        when: Some("w >= 2".to_owned()),
        occurrence: Some(occurrence),
        ..TriggerTable::default()
    }
}

#[test]
fn at_an_occurrence_of_a_condition() {
    // The wave rises through 2 when it is written at 7, 17, 27 … ms; faults look before that, at the step after.
    for (occurrence, begins) in [(1, 8), (2, 18), (4, 38)] {
        let mut model = bench(&[100.0]);
        let config = shift(when(None, occurrence), for_ms(2.0));
        let faults = vec![placed(&model, &config)];
        put(&mut model, faults);
        assert_eq!(instants(&changed(&model, 100)), [begins, begins + 1], "occurrence {occurrence}");
    }
}

#[test]
fn occurrences_count_in_their_phase_alone_and_one_that_is_under_way_when_it_begins_counts() {
    // Phase p1 from 9 to 60 ms: the condition holds at 9 and 10 already (written at 8 and 9), then from 18, 28 ms on.
    for (occurrence, begins) in [(1, 9), (2, 18), (3, 28)] {
        let mut model = bench(&[9.0, 51.0]);
        let config = shift(when(Some("p1"), occurrence), for_ms(1.0));
        let faults = vec![placed(&model, &config)];
        put(&mut model, faults);
        assert_eq!(instants(&changed(&model, 100)), [begins], "occurrence {occurrence}");
    }
    let mut model = bench(&[9.0, 51.0]);
    let config = shift(when(Some("p1"), 7), for_ms(1.0));
    let faults = vec![placed(&model, &config)];
    put(&mut model, faults);
    assert_eq!(changed(&model, 200), [], "there are six in the phase");
}

#[test]
fn a_condition_on_what_was_never_written_does_not_hold() {
    let nodes = vec![
        source("sensor", "x", |t| t),
        toy("mute", Role::Sensor, task(1000), |r| {
            let out = r.write(number("w"));
            move |io| {
                if io.now >= at_ms(20.0) {
                    io.write_invalid(out, &[9.0]);
                }
                if io.now >= at_ms(30.0) {
                    io.write(out, &[9.0]);
                }
                Ok(())
            }
        }),
    ];
    let mut model = model(nodes);
    let known = TriggerTable { when: Some("w >= 2 or w < 2".to_owned()), ..when(None, 1) };
    let config = shift(known, Lasts::ForGood);
    let faults = vec![placed(&model, &config)];
    put(&mut model, faults);
    assert_eq!(instants(&changed(&model, 35)), (31..35).collect::<Vec<_>>(), "unknown, marked, then known");
}

#[test]
fn several_faults_on_one_group_act_in_the_order_in_which_they_are_written() {
    let doubled = FaultConfig {
        factor: Some(2.0),
        ..fault("doubled", "x", Kind::Scale, starts_at(4.0), Lasts::ForGood)
    };
    let shifted = shift(starts_at(4.0), Lasts::ForGood);
    for (order, expected) in
        [([&doubled, &shifted], 2.0 * 9.0 + 100.0), ([&shifted, &doubled], 2.0 * (9.0 + 100.0))]
    {
        let mut model = bench(&[100.0]);
        let faults = order.iter().map(|config| placed(&model, config)).collect();
        put(&mut model, faults);
        let mut run = Toys::new(&model);
        run.steps(10);
        assert_eq!(run.value("x"), expected);
    }
}

#[test]
fn a_stuck_signal_keeps_the_last_value_before_the_fault() {
    let mut model = bench(&[100.0]);
    let config = fault("stuck", "x", Kind::StuckLast, starts_at(5.0), for_ms(10.0));
    let faults = vec![placed(&model, &config)];
    put(&mut model, faults);
    let found = changed(&model, 30);
    assert_eq!(found, (5..15).map(|step| (step, 4.0)).collect::<Vec<_>>());
}

#[test]
fn a_masked_fault_never_acts_and_leaves_the_others_alone() {
    let mut model = bench(&[100.0]);
    let first = shift(starts_at(5.0), Lasts::ForGood);
    let second = FaultConfig {
        name: "other".to_owned(),
        ..offset("other", "x", 1000.0, starts_at(8.0), Lasts::ForGood)
    };
    let faults = vec![placed(&model, &first), placed(&model, &second)];
    put(&mut model, faults);
    // Masked before it begins, and masked while it acts.
    for masked_at in [0, 6] {
        let mut run = Toys::new(&model);
        run.steps(masked_at);
        model.faults.mask(&mut run.state.faults, 0);
        for step in masked_at..12 {
            run.step();
            let other = if step >= 8 { 1000.0 } else { 0.0 };
            assert_eq!(run.value("x"), step as f64 + other, "at {step} ms, masked at {masked_at}");
        }
        assert!(
            !model.faults.is_active(&run.state.faults, 0) && model.faults.is_active(&run.state.faults, 1)
        );
    }
}

#[test]
fn the_largest_change_is_kept_with_its_instant_and_the_writes_that_it_changed() {
    let mut model = bench(&[100.0]);
    // Stuck at 4 from 5 ms on, for 10 ms: the largest change is 14 − 4, at 14 ms.
    let config = fault("stuck", "x", Kind::StuckLast, starts_at(5.0), for_ms(10.0));
    let faults = vec![placed(&model, &config)];
    put(&mut model, faults);
    let mut run = Toys::new(&model);
    run.steps(5);
    assert_eq!(model.faults.largest_change(&run.state.faults, 0), (0.0, None, 0), "before it acts");
    run.steps(3);
    assert_eq!(model.faults.largest_change(&run.state.faults, 0), (3.0, Some(at_ms(7.0)), 3));
    run.steps(30);
    assert_eq!(
        model.faults.largest_change(&run.state.faults, 0),
        (10.0, Some(at_ms(14.0)), 10),
        "after it ended"
    );
    let names = model.faults.word_names();
    assert_eq!(names.len(), run.state.faults.len());
    let by_name = |name: &str| run.state.faults[names.iter().position(|n| n == name).unwrap()];
    assert_eq!(by_name("fault.stuck.writes_changed"), 10);
    assert_eq!(f64::from_bits(by_name("fault.stuck.largest_change")), 10.0);
    assert_eq!(f64::from_bits(by_name("fault.stuck.last[0]")), 37.0, "it follows the signal again");
}

#[test]
fn a_dropout_marks_a_signal_and_counts_though_it_changes_no_number() {
    let nodes = vec![source("sensor", "x", |_| 3.0)];
    let mut model = model(nodes);
    let faults = vec![placed(&model, &fault("gone", "x", Kind::Dropout, starts_at(2.0), for_ms(3.0)))];
    put(&mut model, faults);
    let mut run = Toys::new(&model);
    for step in 0..8 {
        run.step();
        assert_eq!(run.header("x").valid, u64::from(!(2..5).contains(&step)), "at {step} ms");
        assert_eq!(run.value("x"), 3.0);
    }
    assert_eq!(model.faults.largest_change(&run.state.faults, 0), (0.0, None, 3));
}

#[test]
fn draws_of_a_noise_are_its_own_and_repeat() {
    let noise = |name: &str| FaultConfig {
        sd: Some(AnyQuantity { si: 1.0, dimension: Dimension::NUMBER }),
        ..fault(name, "x", Kind::Noise, starts_at(0.0), Lasts::ForGood)
    };
    let read = |name: &str| {
        let mut model = bench(&[100.0]);
        let faults = vec![placed(&model, &noise(name))];
        put(&mut model, faults);
        changed(&model, 200)
    };
    assert_eq!(read("a"), read("a"));
    assert_ne!(read("a"), read("b"), "the name of the fault is part of the stream");
    let errors: Vec<f64> = read("a").iter().map(|(step, x)| x - f64::from(*step)).collect();
    assert_eq!(errors.len(), 200);
    let mean = errors.iter().sum::<f64>() / 200.0;
    let sd = (errors.iter().map(|e| (e - mean) * (e - mean)).sum::<f64>() / 199.0).sqrt();
    // Four standard errors: of a mean 1/√200, of a standard deviation 1/√400.
    assert!(mean.abs() < 4.0 / 200.0_f64.sqrt() && (sd - 1.0).abs() < 4.0 / 400.0_f64.sqrt(), "{mean} {sd}");
}

/// A fault ends by a trigger: some time after it began, or when a condition held for a time; it does not come again.
#[test]
fn a_fault_ends_by_a_trigger() {
    let ends = |ends: TriggerTable| FaultConfig {
        lasts: None,
        ends: Some(TriggerConfig::Table(Box::new(ends))),
        ..shift(starts_at(5.0), Lasts::ForGood)
    };
    let duration = |milliseconds: f64| Some(Duration::from_si(milliseconds * 1e-3));
    let after = TriggerTable { after: duration(7.0), ..TriggerTable::default() };
    // The wave is at 2 or more from 7 to 9 ms and from 17 to 19 ms as written; faults look at the step after.
    let held = TriggerTable { occurrence: None, held_for: duration(2.0), ..when(None, 1) };
    let in_p1 = TriggerTable { phase: Some("p1".to_owned()), ..TriggerTable::default() };
    for (trigger, last) in [(after, 11), (when(None, 2), 17), (held, 9), (in_p1, 19)] {
        let mut model = bench(&[20.0, 80.0]);
        let faults = vec![placed(&model, &ends(trigger))];
        put(&mut model, faults);
        assert_eq!(instants(&changed(&model, 100)), (5..=last).collect::<Vec<_>>());
        let names = model.faults.word_names();
        assert_eq!(names.len(), Toys::new(&model).state.faults.len());
    }
}
