//! What a JSON Schema says of one value, with references followed and `allOf` merged.
//!
//! Only the keywords that schemars makes of Trocar's structures are read, and Trocar's own: `x-dimension` (what a
//! quantity measures) and `x-name` (what a person calls a table).

use crate::text::{or_list, with_article};
use crate::tree::{Node, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;
use trocar_signal::unit;

/// References are followed at most so often in a row: a schema that refers to itself without a table or list between
/// has no finite value.
const MAX_HOPS: usize = 16;

#[derive(Clone, Default)]
pub(super) struct Shape<'s> {
    /// Allowed types in the words of JSON Schema; empty: any.
    pub types: Vec<&'s str>,
    /// The only values allowed; empty: any.
    pub constants: Vec<&'s Json>,
    /// Alternatives still to choose from; each list is one choice.
    pub choices: Vec<Vec<&'s Json>>,
    pub properties: BTreeMap<&'s str, &'s Json>,
    pub required: Vec<&'s str>,
    /// Whether other keys than `properties` are refused.
    pub closed: bool,
    /// What other keys hold.
    pub additional: Option<&'s Json>,
    items: Option<&'s Json>,
    prefix_items: &'s [Json],
    pub min_items: Option<u64>,
    pub max_items: Option<u64>,
    pub minimum: Option<f64>,
    pub maximum: Option<f64>,
    pub above: Option<f64>,
    pub below: Option<f64>,
    format: Option<&'s str>,
    /// What a quantity measures, or `any`.
    pub dimension: Option<&'s str>,
    /// An example of such a quantity, in quotes.
    pub example: Option<&'s str>,
    /// What a person calls it: "a phase".
    pub name: Option<&'s str>,
}

impl<'s> Shape<'s> {
    /// Adds what `schema` says, of the document `root`.
    pub fn absorb(&mut self, root: &'s Json, schema: &'s Json) {
        self.absorb_within(root, schema, MAX_HOPS);
    }

