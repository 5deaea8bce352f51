//! What a measure makes of its readings, as it stands in a file: `statistic`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is made of repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RepeatStatistic {
    /// Their mean.
    #[default]
    Mean,
    /// The largest.
    Max,
}

/// What is made of the forces of several closings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForceStatistic {
    /// Their mean.
    #[default]
    Mean,
    /// The lowest.
    Lowest,
    /// The highest.
    Highest,
    /// The highest minus the lowest.
    Range,
}

/// Which figure of a path velocity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpeedStatistic {
    /// AV: mean speed less the commanded one, as a share of it.
    Accuracy,
    /// RV: three standard deviations of the mean speed, as a share of the commanded one.
    Repeatability,
    /// FV: the largest difference between speeds in one repeat.
    Fluctuation,
}

/// Which figure of a corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CornerStatistic {
    /// CR: the least distance of the attained path from the corner.
    Rounding,
    /// CO: the largest distance beyond the second leg, in the direction of the first.
    Overshoot,
}

/// What is made of the distances of lines from a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineStatistic {
    /// Their root mean square.
    Rms,
    /// The largest.
    Max,
}

/// What is made of the differences of two numbers that should be equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrackingStatistic {
    /// The root of their mean square.
    #[default]
    Rms,
    /// The largest, whatever its sign.
    Largest,
    /// Their mean, with its sign.
    Mean,
}

/// Which displacement of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopStatistic {
    /// The largest.
    Max,
    /// The one that remains.
    Final,
}

/// Which of the figures of a pose drifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DriftStatistic {
    /// Position accuracy: dAP.
    Accuracy,
    /// Position repeatability: dRP.
    Repeatability,
}

/// Which figure of a localisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LocalisationStatistic {
    /// The length of the mean error.
    Bias,
    /// The root mean square distance of the errors from their mean.
    Precision,
}

/// What a delay makes of its repeats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DelayStatistic {
    /// Their mean.
    #[default]
    Mean,
    /// The longest.
    Max,
    /// The shortest.
    Min,
    /// The median.
    P50,
    /// The 95th percentile.
    P95,
    /// The 99th percentile.
    P99,
    /// From the 5th to the 95th percentile.
    Jitter,
}

/// What a frequency response shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResponseStatistic {
    /// Amplitude of `of` over that of `commanded`.
    #[default]
    Gain,
    /// By how much `of` leads; what lags is negative.
    Phase,
    /// The phase as a delay of that frequency.
    PhaseDelay,
    /// How much the phase turns with frequency: the delay of a group of waves.
    GroupDelay,
    /// How much of `of` follows `commanded` linearly.
    Coherence,
    /// Where the gain has fallen by 3 dB from that at the lowest frequency.
    Bandwidth,
}

/// What a hysteresis is given as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HysteresisStatistic {
    /// The gap itself.
    #[default]
    Width,
    /// Over the range of `of` in the sweep.
    Relative,
}

/// What a scaling shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScalingStatistic {
    /// Slope over declared scale, less one.
    #[default]
    Error,
    /// The largest distance from the straight line over the range of `of`.
    Nonlinearity,
}

/// What answers to jumps show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepStatistic {
    /// From a tenth to nine tenths of the jump, the mean of all jumps.
    #[default]
    RiseTime,
    /// The longest rise time.
    LongestRiseTime,
    /// The absolute error at the end of a step, the mean of all steps.
    SteadyError,
    /// The largest steady error.
    LargestSteadyError,
}
