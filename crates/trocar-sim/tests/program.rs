//! The motion program against a small device: what it sends and when, phase by phase.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::*;
use proptest::prelude::*;
use std::collections::BTreeMap;
use trocar_logic::{Trigger, TriggerConfig, TriggerTable};
use trocar_signal::{Dimension, Element, GroupSpec, Layout, Registration, Time};
use trocar_sim::program::{Action, Inbox, Phase, Program, Send, Travel};
use trocar_sim::scope::SignalScope;
use trocar_sim::{Model, Node, Pace, Role};

/// Where the device's two joints are commanded to be at the start.
const SETPOINT: [f64; 2] = [0.1, 0.2];
/// How long the device is busy with a command of its queue.
const BUSY_MS: f64 = 10.0;

const MOVE: usize = 0;
const SERVO: usize = 1;

fn joints(path: &str) -> GroupSpec {
    let element = |name: &str| Element { name: name.to_owned(), dimension: Dimension::ANGLE };
    GroupSpec::vector(path, vec![element("position.a"), element("position.b")])
}

/// A device that looks at its inboxes each 4 ms, reports first at `first_ms`, and refuses negative commands.
fn device(first_ms: f64) -> Node {
    toy("dev", Role::Controller, task(250), move |r| {
        let queue = r.inbox(number("dev.move"));
        let servo = r.inbox(joints("dev.servo"));
        let busy = r.write(GroupSpec::flag("dev.is_busy"));
        let refused = r.write(GroupSpec::event("dev.error_event"));
        let measured = r.write(joints("dev.measured_js"));
        let setpoint = r.write(joints("dev.setpoint_js"));
        let level = r.write(number("dev.level"));
        r.state_words(["busy_until", "refusals"].map(str::to_owned));
        move |io| {
            let now = io.now;
            if now < at_ms(first_ms) {
                return Ok(());
            }
            if io.take(queue) {
                if io.read(queue)[0] < 0.0 {
                    io.state[1] += 1;
                    let count = io.state[1] as f64;
                    io.write(refused, &[count]);
                } else {
                    io.state[0] = now.plus(ms(BUSY_MS)).0;
                }
            }
            let is_busy = now < Time(io.state[0]);
            let commanded =
                if io.is_valid(servo) { [io.read(servo)[0], io.read(servo)[1]] } else { SETPOINT };
            io.write(busy, &[f64::from(u8::from(is_busy))]);
            io.write(measured, &SETPOINT);
            io.write(setpoint, &commanded);
            io.write(level, &[now.seconds() * 1e3]);
            Ok(())
        }
    })
}

fn inboxes() -> Vec<Inbox> {
    let inbox = |spec: GroupSpec, supersedes: bool, setpoint: Option<&str>| Inbox {
        spec,
        supersedes,
        setpoint: setpoint.map(str::to_owned),
        busy: Some("dev.is_busy".to_owned()),
        refused: Some("dev.error_event".to_owned()),
        feedback: "dev.measured_js".to_owned(),
        settle: ms(8.0),
        start_delay_s: None,
        setpoint_at: 0,
    };
    vec![inbox(number("dev.move"), false, None), inbox(joints("dev.servo"), true, Some("dev.setpoint_js"))]
}

fn phase(name: &str, action: Action) -> Phase {
    Phase {
        name: name.to_owned(),
        sends: Vec::new(),
        action,
        repeat: 1,
        meanwhile: Vec::new(),
        may_refuse: false,
        until: None,
        lasts: None,
        within: None,
    }
}

/// The groups of the device, as the scope of conditions.
fn layout(first_ms: f64) -> Layout {
    let mut layout = Layout::default();
    let node = device(first_ms);
    for spec in node.registration.inboxes.into_iter().chain(node.registration.writes) {
        layout.add(spec).unwrap();
    }
    layout
}

fn trigger(text: &str) -> Trigger {
    compiled(&TriggerConfig::Condition(text.to_owned()))
}

fn compiled(config: &TriggerConfig) -> Trigger {
    let roles = BTreeMap::new();
    let scope = SignalScope { layout: &layout(0.0), roles: &roles, constants: &[] };
    Trigger::compile(config, &scope, &[]).unwrap_or_else(|e| panic!("{e:?}"))
}

