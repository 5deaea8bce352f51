//! The bus: the task that reads an arm's sensors and gives a controller the state of the joints.
//!
//! At each activation it reads the encoders and currents of all actuators at one instant, turns them into joints and
//! writes `measured_js` (and `jaw.measured_js`) stamped with that instant; what it writes arrives after the read delay.
//! With the coupling A: q = A·a for positions and speeds, τ_j = A⁻ᵀ·τ_a for efforts, where the effort of an actuator is
//! current × torque constant × gear **by the numbers of the file**: a motor whose torque constant has changed is not
//! known to the controller. Efforts are positive where they push their joint to greater positions.
//!
//! Where an actuator has a potentiometer too, its position by both sensors is written in one message,
//! `INSTANCE.ACTUATOR.measured_positions`, so that whoever compares them compares one instant.
//!
//! A joint is valid if every reading that its row of A uses is; a group is valid if all its joints are. A current that
//! nobody has written yet is zero.

use crate::actuator::{ActuatorConfig, ActuatorKind};
use crate::check;
use crate::coupling::{Coupling, MAX_ACTUATORS};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Duration, Frequency};
use trocar_signal::{
    Activation, Component, Dimension, Element, GroupSpec, Nanos, ParameterSpec, Problem, Provenance,
    ReadPort, Registration, Sourced, WritePort,
};

/// The bus between an arm's boards and its controller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BusConfig {
    /// How often all boards are read.
    pub rate: Sourced<Frequency>,
    /// From the instant at which the boards latch their readings to the instant at which the controller has them.
    pub read_delay: Sourced<Duration>,
}

impl BusConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        check::not_negative(&mut problems, "read_delay", self.read_delay.value.si());
        problems
    }
}

/// The joints of an arm by name, in the order of the coupling's rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointList<'a> {
    /// The joints of `measured_js`.
    pub joints: &'a [(&'a str, ActuatorKind)],
    /// The jaw, if there is one: the last row of the coupling, in a name space of its own.
    pub jaw: Option<ActuatorKind>,
}

impl JointList<'_> {
    /// How many joints there are, with the jaw.
    #[must_use]
    pub fn count(&self) -> usize {
        self.joints.len() + usize::from(self.jaw.is_some())
    }
}

/// The group `INSTANCE.jaw.NAME` of a jaw's state: one `position`, `velocity` and `effort`.
#[must_use]
pub fn jaw_state(path: impl Into<String>, kind: ActuatorKind) -> GroupSpec {
    let mut spec = GroupSpec::joint_state(path, [("jaw", kind.position())]);
    for element in &mut spec.elements {
        element.name.truncate(element.name.len() - ".jaw".len());
    }
    spec
}

/// A potentiometer's position, and the message with both positions of its actuator.
struct Redundant {
    position: ReadPort,
    both: WritePort,
}

/// The group of an actuator's position by both of its sensors.
fn measured_positions(path: &str, kind: ActuatorKind) -> GroupSpec {
    let element = |name: &str| Element { name: name.to_owned(), dimension: kind.position() };
    GroupSpec::vector(
        format!("{path}.measured_positions"),
        vec![element("encoder"), element("potentiometer")],
    )
    .meaning("Position of the actuator's output as the controller has it from encoder and potentiometer")
}

struct Actuator {
    potentiometer: Option<Redundant>,
    position: ReadPort,
    velocity: ReadPort,
    current: ReadPort,
    effort_per_ampere: f64,
}

/// The component `INSTANCE.bus`, a periodic task.
///
/// Reads `INSTANCE.ACTUATOR.encoder.position` and `.velocity` and, where there is one, `.potentiometer.position` as they
/// stand at its instant, and `INSTANCE.ACTUATOR.motor.current` as it was before (the mean over the step that has just
/// ended). Writes `INSTANCE.measured_js` and `INSTANCE.jaw.measured_js`, and `INSTANCE.ACTUATOR.measured_positions` for
/// each actuator with a potentiometer.
pub struct Bus {
    actuators: Vec<Actuator>,
    coupling: Coupling,
    /// Bit a of entry j: the row of joint j uses actuator a.
    uses: Vec<u32>,
    measured: WritePort,
    jaw: Option<WritePort>,
    joints: usize,
    delay: Nanos,
}

