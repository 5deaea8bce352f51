//! The assistance and the motion interface that takes its setpoints, on one joint that a test puts where it likes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use nalgebra::{Isometry3, Matrix3, Vector3};
use std::collections::BTreeMap;
use trocar_control::assistance::{ASSISTANCE_COMMANDS, ASSISTANCE_STATES, Stride};
use trocar_control::crtk::StateCommand;
use trocar_control::supervisor::TRIPS;
use trocar_control::{
    Arm, ArmConfig, ArmJoints, Assistance, AssistanceConfig, Geometry, Joint, OwnFriction, OwnModel, Refusal,
};
use trocar_dynamics::{
    CoordinateKind, FrameId, Inertia, JointVariable, Mechanism, MechanismBuilder, Placement,
};
use trocar_signal::bench::Bench;
use trocar_signal::{Component, GroupSpec, Provenance, Registration, Standing, Time};

const PERIOD_NS: u64 = 2_000_000;
const MASS_KG: f64 = 3.0;
const LEVER_M: f64 = 0.4;
const GRAVITY_MPS2: f64 = 9.81;
const STRIDE: [f64; 6] = [0.2, 0.5, 0.3, 0.0, -0.2, 0.0];
const COULOMB_NM: f64 = 4.0;
const VISCOUS: f64 = 5.0;

fn config(kind: &str) -> AssistanceConfig {
    let text = format!(
        "kind = \"{kind}\"\nrate = \"500 Hz\"\nstride_time = \"1 s\"\nlead_in = \"0.5 s\"\ngravity = \"100 %\"\n\
         friction = \"50 %\"\nfriction_speed = \"0.05 rad/s\"\nforgetting = \"80 %\"\n\
         joints = [{{ joint = \"hip\", stride = [\"0.2 rad\", \"0.5 rad\", \"0.3 rad\", \"0 rad\", \"-0.2 rad\", \"0 rad\"], \
         stiffness = \"100 N m/rad\", damping = \"0 N m s/rad\", dead_band = \"0.05 rad\", learning = \"10 N m/rad\" }}]"
    );
    toml::from_str(&text).unwrap()
}

fn joints() -> ArmJoints {
    ArmJoints::new(vec![Joint::revolute("hip", -1.0, 2.0)], None).unwrap()
}

/// A rod about a level axis, which hangs at zero.
fn pendulum() -> Mechanism {
    let mut builder = MechanismBuilder::new(Vector3::new(0.0, -GRAVITY_MPS2, 0.0), Isometry3::identity());
    let hip = builder.coordinate("hip", CoordinateKind::Revolute);
    let placement = Placement::Fixed(Isometry3::identity());
    let variable = JointVariable::revolute(&[(hip, 1.0)]);
    let thigh = builder.frame("thigh", FrameId::BASE, placement, Some(variable));
    let inertia = Inertia {
        mass_kg: MASS_KG,
        centre_of_mass_m: Vector3::new(0.0, -LEVER_M, 0.0),
        about_centre_kgm2: Matrix3::from_diagonal_element(0.05),
    };
    builder.body(thigh, &inertia).unwrap();
    builder.build().unwrap()
}

struct Robot {
    bench: Bench,
    now: u64,
    state: [f64; 2],
}

impl Robot {
    fn ready(kind: &str) -> Robot {
        let citations = BTreeMap::new();
        let provenance = Provenance { sources: &citations, source: None, standing: Standing::Assumed };
        let mut for_assistance = Registration::new("x.assistance");
        let friction = vec![OwnFriction { row: vec![1.0], coulomb: COULOMB_NM, viscous: VISCOUS }];
        let model = OwnModel { mechanism: pendulum(), friction };
        let assistance =
            Assistance::new("x", &config(kind), &provenance, &joints(), model, &mut for_assistance).unwrap();
        let arm: ArmConfig = toml::from_str(
            "rate = \"500 Hz\"\njoints = [{ joint = \"hip\", velocity = \"3 rad/s\", acceleration = \"10 rad/s^2\", effort = \"30 N m\" }]",
        )
        .unwrap();
        let mut for_arm = Registration::new("x.arm");
        let arm = Arm::new("x", &arm, &provenance, Geometry::Joints(joints()), &mut for_arm).unwrap();
        let arm = arm.with_assistance("x", &mut for_arm);
        let inputs =
            vec![joints().state_group("x.measured_js"), GroupSpec::state("x.supervisor.trip", &TRIPS)];
        let components: Vec<(Registration, Box<dyn Component>)> =
            vec![(for_assistance, Box::new(assistance)), (for_arm, Box::new(arm))];
        let mut robot = Robot { bench: Bench::new(inputs, components).unwrap(), now: 0, state: [0.1, 0.0] };
        robot.step();
        for command in ["enable", "home"] {
            let value = StateCommand::NAMES.iter().position(|n| *n == command).unwrap();
            robot.set("x.state_command", &[value as f64]);
            robot.step();
        }
        robot.step();
        assert_eq!((robot.get("x.is_homed"), robot.assistance()), (1.0, "off"));
        robot
    }

