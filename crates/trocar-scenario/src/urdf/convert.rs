//! From a tree of links and joints to the tables of a robot file's `[mechanism]`, each value with its place in the URDF.
//!
//! Every joint that moves becomes a frame whose z axis is the joint's axis; what is fixed to it is folded into its body
//! exactly, and stays as a frame without one. A mimic's offset is part of where its frame stands.

use super::document::{Document, Inertial, Joint, Kind, about};
use super::tree::{Drive, Tree};
use super::xml::{At, Reader};
use super::{Urdf, UrdfJoint, UrdfLink};
use crate::common::is_name;
use crate::mechanism::{BASE, Row};
use crate::tree::{Node, Value};
use nalgebra::{Isometry3, Matrix3, Quaternion, Translation3, UnitQuaternion, Vector3};
use std::collections::{BTreeMap, BTreeSet};
use std::f64::consts::TAU;
use std::ops::Range;
use trocar_signal::Problem;

/// How far friction gives before it slips, and how fast that is damped: nobody publishes either with a URDF. The PSM's
/// file assumes 50 µrad to 1 mrad and 6 to 20 ms.
const PRESLIDING_RAD: f64 = 1e-3;
const PRESLIDING_M: f64 = 1e-4;
const PRESLIDING_S: f64 = 0.01;

/// The tables of `[mechanism]` that a URDF fills: name of the list to its items.
pub(super) type Tables = BTreeMap<&'static str, Vec<Node>>;

/// What a joint does once mimics are followed and joints held.
struct Motion {
    /// Coordinate to coefficient; empty where it stands still.
    of: Row,
    /// Part of its position that no coordinate moves, rad or m.
    constant: f64,
}

/// Where a link is: the frame that moves, and the link in it.
#[derive(Clone)]
struct Anchor {
    frame: String,
    anchor_from_link: Isometry3<f64>,
}

/// Converts. `hold` is joint's coordinate to the position, in SI, at which it stands still.
///
/// # Errors
/// `hold` names what cannot be held; keys below the `urdf` table. Everything else goes to the reader.
pub(super) fn convert(
    document: &Document,
    tree: &Tree,
    hold: &BTreeMap<String, f64>,
    file: usize,
    reader: &mut Reader<'_>,
) -> Result<(Urdf, Tables), Vec<Problem>> {
    let names = Names::new(document, tree);
    check_hold(document, tree, &names, hold)?;
    let motions: Vec<Motion> =
        (0..document.joints.len()).map(|joint| motion(joint, tree, &names, hold)).collect();
    let mut out = Tables::new();
    let emit = Emit { file };
    for place in &tree.order {
        let joint = &document.joints[*place];
        if tree.drives[*place] == Drive::Own && !motions[*place].of.is_empty() {
            let coordinate = emit.coordinate(joint, &names.coordinates[*place]);
            out.entry("coordinates").or_default().push(coordinate);
        }
        check_mimic_limits(document, tree, *place, reader);
    }
    let root = Anchor { frame: BASE.to_owned(), anchor_from_link: Isometry3::identity() };
    let mut anchors: Vec<Option<Anchor>> = vec![None; document.links.len()];
    let mut bodies: BTreeMap<String, Body> = BTreeMap::new();
    let mut body_order = Vec::new();
    let mut base_mass_kg = document.links[tree.root].inertial.as_ref().map_or(0.0, |i| i.mass_kg);
    anchors[tree.root] = Some(root);
    for place in &tree.order {
        let (joint, motion) = (&document.joints[*place], &motions[*place]);
        let (parent, child) = tree.ends[*place];
        let Some(above) = anchors[parent].clone() else { continue };
        let anchor_from_joint = above.anchor_from_link * joint.parent_from_joint;
        let (link, moves) = (&names.links[child], !motion.of.is_empty());
        let anchor = if moves {
            let joint_from_axis = z_to(joint.axis);
            let placement = anchor_from_joint * joint_from_axis * along_z(joint.kind, motion.constant);
            let is_plain = joint_from_axis == UnitQuaternion::identity();
            let frame = if is_plain { link } else { &names.axes[*place] };
            let node = emit.frame(joint, frame, &above.frame, &placement, Some(motion));
            out.entry("frames").or_default().push(node);
            if !is_plain {
                let back = Isometry3::from_parts(Translation3::identity(), joint_from_axis.inverse());
                let node = emit.frame(joint, link, frame, &back, None);
                out.entry("frames").or_default().push(node);
            }
            let master = match tree.drives[*place] {
                Drive::Mimics { joint, .. } => &document.joints[joint],
                Drive::Own | Drive::Fixed => joint,
            };
            let driven_by = (master, &motion.of);
            if let Some(friction) = emit.friction(joint, &names.coordinates[*place], driven_by) {
                out.entry("friction").or_default().push(friction);
            }
            Anchor {
                frame: frame.clone(),
                anchor_from_link: Isometry3::from_parts(Translation3::identity(), joint_from_axis.inverse()),
            }
        } else {
            let held = held(joint, motion.constant);
            let anchor_from_link = anchor_from_joint * held;
            let node = emit.frame(joint, link, &above.frame, &anchor_from_link, None);
            out.entry("frames").or_default().push(node);
            Anchor { frame: above.frame, anchor_from_link }
        };
        if let Some(inertial) = document.links[child].inertial.as_ref().filter(|i| i.mass_kg > 0.0) {
            if anchor.frame == BASE {
                base_mass_kg += inertial.mass_kg;
            } else {
                let body = bodies.entry(anchor.frame.clone()).or_insert_with(|| {
                    body_order.push(anchor.frame.clone());
                    Body::new(inertial.range.clone())
                });
                body.add(inertial, &anchor.anchor_from_link);
            }
        }
        anchors[child] = Some(anchor);
    }
    let links = body_order.iter().filter_map(|frame| Some(emit.link(frame, bodies.get(frame)?))).collect();
    out.insert("links", links);
    let urdf = summary(document, tree, &names, motions, base_mass_kg);
    Ok((urdf, out))
}

