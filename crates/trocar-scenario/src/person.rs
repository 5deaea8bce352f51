//! The person file: who wears an exoskeleton, or the dummy that a laboratory puts into it first.

use crate::common::{PlacementConfig, SectionProvenance, is_name, not_a_name, under};
use crate::robot::Status;
use crate::text::{join_key, nearest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_plant::person::{HipAxes, Joints, Person, Root, Sex};
use trocar_plant::{
    CuffConfig, SpasticityConfig, WearerConfig, WeightSupportConfig, WillConfig, muscle_groups, without_side,
};
use trocar_signal::quantity::{Angle, Length, Mass};
use trocar_signal::{Problem, Provenance, Sourced};

/// What a person file calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PersonKind {
    /// A person, or a dummy in the shape of one.
    Person,
}

/// A person. Body and segments follow from height, mass and sex by published tables (docs/people.md).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a person"))]
pub struct PersonFile {
    /// Version of the file format: 1.
    #[schemars(extend("const" = 1))]
    pub format: u32,
    /// `person`: tells this file from a robot, a scene or a scenario.
    pub kind: PersonKind,
    /// What reports call them.
    pub title: String,
    /// How far the model is confirmed. Absent: `implemented`.
    #[serde(default)]
    pub status: Status,
    /// Documents about the person or the dummy.
    #[serde(default)]
    pub references: Vec<String>,
    /// Key to citation: what `source` in this file refers to.
    #[serde(default)]
    pub sources: BTreeMap<String, String>,
    /// What stands behind the numbers that name nothing of their own.
    pub provenance: SectionProvenance,
    /// Height, standing.
    pub height: Sourced<Length>,
    /// Mass of the whole body.
    pub mass: Sourced<Mass>,
    /// Which of the published tables the body follows.
    pub sex: Sex,
    /// Which joints move beside knees and ankles.
    #[serde(default)]
    pub joints: PersonJoints,
    /// What the joints exert by themselves.
    pub tissue: WearerConfig,
    /// Joint to its stretch reflex: `[spasticity.ankle_dorsiflexion_r]`. Absent: the person is not spastic.
    #[serde(default)]
    pub spasticity: BTreeMap<String, SpasticityConfig>,
}

/// Which joints of a person move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a list of joints"))]
pub struct PersonJoints {
    /// `flexion`: hips flex and extend. `all`: they also adduct and turn.
    #[serde(default)]
    pub hips: HipJoints,
    /// Whether the trunk bends at the waist. Absent: it is rigid with the pelvis.
    #[serde(default)]
    pub waist: bool,
    /// Whether shoulders and elbows flex. Absent: the arms hang.
    #[serde(default)]
    pub arms: bool,
}

/// How a hip moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HipJoints {
    /// Flexion and extension.
    #[default]
    Flexion,
    /// Flexion, adduction and rotation.
    All,
}

impl PersonFile {
    /// The person's body.
    ///
    /// # Errors
    /// In a person's words, with the key, where no human has been so.
    pub fn person(&self) -> Result<Person, Problem> {
        Person::new(self.height.value.si(), self.mass.value.si(), self.sex)
            .map_err(|wrong| Problem::new("height", wrong.to_string()))
    }

    /// Which joints move; what holds the pelvis is left to the cuffs.
    #[must_use]
    pub fn moving(&self) -> Joints {
        let hips = match self.joints.hips {
            HipJoints::Flexion => HipAxes::Flexion,
            HipJoints::All => HipAxes::All,
        };
        Joints { root: Root::Free, hips, waist: self.joints.waist, arms: self.joints.arms }
    }

    /// What stands behind its numbers.
    #[must_use]
    pub fn provenance(&self) -> Provenance<'_> {
        let own = &self.provenance;
        Provenance { sources: &self.sources, source: own.source.as_deref(), standing: own.standing }
    }

    /// What is wrong with it; keys from the file's root.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = self.person().err().into_iter().collect();
        problems.extend(under("tissue", self.tissue.check()));
        for (joint, reflex) in &self.spasticity {
            problems.extend(under(&join_key("spasticity", joint), reflex.check()));
        }
        problems
    }
}

