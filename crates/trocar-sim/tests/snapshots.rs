//! Snapshot, restore, fork and digest on random systems of toys: a state is all that a run needs to go on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::*;
use proptest::prelude::*;
use trocar_fault::{Kind, Lasts};
use trocar_signal::{Dimension, Nanos, ParameterSpec, Rate, Standing};
use trocar_sim::state::{RestoreError, block_names, chain_digest, differences, digest_blocks};
use trocar_sim::{Inputs, Model, Node, Pace, Role, Scratch, State, Task, step};

/// One component of a random system: it mixes what it reads with what it remembers, a draw and a parameter.
#[derive(Clone, Debug)]
struct Part {
    hz: Option<u64>,
    phase_us: u64,
    compute_us: u64,
    jitter_us: u64,
    delay_us: u64,
    /// Which of the parts before it it reads, and which of all parts it reads the previous value of.
    reads: Vec<prop::sample::Index>,
    previous: Vec<prop::sample::Index>,
}

fn part() -> impl Strategy<Value = Part> {
    let index = || prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    let hz = prop_oneof![Just(None), (100_u64..=1000).prop_map(Some)];
    (hz, 0..3000_u64, 0..3000_u64, 0..2000_u64, 0..5000_u64, index(), index()).prop_map(
        |(hz, phase_us, compute_us, jitter_us, delay_us, reads, previous)| Part {
            hz,
            phase_us,
            compute_us,
            jitter_us,
            delay_us,
            reads,
            previous,
        },
    )
}

fn node(at: usize, count: usize, part: &Part) -> Node {
    let us = |micros: u64| Nanos(micros * 1000);
    let pace = match part.hz {
        None => Pace::EveryStep,
        Some(hz) => Pace::Task(Task {
            phase: us(part.phase_us),
            compute_time: us(part.compute_us),
            jitter: us(part.jitter_us),
            ..Task::at(Rate::new(hz, 1).unwrap())
        }),
    };
    toy(&format!("part{at}"), Role::Channel, pace, |r| {
        let mut reads = Vec::new();
        if at > 0 {
            reads.extend(part.reads.iter().map(|i| r.read(format!("x{}", i.index(at)))));
        }
        reads.extend(part.previous.iter().map(|i| r.read_previous(format!("x{}", i.index(count)))));
        let out = r.write(number(&format!("x{at}")));
        let late = r.write(number(&format!("late{at}")));
        let gain = r.parameter(ParameterSpec {
            path: format!("part{at}.gain"),
            dimension: Dimension::NUMBER,
            nominal: 0.5,
            source: "a test".to_owned(),
            standing: Standing::Declared,
            tunable: true,
            least: None,
            words: Vec::new(),
            most: None,
        });
        r.state_words(["memory".to_owned()]);
        let delay = us(part.delay_us);
        r.delays_by(delay);
        move |io| {
            let sum: f64 = reads.iter().map(|port| io.read(*port)[0]).sum();
            let memory = f64::from_bits(io.state[0]);
            // Bounded: a mean with a draw.
            let value =
                io.parameter(gain) * (memory + sum / (1.0 + reads.len() as f64)) / 2.0 + io.draw(0).normal();
            io.state[0] = value.to_bits();
            io.write(out, &[value]);
            io.send(late, &[value], io.now, delay, true);
            Ok(())
        }
    })
}

/// A random system with a fault on one of its signals, active from the 30th to the 90th millisecond.
fn system(parts: &[Part], target: usize) -> Model {
    let nodes = parts.iter().enumerate().map(|(at, part)| node(at, parts.len(), part)).collect();
    let mut model = model(nodes);
    let target = format!("x{}", target % parts.len());
    let stuck = fault("stuck", &target, Kind::StuckLast, starts_at(30.0), for_ms(60.0));
    let shift = offset("shift", &target, 0.25, starts_at(50.0), Lasts::ForGood);
    let faults = vec![placed(&model, &stuck), placed(&model, &shift)];
    put(&mut model, faults);
    model
}

