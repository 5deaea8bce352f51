//! Differences in words.

use super::meaning::Step;
use super::{Difference, Differences, path_of};
use crate::explain::{Catalogue, Language, formula_in_words, path_in_words, quantity_in_words};
use serde_json::Value as Json;

/// Sections of files in the order of reading: the key at the root, and the heading under which it stands.
const GROUPS: [(&str, &str); 46] = [
    ("trocar", "versions"),
    ("title", "question"),
    ("purpose", "question"),
    ("references", "question"),
    ("departures", "question"),
    ("scene", "conditions"),
    ("roles", "conditions"),
    ("handles", "conditions"),
    ("teleoperations", "conditions"),
    ("setup", "conditions"),
    ("variation", "conditions"),
    ("seed", "conditions"),
    ("controllers", "conditions"),
    ("gravity", "conditions"),
    ("step_rate", "conditions"),
    ("robots", "robots"),
    ("instruments", "instruments"),
    ("poses", "poses"),
    ("phases", "procedure"),
    ("faults", "faults"),
    ("measures", "evaluation"),
    ("decision", "decision"),
    ("requirements", "decision"),
    ("vary", "cases"),
    ("vary_paired", "cases"),
    ("record", "record"),
    ("status", "device"),
    ("provenance", "device"),
    ("remote_centre", "device"),
    ("shaft", "device"),
    ("instrument", "device"),
    ("instrument_mount", "device"),
    ("mechanism", "joints"),
    ("actuators", "drives"),
    ("coupling", "drives"),
    ("power_supply", "drives"),
    ("imus", "sensors"),
    ("force_sensors", "sensors"),
    ("torque_sensors", "sensors"),
    ("bus", "control"),
    ("servo", "control"),
    ("arm", "control"),
    ("supervisor", "control"),
    ("stop", "control"),
    ("assistance", "control"),
    ("declared", "declared"),
];

/// Sections of which a heading says enough.
const HEADED: [&str; 3] = ["mechanism", "poses", "record"];

/// A heading in words.
#[must_use]
pub fn heading(language: Language, name: &str) -> String {
    language.catalogue().say(&format!("heading.{name}"), &[])
}

fn root_key(steps: &[Step]) -> &str {
    match steps.first() {
        Some(Step::Key(key) | Step::Item(key)) => key,
        None => "",
    }
}

pub(super) fn group(language: Language, steps: &[Step]) -> String {
    let root = root_key(steps);
    let known = GROUPS.iter().find(|(key, _)| *key == root).map(|(_, name)| *name);
    heading(language, known.unwrap_or(if root == "sources" { "sources" } else { "device" }))
}

/// Sorts differences by their groups, in the order of reading; within one they stay as they are.
pub(super) fn in_order(differences: &mut [Difference], language: Language) {
    let places: Vec<String> = GROUPS.iter().map(|(_, name)| heading(language, name)).collect();
    differences
        .sort_by_key(|one| places.iter().position(|known| *known == one.group).unwrap_or(places.len()));
}

/// What a place is called: the things on the way with their names, and the last key.
pub(super) fn what(language: Language, steps: &[Step]) -> String {
    let words = language.catalogue();
    let mut said: Vec<String> = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        match step {
            Step::Item(name) => {
                let list = match place.checked_sub(1).and_then(|above| steps.get(above)) {
                    Some(Step::Key(key)) => key.as_str(),
                    _ => "",
                };
                // The list's own word gives way to that of its item.
                said.pop();
                said.push(item(words, list, name));
            }
            // Their heading says as much.
            Step::Key(key) if place == 0 && steps.len() > 1 && HEADED.contains(&key.as_str()) => {}
            Step::Key(key) => said.push(key_in_words(words, key)),
        }
    }
    said.join(&words.say("list.comma", &[]))
}

fn item(words: &Catalogue, list: &str, name: &str) -> String {
    if matches!(list, "setup" | "variation" | "vary") {
        return path_in_words(words, name);
    }
    let key = format!("item.{list}");
    let kind = if words.has(&key) { words.say(&key, &[]) } else { list.to_owned() };
    words.say("diff.item", &[("kind", &kind), ("name", name)])
}

