//! The three sections of a robot file, as a person writes them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use trocar_control::{ArmConfig, ArmJoints, Joint, ServoConfig, SupervisorConfig};

const SERVO: &str = r#"
rate = "1500 Hz"
[[joints]]
joint = "yaw"
p = "120 N m/rad"
d = { value = "6 N m s/rad", source = "dvrk", standing = "datasheet" }
[[joints]]
joint = "insertion"
p = "6000 N/m"
d = "200 N s/m"
"#;

const SUPERVISOR: &str = r#"
rate = "1500 Hz"
watchdog = "30 ms"
[[joints]]
joint = "yaw"
tracking_error = "0.5 rad"
[[joints]]
joint = "insertion"
tracking_error = "50 mm"
"#;

const ARM: &str = r#"
rate = "1500 Hz"
compute_time = "100 us"
speed = "50 %"
[[joints]]
joint = "yaw"
velocity = "90 deg/s"
acceleration = "90 deg/s^2"
home = "0 deg"
home_tolerance = "3 deg"
[[joints]]
joint = "insertion"
velocity = "0.2 m/s"
acceleration = "0.2 m/s^2"
servo_jump = "2 mm"
"#;

fn joints() -> ArmJoints {
    let joints = vec![Joint::revolute("yaw", -1.588, 1.588), Joint::prismatic("insertion", 0.0, 0.24)];
    ArmJoints::new(joints, None).unwrap()
}

#[test]
fn sections_are_read_as_written_and_printed_as_read() {
    let servo: ServoConfig = toml::from_str(SERVO).unwrap();
    assert_eq!(servo.check(&joints()), []);
    assert_eq!((servo.joints[0].p.value.si, servo.use_setpoint_velocity), (120.0, false));
    assert_eq!(toml::from_str::<ServoConfig>(&toml::to_string(&servo).unwrap()).unwrap(), servo);

    let supervisor: SupervisorConfig = toml::from_str(SUPERVISOR).unwrap();
    assert_eq!(supervisor.check(&joints(), &[], &[]), []);
    assert_eq!(supervisor.watchdog.value.si(), 0.03);
    assert_eq!(
        toml::from_str::<SupervisorConfig>(&toml::to_string(&supervisor).unwrap()).unwrap(),
        supervisor
    );

    let arm: ArmConfig = toml::from_str(ARM).unwrap();
    assert_eq!(arm.check(&joints()), []);
    assert_eq!((arm.speed.value.si(), arm.compute_time.value.si()), (0.5, 100.0 * 1e-6));
    assert_eq!(toml::from_str::<ArmConfig>(&toml::to_string(&arm).unwrap()).unwrap(), arm);
    let without: ArmConfig = toml::from_str(&ARM.replace("speed = \"50 %\"\n", "")).unwrap();
    assert_eq!(without.speed.value.si(), 1.0);
}

#[test]
fn keys_that_do_not_exist_are_refused() {
    assert!(toml::from_str::<ServoConfig>(&SERVO.replace("rate", "frequency")).is_err());
    assert!(toml::from_str::<ArmConfig>(&ARM.replace("home_tolerance", "tolerance")).is_err());
    assert!(toml::from_str::<SupervisorConfig>(&SUPERVISOR.replace("watchdog", "dog")).is_err());
}
