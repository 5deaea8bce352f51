//! Frequency response by Welch's averaged periodograms: H = S_xy/S_xx of `of` (y) against `commanded` (x).
//!
//! The window is cut into segments of one length that overlap by half; of each, mean removed and weighted with Hann's
//! window, the Fourier sums at exactly the frequencies asked for are formed as the readings come (a bank of single bins:
//! no readings are kept, and intervals need not be equal). Averages over the segments give H, the coherence
//! γ² = |S_xy|²/(S_xx S_yy), gain |H|, phase arg H, phase delay −φ/ω, group delay −Δφ/Δω over ± one bin (1/segment), and
//! the −3 dB bandwidth: the lowest frequency at which the gain falls below 1/√2 of that at the lowest frequency asked
//! for, between frequencies along the logarithms. Phases are counted on from the lowest frequency, there within half a
//! turn, each next the nearest to a constant delay.
//!
//! **Uncertainty** (type A): Bendat & Piersol, Random Data, 4th ed., 9.2: standard deviation of |H| over |H|, and of the
//! phase in radians, √((1 − γ²)/(2 γ² (n − 1))), with n the number of independent averages: segments overlapping by half
//! under Hann's window count 1/(1 + 2·(1/6)²) each (Welch, IEEE Trans. Audio Electroacoust. 15 (1967) 70). Below the
//! coherence asked for (0.8 unless the file says otherwise) there is no figure. By simulation with noise and a lag the
//! interval at k = 2 holds gain and phase in 90 to 99 % of tests.
//!
//! (Type B:) H is the mean over the bin's lobe, weighted with the stimulus, whose lines may stand to one side of the middle:
//! by up to a quarter of a bin (1/segment), taken with the slope of gain or phase between the frequencies asked for.
//!
//! **Bias.** A delay T lowers the gain, for y leaves the segment: by less than 5 (T/segment)² relative.

use crate::figure::{FigureRow, NoFigure};
use crate::statistic::ResponseStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent, rectangular};
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_1_SQRT_2, TAU};
use trocar_signal::{Dimension, Nanos, Time};

/// Sums over one segment at one frequency: of the window, of `commanded`, of `of`; real and imaginary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bin {
    window: [f64; 2],
    commanded: [f64; 2],
    of: [f64; 2],
}

/// A segment that is being read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Segment {
    began: Option<Time>,
    readings: u64,
    /// Values are counted from the first reading, so that a great mean costs no digits.
    first: [f64; 2],
    weight: f64,
    mean: [f64; 2],
    bins: Vec<Bin>,
}

/// Averages at one frequency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Average {
    xx: f64,
    yy: f64,
    xy: [f64; 2],
    /// Σ |x|⁴, for how many segments hold the stimulus.
    xx_squared: f64,
}

/// A frequency response in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    statistic: ResponseStatistic,
    dimension: Dimension,
    /// Asked for, rising, Hz.
    asked_hz: Vec<f64>,
    /// Formed, Hz: what was asked for, or, of group delays, the bins to either side.
    formed_hz: Vec<f64>,
    length: Nanos,
    least_coherence: f64,
    segments: [Segment; 2],
    averages: Vec<Average>,
    count: u64,
    last: Option<Time>,
}

/// H at one frequency.
#[derive(Clone, Copy, Debug)]
struct Point {
    gain: f64,
    phase: f64,
    coherence: f64,
    /// Standard uncertainty of |H| over |H|, and of the phase in radians.
    relative_u: f64,
}

/// Segments that must hold the stimulus: of fewer the coherence says nothing.
const LEAST_HELD: f64 = 3.0;
/// How far the stimulus may stand off the middle of a bin, in bins.
const OFF_THE_MIDDLE: f64 = 0.25;
/// Independent averages in one segment of many that overlap by half under Hann's window.
const INDEPENDENT: f64 = 1.0 / (1.0 + 2.0 / 36.0);

