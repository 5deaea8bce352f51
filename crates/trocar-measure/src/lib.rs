//! Figures: what a test method measures, how well it is known, and what is decided from it.
//!
//! A [`Measure`] takes readings one at a time and holds no run: a few numbers, or the attained positions of the
//! declared cycles at each pose. [`Measure::finish`] gives one [`FigureRow`] per pose (or one in all) with the
//! components of its uncertainty, or a [`NoFigure`] that says why there is none. [`FigureRow::figure`] expands the
//! uncertainty, [`decide`] holds the figure against a limit, [`FigureFormat`] prints it.
//!
//! ```
//! use trocar_measure::*;
//! use trocar_signal::{Dimension, Time};
//!
//! let config = MeasureConfig::Maximum { of: "tracker.depth".into(), window: Window::default() };
//! let reading = ReadingUncertainty { expanded: 20e-6, ..ReadingUncertainty::default() };
//! let shape = MeasureShape::new(InputShape::Number(Dimension::LENGTH)).read_by(Instrument::Reading(reading));
//! let mut measure = Measure::new(&config, &shape).expect("fits");
//! for (ms, depth_m) in [(0, 1.0e-3), (1, 1.25e-3), (2, 1.1e-3)] {
//!     measure.sample(Time(ms * 1_000_000), SampleLabel::default(), Reading::Values(&[depth_m])).expect("a number");
//! }
//! let row = &measure.finish().expect("three readings")[0];
//! let figure = row.figure(Coverage::default());
//! assert_eq!(FigureFormat::of(&figure).figure(&figure), "1.250 ± 0.020 mm");
//! ```

mod attained;
mod bins;
pub mod config;
mod correlation;
pub mod decision;
mod delay;
mod distance;
mod drift;
pub mod figure;
pub mod format;
mod geometry;
mod grip;
pub mod instrument;
mod localisation;
pub mod measure;
mod motion_delay;
pub mod noise;
mod orientation;
mod pair;
mod path;
mod position;
mod problems;
mod remote_centre;
mod repeats;
mod response;
mod rest;
mod running;
mod sampling;
mod settling;
pub mod shape;
pub mod statistic;
mod step_response;
mod stopping;
mod sweep;
mod tracking;
pub mod uncertainty;
mod visits;
mod window;

pub use config::{MeasureConfig, Window, WindowAt};
pub use decision::{
    Comparison, Decision, DecisionError, DecisionRule, EXIT_BAD_FILE, Limit, LimitOwner, Verdict,
    WouldDecide, decide, decide_every, exit_code,
};
pub use figure::{Figure, FigureRow, NoFigure, Note, Repeated};
pub use format::{DisplayUnit, FigureFormat, format_figure};
pub use instrument::{Instrument, ReadingUncertainty, RecorderUncertainty};
pub use measure::{Measure, SampleError};
pub use shape::{InputShape, MeasureShape, Reading, SampleLabel, Visit};
pub use statistic::{
    CornerStatistic, DelayStatistic, DriftStatistic, ForceStatistic, HysteresisStatistic, LineStatistic,
    LocalisationStatistic, RepeatStatistic, ResponseStatistic, ScalingStatistic, SpeedStatistic,
    StepStatistic, StopStatistic, TrackingStatistic,
};
pub use uncertainty::{Budget, ComponentName, Coverage, EvaluationType, UncertaintyComponent};
