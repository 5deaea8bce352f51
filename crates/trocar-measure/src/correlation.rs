//! The delay at which two velocities resemble each other most.
//!
//! C(τ) = Σ ẋ_commanded(t − τ) ẋ_of(t) over each repeat of the phase, on a fixed bank of delays one reading apart, from
//! a quarter of the longest before zero to the longest; the delay is where C is greatest, with a parabola through the greatest and its neighbours
//! (standards say nothing of it; the estimator is Knapp & Carter's without weighting, IEEE Trans. ASSP 24 (1976) 320;
//! parabola: Boucher & Hassab, IEEE Trans. ASSP 29 (1981) 609). Velocities are differences of successive readings, which
//! must come evenly; the motion should begin and end at rest.
//!
//! **Bias.** Of a pure delay it is exact at whole intervals, and within a tenth of an interval between them, for
//! motions whose bandwidth is below a tenth of the rate of reading. Through a lag of the first order τ it gives
//! arctan(ω τ)/ω for a sine of ω, and less than τ for anything broader: it weights fast parts of a motion more than slow
//! ones, and a lag delays them less. A motion of constant speed has no peak to find.

use crate::figure::{FigureRow, NoFigure};
use crate::repeats::{Repeats, Summary};
use crate::statistic::DelayStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent, rectangular};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Nanos, Time};

/// Correlations in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correlation {
    longest: Nanos,
    /// Velocities of `commanded`, a ring with the newest at `next` − 1.
    commanded: Vec<f64>,
    next: usize,
    /// How many stand in the rings since readings came evenly.
    count: usize,
    /// The last velocities of `of`, a ring: it is held back so that delays below zero can be tried.
    of: Vec<f64>,
    of_next: usize,
    /// C at whole numbers of intervals, from the most negative on.
    sums: Vec<f64>,
    /// Whether `commanded` moved in this repeat.
    moved: bool,
    /// Readings of this repeat.
    readings: usize,
    before: Option<(Time, f64, f64)>,
    interval: Nanos,
    cycle: u32,
    cycle_began: Time,
    /// Delays of repeats that are over, s.
    repeats: Repeats,
    /// Why a repeat had none.
    failed: Option<NoFigure>,
}

/// Readings come evenly if intervals differ by less than this share.
const EVENLY: f64 = 0.05;

impl Correlation {
    /// `room`: intervals between readings in the longest delay, at most.
    pub fn new(longest: Nanos, room: usize, statistic: DelayStatistic) -> Correlation {
        let lead = room.max(4).div_ceil(4);
        let room = room.max(4) + lead + 2;
        Correlation {
            longest,
            commanded: vec![0.0; room],
            next: 0,
            count: 0,
            of: vec![0.0; lead + 1],
            of_next: 0,
            sums: vec![0.0; room],
            moved: false,
            readings: 0,
            before: None,
            interval: Nanos::ZERO,
            cycle: 0,
            cycle_began: Time::ZERO,
            repeats: Repeats::new(statistic),
            failed: None,
        }
    }

    pub fn push(&mut self, now: Time, cycle: u32, of: f64, commanded: f64) {
        let Some((at, of_before, commanded_before)) = self.before.replace((now, of, commanded)) else {
            (self.cycle, self.cycle_began) = (cycle, now);
            return;
        };
        if cycle != self.cycle {
            self.close();
            (self.cycle, self.cycle_began) = (cycle, now);
        }
        self.moved |= commanded != commanded_before;
        self.readings += 1;
        let interval = now.since(at);
        if self.interval == Nanos::ZERO {
            self.interval = interval;
        }
        let usual_s = self.interval.seconds();
        if (interval.seconds() - usual_s).abs() > EVENLY * usual_s {
            // A gap: what was before has nothing to do with what follows.
            self.count = 0;
            return;
        }
        let (lead, lags) = self.bank();
        let room = self.commanded.len();
        self.commanded[self.next] = (commanded - commanded_before) / usual_s;
        self.next = (self.next + 1) % room;
        self.of[self.of_next] = (of - of_before) / usual_s;
        self.of_next = (self.of_next + 1) % self.of.len();
        self.count = (self.count + 1).min(room);
        if self.count <= lead {
            return;
        }
        let velocity = self.of[(self.of_next + self.of.len() - 1 - lead) % self.of.len()];
        // In two pieces, from the newest backwards.
        let lags = self.count.min(lags);
        let young = self.next.min(lags);
        let past = self.commanded[..self.next].iter().rev().take(young);
        for (sum, past) in self.sums.iter_mut().zip(past) {
            *sum += velocity * past;
        }
        let past = self.commanded.iter().rev().take(lags - young);
        for (sum, past) in self.sums[young..].iter_mut().zip(past) {
            *sum += velocity * past;
        }
    }

    /// How many delays are tried below zero, and in all.
    fn bank(&self) -> (usize, usize) {
        let whole = (self.longest.seconds() / self.interval.seconds()).floor() as usize;
        let lead = (whole / 4).min(self.of.len() - 1);
        (lead, (whole + lead + 2).min(self.commanded.len()))
    }

    fn peak(&self) -> Result<f64, NoFigure> {
        let (lead, lags) = self.bank();
        let sums = &self.sums[..lags];
        let mut best = 0;
        for (lag, sum) in sums.iter().enumerate() {
            if *sum > sums[best] {
                best = lag;
            }
        }
        if sums[best] <= 0.0 {
            let need = "what `of` does must resemble it";
            return Err(NoFigure::NoMotion { need: need.to_owned() });
        }
        let interval_s = self.interval.seconds();
        let delay = best as f64 - lead as f64;
        if best == 0 || best + 1 == lags {
            return Err(NoFigure::PeakAtEnd { at_ms: (1e3 * delay * interval_s).round() as i64 });
        }
        let (before, after) = (sums[best - 1], sums[best + 1]);
        let bend = before - 2.0 * sums[best] + after;
        let shift = if bend < 0.0 { 0.5 * (before - after) / bend } else { 0.0 };
        Ok((delay + shift) * interval_s)
    }

    fn close(&mut self) {
        // The end of the last repeat may be read as one more, in which nothing moves but an instrument's noise.
        let is_an_end = self.readings <= self.bank().0;
        match self.peak() {
            _ if !self.moved || is_an_end => {}
            Ok(delay_s) => self.repeats.push(self.cycle_began, delay_s),
            Err(why) => {
                self.failed.get_or_insert(why);
            }
        }
        self.sums.fill(0.0);
        (self.count, self.moved, self.readings) = (0, false, 0);
    }

    pub fn row(&self) -> Result<FigureRow, NoFigure> {
        if self.interval == Nanos::ZERO {
            return Err(NoFigure::NoReading);
        }
        let mut whole = self.clone();
        whole.close();
        if let Some(why) = whole.failed {
            return Err(why);
        }
        if whole.repeats.count() == 0 {
            return Err(NoFigure::NoMotion { need: "its velocity is what is correlated".to_owned() });
        }
        let Summary { row, .. } = whole.repeats.summary(Dimension::TIME)?;
        let interval = rectangular(0.5 * self.interval.seconds());
        Ok(row.with([UncertaintyComponent::type_b(ComponentName::ReadingInterval, interval)]))
    }
}
