//! Tests of the arm's controller on a bench: the sensors are set by hand, or follow the setpoints.

use super::*;
use crate::inverse::POSITION_TOLERANCE_M;
use crate::kinematics::rotation_between;
use crate::sample::{psm, psm_joints};
use crate::supervisor::TRIPS;
use nalgebra::Isometry3;
use proptest::prelude::*;
use std::collections::BTreeMap;
use trocar_signal::Standing;
use trocar_signal::bench::Bench;
use trocar_signal::quantity::{Duration, Frequency, Ratio};

const PERIOD_NS: u64 = 666_667;
const HOME: [f64; 6] = [0.0, 0.0, 0.1, 0.0, 0.0, 0.0];

/// The published motion limits; the home posture, in the middle at depth, is assumed.
pub(crate) fn psm_config() -> ArmConfig {
    let quantity = |text: &str| Sourced::bare(AnyQuantity::parse(text).unwrap());
    let joint = |name: &str, velocity: &str, acceleration: &str, home: &str, near: &str| ArmJointConfig {
        joint: name.into(),
        velocity: quantity(velocity),
        acceleration: quantity(acceleration),
        home: Some(quantity(home)),
        home_tolerance: Some(quantity(near)),
        servo_jump: None,
        effort: None,
    };
    let arm = |name: &str| joint(name, "90 deg/s", "90 deg/s^2", "0 deg", "3 deg");
    let wrist = |name: &str| joint(name, "1080 deg/s", "720 deg/s^2", "0 deg", "3 deg");
    ArmConfig {
        rate: Frequency::from_si(1500.0),
        compute_time: Sourced::bare(Duration::from_si(0.0)),
        speed: Sourced::bare(Ratio::from_si(1.0)),
        joints: vec![
            arm("yaw"),
            arm("pitch"),
            joint("insertion", "0.2 m/s", "0.2 m/s^2", "100 mm", "5 mm"),
            wrist("roll"),
            wrist("wrist_pitch"),
            wrist("wrist_yaw"),
            wrist("jaw"),
        ],
    }
}

/// An arm on a bench whose plant is perfect: the sensors show the setpoints, unless `holds` keeps them where they are.
struct Rig {
    bench: Bench,
    now: u64,
    measured: [f64; 6],
    jaw: f64,
    holds: bool,
    is_silent: bool,
}

impl Rig {
    fn new(config: &ArmConfig) -> Rig {
        Rig::of(config, Geometry::Chain(psm()))
    }

    fn of(config: &ArmConfig, geometry: Geometry) -> Rig {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
        let mut registration = Registration::new("psm1.arm");
        let arm = Arm::new("psm1", config, &provenance, geometry, &mut registration).unwrap();
        let inputs = vec![
            psm_joints().state_group("psm1.measured_js"),
            jaw_state_group("psm1.jaw.measured_js", crate::JointKind::Revolute),
            GroupSpec::state("psm1.supervisor.trip", &TRIPS),
        ];
        let bench = Bench::new(inputs, vec![(registration, Box::new(arm))]).unwrap();
        let measured = [0.1, -0.1, 0.05, 0.2, 0.0, 0.0];
        Rig { bench, now: 0, measured, jaw: 0.3, holds: false, is_silent: false }
    }

    /// Enabled and homed.
    fn ready() -> Rig {
        let mut rig = Rig::new(&psm_config());
        rig.command("enable");
        rig.command("home");
        rig.run_until_idle();
        assert!(rig.flag("is_homed"));
        rig
    }

    fn step(&mut self) {
        self.now += PERIOD_NS;
        if !self.is_silent {
            let mut values = [0.0; 18];
            values[..6].copy_from_slice(&self.measured);
            self.bench.set("psm1.measured_js", Time(self.now), &values).unwrap();
            self.bench.set("psm1.jaw.measured_js", Time(self.now), &[self.jaw, 0.0, 0.0]).unwrap();
        }
        self.bench.activate(0, Time(self.now)).unwrap();
        if !self.holds {
            let setpoint = self.setpoint();
            self.measured = setpoint;
            self.jaw = self.bench.get("psm1.jaw.setpoint_js")[0];
        }
    }

