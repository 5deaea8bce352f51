//! The engine on toy components: who runs when, when outputs appear, what ends a run.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use proptest::prelude::*;
use trocar_math::random::Stream;
use trocar_signal::{GroupId, Nanos, Rate, Time};
use trocar_sim::{Input, Inputs, Model, Node, Pace, Role, Scratch, StepError, Task, publish_start};

/// Sends its activation's number with a delay of its own.
fn sender(delays: Vec<Nanos>, pace: Pace) -> Node {
    toy("sender", Role::Channel, pace, |r| {
        let out = r.write(number("x"));
        r.state_words(["count".to_owned()]);
        r.delays_by(delays.iter().copied().max().unwrap_or(Nanos::ZERO));
        move |io| {
            let at = io.state[0] as usize;
            io.state[0] += 1;
            if let Some(delay) = delays.get(at) {
                io.send(out, &[at as f64], io.now, *delay, true);
            }
            Ok(())
        }
    })
}

#[test]
fn outputs_under_way_appear_at_the_first_step_not_before_they_are_due_and_in_order_of_due_time() {
    // Due at 2.9, 2.2 and 2.5 ms: all at the step of 3 ms, and the one that was due last stands there in the end.
    let model = model(vec![sender(vec![ms(2.9), ms(1.2), ms(0.5)], Pace::EveryStep)]);
    let mut run = Toys::new(&model);
    run.steps(3);
    assert_eq!(run.header("x").sequence, 0, "nothing before it is due");
    run.begin();
    assert_eq!(run.header("x").sequence, 3);
    assert_eq!(run.value("x"), 0.0);
    assert_eq!(run.header("x").stamp, Time::ZERO, "when it was taken, not when it came");
}

proptest! {
    #[test]
    fn any_delays_are_delivered_like_a_sorted_list(delays_us in prop::collection::vec(0_u64..8000, 1..40)) {
        let delays: Vec<Nanos> = delays_us.iter().map(|us| Nanos(us * 1000)).collect();
        let model = model(vec![sender(delays.clone(), Pace::EveryStep)]);
        let mut run = Toys::new(&model);
        let mut waiting: Vec<(Time, usize)> = Vec::new();
        let (mut count, mut last) = (0, 0.0);
        for step in 0..60 {
            let now = at_ms(step as f64);
            run.step();
            waiting.sort_unstable();
            while waiting.first().is_some_and(|(due, _)| *due <= now) {
                last = waiting.remove(0).1 as f64;
                count += 1;
            }
            match delays.get(step) {
                Some(&Nanos::ZERO) => {
                    last = step as f64;
                    count += 1;
                }
                Some(delay) => waiting.push((now.plus(*delay), step)),
                None => {}
            }
            prop_assert_eq!((run.header("x").sequence, run.value("x")), (count, last), "at {}", now);
        }
        prop_assert!(waiting.is_empty() && count == delays.len() as u64);
    }
}

#[test]
fn outputs_of_a_task_appear_after_its_compute_time() {
    let slow = Task { compute_time: ms(2.5), ..Task::at(khz()) };
    let model = model(vec![toy("slow", Role::Controller, Pace::Task(slow), |r| {
        let out = r.write(number("x"));
        move |io| {
            io.write(out, &[io.now.seconds() * 1e3]);
            Ok(())
        }
    })]);
    let mut run = Toys::new(&model);
    for step in 0..20_u32 {
        run.step();
        // What was computed at k ms is due at k + 2.5 ms: the step of k + 3 ms shows it first.
        let shown = f64::from(step) - 3.0;
        if shown < 0.0 {
            assert_eq!(run.header("x").valid, 0);
        } else {
            assert_eq!((run.value("x"), run.header("x").stamp), (shown, at_ms(shown)));
        }
    }
}

