//! A laboratory's recording instead of a run: the same measures, read from the same table, judged by the same requirements.
//!
//! Whoever reads the recording writes what it holds into the table, in order of time, and has the measures look at it at
//! each instant at which something was recorded. What only a simulation has (a twin without the fault, the ledger of a
//! fault) is not there, and what needs it is INVALID with this reason.

use crate::case::{Case, FaultFigure, Feed, Source};
use crate::judge::{Measured, judge};
use crate::observe::Observer;
use crate::outcome::{CaseOutcome, DataOutcome, FailureOutcome};
use crate::run::figures;
use crate::scope::signal_of;
use trocar_measure::{FigureRow, NoFigure, Verdict};
use trocar_signal::{GroupId, GroupKind, Nanos, Table, Time};

/// How finely a recording tells time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The step to which instants are bound; zero where they are as fine as their numbers.
    pub step: Nanos,
    /// The shortest time between two readings.
    pub interval: Nanos,
}

/// A signal that measures of a case read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The group.
    pub group: GroupId,
    /// Its numbers that are read, by place.
    pub elements: Vec<usize>,
    /// The measures, by place.
    pub measures: Vec<usize>,
    /// Whether a requirement speaks of one of them.
    pub judged: bool,
}

/// The signals that the measures of a case read, in the order of the layout. What a twin alone could tell is not among
/// them.
#[must_use]
pub fn needed(case: &Case) -> Vec<Needed> {
    let mut all: Vec<Needed> = Vec::new();
    for (place, plan) in case.measures.iter().enumerate() {
        let mut add = |group: GroupId, elements: &[usize]| {
            let at = all.iter().position(|one| one.group == group).unwrap_or_else(|| {
                all.push(Needed { group, elements: Vec::new(), measures: Vec::new(), judged: false });
                all.len() - 1
            });
            let one = &mut all[at];
            one.elements.extend(elements);
            one.measures.push(place);
            one.judged |= plan.judged;
        };
        let elements_of = |source: Source| -> Vec<usize> {
            let spec = case.model.layout.spec(source.group);
            match (source.element, &spec.kind) {
                (Some(element), _) => vec![element as usize],
                // A measure of positions does not look at the orientation.
                (None, GroupKind::Pose) if !plan.oriented => vec![0, 1, 2],
                (None, _) => (0..spec.elements.len()).collect(),
            }
        };
        match plan.feed {
            Feed::Twin(_) => {}
            Feed::Values(source) | Feed::Motion(source) => add(source.group, &elements_of(source)),
            Feed::Against(first, second) => {
                add(first.group, &elements_of(first));
                add(second.group, &elements_of(second));
            }
            Feed::After(event, source) => {
                add(event, &[0]);
                add(source.group, &elements_of(source));
            }
            Feed::Events(from, to) => {
                add(from, &[0]);
                add(to, &[0]);
            }
            Feed::Validity(group) => {
                let count = case.model.layout.spec(group).elements.len();
                add(group, &(0..count).collect::<Vec<_>>());
            }
            Feed::Condition => {
                let operands = plan.condition.iter().flat_map(trocar_logic::Condition::operands);
                for signal in operands.filter_map(|operand| signal_of(operand.id)) {
                    // A vector in a formula stands under the place of its first number.
                    let spec = case.model.layout.spec(signal.group);
                    let is_vector =
                        matches!(spec.kind, GroupKind::Point | GroupKind::Pose) && signal.index == 0;
                    let last = if is_vector { 2 } else { signal.index as usize };
                    add(signal.group, &(signal.index as usize..=last).collect::<Vec<_>>());
                }
            }
        }
    }
    for one in &mut all {
        one.elements.sort_unstable();
        one.elements.dedup();
        one.measures.dedup();
    }
    all.sort_by_key(|one| one.group);
    all
}

/// The measures of a case at work on a recording.
pub struct Recorded<'a> {
    case: &'a Case,
    table: Table,
    observer: Observer,
    instants: u64,
    last: Time,
}

