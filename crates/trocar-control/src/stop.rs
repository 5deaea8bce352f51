//! How a device stops: what its joints do once motor power would be taken away, by a command or by a trip.
//!
//! Without the section `[stop]` of its file a device does what a surgical arm does: no motor has current, and brakes shut.
//! Somebody who stands in an exoskeleton falls then. IEC 80601-2-78:2019 lets drive power stay on in a protective stop; what
//! the joints do with it is the maker's choice, and of commercial devices it is only said that they lock them on a fall (grant
//! 10862056 of the US Department of Veterans Affairs). So the choice is written in the file, one for each
//! reason, and is a parameter that a scenario can vary.
//!
//! - `power_off`: no current; what has a brake is braked.
//! - `lock`: what has a brake is braked, without current; the other joints are held where they were measured at the stop.
//! - `damp`: each joint is braked by a torque against its measured velocity. A motor with shorted terminals does so by itself,
//!   with (gear × torque constant)² / resistance of the winding; the file states the damping.
//! - `free`: no current, brakes open.
//! - `controlled_descent`: the joints are led together to a stated posture, none faster than its stated speed, from where they
//!   were measured and as fast as they were; there it goes on as `descent_ends_in` says.
//!
//! Who carries it out: the motion interface decides and leads ([`crate::arm`]), publishing what it does as
//! `INSTANCE.stop_behaviour`; the servo holds and damps ([`crate::servo`]); the supervisor keeps the brakes
//! ([`crate::supervisor`]). What holds, damps or leads needs feedback: where there is none, every behaviour is `power_off`.

use crate::joint::{ArmJoints, ValueRange, check_quantity};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{AnyQuantity, Dimension, GroupSpec, ParameterSpec, Problem, Provenance, Sourced};

/// What a device does once it is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopBehaviour {
    /// No current; what has a brake is braked.
    PowerOff,
    /// Braked where there is a brake, held where there is none.
    Lock,
    /// A torque against each joint's velocity.
    Damp,
    /// No current, brakes open.
    Free,
    /// Led slowly to a posture.
    ControlledDescent,
}

impl StopBehaviour {
    /// All of them, in the order of [`StopBehaviour::NAMES`] without its first.
    pub const ALL: [StopBehaviour; 5] = [
        StopBehaviour::PowerOff,
        StopBehaviour::Lock,
        StopBehaviour::Damp,
        StopBehaviour::Free,
        StopBehaviour::ControlledDescent,
    ];
    /// The values of the group `stop_behaviour`, in order: `none` while the device runs.
    pub const NAMES: [&'static str; 6] = ["none", "power_off", "lock", "damp", "free", "controlled_descent"];

    /// As a file says it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            StopBehaviour::PowerOff => "power_off",
            StopBehaviour::Lock => "lock",
            StopBehaviour::Damp => "damp",
            StopBehaviour::Free => "free",
            StopBehaviour::ControlledDescent => "controlled_descent",
        }
    }

    /// The value of the group `stop_behaviour`.
    #[must_use]
    pub fn value(self) -> f64 {
        Self::ALL.into_iter().zip(1_u8..).find(|(one, _)| *one == self).map_or(0.0, |(_, place)| place.into())
    }

    /// The behaviour of a value of the group `stop_behaviour`; `None` while the device runs.
    #[must_use]
    pub fn from_value(value: f64) -> Option<StopBehaviour> {
        Self::ALL.into_iter().find(|one| one.value() == value)
    }

    /// The behaviour that a parameter stands for, which counts from zero; a number that stands for none is `power_off`.
    #[must_use]
    pub fn from_parameter(value: f64) -> StopBehaviour {
        StopBehaviour::from_value(value + 1.0).unwrap_or(StopBehaviour::PowerOff)
    }

    /// Whether brakes are open under it.
    #[must_use]
    pub fn opens_brakes(self) -> bool {
        matches!(self, StopBehaviour::Damp | StopBehaviour::Free | StopBehaviour::ControlledDescent)
    }

    /// The group in which a device says what it does.
    #[must_use]
    pub fn group(instance: &str) -> GroupSpec {
        GroupSpec::state(format!("{instance}.stop_behaviour"), &Self::NAMES)
            .meaning("what the joints do now that the device is stopped")
    }
}

/// How the device stops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "how a device stops"))]
pub struct StopConfig {
    /// What it does on the command `disable`.
    pub on_disable: Sourced<StopBehaviour>,
    /// What it does in FAULT: on a trip of the supervisor, or when homing fails.
    pub on_trip: Sourced<StopBehaviour>,
    /// What it does at the end of a controlled descent.
    pub descent_ends_in: Sourced<StopBehaviour>,
    /// What the behaviours need to know of the joints: each once, and the jaw.
    pub joints: Vec<StopJointConfig>,
}

