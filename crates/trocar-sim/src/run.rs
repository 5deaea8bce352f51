//! One case of a scenario, from its first instant to figures and verdicts.

use crate::case::{ArmGroups, Case, FaultFigure};
use crate::judge::{self, Measured, judge, reported};
use crate::lane::Lane;
use crate::ledger::Ledgers;
use crate::outcome::{
    CaseOutcome, ControllerOutcome, FailureOutcome, FigureOutcome, Reported, ReportedComponent,
    RequirementOutcome, StandingCount,
};
use crate::program::FAILURES;
use crate::sink::{RunEvent, Sink};
use crate::state::chain_digest;
use crate::step::{Inputs, StepError, begin_step, publish_start};
use trocar_control::outside::{Nobody, Outside};
use trocar_measure::{Coverage, EvaluationType, FigureFormat, Verdict};
use trocar_signal::{Dimension, GroupId, GroupKind, Nanos, Time};

/// How often the whole state is given to the sink.
pub const SNAPSHOT_EVERY: Nanos = Nanos(10_000_000_000);

/// Why a run has no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The caller asked it to stop.
    #[error("the run was interrupted")]
    Interrupted,
    /// What it does cannot be written down.
    #[error("cannot write the result: {0}")]
    Sink(#[from] std::io::Error),
}

/// How a run is watched from outside.
pub struct Watch<'a> {
    /// Called now and then with the simulated time; `false` interrupts the run.
    pub progress: &'a mut dyn FnMut(Time) -> bool,
}

/// Runs a case without controllers from outside to its end.
///
/// # Errors
/// [`RunError`] when it was interrupted or its sink failed. A run that diverges, times out or refuses its stimulus is
/// no error here: it has an outcome that says so.
pub fn run(
    case: &Case,
    inputs: &Inputs,
    sink: &mut dyn Sink,
    watch: &mut Watch<'_>,
) -> Result<CaseOutcome, RunError> {
    run_with(case, inputs, Box::new(Nobody), sink, watch)
}

/// Runs a case to its end. `outside` answers for the slots that controllers from outside fill.
///
/// # Errors
/// As [`run`].
pub fn run_with(
    case: &Case,
    inputs: &Inputs,
    outside: Box<dyn Outside>,
    sink: &mut dyn Sink,
    watch: &mut Watch<'_>,
) -> Result<CaseOutcome, RunError> {
    let mut run = Running::new(case, outside);
    sink.begin(&case.model, &run.main.state)?;
    let failure = loop {
        match run.advance(inputs, sink)? {
            Progress::Goes => {}
            Progress::Done => break None,
            Progress::Failed(failure) => break Some(failure),
        }
        if run.main.state.step.is_multiple_of(1024) && !(watch.progress)(run.now()) {
            return Err(RunError::Interrupted);
        }
    };
    sink.end(run.now())?;
    Ok(run.outcome(failure))
}

enum Progress {
    Goes,
    Done,
    Failed(FailureOutcome),
}

struct Running<'a> {
    case: &'a Case,
    main: Lane,
    ledgers: Ledgers,
    blocks: Vec<u64>,
    next_digest: u64,
    next_record: u64,
    next_snapshot: Time,
    phase: Option<usize>,
    started: bool,
}

