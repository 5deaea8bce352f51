//! What moves and pushes in a mechanism without a motor: guides, springs, weight compensation.

use super::{Check, MotionKind, Row, stiffness_and_damping};
use crate::common::{is_name, not_a_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Angle, Torque};
use trocar_signal::{AnyQuantity, Sourced};

/// A coordinate that no motor moves.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a passive coordinate"))]
pub struct PassiveConfig {
    /// Name, as it stands in `ROBOT.truth.passive.position.NAME`.
    pub name: String,
    /// Whether it is an angle or a length. It starts at zero; what ends it is a stop.
    pub kind: MotionKind,
}

/// A straight spring on one motion: it pushes with `preload` where the motion is at zero, and by `stiffness` less for each rad
/// or m further on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a spring"))]
pub struct SpringConfig {
    /// Name within the mechanism; its preload can be varied as `NAME.spring.preload`.
    pub name: String,
    /// Coordinate to coefficient, in SI and radians: the motion that it pushes on.
    pub of: Row,
    /// Effort at zero: a torque for angles, a force for lengths. A gas spring that bears a weight has that weight here.
    pub preload: Sourced<AnyQuantity>,
    /// `N m/rad` or `N/m`.
    pub stiffness: Sourced<AnyQuantity>,
    /// `N m s/rad` or `N s/m`.
    pub damping: Sourced<AnyQuantity>,
}

/// A torque that follows the sine of an angle, as a counterweight or a spring over a pulley exerts it: `greatest` times the sine
/// of (angle − `zero_at`). It pushes away from `zero_at`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a balance"))]
pub struct BalanceConfig {
    /// Name within the mechanism; it can be varied as `NAME.balance.greatest`.
    pub name: String,
    /// Coordinate to coefficient: the angle that it acts on.
    pub of: Row,
    /// The greatest torque.
    pub greatest: Sourced<Torque>,
    /// The angle at which it exerts nothing and from which it pushes away.
    pub zero_at: Sourced<Angle>,
}

