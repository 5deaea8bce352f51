//! Measures as they stand in a file: `[measures.NAME]`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::Problem;
use trocar_signal::quantity::Duration;

/// One measure: what is computed, from which signal, over which part of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MeasureConfig {
    /// Position repeatability RP_l at each pose: with l the distance of an attained position from the mean of all,
    /// mean(l) + 3 standard deviations of l (ISO 9283:1998, 7.2.2).
    PoseRepeatability {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Position accuracy AP_p at each pose: the distance of the mean attained position from the commanded one
    /// (ISO 9283:1998, 7.2.1).
    PoseAccuracy {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Time from one event to the next of another. Every `from` must be answered by a `to` before the next `from`
    /// and before the window ends.
    Delay {
        /// The event that starts the clock.
        from: String,
        /// The event that stops it.
        to: String,
        /// What is made of the repeats.
        #[serde(default)]
        statistic: DelayStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Largest absolute value.
    Peak {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Largest value.
    Maximum {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Smallest value.
    Minimum {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Mean of the readings, each with the same weight.
    Mean {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Last value.
    Final {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Largest value minus smallest.
    Range {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Share of the time for which a condition held: 100 % where it held throughout. While a value that decides may not be
    /// used, it does not hold.
    Share {
        /// The condition, e.g. `arm.operating_state == ENABLED`.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Share of the time for which a signal was marked as one that may be used.
    Validity {
        /// A signal.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// How often an event came, e.g. `arm.error_event`: a command was refused.
    Count {
        /// An event.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Largest distance between the run and its twin without the fault: Euclidean between positions, absolute between
    /// numbers.
    DeviationFromTwin {
        /// A point, a pose (its position counts), a number, or a group of numbers of one unit.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
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
}

/// Which part of a run a measure reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Name of the phase; absent: the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Which readings of the phase.
    #[serde(default)]
    pub at: WindowAt,
    /// Time from the beginning of the phase (or the run) before which nothing counts.
    #[serde(default = "no_time", skip_serializing_if = "is_no_time")]
    pub after: Duration,
    /// How many of the first repeats of the phase are left out, e.g. to warm up.
    #[serde(default)]
    pub skip: u32,
}

fn no_time() -> Duration {
    Duration::from_si(0.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_no_time(duration: &Duration) -> bool {
    duration.si() == 0.0
}

/// Which readings of a phase a measure takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowAt {
    /// Every reading.
    #[default]
    Throughout,
    /// One reading at the end of each dwell.
    DwellEnd,
    /// The last reading of the phase: `share` and `validity` alone.
    End,
}

impl MeasureConfig {
    /// Which part of the run it reads.
    #[must_use]
    pub fn window(&self) -> &Window {
        match self {
            MeasureConfig::PoseRepeatability { window, .. }
            | MeasureConfig::PoseAccuracy { window, .. }
            | MeasureConfig::Delay { window, .. }
            | MeasureConfig::Peak { window, .. }
            | MeasureConfig::Maximum { window, .. }
            | MeasureConfig::Minimum { window, .. }
            | MeasureConfig::Mean { window, .. }
            | MeasureConfig::Final { window, .. }
            | MeasureConfig::Range { window, .. }
            | MeasureConfig::Share { window, .. }
            | MeasureConfig::Validity { window, .. }
            | MeasureConfig::Count { window, .. }
            | MeasureConfig::DeviationFromTwin { window, .. } => window,
        }
    }

    /// The signals that it reads, each with its key: first the one that is measured (of a delay, `from`), then the
    /// one that it is held against (`commanded`, `to`).
    #[must_use]
    pub fn paths(&self) -> (PathOf<'_>, Option<PathOf<'_>>) {
        let of = |path| PathOf { key: "of", path };
        match self {
            MeasureConfig::PoseAccuracy { of: path, commanded, .. } => {
                (of(path), Some(PathOf { key: "commanded", path: commanded }))
            }
            MeasureConfig::Delay { from, to, .. } => {
                (PathOf { key: "from", path: from }, Some(PathOf { key: "to", path: to }))
            }
            MeasureConfig::PoseRepeatability { of: path, .. }
            | MeasureConfig::Peak { of: path, .. }
            | MeasureConfig::Maximum { of: path, .. }
            | MeasureConfig::Minimum { of: path, .. }
            | MeasureConfig::Mean { of: path, .. }
            | MeasureConfig::Final { of: path, .. }
            | MeasureConfig::Range { of: path, .. }
            | MeasureConfig::Share { of: path, .. }
            | MeasureConfig::Validity { of: path, .. }
            | MeasureConfig::Count { of: path, .. }
            | MeasureConfig::DeviationFromTwin { of: path, .. } => (of(path), None),
        }
    }

    /// Its `kind`, as it is written.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            MeasureConfig::PoseRepeatability { .. } => "pose_repeatability",
            MeasureConfig::PoseAccuracy { .. } => "pose_accuracy",
            MeasureConfig::Delay { .. } => "delay",
            MeasureConfig::Peak { .. } => "peak",
            MeasureConfig::Maximum { .. } => "maximum",
            MeasureConfig::Minimum { .. } => "minimum",
            MeasureConfig::Mean { .. } => "mean",
            MeasureConfig::Final { .. } => "final",
            MeasureConfig::Range { .. } => "range",
            MeasureConfig::Share { .. } => "share",
            MeasureConfig::Validity { .. } => "validity",
            MeasureConfig::Count { .. } => "count",
            MeasureConfig::DeviationFromTwin { .. } => "deviation_from_twin",
        }
    }

    /// Whether it needs a twin to run beside.
    #[must_use]
    pub fn needs_twin(&self) -> bool {
        matches!(self, MeasureConfig::DeviationFromTwin { .. })
    }

    /// What is wrong with it, whatever signals and phases there are.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (first, second) = self.paths();
        for path in std::iter::once(first).chain(second) {
            if path.path.trim().is_empty() {
                problems.push(Problem::new(path.key, "the path of a signal is missing"));
            }
        }
        let at = self.window().at;
        if trocar_signal::Nanos::from_seconds(self.window().after.si()).is_none() {
            problems.push(Problem::new("window.after", "a time from zero on is meant"));
        }
        let is_share = matches!(self, MeasureConfig::Share { .. } | MeasureConfig::Validity { .. });
        if at == WindowAt::End && !is_share {
            let what = "`end` is of `share` and `validity`; the last value of a signal is kind = \"final\"";
            problems.push(Problem::new("window.at", what));
        }
        if is_share && at == WindowAt::DwellEnd {
            let what = "a share is of a time: leave `at` out, or write at = \"end\"";
            problems.push(Problem::new("window.at", what));
        }
        match self {
            MeasureConfig::PoseRepeatability { .. } | MeasureConfig::PoseAccuracy { .. }
                if at != WindowAt::DwellEnd =>
            {
                let what = "attained poses are read when a dwell ends: write at = \"dwell_end\"";
                problems.push(Problem::new("window.at", what));
            }
            MeasureConfig::Count { .. } if at == WindowAt::DwellEnd => {
                let what = "events are counted when they happen: leave `at` out";
                problems.push(Problem::new("window.at", what));
            }
            MeasureConfig::Delay { from, to, .. } => {
                if at == WindowAt::DwellEnd {
                    let what = "events are counted when they happen: leave `at` out";
                    problems.push(Problem::new("window.at", what));
                }
                if from == to {
                    problems.push(Problem::new("to", "a delay runs from one event to another"));
                }
            }
            _ => {}
        }
        problems
    }
}

/// A path in a configuration with the key at which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathOf<'a> {
    /// E.g. `of`.
    pub key: &'static str,
    /// E.g. `tracker.tool_tip`.
    pub path: &'a str,
}
