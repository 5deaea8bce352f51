//! What a wearer wants: to walk as people do, or to hold a posture, with all, some or none of their strength.
//!
//! The torque on a joint is effort × (k (wanted angle − angle) + d (wanted speed − speed)), with the moments of a published walk added if
//! the file asks for them, and never more than the joint's strength at this angle and speed less what weakness takes of it. It is
//! part of `INSTANCE.wearer.muscles`; with no effort it is zero.

mod config;
mod walk;

pub use config::{GainsConfig, WalkConfig, WillConfig, muscle_groups, without_side};

use crate::person::{LegStrength, MuscleGroup, Person};
use trocar_math::clamp;
use trocar_signal::quantity::Ratio;
use trocar_signal::{
    Dimension, Element, GroupClass, GroupSpec, ParameterPort, ParameterSpec, Problem, Provenance,
    Registration, Sourced, Standing, WritePort,
};
use walk::Walk;

/// The greatest torque of a group of muscles, N m.
enum Strength {
    /// As the file says, whatever the angle.
    Given(f64),
    Published(LegStrength),
}

/// Muscles that pull a joint one way.
struct Group {
    strength: Strength,
    /// What they have lost: 0 nothing, 1 all.
    weakness: ParameterPort,
}

/// What is wanted of a joint.
enum Wanted {
    /// The angle of a posture, rad.
    Angle(f64),
    /// As the published gait: its leg (right 0, left 1), and hip, knee or ankle of it.
    Gait(usize, usize),
}

/// A joint on which the will acts.
struct Willed {
    /// Its place among the person's joints.
    place: usize,
    stiffness: f64,
    damping: f64,
    wanted: Wanted,
    /// Towards positive angles, towards negative ones.
    groups: [Group; 2],
}

/// What stands behind [`LegStrength`].
fn behind_strength() -> (String, Standing) {
    (
        "Anderson, Madigan and Nussbaum 2007, table 3, 18 to 25 years, at the best angle".to_owned(),
        Standing::Identified,
    )
}

/// The will of a person, as a part of their muscles.
pub(crate) struct Will {
    effort: ParameterPort,
    joints: Vec<Willed>,
    walk: Option<Walk>,
    mass_kg: f64,
    /// How many joints the person has.
    count: usize,
    step_s: f64,
    /// Its words of state.
    words: std::ops::Range<usize>,
    wanted: WritePort,
    walking: Option<WritePort>,
}

/// Who wants it and how their muscles are stepped.
pub struct Willing<'a> {
    /// What the file says.
    pub config: &'a WillConfig,
    /// Whose body it is.
    pub person: &'a Person,
    /// What stands behind the file's numbers.
    pub provenance: Provenance<'a>,
}

impl Will {
    /// The will over these joints, stepped at `step_s`; the words of state that it needs are added to `names`.
    pub(crate) fn new(
        instance: &str,
        joints: &[String],
        Willing { config, person, provenance }: &Willing<'_>,
        step_s: f64,
        registration: &mut Registration,
        names: &mut Vec<String>,
    ) -> Result<Will, Vec<Problem>> {
        let mut problems = config.check();
        problems.extend(config.check_person(person, joints));
        if !problems.is_empty() {
            return Err(problems);
        }
        let wearer = format!("{instance}.wearer");
        let spec = provenance.parameter(
            format!("{wearer}.effort"),
            Dimension::NUMBER,
            config.effort.value.si(),
            &config.effort,
            true,
        );
        let effort = registration.parameter(spec.at_least(0.0).at_most(1.0));
        let walk = config.walk.as_ref().map(|walk| {
            Walk::new(&wearer, walk, person, provenance, step_s, registration).map_err(|wrong| vec![wrong])
        });
        let walk = walk.transpose()?;
        for (joint, gains) in &config.joints {
            for (field, dimension, si, behind) in [
                (
                    "stiffness",
                    Dimension::ROTATIONAL_STIFFNESS,
                    gains.stiffness.value.si(),
                    provenance.of(&gains.stiffness),
                ),
                (
                    "damping",
                    Dimension::ROTATIONAL_DAMPING,
                    gains.damping.value.si(),
                    provenance.of(&gains.damping),
                ),
            ] {
                let path = format!("{wearer}.will.{joint}.{field}");
                registration.parameter(ParameterSpec::fixed(path, dimension, si, behind));
            }
        }
        let mut willed = Vec::new();
        for (place, name) in joints.iter().enumerate() {
            let (joint, side) = without_side(name);
            let (Some(gains), Some(groups)) = (config.joints.get(joint), muscle_groups(joint)) else {
                continue;
            };
            let [positive, negative] = groups;
            let groups = [(positive, true), (negative, false)].map(|(group, towards_positive)| {
                let own = format!("{group}{side}");
                let given = config.strength.get(&own).or_else(|| config.strength.get(group));
                let published = LegStrength::published(person, joint, towards_positive);
                let (strength, most_nm, behind) = match (given, published) {
                    (Some(given), _) => {
                        let most = given.value.si();
                        (Strength::Given(most), most, provenance.of(given))
                    }
                    (None, Some(law)) => (Strength::Published(law), law.most_nm(), behind_strength()),
                    // `check_person` has refused it.
                    (None, None) => (Strength::Given(0.0), 0.0, behind_strength()),
                };
                let path = format!("{wearer}.strength.{own}");
                registration.parameter(ParameterSpec::fixed(path, Dimension::TORQUE, most_nm, behind));
                let none = Sourced::bare(Ratio::from_si(0.0));
                let weakness =
                    config.weakness.get(&own).or_else(|| config.weakness.get(group)).unwrap_or(&none);
                let path = format!("{wearer}.weakness.{own}");
                let spec = provenance.parameter(path, Dimension::NUMBER, weakness.value.si(), weakness, true);
                Group { strength, weakness: registration.parameter(spec.at_least(0.0).at_most(1.0)) }
            });
            let leg = if side == "_l" { 1 } else { 0 };
            let in_gait = walk::JOINTS.iter().position(|own| *own == joint).filter(|_| walk.is_some());
            let wanted = match in_gait {
                Some(of_leg) => Wanted::Gait(leg, of_leg),
                None => Wanted::Angle(config.posture.get(name).map_or(0.0, |angle| angle.si())),
            };
            let (stiffness, damping) = (gains.stiffness.value.si(), gains.damping.value.si());
            willed.push(Willed { place, stiffness, damping, wanted, groups });
        }
        let first = names.len();
        if walk.is_some() {
            names.extend(walk::WORDS.map(|word| format!("will.{word}")));
        }
        let elements = willed
            .iter()
            .map(|joint| Element { name: joints[joint.place].clone(), dimension: Dimension::ANGLE })
            .collect();
        let wanted = GroupSpec::vector(format!("{wearer}.truth.wanted"), elements)
            .class(GroupClass::Truth)
            .meaning("the joint angles that the wearer wants at this instant");
        let wanted = registration.write(wanted);
        let walking = walk.as_ref().map(|_| registration.write(Walk::group(&wearer)));
        Ok(Will {
            effort,
            joints: willed,
            walk,
            mass_kg: person.mass_kg(),
            count: joints.len(),
            step_s,
            words: first..names.len(),
            wanted,
            walking,
        })
    }

