//! Actuators that give way and brakes, on the PSM of the library with tables of its file added.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use trocar_sim::Case;
use trocar_tests::{Bare, SWING, case_of, library_and, loaded};

const ROBOT: &str = "trocar:scenes/robots/psm_classic.toml";

/// The library with these tables added to actuators of the PSM, or to the `robot`, and `test.toml`.
fn with_tables(scenario: &str, tables: &[(&str, &str)]) -> BTreeMap<String, String> {
    let mut files = library_and(scenario);
    let robot = files.get_mut(ROBOT).expect("the robot");
    // The Cadiere forceps have the needle driver's coupling, and cables that are rigid.
    *robot = robot.replace("large_needle_driver_400006", "cadiere_400049");
    for (actuator, table) in tables {
        if *actuator == "robot" {
            let place = robot.find("[coupling]").expect("a coupling");
            robot.insert_str(place, table);
            continue;
        }
        let start = robot.find(&format!("name            = \"{actuator}\"")).expect("an actuator");
        let place = start + robot[start..].find("[actuators.encoder]").expect("its encoder");
        robot.insert_str(place, table);
    }
    files
}

fn case_with(scenario: &str, tables: &[(&str, &str)]) -> Case {
    case_of(&loaded(with_tables(scenario, tables)))
}

const CABLE: &str = "[actuators.transmission]\nstiffness = \"0.2 N m/rad\"\ndamping = \"0.002 N m s/rad\"\n";

fn brake(holding: &str, stiffness: &str, damping: &str) -> String {
    format!(
        "[actuators.brake]\nholding = \"{holding}\"\nengage_delay = \"20 ms\"\nrelease_delay = \"50 ms\"\n\
         presliding_stiffness = \"{stiffness}\"\npresliding_damping = \"{damping}\"\n"
    )
}

/// The encoder and truth.actuators see the motor, which is ahead of the disc by the cable's stretch; what arrives at the
/// joint is the cable's pull. Actuators without the table are as rigid as they were.
#[test]
fn a_motor_behind_a_cable_is_ahead_of_its_output_by_the_stretch() {
    let case = case_with(SWING, &[("disc_2", CABLE)]);
    let mut run = Bare::new(&case);
    let (mut most, mut rest) = (0.0_f64, None);
    while run.state.step < 7200 {
        run.step_only();
        let (actuators, js) = (run.values("psm1.truth.actuators"), run.values("psm1.truth.js"));
        let transmission = run.values("psm1.truth.transmissions");
        // wrist_pitch = 1.0186 disc_2; yaw is its own actuator.
        let stretch = actuators[4] - js[4] / 1.0186;
        assert!((transmission[0] - stretch).abs() < 1e-15);
        assert_eq!(actuators[0], js[0]);
        // Discs 3 and 4 turn by 0.66960 of the wrist's pitch each, and are rigid.
        let arrives =
            transmission[1] / 1.0186 + 0.669_595_128_249_636_5 * (actuators[14 + 5] + actuators[14 + 6]);
        assert!((js[14 + 4] - arrives).abs() < 1e-12, "{} {arrives}", js[14 + 4]);
        most = trocar_math::max(most, stretch.abs());
        if run.state.step == 7200 {
            rest = Some((transmission[0], transmission[1], js[7 + 4]));
        }
    }
    let (stretch, effort, speed) = rest.expect("the last step");
    // The pull is k times the stretch and the damping of what is left of the motion.
    assert!((effort - 0.2 * stretch).abs() < 0.002 * speed.abs() + 1e-6, "{effort} {stretch} {speed}");
    // The friction of the wrist, 0.007 N m behind 1.0186, stretches the cable by up to 0.034 rad; its viscous friction and
    // the coupled discs more in motion.
    assert!((0.005..0.5).contains(&most), "{most}");
}

/// The needle driver's own cables slacken and stretch in mid-run: with the motors held where they are, a slack cable
/// pulls at nothing and an offset takes it along.
#[test]
fn cables_slacken_and_stretch_as_parameters() {
    let case = case_of(&loaded(library_and(SWING)));
    let end = |changes: &[(&str, f64)]| {
        let mut run = Bare::new(&case);
        while run.state.step < 3000 {
            run.step_only();
        }
        for (path, value) in changes {
            let place = run.model.parameter(path).expect("a parameter");
            run.state.parameters[place] = *value;
        }
        while run.state.step < 9000 {
            run.step_only();
        }
        // Roll, and the pull of its cable.
        [run.values("psm1.truth.js")[3], run.values("psm1.truth.transmissions")[4]]
    };
    let (as_it_is, offset) = (end(&[])[0], 0.1);
    // Roll is −1.5632 disc_1: where the motor is ahead by the offset, the joint is behind by as much of it. In the end it may
    // stand anywhere in its loop of 1.3 degrees of slack and 0.003 N m · 2/0.25 N m/rad.
    let [stretched, _] = end(&[("psm1.disc_1.transmission.offset", offset)]);
    let loop_width = 1.5632 * (1.3_f64.to_radians() + 0.0016 / 0.25);
    assert!((stretched - as_it_is - 1.5632 * offset).abs() < loop_width, "{stretched} {as_it_is}");
    let [_, pull] = end(&[("psm1.disc_1.transmission.backlash", 1.0)]);
    assert_eq!(pull, 0.0, "a cable that hangs loose");
}

