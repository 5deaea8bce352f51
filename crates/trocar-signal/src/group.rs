//! Groups: the typed signals of a run, and the layout that holds them all.

use crate::diagnostic::nearest;
use crate::unit::Dimension;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a group is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupKind {
    /// One number with a unit.
    Scalar,
    /// Named numbers.
    Vector,
    /// A point: x, y, z in `frame`.
    Point,
    /// A rotation: unit quaternion x, y, z, w.
    Rotation,
    /// A pose: position x, y, z, then orientation x, y, z, w.
    Pose,
    /// A twist: linear x, y, z, then angular x, y, z.
    Twist,
    /// A wrench: force x, y, z, then torque x, y, z.
    Wrench,
    /// Position, velocity and effort of named joints, in that order.
    JointState,
    /// One of named states; the value is the place in the list.
    State(Vec<String>),
    /// Something that happens: the value counts how often; the stamp says when last.
    Event,
}

/// One number of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Element {
    /// Path below the group's, e.g. `position.yaw`; empty where the group is a single number.
    pub name: String,
    /// What it measures.
    pub dimension: Dimension,
}

/// Who may look at a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupClass {
    /// Part of the device or its world: it is in the digest.
    Information,
    /// Written by an instrument, for observers only.
    Instrument,
    /// What only a simulator can know.
    Truth,
}

/// A group as it is declared.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupSpec {
    /// E.g. `psm1.measured_js`.
    pub path: String,
    /// What it is.
    pub kind: GroupKind,
    /// Its numbers, in the order of the table.
    pub elements: Vec<Element>,
    /// The frame in which Cartesian values are expressed, e.g. `psm1.base`.
    pub frame: Option<String>,
    /// The point or body that Cartesian values speak of, e.g. `psm1.tool_tip`.
    pub point: Option<String>,
    /// The component that writes it.
    pub writer: String,
    /// One sentence for `trocar paths`.
    pub meaning: String,
    /// Who may look at it.
    pub class: GroupClass,
}

impl GroupSpec {
    fn new(path: impl Into<String>, kind: GroupKind, elements: Vec<Element>) -> GroupSpec {
        GroupSpec {
            path: path.into(),
            kind,
            elements,
            frame: None,
            point: None,
            writer: String::new(),
            meaning: String::new(),
            class: GroupClass::Information,
        }
    }

    /// One number.
    pub fn scalar(path: impl Into<String>, dimension: Dimension) -> GroupSpec {
        GroupSpec::new(path, GroupKind::Scalar, vec![Element { name: String::new(), dimension }])
    }

    /// Named numbers.
    pub fn vector(path: impl Into<String>, elements: Vec<Element>) -> GroupSpec {
        GroupSpec::new(path, GroupKind::Vector, elements)
    }

    /// A point in a frame.
    pub fn point(path: impl Into<String>, frame: &str, point: &str) -> GroupSpec {
        let elements = axes("position", Dimension::LENGTH);
        GroupSpec::new(path, GroupKind::Point, elements).of(frame, point)
    }

    /// A pose in a frame.
    pub fn pose(path: impl Into<String>, frame: &str, point: &str) -> GroupSpec {
        let mut elements = axes("position", Dimension::LENGTH);
        elements.extend(
            ["x", "y", "z", "w"]
                .map(|axis| Element { name: format!("orientation.{axis}"), dimension: Dimension::NUMBER }),
        );
        GroupSpec::new(path, GroupKind::Pose, elements).of(frame, point)
    }

    /// A force and a torque about a point, in the axes of a frame.
    pub fn wrench(path: impl Into<String>, frame: &str, point: &str) -> GroupSpec {
        let mut elements = axes("force", Dimension::FORCE);
        elements.extend(axes("torque", Dimension::TORQUE));
        GroupSpec::new(path, GroupKind::Wrench, elements).of(frame, point)
    }

    /// Position, velocity and effort of joints; each joint is given with the dimension of its position.
    pub fn joint_state<'a>(
        path: impl Into<String>,
        joints: impl IntoIterator<Item = (&'a str, Dimension)> + Clone,
    ) -> GroupSpec {
        let mut elements = Vec::new();
        for (field, derive) in [("position", 0), ("velocity", 1), ("effort", 2)] {
            for (joint, position) in joints.clone() {
                let dimension = match derive {
                    0 => position,
                    1 => position.over(Dimension::TIME),
                    _ if position == Dimension::LENGTH => Dimension::FORCE,
                    _ => Dimension::TORQUE,
                };
                elements.push(Element { name: format!("{field}.{joint}"), dimension });
            }
        }
        GroupSpec::new(path, GroupKind::JointState, elements)
    }

