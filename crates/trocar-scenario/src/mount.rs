//! Arm and instrument as one robot: the tree that a file holding both would have, each value with its own place.
//!
//! Everything behind the loader sees plain robots. Frames, links, friction and stops of the instrument follow the
//! arm's; its coupling stands below and right of the arm's; what stands behind its numbers is written beside each.

use crate::instrument::{InstrumentFile, InstrumentMountConfig, MOUNT};
use crate::tree::{Node, Value};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// Keys of lists that an instrument continues.
const LISTS: [&str; 5] = ["coordinates", "frames", "links", "friction", "stops"];

/// An instrument file, read: its content, its tree and the schema that it follows.
pub(crate) struct Instrument<'a> {
    pub file: &'a InstrumentFile,
    pub tree: &'a Node,
    pub schema: &'a Json,
}

/// The tree of `arm` with the instrument on its mount.
pub(crate) fn mounted(arm: &Node, mount: &InstrumentMountConfig, instrument: &Instrument<'_>) -> Node {
    let mut robot = arm.clone();
    let mut tree = instrument.tree.clone();
    let renamed = join_sources(&mut robot, &tree);
    let provenance = tree.get("provenance").cloned();
    with_provenance(&mut tree, instrument.schema, instrument.schema, provenance.as_ref(), &renamed);
    let Value::Table(mut own) = tree.value else { return robot };
    if let Some(Value::List(frames)) = own.get_mut("frames").map(|frames| &mut frames.value) {
        frames.iter_mut().for_each(|frame| on_mount(frame, "parent", mount));
    }
    for point in ["tip", "payload"] {
        if let Some(node) = own.get_mut(point) {
            on_mount(node, "frame", mount);
        }
    }
    if let Some(Value::Table(mechanism)) = entry(&mut robot, "mechanism") {
        for key in LISTS {
            if let Some(list) = own.remove(key) {
                append(mechanism, key, list);
            }
        }
        for point in ["tip", "payload"] {
            mechanism.extend(own.remove_entry(point));
        }
        for (key, of_jaw) in [("jaw", "joint"), ("jaw_length", "length")] {
            let value = own.get("jaw").and_then(|jaw| jaw.get(of_jaw)).cloned();
            mechanism.extend(value.map(|value| (key.to_owned(), value)));
        }
    }
    let matrix = own.get_mut("coupling").and_then(|node| entry(node, "joint_from_actuator")).and_then(bare);
    if let Some(Value::List(rows)) = matrix {
        let rows = std::mem::take(rows);
        one_to_one(&mut robot, mount);
        couple(&mut robot, rows);
    }
    if let Value::Table(whole) = &mut robot.value {
        for key in ["references", "declared"] {
            if let Some(node) = own.remove(key) {
                append(whole, key, node);
            }
        }
    }
    if let Some(Value::Text { text, verbatim_at, .. }) = entry(&mut robot, "title") {
        *text = format!("{text}, {}", instrument.file.title);
        *verbatim_at = None;
    }
    leave_out(&mut robot, mount, instrument.file);
    if let Some(Node { value: Value::List(cables), .. }) = own.remove("cables") {
        string(&mut robot, cables);
    }
    robot
}

fn entry<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Value> {
    match &mut node.value {
        Value::Table(table) => table.get_mut(key).map(|node| &mut node.value),
        _ => None,
    }
}

/// The value of what may stand with its source.
fn bare(value: &mut Value) -> Option<&mut Value> {
    if !matches!(value, Value::Table(table) if table.contains_key("value")) {
        return Some(value);
    }
    match value {
        Value::Table(table) => table.get_mut("value").map(|node| &mut node.value),
        _ => None,
    }
}

