//! How far the tip gets from the base: a search that gives the same answer on every machine.

use super::Subject;
use crate::island::Tip;
use serde::Serialize;
use std::f64::consts::TAU;
use trocar_scenario::mechanism::MotionKind;

/// Postures from which the search climbs, beside the start.
const STARTS: usize = 16;
/// Positions of one coordinate that are tried before the best of them is refined.
const SAMPLES: u32 = 24;
/// Halvings by which it is refined: 24 steps of a range, 2⁻³⁰ of a step.
const REFINEMENTS: u32 = 30;
/// Most rounds over all coordinates from one posture.
const ROUNDS: usize = 12;
/// A round that gains less, m, is the last one.
const GAIN_M: f64 = 1e-9;

/// The greatest distance found between the tip and the base's origin within the limits of the coordinates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reach {
    /// The distance, m.
    pub distance_m: f64,
    /// The posture, rad or m.
    pub q: Vec<f64>,
    /// How it was found.
    pub method: String,
}

/// Climbs from several postures, one coordinate after the other.
pub(super) fn search(subject: &Subject, tip: Tip) -> Reach {
    let mechanism = subject.mechanism();
    let mut workspace = mechanism.workspace();
    let rest = vec![0.0; subject.start().len()];
    let mut distance = |q: &[f64]| match mechanism.kinematics(q, &rest, &mut workspace) {
        Ok(()) => {
            let base_from_tip = mechanism.base_from_frame(&workspace, tip.frame) * tip.in_frame;
            base_from_tip.translation.vector.norm()
        }
        Err(_) => 0.0,
    };
    let ranges: Vec<(f64, f64)> = subject.config.coordinates.iter().zip(subject.start()).map(range).collect();
    let mut best = (distance(subject.start()), subject.start().to_vec());
    for attempt in 0..=STARTS {
        let mut q: Vec<f64> = match attempt {
            0 => subject.start().to_vec(),
            _ => (ranges.iter().zip(BASES.iter().cycle()))
                .map(|((lower, upper), base)| lower + (upper - lower) * halton(attempt as u32, *base))
                .collect(),
        };
        let mut reached = distance(&q);
        for _ in 0..ROUNDS {
            let before = reached;
            for (joint, range) in ranges.iter().enumerate() {
                reached = climb(&mut q, joint, *range, reached, &mut distance);
            }
            if reached - before < GAIN_M {
                break;
            }
        }
        if reached > best.0 {
            best = (reached, q);
        }
    }
    Reach {
        distance_m: best.0,
        q: best.1,
        method: format!(
            "the greatest distance of the tip from the base's origin that a search within the limits of the coordinates \
             found: from the start and {STARTS} postures of a Halton sequence, one coordinate after the other; a lower bound"
        ),
    }
}

/// The range that is searched: of an angle, one turn at most around where it starts.
fn range((coordinate, start): (&trocar_scenario::mechanism::CoordinateConfig, &f64)) -> (f64, f64) {
    let (lower, upper) = (coordinate.lower.value.si, coordinate.upper.value.si);
    if coordinate.kind == MotionKind::Revolute && upper - lower > TAU {
        let lower = trocar_math::clamp(start - 0.5 * TAU, lower, upper - TAU);
        return (lower, lower + TAU);
    }
    (lower, upper)
}

/// Moves one coordinate to where the tip is farthest; gives the distance.
fn climb(
    q: &mut [f64],
    joint: usize,
    (lower, upper): (f64, f64),
    reached: f64,
    distance: &mut impl FnMut(&[f64]) -> f64,
) -> f64 {
    let mut best = (reached, q[joint]);
    let mut at = |q: &mut [f64], position: f64| {
        q[joint] = position;
        let found = distance(q);
        if found > best.0 {
            best = (found, position);
        }
        best
    };
    let step = (upper - lower) / f64::from(SAMPLES);
    for sample in 0..=SAMPLES {
        at(q, trocar_math::min(lower + step * f64::from(sample), upper));
    }
    let mut width = step;
    for _ in 0..REFINEMENTS {
        width *= 0.5;
        let centre = at(q, q[joint]).1;
        at(q, trocar_math::clamp(centre - width, lower, upper));
        at(q, trocar_math::clamp(centre + width, lower, upper));
    }
    q[joint] = best.1;
    best.0
}

const BASES: [u32; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];

/// The `index`th number of van der Corput's sequence in a base (Halton 1960), in (0, 1).
fn halton(mut index: u32, base: u32) -> f64 {
    let (mut value, mut place) = (0.0, 1.0);
    while index > 0 {
        place /= f64::from(base);
        value += place * f64::from(index % base);
        index /= base;
    }
    value
}
