//! What can go wrong while computing.

use thiserror::Error;

/// Why a computation or a step gave no result. The state it was given is unchanged.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum DynamicsError {
    /// The mass matrix (with the force elements' shares) is not positive definite: something has no inertia here.
    #[error("the mass matrix is not positive definite at coordinate {coordinate:?}, pose q = {q:?}")]
    FailedPivot {
        /// Name of the coordinate at which the factorisation stopped.
        coordinate: String,
        /// The pose (rad or m, in the order of the coordinates).
        q: Vec<f64>,
    },
    /// A number became infinite or undefined.
    #[error("{what} is not finite")]
    NotFinite {
        /// The quantity, named.
        what: String,
    },
    /// A ball joint's quaternion is far from unit length.
    #[error("the squared length of the quaternion of {coordinate:?} is {squared_length}, not near 1")]
    Quaternion {
        /// First coordinate of the ball joint.
        coordinate: String,
        /// x² + y² + z² + w².
        squared_length: f64,
    },
    /// The mechanism is no tree of independent joints, which this algorithm needs.
    #[error(
        "{what}: the articulated-body algorithm takes joints that each move by a coordinate of their own"
    )]
    Coupled {
        /// The joint or rotor that is coupled.
        what: String,
    },
    /// A slice has the wrong length.
    #[error("{what} has {got} entries where {expected} are needed")]
    Length {
        /// The slice, named.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The length needed.
        expected: usize,
    },
    /// The step length is not a positive number of seconds.
    #[error("a step of {step_s} s is not positive and finite")]
    Step {
        /// The length asked for, s.
        step_s: f64,
    },
    /// The branches of the force elements (stick or slip, touching or not) could not be made consistent.
    #[error("the force elements' branches were not consistent after {iterations} solutions")]
    NoConvergence {
        /// Linear solutions tried.
        iterations: usize,
    },
}

pub(crate) fn check_length(what: &'static str, got: usize, expected: usize) -> Result<(), DynamicsError> {
    if got == expected { Ok(()) } else { Err(DynamicsError::Length { what, got, expected }) }
}
