//! What the elements of a URDF file say, each number with its place; nothing is put together here.

use super::xml::{At, Reader};
use crate::source::SourceFile;
use nalgebra::{Isometry3, Matrix3, Quaternion, Translation3, UnitQuaternion, Vector3};
use roxmltree::Node;
use std::ops::Range;
use trocar_signal::Diagnostic;

/// By how much, relative to the trace, an inertia matrix may miss what a body can have: what printing a table with six
/// digits costs.
const INERTIA_TOLERANCE: f64 = 1e-6;

/// A file's links, joints and transmissions.
pub(super) struct Document {
    pub name: String,
    pub links: Vec<Link>,
    pub joints: Vec<Joint>,
    pub transmissions: Vec<Transmission>,
}

pub(super) struct Link {
    pub name: At<String>,
    pub inertial: Option<Inertial>,
    pub visuals: usize,
    pub collisions: usize,
    pub meshes: Vec<At<String>>,
}

/// Mass, centre and inertia in the axes of the link.
#[derive(Clone)]
pub(super) struct Inertial {
    pub range: Range<usize>,
    pub mass_kg: f64,
    pub centre_in_link_m: Vector3<f64>,
    /// About the centre of mass, in the link's axes.
    pub about_centre_kgm2: Matrix3<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Revolute,
    Continuous,
    Prismatic,
    Fixed,
}

pub(super) struct Joint {
    pub name: At<String>,
    pub kind: Kind,
    pub parent: At<String>,
    pub child: At<String>,
    pub parent_from_joint: Isometry3<f64>,
    /// Unit vector in the joint's frame.
    pub axis: Vector3<f64>,
    pub limit: Limit,
    pub damping: Option<At<f64>>,
    pub friction: Option<At<f64>>,
    pub mimic: Option<Mimic>,
}

#[derive(Default)]
pub(super) struct Limit {
    pub lower: Option<At<f64>>,
    pub upper: Option<At<f64>>,
    pub effort: Option<At<f64>>,
    pub velocity: Option<At<f64>>,
}

pub(super) struct Mimic {
    pub joint: At<String>,
    pub multiplier: f64,
    pub offset: f64,
}

pub(super) struct Transmission {
    pub joint: At<String>,
    pub reduction: Option<f64>,
}

/// Reads a file.
///
/// # Errors
/// What is not XML. Everything else that is wrong stands in the reader, beside what could be read.
pub(super) fn read(source: &SourceFile) -> Result<(Document, Reader<'_>), Diagnostic> {
    let xml = super::xml::parse(source)?;
    let mut reader = Reader::new(source);
    let robot = xml.root_element();
    if !robot.has_tag_name("robot") {
        let name = crate::text::quoted(robot.tag_name().name());
        let range = reader.head(&robot);
        let title = format!("a URDF file is a `<robot>`, and this is a `<{name}>`");
        reader.error("wrong-kind", title, &range);
        let nothing = Document {
            name: String::new(),
            links: Vec::new(),
            joints: Vec::new(),
            transmissions: Vec::new(),
        };
        return Ok((nothing, reader));
    }
    reader.only(&robot, &["name", "version"], &["link", "joint", "transmission", "material"]);
    let name = reader.text(&robot, "name").map_or_else(String::new, |name| name.value);
    let mut document = Document { name, links: Vec::new(), joints: Vec::new(), transmissions: Vec::new() };
    for node in robot.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "link" => document.links.extend(link(&node, &mut reader)),
            "joint" => document.joints.extend(joint(&node, &mut reader)),
            "transmission" => document.transmissions.extend(transmission(&node, &mut reader)),
            _ => {}
        }
    }
    Ok((document, reader))
}

fn link(node: &Node<'_, '_>, reader: &mut Reader<'_>) -> Option<Link> {
    reader.only(node, &["name"], &["inertial", "visual", "collision"]);
    let name = reader.name(node, "name")?;
    let inertial = reader.child(node, "inertial").and_then(|i| inertial(&i, &name.value, reader));
    let count = |of: &str| node.children().filter(|child| child.has_tag_name(of)).count();
    let meshes = node
        .descendants()
        .filter(|below| below.has_tag_name("mesh"))
        .filter_map(|mesh| mesh.attribute_node("filename"))
        .map(|file| At { value: file.value().trim().to_owned(), range: file.range_value() })
        .collect();
    Some(Link { name, inertial, visuals: count("visual"), collisions: count("collision"), meshes })
}

