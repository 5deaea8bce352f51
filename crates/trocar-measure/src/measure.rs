//! Measures at work: readings in, figures out.

use crate::config::{MeasureConfig, WindowAt};
use crate::delay::Delay;
use crate::figure::{FigureRow, NoFigure};
use crate::instrument::Instrument;
use crate::position::{Accuracy, Repeatability};
use crate::shape::{InputShape, MeasureShape, Reading, SampleLabel};
use crate::window::{OverWindow, Share, Statistic, Twin};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Problem, Time};

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
    Repeatability(Repeatability),
    Accuracy(Accuracy),
    Delay(Delay),
    OverWindow(OverWindow),
    Twin(Twin),
    Share(Share),
    Count(u64),
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
            MeasureConfig::PoseRepeatability { .. } => position(config, &shape.input)
                .map(|_| (Dimension::LENGTH, State::Repeatability(Repeatability::new(&shape.poses, cycles)))),
            MeasureConfig::PoseAccuracy { .. } => commanded(config, shape)
                .map(|()| (Dimension::LENGTH, State::Accuracy(Accuracy::new(&shape.poses, cycles)))),
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
            MeasureConfig::DeviationFromTwin { .. } => {
                twin(config, &shape.input).map(|(d, twin)| (d, State::Twin(twin)))
            }
        };
        if let Some(what) = wrong_instrument(config, &shape.instrument) {
            problems.push(Problem::new(config.paths().0.key, what));
        }
        if let Some(what) = wrong_cycles(config, cycles) {
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

    /// Takes a reading. Readings of repeats that are skipped do nothing. Allocates nothing unless it fails.
    ///
    /// # Errors
    /// [`SampleError`], and the measure is as before.
    pub fn sample(&mut self, at: Time, label: SampleLabel, reading: Reading<'_>) -> Result<(), SampleError> {
        let counts = label.cycle >= self.skip;
        match (&mut self.state, reading) {
            (State::Repeatability(state), Reading::Values(values)) => {
                let position_m = finite::<3>(values)?;
                if counts {
                    state.push(label.pose, position_m)?;
                }
            }
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
            (State::Accuracy(state), Reading::Pair { values, reference }) => {
                let (position_m, commanded_m) = (finite::<3>(values)?, finite::<3>(reference)?);
                if counts {
                    state.push(label.pose, position_m, commanded_m)?;
                }
            }
            (State::Twin(state), Reading::Pair { values, reference }) => {
                let distance = state.distance(values, reference)?;
                if counts {
                    state.push(at, distance);
                }
            }
            (State::Delay(state), Reading::From) => {
                if counts {
                    state.from(at);
                }
            }
            (State::Delay(state), Reading::To) => state.to(at)?,
            (State::Repeatability(_) | State::OverWindow(_) | State::Share(_) | State::Count(_), _) => {
                return Err(SampleError::Form { wanted: "the values of its signal alone" });
            }
            (State::Accuracy(_) | State::Twin(_), _) => {
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
            State::Repeatability(state) => state.rows(reading),
            State::Accuracy(state) => state.rows(reading),
            State::Delay(state) => state.row(self.instrument.recorder()).map(|row| vec![row]),
            State::OverWindow(state) => state.row(self.dimension, reading).map(|row| vec![row]),
            State::Twin(state) => state.row(self.dimension).map(|row| vec![row]),
            State::Share(state) => state.row().map(|row| vec![row]),
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
        InputShape::Position { frame, point } => Ok((frame, point)),
        other => Err(wrong_input(config, "of", "a point or a pose", other)),
    }
}

fn commanded(config: &MeasureConfig, shape: &MeasureShape) -> Result<(), Problem> {
    let (frame, point) = position(config, &shape.input)?;
    let (commanded_frame, commanded_point) = match &shape.reference {
        Some(InputShape::Position { frame, point }) => (frame, point),
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
        InputShape::Position { .. } => Ok((Dimension::LENGTH, Twin::position())),
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

fn wrong_cycles(config: &MeasureConfig, cycles: u32) -> Option<String> {
    let most = Measure::MOST_CYCLES;
    match config {
        MeasureConfig::PoseRepeatability { .. } if cycles < 3 => Some(format!(
            "leaves {cycles} cycles: of fewer than three, distances from their mean do not scatter"
        )),
        MeasureConfig::PoseRepeatability { .. } | MeasureConfig::PoseAccuracy { .. } if cycles > most => {
            Some(format!("leaves {cycles} cycles, of which at most {most} are taken"))
        }
        _ => None,
    }
}
