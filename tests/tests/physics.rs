//! The PSM of the shipped files, compiled and run as any scenario is, against what its own numbers demand.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use nalgebra::{Matrix3, Vector3};
use std::collections::BTreeMap;
use trocar_dynamics::{
    CoordinateId, CoordinateKind, FrameId, Inertia, JointVariable, Mechanism, MechanismBuilder, Placement,
    sample,
};
use trocar_math::random::Stream;
use trocar_scenario::mechanism::{FrameKind, FramePlacement, MotionKind, Row};
use trocar_scenario::{Files, RobotFile, load_robot};
use trocar_tests::{Bare, SWING, case, run};

const JOINTS: [&str; 7] = ["yaw", "pitch", "insertion", "roll", "wrist_pitch", "wrist_yaw", "jaw"];
/// Gains p of the published servo, in the file's order.
const P: [f64; 7] = [120.0, 120.0, 6000.0, 6.0, 6.0, 6.0, 6.0];
/// Coulomb friction of the joints that have one motor each, as identified.
const COULOMB: [f64; 3] = [0.050003, 0.0668202, 0.4475953];
/// Motor angle per actuator position, and counts of a turn: the actuators' datasheets.
const GEARS: [f64; 7] = [56.5, 56.5, 336.6, 11.71, 11.71, 11.71, 11.71];
const COUNTS: [f64; 7] = [14400.0, 14400.0, 14400.0, 4000.0, 4000.0, 4000.0, 4000.0];

fn robot() -> RobotFile {
    let loaded = load_robot(&Files::library(), "trocar:scenes/robots/psm_classic.toml");
    loaded.expect("the shipped robot").robot
}

/// One count of an actuator's encoder, in the actuator's unit.
fn count(actuator: usize) -> f64 {
    2.0 * std::f64::consts::PI / (COUNTS[actuator] * GEARS[actuator])
}

/// [`SWING`] with a second of rest at each pose.
fn resting() -> String {
    SWING
        .replace("dwell = \"0.1 s\"", "dwell = \"1 s\"")
        .replace("[variation]", "[record]\nsignals = [\"arm.truth.*\"]\nrate = \"1 kHz\"\n[variation]")
}

/// The mechanism of the robot file, built here by the words of its format: frames by modified Denavit–Hartenberg
/// parameters, links, and, where asked, rotors behind gear and coupling as if the cables were rigid.
fn mechanism_of(robot: &RobotFile, gravity_in_world_mps2: Vector3<f64>, with_rotors: bool) -> Mechanism {
    let mut b = MechanismBuilder::new(gravity_in_world_mps2, nalgebra::Isometry3::identity());
    let mut coordinates: BTreeMap<&str, CoordinateId> = BTreeMap::new();
    for c in &robot.mechanism.coordinates {
        let kind = match c.kind {
            MotionKind::Revolute => CoordinateKind::Revolute,
            MotionKind::Prismatic => CoordinateKind::Prismatic,
        };
        coordinates.insert(&c.name, b.coordinate(&c.name, kind));
    }
    let row = |row: &Row| -> Vec<(CoordinateId, f64)> {
        row.iter().map(|(name, f)| (coordinates[name.as_str()], *f)).collect()
    };
    let mut frames = BTreeMap::from([("base", FrameId::BASE)]);
    for f in &robot.mechanism.frames {
        let FramePlacement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad } = f.placement() else {
            panic!("the frames of the PSM are placed by Denavit-Hartenberg parameters")
        };
        let placement = Placement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad };
        let variable = match f.kind {
            FrameKind::Fixed => None,
            FrameKind::Revolute => Some(JointVariable::revolute(&row(&f.moves))),
            FrameKind::Prismatic => Some(JointVariable::prismatic(&row(&f.moves))),
        };
        let id = b.frame(&f.name, frames[f.parent.as_str()], placement, variable);
        frames.insert(&f.name, id);
    }
    for link in &robot.mechanism.links {
        let [xx, xy, xz, yy, yz, zz] = link.inertia.value.map(|i| i.si());
        let inertia = Inertia {
            mass_kg: link.mass.value.si(),
            centre_of_mass_m: Vector3::from(link.centre_of_mass.value.map(|c| c.si())),
            about_centre_kgm2: Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz),
        };
        b.body(frames[link.frame.as_str()], &inertia).expect("a rigid body");
    }
    // joint = A · actuator; the wrist's block of A is lower triangular but for the jaw's halves: solved by hand.
    let coupling = robot.coupling();
    let a = &coupling.joint_from_actuator.value;
    for (place, actuator) in robot.actuators.iter().enumerate() {
        let Some(inertia) = actuator.rotor_inertia.as_ref().filter(|_| with_rotors) else { continue };
        let [roll, pitch, yaw, jaw] = [3, 4, 5, 6].map(|k| coordinates[JOINTS[k]]);
        let by_pitch = -a[5][4] / a[4][4];
        let half = |sign: f64| {
            vec![(yaw, 0.5 / a[5][5]), (pitch, 0.5 * by_pitch / a[5][5]), (jaw, sign * 0.5 / a[6][6])]
        };
        let turns = match place {
            3 => vec![(roll, 1.0 / a[3][3])],
            4 => vec![(pitch, 1.0 / a[4][4])],
            5 => half(-1.0),
            _ => half(1.0),
        };
        let turns: Vec<_> = turns.into_iter().map(|(k, f)| (k, f * GEARS[place])).collect();
        b.rotor(&actuator.name, &turns, inertia.value.si());
    }
    b.build().expect("the shipped mechanism")
}

