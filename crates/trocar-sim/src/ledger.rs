//! The ledger of each fault: its twin runs beside the run, and what differs between them is its effect.
//!
//! How far it takes a robot is told by the tool tip, and by the joint that is furthest off where there is none.

use crate::case::{ArmGroups, Case, FaultFigure, Watched};
use crate::judge::reported;
use crate::lane::Lane;
use crate::outcome::FaultOutcome;
use crate::run::{exact, step_bound_time};
use crate::step::{Inputs, StepError, begin_step};
use trocar_control::StopBehaviour;
use trocar_fault::{Ledger, Noted, Outcome};
use trocar_measure::Figure;
use trocar_signal::{Dimension, GroupId, GroupKind, Layout, Table, Time};

/// Slower than this the tool tip counts as at rest: of the order of a hand's tremor speed.
pub const REST_SPEED_MPS: f64 = 1e-3;
/// Slower than this each joint of a robot without a tip counts as at rest: what moves the end of a lever of 0.5 m, the size of a
/// leg's segment, by [`REST_SPEED_MPS`]; assumed.
pub const REST_SPEED_RADPS: f64 = 2e-3;

/// A fault began or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FaultEvent {
    pub fault: usize,
    pub began: bool,
}

/// What is kept of one fault while the run goes on.
#[derive(Clone, Debug, Default)]
struct Entry {
    ledger: Ledger,
    last_moving: Option<Time>,
    /// In the case's dimension of deviations.
    deviation_until_reaction: f64,
}

struct Twin {
    lane: Lane,
    /// The fault that it lacks; `None` for the control, which lacks all.
    without: Option<usize>,
    failed: bool,
}

/// All faults of a run.
pub(crate) struct Ledgers {
    entries: Vec<Entry>,
    twins: Vec<Twin>,
    events: Vec<FaultEvent>,
    /// What is watched of each arm as it stood a step before.
    last: Vec<Vec<f64>>,
}

impl Ledgers {
    pub(crate) fn new(case: &Case) -> Ledgers {
        let mut entry = Entry::default();
        entry.ledger.armed = Some(Time::ZERO);
        for arm in &case.arms {
            entry.ledger.watch(case.model.layout.spec(arm.watched.group()).path.clone());
        }
        Ledgers {
            entries: vec![entry; case.faults.len()],
            twins: Vec::new(),
            events: Vec::new(),
            last: case.arms.iter().map(|arm| vec![0.0; arm.watched.count()]).collect(),
        }
    }

    /// The twins' share of the first part of a step.
    pub(crate) fn begin_twins(&mut self, case: &Case, inputs: &Inputs) {
        for twin in self.twins.iter_mut().filter(|t| !t.failed) {
            let lane = &mut twin.lane;
            twin.failed = begin_step(&case.model, &mut lane.state, inputs, &mut lane.scratch).is_err();
            if !twin.failed {
                lane.vary(case);
            }
        }
    }

    /// Parts a twin from the run for each fault that has just become active.
    ///
    /// # Errors
    /// Where a controller cannot serve the twin.
    pub(crate) fn fork_twins(
        &mut self,
        case: &Case,
        inputs: &Inputs,
        main: &mut Lane,
    ) -> Result<(), StepError> {
        let faults = &case.model.faults;
        for fault in 0..self.entries.len() {
            let is_active = faults.is_active(&main.state.faults, fault);
            let entry = &mut self.entries[fault].ledger;
            if entry.active.is_none() && is_active {
                entry.active = Some(case.model.step_instant(main.state.step));
                self.events.push(FaultEvent { fault, began: true });
                let mut lane = main.fork(case, inputs, &format!("without-{}", case.faults[fault].name))?;
                faults.mask(&mut lane.state.faults, fault);
                lane.vary(case);
                self.twins.push(Twin { lane, without: Some(fault), failed: false });
                let has_control = self.twins.iter().any(|t| t.without.is_none());
                if case.faults.len() > 1 && !has_control {
                    let mut lane = main.fork(case, inputs, "without-faults")?;
                    (0..case.faults.len()).for_each(|f| faults.mask(&mut lane.state.faults, f));
                    lane.vary(case);
                    self.twins.push(Twin { lane, without: None, failed: false });
                }
            } else if entry.active.is_some() && entry.cleared.is_none() && !is_active {
                entry.cleared = Some(case.model.step_instant(main.state.step));
                self.events.push(FaultEvent { fault, began: false });
            } else if entry.cleared.is_some() && is_active {
                entry.cleared = None;
                self.events.push(FaultEvent { fault, began: true });
            }
        }
        Ok(())
    }

