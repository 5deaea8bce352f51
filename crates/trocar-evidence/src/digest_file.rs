//! `digests.bin`: what a run was, one row per control period, small enough to keep always.
//!
//! # Form
//!
//! All numbers are little endian.
//!
//! | part | bytes |
//! |---|---|
//! | mark | `TROCDIG1` |
//! | length of the header | 4 |
//! | header, in `postcard`: step rate and control rate as numerator and denominator, names of the blocks in the order of the schedule | as said |
//! | checksum | 8 |
//! | rows | one after the other |
//! | end | `ff`, number of rows (8), chain (8), checksum (8) |
//!
//! A row of one control period is either **short** or **full**. It begins with one byte: in a short row, how many steps
//! it lies after the row before (1 to 254); in a full row, 0.
//!
//! - short: the 16 low bits of the chain; then the 4 low bits of each block's digest, two blocks to a byte, the first in
//!   the low half.
//! - full: the instant in nanoseconds (8), the chain (8), the digest of each block (8 each), checksum (8).
//!
//! The first row is full, and so is the first of each simulated second, and any that the byte cannot place. A checksum
//! is the xxh3 of all bytes since the last one: damage is told from a difference. A file without an end is that of a
//! run that was killed; its rows after the last checksum are taken as they are.
//!
//! # What it can tell
//!
//! The chain depends on all that came before, so the first row whose bits differ is the first period that differs: it is
//! missed with probability 2⁻¹⁶ and then seen one period later. A block that differs there shows in its 4 bits with
//! probability 15/16. The next full row names every block that differs by then.

use crate::read_bytes::{append, fill};
use std::io::{Read, Write};
use trocar_signal::time::NANOS_PER_SECOND;
use trocar_signal::{Rate, Time};
use xxhash_rust::xxh3::xxh3_64;

const MARK: &[u8; 8] = b"TROCDIG1";
const FULL: u8 = 0;
const END: u8 = 255;
/// More blocks than this no model has: a header that says so is damaged.
const MAX_HEADER_BYTES: u32 = 16 * 1024 * 1024;

/// Later than this (146 years) no run goes on: an instant that says so is damaged.
const MAX_INSTANT: u64 = 1 << 62;

/// What a file of digests says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct DigestHeader {
    /// The rate of the island's step: rows stand at its instants.
    pub step_rate: Rate,
    /// The rate of the rows.
    pub control_rate: Rate,
    /// Names of the blocks, in the order of the schedule.
    pub blocks: Vec<String>,
}

/// The header as it is written.
type WireHeader = ((u64, u64), (u64, u64), Vec<String>);

/// Why digests cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DigestFileError {
    /// The medium fails.
    #[error("the digests cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is no such file, or one of another form.
    #[error("this is not a file of digests, or one of another version of trocar")]
    NotDigests,
    /// Its bytes are not those that were written.
    #[error("the digests are damaged after {after}: a checksum does not fit")]
    Damaged {
        /// The last instant before the damage.
        after: Time,
    },
}

/// Writes digests as they come.
pub struct DigestWriter<W: Write> {
    out: W,
    step_rate: Rate,
    /// Bytes since the last checksum.
    bytes: Vec<u8>,
    flushed: usize,
    last: Option<(Time, u64)>,
    rows: u64,
    chain: u64,
}