fn bench(phases: Vec<Phase>, inboxes: Vec<Inbox>, first_ms: f64) -> Model {
    let mut registration = Registration::new("program");
    let program = Program::new(phases, inboxes, Vec::new(), &layout(first_ms), &mut registration);
    let node = Node { registration, component: Box::new(program), pace: Pace::EveryStep, role: Role::Client };
    model(vec![node, device(first_ms)])
}

/// Every write to a group: the millisecond and the value.
fn writes(model: &Model, path: &str, steps: u64) -> Vec<(u64, Vec<f64>)> {
    let mut run = Toys::new(model);
    let group = run.group(path);
    let mut seen = run.header(path).sequence;
    let mut found = Vec::new();
    for step in 0..steps {
        run.step();
        let header = run.header(path);
        assert!(header.sequence <= seen + 1, "two writes in one step");
        if header.sequence > seen {
            found.push((step, run.state.table.values(group).to_vec()));
        }
        seen = header.sequence;
    }
    found
}

/// The millisecond at which each phase began, and the failure at the end.
fn phases_of(model: &Model, steps: u64) -> (Vec<u64>, f64) {
    let mut run = Toys::new(model);
    let mut began = Vec::new();
    for step in 0..steps {
        run.step();
        while began.len() as f64 <= run.value("program.phase") {
            began.push(step);
        }
    }
    (began, run.value("program.failure"))
}

fn send(values: &[f64]) -> Vec<Send> {
    values.iter().map(|value| Send { inbox: MOVE, values: vec![Some(*value)] }).collect()
}

#[test]
fn a_queued_command_is_written_when_the_one_before_was_taken_and_none_before_the_device_reports() {
    let sends = send(&[1.0, 2.0, 3.0]);
    let opening = Phase { sends, lasts: Some(ms(1.0)), ..phase("ready", Action::Wait) };
    for first_ms in [0.0, 20.0] {
        let model = bench(vec![opening.clone()], inboxes(), first_ms);
        let mut run = Toys::new(&model);
        let mut taken = Vec::new();
        for _ in 0..80 {
            let before = run.header("dev.move");
            run.begin();
            let after = run.header("dev.move");
            if after.sequence > before.sequence {
                assert_eq!(before.taken, before.sequence, "the one before was not taken at {}", run.now());
                assert!(
                    run.header("dev.measured_js").sequence > 0,
                    "the device had not reported at {}",
                    run.now()
                );
            }
            run.finish();
            if run.header("dev.move").taken > after.taken {
                taken.push(run.value("dev.move"));
            }
        }
        assert_eq!(taken, [1.0, 2.0, 3.0], "each was seen by the device");
        assert_eq!(run.value("program.phase"), 1.0, "and the phase is over when the last was taken");
    }
}

#[test]
fn phases_last_and_wait_for_conditions_and_edges() {
    let until = |name: &str, text: &str| Phase {
        until: Some(trigger(text)),
        within: Some(ms(500.0)),
        ..phase(name, Action::Wait)
    };
    let lasting =
        |name: &str, milliseconds: f64| Phase { lasts: Some(ms(milliseconds)), ..phase(name, Action::Wait) };
    let list = vec![
        lasting("a", 7.0),
        // Reported at 20 ms by the device; the program sees it at the step after.
        until("b", "dev.level >= 20"),
        lasting("c", 2.5),
        // Holds already when the phase begins, so an edge is the next one.
        until("d", "rise(dev.level >= 40)"),
        until("e", "dev.level >= 20"),
    ];
    let (began, failure) = phases_of(&bench(list, inboxes(), 0.0), 100);
    // Durations end at the first step not before them; a condition that holds already takes one step.
    assert_eq!(began, [0, 7, 21, 24, 41, 42]);
    assert_eq!(failure, 0.0);
}

#[test]
fn an_edge_that_was_there_before_the_phase_began_does_not_count() {
    let waits = Phase { lasts: Some(ms(30.0)), ..phase("a", Action::Wait) };
    let rises = Phase {
        until: Some(trigger("rise(dev.level >= 20)")),
        within: Some(ms(50.0)),
        ..phase("b", Action::Wait)
    };
    let (began, failure) = phases_of(&bench(vec![waits, rises], inboxes(), 0.0), 100);
    assert_eq!((began, failure), (vec![0, 30], 2.0), "not in time");
}

