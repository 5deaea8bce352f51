//! Whether links and joints make one tree, in which order it is walked, and what mimics what.

use super::document::{Document, Kind};
use super::xml::Reader;
use crate::text::{nearest, quoted};
use std::collections::BTreeMap;

/// The most links of one robot: a humanoid with two hands has about a hundred.
const MAX_LINKS: usize = 2000;

/// What moves a joint.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Drive {
    /// Nothing.
    Fixed,
    /// A coordinate of its own.
    Own,
    /// Another joint's coordinate: position = multiplier × that joint's position + offset.
    Mimics { joint: usize, multiplier: f64, offset: f64 },
}

/// The tree of a file.
pub(super) struct Tree {
    /// Place of the link on which all others hang.
    pub root: usize,
    /// Places of the joints, depth first; the joints of one link in the order of the file.
    pub order: Vec<usize>,
    /// Places of each joint's parent and child links.
    pub ends: Vec<(usize, usize)>,
    /// What moves each joint; a chain of mimics is followed to its end.
    pub drives: Vec<Drive>,
}

/// Puts the tree together; `None` where it is none, with the reasons in the reader.
pub(super) fn build(document: &Document, reader: &mut Reader<'_>) -> Option<Tree> {
    let before = reader.found.len();
    if let Some(link) = document.links.get(MAX_LINKS) {
        reader.error("too-large", format!("more than {MAX_LINKS} links"), &link.name.range);
        return None;
    }
    let links = names(document.links.iter().map(|link| &link.name), "link", reader);
    let joints = names(document.joints.iter().map(|joint| &joint.name), "joint", reader);
    let ends = ends(document, &links, reader);
    let drives = drives(document, &joints, reader);
    for transmission in document.transmissions.iter().filter(|t| !joints.contains_key(t.joint.value.as_str()))
    {
        let title = format!("there is no joint `{}`", quoted(&transmission.joint.value));
        reader.error("unknown-name", title, &transmission.joint.range);
    }
    let is_whole = |reader: &Reader<'_>| reader.found[before..].iter().all(|d| d.severity != ERROR);
    if document.links.is_empty() {
        reader.error("bad-value", "a robot has at least one link", &(0..0));
    }
    if !is_whole(reader) {
        return None;
    }
    let ends: Vec<(usize, usize)> = ends.into_iter().flatten().collect();
    let mut joint_of: Vec<Option<usize>> = vec![None; document.links.len()];
    for (joint, (_, child)) in ends.iter().enumerate() {
        if let Some(first) = joint_of[*child].replace(joint) {
            let title = format!(
                "link `{}` hangs from two joints, `{}` and `{}`",
                document.links[*child].name.value,
                document.joints[first].name.value,
                document.joints[joint].name.value
            );
            let diagnostic = reader.error("not-a-tree", title, &document.joints[joint].child.range);
            diagnostic.notes.push(
                "URDF describes trees; a parallelogram is written as one branch whose other joints `<mimic>`"
                    .to_owned(),
            );
        }
    }
    if !is_whole(reader) {
        return None;
    }
    let roots: Vec<usize> = (0..document.links.len()).filter(|link| joint_of[*link].is_none()).collect();
    let Some(root) = roots.first().copied() else {
        let range = document.links[0].name.range.clone();
        reader.error("not-a-tree", "the joints make a ring: every link hangs from another", &range);
        return None;
    };
    for other in &roots[1..] {
        let (first, link) = (&document.links[root].name.value, &document.links[*other].name);
        let title = format!("nothing holds link `{}`: the robot hangs from `{first}`", link.value);
        let diagnostic = reader.error("not-a-tree", title, &link.range);
        diagnostic.notes.push("join the two by a joint, or take the link out".to_owned());
    }
    let mut order = Vec::new();
    let mut waiting = vec![root];
    let mut reached = vec![false; document.links.len()];
    // A stack, not recursion: a chain may be as long as the file.
    while let Some(link) = waiting.pop() {
        reached[link] = true;
        order.extend(joint_of[link]);
        let below = ends.iter().filter(|(parent, _)| *parent == link).map(|(_, child)| *child);
        let first = waiting.len();
        waiting.extend(below);
        waiting[first..].reverse();
    }
    if roots.len() == 1
        && let Some(lost) = reached.iter().position(|reached| !reached)
    {
        let link = &document.links[lost].name;
        let title = format!("link `{}` hangs in a ring of joints that nothing holds", link.value);
        reader.error("not-a-tree", title, &link.range);
    }
    is_whole(reader).then_some(Tree { root, order, ends, drives })
}

