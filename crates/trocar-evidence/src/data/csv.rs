//! A CSV file row by row: what other programs than ours write. Separator and decimal sign are found, the head may name
//! units in brackets, and memory does not grow with the file.

use super::DataError;
use std::io::{BufRead, Read};
use std::ops::Range;
use trocar_scenario::mapping::{DataConfig, Decimal, Separator};

/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 1024 * 1024;
/// The most columns of a file.
const MOST_COLUMNS: usize = 10_000;

/// A column as the head names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The cell as it stands.
    pub whole: String,
    /// Without the unit.
    pub name: String,
    /// What stands in brackets at its end.
    pub unit: Option<String>,
}

impl Head {
    fn new(cell: &str) -> Head {
        let whole = cell.trim().to_owned();
        let in_brackets = [('[', ']'), ('(', ')')].into_iter().find_map(|(open, close)| {
            let (name, rest) = whole.rsplit_once(open)?;
            Some((name.trim().to_owned(), rest.strip_suffix(close)?.trim().to_owned()))
        });
        match in_brackets {
            Some((name, unit)) if !name.is_empty() => Head { whole, name, unit: Some(unit) },
            _ if whole == "time_s" => Head { name: "time".to_owned(), unit: Some("s".to_owned()), whole },
            _ => Head { name: whole.clone(), unit: None, whole },
        }
    }
}

/// A file in the middle of being read.
pub struct CsvFile<R> {
    input: R,
    /// How people call the file.
    pub shown: String,
    separator: u8,
    decimal_comma: bool,
    /// The columns.
    pub heads: Vec<Head>,
    /// The line of the row that was read last, from 1.
    pub line: u64,
    /// Rows that were read.
    pub rows: u64,
    buffer: Vec<u8>,
    cells: Vec<Range<usize>>,
}

impl<R: BufRead> CsvFile<R> {
    /// Reads the head.
    pub fn new(input: R, shown: &str, config: Option<&DataConfig>) -> Result<CsvFile<R>, DataError> {
        let mut file = CsvFile {
            input,
            shown: shown.to_owned(),
            separator: b',',
            decimal_comma: false,
            heads: Vec::new(),
            line: 0,
            rows: 0,
            buffer: Vec::new(),
            cells: Vec::new(),
        };
        let wanted = config.and_then(|c| c.header_line).map(u64::from);
        loop {
            if !file.next_line()? {
                let what = match wanted {
                    Some(line) => {
                        format!("the head is meant to stand in line {line}, and the file has {}", file.line)
                    }
                    None => "the file is empty".to_owned(),
                };
                return Err(DataError::new(shown, what));
            }
            let is_head = wanted.map_or_else(|| !file.is_passed_over(), |line| line == file.line);
            if is_head {
                break;
            }
        }
        file.head(config)?;
        Ok(file)
    }

    fn head(&mut self, config: Option<&DataConfig>) -> Result<(), DataError> {
        // Programs write µ and ° in the code page of their system; in a head each byte of it is one sign.
        let text = match std::str::from_utf8(&self.buffer) {
            Ok(text) => text.to_owned(),
            Err(_) => self.buffer.iter().map(|byte| char::from(*byte)).collect(),
        };
        let count = |sign: char| {
            let mut quoted = false;
            text.chars()
                .filter(|c| {
                    quoted ^= *c == '"';
                    *c == sign && !quoted
                })
                .count()
        };
        self.separator = match config.and_then(|c| c.separator) {
            Some(Separator::Comma) => b',',
            Some(Separator::Semicolon) => b';',
            Some(Separator::Tab) => b'\t',
            None if count('\t') > 0 => b'\t',
            None if count(';') > 0 => b';',
            None => b',',
        };
        self.decimal_comma = match config.and_then(|c| c.decimal) {
            Some(Decimal::Comma) => true,
            Some(Decimal::Point) => false,
            None => self.separator != b',',
        };
        self.buffer = text.into_bytes();
        self.split()?;
        let cells = self.cells.clone();
        for (place, range) in cells.into_iter().enumerate() {
            let cell = String::from_utf8_lossy(self.buffer.get(range).unwrap_or_default()).into_owned();
            let head = Head::new(&cell.replace("\"\"", "\""));
            let number = head.whole.replace(',', ".").parse::<f64>().is_ok();
            if number && !head.whole.is_empty() {
                return Err(self.error(Some(place), format!("`{}` is a number, and the first line names the columns", head.whole))
                    .help("put a line with names above, e.g. `time [s],tracker.tool_tip.position.x [mm]`; where it stands further down, say so with `header_line`"));
            }
            self.heads.push(head);
        }
        Ok(())
    }

    /// What is wrong in the row that was read last.
    pub fn error(&self, column: Option<usize>, what: impl Into<String>) -> DataError {
        DataError::new(&self.shown, what).at(self.line, column)
    }

    fn is_passed_over(&self) -> bool {
        let text = self.buffer.trim_ascii_start();
        text.is_empty() || text.starts_with(b"#")
    }

