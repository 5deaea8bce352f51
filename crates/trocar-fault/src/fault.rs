//! A compiled fault: a pure function from what was written to a group to what is read of it.
//!
//! With x the value as written, since the instant of activation and r = min((now − since)/ramp, 1) (1 without a ramp),
//! what is read is x + r·(f − x), where f is
//!
//! | kind | f |
//! |---|---|
//! | `stuck_last` | the last value before the activation |
//! | `stuck_at` | the value of the file |
//! | `offset` | x + by |
//! | `scale` | factor·x |
//! | `drift` | x + rate·(now − since) |
//! | `noise` | x + sd·z, z standard normal and new for each write |
//! | `dropout` | the last value before the activation, marked as not to be used |
//! | `bit_flip` | x with the bit turned over, within the width of the wire |
//! | `missed_counts` | x − counts, around the range of the wire |
//!
//! A number that is one of named states, or a count on the wire, stays a whole one. Several faults on one target act
//! one after another in the order of the file, each on what the one before it left.
//!
//! Rotations are changed as a whole or not at all: an orientation's components mean nothing alone.

use crate::config::{FaultConfig, Kind, Lasts};
use crate::words::{self, Code, Part};
use trocar_math::random::Draw;
use trocar_signal::{Dimension, Element, GroupKind, GroupSpec, Problem, Time};

/// What a fault is aimed at.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The group.
    pub group: GroupSpec,
    /// The number within it; `None` for the whole group. For a group of one number either will do.
    pub element: Option<usize>,
    /// Width in bits of a count on the wire (an encoder's); `None` for everything else.
    pub wire_bits: Option<u32>,
}

#[derive(Clone, Debug, PartialEq)]
enum Action {
    StuckLast,
    StuckAt(f64),
    Offset(f64),
    Scale(f64),
    Drift(f64),
    Noise(f64),
    Dropout,
    BitFlip { mask: u64, range: f64 },
    MissedCounts { counts: f64, range: f64 },
}

/// A fault, compiled for its target.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    name: String,
    target: String,
    kind: Kind,
    action: Action,
    /// The numbers that it changes: places in the group.
    first: usize,
    count: usize,
    /// Whether they are whole numbers.
    whole: bool,
    ramp_s: Option<f64>,
    lasts: Option<Lasts>,
    must_change: Option<f64>,
    reader: Option<String>,
    amount: Option<String>,
}

impl Fault {
    /// A fault of this configuration on this target.
    ///
    /// # Errors
    /// What is wrong with the configuration, amounts of another kind than the target's numbers, kinds that the target
    /// cannot have.
    pub fn new(config: &FaultConfig, target: &Target) -> Result<Fault, Vec<Problem>> {
        let mut problems = config.check();
        let Target { group, element, wire_bits } = target;
        let (first, count) = match element {
            Some(index) => (*index, 1),
            None => (0, group.elements.len()),
        };
        if first + count > group.elements.len() || count == 0 {
            problems.push(Problem::new("target", format!("`{}` has no number {first}", group.path)));
            return Err(problems);
        }
        let elements = &group.elements[first..first + count];
        check_place(config.kind, group, elements, &mut problems);
        let dimension = elements[0].dimension;
        check_dimensions(config, elements, dimension, &mut problems);
        check_whole(config, target, &mut problems);
        let range = trocar_math::powi(2.0, wire_bits.unwrap_or(0).cast_signed());
        if !problems.is_empty() {
            return Err(problems);
        }
        let Some(action) = action(config, range) else {
            return Err(vec![Problem::new("kind", format!("`{}` lacks its amount", config.kind.word()))]);
        };
        Ok(Fault {
            name: config.name.clone(),
            target: config.target.clone(),
            kind: config.kind,
            action,
            first,
            count,
            whole: wire_bits.is_some() || matches!(group.kind, GroupKind::State(_)),
            ramp_s: config.ramp.map(trocar_signal::quantity::Duration::si),
            lasts: config.lasts,
            must_change: config.must_change.map(|q| q.si),
            reader: config.reader.clone(),
            amount: words::amount(config),
        })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The path that it is aimed at, as the file says it.
    #[must_use]
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What it does.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// When it ends by its duration, having started at `since`; [`Time::NEVER`] if it lasts for good or until a trigger.
    #[must_use]
    pub fn end(&self, since: Time) -> Time {
        self.lasts.map_or(Time::NEVER, |lasts| lasts.end(since))
    }

    /// How far it must change its target, in SI units and radians.
    #[must_use]
    pub fn must_change(&self) -> Option<f64> {
        self.must_change
    }

    /// The one component that reads the changed values; `None`: all do.
    #[must_use]
    pub fn reader(&self) -> Option<&str> {
        self.reader.as_deref()
    }

    /// What kind of part it is aimed at, by its path.
    #[must_use]
    pub fn part(&self) -> Part {
        Part::of(&self.target)
    }

    /// The adverse-event codes for what it does to that part.
    #[must_use]
    pub fn codes(&self) -> &'static [Code] {
        words::codes(self.part(), self.kind, self.reverses())
    }

