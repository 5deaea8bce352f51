//! Arm A and its cases, for the comparison with MuJoCo and Pinocchio (`README.md`) and for the test that holds the errors.

mod arm;
mod second;

pub use arm::{Arm, N};
pub use second::{Case, Second};

/// Anything that can go wrong, in one sentence.
pub type Error = Box<dyn std::error::Error>;
