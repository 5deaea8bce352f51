//! The result folder of one scenario, written and read.
//!
//! ```text
//! knee_encoder_stuck/
//!   result.json              what was run and what it came to; written last
//!   host.json                wall times, host, profile: never compared
//!   sensitivity.json         what the verdicts hang on, where it was asked: never compared
//!   inputs/…                 every file of the project that was read, under its path
//!   library/…                every file of the built-in library that was read
//!   cases/<name>/outcome.json, record.mcap, digests.bin, snapshots.bin
//!   cases/<name>/controllers/…  what controllers from outside answered and printed
//! ```
//!
//! Sent by mail, it replays. A case is written beside its place and moved there when it is whole, so that what stands
//! there is finished; an interrupted run keeps what it finished, and goes on from there when it is asked to resume.
//! Nothing else is ever written over. What a folder from a stranger names stays inside it: no address that leaves it is
//! taken, and no link is followed.

use crate::digest_file::{DigestFileError, DigestReader};
use crate::exchange_files::{CONTROLLERS, ExchangeFiles, KeptExchanges, Say};
use crate::mcap_record::Recorder;
use crate::outcome::CaseOutcome;
use crate::safe_path::{UnsafeAddress, case_folder_name, place_of_input, plain_file, read_inside};
use crate::scenario_result::{InputFile, RESULT_FORMAT, ScenarioHeader, ScenarioResult};
use crate::sensitivity::Sensitivity;
use crate::sinks::{CaseSink, DigestSink, McapSink, SnapshotSink};
use crate::snapshot_file::{SnapshotError, SnapshotReader};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use trocar_signal::{ElementRef, GroupId, Layout, digest};

const RESULT: &str = "result.json";
const HOST: &str = "host.json";
const SENSITIVITY: &str = "sensitivity.json";
const CASES: &str = "cases";
const OUTCOME: &str = "outcome.json";
const RECORDING: &str = "record.mcap";
const DIGESTS: &str = "digests.bin";
const SNAPSHOTS: &str = "snapshots.bin";
/// What the name of something unfinished ends with. No finished thing has a dot there.
const PARTIAL: &str = ".partial";
/// All that stands in a result folder.
const CONTENT: [&str; 6] = [RESULT, HOST, SENSITIVITY, CASES, "inputs", "library"];
/// The largest JSON file that is read.
const MAX_JSON_BYTES: u64 = 256 * 1024 * 1024;
/// The largest input that is read; a scenario's files are smaller by far.
const MAX_INPUT_BYTES: u64 = 64 * 1024 * 1024;

/// What is wrong with a result folder.
#[derive(Debug, thiserror::Error)]
pub enum ResultError {
    /// There is something already, and nobody said to go on with it.
    #[error("{} is not empty; choose another folder with --out, or go on with this one with --resume", .folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// It holds what no result folder holds.
    #[error("{} is no result folder: it holds `{found}`", .folder.display())]
    Foreign {
        /// The folder.
        folder: PathBuf,
        /// What was found.
        found: String,
    },
    /// There is no result in it.
    #[error("{} is no result folder: it has no {RESULT}", .folder.display())]
    NotAResult {
        /// The folder.
        folder: PathBuf,
    },
    /// The run was interrupted.
    #[error("the run in {} was interrupted; finish it with --resume", .folder.display())]
    Unfinished {
        /// The folder.
        folder: PathBuf,
    },
    /// Another version wrote it in another form.
    #[error("{} has form {found}, and this version of trocar reads form {RESULT_FORMAT}", .path.display())]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u64,
    },
    /// A file is not what was written.
    #[error("{} is damaged: {what}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
    /// A name that leaves the folder.
    #[error(transparent)]
    Unsafe(#[from] UnsafeAddress),
    /// A case that is not there.
    #[error("{} holds no case `{case}`", .folder.display())]
    NoCase {
        /// The folder.
        folder: PathBuf,
        /// The case.
        case: String,
    },
    /// An outcome that no file can hold.
    #[error("the outcome of case `{case}` cannot be kept: {what}")]
    Outcome {
        /// The case.
        case: String,
        /// Why.
        what: String,
    },
    /// The file system.
    #[error("{}: {source}", .path.display())]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> ResultError + use<> {
    let path = path.to_path_buf();
    move |source| ResultError::Io { path, source }
}

