//! The safety supervisor: three checks of the published chain of a surgical arm, and the detection of a wearer's spasm.
//!
//! - **Tracking error**: while motor power is on, |setpoint − measured| above a joint's threshold trips (`mtsPID.cpp`;
//!   thresholds in `sawIntuitiveResearchKit/share/pid`). Setpoints are those of before this instant.
//! - **Watchdog**: no fresh, valid `measured_js` for 30 ms trips in every operating state (`IO_proxy.cpp`). Fresh means
//!   that its stamp is newer than the last; the time counts from when it arrived, as the electronics' watchdog counts
//!   packets, so a delay that is constant goes unnoticed.
//! - **Potentiometer mismatch**: while motor power is on, an actuator's potentiometer that is too far from its encoder for
//!   too long trips ([`crate::comparison`]). Only what the file lists is compared.
//! - **Spasm**: while motor power is on, a motor current or a joint's torque that is too large for too long trips
//!   ([`crate::spasm`]). Only what the file lists is watched; no surgical arm has it.
//!
//! Brakes are open while motor power is on and nothing has tripped: a brake engages without power. Of a device that states
//! how it stops ([`crate::stop`]), they are open unless its stop behaviour shuts them; and a watchdog that finds no feedback
//! then takes the place of an earlier trip, since what holds or damps needs feedback.
//!
//! A trip is latched until a client retries: once the arm has gone to FAULT and left it again, the supervisor shows no
//! trip for one activation and then judges afresh. A condition that persists trips again.

use crate::comparison::{self, Comparison, ComparisonConfig, TwoSensors};
use crate::crtk::OperatingState;
use crate::joint::{ArmJoints, ValueRange, check_quantity, register_size};
use crate::servo::check_timing;
use crate::spasm::{self, SpasmConfig, SpasmSources, SpasmWatch};
use crate::stop::StopBehaviour;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Duration, Frequency};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, ParameterPort, Problem, Provenance, ReadPort,
    Registration, Sourced, Time, WritePort,
};

/// The values of the group `supervisor.trip`, in order.
pub const TRIPS: [&str; 6] =
    ["none", "tracking_error", "watchdog", "potentiometer_mismatch", "spasm_by_current", "spasm_by_torque"];

const NO_TRIP: u64 = 0;
const TRACKING_ERROR: u64 = 1;
/// No feedback: the place in [`TRIPS`] that tells a stop behaviour that there is nothing to hold or damp by.
pub(crate) const WATCHDOG: u64 = 2;
const POTENTIOMETER_MISMATCH: u64 = 3;
const SPASM_BY_CURRENT: u64 = 4;
const SPASM_BY_TORQUE: u64 = 5;

/// The safety supervisor of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a supervisor"))]
pub struct SupervisorConfig {
    /// How often it runs.
    pub rate: Frequency,
    /// From reading its inputs until its outputs take effect.
    #[serde(default = "crate::servo::no_compute_time")]
    pub compute_time: Sourced<Duration>,
    /// How long the feedback may stay away.
    pub watchdog: Sourced<Duration>,
    /// The largest tracking errors: each joint once, and the jaw.
    pub joints: Vec<SupervisorJointConfig>,
    /// Which potentiometers are compared with their encoders. Absent: none.
    #[serde(default)]
    pub potentiometers: Vec<ComparisonConfig>,
    /// Which joints are watched for a spasm of their wearer, and by what. Absent: none.
    #[serde(default)]
    pub spasms: Vec<SpasmConfig>,
}

/// The threshold of one joint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a joint of the supervisor"))]
pub struct SupervisorJointConfig {
    /// The joint's name.
    pub joint: String,
    /// The largest difference between setpoint and measurement that does not trip.
    pub tracking_error: Sourced<AnyQuantity>,
}