/// The links as the bench has them: in standard gravity.
fn on_the_bench() -> Mechanism {
    mechanism_of(&robot(), Vector3::new(0.0, 0.0, -9.806_65), false)
}

/// Any posture inside the joints' limits.
fn posture(robot: &RobotFile, number: u64) -> Vec<f64> {
    let stream = Stream::new(1, 0, "posture");
    let limits = robot.mechanism.coordinates.iter().enumerate();
    limits.map(|(k, c)| stream.at(number, k as u32).uniform_in(c.lower.value.si, c.upper.value.si)).collect()
}

/// The file and the sample of `trocar-dynamics` were written apart: the file's inertias are rounded to 10 digits, and so
/// is what they make.
#[test]
fn the_file_and_the_sample_are_one_mechanism() {
    let robot = robot();
    let of_sample = sample::psm_classic().expect("a sample");
    // The sample falls with 9.81 m/s², as the arm did when it was identified.
    let of_file = mechanism_of(&robot, of_sample.gravity_in_world_mps2(), true);
    assert_eq!(of_file.coordinate_names().collect::<Vec<_>>(), JOINTS);
    assert_eq!(of_sample.coordinate_names().collect::<Vec<_>>(), JOINTS);
    let (mut a, mut b) = (of_file.workspace(), of_sample.workspace());
    let tips = (of_file.frame("jaw_tip").expect("a tip"), of_sample.frame("jaw_tip").expect("a tip"));
    for number in 0..200 {
        let q = posture(&robot, number);
        let zero = [0.0; 7];
        of_file.kinematics(&q, &zero, &mut a).expect("kinematics");
        of_sample.kinematics(&q, &zero, &mut b).expect("kinematics");
        of_file.dynamics(&[], &mut a).expect("dynamics");
        of_sample.dynamics(&[], &mut b).expect("dynamics");
        for (k, (x, y)) in a.mass_matrix().iter().zip(b.mass_matrix()).enumerate() {
            // Against the geometric mean of the two diagonals, so that the wrist's 1e-6 kg m² count as the arm's 1 do.
            let scale = (b.mass_matrix()[k / 7 * 8] * b.mass_matrix()[k % 7 * 8]).sqrt();
            assert!((x - y).abs() < 1e-6 * scale, "M[{}][{}] at {q:?}: {x} and {y}", k / 7, k % 7);
        }
        for (k, (x, y)) in a.bias().iter().zip(b.bias()).enumerate() {
            assert!((x - y).abs() < 1e-6, "gravity of {} at {q:?}: {x} and {y}", JOINTS[k]);
        }
        let apart = of_file.base_from_frame(&a, tips.0).translation.vector
            - of_sample.base_from_frame(&b, tips.1).translation.vector;
        assert!(apart.norm() < 1e-12, "{apart}");
    }
}

