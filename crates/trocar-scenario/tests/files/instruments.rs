//! Arms and instruments in files of their own: what one robot they make, and where their mistakes are shown.

use crate::common::{ROBOT, SCENARIO, SCENE, project};
use std::collections::BTreeMap;
use trocar_scenario::robot::{OwnerConfig, Status};
use trocar_scenario::template::Template;
use trocar_scenario::{
    FileKind, Files, Overrides, RobotFile, check, load, load_instrument, load_robot, load_scene, render,
};
use trocar_signal::Standing;

const FORCEPS: &str = "scenes/instruments/forceps.toml";

/// The template's lever with a mount and two motors for discs, and the template's instrument on it.
fn files() -> BTreeMap<String, String> {
    let mut files = project();
    let arm = files.get_mut(ROBOT).unwrap();
    let one = |head: &str, text: &str| {
        let at = text.find(head).unwrap();
        let rest = &text[at + head.len()..];
        format!("{head}{}", &rest[..rest.find("\n[coupling]").unwrap()])
    };
    let motor = one("[[actuators]]", arm);
    let discs = ["disc_1", "disc_2"]
        .map(|name| motor.replace("name            = \"lever\"", &format!("name = \"{name}\"")));
    let with = |key: &str, fields: &str| {
        format!(
            ", {{ joint = \"roll\"{fields} }}, {{ joint = \"jaw\"{fields} }}, {{ joint = \"bend\"{fields} }}]{key}"
        )
    };
    *arm = arm
        .replace("kind   = \"robot\"", &format!("kind   = \"robot\"\ninstrument = \"{FORCEPS}\""))
        .replace("\n[coupling]", &format!("\n{}{}\n[coupling]", discs[0], discs[1]))
        .replace("[declared]", "[instrument_mount]\nframe = \"lever\"\ndiscs = [\"disc_1\", \"disc_2\"]\njoints = [\"roll\", \"jaw\", \"bend\"]\n\n[declared]")
        .replace("d = \"0.5 N m s/rad\" }]", &format!("d = \"0.5 N m s/rad\" }}{}", with("", ", p = \"6 N m/rad\", d = \"0.09 N m s/rad\"")))
        .replace(
            "home_tolerance = \"5 deg\" }]",
            &format!("home_tolerance = \"5 deg\" }}{}", with("", ", velocity = \"90 deg/s\", acceleration = \"90 deg/s^2\"")),
        )
        .replace("tracking_error = \"20 deg\" }]", &format!("tracking_error = \"20 deg\" }}{}", with("", ", tracking_error = \"20 deg\"")));
    let forceps = Template::Instrument.files("Forceps").remove(0).1;
    files.insert(FORCEPS.to_owned(), forceps);
    files
}

fn changed(file: &str, from: &str, to: &str) -> BTreeMap<String, String> {
    let mut files = files();
    let text = files.get_mut(file).unwrap();
    assert!(text.contains(from), "{file} does not hold {from:?}");
    *text = text.replacen(from, to, 1);
    files
}

#[track_caller]
fn robot(files: BTreeMap<String, String>) -> RobotFile {
    match load_robot(&Files::in_memory(files), ROBOT) {
        Ok(loaded) => loaded.robot,
        Err(failure) => panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)),
    }
}

/// What is said of the scenario with these files.
#[track_caller]
fn said(files: BTreeMap<String, String>) -> String {
    let failure = load(&Files::in_memory(files), SCENARIO, &Overrides::default()).unwrap_err();
    render::to_text(&failure.diagnostics, &failure.files, false)
}

#[test]
fn arm_and_instrument_are_one_robot() {
    let robot = robot(files());
    assert_eq!(robot.title, "Lever, Forceps");
    let names: Vec<&str> = robot.mechanism.coordinates.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["lever", "roll", "jaw"]);
    assert_eq!(robot.mechanism.jaw.as_deref(), Some("jaw"));
    let frames: Vec<(&str, &str)> =
        robot.mechanism.frames.iter().map(|f| (f.name.as_str(), f.parent.as_str())).collect();
    assert_eq!(frames, [("lever", "base"), ("shaft", "lever"), ("jaw_1", "shaft"), ("jaw_2", "shaft")]);
    assert_eq!(
        robot.mechanism.tip.unwrap().frame,
        "shaft",
        "the instrument's tip takes the place of the arm's"
    );
    assert_eq!(robot.mechanism.payload.unwrap().frame, "jaw_1");
    assert_eq!(
        robot.coupling.as_ref().unwrap().joint_from_actuator.value,
        [[1.0, 0.0, 0.0], [0.0, -1.5, 0.0], [0.0, 0.0, 1.2]],
        "the instrument's matrix stands below and right of the arm's"
    );
    for list in [
        robot.servo.joints.iter().map(|j| j.joint.as_str()).collect::<Vec<_>>(),
        robot.arm.joints.iter().map(|j| j.joint.as_str()).collect(),
        robot.supervisor.joints.iter().map(|j| j.joint.as_str()).collect(),
    ] {
        assert_eq!(list, ["lever", "roll", "jaw"], "`bend` is a joint of other instruments");
    }
}

