//! Replay: a result run again from its inputs alone, and held against what it recorded.

use crate::VERSION;
use crate::batch::overrides_of;
use crate::controllers::{self, Controllers};
use crate::judge::judge_again;
use std::path::Path;
use std::rc::Rc;
use trocar_control::outside::Storage;
use trocar_evidence::ResultFolder;
use trocar_evidence::digest_file::Difference;
use trocar_evidence::outcome::CaseOutcome;
use trocar_evidence::result::ResultError;
use trocar_evidence::sinks::ReplayCheck;
use trocar_scenario::{Failure, Files, Loaded, load};
use trocar_signal::{GroupClass, Time};
use trocar_sim::{Inputs, Model, RunError, Watch};

/// Why a result cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The result folder.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// Its files do not load any more: another version reads them otherwise, or they were altered.
    #[error("the files in the result do not load")]
    Files(Box<Failure>),
    /// It has cases that its files do not make.
    #[error("the result has a case `{0}` that its files do not make; one of them was altered")]
    NoCase(String),
    /// A controller that is to be asked again, and that the result does not have.
    #[error("the result has no controller `{name}`; it has: {}", if .there_is.is_empty() { "none" } else { .there_is })]
    NoController {
        /// The name that was asked for.
        name: String,
        /// Those that there are.
        there_is: String,
    },
    /// What stands in `result.json` and what stands in the case's own folder are not the same.
    #[error("`result.json` and the `outcome.json` of case `{0}` differ; one of them was altered")]
    TwoOutcomes(String),
    /// The recorded digests cannot be compared.
    #[error("{0}")]
    Compare(String),
    /// The run.
    #[error("case `{case}`: {what}")]
    Run {
        /// The case.
        case: String,
        /// What happened.
        what: String,
    },
    /// The caller asked it to stop.
    #[error("the replay was interrupted")]
    Interrupted,
}

/// One case, replayed.
#[derive(Clone, Debug)]
pub struct CaseReplay {
    /// Its name.
    pub case: String,
    /// The first difference from what was recorded; `None`: identical, digest by digest.
    pub difference: Option<Difference>,
    /// The signals of the components in which the runs differ first.
    pub signals: Vec<String>,
    /// Whether figures, verdicts and ledgers are equal too, to the last bit.
    pub outcome_is_equal: bool,
    /// What it came to this time.
    pub outcome: Option<CaseOutcome>,
}

/// A result, replayed.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The version that made it, where it is not this one: bits may differ, figures should not.
    pub other_version: Option<String>,
    /// Its cases.
    pub cases: Vec<CaseReplay>,
}

impl Replay {
    /// Whether everything is the same to the last bit.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.cases.iter().all(|c| c.difference.is_none() && c.outcome_is_equal)
    }
}

/// Loads the files that a result keeps.
///
/// # Errors
/// [`ReplayError`] where the folder is damaged or its files do not load.
pub fn load_inputs(folder: &ResultFolder) -> Result<Loaded, ReplayError> {
    let header = &folder.result().scenario;
    let files = Files::in_memory(folder.inputs()?);
    load(&files, &header.path, &overrides_of(header)).map_err(|failure| ReplayError::Files(Box::new(failure)))
}

/// The signals of the device that components write, by their names.
fn signals_of(model: &Model, blocks: &[String]) -> Vec<String> {
    let seats = model.seats.iter().filter(|seat| blocks.contains(&seat.path));
    let groups = seats.flat_map(|seat| &seat.writes).map(|id| model.layout.spec(*id));
    groups.filter(|spec| spec.class == GroupClass::Information).map(|spec| spec.path.clone()).collect()
}

/// Runs a result again, and compares. Controllers from outside answer from the record, those that `controllers` lets run
/// by themselves. `progress` is told the case and the simulated time, and stops the replay by
/// `false`.
///
/// # Errors
/// [`ReplayError`]: a damaged folder, files that do not load, an interruption. A difference is no error.
pub fn replay(
    folder: &Path,
    only_case: Option<&str>,
    controllers: &Controllers,
    progress: &mut dyn FnMut(&str, Time) -> bool,
) -> Result<Replay, ReplayError> {
    let folder = ResultFolder::open(folder)?;
    let loaded = load_inputs(&folder)?;
    trocar_sim::compile(&loaded).map_err(|diagnostics| {
        ReplayError::Files(Box::new(Failure { diagnostics, files: loaded.files.clone() }))
    })?;
    if let Some(name) = controllers.unknown(&[&loaded]).first() {
        let there_is = controllers::names(&loaded).into_iter().collect::<Vec<_>>().join(", ");
        return Err(ReplayError::NoController { name: (*name).to_owned(), there_is });
    }
    let compiled = trocar_sim::Compiled { loaded: &loaded };
    let mut cases = Vec::new();
    for recorded in &folder.result().cases {
        if only_case.is_some_and(|only| only != recorded.case) {
            continue;
        }
        let place = loaded.cases.iter().position(|c| c.name == recorded.case);
        let place = place.ok_or_else(|| ReplayError::NoCase(recorded.case.clone()))?;
        let fail = |what: String| ReplayError::Run { case: recorded.case.clone(), what };
        let case = compiled
            .case(place)
            .map_err(|m| fail(m.first().map_or_else(String::new, |m| m.title.clone())))?;
        if folder.outcome(&recorded.case)? != *recorded {
            return Err(ReplayError::TwoOutcomes(recorded.case.clone()));
        }
        if recorded.data.is_some() {
            let outcome = judge_again(&folder, &loaded, recorded).map_err(|e| fail(e.to_string()))?;
            let outcome_is_equal = outcome == *recorded;
            let case = recorded.case.clone();
            cases.push(CaseReplay {
                case,
                difference: None,
                signals: Vec::new(),
                outcome_is_equal,
                outcome: Some(outcome),
            });
            continue;
        }
        let mut check = ReplayCheck::new(folder.digests(&recorded.case)?);
        let mut watch = Watch { progress: &mut |now| progress(&recorded.case, now) };
        let kept: Rc<dyn Storage> = Rc::new(folder.exchanges(&recorded.case, controllers.say));
        let answering = controllers::start(&case, &loaded, controllers, Rc::clone(&kept), Some(&kept));
        if let Some(what) = answering.not_started {
            return Err(fail(what));
        }
        let ran = trocar_sim::run_with(&case, &Inputs::default(), answering.outside, &mut check, &mut watch);
        let outcome = match ran {
            Ok(outcome) => Some(outcome),
            Err(RunError::Interrupted) => return Err(ReplayError::Interrupted),
            Err(RunError::Sink(error)) => return Err(ReplayError::Compare(error.to_string())),
        };
        let difference = check.finish().map_err(|e| ReplayError::Compare(e.to_string()))?;
        let signals = difference.as_ref().map_or_else(Vec::new, |d| signals_of(&case.model, &d.blocks));
        cases.push(CaseReplay {
            case: recorded.case.clone(),
            difference,
            signals,
            outcome_is_equal: outcome.as_ref() == Some(recorded),
            outcome,
        });
    }
    if let Some(only) = only_case
        && cases.is_empty()
    {
        return Err(ReplayError::NoCase(only.to_owned()));
    }
    let other_version = (!folder.is_of_version(VERSION)).then(|| folder.result().scenario.trocar.clone());
    Ok(Replay { other_version, cases })
}