    /// Positions of joints alone, as a joint command carries them.
    pub fn joint_positions<'a>(
        path: impl Into<String>,
        joints: impl IntoIterator<Item = (&'a str, Dimension)>,
    ) -> GroupSpec {
        let elements = joints
            .into_iter()
            .map(|(joint, dimension)| Element { name: format!("position.{joint}"), dimension })
            .collect();
        GroupSpec::new(path, GroupKind::Vector, elements)
    }

    /// Efforts of joints alone, as a joint command carries them; a dimension is that of the joint's position.
    pub fn joint_efforts<'a>(
        path: impl Into<String>,
        joints: impl IntoIterator<Item = (&'a str, Dimension)>,
    ) -> GroupSpec {
        let effort = |position: Dimension| match position {
            Dimension::LENGTH => Dimension::FORCE,
            _ => Dimension::TORQUE,
        };
        let elements = joints
            .into_iter()
            .map(|(joint, position)| Element { name: format!("effort.{joint}"), dimension: effort(position) })
            .collect();
        GroupSpec::new(path, GroupKind::Vector, elements)
    }

    /// One of named states.
    pub fn state(path: impl Into<String>, states: &[&str]) -> GroupSpec {
        let names = states.iter().map(|s| (*s).to_owned()).collect();
        let elements = vec![Element { name: String::new(), dimension: Dimension::NUMBER }];
        GroupSpec::new(path, GroupKind::State(names), elements)
    }

    /// True or false: a state named so.
    pub fn flag(path: impl Into<String>) -> GroupSpec {
        GroupSpec::state(path, &["false", "true"])
    }

    /// Something that happens.
    pub fn event(path: impl Into<String>) -> GroupSpec {
        let elements = vec![Element { name: String::new(), dimension: Dimension::NUMBER }];
        GroupSpec::new(path, GroupKind::Event, elements)
    }

    /// Sets frame and point.
    #[must_use]
    pub fn of(mut self, frame: &str, point: &str) -> GroupSpec {
        self.frame = Some(frame.to_owned());
        self.point = Some(point.to_owned());
        self
    }

    /// Sets the sentence for `trocar paths`.
    #[must_use]
    pub fn meaning(mut self, text: &str) -> GroupSpec {
        text.clone_into(&mut self.meaning);
        self
    }

    /// Sets who may look at it.
    #[must_use]
    pub fn class(mut self, class: GroupClass) -> GroupSpec {
        self.class = class;
        self
    }

    /// The full path of an element.
    #[must_use]
    pub fn element_path(&self, index: usize) -> String {
        match self.elements.get(index) {
            Some(element) if !element.name.is_empty() => format!("{}.{}", self.path, element.name),
            _ => self.path.clone(),
        }
    }
}

fn axes(field: &str, dimension: Dimension) -> Vec<Element> {
    ["x", "y", "z"].iter().map(|axis| Element { name: format!("{field}.{axis}"), dimension }).collect()
}

/// A group's place in a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupId(pub u32);

/// One number in a layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ElementRef {
    /// The group.
    pub group: GroupId,
    /// The element within it.
    pub index: u32,
}

/// All groups of a run, in the order in which they were declared.
#[derive(Clone, Debug, Default)]
pub struct Layout {
    groups: Vec<GroupSpec>,
    offsets: Vec<usize>,
    len: usize,
    by_path: BTreeMap<String, GroupId>,
}

impl Layout {
    /// Adds a group.
    ///
    /// # Errors
    /// The writer that already writes a group of this path.
    pub fn add(&mut self, spec: GroupSpec) -> Result<GroupId, String> {
        if let Some(other) = self.by_path.get(&spec.path) {
            return Err(self.spec(*other).writer.clone());
        }
        let id = GroupId(self.groups.len() as u32);
        self.by_path.insert(spec.path.clone(), id);
        self.offsets.push(self.len);
        self.len += spec.elements.len();
        self.groups.push(spec);
        Ok(id)
    }

    /// How many groups there are.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// How many numbers all groups hold.
    #[must_use]
    pub fn value_count(&self) -> usize {
        self.len
    }

    /// Every group with its place.
    pub fn groups(&self) -> impl Iterator<Item = (GroupId, &GroupSpec)> {
        self.groups.iter().enumerate().map(|(i, spec)| (GroupId(i as u32), spec))
    }

    /// A group's declaration. The id must come from this layout.
    #[must_use]
    pub fn spec(&self, id: GroupId) -> &GroupSpec {
        &self.groups[id.0 as usize]
    }

    /// The place of a group's first number in the table.
    #[must_use]
    pub fn offset(&self, id: GroupId) -> usize {
        self.offsets[id.0 as usize]
    }

    /// The group of this path.
    #[must_use]
    pub fn group(&self, path: &str) -> Option<GroupId> {
        self.by_path.get(path).copied()
    }

