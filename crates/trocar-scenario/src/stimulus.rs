//! Stimuli: motions that a phase lets a `servo_…` command make, given as functions of time.

use crate::phase::no_time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Duration, Frequency, Velocity};
use trocar_signal::{AnyQuantity, Problem};

/// A coordinate of the tip's position in the arm's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Axis {
    /// x.
    X,
    /// y.
    Y,
    /// z.
    Z,
}

impl Axis {
    /// `x`, `y` or `z`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Axis::X => "x",
            Axis::Y => "y",
            Axis::Z => "z",
        }
    }
}

/// A sine about where the command stands: it begins and, after whole cycles, ends there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a sine"))]
pub struct SineConfig {
    /// Path of the command, e.g. `arm.servo_jp` or `arm.servo_cp`.
    pub command: String,
    /// Of a joint command, the joint; the others are commanded to stay.
    #[serde(default)]
    pub joint: Option<String>,
    /// Of a Cartesian command, the coordinate of the tip; the rest of the pose stays.
    #[serde(default)]
    pub axis: Option<Axis>,
    /// From the middle to a peak, e.g. `"2 deg"`.
    pub amplitude: AnyQuantity,
    /// Cycles in a second.
    pub frequency: Frequency,
    /// How many cycles, e.g. `10.0`. Either this or `duration`.
    #[serde(default)]
    pub cycles: Option<f64>,
    /// For how long.
    #[serde(default)]
    pub duration: Option<Duration>,
    /// Rest at the end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

/// A sine whose frequency goes evenly from one to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a chirp"))]
pub struct ChirpConfig {
    /// Path of the command, e.g. `arm.servo_jp` or `arm.servo_cp`.
    pub command: String,
    /// Of a joint command, the joint; the others are commanded to stay.
    #[serde(default)]
    pub joint: Option<String>,
    /// Of a Cartesian command, the coordinate of the tip; the rest of the pose stays.
    #[serde(default)]
    pub axis: Option<Axis>,
    /// From the middle to a peak, e.g. `"1 deg"`.
    pub amplitude: AnyQuantity,
    /// The frequency at the beginning.
    pub from: Frequency,
    /// The frequency at the end.
    pub to: Frequency,
    /// For how long.
    pub duration: Duration,
    /// Whether the frequency grows by equal steps (`linear`) or by equal ratios (`logarithmic`) in equal times.
    #[serde(default)]
    pub sweep: Sweep,
    /// Rest at the end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

/// How a chirp's frequency changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sweep {
    /// By equal steps in equal times.
    #[default]
    Linear,
    /// By equal ratios in equal times.
    Logarithmic,
}

/// Noise about where the command stands, drawn from the scenario's seed: as strong at every frequency up to its
/// bandwidth, and nothing above. It comes in and goes out over one period of the bandwidth; each repeat is another noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a noise"))]
pub struct NoiseConfig {
    /// Path of the command, e.g. `arm.servo_jp` or `arm.servo_cp`.
    pub command: String,
    /// Of a joint command, the joint; the others are commanded to stay.
    #[serde(default)]
    pub joint: Option<String>,
    /// Of a Cartesian command, the coordinate of the tip; the rest of the pose stays.
    #[serde(default)]
    pub axis: Option<Axis>,
    /// Its root mean square, e.g. `"0.2 deg"`; no value is more than eight times as large.
    pub amplitude: AnyQuantity,
    /// Its highest frequency.
    pub bandwidth: Frequency,
    /// For how long.
    pub duration: Duration,
    /// Rest at the end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

/// Straight lines from where the tip is commanded to be through poses, at constant speed and without a stop at corners
/// (ISO 9283:1998, 8: paths).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a path of straight lines"))]
pub struct LineConfig {
    /// Path of the command, e.g. `arm.servo_cp`.
    pub command: String,
    /// Names of poses, in order.
    #[schemars(length(min = 1))]
    pub through: Vec<String>,
    /// How fast the tip goes.
    pub speed: Velocity,
    /// Rest at the end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

/// A circle, or a part of one, from where the tip is commanded to be through two poses, at constant speed. If the three
/// lie in a line, there is no circle, and the run is INVALID.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a circular path"))]
pub struct ArcConfig {
    /// Path of the command, e.g. `arm.servo_cp`.
    pub command: String,
    /// Name of a pose on the way.
    pub via: String,
    /// Name of the pose at which it ends, or which it passes on the way round.
    pub to: String,
    /// `true`: all the way round, to where it began.
    #[serde(default)]
    pub whole_circle: bool,
    /// How fast the tip goes.
    pub speed: Velocity,
    /// Rest at the end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

/// A recorded motion from a table in CSV: a line of names with units, then numbers, e.g. `time [s], yaw [deg]`. Between
/// its rows the command goes evenly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a recorded motion"))]
pub struct RecordedConfig {
    /// Path of the command, e.g. `arm.servo_jp` or `arm.servo_cp`.
    pub command: String,
    /// The table's file, from the project's root. Columns: `time`, then joints by name; or `x`, `y`, `z` of the tip and,
    /// if it turns, `qx`, `qy`, `qz`, `qw` of its orientation. What has no column stays.
    pub file: String,
    /// Of a Cartesian command, the frame of `x`, `y` and `z`, e.g. `arm.remote_centre`; without it the arm's base.
    #[serde(default)]
    pub frame: Option<String>,
    /// How long the whole motion lasts: the table's times are stretched or compressed evenly to it. Without it, as they say.
    #[serde(default)]
    pub lasts: Option<Duration>,
    /// Columns that are left out where the robot has no joint of that name, e.g. `["left_ankle", "right_ankle"]`; any other column
    /// must be one of its joints.
    #[serde(default)]
    pub if_present: Vec<String>,
    /// `true`: the first row is where the command stands, and only differences from it count. Otherwise the command
    /// jumps to the first row.
    #[serde(default)]
    pub relative: bool,
    /// Rest at the end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

fn positive(problems: &mut Vec<Problem>, key: &str, si: f64) {
    if si <= 0.0 {
        problems.push(Problem::new(key, "must be greater than zero"));
    }
}

/// A command moves one joint, or one coordinate of the tip.
pub(crate) fn one_number(problems: &mut Vec<Problem>, key: &str, joint: Option<&String>, axis: Option<Axis>) {
    if joint.is_some() == axis.is_some() {
        let what = "say what moves: `joint` for a joint command, or `axis` (x, y or z) for a Cartesian one";
        problems.push(Problem::new(key, what));
    }
}

impl SineConfig {
    /// What is wrong with it; keys from the phase.
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        one_number(problems, "sine", self.joint.as_ref(), self.axis);
        positive(problems, "sine.frequency", self.frequency.si());
        match (self.cycles, self.duration) {
            (Some(cycles), None) => positive(problems, "sine.cycles", cycles),
            (None, Some(duration)) => positive(problems, "sine.duration", duration.si()),
            _ => problems.push(Problem::new("sine", "a sine has either `cycles` or `duration`")),
        }
    }