const ERROR: trocar_signal::Severity = trocar_signal::Severity::Error;

fn names<'d>(
    names: impl Iterator<Item = &'d super::xml::At<String>>,
    what: &str,
    reader: &mut Reader<'_>,
) -> BTreeMap<&'d str, usize> {
    let mut places = BTreeMap::new();
    for (place, name) in names.enumerate() {
        if places.insert(name.value.as_str(), place).is_some() {
            let title = format!("a second {what} is named `{}`", quoted(&name.value));
            reader.error("duplicate-name", title, &name.range);
        }
    }
    places
}

fn ends(
    document: &Document,
    links: &BTreeMap<&str, usize>,
    reader: &mut Reader<'_>,
) -> Vec<Option<(usize, usize)>> {
    let mut ends = Vec::new();
    for joint in &document.joints {
        let mut find = |end: &super::xml::At<String>| {
            let found = links.get(end.value.as_str()).copied();
            if found.is_none() {
                let hint = nearest(&end.value, links.keys().copied());
                let title = format!("there is no link `{}`", quoted(&end.value));
                reader.error("unknown-name", title, &end.range).labels[0].text =
                    hint.map_or_else(String::new, |guess| format!("did you mean `{guess}`?"));
            }
            found
        };
        let (parent, child) = (find(&joint.parent), find(&joint.child));
        if parent.is_some() && parent == child {
            let title = format!("joint `{}` joins a link to itself", joint.name.value);
            reader.error("not-a-tree", title, &joint.child.range);
        }
        ends.push(parent.zip(child));
    }
    ends
}

fn drives(document: &Document, joints: &BTreeMap<&str, usize>, reader: &mut Reader<'_>) -> Vec<Drive> {
    let own = |joint: usize| match document.joints[joint].kind {
        Kind::Fixed => Drive::Fixed,
        Kind::Revolute | Kind::Continuous | Kind::Prismatic => Drive::Own,
    };
    let mut drives = Vec::new();
    for (place, joint) in document.joints.iter().enumerate() {
        let (mut at, mut multiplier, mut offset) = (place, 1.0, 0.0);
        let mut steps = 0;
        while let Some(mimic) = &document.joints[at].mimic {
            let name = &mimic.joint;
            let Some(next) = joints.get(name.value.as_str()).copied() else {
                // Said once, at the joint that names it.
                if at == place {
                    let hint = nearest(&name.value, joints.keys().copied());
                    let title = format!("there is no joint `{}`", quoted(&name.value));
                    reader.error("unknown-name", title, &name.range).labels[0].text =
                        hint.map_or_else(String::new, |guess| format!("did you mean `{guess}`?"));
                }
                break;
            };
            offset += multiplier * mimic.offset;
            multiplier *= mimic.multiplier;
            at = next;
            steps += 1;
            if steps > document.joints.len() || at == place {
                let title = format!("joint `{}` mimics itself by a ring of mimics", joint.name.value);
                reader.error("mimic-ring", title, &joint.name.range);
                break;
            }
        }
        if let Some(mimic) = &joint.mimic {
            if joint.kind == Kind::Fixed {
                let title = format!("joint `{}` is fixed and cannot mimic another", joint.name.value);
                reader.error("bad-value", title, &mimic.joint.range);
            } else if document.joints[at].kind == Kind::Fixed {
                let title = format!(
                    "joint `{}` mimics `{}`, which is fixed",
                    joint.name.value, document.joints[at].name.value
                );
                reader.error("bad-value", title, &mimic.joint.range);
            }
        }
        drives.push(match joint.mimic {
            Some(_) => Drive::Mimics { joint: at, multiplier, offset },
            None => own(place),
        });
    }
    drives
}
