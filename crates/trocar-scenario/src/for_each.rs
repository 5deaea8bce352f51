//! `[for_each]`: one case for each joint, pose, direction or row of a list, with the rest of the file written once.
//!
//! What is bound stands in the file as `$joint` (or `$row.by` for a key of a row), in any text. A text that is nothing
//! else becomes the bound value itself, whatever it is.

use crate::text::{join_key, nearest, or_list, quoted};
use crate::tree::{Edit, Node, Value, before_edits};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The most combinations that one file may make.
pub const MAX_COMBINATIONS: usize = 1000;

/// What a name of `[for_each]` stands for, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ForEachConfig {
    /// `joint = "all"`: every joint of the arm. `pose = "all"`: every pose of `[poses]`.
    All(AllWord),
    /// A list of texts, e.g. `["yaw", "pitch"]`, of numbers, or of rows such as `{ joint = "yaw", by = "5 deg" }`.
    List(#[schemars(length(min = 1))] Vec<BoundConfig>),
}

/// The word `all`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AllWord {
    /// Each that there is.
    All,
}

/// One value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum BoundConfig {
    /// A text. Of `joint`, `"axis 2"` is the second joint from the base, whatever the arm calls it.
    Text(String),
    /// A number.
    Number(f64),
    /// Values that go together, by name: `$row.by`. One called `name` is what the case is called.
    Row(BTreeMap<String, RowConfig>),
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RowConfig {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// A list of texts.
    List(Vec<String>),
}

/// Names to what they stand for in one case: `joint`, or `row.by`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Binding {
    values: BTreeMap<String, Node>,
    /// Names whose values stand nowhere in the file, because it says `all`.
    unwritten: BTreeSet<String>,
    /// What the case is called by: `joint = yaw, by = 5 deg`.
    pub name: String,
}

/// What the word `all` stands for; `None` where that cannot be known, because of a mistake elsewhere; or why it stands
/// for nothing.
pub(crate) type All = Result<Option<Vec<String>>, String>;

/// A mistake at a node of the tree.
pub(crate) struct Mistake {
    pub file: usize,
    pub range: Range<usize>,
    pub title: String,
    pub hint: String,
    pub note: String,
}

impl Mistake {
    fn at(node: &Node, title: String) -> Mistake {
        let range = match &node.value {
            Value::Table(_) | Value::List(_) => node.key.clone().unwrap_or_else(|| node.range.clone()),
            _ => node.range.clone(),
        };
        Mistake { file: node.file, range, title, hint: String::new(), note: String::new() }
    }
}

