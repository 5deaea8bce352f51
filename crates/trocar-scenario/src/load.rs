//! From a scenario's path to everything that it stands for: includes merged, scene and robots read, roles bound,
//! cases expanded, and every mistake on the way with its place.

mod urdf;

use crate::case::{self, Case};
use crate::common::FORMAT;
use crate::for_each::{self, Binding};
use crate::instrument::{InstrumentFile, InstrumentMountConfig};
use crate::mapping::MappingFile;
use crate::mount::{self, Instrument};
use crate::person::PersonFile;
use crate::poses::PosesConfig;
use crate::recorded::{self, MotionTable};
use crate::robot::RobotFile;
use crate::roles::{self, Roles};
use crate::scenario::ScenarioFile;
use crate::scene::SceneFile;
use crate::schema;
use crate::semantics;
use crate::source::{Files, SourceError, SourceFile};
use crate::span::SpanIndex;
use crate::text::{nearest, quoted};
use crate::tree::{Node, Value};
use crate::urdf::Urdf;
use crate::walk;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use trocar_control::outside::ControllerConfig;
use trocar_signal::{Diagnostic, Problem, Severity, digest};

pub use urdf::{LoadedUrdf, UrdfOptions, load_urdf};

/// The most mistakes that are reported at once.
const MAX_DIAGNOSTICS: usize = 200;

/// What a person asks for beside the file: another scene, other robots in its roles, other values, another seed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Another scene's file, below the project's root or of the library.
    pub scene: Option<String>,
    /// Path of a parameter and its value, over what the file's `[setup]` and `[vary]` say. The path may begin with a
    /// role or with a robot of the scene.
    pub set: Vec<(String, String)>,
    /// Role and the scene's robot that fills it, over the file's `[roles]`.
    pub roles: Vec<(String, String)>,
    /// Another seed.
    pub seed: Option<u64>,
    /// Slot, and the command that fills it, over the file's `[controllers]`. The slot may begin with a role or with a robot
    /// of the scene.
    pub controllers: Vec<(String, Vec<String>)>,
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A test method.
    Scenario,
    /// Sections that scenarios include.
    Part,
    /// Robots and where they stand.
    Scene,
    /// A robot.
    Robot,
    /// A URDF file: links and joints, from which a robot file may take its mechanism.
    Urdf,
    /// An instrument for a robot.
    Instrument,
    /// A person who wears a robot.
    Person,
    /// Which columns of a laboratory's files are which signals.
    Mapping,
}

impl FileKind {
    /// What a person calls it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            FileKind::Scenario => "a scenario",
            FileKind::Part => "a part that scenarios include",
            FileKind::Scene => "a scene",
            FileKind::Robot => "a robot",
            FileKind::Urdf => "a URDF file",
            FileKind::Instrument => "an instrument",
            FileKind::Person => "a person",
            FileKind::Mapping => "a mapping of a recording",
        }
    }
}

/// A robot of the scene, with the instrument that it carries.
#[derive(Clone, Debug)]
pub struct LoadedRobot {
    /// Its file's content, with that of its instrument's file as part of it.
    pub robot: RobotFile,
    /// Places of its keys and values.
    pub spans: SpanIndex,
    /// Address of its file.
    pub address: String,
    /// Digest of its content and of the mechanism that its URDF gives, apart from spacing, comments and order of keys.
    pub digest: String,
    /// What its URDF says beside the mechanism, if it has one.
    pub urdf: Option<Urdf>,
    /// Its content and its instrument's as they are written, with the units that the files give.
    pub written: Json,
}

/// An instrument on its own.
#[derive(Clone, Debug)]
pub struct LoadedInstrument {
    /// Its file's content.
    pub instrument: InstrumentFile,
    /// Places of its keys and values.
    pub spans: SpanIndex,
    tree: Node,
}

/// A person who wears a robot.
#[derive(Clone, Debug)]
pub struct LoadedPerson {
    /// Its file's content.
    pub person: PersonFile,
    /// Places of its keys and values.
    pub spans: SpanIndex,
    /// Address of its file.
    pub address: String,
    /// Digest of its content, apart from spacing, comments and order of keys.
    pub digest: String,
}

/// A scene with its robots.
#[derive(Clone, Debug)]
pub struct LoadedScene {
    /// The scene file's content.
    pub scene: SceneFile,
    /// Places of its keys and values.
    pub spans: SpanIndex,
    /// Address of its file.
    pub address: String,
    /// Name in the scene to robot.
    pub robots: BTreeMap<String, LoadedRobot>,
    /// Name of the robot that is worn to who wears it.
    pub wearers: BTreeMap<String, LoadedPerson>,
    /// Digest of the content of scene, robots and wearers, apart from spacing, comments and order of keys.
    pub digest: String,
    /// The scene file's content as it is written, with the units that it gives.
    pub written: Json,
}

