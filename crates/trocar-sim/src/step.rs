//! One step of a run.

use crate::model::Model;
use crate::schedule::Pace;
use crate::state::{Release, State};
use std::any::Any;
use trocar_control::outside::{Failure, Nobody, OnFailure, Outside, Reply, Request};
use trocar_signal::component::{Activation, Outbox, Outgoing};
use trocar_signal::{GroupId, Nanos, Time};

/// Writes from outside, stamped: an external controller, a person in the viewer. They are part of a result, so that a
/// run with an outside party replays without it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    writes: Vec<Input>,
}

/// One write from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// It is in the table at the first step not before this.
    pub at: Time,
    /// The command group.
    pub group: GroupId,
    /// Its values.
    pub values: Vec<f64>,
}

impl Inputs {
    /// Inputs in order of time; equal instants keep the given order. Writes that do not fit their group or are not
    /// finite are refused.
    ///
    /// # Errors
    /// The place in `writes` of the first that is refused.
    pub fn new(model: &Model, mut writes: Vec<Input>) -> Result<Inputs, usize> {
        for (place, write) in writes.iter().enumerate() {
            let fits = (write.group.0 as usize) < model.layout.group_count()
                && model.layout.spec(write.group).writer == "clients"
                && model.layout.spec(write.group).elements.len() == write.values.len();
            if !fits || write.values.iter().any(|v| !v.is_finite()) {
                return Err(place);
            }
        }
        writes.sort_by_key(|write| write.at);
        Ok(Inputs { writes })
    }
}

/// Working memory of a run: carries nothing from one step to the next.
pub struct Scratch {
    outbox: Outbox,
    of_seats: Vec<Box<dyn Any + Send>>,
    values: Vec<f64>,
    replies: Vec<Reply>,
    /// Controllers that have failed and fallen silent, since somebody last looked.
    pub(crate) silent: Vec<(usize, Failure)>,
}

impl Scratch {
    /// For runs of this model.
    #[must_use]
    pub fn new(model: &Model) -> Scratch {
        Scratch {
            outbox: Outbox::for_layout(&model.layout),
            of_seats: model.seats.iter().map(|seat| seat.component.scratch()).collect(),
            values: vec![0.0; model.widest_group],
            replies: model.outside.iter().map(|slot| Reply::new(&slot.description)).collect(),
            silent: Vec::new(),
        }
    }
}

/// Why a run cannot go on: its verdicts become ERROR.
#[derive(Clone, Debug, PartialEq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum StepError {
    /// A component cannot go on.
    #[error("{component} at {at}: {what}")]
    Component {
        /// Its path.
        component: String,
        /// When.
        at: Time,
        /// One sentence.
        what: String,
    },
    /// A component computed a number that is not finite.
    #[error("diverged at {at}: {signal}, written by {component}, is not finite; the run stopped there")]
    NotFinite {
        /// The signal.
        signal: String,
        /// Its writer.
        component: String,
        /// When.
        at: Time,
    },
    /// A controller from outside failed.
    #[error("{controller} at {at}: it {what}")]
    Controller {
        /// Which: its name in the scenario, and the slot that it fills.
        controller: String,
        /// When.
        at: Time,
        /// What it did, as a sentence without its subject.
        what: String,
    },
    /// A twin has no controller to go on with.
    #[error("the twin `{twin}`, which parts from the run at {at}, has no controller: it {what}")]
    Twin {
        /// Its name.
        twin: String,
        /// When.
        at: Time,
        /// What the controller did, as a sentence without its subject.
        what: String,
    },
    /// More outputs under way than the model has places for.
    #[error(
        "{component} at {at}: too many outputs under way; they are delayed longer than the component declares"
    )]
    TooManyUnderWay {
        /// The writer.
        component: String,
        /// When.
        at: Time,
    },
}

/// Puts into the table what must stand there at the start (the pose of a mechanism). Called once on a fresh state.
///
/// # Errors
/// [`StepError`] as for [`step`].
pub fn publish_start(model: &Model, state: &mut State, scratch: &mut Scratch) -> Result<(), StepError> {
    for seat in 0..model.seats.len() {
        activate(model, state, &mut Nobody, scratch, seat, (Time::ZERO, Time::ZERO), Nanos::ZERO, true)?;
    }
    Ok(())
}