/// Every combination of what `[for_each]` says, the last name fastest; one without bindings where the file has none.
/// `all(name)`: what the word `all` stands for there.
///
/// A name whose values have a mistake stands for itself, so that one mistake does not cause others.
pub(crate) fn bindings(tree: &Node, all: &dyn Fn(&str) -> All) -> Result<Vec<Binding>, Vec<Mistake>> {
    let mut combinations = vec![Binding::default()];
    let mut mistakes = unused(tree);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    for (name, node) in tree.get("for_each").and_then(Node::as_table).into_iter().flatten() {
        if !crate::common::is_name(name) {
            let mut mistake = Mistake::at(node, crate::common::not_a_name(name));
            mistake.range = node.key.clone().unwrap_or(mistake.range);
            mistakes.push(mistake);
            continue;
        }
        let values: Vec<Node> = match &node.value {
            Value::List(items) if speaks_of_axes(name, items) => match all(name) {
                Ok(Some(joints)) => match items.iter().map(|item| of_axis(item, &joints)).collect() {
                    Ok(values) => values,
                    Err(mistake) => {
                        mistakes.push(mistake);
                        continue;
                    }
                },
                Ok(None) => vec![itself(name, node)],
                Err(why) => {
                    mistakes.push(Mistake::at(node, why));
                    continue;
                }
            },
            Value::List(items) => items.clone(),
            Value::Text { text, .. } if text == "all" => match all(name) {
                Ok(None) => vec![itself(name, node)],
                Ok(Some(names)) => names
                    .into_iter()
                    .map(|text| Node {
                        value: Value::Text { text, verbatim_at: None, edits: Vec::new() },
                        ..node.clone()
                    })
                    .collect(),
                Err(why) => {
                    mistakes.push(Mistake::at(node, why));
                    continue;
                }
            },
            // The walk over the file says what is meant here.
            _ => vec![itself(name, node)],
        };
        if values.is_empty() {
            mistakes.push(Mistake::at(
                node,
                format!("`{name}` stands for nothing: at least one value is needed"),
            ));
            continue;
        }
        if combinations.len().saturating_mul(values.len()) > MAX_COMBINATIONS {
            mistakes.push(Mistake::at(node, format!("this makes more than {MAX_COMBINATIONS} combinations")));
            return Err(mistakes);
        }
        let keys = |node: &Node| node.as_table().map(|row| row.keys().cloned().collect::<Vec<_>>());
        let first = values.first().and_then(keys);
        if let Some(odd) = values.iter().find(|value| keys(value) != first) {
            let title = match &first {
                Some(first) => format!("every row of `{name}` has the same keys: {}", first.join(", ")),
                None => format!("the list `{name}` holds either values or rows, not both"),
            };
            mistakes.push(Mistake::at(odd, title));
            continue;
        }
        let is_written = matches!(&node.value, Value::List(items) if !speaks_of_axes(name, items));
        combinations = combinations
            .iter()
            .flat_map(|before| values.iter().map(|value| before.with(name, value)))
            .collect();
        if !is_written {
            combinations.iter_mut().for_each(|binding| {
                binding.unwritten.insert(name.clone());
            });
        }
    }
    if mistakes.is_empty() { Ok(combinations) } else { Err(mistakes) }
}

/// The number of an axis, counted from the base: 2 of `axis 2`.
fn axis_number(item: &Node) -> Option<usize> {
    item.as_text()?.strip_prefix("axis ")?.parse().ok()
}

/// Whether a list of joints has one by its number.
fn speaks_of_axes(name: &str, items: &[Node]) -> bool {
    name == "joint" && items.iter().any(|item| axis_number(item).is_some())
}

/// A joint's name where its number was written, and anything else as it is.
fn of_axis(item: &Node, joints: &[String]) -> Result<Node, Mistake> {
    let Some(number) = axis_number(item) else { return Ok(item.clone()) };
    let Some(joint) = number.checked_sub(1).and_then(|place| joints.get(place)) else {
        let mut mistake = Mistake::at(item, format!("there is no axis {number}"));
        mistake.note = format!("from the base, the arm has {} axes: {}", joints.len(), joints.join(", "));
        return Err(mistake);
    };
    let value = Value::Text { text: joint.clone(), verbatim_at: None, edits: Vec::new() };
    Ok(Node { value, ..item.clone() })
}

/// A name in the place of values that are not known.
fn itself(name: &str, node: &Node) -> Node {
    Node {
        value: Value::Text { text: name.to_owned(), verbatim_at: None, edits: Vec::new() },
        ..node.clone()
    }
}

/// Names that the file binds and nowhere uses.
fn unused(tree: &Node) -> Vec<Mistake> {
    let bound = tree.get("for_each").and_then(Node::as_table);
    let mut used = BTreeSet::new();
    for (key, node) in tree.as_table().into_iter().flatten() {
        if key != "for_each" && !is_prose_key(key) {
            heads(node, &mut used);
        }
    }
    let of_name = |(name, node): (&String, &Node)| {
        let title = format!("nothing in the file says `${}`: its cases would all be the same", quoted(name));
        let mut mistake = Mistake::at(node, title);
        mistake.range = node.key.clone().unwrap_or(mistake.range);
        let others =
            used.iter().map(String::as_str).filter(|used| !bound.is_some_and(|b| b.contains_key(*used)));
        if let Some(near) = nearest(name, others) {
            mistake.hint = format!("did you mean `{near}`?");
        }
        mistake
    };
    bound.into_iter().flatten().filter(|(name, _)| !used.contains(*name)).map(of_name).collect()
}

