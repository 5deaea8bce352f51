//! Detection of a spasm: a joint's motor current, or the torque that its sensor shows, is beyond a threshold for too long.
//!
//! What is published of such protection is its form, not its numbers: "an anomaly of a sensor or of motor current" (NMPA,
//! guideline for gait training devices); IEC 80601-2-78:2019 leaves the parameters to the maker. A drive that takes what
//! holds it for an obstacle "where the torque is above a threshold for a time" is published with numbers for another purpose
//! (homing onto end stops: 45 N m for 0.2 s, UniMelbHumanRoboticsLab/CANOpenRobotController, `X2Robot.h`). So threshold and
//! time have no default here.
//!
//! At each reading that may be used, the time since the reading before is added to a duration where the value's magnitude
//! is above the threshold, otherwise the duration begins anew; a duration above what the file allows trips. Nothing is
//! judged without motor power, and a reading that may not be used leaves the duration as it is.

use crate::joint::{ArmJoints, ValueRange, check_quantity, register_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::diagnostic::nearest;
use trocar_signal::quantity::Duration;
use trocar_signal::{
    Activation, AnyQuantity, Dimension, Nanos, ParameterPort, Problem, Provenance, ReadPort, Registration,
    Sourced,
};

/// When a joint counts as held by a spasm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a detection of spasms"))]
pub struct SpasmConfig {
    /// The joint's name.
    pub joint: String,
    /// By what it is noticed. A joint may be watched in several ways.
    pub by: SpasmSignal,
    /// The largest magnitude that does not count: a current (`"6 A"`), of a torque sensor a torque (`"25 N m"`). What moving
    /// the limb asks for must lie below it.
    pub threshold: Sourced<AnyQuantity>,
    /// For how long without a break a greater one may last.
    pub lasts: Sourced<Duration>,
}

/// What a spasm is noticed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpasmSignal {
    /// The current that flows in the joint's motor, `INSTANCE.ACTUATOR.motor.current`.
    MeasuredCurrent,
    /// The current that the servo asks for, `INSTANCE.ACTUATOR.current_command`.
    CommandedCurrent,
    /// The torque by the joint's torque sensor, `INSTANCE.FRAME.torque_sensor.effort`.
    TorqueSensor,
}

impl SpasmSignal {
    /// As a file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            SpasmSignal::MeasuredCurrent => "measured_current",
            SpasmSignal::CommandedCurrent => "commanded_current",
            SpasmSignal::TorqueSensor => "torque_sensor",
        }
    }

    /// Whether it is a current.
    #[must_use]
    pub fn is_current(self) -> bool {
        self != SpasmSignal::TorqueSensor
    }
}

/// What a robot has to notice the spasm of one joint by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpasmSources {
    /// The joint.
    pub joint: String,
    /// The actuators that move it. By current it is watched where there is one.
    pub actuators: Vec<String>,
    /// The frame with a torque sensor that this joint alone moves.
    pub torque_sensor: Option<String>,
}

