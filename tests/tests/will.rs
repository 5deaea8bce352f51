//! A wearer who wants something: effort against the device's motors, in step with it, alone in the air, with a part of the weight carried.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use trocar_plant::person::{GaitTable, PassiveLeg, Person, PublishedGait, Segment, Sex};
use trocar_sim::Case;
use trocar_tests::{Bare, Kept, Project, case_of, library_and, loaded, run};

const G_MPS2: f64 = 9.806_65;
const SCENE: &str = "trocar:scenes/fourier_x2_walking.toml";

/// The X2 plays back the gait with a wearer who walks along. `MORE` is what a test adds.
const WALK: &str = r#"
format = 1
title  = "Walked"
scene  = "trocar:scenes/fourier_x2_walking.toml"

[roles]
exo = "exo"

MORE

[postures]
start = { left_hip = "31.9 deg", left_knee = "2.4 deg", right_hip = "-7 deg", right_knee = "7.5 deg" }

[[phases]]
name   = "ready"
send   = { "exo.state_command" = ["enable", "home"] }
until  = "exo.is_homed and not exo.is_busy"
within = "30 s"

[[phases]]
name   = "step_out"
move   = { command = "exo.move_jp", through = ["start"], dwell = "0.5 s" }
within = "30 s"

[[phases]]
name     = "walk"
repeat   = STRIDES
recorded = { command = "exo.servo_jp", file = "stride.csv", lasts = "LASTS", if_present = ["left_ankle", "right_ankle"] }
within   = "100 s"

[record]
signals = ["exo.wearer.truth.js"]
rate    = "100 Hz"
"#;

/// That scenario on the library, with the shipped stride beside it.
fn walked(text: &str) -> Case {
    let mut files = library_and(text);
    files.insert("stride.csv".to_owned(), include_str!("../../scenarios/exoskeleton/stride.csv").to_owned());
    case_of(&loaded(files))
}

fn walk(more: &str, strides: u32, lasts: &str) -> (Case, Kept) {
    let text = WALK.replace("MORE", more).replace("STRIDES", &strides.to_string()).replace("LASTS", lasts);
    let case = walked(&text);
    let (outcome, kept) = run(&case, true);
    assert_eq!(outcome.failure, None);
    (case, kept)
}

/// A signal at each recorded instant.
fn history((case, kept): &(Case, Kept), path: &str) -> Vec<f64> {
    let element = case.model.layout.element(path).unwrap();
    kept.tables.iter().map(|(_, table)| table.values(element.group)[element.index as usize]).collect()
}

fn rms(values: &[f64]) -> f64 {
    (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
}

/// The more the wearer gives, the less do the motors and the cuffs: over the last two strides.
#[test]
fn effort_takes_load_off_the_motors() {
    let mut seen = Vec::new();
    for effort in ["0 %", "50 %", "100 %"] {
        let walked = walk(&format!("[setup]\n\"exo.wearer.effort\" = \"{effort}\"\n"), 4, "4 s");
        let last = |path: &str| {
            let all = history(&walked, path);
            rms(&all[all.len() - 800..])
        };
        seen.push(
            [
                "exo.truth.js.effort.left_knee",
                "exo.truth.js.effort.left_hip",
                "exo.wearer.truth.thigh_l.force.x",
            ]
            .map(last),
        );
    }
    // Motor of the knee, motor of the hip, cuff at the thigh.
    for pair in seen.windows(2) {
        for (place, (less, more)) in pair[0].iter().zip(&pair[1]).enumerate() {
            assert!(more < less, "{place}: {seen:?}");
        }
    }
    // Most of the motors' work is the device's own weight and friction.
    assert!(seen[2][1] < 0.95 * seen[0][1] && seen[2][2] < 0.8 * seen[0][2], "{seen:?}");
}

/// Led at 0.8 of their own cadence the wearer falls into step: from stride to stride the phase at the same place of the device's stride is the
/// same. Not drawn into step, each stride of the device's is 1.25 of theirs.
#[test]
fn the_wearer_falls_into_step_with_the_device() {
    let phases = |pull: &str| {
        let walked = walk(&format!("[setup]\n\"exo.wearer.will.pull\" = \"{pull}\"\n"), 7, "5 s");
        let all = history(&walked, "exo.wearer.truth.will.phase");
        // The last instant of each of the last four strides, 500 records apart.
        (0..4).map(|back| all[all.len() - 1 - 500 * back]).collect::<Vec<f64>>()
    };
    let off = |from: f64, to: f64| (to - from) - (to - from).round();
    let led = phases("1 Hz");
    assert!(led.windows(2).all(|pair| off(pair[0], pair[1]).abs() < 5e-3), "{led:?}");
    let free = phases("0 Hz");
    // Further back by a quarter of a stride each.
    assert!(free.windows(2).all(|pair| (off(pair[1], pair[0]) - 0.25).abs() < 5e-3), "{free:?}");
}

/// Without effort the will is not there: device and wearer move with the bits of the scene that has none.
#[test]
fn without_effort_the_mechanics_are_those_without_a_will() {
    let text = WALK.replace("STRIDES", "2").replace("LASTS", "4 s");
    let idle = walked(&text.replace("MORE", "[setup]\n\"exo.wearer.effort\" = \"0 %\"\n"));
    let none = walked(&text.replace("MORE", "").replace("_walking", "_worn"));
    let willing = walked(&text.replace("MORE", ""));
    let [mut idle, mut none, mut willing] = [&idle, &none, &willing].map(Bare::new);
    let bits = |bare: &Bare<'_>| {
        ["exo.truth.js", "exo.wearer.truth.js", "exo.wearer.truth.shank_l", "exo.wearer.muscles"]
            .map(|group| bare.values(group).iter().map(|v| v.to_bits()).collect::<Vec<u64>>())
    };
    for step in 0..15_000 {
        for bare in [&mut idle, &mut none, &mut willing] {
            bare.step_only();
        }
        if step % 100 == 99 {
            assert_eq!(bits(&idle)[..3], bits(&none)[..3], "{step}");
        }
    }
    assert_ne!(bits(&willing), bits(&none), "there was something to be without");
}

