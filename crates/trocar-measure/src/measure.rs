//! Measures at work: readings in, figures out.

use crate::attained::{Attained, Evaluation};
use crate::config::{MeasureConfig, WindowAt};
use crate::delay::Delay;
use crate::distance::Pair;
use crate::figure::{FigureRow, NoFigure};
use crate::grip::GripForce;
use crate::instrument::Instrument;
use crate::pair::pair;
use crate::path::{MOST_PASSES, OfPath, Path, Stations};
use crate::remote_centre::{MOST_LINES, RemoteCentre};
use crate::settling::{Settles, Settling};
use crate::shape::{InputShape, MeasureShape, Reading, SampleLabel, Visit};
use crate::statistic::{DriftStatistic, LineStatistic, LocalisationStatistic};
use crate::stopping::{Stopping, Stops};
use crate::window::{OverWindow, Share, Statistic, Twin};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Nanos, Problem, Time};

/// A measure in the middle of a run. Clones and saved copies go on independently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Repeats of the phase that do not count.
    skip: u32,
    instrument: Instrument,
    dimension: Dimension,
    state: State,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum State {
    Attained(Attained),
    Settling(Settling),
    Path(Path),
    RemoteCentre(RemoteCentre),
    Stopping(Stopping),
    Grip(GripForce),
    Delay(Delay),
    OverWindow(OverWindow),
    Twin(Twin),
    Share(Share),
    Count(u64),
    Pair(Box<crate::pair::Pair>),
}

/// Why a reading was not taken. The measure is as it was before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SampleError {
    /// Another form of reading is meant.
    #[error("this measure takes {wanted}")]
    Form {
        /// What it takes.
        wanted: &'static str,
    },
    /// Too few values.
    #[error("{have} values where {need} are needed")]
    TooFew {
        /// How many came.
        have: usize,
        /// How many are needed.
        need: usize,
    },
    /// A value is NaN or infinite.
    #[error("a value is not finite")]
    NotFinite,
    /// The label speaks of a pose that was not declared.
    #[error("pose {pose} of {declared}")]
    Pose {
        /// The label's, from 0.
        pose: u32,
        /// How many there are.
        declared: usize,
    },
    /// The pose has been read in every declared cycle already.
    #[error("{pose} has its {declared} readings already")]
    TooMany {
        /// The pose.
        pose: String,
        /// How many were declared.
        declared: u32,
    },
    /// An event came before the one that it answers.
    #[error("the event `to` is earlier than the event `from`")]
    Backwards,
}

impl Measure {
    /// Most cycles that a pose measure takes: the uncertainty of a repeatability costs their square.
    pub const MOST_CYCLES: u32 = 10_000;