/// A scenario with all that it stands for.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario with included sections merged, overrides applied and each role replaced by its robot in every
    /// path and formula: what runs.
    pub scenario: ScenarioFile,
    /// The same in the method's own words, as the files say it: what reports quote. Of the overrides only that of roles
    /// is in it.
    pub method: ScenarioFile,
    /// Places of the scenario's keys and values. Key paths are those of `scenario`; a range inside a text of
    /// `scenario` gives the bytes of the text as it was written.
    pub spans: SpanIndex,
    /// Role to robot.
    pub roles: Roles,
    /// Scene and robots.
    pub scene: LoadedScene,
    /// Every combination of `[vary]`, at least one; paths as in `scenario`.
    pub cases: Vec<Case>,
    /// Where `[for_each]` makes more than one of it: the scenario of each combination, `scenario` being that of the first.
    pub variants: Arc<[Variant]>,
    /// The recorded motions, by the path that the scenario names them by.
    pub tables: BTreeMap<String, MotionTable>,
    /// Digest of the method: everything that the scenario says except which scene and robots it runs on, apart from
    /// spacing, comments and order of keys.
    pub method_digest: String,
    /// The method with included sections merged, as it is written: in its own words and with the units that it gives.
    pub written: Json,
    /// Every file that was read, the scenario's first.
    pub files: Vec<SourceFile>,
    /// The project's root on disk, where programs of controllers start; `None` where the files come from elsewhere.
    pub root: Option<std::path::PathBuf>,
    /// What may not be as meant.
    pub warnings: Vec<Diagnostic>,
}

/// A scenario as it is for one combination of what `[for_each]` binds.
#[derive(Clone, Debug)]
pub struct Variant {
    /// As [`Loaded::scenario`].
    pub scenario: ScenarioFile,
    /// As [`Loaded::method`].
    pub method: ScenarioFile,
    /// As [`Loaded::spans`].
    pub spans: SpanIndex,
}

impl Loaded {
    /// The scenario of every combination of `[for_each]`; one where the file has none.
    pub fn scenarios(&self) -> impl Iterator<Item = &ScenarioFile> {
        let of_variants = self.variants.iter().map(|variant| &variant.scenario);
        of_variants.chain(self.variants.is_empty().then_some(&self.scenario))
    }

    /// The scenario as one of its cases has it.
    #[must_use]
    pub fn of_case(&self, place: usize) -> Cow<'_, Loaded> {
        let variant = self.cases.get(place).map_or(0, |case| case.variant);
        match self.variants.get(variant) {
            Some(found) if variant > 0 => {
                let Variant { scenario, method, spans } = found.clone();
                Cow::Owned(Loaded { scenario, method, spans, variants: Arc::default(), ..self.clone() })
            }
            _ => Cow::Borrowed(self),
        }
    }
}

/// Mistakes, with the files that they speak of: what [`crate::render`] needs.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What is wrong, file by file, from the first line to the last.
    pub diagnostics: Vec<Diagnostic>,
    /// Every file that was read.
    pub files: Vec<SourceFile>,
}

/// Reads a scenario and everything that it names.
///
/// # Errors
/// Every mistake in every file that could be read.
pub fn load(files: &Files, address: &str, overrides: &Overrides) -> Result<Loaded, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.scenario(address, overrides);
    let (mut loaded, files, warnings) = loader.finish(loaded)?;
    (loaded.files, loaded.warnings) = (files, warnings);
    Ok(loaded)
}

/// Reads a scene and its robots.
///
/// # Errors
/// Every mistake in every file that could be read.
pub fn load_scene(files: &Files, address: &str) -> Result<LoadedScene, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.scene(address, None);
    loader.finish(loaded).map(|(loaded, ..)| loaded)
}

/// Reads a robot with the instrument that its file names.
///
/// # Errors
/// Every mistake in its files.
pub fn load_robot(files: &Files, address: &str) -> Result<LoadedRobot, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.robot(address, None, None);
    loader.finish(loaded).map(|(loaded, ..)| loaded)
}

/// Reads an instrument.
///
/// # Errors
/// Every mistake in its file.
pub fn load_instrument(files: &Files, address: &str) -> Result<LoadedInstrument, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.instrument(address, None);
    loader.finish(loaded).map(|(loaded, ..)| loaded)
}

/// Reads a person.
///
/// # Errors
/// Every mistake in the file.
pub fn load_person(files: &Files, address: &str) -> Result<LoadedPerson, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.person(address, None);
    loader.finish(loaded).map(|(loaded, ..)| loaded)
}

/// A mapping of a recording.
#[derive(Clone, Debug)]
pub struct LoadedMapping {
    /// Its content.
    pub mapping: MappingFile,
    /// Places of its keys and values.
    pub spans: SpanIndex,
    /// Its text and path.
    pub file: SourceFile,
}

