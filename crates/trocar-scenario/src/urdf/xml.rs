//! The XML under a URDF file: elements with their bytes, and a note of everything that nobody asked for.

use crate::source::SourceFile;
use crate::text::{nearest, quoted};
use roxmltree::{Document, Node, ParsingOptions};
use std::collections::BTreeMap;
use std::ops::Range;
use trocar_signal::Diagnostic;

/// The most elements and texts of one file. A robot of a hundred links has some ten thousand.
const MAX_NODES: u32 = 1_000_000;

/// The most attributes of one element: a reader compares each with all others.
const MAX_ATTRIBUTES: usize = 256;

/// How deep a file may be nested. What is read of URDF has five levels; blocks of other programs have a few more.
const MAX_DEPTH: usize = 64;

/// The name space of xacro, with or without the `#interface` of its early files.
const XACRO: &str = "http://www.ros.org/wiki/xacro";

/// A value with the bytes where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct At<T> {
    pub value: T,
    pub range: Range<usize>,
}

/// Elements and attributes that are of another program, and whose.
const OF_OTHERS: [(&str, &str); 6] = [
    ("gazebo", "Gazebo"),
    ("ros2_control", "ros2_control"),
    ("mujoco", "MuJoCo"),
    ("drake", "Drake"),
    ("sensor", "sensor drivers"),
    ("self_collision_checking", "collision checkers"),
];

/// Something that is left out.
struct LeftOut {
    /// Where it stands first.
    range: Range<usize>,
    /// How often.
    count: usize,
    /// Why, as the end of a sentence.
    why: String,
    /// Where it belongs instead.
    note: Option<&'static str>,
}

/// Reads elements and collects what is wrong.
pub(super) struct Reader<'a> {
    source: &'a SourceFile,
    pub found: Vec<Diagnostic>,
    /// What is left out, by what it is called.
    left_out: BTreeMap<String, LeftOut>,
}

/// The file as XML.
///
/// # Errors
/// What is not XML, what is of xacro, and files built to exhaust a reader.
pub(super) fn parse(source: &SourceFile) -> Result<Document<'_>, Diagnostic> {
    let error = |code: &str, title: String, range: Range<usize>| {
        Diagnostic::error(code, title).at(&source.shown, range, "")
    };
    if let Some(at) = crowded(&source.text) {
        let title = format!("an element with more than {MAX_ATTRIBUTES} attributes");
        return Err(error("too-large", title, at..at + 1));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, entity_resolver: None };
    let document = match Document::parse_with_options(&source.text, options) {
        Ok(document) => document,
        Err(wrong) => {
            let at = byte_of(&source.text, wrong.pos());
            return Err(match wrong {
                roxmltree::Error::UnknownNamespace(prefix, _) if prefix == "xacro" => xacro(source, at..at),
                roxmltree::Error::UnknownNamespace(prefix, _) => error(
                    "syntax",
                    format!("the prefix `{}:` is declared nowhere in this file", quoted(&prefix)),
                    at..at,
                )
                .note("declare it in `<robot xmlns:…=\"…\">`, or take the element out"),
                roxmltree::Error::DtdDetected => error(
                    "syntax",
                    "a document type (`<!DOCTYPE …>`) is not read: it can name other files".to_owned(),
                    source.text.find("<!DOCTYPE").map_or(0..0, |at| at..at + 9),
                )
                .note("URDF needs none; take it out"),
                roxmltree::Error::NodesLimitReached => {
                    error("too-large", format!("more than {MAX_NODES} elements"), 0..0)
                }
                other => error("syntax", format!("this is not XML: {other}"), at..at),
            });
        }
    };
    let mut depth = 0_usize;
    for node in document.root().descendants().filter(Node::is_element) {
        // Ancestors are counted only where an element is the first of its parent: each step down is seen once.
        if node.prev_sibling_element().is_none() {
            depth = node.ancestors().take(MAX_DEPTH + 3).count();
        }
        if depth > MAX_DEPTH + 2 {
            let range = head(source, &node);
            return Err(error("too-deep", format!("nested deeper than {MAX_DEPTH} levels"), range));
        }
    }
    if let Some(first) = document.descendants().find(is_xacro) {
        return Err(xacro(source, head(source, &first)));
    }
    Ok(document)
}

/// Where an element begins that has too many attributes.
fn crowded(text: &str) -> Option<usize> {
    let mut at = 0;
    for piece in text.split_inclusive('<') {
        let tag = piece.split('>').next().unwrap_or("");
        if !tag.starts_with(['!', '?']) && tag.matches('=').count() > MAX_ATTRIBUTES {
            return Some(at);
        }
        at += piece.len();
    }
    None
}

