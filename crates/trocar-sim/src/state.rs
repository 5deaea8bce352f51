//! The state of a run: plain words, copied to fork, saved to resume, digested to prove.

use crate::model::Model;
use crate::pending::Pending;
use bytemuck::{Pod, Zeroable};
use trocar_signal::{Table, Time, digest};

/// Where a component stands in its own clock.
#[derive(Clone, Copy, Debug, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Release {
    /// The next activation.
    pub k: u64,
    /// Its release.
    pub due: Time,
    /// When it was activated last; [`Time::NEVER`] before the first time.
    pub last: Time,
}

/// Everything that changes during a run.
#[derive(Clone, Debug, PartialEq)]
pub struct State {
    /// Steps done.
    pub step: u64,
    /// The digest so far, chained each control period.
    pub chain: u64,
    /// All groups.
    pub table: Table,
    /// The words of all components: those of the device first, then the instruments'.
    pub words: Vec<u64>,
    /// The value now of every parameter, in SI units and radians.
    pub parameters: Vec<f64>,
    /// The clock of every component.
    pub releases: Vec<Release>,
    /// Outputs under way.
    pub pending: Pending,
    /// The words of all faults.
    pub faults: Vec<u64>,
    /// The next outside input.
    pub next_input: u64,
}

/// Why a saved state does not fit a model.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RestoreError {
    /// Another number of words.
    #[error(
        "the saved state has {found} words and this model has {expected}: it was saved by another model or version"
    )]
    Size {
        /// Words in the saved state.
        found: usize,
        /// Words of the model.
        expected: usize,
    },
    /// A number that is not finite where only finite ones can be.
    #[error("the saved state holds a signal or a parameter that is not finite: it was altered or damaged")]
    NotFinite,
    /// Outputs under way that no run of the model can have.
    #[error("the saved state holds outputs under way that this model cannot have: it was altered or damaged")]
    UnderWay,
}

impl State {
    /// Makes this state equal to another of the same model without allocating: a fork.
    pub fn copy_from(&mut self, other: &State) {
        self.step = other.step;
        self.chain = other.chain;
        self.table.copy_from(&other.table);
        self.words.copy_from_slice(&other.words);
        self.parameters.copy_from_slice(&other.parameters);
        self.releases.copy_from_slice(&other.releases);
        self.pending.copy_from(&other.pending);
        self.faults.copy_from_slice(&other.faults);
        self.next_input = other.next_input;
    }

    /// The whole state as words: a snapshot.
    #[must_use]
    pub fn to_words(&self) -> Vec<u64> {
        let mut words = vec![self.step, self.chain, self.next_input];
        self.table.words().for_each(|part| words.extend_from_slice(part));
        words.extend_from_slice(&self.words);
        words.extend_from_slice(bytemuck::cast_slice(&self.parameters));
        words.extend_from_slice(bytemuck::cast_slice(&self.releases));
        self.pending.sections().iter().for_each(|part| words.extend_from_slice(part));
        words.extend_from_slice(&self.faults);
        words
    }

    /// A state from a snapshot of the same model.
    ///
    /// # Errors
    /// [`RestoreError`] when the words do not fit the model.
    pub fn from_words(model: &Model, words: &[u64]) -> Result<State, RestoreError> {
        let mut state = model.initial_state(&[]);
        let expected = state.to_words().len();
        if words.len() != expected {
            return Err(RestoreError::Size { found: words.len(), expected });
        }
        let mut rest = words;
        let mut take = |len: usize| {
            let (head, tail) = rest.split_at(len);
            rest = tail;
            head
        };
        let head = take(3);
        (state.step, state.chain, state.next_input) = (head[0], head[1], head[2]);
        let table_len = state.table.words().map(<[u64]>::len).sum();
        if !state.table.restore(take(table_len)) {
            return Err(RestoreError::NotFinite);
        }
        let len = state.words.len();
        state.words.copy_from_slice(take(len));
        let len = state.parameters.len();
        bytemuck::cast_slice_mut::<f64, u64>(&mut state.parameters).copy_from_slice(take(len));
        if !state.parameters.iter().all(|value| value.is_finite()) {
            return Err(RestoreError::NotFinite);
        }
        let len = state.releases.len() * 3;
        bytemuck::cast_slice_mut::<Release, u64>(&mut state.releases).copy_from_slice(take(len));
        for part in state.pending.sections_mut() {
            part.copy_from_slice(take(part.len()));
        }
        if !state.pending.is_possible(model.layout.group_count()) {
            return Err(RestoreError::UnderWay);
        }
        let len = state.faults.len();
        state.faults.copy_from_slice(take(len));
        Ok(state)
    }
}