fn inertial(node: &Node<'_, '_>, link: &str, reader: &mut Reader<'_>) -> Option<Inertial> {
    const PARTS: [&str; 6] = ["ixx", "ixy", "ixz", "iyy", "iyz", "izz"];
    reader.only(node, &[], &["origin", "mass", "inertia"]);
    let pose = origin(node, reader);
    let range = reader.head(node);
    let mass = match reader.child(node, "mass") {
        Some(mass) => {
            reader.only(&mass, &["value"], &[]);
            reader.needed_number(&mass, "value")
        }
        None => {
            reader.error("missing-element", format!("the inertial of link `{link}` needs `<mass>`"), &range);
            None
        }
    };
    let Some(inertia) = reader.child(node, "inertia") else {
        reader.error("missing-element", format!("the inertial of link `{link}` needs `<inertia>`"), &range);
        return None;
    };
    reader.only(&inertia, &PARTS, &[]);
    let parts = PARTS.map(|part| reader.needed_number(&inertia, part).map(|number| number.value));
    let [Some(xx), Some(xy), Some(xz), Some(yy), Some(yz), Some(zz)] = parts else { return None };
    let mass = mass?;
    if mass.value < 0.0 {
        let title = format!("the mass of link `{link}` is negative");
        reader.error("impossible-inertia", title, &mass.range);
        return None;
    }
    let about = Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz);
    if mass.value == 0.0 && about != Matrix3::zeros() {
        let title = format!("link `{link}` has inertia and no mass; no body can have that");
        reader.error("impossible-inertia", title, &mass.range);
        return None;
    }
    if let Some(wrong) = impossible(&about) {
        let range = reader.head(&inertia);
        reader
            .error("impossible-inertia", format!("the inertia of link `{link}` {wrong}"), &range)
            .notes
            .push(
                "a rigid body's principal moments are not negative, and none exceeds the sum of the others"
                    .to_owned(),
            );
        return None;
    }
    let rotation = pose.rotation.to_rotation_matrix();
    Some(Inertial {
        range,
        mass_kg: mass.value,
        centre_in_link_m: pose.translation.vector,
        about_centre_kgm2: rotation.matrix() * about * rotation.matrix().transpose(),
    })
}

/// Why no body has this inertia. A rod without thickness and a point are bodies.
fn impossible(about: &Matrix3<f64>) -> Option<&'static str> {
    let slack = INERTIA_TOLERANCE * about.trace().abs();
    if !is_positive(&(about + Matrix3::identity() * slack)) {
        return (*about != Matrix3::zeros())
            .then_some("is not positive: some motion would have negative energy");
    }
    // The second moments ∫ r rᵀ dm = ½ tr(I) 1 − I must be a covariance: no eigenvalue below zero.
    let covariance = Matrix3::identity() * (0.5 * about.trace() + slack) - about;
    (!is_positive(&covariance))
        .then_some("is of no body: a principal moment exceeds the sum of the other two")
}

fn is_positive(m: &Matrix3<f64>) -> bool {
    let minor = m[(0, 0)] * m[(1, 1)] - m[(0, 1)] * m[(1, 0)];
    m[(0, 0)] > 0.0 && minor > 0.0 && m.determinant() > 0.0
}

