//! A trigger at work.

use super::{TriggerConfig, TriggerTable, below};
use crate::condition::{Condition, Operands, Truth};
use crate::error::LogicError;
use crate::types::Scope;
use trocar_signal::{Nanos, Time};

/// What a trigger sees of an instant beside the signals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The instant.
    pub now: Time,
    /// Since when `after` counts where the trigger names no phase.
    pub began: Time,
    /// The phase that runs, by its place; `None` where there are none.
    pub phase: Option<usize>,
    /// Whether the motion of the phase is done.
    pub motion_done: bool,
}

/// A trigger, checked and compiled.
#[derive(Clone, Debug)]
pub struct Trigger {
    subject: Subject,
    phase: Option<usize>,
    held_for: Option<Nanos>,
    occurrence: Option<u64>,
    delay: Option<Nanos>,
}

#[derive(Clone, Debug)]
enum Subject {
    /// That the phase runs.
    Phase,
    At(Time),
    After(Nanos),
    MotionDone,
    When(Box<Condition>),
    All(Vec<Trigger>),
    Any(Vec<Trigger>),
}

/// What does not compile, with its key below the trigger.
#[derive(Clone, Debug, PartialEq)]
pub enum TriggerError {
    /// A formula with mistakes.
    Formula(String, Vec<LogicError>),
    /// A phase that there is not.
    Phase(String, String),
}

/// "Not yet" for an instant kept in a word that starts at zero: instants are kept plus one.
fn instant(word: u64) -> Option<Time> {
    word.checked_sub(1).map(Time)
}

impl Trigger {
    /// Compiles a trigger that passed [`TriggerConfig::check`]; `phases` are the names of all phases in order.
    ///
    /// # Errors
    /// Every formula and phase that cannot be resolved.
    pub fn compile(
        config: &TriggerConfig,
        scope: &dyn Scope,
        phases: &[String],
    ) -> Result<Trigger, Vec<TriggerError>> {
        let mut errors = Vec::new();
        let trigger = build(config, scope, phases, "", &mut errors);
        match trigger {
            Some(trigger) if errors.is_empty() => Ok(trigger),
            _ => Err(errors),
        }
    }

    /// A condition alone.
    #[must_use]
    pub fn of_condition(condition: Condition) -> Trigger {
        Trigger {
            subject: Subject::When(Box::new(condition)),
            phase: None,
            held_for: None,
            occurrence: None,
            delay: None,
        }
    }

    /// How many words of state it needs; they start at zero.
    #[must_use]
    pub fn state_words(&self) -> usize {
        let inner = match &self.subject {
            Subject::When(condition) => condition.state_words(),
            Subject::All(list) | Subject::Any(list) => list.iter().map(Trigger::state_words).sum(),
            _ => 0,
        };
        usize::from(self.phase.is_some())
            + inner
            + usize::from(self.held_for.is_some())
            + 2 * usize::from(self.occurrence.is_some())
            + usize::from(self.delay.is_some())
    }

    /// The names of those words, each with `prefix` before it.
    #[must_use]
    pub fn state_names(&self, prefix: &str) -> Vec<String> {
        let mut names = Vec::new();
        if self.phase.is_some() {
            names.push(format!("{prefix}.phase_began"));
        }
        match &self.subject {
            Subject::When(condition) => {
                names.extend((0..condition.state_words()).map(|i| format!("{prefix}.edge[{i}]")));
            }
            Subject::All(list) | Subject::Any(list) => {
                let of = |(i, one): (usize, &Trigger)| one.state_names(&format!("{prefix}[{i}]"));
                names.extend(list.iter().enumerate().flat_map(of));
            }
            _ => {}
        }
        if self.held_for.is_some() {
            names.push(format!("{prefix}.held_since"));
        }
        if self.occurrence.is_some() {
            names.extend(["occurrences", "was_true"].map(|word| format!("{prefix}.{word}")));
        }
        if self.delay.is_some() {
            names.push(format!("{prefix}.due_since"));
        }
        names
    }

    /// Every condition in it.
    #[must_use]
    pub fn conditions(&self) -> Vec<&Condition> {
        match &self.subject {
            Subject::When(condition) => vec![condition],
            Subject::All(list) | Subject::Any(list) => list.iter().flat_map(Trigger::conditions).collect(),
            _ => Vec::new(),
        }
    }

