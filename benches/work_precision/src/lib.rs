//! Arm A and walker B and what they do, for the comparison with MuJoCo and Pinocchio (`README.md`) and for the tests that
//! hold the errors.

mod arm;
mod second;
mod walker;

pub use arm::{Arm, N};
pub use second::{Case, Second};
pub use walker::{SQUAT_US, Seen, Squat, pad};

/// Anything that can go wrong, in one sentence.
pub type Error = Box<dyn std::error::Error>;
