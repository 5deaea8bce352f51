//! Extremes, mean and last value of one number over a window, and the largest deviation from the twin.

use crate::figure::{FigureRow, NoFigure, Note};
use crate::instrument::ReadingUncertainty;
use crate::measure::{SampleError, finite};
use crate::noise::largest_of;
use crate::running::{Extreme, Running};
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Time};

/// What is made of the readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Statistic {
    /// Largest absolute value.
    Peak,
    /// Largest.
    Maximum,
    /// Smallest.
    Minimum,
    /// Mean.
    Mean,
    /// Last.
    Final,
    /// Largest minus smallest.
    Range,
}

/// A statistic of one number in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OverWindow {
    statistic: Statistic,
    /// Whether readings come one for each dwell: then they are repeats, and their scatter tells of the mean.
    repeats: bool,
    running: Running,
}

impl OverWindow {
    pub fn new(statistic: Statistic, repeats: bool) -> OverWindow {
        OverWindow { statistic, repeats, running: Running::default() }
    }

    pub fn push(&mut self, at: Time, value: f64) {
        self.running.push(at, value);
    }

    pub fn row(
        &self,
        dimension: Dimension,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        let n = self.running.count();
        if n == 0 {
            return Err(NoFigure::NoReading);
        }
        let (low, high, last) = (self.running.lowest(), self.running.highest(), self.running.last());
        let (value, at) = match self.statistic {
            Statistic::Peak if low.value.abs() > high.value.abs() => (low.value.abs(), Some(low.at)),
            Statistic::Peak => (high.value.abs(), Some(high.at)),
            Statistic::Maximum => (high.value, Some(high.at)),
            Statistic::Minimum => (low.value, Some(low.at)),
            Statistic::Mean => (self.running.mean(), None),
            Statistic::Final => (last.value, Some(last.at)),
            Statistic::Range => (high.value - low.value, None),
        };
        let mut row = FigureRow::bare(value, dimension, n);
        row.at = at;
        let sampled = match self.running.variance() {
            Some(variance) if self.statistic == Statistic::Mean && self.repeats => {
                row.note = self.running.all_equal().then_some(Note::AllEqual);
                let u = (variance / n as f64).sqrt();
                row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
                true
            }
            _ => false,
        };
        let Some(instrument) = instrument else { return Ok(row) };
        // Of a range, what is the same in both readings cancels.
        if self.statistic != Statistic::Range {
            row = row.with(instrument.common());
        }
        let (weight, lifted) = match self.statistic {
            Statistic::Peak | Statistic::Maximum => (1.0, 1.0),
            Statistic::Minimum => (1.0, -1.0),
            Statistic::Range => (std::f64::consts::SQRT_2, 2.0),
            Statistic::Final => (1.0, 0.0),
            Statistic::Mean => (1.0 / (n as f64).sqrt(), 0.0),
        };
        let [noise, _] = instrument.of_readings(weight);
        // Rounding of readings that hardly differ is the same in all: it does not average out.
        let [_, resolution] = instrument.of_readings(trocar_math::max(weight, 1.0));
        row = row.with([resolution]).with((!sampled).then_some(noise));
        // The extreme of many noisy readings lies beyond the extreme of the quantity.
        let bias = lifted * largest_of(n) * instrument.noise_sd;
        row.noise_bias = match self.statistic {
            Statistic::Peak | Statistic::Range => trocar_math::min(bias, value),
            _ => bias,
        };
        if self.statistic == Statistic::Range && bias > 0.0 {
            row.instrument_alone = Some(bias);
        }
        Ok(row)
    }
}

/// The share of equal steps at which something held, in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Whether the last step alone counts.
    at_end: bool,
    steps: u64,
    held: u64,
}

impl Share {
    pub fn new(at_end: bool) -> Share {
        Share { at_end, steps: 0, held: 0 }
    }

    pub fn push(&mut self, holds: bool) {
        if self.at_end {
            (self.steps, self.held) = (1, u64::from(holds));
        } else {
            self.steps += 1;
            self.held += u64::from(holds);
        }
    }

    pub fn row(&self) -> Result<FigureRow, NoFigure> {
        if self.steps == 0 {
            return Err(NoFigure::NoReading);
        }
        Ok(FigureRow::bare(self.held as f64 / self.steps as f64, Dimension::NUMBER, self.steps))
    }
}

/// The largest deviation from the twin in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Twin {
    /// `None`: a position, by Euclidean distance; otherwise this many numbers, by the largest difference.
    numbers: Option<usize>,
    count: u64,
    worst: Extreme,
}

impl Twin {
    pub fn position() -> Twin {
        Twin { numbers: None, count: 0, worst: Extreme::default() }
    }

    pub fn numbers(count: usize) -> Twin {
        Twin { numbers: Some(count), ..Twin::position() }
    }

    /// Distance of two readings.
    pub fn distance(&self, values: &[f64], twins: &[f64]) -> Result<f64, SampleError> {
        let Some(need) = self.numbers else {
            let ([ax, ay, az], [bx, by, bz]) = (finite::<3>(values)?, finite::<3>(twins)?);
            let (dx, dy, dz) = (ax - bx, ay - by, az - bz);
            return Ok((dx * dx + dy * dy + dz * dz).sqrt());
        };
        let mut worst = 0.0;
        for side in [values, twins] {
            if side.len() < need {
                return Err(SampleError::TooFew { have: side.len(), need });
            }
        }
        for (a, b) in values.iter().zip(twins).take(need) {
            let difference = (a - b).abs();
            if !difference.is_finite() {
                return Err(SampleError::NotFinite);
            }
            worst = trocar_math::max(worst, difference);
        }
        Ok(worst)
    }

    pub fn push(&mut self, at: Time, distance: f64) {
        if self.count == 0 || distance > self.worst.value {
            self.worst = Extreme { value: distance, at };
        }
        self.count += 1;
    }

    /// Both runs are simulated with the same draws, so that the instrument's errors cancel: no uncertainty is stated.
    pub fn row(&self, dimension: Dimension) -> Result<FigureRow, NoFigure> {
        if self.count == 0 {
            return Err(NoFigure::NoReading);
        }
        let mut row = FigureRow::bare(self.worst.value, dimension, self.count);
        row.at = Some(self.worst.at);
        Ok(row)
    }
}