/// Advances a run by one step: outputs that are due appear, outside inputs arrive, clients act, faults begin and end,
/// tasks that were released run in their order, and the mechanisms move to the end of the step.
///
/// Reads no clock, does no I/O, draws from no global generator and allocates nothing once its buffers are warm.
///
/// # Errors
/// [`StepError`] when a component cannot go on; the state is then that of the failing instant.
pub fn step(
    model: &Model,
    state: &mut State,
    inputs: &Inputs,
    scratch: &mut Scratch,
) -> Result<(), StepError> {
    begin_step(model, state, inputs, scratch)?;
    finish_step(model, state, scratch)
}

/// The first part of a step, up to the instant at which faults begin or end. A twin is a copy of the state made here.
///
/// # Errors
/// As [`step`].
pub fn begin_step(
    model: &Model,
    state: &mut State,
    inputs: &Inputs,
    scratch: &mut Scratch,
) -> Result<(), StepError> {
    let now = model.step_instant(state.step);
    while let Some((group, stamp, valid)) = state.pending.pop_due(now, &mut scratch.values) {
        let len = state.table.values(group).len();
        commit(model, state, &mut scratch.values[..len], group, stamp, now, valid);
    }
    while let Some(input) = inputs.writes.get(state.next_input as usize) {
        if input.at > now {
            break;
        }
        let values = &mut scratch.values[..input.values.len()];
        values.copy_from_slice(&input.values);
        commit(model, state, values, input.group, input.at, now, true);
        state.next_input += 1;
    }
    // Clients come first: a fault that begins with a phase begins at the phase's first instant.
    run_seats(model, state, &mut Nobody, scratch, 0..model.client_seats)?;
    model.faults.update(now, &state.table, &mut state.faults);
    Ok(())
}

/// The second part of a step, of a model without controllers from outside.
///
/// # Errors
/// As [`step`].
pub fn finish_step(model: &Model, state: &mut State, scratch: &mut Scratch) -> Result<(), StepError> {
    finish_step_with(model, state, &mut Nobody, scratch)
}

/// The second part of a step. `outside` answers for the slots that controllers from outside fill: what it answers is all of
/// the outside that enters the state.
///
/// # Errors
/// As [`step`], and where a controller fails that must not.
pub fn finish_step_with(
    model: &Model,
    state: &mut State,
    outside: &mut dyn Outside,
    scratch: &mut Scratch,
) -> Result<(), StepError> {
    run_seats(model, state, outside, scratch, model.client_seats..model.seats.len())?;
    state.step += 1;
    Ok(())
}

fn run_seats(
    model: &Model,
    state: &mut State,
    outside: &mut dyn Outside,
    scratch: &mut Scratch,
    seats: std::ops::Range<usize>,
) -> Result<(), StepError> {
    let now = model.step_instant(state.step);
    let step_end = model.step_instant(state.step + 1);
    for seat in seats {
        if let Pace::Task(_) = model.seats[seat].pace
            && state.releases[seat].due > now
        {
            continue;
        }
        let last = state.releases[seat].last;
        let elapsed = if last == Time::NEVER { Nanos::ZERO } else { now.since(last) };
        activate(model, state, outside, scratch, seat, (now, step_end), elapsed, false)?;
        let next = match model.seats[seat].pace {
            Pace::EveryStep => Release { k: state.releases[seat].k + 1, due: Time::ZERO, last: now },
            Pace::Task(_) => {
                // A release that fell into the same step as the one before it is merged with it.
                let mut next = model.release(seat, state.releases[seat].k + 1);
                while next.due <= now {
                    next = model.release(seat, next.k + 1);
                }
                Release { last: now, ..next }
            }
        };
        state.releases[seat] = next;
    }
    Ok(())
}

#[expect(
    clippy::too_many_arguments,
    reason = "an activation is all of this, and a struct of it would be made for each"
)]
fn activate(
    model: &Model,
    state: &mut State,
    outside: &mut dyn Outside,
    scratch: &mut Scratch,
    at: usize,
    (now, step_end): (Time, Time),
    elapsed: Nanos,
    start: bool,
) -> Result<(), StepError> {
    let seat = &model.seats[at];
    let outbox = &mut scratch.outbox;
    outbox.items.clear();
    outbox.values.clear();
    outbox.not_finite = None;
    if let Some(slot) = seat.outside
        && !start
    {
        ask_outside(model, state, outside, scratch, slot, now, elapsed)?;
        return deliver(model, state, scratch, at, now, start);
    }
    let outbox = &mut scratch.outbox;
    let mut activation = Activation {
        now,
        step_end,
        elapsed,
        state: &mut state.words[seat.words.clone()],
        scratch: &mut scratch.of_seats[at],
        table: &mut state.table,
        reads: &seat.reads,
        writes: &seat.writes,
        parameters: &state.parameters,
        first_parameter: seat.first_parameter,
        stream: model.streams[at],
        outbox,
    };
    let done = if start {
        seat.component.publish_start(&mut activation)
    } else {
        seat.component.activate(&mut activation)
    };
    done.map_err(|what| StepError::Component { component: seat.path.clone(), at: now, what })?;
    if let Some((group, element)) = scratch.outbox.not_finite {
        return Err(StepError::NotFinite {
            signal: model.layout.spec(group).element_path(element),
            component: seat.path.clone(),
            at: now,
        });
    }
    deliver(model, state, scratch, at, now, start)
}

