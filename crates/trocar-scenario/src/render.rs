//! Diagnostics as people read them, beside the text that they speak of, and as JSON.

use crate::source::SourceFile;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde_json::{Value as Json, json};
use std::ops::Range;
use trocar_signal::{Diagnostic, Severity};

/// How wide a line is where nobody says: what a terminal shows.
const WIDTH: usize = 120;

/// A line longer than this is shown without its neighbours and cut around the place.
const LONGEST_LINE: usize = 1000;

/// Diagnostics as text, one after the other with an empty line between; `files` are those that they speak of. With
/// `colour`, escape sequences for a terminal are added; no meaning hangs on them.
#[must_use]
pub fn to_text(diagnostics: &[Diagnostic], files: &[SourceFile], colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() }.term_width(WIDTH);
    let texts: Vec<String> = diagnostics.iter().map(|diagnostic| one(diagnostic, files, &renderer)).collect();
    let mut text = texts.join("\n\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Diagnostics as JSON: those of [`Diagnostic`], and for each label its first and last `line` and `column` (from 1,
/// columns in characters).
#[must_use]
pub fn to_json(diagnostics: &[Diagnostic], files: &[SourceFile]) -> Json {
    diagnostics
        .iter()
        .map(|diagnostic| {
            let labels: Vec<Json> = diagnostic
                .labels
                .iter()
                .map(|label| {
                    let mut json = json!({
                        "file": label.file,
                        "range": [label.range.start, label.range.end],
                        "text": label.text,
                    });
                    if let Some(file) = files.iter().find(|file| file.shown == label.file) {
                        let (line, column) = file.line_column(label.range.start);
                        let (last_line, last_column) = file.line_column(label.range.end);
                        json["from"] = json!({ "line": line, "column": column });
                        json["to"] = json!({ "line": last_line, "column": last_column });
                    }
                    json
                })
                .collect();
            json!({
                "severity": diagnostic.severity,
                "code": diagnostic.code,
                "title": diagnostic.title,
                "labels": labels,
                "notes": diagnostic.notes,
            })
        })
        .collect()
}

fn one(diagnostic: &Diagnostic, files: &[SourceFile], renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.title.as_str()));
    let mut shown: Vec<&str> = Vec::new();
    let mut unread = Vec::new();
    for label in &diagnostic.labels {
        if shown.contains(&label.file.as_str()) {
            continue;
        }
        shown.push(&label.file);
        match files.iter().find(|file| file.shown == label.file) {
            Some(file) => group = group.element(snippet(file, diagnostic)),
            None => unread.push(format!("in {}", label.file)),
        }
    }
    let notes = unread.into_iter().chain(diagnostic.notes.iter().cloned());
    group = group.elements(notes.map(|note| Level::NOTE.no_name().message(note)));
    renderer.render(&[group])
}

/// The lines of one file that a diagnostic speaks of, with a caret under each place.
fn snippet<'a>(
    file: &'a SourceFile,
    diagnostic: &'a Diagnostic,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let labels: Vec<(usize, &trocar_signal::Label)> =
        diagnostic.labels.iter().enumerate().filter(|(_, label)| label.file == file.shown).collect();
    let ranges: Vec<Range<usize>> = labels.iter().map(|(_, label)| clamp(&label.range, &file.text)).collect();
    let window = window(&file.text, &ranges);
    let line = file.text[..window.start].matches('\n').count() + 1;
    let annotations = labels.iter().zip(&ranges).map(|((place, label), range)| {
        let kind = if *place == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = range.start - window.start..range.end.min(window.end) - window.start;
        let text = (!label.text.is_empty()).then_some(label.text.as_str());
        kind.span(range).label(text)
    });
    Snippet::source(&file.text[window.clone()])
        .line_start(line)
        .path(file.shown.as_str())
        .annotations(annotations)
}

/// A range that lies in the text and begins and ends between characters.
fn clamp(range: &Range<usize>, text: &str) -> Range<usize> {
    let floor = |at: usize| {
        let mut at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let start = floor(range.start);
    // A caret under a line break would stand on a line of its own.
    let end = floor(range.end.max(range.start));
    let lines = text[start..end].trim_end_matches(['\n', '\r']).len();
    start..start + lines
}

/// The part of a text that holds whole lines around all ranges, or of a line that no terminal shows, what is near.
fn window(text: &str, ranges: &[Range<usize>]) -> Range<usize> {
    let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let last = ranges.iter().map(|range| range.end).max().unwrap_or(0);
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    let near = |at: usize, cut: usize, is_start: bool| {
        if at.abs_diff(cut) <= LONGEST_LINE {
            return cut;
        }
        let mut to = if is_start { at - LONGEST_LINE } else { at + LONGEST_LINE };
        while !text.is_char_boundary(to) {
            to += 1;
        }
        to
    };
    // One range may itself be longer than anything shown; its end is then cut off.
    let last = last.min(first + 20 * LONGEST_LINE);
    near(first, start, true)..if last < end { near(last, end, false).max(first) } else { end }
}
