//! Phases: what a scenario sends, how it moves the device, and when the next phase begins.

use crate::stimulus::{
    ArcConfig, Axis, ChirpConfig, LineConfig, NoiseConfig, RecordedConfig, SineConfig, one_number,
};
use crate::text::quoted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use trocar_logic::{TriggerConfig, TriggerPlace};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Problem};

/// The longest that a phase may be told to take, s. Instants are whole nanoseconds and end after 584 years.
const LONGEST_S: f64 = 1e9;

/// A part of the procedure. It first sends, then moves, and ends when its motion is done or `lasts` is over; with
/// `until` it ends when that holds, whether the motion is done or not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a phase"))]
pub struct PhaseConfig {
    /// Name, as formulas and reports use it.
    pub name: String,
    /// Path of a command to what is sent there when the phase begins: a word (`"enable"`), the name of a pose, joint
    /// positions (`{ yaw = "5 deg" }`), or a list of these that are sent one after the other: each when the one before
    /// was taken, to a `servo_…` command one at each step of the simulation. Several paths are served in the order of the
    /// alphabet.
    #[serde(default)]
    pub send: BTreeMap<String, Commands>,
    /// `"allowed"`: a command that is refused in this phase does not stop the run.
    #[serde(default)]
    pub refusals: Refusals,
    /// Moves through poses.
    #[serde(default, rename = "move")]
    pub motion: Option<MoveConfig>,
    /// Lets a command jump.
    #[serde(default)]
    pub step: Option<StepConfig>,
    /// Lets a command rise or fall evenly.
    #[serde(default)]
    pub ramp: Option<RampConfig>,
    /// Lets a command go along a sine.
    #[serde(default)]
    pub sine: Option<SineConfig>,
    /// Lets a command go along a sine of changing frequency.
    #[serde(default)]
    pub chirp: Option<ChirpConfig>,
    /// Lets a command go along a noise.
    #[serde(default)]
    pub noise: Option<NoiseConfig>,
    /// Lets the tip go along straight lines.
    #[serde(default)]
    pub line: Option<LineConfig>,
    /// Lets the tip go around a circle.
    #[serde(default)]
    pub arc: Option<ArcConfig>,
    /// Lets a command follow a recorded table.
    #[serde(default)]
    pub recorded: Option<RecordedConfig>,
    /// How often the motion is made.
    #[serde(default = "once")]
    #[schemars(range(min = 1))]
    pub repeat: u32,
    /// The phase ends when this holds, once its commands were taken: a condition, or a table such as
    /// `{ when = "...", held_for = "0.5 s" }` or `{ any = ["...", { after = "2 s" }] }`. It is looked at from the
    /// phase's beginning on.
    #[serde(default)]
    pub until: Option<TriggerConfig>,
    /// What is sent in the middle of the phase, each once. A phase that ends before all was sent makes the run INVALID.
    #[serde(default)]
    pub meanwhile: Vec<MeanwhileConfig>,
    /// The phase lasts so long.
    #[serde(default)]
    pub lasts: Option<Duration>,
    /// Deadline of `until`, `move` and of being taken: not reached by then, the run is INVALID. Without it, commands
    /// must be taken within a minute.
    #[serde(default)]
    pub within: Option<Duration>,
}

impl PhaseConfig {
    /// The commands that it uses, each once, in the order of the alphabet.
    pub fn commands(&self) -> impl Iterator<Item = &str> {
        let motions = [
            self.motion.as_ref().map(|one| &one.command),
            self.step.as_ref().map(|one| &one.command),
            self.ramp.as_ref().map(|one| &one.command),
            self.sine.as_ref().map(|one| &one.command),
            self.chirp.as_ref().map(|one| &one.command),
            self.noise.as_ref().map(|one| &one.command),
            self.line.as_ref().map(|one| &one.command),
            self.arc.as_ref().map(|one| &one.command),
            self.recorded.as_ref().map(|one| &one.command),
        ];
        let sent = self.send.keys().chain(self.meanwhile.iter().flat_map(|one| one.send.keys()));
        let all: BTreeSet<&str> = motions.into_iter().flatten().chain(sent).map(String::as_str).collect();
        all.into_iter()
    }
}

/// What is sent in the middle of a phase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a command in the middle of a phase"))]
pub struct MeanwhileConfig {
    /// When it is sent: a condition, or a table such as `{ after = "1 s" }`.
    pub on: TriggerConfig,
    /// Path of a command to what is sent there, as in the phase's own `send`.
    pub send: BTreeMap<String, Commands>,
}

fn once() -> u32 {
    1
}