impl<'a> Running<'a> {
    fn new(case: &'a Case, outside: Box<dyn Outside>) -> Running<'a> {
        let state = case.model.initial_state(&case.changes);
        Running {
            case,
            main: Lane::new(case, state, outside),
            ledgers: Ledgers::new(case),
            blocks: Vec::new(),
            next_digest: 0,
            next_record: 0,
            next_snapshot: Time::ZERO,
            phase: None,
            started: false,
        }
    }

    fn now(&self) -> Time {
        self.case.model.step_instant(self.main.state.step)
    }

    /// One step with all that observes it.
    fn advance(&mut self, inputs: &Inputs, sink: &mut dyn Sink) -> Result<Progress, RunError> {
        let case = self.case;
        if !self.started {
            self.started = true;
            if let Err(error) = publish_start(&case.model, &mut self.main.state, &mut self.main.scratch) {
                return Ok(Progress::Failed(self.apparatus(error)));
            }
        }
        let now = self.now();
        if now >= self.next_snapshot {
            sink.snapshot(now, &self.main.state)?;
            self.next_snapshot = self.next_snapshot.plus(SNAPSHOT_EVERY);
        }
        if let Err(error) = self.step(inputs) {
            return Ok(Progress::Failed(self.apparatus(error)));
        }
        for (slot, silent) in case.model.outside.iter().zip(&self.main.silent) {
            if let Some((_, failure)) = silent.as_ref().filter(|(at, _)| *at == now) {
                let name = &slot.description.controller;
                sink.event(now, RunEvent::ControllerSilent { name, what: &failure.what })?;
            }
        }
        self.ledgers.observe(case, now, &mut self.main);
        for event in self.ledgers.drain_events() {
            let name = &case.faults[event.fault].name;
            let event =
                if event.began { RunEvent::FaultActive { name } } else { RunEvent::FaultCleared { name } };
            sink.event(now, event)?;
        }
        let phase = self.main.state.table.values(case.program.phase)[0] as usize;
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            let name = case.phases.get(phase).map_or("done", String::as_str);
            sink.event(now, RunEvent::Phase { name })?;
        }
        if case.model.control_rate.instant(self.next_digest) <= now {
            chain_digest(&case.model, &mut self.main.state, &mut self.blocks);
            sink.digest(now, self.main.state.chain, &self.blocks)?;
            self.next_digest = case.model.control_rate.first_not_before(Time(now.0 + 1));
        }
        if case.record_rate.instant(self.next_record) <= now {
            sink.record(now, &self.main.state.table)?;
            self.next_record = case.record_rate.first_not_before(Time(now.0 + 1));
        }
        let failure = self.main.state.table.values(case.program.failure)[0] as usize;
        if failure != 0 {
            // A device that a fault has stopped obeys no further command, and that is no fault of the method: the run
            // goes on for as long as the method takes without the fault.
            return Ok(match self.ledgers.control() {
                None => Progress::Failed(self.stimulus(failure, phase, now)),
                Some(control) => {
                    let phase = control.state.table.values(case.program.phase)[0] as usize;
                    let failed = control.state.table.values(case.program.failure)[0] != 0.0;
                    if failed || phase >= case.phases.len() { Progress::Done } else { Progress::Goes }
                }
            });
        }
        Ok(if phase >= case.phases.len() { Progress::Done } else { Progress::Goes })
    }

    fn step(&mut self, inputs: &Inputs) -> Result<(), StepError> {
        let case = self.case;
        begin_step(&case.model, &mut self.main.state, inputs, &mut self.main.scratch)?;
        self.ledgers.begin_twins(case, inputs);
        // A fault that has just begun has not acted yet: this is where its twin parts from it.
        self.ledgers.fork_twins(case, inputs, &mut self.main)?;
        self.main.vary(case);
        self.main.finish_step(case)?;
        self.ledgers.finish_twins(case)
    }

    fn apparatus(&self, error: StepError) -> FailureOutcome {
        FailureOutcome { verdict: Verdict::Error, at_s: self.now().seconds(), what: error.to_string() }
    }

    fn stimulus(&self, failure: usize, phase: usize, now: Time) -> FailureOutcome {
        let case = self.case;
        let name = case.phases.get(phase).map_or("", String::as_str);
        let source = case.phase_sources.get(phase).cloned().unwrap_or_default();
        let (file, line) = (source.file, source.line);
        let table = &self.main.state.table;
        let word = |group: GroupId| match &case.model.layout.spec(group).kind {
            GroupKind::State(names) => names
                .get(table.values(group)[0] as usize)
                .map_or(String::new(), |name| name.replace('_', " ")),
            _ => String::new(),
        };
        let mut lost = case.teleoperations.iter();
        let lost = lost.find(|one| table.values(one.operating_state)[0] == one.fault);
        let what = match FAILURES.get(failure) {
            Some(&"refused") if let Some(lost) = lost => {
                format!(
                    "phase `{name}`: the teleoperation `{}` went to FAULT: {}; {file}:{line}: write refusals = \"allowed\" if that is what the phase is about",
                    lost.name,
                    word(lost.error)
                )
            }
            Some(&"refused") => {
                let refusal = case
                    .arms
                    .iter()
                    .map(|arm| arm.error)
                    .chain(case.teleoperations.iter().map(|one| one.error))
                    .filter(|error| table.values(*error)[0] != 0.0)
                    .map(|error| format!("{}: {}", case.model.layout.spec(error).path, word(error)))
                    .collect::<Vec<_>>()
                    .join(", ");
                let pose = table.values(case.program.pose)[0] as usize;
                let pose = case.poses.get(pose).filter(|_| source.visits_poses);
                let pose = pose.map_or(String::new(), |pose| format!(" (last target {pose})"));
                let command = match source.commands.as_slice() {
                    [only] => format!("the command `{only}`"),
                    _ => "a command".to_owned(),
                };
                format!("{command} of phase `{name}` was refused{pose}: {refusal}; {file}:{line}")
            }
            Some(&"not_in_time") => {
                format!(
                    "phase `{name}` was not over `within` its deadline; {file}:{line}: give it more time, or see why the device does not get there"
                )
            }
            Some(&"no_circle") => format!(
                "phase `{name}`: no circle goes through the tip's setpoint and the poses `via` and `to`, which lie in a line; {file}:{line}"
            ),
            _ => format!(
                "phase `{name}` was over before all that `meanwhile` sends in it was sent; {file}:{line}"
            ),
        };
        let stopped: Vec<String> = case.arms.iter().filter_map(|arm| self.why_stopped(arm)).collect();
        let what = if stopped.is_empty() { what } else { format!("{what} ({})", stopped.join("; ")) };
        FailureOutcome { verdict: Verdict::Invalid, at_s: now.seconds(), what }
    }

