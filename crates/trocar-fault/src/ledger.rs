//! The ledger of a fault: what came of it, instant by instant, and the judgement whether it took effect.
//!
//! `trocar-sim` runs the twin, a fork of the same state without the fault, in lock step, and notes here what it sees.

use serde::{Deserialize, Serialize};
use trocar_signal::{Nanos, Time};

/// Something that happened, with what showed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// When.
    pub at: Time,
    /// The signal in which it was seen, with its value where that is a name: `exo.operating_state = FAULT`.
    pub by: String,
}

/// How far a signal was from the twin's at most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deviation {
    /// The signal.
    pub signal: String,
    /// The greatest distance, in its SI unit.
    pub largest: f64,
    /// When it was that large.
    pub at: Time,
}

/// What came of one fault. Each instant is the first of its kind, and none before it is known.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ledger {
    /// From when on it waited for its start.
    pub armed: Option<Time>,
    /// When it started to act.
    pub active: Option<Time>,
    /// The first output of a controller, supervisor or actuator that differs from the twin's.
    pub reached: Option<Noted>,
    /// The first announcement of the device itself that the twin does not make.
    pub detected: Option<Noted>,
    /// The first action of the device upon it.
    pub reacted: Option<Noted>,
    /// When the device was in its safe state.
    pub safe_state: Option<Noted>,
    /// When it ended and what is written is read again.
    pub cleared: Option<Time>,
    /// The greatest distance of what was read of the target from what was written, while active; in the target's SI
    /// unit.
    pub largest_change: f64,
    /// When it was that large.
    pub largest_change_at: Option<Time>,
    /// How many writes of the target it changed or marked.
    pub writes_changed: u64,
    /// The greatest distances of watched signals from the twin's.
    pub deviations: Vec<Deviation>,
}

/// What a fault came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Its start never came.
    NotActivated,
    /// It acted, and nothing that the device did differs from the twin's.
    Dormant,
    /// Some output of a controller, supervisor or actuator differs from the twin's.
    Effective,
}

/// Whether a fault tested anything.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// What it came to.
    pub outcome: Outcome,
    /// The change that was asked for and was not reached, in SI units.
    pub fell_short_of: Option<f64>,
}

impl Judgement {
    /// Whether the run may be judged: the fault was effective and changed its target enough. Otherwise the run is
    /// INVALID, unless its file says otherwise.
    #[must_use]
    pub fn is_valid(self) -> bool {
        self.outcome == Outcome::Effective && self.fell_short_of.is_none()
    }
}

impl Ledger {
    /// Notes one write of the target while the fault is active: by how much it was changed, and whether it was changed
    /// or marked at all. Allocates nothing.
    pub fn note_write(&mut self, at: Time, change: f64, marked: bool) {
        if change > 0.0 || marked {
            self.writes_changed += 1;
        }
        if change > self.largest_change {
            self.largest_change = change;
            self.largest_change_at = Some(at);
        }
    }

    /// Starts to watch how far a signal is from the twin's; gives its place among the deviations.
    pub fn watch(&mut self, signal: impl Into<String>) -> usize {
        self.deviations.push(Deviation { signal: signal.into(), largest: 0.0, at: Time::ZERO });
        self.deviations.len() - 1
    }

    /// Notes how far a watched signal is from the twin's. Allocates nothing; a place that is not watched is ignored.
    pub fn note_deviation(&mut self, place: usize, at: Time, distance: f64) {
        if let Some(deviation) = self.deviations.get_mut(place)
            && distance > deviation.largest
        {
            deviation.largest = distance;
            deviation.at = at;
        }
    }

    /// What the fault came to, and whether it changed its target by at least `must_change`.
    #[must_use]
    pub fn judge(&self, must_change: Option<f64>) -> Judgement {
        let outcome = match (self.active, &self.reached) {
            (None, _) => Outcome::NotActivated,
            (Some(_), None) => Outcome::Dormant,
            (Some(_), Some(_)) => Outcome::Effective,
        };
        let fell_short_of =
            must_change.filter(|wanted| self.active.is_some() && self.largest_change < *wanted);
        Judgement { outcome, fell_short_of }
    }

    /// Time from the activation to the announcement.
    #[must_use]
    pub fn time_to_detection(&self) -> Option<Nanos> {
        self.since_active(self.detected.as_ref())
    }

    /// Time from the activation to the first action upon it.
    #[must_use]
    pub fn time_to_reaction(&self) -> Option<Nanos> {
        self.since_active(self.reacted.as_ref())
    }

    /// Time from the activation to the safe state.
    #[must_use]
    pub fn time_to_safe_state(&self) -> Option<Nanos> {
        self.since_active(self.safe_state.as_ref())
    }

    fn since_active(&self, noted: Option<&Noted>) -> Option<Nanos> {
        Some(noted?.at.since(self.active?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(at: u64) -> Option<Noted> {
        Some(Noted { at: Time(at), by: "exo.operating_state = FAULT".to_owned() })
    }

    #[test]
    fn the_table_of_outcomes() {
        let armed = Ledger { armed: Some(Time(0)), ..Ledger::default() };
        let active = Ledger { active: Some(Time(10)), ..armed.clone() };
        let mut reached = Ledger { reached: noted(12), ..active.clone() };
        assert_eq!(armed.judge(Some(1.0)), Judgement { outcome: Outcome::NotActivated, fell_short_of: None });
        assert_eq!(active.judge(None).outcome, Outcome::Dormant);
        assert!(!active.judge(None).is_valid());
        assert!(reached.judge(None).is_valid());
        reached.note_write(Time(11), 0.5, false);
        assert_eq!(
            reached.judge(Some(1.0)),
            Judgement { outcome: Outcome::Effective, fell_short_of: Some(1.0) }
        );
        assert!(!reached.judge(Some(1.0)).is_valid());
        reached.note_write(Time(12), 1.0, false);
        assert!(reached.judge(Some(1.0)).is_valid());
    }

    #[test]
    fn the_largest_change_is_kept_with_its_instant() {
        let mut ledger = Ledger::default();
        for (at, change, marked) in [(1, 0.0, false), (2, 0.3, false), (3, 0.2, false), (4, 0.0, true)] {
            ledger.note_write(Time(at), change, marked);
        }
        assert_eq!((ledger.largest_change, ledger.largest_change_at), (0.3, Some(Time(2))));
        assert_eq!(ledger.writes_changed, 3);
        let place = ledger.watch("exo.measured_js.position.knee");
        ledger.note_deviation(place, Time(5), 0.1);
        ledger.note_deviation(place, Time(6), 0.05);
        ledger.note_deviation(place + 1, Time(7), 9.0);
        assert_eq!((ledger.deviations[place].largest, ledger.deviations[place].at), (0.1, Time(5)));
    }

    #[test]
    fn durations_count_from_the_activation() {
        let ledger = Ledger { active: Some(Time(10)), detected: noted(198), ..Ledger::default() };
        assert_eq!(ledger.time_to_detection(), Some(Nanos(188)));
        assert_eq!(ledger.time_to_reaction(), None);
    }

    #[test]
    fn a_ledger_is_saved_and_read_again() {
        let mut ledger = Ledger { active: Some(Time(10)), reached: noted(12), ..Ledger::default() };
        ledger.note_write(Time(11), 0.1 + 0.2, true);
        ledger.watch("a.b");
        let text = serde_json::to_string(&ledger).unwrap();
        assert_eq!(serde_json::from_str::<Ledger>(&text).unwrap(), ledger);
    }
}
