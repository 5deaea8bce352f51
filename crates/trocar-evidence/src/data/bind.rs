//! Which columns are which signals: by the mapping, or by their names.

use super::clock::Clock;
use super::csv::CsvFile;
use super::lane::{Column, Lane, What};
use super::marks::{CourseColumns, Mark, PhaseOfMethod, by_times};
use super::number::nanoseconds_of_unit;
use super::own::Own;
use super::topic::TopicText;
use super::{DataError, is_mcap};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use trocar_scenario::mapping::{
    DataConfig, EventConfig, MappingFile, OrientationForm, Rows, SignalConfig, unit_of,
};
use trocar_scenario::{Loaded, Roles};
use trocar_signal::{Dimension, GroupKind, GroupSpec, Problem};
use trocar_sim::case::{Case, Feed, Marks};
use trocar_sim::recorded::{Needed, needed};

/// A file of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name in the mapping.
    pub name: String,
    /// Its path as people know it.
    pub shown: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What is wrong with a recording or its mapping.
#[derive(Debug, Default)]
pub struct Mistakes {
    /// In the files.
    pub data: Vec<DataError>,
    /// In the mapping, by key.
    pub mapping: Vec<Problem>,
}

impl From<DataError> for Mistakes {
    fn from(error: DataError) -> Mistakes {
        Mistakes { data: vec![error], mapping: Vec::new() }
    }
}

/// A CSV file with what is read from it.
pub struct BoundFile {
    pub source: Source,
    pub config: Option<DataConfig>,
    /// The column of the time and the nanoseconds of its unit.
    pub time: Option<(usize, i128)>,
    pub lanes: Vec<Lane>,
    pub course: CourseColumns,
    pub clock: Clock,
}

impl BoundFile {
    pub fn reader(&self) -> Result<CsvFile<Input>, DataError> {
        reader(&self.source, self.config.as_ref())
    }

    pub fn is_a_row_each_reading(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.rows == Rows::Readings)
    }
}

/// The text of a CSV file, or of a topic as one.
pub type Input = Box<dyn BufRead>;

fn reader(source: &Source, config: Option<&DataConfig>) -> Result<CsvFile<Input>, DataError> {
    if let Some(topic) = config.and_then(|c| c.topic.as_deref()) {
        if !is_mcap(&source.path) {
            let error =
                DataError::new(&source.shown, format!("this is no MCAP recording with a topic `{topic}`"));
            return Err(error.help("of a CSV file leave `topic` out"));
        }
        let text = TopicText::open(&source.path, &source.shown, topic)?;
        return CsvFile::new(Box::new(text), &format!("{}, topic {topic}", source.shown), None);
    }
    let file = File::open(&source.path)
        .map_err(|e| DataError::new(&source.shown, format!("cannot be read: {e}")))?;
    CsvFile::new(Box::new(BufReader::with_capacity(1 << 16, file)), &source.shown, config)
}

/// A signal that is held against one of another file: it is taken from the line between its own rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    pub file: usize,
    pub lane: usize,
    pub by_file: usize,
    pub by_lane: usize,
}

/// A recording whose columns are known.
pub struct Recording {
    pub(super) files: Vec<BoundFile>,
    pub(super) phases: Vec<PhaseOfMethod>,
    /// The file whose clock they are of, and the marks.
    pub(super) times: Option<(usize, Vec<(i128, Mark)>)>,
    pub(super) carried: Vec<Carried>,
    pub(super) own: Option<Own>,
    /// Measures that nothing is recorded for, by place, with the signal that is missing.
    pub missing: Vec<(usize, String)>,
    /// What must be said beside the figures.
    pub notes: Vec<String>,
    /// The files.
    pub sources: Vec<Source>,
}

