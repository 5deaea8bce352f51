use super::*;
use std::collections::BTreeMap;
use std::f64::consts::FRAC_PI_2;
use trocar_signal::Standing;
use trocar_signal::bench::Bench;

const MS: u64 = 1_000_000;

struct Console {
    bench: Bench,
    now: u64,
}

impl Console {
    /// An arm that is ready at (0, 0, −0.1), and a master in its origin.
    fn new(base_from_master: UnitQuaternion<f64>, follows_orientation: bool) -> Console {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let mut reg = Registration::new("console.teleoperation");
        let settings = TeleoperationSettings {
            master: "console.master.measured_cp",
            arm: "psm1",
            base_from_master,
            follows_orientation,
            scale: &Sourced::bare(Ratio::from_si(0.5)),
            time_out: &Sourced::bare(Duration::from_si(0.01)),
            compute_time: &Sourced::bare(Duration::from_si(0.0)),
        };
        let component = Teleoperation::new("console", &settings, &provenance, &mut reg).unwrap();
        let inputs = vec![
            GroupSpec::pose("console.master.measured_cp", "master.base", "master.handle"),
            GroupSpec::pose("psm1.setpoint_cp", "psm1.base", "psm1.tool_tip"),
            GroupSpec::state("psm1.operating_state", &OperatingState::NAMES),
            GroupSpec::flag("psm1.is_homed"),
        ];
        let bench = Bench::new(inputs, vec![(reg, Box::new(component))]).unwrap();
        let mut console = Console { bench, now: MS };
        console.set("psm1.setpoint_cp", &[0.0, 0.0, -0.1, 0.0, 0.0, 0.0, 1.0]);
        console.set("psm1.operating_state", &[1.0]);
        console.set("psm1.is_homed", &[1.0]);
        console
    }

    fn set(&mut self, path: &str, values: &[f64]) {
        self.bench.set(path, Time(self.now), values).unwrap();
    }

    /// One activation a millisecond later; what it sent to the arm, if it did. The arm takes it at once.
    fn tick(&mut self) -> Option<[f64; 7]> {
        self.now += MS;
        let sent = self.bench.activate(0, Time(self.now)).unwrap().contains_key("psm1.servo_cp");
        let command: [f64; 7] = *self.bench.get("psm1.servo_cp").first_chunk().unwrap();
        if sent {
            self.set("psm1.setpoint_cp", &command);
        }
        sent.then_some(command)
    }

    /// The same after a message with the master at these positions, without rotation.
    fn master(&mut self, x: f64, y: f64, z: f64) -> Option<[f64; 7]> {
        self.set("console.master.measured_cp", &[x, y, z, 0.0, 0.0, 0.0, 1.0]);
        self.tick()
    }

    fn enabled(mut self) -> Console {
        self.set("console.state_command", &[0.0]);
        assert_eq!(self.master(0.0, 0.0, 0.0).unwrap()[..3], [0.0, 0.0, -0.1], "nothing jumps");
        self
    }

    fn word(&self, path: &str, words: &[&'static str]) -> &'static str {
        words[self.bench.get(path)[0] as usize]
    }

    fn state(&self) -> &'static str {
        self.word("console.operating_state", &STATES)
    }

    fn error(&self) -> &'static str {
        self.word("console.error", &ERRORS)
    }
}

#[test]
fn the_tip_goes_the_scaled_way_along_the_axes_of_its_own_base() {
    // A quarter turn about z takes the master's x to the arm's y.
    let turned = UnitQuaternion::from_axis_angle(&nalgebra::Vector3::z_axis(), FRAC_PI_2);
    let mut console = Console::new(turned, false).enabled();
    let [x, y, z, ..] = console.master(0.02, 0.0, 0.01).unwrap();
    // Roundings of numbers of a tenth.
    assert!(x.abs() < 1e-16 && (y - 0.01).abs() < 1e-16 && (z + 0.095).abs() < 1e-16, "{x} {y} {z}");
    assert_eq!(console.tick(), None, "no message, no command");
}

/// Turned by an angle about an axis of the master, the tip turns by the same angle about that axis as the arm's base sees it, from
/// the orientation that it had.
#[test]
fn the_tip_turns_with_the_handle_from_where_it_was() {
    let axis = |x, y, z| nalgebra::Unit::new_normalize(nalgebra::Vector3::new(x, y, z));
    let turn = |axis, angle| UnitQuaternion::from_axis_angle(&axis, angle);
    let base_from_master = turn(axis(0.0, 0.0, 1.0), FRAC_PI_2);
    let (first, by) = (turn(axis(1.0, 2.0, 0.5), 0.7), turn(axis(1.0, 0.0, 0.0), 0.3));
    let tip = turn(axis(0.3, -1.0, 2.0), 1.1);
    let pose = |r: &UnitQuaternion<f64>| [0.0, 0.0, 0.0, r.i, r.j, r.k, r.w];
    let mut console = Console::new(base_from_master, true);
    console.set("psm1.setpoint_cp", &pose(&tip));
    console.set("console.state_command", &[0.0]);
    console.set("console.master.measured_cp", &pose(&first));
    console.tick().unwrap();
    console.set("console.master.measured_cp", &pose(&(by * first)));
    let sent = pose_from_values(&console.tick().unwrap()).unwrap().rotation;
    let expected = turn(axis(0.0, 1.0, 0.0), 0.3) * tip;
    assert!(sent.angle_to(&expected) < 1e-7, "the angle of two quaternions that are equal to rounding");
}