impl Segment {
    fn new(bins: usize) -> Segment {
        Segment {
            began: None,
            readings: 0,
            first: [0.0; 2],
            weight: 0.0,
            mean: [0.0; 2],
            bins: vec![Bin::default(); bins],
        }
    }

    fn begin(&mut self, at: Time, values: [f64; 2]) {
        (self.began, self.readings, self.first) = (Some(at), 0, values);
        (self.weight, self.mean) = (0.0, [0.0; 2]);
        self.bins.fill(Bin::default());
    }

    fn push(&mut self, began: Time, now: Time, length_s: f64, values: [f64; 2], formed_hz: &[f64]) {
        let t_s = now.since(began).seconds();
        let weight = 0.5 * (1.0 - trocar_math::cos(TAU * t_s / length_s));
        let (of, commanded) = (values[0] - self.first[0], values[1] - self.first[1]);
        self.readings += 1;
        self.weight += weight;
        self.mean[0] += weight * of;
        self.mean[1] += weight * commanded;
        for (bin, hz) in self.bins.iter_mut().zip(formed_hz) {
            let (sin, cos) = trocar_math::sin_cos(-TAU * hz * t_s);
            for (sums, value) in [(&mut bin.window, 1.0), (&mut bin.of, of), (&mut bin.commanded, commanded)]
            {
                sums[0] += weight * value * cos;
                sums[1] += weight * value * sin;
            }
        }
    }
}

impl Response {
    /// `gain`: the dimension of `of` over that of `commanded`.
    pub fn new(
        statistic: ResponseStatistic,
        gain: Dimension,
        asked_hz: Vec<f64>,
        length: Nanos,
        least_coherence: f64,
    ) -> Response {
        let bin_hz = 1.0 / length.seconds();
        let formed_hz: Vec<f64> = match statistic {
            ResponseStatistic::GroupDelay => {
                asked_hz.iter().flat_map(|hz| [hz - bin_hz, hz + bin_hz]).collect()
            }
            _ => asked_hz.clone(),
        };
        let dimension = match statistic {
            ResponseStatistic::Gain => gain,
            ResponseStatistic::Phase => Dimension::ANGLE,
            ResponseStatistic::PhaseDelay | ResponseStatistic::GroupDelay => Dimension::TIME,
            ResponseStatistic::Coherence => Dimension::NUMBER,
            ResponseStatistic::Bandwidth => Dimension::FREQUENCY,
        };
        let segment = Segment::new(formed_hz.len());
        Response {
            statistic,
            dimension,
            averages: vec![Average::default(); formed_hz.len()],
            segments: [segment.clone(), segment],
            asked_hz,
            formed_hz,
            length,
            least_coherence,
            count: 0,
            last: None,
        }
    }

    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// How many figures it has.
    pub fn row_count(&self) -> usize {
        if self.statistic == ResponseStatistic::Bandwidth { 1 } else { self.asked_hz.len() }
    }

    pub fn push(&mut self, now: Time, of: f64, commanded: f64) {
        let values = [of, commanded];
        let half = Nanos(self.length.0 / 2);
        // After a gap of a quarter of a segment nothing belongs together any more.
        if self.last.replace(now).is_some_and(|last| now.since(last).0 > half.0 / 2) {
            self.segments.iter_mut().for_each(|segment| segment.began = None);
        }
        if self.segments.iter().all(|segment| segment.began.is_none()) {
            self.segments[0].begin(now, values);
        }
        for place in 0..2 {
            let Some(began) = self.segments[place].began else {
                let other = self.segments[1 - place].began;
                if other.is_some_and(|other| now.since(other) >= half) {
                    self.segments[place].begin(now, values);
                    let length_s = self.length.seconds();
                    self.segments[place].push(now, now, length_s, values, &self.formed_hz);
                }
                continue;
            };
            if now.since(began) >= self.length {
                self.close(place);
                self.segments[place].begin(now, values);
            }
            let began = self.segments[place].began.unwrap_or(now);
            self.segments[place].push(began, now, self.length.seconds(), values, &self.formed_hz);
        }
    }