/// Every mistake: joints that are unknown or watched twice in one way, signals that the joint lacks, thresholds of the wrong
/// unit or sign.
pub(crate) fn check(configs: &[SpasmConfig], joints: &ArmJoints, sources: &[SpasmSources]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (i, config) in configs.iter().enumerate() {
        let key = format!("spasms[{i}]");
        let joint = joints.axes().find(|joint| joint.name == config.joint);
        let of_joint = sources.iter().find(|one| one.joint == config.joint);
        let Some((joint, source)) = joint.zip(of_joint) else {
            let names: Vec<&str> = joints.axes().map(|joint| joint.name.as_str()).collect();
            let hint = nearest(&config.joint, names.iter().copied());
            let hint = hint.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let what =
                format!("there is no joint `{}`; the joints are {}{hint}", config.joint, names.join(", "));
            problems.push(Problem::new(format!("{key}.joint"), what));
            continue;
        };
        if configs[..i].iter().any(|other| other.joint == config.joint && other.by == config.by) {
            let what = format!("`{}` is watched by its {} twice", config.joint, config.by.word());
            problems.push(Problem::new(format!("{key}.by"), what));
        }
        if config.by.is_current() && source.actuators.len() != 1 {
            let what = format!(
                "`{}` is moved by {} actuators together ({}), and no one current is the joint's: watch it by `torque_sensor`",
                config.joint,
                source.actuators.len(),
                source.actuators.join(", ")
            );
            problems.push(Problem::new(format!("{key}.by"), what));
        }
        if !config.by.is_current() && source.torque_sensor.is_none() {
            let what = format!(
                "no torque sensor sits in a frame that `{}` alone moves: give it one with [[torque_sensors]], or watch it by \
                 `measured_current`",
                config.joint
            );
            problems.push(Problem::new(format!("{key}.by"), what));
        }
        let dimension = if config.by.is_current() { Dimension::CURRENT } else { joint.kind.effort() };
        let place = format!("{key}.threshold");
        check_quantity(&place, &config.threshold, dimension, ValueRange::Positive, &mut problems);
        if !(config.lasts.value.si() >= 0.0 && config.lasts.value.si().is_finite()) {
            problems.push(Problem::new(format!("{key}.lasts"), "must not be less than zero"));
        }
    }
    problems
}

/// One way in which a joint is watched.
#[derive(Clone, Debug)]
struct Watched {
    value: ReadPort,
    by: SpasmSignal,
    threshold: ParameterPort,
    lasts: ParameterPort,
}

/// All of them. Each has one state word: for how long its value has been beyond the threshold, ns.
#[derive(Clone, Debug)]
pub(crate) struct SpasmWatch(Vec<Watched>);

impl SpasmWatch {
    /// Registers what the detections read, remember and are parameterised by: `<instance>.supervisor.<joint>.spasm_<by>`, the
    /// threshold, and `…_lasts`. Those that [`check`] refuses are left out.
    pub(crate) fn new(
        instance: &str,
        configs: &[SpasmConfig],
        sources: &[SpasmSources],
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> SpasmWatch {
        let watched = |config: &SpasmConfig| {
            let source = sources.iter().find(|one| one.joint == config.joint)?;
            let signal = match config.by {
                SpasmSignal::MeasuredCurrent => format!("{}.motor.current", source.actuators.first()?),
                SpasmSignal::CommandedCurrent => format!("{}.current_command", source.actuators.first()?),
                SpasmSignal::TorqueSensor => {
                    format!("{}.torque_sensor.effort", source.torque_sensor.as_ref()?)
                }
            };
            let word = config.by.word();
            registration.state_words([format!("spasm_{word}.{}", config.joint)]);
            let path = format!("{instance}.supervisor.{}.spasm_{word}", config.joint);
            let lasts = provenance.parameter(
                format!("{path}_lasts"),
                Dimension::TIME,
                config.lasts.value.si(),
                &config.lasts,
                true,
            );
            Some(Watched {
                // As it stood before: amplifier and servo act after the supervisor.
                value: registration.read_previous(format!("{instance}.{signal}")),
                by: config.by,
                threshold: register_size(registration, provenance, path, &config.threshold),
                lasts: registration.parameter(lasts.at_least(0.0)),
            })
        };
        SpasmWatch(configs.iter().filter_map(watched).collect())
    }

    /// Takes in the readings of this activation; `first_word` is the place of the durations among the state words. By what
    /// a spasm is noticed, if one is.
    pub(crate) fn has_found(
        &self,
        io: &mut Activation<'_>,
        first_word: usize,
        is_powered: bool,
    ) -> Option<SpasmSignal> {
        let mut found = None;
        for (i, watched) in self.0.iter().enumerate() {
            let word = first_word + i;
            if !is_powered {
                io.state[word] = 0;
            } else if io.is_valid(watched.value) {
                let is_beyond = io.read(watched.value)[0].abs() > io.parameter(watched.threshold);
                io.state[word] = if is_beyond { io.state[word] + io.elapsed.0 } else { 0 };
            }
            if Nanos(io.state[word]).seconds() > io.parameter(watched.lasts) {
                found = found.or(Some(watched.by));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests;
