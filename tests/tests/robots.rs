//! The shipped arms and instruments against what is published of them, typed here apart from the files; and each arm on its
//! bench, homed and at rest.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Quaternion, Translation3, UnitQuaternion, Vector3};
use std::collections::BTreeMap;
use trocar_control::ChainFrame;
use trocar_math::random::Stream;
use trocar_plant::Coupling;
use trocar_scenario::mechanism::{FrameConfig, FrameKind, FramePlacement, MechanismConfig};
use trocar_scenario::{Files, InstrumentFile, RobotFile, load_instrument, load_robot, load_scene};
use trocar_signal::Standing;
use trocar_tests::{Bare, case, library_and, root, trocar};

const DEG: f64 = std::f64::consts::PI / 180.0;
const G: f64 = 9.806_65;

fn robot(name: &str) -> RobotFile {
    let address = format!("trocar:scenes/robots/{name}.toml");
    load_robot(&Files::library(), &address).unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics)).robot
}

fn instrument(name: &str) -> InstrumentFile {
    let address = format!("trocar:scenes/instruments/{name}.toml");
    let loaded = load_instrument(&Files::library(), &address);
    loaded.unwrap_or_else(|e| panic!("{name}: {:?}", e.diagnostics)).instrument
}

fn about_z(angle: f64) -> UnitQuaternion<f64> {
    let (s, c) = trocar_math::sin_cos(0.5 * angle);
    UnitQuaternion::new_unchecked(Quaternion::new(c, 0.0, 0.0, s))
}

fn placed(frame: &FrameConfig) -> Isometry3<f64> {
    match frame.placement() {
        FramePlacement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad } => {
            ChainFrame::modified_dh(a_m, alpha_rad, d_m, theta_rad, None).placement
        }
        FramePlacement::Pose { position_in_parent_m: [x, y, z], parent_from_frame_xyzw: [i, j, k, w] } => {
            let turn = UnitQuaternion::new_unchecked(Quaternion::new(w, i, j, k));
            Isometry3::from_parts(Translation3::new(x, y, z), turn)
        }
    }
}

/// Poses of all frames in the base at a posture; coordinates that are not named stand at zero.
fn poses(mechanism: &MechanismConfig, q: &BTreeMap<String, f64>) -> BTreeMap<String, Isometry3<f64>> {
    let mut poses = BTreeMap::from([("base".to_owned(), Isometry3::identity())]);
    for frame in &mechanism.frames {
        let value: f64 = frame.moves.iter().map(|(name, k)| k * q.get(name).copied().unwrap_or(0.0)).sum();
        let motion = match frame.kind {
            FrameKind::Revolute => Isometry3::from_parts(Translation3::identity(), about_z(value)),
            FrameKind::Prismatic => Isometry3::translation(0.0, 0.0, value),
            _ => Isometry3::identity(),
        };
        let pose = poses[&frame.parent] * placed(frame) * motion;
        poses.insert(frame.name.clone(), pose);
    }
    poses
}

/// The frame of the tool's tip.
fn tip_frame(mechanism: &MechanismConfig) -> String {
    mechanism.tip.as_ref().expect("a tip").frame.clone()
}

/// Any posture inside the limits.
fn posture(mechanism: &MechanismConfig, number: u64) -> BTreeMap<String, f64> {
    let stream = Stream::new(7, 0, "posture");
    let of = |(k, c): (usize, &trocar_scenario::mechanism::CoordinateConfig)| {
        let value = stream.at(number, k as u32).uniform_in(c.lower.value.si, c.upper.value.si);
        (c.name.clone(), value)
    };
    mechanism.coordinates.iter().enumerate().map(of).collect()
}

// ---- Instruments ---------------------------------------------------------------------------------------------------

/// What `share/tool` of the dVRK says of an instrument: shaft and wrist, m; limits of wrist pitch and yaw, deg; jaw, rad
/// and N m; the coupling by its numbers: roll, pitch, yaw by discs 2, 3 and 4, jaw by discs 3 and 4.
struct Tool {
    name: &'static str,
    wrist_m: f64,
    roll_rad: f64,
    limits_deg: [f64; 2],
    jaw: Option<[f64; 3]>,
    coupling: [f64; 7],
}

const LND: [f64; 7] = [-1.5632, 1.0186, -0.8306, 0.6089, 0.6089, -1.2177, 1.2177];
const PROGRASP: [f64; 7] = [-1.5631, 1.0, -0.5068, -0.5135, -0.5135, -0.5279, 0.5279];
const BIPOLAR: [f64; 7] = [-1.563233, 1.0, -0.630273, 0.457982, 0.457982, -0.915964, 0.915964];
const MEGA: [f64; 7] = [-1.5575, 1.0, -0.456081, 0.368243, 0.368243, -0.736486, 0.736486];
const CLIP: [f64; 7] = [-1.563131, 1.0, -0.506756, 0.513513, 0.513513, 0.527898, -0.52789];
const HOOK: [f64; 7] = [-1.5632, 1.1353, 0.7827, -1.0582, 0.0, 0.0, 0.0];

const fn tool(
    name: &'static str,
    wrist_m: f64,
    roll_rad: f64,
    limits_deg: [f64; 2],
    jaw: Option<[f64; 3]>,
    coupling: [f64; 7],
) -> Tool {
    Tool { name, wrist_m, roll_rad, limits_deg, jaw, coupling }
}

