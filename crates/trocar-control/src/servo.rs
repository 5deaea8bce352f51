//! The joint servo: proportional–derivative control in joint space, through the coupling to motor currents.
//!
//! The law is that of the dVRK (`mtsPID.cpp` in sawControllers, gains in `sawIntuitiveResearchKit/share/pid`, all with
//! integral gain zero): τ = p (q_set − q) + d (v_set − v), where v_set is the setpoint's velocity (velocity feed-forward)
//! if [`ServoConfig::use_setpoint_velocity`] is on, and zero otherwise. A `servo_…` command has no velocity, a trajectory
//! has one. The setting is the parameter `<instance>.servo.use_setpoint_velocity`, from 0 to 100 %. With joint = A · actuator, actuator efforts are Aᵀ τ, and a motor's
//! current is its actuator's effort over gear × torque constant, confined to ± its limit.
//!
//! It commands no current unless the operating state is ENABLED or PAUSED. Where a measurement is invalid it holds the
//! last currents, until a supervisor takes motor power away; what the published code does then is not documented, so
//! this is assumed.
//!
//! Of a device that takes efforts it makes those of the setpoint while `control_mode` is `effort`, without any law of its own.
//!
//! Of a device that states how it stops ([`crate::stop`]) it also acts without the operating state's power: under `lock` and
//! `controlled_descent` the law goes on, under `lock` without the actuators that have a brake; under `damp` τ = −damping · v.

use crate::crtk::OperatingState;
use crate::joint::{ArmJoints, MAX_AXES, ValueRange, check_quantity, register, register_size};
use crate::stop::{StopBehaviour, StopConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_math::clamp;
use trocar_signal::quantity::{Duration, Frequency};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, ParameterPort, Problem, Provenance, ReadPort,
    Registration, Sourced, Standing, WritePort,
};

/// The joint servo of an arm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a joint servo"))]
pub struct ServoConfig {
    /// How often it runs.
    pub rate: Frequency,
    /// From reading its inputs until its outputs take effect.
    #[serde(default = "crate::servo::no_compute_time")]
    pub compute_time: Sourced<Duration>,
    /// Whether the derivative gain acts on the difference to the setpoint's velocity. Otherwise it brakes every motion,
    /// as the dVRK does where a client sends positions alone.
    #[serde(default)]
    pub use_setpoint_velocity: bool,
    /// The gains: each joint once, and the jaw.
    pub joints: Vec<ServoJointConfig>,
}

/// The gains of one joint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a joint of the servo"))]
pub struct ServoJointConfig {
    /// The joint's name.
    pub joint: String,
    /// Proportional gain: N m/rad where the joint turns, N/m where it slides.
    pub p: Sourced<AnyQuantity>,
    /// Derivative gain: N m s/rad where the joint turns, N s/m where it slides.
    pub d: Sourced<AnyQuantity>,
}

impl ServoConfig {
    /// Every mistake: rate, compute time, joints that are missing or unknown, gains of the wrong unit or sign.
    #[must_use]
    pub fn check(&self, joints: &ArmJoints) -> Vec<Problem> {
        let mut problems = check_timing(self.rate, self.compute_time.value);
        joints.places("joints", "joint", self.joints.iter().map(|j| j.joint.as_str()), &mut problems);
        for (i, gains) in self.joints.iter().enumerate() {
            let Some(joint) = joints.axes().find(|joint| joint.name == gains.joint) else { continue };
            for (field, value, dimension) in
                [("p", &gains.p, joint.kind.stiffness()), ("d", &gains.d, joint.kind.damping())]
            {
                let key = format!("joints[{i}].{field}");
                check_quantity(&key, value, dimension, ValueRange::NotNegative, &mut problems);
            }
        }
        problems
    }
}

/// Checks rate and compute time of a task.
pub(crate) fn check_timing(rate: Frequency, compute_time: Duration) -> Vec<Problem> {
    let mut problems = Vec::new();
    if trocar_signal::Rate::from_hz(rate.si()).is_none() {
        problems.push(Problem::new("rate", "must lie between 1e-6 Hz and 1 MHz"));
    }
    if !(compute_time.si() >= 0.0 && compute_time.si().is_finite()) {
        problems.push(Problem::new("compute_time", "must not be negative"));
    }
    problems
}

/// Stands in where a file says nothing: no time, which nobody has measured.
pub(crate) fn no_compute_time() -> Sourced<Duration> {
    Sourced { value: Duration::from_si(0.0), source: None, standing: Some(Standing::Assumed) }
}

