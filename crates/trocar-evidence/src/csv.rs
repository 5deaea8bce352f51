//! Groups of a recording as a table of text (RFC 4180): one row for each instant at which one of them was recorded.
//!
//! The first column is `time_s`, exact to the nanosecond. Each other column is one number, its unit in its head:
//! `psm1.measured_js.position.yaw [rad]`. Numbers have 17 significant digits, so that they read back to the bit; a state
//! is its name. Between two writings a cell repeats the last value; it is empty before the first, and where the values
//! may not be used.

use crate::recording::{Item, RecordingError, scan};
use std::fmt::Write as _;
use std::io::{Read, Write};
use trocar_signal::time::NANOS_PER_SECOND;
use trocar_signal::{GroupKind, GroupSpec, Layout, Time};

/// Why a table cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// The recording.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The table's medium fails.
    #[error("the table cannot be written: {0}")]
    Io(#[from] std::io::Error),
    /// Nothing in the recording has a name of this pattern.
    #[error("nothing recorded is called `{pattern}`{}", .nearest.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    NothingMatches {
        /// The pattern.
        pattern: String,
        /// The nearest name that is recorded.
        nearest: Option<String>,
    },
    /// Two groups of one path, or a group that begins after the first values.
    #[error("the recording declares `{group}` twice, or after its first values")]
    Groups {
        /// The group.
        group: String,
    },
}

/// Writes the numbers of a recording whose paths match one of `patterns` (see [`trocar_signal::group::matches`]; none:
/// all of them) as a table, and gives the number of rows.
///
/// # Errors
/// [`CsvError`]. Of a recording that breaks off, the rows before are written.
pub fn write_csv(recording: impl Read, patterns: &[String], out: impl Write) -> Result<u64, CsvError> {
    let mut table =
        Rows { out, columns: Vec::new(), held: Vec::new(), open: None, line: String::new(), rows: 0 };
    let mut layout = Layout::default();
    let mut begun = false;
    let scanned = scan(recording, |item| {
        match item {
            Item::Group(spec) => {
                let again = layout.add(spec.clone()).is_err();
                if begun || again {
                    return Err(CsvError::Groups { group: spec.path.clone() });
                }
            }
            Item::Values { group, at, stamp, values } => {
                if !begun {
                    table.begin(&layout, patterns)?;
                    begun = true;
                }
                table.take(group, at, stamp.map(|_| values))?;
            }
            Item::About(_) | Item::Event { .. } => {}
        }
        Ok(())
    });
    if !begun && !matches!(&scanned, Err(CsvError::Groups { .. })) {
        table.begin(&layout, patterns)?;
    }
    table.close()?;
    table.out.flush()?;
    scanned.map(|()| table.rows)
}

struct Column {
    group: usize,
    index: usize,
    states: Vec<String>,
}

struct Rows<W> {
    out: W,
    columns: Vec<Column>,
    /// The last values of every group that has a column, by group.
    held: Vec<Option<Held>>,
    /// The instant of the row that is being filled.
    open: Option<Time>,
    line: String,
    rows: u64,
}

struct Held {
    values: Vec<f64>,
    usable: bool,
}

impl<W: Write> Rows<W> {
    fn begin(&mut self, layout: &Layout, patterns: &[String]) -> Result<(), CsvError> {
        let mut elements = Vec::new();
        let all = [String::from("*")];
        for pattern in if patterns.is_empty() { &all } else { patterns } {
            let found = layout.matching(pattern);
            if found.is_empty() && layout.group_count() > 0 {
                let nearest = layout.nearest_path(pattern);
                return Err(CsvError::NothingMatches { pattern: pattern.clone(), nearest });
            }
            elements.extend(found);
        }
        elements.sort_unstable();
        elements.dedup();
        self.held = (0..layout.group_count()).map(|_| None).collect();
        self.line.push_str("time_s");
        for element in elements {
            let spec = layout.spec(element.group);
            let states = states(spec);
            let path = layout.element_path(element);
            let head = match states.is_empty() {
                true => format!("{path} [{}]", layout.element_spec(element).dimension.si_unit()),
                false => path,
            };
            self.line.push(',');
            push_text(&mut self.line, &head);
            let group = element.group.0 as usize;
            if let Some(held) = self.held.get_mut(group) {
                *held = Some(Held { values: Vec::new(), usable: false });
            }
            self.columns.push(Column { group, index: element.index as usize, states });
        }
        self.end_line()
    }

    fn take(&mut self, group: usize, at: Time, values: Option<&[f64]>) -> Result<(), CsvError> {
        if !matches!(self.held.get(group), Some(Some(_))) {
            return Ok(());
        }
        if self.open.is_some_and(|open| open != at) {
            self.close()?;
        }
        self.open = Some(at);
        if let Some(Some(held)) = self.held.get_mut(group) {
            held.usable = values.is_some();
            if let Some(values) = values {
                held.values.clear();
                held.values.extend_from_slice(values);
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), CsvError> {
        let Some(at) = self.open.take() else { return Ok(()) };
        let (seconds, nanos) = (at.0 / NANOS_PER_SECOND, at.0 % NANOS_PER_SECOND);
        // Writing to a text cannot fail.
        let _ = write!(self.line, "{seconds}.{nanos:09}");
        for column in &self.columns {
            self.line.push(',');
            let held = self.held.get(column.group).and_then(Option::as_ref).filter(|held| held.usable);
            let Some(value) = held.and_then(|held| held.values.get(column.index)) else { continue };
            match column.states.get(*value as usize) {
                Some(state) => push_text(&mut self.line, state),
                None => {
                    let _ = write!(self.line, "{value:.16e}");
                }
            }
        }
        self.rows += 1;
        self.end_line()
    }

    fn end_line(&mut self) -> Result<(), CsvError> {
        self.line.push_str("\r\n");
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

fn states(spec: &GroupSpec) -> Vec<String> {
    match &spec.kind {
        GroupKind::State(states) => states.clone(),
        _ => Vec::new(),
    }
}

/// A cell of text, in quotes where RFC 4180 wants them.
fn push_text(line: &mut String, text: &str) {
    if text.contains(['"', ',', '\r', '\n']) {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(text);
    }
}