/// At rest the servo, which is proportional, stands off by gravity over p, and friction hides at most its own share:
/// |p · (setpoint − position) − gravity| ≤ Coulomb friction, to a count of the encoder and a bit of the converter.
#[test]
fn the_arm_holds_still_within_its_droop() {
    let case = case(&resting());
    let (outcome, kept) = run(&case, true);
    assert_eq!(outcome.failure, None);
    let layout = &case.model.layout;
    let group = |path: &str| layout.group(path).expect("a group");
    let (truth, setpoint) = (group("psm1.truth.js"), group("psm1.setpoint_js"));
    let mechanism = on_the_bench();
    let mut workspace = mechanism.workspace();
    let mut rests = 0;
    for (now, table) in kept.tables.iter().filter(|(_, t)| t.values(case.program.phase)[0] == 1.0) {
        let js = table.values(truth);
        // The servo's damping of 6 N m s/rad at this speed is 1/1000 of the friction.
        let still = js[7..10].iter().all(|v| v.abs() < 1e-5);
        if !still {
            continue;
        }
        rests += 1;
        let (mut gravity, zero) = ([0.0; 7], [0.0; 7]);
        mechanism.kinematics(&js[..7], &zero, &mut workspace).expect("kinematics");
        mechanism.gravity(&[], &mut workspace, &mut gravity).expect("gravity");
        for k in 0..3 {
            let droop = table.values(setpoint)[k] - js[k];
            // The servo sees the position in counts, and its current in steps of 12.5 A / 2^16 (QLA board).
            let current_step = 12.5 / 65536.0 * 0.0438 * GEARS[k];
            let slack = P[k] * count(k) + current_step;
            // M q̈ = τ + gravity + friction = 0.
            let friction = -(P[k] * droop + gravity[k]);
            // The frictions vary by 3 % from motion to motion: four standard deviations.
            assert!(
                friction.abs() <= COULOMB[k] * 1.12 + slack,
                "{} at {now}: friction {friction}",
                JOINTS[k]
            );
            assert!(
                droop.abs() <= (gravity[k].abs() + COULOMB[k] * 1.12 + slack) / P[k],
                "{} at {now}: {droop}",
                JOINTS[k]
            );
        }
    }
    assert!(rests > 500, "the arm comes to rest at its poses: {rests} records");
}

/// The tip goes where it was sent: within what the droop of each joint and its lever make of it.
#[test]
fn the_tip_goes_where_it_is_sent() {
    let case = case(&resting());
    let (_, kept) = run(&case, true);
    let layout = &case.model.layout;
    let tip = layout.group("psm1.truth.tip").expect("a tip");
    let setpoint = layout.group("psm1.setpoint_cp").expect("a setpoint");
    let (_, last) = kept.tables.last().expect("records");
    let (at, set) = (last.values(tip), last.values(setpoint));
    // `there`, below the remote centre, which is the base's origin. Inverse kinematics works to 1e-9 m or better.
    for (k, expected) in [0.0, 0.020, -0.130].into_iter().enumerate() {
        assert!((set[k] - expected).abs() < 1e-6, "setpoint {k}: {}", set[k]);
    }
    let off = (Vector3::new(at[0], at[1], at[2]) - Vector3::new(set[0], set[1], set[2])).norm();
    // Droop of yaw, pitch and insertion with gravity below 1 N m (2 N), at levers of 0.132 m; and of the wrist, at 0.02 m, what
    // its cables hide: half of their slack and the stretch under the friction behind them, 0.007 N m of 0.2 N m/rad, on pitch
    // and yaw. The coupling makes at most 0.83 + 2 · 0.61 of it.
    let cables = 2.05 * (4.0_f64.to_radians() + 0.007 / 0.2) * 0.02;
    let bound = 2.0 * (1.0 + 0.0668) / 120.0 * 0.132 + (2.0 + 0.4476) / 6000.0 + 2.0 * cables;
    assert!(off < bound, "{off} m off, bound {bound}");
    assert!(off > 1e-9, "a servo without an integrator stands off");
}

