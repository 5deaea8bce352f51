//! Outputs under way: written, and not yet due.

use bytemuck::{Pod, Zeroable};
use trocar_signal::{GroupId, Time};

/// One output under way.
#[derive(Clone, Copy, Debug, Pod, Zeroable, PartialEq)]
#[repr(C)]
struct Slot {
    due: Time,
    /// Order of sending, so that equal due times keep it.
    order: u64,
    group: u64,
    stamp: Time,
    valid: u64,
    used: u64,
}

/// A fixed number of places for outputs under way; delivered by due time, then by order of sending.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    slots: Vec<Slot>,
    values: Vec<f64>,
    width: usize,
    /// Words kept beside the slots: next order, how many are used, the earliest due time.
    meta: [u64; 3],
}

const ORDER: usize = 0;
const COUNT: usize = 1;
const EARLIEST: usize = 2;

impl Pending {
    pub(crate) fn new(capacity: usize, width: usize) -> Pending {
        Pending {
            slots: vec![Slot::zeroed(); capacity],
            values: vec![0.0; capacity * width],
            width,
            meta: [0, 0, u64::MAX],
        }
    }

    /// Puts an output under way; `false` when no place is left.
    pub(crate) fn push(&mut self, due: Time, group: GroupId, stamp: Time, valid: bool, values: &[f64]) -> bool {
        let Some(at) = self.slots.iter().position(|slot| slot.used == 0) else { return false };
        self.slots[at] = Slot {
            due,
            order: self.meta[ORDER],
            group: u64::from(group.0),
            stamp,
            valid: u64::from(valid),
            used: 1,
        };
        self.values[at * self.width..at * self.width + values.len()].copy_from_slice(values);
        self.meta[ORDER] += 1;
        self.meta[COUNT] += 1;
        self.meta[EARLIEST] = self.meta[EARLIEST].min(due.0);
        true
    }

    /// Takes the next output that is due, and gives its place.
    pub(crate) fn pop_due(&mut self, now: Time) -> Option<(GroupId, Time, bool, usize)> {
        if self.meta[EARLIEST] > now.0 {
            return None;
        }
        let at = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, slot)| slot.used == 1)
            .min_by_key(|(_, slot)| (slot.due, slot.order))
            .map(|(at, _)| at)?;
        let slot = &mut self.slots[at];
        slot.used = 0;
        let taken = *slot;
        self.meta[COUNT] -= 1;
        self.meta[EARLIEST] =
            self.slots.iter().filter(|slot| slot.used == 1).map(|slot| slot.due.0).min().unwrap_or(u64::MAX);
        Some((GroupId(taken.group as u32), taken.stamp, taken.valid == 1, at * self.width))
    }

    /// The value at a place that [`Pending::pop_due`] gave.
    pub(crate) fn value(&self, at: usize) -> f64 {
        self.values[at]
    }

    pub(crate) fn copy_from(&mut self, other: &Pending) {
        self.slots.copy_from_slice(&other.slots);
        self.values.copy_from_slice(&other.values);
        self.meta = other.meta;
    }

    /// As words. Only what is under way counts: a place that is free keeps what it last held and says nothing.
    pub(crate) fn for_digest(&self, mut each: impl FnMut(&[u64])) {
        each(&self.meta);
        if self.meta[COUNT] == 0 {
            return;
        }
        for (at, slot) in self.slots.iter().enumerate().filter(|(_, slot)| slot.used == 1) {
            each(bytemuck::cast_slice(std::slice::from_ref(slot)));
            each(bytemuck::cast_slice(&self.values[at * self.width..(at + 1) * self.width]));
        }
    }

    pub(crate) fn sections(&self) -> [&[u64]; 3] {
        [bytemuck::cast_slice(&self.slots), bytemuck::cast_slice(&self.values), &self.meta]
    }

    pub(crate) fn sections_mut(&mut self) -> [&mut [u64]; 3] {
        [
            bytemuck::cast_slice_mut(&mut self.slots),
            bytemuck::cast_slice_mut(&mut self.values),
            &mut self.meta,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delivery_is_by_due_time_and_then_by_order_of_sending() {
        let mut pending = Pending::new(4, 1);
        for (due, value) in [(30, 1.0), (10, 2.0), (10, 3.0), (20, 4.0)] {
            assert!(pending.push(Time(due), GroupId(0), Time(0), true, &[value]));
        }
        assert!(!pending.push(Time(1), GroupId(0), Time(0), true, &[9.0]), "full");
        let mut seen = Vec::new();
        assert!(pending.pop_due(Time(9)).is_none());
        while let Some((_, _, _, at)) = pending.pop_due(Time(20)) {
            seen.push(pending.value(at));
        }
        assert_eq!(seen, [2.0, 3.0, 4.0]);
        assert!(pending.pop_due(Time(30)).is_some());
    }
}
