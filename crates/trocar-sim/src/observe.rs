//! What the measures of a case read from a table as time goes on, whether the table is that of a run or is filled from
//! the recording of a laboratory.

use crate::case::{Case, Feed, MeasurePlan, Source};
use crate::scope::{Constant, TableOperands};
use trocar_logic::Condition;
use trocar_measure::{Measure, NoFigure, Reading, SampleLabel, WindowAt};
use trocar_signal::{GroupId, Table, Time};

/// The measures of a case at work.
#[derive(Clone)]
pub(crate) struct Observer {
    measures: Vec<MeasureLane>,
    reading: u64,
    /// How many readings at the ends of dwells the phase has had.
    dwells: u32,
    /// The phase that ran at the last instant, and since when.
    phase: usize,
    phase_began: Time,
}

/// A measure at work.
#[derive(Clone)]
struct MeasureLane {
    measure: Measure,
    /// The sequence of each source when it was read last.
    seen: [u64; 2],
    /// The words of its condition's edges.
    edges: Vec<u64>,
    /// Why a reading was refused, the first time.
    refused: Option<String>,
}

impl Observer {
    /// Before the first reading.
    pub(crate) fn new(case: &Case) -> Observer {
        let measures = case
            .measures
            .iter()
            .map(|plan| MeasureLane {
                measure: plan.measure.clone(),
                seen: [0; 2],
                edges: vec![0; plan.condition.as_ref().map_or(0, Condition::state_words)],
                refused: None,
            })
            .collect();
        Observer { measures, reading: 0, dwells: 0, phase: 0, phase_began: Time::ZERO }
    }

    /// Takes the readings that are due at an instant. `twin`: the table of the run without its faults.
    pub(crate) fn observe(&mut self, case: &Case, table: &Table, twin: Option<&Table>, now: Time) {
        let phase = table.values(case.program.phase)[0] as usize;
        if phase != self.phase {
            (self.phase, self.phase_began, self.dwells) = (phase, now, 0);
        }
        let reading = table.header(case.program.reading).sequence;
        let dwell_ended = reading != self.reading;
        self.reading = reading;
        let dwells = self.dwells;
        self.dwells += u32::from(dwell_ended);
        let cycle = table.values(case.program.cycle)[0] as u32;
        for (plan, lane) in case.measures.iter().zip(&mut self.measures) {
            let began = if plan.window.phase.is_some() { self.phase_began } else { Time::ZERO };
            let inside =
                plan.window.phase.is_none_or(|p| p == phase) && now.since(began) >= plan.window.after;
            let label = match plan.visits.len() as u32 {
                // A motion that visits no poses is read once in each cycle, which may be over with the reading.
                0 => SampleLabel { cycle: if dwell_ended { dwells } else { cycle }, visit: 0 },
                items => {
                    let visit = plan.visits[(dwells % items) as usize];
                    SampleLabel { cycle: dwells / items, visit }
                }
            };
            // A condition is asked at every step, so that it sees its edges.
            let holds = lane.holds(plan, table, &case.constants);
            if let (Some(holds), true) = (holds, inside) {
                lane.take(now, label, Reading::Values(&[f64::from(u8::from(holds))]));
            } else if holds.is_none() {
                lane.read(plan, table, twin, now, label, inside, dwell_ended);
            }
        }
    }

    /// The figures of what was read.
    pub(crate) fn finish(&self) -> Vec<Result<Vec<trocar_measure::FigureRow>, NoFigure>> {
        self.measures.iter().map(|lane| lane.measure.finish()).collect()
    }

    /// The first measure that refused a reading, and why, in a sentence.
    pub(crate) fn refusal(&self, case: &Case) -> Option<String> {
        let mut lanes = case.measures.iter().zip(&self.measures);
        let (plan, why) = lanes.find_map(|(plan, lane)| Some((plan, lane.refused.as_deref()?)))?;
        Some(format!("measure `{}` refused a reading {why}", plan.name))
    }
}

impl MeasureLane {
    /// Of a measure of something that holds or does not: whether it holds now.
    fn holds(&mut self, plan: &MeasurePlan, table: &Table, constants: &[Constant]) -> Option<bool> {
        match (plan.feed, &plan.condition) {
            (Feed::Validity(group), _) => Some(table.header(group).valid == 1),
            (Feed::Condition, Some(condition)) => {
                let operands = TableOperands { table, constants, renamed: &[] };
                Some(condition.evaluate(&operands, &mut self.edges).is_true())
            }
            _ => None,
        }
    }

