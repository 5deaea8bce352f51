//! What a file says of a wearer's will.

use crate::check;
use crate::person::{LegStrength, Person, PublishedGait, Segment, Stride};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::quantity::{
    Angle, AngularVelocity, Duration, Frequency, Ratio, RotationalDamping, RotationalStiffness, Torque,
    Velocity,
};
use trocar_signal::{Problem, Sourced};

/// What a wearer wants, and how much. With `walk` the legs follow a published gait in step with whatever moves them; all other joints in
/// `joints` are held as `posture` says, straight where it says nothing. Joints that are not in `joints` are left alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a will"))]
pub struct WillConfig {
    /// From `0 %`, none, to `100 %`, all that the gains ask for. It scales the torque; `exo.wearer.effort` varies it.
    pub effort: Sourced<Ratio>,
    /// Walking. Absent: the posture is held.
    #[serde(default)]
    pub walk: Option<WalkConfig>,
    /// Joint to the angle at which it is held, in clinical terms: `hip_flexion_r = "90 deg"`.
    #[serde(default)]
    pub posture: BTreeMap<String, Angle>,
    /// Joint, without its side, to how hard the wearer strives for what they want: `[….will.joints.knee_flexion]`. Nobody has
    /// published such gains of walkers in a device.
    pub joints: BTreeMap<String, GainsConfig>,
    /// Group of muscles (`hip_flexors`, or `hip_flexors_l` of one side) to their greatest torque. Absent: of hip, knee and ankle as
    /// Anderson, Madigan and Nussbaum 2007 measured it at each angle and speed; of other joints nothing is published here.
    #[serde(default)]
    pub strength: BTreeMap<String, Sourced<Torque>>,
    /// Group of muscles (`hip_flexors`, or `hip_flexors_l` of one side) to the share of their strength that is lost: `0 %` healthy,
    /// `100 %` paralysed. `exo.wearer.weakness.hip_flexors_l` varies it.
    #[serde(default)]
    pub weakness: BTreeMap<String, Sourced<Ratio>>,
}

/// How hard a wearer strives to have a joint where they want it, at full effort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "gains of a will"))]
pub struct GainsConfig {
    /// Torque for each radian that the joint is off.
    pub stiffness: Sourced<RotationalStiffness>,
    /// Torque for each rad/s by which its speed is off.
    pub damping: Sourced<RotationalDamping>,
}

/// Walking: a published gait, at the person's own pace and in step with what moves the legs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a walk"))]
pub struct WalkConfig {
    /// The walking speed whose strides are the person's own, from the leg's length (258 walks of 43 adults). Give this or `stride`.
    #[serde(default)]
    pub speed: Option<Sourced<Velocity>>,
    /// How long a stride of the person's own takes, where they are used to another pace: `3 s`. `exo.wearer.will.stride` varies it.
    #[serde(default)]
    pub stride: Option<Sourced<Duration>>,
    /// The published angles over the stride. Absent: `fukuchi2018`, the mean of nine adults; `gait2392`, one adult, also has moments.
    #[serde(default)]
    pub gait: PublishedGait,
    /// How fast the person falls into step: the rate at which the gait's phase is drawn to where the legs are. `0 Hz`: never.
    pub pull: Sourced<Frequency>,
    /// The person walks while a device leads their legs: from when a joint first turns faster than this, until for half a stride of
    /// their own none has. Give this or `begins`.
    #[serde(default)]
    pub led_above: Option<Sourced<AngularVelocity>>,
    /// The person walks by themselves from this time of the run on.
    #[serde(default)]
    pub begins: Option<Sourced<Duration>>,
    /// The share of the published joint moments, scaled with body mass, that is exerted beside the striving: they carry a body on the ground, so
    /// leave it out in the air. Needs `gait = "gait2392"`. Absent: none.
    #[serde(default)]
    pub moments: Option<Sourced<Ratio>>,
}

/// The groups of muscles of a joint by its name without side: that which pulls towards positive angles, and the other.
#[must_use]
pub fn muscle_groups(joint: &str) -> Option<[&'static str; 2]> {
    Some(match joint {
        "hip_flexion" => ["hip_flexors", "hip_extensors"],
        "hip_adduction" => ["hip_adductors", "hip_abductors"],
        "hip_rotation" => ["hip_internal_rotators", "hip_external_rotators"],
        "knee_flexion" => ["knee_flexors", "knee_extensors"],
        "ankle_dorsiflexion" => ["ankle_dorsiflexors", "ankle_plantarflexors"],
        "trunk_flexion" => ["trunk_flexors", "trunk_extensors"],
        "shoulder_flexion" => ["shoulder_flexors", "shoulder_extensors"],
        "elbow_flexion" => ["elbow_flexors", "elbow_extensors"],
        _ => return None,
    })
}

