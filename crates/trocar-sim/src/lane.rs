//! A lane: one state of the run with its measures. The run itself is a lane, and so is each twin.

use crate::case::{Case, Feed, MeasurePlan, Source};
use crate::scope::{Constant, TableOperands};
use crate::state::State;
use crate::step::{Inputs, Scratch, StepError, begin_step, finish_step_with, publish_start};
use trocar_control::outside::{Failure, Outside};
use trocar_logic::Condition;
use trocar_measure::{Measure, NoFigure, Reading, SampleLabel, WindowAt};
use trocar_signal::{GroupId, Table, Time};

/// A state that goes on, and what is measured on it.
pub(crate) struct Lane {
    pub state: State,
    pub scratch: Scratch,
    pub measures: Vec<MeasureLane>,
    pub outside: Box<dyn Outside>,
    /// Of each slot that is filled from outside: when its controller fell silent, and why.
    pub silent: Vec<Option<(Time, Failure)>>,
    reading: u64,
    /// How many readings at the ends of dwells the phase has had.
    dwells: u32,
    motion: u64,
    /// The phase that ran at the last step, and since when.
    phase: usize,
    phase_began: Time,
}

/// A measure at work.
#[derive(Clone)]
pub(crate) struct MeasureLane {
    measure: Measure,
    /// The sequence of each source when it was read last.
    seen: [u64; 2],
    /// The words of its condition's edges.
    edges: Vec<u64>,
    /// Why a reading was refused, the first time.
    refused: Option<String>,
}

impl Lane {
    pub(crate) fn new(case: &Case, state: State, outside: Box<dyn Outside>) -> Lane {
        let scratch = Scratch::new(&case.model);
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
        let silent = vec![None; case.model.outside.len()];
        let (phase, phase_began) = (0, Time::ZERO);
        Lane {
            state,
            scratch,
            measures,
            outside,
            silent,
            reading: 0,
            dwells: 0,
            motion: 0,
            phase,
            phase_began,
        }
    }

    /// The second part of a step.
    pub(crate) fn finish_step(&mut self, case: &Case) -> Result<(), StepError> {
        let now = case.model.step_instant(self.state.step);
        finish_step_with(&case.model, &mut self.state, self.outside.as_mut(), &mut self.scratch)?;
        for (slot, failure) in self.scratch.silent.drain(..) {
            self.silent[slot].get_or_insert((now, failure));
        }
        Ok(())
    }

    /// A lane that goes on from here on its own. It is called `name` where exchanges with controllers are kept.
    ///
    /// # Errors
    /// Where a controller cannot serve it.
    pub(crate) fn fork(&mut self, case: &Case, inputs: &Inputs, name: &str) -> Result<Lane, StepError> {
        let at = case.model.step_instant(self.state.step);
        let failed = |failure: Failure| StepError::Twin { twin: name.to_owned(), at, what: failure.what };
        let fork = self.outside.fork(name).map_err(failed)?;
        let mut outside = fork.outside;
        if fork.must_catch_up {
            self.lead(case, inputs, outside.as_mut())?;
        }
        Ok(Lane {
            state: self.state.clone(),
            scratch: Scratch::new(&case.model),
            measures: self.measures.clone(),
            outside,
            silent: self.silent.clone(),
            reading: self.reading,
            dwells: self.dwells,
            motion: self.motion,
            phase: self.phase,
            phase_began: self.phase_began,
        })
    }

    /// Leads controllers through the run from its beginning to the first part of the present step.
    fn lead(&self, case: &Case, inputs: &Inputs, outside: &mut dyn Outside) -> Result<(), StepError> {
        let model = &case.model;
        let mut state = model.initial_state(&case.changes);
        let mut scratch = Scratch::new(model);
        let mut motion = 0;
        publish_start(model, &mut state, &mut scratch)?;
        while state.step < self.state.step {
            begin_step(model, &mut state, inputs, &mut scratch)?;
            vary(case, &mut state, &mut motion);
            finish_step_with(model, &mut state, outside, &mut scratch)?;
        }
        Ok(())
    }

