//! A scenario's measures and requirements on a laboratory's recording, and again on what a result kept of it.

use crate::batch::describe;
use crate::plan::Planned;
use std::collections::BTreeMap;
use std::path::Path;
use trocar_evidence::data::{self, DataError, Mistakes, Recording, Shift, Source, Survey, about};
use trocar_evidence::outcome::{CaseOutcome, ClockShare, DataOutcome};
use trocar_evidence::result::ResultError;
use trocar_evidence::scenario_result::JudgedFrom;
use trocar_evidence::{Existing, HostBlock, ResultFolder, ResultWriter, ScenarioResult};
use trocar_measure::{ComponentName, FigureRow, NoFigure, UncertaintyComponent};
use trocar_scenario::Loaded;
use trocar_scenario::mapping::MappingFile;
use trocar_signal::{Diagnostic, GroupId, Problem};
use trocar_sim::case::{Case, Feed};
use trocar_sim::recorded::{ReadOut, needed, outcome};
use trocar_sim::{Compiled, Model};

/// What is to be judged.
pub struct Judging<'a> {
    /// The scenario, with the one case that was recorded.
    pub planned: &'a Planned,
    /// What the columns are.
    pub mapping: &'a MappingFile,
    /// The recording's files.
    pub sources: &'a [Source],
    /// A simulated case to hold the figures against.
    pub against: Option<&'a CaseOutcome>,
}

/// Why a recording is not judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// Mistakes in the recording, or in its mapping by key.
    #[error("the recording cannot be judged")]
    Mistakes(Mistakes),
    /// The scenario does not compile on what the mapping states of instruments.
    #[error("the scenario does not compile")]
    Compile(Vec<Diagnostic>),
    /// The result folder.
    #[error(transparent)]
    Result(#[from] ResultError),
}

impl From<Mistakes> for JudgeError {
    fn from(mistakes: Mistakes) -> JudgeError {
        JudgeError::Mistakes(mistakes)
    }
}

impl From<DataError> for JudgeError {
    fn from(error: DataError) -> JudgeError {
        JudgeError::Mistakes(error.into())
    }
}

fn of_data(data: Vec<DataError>) -> JudgeError {
    JudgeError::Mistakes(Mistakes { data, mapping: Vec::new() })
}

fn of_mapping(mapping: Vec<Problem>) -> JudgeError {
    JudgeError::Mistakes(Mistakes { data: Vec::new(), mapping })
}

/// The scenario with its instruments stating what the mapping says, and whose statement of each counts.
fn stated(loaded: &Loaded, mapping: &MappingFile) -> Result<(Loaded, Vec<String>), JudgeError> {
    let mut loaded = loaded.clone();
    let by_mapping = mapping.state(&mut loaded.scenario.instruments).map_err(of_mapping)?;
    loaded.variants = loaded
        .variants
        .iter()
        .cloned()
        .map(|mut variant| mapping.state(&mut variant.scenario.instruments).map(|_| variant))
        .collect::<Result<Vec<_>, _>>()
        .map_err(of_mapping)?
        .into();
    Ok((loaded, by_mapping))
}

/// A case and a recording of it that fits.
struct Ready {
    case: Case,
    recording: Recording,
    survey: Survey,
}

fn ready(
    loaded: &Loaded,
    place: usize,
    mapping: &MappingFile,
    sources: &[Source],
) -> Result<Ready, JudgeError> {
    let compiled = Compiled { loaded };
    let case = compiled.case(place).map_err(JudgeError::Compile)?;
    let bound = loaded.of_case(place);
    let mut recording = data::open(sources, mapping, &case, &bound)?;
    let survey = recording.survey().map_err(of_data)?;
    let case = match survey.simulated {
        true => case,
        false => compiled.case_of_data(place, survey.timing).map_err(JudgeError::Compile)?,
    };
    Ok(Ready { case, recording, survey })
}

