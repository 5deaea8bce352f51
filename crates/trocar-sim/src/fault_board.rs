//! Faults in their places: when they act, and on what.

use trocar_signal::{GroupId, Layout, Table, Time};

/// Why a fault has no place.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FaultError {
    /// Nothing has the target's name.
    #[error("nothing here is called `{0}`")]
    NoTarget(String),
}

/// The faults of a run.
#[derive(Default)]
pub struct FaultBoard {}

impl FaultBoard {
    /// No faults.
    pub fn none(_: &Layout) -> Result<FaultBoard, Vec<FaultError>> {
        Ok(FaultBoard::default())
    }
    pub(crate) fn word_count(&self) -> usize {
        0
    }
    pub(crate) fn update(&self, _now: Time, _table: &Table, _words: &mut [u64]) {}
    pub(crate) fn targets(&self, _group: GroupId) -> bool {
        false
    }
    pub(crate) fn intercept(&self, _g: GroupId, _now: Time, _before: &[f64], _values: &mut [f64], _valid: &mut bool, _words: &mut [u64]) {}
}
