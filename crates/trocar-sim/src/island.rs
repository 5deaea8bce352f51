//! From the mechanism of a robot file to an island that `trocar-dynamics` integrates, and to the chain of frames that
//! the arm's controller believes in.

use crate::assemble::under;
use crate::contact::Contacts;
use crate::drive_train::{DriveTrain, PlacedDrive, motor_name};
use crate::fit::Misfit;
use crate::grip::{Gauge, jaw_of};
use crate::passive;
use crate::wearer::{Wearer, Worn};
use nalgebra::{Isometry3, Matrix3, Quaternion, Translation3, UnitQuaternion, Vector3};
use std::collections::BTreeMap;
use trocar_control::{ChainFrame, ChainVariable, JointKind};
use trocar_dynamics::{
    ConnectionId, CoordinateId, CoordinateKind, ElementId, FrameId, Friction, Inertia, Island, IslandBuilder,
    JointVariable, Mechanism, MechanismBuilder, PayloadId, Placement, Stop, Stribeck,
};
use trocar_plant::ActuatorConfig;
use trocar_scenario::PlacementConfig;
use trocar_scenario::mechanism::{
    BASE, FrameConfig, FrameKind, FramePlacement, LinkConfig, MechanismConfig, MotionKind, PointConfig, Row,
};
use trocar_signal::Problem;

/// A robot's mechanism, built.
pub(crate) struct Built {
    pub island: Island,
    /// What each actuator has in it.
    pub drives: Vec<PlacedDrive>,
    pub tip: Option<Tip>,
    pub has_payload: bool,
    /// What stands between the jaws.
    pub gauge: Option<ElementId>,
    /// Who wears it.
    pub worn: Option<Worn>,
    /// Which of its joints are not where the wearer's are.
    pub misfits: Vec<Misfit>,
    /// What touches surfaces, in the scene's order.
    pub touching: Vec<ConnectionId>,
}

/// The frame of a base that nothing holds.
const FREE_BASE: &str = "free_base";

/// The frame of a robot that its file calls so.
pub(crate) fn frame_of(mechanism: &Mechanism, name: &str) -> FrameId {
    let free = if name == BASE { mechanism.frame(FREE_BASE) } else { None };
    free.or_else(|| mechanism.frame(name)).unwrap_or(FrameId::BASE)
}

/// The robot's base, where nothing holds it.
pub(crate) fn free_base_of(mechanism: &Mechanism) -> Option<FrameId> {
    mechanism.frame(FREE_BASE)
}

/// What becomes part of a robot's island beside the robot.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside<'a> {
    /// What a laboratory holds between its jaws.
    pub gauge: Option<&'a Gauge>,
    /// Who wears it, and where the robot's joints are when it is put on.
    pub wearer: Option<(&'a Wearer, &'a [f64])>,
    /// What touches surfaces.
    pub contacts: Option<&'a Contacts>,
    /// Whether nothing holds its base.
    pub is_base_free: bool,
}

/// A tool's tip.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tip {
    /// The frame that it moves with.
    pub frame: FrameId,
    /// Where it is in that frame.
    pub in_frame: Isometry3<f64>,
}

/// Where a scene puts something.
pub(crate) fn placement(config: &PlacementConfig) -> Isometry3<f64> {
    pose(config.position.map(|p| p.si()), config.orientation.quaternion_xyzw())
}

fn pose([x, y, z]: [f64; 3], [qx, qy, qz, qw]: [f64; 4]) -> Isometry3<f64> {
    let rotation = UnitQuaternion::new_unchecked(Quaternion::new(qw, qx, qy, qz));
    Isometry3::from_parts(Translation3::new(x, y, z), rotation)
}

/// Where a point of the robot file is in its frame.
pub(crate) fn point(config: &PointConfig) -> Vector3<f64> {
    let [x, y, z] = config.offset.map(|p| p.si());
    Vector3::new(x, y, z)
}

fn coordinate_kind(kind: MotionKind) -> CoordinateKind {
    match kind {
        MotionKind::Revolute => CoordinateKind::Revolute,
        MotionKind::Prismatic => CoordinateKind::Prismatic,
    }
}