/// Judges a recording and keeps the result in a folder.
///
/// # Errors
/// [`JudgeError`]
pub fn judge(judging: &Judging<'_>, folder: &Path) -> Result<ScenarioResult, JudgeError> {
    let Judging { planned, mapping, .. } = *judging;
    let place = planned.cases.first().copied().unwrap_or(0);
    let (loaded, by_mapping) = stated(&planned.loaded, mapping)?;
    let Ready { case, recording, survey } = ready(&loaded, place, mapping, judging.sources)?;
    // Everything that can be wrong with the files is known before a folder is made.
    let (mut header, inputs) = describe(planned);
    header.data = Some(JudgedFrom {
        mapping: mapping.clone(),
        files: survey.files.iter().map(|file| (file.name.clone(), file.digest.clone())).collect(),
    });
    let writer = ResultWriter::create(folder, header, &inputs, Existing::Refuse)?;
    let groups = kept_groups(&case);
    let header = writer.header();
    let facts = [
        ("title", header.title.clone()),
        ("scenario", header.path.clone()),
        ("case", case.name.clone()),
        ("method_digest", header.method_digest.clone()),
        (about::JUDGED, if survey.simulated { "simulation" } else { "data" }.to_owned()),
        (about::STEP, survey.timing.step.0.to_string()),
        (about::INTERVAL, survey.timing.interval.0.to_string()),
        ("trocar", header.trocar.clone()),
    ];
    let mut facts: BTreeMap<String, String> = facts.map(|(key, value)| (key.to_owned(), value)).into();
    if survey.simulated {
        facts.insert("seed".to_owned(), header.seed.to_string());
    }
    let mut files = writer.begin_judged(&case.name, &case.model.layout, &groups, facts)?;
    let mut phase = None;
    let read = recording.play(&case, None, &mut |now, table| {
        let at = table.values(case.program.phase)[0] as usize;
        if phase.replace(at) != Some(at) && table.header(case.program.phase).sequence > 0 {
            let name = case.phases.get(at).map_or("done", String::as_str);
            files.recorder.event(now, trocar_evidence::message::LogLevel::Info, "phase", name)?;
        }
        files.recorder.record(now, table)
    })?;
    let clocks = clock_shares(&case, &recording, &survey, &read)?;
    let mut notes = recording.notes.clone();
    notes.extend(instruments(&case, &by_mapping));
    let data = DataOutcome { files: survey.files.clone(), notes, clocks, agreement: Vec::new() };
    let mut outcome = concluded(&case, read, &recording, &survey, data);
    if let Some(simulated) = judging.against {
        let agreement = trocar_evidence::agreement::agreement(&outcome, simulated);
        outcome.data.get_or_insert_default().agreement = agreement;
    }
    files.finish(&outcome)?;
    Ok(writer.finish(
        vec![outcome],
        &HostBlock {
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            jobs: 1,
            profile: if cfg!(debug_assertions) { "debug" } else { "release" }.to_owned(),
            ..HostBlock::default()
        },
    )?)
}

/// Judges again what a result kept of a recording; gives what each case comes to now.
///
/// # Errors
/// [`JudgeError`]
pub fn judge_again(
    folder: &ResultFolder,
    loaded: &Loaded,
    case: &CaseOutcome,
) -> Result<CaseOutcome, JudgeError> {
    let mapping = folder
        .result()
        .scenario
        .data
        .as_ref()
        .map(|from| from.mapping.clone())
        .unwrap_or_else(MappingFile::empty);
    let (loaded, _) = stated(loaded, &mapping)?;
    let place = loaded.cases.iter().position(|one| one.name == case.case).unwrap_or(0);
    let path = folder.recording_path(&case.case)?;
    let source = Source { name: "record".to_owned(), shown: path.display().to_string(), path };
    // What was kept has the signals' own names, one clock, and its phases.
    let Ready { case: compiled, recording, survey } =
        ready(&loaded, place, &MappingFile::empty(), &[source])?;
    let read = recording.play(&compiled, None, &mut |_, _| Ok(()))?;
    let data = case.data.clone().unwrap_or_default();
    Ok(concluded(&compiled, read, &recording, &survey, data))
}