fn go_on(model: &Model, state: &mut State, steps: u64) {
    let mut scratch = Scratch::new(model);
    let mut blocks = Vec::new();
    for _ in 0..steps {
        step(model, state, &Inputs::default(), &mut scratch).unwrap();
        chain_digest(model, state, &mut blocks);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn a_run_goes_on_from_a_snapshot_as_if_nothing_had_happened(
        parts in prop::collection::vec(part(), 1..7), target in 0_usize..7, cut in 0_u64..130,
    ) {
        let model = system(&parts, target);
        let mut whole = model.initial_state(&[]);
        go_on(&model, &mut whole, 150);

        let mut first = model.initial_state(&[]);
        let saved_size = first.to_words().len();
        go_on(&model, &mut first, cut);
        let words = first.to_words();
        prop_assert_eq!(words.len(), saved_size, "a state never grows");
        let mut restored = State::from_words(&model, &words).unwrap();
        prop_assert_eq!(&restored, &first);
        prop_assert_eq!(differences(&model, &restored, &first), Vec::<String>::new());
        let (mut a, mut b) = (Vec::new(), Vec::new());
        digest_blocks(&model, &restored, &mut a);
        digest_blocks(&model, &first, &mut b);
        prop_assert_eq!(&a, &b);
        prop_assert_eq!(a.len(), block_names(&model).len());

        // A state that lived another life becomes the same by copying.
        let mut copied = model.initial_state(&[]);
        go_on(&model, &mut copied, 140);
        copied.copy_from(&first);
        prop_assert_eq!(&copied, &first.clone());

        for state in [&mut restored, &mut copied, &mut first] {
            go_on(&model, state, 150 - cut);
            prop_assert_eq!(&*state, &whole);
            prop_assert_eq!(state.chain, whole.chain);
        }
    }

    /// A word that is not what the run left there is seen by the digest of the instant and named by `differences`.
    #[test]
    fn any_changed_word_of_a_component_is_named(
        parts in prop::collection::vec(part(), 1..5), word in any::<prop::sample::Index>(), bit in 0_u32..64,
    ) {
        let model = system(&parts, 0);
        let mut state = model.initial_state(&[]);
        go_on(&model, &mut state, 20);
        let mut other = state.clone();
        let at = word.index(other.words.len());
        other.words[at] ^= 1 << bit;
        prop_assert_eq!(differences(&model, &state, &other), vec![format!("part{at}: memory")]);
        let (mut a, mut b) = (Vec::new(), Vec::new());
        digest_blocks(&model, &state, &mut a);
        digest_blocks(&model, &other, &mut b);
        let names = block_names(&model);
        let differing: Vec<String> = (0..a.len()).filter(|i| a[*i] != b[*i]).map(|i| names[i].clone()).collect();
        prop_assert_eq!(differing, vec![format!("part{at}")]);
    }
}

/// One task with outputs under way, and a fault.
fn with_outputs_under_way() -> (Model, State) {
    let part = Part {
        hz: Some(1000),
        phase_us: 0,
        compute_us: 2500,
        jitter_us: 0,
        delay_us: 1000,
        reads: Vec::new(),
        previous: Vec::new(),
    };
    let model = system(&[part.clone(), part], 0);
    let mut state = model.initial_state(&[]);
    go_on(&model, &mut state, 40);
    (model, state)
}

#[test]
fn a_snapshot_of_another_size_is_refused_with_both_sizes() {
    let (model, state) = with_outputs_under_way();
    let words = state.to_words();
    for found in [0, 1, words.len() - 1, words.len() + 1] {
        let mut other = words.clone();
        other.resize(found, 0);
        let expected = words.len();
        assert_eq!(State::from_words(&model, &other), Err(RestoreError::Size { found, expected }));
    }
    assert!(State::from_words(&model, &words).is_ok());
}

/// No word of a snapshot but its count of steps and its clocks, whatever it says, makes a run that goes on from it panic.
#[test]
fn a_damaged_snapshot_is_refused_or_goes_on_and_never_panics() {
    let (model, state) = with_outputs_under_way();
    let words = state.to_words();
    let table: usize = state.table.words().map(<[u64]>::len).sum();
    let clocks = 3 + table + state.words.len() + state.parameters.len();
    let clocks = clocks..clocks + 3 * state.releases.len();
    let mut refused = 0;
    for at in (1..words.len()).filter(|at| !clocks.contains(at)) {
        for bad in [f64::NAN.to_bits(), f64::INFINITY.to_bits(), 1 << 63, 1 << 40] {
            let mut damaged = words.clone();
            damaged[at] = bad;
            let Ok(mut restored) = State::from_words(&model, &damaged) else {
                refused += 1;
                continue;
            };
            let mut scratch = Scratch::new(&model);
            for _ in 0..6 {
                if step(&model, &mut restored, &Inputs::default(), &mut scratch).is_err() {
                    break;
                }
            }
        }
    }
    assert!(refused > 0);
}

#[test]
fn signals_and_parameters_that_are_not_finite_are_refused() {
    let (model, state) = with_outputs_under_way();
    let nan = |mut words: Vec<u64>, value: f64| {
        let at = words.iter().position(|w| *w == value.to_bits()).unwrap();
        words[at] = f64::NAN.to_bits();
        words
    };
    let signal = state.table.all_values()[0];
    assert_eq!(State::from_words(&model, &nan(state.to_words(), signal)), Err(RestoreError::NotFinite));
    assert_eq!(State::from_words(&model, &nan(state.to_words(), 0.5)), Err(RestoreError::NotFinite));
}

#[test]
fn instruments_are_in_no_digest() {
    let device = || vec![source("a", "x", |t| t), copy("b", "x", "y")];
    let chain = |nodes: Vec<Node>| {
        let model = model(nodes);
        let mut state = model.initial_state(&[]);
        go_on(&model, &mut state, 30);
        (state.chain, block_names(&model))
    };
    let mut watched = device();
    watched.push(toy("watch", Role::Instrument, Pace::EveryStep, |r| {
        let (x, out) = (r.read("y"), r.write(number("watch.y").class(trocar_signal::GroupClass::Instrument)));
        r.state_words(["readings".to_owned()]);
        move |io| {
            io.state[0] += 1;
            let value = io.read(x)[0] + io.draw(0).normal();
            io.write(out, &[value]);
            Ok(())
        }
    }));
    assert_eq!(chain(device()), chain(watched));
    let mut changed = device();
    changed[0] = source("a", "x", |t| if t < 20.0 { t } else { t + 1e-12 });
    assert_ne!(chain(device()).0, chain(changed).0, "and every bit of the device is");
}
