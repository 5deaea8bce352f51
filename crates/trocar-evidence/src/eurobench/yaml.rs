//! The small part of YAML that EUROBENCH's files use: lines of `key: value`, a value being a number, a text or a list of these.

use super::FileError;
use std::fmt::Write as _;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list of numbers.
    Numbers(Vec<f64>),
    /// A list of texts.
    Texts(Vec<String>),
}

/// Keys and values in the order of the file: `condition`, `subject_N_info`, `gaitParameters`, …
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Record {
    /// The entries.
    pub entries: Vec<(String, Value)>,
}

impl Record {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.entries.iter().find(|(own, _)| own == key).map(|(_, value)| value)
    }

    /// The number of a key.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<f64> {
        match self.get(key) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// The list of numbers of a key; an empty list of either kind is one.
    #[must_use]
    pub fn numbers(&self, key: &str) -> Option<&[f64]> {
        match self.get(key) {
            Some(Value::Numbers(numbers)) => Some(numbers),
            _ => None,
        }
    }

    /// The file. A number reads back to the bit.
    ///
    /// # Errors
    /// A key that is not of lower-case letters, digits and underscores with a letter first, or is used twice; a number that is not
    /// finite; a text with a quotation mark or over several lines.
    pub fn write(&self) -> Result<String, FileError> {
        let mut out = String::new();
        for (k, (key, value)) in self.entries.iter().enumerate() {
            let refused = |what: String| Err(FileError::new(k + 1, what));
            let is_name = key.starts_with(|c: char| c.is_ascii_lowercase())
                && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            if !is_name || self.entries[..k].iter().any(|(own, _)| own == key) {
                return refused(format!(
                    "`{key}` is used twice or is no key: lower-case letters, digits, underscores"
                ));
            }
            let (numbers, texts): (&[f64], &[String]) = match value {
                Value::Number(number) => (std::slice::from_ref(number), &[]),
                Value::Numbers(numbers) => (numbers, &[]),
                Value::Text(text) => (&[], std::slice::from_ref(text)),
                Value::Texts(texts) => (&[], texts),
            };
            if numbers.iter().any(|number| !number.is_finite()) {
                return refused(format!("`{key}` has a number that is not finite"));
            }
            if let Some(text) = texts.iter().find(|text| text.contains(['\'', '\n', '\r'])) {
                return refused(format!("`{key}` has a text that cannot be written: {text:?}"));
            }
            let items: Vec<String> = numbers
                .iter()
                .map(f64::to_string)
                .chain(texts.iter().map(|text| format!("'{text}'")))
                .collect();
            let _ = match value {
                Value::Number(_) | Value::Text(_) => writeln!(out, "{key}: {}", items[0]),
                Value::Numbers(_) | Value::Texts(_) => writeln!(out, "{key}: [{}]", items.join(", ")),
            };
        }
        Ok(out)
    }

    /// Reads lines of `key: value`; comments begin with #, empty lines are passed over.
    ///
    /// # Errors
    /// The first line that is none: nested entries and lists over several lines are not read.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let mut record = Self::default();
        for (k, whole) in text.lines().enumerate() {
            let error = |what: String| FileError::new(k + 1, what);
            let line = without_comment(whole.trim_start_matches('\u{feff}'));
            if line.trim().is_empty() || line.trim() == "---" {
                continue;
            }
            if line.starts_with([' ', '\t', '-']) {
                return Err(error("nested entries are not read: one `key: value` a line".to_owned()));
            }
            let (key, value) =
                line.split_once(':').ok_or_else(|| error(format!("`{}` is no `key: value`", line.trim())))?;
            let (key, value) = (key.trim(), value.trim());
            if key.is_empty() || record.get(key).is_some() {
                return Err(error(format!("the key `{key}` is empty or used twice")));
            }
            let value = match value.strip_prefix('[') {
                Some(rest) => {
                    let inside = rest.strip_suffix(']').ok_or_else(|| {
                        error(format!("the list of `{key}` does not end on its line: `]` is missing"))
                    })?;
                    list(inside)
                        .ok_or_else(|| error(format!("the list of `{key}` mixes numbers and texts")))?
                }
                None if value.is_empty() => return Err(error(format!("`{key}` has no value on its line"))),
                None => scalar(value),
            };
            record.entries.push((key.to_owned(), value));
        }
        Ok(record)
    }
}

/// Up to a # that stands outside quotation marks, at the line's start or after a space.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    let mut before = ' ';
    for (place, c) in line.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '\'' || c == '"' => quote = Some(c),
            None if c == '#' && before.is_whitespace() => return &line[..place],
            _ => {}
        }
        before = c;
    }
    line
}

fn scalar(text: &str) -> Value {
    let text = text.trim();
    for quote in ['\'', '"'] {
        if let Some(inside) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return Value::Text(inside.to_owned());
        }
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Value::Number(number),
        _ => Value::Text(text.to_owned()),
    }
}

