//! Laying what a URDF gives under what a robot file says: of two values for one thing the robot file's stays.

use super::convert::Tables;
use crate::tree::{Node, Value};
use std::collections::BTreeMap;

/// The lists of `[mechanism]` that a URDF fills, and the key by which their items are told apart.
const UNDER_URDF: [(&str, &str); 4] =
    [("coordinates", "name"), ("frames", "name"), ("links", "frame"), ("friction", "name")];

/// Lays a URDF's tables under a robot file's `[mechanism]`. An item of the file whose name the URDF has too changes the
/// URDF's, key by key; the others follow.
pub(crate) fn lay_under(mechanism: &mut Node, mut tables: Tables) {
    let (file, range) = (mechanism.file, mechanism.range.clone());
    let Value::Table(own) = &mut mechanism.value else { return };
    for (list, key) in UNDER_URDF {
        let mut items = tables.remove(list).unwrap_or_default();
        match own.get_mut(list) {
            None if items.is_empty() => {}
            None => {
                let node = Node { file, key: None, range: range.clone(), value: Value::List(items) };
                own.insert(list.to_owned(), node);
            }
            Some(Node { value: Value::List(written), .. }) => {
                for item in std::mem::take(written) {
                    let name = |node: &Node| node.get(key).and_then(Node::as_text).map(str::to_owned);
                    let same =
                        items.iter_mut().find(|known| name(known).is_some() && name(known) == name(&item));
                    match same {
                        Some(known) => lay_item_over(known, item),
                        None => items.push(item),
                    }
                }
                *written = items;
            }
            // The check of the file says that a list is meant.
            Some(_) => {}
        }
    }
}

fn lay_item_over(known: &mut Node, item: Node) {
    let Value::Table(over) = item.value else { return };
    (known.file, known.key, known.range) = (item.file, item.key, item.range);
    if let Value::Table(under) = &mut known.value {
        under.extend(over);
    }
}

/// The tables by themselves, as a `[mechanism]` whose tip is a frame.
pub(crate) fn tables_as_mechanism(tables: Tables, file: usize, tip: &str) -> Node {
    let node = |value: Value| Node { file, key: None, range: 0..0, value };
    let text = |text: &str| node(Value::Text { text: text.to_owned(), verbatim_at: None, edits: Vec::new() });
    let mut mechanism: BTreeMap<String, Node> =
        tables.into_iter().map(|(list, items)| (list.to_owned(), node(Value::List(items)))).collect();
    let tip = BTreeMap::from([("frame".to_owned(), text(tip))]);
    mechanism.insert("tip".to_owned(), node(Value::Table(tip)));
    node(Value::Table(mechanism))
}
