//! `trocar inspect` against Pinocchio, and what it says of a mechanism.
#![expect(clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::Value;
use trocar_tests::{Project, Said, root};

fn trocar(arguments: &[&str]) -> Said {
    trocar_tests::trocar(&root(), arguments)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn list(value: &Value) -> Vec<f64> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().map(number).collect()
}

fn words(value: &Value) -> Vec<String> {
    let items = value.as_array().unwrap_or_else(|| panic!("{value} is no list"));
    items.iter().map(|item| item.as_str().unwrap_or_default().to_owned()).collect()
}

fn rows(value: &Value) -> Vec<Vec<f64>> {
    value.as_array().unwrap_or_else(|| panic!("{value} is no list")).iter().map(list).collect()
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, value| if value.abs() > most { value.abs() } else { most })
}

/// The numbers agree to `relative` of the largest of them.
fn agree(what: &str, is: &[f64], meant: &[f64], relative: f64) {
    assert_eq!(is.len(), meant.len(), "{what}");
    let scale = largest(meant);
    for (a, b) in is.iter().zip(meant) {
        assert!((a - b).abs() <= relative * scale, "{what}: {a} for {b} beside {scale}");
    }
}

/// Poses, Jacobians, mass matrix, forces and accelerations of an arm of seven joints and of a tree in which nothing lies
/// straight. The two programs round differently: a few ulp of the largest entry (measured: 9e-16), and for accelerations
/// that times the condition of the mass matrix, 5e5 (measured: 2e-15, because the light joints are light beside light ones).
#[test]
fn every_number_is_pinocchios() {
    let golden = std::fs::read_to_string(root().join("tests/data/inspect_pinocchio.json"))
        .unwrap_or_else(|error| panic!("{error}"));
    let golden: Value = serde_json::from_str(&golden).unwrap_or_else(|error| panic!("{error}"));
    let cases = golden["cases"].as_array().unwrap_or_else(|| panic!("no cases"));
    assert_eq!(cases.len(), 6);
    for case in cases {
        let file = root().join("tests/data").join(case["file"].as_str().unwrap_or_default());
        let file = file.to_string_lossy().into_owned();
        let theirs = words(&case["joints"]);
        let told = trocar(&["inspect", &file, "--json"]).expect(0);
        let told: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}"));
        let ours: Vec<String> = told["robots"][0]["mechanism"]["coordinates"]
            .as_array()
            .unwrap_or_else(|| panic!("{told}"))
            .iter()
            .map(|c| c["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        let order: Vec<usize> = ours
            .iter()
            .map(|name| theirs.iter().position(|other| other == name).unwrap_or_else(|| panic!("{name}")))
            .collect();
        let sorted = |list: Vec<f64>| -> Vec<f64> { order.iter().map(|place| list[*place]).collect() };
        let text = |list: Vec<f64>| list.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        let gravity = text(list(&case["gravity"]));
        let [q, qd, qdd, tau] = ["q", "qd", "qdd", "tau"].map(|key| text(sorted(list(&case[key]))));
        let frame = case["frame"].as_str().unwrap_or_default();
        let asked = [
            "inspect",
            &file,
            "--json",
            "--frame",
            frame,
            "--gravity",
            &gravity,
            "--q",
            &q,
            "--qd",
            &qd,
            "--qdd",
            &qdd,
            "--tau",
            &tau,
        ];
        let told = trocar(&asked).expect(0);
        let told: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}"));
        let is = &told["robots"][0]["evaluation"];
        let theirs = rows(&case["mass_matrix"]);
        for (row, place) in rows(&is["mass_matrix"]).iter().zip(&order) {
            agree("mass matrix", row, &sorted(theirs[*place].clone()), 1e-14);
        }
        for key in ["bias", "gravity_effort", "inverse_dynamics"] {
            agree(key, &list(&is[key]), &sorted(list(&case[key])), 1e-14);
        }
        agree(
            "forward_dynamics",
            &list(&is["forward_dynamics"]),
            &sorted(list(&case["forward_dynamics"])),
            5e5 * 1e-15,
        );
        for (row, theirs) in rows(&is["jacobian"]).iter().zip(rows(&case["jacobian"])) {
            for (a, b) in row.iter().zip(sorted(theirs)) {
                assert!((a - b).abs() < 1e-14, "Jacobian: {a} for {b}");
            }
        }
        agree("rate", &list(&is["jacobian_rate_times_qd"]), &list(&case["jacobian_rate_times_qd"]), 1e-14);
        let poses = case["poses"].as_object().unwrap_or_else(|| panic!("no poses"));
        assert!(poses.len() > 5);
        for (link, pose) in poses {
            let frames = is["frames"].as_array().unwrap_or_else(|| panic!("{is}"));
            let found = frames.iter().find(|frame| frame["name"] == link.as_str());
            let found = found.unwrap_or_else(|| panic!("no frame {link}"));
            let theirs = list(pose);
            for (a, b) in list(&found["position_in_base_m"]).iter().zip(&theirs) {
                assert!((a - b).abs() < 1e-14, "{link}: {a} for {b}");
            }
            // A quaternion and its negative are one rotation.
            let dot: f64 =
                list(&found["base_from_frame_xyzw"]).iter().zip(&theirs[3..]).map(|(a, b)| a * b).sum();
            assert!((dot.abs() - 1.0).abs() < 1e-14, "{link}");
        }
    }
}

