//! What a wearer's muscles do: what the person wants ([`crate::will`]), and against being stretched where they are spastic.
//!
//! `INSTANCE.wearer.muscles` holds one torque for each joint, N m, with the joint's sign. A spasm is a fault on it (`kind = "offset"`
//! for a while): then its effect is proven against a twin without it, and the ledger says when the device noticed.

use crate::check;
use crate::person::{DelayLine, StretchReflex};
use crate::will::{Will, Willing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::quantity::{AngularVelocity, Duration, Torque};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, Element, GroupSpec, Nanos, ParameterPort, ParameterSpec,
    Problem, Provenance, ReadPort, Registration, Sourced, WritePort,
};

/// The stretch reflex of one joint: torque against the stretch = strength × min(gain × (stretch rate a delay ago − threshold), 1),
/// and none below the threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a stretch reflex"))]
pub struct SpasticityConfig {
    /// Which movement of the joint stretches the muscles.
    pub stretched_by: Movement,
    /// Torque at full activation. No such torque of a hip or a knee is published: whoever writes the file states it.
    pub strength: Sourced<Torque>,
    /// Activation for each unit of stretch rate above the threshold: `2 s/rad`; 0 to 4 s/rad in SpasticMyoElbow.
    pub gain: Sourced<AnyQuantity>,
    /// Stretch rate from which on it acts. Absent: 0.05 rad/s (SpasticMyoElbow).
    #[serde(default)]
    pub threshold: Option<Sourced<AngularVelocity>>,
    /// From the stretch to the pull. Absent: 30 ms (SpasticMyoElbow).
    #[serde(default)]
    pub delay: Option<Sourced<Duration>>,
}

/// A movement of a joint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// The angle rises: flexion, dorsiflexion.
    Flexion,
    /// The angle falls: extension, plantar flexion.
    Extension,
}

/// The longest delay of a reflex, s.
const LONGEST_DELAY_S: f64 = 1.0;

impl SpasticityConfig {
    /// What is wrong with its numbers; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::not_negative(&mut problems, "strength", self.strength.value.si());
        let per_rate = Dimension::NUMBER.over(Dimension::ANGULAR_VELOCITY);
        if check::dimension(&mut problems, "gain", self.gain.value.dimension, per_rate) {
            check::not_negative(&mut problems, "gain", self.gain.value.si);
        }
        let reflex = self.reflex();
        check::not_negative(&mut problems, "threshold", reflex.threshold_radps);
        check::within(&mut problems, "delay", reflex.delay_s, 0.0, LONGEST_DELAY_S);
        problems
    }

    fn reflex(&self) -> StretchReflex {
        let published = StretchReflex::default();
        StretchReflex {
            gain_sprad: self.gain.value.si,
            threshold_radps: self.threshold.as_ref().map_or(published.threshold_radps, |t| t.value.si()),
            delay_s: self.delay.as_ref().map_or(published.delay_s, |d| d.value.si()),
        }
    }
}

struct Reflex {
    joint: usize,
    /// +1 where rising angles stretch it.
    sense: f64,
    law: StretchReflex,
    strength: ParameterPort,
    line: DelayLine,
    /// Its words of state.
    words: std::ops::Range<usize>,
}

/// The component `INSTANCE.wearer.muscles`, at every step.
pub struct Muscles {
    motion: ReadPort,
    torques: WritePort,
    joints: usize,
    reflexes: Vec<Reflex>,
    will: Option<Will>,
}

/// Working memory: torques, positions and velocities of all joints, angles that are wanted.
struct Memory {
    torques: Vec<f64>,
    motion: Vec<f64>,
    wanted: Vec<f64>,
}

/// The path of the torques of a wearer's muscles.
#[must_use]
pub fn muscles_path(instance: &str) -> String {
    format!("{instance}.wearer.muscles")
}

