//! Recorded motions: tables in CSV that a command follows.
//!
//! The first line names the columns, each with its unit in brackets: `time [s],yaw [deg],insertion [mm]`. A name may be
//! a path as `trocar replay --csv` writes it (`time_s`, `psm1.measured_js.position.yaw [rad]`): its last part counts. The
//! lines after it hold one number for each column; times rise. Empty lines and lines that begin with `#` are passed over.

use crate::source::SourceFile;
use crate::text::quoted;
use std::ops::Range;
use trocar_signal::diagnostic::nearest;
use trocar_signal::{Diagnostic, Dimension, unit};

/// The most rows that a table may have: three minutes at 1.5 kHz, or some hours at 20 Hz.
pub const MAX_ROWS: usize = 300_000;
/// The most columns beside time.
pub const MAX_COLUMNS: usize = 16;
/// How many mistakes of one table are reported.
const MAX_MISTAKES: usize = 20;

/// A table of numbers against time.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionTable {
    /// Times since the first row, s; they rise.
    pub times_s: Vec<f64>,
    /// The other columns.
    pub columns: Vec<MotionColumn>,
    /// The file as shown to people.
    pub shown: String,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionColumn {
    /// What it is the position of: `yaw`, `x`, `qw`.
    pub name: String,
    /// What it measures.
    pub dimension: Dimension,
    /// Its values, in SI units and radians, one for each time.
    pub values: Vec<f64>,
    /// Where its name stands in the file.
    pub head: Range<usize>,
}

struct Reader<'a> {
    source: &'a SourceFile,
    found: Vec<Diagnostic>,
    more: usize,
}

/// Reads a table.
///
/// # Errors
/// Every mistake, up to twenty, with its row and column.
pub fn parse(source: &SourceFile) -> Result<MotionTable, Vec<Diagnostic>> {
    let mut reader = Reader { source, found: Vec::new(), more: 0 };
    let table = reader.table();
    if reader.more > 0 {
        reader
            .found
            .push(Diagnostic::error("more", format!("and {} more mistakes in this table", reader.more)));
    }
    match table {
        Some(table) if reader.found.is_empty() => Ok(table),
        _ => Err(reader.found),
    }
}

/// The lines of a text with where each begins; without their ends.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    text.split('\n').map(move |line| {
        let start = at;
        at += line.len() + 1;
        (start, line.strip_suffix('\r').unwrap_or(line))
    })
}

/// The cells of a line, trimmed, with their bytes in the file.
fn cells(start: usize, line: &str) -> impl Iterator<Item = (Range<usize>, &str)> {
    let mut at = start;
    line.split(',').map(move |cell| {
        let begin = at + (cell.len() - cell.trim_start().len());
        at += cell.len() + 1;
        let cell = cell.trim();
        (begin..begin + cell.len(), cell)
    })
}