    /// Draws anew what varies from motion to motion, when the program has begun one.
    pub(crate) fn vary(&mut self, case: &Case) {
        vary(case, &mut self.state, &mut self.motion);
    }

    /// Takes the readings that are due after a step. `twin`: the table of the run without its faults.
    pub(crate) fn measure(&mut self, case: &Case, now: Time, twin: Option<&Table>) {
        let table = &self.state.table;
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

    /// Why readings were refused, by measure.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (usize, &str)> {
        self.measures.iter().enumerate().filter_map(|(i, lane)| Some((i, lane.refused.as_deref()?)))
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

/// Draws anew what varies from motion to motion, when the program has begun another than `last`.
fn vary(case: &Case, state: &mut State, last: &mut u64) {
    let motion = state.table.header(case.program.motion).sequence;
    if motion == *last {
        return;
    }
    *last = motion;
    for variation in &case.motion_variation {
        let stream = trocar_math::random::Stream::new(
            case.model.seed,
            case.model.run_index,
            // The path alone names the draw, so that another variation changes nothing here.
            &variation.path,
        );
        let draw = stream.at(motion, 0);
        let value = variation.law.value(variation.nominal, draw);
        // A friction or a mass that the law would make negative stays at zero.
        let value = if variation.nominal >= 0.0 { trocar_math::max(value, 0.0) } else { value };
        state.parameters[variation.parameter] = value;
    }
}

fn values(table: &Table, source: Source) -> &[f64] {
    let values = table.values(source.group);
    match source.element {
        Some(element) => &values[element as usize..=element as usize],
        None => values,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trocar_control::outside::Nobody;
    use trocar_math::random::Stream;
    use trocar_scenario::{Files, Overrides, load};

    fn repeatability() -> Case {
        let address = "trocar:scenarios/laparoscopic/accuracy/pose_repeatability.toml";
        let loaded = load(&Files::library(), address, &Overrides::default());
        let loaded = loaded.unwrap_or_else(|failure| panic!("{:?}", failure.diagnostics));
        crate::Compiled { loaded: &loaded }.case(0).unwrap_or_else(|e| panic!("{e:?}"))
    }

    #[test]
    fn what_varies_each_motion_is_drawn_when_one_begins_and_stays_until_the_next() {
        let case = repeatability();
        let mut lane = Lane::new(&case, case.model.initial_state(&case.changes), Box::new(Nobody));
        let nominal = lane.state.parameters.clone();
        assert!(case.motion_variation.len() > 1);
        let expected = |motion: u64| {
            let mut values = nominal.clone();
            for variation in &case.motion_variation {
                let draw = Stream::new(case.model.seed, 0, &variation.path).at(motion, 0);
                values[variation.parameter] = variation.law.value(variation.nominal, draw);
            }
            values
        };
        lane.vary(&case);
        assert_eq!(lane.state.parameters, nominal, "before the first motion");
        for motion in 1..4 {
            lane.state.table.write(case.program.motion, Time(motion), true, &[motion as f64]);
            for _ in 0..2 {
                lane.vary(&case);
                assert_eq!(lane.state.parameters, expected(motion), "motion {motion}");
            }
        }
        assert_ne!(expected(1), expected(2));
        // A fork goes on with the same draws, and does not draw before the next motion.
        let mut fork = lane.fork(&case, &Inputs::default(), "twin").unwrap();
        fork.vary(&case);
        assert_eq!(fork.state.parameters, lane.state.parameters);
    }

    #[test]
    fn a_value_that_cannot_be_negative_stays_at_zero() {
        let mut case = repeatability();
        case.motion_variation[0].law = crate::case::Law::Uniform(-9.0, -8.0);
        let mut lane = Lane::new(&case, case.model.initial_state(&case.changes), Box::new(Nobody));
        lane.state.table.write(case.program.motion, Time(1), true, &[1.0]);
        lane.vary(&case);
        assert!(case.motion_variation[0].nominal >= 0.0 && case.motion_variation[0].nominal < 8.0);
        assert_eq!(lane.state.parameters[case.motion_variation[0].parameter], 0.0);
    }
}