impl<W: Write> DigestWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// As `out` fails.
    pub fn new(mut out: W, header: &DigestHeader) -> std::io::Result<DigestWriter<W>> {
        let wire: WireHeader = (header.step_rate.ratio(), header.control_rate.ratio(), header.blocks.clone());
        let body = postcard::to_stdvec(&wire).map_err(std::io::Error::other)?;
        let len = u32::try_from(body.len()).map_err(std::io::Error::other)?;
        let mut bytes = MARK.to_vec();
        bytes.extend_from_slice(&len.to_le_bytes());
        bytes.extend_from_slice(&body);
        bytes.extend_from_slice(&xxh3_64(&bytes).to_le_bytes());
        out.write_all(&bytes)?;
        bytes.clear();
        let step_rate = header.step_rate;
        Ok(DigestWriter { out, step_rate, bytes, flushed: 0, last: None, rows: 0, chain: 0 })
    }

    /// The digest of one control period: `blocks` as many as the header names.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn row(&mut self, now: Time, chain: u64, blocks: &[u64]) -> std::io::Result<()> {
        let step = self.step_rate.first_not_before(now);
        let on_step = self.step_rate.instant(step) == now;
        let short = self.last.and_then(|(last, last_step)| {
            let same_second = last.0 / NANOS_PER_SECOND == now.0 / NANOS_PER_SECOND;
            let ahead = step.checked_sub(last_step).filter(|ahead| (1..=254).contains(ahead));
            ahead.filter(|_| same_second && on_step).map(|ahead| ahead as u8)
        });
        match short {
            Some(ahead) => {
                self.bytes.push(ahead);
                self.bytes.extend_from_slice(&(chain as u16).to_le_bytes());
                for pair in blocks.chunks(2) {
                    let nibble = |at: usize| pair.get(at).map_or(0, |block| (block & 15) as u8);
                    self.bytes.push(nibble(0) | nibble(1) << 4);
                }
                self.out.write_all(self.bytes.get(self.flushed..).unwrap_or(&[]))?;
                self.flushed = self.bytes.len();
            }
            None => {
                self.bytes.push(FULL);
                self.bytes.extend_from_slice(&now.0.to_le_bytes());
                self.bytes.extend_from_slice(&chain.to_le_bytes());
                blocks.iter().for_each(|block| self.bytes.extend_from_slice(&block.to_le_bytes()));
                self.seal()?;
            }
        }
        // A row off the steps is followed by a full one: its place in steps says nothing.
        self.last = Some((now, if on_step { step } else { u64::MAX }));
        self.rows += 1;
        self.chain = chain;
        Ok(())
    }

    fn seal(&mut self) -> std::io::Result<()> {
        let check = xxh3_64(&self.bytes);
        self.bytes.extend_from_slice(&check.to_le_bytes());
        self.out.write_all(self.bytes.get(self.flushed..).unwrap_or(&[]))?;
        self.bytes.clear();
        self.flushed = 0;
        Ok(())
    }

    /// Ends the file and gives the medium back.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.bytes.push(END);
        self.bytes.extend_from_slice(&self.rows.to_le_bytes());
        self.bytes.extend_from_slice(&self.chain.to_le_bytes());
        self.seal()?;
        self.out.flush()?;
        Ok(self.out)
    }
}

/// One row as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DigestRow {
    /// When.
    pub at: Time,
    /// The chain: all of it in a full row, its 16 low bits in a short one.
    pub chain: u64,
    /// The digest of each block: all of it in a full row, its 4 low bits in a short one.
    pub blocks: Vec<u64>,
    /// Whether the row is full.
    pub full: bool,
}

impl DigestRow {
    fn agrees(&self, chain: u64) -> bool {
        let mask = if self.full { u64::MAX } else { 0xffff };
        self.chain & mask == chain & mask
    }

    fn differing<'a>(&'a self, blocks: &'a [u64]) -> impl Iterator<Item = usize> + 'a {
        let mask = if self.full { u64::MAX } else { 0xf };
        let pairs = self.blocks.iter().zip(blocks).enumerate();
        pairs.filter(move |(_, (a, b))| (*a ^ *b) & mask != 0).map(|(at, _)| at)
    }
}

/// Reads digests row by row.
pub struct DigestReader<R: Read> {
    input: R,
    header: DigestHeader,
    /// Bytes since the last checksum.
    bytes: Vec<u8>,
    last: Time,
    last_step: u64,
    rows: u64,
    complete: bool,
    over: bool,
}

impl<R: Read> DigestReader<R> {
    /// Begins to read.
    ///
    /// # Errors
    /// [`DigestFileError`]
    pub fn new(mut input: R) -> Result<DigestReader<R>, DigestFileError> {
        let mut bytes = vec![0; MARK.len() + 4];
        if !fill(&mut input, &mut bytes)? || !bytes.starts_with(MARK) {
            return Err(DigestFileError::NotDigests);
        }
        let len = bytes.get(MARK.len()..).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
        if len > MAX_HEADER_BYTES {
            return Err(DigestFileError::Damaged { after: Time::ZERO });
        }
        let start = bytes.len();
        let damaged = || DigestFileError::Damaged { after: Time::ZERO };
        if !append(&mut input, &mut bytes, u64::from(len))? || !checked(&mut input, &bytes)? {
            return Err(damaged());
        }
        let body = bytes.get(start..).unwrap_or(&[]);
        let ((a, b), (c, d), blocks): WireHeader = postcard::from_bytes(body).map_err(|_| damaged())?;
        // Within these bounds the instant of every step is exact in 128 bits.
        let rate = |n, d| Rate::new(n, d).filter(|rate| (1e-6..=1e9).contains(&rate.hz()));
        let step_rate = rate(a, b).ok_or_else(damaged)?;
        let control_rate = rate(c, d).ok_or_else(damaged)?;
        let header = DigestHeader { step_rate, control_rate, blocks };
        bytes.clear();
        Ok(DigestReader {
            input,
            header,
            bytes,
            last: Time::ZERO,
            last_step: 0,
            rows: 0,
            complete: false,
            over: false,
        })
    }