/// The name of a joint without its side, and the side: `knee_flexion` and `_l`.
#[must_use]
pub fn without_side(joint: &str) -> (&str, &str) {
    let place = ["_r", "_l"].iter().find_map(|side| joint.strip_suffix(side)).map_or(joint.len(), str::len);
    joint.split_at(place)
}

/// The segment below a joint.
fn below(joint: &str) -> Option<Segment> {
    Some(match joint {
        "hip_flexion" | "hip_adduction" => Segment::Thigh,
        "knee_flexion" => Segment::Shank,
        "ankle_dorsiflexion" => Segment::Foot,
        "trunk_flexion" => Segment::Trunk,
        "shoulder_flexion" => Segment::UpperArm,
        "elbow_flexion" => Segment::Forearm,
        _ => return None,
    })
}

/// The inertia of a segment about the joint above it, across the body.
fn about_joint_kgm2(person: &Person, segment: Segment) -> f64 {
    let body = &person.segment(segment).inertia;
    let far_m = body.centre_of_mass_m.norm();
    body.about_centre_kgm2[(1, 1)] + body.mass_kg * far_m * far_m
}

/// The longest stride, s.
const LONGEST_STRIDE_S: f64 = 60.0;

fn share(problems: &mut Vec<Problem>, key: &str, value: Ratio, what: &str) {
    if !(0.0..=1.0).contains(&value.si()) {
        let percent = 100.0 * value.si();
        problems.push(Problem::new(
            key,
            format!("{percent} % is not between 0 % and 100 %: it is the share {what}"),
        ));
    }
}

impl WillConfig {
    /// What is wrong with its numbers, as far as it alone shows; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        share(&mut problems, "effort", self.effort.value, "of what the person strives for");
        if self.joints.is_empty() {
            let what = "no joint is willed: name one or more, as `[….will.joints.knee_flexion]`";
            problems.push(Problem::new("joints", what));
        }
        for (joint, gains) in &self.joints {
            let key = |field: &str| format!("joints.{joint}.{field}");
            check::not_negative(&mut problems, &key("stiffness"), gains.stiffness.value.si());
            check::not_negative(&mut problems, &key("damping"), gains.damping.value.si());
        }
        for (group, strength) in &self.strength {
            check::not_negative(&mut problems, &format!("strength.{group}"), strength.value.si());
        }
        for (group, weakness) in &self.weakness {
            let key = format!("weakness.{group}");
            share(&mut problems, &key, weakness.value, "of the strength that is lost");
        }
        if let Some(walk) = &self.walk {
            problems.extend(check::under("walk", walk.check()));
            if !super::walk::JOINTS.iter().any(|joint| self.joints.contains_key(*joint)) {
                let what = "walking moves hip, knee and ankle, and none of `hip_flexion`, `knee_flexion`, `ankle_dorsiflexion` is in `joints`";
                problems.push(Problem::new("walk", what));
            }
        }
        for joint in self.posture.keys() {
            let of_gait = self.walk.is_some() && super::walk::JOINTS.contains(&without_side(joint).0);
            if of_gait {
                let what = "walking moves this joint: leave it out of the posture, or leave `walk` out";
                problems.push(Problem::new(format!("posture.{joint}"), what));
            } else if !self.joints.contains_key(without_side(joint).0) {
                let what = format!(
                    "nothing strives for it: give `[….will.joints.{}]` with stiffness and damping",
                    without_side(joint).0
                );
                problems.push(Problem::new(format!("posture.{joint}"), what));
            }
        }
        problems
    }

    /// What does not fit the person: speeds at which nobody of that size was measured, joints whose strength is neither given nor published.
    #[must_use]
    pub fn check_person(&self, person: &Person, joints: &[String]) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(speed) = self.walk.as_ref().and_then(|walk| walk.speed.as_ref()) {
            let [least, greatest] = Stride::measured_speeds_mps(person.hip_height_m());
            let speed = speed.value.si();
            if !(least..=greatest).contains(&speed) {
                let what = format!(
                    "people of this height were measured between {least:.2} and {greatest:.2} m/s, and this is {speed} m/s; for another pace give \
                     `stride`, the time that a stride takes"
                );
                problems.push(Problem::new("walk.speed", what));
            }
        }
        for name in self.joints.keys() {
            let Some(groups) = muscle_groups(name) else { continue };
            let is_one = |joint: &&String| without_side(joint).0 == name;
            for (group, toward_positive) in groups.into_iter().zip([true, false]) {
                let given = |joint: &String| {
                    let own = format!("{group}{}", without_side(joint).1);
                    self.strength.contains_key(group) || self.strength.contains_key(&own)
                };
                if LegStrength::published(person, name, toward_positive).is_none()
                    && !joints.iter().filter(is_one).all(given)
                {
                    let what = format!(
                        "no strength of {} is published here: give `strength.{group}`, the greatest torque, with its source",
                        group.replace('_', " ")
                    );
                    problems.push(Problem::new(format!("joints.{name}"), what));
                }
            }
        }
        problems
    }

    /// What does not fit the step at which muscles are told what they do: they act on what was a step ago.
    #[must_use]
    pub fn check_step(&self, person: &Person, step_s: f64) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, gains) in &self.joints {
            let (stiffness, damping) = (gains.stiffness.value.si(), gains.damping.value.si());
            // What is seen a step and a half late feeds a swing with stiffness × 1.5 steps; a third more is kept clear of it.
            let least = 2.0 * step_s * stiffness;
            if damping < least {
                let what = format!(
                    "{damping} N m s/rad is too little for a stiffness of {stiffness} N m/rad at this step, and the joint would swing up by itself: \
                     give {least:.3} N m s/rad or more"
                );
                problems.push(Problem::new(format!("joints.{name}.damping"), what));
            }
            // What brakes a step late brakes too much from inertia/step on; a joint whose limb hangs on others that give way has less inertia than the
            // limb about it, taken to be half of it at least.
            let most = below(name).map(|segment| 0.5 * about_joint_kgm2(person, segment) / step_s);
            if let Some(most) = most.filter(|most| damping > *most) {
                let what = format!(
                    "{damping} N m s/rad is too much for the limb at this step, and the joint would chatter: give {most:.3} N m s/rad or less"
                );
                problems.push(Problem::new(format!("joints.{name}.damping"), what));
            }
        }
        problems
    }
}

