//! Measures of how one number follows another over time, which are fed with both at the same instants.

use crate::config::MeasureConfig;
use crate::correlation::Correlation;
use crate::figure::{FigureRow, NoFigure};
use crate::instrument::ReadingUncertainty;
use crate::motion_delay::{FollowingDelay, StartDelay};
use crate::response::Response;
use crate::shape::{InputShape, MeasureShape};
use crate::step_response::StepResponse;
use crate::sweep::{Shown, Sweep};
use crate::tracking::Tracking;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Dimension, Nanos, Problem, Time};

/// One of them in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Pair {
    Start(StartDelay),
    Following(FollowingDelay),
    Correlation(Correlation),
    Response(Response),
    Sweep(Sweep),
    Step(StepResponse),
    Tracking(Tracking),
}

/// Readings that are kept of a time if nothing says how often the signal is read at most.
const READINGS_UNKNOWN: usize = 4096;

/// What a configuration is told of its two numbers.
struct Numbers {
    of: Dimension,
    commanded: Dimension,
    ranges: [Option<f64>; 2],
    problems: Vec<Problem>,
}

impl Numbers {
    /// A quantity of a number, over time if it is a slope; percentages are of the joint's range. Positive.
    fn positive(&mut self, key: &str, quantity: AnyQuantity, of_commanded: bool, over: Dimension) -> f64 {
        let dimension = if of_commanded { self.commanded } else { self.of };
        let meant = dimension.over(over);
        let range = self.ranges[usize::from(of_commanded)];
        let value = match range {
            _ if quantity.dimension == meant => quantity.si,
            Some(range) if quantity.dimension == Dimension::NUMBER.over(over) => quantity.si * range,
            _ => {
                let or = if range.is_some() { " or a percentage of the joint's range" } else { "" };
                let what = format!("{meant}{or} is meant here, and this is {}", quantity.dimension);
                self.problems.push(Problem::new(key, what));
                return 1.0;
            }
        };
        if value <= 0.0 {
            self.problems.push(Problem::new(key, "must be greater than zero"));
            return 1.0;
        }
        value
    }

    /// Of `of` and `commanded`, which without a quantity of its own has that of `of`.
    fn both(
        &mut self,
        keys: [&str; 2],
        of: AnyQuantity,
        commanded: Option<AnyQuantity>,
        over: Dimension,
    ) -> [f64; 2] {
        let own = self.positive(keys[0], of, false, over);
        let other = match commanded {
            Some(quantity) => self.positive(keys[1], quantity, true, over),
            None if self.of == self.commanded => own,
            None => {
                let what =
                    format!("`commanded` is {} and `of` is {}: each needs its own", self.commanded, self.of);
                self.problems.push(Problem::new(keys[1], what));
                own
            }
        };
        [own, other]
    }

    fn alike(&mut self) {
        if self.of != self.commanded {
            let what = format!("`of` is {} and this is {}: they cannot be compared", self.of, self.commanded);
            self.problems.push(Problem::new("commanded", what));
        }
    }
}