impl Bus {
    /// The bus of an arm with these actuators and joints.
    ///
    /// # Errors
    /// What is wrong with the configuration, or numbers of actuators, joints and coupling that differ.
    pub fn new(
        instance: &str,
        config: &BusConfig,
        actuators: &[ActuatorConfig],
        joints: JointList<'_>,
        coupling: &Coupling,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Bus, Vec<Problem>> {
        let mut problems = config.check();
        let delay = Nanos::from_seconds(config.read_delay.value.si());
        if coupling.size() != actuators.len() || coupling.size() != joints.count() {
            problems.push(Problem::new(
                "joint_from_actuator",
                format!(
                    "{} actuators and {} joints do not fit a coupling of {}",
                    actuators.len(),
                    joints.count(),
                    coupling.size()
                ),
            ));
        }
        let Some(delay) = delay.filter(|_| problems.is_empty()) else { return Err(problems) };
        reg.delays_by(delay);
        for (name, dimension, nominal, behind) in [
            ("rate", Dimension::FREQUENCY, config.rate.value.si(), provenance.of(&config.rate)),
            ("read_delay", Dimension::TIME, config.read_delay.value.si(), provenance.of(&config.read_delay)),
        ] {
            let path = format!("{instance}.bus.{name}");
            reg.parameter(ParameterSpec::fixed(path, dimension, nominal, behind));
        }
        let ports = actuators
            .iter()
            .map(|actuator| {
                let path = format!("{instance}.{}", actuator.name);
                let potentiometer = actuator.potentiometer.is_some().then(|| Redundant {
                    position: reg.read(format!("{path}.potentiometer.position")),
                    both: reg.write(measured_positions(&path, actuator.kind)),
                });
                Actuator {
                    potentiometer,
                    position: reg.read(format!("{path}.encoder.position")),
                    velocity: reg.read(format!("{path}.encoder.velocity")),
                    current: reg.read_previous(format!("{path}.motor.current")),
                    effort_per_ampere: actuator.effort_per_ampere(),
                }
            })
            .collect();
        let uses = (0..coupling.size())
            .map(|joint| {
                (0..coupling.size()).fold(0, |bits, a| bits | u32::from(coupling.entry(joint, a) != 0.0) << a)
            })
            .collect();
        let names = joints.joints.iter().map(|(name, kind)| (*name, kind.position()));
        let measured = GroupSpec::joint_state(format!("{instance}.measured_js"), names)
            .meaning("State of the joints as the controller has it from the sensors");
        let jaw = joints.jaw.map(|kind| {
            reg.write(
                jaw_state(format!("{instance}.jaw.measured_js"), kind)
                    .meaning("State of the jaw as the controller has it from the sensors"),
            )
        });
        Ok(Bus {
            actuators: ports,
            coupling: coupling.clone(),
            uses,
            measured: reg.write(measured),
            jaw,
            joints: joints.joints.len(),
            delay,
        })
    }
}

impl Component for Bus {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let mut read = [[0.0; MAX_ACTUATORS]; 3];
        let mut valid = 0_u32;
        for (a, actuator) in self.actuators.iter().enumerate() {
            read[0][a] = io.read(actuator.position)[0];
            read[1][a] = io.read(actuator.velocity)[0];
            let current = io.header(actuator.current);
            read[2][a] = io.read(actuator.current)[0] * actuator.effort_per_ampere;
            let current_valid = current.valid == 1 || current.sequence == 0;
            valid |=
                u32::from(current_valid && io.is_valid(actuator.position) && io.is_valid(actuator.velocity))
                    << a;
        }
        for actuator in &self.actuators {
            let Some(redundant) = &actuator.potentiometer else { continue };
            let both = [io.read(actuator.position)[0], io.read(redundant.position)[0]];
            let both_valid = io.is_valid(actuator.position) && io.is_valid(redundant.position);
            io.send(redundant.both, &both, io.now, self.delay, both_valid);
        }
        let mut joints = [[0.0; MAX_ACTUATORS]; 3];
        self.coupling.joints_from_actuators(&read[0], &mut joints[0]);
        self.coupling.joints_from_actuators(&read[1], &mut joints[1]);
        self.coupling.joint_efforts(&read[2], &mut joints[2]);
        let mut state = [0.0; 3 * MAX_ACTUATORS];
        let n = self.joints;
        for (field, values) in joints.iter().enumerate() {
            state[field * n..(field + 1) * n].copy_from_slice(&values[..n]);
        }
        let (arm_uses, jaw_uses) = self.uses.split_at(n);
        let all_valid = |uses: &[u32]| uses.iter().all(|bits| bits & !valid == 0);
        io.send(self.measured, &state[..3 * n], io.now, self.delay, all_valid(arm_uses));
        if let Some(jaw) = self.jaw {
            io.send(jaw, &joints.map(|field| field[n]), io.now, self.delay, all_valid(jaw_uses));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::tests::insertion;
    use crate::coupling::tests::config as rows;
    use std::collections::BTreeMap;
    use trocar_signal::bench::Bench;
    use trocar_signal::{AnyQuantity, Standing, Time};

    fn actuator(name: &str) -> ActuatorConfig {
        let gear = AnyQuantity { si: 10.0, dimension: Dimension::NUMBER };
        ActuatorConfig {
            name: name.to_owned(),
            kind: ActuatorKind::Revolute,
            gear: Sourced::bare(gear),
            ..insertion()
        }
    }

    fn bus_config() -> BusConfig {
        BusConfig {
            rate: Sourced::bare(Frequency::from_si(1500.0)),
            read_delay: Sourced::bare(Duration::from_si(6e-5)),
        }
    }

    fn bench() -> Bench {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let coupling =
            Coupling::new(&rows(&[&[2.0, 0.0, 0.0], &[0.0, 0.5, 0.0], &[0.0, 0.5, 4.0]]), 3).unwrap();
        let joints = JointList {
            joints: &[("yaw", ActuatorKind::Revolute), ("wrist", ActuatorKind::Revolute)],
            jaw: Some(ActuatorKind::Revolute),
        };
        let mut reg = Registration::new("psm1.bus");
        let actuators = [actuator("yaw"), actuator("disc_1"), actuator("disc_2")];
        let bus =
            Bus::new("psm1", &bus_config(), &actuators, joints, &coupling, &provenance, &mut reg).unwrap();
        let mut inputs = Vec::new();
        for name in ["yaw", "disc_1", "disc_2"] {
            let path = |what: &str| format!("psm1.{name}.{what}");
            inputs.push(GroupSpec::scalar(path("encoder.position"), Dimension::ANGLE));
            inputs.push(GroupSpec::scalar(path("encoder.velocity"), Dimension::ANGULAR_VELOCITY));
            inputs.push(GroupSpec::scalar(path("motor.current"), Dimension::CURRENT));
        }
        Bench::new(inputs, vec![(reg, Box::new(bus))]).unwrap()
    }

    /// Worked by hand for A = [[2,0,0],[0,½,0],[0,½,4]], whose inverse transpose is [[½,0,0],[0,2,−¼],[0,0,¼]].
    #[test]
    fn joints_follow_from_actuators_by_the_coupling() {
        let mut bench = bench();
        let per_ampere = 0.438;
        for (name, [position, velocity, current]) in
            [("yaw", [0.1, 1.0, 0.2]), ("disc_1", [0.2, 2.0, 0.1]), ("disc_2", [0.3, 3.0, 0.4])]
        {
            let mut set = |what, v| bench.set(&format!("psm1.{name}.{what}"), Time(5), &[v]).unwrap();
            set("encoder.position", position);
            set("encoder.velocity", velocity);
            set("motor.current", current);
        }
        let delays = bench.activate(0, Time(7)).unwrap();
        let close = |path: &str, expected: &[f64]| {
            let got = bench.get(path);
            // A few roundings of numbers of order one.
            assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-14), "{path}: {got:?}");
            assert_eq!(got.len(), expected.len());
        };
        close("psm1.measured_js", &[0.2, 0.1, 2.0, 1.0, 0.1 * per_ampere, (0.2 - 0.1) * per_ampere]);
        close("psm1.jaw.measured_js", &[1.3, 13.0, 0.1 * per_ampere]);
        assert_eq!(delays["psm1.measured_js"], Nanos(60_000));
        let (layout, table) = bench.table();
        let jaw = layout.group("psm1.jaw.measured_js").unwrap();
        assert_eq!(layout.spec(jaw).element_path(0), "psm1.jaw.measured_js.position");
        assert_eq!(table.header(jaw).stamp, Time(7));
    }

