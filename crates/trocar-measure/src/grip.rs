//! The force with which a jaw holds (load cell between the jaws; after Mucksavage et al., Journal of Endourology 25 (2011)
//! 523: the mean of repeated closings).
//!
//! When a dwell of the jaw ends, the force of this closing is the mean of the readings in its last part (`hold`). The figure
//! is the mean, the lowest or the highest of all closings, or the difference of the last two. In a phase without any dwell
//! the last part of what was read in it is the one closing.
//!
//! With m readings in a hold and n closings, noise of standard deviation s is s/√m in each closing: it shows in their
//! scatter, which is the mean's component of type A, and lifts or lowers an extreme by what the extreme of n draws is
//! beyond their mean. What the gauge's calibration and zero are off is the same in all closings: it moves a force, and
//! leaves their difference alone.

use crate::figure::{FigureRow, NoFigure, Note, Repeated};
use crate::instrument::ReadingUncertainty;
use crate::measure::{SampleError, finite};
use crate::noise::{largest_of, sd_of_mean};
use crate::running::Running;
use crate::statistic::ForceStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::{Dimension, Nanos, Time};

/// A measure of grip force in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GripForce {
    statistic: ForceStatistic,
    hold: Nanos,
    /// The visits of a cycle at which the jaw holds; none where the phase visits nothing, and then each dwell counts.
    visits: Vec<u32>,
    /// Closings that the procedure declares.
    declared: u32,
    /// The readings of the last part of the dwell under way: how many there are, and which of them is overwritten next.
    times: Vec<Time>,
    forces_n: Vec<f64>,
    kept: usize,
    next: usize,
    /// Dwells that ended, whether they count or not.
    dwells: u32,
    closings: Running,
    /// Least readings in one hold.
    fewest: u64,
    shown: Vec<f64>,
}

impl GripForce {
    /// `room`: for how many readings of one hold there is memory.
    pub fn new(
        statistic: ForceStatistic,
        hold: Nanos,
        visits: Vec<u32>,
        declared: u32,
        room: usize,
    ) -> GripForce {
        GripForce {
            statistic,
            hold,
            visits,
            declared,
            times: vec![Time::ZERO; room],
            forces_n: vec![0.0; room],
            kept: 0,
            next: 0,
            dwells: 0,
            closings: Running::default(),
            fewest: u64::MAX,
            shown: vec![0.0; Repeated::MOST],
        }
    }

    pub fn push(&mut self, at: Time, values: &[f64]) -> Result<(), SampleError> {
        let [force_n] = finite::<1>(values)?;
        (self.times[self.next], self.forces_n[self.next]) = (at, force_n);
        self.kept = self.times.len().min(self.kept + 1);
        self.next = (self.next + 1) % self.times.len();
        Ok(())
    }

    /// A dwell has ended at a visit.
    pub fn dwell_ended(&mut self, end: Time, visit: u32, counts: bool) {
        self.dwells += 1;
        let holds = self.visits.is_empty() || self.visits.contains(&visit);
        if holds && counts {
            self.close(end);
        }
        (self.kept, self.next) = (0, 0);
    }

    /// Takes the mean of the last part as the force of a closing, if anything was read in it.
    fn close(&mut self, end: Time) {
        let (room, mut hold) = (self.times.len(), Running::default());
        for back in 1..=self.kept {
            let k = (self.next + room - back) % room;
            if end.since(self.times[k]) > self.hold {
                break;
            }
            hold.push(self.times[k], self.forces_n[k]);
        }
        if hold.count() == 0 {
            return;
        }
        if let Some(place) = self.shown.get_mut(self.closings.count() as usize) {
            *place = hold.mean();
        }
        self.fewest = self.fewest.min(hold.count());
        self.closings.push(end, hold.mean());
    }

    pub fn row(&self, instrument: Option<&ReadingUncertainty>) -> Result<FigureRow, NoFigure> {
        if self.dwells == 0 && self.kept > 0 && self.visits.is_empty() {
            let mut one = GripForce { declared: 1, ..self.clone() };
            let last = (self.next + self.times.len() - 1) % self.times.len();
            one.dwell_ended(self.times[last], 0, true);
            return one.row(instrument);
        }
        let n = self.closings.count();
        if n < u64::from(self.declared) || n == 0 {
            return Err(NoFigure::NotHeld { have: n as u32, declared: self.declared });
        }
        let (low, high) = (self.closings.lowest(), self.closings.highest());
        let (value, at) = match self.statistic {
            ForceStatistic::Mean => (self.closings.mean(), None),
            ForceStatistic::Lowest => (low.value, Some(low.at)),
            ForceStatistic::Highest => (high.value, Some(high.at)),
            ForceStatistic::Range => (high.value - low.value, None),
        };
        let mut row = FigureRow::bare(value, Dimension::FORCE, n);
        row.at = at;
        row.repeats = self.shown.get(..n as usize).map_or(Repeated::Unknown, Repeated::values);
        row.note = match n {
            1 => Some(Note::Once),
            _ => self.closings.all_equal().then_some(Note::AllEqual),
        };
        let is_mean = self.statistic == ForceStatistic::Mean;
        let variance = self.closings.variance().filter(|_| is_mean);
        if let Some(variance) = variance {
            let u = (variance / n as f64).sqrt();
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
        }
        let Some(instrument) = instrument else { return Ok(row) };
        let is_range = self.statistic == ForceStatistic::Range;
        if !is_range {
            row = row.with(instrument.common());
        }
        // The noise of a mean over closings shows in their scatter, if there are two.
        let of_closing = sd_of_mean(instrument.noise_sd, self.fewest);
        let weight = if is_range { SQRT_2 } else { 1.0 };
        if variance.is_none() {
            let noise = UncertaintyComponent::type_b(ComponentName::InstrumentNoise, weight * of_closing);
            row = row.with([noise]);
        }
        // Readings of a still force are all rounded alike: that does not average out.
        let [_, resolution] = instrument.of_readings(weight);
        row = row.with([resolution]);
        let beyond = largest_of(n) * of_closing;
        row.noise_bias = match self.statistic {
            ForceStatistic::Mean => 0.0,
            ForceStatistic::Lowest => -beyond,
            ForceStatistic::Highest => beyond,
            ForceStatistic::Range => trocar_math::min(2.0 * beyond, value),
        };
        row.instrument_alone = (is_range && beyond > 0.0).then_some(2.0 * beyond);
        Ok(row)
    }
}