/// Builds the island. Its coordinates are the joints in the file's order, then the motors behind transmissions that give
/// way, then those that no motor moves, then those of a wearer, whose cuffs are put on with the joints at `joints_at_start`. `actuator_rows` are the actuators' rows over the joints: output position = row·q.
///
/// # Errors
/// Problems below `mechanism` and `actuators`: inertia that no body can have, elements that cannot be.
pub(crate) fn build(
    config: &MechanismConfig,
    actuators: &[ActuatorConfig],
    actuator_rows: &[Vec<f64>],
    gravity_in_world_mps2: Vector3<f64>,
    world_from_base: Isometry3<f64>,
    Beside { gauge, wearer, contacts, is_base_free }: Beside<'_>,
) -> Result<Built, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut builder = MechanismBuilder::new(gravity_in_world_mps2, world_from_base);
    let mut coordinates: BTreeMap<&str, CoordinateId> = BTreeMap::new();
    let mut in_order = Vec::new();
    for coordinate in &config.coordinates {
        let id = builder.coordinate(&coordinate.name, coordinate_kind(coordinate.kind));
        coordinates.insert(&coordinate.name, id);
        in_order.push(id);
    }
    let trains: Vec<DriveTrain<'_>> = actuators
        .iter()
        .zip(actuator_rows)
        .map(|(actuator, row)| DriveTrain::new(actuator, row, &mut builder))
        .collect();
    for passive in &config.passive {
        coordinates.insert(&passive.name, builder.coordinate(&passive.name, coordinate_kind(passive.kind)));
    }
    let row = |row: &Row| -> Vec<(CoordinateId, f64)> {
        row.iter().filter_map(|(name, factor)| Some((*coordinates.get(name.as_str())?, *factor))).collect()
    };
    for train in trains.iter().filter(|train| train.motor.is_some()) {
        let name = motor_name(&train.config.name);
        if let Some(place) = config.coordinates.iter().position(|c| c.name == name) {
            let what = format!(
                "`{name}` is the name of the motor behind the transmission of `{}`",
                train.config.name
            );
            problems.push(Problem::new(format!("mechanism.coordinates[{place}].name"), what));
            return Err(problems);
        }
    }
    let base = match is_base_free {
        true => builder.free_frame(FREE_BASE, FrameId::BASE, Placement::Fixed(Isometry3::identity())),
        false => FrameId::BASE,
    };
    let mut frames: BTreeMap<&str, FrameId> = BTreeMap::from([(BASE, base)]);
    for frame in &config.frames {
        let Some(parent) = frames.get(frame.parent.as_str()) else { continue };
        let variable = match frame.kind {
            FrameKind::Fixed => None,
            FrameKind::Revolute => Some(JointVariable::revolute(&row(&frame.moves))),
            FrameKind::Prismatic => Some(JointVariable::prismatic(&row(&frame.moves))),
        };
        let id = builder.frame(&frame.name, *parent, frame_placement(frame), variable);
        frames.insert(&frame.name, id);
    }
    for (place, link) in config.links.iter().enumerate() {
        let Some(frame) = frames.get(link.frame.as_str()) else { continue };
        if let Err(error) = builder.body(*frame, &inertia(link)) {
            problems.push(not_a_body(format!("mechanism.links[{place}].inertia"), &error.to_string()));
        }
    }
    for rotor in &config.rotors {
        builder.rotor(&rotor.name, &row(&rotor.of), rotor.inertia.value.si());
    }
    for train in &trains {
        train.add_rotor(&in_order, &mut builder);
    }
    let payload: Option<PayloadId> =
        config.payload.as_ref().and_then(|p| Some(builder.payload(*frames.get(p.frame.as_str())?, point(p))));
    let dressed = wearer.map(|(wearer, start)| wearer.add_to(&mut builder, &frames, start)).transpose();
    let dressed = dressed.map_err(|problem| vec![problem])?;
    let soles = contacts.map(|contacts| {
        let person = dressed.as_ref().map(|dressed| &dressed.placed);
        contacts.add_to(&mut builder, world_from_base.inverse(), &frames, person)
    });
    let tip = config.tip.as_ref().map(|tip| Tip {
        frame: frames.get(tip.frame.as_str()).copied().unwrap_or(FrameId::BASE),
        in_frame: Isometry3::from_parts(Translation3::from(point(tip)), UnitQuaternion::identity()),
    });
    let mechanism = match builder.build() {
        Ok(mechanism) => mechanism,
        Err(error) => {
            problems.push(Problem::new("mechanism", error.to_string()));
            return Err(problems);
        }
    };
    let misfits = wearer
        .zip(dressed.as_ref())
        .map(|((wearer, start), dressed)| wearer.misfits(config, &mechanism, &dressed.placed, start));
    let misfits = misfits.transpose().map_err(|problem| vec![problem])?.unwrap_or_default();
    let mut island = IslandBuilder::new(mechanism);
    for (place, friction) in config.friction.iter().enumerate() {
        let made = Friction::new(
            friction.coulomb.value.si,
            friction.viscous.value.si,
            friction.presliding_stiffness.value.si,
            friction.presliding_damping.value.si,
        );
        let made = made.and_then(|element| match &friction.stribeck {
            Some(s) => element.with_stribeck(Stribeck {
                static_ratio: s.breakaway.value.si / friction.coulomb.value.si,
                rate: s.speed.value.si,
            }),
            None => Ok(element),
        });
        match made {
            Ok(element) => {
                island.element(&format!("friction_{}", friction.name), &row(&friction.of), element);
            }
            Err(error) => {
                problems.push(Problem::new(format!("mechanism.friction[{place}]"), error.to_string()))
            }
        }
    }
    for (place, stop) in config.stops.iter().enumerate() {
        let made = Stop::new(
            stop.lower.value.si,
            stop.upper.value.si,
            stop.stiffness.value.si,
            stop.damping.value.si,
        );
        match made {
            Ok(element) => {
                island.element(&format!("stop_{}", stop.name), &row(&stop.of), element);
            }
            Err(error) => problems.push(Problem::new(format!("mechanism.stops[{place}]"), error.to_string())),
        }
    }
    problems.extend(passive::add_elements(config, row, &mut island));
    let gauge = gauge.and_then(|gauge| Some(gauge.place(jaw_of(config, &in_order)?, &mut island)));
    let mut drives = Vec::with_capacity(trains.len());
    for (place, train) in trains.iter().enumerate() {
        match train.add_elements(&in_order, &mut island) {
            Ok(placed) => drives.push(placed),
            Err(found) => problems.extend(under(&format!("actuators[{place}]"), found)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let worn =
        wearer.zip(dressed.as_ref()).map(|((wearer, _), parts)| wearer.add_elements(parts, &mut island));
    let worn = worn.transpose().map_err(|problem| vec![problem])?;
    let touching = contacts.zip(soles.as_ref());
    let touching = touching.map_or(Vec::new(), |(contacts, ends)| contacts.add_elements(ends, &mut island));
    let island = island.build().map_err(|e| vec![Problem::new("mechanism", e.to_string())])?;
    Ok(Built { island, drives, tip, has_payload: payload.is_some(), gauge, worn, touching, misfits })
}

fn inertia(link: &LinkConfig) -> Inertia {
    let [x, y, z] = link.centre_of_mass.value.map(|c| c.si());
    let [xx, xy, xz, yy, yz, zz] = link.inertia.value.map(|i| i.si());
    Inertia {
        mass_kg: link.mass.value.si(),
        centre_of_mass_m: Vector3::new(x, y, z),
        about_centre_kgm2: Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz),
    }
}

fn not_a_body(key: String, error: &str) -> Problem {
    let rule = "a rigid body's principal moments are positive, and none exceeds the sum of the others";
    Problem::new(key, format!("{error}; {rule}"))
}

/// Links that no body can be; keys are `links[i].inertia`.
pub(crate) fn check_links(links: &[LinkConfig]) -> Vec<Problem> {
    let check = |(place, link): (usize, &LinkConfig)| {
        let error = inertia(link).check().err()?;
        Some(not_a_body(format!("links[{place}].inertia"), &error.to_string()))
    };
    links.iter().enumerate().filter_map(check).collect()
}

fn frame_placement(frame: &FrameConfig) -> Placement {
    match frame.placement() {
        FramePlacement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad } => {
            Placement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad }
        }
        FramePlacement::Pose { position_in_parent_m, parent_from_frame_xyzw } => {
            Placement::Fixed(pose(position_in_parent_m, parent_from_frame_xyzw))
        }
    }
}

