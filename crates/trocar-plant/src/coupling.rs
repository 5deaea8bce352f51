//! The coupling between actuators and joints: q = A·a, one row of A for each joint.
//!
//! The same matrix takes speeds. Efforts go the other way, because power is the same on both sides:
//! τ_aᵀ·ȧ = τ_jᵀ·A·ȧ for every ȧ, so τ_a = Aᵀ·τ_j and τ_j = A⁻ᵀ·τ_a.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{Problem, Sourced};

/// Greatest number of actuators of one arm.
pub const MAX_ACTUATORS: usize = 16;

/// The coupling of an arm's actuators to its joints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CouplingConfig {
    /// Joint positions from actuator positions: one row for each joint (the jaw last), one column for each actuator,
    /// in SI units and radians.
    pub joint_from_actuator: Sourced<Vec<Vec<f64>>>,
}

impl CouplingConfig {
    /// Each actuator moves the joint at its own place, one to one.
    #[must_use]
    pub fn identity(size: usize) -> CouplingConfig {
        let row = |joint: usize| (0..size).map(|actuator| f64::from(u8::from(actuator == joint))).collect();
        CouplingConfig { joint_from_actuator: Sourced::bare((0..size).map(row).collect()) }
    }
}

/// A coupling with its inverse, both worked out once.
#[derive(Clone, Debug, PartialEq)]
pub struct Coupling {
    size: usize,
    /// A, row by row.
    joint_from_actuator: Vec<f64>,
    /// A⁻¹, row by row.
    actuator_from_joint: Vec<f64>,
}