/// Reads a mapping.
///
/// # Errors
/// Every mistake in it.
pub fn load_mapping(files: &Files, address: &str) -> Result<LoadedMapping, Failure> {
    let mut loader = Loader::new(files);
    let loaded = loader.mapping(address);
    let ((mapping, spans), sources, _) = loader.finish(loaded)?;
    let file = sources.into_iter().next().ok_or_else(|| Failure {
        diagnostics: vec![internal("a mapping was read from no file")],
        files: Vec::new(),
    })?;
    Ok(LoadedMapping { mapping, spans, file })
}

/// A file without mistakes.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it is.
    pub kind: FileKind,
    /// What may not be as meant.
    pub warnings: Vec<Diagnostic>,
    /// Every file that was read.
    pub files: Vec<SourceFile>,
}

/// Checks a file of any kind with all that it names, as far as that shows without compiling.
///
/// # Errors
/// Every mistake in every file that could be read.
pub fn check(files: &Files, address: &str) -> Result<Checked, Failure> {
    let mut loader = Loader::new(files);
    let kind = match is_urdf(address) {
        true => Some(FileKind::Urdf),
        false => loader.open(address, None).map(|(_, tree)| kind_of(&tree)),
    };
    let checked = match kind {
        None => None,
        Some(FileKind::Urdf) => loader.urdf_alone(address, &UrdfOptions::default()).map(drop),
        Some(FileKind::Scenario) => loader.scenario(address, &Overrides::default()).map(drop),
        Some(FileKind::Scene) => loader.scene(address, None).map(drop),
        Some(FileKind::Robot) => loader.robot(address, None, None).map(drop),
        Some(FileKind::Instrument) => loader.instrument(address, None).map(drop),
        Some(FileKind::Person) => loader.person(address, None).map(drop),
        Some(FileKind::Mapping) => loader.mapping(address).map(drop),
        Some(FileKind::Part) => loader.part(address),
    };
    let (kind, files, warnings) = loader.finish(checked.and(kind))?;
    Ok(Checked { kind, warnings, files })
}

/// What a file calls itself, by its key `kind` or, for a URDF, by its ending; `None` for a file that cannot be read.
#[must_use]
pub fn kind_of_file(files: &Files, address: &str) -> Option<FileKind> {
    if is_urdf(address) {
        return Some(FileKind::Urdf);
    }
    Loader::new(files).open(address, None).map(|(_, tree)| kind_of(&tree))
}

/// Whether a scenario says that a run of its folder passes it over; see [`ScenarioFile::long`].
#[must_use]
pub fn takes_long(files: &Files, address: &str) -> bool {
    let read = Loader::new(files).open(address, None);
    read.is_some_and(|(_, tree)| {
        matches!(tree.get("long").map(|long| &long.value), Some(Value::Boolean(true)))
    })
}

/// What the file says it is, or most likely means to say; a scenario where it says nothing.
pub(crate) fn kind_of(tree: &Node) -> FileKind {
    let Some(said) = tree.get("kind").and_then(Node::as_text) else { return FileKind::Scenario };
    match nearest(said, ["scenario", "robot", "instrument", "person", "scene", "part", "mapping"]) {
        Some("robot") => FileKind::Robot,
        Some("instrument") => FileKind::Instrument,
        Some("person") => FileKind::Person,
        Some("scene") => FileKind::Scene,
        Some("part") => FileKind::Part,
        Some("mapping") => FileKind::Mapping,
        _ => FileKind::Scenario,
    }
}

/// Where a file is named: path of the naming file as shown, and bytes.
type NamedAt = (String, std::ops::Range<usize>);

struct Loader<'a> {
    files: &'a Files,
    sources: Vec<SourceFile>,
    /// Trees by place in `sources`; none where the file is not TOML.
    trees: Vec<Option<Node>>,
    found: Vec<Diagnostic>,
}