/// The first part of every `$name` in a tree.
fn heads(node: &Node, found: &mut BTreeSet<String>) {
    let mut of_text = |text: &str| {
        for rest in text.split('$').skip(1) {
            let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            found.insert(rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())].to_owned());
        }
    };
    match &node.value {
        Value::Text { text, .. } => of_text(text),
        Value::List(items) => items.iter().for_each(|item| heads(item, found)),
        Value::Table(table) => {
            table.keys().for_each(|key| of_text(key));
            table.values().for_each(|child| heads(child, found));
        }
        _ => {}
    }
}

/// A single value as it is written.
fn word(node: &Node) -> Option<String> {
    Some(match &node.value {
        Value::Text { text, .. } => text.clone(),
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::Boolean(flag) => flag.to_string(),
        _ => return None,
    })
}

impl Binding {
    fn with(&self, name: &str, value: &Node) -> Binding {
        let mut binding = self.clone();
        let mut words = Vec::new();
        match &value.value {
            Value::Table(row) => {
                for (key, value) in row {
                    match row.get("name") {
                        None => words.extend(word(value).map(|word| format!("{key} = {word}"))),
                        Some(_) => words.extend(word(value).filter(|_| key == "name")),
                    }
                    binding.values.insert(format!("{name}.{key}"), value.clone());
                }
            }
            _ => {
                words.extend(word(value).map(|word| format!("{name} = {word}")));
                binding.values.insert(name.to_owned(), value.clone());
            }
        }
        let earlier = std::mem::take(&mut binding.name);
        let all: Vec<String> = (!earlier.is_empty()).then_some(earlier).into_iter().chain(words).collect();
        binding.name = all.join(", ");
        binding
    }

    /// The tree with each `$name` replaced, and each that nothing binds as a mistake. What is said of the file as a
    /// whole, its title for one, stays as it is.
    pub fn apply(&self, tree: &Node, mistakes: &mut Vec<Mistake>) -> Node {
        self.node(tree, true, mistakes)
    }

