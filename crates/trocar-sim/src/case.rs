//! One case of a scenario, compiled: the model, and everything that observes it.

use crate::model::Model;
use crate::scope::Constant;
use trocar_logic::{Condition, Requirement};
use trocar_measure::{DecisionRule, LimitOwner, Measure, WindowAt};
use trocar_signal::{Dimension, ElementRef, GroupId, Nanos, Rate};

/// Where a measure finds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The group.
    pub group: GroupId,
    /// One number of it; `None` for the whole group.
    pub element: Option<u32>,
}

/// When a measure takes readings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowPlan {
    /// The phase's place; `None` for the whole run.
    pub phase: Option<usize>,
    /// Which readings.
    pub at: WindowAt,
    /// From when on, since the phase (or the run) began.
    pub after: Nanos,
}

/// What a measure is fed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Values of a signal.
    Values(Source),
    /// Values of a signal and of what it is held against.
    Against(Source, Source),
    /// Values of a signal and of the same signal of the twin.
    Twin(Source),
    /// Values of a signal with their stamps, and the ends of dwells.
    Motion(Source),
    /// An event, and values of a signal with their stamps.
    After(GroupId, Source),
    /// Two events.
    Events(GroupId, GroupId),
    /// Whether the plan's condition holds, at each step.
    Condition,
    /// Whether a group may be used, at each step.
    Validity(GroupId),
}

/// A measure with its place in the run.
#[derive(Clone, Debug)]
pub struct MeasurePlan {
    /// Its name in the file.
    pub name: String,
    /// The measure before its first reading.
    pub measure: Measure,
    /// What it is fed with.
    pub feed: Feed,
    /// Of [`Feed::Condition`], the condition.
    pub condition: Option<Condition>,
    /// When.
    pub window: WindowPlan,
    /// The instrument that reads it.
    pub instrument: Option<String>,
    /// Whether what it reads is known to a simulator alone.
    pub uses_truth: bool,
    /// Of each item of a cycle of its phase, its place among the measure's visits; empty where a cycle visits no poses.
    pub visits: Vec<u32>,
    /// Whether a requirement speaks of it.
    pub judged: bool,
    /// Whether it reads orientations, and not positions alone.
    pub oriented: bool,
    /// What it must be told of the course of the test.
    pub marks: Marks,
}

/// What a measure must be told of the course of a test, beside values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// When its phase begins and ends.
    pub phase: bool,
    /// When each repeat of the phase's action begins.
    pub cycles: bool,
    /// When each dwell ends.
    pub readings: bool,
}

/// What is asked of a fault's ledger by name, e.g. `fault.knee_stuck.reaction_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultFigure {
    /// From activation to the first differing output.
    ReachedTime,
    /// From activation to the announcement.
    DetectionTime,
    /// From activation to the device's reaction.
    ReactionTime,
    /// From activation to rest.
    SafeTime,
    /// Largest distance of the tool tip (of robots without one: of a joint) from the twin's until the reaction.
    DeviationUntilReaction,
}

impl FaultFigure {
    /// Every one, with its name in formulas.
    pub const ALL: [(&'static str, FaultFigure); 5] = [
        ("reached_time", FaultFigure::ReachedTime),
        ("detection_time", FaultFigure::DetectionTime),
        ("reaction_time", FaultFigure::ReactionTime),
        ("safe_time", FaultFigure::SafeTime),
        ("deviation_until_reaction", FaultFigure::DeviationUntilReaction),
    ];

    /// What it measures, where deviations are of the dimension given.
    #[must_use]
    pub fn dimension(self, deviation: Dimension) -> Dimension {
        match self {
            FaultFigure::DeviationUntilReaction => deviation,
            _ => Dimension::TIME,
        }
    }
}

/// A declared limit.
#[derive(Clone, Debug, PartialEq)]
pub struct DeclaredLimit {
    /// Its path and value.
    pub constant: Constant,
    /// Whose it is.
    pub owner: LimitOwner,
}

/// A phase in the words of its file, for messages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseSource {
    /// Address of the file.
    pub file: String,
    /// The line of its name.
    pub line: u32,
    /// The commands that it uses, as the method writes them.
    pub commands: Vec<String>,
    /// Whether it goes through poses.
    pub visits_poses: bool,
}

/// A requirement with its place in the file.
#[derive(Clone, Debug)]
pub struct RequirementPlan {
    /// Its identifier.
    pub id: String,
    /// The formula as the method writes it.
    pub text: String,
    /// Why.
    pub why: String,
    /// The file.
    pub file: String,
    /// The formula's line, from 1.
    pub line: u32,
    /// The formula, over measures, ledgers and declared limits.
    pub formula: Requirement,
}

/// How a parameter is drawn anew with each motion.
#[derive(Clone, Debug, PartialEq)]
pub struct MotionVariation {
    /// The parameter's place.
    pub parameter: usize,
    /// Its path, which names its random draws.
    pub path: String,
    /// Value before variation.
    pub nominal: f64,
    /// The law.
    pub law: Law,
}

