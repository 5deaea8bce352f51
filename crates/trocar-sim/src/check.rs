//! Everything that is wrong with a file and with what it names, as far as it shows without running.

use crate::compile::{check_instrument, check_robot, compile, compile_scene, step_advice};
use crate::inspect::Subject;
use trocar_scenario::{
    Failure, FileKind, Files, Overrides, Recovery, SourceFile, UrdfOptions, load, load_instrument,
    load_robot, load_scene, load_urdf,
};
use trocar_signal::{Diagnostic, Severity};

/// Checks a file of any kind with all that it names; gives what may not be as meant. `overrides` are for scenarios.
///
/// Each pass over a file needs that those before it found nothing. So what is wrong is reported and repaired in
/// memory, and the check goes round again ([`Recovery`]): mistakes of all kinds come at once.
///
/// # Errors
/// Every mistake in every file that could be read, and none that another one causes.
pub fn check(files: &Files, address: &str, overrides: &Overrides) -> Result<Failure, Failure> {
    let mut recovery = Recovery::new(files);
    loop {
        match once(recovery.files(), address, overrides) {
            Ok(warnings) if recovery.is_clean() => return Ok(warnings),
            Ok(_) => return Err(recovery.finish()),
            Err(failure) => {
                if !recovery.take(failure) {
                    return Err(recovery.finish());
                }
            }
        }
    }
}

/// Checks until the first pass that finds a mistake.
fn once(files: &Files, address: &str, overrides: &Overrides) -> Result<Failure, Failure> {
    let fail =
        |diagnostics: Vec<Diagnostic>, files: &[SourceFile]| Failure { diagnostics, files: files.to_vec() };
    if trocar_scenario::kind_of_file(files, address) == Some(FileKind::Scenario) {
        let loaded = load(files, address, overrides)?;
        let advice = compile(&loaded)
            .and_then(|_| step_advice(&loaded.scene))
            .map_err(|found| fail(found, &loaded.files))?;
        return Ok(fail([loaded.warnings, advice].concat(), &loaded.files));
    }
    let checked = trocar_scenario::check(files, address)?;
    let advice = match checked.kind {
        FileKind::Scenario | FileKind::Part | FileKind::Mapping | FileKind::Person => Ok(Vec::new()),
        FileKind::Scene => {
            let scene = load_scene(files, address)?;
            compile_scene(&scene).and_then(|_| step_advice(&scene))
        }
        FileKind::Robot => check_robot(&load_robot(files, address)?).map(|()| Vec::new()),
        FileKind::Urdf => {
            let urdf = load_urdf(files, address, &UrdfOptions::default())?;
            Subject::of_urdf(&urdf).map(|_| Vec::new())
        }
        FileKind::Instrument => check_instrument(&load_instrument(files, address)?).map(|()| Vec::new()),
    };
    let advice = advice.map_err(|found| fail(found, &checked.files))?;
    Ok(fail([checked.warnings, advice].concat(), &checked.files))
}

/// Files checked together: what is wrong with a robot is said once, however many files use it.
#[derive(Debug, Default)]
pub struct Checks {
    /// What the command changes in the files.
    pub overrides: Overrides,
    /// How many files were checked.
    pub checked: usize,
    /// Mistakes and warnings, each once.
    pub found: Vec<Failure>,
}

impl Checks {
    /// Checks one more file.
    pub fn add(&mut self, files: &Files, address: &str) {
        self.checked += 1;
        let mut found = check(files, address, &self.overrides).unwrap_or_else(|failure| failure);
        found.diagnostics.retain(|diagnostic| !self.has(diagnostic));
        if !found.diagnostics.is_empty() {
            self.found.push(found);
        }
    }

    /// Takes in what could not even be opened.
    pub fn add_failure(&mut self, failure: Failure) {
        self.found.push(failure);
    }

    fn has(&self, diagnostic: &Diagnostic) -> bool {
        self.found.iter().flat_map(|failure| &failure.diagnostics).any(|known| {
            known.title == diagnostic.title
                && known.labels.first() == diagnostic.labels.first()
                && !known.labels.is_empty()
        })
    }

    /// How many diagnostics of a severity were found.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.found.iter().flat_map(|failure| &failure.diagnostics).filter(|d| d.severity == severity).count()
    }
}
