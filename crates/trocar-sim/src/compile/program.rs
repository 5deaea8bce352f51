//! The phases of a scenario as a program.

use super::Compiler;
use crate::assemble::is_superseding;
use crate::program::{Action, Inbox, MAX_COMMAND, MAX_SIGNALS, Phase, Program, Send, Travel};
use crate::schedule::{Node, Pace, Role};
use crate::scope::{SignalScope, signal_of};
use std::collections::{BTreeMap, BTreeSet};
use trocar_logic::Condition;
use trocar_scenario::phase::PhaseConfig;
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
    let names: Vec<String> = poses.iter().map(|(name, _)| name.clone()).collect();
    let mut inboxes = Inboxes { list: Vec::new() };
    let mut phases = Vec::new();
    for (place, config) in compiler.loaded.scenario.phases.iter().enumerate() {
        let key = format!("phases[{place}]");
        let sends = sends(compiler, &key, config, &mut inboxes);
        let action = action(compiler, &key, config, &mut inboxes, &poses);
        let roles = BTreeMap::new();
        let scope = SignalScope { layout: &compiler.layout, roles: &roles, constants: &compiler.constants };
        let until = match config.until.as_ref().map(|text| Condition::compile(text, &scope)) {
            None => None,
            Some(Ok(condition)) => Some(condition),
            Some(Err(errors)) => {
                compiler.formula_errors(&format!("{key}.until"), &errors);
                None
            }
        };
        let nanos = |d: trocar_signal::quantity::Duration| Nanos::from_seconds(d.si());
        phases.push(Phase {
            name: config.name.clone(),
            sends,
            action,
            repeat: u64::from(config.repeat),
            until,
            lasts: config.lasts.and_then(nanos),
            within: config.within.and_then(nanos),
        });
    }
    let groups: BTreeSet<_> = phases
        .iter()
        .filter_map(|phase: &Phase| phase.until.as_ref())
        .flat_map(Condition::operands)
        .filter_map(|operand| Some(signal_of(operand.id)?.group))
        .collect();
    if groups.len() > MAX_SIGNALS {
        compiler
            .problem("phases", format!("the conditions of all phases read more than {MAX_SIGNALS} signals"));
    }
    // Where a command is not known, it may be the one that varies.
    if compiler.found.iter().all(|found| found.code != "unknown-signal") {
        start_delays(compiler, &mut inboxes);
    }
    Made { phases, inboxes: inboxes.list, constants: compiler.constants.clone(), poses: names }
}

/// The inboxes that the program uses, each once.
struct Inboxes {
    list: Vec<Inbox>,
}

impl Inboxes {
    fn find(&mut self, compiler: &mut Compiler<'_>, key: &str, path: &str) -> Option<usize> {
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
            compiler.unknown(key, place, path, near, format!("commands here: {}", words.join(", ")));
            return None;
        };
        let (instance, rest) = path.split_once('.')?;
        let arm = compiler.arms.get(instance)?;
        let setpoint = if rest.starts_with("jaw.") { "jaw.setpoint_js" } else { "setpoint_js" };
        let supersedes = is_superseding(&spec);
        self.list.push(Inbox {
            supersedes,
            setpoint: spec
                .elements
                .first()
                .is_some_and(|e| e.dimension != Dimension::NUMBER)
                .then(|| format!("{instance}.{setpoint}"))
                .filter(|_| spec.kind == GroupKind::Vector || spec.kind == GroupKind::Scalar),
            busy: format!("{instance}.is_busy"),
            refused: format!("{instance}.error_event"),
            feedback: format!("{instance}.measured_js"),
            settle: arm.settle,
            start_delay_s: None,
            spec,
        });
        Some(self.list.len() - 1)
    }
}

fn sends(compiler: &mut Compiler<'_>, key: &str, config: &PhaseConfig, inboxes: &mut Inboxes) -> Vec<Send> {
    let mut sends = Vec::new();
    for (path, words) in &config.send {
        let key = format!("{key}.send.\"{path}\"");
        let Some(inbox) = inboxes.find(compiler, &key, path) else { continue };
        let GroupKind::State(states) = inboxes.list[inbox].spec.kind.clone() else {
            compiler.problem(&key, "this command takes positions, not words: use `move`, `step` or `ramp`");
            continue;
        };
        for (number, word) in words.0.iter().enumerate() {
            match states.iter().position(|s| s == word) {
                Some(at) => sends.push(Send { inbox, values: vec![at as f64] }),
                None => {
                    let item = format!("{key}[{number}]");
                    let item = if compiler.loaded.spans.contains(&item) { &item } else { &key };
                    let place = compiler.loaded.spans.value(item);
                    let near = nearest(word, states.iter().map(String::as_str));
                    let hint = near.map_or(String::new(), |near| format!("did you mean `{near}`?"));
                    compiler.found.push(
                        Diagnostic::error("unknown-value", format!("this command does not take `{word}`"))
                            .at(place.file, place.range, hint)
                            .note(format!("it takes: {}", states.join(", "))),
                    );
                }
            }
        }
    }
    sends
}