/// A cable that breaks in mid-run pulls no more: the motor goes where it is sent, the wrist does not.
#[test]
fn a_cable_that_breaks_pulls_no_more() {
    let case = case_with(SWING, &[("disc_2", CABLE)]);
    let mut run = Bare::new(&case);
    while run.state.step < 3000 {
        run.step_only();
    }
    let place = run.model.parameter("psm1.disc_2.transmission.stiffness").expect("a parameter");
    assert!(run.model.parameters[place].tunable);
    run.state.parameters[place] = 0.0;
    run.step_only();
    assert_eq!(run.values("psm1.truth.transmissions")[1], 0.0);
    let motor = run.values("psm1.truth.actuators")[4];
    while run.state.step < 5400 {
        run.step_only();
    }
    let moved = (run.values("psm1.truth.actuators")[4] - motor).abs();
    assert!(run.values("psm1.truth.transmissions")[1] == 0.0 && moved > 0.01, "{moved}");
}

const DISABLED: &str = "\n[[phases]]\nname = \"off\"\nsend = { \"arm.state_command\" = [\"disable\"] }\n\
                        until = \"arm.operating_state == DISABLED\"\nwithin = \"1 s\"\n\
                        [[phases]]\nname = \"rest\"\nlasts = \"61 s\"\n";

/// Without power brakes hold the arm where it is for a minute; without brakes it falls.
#[test]
fn brakes_hold_the_arm_without_power() {
    let (strong, light) =
        (brake("5 N m", "1e4 N m/rad", "50 N m s/rad"), brake("20 N", "1e5 N/m", "100 N s/m"));
    let braked = [("yaw", &*strong), ("pitch", &*strong), ("insertion", &*light)];
    let scenario = SWING.replace("[measures.travel]", &format!("{DISABLED}\n[measures.travel]"));
    let drift = |tables: &[(&str, &str)]| {
        let case = case_with(&scenario, tables);
        let mut run = Bare::new(&case);
        let state = |run: &Bare<'_>| run.values("psm1.operating_state")[0];
        while state(&run) != 1.0 {
            run.step_only();
            if !tables.is_empty() && run.state.step > 1 {
                assert_eq!(run.values("psm1.yaw.brake.engaged"), [1.0], "before power");
            }
        }
        while state(&run) != 0.0 {
            run.step_only();
            assert!(run.state.step < 30_000, "it is switched off at the end");
        }
        if !tables.is_empty() {
            assert_eq!(run.values("psm1.yaw.brake.engaged"), [0.0]);
        }
        let off = run.state.step;
        while run.state.step < off + 3000 {
            run.step_only();
        }
        let before = run.values("psm1.truth.js")[..3].to_vec();
        while run.state.step < off + 183_000 {
            run.step_only();
        }
        let after = &run.values("psm1.truth.js")[..3];
        before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0, trocar_math::max)
    };
    let held = drift(&braked);
    assert!(held < 1e-9, "{held}");
    assert!(drift(&[]) > 1e-2);
}

const WINDING: &str = "[actuators.motor.winding]\nresistance = \"2 V/A\"\ninductance = \"0.5e-3 V s/A\"\n";

fn supply(voltage: &str, resistance: &str) -> String {
    format!(
        "[power_supply]\nvoltage = \"{voltage}\"\nresistance = \"{resistance}\"\ncapacitance = \"2e-3 A s/V\"\n\
         amplifiers = \"linear\"\n"
    )
}

