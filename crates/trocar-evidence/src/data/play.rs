//! Files merged in order of time, and written into the table that measures read.

use super::bind::{BoundFile, Recording};
use super::clock::{Clock, Shift, origin_ns};
use super::csv::CsvFile;
use super::lane::{Memory, Said, What};
use super::marks::{CourseMemory, Mark, PhaseOfMethod};
use super::{DataError, MOST_MISTAKES};
use std::collections::VecDeque;
use std::fs::File;
use std::io::Read;
use trocar_signal::digest::OfPieces;
use trocar_signal::{GroupId, GroupKind, Nanos, Table, Time};
use trocar_sim::case::{Case, Feed};
use trocar_sim::outcome::DataFile;
use trocar_sim::recorded::{ReadOut, Recorded, Timing};

/// Nanoseconds from one row to the next of a file without times.
const ROW_NS: i128 = 1_000_000_000;

/// Told of each instant of a recording, with the table as it then stands.
pub type Instant<'a> = &'a mut dyn FnMut(Time, &Table) -> std::io::Result<()>;

/// What a recording is, as far as going through it once tells.
#[derive(Clone, Debug)]
pub struct Survey {
    /// Its files.
    pub files: Vec<DataFile>,
    /// Whether a simulation made it, so that the step of that counts.
    pub simulated: bool,
    /// How finely it tells time.
    pub timing: Timing,
    /// Mean time between rows of each file.
    pub mean_interval_s: Vec<f64>,
    /// From the first to the last row of each file.
    pub duration_s: Vec<f64>,
}

impl Recording {
    /// Goes through the recording once.
    ///
    /// # Errors
    /// Mistakes in it, up to twenty, each with its line and column.
    pub fn survey(&mut self) -> Result<Survey, Vec<DataError>> {
        let mut files = Vec::new();
        for source in &self.sources {
            let (digest, bytes) = digest(&source.path)
                .map_err(|e| vec![DataError::new(&source.shown, format!("cannot be read: {e}"))])?;
            files.push(DataFile { name: source.name.clone(), digest, bytes, rows: 0 });
        }
        if let Some(own) = &self.own {
            if let Some(file) = files.first_mut() {
                file.rows = own.rows;
            }
            self.notes.extend(own.breaks_off.clone());
            return Ok(Survey {
                files,
                simulated: own.simulated,
                timing: Timing { step: own.step, interval: own.interval },
                mean_interval_s: vec![0.0],
                duration_s: vec![0.0],
            });
        }
        let mut mistakes = Vec::new();
        let mut survey = Survey {
            files,
            simulated: false,
            timing: Timing { step: Nanos::ZERO, interval: Nanos(u64::MAX) },
            mean_interval_s: Vec::new(),
            duration_s: Vec::new(),
        };
        let mut earliest: Option<i128> = None;
        for (place, bound) in self.files.iter_mut().enumerate() {
            let mut stream = match Stream::new(bound, &self.phases, None) {
                Ok(stream) => stream,
                Err(error) => return Err(vec![error]),
            };
            let (mut first, mut last, mut shortest, mut invalid) = (None, 0, i128::MAX, 0_u64);
            loop {
                match stream.advance() {
                    Ok(false) => break,
                    Ok(true) => {
                        let own_ns = stream.own_ns;
                        if first.is_none() {
                            first = Some(own_ns);
                        } else if own_ns > last {
                            shortest = shortest.min(own_ns - last);
                        }
                        last = own_ns;
                        invalid += u64::from(stream.said.contains(&Said::Invalid));
                    }
                    Err(error) => {
                        mistakes.push(error);
                        if mistakes.len() >= MOST_MISTAKES {
                            mistakes.push(DataError::new("", "and more mistakes"));
                            return Err(mistakes);
                        }
                    }
                }
            }
            let rows = stream.file.rows;
            drop(stream);
            survey.files[place].rows = rows;
            let Some(first) = first else {
                if mistakes.is_empty() {
                    mistakes.push(DataError::new(
                        &bound.source.shown,
                        "there is no row of numbers below the head",
                    ));
                }
                continue;
            };
            if invalid > 0 {
                self.notes.push(format!(
                    "{}: {invalid} of {rows} rows hold a reading that may not be used",
                    bound.source.shown
                ));
            }
            bound.clock.first_ns = first;
            let common = bound.clock.common_ns(first);
            earliest = Some(earliest.map_or(common, |before| before.min(common)));
            let duration_s = (last - first) as f64 * 1e-9;
            survey.duration_s.push(duration_s);
            survey.mean_interval_s.push(duration_s / trocar_math::max(1.0, rows as f64 - 1.0));
            if shortest < i128::MAX {
                let shortest = Nanos(u64::try_from(shortest).unwrap_or(u64::MAX));
                survey.timing.interval = survey.timing.interval.min(shortest);
            }
            let step_s = bound.config.as_ref().and_then(|c| c.step).map_or(0.0, |step| step.si());
            let step = Nanos::from_seconds(step_s).unwrap_or(Nanos::ZERO);
            survey.timing.step = survey.timing.step.max(step);
        }
        if !mistakes.is_empty() {
            return Err(mistakes);
        }
        if survey.timing.interval == Nanos(u64::MAX) {
            survey.timing.interval = Nanos(1_000_000);
        }
        let origin_ns = origin_ns(earliest.unwrap_or(0));
        for bound in &mut self.files {
            bound.clock.origin_ns = origin_ns;
        }
        Ok(survey)
    }

