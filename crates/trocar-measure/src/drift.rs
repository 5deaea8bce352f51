//! Drift of position accuracy and repeatability (ISO 9283:1998, 7.6: dAP_p and dRP): the largest difference between the
//! first block of cycles and a later one. The standard cycles for eight hours and reads a block every so often; here the
//! whole motion is read, cut into blocks, and what does not fill a block is left out.

use crate::figure::{FigureRow, Note};
use crate::geometry::{Vector, mean, norm};
use crate::instrument::ReadingUncertainty;
use crate::noise;
use crate::position::{all_equal, repeatability, sampling_of_accuracy, sampling_of_repeatability};
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use trocar_signal::Dimension;

/// dAP_p of one visit, from attained minus commanded positions (m). What stays the same in the instrument cancels.
pub fn accuracy_row(
    name: &str,
    offsets_m: &[Vector],
    block: u32,
    instrument: Option<&ReadingUncertainty>,
) -> FigureRow {
    let sd = noise::sd_of_mean(instrument.map_or(0.0, ReadingUncertainty::scatter_sd), u64::from(block));
    let of_block = |all: &[Vector]| (norm(mean(all, None)), sampling_of_accuracy(all));
    row(name, offsets_m, block, sd, of_block)
}

/// dRP of one visit, from attained positions (m).
pub fn repeatability_row(
    name: &str,
    positions_m: &[Vector],
    block: u32,
    instrument: Option<&ReadingUncertainty>,
) -> FigureRow {
    let noise_sd = instrument.map_or(0.0, ReadingUncertainty::scatter_sd);
    let sd = noise::sd_of_repeatability(noise_sd, u64::from(block));
    let of_block = |all: &[Vector]| {
        let value = repeatability(all, None);
        (value, sampling_of_repeatability(all, value))
    };
    row(name, positions_m, block, sd, of_block)
}

/// `of_block`: the figure of one block with its standard uncertainty; `noise_sd`: its standard deviation from the
/// instrument's noise alone.
fn row(
    name: &str,
    all: &[Vector],
    block: u32,
    noise_sd: f64,
    of_block: impl Fn(&[Vector]) -> (f64, f64),
) -> FigureRow {
    let figures: Vec<(f64, f64)> = all.chunks_exact(block.max(1) as usize).map(of_block).collect();
    let first = figures.first().copied().unwrap_or_default();
    let later = figures.get(1..).unwrap_or_default();
    let worst = later.iter().fold(first, |worst, one| {
        if (one.0 - first.0).abs() > (worst.0 - first.0).abs() { *one } else { worst }
    });
    let value = (worst.0 - first.0).abs();
    let u = trocar_math::hypot(first.1, worst.1);
    let dof = 2.0 * (f64::from(block) - 1.0);
    let sampling = UncertaintyComponent::type_a(ComponentName::Sampling, u, dof);
    let used = figures.len() * block as usize;
    let mut row = FigureRow::bare(value, Dimension::LENGTH, used as u64).with([sampling]);
    name.clone_into(&mut row.label);
    let alone = std::f64::consts::SQRT_2 * noise_sd * noise::largest_of_sizes(later.len() as u64);
    row.instrument_alone = (alone > 0.0).then_some(alone);
    row.noise_bias = noise::raised_by(value, alone);
    row.note = all_equal(all.get(..used).unwrap_or_default()).then_some(Note::AllEqual);
    row
}