    /// Where an actuator has two sensors their positions travel together, and either may spoil the message.
    #[test]
    fn both_positions_of_an_actuator_come_in_one_message() {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let coupling = Coupling::new(&rows(&[&[1.0]]), 1).unwrap();
        let joints = JointList { joints: &[("yaw", ActuatorKind::Revolute)], jaw: None };
        let with = ActuatorConfig {
            potentiometer: crate::potentiometer::tests::config().potentiometer,
            ..actuator("yaw")
        };
        let mut reg = Registration::new("psm1.bus");
        let bus = Bus::new("psm1", &bus_config(), &[with], joints, &coupling, &provenance, &mut reg).unwrap();
        let scalar = |path: &str, dimension| GroupSpec::scalar(format!("psm1.yaw.{path}"), dimension);
        let inputs = vec![
            scalar("encoder.position", Dimension::ANGLE),
            scalar("encoder.velocity", Dimension::ANGULAR_VELOCITY),
            scalar("potentiometer.position", Dimension::ANGLE),
            scalar("motor.current", Dimension::CURRENT),
        ];
        let mut bench = Bench::new(inputs, vec![(reg, Box::new(bus))]).unwrap();
        bench.set("psm1.yaw.encoder.position", Time(1), &[0.25]).unwrap();
        let valid = |bench: &Bench| {
            let (layout, table) = bench.table();
            table.header(layout.group("psm1.yaw.measured_positions").unwrap()).valid == 1
        };
        bench.activate(0, Time(2)).unwrap();
        assert!(!valid(&bench), "the potentiometer has not been read yet");
        bench.set("psm1.yaw.potentiometer.position", Time(3), &[0.125]).unwrap();
        let delays = bench.activate(0, Time(4)).unwrap();
        assert!(valid(&bench));
        assert_eq!(bench.get("psm1.yaw.measured_positions"), [0.25, 0.125]);
        assert_eq!(delays["psm1.yaw.measured_positions"], Nanos(60_000));
    }