const WIDE: f64 = 4.53786;
const NARROW: f64 = 4.4506;
const TOOLS: [Tool; 17] = [
    tool("large_needle_driver_400006", 9.1e-3, WIDE, [80.0, 80.0], Some([-0.698132, 1.39626, 0.16]), LND),
    tool("prograsp_400093", 10.7e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), PROGRASP),
    tool("cadiere_400049", 9.1e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), LND),
    tool("debakey_400036", 9.1e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), LND),
    tool("maryland_bipolar_400172", 10.7e-3, NARROW, [70.0, 90.0], Some([-0.349066, 1.39626, 0.19]), BIPOLAR),
    tool(
        "fenestrated_bipolar_400205",
        10.7e-3,
        NARROW,
        [70.0, 90.0],
        Some([-0.698132, 1.39626, 0.19]),
        BIPOLAR,
    ),
    tool("mega_needle_driver_400194", 11.2e-3, NARROW, [70.0, 80.0], Some([-0.349066, 1.39626, 0.19]), MEGA),
    tool(
        "large_clip_applier_400230",
        10.7e-3,
        NARROW,
        [70.0, 73.0],
        Some([-0.349066, 45.0 * DEG, 0.70]),
        CLIP,
    ),
    tool("curved_scissors_400178", 9.1e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), LND),
    tool("cautery_hook_400183", 9.3e-3, WIDE, [80.0, 85.0], None, HOOK),
    tool("large_needle_driver_420006", 9.1e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), LND),
    tool("prograsp_420093", 10.7e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), PROGRASP),
    tool("maryland_bipolar_420172", 10.7e-3, NARROW, [70.0, 90.0], Some([-0.349066, 1.39626, 0.19]), BIPOLAR),
    tool(
        "fenestrated_bipolar_420205",
        10.7e-3,
        NARROW,
        [70.0, 90.0],
        Some([-0.698132, 1.39626, 0.19]),
        BIPOLAR,
    ),
    tool("mega_needle_driver_420194", 11.2e-3, NARROW, [70.0, 80.0], Some([-0.349066, 1.39626, 0.19]), MEGA),
    tool("monopolar_scissors_420179", 9.1e-3, WIDE, [80.0, 80.0], Some([-0.349066, 1.39626, 0.16]), LND),
    tool("cautery_hook_420183", 9.3e-3, WIDE, [80.0, 85.0], None, HOOK),
];

/// The coupling as published, and what no table can be without: it can be inverted, and no power is lost in it.
#[test]
fn couplings_are_those_published_and_lose_no_power() {
    for tool in &TOOLS {
        let file = instrument(tool.name);
        let [roll, pitch, by_2, by_3, by_4, jaw_3, jaw_4] = tool.coupling;
        let four = [
            [roll, 0.0, 0.0, 0.0],
            [0.0, pitch, 0.0, 0.0],
            [0.0, by_2, by_3, by_4],
            [0.0, 0.0, jaw_3, jaw_4],
        ];
        let size = if tool.jaw.is_some() { 4 } else { 3 };
        let expected: Vec<Vec<f64>> =
            four[..size].iter().map(|row: &[f64; 4]| row[..size].to_vec()).collect();
        let config = file.coupling.as_ref().expect("a coupling");
        assert_eq!(config.joint_from_actuator.value, expected, "{}", tool.name);
        assert_eq!(file.discs, tool.jaw.is_none().then(|| vec![1, 2, 3]), "{}", tool.name);
        let coupling = Coupling::new(config, size).expect("it can be inverted");
        let stream = Stream::new(3, 0, tool.name);
        for number in 0..20 {
            let draw = |lane: u32| stream.at(number, lane).uniform_in(-1.0, 1.0);
            let speeds: Vec<f64> = (0..size as u32).map(draw).collect();
            let efforts: Vec<f64> = (0..size as u32).map(|k| draw(10 + k)).collect();
            let (mut joint_speeds, mut back, mut joint_efforts) = ([0.0; 4], [0.0; 4], [0.0; 4]);
            coupling.joints_from_actuators(&speeds, &mut joint_speeds[..size]);
            coupling.actuators_from_joints(&joint_speeds[..size], &mut back[..size]);
            coupling.joint_efforts(&efforts, &mut joint_efforts[..size]);
            let power = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            let lost = power(&speeds, &efforts) - power(&joint_speeds[..size], &joint_efforts[..size]);
            // Sums of four products of about one, with a condition number below ten.
            assert!(lost.abs() < 1e-13, "{}: {lost}", tool.name);
            for (back, speed) in back.iter().zip(&speeds) {
                assert!((back - speed).abs() < 1e-13, "{}", tool.name);
            }
        }
    }
}

#[test]
fn limits_and_grip_are_those_published() {
    for tool in &TOOLS {
        let file = instrument(tool.name);
        let mut expected = vec![("roll", -tool.roll_rad, tool.roll_rad)];
        for (name, limit) in ["wrist_pitch", "wrist_yaw"].iter().zip(tool.limits_deg) {
            expected.push((name, -limit * DEG, limit * DEG));
        }
        expected.extend(tool.jaw.map(|[lower, upper, _]| ("jaw", lower, upper)));
        assert_eq!(file.coordinates.len(), expected.len(), "{}", tool.name);
        for (c, (name, lower, upper)) in file.coordinates.iter().zip(expected) {
            assert_eq!(c.name, name);
            // The files give five or six digits of a radian.
            assert!((c.lower.value.si - lower).abs() < 6e-5, "{} {name}", tool.name);
            assert!((c.upper.value.si - upper).abs() < 6e-5, "{} {name}", tool.name);
        }
        match (&file.jaw, tool.jaw) {
            (None, None) => assert!(file.grip_force_n().is_none()),
            (Some(jaw), Some([_, _, effort])) => {
                assert_eq!(jaw.effort.value.si(), effort, "{}", tool.name);
                let force = file.grip_force_n().expect("a jaw grips");
                assert!((force * jaw.length.value.si() - effort).abs() < 1e-15, "{}", tool.name);
                assert_eq!(file.limits()["grip_force"].value.si, force);
            }
            _ => panic!("{}: a jaw on one side", tool.name),
        }
    }
}