    fn take(&mut self, now: Time, label: SampleLabel, reading: Reading<'_>) {
        if let Err(error) = self.measure.sample(now, label, reading)
            && self.refused.is_none()
        {
            self.refused = Some(format!("at {now}: {error}"));
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one reading is all of this, and nothing of it belongs together"
    )]
    fn read(
        &mut self,
        plan: &MeasurePlan,
        table: &Table,
        twin: Option<&Table>,
        now: Time,
        label: SampleLabel,
        inside: bool,
        dwell_ended: bool,
    ) {
        let (first, second) = match plan.feed {
            Feed::Values(source) | Feed::Twin(source) | Feed::Motion(source) => (source.group, None),
            Feed::After(event, source) => (source.group, Some(event)),
            Feed::Against(source, against) => (source.group, Some(against.group)),
            Feed::Events(from, to) => (from, Some(to)),
            Feed::Condition | Feed::Validity(_) => return,
        };
        let fresh = |seen: &mut u64, group: GroupId| {
            let sequence = table.header(group).sequence;
            let is_fresh = sequence != *seen;
            *seen = sequence;
            is_fresh
        };
        let fresh_first = fresh(&mut self.seen[0], first);
        let fresh_second = second.is_some_and(|group| fresh(&mut self.seen[1], group));
        if !inside {
            return;
        }
        let due = match plan.window.at {
            WindowAt::DwellEnd => dwell_ended,
            WindowAt::Throughout | WindowAt::End => fresh_first,
        };
        let stamp = |group: GroupId| table.header(group).stamp;
        let result = match plan.feed {
            Feed::Events(from, to) => {
                let mut result = Ok(());
                // Of two events in one step the earlier comes first; the recorder's stamps are finer than the step.
                let to_first = fresh_second && fresh_first && stamp(to) < stamp(from);
                for is_from in if to_first { [false, true] } else { [true, false] } {
                    let (group, is_fresh, reading) = match is_from {
                        true => (from, fresh_first, Reading::From),
                        false => (to, fresh_second, Reading::To),
                    };
                    if is_fresh && result.is_ok() {
                        result = self.measure.sample(stamp(group), label, reading);
                    }
                }
                result
            }
            Feed::After(event, source) => {
                let signal = match fresh_second {
                    true => self.measure.sample(stamp(event), label, Reading::From),
                    false => Ok(()),
                };
                signal.and_then(|()| match due && table.header(first).valid == 1 {
                    true => self.measure.sample(stamp(first), label, Reading::Values(values(table, source))),
                    false => Ok(()),
                })
            }
            Feed::Motion(source) => {
                let read = match due && table.header(first).valid == 1 {
                    true => self.measure.sample(stamp(first), label, Reading::Values(values(table, source))),
                    false => Ok(()),
                };
                read.and_then(|()| match dwell_ended {
                    true => self.measure.sample(now, label, Reading::DwellEnd),
                    false => Ok(()),
                })
            }
            _ if !due || table.header(first).valid == 0 => Ok(()),
            Feed::Values(source) => self.measure.sample(now, label, Reading::Values(values(table, source))),
            Feed::Against(_, against) if table.header(against.group).valid == 0 => Ok(()),
            Feed::Against(source, against) => {
                let reading =
                    Reading::Pair { values: values(table, source), reference: values(table, against) };
                self.measure.sample(stamp(first), label, reading)
            }
            Feed::Twin(source) => match twin {
                Some(twin) => {
                    let reading =
                        Reading::Pair { values: values(table, source), reference: values(twin, source) };
                    self.measure.sample(now, label, reading)
                }
                None => Ok(()),
            },
            Feed::Condition | Feed::Validity(_) => Ok(()),
        };
        if let Err(error) = result
            && self.refused.is_none()
        {
            self.refused = Some(format!("at {now}: {error}"));
        }
    }
}

fn values(table: &Table, source: Source) -> &[f64] {
    let values = table.values(source.group);
    match source.element {
        Some(element) => &values[element as usize..=element as usize],
        None => values,
    }
}