    /// Whether it holds at this instant; to be asked at every step. Allocates nothing.
    ///
    /// `state`: [`Trigger::state_words`] words, kept by the caller between steps; with fewer it does not hold.
    pub fn holds(&self, moment: &Moment, operands: &(impl Operands + ?Sized), state: &mut [u64]) -> bool {
        if state.len() < self.state_words() {
            return false;
        }
        let mut words = state.iter_mut();
        let mut moment = *moment;
        let mut inside = true;
        if let Some(phase) = self.phase
            && let Some(began) = words.next()
        {
            inside = moment.phase == Some(phase);
            if !inside {
                *began = 0;
            } else if *began == 0 {
                *began = moment.now.0 + 1;
            }
            moment.began = instant(*began).unwrap_or(moment.now);
        }
        let mut rest = words.into_slice();
        // Outside its phase nothing is looked at: an edge is one of the phase.
        let mut truth = match &self.subject {
            _ if !inside => {
                let inner: usize = match &self.subject {
                    Subject::When(condition) => condition.state_words(),
                    Subject::All(list) | Subject::Any(list) => list.iter().map(Trigger::state_words).sum(),
                    _ => 0,
                };
                rest = rest.get_mut(inner..).unwrap_or_default();
                Truth::False
            }
            Subject::Phase => Truth::True,
            Subject::At(at) => known(moment.now >= *at),
            Subject::After(after) => known(moment.now.since(moment.began) >= *after),
            Subject::MotionDone => known(moment.motion_done),
            Subject::When(condition) => {
                let (own, later) = rest.split_at_mut(condition.state_words());
                rest = later;
                condition.evaluate(operands, own)
            }
            Subject::All(list) | Subject::Any(list) => {
                let is_all = matches!(self.subject, Subject::All(_));
                let mut together = is_all;
                for one in list {
                    let (own, later) = rest.split_at_mut(one.state_words());
                    rest = later;
                    let holds = one.holds(&moment, operands, own);
                    together = if is_all { together && holds } else { together || holds };
                }
                known(together)
            }
        };
        let mut words = rest.iter_mut();
        if let Some(held_for) = self.held_for
            && let Some(since) = words.next()
        {
            if !truth.is_true() {
                *since = 0;
            } else if *since == 0 {
                *since = moment.now.0 + 1;
            }
            truth = known(instant(*since).is_some_and(|since| moment.now.since(since) >= held_for));
        }
        if let Some(occurrence) = self.occurrence
            && let (Some(count), Some(was_true)) = (words.next(), words.next())
        {
            if truth.is_true() && *was_true == 0 {
                *count += 1;
            }
            if truth != Truth::Unknown {
                *was_true = u64::from(truth.is_true());
            }
            truth = known(*count >= occurrence);
        }
        if let Some(delay) = self.delay
            && let Some(due_since) = words.next()
        {
            if truth.is_true() && *due_since == 0 {
                *due_since = moment.now.0 + 1;
            }
            truth = known(instant(*due_since).is_some_and(|since| moment.now.since(since) >= delay));
        }
        truth.is_true()
    }
}

fn known(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

fn build(
    config: &TriggerConfig,
    scope: &dyn Scope,
    phases: &[String],
    at: &str,
    errors: &mut Vec<TriggerError>,
) -> Option<Trigger> {
    let table = match config {
        TriggerConfig::Condition(text) => {
            return condition(text, scope, at, errors).map(Trigger::of_condition);
        }
        TriggerConfig::Table(table) => table.as_ref(),
    };
    let phase = match &table.phase {
        None => None,
        Some(name) => match phases.iter().position(|known| known == name) {
            Some(place) => Some(place),
            None => {
                errors.push(TriggerError::Phase(below(at, "in"), name.clone()));
                return None;
            }
        },
    };
    let nanos = |duration: Option<trocar_signal::quantity::Duration>| {
        duration.and_then(|duration| Nanos::from_seconds(duration.si()))
    };
    Some(Trigger {
        subject: subject(table, scope, phases, at, errors)?,
        phase,
        held_for: nanos(table.held_for),
        occurrence: table.occurrence.map(u64::from),
        delay: nanos(table.delay),
    })
}

fn subject(
    table: &TriggerTable,
    scope: &dyn Scope,
    phases: &[String],
    at: &str,
    errors: &mut Vec<TriggerError>,
) -> Option<Subject> {
    let nanos = |duration: trocar_signal::quantity::Duration| Nanos::from_seconds(duration.si());
    let mut list = |word: &str, list: &[TriggerConfig]| -> Option<Vec<Trigger>> {
        let built: Vec<Option<Trigger>> = list
            .iter()
            .enumerate()
            .map(|(i, one)| build(one, scope, phases, &below(at, &format!("{word}[{i}]")), errors))
            .collect();
        built.into_iter().collect()
    };
    if let Some(all) = &table.all {
        return list("all", all).map(Subject::All);
    }
    if let Some(any) = &table.any {
        return list("any", any).map(Subject::Any);
    }
    if let Some(text) = &table.when {
        return condition(text, scope, &below(at, "when"), errors).map(|c| Subject::When(Box::new(c)));
    }
    Some(match (table.at, table.after, table.motion) {
        (Some(instant), ..) => Subject::At(Time::ZERO.plus(nanos(instant)?)),
        (_, Some(after), _) => Subject::After(nanos(after)?),
        (.., Some(_)) => Subject::MotionDone,
        _ => Subject::Phase,
    })
}

fn condition(text: &str, scope: &dyn Scope, key: &str, errors: &mut Vec<TriggerError>) -> Option<Condition> {
    match Condition::compile(text, scope) {
        Ok(condition) => Some(condition),
        Err(found) => {
            errors.push(TriggerError::Formula(key.to_owned(), found));
            None
        }
    }
}