    fn node(&self, node: &Node, is_root: bool, mistakes: &mut Vec<Mistake>) -> Node {
        let value = match &node.value {
            Value::Text { text, verbatim_at, .. } if text.contains('$') => {
                if let [(range, name)] = self.names(text).as_slice()
                    && range.len() == text.len()
                    && let Some(bound) = self.values.get(*name)
                {
                    // The value itself, at the place where it is used.
                    return placed(bound, !self.unwritten.contains(*name), node);
                }
                let (text, edits) = self.text(node, text, mistakes);
                Value::Text { text, verbatim_at: *verbatim_at, edits }
            }
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.node(item, false, mistakes)).collect())
            }
            Value::Table(table) => {
                let mut replaced = BTreeMap::new();
                for (key, child) in table {
                    if is_root && (key == "for_each" || is_prose_key(key)) {
                        replaced.insert(key.clone(), child.clone());
                        continue;
                    }
                    let name =
                        if key.contains('$') { self.text(child, key, mistakes).0 } else { key.clone() };
                    replaced.insert(name, self.node(child, false, mistakes));
                }
                Value::Table(replaced)
            }
            other => other.clone(),
        };
        Node { value, ..node.clone() }
    }

    fn text(&self, node: &Node, text: &str, mistakes: &mut Vec<Mistake>) -> (String, Vec<Edit>) {
        let (mut out, mut edits, mut rest) = (String::new(), Vec::new(), 0);
        for (range, name) in self.names(text) {
            let Some(bound) = self.values.get(name) else {
                mistakes.push(self.unbound(node, &range, name));
                continue;
            };
            let Some(word) = word(bound) else {
                let title = format!("`${name}` is a list, and stands here within a text");
                mistakes.push(Mistake::at(node, title));
                continue;
            };
            out.push_str(&text[rest..range.start]);
            edits.push(Edit { now: out.len()..out.len() + word.len(), before: range.clone() });
            out.push_str(&word);
            rest = range.end;
        }
        out.push_str(&text[rest..]);
        (out, edits)
    }

    /// Every `$name` and `$name.key` of a text, with its bytes. A name begins with a letter. What follows a name after a
    /// point belongs to it only where a row has such a key: `arm.$joint.encoder` speaks of a joint's encoder.
    fn names<'t>(&self, text: &'t str) -> Vec<(Range<usize>, &'t str)> {
        let part = |from: usize| {
            let rest = &text[from..];
            let is_more = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if !rest.starts_with(|c: char| c.is_ascii_lowercase()) {
                return from;
            }
            from + rest.find(|c| !is_more(c)).unwrap_or(rest.len())
        };
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find('$').map(|offset| at + offset) {
            at = part(start + 1);
            if at == start + 1 {
                continue;
            }
            if !self.values.contains_key(&text[start + 1..at]) && text[at..].starts_with('.') {
                let of_row = part(at + 1);
                if of_row > at + 1 {
                    at = of_row;
                }
            }
            found.push((start..at, &text[start + 1..at]));
        }
        found
    }

    fn unbound(&self, node: &Node, range: &Range<usize>, name: &str) -> Mistake {
        let known: Vec<&str> = self.values.keys().map(String::as_str).collect();
        let near = nearest(name, known.iter().copied());
        let of_row = self.values.keys().find_map(|known| known.strip_prefix(name)?.strip_prefix('.'));
        let mut mistake = Mistake::at(node, format!("`${}` is bound by nothing", quoted(name)));
        mistake.range = node.inside(range.clone());
        if let Some(near) = near {
            mistake.hint = format!("did you mean `${near}`?");
        } else if let Some(key) = of_row {
            mistake.hint = format!("it is a row: write `${name}.{key}`");
        }
        mistake.note = match known.as_slice() {
            [] => format!(
                "`[for_each]` binds names, e.g. {} = [\"…\", \"…\"]: one case for each",
                join_key("", name)
            ),
            _ => format!("`[for_each]` binds {}", or_list(known.iter().copied())),
        };
        mistake
    }
}

fn is_prose_key(key: &str) -> bool {
    matches!(key, "title" | "purpose" | "references" | "departures" | "sources")
}

/// A bound value where it is used. Its mistakes are shown where it is written; what the word `all` stands for is written
/// nowhere, and is shown where it is used.
fn placed(bound: &Node, is_written: bool, at: &Node) -> Node {
    if is_written {
        return Node { key: at.key.clone().filter(|_| at.file == bound.file), ..bound.clone() };
    }
    let value = match &bound.value {
        Value::Text { text, .. } => {
            let edits = vec![Edit { now: 0..text.len(), before: 0..at.as_text().map_or(0, str::len) }];
            let verbatim_at = match &at.value {
                Value::Text { verbatim_at, .. } => *verbatim_at,
                _ => None,
            };
            Value::Text { text: text.clone(), verbatim_at, edits }
        }
        other => other.clone(),
    };
    Node { file: at.file, key: at.key.clone(), range: at.range.clone(), value }
}