    /// `psm1 is in FAULT: tracking error`, of an arm that is not ENABLED.
    fn why_stopped(&self, arm: &ArmGroups) -> Option<String> {
        let table = &self.main.state.table;
        let word = |group: GroupId| {
            let GroupKind::State(names) = &self.case.model.layout.spec(group).kind else {
                return String::new();
            };
            names.get(table.values(group)[0] as usize).map_or(String::new(), |name| name.replace('_', " "))
        };
        if table.values(arm.operating_state)[0] == arm.enabled {
            return None;
        }
        let trip =
            if table.values(arm.trip)[0] == 0.0 { String::new() } else { format!(": {}", word(arm.trip)) };
        Some(format!("{} is in {}{trip}", arm.instance, word(arm.operating_state)))
    }

    fn measured(&self, lane: &Lane, faults: bool) -> Measured {
        let case = self.case;
        let none = || std::array::from_fn(|_| Err("there is no fault in the control".to_owned()));
        Measured {
            measures: lane.observer.finish(),
            faults: (0..case.faults.len())
                .map(|i| if faults { self.ledgers.figures(case, i) } else { none() })
                .collect(),
        }
    }

    fn outcome(self, failure: Option<FailureOutcome>) -> CaseOutcome {
        let case = self.case;
        let now = self.now();
        let measured = self.measured(&self.main, true);
        let invalid_fault = self.ledgers.why_invalid(case);
        let refused = self.main.observer.refusal(case).map(|why| (Verdict::Error, why));
        let stopped = failure
            .as_ref()
            .map(|f| (f.verdict, f.what.clone()))
            .or_else(|| invalid_fault.map(|why| (Verdict::Invalid, why)))
            .or(refused);
        let control = self.ledgers.control().map(|lane| self.measured(lane, false));
        let requirements = case
            .requirements
            .iter()
            .map(|plan| {
                let mut outcome = judge(case, plan, &measured, stopped.as_ref());
                if let Some(control) = &control {
                    add_control(case, plan, control, &mut outcome);
                }
                outcome
            })
            .collect();
        CaseOutcome {
            case: case.name.clone(),
            roles: case.roles.clone(),
            simulated_s: now.seconds(),
            steps: self.main.state.step,
            compute_times: case
                .model
                .seats
                .iter()
                .enumerate()
                .filter(|(_, seat)| matches!(seat.role, crate::Role::Controller | crate::Role::Supervisor))
                .filter_map(|(i, seat)| Some((seat.path.clone(), case.model.task(i)?.compute_time.seconds())))
                .collect(),
            step_s: case.model.step_s(),
            digest: format!("{:016x}", self.main.state.chain),
            requirements,
            figures: figures(case, &measured),
            faults: self.ledgers.outcomes(case),
            failure,
            controllers: controllers(case, &self.main),
            standing: standing(case),
            data: None,
        }
    }
}

fn controllers(case: &Case, lane: &Lane) -> Vec<ControllerOutcome> {
    let slots = case.model.outside.iter().zip(&lane.silent);
    slots
        .map(|(slot, silent)| ControllerOutcome {
            name: slot.description.controller.clone(),
            slot: slot.description.slot.clone(),
            silent_from_s: silent.as_ref().map(|(at, _)| at.seconds()),
            why_silent: silent.as_ref().map(|(_, failure)| failure.what.clone()),
        })
        .collect()
}

