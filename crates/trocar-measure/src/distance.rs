//! Distances between attained poses (ISO 9283:1998, 7.3: AD_p and RD), and between the attained positions of one pose
//! that is reached from several sides (7.2.3: vAP_p).

use crate::figure::{FigureRow, Note};
use crate::geometry::{self, Vector, mean, sd_along, sub, unit};
use crate::instrument::ReadingUncertainty;
use crate::noise;
use crate::orientation::scatter_row;
use crate::position::all_equal;
use crate::sampling::mean_and_sd;
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use crate::visits::Readings;
use serde::{Deserialize, Serialize};
use std::f64::consts::SQRT_2;
use trocar_signal::Dimension;

/// Two visits of a cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pair {
    /// `P2–P4`
    pub name: String,
    pub visits: [usize; 2],
}

impl Pair {
    /// The distance in each cycle (m), of the attained or (`from` = 3) of the commanded positions.
    fn distances_m(&self, readings: &Readings, from: usize) -> Vec<f64> {
        let [a, b] = self.visits.map(|visit| readings.of::<3>(visit, from));
        a.iter().zip(&b).map(|(a, b)| geometry::distance(*a, *b)).collect()
    }
}

/// RD: three sample standard deviations of the distance. Noise of the instrument stands at both ends.
pub fn repeatability_row(
    pair: &Pair,
    readings: &Readings,
    instrument: Option<&ReadingUncertainty>,
) -> FigureRow {
    let noise_sd = SQRT_2 * instrument.map_or(0.0, ReadingUncertainty::scatter_sd);
    let mut row = scatter_row(&pair.distances_m(readings, 0), Dimension::LENGTH, noise_sd);
    row.label.clone_from(&pair.name);
    row
}

/// AD_p: the mean of attained minus commanded distance, with its sign. What an instrument's registration shifts is in
/// both ends and cancels; its calibration may be off by other amounts at the two ends, and is counted twice.
pub fn accuracy_row(pair: &Pair, readings: &Readings, instrument: Option<&ReadingUncertainty>) -> FigureRow {
    let (attained, commanded) = (pair.distances_m(readings, 0), pair.distances_m(readings, 3));
    let errors: Vec<f64> = attained.iter().zip(&commanded).map(|(a, c)| a - c).collect();
    let n = errors.len();
    let (value, sd) = mean_and_sd(&errors, None);
    let mut row = FigureRow::bare(value, Dimension::LENGTH, n as u64);
    row.label.clone_from(&pair.name);
    if n >= 2 {
        let u = sd / (n as f64).sqrt();
        row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
        row.note = errors.iter().all(|one| *one == errors[0]).then_some(Note::AllEqual);
    } else {
        row.note = Some(Note::Once);
    }
    if let Some(instrument) = instrument {
        let alone = noise::mean_of_noise(SQRT_2 * instrument.scatter_sd(), n as u64);
        row.instrument_alone = (alone > 0.0).then_some(alone);
        let [calibration, _] = instrument.common();
        let both = UncertaintyComponent::type_b(ComponentName::Calibration, SQRT_2 * calibration.standard_u);
        let [noise, resolution] = instrument.of_readings(SQRT_2);
        row = row.with([both, resolution]).with((n == 1).then_some(noise));
    }
    row
}

/// Which two of several are furthest apart, and how far.
pub fn furthest_apart(count: usize, apart: impl Fn(usize, usize) -> f64) -> ((usize, usize), f64) {
    let pairs = (0..count).flat_map(|a| (0..a).map(move |b| (a, b)));
    let all = pairs.map(|(a, b)| ((a, b), apart(a, b)));
    all.fold(((0, 0), 0.0), |worst, one| if one.1 > worst.1 { one } else { worst })
}

/// vAP_p of one pose: the largest distance between the mean positions attained from different sides. What is the same
/// in all readings of the instrument cancels.
///
/// Of directions whose means do not differ at all, the largest distance is that of their scatter: `instrument_alone`
/// and the bias say how much of it the instrument's noise makes.
pub fn multidirectional_row(
    pose: &str,
    directions_m: &[Vec<Vector>],
    instrument: Option<&ReadingUncertainty>,
) -> FigureRow {
    let means: Vec<Vector> = directions_m.iter().map(|all| mean(all, None)).collect();
    let (worst, value) = furthest_apart(means.len(), |a, b| geometry::distance(means[a], means[b]));
    let n = directions_m.first().map_or(0, Vec::len);
    let mut row = FigureRow::bare(value, Dimension::LENGTH, (n * directions_m.len()) as u64);
    pose.clone_into(&mut row.label);
    if n >= 2 {
        let direction = unit(sub(means[worst.0], means[worst.1]));
        let [a, b] = [worst.0, worst.1].map(|at| sd_along(&directions_m[at], direction));
        let u = trocar_math::hypot(a, b) / (n as f64).sqrt();
        row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, 2.0 * (n as f64 - 1.0))]);
        row.note = directions_m.iter().all(|all| all_equal(all)).then_some(Note::AllEqual);
    } else {
        row.note = Some(Note::Once);
    }
    if let Some(instrument) = instrument {
        let alone = noise::directions_of_noise(instrument.scatter_sd(), n as u64, means.len() as u64);
        row.instrument_alone = (alone > 0.0).then_some(alone);
        row.noise_bias = noise::raised_by(value, alone);
        let [noise, resolution] = instrument.of_readings(SQRT_2);
        row = row.with([resolution]).with((n == 1).then_some(noise));
    }
    row
}
