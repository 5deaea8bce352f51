//! Master handles and teleoperations of a scenario: the components that they are.

use super::Compiler;
use crate::case::TeleoperationGroups;
use crate::model::Model;
use crate::schedule::{Node, Pace, Role, Task};
use nalgebra::{Quaternion, UnitQuaternion};
use trocar_control::{Teleoperation, TeleoperationSettings};
use trocar_plant::{Channel, HandleSensor, MotionGenerator};
use trocar_scenario::teleoperation::{TeleoperationConfig, TipOrientation};
use trocar_signal::{
    Component, Diagnostic, GroupClass, GroupKind, GroupSpec, Nanos, Problem, Provenance, Rate, Registration,
    Standing,
};

/// The teleoperation that sends a command.
pub(super) fn driver_of<'a>(compiler: &Compiler<'a>, command: &str) -> Option<&'a str> {
    let mut all = compiler.loaded.scenario.teleoperations.iter();
    all.find(|(_, config)| config.drives == command).map(|(name, _)| name.as_str())
}

/// What the built-in controller of a teleoperation's slot knows beside its parameters, for who fills it from outside.
pub(super) fn settings(compiler: &Compiler<'_>, name: &str) -> Option<serde_json::Value> {
    let config = compiler.loaded.scenario.teleoperations.get(name)?;
    Some(serde_json::json!({
        "base_from_master_xyzw": config.axes.quaternion_xyzw(),
        "follows_orientation": config.orientation == TipOrientation::Followed,
    }))
}

/// What a run looks at of each teleoperation.
pub(super) fn groups(compiler: &Compiler<'_>, model: &Model) -> Vec<TeleoperationGroups> {
    let found = compiler.loaded.scenario.teleoperations.keys().filter_map(|name| {
        let group = |key: &str| model.layout.group(&format!("{name}.{key}"));
        Some(TeleoperationGroups {
            name: name.clone(),
            operating_state: group("operating_state")?,
            fault: trocar_control::teleoperation::FAULT as f64,
            error: group("error")?,
        })
    });
    found.collect()
}

/// Adds the components of handles and teleoperations, and their groups to what there is.
///
/// # Errors
/// Every mistake found.
pub(super) fn add(compiler: &mut Compiler<'_>) -> Result<(), Vec<Diagnostic>> {
    let loaded = compiler.loaded;
    // What a method says of its masters is set by whoever writes it, unless a number says otherwise.
    let provenance =
        Provenance { sources: &loaded.scenario.sources, source: None, standing: Standing::Declared };
    for (name, config) in &loaded.scenario.handles {
        let key = format!("handles.{name}");
        let mut registration = Registration::new(format!("{name}.generator"));
        let generator = MotionGenerator::new(name, config, &provenance, &mut registration);
        push(compiler, &key, registration, generator, Some(Pace::EveryStep), Role::Mechanism);
        let mut registration = Registration::new(format!("{name}.sensor"));
        let sensor = HandleSensor::new(name, config, &provenance, &mut registration);
        let pace = task(config.sensor.rate.value.si(), 0.0);
        push(compiler, &key, registration, sensor, pace, Role::Sensor);
        too_fast(compiler, &format!("{key}.sensor.rate"), pace);
    }
    compiler.stop_on_mistakes()?;
    compiler.layout = compiler.groups_so_far()?;
    let mut driven: Vec<&str> = Vec::new();
    for (name, config) in &loaded.scenario.teleoperations {
        if driven.contains(&config.drives.as_str()) {
            compiler.problem(
                &format!("teleoperations.{name}.drives"),
                "another teleoperation sends this command already, and a command has one sender",
            );
        }
        driven.push(&config.drives);
        teleoperation(compiler, &provenance, name, config);
    }
    compiler.stop_on_mistakes()?;
    compiler.layout = compiler.groups_so_far()?;
    Ok(())
}

