//! Whether a robot fits who wears it: the axes of its joints beside the wearer's, as it is put on.

use nalgebra::{Isometry3, Vector3};
use std::collections::BTreeMap;
use trocar_dynamics::{FrameId, Mechanism, Workspace};
use trocar_plant::CuffConfig;
use trocar_plant::person::{Person, PlacedPerson, Segment};
use trocar_scenario::LoadedScene;
use trocar_scenario::mechanism::{BASE, FrameKind, MechanismConfig};
use trocar_signal::{Diagnostic, Problem};

/// How far an axis may lie beside the wearer's joint before that is said, m: as far as the built-in method of misalignment moves it
/// on purpose.
const NOTABLE_M: f64 = 0.02;

/// A joint of the robot whose axis passes the wearer's joint by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Misfit {
    /// The robot's joint.
    joint: String,
    /// The wearer's, by its coordinate: `knee_flexion_l`.
    of_wearer: String,
    /// From the wearer's joint to the robot's axis, in the axes of the wearer's segment above the joint (x forward, y left, z up), m.
    offset_m: Vector3<f64>,
    /// The wearer's segment above the joint, and how much longer the robot is beside it, m; `None` where the robot's joint at the
    /// upper end of that segment is not known.
    longer: Option<Longer>,
}

#[derive(Clone, Debug, PartialEq)]
struct Longer {
    segment: String,
    above: String,
    by_m: f64,
}

/// A joint of each side that two cuffs make the same.
struct Pair {
    /// The segments above and below the wearer's joint.
    upper: String,
    lower: String,
    of_wearer: String,
    joint: String,
    offset_in_world_m: Vector3<f64>,
}

/// What does not fit, in the order of the robot's frames. The workspace holds the kinematics as the robot is put on.
pub(crate) fn misfits(
    config: &MechanismConfig,
    mechanism: &Mechanism,
    ws: &Workspace,
    wearer: &PlacedPerson,
    cuffs: &[(String, CuffConfig)],
) -> Vec<Misfit> {
    let pairs = pairs(config, mechanism, ws, wearer, cuffs);
    let misfit = |pair: &Pair| {
        let segment_from_world = ws.world_from_frame(wearer.frame(&pair.upper)?).rotation.inverse();
        let offset_m = segment_from_world * pair.offset_in_world_m;
        if offset_m.norm() <= NOTABLE_M {
            return None;
        }
        // Of several axes through one point, the one across the way to it says where the point is.
        let ends = pairs.iter().filter(|other| other.lower == pair.upper);
        let above = ends.max_by(|a, b| a.offset_in_world_m.norm().total_cmp(&b.offset_in_world_m.norm()));
        let longer = above.map(|above| Longer {
            segment: pair.upper.clone(),
            above: above.joint.clone(),
            by_m: -(segment_from_world * (pair.offset_in_world_m - above.offset_in_world_m)).z,
        });
        Some(Misfit { joint: pair.joint.clone(), of_wearer: pair.of_wearer.clone(), offset_m, longer })
    };
    pairs.iter().filter_map(misfit).collect()
}

fn pairs(
    config: &MechanismConfig,
    mechanism: &Mechanism,
    ws: &Workspace,
    wearer: &PlacedPerson,
    cuffs: &[(String, CuffConfig)],
) -> Vec<Pair> {
    let frames: BTreeMap<&str, usize> =
        config.frames.iter().enumerate().map(|(place, frame)| (frame.name.as_str(), place)).collect();
    let mut found: Vec<(usize, Pair)> = Vec::new();
    for (_, lower) in cuffs {
        // The nearest cuff above it on the body.
        let above = cuffs.iter().filter_map(|(_, upper)| {
            let hinges = hinges(mechanism, wearer, &lower.segment, &upper.segment)?;
            (!hinges.is_empty()).then_some((upper, hinges))
        });
        let Some((upper, hinges)) = above.min_by_key(|(_, hinges)| hinges.len()) else { continue };
        let points: Vec<Vector3<f64>> =
            hinges.iter().map(|(_, frame)| ws.world_from_frame(*frame).translation.vector).collect();
        // Two joints between two cuffs: neither is held to one of the robot's.
        if points.iter().any(|point| (point - points[0]).norm() > 1e-9) {
            continue;
        }
        for place in turning(config, &frames, &lower.frame, &upper.frame) {
            let frame = &config.frames[place];
            let Some(id) = mechanism.frame(&frame.name) else { continue };
            let world_from_axis: Isometry3<f64> = ws.world_from_frame(id);
            let along = world_from_axis.rotation * Vector3::z();
            let to_axis = world_from_axis.translation.vector - points[0];
            let joint: Vec<&str> = frame.moves.keys().map(String::as_str).collect();
            let pair = Pair {
                upper: upper.segment.clone(),
                lower: lower.segment.clone(),
                of_wearer: hinges[0].0.clone(),
                joint: joint.join(" and "),
                offset_in_world_m: to_axis - along * along.dot(&to_axis),
            };
            found.push((place, pair));
        }
    }
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, pair)| pair).collect()
}

/// The wearer's hinges on the way up from one segment to another, by their coordinates; `None` where the way does not lead there.
fn hinges(
    mechanism: &Mechanism,
    wearer: &PlacedPerson,
    from: &str,
    to: &str,
) -> Option<Vec<(String, FrameId)>> {
    let (mut at, to) = (wearer.frame(from)?, wearer.frame(to)?);
    let mut hinges = Vec::new();
    while at != to {
        let hinge =
            wearer.coordinates().find(|(name, _)| mechanism.frame(&format!("wearer.{name}")) == Some(at));
        hinges.extend(hinge.map(|(name, _)| (name.to_owned(), at)));
        at = mechanism.parent(at)?;
    }
    Some(hinges)
}

