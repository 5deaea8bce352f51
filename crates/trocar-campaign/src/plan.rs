//! What is to be run: files found, loaded and compiled, every mistake known before anything runs.

use crate::unfit::{self, Unfit};
use std::path::{Path, PathBuf};
use trocar_scenario::source::{LIBRARY_PREFIX, SourceError};
use trocar_scenario::{Failure, FileKind, Files, Loaded, Overrides, load, takes_long};
use trocar_signal::{Diagnostic, Severity};

/// What a person asked to run: a file, a folder of files, or one case of a file (`FILE#CASE`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The file or folder, or an address of the built-in library.
    pub path: PathBuf,
    /// The case's name or number.
    pub case: Option<String>,
    /// Whether the scenarios of a folder that say `long = true` are meant too.
    pub with_long: bool,
}

impl Target {
    /// From what was typed. A `#` that belongs to an existing file's name is left alone.
    #[must_use]
    pub fn parse(typed: &str) -> Target {
        if !Path::new(typed).exists()
            && let Some((path, case)) = typed.split_once('#')
        {
            return Target { path: PathBuf::from(path), case: Some(case.to_owned()), with_long: false };
        }
        Target { path: PathBuf::from(typed), case: None, with_long: false }
    }
}

/// A scenario that is ready to run.
pub struct Planned {
    /// Its files.
    pub loaded: Loaded,
    /// The path as a person would type it.
    pub shown: String,
    /// The address of its file.
    pub address: String,
    /// The places of the cases to run.
    pub cases: Vec<usize>,
    /// What the command changed in the files.
    pub overrides: Overrides,
}

/// Everything that is to be run.
pub struct Plan {
    /// Scenarios in order of their paths as typed, folders sorted.
    pub scenarios: Vec<Planned>,
    /// Scenarios that are without mistakes, and cannot run in the scene that was put in the place of theirs.
    pub unfit: Vec<Unfit>,
    /// Paths of scenarios of a folder that were passed over, because they take long.
    pub passed_over: Vec<String>,
}

impl Plan {
    /// Finds, loads and compiles every scenario of `targets`.
    ///
    /// # Errors
    /// Every mistake of every file. Nothing is run where one file is bad.
    pub fn new(targets: &[Target], overrides: &Overrides) -> Result<Plan, Vec<Failure>> {
        let mut scenarios: Vec<Planned> = Vec::new();
        let mut all_unfit = Vec::new();
        let mut passed_over = Vec::new();
        let mut failures = Vec::new();
        for target in targets {
            match find(&target.path, overrides) {
                Ok(Found { files, addresses, is_folder, overrides }) => {
                    let mut runs = 0;
                    for address in addresses {
                        let shown = files.shown(&address);
                        let is_whole = |p: &Planned| p.cases.len() == p.loaded.cases.len();
                        let known = target.case.is_none()
                            && scenarios.iter().any(|p| p.shown == shown && is_whole(p));
                        if known || (is_folder && !is_scenario(&files, &address)) {
                            runs += usize::from(known);
                            continue;
                        }
                        runs += 1;
                        if is_folder && !target.with_long && takes_long(&files, &address) {
                            passed_over.push(shown);
                            continue;
                        }
                        match plan_one(&files, &address, shown, target.case.as_deref(), &overrides) {
                            Ok(planned) => scenarios.push(planned),
                            Err(failure) => match unfit::unfit(&files, &address, &overrides, &failure) {
                                Some(unfit) => all_unfit.push(unfit),
                                None => failures.push(failure),
                            },
                        }
                    }
                    if runs == 0 {
                        let title = format!("there is no scenario in {}", target.path.display());
                        failures.push(only(Diagnostic::error("no-scenario", title).note(
                            "a scenario is a TOML file with `[[phases]]`; start one with: trocar new scenario FILE",
                        )));
                    }
                }
                Err(failure) => failures.push(failure),
            }
        }
        if failures.is_empty() {
            Ok(Plan { scenarios, unfit: all_unfit, passed_over })
        } else {
            Err(failures)
        }
    }

    /// How many cases are to be run.
    #[must_use]
    pub fn case_count(&self) -> usize {
        self.scenarios.iter().map(|s| s.cases.len()).sum()
    }
}

fn only(diagnostic: Diagnostic) -> Failure {
    Failure { diagnostics: vec![diagnostic], files: Vec::new() }
}