    fn run_until_idle(&mut self) {
        for _ in 0..100_000 {
            self.step();
            if !self.flag("is_busy") {
                return;
            }
        }
        panic!("it is busy for ever");
    }

    fn send(&mut self, path: &str, values: &[f64]) {
        self.bench.set(&format!("psm1.{path}"), Time(self.now), values).unwrap();
    }

    fn command(&mut self, name: &str) {
        let value = StateCommand::NAMES.iter().position(|n| *n == name).unwrap();
        self.send("state_command", &[value as f64]);
        self.step();
    }

    fn trip(&mut self, name: &str) {
        let value = TRIPS.iter().position(|n| *n == name).unwrap();
        self.send("supervisor.trip", &[value as f64]);
    }

    fn get(&self, path: &str) -> Vec<f64> {
        self.bench.get(&format!("psm1.{path}")).to_vec()
    }

    fn flag(&self, path: &str) -> bool {
        self.get(path)[0] == 1.0
    }

    fn setpoint(&self) -> [f64; 6] {
        self.get("setpoint_js")[..6].try_into().unwrap()
    }

    fn state(&self) -> &'static str {
        OperatingState::NAMES[self.get("operating_state")[0] as usize]
    }

    fn error(&self) -> &'static str {
        Refusal::NAMES[self.get("error")[0] as usize]
    }

    fn refusals(&self) -> f64 {
        self.get("error_event")[0]
    }
}

#[test]
fn the_refusals_have_their_names() {
    assert_eq!(Refusal::NAMES[Refusal::None as usize], "none");
    assert_eq!(Refusal::NAMES[Refusal::JointLimit as usize], "joint_limit");
    assert_eq!(Refusal::NAMES[Refusal::HomingFailed as usize], "homing_failed");
}

/// Every row of CRTK's table, through the component: 4 states by 6 commands.
#[test]
fn state_commands_do_what_the_table_says() {
    for from in OperatingState::ALL {
        for command in StateCommand::ALL {
            let mut rig = Rig::ready();
            match from {
                OperatingState::Enabled => {}
                OperatingState::Disabled => rig.command("disable"),
                OperatingState::Paused => rig.command("pause"),
                OperatingState::Fault => {
                    rig.trip("tracking_error");
                    rig.step();
                }
            }
            let name = OperatingState::NAMES[from.index() as usize];
            assert_eq!(rig.state(), name);
            let refusals = rig.refusals();
            rig.send("state_command", &[command as usize as f64]);
            rig.step();
            let after = from.after(command);
            let expected = OperatingState::NAMES[after.unwrap_or(from).index() as usize];
            assert_eq!(rig.state(), expected, "{name}, {command:?}");
            assert_eq!(
                rig.refusals() - refusals,
                f64::from(u8::from(after.is_none())),
                "{name}, {command:?}"
            );
            assert_eq!(rig.error(), if after.is_none() { "invalid_command" } else { "none" });
            let homed =
                command != StateCommand::Unhome && !(command == StateCommand::Home && after.is_some());
            assert_eq!(rig.flag("is_homed"), homed, "{name}, {command:?}");
        }
    }
}

#[test]
fn numbers_that_are_no_command_are_refused() {
    let mut rig = Rig::new(&psm_config());
    for (count, value) in [-1.0, 0.5, 6.0, 1e300].into_iter().enumerate() {
        rig.send("state_command", &[value]);
        rig.step();
        assert_eq!((rig.state(), rig.error()), ("DISABLED", "invalid_command"));
        assert_eq!(rig.refusals(), (count + 1) as f64);
    }
}