    /// What the file says of itself.
    #[must_use]
    pub fn header(&self) -> &DigestHeader {
        &self.header
    }

    /// Whether the end was read: the run came to its end. Known once there are no more rows.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.complete
    }

    /// The next row; `None` after the last.
    ///
    /// # Errors
    /// [`DigestFileError`]
    pub fn next_row(&mut self) -> Result<Option<DigestRow>, DigestFileError> {
        if self.over {
            return Ok(None);
        }
        let row = self.read_row();
        self.over = !matches!(row, Ok(Some(_)));
        row
    }

    fn read_row(&mut self) -> Result<Option<DigestRow>, DigestFileError> {
        let start = self.bytes.len();
        if !append(&mut self.input, &mut self.bytes, 1)? {
            return Ok(None);
        }
        let first = self.bytes.get(start).copied().unwrap_or(END);
        let blocks = self.header.blocks.len();
        let damaged = DigestFileError::Damaged { after: self.last };
        let len = match first {
            FULL => 16 + 8 * blocks,
            END => 16,
            _ => 2 + blocks.div_ceil(2),
        };
        if !append(&mut self.input, &mut self.bytes, len as u64)? {
            return Ok(None);
        }
        if matches!(first, FULL | END) {
            let mut check = [0; 8];
            if !fill(&mut self.input, &mut check)? {
                return Ok(None);
            }
            if xxh3_64(&self.bytes) != u64::from_le_bytes(check) {
                return Err(damaged);
            }
        }
        let body = self.bytes.get(start + 1..).unwrap_or(&[]);
        let words: Vec<u64> =
            body.chunks_exact(8).map(|w| w.try_into().map_or(0, u64::from_le_bytes)).collect();
        let row = match (first, words.as_slice()) {
            (END, [rows, _]) => {
                let mut more = [0];
                if *rows != self.rows || fill(&mut self.input, &mut more)? {
                    return Err(damaged);
                }
                self.complete = true;
                return Ok(None);
            }
            (FULL, [at, chain, blocks @ ..]) if *at <= MAX_INSTANT => {
                let row = DigestRow { at: Time(*at), chain: *chain, blocks: blocks.to_vec(), full: true };
                self.last_step = self.header.step_rate.first_not_before(row.at);
                self.bytes.clear();
                row
            }
            (FULL, _) => return Err(damaged),
            _ => {
                if self.rows == 0 {
                    return Err(damaged);
                }
                self.last_step = self.last_step.saturating_add(u64::from(first));
                let (chain, nibbles) = body.split_at_checked(2).unwrap_or((&[], body));
                let halves = nibbles.iter().flat_map(|b| [u64::from(b & 15), u64::from(b >> 4)]);
                DigestRow {
                    at: self.header.step_rate.instant(self.last_step),
                    chain: chain.try_into().map_or(0, |c| u64::from(u16::from_le_bytes(c))),
                    blocks: halves.take(blocks).collect(),
                    full: false,
                }
            }
        };
        self.last = row.at;
        self.rows += 1;
        Ok(Some(row))
    }
}

/// How two runs differ first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The instant of the first row that differs.
    pub at: Time,
    /// Names of the blocks that differ there, in the order of the schedule. From a short row each is seen with
    /// probability 15/16; where none is seen, those of the first row after it that shows any.
    pub blocks: Vec<String>,
    /// Whether the row is full: then `blocks` are all that differ, for certain.
    pub exact: bool,
    /// Names of the blocks that differ at the next full row, the difference having spread until then; empty where the
    /// run ended before.
    pub later: Vec<String>,
    /// What differs.
    pub kind: DifferenceKind,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The state, or what the signals say.
    Content,
    /// The recorded row stands at another instant.
    Instant {
        /// That instant.
        recorded: Time,
    },
    /// The recording has no more rows, and the replay has.
    RecordingEnded,
    /// The replay has no more rows, and the recording has.
    ReplayEnded,
}

/// Why digests cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The recorded digests.
    #[error(transparent)]
    File(#[from] DigestFileError),
    /// The runs are of different models.
    #[error("the models differ: {what}")]
    OtherModel {
        /// The first thing that differs.
        what: String,
    },
    /// The replay did not come to its end.
    #[error("the replay did not come to its end")]
    NotRun,
}

/// Compares a run, as it goes, with recorded digests.
pub struct Comparison<R: Read> {
    recorded: DigestReader<R>,
    last: Time,
    found: Option<Difference>,
    /// Whether a full row after the difference was compared: nothing more can be learnt.
    settled: bool,
}