impl SupervisorConfig {
    /// Every mistake: timing, joints that are missing or unknown, thresholds of the wrong unit or sign, comparisons of
    /// what is not among `actuators`, spasms of what `sources` cannot show.
    #[must_use]
    pub fn check(
        &self,
        joints: &ArmJoints,
        actuators: &[TwoSensors],
        sources: &[SpasmSources],
    ) -> Vec<Problem> {
        let mut problems = check_timing(self.rate, self.compute_time.value);
        if !(self.watchdog.value.si() > 0.0 && self.watchdog.value.si().is_finite()) {
            problems.push(Problem::new("watchdog", "must be greater than zero"));
        }
        joints.places("joints", "joint", self.joints.iter().map(|j| j.joint.as_str()), &mut problems);
        for (i, watched) in self.joints.iter().enumerate() {
            let Some(joint) = joints.axes().find(|joint| joint.name == watched.joint) else { continue };
            let key = format!("joints[{i}].tracking_error");
            let dimension = joint.kind.position();
            check_quantity(&key, &watched.tracking_error, dimension, ValueRange::Positive, &mut problems);
        }
        problems.extend(comparison::check(&self.potentiometers, actuators));
        problems.extend(spasm::check(&self.spasms, joints, sources));
        problems
    }
}

trocar_signal::state_words! {
    /// What the supervisor remembers.
    pub struct SupervisorState {
        /// The latched trip: a place in [`TRIPS`].
        pub trip: u64,
        /// 1 once the arm has answered the trip with FAULT.
        pub fault_seen: u64,
        /// 1 after the first activation.
        pub has_started: u64,
        /// How often fresh, valid feedback arrived.
        pub feedback_count: u64,
        /// Stamp of the last fresh, valid feedback.
        pub feedback_stamp: Time,
        /// When that feedback arrived; before the first, when the supervisor started.
        pub feedback_arrived: Time,
    }
}

/// The component in the slot `supervisor`.
#[derive(Clone, Debug)]
pub struct Supervisor {
    joint_count: usize,
    watchdog: ParameterPort,
    thresholds: Vec<ParameterPort>,
    measured: ReadPort,
    setpoint: ReadPort,
    jaw: Option<(ReadPort, ReadPort)>,
    operating_state: ReadPort,
    comparison: Comparison,
    comparison_count: usize,
    spasms: SpasmWatch,
    trip: WritePort,
    brakes: Vec<WritePort>,
    stop_behaviour: Option<ReadPort>,
}

impl Supervisor {
    /// The supervisor of `instance`.
    ///
    /// Reads `measured_js` and, as they were before the instant, `setpoint_js` and `operating_state`, and those of the
    /// jaw, `<actuator>.measured_positions` of the `actuators` that are compared, and what of `sources` is watched for
    /// spasms; writes `supervisor.trip`. Registers `<instance>.supervisor.watchdog`,
    /// `<instance>.supervisor.<joint>.tracking_error` and those of comparisons and spasms as tunable parameters.
    ///
    /// # Errors
    /// What [`SupervisorConfig::check`] finds.
    pub fn new(
        instance: &str,
        config: &SupervisorConfig,
        provenance: &Provenance<'_>,
        joints: &ArmJoints,
        (actuators, sources): (&[TwoSensors], &[SpasmSources]),
        registration: &mut Registration,
    ) -> Result<Supervisor, Vec<Problem>> {
        let problems = config.check(joints, actuators, sources);
        if !problems.is_empty() {
            return Err(problems);
        }
        registration.state::<SupervisorState>();
        crate::servo::declare_compute_time(
            &format!("{instance}.supervisor"),
            &config.compute_time,
            provenance,
            registration,
        );
        let watchdog_path = format!("{instance}.supervisor.watchdog");
        let watchdog_s = config.watchdog.value.si();
        let watchdog = registration.parameter(
            provenance
                .parameter(watchdog_path, Dimension::TIME, watchdog_s, &config.watchdog, true)
                .at_least(0.0),
        );
        let of = |name: &str| config.joints.iter().find(|watched| watched.joint == name);
        let thresholds = joints
            .axes()
            .filter_map(|joint| of(&joint.name))
            .map(|watched| {
                let path = format!("{instance}.supervisor.{}.tracking_error", watched.joint);
                register_size(registration, provenance, path, &watched.tracking_error)
            })
            .collect();
        let trip = GroupSpec::state(format!("{instance}.supervisor.trip"), &TRIPS)
            .meaning("why the supervisor asks for motor power to be taken away");
        Ok(Supervisor {
            joint_count: joints.joints().len(),
            watchdog,
            thresholds,
            measured: registration.read(format!("{instance}.measured_js")),
            setpoint: registration.read_previous(format!("{instance}.setpoint_js")),
            jaw: joints.jaw().map(|_| {
                (
                    registration.read(format!("{instance}.jaw.measured_js")),
                    registration.read_previous(format!("{instance}.jaw.setpoint_js")),
                )
            }),
            operating_state: registration.read_previous(format!("{instance}.operating_state")),
            comparison: Comparison::new(instance, &config.potentiometers, provenance, registration),
            comparison_count: config.potentiometers.len(),
            spasms: SpasmWatch::new(instance, &config.spasms, sources, provenance, registration),
            trip: registration.write(trip),
            brakes: Vec::new(),
            stop_behaviour: None,
        })
    }