#[test]
fn setpoints_follow_the_sensors_without_power_and_hold_with_it() {
    let mut rig = Rig::new(&psm_config());
    rig.holds = true;
    rig.step();
    assert_eq!(rig.setpoint(), rig.measured);
    rig.measured[0] = 0.2;
    rig.command("enable");
    assert_eq!(rig.setpoint()[0], 0.2, "power comes on where the arm is");
    rig.measured[0] = 0.25;
    rig.step();
    assert_eq!(rig.setpoint()[0], 0.2, "the setpoint holds against what pulls");
    rig.command("disable");
    assert_eq!(rig.setpoint()[0], 0.25);
}

#[test]
fn without_feedback_it_cannot_be_enabled() {
    let mut rig = Rig::new(&psm_config());
    rig.is_silent = true;
    rig.command("enable");
    assert_eq!((rig.state(), rig.error()), ("DISABLED", "no_feedback"));
    rig.is_silent = false;
    rig.command("enable");
    assert_eq!((rig.state(), rig.error()), ("ENABLED", "none"));
}

#[test]
fn homing_moves_to_the_posture_and_sets_the_flag() {
    let mut rig = Rig::new(&psm_config());
    rig.command("enable");
    rig.command("home");
    assert!(rig.flag("is_busy") && !rig.flag("is_homed"));
    // A move is not ready before; the insertion needs longest: 50 mm at 0.2 m/s² is a triangle of 1 s.
    rig.send("servo_jp", &HOME);
    rig.step();
    assert_eq!(rig.error(), "not_ready");
    let started = rig.now;
    rig.run_until_idle();
    assert!(rig.flag("is_homed") && rig.state() == "ENABLED");
    assert_eq!((rig.setpoint(), rig.jaw), (HOME, 0.0));
    let took_s = (rig.now - started) as f64 * 1e-9;
    assert!((took_s - 1.0).abs() < 3.0 * PERIOD_NS as f64 * 1e-9, "{took_s}");
}

#[test]
fn homing_that_does_not_arrive_is_a_fault_of_the_device() {
    let mut rig = Rig::new(&psm_config());
    rig.holds = true;
    rig.command("enable");
    rig.command("home");
    let ends = rig.now + 1_000_000_000 + 2_000_000_000;
    while rig.state() == "ENABLED" {
        rig.step();
        assert!(rig.now < ends + 4 * PERIOD_NS);
    }
    assert!(rig.now >= ends - 4 * PERIOD_NS, "it waits 2 s for the arm to settle");
    assert_eq!((rig.state(), rig.error(), rig.flag("is_homed")), ("FAULT", "homing_failed", false));
    // No supervisor withdraws this one: it stays until a retry.
    rig.step();
    assert_eq!(rig.state(), "FAULT");
    rig.command("enable");
    assert_eq!(rig.state(), "ENABLED");
}

#[test]
fn a_robot_without_a_home_is_homed_where_it_stands() {
    let mut config = psm_config();
    for joint in &mut config.joints {
        (joint.home, joint.home_tolerance) = (None, None);
    }
    let mut rig = Rig::new(&config);
    let before = rig.measured;
    rig.command("enable");
    rig.command("home");
    rig.step();
    assert!(rig.flag("is_homed") && !rig.flag("is_busy"));
    assert_eq!(rig.setpoint(), before);
}

#[test]
fn moves_are_queued_and_run_one_after_the_other() {
    let mut rig = Rig::ready();
    let (first, second) = ([0.2, 0.0, 0.1, 0.0, 0.0, 0.0], [0.2, 0.3, 0.1, 0.0, 0.0, 0.0]);
    rig.send("move_jp", &first);
    rig.step();
    assert!(rig.flag("is_busy"));
    rig.send("move_jp", &second);
    let mut has_passed_first = false;
    for _ in 0..10_000 {
        rig.step();
        has_passed_first |= rig.setpoint() == first;
        assert!(has_passed_first || rig.setpoint()[1] == 0.0, "the second starts after the first has ended");
        if !rig.flag("is_busy") && rig.setpoint() == second {
            break;
        }
    }
    assert!(has_passed_first);
    assert_eq!(rig.setpoint(), second);
    assert_eq!(rig.get("setpoint_js")[6..12], [0.0; 6], "at rest");
}

