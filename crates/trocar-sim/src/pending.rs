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
}

/// A fixed number of places for outputs under way, the used ones first; delivered by due time, then by order of
/// sending.
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
    pub(crate) fn push(
        &mut self,
        due: Time,
        group: GroupId,
        stamp: Time,
        valid: bool,
        values: &[f64],
    ) -> bool {
        let at = self.meta[COUNT] as usize;
        let Some(slot) = self.slots.get_mut(at) else { return false };
        *slot =
            Slot { due, order: self.meta[ORDER], group: u64::from(group.0), stamp, valid: u64::from(valid) };
        let place = at * self.width;
        self.values[place..place + values.len()].copy_from_slice(values);
        self.values[place + values.len()..place + self.width].fill(0.0);
        self.meta[ORDER] += 1;
        self.meta[COUNT] += 1;
        self.meta[EARLIEST] = self.meta[EARLIEST].min(due.0);
        true
    }

    /// Takes the next output that is due into `values`, as many as its group has.
    pub(crate) fn pop_due(&mut self, now: Time, values: &mut [f64]) -> Option<(GroupId, Time, bool)> {
        if self.meta[EARLIEST] > now.0 {
            return None;
        }
        let used = self.meta[COUNT] as usize;
        let (at, _) = self.slots[..used].iter().enumerate().min_by_key(|(_, slot)| (slot.due, slot.order))?;
        let taken = self.slots[at];
        let width = self.width;
        values[..width].copy_from_slice(&self.values[at * width..(at + 1) * width]);
        // The last one fills the gap: order among those under way is kept by their numbers, not by their places.
        let last = used - 1;
        self.slots[at] = self.slots[last];
        self.values.copy_within(last * width..(last + 1) * width, at * width);
        self.slots[last] = Slot::zeroed();
        self.values[last * width..(last + 1) * width].fill(0.0);
        self.meta[COUNT] -= 1;
        self.meta[EARLIEST] = self.slots[..last].iter().map(|slot| slot.due.0).min().unwrap_or(u64::MAX);
        Some((GroupId(taken.group as u32), taken.stamp, taken.valid == 1))
    }

    pub(crate) fn copy_from(&mut self, other: &Pending) {
        self.slots.copy_from_slice(&other.slots);
        self.values.copy_from_slice(&other.values);
        self.meta = other.meta;
    }

    /// What is under way, as words.
    pub(crate) fn for_digest(&self, mut each: impl FnMut(&[u64])) {
        let used = self.meta[COUNT] as usize;
        each(&self.meta);
        each(bytemuck::cast_slice(&self.slots[..used]));
        each(bytemuck::cast_slice(&self.values[..used * self.width]));
    }

    /// Whether what was restored can be delivered to a table of so many groups.
    pub(crate) fn is_possible(&self, group_count: usize) -> bool {
        let used = usize::try_from(self.meta[COUNT]).ok().and_then(|used| self.slots.get(..used));
        used.is_some_and(|used| {
            let earliest = used.iter().map(|slot| slot.due.0).min().unwrap_or(u64::MAX);
            self.meta[EARLIEST] == earliest && used.iter().all(|slot| slot.group < group_count as u64)
        }) && self.values.iter().all(|value| value.is_finite())
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
        assert!(pending.pop_due(Time(9), &mut [0.0]).is_none());
        let mut values = [0.0];
        while pending.pop_due(Time(20), &mut values).is_some() {
            seen.push(values[0]);
        }
        assert_eq!(seen, [2.0, 3.0, 4.0]);
        assert!(pending.pop_due(Time(30), &mut values).is_some());
    }
}
