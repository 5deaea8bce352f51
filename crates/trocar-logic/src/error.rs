//! What is wrong with a formula, with places in its text.

use std::ops::Range;

/// One mistake in a formula.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{title}")]
pub struct LogicError {
    /// One sentence: what is wrong.
    pub title: String,
    /// Byte ranges of the formula's text with what is said at each; may be empty text. The first is the place itself.
    pub labels: Vec<(Range<usize>, String)>,
    /// Why, or what is possible here, or what to do: a sentence each.
    pub notes: Vec<String>,
}

impl LogicError {
    /// A mistake without a place yet.
    pub(crate) fn new(title: impl Into<String>) -> LogicError {
        LogicError { title: title.into(), labels: Vec::new(), notes: Vec::new() }
    }

    /// Adds a place.
    pub(crate) fn at(mut self, range: &Range<usize>, text: impl Into<String>) -> LogicError {
        self.labels.push((range.clone(), text.into()));
        self
    }

    /// Adds a sentence.
    pub(crate) fn note(mut self, text: impl Into<String>) -> LogicError {
        self.notes.push(text.into());
        self
    }
}