fn key_in_words(words: &Catalogue, key: &str) -> String {
    let known = format!("key.{key}");
    if words.has(&known) { words.say(&known, &[]) } else { key.to_owned() }
}

/// A value as a reader sees it: formulas in words, lists and tables with their parts.
pub(super) fn value(language: Language, steps: &[Step], json: &Json) -> String {
    let words = language.catalogue();
    let last = match steps.last() {
        Some(Step::Key(key)) => key.as_str(),
        _ => "",
    };
    match json {
        Json::String(text) if matches!(last, "formula" | "until" | "when") => formula_in_words(words, text),
        Json::Array(items) => {
            words.list(&items.iter().map(|one| value(language, &[], one)).collect::<Vec<_>>())
        }
        Json::Object(table) => match quantity_in_words(words, json) {
            Some(said) => said,
            None => {
                let named = table.iter().filter(|(key, _)| *key != "name" && *key != "id");
                let parts = named.map(|(key, one)| {
                    let said = value(language, &[Step::Key(key.clone())], one);
                    words.say("diff.part", &[("key", &key_in_words(words, key)), ("value", &said)])
                });
                words.clauses(&parts.collect::<Vec<_>>())
            }
        },
        other => quantity_in_words(words, other).unwrap_or_default(),
    }
}

/// Things that both have, in another order.
pub(super) fn order(language: Language, steps: &[Step], first: &[String], second: &[String]) -> Difference {
    let words = language.catalogue();
    let of = what(language, steps);
    Difference {
        group: group(language, steps),
        what: words.say("diff.order", &[("what", &of)]),
        path: path_of(steps),
        first: Some(words.list(first)),
        second: Some(words.list(second)),
        change: None,
    }
}

/// The robots that fill a role.
pub(super) fn robot_of_role(language: Language, role: &str, first: String, second: String) -> Difference {
    Difference {
        group: heading(language, "conditions"),
        what: language.catalogue().say("diff.robot", &[("role", role)]),
        path: format!("roles[{role}]"),
        first: Some(first),
        second: Some(second),
        change: None,
    }
}

/// Differences as a person reads them, group by group.
pub(super) fn text(found: &Differences, language: Language) -> String {
    let words = language.catalogue();
    let mut text = format!("1: {}\n2: {}\n", found.first, found.second);
    let mut group = "";
    for one in &found.differences {
        if one.group != group {
            group = &one.group;
            text.push_str(&format!("\n{group}\n"));
        }
        text.push_str(&format!("  {}\n", words.tidy(&line(words, one))));
    }
    text.push('\n');
    for note in &found.notes {
        text.push_str(&format!("{note}\n"));
    }
    let count = found.differences.len().to_string();
    let last = match found.differences.len() {
        0 => words.say("diff.none", &[]),
        1 => words.say("diff.one", &[]),
        _ => words.say("diff.count", &[("count", &count)]),
    };
    text + &last + "\n"
}

fn line(words: &Catalogue, one: &Difference) -> String {
    let change = one.change.map(|part| percent(part * 100.0));
    let values = [
        ("what", one.what.as_str()),
        ("first", one.first.as_deref().unwrap_or("")),
        ("second", one.second.as_deref().unwrap_or("")),
        ("change", change.as_deref().unwrap_or("")),
    ];
    let key = match (&one.first, &one.second, &change) {
        (Some(_), Some(_), Some(change)) if !change.is_empty() => "diff.changed.relative",
        (Some(_), Some(_), _) => "diff.changed",
        (Some(_), None, _) => "diff.first",
        (None, _, _) => "diff.second",
    };
    words.say(key, &values)
}

/// A change in per cent with its sign, to three digits; empty where that says nothing.
fn percent(change: f64) -> String {
    if change == 0.0 || !change.is_finite() || change.abs() > 1e4 {
        return String::new();
    }
    let digits = match change.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        _ => 2,
    };
    let number = format!("{:.digits$}", change.abs());
    let number =
        if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { &number };
    if number == "0" {
        return String::new();
    }
    format!("{}{number} %", if change > 0.0 { "+" } else { "−" })
}
