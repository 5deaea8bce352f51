//! Checks that several configurations share. Each adds a [`Problem`] with the key below the configuration.

use trocar_signal::{Dimension, Problem};

/// The value must be greater than zero.
pub fn positive(problems: &mut Vec<Problem>, key: &str, value: f64) {
    if !(value > 0.0 && value.is_finite()) {
        problems.push(Problem::new(key, format!("{value} is not greater than zero")));
    }
}

/// The value must not be negative.
pub fn not_negative(problems: &mut Vec<Problem>, key: &str, value: f64) {
    if !(value >= 0.0 && value.is_finite()) {
        problems.push(Problem::new(key, format!("{value} is less than zero")));
    }
}

/// The value must lie between two others, both included.
pub fn within(problems: &mut Vec<Problem>, key: &str, value: f64, low: f64, high: f64) {
    if !(value >= low && value <= high) {
        problems.push(Problem::new(key, format!("{value} is not between {low} and {high}")));
    }
}

/// The value must measure what is meant.
pub fn dimension(problems: &mut Vec<Problem>, key: &str, is: Dimension, meant: Dimension) -> bool {
    if is == meant {
        return true;
    }
    problems.push(Problem::new(key, format!("{is} where {meant} ({}) is meant", meant.si_unit())));
    false
}

/// The value must be a name: letters, digits and underscores, a letter first, so that it can be part of a path.
pub fn name(problems: &mut Vec<Problem>, key: &str, value: &str) {
    let mut chars = value.chars();
    let good = chars.next().is_some_and(|c| c.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !good {
        problems.push(Problem::new(
            key,
            format!("`{value}` is not a name: lower-case letters, digits and underscores, a letter first"),
        ));
    }
}

/// The given problems with `prefix.` before each key.
pub fn under(prefix: &str, problems: Vec<Problem>) -> impl Iterator<Item = Problem> {
    problems.into_iter().map(move |problem| Problem::new(format!("{prefix}.{}", problem.key), problem.what))
}
