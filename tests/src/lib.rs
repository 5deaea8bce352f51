//! Helpers of the acceptance tests: the binary, small projects in temporary folders, cases and runs in memory.
#![expect(clippy::expect_used, clippy::panic, reason = "a helper of tests: what fails here fails a test")]

pub mod wrist_sweep;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command as StdCommand;
use std::sync::OnceLock;
use std::time::Duration;
use trocar_scenario::{Files, Loaded, Overrides, load, render};
use trocar_signal::{GroupId, Table, Time};
use trocar_sim::sink::{RunEvent, Sink};
use trocar_sim::state::chain_digest;
use trocar_sim::{Case, Compiled, Inputs, Model, Scratch, State, Watch, publish_start, step};

/// No command of these tests computes for more than a few seconds, but for all shipped scenarios in one, which on two busy
/// cores take a minute: one that takes five hangs.
pub const HANGS_AFTER: Duration = Duration::from_secs(300);

/// The scenario that most tests run: home, then two moves of the tool, under two simulated seconds.
pub const SWING: &str = r#"
format = 1
title  = "Two moves"
scene  = "trocar:scenes/psm_bench.toml"
seed   = 3

[roles]
arm = "psm1"

[poses]
pattern     = "list"
frame       = "arm.remote_centre"
points      = { here = ["0 mm", "-20 mm", "-130 mm"], there = ["0 mm", "20 mm", "-130 mm"] }
orientation = { axis = [1.0, 1.0, 0.0], angle = "180 deg" }

[variation]
"arm.*.friction.coulomb" = { normal = "3 %", drawn = "each motion", standing = "assumed" }
"arm.move_cp.start"      = { uniform = ["0 ms", "2 ms"], drawn = "each motion" }

[[phases]]
name   = "ready"
send   = { "arm.state_command" = ["enable", "home"] }
until  = "arm.is_homed and not arm.is_busy"
within = "30 s"

[[phases]]
name   = "swing"
move   = { command = "arm.move_cp", through = ["here", "there"], dwell = "0.1 s" }
within = "30 s"

[measures.travel]
kind   = "range"
of     = "arm.truth.tip.position.y"
window = { phase = "swing" }

[[requirements]]
id      = "R1"
formula = "travel <= 1 m"
why     = "The tool stays on the bench."
"#;

/// A fault for [`SWING`]: the pitch encoder sticks in motion.
pub const STUCK: &str = r#"
[[faults]]
name   = "encoder_stuck"
target = "arm.pitch.encoder.position"
kind   = "stuck_last"
starts = { in = "swing", after = "0.2 s" }
lasts  = "for good"
"#;

/// The `trocar` binary of this build, built if it is not there or old.
///
/// # Panics
/// Where it does not build.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        // target/PROFILE/deps/this_test
        let this = std::env::current_exe().expect("a test has a path");
        let profile = this.ancestors().nth(2).expect("target/PROFILE");
        let name = profile.file_name().and_then(|n| n.to_str()).expect("a profile");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = StdCommand::new(cargo);
        // Without --package it is the same build as the main job's, which has made it already.
        build.args(["build", "--quiet", "--bin", "trocar", "--profile"]);
        build.arg(if name == "debug" { "dev" } else { name });
        build.arg("--target-dir").arg(profile.parent().expect("target"));
        build.current_dir(root());
        let status = build.status().expect("cargo runs");
        assert!(status.success(), "trocar does not build");
        profile.join(format!("trocar{}", std::env::consts::EXE_SUFFIX))
    })
}

/// The root of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// What a command said and how it ended.
#[derive(Clone, Debug)]
pub struct Said {
    /// Exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Fails unless the command ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Said {
        assert_eq!(self.code, code, "stdout:\n{}\nstderr:\n{}", self.out, self.err);
        self
    }
}