/// A motion through poses, each command sent when the motion before is done and its dwell over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a move"))]
pub struct MoveConfig {
    /// Path of the command, e.g. `arm.move_cp` or `arm.move_jp`.
    pub command: String,
    /// Names of poses for a Cartesian command, of postures for a joint command, in order.
    #[schemars(length(min = 1))]
    pub through: Vec<String>,
    /// Rest at each pose.
    #[serde(default = "no_time")]
    pub dwell: Duration,
}

/// A jump of one number of a command and back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a step"))]
pub struct StepConfig {
    /// Path of the command, e.g. `arm.servo_jp`.
    pub command: String,
    /// Of a joint command, the joint; the others are commanded to stay.
    #[serde(default)]
    pub joint: Option<String>,
    /// Of a Cartesian command, the coordinate of the tip; the rest of the pose stays.
    #[serde(default)]
    pub axis: Option<Axis>,
    /// How far, from where the command stands; of a joint also as a percentage of its range.
    #[serde(default)]
    pub by: Option<AnyQuantity>,
    /// Where to.
    #[serde(default)]
    pub to: Option<AnyQuantity>,
    /// How long it stays there; then it jumps back, and stays as long.
    pub hold: Duration,
}

/// An even motion of one number of a command and back, at the rate at which the device takes commands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a ramp"))]
pub struct RampConfig {
    /// Path of the command, e.g. `arm.servo_jp`.
    pub command: String,
    /// Of a joint command, the joint; the others are commanded to stay.
    #[serde(default)]
    pub joint: Option<String>,
    /// Of a Cartesian command, the coordinate of the tip; the rest of the pose stays.
    #[serde(default)]
    pub axis: Option<Axis>,
    /// How far, from where the command stands.
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

pub(crate) fn no_time() -> Duration {
    Duration::from_si(0.0)
}

/// One command or several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Commands {
    /// One.
    One(Command),
    /// Several, sent one after the other.
    Many(#[schemars(length(min = 1))] Vec<Command>),
}

impl Commands {
    /// Each of them, in order.
    #[must_use]
    pub fn list(&self) -> &[Command] {
        match self {
            Commands::One(one) => std::slice::from_ref(one),
            Commands::Many(list) => list,
        }
    }
}

/// What is sent to a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Command {
    /// To a command that takes words, one of them; to a Cartesian command, the name of a pose.
    Word(String),
    /// To a joint command: joint to position, or to a percentage of the joint's range, `"0 %"` being its lower limit. The
    /// joints that are not named stay where they are commanded to be.
    Joints(BTreeMap<String, AnyQuantity>),
}

/// What a refused command means for the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Refusals {
    /// The run stops and is INVALID: the stimulus did not come about.
    #[default]
    Stop,
    /// It goes on: whether the device refuses is what the test asks.
    Allowed,
}