/// What to do with a folder that holds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone: an error.
    Refuse,
    /// Keep the finished cases of the same inputs, and run the others.
    Resume,
}

/// Where and how fast a run took place. Never compared.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HostBlock {
    /// When it began, as text.
    pub started: Option<String>,
    /// Wall time of all cases together, seconds.
    pub wall_s: f64,
    /// Wall time of each case, seconds.
    pub case_wall_s: BTreeMap<String, f64>,
    /// The host's name.
    pub host: Option<String>,
    /// Operating system and processor architecture.
    pub platform: String,
    /// How many cases ran at once.
    pub jobs: usize,
    /// Build profile of the binary.
    pub profile: String,
    /// How long controllers from outside took, by case.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub controllers: BTreeMap<String, Vec<ControllerTimes>>,
}

/// How long the exchanges with a controller from outside took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControllerTimes {
    /// Its name in the scenario.
    pub controller: String,
    /// The slot that it filled.
    pub slot: String,
    /// What it calls itself.
    pub name: String,
    /// How many exchanges there were.
    pub exchanges: u64,
    /// Wall time of one, on average, seconds.
    pub mean_s: f64,
    /// Wall time of the longest, seconds.
    pub longest_s: f64,
}

/// What `outcome.json` holds.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    format: u32,
    /// The digest of the header: all that decides the outcome.
    inputs: String,
    outcome: CaseOutcome,
}

/// Writes a result folder.
#[derive(Debug)]
pub struct ResultWriter {
    folder: PathBuf,
    header: ScenarioHeader,
    inputs: String,
    kept: BTreeMap<String, CaseOutcome>,
    superseded: Vec<String>,
}

