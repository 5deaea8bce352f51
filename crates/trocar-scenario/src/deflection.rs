//! What gives way beyond the motors of an arm's own joints, in a robot file: structure, cannula and shaft that bend under a
//! load at the tip, and a structure that grows as it warms. Encoders see neither.

use crate::mechanism::{CoordinateConfig, MotionKind};
use crate::text::nearest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Dimension, Problem, Sourced};

/// A joint beyond whose motor the arm gives way, without mass: the tip turns about (or moves along) the joint's axis by
/// compliance × the effort that the load at the tip exerts on the joint, with a delay, and by expansion × temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a deflection"))]
pub struct DeflectionConfig {
    /// The joint whose effort bends it.
    pub joint: String,
    /// The joint whose position the compliance depends on, e.g. the insertion; absent: on none.
    #[serde(default)]
    pub along: Option<String>,
    /// Compliance in rad/(N m), or m/N where the joint slides: c0, c1, c2 … of c0 + c1 d + c2 d² + …, with d the
    /// position of `along` in m or rad.
    pub compliance: Sourced<Vec<f64>>,
    /// The time in which it follows 63 % of a change of load.
    pub relaxation: Sourced<Duration>,
    /// By how much the joint is farther for each kelvin of the structure, e.g. `"12 um/K"`. It needs `structure`. Where it
    /// may differ in a run, give it, be it zero.
    #[serde(default)]
    pub expansion: Option<Sourced<AnyQuantity>>,
}

/// The temperature of an arm's structure, above that at which it was calibrated: it follows
/// `surroundings` + `warming` × Σ current² of the motors with one time constant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a structure that warms"))]
pub struct StructureConfig {
    /// The time in which it follows 63 % of a change.
    pub time_constant: Sourced<Duration>,
    /// How much warmer the surroundings are than where the arm was calibrated, e.g. `"0 K"`. The structure starts at zero.
    pub surroundings: Sourced<AnyQuantity>,
    /// By how much the motors' heat warms it in the end, for each square ampere: `"2 K/A^2"`.
    pub warming: Sourced<AnyQuantity>,
}

/// K/A².
const WARMING: Dimension = Dimension { exponents: [0, 0, 0, -2, 1, 0] };

impl DeflectionConfig {
    /// Compliance where the joint that it depends on stands at `d`.
    #[must_use]
    pub fn compliance_at(&self, d: f64) -> f64 {
        polynomial(&self.compliance.value, d)
    }
}

/// c0 + c1 d + c2 d² + ….
#[must_use]
pub fn polynomial(coefficients: &[f64], d: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * d + c)
}

/// What is wrong with these tables of a mechanism; keys below it.
pub(crate) fn check(
    coordinates: &[CoordinateConfig],
    deflections: &[DeflectionConfig],
    structure: Option<&StructureConfig>,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let find = |name: &String| coordinates.iter().find(|c| c.name == *name);
    for (i, deflection) in deflections.iter().enumerate() {
        let key = |field: &str| format!("deflections[{i}].{field}");
        let mut add = |field: &str, what: String| problems.push(Problem::new(key(field), what));
        let mut known = |field: &str, name: &String| {
            let found = find(name);
            if found.is_none() {
                let names = || coordinates.iter().map(|c| c.name.as_str());
                let guess = nearest(name, names()).map_or_else(
                    || format!("the coordinates are {}", names().collect::<Vec<_>>().join(", ")),
                    |guess| format!("did you mean `{guess}`?"),
                );
                add(field, format!("there is no coordinate `{name}`; {guess}"));
            }
            found
        };
        let joint = known("joint", &deflection.joint);
        let along = deflection.along.as_ref().map(|name| known("along", name));
        if deflections[..i].iter().any(|other| other.joint == deflection.joint) {
            add("joint", format!("a second deflection of `{}`; join the two", deflection.joint));
        }
        let coefficients = &deflection.compliance.value;
        let what = match &along {
            _ if coefficients.is_empty() => Some("at least one number must stand here".to_owned()),
            _ if coefficients.iter().any(|c| !c.is_finite()) => Some("a number is not finite".to_owned()),
            None if coefficients.len() > 1 => {
                Some("several numbers are powers of the joint that `along` names; name it".to_owned())
            }
            None => negative(deflection, 0.0),
            // Over the range of the joint, at its ends and between.
            Some(Some(along)) => {
                let (low, high) = (along.lower.value.si, along.upper.value.si);
                let at = |k: u32| low + (high - low) * f64::from(k) / 100.0;
                (0..=100).find_map(|k| negative(deflection, at(k)))
            }
            Some(None) => None,
        };
        if let Some(what) = what {
            add("compliance", what);
        }
        if deflection.relaxation.value.si() <= 0.0 {
            add(
                "relaxation",
                "a load that is followed at once is an algebraic loop: give it a time".to_owned(),
            );
        }
        if let (Some(expansion), Some(joint)) = (&deflection.expansion, joint) {
            let meant = joint.kind.position().over(Dimension::TEMPERATURE);
            let is = expansion.value.dimension;
            if is != meant {
                let unit = if joint.kind == MotionKind::Revolute { "rad/K" } else { "um/K" };
                add("expansion", format!("{unit} is meant here, and this is {is}"));
            } else if structure.is_none() {
                add("expansion", "it needs the temperature that `[mechanism.structure]` gives".to_owned());
            }
        }
    }
    if let Some(structure) = structure {
        let mut add =
            |field: &str, what: String| problems.push(Problem::new(format!("structure.{field}"), what));
        if structure.time_constant.value.si() <= 0.0 {
            add("time_constant", "this must be greater than zero".to_owned());
        }
        for (field, value, meant, unit) in [
            ("surroundings", &structure.surroundings, Dimension::TEMPERATURE, "K"),
            ("warming", &structure.warming, WARMING, "K/A^2"),
        ] {
            if value.value.dimension != meant {
                add(field, format!("{unit} is meant here, and this is {}", value.value.dimension));
            }
        }
        if structure.warming.value.si < 0.0 {
            add("warming", "motors do not cool: this must not be negative".to_owned());
        }
    }
    problems
}