    fn close(&mut self, place: usize) {
        let segment = &self.segments[place];
        if segment.weight <= 0.0 {
            return;
        }
        self.count += 1;
        let mean = segment.mean.map(|sum| sum / segment.weight);
        for (average, bin) in self.averages.iter_mut().zip(&segment.bins) {
            let without =
                |sums: [f64; 2], mean: f64| [sums[0] - mean * bin.window[0], sums[1] - mean * bin.window[1]];
            let (y, x) = (without(bin.of, mean[0]), without(bin.commanded, mean[1]));
            let xx = x[0] * x[0] + x[1] * x[1];
            average.xx += xx;
            average.xx_squared += xx * xx;
            average.yy += y[0] * y[0] + y[1] * y[1];
            // The conjugate of x times y.
            average.xy[0] += x[0] * y[0] + x[1] * y[1];
            average.xy[1] += x[0] * y[1] - x[1] * y[0];
        }
    }

    /// How many segments hold the stimulus: (Σ|x|²)²/Σ|x|⁴.
    fn held(average: &Average) -> f64 {
        if average.xx_squared > 0.0 { average.xx * average.xx / average.xx_squared } else { 0.0 }
    }

    fn point(&self, place: usize) -> Result<Point, NoFigure> {
        let average = &self.averages[place];
        let at = || frequency(self.formed_hz[place]);
        let held = Response::held(average);
        if held < LEAST_HELD {
            let (have, need) = (held.round() as u64, LEAST_HELD as u64);
            return Err(NoFigure::NotExcited { at: at(), have, need });
        }
        let xy = trocar_math::hypot(average.xy[0], average.xy[1]);
        let coherence =
            if average.yy > 0.0 { trocar_math::min(xy * xy / (average.xx * average.yy), 1.0) } else { 0.0 };
        if coherence < self.least_coherence && self.statistic != ResponseStatistic::Coherence {
            return Err(NoFigure::Incoherent {
                at: at(),
                coherence_percent: (100.0 * coherence).floor() as u64,
                least_percent: (100.0 * self.least_coherence).round() as u64,
            });
        }
        let freedom = 2.0 * (self.independent() - 1.0);
        let relative_u = ((1.0 - coherence) / (trocar_math::max(coherence, 1e-12) * freedom)).sqrt();
        let phase = trocar_math::atan2(average.xy[1], average.xy[0]);
        Ok(Point { gain: xy / average.xx, phase, coherence, relative_u })
    }

    /// Independent averages.
    fn independent(&self) -> f64 {
        self.count as f64 * INDEPENDENT
    }

    /// Every point up to the first that has no figure; phases counted on.
    fn points(&self) -> (Vec<Point>, Option<NoFigure>) {
        let mut points: Vec<Point> = Vec::new();
        let mut delay_s = 0.0;
        for place in 0..self.formed_hz.len() {
            let hz = self.formed_hz[place];
            match self.point(place) {
                Err(why) => return (points, Some(why)),
                Ok(mut point) => {
                    let expected = -TAU * hz * delay_s;
                    point.phase += TAU * ((expected - point.phase) / TAU).round();
                    delay_s = -point.phase / (TAU * hz);
                    points.push(point);
                }
            }
        }
        (points, None)
    }

