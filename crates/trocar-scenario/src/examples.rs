//! Examples of keys, taken from the files that ship: what stands there has been checked, and runs.

use crate::schema;
use crate::source::Files;
use crate::tree::{self, Node, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The longest example that a table has room for, in characters.
const LONGEST: usize = 60;

/// Table (the name of its definition, or of its kind of file) and key to what a shipped file says there.
pub(crate) type Examples = BTreeMap<(String, String), String>;

/// The name of one kind of a table that comes in several.
pub(crate) fn alternative(table: &str, kind: &str) -> String {
    format!("{table}/{kind}")
}

/// Every example of the built-in files; of several files the first in the order of their paths counts.
pub(crate) fn of_library() -> Examples {
    let mut examples = Examples::new();
    let files = Files::library();
    let schemas = schema::schemas();
    // Scenarios first: their words are those of methods.
    let mut addresses = files.list("").unwrap_or_default();
    addresses.sort_by_key(|address| {
        (!address.contains("/accuracy/"), !address.contains("scenarios/"), address.clone())
    });
    for address in addresses {
        let Some(tree) = files.read(&address).ok().and_then(|source| tree::parse(&source, 0).ok()) else {
            continue;
        };
        let kind = tree.get("kind").and_then(Node::as_text).unwrap_or("scenario").to_owned();
        if let Some((name, root)) = schemas.iter().find(|(name, _)| *name == kind) {
            Gatherer { root, examples: &mut examples }.node(&tree, root, name);
        }
    }
    examples
}

struct Gatherer<'a> {
    root: &'a Json,
    examples: &'a mut Examples,
}

impl<'a> Gatherer<'a> {
    /// The definition that a schema refers to, with its name.
    fn target(&self, schema: &'a Json, name: &str) -> (&'a Json, String) {
        let referred = schema.get("$ref").and_then(Json::as_str).and_then(|path| path.rsplit('/').next());
        match referred.and_then(|definition| Some((self.root.get("$defs")?.get(definition)?, definition))) {
            Some((found, definition)) => (found, definition.to_owned()),
            None => (schema, name.to_owned()),
        }
    }

    fn node(&mut self, node: &Node, schema: &'a Json, name: &str) {
        let (schema, name) = self.target(schema, name);
        for word in ["anyOf", "oneOf", "allOf"] {
            for one in schema.get(word).and_then(Json::as_array).into_iter().flatten() {
                if self.may_be(node, one) {
                    let mut constants = one.get("properties").and_then(Json::as_object).into_iter().flatten();
                    let tag = constants.find_map(|(_, property)| property.get("const")?.as_str());
                    let name = tag.map_or_else(|| name.clone(), |tag| alternative(&name, tag));
                    self.node(node, one, &name);
                }
            }
        }
        match &node.value {
            Value::Table(table) => {
                for (key, child) in table {
                    let property = schema.get("properties").and_then(|properties| properties.get(key));
                    if let Some(property) = property {
                        self.keep(&name, key, child);
                        self.node(child, property, &name);
                    } else if let Some(more @ Json::Object(_)) = schema.get("additionalProperties") {
                        self.node(child, more, &name);
                    }
                }
            }
            Value::List(items) => {
                if let Some(schema) = schema.get("items") {
                    items.iter().for_each(|item| self.node(item, schema, &name));
                }
            }
            _ => {}
        }
    }

    /// Whether a table can be this alternative: each key is one of its keys, and its tag is that of the table.
    fn may_be(&self, node: &Node, schema: &'a Json) -> bool {
        let (schema, _) = self.target(schema, "");
        let Some(table) = node.as_table() else { return true };
        let Some(properties) = schema.get("properties").and_then(Json::as_object) else { return true };
        table.iter().all(|(key, child)| {
            let constant = properties.get(key).and_then(|property| property.get("const")?.as_str());
            properties.contains_key(key) && constant.is_none_or(|word| child.as_text() == Some(word))
        })
    }

    fn keep(&mut self, table: &str, key: &str, node: &Node) {
        let text = node.to_toml().to_string();
        // What depends on the case is no example of what the key holds.
        if text.chars().count() > LONGEST || text.contains('\n') || text.contains('$') {
            return;
        }
        self.examples.entry((table.to_owned(), key.to_owned())).or_insert(text);
    }
}
