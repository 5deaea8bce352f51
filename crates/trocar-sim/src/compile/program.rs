//! The phases of a scenario as a program.

use super::{Compiler, masters, stimuli};
use crate::assemble::is_superseding;
use crate::program::{Inbox, MAX_SIGNALS, Meanwhile, Phase, Program, Send};
use crate::schedule::{Node, Pace, Role};
use crate::scope::signal_of;
use std::collections::{BTreeMap, BTreeSet};
use trocar_logic::{Condition, Trigger, TriggerConfig};
use trocar_scenario::join_key;
use trocar_scenario::phase::{Command, Commands, PhaseConfig, Refusals};
use trocar_scenario::scenario::Drawn;
use trocar_signal::diagnostic::nearest;
use trocar_signal::{AnyQuantity, Diagnostic, Dimension, GroupKind, GroupSpec, Layout, Nanos, Registration};

/// The program with what it is made of.
pub(crate) struct Made {
    phases: Vec<Phase>,
    inboxes: Vec<Inbox>,
    constants: Vec<crate::scope::Constant>,
    pub poses: Vec<String>,
}

impl Made {
    pub(crate) fn into_node(self, layout: &Layout) -> Node {
        let mut registration = Registration::new("program");
        let program = Program::new(self.phases, self.inboxes, self.constants, layout, &mut registration);
        Node { registration, component: Box::new(program), pace: Pace::EveryStep, role: Role::Client }
    }
}

pub(crate) fn compile(compiler: &mut Compiler<'_>) -> Made {
    let poses = poses(compiler);
    // Postures follow the poses: a motion's target is one number in both.
    let postures = compiler.loaded.scenario.postures.keys();
    let names: Vec<String> = poses.iter().map(|(name, _)| name).chain(postures).cloned().collect();
    let mut inboxes = Inboxes { list: Vec::new() };
    let mut phases = Vec::new();
    let named: Vec<String> = compiler.loaded.scenario.phases.iter().map(|p| p.name.clone()).collect();
    for (place, config) in compiler.loaded.scenario.phases.iter().enumerate() {
        let key = format!("phases[{place}]");
        let opening = sends(compiler, &key, &config.send, &mut inboxes, &poses);
        let action = stimuli::action(compiler, &key, config, &mut inboxes, &poses);
        let until =
            config.until.as_ref().and_then(|until| trigger(compiler, &format!("{key}.until"), until, &named));
        let mut meanwhile = Vec::new();
        for (i, one) in config.meanwhile.iter().enumerate() {
            let key = format!("{key}.meanwhile[{i}]");
            let sends = sends(compiler, &key, &one.send, &mut inboxes, &poses);
            if let Some(on) = trigger(compiler, &format!("{key}.on"), &one.on, &named) {
                meanwhile.push(Meanwhile { on, sends });
            }
        }
        let nanos = |d: trocar_signal::quantity::Duration| Nanos::from_seconds(d.si());
        phases.push(Phase {
            name: config.name.clone(),
            sends: opening,
            action,
            repeat: u64::from(config.repeat),
            meanwhile,
            may_refuse: config.refusals == Refusals::Allowed,
            until,
            lasts: config.lasts.and_then(nanos),
            within: config.within.and_then(nanos),
        });
    }
    let groups: BTreeSet<_> = phases
        .iter()
        .flat_map(Phase::triggers)
        .flat_map(Trigger::conditions)
        .flat_map(Condition::operands)
        .filter_map(|operand| Some(signal_of(operand.id)?.group))
        .collect();
    if groups.len() > MAX_SIGNALS {
        compiler
            .problem("phases", format!("the conditions of all phases read more than {MAX_SIGNALS} signals"));
    }
    // Where a command is not known, it may be the one that varies.
    if compiler.found.iter().all(|found| !matches!(found.code.as_str(), "unknown-signal" | "no-tool-tip")) {
        start_delays(compiler, &mut inboxes);
    }
    Made { phases, inboxes: inboxes.list, constants: compiler.constants.clone(), poses: names }
}

/// A trigger of a phase, over the groups that there are before the program.
fn trigger(
    compiler: &mut Compiler<'_>,
    key: &str,
    config: &TriggerConfig,
    phases: &[String],
) -> Option<Trigger> {
    let layout = compiler.layout.clone();
    compiler.trigger(key, config, &layout, phases)
}

/// The inboxes that the program uses, each once.
pub(crate) struct Inboxes {
    pub list: Vec<Inbox>,
}