impl<R: Read> Comparison<R> {
    /// Begins. `replayed` is the header that the replay would write.
    ///
    /// # Errors
    /// [`CompareError::OtherModel`] where rates or blocks are others: the rows then have no meaning for each other.
    pub fn new(recorded: DigestReader<R>, replayed: &DigestHeader) -> Result<Comparison<R>, CompareError> {
        let header = recorded.header();
        let other = |what: String| Err(CompareError::OtherModel { what });
        if (header.step_rate, header.control_rate) != (replayed.step_rate, replayed.control_rate) {
            return other(format!(
                "step and control rate were {} and {}, and are {} and {}",
                header.step_rate, header.control_rate, replayed.step_rate, replayed.control_rate
            ));
        }
        if let Some(gone) = header.blocks.iter().find(|name| !replayed.blocks.contains(name)) {
            return other(format!("{gone} was part of the recorded run"));
        }
        if let Some(new) = replayed.blocks.iter().find(|name| !header.blocks.contains(name)) {
            return other(format!("{new} was no part of the recorded run"));
        }
        if header.blocks != replayed.blocks {
            return other("the schedule runs its components in another order".to_owned());
        }
        Ok(Comparison { recorded, last: Time::ZERO, found: None, settled: false })
    }

    /// The digest of one control period of the replay.
    ///
    /// # Errors
    /// [`DigestFileError`] where the recorded digests cannot be read.
    pub fn row(&mut self, now: Time, chain: u64, blocks: &[u64]) -> Result<(), DigestFileError> {
        if self.settled {
            return Ok(());
        }
        self.last = now;
        let Some(row) = self.recorded.next_row()? else {
            self.found.get_or_insert_with(|| ended(now, DifferenceKind::RecordingEnded));
            self.settled = true;
            return Ok(());
        };
        let names: Vec<String> =
            row.differing(blocks).filter_map(|at| self.recorded.header.blocks.get(at).cloned()).collect();
        match &mut self.found {
            None if row.at != now => {
                let kind = DifferenceKind::Instant { recorded: row.at };
                self.found = Some(Difference {
                    at: now.min(row.at),
                    blocks: names,
                    exact: false,
                    later: Vec::new(),
                    kind,
                });
                self.settled = true;
            }
            None if row.agrees(chain) && names.is_empty() => {}
            None => {
                let kind = DifferenceKind::Content;
                self.settled = row.full && !names.is_empty();
                self.found =
                    Some(Difference { at: now, blocks: names, exact: row.full, later: Vec::new(), kind });
            }
            Some(found) => {
                if found.blocks.is_empty() {
                    found.blocks.clone_from(&names);
                }
                if row.full {
                    found.later = names;
                    self.settled = true;
                }
            }
        }
        Ok(())
    }

    /// Whether the replay may stop: a difference was found and nothing more can be learnt of it.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// The first difference; `None`: the runs are identical. The replay is over.
    ///
    /// # Errors
    /// [`DigestFileError`] where the recorded digests cannot be read.
    pub fn finish(mut self) -> Result<Option<Difference>, DigestFileError> {
        if self.found.is_none() && self.recorded.next_row()?.is_some() {
            self.found = Some(ended(self.last, DifferenceKind::ReplayEnded));
        } else if self.found.is_none() && !self.recorded.is_complete() {
            // Without its end mark a recording was cut short, if only by what it says of itself.
            self.found = Some(ended(self.last, DifferenceKind::RecordingEnded));
        }
        Ok(self.found)
    }
}

/// The first difference between recorded digests and those of a replay: instant, chain, and blocks of each control
/// period.
///
/// # Errors
/// [`CompareError`]
pub fn first_difference<R: Read>(
    recorded: DigestReader<R>,
    replayed: &DigestHeader,
    rows: impl IntoIterator<Item = (Time, u64, Vec<u64>)>,
) -> Result<Option<Difference>, CompareError> {
    let mut comparison = Comparison::new(recorded, replayed)?;
    for (now, chain, blocks) in rows {
        comparison.row(now, chain, &blocks)?;
        if comparison.is_settled() {
            break;
        }
    }
    Ok(comparison.finish()?)
}

fn ended(at: Time, kind: DifferenceKind) -> Difference {
    Difference { at, blocks: Vec::new(), exact: true, later: Vec::new(), kind }
}

/// Numerator and denominator of a rate.
fn checked(input: &mut impl Read, bytes: &[u8]) -> std::io::Result<bool> {
    let mut check = [0; 8];
    Ok(fill(input, &mut check)? && xxh3_64(bytes) == u64::from_le_bytes(check))
}
