//! Accuracy and repeatability of attained orientations (ISO 9283:1998, 7.2.1 and 7.2.2: AP_a, AP_b, AP_c and RP_a,
//! RP_b, RP_c).
//!
//! Poses give orientations as quaternions. The angles a, b and c of a reading are the components, about x, y and z of
//! the frame of the pose, of the rotation vector from the commanded orientation to the attained one (accuracy), or from
//! the mean attained orientation to this one (repeatability). For the small angles that such a test finds this is what
//! any choice of Euler angles about fixed axes gives, and it has none of their singularities. AP_a is the mean of a
//! with its sign, RP_a three sample standard deviations of a.
//!
//! The uncertainty of RP_a is a jackknife on a logarithmic scale, as that of RP_l; with normal scatter and 30 cycles
//! the interval at k = 2 holds the RP_a of very many cycles in 90 to 95 % of tests (by simulation).

use crate::figure::{FigureRow, Note};
use crate::geometry::Vector;
use crate::instrument::ReadingUncertainty;
use crate::noise;
use crate::position::all_equal;
use crate::sampling::{self, mean_and_sd};
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use trocar_signal::Dimension;

const AXES: [&str; 3] = ["x", "y", "z"];

/// One row for each axis.
fn each_axis(name: &str, vectors: &[Vector], row: impl Fn(&[f64]) -> FigureRow) -> Vec<FigureRow> {
    AXES.iter()
        .enumerate()
        .map(|(axis, word)| {
            let angles: Vec<f64> = vectors.iter().map(|vector| vector[axis]).collect();
            let mut row = row(&angles);
            row.label = format!("{name} about {word}").trim_start().to_owned();
            row
        })
        .collect()
}

/// RP_a, RP_b, RP_c from rotation vectors about the mean orientation.
pub fn repeatability_rows(
    name: &str,
    about_mean: &[Vector],
    instrument: Option<&ReadingUncertainty>,
) -> Vec<FigureRow> {
    let still = all_equal(about_mean);
    each_axis(name, about_mean, |angles| {
        let mut row = scatter_row(angles, Dimension::ANGLE, instrument.map_or(0.0, |i| i.angle_noise_sd));
        row.note = still.then_some(Note::AllEqual);
        row
    })
}

/// Three sample standard deviations of numbers that are read with a noise of `noise_sd`.
pub fn scatter_row(numbers: &[f64], dimension: Dimension, noise_sd: f64) -> FigureRow {
    let n = numbers.len();
    let spread = |left_out| 3.0 * mean_and_sd(numbers, left_out).1;
    let value = spread(None);
    let u = sampling::of_scatter(value, sampling::jackknife(n, spread));
    let sampling = UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0);
    let mut row = FigureRow::bare(value, dimension, n as u64).with([sampling]);
    let alone = noise::scatter_of_noise(noise_sd, n as u64);
    row.instrument_alone = (alone > 0.0).then_some(alone);
    row.noise_bias = noise::raised_by(value, alone);
    row.note = (value == 0.0).then_some(Note::AllEqual);
    row
}

/// AP_a, AP_b, AP_c from rotation vectors of the attained orientation relative to the commanded one.
pub fn accuracy_rows(
    name: &str,
    from_commanded: &[Vector],
    instrument: Option<&ReadingUncertainty>,
) -> Vec<FigureRow> {
    let still = all_equal(from_commanded);
    each_axis(name, from_commanded, |angles| {
        let n = angles.len();
        let (value, sd) = mean_and_sd(angles, None);
        let mut row = FigureRow::bare(value, Dimension::ANGLE, n as u64);
        if n >= 2 {
            let u = sd / (n as f64).sqrt();
            row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, n as f64 - 1.0)]);
            row.note = still.then_some(Note::AllEqual);
        } else {
            row.note = Some(Note::Once);
        }
        if let Some(instrument) = instrument {
            let alone = noise::mean_of_noise(instrument.angle_noise_sd, n as u64);
            row.instrument_alone = (alone > 0.0).then_some(alone);
            let noise =
                UncertaintyComponent::type_b(ComponentName::InstrumentNoise, instrument.angle_noise_sd);
            row = row.with(instrument.common_of_angles()).with((n == 1).then_some(noise));
        }
        row
    })
}
