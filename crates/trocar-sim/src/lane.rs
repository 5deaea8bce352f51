//! A lane: one state of the run with its measures. The run itself is a lane, and so is each twin.

use crate::case::{Case, Feed, MeasurePlan, Source};
use crate::state::State;
use crate::step::Scratch;
use trocar_measure::{Measure, NoFigure, Reading, SampleLabel, WindowAt};
use trocar_signal::{GroupId, Table, Time};

/// A state that goes on, and what is measured on it.
pub(crate) struct Lane {
    pub state: State,
    pub scratch: Scratch,
    pub measures: Vec<MeasureLane>,
    reading: u64,
    motion: u64,
}

/// A measure at work.
#[derive(Clone)]
pub(crate) struct MeasureLane {
    measure: Measure,
    /// The sequence of each source when it was read last.
    seen: [u64; 2],
    /// Why a reading was refused, the first time.
    refused: Option<String>,
}

impl Lane {
    pub(crate) fn new(case: &Case, state: State) -> Lane {
        let scratch = Scratch::new(&case.model);
        let measures = case
            .measures
            .iter()
            .map(|plan| MeasureLane { measure: plan.measure.clone(), seen: [0; 2], refused: None })
            .collect();
        Lane { state, scratch, measures, reading: 0, motion: 0 }
    }

    /// A lane that goes on from here on its own.
    pub(crate) fn fork(&self, case: &Case) -> Lane {
        Lane {
            state: self.state.clone(),
            scratch: Scratch::new(&case.model),
            measures: self.measures.clone(),
            reading: self.reading,
            motion: self.motion,
        }
    }

    /// Draws anew what varies from motion to motion, when the program has begun one.
    pub(crate) fn vary(&mut self, case: &Case) {
        let motion = self.state.table.header(case.program.motion).sequence;
        if motion == self.motion {
            return;
        }
        self.motion = motion;
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
            self.state.parameters[variation.parameter] = value;
        }
    }

    /// Takes the readings that are due after a step. `twin`: the table of the run without its faults.
    pub(crate) fn measure(&mut self, case: &Case, now: Time, twin: Option<&Table>) {
        let table = &self.state.table;
        let phase = table.values(case.program.phase)[0] as usize;
        let reading = table.header(case.program.reading).sequence;
        let dwell_ended = reading != self.reading;
        self.reading = reading;
        let label = SampleLabel {
            cycle: table.values(case.program.cycle)[0] as u32,
            pose: table.values(case.program.pose)[0] as u32,
        };
        for (plan, lane) in case.measures.iter().zip(&mut self.measures) {
            let inside = plan.window.phase.is_none_or(|p| p == phase);
            lane.read(plan, table, twin, now, label, inside, dwell_ended);
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
            Feed::Values(source) | Feed::Twin(source) => (source.group, None),
            Feed::Against(source, against) => (source.group, Some(against.group)),
            Feed::Events(from, to) => (from, Some(to)),
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
        let label = match plan.poses.get(label.pose as usize) {
            Some(Some(pose)) => SampleLabel { pose: *pose, ..label },
            // A pose that the measure's phase does not visit: only readings that need no pose count.
            Some(None) if plan.window.at == WindowAt::DwellEnd => return,
            _ => label,
        };
        let due = match plan.window.at {
            WindowAt::DwellEnd => dwell_ended,
            WindowAt::Throughout => fresh_first,
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
            _ if !due || table.header(first).valid == 0 => Ok(()),
            Feed::Values(source) => self.measure.sample(now, label, Reading::Values(values(table, source))),
            Feed::Against(source, against) => {
                let reading =
                    Reading::Pair { values: values(table, source), reference: values(table, against) };
                self.measure.sample(now, label, reading)
            }
            Feed::Twin(source) => match twin {
                Some(twin) => {
                    let reading =
                        Reading::Pair { values: values(table, source), reference: values(twin, source) };
                    self.measure.sample(now, label, reading)
                }
                None => Ok(()),
            },
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

#[cfg(test)]
mod tests {
    use super::*;
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
        let mut lane = Lane::new(&case, case.model.initial_state(&case.changes));
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
        let mut fork = lane.fork(&case);
        fork.vary(&case);
        assert_eq!(fork.state.parameters, lane.state.parameters);
    }

    #[test]
    fn a_value_that_cannot_be_negative_stays_at_zero() {
        let mut case = repeatability();
        case.motion_variation[0].law = crate::case::Law::Uniform(-9.0, -8.0);
        let mut lane = Lane::new(&case, case.model.initial_state(&case.changes));
        lane.state.table.write(case.program.motion, Time(1), true, &[1.0]);
        lane.vary(&case);
        assert!(case.motion_variation[0].nominal >= 0.0 && case.motion_variation[0].nominal < 8.0);
        assert_eq!(lane.state.parameters[case.motion_variation[0].parameter], 0.0);
    }
}
