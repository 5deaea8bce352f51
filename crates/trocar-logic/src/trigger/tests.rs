//! Triggers against what their keys say of the whole history, and what may stand together.

use super::*;
use crate::tests::{Values, bench};
use proptest::prelude::*;
use trocar_signal::Time;

fn table(table: TriggerTable) -> TriggerConfig {
    TriggerConfig::Table(Box::new(table))
}

fn ms(milliseconds: u64) -> Option<Duration> {
    Some(Duration::from_si(milliseconds as f64 * 1e-3))
}

fn positive() -> TriggerTable {
    TriggerTable { when: Some("a > 0 mm".to_owned()), ..TriggerTable::default() }
}

const STEP_MS: u64 = 4;

/// At which steps a trigger holds, when `a` is positive at the steps of the first list, `b` at those of the second, and
/// `phases` says which phase runs.
fn held(config: &TriggerConfig, a: &[bool], b: &[bool], phases: &[usize]) -> Vec<bool> {
    let names: Vec<String> = (0..4).map(|i| format!("p{i}")).collect();
    let trigger = Trigger::compile(config, &bench(), &names).unwrap_or_else(|e| panic!("{e:?}"));
    let mut state = vec![0; trigger.state_words()];
    assert_eq!(trigger.state_names("t").len(), state.len());
    (0..a.len())
        .map(|step| {
            let sign = |on: bool| if on { 1.0 } else { -1.0 };
            let values = Values::zero().with("a", &[sign(a[step])]).with("b", &[sign(b[step])]);
            let moment = Moment {
                now: Time(step as u64 * STEP_MS * 1_000_000),
                began: Time(STEP_MS * 1_000_000),
                phase: phases.get(step).copied(),
                motion_done: b[step],
            };
            trigger.holds(&moment, &values, &mut state)
        })
        .collect()
}

proptest! {
    /// Each key as its sentence says it, over the whole history: held without a break, the n-th time, so much later.
    #[test]
    fn keys_say_what_they_say(
        a in prop::collection::vec(any::<bool>(), 1..40),
        held_ms in 0u64..20, occurrence in 1u32..4, delay_ms in 0u64..20,
        with in prop::array::uniform3(any::<bool>()),
    ) {
        let config = table(TriggerTable {
            held_for: ms(held_ms).filter(|_| with[0]),
            occurrence: with[1].then_some(occurrence),
            delay: ms(delay_ms).filter(|_| with[2]),
            ..positive()
        });
        prop_assert!(config.check(TriggerPlace::Phase).is_empty());
        let steps = |ms: u64| ms.div_ceil(STEP_MS) as usize;
        // In steps: held at i if a holds at all of i − n … i; n steps of 4 ms are the first not below the time.
        let held_at = |i: usize| {
            let n = if with[0] { steps(held_ms) } else { 0 };
            i >= n && a[i - n..=i].iter().all(|x| *x)
        };
        let times = |i: usize| (0..=i).filter(|j| held_at(*j) && (*j == 0 || !held_at(j - 1))).count();
        let occurs_at = |i: usize| if with[1] { times(i) >= occurrence as usize } else { held_at(i) };
        let later_at = |i: usize| {
            if !with[2] { return occurs_at(i); }
            (0..=i).find(|j| occurs_at(*j)).is_some_and(|first| i - first >= steps(delay_ms))
        };
        let expected: Vec<bool> = (0..a.len()).map(later_at).collect();
        prop_assert_eq!(held(&config, &a, &a, &[]), expected);
    }

    /// `all` and `any` are what they say at each step, and nest.
    #[test]
    fn all_and_any_are_of_the_instant(
        a in prop::collection::vec(any::<bool>(), 40), b in prop::collection::vec(any::<bool>(), 40),
    ) {
        let text = |text: &str| TriggerConfig::Condition(text.to_owned());
        let both = TriggerTable { all: Some(vec![text("a > 0 mm"), text("b > 0 mm")]), ..TriggerTable::default() };
        let one = TriggerTable {
            any: Some(vec![table(both.clone()), text("not (b > 0 mm)")]),
            ..TriggerTable::default()
        };
        let and: Vec<bool> = a.iter().zip(&b).map(|(a, b)| *a && *b).collect();
        let either: Vec<bool> = and.iter().zip(&b).map(|(and, b)| *and || !b).collect();
        prop_assert_eq!(held(&table(both), &a, &b, &[]), and);
        prop_assert_eq!(held(&table(one), &a, &b, &[]), either);
    }
}

/// A trigger held for 0.5 s fires at the first step not before 0.5 s after the condition came true, and a break starts
/// it anew.
#[test]
fn held_for_half_a_second_fires_at_the_step_it_should() {
    let config = table(TriggerTable { held_for: ms(500), ..positive() });
    let mut a = vec![true; 400];
    a[..10].fill(false);
    a[100] = false;
    let first = held(&config, &a, &a, &[]).iter().position(|holds| *holds);
    // 500 ms are 125 steps of 4 ms after step 101.
    assert_eq!(first, Some(101 + 125));
}

