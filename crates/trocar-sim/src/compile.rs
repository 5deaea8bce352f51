//! From a loaded scenario to cases that run: what the files mean, with every mistake at its place.

mod controllers;
mod masters;
mod measures;
mod program;
mod settings;
mod stimuli;

pub use controllers::slots;

use crate::assemble::{Assembly, Setting, assemble, truth_of};
use crate::case::{
    ArmGroups, Case, DeclaredLimit, FaultPlan, PhaseSource, ProgramGroups, RequirementPlan, Watched,
};
use crate::contact::{Contacts, surface_nodes};
use crate::fault_board::{FaultBoard, PlacedFault};
use crate::grip::{self, Gauge};
use crate::island::{check_links, placement};
use crate::judge::RequirementScope;
use crate::mechanism::vector3;
use crate::model::{Model, private_path};
use crate::recorded::Timing;
use crate::schedule::{self, Node, Pace, Role, Task};
use crate::scope::{Constant, SignalScope};
use crate::step::MAX_PRIVATE;
use crate::wearer::Wearer;
use std::collections::BTreeMap;
use trocar_fault::{Fault, Target};
use trocar_logic::{LogicError, Requirement, Trigger, TriggerConfig, TriggerError};
use trocar_plant::{
    DisplacementSensor, EdgeRecorder, Followed, Follows, Goniometer, GripGauge, GripGaugeConfig,
    InstrumentConfig, PositionTracker,
};
use trocar_scenario::mechanism::{BASE, MechanismConfig, MotionKind};
use trocar_scenario::{Loaded, LoadedInstrument, LoadedRobot, LoadedScene, Place, formula_diagnostic};
use trocar_signal::diagnostic::nearest;
use trocar_signal::{
    Component, Diagnostic, Dimension, ElementRef, GroupClass, GroupId, GroupSpec, Layout, Problem,
    Provenance, Rate, Registration, Standing,
};

/// A scenario whose files make sense: its cases are compiled one by one, when they run.
pub struct Compiled<'a> {
    /// The files.
    pub loaded: &'a Loaded,
}

/// Checks what a scenario means: compiles the first case of each combination of `[for_each]`, and checks what the others
/// change.
///
/// # Errors
/// Every mistake found, with its place.
pub fn compile(loaded: &Loaded) -> Result<Compiled<'_>, Vec<Diagnostic>> {
    let mut found = Vec::new();
    let mut checked = None;
    for (place, case) in loaded.cases.iter().enumerate() {
        // Cases of one combination differ in the values of parameters alone, so each value is checked once.
        if checked.replace(case.variant) == Some(case.variant) {
            continue;
        }
        let bound = loaded.of_case(place);
        let one = || {
            let first = Compiler::new(&bound, place)?.case()?;
            let mut compiler = Compiler::new(&bound, place)?;
            settings::check_vary(&mut compiler, &first.model);
            compiler.stop_on_mistakes()
        };
        if let Err(mistakes) = one() {
            // Of one place the first mistake is enough: another combination would only say it in other words.
            let place =
                |mistake: &Diagnostic| mistake.labels.first().map(|l| (l.file.clone(), l.range.start));
            let known: Vec<_> = found.iter().map(place).collect();
            found.extend(mistakes.into_iter().filter(|mistake| !known.contains(&place(mistake))));
        }
    }
    if !found.is_empty() {
        return Err(found);
    }
    let compiled = Compiled { loaded };
    Ok(compiled)
}

impl Compiled<'_> {
    /// How many cases there are.
    #[must_use]
    pub fn case_count(&self) -> usize {
        self.loaded.cases.len()
    }

    /// Compiles one case.
    ///
    /// # Errors
    /// Every mistake found, with its place.
    pub fn case(&self, place: usize) -> Result<Case, Vec<Diagnostic>> {
        Compiler::new(&self.loaded.of_case(place), place)?.case()
    }

    /// Compiles one case whose measures read recorded data.
    ///
    /// # Errors
    /// Every mistake found, with its place.
    pub fn case_of_data(&self, place: usize, timing: Timing) -> Result<Case, Vec<Diagnostic>> {
        let bound = self.loaded.of_case(place);
        let mut compiler = Compiler::new(&bound, place)?;
        compiler.timing = Some(timing);
        compiler.case()
    }
}

/// The components of a scene's devices.
struct Devices {
    nodes: Vec<Node>,
    arms: BTreeMap<String, Assembly>,
    limits: Vec<DeclaredLimit>,
}

