//! A toy arm with a supervisor, whose every instant is known: a case without files.
//!
//! The sensor reads the time in milliseconds. The supervisor trips where it is off by more than 10.5; the controller
//! commands a current of 1 A until the step after a trip; the tip moves at 1 m/s under current, rolls on at 0.1 m/s for
//! 20 ms without, and rests then.

use super::{at_ms, copy, khz, model, ms, number, placed, put, source, starting, toy};
use trocar_fault::FaultConfig;
use trocar_logic::Requirement;
use trocar_measure::{DecisionRule, InputShape, Measure, MeasureConfig, MeasureShape, Window, WindowAt};
use trocar_signal::{Activation, Dimension, GroupClass, GroupSpec, Rate};
use trocar_sim::case::{
    ArmGroups, FaultPlan, Feed, MeasurePlan, PhaseSource, ProgramGroups, RequirementPlan, Source, WindowPlan,
};
use trocar_sim::judge::RequirementScope;
use trocar_sim::program::FAILURES;
use trocar_sim::{Case, Node, Pace, Role, Task};

/// What differs between the cases of the toy arm.
pub struct Plan<'a> {
    pub faults: Vec<FaultConfig>,
    /// When the method is over.
    pub end_ms: f64,
    /// Whether the method gives up where the device is in FAULT.
    pub gives_up: bool,
    pub requirements: &'a [&'a str],
    pub extra: Vec<Node>,
    pub record_rate: Rate,
}

impl Default for Plan<'_> {
    fn default() -> Self {
        Plan {
            faults: Vec::new(),
            end_ms: 300.0,
            gives_up: false,
            requirements: &[],
            extra: Vec::new(),
            record_rate: Rate::new(100, 1).unwrap(),
        }
    }
}

const STATES: [&str; 3] = ["DISABLED", "ENABLED", "FAULT"];

fn program(end_ms: f64, gives_up: bool) -> Node {
    toy("program", Role::Client, Pace::EveryStep, move |r| {
        let state = r.read_previous("arm.operating_state");
        let failed_before = r.read_previous("program.failure");
        let phase = r.write(GroupSpec::state("program.phase", &["first", "second", "done"]));
        let cycle = r.write(number("program.cycle"));
        let pose = r.write(number("program.pose"));
        let _motion = r.write(GroupSpec::event("program.motion"));
        let _reading = r.write(GroupSpec::event("program.reading"));
        let failure = r.write(GroupSpec::state("program.failure", &FAILURES));
        move |io| {
            if io.read(failed_before)[0] != 0.0 {
                return Ok(());
            }
            let at =
                f64::from(u8::from(io.now >= at_ms(50.0))) + f64::from(u8::from(io.now >= at_ms(end_ms)));
            io.write(phase, &[at]);
            io.write(cycle, &[0.0]);
            io.write(pose, &[0.0]);
            let failed = gives_up && io.read(state)[0] == 2.0;
            io.write(failure, &[if failed { 2.0 } else { 0.0 }]);
            Ok(())
        }
    })
}

fn sensor_and_control() -> Vec<Node> {
    let slow = Task { compute_time: ms(2.5), ..Task::at(khz()) };
    vec![
        source("arm.sensor", "x", |t| t),
        source("arm.aux", "aux", |t| t),
        // What passes through `y` reaches an output and nothing else.
        copy("arm.y", "aux", "y"),
        toy("arm.side", Role::Controller, Pace::EveryStep, |r| {
            let (y, out) = (r.read("y"), r.write(number("arm.side_output")));
            move |io| {
                let value = io.read(y)[0];
                io.write(out, &[value]);
                Ok(())
            }
        }),
        toy("arm.servo", Role::Controller, Pace::EveryStep, |r| {
            let trip = r.read_previous("arm.supervisor.trip");
            let command = r.write(GroupSpec::scalar("arm.m.current_command", Dimension::CURRENT));
            move |io| {
                let current = if io.read(trip)[0] == 0.0 { 1.0 } else { 0.0 };
                io.write(command, &[current]);
                Ok(())
            }
        }),
        toy("arm.slow", Role::Controller, Pace::Task(slow), |r| {
            let (x, out) = (r.read("x"), r.write(number("arm.output")));
            move |io| {
                let value = io.read(x)[0];
                io.write(out, &[value]);
                Ok(())
            }
        }),
        toy("arm.supervisor", Role::Supervisor, Pace::EveryStep, |r| {
            let x = r.read("x");
            let trip = r.write(GroupSpec::state("arm.supervisor.trip", &["none", "deviation"]));
            let state = r.write(GroupSpec::state("arm.operating_state", &STATES));
            let error = r.write(GroupSpec::state("arm.error", &["none", "other"]));
            r.state_words(["tripped".to_owned()]);
            move |io| {
                let off = (io.read(x)[0] - io.now.seconds() * 1e3).abs() > 10.5;
                if off {
                    io.state[0] = 1;
                }
                let tripped = io.state[0] as f64;
                io.write(trip, &[tripped]);
                io.write(state, &[1.0 + tripped]);
                io.write(error, &[0.0]);
                Ok(())
            }
        }),
    ]
}

