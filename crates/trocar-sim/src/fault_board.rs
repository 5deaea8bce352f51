//! Faults in their places: when they act, on what, and for which readers.

use crate::scope::{Constant, TableOperands};
use std::ops::Range;
use trocar_fault::{Fault, Start};
use trocar_logic::{Condition, Truth};
use trocar_math::random::Stream;
use trocar_signal::{GroupId, Layout, Nanos, Table, Time};

/// A fault with its place in a layout.
pub struct PlacedFault {
    /// The fault.
    pub fault: Fault,
    /// The group that it changes.
    pub group: GroupId,
    /// The private copy of one reader, where the file asks for it; otherwise all readers see the change.
    pub private_copy: Option<GroupId>,
    /// The phase in which it starts, by its place; `None`: any.
    pub phase: Option<usize>,
    /// The condition on which it starts.
    pub condition: Option<Condition>,
}

struct Seat {
    placed: PlacedFault,
    words: Range<usize>,
    /// Of the condition's edges, within `words`.
    edges: Range<usize>,
    /// Of the fault itself, within `words`.
    own: Range<usize>,
    stream: Stream,
}

/// The words of each fault, in their order; the condition's and the fault's own follow.
const SINCE: usize = 0;
const ENDS: usize = 1;
const MASKED: usize = 2;
const PHASE_BEGAN: usize = 3;
const OCCURRENCES: usize = 4;
const WAS_TRUE: usize = 5;
const WRITES: usize = 6;
const LARGEST: usize = 7;
const LARGEST_AT: usize = 8;
const COMMON: usize = 9;

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
            let edges = COMMON + placed.condition.as_ref().map_or(0, Condition::state_words);
            let own = edges + placed.fault.state_len();
            let stream = Stream::new(seed, run, &format!("fault.{}", placed.fault.name()));
            seats.push(Seat { placed, words: at..at + own, edges: COMMON..edges, own: edges..own, stream });
            at += own;
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
                if ends <= now && words[SINCE] != 0 {
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
        let common = [
            "active_since",
            "ends",
            "masked",
            "phase_began",
            "occurrences",
            "condition_was_true",
            "writes_changed",
            "largest_change",
            "largest_change_at",
        ];
        let mut names = Vec::new();
        for seat in &self.seats {
            let name = seat.placed.fault.name();
            names.extend(common.iter().map(|word| format!("fault.{name}.{word}")));
            names.extend((0..seat.edges.len()).map(|i| format!("fault.{name}.edge[{i}]")));
            names.extend(seat.placed.fault.state_names().map(|word| format!("fault.{name}.{word}")));
        }
        names
    }
}

impl Seat {
    fn starts(&self, board: &FaultBoard, now: Time, table: &Table, words: &mut [u64]) -> bool {
        if let Some(phase) = self.placed.phase {
            let present = board.phase.map(|group| table.values(group)[0] as usize);
            if present != Some(phase) {
                words[PHASE_BEGAN] = 0;
                words[WAS_TRUE] = 0;
                return false;
            }
            if words[PHASE_BEGAN] == 0 {
                words[PHASE_BEGAN] = now.0 + 1;
            }
        }
        let since_phase = || now.since(instant(words[PHASE_BEGAN]).unwrap_or(now));
        match self.placed.fault.start() {
            Start::At(at) => now >= *at,
            Start::InPhase { after, .. } => since_phase() >= *after && *after >= Nanos::ZERO,
            Start::When { occurrence, .. } => {
                let Some(condition) = &self.placed.condition else { return false };
                let operands = TableOperands { table, constants: &board.constants, renamed: &[] };
                let holds = condition.evaluate(&operands, &mut words[self.edges.clone()]);
                let is_true = holds == Truth::True;
                if is_true && words[WAS_TRUE] == 0 {
                    words[OCCURRENCES] += 1;
                }
                if holds != Truth::Unknown {
                    words[WAS_TRUE] = u64::from(is_true);
                }
                is_true && words[OCCURRENCES] == u64::from(*occurrence)
            }
        }
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