/// The instants at which a task ran within so many steps, and the time since the last activation that it was told.
fn activations(pace: Pace, step_rate: Rate, steps: u64) -> Vec<(Time, Nanos)> {
    let node = toy("clock", Role::Sensor, pace, |r| {
        let out = r.write(number("elapsed"));
        move |io| {
            io.write(out, &[io.elapsed.0 as f64]);
            Ok(())
        }
    });
    let model = Model::compile(vec![node], step_rate, 1, 0, &[]).unwrap_or_else(|e| panic!("{e:?}"));
    let mut run = Toys::new(&model);
    let mut found = Vec::new();
    for _ in 0..steps {
        let (now, before) = (run.now(), run.header("elapsed").sequence);
        run.step();
        if run.header("elapsed").sequence > before {
            found.push((now, Nanos(run.value("elapsed") as u64)));
        }
    }
    found
}

#[test]
fn a_release_runs_at_the_first_step_not_before_it() {
    // 400 Hz with a phase of 0.3 ms: released at 0.3, 2.8, 5.3, 7.8 ms; clock 10 % slow: at 0.3 + 2.75 k.
    for (ppb, period_ms) in [(0, 2.5), (100_000_000, 2.75), (-100_000_000, 2.25)] {
        let rate = Rate::new(400, 1).unwrap();
        let task = Task { phase: ms(0.3), clock_offset_ppb: ppb, ..Task::at(rate) };
        let found = activations(Pace::Task(task), khz(), 40);
        let expected: Vec<Time> = (0..)
            .map(|k| at_ms((0.3 + period_ms * f64::from(k)).ceil()))
            .take_while(|t| *t < at_ms(40.0))
            .collect();
        assert_eq!(found.iter().map(|(t, _)| *t).collect::<Vec<_>>(), expected, "{ppb} ppb");
        assert_eq!(found[0].1, Nanos::ZERO, "nothing before the first");
        assert!(found.windows(2).all(|pair| pair[1].1 == pair[1].0.since(pair[0].0)));
    }
}

#[test]
fn commensurate_rates_coincide_for_ever() {
    // Thirds of a millisecond have no exact nanosecond; a task of half the step's rate still runs at every second step.
    let (step, half) = (Rate::new(3000, 1).unwrap(), Rate::new(1500, 1).unwrap());
    let found = activations(Pace::Task(Task::at(half)), step, 30_000);
    assert_eq!(found.len(), 15_000);
    assert!(found.iter().enumerate().all(|(k, (t, _))| *t == step.instant(2 * k as u64)));
}

#[test]
fn releases_that_fall_into_one_step_are_one() {
    let task = Task { jitter: ms(3.0), ..Task::at(khz()) };
    let found = activations(Pace::Task(task), khz(), 2000);
    assert!(found.windows(2).all(|pair| pair[1].0 > pair[0].0), "never twice in one step");
    // Late by up to three periods: some releases catch up with others, and none is lost without a run after it.
    assert!((500..2000).contains(&found.len()), "{}", found.len());
    let stream = Stream::new(1, 0, "clock");
    let releases: Vec<Time> = (0..2000).map(|k| task.release(k, stream)).collect();
    let first_step = |t: Time| khz().instant(khz().first_not_before(t));
    for (at, _) in &found[..found.len() - 4] {
        assert!(releases.iter().any(|r| first_step(*r) == *at), "nothing was released for {at}");
    }
    for release in &releases[..1980] {
        let run = found.iter().any(|(at, _)| *at >= *release && at.since(*release) <= ms(3.0));
        assert!(run, "what was released at {release} did not run");
    }
}

#[test]
fn writers_run_before_readers_and_previous_values_break_circles_whatever_the_order_of_declaration() {
    let chain = || {
        vec![
            copy("c", "b", "c"),
            copy("b", "a", "b"),
            source("a", "a", |t| t),
            // p sees what q wrote at the step before, q sees what p writes now.
            toy("q", Role::Channel, Pace::EveryStep, |r| {
                let (p, q) = (r.read("p"), r.write(number("q")));
                move |io| {
                    let value = io.read(p)[0] + 1.0;
                    io.write(q, &[value]);
                    Ok(())
                }
            }),
            toy("p", Role::Channel, Pace::EveryStep, |r| {
                let (q, p) = (r.read_previous("q"), r.write(number("p")));
                move |io| {
                    let value = io.read(q)[0];
                    io.write(p, &[value]);
                    Ok(())
                }
            }),
        ]
    };
    let mut other = chain();
    other.reverse();
    for nodes in [chain(), other] {
        let model = model(nodes);
        let mut run = Toys::new(&model);
        for step in 0..10 {
            run.step();
            let t = f64::from(step);
            assert_eq!(run.value("c"), t, "through two others within one step");
            assert_eq!((run.value("p"), run.value("q")), (t, t + 1.0));
        }
    }
}