/// The verdict of the control stands beside that of the run; a requirement on the ledger has none, for there is no
/// fault in the control.
fn add_control(
    case: &Case,
    plan: &crate::case::RequirementPlan,
    control: &Measured,
    outcome: &mut RequirementOutcome,
) {
    let on_ledger = plan.formula.operands().iter().any(|o| o.path.starts_with("fault."));
    let on_twin = plan.formula.operands().iter().any(|o| {
        case.measures.iter().any(|m| m.name == o.path && matches!(m.feed, crate::case::Feed::Twin(_)))
    });
    if on_ledger || on_twin {
        return;
    }
    let without = judge(case, plan, control, None);
    outcome.without_fault = Some(without.verdict);
    outcome.figure_without_fault = without.figure;
}

/// The figures of a case as they are reported.
pub(crate) fn figures(case: &Case, measured: &Measured) -> Vec<FigureOutcome> {
    let mut out = Vec::new();
    for (plan, rows) in case.measures.iter().zip(&measured.measures) {
        let base = FigureOutcome {
            name: plan.name.clone(),
            row: String::new(),
            figure: None,
            components: Vec::new(),
            samples: 0,
            instrument: plan.instrument.clone(),
            instrument_alone: None,
            uses_truth: plan.uses_truth,
            judged: plan.judged,
            reason: None,
            repeats: trocar_measure::Repeated::Unknown,
        };
        match rows {
            Err(why) => out.push(FigureOutcome { reason: Some(why.to_string()), ..base }),
            Ok(rows) => out.extend(rows.iter().map(|row| {
                let figure = row.figure(Coverage::default());
                FigureOutcome {
                    row: row.label.clone(),
                    figure: Some(judge::reported_figure(&figure)),
                    components: row
                        .components
                        .iter()
                        .map(|c| ReportedComponent {
                            name: c.name.to_string(),
                            standard_uncertainty: c.standard_u,
                            kind: match c.evaluation {
                                EvaluationType::A => "A".to_owned(),
                                EvaluationType::B => "B".to_owned(),
                            },
                        })
                        .collect(),
                    samples: row.n,
                    instrument_alone: row.instrument_alone.map(|alone| Reported {
                        // To the same digit as the figure beside which it stands.
                        text: FigureFormat::of(&figure).value_and_u(alone, 0.0),
                        ..reported(alone, None, 0.0, row.dimension)
                    }),
                    reason: row.note.map(|note| note.sentence().to_owned()),
                    repeats: row.repeats.clone(),
                    ..base.clone()
                }
            })),
        }
    }
    out
}

fn standing(case: &Case) -> Vec<StandingCount> {
    let arms = case.arms.iter().map(|arm| &arm.instance);
    let masters = case.handles.iter().chain(case.teleoperations.iter().map(|one| &one.name));
    arms.chain(masters)
        .map(|instance| {
            let prefix = format!("{instance}.");
            let own = case.model.parameters.iter().filter(|p| p.path.starts_with(&prefix));
            let (mut parameters, mut assumed) = (0, 0);
            for parameter in own {
                parameters += 1;
                assumed += u64::from(parameter.standing == trocar_signal::Standing::Assumed);
            }
            StandingCount { instance: instance.clone(), parameters, assumed }
        })
        .collect()
}

/// The time between two instants as a figure whose resolution is one step of the run.
pub(crate) fn step_bound_time(seconds: f64, step_s: f64) -> trocar_measure::Figure {
    use trocar_measure::{Budget, ComponentName, UncertaintyComponent};
    // Both instants are known to the step in which they fell: a rectangle of one step each (JCGM 100:2008, 4.3.7).
    let half_width = step_s / 2.0;
    let u = half_width / 3.0_f64.sqrt() * 2.0_f64.sqrt();
    let components = vec![UncertaintyComponent::type_b(ComponentName::Step, u)];
    let (expanded_u, k) = Budget(&components).expand(Coverage::default());
    trocar_measure::Figure {
        value: seconds,
        expanded_u,
        k,
        dimension: Dimension::TIME,
        n: 1,
        noise_bias: 0.0,
        components,
    }
}

/// A figure of the simulator's own truth: nothing is uncertain about it but the model.
pub(crate) fn exact(value: f64, dimension: Dimension) -> trocar_measure::Figure {
    trocar_measure::Figure {
        value,
        expanded_u: 0.0,
        k: 2.0,
        dimension,
        n: 1,
        noise_bias: 0.0,
        components: Vec::new(),
    }
}

const _: () = assert!(FaultFigure::ALL.len() == 5, "Measured::faults has a place for each");
