//! What a device does once it is stopped: supervisor, motion interface and servo on one joint that a torque of the wearer pulls.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use trocar_control::crtk::StateCommand;
use trocar_control::supervisor::TRIPS;
use trocar_control::{
    Arm, ArmConfig, ArmJoints, Geometry, Joint, Servo, ServoConfig, ServoDrive, SpasmSources, StopBehaviour,
    StopConfig, Supervisor, SupervisorConfig,
};
use trocar_signal::bench::Bench;
use trocar_signal::{
    Activation, Component, Dimension, GroupSpec, Provenance, ReadPort, Registration, Standing,
};
use trocar_signal::{Time, WritePort};

const PERIOD_NS: u64 = 1_000_000;
const PERIOD_S: f64 = 1e-3;
/// Of the joint, kg m².
const INERTIA: f64 = 2.0;
/// Of the servo, N m/rad and N m s/rad: critically damped at 3 Hz.
const P: f64 = 700.0;
const D: f64 = 75.0;
const DAMPING: f64 = 40.0;
const EFFORT_PER_AMPERE: f64 = 5.0;

fn config<T: serde::de::DeserializeOwned>(text: &str) -> T {
    toml::from_str(text).unwrap()
}

/// The joint, moved exactly over one period by constant efforts: the motor's and the wearer's.
struct Plant {
    current: ReadPort,
    wearer: ReadPort,
    is_silent: ReadPort,
    measured: WritePort,
}

trocar_signal::state_words! {
    struct PlantState { q: f64, v: f64 }
}

impl Component for Plant {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let h = io.elapsed.seconds();
        let effort = io.read(self.current)[0] * EFFORT_PER_AMPERE + io.read(self.wearer)[0];
        let mut state = *io.state::<PlantState>();
        let acceleration = effort / INERTIA;
        state.q += state.v * h + 0.5 * acceleration * h * h;
        state.v += acceleration * h;
        *io.state::<PlantState>() = state;
        if io.read(self.is_silent)[0] == 0.0 {
            io.write(self.measured, &[state.q, state.v, 0.0]);
        }
        Ok(())
    }
}

struct Robot {
    bench: Bench,
    now: u64,
}

impl Robot {
    /// Enabled and homed at zero.
    fn ready(on_disable: &str, on_trip: &str, has_brake: bool) -> Robot {
        let joints = ArmJoints::new(vec![Joint::revolute("hip", -1.0, 2.0)], None).unwrap();
        let citations = BTreeMap::new();
        let provenance = Provenance { sources: &citations, source: None, standing: Standing::Assumed };
        let stop: StopConfig = config(&format!(
            "on_disable = \"{on_disable}\"\non_trip = \"{on_trip}\"\ndescent_ends_in = \"lock\"\n\
             joints = [{{ joint = \"hip\", damping = \"{DAMPING} N m s/rad\", posture = \"1 rad\", speed = \"0.2 rad/s\" }}]"
        ));
        assert_eq!(stop.check(&joints), []);
        let sources =
            [SpasmSources { joint: "hip".to_owned(), actuators: vec!["m".to_owned()], torque_sensor: None }];
        let supervisor: SupervisorConfig = config(
            "rate = \"1 kHz\"\nwatchdog = \"20 ms\"\njoints = [{ joint = \"hip\", tracking_error = \"60 deg\" }]\n\
             spasms = [{ joint = \"hip\", by = \"commanded_current\", threshold = \"6 A\", lasts = \"30 ms\" }]",
        );
        let mut for_supervisor = Registration::new("x.supervisor");
        let supervisor =
            Supervisor::new("x", &supervisor, &provenance, &joints, (&[], &sources), &mut for_supervisor)
                .unwrap();
        let brakes = ["x.m.brake.command".to_owned()];
        let supervisor =
            supervisor.with_brakes(brakes, &mut for_supervisor).with_stop("x", &mut for_supervisor);
        let arm: ArmConfig = config(
            "rate = \"1 kHz\"\njoints = [{ joint = \"hip\", velocity = \"1 rad/s\", acceleration = \"4 rad/s^2\" }]",
        );
        let mut for_arm = Registration::new("x.arm");
        let arm = Arm::new("x", &arm, &provenance, Geometry::Joints(joints.clone()), &mut for_arm).unwrap();
        let arm = arm.with_stop("x", &stop, &provenance, &mut for_arm);
        let servo: ServoConfig = config(&format!(
            "rate = \"1 kHz\"\njoints = [{{ joint = \"hip\", p = \"{P} N m/rad\", d = \"{D} N m s/rad\" }}]"
        ));
        let drive = ServoDrive {
            actuator: "m".to_owned(),
            effort_per_ampere: EFFORT_PER_AMPERE,
            current_limit_a: 20.0,
            has_brake,
        };
        let mut for_servo = Registration::new("x.servo");
        let servo =
            Servo::new("x", &servo, &provenance, &joints, &[drive], &[vec![1.0]], &mut for_servo).unwrap();
        let servo = servo.with_stop("x", &stop, &joints, &provenance, &mut for_servo);
        let mut for_plant = Registration::new("x.plant");
        for_plant.state::<PlantState>();
        let plant = Plant {
            current: for_plant.read_previous("x.m.current_command"),
            wearer: for_plant.read("wearer"),
            is_silent: for_plant.read("is_silent"),
            measured: for_plant.write(joints.state_group("x.measured_js")),
        };
        let components: Vec<(Registration, Box<dyn Component>)> = vec![
            (for_plant, Box::new(plant)),
            (for_supervisor, Box::new(supervisor)),
            (for_arm, Box::new(arm)),
            (for_servo, Box::new(servo)),
        ];
        let inputs = vec![
            GroupSpec::scalar("wearer", Dimension::TORQUE),
            GroupSpec::scalar("is_silent", Dimension::NUMBER),
        ];
        let mut robot = Robot { bench: Bench::new(inputs, components).unwrap(), now: 0 };
        robot.steps(2);
        robot.command("enable");
        robot.command("home");
        robot.steps(10);
        assert_eq!((robot.get("x.is_homed"), robot.behaviour()), (1.0, "none"));
        robot
    }

