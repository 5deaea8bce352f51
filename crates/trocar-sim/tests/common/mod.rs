//! Toy components, small scenarios and sinks for the tests of this crate.
#![allow(dead_code, reason = "each test file uses its share of this")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

pub mod arm;

use std::collections::BTreeMap;
use trocar_fault::{Fault, FaultConfig, Kind, Lasts, Target};
use trocar_logic::{Trigger, TriggerConfig, TriggerTable};
use trocar_scenario::{Files, Loaded, Overrides, load, render};
use trocar_signal::component::Activation;
use trocar_signal::quantity::Duration;
use trocar_signal::table::Header;
use trocar_signal::{
    AnyQuantity, Component, Dimension, GroupId, GroupSpec, Nanos, Rate, Registration, Table, Time,
};
use trocar_sim::fault_board::{FaultBoard, PlacedFault};
use trocar_sim::scope::SignalScope;
use trocar_sim::sink::{RunEvent, Sink};
use trocar_sim::{
    Case, Compiled, Inputs, Model, Node, Pace, Role, Scratch, State, StepError, Task, begin_step,
    finish_step, publish_start, step,
};

type Act = dyn Fn(&mut Activation<'_>) -> Result<(), String> + Send + Sync;

/// A component made of closures.
struct Toy {
    start: Box<Act>,
    act: Box<Act>,
}

impl Component for Toy {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        (self.act)(io)
    }
    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        (self.start)(io)
    }
}

