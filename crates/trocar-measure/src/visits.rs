//! Readings at the ends of dwells, by visit: which pose, from where, in which cycle.

use crate::figure::NoFigure;
use crate::measure::SampleError;
use crate::shape::Visit;
use serde::{Deserialize, Serialize};

/// The readings of every visit and cycle, with room for all of them: nothing is allocated while they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Readings {
    names: Vec<String>,
    counts: Vec<u32>,
    /// Readings that each visit is to have.
    cycles: u32,
    /// Numbers of one reading.
    width: usize,
    /// Visit by visit, cycle by cycle.
    values: Vec<f64>,
}

impl Readings {
    pub fn new(visits: &[Visit], cycles: u32, width: usize) -> Readings {
        let names = labels(visits);
        let room = names.len() * cycles as usize * width;
        Readings { counts: vec![0; names.len()], names, cycles, width, values: vec![0.0; room] }
    }

    /// Keeps one more reading of a visit.
    pub fn push(&mut self, visit: u32, reading: &[f64]) -> Result<(), SampleError> {
        let index = visit as usize;
        let declared = self.names.len();
        let Some(count) = self.counts.get_mut(index) else {
            return Err(SampleError::Pose { pose: visit, declared });
        };
        if *count >= self.cycles {
            return Err(SampleError::TooMany { pose: self.name(index), declared: self.cycles });
        }
        let at = (index * self.cycles as usize + *count as usize) * self.width;
        *count += 1;
        if let Some(place) = self.values.get_mut(at..at + self.width) {
            place.iter_mut().zip(reading).for_each(|(to, from)| *to = *from);
        }
        Ok(())
    }

    /// How many visits a cycle has.
    pub fn visits(&self) -> usize {
        self.names.len()
    }

    pub fn cycles(&self) -> u32 {
        self.cycles
    }

    pub fn name(&self, visit: usize) -> String {
        self.names.get(visit).cloned().unwrap_or_default()
    }

    /// The readings of a visit in the order of cycles, `N` numbers each from `from` on.
    pub fn of<const N: usize>(&self, visit: usize, from: usize) -> Vec<[f64; N]> {
        let all = self.cycles as usize * self.width;
        let own = self.values.get(visit * all..(visit + 1) * all).unwrap_or_default();
        own.chunks_exact(self.width.max(1))
            .filter_map(|one| one.get(from..)?.first_chunk().copied())
            .collect()
    }

    /// Whether every visit was read in every cycle.
    pub fn complete(&self) -> Result<(), NoFigure> {
        if self.counts.iter().all(|count| *count == 0) {
            return Err(NoFigure::NoReading);
        }
        match self.counts.iter().position(|count| *count < self.cycles) {
            None => Ok(()),
            Some(index) => Err(NoFigure::Incomplete {
                pose: self.name(index),
                have: self.counts.get(index).copied().unwrap_or(0),
                declared: self.cycles,
            }),
        }
    }
}

/// What rows are called: the pose, and where a cycle visits it more than once, from which other (and which time).
pub fn labels(visits: &[Visit]) -> Vec<String> {
    if visits.is_empty() {
        return vec![String::new()];
    }
    let label = |visit: &Visit| {
        let same_pose = |other: &&Visit| other.pose == visit.pose;
        if visits.iter().filter(same_pose).count() == 1 {
            return visit.pose.clone();
        }
        let base = format!("{} from {}", visit.pose, visit.from);
        let alike = || visits.iter().filter(same_pose).filter(|other| other.from == visit.from);
        match alike().position(|other| other.item == visit.item) {
            Some(place) if alike().count() > 1 => format!("{base} ({})", place + 1),
            _ => base,
        }
    };
    visits.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_say_from_where_only_where_it_matters() {
        let cycle = Visit::cycle(&["A", "P", "B", "P", "A", "P"]);
        assert_eq!(
            labels(&cycle),
            ["A from P (1)", "P from A (1)", "B", "P from B", "A from P (2)", "P from A (2)"]
        );
        assert_eq!(labels(&Visit::cycle(&["P2", "P1"])), ["P2", "P1"]);
        assert_eq!(labels(&[]), [""]);
    }
}
