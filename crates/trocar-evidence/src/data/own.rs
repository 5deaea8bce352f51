//! A recording in Trocar's own form: what a run recorded, or what a judged recording was kept as.

use super::DataError;
use super::bind::Source;
use super::marks::{Mark, PhaseOfMethod};
use crate::recording::{Item, RecordingError, scan};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use trocar_scenario::Roles;
use trocar_signal::{GroupId, GroupKind, GroupSpec, Nanos, Table, Time};
use trocar_sim::case::{Case, Marks};
use trocar_sim::recorded::{ReadOut, Recorded};

/// Keys of what is said about a recording that was kept by `trocar judge`, or exported for it.
pub mod about {
    /// `data` or `simulation`: what was judged.
    pub const JUDGED: &str = "judged";
    /// The step to which its instants are bound, nanoseconds.
    pub const STEP: &str = "step_ns";
    /// The shortest time between two readings, nanoseconds.
    pub const INTERVAL: &str = "interval_ns";
}

/// What of the recording a case can read.
pub struct Own {
    source: Source,
    /// Of each group in the recording, in its order: where it goes, if anywhere.
    places: Vec<Option<Place>>,
    paths: Vec<String>,
    /// What it says of the course of the test.
    pub course: Marks,
    /// Whether a simulation made it: then its instants are bound to the step of that.
    pub simulated: bool,
    pub step: Nanos,
    pub interval: Nanos,
    pub rows: u64,
    /// Where it breaks off.
    pub breaks_off: Option<String>,
}

struct Place {
    group: GroupId,
    /// Of a state, the places of its names in the case.
    states: Option<Vec<Option<usize>>>,
}

fn reader(source: &Source) -> Result<BufReader<File>, DataError> {
    let file = File::open(&source.path)
        .map_err(|e| DataError::new(&source.shown, format!("cannot be read: {e}")))?;
    Ok(BufReader::with_capacity(1 << 16, file))
}

/// The errors of a scan, and of what is done with its items.
enum Stop {
    Recording(RecordingError),
    Data(DataError),
}

impl From<RecordingError> for Stop {
    fn from(error: RecordingError) -> Stop {
        Stop::Recording(error)
    }
}

impl Own {
    /// Goes through the recording once.
    pub fn open(source: &Source, case: &Case) -> Result<Own, DataError> {
        let mut own = Own {
            source: source.clone(),
            places: Vec::new(),
            paths: Vec::new(),
            course: Marks::default(),
            simulated: false,
            step: Nanos::ZERO,
            interval: Nanos(u64::MAX),
            rows: 0,
            breaks_off: None,
        };
        let mut last: BTreeMap<usize, Time> = BTreeMap::new();
        let mut phases = false;
        let scanned = scan(reader(source)?, |item| -> Result<(), Stop> {
            match item {
                Item::About(about) => own.about(about),
                Item::Group(spec) => {
                    let place =
                        place(spec, case).map_err(|what| Stop::Data(DataError::new(&source.shown, what)))?;
                    own.places.push(place);
                    own.paths.push(spec.path.clone());
                }
                Item::Values { group, at, .. } => {
                    own.rows += 1;
                    if let Some(before) = last.insert(group, at) {
                        if at < before {
                            let what = format!(
                                "`{}` goes back in time at {at}",
                                own.paths.get(group).map_or("", String::as_str)
                            );
                            return Err(Stop::Data(DataError::new(&source.shown, what)));
                        }
                        own.interval = own.interval.min(Nanos(at.since(before).0.max(1)));
                    }
                }
                Item::Event { kind, .. } => phases |= kind == "phase",
            }
            Ok(())
        });
        own.breaks_off = broken(scanned, source)?;
        if own.interval == Nanos(u64::MAX) {
            own.interval = Nanos(1_000_000);
        }
        let program = case.program;
        own.course = Marks {
            phase: phases || own.holds(program.phase),
            cycles: own.holds(program.cycle),
            readings: own.holds(program.reading),
        };
        Ok(own)
    }

    fn about(&mut self, about: &BTreeMap<String, String>) {
        let nanos = |key: &str| about.get(key).and_then(|text| text.parse().ok()).map(Nanos);
        match about.get(about::JUDGED).map(String::as_str) {
            Some("data") => {
                self.step = nanos(about::STEP).unwrap_or(Nanos::ZERO);
            }
            // A run says with which seed.
            _ => self.simulated = about.contains_key("seed"),
        }
        if let Some(interval) = nanos(about::INTERVAL) {
            self.interval = interval;
        }
    }

    /// Whether it has a group.
    pub fn holds(&self, group: GroupId) -> bool {
        self.places.iter().flatten().any(|place| place.group == group)
    }

    /// What it has instead of a signal.
    pub fn nearest(&self, path: &str, roles: &Roles) -> String {
        let paths: Vec<String> = self.paths.iter().map(|path| roles.in_words_of_the_method(path)).collect();
        let near = trocar_signal::diagnostic::nearest(path, paths.iter().map(String::as_str));
        let near = near.map_or_else(String::new, |near| format!("the nearest is `{near}`; "));
        format!(
            "{near}it holds: {}; a scenario's [record] says what is recorded, and trocar replay RESULT --readings FILE records all that its measures read",
            paths.join(", ")
        )
    }