/// Continues a list, or a table with what it does not have.
fn append(table: &mut BTreeMap<String, Node>, key: &str, more: Node) {
    match (table.get_mut(key).map(|node| &mut node.value), more.value) {
        (Some(Value::List(list)), Value::List(mut items)) => list.append(&mut items),
        (Some(Value::Table(mine)), Value::Table(theirs)) => {
            for (key, node) in theirs {
                mine.entry(key).or_insert(node);
            }
        }
        (Some(_), _) => {}
        (None, value) => {
            table.insert(key.to_owned(), Node { value, ..more });
        }
    }
}

/// Adds the instrument's sources to the arm's; gives the keys that mean something else there, with their new ones.
fn join_sources(robot: &mut Node, instrument: &Node) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    let theirs = instrument.get("sources").and_then(Node::as_table).cloned().unwrap_or_default();
    let Value::Table(whole) = &mut robot.value else { return renamed };
    let sources = whole
        .entry("sources".to_owned())
        .or_insert_with(|| Node { value: Value::Table(BTreeMap::new()), ..instrument.clone() });
    let Value::Table(sources) = &mut sources.value else { return renamed };
    for (key, citation) in theirs {
        let means_another = |known: &&Node| known.as_text() != citation.as_text();
        let mut name = key.clone();
        while sources.get(&name).as_ref().is_some_and(means_another) {
            name = format!("instrument_{name}");
        }
        if name != key {
            renamed.insert(key, name.clone());
        }
        sources.insert(name, citation);
    }
    renamed
}

/// Writes source and standing beside each number that has none of its own: in a robot file, they would be the arm's.
fn with_provenance(
    node: &mut Node,
    root: &Json,
    schema: &Json,
    provenance: Option<&Node>,
    renamed: &BTreeMap<String, String>,
) {
    let reference = schema.get("$ref").and_then(Json::as_str).and_then(|text| text.rsplit('/').next());
    let target = reference.and_then(|name| root.get("$defs")?.get(name));
    if reference.is_some_and(|name| name.starts_with("Sourced")) {
        return stand_behind(node, provenance, renamed);
    }
    let schema = target.unwrap_or(schema);
    let below = |node: &mut Node, schema: &Json| with_provenance(node, root, schema, provenance, renamed);
    match &mut node.value {
        Value::Table(table) => {
            for (key, child) in table {
                let of_key = schema.get("properties").and_then(|properties| properties.get(key));
                if let Some(schema) = of_key.or_else(|| schema.get("additionalProperties")) {
                    below(child, schema);
                }
            }
        }
        Value::List(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| below(item, schema));
            }
        }
        _ => {}
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        for one in schema.get(choice).and_then(Json::as_array).into_iter().flatten() {
            below(node, one);
        }
    }
}

fn stand_behind(node: &mut Node, provenance: Option<&Node>, renamed: &BTreeMap<String, String>) {
    let is_table = matches!(&node.value, Value::Table(table) if table.contains_key("value"));
    if !is_table {
        let inner = Node { key: None, ..node.clone() };
        node.value = Value::Table(BTreeMap::from([("value".to_owned(), inner)]));
    }
    let Value::Table(table) = &mut node.value else { return };
    for key in ["source", "standing"] {
        if let Some(default) = provenance.and_then(|section| section.get(key))
            && !table.contains_key(key)
        {
            table.insert(key.to_owned(), default.clone());
        }
    }
    if let Some(Value::Text { text, verbatim_at, .. }) = table.get_mut("source").map(|node| &mut node.value)
        && let Some(name) = renamed.get(text)
    {
        *text = name.clone();
        *verbatim_at = None;
    }
}

/// Puts the mount's frame where the instrument says `mount`.
fn on_mount(node: &mut Node, key: &str, mount: &InstrumentMountConfig) {
    if let Some(Value::Text { text, verbatim_at, .. }) = entry(node, key)
        && text == MOUNT
    {
        *text = mount.frame.clone();
        *verbatim_at = None;
    }
}