    fn absorb_within(&mut self, root: &'s Json, schema: &'s Json, hops: usize) {
        let Some(object) = schema.as_object() else { return };
        if hops == 0 {
            return;
        }
        if let Some(target) = object.get("$ref").and_then(|reference| definition(root, reference)) {
            self.absorb_within(root, target, hops - 1);
        }
        for part in object.get("allOf").and_then(Json::as_array).into_iter().flatten() {
            self.absorb_within(root, part, hops - 1);
        }
        for word in ["anyOf", "oneOf"] {
            if let Some(choice) = object.get(word).and_then(Json::as_array) {
                let mut flat = Vec::new();
                flatten(root, choice, &mut flat, hops - 1);
                self.choices.push(flat);
            }
        }
        match object.get("type") {
            Some(Json::String(one)) => self.types = vec![one],
            Some(Json::Array(several)) => self.types = several.iter().filter_map(Json::as_str).collect(),
            _ => {}
        }
        if let Some(constant) = object.get("const") {
            self.constants = vec![constant];
        } else if let Some(several) = object.get("enum").and_then(Json::as_array) {
            self.constants = several.iter().filter(|one| !one.is_null()).collect();
        }
        for (key, property) in object.get("properties").and_then(Json::as_object).into_iter().flatten() {
            self.properties.insert(key, property);
        }
        self.required.extend(
            object.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str),
        );
        self.required.sort_unstable();
        self.required.dedup();
        for word in ["additionalProperties", "unevaluatedProperties"] {
            match object.get(word) {
                Some(Json::Bool(false)) => self.closed = true,
                Some(more @ Json::Object(_)) => self.additional = Some(more),
                _ => {}
            }
        }
        self.items = object.get("items").or(self.items);
        if let Some(prefix) = object.get("prefixItems").and_then(Json::as_array) {
            self.prefix_items = prefix;
        }
        let whole = |word: &str| object.get(word).and_then(Json::as_u64);
        self.min_items = whole("minItems").or(self.min_items);
        self.max_items = whole("maxItems").or(self.max_items);
        let number = |word: &str| object.get(word).and_then(Json::as_f64);
        self.minimum = number("minimum").or(self.minimum);
        self.maximum = number("maximum").or(self.maximum);
        self.above = number("exclusiveMinimum").or(self.above);
        self.below = number("exclusiveMaximum").or(self.below);
        let text = |word: &str| object.get(word).and_then(Json::as_str);
        self.format = text("format").or(self.format);
        self.name = text("x-name").or(self.name);
        if let Some(dimension) = text("x-dimension") {
            self.dimension = Some(dimension);
            let example =
                text("description").and_then(|all| all.split_once("e.g. ")).map(|(_, example)| example);
            self.example = example.map(|example| example.trim_end_matches('.'));
        }
    }

    /// What an item of a list follows.
    pub fn items_at(&self, index: usize) -> Option<&'s Json> {
        self.prefix_items.get(index).or(self.items)
    }

    /// Lowest and highest whole number that the Rust type behind the schema holds.
    pub fn whole_limits(&self) -> Option<(i64, i64)> {
        Some(match self.format? {
            "uint8" => (0, i64::from(u8::MAX)),
            "uint16" => (0, i64::from(u16::MAX)),
            "uint32" => (0, i64::from(u32::MAX)),
            "uint" | "uint64" => (0, i64::MAX),
            "int8" => (i64::from(i8::MIN), i64::from(i8::MAX)),
            "int16" => (i64::from(i16::MIN), i64::from(i16::MAX)),
            "int32" => (i64::from(i32::MIN), i64::from(i32::MAX)),
            _ => return None,
        })
    }

    /// A value that fits, so that what hangs on a mistake can be looked at; `None` where none can be thought of.
    pub fn placeholder(&self, root: &'s Json) -> Option<Value> {
        self.placeholder_within(root, MAX_HOPS)
    }

    fn placeholder_within(&self, root: &'s Json, hops: usize) -> Option<Value> {
        if hops == 0 {
            return None;
        }
        if let Some(constant) = self.constants.first() {
            return match constant {
                Json::String(word) => Some(Value::text(word)),
                Json::Bool(flag) => Some(Value::Boolean(*flag)),
                _ => constant.as_i64().map(Value::Integer),
            };
        }
        if let Some(dimension) = self.dimension {
            let symbol = unit::symbols().find(|(_, of)| of.name() == dimension).map(|(symbol, _)| symbol);
            return Some(match (self.example, symbol) {
                (Some(example), _) => Value::text(example.split('"').nth(1).unwrap_or("1 m")),
                (None, Some(symbol)) => Value::text(&format!("1 {symbol}")),
                (None, None) => Value::text("1 m"),
            });
        }
        if let Some(one) = self.choices.last().and_then(|choice| choice.first()) {
            let mut shape =
                Shape { choices: self.choices[..self.choices.len() - 1].to_vec(), ..self.clone() };
            shape.absorb(root, one);
            return shape.placeholder_within(root, hops - 1);
        }
        let least =
            trocar_math::max(self.minimum.unwrap_or(1.0), self.above.map_or(1.0, |above| above + 1.0));
        match *self.types.first()? {
            "string" => Some(Value::text("placeholder")),
            #[expect(clippy::cast_possible_truncation, reason = "limits of numbers are far below 2^53")]
            "integer" => Some(Value::Integer(least as i64)),
            "number" => Some(Value::Float(least)),
            "boolean" => Some(Value::Boolean(false)),
            "array" => {
                let count = usize::try_from(self.min_items.unwrap_or(0)).ok()?;
                let items = (0..count).map(|index| {
                    let mut shape = Shape::default();
                    shape.absorb(root, self.items_at(index)?);
                    Some(Node::placeholder(shape.placeholder_within(root, hops - 1)?))
                });
                items.collect::<Option<Vec<Node>>>().map(Value::List)
            }
            "object" => {
                let keys = self.required.iter().map(|key| {
                    let mut shape = Shape::default();
                    shape.absorb(root, self.properties.get(key)?);
                    let value = shape.placeholder_within(root, hops - 1)?;
                    Some(((*key).to_owned(), Node::placeholder(value)))
                });
                keys.collect::<Option<BTreeMap<String, Node>>>().map(Value::Table)
            }
            _ => None,
        }
    }

    /// What is meant, in words: "a length", "a whole number", "`a` or `b`".
    pub fn meaning(&self) -> String {
        if !self.constants.is_empty() {
            let words: Vec<String> = self
                .constants
                .iter()
                .map(|constant| constant.as_str().map_or_else(|| constant.to_string(), str::to_owned))
                .collect();
            return or_list(words.iter().map(String::as_str));
        }
        if let Some(dimension) = self.dimension {
            return with_article(if dimension == "any" { "quantity" } else { dimension });
        }
        if let Some(name) = self.name {
            return name.to_owned();
        }
        let words: Vec<&str> = self
            .types
            .iter()
            .filter_map(|word| match *word {
                "string" => Some("a text"),
                "integer" => Some("a whole number"),
                "number" => Some("a number"),
                "boolean" => Some("true or false"),
                "array" => Some("a list"),
                "object" => Some("a table"),
                _ => None,
            })
            .collect();
        if words.is_empty() { "something else".to_owned() } else { words.join(" or ") }
    }
}

fn definition<'s>(root: &'s Json, reference: &Json) -> Option<&'s Json> {
    root.pointer(reference.as_str()?.strip_prefix('#')?)
}