/// Straight, the tip lies on the shaft: shaft, wrist and jaw in a row; and its z points along it.
#[test]
fn the_tip_of_a_straight_instrument_lies_on_its_shaft() {
    for tool in &TOOLS {
        let file = instrument(tool.name);
        let mechanism = file.mechanism();
        let shaft_m = if tool.name.contains("_420") { 0.4670 } else { 0.4162 };
        let beyond_m = mechanism.frames.last().and_then(|f| f.d.as_ref()).expect("a length").value.si();
        let tip = poses(&mechanism, &BTreeMap::new())[&tip_frame(&mechanism)];
        let expected = Vector3::new(0.0, 0.0, shaft_m + tool.wrist_m + beyond_m);
        assert!((tip.translation.vector - expected).norm() < 1e-15, "{}: {tip}", tool.name);
        assert!((tip.rotation * Vector3::z() - Vector3::z()).norm() < 1e-15, "{}", tool.name);
        // The wrist's limits keep it on a sphere about the wrist: bent by 90 degrees it would lie beside the shaft.
        let bent = BTreeMap::from([("wrist_pitch".to_owned(), 30.0 * DEG)]);
        let moved = poses(&mechanism, &bent)[&tip_frame(&mechanism)].translation.vector;
        let lever = tool.wrist_m + beyond_m;
        let (s, c) = trocar_math::sin_cos(30.0 * DEG);
        assert!((moved.z - shaft_m - lever * c).abs() < 1e-15, "{}: {moved}", tool.name);
        assert!((trocar_math::hypot(moved.x, moved.y) - lever * s).abs() < 1e-15, "{}: {moved}", tool.name);
    }
}

/// What an endoscope weighs, and where the dVRK has its centre: behind the frame of insertion.
#[test]
fn endoscopes_weigh_what_the_dvrk_compensates() {
    for (name, mass, behind_m) in
        [("endoscope_hd", 2.5, 0.1), ("endoscope_sd", 1.5, 0.1), ("endoscope_si_hd", 1.8, 0.144)]
    {
        let file = instrument(name);
        let [link] = file.links.as_slice() else { panic!("one body") };
        assert_eq!(link.mass.value.si(), mass);
        let centre = link.centre_of_mass.value.map(|c| c.si());
        assert_eq!([centre[0], centre[1]], [0.0, 0.0]);
        assert!((centre[2] + 0.3829 + behind_m).abs() < 1e-15, "{name}");
        assert!(file.coordinates.is_empty() && file.jaw.is_none());
    }
}

// ---- Arms ----------------------------------------------------------------------------------------------------------

const EXOSKELETONS: [&str; 4] = ["exo_h3", "fourier_x2", "gait_trainer", "agree"];

const ARMS: [&str; 5] = ["psm_classic", "psm_si", "ecm_classic", "ecm_si", "raven2"];

/// However the arm stands, its shaft passes through the remote centre.
#[test]
fn the_shaft_always_passes_through_the_remote_centre() {
    for name in ARMS {
        let mechanism = robot(name).mechanism;
        for number in 0..200 {
            let shaft = poses(&mechanism, &posture(&mechanism, number))["roll"];
            let direction = shaft.rotation * Vector3::z();
            let distance = shaft.translation.vector.cross(&direction).norm();
            // The Si's table gives the parallelogram's angles to a microradian, which 0.7 m turn into as many micrometres.
            let allowed = if name.ends_with("_si") { 3e-6 } else { 1e-12 };
            assert!(distance < allowed, "{name}: {distance} m at posture {number}");
        }
    }
}

/// The parallelograms of the Si arms move the carriage as the chain that the dVRK's kinematics believe in.
#[test]
fn the_si_arms_move_as_their_published_virtual_chains() {
    let quarter = 90.0 * DEG;
    let dh = |alpha: f64, d: f64, theta: f64| ChainFrame::modified_dh(0.0, alpha, d, theta, None).placement;
    for (name, frame, offset_m) in [("psm_si", "insertion2", -0.4826), ("ecm_si", "insertion", -0.3822)] {
        let mechanism = robot(name).mechanism;
        for number in 0..100 {
            let q = posture(&mechanism, number);
            let physical = poses(&mechanism, &q)[frame];
            let virtual_chain = dh(quarter, 0.0, q["yaw"] + quarter)
                * dh(-quarter, 0.0, q["pitch"] - quarter)
                * dh(quarter, q["insertion"] + offset_m, 0.0);
            let apart = (physical.translation.vector - virtual_chain.translation.vector).norm();
            let turned = physical.rotation.angle_to(&virtual_chain.rotation);
            assert!(apart < 3e-6 && turned < 4e-6, "{name}: {apart} m, {turned} rad");
        }
    }
}

/// The first ECM has the virtual chain itself: its tip is where q1, q2 and the depth put it.
#[test]
fn the_tip_of_the_classic_ecm_is_where_the_closed_form_says() {
    let mechanism = robot("ecm_classic").mechanism;
    for number in 0..100 {
        let q = posture(&mechanism, number);
        let depth = q["insertion"] - 0.3822 + 0.3829;
        let ((s1, c1), (s2, c2)) = (trocar_math::sin_cos(q["yaw"]), trocar_math::sin_cos(q["pitch"]));
        let expected = Vector3::new(c2 * s1, -s2, -c2 * c1) * depth;
        let tip = poses(&mechanism, &q)[&tip_frame(&mechanism)].translation.vector;
        assert!((tip - expected).norm() < 1e-15, "{tip} {expected}");
    }
}

/// The Raven's axes meet in one point, 75 and 52 degrees apart; the tool's end lies where the published table puts it.
#[test]
fn the_raven_is_the_spherical_mechanism_that_is_published() {
    let mechanism = robot("raven2").mechanism;
    let angle = |a: Vector3<f64>, b: Vector3<f64>| trocar_math::atan2(a.cross(&b).norm(), a.dot(&b));
    for number in 0..100 {
        let q = posture(&mechanism, number);
        let at = poses(&mechanism, &q);
        let z = |name: &str| at[name].rotation * Vector3::z();
        assert!(
            at["shoulder"].translation.vector.norm() == 0.0 && at["elbow"].translation.vector.norm() == 0.0
        );
        assert!((angle(z("shoulder"), z("elbow")) - 75.0 * DEG).abs() < 1e-14);
        assert!((angle(z("elbow"), -z("insertion")) - 52.0 * DEG).abs() < 1e-14);
        // The wrist lies 0.47 m beyond the carriage, the jaws' axis 13 mm from it.
        let wrist = at["wrist_pitch"].translation.vector;
        assert!((wrist - z("insertion") * (q["insertion"] - 0.47)).norm() < 1e-15);
        assert!(((at["wrist_yaw"].translation.vector - wrist).norm() - 0.013).abs() < 1e-15);
    }
}