fn list(inside: &str) -> Option<Value> {
    if inside.trim().is_empty() {
        return Some(Value::Numbers(Vec::new()));
    }
    let (mut numbers, mut texts) = (Vec::new(), Vec::new());
    for item in inside.split(',') {
        match scalar(item) {
            Value::Number(number) => numbers.push(number),
            Value::Text(text) => texts.push(text),
            Value::Numbers(_) | Value::Texts(_) => return None,
        }
    }
    match (numbers.is_empty(), texts.is_empty()) {
        (false, true) => Some(Value::Numbers(numbers)),
        (true, false) => Some(Value::Texts(texts)),
        _ => None,
    }
}

/// `gaitEvents`: when each foot strikes and leaves the ground, s.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GaitEvents {
    /// Right heel strikes.
    pub right_strike_s: Vec<f64>,
    /// Left heel strikes.
    pub left_strike_s: Vec<f64>,
    /// The right toes leave.
    pub right_off_s: Vec<f64>,
    /// The left toes leave.
    pub left_off_s: Vec<f64>,
}

impl GaitEvents {
    /// As a record.
    #[must_use]
    pub fn record(&self) -> Record {
        let entry = |key: &str, times: &[f64]| (key.to_owned(), Value::Numbers(times.to_vec()));
        Record {
            entries: vec![
                entry("r_heel_strike", &self.right_strike_s),
                entry("l_heel_strike", &self.left_strike_s),
                entry("r_toe_off", &self.right_off_s),
                entry("l_toe_off", &self.left_off_s),
            ],
        }
    }

    /// From a record; what it does not have is empty.
    #[must_use]
    pub fn of_record(record: &Record) -> Self {
        let times = |key: &str| record.numbers(key).unwrap_or_default().to_vec();
        Self {
            right_strike_s: times("r_heel_strike"),
            left_strike_s: times("l_heel_strike"),
            right_off_s: times("r_toe_off"),
            left_off_s: times("l_toe_off"),
        }
    }
}

/// The file of a performance indicator that is one number.
#[must_use]
pub fn scalar_result(value: f64) -> String {
    format!("type: 'scalar'\nvalue: {value:.5}\n")
}

/// The file of a performance indicator that is a list of numbers, with as many decimals as the published ones have.
#[must_use]
pub fn vector_result(values: &[f64]) -> String {
    let values: Vec<String> = values.iter().map(|value| format!("{value:.5}")).collect();
    format!("type: 'vector'\nvalue: [{}]\n", values.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let condition = Record {
            entries: vec![
                ("slope_deg".to_owned(), Value::Number(-0.1)),
                ("wearable_device".to_owned(), Value::Text("exo # 3: left".to_owned())),
                ("terrain".to_owned(), Value::Texts(vec!["sand".to_owned(), "grass".to_owned()])),
                ("speeds".to_owned(), Value::Numbers(vec![0.4, 1.0 / 3.0])),
            ],
        };
        let text = condition.write().unwrap();
        assert_eq!(text.lines().next(), Some("slope_deg: -0.1"));
        assert_eq!(Record::read(&text).unwrap(), condition);
        let events =
            GaitEvents { right_strike_s: vec![0.5, 1.6], left_off_s: vec![0.7], ..GaitEvents::default() };
        let text = events.record().write().unwrap();
        assert_eq!(text, "r_heel_strike: [0.5, 1.6]\nl_heel_strike: []\nr_toe_off: []\nl_toe_off: [0.7]\n");
        assert_eq!(GaitEvents::of_record(&Record::read(&text).unwrap()), events);
        assert_eq!(vector_result(&[0.46, 0.4]), "type: 'vector'\nvalue: [0.46000, 0.40000]\n");
        assert_eq!(Record::read(&scalar_result(42.0)).unwrap().number("value"), Some(42.0));
    }

    #[test]
    fn records_that_are_none() {
        let said = |text: &str| Record::read(text).unwrap_err().to_string();
        assert_eq!(said("a: 1\nb\n"), "line 2: `b` is no `key: value`");
        assert_eq!(said("a: 1\na: 2\n"), "line 2: the key `a` is empty or used twice");
        assert_eq!(said("a:\n  b: 1\n"), "line 1: `a` has no value on its line");
        assert_eq!(said("a: 1\n  b: 1\n"), "line 2: nested entries are not read: one `key: value` a line");
        assert_eq!(said("a: [1, 2\n"), "line 1: the list of `a` does not end on its line: `]` is missing");
        assert_eq!(said("a: [1, x]\n"), "line 1: the list of `a` mixes numbers and texts");
        let refused =
            |key: &str, value: Value| Record { entries: vec![(key.to_owned(), value)] }.write().is_err();
        assert!(refused("Slope", Value::Number(1.0)));
        assert!(refused("slope", Value::Number(f64::INFINITY)));
        assert!(refused("slope", Value::Text("it's".to_owned())));
        assert!(!refused("slope", Value::Numbers(vec![])));
    }
}