    /// A measure before its first reading.
    ///
    /// # Errors
    /// Every mistake in the configuration, alone and against the signals, phase and instrument it is to work with.
    pub fn new(config: &MeasureConfig, shape: &MeasureShape) -> Result<Measure, Vec<Problem>> {
        let mut problems = config.problems();
        problems.extend(shape.instrument.problems());
        let skip = config.window().skip;
        if skip >= shape.repeats {
            let what = format!("leaves nothing: the phase repeats {} times", shape.repeats);
            problems.push(Problem::new("window.skip", what));
        }
        let cycles = shape.repeats.saturating_sub(skip);
        let over = |statistic| {
            let dwell = config.window().at == WindowAt::DwellEnd;
            number(config, &shape.input).map(|d| (d, State::OverWindow(OverWindow::new(statistic, dwell))))
        };
        let state = match config {
            _ if config.is_of_attained_poses() => evaluation(config, shape).map(|evaluation| {
                let dimension = evaluation.dimension();
                (dimension, State::Attained(Attained::new(evaluation, &shape.visits, cycles)))
            }),
            _ if config.is_of_settling() => position(config, &shape.input).map(|_| {
                let settling = settling(config, shape);
                (settling.dimension(), State::Settling(settling))
            }),
            _ if config.is_of_a_path() => {
                path(config, shape, skip, cycles).map(|path| (path.dimension(), State::Path(path)))
            }
            _ if config.is_of_a_stop() => {
                stopping(config, shape).map(|stopping| (stopping.dimension(), State::Stopping(stopping)))
            }
            MeasureConfig::RemoteCentreError { statistic, .. } => oriented(config, "of", Some(&shape.input))
                .map(|()| {
                    let readings = (cycles as usize).saturating_mul(shape.visits.len().max(1));
                    let centre = RemoteCentre::new(*statistic, shape.port_m, readings);
                    (Dimension::LENGTH, State::RemoteCentre(centre))
                }),
            MeasureConfig::GripForce { .. } => {
                grip(config, shape, cycles).map(|grip| (Dimension::FORCE, State::Grip(grip)))
            }
            MeasureConfig::StartDelay { .. }
            | MeasureConfig::FollowingDelay { .. }
            | MeasureConfig::SlopeChangeDelay { .. }
            | MeasureConfig::CorrelationDelay { .. }
            | MeasureConfig::FrequencyResponse { .. }
            | MeasureConfig::Hysteresis { .. }
            | MeasureConfig::Scaling { .. }
            | MeasureConfig::StepResponse { .. }
            | MeasureConfig::TrackingError { .. } => match pair(config, shape) {
                Ok((dimension, pair)) => Ok((dimension, State::Pair(Box::new(pair)))),
                Err(mut found) => {
                    let last = found.pop();
                    problems.extend(found);
                    Err(last.unwrap_or_else(|| Problem::new("", "this measure cannot be made")))
                }
            },
            MeasureConfig::Delay { statistic, .. } => {
                events(shape).map(|()| (Dimension::TIME, State::Delay(Delay::new(*statistic, shape.step))))
            }
            MeasureConfig::Peak { .. } => over(Statistic::Peak),
            MeasureConfig::Maximum { .. } => over(Statistic::Maximum),
            MeasureConfig::Minimum { .. } => over(Statistic::Minimum),
            MeasureConfig::Mean { .. } => over(Statistic::Mean),
            MeasureConfig::Final { .. } => over(Statistic::Final),
            MeasureConfig::Range { .. } => over(Statistic::Range),
            MeasureConfig::Share { .. } | MeasureConfig::Validity { .. } => {
                let at_end = config.window().at == WindowAt::End;
                Ok((Dimension::NUMBER, State::Share(Share::new(at_end))))
            }
            MeasureConfig::Count { .. } => match shape.input {
                InputShape::Event => Ok((Dimension::NUMBER, State::Count(0))),
                ref other => Err(wrong_input(config, "of", "an event", other)),
            },
            // What is left is the twin's: the others were of attained poses.
            _ => twin(config, &shape.input).map(|(d, twin)| (d, State::Twin(twin))),
        };
        if let Some(what) = wrong_instrument(config, &shape.instrument) {
            problems.push(Problem::new(config.paths().0.key, what));
        }
        if let Some(what) = wrong_cycles(config, cycles, shape.visits.len()) {
            problems.push(Problem::new("window.skip", what));
        }
        match state {
            Ok((dimension, state)) if problems.is_empty() => {
                Ok(Measure { skip, instrument: shape.instrument, dimension, state })
            }
            Ok(_) => Err(problems),
            Err(problem) => {
                problems.push(problem);
                Err(problems)
            }
        }
    }

    /// What its figures measure.
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// How many figures it gives: one for each pose, axis or pair of poses, or one in all.
    #[must_use]
    pub fn row_count(&self) -> usize {
        match &self.state {
            State::Attained(state) => state.row_count(),
            State::Settling(state) => state.row_count(),
            State::Pair(state) => state.row_count(),
            State::Path(state) => state.row_count(),
            _ => 1,
        }
    }