    /// Writes the recording into the table that measures read. `shift` moves one clock.
    ///
    /// # Errors
    /// As the files fail; what [`Recording::survey`] found is not found again.
    pub fn play(&self, case: &Case, shift: Option<&Shift>, each: Instant<'_>) -> Result<ReadOut, DataError> {
        if let Some(own) = &self.own {
            return own.play(
                case,
                &self.phases,
                self.times.as_ref().map(|(_, marks)| marks.as_slice()),
                each,
            );
        }
        let mut streams = Vec::new();
        for (place, bound) in self.files.iter().enumerate() {
            let mut stream = Stream::new(bound, &self.phases, shift.filter(|shift| shift.file == place))?;
            stream.advance()?;
            streams.push(stream);
        }
        let has_columns = self.files.iter().any(|f| f.course.phase.is_some() || f.course.only.is_some());
        let mut recorded = Recorded::new(case, self.times.is_some() || has_columns);
        let mut marks: VecDeque<(Time, Mark)> = self
            .times
            .iter()
            .flat_map(|(file, marks)| {
                let clock = streams[*file].clock.clone();
                marks.iter().map(move |(own_ns, mark)| (clock.instant(*own_ns), *mark))
            })
            .collect();
        let mut line: Vec<f64> = Vec::new();
        loop {
            let next = streams.iter().filter_map(|stream| stream.at).min();
            // What is due after the last row is of no reading.
            let Some(row) = next else { break };
            let now = marks.front().map_or(row, |(due, _)| (*due).min(row));
            let mut wrote = false;
            let mut readings = 0;
            while let Some((_, mark)) = marks.front().filter(|(due, _)| *due == now).copied() {
                marks.pop_front();
                wrote = true;
                apply(&mut recorded, mark, now, &mut readings);
            }
            for stream in streams.iter().filter(|stream| stream.at == Some(now)) {
                for mark in &stream.marks {
                    wrote = true;
                    apply(&mut recorded, *mark, now, &mut readings);
                }
                for (place, lane) in
                    stream.bound.lanes.iter().enumerate().filter(|(_, lane)| !lane.is_carried)
                {
                    wrote |= stream.write(place, lane.group, now, &mut recorded);
                }
            }
            for one in &self.carried {
                let by = &streams[one.by_file];
                if by.at == Some(now) && by.said[one.by_lane].is_values() {
                    let group = self.files[one.file].lanes[one.lane].group;
                    let is_pose = case.model.layout.spec(group).kind == GroupKind::Pose;
                    let valid = streams[one.file].between(one.lane, now, is_pose, &mut line);
                    recorded.write(group, now, valid, &line);
                    wrote = true;
                }
            }
            for _ in 0..readings {
                recorded.reading(now);
            }
            if wrote {
                recorded.observe(now);
                each(now, recorded.table())
                    .map_err(|e| DataError::new("", format!("the result cannot be written: {e}")))?;
            }
            for stream in streams.iter_mut().filter(|stream| stream.at == Some(now)) {
                stream.advance()?;
            }
        }
        Ok(recorded.finish())
    }

    /// The files whose clocks may be off, with the standard uncertainties of their offset (s) and drift. Of one file
    /// alone the clock cancels.
    #[must_use]
    pub fn uncertain_clocks(&self) -> Vec<(usize, f64, f64)> {
        if self.files.len() < 2 {
            return Vec::new();
        }
        let of = |bound: &BoundFile| {
            let config = bound.config.as_ref();
            let offset_s = config.and_then(|c| c.offset_uncertainty).map_or(0.0, |u| 0.5 * u.si());
            let drift = config.and_then(|c| c.drift_uncertainty).map_or(0.0, |u| 0.5 * u.si());
            (offset_s, drift)
        };
        let all = self.files.iter().enumerate().map(|(place, bound)| (place, of(bound)));
        all.filter(|(_, (offset_s, drift))| *offset_s > 0.0 || *drift > 0.0)
            .map(|(place, (o, d))| (place, o, d))
            .collect()
    }

