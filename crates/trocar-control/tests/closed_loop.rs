//! Supervisor, arm and servo together on a plant of two free joints, through the table as in a run.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use nalgebra::Isometry3;
use std::collections::BTreeMap;
use trocar_control::crtk::{OperatingState, StateCommand};
use trocar_control::supervisor::TRIPS;
use trocar_control::{
    Arm, ArmConfig, ArmJoints, ArmKinematics, ChainFrame, ChainVariable, Geometry, Joint, JointKind, Servo,
    ServoConfig, ServoDrive, Supervisor, SupervisorConfig,
};
use trocar_signal::bench::Bench;
use trocar_signal::{Activation, Component, GroupSpec, ReadPort, Registration, Time, WritePort};
use trocar_signal::{Provenance, Standing};

const PERIOD_NS: u64 = 666_667;

/// Published gains, thresholds and limits of the PSM's yaw and insertion.
const SERVO: &str = r#"
rate = "1500 Hz"
joints = [
    { joint = "yaw", p = "120 N m/rad", d = "6 N m s/rad" },
    { joint = "insertion", p = "6000 N/m", d = "200 N s/m" },
]"#;
const SUPERVISOR: &str = r#"
rate = "1500 Hz"
watchdog = "30 ms"
joints = [
    { joint = "yaw", tracking_error = "0.5 rad" },
    { joint = "insertion", tracking_error = "50 mm" },
]"#;
const ARM: &str = r#"
rate = "1500 Hz"
joints = [
    { joint = "yaw", velocity = "90 deg/s", acceleration = "90 deg/s^2", home = "0 deg", home_tolerance = "3 deg" },
    { joint = "insertion", velocity = "0.2 m/s", acceleration = "0.2 m/s^2", home = "0.1 m", home_tolerance = "5 mm" },
]"#;

/// Yaw with 0.2 kg m² and insertion with 0.713 kg, moved exactly over one period by constant efforts.
struct Plant {
    currents: [ReadPort; 2],
    torque_factor: ReadPort,
    is_silent: ReadPort,
    measured: WritePort,
}

const INERTIA: [f64; 2] = [0.2, 0.713];
const EFFORT_PER_AMPERE: [f64; 2] = [56.5 * 0.0438, 336.6 * 0.0438];

trocar_signal::state_words! {
    struct PlantState { q: [f64; 2], v: [f64; 2] }
}

impl Component for Plant {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let h = io.elapsed.seconds();
        let mut state = *io.state::<PlantState>();
        for j in 0..2 {
            let factor = if j == 0 { io.read(self.torque_factor)[0] } else { 1.0 };
            let acceleration = factor * io.read(self.currents[j])[0] * EFFORT_PER_AMPERE[j] / INERTIA[j];
            state.q[j] += state.v[j] * h + 0.5 * acceleration * h * h;
            state.v[j] += acceleration * h;
        }
        *io.state::<PlantState>() = state;
        if io.read(self.is_silent)[0] == 0.0 {
            io.write(self.measured, &[state.q[0], state.q[1], state.v[0], state.v[1], 0.0, 0.0]);
        }
        Ok(())
    }
}

struct Robot {
    bench: Bench,
    now: u64,
}

impl Robot {
    fn new() -> Robot {
        let joints = ArmJoints::new(
            vec![Joint::revolute("yaw", -1.588, 1.588), Joint::prismatic("insertion", 0.0, 0.24)],
            None,
        )
        .unwrap();
        let variable = |kind, joint| Some(ChainVariable { kind, row: vec![(joint, 1.0)] });
        let chain = vec![
            ChainFrame { placement: Isometry3::identity(), variable: variable(JointKind::Revolute, 0) },
            ChainFrame { placement: Isometry3::identity(), variable: variable(JointKind::Prismatic, 1) },
        ];
        let kinematics = ArmKinematics::new(joints.clone(), chain, None).unwrap();
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };

