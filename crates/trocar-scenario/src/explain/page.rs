//! An explanation as sections of numbered sentences, and what is read from a file's tables on the way.

use super::catalogue::{Catalogue, Language};
use serde_json::{Map, Value as Json, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A file in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the file is called.
    pub title: String,
    /// Its path, and what quotes it.
    pub file: String,
    /// Its sections, none of them empty.
    pub sections: Vec<Section>,
}

/// A part of an explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub heading: String,
    /// Its sentences.
    pub sentences: Vec<String>,
}

impl Explanation {
    /// As a person reads it, every sentence with its number.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n", self.title, self.file);
        for (number, section) in self.sections.iter().enumerate() {
            text.push_str(&format!("\n{} {}\n", number + 1, section.heading));
            for (place, sentence) in section.sentences.iter().enumerate() {
                text.push_str(&format!("{}.{} {sentence}\n", number + 1, place + 1));
            }
        }
        text
    }

    /// The same as JSON.
    #[must_use]
    pub fn to_json(&self) -> Json {
        let sections: Vec<Json> = self
            .sections
            .iter()
            .map(|section| json!({ "heading": section.heading, "sentences": section.sentences }))
            .collect();
        json!({ "title": self.title, "file": self.file, "sections": sections })
    }
}

/// An explanation that is being written.
pub(crate) struct Page {
    pub words: &'static Catalogue,
    sections: Vec<Section>,
    /// The names of `[for_each]`.
    pub bound: Vec<String>,
}

impl Page {
    pub fn new(language: Language) -> Page {
        Page { words: language.catalogue(), sections: Vec::new(), bound: Vec::new() }
    }

    /// A text in which what stands for several things in turn is put in brackets: `$joint` gives [joint].
    fn in_turn(&self, text: &str) -> String {
        let mut rest = text;
        let mut said = String::new();
        while let Some((before, after)) = rest.split_once('$') {
            let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
            let end = after.find(|c| !is_of_name(c)).unwrap_or(after.len());
            let name = after[..end].trim_end_matches('.');
            let known = self.bound.iter().any(|bound| name.split('.').next() == Some(bound));
            said.push_str(before);
            if known {
                said.extend(["[", name, "]"]);
            } else {
                said.extend(["$", name]);
            }
            rest = &after[name.len()..];
        }
        said + rest
    }

    /// Begins a section.
    pub fn section(&mut self, name: &str) {
        let heading = self.words.say(&format!("heading.{name}"), &[]);
        self.sections.push(Section { heading, sentences: Vec::new() });
    }

    pub fn say(&mut self, key: &str, values: &[(&str, &str)]) {
        let sentence = self.words.say(key, values);
        self.push(sentence);
    }

    pub fn push(&mut self, sentence: String) {
        let mut sentence = self.words.tidy(&self.in_turn(&sentence));
        // A sentence begins with a capital, unless a name stands there.
        let is_word = sentence.split(' ').next().is_some_and(|word| word.chars().all(char::is_alphabetic));
        if is_word
            && self.words.language() == Language::English
            && LEAD.iter().any(|w| sentence.starts_with(w))
        {
            sentence[..1].make_ascii_uppercase();
        }
        if let Some(section) = self.sections.last_mut() {
            section.sentences.push(sentence);
        }
    }

    /// Whatever a table says that nothing has asked for: shown as it stands, so that no key is passed over.
    pub fn rest(&mut self, table: &Table<'_>) {
        for (key, value) in table.rest() {
            let path = if table.path.is_empty() { key.to_owned() } else { format!("{}.{key}", table.path) };
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            self.say("other", &[("key", &path), ("value", &value)]);
        }
    }

    pub fn finish(self, title: &str, file: &str) -> Explanation {
        let title = self.in_turn(title);
        let sections = self.sections.into_iter().filter(|section| !section.sentences.is_empty()).collect();
        Explanation { title, file: file.to_owned(), sections }
    }
}

/// Words of the catalogue that may begin a sentence in small letters.
const LEAD: [&str; 2] = ["the ", "a "];