    /// The twins' share of the second part.
    ///
    /// # Errors
    /// Where a controller fails in a twin: nothing could be told from one that goes on without.
    pub(crate) fn finish_twins(&mut self, case: &Case) -> Result<(), StepError> {
        for twin in self.twins.iter_mut().filter(|t| !t.failed) {
            match twin.lane.finish_step(case) {
                Err(error @ StepError::Controller { .. }) => return Err(error),
                done => twin.failed = done.is_err(),
            }
        }
        Ok(())
    }

    pub(crate) fn drain_events(&mut self) -> Vec<FaultEvent> {
        if self.events.is_empty() { Vec::new() } else { std::mem::take(&mut self.events) }
    }

    /// The run without any fault, where there is one.
    pub(crate) fn control(&self) -> Option<&Lane> {
        let all = self.twins.iter().find(|t| t.without.is_none());
        all.or_else(|| self.twins.first()).filter(|t| !t.failed).map(|t| &t.lane)
    }

    /// Takes the readings of a step in every lane and writes down what differs. `now`: the step's first instant.
    pub(crate) fn observe(&mut self, case: &Case, now: Time, main: &mut Lane) {
        {
            let control = self.control().map(|lane| &lane.state.table);
            main.measure(case, now, control);
        }
        for twin in self.twins.iter_mut().filter(|t| !t.failed) {
            twin.lane.measure(case, now, None);
        }
        for (fault, entry) in self.entries.iter_mut().enumerate() {
            let ledger = &mut entry.ledger;
            (ledger.largest_change, ledger.largest_change_at, ledger.writes_changed) =
                case.model.faults.largest_change(&main.state.faults, fault);
        }
        let table = &main.state.table;
        let moving = self.moving(case, table);
        for twin in self.twins.iter().filter(|t| !t.failed) {
            let Some(fault) = twin.without else { continue };
            let entry = &mut self.entries[fault];
            compare(case, now, table, &twin.lane.state.table, entry);
            if moving {
                entry.last_moving = Some(now);
            }
        }
    }

    /// Whether any tool tip, or a joint of a robot without one, moves, by its displacement over the last step.
    fn moving(&mut self, case: &Case, table: &Table) -> bool {
        let step_s = case.model.step_s();
        let mut moving = false;
        for (arm, last) in case.arms.iter().zip(&mut self.last) {
            let watched = &arm.watched;
            let speed =
                if watched.dimension() == Dimension::ANGLE { REST_SPEED_RADPS } else { REST_SPEED_MPS };
            moving |= watched.distance(|place| watched.value(table, place) - last[place]) > speed * step_s;
            for (place, value) in last.iter_mut().enumerate() {
                *value = watched.value(table, place);
            }
        }
        moving
    }

    /// The figures that formulas may ask of a fault.
    pub(crate) fn figures(&self, case: &Case, fault: usize) -> [Result<Figure, String>; 5] {
        let entry = &self.entries[fault];
        let ledger = &entry.ledger;
        let name = &case.faults[fault].name;
        let since = |at: Option<Time>, what: &str| match (ledger.active, at) {
            (Some(active), Some(at)) => Ok(step_bound_time(at.since(active).seconds(), case.model.step_s())),
            (None, _) => Err(format!("{name} never became active")),
            (_, None) => Err(format!("{name} was not {what} before the run ended")),
        };
        let at = |noted: &Option<Noted>| noted.as_ref().map(|n| n.at);
        FaultFigure::ALL.map(|(_, figure)| match figure {
            FaultFigure::ReachedTime => since(at(&ledger.reached), "felt by any output"),
            FaultFigure::DetectionTime => since(at(&ledger.detected), "announced by the device"),
            FaultFigure::ReactionTime => since(at(&ledger.reacted), "reacted to by the device"),
            FaultFigure::SafeTime => since(self.safe(case, fault), "followed by rest"),
            FaultFigure::DeviationUntilReaction if ledger.active.is_some() => {
                Ok(exact(entry.deviation_until_reaction, case.deviation))
            }
            FaultFigure::DeviationUntilReaction => Err(format!("{name} never became active")),
        })
    }