/// Saved in mid-stride and taken up again the run goes on to the same bits.
#[test]
fn a_state_saved_in_mid_stride_goes_on_to_the_same_bits() {
    let case = walked(&WALK.replace("MORE", "").replace("STRIDES", "2").replace("LASTS", "4 s"));
    let mut first = Bare::new(&case);
    first.go_to(15_000);
    assert!(first.values("exo.wearer.truth.will")[2] > 0.0, "they walk");
    let saved = first.state.clone();
    let seen = first.rows.len();
    first.go_to(15_600);
    let mut second = first.from(saved);
    second.go_to(15_600);
    assert_eq!(first.rows[seen..], second.rows[..]);
}

/// The library with the shipped scene changed, and a scenario on it that lasts `time`.
fn with_scene(change: impl Fn(&str) -> String, time: &str) -> BTreeMap<String, String> {
    let scenario = format!(
        "format = 1\ntitle = \"Alone\"\nscene = \"{SCENE}\"\n[roles]\nexo = \"exo\"\n[[phases]]\nname = \"wait\"\nlasts = \"{time}\"\n[record]\nsignals = [\"exo.wearer.truth.js\"]\nrate = \"100 Hz\"\n"
    );
    let mut files = library_and(&scenario);
    let text = change(&files[SCENE]);
    files.insert(SCENE.to_owned(), text);
    files
}

/// The scene without the cuffs at thighs and shanks: the wearer hangs by the pelvis.
fn in_the_air(scene: &str) -> String {
    let end = scene.find("[robots.exo.wearer.cuffs.thigh_l]").unwrap();
    scene[..end].to_owned()
}

