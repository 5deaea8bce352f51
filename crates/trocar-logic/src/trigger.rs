//! Triggers: when something begins or ends. One form for the end of a phase, for what is sent in its middle, and for
//! the start and the end of a fault.
//!
//! At each step a trigger holds or does not. Its subject is a time, a condition, the end of a motion, or several
//! triggers together. What stands beside the subject acts in this order: `in` (nothing holds outside the phase),
//! `held_for` (the subject has held for so long without a break), `occurrence` (this is the n-th time, and from then on
//! it holds), `delay` (so much later, and from then on it holds).

mod compiled;

pub use compiled::{Moment, Trigger, TriggerError};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::Duration;
use trocar_signal::{Nanos, Problem};

/// A condition as a text, or a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TriggerConfig {
    /// A condition, e.g. `"arm.is_homed and not arm.is_busy"`.
    Condition(String),
    /// A trigger as a table.
    Table(Box<TriggerTable>),
}

/// When something begins or ends. Exactly one of `when`, `at`, `after`, `motion`, `all` and `any` says what is waited
/// for (with `in` alone: that the phase begins); the other keys say more about it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a trigger"))]
pub struct TriggerTable {
    /// A condition, e.g. `"abs(arm.measured_js.velocity.pitch) >= 15 deg/s"`. `rise(…)` and `fall(…)` are its edges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// A time since the start of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Duration>,
    /// A time since the phase began: the phase itself, or that of `in`; for the end of a fault without `in`, since the
    /// fault began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// `"done"`: the motion of this phase is done, as often as it repeats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motion: Option<MotionWord>,
    /// Triggers that must all hold at the same instant. One that lasts for an instant only (`rise(…)`) is remembered with
    /// `occurrence = 1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub all: Option<Vec<TriggerConfig>>,
    /// Triggers of which one must hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub any: Option<Vec<TriggerConfig>>,
    /// A fault's: the phase in which it counts.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// It must have held for so long without a break.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_for: Option<Duration>,
    /// Which time it comes true that counts, from 1; from then on it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurrence: Option<u32>,
    /// So much later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay: Option<Duration>,
}

/// What is waited for of a motion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MotionWord {
    /// Its end.
    Done,
}

/// Where a trigger stands, which decides what it may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerPlace {
    /// In a phase: its end, or what is sent in its middle.
    Phase,
    /// The start of a fault.
    FaultStart,
    /// The end of a fault.
    FaultEnd,
}

/// A formula inside a trigger, with the key at which it stands below the trigger; empty for the short form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormulaOf<'a> {
    /// E.g. `any[1].when`.
    pub key: String,
    /// The text.
    pub text: &'a str,
}

impl TriggerConfig {
    /// What is wrong with it, apart from its formulas; keys below the trigger.
    #[must_use]
    pub fn check(&self, place: TriggerPlace) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.check_within(place, false, "", &mut problems);
        problems
    }

    fn check_within(&self, place: TriggerPlace, in_phase: bool, at: &str, problems: &mut Vec<Problem>) {
        if let TriggerConfig::Table(table) = self {
            table.check(place, in_phase, at, problems);
        }
    }

    /// Every formula in it.
    #[must_use]
    pub fn formulas(&self) -> Vec<FormulaOf<'_>> {
        let mut found = Vec::new();
        self.visit("", &mut |key, one| match one {
            TriggerConfig::Condition(text) => found.push(FormulaOf { key: key.to_owned(), text }),
            TriggerConfig::Table(table) => {
                if let Some(text) = &table.when {
                    found.push(FormulaOf { key: below(key, "when"), text });
                }
            }
        });
        found
    }

    /// The phases that it names, each with its key.
    #[must_use]
    pub fn phases(&self) -> Vec<FormulaOf<'_>> {
        let mut found = Vec::new();
        self.visit("", &mut |key, one| {
            if let TriggerConfig::Table(table) = one
                && let Some(text) = &table.phase
            {
                found.push(FormulaOf { key: below(key, "in"), text });
            }
        });
        found
    }

    fn visit<'a>(&'a self, at: &str, found: &mut impl FnMut(&str, &'a TriggerConfig)) {
        found(at, self);
        if let TriggerConfig::Table(table) = self {
            for (word, list) in [("all", &table.all), ("any", &table.any)] {
                for (i, one) in list.iter().flatten().enumerate() {
                    one.visit(&below(at, &format!("{word}[{i}]")), found);
                }
            }
        }
    }

    /// Whether it comes whatever the device does, because a time alone decides.
    #[must_use]
    pub fn always_comes(&self) -> bool {
        match self {
            TriggerConfig::Condition(_) => false,
            TriggerConfig::Table(table) => {
                let all = |list: &Vec<TriggerConfig>| list.iter().all(TriggerConfig::always_comes);
                table.phase.is_none()
                    && table.occurrence.is_none_or(|n| n <= 1)
                    && (table.at.is_some()
                        || table.after.is_some()
                        || table.all.as_ref().is_some_and(all)
                        || table.any.iter().flatten().any(TriggerConfig::always_comes))
            }
        }
    }
}