/// A table of a file, which remembers what was asked of it.
pub(crate) struct Table<'a> {
    map: Option<&'a Map<String, Json>>,
    /// Its key path, as messages show it.
    pub path: String,
    asked: RefCell<BTreeSet<String>>,
}

impl<'a> Table<'a> {
    pub fn new(json: &'a Json, path: &str) -> Table<'a> {
        Table { map: json.as_object(), path: path.to_owned(), asked: RefCell::default() }
    }

    pub fn get(&self, key: &str) -> Option<&'a Json> {
        self.asked.borrow_mut().insert(key.to_owned());
        self.map?.get(key)
    }

    pub fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// A table below; an empty one where there is none.
    pub fn table(&self, key: &str) -> Table<'a> {
        let path = if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) };
        Table { map: self.get(key).and_then(Json::as_object), path, asked: RefCell::default() }
    }

    /// The tables of a list.
    pub fn tables(&self, key: &str) -> Vec<Table<'a>> {
        let items = self.get(key).and_then(Json::as_array);
        let items = items.into_iter().flatten().enumerate();
        items.map(|(place, item)| Table::new(item, &format!("{}[{place}]", self.below(key)))).collect()
    }

    /// The tables of a table, by name.
    pub fn tables_by_name(&self, key: &str) -> Vec<(String, Table<'a>)> {
        let table = self.table(key);
        table.names().into_iter().map(|name| (name.to_owned(), table.table(name))).collect()
    }

    /// The texts of a list.
    pub fn texts(&self, key: &str) -> Vec<&'a str> {
        self.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
    }

    /// The names of a table's own keys, all of them asked for.
    pub fn names(&self) -> Vec<&'a str> {
        let names: Vec<&str> = self.map.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        self.asked.borrow_mut().extend(names.iter().map(|name| (*name).to_owned()));
        names
    }

    pub fn is_empty(&self) -> bool {
        self.map.is_none_or(Map::is_empty)
    }

    /// A quantity, a number or a word, as a person reads it; with its source and standing where the file gives them.
    pub fn quantity(&self, words: &Catalogue, key: &str) -> Option<String> {
        quantity(words, self.get(key)?)
    }

    /// Three quantities: x, y, z.
    pub fn vector(&self, words: &Catalogue, key: &str) -> Option<[String; 3]> {
        let items = self.get(key)?.as_array()?;
        let said: Vec<String> = items.iter().filter_map(|item| quantity(words, item)).collect();
        said.try_into().ok()
    }

    fn below(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn rest(&self) -> Vec<(&'a str, &'a Json)> {
        let asked = self.asked.borrow();
        let keys = self.map.into_iter().flatten();
        keys.filter(|(key, _)| !asked.contains(*key)).map(|(key, value)| (key.as_str(), value)).collect()
    }
}

pub(crate) fn quantity(words: &Catalogue, json: &Json) -> Option<String> {
    match json {
        Json::String(text) => Some(spelt(text)),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Object(table) => {
            let value = quantity(words, table.get("value")?)?;
            let text = |key: &str| table.get(key).and_then(Json::as_str);
            let standing = text("standing").map(|standing| words.say(&format!("standing.{standing}"), &[]));
            Some(match (standing, text("source")) {
                (Some(standing), Some(source)) => words
                    .say("sourced.source", &[("value", &value), ("standing", &standing), ("source", source)]),
                (Some(standing), None) => words.say("sourced", &[("value", &value), ("standing", &standing)]),
                (None, Some(source)) => words.say("sourced.only", &[("value", &value), ("source", source)]),
                (None, None) => value,
            })
        }
        _ => None,
    }
}

/// A quantity with the signs that print has and keyboards lack: `15 um` gives 15 µm, `-8 deg` gives −8°.
pub(crate) fn spelt(text: &str) -> String {
    let Some((number, unit)) = text.trim().split_once(' ') else { return text.to_owned() };
    if number.parse::<f64>().is_err() {
        return text.to_owned();
    }
    let number = number.replacen('-', "−", 1);
    let unit = unit.trim();
    let unit = match unit {
        "deg" => return format!("{number}°"),
        _ => unit.replace("um", "µm").replace("us", "µs").replace("deg", "°").replace("^2", "²"),
    };
    format!("{number} {unit}")
}
