//! Stabilisation time and overshoot of a pose (ISO 9283:1998, 7.4 and 7.5).
//!
//! When a dwell ends, the attained position is the mean of the readings of its last part (`settled`). Of the readings
//! since the dwell before, the first that is no further from it than the limit band begins the stabilisation; the last
//! that is further away ends it. The time between is the stabilisation time, zero where the band is not left again. The
//! overshoot is the largest distance in that time, zero where the band is not left again. Entry and end are found
//! between two readings on a straight line.
//!
//! The last [`ROOM`] readings before a dwell's end are kept: 16 s at 1 kHz.

use crate::figure::{FigureRow, NoFigure, Note};
use crate::geometry::{Vector, add, distance, scale};
use crate::instrument::ReadingUncertainty;
use crate::measure::{SampleError, finite};
use crate::noise::largest_of;
use crate::running::Running;
use crate::shape::Visit;
use crate::statistic::RepeatStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent, rectangular};
use crate::visits::labels;
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Time};

/// Readings that are kept.
pub const ROOM: usize = 16_384;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Settles {
    /// The stabilisation time (s).
    Time,
    /// The overshoot (m).
    Overshoot,
}

/// A measure of settling in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settling {
    what: Settles,
    statistic: RepeatStatistic,
    /// Half width of the limit band (m).
    band_m: f64,
    /// The last part of a dwell that says where it ended (s).
    settled_s: f64,
    names: Vec<String>,
    /// One for each visit.
    figures: Vec<Running>,
    /// Readings of the motion under way, how many there are, and which of them is overwritten next.
    times: Vec<Time>,
    positions_m: Vec<Vector>,
    kept: usize,
    next: usize,
    /// The longest time between two readings (s).
    interval_s: f64,
    /// Dwells whose motion began inside the band, or was never outside it.
    never_outside: u32,
    dwells: u32,
}

impl Settling {
    pub fn new(
        what: Settles,
        statistic: RepeatStatistic,
        band_m: f64,
        settled_s: f64,
        visits: &[Visit],
    ) -> Settling {
        let names = labels(visits);
        Settling {
            what,
            statistic,
            band_m,
            settled_s,
            figures: vec![Running::default(); names.len()],
            names,
            times: vec![Time::ZERO; ROOM],
            positions_m: vec![[0.0; 3]; ROOM],
            kept: 0,
            next: 0,
            interval_s: 0.0,
            never_outside: 0,
            dwells: 0,
        }
    }

    pub fn dimension(&self) -> Dimension {
        match self.what {
            Settles::Time => Dimension::TIME,
            Settles::Overshoot => Dimension::LENGTH,
        }
    }

    pub fn row_count(&self) -> usize {
        self.names.len()
    }

    pub fn push(&mut self, at: Time, values: &[f64]) -> Result<(), SampleError> {
        let position_m = finite::<3>(values)?;
        if let Some(last) = self.last() {
            let interval_s = at.since(self.times[last]).seconds();
            self.interval_s = trocar_math::max(self.interval_s, interval_s);
        }
        self.times[self.next] = at;
        self.positions_m[self.next] = position_m;
        self.kept = ROOM.min(self.kept + 1);
        self.next = (self.next + 1) % ROOM;
        Ok(())
    }

    fn last(&self) -> Option<usize> {
        (self.kept > 0).then(|| (self.next + ROOM - 1) % ROOM)
    }

    /// The readings in their order: place among those kept.
    fn in_order(&self) -> impl DoubleEndedIterator<Item = usize> + Clone + use<> {
        let (kept, first) = (self.kept, if self.kept < ROOM { 0 } else { self.next });
        (0..kept).map(move |k| (first + k) % ROOM)
    }

