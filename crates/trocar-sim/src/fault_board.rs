//! Faults in their places: when they act, on what, and for which readers.

use crate::scope::{Constant, TableOperands};
use std::ops::Range;
use trocar_fault::Fault;
use trocar_logic::{Moment, Trigger};
use trocar_math::random::Stream;
use trocar_signal::{GroupId, Layout, Table, Time};

/// A fault with its place in a layout.
pub struct PlacedFault {
    /// The fault.
    pub fault: Fault,
    /// The group that it changes.
    pub group: GroupId,
    /// The private copy of one reader, where the file asks for it; otherwise all readers see the change.
    pub private_copy: Option<GroupId>,
    /// When it starts.
    pub starts: Trigger,
    /// When it ends, beside what the fault itself says of its duration.
    pub ends: Option<Trigger>,
}

struct Seat {
    placed: PlacedFault,
    words: Range<usize>,
    /// Of the trigger that starts it, within `words`.
    starts: Range<usize>,
    /// Of the trigger that ends it, within `words`.
    ends: Range<usize>,
    /// Of the fault itself, within `words`.
    own: Range<usize>,
    stream: Stream,
}

/// The words of each fault, in their order; the triggers' and the fault's own follow.
const SINCE: usize = 0;
const ENDS: usize = 1;
const MASKED: usize = 2;
const WRITES: usize = 3;
const LARGEST: usize = 4;
const LARGEST_AT: usize = 5;
const COMMON: usize = 6;

/// "Not yet" for an instant kept in a word that starts at zero: instants are kept plus one.
fn instant(word: u64) -> Option<Time> {
    word.checked_sub(1).map(Time)
}

/// The faults of a run.
#[derive(Default)]
pub struct FaultBoard {
    seats: Vec<Seat>,
    targeted: Vec<bool>,
    constants: Vec<Constant>,
    phase: Option<GroupId>,
    words: usize,
}

impl FaultBoard {
    /// No faults.
    #[must_use]
    pub fn none() -> FaultBoard {
        FaultBoard::default()
    }

    /// Faults in the order of their file, which is the order in which several on one group act. `phase`: the group that
    /// tells the phase; `constants`: those of the scope that the conditions were compiled with.
    #[must_use]
    pub fn new(
        layout: &Layout,
        faults: Vec<PlacedFault>,
        phase: Option<GroupId>,
        constants: Vec<Constant>,
        (seed, run): (u64, u64),
    ) -> FaultBoard {
        let mut targeted = vec![false; layout.group_count()];
        let mut seats = Vec::new();
        let mut at = 0;
        for placed in faults {
            if let Some(target) = targeted.get_mut(placed.group.0 as usize) {
                *target = true;
            }
            let starts = COMMON..COMMON + placed.starts.state_words();
            let ends = starts.end..starts.end + placed.ends.as_ref().map_or(0, Trigger::state_words);
            let own = ends.end..ends.end + placed.fault.state_len();
            let stream = Stream::new(seed, run, &format!("fault.{}", placed.fault.name()));
            let words = at..at + own.end;
            at = words.end;
            seats.push(Seat { placed, words, starts, ends, own, stream });
        }
        FaultBoard { seats, targeted, constants, phase, words: at }
    }

    pub(crate) fn word_count(&self) -> usize {
        self.words
    }

    /// The faults, in order.
    pub fn faults(&self) -> impl ExactSizeIterator<Item = &PlacedFault> {
        self.seats.iter().map(|seat| &seat.placed)
    }

    /// Begins and ends faults, by what stands in the table at `now`.
    pub(crate) fn update(&self, now: Time, table: &Table, words: &mut [u64]) {
        for seat in &self.seats {
            let words = &mut words[seat.words.clone()];
            if let Some(ends) = instant(words[ENDS]) {
                if words[SINCE] != 0 && (ends <= now || seat.ends(self, now, table, words)) {
                    words[SINCE] = 0;
                }
                continue;
            }
            if words[MASKED] == 0 && seat.starts(self, now, table, words) {
                words[SINCE] = now.0 + 1;
                words[ENDS] = seat.placed.fault.end(now).0.saturating_add(1);
            }
        }
    }

    /// Whether a trigger of a fault holds now.
    fn holds(&self, trigger: &Trigger, (now, began): (Time, Time), table: &Table, words: &mut [u64]) -> bool {
        let operands = TableOperands { table, constants: &self.constants, renamed: &[] };
        let phase = self.phase.map(|group| table.values(group)[0] as usize);
        trigger.holds(&Moment { now, began, phase, motion_done: false }, &operands, words)
    }