impl ResultWriter {
    /// Begins a result folder, or goes on with one. `inputs` are the texts of all files that were read, by address; the
    /// header's list of inputs is made from them.
    ///
    /// # Errors
    /// [`ResultError`]: among others, a folder that is not empty.
    pub fn create(
        folder: &Path,
        mut header: ScenarioHeader,
        inputs: &BTreeMap<String, String>,
        existing: Existing,
    ) -> Result<ResultWriter, ResultError> {
        header.inputs = inputs
            .iter()
            .map(|(address, text)| InputFile {
                address: address.clone(),
                digest: digest::of_bytes(text.as_bytes()),
            })
            .collect();
        let places: Vec<(PathBuf, &String)> = inputs
            .iter()
            .map(|(address, text)| Ok((place_of_input(address)?, text)))
            .collect::<Result<_, UnsafeAddress>>()?;
        let digest = header.digest();
        let mut writer = ResultWriter {
            folder: folder.to_path_buf(),
            header,
            inputs: digest,
            kept: BTreeMap::new(),
            superseded: Vec::new(),
        };
        fs::create_dir_all(folder).map_err(at(folder))?;
        if !entries(folder)?.is_empty() {
            match existing {
                Existing::Refuse => return Err(ResultError::NotEmpty { folder: folder.to_path_buf() }),
                Existing::Resume => writer.resume()?,
            }
        }
        for (place, text) in places {
            let path = folder.join(place);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(at(parent))?;
            }
            write_whole(&path, text.as_bytes())?;
        }
        let cases = folder.join(CASES);
        fs::create_dir_all(&cases).map_err(at(&cases))?;
        Ok(writer)
    }

    /// Finds what is finished and clears away what is not.
    fn resume(&mut self) -> Result<(), ResultError> {
        for name in entries(&self.folder)? {
            let path = self.folder.join(&name);
            let known = CONTENT.contains(&name.strip_suffix(PARTIAL).unwrap_or(&name));
            if !known || is_link(&path)? {
                return Err(ResultError::Foreign { folder: self.folder.clone(), found: name });
            }
        }
        let cases = self.folder.join(CASES);
        let finished = if cases.is_dir() { entries(&cases)? } else { Vec::new() };
        for name in finished {
            let path = cases.join(&name);
            match read_case(&cases, &name)? {
                Some(file) if file.inputs == self.inputs && case_folder_name(&file.outcome.case) == name => {
                    self.kept.insert(file.outcome.case.clone(), file.outcome);
                }
                other => {
                    self.superseded.extend(other.map(|file| file.outcome.case));
                    remove(&path)?;
                }
            }
        }
        for name in entries(&self.folder)?.into_iter().filter(|name| name != CASES) {
            remove(&self.folder.join(name))?;
        }
        Ok(())
    }

    /// Cases that an interrupted run finished with the same inputs: they need not run again.
    #[must_use]
    pub fn kept(&self) -> &BTreeMap<String, CaseOutcome> {
        &self.kept
    }

    /// Cases that were there and are no longer, because their inputs were others.
    #[must_use]
    pub fn superseded(&self) -> &[String] {
        &self.superseded
    }

    /// What is run, with the list of inputs.
    #[must_use]
    pub fn header(&self) -> &ScenarioHeader {
        &self.header
    }

    /// Begins to write a case, of which the groups that hold the given elements are recorded. Cases may be written at
    /// the same time.
    ///
    /// # Errors
    /// [`ResultError::Io`]
    pub fn begin_case(&self, case: &str, recorded: Vec<ElementRef>) -> Result<CaseWriter, ResultError> {
        let name = case_folder_name(case);
        let place = self.folder.join(CASES).join(&name);
        let partial = self.folder.join(CASES).join(name + PARTIAL);
        fs::create_dir(&partial).map_err(at(&partial))?;
        let file = |name: &str| {
            let path = partial.join(name);
            File::create_new(&path).map(BufWriter::new).map_err(at(&path))
        };
        let header = &self.header;
        let mut about: BTreeMap<String, String> = [
            ("title", header.title.as_str()),
            ("scenario", &header.path),
            ("case", case),
            ("method_digest", &header.method_digest),
            ("seed", &header.seed.to_string()),
            ("trocar", &header.trocar),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
        for (instance, digest) in &header.robot_digests {
            about.insert(format!("robot_digest.{instance}"), digest.clone());
        }
        let sink = CaseSink {
            recording: McapSink::new(file(RECORDING)?, recorded, about),
            digests: DigestSink::new(file(DIGESTS)?),
            snapshots: SnapshotSink::new(file(SNAPSHOTS)?),
        };
        Ok(CaseWriter { sink, partial, place, inputs: self.inputs.clone() })
    }

    /// Begins to write a case that is judged from a recording: of `layout`, these groups are kept, so that it can be judged
    /// again.
    ///
    /// # Errors
    /// [`ResultError::Io`]
    pub fn begin_judged(
        &self,
        case: &str,
        layout: &Layout,
        groups: &[GroupId],
        about: BTreeMap<String, String>,
    ) -> Result<JudgedWriter, ResultError> {
        let name = case_folder_name(case);
        let place = self.folder.join(CASES).join(&name);
        let partial = self.folder.join(CASES).join(name + PARTIAL);
        fs::create_dir(&partial).map_err(at(&partial))?;
        let path = partial.join(RECORDING);
        let file = File::create_new(&path).map(BufWriter::new).map_err(at(&path))?;
        let recorder = Recorder::new(file, layout, groups, &about).map_err(at(&path))?;
        Ok(JudgedWriter { recorder, partial, place, inputs: self.inputs.clone() })
    }

    /// Ends the folder. `cases` are all outcomes in the order of the file, those that were kept included.
    ///
    /// # Errors
    /// [`ResultError::NoCase`] for an outcome whose case was not written; [`ResultError::Io`].
    pub fn finish(self, cases: Vec<CaseOutcome>, host: &HostBlock) -> Result<ScenarioResult, ResultError> {
        for outcome in &cases {
            let place = self.folder.join(CASES).join(case_folder_name(&outcome.case)).join(OUTCOME);
            if !place.is_file() {
                return Err(ResultError::NoCase { folder: self.folder, case: outcome.case.clone() });
            }
        }
        let result = ScenarioResult::new(self.header, cases);
        write_json(&self.folder.join(HOST), host)?;
        write_json(&self.folder.join(RESULT), &result)?;
        Ok(result)
    }
}