    fn steps(&mut self, count: usize) {
        for _ in 0..count {
            self.now += PERIOD_NS;
            for seat in 0..4 {
                self.bench.activate(seat, Time(self.now)).unwrap();
            }
        }
    }

    fn set(&mut self, path: &str, value: f64) {
        self.bench.set(path, Time(self.now), &[value]).unwrap();
    }

    fn command(&mut self, name: &str) {
        let value = StateCommand::NAMES.iter().position(|n| *n == name).unwrap();
        self.set("x.state_command", value as f64);
        self.steps(1);
    }

    fn get(&self, path: &str) -> f64 {
        self.bench.get(path)[0]
    }

    fn position(&self) -> f64 {
        self.get("x.measured_js")
    }

    fn velocity(&self) -> f64 {
        self.bench.get("x.measured_js")[1]
    }

    fn behaviour(&self) -> &'static str {
        StopBehaviour::NAMES[self.get("x.stop_behaviour") as usize]
    }

    fn trip(&self) -> &'static str {
        TRIPS[self.get("x.supervisor.trip") as usize]
    }

    fn brake_is_open(&self) -> bool {
        self.get("x.m.brake.command") == 1.0
    }
}

/// A spasm of 60 N m against a joint that holds: the servo asks for 12 A once the joint has given way by 60/700 rad, more than
/// the 6 A for more than the 30 ms; what comes then is the file's choice.
#[test]
fn a_spasm_trips_and_the_device_does_what_its_file_says() {
    for name in &StopBehaviour::NAMES[1..] {
        let mut robot = Robot::ready("power_off", name, false);
        robot.set("wearer", 60.0);
        let steps = (1..1000).find(|_| {
            robot.steps(1);
            robot.trip() != "none"
        });
        assert_eq!(robot.trip(), "spasm_by_current");
        // Until 6 A are asked for 30 N m of the servo must build up: P x + D v = 30 of a joint pushed by 60 N m.
        assert!(steps.is_some_and(|steps| (31..90).contains(&steps)), "{steps:?}");
        assert_eq!(robot.behaviour(), *name);
        assert_eq!(robot.get("x.operating_state"), 3.0, "FAULT, whatever the drives do");
        robot.steps(1);
        let opens = ["damp", "free", "controlled_descent"].contains(name);
        assert_eq!(robot.brake_is_open(), opens, "{name}");
        let has_current = robot.get("x.m.current_command") != 0.0;
        assert_eq!(has_current, !["power_off", "free"].contains(name), "{name}");
    }
}