/// The groups that are kept of a recording, so that it can be judged again.
#[must_use]
pub fn kept_groups(case: &Case) -> Vec<GroupId> {
    let program = [case.program.phase, case.program.cycle, case.program.reading];
    let mut groups: Vec<GroupId> = needed(case).into_iter().map(|need| need.group).chain(program).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// From what the measures read to verdicts.
fn concluded(
    case: &Case,
    mut read: ReadOut,
    recording: &Recording,
    survey: &Survey,
    data: DataOutcome,
) -> CaseOutcome {
    for (place, signal) in &recording.missing {
        read.measures[*place] = Err(NoFigure::NotRecorded { signal: signal.clone() });
    }
    for share in &data.clocks {
        let Some(place) = case.measures.iter().position(|plan| plan.name == share.measure) else { continue };
        let name = match share.kind.as_str() {
            "drift" => ComponentName::ClockDrift,
            "interval" => ComponentName::ReadingInterval,
            _ => ComponentName::ClockOffset,
        };
        let component = UncertaintyComponent::type_b(name, share.standard_uncertainty);
        if let Ok(rows) = &mut read.measures[place] {
            let of_row = rows.iter_mut().filter(|row| row.label == share.row);
            of_row.for_each(|row| *row = row.clone().also(component));
        }
    }
    let step = if survey.simulated { step_of(&case.model) } else { survey.timing.step };
    outcome(case, read, step, data)
}

fn step_of(model: &Model) -> trocar_signal::Nanos {
    trocar_signal::Nanos::from_seconds(model.step_s()).unwrap_or(trocar_signal::Nanos::ZERO)
}

/// What clocks and rows add to the uncertainty of each figure.
fn clock_shares(
    case: &Case,
    recording: &Recording,
    survey: &Survey,
    read: &ReadOut,
) -> Result<Vec<ClockShare>, JudgeError> {
    let mut shares: Vec<ClockShare> = Vec::new();
    for (file, offset_s, drift) in recording.uncertain_clocks() {
        let kinds = [
            ("offset", offset_s, Shift { file, offset_ns: (offset_s * 1e9).round() as i128, drift: 0.0 }),
            ("drift", drift, Shift { file, offset_ns: 0, drift }),
        ];
        for (kind, _, up) in kinds.into_iter().filter(|(_, u, _)| *u > 0.0) {
            let down = Shift { offset_ns: -up.offset_ns, drift: -up.drift, ..up };
            let rows = |shift: &Shift| {
                recording.play(case, Some(shift), &mut |_, _| Ok(())).map(|read| read.measures)
            };
            let (above, below) = (rows(&up)?, rows(&down)?);
            for (place, plan) in case.measures.iter().enumerate() {
                let Ok(middle) = &read.measures[place] else { continue };
                for (row, at) in middle.iter().enumerate() {
                    let u = half_of_change(at, &above[place], &below[place], row);
                    let known = shares
                        .iter_mut()
                        .find(|s| s.measure == plan.name && s.row == at.label && s.kind == kind);
                    match known {
                        // Of several clocks that are known independently of each other.
                        Some(share) => {
                            share.standard_uncertainty = trocar_math::hypot(share.standard_uncertainty, u)
                        }
                        None => shares.push(ClockShare {
                            measure: plan.name.clone(),
                            row: at.label.clone(),
                            kind: kind.to_owned(),
                            standard_uncertainty: u,
                        }),
                    }
                }
            }
        }
    }
    for (place, intervals_s) in recording.between_rows(case, survey) {
        let plan = &case.measures[place];
        let Ok(rows) = &read.measures[place] else { continue };
        // An event lies anywhere between two rows: a rectangle for each (JCGM 100:2008, 4.3.7).
        let u_s = intervals_s.iter().map(|s| s * s / 12.0).fold(0.0, |sum, square| sum + square).sqrt();
        for row in rows.iter().filter(|row| row.dimension == trocar_signal::Dimension::TIME) {
            shares.push(ClockShare {
                measure: plan.name.clone(),
                row: row.label.clone(),
                kind: "interval".to_owned(),
                standard_uncertainty: u_s,
            });
        }
    }
    shares.retain(|share| share.standard_uncertainty > 0.0);
    Ok(shares)
}

/// Half of the change between an input plus and minus its standard uncertainty; where one side has no figure, the change
/// to the other.
fn half_of_change(
    middle: &FigureRow,
    above: &Result<Vec<FigureRow>, NoFigure>,
    below: &Result<Vec<FigureRow>, NoFigure>,
    row: usize,
) -> f64 {
    let value = |side: &Result<Vec<FigureRow>, NoFigure>| {
        side.as_ref().ok().and_then(|rows| rows.get(row)).map(|row| row.value)
    };
    match (value(above), value(below)) {
        (Some(above), Some(below)) => 0.5 * (above - below).abs(),
        (Some(one), None) | (None, Some(one)) => (one - middle.value).abs(),
        (None, None) => 0.0,
    }
}

/// Whose statement of each instrument counts.
fn instruments(case: &Case, by_mapping: &[String]) -> Vec<String> {
    let of_plan = |plan: &trocar_sim::case::MeasurePlan| match plan.feed {
        Feed::Twin(_) => None,
        _ => plan.instrument.clone(),
    };
    let mut names: Vec<String> = case.measures.iter().filter_map(of_plan).collect();
    names.sort();
    names.dedup();
    let (stated, declared): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| by_mapping.contains(name));
    let mut notes = Vec::new();
    if !stated.is_empty() {
        notes.push(format!("uncertainty of {}: as the mapping states it", stated.join(", ")));
    }
    if !declared.is_empty() {
        let list = declared.join(", ");
        let tables: Vec<String> = declared.iter().map(|name| format!("[instruments.{name}]")).collect();
        notes.push(format!(
            "uncertainty of {list}: as the scenario declares it; state that of the instrument that was used in {} of a mapping",
            tables.join(", ")
        ));
    }
    notes
}