impl WalkConfig {
    fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let either = |problems: &mut Vec<Problem>, one: (&str, bool), other: (&str, bool), of: &str| {
            let what = match (one.1, other.1) {
                (true, false) | (false, true) => return,
                (true, true) => format!("`{}` and `{}` both say {of}: give one of them", one.0, other.0),
                (false, false) => format!("nothing says {of}: give `{}` or `{}`", one.0, other.0),
            };
            problems.push(Problem::new(one.0, what));
        };
        let is = |key: &'static str, there: bool| (key, there);
        either(
            &mut problems,
            is("speed", self.speed.is_some()),
            is("stride", self.stride.is_some()),
            "how fast the person walks",
        );
        either(
            &mut problems,
            is("led_above", self.led_above.is_some()),
            is("begins", self.begins.is_some()),
            "when the person walks",
        );
        if let Some(stride) = &self.stride {
            check::positive(&mut problems, "stride", stride.value.si());
            check::within(&mut problems, "stride", stride.value.si(), 0.0, LONGEST_STRIDE_S);
        }
        if let Some(speed) = &self.speed {
            check::positive(&mut problems, "speed", speed.value.si());
        }
        if let Some(above) = &self.led_above {
            check::positive(&mut problems, "led_above", above.value.si());
        }
        if let Some(begins) = &self.begins {
            check::not_negative(&mut problems, "begins", begins.value.si());
        }
        check::not_negative(&mut problems, "pull", self.pull.value.si());
        if let Some(moments) = &self.moments {
            share(&mut problems, "moments", moments.value, "of the published moments");
            if self.gait != PublishedGait::Gait2392 {
                let what = "this gait has no moments: give `gait = \"gait2392\"` too, or leave it out";
                problems.push(Problem::new("moments", what));
            }
        }
        problems
    }

    /// How long a stride of the person's own takes, s; `None` where the file does not say it rightly.
    pub(super) fn stride_s(&self, person: &Person) -> Option<f64> {
        match (&self.speed, &self.stride) {
            (Some(speed), _) => Some(Stride::at_speed(speed.value.si(), person.hip_height_m())?.time_s),
            (None, stride) => stride.as_ref().map(|stride| stride.value.si()),
        }
    }
}