/// How one joint stops.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "how a joint stops"))]
pub struct StopJointConfig {
    /// The joint's name.
    pub joint: String,
    /// Under `damp`, effort for each unit of velocity: N m s/rad where the joint turns, N s/m where it slides.
    pub damping: Sourced<AnyQuantity>,
    /// Where a controlled descent leads it.
    pub posture: Sourced<AnyQuantity>,
    /// How fast it moves at most on the way there.
    pub speed: Sourced<AnyQuantity>,
}

impl StopConfig {
    /// Every mistake: joints that are missing or unknown, values of the wrong unit, sign or range, a descent without end.
    #[must_use]
    pub fn check(&self, joints: &ArmJoints) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.descent_ends_in.value == StopBehaviour::ControlledDescent {
            let what = "a descent that ends in a descent never ends: write what it does when it is down, e.g. `lock`";
            problems.push(Problem::new("descent_ends_in", what));
        }
        joints.places("joints", "joint", self.joints.iter().map(|j| j.joint.as_str()), &mut problems);
        for (i, config) in self.joints.iter().enumerate() {
            let Some(joint) = joints.axes().find(|joint| joint.name == config.joint) else { continue };
            let kind = joint.kind;
            for (field, value, dimension, range) in [
                ("damping", &config.damping, kind.damping(), ValueRange::NotNegative),
                ("posture", &config.posture, kind.position(), ValueRange::Any),
                ("speed", &config.speed, kind.velocity(), ValueRange::Positive),
            ] {
                check_quantity(&format!("joints[{i}].{field}"), value, dimension, range, &mut problems);
            }
            if config.posture.value.dimension == kind.position() && !joint.allows(config.posture.value.si) {
                let unit = kind.position().si_unit();
                let what = format!(
                    "lies outside the joint's limits, {} {unit} to {} {unit}",
                    joint.lower, joint.upper
                );
                problems.push(Problem::new(format!("joints[{i}].posture"), what));
            }
        }
        problems
    }

    /// What stands behind the joint `name`.
    pub(crate) fn of(&self, name: &str) -> Option<&StopJointConfig> {
        self.joints.iter().find(|joint| joint.joint == name)
    }
}

/// A choice of behaviour as a parameter: `<instance>.stop.<field>`, one of the words of [`StopBehaviour::NAMES`] without `none`.
pub(crate) fn choice(
    instance: &str,
    field: &str,
    value: &Sourced<StopBehaviour>,
    provenance: &Provenance<'_>,
) -> ParameterSpec {
    let path = format!("{instance}.stop.{field}");
    provenance
        .parameter(path, Dimension::NUMBER, value.value.value() - 1.0, value, true)
        .of_words(&StopBehaviour::NAMES[1..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::Joint;

    #[test]
    fn values_names_and_parameters_agree() {
        for (place, behaviour) in StopBehaviour::ALL.into_iter().enumerate() {
            assert_eq!(StopBehaviour::from_value(behaviour.value()), Some(behaviour));
            assert_eq!(StopBehaviour::from_parameter(place as f64), behaviour);
            assert_eq!(serde_json::to_value(behaviour).unwrap(), behaviour.word());
            assert_eq!(behaviour.word(), StopBehaviour::NAMES[place + 1]);
        }
        assert_eq!(StopBehaviour::from_value(0.0), None);
        assert_eq!(
            StopBehaviour::from_parameter(2.5),
            StopBehaviour::PowerOff,
            "a fault may make it anything"
        );
    }

    #[test]
    fn a_bad_file_gets_every_problem_at_its_place() {
        let joints =
            ArmJoints::new(vec![Joint::revolute("hip", -0.5, 1.5), Joint::revolute("knee", 0.0, 2.0)], None)
                .unwrap();
        let config: StopConfig = toml::from_str(
            r#"
on_disable      = "free"
on_trip         = { value = "controlled_descent", standing = "assumed" }
descent_ends_in = "lock"
joints = [
    { joint = "hip", damping = "30 N m s/rad", posture = "60 deg", speed = "20 deg/s" },
    { joint = "knee", damping = "30 N m s/rad", posture = "90 deg", speed = "20 deg/s" },
]"#,
        )
        .unwrap();
        assert_eq!(config.check(&joints), []);
        let mut bad = config.clone();
        bad.descent_ends_in = Sourced::bare(StopBehaviour::ControlledDescent);
        bad.joints[0].posture = Sourced::bare(AnyQuantity::parse("95 deg").unwrap());
        bad.joints[0].speed = Sourced::bare(AnyQuantity::parse("0 deg/s").unwrap());
        bad.joints[1].damping = Sourced::bare(AnyQuantity::parse("3 N m/rad").unwrap());
        let keys: Vec<String> = bad.check(&joints).into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["descent_ends_in", "joints[0].speed", "joints[0].posture", "joints[1].damping"]);
    }
}
