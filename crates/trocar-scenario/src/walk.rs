//! Pass one over a file: its tree against the JSON Schema of the structure that serde will read.
//!
//! serde stops at its first mistake and forgets places inside tagged enums; this walk finds every mistake with its
//! bytes. What passes here must not fail in serde; where it does, `load` reports an internal error.

mod shape;

use crate::source::SourceFile;
use crate::text::{join_key, nearest, quoted, with_article};
use crate::tree::{Node, NodeId, Value};
use serde_json::Value as Json;
use shape::Shape;
use std::collections::BTreeMap;
use std::ops::Range;
use trocar_signal::quantity::QuantityError;
use trocar_signal::{AnyQuantity, Diagnostic, unit};

/// Every mistake in `tree` against `schema`. A `partial` file may lack keys at its root.
pub(crate) fn walk(tree: &Node, schema: &Json, sources: &[SourceFile], partial: bool) -> Vec<Diagnostic> {
    walk_with_fixes(tree, schema, sources, partial).into_iter().map(|(diagnostic, _)| diagnostic).collect()
}

/// The same, each mistake with what would let a reader go on.
pub(crate) fn walk_with_fixes(
    tree: &Node,
    schema: &Json,
    sources: &[SourceFile],
    partial: bool,
) -> Vec<(Diagnostic, Fix)> {
    let mut walker = Walker { schema, sources, partial, found: Vec::new() };
    walker.node(tree, schema, "");
    walker.found
}

/// What to put in the place of a mistake so that the passes behind this one have something to look at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fix {
    /// Nothing is known; whoever reads on has to leave the whole out.
    None,
    /// The value goes under another key.
    Rename(NodeId, String),
    /// The key is left out.
    Remove(NodeId),
    /// Another value. What was meant is known (a slip of the keyboard), or not.
    Replace(NodeId, Value, Meant),
    /// A key that the table lacks.
    Insert(NodeId, String, Value),
}

/// Whether what stands in the place of a mistake is most likely what was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    Guessed,
    Unknown,
}

struct Walker<'a> {
    schema: &'a Json,
    sources: &'a [SourceFile],
    partial: bool,
    found: Vec<(Diagnostic, Fix)>,
}

impl<'a> Walker<'a> {
    fn node(&mut self, node: &Node, schema: &'a Json, path: &str) {
        let mut shape = Shape::default();
        shape.absorb(self.schema, schema);
        self.shape(node, shape, path);
    }

    /// Checks a node; where the schema leaves a choice, makes it first.
    fn shape(&mut self, node: &Node, mut shape: Shape<'a>, path: &str) {
        while let Some(choice) = shape.choices.pop() {
            if choice.iter().all(|one| shape::constant(self.schema, one).is_some()) {
                shape.constants = choice.iter().filter_map(|one| shape::constant(self.schema, one)).collect();
                continue;
            }
            if let (Some(tag), Some(table)) = (shape::tag(self.schema, &choice), node.as_table()) {
                let Some(chosen) = self.tagged(node, table, &choice, tag, &shape, path) else { return };
                shape.absorb(self.schema, chosen);
                continue;
            }
            if let [only] = choice.as_slice() {
                shape.absorb(self.schema, only);
                continue;
            }
            let fitting: Vec<&Json> =
                choice.iter().copied().filter(|one| shape::accepts(self.schema, one, &node.value)).collect();
            match fitting.as_slice() {
                [] => {
                    let meant: Vec<String> =
                        choice.iter().map(|one| shape::meaning(self.schema, one)).collect();
                    let hint = match choice.iter().find_map(|one| shape::quantity_example(self.schema, one)) {
                        Some(example) if node.value.is_number() => with_unit(Some(example)),
                        _ => String::new(),
                    };
                    let instead = choice.first().and_then(|one| shape::placeholder(self.schema, one));
                    return self.wrong_type(node, &meant.join(", or "), path, &hint, instead);
                }
                [one] => shape.absorb(self.schema, one),
                several => return self.best_of(node, &shape, several, path),
            }
        }
        self.settled(node, &shape, path);
    }

