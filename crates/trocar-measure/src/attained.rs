//! Measures of poses that a device attains at the ends of dwells: what they keep of each reading, and what they make of
//! all of them.

use crate::distance::{self, Pair};
use crate::drift;
use crate::figure::{FigureRow, NoFigure, Note};
use crate::geometry::{self, Vector};
use crate::instrument::ReadingUncertainty;
use crate::localisation;
use crate::measure::{SampleError, finite};
use crate::orientation;
use crate::position::{accuracy_row, repeatability_row};
use crate::shape::Visit;
use crate::visits::Readings;
use serde::{Deserialize, Serialize};
use trocar_signal::Dimension;

/// What is made of the readings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Evaluation {
    /// RP_l of each visit.
    Repeatability,
    /// AP_p of each visit.
    Accuracy,
    /// RP_a, RP_b, RP_c of each visit.
    OrientationRepeatability,
    /// AP_a, AP_b, AP_c of each visit.
    OrientationAccuracy,
    /// vAP_p of each pose: its name with the visits of it.
    Multidirectional(Vec<(String, Vec<usize>)>),
    /// vAP_a, vAP_b, vAP_c of each pose: its name with the visits of it.
    OrientationVariation(Vec<(String, Vec<usize>)>),
    /// RD of each pair of visits.
    DistanceRepeatability(Vec<Pair>),
    /// AD of each pair of visits.
    DistanceAccuracy(Vec<Pair>),
    /// dRP of each visit, from blocks of so many cycles.
    DriftOfRepeatability(u32),
    /// dAP of each visit, from blocks of so many cycles.
    DriftOfAccuracy(u32),
    /// Localisation bias over all visits.
    LocalisationBias,
    /// Localisation precision over all visits.
    LocalisationPrecision,
    /// The mean of a number less the commanded one, of each visit.
    Droop(Dimension),
    /// Three standard deviations of a number, of each visit.
    JointRepeatability(Dimension),
    /// The share of attained poses no further than this (m) from the commanded one.
    Reached(f64),
}

impl Evaluation {
    /// Whether each reading comes with the commanded pose.
    pub fn is_against(&self) -> bool {
        match self {
            Evaluation::Accuracy
            | Evaluation::OrientationAccuracy
            | Evaluation::DistanceAccuracy(_)
            | Evaluation::DriftOfAccuracy(_)
            | Evaluation::LocalisationBias
            | Evaluation::LocalisationPrecision
            | Evaluation::Droop(_)
            | Evaluation::Reached(_) => true,
            Evaluation::Repeatability
            | Evaluation::JointRepeatability(_)
            | Evaluation::OrientationRepeatability
            | Evaluation::Multidirectional(_)
            | Evaluation::OrientationVariation(_)
            | Evaluation::DistanceRepeatability(_)
            | Evaluation::DriftOfRepeatability(_) => false,
        }
    }

    /// What its figures measure.
    pub fn dimension(&self) -> Dimension {
        match self {
            Evaluation::OrientationRepeatability
            | Evaluation::OrientationAccuracy
            | Evaluation::OrientationVariation(_) => Dimension::ANGLE,
            Evaluation::Droop(dimension) | Evaluation::JointRepeatability(dimension) => *dimension,
            Evaluation::Reached(_) => Dimension::NUMBER,
            _ => Dimension::LENGTH,
        }
    }

    /// How many numbers it keeps of each reading.
    fn width(&self) -> usize {
        match self {
            Evaluation::OrientationRepeatability | Evaluation::OrientationVariation(_) => 4,
            Evaluation::DistanceAccuracy(_) => 6,
            Evaluation::Reached(_) | Evaluation::Droop(_) | Evaluation::JointRepeatability(_) => 1,
            _ => 3,
        }
    }
}

/// A measure of attained poses in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attained {
    evaluation: Evaluation,
    readings: Readings,
}

impl Attained {
    pub fn new(evaluation: Evaluation, visits: &[Visit], cycles: u32) -> Attained {
        let cycles = cycles.min(crate::Measure::MOST_CYCLES);
        Attained { readings: Readings::new(visits, cycles, evaluation.width()), evaluation }
    }

    pub fn is_against(&self) -> bool {
        self.evaluation.is_against()
    }

    /// How many rows it will have.
    pub fn row_count(&self) -> usize {
        match &self.evaluation {
            Evaluation::Multidirectional(poses) => poses.len(),
            Evaluation::OrientationVariation(poses) => 3 * poses.len(),
            Evaluation::DistanceRepeatability(pairs) | Evaluation::DistanceAccuracy(pairs) => pairs.len(),
            Evaluation::OrientationRepeatability | Evaluation::OrientationAccuracy => {
                3 * self.readings.visits()
            }
            Evaluation::LocalisationBias | Evaluation::LocalisationPrecision | Evaluation::Reached(_) => 1,
            _ => self.readings.visits(),
        }
    }