/// The frames from base to tip, for the controller's kinematics.
pub(crate) fn chain(config: &MechanismConfig, tip: &PointConfig) -> Vec<ChainFrame> {
    let mut path = Vec::new();
    let mut at = tip.frame.as_str();
    while let Some(frame) = config.frames.iter().find(|f| f.name == at) {
        path.push(frame);
        at = &frame.parent;
    }
    let place_of = |name: &str| config.coordinates.iter().position(|c| c.name == name);
    let mut chain: Vec<ChainFrame> = path
        .into_iter()
        .rev()
        .map(|frame| {
            let kind = match frame.kind {
                FrameKind::Prismatic => JointKind::Prismatic,
                FrameKind::Revolute | FrameKind::Fixed => JointKind::Revolute,
            };
            let row: Vec<(usize, f64)> =
                frame.moves.iter().filter_map(|(name, factor)| Some((place_of(name)?, *factor))).collect();
            let variable = (!row.is_empty()).then_some(ChainVariable { kind, row });
            match frame.placement() {
                FramePlacement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad } => {
                    ChainFrame::modified_dh(a_m, alpha_rad, d_m, theta_rad, variable)
                }
                FramePlacement::Pose { position_in_parent_m, parent_from_frame_xyzw } => {
                    ChainFrame { placement: pose(position_in_parent_m, parent_from_frame_xyzw), variable }
                }
            }
        })
        .collect();
    let tip = Isometry3::from_parts(Translation3::from(point(tip)), UnitQuaternion::identity());
    chain.push(ChainFrame::fixed(tip));
    chain
}