impl Muscles {
    /// The muscles of these joints, stepped at `step_s`; `spastic` names some of the joints.
    ///
    /// # Errors
    /// What is wrong with the numbers, below `spasticity` and `will`.
    pub fn new(
        instance: &str,
        joints: &[String],
        spastic: &BTreeMap<String, SpasticityConfig>,
        provenance: &Provenance<'_>,
        will: Option<&Willing<'_>>,
        step_s: f64,
        registration: &mut Registration,
    ) -> Result<Muscles, Vec<Problem>> {
        let path = muscles_path(instance);
        let mut reflexes = Vec::new();
        let mut names = Vec::new();
        for (name, config) in spastic {
            let key =
                |problem: Problem| Problem::new(format!("spasticity.{name}.{}", problem.key), problem.what);
            let wrong = config.check();
            let law = config.reflex();
            let place = joints.iter().position(|joint| joint == name);
            let (Some(joint), Some(line), true) =
                (place, DelayLine::new(law.delay_s, step_s), wrong.is_empty())
            else {
                let missing = || vec![Problem::new("delay", "is longer than can be remembered at this step")];
                let wrong = if wrong.is_empty() { missing() } else { wrong };
                return Err(wrong.into_iter().map(key).collect());
            };
            let spec = provenance.parameter(
                format!("{instance}.wearer.spasticity.{name}.strength"),
                Dimension::TORQUE,
                config.strength.value.si(),
                &config.strength,
                true,
            );
            let strength = registration.parameter(spec.at_least(0.0));
            let gain = Dimension::NUMBER.over(Dimension::ANGULAR_VELOCITY);
            for (field, dimension, si) in [
                ("gain", gain, law.gain_sprad),
                ("threshold", Dimension::ANGULAR_VELOCITY, law.threshold_radps),
                ("delay", Dimension::TIME, law.delay_s),
            ] {
                let behind = provenance.of(&config.gain);
                let path = format!("{instance}.wearer.spasticity.{name}.{field}");
                registration.parameter(ParameterSpec::fixed(path, dimension, si, behind));
            }
            let sense = match config.stretched_by {
                Movement::Flexion => 1.0,
                Movement::Extension => -1.0,
            };
            let first = names.len();
            names.extend((0..line.words()).map(|word| format!("{name}.stretch_{word}")));
            reflexes.push(Reflex { joint, sense, law, strength, line, words: first..names.len() });
        }
        let will = will.map(|will| Will::new(instance, joints, will, step_s, registration, &mut names));
        let will = will.transpose().map_err(|wrong| check::under("will", wrong).collect::<Vec<_>>())?;
        registration.state_words(names);
        let elements =
            joints.iter().map(|name| Element { name: name.clone(), dimension: Dimension::TORQUE }).collect();
        let torques = GroupSpec::vector(&path, elements)
            .meaning("torques of the wearer's muscles on their joints, flexion positive; a spasm is a fault on one of them");
        Ok(Muscles {
            motion: registration.read_previous(format!("{instance}.wearer.truth.js")),
            torques: registration.write(torques),
            joints: joints.len(),
            reflexes,
            will,
        })
    }
}

impl Component for Muscles {
    fn scratch(&self) -> Box<dyn std::any::Any + Send> {
        Box::new(Memory {
            torques: vec![0.0; self.joints],
            motion: vec![0.0; 2 * self.joints],
            wanted: vec![0.0; self.will.as_ref().map_or(0, Will::joint_count)],
        })
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        // Positions come first, then velocities, then efforts.
        let mut scratch = std::mem::replace(io.scratch, Box::new(()));
        let memory = scratch.downcast_mut::<Memory>().ok_or("the muscles' working memory is another's")?;
        let Memory { torques, motion, wanted } = memory;
        motion.copy_from_slice(&io.read(self.motion)[..2 * self.joints]);
        torques.fill(0.0);
        for reflex in &self.reflexes {
            let strength = io.parameter(reflex.strength);
            let rate = reflex.sense * motion[self.joints + reflex.joint];
            let before = reflex.line.step(&mut io.state[reflex.words.clone()], rate);
            torques[reflex.joint] -= reflex.sense * strength * reflex.law.activation(before);
        }
        let at = io.now;
        if let Some(will) = &self.will {
            let parameters = &io.parameters[io.first_parameter..];
            let now_s = at.seconds();
            let said = will.act(now_s, parameters, io.state, motion, torques, wanted);
            let (wants, walks) = will.ports();
            io.send(wants, wanted, at, Nanos::ZERO, true);
            if let Some(walks) = walks {
                io.send(walks, &said, at, Nanos::ZERO, true);
            }
        }
        io.send(self.torques, torques, at, Nanos::ZERO, true);
        *io.scratch = scratch;
        Ok(())
    }
}