#[test]
fn of_two_moves_that_wait_the_earlier_goes_first() {
    let mut rig = Rig::ready();
    let joint_goal = [0.2, 0.0, 0.1, 0.0, 0.0, 0.0];
    let tip_goal = pose_values(&psm().forward(&[-0.2, 0.0, 0.1, 0.0, 0.0, 0.0]));
    rig.send("move_cp", &tip_goal);
    rig.now += 1;
    rig.send("move_jp", &joint_goal);
    let mut leftmost: f64 = 0.0;
    for _ in 0..3000 {
        rig.step();
        leftmost = trocar_math::min(leftmost, rig.setpoint()[0]);
    }
    // The tolerance of the inverse kinematics.
    assert!((leftmost + 0.2).abs() < 1e-8, "first to the tip's goal, {leftmost}");
    assert_eq!(rig.setpoint(), joint_goal);
}

#[test]
fn a_servo_command_supersedes_at_once_and_ends_a_move() {
    let mut rig = Rig::ready();
    rig.send("move_jp", &[0.5, 0.0, 0.1, 0.0, 0.0, 0.0]);
    for _ in 0..100 {
        rig.step();
    }
    assert!(rig.flag("is_busy"));
    let here = [0.01, 0.0, 0.1, 0.0, 0.0, 0.0];
    rig.send("servo_jp", &[0.9, 0.9, 0.1, 0.0, 0.0, 0.0]);
    rig.send("servo_jp", &here);
    rig.step();
    assert_eq!(rig.setpoint(), here, "the later of two counts");
    assert!(!rig.flag("is_busy"));
    assert_eq!(rig.get("setpoint_js")[6..12], [0.0; 6]);
    rig.step();
    assert_eq!(rig.setpoint(), here);
}

#[test]
fn the_tip_goes_to_its_goal() {
    let mut rig = Rig::ready();
    let goal = psm().forward(&[0.3, 0.2, 0.15, 1.0, 0.4, -0.5]);
    rig.send("move_cp", &pose_values(&goal));
    rig.run_until_idle();
    let reached = pose_from_values(&rig.get("setpoint_cp")).unwrap();
    assert!((reached.translation.vector - goal.translation.vector).norm() < POSITION_TOLERANCE_M);
    assert!(rotation_between(&reached.rotation, &goal.rotation).norm() < 1e-9);
    rig.step();
    let measured = pose_from_values(&rig.get("measured_cp")).unwrap();
    assert!((measured.translation.vector - goal.translation.vector).norm() < POSITION_TOLERANCE_M);
    // A stream of nearby goals.
    for k in 1..50 {
        let mut next = goal;
        next.translation.vector.x += 1e-4 * f64::from(k);
        rig.send("servo_cp", &pose_values(&next));
        rig.step();
        let reached = pose_from_values(&rig.get("setpoint_cp")).unwrap();
        assert!((reached.translation.vector - next.translation.vector).norm() < POSITION_TOLERANCE_M);
    }
    assert_eq!(rig.error(), "none");
}