    /// The next line that is none of the head, without its end; `false` at the end of the file.
    fn next_line(&mut self) -> Result<bool, DataError> {
        self.buffer.clear();
        let read = (&mut self.input).take(LONGEST_LINE).read_until(b'\n', &mut self.buffer);
        let read = read.map_err(|e| DataError::new(&self.shown, format!("cannot be read: {e}")))?;
        if read == 0 {
            return Ok(false);
        }
        self.line += 1;
        if read as u64 == LONGEST_LINE && !self.buffer.ends_with(b"\n") {
            return Err(self.error(None, "this line is longer than a mebibyte").help("is this a CSV file?"));
        }
        if self.line == 1 {
            if self.buffer.starts_with(&[0xef, 0xbb, 0xbf]) {
                self.buffer.drain(..3);
            }
            let wide = [[0xff, 0xfe], [0xfe, 0xff]].iter().any(|mark| self.buffer.starts_with(mark));
            if wide || self.buffer.contains(&0) {
                return Err(self
                    .error(None, "this file is in UTF-16 or is no text")
                    .help("save it as CSV in UTF-8"));
            }
        }
        while matches!(self.buffer.last(), Some(b'\n' | b'\r')) {
            self.buffer.pop();
        }
        Ok(true)
    }

    /// Finds the cells of the line.
    fn split(&mut self) -> Result<(), DataError> {
        self.cells.clear();
        let (mut start, mut at) = (0, 0);
        let bytes = &self.buffer;
        loop {
            let mut range = None;
            if bytes.get(at) == Some(&b'"') {
                let open = at;
                at += 1;
                loop {
                    match (bytes.get(at), bytes.get(at + 1)) {
                        (Some(b'"'), Some(b'"')) => at += 2,
                        (Some(b'"'), _) => break,
                        (Some(_), _) => at += 1,
                        (None, _) => {
                            let what = "a quotation mark is not closed in this line";
                            return Err(self.error(Some(self.cells.len()), what));
                        }
                    }
                }
                range = Some(open + 1..at);
                at += 1;
            }
            while bytes.get(at).is_some_and(|byte| *byte != self.separator) {
                at += 1;
            }
            self.cells.push(range.unwrap_or(start..at));
            if self.cells.len() > MOST_COLUMNS {
                return Err(self.error(None, format!("more than {MOST_COLUMNS} columns")));
            }
            if at >= bytes.len() {
                return Ok(());
            }
            at += 1;
            start = at;
        }
    }

    /// Reads the next row; `false` at the end of the file.
    pub fn next_row(&mut self) -> Result<bool, DataError> {
        loop {
            if !self.next_line()? {
                return Ok(false);
            }
            if self.is_passed_over() {
                continue;
            }
            self.split()?;
            let (cells, heads) = (self.cells.len(), self.heads.len());
            // A separator at the end of each line is a habit of some programs.
            let empty_end = cells == heads + 1 && self.cells.last().is_some_and(Range::is_empty);
            if cells != heads && !empty_end {
                let error = self.error(None, format!("{cells} cells, and the head names {heads} columns"));
                let commas = self.separator == b',' && cells > heads;
                return Err(if commas {
                    error.help("are there decimal commas? then cells must be separated by `;` or tabulators")
                } else {
                    error.help("is the last line cut off?")
                });
            }
            self.rows += 1;
            return Ok(true);
        }
    }