    /// Of each measure that starts or stops at events, the rows between which these are known to lie: (measure, mean
    /// time between rows of each event that is known to a row alone, s).
    #[must_use]
    pub fn between_rows(&self, case: &Case, survey: &Survey) -> Vec<(usize, Vec<f64>)> {
        let interval_of = |group: GroupId| {
            self.files.iter().enumerate().find_map(|(file, bound)| {
                let lane = bound.lanes.iter().find(|lane| lane.group == group)?;
                matches!(lane.what, What::Counts { .. }).then(|| survey.mean_interval_s[file])
            })
        };
        let plans = case.measures.iter().enumerate();
        plans
            .filter_map(|(place, plan)| {
                let events = match plan.feed {
                    Feed::Events(from, to) => vec![from, to],
                    Feed::After(event, _) => vec![event],
                    _ => return None,
                };
                let known: Vec<f64> = events.into_iter().filter_map(interval_of).collect();
                (!known.is_empty()).then_some((place, known))
            })
            .collect()
    }
}

fn apply(recorded: &mut Recorded<'_>, mark: Mark, now: Time, readings: &mut u32) {
    match mark {
        Mark::Phase(place) => recorded.phase(now, place),
        Mark::Cycle(cycle) => recorded.cycle(now, cycle),
        // Readings are taken of what is written at this instant.
        Mark::Reading => *readings += 1,
    }
}

fn digest(path: &std::path::Path) -> std::io::Result<(String, u64)> {
    let mut file = File::open(path)?;
    let mut pieces = OfPieces::default();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok((pieces.finish(), pieces.bytes())),
            read => pieces.add(&buffer[..read]),
        }
    }
}

/// A reading that has passed: when, whether it may be used, and its values.
type Passed = Option<(Time, bool, Vec<f64>)>;

/// A file in the middle of being played.
struct Stream<'a> {
    bound: &'a BoundFile,
    phases: &'a [PhaseOfMethod],
    clock: Clock,
    file: CsvFile<super::bind::Input>,
    /// The instant of the row that is next; `None` at the end.
    at: Option<Time>,
    own_ns: i128,
    last_ns: Option<i128>,
    memories: Vec<Memory>,
    said: Vec<Said>,
    values: Vec<Vec<f64>>,
    passed: Vec<Passed>,
    course: CourseMemory,
    marks: Vec<Mark>,
    /// Of a file that holds instants of events alone, those of the present row that are to come.
    pending: VecDeque<(i128, usize)>,
}

