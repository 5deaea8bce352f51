//! What a measure is told about its signals before the run, and how readings reach it.

use crate::instrument::Instrument;
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Element, GroupKind, GroupSpec, Nanos};

/// What a signal is, as far as measures care.
#[derive(Clone, Debug, PartialEq)]
pub enum InputShape {
    /// One number.
    Number(Dimension),
    /// A position (m): the three values of a point.
    Position {
        /// The frame in which it is expressed.
        frame: Option<String>,
        /// The point of which it is the position.
        point: Option<String>,
    },
    /// A position (m) and an orientation (quaternion x, y, z, w).
    Pose {
        /// The frame in which both are expressed.
        frame: Option<String>,
        /// The point of which they are.
        point: Option<String>,
    },
    /// Several numbers of one unit.
    Alike {
        /// Their unit.
        dimension: Dimension,
        /// How many.
        count: usize,
    },
    /// Something that happens.
    Event,
    /// Something that no measure takes as a whole.
    Other,
}

impl InputShape {
    /// Of a whole group.
    #[must_use]
    pub fn of_group(spec: &GroupSpec) -> InputShape {
        match (&spec.kind, spec.elements.as_slice()) {
            (GroupKind::Event, _) => InputShape::Event,
            (GroupKind::Point, _) => {
                InputShape::Position { frame: spec.frame.clone(), point: spec.point.clone() }
            }
            (GroupKind::Pose, _) => InputShape::Pose { frame: spec.frame.clone(), point: spec.point.clone() },
            (GroupKind::Scalar | GroupKind::Vector, [only]) => InputShape::of_element(only),
            (GroupKind::Vector, [first, rest @ ..])
                if rest.iter().all(|element| element.dimension == first.dimension) =>
            {
                InputShape::Alike { dimension: first.dimension, count: rest.len() + 1 }
            }
            _ => InputShape::Other,
        }
    }

    /// Of one element of a group.
    #[must_use]
    pub fn of_element(element: &Element) -> InputShape {
        InputShape::Number(element.dimension)
    }

    /// What a person calls it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            InputShape::Number(_) => "a number",
            InputShape::Position { .. } => "a position",
            InputShape::Pose { .. } => "a pose",
            InputShape::Alike { .. } => "several numbers of one unit",
            InputShape::Event => "an event",
            InputShape::Other => "numbers of several units",
        }
    }
}

/// What a measure is told before the run.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureShape {
    /// The signal at `of` (of a delay, `from`).
    pub input: InputShape,
    /// The signal at `commanded` or `to`.
    pub reference: Option<InputShape>,
    /// What a cycle of the phase visits, in the order of [`SampleLabel::visit`]; empty where it visits no poses.
    pub visits: Vec<Visit>,
    /// How often the phase repeats, those that are skipped included.
    pub repeats: u32,
    /// What reads the signal.
    pub instrument: Instrument,
    /// Where the remote centre is declared, in the frame of the signal (m).
    pub port_m: Option<[f64; 3]>,
    /// The step to which instants of events are bound; zero where they are interpolated inside the step. No signal is
    /// read more often.
    pub step: Nanos,
    /// The shortest time between two readings, where it is not the step.
    pub interval: Option<Nanos>,
    /// From the lower to the upper limit of the joint whose position is at `of`, and at `commanded`: what percentages
    /// are of.
    pub joint_ranges: [Option<f64>; 2],
}

impl MeasureShape {
    /// A phase that runs once, without poses, read by no instrument.
    #[must_use]
    pub fn new(input: InputShape) -> MeasureShape {
        MeasureShape {
            input,
            reference: None,
            visits: Vec::new(),
            repeats: 1,
            instrument: Instrument::None,
            port_m: None,
            step: Nanos::ZERO,
            interval: None,
            joint_ranges: [None; 2],
        }
    }

    /// Sets the signal at `commanded` or `to`.
    #[must_use]
    pub fn against(mut self, reference: InputShape) -> MeasureShape {
        self.reference = Some(reference);
        self
    }

    /// Sets the poses that a cycle of the phase visits, in their order, and how often it repeats.
    #[must_use]
    pub fn cycles(self, poses: &[&str], repeats: u32) -> MeasureShape {
        self.visiting(Visit::cycle(poses), repeats)
    }

    /// Sets the visits of a cycle, in any order, and how often the phase repeats.
    #[must_use]
    pub fn visiting(mut self, visits: Vec<Visit>, repeats: u32) -> MeasureShape {
        self.visits = visits;
        self.repeats = repeats;
        self
    }

    /// Sets what reads the signal.
    #[must_use]
    pub fn read_by(mut self, instrument: Instrument) -> MeasureShape {
        self.instrument = instrument;
        self
    }

    /// Sets where the remote centre is declared.
    #[must_use]
    pub fn with_port(mut self, port_m: Option<[f64; 3]>) -> MeasureShape {
        self.port_m = port_m;
        self
    }

    /// Sets the ranges of the joints at `of` and `commanded`.
    #[must_use]
    pub fn of_joints(mut self, ranges: [Option<f64>; 2]) -> MeasureShape {
        self.joint_ranges = ranges;
        self
    }

    /// Sets the shortest time between two readings.
    #[must_use]
    pub fn read_every(mut self, interval: Nanos) -> MeasureShape {
        self.interval = Some(interval);
        self
    }

    /// Sets the step to which instants are bound.
    #[must_use]
    pub fn stepped(mut self, step: Nanos) -> MeasureShape {
        self.step = step;
        self
    }
}

/// A pose that a cycle visits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The pose.
    pub pose: String,
    /// The pose before it: the side from which it is reached. That of the first is the last of the cycle before.
    pub from: String,
    /// Its place in the cycle.
    pub item: usize,
}

impl Visit {
    /// The visits of a cycle through these poses.
    #[must_use]
    pub fn cycle(poses: &[&str]) -> Vec<Visit> {
        let before = poses.iter().cycle().skip(poses.len().saturating_sub(1));
        let visit = |(item, (pose, from)): (usize, (&&str, &&str))| Visit {
            pose: (*pose).to_owned(),
            from: (*from).to_owned(),
            item,
        };
        poses.iter().zip(before).enumerate().map(visit).collect()
    }
}

/// Where in the procedure a reading belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SampleLabel {
    /// Which repeat of the phase, from 0, those that are skipped included.
    pub cycle: u32,
    /// Which visit of the cycle, as its place in [`MeasureShape::visits`]. Measures without poses do not look at it.
    pub visit: u32,
}

/// One reading. Values are in SI units and radians; a reading that is marked invalid is not given to a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reading<'a> {
    /// The values of the signal, for all measures of one signal. Of a position the first three count.
    Values(&'a [f64]),
    /// The values of the signal with those of what it is held against at the same instant: the commanded position,
    /// or the twin.
    Pair {
        /// The signal's.
        values: &'a [f64],
        /// The commanded position's or the twin's.
        reference: &'a [f64],
    },
    /// The event `from` has happened. Of two events at one instant, `from` is given first.
    From,
    /// The event `to` has happened.
    To,
    /// A dwell has ended: of measures that look at how it was reached.
    DwellEnd,
}