#[test]
fn what_cannot_be_done_is_refused_and_moves_nothing() {
    let mut config = psm_config();
    config.joints[0].servo_jump = Some(Sourced::bare(AnyQuantity::parse("1 deg").unwrap()));
    config.joints[6].servo_jump = Some(Sourced::bare(AnyQuantity::parse("1 deg").unwrap()));
    let mut rig = Rig::new(&config);
    rig.command("enable");
    rig.command("home");
    rig.run_until_idle();
    let deep = psm().forward(&[0.0, 0.0, 0.3, 0.0, 0.0, 0.0]);
    let not_a_pose = [0.0, 0.0, -0.1, 0.0, 0.0, 0.0, 0.0];
    let near_centre = pose_values(&Isometry3::translation(0.0, 0.0, -0.5e-3));
    let cases: [(&str, Vec<f64>, &str); 9] = [
        ("move_jp", vec![1.6, 0.0, 0.1, 0.0, 0.0, 0.0], "joint_limit"),
        ("servo_jp", vec![0.0, 0.0, -0.001, 0.0, 0.0, 0.0], "joint_limit"),
        ("servo_jp", vec![0.02, 0.0, 0.1, 0.0, 0.0, 0.0], "jump"),
        ("move_cp", pose_values(&deep).to_vec(), "joint_limit"),
        ("servo_cp", pose_values(&deep).to_vec(), "joint_limit"),
        ("move_cp", near_centre.to_vec(), "too_close_to_remote_centre"),
        ("move_cp", not_a_pose.to_vec(), "invalid_command"),
        ("jaw.move_jp", vec![2.0], "joint_limit"),
        ("jaw.servo_jp", vec![0.1], "jump"),
    ];
    for (count, (path, values, refusal)) in cases.into_iter().enumerate() {
        rig.send(path, &values);
        rig.step();
        assert_eq!(rig.error(), refusal, "{path} {values:?}");
        assert_eq!(rig.refusals(), (count + 1) as f64);
        assert_eq!((rig.setpoint(), rig.get("jaw.setpoint_js")[0]), (HOME, 0.0));
        assert!(!rig.flag("is_busy"));
    }
    // The reason stands until a command is accepted.
    rig.step();
    assert_eq!(rig.error(), "jump");
    rig.send("servo_jp", &[0.01, 0.0, 0.1, 0.0, 0.0, 0.0]);
    rig.step();
    assert_eq!(rig.error(), "none");
}

#[test]
fn motion_commands_need_an_enabled_and_homed_device() {
    for prepare in [&[][..], &["enable"], &["enable", "home", "pause"], &["enable", "home", "unhome"]] {
        let mut rig = Rig::new(&psm_config());
        for command in prepare {
            rig.command(command);
            if *command == "home" {
                rig.run_until_idle();
            }
        }
        rig.step();
        let before = rig.setpoint();
        for path in ["servo_jp", "move_jp"] {
            rig.send(path, &[0.01, 0.0, 0.1, 0.0, 0.0, 0.0]);
            rig.step();
            assert_eq!(rig.error(), "not_ready", "{prepare:?} {path}");
        }
        rig.send("jaw.servo_jp", &[0.1]);
        rig.step();
        assert_eq!(rig.refusals(), 3.0);
        assert_eq!(rig.setpoint(), before);
    }
}

#[test]
fn a_pause_stops_on_the_way_and_resume_moves_nothing() {
    let mut rig = Rig::ready();
    rig.send("move_jp", &[1.0, 0.0, 0.2, 0.0, 0.0, 0.0]);
    for _ in 0..600 {
        rig.step();
    }
    let velocity = rig.get("setpoint_js")[6];
    assert!(velocity > 0.1);
    rig.command("pause");
    assert!(!rig.flag("is_busy"));
    let mut last = rig.get("setpoint_js");
    for _ in 0..3000 {
        rig.step();
        let next = rig.get("setpoint_js");
        let limit = 90.0 * std::f64::consts::PI / 180.0 * PERIOD_NS as f64 * 1e-9;
        assert!((next[6] - last[6]).abs() <= limit * (1.0 + 1e-9), "within the limit of acceleration");
        assert!(next[0] >= last[0] && next[0] < 1.0, "on its way");
        last = next;
    }
    assert_eq!(last[6], 0.0);
    rig.command("resume");
    for _ in 0..10 {
        rig.step();
    }
    assert_eq!((rig.state(), rig.get("setpoint_js")), ("ENABLED", last));
    rig.send("move_jp", &HOME);
    rig.run_until_idle();
    assert_eq!(rig.setpoint(), HOME);
}