impl<'a> Stream<'a> {
    fn new(
        bound: &'a BoundFile,
        phases: &'a [PhaseOfMethod],
        shift: Option<&Shift>,
    ) -> Result<Stream<'a>, DataError> {
        let lanes = &bound.lanes;
        let start = |size: usize| {
            let mut values = vec![0.0; size];
            // An orientation that nobody reads is none that could not be.
            if size == 7 {
                values[6] = 1.0;
            }
            values
        };
        Ok(Stream {
            bound,
            phases,
            clock: shift.map_or_else(|| bound.clock.clone(), |shift| bound.clock.shifted(shift)),
            file: bound.reader()?,
            at: None,
            own_ns: 0,
            last_ns: None,
            memories: vec![Memory::default(); lanes.len()],
            said: vec![Said::Nothing; lanes.len()],
            values: lanes.iter().map(|lane| start(lane.size)).collect(),
            passed: vec![None; lanes.len()],
            course: CourseMemory::default(),
            marks: Vec::new(),
            pending: VecDeque::new(),
        })
    }

    fn is_of_events_alone(&self) -> bool {
        self.bound.time.is_none() && !self.bound.is_a_row_each_reading()
    }

    /// Goes on to the next row; whether there is one.
    fn advance(&mut self) -> Result<bool, DataError> {
        let carried = self.bound.lanes.iter().enumerate().filter(|(_, lane)| lane.is_carried);
        for (place, _) in carried {
            let said = self.said[place];
            if let Some(at) = self.at.filter(|_| said.is_values() || said == Said::Invalid) {
                self.passed[place] = Some((at, said.is_values(), self.values[place].clone()));
            }
        }
        if self.pending.is_empty() {
            loop {
                if !self.file.next_row()? {
                    self.at = None;
                    return Ok(false);
                }
                if self.row()? {
                    break;
                }
            }
        }
        if self.is_of_events_alone()
            && let Some((own_ns, lane)) = self.pending.pop_front()
        {
            self.said.fill(Said::Nothing);
            self.said[lane] = Said::Event(own_ns);
            self.own_ns = own_ns;
        }
        self.at = Some(self.clock.instant(self.own_ns));
        Ok(true)
    }

    /// Reads the row; whether it says anything.
    fn row(&mut self) -> Result<bool, DataError> {
        let file = &self.file;
        self.own_ns = match self.bound.time {
            Some((column, unit_ns)) => match file.time(column, unit_ns)? {
                Some(own_ns) => own_ns,
                None => return Err(file.error(Some(column), "the time is missing in this row")),
            },
            None => i128::from(file.rows) * ROW_NS,
        };
        if let Some((column, _)) = self.bound.time
            && let Some(last) = self.last_ns.replace(self.own_ns)
        {
            let s = |ns: i128| ns as f64 * 1e-9;
            if self.own_ns < last {
                let what = format!("the time goes back, from {} s to {} s", s(last), s(self.own_ns));
                return Err(file
                    .error(Some(column), what)
                    .help("sort the rows by time, or split the file where its clock was set anew"));
            }
            if self.own_ns == last {
                let what = format!("the time {} s stands in two rows", s(last));
                return Err(file
                    .error(Some(column), what)
                    .help("were decimals lost when it was written? each row has its own time"));
            }
        }
        for (place, lane) in self.bound.lanes.iter().enumerate() {
            self.said[place] =
                lane.read(file, self.own_ns, &mut self.memories[place], &mut self.values[place])?;
        }
        self.bound.course.read(file, self.phases, &mut self.course, &mut self.marks)?;
        if !self.is_of_events_alone() {
            return Ok(true);
        }
        let events = self.said.iter().enumerate().filter_map(|(lane, said)| match said {
            Said::Event(own_ns) => Some((*own_ns, lane)),
            _ => None,
        });
        let mut events: Vec<(i128, usize)> = events.collect();
        events.sort_unstable();
        let goes_back = events.first().zip(self.last_ns).is_some_and(|((first, _), last)| *first < last);
        if let Some((last, _)) = events.last() {
            self.last_ns = Some(*last);
        }
        if goes_back {
            return Err(self
                .file
                .error(None, "the events of this row are earlier than those of the row before")
                .help("sort the rows by time"));
        }
        self.pending = events.into();
        Ok(!self.pending.is_empty())
    }

    /// Writes what the present row says of a signal; whether it says anything.
    fn write(&self, place: usize, group: GroupId, now: Time, recorded: &mut Recorded<'_>) -> bool {
        match self.said[place] {
            Said::Nothing => return false,
            Said::Values => recorded.write(group, now, true, &self.values[place]),
            Said::ValuesOf(own_ns) => {
                recorded.write(group, self.clock.instant(own_ns), true, &self.values[place]);
            }
            Said::Invalid => {
                let held = recorded.table().values(group).to_vec();
                recorded.write(group, now, false, &held);
            }
            Said::Event(own_ns) => {
                let count = recorded.table().values(group)[0] + 1.0;
                recorded.write(group, self.clock.instant(own_ns), true, &[count]);
            }
        }
        true
    }

    /// A signal on the straight line between its rows, at an instant that lies between the row before and the present
    /// one; whether it may be used.
    fn between(&self, place: usize, now: Time, is_pose: bool, line: &mut Vec<f64>) -> bool {
        line.clear();
        let next = self.at.filter(|_| self.said[place].is_values());
        match (&self.passed[place], next) {
            (_, Some(at)) if at == now => {
                line.extend(&self.values[place]);
                true
            }
            (Some((then, true, was)), Some(at)) if at > *then => {
                let share = now.since(*then).seconds() / at.since(*then).seconds();
                let same_side = was
                    .iter()
                    .zip(&self.values[place])
                    .skip(3)
                    .map(|(a, b)| a * b)
                    .fold(0.0, |sum, part| sum + part)
                    >= 0.0;
                line.extend(was.iter().zip(&self.values[place]).enumerate().map(|(at, (a, b))| {
                    let b = if is_pose && at >= 3 && !same_side { -b } else { *b };
                    a + share * (b - a)
                }));
                if is_pose && let Some(q) = line.get_mut(3..7) {
                    let norm = q.iter().map(|x| x * x).fold(0.0, |sum, square| sum + square).sqrt();
                    q.iter_mut().for_each(|x| *x /= norm);
                }
                true
            }
            // At the present row nothing was read, so the last reading goes on.
            (Some((_, valid, was)), None) if self.at.is_some() && self.said[place] == Said::Nothing => {
                line.extend(was);
                *valid
            }
            _ => {
                line.extend(&self.values[place]);
                false
            }
        }
    }
}