    /// Takes a reading, with the commanded pose where it is held against one. With `counts` unset nothing is kept.
    pub fn push(
        &mut self,
        visit: u32,
        values: &[f64],
        commanded: &[f64],
        counts: bool,
    ) -> Result<(), SampleError> {
        let offset = || Ok(geometry::sub(finite::<3>(values)?, finite::<3>(commanded)?));
        let mut kept = [0.0; 6];
        let width = self.evaluation.width();
        match &self.evaluation {
            Evaluation::OrientationRepeatability | Evaluation::OrientationVariation(_) => {
                kept[..4].copy_from_slice(&orientation_of(values)?);
            }
            Evaluation::OrientationAccuracy => {
                let vector = geometry::rotation_vector(orientation_of(commanded)?, orientation_of(values)?);
                kept[..3].copy_from_slice(&vector);
            }
            Evaluation::DistanceAccuracy(_) => {
                kept[..3].copy_from_slice(&finite::<3>(values)?);
                kept[3..].copy_from_slice(&finite::<3>(commanded)?);
            }
            Evaluation::Droop(_) => {
                let ([of], [held_to]) = (finite::<1>(values)?, finite::<1>(commanded)?);
                kept[0] = of - held_to;
            }
            Evaluation::JointRepeatability(_) => [kept[0]] = finite::<1>(values)?,
            Evaluation::Reached(_) => kept[0] = geometry::norm(offset()?),
            one if one.is_against() => kept[..3].copy_from_slice(&offset()?),
            _ => kept[..3].copy_from_slice(&finite::<3>(values)?),
        }
        if counts { self.readings.push(visit, kept.get(..width).unwrap_or_default()) } else { Ok(()) }
    }

    pub fn rows(&self, instrument: Option<&ReadingUncertainty>) -> Result<Vec<FigureRow>, NoFigure> {
        let readings = &self.readings;
        readings.complete()?;
        let positions = |visit| readings.of::<3>(visit, 0);
        let each_visit = |row: &dyn Fn(&str, &[Vector]) -> FigureRow| -> Vec<FigureRow> {
            (0..readings.visits()).map(|visit| row(&readings.name(visit), &positions(visit))).collect()
        };
        let rows = match &self.evaluation {
            Evaluation::Repeatability => each_visit(&|name, all| repeatability_row(name, all, instrument)),
            Evaluation::Accuracy => each_visit(&|name, all| accuracy_row(name, all, instrument)),
            Evaluation::OrientationRepeatability => (0..readings.visits())
                .flat_map(|visit| {
                    let vectors = geometry::about_mean(&readings.of::<4>(visit, 0));
                    orientation::repeatability_rows(&readings.name(visit), &vectors, instrument)
                })
                .collect(),
            Evaluation::OrientationAccuracy => (0..readings.visits())
                .flat_map(|visit| {
                    orientation::accuracy_rows(&readings.name(visit), &positions(visit), instrument)
                })
                .collect(),
            Evaluation::Multidirectional(poses) => poses
                .iter()
                .map(|(pose, visits)| {
                    let directions: Vec<_> = visits.iter().map(|visit| positions(*visit)).collect();
                    distance::multidirectional_row(pose, &directions, instrument)
                })
                .collect(),
            Evaluation::OrientationVariation(poses) => poses
                .iter()
                .flat_map(|(pose, visits)| {
                    let directions: Vec<_> = visits.iter().map(|visit| readings.of::<4>(*visit, 0)).collect();
                    orientation::variation_rows(pose, &directions, instrument)
                })
                .collect(),
            Evaluation::Droop(dimension) => (0..readings.visits())
                .map(|visit| {
                    let numbers: Vec<f64> = readings.of::<1>(visit, 0).iter().map(|[off]| *off).collect();
                    let mut row = orientation::mean_row(&numbers, *dimension, instrument.copied());
                    row.label = readings.name(visit);
                    row
                })
                .collect(),
            Evaluation::JointRepeatability(dimension) => (0..readings.visits())
                .map(|visit| {
                    let numbers: Vec<f64> = readings.of::<1>(visit, 0).iter().map(|[angle]| *angle).collect();
                    let noise_sd = instrument.map_or(0.0, ReadingUncertainty::scatter_sd);
                    let mut row = orientation::scatter_row(&numbers, *dimension, noise_sd);
                    row.label = readings.name(visit);
                    row
                })
                .collect(),
            Evaluation::DistanceRepeatability(pairs) => {
                let row = |pair: &Pair| distance::repeatability_row(pair, readings, instrument);
                pairs.iter().map(row).collect()
            }
            Evaluation::DistanceAccuracy(pairs) => {
                pairs.iter().map(|pair| distance::accuracy_row(pair, readings, instrument)).collect()
            }
            Evaluation::DriftOfRepeatability(block) => {
                each_visit(&|name, all| drift::repeatability_row(name, all, *block, instrument))
            }
            Evaluation::DriftOfAccuracy(block) => {
                each_visit(&|name, all| drift::accuracy_row(name, all, *block, instrument))
            }
            Evaluation::LocalisationBias => vec![localisation::bias_row(readings, instrument)],
            Evaluation::LocalisationPrecision => vec![localisation::precision_row(readings, instrument)],
            Evaluation::Reached(within_m) => {
                let all = (0..readings.visits()).flat_map(|visit| readings.of::<1>(visit, 0));
                let (reached, n) =
                    all.fold((0, 0), |(reached, n), [off]| (reached + u64::from(off <= *within_m), n + 1));
                vec![FigureRow::bare(reached as f64 / n as f64, Dimension::NUMBER, n)]
            }
        };
        let is_scatter = matches!(
            self.evaluation,
            Evaluation::Repeatability
                | Evaluation::JointRepeatability(_)
                | Evaluation::OrientationRepeatability
                | Evaluation::DistanceRepeatability(_)
                | Evaluation::DriftOfRepeatability(_)
        );
        if is_scatter && rows.iter().all(|row| row.note == Some(Note::AllEqual)) {
            return Err(NoFigure::AllEqual { cycles: readings.cycles() });
        }
        Ok(rows)
    }
}

/// The orientation of a pose: the four values behind its position.
fn orientation_of(pose: &[f64]) -> Result<geometry::Rotation, SampleError> {
    let [_, _, _, x, y, z, w] = finite::<7>(pose)?;
    Ok([x, y, z, w])
}