/// The compute time as a parameter, so that it is listed and counted with its standing.
pub(crate) fn declare_compute_time(
    slot: &str,
    compute_time: &Sourced<Duration>,
    provenance: &Provenance<'_>,
    registration: &mut Registration,
) {
    let path = format!("{slot}.compute_time");
    let si = compute_time.value.si();
    registration.parameter(provenance.parameter(path, Dimension::TIME, si, compute_time, false));
}

/// What the servo believes of one motor and its gear.
#[derive(Clone, Debug, PartialEq)]
pub struct ServoDrive {
    /// The actuator's name, as it stands in signal paths.
    pub actuator: String,
    /// Effort at the actuator's output per ampere: gear × torque constant; N m/A, or N/A where the output slides.
    pub effort_per_ampere: f64,
    /// Largest current that it commands, A.
    pub current_limit_a: f64,
    /// Whether a brake holds it where the device locks.
    pub has_brake: bool,
}

trocar_signal::state_words! {
    /// What the servo remembers.
    pub struct ServoState {
        /// The currents that it commanded last, A.
        pub current_a: [f64; MAX_AXES],
    }
}

/// The component in the slot `servo`.
#[derive(Clone, Debug)]
pub struct Servo {
    joint_count: usize,
    axis_count: usize,
    use_setpoint_velocity: ParameterPort,
    /// Aᵀ, row by row, each row already over the effort per ampere of its drive: A/(N m) or A/N.
    ampere_per_effort: [[f64; MAX_AXES]; MAX_AXES],
    current_limit_a: [f64; MAX_AXES],
    gains: Vec<(ParameterPort, ParameterPort)>,
    measured: ReadPort,
    setpoint: ReadPort,
    jaw: Option<(ReadPort, ReadPort)>,
    operating_state: ReadPort,
    control_mode: Option<ReadPort>,
    stopping: Option<StopPorts>,
    braked: [bool; MAX_AXES],
    currents: Vec<WritePort>,
}

/// What the servo has to do with how the device stops.
#[derive(Clone, Debug)]
struct StopPorts {
    behaviour: ReadPort,
    damping: Vec<ParameterPort>,
}