/// Names within the mechanism, made of those of the file: lower-case letters, digits and `_`.
struct Names {
    links: Vec<String>,
    /// Of the coordinate that a joint has or would have.
    coordinates: Vec<String>,
    /// Of the frame whose z axis is the joint's, where that is not the link's own.
    axes: Vec<String>,
}

impl Names {
    fn new(document: &Document, tree: &Tree) -> Names {
        let mut frames = BTreeSet::from([BASE.to_owned()]);
        let mut links = vec![String::new(); document.links.len()];
        links[tree.root] = BASE.to_owned();
        for (place, link) in document.links.iter().enumerate().filter(|(place, _)| *place != tree.root) {
            links[place] = free(&plain(&link.name.value, "link"), "link", &mut frames);
        }
        let mut coordinates = BTreeSet::new();
        let (mut own, mut axes) = (Vec::new(), Vec::new());
        for joint in &document.joints {
            let name = free(&plain(&joint.name.value, "joint"), "joint", &mut coordinates);
            axes.push(free(&name, "joint", &mut frames));
            own.push(name);
        }
        Names { links, coordinates: own, axes }
    }
}

/// A name with what no name may have replaced by `_`.
fn plain(name: &str, what: &str) -> String {
    let mut out = String::new();
    for c in name.chars().map(|c| c.to_ascii_lowercase()) {
        let c = if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' };
        if c != '_' || !out.ends_with('_') {
            out.push(c);
        }
    }
    let out = out.trim_matches('_');
    if is_name(out) { out.to_owned() } else { format!("{what}_{out}").trim_end_matches('_').to_owned() }
}

/// The name, or one like it that is not taken.
fn free(name: &str, what: &str, taken: &mut BTreeSet<String>) -> String {
    let mut free = name.to_owned();
    if taken.contains(&free) {
        free = format!("{name}_{what}");
    }
    let mut number = 2;
    while !taken.insert(free.clone()) {
        free = format!("{name}_{what}_{number}");
        number += 1;
    }
    free
}

