//! The reference of the files that people write, as Markdown made from their schemas.

use crate::examples::{self, Examples};
use crate::schema;
use crate::text::or_list;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::fmt::Write;
use trocar_signal::{AnyQuantity, unit};

const HEAD: &str = "# File reference\n\n\
    Made from the structures that read the files; `trocar schema` gives the same as JSON Schema.\n\n\
    Files are TOML. A quantity is a text of a number, a space and a unit: `\"0.5 mm\"`, `\"12 deg/s\"`, `\"100 %\"`. \
    A value marked ° may also stand with what is behind it: `{ value = \"0.5 mm\", source = \"KEY\", standing = \
    \"identified\" }`, where KEY is one of the file's `[sources]`; otherwise it has those of its section. \
    Paths of files start at the project's root, the nearest folder upwards with `trocar.toml`; `trocar:` before a path \
    takes the file that is built in.\n\n\
    Examples are from the files that ship, where one of them has the key.\n";

/// The reference of robot, instrument, person, scene, scenario and mapping files.
#[must_use]
pub fn markdown() -> String {
    let mut text = HEAD.to_owned();
    let mut seen = BTreeSet::new();
    let examples = examples::of_library();
    for (name, root) in schema::schemas() {
        let mut writer = Writer { root, examples: &examples, waiting: Vec::new(), text: String::new() };
        let title = format!("{}{} files", name[..1].to_uppercase(), &name[1..]);
        writer.section(&format!("\n## {title}\n"), root, name);
        while let Some(definition) = take_first(&mut writer.waiting) {
            if seen.insert(definition.clone())
                && let Some(schema) = definition_of(root, &definition)
            {
                let heading = format!("\n### {}\n", heading(&definition, schema));
                writer.section(&heading, schema, &definition);
            }
        }
        text.push_str(&writer.text);
    }
    text.push_str("\n## Units\n\n| unit | measures |\n|---|---|\n");
    for (symbol, dimension) in unit::symbols() {
        let measures = dimension.name();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{symbol}` | {measures} |");
    }
    text.push_str("\nUnits multiply with a space and divide with one `/`: `N m`, `kg m^2`, `N m s/rad`.\n");
    text
}

/// How deep an example that is made up goes into tables.
const MAX_NESTING: usize = 3;

fn take_first(waiting: &mut Vec<String>) -> Option<String> {
    if waiting.is_empty() { None } else { Some(waiting.remove(0)) }
}

struct Writer<'a> {
    root: &'a Json,
    examples: &'a Examples,
    /// Definitions that were named and have no section yet.
    waiting: Vec<String>,
    text: String,
}

impl Writer<'_> {
    /// A table with its keys; `name` is that of its definition.
    fn section(&mut self, heading: &str, schema: &Json, name: &str) {
        self.text.push_str(heading);
        let _ = write!(self.text, "\n{}\n", description(schema));
        match alternatives(schema) {
            Some(choice) => {
                for one in choice {
                    self.alternative(one, name);
                }
            }
            None => self.table(schema, None, name),
        }
        let words = explained_words(schema);
        if !words.is_empty() {
            self.text.push('\n');
        }
        for (word, meaning) in words {
            let _ = writeln!(self.text, "- `{word}`: {meaning}");
        }
    }

    /// One kind of a table that comes in several.
    fn alternative(&mut self, schema: &Json, name: &str) {
        let tag = properties(schema).find_map(|(key, property)| {
            property.get("const").and_then(Json::as_str).map(|word| (key.clone(), word.to_owned()))
        });
        let Some((tag, word)) = tag else { return };
        let name = examples::alternative(name, &word);
        let _ = write!(self.text, "\n**`{tag} = \"{word}\"`** {}\n", description(schema));
        self.table(schema, Some(&tag), &name);
    }

    fn table(&mut self, schema: &Json, tag: Option<&str>, name: &str) {
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let mut rows: Vec<(&String, &Json)> =
            properties(schema).filter(|(key, _)| Some(key.as_str()) != tag).collect();
        // What must stand there first; sorted by name otherwise.
        rows.sort_by_key(|(key, _)| !required.contains(&key.as_str()));
        if rows.is_empty() {
            return;
        }
        self.text.push_str("\n| key | holds | without it | meaning | e.g. |\n|---|---|---|---|---|\n");
        for (key, property) in rows {
            let holds = self.holds(property);
            let without = match property.get("default") {
                _ if required.contains(&key.as_str()) => "needed".to_owned(),
                None | Some(Json::Null) => "–".to_owned(),
                Some(Json::Array(items)) if items.is_empty() => "none".to_owned(),
                Some(Json::Object(table)) if table.is_empty() => "none".to_owned(),
                Some(Json::String(text)) if text.is_empty() => "–".to_owned(),
                Some(value) => format!("`{}`", value.get("value").unwrap_or(value)),
            };
            let meaning = description(property).replace('|', "\\|");
            let example = match self.examples.get(&(name.to_owned(), key.clone())) {
                Some(example) => example.clone(),
                None => self.made_up(&self.with_its_words(property), MAX_NESTING),
            };
            let example = example.replace('|', "\\|");
            let _ = writeln!(self.text, "| `{key}` | {holds} | {without} | {meaning} | `{example}` |");
        }
    }

    /// What a property refers to, with the property's own description.
    fn with_its_words(&self, property: &Json) -> Json {
        let mut target = property;
        for _ in 0..MAX_NESTING {
            let first = || ["anyOf", "oneOf"].iter().find_map(|word| target.get(*word)?.get(0));
            let definition = reference_name(target).and_then(|name| definition_of(self.root, name));
            match definition.or_else(first) {
                Some(next) => target = next,
                None => break,
            }
        }
        if target.get("x-dimension").and_then(Json::as_str) != Some("any") {
            return property.clone();
        }
        serde_json::json!({ "x-dimension": "any", "description": description(property) })
    }

    /// An example where no shipped file has one: what the key's description gives, or what its type allows.
    fn made_up(&self, schema: &Json, nesting: usize) -> String {
        let says = description(schema);
        let quoted = says
            .split("e.g. ")
            .skip(1)
            .find_map(|rest| rest.trim_start().strip_prefix('`')?.split('`').next());
        let is_text = schema.get("type").and_then(Json::as_str) == Some("string");
        if let Some(example) = quoted {
            let is_value =
                example.starts_with(['"', '{', '[']) || example.starts_with(|c: char| c.is_ascii_digit());
            return if is_value || !is_text { example.to_owned() } else { format!("\"{example}\"") };
        }
        if let Some(word) = schema.get("const").or_else(|| schema.get("enum")?.get(0)) {
            return word.to_string();
        }
        if let Some(dimension) = schema.get("x-dimension") {
            // Of a quantity whose unit depends on what it is for, its own description may name the unit.
            if dimension == "any" {
                let is_unit = |word: &&str| AnyQuantity::parse(&format!("1 {word}")).is_ok();
                let unit = says.split('`').skip(1).step_by(2).find(is_unit);
                return unit.map_or("\"…\"".to_owned(), |unit| format!("\"1 {unit}\""));
            }
            let given = says.split_once("e.g. ").map(|(_, example)| example.trim_end_matches('.'));
            let first = given.map(|all| all.split(" or ").next().unwrap_or(all));
            return first.unwrap_or("\"…\"").to_owned();
        }
        if let Some(definition) = reference_name(schema).and_then(|name| definition_of(self.root, name)) {
            return self.made_up(definition, nesting.saturating_sub(1));
        }
        let choice = ["anyOf", "oneOf"].iter().find_map(|word| schema.get(*word)?.as_array());
        if let Some(first) = choice.and_then(|choice| choice.first()) {
            return self.made_up(first, nesting.saturating_sub(1));
        }
        let of_type = match schema.get("type") {
            Some(Json::Array(several)) => several.first().and_then(Json::as_str),
            Some(one) => one.as_str(),
            None => None,
        };
        match of_type {
            Some("boolean") => "true".to_owned(),
            Some("integer") => "3".to_owned(),
            Some("number") => "0.5".to_owned(),
            Some("array") if nesting > 0 => {
                let item =
                    schema.get("items").map_or_else(String::new, |item| self.made_up(item, nesting - 1));
                let count = schema.get("minItems").and_then(Json::as_u64).unwrap_or(1).max(1);
                let items: Vec<String> = (0..count).map(|_| item.clone()).collect();
                format!("[{}]", items.join(", "))
            }
            Some("object") if nesting > 0 => {
                let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
                let keys: Vec<String> = required
                    .filter_map(Json::as_str)
                    .filter_map(|key| {
                        let property = schema.get("properties")?.get(key)?;
                        Some(format!("{key} = {}", self.made_up(property, nesting - 1)))
                    })
                    .collect();
                match schema.get("additionalProperties") {
                    Some(more @ Json::Object(_)) => {
                        format!("{{ name = {} }}", self.made_up(more, nesting - 1))
                    }
                    _ if keys.is_empty() => "{ }".to_owned(),
                    _ => format!("{{ {} }}", keys.join(", ")),
                }
            }
            Some("string") => "\"…\"".to_owned(),
            _ => "…".to_owned(),
        }
    }

    /// What a value is, in words, with links to the sections of tables.
    fn holds(&mut self, schema: &Json) -> String {
        if let Some(name) = reference_name(schema) {
            return self.holds_definition(name);
        }
        if let Some(dimension) = schema.get("x-dimension").and_then(Json::as_str) {
            return if dimension == "any" { "quantity".to_owned() } else { dimension.to_owned() };
        }
        if let Some(word) = schema.get("const") {
            return format!("`{word}`");
        }
        if let Some(choice) = ["anyOf", "oneOf"].iter().find_map(|word| schema.get(*word)?.as_array()) {
            let words: Vec<String> = choice
                .iter()
                .filter(|one| one.get("type").and_then(Json::as_str) != Some("null"))
                .map(|one| self.holds(one))
                .collect();
            return words.join(" or ");
        }
        let types = match schema.get("type") {
            Some(Json::String(one)) => one.as_str(),
            Some(Json::Array(several)) => {
                several.iter().filter_map(Json::as_str).find(|t| *t != "null").unwrap_or("")
            }
            _ => "",
        };
        match types {
            "string" => "text".to_owned(),
            "integer" => "whole number".to_owned(),
            "number" => "number".to_owned(),
            "boolean" => "`true` or `false`".to_owned(),
            "array" => {
                let of = schema.get("items").map_or_else(String::new, |items| self.holds(items));
                let count = |word: &str| schema.get(word).and_then(Json::as_u64);
                match (count("minItems"), count("maxItems")) {
                    (Some(least), Some(most)) if least == most => format!("list of {least}: {of}"),
                    _ => format!("list: {of}"),
                }
            }
            "object" => match schema.get("additionalProperties") {
                Some(more @ Json::Object(_)) => format!("table: name to {}", self.holds(more)),
                _ => "table".to_owned(),
            },
            _ => "anything".to_owned(),
        }
    }

    fn holds_definition(&mut self, name: &str) -> String {
        let Some(schema) = definition_of(self.root, name) else { return name.to_owned() };
        if name.starts_with("Sourced") {
            let bare = schema.get("anyOf").and_then(|choice| choice.get(0));
            return format!("{}°", bare.map_or_else(String::new, |bare| self.holds(bare)));
        }
        let words = words_of(schema);
        let explained = words.len() > 1 && !explained_words(schema).is_empty();
        if !words.is_empty() && !explained {
            return or_list(words);
        }
        if !explained && properties(schema).next().is_none() && alternatives(schema).is_none() {
            return self.holds(schema);
        }
        if !self.waiting.iter().any(|other| other == name) {
            self.waiting.push(name.to_owned());
        }
        let heading = heading(name, schema);
        format!("[{}](#{})", heading.to_lowercase(), heading.to_lowercase().replace(' ', "-"))
    }
}