    fn set(&mut self, path: &str, values: &[f64]) {
        self.bench.set(path, Time(self.now), values).unwrap();
    }

    fn step(&mut self) {
        self.now += PERIOD_NS;
        let state = self.state;
        self.set("x.measured_js", &[state[0], state[1], 0.0]);
        for seat in 0..2 {
            self.bench.activate(seat, Time(self.now)).unwrap();
        }
    }

    fn command(&mut self, name: &str) {
        let value = ASSISTANCE_COMMANDS.iter().position(|n| *n == name).unwrap();
        self.set("x.assistance.command", &[value as f64]);
        self.step();
    }

    fn state_command(&mut self, name: &str) {
        let value = StateCommand::NAMES.iter().position(|n| *n == name).unwrap();
        self.set("x.state_command", &[value as f64]);
        self.step();
    }

    fn get(&self, path: &str) -> f64 {
        self.bench.get(path)[0]
    }

    /// Position, velocity and effort that the servo is to follow.
    fn setpoint(&self) -> [f64; 3] {
        self.bench.get("x.setpoint_js").try_into().unwrap()
    }

    fn assistance(&self) -> &'static str {
        ASSISTANCE_STATES[self.get("x.assistance.state") as usize]
    }

    fn steps_until(&mut self, state: &str) -> usize {
        for count in 0..5000 {
            if self.assistance() == state {
                return count;
            }
            self.step();
        }
        panic!("never {state}");
    }
}

/// From 0.1 rad within half a second to the stride's first point, then along the stride with its velocity; told to stop in the
/// middle, it ends the stride.
#[test]
fn playback_leads_in_strides_and_stops_at_a_strides_end() {
    let mut robot = Robot::ready("gait_playback");
    robot.command("start");
    assert_eq!(robot.assistance(), "leading");
    let middle = (0..125).map(|_| robot.step()).count();
    assert_eq!(middle, 125);
    // Half of the lead-in: half of the way, at one and a half times the mean speed.
    let [position, velocity, effort] = robot.setpoint();
    assert!(
        (position - 0.15).abs() < 1e-12 && (velocity - 1.5 * 0.1 / 0.5).abs() < 1e-12,
        "{position} {velocity}"
    );
    assert_eq!((effort, robot.get("x.control_mode")), (0.0, 0.0));
    robot.steps_until("on");
    let stride = Stride::new(STRIDE.to_vec());
    let began = robot.now;
    for _ in 0..1250 {
        let phase = ((robot.now - began) % 1_000_000_000) as f64 * 1e-9;
        let (position, slope) = stride.at(phase);
        let setpoint = robot.setpoint();
        // Rounding of a phase that counts from each stride's beginning.
        assert!((setpoint[0] - position).abs() < 1e-12 && (setpoint[1] - slope).abs() < 1e-9, "{phase}");
        assert!((robot.get("x.assistance.phase") - phase).abs() < 1e-12);
        robot.step();
    }
    assert_eq!(robot.get("x.assistance.strides"), 2.0);
    robot.command("stop");
    assert_eq!(robot.assistance(), "stopping");
    robot.steps_until("off");
    assert_eq!(robot.get("x.assistance.strides"), 3.0);
    assert!((robot.now - began) % 1_000_000_000 < PERIOD_NS, "at the stride's end");
    // The joint comes to rest at its limit of acceleration: the stride ends with 0.3 rad per sixth of a second.
    (0..200).for_each(|_| robot.step());
    let [position, velocity, _] = robot.setpoint();
    assert_eq!(velocity, 0.0);
    let speed = stride.at(0.0).1;
    assert!((position - STRIDE[0] - speed * speed / 20.0).abs() < 2e-2, "{position}");
}

