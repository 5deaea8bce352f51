//! Exchanges as they are kept with a result: every reply in its binary form, in the order of the run. From them a run
//! replays without its controllers.
//!
//! A kept stream is words of 8 bytes, little-endian: [`MAGIC`], the words of one reply, then for each exchange a 0 and the
//! reply, or a 1, the activation, the instant, the length of a sentence in bytes and the sentence filled up with zeros.

use super::description::SlotDescription;
use super::exchange::{Failure, Reply, Request};
use super::frame::{from_wire, to_wire};
use super::live::Storage;
use super::{Fork, Outside};
use std::io::{self, Read, Write};
use std::rc::Rc;
use trocar_signal::Time;

/// "TRCCTL01"
const MAGIC: u64 = u64::from_le_bytes(*b"TRCCTL01");

const REPLY: u64 = 0;
const FAILURE: u64 = 1;

/// Longest sentence of a failure that is read, in bytes.
const LONGEST_SENTENCE: u64 = 1 << 16;

/// Writes exchanges.
pub struct KeptWriter {
    out: Box<dyn Write + Send>,
}

impl KeptWriter {
    /// Begins a stream for replies of a slot.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn new(mut out: Box<dyn Write + Send>, slot: &SlotDescription) -> io::Result<KeptWriter> {
        out.write_all(&to_wire(&[MAGIC, slot.reply_words() as u64]))?;
        Ok(KeptWriter { out })
    }

    pub(crate) fn reply(&mut self, words: &[u64]) -> io::Result<()> {
        self.out.write_all(&to_wire(&[REPLY]))?;
        self.out.write_all(&to_wire(words))
    }

    pub(crate) fn failure(&mut self, activation: u64, now: Time, what: &str) -> io::Result<()> {
        let len = what.len() as u64;
        self.out.write_all(&to_wire(&[FAILURE, activation, now.0, len]))?;
        self.out.write_all(what.as_bytes())?;
        let filling = what.len().next_multiple_of(8) - what.len();
        self.out.write_all(&[0; 8][..filling])?;
        self.out.flush()
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Reads exchanges back.
pub struct KeptReader {
    input: Box<dyn Read>,
    words: Vec<u64>,
    /// What was read ahead by [`KeptReader::peek`].
    ahead: Option<Result<(), Failure>>,
}

impl KeptReader {
    /// Reads the stream of a slot.
    ///
    /// # Errors
    /// Where it is none, or of another slot.
    pub fn new(input: Box<dyn Read>, slot: &SlotDescription) -> io::Result<KeptReader> {
        let mut reader = KeptReader { input, words: vec![0; slot.reply_words()], ahead: None };
        let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
        if reader.word()? != MAGIC {
            return Err(invalid("this is no record of a controller's exchanges"));
        }
        if reader.word()? != slot.reply_words() as u64 {
            return Err(invalid("these exchanges are of a slot with other outputs or state"));
        }
        Ok(reader)
    }

    fn word(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// The next reply in words, or the failure that was kept in its place.
    pub(crate) fn next(&mut self) -> io::Result<Result<&[u64], Failure>> {
        let read = match self.ahead.take() {
            Some(read) => read,
            None => self.read()?,
        };
        Ok(read.map(|()| self.words.as_slice()))
    }

    /// The same, which stays the next.
    pub(crate) fn peek(&mut self) -> io::Result<Result<&[u64], Failure>> {
        if self.ahead.is_none() {
            self.ahead = Some(self.read()?);
        }
        let read = self.ahead.clone().unwrap_or(Ok(()));
        Ok(read.map(|()| self.words.as_slice()))
    }

    fn read(&mut self) -> io::Result<Result<(), Failure>> {
        match self.word()? {
            REPLY => {
                self.input.read_exact(bytemuck::cast_slice_mut(&mut self.words))?;
                from_wire(&mut self.words);
                Ok(Ok(()))
            }
            FAILURE => {
                let (_, _, len) = (self.word()?, self.word()?, self.word()?);
                if len > LONGEST_SENTENCE {
                    return Err(io::ErrorKind::InvalidData.into());
                }
                let mut text = vec![0; (len as usize).next_multiple_of(8)];
                self.input.read_exact(&mut text)?;
                text.truncate(len as usize);
                Ok(Err(Failure::new(String::from_utf8_lossy(&text).into_owned())))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Answers a lane from what was kept of it.
pub struct Recorded {
    slots: Rc<Vec<SlotDescription>>,
    storage: Rc<dyn Storage>,
    lane: String,
    parties: Vec<RecordedParty>,
}

struct RecordedParty {
    kept: Option<KeptReader>,
    failed: Option<Failure>,
}

impl Recorded {
    /// The lane `lane` of a run with these slots; the run itself is called `run`.
    #[must_use]
    pub fn new(slots: Rc<Vec<SlotDescription>>, storage: Rc<dyn Storage>, lane: &str) -> Recorded {
        let parties = slots.iter().map(|_| RecordedParty { kept: None, failed: None }).collect();
        Recorded { slots, storage, lane: lane.to_owned(), parties }
    }

    /// What was kept of another lane, as far as this one got.
    pub(crate) fn for_lane(&self, lane: &str) -> Recorded {
        let mut other = Recorded::new(Rc::clone(&self.slots), Rc::clone(&self.storage), lane);
        for (twin, own) in other.parties.iter_mut().zip(&self.parties) {
            twin.failed.clone_from(&own.failed);
        }
        other
    }

    fn answer(&mut self, slot: usize, request: &Request<'_>, reply: &mut Reply) -> Result<(), Failure> {
        let description = &self.slots[slot];
        let party = &mut self.parties[slot];
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Failure::new(
                "has no further answers in the record: the record is cut off, or the run goes another way",
            ),
            _ => Failure::new(format!("left a record that cannot be read: {error}")),
        };
        if party.kept.is_none() {
            let input = self.storage.open(&description.slot, &self.lane).map_err(unreadable)?;
            party.kept = Some(KeptReader::new(input, description).map_err(unreadable)?);
        }
        let Some(kept) = &mut party.kept else { return Err(Failure::new("has no record")) };
        let words = kept.next().map_err(unreadable)??;
        // The digest that is kept is not held against anything: where requests differ from what they were, the run's own
        // digests say so, and say where.
        reply.take_words(description, request, words.get(2).copied().unwrap_or(0), words)?;
        reply.check(description, request)
    }
}

impl Outside for Recorded {
    fn exchange(&mut self, slot: usize, request: &Request<'_>, reply: &mut Reply) -> Result<(), Failure> {
        if let Some(failure) = &self.parties[slot].failed {
            return Err(failure.clone());
        }
        let answered = self.answer(slot, request, reply);
        if let Err(failure) = &answered {
            self.parties[slot].failed = Some(failure.clone());
        }
        answered
    }

    fn fork(&mut self, lane: &str) -> Result<Fork, Failure> {
        let outside = self.for_lane(lane);
        Ok(Fork { outside: Box::new(outside), must_catch_up: false })
    }
}
