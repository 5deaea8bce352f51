//! Robots and wearers on a floor, a seat and a treadmill: weight, friction, rest, belts, bits in mid-contact, bad input.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_plant::person::{Person, Sex};
use trocar_sim::Case;
use trocar_tests::{Bare, Kept, Project, case, case_of, library_and, loaded, run};

const G_MPS2: f64 = 9.806_65;

/// The X2 without a wearer, its base free, set down on a bench on four pads; its legs hang.
const ON_A_BENCH: &str = r#"
format    = 1
kind      = "scene"
title     = "X2 on a bench"
step_rate = "3 kHz"

[surroundings.bench]
shape = { kind = "box", size = ["0.6 m", "0.3 m", "0.05 m"] }
at    = { position = ["0 m", "0 m", "0.975 m"] }

[robots.exo]
file      = "trocar:scenes/robots/fourier_x2.toml"
base      = { position = ["0 m", "0 m", "1.02 m"] }
start     = { left_hip = "0 deg", left_knee = "0 deg", right_hip = "0 deg", right_knee = "0 deg" }
free_base = true

[robots.exo.contacts.pads]
surface              = "bench"
frame                = "base"
balls                = [
    { centre = ["-0.25 m", "0.1 m", "0 m"], radius = "20 mm" },
    { centre = ["-0.25 m", "-0.1 m", "0 m"], radius = "20 mm" },
    { centre = ["0.1 m", "0.1 m", "0 m"], radius = "20 mm" },
    { centre = ["0.1 m", "-0.1 m", "0 m"], radius = "20 mm" },
]
stiffness            = { load = "100 N", depth = "1 mm" }
dissipation          = "2 s/m"
friction             = 0.6
tangential_stiffness = "100 kN/m"
tangential_damping   = "500 N s/m"
"#;

/// Nothing is commanded for a while.
const WAIT: &str = r#"
format = 1
title  = "Wait"
scene  = "SCENE"

[roles]
exo = "exo"
ground = "GROUND"

[[phases]]
name  = "wait"
lasts = "LASTS"

MORE

[record]
signals = ["exo.truth.js"]
rate    = "20 Hz"
"#;

fn wait(scene: &str, ground: &str, lasts: &str) -> String {
    WAIT.replace("SCENE", scene).replace("GROUND", ground).replace("LASTS", lasts).replace("MORE", "")
}

/// The first case of a scenario with a scene of its own beside it, `scene.toml`.
fn case_in(scene: &str, text: &str) -> Case {
    let mut files = library_and(text);
    files.insert("scene.toml".to_owned(), scene.to_owned());
    case_of(&loaded(files))
}

struct Run {
    case: Case,
    kept: Kept,
}

impl Run {
    fn of(case: Case) -> Run {
        let (outcome, kept) = run(&case, true);
        assert_eq!(outcome.failure, None);
        Run { case, kept }
    }

    /// A number at each instant that was kept.
    fn all(&self, path: &str) -> Vec<f64> {
        let element = self.case.model.layout.element(path).unwrap();
        let tables = self.kept.tables.iter();
        tables.map(|(_, table)| table.values(element.group)[element.index as usize]).collect()
    }

    fn last(&self, path: &str) -> f64 {
        *self.all(path).last().unwrap()
    }
}