    /// When the arms came to rest for good after the device had reacted.
    fn safe(&self, case: &Case, fault: usize) -> Option<Time> {
        let entry = &self.entries[fault];
        let reacted = entry.ledger.reacted.as_ref()?.at;
        let last = entry.last_moving.unwrap_or(reacted);
        let step = trocar_signal::Nanos::from_seconds(case.model.step_s())?;
        let end = self.twins.iter().find(|t| t.without == Some(fault))?;
        let end = case.model.step_instant(end.lane.state.step);
        // Still moving in the last tenth of a second: not at rest.
        let at = last.plus(step).max(reacted);
        (end.since(last).seconds() > 0.1).then_some(at)
    }

    /// Why a scripted fault makes the run INVALID: it did not come about, or tested nothing.
    pub(crate) fn why_invalid(&self, case: &Case) -> Option<String> {
        case.faults.iter().zip(&self.entries).find_map(|(plan, entry)| {
            let judgement = entry.ledger.judge(plan.must_change);
            let shown = |v: f64| reported(v, None, 0.0, plan.dimension).text;
            match (judgement.outcome, judgement.fell_short_of) {
                (Outcome::NotActivated, _) => {
                    Some(format!("{} never became active: its trigger did not come about", plan.name))
                }
                (_, Some(least)) => Some(format!(
                    "{} shifted its target by {}, less than must_change = {}: start it where the target moves more",
                    plan.name,
                    shown(entry.ledger.largest_change),
                    shown(least)
                )),
                (Outcome::Dormant, None) => Some(format!(
                    "{} was dormant: no output of a controller or actuator differed from its twin's",
                    plan.name
                )),
                (Outcome::Effective, None) => None,
            }
        })
    }

    /// What became of every fault.
    pub(crate) fn outcomes(&self, case: &Case) -> Vec<FaultOutcome> {
        case.faults
            .iter()
            .enumerate()
            .map(|(i, plan)| {
                let ledger = &self.entries[i].ledger;
                let after = |at: Time| ledger.active.map(|active| at.since(active).seconds());
                let noted = |noted: &Option<Noted>| {
                    (noted.as_ref().and_then(|n| after(n.at)), noted.as_ref().map(|n| n.by.clone()))
                };
                let (reached_s, reached_signal) = noted(&ledger.reached);
                let (detected_s, detected_signal) = noted(&ledger.detected);
                let deviation = ledger.deviations.iter().map(|d| d.largest).fold(0.0, trocar_math::max);
                let active = ledger.active.is_some();
                FaultOutcome {
                    name: plan.name.clone(),
                    kind: plan.kind.clone(),
                    target: plan.target.clone(),
                    codes: plan.codes.clone(),
                    sentence: plan.sentence.clone(),
                    outcome: match ledger.judge(None).outcome {
                        Outcome::NotActivated => "not activated",
                        Outcome::Dormant => "dormant",
                        Outcome::Effective => "effective",
                    }
                    .to_owned(),
                    active_s: ledger.active.map(Time::seconds),
                    reached_s,
                    reached_signal,
                    detected_s,
                    detected_signal,
                    reacted_s: noted(&ledger.reacted).0,
                    safe_s: self.safe(case, i).and_then(after),
                    cleared_s: ledger.cleared.map(Time::seconds),
                    largest_change: active
                        .then(|| reported(ledger.largest_change, None, 0.0, plan.dimension)),
                    largest_deviation: active.then(|| reported(deviation, None, 0.0, case.deviation)),
                }
            })
            .collect()
    }
}

