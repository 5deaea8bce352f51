//! What is wrong with a measure as it is written, whatever signals and phases there are.

use crate::config::{MeasureConfig, WindowAt};
use crate::statistic::{DriftStatistic, LineStatistic, ResponseStatistic};
use trocar_signal::quantity::Length;
use trocar_signal::{Dimension, Nanos, Problem};

impl MeasureConfig {
    /// Its lengths: key, value, whether it may be nothing.
    fn lengths(&self) -> Vec<(&'static str, Length, bool)> {
        match self {
            MeasureConfig::Reached { within, .. } => vec![("within", *within, false)],
            MeasureConfig::StabilisationTime { band, .. } | MeasureConfig::Overshoot { band, .. } => {
                vec![("band", *band, false)]
            }
            MeasureConfig::PathAccuracy { every, ends, corners, .. }
            | MeasureConfig::PathRepeatability { every, ends, corners, .. }
            | MeasureConfig::PathOrientationAccuracy { every, ends, corners, .. }
            | MeasureConfig::PathOrientationRepeatability { every, ends, corners, .. }
            | MeasureConfig::PathVelocity { every, ends, corners, .. } => {
                vec![("every", *every, false), ("ends", *ends, true), ("corners", *corners, true)]
            }
            _ => Vec::new(),
        }
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
        if self.is_of_attained_poses() && at != WindowAt::DwellEnd {
            let what = "attained poses are read when a dwell ends: write at = \"dwell_end\"";
            problems.push(Problem::new("window.at", what));
        }
        let is_continuous = self.is_of_a_path() || self.is_of_dwells() || self.is_of_a_stop();
        if is_continuous && at == WindowAt::DwellEnd {
            let what = "the whole motion is read, not the ends of dwells alone: leave `at` out";
            problems.push(Problem::new("window.at", what));
        }
        if (self.is_of_a_path() || self.is_of_dwells()) && self.window().phase.is_none() {
            let what = format!(
                "`{}` reads the motion of one phase: write window = {{ phase = \"…\" }}",
                self.kind()
            );
            problems.push(Problem::new("", what));
        }
        if self.is_of_a_path() && self.window().skip == 0 {
            let what = "the first repeat lays the stations and does not count: write skip = 1";
            problems.push(Problem::new("window.skip", what));
        }
        for (key, length, may_be_zero) in self.lengths() {
            if length.si() < 0.0 || (length.si() == 0.0 && !may_be_zero) {
                problems.push(Problem::new(key, "must be greater than zero"));
            }
        }
        match self {
            MeasureConfig::StabilisationTime { settled, .. } | MeasureConfig::Overshoot { settled, .. }
                if settled.si() <= 0.0 =>
            {
                problems.push(Problem::new("settled", "must be longer than nothing"));
            }
            MeasureConfig::StopTime { at_rest, .. } if at_rest.si <= 0.0 => {
                problems.push(Problem::new("at_rest", "must be greater than zero"));
            }
            MeasureConfig::GripForce { hold, .. } if hold.si() <= 0.0 => {
                problems.push(Problem::new("hold", "must be longer than nothing"));
            }
            MeasureConfig::GripForce { hold, .. } if hold.si() > MeasureConfig::LONGEST_KEPT_S => {
                problems.push(Problem::new("hold", "readings of at most 2 s are kept: give a shorter time"));
            }
            MeasureConfig::RemoteCentreError { port: None, statistic: LineStatistic::Max, .. }
                if at != WindowAt::DwellEnd =>
            {
                let what = "the largest distance from a point that only the end of the run shows needs all lines: \
                            write at = \"dwell_end\", or a `port`";
                problems.push(Problem::new("window.at", what));
            }
            MeasureConfig::Drift { commanded, statistic, block, .. } => {
                match (statistic, commanded) {
                    (DriftStatistic::Accuracy, None) => problems.push(Problem::new(
                        "",
                        "the drift of accuracy needs `commanded`, e.g. commanded = \"arm.setpoint_cp\"",
                    )),
                    (DriftStatistic::Repeatability, Some(_)) => problems.push(Problem::new(
                        "commanded",
                        "the drift of repeatability is held against nothing: leave `commanded` out",
                    )),
                    _ => {}
                }
                let least = if *statistic == DriftStatistic::Accuracy { 2 } else { 3 };
                if *block < least {
                    let what = format!("a figure takes at least {least} cycles; ISO 9283 takes 30");
                    problems.push(Problem::new("block", what));
                }
            }
            _ if self.reads_pairs() => self.problems_of_pairs(&mut problems),
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

    fn problems_of_pairs(&self, problems: &mut Vec<Problem>) {
        let mut add = |key: &str, what: &str| problems.push(Problem::new(key, what));
        if self.window().at != WindowAt::Throughout {
            add("window.at", "how one signal follows another is read throughout: leave `at` out");
        }
        let (of, commanded) = self.paths();
        if commanded.is_some_and(|commanded| commanded.path == of.path) {
            add("commanded", "a signal cannot follow itself");
        }
        let times = match self {
            MeasureConfig::StartDelay { rest, .. } | MeasureConfig::FollowingDelay { rest, .. } => {
                [Some(("rest", *rest)), None]
            }
            MeasureConfig::SlopeChangeDelay { rest, average, .. } => {
                [Some(("rest", *rest)), Some(("average", *average))]
            }
            MeasureConfig::CorrelationDelay { longest, .. } => [Some(("longest", *longest)), None],
            MeasureConfig::FrequencyResponse { segment, .. } => [segment.map(|s| ("segment", s)), None],
            MeasureConfig::StepResponse { over, .. } => [Some(("over", *over)), None],
            _ => [None, None],
        };
        for (key, time) in times.into_iter().flatten() {
            if time.si() <= 0.0 || Nanos::from_seconds(time.si()).is_none() {
                add(key, "must be longer than nothing");
            } else if matches!(key, "average" | "longest") && time.si() > MeasureConfig::LONGEST_KEPT_S {
                add(key, "readings of at most 2 s are kept: give a shorter time");
            }
        }
        match self {
            MeasureConfig::FollowingDelay { scale, .. } | MeasureConfig::Scaling { scale, .. }
                if !(scale.is_finite() && *scale != 0.0) =>
            {
                add("scale", "must be finite and not zero");
            }
            MeasureConfig::FrequencyResponse { at, least_coherence, .. } => {
                let rises = at.windows(2).all(|pair| pair[0].si() < pair[1].si());
                if at.is_empty() || at.iter().any(|f| f.si() <= 0.0) || !rises {
                    add("at", "name frequencies above zero, each greater than the one before");
                }
                if least_coherence.dimension != Dimension::NUMBER || !(0.0..1.0).contains(&least_coherence.si)
                {
                    add("least_coherence", "a share from 0 % to below 100 % is meant");
                }
                let segment_s = self.segment_s();
                // Hann's window keeps a bin's width to itself: below two, the mean leaks into it.
                let bins = if self.is_group_delay() { 3.0 } else { 2.0 };
                if at.first().is_some_and(|lowest| lowest.si() * segment_s < bins * (1.0 - 1e-9)) {
                    let what = format!(
                        "a segment must hold {bins} periods of the lowest frequency: a longer `segment`, or higher frequencies"
                    );
                    add("at", &what);
                }
            }
            _ => {}
        }
    }

    fn is_group_delay(&self) -> bool {
        matches!(self, MeasureConfig::FrequencyResponse { statistic: ResponseStatistic::GroupDelay, .. })
    }
}