/// Cables: what one motor moves beside its own joint. The tool's cables run along the insertion, so that x of it lets them
/// run x over their capstans (10.6 mm + half a cable of 0.61 mm at the tool, geared 120/180, 200/180 and 100/90).
#[test]
fn the_ravens_cables_couple_what_they_pass() {
    let file = robot("raven2");
    let a = &file.coupling.as_ref().expect("a coupling").joint_from_actuator.value;
    assert_eq!(a[1][0], -0.14545, "the elbow falls behind the shoulder");
    assert_eq!(a[2][1], -0.008077387);
    // d4 = a4 − c02 θ1 − c12 θ2, and θ2 = a2 − c01 a1.
    assert!((a[2][0] + 0.0077973826 - 0.008077387 * 0.14545).abs() < 1e-12);
    let capstan_m = 10.6e-3 + 0.61e-3 / 2.0;
    for (row, ratio, sum) in [(3, 120.0 / 180.0, 1.0), (4, 200.0 / 180.0, 1.0), (6, 100.0 / 90.0, 2.0)] {
        let expected = -sum / (capstan_m * ratio);
        assert!((a[row][2] / expected - 1.0).abs() < 1e-9, "{} {expected}", a[row][2]);
    }
    assert_eq!(a[5][2], 0.0, "both jaws turn alike: they open, and the wrist does not yaw");
    // Gains: p and d of a motor, behind its gearbox, seen from the joint.
    let shoulder = &file.servo.joints[0];
    let ratio = 12.25 * (62.5 + 1.19 / 2.0) / (11.35 / 2.0);
    // The file gives five digits.
    assert!((shoulder.p.value.si / (0.3 * ratio * ratio / 12.25) - 1.0).abs() < 5e-5);
    assert!((shoulder.d.value.si / (0.008 * ratio * ratio / 12.25) - 1.0).abs() < 5e-5);
}

/// What is published of the Exo-H3's unit: 3930 1/min and 5.7 A make 2.6 rad/s and some 35 N m at the joint; motor and wave generator
/// are 0.83 kg m² there. Mechanical stops leave room around what may be commanded, and give way so much that the rotor, at nominal
/// speed and with the motor's greatest torque behind it, loads the gear with less than its repeated peak of 123 N m.
#[test]
fn the_units_of_the_h3_are_those_published() {
    let file = robot("exo_h3");
    assert!(file.mechanism.tip.is_none() && file.actuators.len() == 6);
    for actuator in &file.actuators {
        let gear = actuator.gear.value.si;
        let inertia = actuator.rotor_inertia.as_ref().expect("a rotor").value.si() * gear * gear;
        assert!((inertia - 0.8346).abs() < 1e-3, "{inertia}");
        let nominal_nm = 5.7 * actuator.effort_per_ampere();
        assert!((nominal_nm / 35.0 - 1.0).abs() < 0.03, "{nominal_nm}");
        let greatest_nm = actuator.effort_per_ampere() * actuator.motor.max_current.value.si();
        assert!((greatest_nm - 50.0).abs() < 0.01, "{greatest_nm}");
        let speed = 3930.0 / 60.0 * 2.0 * std::f64::consts::PI / gear;
        let stop = file.mechanism.stops.iter().find(|stop| stop.name == actuator.name).expect("a stop");
        let (k, c) = (stop.stiffness.value.si, stop.damping.value.si);
        let spring_nm = speed * (k * inertia).sqrt();
        let damper_nm = speed * c;
        // A spring and a damper in parallel push at most with the two together, and the motor pushes as well.
        assert!(
            trocar_math::hypot(spring_nm, damper_nm) + greatest_nm < 123.0 + 5.0,
            "{spring_nm} {damper_nm}"
        );
        let of = file.mechanism.coordinates.iter().find(|c| c.name == actuator.name).expect("a joint");
        assert!(stop.lower.value.si < of.lower.value.si && of.upper.value.si < stop.upper.value.si);
    }
    let supply = file.power_supply.as_ref().expect("a battery");
    let battery = supply.battery.as_ref().expect("a battery");
    assert_eq!((supply.voltage.value.si, battery.capacity.value.si), (19.2, 10.8 * 3600.0));
}

/// The Fourier X2's thigh and shank are each two bodies as published, joined: mass, first and second moment about the joint above.
#[test]
fn the_segments_of_the_x2_are_the_published_bodies() {
    let file = robot("fourier_x2");
    let published = [
        ("thigh", 0.39, [(0.7, 0.0811, 0.002197), (2.14, 0.39 - 0.05564, 0.005901)]),
        ("shank", 0.40, [(0.64, 0.0908, 0.002346), (0.47, 0.40 - 0.0562, 0.0007941)]),
    ];
    for (segment, length_m, parts) in published {
        for side in ["left", "right"] {
            let name = format!("{side}_{segment}");
            let link = file.mechanism.links.iter().find(|link| link.frame == name).expect("a link");
            let (mass, y) = (link.mass.value.si(), link.centre_of_mass.value[1].si());
            let about_joint = link.inertia.value[5].si() + mass * y * y;
            let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| parts.iter().map(of).sum::<f64>();
            // The file gives four or five digits.
            assert!((mass - sum(&|p| p.0)).abs() < 1e-3, "{name}");
            assert!((-mass * y / sum(&|p| p.0 * p.1) - 1.0).abs() < 2e-4, "{name}");
            assert!((about_joint / sum(&|p| p.2 + p.0 * p.1 * p.1) - 1.0).abs() < 2e-4, "{name}");
            assert!(parts.iter().all(|p| p.1 < length_m));
        }
    }
    for actuator in &file.actuators {
        let gear = actuator.gear.value.si;
        let inertia = actuator.rotor_inertia.as_ref().expect("a rotor").value.si() * gear * gear;
        assert!((inertia / 1.9 - 1.0).abs() < 1e-5);
        // 250880 counts for 90 degrees of the joint.
        assert_eq!(actuator.encoder.counts_per_turn.value * gear / 4.0, 250_880.0);
    }
}

