//! What slow sweeps show: hysteresis, scale and linearity.
//!
//! **Hysteresis**: the largest gap between the branches up and down of `of` at equal values of `commanded`; *relative*,
//! over the range of `of` in the same sweep. Each branch is averaged over bins of at most a sixty-fourth of the
//! sweep; that the two branches' means stand at slightly different commands is corrected with the slope between bins. The
//! twentieth at either end is left out. A delay T adds 2 v T at the speed v of the sweep: sweep slowly.
//!
//! **Scaling**: the slope of `of` against `commanded` by least squares over the declared scale, less one. *Nonlinearity*:
//! the largest distance of a bin's mean, of either direction, from the straight line, over the range of `of`.
//!
//! Each repeat of the phase is one sweep; the figure is the mean over the repeats, their scatter its type A part. Readings
//! of one instrument share what its certificate states, which cancels in differences; a scale error within its stated
//! uncertainty remains in a slope.

use crate::bins::{Bins, Cell};
use crate::figure::{FigureRow, NoFigure, Note};
use crate::instrument::ReadingUncertainty;
use crate::noise::largest_of;
use crate::running::Running;
use crate::statistic::{HysteresisStatistic, ScalingStatistic};
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::{Dimension, Time};

/// What is computed of each sweep.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Shown {
    /// The gap between branches.
    Hysteresis(HysteresisStatistic),
    /// Slope and straightness against this scale.
    Scaling(ScalingStatistic, f64),
}

/// Sweeps in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    shown: Shown,
    noise_sd: f64,
    bins: Bins,
    line: Line,
    cycle: u32,
    began: Time,
    readings: u64,
    results: Running,
    /// Standard deviation that noise gives one result, and how far it may raise one.
    noise: Running,
    bias: Running,
    /// Range of `of`, and of `commanded`.
    ranges: [Running; 2],
    failed: bool,
}

/// A straight line by least squares, in one pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Line {
    count: u64,
    x: f64,
    y: f64,
    xx: f64,
    xy: f64,
    low: f64,
    high: f64,
}

impl Line {
    fn push(&mut self, x: f64, y: f64) {
        if self.count == 0 {
            (self.low, self.high) = (x, x);
        }
        (self.low, self.high) = (trocar_math::min(self.low, x), trocar_math::max(self.high, x));
        self.count += 1;
        let n = self.count as f64;
        let (dx, dy) = (x - self.x, y - self.y);
        self.x += dx / n;
        self.y += dy / n;
        self.xx += dx * (x - self.x);
        self.xy += dx * (y - self.y);
    }

    fn slope(&self) -> f64 {
        self.xy / self.xx
    }
}

/// Bins that a sweep must have read in both directions.
const LEAST_BINS: usize = 8;

impl Sweep {
    /// `noise_sd`: of the instrument that reads `of`.
    pub fn new(shown: Shown, noise_sd: f64) -> Sweep {
        Sweep {
            shown,
            noise_sd,
            bins: Bins::new(0.0),
            line: Line::default(),
            cycle: 0,
            began: Time::ZERO,
            readings: 0,
            results: Running::default(),
            noise: Running::default(),
            bias: Running::default(),
            ranges: [Running::default(), Running::default()],
            failed: false,
        }
    }

    pub fn push(&mut self, now: Time, cycle: u32, of: f64, commanded: f64) {
        if self.readings > 0 && cycle != self.cycle {
            self.close();
        }
        if self.readings == 0 {
            (self.cycle, self.began) = (cycle, now);
        }
        self.readings += 1;
        self.bins.push(of, commanded);
        self.line.push(commanded, of);
    }