/// The bench carries what the X2 weighs, and under its pads it rests for a minute without creeping.
#[test]
fn a_free_robot_rests_on_what_it_stands_on() {
    let run = Run::of(case_in(ON_A_BENCH, &wait("scene.toml", "bench", "60 s")));
    // Backpack, and of each leg thigh, shank and foot.
    let weight_n = (10.3 + 2.0 * (2.84 + 1.11 + 1.25)) * G_MPS2;
    let down_n = -run.last("bench.truth.load.force.z");
    // After a minute only rounding is left of the swinging.
    assert!((down_n - weight_n).abs() < 1e-6 * weight_n, "{down_n} N carry {weight_n} N");
    let pads_n = run.last("exo.truth.contacts.pads.normal_force");
    assert!((pads_n - weight_n).abs() < 1e-6 * weight_n, "{pads_n}");
    for axis in ["x", "y", "z"] {
        let places = run.all(&format!("exo.truth.base.position.{axis}"));
        let (middle, end) = (places[places.len() / 2], places[places.len() - 1]);
        assert!((end - middle).abs() < 1e-9, "along {axis} it went {} m in half a minute", end - middle);
    }
    assert_eq!(run.last("exo.truth.contacts.pads.touching"), 4.0);
    // It was set down without sliding: what is there is rounding.
    assert!(run.last("exo.truth.contacts.pads.slid") < 1e-9);
    // The load acts beneath the centre of mass, and the centre of pressure says where that is: all of it carries.
    let (x, moment) = (
        run.last("exo.truth.contacts.pads.centre_of_pressure.position.x"),
        run.last("bench.truth.load.torque.y"),
    );
    assert!((x - moment / down_n).abs() < 1e-9, "{x} m and {} m", moment / down_n);
}

/// Feet dragged by the belt: friction at its limit, along the belt, and the surface feels the opposite of what the feet do.
#[test]
fn a_belt_drags_the_feet_by_the_law_of_friction() {
    let run = Run::of(case(&wait("trocar:scenes/fourier_x2_treadmill.toml", "treadmill", "4 s")));
    let force = |foot: &str, axis: &str| run.all(&format!("exo.truth.contacts.{foot}.wrench.force.{axis}"));
    for foot in ["left_foot", "right_foot"] {
        let (x, y, z) = (force(foot, "x"), force(foot, "y"), force(foot, "z"));
        for k in 0..x.len() {
            // The limit is that of the force expected for the step's middle: it is met to second order of the step.
            let along_n = trocar_math::hypot(x[k], y[k]);
            assert!(along_n <= 0.8 * z[k] * 1.02 + 1e-9, "{along_n} N of {} N", z[k]);
        }
        // In the end the legs are as far back as they go, and the belt slides away beneath the toes.
        let of = |what: &str| run.last(&format!("exo.truth.contacts.{foot}.{what}"));
        let (along_n, pressed_n) = (-x.last().unwrap(), *z.last().unwrap());
        assert!(pressed_n > 5.0, "{pressed_n} N");
        assert!((along_n / pressed_n - 0.8).abs() < 1e-6, "{along_n} N of {pressed_n} N");
        assert!((of("slip_speed") - 0.3).abs() < 1e-6, "{} m/s", of("slip_speed"));
    }
    // Both feet together are what the treadmill carries, the other way round.
    for axis in ["x", "y", "z"] {
        let feet = force("left_foot", axis).last().unwrap() + force("right_foot", axis).last().unwrap();
        let carried = run.last(&format!("treadmill.truth.load.force.{axis}"));
        assert!((feet + carried).abs() < 1e-9, "{feet} N and {carried} N along {axis}");
    }
    // The belt comes up evenly within a second, and stays.
    let (speeds, last) = (run.all("treadmill.belt_speed"), run.last("treadmill.belt_speed"));
    assert_eq!(last, 0.3);
    assert!(speeds.windows(2).all(|pair| pair[1] >= pair[0]), "{speeds:?}");
}