fn definition_of<'a>(root: &'a Json, name: &str) -> Option<&'a Json> {
    root.get("$defs")?.get(name)
}

fn reference_name(schema: &Json) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}

fn properties(schema: &Json) -> impl Iterator<Item = (&String, &Json)> {
    schema.get("properties").and_then(Json::as_object).into_iter().flatten()
}

/// The kinds of a table that comes in several.
fn alternatives(schema: &Json) -> Option<&Vec<Json>> {
    let choice = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    choice.iter().any(|one| properties(one).next().is_some()).then_some(choice)
}

/// The words of an enumeration.
fn words_of(schema: &Json) -> Vec<&str> {
    if let Some(words) = schema.get("enum").and_then(Json::as_array) {
        return words.iter().filter_map(Json::as_str).collect();
    }
    let choice = schema.get("oneOf").and_then(Json::as_array).into_iter().flatten();
    choice
        .filter_map(|one| one.get("const").or_else(|| one.get("enum")?.get(0)).and_then(Json::as_str))
        .collect()
}

/// The words of an enumeration whose words are explained, with their meanings.
fn explained_words(schema: &Json) -> Vec<(&str, String)> {
    let choice = schema.get("oneOf").and_then(Json::as_array).into_iter().flatten();
    choice
        .filter_map(|one| Some((one.get("const")?.as_str()?, description(one))))
        .filter(|(_, meaning)| !meaning.is_empty())
        .collect()
}