#[test]
fn the_clutch_leaves_the_arm_where_it_is_and_following_begins_anew() {
    let mut console = Console::new(UnitQuaternion::identity(), false).enabled();
    let before = console.master(0.01, 0.0, 0.0).unwrap();
    console.set("console.clutch", &[1.0]);
    assert_eq!(console.master(0.03, 0.02, 0.0), None);
    assert_eq!(console.bench.get("console.following"), [0.0]);
    console.set("console.clutch", &[0.0]);
    assert_eq!(console.master(0.05, 0.02, 0.0), Some(before), "no jump, to the bit");
    assert_eq!(console.bench.get("console.following"), [1.0]);
    let after = console.master(0.06, 0.02, 0.0).unwrap();
    assert!((after[0] - before[0] - 0.005).abs() < 1e-16, "{after:?}");
}

#[test]
fn another_scale_makes_no_jump_and_counts_from_there() {
    let mut console = Console::new(UnitQuaternion::identity(), false).enabled();
    let before = console.master(0.01, 0.0, 0.0).unwrap();
    console.set("console.set_scale", &[0.2]);
    assert_eq!(console.master(0.02, 0.0, 0.0), Some(before));
    assert_eq!(console.bench.get("console.scale"), [0.2]);
    let after = console.master(0.03, 0.0, 0.0).unwrap();
    assert!((after[0] - before[0] - 0.002).abs() < 1e-16);
    // A parameter that changes does the same, where no command has set the scale.
    let mut console = Console::new(UnitQuaternion::identity(), false).enabled();
    let before = console.master(0.01, 0.0, 0.0).unwrap();
    console.bench.set_parameter("console.scale", 1.0).unwrap();
    assert_eq!(console.master(0.02, 0.0, 0.0), Some(before));
    console.set("console.set_scale", &[-1.0]);
    console.tick();
    assert_eq!((console.error(), console.bench.get("console.scale")), ("invalid_command", &[1.0][..]));
}

#[test]
fn a_master_that_falls_silent_is_a_fault_after_the_time_out_and_not_before() {
    let mut console = Console::new(UnitQuaternion::identity(), false).enabled();
    let last = console.master(0.01, 0.0, 0.0).unwrap();
    for _ in 0..10 {
        assert_eq!((console.tick(), console.state()), (None, "ENABLED"));
    }
    assert_eq!((console.tick(), console.state(), console.error()), (None, "FAULT", "master_lost"));
    // It does not begin again by itself, and with `enable` without a jump.
    assert_eq!(console.master(0.04, 0.0, 0.0), None);
    console.set("console.state_command", &[0.0]);
    assert_eq!(console.master(0.05, 0.0, 0.0), Some(last));
    assert_eq!((console.state(), console.error()), ("ENABLED", "none"));
}

#[test]
fn a_message_that_was_overtaken_is_passed_over() {
    let mut console = Console::new(UnitQuaternion::identity(), false).enabled();
    console.master(0.01, 0.0, 0.0).unwrap();
    let pose = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0];
    console.bench.set("console.master.measured_cp", Time(MS), &pose).unwrap();
    assert_eq!(console.tick(), None);
}

#[test]
fn it_drives_an_arm_that_is_ready_and_no_other() {
    let mut console = Console::new(UnitQuaternion::identity(), false);
    console.set("console.state_command", &[0.0]);
    console.tick();
    assert_eq!((console.state(), console.error()), ("DISABLED", "no_master"));
    console.set("psm1.operating_state", &[0.0]);
    console.set("console.state_command", &[0.0]);
    console.master(0.0, 0.0, 0.0);
    assert_eq!((console.state(), console.error()), ("DISABLED", "arm_not_ready"));
    console.set("psm1.operating_state", &[1.0]);
    let mut console = console.enabled();
    console.set("psm1.operating_state", &[3.0]);
    assert_eq!(console.master(0.01, 0.0, 0.0), None);
    assert_eq!((console.state(), console.error()), ("FAULT", "arm_lost"));
    assert_eq!(console.bench.get("console.error_event"), [3.0]);
}

#[test]
fn a_scale_of_zero_is_refused() {
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
    let settings = TeleoperationSettings {
        master: "m",
        arm: "psm1",
        base_from_master: UnitQuaternion::identity(),
        follows_orientation: false,
        scale: &Sourced::bare(Ratio::from_si(0.0)),
        time_out: &Sourced::bare(Duration::from_si(-1.0)),
        compute_time: &Sourced::bare(Duration::from_si(0.0)),
    };
    let made = Teleoperation::new("console", &settings, &provenance, &mut Registration::new("c"));
    let keys: Vec<String> = made.unwrap_err().into_iter().map(|problem| problem.key).collect();
    assert_eq!(keys, ["scale", "time_out"]);
}