/// An arm of two rods, 0.4 m and 0.3 m, on a post of 0.5 m: stretched out its tip is √(0.5² + 0.7²) away, or 1.2 m where the
/// shoulder lets it point up.
#[test]
fn reach_is_that_of_the_stretched_arm() {
    let rod = |name: &str, parent: &str, joint: &str, z: f64, axis: &str, limits: (f64, f64), length: f64| {
        format!(
            "<joint name='{joint}' type='revolute'><origin xyz='{} 0 {z}'/><parent link='{parent}'/><child link='{name}'/>\
             <axis xyz='{axis}'/><limit lower='{}' upper='{}' effort='1' velocity='1'/></joint>\
             <link name='{name}'><inertial><origin xyz='{} 0 0'/><mass value='1'/>\
             <inertia ixx='0.001' iyy='0.01' izz='0.01' ixy='0' ixz='0' iyz='0'/></inertial></link>",
            if parent == "upper" { 0.4 } else { 0.0 },
            limits.0,
            limits.1,
            length / 2.0
        )
    };
    let arm = |shoulder: (f64, f64), axis: &str| {
        format!(
            "<robot name='two'><link name='post'/>{}{}<joint name='end' type='fixed'><origin xyz='0.3 0 0'/>\
             <parent link='fore'/><child link='hand'/></joint><link name='hand'/></robot>",
            rod("upper", "post", "shoulder", 0.5, axis, shoulder, 0.4),
            rod("fore", "upper", "elbow", 0.0, axis, (-2.0, 2.0), 0.3)
        )
    };
    let level = arm((-1.0, 1.0), "0 0 1");
    let up = arm((-2.0, 2.0), "0 -1 0");
    let project = Project::new(&[("level.urdf", &level), ("up.urdf", &up)]);
    let reach = |file: &str| {
        let told = project.trocar(&["inspect", file, "--json"]).expect(0);
        let told: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}"));
        number(&told["robots"][0]["mechanism"]["reach"]["distance_m"])
    };
    // The distance is flat at its top: a posture found to 1e-8 rad costs 1e-16 m.
    assert!((reach("level.urdf") - 0.74_f64.sqrt()).abs() < 1e-9, "{}", reach("level.urdf"));
    assert!((reach("up.urdf") - 1.2).abs() < 1e-9, "{}", reach("up.urdf"));
}

/// The PSM's rotors are in its mass matrix: without them the roll axis has the inertia of a tube of a few grams.
#[test]
fn rotors_behind_the_coupling_are_in_the_mass_matrix() {
    let told = trocar(&["inspect", "trocar:psm_classic", "--q", "0,0,0.12,0,0,0,0", "--json"]).expect(0);
    let told: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}"));
    let robot = &told["robots"][0];
    let roll = rows(&robot["evaluation"]["mass_matrix"])[3][3];
    let disc = number(&robot["mechanism"]["actuators"][3]["rotor_inertia_at_output"]);
    // The roll turns by −1.5632 for each turn of the first disc, whose rotor counts 1/1.5632² times; the tube adds
    // 2.8e-7 kg m², the wrist and the jaws a little more.
    let links = roll - disc / (1.5632 * 1.5632);
    assert!(disc > 0.0 && (2.8e-7..5e-7).contains(&links), "{roll} {disc} {links}");
}

#[test]
fn a_scene_is_inspected_with_its_gravity_and_its_start() {
    let told = trocar(&["inspect", "trocar:psm_bench", "--json"]).expect(0);
    let told: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}"));
    let robot = &told["robots"][0];
    assert_eq!(robot["instance"], "psm1");
    let start = number(&robot["mechanism"]["coordinates"][2]["start"]);
    assert_eq!(start, 0.1);
}

#[test]
fn bad_questions_get_an_answer() {
    let file = root().join("tests/data/arm-a.urdf").to_string_lossy().into_owned();
    let ask = |more: &[&str]| trocar(&[&["inspect", file.as_str()], more].concat()).expect(2).err;
    assert!(ask(&["--q", "1,2"]).contains("q has 2 numbers; 7 are needed: j_yaw"));
    assert!(ask(&["--q", "1,x"]).contains("`x` is no number"));
    assert!(ask(&["--q", "1,nan"]).contains("`nan` is no number"));
    assert!(ask(&["--frame", "jaww"]).contains("did you mean `jaw`?"));
    assert!(ask(&["--gravity", "9.8"]).contains("three numbers"));
    assert!(ask(&["--robot", "arm"]).contains("there is no robot `arm`"));
    let scenario = trocar(&["inspect", "trocar:pose_repeatability"]).expect(2).err;
    assert!(scenario.contains("a robot, a scene or a URDF file is meant here"), "{scenario}");
    let xacro =
        Project::new(&[("a.urdf", "<robot xmlns:xacro='http://www.ros.org/wiki/xacro'><xacro:b/></robot>")]);
    let said = xacro.trocar(&["inspect", "a.urdf"]).expect(2).err;
    assert!(said.contains("--> a.urdf:1:") && said.contains("xacro robot.urdf.xacro > robot.urdf"), "{said}");
}

/// What is not understood is named, with line and column, and nothing else is printed to the stream of data.
#[test]
fn warnings_go_to_the_stream_for_people() {
    let arm = std::fs::read_to_string(root().join("tests/data/arm-a.urdf")).unwrap_or_else(|e| panic!("{e}"));
    let project = Project::new(&[("arm.urdf", &arm.replace("</robot>", "<gazebo/>\n</robot>"))]);
    let told = project.trocar(&["inspect", "arm.urdf"]).expect(0);
    assert!(told.err.contains("--> arm.urdf:17:1") && told.err.contains("meant for Gazebo"), "{}", told.err);
    assert!(told.out.contains("Mass that moves    5.15 kg"), "{}", told.out);
    let checked = project.trocar(&["check", "arm.urdf"]).expect(0);
    assert!(checked.err.contains("1 file, no mistake, 1 warning"), "{}", checked.err);
}