/// Who wears a robot, and how it is put on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a wearer"))]
pub struct WearerPlacement {
    /// The person's file.
    pub file: String,
    /// Where the pelvis (midway between the hips; x forward, y left, z up) is in the robot's base when the robot is put on.
    #[serde(default)]
    pub pelvis: PlacementConfig,
    /// Joint to its angle when the robot is put on, in clinical terms: `knee_flexion_r = "20 deg"`. The others are straight.
    #[serde(default)]
    pub start: BTreeMap<String, Angle>,
    /// Name to cuff. Each is free of force as the robot is put on.
    #[serde(default)]
    pub cuffs: BTreeMap<String, CuffConfig>,
    /// What they want, and how much of their strength they give. Absent: they let it happen.
    #[serde(default)]
    pub will: Option<WillConfig>,
    /// A cable that carries a part of their weight. Absent: nothing does but the cuffs.
    #[serde(default)]
    pub weight_support: Option<WeightSupportConfig>,
    /// What stands behind the numbers of cuffs, will and weight support that name nothing of their own. Absent: `declared`, for whoever writes a scene
    /// declares how it is set up.
    #[serde(default)]
    pub provenance: Option<SectionProvenance>,
}

impl WearerPlacement {
    /// What is wrong with it, as far as it alone shows; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> =
            under("pelvis.orientation", self.pelvis.orientation.check()).collect();
        for (name, cuff) in &self.cuffs {
            let key = join_key("cuffs", name);
            if !is_name(name) {
                problems.push(Problem::new(&key, not_a_name(name)));
            }
            problems.extend(under(&key, cuff.check()));
        }
        if let Some(will) = &self.will {
            problems.extend(under("will", will.check()));
        }
        if let Some(support) = &self.weight_support {
            problems.extend(under("weight_support", support.check()));
        }
        problems
    }

    /// What does not fit the person and the robot: segments, joints and frames that they do not have. Keys below its table.
    #[must_use]
    pub fn check_fit(&self, segments: &[&str], joints: &[&str], robot_frames: &[&str]) -> Vec<Problem> {
        let missing = |key: String, what: &str, name: &str, known: &[&str]| {
            let near = nearest(name, known.iter().copied());
            let hint = near.map_or_else(
                || format!("there is: {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            Problem::new(key, format!("there is no {what} `{name}`; {hint}"))
        };
        let mut problems = Vec::new();
        for name in self.start.keys().filter(|name| !joints.contains(&name.as_str())) {
            problems.push(missing(join_key("start", name), "joint of the person", name, joints));
        }
        for (name, cuff) in &self.cuffs {
            let key = join_key("cuffs", name);
            if !segments.contains(&cuff.segment.as_str()) {
                let what =
                    missing(format!("{key}.segment"), "segment of the person", &cuff.segment, segments);
                problems.push(what);
            }
            if !robot_frames.contains(&cuff.frame.as_str()) {
                let what = missing(format!("{key}.frame"), "frame of the robot", &cuff.frame, robot_frames);
                problems.push(what);
            }
        }
        if let Some(will) = &self.will {
            let mut known: Vec<&str> = joints.iter().map(|joint| without_side(joint).0).collect();
            known.sort_unstable();
            known.dedup();
            for name in will.joints.keys().filter(|name| !known.contains(&name.as_str())) {
                let what = "joint (named without its side) of the person";
                problems.push(missing(join_key("will.joints", name), what, name, &known));
            }
            for name in will.posture.keys().filter(|name| !joints.contains(&name.as_str())) {
                problems.push(missing(join_key("will.posture", name), "joint of the person", name, joints));
            }
            let mut groups: Vec<String> = Vec::new();
            for joint in joints.iter().filter(|joint| will.joints.contains_key(without_side(joint).0)) {
                let (stem, side) = without_side(joint);
                for group in muscle_groups(stem).into_iter().flatten() {
                    groups.extend([group.to_owned(), format!("{group}{side}")]);
                }
            }
            groups.sort();
            groups.dedup();
            let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
            for (key, name) in will
                .weakness
                .keys()
                .map(|name| ("will.weakness", name))
                .chain(will.strength.keys().map(|name| ("will.strength", name)))
                .filter(|(_, name)| !groups.contains(&name.as_str()))
            {
                let what = "group of muscles of the joints in `will.joints`";
                problems.push(missing(join_key(key, name), what, name, &groups));
            }
        }
        problems
    }
}