    /// How many joints it acts on.
    pub(crate) fn joint_count(&self) -> usize {
        self.joints.len()
    }

    /// Adds its torques, given what a component sees: the time, its own parameters, its words of state, and positions and velocities of
    /// all joints. `wanted` gets the angles that are wanted; what comes back goes to `truth.will`.
    pub(crate) fn act(
        &self,
        now_s: f64,
        parameters: &[f64],
        words: &mut [u64],
        motion: &[f64],
        torques: &mut [f64],
        wanted: &mut [f64],
    ) -> [f64; 3] {
        let (q, v) = motion.split_at(self.count);
        // Variation and faults may lead a share anywhere.
        let whole = |port: ParameterPort| clamp(parameters[port.0], 0.0, 1.0);
        let effort = whole(self.effort);
        let mut said = [0.0; 3];
        // Of each leg's joints where they should be and how fast; of the walk how much of it has begun.
        let mut legs = [[[0.0; 2]; 3]; 2];
        let mut efforts_nm = [[0.0; 3]; 2];
        if let Some(walk) = &self.walk {
            let led = self.joints.iter().filter_map(|joint| match joint.wanted {
                Wanted::Gait(leg, of_leg) => Some((leg, of_leg, q[joint.place], v[joint.place])),
                Wanted::Angle(_) => None,
            });
            let stride = walk.step(now_s, self.step_s, parameters, &mut words[self.words.clone()], led);
            legs = walk.wanted(&stride);
            efforts_nm = walk.efforts_nm(&stride, self.mass_kg, parameters);
            said = [stride.phase, stride.rate_hz, stride.drive];
        }
        for (joint, wanted) in self.joints.iter().zip(wanted) {
            let ([angle, speed], forward_nm, begun) = match joint.wanted {
                Wanted::Gait(leg, of_leg) => (legs[leg][of_leg], efforts_nm[leg][of_leg], said[2]),
                Wanted::Angle(angle) => ([angle, 0.0], 0.0, 1.0),
            };
            *wanted = angle;
            let (at, speed_now) = (q[joint.place], v[joint.place]);
            let asked = joint.stiffness * (angle - at) + joint.damping * (speed - speed_now) + forward_nm;
            let [up, down] = &joint.groups;
            let most = |group: &Group, shortening: f64| match &group.strength {
                Strength::Given(most) => *most,
                Strength::Published(law) => law.torque_nm(at, shortening),
            };
            let left = |group: &Group| 1.0 - whole(group.weakness);
            let muscles = MuscleGroup {
                towards_positive_nm: most(up, speed_now),
                towards_negative_nm: most(down, -speed_now),
                left_positive: left(up),
                left_negative: left(down),
            };
            torques[joint.place] += muscles.exerted_nm(effort * begun * asked);
        }
        said
    }

    /// Where the wanted angles and the state of the gait go.
    pub(crate) fn ports(&self) -> (WritePort, Option<WritePort>) {
        (self.wanted, self.walking)
    }
}

#[cfg(test)]
mod tests;
