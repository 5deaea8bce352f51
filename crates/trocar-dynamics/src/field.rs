//! Efforts on joints that depend on several of them at once, as muscles that cross two joints exert.

use std::fmt::Debug;

use crate::island::IslandError;
use crate::mechanism::{CoordinateId, Mechanism};

/// Efforts on some joints as a function of where those joints are. It needs no potential: what the published passive
/// torques of a leg give back over a closed way of hip and knee is what their equations say.
///
/// The island evaluates it in the middle of each step, so that it is followed to second order. What it holds each joint
/// with by itself enters the step's matrix, so that a joint far out on a steep slope stays stable; what couples two joints
/// is explicit.
pub trait JointField: Debug + Send + Sync {
    /// Efforts (N m or N) at these positions (rad or m), and of each −∂effort/∂position of its own joint (N m/rad or N/m;
    /// what is negative counts as none). All three are as long as the list of joints that the field was given.
    fn efforts(&self, positions: &[f64], efforts: &mut [f64], own_stiffness: &mut [f64]);
}

#[derive(Debug)]
pub(crate) struct PlacedField {
    pub name: String,
    pub coordinates: Box<[usize]>,
    /// Their words of q.
    pub positions: Box<[usize]>,
    pub field: Box<dyn JointField>,
}

impl PlacedField {
    pub fn new(
        name: &str,
        coordinates: &[CoordinateId],
        field: Box<dyn JointField>,
        mechanism: &Mechanism,
    ) -> Result<Self, IslandError> {
        let position = |k: &CoordinateId| mechanism.position_of(*k);
        let positions: Option<Box<[usize]>> = coordinates.iter().map(position).collect();
        let mut seen: Vec<usize> = coordinates.iter().map(|k| k.0).collect();
        seen.sort_unstable();
        seen.dedup();
        match positions {
            Some(positions) if !positions.is_empty() && seen.len() == coordinates.len() => Ok(Self {
                name: name.to_owned(),
                coordinates: coordinates.iter().map(|k| k.0).collect(),
                positions,
                field,
            }),
            _ => Err(IslandError::Row(name.to_owned())),
        }
    }

    /// Efforts and own stiffness at the words `q`; `memory` is at least three times as long as the list of joints.
    pub fn evaluate<'a>(&self, q: &[f64], memory: &'a mut [f64]) -> (&'a [f64], &'a [f64]) {
        let m = self.coordinates.len();
        let (positions, rest) = memory[..3 * m].split_at_mut(m);
        let (efforts, stiffness) = rest.split_at_mut(m);
        for (position, &place) in positions.iter_mut().zip(&self.positions) {
            *position = q[place];
        }
        self.field.efforts(positions, efforts, stiffness);
        (efforts, stiffness)
    }
}