/// Finds the signals that the measures of a case read in the files of a recording. Nothing is read beyond heads.
///
/// # Errors
/// Every signal that a requirement needs and no file has, and every mistake in a head or in the mapping.
pub fn open(
    sources: &[Source],
    mapping: &MappingFile,
    case: &Case,
    loaded: &Loaded,
) -> Result<Recording, Mistakes> {
    let phases = loaded.scenario.phases.iter().map(|phase| PhaseOfMethod {
        name: phase.name.clone(),
        lasts_s: phase.lasts.as_ref().map(|lasts| lasts.si()),
        repeat: phase.repeat,
        through: phase.motion.iter().flat_map(|motion| motion.through.iter().cloned()).collect(),
    });
    let mut binder = Binder {
        case,
        roles: &loaded.roles,
        mapping,
        readers: Vec::new(),
        mistakes: Mistakes::default(),
        recording: Recording {
            files: Vec::new(),
            phases: phases.collect(),
            times: None,
            carried: Vec::new(),
            own: None,
            missing: Vec::new(),
            notes: Vec::new(),
            sources: sources.to_vec(),
        },
    };
    if let [one] = sources
        && is_mcap(&one.path)
        && binder.config_of(one, 1).is_none_or(|config| config.topic.is_none())
    {
        binder.own(one)?;
    } else {
        binder.csv(sources)?;
    }
    let Binder { mistakes, recording, .. } = binder;
    if mistakes.data.is_empty() && mistakes.mapping.is_empty() { Ok(recording) } else { Err(mistakes) }
}

struct Binder<'a> {
    case: &'a Case,
    roles: &'a Roles,
    mapping: &'a MappingFile,
    readers: Vec<CsvFile<Input>>,
    mistakes: Mistakes,
    recording: Recording,
}

/// Why a signal has no lane.
enum NoLane {
    /// Nothing is called so, anywhere.
    Missing(DataError),
    /// A mistake that was said.
    Said,
}

impl<'a> Binder<'a> {
    fn own(&mut self, source: &Source) -> Result<(), Mistakes> {
        for key in self.mapping.signals.keys() {
            let what = "a recording in Trocar's own form names its signals itself".to_owned();
            let key = trocar_scenario::join_key("signals", key);
            self.mistakes.mapping.push(Problem::new(key, what));
        }
        let own = Own::open(source, self.case)?;
        for need in needed(self.case) {
            if !own.holds(need.group) {
                let path = self.path_of(&need);
                let near = own.nearest(&path, self.roles);
                let error =
                    DataError::new(&source.shown, format!("the recording does not hold `{path}`")).help(near);
                self.lacks(&need, &path, error);
            }
        }
        let marks = self.marks_needed();
        let by_times = self.times(0);
        if !by_times {
            let has = own.course;
            let lacks = [
                (marks.phase && !has.phase, "where phases begin (`program.phase`)"),
                (marks.cycles && !has.cycles, "where repeats begin (`program.cycle`)"),
                (marks.readings && !has.readings, "when readings are due (`program.reading`)"),
            ];
            for (_, what) in lacks.into_iter().filter(|(lacks, _)| *lacks) {
                let error = DataError::new(&source.shown, format!("the recording does not say {what}"));
                self.mistakes.data.push(error.help(
                    "say it by times in [[course.phases]] of a mapping; of a simulated result: trocar replay RESULT --readings FILE records all that is needed",
                ));
            }
        }
        self.recording.own = Some(own);
        Ok(())
    }

