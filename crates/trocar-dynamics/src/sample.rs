//! samples
use crate::*;
/// psm
pub fn psm_classic() -> Result<Mechanism, MechanismError> { Err(MechanismError::CoordinateCount(0)) }