    /// With brakes to command: the paths of their command groups, of the states `engage` and `release`.
    #[must_use]
    pub fn with_brakes(
        self,
        commands: impl IntoIterator<Item = String>,
        registration: &mut Registration,
    ) -> Supervisor {
        let group = |path: String| {
            let spec = GroupSpec::state(path, &["engage", "release"]).meaning("What the brake is to do");
            registration.write(spec)
        };
        Supervisor { brakes: commands.into_iter().map(group).collect(), ..self }
    }

    /// Of a device that states how it stops: reads `<instance>.stop_behaviour` as it stood before.
    #[must_use]
    pub fn with_stop(self, instance: &str, registration: &mut Registration) -> Supervisor {
        let stop_behaviour = registration.read_previous(format!("{instance}.stop_behaviour"));
        Supervisor { stop_behaviour: Some(stop_behaviour), ..self }
    }

    /// Whether a joint is further from its setpoint than its threshold. What is not valid is not judged.
    fn has_lost_track(&self, io: &Activation<'_>) -> bool {
        let lost = |thresholds: &[ParameterPort], measured: ReadPort, setpoint: ReadPort| {
            let both_valid = io.is_valid(measured) && io.is_valid(setpoint);
            let pairs = io.read(setpoint).iter().zip(io.read(measured));
            both_valid
                && thresholds
                    .iter()
                    .zip(pairs)
                    .any(|(threshold, (s, m))| (s - m).abs() > io.parameter(*threshold))
        };
        let (joints, jaw) = self.thresholds.split_at(self.joint_count);
        lost(joints, self.measured, self.setpoint)
            || self.jaw.is_some_and(|(measured, setpoint)| lost(jaw, measured, setpoint))
    }
}