    /// Takes a reading. Readings of repeats that are skipped do nothing. Allocates nothing unless it fails.
    ///
    /// # Errors
    /// [`SampleError`], and the measure is as before.
    pub fn sample(&mut self, at: Time, label: SampleLabel, reading: Reading<'_>) -> Result<(), SampleError> {
        let counts = label.cycle >= self.skip;
        match (&mut self.state, reading) {
            (State::Attained(state), Reading::Values(values)) if !state.is_against() => {
                state.push(label.visit, values, &[], counts)?;
            }
            (State::Attained(state), Reading::Pair { values, reference }) if state.is_against() => {
                state.push(label.visit, values, reference, counts)?;
            }
            (State::Settling(state), Reading::Values(values)) => state.push(at, values)?,
            (State::Settling(state), Reading::DwellEnd) => state.dwell_ended(at, label.visit, counts)?,
            (State::Grip(state), Reading::Values(values)) => state.push(at, values)?,
            (State::Grip(state), Reading::DwellEnd) => state.dwell_ended(at, label.visit, counts),
            (State::Path(state), Reading::Pair { values, reference }) => {
                state.push(at, label.cycle, values, reference)?;
            }
            (State::RemoteCentre(state), Reading::Values(values)) => state.push(at, values, counts)?,
            (State::Stopping(state), Reading::Values(values)) => state.push(at, values)?,
            (State::Stopping(state), Reading::From) => state.signal(at),
            (State::OverWindow(state), Reading::Values(values)) => {
                let [value] = finite::<1>(values)?;
                if counts {
                    state.push(at, value);
                }
            }
            (State::Share(state), Reading::Values(values)) => {
                let [holds] = finite::<1>(values)?;
                if counts {
                    state.push(holds != 0.0);
                }
            }
            (State::Count(count), Reading::Values(_)) => {
                if counts {
                    *count += 1;
                }
            }
            (State::Twin(state), Reading::Pair { values, reference }) => {
                let distance = state.distance(values, reference)?;
                if counts {
                    state.push(at, distance);
                }
            }
            (State::Pair(state), Reading::Pair { values, reference }) => {
                let ([of], [commanded]) = (finite::<1>(values)?, finite::<1>(reference)?);
                state.push(at, label.cycle, counts, of, commanded);
            }
            (State::Delay(state), Reading::From) => {
                if counts {
                    state.from(at);
                }
            }
            (State::Delay(state), Reading::To) => state.to(at)?,
            (State::Attained(state), _) if !state.is_against() => {
                return Err(SampleError::Form { wanted: "the values of its signal alone" });
            }
            (
                State::OverWindow(_)
                | State::Share(_)
                | State::Count(_)
                | State::Settling(_)
                | State::RemoteCentre(_)
                | State::Stopping(_)
                | State::Grip(_),
                _,
            ) => {
                return Err(SampleError::Form { wanted: "the values of its signal alone" });
            }
            (State::Attained(_) | State::Twin(_) | State::Path(_) | State::Pair(_), _) => {
                return Err(SampleError::Form { wanted: "the values of its signal in a pair" });
            }
            (State::Delay(_), _) => return Err(SampleError::Form { wanted: "events" }),
        }
        Ok(())
    }

    /// The figures of what was read so far: one for each pose, in their order, or one in all. A measure can go on
    /// after it.
    ///
    /// # Errors
    /// [`NoFigure`]: why there is none.
    pub fn finish(&self) -> Result<Vec<FigureRow>, NoFigure> {
        let reading = self.instrument.reading();
        match &self.state {
            State::Attained(state) => state.rows(reading),
            State::Settling(state) => state.rows(reading),
            State::Path(state) => state.rows(reading),
            State::RemoteCentre(state) => state.row(reading).map(|row| vec![row]),
            State::Stopping(state) => state.row(reading).map(|row| vec![row]),
            State::Grip(state) => state.row(reading).map(|row| vec![row]),
            State::Delay(state) => state.row(self.instrument.recorder()).map(|row| vec![row]),
            State::OverWindow(state) => state.row(self.dimension, reading).map(|row| vec![row]),
            State::Twin(state) => state.row(self.dimension).map(|row| vec![row]),
            State::Share(state) => state.row().map(|row| vec![row]),
            State::Pair(state) => state.rows(self.dimension, reading),
            State::Count(count) => Ok(vec![FigureRow::bare(*count as f64, Dimension::NUMBER, *count)]),
        }
    }
}

/// The first `N` values, if there are as many and all are finite.
pub(crate) fn finite<const N: usize>(values: &[f64]) -> Result<[f64; N], SampleError> {
    let Some(first) = values.first_chunk::<N>() else {
        return Err(SampleError::TooFew { have: values.len(), need: N });
    };
    if first.iter().all(|x| x.is_finite()) { Ok(*first) } else { Err(SampleError::NotFinite) }
}

