//! Phases: what a scenario sends, how it moves the device, and when the next phase begins.

use crate::text::quoted;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Problem};

/// The longest that a phase may be told to take, s. Instants are whole nanoseconds and end after 584 years.
const LONGEST_S: f64 = 1e9;

/// A part of the procedure. It first sends, then moves, and ends when its motion is done, `until` holds, or `lasts`
/// is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a phase"))]
pub struct PhaseConfig {
    /// Name, as formulas and reports use it.
    pub name: String,
    /// Path of a command to what is sent there when the phase begins: a word, or several that are sent one after the
    /// other, each when the one before was taken. Several paths are served in the order of the alphabet.
    #[serde(default)]
    pub send: BTreeMap<String, Words>,
    /// Moves through poses.
    #[serde(default, rename = "move")]
    pub motion: Option<MoveConfig>,
    /// Lets a command jump.
    #[serde(default)]
    pub step: Option<StepConfig>,
    /// Lets a command rise or fall evenly.
    #[serde(default)]
    pub ramp: Option<RampConfig>,
    /// How often the motion is made.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    pub repeat: u32,
    /// The phase ends when this condition holds.
    #[serde(default)]
    pub until: Option<String>,
    /// The phase lasts so long.
    #[serde(default)]
    pub lasts: Option<Duration>,
    /// Deadline of `until`, `move` and of being taken: not reached by then, the run is INVALID.
    #[serde(default)]
    pub within: Option<Duration>,
}

fn once() -> u32 {
    1
}

/// A motion through poses, each command sent when the motion before is done and its dwell over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a move"))]
pub struct MoveConfig {
    /// Path of the command, e.g. `arm.move_cp`.
    pub command: String,
    /// Names of poses, in order.
    #[schemars(length(min = 1))]
    pub through: Vec<String>,
    /// Rest at each pose.
    #[serde(default = "no_time")]
    pub dwell: Duration,
}

/// A jump of one joint's command and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a step"))]
pub struct StepConfig {
    /// Path of the command, e.g. `arm.servo_jp`.
    pub command: String,
    /// The joint; the others are commanded to stay.
    pub joint: String,
    /// How far, from where the joint stands.
    #[serde(default)]
    pub by: Option<AnyQuantity>,
    /// Where to.
    #[serde(default)]
    pub to: Option<AnyQuantity>,
    /// How long it stays there; then it jumps back, and stays as long.
    pub hold: Duration,
}

/// An even motion of one joint's command and back, at the rate at which the device takes commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a ramp"))]
pub struct RampConfig {
    /// Path of the command, e.g. `arm.servo_jp`.
    pub command: String,
    /// The joint; the others are commanded to stay.
    pub joint: String,
    /// How far, from where the joint stands.
    #[serde(default)]
    pub by: Option<AnyQuantity>,
    /// Where to.
    #[serde(default)]
    pub to: Option<AnyQuantity>,
    /// How fast.
    pub speed: AnyQuantity,
    /// Rest at each end.
    #[serde(default = "no_time")]
    pub hold: Duration,
}

fn no_time() -> Duration {
    Duration::from_si(0.0)
}

/// One word or several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Words(pub Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }
            fn visit_str<E: de::Error>(self, word: &str) -> Result<Words, E> {
                Ok(Words(vec![word.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Words, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(items)).map(Words)
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for Words {
    fn schema_name() -> Cow<'static, str> {
        "Words".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A word, or a list of words.",
            "anyOf": [
                { "type": "string" },
                { "type": "array", "items": { "type": "string" }, "minItems": 1 }
            ]
        })
    }
}

impl PhaseConfig {
    /// What is wrong with it, as far as it shows alone; keys below the phase.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |key: &str, what: String| problems.push(Problem::new(key, what));
        let motions: Vec<&str> =
            [("move", self.motion.is_some()), ("step", self.step.is_some()), ("ramp", self.ramp.is_some())]
                .into_iter()
                .filter_map(|(word, is_there)| is_there.then_some(word))
                .collect();
        if let [_, second, ..] = motions.as_slice() {
            add(second, format!("a phase makes one motion; write `{second}` in a phase of its own"));
        }
        let name = quoted(&self.name);
        match (motions.first(), &self.until, self.lasts) {
            (None, None, None) => {
                add("", format!("`{name}` never ends: it needs `lasts`, `until`, `move`, `step` or `ramp`"));
            }
            (_, Some(_), Some(_)) => {
                add(
                    "lasts",
                    "a phase ends by `lasts` or by `until`, not by both; `within` is a deadline".to_owned(),
                );
            }
            (Some(motion), Some(_), _) => {
                add(
                    "until",
                    format!("the phase ends when its `{motion}` is done; write `until` in the next one"),
                );
            }
            (Some(motion), _, Some(_)) => {
                add(
                    "lasts",
                    format!("the phase ends when its `{motion}` is done; write `lasts` in the next one"),
                );
            }
            _ => {}
        }
        if self.within.is_none() && (self.until.is_some() || self.motion.is_some()) {
            let word = if self.until.is_some() { "until" } else { "move" };
            let what = format!(
                "`{name}` needs `within`: the deadline of its `{word}`, after which the run is INVALID"
            );
            add("", what);
        }
        if self.repeat > 1 && motions.is_empty() {
            add("repeat", "there is no motion to repeat in this phase".to_owned());
        }
        let holds = [
            ("move.dwell", self.motion.as_ref().map(|m| m.dwell)),
            ("step.hold", self.step.as_ref().map(|s| s.hold)),
            ("ramp.hold", self.ramp.as_ref().map(|r| r.hold)),
        ];
        for (key, duration) in [("lasts", self.lasts), ("within", self.within)].into_iter().chain(holds) {
            if duration.is_some_and(|duration| duration.si() > LONGEST_S) {
                add(key, "nothing takes longer than 30 years (1e9 s)".to_owned());
            }
        }
        for (key, duration) in [("lasts", self.lasts), ("within", self.within)] {
            if duration.is_some_and(|duration| duration.si() <= 0.0) {
                add(key, "must be longer than nothing".to_owned());
            }
        }
        if let Some(motion) = &self.motion
            && motion.dwell.si() < 0.0
        {
            add("move.dwell", "must not be negative".to_owned());
        }
        if let Some(step) = &self.step {
            one_of(&mut add, "step", step.by.as_ref(), step.to.as_ref());
            if step.hold.si() <= 0.0 {
                add("step.hold", "must be longer than nothing".to_owned());
            }
        }
        if let Some(ramp) = &self.ramp {
            one_of(&mut add, "ramp", ramp.by.as_ref(), ramp.to.as_ref());
            if ramp.speed.si <= 0.0 {
                add("ramp.speed", "must be greater than zero".to_owned());
            }
            if ramp.hold.si() < 0.0 {
                add("ramp.hold", "must not be negative".to_owned());
            }
        }
        problems
    }
}

fn one_of(add: &mut impl FnMut(&str, String), key: &str, by: Option<&AnyQuantity>, to: Option<&AnyQuantity>) {
    if by.is_some() == to.is_some() {
        add(key, format!("a {key} needs either `by` (how far) or `to` (where to)"));
    }
}