    /// A dwell has ended.
    pub fn dwell_ended(&mut self, at: Time, visit: u32, counts: bool) -> Result<(), SampleError> {
        let result = match self.names.get(visit as usize) {
            None => Err(SampleError::Pose { pose: visit, declared: self.names.len() }),
            Some(_) if !counts => Ok(()),
            Some(_) => {
                self.dwells += 1;
                match self.settle(at) {
                    Some(value) => self.figures[visit as usize].push(at, value),
                    None => self.never_outside += 1,
                }
                Ok(())
            }
        };
        (self.kept, self.next) = (0, 0);
        result
    }

    /// The figure of the motion that has just ended; `None` where it was never outside the band.
    fn settle(&self, end: Time) -> Option<f64> {
        let (mut sum, mut n) = ([0.0; 3], 0.0);
        for k in self.in_order().rev() {
            if n > 0.0 && end.since(self.times[k]).seconds() > self.settled_s {
                break;
            }
            sum = add(sum, self.positions_m[k]);
            n += 1.0;
        }
        let attained_m = scale(sum, 1.0 / n);
        let off = |k: usize| distance(self.positions_m[k], attained_m);
        let (mut before, mut entry, mut left) = (None::<(Time, f64)>, None::<f64>, None::<f64>);
        let mut overshoot = 0.0;
        for k in self.in_order() {
            let (at, off_m) = (self.times[k], off(k));
            if let Some((then, was_m)) = before {
                // The instant between two readings at which the band's edge was crossed.
                let crossing = || {
                    let share = (was_m - self.band_m) / (was_m - off_m);
                    end.since(then).seconds() - share * at.since(then).seconds()
                };
                let crosses_in = was_m > self.band_m && off_m <= self.band_m;
                if crosses_in && entry.is_none() {
                    entry = Some(crossing());
                } else if crosses_in {
                    left = Some(crossing());
                }
                if entry.is_some() && off_m > self.band_m {
                    overshoot = trocar_math::max(overshoot, off_m);
                }
            }
            before = Some((at, off_m));
        }
        let entry = entry?;
        Some(match self.what {
            Settles::Time => left.map_or(0.0, |left| entry - left),
            Settles::Overshoot => overshoot,
        })
    }

    pub fn rows(&self, instrument: Option<&ReadingUncertainty>) -> Result<Vec<FigureRow>, NoFigure> {
        if self.dwells == 0 {
            return Err(NoFigure::NoReading);
        }
        if self.never_outside > 0 {
            return Err(NoFigure::NeverOutside { dwells: self.dwells, inside: self.never_outside });
        }
        self.names
            .iter()
            .zip(&self.figures)
            .map(|(name, running)| self.row(name, running, instrument))
            .collect()
    }

    fn row(
        &self,
        name: &str,
        running: &Running,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        let n = running.count();
        if n == 0 {
            return Err(NoFigure::NoReading);
        }
        let (value, is_mean) = match self.statistic {
            RepeatStatistic::Mean => (running.mean(), true),
            RepeatStatistic::Max => (running.highest().value, false),
        };
        let mut row = FigureRow::bare(value, self.dimension(), n);
        name.clone_into(&mut row.label);
        row.at = (!is_mean).then(|| running.highest().at);
        row.note = (n == 1).then_some(Note::Once);
        if let (Some(variance), true) = (running.variance(), is_mean) {
            let u = (variance / n as f64).sqrt();
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
            row.note = running.all_equal().then_some(Note::AllEqual);
        }
        match self.what {
            // Two crossings, each between two readings.
            Settles::Time if value > 0.0 => {
                let u = std::f64::consts::SQRT_2 * rectangular(0.5 * self.interval_s);
                row = row.with([UncertaintyComponent::type_b(ComponentName::ReadingInterval, u)]);
            }
            Settles::Overshoot => {
                if let Some(instrument) = instrument {
                    row = row.with(instrument.of_readings(1.0));
                    // The largest of many readings lies beyond the largest distance.
                    let many = largest_of(ROOM as u64) * instrument.noise_sd;
                    row.noise_bias = trocar_math::min(value, many);
                }
            }
            Settles::Time => {}
        }
        Ok(row)
    }
}