fn wrong_input(config: &MeasureConfig, key: &str, wanted: &str, is: &InputShape) -> Problem {
    Problem::new(key, format!("`{}` takes {wanted}, and this is {}", config.kind(), is.name()))
}

fn number(config: &MeasureConfig, input: &InputShape) -> Result<Dimension, Problem> {
    match input {
        InputShape::Number(dimension) => Ok(*dimension),
        other => Err(wrong_input(config, "of", "one number", other)),
    }
}

/// Frame and point of a position.
type Place<'a> = (&'a Option<String>, &'a Option<String>);

fn position<'a>(config: &MeasureConfig, input: &'a InputShape) -> Result<Place<'a>, Problem> {
    match input {
        InputShape::Position { frame, point } | InputShape::Pose { frame, point } => Ok((frame, point)),
        other => Err(wrong_input(config, "of", "a point or a pose", other)),
    }
}

fn commanded(config: &MeasureConfig, shape: &MeasureShape) -> Result<(), Problem> {
    let (frame, point) = position(config, &shape.input)?;
    let (commanded_frame, commanded_point) = match &shape.reference {
        Some(InputShape::Position { frame, point } | InputShape::Pose { frame, point }) => (frame, point),
        Some(other) => return Err(wrong_input(config, "commanded", "a point or a pose", other)),
        None => return Err(Problem::new("commanded", "the commanded position is missing")),
    };
    let said = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    for (what, is, commanded) in [("frame", frame, commanded_frame), ("point", point, commanded_point)] {
        if is != commanded {
            let what = format!(
                "the commanded position has the {what} `{}`, the attained one `{}`: they cannot be subtracted",
                said(commanded),
                said(is)
            );
            return Err(Problem::new("commanded", what));
        }
    }
    Ok(())
}

/// A measure that needs an orientation is given one.
fn oriented(config: &MeasureConfig, key: &str, input: Option<&InputShape>) -> Result<(), Problem> {
    match input {
        None | Some(InputShape::Pose { .. }) => Ok(()),
        Some(other) => {
            let mut problem = wrong_input(config, key, "a pose, with an orientation", other);
            if matches!(other, InputShape::Position { .. }) {
                problem.what += "; a tracker reads orientations if it has [instruments.NAME.orientation]";
            }
            Err(problem)
        }
    }
}

fn settling(config: &MeasureConfig, shape: &MeasureShape) -> Settling {
    match config {
        MeasureConfig::StabilisationTime { band, settled, statistic, .. } => {
            Settling::new(Settles::Time, *statistic, band.si(), settled.si(), &shape.visits)
        }
        MeasureConfig::Overshoot { band, settled, statistic, .. } => {
            Settling::new(Settles::Overshoot, *statistic, band.si(), settled.si(), &shape.visits)
        }
        _ => unreachable!("asked by `is_of_settling`"),
    }
}

/// Readings of one hold that are kept if nothing says how often the signal is read at most.
const READINGS_UNKNOWN: usize = 4096;

fn grip(config: &MeasureConfig, shape: &MeasureShape, cycles: u32) -> Result<GripForce, Problem> {
    let MeasureConfig::GripForce { posture, hold, statistic, .. } = config else {
        unreachable!("asked by the kind")
    };
    match &shape.input {
        InputShape::Number(Dimension::FORCE) => {}
        InputShape::Number(other) => {
            return Err(Problem::new("of", format!("`grip_force` takes a force, and this is {other}")));
        }
        other => return Err(wrong_input(config, "of", "a force", other)),
    }
    let named: Vec<&str> = shape.visits.iter().map(|visit| visit.pose.as_str()).collect();
    let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let visits: Vec<u32> = match posture {
        Some(wanted) => {
            let held = (0..named.len()).filter(|at| named[*at] == wanted).map(place);
            held.collect()
        }
        None => (0..named.len()).map(place).collect(),
    };
    match posture {
        Some(wanted) if visits.is_empty() => {
            let what = match named.as_slice() {
                [] => format!("the phase moves through no postures, and so not through `{wanted}`"),
                _ => format!(
                    "the phase does not move through `{wanted}`; it moves through {}",
                    named.join(", ")
                ),
            };
            return Err(Problem::new("posture", what));
        }
        None if named.iter().any(|other| *other != named[0]) => {
            let what = format!(
                "the phase moves through {}: `posture` says at which of them the jaw holds",
                named.join(", ")
            );
            return Err(Problem::new("", what));
        }
        _ => {}
    }
    let room = match shape.interval.unwrap_or(shape.step) {
        Nanos::ZERO => READINGS_UNKNOWN,
        interval => (hold.si() / interval.seconds()).ceil() as usize + 2,
    };
    let declared = cycles.saturating_mul(place(visits.len().max(1)));
    let hold = Nanos::from_seconds(hold.si()).unwrap_or(Nanos::ZERO);
    Ok(GripForce::new(*statistic, hold, visits, declared, room))
}