impl Component for Supervisor {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let now = io.now;
        let mut state = *io.state::<SupervisorState>();
        if state.has_started == 0 {
            (state.has_started, state.feedback_arrived) = (1, now);
        }
        let header = io.header(self.measured);
        if header.valid == 1 && (header.stamp > state.feedback_stamp || state.feedback_count == 0) {
            (state.feedback_stamp, state.feedback_arrived) = (header.stamp, now);
            state.feedback_count += 1;
        }
        let operating_state = OperatingState::from_value(io.read(self.operating_state)[0]);
        let in_fault = operating_state == OperatingState::Fault;
        let own_words = size_of::<SupervisorState>() / 8;
        let is_powered = operating_state.is_powered();
        let has_parted = self.comparison.has_parted(io, own_words, is_powered);
        let spasm = self.spasms.has_found(io, own_words + self.comparison_count, is_powered);
        let is_silent = now.since(state.feedback_arrived).seconds() > io.parameter(self.watchdog);
        if state.trip == NO_TRIP {
            if is_silent {
                state.trip = WATCHDOG;
            } else if is_powered && self.has_lost_track(io) {
                state.trip = TRACKING_ERROR;
            } else if has_parted {
                state.trip = POTENTIOMETER_MISMATCH;
            } else if let Some(by) = spasm {
                state.trip = if by.is_current() { SPASM_BY_CURRENT } else { SPASM_BY_TORQUE };
            }
        } else if in_fault {
            state.fault_seen = 1;
            if is_silent && self.stop_behaviour.is_some() {
                state.trip = WATCHDOG;
            }
        } else if state.fault_seen == 1 {
            (state.trip, state.fault_seen) = (NO_TRIP, 0);
        }
        *io.state::<SupervisorState>() = state;
        io.write(self.trip, &[state.trip as f64]);
        let stopped = self.stop_behaviour.filter(|port| io.is_valid(*port));
        let release = match stopped.and_then(|port| StopBehaviour::from_value(io.read(port)[0])) {
            Some(behaviour) => behaviour.opens_brakes(),
            // It runs, or states nothing; a trip that says how to stop is answered in the next cycle.
            None => is_powered && (state.trip == NO_TRIP || stopped.is_some()),
        };
        for brake in &self.brakes {
            io.write(*brake, &[f64::from(u8::from(release))]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::{Joint, jaw_state_group};
    use std::collections::BTreeMap;
    use trocar_signal::Standing;
    use trocar_signal::bench::Bench;

    const MS: u64 = 1_000_000;

    fn joints() -> ArmJoints {
        let joints = vec![Joint::revolute("yaw", -1.0, 1.0), Joint::prismatic("insertion", 0.0, 0.24)];
        ArmJoints::new(joints, Some(Joint::revolute("jaw", -1.0, 1.0))).unwrap()
    }

    fn config() -> SupervisorConfig {
        let watched = |joint: &str, text: &str| SupervisorJointConfig {
            joint: joint.into(),
            tracking_error: Sourced::bare(AnyQuantity::parse(text).unwrap()),
        };
        SupervisorConfig {
            rate: Frequency::from_si(1500.0),
            compute_time: Sourced::bare(Duration::from_si(0.0)),
            watchdog: Sourced::bare(Duration::from_si(0.03)),
            joints: vec![
                watched("jaw", "0.6 rad"),
                watched("yaw", "0.5 rad"),
                watched("insertion", "0.05 m"),
            ],
            potentiometers: Vec::new(),
            spasms: Vec::new(),
        }
    }

    struct Rig {
        bench: Bench,
        now: u64,
    }

    impl Rig {
        fn new() -> Rig {
            let sources = BTreeMap::new();
            let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
            let mut registration = Registration::new("x.supervisor");
            let supervisor =
                Supervisor::new("x", &config(), &provenance, &joints(), (&[], &[]), &mut registration)
                    .unwrap();
            let supervisor = supervisor.with_brakes(["x.yaw.brake.command".to_owned()], &mut registration);
            let kind = crate::JointKind::Revolute;
            let inputs = vec![
                joints().state_group("x.measured_js"),
                joints().state_group("x.setpoint_js"),
                jaw_state_group("x.jaw.measured_js", kind),
                jaw_state_group("x.jaw.setpoint_js", kind),
                GroupSpec::state("x.operating_state", &OperatingState::NAMES),
            ];
            let mut rig = Rig {
                bench: Bench::new(inputs, vec![(registration, Box::new(supervisor))]).unwrap(),
                now: 0,
            };
            rig.setpoint([0.0, 0.0], 0.0);
            rig.measured([0.0, 0.0], 0.0);
            rig.state(OperatingState::Enabled);
            rig
        }
        fn state(&mut self, state: OperatingState) {
            self.bench.set("x.operating_state", Time(self.now), &[state.index() as f64]).unwrap();
        }
        fn setpoint(&mut self, q: [f64; 2], jaw: f64) {
            self.bench.set("x.setpoint_js", Time(self.now), &[q[0], q[1], 0.0, 0.0, 0.0, 0.0]).unwrap();
            self.bench.set("x.jaw.setpoint_js", Time(self.now), &[jaw, 0.0, 0.0]).unwrap();
        }
        fn measured(&mut self, q: [f64; 2], jaw: f64) {
            self.bench.set("x.measured_js", Time(self.now), &[q[0], q[1], 0.0, 0.0, 0.0, 0.0]).unwrap();
            self.bench.set("x.jaw.measured_js", Time(self.now), &[jaw, 0.0, 0.0]).unwrap();
        }
        fn trip_after(&mut self, duration_ns: u64) -> &'static str {
            self.now += duration_ns;
            self.bench.activate(0, Time(self.now)).unwrap();
            TRIPS[self.bench.get("x.supervisor.trip")[0] as usize]
        }
    }

    #[test]
    fn each_joint_trips_just_above_its_threshold() {
        for (q, jaw, trip) in [
            ([0.4999, 0.0], 0.0, "none"),
            ([0.5001, 0.0], 0.0, "tracking_error"),
            ([-0.5001, 0.0], 0.0, "tracking_error"),
            ([0.0, 0.0499], 0.0, "none"),
            ([0.0, 0.0501], 0.0, "tracking_error"),
            ([0.0, 0.0], 0.599, "none"),
            ([0.0, 0.0], -0.601, "tracking_error"),
        ] {
            let mut rig = Rig::new();
            rig.setpoint(q, jaw);
            assert_eq!(rig.trip_after(MS), trip, "{q:?} {jaw}");
        }
    }

    #[test]
    fn without_power_a_tracking_error_means_nothing() {
        let mut rig = Rig::new();
        rig.setpoint([0.9, 0.0], 0.0);
        rig.state(OperatingState::Disabled);
        assert_eq!(rig.trip_after(MS), "none");
        rig.state(OperatingState::Paused);
        assert_eq!(rig.trip_after(MS), "tracking_error");
    }

    #[test]
    fn brakes_are_open_while_power_is_on_and_nothing_has_tripped() {
        let mut rig = Rig::new();
        for state in OperatingState::ALL {
            rig.state(state);
            rig.trip_after(MS);
            let released = rig.bench.get("x.yaw.brake.command")[0] == 1.0;
            assert_eq!(released, state.is_powered(), "{state:?}");
        }
        rig.state(OperatingState::Enabled);
        rig.setpoint([0.9, 0.0], 0.0);
        assert_eq!(rig.trip_after(MS), "tracking_error");
        assert_eq!(rig.bench.get("x.yaw.brake.command"), [0.0], "at once, not when the arm has answered");
    }

    #[test]
    fn silence_trips_after_thirty_milliseconds_whatever_the_state() {
        for state in OperatingState::ALL {
            let mut rig = Rig::new();
            rig.state(state);
            rig.now = MS;
            rig.measured([0.0, 0.0], 0.0);
            assert_eq!(rig.trip_after(MS), "none");
            assert_eq!(rig.trip_after(30 * MS), "none", "exactly 30 ms are allowed");
            assert_eq!(rig.trip_after(1), "watchdog");
        }
    }

    #[test]
    fn a_repeated_packet_is_not_fresh() {
        let mut rig = Rig::new();
        rig.now = MS;
        for _ in 0..40 {
            // The same stamp again and again.
            rig.bench.set("x.measured_js", Time(MS), &[0.0; 6]).unwrap();
            rig.trip_after(MS);
        }
        assert_eq!(rig.trip_after(0), "watchdog");
    }

    #[test]
    fn a_trip_stays_until_a_retry_and_comes_back_if_its_cause_does() {
        let mut rig = Rig::new();
        rig.setpoint([0.9, 0.0], 0.0);
        assert_eq!(rig.trip_after(MS), "tracking_error");
        rig.setpoint([0.0, 0.0], 0.0);
        assert_eq!(rig.trip_after(MS), "tracking_error", "the arm has not answered yet");
        rig.state(OperatingState::Fault);
        assert_eq!(rig.trip_after(MS), "tracking_error", "the cause is gone, the trip is latched");
        rig.state(OperatingState::Enabled);
        assert_eq!(rig.trip_after(MS), "none");
        assert_eq!(rig.trip_after(MS), "none");
        // Again, and this time the cause persists.
        rig.setpoint([0.9, 0.0], 0.0);
        rig.trip_after(MS);
        rig.state(OperatingState::Fault);
        rig.trip_after(MS);
        rig.state(OperatingState::Enabled);
        assert_eq!(rig.trip_after(MS), "none");
        assert_eq!(rig.trip_after(MS), "tracking_error");
    }

    #[test]
    fn a_bad_file_gets_every_problem_at_its_place() {
        let mut bad = config();
        bad.watchdog = Sourced::bare(Duration::from_si(0.0));
        bad.joints[0].tracking_error = Sourced::bare(AnyQuantity::parse("3 mm").unwrap());
        bad.joints.pop();
        let keys: Vec<String> = bad.check(&joints(), &[], &[]).into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["watchdog", "joints", "joints[0].tracking_error"]);
    }
}
