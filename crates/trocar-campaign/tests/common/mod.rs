//! Small projects in temporary folders for the tests of this crate.
#![allow(dead_code, reason = "each test file uses its share of this")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use trocar_campaign::{Batch, BatchResult, Controllers, Plan, Target, Watcher, run_batch};
use trocar_evidence::Existing;
use trocar_evidence::outcome::CaseOutcome;
use trocar_scenario::Overrides;
use trocar_signal::Time;

/// A scenario of three cases, a twentieth of a second each.
pub const THREE: &str = r#"
format = 1
title  = "Holds still with three loads"
scene  = "trocar:scenes/psm_bench.toml"
seed   = 5

[roles]
arm = "psm1"

[vary]
"arm.load" = ["0.1 kg", "0.2 kg", "0.3 kg"]

[[phases]]
name  = "hold"
lasts = "0.05 s"

[measures.far]
kind = "maximum"
of   = "arm.truth.tip.position.x"

[[requirements]]
id      = "R"
formula = "far <= 1 m"
why     = "A test."
"#;

/// The same without `[vary]`.
pub fn single() -> String {
    THREE.replace("[vary]\n\"arm.load\" = [\"0.1 kg\", \"0.2 kg\", \"0.3 kg\"]\n", "")
}

/// A project in a temporary folder.
pub struct Project(tempfile::TempDir);

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Project {
        let project = Project(tempfile::tempdir().unwrap());
        project.write("trocar.toml", "format = 1\n");
        files.iter().for_each(|(name, text)| project.write(name, text));
        project
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub fn target(&self, name: &str, case: Option<&str>) -> Target {
        Target { path: self.path(name), case: case.map(str::to_owned), with_long: false }
    }

    #[track_caller]
    pub fn plan(&self, targets: &[(&str, Option<&str>)]) -> Plan {
        self.plan_with(targets, &Overrides::default())
    }

    #[track_caller]
    pub fn plan_with(&self, targets: &[(&str, Option<&str>)], overrides: &Overrides) -> Plan {
        let targets: Vec<Target> = targets.iter().map(|(name, case)| self.target(name, *case)).collect();
        match Plan::new(&targets, overrides) {
            Ok(plan) => plan,
            Err(failures) => panic!("{:?}", failures.iter().map(|f| &f.diagnostics).collect::<Vec<_>>()),
        }
    }

    pub fn batch(&self, out: &str, jobs: usize, existing: Existing) -> Batch {
        Batch { jobs, out: self.path(out), existing, controllers: Controllers::default() }
    }
}

/// Writes down what finished, and stops the batch after so many cases.
pub struct Notes {
    pub finished: Mutex<Vec<(usize, String, bool)>>,
    pub stop: AtomicBool,
    pub stop_after: usize,
}

impl Notes {
    pub fn new(stop_after: usize) -> Notes {
        Notes { finished: Mutex::default(), stop: AtomicBool::new(stop_after == 0), stop_after }
    }
}

impl Watcher for Notes {
    fn advanced(&self, _: usize, _: Time) {}
    fn finished(&self, case: usize, outcome: &CaseOutcome, kept: bool) {
        let mut finished = self.finished.lock().unwrap();
        finished.push((case, outcome.case.clone(), kept));
        if finished.len() >= self.stop_after {
            self.stop.store(true, Ordering::Relaxed);
        }
    }
    fn wall_s(&self) -> f64 {
        0.0
    }
}

/// Runs a plan to its end.
#[track_caller]
pub fn run(plan: &Plan, batch: &Batch) -> (BatchResult, Vec<(usize, String, bool)>) {
    run_until(plan, batch, usize::MAX)
}

/// Runs a plan until so many cases are finished.
#[track_caller]
pub fn run_until(plan: &Plan, batch: &Batch, stop_after: usize) -> (BatchResult, Vec<(usize, String, bool)>) {
    let notes = Notes::new(stop_after);
    let result = run_batch(plan, batch, &notes, &notes.stop).unwrap_or_else(|e| panic!("{e}"));
    (result, notes.finished.into_inner().unwrap())
}

/// Every file below a folder but the account of the host, by its path there.
pub fn tree(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "host.json") {
                found.insert(path.strip_prefix(folder).unwrap().to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}
