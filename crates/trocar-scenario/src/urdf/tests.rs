//! What a URDF gives is held against closed forms; each class of mistake against its code and its place.

use crate::mechanism::{FramePlacement, MechanismConfig};
use crate::{Failure, Files, LoadedUrdf, UrdfOptions, load_robot, load_urdf, render};
use proptest::prelude::*;
use std::collections::BTreeMap;

const ARM: &str = r#"<?xml version="1.0"?>
<robot name="two">
  <link name="Base-Link"><inertial><mass value="3"/><inertia ixx="0.1" ixy="0" ixz="0" iyy="0.1" iyz="0" izz="0.1"/></inertial></link>
  <joint name="Shoulder Pan" type="revolute">
    <origin xyz="0 0 0.5" rpy="0 0 0"/>
    <parent link="Base-Link"/><child link="upper"/>
    <axis xyz="0 0 2"/>
    <limit lower="-1" upper="1.5" effort="20" velocity="3"/>
    <dynamics damping="0.4" friction="0.2"/>
  </joint>
  <link name="upper">
    <inertial><origin xyz="0.1 0 0"/><mass value="2"/><inertia ixx="0.01" ixy="0" ixz="0" iyy="0.02" iyz="0" izz="0.02"/></inertial>
  </link>
  <joint name="elbow" type="continuous">
    <origin xyz="0.4 0 0" rpy="0 0 0"/>
    <parent link="upper"/><child link="fore"/>
    <axis xyz="0 1 0"/>
  </joint>
  <link name="fore">
    <inertial><mass value="1"/><inertia ixx="0.004" ixy="0" ixz="0" iyy="0.004" iyz="0" izz="0.004"/></inertial>
  </link>
  <joint name="flange" type="fixed">
    <origin xyz="0.2 0 0" rpy="0 0 1.5707963267948966"/>
    <parent link="fore"/><child link="tool"/>
  </joint>
  <link name="tool">
    <inertial><mass value="1"/><inertia ixx="0.004" ixy="0" ixz="0" iyy="0.004" iyz="0" izz="0.004"/></inertial>
  </link>
</robot>
"#;

fn read(text: &str, options: &UrdfOptions) -> Result<LoadedUrdf, Failure> {
    let files = BTreeMap::from([("arm.urdf".to_owned(), text.to_owned())]);
    load_urdf(&Files::in_memory(files), "arm.urdf", options)
}

fn good(text: &str) -> LoadedUrdf {
    read(text, &UrdfOptions::default())
        .unwrap_or_else(|failure| panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)))
}

fn changed(from: &str, to: &str) -> String {
    assert!(ARM.contains(from), "{from}");
    ARM.replacen(from, to, 1)
}

fn frame<'m>(mechanism: &'m MechanismConfig, name: &str) -> &'m crate::mechanism::FrameConfig {
    mechanism.frames.iter().find(|frame| frame.name == name).unwrap()
}

#[test]
fn coordinates_frames_limits_and_friction_are_those_of_the_file() {
    let arm = good(ARM);
    let names: Vec<&str> = arm.mechanism.coordinates.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["shoulder_pan", "elbow"]);
    let (pan, elbow) = (&arm.mechanism.coordinates[0], &arm.mechanism.coordinates[1]);
    assert_eq!((pan.lower.value.si, pan.upper.value.si), (-1.0, 1.5));
    // A continuous joint has no limits: one turn either way is ours, and says so.
    assert_eq!(elbow.lower.value.si, -std::f64::consts::TAU);
    assert_eq!(elbow.lower.standing, Some(trocar_signal::Standing::Assumed));
    let friction = &arm.mechanism.friction[0];
    assert_eq!((friction.coulomb.value.si, friction.viscous.value.si), (0.2, 0.4));
    let joint = arm.urdf.joint_of("shoulder_pan").unwrap();
    assert_eq!((joint.effort_limit, joint.velocity_limit), (Some(20.0), Some(3.0)));
    assert_eq!(arm.urdf.base_mass_kg, 3.0);
    assert_eq!(arm.urdf.tip(), "tool");
    // An axis along z needs no frame of its own; one along y does.
    let frames: Vec<&str> = arm.mechanism.frames.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(frames, ["upper", "elbow", "fore", "tool"]);
    assert_eq!(arm.warnings, []);
}