/// The gait trainer's segments are the bodies of the published model (sizes in metres, densities), its guide bears what rises, its gains are
/// those published at the published lever, and its stops act before the drives' greatest force does.
#[test]
fn the_gait_trainer_is_the_published_model() {
    let file = robot("gait_trainer");
    let link = |name: &str| file.mechanism.links.iter().find(|link| link.frame == name).expect("a link");
    let mass = |name: &str| link(name).mass.value.si();
    let bar = |sides: [f64; 3], density: f64| sides.iter().product::<f64>() * density;
    let rod =
        |radius: f64, length: f64, density: f64| std::f64::consts::PI * radius * radius * length * density;
    let thigh = bar([0.4, 0.025, 0.035], 3770.0);
    let knee_drive = rod(0.0125, 0.1225, 1e4) + rod(0.03, 0.0625, 1e4) + bar([0.03, 0.0925, 0.025], 2710.0);
    let hip_end = bar([0.045, 0.03, 0.0925], 2710.0) + bar([0.01, 0.13, 0.085], 2710.0);
    let shank = bar([0.37, 0.035, 0.025], 3770.0);
    let screw = rod(0.005, 0.15, 1e4) + bar([0.01, 0.06, 0.01], 1e4);
    let drive_rod = rod(0.015, 0.71, 11_460.0);
    let plates = bar([0.01, 0.24, 0.24], 5000.0)
        + bar([0.01, 0.416, 0.01], 5000.0)
        + 2.0 * bar([0.1205, 0.01, 0.01], 5000.0);
    let pelvis = plates + 4.0 * (bar([0.265, 0.07, 0.13], 2300.0) + drive_rod);
    // The file gives four digits.
    for (name, published) in
        [("left_thigh", thigh + knee_drive + hip_end), ("right_shank", shank + screw), ("pelvis", pelvis)]
    {
        assert!((mass(name) / published - 1.0).abs() < 1e-3, "{name} {published}");
    }
    let lever_m = 0.34;
    let rotor = file.mechanism.rotors.iter().find(|rotor| rotor.name == "left_hip_rods").expect("rods");
    assert!((rotor.inertia.value.si() / (2.0 * drive_rod * lever_m * lever_m) - 1.0).abs() < 1e-3);
    let rises: f64 = file.mechanism.links.iter().map(|link| link.mass.value.si()).sum();
    let [guide] = file.mechanism.springs.as_slice() else { panic!("one spring") };
    // A newton in 394 N/m is 3 mm.
    assert!((guide.preload.value.si - rises * G).abs() < 0.5, "{} {}", guide.preload.value.si, rises * G);
    for joint in &file.servo.joints {
        let [p, d] = [&joint.p, &joint.d].map(|gain| gain.value.si);
        let of_drives = [84e3, 1.3e3].map(|gain| 2.0 * gain * lever_m * lever_m);
        let published = if joint.joint.ends_with("hip") { of_drives } else { [1620.0, 10.0] };
        assert!(
            (p / published[0] - 1.0).abs() < 1e-4 && (d / published[1] - 1.0).abs() < 1e-3,
            "{}",
            joint.joint
        );
    }
    for actuator in &file.actuators {
        let is_hip = actuator.name.ends_with("hip");
        let peak_nm = if is_hip { 2.0 * 2000.0 * lever_m } else { 500.0 };
        // Rotor, rods and a heavy person's leg: 0.6 kg m² of a shank with its foot, or 1.0 kg m² more of the whole leg.
        let gear = actuator.gear.value.si;
        let reflected = actuator.rotor_inertia.as_ref().expect("a rotor").value.si() * gear * gear;
        let inertia = reflected + if is_hip { rotor.inertia.value.si() + 1.6 } else { 0.6 };
        let speed =
            file.arm.joints.iter().find(|j| j.joint == actuator.name).expect("a joint").velocity.value.si;
        let stop = file.mechanism.stops.iter().find(|stop| stop.name == actuator.name).expect("a stop");
        let pushed = trocar_math::hypot(
            speed * (stop.stiffness.value.si * inertia).sqrt(),
            speed * stop.damping.value.si,
        );
        let motor_nm = actuator.effort_per_ampere() * actuator.motor.max_current.value.si();
        assert!(pushed + motor_nm < peak_nm, "{}: {pushed} and {motor_nm} of {peak_nm} N m", actuator.name);
    }
}