impl Servo {
    /// The servo of `instance`. `joint_from_actuator` is the coupling matrix A by rows, joints (jaw last) by `drives`.
    ///
    /// Reads `measured_js`, `setpoint_js`, those of the jaw, and `operating_state`; writes `<actuator>.current_command`.
    /// Registers the gains as tunable parameters `<instance>.servo.<joint>.p` and `.d`, and
    /// `<instance>.servo.use_setpoint_velocity`.
    ///
    /// # Errors
    /// What [`ServoConfig::check`] finds, with keys below this section; drives or a coupling matrix that do not fit the
    /// joints, with the keys `actuators` and `coupling`, which name other sections of the file.
    pub fn new(
        instance: &str,
        config: &ServoConfig,
        provenance: &Provenance<'_>,
        joints: &ArmJoints,
        drives: &[ServoDrive],
        joint_from_actuator: &[Vec<f64>],
        registration: &mut Registration,
    ) -> Result<Servo, Vec<Problem>> {
        let mut problems = config.check(joints);
        let (joint_count, axis_count) = (joints.joints().len(), joints.axis_count());
        if drives.len() != axis_count {
            let what = format!("there must be as many actuators as joints with the jaw, {axis_count}");
            problems.push(Problem::new("actuators", what));
        }
        for (i, drive) in drives.iter().enumerate() {
            if !(drive.effort_per_ampere.is_finite() && drive.effort_per_ampere != 0.0) {
                let what = "gear times torque constant must be finite and not zero";
                problems.push(Problem::new(format!("actuators[{i}]"), what));
            }
            if !(drive.current_limit_a.is_finite() && drive.current_limit_a > 0.0) {
                problems.push(Problem::new(
                    format!("actuators[{i}]"),
                    "the current limit must be greater than zero",
                ));
            }
        }
        let fits = joint_from_actuator.len() == axis_count
            && joint_from_actuator
                .iter()
                .all(|row| row.len() == axis_count && row.iter().all(|x| x.is_finite()));
        if !fits {
            let what = format!("must have {axis_count} rows of {axis_count} finite numbers");
            problems.push(Problem::new("coupling", what));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut ampere_per_effort = [[0.0; MAX_AXES]; MAX_AXES];
        let mut current_limit_a = [0.0; MAX_AXES];
        let mut braked = [false; MAX_AXES];
        for (a, drive) in drives.iter().enumerate() {
            current_limit_a[a] = drive.current_limit_a;
            braked[a] = drive.has_brake;
            for (j, row) in joint_from_actuator.iter().enumerate() {
                ampere_per_effort[a][j] = row[a] / drive.effort_per_ampere;
            }
        }
        let gains_of = |name: &str| config.joints.iter().find(|gains| gains.joint == name);
        let gains = joints
            .axes()
            .filter_map(|joint| gains_of(&joint.name).map(|gains| (joint, gains)))
            .map(|(joint, gains)| {
                let path = |field: &str| format!("{instance}.servo.{}.{field}", joint.name);
                (
                    register(registration, provenance, path("p"), &gains.p),
                    register(registration, provenance, path("d"), &gains.d),
                )
            })
            .collect();
        registration.state::<ServoState>();
        declare_compute_time(&format!("{instance}.servo"), &config.compute_time, provenance, registration);
        let forward = Sourced::bare(f64::from(u8::from(config.use_setpoint_velocity)));
        let path = format!("{instance}.servo.use_setpoint_velocity");
        let forward = provenance.parameter(path, Dimension::NUMBER, forward.value, &forward, true);
        let use_setpoint_velocity = registration.parameter(forward.at_least(0.0));
        Ok(Servo {
            joint_count,
            axis_count,
            use_setpoint_velocity,
            ampere_per_effort,
            current_limit_a,
            gains,
            measured: registration.read(format!("{instance}.measured_js")),
            setpoint: registration.read(format!("{instance}.setpoint_js")),
            jaw: joints.jaw().map(|_| {
                (
                    registration.read(format!("{instance}.jaw.measured_js")),
                    registration.read(format!("{instance}.jaw.setpoint_js")),
                )
            }),
            operating_state: registration.read(format!("{instance}.operating_state")),
            control_mode: None,
            stopping: None,
            braked,
            currents: drives
                .iter()
                .map(|drive| {
                    let path = format!("{instance}.{}.current_command", drive.actuator);
                    let meaning = "current that the servo commands";
                    registration.write(GroupSpec::scalar(path, Dimension::CURRENT).meaning(meaning))
                })
                .collect(),
        })
    }

    /// Of a device that takes efforts: reads `<instance>.control_mode`.
    #[must_use]
    pub fn with_efforts(self, instance: &str, registration: &mut Registration) -> Servo {
        let control_mode = registration.read(format!("{instance}.control_mode"));
        Servo { control_mode: Some(control_mode), ..self }
    }

    /// Of a device that states how it stops: reads `<instance>.stop_behaviour` and registers
    /// `<instance>.stop.<joint>.damping` as tunable parameters.
    #[must_use]
    pub fn with_stop(
        self,
        instance: &str,
        config: &StopConfig,
        joints: &ArmJoints,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Servo {
        let damping = joints.axes().filter_map(|joint| config.of(&joint.name)).map(|joint| {
            let path = format!("{instance}.stop.{}.damping", joint.joint);
            register_size(registration, provenance, path, &joint.damping)
        });
        let damping = damping.collect();
        let behaviour = registration.read(format!("{instance}.stop_behaviour"));
        Servo { stopping: Some(StopPorts { behaviour, damping }), ..self }
    }

    /// The efforts that the law asks for, joint by joint, the jaw last.
    fn law(&self, io: &Activation<'_>) -> [f64; MAX_AXES] {
        let mut effort = [0.0; MAX_AXES];
        let n = self.joint_count;
        let forward = io.parameter(self.use_setpoint_velocity);
        let mut axis = |place: usize, set: &[f64], measured: &[f64], i: usize, n: usize| {
            let (p, d) = self.gains[place];
            let set_velocity = forward * set[n + i];
            effort[place] =
                io.parameter(p) * (set[i] - measured[i]) + io.parameter(d) * (set_velocity - measured[n + i]);
        };
        let (set, measured) = (io.read(self.setpoint), io.read(self.measured));
        for joint in 0..n {
            axis(joint, set, measured, joint, n);
        }
        if let Some((measured, set)) = self.jaw {
            axis(n, io.read(set), io.read(measured), 0, 1);
        }
        effort
    }

    /// The efforts of the setpoint, and of the jaw what the law asks for.
    fn commanded(&self, io: &Activation<'_>) -> [f64; MAX_AXES] {
        let n = self.joint_count;
        let mut effort = self.law(io);
        effort[..n].copy_from_slice(&io.read(self.setpoint)[2 * n..3 * n]);
        effort
    }

    /// The efforts that brake each joint by its velocity.
    fn damped(&self, io: &Activation<'_>, damping: &[ParameterPort]) -> [f64; MAX_AXES] {
        let n = self.joint_count;
        let jaw = self.jaw.map(|(measured, _)| io.read(measured)[1]);
        let velocities = io.read(self.measured)[n..2 * n].iter().copied().chain(jaw);
        let mut effort = [0.0; MAX_AXES];
        for ((effort, damping), velocity) in effort.iter_mut().zip(damping).zip(velocities) {
            *effort = -io.parameter(*damping) * velocity;
        }
        effort
    }

    /// The currents that make these efforts, A, within their limits.
    fn currents(&self, effort: &[f64; MAX_AXES]) -> [f64; MAX_AXES] {
        let mut current_a = [0.0; MAX_AXES];
        for (a, current) in current_a.iter_mut().enumerate().take(self.axis_count) {
            let wanted: f64 = self.ampere_per_effort[a].iter().zip(effort).map(|(k, tau)| k * tau).sum();
            *current = clamp(wanted, -self.current_limit_a[a], self.current_limit_a[a]);
        }
        current_a
    }
}

impl Component for Servo {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let state = OperatingState::from_value(io.read(self.operating_state)[0]);
        let jaw_is_valid = self.jaw.is_none_or(|(measured, set)| io.is_valid(measured) && io.is_valid(set));
        let stopping = self.stopping.as_ref().filter(|stopping| io.is_valid(stopping.behaviour));
        let stopped = stopping.and_then(|stopping| StopBehaviour::from_value(io.read(stopping.behaviour)[0]));
        let is_off = match stopped {
            Some(behaviour) => matches!(behaviour, StopBehaviour::PowerOff | StopBehaviour::Free),
            None => !state.is_powered(),
        };
        let mut current_a = if is_off {
            [0.0; MAX_AXES]
        } else if io.is_valid(self.measured) && io.is_valid(self.setpoint) && jaw_is_valid {
            let is_effort =
                self.control_mode.is_some_and(|mode| io.is_valid(mode) && io.read(mode)[0] == 1.0);
            let effort = match (stopped, stopping) {
                (Some(StopBehaviour::Damp), Some(stopping)) => self.damped(io, &stopping.damping),
                (None, _) if is_effort => self.commanded(io),
                _ => self.law(io),
            };
            self.currents(&effort)
        } else {
            io.state::<ServoState>().current_a
        };
        if stopped == Some(StopBehaviour::Lock) {
            for (current, braked) in current_a.iter_mut().zip(self.braked) {
                *current = if braked { 0.0 } else { *current };
            }
        }
        io.state::<ServoState>().current_a = current_a;
        for (port, current) in self.currents.iter().zip(current_a) {
            io.write(*port, &[current]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::joint::{Joint, JointKind, jaw_state_group};
    use crate::sample::psm_joints;
    use std::collections::BTreeMap;
    use trocar_signal::bench::Bench;
    use trocar_signal::{Nanos, Standing, Time};

    fn quantity(text: &str) -> Sourced<AnyQuantity> {
        Sourced::bare(AnyQuantity::parse(text).unwrap())
    }

    /// The published gains.
    fn config() -> ServoConfig {
        let rotary = |joint: &str, p: f64, d: f64| ServoJointConfig {
            joint: joint.into(),
            p: quantity(&format!("{p} N m/rad")),
            d: quantity(&format!("{d} N m s/rad")),
        };
        let insertion =
            ServoJointConfig { joint: "insertion".into(), p: quantity("6000 N/m"), d: quantity("200 N s/m") };
        let mut joints = vec![rotary("yaw", 120.0, 6.0), rotary("pitch", 120.0, 5.0), insertion];
        joints.extend(["roll", "wrist_pitch", "wrist_yaw", "jaw"].map(|joint| rotary(joint, 6.0, 0.09)));
        ServoConfig {
            rate: Frequency::from_si(1500.0),
            compute_time: Sourced::bare(Duration::from_si(0.0)),
            use_setpoint_velocity: false,
            joints,
        }
    }

    /// Gear × torque constant and current limits of the PSM Classic, and the coupling of the large needle driver.
    fn drives() -> Vec<ServoDrive> {
        let drive = |actuator: &str, gear: f64, limit: f64| ServoDrive {
            actuator: actuator.into(),
            effort_per_ampere: gear * 0.0438,
            current_limit_a: limit,
            has_brake: false,
        };
        let mut drives =
            vec![drive("yaw", 56.5, 1.34), drive("pitch", 56.5, 1.34), drive("insertion", 336.6, 0.67)];
        drives.extend(["disc_1", "disc_2", "disc_3", "disc_4"].map(|disc| drive(disc, 11.71, 0.67)));
        drives
    }

    fn coupling() -> Vec<Vec<f64>> {
        let mut a = vec![vec![0.0; 7]; 7];
        (a[0][0], a[1][1], a[2][2]) = (1.0, 1.0, 1.0);
        a[3][3] = -1.5632;
        a[4][4] = 1.0186;
        (a[5][4], a[5][5], a[5][6]) = (-0.8306, 0.6089, 0.6089);
        (a[6][5], a[6][6]) = (-1.2177, 1.2177);
        a
    }

    fn bench(config: &ServoConfig) -> Bench {
        let joints = psm_joints();
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
        let mut registration = Registration::new("psm1.servo");
        let servo =
            Servo::new("psm1", config, &provenance, &joints, &drives(), &coupling(), &mut registration)
                .unwrap();
        let inputs = vec![
            joints.state_group("psm1.measured_js"),
            joints.state_group("psm1.setpoint_js"),
            jaw_state_group("psm1.jaw.measured_js", JointKind::Revolute),
            jaw_state_group("psm1.jaw.setpoint_js", JointKind::Revolute),
            GroupSpec::state("psm1.operating_state", &OperatingState::NAMES),
        ];
        Bench::new(inputs, vec![(registration, Box::new(servo))]).unwrap()
    }

    fn set(
        bench: &mut Bench,
        measured: [f64; 18],
        setpoint: [f64; 18],
        jaw: [f64; 3],
        jaw_set: [f64; 3],
        state: f64,
    ) {
        bench.set("psm1.measured_js", Time::ZERO, &measured).unwrap();
        bench.set("psm1.setpoint_js", Time::ZERO, &setpoint).unwrap();
        bench.set("psm1.jaw.measured_js", Time::ZERO, &jaw).unwrap();
        bench.set("psm1.jaw.setpoint_js", Time::ZERO, &jaw_set).unwrap();
        bench.set("psm1.operating_state", Time::ZERO, &[state]).unwrap();
    }

    fn current(bench: &Bench, actuator: &str) -> f64 {
        bench.get(&format!("psm1.{actuator}.current_command"))[0]
    }

    #[test]
    fn the_law_gives_the_published_currents() {
        let mut bench = bench(&config());
        let (mut measured, mut setpoint) = ([0.0; 18], [0.0; 18]);
        (setpoint[0], measured[6]) = (0.01, 0.1); // yaw: 0.01 rad behind, moving at 0.1 rad/s
        (setpoint[2], setpoint[8]) = (0.001, 9.0); // insertion: 1 mm behind; the setpoint's velocity is not used
        set(&mut bench, measured, setpoint, [0.0; 3], [0.0; 3], 1.0);
        bench.activate(0, Time(1)).unwrap();
        // Rounding of a handful of operations.
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-14, "{a} {b}");
        near(current(&bench, "yaw"), (120.0 * 0.01 - 6.0 * 0.1) / (56.5 * 0.0438));
        near(current(&bench, "insertion"), 6000.0 * 0.001 / (336.6 * 0.0438));
        near(current(&bench, "pitch"), 0.0);
    }

    /// Virtual work: for any velocities of the actuators, efforts times velocities are the same on both sides.
    #[test]
    fn the_coupling_conserves_power() {
        let mut bench = bench(&config());
        let setpoint: [f64; 18] =
            std::array::from_fn(|i| if (3..6).contains(&i) { 0.002 * i as f64 - 0.007 } else { 0.0 });
        set(&mut bench, [0.0; 18], setpoint, [0.0; 3], [0.004, 0.0, 0.0], 1.0);
        bench.activate(0, Time(1)).unwrap();
        let efforts: Vec<f64> =
            drives().iter().map(|d| current(&bench, &d.actuator) * d.effort_per_ampere).collect();
        let joint_efforts: Vec<f64> =
            (0..7).map(|j| if j < 3 { 0.0 } else { 6.0 * if j < 6 { setpoint[j] } else { 0.004 } }).collect();
        let a = coupling();
        for actuator in 0..7 {
            let expected: f64 = (0..7).map(|j| a[j][actuator] * joint_efforts[j]).sum();
            assert!((efforts[actuator] - expected).abs() < 1e-15);
        }
    }

    #[test]
    fn currents_stay_within_their_limits_and_without_power_there_are_none() {
        let mut bench = bench(&config());
        set(&mut bench, [0.0; 18], [1.0; 18], [0.0; 3], [-1.0; 3], 1.0);
        bench.activate(0, Time(1)).unwrap();
        assert_eq!((current(&bench, "yaw"), current(&bench, "disc_1")), (1.34, -0.67));
        for (state, powered) in [(0.0, false), (1.0, true), (2.0, true), (3.0, false)] {
            bench.set("psm1.operating_state", Time::ZERO, &[state]).unwrap();
            bench.activate(0, Time(2)).unwrap();
            assert_eq!(current(&bench, "yaw") != 0.0, powered, "state {state}");
        }
    }

    #[test]
    fn the_setpoints_velocity_counts_where_it_is_asked_for() {
        let mut bench = bench(&ServoConfig { use_setpoint_velocity: true, ..config() });
        let (mut measured, mut setpoint) = ([0.0; 18], [0.0; 18]);
        (setpoint[6], measured[6]) = (0.3, 0.1);
        set(&mut bench, measured, setpoint, [0.0; 3], [0.0; 3], 1.0);
        bench.activate(0, Time(1)).unwrap();
        assert!((current(&bench, "yaw") - 6.0 * 0.2 / (56.5 * 0.0438)).abs() < 1e-14);
    }

    #[test]
    fn without_a_valid_measurement_the_last_currents_stand() {
        let joints = ArmJoints::new(vec![Joint::revolute("a", -1.0, 1.0)], None).unwrap();
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
        let mut registration = Registration::new("x.servo");
        let gains = vec![ServoJointConfig {
            joint: "a".into(),
            p: quantity("1 N m/rad"),
            d: quantity("1 N m s/rad"),
        }];
        let config = ServoConfig { joints: gains, ..config() };
        let drive = ServoDrive {
            actuator: "m".into(),
            effort_per_ampere: 1.0,
            current_limit_a: 5.0,
            has_brake: false,
        };
        let coupling = [vec![1.0]];
        let servo =
            Servo::new("x", &config, &provenance, &joints, &[drive], &coupling, &mut registration).unwrap();
        // An encoder that marks its values invalid, as the second component of the bench.
        struct Encoder(WritePort);
        impl Component for Encoder {
            fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
                io.send(self.0, &[0.0, 0.0, 0.0], io.now, Nanos::ZERO, io.now.0 < 10);
                Ok(())
            }
        }
        let mut bus = Registration::new("x.bus");
        let port = bus.write(joints.state_group("x.measured_js"));
        let inputs = vec![
            joints.state_group("x.setpoint_js"),
            GroupSpec::state("x.operating_state", &OperatingState::NAMES),
        ];
        let components: Vec<(Registration, Box<dyn Component>)> =
            vec![(bus, Box::new(Encoder(port))), (registration, Box::new(servo))];
        let mut bench = Bench::new(inputs, components).unwrap();
        bench.set("x.operating_state", Time::ZERO, &[1.0]).unwrap();
        for (now, setpoint, expected) in [(1, 2.0, 2.0), (10, 3.0, 2.0), (20, -1.0, 2.0)] {
            bench.set("x.setpoint_js", Time(now), &[setpoint, 0.0, 0.0]).unwrap();
            bench.activate(0, Time(now)).unwrap();
            bench.activate(1, Time(now)).unwrap();
            assert_eq!(bench.get("x.m.current_command"), [expected], "at {now}");
        }
    }

    #[test]
    fn a_bad_file_gets_every_problem_at_its_place() {
        let mut config = config();
        config.joints[0].p = quantity("120 N/m");
        config.joints[3].d = quantity("-1 N m s/rad");
        config.joints[6].joint = "beak".into();
        config.rate = Frequency::from_si(0.0);
        let keys: Vec<String> = config.check(&psm_joints()).into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["rate", "joints[6].joint", "joints", "joints[0].p", "joints[3].d"]);
        let mut registration = Registration::new("x");
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
        let refused =
            Servo::new("x", &config, &provenance, &psm_joints(), &[], &[vec![1.0]], &mut registration)
                .unwrap_err();
        assert!(["actuators", "coupling"].iter().all(|key| refused.iter().any(|p| p.key == *key)));
    }
}
