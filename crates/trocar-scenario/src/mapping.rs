//! The mapping file: which columns of a laboratory's files are which signals of a scenario, on which clock, in which
//! frame, read by which instrument, and when the phases of the test were.

use crate::common::PlacementConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_plant::InstrumentConfig;
use trocar_signal::quantity::{Angle, Duration, Force, Length, Ratio};
use trocar_signal::{AnyQuantity, Dimension, Problem, Sourced, unit};

/// What a mapping file calls itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MappingKind {
    /// A mapping.
    #[default]
    Mapping,
}

/// A mapping: what the columns of a laboratory's files are. What it does not name is found by its name: a column that is
/// called as a signal, `tracker.tool_tip.position.x [mm]`, is that signal, and `time [s]` is the time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a mapping file"))]
pub struct MappingFile {
    /// Version of the file format: 1.
    #[schemars(extend("const" = 1))]
    pub format: u32,
    /// `mapping`: tells this file from a scenario.
    pub kind: MappingKind,
    /// The files of the recording by name, as `--data NAME=FILE` gives them. Each has a clock of its own.
    #[serde(default)]
    pub data: BTreeMap<String, DataConfig>,
    /// Path of a signal, in the words of the scenario, to where its numbers stand.
    #[serde(default)]
    pub signals: BTreeMap<String, SignalConfig>,
    /// What the instruments that were used state, by their names in the scenario. What is not given here is taken from
    /// the scenario.
    #[serde(default)]
    pub instruments: BTreeMap<String, StatementConfig>,
    /// When the phases of the test were.
    #[serde(default)]
    pub course: CourseConfig,
}

/// A file of the recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a data file"))]
pub struct DataConfig {
    /// The file, below the folder of this mapping; `--data NAME=FILE` goes before it.
    #[serde(default)]
    pub file: Option<String>,
    /// Of an MCAP recording that was not made by Trocar (ROS 2: messages in CDR): the topic that is read. Each message is a
    /// row, its fields are columns: `position.x [m]` of a pose, `position.JOINT` of a joint state, `data` of a number; the
    /// column `time` is the time of the header, else when it was logged (`log_time`). A header without a time is a lost reading.
    #[serde(default)]
    pub topic: Option<String>,
    /// The column of the time. Without it, the one that is called `time` or `t`.
    #[serde(default)]
    pub time: Option<String>,
    /// The unit of the time, where the column's head does not name it: `ms`.
    #[serde(default)]
    pub time_unit: Option<String>,
    /// What each row is. Without it, what was read at one instant.
    #[serde(default)]
    pub rows: Rows,
    /// What stands between two cells. Without it, found from the first line.
    #[serde(default)]
    pub separator: Option<Separator>,
    /// What stands before decimals. Without it, found: a comma only where another sign separates cells.
    #[serde(default)]
    pub decimal: Option<Decimal>,
    /// The line that names the columns, where others stand before it. Without it, the first that is not a comment (`#`).
    #[serde(default)]
    pub header_line: Option<u32>,
    /// What is added to its times to bring them onto the common clock.
    #[serde(default)]
    pub offset: Option<Duration>,
    /// Expanded uncertainty (k = 2) of `offset`.
    #[serde(default)]
    pub offset_uncertainty: Option<Duration>,
    /// How much faster its clock runs than the common one; its times are corrected for it, from its first row on.
    #[serde(default)]
    pub drift: Option<Ratio>,
    /// Expanded uncertainty (k = 2) of `drift`.
    #[serde(default)]
    pub drift_uncertainty: Option<Ratio>,
    /// The step to which its instants are bound: of a counter, or of a simulation. Each delay gets its part in U.
    #[serde(default)]
    pub step: Option<Duration>,
}

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rows {
    /// What was read at one instant.
    #[default]
    Instants,
    /// What was read at the end of one dwell, in the order of the visits. Such a file needs no time.
    Readings,
}

/// What stands between two cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// A tabulator.
    Tab,
}

/// What stands before decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decimal {
    /// `.`
    Point,
    /// `,`
    Comma,
}