/// What holds the AGREE's arm in the sagittal plane, by levers as one would work them out from the published centres, and how near
/// the balance comes to the published torque of its spring.
#[test]
fn the_agree_weighs_as_its_software_computes() {
    let file = robot("agree");
    let (upper_m, shell_m) = (0.125, 0.2925 - 0.082);
    for (elevation_deg, elbow_deg) in [(0.0, 0.0), (20.0, 60.0), (55.0, 30.0)] {
        let (elevation, elbow) = (elevation_deg * DEG, elbow_deg * DEG);
        let q = ["shoulder_horizontal", "shoulder_elevation", "shoulder_rotation", "elbow"];
        let q = q.into_iter().zip([0.3, elevation, 0.0, elbow]).map(|(n, v)| (n.to_owned(), v)).collect();
        let holds = weights(&file.mechanism, &q);
        // How far forward of its axis the centre of a part lies that hangs `down` and `back` in a segment bent forward.
        let ahead = |down: f64, back: f64, bent: f64| {
            let (sin, cos) = trocar_math::sin_cos(bent);
            down * sin - back * cos
        };
        let forearm = 1.771 * ahead(0.095, 0.06, elevation + elbow);
        let about_elbow = G * forearm;
        let about_shoulder = G
            * (1.678 * ahead(upper_m, 0.0, elevation)
                + 0.732 * ahead(shell_m, 0.028, elevation)
                + 1.771 * ahead(0.2925, 0.0, elevation)
                + forearm);
        // The difference quotient's 1e-9.
        assert!((holds["elbow"] - about_elbow).abs() < 1e-6, "{} {about_elbow}", holds["elbow"]);
        let shoulder = holds["shoulder_elevation"];
        assert!((shoulder - about_shoulder).abs() < 1e-6, "{shoulder} {about_shoulder}");
        assert!(holds["shoulder_horizontal"].abs() < 1e-6, "a vertical axis bears no weight");
        let [balance] = file.mechanism.balances.as_slice() else { panic!("one balance") };
        let published = 0.121 + 6.971 * elevation + 2.936 * elevation * elevation;
        let bears = balance.greatest.value.si() * trocar_math::sin(elevation);
        assert!((bears - published).abs() < 0.9, "{bears} {published}");
    }
    for (actuator, pulleys) in file.actuators.iter().zip([28.0 / 16.0, 1.0, 110.0 / 15.0, 1.0]) {
        assert!((actuator.gear.value.si / (156.0 * pulleys) - 1.0).abs() < 1e-7, "{}", actuator.name);
    }
    let range = |frame: &str| {
        let sensor = file.torque_sensors.iter().find(|sensor| sensor.frame == frame);
        sensor.expect("a load cell").range.value.si
    };
    let in_lbf = 0.112_984_829;
    for (frame, nm) in
        [("shoulder", 50.0 * in_lbf * 1.75), ("upper_arm", 200.0 * in_lbf), ("forearm", 200.0 * in_lbf)]
    {
        assert!((range(frame) / nm - 1.0).abs() < 1e-3, "{frame}");
    }
}

/// Nothing drives the gait trainer: its guide comes to rest where spring and weight are equal, at (preload − weight)/stiffness.
#[test]
fn the_guide_rests_where_its_spring_bears_the_weight() {
    let file = robot("gait_trainer");
    let rises: f64 = file.mechanism.links.iter().map(|link| link.mass.value.si()).sum();
    for preload_n in [560.0, 590.6, 620.0] {
        let text = format!(
            "format = 1\ntitle = \"Rest\"\nscene = \"trocar:scenes/gait_trainer_stand.toml\"\n[roles]\nexo = \"exo\"\n\
             [setup]\n\"exo.pelvis.spring.preload\" = \"{preload_n} N\"\n[[phases]]\nname = \"rest\"\nlasts = \"30 s\"\n\
             [measures.m]\nkind = \"range\"\nof = \"exo.truth.passive.position.pelvis_height\"\nwindow = {{ phase = \"rest\" }}\n\
             [[requirements]]\nid = \"R1\"\nformula = \"m <= 1 m\"\nwhy = \"None.\"\n"
        );
        let case = case(&text);
        let mut run = Bare::new(&case);
        let seconds = |s: f64| (s * run_rate(&case)) as u64;
        while run.state.step < seconds(12.0) {
            run.step_only();
        }
        let [height, speed, push] = run.values("exo.truth.passive")[..] else { panic!("one coordinate") };
        let expected = (preload_n - rises * G) / 394.0;
        // What still swings is gone by e^(-20) after 12 s: left is the drifting of the legs, which friction holds askew.
        assert!((height - expected).abs() < 2e-4, "{height} {expected}");
        assert!(speed.abs() < 1e-3 && (push - rises * G).abs() < 0.1, "{speed} {push}");
    }
}

/// At rest a gear gives way by what it bears over its stiffness, as it is in the file and as soft as a series spring.
#[test]
fn the_agrees_gears_give_way_by_torque_over_stiffness() {
    for stiffness in [5000.0, 500.0] {
        let setup = format!(
            "[setup]\n\"exo.elbow.transmission.stiffness\" = \"{stiffness} N m/rad\"\n\
             \"exo.elbow.transmission.backlash\" = \"0 deg\"\n[[phases]]\nname = \"ready\""
        );
        let text = homing("agree_stand", "exo")
            .replace("arm", "exo")
            .replace("truth.tip.position.x", "truth.js.position.elbow")
            .replace("m <= 1 m", "m <= 1 rad")
            .replace("[[phases]]\nname = \"ready\"", &setup);
        let case = case(&text);
        let mut run = Bare::new(&case);
        while run.state.step < (6.0 * run_rate(&case)) as u64 {
            run.step_only();
        }
        let value = |what: &str| {
            let element = case.model.layout.element(&format!("exo.truth.transmissions.{what}.elbow"));
            run.values("exo.truth.transmissions")[element.expect("an element").index as usize]
        };
        let (deflection, effort) = (value("deflection"), value("effort"));
        assert!(effort.abs() > 0.05, "the elbow is held at 10 degrees: {effort} N m");
        // At rest nothing else passes through the gear; what still creeps is damped by less than a hundredth of it.
        assert!(
            (deflection - effort / stiffness).abs() < 0.01 * (effort / stiffness).abs(),
            "{deflection} {effort}"
        );
    }
}

/// The greatest efforts that the dVRK's kinematics state are greatest current, times torque constant, times gear.
#[test]
fn greatest_efforts_are_current_torque_constant_and_gear() {
    let published: [(&str, &[f64]); 4] = [
        ("psm_classic", &[3.316101, 3.316101, 9.877926]),
        ("psm_si", &[17.0845, 17.0845, 40.9063]),
        ("ecm_classic", &[26.93208, 26.93208, 80.6589483, 0.87658808]),
        ("ecm_si", &[17.0845, 34.0845, 70.9, 6.81923]),
    ];
    for (name, efforts) in published {
        let file = robot(name);
        for (actuator, effort) in file.actuators.iter().zip(efforts) {
            let product = actuator.effort_per_ampere() * actuator.motor.max_current.value.si();
            // In the pitch of the Si arms the table and the generator of the configuration do not agree: 17.08 against
            // 3.4 A of a gear of 85, 34.08 against a gear of 168.3333.
            let allowed = if name.ends_with("_si") && actuator.name == "pitch" { 0.021 } else { 5e-5 };
            assert!((product / effort - 1.0).abs() < allowed, "{name} {}: {product} {effort}", actuator.name);
        }
    }
}