    /// What the mapping says of a file. Of one file the name does not matter.
    fn config_of(&self, source: &Source, files: usize) -> Option<&'a DataConfig> {
        match (self.mapping.data.get(&source.name), files, self.mapping.data.len()) {
            (Some(config), ..) => Some(config),
            (None, 1, 1) => self.mapping.data.values().next(),
            _ => None,
        }
    }

    fn csv(&mut self, sources: &[Source]) -> Result<(), Mistakes> {
        let has_topic = |source: &Source| {
            self.config_of(source, sources.len()).is_some_and(|config| config.topic.is_some())
        };
        if let Some(own) = sources.iter().find(|source| is_mcap(&source.path) && !has_topic(source)) {
            let error = DataError::new(
                &own.shown,
                "an MCAP recording stands alone: it has one clock for all that it holds",
            );
            return Err(error
                .help("leave the other files out, or say in [data] of a mapping which `topic` of it is meant")
                .into());
        }
        for source in sources {
            let config = self.config_of(source, sources.len()).cloned();
            let csv = reader(source, config.as_ref())?;
            let clock = Clock::new(config.as_ref());
            let mut bound = BoundFile {
                source: source.clone(),
                config,
                time: None,
                lanes: Vec::new(),
                course: CourseColumns::default(),
                clock,
            };
            self.time(&csv, &mut bound);
            self.readers.push(csv);
            self.recording.files.push(bound);
        }
        let needs = needed(self.case);
        self.unknown_signals();
        for need in &needs {
            match self.lane(need) {
                Ok((file, lane)) => self.recording.files[file].lanes.push(lane),
                Err(NoLane::Said) => {}
                Err(NoLane::Missing(error)) => {
                    let path = self.path_of(need);
                    self.lacks(need, &path, error);
                }
            }
        }
        self.course();
        for (bound, csv) in self.recording.files.iter().zip(&self.readers) {
            let timed = bound.time.is_some()
                || bound.is_a_row_each_reading()
                || bound.lanes.iter().all(|lane| matches!(lane.what, What::Times { .. }));
            if !timed {
                let error = DataError::new(&csv.shown, "no column is called `time`").help(format!(
                    "name it `time [s]`, or say which it is with `time` in [data] of a mapping; {}",
                    csv.nearest("time")
                ));
                self.mistakes.data.push(error);
            }
            if bound.lanes.is_empty() && self.recording.files.len() > 1 && !has_course(&bound.course) {
                self.recording.notes.push(format!("{}: no measure reads anything of it", csv.shown));
            }
        }
        self.carried();
        Ok(())
    }

    /// A signal that is not there: a mistake if a requirement needs it, else a figure less.
    fn lacks(&mut self, need: &Needed, path: &str, error: DataError) {
        let measure = |place: &usize| self.case.measures[*place].name.clone();
        if need.judged {
            let of: Vec<String> = need.measures.iter().map(measure).collect();
            let what = format!("{}; the measure `{}` reads it", error.what, of.join("`, `"));
            self.mistakes.data.push(DataError { what, ..error });
        } else {
            self.recording.missing.extend(need.measures.iter().map(|place| (*place, path.to_owned())));
        }
    }

    fn path_of(&self, need: &Needed) -> String {
        let spec = self.case.model.layout.spec(need.group);
        let whole = need.elements.len() > 1 || spec.elements.len() == 1;
        let path = match need.elements.first() {
            Some(element) if !whole => spec.element_path(*element),
            _ => spec.path.clone(),
        };
        self.roles.in_words_of_the_method(&path)
    }

    fn time(&mut self, csv: &CsvFile<Input>, bound: &mut BoundFile) {
        let config = bound.config.as_ref();
        let place = match config.and_then(|c| c.time.as_ref()) {
            Some(wanted) => match csv.find(wanted) {
                Ok(place) => place,
                Err(error) => return self.mistakes.data.push(error),
            },
            None => {
                let is_time =
                    |name: &str| matches!(name.to_ascii_lowercase().as_str(), "time" | "t" | "timestamp");
                match csv.heads.iter().position(|head| is_time(&head.name)) {
                    Some(place) => place,
                    // Whether it needs one shows when it is known what is read from it.
                    None => return,
                }
            }
        };
        let head = &csv.heads[place];
        let given = config.and_then(|c| c.time_unit.clone()).or_else(|| head.unit.clone());
        let Some(unit) = given else {
            let error = DataError::new(&csv.shown, format!("the column `{}` has no unit", head.whole));
            return self.mistakes.data.push(
                error.help("write it in brackets, `time [ms]`, or say `time_unit` in [data] of a mapping"),
            );
        };
        match unit_of(&unit, Some(Dimension::TIME)).map(|(_, scale)| nanoseconds_of_unit(scale)) {
            Ok(Some(nanos)) => bound.time = Some((place, nanos)),
            Ok(None) => self
                .mistakes
                .data
                .push(DataError::new(&csv.shown, format!("`{unit}` is finer than a nanosecond"))),
            Err(what) => self
                .mistakes
                .data
                .push(DataError::new(&csv.shown, format!("the column `{}`: {what}", head.whole))),
        }
    }

    /// Keys of `[signals]` that are no signals at all.
    fn unknown_signals(&mut self) {
        let layout = &self.case.model.layout;
        for key in self.mapping.signals.keys() {
            let path = self.roles.resolve(key);
            if layout.group(&path).is_none() && layout.element(&path).is_none() {
                let needs: Vec<String> = needed(self.case).iter().map(|need| self.path_of(need)).collect();
                let near = trocar_signal::diagnostic::nearest(key, needs.iter().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                let what = format!(
                    "there is no signal `{key}` in this scenario; its measures read: {}{near}",
                    needs.join(", ")
                );
                self.mistakes.mapping.push(Problem::new(trocar_scenario::join_key("signals", key), what));
            }
        }
    }

    /// What the mapping says of a path.
    fn said_of(&self, path: &str) -> Option<(&'a String, &'a SignalConfig)> {
        self.mapping.signals.iter().find(|(key, _)| self.roles.resolve(key) == path)
    }

    fn lane(&mut self, need: &Needed) -> Result<(usize, Lane), NoLane> {
        let case = self.case;
        let spec = case.model.layout.spec(need.group);
        let of_group = self.said_of(&spec.path);
        let one = need.elements.first().copied().unwrap_or(0);
        let config = of_group.or_else(|| self.said_of(&spec.element_path(one)));
        let what_of = |binder: &mut Self| -> Result<(usize, What), NoLane> {
            match &spec.kind {
                GroupKind::Event => binder.event(spec, config),
                GroupKind::State(names) => {
                    let (file, place) = binder.place(config, None, &spec.path)?;
                    Ok((file, What::State { column: place, names: names.clone() }))
                }
                GroupKind::Point | GroupKind::Pose
                    if config.is_none_or(|(_, c)| c.column.is_none()) && need.elements.len() > 1 =>
                {
                    binder.placed(spec, config, need.elements.contains(&3))
                }
                _ => binder.numbers(spec, need),
            }
        };
        let (file, what) = what_of(self)?;
        let valid = match config.and_then(|(_, c)| c.valid.clone()) {
            Some(column) => match self.readers[file].find(&column) {
                Ok(place) => Some(place),
                Err(error) => {
                    self.mistakes.data.push(error);
                    return Err(NoLane::Said);
                }
            },
            None => {
                let wanted = format!("{}.valid", spec.path);
                let heads = &self.readers[file].heads;
                let own = heads.iter().position(|head| self.roles.resolve(&head.name) == wanted);
                // A topic says itself which of its messages may be used.
                let is_topic = self.recording.files[file].config.as_ref().is_some_and(|c| c.topic.is_some());
                own.or_else(|| heads.iter().position(|head| is_topic && head.name == "valid"))
            }
        };
        let taken = self.taken(spec, config, file)?;
        let placed = config.and_then(|(_, c)| c.frame.as_ref()).map(|frame| {
            (frame.position.each_ref().map(|length| length.si()), frame.orientation.quaternion_xyzw())
        });
        Ok((
            file,
            Lane {
                group: need.group,
                path: self.roles.in_words_of_the_method(&spec.path),
                what,
                valid,
                taken,
                blank: config.map(|(_, c)| c.blank).unwrap_or_default(),
                placed,
                size: spec.elements.len(),
                is_carried: false,
            },
        ))
    }

    /// The column of the time at which readings were taken, if there is one.
    fn taken(
        &mut self,
        spec: &GroupSpec,
        config: Option<(&String, &SignalConfig)>,
        file: usize,
    ) -> Result<Option<(usize, i128)>, NoLane> {
        let place = match config.and_then(|(_, c)| c.taken.clone()) {
            Some(column) => self.readers[file].find(&column).map(Some).map_err(|error| {
                self.mistakes.data.push(error);
                NoLane::Said
            })?,
            None if spec.kind == GroupKind::Event => None,
            None => {
                let wanted = format!("{}.stamp", spec.path);
                self.readers[file].heads.iter().position(|head| self.roles.resolve(&head.name) == wanted)
            }
        };
        let Some(place) = place else { return Ok(None) };
        let (column, _) = self.column((file, place), None, Some(Dimension::TIME), &spec.path)?;
        Ok(nanoseconds_of_unit(column.scale).map(|unit_ns| (place, unit_ns)))
    }

    /// The file and the column of a signal: as the mapping names it, or by the signal's own path.
    fn place(
        &mut self,
        config: Option<(&String, &SignalConfig)>,
        column: Option<&str>,
        path: &str,
    ) -> Result<(usize, usize), NoLane> {
        let wanted = column.or(config.and_then(|(_, c)| c.column.as_deref()));
        let data = config.and_then(|(_, c)| c.data.as_deref());
        let shown = self.roles.in_words_of_the_method(path);
        let files: Vec<usize> = match data {
            _ if self.readers.len() == 1 => vec![0],
            Some(name) => {
                self.recording.files.iter().position(|f| f.source.name == name).into_iter().collect()
            }
            None => (0..self.readers.len()).collect(),
        };
        if files.is_empty() {
            let names: Vec<&str> = self.recording.files.iter().map(|f| f.source.name.as_str()).collect();
            let what =
                format!("no file `{}` was given; there is: {}", data.unwrap_or_default(), names.join(", "));
            let key = config.map_or_else(String::new, |(key, _)| trocar_scenario::join_key("signals", key));
            self.mistakes.mapping.push(Problem::new(format!("{key}.data"), what));
            return Err(NoLane::Said);
        }
        let mut found = Vec::new();
        let mut why = None;
        for file in files {
            let csv = &self.readers[file];
            let place = match wanted {
                Some(column) => csv.find(column),
                None => {
                    let named = |name: &str| self.roles.resolve(name) == path;
                    let mut places = csv.heads.iter().enumerate().filter(|(_, head)| named(&head.name));
                    match (places.next(), places.next()) {
                        (Some((place, _)), None) => Ok(place),
                        (Some(_), Some(_)) => {
                            Err(DataError::new(&csv.shown, format!("two columns are called `{shown}`")))
                        }
                        _ => Err(DataError::new(&csv.shown, format!("there is no column `{shown}`")).help(
                            format!(
                                "say which column it is, in a mapping or with --column '{shown}=COLUMN'; {}",
                                csv.nearest(&shown)
                            ),
                        )),
                    }
                }
            };
            match place {
                Ok(place) => found.push((file, place)),
                Err(error) => why = why.or(Some(error)),
            }
        }
        match (found.as_slice(), why) {
            ([one], _) => Ok(*one),
            ([], Some(error)) if wanted.is_none() => Err(NoLane::Missing(error)),
            ([], error) => {
                self.mistakes.data.extend(error);
                Err(NoLane::Said)
            }
            (several, _) => {
                let files: Vec<&str> =
                    several.iter().map(|(file, _)| self.readers[*file].shown.as_str()).collect();
                let what =
                    format!("`{}` stands in several files: {}", wanted.unwrap_or(&shown), files.join(", "));
                self.mistakes
                    .data
                    .push(DataError::new("", what).help("say which with `data` in [signals] of a mapping"));
                Err(NoLane::Said)
            }
        }
    }

    /// A column with its unit, which must measure what the signal does.
    fn column(
        &mut self,
        (file, place): (usize, usize),
        unit: Option<&String>,
        meant: Option<Dimension>,
        path: &str,
    ) -> Result<(Column, Dimension), NoLane> {
        let csv = &self.readers[file];
        let head = &csv.heads[place];
        let path = self.roles.in_words_of_the_method(path);
        let given = unit.or(head.unit.as_ref());
        let error = match (given, meant) {
            (Some(unit), _) if unit.is_empty() || unit == "-" => {
                return Ok((Column { place, scale: 1.0 }, Dimension::NUMBER));
            }
            (None, Some(Dimension::NUMBER)) => return Ok((Column { place, scale: 1.0 }, Dimension::NUMBER)),
            (None, _) => {
                DataError::new(&csv.shown, format!("the column `{}` has no unit", head.whole)).help(format!(
                    "write it in brackets, `{} [mm]`, or say `unit` for `{path}` in a mapping",
                    head.name
                ))
            }
            (Some(unit), _) => match unit_of(unit, None) {
                Ok((dimension, scale)) if meant.is_none_or(|meant| meant == dimension) => {
                    return Ok((Column { place, scale }, dimension));
                }
                Ok((dimension, _)) => {
                    let meant = meant.unwrap_or(Dimension::NUMBER);
                    DataError::new(
                        &csv.shown,
                        format!("the column `{}` measures {dimension}, and `{path}` is {meant}", head.whole),
                    )
                    .help("is it the right column?")
                }
                Err(what) => DataError::new(&csv.shown, format!("the column `{}`: {what}", head.whole)),
            },
        };
        self.mistakes.data.push(error);
        Err(NoLane::Said)
    }

    fn event(
        &mut self,
        spec: &GroupSpec,
        config: Option<(&String, &SignalConfig)>,
    ) -> Result<(usize, What), NoLane> {
        let said = config.and_then(|(_, c)| c.event.clone());
        let unit = config.and_then(|(_, c)| c.unit.clone());
        let by_name = config.is_none_or(|(_, c)| c.column.is_none());
        // Beside a counter an export may hold when the event happened last.
        let stamp = format!("{}.stamp", spec.path);
        let has_stamp = by_name
            && self
                .readers
                .iter()
                .any(|csv| csv.heads.iter().any(|head| self.roles.resolve(&head.name) == stamp));
        let path = if has_stamp { stamp.as_str() } else { spec.path.as_str() };
        let (file, place) = self.place(config, None, path)?;
        let head = &self.readers[file].heads[place];
        let of_time = |unit: &String| unit_of(unit, Some(Dimension::TIME)).is_ok();
        let is_time = unit.as_ref().or(head.unit.as_ref()).is_some_and(of_time);
        match said {
            Some(EventConfig::Counts {}) => Ok((file, What::Counts { column: place })),
            None if !is_time => Ok((file, What::Counts { column: place })),
            Some(EventConfig::Times {}) | None => {
                let (column, _) =
                    self.column((file, place), unit.as_ref(), Some(Dimension::TIME), &spec.path)?;
                match nanoseconds_of_unit(column.scale) {
                    Some(unit_ns) => Ok((file, What::Times { column: place, unit_ns })),
                    None => Err(NoLane::Said),
                }
            }
            Some(EventConfig::Crossings { level, edge }) => {
                let (column, _) =
                    self.column((file, place), unit.as_ref(), Some(level.dimension), &spec.path)?;
                Ok((file, What::Crossings { column, level: level.si, edge }))
            }
        }
    }

    fn numbers(&mut self, spec: &GroupSpec, need: &Needed) -> Result<(usize, What), NoLane> {
        let mut columns = Vec::new();
        let mut of_file = None;
        for element in &need.elements {
            let path = spec.element_path(*element);
            let config =
                self.said_of(&path).or_else(|| self.said_of(&spec.path).filter(|_| need.elements.len() == 1));
            let at = self.place(config, None, &path)?;
            let unit = config.and_then(|(_, c)| c.unit.clone());
            let meant = spec.elements[*element].dimension;
            let (column, _) = self.column(at, unit.as_ref(), Some(meant), &path)?;
            if of_file.replace(at.0).is_some_and(|file| file != at.0) {
                let what = format!("the numbers of `{}` stand in two files, whose clocks differ", spec.path);
                self.mistakes.data.push(DataError::new("", self.roles.in_words_of_the_method(&what)));
                return Err(NoLane::Said);
            }
            columns.push((*element, column));
        }
        Ok((of_file.unwrap_or(0), What::Numbers(columns)))
    }

    fn placed(
        &mut self,
        spec: &GroupSpec,
        config: Option<(&String, &SignalConfig)>,
        oriented: bool,
    ) -> Result<(usize, What), NoLane> {
        let unit = config.and_then(|(_, c)| c.unit.clone());
        let names = config.and_then(|(_, c)| c.position.clone());
        let mut position = [Column { place: 0, scale: 1.0 }; 3];
        let mut of_file = 0;
        for (axis, to) in position.iter_mut().enumerate() {
            let name = names.as_ref().map(|names| names[axis].as_str());
            let at = self.place(config, name, &spec.element_path(axis))?;
            (*to, _) = self.column(at, unit.as_ref(), Some(Dimension::LENGTH), &spec.path)?;
            of_file = at.0;
        }
        let mut orientation = None;
        if oriented {
            let given = config.and_then(|(_, c)| c.orientation.clone());
            let (form, names, unit) = match given {
                Some(given) => (given.form, Some(given.columns), given.unit),
                None => (OrientationForm::QuaternionXyzw, None, None),
            };
            let of_angles = form.columns() == 3;
            let mut columns = Vec::new();
            for part in 0..form.columns() {
                let name = names.as_ref().and_then(|names| names.get(part)).map(String::as_str);
                let at = self.place(config, name, &spec.element_path((3 + part).min(6)))?;
                let meant = if of_angles { Dimension::ANGLE } else { Dimension::NUMBER };
                columns.push(self.column(at, unit.as_ref(), Some(meant), &spec.path)?.0);
            }
            orientation = Some((form, columns));
        }
        Ok((of_file, What::Place { position, orientation }))
    }

    /// What the measures that can be fed must be told of the course of the test.
    fn marks_needed(&self) -> Marks {
        let lacks = |place: usize| self.recording.missing.iter().any(|(missing, _)| *missing == place);
        let plans = self
            .case
            .measures
            .iter()
            .enumerate()
            .filter(|(place, plan)| !lacks(*place) && !matches!(plan.feed, Feed::Twin(_)));
        plans.fold(Marks::default(), |all, (_, plan)| Marks {
            phase: all.phase || plan.marks.phase,
            cycles: all.cycles || plan.marks.cycles,
            readings: all.readings || plan.marks.readings,
        })
    }

    /// Takes the phases by their times, if the mapping gives them; whether it does.
    fn times(&mut self, file: usize) -> bool {
        if self.mapping.course.phases.is_empty() {
            return false;
        }
        match by_times(&self.mapping.course.phases, &self.recording.phases) {
            Ok(marks) => self.recording.times = Some((file, marks)),
            Err(problems) => self.mistakes.mapping.extend(problems),
        }
        true
    }

    fn course(&mut self) {
        let course = &self.mapping.course;
        let by_name = |names: [&str; 2], head: &str| names.contains(&head);
        let all = [
            (&course.phase, ["phase", "program.phase"]),
            (&course.cycle, ["cycle", "program.cycle"]),
            (&course.reading, ["reading", "program.reading"]),
            (&course.pose, ["pose", "pose"]),
        ];
        let file = match &course.data {
            _ if self.readers.len() == 1 => 0,
            Some(name) => match self.recording.files.iter().position(|f| f.source.name == *name) {
                Some(file) => file,
                None => {
                    let what = format!("no file `{name}` was given");
                    return self.mistakes.mapping.push(Problem::new("course.data", what));
                }
            },
            None => {
                let has = |csv: &CsvFile<_>| csv.heads.iter().any(|head| by_name(all[0].1, &head.name));
                let by_rows = || self.recording.files.iter().position(BoundFile::is_a_row_each_reading);
                self.readers.iter().position(has).or_else(by_rows).unwrap_or(0)
            }
        };
        let by_times = self.times(file);
        let mut columns = CourseColumns {
            each_row: self.recording.files[file].is_a_row_each_reading(),
            ..CourseColumns::default()
        };
        for (at, (given, names)) in all.into_iter().enumerate() {
            let csv = &self.readers[file];
            let place = match given {
                Some(name) => match csv.find(name) {
                    Ok(place) => Some(place),
                    Err(error) => {
                        self.mistakes.data.push(error);
                        None
                    }
                },
                None => csv.heads.iter().position(|head| by_name(names, &head.name)),
            };
            // What times say goes before columns that are there by chance.
            let place = place.filter(|_| !by_times || given.is_some());
            match at {
                0 => columns.phase = place,
                1 => columns.cycle = place,
                2 => columns.reading = place,
                _ => columns.pose = place,
            }
        }
        let needs = self.marks_needed();
        self.only_phase(&mut columns, by_times, needs);
        let of_times = |what: fn(&Mark) -> bool| {
            self.recording.times.iter().flat_map(|(_, marks)| marks).any(|(_, mark)| what(mark))
        };
        let has_cycles = columns.cycle.is_some() || of_times(|mark| matches!(mark, Mark::Cycle(_)));
        let has_readings =
            columns.reading.is_some() || columns.each_row || of_times(|mark| matches!(mark, Mark::Reading));
        let shown = self.readers[file].shown.clone();
        let names = |which: fn(&Marks) -> bool| -> String {
            let plans = self.case.measures.iter().filter(|plan| which(&plan.marks));
            plans.map(|plan| format!("`{}`", plan.name)).collect::<Vec<_>>().join(", ")
        };
        if needs.cycles && !has_cycles {
            let what =
                format!("nothing says when each repeat began, which {} must know", names(|m| m.cycles));
            self.mistakes.data.push(DataError::new(&shown, what).help("a column `cycle` that counts them from 0, or `every` or `cycles` in [[course.phases]] of a mapping"));
        }
        if needs.readings && !has_readings {
            let what = format!(
                "nothing says when readings were due, at the ends of dwells, which {} must know",
                names(|m| m.readings)
            );
            self.mistakes.data.push(DataError::new(&shown, what).help("a column `reading` that rises by one at each, or `readings` in [[course.phases]] of a mapping; of a table with one row for each reading say `rows = \"readings\"` in [data]"));
        }
        self.recording.files[file].course = columns;
    }

    /// Where nothing says when phases were and one alone is read, the recording is that phase.
    fn only_phase(&mut self, columns: &mut CourseColumns, by_times: bool, needs: Marks) {
        if by_times || columns.phase.is_some() || !needs.phase {
            return;
        }
        let lacks = |place: usize| self.recording.missing.iter().any(|(missing, _)| *missing == place);
        let plans = self.case.measures.iter().enumerate().filter(|(place, _)| !lacks(*place));
        let mut read: Vec<usize> = plans.filter_map(|(_, plan)| plan.window.phase).collect();
        read.sort_unstable();
        read.dedup();
        match read.as_slice() {
            [one] => {
                columns.only = Some(*one);
                let name = self.recording.phases.get(*one).map_or("", |phase| phase.name.as_str());
                self.recording
                    .notes
                    .push(format!("nothing says when phases were: the whole recording counts as `{name}`"));
            }
            several => {
                let names: Vec<&str> = several
                    .iter()
                    .filter_map(|at| self.recording.phases.get(*at))
                    .map(|phase| phase.name.as_str())
                    .collect();
                let what = format!("nothing says when the phases {} were", names.join(" and "));
                let shown = self.readers.first().map_or("", |csv| csv.shown.as_str());
                self.mistakes.data.push(
                    DataError::new(shown, what)
                        .help("a column `phase` with their names, or [[course.phases]] in a mapping"),
                );
            }
        }
    }

    /// Signals that are held against one of another file.
    fn carried(&mut self) {
        let mut places = BTreeMap::new();
        for (file, bound) in self.recording.files.iter().enumerate() {
            for (lane, one) in bound.lanes.iter().enumerate() {
                places.insert(one.group, (file, lane));
            }
        }
        let mut carried: Vec<Carried> = Vec::new();
        for plan in &self.case.measures {
            let Feed::Against(first, second) = plan.feed else { continue };
            let (Some(&(by_file, by_lane)), Some(&(file, lane))) =
                (places.get(&first.group), places.get(&second.group))
            else {
                continue;
            };
            let one = Carried { file, lane, by_file, by_lane };
            if file != by_file && !carried.contains(&one) {
                carried.push(one);
            }
        }
        for (at, one) in carried.iter().enumerate() {
            let by_another =
                carried[..at].iter().any(|other| (other.file, other.lane) == (one.file, one.lane));
            let carries = carried.iter().any(|other| (other.by_file, other.by_lane) == (one.file, one.lane));
            let path = self.recording.files[one.file].lanes[one.lane].path.clone();
            if by_another || carries {
                let what = format!("`{path}` is held against signals of several other files");
                self.mistakes.data.push(
                    DataError::new(&self.readers[one.file].shown, what)
                        .help("bring these signals into one file, on one clock"),
                );
                continue;
            }
            let by = &self.recording.files[one.by_file].lanes[one.by_lane].path;
            self.recording.notes.push(format!(
                "`{path}` and `{by}` stand in two files: the former is taken from the straight line between its rows at the instants of the latter"
            ));
            self.recording.files[one.file].lanes[one.lane].is_carried = true;
        }
        self.recording.carried = carried;
    }
}

fn has_course(course: &CourseColumns) -> bool {
    course.phase.is_some() || course.cycle.is_some() || course.reading.is_some() || course.each_row
}
