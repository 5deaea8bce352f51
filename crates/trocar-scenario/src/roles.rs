//! Roles: a method speaks of `arm`, a scene holds `psm1`, and the binding joins the two.

use crate::for_each::compose;
use crate::text::{join_key, quoted};
use crate::tree::{Edit, Node, Value};
use std::collections::BTreeMap;
use trocar_signal::Diagnostic;

/// Role to the robot of the scene that fills it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Roles {
    robots: BTreeMap<String, String>,
}

/// Keys whose text is prose, a name or a file: nothing in it is a path.
pub(crate) const PROSE: [&str; 16] = [
    "title",
    "purpose",
    "references",
    "departures",
    "sources",
    "why",
    "name",
    "id",
    "scene",
    "include",
    "document",
    "kind",
    "roles",
    "program",
    "file",
    "listen",
];

impl Roles {
    /// Role to robot.
    #[must_use]
    pub fn new(robots: BTreeMap<String, String>) -> Roles {
        Roles { robots }
    }

    /// Each role with the robot that fills it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.robots.iter().map(|(role, robot)| (role.as_str(), robot.as_str()))
    }

    /// The robot that fills a role.
    #[must_use]
    pub fn robot(&self, role: &str) -> Option<&str> {
        self.robots.get(role).map(String::as_str)
    }

    /// The first role that a robot fills.
    #[must_use]
    pub fn role_of(&self, robot: &str) -> Option<&str> {
        self.robots.iter().find(|(_, filled_by)| *filled_by == robot).map(|(role, _)| role.as_str())
    }

    /// A text with every path that begins with a role turned into one that begins with its robot: `arm.move_cp` gives
    /// `psm1.move_cp`, and formulas likewise.
    #[must_use]
    pub fn resolve(&self, text: &str) -> String {
        self.resolve_with_edits(text).0
    }

    /// The same in the scene's words: every robot that fills a role is called by it.
    #[must_use]
    pub fn in_words_of_the_method(&self, text: &str) -> String {
        let back = self.robots.iter().rev().map(|(role, robot)| (robot.clone(), role.clone())).collect();
        Roles { robots: back }.resolve(text)
    }

    fn resolve_with_edits(&self, text: &str) -> (String, Vec<Edit>) {
        let (mut out, mut edits) = (String::new(), Vec::new());
        let mut rest = 0;
        for (at, head) in heads(text) {
            if let Some(robot) = self.robots.get(head) {
                out.push_str(&text[rest..at]);
                edits.push(Edit { now: out.len()..out.len() + robot.len(), before: at..at + head.len() });
                out.push_str(robot);
                rest = at + head.len();
            }
        }
        out.push_str(&text[rest..]);
        (out, edits)
    }

    /// The tree of a scenario with roles replaced in every path and formula, in keys as well.
    pub(crate) fn resolve_tree(&self, root: &Node) -> Node {
        self.resolve_node(root, true)
    }

    fn resolve_node(&self, node: &Node, is_root: bool) -> Node {
        let value = match &node.value {
            Value::Text { text, verbatim_at, edits: earlier } => {
                let (text, edits) = self.resolve_with_edits(text);
                Value::Text { text, verbatim_at: *verbatim_at, edits: compose(earlier, edits) }
            }
            Value::List(items) => {
                Value::List(items.iter().map(|item| self.resolve_node(item, false)).collect())
            }
            Value::Table(table) => Value::Table(
                table
                    .iter()
                    .map(|(key, child)| {
                        let is_prose = PROSE.contains(&key.as_str());
                        let child = if is_prose { child.clone() } else { self.resolve_node(child, false) };
                        (if is_root { key.clone() } else { self.resolve(key) }, child)
                    })
                    .collect(),
            ),
            other => other.clone(),
        };
        Node { value, ..node.clone() }
    }
}

/// The `[roles]` of a scenario's tree.
pub(crate) fn of_tree(tree: &Node) -> BTreeMap<String, String> {
    let table = tree.get("roles").and_then(Node::as_table).into_iter().flatten();
    table.filter_map(|(role, robot)| Some((role.clone(), robot.as_text()?.to_owned()))).collect()
}