/// At every step: the tip is forward kinematics of the joints, the encoders lie
/// within a count of the shafts, and all energies are finite.
#[test]
fn truth_and_what_is_measured_agree() {
    let case = case(SWING);
    let mechanism = on_the_bench();
    let frame = mechanism.frame("jaw_tip").expect("a tip");
    let mut workspace = mechanism.workspace();
    let mut run = Bare::new(&case);
    let mut fastest = 0.0;
    while run.state.step < 5000 {
        // The encoders look at the start of a step, where the step before has put the shafts.
        let shafts = run.values("psm1.truth.actuators")[..7].to_vec();
        run.step_only();
        for (k, name) in
            ["yaw", "pitch", "insertion", "disc_1", "disc_2", "disc_3", "disc_4"].into_iter().enumerate()
        {
            let read = run.values(&format!("psm1.{name}.encoder.position"))[0];
            assert!(
                (read - shafts[k]).abs() < count(k),
                "{name} at step {}: {read}, {}",
                run.state.step,
                shafts[k]
            );
        }
        let js = run.values("psm1.truth.js").to_vec();
        mechanism.kinematics(&js[..7], &js[7..14], &mut workspace).expect("kinematics");
        let expected = mechanism.base_from_frame(&workspace, frame).translation.vector;
        let tip = run.values("psm1.truth.tip");
        let apart = Vector3::new(tip[0], tip[1], tip[2]) - expected;
        assert!(apart.norm() < 1e-12, "{apart} at step {}", run.state.step);
        let kinetic = mechanism.kinetic_energy(&js[7..14], &[], &workspace).expect("energy");
        let potential = mechanism.potential_energy(&[], &workspace).expect("energy");
        assert!(kinetic.is_finite() && potential.is_finite() && kinetic >= 0.0);
        if kinetic > fastest {
            fastest = kinetic;
        }
    }
    assert!(fastest > 1e-3, "it moved: {fastest} J");
}

/// Without motor power the arm falls, and links and rotors never have more energy than they began with: friction and stops
/// only take, and the cables, which are slack at the start, give back what they were given.
#[test]
fn an_arm_without_power_gains_no_energy() {
    let text = SWING
        .replace("send   = { \"arm.state_command\" = [\"enable\", \"home\"] }\n", "")
        .replace("until  = \"arm.is_homed and not arm.is_busy\"\nwithin = \"30 s\"", "lasts = \"1 s\"");
    let case = case(&text);
    let mechanism = on_the_bench();
    let mut workspace = mechanism.workspace();
    let mut run = Bare::new(&case);
    let robot = robot();
    let rotors = |actuators: &[f64]| -> f64 {
        let of = |place: usize| {
            let inertia = robot.actuators[place].rotor_inertia.as_ref().map_or(0.0, |i| i.value.si());
            let rate = GEARS[place] * actuators[7 + place];
            0.5 * inertia * rate * rate
        };
        (0..7).map(of).sum()
    };
    let mut energy = |js: &[f64], actuators: &[f64]| {
        mechanism.kinematics(&js[..7], &js[7..14], &mut workspace).expect("kinematics");
        let kinetic = mechanism.kinetic_energy(&js[7..14], &[], &workspace).expect("energy");
        let potential = mechanism.potential_energy(&[], &workspace).expect("energy");
        (kinetic + rotors(actuators), potential)
    };
    let (_, start) = energy(run.values("psm1.truth.js"), run.values("psm1.truth.actuators"));
    let mut fastest = 0.0;
    for step in 0..3000 {
        run.step_only();
        let (kinetic, potential) = energy(run.values("psm1.truth.js"), run.values("psm1.truth.actuators"));
        // The integrator keeps energy to second order in its step of 1/3000 s; what it may add is far below this.
        assert!(
            kinetic + potential - start < 1e-6,
            "step {step}: {} J more than at the start",
            kinetic + potential - start
        );
        if kinetic > fastest {
            fastest = kinetic;
        }
    }
    assert!(fastest > 1e-4, "it falls: {fastest} J");
}