    /// What it does, as one sentence for people.
    #[must_use]
    pub fn sentence(&self) -> String {
        words::sentence(self.kind, &self.target, self.amount.as_deref(), self.reader.as_deref())
    }

    fn reverses(&self) -> bool {
        matches!(self.action, Action::Scale(factor) if factor < 0.0)
    }

    /// The names of its state words: whether there is a last value, and the last values.
    pub fn state_names(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once("held".to_owned()).chain((0..self.count).map(|place| format!("last[{place}]")))
    }

    /// How many state words it has.
    #[must_use]
    pub fn state_len(&self) -> usize {
        1 + self.count
    }

    /// Turns what was written to the group at `now` into what is read; to be called at every write, also while the
    /// fault is not active, because a stuck value is the last one before it. `active_since` is the instant of its
    /// activation while it is active. `state` starts at zero and has [`Fault::state_len`] words; `draw` is new for
    /// each write and fault. Allocates nothing.
    ///
    /// Returns by how much the largest number of the target was changed, in its unit. A group shorter than the
    /// target's, or too short a state, is left as it is.
    pub fn apply(
        &self,
        now: Time,
        active_since: Option<Time>,
        values: &mut [f64],
        valid: &mut bool,
        state: &mut [u64],
        draw: Draw,
    ) -> f64 {
        let Some(values) = values.get_mut(self.first..self.first + self.count) else { return 0.0 };
        let Some((held, last)) = state.split_first_mut() else { return 0.0 };
        if active_since.is_none() || *held == 0 {
            // A group that is first written while the fault is active sticks at its first value.
            *held = 1;
            for (word, value) in last.iter_mut().zip(values.iter()) {
                *word = value.to_bits();
            }
        }
        let Some(since) = active_since else { return 0.0 };
        let elapsed_s = now.since(since).seconds();
        let share = self.ramp_s.map_or(1.0, |ramp_s| trocar_math::min(elapsed_s / ramp_s, 1.0));
        let mut largest = 0.0;
        for (place, value) in values.iter_mut().enumerate() {
            let written = *value;
            let last = last.get(place).map_or(written, |word| f64::from_bits(*word));
            let full = self.full(written, last, elapsed_s, draw);
            // At a share of 1 exactly the full value: no rounding of x + (f − x).
            let mut read = if share == 1.0 { full } else { written + share * (full - written) };
            if self.whole {
                read = read.round();
            }
            *value = read;
            largest = trocar_math::max(largest, (read - written).abs());
        }
        if self.action == Action::Dropout {
            *valid = false;
        }
        largest
    }

    fn full(&self, written: f64, last: f64, elapsed_s: f64, draw: Draw) -> f64 {
        match self.action {
            Action::StuckLast | Action::Dropout => last,
            Action::StuckAt(value) => value,
            Action::Offset(by) => written + by,
            Action::Scale(factor) => written * factor,
            Action::Drift(rate) => written + rate * elapsed_s,
            Action::Noise(sd) => written + sd * draw.normal(),
            Action::BitFlip { mask, range } => (written.round().rem_euclid(range) as u64 ^ mask) as f64,
            Action::MissedCounts { counts, range } => (written - counts).rem_euclid(range),
        }
    }
}