fn action(
    compiler: &mut Compiler<'_>,
    key: &str,
    config: &PhaseConfig,
    inboxes: &mut Inboxes,
    poses: &[(String, Vec<f64>)],
) -> Action {
    let nanos = |d: trocar_signal::quantity::Duration| Nanos::from_seconds(d.si()).unwrap_or(Nanos::ZERO);
    if let Some(motion) = &config.motion {
        let key = format!("{key}.move.command");
        let Some(inbox) = inboxes.find(compiler, &key, &motion.command) else { return Action::Wait };
        if inboxes.list[inbox].spec.kind != GroupKind::Pose {
            compiler.problem(&key, "a move through poses needs a Cartesian command, e.g. `arm.move_cp`");
            return Action::Wait;
        }
        let through = motion
            .through
            .iter()
            .filter_map(|name| {
                let at = poses.iter().position(|(known, _)| known == name)?;
                Some((at, poses[at].1.clone()))
            })
            .collect();
        return Action::Move { inbox, through, dwell: nanos(motion.dwell) };
    }
    if let Some(step) = &config.step {
        let key = format!("{key}.step");
        let found = joint(compiler, &key, &step.command, &step.joint, inboxes);
        let Some((inbox, element, dimension)) = found else { return Action::Wait };
        let travel = travel(compiler, &key, step.by, step.to, dimension);
        return Action::Step { inbox, element, travel, hold: nanos(step.hold) };
    }
    if let Some(ramp) = &config.ramp {
        let key = format!("{key}.ramp");
        let found = joint(compiler, &key, &ramp.command, &ramp.joint, inboxes);
        let Some((inbox, element, dimension)) = found else { return Action::Wait };
        let travel = travel(compiler, &key, ramp.by, ramp.to, dimension);
        let speed = dimension.over(Dimension::TIME);
        if ramp.speed.dimension != speed {
            let is = ramp.speed.dimension;
            compiler.problem(&format!("{key}.speed"), format!("{speed} is meant here, and this is {is}"));
        }
        return Action::Ramp { inbox, element, travel, speed: ramp.speed.si, hold: nanos(ramp.hold) };
    }
    Action::Wait
}

/// The inbox, the place and the dimension of a joint of a joint command.
fn joint(
    compiler: &mut Compiler<'_>,
    key: &str,
    command: &str,
    joint: &str,
    inboxes: &mut Inboxes,
) -> Option<(usize, usize, Dimension)> {
    let inbox = inboxes.find(compiler, &format!("{key}.command"), command)?;
    let spec: &GroupSpec = &inboxes.list[inbox].spec;
    if !inboxes.list[inbox].supersedes
        || inboxes.list[inbox].setpoint.is_none()
        || spec.elements.len() > MAX_COMMAND
    {
        let what = "a step or ramp needs a joint command that supersedes, e.g. `arm.servo_jp`";
        compiler.problem(&format!("{key}.command"), what);
        return None;
    }
    let wanted = format!("position.{joint}");
    let at = spec.elements.iter().position(|e| e.name == wanted || (e.name == "position" && joint == "jaw"));
    match at {
        Some(at) => Some((inbox, at, spec.elements[at].dimension)),
        None => {
            let known: Vec<&str> =
                spec.elements.iter().filter_map(|e| e.name.strip_prefix("position.")).collect();
            let hint = nearest(joint, known.iter().copied())
                .map_or(String::new(), |near| format!("did you mean `{near}`?"));
            let place = compiler.loaded.spans.value(&format!("{key}.joint"));
            compiler.found.push(
                Diagnostic::error("unknown-name", format!("there is no joint `{joint}`"))
                    .at(place.file, place.range, hint)
                    .note(format!("the joints are {}", known.join(", "))),
            );
            None
        }
    }
}

fn travel(
    compiler: &mut Compiler<'_>,
    key: &str,
    by: Option<AnyQuantity>,
    to: Option<AnyQuantity>,
    meant: Dimension,
) -> Travel {
    let (field, quantity) = match (by, to) {
        (Some(by), _) => ("by", by),
        (None, Some(to)) => ("to", to),
        // The file's own check has refused a motion with neither.
        (None, None) => return Travel::By(0.0),
    };
    if quantity.dimension != meant {
        let is = quantity.dimension;
        compiler.problem(&format!("{key}.{field}"), format!("{meant} is meant here, and this is {is}"));
    }
    if field == "by" { Travel::By(quantity.si) } else { Travel::To(quantity.si) }
}

/// Poses by name, as values of a Cartesian command in the arm's base.
fn poses(compiler: &mut Compiler<'_>) -> Vec<(String, Vec<f64>)> {
    let Some(config) = &compiler.loaded.scenario.poses else { return Vec::new() };
    let frame = config.frame().to_owned();
    let key =
        if compiler.loaded.spans.contains("poses.cube.frame") { "poses.cube.frame" } else { "poses.frame" };
    let Some((instance, which)) = frame.split_once('.') else {
        compiler.problem(key, "a frame belongs to a device: e.g. `arm.remote_centre` or `arm.base`");
        return Vec::new();
    };
    let centre = match (compiler.arms.get(instance), which) {
        (Some(_), "base") => Some(nalgebra::Vector3::zeros()),
        (Some(arm), "remote_centre") => arm.remote_centre_in_base_m,
        _ => None,
    };
    let Some(centre) = centre else {
        let words = compiler.loaded.roles.in_words_of_the_method(&frame);
        compiler.problem(
            key,
            format!("there is no frame `{words}`; an arm has `base`, and `remote_centre` if it pivots"),
        );
        return Vec::new();
    };
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

/// `"arm.move_cp.start" = { uniform = [...] }`: the phase of commands against the device's clocks.
fn start_delays(compiler: &mut Compiler<'_>, inboxes: &mut Inboxes) {
    for (path, law) in &compiler.loaded.scenario.variation {
        let Some(command) = path.strip_suffix(".start") else { continue };
        let key = format!("variation.\"{path}\"");
        let Some(inbox) = inboxes.list.iter_mut().find(|inbox| inbox.spec.path == command) else {
            let words = compiler.loaded.roles.in_words_of_the_method(command);
            compiler.problem(&key, format!("no phase uses the command `{words}`"));
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