impl Check<'_> {
    pub(super) fn passive(&mut self) {
        let mechanism = self.mechanism;
        let heavy = mechanism.heavy_frames();
        for (i, passive) in mechanism.passive.iter().enumerate() {
            let key = format!("passive[{i}].name");
            if !is_name(&passive.name) {
                self.add(key, not_a_name(&passive.name));
            } else if mechanism.coordinates.iter().any(|c| c.name == passive.name) {
                let what = format!(
                    "`{}` stands among the coordinates, which motors move; leave it there or here",
                    passive.name
                );
                self.add(key, what);
            } else if mechanism.passive[..i].iter().any(|before| before.name == passive.name) {
                self.add(key, format!("a second passive coordinate is named `{}`", passive.name));
            } else if !mechanism.moves_inertia(&passive.name, &heavy) {
                let what = format!(
                    "`{}` moves nothing that has inertia; let a frame move by it, and give a link behind that mass",
                    passive.name
                );
                self.add(key, what);
            }
        }
        let mut at = mechanism.tip.as_ref().map_or("", |tip| tip.frame.as_str());
        let mut before = mechanism.frames.len();
        // A parent stands before its frame; a file that goes in circles is told so elsewhere.
        while let Some(place) = mechanism.frames[..before].iter().position(|frame| frame.name == at) {
            let frame = &mechanism.frames[place];
            before = place;
            if let Some(name) = frame.moves.keys().find(|name| mechanism.is_passive(name)) {
                let what = format!(
                    "no motor moves `{name}`, and the tool's tip moves with it: commands of poses would miss; give it an \
                     actuator as one of the `coordinates`, or the mechanism no `tip`"
                );
                self.add(format!("frames[{place}].moves"), what);
            }
            at = &frame.parent;
        }
        self.names("springs", "spring", mechanism.springs.iter().map(|spring| &spring.name));
        for (i, spring) in mechanism.springs.iter().enumerate() {
            let at = |field: &str| format!("springs[{i}].{field}");
            let Some(kind) = self.one_kind(&at("of"), &spring.of) else { continue };
            let (stiffness, damping) = stiffness_and_damping(kind);
            self.quantity(at("preload"), &spring.preload, kind.effort(), f64::NEG_INFINITY);
            self.quantity(at("stiffness"), &spring.stiffness, stiffness, 0.0);
            self.quantity(at("damping"), &spring.damping, damping, 0.0);
        }
        self.names("balances", "balance", mechanism.balances.iter().map(|balance| &balance.name));
        for (i, balance) in mechanism.balances.iter().enumerate() {
            let at = |field: &str| format!("balances[{i}].{field}");
            if self.one_kind(&at("of"), &balance.of) == Some(MotionKind::Prismatic) {
                self.add(
                    at("of"),
                    "a balance acts on an angle; what bears a weight along a length is a spring",
                );
            }
            if balance.greatest.value.si() < 0.0 {
                self.add(at("greatest"), "this must not be negative; `zero_at` says to which side it pushes");
            }
        }
    }
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

    const SOUND: &str = "[[mechanism.passive]]\nname = \"lift\"\nkind = \"prismatic\"\n\
        [[mechanism.frames]]\nname = \"cart\"\nparent = \"base\"\nkind = \"prismatic\"\nmoves = { lift = 1 }\n\
        [[mechanism.links]]\nframe = \"cart\"\nmass = \"1 kg\"\ncentre_of_mass = [\"0 m\", \"0 m\", \"0 m\"]\n\
        inertia = [\"1 kg m^2\", \"0 kg m^2\", \"0 kg m^2\", \"1 kg m^2\", \"0 kg m^2\", \"1 kg m^2\"]\n\
        [[mechanism.springs]]\nname = \"gas\"\nof = { lift = 1 }\npreload = \"9.8 N\"\nstiffness = \"10 N/m\"\ndamping = \"1 N s/m\"\n\
        [[mechanism.balances]]\nname = \"weight\"\nof = { lever = 1 }\ngreatest = \"1 N m\"\nzero_at = \"0 deg\"\n";

    #[test]
    fn each_mistake_is_named() {
        assert_eq!(said(SOUND), "");
        for (from, to, word) in [
            ("name = \"lift\"", "name = \"lever\"", "stands among the coordinates"),
            ("moves = { lift = 1 }", "moves = { left = 1 }", "did you mean `lift`?"),
            ("moves = { lift = 1 }", "moves = { lever = 1 }", "`lift` moves nothing that has inertia"),
            ("of = { lift = 1 }", "of = { lft = 1 }", "did you mean `lift`?"),
            ("9.8 N", "9.8 N m", "(N) is meant"),
            ("10 N/m", "-10 N/m", "must not be negative"),
            ("of = { lever = 1 }", "of = { lift = 1 }", "what bears a weight along a length is a spring"),
            ("1 N m\"\nzero", "-1 N m\"\nzero", "to which side it pushes"),
            (
                "[[mechanism.springs]]",
                "[[mechanism.springs]]\nname = \"gas\"\nof = { lift = 1 }\npreload = \"1 N\"\nstiffness = \"1 N/m\"\ndamping = \"1 N s/m\"\n[[mechanism.springs]]",
                "a second spring",
            ),
        ] {
            let said = said(&SOUND.replacen(from, to, 1));
            assert!(said.contains(word) && said.contains("lever.toml:"), "{from} -> {to}: {said}");
        }
    }

    /// Commands of poses are worked out from the joints alone.
    #[test]
    fn a_tip_that_moves_by_itself_is_refused() {
        let mut files: BTreeMap<String, String> = Template::Robot.files("lever").into_iter().collect();
        let text = files.get_mut("lever.toml").unwrap();
        let moves = "moves  = { lever = 1 }";
        assert!(text.contains(moves), "{text}");
        *text = text.replacen(moves, "moves  = { lever = 1, sway = 1 }", 1).replacen(
            "[[mechanism.stops]]",
            "[[mechanism.passive]]\nname = \"sway\"\nkind = \"revolute\"\n[[mechanism.stops]]",
            1,
        );
        let failure = load_robot(&Files::in_memory(files), "lever.toml").unwrap_err();
        let said = render::to_text(&failure.diagnostics, &failure.files, false);
        assert!(said.contains("no motor moves `sway`, and the tool's tip moves with it"), "{said}");
    }
}