/// Copies its inbox and counts the commands that it takes.
fn device() -> Node {
    toy("device", Role::Controller, task(250), |r| {
        let (inbox, echo, taken) =
            (r.inbox(number("command")), r.write(number("echo")), r.write(number("taken")));
        r.state_words(["taken".to_owned()]);
        move |io| {
            if io.take(inbox) {
                io.state[0] += 1;
            }
            let (value, count) = (io.read(inbox)[0], io.state[0] as f64);
            io.write(echo, &[value]);
            io.write(taken, &[count]);
            Ok(())
        }
    })
}

#[test]
fn outside_inputs_arrive_at_the_first_step_not_before_them_in_their_order() {
    let model = model(vec![device()]);
    let group = model.layout.group("command").unwrap();
    let input = |at: f64, value: f64| Input { at: at_ms(at), group, values: vec![value] };
    let mut run = Toys::new(&model);
    // Given out of order; the two at 5.5 ms keep theirs.
    run.inputs = Inputs::new(&model, vec![input(5.5, 2.0), input(5.5, 3.0), input(1.0, 1.0)]).unwrap();
    for step in 0..12 {
        run.step();
        let expected = match step {
            0 => 0.0,
            1..6 => 1.0,
            _ => 3.0,
        };
        assert_eq!(run.value("command"), expected, "after the step of {step} ms");
        // The device looks at 0, 4, 8 ms.
        let echo = if step < 4 {
            0.0
        } else if step < 8 {
            1.0
        } else {
            3.0
        };
        assert_eq!(run.value("echo"), echo, "after the step of {step} ms");
    }
    assert_eq!(run.header("command").stamp, at_ms(5.5), "an outside write has its own stamp");
    assert_eq!(run.value("taken"), 2.0, "two writes between two looks are one command");
}

#[test]
fn outside_inputs_that_do_not_fit_are_refused_by_their_place() {
    let model = model(vec![device()]);
    let command = model.layout.group("command").unwrap();
    let echo = model.layout.group("echo").unwrap();
    let good = Input { at: Time::ZERO, group: command, values: vec![1.0] };
    for bad in [
        Input { group: echo, ..good.clone() },
        Input { group: GroupId(99), ..good.clone() },
        Input { values: vec![], ..good.clone() },
        Input { values: vec![1.0, 2.0], ..good.clone() },
        Input { values: vec![f64::NAN], ..good.clone() },
        Input { values: vec![f64::INFINITY], ..good.clone() },
    ] {
        assert_eq!(Inputs::new(&model, vec![good.clone(), bad]), Err(1));
    }
    assert!(Inputs::new(&model, vec![good]).is_ok());
}

#[test]
fn faults_act_on_what_comes_from_outside() {
    let mut model = model(vec![device()]);
    let config = offset("shift", "command", 10.0, starts_at(2.0), for_ms(3.0));
    let faults = vec![placed(&model, &config)];
    put(&mut model, faults);
    let group = model.layout.group("command").unwrap();
    let input = |at: f64| Input { at: at_ms(at), group, values: vec![1.0] };
    let mut run = Toys::new(&model);
    run.inputs = Inputs::new(&model, vec![input(1.0), input(4.0), input(8.0)]).unwrap();
    for (steps, expected) in [(3, 1.0), (2, 11.0), (4, 1.0)] {
        run.steps(steps);
        assert_eq!(run.value("command"), expected, "before {}", run.now());
    }
}

#[test]
fn a_number_that_is_not_finite_ends_the_run_and_names_signal_writer_and_instant() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let model = model(vec![source("bad.writer", "bad.signal", move |t| if t < 3.0 { t } else { bad })]);
        let mut run = Toys::new(&model);
        run.steps(3);
        let error = run.try_step().unwrap_err();
        let expected = StepError::NotFinite {
            signal: "bad.signal".to_owned(),
            component: "bad.writer".to_owned(),
            at: at_ms(3.0),
        };
        assert_eq!(error, expected);
        assert!(error.to_string().contains("0.003000 s"), "{error}");
        assert_eq!(run.value("bad.signal"), 2.0, "the table holds finite numbers only");
    }
}

