//! What is said of a name that does not exist.

use crate::error::LogicError;
use crate::types::Scope;
use std::collections::BTreeSet;
use std::ops::Range;
use trocar_signal::diagnostic::nearest;
use trocar_signal::unit;

/// More names than these are not listed.
const LISTED: usize = 12;

/// The mistake of using a path that does not resolve: where it leaves what exists, and what is near.
pub(crate) fn unknown(path: &str, span: &Range<usize>, scope: &dyn Scope) -> LogicError {
    let names = scope.names();
    let mut at = 0;
    for segment in path.split('.') {
        let children = children(&names, &path[..at]);
        if !children.contains(segment) {
            let range = span.start + at..span.start + at + segment.len();
            return leaves_here(path, segment, at, &range, &children, &names);
        }
        at += segment.len() + 1;
    }
    let parts = children(&names, &format!("{path}."));
    let error = LogicError::new(format!("`{path}` is not one value")).at(span, "say which of its values");
    with_list(error, path, &parts)
}

fn children<'a>(names: &'a [String], prefix: &str) -> BTreeSet<&'a str> {
    let below = names.iter().filter_map(|name| name.strip_prefix(prefix));
    below.filter_map(|rest| rest.split('.').next()).collect()
}

fn leaves_here(
    path: &str,
    segment: &str,
    at: usize,
    range: &Range<usize>,
    children: &BTreeSet<&str>,
    names: &[String],
) -> LogicError {
    let mut error = LogicError::new(format!("nothing here is called `{path}`"));
    if unit::parse(path).is_ok() {
        error = error.note("a unit follows its number, with no spaces around its `/`: `12 deg/s`");
    }
    if let Some(near) = nearest(segment, children.iter().copied()) {
        return error.at(range, format!("did you mean `{near}`?"));
    }
    if let Some(near) = nearest(path, names.iter().map(String::as_str)) {
        let whole = range.start - at..range.start - at + path.len();
        return error.at(&whole, format!("did you mean `{near}`?"));
    }
    let error = error.at(range, "");
    with_list(error, path.get(..at.saturating_sub(1)).unwrap_or(""), children)
}

fn with_list(error: LogicError, prefix: &str, children: &BTreeSet<&str>) -> LogicError {
    if prefix.is_empty() || children.is_empty() {
        return error;
    }
    let listed: Vec<&str> = children.iter().copied().take(LISTED).collect();
    let more = if children.len() > LISTED { ", …" } else { "" };
    error.note(format!("below `{prefix}` there are: {}{more}", listed.join(", ")))
}

/// A note of the paths beside `path` whose type is wanted, e.g. "angles below `exo.declared`: range_overrun".
pub(crate) fn beside(
    path: &str,
    wanted: &str,
    fits: impl Fn(&str) -> bool,
    scope: &dyn Scope,
) -> Option<String> {
    let (prefix, _) = path.rsplit_once('.')?;
    let names = scope.names();
    let mut found: Vec<&str> = names
        .iter()
        .filter_map(|name| {
            name.rsplit_once('.').filter(|(head, _)| *head == prefix).map(|(_, tail)| (name, tail))
        })
        .filter(|(name, _)| fits(name))
        .map(|(_, tail)| tail)
        .collect();
    found.sort_unstable();
    found.truncate(LISTED);
    (!found.is_empty()).then(|| format!("of this kind ({wanted}) below `{prefix}`: {}", found.join(", ")))
}