/// Writes one case: hand [`CaseWriter::sink`] to the run, then [`CaseWriter::finish`] it with the outcome. One that is
/// dropped before leaves its files under a name that ends with `.partial`.
pub struct CaseWriter {
    sink: CaseSink<BufWriter<File>>,
    partial: PathBuf,
    place: PathBuf,
    inputs: String,
}

impl CaseWriter {
    /// Where the run pours what it does.
    pub fn sink(&mut self) -> &mut CaseSink<BufWriter<File>> {
        &mut self.sink
    }

    /// Where the exchanges with controllers from outside are kept. `say` tells a person what cannot wait.
    #[must_use]
    pub fn exchanges(&self, say: Say) -> ExchangeFiles {
        ExchangeFiles::new(&self.partial, say)
    }

    /// Writes the outcome and moves the case to its place.
    ///
    /// # Errors
    /// [`ResultError::Outcome`] where the run is not over, or the outcome holds a number that is not finite;
    /// [`ResultError::Io`].
    pub fn finish(self, outcome: &CaseOutcome) -> Result<(), ResultError> {
        let refuse = |what: &str| ResultError::Outcome { case: outcome.case.clone(), what: what.to_owned() };
        let CaseSink { recording, digests, snapshots } = self.sink;
        for media in [recording.into_inner(), digests.into_inner(), snapshots.into_inner()] {
            let file = media.ok_or_else(|| refuse("its run is not over"))?;
            let file = file.into_inner().map_err(|e| at(&self.partial)(e.into_error()))?;
            file.sync_all().map_err(at(&self.partial))?;
        }
        sync_files(&self.partial.join(CONTROLLERS))?;
        settle(&self.partial, &self.place, self.inputs, outcome)
    }
}

/// Writes one case that is judged from a recording.
pub struct JudgedWriter {
    /// What is kept of the recording.
    pub recorder: Recorder<BufWriter<File>>,
    partial: PathBuf,
    place: PathBuf,
    inputs: String,
}

impl JudgedWriter {
    /// Writes the outcome and moves the case to its place.
    ///
    /// # Errors
    /// As [`CaseWriter::finish`].
    pub fn finish(self, outcome: &CaseOutcome) -> Result<(), ResultError> {
        let file = self.recorder.finish().map_err(at(&self.partial))?;
        let file = file.into_inner().map_err(|e| at(&self.partial)(e.into_error()))?;
        file.sync_all().map_err(at(&self.partial))?;
        settle(&self.partial, &self.place, self.inputs, outcome)
    }
}

/// Writes a case's outcome, and moves the case to its place.
fn settle(partial: &Path, place: &Path, inputs: String, outcome: &CaseOutcome) -> Result<(), ResultError> {
    let file = CaseFile { format: RESULT_FORMAT, inputs, outcome: outcome.clone() };
    let text = json(&file, partial)?;
    // JSON has no numbers that are not finite: they would be written as null, and not be read again.
    let back: Result<CaseFile, _> = serde_json::from_slice(&text);
    if !back.is_ok_and(|back| back.outcome == *outcome) {
        let what = "it holds a number that is not finite".to_owned();
        return Err(ResultError::Outcome { case: outcome.case.clone(), what });
    }
    write_whole(&partial.join(OUTCOME), &text)?;
    fs::rename(partial, place).map_err(at(place))
}

/// A result folder that is read. It may come from a stranger.
#[derive(Clone, Debug)]
pub struct ResultFolder {
    folder: PathBuf,
    result: ScenarioResult,
}

impl ResultFolder {
    /// Opens a result folder.
    ///
    /// # Errors
    /// [`ResultError`]: not a result, interrupted, damaged, of another form, or with names that leave it.
    pub fn open(folder: &Path) -> Result<ResultFolder, ResultError> {
        let path = folder.join(RESULT);
        if !fs::metadata(folder).map_err(at(folder))?.is_dir() || fs::symlink_metadata(&path).is_err() {
            let folder = folder.to_path_buf();
            let begun = fs::symlink_metadata(folder.join(CASES)).is_ok_and(|kind| kind.is_dir());
            return Err(if begun {
                ResultError::Unfinished { folder }
            } else {
                ResultError::NotAResult { folder }
            });
        }
        let bytes = read_inside(folder, Path::new(RESULT), MAX_JSON_BYTES).map_err(at(&path))?;
        let result: ScenarioResult = parse(&bytes, &path)?;
        result.scenario.inputs.iter().try_for_each(|input| place_of_input(&input.address).map(|_| ()))?;
        Ok(ResultFolder { folder: folder.to_path_buf(), result })
    }