impl TriggerTable {
    /// The key that says what is waited for.
    #[must_use]
    pub fn subjects(&self) -> Vec<&'static str> {
        [
            ("when", self.when.is_some()),
            ("at", self.at.is_some()),
            ("after", self.after.is_some()),
            ("motion", self.motion.is_some()),
            ("all", self.all.is_some()),
            ("any", self.any.is_some()),
        ]
        .into_iter()
        .filter_map(|(word, is_there)| is_there.then_some(word))
        .collect()
    }

    fn check(&self, place: TriggerPlace, in_phase: bool, at: &str, problems: &mut Vec<Problem>) {
        let mut add = |key: &str, what: String| problems.push(Problem::new(below(at, key), what));
        let subjects = self.subjects();
        match subjects.as_slice() {
            [] if self.phase.is_some() => {}
            [] => add(
                "",
                "this waits for nothing: write `when` (a condition), `at` (a time of the run), `after` (a time of the \
                 phase), `motion = \"done\"`, `all` or `any`"
                    .to_owned(),
            ),
            [_] => {}
            [first, second, ..] => add(
                second,
                format!(
                    "a trigger waits for one thing; for both write `all = [{{ {first} = … }}, {{ {second} = … }}]`, \
                     for either `any`"
                ),
            ),
        }
        let times =
            [("at", self.at), ("after", self.after), ("held_for", self.held_for), ("delay", self.delay)];
        for (key, duration) in times {
            if duration.is_some_and(|d| Nanos::from_seconds(d.si()).is_none()) {
                add(key, "a time from zero on is meant".to_owned());
            }
        }
        if self.occurrence == Some(0) {
            add("occurrence", "occurrences are counted from 1".to_owned());
        }
        let is_time =
            self.at.is_some() || self.after.is_some() || (subjects.is_empty() && self.phase.is_some());
        for (key, is_there) in
            [("held_for", self.held_for.is_some()), ("occurrence", self.occurrence.is_some())]
        {
            if is_there && is_time {
                add(key, format!("a time comes once and stays: leave `{key}` out, or write `delay`"));
            }
        }
        match place {
            TriggerPlace::Phase if self.phase.is_some() => {
                add("in", "a phase waits in itself: leave `in` out".to_owned());
            }
            TriggerPlace::FaultStart | TriggerPlace::FaultEnd if self.motion.is_some() => add(
                "motion",
                "a fault looks at signals: e.g. when = \"fall(arm.is_busy)\", with `occurrence`".to_owned(),
            ),
            TriggerPlace::FaultStart if self.after.is_some() && self.phase.is_none() && !in_phase => add(
                "after",
                "after what? Name the phase with `in`, or write `at` for a time of the run".to_owned(),
            ),
            _ => {}
        }
        for (word, list) in [("all", &self.all), ("any", &self.any)] {
            if list.as_ref().is_some_and(Vec::is_empty) {
                add(word, "at least one trigger is needed".to_owned());
            }
        }
        for (word, list) in [("all", &self.all), ("any", &self.any)] {
            for (i, one) in list.iter().flatten().enumerate() {
                let key = below(at, &format!("{word}[{i}]"));
                one.check_within(place, in_phase || self.phase.is_some(), &key, problems);
            }
        }
    }
}

/// A key below another; nothing is below the trigger itself.
fn below(at: &str, key: &str) -> String {
    match (at, key) {
        ("", key) => key.to_owned(),
        (at, "") => at.to_owned(),
        (at, key) => format!("{at}.{key}"),
    }
}

#[cfg(test)]
mod tests;