/// Two equal balls joined rigidly, 0.2 m apart along the x of the link: mass 2 m, centre half way, and about it
/// 2 I + 2 m 0.1² across the line, 2 I along it.
#[test]
fn what_is_fixed_is_folded_exactly() {
    let arm = good(ARM);
    let body = arm.mechanism.links.iter().find(|link| link.frame == "elbow").unwrap();
    assert_eq!(body.mass.value.si(), 2.0);
    // The link's x lies in the moving frame, whose z is the joint's axis y: the shortest turn about x leaves x alone.
    let [x, y, z] = body.centre_of_mass.value.map(|c| c.si());
    let [xx, xy, xz, yy, yz, zz] = body.inertia.value.map(|i| i.si());
    let (along, across) = (2.0 * 0.004, 2.0 * 0.004 + 2.0 * 0.01);
    // Roundings of numbers of 0.1.
    for (is, meant) in [(x, 0.1), (y, 0.0), (z, 0.0), (xx, along), (yy, across), (zz, across)] {
        assert!((is - meant).abs() < 1e-16, "{is} {meant}");
    }
    assert!(xy.abs() < 1e-17 && xz.abs() < 1e-17 && yz.abs() < 1e-17);
    // A body whose axes are the frame's keeps its numbers to the bit.
    let upper = &arm.mechanism.links[0];
    assert_eq!(upper.centre_of_mass.value.map(|c| c.si()), [0.1, 0.0, 0.0]);
    assert_eq!(upper.inertia.value.map(|i| i.si()), [0.01, 0.0, 0.0, 0.02, 0.0, 0.02]);
}