fn path(config: &MeasureConfig, shape: &MeasureShape, skip: u32, passes: u32) -> Result<Path, Problem> {
    commanded(config, shape)?;
    if config.reads_orientation() {
        oriented(config, "of", Some(&shape.input))?;
        oriented(config, "commanded", shape.reference.as_ref())?;
    }
    let (what, lengths) = match config {
        MeasureConfig::PathAccuracy { every, ends, corners, .. } => {
            (OfPath::Accuracy, [every, ends, corners])
        }
        MeasureConfig::PathRepeatability { every, ends, corners, .. } => {
            (OfPath::Repeatability, [every, ends, corners])
        }
        MeasureConfig::PathOrientationAccuracy { every, ends, corners, .. } => {
            (OfPath::OrientationAccuracy, [every, ends, corners])
        }
        MeasureConfig::PathOrientationRepeatability { every, ends, corners, .. } => {
            (OfPath::OrientationRepeatability, [every, ends, corners])
        }
        MeasureConfig::PathVelocity { statistic, every, ends, corners, .. } => {
            (OfPath::Speed(*statistic), [every, ends, corners])
        }
        MeasureConfig::Cornering { statistic, .. } => {
            // A corner needs no stations: none is laid.
            let laid = Stations { every_m: f64::INFINITY, ends_m: 0.0, corners_m: 0.0 };
            return Ok(Path::new(OfPath::Corner(*statistic), laid, skip, passes));
        }
        _ => unreachable!("asked by `is_of_a_path`"),
    };
    let [every_m, ends_m, corners_m] = lengths.map(|length| length.si());
    Ok(Path::new(what, Stations { every_m, ends_m, corners_m }, skip, passes))
}

fn stopping(config: &MeasureConfig, shape: &MeasureShape) -> Result<Stopping, Problem> {
    let number = match &shape.input {
        InputShape::Number(dimension) => Some(*dimension),
        InputShape::Position { .. } | InputShape::Pose { .. } => None,
        other => return Err(wrong_input(config, "of", "a point, a pose or one number", other)),
    };
    let dimension = number.unwrap_or(Dimension::LENGTH);
    match &shape.reference {
        Some(InputShape::Event) => {}
        Some(other) => return Err(wrong_input(config, "from", "an event", other)),
        None => return Err(Problem::new("from", "the event is missing")),
    }
    Ok(match config {
        MeasureConfig::StopTime { at_rest, .. } if at_rest.dimension != dimension => {
            let what = format!("`of` is {dimension}, and this is {}", at_rest.dimension);
            return Err(Problem::new("at_rest", what));
        }
        MeasureConfig::StopTime { at_rest, .. } => Stopping::new(Stops::Time(at_rest.si), number, shape.step),
        MeasureConfig::StopDisplacement { statistic, .. } => {
            Stopping::new(Stops::Displacement(*statistic), number, shape.step)
        }
        _ => unreachable!("asked by `is_of_a_stop`"),
    })
}