impl Inboxes {
    pub fn find(&mut self, compiler: &mut Compiler<'_>, key: &str, path: &str) -> Option<usize> {
        if let Some(at) = self.list.iter().position(|inbox| inbox.spec.path == path) {
            return Some(at);
        }
        let spec = compiler
            .nodes
            .iter()
            .flat_map(|n| &n.registration.inboxes)
            .find(|spec| spec.path == path)
            .cloned();
        let Some(spec) = spec else {
            let inboxes = compiler.nodes.iter().flat_map(|n| &n.registration.inboxes);
            let known: Vec<&str> = inboxes.map(|spec| spec.path.as_str()).collect();
            let near = nearest(path, known.iter().copied()).map(str::to_owned);
            let words: Vec<String> =
                known.iter().map(|path| compiler.loaded.roles.in_words_of_the_method(path)).collect();
            let place = match key.contains(".send.") {
                true => compiler.loaded.spans.key(key),
                false => compiler.loaded.spans.value(key),
            };
            let mut notes = format!("commands here: {}", words.join(", "));
            let instance =
                path.strip_suffix(".servo_jf").filter(|instance| compiler.arms.contains_key(*instance));
            if let Some(robot) = instance.and_then(|instance| compiler.loaded.scene.robots.get(instance)) {
                let title = &robot.robot.title;
                notes = format!(
                    "{title} takes no efforts: that needs an `effort`, the largest that may be asked for, at each of its `[[arm.joints]]`. \
                     Its {notes}"
                );
            }
            compiler.unknown(key, place, path, near, notes);
            return None;
        };
        if let Some(driver) = masters::driver_of(compiler, path) {
            let what = format!(
                "the teleoperation `{driver}` sends this command here, and a command has one sender: move what it \
                 follows, or send another command of the arm, e.g. `move_cp`"
            );
            compiler.problem(key, what);
            return None;
        }
        let (instance, rest) = path.split_once('.')?;
        let supersedes = is_superseding(&spec);
        let of = |name: &str| format!("{instance}.{name}");
        self.list.push(match compiler.arms.get(instance) {
            Some(arm) => {
                let setpoint = match spec.kind {
                    GroupKind::Pose => "setpoint_cp",
                    _ if rest.starts_with("jaw.") => "jaw.setpoint_js",
                    _ => "setpoint_js",
                };
                Inbox {
                    supersedes,
                    setpoint: spec
                        .elements
                        .first()
                        .is_some_and(|e| e.dimension != Dimension::NUMBER)
                        .then(|| of(setpoint))
                        .filter(|_| {
                            matches!(spec.kind, GroupKind::Vector | GroupKind::Scalar | GroupKind::Pose)
                        }),
                    busy: Some(of("is_busy")),
                    refused: Some(of("error_event")),
                    feedback: of("measured_js"),
                    settle: arm.settle,
                    start_delay_s: None,
                    // A joint state holds positions, velocities and efforts.
                    setpoint_at: if is_effort(&spec) { 2 * spec.elements.len() } else { 0 },
                    spec,
                }
            }
            // A motion generator, or else a teleoperation.
            None => {
                let is_generator = spec.kind == GroupKind::Point;
                let setpoint = is_generator.then(|| of("generator.setpoint_cp"));
                Inbox {
                    supersedes,
                    busy: None,
                    refused: (!is_generator).then(|| of("error_event")),
                    feedback: setpoint.clone().unwrap_or_else(|| of("operating_state")),
                    setpoint,
                    settle: Nanos::ZERO,
                    start_delay_s: None,
                    setpoint_at: 0,
                    spec,
                }
            }
        });
        Some(self.list.len() - 1)
    }
}

fn sends(
    compiler: &mut Compiler<'_>,
    key: &str,
    config: &BTreeMap<String, Commands>,
    inboxes: &mut Inboxes,
    poses: &[(String, Vec<f64>)],
) -> Vec<Send> {
    let mut sends = Vec::new();
    for (path, commands) in config {
        let key = format!("{key}.send.\"{path}\"");
        let Some(inbox) = inboxes.find(compiler, &key, path) else { continue };
        for (i, command) in commands.list().iter().enumerate() {
            let key = match commands {
                Commands::One(_) => key.clone(),
                Commands::Many(_) => format!("{key}[{i}]"),
            };
            let values = match command {
                Command::Word(word) => word_values(compiler, &key, &inboxes.list[inbox], word, poses),
                Command::Joints(joints) => joint_values(compiler, &key, &inboxes.list[inbox], joints),
            };
            sends.extend(values.map(|values| Send { inbox, values }));
        }
    }
    sends
}