/// A jump of a joint's command: by its encoders, which are all that the servo knows, it rises to the command, overshoots by
/// less than a fifth, and stays.
#[test]
fn joints_settle_after_a_step() {
    for (name, by) in [
        ("yaw", "1 deg"),
        ("pitch", "1 deg"),
        ("insertion", "2 mm"),
        ("roll", "2 deg"),
        ("wrist_pitch", "2 deg"),
        ("wrist_yaw", "2 deg"),
    ] {
        let k = JOINTS.iter().position(|joint| *joint == name).expect("a joint");
        let (head, rest) = SWING.split_at(SWING.find("[poses]").expect("poses"));
        let ready = &rest[rest.find("[[phases]]").expect("phases")
            ..rest.find("[[phases]]\nname   = \"swing\"").expect("swing")];
        let text = format!(
            "{head}{ready}[[phases]]\nname = \"step\"\nstep = {{ command = \"arm.servo_jp\", joint = \"{name}\", by = \"{by}\", hold = \"1 s\" }}\n\
             [measures.travel]\nkind = \"range\"\nof = \"arm.truth.tip.position.y\"\nwindow = {{ phase = \"step\" }}\n\
             [record]\nsignals = [\"arm.truth.*\"]\nrate = \"1 kHz\"\n"
        );
        let case = case(&text);
        let (outcome, kept) = run(&case, true);
        assert_eq!(outcome.failure, None);
        let layout = &case.model.layout;
        let (measured, setpoint) = (
            layout.group("psm1.measured_js").expect("encoders"),
            layout.group("psm1.setpoint_js").expect("setpoints"),
        );
        let rows: Vec<(f64, f64)> = kept
            .tables
            .iter()
            .filter(|(_, t)| t.values(case.program.phase)[0] == 1.0)
            .map(|(_, t)| (t.values(setpoint)[k], t.values(measured)[k]))
            .collect();
        let jump = rows[500].0 - rows[0].0;
        assert!(jump.abs() > 1e-4, "{name}: commanded {jump}");
        let start = rows[0].1;
        let at = |ms: usize| (rows[ms].1 - start) / jump;
        // The first second is the hold at the step's far end.
        let highest = (0..900).map(at).fold(f64::MIN, |m, v| if v > m { v } else { m });
        assert!(highest < 1.2, "{name} overshoots to {highest}");
        for ms in 600..900 {
            // Friction may hold it where the servo's pull on what is left of the step is below Coulomb's: a share of
            // the step that is largest at the wrist, 0.0070 N m of 6 N m/rad · 2 deg = 0.21 N m, with its cables twice.
            assert!((at(ms) - 1.0).abs() < 0.15, "{name} after {ms} ms stands at {}", at(ms));
            assert!(
                (at(ms) - at(899)).abs() < 0.01,
                "{name} after {ms} ms still moves: {} and {}",
                at(ms),
                at(899)
            );
        }
    }
}

/// At rest no motor moves by more than two counts of its encoder (friction holds it, the servo sees nothing to do), and the
/// joints behind them stand.
#[test]
fn the_arm_at_rest_does_not_hunt() {
    let case = case(&resting());
    let (_, kept) = run(&case, true);
    let group = |path: &str| case.model.layout.group(path).expect("truth");
    let (motors, joints) = (group("psm1.truth.actuators"), group("psm1.truth.js"));
    let last = &kept.tables[kept.tables.len() - 400..];
    let moves = |group, k: usize| {
        let values = last.iter().map(|(_, t)| t.values(group)[k]);
        let (low, high) = values
            .fold((f64::MAX, f64::MIN), |(l, h), v| (if v < l { v } else { l }, if v > h { v } else { h }));
        high - low
    };
    for (k, joint) in JOINTS.into_iter().enumerate() {
        assert!(moves(motors, k) < 2.0 * count(k), "motor {k} moves by {}", moves(motors, k));
        // Two counts of the motors by the coupling, whose rows sum to at most 2.44.
        assert!(moves(joints, k) < 2.0 * 2.44 * count(k), "{joint} moves by {}", moves(joints, k));
    }
}

/// The tip by the joints, and by how much the load's weight would turn (or move) each joint for each radian (or metre): the
/// differences of its height.
fn tip_and_efforts(mechanism: &Mechanism, q: &[f64], load_kg: f64) -> (Vector3<f64>, [f64; 3]) {
    let frame = mechanism.frame("jaw_tip").expect("a tip");
    let mut workspace = mechanism.workspace();
    let mut tip = |q: &[f64]| {
        mechanism.kinematics(q, &[0.0; 7], &mut workspace).expect("kinematics");
        mechanism.base_from_frame(&workspace, frame).translation.vector
    };
    let effort = |k: usize, tip: &mut dyn FnMut(&[f64]) -> Vector3<f64>| {
        let mut moved = q.to_vec();
        moved[k] = q[k] + 1e-5;
        let above = tip(&moved).z;
        moved[k] = q[k] - 1e-5;
        -load_kg * 9.806_65 * (above - tip(&moved).z) / 2e-5
    };
    let efforts = [0, 1, 2].map(|k| effort(k, &mut tip));
    (tip(q), efforts)
}