#[test]
fn a_component_that_cannot_go_on_ends_the_run_by_name() {
    let model = model(vec![toy("solver", Role::Mechanism, Pace::EveryStep, |_| {
        |io| {
            if io.now >= at_ms(2.0) { Err("the pivot of joint 3 is not positive".to_owned()) } else { Ok(()) }
        }
    })]);
    let mut run = Toys::new(&model);
    run.steps(2);
    let error = run.try_step().unwrap_err();
    assert_eq!(error.to_string(), "solver at 0.002000 s: the pivot of joint 3 is not positive");
}

#[test]
fn more_outputs_under_way_than_were_declared_end_the_run() {
    // A delay of 1 s where none was declared.
    let model = model(vec![toy("late", Role::Channel, Pace::EveryStep, |r| {
        let out = r.write(number("x"));
        move |io| {
            io.send(out, &[1.0], io.now, ms(1000.0), true);
            Ok(())
        }
    })]);
    let error = Toys::new(&model).try_step().unwrap_err();
    assert!(
        matches!(&error, StepError::TooManyUnderWay { component, at } if component == "late" && *at == Time::ZERO)
    );
}

proptest! {
    /// Whatever its clock does, a task that declares its delay has room for all its outputs.
    #[test]
    fn declared_delays_have_room(
        hz in 50_u64..=1000, compute_us in 0_u64..20_000, delay_us in 0_u64..20_000, jitter_us in 0_u64..60_000,
        ppb in -50_000_i64..50_000,
    ) {
        let task = Task {
            jitter: Nanos(jitter_us * 1000),
            compute_time: Nanos(compute_us * 1000),
            clock_offset_ppb: ppb,
            ..Task::at(Rate::new(hz, 1).unwrap())
        };
        let model = model(vec![toy("t", Role::Channel, Pace::Task(task), |r| {
            let (a, b) = (r.write(number("a")), r.write(number("b")));
            r.delays_by(Nanos(delay_us * 1000));
            move |io| {
                io.send(a, &[1.0], io.now, Nanos(delay_us * 1000), true);
                io.write(b, &[1.0]);
                Ok(())
            }
        })]);
        let mut run = Toys::new(&model);
        for _ in 0..1000 {
            prop_assert_eq!(run.try_step(), Ok(()));
        }
    }
}

#[test]
fn what_is_published_at_the_start_stands_there_at_once() {
    let slow = Task { compute_time: ms(5.0), phase: ms(3.0), ..Task::at(khz()) };
    let model = model(vec![
        starting("m", Role::Mechanism, Pace::Task(slow), |r| {
            let out = r.write(number("pose"));
            let start = move |io: &mut trocar_signal::Activation<'_>| {
                io.write(out, &[7.0]);
                Ok(())
            };
            (start, |_: &mut trocar_signal::Activation<'_>| Ok(()))
        }),
        copy("reader", "pose", "seen"),
    ]);
    let mut run = Toys::new(&model);
    assert_eq!((run.value("pose"), run.header("pose").valid), (7.0, 1));
    run.step();
    assert_eq!(run.value("seen"), 7.0);
}

#[test]
fn an_error_at_the_start_is_named_like_any_other() {
    let model = model(vec![starting("m", Role::Mechanism, Pace::EveryStep, |r| {
        let out = r.write(number("pose"));
        let start = move |io: &mut trocar_signal::Activation<'_>| {
            io.write(out, &[f64::NAN]);
            Ok(())
        };
        (start, |_: &mut trocar_signal::Activation<'_>| Ok(()))
    })]);
    let error = publish_start(&model, &mut model.initial_state(&[]), &mut Scratch::new(&model)).unwrap_err();
    assert!(matches!(error, StepError::NotFinite { ref signal, .. } if signal == "pose"), "{error}");
}