    /// The text of a cell of the row that was read last.
    pub fn text(&self, column: usize) -> Result<&str, DataError> {
        let bytes =
            self.cells.get(column).and_then(|range| self.buffer.get(range.clone())).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.trim()),
            Err(_) => Err(self
                .error(Some(column), "this cell is not in UTF-8")
                .help("save the file as CSV in UTF-8")),
        }
    }

    /// The number of a cell.
    pub fn number(&self, column: usize) -> Result<super::number::Cell, DataError> {
        let text = self.text(column)?;
        super::number::cell(text, self.decimal_comma).ok_or_else(|| {
            let head = self.heads.get(column).map_or("", |head| head.whole.as_str());
            self.error(Some(column), format!("`{}` in column `{head}` is not a number", shortened(text)))
                .help(self.hint(text))
        })
    }

    /// The time of a cell in nanoseconds; `None` where it is empty.
    pub fn time(&self, column: usize, unit_ns: i128) -> Result<Option<i128>, DataError> {
        let text = self.text(column)?;
        if text.is_empty() {
            return Ok(None);
        }
        super::number::nanoseconds(text, self.decimal_comma, unit_ns).map(Some).ok_or_else(|| {
            let head = self.heads.get(column).map_or("", |head| head.whole.as_str());
            let error =
                self.error(Some(column), format!("`{}` in column `{head}` is not a time", shortened(text)));
            match text.contains(':') {
                true => error
                    .help("times of day and dates are not read: write seconds since a start, or since 1970"),
                false => error.help(self.hint(text)),
            }
        })
    }

    fn hint(&self, text: &str) -> &'static str {
        match (text.contains(','), self.decimal_comma) {
            (true, false) => "with decimal commas, say `decimal = \"comma\"` in the mapping's [data] table",
            (true, true) => "marks between thousands are not read",
            _ => "",
        }
    }

    /// The place of a column by its whole head or its name.
    pub fn find(&self, wanted: &str) -> Result<usize, DataError> {
        let wanted = wanted.trim();
        let whole = self.heads.iter().position(|head| head.whole == wanted);
        let mut named = self.heads.iter().enumerate().filter(|(_, head)| head.name == wanted);
        match (whole, named.next(), named.next()) {
            (Some(place), ..) | (None, Some((place, _)), None) => Ok(place),
            (None, Some(_), Some(_)) => {
                Err(DataError::new(&self.shown, format!("two columns are called `{wanted}`"))
                    .help("name it with its unit, or rename one"))
            }
            (None, None, _) => {
                let error = DataError::new(&self.shown, format!("there is no column `{wanted}`"));
                let bare = Head::new(wanted).name;
                Err(match self.heads.iter().find(|head| head.name == bare) {
                    Some(head) => {
                        error.help(format!("there is `{}`: name it so, or as `{bare}`", head.whole))
                    }
                    None => error.help(self.nearest(wanted)),
                })
            }
        }
    }

    /// What the file has instead of a column.
    pub fn nearest(&self, wanted: &str) -> String {
        let last = wanted.rsplit('.').next().unwrap_or(wanted);
        let names = || self.heads.iter().map(|head| head.name.as_str()).filter(|name| !name.is_empty());
        let near = trocar_signal::diagnostic::nearest(wanted, names())
            .or_else(|| trocar_signal::diagnostic::nearest(last, names()))
            .or_else(|| names().find(|name| name.to_lowercase().contains(&last.to_lowercase())));
        let near = near.map_or_else(String::new, |near| format!("the nearest is `{near}`; "));
        let list: Vec<String> = names().take(30).map(|name| format!("`{name}`")).collect();
        let more = if names().count() > 30 { " …" } else { "" };
        format!("{near}the file has: {}{more}", list.join(", "))
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::number::Cell;
    use proptest::prelude::*;

    fn file(text: &[u8]) -> Result<CsvFile<&[u8]>, DataError> {
        CsvFile::new(text, "a.csv", None)
    }

    #[test]
    fn separators_decimals_and_units_are_found() {
        for text in [
            "# from the bench\r\ntime [s],x (mm)\r\n0.5,1.25\r\n",
            "time [s];x [mm]\n0,5;1,25;\n",
            "\u{feff}time [s]\t\"x [mm]\"\n0.5\t\"1.25\"",
        ] {
            let mut csv = file(text.as_bytes()).unwrap();
            assert_eq!(csv.heads[1].name, "x");
            assert_eq!(csv.heads[1].unit.as_deref(), Some("mm"));
            assert!(csv.next_row().unwrap());
            assert_eq!(csv.time(0, 1_000_000_000).unwrap(), Some(500_000_000), "{text}");
            assert_eq!(csv.number(1).unwrap(), Cell::Number(1.25), "{text}");
            assert!(!csv.next_row().unwrap());
        }
        // µ of Latin-1.
        let csv = file(b"t [\xb5s],x [mm]\n").unwrap();
        assert_eq!(csv.heads[0].unit.as_deref(), Some("µs"));
        assert_eq!((csv.find("t").unwrap(), csv.find("x [mm]").unwrap()), (0, 1));
    }

    #[test]
    fn mistakes_have_line_and_column() {
        let said = |text: &[u8]| {
            let run = || -> Result<(), DataError> {
                let mut csv = file(text)?;
                while csv.next_row()? {
                    csv.time(0, 1_000_000_000)?;
                    csv.number(1)?;
                }
                csv.find("motion").map(|_| ())
            };
            run().unwrap_err().to_string()
        };
        for (text, words) in [
            (&b"time [s],x [mm]\n1,2\n3\n"[..], "line 3: 1 cells"),
            (b"time [s],x [mm]\n0,5,1,5\n", "decimal commas"),
            (b"time [s],x [mm]\n1,a\n", "line 2, column 2: `a`"),
            (b"time [s],x [mm]\n08:15:00,1\n", "since 1970"),
            (b"1,2\n3,4\n", "line 1, column 1: `1` is a number"),
            (b"", "empty"),
            (b"\xff\xfet\0i\0", "UTF-16"),
            (b"time [s],x [mm]\n1,\"2\n", "not closed"),
            (b"time [s],x [mm]\n1,\xb5\n", "line 2, column 2: this cell is not in UTF-8"),
            (b"time [s],montion [mm]\n", "the nearest is `montion`"),
        ] {
            assert!(said(text).contains(words), "{}: {}", String::from_utf8_lossy(text), said(text));
        }
    }

    proptest! {
        /// Whatever the bytes: rows or an error, and no panic.
        #[test]
        fn any_bytes_get_an_answer(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b','), Just(b'\n'), Just(b'"'), Just(b';')], 0..200)) {
            if let Ok(mut csv) = file(&bytes) {
                while let Ok(true) = csv.next_row() {
                    for column in 0..csv.heads.len() {
                        let _ = (csv.number(column), csv.time(column, 1_000));
                    }
                }
            }
        }
    }
}
