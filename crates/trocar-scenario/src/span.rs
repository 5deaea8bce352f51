//! Where in the files each key and value stands, so that what is found out later still gets its caret.

use crate::source::SourceFile;
use crate::text::join_key;
use crate::tree::{Edit, Node, Value, before_edits, is_inside};
use std::collections::BTreeMap;
use std::ops::Range;
use trocar_signal::{Diagnostic, Problem};

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Path of the file as shown to people.
    pub file: String,
    /// Byte range.
    pub range: Range<usize>,
}

#[derive(Clone, Debug)]
struct Entry {
    file: usize,
    key: Option<Range<usize>>,
    value: Range<usize>,
    text: Option<Text>,
}

/// A text that stands in its file character for character, except where it was edited.
#[derive(Clone, Debug)]
struct Text {
    at: usize,
    length: usize,
    edits: Vec<Edit>,
}

/// The places of one tree, by dotted key path: `requirements[0].formula`, `setup."arm.load"`.
#[derive(Clone, Debug, Default)]
pub struct SpanIndex {
    files: Vec<String>,
    entries: BTreeMap<String, Entry>,
}

impl SpanIndex {
    pub(crate) fn new(root: &Node, sources: &[SourceFile]) -> SpanIndex {
        let files = sources.iter().map(|source| source.shown.clone()).collect();
        let mut index = SpanIndex { files, entries: BTreeMap::new() };
        index.add(root, String::new());
        index
    }

    fn add(&mut self, node: &Node, path: String) {
        match &node.value {
            Value::Table(table) => {
                table.iter().for_each(|(key, child)| self.add(child, join_key(&path, key)));
            }
            Value::List(items) => {
                items.iter().enumerate().for_each(|(i, item)| self.add(item, format!("{path}[{i}]")));
            }
            _ => {}
        }
        let text = match &node.value {
            Value::Text { text, verbatim_at: Some(at), edits } => {
                Some(Text { at: *at, length: text.len(), edits: edits.clone() })
            }
            _ => None,
        };
        let entry = Entry { file: node.file, key: node.key.clone(), value: node.range.clone(), text };
        self.entries.insert(path, entry);
    }

    /// Whether the files say anything at this key path.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// The place of a value; where the files do not have it (a default), of the nearest table around it.
    #[must_use]
    pub fn value(&self, key: &str) -> Place {
        self.place(key, |entry| entry.value.clone())
    }

    /// The place of a key; for what has none (an item of a list), of its value.
    #[must_use]
    pub fn key(&self, key: &str) -> Place {
        self.place(key, |entry| entry.key.clone().unwrap_or_else(|| entry.value.clone()))
    }

    /// The place of a piece of a text, given in bytes of that text; of the whole value where escapes stand in it.
    #[must_use]
    pub fn inside(&self, key: &str, piece: Range<usize>) -> Place {
        self.place(key, |entry| match &entry.text {
            Some(text) if is_inside(&piece, text.length) => {
                let before = before_edits(&text.edits, piece);
                text.at + before.start..text.at + before.end
            }
            _ => entry.value.clone(),
        })
    }

    /// A problem of a configuration as a diagnostic at its place. `prefix` is the key path of that configuration.
    #[must_use]
    pub fn problem(&self, prefix: &str, problem: &Problem) -> Diagnostic {
        let key = match (prefix.is_empty(), problem.key.is_empty()) {
            (true, _) => problem.key.clone(),
            (_, true) => prefix.to_owned(),
            _ if problem.key.starts_with('[') => format!("{prefix}{}", problem.key),
            _ => format!("{prefix}.{}", problem.key),
        };
        let place = self.value(&key);
        let label = if self.contains(&key) { String::new() } else { format!("`{key}` is not written here") };
        Diagnostic::error("bad-value", problem.what.clone()).at(place.file, place.range, label)
    }

    fn place(&self, key: &str, of: impl FnOnce(&Entry) -> Range<usize>) -> Place {
        let mut at = key;
        loop {
            if let Some(entry) = self.entries.get(at) {
                // Around a key that the files do not have, the caret stands at the table's own name.
                let range =
                    if at == key { of(entry) } else { entry.key.clone().unwrap_or(entry.value.clone()) };
                let file = self.files.get(entry.file).cloned().unwrap_or_default();
                return Place { file, range };
            }
            if at.is_empty() {
                return Place { file: self.files.first().cloned().unwrap_or_default(), range: 0..0 };
            }
            at = parent(at);
        }
    }
}

/// The key path one step up: before the last `.` or `[` that does not stand in quotes.
fn parent(key: &str) -> &str {
    let mut quoted = false;
    let mut cut = 0;
    for (at, c) in key.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '.' | '[' if !quoted => cut = at,
            _ => {}
        }
    }
    &key[..cut]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::parse;

    const TEXT: &str =
        "[setup]\n\"arm.load\" = \"0.3 kg\"\n\n[[phases]]\nname = \"a\\tb\"\n[[phases]]\nname = \"go\"\n";

    fn index() -> (SpanIndex, SourceFile) {
        let source = SourceFile { address: "a.toml".into(), shown: "a.toml".into(), text: TEXT.into() };
        let tree = parse(&source, 0).unwrap();
        (SpanIndex::new(&tree, std::slice::from_ref(&source)), source)
    }

    #[test]
    fn keys_values_and_pieces_have_their_bytes() {
        let (index, source) = index();
        let text = |place: Place| source.text[place.range].to_owned();
        assert_eq!(text(index.value("setup.\"arm.load\"")), "\"0.3 kg\"");
        assert_eq!(text(index.key("setup.\"arm.load\"")), "\"arm.load\"");
        assert_eq!(text(index.inside("setup.\"arm.load\"", 4..6)), "kg");
        assert_eq!(text(index.value("phases[1].name")), "\"go\"");
        assert_eq!(text(index.value("phases[1]")), "[[phases]]");
        assert_eq!(index.value("phases[1]").range.start, TEXT.rfind("[[").unwrap());
        assert_eq!(text(index.inside("phases[0].name", 0..1)), "\"a\\tb\"", "escapes: the whole value");
    }

    #[test]
    fn a_key_that_is_not_written_is_shown_at_the_table_around_it() {
        let (index, source) = index();
        let place = index.value("phases[1].move.dwell");
        assert_eq!(&source.text[place.range], "[[phases]]");
        let diagnostic = index.problem("phases[1]", &Problem::new("within", "a deadline is needed"));
        assert_eq!(diagnostic.labels[0].text, "`phases[1].within` is not written here");
    }
}