impl Reader<'_> {
    fn add(&mut self, code: &str, title: String, range: Range<usize>, note: &str) {
        if self.found.len() >= MAX_MISTAKES {
            self.more += 1;
            return;
        }
        let mistake = Diagnostic::error(code, title).at(&self.source.shown, range, "");
        self.found.push(if note.is_empty() { mistake } else { mistake.note(note.to_owned()) });
    }

    fn table(&mut self) -> Option<MotionTable> {
        let source = self.source;
        let rows = |line: &(usize, &str)| !line.1.trim().is_empty() && !line.1.trim_start().starts_with('#');
        let mut lines = lines(source.text.trim_start_matches('\u{feff}')).filter(rows);
        // The mark that some programs put before the text is not of it.
        let shift = source.text.len() - source.text.trim_start_matches('\u{feff}').len();
        let (start, head) = lines.next()?;
        let (time_scale, mut columns) = self.head(shift + start, head)?;
        let scales: Vec<f64> = columns.iter().map(|(_, scale)| *scale).collect();
        let mut times_s: Vec<f64> = Vec::new();
        let mut first_s = 0.0;
        for (row, (start, line)) in lines.enumerate() {
            let number = row + 1;
            if row >= MAX_ROWS {
                let what = format!("this table has more than {MAX_ROWS} rows");
                self.add(
                    "too-large",
                    what,
                    shift + start..shift + start + line.len(),
                    "thin it out, or split it",
                );
                return None;
            }
            let count = line.split(',').count();
            if count != columns.len() + 1 {
                let what = format!(
                    "row {number} has {count} cells, and the first line names {} columns",
                    columns.len() + 1
                );
                let note = if line.contains(';') {
                    "columns are separated by commas, and numbers have a decimal point"
                } else {
                    ""
                };
                self.add("bad-table", what, shift + start..shift + start + line.len(), note);
                continue;
            }
            for (place, (range, cell)) in cells(shift + start, line).enumerate() {
                let value = self.number(number, place, range.clone(), cell);
                let Some(value) = value else { continue };
                let Some(column) = place.checked_sub(1) else {
                    let time_s = value * time_scale;
                    if times_s.is_empty() {
                        first_s = time_s;
                    }
                    let since = time_s - first_s;
                    if times_s.last().is_some_and(|last| since <= *last) {
                        let what = format!("row {number}: the time does not rise");
                        self.add("bad-table", what, range, "each row is later than the one before");
                    }
                    times_s.push(since);
                    continue;
                };
                if let (Some((column, _)), Some(scale)) = (columns.get_mut(column), scales.get(column)) {
                    column.values.push(value * scale);
                }
            }
        }
        if times_s.len() < 2 && self.found.is_empty() {
            let what = "this table has fewer than two rows of numbers".to_owned();
            self.add("bad-table", what, shift + start..shift + start + head.len(), "");
        }
        let columns = columns.into_iter().map(|(column, _)| column).collect();
        Some(MotionTable { times_s, columns, shown: source.shown.clone() })
    }

    fn number(&mut self, row: usize, place: usize, range: Range<usize>, cell: &str) -> Option<f64> {
        match cell.parse::<f64>() {
            Ok(value) if value.is_finite() => Some(value),
            _ => {
                let what = match cell {
                    "" => format!("row {row}, column {}: a number is missing", place + 1),
                    cell => {
                        format!("row {row}, column {}: `{}` is not a finite number", place + 1, quoted(cell))
                    }
                };
                self.add("bad-table", what, range, "");
                None
            }
        }
    }

    /// The scale of time, and the columns with theirs.
    fn head(&mut self, start: usize, line: &str) -> Option<(f64, Vec<(MotionColumn, f64)>)> {
        let mut time = None;
        let mut columns: Vec<(MotionColumn, f64)> = Vec::new();
        for (place, (range, cell)) in cells(start, line).enumerate() {
            let named = self.column(range.clone(), cell)?;
            let (name, dimension, scale) = named;
            match place {
                0 if name != "time" || dimension != Dimension::TIME => {
                    let what = format!("the first column is `{}`, and must be the time", quoted(cell));
                    self.add("bad-table", what, range, "e.g. `time [s],yaw [deg],insertion [mm]`");
                    return None;
                }
                0 => time = Some(scale),
                _ if columns.iter().any(|(column, _)| column.name == name) => {
                    self.add(
                        "bad-table",
                        format!("a second column is called `{}`", quoted(&name)),
                        range,
                        "",
                    );
                }
                _ => columns.push((MotionColumn { name, dimension, values: Vec::new(), head: range }, scale)),
            }
        }
        if columns.is_empty() || columns.len() > MAX_COLUMNS {
            let what = format!("between 1 and {MAX_COLUMNS} columns must stand beside the time");
            self.add(
                "bad-table",
                what,
                start..start + line.len(),
                "e.g. `time [s],yaw [deg],insertion [mm]`",
            );
            return None;
        }
        Some((time?, columns))
    }

    /// Name, dimension and SI value of the unit of a column.
    fn column(&mut self, range: Range<usize>, cell: &str) -> Option<(String, Dimension, f64)> {
        let cell = if cell == "time_s" { "time [s]" } else { cell };
        let (path, symbol) = match cell.split_once('[') {
            Some((path, rest)) => (path.trim(), rest.trim_end().strip_suffix(']').map(str::trim)),
            None => (cell, Some("")),
        };
        let name = path.rsplit('.').next().unwrap_or(path);
        let is_orientation = matches!(name, "qx" | "qy" | "qz" | "qw") || path.contains("orientation.");
        let name = match name {
            "x" | "y" | "z" | "w" if path.contains("orientation.") => format!("q{name}"),
            name => name.to_owned(),
        };
        if name.is_empty() || path.parse::<f64>().is_ok() {
            let what = "the first line names the columns with their units".to_owned();
            self.add("bad-table", what, range, "e.g. `time [s],yaw [deg],insertion [mm]`");
            return None;
        }
        match symbol {
            Some("" | "1") if is_orientation => Some((name, Dimension::NUMBER, 1.0)),
            Some("") => {
                let what = format!("the column `{}` has no unit", quoted(&name));
                self.add("no-unit", what, range, "write it in brackets: `yaw [deg]`");
                None
            }
            Some(symbol) => match trocar_signal::AnyQuantity::parse(&format!("1 {symbol}")) {
                Ok(one) => Some((name, one.dimension, one.si)),
                Err(_) => {
                    let near = nearest(symbol, unit::symbols().map(|(known, _)| known));
                    let note = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
                    self.add("unknown-unit", format!("`{}` is not a unit", quoted(symbol)), range, &note);
                    None
                }
            },
            None => {
                self.add("bad-table", "a `[` without its `]`".to_owned(), range, "");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(text: &str) -> SourceFile {
        SourceFile { address: "a.csv".to_owned(), shown: "a.csv".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn units_names_and_times_are_read() {
        let text = "# from the laboratory\r\ntime [ms], yaw [deg] ,insertion [mm]\r\n100,180,2\r\n\r\n150,-90,2.5\r\n";
        let table = parse(&source(text)).unwrap();
        assert_eq!(table.times_s, [0.0, 0.15 - 0.1]);
        let [yaw, insertion] = &table.columns[..] else { panic!("{table:?}") };
        assert_eq!((yaw.name.as_str(), yaw.dimension), ("yaw", Dimension::ANGLE));
        assert!((yaw.values[0] - std::f64::consts::PI).abs() < 1e-15);
        assert_eq!((insertion.name.as_str(), insertion.values[1]), ("insertion", 2.5 * 1e-3));
        assert_eq!(&text[yaw.head.clone()], "yaw [deg]");
    }

    #[test]
    fn what_the_command_exports_can_be_read_back() {
        let text = "time_s,psm1.measured_js.position.yaw [rad],psm1.measured_cp.orientation.w [1]\n0.5,1,0.25\n1.0,2,0.5\n";
        let table = parse(&source(text)).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["yaw", "qw"]);
        assert_eq!((table.times_s[1], table.columns[1].values[1]), (0.5, 0.5));
    }

    #[test]
    fn mistakes_have_row_and_column() {
        for (text, word) in [
            ("0,1\n1,2\n", "names the columns"),
            ("yaw [deg],time [s]\n0,1\n1,2\n", "must be the time"),
            ("time [s],yaw\n0,1\n1,2\n", "no unit"),
            ("time [s],yaw [dge]\n0,1\n1,2\n", "not a unit"),
            ("time [s],yaw [deg\n0,1\n1,2\n", "without its"),
            ("time [s],yaw [deg],yaw [deg]\n0,1,1\n1,2,2\n", "second column"),
            ("time [s],yaw [deg]\n0,1\n", "fewer than two"),
            ("time [s]\n0\n1\n", "beside the time"),
            ("time [s],yaw [deg]\n0,1\n1\n", "row 2 has 1 cells"),
            ("time [s],yaw [deg]\n0;1\n1;2\n", "row 1 has 1 cells"),
            ("time [s],yaw [deg]\n0,1\n1,two\n", "row 2, column 2: `two`"),
            ("time [s],yaw [deg]\n0,1\n1,\n", "row 2, column 2: a number is missing"),
            ("time [s],yaw [deg]\n0,nan\n1,1\n", "row 1, column 2"),
            ("time [s],yaw [deg]\n0,1e999\n1,1\n", "row 1, column 2"),
            ("time [s],yaw [deg]\n1,1\n1,1\n", "row 2: the time does not rise"),
        ] {
            let found = parse(&source(text)).unwrap_err();
            assert!(found[0].title.contains(word), "{text}: {found:?}");
            assert!(!found[0].labels.is_empty());
        }
        let many = format!("time [s],yaw [deg]\n{}", "x,y\n".repeat(100));
        assert_eq!(parse(&source(&many)).unwrap_err().len(), MAX_MISTAKES + 1);
        let long = format!("time [s],yaw [deg]\n{}", "0,0\n".repeat(MAX_ROWS + 1));
        assert!(parse(&source(&long)).unwrap_err().iter().any(|d| d.code == "more" || d.code == "too-large"));
    }

    proptest! {
        /// Whatever the text, an answer; and every place lies in it.
        #[test]
        fn any_text_gets_an_answer(text in "(time \\[s\\],[a-z\\[\\]é]{0,8}\n)?[0-9,.\ne\\[\\]#\u{feff}-]{0,60}") {
            if let Err(found) = parse(&source(&text)) {
                for label in found.iter().flat_map(|d| &d.labels) {
                    prop_assert!(text.get(label.range.clone()).is_some());
                }
            }
        }
    }
}