/// The devices of a scene, with what a laboratory holds between the jaws of some.
fn assemble_scene(
    scene: &LoadedScene,
    step_rate: Rate,
    mut gauges: BTreeMap<String, Gauge>,
) -> Result<Devices, Vec<Diagnostic>> {
    let mut devices = Devices { nodes: Vec::new(), arms: BTreeMap::new(), limits: Vec::new() };
    let mut found = Vec::new();
    let gravity = vector3(scene.scene.gravity.map(|g| g.si()));
    for (instance, placed) in &scene.scene.robots {
        let Some(robot) = scene.robots.get(instance) else { continue };
        for (joint, quantity) in &placed.start {
            let coordinate = robot.robot.mechanism.coordinates.iter().find(|c| c.name == *joint);
            let key = format!("robots.{instance}.start.{joint}");
            let problem = |what: String| scene.spans.problem("", &Problem::new(key.clone(), what));
            match coordinate {
                None => {
                    let names = robot.robot.mechanism.coordinates.iter().map(|c| c.name.as_str());
                    let place = scene.spans.key(&key);
                    let hint = nearest(joint, names.clone()).map(|near| format!("did you mean `{near}`?"));
                    let list: Vec<&str> = names.collect();
                    found.push(
                        Diagnostic::error("unknown-name", format!("there is no joint `{joint}`"))
                            .at(place.file, place.range, hint.unwrap_or_default())
                            .note(format!("there is: {}", list.join(", "))),
                    );
                }
                Some(c) if quantity.dimension != c.kind.position() => found.push(problem(format!(
                    "{} is meant here, and this is {}",
                    c.kind.position(),
                    quantity.dimension
                ))),
                Some(c) if !(c.lower.value.si..=c.upper.value.si).contains(&quantity.si) => {
                    let what = "this lies beyond the joint's limits".to_owned();
                    found.push(Diagnostic { code: "beyond-limits".to_owned(), ..problem(what) });
                }
                Some(_) => {}
            }
        }
        let wearer = match Wearer::of_scene(scene, instance, robot, step_rate.period_s()) {
            Ok(wearer) => wearer,
            Err(problems) => {
                found.extend(problems);
                continue;
            }
        };
        let segments = wearer.as_ref().map(|wearer| (wearer.person(), wearer.segments()));
        let touched_by = segments.as_ref().map(|(person, segments)| (*person, segments.as_slice()));
        let contacts = match Contacts::of_scene(scene, instance, robot, touched_by) {
            Ok(contacts) => contacts,
            Err(problems) => {
                found.extend(problems);
                continue;
            }
        };
        if placed.free_base && !robot.robot.mechanism.links.iter().any(|link| link.frame == BASE) {
            let what = format!(
                "nothing can be free that weighs nothing: the file of {} has no link on its `{BASE}`. Give it one \
                 (`[[mechanism.links]]`, `frame = \"{BASE}\"`), or let the scene hold the base",
                robot.robot.title
            );
            let problem = Problem::new(format!("robots.{instance}.free_base"), what);
            found.push(scene.spans.problem("", &problem));
            continue;
        }
        let setting = Setting {
            gravity_in_world_mps2: gravity,
            world_from_base: placement(&placed.base),
            step_rate,
            substeps: placed.substeps,
            start: placed.start.iter().map(|(joint, quantity)| (joint.clone(), quantity.si)).collect(),
            gauge: gauges.remove(instance),
            wearer,
            contacts,
            is_base_free: placed.free_base,
        };
        match assemble(instance, &robot.robot, setting) {
            Ok(mut assembly) => {
                devices.nodes.append(&mut assembly.nodes);
                devices.limits.append(&mut assembly.limits);
                devices.arms.insert(instance.clone(), assembly);
            }
            Err(problems) => found.extend(problems.iter().map(|p| robot.spans.problem("", p))),
        }
    }
    devices.nodes.append(&mut surface_nodes(scene));
    if found.is_empty() { Ok(devices) } else { Err(found) }
}

/// A scene with its devices and declared limits, without a test.
pub struct CompiledScene {
    /// The model of its devices.
    pub model: Model,
    /// What is declared of them.
    pub limits: Vec<DeclaredLimit>,
}

/// Compiles a scene without a test: what `trocar check` and `trocar paths` look at.
///
/// # Errors
/// Every mistake found, with its place.
pub fn compile_scene(scene: &LoadedScene) -> Result<CompiledScene, Vec<Diagnostic>> {
    let step_rate = step_rate(scene)?;
    let devices = assemble_scene(scene, step_rate, BTreeMap::new())?;
    let model = Model::compile(devices.nodes, step_rate, 0, 0, &[])
        .map_err(|errors| schedule_errors(scene, &errors))?;
    Ok(CompiledScene { model, limits: devices.limits })
}

/// What a scene's steps do not resolve, and where a robot does not fit who wears it: a warning for each.
///
/// # Errors
/// Every mistake found, with its place.
pub fn step_advice(scene: &LoadedScene) -> Result<Vec<Diagnostic>, Vec<Diagnostic>> {
    let step_rate = step_rate(scene)?;
    let devices = assemble_scene(scene, step_rate, BTreeMap::new())?;
    let warnings = devices.arms.iter().flat_map(|(instance, assembly)| {
        let substeps = scene.scene.robots.get(instance).map_or(1, |placed| placed.substeps);
        let too_stiff = crate::advice::warning(scene, instance, step_rate, substeps, &assembly.too_stiff);
        let misfits = crate::fit::warnings(scene, instance, &assembly.misfits);
        too_stiff.into_iter().chain(misfits).collect::<Vec<_>>()
    });
    Ok(warnings.collect())
}

/// Builds a robot on its own, for `trocar check`.
///
/// # Errors
/// Every mistake found, with its place.
pub fn check_robot(robot: &LoadedRobot) -> Result<(), Vec<Diagnostic>> {
    // Standard gravity, and a step that every controller's rate fits into.
    let fastest = [robot.robot.arm.rate.si(), robot.robot.servo.rate.si(), robot.robot.supervisor.rate.si()]
        .into_iter()
        .fold(robot.robot.bus.rate.value.si(), trocar_math::max);
    let setting = Setting {
        gravity_in_world_mps2: vector3([0.0, 0.0, -9.806_65]),
        world_from_base: nalgebra::Isometry3::identity(),
        step_rate: Rate::from_hz(fastest).unwrap_or(FALLBACK_RATE),
        substeps: 1,
        start: BTreeMap::new(),
        gauge: None,
        wearer: None,
        contacts: Contacts::default(),
        is_base_free: false,
    };
    assemble("robot", &robot.robot, setting)
        .map(|_| ())
        .map_err(|problems| problems.iter().map(|p| robot.spans.problem("", p)).collect())
}