/// Held by the pelvis in the air, a wearer walks in place. What their muscles must exert is bounded by weight and inertia of the stretched leg and by its
/// tissue; and a joint that is driven by k e + d ė, whatever it carries, is off by no more (RMS, over whole strides) than that torque over k.
#[test]
fn a_wearer_walks_in_place_by_themselves() {
    let scene = |scene: &str| {
        in_the_air(scene)
            .replace("led_above = \"10 deg/s\"", "begins = \"0.5 s\"")
            .replace("pull      = \"1 Hz\"", "pull = \"0 Hz\"")
            .replace("stride    = \"4 s\"", "stride = \"3 s\"")
            .replace("60 N m/rad", "300 N m/rad")
            .replace("4 N m s/rad", "20 N m s/rad")
            .replace("\"20 N m/rad\"", "\"60 N m/rad\"")
            .replace("40 N m/rad", "200 N m/rad")
            .replace(
                "\"2 N m s/rad\"\n\n[robots.exo.wearer.will.joints.ankle",
                "\"10 N m s/rad\"\n\n[robots.exo.wearer.will.joints.ankle",
            )
    };
    let case = case_of(&loaded(with_scene(scene, "10 s")));
    let (outcome, kept) = run(&case, true);
    assert_eq!(outcome.failure, None);
    let walked = (case, kept);
    let woman = Person::new(1.60, 58.0, Sex::Female).unwrap();
    let gait = PublishedGait::Fukuchi2018.table().unwrap();
    for (place, joint, gain) in
        [(0, "hip_flexion", 300.0), (1, "knee_flexion", 200.0), (2, "ankle_dorsiflexion", 60.0)]
    {
        let most_nm = most_torque(&woman, &gait, place, 3.0);
        for side in ["r", "l"] {
            let [at, wanted] = [
                history(&walked, &format!("exo.wearer.truth.js.position.{joint}_{side}")),
                history(&walked, &format!("exo.wearer.truth.wanted.{joint}_{side}")),
            ];
            // The last two strides.
            let off: Vec<f64> =
                at.iter().zip(&wanted).map(|(at, wanted)| at - wanted).rev().take(600).collect();
            assert!(rms(&off) < most_nm / gain, "{joint}: {} of {}", rms(&off), most_nm / gain);
            // They walk: as far as people do, less what they are off at most at each end.
            let range = |of: &[f64]| {
                let last = &of[of.len() - 600..];
                last.iter().copied().fold(f64::MIN, trocar_math::max)
                    - last.iter().copied().fold(f64::MAX, trocar_math::min)
            };
            assert!(range(&at) > 0.5 * range(&wanted), "{joint}: {} of {}", range(&at), range(&wanted));
        }
    }
}

/// The most that a joint of a hanging leg needs along the gait in strides of this time, N m: the weight of all below it at its full distance, its
/// inertia about the joint with the leg stretched times the greatest accelerations of all joints, and its tissue.
fn most_torque(person: &Person, gait: &GaitTable, place: usize, stride_s: f64) -> f64 {
    let parts = [Segment::Thigh, Segment::Shank, Segment::Foot].map(|segment| person.segment(segment));
    let (mut down_m, mut weight_nm, mut inertia_kgm2) = (0.0, 0.0, 0.0);
    for part in &parts[place..] {
        let body = &part.inertia;
        let far_m = down_m + body.centre_of_mass_m.norm();
        weight_nm += body.mass_kg * G_MPS2 * far_m;
        inertia_kgm2 += body.mass_kg * far_m * far_m + body.about_centre_kgm2[(1, 1)];
        down_m += part.end_m.norm();
    }
    let (mut acceleration, mut tissue_nm) = (0.0, 0.0);
    for k in 0..200 {
        let leg = gait.leg(f64::from(k) / 200.0, stride_s);
        let sum: f64 = leg.acceleration_radps2.iter().map(|a| a.abs()).sum();
        acceleration = trocar_math::max(acceleration, sum);
        let efforts = PassiveLeg.efforts(&leg.position_rad);
        tissue_nm = trocar_math::max(tissue_nm, efforts[place].abs());
    }
    weight_nm + inertia_kgm2 * acceleration + tissue_nm
}

const SUPPORT: &str = "[robots.exo.wearer.weight_support]\nshare = \"40 %\"\npulley_above = \"2 m\"\n\n";

/// The scene with a cable, and the will left out, so that everybody hangs still.
fn carried(scene: &str, support: &str) -> String {
    let [from, to] = ["[robots.exo.wearer.will]", "# The stand holds"].map(|text| scene.find(text).unwrap());
    format!("{}{support}{}", &scene[..from], in_the_air(&scene[to..]))
}

/// Hanging in the belt with 40 % on the cable, the belt carries the other 60 %; what the cable says is what it does, upwards.
#[test]
fn the_cable_takes_its_share_off_the_belt() {
    let case = case_of(&loaded(with_scene(|scene| carried(scene, SUPPORT), "4 s")));
    let (outcome, kept) = run(&case, true);
    assert_eq!(outcome.failure, None);
    let hung = (case, kept);
    let last = |path: &str| *history(&hung, path).last().unwrap();
    let weight_n = 58.0 * G_MPS2;
    assert!((last("exo.wearer.truth.weight_support.force") - 0.4 * weight_n).abs() < 1e-6 * weight_n);
    assert!((last("exo.wearer.truth.weight_support.share") - 0.4).abs() < 1e-6);
    assert!(last("exo.wearer.truth.weight_support.drawn_out").abs() < 0.02);
    // The legs still swing a little.
    let belt_n = last("exo.wearer.truth.belt.force.z");
    assert!((belt_n - 0.6 * weight_n).abs() < 5e-3 * weight_n, "{belt_n}");
}