#[test]
fn a_deadline_that_passes_is_a_failure_and_nothing_is_sent_after_it() {
    let never = Phase {
        until: Some(trigger("dev.level < 0")),
        within: Some(ms(30.0)),
        ..phase("never", Action::Wait)
    };
    let then = Phase { sends: send(&[5.0]), lasts: Some(ms(1.0)), ..phase("then", Action::Wait) };
    let model = bench(vec![never, then], inboxes(), 0.0);
    let failures = writes(&model, "program.failure", 100);
    assert_eq!(failures, [(31, vec![2.0])], "within 30 ms is not over yet at 30 ms");
    assert_eq!(writes(&model, "dev.move", 100), []);
}

#[test]
fn a_deadline_holds_also_where_a_command_is_never_taken() {
    // The device reports at 20 ms at first: before that nothing is sent.
    let opening = Phase {
        sends: send(&[1.0]),
        lasts: Some(ms(1.0)),
        within: Some(ms(15.0)),
        ..phase("a", Action::Wait)
    };
    let (_, failure) = phases_of(&bench(vec![opening], inboxes(), 20.0), 60);
    assert_eq!(failure, 2.0);
}

#[test]
fn a_refused_command_is_a_failure() {
    let opening = Phase { sends: send(&[1.0, -1.0, 2.0]), lasts: Some(ms(50.0)), ..phase("a", Action::Wait) };
    let model = bench(vec![opening], inboxes(), 0.0);
    let sent = writes(&model, "dev.move", 100);
    assert_eq!(sent.iter().map(|(_, v)| v[0]).collect::<Vec<_>>(), [1.0, -1.0], "nothing after the refusal");
    assert_eq!(phases_of(&model, 100).1, 1.0);
}

#[test]
fn a_refusal_of_an_earlier_phase_is_no_failure_of_a_later_one() {
    let mut run_phases = vec![Phase { lasts: Some(ms(3.0)), ..phase("a", Action::Wait) }];
    run_phases.push(Phase { sends: send(&[1.0]), lasts: Some(ms(30.0)), ..phase("b", Action::Wait) });
    let (began, failure) = phases_of(&bench(run_phases, inboxes(), 0.0), 60);
    assert_eq!((began.len(), failure), (3, 0.0));
}

fn through(poses: &[usize]) -> Vec<(usize, Vec<Option<f64>>)> {
    poses.iter().map(|pose| (*pose, vec![Some(10.0 + *pose as f64)])).collect()
}

#[test]
fn a_move_visits_its_poses_and_reads_each_after_its_dwell_with_its_labels() {
    let dwell_ms = 5.0;
    let action = Action::Move { inbox: MOVE, through: through(&[2, 0, 1]), dwell: ms(dwell_ms) };
    let moving = Phase { repeat: 2, within: Some(ms(5000.0)), ..phase("cycles", action) };
    let model = bench(vec![moving], inboxes(), 6.0);
    let mut run = Toys::new(&model);
    let mut labels = Vec::new();
    let (mut idle_since, mut was_busy, mut motions_done) = (Time::ZERO, false, 0);
    for _ in 0..600 {
        // As the program sees it: what stood there before the step.
        let (readings, now, is_busy) =
            (run.header("program.reading").sequence, run.now(), run.value("dev.is_busy") == 1.0);
        if was_busy && !is_busy {
            idle_since = now;
            motions_done += 1;
        }
        was_busy = is_busy;
        run.step();
        if run.header("program.reading").sequence > readings {
            labels.push((run.value("program.cycle"), run.value("program.pose"), run.value("dev.move")));
            assert_eq!(labels.len(), motions_done, "one reading after each motion");
            assert!(
                !is_busy && now.since(idle_since) >= ms(dwell_ms),
                "at rest since {idle_since}, read at {now}"
            );
        }
    }
    let expected: Vec<_> =
        [0.0, 1.0].iter().flat_map(|cycle| [2.0, 0.0, 1.0].map(|pose| (*cycle, pose, 10.0 + pose))).collect();
    assert_eq!(labels, expected, "cycle, pose and target at each reading");
    assert_eq!(
        (run.value("program.phase"), run.value("program.cycle")),
        (1.0, 0.0),
        "done, and counted anew"
    );
    assert_eq!(run.header("program.motion").sequence, 6);
}

fn servo(element: usize, travel: Travel, hold_ms: f64, speed: Option<f64>) -> Action {
    let hold = ms(hold_ms);
    match speed {
        None => Action::Step { inbox: SERVO, element, travel, hold },
        Some(speed) => Action::Ramp { inbox: SERVO, element, travel, speed, hold },
    }
}

