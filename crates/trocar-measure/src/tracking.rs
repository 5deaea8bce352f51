//! Tracking error: how far one number is off another that it should equal, over the repeats of a phase.
//!
//! With e = `of` − `commanded` at each reading: the root of the mean of e² over all readings, the largest |e|, or the mean of e with
//! its sign.
//!
//! **Uncertainty.** Where the phase repeats, the figures of the repeats scatter, and their scatter over the root of their number is
//! the type A part; a last repeat that was hardly begun does not count for it. A shift of all readings (calibration,
//! registration) by u takes a mean along by u, a largest by at most u, and a root mean square r from errors of mean m to
//! √(r² + 2|m|u + u²) at most. Noise of standard deviation σ raises a root mean square from √(r² − σ²), and a largest by what is the
//! largest of as many draws; that is stated beside the figure. Rounding may be the same in all readings.

use crate::figure::{FigureRow, NoFigure, Note};
use crate::instrument::ReadingUncertainty;
use crate::noise::{largest_of, raised_by};
use crate::running::{Extreme, Running};
use crate::statistic::TrackingStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Time};

/// Sums over errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sums {
    count: u64,
    sum: f64,
    squares: f64,
    worst: Extreme,
}

impl Sums {
    fn push(&mut self, at: Time, error: f64) {
        self.count += 1;
        self.sum += error;
        self.squares += error * error;
        if self.count == 1 || error.abs() > self.worst.value.abs() {
            self.worst = Extreme { value: error, at };
        }
    }

    fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    fn value(&self, statistic: TrackingStatistic) -> f64 {
        match statistic {
            TrackingStatistic::Rms => (self.squares / self.count as f64).sqrt(),
            TrackingStatistic::Largest => self.worst.value.abs(),
            TrackingStatistic::Mean => self.mean(),
        }
    }
}

/// A tracking error in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tracking {
    statistic: TrackingStatistic,
    cycle: u32,
    whole: Sums,
    repeat: Sums,
    /// Of the repeats that were read at least half as often as the one read most often.
    repeats: Running,
    most: u64,
}

impl Tracking {
    pub fn new(statistic: TrackingStatistic) -> Tracking {
        let (whole, repeat) = (Sums::default(), Sums::default());
        Tracking { statistic, cycle: 0, whole, repeat, repeats: Running::default(), most: 0 }
    }

    pub fn push(&mut self, at: Time, cycle: u32, of: f64, commanded: f64) {
        if cycle != self.cycle {
            self.close(at);
            self.cycle = cycle;
        }
        self.whole.push(at, of - commanded);
        self.repeat.push(at, of - commanded);
    }

    fn close(&mut self, at: Time) {
        let repeat = std::mem::take(&mut self.repeat);
        if repeat.count > 0 && 2 * repeat.count >= self.most {
            self.most = self.most.max(repeat.count);
            self.repeats.push(at, repeat.value(self.statistic));
        }
    }

    pub fn row(
        &self,
        dimension: Dimension,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        let n = self.whole.count;
        if n == 0 {
            return Err(NoFigure::NoReading);
        }
        let mut whole = self.clone();
        whole.close(self.whole.worst.at);
        let value = self.whole.value(self.statistic);
        let mut row = FigureRow::bare(value, dimension, n);
        row.at = (self.statistic == TrackingStatistic::Largest).then_some(self.whole.worst.at);
        let m = whole.repeats.count();
        row.note = match whole.repeats.variance() {
            None => Some(Note::Once),
            Some(_) => whole.repeats.all_equal().then_some(Note::AllEqual),
        };
        if let Some(variance) = whole.repeats.variance() {
            let u = (variance / m as f64).sqrt();
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, m as f64 - 1.0)]);
        }
        let Some(instrument) = instrument else { return Ok(row) };
        let mean = self.whole.mean().abs();
        let shifted = |u: f64| match self.statistic {
            TrackingStatistic::Rms => (value * value + 2.0 * mean * u + u * u).sqrt() - value,
            TrackingStatistic::Largest | TrackingStatistic::Mean => u,
        };
        let of_one = self.statistic == TrackingStatistic::Largest;
        let weight = if of_one { 1.0 } else { 1.0 / (n as f64).sqrt() };
        let [noise, _] = instrument.of_readings(weight);
        row = row.with([
            UncertaintyComponent::type_b(ComponentName::Calibration, shifted(instrument.calibration_u())),
            UncertaintyComponent::type_b(ComponentName::Registration, shifted(instrument.registration_u)),
            UncertaintyComponent::type_b(ComponentName::Resolution, shifted(instrument.rounding_sd())),
            noise,
        ]);
        let alone = match self.statistic {
            TrackingStatistic::Rms => instrument.scatter_sd(),
            TrackingStatistic::Largest => largest_of(n) * instrument.scatter_sd(),
            TrackingStatistic::Mean => 0.0,
        };
        row.instrument_alone = (alone > 0.0).then_some(alone);
        row.noise_bias = match self.statistic {
            TrackingStatistic::Rms => raised_by(value, alone),
            TrackingStatistic::Largest => trocar_math::min(largest_of(n) * instrument.noise_sd, value),
            TrackingStatistic::Mean => 0.0,
        };
        Ok(row)
    }
}