/// The published compensation of PSM3-28613, in rad/(N m) at an insertion of d m: A d³ + B d² + C d + D, and its "backlash".
fn published_compliance(d: f64) -> [f64; 2] {
    [
        -38.3402 * d * d * d + 22.6 * d * d - 4.5406 * d + 0.3458 + 0.008478,
        -16.1879 * d * d * d + 9.1018 * d * d - 1.7220 * d + 0.1343 + 0.007176,
    ]
}

/// Under a load the tip hangs lower than its joints say, by the published compliance times the load's effort on yaw and
/// pitch; encoders and joints see nothing of it.
#[test]
fn a_load_bends_the_arm_as_published() {
    // One newton across the tip at 0.10 m, at a lever of 0.1037 m: the millimetre that encoders do not see.
    let [yaw, pitch] = published_compliance(0.10);
    println!("1 N across the tip: {:.2} mm by yaw, {:.2} mm by pitch", yaw * 10.754, pitch * 10.754);
    let of_file = |joint: &str, d: f64| {
        let robot = robot();
        let of = robot.mechanism.deflections.iter().find(|x| x.joint == joint).expect("a deflection");
        of.compliance_at(d)
    };
    for d in [0.0, 0.05, 0.1, 0.15, 0.2, 0.24] {
        let [yaw, pitch] = published_compliance(d);
        // The same numbers, added in another order.
        assert!((of_file("yaw", d) - yaw).abs() < 1e-15 && (of_file("pitch", d) - pitch).abs() < 1e-15);
    }

    let case = case(SWING);
    let load_kg = 0.1;
    let mut run = Bare::new(&case);
    let place = run.model.parameter("psm1.load").expect("a load");
    run.state.parameters[place] = load_kg;
    while run.state.step < 9000 {
        run.step_only();
    }
    let js = run.values("psm1.truth.js")[..7].to_vec();
    let mechanism = on_the_bench();
    let (by_joints, efforts) = tip_and_efforts(&mechanism, &js, load_kg);
    let compliance = published_compliance(js[2]);
    let bent = run.values("psm1.truth.deflection");
    let mut there = js.clone();
    for k in 0..2 {
        let expected = compliance[k] * efforts[k];
        // Differences of the height over 1e-5 rad are good to 1e-10 of the lever.
        assert!((bent[k] - expected).abs() < 1e-8, "{}: {} {expected}", JOINTS[k], bent[k]);
        there[k] += bent[k];
    }
    assert!(bent[1].abs() > 1e-4, "the load hangs beside the remote centre: {bent:?}");
    // Beyond both axes, which meet in the remote centre, a turn of the arm is a turn of its joint.
    let (expected, _) = tip_and_efforts(&mechanism, &there, load_kg);
    let tip = run.values("psm1.truth.tip");
    let tip = Vector3::new(tip[0], tip[1], tip[2]);
    assert!((tip - expected).norm() < 1e-12, "{tip} {expected}");
    assert!(tip.z < by_joints.z, "it hangs lower");
}

/// Warm surroundings warm the structure by 1 − exp(−t/30 min), and the carriage moves by 12 µm/K along the shaft: a drift that
/// encoders do not see.
#[test]
fn a_structure_that_warms_moves_the_tip() {
    let case = case(SWING);
    let mut run = Bare::new(&case);
    let place = run.model.parameter("psm1.structure.surroundings").expect("a parameter");
    run.state.parameters[place] = 3.0;
    while run.state.step < 9000 {
        run.step_only();
    }
    let warmth = -3.0 * trocar_math::exp_m1(-3.0 / 1800.0);
    let is = run.values("psm1.truth.structure")[0];
    assert!((is - warmth).abs() < 1e-12, "{is} {warmth}");
    let moved = run.values("psm1.truth.deflection")[2];
    // It follows in 20 ms, while the structure warms by 3 K/1800 s: 0.4 nm behind, to a step of 1/3 ms.
    assert!((moved - 12e-6 * (warmth - 0.02 * 3.0 / 1800.0)).abs() < 1e-11, "{moved}");
    let mut js = run.values("psm1.truth.js")[..7].to_vec();
    js[2] += moved;
    let (expected, _) = tip_and_efforts(&on_the_bench(), &js, 0.0);
    let tip = run.values("psm1.truth.tip");
    assert!((Vector3::new(tip[0], tip[1], tip[2]) - expected).norm() < 1e-12);
}