/// Joint c = 3 b + 0.1 and b = −2 a + 0.5 give c = −6 a + 1.6, wherever they stand in the file.
#[test]
fn chains_of_mimics_are_followed_and_their_offsets_folded_into_the_frames() {
    let joint = |name: &str, parent: &str, child: &str, mimic: &str| {
        format!(
            r#"<joint name="{name}" type="revolute"><parent link="{parent}"/><child link="{child}"/><axis xyz="0 0 1"/>
            <limit lower="-1" upper="1" effort="1" velocity="1"/>{mimic}</joint>
            <link name="{child}"><inertial><mass value="1"/><inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial></link>"#
        )
    };
    let text = format!(
        "<robot name='m'><link name='r'/>{}{}{}</robot>",
        joint("c", "r", "l1", r#"<mimic joint="b" multiplier="3" offset="0.1"/>"#),
        joint("b", "l1", "l2", r#"<mimic joint="a" multiplier="-2" offset="0.5"/>"#),
        joint("a", "l2", "l3", ""),
    );
    let read = good(&text);
    assert_eq!(read.mechanism.coordinates.len(), 1);
    assert_eq!(frame(&read.mechanism, "l1").moves, BTreeMap::from([("a".to_owned(), -6.0)]));
    let FramePlacement::Pose { parent_from_frame_xyzw: [_, _, z, w], .. } =
        frame(&read.mechanism, "l1").placement()
    else {
        panic!("a pose is meant")
    };
    assert!((2.0 * trocar_math::atan2(z, w) - 1.6).abs() < 1e-15);
    // Their own limits are narrower than what the master lets them have, and that is said.
    assert_eq!(read.warnings.iter().filter(|w| w.title.contains("narrower limits")).count(), 2);
    // Held, all three stand still; nothing is left to move.
    let hold = BTreeMap::from([("a".to_owned(), 0.25)]);
    let held = read_with_hold(&text, hold);
    assert!(held.unwrap_err().diagnostics[0].title.contains("at least one coordinate"));
}

fn read_with_hold(text: &str, hold: BTreeMap<String, f64>) -> Result<LoadedUrdf, Failure> {
    read(text, &UrdfOptions { hold, ..UrdfOptions::default() })
}

/// A held joint is a fixed one: the rest of the arm is the same to the bit as if the file said so.
#[test]
fn a_held_joint_is_a_fixed_one() {
    let held = read_with_hold(ARM, BTreeMap::from([("shoulder_pan".to_owned(), 0.0)])).unwrap();
    let fixed =
        good(&changed("name=\"Shoulder Pan\" type=\"revolute\"", "name=\"Shoulder Pan\" type=\"fixed\""));
    assert_eq!(held.mechanism.frames, fixed.mechanism.frames);
    assert_eq!(held.mechanism.links, fixed.mechanism.links);
    assert_eq!(held.urdf.base_mass_kg, 5.0);
}

/// One mistake each: what is replaced, by what, the code, and what stands under the caret.
#[rustfmt::skip]
#[test]
fn mistakes_are_named_with_their_place() {
    let list: &[(&str, &str, &str, &str)] = &[
        ("</robot>", "", "syntax", ""),
        ("<robot name=\"two\">", "<robot name=\"two\" xmlns:xacro=\"http://www.ros.org/wiki/xacro\"><xacro:arg name=\"a\"/>", "xacro", "<xacro:arg"),
        ("<robot name=\"two\">", "<robot name=\"two\"><xacro:include filename=\"a\"/>", "xacro", ""),
        ("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 0 0\"/>", "bad-value", "0 0 0"),
        ("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 1\"/>", "wrong-length", "0 1"),
        ("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 nan 0\"/>", "bad-number", "0 nan 0"),
        ("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 ${y} 0\"/>", "bad-number", "0 ${y} 0"),
        ("<axis xyz=\"0 1 0\"/>", "<axes xyz=\"0 1 0\"/>", "unknown-element", "<axes"),
        ("damping=\"0.4\"", "dampin=\"0.4\"", "unknown-attribute", "dampin"),
        ("damping=\"0.4\"", "damping=\"-0.4\"", "bad-value", "-0.4"),
        ("upper=\"1.5\"", "upper=\"-2\"", "bad-value", "-2"),
        ("<limit lower=\"-1\" upper=\"1.5\" effort=\"20\" velocity=\"3\"/>", "", "bad-value", "Shoulder Pan"),
        ("type=\"continuous\"", "type=\"floating\"", "unsupported-joint", "floating"),
        ("type=\"continuous\"", "type=\"planar\"", "unsupported-joint", "planar"),
        ("type=\"continuous\"", "type=\"continous\"", "unknown-value", "continous"),
        ("<child link=\"fore\"/>", "<child link=\"for\"/>", "unknown-name", "for"),
        ("<child link=\"fore\"/>", "<child link=\"upper\"/>", "not-a-tree", "upper"),
        ("<child link=\"fore\"/>", "", "missing-element", "<joint"),
        ("<link name=\"upper\">", "<link name=\"tool\"/><link name=\"upper\">", "duplicate-name", "tool"),
        ("<joint name=\"flange\"", "<joint name=\"elbow\"", "duplicate-name", "elbow"),
        ("</robot>", "<link name=\"lost\"/></robot>", "not-a-tree", "lost"),
        ("<mass value=\"2\"/>", "<mass value=\"-2\"/>", "impossible-inertia", "-2"),
        ("<mass value=\"2\"/>", "", "missing-element", "<inertial"),
        ("ixx=\"0.01\"", "ixx=\"0.05\"", "impossible-inertia", "<inertia"),
        ("ixx=\"0.01\"", "ixx=\"-0.01\"", "impossible-inertia", "<inertia"),
        ("<axis xyz=\"0 1 0\"/>", "<mimic joint=\"elbow\"/>", "mimic-ring", "elbow"),
        ("<axis xyz=\"0 1 0\"/>", "<mimic joint=\"elbo\"/>", "unknown-name", "elbo"),
        ("<axis xyz=\"0 1 0\"/>", "<mimic joint=\"flange\"/>", "bad-value", "flange"),
        ("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 1 0\"/><axis xyz=\"0 1 0\"/>", "duplicate-element", "<axis"),
        ("rpy=\"0 0 1.5707963267948966\"", "rpy=\"0 0 0\" quat_xyzw=\"0 0 0 1\"", "bad-value", "0 0 0 1"),
        ("<robot name=\"two\">", "<robt name=\"two\">", "syntax", ""),
    ];
    for (from, to, code, at) in list {
        let failure = read(&changed(from, to), &UrdfOptions::default()).unwrap_err();
        let said = render::to_text(&failure.diagnostics, &failure.files, false);
        assert_eq!(failure.diagnostics.len(), 1, "one mistake for {to:?}:\n{said}");
        let first = &failure.diagnostics[0];
        assert_eq!(first.code, *code, "{to:?}: {said}");
        if !at.is_empty() {
            let label = &first.labels[0];
            assert_eq!(&failure.files[0].text[label.range.clone()], *at, "{said}");
            assert!(said.contains("--> arm.urdf:"), "{said}");
        }
    }
}

#[test]
fn several_mistakes_are_named_at_once() {
    let text =
        changed("damping=\"0.4\"", "damping=\"x\"").replace("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 0 0\"/>");
    assert_eq!(read(&text, &UrdfOptions::default()).unwrap_err().diagnostics.len(), 2);
}

/// What belongs to other programs is left out, and each kind of it is named once with its place.
#[test]
fn what_is_left_out_is_named() {
    let text = changed(
        "</robot>",
        "<gazebo reference=\"fore\"><mu1>1</mu1></gazebo><gazebo/><ros2_control name=\"a\" type=\"system\"/>\n\
         <transmission name=\"t\"><type>x</type><joint name=\"elbow\"/><actuator name=\"m\"><mechanicalReduction>50</mechanicalReduction></actuator></transmission></robot>",
    )
    .replace("<axis xyz=\"0 1 0\"/>", "<axis xyz=\"0 1 0\"/><safety_controller k_velocity=\"10\"/><calibration rising=\"0\"/>")
    .replace("<link name=\"upper\">", "<link name=\"upper\" colour=\"red\"><visual><geometry><mesh filename=\"package://arm/a.stl\"/></geometry></visual>");
    let read = good(&text);
    let titles: Vec<&str> = read.warnings.iter().map(|w| w.title.as_str()).collect();
    for meant in [
        "`<gazebo>` in `<robot>` is meant for Gazebo",
        "(2 of them",
        "ros2_control",
        "safety_controller",
        "calibration",
        "attribute `colour`",
        "package://arm/",
    ] {
        assert!(titles.iter().any(|title| title.contains(meant)), "{meant}: {titles:#?}");
    }
    assert_eq!(read.warnings.len(), 6, "{titles:#?}");
    assert_eq!(read.urdf.joint_of("elbow").unwrap().reduction, Some(50.0));
    assert_eq!(read.urdf.links[1].visuals, 1);
}

/// A link without mass may carry what has some; where nothing has, the joint moves nothing.
#[test]
fn a_joint_that_moves_nothing_is_refused() {
    let massless = |text: String, mass: &str| text.replace(mass, "");
    let fore = "<inertial><mass value=\"1\"/><inertia ixx=\"0.004\" ixy=\"0\" ixz=\"0\" iyy=\"0.004\" iyz=\"0\" izz=\"0.004\"/></inertial>";
    let upper_only = massless(
        ARM.to_owned(),
        "<inertial><origin xyz=\"0.1 0 0\"/><mass value=\"2\"/><inertia ixx=\"0.01\" ixy=\"0\" ixz=\"0\" iyy=\"0.02\" iyz=\"0\" izz=\"0.02\"/></inertial>",
    );
    assert_eq!(good(&upper_only).mechanism.links.len(), 1);
    let failure = read(&massless(ARM.to_owned(), fore), &UrdfOptions::default()).unwrap_err();
    assert!(failure.diagnostics[0].title.contains("`elbow` moves nothing"), "{:?}", failure.diagnostics);
    assert_eq!(&failure.files[0].text[failure.diagnostics[0].labels[0].range.clone()], "elbow");
}

/// Files built to exhaust a reader are refused, soon and without a fall.
#[test]
fn bombs_are_refused() {
    let bomb = "<!DOCTYPE r [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">]><robot name=\"&b;\"/>";
    assert_eq!(read(bomb, &UrdfOptions::default()).unwrap_err().diagnostics[0].code, "syntax");
    let deep = format!("<robot name='d'>{}{}</robot>", "<a>".repeat(200_000), "</a>".repeat(200_000));
    assert_eq!(read(&deep, &UrdfOptions::default()).unwrap_err().diagnostics[0].code, "too-deep");
    let wide = format!("<robot name='w' {}/>", (0..200_000).map(|i| format!("a{i}='' ")).collect::<String>());
    assert!(read(&wide, &UrdfOptions::default()).is_err());
    let huge = format!("<robot name='h'>{}</robot>", " ".repeat(crate::source::MAX_FILE_BYTES));
    assert_eq!(read(&huge, &UrdfOptions::default()).unwrap_err().diagnostics[0].code, "bad-file");
    let many = "<link name='a'/>".repeat(100_000);
    let many = read(&format!("<robot name='m'>{many}</robot>"), &UrdfOptions::default());
    assert_eq!(many.unwrap_err().diagnostics[0].code, "too-large");
    // A chain of many links is walked without recursion.
    let chain: String = (0..1_999)
        .map(|i| format!("<link name='l{i}'/><joint name='j{i}' type='fixed'><parent link='l{i}'/><child link='l{}'/></joint>", i + 1))
        .collect();
    let failure =
        read(&format!("<robot name='c'>{chain}<link name='l1999'/></robot>"), &UrdfOptions::default());
    assert!(failure.unwrap_err().diagnostics[0].title.contains("at least one coordinate"));
}

fn robot(mechanism: &str) -> Files {
    let (place, text) = crate::template::Template::Robot.files("arm").remove(0);
    let start = text.find("[mechanism] ").unwrap();
    let end = text.find("[[actuators]]").unwrap();
    let text = format!("{}{mechanism}\n{}", &text[..start], &text[end..]).replace("\"lever\"", "\"elbow\"");
    let files = [(place, text), ("arm.urdf".to_owned(), ARM.to_owned())];
    Files::in_memory(files.into_iter().collect())
}

/// The robot file changes what the URDF gives key by key, and adds to it; its digest covers both files.
#[test]
fn a_robot_file_goes_before_its_urdf() {
    let base = "[mechanism]\nurdf = { file = \"arm.urdf\", hold = { shoulder_pan = \"10 deg\" } }\ntip = { frame = \"tool\" }\n";
    let plain = load_robot(&robot(base), "arm.toml").unwrap();
    assert_eq!(plain.robot.mechanism.coordinates.len(), 1);
    let more = format!(
        "{base}[[mechanism.coordinates]]\nname = \"elbow\"\nlower = \"-90 deg\"\n[[mechanism.frames]]\nname = \"pen\"\nparent = \"tool\"\nd = \"50 mm\"\n"
    );
    let changed = load_robot(&robot(&more), "arm.toml").unwrap();
    let elbow = &changed.robot.mechanism.coordinates[0];
    assert_eq!(elbow.lower.value.si, -std::f64::consts::FRAC_PI_2);
    assert_eq!(elbow.upper.value.si, std::f64::consts::TAU);
    assert_eq!(changed.robot.mechanism.frames.last().unwrap().name, "pen");
    assert_ne!(plain.digest, changed.digest);
    // What the robot file says wrongly of the URDF stands at its place in the robot file.
    let wrong = base.replace("shoulder_pan", "sholder_pan");
    let failure = load_robot(&robot(&wrong), "arm.toml").unwrap_err();
    assert!(
        failure.diagnostics[0].title.contains("did you mean `shoulder_pan`?"),
        "{:?}",
        failure.diagnostics
    );
    assert_eq!(failure.diagnostics[0].labels[0].file, "arm.toml");
    let length = base.replace("10 deg", "10 mm");
    assert!(load_robot(&robot(&length), "arm.toml").unwrap_err().diagnostics[0].title.contains("angle"));
    for outside in ["../arm.urdf", "/etc/passwd"] {
        let failure = load_robot(&robot(&base.replace("arm.urdf", outside)), "arm.toml").unwrap_err();
        assert_eq!(failure.diagnostics[0].code, "bad-path");
    }
}

proptest! {
    /// Whatever stands in a URDF: an answer, every caret in the file.
    #[test]
    fn any_change_gets_an_answer(at in 0.0..1.0_f64, length in 0_usize..40, to in "[<>/=\"a-z0-9 .&-]{0,12}") {
        let mut from = (at * ARM.len() as f64) as usize;
        while !ARM.is_char_boundary(from) { from -= 1; }
        let mut end = (from + length).min(ARM.len());
        while !ARM.is_char_boundary(end) { end -= 1; }
        let text = format!("{}{to}{}", &ARM[..from], &ARM[end..]);
        if let Err(failure) = read(&text, &UrdfOptions::default()) {
            for diagnostic in &failure.diagnostics {
                prop_assert_ne!(&diagnostic.code, "internal");
                for label in &diagnostic.labels {
                    prop_assert!(text.get(label.range.clone()).is_some(), "{:?}", diagnostic);
                }
            }
        }
    }
}