/// What a measure of attained poses makes of them.
fn evaluation(config: &MeasureConfig, shape: &MeasureShape) -> Result<Evaluation, Problem> {
    if matches!(config, MeasureConfig::JointRepeatability { .. }) {
        return number(config, &shape.input).map(Evaluation::JointRepeatability);
    }
    if matches!(config, MeasureConfig::Droop { .. }) {
        return held_number(config, shape).map(Evaluation::Droop);
    }
    position(config, &shape.input)?;
    if config.paths().1.is_some() {
        commanded(config, shape)?;
    }
    let visits = &shape.visits;
    Ok(match config {
        MeasureConfig::PoseAccuracy { .. } => Evaluation::Accuracy,
        MeasureConfig::OrientationRepeatability { .. } => {
            oriented(config, "of", Some(&shape.input))?;
            Evaluation::OrientationRepeatability
        }
        MeasureConfig::OrientationAccuracy { .. } => {
            oriented(config, "of", Some(&shape.input))?;
            oriented(config, "commanded", shape.reference.as_ref())?;
            Evaluation::OrientationAccuracy
        }
        MeasureConfig::MultidirectionalVariation { .. } => Evaluation::Multidirectional(directions(visits)?),
        MeasureConfig::OrientationVariation { .. } => {
            oriented(config, "of", Some(&shape.input))?;
            Evaluation::OrientationVariation(directions(visits)?)
        }
        MeasureConfig::DistanceAccuracy { between, .. } => {
            Evaluation::DistanceAccuracy(pairs(visits, between)?)
        }
        MeasureConfig::DistanceRepeatability { between, .. } => {
            Evaluation::DistanceRepeatability(pairs(visits, between)?)
        }
        MeasureConfig::Drift { statistic, block, window, .. } => {
            let cycles = shape.repeats.saturating_sub(window.skip);
            // That nothing is left is said of `skip`, or of the phase.
            if cycles > 0 && cycles / 2 < *block {
                let what = format!("two blocks of {block} cycles do not fit into the {cycles} that count");
                return Err(Problem::new("block", what));
            }
            match statistic {
                DriftStatistic::Accuracy => Evaluation::DriftOfAccuracy(*block),
                DriftStatistic::Repeatability => Evaluation::DriftOfRepeatability(*block),
            }
        }
        MeasureConfig::Localisation { statistic: LocalisationStatistic::Bias, .. } => {
            Evaluation::LocalisationBias
        }
        MeasureConfig::Localisation { .. } => Evaluation::LocalisationPrecision,
        MeasureConfig::Reached { within, .. } => Evaluation::Reached(within.si()),
        _ => Evaluation::Repeatability,
    })
}

/// The unit of a number and of the number that it is held to.
fn held_number(config: &MeasureConfig, shape: &MeasureShape) -> Result<Dimension, Problem> {
    let dimension = number(config, &shape.input)?;
    match &shape.reference {
        Some(InputShape::Number(commanded)) if *commanded == dimension => Ok(dimension),
        Some(InputShape::Number(commanded)) => {
            let what = format!("is in {commanded}, and `of` is in {dimension}: they cannot be subtracted");
            Err(Problem::new("commanded", what))
        }
        Some(other) => Err(wrong_input(config, "commanded", "one number", other)),
        None => Err(Problem::new("commanded", "the commanded number is missing")),
    }
}

/// The poses that a cycle reaches from several others, each with its visits.
fn directions(visits: &[Visit]) -> Result<Vec<(String, Vec<usize>)>, Problem> {
    let mut poses: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, visit) in visits.iter().enumerate() {
        match poses.iter_mut().find(|(pose, _)| *pose == visit.pose) {
            Some((_, own)) => own.push(place),
            None => poses.push((visit.pose.clone(), vec![place])),
        }
    }
    poses.retain(|(_, own)| own.iter().any(|at| visits[*at].from != visits[own[0]].from));
    if poses.is_empty() {
        let what = "no pose of this phase is reached from two others: e.g. through = [\"left\", \"P1\", \"above\", \"P1\"]";
        return Err(Problem::new("window.phase", what));
    }
    Ok(poses)
}