/// What a path that was typed stands for.
pub struct Found {
    /// Where its files are.
    pub files: Files,
    /// The TOML files of a folder, or the one file.
    pub addresses: Vec<String>,
    /// Whether it is a folder.
    pub is_folder: bool,
    /// Those of the command, the scene by its address.
    pub overrides: Overrides,
}

/// Finds the files of a path or of an address of the built-in library, and the scene that the command puts in the place of
/// theirs.
///
/// # Errors
/// What is not there, and a scene outside of the files' project.
pub fn find(path: &Path, overrides: &Overrides) -> Result<Found, Failure> {
    let failed = |e: SourceError| only(e.diagnostic());
    let of_scene = overrides.scene.as_deref().filter(|scene| !scene.starts_with(LIBRARY_PREFIX));
    let mut overrides = overrides.clone();
    // A built-in method in a scene of the user's: the files are those of the scene's project.
    if let Some(name) = path.to_str().filter(|path| path.starts_with(LIBRARY_PREFIX)) {
        let files = match of_scene {
            Some(scene) => {
                let (files, address) = Files::open(Path::new(scene)).map_err(failed)?;
                overrides.scene = Some(address);
                files
            }
            None => Files::library(),
        };
        let listed = files.list(name.trim_end_matches('/')).map_err(failed)?;
        let is_folder = !listed.is_empty();
        let addresses = if is_folder { listed } else { vec![files.resolve("", name).map_err(failed)?] };
        return Ok(Found { files, addresses, is_folder, overrides });
    }
    let (files, address) = Files::open(path).map_err(|e| {
        let built_in = format!("trocar:{}", path.display());
        let diagnostic = e.diagnostic();
        only(match Files::library().resolve("", &built_in) {
            Ok(_) => diagnostic.note(format!("there is one that is built in: {built_in}")),
            Err(_) => diagnostic,
        })
    })?;
    let is_folder = path.is_dir();
    let addresses = if is_folder { files.list(&address).map_err(failed)? } else { vec![address] };
    if let Some(scene) = of_scene {
        overrides.scene = Some(unfit::scene_address(&files, scene)?);
    }
    Ok(Found { files, addresses, is_folder, overrides })
}

/// A case's name without the spaces that a shell would split at: `FILE#joint=yaw` will do.
#[must_use]
pub fn bare(name: &str) -> String {
    name.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether a file of a folder is meant to run: robots, instruments, scenes, parts and files of expected verdicts are passed over.
fn is_scenario(files: &Files, address: &str) -> bool {
    match trocar_scenario::kind_of_file(files, address) {
        Some(kind) => kind == FileKind::Scenario,
        // What cannot be read is reported, not passed over.
        None => true,
    }
}

fn plan_one(
    files: &Files,
    address: &str,
    shown: String,
    case: Option<&str>,
    overrides: &Overrides,
) -> Result<Planned, Failure> {
    // One that is wrong is checked once more in all passes, so that every mistake is said at once.
    let everything = |failure: Failure| trocar_sim::check(files, address, overrides).err().unwrap_or(failure);
    let mut loaded = load(files, address, overrides).map_err(everything)?;
    let fail = |diagnostics: Vec<Diagnostic>| Failure { diagnostics, files: loaded.files.clone() };
    let compiled = trocar_sim::compile(&loaded).and_then(|_| trocar_sim::step_advice(&loaded.scene));
    let advice = compiled.map_err(|found| everything(fail(found)))?;
    let cases = match case {
        None => (0..loaded.cases.len()).collect(),
        Some(wanted) => {
            let number = wanted.parse::<usize>().ok();
            let is_it = |name: &str| name == wanted || bare(name) == bare(wanted);
            let found = loaded.cases.iter().position(|c| is_it(&c.name) || Some(c.number) == number);
            match found {
                Some(place) => vec![place],
                None => {
                    let names: Vec<String> = loaded
                        .cases
                        .iter()
                        .take(20)
                        .map(|c| {
                            format!(
                                "{}: {}",
                                c.number,
                                if c.name.is_empty() { "the only one" } else { &c.name }
                            )
                        })
                        .collect();
                    let title = format!("{shown} has no case `{wanted}`");
                    let diagnostic = Diagnostic::error("no-case", title)
                        .note(format!("cases by number and name: {}", names.join("; ")));
                    return Err(fail(vec![diagnostic]));
                }
            }
        }
    };
    loaded.warnings.extend(advice);
    debug_assert!(loaded.warnings.iter().all(|w| w.severity == Severity::Warning));
    Ok(Planned { shown, address: address.to_owned(), cases, loaded, overrides: overrides.clone() })
}