    /// What was run and what it came to.
    #[must_use]
    pub fn result(&self) -> &ScenarioResult {
        &self.result
    }

    /// Whether this version of trocar wrote it. Another one may differ in the last bit: compare figures, not digests.
    #[must_use]
    pub fn is_of_version(&self, trocar: &str) -> bool {
        self.result.scenario.trocar == trocar
    }

    /// Where it ran; `None` where nobody kept that.
    ///
    /// # Errors
    /// [`ResultError`]
    pub fn host(&self) -> Result<Option<HostBlock>, ResultError> {
        self.beside(HOST)
    }

    /// What its verdicts hang on; `None` where nobody asked.
    ///
    /// # Errors
    /// [`ResultError`]
    pub fn sensitivity(&self) -> Result<Option<Vec<Sensitivity>>, ResultError> {
        self.beside(SENSITIVITY)
    }

    /// Keeps what the verdicts hang on.
    ///
    /// # Errors
    /// [`ResultError::Io`]
    pub fn keep_sensitivity(folder: &Path, found: &[Sensitivity]) -> Result<(), ResultError> {
        let path = folder.join(SENSITIVITY);
        let text = serde_json::to_string_pretty(found).map_err(|e| damaged(&path, e))?;
        write_whole(&path, format!("{text}\n").as_bytes())
    }

    /// A file that not every result has.
    fn beside<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, ResultError> {
        let path = self.folder.join(name);
        match read_inside(&self.folder, Path::new(name), MAX_JSON_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| damaged(&path, e)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path)(error)),
        }
    }

    /// The texts of all files that were read, by address: what a replay runs from.
    ///
    /// # Errors
    /// [`ResultError`]: a file that is missing, is a link, or is not the one that was read.
    pub fn inputs(&self) -> Result<BTreeMap<String, String>, ResultError> {
        let mut texts = BTreeMap::new();
        for input in &self.result.scenario.inputs {
            let place = place_of_input(&input.address)?;
            let path = self.folder.join(&place);
            let bytes = read_inside(&self.folder, &place, MAX_INPUT_BYTES).map_err(at(&path))?;
            if digest::of_bytes(&bytes) != input.digest {
                return Err(damaged(&path, "it is not the file that was run"));
            }
            let text = String::from_utf8(bytes).map_err(|e| damaged(&path, e))?;
            texts.insert(input.address.clone(), text);
        }
        Ok(texts)
    }

    fn open_file(&self, case: &str, name: &str) -> Result<BufReader<File>, ResultError> {
        if !self.result.cases.iter().any(|outcome| outcome.case == case) {
            return Err(ResultError::NoCase { folder: self.folder.clone(), case: case.to_owned() });
        }
        let place = Path::new(CASES).join(case_folder_name(case)).join(name);
        let path = self.folder.join(&place);
        let found = plain_file(&self.folder, &place).and_then(File::open);
        found.map(BufReader::new).map_err(at(&path))
    }

    /// A case's outcome as its own folder says it; [`ResultFolder::result`] says it too.
    ///
    /// # Errors
    /// [`ResultError`]
    pub fn outcome(&self, case: &str) -> Result<CaseOutcome, ResultError> {
        let no_case = || ResultError::NoCase { folder: self.folder.clone(), case: case.to_owned() };
        let file = read_case(&self.folder.join(CASES), &case_folder_name(case))?.ok_or_else(no_case)?;
        Ok(file.outcome)
    }

    /// A case's recording, for [`crate::recording::scan`] and [`crate::csv::write_csv`].
    ///
    /// # Errors
    /// [`ResultError`]
    pub fn recording(&self, case: &str) -> Result<BufReader<File>, ResultError> {
        self.open_file(case, RECORDING)
    }

    /// Where a case's recording is.
    ///
    /// # Errors
    /// [`ResultError`]: no such case, or what stands there is no plain file.
    pub fn recording_path(&self, case: &str) -> Result<PathBuf, ResultError> {
        self.recording(case)?;
        Ok(self.folder.join(CASES).join(case_folder_name(case)).join(RECORDING))
    }

    /// A case's digests.
    ///
    /// # Errors
    /// [`ResultError`]
    pub fn digests(&self, case: &str) -> Result<DigestReader<BufReader<File>>, ResultError> {
        let path = self.folder.join(CASES).join(case_folder_name(case)).join(DIGESTS);
        DigestReader::new(self.open_file(case, DIGESTS)?).map_err(|error| match error {
            DigestFileError::Io(source) => at(&path)(source),
            other => damaged(&path, other),
        })
    }

    /// What controllers from outside answered in a case. `say` tells a person what cannot wait.
    #[must_use]
    pub fn exchanges(&self, case: &str, say: Say) -> KeptExchanges {
        KeptExchanges::new(&self.folder, Path::new(CASES).join(case_folder_name(case)), say)
    }

    /// A case's snapshots.
    ///
    /// # Errors
    /// [`ResultError`]
    pub fn snapshots(&self, case: &str) -> Result<SnapshotReader<BufReader<File>>, ResultError> {
        let path = self.folder.join(CASES).join(case_folder_name(case)).join(SNAPSHOTS);
        SnapshotReader::new(self.open_file(case, SNAPSHOTS)?).map_err(|error| match error {
            SnapshotError::Io(source) => at(&path)(source),
            other => damaged(&path, other),
        })
    }
}

