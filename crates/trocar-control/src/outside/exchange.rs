//! One activation: what the controller sees, and what it answers; both also as words of 8 bytes, which is the binary form
//! of the protocol, the form in which exchanges are kept, and what their digest is made of.

use super::description::SlotDescription;
use trocar_signal::{GroupId, Nanos, Table, Time};

/// Why a controller failed, as a sentence without its subject: `did not answer within 1 s`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// The sentence.
    pub what: String,
}

impl Failure {
    /// A failure with its sentence.
    pub fn new(what: impl Into<String>) -> Failure {
        Failure { what: what.into() }
    }
}

/// What a controller sees at an activation.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Counts activations from 0.
    pub activation: u64,
    /// The instant.
    pub now: Time,
    /// Since the activation before; zero at the first.
    pub elapsed: Nanos,
    /// The table, of which it sees `reads` only.
    pub(crate) table: &'a Table,
    pub(crate) reads: &'a [GroupId],
    /// The slot's parameters, in SI units and radians.
    pub parameters: &'a [f64],
    /// The words of state that are kept for it.
    pub state: &'a [u64],
}

/// One input of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Input<'a> {
    /// When its values were taken.
    pub stamp: Time,
    /// How often it was written; 0: never.
    pub sequence: u64,
    /// Whether its values may be used.
    pub valid: bool,
    /// Of an inbox: whether a command waits that was not taken. Of others: whether it was ever written.
    pub fresh: bool,
    /// SI units and radians.
    pub values: &'a [f64],
}

impl<'a> Request<'a> {
    /// A request over a table; `reads` are the slot's inputs in their order.
    #[must_use]
    pub fn new(
        (activation, now, elapsed): (u64, Time, Nanos),
        table: &'a Table,
        reads: &'a [GroupId],
        parameters: &'a [f64],
        state: &'a [u64],
    ) -> Request<'a> {
        Request { activation, now, elapsed, table, reads, parameters, state }
    }

    /// An input by its place in the slot's description.
    #[must_use]
    pub fn input(&self, place: usize) -> Input<'a> {
        let group = self.reads[place];
        let header = self.table.header(group);
        Input {
            stamp: header.stamp,
            sequence: header.sequence,
            valid: header.valid == 1,
            fresh: header.sequence != header.taken,
            values: self.table.values(group),
        }
    }

    /// How many inputs there are.
    #[must_use]
    pub fn input_count(&self) -> usize {
        self.reads.len()
    }

    /// The binary form of a step.
    pub(crate) fn to_words(self, digest: u64, words: &mut Vec<u64>) {
        words.clear();
        words.extend([self.activation, self.now.0, self.elapsed.0, digest]);
        for place in 0..self.reads.len() {
            let input = self.input(place);
            let flags = u64::from(input.valid) | u64::from(input.fresh) << 1;
            words.extend([input.stamp.0, input.sequence, flags]);
            words.extend(input.values.iter().map(|v| v.to_bits()));
        }
        words.extend(self.parameters.iter().map(|v| v.to_bits()));
        words.extend_from_slice(self.state);
    }
}

/// What a controller answers. Outputs that it does not write stay as they were.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    outputs: Vec<Output>,
    values: Vec<f64>,
    taken: Vec<bool>,
    /// The words of state that are kept for it; as they were unless it changes them.
    pub state: Vec<u64>,
    now: Time,
    /// The place of a value that does not fit.
    mistake: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Output {
    start: usize,
    len: usize,
    written: bool,
    valid: bool,
    stamp: Time,
}

impl Reply {
    /// For a slot; reused from activation to activation.
    #[must_use]
    pub fn new(slot: &SlotDescription) -> Reply {
        let mut start = 0;
        let outputs = slot
            .outputs
            .iter()
            .map(|output| {
                let len = output.elements.len();
                start += len;
                Output { start: start - len, len, written: false, valid: false, stamp: Time::ZERO }
            })
            .collect();
        Reply {
            outputs,
            values: vec![0.0; start],
            taken: vec![false; slot.inputs.len()],
            state: vec![0; slot.state.len()],
            now: Time::ZERO,
            mistake: None,
        }
    }

    /// Empties it for a request: nothing is written, nothing taken, the state as it was.
    pub fn begin(&mut self, request: &Request<'_>) {
        self.outputs.iter_mut().for_each(|output| output.written = false);
        self.taken.iter_mut().for_each(|taken| *taken = false);
        self.state.copy_from_slice(request.state);
        self.now = request.now;
        self.mistake = None;
    }

    /// Writes an output by its place in the slot's description, stamped now.
    pub fn write(&mut self, place: usize, values: &[f64]) {
        self.send(place, values, self.now, true);
    }

    /// Writes an output, with the instant at which its values were taken and whether they may be used.
    pub fn send(&mut self, place: usize, values: &[f64], stamp: Time, valid: bool) {
        match self.outputs.get_mut(place) {
            Some(output) if output.len == values.len() => {
                self.values[output.start..output.start + output.len].copy_from_slice(values);
                (output.written, output.valid, output.stamp) = (true, valid, stamp);
            }
            Some(output) => {
                let (place, len, expected) = (place, values.len(), output.len);
                self.mistake = Some(format!("wrote {len} numbers into output {place}, which has {expected}"));
            }
            None => self.mistake = Some(format!("wrote output {place}, which the slot does not have")),
        }
    }

    /// Takes the command that waits in an inbox, by its place among the inputs.
    pub fn take(&mut self, place: usize) {
        match self.taken.get_mut(place) {
            Some(taken) => *taken = true,
            None => self.mistake = Some(format!("took input {place}, which the slot does not have")),
        }
    }