/// The edits of a text that was edited twice, from what it is now to what it was at first.
pub(crate) fn compose(first: &[Edit], later: Vec<Edit>) -> Vec<Edit> {
    if first.is_empty() {
        return later;
    }
    let forward = |at: usize, is_end: bool| {
        let mut shift = 0_isize;
        for edit in &later {
            let inside = edit.before.start < at && at < edit.before.end;
            if inside {
                return if is_end { edit.now.end } else { edit.now.start };
            }
            if edit.before.end <= at {
                shift = edit.now.end.cast_signed() - edit.before.end.cast_signed();
            }
        }
        at.checked_add_signed(shift).unwrap_or(at)
    };
    let mut all: Vec<Edit> = first
        .iter()
        .map(|edit| Edit {
            now: forward(edit.now.start, false)..forward(edit.now.end, true),
            before: edit.before.clone(),
        })
        .collect();
    for edit in later {
        if !all.iter().any(|known| known.now.start <= edit.now.start && edit.now.end <= known.now.end) {
            all.push(Edit { before: before_edits(first, edit.before), now: edit.now });
        }
    }
    all.sort_by_key(|edit| edit.now.start);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Node {
        let value = Value::Text { text: text.to_owned(), verbatim_at: Some(100), edits: Vec::new() };
        Node { file: 0, key: None, range: 99..101 + text.len(), value }
    }

    fn binding() -> Binding {
        let row = BTreeMap::from([("by".to_owned(), text("5 deg"))]);
        let row = Node { value: Value::Table(row), ..text("") };
        Binding::default().with("joint", &text("yaw")).with("row", &row)
    }

    #[test]
    fn names_and_keys_of_rows_are_replaced() {
        let binding = binding();
        assert_eq!(binding.name, "joint = yaw, by = 5 deg");
        let mut mistakes = Vec::new();
        for (written, meant) in [
            ("$joint", "yaw"),
            ("arm.$joint.encoder.position", "arm.yaw.encoder.position"),
            ("$row.by", "5 deg"),
            ("abs(arm.x.$joint) <= $row.by + $row.by", "abs(arm.x.yaw) <= 5 deg + 5 deg"),
            ("5 $ and $5", "5 $ and $5"),
        ] {
            assert_eq!(binding.apply(&text(written), &mut mistakes).as_text(), Some(meant));
        }
        assert!(mistakes.is_empty());
        for (written, place, hint) in [
            ("a $jiont", 102..108, "did you mean `$joint`?"),
            ("$row", 100..104, "it is a row: write `$row.by`"),
            ("$pose", 100..105, ""),
        ] {
            let mut mistakes = Vec::new();
            binding.apply(&text(written), &mut mistakes);
            let [mistake] = &mistakes[..] else { panic!("{written}") };
            assert_eq!((mistake.range.clone(), mistake.hint.as_str()), (place, hint), "{written}");
        }
    }

    /// A method that says `axis 2` runs on every arm that has two; one that counts too far is told what there is.
    #[test]
    fn an_axis_is_the_joint_at_its_place_from_the_base() {
        let bound = |written: &[&str]| {
            let list =
                Node { value: Value::List(written.iter().map(|word| text(word)).collect()), ..text("") };
            let node = |value: Value| Node { value, ..text("") };
            let tables = BTreeMap::from([
                ("for_each".to_owned(), node(Value::Table(BTreeMap::from([("joint".to_owned(), list)])))),
                ("target".to_owned(), text("arm.$joint.encoder")),
            ]);
            let all = |_: &str| Ok(Some(vec!["shoulder".to_owned(), "elbow".to_owned()]));
            bindings(&node(Value::Table(tables)), &all)
        };
        let names = |written: &[&str]| {
            let bindings = bound(written).unwrap_or_default();
            bindings.into_iter().map(|binding| binding.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&["axis 2"]), ["joint = elbow"]);
        assert_eq!(names(&["elbow", "axis 1"]), ["joint = elbow", "joint = shoulder"]);
        for beyond in ["axis 3", "axis 0"] {
            let mistakes = bound(&[beyond]).err().unwrap_or_default();
            let [mistake] = &mistakes[..] else { panic!("{beyond}") };
            assert!(mistake.note.contains("2 axes: shoulder, elbow"), "{}", mistake.note);
        }
    }

    /// Text edited twice points back to what was written.
    #[test]
    fn two_edits_point_back_to_what_was_written() {
        // "$a.move + $b" → "arm.move + leg.x" → "psm1.move + exo.x"
        let first = vec![Edit { now: 0..3, before: 0..2 }, Edit { now: 11..16, before: 10..12 }];
        let later = vec![Edit { now: 0..4, before: 0..3 }, Edit { now: 12..15, before: 11..14 }];
        let both = compose(&first, later);
        assert_eq!(both[0], Edit { now: 0..4, before: 0..2 });
        assert_eq!(both[1], Edit { now: 12..17, before: 10..12 });
        assert_eq!(before_edits(&both, 5..9), 3..7, "`move` stands where it stood");
    }
}