fn check_hold(
    document: &Document,
    tree: &Tree,
    names: &Names,
    hold: &BTreeMap<String, f64>,
) -> Result<(), Vec<Problem>> {
    let mut problems = Vec::new();
    for name in hold.keys() {
        let key = crate::text::join_key("hold", name);
        let Some(joint) = names.coordinates.iter().position(|own| own == name) else {
            let movable = || {
                let own = (0..document.joints.len()).filter(|joint| tree.drives[*joint] == Drive::Own);
                own.map(|joint| names.coordinates[joint].as_str())
            };
            let hint = crate::text::nearest(name, movable()).map_or_else(
                || format!("the joints are {}", movable().collect::<Vec<_>>().join(", ")),
                |guess| format!("did you mean `{guess}`?"),
            );
            problems.push(Problem::new(key, format!("there is no joint `{name}`; {hint}")));
            continue;
        };
        match tree.drives[joint] {
            Drive::Own => {}
            Drive::Fixed => problems.push(Problem::new(key, "this joint is fixed already")),
            Drive::Mimics { joint: master, .. } => {
                let what = format!("this joint mimics `{}`; hold that one", names.coordinates[master]);
                problems.push(Problem::new(key, what));
            }
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

fn motion(joint: usize, tree: &Tree, names: &Names, hold: &BTreeMap<String, f64>) -> Motion {
    let (master, multiplier, offset) = match tree.drives[joint] {
        Drive::Fixed => return Motion { of: Row::new(), constant: 0.0 },
        Drive::Own => (joint, 1.0, 0.0),
        Drive::Mimics { joint, multiplier, offset } => (joint, multiplier, offset),
    };
    let name = &names.coordinates[master];
    match hold.get(name) {
        Some(position) => Motion { of: Row::new(), constant: multiplier * position + offset },
        None if multiplier == 0.0 => Motion { of: Row::new(), constant: offset },
        None => Motion { of: Row::from([(name.clone(), multiplier)]), constant: offset },
    }
}

fn along_z(kind: Kind, by: f64) -> Isometry3<f64> {
    match kind {
        Kind::Prismatic => Isometry3::translation(0.0, 0.0, by),
        _ => Isometry3::from_parts(Translation3::identity(), about(Vector3::z(), by)),
    }
}

/// A joint that stands still at a position.
fn held(joint: &Joint, position: f64) -> Isometry3<f64> {
    match joint.kind {
        Kind::Fixed => Isometry3::identity(),
        Kind::Prismatic => Isometry3::from_parts((joint.axis * position).into(), UnitQuaternion::identity()),
        Kind::Revolute | Kind::Continuous => {
            Isometry3::from_parts(Translation3::identity(), about(joint.axis, position))
        }
    }
}

/// The shortest turn that takes z to a unit vector; for −z half a turn about x.
fn z_to(axis: Vector3<f64>) -> UnitQuaternion<f64> {
    if axis.z <= -1.0 + 1e-12 {
        return UnitQuaternion::new_unchecked(Quaternion::new(0.0, 1.0, 0.0, 0.0));
    }
    // The half-way quaternion: (1 + z·a, z × a), normalised.
    UnitQuaternion::new_normalize(Quaternion::new(1.0 + axis.z, -axis.y, axis.x, 0.0))
}

/// Mass, first and second moment of what is fixed to one frame, about the frame's origin in its axes.
struct Body {
    range: Range<usize>,
    mass: f64,
    moment: Vector3<f64>,
    about: Matrix3<f64>,
    /// The only inertial in it, as it was written, where there is one only and its axes are the frame's.
    alone: Option<(Vector3<f64>, Matrix3<f64>)>,
}

impl Body {
    fn new(range: Range<usize>) -> Body {
        Body { range, mass: 0.0, moment: Vector3::zeros(), about: Matrix3::zeros(), alone: None }
    }

    fn add(&mut self, inertial: &Inertial, frame_from_link: &Isometry3<f64>) {
        let rotation = frame_from_link.rotation.to_rotation_matrix();
        let centre = frame_from_link.transform_point(&inertial.centre_in_link_m.into()).coords;
        let turned = rotation.matrix() * inertial.about_centre_kgm2 * rotation.matrix().transpose();
        self.alone = (self.mass == 0.0).then_some((centre, turned));
        self.mass += inertial.mass_kg;
        self.moment += centre * inertial.mass_kg;
        self.about += turned + parallel_axis(inertial.mass_kg, &centre);
    }

    /// Centre of mass and inertia about it.
    fn about_centre(&self) -> (Vector3<f64>, Matrix3<f64>) {
        self.alone.unwrap_or_else(|| {
            let centre = self.moment / self.mass;
            (centre, self.about - parallel_axis(self.mass, &centre))
        })
    }
}

/// m (|r|² 1 − r rᵀ)
fn parallel_axis(mass: f64, r: &Vector3<f64>) -> Matrix3<f64> {
    (Matrix3::identity() * r.norm_squared() - r * r.transpose()) * mass
}

/// Lower and upper limit of a joint; without, a turn either way.
pub(super) fn limits(joint: &Joint) -> (f64, f64) {
    let value = |limit: &Option<At<f64>>| limit.as_ref().map_or(0.0, |l| l.value);
    match joint.kind {
        Kind::Continuous => (-TAU, TAU),
        _ => (value(&joint.limit.lower), value(&joint.limit.upper)),
    }
}

fn check_mimic_limits(document: &Document, tree: &Tree, place: usize, reader: &mut Reader<'_>) {
    let Drive::Mimics { joint: master, multiplier, offset } = tree.drives[place] else { return };
    let joint = &document.joints[place];
    let (Some(lower), Some(upper)) = (&joint.limit.lower, &joint.limit.upper) else { return };
    let (from, to) = limits(&document.joints[master]);
    let ends = [multiplier * from + offset, multiplier * to + offset];
    // A part in a million: limits are printed with a few digits.
    let slack = 1e-6 * (1.0 + (upper.value - lower.value).abs());
    if ends.iter().any(|end| *end < lower.value - slack || *end > upper.value + slack) {
        let title = format!(
            "joint `{}` has narrower limits than `{}`, which it mimics, lets it have; they are left out",
            joint.name.value, document.joints[master].name.value
        );
        reader
            .warning("left-out", title, &lower.range)
            .notes
            .push("narrow the limits of the joint that is mimicked".to_owned());
    }
}

fn summary(document: &Document, tree: &Tree, names: &Names, motions: Vec<Motion>, base_mass_kg: f64) -> Urdf {
    let mut links = vec![UrdfLink::new(&document.links[tree.root], BASE, None)];
    let mut joints = Vec::new();
    let mut motions: Vec<Option<Motion>> = motions.into_iter().map(Some).collect();
    for place in &tree.order {
        let (parent, child) = tree.ends[*place];
        let joint = &document.joints[*place];
        let above = (names.links[parent].as_str(), joint.name.value.as_str());
        links.push(UrdfLink::new(&document.links[child], &names.links[child], Some(above)));
        let reduction = document.transmissions.iter().filter(|t| t.joint.value == joint.name.value);
        // Zero stands in many files for a limit that nobody wrote down.
        let limit = |limit: &Option<At<f64>>| limit.as_ref().map(|l| l.value).filter(|value| *value > 0.0);
        joints.push(UrdfJoint {
            name: joint.name.value.clone(),
            kind: match joint.kind {
                Kind::Revolute => "revolute",
                Kind::Continuous => "continuous",
                Kind::Prismatic => "prismatic",
                Kind::Fixed => "fixed",
            },
            coordinate: names.coordinates[*place].clone(),
            of: motions[*place].take().map_or_else(Row::new, |motion| motion.of),
            mimics: matches!(tree.drives[*place], Drive::Mimics { .. }),
            link: names.links[child].clone(),
            effort_limit: limit(&joint.limit.effort),
            velocity_limit: limit(&joint.limit.velocity),
            reduction: reduction.filter_map(|t| t.reduction).next(),
        });
    }
    Urdf { name: document.name.clone(), base_mass_kg, links, joints }
}

/// Makes the nodes of a robot file's tree.
struct Emit {
    file: usize,
}

impl Emit {
    fn node(&self, range: &Range<usize>, value: Value) -> Node {
        Node { file: self.file, key: Some(range.clone()), range: range.clone(), value }
    }

    fn text(&self, range: &Range<usize>, text: impl Into<String>) -> Node {
        self.node(range, Value::Text { text: text.into(), verbatim_at: None, edits: Vec::new() })
    }

    fn table<const N: usize>(&self, range: &Range<usize>, entries: [(&str, Node); N]) -> Node {
        let table = entries.into_iter().map(|(key, node)| (key.to_owned(), node)).collect();
        self.node(range, Value::Table(table))
    }

    fn quantity(&self, range: &Range<usize>, si: f64, unit: &str) -> Node {
        self.text(range, quantity(si, unit))
    }

    fn list(&self, range: &Range<usize>, values: &[f64], unit: &str) -> Node {
        let items = values.iter().map(|value| self.quantity(range, *value, unit)).collect();
        self.node(range, Value::List(items))
    }

    fn assumed(&self, range: &Range<usize>, si: f64, unit: &str) -> Node {
        let value = self.quantity(range, si, unit);
        self.table(range, [("value", value), ("standing", self.text(range, "assumed"))])
    }

    fn row(&self, range: &Range<usize>, row: &Row) -> Node {
        let row = row.iter().map(|(name, factor)| (name.clone(), self.node(range, Value::Float(*factor))));
        self.node(range, Value::Table(row.collect()))
    }

    fn coordinate(&self, joint: &Joint, name: &str) -> Node {
        let at = &joint.name.range;
        let (kind, unit) = match joint.kind {
            Kind::Prismatic => ("prismatic", "m"),
            _ => ("revolute", "rad"),
        };
        let place = |limit: &Option<At<f64>>| limit.as_ref().map_or(at.clone(), |l| l.range.clone());
        let (lower, upper) = limits(joint);
        let [lower, upper] = if joint.kind == Kind::Continuous {
            // One turn either way; nobody publishes how far the cables of a continuous joint let it turn.
            [self.assumed(at, lower, unit), self.assumed(at, upper, unit)]
        } else {
            let [low, high] = [place(&joint.limit.lower), place(&joint.limit.upper)];
            [self.quantity(&low, lower, unit), self.quantity(&high, upper, unit)]
        };
        let (name, kind) = (self.text(at, name), self.text(at, kind));
        self.table(at, [("name", name), ("kind", kind), ("lower", lower), ("upper", upper)])
    }

    fn frame(
        &self,
        joint: &Joint,
        name: &str,
        parent: &str,
        placement: &Isometry3<f64>,
        motion: Option<&Motion>,
    ) -> Node {
        let at = &joint.name.range;
        let (axis, angle) = axis_angle(&placement.rotation);
        let axis = axis.map(|part| self.node(at, Value::Float(part))).to_vec();
        let orientation = self.table(
            at,
            [("axis", self.node(at, Value::List(axis))), ("angle", self.quantity(at, angle, "rad"))],
        );
        let position: [f64; 3] = placement.translation.vector.into();
        let mut frame = self.table(
            at,
            [
                ("name", self.text(at, name)),
                ("parent", self.text(at, parent)),
                ("position", self.list(at, &position, "m")),
                ("orientation", orientation),
            ],
        );
        if let (Some(motion), Value::Table(frame)) = (motion, &mut frame.value) {
            let kind = if joint.kind == Kind::Prismatic { "prismatic" } else { "revolute" };
            frame.insert("kind".to_owned(), self.text(at, kind));
            frame.insert("moves".to_owned(), self.row(at, &motion.of));
        }
        frame
    }

    /// Friction as the coordinate feels it, so that a mimic that slides with an angle has units that fit: its level times
    /// the multiplier, its viscosity times the multiplier squared.
    fn friction(&self, joint: &Joint, name: &str, driven_by: (&Joint, &Row)) -> Option<Node> {
        let (master, of) = driven_by;
        let (coordinate, multiplier) = of.iter().next()?;
        let value = |number: &Option<At<f64>>| number.as_ref().map_or(0.0, |n| n.value);
        let coulomb = value(&joint.friction) * multiplier.abs();
        let viscous = value(&joint.damping) * multiplier * multiplier;
        if coulomb == 0.0 && viscous == 0.0 {
            return None;
        }
        let at = &joint.name.range;
        let ([effort, damping, stiffness], give) = match master.kind {
            Kind::Prismatic => (["N", "N s/m", "N/m"], PRESLIDING_M),
            _ => (["N m", "N m s/rad", "N m/rad"], PRESLIDING_RAD),
        };
        // Without dry friction nothing sticks, and the bristle's stiffness has no effect.
        let presliding = if coulomb > 0.0 { coulomb / give } else { 1.0 };
        let place = |number: &Option<At<f64>>| number.as_ref().map_or(at.clone(), |n| n.range.clone());
        let of = Row::from([(coordinate.clone(), 1.0)]);
        Some(self.table(
            at,
            [
                ("name", self.text(at, name)),
                ("of", self.row(at, &of)),
                ("coulomb", self.quantity(&place(&joint.friction), coulomb, effort)),
                ("viscous", self.quantity(&place(&joint.damping), viscous, damping)),
                ("presliding_stiffness", self.assumed(at, presliding, stiffness)),
                ("presliding_damping", self.assumed(at, presliding * PRESLIDING_S, damping)),
            ],
        ))
    }

    fn link(&self, frame: &str, body: &Body) -> Node {
        let at = &body.range;
        let (centre, about) = body.about_centre();
        let symmetric = |i: usize, j: usize| 0.5 * (about[(i, j)] + about[(j, i)]);
        let inertia = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)].map(|(i, j)| symmetric(i, j));
        let centre: [f64; 3] = centre.into();
        self.table(
            at,
            [
                ("frame", self.text(at, frame)),
                ("mass", self.quantity(at, body.mass, "kg")),
                ("centre_of_mass", self.list(at, &centre, "m")),
                ("inertia", self.list(at, &inertia, "kg m^2")),
            ],
        )
    }
}

/// A quantity as text that reads back to the same bits.
fn quantity(si: f64, unit: &str) -> String {
    // A zero without sign.
    format!("{:?} {unit}", si + 0.0)
}

/// Axis and angle (0 to π) of a rotation; the axis need not be one long.
fn axis_angle(rotation: &UnitQuaternion<f64>) -> ([f64; 3], f64) {
    let sign = if rotation.w < 0.0 { -1.0 } else { 1.0 };
    let v = rotation.imag() * sign;
    let length = v.norm();
    if length == 0.0 {
        return ([0.0, 0.0, 1.0], 0.0);
    }
    let angle = 2.0 * trocar_math::atan2(length, rotation.w * sign);
    ((v / length).into(), angle)
}