/// What a measure needs, for people who write a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct NeededSignal {
    /// Its path in the words of the scenario.
    pub path: String,
    /// What its columns are called where no mapping names them, with units.
    pub columns: Vec<String>,
    /// The measures that read it.
    pub measures: Vec<String>,
    /// Whether a requirement needs it.
    pub judged: bool,
    /// Whether it is an event.
    pub is_event: bool,
    /// Whether it is a point or a pose of which position (and orientation) are read.
    pub is_place: Option<bool>,
}

/// The signals that a case's measures read, in the words of the scenario, and the phases that they read.
#[must_use]
pub fn needs_of(case: &Case, loaded: &Loaded) -> (Vec<NeededSignal>, Vec<String>) {
    let layout = &case.model.layout;
    let words = |path: &str| loaded.roles.in_words_of_the_method(path);
    let signals = needed(case).into_iter().map(|need| {
        let spec = layout.spec(need.group);
        let is_event = spec.kind == trocar_signal::GroupKind::Event;
        let columns = need.elements.iter().map(|element| {
            let path = words(&spec.element_path(*element));
            match &spec.kind {
                trocar_signal::GroupKind::Event => format!("{path} [s]"),
                trocar_signal::GroupKind::State(_) => path,
                _ => format!("{path} [{}]", spec.elements[*element].dimension.si_unit()),
            }
        });
        let is_place = matches!(spec.kind, trocar_signal::GroupKind::Point | trocar_signal::GroupKind::Pose)
            .then(|| need.elements.contains(&3));
        NeededSignal {
            columns: columns.collect(),
            path: words(
                match need.elements.as_slice() {
                    [one] if spec.elements.len() > 1 => spec.element_path(*one),
                    _ => spec.path.clone(),
                }
                .as_str(),
            ),
            measures: need.measures.iter().map(|place| case.measures[*place].name.clone()).collect(),
            judged: need.judged,
            is_event,
            is_place: is_place.filter(|_| need.elements.len() > 1),
        }
    });
    let mut phases: Vec<usize> = case.measures.iter().filter_map(|plan| plan.window.phase).collect();
    phases.sort_unstable();
    phases.dedup();
    let phases = phases.into_iter().filter_map(|at| case.phases.get(at).cloned()).collect();
    (signals.collect(), phases)
}

/// Files that a mapping names, below its own folder: names and paths. Those that `given` names are left out.
///
/// # Errors
/// A path that leaves the folder, or leads over a link, by key.
pub fn files_of_mapping(
    mapping: &MappingFile,
    folder: &Path,
    given: &[Source],
) -> Result<Vec<Source>, Vec<Problem>> {
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for (name, config) in &mapping.data {
        let Some(file) = config.file.as_ref().filter(|_| !given.iter().any(|one| one.name == *name)) else {
            continue;
        };
        match trocar_evidence::safe_path::inside(folder, file) {
            Ok(path) => sources.push(Source { name: name.clone(), shown: path.display().to_string(), path }),
            Err(what) => {
                let key = format!("{}.file", trocar_scenario::join_key("data", name));
                problems.push(Problem::new(key, what));
            }
        }
    }
    if problems.is_empty() { Ok(sources) } else { Err(problems) }
}