#[test]
fn a_trip_takes_power_away_until_a_retry() {
    let mut rig = Rig::ready();
    rig.send("move_jp", &[0.5, 0.0, 0.1, 0.0, 0.0, 0.0]);
    for _ in 0..300 {
        rig.step();
    }
    rig.trip("tracking_error");
    rig.step();
    assert_eq!((rig.state(), rig.flag("is_busy")), ("FAULT", false));
    rig.step();
    assert_eq!(rig.state(), "FAULT");
    // The retry counts although the trip still stands; the supervisor then withdraws it.
    rig.command("enable");
    assert_eq!(rig.state(), "ENABLED");
    rig.step();
    assert_eq!(rig.state(), "ENABLED");
    rig.trip("none");
    rig.step();
    assert!(rig.flag("is_homed"), "a fault does not unhome");
    // A new trip counts at once.
    rig.trip("watchdog");
    rig.step();
    assert_eq!(rig.state(), "FAULT");
    // Without a withdrawal the grace ends.
    rig.command("enable");
    for _ in 0..RETRY_GRACE {
        rig.step();
    }
    assert_eq!(rig.state(), "FAULT");
    // A fault that goes away leads to DISABLED.
    rig.trip("none");
    rig.step();
    assert_eq!(rig.state(), "DISABLED");
}

#[test]
fn a_device_that_is_tripped_from_the_start_goes_to_fault() {
    let mut rig = Rig::new(&psm_config());
    rig.trip("watchdog");
    rig.step();
    assert_eq!(rig.state(), "FAULT");
}