// ---- Benches -------------------------------------------------------------------------------------------------------

const BENCHES: [(&str, &str, &str); 4] = [
    ("psm_si_bench", "psm1", "psm_si"),
    ("ecm_classic_bench", "ecm", "ecm_classic"),
    ("ecm_si_bench", "ecm", "ecm_si"),
    ("raven2_bench", "raven", "raven2"),
];

fn homing(scene: &str, role: &str) -> String {
    format!(
        "format = 1\ntitle = \"Home and rest\"\nscene = \"trocar:scenes/{scene}.toml\"\n[roles]\narm = \"{role}\"\n\
         [[phases]]\nname = \"ready\"\nsend = {{ \"arm.state_command\" = [\"enable\", \"home\"] }}\n\
         until = \"arm.is_homed and not arm.is_busy\"\nwithin = \"30 s\"\n\
         [[phases]]\nname = \"rest\"\nlasts = \"30 s\"\n\
         [measures.m]\nkind = \"range\"\nof = \"arm.truth.tip.position.x\"\nwindow = {{ phase = \"rest\" }}\n\
         [[requirements]]\nid = \"R1\"\nformula = \"m <= 1 m\"\nwhy = \"None.\"\n"
    )
}

/// What the links weigh, times how their centres rise: the effort of each coordinate that holds them.
fn weights(mechanism: &MechanismConfig, q: &BTreeMap<String, f64>) -> BTreeMap<String, f64> {
    let energy = |q: &BTreeMap<String, f64>| -> f64 {
        let at = poses(mechanism, q);
        let height = |link: &trocar_scenario::mechanism::LinkConfig| {
            let centre = Vector3::from(link.centre_of_mass.value.map(|c| c.si()));
            (at[&link.frame] * nalgebra::Point3::from(centre)).z
        };
        mechanism.links.iter().map(|link| link.mass.value.si() * G * height(link)).sum()
    };
    let step = 1e-5;
    let slope = |name: &String| {
        let moved = |by: f64| {
            let mut q = q.clone();
            *q.get_mut(name).expect("a coordinate") += by;
            energy(&q)
        };
        (moved(step) - moved(-step)) / (2.0 * step)
    };
    q.keys().map(|name| (name.clone(), slope(name))).collect()
}

/// Each arm homes on its published gains, comes to rest, and its motors then hold what its links weigh: within what dry
/// friction can carry, and to the newton metre by masses and levers.
#[test]
fn arms_home_and_stand_and_hold_their_weight() {
    for (scene, role, name) in BENCHES {
        let mechanism = robot(name).mechanism;
        let case = case(&homing(scene, role));
        let mut run = Bare::new(&case);
        let seconds = |s: f64| (s * run_rate(&case)) as u64;
        let rested = seconds(4.0);
        while run.state.step < rested {
            run.step_only();
        }
        assert_eq!(run.values(&format!("{role}.is_homed")), [1.0], "{name}");
        assert_eq!(run.values(&format!("{role}.is_busy")), [0.0], "{name}");
        let n = mechanism.coordinates.len();
        let truth = format!("{role}.truth.js");
        let before = run.values(&truth)[..n].to_vec();
        while run.state.step < seconds(5.0) {
            run.step_only();
        }
        let after = run.values(&truth).to_vec();
        let q: BTreeMap<String, f64> =
            mechanism.coordinates.iter().map(|c| c.name.clone()).zip(after.iter().copied()).collect();
        let holds = weights(&mechanism, &q);
        for (k, c) in mechanism.coordinates.iter().enumerate() {
            // One count of the coarsest encoder (64 x 300 a turn) is 3.3e-4 rad: within it a joint may creep, not hunt.
            assert!((after[k] - before[k]).abs() < 3.3e-4, "{name} {}: {} {}", c.name, before[k], after[k]);
            assert!(after[n + k].abs() < 0.01, "{name} {} moves at {}", c.name, after[n + k]);
            let friction: f64 = mechanism
                .friction
                .iter()
                .filter(|f| f.of.contains_key(&c.name))
                .map(|f| f.of[&c.name].abs() * f.coulomb.value.si)
                .sum();
            // A hundredth for the last motion, and the difference quotient's 1e-9.
            let allowed = 1.01 * friction + 1e-3;
            let (effort, weight) = (after[2 * n + k], holds[&c.name]);
            assert!((effort - weight).abs() <= allowed, "{name} {}: {effort} holds {weight}", c.name);
        }
        // The insertion carries what hangs on it: the sum of the masses, but for a droop of less than 5 mrad (1 - cos).
        if name == "ecm_classic" {
            assert!((holds["insertion"] + (2.5 + 0.23108) * G).abs() < 5e-4, "{}", holds["insertion"]);
        }
    }
}

fn run_rate(case: &trocar_sim::Case) -> f64 {
    1.0 / case.model.step_rate.period_s()
}

/// Four joints do not reach any pose: the method says so in the arm's words, and does not hang.
#[test]
fn an_arm_of_four_joints_refuses_poses_that_it_cannot_take() {
    let out = tempfile::tempdir().expect("a folder");
    for name in ["ecm_classic", "ecm_si"] {
        let results = out.path().join(name);
        let said = trocar(
            &root(),
            &[
                "run",
                "scenarios/laparoscopic/accuracy/pose_repeatability.toml",
                "--scene",
                &format!("scenes/{name}_bench.toml"),
                "--role",
                "arm=ecm",
                "--out",
                results.to_str().expect("UTF-8"),
            ],
        )
        .expect(3);
        assert!(said.out.contains("INVALID") && said.out.contains("ecm.error: out of reach"), "{}", said.out);
    }
}

// ---- The page ------------------------------------------------------------------------------------------------------

