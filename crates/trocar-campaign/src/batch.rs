//! A batch: a plan taken to result folders.

use crate::VERSION;
use crate::controllers::{self, Controllers};
use crate::plan::{Plan, Planned};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use trocar_control::outside::ControllerReport;
use trocar_evidence::outcome::CaseOutcome;
use trocar_evidence::result::{ControllerTimes, ResultError};
use trocar_evidence::{Existing, HostBlock, ResultWriter, ScenarioHeader, ScenarioResult};
use trocar_scenario::{Loaded, Overrides};
use trocar_signal::Time;
use trocar_sim::{Inputs, RunError, Watch};

/// Where and how a batch runs.
#[derive(Clone, Debug)]
pub struct Batch {
    /// How many cases run at once.
    pub jobs: usize,
    /// The folder that holds a result folder for each scenario.
    pub out: PathBuf,
    /// What to do with result folders that hold something.
    pub existing: Existing,
    /// Which controllers from outside may run.
    pub controllers: Controllers,
}

/// What a batch tells while it runs. Called from several threads.
pub trait Watcher: Sync {
    /// A case was simulated up to `now`.
    fn advanced(&self, case: usize, now: Time);
    /// A case is finished; `kept` where a batch before had finished it.
    fn finished(&self, case: usize, outcome: &CaseOutcome, kept: bool);
    /// Wall time in seconds since some instant of the watcher's choice; the host block of a result is made of it.
    fn wall_s(&self) -> f64;
}

/// Tells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoWatch;

impl Watcher for NoWatch {
    fn advanced(&self, _: usize, _: Time) {}
    fn finished(&self, _: usize, _: &CaseOutcome, _: bool) {}
    fn wall_s(&self) -> f64 {
        0.0
    }
}

/// Why a batch could not be taken to its end.
#[derive(Debug, thiserror::Error)]
pub enum BatchError {
    /// A result folder.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// What a run does cannot be written down.
    #[error("cannot write the result of {scenario}: {source}")]
    Write {
        /// The scenario.
        scenario: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A case that its plan had checked does not compile.
    #[error("case {case} of {scenario} does not compile: {what}")]
    Compile {
        /// The scenario.
        scenario: String,
        /// The case.
        case: String,
        /// The first mistake.
        what: String,
    },
    /// The threads cannot be had.
    #[error("cannot start {jobs} threads: {what}")]
    Threads {
        /// How many.
        jobs: usize,
        /// What the system says.
        what: String,
    },
}

/// What a batch came to.
#[derive(Debug)]
pub struct BatchResult {
    /// Finished scenarios in the order of the plan, with their folders.
    pub finished: Vec<(PathBuf, ScenarioResult)>,
    /// Scenarios that were interrupted: their folders, how many of their cases are finished, and of how many.
    pub interrupted: Vec<(PathBuf, usize, usize)>,
}

struct Unit<'a> {
    scenario: usize,
    planned: &'a Planned,
    place: usize,
}

