//! Sensors in the frames of a robot: what they read of a lever that falls without power, against its equation of motion.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::Toys;
use trocar_scenario::template::Template;
use trocar_scenario::{Files, Overrides, load, render};
use trocar_sim::{Case, Compiled};

/// The lever of the template: 0.5 kg, its centre 0.1 m from the axis, about which gravity alone turns it. The gauges and
/// the unit have no errors but their converters'.
const SENSORS: &str = r#"
[[mechanism.frames]]
name        = "mount"
parent      = "lever"
position    = ["200 mm", "0 mm", "0 mm"]
orientation = { axis = [0.0, 0.0, 1.0], angle = "90 deg" }

[[imus]]
name          = "tip_imu"
frame         = "mount"
rate          = "3 kHz"
bits          = 32
gyroscope     = { range = "2000 deg/s" }
accelerometer = { range = "80 m/s^2" }

[[force_sensors]]
name         = "root"
frame        = "lever"
force_range  = ["50 N", "50 N", "50 N"]
torque_range = ["5 N m", "5 N m", "5 N m"]
gauge        = { rate = "3 kHz", bits = 32 }

[[torque_sensors]]
frame = "lever"
range = "5 N m"
gauge = { rate = "3 kHz", bits = 32 }
"#;

fn falling_lever() -> Case {
    let mut files: std::collections::BTreeMap<String, String> =
        Template::Project.files("test").into_iter().collect();
    files.get_mut("scenes/robots/lever.toml").unwrap().push_str(SENSORS);
    let scenario = files.get_mut("scenarios/hold.toml").unwrap();
    // Nobody switches it on.
    *scenario = scenario.replacen("send   = { \"arm.state_command\" = [\"enable\", \"home\"] }\n", "", 1);
    let loaded = match load(&Files::in_memory(files), "scenarios/hold.toml", &Overrides::default()) {
        Ok(loaded) => loaded,
        Err(failure) => panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)),
    };
    match (Compiled { loaded: &loaded }).case(0) {
        Ok(case) => case,
        Err(found) => panic!("{}", render::to_text(&found, &loaded.files, false)),
    }
}

/// Half a step of 32 bits over ±80 m/s² is 2e-8; the rest is rounding.
#[test]
fn readings_obey_the_equation_of_motion_of_a_falling_lever() {
    let case = falling_lever();
    let mut run = Toys::new(&case.model);
    let group = |path: &str| case.model.layout.group(path).unwrap();
    let (m, c, g, step_s) = (0.5, 0.1, 9.806_65, 1.0 / 3000.0);
    let about_axis = 1.68e-3 + m * c * c;
    let motion = |run: &Toys<'_>| {
        let js = run.state.table.values(group("arm1.truth.js"));
        (js[0], js[1])
    };
    let mut before = motion(&run);
    // A reading at the start of a step is of the state that the step before it left.
    for k in 0..700 {
        let (q, v) = motion(&run);
        run.step();
        if k == 0 {
            let header = run.state.table.header(group("arm1.tip_imu.specific_force"));
            assert_eq!(header.sequence, 0, "nothing has accelerated yet");
            continue;
        }
        let a = (v - before.1) / step_s;
        let (sin, cos) = trocar_math::sin_cos(q);
        let close = |path: &str, at: usize, meant: f64| {
            let got = run.state.table.values(group(path))[at];
            assert!((got - meant).abs() < 1e-7, "{k}: {path} {at} is {got}, not {meant}");
        };
        // The unit's x is the lever's y, and its y points back to the axis.
        close("arm1.tip_imu.specific_force", 0, 0.2 * a + g * cos);
        close("arm1.tip_imu.specific_force", 1, 0.2 * v * v - g * sin);
        close("arm1.tip_imu.specific_force", 2, 0.0);
        close("arm1.tip_imu.angular_velocity", 2, v);
        let torque = about_axis * a + m * g * c * cos;
        close("arm1.lever.torque_sensor.effort", 0, torque);
        close("arm1.root.wrench", 5, torque);
        close("arm1.root.wrench", 0, m * (g * sin - c * v * v));
        close("arm1.root.wrench", 1, m * (c * a + g * cos));
        before = (q, v);
    }
    assert!(before.1.abs() > 5.0, "it falls: {} rad/s", before.1);
}