/// Where the numbers of a signal stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a mapped signal"))]
pub struct SignalConfig {
    /// Which file; may be left out where there is one.
    #[serde(default)]
    pub data: Option<String>,
    /// The column of a signal that is one number, a state or an event.
    #[serde(default)]
    pub column: Option<String>,
    /// The unit of the column or of the positions, where their heads do not name it.
    #[serde(default)]
    pub unit: Option<String>,
    /// Of a point or a pose, the columns of x, y and z.
    #[serde(default)]
    pub position: Option<[String; 3]>,
    /// Of a pose, how its orientation is written.
    #[serde(default)]
    pub orientation: Option<OrientationColumns>,
    /// The column that says whether a reading may be used: 1 or 0, true or false.
    #[serde(default)]
    pub valid: Option<String>,
    /// The column of the time at which a reading was taken, where that is not the time of its row but earlier: the instrument
    /// or the device was slow. In its own unit, on the clock of the file.
    #[serde(default)]
    pub taken: Option<String>,
    /// What an empty cell says.
    #[serde(default)]
    pub blank: Blank,
    /// Where the frame in which the instrument reads stands in the frame of the signal: positions and orientations are
    /// taken over into that. Without it they are in that frame already.
    #[serde(default)]
    pub frame: Option<PlacementConfig>,
    /// Of an event, how it shows in its column.
    #[serde(default)]
    pub event: Option<EventConfig>,
}

/// What an empty cell says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Blank {
    /// The instrument had no reading to give: what was lost stays lost.
    #[default]
    Invalid,
    /// The instrument reads more seldom than there are rows: its last reading goes on.
    NoReading,
}

/// How an orientation is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an orientation in columns"))]
pub struct OrientationColumns {
    /// In which form.
    pub form: OrientationForm,
    /// The columns in the order of the form: four, nine or three.
    pub columns: Vec<String>,
    /// The unit of angles, where the columns' heads do not name it.
    #[serde(default)]
    pub unit: Option<String>,
}

/// A form of orientations. All turn what is given in the tool's axes into the frame of the instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrientationForm {
    /// A quaternion, its real part last.
    QuaternionXyzw,
    /// A quaternion, its real part first.
    QuaternionWxyz,
    /// A rotation matrix, row by row.
    MatrixByRows,
    /// A vector along the axis, as long as the angle.
    RotationVector,
    /// Angles about x, then about the new y, then about the newest z.
    EulerXyz,
    /// Angles about z, then about the new y, then about the newest x: yaw, pitch, roll.
    EulerZyx,
}

impl OrientationForm {
    /// How many columns it takes.
    #[must_use]
    pub fn columns(self) -> usize {
        match self {
            OrientationForm::QuaternionXyzw | OrientationForm::QuaternionWxyz => 4,
            OrientationForm::MatrixByRows => 9,
            _ => 3,
        }
    }
}

/// How an event shows in its column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EventConfig {
    /// Each cell with another time than the one before is an event at that time. A column whose head has a unit of time
    /// is read so without being told.
    Times {},
    /// It happens in each row in which the number is greater than in the row before: a counter, or a flag that rises.
    Counts {},
    /// It happens where the number passes a level, on the straight line between two rows: an oscilloscope's channel.
    Crossings {
        /// The level, in a unit of the column.
        level: AnyQuantity,
        /// Which way.
        #[serde(default)]
        edge: Crossing,
    },
}

/// Which way a level is passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Crossing {
    /// Upwards.
    #[default]
    Rising,
    /// Downwards.
    Falling,
    /// Either way.
    Both,
}