/// Runs every case of a plan. `stop` interrupts it: cases that are finished stay, and `Existing::Resume` goes on from
/// there.
///
/// # Errors
/// [`BatchError`]; cases that are finished stay.
pub fn run_batch(
    plan: &Plan,
    batch: &Batch,
    watcher: &dyn Watcher,
    stop: &AtomicBool,
) -> Result<BatchResult, BatchError> {
    let folders = folders(plan, &batch.out);
    let mut writers = Vec::new();
    for (planned, folder) in plan.scenarios.iter().zip(&folders) {
        let (header, inputs) = describe(planned);
        writers.push(ResultWriter::create(folder, header, &inputs, batch.existing)?);
    }
    let mut units: Vec<Unit<'_>> = Vec::new();
    for (scenario, planned) in plan.scenarios.iter().enumerate() {
        units.extend(planned.cases.iter().map(|place| Unit { scenario, planned, place: *place }));
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(batch.jobs)
        .build()
        .map_err(|e| BatchError::Threads { jobs: batch.jobs, what: e.to_string() })?;
    let walls: Mutex<BTreeMap<usize, f64>> = Mutex::new(BTreeMap::new());
    let times: Mutex<BTreeMap<usize, Vec<ControllerTimes>>> = Mutex::new(BTreeMap::new());
    let outcomes: Vec<Result<Option<CaseOutcome>, BatchError>> = pool.install(|| {
        units
            .par_iter()
            .enumerate()
            .with_max_len(1)
            .map(|(number, unit)| {
                if stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                let from = watcher.wall_s();
                let allowed = &batch.controllers;
                let outcome =
                    run_unit(number, unit, &writers[unit.scenario], (allowed, &times), watcher, stop);
                if let Ok(mut walls) = walls.lock() {
                    walls.insert(number, watcher.wall_s() - from);
                }
                if outcome.is_err() {
                    // What cannot be written will not be written by the others either.
                    stop.store(true, Ordering::Relaxed);
                }
                outcome
            })
            .collect()
    });
    let walls = walls.into_inner().unwrap_or_default();
    let times = times.into_inner().unwrap_or_default();
    let mut of_scenario: Vec<Vec<(usize, Option<CaseOutcome>)>> = vec![Vec::new(); writers.len()];
    for (number, (unit, outcome)) in units.iter().zip(outcomes).enumerate() {
        of_scenario[unit.scenario].push((number, outcome?));
    }
    let mut result = BatchResult { finished: Vec::new(), interrupted: Vec::new() };
    for ((writer, folder), outcomes) in writers.into_iter().zip(folders).zip(of_scenario) {
        let total = outcomes.len();
        let numbers: Vec<usize> = outcomes.iter().map(|(number, _)| *number).collect();
        let finished: Vec<CaseOutcome> = outcomes.into_iter().filter_map(|(_, outcome)| outcome).collect();
        if finished.len() < total {
            result.interrupted.push((folder, finished.len(), total));
            continue;
        }
        let case_wall_s = numbers
            .iter()
            .zip(&finished)
            .map(|(number, outcome)| (outcome.case.clone(), walls.get(number).copied().unwrap_or(0.0)))
            .collect();
        let with_times = numbers.iter().zip(&finished);
        let controllers = with_times
            .filter_map(|(number, outcome)| Some((outcome.case.clone(), times.get(number)?.clone())))
            .collect();
        let host = HostBlock {
            controllers,
            started: None,
            wall_s: numbers.iter().filter_map(|number| walls.get(number)).sum(),
            case_wall_s,
            host: None,
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            jobs: batch.jobs,
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
        };
        let scenario = writer.finish(finished, &host)?;
        result.finished.push((folder, scenario));
    }
    Ok(result)
}

fn run_unit(
    number: usize,
    unit: &Unit<'_>,
    writer: &ResultWriter,
    (allowed, times): (&Controllers, &Mutex<BTreeMap<usize, Vec<ControllerTimes>>>),
    watcher: &dyn Watcher,
    stop: &AtomicBool,
) -> Result<Option<CaseOutcome>, BatchError> {
    let planned = unit.planned;
    let name = &planned.loaded.cases[unit.place].name;
    if let Some(outcome) = writer.kept().get(name) {
        watcher.finished(number, outcome, true);
        return Ok(Some(outcome.clone()));
    }
    let compiled = trocar_sim::Compiled { loaded: &planned.loaded };
    let case = compiled.case(unit.place).map_err(|mistakes| BatchError::Compile {
        scenario: planned.shown.clone(),
        case: name.clone(),
        what: mistakes.first().map_or_else(String::new, |m| m.title.clone()),
    })?;
    let mut files = writer.begin_case(name, case.record.clone())?;
    let mut watch = Watch {
        progress: &mut |now| {
            watcher.advanced(number, now);
            !stop.load(Ordering::Relaxed)
        },
    };
    let storage = Rc::new(files.exchanges(allowed.say));
    let answering = controllers::start(&case, &planned.loaded, allowed, storage, None);
    match trocar_sim::run_with(&case, &Inputs::default(), answering.outside, files.sink(), &mut watch) {
        Ok(outcome) => {
            let took: Vec<ControllerTimes> = answering.reports.borrow().iter().map(times_of).collect();
            if let Ok(mut times) = times.lock()
                && !took.is_empty()
            {
                times.insert(number, took);
            }
            files.finish(&outcome)?;
            watcher.finished(number, &outcome, false);
            Ok(Some(outcome))
        }
        Err(RunError::Interrupted) => Ok(None),
        Err(RunError::Sink(source)) => Err(BatchError::Write { scenario: planned.shown.clone(), source }),
    }
}

fn times_of(report: &ControllerReport) -> ControllerTimes {
    ControllerTimes {
        controller: report.controller.clone(),
        slot: report.slot.clone(),
        name: report.name.clone(),
        exchanges: report.exchanges,
        mean_s: report.wall_s / report.exchanges.max(1) as f64,
        longest_s: report.longest_s,
    }
}

/// What a result says of its scenario, and the files that it keeps.
pub(crate) fn describe(planned: &Planned) -> (ScenarioHeader, BTreeMap<String, String>) {
    let loaded = &planned.loaded;
    let header = ScenarioHeader {
        trocar: VERSION.to_owned(),
        title: loaded.scenario.title.clone(),
        path: planned.address.clone(),
        method_digest: loaded.method_digest.clone(),
        robot_digests: loaded.scene.robots.iter().map(|(i, r)| (i.clone(), r.digest.clone())).collect(),
        seed: loaded.scenario.seed,
        status: loaded.scene.robots.values().map(|r| r.robot.status).min().map(|s| s.words().to_owned()),
        changes: changes(loaded, &planned.overrides),
        inputs: Vec::new(),
        data: None,
    };
    let inputs = loaded.files.iter().map(|f| (f.address.clone(), f.text.clone())).collect();
    (header, inputs)
}

/// What the command line changed in the files, by option.
pub(crate) fn changes(loaded: &Loaded, overrides: &Overrides) -> BTreeMap<String, String> {
    // A parameter that is given twice, under whatever names, was refused.
    let mut changes: BTreeMap<String, String> =
        overrides.set.iter().map(|(path, value)| (format!("--set {path}"), value.clone())).collect();
    changes.extend(overrides.roles.iter().map(|(role, robot)| (format!("--role {role}"), robot.clone())));
    for (slot, command) in &overrides.controllers {
        let words = command.iter().map(String::as_str);
        // A command with the character NUL was refused.
        let command = shlex::try_join(words).unwrap_or_default();
        changes.insert(format!("--controller {}", loaded.roles.resolve(slot)), command);
    }
    changes.extend(overrides.scene.iter().map(|scene| ("--scene".to_owned(), scene.clone())));
    changes.extend(overrides.seed.iter().map(|seed| ("--seed".to_owned(), seed.to_string())));
    changes
}

/// The overrides that a result's header remembers.
#[must_use]
pub fn overrides_of(header: &ScenarioHeader) -> Overrides {
    let mut overrides = Overrides { seed: Some(header.seed), ..Overrides::default() };
    for (option, value) in &header.changes {
        if let Some(path) = option.strip_prefix("--set ") {
            overrides.set.push((path.to_owned(), value.clone()));
        } else if let Some(role) = option.strip_prefix("--role ") {
            overrides.roles.push((role.to_owned(), value.clone()));
        } else if let Some(slot) = option.strip_prefix("--controller ") {
            overrides.controllers.push((slot.to_owned(), shlex::split(value).unwrap_or_default()));
        } else if option == "--scene" {
            overrides.scene = Some(value.clone());
        }
    }
    overrides
}

/// A folder for each scenario: named after its file, and after the folders above it where names collide.
fn folders(plan: &Plan, out: &Path) -> Vec<PathBuf> {
    let mut taken = BTreeSet::new();
    plan.scenarios
        .iter()
        .map(|planned| {
            let address = planned.address.rsplit(':').next().unwrap_or(&planned.address);
            let parts: Vec<&str> = address.strip_suffix(".toml").unwrap_or(address).split('/').collect();
            let mut name = (1..=parts.len())
                .map(|count| parts[parts.len() - count..].join("-"))
                .find(|name| !taken.contains(name))
                .unwrap_or_else(|| parts.join("-"));
            // The same file twice, for two of its cases.
            let mut number = 2;
            while taken.contains(&name) {
                name = format!("{}-{number}", parts.join("-"));
                number += 1;
            }
            taken.insert(name.clone());
            out.join(name)
        })
        .collect()
}