/// What stands behind an instrument's number is what its own file says, also where both files use one key of
/// `[sources]` for different documents.
#[test]
fn provenance_goes_with_the_number() {
    let robot = robot(changed(FORCEPS, "standing = \"assumed\" ", "standing = \"declared\" "));
    let own = |name: &str| robot.mechanism.friction.iter().find(|f| f.name == name).unwrap();
    let behind = |name: &str| robot.provenance(trocar_scenario::Section::Mechanism).of(&own(name).coulomb);
    assert_eq!(behind("lever"), ("A sketch: no such device exists".to_owned(), Standing::Assumed));
    assert_eq!(behind("roll"), ("A sketch: no such instrument exists".to_owned(), Standing::Declared));
    // Nothing is said of a distance that the file does not have.
    assert!(robot.mechanism.frames[1].a.is_none());
    assert_eq!(robot.mechanism.frames[1].d.as_ref().unwrap().standing, Some(Standing::Declared));
}

#[test]
fn the_weaker_status_is_that_of_both() {
    let verified = |file: &str, files: &mut BTreeMap<String, String>| {
        let text = files.get_mut(file).unwrap();
        *text = text.replacen("format = 1", "format = 1\nstatus = \"verified\"", 1);
    };
    let mut files = files();
    verified(ROBOT, &mut files);
    assert_eq!(robot(files.clone()).status, Status::Implemented);
    verified(FORCEPS, &mut files);
    assert_eq!(robot(files).status, Status::Verified);
}

/// 0.16 N m over 10 mm.
#[test]
fn the_grip_is_a_limit_that_formulas_can_read() {
    let robot = robot(files());
    let grip = &robot.declared["grip_force"];
    assert_eq!(grip.value.si, 0.16 / 0.01);
    assert_eq!(grip.value.dimension.si_unit(), "N");
    assert!(
        matches!(&grip.owner, OwnerConfig::Declared { document } if document.contains("no such instrument"))
    );
    assert_eq!(robot.declared["jaw_effort"].value.si, 0.16);
    assert!(robot.declared.contains_key("holding_drift"), "beside the arm's own");
}

/// The instrument is an input like every other: read once, kept, digested.
#[test]
fn the_instruments_file_is_an_input() {
    let loaded = load(&Files::in_memory(files()), SCENARIO, &Overrides::default()).unwrap();
    let addresses: Vec<&str> = loaded.files.iter().map(|file| file.address.as_str()).collect();
    assert_eq!(addresses, [SCENARIO, SCENE, ROBOT, FORCEPS]);
    let other = changed(FORCEPS, "\"16 g\"", "\"17 g\"");
    let other = load(&Files::in_memory(other), SCENARIO, &Overrides::default()).unwrap();
    assert_ne!(loaded.scene.digest, other.scene.digest);
    let commented = changed(FORCEPS, "format = 1", "# The same.\nformat = 1");
    let commented = load(&Files::in_memory(commented), SCENARIO, &Overrides::default()).unwrap();
    assert_eq!(loaded.scene.digest, commented.scene.digest);
    assert_eq!(loaded.method_digest, other.method_digest);
}

/// A cable for each of the two discs, of the first `first` (its stiffness).
fn cables(first: &str) -> String {
    let cable =
        |stiffness: &str| format!("[[cables]]\nstiffness = \"{stiffness}\"\ndamping = \"0.002 N m s/rad\"\n");
    format!("{}{}[tip]", cable(first), cable("0.3 N m/rad"))
}

/// The cables of an instrument stand between the motors of the discs that it takes and their outputs, with what stands
/// behind their numbers.
#[test]
fn cables_hang_behind_the_discs() {
    let robot = robot(changed(FORCEPS, "[tip]", &cables("0.2 N m/rad")));
    let stiffness: Vec<Option<f64>> =
        robot.actuators.iter().map(|a| a.transmission.as_ref().map(|t| t.stiffness.value.si)).collect();
    assert_eq!(stiffness, [None, Some(0.2), Some(0.3)]);
    let behind = &robot.actuators[1].transmission.as_ref().unwrap().stiffness;
    assert_eq!(behind.standing, Some(Standing::Assumed));
    assert!(robot.sources[behind.source.as_deref().unwrap()].contains("no such instrument exists"));
}