impl<'a> Loader<'a> {
    fn new(files: &'a Files) -> Loader<'a> {
        Loader { files, sources: Vec::new(), trees: Vec::new(), found: Vec::new() }
    }

    fn finish<T>(mut self, result: Option<T>) -> Result<(T, Vec<SourceFile>, Vec<Diagnostic>), Failure> {
        let place = |diagnostic: &Diagnostic| {
            diagnostic.labels.first().map(|label| {
                let file = self.sources.iter().position(|source| source.shown == label.file);
                (file, label.range.start)
            })
        };
        let mut found = std::mem::take(&mut self.found);
        found.sort_by_key(place);
        found.dedup();
        if let Some(result) = result
            && !found.iter().any(is_error)
        {
            return Ok((result, self.sources, found));
        }
        if found.is_empty() {
            found.push(internal("nothing was found wrong, and yet the file could not be loaded"));
        }
        if found.len() > MAX_DIAGNOSTICS {
            let more = found.len() - MAX_DIAGNOSTICS;
            found.truncate(MAX_DIAGNOSTICS);
            found.push(Diagnostic::error("more", format!("and {more} more mistakes")));
        }
        Err(Failure { diagnostics: found, files: self.sources })
    }

    fn source_error(&mut self, error: &SourceError, named_at: Option<&NamedAt>) {
        let diagnostic = error.diagnostic();
        self.found.push(match named_at {
            Some((file, range)) => diagnostic.at(file, range.clone(), ""),
            None => diagnostic,
        });
    }

    /// Reads a file once, as a tree whose format is ours.
    fn open(&mut self, address: &str, named_at: Option<&NamedAt>) -> Option<(usize, Node)> {
        if let Some(index) = self.sources.iter().position(|source| source.address == address) {
            return Some((index, self.trees.get(index)?.clone()?));
        }
        let source = match self.files.read(address) {
            Ok(source) => source,
            Err(error) => {
                self.source_error(&error, named_at);
                return None;
            }
        };
        if is_urdf(address) {
            self.found.push(urdf::not_a_robot_file(&source, named_at));
            return None;
        }
        let index = self.sources.len();
        let tree = match self.files.repairs.parse(&source, index) {
            Ok(tree) => self.of_our_format(&source, tree),
            Err(errors) => {
                self.found.extend(errors);
                None
            }
        };
        self.sources.push(source);
        self.trees.push(tree.clone());
        Some((index, tree?))
    }

    /// A file of another format would only give mistakes that are none.
    fn of_our_format(&mut self, source: &SourceFile, tree: Node) -> Option<Node> {
        let Some(node) = tree.get("format") else { return Some(tree) };
        match node.value {
            Value::Integer(number) if number == i64::from(FORMAT) => Some(tree),
            Value::Integer(number) => {
                let title = format!("this file is of format {number}, and this trocar reads format {FORMAT}");
                let note = if number > i64::from(FORMAT) {
                    "a newer trocar reads it"
                } else {
                    "formats begin with 1"
                };
                self.found.push(
                    Diagnostic::error("other-format", title)
                        .at(&source.shown, node.range.clone(), "")
                        .note(note),
                );
                None
            }
            _ => Some(tree),
        }
    }

    /// A tree as the structure behind `schema`; `None` where it has mistakes, which are then reported.
    fn typed<T: DeserializeOwned>(&mut self, tree: &Node, schema: &Json) -> Option<T> {
        let mistakes = walk::walk(tree, schema, &self.sources, false);
        if !mistakes.is_empty() {
            self.found.extend(mistakes);
            return None;
        }
        self.read_by_serde(tree)
    }

    fn read_by_serde<T: DeserializeOwned>(&mut self, tree: &Node) -> Option<T> {
        match T::deserialize(tree.to_toml()) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = error.to_string();
                let file = self.sources.get(tree.file).map_or("", |source| source.shown.as_str());
                let diagnostic =
                    internal(&format!("the check passed what the reader refuses: {}", message.trim()));
                self.found.push(diagnostic.at(file, tree.range.clone(), ""));
                None
            }
        }
    }

    fn must_be(&mut self, tree: &Node, meant: FileKind, named_at: Option<&NamedAt>) -> Option<()> {
        let is = kind_of(tree);
        let fits = is == meant || (meant == FileKind::Part && is == FileKind::Scenario);
        // A robot or scene that forgot to say so is told by the walk that it lacks `kind`.
        if fits || (is == FileKind::Scenario && tree.get("kind").is_none()) {
            return Some(());
        }
        let place = named_at.cloned().or_else(|| {
            let source = self.sources.get(tree.file)?;
            Some((source.shown.clone(), tree.get("kind")?.range.clone()))
        });
        let title = format!("{} is meant here, and this is {}", meant.word(), is.word());
        let diagnostic = Diagnostic::error("wrong-kind", title);
        self.found.push(match place {
            Some((file, range)) => diagnostic.at(file, range, ""),
            None => diagnostic,
        });
        None
    }

    fn named(&self, node: &Node) -> NamedAt {
        let file = self.sources.get(node.file).map_or_else(String::new, |source| source.shown.clone());
        (file, node.range.clone())
    }

    fn resolve(&mut self, from: usize, node: &Node) -> Option<(String, NamedAt)> {
        let named_at = self.named(node);
        let from = self.sources.get(from).map_or("", |source| source.address.as_str());
        match self.files.resolve(from, node.as_text()?) {
            Ok(address) => Some((address, named_at)),
            Err(error) => {
                self.source_error(&error, Some(&named_at));
                None
            }
        }
    }

    fn instrument(&mut self, address: &str, named_at: Option<&NamedAt>) -> Option<LoadedInstrument> {
        let (_, tree) = self.open(address, named_at)?;
        self.must_be(&tree, FileKind::Instrument, named_at)?;
        let instrument: InstrumentFile = self.typed(&tree, schema::instrument())?;
        let spans = SpanIndex::new(&tree, &self.sources);
        let mut problems = instrument.check();
        crate::robot::unknown_sources(&tree, "", &instrument.sources, &mut problems);
        if self.report(&spans, &problems) { Some(LoadedInstrument { instrument, spans, tree }) } else { None }
    }

    fn person(&mut self, address: &str, named_at: Option<&NamedAt>) -> Option<LoadedPerson> {
        let (_, tree) = self.open(address, named_at)?;
        self.must_be(&tree, FileKind::Person, named_at)?;
        let person: PersonFile = self.typed(&tree, schema::person())?;
        let spans = SpanIndex::new(&tree, &self.sources);
        let mut problems = person.check();
        crate::robot::unknown_sources(&tree, "", &person.sources, &mut problems);
        if !self.report(&spans, &problems) {
            return None;
        }
        let digest = digest::of_bytes(tree.canonical().to_string().as_bytes());
        Some(LoadedPerson { person, spans, address: address.to_owned(), digest })
    }

    fn mapping(&mut self, address: &str) -> Option<(MappingFile, SpanIndex)> {
        let (_, tree) = self.open(address, None)?;
        self.must_be(&tree, FileKind::Mapping, None)?;
        let mapping: MappingFile = self.typed(&tree, schema::mapping())?;
        let spans = SpanIndex::new(&tree, &self.sources);
        if self.report(&spans, &mapping.check()) { Some((mapping, spans)) } else { None }
    }

    /// A robot with the instrument that is `chosen` for it, or else the one that its own file names.
    fn robot(
        &mut self,
        address: &str,
        named_at: Option<&NamedAt>,
        chosen: Option<&(String, NamedAt)>,
    ) -> Option<LoadedRobot> {
        let (index, mut tree) = self.open(address, named_at)?;
        self.must_be(&tree, FileKind::Robot, named_at)?;
        let urdf = self.lay_urdf_under(&mut tree);
        let robot: Option<RobotFile> = self.typed(&tree, schema::robot());
        let by_itself = match chosen {
            Some(_) => None,
            None => tree.get("instrument").and_then(|node| self.resolve(index, node)),
        };
        let named = chosen.or(by_itself.as_ref());
        let instrument = named.and_then(|(address, at)| self.instrument(address, Some(at)));
        let (robot, urdf) = (robot?, urdf?);
        let spans = SpanIndex::new(&tree, &self.sources);
        let mut problems = robot.check_mount();
        crate::robot::unknown_sources(&tree, "", &robot.sources, &mut problems);
        if !self.report(&spans, &problems) {
            return None;
        }
        let (tree, robot, spans) = match (&robot.instrument_mount, named) {
            (Some(mount), Some(_)) => self.mount(&robot, &tree, mount, &instrument?)?,
            (None, Some((_, (file, range)))) => {
                let title =
                    format!("`{}` carries no instruments: its file has no `[instrument_mount]`", robot.title);
                self.found.push(Diagnostic::error("bad-value", title).at(file, range.clone(), ""));
                return None;
            }
            (_, None) => (tree, robot, spans),
        };
        self.report(&spans, &robot.check());
        let written = tree.canonical();
        let digest = digest::of_bytes(written.to_string().as_bytes());
        Some(LoadedRobot { robot, spans, address: address.to_owned(), digest, urdf, written })
    }

    /// Arm and instrument as one robot.
    fn mount(
        &mut self,
        arm: &RobotFile,
        tree: &Node,
        mount: &InstrumentMountConfig,
        LoadedInstrument { instrument, spans, tree: of_instrument }: &LoadedInstrument,
    ) -> Option<(Node, RobotFile, SpanIndex)> {
        let compliant = arm.actuators.iter().filter(|actuator| actuator.transmission.is_some());
        let compliant: Vec<&str> = compliant.map(|actuator| actuator.name.as_str()).collect();
        if !self.report(spans, &mount.check_fit(&arm.title, &compliant, instrument)) {
            return None;
        }
        let whole = Instrument { file: instrument, tree: of_instrument, schema: schema::instrument() };
        let tree = mount::mounted(tree, mount, &whole);
        let mut robot: RobotFile = self.typed(&tree, schema::robot())?;
        robot.status = robot.status.min(instrument.status);
        for (name, limit) in instrument.limits() {
            robot.declared.entry(name).or_insert(limit);
        }
        let spans = SpanIndex::new(&tree, &self.sources);
        Some((tree, robot, spans))
    }

    /// Reports problems at their places; says whether there are none.
    fn report(&mut self, spans: &SpanIndex, problems: &[Problem]) -> bool {
        self.found.extend(problems.iter().map(|problem| spans.problem("", problem)));
        problems.is_empty()
    }

    fn scene(&mut self, address: &str, named_at: Option<&NamedAt>) -> Option<LoadedScene> {
        let (index, tree) = self.open(address, named_at)?;
        self.must_be(&tree, FileKind::Scene, named_at)?;
        let scene: Option<SceneFile> = self.typed(&tree, schema::scene());
        let spans = SpanIndex::new(&tree, &self.sources);
        if let Some(scene) = &scene {
            self.found.extend(scene.check().iter().map(|problem| spans.problem("", problem)));
        }
        let mut robots = BTreeMap::new();
        let mut wearers = BTreeMap::new();
        let mut read: BTreeMap<(String, Option<String>), Option<LoadedRobot>> = BTreeMap::new();
        for (name, node) in tree.get("robots").and_then(Node::as_table).into_iter().flatten() {
            let worn_by = node.get("wearer").and_then(|wearer| wearer.get("file"));
            let person = worn_by.and_then(|file| self.resolve(index, file));
            if let Some(person) = person.and_then(|(address, at)| self.person(&address, Some(&at))) {
                wearers.insert(name.clone(), person);
            }
            let Some((address, named_at)) = node.get("file").and_then(|file| self.resolve(index, file))
            else {
                continue;
            };
            let instrument = match node.get("instrument") {
                None => None,
                Some(node) => match self.resolve(index, node) {
                    Some(instrument) => Some(instrument),
                    None => continue,
                },
            };
            let both = (address, instrument.as_ref().map(|(address, _)| address.clone()));
            let robot = match read.get(&both) {
                Some(robot) => robot.clone(),
                None => self.robot(&both.0, Some(&named_at), instrument.as_ref()),
            };
            if let Some(robot) = &robot {
                robots.insert(name.clone(), robot.clone());
            }
            read.insert(both, robot);
        }
        let scene = scene?;
        let worn = scene.robots.values().filter(|robot| robot.wearer.is_some()).count();
        if robots.len() < scene.robots.len() || wearers.len() < worn {
            return None;
        }
        let written = tree.canonical();
        let mut words = vec![written.clone()];
        words.extend(robots.iter().map(|(name, robot)| Json::from(format!("{name} {}", robot.digest))));
        words.extend(wearers.iter().map(|(name, wearer)| Json::from(format!("{name} {}", wearer.digest))));
        let digest = digest::of_bytes(Json::from(words).to_string().as_bytes());
        Some(LoadedScene { scene, spans, address: address.to_owned(), robots, wearers, digest, written })
    }

    fn part(&mut self, address: &str) -> Option<()> {
        let (_, tree) = self.open(address, None)?;
        let mistakes = walk::walk(&tree, schema::scenario(), &self.sources, true);
        self.found.extend(mistakes);
        self.merged(address, None, &mut Vec::new(), &mut BTreeSet::new()).map(drop)
    }

    /// A scenario's tree with everything that it includes, each file once.
    fn merged(
        &mut self,
        address: &str,
        named_at: Option<&NamedAt>,
        chain: &mut Vec<String>,
        seen: &mut BTreeSet<String>,
    ) -> Option<Node> {
        let (index, mut tree) = self.open(address, named_at)?;
        if !chain.is_empty() {
            self.must_be(&tree, FileKind::Part, named_at)?;
        }
        chain.push(address.to_owned());
        seen.insert(address.to_owned());
        let includes = match tree.get("include").map(|node| &node.value) {
            Some(Value::List(items)) => items.clone(),
            _ => Vec::new(),
        };
        let mut whole = true;
        // The last included file lies at the bottom: what stands earlier goes before it.
        let mut below: Option<Node> = None;
        for item in includes {
            let Some((included, named_at)) = self.resolve(index, &item) else { continue };
            if chain.contains(&included) {
                let mut words: Vec<String> = chain.iter().map(|one| self.files.shown(one)).collect();
                words.push(self.files.shown(&included));
                let title = format!("this include makes a cycle: {}", words.join(" → "));
                self.found.push(Diagnostic::error("include-cycle", title).at(named_at.0, named_at.1, ""));
                continue;
            }
            if seen.contains(&included) {
                continue;
            }
            match self.merged(&included, Some(&named_at), chain, seen) {
                None => whole = false,
                Some(mut node) => {
                    if let Value::Table(table) = &mut node.value {
                        ["format", "kind", "include"].iter().for_each(|key| drop(table.remove(*key)));
                    }
                    if let Some(earlier) = below.take() {
                        node.lay_over(earlier);
                    }
                    below = Some(node);
                }
            }
        }
        chain.pop();
        if let Some(below) = below {
            tree.lay_over(below);
        }
        whole.then_some(tree)
    }

    fn scenario(&mut self, address: &str, overrides: &Overrides) -> Option<Loaded> {
        let mut tree = self.merged(address, None, &mut Vec::new(), &mut BTreeSet::new())?;
        self.must_be(&tree, FileKind::Scenario, None)?;
        self.found.extend(roles::bind(&mut tree, &overrides.roles));
        let scene = match (&overrides.scene, tree.get("scene")) {
            (Some(scene), _) => match self.files.resolve("", scene) {
                Ok(address) => self.scene(&address, None),
                Err(error) => {
                    self.source_error(&error, None);
                    None
                }
            },
            (None, Some(node)) => {
                let node = node.clone();
                self.resolve(node.file, &node).and_then(|(address, at)| self.scene(&address, Some(&at)))
            }
            (None, None) => None,
        };
        let roles = Roles::new(roles::of_tree(&tree));
        let bindings = match for_each::bindings(&tree, &|name| all_of(name, &tree, &roles, scene.as_ref())) {
            Ok(bindings) => bindings,
            Err(mistakes) => {
                self.mistakes(mistakes);
                return None;
            }
        };
        let mut variants = Vec::new();
        let mut cases: Vec<Case> = Vec::new();
        let mut tables = BTreeMap::new();
        for (place, binding) in bindings.iter().enumerate() {
            let variant = self.variant(binding, &tree, &roles, scene.as_ref(), overrides, &mut tables);
            let Some(variant) = variant else { continue };
            for case in case::expand(&variant.scenario) {
                let name = roles.in_words_of_the_method(&case.name);
                let words = [binding.name.as_str(), &name];
                let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
                cases.push(Case { number: cases.len() + 1, name: words.join(", "), variant: place, ..case });
            }
            variants.push(variant);
        }
        let scene = scene?;
        if variants.len() < bindings.len() || self.found.iter().any(is_error) {
            return None;
        }
        if cases.len() > case::MAX_CASES {
            let title = format!("`[for_each]` and `[vary]` make more than {} cases", case::MAX_CASES);
            self.found.push(Diagnostic::error("bad-value", title));
            return None;
        }
        let method_digest = method_digest(&tree, &tables);
        let Variant { scenario, method, spans } = variants.first()?.clone();
        let variants = if variants.len() > 1 { variants.into() } else { Arc::default() };
        let (files, warnings) = (Vec::new(), Vec::new());
        Some(Loaded {
            scenario,
            method,
            spans,
            roles,
            scene,
            cases,
            variants,
            tables,
            method_digest,
            written: tree.canonical(),
            files,
            root: self.files.root().map(std::path::Path::to_path_buf),
            warnings,
        })
    }

    /// The scenario as it is for one combination of what `[for_each]` binds.
    fn variant(
        &mut self,
        binding: &Binding,
        tree: &Node,
        roles: &Roles,
        scene: Option<&LoadedScene>,
        overrides: &Overrides,
        tables: &mut BTreeMap<String, MotionTable>,
    ) -> Option<Variant> {
        let mut mistakes = Vec::new();
        let tree = binding.apply(tree, &mut mistakes);
        self.mistakes(mistakes);
        let method: ScenarioFile = self.typed(&tree, schema::scenario())?;
        let spans_as_written = SpanIndex::new(&tree, &self.sources);
        let mistakes =
            semantics::scenario(&method, &tree, &spans_as_written, scene.map(|loaded| &loaded.scene));
        self.found.extend(mistakes);
        let mut problems = Vec::new();
        crate::robot::unknown_sources(&tree, "", &method.sources, &mut problems);
        self.found.extend(problems.iter().map(|problem| spans_as_written.problem("", problem)));
        self.tables(&tree, tables);
        let resolved = roles.resolve_tree(&tree);
        let mut scenario: ScenarioFile = self.read_by_serde(&resolved)?;
        let spans = SpanIndex::new(&resolved, &self.sources);
        self.apply(&mut scenario, overrides, roles, scene?);
        Some(Variant { scenario, method, spans })
    }

    fn mistakes(&mut self, mistakes: Vec<for_each::Mistake>) {
        for one in mistakes {
            let file = self.sources.get(one.file).map_or("", |source| source.shown.as_str());
            let mistake = Diagnostic::error("bad-for-each", one.title).at(file, one.range, one.hint);
            self.found.push(if one.note.is_empty() { mistake } else { mistake.note(one.note) });
        }
    }

    /// The recorded motions that phases follow, each file once.
    fn tables(&mut self, tree: &Node, tables: &mut BTreeMap<String, MotionTable>) {
        let phases = match tree.get("phases").map(|phases| &phases.value) {
            Some(Value::List(phases)) => phases.as_slice(),
            _ => &[],
        };
        for file in phases.iter().filter_map(|phase| phase.get("recorded")?.get("file")) {
            let Some(name) = file.as_text().filter(|name| !tables.contains_key(*name)) else { continue };
            let Some((address, named_at)) = self.resolve(file.file, file) else { continue };
            let source = match self.files.read(&address) {
                Ok(source) => source,
                Err(error) => {
                    self.source_error(&error, Some(&named_at));
                    continue;
                }
            };
            match recorded::parse(&source) {
                Ok(table) => drop(tables.insert(name.to_owned(), table)),
                Err(mistakes) => self.found.extend(mistakes),
            }
            if !self.sources.iter().any(|known| known.address == address) {
                self.sources.push(source);
                self.trees.push(None);
            }
        }
    }

    fn apply(
        &mut self,
        scenario: &mut ScenarioFile,
        overrides: &Overrides,
        roles: &Roles,
        scene: &LoadedScene,
    ) {
        if let Some(seed) = overrides.seed {
            scenario.seed = seed;
        }
        let mut given = BTreeSet::new();
        for (slot, command) in &overrides.controllers {
            let slot = roles.resolve(slot);
            if !given.insert(slot.clone()) {
                let title =
                    format!("`--controller {}` is given twice: one command fills a slot", quoted(&slot));
                self.found.push(Diagnostic::error("given-twice", title));
            }
            scenario.controllers.retain(|_, controller| controller.slot != slot);
            let controller = ControllerConfig::of_program(&slot, command.clone());
            scenario.controllers.insert(slot, controller);
        }
        for (path, value) in &overrides.set {
            let path = roles.resolve(path);
            if !given.insert(path.clone()) {
                let title = format!("`--set {}` is given twice: a parameter has one value", quoted(&path));
                self.found.push(Diagnostic::error("given-twice", title));
            }
            let head = path.split('.').next().unwrap_or("");
            let masters =
                || scenario.handles.keys().chain(scenario.teleoperations.keys()).map(String::as_str);
            let is_known = scene.scene.has(head) || masters().any(|name| name == head);
            if !path.contains('.') || !(head.contains('*') || is_known) {
                let names: Vec<&str> =
                    roles.iter().map(|(role, _)| role).chain(scene.scene.names()).chain(masters()).collect();
                self.found.push(
                    Diagnostic::error("unknown-name", format!("`--set {}`: no such path", quoted(&path)))
                        .note(format!("paths begin with one of: {}", names.join(", "))),
                );
            }
            if trocar_signal::AnyQuantity::parse(value).is_err()
                && let Err(errors) = trocar_logic::parse(&roles.resolve(value))
            {
                let why = errors.first().map_or_else(String::new, ToString::to_string);
                let title = format!("`--set {}`: {why}", quoted(&path));
                self.found.push(Diagnostic::error("bad-value", title));
            }
            scenario.vary.remove(&path);
            scenario.vary_paired.iter_mut().for_each(|group| group.retain(|other| *other != path));
            scenario.setup.insert(path, roles.resolve(value));
        }
    }
}