/// The name of a part of the state that has a digest of its own: a component with what it writes, or one of the parts
/// that belong to none.
#[must_use]
pub fn block_names(model: &Model) -> Vec<String> {
    let mut names: Vec<String> = device_seats(model).map(|seat| model.seats[seat].path.clone()).collect();
    names.extend(["commands", "outputs under way", "faults"].map(str::to_owned));
    names
}

/// The seats that have a block: all but the instruments.
pub(crate) fn device_seats(model: &Model) -> impl Iterator<Item = usize> + '_ {
    (0..model.seats.len()).filter(|i| model.seats[*i].role != crate::schedule::Role::Instrument)
}

/// The digest of every block, in the order of [`block_names`]: state and information, never observers.
pub fn digest_blocks(model: &Model, state: &State, out: &mut Vec<u64>) {
    out.clear();
    let (values, headers) = (state.table.all_values(), state.table.all_headers());
    for at in device_seats(model) {
        let seat = &model.seats[at];
        let parameters = seat.first_parameter..seat.first_parameter + seat.parameter_count;
        let (groups, numbers) = seat.information.clone();
        let parts: [&[u64]; 5] = [
            &state.words[seat.words.clone()],
            bytemuck::cast_slice(&state.releases[at..=at]),
            bytemuck::cast_slice(&state.parameters[parameters]),
            bytemuck::cast_slice(&values[numbers]),
            bytemuck::cast_slice(&headers[groups]),
        ];
        let used = parts.iter().filter(|part| !part.is_empty());
        out.push(used.fold(state.step, |digest, part| digest::chain(digest, part)));
    }
    let group = |digest: u64, group: &trocar_signal::GroupId| {
        let header = [state.table.header(*group)];
        let digest = digest::chain(digest, bytemuck::cast_slice(state.table.values(*group)));
        digest::chain(digest, bytemuck::cast_slice(&header))
    };
    out.push(model.command_groups.iter().fold(0, group));
    let mut under_way = 0;
    state.pending.for_digest(|words| under_way = digest::chain(under_way, words));
    out.push(under_way);
    out.push(digest::chain(state.next_input, &state.faults));
}

/// Chains the digest of this instant onto the state's, and gives the blocks it was made of.
pub fn chain_digest(model: &Model, state: &mut State, blocks: &mut Vec<u64>) {
    digest_blocks(model, state, blocks);
    state.chain = digest::chain(state.chain, blocks);
}

/// Everything in which two states of one model differ, by name, in the order of the schedule: words of components
/// (`psm1.pitch.encoder: count`), signals, parameters, and the rest. Empty for equal states.
#[must_use]
pub fn differences(model: &Model, a: &State, b: &State) -> Vec<String> {
    let mut found = Vec::new();
    for (at, seat) in model.seats.iter().enumerate() {
        let words = a.words[seat.words.clone()].iter().zip(&b.words[seat.words.clone()]);
        for ((x, y), name) in words.zip(&seat.word_names) {
            if x != y {
                found.push(format!("{}: {name}", seat.path));
            }
        }
        if a.releases[at] != b.releases[at] {
            found.push(format!("{}: its clock", seat.path));
        }
        for id in &seat.writes {
            signal_differences(model, a, b, *id, &mut found);
        }
        for place in seat.first_parameter..seat.first_parameter + seat.parameter_count {
            if a.parameters[place].to_bits() != b.parameters[place].to_bits() {
                found.push(format!("parameter {}", model.parameters[place].path));
            }
        }
    }
    for id in &model.command_groups {
        signal_differences(model, a, b, *id, &mut found);
    }
    if a.pending != b.pending {
        found.push("outputs under way".to_owned());
    }
    let faults = a.faults.iter().zip(&b.faults).zip(model.faults.word_names());
    found.extend(faults.filter(|((x, y), _)| x != y).map(|(_, name)| name));
    if (a.step, a.chain, a.next_input) != (b.step, b.chain, b.next_input) {
        found.push("how far the run is".to_owned());
    }
    found
}

fn signal_differences(
    model: &Model,
    a: &State,
    b: &State,
    id: trocar_signal::GroupId,
    found: &mut Vec<String>,
) {
    let spec = model.layout.spec(id);
    let before = found.len();
    for (place, (x, y)) in a.table.values(id).iter().zip(b.table.values(id)).enumerate() {
        if x.to_bits() != y.to_bits() {
            found.push(spec.element_path(place));
        }
    }
    if found.len() == before && a.table.header(id) != b.table.header(id) {
        found.push(format!("{}: stamp, sequence or validity", spec.path));
    }
}
