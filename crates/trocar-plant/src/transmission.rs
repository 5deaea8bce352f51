//! What lies between a motor and its output where it gives way: gear teeth, cables, a harmonic drive, a series spring.
//!
//! All numbers are those of the output: angle or length of the output, effort there. An actuator without this table is
//! rigid: its encoder then says where the output is. With it, the motor (reflected to the output) is a coordinate of the
//! mechanism of its own, and encoder and motor act on that.

use crate::actuator::ActuatorKind;
use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{AnyQuantity, Dimension, ParameterSpec, Problem, Provenance, Sourced};

/// A transmission that gives way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a transmission"))]
pub struct TransmissionConfig {
    /// Effort at the output for each radian or metre by which the motor is ahead of it, at rest and within no backlash:
    /// of a harmonic drive K1. A series elastic actuator is a soft one.
    pub stiffness: Sourced<AnyQuantity>,
    /// Effort for each radian or metre per second of the same.
    pub damping: Sourced<AnyQuantity>,
    /// Whole width of the dead zone, by which the output can be moved while the motor stands still. Where it may
    /// grow during a run, give it, be it zero.
    #[serde(default)]
    pub backlash: Option<Sourced<AnyQuantity>>,
    /// How far the motor is ahead of the output where neither pulls at the other, beyond what the coupling says: cables that
    /// have stretched. Where it may grow during a run, give it, be it zero.
    #[serde(default)]
    pub offset: Option<Sourced<AnyQuantity>>,
    /// Straight pieces of a stiffness that rises with effort: of a harmonic drive K2 from T1 on, and K3 from T2 on.
    #[serde(default)]
    pub pieces: Vec<PieceConfig>,
    /// For a pair of exponential cables, effort = stiffness · l · sinh(deflection/l): the deflection l at which they are
    /// 1.54 times as stiff as at rest. Without it the spring is straight.
    #[serde(default)]
    pub stiffening: Option<Sourced<AnyQuantity>>,
    /// Friction inside the spring.
    #[serde(default)]
    pub hysteresis: Option<HysteresisConfig>,
    /// Friction on the motor's side.
    #[serde(default)]
    pub motor_friction: Option<MotorFrictionConfig>,
}

/// A piece of a stiffness that rises with effort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a piece of a stiffness"))]
pub struct PieceConfig {
    /// The effort from which on it holds.
    pub from_effort: Sourced<AnyQuantity>,
    /// Its stiffness, at least that of the piece before.
    pub stiffness: Sourced<AnyQuantity>,
}

/// Friction inside a spring: elasto-plastic elements beside it, which round the loop (Iwan, 1966).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a hysteresis"))]
pub struct HysteresisConfig {
    /// Half the width of the loop in effort; in deflection the whole width is twice this over the stiffness.
    pub effort: Sourced<AnyQuantity>,
    /// The deflection after a turning point at which the whole loop slips.
    pub deflection: Sourced<AnyQuantity>,
}

/// Friction on the motor's side of a transmission, as it is felt at the output: the motor's own times its gear.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a motor's friction"))]
pub struct MotorFrictionConfig {
    /// Effort that it opposes to any motion.
    pub coulomb: Sourced<AnyQuantity>,
    /// Effort for each radian or metre per second.
    pub viscous: Sourced<AnyQuantity>,
    /// Stiffness before it slips.
    pub presliding_stiffness: Sourced<AnyQuantity>,
    /// Damping before it slips.
    pub presliding_damping: Sourced<AnyQuantity>,
}

/// One number of a transmission.
struct Number<'a> {
    /// Its path below the actuator's, and its key below the transmission's table.
    key: String,
    value: &'a Sourced<AnyQuantity>,
    dimension: Dimension,
    tunable: bool,
    least: Least,
}

/// What a number may be.
#[derive(Clone, Copy, PartialEq)]
enum Least {
    /// Zero is refused.
    Positive,
    /// Zero is none of it.
    Zero,
    /// It has two senses.
    AnySign,
}