fn noisy(path: &'static str) -> Node {
    toy(path, Role::Sensor, Pace::EveryStep, move |r| {
        let out = r.write(number(&format!("{path}.noise")));
        move |io| {
            io.write(out, &[io.draw(0).normal()]);
            Ok(())
        }
    })
}

#[test]
fn draws_depend_on_seed_run_path_and_instant_alone() {
    let draws = |nodes: Vec<Node>, seed: u64, run_index: u64| -> Vec<f64> {
        let model = Model::compile(nodes, khz(), seed, run_index, &[]).unwrap_or_else(|e| panic!("{e:?}"));
        let mut run = Toys::new(&model);
        (0..50)
            .map(|_| {
                run.step();
                run.value("a.noise")
            })
            .collect()
    };
    let alone = draws(vec![noisy("a")], 1, 0);
    assert_eq!(alone, draws(vec![noisy("0"), noisy("a"), noisy("b")], 1, 0), "others change nothing");
    assert_eq!(alone, draws(vec![noisy("b"), noisy("a")], 1, 0), "nor does the order");
    assert_ne!(alone, draws(vec![noisy("a")], 2, 0));
    assert_ne!(alone, draws(vec![noisy("a")], 1, 1));
    assert!(alone.windows(2).all(|pair| pair[0] != pair[1]), "each instant has its own");
}

#[test]
fn a_private_copy_shows_the_fault_to_one_reader_alone() {
    let nodes = || {
        vec![
            source("sensor", "x", |t| t),
            copy("servo", "x", "servo.sees"),
            copy("display", "x", "display.sees"),
        ]
    };
    let mut model = private_model(nodes(), &[("x", "servo")]);
    let mut config = offset("shift", "x", 100.0, starts_at(5.0), for_ms(10.0));
    config.reader = Some("servo".to_owned());
    let faults = vec![placed(&model, &config)];
    put(&mut model, faults);
    let mut run = Toys::new(&model);
    for step in 0..20 {
        run.step();
        let t = f64::from(step);
        let fault = if (5..15).contains(&step) { 100.0 } else { 0.0 };
        assert_eq!(run.value("servo.sees"), t + fault, "at {t} ms");
        assert_eq!((run.value("x"), run.value("display.sees")), (t, t), "at {t} ms");
    }
}

#[test]
fn faults_on_several_private_copies_act_once_for_each_write() {
    let nodes = vec![source("sensor", "x", |t| t), copy("servo", "x", "s"), copy("display", "x", "d")];
    let mut model = private_model(nodes, &[("x", "servo"), ("x", "display")]);
    let aimed = |name: &str, by: f64, reader: &str| {
        let mut config = offset(name, "x", by, starts_at(0.0), trocar_fault::Lasts::ForGood);
        config.reader = Some(reader.to_owned());
        config
    };
    // The servo's two faults stand on either side of the display's.
    let configs = [aimed("a", 1.0, "servo"), aimed("b", 10.0, "display"), aimed("c", 100.0, "servo")];
    let faults = configs.iter().map(|config| placed(&model, config)).collect();
    put(&mut model, faults);
    let mut run = Toys::new(&model);
    run.steps(5);
    assert_eq!((run.value("x"), run.value("s"), run.value("d")), (4.0, 105.0, 14.0));
    for fault in 0..3 {
        assert_eq!(model.faults.largest_change(&run.state.faults, fault).2, 5, "five writes were changed");
    }
    assert_eq!(run.header("x@servo").sequence, 5);
}

/// Jitter of several periods holds releases back until they come close together: more of them are under way at once
/// than the delay divided by the period.
#[test]
fn releases_that_jitter_brings_together_have_room() {
    let task = Task { jitter: ms(60.0), ..Task::at(Rate::new(100, 1).unwrap()) };
    let model = model(vec![toy("t", Role::Channel, Pace::Task(task), |r| {
        let out = r.write(number("x"));
        r.delays_by(ms(20.0));
        move |io| {
            io.send(out, &[1.0], io.now, ms(20.0), true);
            Ok(())
        }
    })]);
    let mut run = Toys::new(&model);
    for _ in 0..500_000 {
        assert_eq!(run.try_step(), Ok(()));
    }
}
