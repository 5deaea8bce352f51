//! The tree of a file: what TOML holds, with the place of every key and value.
//!
//! Several files may be merged into one tree (`include`), so each node knows its file.

use crate::source::SourceFile;
use crate::text::quoted;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Value as TomlValue};
use trocar_signal::Diagnostic;

/// How deep a file may be nested. The deepest file that Trocar describes has seven levels.
pub(crate) const MAX_DEPTH: usize = 32;

/// How many mistakes of TOML itself are reported from one file; later ones mostly follow from earlier ones.
const MAX_SYNTAX_ERRORS: usize = 10;

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// Which of the files that were read.
    pub file: usize,
    /// Bytes of the key that names it; none for the root and for items of a list.
    pub key: Option<Range<usize>>,
    /// Bytes of the value; for a table with a header, of the header.
    pub range: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// What a file can hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text {
        text: String,
        /// Where in the file the text stands character for character; none where escapes stand in it.
        verbatim_at: Option<usize>,
        /// Where the text differs from what the file holds, in order.
        edits: Vec<Edit>,
    },
    Integer(i64),
    Float(f64),
    Boolean(bool),
    DateTime(String),
    List(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

/// A piece of a text that was replaced after reading, in bytes of the text now and as it stood before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    pub now: Range<usize>,
    pub before: Range<usize>,
}

/// A piece of an edited text in bytes of the text before. A piece that cuts into a replaced one takes all of it.
pub(crate) fn before_edits(edits: &[Edit], piece: Range<usize>) -> Range<usize> {
    let map = |at: usize, is_end: bool| {
        let (mut now, mut before) = (0, 0);
        for edit in edits {
            if at < edit.now.start || (is_end && at == edit.now.start) {
                break;
            }
            if at < edit.now.end {
                return if is_end { edit.before.end } else { edit.before.start };
            }
            (now, before) = (edit.now.end, edit.before.end);
        }
        before + (at - now)
    };
    map(piece.start, false)..map(piece.end, true)
}

/// Which node of a file's tree: where its key and its value stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeId {
    pub key: Option<Range<usize>>,
    pub range: Range<usize>,
}

impl Value {
    /// A text that stands in no file.
    pub fn text(text: &str) -> Value {
        Value::Text { text: text.to_owned(), verbatim_at: None, edits: Vec::new() }
    }

    pub fn is_number(&self) -> bool {
        matches!(self, Value::Integer(_) | Value::Float(_))
    }

    /// What a person calls it.
    pub fn word(&self) -> &'static str {
        match self {
            Value::Text { .. } => "a text",
            Value::Integer(_) => "a whole number",
            Value::Float(_) => "a number",
            Value::Boolean(_) => "true or false",
            Value::DateTime(_) => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

impl Node {
    /// A node that stands in no file.
    pub fn placeholder(value: Value) -> Node {
        Node { file: 0, key: None, range: 0..0, value }
    }

    pub fn id(&self) -> NodeId {
        NodeId { key: self.key.clone(), range: self.range.clone() }
    }

    pub fn as_table(&self) -> Option<&BTreeMap<String, Node>> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        self.as_table()?.get(key)
    }

    /// The bytes of a piece of this text, or of all of it where escapes stand in it.
    pub fn inside(&self, piece: Range<usize>) -> Range<usize> {
        match &self.value {
            Value::Text { text, verbatim_at: Some(at), edits } if is_inside(&piece, text.len()) => {
                let before = before_edits(edits, piece);
                at + before.start..at + before.end
            }
            _ => self.range.clone(),
        }
    }

    /// The same without places, for serde. Dates, which no file of Trocar has, become texts.
    pub fn to_toml(&self) -> TomlValue {
        match &self.value {
            Value::Text { text, .. } | Value::DateTime(text) => TomlValue::String(text.clone()),
            Value::Integer(number) => TomlValue::Integer(*number),
            Value::Float(number) => TomlValue::Float(*number),
            Value::Boolean(flag) => TomlValue::Boolean(*flag),
            Value::List(items) => TomlValue::Array(items.iter().map(Node::to_toml).collect()),
            Value::Table(table) => {
                TomlValue::Table(table.iter().map(|(key, node)| (key.clone(), node.to_toml())).collect())
            }
        }
    }

    /// One text for equal content, whatever its spacing, comments and order of keys: what digests are taken of. JSON,
    /// with the keys in order of their bytes.
    pub fn canonical(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match &self.value {
            Value::Text { text, .. } | Value::DateTime(text) => Json::String(text.clone()),
            Value::Integer(number) => Json::from(*number),
            Value::Float(number) => Json::from(*number),
            Value::Boolean(flag) => Json::Bool(*flag),
            Value::List(items) => Json::Array(items.iter().map(Node::canonical).collect()),
            Value::Table(table) => {
                Json::Object(table.iter().map(|(key, node)| (key.clone(), node.canonical())).collect())
            }
        }
    }

    /// Lays this tree over the one that it includes: tables are merged key by key, lists follow the included ones,
    /// and of two single values this one stays.
    pub fn lay_over(&mut self, included: Node) {
        match (&mut self.value, included.value) {
            (Value::Table(mine), Value::Table(theirs)) => {
                for (key, node) in theirs {
                    match mine.get_mut(&key) {
                        Some(over) => over.lay_over(node),
                        None => {
                            mine.insert(key, node);
                        }
                    }
                }
            }
            (Value::List(mine), Value::List(mut theirs)) => {
                theirs.append(mine);
                *mine = theirs;
            }
            _ => {}
        }
    }
}

pub(crate) fn is_inside(piece: &Range<usize>, length: usize) -> bool {
    piece.start <= piece.end && piece.end <= length
}

/// Reads TOML into a tree.
///
/// # Errors
/// Every mistake of TOML itself, up to [`MAX_SYNTAX_ERRORS`], nesting beyond [`MAX_DEPTH`] and numbers beyond 64 bits.
pub(crate) fn parse(source: &SourceFile, file: usize) -> Result<Node, Vec<Diagnostic>> {
    // toml itself stops at 80 levels, without recursing into what lies deeper.
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        let shown = errors.len().min(MAX_SYNTAX_ERRORS);
        let mut found: Vec<Diagnostic> =
            errors[..shown].iter().map(|error| syntax_error(source, error)).collect();
        let start = |mistake: &Diagnostic| mistake.labels.first().map_or(0, |label| label.range.start);
        found.sort_by_key(start);
        // What follows a value that cannot be read, on its line, is the same mistake.
        found.dedup_by_key(|mistake| {
            source.text.get(..start(mistake)).map_or(0, |before| before.matches('\n').count())
        });
        return Err(found);
    }
    let mut reader = Reader { source, file, errors: Vec::new() };
    let value = reader.table(table.get_ref(), 0);
    if !reader.errors.is_empty() {
        return Err(reader.errors);
    }
    let first_line = source.text.find('\n').unwrap_or(source.text.len());
    let range = 0..source.text[..first_line].trim_end().len();
    Ok(Node { file, key: None, range, value })
}