#[test]
fn mistakes_of_cables_are_shown_where_they_stand() {
    let one = cables("0.2 N m/rad").replacen("[[cables]]", "[[cable_s]]", 1);
    let only = one[one.find("[[cables]]").unwrap()..].to_owned();
    let refused = said(changed(FORCEPS, "[tip]", &only));
    assert!(
        refused.contains("1 cables for 2 discs") && refused.contains(&format!("{FORCEPS}:")),
        "{refused}"
    );
    let refused = said(changed(FORCEPS, "[tip]", &cables("-0.2 N m/rad")));
    assert!(refused.contains("stiffness") && refused.contains(&format!("{FORCEPS}:")), "{refused}");
    let refused = said(changed(FORCEPS, "[tip]", &cables("0.2 N/m")));
    assert!(refused.contains("stiffness") && refused.contains(&format!("{FORCEPS}:")), "{refused}");
    // The arm's gear gives way already.
    let mut files = changed(FORCEPS, "[tip]", &cables("0.2 N m/rad"));
    let arm = files.get_mut(ROBOT).unwrap();
    let table = "transmission = { stiffness = \"1 N m/rad\", damping = \"0 N m s/rad\" }\nname = \"disc_1";
    *arm = arm.replacen("name = \"disc_1", table, 1);
    let refused = said(files);
    assert!(refused.contains("two in series") && refused.contains(&format!("{FORCEPS}:")), "{refused}");
    // Behind a cable the rotor is a body of its own.
    let mut files = changed(FORCEPS, "[tip]", &cables("0.2 N m/rad"));
    let arm = files.get_mut(ROBOT).unwrap();
    *arm = arm.replace("rotor_inertia", "# rotor_inertia");
    let refused = said(files);
    assert!(refused.contains("the rotor is a body of its own"), "{refused}");
}

/// A hook has no jaw, and leaves the second disc alone.
#[test]
fn a_scene_chooses_another_instrument() {
    let mut files = files();
    let forceps = files[FORCEPS].clone();
    let at = |text: &str, head: &str| text.find(head).unwrap();
    let hook = forceps
        .replace("title  = \"Forceps\"", "title  = \"Hook\"")
        .replace("[[-1.5, 0], [0, 1.2]]", "[[1.4]]")
        .replace("name   = \"jaw_1\"", "name   = \"hook\"")
        .replace("frame          = \"jaw_1\"", "frame          = \"hook\"")
        .replace("frame  = \"jaw_1\"", "frame  = \"hook\"")
        .replace("kind   = \"revolute\"\nmoves  = { jaw = 0.5 }\n", "");
    // The coordinate, the second jaw's frame and body, its friction and `[jaw]` go.
    let mut hook: String = hook
        .split("\n\n")
        .filter(|block| {
            !(block.contains("name  = \"jaw\"")
                || block.contains("jaw_2")
                || block.contains("of                   = { jaw")
                || block.starts_with("[jaw]"))
        })
        .collect::<Vec<_>>()
        .join("\n\n");
    hook.insert_str(at(&hook, "[sources]"), "discs = [2]\n\n");
    files.insert("scenes/instruments/hook.toml".to_owned(), hook);
    let scene = files.get_mut(SCENE).unwrap();
    *scene = scene.replace(
        "file = \"scenes/robots/lever.toml\"",
        "file = \"scenes/robots/lever.toml\"\ninstrument = \"scenes/instruments/hook.toml\"",
    );
    scene.push_str("\n[robots.arm2]\nfile = \"scenes/robots/lever.toml\"\n");
    let scene = match load_scene(&Files::in_memory(files), SCENE) {
        Ok(scene) => scene,
        Err(failure) => panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)),
    };
    assert_eq!(scene.robots["arm2"].robot.title, "Lever, Forceps");
    let robot = &scene.robots["arm1"].robot;
    assert_eq!(robot.title, "Lever, Hook");
    assert_eq!(robot.mechanism.jaw, None);
    let motors: Vec<&str> = robot.actuators.iter().map(|a| a.name.as_str()).collect();
    assert_eq!(motors, ["lever", "disc_2"], "the motor of the other disc turns nothing");
    assert_eq!(robot.coupling.as_ref().unwrap().joint_from_actuator.value, [[1.0, 0.0], [0.0, 1.4]]);
    assert_eq!(robot.servo.joints.len(), 2);
    assert_ne!(scene.robots["arm1"].digest, scene.robots["arm2"].digest);
}