#[test]
fn times_count_from_the_run_the_phase_and_the_named_phase() {
    let none = vec![false; 12];
    let phases = [0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2];
    let first = |table_: TriggerTable| held(&table(table_), &none, &none, &phases).iter().position(|h| *h);
    assert_eq!(
        first(TriggerTable { at: ms(18), ..TriggerTable::default() }),
        Some(5),
        "20 ms is the first not before"
    );
    assert_eq!(
        first(TriggerTable { after: ms(18), ..TriggerTable::default() }),
        Some(6),
        "the phase began at 4 ms"
    );
    let in_1 = TriggerTable { phase: Some("p1".to_owned()), ..TriggerTable::default() };
    assert_eq!(first(in_1.clone()), Some(3));
    assert_eq!(first(TriggerTable { after: ms(8), ..in_1.clone() }), Some(5));
    assert_eq!(first(TriggerTable { after: ms(30), ..in_1.clone() }), None, "the phase is shorter");
    // What is due in the phase comes although the phase is over by then.
    assert_eq!(first(TriggerTable { delay: ms(24), ..in_1 }), Some(9));
}

#[test]
fn a_condition_counts_only_in_its_phase_and_the_end_of_a_motion_is_told() {
    let a = [true, false, true, true, false, true];
    let phases = [0, 1, 1, 1, 1, 1];
    let second = TriggerTable { phase: Some("p1".to_owned()), occurrence: Some(2), ..positive() };
    assert_eq!(held(&table(second), &a, &a, &phases), [false, false, false, false, false, true]);
    let done = TriggerTable { motion: Some(MotionWord::Done), ..TriggerTable::default() };
    assert_eq!(held(&table(done), &a, &a, &[]), a);
    let edges = |text: &str| {
        let edge = TriggerTable { when: Some(text.to_owned()), ..TriggerTable::default() };
        held(&table(edge), &a, &a, &[])
    };
    assert_eq!(edges("rise(a > 0 mm)"), [false, false, true, false, false, true]);
    assert_eq!(edges("fall(a > 0 mm)"), [false, true, false, false, true, false]);
}

fn keys(config: &TriggerTable, place: TriggerPlace) -> Vec<String> {
    table(config.clone()).check(place).into_iter().map(|p| p.key).collect()
}

#[test]
fn keys_that_do_not_go_together_are_named_with_what_to_write() {
    use TriggerPlace::{FaultEnd, FaultStart, Phase};
    let empty = TriggerTable::default();
    let after = TriggerTable { after: ms(1), ..TriggerTable::default() };
    let in_1 = TriggerTable { phase: Some("p1".to_owned()), ..TriggerTable::default() };
    let done = TriggerTable { motion: Some(MotionWord::Done), ..TriggerTable::default() };
    assert_eq!(keys(&empty, Phase), [""]);
    assert_eq!(keys(&TriggerTable { after: ms(1), ..positive() }, Phase), ["after"]);
    assert_eq!(keys(&TriggerTable { occurrence: Some(0), ..positive() }, Phase), ["occurrence"]);
    assert_eq!(keys(&TriggerTable { occurrence: Some(2), ..after.clone() }, Phase), ["occurrence"]);
    assert_eq!(keys(&TriggerTable { held_for: ms(1), ..after.clone() }, Phase), ["held_for"]);
    assert_eq!(keys(&TriggerTable { at: Some(Duration::from_si(-1.0)), ..empty.clone() }, Phase), ["at"]);
    assert_eq!(keys(&in_1, Phase), ["in"]);
    assert_eq!(keys(&in_1, FaultStart), [""; 0]);
    assert_eq!(keys(&after, FaultStart), ["after"], "after what?");
    assert_eq!(keys(&after, FaultEnd), [""; 0], "since the fault began");
    assert_eq!(keys(&done, FaultStart), ["motion"]);
    assert_eq!(keys(&done, Phase), [""; 0]);
    let nested = TriggerTable { any: Some(vec![table(after), table(empty.clone())]), ..in_1 };
    assert_eq!(keys(&nested, FaultStart), ["any[1]"], "the phase of the outer one counts for the inner");
    assert_eq!(keys(&TriggerTable { all: Some(Vec::new()), ..empty }, Phase), ["all"]);
}

#[test]
fn what_a_time_alone_decides_needs_no_deadline() {
    let at = table(TriggerTable { at: ms(1), ..TriggerTable::default() });
    let when = table(positive());
    let of =
        |all: Option<Vec<TriggerConfig>>, any| table(TriggerTable { all, any, ..TriggerTable::default() });
    assert!(at.always_comes() && !when.always_comes());
    assert!(!of(Some(vec![at.clone(), when.clone()]), None).always_comes());
    assert!(of(None, Some(vec![at, when])).always_comes());
}

#[test]
fn mistakes_in_formulas_and_phases_are_at_their_keys() {
    let text = |text: &str| TriggerConfig::Condition(text.to_owned());
    let config = table(TriggerTable {
        any: Some(vec![
            text("nobody > 0 mm"),
            table(TriggerTable {
                all: Some(vec![table(TriggerTable { when: Some("a".to_owned()), ..positive() })]),
                ..TriggerTable::default()
            }),
            table(TriggerTable { phase: Some("nowhere".to_owned()), ..positive() }),
        ]),
        ..TriggerTable::default()
    });
    let errors = Trigger::compile(&config, &bench(), &["p0".to_owned()]).unwrap_err();
    let at: Vec<&str> = errors
        .iter()
        .map(|error| match error {
            TriggerError::Formula(key, _) | TriggerError::Phase(key, _) => key.as_str(),
        })
        .collect();
    assert_eq!(at, ["any[0]", "any[1].all[0].when", "any[2].in"]);
    assert_eq!(config.formulas().len(), 3);
    assert_eq!(config.phases()[0].text, "nowhere");
}
