//! The file schema of the slot `arm`.

use crate::joint::{ArmJoints, Joint, ValueRange, check_quantity};
use crate::servo::check_timing;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Duration, Frequency, Ratio};
use trocar_signal::{AnyQuantity, Problem, Sourced, Standing};

/// The motion interface.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a motion interface"))]
pub struct ArmConfig {
    /// How often it runs.
    pub rate: Frequency,
    /// From reading its inputs until its outputs take effect.
    #[serde(default = "crate::servo::no_compute_time")]
    pub compute_time: Sourced<Duration>,
    /// Fraction of the velocity and acceleration limits that trajectories use; above 0, at most 100 %. A change acts on
    /// motions that start after it.
    #[serde(default = "full_speed")]
    pub speed: Sourced<Ratio>,
    /// The motion limits: each joint once, and the jaw.
    pub joints: Vec<ArmJointConfig>,
}

/// The motion limits of one joint, and where homing brings it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a joint of the motion interface"))]
pub struct ArmJointConfig {
    /// The joint's name.
    pub joint: String,
    /// Largest velocity of a trajectory.
    pub velocity: Sourced<AnyQuantity>,
    /// Largest acceleration of a trajectory.
    pub acceleration: Sourced<AnyQuantity>,
    /// Where homing brings the joint. Absent: homing leaves it where it is, which is all that a joint with an absolute
    /// sensor needs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Sourced<AnyQuantity>>,
    /// How near to `home` the joint must be measured for homing to succeed; it goes with `home`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home_tolerance: Option<Sourced<AnyQuantity>>,
    /// The largest step from the present setpoint that a servo command may ask for; a larger one is refused. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub servo_jump: Option<Sourced<AnyQuantity>>,
    /// The largest effort of either sense that `servo_jf` may ask for; a larger one is refused. It stands at every joint but the
    /// jaw, or at none: then the device takes no efforts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort: Option<Sourced<AnyQuantity>>,
}

fn full_speed() -> Sourced<Ratio> {
    Sourced { value: Ratio::from_si(1.0), source: None, standing: Some(Standing::Declared) }
}

impl ArmConfig {
    /// Whether clients may command efforts.
    #[must_use]
    pub fn takes_efforts(&self) -> bool {
        self.joints.iter().any(|joint| joint.effort.is_some())
    }

    /// Every mistake: timing, speed, joints that are missing or unknown, values of the wrong unit, sign or range.
    #[must_use]
    pub fn check(&self, joints: &ArmJoints) -> Vec<Problem> {
        let mut problems = check_timing(self.rate, self.compute_time.value);
        if !(self.speed.value.si() > 0.0 && self.speed.value.si() <= 1.0) {
            problems.push(Problem::new("speed", "must be above 0 and at most 100 %"));
        }
        joints.places("joints", "joint", self.joints.iter().map(|j| j.joint.as_str()), &mut problems);
        if self.takes_efforts() {
            for (i, config) in self.joints.iter().enumerate() {
                let is_jaw = joints.jaw().is_some_and(|jaw| jaw.name == config.joint);
                let what = match (is_jaw, config.effort.is_some()) {
                    (true, true) => "efforts are commanded to the joints; of a jaw leave this out",
                    (false, false) => {
                        "other joints have an `effort`, the largest that `servo_jf` may ask for: give it to this one too, or to none"
                    }
                    _ => continue,
                };
                problems.push(Problem::new(format!("joints[{i}].effort"), what));
            }
        }
        for (i, config) in self.joints.iter().enumerate() {
            if let Some(joint) = joints.axes().find(|joint| joint.name == config.joint) {
                config.check(&format!("joints[{i}]"), joint, &mut problems);
            }
        }
        problems
    }
}

impl ArmJointConfig {
    fn check(&self, key: &str, joint: &Joint, problems: &mut Vec<Problem>) {
        let (position, kind) = (joint.kind.position(), joint.kind);
        let required = [
            ("velocity", Some(&self.velocity), kind.velocity(), ValueRange::Positive),
            ("acceleration", Some(&self.acceleration), kind.acceleration(), ValueRange::Positive),
            ("home", self.home.as_ref(), position, ValueRange::Any),
            ("home_tolerance", self.home_tolerance.as_ref(), position, ValueRange::Positive),
            ("servo_jump", self.servo_jump.as_ref(), position, ValueRange::Positive),
            ("effort", self.effort.as_ref(), kind.effort(), ValueRange::Positive),
        ];
        for (field, value, dimension, range) in required {
            if let Some(value) = value {
                check_quantity(&format!("{key}.{field}"), value, dimension, range, problems);
            }
        }
        if let Some(home) = &self.home
            && home.value.dimension == position
            && !joint.allows(home.value.si)
        {
            let unit = position.si_unit();
            let what =
                format!("lies outside the joint's limits, {} {unit} to {} {unit}", joint.lower, joint.upper);
            problems.push(Problem::new(format!("{key}.home"), what));
        }
        if self.home.is_some() != self.home_tolerance.is_some() {
            let what = "`home` and `home_tolerance` go together: where to go, and how near is there";
            problems.push(Problem::new(key, what));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::arm::tests::psm_config;
    use crate::sample::psm_joints;
    use trocar_signal::quantity::Ratio;
    use trocar_signal::{AnyQuantity, Sourced};

    #[test]
    fn a_bad_file_gets_every_problem_at_its_place() {
        let quantity = |text: &str| Sourced::bare(AnyQuantity::parse(text).unwrap());
        let mut config = psm_config();
        assert_eq!(config.check(&psm_joints()), []);
        config.speed = Sourced::bare(Ratio::from_si(1.2));
        config.joints[0].velocity = quantity("1 m/s");
        config.joints[1].home = Some(quantity("54 deg"));
        config.joints[2].home_tolerance = None;
        config.joints[3].acceleration = quantity("0 rad/s^2");
        config.joints[4].joint = "elbow".into();
        let keys: Vec<String> = config.check(&psm_joints()).into_iter().map(|p| p.key).collect();
        let expected = [
            "speed",
            "joints[4].joint",
            "joints",
            "joints[0].velocity",
            "joints[1].home",
            "joints[2]",
            "joints[3].acceleration",
        ];
        assert_eq!(keys, expected);
    }
}