        let mut for_supervisor = Registration::new("r.supervisor");
        let config: SupervisorConfig = toml::from_str(SUPERVISOR).unwrap();
        let supervisor =
            Supervisor::new("r", &config, &provenance, &joints, (&[], &[]), &mut for_supervisor).unwrap();
        let mut for_arm = Registration::new("r.arm");
        let config: ArmConfig = toml::from_str(ARM).unwrap();
        let arm = Arm::new("r", &config, &provenance, Geometry::Chain(kinematics), &mut for_arm).unwrap();
        let mut for_servo = Registration::new("r.servo");
        let config: ServoConfig = toml::from_str(SERVO).unwrap();
        let drive = |actuator: &str, j: usize, current_limit_a| ServoDrive {
            actuator: actuator.into(),
            effort_per_ampere: EFFORT_PER_AMPERE[j],
            current_limit_a,
            has_brake: false,
        };
        let drives = [drive("m1", 0, 1.34), drive("m2", 1, 0.67)];
        let coupling = [vec![1.0, 0.0], vec![0.0, 1.0]];
        let servo =
            Servo::new("r", &config, &provenance, &joints, &drives, &coupling, &mut for_servo).unwrap();
        let mut for_plant = Registration::new("r.plant");
        for_plant.state::<PlantState>();
        let plant = Plant {
            currents: ["m1", "m2"].map(|m| for_plant.read_previous(format!("r.{m}.current_command"))),
            torque_factor: for_plant.read("torque_factor"),
            is_silent: for_plant.read("is_silent"),
            measured: for_plant.write(joints.state_group("r.measured_js")),
        };
        let number = |path: &str| GroupSpec::scalar(path, trocar_signal::Dimension::NUMBER);
        let components: Vec<(Registration, Box<dyn Component>)> = vec![
            (for_plant, Box::new(plant)),
            (for_supervisor, Box::new(supervisor)),
            (for_arm, Box::new(arm)),
            (for_servo, Box::new(servo)),
        ];
        let bench = Bench::new(vec![number("torque_factor"), number("is_silent")], components).unwrap();
        let mut robot = Robot { bench, now: 0 };
        robot.set("torque_factor", &[1.0]);
        robot
    }

    fn set(&mut self, path: &str, values: &[f64]) {
        self.bench.set(path, Time(self.now), values).unwrap();
    }

    fn step(&mut self) {
        self.now += PERIOD_NS;
        for seat in 0..4 {
            self.bench.activate(seat, Time(self.now)).unwrap();
        }
    }

    fn run(&mut self, duration_s: f64) {
        let ends = self.now + (duration_s * 1e9) as u64;
        while self.now < ends {
            self.step();
        }
    }

    fn command(&mut self, command: StateCommand) {
        self.set("r.state_command", &[command as usize as f64]);
        self.step();
    }

    fn home(&mut self) {
        self.command(StateCommand::Enable);
        self.command(StateCommand::Home);
        self.run(3.0);
        assert_eq!(self.bench.get("r.is_homed"), [1.0]);
    }

    fn state(&self) -> &'static str {
        OperatingState::NAMES[self.bench.get("r.operating_state")[0] as usize]
    }

    fn trip(&self) -> &'static str {
        TRIPS[self.bench.get("r.supervisor.trip")[0] as usize]
    }

    fn q(&self) -> [f64; 2] {
        [self.bench.get("r.measured_js")[0], self.bench.get("r.measured_js")[1]]
    }
}

#[test]
fn it_goes_home_and_to_a_goal() {
    let mut robot = Robot::new();
    robot.home();
    robot.set("r.move_jp", &[0.8, 0.05]);
    let mut largest_lag: f64 = 0.0;
    for _ in 0..4500 {
        robot.step();
        let lag = robot.bench.get("r.setpoint_js")[0] - robot.q()[0];
        largest_lag = trocar_math::max(largest_lag, lag.abs());
    }
    assert_eq!((robot.state(), robot.trip(), robot.bench.get("r.is_busy")), ("ENABLED", "none", &[0.0][..]));
    // The closed loop's slow pole, p/d = 20 to 30 per second, has died out over the last second.
    assert!((robot.q()[0] - 0.8).abs() < 1e-6 && (robot.q()[1] - 0.05).abs() < 1e-6, "{:?}", robot.q());
    // With v_set = 0 the lag in motion is d v/p, plus what the acceleration needs, J a/p: at most 0.06 rad here.
    let bound = (6.0 * 1.12 + 0.2 * 1.571) / 120.0;
    assert!(largest_lag > 0.8 * bound && largest_lag < 1.05 * bound, "{largest_lag} {bound}");
}

#[test]
fn a_motor_that_pushes_the_wrong_way_is_caught_by_the_tracking_error() {
    let mut robot = Robot::new();
    robot.home();
    robot.set("r.servo_jp", &[0.01, 0.1]);
    robot.set("torque_factor", &[-1.0]);
    let mut at_trip = None;
    for _ in 0..3000 {
        robot.step();
        if robot.trip() == "tracking_error" {
            at_trip = Some(robot.bench.get("r.setpoint_js")[0] - robot.q()[0]);
            break;
        }
    }
    assert!(at_trip.is_some(), "it ran away unseen");
    // FAULT and no current within the same instant; the setpoints follow from then on.
    assert_eq!(robot.state(), "FAULT");
    assert_eq!(robot.bench.get("r.m1.current_command"), [0.0]);
    assert_eq!(robot.bench.get("r.setpoint_js")[0], robot.q()[0]);
    robot.run(0.1);
    assert_eq!((robot.state(), robot.trip()), ("FAULT", "tracking_error"));
}

#[test]
fn silence_of_the_sensors_is_caught_by_the_watchdog_and_a_retry_fails_until_it_ends() {
    let mut robot = Robot::new();
    robot.home();
    robot.set("is_silent", &[1.0]);
    let since = robot.now;
    while robot.trip() == "none" {
        robot.step();
    }
    let took_ns = robot.now - since;
    assert!((30_000_000..30_000_000 + 2 * PERIOD_NS).contains(&took_ns), "{took_ns}");
    assert_eq!((robot.state(), robot.bench.get("r.m2.current_command")), ("FAULT", &[0.0][..]));
    robot.command(StateCommand::Enable);
    robot.step();
    robot.step();
    assert_eq!((robot.state(), robot.trip()), ("FAULT", "watchdog"), "the cause persists");
    robot.set("is_silent", &[0.0]);
    robot.run(0.01);
    assert_eq!(robot.state(), "FAULT", "latched until a retry");
    robot.command(StateCommand::Enable);
    robot.run(0.1);
    assert_eq!((robot.state(), robot.trip()), ("ENABLED", "none"));
}

#[test]
fn two_runs_are_equal_to_the_bit() {
    let run = || {
        let mut robot = Robot::new();
        robot.home();
        robot.set("r.move_jp", &[-0.7, 0.2]);
        robot.run(2.0);
        robot.q().map(f64::to_bits)
    };
    assert_eq!(run(), run());
}