/// A component from a closure that registers its ports and gives what it does.
pub fn toy<F>(path: &str, role: Role, pace: Pace, build: impl FnOnce(&mut Registration) -> F) -> Node
where
    F: Fn(&mut Activation<'_>) -> Result<(), String> + Send + Sync + 'static,
{
    starting(path, role, pace, |registration| (|_: &mut Activation<'_>| Ok(()), build(registration)))
}

/// The same, with what it publishes at the start.
pub fn starting<S, F>(
    path: &str,
    role: Role,
    pace: Pace,
    build: impl FnOnce(&mut Registration) -> (S, F),
) -> Node
where
    S: Fn(&mut Activation<'_>) -> Result<(), String> + Send + Sync + 'static,
    F: Fn(&mut Activation<'_>) -> Result<(), String> + Send + Sync + 'static,
{
    let mut registration = Registration::new(path);
    let (start, act) = build(&mut registration);
    let component = Box::new(Toy { start: Box::new(start), act: Box::new(act) });
    Node { registration, component, pace, role }
}

/// A plain number.
pub fn number(path: &str) -> GroupSpec {
    GroupSpec::scalar(path, Dimension::NUMBER)
}

/// Writes a function of time at every step.
pub fn source(path: &str, group: &str, of_ms: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Node {
    toy(path, Role::Sensor, Pace::EveryStep, |r| {
        let out = r.write(number(group));
        move |io| {
            io.write(out, &[of_ms(io.now.seconds() * 1e3)]);
            Ok(())
        }
    })
}

/// Copies a group to another at every step.
pub fn copy(path: &str, from: &str, to: &str) -> Node {
    toy(path, Role::Channel, Pace::EveryStep, |r| {
        let (from, to) = (r.read(from), r.write(number(to)));
        move |io| {
            let value = io.read(from)[0];
            io.write(to, &[value]);
            Ok(())
        }
    })
}

/// One step each millisecond.
pub fn khz() -> Rate {
    Rate::new(1000, 1).unwrap()
}

/// Milliseconds as a duration.
pub fn ms(milliseconds: f64) -> Nanos {
    Nanos::from_seconds(milliseconds * 1e-3).unwrap()
}

/// Milliseconds as an instant.
pub fn at_ms(milliseconds: f64) -> Time {
    Time::ZERO.plus(ms(milliseconds))
}

/// A task with a perfect clock.
pub fn task(hz: u64) -> Pace {
    Pace::Task(Task::at(Rate::new(hz, 1).unwrap()))
}

/// A model with one step each millisecond and seed 1.
#[track_caller]
pub fn model(nodes: Vec<Node>) -> Model {
    private_model(nodes, &[])
}

/// The same with private copies: (group, reader).
#[track_caller]
pub fn private_model(nodes: Vec<Node>, private: &[(&str, &str)]) -> Model {
    let private: Vec<_> = private.iter().map(|(g, r)| ((*g).to_owned(), (*r).to_owned())).collect();
    match Model::compile(nodes, khz(), 1, 0, &private) {
        Ok(model) => model,
        Err(errors) => panic!("{errors:?}"),
    }
}

/// A run of a toy model.
pub struct Toys<'a> {
    pub model: &'a Model,
    pub state: State,
    pub inputs: Inputs,
    scratch: Scratch,
}

impl<'a> Toys<'a> {
    /// At the start, which is published.
    pub fn new(model: &'a Model) -> Toys<'a> {
        let mut toys = Toys::from(model, model.initial_state(&[]));
        publish_start(model, &mut toys.state, &mut toys.scratch).unwrap();
        toys
    }

    /// Going on from a state.
    pub fn from(model: &'a Model, state: State) -> Toys<'a> {
        Toys { model, state, inputs: Inputs::default(), scratch: Scratch::new(model) }
    }

    pub fn now(&self) -> Time {
        self.model.step_instant(self.state.step)
    }

    pub fn step(&mut self) {
        self.try_step().unwrap();
    }

    pub fn try_step(&mut self) -> Result<(), StepError> {
        step(self.model, &mut self.state, &self.inputs, &mut self.scratch)
    }

    pub fn steps(&mut self, count: u64) {
        (0..count).for_each(|_| self.step());
    }

    pub fn begin(&mut self) {
        begin_step(self.model, &mut self.state, &self.inputs, &mut self.scratch).unwrap();
    }

    pub fn finish(&mut self) {
        finish_step(self.model, &mut self.state, &mut self.scratch).unwrap();
    }

    #[track_caller]
    pub fn group(&self, path: &str) -> GroupId {
        self.model.layout.group(path).unwrap_or_else(|| panic!("there is no group {path}"))
    }

    #[track_caller]
    pub fn value(&self, path: &str) -> f64 {
        self.state.table.values(self.group(path))[0]
    }

    #[track_caller]
    pub fn header(&self, path: &str) -> Header {
        self.state.table.header(self.group(path))
    }
}

/// A fault as a file would describe it.
pub fn fault(name: &str, target: &str, kind: Kind, starts: TriggerTable, lasts: Lasts) -> FaultConfig {
    FaultConfig {
        name: name.to_owned(),
        target: target.to_owned(),
        kind,
        value: None,
        by: None,
        factor: None,
        rate: None,
        sd: None,
        bit: None,
        counts: None,
        starts: TriggerConfig::Table(Box::new(starts)),
        lasts: Some(lasts),
        ends: None,
        ramp: None,
        must_change: None,
        reader: None,
    }
}

/// An offset of a plain number.
pub fn offset(name: &str, target: &str, by: f64, starts: TriggerTable, lasts: Lasts) -> FaultConfig {
    let by = Some(AnyQuantity { si: by, dimension: Dimension::NUMBER });
    FaultConfig { by, ..fault(name, target, Kind::Offset, starts, lasts) }
}

/// `{ at = "… ms" }`
pub fn starts_at(milliseconds: f64) -> TriggerTable {
    TriggerTable { at: Some(Duration::from_si(milliseconds * 1e-3)), ..TriggerTable::default() }
}

pub fn for_ms(milliseconds: f64) -> Lasts {
    Lasts::For(Duration::from_si(milliseconds * 1e-3))
}

/// A fault in its place, on the whole of a group of one number.
pub fn placed(model: &Model, config: &FaultConfig) -> PlacedFault {
    let group = model.layout.group(&config.target).unwrap();
    let target = Target { group: model.layout.spec(group).clone(), element: None, wire_bits: None };
    let reader = config.reader.as_deref();
    let private = reader.map(|reader| trocar_sim::model::private_path(&config.target, reader));
    PlacedFault {
        fault: Fault::new(config, &target).unwrap(),
        group,
        private_copy: private.and_then(|path| model.layout.group(&path)),
        starts: trigger(model, &config.starts),
        ends: config.ends.as_ref().map(|ends| trigger(model, ends)),
    }
}

/// A trigger over a model's signals; its phases are `p0`, `p1` …
pub fn trigger(model: &Model, config: &TriggerConfig) -> Trigger {
    let roles = BTreeMap::new();
    let scope = SignalScope { layout: &model.layout, roles: &roles, constants: &[] };
    let phases: Vec<String> = (0..10).map(|i| format!("p{i}")).collect();
    Trigger::compile(config, &scope, &phases).unwrap_or_else(|e| panic!("{e:?}"))
}

/// Puts faults into a model.
pub fn put(model: &mut Model, faults: Vec<PlacedFault>) {
    let phase = model.layout.group("program.phase");
    model.faults = FaultBoard::new(&model.layout, faults, phase, Vec::new(), (model.seed, model.run_index));
}

/// The built-in library in memory, with `test.toml` beside it.
pub fn library_and(text: &str) -> BTreeMap<String, String> {
    let library = Files::library();
    let mut files: BTreeMap<String, String> =
        library.list("").unwrap().into_iter().map(|a| (a.clone(), library.read(&a).unwrap().text)).collect();
    files.insert("test.toml".to_owned(), text.to_owned());
    files
}

/// Loads `test.toml`.
#[track_caller]
pub fn loaded(text: &str) -> Loaded {
    match load(&Files::in_memory(library_and(text)), "test.toml", &Overrides::default()) {
        Ok(loaded) => loaded,
        Err(failure) => panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)),
    }
}

/// Compiles a case of a scenario.
#[track_caller]
pub fn case_at(text: &str, place: usize) -> Case {
    let loaded = loaded(text);
    match (Compiled { loaded: &loaded }).case(place) {
        Ok(case) => case,
        Err(found) => panic!("{}", render::to_text(&found, &loaded.files, false)),
    }
}

/// Compiles the first case.
#[track_caller]
pub fn case(text: &str) -> Case {
    case_at(text, 0)
}

/// What is said of a scenario that must not compile: all diagnostics as text.
#[track_caller]
pub fn mistakes(text: &str) -> String {
    let files = Files::in_memory(library_and(text));
    let (found, files) = match load(&files, "test.toml", &Overrides::default()) {
        Err(failure) => (failure.diagnostics, failure.files),
        Ok(loaded) => match trocar_sim::compile(&loaded) {
            Ok(_) => panic!("it compiles:\n{text}"),
            Err(found) => (found, loaded.files.clone()),
        },
    };
    render::to_text(&found, &files, false)
}

/// One call of a sink.
#[derive(Clone, Debug, PartialEq)]
pub enum Call {
    Begin,
    Record(Time),
    Digest(Time, u64),
    Snapshot(Time),
    Event(Time, String),
    End(Time),
}

/// Writes down what it is told.
#[derive(Default)]
pub struct Diary {
    pub calls: Vec<Call>,
    /// The table at each recording instant.
    pub tables: Vec<Table>,
}

impl Sink for Diary {
    fn begin(&mut self, _: &Model, _: &State) -> std::io::Result<()> {
        self.calls.push(Call::Begin);
        Ok(())
    }
    fn record(&mut self, now: Time, table: &Table) -> std::io::Result<()> {
        self.calls.push(Call::Record(now));
        self.tables.push(table.clone());
        Ok(())
    }
    fn digest(&mut self, now: Time, chain: u64, _: &[u64]) -> std::io::Result<()> {
        self.calls.push(Call::Digest(now, chain));
        Ok(())
    }
    fn snapshot(&mut self, now: Time, _: &State) -> std::io::Result<()> {
        self.calls.push(Call::Snapshot(now));
        Ok(())
    }
    fn event(&mut self, now: Time, event: RunEvent<'_>) -> std::io::Result<()> {
        let text = match event {
            RunEvent::Phase { name } => format!("phase {name}"),
            RunEvent::FaultActive { name } => format!("{name} active"),
            RunEvent::FaultCleared { name } => format!("{name} cleared"),
            RunEvent::ControllerSilent { name, what } => format!("silent {name}: {what}"),
        };
        self.calls.push(Call::Event(now, text));
        Ok(())
    }
    fn end(&mut self, now: Time) -> std::io::Result<()> {
        self.calls.push(Call::End(now));
        Ok(())
    }
}