/// A law of variation, in the parameter's unit, added to its nominal value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    /// Normal with this standard deviation.
    Normal(f64),
    /// Uniform between these.
    Uniform(f64, f64),
}

impl Law {
    /// A value around `nominal` from one random draw.
    #[must_use]
    pub fn value(self, nominal: f64, draw: trocar_math::random::Draw) -> f64 {
        match self {
            Law::Normal(sd) => nominal + sd * draw.normal(),
            Law::Uniform(low, high) => nominal + draw.uniform_in(low, high),
        }
    }
}

/// The groups by which the program tells where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramGroups {
    /// `program.phase`
    pub phase: GroupId,
    /// `program.cycle`
    pub cycle: GroupId,
    /// `program.pose`
    pub pose: GroupId,
    /// `program.motion`
    pub motion: GroupId,
    /// `program.reading`
    pub reading: GroupId,
    /// `program.failure`
    pub failure: GroupId,
}

/// What of a robot shows that a fault moved it.
#[derive(Clone, Debug, PartialEq)]
pub enum Watched {
    /// The position of its tool tip, `truth.tip`.
    Tip(GroupId),
    /// Of a robot without a tip, the positions of joints of one kind in `truth.js`: those that turn, if there are any.
    Joints {
        /// `truth.js`
        group: GroupId,
        /// Their places.
        places: Vec<usize>,
        /// Angle or length.
        dimension: Dimension,
    },
}

impl Watched {
    /// What a distance of it from the twin's measures.
    #[must_use]
    pub fn dimension(&self) -> Dimension {
        match self {
            Watched::Tip(_) => Dimension::LENGTH,
            Watched::Joints { dimension, .. } => *dimension,
        }
    }

    /// The group that it is read from.
    #[must_use]
    pub fn group(&self) -> GroupId {
        match self {
            Watched::Tip(group) | Watched::Joints { group, .. } => *group,
        }
    }
}

/// The groups by which an arm is watched.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmGroups {
    /// Its name in the scene.
    pub instance: String,
    /// What it is and in which role: `arm = psm1: PSM Classic, Large Needle Driver`.
    pub title: String,
    /// What of it is held against the twin's, and must come to rest.
    pub watched: Watched,
    /// `operating_state`
    pub operating_state: GroupId,
    /// The value of `operating_state` that stands for ENABLED.
    pub enabled: f64,
    /// `supervisor.trip`
    pub trip: GroupId,
    /// `error`
    pub error: GroupId,
    /// `ACTUATOR.current_command`
    pub current_commands: Vec<GroupId>,
    /// `stop_behaviour`, of a device that states how it stops.
    pub stop_behaviour: Option<GroupId>,
}

/// The groups of a teleoperation that tell how it is.
#[derive(Clone, Debug)]
pub struct TeleoperationGroups {
    /// Its name in the scenario.
    pub name: String,
    /// `operating_state`
    pub operating_state: GroupId,
    /// The value of `operating_state` that stands for FAULT.
    pub fault: f64,
    /// `error`
    pub error: GroupId,
}

/// A fault as the run's ledger needs it.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPlan {
    /// Its name in the file.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// The target's path.
    pub target: String,
    /// What the target measures.
    pub dimension: Dimension,
    /// Adverse-event codes.
    pub codes: Vec<String>,
    /// A sentence.
    pub sentence: String,
    /// A smaller change of the target tests nothing.
    pub must_change: Option<f64>,
}

/// One case, compiled.
pub struct Case {
    /// Its name; empty where the scenario varies nothing.
    pub name: String,
    /// The model.
    pub model: Model,
    /// Parameters that the set-up, `[vary]` and the draws of this set-up and unit change.
    pub changes: Vec<(usize, f64)>,
    /// Phases by name, in order; one more, `done`, follows.
    pub phases: Vec<String>,
    /// What the file says of each phase.
    pub phase_sources: Vec<PhaseSource>,
    /// Poses by name.
    pub poses: Vec<String>,
    /// The program's groups.
    pub program: ProgramGroups,
    /// What is drawn with each motion.
    pub motion_variation: Vec<MotionVariation>,
    /// Measures.
    pub measures: Vec<MeasurePlan>,
    /// Requirements.
    pub requirements: Vec<RequirementPlan>,
    /// Faults.
    pub faults: Vec<FaultPlan>,
    /// Declared limits.
    pub limits: Vec<DeclaredLimit>,
    /// The constants that conditions of measures read.
    pub constants: Vec<Constant>,
    /// How figures are held against limits.
    pub decision: DecisionRule,
    /// Arms.
    pub arms: Vec<ArmGroups>,
    /// What a deviation from a twin measures: a length where any robot has a tool tip.
    pub deviation: Dimension,
    /// The names of the master handles.
    pub handles: Vec<String>,
    /// The teleoperations.
    pub teleoperations: Vec<TeleoperationGroups>,
    /// Outputs of controllers, supervisors and actuators: where a fault's effect is looked for.
    pub outputs: Vec<GroupId>,
    /// What is recorded.
    pub record: Vec<ElementRef>,
    /// How often.
    pub record_rate: Rate,
    /// Text for reports: what is in each role.
    pub roles: Vec<String>,
}