/// The values of a word: a state's place, or a pose.
fn word_values(
    compiler: &mut Compiler<'_>,
    key: &str,
    inbox: &Inbox,
    word: &str,
    poses: &[(String, Vec<f64>)],
) -> Option<Vec<Option<f64>>> {
    match &inbox.spec.kind {
        GroupKind::State(states) => {
            if let Some(at) = states.iter().position(|s| s == word) {
                return Some(vec![Some(at as f64)]);
            }
            let title = format!("this command does not take `{word}`");
            unknown(compiler, key, "unknown-value", title, word, states, "it takes: ");
        }
        GroupKind::Pose => {
            if let Some((_, values)) = poses.iter().find(|(name, _)| name == word) {
                return Some(values.iter().copied().map(Some).collect());
            }
            let names: Vec<String> = poses.iter().map(|(name, _)| name.clone()).collect();
            let title = format!("there is no pose `{word}`");
            unknown(compiler, key, "unknown-name", title, word, &names, "the poses are: ");
        }
        GroupKind::Scalar if inbox.spec.elements.iter().all(|e| e.dimension == Dimension::NUMBER) => {
            match AnyQuantity::parse(word) {
                Ok(quantity) if quantity.dimension == Dimension::NUMBER => {
                    return Some(vec![Some(quantity.si)]);
                }
                Ok(quantity) => {
                    let what =
                        format!("a number is meant here, e.g. \"50 %\", and this is {}", quantity.dimension);
                    compiler.problem(key, what);
                }
                Err(error) => {
                    compiler.problem(key, format!("{error}: a number is meant here, e.g. \"50 %\""))
                }
            }
        }
        _ => {
            if let Some(joints) = compiler.loaded.scenario.postures.get(word) {
                return joint_values(compiler, key, inbox, joints);
            }
            let what = "this command takes positions, not words: e.g. { yaw = \"5 deg\" }, or the name of one of `[postures]`";
            compiler.problem(key, what);
        }
    }
    None
}

/// Nothing is called so: the nearest name, and the names that there are.
fn unknown(
    compiler: &mut Compiler<'_>,
    key: &str,
    code: &str,
    title: String,
    name: &str,
    known: &[String],
    list: &str,
) {
    let place = compiler.loaded.spans.value(key);
    let near = nearest(name, known.iter().map(String::as_str));
    let hint = near.map_or(String::new(), |near| format!("did you mean `{near}`?"));
    let mistake = Diagnostic::error(code, title).at(place.file, place.range, hint);
    compiler.found.push(mistake.note(format!("{list}{}", known.join(", "))));
}

/// The values of joint positions by name.
pub(crate) fn joint_values(
    compiler: &mut Compiler<'_>,
    key: &str,
    inbox: &Inbox,
    joints: &BTreeMap<String, AnyQuantity>,
) -> Option<Vec<Option<f64>>> {
    if inbox.setpoint.is_none() || inbox.spec.kind == GroupKind::Pose {
        let takes = match &inbox.spec.kind {
            GroupKind::State(states) => format!("one of: {}", states.join(", ")),
            _ => "the name of a pose".to_owned(),
        };
        compiler.problem(key, format!("this command takes no joint positions but {takes}"));
        return None;
    }
    let mut values = vec![None; inbox.spec.elements.len()];
    for (joint, quantity) in joints {
        let at = join_key(key, joint);
        let Some(element) = joint_element(compiler, &at, &inbox.spec, joint) else { continue };
        let (meant, is) = (inbox.spec.elements[element].dimension, quantity.dimension);
        values[element] = Some(match joint_range(compiler, &inbox.spec, element) {
            Some((lower, upper)) if is == Dimension::NUMBER => lower + quantity.si * (upper - lower),
            _ => quantity.si,
        });
        let or = if is_effort(&inbox.spec) { "" } else { ", or a percentage of the joint's range," };
        if is != meant && (is != Dimension::NUMBER || or.is_empty()) {
            compiler.problem(&at, format!("{meant}{or} is meant here, and this is {is}"));
        }
    }
    Some(values)
}

/// The limits of the joint that a number of a joint command moves; `None` for a number that is of no joint.
pub(crate) fn joint_range(compiler: &Compiler<'_>, spec: &GroupSpec, element: usize) -> Option<(f64, f64)> {
    let instance = spec.path.split('.').next()?;
    let joints = compiler.loaded.scene.robots.get(instance)?.robot.joints().ok()?;
    if is_effort(spec) {
        return None;
    }
    let joint = match spec.elements.get(element)?.name.strip_prefix("position.") {
        Some(name) => joints.joints().iter().find(|joint| joint.name == name)?,
        None => joints.jaw()?,
    };
    Some((joint.lower, joint.upper))
}

