//! Figures: value, uncertainty, components; and the reasons why there may be none.

use crate::uncertainty::{Budget, Coverage, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Time};

/// One figure as a measure gives it, in SI units and radians.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureRow {
    /// The pose; empty where the measure has one figure.
    pub label: String,
    /// The figure.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
    /// How many readings, or pairs of events, stand behind it.
    pub n: u64,
    /// When it was reached, of a figure that one instant decides.
    pub at: Option<Time>,
    /// What its uncertainty consists of; empty where nothing is uncertain or nothing is known.
    pub components: Vec<UncertaintyComponent>,
    /// What the instrument alone would give, were the device perfect; `None` where that says nothing.
    pub instrument_alone: Option<f64>,
    /// By how much the instrument's noise may have raised the figure (or lowered it, if negative). The figure is not
    /// corrected for it.
    pub noise_bias: f64,
    /// What else must be said beside it.
    pub note: Option<Note>,
    /// What it was made of, one item a repeat or a station: what a plot of it shows.
    pub repeats: Repeated,
}

/// The repeats behind a figure, where they are few enough to be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeated {
    /// Not kept: the figure is of one reading, or of too many.
    #[default]
    Unknown,
    /// Attained positions in the frame of the readings, m: from their mean, or from where they were commanded to be where
    /// the figure is of that.
    Positions(Vec<[f64; 3]>),
    /// Values in the figure's SI unit, such as the delay of each step.
    Values(Vec<f64>),
    /// Along a path: how far along it each station is, m, and the figure there, of which the row's is the largest.
    Along(Vec<[f64; 2]>),
}

impl Repeated {
    /// The most repeats that are kept for one figure.
    pub const MOST: usize = 256;

    /// Of positions, m; unknown where they are too many.
    #[must_use]
    pub fn positions(positions_m: impl ExactSizeIterator<Item = [f64; 3]>) -> Repeated {
        if (2..=Repeated::MOST).contains(&positions_m.len()) {
            Repeated::Positions(positions_m.collect())
        } else {
            Repeated::Unknown
        }
    }

    /// Of values; unknown where they are too many.
    #[must_use]
    pub fn values(values: &[f64]) -> Repeated {
        let is_shown = (2..=Repeated::MOST).contains(&values.len());
        if is_shown { Repeated::Values(values.to_vec()) } else { Repeated::Unknown }
    }

    /// Of stations along a path. Where they are too many, so many of them that lie evenly are kept.
    #[must_use]
    pub fn along(stations: &[[f64; 2]]) -> Repeated {
        let every = stations.len().div_ceil(Repeated::MOST).max(1);
        Repeated::Along(stations.iter().step_by(every).copied().collect())
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Repeated::Unknown
    }
}

/// What must be said beside a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    /// All its repeats are equal to the bit: nothing that varied reached it.
    AllEqual,
    /// It was measured once: how it scatters is unknown.
    Once,
}

impl Note {
    /// As a sentence.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Note::AllEqual => "all repeats are equal to the bit: nothing that varied reached this figure",
            Note::Once => "measured once: how it scatters is unknown",
        }
    }
}