/// The soles of a person who stands as the tables say end at the ground: neither above it nor in it.
#[test]
fn soles_touch_the_ground_of_upright_standing() {
    let woman = Person::new(1.60, 58.0, Sex::Female).unwrap();
    let scene =
        library_and("")["trocar:scenes/fourier_x2_treadmill.toml"].replace("scenes/", "trocar:scenes/");
    let height = format!("\"{} m\"", woman.hip_height_m());
    let straight = scene
        .replace("\"0.852 m\"", &height)
        .replace("\"5 deg\"", "\"0 deg\"")
        .replace("\"10 deg\"", "\"0 deg\"");
    assert!(straight.contains(&height) && !straight.contains("10 deg"));
    let case = case_in(&straight, &wait("scene.toml", "treadmill", "1 s"));
    let mut bare = Bare::new(&case);
    let depth = |bare: &Bare<'_>, foot: &str| bare.values(&format!("exo.truth.contacts.{foot}"))[1];
    for foot in ["left_foot", "right_foot"] {
        assert_eq!(depth(&bare, foot), 0.0);
    }
    // A step takes a third of a millisecond, in which the tissue of an ankle turns its foot by 1e-4 rad: some hundredths of a
    // millimetre at the toes.
    bare.step_only();
    bare.step_only();
    for foot in ["left_foot", "right_foot"] {
        let depth = depth(&bare, foot);
        assert!(depth > 0.0 && depth < 1e-4, "{foot} is {depth} m deep");
    }
}

/// A run that goes on from a copy of the state in mid-contact takes the same steps to the bit.
#[test]
fn a_copy_in_mid_contact_goes_on_alike() {
    let case = case(&wait("trocar:scenes/fourier_x2_treadmill.toml", "treadmill", "2 s"));
    let mut first = Bare::new(&case);
    first.go_to(3000);
    assert!(first.values("exo.truth.contacts.left_foot")[4] > 0.0, "nothing touches");
    let (saved, seen) = (first.state.clone(), first.rows.len());
    first.go_to(3600);
    let mut second = first.from(saved);
    second.go_to(3600);
    assert_eq!(first.rows[seen..], second.rows[..]);
}

/// Whoever writes such a scene wrongly is told where and what instead.
#[test]
fn mistakes_are_explained() {
    let told = |scene: &str, from: &str, to: &str, meant: &str| {
        assert!(scene.contains(from), "{from}");
        let project = Project::new(&[("trocar.toml", ""), ("bench.toml", &scene.replacen(from, to, 1))]);
        let said = project.trocar(&["check", "bench.toml"]).expect(2);
        assert!(said.err.contains(meant), "`{to}` gives\n{}", said.err);
        assert!(said.err.contains("bench.toml:"), "{}", said.err);
    };
    let bench = |from: &str, to: &str, meant: &str| told(ON_A_BENCH, from, to, meant);
    bench(
        "surface              = \"bench\"",
        "surface = \"bunch\"",
        "there is no surface in `[surroundings]` `bunch`; did you mean `bench`?",
    );
    bench(
        "frame                = \"base\"",
        "frame = \"bass\"",
        "there is no frame of the robot `bass`; did you mean `base`?",
    );
    bench("frame                = \"base\"", "segment = \"foot_r\"", "nobody wears this robot");
    bench("frame                = \"base\"", "frame = \"base\"\nsegment = \"foot_r\"", "one of both");
    bench("frame                = \"base\"", "", "of a `frame` of the robot or of a `segment` of its wearer");
    bench("friction             = 0.6", "friction = -0.6", "must not be negative");
    bench(
        "dissipation          = \"2 s/m\"",
        "dissipation = \"2 N\"",
        "a share for each unit of speed (s/m)",
    );
    bench("dissipation          = \"2 s/m\"", "", "how a blow loses energy");
    bench("dissipation          = \"2 s/m\"", "restitution = 0.05", "between 0.1 and 1");
    bench("radius = \"20 mm\"", "radius = \"0 mm\"", "must be greater than zero");
    bench("depth = \"1 mm\"", "depth = \"-1 mm\"", "must be greater than zero");
    bench("\"0.05 m\"]", "\"0 m\"]", "must be greater than zero");
    bench("[surroundings.bench]", "[surroundings.exo]", "`exo` is a robot of this scene already");
    bench(
        "[surroundings.bench]",
        "[surroundings.bench]\nbelt = { direction = [0, 0, 0], speed = \"1 m/s\" }",
        "leads nowhere",
    );
    bench("fourier_x2.toml", "exo_h3.toml", "nothing can be free that weighs nothing");
}