fn is_xacro(node: &Node<'_, '_>) -> bool {
    let of_xacro = |uri: Option<&str>| uri.is_some_and(|uri| uri.trim_end_matches("#interface") == XACRO);
    node.is_element()
        && (of_xacro(node.tag_name().namespace())
            || node.attributes().any(|attribute| of_xacro(attribute.namespace())))
}

fn xacro(source: &SourceFile, range: Range<usize>) -> Diagnostic {
    Diagnostic::error("xacro", "this is xacro, a language that makes URDF, and not URDF itself")
        .at(&source.shown, range, "")
        .note("expand it first and name what comes out: xacro robot.urdf.xacro > robot.urdf")
}

fn byte_of(text: &str, at: roxmltree::TextPos) -> usize {
    let (row, column) = (at.row.max(1) as usize, at.col.max(1) as usize);
    let start = match row {
        1 => 0,
        _ => text.match_indices('\n').nth(row - 2).map_or(text.len(), |(newline, _)| newline + 1),
    };
    let rest = text.get(start..).unwrap_or("");
    start + rest.char_indices().nth(column - 1).map_or(rest.len(), |(byte, _)| byte)
}

/// The bytes of an element's `<name`: where the caret stands for the whole of it.
fn head(source: &SourceFile, node: &Node<'_, '_>) -> Range<usize> {
    let range = node.range();
    let text = source.text.get(range.clone()).unwrap_or("");
    let length = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    range.start..range.start + length
}