/// Runs `trocar` in a folder. A panic, a hang or an exit code that is none of its own fails the test.
///
/// # Panics
/// As said.
#[track_caller]
pub fn trocar(folder: &Path, arguments: &[&str]) -> Said {
    let done = assert_cmd::Command::new(binary())
        .current_dir(folder)
        .args(arguments)
        .timeout(HANGS_AFTER)
        .output()
        .expect("trocar runs");
    let said = Said {
        code: done.status.code().unwrap_or(-1),
        out: String::from_utf8(done.stdout).expect("output is UTF-8"),
        err: String::from_utf8_lossy(&done.stderr).into_owned(),
    };
    assert!(!said.err.contains("panicked"), "trocar {arguments:?}:\n{}", said.err);
    assert!(
        (0..=4).contains(&said.code),
        "trocar {arguments:?} ended with {} or hung:\n{}",
        said.code,
        said.err
    );
    said
}

/// A project in a temporary folder.
pub struct Project {
    folder: tempfile::TempDir,
}

impl Project {
    /// An empty project with the given files.
    ///
    /// # Panics
    /// Where the file system fails.
    #[must_use]
    pub fn new(files: &[(&str, &str)]) -> Project {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let project = Project { folder };
        project.write("trocar.toml", b"format = 1\n");
        files.iter().for_each(|(name, text)| project.write(name, text.as_bytes()));
        project
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file.
    ///
    /// # Panics
    /// Where the file system fails.
    pub fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }

    /// Runs `trocar` there.
    #[track_caller]
    pub fn trocar(&self, arguments: &[&str]) -> Said {
        trocar(self.path(), arguments)
    }
}

/// Every file below a folder, by its path there.
///
/// # Panics
/// Where the file system fails.
#[must_use]
pub fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn gather(folder: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let entry = entry.expect("an entry");
            let name = format!("{below}{}", entry.file_name().to_string_lossy());
            if entry.file_type().expect("a type").is_dir() {
                gather(&entry.path(), &format!("{name}/"), found);
            } else {
                found.insert(name, std::fs::read(entry.path()).expect("a file"));
            }
        }
    }
    let mut found = BTreeMap::new();
    gather(folder, "", &mut found);
    found
}

/// Copies a folder.
///
/// # Panics
/// Where the file system fails.
pub fn copy(from: &Path, to: &Path) {
    for (name, bytes) in tree(from) {
        let path = to.join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        std::fs::write(path, bytes).expect("a file");
    }
}

/// The built-in library in memory, with `test.toml` beside it.
///
/// # Panics
/// Where a file of the library cannot be read.
#[must_use]
pub fn library_and(text: &str) -> BTreeMap<String, String> {
    let library = Files::library();
    let mut files: BTreeMap<String, String> = library
        .list("")
        .expect("the library")
        .into_iter()
        .map(|address| {
            let text = library.read(&address).expect("a file of the library").text;
            (address, text)
        })
        .collect();
    files.insert("test.toml".to_owned(), text.to_owned());
    files
}

/// Loads `test.toml` of these files.
///
/// # Panics
/// With all mistakes where there are any.
#[must_use]
#[track_caller]
pub fn loaded(files: BTreeMap<String, String>) -> Loaded {
    match load(&Files::in_memory(files), "test.toml", &Overrides::default()) {
        Ok(loaded) => loaded,
        Err(failure) => panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)),
    }
}

/// Compiles the first case of a scenario on the built-in library.
///
/// # Panics
/// With all mistakes where there are any.
#[must_use]
#[track_caller]
pub fn case(text: &str) -> Case {
    case_of(&loaded(library_and(text)))
}

/// Compiles the first case.
///
/// # Panics
/// With all mistakes where there are any.
#[must_use]
#[track_caller]
pub fn case_of(loaded: &Loaded) -> Case {
    match (Compiled { loaded }).case(0) {
        Ok(case) => case,
        Err(found) => panic!("{}", render::to_text(&found, &loaded.files, false)),
    }
}

