//! What answers a jump: rise time and steady error.
//!
//! A **step** begins at the first reading at which `commanded` differs from the one before, and ends when it next does,
//! or the window ends. **Rise time**: from `of` having gone a tenth of the jump to nine tenths of it, from where it stood
//! when the jump came; instants between readings are interpolated. Of a lag of the first order τ it is τ ln 9; a delay
//! changes nothing. Nine tenths are of the commanded jump, so that an answer that stays a tenth short has no rise time,
//! and no figure. **Steady error**: |`of` − `commanded`|, each averaged over the last whole piece of the length `over`
//! (between one and two such lengths before the step's end).

use crate::figure::{FigureRow, NoFigure};
use crate::instrument::ReadingUncertainty;
use crate::repeats::{Repeats, Summary};
use crate::running::Running;
use crate::statistic::{DelayStatistic, StepStatistic};
use crate::uncertainty::{ComponentName, UncertaintyComponent, both_ends};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Nanos, Time};

/// Shares of the jump between which it rises.
const RISES: [f64; 2] = [0.1, 0.9];

/// A step whose answer is watched.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    began: Time,
    from: f64,
    by: f64,
    /// When each share was passed first, s since it began.
    passed_s: [Option<f64>; 2],
    /// Sum and count of the error in the piece that is read, when that piece began, and the mean of the one before.
    sum: f64,
    count: u64,
    piece_began: Time,
    settled: Option<f64>,
}

/// Steps in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepResponse {
    statistic: StepStatistic,
    over: Nanos,
    step: Option<Step>,
    before: Option<(Time, f64, f64)>,
    steps: u64,
    unanswered: u64,
    repeats: Repeats,
    intervals: Running,
    averaged: Running,
}

impl StepResponse {
    pub fn new(statistic: StepStatistic, over: Nanos) -> StepResponse {
        let of_repeats = match statistic {
            StepStatistic::RiseTime | StepStatistic::SteadyError => DelayStatistic::Mean,
            StepStatistic::LongestRiseTime | StepStatistic::LargestSteadyError => DelayStatistic::Max,
        };
        StepResponse {
            statistic,
            over,
            step: None,
            before: None,
            steps: 0,
            unanswered: 0,
            repeats: Repeats::new(of_repeats),
            intervals: Running::default(),
            averaged: Running::default(),
        }
    }

    /// Whether its figure is a time.
    pub fn is_rise(&self) -> bool {
        matches!(self.statistic, StepStatistic::RiseTime | StepStatistic::LongestRiseTime)
    }

    pub fn push(&mut self, now: Time, counts: bool, of: f64, commanded: f64) {
        let Some((at, of_before, commanded_before)) = self.before.replace((now, of, commanded)) else {
            return;
        };
        self.intervals.push(now, now.since(at).seconds());
        if commanded != commanded_before {
            self.close();
            self.step = counts.then_some(Step {
                began: at,
                from: of_before,
                by: commanded - commanded_before,
                passed_s: [None; 2],
                sum: 0.0,
                count: 0,
                piece_began: now,
                settled: None,
            });
            self.steps += u64::from(counts);
        }
        let over = self.over;
        let Some(step) = &mut self.step else { return };
        let way = |value: f64| (value - step.from) / step.by;
        let (a, b) = (way(of_before), way(of));
        for (share, passed_s) in RISES.iter().zip(&mut step.passed_s) {
            if passed_s.is_none() && a < *share && *share <= b {
                let since_s = at.since(step.began).seconds();
                *passed_s = Some(since_s + now.since(at).seconds() * (share - a) / (b - a));
            }
        }
        if now.since(step.piece_began) >= over && step.count > 0 {
            step.settled = Some(step.sum / step.count as f64);
            self.averaged.push(now, step.count as f64);
            (step.sum, step.count, step.piece_began) = (0.0, 0, now);
        }
        step.sum += of - commanded;
        step.count += 1;
    }

    fn close(&mut self) {
        let Some(step) = self.step.take() else { return };
        let result = if self.is_rise() {
            let [low, high] = step.passed_s;
            low.zip(high).map(|(low, high)| high - low)
        } else {
            step.settled.map(f64::abs)
        };
        match result {
            Some(value) => self.repeats.push(step.began, value),
            None => self.unanswered += 1,
        }
    }

    pub fn row(
        &self,
        dimension: Dimension,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        let mut whole = self.clone();
        whole.close();
        if whole.steps == 0 {
            let need = "a step is a value that differs from the one before";
            return Err(NoFigure::NoMotion { need: need.to_owned() });
        }
        if whole.unanswered > 0 {
            return Err(NoFigure::NotFollowed { unanswered: whole.unanswered, events: whole.steps });
        }
        let Summary { row, sampled, .. } = whole.repeats.summary(dimension)?;
        if self.is_rise() {
            let interval = both_ends(self.intervals.mean());
            return Ok(row.with([UncertaintyComponent::type_b(ComponentName::ReadingInterval, interval)]));
        }
        let Some(instrument) = instrument else { return Ok(row) };
        let [noise, _] = instrument.of_readings(1.0 / trocar_math::max(whole.averaged.mean(), 1.0).sqrt());
        let [_, resolution] = instrument.of_readings(1.0);
        Ok(row.with(instrument.common()).with([resolution]).with((!sampled).then_some(noise)))
    }
}