    /// Writes the recording into the table that measures read.
    pub fn play(
        &self,
        case: &Case,
        phases: &[PhaseOfMethod],
        times: Option<&[(i128, Mark)]>,
        each: &mut dyn FnMut(Time, &Table) -> std::io::Result<()>,
    ) -> Result<ReadOut, DataError> {
        let program = case.program;
        let by_groups = times.is_none() && self.holds(program.phase);
        let mut recorded = Recorded::new(case, !by_groups);
        let mut marks = times.unwrap_or_default().iter().peekable();
        let mut open: Option<Time> = None;
        let mut failed = None;
        let mut close = |recorded: &mut Recorded<'_>, open: &mut Option<Time>| -> Result<(), Stop> {
            if let Some(at) = open.take() {
                recorded.observe(at);
                each(at, recorded.table()).map_err(|e| {
                    Stop::Data(DataError::new("", format!("the result cannot be written: {e}")))
                })?;
            }
            Ok(())
        };
        let scanned = scan(reader(&self.source)?, |item| -> Result<(), Stop> {
            let at = match &item {
                Item::Values { at, .. } | Item::Event { at, .. } => *at,
                _ => return Ok(()),
            };
            if open.is_some_and(|before| before != at) {
                close(&mut recorded, &mut open)?;
            }
            while let Some((due, mark)) = marks.next_if(|(due, _)| *due <= i128::from(at.0)) {
                let due = Time(u64::try_from(*due).unwrap_or(0));
                if due < at && open.is_some_and(|before| before != due) {
                    close(&mut recorded, &mut open)?;
                }
                match mark {
                    Mark::Phase(place) => recorded.phase(due, *place),
                    Mark::Cycle(cycle) => recorded.cycle(due, *cycle),
                    Mark::Reading => recorded.reading(due),
                }
                if due < at {
                    open = Some(due);
                    let next_is_same = marks.peek().is_some_and(|(next, _)| *next == i128::from(due.0));
                    if !next_is_same {
                        close(&mut recorded, &mut open)?;
                    }
                }
            }
            match item {
                Item::Values { group, stamp, values, .. } => {
                    let Some(Some(place)) = self.places.get(group) else { return Ok(()) };
                    let is_program = [program.phase, program.cycle, program.reading].contains(&place.group);
                    if is_program && times.is_some() {
                        return Ok(());
                    }
                    // What may be used and was taken at the very start is stamped with one nanosecond.
                    let taken = stamp
                        .map_or(at, |stamp| if stamp == Time(1) && at == Time::ZERO { at } else { stamp });
                    let is_finite = values.iter().all(|value| value.is_finite());
                    let valid = stamp.is_some() && is_finite;
                    match (&place.states, values.first()) {
                        (Some(states), Some(value)) => match states.get(*value as usize) {
                            Some(Some(state)) => recorded.write(place.group, taken, valid, &[*state as f64]),
                            _ => failed = failed.take().or(Some(place.group)),
                        },
                        _ if is_finite => recorded.write(place.group, taken, valid, values),
                        _ => {
                            let held = recorded.table().values(place.group).to_vec();
                            recorded.write(place.group, taken, false, &held);
                        }
                    }
                    open = Some(at);
                }
                Item::Event { kind: "phase", name, .. } if !by_groups && times.is_none() => {
                    let place = phases.iter().position(|phase| phase.name == name).unwrap_or(phases.len());
                    recorded.phase(at, place);
                    open = Some(at);
                }
                _ => {}
            }
            Ok(())
        });
        broken(scanned, &self.source)?;
        if let Err(Stop::Data(error)) = close(&mut recorded, &mut open) {
            return Err(error);
        }
        if let Some(group) = failed {
            let path = &case.model.layout.spec(group).path;
            let what = format!(
                "`{path}` is in a state that it does not have in this scenario: was another method recorded?"
            );
            return Err(DataError::new(&self.source.shown, what));
        }
        Ok(recorded.finish())
    }
}

/// Where a group of the recording goes in a case.
fn place(spec: &GroupSpec, case: &Case) -> Result<Option<Place>, String> {
    let layout = &case.model.layout;
    let Some(group) = layout.group(&spec.path) else { return Ok(None) };
    let own = layout.spec(group);
    let differs = || {
        format!(
            "`{}` was recorded as something else than it is in this scenario: other numbers or units",
            spec.path
        )
    };
    match (&spec.kind, &own.kind) {
        (GroupKind::State(theirs), GroupKind::State(ours)) => {
            let states = theirs.iter().map(|name| ours.iter().position(|own| own == name)).collect();
            Ok(Some(Place { group, states: Some(states) }))
        }
        _ if spec.elements == own.elements && spec.frame == own.frame => {
            Ok(Some(Place { group, states: None }))
        }
        _ => Err(differs()),
    }
}

/// Where a recording breaks off; of one that cannot be read at all, why.
fn broken(scanned: Result<(), Stop>, source: &Source) -> Result<Option<String>, DataError> {
    match scanned {
        Ok(()) => Ok(None),
        Err(Stop::Data(error)) => Err(error),
        Err(Stop::Recording(error @ RecordingError::BreaksOff { after: Some(_) })) => {
            Ok(Some(error.to_string()))
        }
        Err(Stop::Recording(error @ RecordingError::NotAGroup { .. })) => {
            let error = DataError::new(&source.shown, error.to_string());
            Err(error.help(format!(
                "it is not Trocar's own: say in a mapping what is read of it, [data.NAME] with topic = \"…\"; {}",
                super::topic::topics_in_words(&source.path)
            )))
        }
        Err(Stop::Recording(error)) => Err(DataError::new(&source.shown, error.to_string())),
    }
}
