//! The comparison of potentiometers with encoders, as the dVRK's electronics interface does it (sawRobotIO1394,
//! `mtsRobot1394.cpp`; switched on once the encoders were set from the potentiometers, off without power:
//! `mtsIntuitiveResearchKitArm.cpp`).
//!
//! At each reading, for each actuator: where the two positions differ by more than the tolerance, the time since the
//! reading before is added to a duration, otherwise the duration begins anew; a duration above the latency trips. So a
//! difference that comes and goes is never found, nor one within the tolerance. A reading that may not be used leaves the
//! duration as it is.

use crate::joint::{ValueRange, check_quantity, register_size};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::Duration;
use trocar_signal::{
    Activation, AnyQuantity, Dimension, Nanos, ParameterPort, Problem, Provenance, ReadPort, Registration,
    Sourced,
};

/// How far the potentiometer of an actuator may be from its encoder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a comparison of potentiometer and encoder"))]
pub struct ComparisonConfig {
    /// The actuator's name.
    pub actuator: String,
    /// The largest difference that does not count.
    pub tolerance: Sourced<AnyQuantity>,
    /// For how long without a break a greater one may last.
    pub latency: Sourced<Duration>,
}

/// An actuator that has both an encoder and a potentiometer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoSensors {
    /// The actuator's name.
    pub actuator: String,
    /// What its position measures.
    pub position: Dimension,
}

/// Every mistake: actuators that are unknown, named twice or without potentiometer, tolerances of the wrong unit or sign.
pub(crate) fn check(configs: &[ComparisonConfig], actuators: &[TwoSensors]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (i, config) in configs.iter().enumerate() {
        let key = format!("potentiometers[{i}]");
        let Some(actuator) = actuators.iter().find(|a| a.actuator == config.actuator) else {
            let what = format!(
                "no actuator `{}` has a potentiometer; give it one with [actuators.potentiometer]",
                config.actuator
            );
            problems.push(Problem::new(format!("{key}.actuator"), what));
            continue;
        };
        if configs[..i].iter().any(|other| other.actuator == config.actuator) {
            let what = format!("`{}` is compared twice", config.actuator);
            problems.push(Problem::new(format!("{key}.actuator"), what));
        }
        let place = format!("{key}.tolerance");
        check_quantity(&place, &config.tolerance, actuator.position, ValueRange::Positive, &mut problems);
        if !(config.latency.value.si() >= 0.0 && config.latency.value.si().is_finite()) {
            problems.push(Problem::new(format!("{key}.latency"), "must not be less than zero"));
        }
    }
    problems
}

/// One actuator's comparison.
#[derive(Clone, Debug)]
struct Compared {
    /// `INSTANCE.ACTUATOR.measured_positions`: by the encoder, by the potentiometer.
    positions: ReadPort,
    tolerance: ParameterPort,
    latency: ParameterPort,
}

/// The comparisons of an arm. Each has one state word: for how long its difference has lasted, ns.
#[derive(Clone, Debug)]
pub(crate) struct Comparison(Vec<Compared>);