/// Whether a joint command is one of efforts.
fn is_effort(spec: &GroupSpec) -> bool {
    spec.elements.first().is_some_and(|element| element.name.starts_with("effort."))
}

/// What stands before a joint's name in the names of a command's numbers.
pub(crate) fn element_prefix(spec: &GroupSpec) -> &'static str {
    if is_effort(spec) { "effort." } else { "position." }
}

/// The place of a joint in a joint command.
pub(crate) fn joint_element(
    compiler: &mut Compiler<'_>,
    key: &str,
    spec: &GroupSpec,
    joint: &str,
) -> Option<usize> {
    let prefix = element_prefix(spec);
    let wanted = format!("{prefix}{joint}");
    let at = spec.elements.iter().position(|e| e.name == wanted || (e.name == "position" && joint == "jaw"));
    if at.is_none() {
        let known = spec.elements.iter().filter_map(|e| e.name.strip_prefix(prefix));
        let known: Vec<String> = known.map(str::to_owned).collect();
        let (one, all) = match spec.kind {
            GroupKind::Point => ("axis", "the axes are "),
            _ => ("joint", "the joints are "),
        };
        let title = format!("there is no {one} `{joint}`");
        unknown(compiler, key, "unknown-name", title, joint, &known, all);
    }
    at
}

/// Poses by name, as values of a Cartesian command in the arm's base.
fn poses(compiler: &mut Compiler<'_>) -> Vec<(String, Vec<f64>)> {
    let Some(config) = &compiler.loaded.scenario.poses else { return Vec::new() };
    let key =
        if compiler.loaded.spans.contains("poses.cube.frame") { "poses.cube.frame" } else { "poses.frame" };
    let Some((_, centre)) = frame_in_base(compiler, key, config.frame()) else { return Vec::new() };
    config
        .poses()
        .into_iter()
        .map(|pose| {
            let [x, y, z] = pose.position_in_frame_m;
            let mut values = vec![x + centre.x, y + centre.y, z + centre.z];
            values.extend(pose.orientation_in_frame_xyzw);
            (pose.name, values)
        })
        .collect()
}

/// The robot of a frame, and where the frame's origin lies in the robot's base, m; the axes are those of the base.
pub(crate) fn frame_in_base(
    compiler: &mut Compiler<'_>,
    key: &str,
    frame: &str,
) -> Option<(String, nalgebra::Vector3<f64>)> {
    let Some((instance, which)) = frame.split_once('.') else {
        compiler.problem(key, "a frame belongs to a device: e.g. `arm.remote_centre` or `arm.base`");
        return None;
    };
    let centre = match (compiler.arms.get(instance), which) {
        (Some(_), "base") => Some(nalgebra::Vector3::zeros()),
        (Some(arm), "remote_centre") => arm.remote_centre_in_base_m,
        _ => None,
    };
    if centre.is_none() {
        let words = compiler.loaded.roles.in_words_of_the_method(frame);
        compiler.problem(
            key,
            format!("there is no frame `{words}`; a robot has `base`, and `remote_centre` if it pivots"),
        );
    }
    Some((instance.to_owned(), centre?))
}

/// `"arm.move_cp.start" = { uniform = [...] }`: the phase of commands against the device's clocks.
fn start_delays(compiler: &mut Compiler<'_>, inboxes: &mut Inboxes) {
    for (path, law) in &compiler.loaded.scenario.variation {
        let Some(command) = path.strip_suffix(".start") else { continue };
        let key = format!("variation.\"{path}\"");
        let Some(inbox) = inboxes.list.iter_mut().find(|inbox| inbox.spec.path == command) else {
            let words = compiler.loaded.roles.in_words_of_the_method(command);
            let used: BTreeSet<&str> =
                compiler.loaded.method.phases.iter().flat_map(PhaseConfig::commands).collect();
            let used: Vec<String> = used.into_iter().map(|name| format!("`{name}.start`")).collect();
            let remedy = format!("its phases use {}; or leave this line out", used.join(", "));
            compiler.problem(&key, format!("no phase uses the command `{words}`: {remedy}"));
            compiler.recode("unused-command");
            continue;
        };
        match law.uniform {
            Some([from, to])
                if law.drawn == Drawn::EachMotion
                    && from.dimension == Dimension::TIME
                    && to.dimension == Dimension::TIME
                    && from.si >= 0.0
                    && to.si > from.si =>
            {
                inbox.start_delay_s = Some((from.si, to.si));
            }
            _ => compiler.problem(
                &key,
                "a start varies `uniform` between two times from 0 s on, `drawn = \"each motion\"`",
            ),
        }
    }
}