/// With voltage to spare a winding changes nothing but the last bits; what it would take to drive it is the power of resistance,
/// back-EMF and inductance. With little voltage the current stays what that can carry.
#[test]
fn voltage_limits_what_a_motor_carries() {
    let plain = case_with(SWING, &[]);
    let spare = case_with(SWING, &[("pitch", WINDING), ("robot", &supply("1e3 V", "1e-3 V/A"))]);
    let poor = case_with(SWING, &[("pitch", WINDING), ("robot", &supply("0.5 V", "0.5 V/A"))]);
    let (mut plain, mut spare, mut poor) = (Bare::new(&plain), Bare::new(&spare), Bare::new(&poor));
    let (mut most, mut sagged) = (0.0_f64, f64::INFINITY);
    while plain.state.step < 4500 {
        let emf_before = spare.values("psm1.truth.back_emf")[0];
        let speed = spare.values("psm1.truth.actuators")[7 + 1];
        assert!((emf_before - 0.0438 * 56.5 * speed).abs() < 1e-12);
        for run in [&mut plain, &mut spare, &mut poor] {
            run.step_only();
        }
        let (a, b) = (plain.values("psm1.truth.js"), spare.values("psm1.truth.js"));
        // Rounding, which friction does not let grow.
        assert!(a[..7].iter().zip(&b[..7]).all(|(a, b)| (a - b).abs() < 1e-9), "{}", plain.state.step);
        let current = poor.values("psm1.pitch.motor.current")[0].abs();
        let voltage = poor.values("psm1.supply.voltage")[0];
        let emf = 0.0438 * 56.5 * poor.values("psm1.truth.js")[7 + 1].abs();
        // The back-EMF was read a step before, and the mean current may lag behind by L/R = 0.25 ms.
        assert!(current <= (0.5 + emf) / 2.0 + 0.05, "{current} A with {emf} V against it");
        most = trocar_math::max(most, current);
        sagged = trocar_math::min(sagged, voltage);
    }
    assert!(most > 0.05 && sagged < 0.5 && sagged > 0.0, "{most} A, {sagged} V");
}

/// The winding warms up by the heat of its current and ends at its thermal resistances' temperature; above the trip
/// temperature the amplifier gives no more.
#[test]
fn a_motor_warms_up_and_trips() {
    let thermal = |trip: &str| {
        format!(
            "{WINDING}[actuators.motor.thermal]\nwinding_capacity = \"1e-3 W s/K\"\nhousing_capacity = \"2e-3 W s/K\"\n\
             winding_to_housing = \"5 K/W\"\nhousing_to_ambient = \"10 K/W\"\nambient = \"296 K\"\n\
             reference = \"296 K\"\nresistance_coefficient = \"0.00393 1/K\"\ntorque_coefficient = \"-0.002 1/K\"\n{trip}"
        )
    };
    let power = supply("24 V", "0.1 V/A");
    let case = case_with(SWING, &[("pitch", &thermal("")), ("robot", &power)]);
    let mut run = Bare::new(&case);
    while run.state.step < 5400 {
        run.step_only();
    }
    // At rest gravity asks for a constant current for a while: R(T) i² through 15 K/W, 10 of them from the housing.
    let current = run.values("psm1.pitch.motor.current")[0];
    let [winding, housing] = run.values("psm1.pitch.motor.temperature") else { panic!("two temperatures") };
    assert!(*winding > *housing && *housing > 296.0 && current.abs() > 1e-3, "{winding} {housing} {current}");
    let effort = run.values("psm1.truth.actuators")[14 + 1];
    let expected = current * 0.0438 * (1.0 - 0.002 * (housing - 296.0)) * 56.5;
    assert!((effort - expected).abs() < 1e-12, "{effort} {expected}");

    let trip = format!("trip = \"{} K\"\n", 296.0 + 0.5 * (winding - 296.0));
    let case = case_with(SWING, &[("pitch", &thermal(&trip)), ("robot", &power)]);
    let mut run = Bare::new(&case);
    while run.state.step < 5400 {
        run.step_only();
    }
    assert_eq!(run.values("psm1.pitch.motor.thermal_trip"), [1.0]);
    assert!(run.values("psm1.pitch.motor.current")[0].abs() < 1e-6);
}

/// Bad tables are refused with place and remedy.
#[test]
fn what_is_wrong_with_a_transmission_or_brake_is_said_at_its_line() {
    let refused = |tables: &[(&str, &str)]| {
        let files = trocar_scenario::Files::in_memory(with_tables(SWING, tables));
        let failure = trocar_scenario::load(&files, "test.toml", &trocar_scenario::Overrides::default());
        let failure = failure.expect_err("refused");
        trocar_scenario::render::to_text(&failure.diagnostics, &failure.files, false)
    };
    let said = refused(&[("yaw", CABLE)]);
    assert!(said.contains("rotor_inertia") && said.contains("moment of inertia"), "{said}");
    let said = refused(&[("disc_2", &CABLE.replace("0.2 N m/rad", "0.2 N/m"))]);
    assert!(said.contains("stiffness where rotational stiffness (N m/rad) is meant"), "{said}");
    let said = refused(&[("disc_2", &CABLE.replace("stiffness", "stifness"))]);
    assert!(said.contains("did you mean `stiffness`"), "{said}");
    let said = refused(&[("yaw", WINDING)]);
    assert!(said.contains("[power_supply]"), "{said}");
    let said = refused(&[("robot", &supply("24 V", "0.1 N"))]);
    assert!(said.contains("V/A is meant"), "{said}");
    let said = refused(&[("yaw", &brake("5 N", "1e4 N m/rad", "50 N m s/rad"))]);
    assert!(said.contains("force where torque (N m) is meant"), "{said}");
}