/// The weight of a pendulum, and half of its friction, by hand.
#[test]
fn transparent_carries_the_weight_and_a_share_of_the_friction() {
    let mut robot = Robot::ready("transparent");
    robot.command("start");
    assert_eq!((robot.assistance(), robot.get("x.control_mode")), ("on", 1.0));
    for (q, v) in [(0.0, 0.0), (0.5, 0.0), (-0.7, 0.2), (1.2, -0.05)] {
        robot.state = [q, v];
        robot.step();
        let weight = MASS_KG * GRAVITY_MPS2 * LEVER_M * trocar_math::sin(q);
        let friction = VISCOUS * v + COULOMB_NM * v / (v * v + 0.05 * 0.05_f64).sqrt();
        let [position, velocity, effort] = robot.setpoint();
        assert!((effort - weight - 0.5 * friction).abs() < 1e-12, "{q} {v}: {effort}");
        assert_eq!((position, velocity), (q, 0.0), "the setpoint goes along");
    }
    robot.command("stop");
    assert_eq!((robot.assistance(), robot.get("x.control_mode")), ("off", 0.0));
}

/// Held away from the stride by a constant distance: within the dead band nothing but the weight; beyond it the stiffness, and what
/// is learned grows as g e (1 − fⁿ)/(1 − f).
#[test]
fn impedance_pulls_beyond_its_dead_band_and_learns_what_is_needed() {
    for (astray, beyond) in [(0.04, 0.0), (0.15, 0.1), (-0.15, -0.1)] {
        let mut robot = Robot::ready("impedance");
        robot.command("start");
        robot.steps_until("on");
        let stride = Stride::new(STRIDE.to_vec());
        let began = robot.now;
        for _ in 0..2200 {
            // Where the joint is when the next activation reads it.
            let phase = ((robot.now + PERIOD_NS - began) % 1_000_000_000) as f64 * 1e-9;
            robot.state = [stride.at(phase).0 - astray, 0.0];
            robot.step();
        }
        // 4.4 s: in the fifth stride, four parts of it and more have been met five times; those learned values stand on both sides.
        let strides = (robot.now - began) / 1_000_000_000;
        assert_eq!(strides, 4);
        let weight = MASS_KG * GRAVITY_MPS2 * LEVER_M * trocar_math::sin(robot.state[0]);
        let learned = |n: i32| 10.0 * beyond * (1.0 - trocar_math::powi(0.8, n)) / 0.2;
        // At phase 0.4 the eighth part (counted from 0) has just begun; the next one was met four times.
        let pulled = 100.0 * beyond + learned(5);
        let effort = robot.setpoint()[2];
        assert!((effort - weight - pulled).abs() < 1e-9, "{astray}: {} {pulled}", effort - weight);
    }
}

#[test]
fn a_device_that_is_not_enabled_is_not_led_and_clients_wait_while_it_is() {
    let mut robot = Robot::ready("gait_playback");
    robot.command("start");
    robot.steps_until("on");
    robot.set("x.servo_jp", &[0.1]);
    robot.step();
    assert_eq!(Refusal::NAMES[robot.get("x.error") as usize], "assisted");
    robot.state_command("pause");
    robot.step();
    assert_eq!(robot.assistance(), "off");
    robot.command("start");
    assert_eq!(robot.assistance(), "off", "a device that pauses is not led");
    robot.state_command("resume");
    robot.set("x.servo_jp", &[0.1]);
    robot.step();
    assert_eq!((robot.get("x.error"), robot.setpoint()[0]), (0.0, 0.1));
}

/// More than what may be asked of the joint is never asked: the rest is cut off.
#[test]
fn efforts_stay_within_what_may_be_asked_for() {
    let mut robot = Robot::ready("impedance");
    robot.state = [-0.9, 0.0];
    robot.command("start");
    robot.steps_until("on");
    robot.step();
    assert_eq!(robot.setpoint()[2], 30.0);
}

#[test]
fn a_bad_file_gets_every_problem_at_its_place() {
    let mut bad = config("impedance");
    assert_eq!(bad.check(&joints(), true), []);
    bad.stride_time = trocar_signal::Sourced::bare(trocar_signal::quantity::Duration::from_si(0.0));
    bad.forgetting = trocar_signal::Sourced::bare(trocar_signal::quantity::Ratio::from_si(1.2));
    bad.joints[0].stride.value[2].si = 2.5;
    bad.joints[0].dead_band.value.si = -0.1;
    let keys: Vec<String> = bad.check(&joints(), false).into_iter().map(|p| p.key).collect();
    assert_eq!(keys, ["", "stride_time", "forgetting", "joints[0].dead_band", "joints[0].stride"]);
}