fn compare(case: &Case, now: Time, table: &Table, twin: &Table, entry: &mut Entry) {
    let layout = &case.model.layout;
    if entry.ledger.reached.is_none() {
        let differs = |group: &&GroupId| table.values(**group) != twin.values(**group);
        entry.ledger.reached = case
            .outputs
            .iter()
            .find(differs)
            .map(|group| Noted { at: now, by: layout.spec(*group).path.clone() });
    }
    for (place, arm) in case.arms.iter().enumerate() {
        let watched = &arm.watched;
        if watched.dimension() == case.deviation {
            let deviation =
                watched.distance(|place| watched.value(table, place) - watched.value(twin, place));
            entry.ledger.note_deviation(place, now, deviation);
            if entry.ledger.reacted.is_none() {
                entry.deviation_until_reaction = trocar_math::max(entry.deviation_until_reaction, deviation);
            }
        }
        announce(layout, arm, now, (table, twin), &mut entry.ledger);
    }
    // A teleoperation that goes to FAULT says so as well; what it then does, it leaves to its arm.
    if entry.ledger.detected.is_none() {
        let announced = case.teleoperations.iter().find(|one| {
            let is_in_fault = |table: &Table| table.values(one.operating_state)[0] == one.fault;
            is_in_fault(table) && !is_in_fault(twin)
        });
        entry.ledger.detected =
            announced.map(|one| Noted { at: now, by: state_in_words(layout, table, one.operating_state) });
    }
}

/// Announcement: the supervisor trips or the operating state leaves ENABLED where the twin's does not. Reaction: the
/// device asks its motors for nothing more, where the twin still does, or begins the stop behaviour that its file states.
fn announce(
    layout: &Layout,
    arm: &ArmGroups,
    now: Time,
    (table, twin): (&Table, &Table),
    ledger: &mut Ledger,
) {
    if ledger.detected.is_none() {
        let differs = |group: GroupId| table.values(group)[0] != twin.values(group)[0];
        let stopped = table.values(arm.operating_state)[0] != arm.enabled;
        let announced = if differs(arm.trip) && table.values(arm.trip)[0] != 0.0 {
            Some(arm.trip)
        } else {
            Some(arm.operating_state).filter(|group| differs(*group) && stopped)
        };
        ledger.detected = announced.map(|group| Noted { at: now, by: state_in_words(layout, table, group) });
    }
    if ledger.detected.is_some() && ledger.reacted.is_none() {
        // What a device does that goes on with its motors when it stops.
        let stops = |group: &GroupId| {
            let behaviour = table.values(*group)[0];
            let is_active =
                StopBehaviour::from_value(behaviour).is_some_and(|b| b != StopBehaviour::PowerOff);
            is_active && behaviour != twin.values(*group)[0]
        };
        if let Some(group) = arm.stop_behaviour.filter(stops) {
            ledger.reacted = Some(Noted { at: now, by: state_in_words(layout, table, group) });
            return;
        }
        let silent = |t: &Table| arm.current_commands.iter().all(|g| t.values(*g)[0] == 0.0);
        if silent(table) && !silent(twin) {
            let by = format!("{}: all motor currents commanded to zero", arm.instance);
            ledger.reacted = Some(Noted { at: now, by });
        }
    }
}

/// `psm1.operating_state = FAULT`
fn state_in_words(layout: &Layout, table: &Table, group: GroupId) -> String {
    let spec = layout.spec(group);
    let value = table.values(group)[0] as usize;
    match &spec.kind {
        GroupKind::State(names) if value < names.len() => format!("{} = {}", spec.path, names[value]),
        _ => spec.path.clone(),
    }
}

impl Watched {
    /// How many numbers are watched.
    fn count(&self) -> usize {
        match self {
            Watched::Tip(_) => 3,
            Watched::Joints { places, .. } => places.len(),
        }
    }

    /// One of them.
    fn value(&self, table: &Table, place: usize) -> f64 {
        match self {
            Watched::Tip(pose) => table.values(*pose)[place],
            Watched::Joints { group, places, .. } => table.values(*group)[places[place]],
        }
    }

    /// How far two of these are apart, given the difference of each number: of tips their distance, of joints the largest.
    fn distance(&self, difference: impl Fn(usize) -> f64) -> f64 {
        match self {
            Watched::Tip(_) => {
                let [x, y, z] = [difference(0), difference(1), difference(2)];
                (x * x + y * y + z * z).sqrt()
            }
            Watched::Joints { places, .. } => {
                (0..places.len()).map(|place| difference(place).abs()).fold(0.0, trocar_math::max)
            }
        }
    }
}