impl Comparison {
    /// Registers what the comparisons read, remember and are parameterised by: below
    /// `<instance>.supervisor.<actuator>`, `potentiometer_tolerance` and `potentiometer_latency`.
    pub(crate) fn new(
        instance: &str,
        configs: &[ComparisonConfig],
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Comparison {
        let compared = |config: &ComparisonConfig| {
            let actuator = &config.actuator;
            let path = format!("{instance}.supervisor.{actuator}.potentiometer");
            let latency_s = config.latency.value.si();
            registration.state_words([format!("potentiometer_off.{actuator}")]);
            Compared {
                positions: registration.read(format!("{instance}.{actuator}.measured_positions")),
                tolerance: register_size(
                    registration,
                    provenance,
                    format!("{path}_tolerance"),
                    &config.tolerance,
                ),
                latency: registration.parameter(
                    provenance
                        .parameter(
                            format!("{path}_latency"),
                            Dimension::TIME,
                            latency_s,
                            &config.latency,
                            true,
                        )
                        .at_least(0.0),
                ),
            }
        };
        Comparison(configs.iter().map(compared).collect())
    }

    /// Takes in the readings of this activation; `first_word` is the place of the durations among the state words.
    /// Whether one of them is too long. Without power nothing is compared.
    pub(crate) fn has_parted(&self, io: &mut Activation<'_>, first_word: usize, is_powered: bool) -> bool {
        let mut parted = false;
        for (i, compared) in self.0.iter().enumerate() {
            let word = first_word + i;
            if !is_powered {
                io.state[word] = 0;
            } else if io.is_valid(compared.positions) {
                let positions = io.read(compared.positions);
                let off = (positions[0] - positions[1]).abs() > io.parameter(compared.tolerance);
                io.state[word] = if off { io.state[word] + io.elapsed.0 } else { 0 };
            }
            parted |= Nanos(io.state[word]).seconds() > io.parameter(compared.latency);
        }
        parted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::{ArmJoints, Joint};
    use crate::supervisor::{Supervisor, SupervisorConfig, SupervisorJointConfig, TRIPS};
    use crate::{JointKind, OperatingState};
    use std::collections::BTreeMap;
    use trocar_signal::bench::Bench;
    use trocar_signal::quantity::Frequency;
    use trocar_signal::{Element, GroupSpec, Standing, Time};

    /// The period of the reference configuration's readings: 15 of them are 10 ms.
    const PERIOD_NS: [u64; 3] = [666_667, 666_666, 666_667];

    fn quantity(text: &str) -> Sourced<AnyQuantity> {
        Sourced::bare(AnyQuantity::parse(text).unwrap())
    }

    fn compared(actuator: &str, tolerance: &str) -> ComparisonConfig {
        ComparisonConfig {
            actuator: actuator.to_owned(),
            tolerance: quantity(tolerance),
            latency: Sourced::bare(Duration::from_si(0.01)),
        }
    }

    fn two(actuator: &str, position: Dimension) -> TwoSensors {
        TwoSensors { actuator: actuator.to_owned(), position }
    }

    struct Rig {
        bench: Bench,
        now: u64,
        count: usize,
    }

    impl Rig {
        fn new() -> Rig {
            let sources = BTreeMap::new();
            let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
            let joints = ArmJoints::new(vec![Joint::revolute("yaw", -1.0, 1.0)], None).unwrap();
            let config = SupervisorConfig {
                rate: Frequency::from_si(1500.0),
                compute_time: Sourced::bare(Duration::from_si(0.0)),
                watchdog: Sourced::bare(Duration::from_si(0.03)),
                joints: vec![SupervisorJointConfig {
                    joint: "yaw".to_owned(),
                    tracking_error: quantity("0.5 rad"),
                }],
                potentiometers: vec![compared("yaw", "5 deg")],
                spasms: Vec::new(),
            };
            let mut reg = Registration::new("x.supervisor");
            let actuators = [two("yaw", Dimension::ANGLE)];
            let supervisor =
                Supervisor::new("x", &config, &provenance, &joints, (&actuators, &[]), &mut reg).unwrap();
            assert!(reg.parameters.iter().any(|p| p.path == "x.supervisor.yaw.potentiometer_tolerance"));
            let names = ["encoder", "potentiometer"];
            let elements = names
                .map(|name| Element { name: name.to_owned(), dimension: JointKind::Revolute.position() });
            let inputs = vec![
                joints.state_group("x.measured_js"),
                joints.state_group("x.setpoint_js"),
                GroupSpec::state("x.operating_state", &OperatingState::NAMES),
                GroupSpec::vector("x.yaw.measured_positions", elements.to_vec()),
            ];
            let bench = Bench::new(inputs, vec![(reg, Box::new(supervisor))]).unwrap();
            let mut rig = Rig { bench, now: 0, count: 0 };
            rig.state(OperatingState::Enabled);
            rig
        }

        fn state(&mut self, state: OperatingState) {
            self.bench.set("x.operating_state", Time(self.now), &[state.index() as f64]).unwrap();
        }

        /// One reading; the trip after it.
        fn read(&mut self, encoder_deg: f64, potentiometer_deg: f64) -> &'static str {
            self.now += PERIOD_NS[self.count % 3];
            self.count += 1;
            let now = Time(self.now);
            let both = [f64::to_radians(encoder_deg), f64::to_radians(potentiometer_deg)];
            self.bench.set("x.measured_js", now, &[both[0], 0.0, 0.0]).unwrap();
            self.bench.set("x.setpoint_js", now, &[both[0], 0.0, 0.0]).unwrap();
            self.bench.set("x.yaw.measured_positions", now, &both).unwrap();
            self.bench.activate(0, now).unwrap();
            TRIPS[self.bench.get("x.supervisor.trip")[0] as usize]
        }

        /// How many readings in a row, of at most 40, until it trips.
        fn readings_until_trip(&mut self, encoder_deg: f64, potentiometer_deg: f64) -> Option<usize> {
            (1..=40).find(|_| self.read(encoder_deg, potentiometer_deg) == "potentiometer_mismatch")
        }
    }

    /// Each reading adds the time since the one before, and 15 periods are exactly the 10 ms that may last.
    #[test]
    fn the_sixteenth_reading_in_a_row_trips() {
        let mut rig = Rig::new();
        (0..10).for_each(|_| assert_eq!(rig.read(3.0, 3.0), "none"));
        assert_eq!(rig.readings_until_trip(3.0, 8.1), Some(16));
        let mut rig = Rig::new();
        rig.read(0.0, 0.0);
        assert_eq!(rig.readings_until_trip(0.0, -5.01), Some(16), "either sense");
    }

    #[test]
    fn within_the_tolerance_or_with_breaks_it_never_trips() {
        let mut rig = Rig::new();
        assert_eq!(rig.readings_until_trip(20.0, 24.99), None);
        for _ in 0..20 {
            (0..15).for_each(|_| assert_eq!(rig.read(0.0, 30.0), "none"));
            rig.read(0.0, 4.0);
        }
    }

    #[test]
    fn without_power_nothing_is_compared_and_the_duration_begins_anew() {
        let mut rig = Rig::new();
        rig.state(OperatingState::Disabled);
        assert_eq!(rig.readings_until_trip(0.0, 90.0), None);
        rig.state(OperatingState::Enabled);
        assert_eq!(rig.readings_until_trip(0.0, 90.0), Some(16));
        // A retry: the trip goes, and the cause, which persists, takes its time again.
        rig.state(OperatingState::Fault);
        rig.read(0.0, 90.0);
        rig.state(OperatingState::Enabled);
        assert_eq!(rig.readings_until_trip(0.0, 0.0), None);
        assert_eq!(rig.readings_until_trip(0.0, 90.0), Some(16));
    }

    #[test]
    fn each_mistake_of_the_file_is_named() {
        let actuators = [two("yaw", Dimension::ANGLE), two("insertion", Dimension::LENGTH)];
        let configs = [
            compared("yaw", "5 deg"),
            compared("yaw", "5 deg"),
            compared("insertion", "5 deg"),
            compared("disc_1", "5 deg"),
            ComparisonConfig {
                latency: Sourced::bare(Duration::from_si(-0.01)),
                ..compared("insertion", "0 mm")
            },
        ];
        let keys: Vec<String> = check(&configs, &actuators).into_iter().map(|p| p.key).collect();
        let expected = [
            "potentiometers[1].actuator",
            "potentiometers[2].tolerance",
            "potentiometers[3].actuator",
            "potentiometers[4].actuator",
            "potentiometers[4].tolerance",
            "potentiometers[4].latency",
        ];
        assert_eq!(keys, expected);
    }
}