/// `None` where the amount is missing, which the configuration's check has named.
fn action(config: &FaultConfig, range: f64) -> Option<Action> {
    Some(match config.kind {
        Kind::StuckLast => Action::StuckLast,
        Kind::StuckAt => Action::StuckAt(config.value?.si),
        Kind::Offset => Action::Offset(config.by?.si),
        Kind::Scale => Action::Scale(config.factor?),
        Kind::Drift => Action::Drift(config.rate?.si),
        Kind::Noise => Action::Noise(config.sd?.si),
        Kind::Dropout => Action::Dropout,
        Kind::BitFlip => Action::BitFlip { mask: 1_u64.checked_shl(config.bit?).unwrap_or(0), range },
        Kind::MissedCounts => Action::MissedCounts { counts: config.counts? as f64, range },
    })
}

/// Whether this kind can act on this group or these numbers of it.
fn check_place(kind: Kind, group: &GroupSpec, elements: &[Element], problems: &mut Vec<Problem>) {
    let holds = matches!(kind, Kind::StuckLast | Kind::Dropout);
    let mut refuse = |what: String| problems.push(Problem::new("target", what));
    let (path, word) = (&group.path, kind.word());
    if elements.len() < group.elements.len() {
        if kind == Kind::Dropout {
            refuse(format!("a dropout marks a whole group: name `{path}`"));
        }
        let rotates = group.kind == GroupKind::Rotation
            || group.kind == GroupKind::Pose && elements.iter().any(|e| e.name.starts_with("orientation"));
        if rotates {
            refuse(format!("one component of a rotation means nothing alone: name the whole group `{path}`"));
        }
    } else if elements.len() > 1 && !holds {
        let names: Vec<&str> = elements.iter().map(|e| e.name.as_str()).collect();
        refuse(format!("`{word}` acts on one number: name one of {} of `{path}`", names.join(", ")));
    }
    match group.kind {
        GroupKind::Event if !holds => refuse(format!("`{path}` is an event; `{word}` cannot act on it")),
        GroupKind::State(_) if !holds && kind != Kind::StuckAt => {
            refuse(format!("`{path}` is one of named states; `{word}` cannot act on it"));
        }
        _ => {}
    }
}

fn check_dimensions(
    config: &FaultConfig,
    elements: &[Element],
    dimension: Dimension,
    problems: &mut Vec<Problem>,
) {
    let mut check = |key: &str, quantity: Option<trocar_signal::AnyQuantity>, meant: Dimension| {
        if let Some(quantity) = quantity
            && quantity.dimension != meant
        {
            let what = format!("{} where {meant} ({}) is meant", quantity.dimension, meant.si_unit());
            problems.push(Problem::new(key, what));
        }
    };
    check("value", config.value, dimension);
    check("by", config.by, dimension);
    check("rate", config.rate, dimension.over(Dimension::TIME));
    check("sd", config.sd, dimension);
    check("must_change", config.must_change, dimension);
    if config.must_change.is_some() && elements.iter().any(|e| e.dimension != dimension) {
        let what = "the target's numbers measure different things: one change cannot be asked of all of them";
        problems.push(Problem::new("must_change", what));
    }
}

/// Amounts on whole numbers: counts on the wire, named states.
fn check_whole(config: &FaultConfig, target: &Target, problems: &mut Vec<Problem>) {
    if matches!(config.kind, Kind::BitFlip | Kind::MissedCounts) {
        match target.wire_bits {
            None => {
                let what =
                    format!("`{}` acts on a count on the wire, e.g. `….encoder.count`", config.kind.word());
                problems.push(Problem::new("target", what));
            }
            Some(bits) => {
                if config.bit.is_some_and(|bit| bit >= bits) {
                    problems.push(Problem::new(
                        "bit",
                        format!("the count has bits 0 to {}", bits.saturating_sub(1)),
                    ));
                }
                let range = trocar_math::powi(2.0, bits.cast_signed());
                if config.counts.is_some_and(|counts| counts.unsigned_abs() as f64 >= range) {
                    problems.push(Problem::new("counts", format!("the count has a range of {range}")));
                }
            }
        }
    }
    if let (GroupKind::State(states), Some(value)) = (&target.group.kind, config.value) {
        let named = value.si.fract() == 0.0 && value.si >= 0.0 && value.si < states.len() as f64;
        if !named {
            let what = format!("{} is not the place of one of {}, from 0", value.si, states.join(", "));
            problems.push(Problem::new("value", what));
        }
    }
}

#[cfg(test)]
mod tests;