/// Held where it was measured at the stop, it gives way by torque over stiffness, and creeps no further.
#[test]
fn locked_it_holds_by_its_servo_and_where_there_is_a_brake_by_that() {
    let mut robot = Robot::ready("lock", "power_off", false);
    robot.steps(50);
    let at = robot.position();
    robot.command("disable");
    assert_eq!(robot.behaviour(), "lock");
    robot.set("wearer", 20.0);
    robot.steps(3000);
    // Critically damped at 3 Hz, nothing is left of the transient after 3 s; what remains is rounding.
    assert!((robot.position() - at - 20.0 / P).abs() < 1e-9, "{} {at}", robot.position());
    assert!(!robot.brake_is_open());

    let mut robot = Robot::ready("lock", "power_off", true);
    robot.command("disable");
    robot.set("wearer", 20.0);
    robot.steps(5);
    assert_eq!(robot.get("x.m.current_command"), 0.0, "its brake holds it");
    robot.command("enable");
    assert_eq!(robot.behaviour(), "none");
    robot.steps(1);
    assert!(robot.brake_is_open());
}

/// Damped it sinks with torque over damping; free it falls with torque over inertia.
#[test]
fn damped_it_sinks_and_free_it_falls() {
    let mut robot = Robot::ready("damp", "power_off", false);
    robot.command("disable");
    robot.set("wearer", 8.0);
    robot.steps(1000);
    // Time constant 2/40 s: e^-20 of the transient is left.
    assert!((robot.velocity() - 8.0 / DAMPING).abs() < 1e-6, "{}", robot.velocity());

    let mut robot = Robot::ready("free", "power_off", false);
    robot.command("disable");
    robot.set("wearer", 8.0);
    let before = robot.velocity();
    robot.steps(100);
    assert!((robot.velocity() - before - 8.0 / INERTIA * 0.1).abs() < 1e-12, "{}", robot.velocity());
}

/// Led to 1 rad at 0.2 rad/s with 4 rad/s²: distance over speed, and once more the time to get up to speed. There it locks.
#[test]
fn it_descends_at_its_speed_and_ends_in_what_the_file_says() {
    let mut robot = Robot::ready("controlled_descent", "power_off", false);
    robot.command("disable");
    let (mut steps, mut fastest) = (0_u32, 0.0_f64);
    while robot.behaviour() == "controlled_descent" {
        robot.steps(1);
        steps += 1;
        let speed = robot.bench.get("x.setpoint_js")[1].abs();
        fastest = if speed > fastest { speed } else { fastest };
        assert!(steps < 10_000);
    }
    assert_eq!(robot.behaviour(), "lock");
    assert!((fastest - 0.2).abs() < 1e-9, "{fastest}");
    let expected_s = 1.0 / 0.2 + 0.2 / 4.0;
    assert!((f64::from(steps) * PERIOD_S - expected_s).abs() < 3.0 * PERIOD_S, "{steps}");
    robot.steps(1000);
    assert!((robot.position() - 1.0).abs() < 1e-6, "{}", robot.position());
}

/// What holds needs feedback: without any the watchdog takes power away, even in the middle of a lock.
#[test]
fn without_feedback_every_behaviour_is_power_off() {
    let mut robot = Robot::ready("lock", "lock", false);
    robot.set("wearer", 60.0);
    robot.steps(300);
    assert_eq!((robot.trip(), robot.behaviour()), ("spasm_by_current", "lock"));
    robot.set("is_silent", 1.0);
    robot.steps(25);
    assert_eq!((robot.trip(), robot.behaviour()), ("watchdog", "power_off"));
    assert_eq!(robot.get("x.m.current_command"), 0.0);
}

/// What a person commands counts more than what a trip chose, and a device that was never on has nothing to hold.
#[test]
fn a_command_after_a_trip_chooses_anew() {
    let mut robot = Robot::ready("free", "lock", false);
    robot.set("wearer", 60.0);
    robot.steps(300);
    assert_eq!(robot.behaviour(), "lock");
    robot.command("disable");
    assert_eq!(robot.behaviour(), "free");
    robot.set("wearer", 0.0);
    robot.command("enable");
    robot.steps(2);
    assert_eq!((robot.behaviour(), robot.trip()), ("none", "none"));
}