    #[test]
    fn a_reading_that_is_not_valid_marks_the_joints_that_use_it() {
        let mut bench = bench();
        for (name, what) in [("yaw", "encoder.position"), ("yaw", "encoder.velocity")]
            .into_iter()
            .chain(
                ["disc_1", "disc_2"]
                    .into_iter()
                    .flat_map(|n| ["encoder.position", "encoder.velocity"].map(|w| (n, w))),
            )
            .filter(|(name, what)| (*name, *what) != ("disc_2", "encoder.velocity"))
        {
            bench.set(&format!("psm1.{name}.{what}"), Time(1), &[0.0]).unwrap();
        }
        bench.activate(0, Time(1)).unwrap();
        let valid = |path: &str| {
            let (layout, table) = bench.table();
            table.header(layout.group(path).unwrap()).valid
        };
        // Nobody has written disc_2's speed, and only the jaw uses disc_2; currents were never written either.
        assert_eq!((valid("psm1.measured_js"), valid("psm1.jaw.measured_js")), (1, 0));
    }

    #[test]
    fn counts_that_differ_are_refused() {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let coupling = Coupling::new(&rows(&[&[1.0]]), 1).unwrap();
        let joints = JointList { joints: &[], jaw: None };
        let mut reg = Registration::new("psm1.bus");
        assert!(
            Bus::new("psm1", &bus_config(), &[actuator("yaw")], joints, &coupling, &provenance, &mut reg)
                .is_err()
        );
    }
}