/// What the word `all` stands for in `[for_each]`.
fn all_of(name: &str, tree: &Node, roles: &Roles, scene: Option<&LoadedScene>) -> for_each::All {
    match name {
        "joint" => {
            let is_surface =
                |name: &str| scene.is_some_and(|scene| scene.scene.surroundings.contains_key(name));
            let robots = roles.iter().map(|(_, robot)| robot).filter(|robot| !is_surface(robot));
            let robots: Vec<&str> = robots.collect();
            let robot = match robots.as_slice() {
                [robot] => robot,
                // A role that is missing is told of where it is used.
                [] => return Ok(None),
                _ => return Err("there are several roles: name the joints one by one".to_owned()),
            };
            // A scene that could not be read, and a robot that it does not have, are told of where they are named.
            let joints = scene.and_then(|scene| scene.robots.get(*robot)?.robot.joints().ok());
            let names: Vec<String> =
                joints.iter().flat_map(|joints| joints.joints()).map(|joint| joint.name.clone()).collect();
            Ok((!names.is_empty()).then_some(names))
        }
        "pose" => {
            let poses = tree.get("poses").and_then(|node| PosesConfig::deserialize(node.to_toml()).ok());
            let names: Vec<String> =
                poses.iter().flat_map(PosesConfig::poses).map(|pose| pose.name).collect();
            match names.is_empty() {
                true if tree.get("poses").is_none() => Err("there is no `[poses]` in this file".to_owned()),
                // What is wrong with `[poses]` is said there.
                is_empty => Ok((!is_empty).then_some(names)),
            }
        }
        other => Err(format!("`all` is known of `joint` and `pose`: list what `{other}` stands for")),
    }
}

/// Whether an address is of a URDF file.
fn is_urdf(address: &str) -> bool {
    address.ends_with(".urdf") || address.ends_with(".xacro")
}

fn is_error(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error
}

fn internal(what: &str) -> Diagnostic {
    Diagnostic::error("internal", format!("internal error: {what}"))
        .note("this is a mistake in Trocar, not in the file; please report it with the file")
}

fn method_digest(tree: &Node, tables: &BTreeMap<String, MotionTable>) -> String {
    let mut tree = tree.clone();
    if let Value::Table(table) = &mut tree.value {
        table.remove("scene");
        table.remove("include");
        table.remove("long");
        // Who controls the device is no more part of the method than the device is.
        table.remove("controllers");
        if let Some(Value::Table(roles)) = table.get_mut("roles").map(|roles| &mut roles.value) {
            roles.values_mut().for_each(|robot| robot.value = Value::Boolean(true));
        }
    }
    let mut words = tree.canonical().to_string();
    for (name, table) in tables {
        words += &format!("\n{name} {table:?}");
    }
    digest::of_bytes(words.as_bytes())
}