fn negative(deflection: &DeflectionConfig, d: f64) -> Option<String> {
    let compliance = deflection.compliance_at(d);
    let place =
        deflection.along.as_ref().map_or_else(String::new, |along| format!(" where `{along}` is {d}"));
    (compliance < 0.0)
        .then(|| format!("a compliance of {compliance}{place}: what gives way against its load is no spring"))
}

#[cfg(test)]
mod tests {
    use crate::template::Template;
    use crate::{Files, load_robot, render};
    use std::collections::BTreeMap;

    /// What is said of the template's lever with these tables.
    fn said(tables: &str) -> String {
        let mut files: BTreeMap<String, String> = Template::Robot.files("lever").into_iter().collect();
        let text = files.get_mut("lever.toml").unwrap();
        assert!(text.contains("[[mechanism.stops]]"));
        *text = text.replacen("[[mechanism.stops]]", &format!("{tables}\n[[mechanism.stops]]"), 1);
        match load_robot(&Files::in_memory(files), "lever.toml") {
            Ok(_) => String::new(),
            Err(failure) => render::to_text(&failure.diagnostics, &failure.files, false),
        }
    }

    const SOUND: &str = "[[mechanism.deflections]]\njoint = \"lever\"\nalong = \"lever\"\ncompliance = [0.1, 0.02]\n\
                         relaxation = \"20 ms\"\nexpansion = \"0 rad/K\"\n[mechanism.structure]\ntime_constant = \"30 min\"\n\
                         surroundings = \"0 K\"\nwarming = \"0 K/A^2\"\n";

    #[test]
    fn each_mistake_is_named() {
        assert_eq!(said(SOUND), "");
        for (from, to, word) in [
            ("joint = \"lever\"", "joint = \"leaver\"", "did you mean `lever`?"),
            ("along = \"lever\"\n", "", "name it"),
            ("[0.1, 0.02]", "[]", "at least one number"),
            ("[0.1, 0.02]", "[-0.1]", "a compliance of -0.1"),
            ("[0.1, 0.02]", "[0.1, -0.2]", "a compliance of -"),
            ("\"20 ms\"", "\"0 ms\"", "algebraic loop"),
            ("0 rad/K", "0 um/K", "rad/K is meant"),
            ("\"0 K\"", "\"0 m\"", "K is meant"),
            ("0 K/A^2", "-1 K/A^2", "motors do not cool"),
            ("30 min", "0 min", "greater than zero"),
        ] {
            let said = said(&SOUND.replacen(from, to, 1));
            assert!(said.contains(word) && said.contains("lever.toml:"), "{from} -> {to}: {said}");
        }
        let alone = &SOUND[..SOUND.find("[mechanism.structure]").unwrap()];
        assert!(said(alone).contains("[mechanism.structure]"));
    }
}