/// What the measures of a recording came to.
#[derive(Clone, Debug)]
pub struct ReadOut {
    /// Of each measure, its rows or why there are none.
    pub measures: Vec<Result<Vec<FigureRow>, NoFigure>>,
    /// Which measure refused a reading, and why.
    pub refused: Option<String>,
    /// How many instants there were.
    pub instants: u64,
    /// The last of them.
    pub last: Time,
}

impl<'a> Recorded<'a> {
    /// Before the first instant, and before the first phase where `before_phases`.
    #[must_use]
    pub fn new(case: &'a Case, before_phases: bool) -> Recorded<'a> {
        let mut table = Table::new(&case.model.layout);
        if before_phases {
            table.write(case.program.phase, Time::ZERO, true, &[case.phases.len() as f64]);
        }
        Recorded { case, table, observer: Observer::new(case), instants: 0, last: Time::ZERO }
    }

    /// The table as it stands.
    #[must_use]
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Writes a group. Values are finite and as many as the group has.
    pub fn write(&mut self, group: GroupId, stamp: Time, valid: bool, values: &[f64]) {
        self.table.write(group, stamp, valid, values);
    }

    /// A phase begins, by its place; one place beyond the last is after the last.
    pub fn phase(&mut self, at: Time, place: usize) {
        self.table.write(self.case.program.phase, at, true, &[place as f64]);
        self.table.write(self.case.program.cycle, at, true, &[0.0]);
    }

    /// A repeat of the phase's action begins, counted from 0.
    pub fn cycle(&mut self, at: Time, cycle: u32) {
        self.table.write(self.case.program.cycle, at, true, &[f64::from(cycle)]);
    }

    /// A dwell ends: readings are taken now.
    pub fn reading(&mut self, at: Time) {
        let count = self.table.values(self.case.program.reading)[0] + 1.0;
        self.table.write(self.case.program.reading, at, true, &[count]);
    }

    /// Lets the measures look at the table.
    pub fn observe(&mut self, now: Time) {
        self.observer.observe(self.case, &self.table, None, now);
        self.instants += 1;
        self.last = now;
    }

    /// What the measures came to.
    #[must_use]
    pub fn finish(self) -> ReadOut {
        let refused = self.observer.refusal(self.case);
        let mut measures = self.observer.finish();
        for (plan, rows) in self.case.measures.iter().zip(&mut measures) {
            if matches!(plan.feed, Feed::Twin(_)) {
                *rows = Err(NoFigure::OnlySimulated);
            }
        }
        ReadOut { measures, refused, instants: self.instants, last: self.last }
    }
}

/// Figures to verdicts, as after a run.
#[must_use]
pub fn outcome(case: &Case, read: ReadOut, step: Nanos, data: DataOutcome) -> CaseOutcome {
    let no_ledger = || "the ledger of a fault is kept beside a simulation alone".to_owned();
    let measured = Measured {
        measures: read.measures,
        faults: case
            .faults
            .iter()
            .map(|_| std::array::from_fn::<_, { FaultFigure::ALL.len() }, _>(|_| Err(no_ledger())))
            .collect(),
    };
    let refused = read.refused.map(|why| (Verdict::Error, why));
    CaseOutcome {
        case: case.name.clone(),
        roles: case.roles.clone(),
        simulated_s: read.last.seconds(),
        steps: read.instants,
        compute_times: Vec::new(),
        step_s: step.seconds(),
        digest: String::new(),
        requirements: case
            .requirements
            .iter()
            .map(|plan| judge(case, plan, &measured, refused.as_ref()))
            .collect(),
        figures: figures(case, &measured),
        faults: Vec::new(),
        failure: refused.map(|(verdict, what)| FailureOutcome { verdict, at_s: read.last.seconds(), what }),
        controllers: Vec::new(),
        standing: Vec::new(),
        data: Some(data),
    }
}