impl<'a> Reader<'a> {
    pub fn new(source: &'a SourceFile) -> Reader<'a> {
        Reader { source, found: Vec::new(), left_out: BTreeMap::new() }
    }

    pub fn error(&mut self, code: &str, title: impl Into<String>, range: &Range<usize>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::error(code, title).at(&self.source.shown, range.clone(), "");
        self.push(diagnostic)
    }

    pub fn warning(&mut self, code: &str, title: impl Into<String>, range: &Range<usize>) -> &mut Diagnostic {
        let diagnostic = Diagnostic::warning(code, title).at(&self.source.shown, range.clone(), "");
        self.push(diagnostic)
    }

    fn push(&mut self, diagnostic: Diagnostic) -> &mut Diagnostic {
        self.found.push(diagnostic);
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    pub fn head(&self, node: &Node<'_, '_>) -> Range<usize> {
        head(self.source, node)
    }

    /// Notes what an element has beyond the attributes and children given. What is nearly one of them is an error.
    pub fn only(&mut self, node: &Node<'_, '_>, attributes: &[&str], children: &[&str]) {
        let owner = node.tag_name().name();
        for attribute in node.attributes() {
            let name = attribute.name();
            if attribute.namespace().is_none() && attributes.contains(&name) {
                continue;
            }
            let free = attributes.iter().copied().filter(|known| node.attribute(*known).is_none());
            match nearest(name, free).filter(|_| attribute.namespace().is_none()) {
                Some(guess) => {
                    let title = format!("`<{owner}>` has no attribute `{}`", quoted(name));
                    let range = attribute.range_qname();
                    self.error("unknown-attribute", title, &range).labels[0].text =
                        format!("did you mean `{guess}`?");
                }
                None => {
                    let what = format!("attribute `{}` of `<{owner}>`", quoted(name));
                    self.leave_out(&what, attribute.range_qname(), "is not known and", None);
                }
            }
        }
        for child in node.children() {
            if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                let what = format!("text inside `<{owner}>`");
                self.leave_out(&what, child.range(), "is not known and", None);
            }
            if !child.is_element() {
                continue;
            }
            let name = child.tag_name().name();
            let is_plain = child.tag_name().namespace().is_none();
            if is_plain && children.contains(&name) {
                continue;
            }
            let range = self.head(&child);
            let whose = OF_OTHERS.iter().find(|(of, _)| *of == name).map(|(_, whose)| *whose);
            match nearest(name, children.iter().copied()).filter(|_| is_plain && whose.is_none()) {
                Some(guess) => {
                    let title = format!("`<{owner}>` has no element `<{}>`", quoted(name));
                    self.error("unknown-element", title, &range).labels[0].text =
                        format!("did you mean `<{guess}>`?");
                }
                None => {
                    let what = format!("element `<{}>` in `<{owner}>`", quoted(name));
                    let why = whose.map_or_else(
                        || "is not known and".to_owned(),
                        |whose| format!("is meant for {whose} and"),
                    );
                    self.leave_out(&what, range, &why, None);
                }
            }
        }
    }

    /// Notes something that is left out: one warning for all that are called the same.
    pub fn leave_out(&mut self, what: &str, range: Range<usize>, why: &str, note: Option<&'static str>) {
        let first = LeftOut { range, count: 0, why: why.to_owned(), note };
        self.left_out.entry(what.to_owned()).or_insert(first).count += 1;
    }

    /// The one child of this name. A second one is an error.
    pub fn child<'n, 'd>(&mut self, node: &Node<'n, 'd>, name: &str) -> Option<Node<'n, 'd>> {
        let mut all = node.children().filter(|child| child.is_element() && child.has_tag_name(name));
        let first = all.next()?;
        if let Some(second) = all.next() {
            let title = format!("a second `<{name}>` in `<{}>`", node.tag_name().name());
            let range = self.head(&second);
            self.error("duplicate-element", title, &range);
        }
        Some(first)
    }

    /// An attribute that has to be there.
    pub fn text(&mut self, node: &Node<'_, '_>, name: &str) -> Option<At<String>> {
        match node.attribute_node(name) {
            Some(attribute) => {
                Some(At { value: attribute.value().trim().to_owned(), range: attribute.range_value() })
            }
            None => {
                let title = format!("`<{}>` needs the attribute `{name}`", node.tag_name().name());
                let range = self.head(node);
                self.error("missing-attribute", title, &range);
                None
            }
        }
    }

    /// A name that has to be there and may not be empty.
    pub fn name(&mut self, node: &Node<'_, '_>, attribute: &str) -> Option<At<String>> {
        let name = self.text(node, attribute)?;
        if name.value.is_empty() {
            self.error("bad-value", format!("`{attribute}` is empty; a name is meant"), &name.range);
            return None;
        }
        Some(name)
    }

    /// A number that may be absent.
    pub fn number(&mut self, node: &Node<'_, '_>, name: &str) -> Option<At<f64>> {
        let attribute = node.attribute_node(name)?;
        let range = attribute.range_value();
        let value = self.parse_number(attribute.value().trim(), name, &range)?;
        Some(At { value, range })
    }

    /// A number that has to be there.
    pub fn needed_number(&mut self, node: &Node<'_, '_>, name: &str) -> Option<At<f64>> {
        self.text(node, name)?;
        self.number(node, name)
    }

    /// So many numbers, separated by spaces.
    pub fn numbers<const N: usize>(&mut self, node: &Node<'_, '_>, name: &str) -> Option<At<[f64; N]>> {
        let attribute = node.attribute_node(name)?;
        let range = attribute.range_value();
        let words: Vec<&str> = attribute.value().split_whitespace().collect();
        if words.len() != N {
            let title =
                format!("`{name}` holds {N} numbers separated by spaces, and this has {}", words.len());
            self.error("wrong-length", title, &range);
            return None;
        }
        let mut value = [0.0; N];
        for (out, word) in value.iter_mut().zip(words) {
            *out = self.parse_number(word, name, &range)?;
        }
        Some(At { value, range })
    }

    fn parse_number(&mut self, word: &str, name: &str, range: &Range<usize>) -> Option<f64> {
        let parsed = word.parse::<f64>();
        if let Ok(value) = parsed
            && value.is_finite()
        {
            return Some(value);
        }
        let title = match parsed {
            Ok(_) => format!("`{}` is not a finite number", quoted(word)),
            Err(_) => format!("`{name}` is meant to be a number, and `{}` is none", quoted(word)),
        };
        let diagnostic = self.error("bad-number", title, range);
        if word.contains("${") {
            diagnostic.notes.push("`${…}` is of xacro: run xacro first and name what comes out".to_owned());
        } else if word.contains(',') {
            diagnostic.notes.push("a decimal point is meant, and spaces between numbers".to_owned());
        }
        None
    }

    /// All that was found, what is left out as one warning each.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        for (what, left_out) in std::mem::take(&mut self.left_out) {
            let more = match left_out.count {
                1 => String::new(),
                count => format!(" ({count} of them; the first is here)"),
            };
            let title = format!("{what} {} is left out{more}", left_out.why);
            let notes = left_out.note.map(str::to_owned);
            self.warning("left-out", title, &left_out.range).notes.extend(notes);
        }
        self.found
    }
}
