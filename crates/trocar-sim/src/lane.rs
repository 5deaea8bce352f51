//! A lane: one state of the run with its measures. The run itself is a lane, and so is each twin.

use crate::case::Case;
use crate::observe::Observer;
use crate::state::State;
use crate::step::{Inputs, Scratch, StepError, begin_step, finish_step_with, publish_start};
use trocar_control::outside::{Failure, Outside};
use trocar_signal::{Table, Time};

/// A state that goes on, and what is measured on it.
pub(crate) struct Lane {
    pub state: State,
    pub scratch: Scratch,
    pub observer: Observer,
    pub outside: Box<dyn Outside>,
    /// Of each slot that is filled from outside: when its controller fell silent, and why.
    pub silent: Vec<Option<(Time, Failure)>>,
    motion: u64,
}

impl Lane {
    pub(crate) fn new(case: &Case, state: State, outside: Box<dyn Outside>) -> Lane {
        let scratch = Scratch::new(&case.model);
        let silent = vec![None; case.model.outside.len()];
        Lane { state, scratch, observer: Observer::new(case), outside, silent, motion: 0 }
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
            observer: self.observer.clone(),
            outside,
            silent: self.silent.clone(),
            motion: self.motion,
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
        self.observer.observe(case, &self.state.table, twin, now);
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