impl Coupling {
    /// The coupling of `size` actuators to as many joints.
    ///
    /// # Errors
    /// Rows or columns that are too few or too many, numbers that are not finite, a matrix that cannot be inverted
    /// (its condition number by the 1-norm exceeds 1e8: an encoder's count would move a joint by more than it may).
    pub fn new(config: &CouplingConfig, size: usize) -> Result<Coupling, Vec<Problem>> {
        const KEY: &str = "joint_from_actuator";
        let rows = &config.joint_from_actuator.value;
        let mut problems = Vec::new();
        if !(1..=MAX_ACTUATORS).contains(&size) {
            problems
                .push(Problem::new(KEY, format!("{size} actuators; from 1 to {MAX_ACTUATORS} are possible")));
        }
        if rows.len() != size {
            problems.push(Problem::new(KEY, format!("{} rows for {size} joints", rows.len())));
        }
        for (row, values) in rows.iter().enumerate() {
            let key = format!("{KEY}[{row}]");
            if values.len() != size {
                problems.push(Problem::new(key, format!("{} numbers for {size} actuators", values.len())));
            } else if !values.iter().all(|v| v.is_finite()) {
                problems.push(Problem::new(key, "a number is not finite"));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let joint_from_actuator = rows.concat();
        let inverse = invert(&joint_from_actuator, size)
            .filter(|inverse| norm_1(&joint_from_actuator, size) * norm_1(inverse, size) <= 1e8);
        match inverse {
            Some(actuator_from_joint) => Ok(Coupling { size, joint_from_actuator, actuator_from_joint }),
            None => Err(vec![Problem::new(
                KEY,
                "the matrix is singular: some motion of the joints needs no actuator, or two rows say the same",
            )]),
        }
    }

    /// Number of actuators, and of joints.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The entry of A in row `joint` and column `actuator`; zero outside.
    #[must_use]
    pub fn entry(&self, joint: usize, actuator: usize) -> f64 {
        self.joint_from_actuator.get(joint * self.size + actuator).copied().unwrap_or(0.0)
    }

    /// q = A·a, positions or speeds. Slices shorter than the coupling leave the rest alone.
    pub fn joints_from_actuators(&self, actuators: &[f64], joints: &mut [f64]) {
        product(&self.joint_from_actuator, self.size, actuators, joints);
    }

    /// a = A⁻¹·q, positions or speeds.
    pub fn actuators_from_joints(&self, joints: &[f64], actuators: &mut [f64]) {
        product(&self.actuator_from_joint, self.size, joints, actuators);
    }

    /// τ_j = A⁻ᵀ·τ_a.
    pub fn joint_efforts(&self, actuator_efforts: &[f64], joint_efforts: &mut [f64]) {
        transposed_product(&self.actuator_from_joint, self.size, actuator_efforts, joint_efforts);
    }

    /// τ_a = Aᵀ·τ_j.
    pub fn actuator_efforts(&self, joint_efforts: &[f64], actuator_efforts: &mut [f64]) {
        transposed_product(&self.joint_from_actuator, self.size, joint_efforts, actuator_efforts);
    }
}

fn product(matrix: &[f64], size: usize, x: &[f64], y: &mut [f64]) {
    for (row, out) in matrix.chunks_exact(size).zip(y) {
        *out = row.iter().zip(x).map(|(m, v)| m * v).sum();
    }
}

fn transposed_product(matrix: &[f64], size: usize, x: &[f64], y: &mut [f64]) {
    for (column, out) in y.iter_mut().enumerate().take(size) {
        *out = matrix.iter().skip(column).step_by(size).zip(x).map(|(m, v)| m * v).sum();
    }
}

/// Greatest sum of magnitudes in a column.
fn norm_1(matrix: &[f64], size: usize) -> f64 {
    (0..size)
        .map(|column| matrix.iter().skip(column).step_by(size).map(|v| v.abs()).sum())
        .fold(0.0, trocar_math::max)
}

/// Gauss–Jordan elimination with the largest pivot of each column; `None` where one is zero.
fn invert(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let mut left = matrix.to_vec();
    let mut right: Vec<f64> = (0..n * n).map(|i| if i % (n + 1) == 0 { 1.0 } else { 0.0 }).collect();
    for column in 0..n {
        let pivot = (column..n).fold(column, |best, row| {
            if left[row * n + column].abs() > left[best * n + column].abs() { row } else { best }
        });
        let value = left[pivot * n + column];
        if value == 0.0 {
            return None;
        }
        for k in 0..n {
            left.swap(column * n + k, pivot * n + k);
            right.swap(column * n + k, pivot * n + k);
            left[column * n + k] /= value;
            right[column * n + k] /= value;
        }
        for row in (0..n).filter(|row| *row != column) {
            let factor = left[row * n + column];
            for k in 0..n {
                left[row * n + k] -= factor * left[column * n + k];
                right[row * n + k] -= factor * right[column * n + k];
            }
        }
    }
    right.iter().all(|v| v.is_finite()).then_some(right)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn config(rows: &[&[f64]]) -> CouplingConfig {
        CouplingConfig { joint_from_actuator: Sourced::bare(rows.iter().map(|r| r.to_vec()).collect()) }
    }

    #[test]
    fn what_cannot_be_inverted_is_refused() {
        for (rows, size) in [
            (config(&[&[1.0, 2.0], &[2.0, 4.0]]), 2),
            (config(&[&[1.0, 0.0], &[0.0, 1e-9]]), 2),
            (config(&[&[0.0]]), 1),
            (config(&[&[1.0, 0.0]]), 2),
            (config(&[&[1.0], &[0.0, 1.0]]), 2),
            (config(&[&[f64::NAN]]), 1),
            (config(&[]), 0),
        ] {
            assert!(Coupling::new(&rows, size).is_err(), "{rows:?}");
        }
    }

    proptest! {
        /// Inverse and transpose undo each other, and both sides have the same power.
        #[test]
        fn efforts_and_speeds_have_the_same_power(
            entries in prop::collection::vec(-1.0f64..1.0, 49),
            speeds in prop::collection::vec(-1.0f64..1.0, 7),
            efforts in prop::collection::vec(-1.0f64..1.0, 7),
        ) {
            // Diagonally dominant, so well conditioned.
            let rows: Vec<Vec<f64>> = (0..7)
                .map(|i| (0..7).map(|j| entries[i * 7 + j] + if i == j { 8.0 } else { 0.0 }).collect())
                .collect();
            let coupling = Coupling::new(&CouplingConfig { joint_from_actuator: Sourced::bare(rows) }, 7).unwrap();
            let (mut joint_speeds, mut joint_efforts, mut back) = ([0.0; 7], [0.0; 7], [0.0; 7]);
            coupling.joints_from_actuators(&speeds, &mut joint_speeds);
            coupling.joint_efforts(&efforts, &mut joint_efforts);
            let power = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
            // A dozen roundings of numbers below 10, times the condition number (below 20).
            prop_assert!((power(&speeds, &efforts) - power(&joint_speeds, &joint_efforts)).abs() < 1e-12);
            coupling.actuator_efforts(&joint_efforts, &mut back);
            prop_assert!(back.iter().zip(&efforts).all(|(a, b)| (a - b).abs() < 1e-13));
            coupling.actuators_from_joints(&joint_speeds, &mut back);
            prop_assert!(back.iter().zip(&speeds).all(|(a, b)| (a - b).abs() < 1e-13));
        }
    }
}