    #[inline]
    pub(crate) fn targets(&self, group: GroupId) -> bool {
        self.targeted.get(group.0 as usize).copied().unwrap_or(false)
    }

    /// Changes what was written to a group for all its readers.
    pub(crate) fn intercept(
        &self,
        group: GroupId,
        now: Time,
        values: &mut [f64],
        valid: &mut bool,
        words: &mut [u64],
    ) {
        let for_all = |seat: &&Seat| seat.placed.group == group && seat.placed.private_copy.is_none();
        for seat in self.seats.iter().filter(for_all) {
            seat.apply(now, values, valid, &mut words[seat.words.clone()]);
        }
    }

    /// The private copies of a group: each is what was written, changed by its own faults.
    pub(crate) fn private_copies(&self, group: GroupId) -> impl Iterator<Item = GroupId> + '_ {
        // Several faults may share a copy: each copy once, at the first of them.
        let copies = self.seats.iter().enumerate().filter(move |(_, seat)| seat.placed.group == group);
        copies.filter_map(|(at, seat)| {
            let copy = seat.placed.private_copy?;
            let is_first = self.seats[..at].iter().all(|before| before.placed.private_copy != Some(copy));
            is_first.then_some(copy)
        })
    }

    /// Changes a private copy.
    pub(crate) fn intercept_copy(
        &self,
        copy: GroupId,
        now: Time,
        values: &mut [f64],
        valid: &mut bool,
        words: &mut [u64],
    ) {
        for seat in self.seats.iter().filter(|seat| seat.placed.private_copy == Some(copy)) {
            seat.apply(now, values, valid, &mut words[seat.words.clone()]);
        }
    }

    /// Whether a fault acts now.
    #[must_use]
    pub fn is_active(&self, words: &[u64], fault: usize) -> bool {
        words[self.seats[fault].words.start + SINCE] != 0
    }

    /// Takes a fault out of a state: it does not act in it, now or later.
    pub fn mask(&self, words: &mut [u64], fault: usize) {
        let first = self.seats[fault].words.start;
        words[first + MASKED] = 1;
        words[first + SINCE] = 0;
        words[first + ENDS] = 0;
    }

    /// The largest change of a fault's target so far, in its SI unit, with its instant and how many writes it changed.
    #[must_use]
    pub fn largest_change(&self, words: &[u64], fault: usize) -> (f64, Option<Time>, u64) {
        let first = self.seats[fault].words.start;
        let word = |at: usize| words[first + at];
        (f64::from_bits(word(LARGEST)), instant(word(LARGEST_AT)), word(WRITES))
    }

    /// The name of each word of a state's faults.
    #[must_use]
    pub fn word_names(&self) -> Vec<String> {
        let common =
            ["active_since", "ends", "masked", "writes_changed", "largest_change", "largest_change_at"];
        let mut names = Vec::new();
        for seat in &self.seats {
            let name = seat.placed.fault.name();
            names.extend(common.iter().map(|word| format!("fault.{name}.{word}")));
            names.extend(seat.placed.starts.state_names(&format!("fault.{name}.starts")));
            let ends = seat.placed.ends.as_ref();
            names.extend(ends.into_iter().flat_map(|t| t.state_names(&format!("fault.{name}.ends"))));
            names.extend(seat.placed.fault.state_names().map(|word| format!("fault.{name}.{word}")));
        }
        names
    }
}

impl Seat {
    fn starts(&self, board: &FaultBoard, now: Time, table: &Table, words: &mut [u64]) -> bool {
        board.holds(&self.placed.starts, (now, Time::ZERO), table, &mut words[self.starts.clone()])
    }

    fn ends(&self, board: &FaultBoard, now: Time, table: &Table, words: &mut [u64]) -> bool {
        let Some(ends) = &self.placed.ends else { return false };
        let began = instant(words[SINCE]).unwrap_or(now);
        board.holds(ends, (now, began), table, &mut words[self.ends.clone()])
    }

    fn apply(&self, now: Time, values: &mut [f64], valid: &mut bool, words: &mut [u64]) {
        let since = instant(words[SINCE]);
        let was_valid = *valid;
        let draw = self.stream.at(now.0, 0);
        let change = self.placed.fault.apply(now, since, values, valid, &mut words[self.own.clone()], draw);
        if since.is_some() {
            if change > 0.0 || was_valid != *valid {
                words[WRITES] += 1;
            }
            if change > f64::from_bits(words[LARGEST]) {
                words[LARGEST] = change.to_bits();
                words[LARGEST_AT] = now.0 + 1;
            }
        }
    }
}