#[test]
fn a_step_goes_out_holds_and_comes_back_as_often_as_it_repeats() {
    for (element, travel, goal) in
        [(0, Travel::By(0.5), 0.6), (1, Travel::By(-0.5), -0.3), (0, Travel::To(-1.0), -1.0)]
    {
        let stepping = Phase { repeat: 3, ..phase("steps", servo(element, travel, 20.0, None)) };
        let model = bench(vec![stepping], inboxes(), 0.0);
        let found = writes(&model, "dev.servo", 400);
        assert_eq!(found.len(), 6, "out and back, three times");
        for (at, (_, values)) in found.iter().enumerate() {
            let expected = if at % 2 == 0 { goal } else { SETPOINT[element] };
            // One rounding of origin + (goal − origin).
            assert!((values[element] - expected).abs() < 1e-15, "{values:?}");
            assert_eq!(values[1 - element], SETPOINT[1 - element], "the other joint stays");
        }
        for pair in found.windows(2) {
            let (out, back) = (pair[0].0, pair[1].0);
            // Each hold ends at the first step not before it; the next cycle begins within three steps.
            assert!((20..=23).contains(&(back - out)), "{out} to {back}");
        }
        assert_eq!(found[1].0 - found[0].0, 20);
        let (began, failure) = phases_of(&model, 400);
        assert_eq!((began.len(), failure), (2, 0.0));
        let readings = writes(&model, "program.reading", 400);
        let backs: Vec<u64> = found.iter().skip(1).step_by(2).map(|(at, _)| *at).collect();
        assert_eq!(
            readings.iter().map(|(at, _)| *at).collect::<Vec<_>>(),
            backs,
            "read at the end of each hold"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]
    #[test]
    fn a_ramp_is_the_closed_form_out_and_back(
        goal in -2.0_f64..2.0, speed in 5.0_f64..50.0, hold_ms in 0_u32..20, is_to in any::<bool>(), element in 0_usize..2,
    ) {
        let origin = SETPOINT[element];
        let travel = if is_to { Travel::To(goal) } else { Travel::By(goal) };
        let by = if is_to { goal - origin } else { goal };
        let ramping = phase("ramp", servo(element, travel, f64::from(hold_ms), Some(speed)));
        let model = bench(vec![ramping], inboxes(), 0.0);
        let found = writes(&model, "dev.servo", 2000);
        let steps = trocar_math::max((by.abs() / speed * 1e3).ceil(), 1.0) as usize;
        prop_assert_eq!(found.len(), 2 * steps, "one write at each step on the way");
        let start = found[0].0 - 1;
        for (way, half) in found.chunks(steps).enumerate() {
            let began = half[0].0 - 1;
            for (at, values) in half {
                let travelled = trocar_math::min(speed * (at - began) as f64 * 1e-3, by.abs());
                let out = by.signum() * travelled;
                let expected = origin + if way == 0 { out } else { by - out };
                // Products of a few roundings.
                prop_assert!((values[element] - expected).abs() < 1e-13, "{} at {} ms: {}", values[element], at, expected);
                prop_assert_eq!(values[1 - element], SETPOINT[1 - element]);
            }
        }
        let (out_ends, back_begins) = (found[steps - 1].0, found[steps].0);
        let rest = back_begins - out_ends;
        prop_assert!((u64::from(hold_ms)..=u64::from(hold_ms) + 2).contains(&rest), "{} ms at rest", rest);
        prop_assert!(start <= 4);
        let last = found.last().map(|(_, values)| values[element]).unwrap();
        prop_assert!((last - origin).abs() < 1e-13, "home again");
    }
}

#[test]
fn a_step_or_ramp_waits_for_what_the_device_reports_and_starts_from_there() {
    for speed in [None, Some(10.0)] {
        let moving = phase("steps", servo(0, Travel::By(0.5), 10.0, speed));
        let model = bench(vec![moving], inboxes(), 20.0);
        let found = writes(&model, "dev.servo", 300);
        assert!(found[0].0 > 20, "commanded at {} ms, before the device reported", found[0].0);
        assert!(found.iter().all(|(_, v)| v[1] == SETPOINT[1] && v[0] >= SETPOINT[0]), "{found:?}");
    }
}

#[test]
fn the_start_of_each_motion_is_drawn_in_its_range() {
    let mut list = inboxes();
    list[SERVO].start_delay_s = Some((2e-3, 6e-3));
    list[MOVE].start_delay_s = Some((2e-3, 6e-3));
    for (path, action) in [
        ("dev.servo", servo(0, Travel::By(0.5), 20.0, None)),
        ("dev.move", Action::Move { inbox: MOVE, through: through(&[0]), dwell: ms(1.0) }),
    ] {
        let moving = Phase { repeat: 40, ..phase("steps", action) };
        let model = bench(vec![moving], list.clone(), 0.0);
        let motions = writes(&model, "program.motion", 3000);
        let commands = writes(&model, path, 3000);
        assert_eq!(motions.len(), 40);
        let delays: Vec<u64> = motions
            .iter()
            .map(|(at, _)| commands.iter().find(|(written, _)| written >= at).unwrap().0 - at)
            .collect();
        // Drawn from 2 to 6 ms, written at the first step not before.
        assert!(delays.iter().all(|d| (2..=6).contains(d)), "{path}: {delays:?}");
        let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*least <= 3 && *most == 6, "{path}: the whole range is used: {delays:?}");
        assert_eq!(commands, writes(&model, path, 3000), "and the same again");
    }
}