/// Puts a request before the controller of a slot, and its reply into the outbox.
fn ask_outside(
    model: &Model,
    state: &mut State,
    outside: &mut dyn Outside,
    scratch: &mut Scratch,
    slot: usize,
    now: Time,
    elapsed: Nanos,
) -> Result<(), StepError> {
    let place = &model.outside[slot];
    let seat = &model.seats[place.seat];
    let parameters = &state.parameters[seat.first_parameter..seat.first_parameter + seat.parameter_count];
    let activation = state.releases[place.seat].k;
    let words = &state.words[seat.words.clone()];
    let request = Request::new((activation, now, elapsed), &state.table, &seat.reads, parameters, words);
    let reply = &mut scratch.replies[slot];
    reply.begin(&request);
    if let Err(failure) = outside.exchange(slot, &request, reply) {
        return match place.config.on_failure {
            OnFailure::Silent => {
                scratch.silent.push((slot, failure));
                Ok(())
            }
            OnFailure::Error => Err(StepError::Controller {
                controller: place.description.who(),
                at: now,
                what: failure.what,
            }),
        };
    }
    for taken in reply.taken() {
        state.table.take(seat.reads[taken]);
    }
    state.words[seat.words.clone()].copy_from_slice(&reply.state);
    for (place, values, stamp, valid) in reply.written() {
        let start = scratch.outbox.values.len();
        scratch.outbox.values.extend_from_slice(values);
        let group = seat.writes[place];
        scratch.outbox.items.push(Outgoing { group, start, stamp, delay: Nanos::ZERO, valid });
    }
    Ok(())
}

/// Sends what stands in the outbox on its way.
fn deliver(
    model: &Model,
    state: &mut State,
    scratch: &mut Scratch,
    at: usize,
    now: Time,
    start: bool,
) -> Result<(), StepError> {
    let seat = &model.seats[at];
    let compute = match seat.pace {
        Pace::Task(task) if !start => task.compute_time,
        _ => Nanos::ZERO,
    };
    for place in 0..scratch.outbox.items.len() {
        let item = scratch.outbox.items[place];
        let len = state.table.values(item.group).len();
        let values = &mut scratch.outbox.values[item.start..item.start + len];
        let delay = Nanos(compute.0 + item.delay.0);
        if delay == Nanos::ZERO {
            commit(model, state, values, item.group, item.stamp, now, item.valid);
        } else if !state.pending.push(now.plus(delay), item.group, item.stamp, item.valid, values) {
            return Err(StepError::TooManyUnderWay { component: seat.path.clone(), at: now });
        }
    }
    Ok(())
}

/// Puts a group into the table, changed by the faults that are active on it; then the private copies of readers that a
/// fault was aimed at alone.
fn commit(
    model: &Model,
    state: &mut State,
    values: &mut [f64],
    group: GroupId,
    stamp: Time,
    now: Time,
    valid: bool,
) {
    if !model.faults.targets(group) {
        state.table.write(group, stamp, valid, values);
        return;
    }
    for copy in model.faults.private_copies(group) {
        let mut of_copy = [0.0; MAX_PRIVATE];
        let of_copy = &mut of_copy[..values.len()];
        of_copy.copy_from_slice(values);
        let mut copy_valid = valid;
        model.faults.intercept_copy(copy, now, of_copy, &mut copy_valid, &mut state.faults);
        state.table.write(copy, stamp, copy_valid, of_copy);
    }
    let mut valid = valid;
    model.faults.intercept(group, now, values, &mut valid, &mut state.faults);
    state.table.write(group, stamp, valid, values);
}

/// Most numbers of a group that a fault may change for one reader alone.
pub const MAX_PRIVATE: usize = 64;
