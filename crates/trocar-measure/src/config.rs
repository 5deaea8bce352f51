//! Measures as they stand in a file: `[measures.NAME]`.

use crate::statistic::{
    CornerStatistic, DelayStatistic, DriftStatistic, ForceStatistic, HysteresisStatistic, LineStatistic,
    LocalisationStatistic, RepeatStatistic, ResponseStatistic, ScalingStatistic, SpeedStatistic,
    StepStatistic, StopStatistic, TrackingStatistic,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Duration, Frequency, Length};
use trocar_signal::{AnyQuantity, Dimension};

/// One measure: what is computed, from which signal, over which part of the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum MeasureConfig {
    /// Position repeatability RP_l at each pose: with l the distance of an attained position from the mean of all,
    /// mean(l) + 3 standard deviations of l (ISO 9283:1998, 7.2.2).
    PoseRepeatability {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Position accuracy AP_p at each pose: the distance of the mean attained position from the commanded one
    /// (ISO 9283:1998, 7.2.1).
    PoseAccuracy {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Orientation repeatability RP_a, RP_b, RP_c at each pose, one row for each axis of its frame: three standard
    /// deviations of the angle from the mean attained orientation (ISO 9283:1998, 7.2.2).
    OrientationRepeatability {
        /// A pose, as an instrument gives it.
        of: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Orientation accuracy AP_a, AP_b, AP_c at each pose, one row for each axis of its frame: the mean angle, with its
    /// sign, from the commanded orientation to the attained one (ISO 9283:1998, 7.2.1).
    OrientationAccuracy {
        /// A pose, as an instrument gives it.
        of: String,
        /// A pose with the orientation that was commanded, of the same point in the same frame.
        commanded: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Multi-directional position accuracy variation vAP_p: at each pose that the phase reaches from several others, the
    /// largest distance between the mean positions attained from each (ISO 9283:1998, 7.2.3). The pose before a pose in
    /// `through` is the side from which it is reached: `through = ["left", "P1", "above", "P1"]` reaches P1 from two.
    MultidirectionalVariation {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Multi-directional orientation accuracy variation vAP_a, vAP_b, vAP_c: at each pose that the phase reaches from
    /// several others, one row for each axis of its frame: the largest difference between the mean angles attained from each
    /// (ISO 9283:1998, 7.2.3).
    OrientationVariation {
        /// A pose, as an instrument gives it.
        of: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Distance accuracy AD_p: the mean, with its sign, of attained minus commanded distance of two poses of one cycle
    /// (ISO 9283:1998, 7.3).
    DistanceAccuracy {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// The pairs of poses, one row for each, e.g. `[["P2", "P4"]]`; without it, each pose and the next one of the
        /// cycle.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        between: Vec<[String; 2]>,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Distance repeatability RD: three standard deviations of the distance of two poses of one cycle (ISO 9283:1998,
    /// 7.3).
    DistanceRepeatability {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// The pairs of poses, one row for each, e.g. `[["P2", "P4"]]`; without it, each pose and the next one of the
        /// cycle.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        between: Vec<[String; 2]>,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Drift at each pose: the largest difference of position accuracy (dAP) or repeatability (dRP) between the first
    /// cycles of the phase and later ones (ISO 9283:1998, 7.6).
    Drift {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame; for the drift of
        /// accuracy alone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commanded: Option<String>,
        /// What drifts.
        statistic: DriftStatistic,
        /// How many cycles make one figure: the first so many are held against each so many of the rest.
        block: u32,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Static localisation of points (the two figures of ASTM F2554; the formulas are ours): the length of the mean
    /// error over all poses, or the root mean square distance of the errors from it.
    Localisation {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// Which of the two.
        statistic: LocalisationStatistic,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// The share of poses that were reached: 100 % where each dwell ended within a distance of what was asked for. With
    /// `refusals = "allowed"` in the phase, a pose outside the workspace counts as not reached.
    Reached {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// What was asked for, e.g. `arm.move_cp`: of the same point in the same frame.
        commanded: String,
        /// How near counts.
        within: Length,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Static droop at each pose: by how much a joint that is held stands off what it is commanded to, the mean with its
    /// sign. Gravity, a load and friction make it where nothing integrates the error away.
    Droop {
        /// One number, e.g. what a gauge reads of a joint.
        of: String,
        /// One number of the same unit that was commanded.
        commanded: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Repeatability of a joint at each posture: three standard deviations of the readings of one number there, as RP_a of ISO
    /// 9283:1998, 7.2.2 is of an angle.
    JointRepeatability {
        /// One number, e.g. what a goniometer reads of a joint.
        of: String,
        /// Which part of the run counts; `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Stabilisation time at each pose: from when the device first comes into the limit band about the attained position
    /// until it stays inside (ISO 9283:1998, 7.4).
    StabilisationTime {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// The limit band: how near to the attained position counts as there. The maker states it, or the accuracy that the
        /// work asks for.
        band: Length,
        /// The last part of each dwell, whose mean is the attained position.
        #[serde(default = "tenth_of_a_second", skip_serializing_if = "is_tenth_of_a_second")]
        settled: Duration,
        /// What is made of the repeats.
        #[serde(default)]
        statistic: RepeatStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Overshoot at each pose: the largest distance from the attained position after the device has been inside the limit
    /// band; zero if it does not leave it again (ISO 9283:1998, 7.5).
    Overshoot {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// The limit band: how near to the attained position counts as there. The maker states it, or the accuracy that the
        /// work asks for.
        band: Length,
        /// The last part of each dwell, whose mean is the attained position.
        #[serde(default = "tenth_of_a_second", skip_serializing_if = "is_tenth_of_a_second")]
        settled: Duration,
        /// What is made of the repeats.
        #[serde(default)]
        statistic: RepeatStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Path accuracy AT_p: over stations along the commanded path, the largest distance of the mean attained path from the
    /// commanded one, in the plane across it (ISO 9283:1998, 8.2).
    PathAccuracy {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// From one station to the next along the commanded path.
        every: Length,
        /// No station is nearer than this to an end of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        ends: Length,
        /// No station is nearer than this to a corner of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        corners: Length,
        /// Which part of the run counts: the repeats of one phase. `skip` is one or more: the last repeat that is left out
        /// lays the stations.
        #[serde(default)]
        window: Window,
    },
    /// Path repeatability RT_p: over stations along the commanded path, the largest repeatability (as RP_l) of the attained
    /// paths in the plane across it (ISO 9283:1998, 8.3).
    PathRepeatability {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// From one station to the next along the commanded path.
        every: Length,
        /// No station is nearer than this to an end of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        ends: Length,
        /// No station is nearer than this to a corner of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        corners: Length,
        /// Which part of the run counts: the repeats of one phase. `skip` is one or more: the last repeat that is left out
        /// lays the stations.
        #[serde(default)]
        window: Window,
    },
    /// Path orientation accuracy AT_a, AT_b, AT_c, one row for each axis of the frame: over stations along the commanded
    /// path, the largest angle between the mean attained orientation and the commanded one (ISO 9283:1998, 8.2).
    PathOrientationAccuracy {
        /// A pose, as an instrument gives it.
        of: String,
        /// A pose with the orientation that was commanded, of the same point in the same frame.
        commanded: String,
        /// From one station to the next along the commanded path.
        every: Length,
        /// No station is nearer than this to an end of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        ends: Length,
        /// No station is nearer than this to a corner of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        corners: Length,
        /// Which part of the run counts: the repeats of one phase. `skip` is one or more: the last repeat that is left out
        /// lays the stations.
        #[serde(default)]
        window: Window,
    },
    /// Path orientation repeatability RT_a, RT_b, RT_c, one row for each axis of the frame: over stations along the commanded
    /// path, the largest three standard deviations of the attained angle (ISO 9283:1998, 8.3).
    PathOrientationRepeatability {
        /// A pose, as an instrument gives it.
        of: String,
        /// A pose with the orientation that was commanded, of the same point in the same frame.
        commanded: String,
        /// From one station to the next along the commanded path.
        every: Length,
        /// No station is nearer than this to an end of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        ends: Length,
        /// No station is nearer than this to a corner of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        corners: Length,
        /// Which part of the run counts: the repeats of one phase. `skip` is one or more: the last repeat that is left out
        /// lays the stations.
        #[serde(default)]
        window: Window,
    },
    /// Path velocity: accuracy AV (mean speed less the commanded one, as a share of it), repeatability RV (three standard
    /// deviations of the mean speed, as a share of the commanded one) or fluctuation FV (the largest difference of speeds in
    /// one repeat), from the times at stations along the path (ISO 9283:1998, 8.6).
    PathVelocity {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// Which of the three.
        statistic: SpeedStatistic,
        /// From one station to the next along the commanded path.
        every: Length,
        /// No station is nearer than this to an end of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        ends: Length,
        /// No station is nearer than this to a corner of the path.
        #[serde(default = "no_length", skip_serializing_if = "is_no_length")]
        corners: Length,
        /// Which part of the run counts: the repeats of one phase. `skip` is one or more: the last repeat that is left out
        /// lays the stations.
        #[serde(default)]
        window: Window,
    },
    /// Cornering: by how much the attained path cuts a corner of the commanded one (CR, its least distance from the
    /// corner), or how far it goes beyond (CO); the mean over repeats, at the worst corner (ISO 9283:1998, 8.5).
    Cornering {
        /// A point or pose, as an instrument gives it.
        of: String,
        /// A point or pose with the position that was commanded, of the same point in the same frame.
        commanded: String,
        /// Which of the two.
        statistic: CornerStatistic,
        /// Which part of the run counts: the repeats of one phase. `skip` is one or more: the last repeat that is left out
        /// lays the stations.
        #[serde(default)]
        window: Window,
    },
    /// Remote-centre error: how far the axis of the tool passes from the point about which it pivots: from the point nearest
    /// to all its positions, or with `port` from where the device declares it.
    RemoteCentreError {
        /// A pose on the shaft of the tool, whose z points along it, e.g. `tracker.shaft`.
        of: String,
        /// The declared point, e.g. `arm.remote_centre`; without it, the point nearest to all axes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        port: Option<String>,
        /// What is made of the distances.
        statistic: LineStatistic,
        /// Which part of the run counts. For `max` without a port, `at` must be `dwell_end`.
        #[serde(default)]
        window: Window,
    },
    /// Stop time: from an event until the device has moved on for the last time.
    StopTime {
        /// A point or pose, or one number of a joint, as an instrument gives it.
        of: String,
        /// The event that asks for the stop; the first in the window counts.
        from: String,
        /// It has moved on when it is further than this from where it was when it last had.
        at_rest: AnyQuantity,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Stop displacement: how far the device is from where it was at an event, at the most or at the end of the window.
    StopDisplacement {
        /// A point or pose, or one number of a joint, as an instrument gives it.
        of: String,
        /// The event that asks for the stop; the first in the window counts.
        from: String,
        /// Which of the two.
        statistic: StopStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Grip force: the force with which a jaw holds, over repeated closings on a gauge. That of one closing is the mean over
    /// the last part of its dwell.
    GripForce {
        /// The force, as a gauge between the jaws reads it, e.g. `gauge.force`.
        of: String,
        /// The posture of the phase at which the jaw holds, where the phase moves through several.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        posture: Option<String>,
        /// The last part of each dwell over which the force is averaged.
        #[serde(default = "tenth_of_a_second", skip_serializing_if = "is_tenth_of_a_second")]
        hold: Duration,
        /// What is made of the closings.
        #[serde(default)]
        statistic: ForceStatistic,
        /// Which part of the run counts: the closings of one phase; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Time from one event to the next of another. Every `from` must be answered by a `to` before the next `from`
    /// and before the window ends.
    Delay {
        /// The event that starts the clock.
        from: String,
        /// The event that stops it.
        to: String,
        /// What is made of the repeats.
        #[serde(default)]
        statistic: DelayStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Start delay: at each motion, from when `commanded` has left its rest to when `of` has left its own
    /// (CN115475013A). The thresholds are part of what is measured.
    StartDelay {
        /// One number, e.g. what a gauge reads of a joint.
        of: String,
        /// One number that it follows, read at the same instants.
        commanded: String,
        /// How far `of` must be from where it rested; of a joint also as a percentage of its range.
        threshold: AnyQuantity,
        /// How far `commanded` must be from where it rested; without it, as far as `of`.
        #[serde(default)]
        commanded_threshold: Option<AnyQuantity>,
        /// How long both must have stayed within their thresholds before a motion: at least four times as long as the
        /// slowest motion takes to its threshold.
        #[serde(default = "rest")]
        rest: Duration,
        /// What is made of the motions.
        #[serde(default)]
        statistic: DelayStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Following delay: from when `commanded` is a given way from where a motion began to when `of` is (CN115475013A).
    FollowingDelay {
        /// One number.
        of: String,
        /// One number of the same unit that it follows, read at the same instants.
        commanded: String,
        /// The ways of `commanded` from where it rested, in either sense; of a joint also as percentages of its range.
        #[schemars(length(min = 1, max = 64))]
        targets: Vec<AnyQuantity>,
        /// How far `of` goes for each unit of `commanded`.
        #[serde(default = "one")]
        scale: f64,
        /// How long both must have rested before a motion.
        #[serde(default = "rest")]
        rest: Duration,
        /// What is made of all passages of targets.
        #[serde(default)]
        statistic: DelayStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Slope-change delay: at each motion, from the break of slope of `commanded` to that of `of`, both after a moving
    /// average.
    SlopeChangeDelay {
        /// One number.
        of: String,
        /// One number that it follows, read at the same instants.
        commanded: String,
        /// The width of the moving average.
        average: Duration,
        /// The slope of the averaged `of` from which on it moves; of a joint also as a percentage of its range each second.
        slope: AnyQuantity,
        /// The slope of the averaged `commanded` from which on it moves; without it, that of `of`.
        #[serde(default)]
        commanded_slope: Option<AnyQuantity>,
        /// How long both must have rested before a motion.
        #[serde(default = "rest")]
        rest: Duration,
        /// What is made of the motions.
        #[serde(default)]
        statistic: DelayStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Correlation delay: in each repeat of the phase, the delay at which the velocities of the two signals correlate most.
    CorrelationDelay {
        /// One number.
        of: String,
        /// One number that it follows, read at the same instants.
        commanded: String,
        /// The longest delay that is tried; a quarter of it is tried below zero.
        longest: Duration,
        /// What is made of the repeats.
        #[serde(default)]
        statistic: DelayStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Frequency response of `of` to `commanded` by Welch's method, from noise or chirps.
    FrequencyResponse {
        /// One number.
        of: String,
        /// One number that it follows, read at the same instants.
        commanded: String,
        /// What is computed.
        #[serde(default)]
        statistic: ResponseStatistic,
        /// The frequencies, rising; a row for each, except of `bandwidth`.
        #[schemars(length(min = 1, max = 64))]
        at: Vec<Frequency>,
        /// The length of the segments that are averaged; they overlap by half. Without it, four periods of the lowest
        /// frequency.
        #[serde(default)]
        segment: Option<Duration>,
        /// Below this coherence there is no figure.
        #[serde(default = "coherence")]
        least_coherence: AnyQuantity,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Hysteresis: in each repeat of the phase, a slow sweep there and back, the largest gap of `of` between the two
    /// directions at equal `commanded`.
    Hysteresis {
        /// One number.
        of: String,
        /// One number that it follows, read at the same instants.
        commanded: String,
        /// What is computed.
        #[serde(default)]
        statistic: HysteresisStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Motion scaling: in each repeat of the phase, a sweep, the slope of `of` against `commanded` by least squares.
    Scaling {
        /// One number.
        of: String,
        /// One number of the same unit that it follows, read at the same instants.
        commanded: String,
        /// The declared scale: how far `of` goes for each unit of `commanded`.
        #[serde(default = "one")]
        scale: f64,
        /// What is computed.
        #[serde(default)]
        statistic: ScalingStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Tracking error: by how much `of` is off `commanded` at the same instants, over all repeats of the phase.
    TrackingError {
        /// One number, e.g. what a goniometer reads of a joint.
        of: String,
        /// One number of the same unit that it should equal.
        commanded: String,
        /// What is made of the differences.
        #[serde(default)]
        statistic: TrackingStatistic,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Answer to jumps of `commanded`.
    StepResponse {
        /// One number.
        of: String,
        /// One number of the same unit that it follows, read at the same instants.
        commanded: String,
        /// What is computed.
        #[serde(default)]
        statistic: StepStatistic,
        /// Of a steady error, the time at the end of each step over which it is averaged.
        #[serde(default = "rest")]
        over: Duration,
        /// Which part of the run counts; `at` stays `throughout`.
        #[serde(default)]
        window: Window,
    },
    /// Largest absolute value.
    Peak {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Largest value.
    Maximum {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Smallest value.
    Minimum {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Mean of the readings, each with the same weight.
    Mean {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Last value.
    Final {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Largest value minus smallest.
    Range {
        /// One number.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Share of the time for which a condition held: 100 % where it held throughout. While a value that decides may not be
    /// used, it does not hold.
    Share {
        /// The condition, e.g. `arm.operating_state == ENABLED`.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Share of the time for which a signal was marked as one that may be used.
    Validity {
        /// A signal.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// How often an event came, e.g. `arm.error_event`: a command was refused.
    Count {
        /// An event.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
    /// Largest distance between the run and its twin without the fault: Euclidean between positions, absolute between
    /// numbers.
    DeviationFromTwin {
        /// A point, a pose (its position counts), a number, or a group of numbers of one unit.
        of: String,
        /// Which part of the run counts.
        #[serde(default)]
        window: Window,
    },
}

fn no_length() -> Length {
    Length::from_si(0.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_no_length(length: &Length) -> bool {
    length.si() == 0.0
}

fn tenth_of_a_second() -> Duration {
    Duration::from_si(0.1)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_tenth_of_a_second(duration: &Duration) -> bool {
    duration.si() == 0.1
}

/// Which part of a run a measure reads.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Name of the phase; absent: the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Which readings of the phase.
    #[serde(default)]
    pub at: WindowAt,
    /// Time from the beginning of the phase (or the run) before which nothing counts.
    #[serde(default = "no_time", skip_serializing_if = "is_no_time")]
    pub after: Duration,
    /// How many of the first repeats of the phase are left out, e.g. to warm up.
    #[serde(default)]
    pub skip: u32,
}

fn rest() -> Duration {
    Duration::from_si(0.1)
}

fn one() -> f64 {
    1.0
}

fn coherence() -> AnyQuantity {
    AnyQuantity { si: 0.8, dimension: Dimension::NUMBER }
}

fn no_time() -> Duration {
    Duration::from_si(0.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_no_time(duration: &Duration) -> bool {
    duration.si() == 0.0
}

/// Which readings of a phase a measure takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WindowAt {
    /// Every reading.
    #[default]
    Throughout,
    /// One reading at the end of each dwell.
    DwellEnd,
    /// The last reading of the phase: `share` and `validity` alone.
    End,
}

impl MeasureConfig {
    /// Which part of the run it reads.
    #[must_use]
    pub fn window(&self) -> &Window {
        match self {
            MeasureConfig::PoseRepeatability { window, .. }
            | MeasureConfig::PoseAccuracy { window, .. }
            | MeasureConfig::OrientationRepeatability { window, .. }
            | MeasureConfig::OrientationAccuracy { window, .. }
            | MeasureConfig::MultidirectionalVariation { window, .. }
            | MeasureConfig::OrientationVariation { window, .. }
            | MeasureConfig::DistanceAccuracy { window, .. }
            | MeasureConfig::DistanceRepeatability { window, .. }
            | MeasureConfig::Drift { window, .. }
            | MeasureConfig::Localisation { window, .. }
            | MeasureConfig::Reached { window, .. }
            | MeasureConfig::Droop { window, .. }
            | MeasureConfig::JointRepeatability { window, .. }
            | MeasureConfig::TrackingError { window, .. }
            | MeasureConfig::StabilisationTime { window, .. }
            | MeasureConfig::Overshoot { window, .. }
            | MeasureConfig::PathAccuracy { window, .. }
            | MeasureConfig::PathRepeatability { window, .. }
            | MeasureConfig::PathOrientationAccuracy { window, .. }
            | MeasureConfig::PathOrientationRepeatability { window, .. }
            | MeasureConfig::PathVelocity { window, .. }
            | MeasureConfig::Cornering { window, .. }
            | MeasureConfig::RemoteCentreError { window, .. }
            | MeasureConfig::StopTime { window, .. }
            | MeasureConfig::StopDisplacement { window, .. }
            | MeasureConfig::GripForce { window, .. }
            | MeasureConfig::Delay { window, .. }
            | MeasureConfig::StartDelay { window, .. }
            | MeasureConfig::FollowingDelay { window, .. }
            | MeasureConfig::SlopeChangeDelay { window, .. }
            | MeasureConfig::CorrelationDelay { window, .. }
            | MeasureConfig::FrequencyResponse { window, .. }
            | MeasureConfig::Hysteresis { window, .. }
            | MeasureConfig::Scaling { window, .. }
            | MeasureConfig::StepResponse { window, .. }
            | MeasureConfig::Peak { window, .. }
            | MeasureConfig::Maximum { window, .. }
            | MeasureConfig::Minimum { window, .. }
            | MeasureConfig::Mean { window, .. }
            | MeasureConfig::Final { window, .. }
            | MeasureConfig::Range { window, .. }
            | MeasureConfig::Share { window, .. }
            | MeasureConfig::Validity { window, .. }
            | MeasureConfig::Count { window, .. }
            | MeasureConfig::DeviationFromTwin { window, .. } => window,
        }
    }

    /// The signals that it reads, each with its key: first the one that is measured (of a delay, `from`), then the
    /// one that it is held against (`commanded`, `to`).
    #[must_use]
    pub fn paths(&self) -> (PathOf<'_>, Option<PathOf<'_>>) {
        let of = |path| PathOf { key: "of", path };
        match self {
            MeasureConfig::PoseAccuracy { of: path, commanded, .. }
            | MeasureConfig::OrientationAccuracy { of: path, commanded, .. }
            | MeasureConfig::DistanceAccuracy { of: path, commanded, .. }
            | MeasureConfig::Localisation { of: path, commanded, .. }
            | MeasureConfig::Reached { of: path, commanded, .. }
            | MeasureConfig::Droop { of: path, commanded, .. }
            | MeasureConfig::TrackingError { of: path, commanded, .. }
            | MeasureConfig::PathAccuracy { of: path, commanded, .. }
            | MeasureConfig::PathRepeatability { of: path, commanded, .. }
            | MeasureConfig::PathOrientationAccuracy { of: path, commanded, .. }
            | MeasureConfig::PathOrientationRepeatability { of: path, commanded, .. }
            | MeasureConfig::PathVelocity { of: path, commanded, .. }
            | MeasureConfig::Cornering { of: path, commanded, .. }
            | MeasureConfig::StartDelay { of: path, commanded, .. }
            | MeasureConfig::FollowingDelay { of: path, commanded, .. }
            | MeasureConfig::SlopeChangeDelay { of: path, commanded, .. }
            | MeasureConfig::CorrelationDelay { of: path, commanded, .. }
            | MeasureConfig::FrequencyResponse { of: path, commanded, .. }
            | MeasureConfig::Hysteresis { of: path, commanded, .. }
            | MeasureConfig::Scaling { of: path, commanded, .. }
            | MeasureConfig::StepResponse { of: path, commanded, .. } => {
                (of(path), Some(PathOf { key: "commanded", path: commanded }))
            }
            MeasureConfig::Drift { of: path, commanded, .. } => {
                (of(path), commanded.as_ref().map(|path| PathOf { key: "commanded", path }))
            }
            MeasureConfig::StopTime { of: path, from, .. }
            | MeasureConfig::StopDisplacement { of: path, from, .. } => {
                (of(path), Some(PathOf { key: "from", path: from }))
            }
            MeasureConfig::Delay { from, to, .. } => {
                (PathOf { key: "from", path: from }, Some(PathOf { key: "to", path: to }))
            }
            MeasureConfig::JointRepeatability { of: path, .. }
            | MeasureConfig::PoseRepeatability { of: path, .. }
            | MeasureConfig::OrientationRepeatability { of: path, .. }
            | MeasureConfig::MultidirectionalVariation { of: path, .. }
            | MeasureConfig::OrientationVariation { of: path, .. }
            | MeasureConfig::DistanceRepeatability { of: path, .. }
            | MeasureConfig::StabilisationTime { of: path, .. }
            | MeasureConfig::Overshoot { of: path, .. }
            | MeasureConfig::RemoteCentreError { of: path, .. }
            | MeasureConfig::GripForce { of: path, .. }
            | MeasureConfig::Peak { of: path, .. }
            | MeasureConfig::Maximum { of: path, .. }
            | MeasureConfig::Minimum { of: path, .. }
            | MeasureConfig::Mean { of: path, .. }
            | MeasureConfig::Final { of: path, .. }
            | MeasureConfig::Range { of: path, .. }
            | MeasureConfig::Share { of: path, .. }
            | MeasureConfig::Validity { of: path, .. }
            | MeasureConfig::Count { of: path, .. }
            | MeasureConfig::DeviationFromTwin { of: path, .. } => (of(path), None),
        }
    }

    /// Its `kind`, as it is written.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            MeasureConfig::PoseRepeatability { .. } => "pose_repeatability",
            MeasureConfig::PoseAccuracy { .. } => "pose_accuracy",
            MeasureConfig::OrientationRepeatability { .. } => "orientation_repeatability",
            MeasureConfig::OrientationAccuracy { .. } => "orientation_accuracy",
            MeasureConfig::MultidirectionalVariation { .. } => "multidirectional_variation",
            MeasureConfig::OrientationVariation { .. } => "orientation_variation",
            MeasureConfig::DistanceAccuracy { .. } => "distance_accuracy",
            MeasureConfig::DistanceRepeatability { .. } => "distance_repeatability",
            MeasureConfig::Drift { .. } => "drift",
            MeasureConfig::Localisation { .. } => "localisation",
            MeasureConfig::Reached { .. } => "reached",
            MeasureConfig::Droop { .. } => "droop",
            MeasureConfig::JointRepeatability { .. } => "joint_repeatability",
            MeasureConfig::TrackingError { .. } => "tracking_error",
            MeasureConfig::StabilisationTime { .. } => "stabilisation_time",
            MeasureConfig::Overshoot { .. } => "overshoot",
            MeasureConfig::PathAccuracy { .. } => "path_accuracy",
            MeasureConfig::PathRepeatability { .. } => "path_repeatability",
            MeasureConfig::PathOrientationAccuracy { .. } => "path_orientation_accuracy",
            MeasureConfig::PathOrientationRepeatability { .. } => "path_orientation_repeatability",
            MeasureConfig::PathVelocity { .. } => "path_velocity",
            MeasureConfig::Cornering { .. } => "cornering",
            MeasureConfig::RemoteCentreError { .. } => "remote_centre_error",
            MeasureConfig::StopTime { .. } => "stop_time",
            MeasureConfig::StopDisplacement { .. } => "stop_displacement",
            MeasureConfig::GripForce { .. } => "grip_force",
            MeasureConfig::Delay { .. } => "delay",
            MeasureConfig::StartDelay { .. } => "start_delay",
            MeasureConfig::FollowingDelay { .. } => "following_delay",
            MeasureConfig::SlopeChangeDelay { .. } => "slope_change_delay",
            MeasureConfig::CorrelationDelay { .. } => "correlation_delay",
            MeasureConfig::FrequencyResponse { .. } => "frequency_response",
            MeasureConfig::Hysteresis { .. } => "hysteresis",
            MeasureConfig::Scaling { .. } => "scaling",
            MeasureConfig::StepResponse { .. } => "step_response",
            MeasureConfig::Peak { .. } => "peak",
            MeasureConfig::Maximum { .. } => "maximum",
            MeasureConfig::Minimum { .. } => "minimum",
            MeasureConfig::Mean { .. } => "mean",
            MeasureConfig::Final { .. } => "final",
            MeasureConfig::Range { .. } => "range",
            MeasureConfig::Share { .. } => "share",
            MeasureConfig::Validity { .. } => "validity",
            MeasureConfig::Count { .. } => "count",
            MeasureConfig::DeviationFromTwin { .. } => "deviation_from_twin",
        }
    }

    /// Whether it reads the orientation of a pose, and not its position alone.
    #[must_use]
    pub fn reads_orientation(&self) -> bool {
        matches!(
            self,
            MeasureConfig::OrientationAccuracy { .. }
                | MeasureConfig::OrientationRepeatability { .. }
                | MeasureConfig::OrientationVariation { .. }
                | MeasureConfig::PathOrientationAccuracy { .. }
                | MeasureConfig::PathOrientationRepeatability { .. }
                | MeasureConfig::RemoteCentreError { .. }
        )
    }

    /// Whether it is made of the poses attained at the ends of dwells.
    #[must_use]
    pub fn is_of_attained_poses(&self) -> bool {
        matches!(
            self,
            MeasureConfig::PoseRepeatability { .. }
                | MeasureConfig::PoseAccuracy { .. }
                | MeasureConfig::OrientationRepeatability { .. }
                | MeasureConfig::OrientationAccuracy { .. }
                | MeasureConfig::MultidirectionalVariation { .. }
                | MeasureConfig::OrientationVariation { .. }
                | MeasureConfig::DistanceAccuracy { .. }
                | MeasureConfig::DistanceRepeatability { .. }
                | MeasureConfig::Drift { .. }
                | MeasureConfig::Localisation { .. }
                | MeasureConfig::Reached { .. }
                | MeasureConfig::Droop { .. }
                | MeasureConfig::JointRepeatability { .. }
        )
    }

    /// Whether it is made of the repeats of a path.
    #[must_use]
    pub fn is_of_a_path(&self) -> bool {
        matches!(
            self,
            MeasureConfig::PathAccuracy { .. }
                | MeasureConfig::PathRepeatability { .. }
                | MeasureConfig::PathOrientationAccuracy { .. }
                | MeasureConfig::PathOrientationRepeatability { .. }
                | MeasureConfig::PathVelocity { .. }
                | MeasureConfig::Cornering { .. }
        )
    }

    /// Whether it looks at the way to where each dwell ends.
    #[must_use]
    pub fn is_of_settling(&self) -> bool {
        matches!(self, MeasureConfig::StabilisationTime { .. } | MeasureConfig::Overshoot { .. })
    }

    /// Whether it looks at what stood when each dwell ended.
    #[must_use]
    pub fn is_of_dwells(&self) -> bool {
        self.is_of_settling() || matches!(self, MeasureConfig::GripForce { .. })
    }

    /// Whether it looks at what follows an event.
    #[must_use]
    pub fn is_of_a_stop(&self) -> bool {
        matches!(self, MeasureConfig::StopTime { .. } | MeasureConfig::StopDisplacement { .. })
    }

    /// Whether it reads how one number follows another over time.
    #[must_use]
    pub fn reads_pairs(&self) -> bool {
        matches!(
            self,
            MeasureConfig::StartDelay { .. }
                | MeasureConfig::FollowingDelay { .. }
                | MeasureConfig::SlopeChangeDelay { .. }
                | MeasureConfig::CorrelationDelay { .. }
                | MeasureConfig::FrequencyResponse { .. }
                | MeasureConfig::Hysteresis { .. }
                | MeasureConfig::Scaling { .. }
                | MeasureConfig::StepResponse { .. }
                | MeasureConfig::TrackingError { .. }
        )
    }

    /// Length of the segments of a frequency response, s.
    pub(crate) fn segment_s(&self) -> f64 {
        match self {
            MeasureConfig::FrequencyResponse { segment: Some(segment), .. } => segment.si(),
            MeasureConfig::FrequencyResponse { at, .. } => 4.0 / at.first().map_or(1.0, |f| f.si()),
            _ => 0.0,
        }
    }

    /// The longest time of which every reading is kept, s. Declared: a second of 30 000 readings is half a megabyte.
    pub(crate) const LONGEST_KEPT_S: f64 = 2.0;

    /// Whether it needs a twin to run beside.
    #[must_use]
    pub fn needs_twin(&self) -> bool {
        matches!(self, MeasureConfig::DeviationFromTwin { .. })
    }
}

/// A path in a configuration with the key at which it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathOf<'a> {
    /// E.g. `of`.
    pub key: &'static str,
    /// E.g. `tracker.tool_tip`.
    pub path: &'a str,
}