    /// The element of this path; for a group of one number, the group's path.
    #[must_use]
    pub fn element(&self, path: &str) -> Option<ElementRef> {
        if let Some(group) = self.group(path) {
            return (self.spec(group).elements.len() == 1).then_some(ElementRef { group, index: 0 });
        }
        for (at, _) in path.match_indices('.').collect::<Vec<_>>().into_iter().rev() {
            if let Some(group) = self.group(&path[..at]) {
                let rest = &path[at + 1..];
                let index = self.spec(group).elements.iter().position(|e| e.name == rest)?;
                return Some(ElementRef { group, index: index as u32 });
            }
        }
        None
    }

    /// The element's declaration.
    #[must_use]
    pub fn element_spec(&self, element: ElementRef) -> &Element {
        &self.spec(element.group).elements[element.index as usize]
    }

    /// The full path of an element.
    #[must_use]
    pub fn element_path(&self, element: ElementRef) -> String {
        self.spec(element.group).element_path(element.index as usize)
    }

    /// Elements whose path matches a pattern (see [`matches()`]); a pattern that names a group takes all of it.
    #[must_use]
    pub fn matching(&self, pattern: &str) -> Vec<ElementRef> {
        let mut found = Vec::new();
        for (group, spec) in self.groups() {
            let whole = matches(pattern, &spec.path);
            for index in 0..spec.elements.len() {
                if whole || matches(pattern, &spec.element_path(index)) {
                    found.push(ElementRef { group, index: index as u32 });
                }
            }
        }
        found
    }

    /// The path nearest to one that does not exist, among groups and elements.
    #[must_use]
    pub fn nearest_path(&self, path: &str) -> Option<String> {
        let all: Vec<String> = self
            .groups
            .iter()
            .flat_map(|spec| {
                (0..spec.elements.len())
                    .map(|i| spec.element_path(i))
                    .chain(std::iter::once(spec.path.clone()))
            })
            .collect();
        nearest(path, all.iter().map(String::as_str)).map(str::to_owned)
    }
}

/// Whether a path matches a pattern. `*` stands for any text inside one part of the path, except as the last part,
/// where it stands for all that follows.
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let mut patterns = pattern.split('.').peekable();
    let mut parts = path.split('.').peekable();
    loop {
        match (patterns.next(), parts.next()) {
            (None, None) => return true,
            (Some("*"), Some(_)) if patterns.peek().is_none() => return true,
            (Some(p), Some(part)) if part_matches(p, part) => {}
            _ => return false,
        }
    }
}

fn part_matches(pattern: &str, part: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == part,
        Some((head, rest)) => part.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len()).filter(|i| tail.is_char_boundary(*i)).any(|i| part_matches(rest, &tail[i..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let mut layout = Layout::default();
        let joints = [("yaw", Dimension::ANGLE), ("insertion", Dimension::LENGTH)];
        layout.add(GroupSpec::joint_state("psm1.measured_js", joints)).unwrap();
        layout.add(GroupSpec::scalar("psm1.yaw.motor.current", Dimension::CURRENT)).unwrap();
        layout.add(GroupSpec::pose("psm1.measured_cp", "psm1.base", "psm1.tool_tip")).unwrap();
        layout
    }

    #[test]
    fn elements_are_found_by_path_with_their_dimension() {
        let layout = layout();
        let element = layout.element("psm1.measured_js.effort.insertion").unwrap();
        assert_eq!(layout.element_spec(element).dimension, Dimension::FORCE);
        assert_eq!(layout.element_path(element), "psm1.measured_js.effort.insertion");
        assert!(layout.element("psm1.yaw.motor.current").is_some());
        assert!(layout.element("psm1.measured_js").is_none(), "a group of many is not a number");
        let near = layout.nearest_path("psm1.measured_js.position.yawn");
        assert_eq!(near.as_deref(), Some("psm1.measured_js.position.yaw"));
    }

    #[test]
    fn patterns_stop_at_dots_except_at_the_end() {
        let layout = layout();
        assert_eq!(layout.matching("psm1.measured_js.position.*").len(), 2);
        assert_eq!(layout.matching("psm1.measured_js.*").len(), 6);
        assert_eq!(layout.matching("psm1.measured_cp").len(), 7);
        assert_eq!(layout.matching("psm1.*.yaw").len(), 0);
        assert_eq!(layout.matching("psm1.*_js.*.yaw").len(), 3);
        assert!(
            matches("psm1.*.current", "psm1.x.current") && !matches("psm1.*.current", "psm1.a.b.current")
        );
    }

    #[test]
    fn a_second_writer_is_refused_by_name() {
        let mut layout = layout();
        let mut spec = GroupSpec::flag("psm1.busy");
        spec.writer = "psm1.arm".to_owned();
        layout.add(spec.clone()).unwrap();
        assert_eq!(layout.add(spec), Err("psm1.arm".to_owned()));
    }
}