/// The measure with what its figures measure.
pub fn pair(config: &MeasureConfig, shape: &MeasureShape) -> Result<(Dimension, Pair), Vec<Problem>> {
    let number = |key: &str, input: Option<&InputShape>| match input {
        Some(InputShape::Number(dimension)) => Ok(*dimension),
        other => {
            let is = other.map_or("missing", InputShape::name);
            let what = format!("`{}` takes one number, and this is {is}", config.kind());
            Err(vec![Problem::new(key, what)])
        }
    };
    let of = number("of", Some(&shape.input))?;
    let commanded = number("commanded", shape.reference.as_ref())?;
    let mut numbers = Numbers { of, commanded, ranges: shape.joint_ranges, problems: Vec::new() };
    let nanos = |duration: Duration| Nanos::from_seconds(duration.si()).unwrap_or(Nanos::ZERO);
    let room = |duration: Duration| match shape.interval.unwrap_or(shape.step) {
        Nanos::ZERO => READINGS_UNKNOWN,
        step => {
            let kept_s = trocar_math::min(duration.si(), MeasureConfig::LONGEST_KEPT_S);
            (kept_s / step.seconds()).ceil() as usize + 2
        }
    };
    let position = Dimension::NUMBER;
    let noise_sd = shape.instrument.reading().map_or(0.0, ReadingUncertainty::scatter_sd);
    let made = match config {
        MeasureConfig::StartDelay { threshold, commanded_threshold, rest, statistic, .. } => {
            let keys = ["threshold", "commanded_threshold"];
            let thresholds = numbers.both(keys, *threshold, *commanded_threshold, position);
            (Dimension::TIME, Pair::Start(StartDelay::of_positions(thresholds, nanos(*rest), *statistic)))
        }
        MeasureConfig::SlopeChangeDelay { average, slope, commanded_slope, rest, statistic, .. } => {
            let keys = ["slope", "commanded_slope"];
            let slopes = numbers.both(keys, *slope, *commanded_slope, Dimension::TIME);
            let (width, room, rest) = (nanos(*average), room(*average), nanos(*rest));
            (Dimension::TIME, Pair::Start(StartDelay::of_slopes(slopes, width, room, rest, *statistic)))
        }
        MeasureConfig::FollowingDelay { targets, scale, rest, statistic, .. } => {
            numbers.alike();
            let targets = targets.iter().enumerate();
            let targets: Vec<f64> = targets
                .map(|(i, target)| numbers.positive(&format!("targets[{i}]"), *target, true, position))
                .collect();
            if targets.is_empty() {
                numbers.problems.push(Problem::new("targets", "name at least one way"));
            }
            (Dimension::TIME, Pair::Following(FollowingDelay::new(targets, *scale, nanos(*rest), *statistic)))
        }
        MeasureConfig::CorrelationDelay { longest, statistic, .. } => {
            let correlation = Correlation::new(nanos(*longest), room(*longest), *statistic);
            (Dimension::TIME, Pair::Correlation(correlation))
        }
        MeasureConfig::FrequencyResponse { statistic, at, least_coherence, .. } => {
            let at = at.iter().map(|f| f.si()).collect();
            let length = nanos(Duration::from_si(config.segment_s()));
            let response = Response::new(*statistic, of.over(commanded), at, length, least_coherence.si);
            (response.dimension(), Pair::Response(response))
        }
        MeasureConfig::Hysteresis { statistic, .. } => {
            let dimension = match statistic {
                crate::HysteresisStatistic::Width => of,
                crate::HysteresisStatistic::Relative => Dimension::NUMBER,
            };
            (dimension, Pair::Sweep(Sweep::new(Shown::Hysteresis(*statistic), noise_sd)))
        }
        MeasureConfig::Scaling { scale, statistic, .. } => {
            numbers.alike();
            (Dimension::NUMBER, Pair::Sweep(Sweep::new(Shown::Scaling(*statistic, *scale), noise_sd)))
        }
        MeasureConfig::TrackingError { statistic, .. } => {
            numbers.alike();
            (of, Pair::Tracking(Tracking::new(*statistic)))
        }
        MeasureConfig::StepResponse { statistic, over, .. } => {
            numbers.alike();
            let step = StepResponse::new(*statistic, nanos(*over));
            (if step.is_rise() { Dimension::TIME } else { of }, Pair::Step(step))
        }
        _ => return Err(vec![Problem::new("kind", "this measure does not read two numbers")]),
    };
    if numbers.problems.is_empty() { Ok(made) } else { Err(numbers.problems) }
}

impl Pair {
    /// `counts`: whether the repeat is not skipped.
    pub fn push(&mut self, at: Time, cycle: u32, counts: bool, of: f64, commanded: f64) {
        match self {
            // Rest and the last values are of skipped repeats too.
            Pair::Start(state) => state.push(at, counts, of, commanded),
            Pair::Following(state) => state.push(at, counts, of, commanded),
            Pair::Step(state) => state.push(at, counts, of, commanded),
            _ if !counts => {}
            Pair::Correlation(state) => state.push(at, cycle, of, commanded),
            Pair::Response(state) => state.push(at, of, commanded),
            Pair::Sweep(state) => state.push(at, cycle, of, commanded),
            Pair::Tracking(state) => state.push(at, cycle, of, commanded),
        }
    }

    /// How many figures it has.
    pub fn row_count(&self) -> usize {
        if let Pair::Response(state) = self { state.row_count() } else { 1 }
    }

    pub fn rows(
        &self,
        dimension: Dimension,
        instrument: Option<&ReadingUncertainty>,
    ) -> Result<Vec<FigureRow>, NoFigure> {
        let row = match self {
            Pair::Start(state) => state.row(instrument),
            Pair::Following(state) => state.row(instrument),
            Pair::Correlation(state) => state.row(),
            Pair::Sweep(state) => state.row(dimension, instrument),
            Pair::Step(state) => state.row(dimension, instrument),
            Pair::Tracking(state) => state.row(dimension, instrument),
            Pair::Response(state) => return state.rows(),
        };
        row.map(|row| vec![row])
    }
}