/// The digests of a run: instant, chain and blocks of each control period.
pub type Rows = Vec<(Time, u64, Vec<u64>)>;

/// Keeps digests, and tables at each recording instant where asked.
#[derive(Default)]
pub struct Kept {
    /// Digests.
    pub rows: Rows,
    /// Tables at the recording's instants.
    pub tables: Vec<(Time, Table)>,
    /// Whether tables are kept.
    pub keeps_tables: bool,
}

impl Sink for Kept {
    fn begin(&mut self, _: &Model, _: &State) -> std::io::Result<()> {
        Ok(())
    }
    fn record(&mut self, now: Time, table: &Table) -> std::io::Result<()> {
        if self.keeps_tables {
            self.tables.push((now, table.clone()));
        }
        Ok(())
    }
    fn digest(&mut self, now: Time, chain: u64, blocks: &[u64]) -> std::io::Result<()> {
        self.rows.push((now, chain, blocks.to_vec()));
        Ok(())
    }
    fn snapshot(&mut self, _: Time, _: &State) -> std::io::Result<()> {
        Ok(())
    }
    fn event(&mut self, _: Time, _: RunEvent<'_>) -> std::io::Result<()> {
        Ok(())
    }
    fn end(&mut self, _: Time) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs a case to its end.
///
/// # Panics
/// Where it is interrupted, which nobody does.
#[must_use]
pub fn run(case: &Case, keeps_tables: bool) -> (trocar_sim::outcome::CaseOutcome, Kept) {
    let mut kept = Kept { keeps_tables, ..Kept::default() };
    let mut watch = Watch { progress: &mut |_| true };
    let outcome = trocar_sim::run(case, &Inputs::default(), &mut kept, &mut watch).expect("a run");
    (outcome, kept)
}

/// A run step by step, without measures, variation and twins: the model and its state alone.
pub struct Bare<'a> {
    /// The model.
    pub model: &'a Model,
    /// The state.
    pub state: State,
    /// Digests so far.
    pub rows: Rows,
    scratch: Scratch,
}

impl<'a> Bare<'a> {
    /// At the first instant.
    ///
    /// # Panics
    /// Where a component refuses to start.
    #[must_use]
    pub fn new(case: &'a Case) -> Bare<'a> {
        let model = &case.model;
        let mut state = model.initial_state(&case.changes);
        let mut scratch = Scratch::new(model);
        publish_start(model, &mut state, &mut scratch).expect("it starts");
        Bare { model, state, rows: Vec::new(), scratch }
    }

    /// The same model from another state.
    #[must_use]
    pub fn from(&self, state: State) -> Bare<'a> {
        Bare { model: self.model, state, rows: Vec::new(), scratch: Scratch::new(self.model) }
    }

    /// One step without its digest.
    ///
    /// # Panics
    /// Where a component cannot go on.
    pub fn step_only(&mut self) {
        step(self.model, &mut self.state, &Inputs::default(), &mut self.scratch).expect("a step");
    }

    /// Chains the digest of the step that was just done.
    pub fn digest(&mut self) {
        let at = self.model.step_instant(self.state.step - 1);
        let mut blocks = Vec::new();
        chain_digest(self.model, &mut self.state, &mut blocks);
        self.rows.push((at, self.state.chain, blocks));
    }

    /// Goes on until this many steps are done, with a digest after each.
    pub fn go_to(&mut self, steps: u64) {
        while self.state.step < steps {
            self.step_only();
            self.digest();
        }
    }

    /// The values of a group.
    ///
    /// # Panics
    /// Where there is none of that name.
    #[must_use]
    pub fn values(&self, group: &str) -> &[f64] {
        self.state.table.values(self.group(group))
    }

    fn group(&self, path: &str) -> GroupId {
        self.model.layout.group(path).unwrap_or_else(|| panic!("there is no group {path}"))
    }
}
