//! The file schema of the slot `assistance`.

use crate::joint::{ArmJoints, ValueRange, check_quantity};
use crate::servo::check_timing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{AngularVelocity, Duration, Frequency, Ratio};
use trocar_signal::{AnyQuantity, Dimension, Problem, Sourced};

/// The fewest and the most points of a stride.
const POINTS: std::ops::RangeInclusive<usize> = 4..=256;

/// What an assistance does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AssistanceKind {
    /// Leads the joints along the stride.
    GaitPlayback,
    /// Pulls each joint towards the stride, by stiffness and damping beyond a dead band, and by what it has learned that the joint
    /// needs.
    Impedance,
    /// Carries the device's own weight and friction, and nothing else.
    Transparent,
}

impl AssistanceKind {
    /// As files say them, in order: a parameter counts from zero.
    pub const NAMES: [&'static str; 3] = ["gait_playback", "impedance", "transparent"];

    /// As a file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            AssistanceKind::GaitPlayback => "gait_playback",
            AssistanceKind::Impedance => "impedance",
            AssistanceKind::Transparent => "transparent",
        }
    }

    /// The place in [`AssistanceKind::NAMES`].
    #[must_use]
    pub fn place(self) -> f64 {
        match self {
            AssistanceKind::GaitPlayback => 0.0,
            AssistanceKind::Impedance => 1.0,
            AssistanceKind::Transparent => 2.0,
        }
    }

    /// The kind of a parameter's value; a number that stands for none is `transparent`, which leads nobody anywhere.
    #[must_use]
    pub fn from_parameter(value: f64) -> AssistanceKind {
        [AssistanceKind::GaitPlayback, AssistanceKind::Impedance]
            .into_iter()
            .find(|kind| kind.place() == value)
            .unwrap_or(AssistanceKind::Transparent)
    }
}

/// The assistance of an exoskeleton. It acts between the commands `start` and `stop` to `INSTANCE.assistance.command`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an assistance"))]
pub struct AssistanceConfig {
    /// What it does; a scenario may change it: `"exo.assistance.kind" = "impedance"`.
    pub kind: Sourced<AssistanceKind>,
    /// How often it runs.
    pub rate: Frequency,
    /// From reading its inputs until its outputs take effect.
    #[serde(default = "crate::servo::no_compute_time")]
    pub compute_time: Sourced<Duration>,
    /// How long a stride lasts; a change counts from the next stride on.
    pub stride_time: Sourced<Duration>,
    /// How long it takes to lead the joints from where they are to the beginning of the stride.
    pub lead_in: Sourced<Duration>,
    /// The share of the device's own weight that torques carry, by the file's masses: `"100 %"`.
    pub gravity: Sourced<Ratio>,
    /// The share of the device's own friction that torques make up for, by the file's friction.
    pub friction: Sourced<Ratio>,
    /// Speed of a joint at which 71 % of its Coulomb friction is made up for; without motion it is none.
    pub friction_speed: Sourced<AngularVelocity>,
    /// Of what was learned of a part of the stride, the share that is kept at the next one (Emken et al. 2007).
    pub forgetting: Sourced<Ratio>,
    /// Each joint once.
    pub joints: Vec<AssistanceJointConfig>,
}

/// The assistance of one joint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a joint of the assistance"))]
pub struct AssistanceJointConfig {
    /// The joint's name.
    pub joint: String,
    /// Its positions along one stride, equally spaced in time; after the last comes the first again. Between them it moves
    /// smoothly.
    pub stride: Sourced<Vec<AnyQuantity>>,
    /// Under `impedance`, effort for each unit of the distance from the stride beyond the dead band.
    pub stiffness: Sourced<AnyQuantity>,
    /// Under `impedance`, effort for each unit of the difference in velocity.
    pub damping: Sourced<AnyQuantity>,
    /// Under `impedance`, how far a joint may be from the stride before it is pulled there: people's steps vary.
    pub dead_band: Sourced<AnyQuantity>,
    /// Under `impedance`, what is learned of each unit of distance beyond the dead band, at each part of each stride.
    pub learning: Sourced<AnyQuantity>,
}

impl AssistanceConfig {
    /// Every mistake: timing, shares, joints that are missing or unknown, strides that leave a joint's limits, values of the
    /// wrong unit or sign.
    #[must_use]
    pub fn check(&self, joints: &ArmJoints, takes_efforts: bool) -> Vec<Problem> {
        let mut problems = check_timing(self.rate, self.compute_time.value);
        if !takes_efforts {
            let what = "its torques need a device that takes efforts: give each of `[[arm.joints]]` an `effort`, the largest that may \
                        be asked for";
            problems.push(Problem::new("", what));
        }
        if joints.jaw().is_some() {
            problems.push(Problem::new(
                "",
                "an assistance is for joints that a person moves; this robot has a jaw",
            ));
        }
        for (key, si) in [
            ("stride_time", self.stride_time.value.si()),
            ("lead_in", self.lead_in.value.si()),
            ("friction_speed", self.friction_speed.value.si()),
        ] {
            if !(si > 0.0 && si <= 1e4) {
                problems
                    .push(Problem::new(key, "must be greater than zero, and no more than 10000 in SI units"));
            }
        }
        for (key, share, most) in [
            ("gravity", self.gravity.value, 2.0),
            ("friction", self.friction.value, 2.0),
            ("forgetting", self.forgetting.value, 1.0),
        ] {
            if !(0.0..=most).contains(&share.si()) {
                let what = format!("must lie between 0 % and {} %", most * 100.0);
                problems.push(Problem::new(key, what));
            }
        }
        joints.places("joints", "joint", self.joints.iter().map(|j| j.joint.as_str()), &mut problems);
        for (i, config) in self.joints.iter().enumerate() {
            let Some(joint) = joints.axes().find(|joint| joint.name == config.joint) else { continue };
            let kind = joint.kind;
            for (field, value, dimension) in [
                ("stiffness", &config.stiffness, kind.stiffness()),
                ("damping", &config.damping, kind.damping()),
                ("dead_band", &config.dead_band, kind.position()),
                ("learning", &config.learning, kind.stiffness()),
            ] {
                let key = format!("joints[{i}].{field}");
                check_quantity(&key, value, dimension, ValueRange::NotNegative, &mut problems);
            }
            let key = format!("joints[{i}].stride");
            let points = &config.stride.value;
            if !POINTS.contains(&points.len()) {
                let what = format!(
                    "a stride has {} to {} points; these are {}",
                    POINTS.start(),
                    POINTS.end(),
                    points.len()
                );
                problems.push(Problem::new(&key, what));
            }
            if let Some(wrong) = points.iter().find(|point| point.dimension != kind.position()) {
                let what = format!("{} is meant here, and this is {}", kind.position(), wrong.dimension);
                problems.push(Problem::new(&key, what));
            } else if let Some(beyond) = points.iter().find(|point| !joint.allows(point.si)) {
                let unit = kind.position().si_unit();
                let what = format!(
                    "{beyond} lies outside the joint's limits, {} {unit} to {} {unit}",
                    joint.lower, joint.upper
                );
                problems.push(Problem::new(&key, what));
            }
        }
        problems
    }

    /// What is said of the joint `name`.
    pub(super) fn of(&self, name: &str) -> Option<&AssistanceJointConfig> {
        self.joints.iter().find(|joint| joint.joint == name)
    }
}

/// A number without unit, of a parameter.
pub(super) const SHARE: Dimension = Dimension::NUMBER;
