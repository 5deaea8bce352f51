//! An effort given from outside: a motor's torque on its own angle.

use super::{ForceElement, Law, Stage};

/// Applies its input `effort` (N m or N) to its row, constant over the step. On a motor's angle this is its torque.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drive;

impl ForceElement for Drive {
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("effort", 0.0)]
    }

    fn law(&self, _stage: &Stage, inputs: &[f64], _state: &[f64]) -> Law {
        Law { offset: inputs[0], ..Law::default() }
    }

    fn rates(
        &self,
        _position: f64,
        _rate: f64,
        inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        inputs[0]
    }
}