/// Puts other robots into the `[roles]` of a scenario's tree.
pub(crate) fn bind(tree: &mut Node, roles: &[(String, String)]) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let Value::Table(table) = &mut tree.value else { return found };
    let Some(Value::Table(bound)) = table.get_mut("roles").map(|node| &mut node.value) else { return found };
    for (role, robot) in roles {
        match bound.get_mut(role) {
            Some(node) => {
                node.value = Value::Text { text: robot.clone(), verbatim_at: None, edits: Vec::new() };
            }
            None => {
                let names: Vec<&str> = bound.keys().map(String::as_str).collect();
                let title = format!("the method has no role `{}`", quoted(role));
                let note = format!("its roles: {}", names.join(", "));
                found.push(Diagnostic::error("unknown-name", title).note(note));
            }
        }
    }
    found
}

/// The first part of every path of two parts or more in a text, with where it begins.
fn heads(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '*';
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..)?;
            let start = at + rest.find(is_part)?;
            let path = &text[start..];
            let end = path.find(|c: char| !is_part(c) && c != '.').unwrap_or(path.len());
            at = start + end;
            let path = &path[..end];
            match path.split_once('.') {
                // `2.5` is a number; `0.x` is none either.
                Some((head, tail)) if !head.starts_with(|c: char| c.is_ascii_digit()) && !tail.is_empty() => {
                    return Some((start, head));
                }
                _ => {}
            }
        }
    })
}

/// A path of two parts or more, and nothing else: where a text is one, its first part.
pub(crate) fn head_of_path(text: &str) -> Option<&str> {
    let mut heads = heads(text);
    let (0, head) = heads.next()? else { return None };
    let all = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '*' | '.');
    let clean = text.chars().all(all) && !text.split('.').any(str::is_empty);
    (clean && heads.next().is_none()).then_some(head)
}

/// Every text and key below a node that is a path, with its first part, its key path and whether it is a key.
pub(crate) fn paths_below<'n>(node: &'n Node, path: &str, found: &mut Vec<FoundPath<'n>>) {
    match &node.value {
        Value::Text { text, .. } => {
            if let Some(head) = head_of_path(text) {
                found.push(FoundPath { head, key: path.to_owned(), is_key: false });
            }
        }
        Value::List(items) => {
            items.iter().enumerate().for_each(|(i, item)| paths_below(item, &format!("{path}[{i}]"), found));
        }
        Value::Table(table) => {
            for (key, child) in table.iter().filter(|(key, _)| !PROSE.contains(&key.as_str())) {
                let below = join_key(path, key);
                if let Some(head) = head_of_path(key) {
                    found.push(FoundPath { head, key: below.clone(), is_key: true });
                }
                paths_below(child, &below, found);
            }
        }
        _ => {}
    }
}

/// A path that stands in a file.
pub(crate) struct FoundPath<'n> {
    pub head: &'n str,
    pub key: String,
    pub is_key: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn roles() -> Roles {
        let robots =
            [("arm", "psm1"), ("leg", "exo")].map(|(role, robot)| (role.to_owned(), robot.to_owned()));
        Roles::new(BTreeMap::from(robots))
    }

    #[test]
    fn only_first_parts_of_paths_are_replaced() {
        let roles = roles();
        for (text, resolved) in [
            ("arm.move_cp", "psm1.move_cp"),
            ("arm", "arm"),
            ("max(RP) <= arm.declared.x + 0.5 mm", "max(RP) <= psm1.declared.x + 0.5 mm"),
            ("tracker.arm.x and not leg.is_busy", "tracker.arm.x and not exo.is_busy"),
            ("forearm.x", "forearm.x"),
            ("2.arm", "2.arm"),
            ("arm.*.friction.coulomb", "psm1.*.friction.coulomb"),
            ("arm. and", "arm. and"),
            ("é arm.x", "é psm1.x"),
        ] {
            assert_eq!(roles.resolve(text), resolved);
        }
        assert_eq!(roles.in_words_of_the_method("psm1.x < exo.y"), "arm.x < leg.y");
    }

    #[test]
    fn a_path_alone_is_told_from_a_formula() {
        assert_eq!(head_of_path("arm.*.friction"), Some("arm"));
        for text in ["arm", "arm.x < 2", "arm..x", ".x", "", "arm.x + leg.y", "0.5"] {
            assert_eq!(head_of_path(text), None, "{text}");
        }
    }

    proptest! {
        /// Whatever the text, replacing and replacing back is the identity as long as no robot is named in it.
        #[test]
        fn roles_come_back(text in "[armleg .*<0-9é]{0,40}") {
            let roles = roles();
            prop_assert_eq!(roles.in_words_of_the_method(&roles.resolve(&text)), text);
        }
    }
}