/// `x-name` without its article, or the structure's name in words.
fn heading(name: &str, schema: &Json) -> String {
    if let Some(name) = schema.get("x-name").and_then(Json::as_str) {
        let word = name.split_once(' ').map_or(name, |(_, word)| word);
        let mut chars = word.chars();
        return chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect();
    }
    let mut words = String::new();
    for (i, c) in name.strip_suffix("Config").unwrap_or(name).chars().enumerate() {
        if i > 0 && c.is_uppercase() {
            words.push(' ');
            words.extend(c.to_lowercase());
        } else {
            words.push(c);
        }
    }
    words
}

fn description(schema: &Json) -> String {
    let text = schema.get("description").and_then(Json::as_str).unwrap_or("");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_every_file_has_a_row_with_a_meaning() {
        let text = markdown();
        for (name, root) in schema::schemas() {
            for (key, property) in properties(root) {
                assert!(text.contains(&format!("| `{key}` |")), "{name}.{key}");
                let has = !description(property).is_empty() || reference_name(property).is_some();
                assert!(has, "{name}.{key} says nothing");
            }
        }
        for line in text.lines().filter(|line| line.starts_with("| `")) {
            assert!(!line.contains("|  |"), "no meaning: {line}");
            if line.matches(" | ").count() > 3 {
                assert!(!line.ends_with("| `` |"), "no example: {line}");
            }
        }
    }

    #[test]
    fn links_lead_to_headings() {
        let text = markdown();
        let headings: BTreeSet<String> = text
            .lines()
            .filter_map(|line| line.strip_prefix("### "))
            .map(|heading| heading.to_lowercase().replace(' ', "-"))
            .collect();
        let links: Vec<&str> = text.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        assert!(!links.is_empty());
        for link in links {
            assert!(headings.contains(link), "{link}");
        }
        let count = text.lines().filter(|line| line.starts_with("### ")).count();
        assert_eq!(count, headings.len(), "two sections of one name");
    }
}