impl TransmissionConfig {
    fn numbers(&self, kind: ActuatorKind) -> Vec<Number<'_>> {
        let (stiffness, damping) = (kind.stiffness(), kind.damping());
        let mut found = Vec::new();
        let mut add = |key: &str, value, dimension, tunable, positive| {
            let least = if positive { Least::Positive } else { Least::Zero };
            found.push(Number { key: key.to_owned(), value, dimension, tunable, least });
        };
        add("stiffness", &self.stiffness, stiffness, true, true);
        add("damping", &self.damping, damping, false, false);
        if let Some(backlash) = &self.backlash {
            add("backlash", backlash, kind.position(), true, false);
        }
        for (place, piece) in self.pieces.iter().enumerate() {
            add(&format!("pieces[{place}].from_effort"), &piece.from_effort, kind.effort(), false, true);
            add(&format!("pieces[{place}].stiffness"), &piece.stiffness, stiffness, false, true);
        }
        if let Some(length) = &self.stiffening {
            add("stiffening", length, kind.position(), false, true);
        }
        if let Some(hysteresis) = &self.hysteresis {
            add("hysteresis.effort", &hysteresis.effort, kind.effort(), true, true);
            add("hysteresis.deflection", &hysteresis.deflection, kind.position(), false, true);
        }
        if let Some(friction) = &self.motor_friction {
            add("motor_friction.coulomb", &friction.coulomb, kind.effort(), true, false);
            add("motor_friction.viscous", &friction.viscous, damping, false, false);
            let (s, d) = (&friction.presliding_stiffness, &friction.presliding_damping);
            add("motor_friction.presliding_stiffness", s, stiffness, false, true);
            add("motor_friction.presliding_damping", d, damping, false, false);
        }
        if let Some(offset) = &self.offset {
            let (dimension, least) = (kind.position(), Least::AnySign);
            found.push(Number { key: "offset".to_owned(), value: offset, dimension, tunable: true, least });
        }
        found
    }

    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self, kind: ActuatorKind) -> Vec<Problem> {
        let mut problems = Vec::new();
        for number in self.numbers(kind) {
            let is = number.value.value;
            if !check::dimension(&mut problems, &number.key, is.dimension, number.dimension) {
                continue;
            }
            match number.least {
                Least::Positive => check::positive(&mut problems, &number.key, is.si),
                Least::Zero => check::not_negative(&mut problems, &number.key, is.si),
                Least::AnySign => {}
            }
        }
        if self.stiffening.is_some() && (self.backlash.is_some() || !self.pieces.is_empty()) {
            let what = "cables that stiffen have no backlash and no pieces: leave out the one or the other";
            problems.push(Problem::new("stiffening", what));
        }
        let (mut stiffness, mut effort) = (self.stiffness.value.si, 0.0);
        for (place, piece) in self.pieces.iter().enumerate() {
            let (from, next) = (piece.from_effort.value.si, piece.stiffness.value.si);
            if from <= effort {
                let what = "the pieces stand in the order of their efforts, each above the one before";
                problems.push(Problem::new(format!("pieces[{place}].from_effort"), what));
            }
            if next < stiffness {
                let what = format!(
                    "{next} is softer than the piece before, {stiffness}: only a stiffness that rises is known"
                );
                problems.push(Problem::new(format!("pieces[{place}].stiffness"), what));
            }
            (stiffness, effort) = (next, from);
        }
        problems
    }

    /// Its parameters: `INSTANCE.ACTUATOR.transmission.stiffness`, `.backlash`, `.offset`, `.hysteresis.effort` and
    /// `.motor_friction.coulomb` are tunable, so that a run may cut, slacken or stretch a cable or wear a gear.
    pub fn parameters(
        &self,
        kind: ActuatorKind,
        actuator: &str,
        provenance: &Provenance<'_>,
    ) -> Vec<ParameterSpec> {
        let spec = |number: Number<'_>| {
            let path = format!("{actuator}.transmission.{}", number.key.replace('[', "_").replace(']', ""));
            let si = number.value.value.si;
            let spec = provenance.parameter(path, number.dimension, si, number.value, number.tunable);
            if number.least == Least::AnySign { spec } else { spec.at_least(0.0) }
        };
        self.numbers(kind).into_iter().map(spec).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Sourced<AnyQuantity> {
        Sourced::bare(AnyQuantity::parse(text).unwrap())
    }

    fn piece(from_effort: &str, stiffness: &str) -> PieceConfig {
        PieceConfig { from_effort: quantity(from_effort), stiffness: quantity(stiffness) }
    }

    pub(crate) fn harmonic_drive() -> TransmissionConfig {
        TransmissionConfig {
            stiffness: quantity("8100 N m/rad"),
            damping: quantity("5 N m s/rad"),
            backlash: None,
            offset: None,
            pieces: vec![piece("7 N m", "11000 N m/rad"), piece("25 N m", "13000 N m/rad")],
            stiffening: None,
            hysteresis: None,
            motor_friction: None,
        }
    }

    #[test]
    fn each_mistake_is_named_at_its_key() {
        assert_eq!(harmonic_drive().check(ActuatorKind::Revolute), []);
        let mut wrong = harmonic_drive();
        wrong.damping = quantity("5 N m/rad");
        wrong.backlash = Some(quantity("-1 deg"));
        wrong.pieces.swap(0, 1);
        wrong.stiffening = Some(quantity("1 deg"));
        let keys: Vec<String> = wrong.check(ActuatorKind::Revolute).into_iter().map(|p| p.key).collect();
        let expected = ["damping", "backlash", "stiffening", "pieces[1].from_effort", "pieces[1].stiffness"];
        assert_eq!(keys, expected);
        let prismatic = harmonic_drive().check(ActuatorKind::Prismatic);
        assert_eq!(prismatic.len(), 6, "every number has the wrong unit there");
    }

    #[test]
    fn what_a_fault_would_change_is_tunable() {
        let sources = std::collections::BTreeMap::new();
        let standing = trocar_signal::Standing::Assumed;
        let provenance = Provenance { sources: &sources, source: None, standing };
        let mut config = harmonic_drive();
        config.backlash = Some(quantity("0 deg"));
        let parameters = config.parameters(ActuatorKind::Revolute, "psm1.disc_1", &provenance);
        let tunable: Vec<&str> = parameters.iter().filter(|p| p.tunable).map(|p| p.path.as_str()).collect();
        assert_eq!(tunable, ["psm1.disc_1.transmission.stiffness", "psm1.disc_1.transmission.backlash"]);
        assert!(parameters.iter().any(|p| p.path == "psm1.disc_1.transmission.pieces_1.from_effort"));
    }
}