/// Why a measure has no figure. A requirement that needs it is INVALID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum NoFigure {
    /// A recording that was judged does not hold a signal.
    #[error("the data hold no `{signal}`")]
    NotRecorded {
        /// The signal.
        signal: String,
    },
    /// A twin without the fault is run beside a simulation alone.
    #[error("the device without the fault runs beside a simulation alone, and these are recorded data")]
    OnlySimulated,
    /// Nothing was read in the window.
    #[error("nothing was read in the window")]
    NoReading,
    /// A pose was not read in every cycle.
    #[error("{pose} was read in {have} of {declared} cycles")]
    Incomplete {
        /// The pose.
        pose: String,
        /// Readings that came.
        have: u32,
        /// Readings that the procedure declares.
        declared: u32,
    },
    /// The event that starts the clock did not happen.
    #[error("the event `from` did not happen in the window")]
    NoEvent,
    /// An event `from` was followed by no `to`.
    #[error("{unanswered} of {events} events `from` were not followed by `to`")]
    Unanswered {
        /// How many.
        unanswered: u64,
        /// Of how many.
        events: u64,
    },
    /// The device did not leave the limit band: there is nothing to settle.
    #[error(
        "{inside} of {dwells} motions were never outside the limit band: a narrower `band`, or a longer motion"
    )]
    NeverOutside {
        /// Motions that count.
        dwells: u32,
        /// Of these, those that stayed inside.
        inside: u32,
    },
    /// A force was not read in the hold of every closing.
    #[error(
        "the force was read in {have} of {declared} closings: a gauge stands between the jaws once they have opened wide \
         enough for it, and must be read within `hold`"
    )]
    NotHeld {
        /// Closings in which it was.
        have: u32,
        /// Closings that the procedure declares.
        declared: u32,
    },
    /// Lines that do not cross.
    #[error(
        "all lines ({lines}) are parallel: they meet nowhere, so the tool must be turned between readings"
    )]
    ParallelLines {
        /// How many.
        lines: u64,
    },
    /// A path with too many stations.
    #[error("the path has more than {most} stations: a greater `every`")]
    TooLong {
        /// How many there may be.
        most: u32,
    },
    /// The attained path did not pass all stations.
    #[error(
        "one repeat passes {crossed} of {stations} stations, and misses the one at {} mm of the path: is it too \
         near to an end (`ends`) or a corner (`corners`)?",
        .at_um / 1000
    )]
    NotCrossed {
        /// The first that was missed, as arc length (µm).
        at_um: u64,
        /// Stations that count.
        stations: u32,
        /// Stations that were passed before it.
        crossed: u32,
    },
    /// The commanded path has no corner.
    #[error("the commanded path has no corner")]
    NoCorner,
    /// A statistic needs more repeats than there were.
    #[error("{have} repeats, and this statistic needs {need}")]
    TooFew {
        /// How many there were.
        have: u64,
        /// How many it needs.
        need: u64,
    },
    /// More repeats than a statistic keeps.
    #[error("more than {most} repeats: a percentile keeps each, and no more than these")]
    TooMany {
        /// How many it keeps.
        most: u64,
    },
    /// The commanded signal made no motion that could be measured.
    #[error("`commanded` made no motion in the window: {need}")]
    NoMotion {
        /// What would have been one.
        need: String,
    },
    /// A motion began while the signal had not come to rest from the one before.
    #[error(
        "in {restless} of {events} motions `of` was not at rest when `commanded` began to move: give it a longer rest, or a wider threshold"
    )]
    Restless {
        /// How many.
        restless: u64,
        /// Of how many.
        events: u64,
    },
    /// The signal did not follow every motion.
    #[error("`of` did not follow `commanded` {unanswered} of {events} times")]
    NotFollowed {
        /// How often not.
        unanswered: u64,
        /// Of how many times.
        events: u64,
    },
    /// The correlation is greatest at an end of the bank of delays.
    #[error(
        "the correlation has its peak at {at_ms} ms, an end of the delays that were tried: `longest` is too short, or `of` does not follow `commanded`"
    )]
    PeakAtEnd {
        /// Which end, whole milliseconds.
        at_ms: i64,
    },
    /// The two signals have too little to do with each other at a frequency.
    #[error(
        "at {at} the coherence is {coherence_percent} %, below {least_percent} %: too little of `of` follows `commanded` there"
    )]
    Incoherent {
        /// The frequency.
        at: String,
        /// The coherence, whole per cent.
        coherence_percent: u64,
        /// What it must be.
        least_percent: u64,
    },
    /// Too few segments hold the stimulus at a frequency.
    #[error(
        "at {at} the stimulus stands in {have} segments of the window, and at least {need} are needed: a longer stimulus or shorter segments"
    )]
    NotExcited {
        /// The frequency.
        at: String,
        /// How many, whole.
        have: u64,
        /// How many are needed.
        need: u64,
    },
    /// The gain does not fall by 3 dB within the frequencies asked for.
    #[error("the gain does not fall by 3 dB up to {highest}")]
    NoBandwidth {
        /// The highest frequency asked for.
        highest: String,
    },
    /// Every cycle is equal to the bit: a repeatability would say that nothing varied, not that the device repeats.
    #[error(
        "all {cycles} cycles are equal to the bit: nothing varied, so there is no repeatability to measure"
    )]
    AllEqual {
        /// How many.
        cycles: u32,
    },
}

/// A figure with its expanded uncertainty, ready to be printed and judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// The figure, in SI units and radians.
    pub value: f64,
    /// Expanded uncertainty U, same unit; zero where none is stated.
    pub expanded_u: f64,
    /// Coverage factor of U.
    pub k: f64,
    /// What it measures.
    pub dimension: Dimension,
    /// How many readings stand behind it.
    pub n: u64,
    /// As [`FigureRow::noise_bias`].
    pub noise_bias: f64,
    /// What U consists of.
    pub components: Vec<UncertaintyComponent>,
}

impl FigureRow {
    /// Adds a component that is known from outside the measure; one without weight is left out.
    #[must_use]
    pub fn also(self, component: UncertaintyComponent) -> FigureRow {
        self.with([component])
    }

    /// Expands the uncertainty.
    #[must_use]
    pub fn figure(&self, coverage: Coverage) -> Figure {
        let (expanded_u, k) = Budget(&self.components).expand(coverage);
        Figure {
            value: self.value,
            expanded_u,
            k,
            dimension: self.dimension,
            n: self.n,
            noise_bias: self.noise_bias,
            components: self.components.clone(),
        }
    }

    /// A row of a measure with one figure, nothing known of its uncertainty.
    pub(crate) fn bare(value: f64, dimension: Dimension, n: u64) -> FigureRow {
        FigureRow {
            label: String::new(),
            value,
            dimension,
            n,
            at: None,
            components: Vec::new(),
            instrument_alone: None,
            noise_bias: 0.0,
            note: None,
            repeats: Repeated::Unknown,
        }
    }

    /// Adds components, those without weight left out.
    pub(crate) fn with(mut self, components: impl IntoIterator<Item = UncertaintyComponent>) -> FigureRow {
        self.components.extend(components.into_iter().filter(|c| c.standard_u > 0.0));
        self
    }
}

impl Figure {
    /// The interval in which the quantity may lie: value ± U, wider on the side to which noise of the instrument may
    /// have moved the figure away from it.
    #[must_use]
    pub fn interval(&self) -> (f64, f64) {
        (
            self.value - self.expanded_u - trocar_math::max(self.noise_bias, 0.0),
            self.value + self.expanded_u - trocar_math::min(self.noise_bias, 0.0),
        )
    }
}