fn table(table: TriggerTable) -> Trigger {
    compiled(&TriggerConfig::Table(Box::new(table)))
}

fn duration(milliseconds: f64) -> Option<trocar_signal::quantity::Duration> {
    Some(trocar_signal::quantity::Duration::from_si(milliseconds * 1e-3))
}

fn when(text: &str) -> TriggerTable {
    TriggerTable { when: Some(text.to_owned()), ..TriggerTable::default() }
}

/// The device reports its level each 4 ms, so that `level >= 20` holds from the step after 20 ms on.
#[test]
fn a_phase_ends_by_a_trigger() {
    for (trigger, ends) in [
        (table(TriggerTable { held_for: duration(30.0), ..when("dev.level >= 20") }), 21 + 30),
        (table(TriggerTable { delay: duration(2.5), ..when("dev.level >= 20") }), 21 + 3),
        (
            table(TriggerTable {
                occurrence: Some(2),
                ..when("rise(dev.level >= 20) or rise(dev.level >= 40)")
            }),
            41,
        ),
        (table(TriggerTable { after: duration(33.0), ..TriggerTable::default() }), 7 + 33),
        (table(TriggerTable { at: duration(33.0), ..TriggerTable::default() }), 33),
    ] {
        let waits = Phase { until: Some(trigger), within: Some(ms(500.0)), ..phase("b", Action::Wait) };
        let first = Phase { lasts: Some(ms(7.0)), ..phase("a", Action::Wait) };
        let (began, failure) = phases_of(&bench(vec![first, waits], inboxes(), 0.0), 100);
        assert_eq!((began, failure), (vec![0, 7, ends], 0.0));
    }
}

/// With `until` a phase ends in the middle of its motion, and nothing more of the motion is sent.
#[test]
fn a_trigger_ends_a_motion() {
    let cut = Phase {
        repeat: 100,
        until: Some(table(TriggerTable { after: duration(50.0), ..TriggerTable::default() })),
        ..phase("steps", servo(0, Travel::By(0.5), 20.0, None))
    };
    let model = bench(vec![cut.clone()], inboxes(), 0.0);
    assert_eq!(phases_of(&model, 100), (vec![0, 50], 0.0));
    assert!(writes(&model, "dev.servo", 200).iter().all(|(step, _)| *step <= 50));
    // `motion = "done"` is the end that a phase without `until` has.
    let done = TriggerTable { motion: Some(trocar_logic::MotionWord::Done), ..TriggerTable::default() };
    let whole = |until| Phase { repeat: 3, until, ..cut.clone() };
    let ends = |until| phases_of(&bench(vec![whole(until)], inboxes(), 0.0), 300);
    assert_eq!(ends(Some(table(done))), ends(None));
}

