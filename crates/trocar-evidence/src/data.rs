//! A laboratory's recording read as the signals of a scenario: CSV files and topics of MCAP recordings with clocks of their
//! own, or one recording in Trocar's own form.
//!
//! A recording is read twice from its files, never held in memory: [`Recording::survey`] goes through it once and finds
//! every mistake with its line and column; [`Recording::play`] then writes it into the table that measures read.
//!
//! - [`csv`] takes a file apart into rows and cells; [`topic`] makes such a file of a topic; [`number`] reads numbers and
//!   times.
//! - [`bind`] finds the columns of each signal, by the mapping or by their names.
//! - [`lane`] makes values of the cells of one signal; [`clock`] brings times onto the common clock.
//! - [`play`] merges the files in order of time; [`marks`] says when the phases were; [`own`] reads Trocar's own form.

mod bind;
mod clock;
mod csv;
mod lane;
mod marks;
mod number;
mod orientation;
mod own;
mod play;
mod topic;

pub use bind::{Mistakes, Recording, Source, open};
pub use clock::Shift;
pub use own::about;
pub use play::{Instant, Survey};

use std::fmt;
use std::fs::File;
use std::io::Read;

/// Whether a file is an MCAP recording.
#[must_use]
pub fn is_mcap(path: &std::path::Path) -> bool {
    let mut magic = [0; 5];
    let begins = File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok();
    begins && magic == [0x89, b'M', b'C', b'A', b'P']
}

/// The most mistakes of a recording that are said.
pub(crate) const MOST_MISTAKES: usize = 20;

/// What is wrong with a recording, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataError {
    /// The file.
    pub file: String,
    /// Its line, from 1.
    pub line: Option<u64>,
    /// The column of cells, from 1.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub help: Option<String>,
}

impl DataError {
    pub(crate) fn new(file: &str, what: impl Into<String>) -> DataError {
        DataError { file: file.to_owned(), what: what.into(), ..DataError::default() }
    }

    pub(crate) fn at(mut self, line: u64, column: Option<usize>) -> DataError {
        (self.line, self.column) = (Some(line), column.map(|column| column + 1));
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> DataError {
        self.help = Some(help.into()).filter(|help: &String| !help.is_empty());
        self
    }
}

impl fmt::Display for DataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.file.is_empty() {
            write!(f, "{}", self.file)?;
            match (self.line, self.column) {
                (Some(line), Some(column)) => write!(f, ": line {line}, column {column}")?,
                (Some(line), None) => write!(f, ": line {line}")?,
                _ => {}
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.what)?;
        match &self.help {
            Some(help) => write!(f, "\n  help: {help}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DataError {}