/// A finished case; `None` for what is not one.
fn read_case(cases: &Path, name: &str) -> Result<Option<CaseFile>, ResultError> {
    if name.ends_with(PARTIAL) {
        return Ok(None);
    }
    let place = Path::new(name).join(OUTCOME);
    match read_inside(cases, &place, MAX_JSON_BYTES) {
        Ok(bytes) => parse(&bytes, &cases.join(place)).map(Some),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(at(&cases.join(place))(error)),
    }
}

/// Reads JSON of this form; of another one says so first.
fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8], path: &Path) -> Result<T, ResultError> {
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| damaged(path, e))?;
    match value.get("format").and_then(serde_json::Value::as_u64) {
        Some(format) if format == u64::from(RESULT_FORMAT) => {}
        Some(found) => return Err(ResultError::OtherFormat { path: path.to_path_buf(), found }),
        None => return Err(damaged(path, "it does not say which form it has")),
    }
    serde_json::from_value(value).map_err(|e| damaged(path, e))
}

fn damaged(path: &Path, what: impl ToString) -> ResultError {
    ResultError::Damaged { path: path.to_path_buf(), what: what.to_string() }
}

/// Makes sure that what stands in a folder, if there is one, is on the disk.
fn sync_files(folder: &Path) -> Result<(), ResultError> {
    if !folder.is_dir() {
        return Ok(());
    }
    for name in entries(folder)? {
        let path = folder.join(name);
        File::open(&path).and_then(|file| file.sync_all()).map_err(at(&path))?;
    }
    Ok(())
}

/// Names in a folder, sorted.
fn entries(folder: &Path) -> Result<Vec<String>, ResultError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        names.push(entry.map_err(at(folder))?.file_name().to_string_lossy().into_owned());
    }
    names.sort_unstable();
    Ok(names)
}

fn is_link(path: &Path) -> Result<bool, ResultError> {
    Ok(fs::symlink_metadata(path).map_err(at(path))?.file_type().is_symlink())
}

/// Removes a file or a folder with all in it; of a link the link alone.
fn remove(path: &Path) -> Result<(), ResultError> {
    let kind = fs::symlink_metadata(path).map_err(at(path))?.file_type();
    if kind.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.map_err(at(path))
}

fn json(value: &impl Serialize, path: &Path) -> Result<Vec<u8>, ResultError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|e| at(path)(e.into()))?;
    text.push(b'\n');
    Ok(text)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), ResultError> {
    write_whole(path, &json(value, path)?)
}

/// Writes a file beside its place and moves it there: whoever looks sees nothing or all of it.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ResultError> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(PARTIAL);
    let partial = path.with_file_name(name);
    let mut file = File::create(&partial).map_err(at(&partial))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at(&partial))?;
    fs::rename(&partial, path).map_err(at(path))
}