/// Checks what an instrument's links weigh, for `trocar check`.
///
/// # Errors
/// Every mistake found, with its place.
pub fn check_instrument(instrument: &LoadedInstrument) -> Result<(), Vec<Diagnostic>> {
    let problems = check_links(&instrument.instrument.links);
    let found: Vec<_> = problems.iter().map(|problem| instrument.spans.problem("", problem)).collect();
    if found.is_empty() { Ok(()) } else { Err(found) }
}

/// What is recorded where the file does not say: what the device measures and is meant to do, the state that it is in,
/// and every instrument.
fn recorded_by_default(model: &Model) -> Vec<ElementRef> {
    let groups = model.layout.groups().filter(|(_, spec)| {
        let last = spec.path.rsplit('.').next().unwrap_or("");
        spec.class == GroupClass::Instrument
            || matches!(last, "measured_js" | "setpoint_js" | "measured_cp" | "operating_state")
    });
    groups
        .flat_map(|(group, spec)| {
            (0..spec.elements.len()).map(move |index| ElementRef { group, index: index as u32 })
        })
        .collect()
}

/// How often signals are recorded where the file does not say.
const DEFAULT_RECORD_RATE: Rate = match Rate::new(100, 1) {
    Some(rate) => rate,
    None => unreachable!(),
};

/// Stands in where a file's own rates are refused anyway.
const FALLBACK_RATE: Rate = match Rate::new(1000, 1) {
    Some(rate) => rate,
    None => unreachable!(),
};

fn step_rate(scene: &LoadedScene) -> Result<Rate, Vec<Diagnostic>> {
    Rate::from_hz(scene.scene.step_rate.si()).ok_or_else(|| {
        let problem = Problem::new("step_rate", "must lie between 1e-6 Hz and 1 MHz");
        vec![scene.spans.problem("", &problem)]
    })
}

fn schedule_errors(scene: &LoadedScene, errors: &[crate::ScheduleError]) -> Vec<Diagnostic> {
    let place = scene.spans.value("");
    let at = place.range.start..place.range.start;
    let too_fast = |e: &&crate::ScheduleError| matches!(e, crate::ScheduleError::TooFast { .. });
    let mut found: Vec<Diagnostic> = errors
        .iter()
        .filter(|e| !too_fast(e))
        .map(|e| Diagnostic::error("schedule", e.to_string()).at(place.file.clone(), at.clone(), ""))
        .collect();
    // One slow step makes many tasks too fast for it: that is one mistake.
    let mut fast = errors.iter().filter(too_fast);
    if let Some(first) = fast.next() {
        let step_rate = scene.spans.value("step_rate");
        let diagnostic =
            Diagnostic::error("schedule", first.to_string()).at(step_rate.file, step_rate.range, "");
        found.push(match fast.count() {
            0 => diagnostic,
            others => diagnostic.note(format!("so are {others} more tasks")),
        });
    }
    found
}

/// The first words of a message that stand between backquotes.
fn quoted(text: &str) -> &str {
    text.split('`').nth(1).unwrap_or("")
}

/// The one part in which two paths of equally many differ, as bytes of the first, with that of the second. Not the first
/// part: its length is that of a role or of a robot.
fn differing_part<'n>(path: &str, near: &'n str) -> Option<(std::ops::Range<usize>, &'n str)> {
    let (parts, meant): (Vec<&str>, Vec<&str>) = (path.split('.').collect(), near.split('.').collect());
    if parts.len() != meant.len() {
        return None;
    }
    let mut different = (0..parts.len()).filter(|i| parts[*i] != meant[*i]);
    let (at, None) = (different.next().filter(|at| *at > 0)?, different.next()) else { return None };
    let start: usize = parts[..at].iter().map(|part| part.len() + 1).sum();
    Some((start..start + parts[at].len(), meant[at]))
}

/// An instrument, and its rate where it has one of its own.
type Instrument = (Box<dyn Component>, Option<f64>);

/// All that the stages of compiling share.
pub(crate) struct Compiler<'a> {
    loaded: &'a Loaded,
    place: usize,
    found: Vec<Diagnostic>,
    nodes: Vec<Node>,
    arms: BTreeMap<String, Assembly>,
    limits: Vec<DeclaredLimit>,
    constants: Vec<Constant>,
    step_rate: Rate,
    /// Groups of the device and its instruments, before the program is added.
    layout: Layout,
    /// Of recorded data.
    timing: Option<Timing>,
}