    /// The outputs that were written: place, values, stamp, validity.
    pub fn written(&self) -> impl Iterator<Item = (usize, &[f64], Time, bool)> {
        self.outputs.iter().enumerate().filter(|(_, output)| output.written).map(|(place, output)| {
            (place, &self.values[output.start..output.start + output.len], output.stamp, output.valid)
        })
    }

    /// The inboxes that were taken, by their places among the inputs.
    pub fn taken(&self) -> impl Iterator<Item = usize> + '_ {
        self.taken.iter().enumerate().filter(|(_, taken)| **taken).map(|(place, _)| place)
    }

    /// Whether every part of it means something for the slot.
    ///
    /// # Errors
    /// The first thing that does not.
    pub(crate) fn check(&self, slot: &SlotDescription, request: &Request<'_>) -> Result<(), Failure> {
        if let Some(mistake) = &self.mistake {
            return Err(Failure::new(mistake.clone()));
        }
        if self.state.len() != slot.state.len() {
            let (len, expected) = (self.state.len(), slot.state.len());
            return Err(Failure::new(format!("gave {len} words of state, where {expected} are kept for it")));
        }
        for place in self.taken() {
            let input = &slot.inputs[place];
            if !input.inbox {
                let what = format!("took `{}`, which is no inbox", input.path);
                return Err(Failure::new(what));
            }
            if !request.input(place).fresh {
                let what = format!("took a command from `{}`, where none waits", input.path);
                return Err(Failure::new(what));
            }
        }
        for (place, values, stamp, _) in self.written() {
            let output = &slot.outputs[place];
            if let Some(element) = values.iter().position(|v| !v.is_finite()) {
                let path = element_path(&output.path, &output.elements[element].name);
                let what = format!("wrote `{path}` = {}, which is not finite", values[element]);
                return Err(Failure::new(what));
            }
            if !output.states.is_empty() {
                let value = values[0];
                let count = output.states.len();
                if !(value >= 0.0 && value < count as f64 && value.fract() == 0.0) {
                    let what = format!(
                        "wrote `{}` = {value}, which is no place among its {count} states ({})",
                        output.path,
                        output.states.join(", ")
                    );
                    return Err(Failure::new(what));
                }
            }
            if stamp > request.now {
                let what = format!("stamped `{}` at {stamp}, which is later than now", output.path);
                return Err(Failure::new(what));
            }
        }
        Ok(())
    }

    /// The binary form of a reply.
    pub(crate) fn to_words(
        &self,
        slot: &SlotDescription,
        activation: u64,
        digest: u64,
        words: &mut Vec<u64>,
    ) {
        words.clear();
        let mut bits = 0;
        for (bit, place) in slot.inboxes().enumerate() {
            bits |= u64::from(self.taken[place]) << bit;
        }
        words.extend([activation, self.now.0, digest, bits]);
        for output in &self.outputs {
            words.extend([u64::from(output.written) | u64::from(output.valid && output.written) << 1]);
            words.push(if output.written { output.stamp.0 } else { 0 });
            let values = &self.values[output.start..output.start + output.len];
            words.extend(values.iter().map(|v| if output.written { v.to_bits() } else { 0 }));
        }
        words.extend_from_slice(&self.state);
    }

    /// Fills it from its binary form. The reply was begun for the request that it answers.
    ///
    /// # Errors
    /// What does not answer the request.
    pub(crate) fn take_words(
        &mut self,
        slot: &SlotDescription,
        request: &Request<'_>,
        digest: u64,
        words: &[u64],
    ) -> Result<(), Failure> {
        if words.len() != slot.reply_words() {
            let (bytes, expected) = (words.len() * 8, slot.reply_words() * 8);
            return Err(Failure::new(format!("answered with {bytes} bytes, where a reply has {expected}")));
        }
        acknowledges(request, digest, (words[0], words[1], words[2]))?;
        let inboxes = slot.inboxes().count();
        if inboxes < 64 && words[3] >> inboxes != 0 {
            return Err(Failure::new(format!("took an inbox beyond the {inboxes} that the slot has")));
        }
        for (bit, place) in slot.inboxes().enumerate() {
            self.taken[place] = words[3] >> bit & 1 == 1;
        }
        let mut rest = &words[4..];
        for output in &mut self.outputs {
            let (flags, stamp) = (rest[0], rest[1]);
            (output.written, output.valid) = (flags & 1 == 1, flags & 2 == 2);
            output.stamp = Time(stamp);
            let values = &mut self.values[output.start..output.start + output.len];
            for (value, word) in values.iter_mut().zip(&rest[2..]) {
                *value = f64::from_bits(*word);
            }
            rest = &rest[2 + output.len..];
        }
        self.state.copy_from_slice(rest);
        Ok(())
    }
}

/// Whether a reply speaks of the step that was sent.
pub(crate) fn acknowledges(
    request: &Request<'_>,
    digest: u64,
    (activation, now, theirs): (u64, u64, u64),
) -> Result<(), Failure> {
    if activation != request.activation {
        let asked = request.activation;
        // What a program sends beyond its answer is seen before the next step or after it, as it happens to arrive.
        let more = if activation < asked { "sent more than was asked for: it " } else { "" };
        return Err(Failure::new(format!(
            "{more}answered activation {activation} where {asked} was asked: each step wants one reply"
        )));
    }
    if now != request.now.0 {
        let (now, asked) = (Time(now), request.now);
        return Err(Failure::new(format!("answered for the instant {now} where {asked} was asked")));
    }
    if theirs != digest {
        return Err(Failure::new(format!(
            "repeated the digest {theirs:016x} where {digest:016x} was sent: it does not answer this step"
        )));
    }
    Ok(())
}

/// `psm1.measured_js.position.yaw`
pub(crate) fn element_path(group: &str, element: &str) -> String {
    if element.is_empty() { group.to_owned() } else { format!("{group}.{element}") }
}
