//! What is to be run: files found, loaded and compiled, every mistake known before anything runs.

use std::path::{Path, PathBuf};
use trocar_scenario::{Failure, FileKind, Files, Loaded, Overrides, load};
use trocar_signal::{Diagnostic, Severity};

/// What a person asked to run: a file, a folder of files, or one case of a file (`FILE#CASE`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The file or folder, or an address of the built-in library.
    pub path: PathBuf,
    /// The case's name or number.
    pub case: Option<String>,
}

impl Target {
    /// From what was typed. A `#` that belongs to an existing file's name is left alone.
    #[must_use]
    pub fn parse(typed: &str) -> Target {
        if !Path::new(typed).exists()
            && let Some((path, case)) = typed.split_once('#')
        {
            return Target { path: PathBuf::from(path), case: Some(case.to_owned()) };
        }
        Target { path: PathBuf::from(typed), case: None }
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
}

/// Everything that is to be run.
pub struct Plan {
    /// Scenarios in order of their paths as typed, folders sorted.
    pub scenarios: Vec<Planned>,
}

impl Plan {
    /// Finds, loads and compiles every scenario of `targets`.
    ///
    /// # Errors
    /// Every mistake of every file. Nothing is run where one file is bad.
    pub fn new(targets: &[Target], overrides: &Overrides) -> Result<Plan, Vec<Failure>> {
        let mut scenarios: Vec<Planned> = Vec::new();
        let mut failures = Vec::new();
        for target in targets {
            match find(target) {
                Ok((files, addresses, is_folder)) => {
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
                        match plan_one(&files, &address, shown, target.case.as_deref(), overrides) {
                            Ok(planned) => {
                                runs += 1;
                                scenarios.push(planned);
                            }
                            Err(failure) => {
                                runs += 1;
                                failures.push(failure);
                            }
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
        if failures.is_empty() { Ok(Plan { scenarios }) } else { Err(failures) }
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

type Found = (Files, Vec<String>, bool);

fn find(target: &Target) -> Result<Found, Failure> {
    let (files, address) = Files::open(&target.path).map_err(|e| {
        let built_in = format!("trocar:{}", target.path.display());
        let diagnostic = e.diagnostic();
        only(match Files::library().resolve("", &built_in) {
            Ok(_) => diagnostic.note(format!("there is one that is built in: {built_in}")),
            Err(_) => diagnostic,
        })
    })?;
    let is_folder = target.path.is_dir();
    let addresses =
        if is_folder { files.list(&address).map_err(|e| only(e.diagnostic()))? } else { vec![address] };
    Ok((files, addresses, is_folder))
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
            // Spaces need quotes in a shell: `FILE#joint=yaw` will do.
            let bare = |name: &str| name.chars().filter(|c| !c.is_whitespace()).collect::<String>();
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
    Ok(Planned { shown, address: address.to_owned(), cases, loaded })
}