/// What does not fit is said in a person's words, at its place.
#[test]
fn what_nobody_can_want_is_explained() {
    let files = library_and(&WALK.replace("MORE", "").replace("STRIDES", "1").replace("LASTS", "4 s"));
    let scene = files[SCENE].replace("\"scenes/", "\"trocar:scenes/");
    let said = |scene: &str| {
        let files = [("trocar.toml", ""), ("scenes/worn.toml", scene)];
        Project::new(&files).trocar(&["check", "scenes/worn.toml"])
    };
    assert_eq!(said(&scene).code, 0, "{}", said(&scene).err);
    let wrong = |from: &str, to: &str, words: &[&str]| {
        assert!(scene.contains(from), "{from}");
        let said = said(&scene.replace(from, to));
        assert_eq!(said.code, 2, "{to}: {}", said.err);
        for word in words {
            assert!(said.err.contains(word), "{word:?} in\n{}", said.err);
        }
    };
    wrong("effort = \"100 %\"", "effort = \"120 %\"", &["120 %", "between 0 % and 100 %"]);
    wrong("stride    = \"4 s\"", "speed = \"3 m/s\"", &["m/s", "stride"]);
    wrong("stride    = \"4 s\"", "", &["`speed` or `stride`"]);
    let will = "[robots.exo.wearer.will]\n";
    let with = |more: &str| format!("{will}{more}\n");
    wrong(
        will,
        &with("weakness = { hip_flexor = \"50 %\" }"),
        &["hip_flexor", "did you mean `hip_flexors`?"],
    );
    wrong(will, &with("weakness = { hip_flexors = \"150 %\" }"), &["150 %", "strength that is lost"]);
    wrong("joints.hip_flexion]", "joints.hip_flexon]", &["hip_flexon", "did you mean `hip_flexion`?"]);
    wrong("damping   = \"4 N m s/rad\"", "damping = \"0.01 N m s/rad\"", &["swing up by itself", "or more"]);
    let belt = "[robots.exo.wearer.cuffs.belt]";
    let support = |text: &str| format!("{}{belt}", SUPPORT.replace("share = \"40 %\"", text));
    wrong(belt, &support("share = \"140 %\""), &["140 %", "lifts the person off"]);
    wrong(belt, &support(""), &["`force` or `share`"]);
    // A value of a case is held against the same bounds.
    let scenario = WALK.replace("STRIDES", "1").replace("LASTS", "4 s");
    let scenario = scenario.replace("MORE", "[setup]\n\"exo.wearer.effort\" = \"130 %\"\n");
    let project = Project::new(&[
        ("trocar.toml", ""),
        ("test.toml", &scenario),
        ("stride.csv", include_str!("../../scenarios/exoskeleton/stride.csv")),
    ]);
    let said = project.trocar(&["check", "test.toml"]).expect(2);
    assert!(said.err.contains("must not be more than"), "{}", said.err);
}

/// The sentences of a scene with all of it have no holes, in either language.
#[test]
fn a_will_and_a_cable_are_explained() {
    let files = library_and("");
    let scene = files[SCENE].replace("\"scenes/", "\"trocar:scenes/").replace(
        "[robots.exo.wearer.will]\n",
        "[robots.exo.wearer.will]\nweakness = { hip_flexors = \"50 %\" }\nstrength = { knee_flexors_l = \"20 N m\" }\n",
    );
    let support = format!("{SUPPORT}[robots.exo.wearer.cuffs.belt]");
    let scene = scene.replace("[robots.exo.wearer.cuffs.belt]", &support);
    let project = Project::new(&[("trocar.toml", ""), ("scenes/worn.toml", &scene)]);
    for (language, words) in [
        ("en", ["gives 100 % effort", "hip_flexors have lost 50 %", "carries 40 % of the wearer's weight"]),
        ("zh", ["100 %", "50 %", "40 %"]),
    ] {
        let said = project.trocar(&["explain", "scenes/worn.toml", "--lang", language]).expect(0);
        for word in words {
            assert!(said.out.contains(word), "{word}\n{}", said.out);
        }
    }
}