fn mechanism() -> Node {
    starting("arm.mechanism", Role::Mechanism, Pace::EveryStep, |r| {
        let command = r.read("arm.m.current_command");
        let tip =
            r.write(GroupSpec::pose("arm.truth.tip", "arm.base", "arm.tool_tip").class(GroupClass::Truth));
        r.state_words(["position", "steps_without"].map(str::to_owned));
        let pose = |x: f64| [x, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
        let start = move |io: &mut Activation<'_>| {
            io.write(tip, &pose(0.0));
            Ok(())
        };
        let act = move |io: &mut Activation<'_>| {
            let speed = if io.read(command)[0] != 0.0 {
                io.state[1] = 0;
                1.0
            } else {
                io.state[1] += 1;
                if io.state[1] <= 20 { 0.1 } else { 0.0 }
            };
            let position = f64::from_bits(io.state[0]) + speed * 1e-3;
            io.state[0] = position.to_bits();
            io.write(tip, &pose(position));
            Ok(())
        };
        (start, act)
    })
}

/// A measure `travel`: the largest x of the tip.
fn travel(case_model: &trocar_sim::Model, judged: bool) -> MeasurePlan {
    let config =
        MeasureConfig::Maximum { of: "arm.truth.tip.position.x".to_owned(), window: Window::default() };
    MeasurePlan {
        name: "travel".to_owned(),
        measure: Measure::new(&config, &MeasureShape::new(InputShape::Number(Dimension::LENGTH))).unwrap(),
        feed: Feed::Values(Source {
            group: case_model.layout.group("arm.truth.tip").unwrap(),
            element: Some(0),
        }),
        condition: None,
        window: WindowPlan { phase: None, at: WindowAt::Throughout, after: trocar_signal::Nanos::ZERO },
        instrument: None,
        uses_truth: true,
        visits: Vec::new(),
        judged,
        oriented: false,
        marks: trocar_sim::case::Marks::default(),
    }
}

/// The case.
pub fn case(plan: Plan<'_>) -> Case {
    let mut nodes = vec![program(plan.end_ms, plan.gives_up)];
    nodes.extend(sensor_and_control());
    nodes.extend(plan.extra);
    nodes.push(mechanism());
    let mut model = model(nodes);
    let faults = plan.faults.iter().map(|config| placed(&model, config)).collect();
    put(&mut model, faults);
    let group = |path: &str| model.layout.group(path).unwrap();
    let measures = vec![travel(&model, !plan.requirements.is_empty())];
    let names = [("travel".to_owned(), Dimension::LENGTH, 1)];
    let fault_names: Vec<String> = plan.faults.iter().map(|f| f.name.clone()).collect();
    let scope = RequirementScope {
        measures: &names,
        faults: &fault_names,
        limits: &[],
        deviation: Dimension::LENGTH,
    };
    let requirements = plan
        .requirements
        .iter()
        .enumerate()
        .map(|(at, text)| RequirementPlan {
            id: format!("R{}", at + 1),
            text: (*text).to_owned(),
            why: "a test".to_owned(),
            file: "test.toml".to_owned(),
            line: at as u32 + 1,
            formula: Requirement::compile(text, &scope).unwrap_or_else(|e| panic!("{e:?}")),
        })
        .collect();
    let arm = ArmGroups {
        instance: "arm".to_owned(),
        title: "arm = arm: a toy".to_owned(),
        watched: trocar_sim::case::Watched::Tip(group("arm.truth.tip")),
        operating_state: group("arm.operating_state"),
        enabled: 1.0,
        trip: group("arm.supervisor.trip"),
        error: group("arm.error"),
        current_commands: vec![group("arm.m.current_command")],
        stop_behaviour: None,
    };
    let outputs = ["arm.output", "arm.side_output", "arm.m.current_command", "arm.supervisor.trip"];
    Case {
        name: String::new(),
        changes: Vec::new(),
        phases: vec!["first".to_owned(), "second".to_owned()],
        phase_sources: [7, 9]
            .map(|line| PhaseSource { file: "test.toml".to_owned(), line, ..PhaseSource::default() })
            .to_vec(),
        poses: Vec::new(),
        program: ProgramGroups {
            phase: group("program.phase"),
            cycle: group("program.cycle"),
            pose: group("program.pose"),
            motion: group("program.motion"),
            reading: group("program.reading"),
            failure: group("program.failure"),
        },
        motion_variation: Vec::new(),
        measures,
        requirements,
        faults: plan
            .faults
            .iter()
            .map(|config| FaultPlan {
                name: config.name.clone(),
                kind: config.kind.word().to_owned(),
                target: config.target.clone(),
                dimension: Dimension::NUMBER,
                codes: Vec::new(),
                sentence: String::new(),
                must_change: config.must_change.map(|q| q.si),
            })
            .collect(),
        limits: Vec::new(),
        constants: Vec::new(),
        decision: DecisionRule::Guarded,
        roles: vec![arm.title.clone()],
        outputs: outputs.map(group).to_vec(),
        arms: vec![arm],
        deviation: Dimension::LENGTH,
        handles: Vec::new(),
        teleoperations: Vec::new(),
        record: model.layout.matching("arm.truth.tip.position.x"),
        record_rate: plan.record_rate,
        model,
    }
}