fn syntax_error(source: &SourceFile, error: &toml::de::Error) -> Diagnostic {
    let length = source.text.len();
    let range = error.span().map_or(length..length, |span| span.start.min(length)..span.end.min(length));
    let message = error.message();
    if message == "duplicate key" {
        let key = quoted(source.text.get(range.clone()).unwrap_or(""));
        return Diagnostic::error("duplicate-key", format!("`{key}` stands here twice"))
            .at(&source.shown, range, "the second one")
            .note("a key has one value, and a table one header; `[[…]]` begins one more item of a list");
    }
    if message == "recursion limit" {
        return too_deep(source, range);
    }
    let hint = what_was_meant(source.text.get(range.start..).unwrap_or("").lines().next().unwrap_or(""));
    Diagnostic::error("syntax", format!("this is not TOML: {message}")).at(&source.shown, range, hint)
}

/// What someone who writes this as a value may have meant.
fn what_was_meant(rest: &str) -> String {
    let rest = rest.split(" #").next().unwrap_or(rest).trim_end();
    let bare = |c: char| c.is_alphanumeric() || " ._+-/^%°µ".contains(c);
    if rest.starts_with(['“', '”', '„', '‘', '’', '«']) {
        "write the straight quotation marks \" \"".to_owned()
    } else if !rest.is_empty()
        && rest.len() <= 40
        && rest.chars().all(bare)
        && rest.contains(char::is_alphabetic)
    {
        format!("text and quantities stand in quotation marks: \"{rest}\"")
    } else {
        String::new()
    }
}

fn too_deep(source: &SourceFile, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("too-deep", format!("nested deeper than {MAX_DEPTH} levels")).at(
        &source.shown,
        range,
        "",
    )
}

struct Reader<'a> {
    source: &'a SourceFile,
    file: usize,
    errors: Vec<Diagnostic>,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, depth: usize) -> Value {
        let mut nodes = BTreeMap::new();
        for (key, value) in table {
            let mut node = self.node(value, depth + 1);
            node.key = Some(key.span());
            // An array of tables, and a table made by a dotted key, have no place of their own.
            if node.range.is_empty() {
                node.range = key.span();
            }
            nodes.insert(key.get_ref().to_string(), node);
        }
        Value::Table(nodes)
    }

    fn node(&mut self, value: &Spanned<DeValue<'_>>, depth: usize) -> Node {
        let range = value.span();
        if depth > MAX_DEPTH {
            if self.errors.is_empty() {
                self.errors.push(too_deep(self.source, range.clone()));
            }
            return Node { file: self.file, key: None, range, value: Value::Boolean(false) };
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text {
                text: text.to_string(),
                verbatim_at: self.verbatim_at(text, &range),
                edits: Vec::new(),
            },
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Value::Integer(number),
                Err(_) => self.bad_number(&range),
            },
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                // A number too large for a float reads as infinite.
                Ok(value) if value.is_finite() => Value::Float(value),
                _ => self.bad_number(&range),
            },
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(date) => Value::DateTime(date.to_string()),
            DeValue::Array(items) => {
                Value::List(items.iter().map(|item| self.node(item, depth + 1)).collect())
            }
            DeValue::Table(table) => self.table(table, depth),
        };
        Node { file: self.file, key: None, range, value }
    }

    fn verbatim_at(&self, text: &str, range: &Range<usize>) -> Option<usize> {
        let raw = self.source.text.get(range.clone())?;
        let at = raw.find(text)?;
        // What stands around it must be quotes (and the line break that TOML drops after an opening `"""`).
        let around = |c: char| matches!(c, '"' | '\'' | '\n' | '\r');
        let clean = raw[..at].chars().all(around) && raw[at + text.len()..].chars().all(around);
        (clean && !text.is_empty()).then_some(range.start + at)
    }

    fn bad_number(&mut self, range: &Range<usize>) -> Value {
        let text = quoted(self.source.text.get(range.clone()).unwrap_or(""));
        self.errors.push(
            Diagnostic::error("not-finite", format!("`{text}` is not a finite number of 64 bits")).at(
                &self.source.shown,
                range.clone(),
                "",
            ),
        );
        Value::Integer(0)
    }
}