/// Parameters of a scene's only robot by standing, of its instrument or of the rest: datasheet, identified, assumed.
fn standings(scene: &str, of_instrument: bool, own: &[String]) -> [usize; 3] {
    let mut files = library_and("");
    files.insert("page.toml".to_owned(), scene.to_owned());
    let loaded =
        load_scene(&Files::in_memory(files), "page.toml").unwrap_or_else(|e| panic!("{:?}", e.diagnostics));
    let compiled = trocar_sim::compile_scene(&loaded).unwrap_or_else(|e| panic!("{e:?}"));
    let mut counts = [0; 3];
    let motors = &loaded.robots["x"].robot.actuators;
    for parameter in &compiled.model.parameters {
        let mut names = parameter.path.split('.').skip(1);
        let (part, what) = (names.next().unwrap_or(""), names.next().unwrap_or(""));
        // A disc's friction and cable are the instrument's; its motor, encoder and potentiometer are the arm's.
        let is_of_arm =
            !["friction", "transmission"].contains(&what) && motors.iter().any(|motor| motor.name == part);
        if (own.iter().any(|name| name == part) && !is_of_arm) == of_instrument {
            match parameter.standing {
                Standing::Datasheet => counts[0] += 1,
                Standing::Identified => counts[1] += 1,
                Standing::Assumed => counts[2] += 1,
                Standing::Declared => {}
            }
        }
    }
    counts
}

fn parts(instrument: &InstrumentFile) -> Vec<String> {
    let frames = instrument.frames.iter().map(|f| f.name.clone());
    let friction = instrument.friction.iter().map(|f| f.name.clone());
    let cables = (1..=instrument.cables.len()).map(|disc| format!("disc_{disc}"));
    frames.chain(friction).chain(instrument.stops.iter().map(|s| s.name.clone())).chain(cables).collect()
}

fn scene_of(arm: &str, instrument: Option<&str>) -> String {
    let chosen = instrument
        .map_or_else(String::new, |name| format!("instrument = \"trocar:scenes/instruments/{name}.toml\"\n"));
    format!(
        "format = 1\nkind = \"scene\"\ntitle = \"t\"\nstep_rate = \"3 kHz\"\n[robots.x]\n\
         file = \"trocar:scenes/robots/{arm}.toml\"\n{chosen}"
    )
}

/// The tables of docs/robots.md, as the files have it.
fn tables() -> String {
    let mut text =
        "| arm | joints | published | identified | assumed | status |\n|---|---|---|---|---|---|\n"
            .to_owned();
    for arm in ARMS {
        let file = robot(arm);
        let default = file
            .instrument
            .as_deref()
            .and_then(|path| path.rsplit('/').next())
            .and_then(|n| n.strip_suffix(".toml"));
        let on_it = default.map(instrument);
        let own = on_it.as_ref().map_or_else(Vec::new, parts);
        let [datasheet, identified, assumed] = standings(&scene_of(arm, None), false, &own);
        let theirs = on_it.as_ref().map_or(0, |i| i.coordinates.len());
        let joints: Vec<&str> = file.mechanism.coordinates.iter().map(|c| c.name.as_str()).collect();
        let joints = joints[..joints.len() - theirs].join(", ");
        text += &format!(
            "| `{arm}` | {joints} | {datasheet} | {identified} | {assumed} | {} |\n",
            file.status.words()
        );
    }
    text +=
        "\n| exoskeleton | joints | published | identified | assumed | status |\n|---|---|---|---|---|---|\n";
    for name in EXOSKELETONS {
        let file = robot(name);
        let [datasheet, identified, assumed] = standings(&scene_of(name, None), false, &[]);
        let joints: Vec<&str> = file.mechanism.coordinates.iter().map(|c| c.name.as_str()).collect();
        text += &format!(
            "| `{name}` | {} | {datasheet} | {identified} | {assumed} | {} |\n",
            joints.join(", "),
            file.status.words()
        );
    }
    text += "\n| instrument | goes on | wrist | jaw effort | grip | published | identified | assumed |\n|---|---|---|---|---|---|---|---|\n";
    let scopes =
        [("endoscope_hd", "ecm_classic"), ("endoscope_sd", "ecm_classic"), ("endoscope_si_hd", "ecm_si")];
    let of_tool =
        |tool: &Tool| (tool.name, if tool.name.contains("_420") { "psm_si" } else { "psm_classic" });
    for (name, arm) in TOOLS.iter().map(of_tool).chain(scopes) {
        let file = instrument(name);
        let [datasheet, identified, assumed] = standings(&scene_of(arm, Some(name)), true, &parts(&file));
        let wrist: Vec<String> = file
            .coordinates
            .iter()
            .filter(|c| c.name.starts_with("wrist"))
            .map(|c| format!("±{:.0}°", c.upper.value.si / DEG))
            .collect();
        let wrist = if wrist.is_empty() { "–".to_owned() } else { wrist.join(", ") };
        let effort =
            file.jaw.as_ref().map_or("–".to_owned(), |jaw| format!("{} N m", jaw.effort.value.si()));
        let grip = match (&file.jaw, file.grip_force_n()) {
            (Some(jaw), Some(force)) => format!("{force:.1} N at {:.1} mm", jaw.length.value.si() * 1e3),
            _ => "–".to_owned(),
        };
        text += &format!(
            "| `{name}` | `{arm}` | {wrist} | {effort} | {grip} | {datasheet} | {identified} | {assumed} |\n"
        );
    }
    text
}

/// Every arm and instrument of the library stands in the tables, and the page holds the tables as the files have them.
#[test]
fn the_page_of_robots_is_current() {
    let tables = tables();
    for address in Files::library().list("").expect("the library") {
        let folder = ["scenes/robots/", "scenes/instruments/"].iter().any(|folder| address.contains(folder));
        let name = address.rsplit('/').next().and_then(|n| n.strip_suffix(".toml")).unwrap_or("");
        assert!(!folder || tables.contains(&format!("| `{name}` |")), "{name} is in no table of this test");
    }
    let page = std::fs::read_to_string(root().join("docs/robots.md")).expect("docs/robots.md");
    for table in tables.split("\n\n") {
        assert!(page.contains(table.trim_end()), "docs/robots.md is old; its tables are now\n\n{tables}");
    }
}