fn joint(node: &Node<'_, '_>, reader: &mut Reader<'_>) -> Option<Joint> {
    const CHILDREN: [&str; 9] = [
        "origin",
        "parent",
        "child",
        "axis",
        "limit",
        "dynamics",
        "mimic",
        "safety_controller",
        "calibration",
    ];
    reader.only(node, &["name", "type"], &CHILDREN);
    let (name, word) = (reader.name(node, "name"), reader.text(node, "type"));
    let parent = linked(node, "parent", reader);
    let child = linked(node, "child", reader);
    let parent_from_joint = origin(node, reader);
    let (name, word) = (name?, word?);
    let kind = kind(&name.value, &word, reader)?;
    let axis = axis(node, &name.value, kind, reader);
    let limit = match reader.child(node, "limit") {
        Some(limit) => read_limit(&limit, reader),
        None => Limit::default(),
    };
    let (mut damping, mut friction) = (None, None);
    if let Some(dynamics) = reader.child(node, "dynamics") {
        reader.only(&dynamics, &["damping", "friction"], &[]);
        damping = not_negative(reader.number(&dynamics, "damping"), "damping", reader);
        friction = not_negative(reader.number(&dynamics, "friction"), "friction", reader);
    }
    let mimic = reader.child(node, "mimic").and_then(|mimic| {
        reader.only(&mimic, &["joint", "multiplier", "offset"], &[]);
        let multiplier = reader.number(&mimic, "multiplier").map_or(1.0, |m| m.value);
        let offset = reader.number(&mimic, "offset").map_or(0.0, |o| o.value);
        Some(Mimic { joint: reader.name(&mimic, "joint")?, multiplier, offset })
    });
    if let Some(safety) = reader.child(node, "safety_controller") {
        const KEYS: [&str; 4] = ["k_velocity", "k_position", "soft_lower_limit", "soft_upper_limit"];
        reader.only(&safety, &KEYS, &[]);
        for key in KEYS {
            let _ = reader.number(&safety, key);
        }
        let range = reader.head(&safety);
        let note =
            "soft limits belong to the robot file: `lower` and `upper` of the coordinate, `[supervisor]`";
        reader.leave_out("`<safety_controller>` of a joint", range, "is not used and", Some(note));
    }
    if let Some(calibration) = reader.child(node, "calibration") {
        const KEYS: [&str; 3] = ["rising", "falling", "reference_position"];
        reader.only(&calibration, &KEYS, &[]);
        for key in KEYS {
            let _ = reader.number(&calibration, key);
        }
        let range = reader.head(&calibration);
        let note = "where an encoder's index lies belongs to `[[actuators]]` of the robot file";
        reader.leave_out("`<calibration>` of a joint", range, "is not used and", Some(note));
    }
    Some(Joint {
        name,
        kind,
        parent: parent?,
        child: child?,
        parent_from_joint,
        axis,
        limit,
        damping,
        friction,
        mimic,
    })
}

fn kind(joint: &str, word: &At<String>, reader: &mut Reader<'_>) -> Option<Kind> {
    const KINDS: [&str; 4] = ["revolute", "continuous", "prismatic", "fixed"];
    Some(match word.value.as_str() {
        "revolute" => Kind::Revolute,
        "continuous" => Kind::Continuous,
        "prismatic" => Kind::Prismatic,
        "fixed" => Kind::Fixed,
        "floating" => {
            let title = format!("joint `{joint}` floats, and a robot on a bench hangs from its base");
            let diagnostic = reader.error("unsupported-joint", title, &word.range);
            diagnostic.notes.push("make it `fixed`; the scene says where the base stands".to_owned());
            return None;
        }
        "planar" => {
            let title = format!("joint `{joint}` is planar: three motions in one joint");
            let diagnostic = reader.error("unsupported-joint", title, &word.range);
            diagnostic.notes.push(
                "write it as two prismatic joints and a continuous one, with links without inertial between"
                    .to_owned(),
            );
            return None;
        }
        other => {
            let title = format!("joint `{joint}`: `{}` is no type of joint", crate::text::quoted(other));
            let hint = crate::text::nearest(other, KINDS).map(|kind| format!("did you mean `{kind}`?"));
            let diagnostic = reader.error("unknown-value", title, &word.range);
            diagnostic.labels[0].text = hint.unwrap_or_default();
            diagnostic.notes.push(format!("`type` is one of: {}", KINDS.join(", ")));
            return None;
        }
    })
}

fn linked(node: &Node<'_, '_>, which: &str, reader: &mut Reader<'_>) -> Option<At<String>> {
    let Some(found) = reader.child(node, which) else {
        let range = reader.head(node);
        let title = format!("joint `{}` needs `<{which} link=\"…\"/>`", node.attribute("name").unwrap_or(""));
        reader.error("missing-element", title, &range);
        return None;
    };
    reader.only(&found, &["link"], &[]);
    reader.name(&found, "link")
}

fn axis(node: &Node<'_, '_>, joint: &str, kind: Kind, reader: &mut Reader<'_>) -> Vector3<f64> {
    let Some(axis) = reader.child(node, "axis") else { return Vector3::x() };
    reader.only(&axis, &["xyz"], &[]);
    let Some(xyz) = reader.numbers::<3>(&axis, "xyz") else {
        if axis.attribute("xyz").is_none() {
            reader.text(&axis, "xyz");
        }
        return Vector3::x();
    };
    // Scaled by the largest part first: squares of very small and very large axes stay finite.
    let largest = xyz.value.iter().fold(0.0, |most, part| trocar_math::max(most, part.abs()));
    if largest == 0.0 {
        if kind != Kind::Fixed {
            let title = format!("the axis of joint `{joint}` has length zero and so no direction");
            reader.error("bad-value", title, &xyz.range);
        }
        return Vector3::x();
    }
    let scaled = Vector3::from(xyz.value.map(|part| part / largest));
    scaled / scaled.norm()
}