/// Places of the robot's frames that turn on the way up from one frame to another; none where the way does not lead there.
fn turning(config: &MechanismConfig, frames: &BTreeMap<&str, usize>, from: &str, to: &str) -> Vec<usize> {
    let mut at = from;
    let mut turning = Vec::new();
    while at != to {
        let Some(place) = frames.get(at) else { return Vec::new() };
        if config.frames[*place].kind == FrameKind::Revolute {
            turning.push(*place);
        }
        at = config.frames[*place].parent.as_str();
        if at == BASE && to != BASE {
            return Vec::new();
        }
    }
    turning
}

/// Cuffs that sit where the wearer's limb has ended; keys are `cuffs.NAME.below`.
pub(crate) fn beyond_the_limb(
    person: &Person,
    title: &str,
    cuffs: &[(&String, &CuffConfig)],
) -> Vec<Problem> {
    let limbs = [Segment::Thigh, Segment::Shank, Segment::UpperArm, Segment::Forearm];
    let beyond = |(name, cuff): &(&String, &CuffConfig)| {
        let own = cuff.segment.trim_end_matches("_r").trim_end_matches("_l");
        let limb = limbs.into_iter().find(|limb| limb.name() == own)?;
        let (length_m, below_m) = (person.segment(limb).end_m.norm(), cuff.below.value.si());
        (below_m > length_m).then(|| {
            let what = format!(
                "the {} of the wearer ({title}) ends {:.0} mm below its upper joint, and the cuff would sit at {:.0} mm: put it \
                 higher up, or choose a taller wearer",
                own.replace('_', " "),
                length_m * 1e3,
                below_m * 1e3
            );
            Problem::new(format!("cuffs.{name}.below"), what)
        })
    };
    cuffs.iter().filter_map(beyond).collect()
}

/// The warnings about one robot of a scene, one for each joint.
pub(crate) fn warnings(scene: &LoadedScene, instance: &str, found: &[Misfit]) -> Vec<Diagnostic> {
    let title = scene.wearers.get(instance).map_or("", |wearer| wearer.person.title.as_str());
    let place = scene.spans.problem("", &Problem::new(format!("robots.{instance}.wearer.file"), ""));
    let warning = |misfit: &Misfit| {
        let said = format!(
            "`{}` of `{instance}` lies {} the {} of its wearer ({title})",
            misfit.joint,
            beside(misfit.offset_m),
            in_words(&misfit.of_wearer)
        );
        let mut diagnostic = Diagnostic::warning("misfit", said);
        diagnostic.labels = place.labels.clone();
        diagnostic = match &misfit.longer {
            Some(longer) if longer.by_m.abs() > NOTABLE_M => {
                let (more, verb) = if longer.by_m > 0.0 { ("longer", "shorten") } else { ("shorter", "lengthen") };
                diagnostic.note(format!(
                    "between `{}` and `{}` the robot is {:.0} mm {more} than the wearer's {}: {verb} it by that much in its file, or \
                     choose another wearer",
                    longer.above,
                    misfit.joint,
                    longer.by_m.abs() * 1e3,
                    in_words(&longer.segment)
                ))
            }
            _ => diagnostic.note(format!(
                "put the wearer where the robot's axes are, by `pelvis` of `[robots.{instance}.wearer]`, or choose another wearer"
            )),
        };
        diagnostic.note(format!(
            "where it is meant, leave it, or let a scenario vary `{instance}.wearer.misalignment` instead: the cuffs then pull, and no \
             warning is given"
        ))
    };
    found.iter().map(warning).collect()
}

/// `62 mm below and 12 mm behind`.
fn beside(offset_m: Vector3<f64>) -> String {
    let sides = [
        (offset_m.z, "above", "below"),
        (offset_m.x, "in front of", "behind"),
        (offset_m.y, "to the left of", "to the right of"),
    ];
    let greatest = sides.iter().map(|(way, ..)| way.abs()).fold(0.0, trocar_math::max);
    // What is a tenth of the greatest is not worth a word.
    let said = sides.iter().filter(|(way, ..)| way.abs() > 0.1 * greatest).map(|(way, plus, minus)| {
        let word = if *way > 0.0 { plus } else { minus };
        format!("{:.0} mm {word}", way.abs() * 1e3)
    });
    said.collect::<Vec<_>>().join(" and ")
}

/// `knee_flexion_l` and `thigh_l` as a person says them: `left knee`, `left thigh`.
fn in_words(name: &str) -> String {
    let (own, side) = match name.rsplit_once('_') {
        Some((own, "r")) => (own, "right "),
        Some((own, "l")) => (own, "left "),
        _ => (name, ""),
    };
    let motion = ["_flexion", "_dorsiflexion", "_adduction", "_rotation"];
    let own = motion.iter().find_map(|motion| own.strip_suffix(motion)).unwrap_or(own);
    format!("{side}{}", own.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_and_names_are_said_as_a_person_says_them() {
        assert_eq!(beside(Vector3::new(-0.012, 0.0, -0.062)), "62 mm below and 12 mm behind");
        assert_eq!(beside(Vector3::new(0.03, 0.001, 0.0)), "30 mm in front of");
        assert_eq!(in_words("knee_flexion_l"), "left knee");
        assert_eq!(in_words("ankle_dorsiflexion_r"), "right ankle");
        assert_eq!(in_words("upper_arm_r"), "right upper arm");
        assert_eq!(in_words("trunk"), "trunk");
    }
}