#[cfg(test)]
mod tests {
    use super::*;
    use trocar_scenario::template::Template;
    use trocar_scenario::{Files, load_robot};

    /// The template's lever with its frame placed in other words.
    fn lever(placed: &str) -> MechanismConfig {
        let mut files: BTreeMap<String, String> = Template::Robot.files("lever").into_iter().collect();
        let text = files.get_mut("lever.toml").unwrap();
        let line = "alpha  = \"90 deg\"        # the axis lies level";
        assert!(text.contains(line));
        *text = text.replace(line, placed);
        load_robot(&Files::in_memory(files), "lever.toml").unwrap().robot.mechanism
    }

    fn tip(config: &MechanismConfig, q: f64) -> Isometry3<f64> {
        let gravity = Vector3::new(0.0, 0.0, -9.8);
        let built = build(config, &[], &[], gravity, Isometry3::identity(), Beside::default())
            .map_err(|p| format!("{p:?}"));
        let built = built.unwrap();
        let mechanism = built.island.mechanism();
        let mut workspace = mechanism.workspace();
        mechanism.kinematics(&[q], &[0.0], &mut workspace).unwrap();
        let tip = built.tip.unwrap();
        mechanism.base_from_frame(&workspace, tip.frame) * tip.in_frame
    }

    /// One placement in both forms: Rx(90°) Tx(0.3) Rz(60°) Tz(0.2) has its origin at (0.3, −0.2, 0) and the axes of
    /// Rx(90°) Rz(60°), which is the product of the two quaternions.
    #[test]
    fn a_frame_stands_where_either_form_puts_it() {
        let dh = lever("a = \"0.3 m\"\nalpha = \"90 deg\"\nd = \"0.2 m\"\ntheta = \"60 deg\"");
        let (half, turn) = (std::f64::consts::FRAC_1_SQRT_2, (0.75_f64).sqrt());
        // (cos 45°, sin 45° x) ∘ (cos 30°, sin 30° z): w = cc, x = sc, y = −ss, z = cs.
        let (w, axis) = (half * turn, [half * turn, -half * 0.5, half * 0.5]);
        let angle = 2.0 * trocar_math::acos(w);
        let pose = lever(&format!(
            "position = [\"0.3 m\", \"-0.2 m\", \"0 m\"]\norientation = {{ axis = {axis:?}, angle = \"{angle} rad\" }}"
        ));
        for q in [-1.0, 0.0, 0.7] {
            let difference = tip(&dh, q).inverse() * tip(&pose, q);
            // A handful of roundings of numbers near 1.
            assert!(difference.translation.vector.norm() < 1e-15, "{difference}");
            assert!(difference.rotation.angle() < 1e-15, "{difference}");
        }
        // The controller's chain says the same.
        let frames = |config: &MechanismConfig| chain(config, config.tip.as_ref().unwrap());
        for (one, other) in frames(&dh).iter().zip(&frames(&pose)) {
            assert!((one.placement.to_matrix() - other.placement.to_matrix()).norm() < 1e-15);
            assert_eq!(one.variable, other.variable);
        }
    }
}