/// What is sent in the middle of a phase: when its trigger holds, one command after another, each once.
#[test]
fn commands_are_sent_in_the_middle_of_a_phase() {
    let on = table(TriggerTable { after: duration(30.0), ..TriggerTable::default() });
    let meanwhile = vec![
        trocar_sim::program::Meanwhile { on, sends: send(&[5.0, 6.0]) },
        trocar_sim::program::Meanwhile { on: trigger("dev.level >= 60"), sends: send(&[7.0]) },
    ];
    let lasting = |milliseconds: f64| Phase {
        sends: send(&[1.0]),
        meanwhile: meanwhile.clone(),
        lasts: Some(ms(milliseconds)),
        ..phase("a", Action::Wait)
    };
    let model = bench(vec![lasting(90.0)], inboxes(), 0.0);
    let sent = writes(&model, "dev.move", 200);
    let values: Vec<f64> = sent.iter().map(|(_, v)| v[0]).collect();
    assert_eq!(values, [1.0, 5.0, 6.0, 7.0]);
    // The device looks each 4 ms: the second of two waits until the first was taken.
    assert_eq!((sent[1].0, sent[3].0), (30, 61));
    assert!(sent[2].0 > 30 && sent[2].0 <= 35, "{sent:?}");
    assert_eq!(phases_of(&model, 200), (vec![0, 90], 0.0));
    // A stimulus that did not come about decides nothing.
    assert_eq!(phases_of(&bench(vec![lasting(50.0)], inboxes(), 0.0), 200), (vec![0], 3.0));
}

/// A device that never reports does not keep a run for ever: a phase without a deadline gives up after a minute.
#[test]
fn a_device_that_never_takes_anything_ends_the_run() {
    for opening in [
        Phase { sends: send(&[1.0]), lasts: Some(ms(1.0)), ..phase("a", Action::Wait) },
        phase("a", servo(0, Travel::By(0.5), 1.0, None)),
    ] {
        let model = bench(vec![opening], inboxes(), 1e9);
        assert_eq!(phases_of(&model, 60_002).1, 2.0);
        assert_eq!(phases_of(&model, 60_000).1, 0.0);
    }
}

/// A command in numbers: what it names goes there, the rest stays where it is commanded to be.
#[test]
fn a_command_in_numbers_keeps_what_it_does_not_name() {
    let sends = vec![
        Send { inbox: SERVO, values: vec![None, Some(-0.3)] },
        Send { inbox: SERVO, values: vec![Some(0.7), Some(0.8)] },
    ];
    let model =
        bench(vec![Phase { sends, lasts: Some(ms(20.0)), ..phase("a", Action::Wait) }], inboxes(), 0.0);
    let found: Vec<Vec<f64>> = writes(&model, "dev.servo", 100).into_iter().map(|(_, v)| v).collect();
    assert_eq!(found, [vec![SETPOINT[0], -0.3], vec![0.7, 0.8]]);
}

/// A refusal that the phase allows ends nothing.
#[test]
fn a_refusal_may_be_allowed() {
    let opening = |may_refuse| Phase {
        sends: send(&[1.0, -1.0, 2.0]),
        lasts: Some(ms(50.0)),
        may_refuse,
        ..phase("a", Action::Wait)
    };
    assert_eq!(phases_of(&bench(vec![opening(true)], inboxes(), 0.0), 100).1, 0.0);
    assert_eq!(phases_of(&bench(vec![opening(false)], inboxes(), 0.0), 100).1, 1.0);
}

/// What a course writes is its formula at each step from where the command stood, for as long as it takes, and again.
#[test]
fn a_course_is_written_at_each_step() {
    use trocar_sim::program::{Course, Wave};
    let course = Course::Wave {
        element: 1,
        wave: Wave::Sine { amplitude: 0.05, frequency_hz: 20.0 },
        duration_s: 0.1,
    };
    let action = Action::Follow { inbox: SERVO, course, hold: ms(30.0) };
    let model = bench(vec![Phase { repeat: 2, ..phase("sine", action) }], inboxes(), 0.0);
    let found = writes(&model, "dev.servo", 400);
    assert_eq!(found.len(), 2 * 101, "from 0 to 100 ms, both included, twice");
    let first = found[0].0;
    let again = found[101].0;
    assert!((130..140).contains(&(again - first)), "after its hold: {first}, {again}");
    for (k, (step, values)) in found.iter().enumerate() {
        let began = if k < 101 { first } else { again };
        assert_eq!(values[0], SETPOINT[0]);
        let expected = SETPOINT[1]
            + 0.05 * trocar_math::sin(std::f64::consts::TAU * 20.0 * (step - began) as f64 * 1e-3);
        // The second begins where the first ended, a rounding of the sine of a whole turn away.
        assert!((values[1] - expected).abs() < 1e-14, "{step}: {values:?}");
    }
    let mut run = Toys::new(&model);
    run.steps(400);
    assert_eq!(run.header("program.reading").sequence, 2);
}
