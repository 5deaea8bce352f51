//! Time from one event to another.
//!
//! Every `from` must be answered before the next `from` and before the end: to leave the slowest answers out of a mean
//! would flatter it. A `to` that answers nothing is not counted.

use crate::figure::{FigureRow, NoFigure};
use crate::instrument::RecorderUncertainty;
use crate::measure::SampleError;
use crate::noise::largest_of;
use crate::repeats::{Repeats, Summary};
use crate::statistic::DelayStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent, both_ends, rectangular};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::{Dimension, Nanos, Time};

/// A delay in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delay {
    step: Nanos,
    /// The `from` that waits for its answer.
    open: Option<Time>,
    events: u64,
    unanswered: u64,
    /// Delays (s), at the instants of their `from`.
    repeats: Repeats,
}

impl Delay {
    pub fn new(statistic: DelayStatistic, step: Nanos) -> Delay {
        Delay { step, open: None, events: 0, unanswered: 0, repeats: Repeats::new(statistic) }
    }

    pub fn from(&mut self, at: Time) {
        self.events += 1;
        if self.open.replace(at).is_some() {
            self.unanswered += 1;
        }
    }

    pub fn to(&mut self, at: Time) -> Result<(), SampleError> {
        let Some(from) = self.open else { return Ok(()) };
        if at < from {
            return Err(SampleError::Backwards);
        }
        self.open = None;
        self.repeats.push(from, at.since(from).seconds());
        Ok(())
    }

    pub fn row(&self, recorder: Option<&RecorderUncertainty>) -> Result<FigureRow, NoFigure> {
        if self.events == 0 {
            return Err(NoFigure::NoEvent);
        }
        let unanswered = self.unanswered + u64::from(self.open.is_some());
        if unanswered > 0 {
            return Err(NoFigure::Unanswered { unanswered, events: self.events });
        }
        let Summary { row, sampled, lifted } = self.repeats.summary(Dimension::TIME)?;
        // Two ends, each anywhere within one unit of resolution. Repeats need not average this out: their phase
        // against the clock may be the same.
        let mut row =
            row.with([UncertaintyComponent::type_b(ComponentName::Step, both_ends(self.step.seconds()))]);
        let Some(recorder) = recorder else { return Ok(row) };
        let noise_s = SQRT_2 * recorder.threshold_noise_s;
        let value = row.value;
        row = row.with([
            UncertaintyComponent::type_b(ComponentName::ClockResolution, both_ends(recorder.resolution_s)),
            UncertaintyComponent::type_b(
                ComponentName::ClockRate,
                rectangular(value * recorder.clock_rate_error),
            ),
        ]);
        // In the scatter of a mean the noise is contained.
        row = row
            .with((!sampled).then_some(UncertaintyComponent::type_b(ComponentName::ThresholdNoise, noise_s)));
        row.noise_bias = lifted * largest_of(row.n) * noise_s;
        Ok(row)
    }
}