impl<'a> Compiler<'a> {
    fn new(loaded: &'a Loaded, place: usize) -> Result<Compiler<'a>, Vec<Diagnostic>> {
        let scene = &loaded.scene;
        let step_rate = step_rate(scene)?;
        let mut compiler = Compiler {
            loaded,
            place,
            found: Vec::new(),
            nodes: Vec::new(),
            arms: BTreeMap::new(),
            limits: Vec::new(),
            constants: Vec::new(),
            step_rate,
            layout: Layout::default(),
            timing: None,
        };
        let (gauges, wrong) = grip::gauges(loaded);
        for (name, problems) in &wrong {
            compiler.problems(&format!("instruments.{name}"), problems);
        }
        let devices = assemble_scene(scene, step_rate, gauges)?;
        compiler.nodes = devices.nodes;
        compiler.arms = devices.arms;
        compiler.limits = devices.limits;
        compiler.constants = compiler.limits.iter().map(|limit| limit.constant.clone()).collect();
        compiler.layout = compiler.groups_so_far()?;
        masters::add(&mut compiler)?;
        controllers::prepare(&mut compiler);
        compiler.instruments();
        compiler.stop_on_mistakes()?;
        compiler.layout = compiler.groups_so_far()?;
        Ok(compiler)
    }

    fn stop_on_mistakes(&mut self) -> Result<(), Vec<Diagnostic>> {
        if self.found.is_empty() { Ok(()) } else { Err(std::mem::take(&mut self.found)) }
    }

    /// A mistake of the scenario at a key. A set-up that no file holds came with the command.
    pub(crate) fn problem(&mut self, key: &str, what: impl Into<String>) {
        let spans = &self.loaded.spans;
        let option = key.strip_prefix("setup.\"").and_then(|k| k.strip_suffix('"'));
        let slot = key.strip_prefix("controllers.\"").and_then(|k| k.split('"').next());
        self.found.push(match option {
            _ if let Some(slot) = slot => {
                let slot = self.loaded.roles.in_words_of_the_method(slot);
                Diagnostic::error("bad-value", format!("`--controller {slot}=…`: {}", what.into()))
            }
            Some(path) if !spans.contains(key) => {
                let path = self.loaded.roles.in_words_of_the_method(path);
                Diagnostic::error("bad-value", format!("`--set {path}`: {}", what.into()))
            }
            _ => spans.problem("", &Problem::new(key, what)),
        });
    }

    /// Gives the last mistake a code of its own.
    pub(crate) fn recode(&mut self, code: &str) {
        if let Some(last) = self.found.last_mut() {
            code.clone_into(&mut last.code);
        }
    }

    pub(crate) fn problems(&mut self, prefix: &str, problems: &[Problem]) {
        let loaded = self.loaded;
        let in_words = |p: &Problem| Problem::new(&p.key, loaded.roles.in_words_of_the_method(&p.what));
        self.found.extend(problems.iter().map(|p| loaded.spans.problem(prefix, &in_words(p))));
    }

    pub(crate) fn formula_errors(&mut self, key: &str, errors: &[LogicError]) {
        let words = |text: &str| self.loaded.roles.in_words_of_the_method(text);
        let found: Vec<Diagnostic> = errors
            .iter()
            .map(|e| {
                let says_more = e.labels.iter().any(|(_, text)| text.contains("did you mean"));
                let name = quoted(&e.title);
                let better = self.no_tip(name).or_else(|| self.not_declared(name).filter(|_| !says_more));
                let error = LogicError {
                    title: better.unwrap_or_else(|| words(&e.title)),
                    labels: e.labels.iter().map(|(range, text)| (range.clone(), words(text))).collect(),
                    notes: e.notes.iter().map(|note| words(note)).collect(),
                };
                formula_diagnostic(&self.loaded.spans, key, &error)
            })
            .collect();
        self.found.extend(found);
    }

    /// A trigger over a layout's signals; its mistakes are kept.
    pub(crate) fn trigger(
        &mut self,
        key: &str,
        config: &TriggerConfig,
        layout: &Layout,
        phases: &[String],
    ) -> Option<Trigger> {
        let roles = BTreeMap::new();
        let scope = SignalScope { layout, roles: &roles, constants: &self.constants };
        let errors = match Trigger::compile(config, &scope, phases) {
            Ok(trigger) => return Some(trigger),
            Err(errors) => errors,
        };
        let at = |below: &str| if below.is_empty() { key.to_owned() } else { format!("{key}.{below}") };
        for error in errors {
            match error {
                TriggerError::Formula(below, errors) => self.formula_errors(&at(&below), &errors),
                TriggerError::Phase(below, name) => {
                    self.problem(&at(&below), format!("there is no phase `{name}`"));
                }
            }
        }
        None
    }

    /// Of a path that speaks of the tool tip of a robot that has none: that it has none, and what there is instead.
    fn no_tip(&self, path: &str) -> Option<String> {
        let head = path.split('.').next()?;
        let instance = self.loaded.roles.robot(head).unwrap_or(head);
        let robot = self.loaded.scene.robots.get(instance)?;
        let speaks_of_it = |part: &str| {
            ["servo_cp", "move_cp", "setpoint_cp", "measured_cp", "tool_tip", "tip"].contains(&part)
        };
        if robot.robot.mechanism.tip.is_some() || !path.split('.').skip(1).any(speaks_of_it) {
            return None;
        }
        let words = |path: String| self.loaded.roles.in_words_of_the_method(&path);
        let path = words(path.to_owned());
        let role = self.loaded.roles.role_of(instance).unwrap_or(instance);
        Some(format!(
            "`{path}` is of a tool tip, and {} has none: it is moved and followed by its joints, `{role}.move_jp`, \
             `{role}.servo_jp`, `{role}.measured_js`, `{role}.truth.js`",
            robot.robot.title
        ))
    }

    /// Of a path of a limit that a robot does not declare: what its file would say.
    fn not_declared(&self, path: &str) -> Option<String> {
        let (instance, rest) = path.split_once('.')?;
        let (robot, name) = (self.loaded.scene.robots.get(instance)?, rest.strip_prefix("declared.")?);
        let words = self.loaded.roles.in_words_of_the_method(path);
        let is_known = robot.robot.declared.contains_key(name);
        (!is_known && !name.contains('.')).then(|| {
            let title = &robot.robot.title;
            format!("`{words}`: {title} declares no such limit; `[declared.{name}]` in its file says which, and whose it is")
        })
    }

    /// Nothing is called so: the nearest name, and where to look.
    pub(crate) fn unknown_signal(&mut self, key: &str, path: &str, layout: &Layout) {
        let near = layout.nearest_path(path);
        let note = format!("all that there is: trocar paths {}", self.file());
        self.unknown(key, self.loaded.spans.value(key), path, near, note);
    }

    /// The scenario's path, as a person types it.
    pub(crate) fn file(&self) -> &str {
        self.loaded.files.first().map_or("FILE", |f| f.shown.as_str())
    }

    /// Nothing is called `path`, which stands at `key`; what it may mean, and where to look. Where only one part of a
    /// path differs from what is meant, the caret stands there.
    pub(crate) fn unknown(
        &mut self,
        key: &str,
        place: Place,
        path: &str,
        near: Option<String>,
        note: String,
    ) {
        if let Some(what) = self.no_tip(path) {
            let mistake = Diagnostic::error("no-tool-tip", what).at(place.file, place.range, "");
            self.found.push(mistake.note(note));
            return;
        }
        let words = self.loaded.roles.in_words_of_the_method(path);
        let near = near.map(|near| self.loaded.roles.in_words_of_the_method(&near));
        let part = near.as_deref().and_then(|near| differing_part(&words, near));
        let (place, hint) = match (part, near.as_deref()) {
            (Some((range, meant)), _) if self.is_value(key, &place) => {
                // Spans take bytes of the text with robots for roles.
                let shift = path.len() as isize - words.len() as isize;
                let now = |at: usize| usize::try_from(at as isize + shift).unwrap_or(at);
                let inside = self.loaded.spans.inside(key, now(range.start)..now(range.end));
                (inside, format!("did you mean `{meant}`?"))
            }
            (_, Some(near)) => (place, format!("did you mean `{near}`?")),
            (_, None) => (place, String::new()),
        };
        self.found.push(
            Diagnostic::error("unknown-signal", format!("nothing here is called `{words}`"))
                .at(place.file, place.range, hint)
                .note(note),
        );
    }

    /// No parameter is called `path`, which is the last key of `key`, or came with the command.
    pub(crate) fn unknown_parameter(&mut self, key: &str, path: &str, near: Option<String>) {
        let words = |text: &str| self.loaded.roles.in_words_of_the_method(text);
        if let Some(instance) = path.strip_suffix(".load")
            && let Some(robot) = self.loaded.scene.robots.get(instance)
        {
            let what = format!(
                "there is no `{}`: {} carries no load; `payload` in the `[mechanism]` of its file says where one hangs",
                words(path),
                robot.robot.title
            );
            self.problem(key, what);
            return self.recode("unknown-signal");
        }
        let (path, near) = (words(path), near.map(|near| words(&near)));
        if !self.loaded.spans.contains(key) {
            let hint = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            return self.problem(key, format!("there is no parameter `{path}`{hint}"));
        }
        let list = if key.ends_with(']') { key.rfind('[').map_or(key, |at| &key[..at]) } else { key };
        let place = self.loaded.spans.key(list);
        let hint = near.map_or(String::new(), |near| format!("did you mean `{near}`?"));
        self.found.push(
            Diagnostic::error("unknown-signal", format!("there is no parameter `{path}`"))
                .at(place.file, place.range, hint)
                .note(format!("all that there is: trocar paths {}", self.file())),
        );
    }

    fn is_value(&self, key: &str, place: &Place) -> bool {
        self.loaded.spans.contains(key) && self.loaded.spans.value(key) == *place
    }

    fn groups_so_far(&self) -> Result<Layout, Vec<Diagnostic>> {
        let specs =
            schedule::groups(&self.nodes).map_err(|errors| schedule_errors(&self.loaded.scene, &errors))?;
        let mut layout = Layout::default();
        for spec in specs {
            // `groups` has refused two writers of one path.
            let _ = layout.add(spec);
        }
        Ok(layout)
    }

    fn instruments(&mut self) {
        let sources = BTreeMap::new();
        // What an instrument of a test states is set by whoever writes the test.
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        for (name, config) in &self.loaded.scenario.instruments {
            let layout = &self.layout;
            let find = |path: &str| {
                Followed::find(layout, path).or_else(|| Followed::find(layout, &truth_of(path)?))
            };
            let mut registration = Registration::new(name);
            let reg = &mut registration;
            let follows = match config {
                InstrumentConfig::LoadCell(_) => Follows::Loads,
                _ => Follows::Displacements,
            };
            let built: Result<Instrument, Vec<Problem>> = match config {
                InstrumentConfig::PositionTracker(config) => {
                    PositionTracker::new(name, config, &find, &provenance, reg)
                        .map(|c| (Box::new(c) as Box<dyn Component>, Some(config.rate.value.si())))
                }
                InstrumentConfig::DisplacementSensor(config) | InstrumentConfig::LoadCell(config) => {
                    DisplacementSensor::new(name, (config, follows), &find, &provenance, reg)
                        .map(|c| (Box::new(c) as Box<dyn Component>, Some(config.rate.value.si())))
                }
                InstrumentConfig::Goniometer(config) => {
                    Goniometer::new(name, config, &find, &provenance, reg)
                        .map(|c| (Box::new(c) as Box<dyn Component>, Some(config.rate.value.si())))
                }
                // What is wrong with its place is said already.
                InstrumentConfig::GripGauge(config) if !self.is_placed(config) => continue,
                InstrumentConfig::GripGauge(config) => GripGauge::new(name, config, &provenance, reg)
                    .map(|c| (Box::new(c) as Box<dyn Component>, Some(config.rate.value.si()))),
                InstrumentConfig::EdgeRecorder(config) => {
                    EdgeRecorder::new(name, config, &find, &provenance, reg)
                        .map(|c| (Box::new(c) as Box<dyn Component>, None))
                }
            };
            match built {
                Ok((component, rate)) => {
                    let pace = match rate.map(Rate::from_hz) {
                        None => Pace::EveryStep,
                        Some(Some(rate)) => Pace::Task(Task::at(rate)),
                        Some(None) => {
                            self.problem(
                                &format!("instruments.{name}.rate"),
                                "must lie between 1e-6 Hz and 1 MHz",
                            );
                            continue;
                        }
                    };
                    self.nodes.push(Node { registration, component, pace, role: Role::Instrument });
                }
                Err(mut problems) => {
                    for problem in &mut problems {
                        if let Some(what) = self.no_tip(quoted(&problem.what)) {
                            problem.what = what;
                        }
                    }
                    self.problems(&format!("instruments.{name}"), &problems);
                }
            }
        }
    }

    /// Whether a gauge stands between the jaws that it names.
    fn is_placed(&self, config: &GripGaugeConfig) -> bool {
        config.instance().is_some_and(|arm| self.layout.group(&GripGaugeConfig::truth(arm)).is_some())
    }

    fn case(mut self) -> Result<Case, Vec<Diagnostic>> {
        let program = program::compile(&mut self);
        self.stop_on_mistakes()?;
        let mut nodes = std::mem::take(&mut self.nodes);
        let phases: Vec<String> = self.loaded.scenario.phases.iter().map(|p| p.name.clone()).collect();
        let poses = program.poses.clone();
        nodes.insert(0, program.into_node(&self.layout));
        let private: Vec<(String, String)> = self
            .loaded
            .scenario
            .faults
            .iter()
            .filter_map(|f| Some((self.group_of(&f.target, &nodes)?, f.reader.clone()?)))
            .collect();
        self.readers(&nodes);
        let model = Model::compile(nodes, self.step_rate, self.loaded.scenario.seed, 0, &private);
        let mut model = model.map_err(|errors| schedule_errors(&self.loaded.scene, &errors))?;
        let placed = self.faults(&model, &phases);
        let fault_plans = placed.iter().map(|p| fault_plan(&model, p)).collect();
        let phase_group = model.layout.group("program.phase");
        let seed = (model.seed, model.run_index);
        model.faults = FaultBoard::new(&model.layout, placed, phase_group, self.constants.clone(), seed);
        let (changes, motion_variation) = settings::compile(&mut self, &model);
        let mut measures = measures::compile(&mut self, &model, &phases, &poses);
        let requirements = self.requirements(&measures, &model.layout);
        for measure in &mut measures {
            measure.judged =
                requirements.iter().any(|r| r.formula.operands().iter().any(|o| o.path == measure.name));
        }
        let (record, record_rate) = self.record(&model);
        let (arms, deviation) = (self.arm_groups(&model), self.deviation());
        let teleoperations = masters::groups(&self, &model);
        self.stop_on_mistakes()?;
        controllers::fill(&self, &mut model, &changes);
        let group = |path: &str| model.layout.group(path).unwrap_or(GroupId(0));
        let outputs = model
            .seats
            .iter()
            .filter(|s| matches!(s.role, Role::Controller | Role::Supervisor | Role::Actuator))
            .flat_map(|s| s.writes.iter().copied())
            // What a controller passes on of its sensors is not yet something that it does.
            .filter(|id| !model.layout.spec(*id).path.split('.').any(|part| part.starts_with("measured_")))
            .collect();
        let program = ProgramGroups {
            phase: group("program.phase"),
            cycle: group("program.cycle"),
            pose: group("program.pose"),
            motion: group("program.motion"),
            reading: group("program.reading"),
            failure: group("program.failure"),
        };
        Ok(Case {
            name: self.loaded.cases[self.place].name.clone(),
            changes,
            phase_sources: (0..phases.len()).map(|i| self.phase_source(i)).collect(),
            phases,
            poses,
            program,
            motion_variation,
            measures,
            requirements,
            faults: fault_plans,
            constants: self.constants,
            limits: self.limits,
            decision: self.loaded.scenario.decision,
            roles: arms.iter().map(|a| a.title.clone()).collect(),
            deviation,
            arms,
            handles: self.loaded.scenario.handles.keys().cloned().collect(),
            teleoperations,
            outputs,
            record,
            record_rate,
            model,
        })
    }

    fn phase_source(&self, place: usize) -> PhaseSource {
        let (file, line) = self.line(&format!("phases[{place}].name"));
        let config = self.loaded.method.phases.get(place);
        PhaseSource {
            file,
            line,
            commands: config.map_or_else(Vec::new, |phase| phase.commands().map(str::to_owned).collect()),
            visits_poses: config.is_some_and(|phase| phase.motion.is_some()),
        }
    }

    /// The address of the file and the line at which the value of a key stands. They are part of an outcome: where the
    /// file lies on this machine, and from where it was run, is not.
    fn line(&self, key: &str) -> (String, u32) {
        let place = self.loaded.spans.value(key);
        match self.loaded.files.iter().find(|f| f.shown == place.file) {
            Some(file) => (file.address.clone(), file.line_column(place.range.start).0 as u32),
            None => (place.file, 0),
        }
    }

    /// Whether the one reader of each fault that names one reads what the fault changes.
    fn readers(&mut self, nodes: &[Node]) {
        for (place, fault) in self.loaded.scenario.faults.iter().enumerate() {
            let Some(reader) = &fault.reader else { continue };
            // A target that nobody writes is named where the fault is placed.
            let Some(group) = self.group_of(&fault.target, nodes) else { continue };
            let mut inboxes = nodes.iter().flat_map(|n| &n.registration.inboxes);
            let is_command = inboxes.any(|inbox| inbox.path == group);
            let words = |path: &str| self.loaded.roles.in_words_of_the_method(path);
            let what = match nodes.iter().find(|n| n.registration.path == *reader) {
                None => format!("there is no component `{}`", words(reader)),
                Some(_) if is_command => {
                    "a command has one reader, the device: leave `reader` out".to_owned()
                }
                Some(node) if !node.registration.reads.iter().any(|read| read.path == group) => {
                    format!("`{}` does not read `{}`", words(reader), words(&group))
                }
                Some(_) => continue,
            };
            self.problem(&format!("faults[{place}].reader"), what);
        }
    }

    /// The path of the group to which a fault's target belongs.
    fn group_of(&self, target: &str, nodes: &[Node]) -> Option<String> {
        let specs = nodes.iter().flat_map(|n| n.registration.writes.iter().chain(&n.registration.inboxes));
        specs
            .map(|spec| spec.path.as_str())
            .filter(|path| target == *path || target.strip_prefix(path).is_some_and(|r| r.starts_with('.')))
            .max_by_key(|path| path.len())
            .map(str::to_owned)
    }

    fn faults(&mut self, model: &Model, phases: &[String]) -> Vec<PlacedFault> {
        let mut placed = Vec::new();
        for (place, config) in self.loaded.scenario.faults.iter().enumerate() {
            let prefix = format!("faults[{place}]");
            let whole = model.layout.group(&config.target);
            let element = model.layout.element(&config.target);
            let key = format!("{prefix}.target");
            let Some(group) = whole.or(element.map(|e| e.group)) else {
                let near = model.layout.nearest_path(&config.target);
                let near = near.filter(|near| {
                    let element = model.layout.element(near).map(|element| element.group);
                    let group = model.layout.group(near).or(element);
                    group.is_some_and(|group| may_fail(model.layout.spec(group)).is_ok())
                });
                let note = format!("all that can fail here: trocar paths {} --faults", self.file());
                self.unknown(&key, self.loaded.spans.value(&key), &config.target, near, note);
                continue;
            };
            if let Err(why) = may_fail(model.layout.spec(group)) {
                let words = self.loaded.roles.in_words_of_the_method(&config.target);
                let place = self.loaded.spans.value(&key);
                self.found.push(
                    Diagnostic::error("cannot-fail", format!("`{words}` cannot fail: {why}"))
                        .at(place.file, place.range, "")
                        .note(format!("all that can fail here: trocar paths {} --faults", self.file())),
                );
                continue;
            }
            let target = Target {
                group: model.layout.spec(group).clone(),
                element: if whole.is_some() { None } else { element.map(|e| e.index as usize) },
                wire_bits: self.wire_bits(&config.target),
            };
            let fault = match Fault::new(config, &target) {
                Ok(fault) => fault,
                Err(problems) => {
                    self.problems(&prefix, &problems);
                    continue;
                }
            };
            let starts = self.trigger(&format!("{prefix}.starts"), &config.starts, &model.layout, phases);
            let ends = match &config.ends {
                None => Some(None),
                Some(ends) => self.trigger(&format!("{prefix}.ends"), ends, &model.layout, phases).map(Some),
            };
            let (Some(starts), Some(ends)) = (starts, ends) else { continue };
            if config.reader.is_some() && target.group.elements.len() > MAX_PRIVATE {
                let what =
                    format!("a group of more than {MAX_PRIVATE} numbers cannot fail for one reader alone");
                self.problem(&format!("{prefix}.reader"), what);
            }
            let private_copy = config
                .reader
                .as_ref()
                .and_then(|reader| model.layout.group(&private_path(&target.group.path, reader)));
            placed.push(PlacedFault { fault, group, private_copy, starts, ends });
        }
        placed
    }

    /// The width of the count that a target is, if it is one.
    fn wire_bits(&self, target: &str) -> Option<u32> {
        let instance = target.split('.').next()?;
        let is_part = |path: &str| {
            target.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let wires = &self.arms.get(instance)?.wires;
        wires.iter().find(|(path, _)| is_part(path)).map(|(_, bits)| *bits)
    }

    fn requirements(
        &mut self,
        measures: &[crate::case::MeasurePlan],
        layout: &Layout,
    ) -> Vec<RequirementPlan> {
        let names: Vec<_> =
            measures.iter().map(|m| (m.name.clone(), m.measure.dimension(), m.measure.row_count())).collect();
        let faults: Vec<String> = self.loaded.scenario.faults.iter().map(|f| f.name.clone()).collect();
        let mut plans = Vec::new();
        for (place, config) in self.loaded.scenario.requirements.iter().enumerate() {
            let key = format!("requirements[{place}].formula");
            let scope = RequirementScope {
                measures: &names,
                faults: &faults,
                limits: &self.limits,
                deviation: self.deviation(),
            };
            match Requirement::compile(&config.formula, &scope) {
                Ok(formula) => {
                    let (file, line) = self.line(&key);
                    let written = self.loaded.method.requirements.get(place);
                    plans.push(RequirementPlan {
                        id: config.id.clone(),
                        text: written.map_or_else(|| config.formula.clone(), |r| r.formula.clone()),
                        why: config.why.clone(),
                        file,
                        line,
                        formula,
                    });
                }
                Err(mut errors) => {
                    // A measure that is not understood is a mistake of its own, and its name is none.
                    let names = self.loaded.scenario.measures.keys();
                    let missing: Vec<String> = names
                        .filter(|name| !measures.iter().any(|measure| measure.name == **name))
                        .map(|name| format!("nothing here is called `{name}`"))
                        .collect();
                    errors.retain(|error| !missing.contains(&error.title));
                    for error in &mut errors {
                        let name = quoted(&error.title);
                        if layout.element(name).is_some() || layout.group(name).is_some() {
                            let words = self.loaded.roles.in_words_of_the_method(name);
                            error.notes.push(format!(
                                "a requirement compares figures, and this is a signal: make a measure of it, e.g. \
                                 [measures.highest] kind = \"maximum\" of = \"{words}\", and write `highest` here"
                            ));
                        }
                    }
                    self.formula_errors(&key, &errors);
                }
            }
        }
        plans
    }

    fn record(&mut self, model: &Model) -> (Vec<ElementRef>, Rate) {
        let Some(config) = &self.loaded.scenario.record else {
            return (recorded_by_default(model), DEFAULT_RECORD_RATE);
        };
        let mut elements = Vec::new();
        for (place, pattern) in config.signals.iter().enumerate() {
            let found = model.layout.matching(pattern);
            if found.is_empty() {
                self.unknown_signal(&format!("record.signals[{place}]"), pattern, &model.layout);
            }
            elements.extend(found);
        }
        elements.sort_unstable();
        elements.dedup();
        let Some(rate) = Rate::from_hz(config.rate.si()) else {
            self.problem("record.rate", "must lie between 1e-6 Hz and 1 MHz");
            return (elements, self.step_rate);
        };
        if rate.hz() > self.step_rate.hz() {
            self.problem(
                "record.rate",
                format!("nothing changes faster than the island's step, {}", self.step_rate),
            );
        }
        (elements, rate)
    }

    /// What a deviation from a fault's twin measures.
    fn deviation(&self) -> Dimension {
        let robots = self.arms.keys().filter_map(|instance| self.loaded.scene.robots.get(instance));
        let mut deviations = robots.map(|robot| match robot.robot.mechanism.tip {
            Some(_) => Dimension::LENGTH,
            None => turning_joints(&robot.robot.mechanism).1,
        });
        if deviations.all(|one| one == Dimension::ANGLE) && !self.arms.is_empty() {
            return Dimension::ANGLE;
        }
        Dimension::LENGTH
    }

    fn watched(&self, instance: &str, group: &impl Fn(String) -> GroupId) -> Watched {
        let robot = self.loaded.scene.robots.get(instance);
        match robot.map(|robot| &robot.robot.mechanism).filter(|mechanism| mechanism.tip.is_none()) {
            None => Watched::Tip(group(format!("{instance}.truth.tip"))),
            Some(mechanism) => {
                let (places, dimension) = turning_joints(mechanism);
                Watched::Joints { group: group(format!("{instance}.truth.js")), places, dimension }
            }
        }
    }

    fn arm_groups(&self, model: &Model) -> Vec<ArmGroups> {
        let group = |path: String| model.layout.group(&path).unwrap_or(GroupId(0));
        self.arms
            .iter()
            .map(|(instance, arm)| {
                let robot = self.loaded.scene.robots.get(instance);
                let title = robot.map_or("", |r| r.robot.title.as_str());
                let role = self.loaded.roles.role_of(instance).unwrap_or(instance);
                ArmGroups {
                    instance: instance.clone(),
                    title: format!("{role} = {instance}: {title}"),
                    watched: self.watched(instance, &group),
                    operating_state: group(format!("{instance}.operating_state")),
                    enabled: trocar_control::OperatingState::Enabled.index() as f64,
                    trip: group(format!("{instance}.supervisor.trip")),
                    error: group(format!("{instance}.error")),
                    stop_behaviour: model.layout.group(&format!("{instance}.stop_behaviour")),
                    current_commands: arm
                        .actuators
                        .iter()
                        .map(|a| group(format!("{instance}.{a}.current_command")))
                        .collect(),
                }
            })
            .collect()
    }
}

/// The places of the joints that turn; of a robot that has none, those of all, which slide.
fn turning_joints(mechanism: &MechanismConfig) -> (Vec<usize>, Dimension) {
    let of = |kind: MotionKind| -> Vec<usize> {
        let coordinates = mechanism.coordinates.iter().enumerate();
        coordinates.filter(|(_, coordinate)| coordinate.kind == kind).map(|(place, _)| place).collect()
    };
    match of(MotionKind::Revolute) {
        turning if turning.is_empty() => (of(MotionKind::Prismatic), Dimension::LENGTH),
        turning => (turning, Dimension::ANGLE),
    }
}

/// Whether a fault may act on a group.
///
/// # Errors
/// Why not, in words.
pub fn may_fail(group: &GroupSpec) -> Result<(), &'static str> {
    match group.class {
        GroupClass::Truth => Err("it is what really happens, and no device reads it"),
        _ if group.path.starts_with("program.") => Err("it is the test's own book of what it does"),
        GroupClass::Instrument => Err("no device reads an instrument of the laboratory"),
        GroupClass::Information => Ok(()),
    }
}

fn fault_plan(model: &Model, placed: &PlacedFault) -> FaultPlan {
    let fault = &placed.fault;
    let element = model.layout.element(fault.target());
    let dimension = element.map_or_else(
        || model.layout.spec(placed.group).elements.first().map_or(Dimension::NUMBER, |e| e.dimension),
        |e| model.layout.element_spec(e).dimension,
    );
    FaultPlan {
        name: fault.name().to_owned(),
        kind: fault.kind().word().to_owned(),
        target: fault.target().to_owned(),
        dimension,
        codes: fault.codes().iter().map(|c| c.code.to_owned()).collect(),
        sentence: fault.sentence(),
        must_change: fault.must_change(),
    }
}
