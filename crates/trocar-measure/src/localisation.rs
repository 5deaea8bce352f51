//! Static localisation of points, after the two figures of ASTM F2554 (bias and precision). Of that standard its subject
//! is known here and not its text: the formulas are ours.
//!
//! The error of a reading is attained minus commanded position. Bias is the length of the mean error over all points and
//! cycles, precision the root mean square distance of the errors from it, √(Σ‖e − ē‖²/(N − 1)). Points stand for all
//! others of the workspace: what finitely many of them leave uncertain is found from the scatter between points, not
//! between cycles.

use crate::figure::{FigureRow, Note};
use crate::geometry::{Vector, distance, mean, norm};
use crate::instrument::ReadingUncertainty;
use crate::noise;
use crate::position::{read_by, sampling_of_accuracy};
use crate::sampling;
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use crate::visits::Readings;
use trocar_signal::Dimension;

fn points(readings: &Readings) -> Vec<Vec<Vector>> {
    (0..readings.visits()).map(|visit| readings.of::<3>(visit, 0)).collect()
}

/// Bias over all points.
pub fn bias_row(readings: &Readings, instrument: Option<&ReadingUncertainty>) -> FigureRow {
    let points = points(readings);
    let means: Vec<Vector> = points.iter().map(|all| mean(all, None)).collect();
    let n = points.iter().map(Vec::len).sum::<usize>() as u64;
    let mut row = FigureRow::bare(norm(mean(&means, None)), Dimension::LENGTH, n);
    let scattered: &[Vector] = if means.len() > 1 { &means } else { &points[0] };
    if scattered.len() > 1 {
        let dof = scattered.len() as f64 - 1.0;
        let u = sampling_of_accuracy(scattered);
        row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, dof)]);
    } else {
        row.note = Some(Note::Once);
    }
    read_by(row, instrument)
}

/// Precision over all points.
pub fn precision_row(readings: &Readings, instrument: Option<&ReadingUncertainty>) -> FigureRow {
    let points = points(readings);
    let precision = |left_out: Option<usize>| {
        let kept = || points.iter().enumerate().filter(move |(at, _)| Some(*at) != left_out);
        let all: Vec<Vector> = kept().flat_map(|(_, all)| all.iter().copied()).collect();
        let centre = mean(&all, None);
        let squares: f64 = all.iter().map(|one| distance(*one, centre) * distance(*one, centre)).sum();
        if all.len() < 2 { 0.0 } else { (squares / (all.len() as f64 - 1.0)).sqrt() }
    };
    let value = precision(None);
    let n = points.iter().map(Vec::len).sum::<usize>() as u64;
    let mut row = FigureRow::bare(value, Dimension::LENGTH, n);
    if points.len() > 2 {
        let u = sampling::of_scatter(value, sampling::jackknife(points.len(), precision));
        let dof = points.len() as f64 - 1.0;
        row = row.with([UncertaintyComponent::type_a(ComponentName::Sampling, u, dof)]);
    } else {
        row.note = Some(Note::Once);
    }
    if let Some(instrument) = instrument {
        let alone = f64::sqrt(3.0) * instrument.scatter_sd();
        row.instrument_alone = (alone > 0.0).then_some(alone);
        row.noise_bias = noise::raised_by(value, alone);
        let [_, resolution] = instrument.of_readings(1.0);
        row = row.with([resolution]);
    }
    row
}