    fn close(&mut self) {
        let (cells, count) = self.bins.both();
        let cells = &cells[..count];
        if self.line.xx <= 0.0 {
            // The end of the last repeat may be read as one more, in which nothing moves.
        } else if cells.len() < LEAST_BINS {
            self.failed = true;
        } else {
            let range = self.bins.of_range();
            let per_branch = cells.iter().flatten().map(|cell| cell.count as f64);
            let per_branch = per_branch.sum::<f64>() / (2 * cells.len()) as f64;
            let noise = self.noise_sd * (2.0 / per_branch).sqrt();
            let (value, noise, largest) = match self.shown {
                Shown::Hysteresis(HysteresisStatistic::Width) => (width(cells), noise, true),
                Shown::Hysteresis(HysteresisStatistic::Relative) => {
                    (width(cells) / range, noise / range, true)
                }
                Shown::Scaling(ScalingStatistic::Error, scale) => (
                    self.line.slope() / scale - 1.0,
                    self.noise_sd / self.line.xx.sqrt() / scale.abs(),
                    false,
                ),
                Shown::Scaling(ScalingStatistic::Nonlinearity, _) => {
                    (self.crooked(cells) / range, noise / SQRT_2 / range, true)
                }
            };
            self.results.push(self.began, value);
            self.noise.push(self.began, noise);
            let lifted = if largest { largest_of(cells.len() as u64) * noise } else { 0.0 };
            self.bias.push(self.began, trocar_math::min(lifted, value.abs()));
            self.ranges[0].push(self.began, range);
            self.ranges[1].push(self.began, self.line.high - self.line.low);
        }
        self.bins.clear();
        (self.line, self.readings) = (Line::default(), 0);
    }

    /// The largest distance of a bin's mean from the straight line.
    fn crooked(&self, cells: &[[Cell; 2]]) -> f64 {
        let [first_of, first_commanded] = self.bins.first().unwrap_or_default();
        let distance = |(commanded, of): (f64, f64)| {
            let (x, y) = (commanded + first_commanded - self.line.x, of + first_of - self.line.y);
            (y - self.line.slope() * x).abs()
        };
        cells.iter().flatten().filter_map(Cell::means).map(distance).fold(0.0, trocar_math::max)
    }

    pub fn row(
        &self,
        dimension: Dimension,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<FigureRow, NoFigure> {
        let mut whole = self.clone();
        if whole.readings > 0 {
            whole.close();
        }
        let n = whole.results.count();
        if whole.failed || n == 0 {
            let need =
                "it must go there and back in each repeat, with at least some twenty readings each way";
            return Err(NoFigure::NoMotion { need: need.to_owned() });
        }
        let mut row = FigureRow::bare(whole.results.mean(), dimension, n);
        row.note = match whole.results.variance() {
            None => Some(Note::Once),
            Some(_) => whole.results.all_equal().then_some(Note::AllEqual),
        };
        if let Some(variance) = whole.results.variance() {
            let u = (variance / n as f64).sqrt();
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
        }
        let Some(instrument) = instrument else { return Ok(row) };
        let alone = whole.noise.mean();
        row =
            row.with((n == 1).then_some(UncertaintyComponent::type_b(ComponentName::InstrumentNoise, alone)));
        let relative = match self.shown {
            Shown::Hysteresis(HysteresisStatistic::Width) => 1.0,
            Shown::Scaling(ScalingStatistic::Error, scale) => 1.0 / (scale.abs() * whole.ranges[1].mean()),
            _ => 1.0 / whole.ranges[0].mean(),
        };
        let rounding = SQRT_2 * instrument.rounding_sd() * relative;
        row = row.with([UncertaintyComponent::type_b(ComponentName::Resolution, rounding)]);
        if matches!(self.shown, Shown::Scaling(ScalingStatistic::Error, _)) {
            let calibration = SQRT_2 * instrument.calibration_u() * relative;
            row = row.with([UncertaintyComponent::type_b(ComponentName::Calibration, calibration)]);
        }
        row.noise_bias = whole.bias.mean();
        row.instrument_alone = (row.noise_bias > 0.0).then_some(row.noise_bias);
        Ok(row)
    }
}

/// The largest gap between the branches, at the command of the branch up.
fn width(cells: &[[Cell; 2]]) -> f64 {
    let middle = |[up, down]: &[Cell; 2]| {
        let ((a, b), (c, d)) = (up.means()?, down.means()?);
        Some((0.5 * (a + c), 0.5 * (b + d)))
    };
    let gap = |place: usize| {
        let [up, down] = &cells[place];
        let ((up_at, up), (down_at, down)) = (up.means()?, down.means()?);
        let before = middle(&cells[place.saturating_sub(1)])?;
        let after = middle(&cells[(place + 1).min(cells.len() - 1)])?;
        let slope = (after.1 - before.1) / (after.0 - before.0);
        Some((up - down - slope * (up_at - down_at)).abs())
    };
    (0..cells.len()).filter_map(gap).fold(0.0, trocar_math::max)
}
