//! Controllers from outside: which slots they fill, and what they are told of them.

use super::Compiler;
use crate::model::{Model, OutsideSlot};
use crate::schedule::{Node, Pace, Role, Task};
use trocar_control::outside::{ControllerConfig, GroupDescription, ParameterDescription, SlotDescription};
use trocar_signal::diagnostic::nearest;
use trocar_signal::{GroupClass, Nanos, Rate};

/// Most inboxes that a slot may have: a reply has one bit for each.
const MOST_INBOXES: usize = 64;

/// Whether a node is a slot, which somebody else may fill.
pub(crate) fn is_slot(role: Role) -> bool {
    matches!(role, Role::Controller | Role::Supervisor)
}

/// Changes the slots that the scenario fills with controllers from outside: what they read, remember, and when they run.
pub(super) fn prepare(compiler: &mut Compiler<'_>) {
    let controllers: Vec<(String, ControllerConfig)> = compiler
        .loaded
        .scenario
        .controllers
        .iter()
        .map(|(name, config)| (name.clone(), config.clone()))
        .collect();
    for (name, config) in controllers {
        let key = match name.contains('.') {
            true => format!("controllers.\"{name}\""),
            false => format!("controllers.{name}"),
        };
        let slots: Vec<usize> =
            (0..compiler.nodes.len()).filter(|i| is_slot(compiler.nodes[*i].role)).collect();
        let Some(place) = slots.iter().copied().find(|i| compiler.nodes[*i].registration.path == config.slot)
        else {
            let words = |text: &str| compiler.loaded.roles.in_words_of_the_method(text);
            let names: Vec<String> =
                slots.iter().map(|i| words(&compiler.nodes[*i].registration.path)).collect();
            let asked = words(&config.slot);
            let hint = nearest(&asked, names.iter().map(String::as_str));
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let what = format!("there is no slot `{asked}`{hint} (there is: {})", names.join(", "));
            compiler.problem(&format!("{key}.slot"), what);
            continue;
        };
        read_more(compiler, place, &config, &key);
        let node = &mut compiler.nodes[place];
        if let Pace::Task(task) = node.pace {
            let rate = config.rate.and_then(|rate| Rate::from_hz(rate.si())).unwrap_or(task.rate);
            let compute_time = config.compute_time.and_then(|time| Nanos::from_seconds(time.si()));
            let compute_time = compute_time.unwrap_or(task.compute_time);
            node.pace = Pace::Task(Task { rate, compute_time, ..task });
            tell_compute_time(node, compute_time.seconds());
        }
        if let Pace::Task(task) = compiler.nodes[place].pace
            && task.rate.hz() > compiler.step_rate.hz()
        {
            let what = format!("is faster than the scene's steps, {}", compiler.step_rate);
            compiler.problem(&format!("{key}.rate"), what);
        }
        let node = &mut compiler.nodes[place];
        let own = node.registration.state_names.len();
        let wanted = config.state_words.map_or(own, |words| words as usize);
        node.registration.state_words((own..wanted).map(|word| format!("word[{word}]")));
        if node.registration.inboxes.len() > MOST_INBOXES {
            compiler.problem(&key, "this slot has more than 64 inboxes, and no reply could take them all");
        }
    }
}

/// The compute time is a parameter of its slot, so that tables show it.
fn tell_compute_time(node: &mut Node, seconds: f64) {
    let path = format!("{}.compute_time", node.registration.path);
    for parameter in &mut node.registration.parameters {
        if parameter.path == path {
            parameter.nominal = seconds;
        }
    }
}