fn read_limit(node: &Node<'_, '_>, reader: &mut Reader<'_>) -> Limit {
    reader.only(node, &["lower", "upper", "effort", "velocity"], &[]);
    let effort = reader.number(node, "effort");
    let velocity = reader.number(node, "velocity");
    Limit {
        lower: reader.number(node, "lower"),
        upper: reader.number(node, "upper"),
        effort: not_negative(effort, "effort", reader),
        velocity: not_negative(velocity, "velocity", reader),
    }
}

fn not_negative(number: Option<At<f64>>, name: &str, reader: &mut Reader<'_>) -> Option<At<f64>> {
    let number = number?;
    if number.value < 0.0 {
        reader.error("bad-value", format!("`{name}` must not be negative"), &number.range);
        return None;
    }
    Some(number)
}

fn transmission(node: &Node<'_, '_>, reader: &mut Reader<'_>) -> Option<Transmission> {
    reader.only(node, &["name", "type"], &["type", "joint", "actuator", "mechanicalReduction"]);
    let count = |of: &str| node.children().filter(|child| child.has_tag_name(of)).count();
    if count("joint") != 1 || count("actuator") > 1 {
        let range = reader.head(node);
        let note = "how actuators move joints belongs to `[coupling]` of the robot file";
        reader.leave_out("`<transmission>` between several joints", range, "is not used and", Some(note));
        return None;
    }
    let joint = reader.child(node, "joint")?;
    let actuator = reader.child(node, "actuator");
    let written =
        actuator.as_ref().and_then(reduction).or_else(|| reduction(&joint)).or_else(|| reduction(node));
    let reduction = written.and_then(|written| {
        let range = reader.head(&written);
        let value =
            written.text().unwrap_or("").trim().parse::<f64>().ok().filter(|v| v.is_finite() && *v != 0.0);
        if value.is_none() {
            reader.error(
                "bad-number",
                "`<mechanicalReduction>` is meant to be a number other than zero",
                &range,
            );
        }
        value
    });
    Some(Transmission { joint: reader.name(&joint, "name")?, reduction })
}

fn reduction<'n, 'd>(of: &Node<'n, 'd>) -> Option<Node<'n, 'd>> {
    of.children().find(|child| child.has_tag_name("mechanicalReduction"))
}

/// The pose of an `<origin>`; without one, none.
fn origin(node: &Node<'_, '_>, reader: &mut Reader<'_>) -> Isometry3<f64> {
    let Some(origin) = reader.child(node, "origin") else { return Isometry3::identity() };
    reader.only(&origin, &["xyz", "rpy", "quat_xyzw"], &[]);
    let xyz = reader.numbers::<3>(&origin, "xyz").map_or([0.0; 3], |xyz| xyz.value);
    let rpy = reader.numbers::<3>(&origin, "rpy");
    let quaternion = reader.numbers::<4>(&origin, "quat_xyzw");
    let rotation = match (rpy, quaternion) {
        (Some(_), Some(quaternion)) => {
            reader.error("bad-value", "`rpy` and `quat_xyzw` exclude each other", &quaternion.range);
            UnitQuaternion::identity()
        }
        (None, Some(At { value: [x, y, z, w], range })) => {
            let quaternion = Quaternion::new(w, x, y, z);
            if (quaternion.norm() - 1.0).abs() > 1e-3 {
                reader.error("bad-value", "the length of this quaternion is not 1", &range);
            }
            UnitQuaternion::new_normalize(quaternion)
        }
        (rpy, None) => fixed_axes(rpy.map_or([0.0; 3], |rpy| rpy.value)),
    };
    Isometry3::from_parts(Translation3::from(Vector3::from(xyz)), rotation)
}

/// Roll about x, then pitch about y, then yaw about z, all axes fixed: Rz(yaw) Ry(pitch) Rx(roll).
fn fixed_axes([roll, pitch, yaw]: [f64; 3]) -> UnitQuaternion<f64> {
    about(Vector3::z(), yaw) * about(Vector3::y(), pitch) * about(Vector3::x(), roll)
}

/// The turn by an angle about a unit vector.
pub(super) fn about(axis: Vector3<f64>, angle_rad: f64) -> UnitQuaternion<f64> {
    let (sin, cos) = trocar_math::sin_cos(0.5 * angle_rad);
    UnitQuaternion::new_unchecked(Quaternion::from_parts(cos, axis * sin))
}