/// The pairs of visits between which distances are measured.
fn pairs(visits: &[Visit], between: &[[String; 2]]) -> Result<Vec<Pair>, Problem> {
    let pair = |[a, b]: [usize; 2]| Pair {
        name: format!("{}–{}", visits[a].pose, visits[b].pose),
        visits: [a, b],
    };
    if between.is_empty() {
        let mut order: Vec<usize> = (0..visits.len()).collect();
        order.sort_by_key(|at| visits[*at].item);
        if order.len() < 2 {
            return Err(Problem::new(
                "window.phase",
                "a distance needs a phase that moves through two poses",
            ));
        }
        return Ok(order.windows(2).map(|two| pair([two[0], two[1]])).collect());
    }
    let mut pairs = Vec::new();
    for (place, names) in between.iter().enumerate() {
        let key = |end: usize| format!("between[{place}][{end}]");
        let mut found = [0; 2];
        for (end, name) in names.iter().enumerate() {
            let Some(at) = visits.iter().position(|visit| visit.pose == *name) else {
                let poses: Vec<&str> = visits.iter().map(|visit| visit.pose.as_str()).collect();
                let what = format!("the phase does not visit `{name}`; it visits {}", poses.join(", "));
                return Err(Problem::new(key(end), what));
            };
            found[end] = at;
        }
        if found[0] == found[1] {
            return Err(Problem::new(key(1), "a distance runs from one pose to another"));
        }
        pairs.push(pair(found));
    }
    Ok(pairs)
}

fn events(shape: &MeasureShape) -> Result<(), Problem> {
    let is_event = |input: &InputShape| *input == InputShape::Event;
    let refuse =
        |key: &str, name: &str| Problem::new(key, format!("`delay` runs between events, and this is {name}"));
    if !is_event(&shape.input) {
        return Err(refuse("from", shape.input.name()));
    }
    match &shape.reference {
        Some(input) if is_event(input) => Ok(()),
        Some(input) => Err(refuse("to", input.name())),
        None => Err(refuse("to", "missing")),
    }
}

fn twin(config: &MeasureConfig, input: &InputShape) -> Result<(Dimension, Twin), Problem> {
    match input {
        InputShape::Number(dimension) => Ok((*dimension, Twin::numbers(1))),
        InputShape::Alike { dimension, count } => Ok((*dimension, Twin::numbers(*count))),
        InputShape::Position { .. } | InputShape::Pose { .. } => Ok((Dimension::LENGTH, Twin::position())),
        other => Err(wrong_input(config, "of", "a position or numbers of one unit", other)),
    }
}

fn wrong_instrument(config: &MeasureConfig, instrument: &Instrument) -> Option<&'static str> {
    match (config, instrument) {
        (_, Instrument::None) | (MeasureConfig::Delay { .. }, Instrument::Recorder(_)) => None,
        (MeasureConfig::Delay { .. }, Instrument::Reading(_)) => Some("events are stamped by a recorder"),
        (_, Instrument::Recorder(_)) => Some("a recorder stamps events and reads no values"),
        (_, Instrument::Reading(_)) => None,
    }
}

fn wrong_cycles(config: &MeasureConfig, cycles: u32, visits: usize) -> Option<String> {
    let most = Measure::MOST_CYCLES;
    match config {
        MeasureConfig::RemoteCentreError { statistic: LineStatistic::Max, port: None, .. }
            if cycles as usize * visits.max(1) > MOST_LINES =>
        {
            Some(format!("leaves more than {MOST_LINES} readings"))
        }
        MeasureConfig::PathRepeatability { .. } | MeasureConfig::PathOrientationRepeatability { .. }
            if cycles < 3 =>
        {
            Some(format!(
                "leaves {cycles} repeats: of fewer than three, distances from their mean do not scatter"
            ))
        }
        _ if config.is_of_a_path() && cycles > MOST_PASSES => {
            Some(format!("leaves {cycles} repeats, of which at most {MOST_PASSES} are taken"))
        }
        MeasureConfig::PoseRepeatability { .. }
        | MeasureConfig::OrientationRepeatability { .. }
        | MeasureConfig::JointRepeatability { .. }
        | MeasureConfig::DistanceRepeatability { .. }
            if cycles < 3 =>
        {
            Some(format!(
                "leaves {cycles} cycles: of fewer than three, distances from their mean do not scatter"
            ))
        }
        _ if config.is_of_attained_poses() && cycles > most => {
            Some(format!("leaves {cycles} cycles, of which at most {most} are taken"))
        }
        _ => None,
    }
}
