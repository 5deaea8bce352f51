//! Diagnostics as SARIF, the form in which checkers hand their findings to editors and to code review (OASIS, Static
//! Analysis Results Interchange Format 2.1.0).

use crate::load::Failure;
use crate::source::SourceFile;
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use trocar_signal::{Diagnostic, Label, Severity};

/// Where the schema of the form is published.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What each code stands for, in the order of the codes.
const RULES: [(&str, &str); 35] = [
    ("bad-file", "A file cannot be read as text."),
    ("bad-formula", "A formula cannot be read, or what it says has no meaning."),
    ("bad-path", "A path to a file is none that works everywhere, or leaves the project."),
    ("bad-quantity", "A quantity is no number with a unit."),
    ("bad-value", "A value does not fit to the rest of the file."),
    ("beyond-limits", "A position lies beyond its joint's limits."),
    ("cannot-fail", "A fault is laid on what no device reads."),
    ("duplicate-key", "A key stands twice."),
    ("duplicate-name", "Two things have one name."),
    ("empty-window", "A measure's window holds no readings."),
    ("include-cycle", "Files include each other in a circle."),
    ("internal", "A mistake of Trocar itself."),
    ("misfit", "A joint of a robot is not where its wearer's is."),
    ("missing-key", "A key that is needed is not there."),
    ("more", "More mistakes than are shown."),
    ("no-file", "A file is not there."),
    ("no-requirement", "A scenario requires nothing."),
    ("no-twin", "A measure needs a fault, and there is none."),
    ("no-unit", "A quantity has no unit."),
    ("not-finite", "A number is not finite."),
    ("other-format", "A file is of another version of the format."),
    ("out-of-range", "A number lies outside its range."),
    ("schedule", "The parts of a device do not go together in time."),
    ("step-too-long", "The steps of a scene do not resolve a spring."),
    ("syntax", "A file is not TOML."),
    ("too-deep", "A file is nested too deeply."),
    ("unknown-key", "A key has no meaning here."),
    ("unknown-name", "Nothing in the file has this name."),
    ("unknown-signal", "Nothing in the scene has this path."),
    ("unknown-unit", "A unit is not known."),
    ("unknown-value", "A word is none of those that are possible."),
    ("unused-command", "Something varies a command that no phase uses."),
    ("wrong-dimension", "A quantity measures something else than is meant."),
    ("wrong-kind", "A file is of another kind than is meant."),
    ("wrong-type", "A value is of another type than is meant."),
];

/// A log with one run: every rule that was broken, every finding with its place. URIs are relative to where the command
/// ran; files of the built-in library have the scheme `trocar`.
#[must_use]
pub fn log(found: &[Failure], version: &str) -> Json {
    let mut rules: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in found.iter().flat_map(|failure| &failure.diagnostics) {
        rules.insert(&diagnostic.code, 0);
    }
    rules.values_mut().enumerate().for_each(|(place, index)| *index = place);
    let results: Vec<Json> = found
        .iter()
        .flat_map(|failure| failure.diagnostics.iter().map(|one| result(one, &failure.files, &rules)))
        .collect();
    let rules: Vec<Json> = rules
        .keys()
        .map(|code| {
            let known = RULES.iter().find(|(known, _)| known == code).map(|(_, sentence)| *sentence);
            let sentence = known.unwrap_or("A mistake in a file.");
            json!({ "id": code, "shortDescription": { "text": sentence } })
        })
        .collect();
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "trocar", "version": version, "rules": rules } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(diagnostic: &Diagnostic, files: &[SourceFile], rules: &BTreeMap<&str, usize>) -> Json {
    let mut text = diagnostic.title.clone();
    // What else stands at a place is shown there.
    let hint = diagnostic.labels.first().map(|label| label.text.clone());
    let hint = hint.filter(|text| text.starts_with("did you mean"));
    for more in hint.iter().chain(&diagnostic.notes) {
        text.push_str(". ");
        text.push_str(more);
    }
    let mut result = json!({
        "ruleId": diagnostic.code,
        "ruleIndex": rules.get(diagnostic.code.as_str()),
        "level": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
        "message": { "text": text },
        "locations": diagnostic.labels.iter().take(1).map(|label| location(label, files)).collect::<Vec<_>>(),
    });
    let related: Vec<Json> = diagnostic.labels.iter().skip(1).map(|label| location(label, files)).collect();
    if !related.is_empty() {
        result["relatedLocations"] = Json::from(related);
    }
    result
}

fn location(label: &Label, files: &[SourceFile]) -> Json {
    let mut location = json!({ "physicalLocation": { "artifactLocation": { "uri": uri(&label.file) } } });
    if let Some(file) = files.iter().find(|file| file.shown == label.file) {
        let (line, column) = file.line_column(label.range.start);
        let (last_line, last_column) = file.line_column(label.range.end.max(label.range.start));
        location["physicalLocation"]["region"] = json!({ "startLine": line, "startColumn": column, "endLine": last_line, "endColumn": last_column });
    }
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    location
}

/// A path as a URI reference: what may not stand in one is escaped byte by byte (RFC 3986, 2.1).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(byte as char)
            }
            b':' if path.starts_with(crate::source::LIBRARY_PREFIX) => uri.push(':'),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
