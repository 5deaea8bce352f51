//! What Trocar says about a mistake: where it is, what is wrong, why, and what to do.
//!
//! Every part reports through this one type; `trocar-scenario` renders it beside the text it speaks of.

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing runs.
    Error,
    /// It runs, and something may not be as meant.
    Warning,
}

/// A place in a file with what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// Path of the file as shown to people.
    pub file: String,
    /// Byte range in that file.
    pub range: Range<usize>,
    /// What is said at the place; may be empty.
    pub text: String,
}

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Stable code, e.g. `unknown-key`.
    pub code: String,
    /// One sentence: what is wrong.
    pub title: String,
    /// Where; the first is the place itself, the others are context.
    pub labels: Vec<Label>,
    /// Why, or what is possible here, or what to do: a sentence each.
    pub notes: Vec<String>,
}

impl Diagnostic {
    /// An error without a place yet.
    pub fn error(code: &str, title: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            code: code.to_owned(),
            title: title.into(),
            labels: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// A warning without a place yet.
    pub fn warning(code: &str, title: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, title) }
    }

    /// Adds a place.
    #[must_use]
    pub fn at(mut self, file: impl Into<String>, range: Range<usize>, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { file: file.into(), range, text: text.into() });
        self
    }

    /// Adds a sentence.
    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }
}

/// A mistake inside a configuration, before it has a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where, as a dotted path below the configuration: `actuators[2].gear`.
    pub key: String,
    /// What is wrong and what would be right, as one sentence.
    pub what: String,
}

impl Problem {
    /// A mistake at `key`.
    pub fn new(key: impl Into<String>, what: impl Into<String>) -> Problem {
        Problem { key: key.into(), what: what.into() }
    }
}

/// The candidate nearest to `name` by Damerau–Levenshtein distance, if it is near enough to be a slip of the keyboard
/// (a third of the length, at least one edit). Of equally near ones the first.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_a_slip_and_refuses_a_guess() {
        let keys = ["until", "within", "lasts"];
        assert_eq!(nearest("untill", keys), Some("until"));
        assert_eq!(nearest("wihtin", keys), Some("within"));
        assert_eq!(nearest("velocity", keys), None);
    }
}