/// What an instrument states about its readings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an instrument's statement"))]
pub struct StatementConfig {
    /// Expanded uncertainty (k = 2) of one reading as its certificate states it.
    #[serde(default)]
    pub uncertainty: Option<AnyQuantity>,
    /// Standard deviation from one reading to the next, of a tracker each axis.
    #[serde(default)]
    pub noise: Option<AnyQuantity>,
    /// Smallest step of its readings; of a recorder of events, of its time.
    #[serde(default)]
    pub resolution: Option<AnyQuantity>,
    /// Of a tracker that reads orientations, expanded uncertainty (k = 2) of the angle about each axis.
    #[serde(default)]
    pub angle_uncertainty: Option<Angle>,
    /// Of a tracker that reads orientations, standard deviation of the angle about each axis.
    #[serde(default)]
    pub angle_noise: Option<Angle>,
    /// Of a tracker, standard uncertainty of where its frame stands, each axis.
    #[serde(default)]
    pub registration_translation: Option<Length>,
    /// Of a tracker, standard uncertainty of how its frame is turned, each axis.
    #[serde(default)]
    pub registration_rotation: Option<Angle>,
    /// Of a recorder of events, the bound of its clock's error in rate.
    #[serde(default)]
    pub clock_error: Option<Ratio>,
}

/// When the phases of a test were: by columns of a file, or by times. Where nothing is said and the measures read one
/// phase alone, the whole recording is that phase.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "the course of a test"))]
pub struct CourseConfig {
    /// Which file has the columns, and whose clock the times are of; may be left out where there is one.
    #[serde(default)]
    pub data: Option<String>,
    /// The column with the names of phases; an empty cell is in none. Without it, the one that is called `phase`.
    #[serde(default)]
    pub phase: Option<String>,
    /// The column that counts the repeats of a phase from 0. Without it, the one that is called `cycle`.
    #[serde(default)]
    pub cycle: Option<String>,
    /// The column that rises by one, or from 0 to 1, at the end of each dwell. Without it, the one that is called `reading`.
    #[serde(default)]
    pub reading: Option<String>,
    /// The column with the name of the pose of each reading, which is held against the order of the scenario. Without it,
    /// the one that is called `pose`.
    #[serde(default)]
    pub pose: Option<String>,
    /// The phases by their times.
    #[serde(default)]
    pub phases: Vec<PhaseTimes>,
}

/// A phase by its times, on the clock of its file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a phase's times"))]
pub struct PhaseTimes {
    /// The phase's name in the scenario.
    pub name: String,
    /// When it began.
    pub from: Duration,
    /// When it ended. Without it: after as long as the scenario says that it lasts, or when the next one began, or with
    /// the recording.
    #[serde(default)]
    pub to: Option<Duration>,
    /// When each repeat of its action began, the first included.
    #[serde(default)]
    pub cycles: Vec<Duration>,
    /// How long each repeat took, where all took the same time.
    #[serde(default)]
    pub every: Option<Duration>,
    /// When each dwell ended, in the order of the visits.
    #[serde(default)]
    pub readings: Vec<Duration>,
}

impl MappingFile {
    /// A mapping that names nothing.
    #[must_use]
    pub fn empty() -> MappingFile {
        MappingFile { format: crate::common::FORMAT, ..MappingFile::default() }
    }