#[test]
fn the_speed_acts_on_motions_that_start_after_it() {
    let time = |speed: f64| {
        let mut rig = Rig::ready();
        rig.bench.set_parameter("psm1.arm.speed", speed).unwrap();
        let start = rig.now;
        rig.send("move_jp", &[0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        rig.run_until_idle();
        (rig.now - start) as f64 * 1e-9
    };
    // 100 mm at 0.2 m/s² is a triangle of 2 √(0.1/0.2) s; with half the speed √2 longer.
    assert!((time(1.0) - 2.0 * 0.5f64.sqrt()).abs() < 2e-3);
    assert!((time(0.5) - 2.0).abs() < 2e-3);
    // Nonsense is confined: full speed at most.
    assert_eq!(time(7.0), time(1.0));
}

/// Slowed down on the way to a limit, a pause and a new motion still brake in time.
#[test]
fn a_lower_speed_on_the_way_does_not_lengthen_the_stop() {
    for command in ["pause", "home"] {
        let mut rig = Rig::ready();
        rig.send("move_jp", &[0.0, 0.0, 0.24, 0.0, 0.0, 0.0]);
        for _ in 0..1000 {
            rig.step();
        }
        assert!(rig.get("setpoint_js")[8] > 0.1, "fast on the way");
        rig.bench.set_parameter("psm1.arm.speed", 0.05).unwrap();
        rig.command(command);
        for _ in 0..5000 {
            assert!(rig.setpoint()[2] <= 0.24, "{command}");
            rig.step();
        }
    }
}

#[test]
fn jaw_and_joints_move_independently() {
    let mut rig = Rig::ready();
    rig.send("move_jp", &[0.3, 0.0, 0.1, 0.0, 0.0, 0.0]);
    rig.send("jaw.move_jp", &[0.5]);
    rig.step();
    rig.send("jaw.servo_jp", &[0.1]);
    rig.step();
    assert!(rig.flag("is_busy"), "the joints still move");
    assert_eq!(rig.get("jaw.setpoint_js"), [0.1, 0.0, 0.0]);
    rig.run_until_idle();
    assert_eq!(rig.setpoint()[0], 0.3);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Whatever clients send, in any order, at any speed: setpoints stay inside the limits, only an enabled device is
    /// busy, and in the end it can be enabled and homed.
    #[test]
    fn any_sequence_of_commands_is_survived(
        commands in prop::collection::vec((0usize..9, -2.0f64..2.0, prop::array::uniform6(-2.0f64..2.0)), 1..60),
    ) {
        let mut rig = Rig::ready();
        for (kind, x, q) in commands {
            rig.bench.set_parameter("psm1.arm.speed", 0.3 * x + 0.5).unwrap();
            let pose = pose_values(&psm().forward(&[q[0], q[1] / 2.0, 0.1 + q[2] / 40.0, q[3], q[4] / 2.0, q[5] / 2.0]));
            match kind {
                0 => rig.send("state_command", &[(x * 2.0 + 3.0).floor()]),
                1 => rig.send("state_command", &[0.0]),
                2 => rig.send("state_command", &[4.0]),
                3 => rig.send("servo_jp", &q),
                4 => rig.send("move_jp", &[q[0], q[1] / 2.0, 0.12 + q[2] / 20.0, q[3], q[4] / 2.0, q[5] / 2.0]),
                5 => rig.send("servo_cp", &pose),
                6 => rig.send("move_cp", &pose),
                7 => rig.send("jaw.move_jp", &[x]),
                _ => rig.trip(TRIPS[((x + 2.0) * 0.7).floor() as usize % 3]),
            }
            for _ in 0..40 {
                rig.step();
                for (joint, q) in psm_joints().joints().iter().zip(rig.setpoint()) {
                    // The start posture and what follows from it lie inside; only rounding of a trajectory may add.
                    prop_assert!(q > joint.lower - 1e-12 && q < joint.upper + 1e-12, "{} {}", joint.name, q);
                }
                prop_assert!(!rig.flag("is_busy") || rig.state() == "ENABLED");
            }
        }
        rig.bench.set_parameter("psm1.arm.speed", 1.0).unwrap();
        rig.trip("none");
        rig.step();
        rig.command("disable");
        rig.command("enable");
        rig.command("home");
        rig.run_until_idle();
        prop_assert!(rig.flag("is_homed"));
    }
}

/// Without a tip the joints are moved as with one, to the bit, and nothing Cartesian is there.
#[test]
fn without_a_tip_the_joints_move_all_the_same() {
    let mut with = Rig::new(&psm_config());
    let mut without = Rig::of(&psm_config(), Geometry::Joints(psm_joints()));
    let groups = |rig: &Rig| -> Vec<String> {
        rig.bench.table().0.groups().map(|(_, spec)| spec.path.clone()).collect()
    };
    let cartesian = ["psm1.servo_cp", "psm1.move_cp", "psm1.setpoint_cp", "psm1.measured_cp"];
    assert!(cartesian.iter().all(|path| groups(&with).contains(&(*path).to_owned())));
    let joints: Vec<String> =
        groups(&with).into_iter().filter(|path| !cartesian.contains(&&**path)).collect();
    assert_eq!(groups(&without), joints);
    for rig in [&mut with, &mut without] {
        rig.command("enable");
        rig.command("home");
        rig.run_until_idle();
        rig.send("move_jp", &[0.2, -0.3, 0.15, 0.5, 0.1, -0.1]);
        for _ in 0..300 {
            rig.step();
        }
        rig.send("servo_jp", &[0.21, -0.31, 0.16, 0.5, 0.1, -0.1]);
        rig.send("jaw.move_jp", &[0.5]);
        rig.run_until_idle();
        rig.send("servo_jp", &[99.0, 0.0, 0.1, 0.0, 0.0, 0.0]);
        rig.step();
        assert_eq!(rig.error(), "joint_limit");
    }
    for path in joints {
        let of = path.trim_start_matches("psm1.");
        assert_eq!(with.get(of), without.get(of), "{of}");
    }
}

/// The arm with an effort for each joint: 10 N m, and 20 N of the insertion.
fn ready_for_efforts() -> Rig {
    let mut config = psm_config();
    let joints = psm_joints();
    for (at, joint) in joints.joints().iter().enumerate() {
        let text = if joint.kind == crate::JointKind::Revolute { "10 N m" } else { "20 N" };
        config.joints[at].effort = Some(Sourced::bare(AnyQuantity::parse(text).unwrap()));
    }
    assert_eq!(config.check(&joints), []);
    let mut rig = Rig::new(&config);
    rig.command("enable");
    rig.command("home");
    rig.run_until_idle();
    rig
}

fn mode(rig: &Rig) -> &'static str {
    CONTROL_MODES[rig.get("control_mode")[0] as usize]
}

fn efforts(rig: &Rig) -> Vec<f64> {
    rig.get("setpoint_js")[12..].to_vec()
}

#[test]
fn efforts_hold_until_a_position_supersedes_them_and_positions_begin_where_the_joints_are() {
    let mut rig = ready_for_efforts();
    assert_eq!((mode(&rig), efforts(&rig)), ("position", vec![0.0; 6]));
    let asked = [1.0, -10.0, 20.0, 0.5, 0.0, -0.25];
    rig.send("servo_jf", &asked);
    rig.step();
    assert_eq!((mode(&rig), efforts(&rig), rig.error()), ("effort", asked.to_vec(), "none"));
    // The joints go where the efforts take them, and the setpoint with them.
    rig.holds = true;
    for _ in 0..100 {
        rig.measured[0] += 0.001;
        rig.step();
        assert_eq!((mode(&rig), rig.setpoint()), ("effort", rig.measured));
    }
    let here = rig.measured;
    rig.holds = false;
    rig.send("move_jp", &HOME);
    rig.step();
    assert_eq!((mode(&rig), efforts(&rig)), ("position", vec![0.0; 6]));
    assert!((rig.setpoint()[0] - here[0]).abs() < 1e-4, "one period into the move");
    rig.run_until_idle();
    assert_eq!(rig.setpoint(), HOME);
}

#[test]
fn efforts_end_a_move_and_end_with_a_pause_or_without_power() {
    for command in ["pause", "disable", "unhome"] {
        let mut rig = ready_for_efforts();
        rig.send("move_jp", &[0.5, 0.0, 0.1, 0.0, 0.0, 0.0]);
        (0..100).for_each(|_| rig.step());
        rig.send("servo_jf", &[1.0; 6]);
        rig.step();
        assert_eq!((mode(&rig), rig.flag("is_busy")), ("effort", false));
        rig.command(command);
        assert_eq!((mode(&rig), efforts(&rig)), ("position", vec![0.0; 6]), "{command}");
    }
    let mut rig = ready_for_efforts();
    rig.send("servo_jf", &[1.0; 6]);
    rig.step();
    rig.trip("tracking_error");
    rig.step();
    assert_eq!((mode(&rig), rig.state()), ("position", "FAULT"));
}

#[test]
fn efforts_beyond_a_limit_or_of_a_device_that_is_not_ready_are_refused_as_a_whole() {
    let mut rig = ready_for_efforts();
    for asked in [[10.001, 0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, -20.001, 0.0, 0.0, 0.0]] {
        rig.send("servo_jf", &asked);
        rig.step();
        assert_eq!((mode(&rig), rig.error(), rig.setpoint()), ("position", "effort_limit", HOME));
    }
    rig.command("pause");
    rig.send("servo_jf", &[0.0; 6]);
    rig.step();
    assert_eq!((mode(&rig), rig.error()), ("position", "not_ready"));
}

#[test]
fn an_effort_stands_at_every_joint_and_not_at_the_jaw() {
    let effort = |text: &str| Some(Sourced::bare(AnyQuantity::parse(text).unwrap()));
    let mut config = psm_config();
    config.joints[0].effort = effort("10 N m");
    config.joints[2].effort = effort("10 N m");
    config.joints[6].effort = effort("1 N m");
    let keys: Vec<String> = config.check(&psm_joints()).into_iter().map(|p| p.key).collect();
    let missing = [1, 3, 4, 5].map(|i| format!("joints[{i}].effort"));
    assert!(missing.iter().all(|key| keys.contains(key)), "{keys:?}");
    assert!(keys.contains(&"joints[6].effort".to_owned()) && keys.contains(&"joints[2].effort".to_owned()));
    assert_eq!(keys.len(), 6);
}