    /// How long it is, s.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        let of_cycles = || self.cycles.unwrap_or(0.0) / self.frequency.si();
        self.duration.map_or_else(of_cycles, Duration::si)
    }
}

impl ChirpConfig {
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        one_number(problems, "chirp", self.joint.as_ref(), self.axis);
        positive(problems, "chirp.duration", self.duration.si());
        for (key, frequency) in [("chirp.from", self.from), ("chirp.to", self.to)] {
            if frequency.si() < 0.0 {
                problems.push(Problem::new(key, "must not be negative"));
            } else if self.sweep == Sweep::Logarithmic {
                positive(problems, key, frequency.si());
            }
        }
    }
}

impl NoiseConfig {
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        one_number(problems, "noise", self.joint.as_ref(), self.axis);
        positive(problems, "noise.amplitude", self.amplitude.si);
        positive(problems, "noise.bandwidth", self.bandwidth.si());
        positive(problems, "noise.duration", self.duration.si());
    }
}

impl LineConfig {
    pub(crate) fn check(&self, problems: &mut Vec<Problem>) {
        positive(problems, "line.speed", self.speed.si());
    }
}

impl ArcConfig {
    pub(crate) fn check(&self, repeat: u32, problems: &mut Vec<Problem>) {
        positive(problems, "arc.speed", self.speed.si());
        if self.via == self.to {
            problems
                .push(Problem::new("arc.to", "a circle goes through two different poses beside its start"));
        }
        if repeat > 1 && !self.whole_circle {
            let what = "a part of a circle ends elsewhere than it begins and cannot be repeated: write \
                        whole_circle = true, or a phase for each way";
            problems.push(Problem::new("repeat", what));
        }
    }
}