    /// What is wrong with it, apart from any scenario.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut add = |key: String, what: String| problems.push(Problem::new(key, what));
        let known = |name: &Option<String>| {
            name.as_ref().is_none_or(|n| self.data.is_empty() || self.data.contains_key(n))
        };
        for (name, data) in &self.data {
            let key = |key: &str| format!("data.{name}.{key}");
            for (of, u) in [
                ("offset_uncertainty", data.offset_uncertainty.map(Duration::si)),
                ("drift_uncertainty", data.drift_uncertainty.map(Ratio::si)),
            ] {
                if u.is_some_and(|u| u < 0.0) {
                    add(key(of), "an uncertainty is zero or more".to_owned());
                }
            }
            if data.drift.is_some_and(|drift| drift.si().abs() > 0.1) {
                add(key("drift"), "a clock that drifts by more than 10 % is none".to_owned());
            }
            if data.offset.is_some_and(|offset| offset.si().abs() > 1e10) {
                add(key("offset"), "this is more than three hundred years".to_owned());
            }
            if data.step.is_some_and(|step| !(0.0..=1.0).contains(&step.si())) {
                add(key("step"), "a step lies between 0 s and 1 s".to_owned());
            }
            if let Some(Err(what)) = data.time_unit.as_ref().map(|unit| unit_of(unit, Some(Dimension::TIME)))
            {
                add(key("time_unit"), what);
            }
            let of_csv = [
                ("separator", data.separator.is_some()),
                ("decimal", data.decimal.is_some()),
                ("header_line", data.header_line.is_some()),
            ];
            for (of, _) in of_csv.into_iter().filter(|(_, given)| *given && data.topic.is_some()) {
                add(key(of), "this is of a CSV file, and a topic has none: leave it out".to_owned());
            }
            if data.header_line == Some(0) {
                add(key("header_line"), "lines are counted from 1".to_owned());
            }
        }
        for (path, signal) in &self.signals {
            let prefix = crate::text::join_key("signals", path);
            let key = |key: &str| format!("{prefix}.{key}");
            if let Some(orientation) = &signal.orientation {
                let (have, need) = (orientation.columns.len(), orientation.form.columns());
                if have != need {
                    add(key("orientation.columns"), format!("{have} columns, and this form takes {need}"));
                }
                if let Some(Err(what)) =
                    orientation.unit.as_ref().map(|unit| unit_of(unit, Some(Dimension::ANGLE)))
                {
                    add(key("orientation.unit"), what);
                }
            }
            if signal.column.is_some() && (signal.position.is_some() || signal.orientation.is_some()) {
                add(key("column"), "a signal has a column, or a position with an orientation".to_owned());
            }
            if let Some(Err(what)) = signal.unit.as_ref().map(|unit| unit_of(unit, None)) {
                add(key("unit"), what);
            }
            if let Some(frame) = &signal.frame {
                for problem in frame.orientation.check() {
                    add(key(&format!("frame.orientation.{}", problem.key)), problem.what);
                }
            }
            if !known(&signal.data) {
                add(key("data"), self.no_such_data(signal.data.as_deref().unwrap_or_default()));
            }
        }
        if !known(&self.course.data) {
            add("course.data".to_owned(), self.no_such_data(self.course.data.as_deref().unwrap_or_default()));
        }
        for (place, phase) in self.course.phases.iter().enumerate() {
            let key = |key: &str| format!("course.phases[{place}].{key}");
            if phase.to.is_some_and(|to| to.si() <= phase.from.si()) {
                add(key("to"), "a phase ends after it began".to_owned());
            }
            if phase.every.is_some_and(|every| every.si() < 1e-6) {
                add(key("every"), "a repeat takes at least a microsecond".to_owned());
            }
            if phase.every.is_some() && !phase.cycles.is_empty() {
                add(key("every"), "`cycles` says it already".to_owned());
            }
            for (of, times) in [("cycles", &phase.cycles), ("readings", &phase.readings)] {
                if times.windows(2).any(|two| two[1].si() <= two[0].si()) {
                    add(key(of), "each time is later than the one before".to_owned());
                }
            }
            let times = [Some(phase.from), phase.to]
                .into_iter()
                .flatten()
                .chain(phase.cycles.iter().copied())
                .chain(phase.readings.iter().copied());
            if times.into_iter().any(|time| time.si().abs() > 1e10) {
                add(key("from"), "a time here is more than three hundred years away".to_owned());
            }
        }
        problems
    }

    fn no_such_data(&self, name: &str) -> String {
        let names: Vec<&str> = self.data.keys().map(String::as_str).collect();
        format!("there is no [data.{name}]; there is: {}", names.join(", "))
    }

    /// Puts what the instruments state over what a scenario says of them. Gives, for each one that a statement is about,
    /// its name; the others keep what the scenario says.
    ///
    /// # Errors
    /// An instrument that the scenario does not have, or a quantity of the wrong kind, by key.
    pub fn state(
        &self,
        instruments: &mut BTreeMap<String, InstrumentConfig>,
    ) -> Result<Vec<String>, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut stated = Vec::new();
        for (name, statement) in &self.instruments {
            let prefix = crate::text::join_key("instruments", name);
            let Some(config) = instruments.get_mut(name) else {
                let names: Vec<&str> = instruments.keys().map(String::as_str).collect();
                let there_is = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                let what = format!("the scenario has no instrument `{name}`; there is: {there_is}");
                problems.push(Problem::new(prefix, what));
                continue;
            };
            let mut of_instrument = statement.over(config);
            of_instrument.extend(config.check());
            problems.extend(
                of_instrument.into_iter().map(|p| Problem::new(format!("{prefix}.{}", p.key), p.what)),
            );
            stated.push(name.clone());
        }
        if problems.is_empty() { Ok(stated) } else { Err(problems) }
    }
}