fn teleoperation(
    compiler: &mut Compiler<'_>,
    provenance: &Provenance<'_>,
    name: &str,
    config: &TeleoperationConfig,
) -> Option<()> {
    let key = format!("teleoperations.{name}");
    let master = master(compiler, &format!("{key}.follows"), &config.follows);
    let arm = arm(compiler, &format!("{key}.drives"), &config.drives);
    let (master, arm) = (master?, arm?);
    if config.follows.starts_with(&format!("{arm}.")) {
        compiler.problem(
            &format!("{key}.follows"),
            "an arm cannot follow itself: name a master, e.g. `master.measured_cp`",
        );
        return None;
    }
    silent_by_itself(compiler, &key, &master, config.time_out.value.si());
    let arrives = format!("{name}.master.measured_cp");
    let mut registration = Registration::new(format!("{name}.channel"));
    let channel = Channel::new(&config.channel(), &master, &arrives, provenance, &mut registration);
    push(compiler, &format!("{key}.channel"), registration, channel, Some(Pace::EveryStep), Role::Channel);
    let [x, y, z, w] = config.axes.quaternion_xyzw();
    let settings = TeleoperationSettings {
        master: &arrives,
        arm: &arm,
        base_from_master: UnitQuaternion::new_unchecked(Quaternion::new(w, x, y, z)),
        follows_orientation: config.orientation == TipOrientation::Followed,
        scale: &config.scale,
        time_out: &config.time_out,
        compute_time: &config.compute_time,
    };
    let mut registration = Registration::new(format!("{name}.teleoperation"));
    let component = Teleoperation::new(name, &settings, provenance, &mut registration);
    let pace = task(config.rate.value.si(), config.compute_time.value.si());
    push(compiler, &key, registration, component, pace, Role::Controller);
    too_fast(compiler, &format!("{key}.rate"), pace);
    Some(())
}

/// A master that says something less often than the time-out lets it would be lost at once.
fn silent_by_itself(compiler: &mut Compiler<'_>, key: &str, master: &GroupSpec, time_out_s: f64) {
    let writer = compiler.nodes.iter().find(|node| node.registration.path == master.writer);
    if let Some(Pace::Task(task)) = writer.map(|node| node.pace)
        && time_out_s < task.rate.period_s()
    {
        let what = format!(
            "shorter than from one message of `{}` to the next, {:.4} ms: it would be in FAULT at once",
            compiler.loaded.roles.in_words_of_the_method(&master.path),
            1e3 * task.rate.period_s()
        );
        compiler.problem(&format!("{key}.time_out"), what);
    }
}

fn task(rate_hz: f64, compute_time_s: f64) -> Option<Pace> {
    let compute_time = Nanos::from_seconds(compute_time_s)?;
    Some(Pace::Task(Task { compute_time, ..Task::at(Rate::from_hz(rate_hz)?) }))
}

fn push<C: Component + 'static>(
    compiler: &mut Compiler<'_>,
    key: &str,
    registration: Registration,
    component: Result<C, Vec<Problem>>,
    pace: Option<Pace>,
    role: Role,
) {
    match (component, pace) {
        (Ok(component), Some(pace)) => {
            compiler.nodes.push(Node { registration, component: Box::new(component), pace, role });
        }
        (Ok(_), None) => compiler.problem(key, "rate and compute time make no task"),
        (Err(problems), _) => compiler.problems(key, &problems),
    }
}

/// A task that is faster than the steps is named where its rate stands.
fn too_fast(compiler: &mut Compiler<'_>, key: &str, pace: Option<Pace>) {
    if let Some(Pace::Task(task)) = pace
        && task.rate.hz() > compiler.step_rate.hz()
    {
        let what = format!("is faster than the scene's steps, {}", compiler.step_rate);
        compiler.problem(key, what);
    }
}

/// The group of a master's pose, which the device itself knows.
fn master(compiler: &mut Compiler<'_>, key: &str, path: &str) -> Option<GroupSpec> {
    let Some(group) = compiler.layout.group(path) else {
        let layout = compiler.layout.clone();
        compiler.unknown_signal(key, path, &layout);
        return None;
    };
    let spec = compiler.layout.spec(group).clone();
    if spec.kind != GroupKind::Pose {
        compiler.problem(key, "a master is followed by its pose, e.g. `master.measured_cp`");
        return None;
    }
    if spec.class != GroupClass::Information {
        compiler.problem(
            key,
            "only an instrument may see this; a teleoperation follows what the console measures, e.g. `master.measured_cp`",
        );
        return None;
    }
    Some(spec)
}

/// The arm whose `servo_cp` a path is.
fn arm(compiler: &mut Compiler<'_>, key: &str, path: &str) -> Option<String> {
    let has_tip = |instance: &str| {
        let robot = compiler.loaded.scene.robots.get(instance);
        robot.is_some_and(|robot| robot.robot.mechanism.tip.is_some())
    };
    if let Some((instance, "servo_cp")) = path.split_once('.')
        && has_tip(instance)
    {
        return Some(instance.to_owned());
    }
    let arms: Vec<String> = compiler
        .arms
        .keys()
        .filter(|arm| has_tip(arm))
        .map(|arm| format!("`{}`", compiler.loaded.roles.in_words_of_the_method(&format!("{arm}.servo_cp"))))
        .collect();
    let what = match arms.is_empty() {
        true => {
            "a teleoperation sends poses to an arm's tool tip at once, and no robot of this scene has one"
                .to_owned()
        }
        false => format!("a teleoperation sends poses to an arm at once: {}", arms.join(" or ")),
    };
    compiler.problem(key, what);
    None
}