/// Each mistake is shown in the file that holds it, with a word that says what to do.
#[test]
fn mistakes_are_shown_in_the_file_that_holds_them() {
    let slips = [
        (FORCEPS, "parent = \"mount\"", "parent = \"base\"", "hangs from `mount`"),
        (FORCEPS, "name   = \"shaft\"", "name   = \"mount\"", "name this one otherwise"),
        (
            FORCEPS,
            "name                 = \"roll\"",
            "name                 = \"lever\"",
            "a second friction is named `lever`",
        ),
        (FORCEPS, "\"16 g\"", "\"16 mm\"", "a mass is meant"),
        (FORCEPS, "lower = \"-260 deg\"", "lower = \"260 deg\"", "above the lower one"),
        (FORCEPS, "[[-1.5, 0], [0, 1.2]]", "[[-1.5, 0], [-3, 0]]", "singular"),
        (FORCEPS, "[[-1.5, 0], [0, 1.2]]", "[[-1.5]]", "1 rows for 2 joints"),
        (FORCEPS, "joint  = \"jaw\"", "joint  = \"roll\"", "the jaw is the last coordinate"),
        (FORCEPS, "length = \"10 mm\"", "length = \"0 mm\"", "greater than zero"),
        (FORCEPS, "[sources]", "discs = [1, 1]\n[sources]", "disc 1 is named twice"),
        (FORCEPS, "[sources]", "discs = [0, 1]\n[sources]", "counted from 1"),
        (FORCEPS, "[sources]", "discs = [1, 3]\n[sources]", "turns 2 discs, and this needs disc 3"),
        (FORCEPS, "source   = \"sketch\"", "source   = \"sketsh\"", "did you mean `sketch`?"),
        (FORCEPS, "format = 1", "format = 1\ncouplings = 3", "couplings"),
        (
            ROBOT,
            "joints = [\"roll\", \"jaw\", \"bend\"]",
            "joints = [\"roll\", \"lever\"]",
            "of the arm itself",
        ),
        (ROBOT, "discs = [\"disc_1\", \"disc_2\"]", "discs = [\"disc_2\"]", "each needs one"),
        (ROBOT, "discs = [\"disc_1\", \"disc_2\"]", "discs = [\"disc_2\", \"disc_1\"]", "in their order"),
        (ROBOT, "frame = \"lever\"\ndiscs", "frame = \"leaver\"\ndiscs", "there is no frame `leaver`"),
        (ROBOT, FORCEPS, "scenes/instruments/forcps.toml", "did you mean"),
        (ROBOT, FORCEPS, "../forceps.toml", "leaves the project"),
        (ROBOT, FORCEPS, SCENE, "an instrument is meant here, and this is a scene"),
        (ROBOT, &format!("instrument = \"{FORCEPS}\"\n"), "", "name the instrument"),
        (
            SCENE,
            "file = \"scenes/robots/lever.toml\"",
            &format!("file = \"{FORCEPS}\""),
            "a robot is meant here",
        ),
        (
            SCENE,
            "file = \"scenes/robots/lever.toml\"",
            &format!("file = \"{ROBOT}\"\ninstrument = \"{ROBOT}\""),
            "an instrument is meant here",
        ),
    ];
    for (file, from, to, word) in slips {
        let said = said(changed(file, from, to));
        assert!(said.contains(word), "{from} -> {to}: {said}");
        assert!(said.contains(&format!("{file}:")), "{from} -> {to}: {said}");
        assert!(!said.contains("internal"), "{said}");
    }
    // The instrument is sound; it is this arm that does not drive its joint.
    let said =
        said(changed(ROBOT, "joints = [\"roll\", \"jaw\", \"bend\"]", "joints = [\"roll\", \"bend\"]"));
    assert!(said.contains("`Lever` drives no joint `jaw`") && said.contains(FORCEPS), "{said}");
}

#[test]
fn a_robot_without_a_mount_takes_no_instrument() {
    let mut files = project();
    files.insert(FORCEPS.to_owned(), Template::Instrument.files("Forceps").remove(0).1);
    let scene = files.get_mut(SCENE).unwrap();
    let own = "file = \"scenes/robots/lever.toml\"";
    *scene = scene.replace(own, &format!("{own}\ninstrument = \"{FORCEPS}\""));
    let refused = said(files.clone());
    assert!(refused.contains("carries no instruments") && refused.contains(SCENE), "{refused}");
    let scene = files.get_mut(SCENE).unwrap();
    *scene = scene.replace(&format!("\ninstrument = \"{FORCEPS}\""), "");
    let arm = files.get_mut(ROBOT).unwrap();
    *arm = arm.replacen("format = 1", &format!("format = 1\ninstrument = \"{FORCEPS}\""), 1);
    let refused = said(files);
    assert!(refused.contains("there is nothing to mount it on") && refused.contains(ROBOT), "{refused}");
}

#[test]
fn an_instrument_is_a_file_of_its_own_kind() {
    let files = Files::in_memory(files());
    assert_eq!(check(&files, FORCEPS).unwrap().kind, FileKind::Instrument);
    let loaded = load_instrument(&files, FORCEPS).unwrap();
    assert_eq!(loaded.instrument.grip_force_n(), Some(0.16 / 0.01));
    assert!(load_instrument(&files, ROBOT).is_err());
}