impl StatementConfig {
    /// Puts this over what a scenario says of an instrument; gives what does not fit.
    fn over(&self, config: &mut InstrumentConfig) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut length =
            |key: &str, quantity: Option<AnyQuantity>, to: &mut Option<Sourced<Length>>| match quantity {
                Some(q) if q.dimension == Dimension::LENGTH => {
                    *to = Some(Sourced::bare(Length::from_si(q.si)))
                }
                Some(q) => problems
                    .push(Problem::new(key, format!("a length is meant, and this is {}", q.dimension))),
                None => {}
            };
        let mut foreign: Vec<(&str, bool)> = Vec::new();
        match config {
            InstrumentConfig::PositionTracker(tracker) => {
                length("uncertainty", self.uncertainty, &mut tracker.uncertainty);
                length("noise", self.noise, &mut tracker.noise);
                foreign.push(("resolution", self.resolution.is_some()));
                foreign.push(("clock_error", self.clock_error.is_some()));
                if let Some(orientation) = &mut tracker.orientation {
                    if let Some(noise) = self.angle_noise {
                        orientation.noise = Some(Sourced::bare(noise));
                    }
                    if let Some(uncertainty) = self.angle_uncertainty {
                        orientation.uncertainty = Some(Sourced::bare(uncertainty));
                    }
                } else {
                    foreign.push(("angle_noise", self.angle_noise.is_some()));
                    foreign.push(("angle_uncertainty", self.angle_uncertainty.is_some()));
                }
                if self.registration_translation.is_some() || self.registration_rotation.is_some() {
                    let before = tracker.registration.take();
                    let of = |new: Option<Sourced<_>>, old: Option<Sourced<_>>| new.or(old);
                    let translation = of(
                        self.registration_translation.map(Sourced::bare),
                        before.as_ref().map(|b| b.translation.clone()),
                    );
                    let rotation = self
                        .registration_rotation
                        .map(Sourced::bare)
                        .or(before.as_ref().map(|b| b.rotation.clone()));
                    tracker.registration = Some(trocar_plant::RegistrationConfig {
                        translation: translation.unwrap_or(Sourced::bare(Length::from_si(0.0))),
                        rotation: rotation.unwrap_or(Sourced::bare(Angle::from_si(0.0))),
                    });
                }
            }
            InstrumentConfig::DisplacementSensor(sensor) | InstrumentConfig::LoadCell(sensor) => {
                let over = |new: Option<AnyQuantity>, to: &mut Option<Sourced<AnyQuantity>>| {
                    if let Some(new) = new {
                        *to = Some(Sourced::bare(new));
                    }
                };
                over(self.uncertainty, &mut sensor.uncertainty);
                over(self.noise, &mut sensor.noise);
                over(self.resolution, &mut sensor.resolution);
                foreign.extend(self.of_a_tracker());
                foreign.push(("clock_error", self.clock_error.is_some()));
            }
            InstrumentConfig::Goniometer(goniometer) => {
                // What a certificate states of a real goniometer is the whole of it.
                if self.uncertainty.is_some() {
                    goniometer.registration = None;
                }
                for (key, new, to) in [
                    ("uncertainty", self.uncertainty, &mut goniometer.uncertainty),
                    ("noise", self.noise, &mut goniometer.noise),
                    ("resolution", self.resolution, &mut goniometer.resolution),
                ] {
                    match new {
                        Some(q) if q.dimension == Dimension::ANGLE => {
                            *to = Some(Sourced::bare(Angle::from_si(q.si)));
                        }
                        Some(q) => {
                            let what = format!("an angle is meant, and this is {}", q.dimension);
                            problems.push(Problem::new(key, what));
                        }
                        None => {}
                    }
                }
                foreign.extend(self.of_a_tracker());
                foreign.push(("clock_error", self.clock_error.is_some()));
            }
            InstrumentConfig::GripGauge(gauge) => {
                // What a certificate states of a real gauge is the whole of it.
                if self.uncertainty.is_some() {
                    gauge.zero = None;
                }
                for (key, new, to) in [
                    ("uncertainty", self.uncertainty, &mut gauge.uncertainty),
                    ("noise", self.noise, &mut gauge.noise),
                    ("resolution", self.resolution, &mut gauge.resolution),
                ] {
                    match new {
                        Some(q) if q.dimension == Dimension::FORCE => {
                            *to = Some(Sourced::bare(Force::from_si(q.si)));
                        }
                        Some(q) => {
                            let what = format!("a force is meant, and this is {}", q.dimension);
                            problems.push(Problem::new(key, what));
                        }
                        None => {}
                    }
                }
                foreign.extend(self.of_a_tracker());
                foreign.push(("clock_error", self.clock_error.is_some()));
            }
            InstrumentConfig::EdgeRecorder(recorder) => {
                match self.resolution {
                    Some(q) if q.dimension == Dimension::TIME => {
                        recorder.resolution = Sourced::bare(Duration::from_si(q.si));
                    }
                    Some(q) => {
                        let what = format!("a duration is meant, and this is {}", q.dimension);
                        problems.push(Problem::new("resolution", what));
                    }
                    None => {}
                }
                if let Some(error) = self.clock_error {
                    recorder.clock_error = Some(Sourced::bare(error));
                }
                foreign.extend(self.of_a_tracker());
                foreign.push(("uncertainty", self.uncertainty.is_some()));
                foreign.push(("noise", self.noise.is_some()));
            }
        }
        let foreign = foreign.into_iter().filter(|(_, given)| *given);
        problems.extend(
            foreign.map(|(key, _)| Problem::new(key, "this instrument of the scenario states no such thing")),
        );
        problems
    }

    fn of_a_tracker(&self) -> [(&'static str, bool); 4] {
        [
            ("angle_noise", self.angle_noise.is_some()),
            ("angle_uncertainty", self.angle_uncertainty.is_some()),
            ("registration_translation", self.registration_translation.is_some()),
            ("registration_rotation", self.registration_rotation.is_some()),
        ]
    }
}