fn read_more(compiler: &mut Compiler<'_>, place: usize, config: &ControllerConfig, key: &str) {
    for (number, path) in config.reads.iter().enumerate() {
        let key = format!("{key}.reads[{number}]");
        let Some(group) = compiler.layout.group(path) else {
            let layout = compiler.layout.clone();
            compiler.unknown_signal(&key, path, &layout);
            continue;
        };
        let spec = compiler.layout.spec(group);
        if spec.class != GroupClass::Information || spec.path.split('.').any(|part| part == "truth") {
            compiler.problem(
                &key,
                "only an instrument may see this; a controller has the device's signals alone",
            );
            continue;
        }
        let sensed = compiler.nodes.iter().any(|node| {
            matches!(node.role, Role::Sensor | Role::Channel)
                && node.registration.writes.iter().any(|written| written.path == *path)
        });
        let registration = &mut compiler.nodes[place].registration;
        if registration.reads.iter().any(|read| read.path == *path) {
            compiler.problem(&key, "the slot reads this anyway");
        } else if sensed {
            registration.read(path);
        } else {
            // Whatever else writes it may itself wait for this slot.
            registration.read_previous(path);
        }
    }
}

/// Puts the controllers into a compiled model. `changes`: the parameters that the case changes.
pub(super) fn fill(compiler: &Compiler<'_>, model: &mut Model, changes: &[(usize, f64)]) {
    for (name, config) in &compiler.loaded.scenario.controllers {
        let Some(seat) = model.seats.iter().position(|seat| seat.path == config.slot) else { continue };
        let description = describe(compiler, model, name, seat, changes);
        model.seats[seat].outside = Some(model.outside.len());
        model.outside.push(OutsideSlot { seat, config: config.clone(), description });
    }
}

fn describe(
    compiler: &Compiler<'_>,
    model: &Model,
    name: &str,
    seat: usize,
    changes: &[(usize, f64)],
) -> SlotDescription {
    let mut slot = describe_slot(model, seat);
    let first = model.seats[seat].first_parameter;
    for (place, value) in changes {
        if let Some(parameter) = place.checked_sub(first).and_then(|own| slot.parameters.get_mut(own)) {
            parameter.value = *value;
        }
    }
    let settings = compiler.arms.get(&slot.robot).and_then(|arm| arm.slot_settings.get(&slot.slot));
    let of_masters = || super::masters::settings(compiler, &slot.robot);
    slot.settings = settings.cloned().or_else(of_masters).unwrap_or(serde_json::Value::Null);
    name.clone_into(&mut slot.controller);
    slot
}

/// The slots of a model, which controllers from outside may fill: what each reads, writes, is parameterised by and
/// remembers. Without the settings that its controller is told, and without a controller's name.
#[must_use]
pub fn slots(model: &Model) -> Vec<SlotDescription> {
    let seats = model.seats.iter().enumerate().filter(|(_, seat)| is_slot(seat.role));
    seats.map(|(seat, _)| describe_slot(model, seat)).collect()
}

fn describe_slot(model: &Model, seat: usize) -> SlotDescription {
    let place = &model.seats[seat];
    let group = |id: &trocar_signal::GroupId| {
        // A command that a client of the scenario writes has the client as its writer, and the device as its owner.
        GroupDescription::new(model.layout.spec(*id), place.inboxes.contains(id))
    };
    let parameters = &model.parameters[place.first_parameter..place.first_parameter + place.parameter_count];
    let task = model.task(seat);
    let (robot, kind) = place.path.split_once('.').unwrap_or(("", &place.path));
    SlotDescription {
        controller: String::new(),
        slot: place.path.clone(),
        kind: kind.to_owned(),
        robot: robot.to_owned(),
        rate_hz: task.map_or(model.step_rate.hz(), |task| task.rate.hz()),
        compute_time_s: task.map_or(0.0, |task| task.compute_time.seconds()),
        step_rate_hz: model.step_rate.hz(),
        seed: model.seed,
        inputs: place.reads.iter().map(group).collect(),
        outputs: place.writes.iter().map(group).collect(),
        parameters: parameters.iter().map(|p| ParameterDescription::new(p, p.nominal)).collect(),
        state: place.word_names.clone(),
        settings: serde_json::Value::Null,
    }
}