    pub fn rows(&self) -> Result<Vec<FigureRow>, NoFigure> {
        if self.count == 0 {
            return Err(NoFigure::NoReading);
        }
        let (points, stopped) = self.points();
        if self.statistic == ResponseStatistic::Bandwidth {
            return self.bandwidth(&points, stopped).map(|row| vec![row]);
        }
        if let Some(why) = stopped {
            return Err(why);
        }
        let rows = self.asked_hz.iter().enumerate().map(|(place, hz)| {
            let omega = TAU * hz;
            let off_hz = rectangular(OFF_THE_MIDDLE * self.bin_hz());
            let (value, u, off) = match self.statistic {
                ResponseStatistic::GroupDelay => {
                    let (below, above) = (points[2 * place], points[2 * place + 1]);
                    let apart = 2.0 * TAU * self.bin_hz();
                    let turned = below.phase - above.phase;
                    let u = trocar_math::hypot(below.relative_u, above.relative_u);
                    // Both ends may be off, to opposite sides.
                    (turned / apart, u / apart, 2.0 * (turned / apart).abs() * TAU * off_hz / apart)
                }
                statistic => {
                    let point = points[place];
                    let (gain_slope, phase_slope) = self.slopes(&points, place);
                    match statistic {
                        ResponseStatistic::Gain => {
                            (point.gain, point.gain * point.relative_u, gain_slope * off_hz)
                        }
                        ResponseStatistic::Phase => (point.phase, point.relative_u, phase_slope * off_hz),
                        ResponseStatistic::PhaseDelay => {
                            (-point.phase / omega, point.relative_u / omega, phase_slope * off_hz / omega)
                        }
                        // Bendat & Piersol, 9.2.3.
                        _ => {
                            let c = point.coherence;
                            (c, (1.0 - c) * (2.0 * c / self.independent()).sqrt(), 0.0)
                        }
                    }
                }
            };
            let mut row = self.row(value, u, off);
            row.label = frequency(*hz);
            row
        });
        Ok(rows.collect())
    }

    fn bin_hz(&self) -> f64 {
        1.0 / self.length.seconds()
    }

    /// Slopes of gain (1/Hz) and phase (rad/Hz) about a frequency, without sign; of one frequency alone the phase's is that
    /// of its delay.
    fn slopes(&self, points: &[Point], place: usize) -> (f64, f64) {
        let (low, high) = (place.saturating_sub(1), (place + 1).min(points.len() - 1));
        if low == high {
            return (0.0, (points[place].phase / self.asked_hz[place]).abs());
        }
        let apart = self.asked_hz[high] - self.asked_hz[low];
        let (low, high) = (points[low], points[high]);
        (((high.gain - low.gain) / apart).abs(), ((high.phase - low.phase) / apart).abs())
    }

    fn row(&self, value: f64, u: f64, off: f64) -> FigureRow {
        let freedom = 2.0 * (self.independent() - 1.0);
        FigureRow::bare(value, self.dimension, self.count).with([
            UncertaintyComponent::type_a(ComponentName::Sampling, u, freedom),
            UncertaintyComponent::type_b(ComponentName::FrequencyBin, off),
        ])
    }

    fn bandwidth(&self, points: &[Point], stopped: Option<NoFigure>) -> Result<FigureRow, NoFigure> {
        let none = || {
            let highest = frequency(self.asked_hz.last().copied().unwrap_or(0.0));
            stopped.clone().unwrap_or(NoFigure::NoBandwidth { highest })
        };
        let limit = points.first().map_or(0.0, |point| point.gain * FRAC_1_SQRT_2);
        let pairs = points.windows(2).zip(self.asked_hz.windows(2));
        for (pair, hz) in pairs {
            let ([a, b], [low_hz, high_hz]) = (pair, hz) else { continue };
            if a.gain >= limit && b.gain < limit {
                let slope = trocar_math::ln(b.gain / a.gain) / trocar_math::ln(high_hz / low_hz);
                let value = low_hz * trocar_math::exp(trocar_math::ln(limit / a.gain) / slope);
                // The gain there, and that at the lowest frequency, by which it is measured.
                let here = trocar_math::max(a.relative_u, b.relative_u);
                let u = value * trocar_math::hypot(here, points[0].relative_u) / slope.abs();
                return Ok(self.row(value, u, rectangular(OFF_THE_MIDDLE * self.bin_hz())));
            }
        }
        Err(none())
    }
}

/// `2.5 Hz`.
fn frequency(hz: f64) -> String {
    format!("{} Hz", (hz * 1e6).round() / 1e6)
}