impl PhaseConfig {
    /// What is wrong with it, as far as it shows alone; keys below the phase.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |key: &str, what: String| problems.push(Problem::new(key, what));
        let motions: Vec<&str> = self.motions();
        if let [_, second, ..] = motions.as_slice() {
            add(second, format!("a phase makes one motion; write `{second}` in a phase of its own"));
        }
        let name = quoted(&self.name);
        match (motions.first(), &self.until, self.lasts) {
            (None, None, None) => {
                add("", format!("`{name}` never ends: it needs `lasts`, `until` or a motion such as `move`"));
            }
            (_, Some(_), Some(_)) => {
                add(
                    "lasts",
                    "a phase ends by `lasts` or by `until`, not by both; `within` is a deadline".to_owned(),
                );
            }
            (Some(motion), _, Some(_)) => {
                add(
                    "lasts",
                    format!(
                        "the phase ends when its `{motion}` is done: write `lasts` in the next one, or \
                         until = {{ after = … }} to end this one in the middle of its motion"
                    ),
                );
            }
            _ => {}
        }
        let comes = self.until.as_ref().map(TriggerConfig::always_comes);
        if self.within.is_none() && (comes == Some(false) || (comes.is_none() && self.motion.is_some())) {
            let word = if self.until.is_some() { "until" } else { "move" };
            let what = format!(
                "`{name}` needs `within`: the deadline of its `{word}`, after which the run is INVALID"
            );
            add("", what);
        }
        let waits = self.until.iter().map(|until| ("until".to_owned(), until));
        let sends = self.meanwhile.iter().enumerate().map(|(i, one)| (format!("meanwhile[{i}].on"), &one.on));
        for (key, trigger) in waits.chain(sends) {
            for problem in trigger.check(TriggerPlace::Phase) {
                let at = if problem.key.is_empty() { key.clone() } else { format!("{key}.{}", problem.key) };
                add(&at, problem.what);
            }
            let says_done = |t: &TriggerConfig| matches!(t, TriggerConfig::Table(t) if t.motion.is_some());
            if motions.is_empty() && says_done(trigger) {
                add(&format!("{key}.motion"), "there is no motion in this phase".to_owned());
            }
        }
        for (i, one) in self.meanwhile.iter().enumerate() {
            if one.send.is_empty() {
                add(&format!("meanwhile[{i}].send"), "there is nothing to send here".to_owned());
            }
        }
        if self.repeat > 1 && motions.is_empty() {
            add("repeat", "there is no motion to repeat in this phase".to_owned());
        }
        let holds = [
            ("move.dwell", self.motion.as_ref().map(|m| m.dwell)),
            ("step.hold", self.step.as_ref().map(|s| s.hold)),
            ("ramp.hold", self.ramp.as_ref().map(|r| r.hold)),
            ("sine.hold", self.sine.as_ref().map(|s| s.hold)),
            ("chirp.hold", self.chirp.as_ref().map(|c| c.hold)),
            ("noise.hold", self.noise.as_ref().map(|n| n.hold)),
            ("line.hold", self.line.as_ref().map(|l| l.hold)),
            ("arc.hold", self.arc.as_ref().map(|a| a.hold)),
            ("recorded.hold", self.recorded.as_ref().map(|t| t.hold)),
            ("chirp.duration", self.chirp.as_ref().map(|c| c.duration)),
            ("noise.duration", self.noise.as_ref().map(|n| n.duration)),
            ("sine.duration", self.sine.as_ref().map(|s| Duration::from_si(s.duration_s()))),
        ];
        let motion = ("recorded.lasts", self.recorded.as_ref().and_then(|table| table.lasts));
        for (key, duration) in
            [("lasts", self.lasts), ("within", self.within), motion].into_iter().chain(holds)
        {
            if duration.is_some_and(|duration| duration.si() > LONGEST_S) {
                add(key, "nothing takes longer than 30 years (1e9 s)".to_owned());
            }
        }
        let motion = self.recorded.as_ref().and_then(|table| table.lasts);
        for (key, duration) in [("lasts", self.lasts), ("within", self.within), ("recorded.lasts", motion)] {
            if duration.is_some_and(|duration| duration.si() <= 0.0) {
                add(key, "must be longer than nothing".to_owned());
            }
        }
        for (key, rest) in holds.into_iter().filter(|(key, _)| *key != "step.hold") {
            if rest.is_some_and(|rest| rest.si() < 0.0) {
                add(key, "must not be negative".to_owned());
            }
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
        }
        if let Some(step) = &self.step {
            one_number(&mut problems, "step", step.joint.as_ref(), step.axis);
        }
        if let Some(ramp) = &self.ramp {
            one_number(&mut problems, "ramp", ramp.joint.as_ref(), ramp.axis);
        }
        self.sine.iter().for_each(|sine| sine.check(&mut problems));
        self.chirp.iter().for_each(|chirp| chirp.check(&mut problems));
        self.noise.iter().for_each(|noise| noise.check(&mut problems));
        self.line.iter().for_each(|line| line.check(&mut problems));
        self.arc.iter().for_each(|arc| arc.check(self.repeat, &mut problems));
        problems
    }

    /// The keys of its motions; a phase makes one.
    #[must_use]
    pub fn motions(&self) -> Vec<&'static str> {
        [
            ("move", self.motion.is_some()),
            ("step", self.step.is_some()),
            ("ramp", self.ramp.is_some()),
            ("sine", self.sine.is_some()),
            ("chirp", self.chirp.is_some()),
            ("noise", self.noise.is_some()),
            ("line", self.line.is_some()),
            ("arc", self.arc.is_some()),
            ("recorded", self.recorded.is_some()),
        ]
        .into_iter()
        .filter_map(|(word, is_there)| is_there.then_some(word))
        .collect()
    }

    /// The names of the poses and postures that its motion speaks of, each with its key.
    pub fn pose_names(&self) -> impl Iterator<Item = (String, &String)> {
        let through = |word: &str, list: &[String]| -> Vec<String> {
            (0..list.len()).map(|i| format!("{word}.through[{i}]")).collect()
        };
        let of_move =
            self.motion.iter().flat_map(move |m| through("move", &m.through).into_iter().zip(&m.through));
        let of_line =
            self.line.iter().flat_map(move |l| through("line", &l.through).into_iter().zip(&l.through));
        let of_arc = self
            .arc
            .iter()
            .flat_map(|arc| [("arc.via".to_owned(), &arc.via), ("arc.to".to_owned(), &arc.to)]);
        of_move.chain(of_line).chain(of_arc)
    }
}

fn one_of(add: &mut impl FnMut(&str, String), key: &str, by: Option<&AnyQuantity>, to: Option<&AnyQuantity>) {
    if by.is_some() == to.is_some() {
        add(key, format!("a {key} needs either `by` (how far) or `to` (where to)"));
    }
}