/// Whether an instrument's readings are surely of the instant at which they arrive. A displacement sensor may follow what
/// the device reports late, and its readings are then as old.
#[must_use]
pub fn is_prompt(instruments: &BTreeMap<String, InstrumentConfig>, name: &str) -> bool {
    match instruments.get(name) {
        Some(InstrumentConfig::PositionTracker(tracker)) => tracker.latency.is_none(),
        Some(InstrumentConfig::GripGauge(gauge)) => gauge.latency.is_none(),
        Some(InstrumentConfig::Goniometer(goniometer)) => goniometer.latency.is_none(),
        _ => false,
    }
}

/// The SI value and the dimension of a unit that stands on its own.
///
/// # Errors
/// One sentence, with the nearest unit.
pub fn unit_of(text: &str, meant: Option<Dimension>) -> Result<(Dimension, f64), String> {
    match unit::parse(text.trim()) {
        Ok(unit) if meant.is_none_or(|meant| meant == unit.dimension) => Ok((unit.dimension, unit.scale)),
        Ok(unit) => {
            let meant = meant.map_or_else(String::new, Dimension::name);
            Err(format!("a unit of {meant} is meant, and `{text}` is one of {}", unit.dimension.name()))
        }
        Err(error) => {
            let near = error.nearest.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Err(format!("`{}` is not a unit{near}", crate::text::quoted(&error.symbol)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Files, load_mapping};

    fn mapping(text: &str) -> Result<MappingFile, Vec<String>> {
        let files = Files::in_memory([("lab.toml".to_owned(), text.to_owned())].into());
        load_mapping(&files, "lab.toml")
            .map(|loaded| loaded.mapping)
            .map_err(|failure| failure.diagnostics.iter().map(|d| d.title.clone()).collect())
    }

    #[test]
    fn a_mapping_says_where_things_stand() {
        let text = "format = 1\nkind = \"mapping\"\n[data.lab]\ntime = \"t [ms]\"\noffset = \"-3 ms\"\n\
            [signals.\"laser.motion\"]\ncolumn = \"CH2\"\nunit = \"mm\"\n\
            [signals.\"recorder.command\"]\ncolumn = \"CH1 [V]\"\nevent = { kind = \"crossings\", level = \"2.5 V\" }\n\
            [[course.phases]]\nname = \"steps\"\nfrom = \"1 s\"\nevery = \"0.8 s\"\n";
        let mapping = mapping(text).unwrap();
        assert_eq!(mapping.data["lab"].offset.unwrap().si(), -0.003);
        assert!(
            matches!(&mapping.signals["recorder.command"].event, Some(EventConfig::Crossings { level, edge: Crossing::Rising }) if level.si == 2.5)
        );
        assert_eq!(mapping.course.phases[0].every.unwrap().si(), 0.8);
    }

    /// What a certificate says of the gauge that was used is the whole of its error, the scenario's zero included.
    #[test]
    fn a_gauge_is_as_its_certificate_says() {
        let text = "kind = \"grip_gauge\"\njaw = \"psm1.jaw\"\nthickness = \"3 mm\"\nstiffness = \"100 N/mm\"\n\
            rate = \"1 kHz\"\nuncertainty = \"0.1 N\"\nzero = \"0.02 N\"";
        let gauge: InstrumentConfig = toml::from_str(text).unwrap();
        let state = |statement: &str| {
            let mapping =
                mapping(&format!("format = 1\nkind = \"mapping\"\n[instruments.gauge]\n{statement}\n"))
                    .unwrap();
            let mut instruments = BTreeMap::from([("gauge".to_owned(), gauge.clone())]);
            mapping.state(&mut instruments).map(|_| match &instruments["gauge"] {
                InstrumentConfig::GripGauge(gauge) => gauge.statement(),
                other => panic!("{other:?}"),
            })
        };
        let stated = state("uncertainty = \"0.03 N\"\nnoise = \"0.01 N\"").unwrap();
        assert_eq!((stated.expanded_uncertainty, stated.noise_sd), (0.03, 0.01));
        let keys = |statement| -> Vec<String> {
            state(statement).unwrap_err().into_iter().map(|problem| problem.key).collect()
        };
        assert_eq!(keys("noise = \"1 mm\""), ["instruments.gauge.noise"]);
        assert_eq!(keys("angle_noise = \"1 deg\""), ["instruments.gauge.angle_noise"]);
    }

    #[test]
    fn mistakes_are_named() {
        let head = "format = 1\nkind = \"mapping\"\n";
        for (text, word) in [
            ("[data.lab]\ntime_unit = \"mm\"\n", "a unit of"),
            ("[data.lab]\noffset_uncertainty = \"-1 ms\"\n", "zero or more"),
            ("[data.lab]\nofset = \"1 ms\"\n", "no key `ofset`"),
            ("[data.lab]\n[signals.\"a.b\"]\ndata = \"labb\"\n", "no [data.labb]"),
            (
                "[signals.\"a.b\"]\norientation = { form = \"matrix_by_rows\", columns = [\"a\"] }\n",
                "takes 9",
            ),
            ("[signals.\"a.b\"]\nunit = \"mmm\"\n", "not a unit"),
            ("[[course.phases]]\nname = \"x\"\nfrom = \"2 s\"\nto = \"1 s\"\n", "ends after it began"),
            (
                "[[course.phases]]\nname = \"x\"\nfrom = \"2 s\"\nreadings = [\"4 s\", \"3 s\"]\n",
                "later than the one before",
            ),
        ] {
            let found = mapping(&format!("{head}{text}")).unwrap_err();
            assert!(found.iter().any(|title| title.contains(word)), "{text}: {found:?}");
        }
    }
}
