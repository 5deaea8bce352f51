//! `snapshots.bin`: the whole state of a run every ten seconds, so that a viewer or a what-if can begin anywhere.
//!
//! # Form
//!
//! All numbers are little endian. After the mark `TROCSNP1` come the snapshots, each:
//!
//! | part | bytes |
//! |---|---|
//! | instant in nanoseconds | 8 |
//! | number of words | 8 |
//! | bytes stored | 8 |
//! | xxh3 of these three | 8 |
//! | the words, stored | as said |
//! | xxh3 of the stored bytes | 8 |
//!
//! Most words of a state are zero (places for outputs that are not under way). So words are stored as pairs of runs
//! until none is left: how many zeros (4), how many others (4), and those (8 each).
//!
//! A file that breaks off inside a snapshot is that of a run that was killed: what came before is whole.

use crate::read_bytes::{append, fill};
use std::io::{Read, Write};
use trocar_signal::Time;
use xxhash_rust::xxh3::xxh3_64;

const MARK: &[u8; 8] = b"TROCSNP1";
/// The largest state that is read, in words: half a gibibyte.
const MAX_WORDS: u64 = 1 << 26;

/// Why a snapshot cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The medium fails.
    #[error("the snapshots cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is no such file, or one of another form.
    #[error("this is not a file of snapshots, or one of another version of trocar")]
    NotSnapshots,
    /// Its bytes are not those that were written. The snapshots after it can be read if only its words are damaged.
    #[error("snapshot {number} is damaged: a checksum does not fit")]
    Damaged {
        /// Which, counted from 1.
        number: u64,
    },
}

/// Writes snapshots as they come.
pub struct SnapshotWriter<W: Write> {
    out: W,
    bytes: Vec<u8>,
}

impl<W: Write> SnapshotWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// As `out` fails.
    pub fn new(mut out: W) -> std::io::Result<SnapshotWriter<W>> {
        out.write_all(MARK)?;
        Ok(SnapshotWriter { out, bytes: Vec::new() })
    }

    /// Writes the words of a state.
    ///
    /// # Errors
    /// As the medium fails; a state of more than 2²⁶ words.
    pub fn snapshot(&mut self, now: Time, words: &[u64]) -> std::io::Result<()> {
        if words.len() as u64 > MAX_WORDS {
            return Err(std::io::Error::other("a state of more than 2^26 words cannot be kept"));
        }
        self.bytes.clear();
        pack(words, &mut self.bytes);
        let head = [now.0, words.len() as u64, self.bytes.len() as u64].map(u64::to_le_bytes).concat();
        self.out.write_all(&head)?;
        self.out.write_all(&xxh3_64(&head).to_le_bytes())?;
        self.out.write_all(&self.bytes)?;
        self.out.write_all(&xxh3_64(&self.bytes).to_le_bytes())
    }

    /// Ends the file and gives the medium back.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Reads snapshots one by one: an iterator of instants and words.
pub struct SnapshotReader<R: Read> {
    input: R,
    number: u64,
    over: bool,
    breaks_off: bool,
}

impl<R: Read> SnapshotReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`SnapshotError`]
    pub fn new(mut input: R) -> Result<SnapshotReader<R>, SnapshotError> {
        let mut mark = Vec::new();
        if !append(&mut input, &mut mark, MARK.len() as u64)? || mark != MARK {
            return Err(SnapshotError::NotSnapshots);
        }
        Ok(SnapshotReader { input, number: 0, over: false, breaks_off: false })
    }

    /// Whether the file ended inside a snapshot. Known once there are no more.
    #[must_use]
    pub fn breaks_off(&self) -> bool {
        self.breaks_off
    }

    fn read(&mut self) -> Result<Option<(Time, Vec<u64>)>, SnapshotError> {
        self.over = true;
        let mut head = Vec::new();
        append(&mut self.input, &mut head, 32)?;
        let fields: Vec<u64> =
            head.chunks_exact(8).map(|w| w.try_into().map_or(0, u64::from_le_bytes)).collect();
        let &[at, words, stored, check] = fields.as_slice() else {
            self.breaks_off = !head.is_empty();
            return Ok(None);
        };
        self.number += 1;
        let damaged = SnapshotError::Damaged { number: self.number };
        if xxh3_64(head.get(..24).unwrap_or(&[])) != check
            || words > MAX_WORDS
            || stored > 16 * (MAX_WORDS + 1)
        {
            return Err(damaged);
        }
        let mut bytes = Vec::new();
        let mut check = [0; 8];
        if !append(&mut self.input, &mut bytes, stored)? || !fill(&mut self.input, &mut check)? {
            self.breaks_off = true;
            return Ok(None);
        }
        self.over = false;
        if xxh3_64(&bytes) != u64::from_le_bytes(check) {
            return Err(damaged);
        }
        unpack(&bytes, words as usize).map(|words| Some((Time(at), words))).ok_or(damaged)
    }
}

impl<R: Read> Iterator for SnapshotReader<R> {
    type Item = Result<(Time, Vec<u64>), SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over { None } else { self.read().transpose() }
    }
}

fn pack(words: &[u64], out: &mut Vec<u8>) {
    let mut rest = words;
    while !rest.is_empty() {
        let zeros = rest.iter().take_while(|word| **word == 0).count();
        rest = rest.get(zeros..).unwrap_or(&[]);
        // A single zero costs no more inside a run of others than a new pair of runs does.
        let others = rest.windows(2).position(|pair| pair == [0, 0]).unwrap_or(rest.len());
        let (run, after) = rest.split_at(others);
        out.extend_from_slice(&(zeros as u32).to_le_bytes());
        out.extend_from_slice(&(others as u32).to_le_bytes());
        run.iter().for_each(|word| out.extend_from_slice(&word.to_le_bytes()));
        rest = after;
    }
}

fn unpack(mut bytes: &[u8], count: usize) -> Option<Vec<u64>> {
    let mut words = Vec::new();
    while !bytes.is_empty() {
        let (zeros, rest) = bytes.split_first_chunk::<4>()?;
        let (others, rest) = rest.split_first_chunk::<4>()?;
        let (zeros, others) = (u32::from_le_bytes(*zeros) as usize, u32::from_le_bytes(*others) as usize);
        if zeros.checked_add(others)? > count - words.len() {
            return None;
        }
        words.resize(words.len() + zeros, 0);
        let (run, rest) = rest.split_at_checked(others * 8)?;
        words.extend(run.chunks_exact(8).filter_map(|word| word.try_into().ok()).map(u64::from_le_bytes));
        bytes = rest;
    }
    (words.len() == count).then_some(words)
}
