//! The table: the current value of every group, with stamp and validity.

use crate::group::{ElementRef, GroupId, Layout};
use crate::time::Time;
use bytemuck::{Pod, Zeroable};

/// What stands beside a group's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// When the values were taken.
    pub stamp: Time,
    /// How often the group was written; 0: never yet.
    pub sequence: u64,
    /// The sequence that the reader of a queued command took last.
    pub taken: u64,
    /// 1 if the values may be used.
    pub valid: u64,
}

/// The values of every group of a layout. Holds finite numbers only.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    values: Vec<f64>,
    headers: Vec<Header>,
    /// Start of each group in `values`, with one more at the end. Derived from the layout.
    starts: Vec<usize>,
}

impl Table {
    /// A table of zeros that nobody has written yet.
    #[must_use]
    pub fn new(layout: &Layout) -> Table {
        let mut starts: Vec<usize> = layout.groups().map(|(id, _)| layout.offset(id)).collect();
        starts.push(layout.value_count());
        Table {
            values: vec![0.0; layout.value_count()],
            headers: vec![Header::zeroed(); layout.group_count()],
            starts,
        }
    }

    /// A group's values.
    #[inline]
    #[must_use]
    pub fn values(&self, group: GroupId) -> &[f64] {
        let at = group.0 as usize;
        &self.values[self.starts[at]..self.starts[at + 1]]
    }

    /// One number.
    #[inline]
    #[must_use]
    pub fn value(&self, element: ElementRef) -> f64 {
        self.values(element.group)[element.index as usize]
    }

    /// A group's stamp, sequence and validity.
    #[inline]
    #[must_use]
    pub fn header(&self, group: GroupId) -> Header {
        self.headers[group.0 as usize]
    }

    /// Writes a group. The caller has checked that the values are finite and as many as the group has.
    #[inline]
    pub fn write(&mut self, group: GroupId, stamp: Time, valid: bool, values: &[f64]) {
        debug_assert!(values.iter().all(|v| v.is_finite()));
        let at = group.0 as usize;
        self.values[self.starts[at]..self.starts[at + 1]].copy_from_slice(values);
        let header = &mut self.headers[at];
        header.stamp = stamp;
        header.sequence += 1;
        header.valid = u64::from(valid);
    }

    /// Marks a queued command as taken.
    pub fn take(&mut self, group: GroupId) {
        let header = &mut self.headers[group.0 as usize];
        header.taken = header.sequence;
    }

    /// All values, in the order of the layout.
    #[must_use]
    pub fn all_values(&self) -> &[f64] {
        &self.values
    }

    /// All headers, in the order of the layout.
    #[must_use]
    pub fn all_headers(&self) -> &[Header] {
        &self.headers
    }

    /// Makes this table equal to another of the same layout without allocating.
    pub fn copy_from(&mut self, other: &Table) {
        self.values.copy_from_slice(&other.values);
        self.headers.copy_from_slice(&other.headers);
    }

    /// The table as words: values, then headers.
    pub fn words(&self) -> impl Iterator<Item = &[u64]> {
        [bytemuck::cast_slice(&self.values), bytemuck::cast_slice(&self.headers)].into_iter()
    }

    /// Fills the table from words that [`Table::words`] gave, for the same layout; `false` if they are too few or a
    /// value is not finite.
    pub fn restore(&mut self, words: &[u64]) -> bool {
        let values = self.values.len();
        let headers = self.headers.len() * (size_of::<Header>() / 8);
        if words.len() != values + headers {
            return false;
        }
        self.values.copy_from_slice(bytemuck::cast_slice(&words[..values]));
        bytemuck::cast_slice_mut::<Header, u64>(&mut self.headers).copy_from_slice(&words[values..]);
        self.values.iter().all(|v| v.is_finite())
    }
}