/// Writes down what the absence of the arm's coupling means: each of its own actuators moves one joint.
fn one_to_one(robot: &mut Node, mount: &InstrumentMountConfig) {
    let count = robot.get("actuators").map_or(0, |node| match &node.value {
        Value::List(actuators) => actuators.len().saturating_sub(mount.discs.len()),
        _ => 0,
    });
    let like = Node { key: None, value: Value::Boolean(false), ..robot.clone() };
    let node = |value: Value| Node { value, ..like.clone() };
    let row = |i: usize| {
        let entry = |j: usize| node(Value::Float(if i == j { 1.0 } else { 0.0 }));
        node(Value::List((0..count).map(entry).collect()))
    };
    if let Value::Table(whole) = &mut robot.value {
        whole.entry("coupling".to_owned()).or_insert_with(|| {
            let matrix = node(Value::List((0..count).map(row).collect()));
            node(Value::Table(BTreeMap::from([("joint_from_actuator".to_owned(), matrix)])))
        });
    }
}

/// The instrument's matrix below and right of the arm's.
fn couple(robot: &mut Node, more: Vec<Node>) {
    let matrix = entry_node(robot, "coupling").and_then(|node| entry(node, "joint_from_actuator"));
    let Some(Value::List(rows)) = matrix.and_then(bare) else { return };
    let zero = |like: &Node| Node { key: None, value: Value::Float(0.0), ..like.clone() };
    let (width, added) = (rows.len(), more.len());
    for row in rows.iter_mut() {
        let filler = zero(row);
        if let Value::List(items) = &mut row.value {
            items.resize(items.len() + added, filler);
        }
    }
    for mut row in more {
        let filler = zero(&row);
        if let Value::List(items) = &mut row.value {
            let own = std::mem::replace(items, vec![filler; width]);
            items.extend(own);
        }
        rows.push(row);
    }
}

fn entry_node<'a>(node: &'a mut Node, key: &str) -> Option<&'a mut Node> {
    match &mut node.value {
        Value::Table(table) => table.get_mut(key),
        _ => None,
    }
}

/// Puts the cables behind the last actuators, the discs that are engaged.
fn string(robot: &mut Node, cables: Vec<Node>) {
    let Some(Value::List(actuators)) = entry(robot, "actuators") else { return };
    let own = actuators.len().saturating_sub(cables.len());
    for (actuator, cable) in actuators[own..].iter_mut().zip(cables) {
        if let Value::Table(table) = &mut actuator.value {
            table.insert("transmission".to_owned(), cable);
        }
    }
}

/// Discs that turn nothing, and what the arm says of them and of joints that this instrument does not have.
fn leave_out(robot: &mut Node, mount: &InstrumentMountConfig, instrument: &InstrumentFile) {
    let engaged: Vec<usize> = match &instrument.discs {
        Some(discs) => discs.iter().map(|disc| *disc as usize - 1).collect(),
        None => (0..instrument.coordinates.len()).collect(),
    };
    if let Some(Value::List(actuators)) = entry(robot, "actuators") {
        let own = actuators.len().saturating_sub(mount.discs.len());
        let discs = actuators.split_off(own);
        actuators.extend(engaged.iter().filter_map(|place| discs.get(*place).cloned()));
    }
    let left_out = |item: &Node| {
        let named = |key: &str| item.get(key).and_then(Node::as_text);
        let joint = named("joint").filter(|name| mount.joints.iter().any(|known| known == name));
        let no_joint = joint.is_some_and(|name| !instrument.coordinates.iter().any(|own| own.name == name));
        let disc = named("actuator").and_then(|name| mount.discs.iter().position(|disc| disc == name));
        no_joint || disc.is_some_and(|disc| !engaged.contains(&disc))
    };
    for section in ["servo", "arm", "supervisor", "stop"] {
        let Some(Value::Table(section)) = entry(robot, section) else { continue };
        for node in section.values_mut() {
            if let Value::List(items) = &mut node.value {
                items.retain(|item| !left_out(item));
            }
        }
    }
}