    /// Of several alternatives that a value of this type may follow, the one with the fewest mistakes.
    fn best_of(&mut self, node: &Node, shape: &Shape<'a>, choice: &[&'a Json], path: &str) {
        let mut best: Option<Vec<(Diagnostic, Fix)>> = None;
        for one in choice {
            let mut attempt = Walker { found: Vec::new(), ..*self };
            let mut shape = shape.clone();
            shape.absorb(self.schema, one);
            attempt.shape(node, shape, path);
            if attempt.found.is_empty() {
                return;
            }
            // A word that is none of the words allowed is the lesser hint beside a quantity that cannot be read.
            let of_word = |list: &[(Diagnostic, Fix)]| list.iter().any(|(d, _)| d.code == "unknown-value");
            let better = best.as_ref().is_none_or(|best| {
                (of_word(&attempt.found), attempt.found.len()) < (of_word(best), best.len())
            });
            if better {
                best = Some(attempt.found);
            }
        }
        let meant: Vec<String> = choice.iter().map(|one| shape::meaning(self.schema, one)).collect();
        let note = format!("possible here: {}", meant.join(", or "));
        let best = best.unwrap_or_default().into_iter();
        self.found.extend(best.map(|(diagnostic, fix)| (diagnostic.note(note.clone()), fix)));
    }

    fn tagged(
        &mut self,
        node: &Node,
        table: &BTreeMap<String, Node>,
        choice: &[&'a Json],
        tag: &'a str,
        shape: &Shape<'a>,
        path: &str,
    ) -> Option<&'a Json> {
        let words: Vec<&'a str> =
            choice.iter().filter_map(|one| shape::tag_value(self.schema, one, tag)).collect();
        let whose = table_name(shape, path);
        match table.get(tag) {
            None => {
                let strangers = table.iter().filter(|(key, _)| key.as_str() != tag);
                let near = nearest(tag, strangers.clone().map(|(key, _)| key.as_str()));
                let note = format!("`{tag}` is one of: {}", words.join(", "));
                let (diagnostic, fix) =
                    match strangers.into_iter().find(|(key, _)| near == Some(key.as_str())) {
                        Some((key, value)) => {
                            let title = format!("{whose} has no key `{}`", quoted(key));
                            let hint = format!("did you mean `{tag}`?");
                            let diagnostic = Diagnostic::error("unknown-key", title);
                            (
                                self.at(diagnostic, value, self.label_range(value), &hint),
                                Fix::Rename(value.id(), tag.to_owned()),
                            )
                        }
                        None => {
                            let diagnostic =
                                Diagnostic::error("missing-key", format!("{whose} needs `{tag}`"));
                            (self.at(diagnostic, node, self.label_range(node), ""), Fix::None)
                        }
                    };
                self.found.push((diagnostic.note(note), fix));
                None
            }
            Some(value) => {
                let Some(text) = value.as_text() else {
                    self.wrong_type(value, "a text", &join_key(path, tag), "", None);
                    return None;
                };
                let chosen = choice.iter().find(|one| shape::tag_value(self.schema, one, tag) == Some(text));
                if chosen.is_none() {
                    let title = format!("{whose} has no {tag} `{}`", quoted(text));
                    self.unknown_word(value, title, text, &words, tag);
                }
                chosen.copied()
            }
        }
    }

    fn settled(&mut self, node: &Node, shape: &Shape<'a>, path: &str) {
        if !shape.constants.is_empty() {
            return self.constant(node, shape, path);
        }
        if !shape.types.is_empty() && !shape.types.iter().any(|t| shape::type_fits(t, &node.value)) {
            let is_list = shape.types == ["array"];
            let hint = match &node.value {
                value if shape.dimension.is_some() && value.is_number() => with_unit(shape.example),
                Value::Table(_) if is_list => format!("each of them begins with `[[{}]]`", last_key(path)),
                Value::Text { text, .. } if is_list && text.contains(' ') => {
                    let words: Vec<String> =
                        text.split_whitespace().map(|word| format!("{word:?}")).collect();
                    format!("write [{}], or [{text:?}] if it is one", words.join(", "))
                }
                Value::Text { text, .. } if is_list => format!("write [{text:?}]"),
                _ => String::new(),
            };
            // One where a list is meant is a list of one.
            let instead = match &node.value {
                Value::Table(_) | Value::Text { .. } if is_list => Some(Value::List(vec![node.clone()])),
                _ => shape.placeholder(self.schema),
            };
            return self.wrong_type(node, &shape.meaning(), path, &hint, instead);
        }
        match &node.value {
            Value::Text { text, .. } => {
                if let Some(dimension) = shape.dimension {
                    self.quantity(node, text, dimension, shape);
                }
            }
            Value::Integer(number) => self.whole_number(node, *number, shape, path),
            Value::Float(number) => self.number(node, *number, shape, path),
            Value::List(items) => self.list(node, items, shape, path),
            Value::Table(table) => self.table(node, table, shape, path),
            Value::Boolean(_) | Value::DateTime(_) => {}
        }
    }

    fn constant(&mut self, node: &Node, shape: &Shape<'a>, path: &str) {
        let fits = |constant: &&Json| match (&node.value, constant) {
            (Value::Text { text, .. }, Json::String(meant)) => text == meant,
            (Value::Integer(number), Json::Number(meant)) => meant.as_i64() == Some(*number),
            (Value::Boolean(flag), Json::Bool(meant)) => flag == meant,
            _ => false,
        };
        if shape.constants.iter().any(fits) {
            return;
        }
        let words: Vec<&str> = shape.constants.iter().filter_map(|constant| constant.as_str()).collect();
        match &node.value {
            Value::Text { text, .. } if !words.is_empty() => {
                let title = format!("`{}` is no value of `{}`", quoted(text), last_key(path));
                self.unknown_word(node, title, text, &words, last_key(path));
            }
            _ => self.wrong_type(node, &shape.meaning(), path, "", shape.placeholder(self.schema)),
        }
    }

    fn unknown_word(&mut self, node: &Node, title: String, text: &str, words: &[&str], of: &str) {
        let guess = nearest(text, words.iter().copied());
        let hint = guess.map_or_else(String::new, |word| format!("did you mean `{word}`?"));
        let diagnostic = self.at(Diagnostic::error("unknown-value", title), node, node.range.clone(), &hint);
        let diagnostic = diagnostic.note(format!("`{of}` is one of: {}", words.join(", ")));
        let fix = match guess {
            Some(word) => Fix::Replace(node.id(), Value::text(word), Meant::Guessed),
            // Another kind of thing has other keys: nothing of it could be checked.
            None if of == "kind" || of == "pattern" => Fix::None,
            None => words
                .first()
                .map_or(Fix::None, |word| Fix::Replace(node.id(), Value::text(word), Meant::Unknown)),
        };
        self.found.push((diagnostic, fix));
    }

    fn wrong_type(&mut self, node: &Node, meant: &str, path: &str, hint: &str, instead: Option<Value>) {
        let title = match last_key(path) {
            "" => format!("{meant} is meant here, and this is {}", node.value.word()),
            key => format!("`{key}` is meant to be {meant}, and this is {}", node.value.word()),
        };
        let diagnostic = self.at(Diagnostic::error("wrong-type", title), node, node.range.clone(), hint);
        let fix = instead.map_or(Fix::None, |value| Fix::Replace(node.id(), value, Meant::Unknown));
        self.found.push((diagnostic, fix));
    }

    fn quantity(&mut self, node: &Node, text: &str, dimension: &str, shape: &Shape<'a>) {
        let example = shape.example;
        let mut instead = shape.placeholder(self.schema);
        // The number may be right and its unit wrong.
        let number =
            text.split_whitespace().next().filter(|word| word.parse::<f64>().is_ok_and(f64::is_finite));
        let unit = example.and_then(|example| example.split('"').nth(1)?.split_once(' '));
        if let (Some(number), Some((_, unit))) = (number, unit) {
            // A guess must not cause a mistake of its own: a number of kHz is soon faster than the scene's steps.
            let unit = if unit == "kHz" { "Hz" } else { unit };
            instead = Some(Value::text(&format!("{number} {unit}")));
        }
        let meant = if dimension == "any" { "quantity" } else { dimension };
        let place = |range: Range<usize>| node.inside(range);
        let diagnostic = match AnyQuantity::parse(text) {
            Ok(quantity) => {
                let is = quantity.dimension.name();
                if dimension == "any" || is == dimension {
                    return;
                }
                let title = format!("{} is meant, and this is {}", with_article(meant), with_article(&is));
                self.at(Diagnostic::error("wrong-dimension", title), node, place(0..text.len()), &is)
            }
            Err(QuantityError::Number { text: word, range }) => {
                let title = match word.is_empty() {
                    true => format!("{} is meant, and this text is empty", with_article(meant)),
                    false => {
                        format!("{} is meant, and `{}` is not a number", with_article(meant), quoted(&word))
                    }
                };
                self.at(Diagnostic::error("bad-quantity", title), node, place(range), "")
            }
            Err(QuantityError::NotFinite { text: word, range }) => {
                let title = format!("`{}` is not a finite number", quoted(&word));
                self.at(Diagnostic::error("not-finite", title), node, place(range), "")
            }
            Err(QuantityError::Unit { symbol, range, .. }) if symbol.starts_with(',') => {
                let meant = text.replacen(',', ".", 1);
                let hint = format!("write \"{meant}\"");
                instead = Some(Value::text(&meant));
                let title = "decimals stand behind a point, not behind a comma".to_owned();
                self.at(Diagnostic::error("bad-quantity", title), node, place(range), &hint)
            }
            Err(QuantityError::Unit { symbol, range, nearest }) => {
                let title = format!("`{}` is not a unit", quoted(&symbol));
                // Units of the dimension that is meant are the better guess: `0.5 mn` is a length or a force.
                let of_meant = units_of(dimension);
                let guess = self::nearest(&symbol, of_meant.iter().copied()).map(str::to_owned).or(nearest);
                if let Some(unit) = &guess {
                    let mut meant = text.to_owned();
                    meant.replace_range(range.clone(), unit);
                    instead = Some(Value::text(&meant));
                }
                let hint = guess.map_or_else(String::new, |unit| format!("did you mean `{unit}`?"));
                let diagnostic = self.at(Diagnostic::error("unknown-unit", title), node, place(range), &hint);
                if of_meant.is_empty() {
                    diagnostic
                } else {
                    let units = of_meant.join(", ");
                    diagnostic.note(format!("units of {}: {units}", with_article(dimension)))
                }
            }
            Err(QuantityError::NoUnit { text: word, range }) => {
                let title = format!("`{}` has no unit", quoted(&word));
                let hint = format!("{} is meant", with_article(meant));
                self.at(Diagnostic::error("no-unit", title), node, place(range), &hint)
            }
        };
        let diagnostic = match example {
            Some(example) => diagnostic.note(format!("a number, a space and a unit, e.g. {example}")),
            None => diagnostic,
        };
        let fix = instead.map_or(Fix::None, |value| Fix::Replace(node.id(), value, Meant::Unknown));
        self.found.push((diagnostic, fix));
    }

    fn whole_number(&mut self, node: &Node, number: i64, shape: &Shape<'a>, path: &str) {
        if let Some((lowest, highest)) = shape.whole_limits()
            && !(lowest..=highest).contains(&number)
        {
            let limits = if highest == i64::MAX {
                format!("at least {lowest}")
            } else {
                format!("between {lowest} and {highest}")
            };
            let nearest = Value::Integer(number.clamp(lowest, highest));
            return self.out_of_range(node, &number.to_string(), &limits, path, nearest);
        }
        #[expect(clippy::cast_precision_loss, reason = "limits of numbers are far below 2^53")]
        self.number(node, number as f64, shape, path);
    }

    fn number(&mut self, node: &Node, number: f64, shape: &Shape<'a>, path: &str) {
        let limits = [
            (shape.minimum, number < shape.minimum.unwrap_or(number), "at least"),
            (shape.maximum, number > shape.maximum.unwrap_or(number), "at most"),
            (shape.above, shape.above.is_some_and(|limit| number <= limit), "above"),
            (shape.below, shape.below.is_some_and(|limit| number >= limit), "below"),
        ];
        if let Some((Some(limit), _, word)) = limits.into_iter().find(|(_, broken, _)| *broken) {
            let nearest = match (&node.value, word) {
                #[expect(clippy::cast_possible_truncation, reason = "limits of numbers are far below 2^53")]
                (Value::Integer(_), "at least" | "at most") => Value::Integer(limit as i64),
                #[expect(clippy::cast_possible_truncation, reason = "limits of numbers are far below 2^53")]
                (Value::Integer(_), "above") => Value::Integer(limit as i64 + 1),
                (_, "at least" | "at most") => Value::Float(limit),
                (_, "above") => Value::Float(limit + 1.0),
                _ => Value::Float(limit - 1.0),
            };
            self.out_of_range(node, &number.to_string(), &format!("{word} {limit}"), path, nearest);
        }
    }

    fn out_of_range(&mut self, node: &Node, number: &str, limits: &str, path: &str, nearest: Value) {
        let title = format!("`{}` must be {limits}, and this is {number}", last_key(path));
        let diagnostic = self.at(Diagnostic::error("out-of-range", title), node, node.range.clone(), "");
        self.found.push((diagnostic, Fix::Replace(node.id(), nearest, Meant::Unknown)));
    }

    fn list(&mut self, node: &Node, items: &[Node], shape: &Shape<'a>, path: &str) {
        let count = items.len() as u64;
        let (least, most) = (shape.min_items.unwrap_or(0), shape.max_items.unwrap_or(u64::MAX));
        if !(least..=most).contains(&count) {
            let meant = match (least, most) {
                _ if least == most => format!("exactly {least}"),
                (_, u64::MAX) => format!("at least {least}"),
                (0, _) => format!("at most {most}"),
                _ => format!("{least} to {most}"),
            };
            let title = format!("`{}` has {meant} items, and this has {count}", last_key(path));
            let diagnostic = self.at(Diagnostic::error("wrong-length", title), node, node.range.clone(), "");
            let fix = shape
                .placeholder(self.schema)
                .map_or(Fix::None, |value| Fix::Replace(node.id(), value, Meant::Unknown));
            self.found.push((diagnostic, fix));
        }
        for (index, item) in items.iter().enumerate() {
            if let Some(schema) = shape.items_at(index) {
                self.node(item, schema, &format!("{path}[{index}]"));
            }
        }
    }

    fn table(&mut self, node: &Node, table: &BTreeMap<String, Node>, shape: &Shape<'a>, path: &str) {
        let whose = table_name(shape, path);
        let names: Vec<&str> = shape.properties.keys().copied().collect();
        let mut guessed = Vec::new();
        for (key, value) in table {
            let below = join_key(path, key);
            if let Some(schema) = shape.properties.get(key.as_str()) {
                self.node(value, schema, &below);
            } else if let Some(schema) = shape.additional {
                self.node(value, schema, &below);
            } else if shape.closed {
                let unused = names.iter().copied().filter(|name| !table.contains_key(*name));
                let guess = nearest(key, unused);
                guessed.extend(guess);
                let hint = guess.map_or_else(String::new, |name| format!("did you mean `{name}`?"));
                let title = format!("{whose} has no key `{}`", quoted(key));
                let range = self.label_range(value);
                let diagnostic = self.at(Diagnostic::error("unknown-key", title), value, range, &hint);
                let list = if names.is_empty() { "no keys".to_owned() } else { names.join(", ") };
                let fix = match guess {
                    Some(name) => Fix::Rename(value.id(), name.to_owned()),
                    None => Fix::Remove(value.id()),
                };
                self.found.push((diagnostic.note(format!("{whose} has: {list}")), fix));
            }
        }
        if self.partial && path.is_empty() {
            return;
        }
        for missing in &shape.required {
            // A slip of the keyboard is one mistake, not an unknown key and a missing one.
            if table.contains_key(*missing) || guessed.contains(missing) {
                continue;
            }
            let diagnostic = Diagnostic::error("missing-key", format!("{whose} needs `{missing}`"));
            let mut diagnostic = self.at(diagnostic, node, self.label_range(node), "");
            let schema = shape.properties.get(missing);
            if let Some(sentence) = schema.and_then(|schema| shape::first_sentence(self.schema, schema)) {
                diagnostic = diagnostic.note(format!("`{missing}`: {sentence}"));
            }
            let instead = schema.and_then(|schema| shape::placeholder(self.schema, schema));
            let fix = instead.map_or(Fix::None, |value| Fix::Insert(node.id(), (*missing).to_owned(), value));
            self.found.push((diagnostic, fix));
        }
    }

    /// Where the caret stands for a whole table or a key: at its name.
    fn label_range(&self, node: &Node) -> Range<usize> {
        let text = self.sources.get(node.file).map_or("", |source| source.text.as_str());
        let is_header = text.get(node.range.clone()).is_some_and(|raw| raw.starts_with('['));
        match &node.key {
            Some(key) if !(is_header && matches!(node.value, Value::Table(_))) => key.clone(),
            _ => node.range.clone(),
        }
    }

    fn at(&self, diagnostic: Diagnostic, node: &Node, range: Range<usize>, text: &str) -> Diagnostic {
        let file = self.sources.get(node.file).map_or("", |source| source.shown.as_str());
        diagnostic.at(file, range, text)
    }
}

fn with_unit(example: Option<&str>) -> String {
    let words = "write it as text with its unit";
    example.map_or_else(|| words.to_owned(), |example| format!("{words}, e.g. {example}"))
}

fn table_name(shape: &Shape<'_>, path: &str) -> String {
    match (shape.name, path) {
        (Some(name), _) => name.to_owned(),
        (None, "") => "this file".to_owned(),
        (None, path) => format!("`{}`", quoted(path)),
    }
}

/// The last step of a key path: `phases[0].within` gives `within`, `robots.a.com[1]` gives `com[1]`.
fn last_key(path: &str) -> &str {
    let mut quoted = false;
    let mut cut = 0;
    for (at, c) in path.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' if !quoted => cut = at + 1,
            _ => {}
        }
    }
    &path[cut..]
}

fn units_of(dimension: &str) -> Vec<&'static str> {
    unit::symbols().filter(|(_, of)| of.name() == dimension).map(|(symbol, _)| symbol).collect()
}
