//! What a wearer's joints exert by themselves, as a file says it.

use crate::check;
use crate::person::{JointLimit, LimitCoefficients};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{RotationalDamping, Torque};
use trocar_signal::{Problem, Sourced};

/// What a person's joints exert without any will.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a tissue"))]
pub struct WearerConfig {
    /// The elastic torques of hip, knee and ankle. Absent: none, as in a dummy.
    #[serde(default)]
    pub passive: Option<PassiveLaw>,
    /// What ends the joints' range. Absent: nothing does.
    #[serde(default)]
    pub limits: Option<LimitLaw>,
    /// Viscous damping of every joint.
    pub damping: Sourced<RotationalDamping>,
    /// Friction that every joint holds and brakes with. Absent: none; a dummy's joints have some.
    #[serde(default)]
    pub friction: Option<Sourced<Torque>>,
}

/// A published law of passive torques.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PassiveLaw {
    /// Riener and Edrich 1999, of healthy adults; hip, knee and ankle depend on each other.
    RienerEdrich,
}

/// A published law of the ends of joints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LimitLaw {
    /// Anderson and Pandy 1999.
    AndersonPandy,
}

impl WearerConfig {
    /// What is wrong with its numbers; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::not_negative(&mut problems, "damping", self.damping.value.si());
        if let Some(friction) = &self.friction {
            check::positive(&mut problems, "friction", friction.value.si());
        }
        problems
    }

    /// The limit and the damping of a joint by its name without side. Where no limit is published or none is asked for,
    /// the damping alone is left: `None`.
    #[must_use]
    pub fn limit(&self, joint: &str) -> Option<JointLimit> {
        let LimitLaw::AndersonPandy = self.limits?;
        let published = LimitCoefficients::published(joint.trim_end_matches("_r").trim_end_matches("_l"));
        published.map(|coefficients| JointLimit::new(coefficients, self.damping.value.si()))
    }
}
