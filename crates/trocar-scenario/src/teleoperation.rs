//! Teleoperation: which master drives which arm, over what, and how.

use crate::common::{RotationConfig, under};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_plant::ChannelConfig;
use trocar_signal::quantity::{Duration, Frequency, Ratio};
use trocar_signal::{Problem, Sourced};

/// A teleoperation: an arm that follows a master. `NAME.state_command` takes `"enable"` and `"disable"`, `NAME.clutch`
/// `"pressed"` and `"released"`, `NAME.set_scale` another scale.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a teleoperation"))]
pub struct TeleoperationConfig {
    /// Path of the master's pose, e.g. `master.measured_cp`.
    pub follows: String,
    /// Path of the command that it sends, e.g. `arm.servo_cp`.
    pub drives: String,
    /// Way of the arm's tip over that of the handle, e.g. `"50 %"`.
    pub scale: Sourced<Ratio>,
    /// Whether the tip turns with the handle, or keeps the orientation that it has when following begins.
    #[serde(default)]
    pub orientation: TipOrientation,
    /// How the axes of the master's base stand in the arm's base; without it they are parallel.
    #[serde(default = "RotationConfig::identity")]
    pub axes: RotationConfig,
    /// How often it looks for a message and sends a command.
    pub rate: Sourced<Frequency>,
    /// From when it looks until its command is out.
    #[serde(default = "no_time")]
    pub compute_time: Sourced<Duration>,
    /// How long the arm holds its last command while no message comes; after that the teleoperation goes to FAULT.
    pub time_out: Sourced<Duration>,
    /// What lies between the master and the teleoperation, which stands at the arm; without it nothing does.
    #[serde(default)]
    pub channel: Option<ChannelConfig>,
}

/// What becomes of the orientation of the tip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TipOrientation {
    /// It stays.
    #[default]
    Held,
    /// It turns as the handle turns.
    Followed,
}

fn no_time() -> Sourced<Duration> {
    Sourced::bare(Duration::from_si(0.0))
}

impl TeleoperationConfig {
    /// What lies between the master and the teleoperation; where the file says nothing, a channel that adds nothing.
    #[must_use]
    pub fn channel(&self) -> ChannelConfig {
        let ideal = || ChannelConfig { delay: no_time(), jitter: None, loss: None, keeps_order: true };
        self.channel.clone().unwrap_or_else(ideal)
    }

    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let scale = self.scale.value.si();
        if scale <= 0.0 {
            problems.push(Problem::new("scale", "must be greater than zero"));
        }
        let rate = self.rate.value.si();
        if !(1e-3..=1e6).contains(&rate) {
            problems.push(Problem::new("rate", "must lie between 1e-3 Hz and 1 MHz"));
        }
        for (key, time) in [("compute_time", &self.compute_time), ("time_out", &self.time_out)] {
            if time.value.si() < 0.0 {
                problems.push(Problem::new(key, "must not be negative"));
            }
        }
        problems.extend(under("axes", self.axes.check()));
        problems.extend(under("channel", self.channel().check()));
        problems
    }
}
