//! How long a device takes to stop after a signal, and how far it goes (displacement at an emergency stop; after the
//! method of Yang, Li, Wang and Meng: per stop mode, speed, direction and pose).
//!
//! With t0 the signal's instant and p(t) the position: d_max = max over t ≥ t0 of ‖p(t) − p(t0)‖, d_end = ‖p(end) −
//! p(t0)‖ with the last reading of the window. p(t0) lies on the straight line between the readings around t0. The stop
//! time ends at the last instant at which the device had moved on by more than `at_rest`: each time that it is further
//! than that from where it was then, the instant is kept anew. A device that creeps on does not stop.
//!
//! Of one number, the angle of a joint say, distances are differences.
//!
//! The first signal in the window counts, and everything that is read after it, also in the phases that follow.

use crate::figure::{FigureRow, NoFigure, Note};
use crate::geometry::{Vector, add, distance, scale, sub};
use crate::instrument::ReadingUncertainty;
use crate::measure::{SampleError, finite};
use crate::noise::{largest_of, maxwell_mean, raised_by};
use crate::statistic::StopStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent, rectangular};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::{Dimension, Nanos, Time};

/// What is measured of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stops {
    /// The time (s) until it has moved by more than this for the last time.
    Time(f64),
    /// A displacement.
    Displacement(StopStatistic),
}

/// A measure of a stop in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stopping {
    what: Stops,
    /// Of one number, what it measures; `None` for a position.
    number: Option<Dimension>,
    step: Nanos,
    signal: Option<Time>,
    last: Option<(Time, Vector)>,
    /// Where it was at the signal.
    from_m: Option<Vector>,
    /// When and where it was last further than `at_rest` from where it was before.
    moved: (Time, Vector),
    longest: (Time, f64),
    n: u64,
    interval_s: f64,
}

impl Stopping {
    pub fn new(what: Stops, number: Option<Dimension>, step: Nanos) -> Stopping {
        Stopping {
            what,
            number,
            step,
            signal: None,
            last: None,
            from_m: None,
            moved: (Time::ZERO, [0.0; 3]),
            longest: (Time::ZERO, 0.0),
            n: 0,
            interval_s: 0.0,
        }
    }

    pub fn dimension(&self) -> Dimension {
        match self.what {
            Stops::Time(_) => Dimension::TIME,
            Stops::Displacement(_) => self.number.unwrap_or(Dimension::LENGTH),
        }
    }

    /// The signal came.
    pub fn signal(&mut self, at: Time) {
        self.signal.get_or_insert(at);
    }

    /// A reading.
    pub fn push(&mut self, at: Time, values: &[f64]) -> Result<(), SampleError> {
        let position_m = match self.number {
            Some(_) => [finite::<1>(values)?[0], 0.0, 0.0],
            None => finite::<3>(values)?,
        };
        let before = self.last.replace((at, position_m));
        let Some(signal) = self.signal.filter(|signal| at >= *signal) else { return Ok(()) };
        if let Some((then, _)) = before {
            self.interval_s = trocar_math::max(self.interval_s, at.since(then).seconds());
        }
        let from_m = *self.from_m.get_or_insert_with(|| match before {
            Some((then, was_m)) if then < signal => {
                let share = signal.since(then).seconds() / at.since(then).seconds();
                add(was_m, scale(sub(position_m, was_m), share))
            }
            _ => position_m,
        });
        if self.n == 0 {
            self.moved = (signal, from_m);
            self.longest = (signal, 0.0);
        }
        self.n += 1;
        let off_m = distance(position_m, from_m);
        if off_m > self.longest.1 {
            self.longest = (at, off_m);
        }
        if let Stops::Time(at_rest_m) = self.what
            && distance(position_m, self.moved.1) > at_rest_m
        {
            self.moved = (at, position_m);
        }
        Ok(())
    }

    pub fn row(&self, instrument: Option<&ReadingUncertainty>) -> Result<FigureRow, NoFigure> {
        let Some(signal) = self.signal else { return Err(NoFigure::NoEvent) };
        let (Some(from_m), Some((end, last_m))) = (self.from_m, self.last) else {
            return Err(NoFigure::NoReading);
        };
        let (value, at) = match self.what {
            Stops::Time(_) => (self.moved.0.since(signal).seconds(), Some(self.moved.0)),
            Stops::Displacement(StopStatistic::Max) => (self.longest.1, Some(self.longest.0)),
            Stops::Displacement(StopStatistic::Final) => (distance(last_m, from_m), Some(end)),
        };
        let mut row = FigureRow::bare(value, self.dimension(), self.n);
        row.at = at;
        row.note = Some(Note::Once);
        match self.what {
            Stops::Time(_) => {
                // The signal to one step; the end to one interval of readings.
                let u = |unit_s| rectangular(0.5 * unit_s);
                row = row.with([
                    UncertaintyComponent::type_b(ComponentName::Step, u(self.step.seconds())),
                    UncertaintyComponent::type_b(ComponentName::ReadingInterval, u(self.interval_s)),
                ]);
            }
            Stops::Displacement(statistic) => {
                let Some(instrument) = instrument else { return Ok(row) };
                row = row.with(instrument.of_readings(SQRT_2));
                let noise_sd = SQRT_2 * instrument.scatter_sd();
                let largest = if statistic == StopStatistic::Max { largest_of(self.n) } else { 0.0 };
                // From where it stands still, noise alone is away by Maxwell's mean, of one number by the mean of its size; the
                // largest of many is more.
                let mean =
                    if self.number.is_some() { std::f64::consts::FRAC_2_PI.sqrt() } else { maxwell_mean() };
                let alone = noise_sd * trocar_math::max(mean, largest);
                row.instrument_alone = (alone > 0.0).then_some(alone);
                row.noise_bias = match statistic {
                    StopStatistic::Max => trocar_math::min(value, largest * instrument.noise_sd),
                    StopStatistic::Final => raised_by(value, alone),
                };
            }
        }
        Ok(row)
    }
}