/// Alternatives with nested ones taken apart and `null`, which TOML lacks, left out.
fn flatten<'s>(root: &'s Json, choice: &'s [Json], flat: &mut Vec<&'s Json>, hops: usize) {
    for one in choice {
        let mut target = one;
        for _ in 0..hops {
            match target.get("$ref").and_then(|reference| definition(root, reference)) {
                Some(next) if target.get("properties").is_none() => target = next,
                _ => break,
            }
        }
        let nested = ["anyOf", "oneOf"].iter().find_map(|word| target.get(*word)).and_then(Json::as_array);
        let plain = target.get("properties").is_none() && target.get("type").is_none();
        match nested {
            Some(nested) if plain && hops > 0 => flatten(root, nested, flat, hops - 1),
            _ if target.get("type").and_then(Json::as_str) == Some("null") => {}
            _ => flat.push(one),
        }
    }
}

fn shape_of<'s>(root: &'s Json, schema: &'s Json) -> Shape<'s> {
    let mut shape = Shape::default();
    shape.absorb(root, schema);
    shape
}

/// Whether a value of this type may follow the schema at all.
pub(super) fn accepts<'s>(root: &'s Json, schema: &'s Json, value: &Value) -> bool {
    let shape = shape_of(root, schema);
    let type_fits = shape.types.is_empty() || shape.types.iter().any(|word| type_fits(word, value));
    let constant_fits = shape.constants.is_empty()
        || shape.constants.iter().any(|constant| match constant {
            Json::String(_) => matches!(value, Value::Text { .. }),
            Json::Number(_) => matches!(value, Value::Integer(_) | Value::Float(_)),
            Json::Bool(_) => matches!(value, Value::Boolean(_)),
            _ => false,
        });
    type_fits && constant_fits
}

/// Whether a value is of a type in the words of JSON Schema.
pub(super) fn type_fits(word: &str, value: &Value) -> bool {
    match value {
        Value::Text { .. } => word == "string",
        Value::Integer(_) => matches!(word, "integer" | "number"),
        Value::Float(_) => word == "number",
        Value::Boolean(_) => word == "boolean",
        Value::DateTime(_) => false,
        Value::List(_) => word == "array",
        Value::Table(_) => word == "object",
    }
}

/// What an alternative means, in words.
pub(super) fn meaning<'s>(root: &'s Json, schema: &'s Json) -> String {
    let shape = shape_of(root, schema);
    match shape.types.as_slice() {
        ["object"] if shape.name.is_none() && !shape.properties.is_empty() => {
            let keys: Vec<&str> = shape.properties.keys().copied().collect();
            format!("a table with {}", keys.join(", "))
        }
        _ => shape.meaning(),
    }
}

/// An example of the quantity that an alternative means, in quotes.
pub(super) fn quantity_example<'s>(root: &'s Json, schema: &'s Json) -> Option<&'s str> {
    let shape = shape_of(root, schema);
    shape.dimension.and(shape.example)
}

/// A value that fits an alternative or a key.
pub(super) fn placeholder<'s>(root: &'s Json, schema: &'s Json) -> Option<Value> {
    shape_of(root, schema).placeholder(root)
}

/// The one value that an alternative allows, if it allows one only.
pub(super) fn constant<'s>(root: &'s Json, schema: &'s Json) -> Option<&'s Json> {
    match shape_of(root, schema).constants.as_slice() {
        [one] => Some(*one),
        _ => None,
    }
}

/// The key whose value tells the alternatives apart: each has it, with a word of its own.
pub(super) fn tag<'s>(root: &'s Json, choice: &[&'s Json]) -> Option<&'s str> {
    let shapes: Vec<Shape<'s>> = choice.iter().map(|one| shape_of(root, one)).collect();
    let tables: Vec<&Shape<'s>> = shapes.iter().filter(|shape| !shape.properties.is_empty()).collect();
    let first = tables.first().filter(|_| tables.len() == choice.len())?;
    let is_tag = |key: &&str| {
        tables.iter().all(|shape| {
            let property = shape.properties.get(key);
            shape.required.contains(key)
                && property.is_some_and(|property| constant(root, property).is_some_and(Json::is_string))
        })
    };
    first.properties.keys().copied().find(is_tag)
}

/// The word of the tag in one alternative.
pub(super) fn tag_value<'s>(root: &'s Json, schema: &'s Json, tag: &str) -> Option<&'s str> {
    shape_of(root, schema).properties.get(tag).and_then(|property| constant(root, property)?.as_str())
}

/// The first sentence of a property's description, of the property itself before that of its type.
pub(super) fn first_sentence<'s>(root: &'s Json, schema: &'s Json) -> Option<String> {
    let of_type = || definition(root, schema.get("$ref")?)?.get("description");
    let text = schema.get("description").or_else(of_type)?.as_str()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let ends = |word: &&str| word.ends_with('.') && !matches!(*word, "e.g." | "i.e.");
    let length = words.iter().position(ends).map_or(words.len(), |last| last + 1);
    Some(words.get(..length)?.join(" "))
}
