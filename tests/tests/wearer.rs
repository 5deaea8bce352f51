//! A person in an exoskeleton: cuffs against the statics of limbs, misalignment, a spasm, bits in mid-pull, bad input.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_plant::person::{Person, Segment, Sex};
use trocar_sim::Case;
use trocar_tests::{Bare, Kept, Project, case, loaded, run};

const G_MPS2: f64 = 9.806_65;

/// The X2, worn: bent to a posture and held there for three seconds. `MORE` is what a test adds.
const HOLD: &str = r#"
format = 1
title  = "Held"
scene  = "trocar:scenes/fourier_x2_worn.toml"

[roles]
exo = "exo"

[postures]
bent = { left_hip = "35 deg", left_knee = "50 deg", right_hip = "-5 deg", right_knee = "15 deg" }

[[phases]]
name   = "ready"
send   = { "exo.state_command" = ["enable", "home"] }
until  = "exo.is_homed and not exo.is_busy"
within = "30 s"

[[phases]]
name   = "hold"
move   = { command = "exo.move_jp", through = ["bent"], dwell = "3 s" }
within = "60 s"

MORE

[record]
signals = ["exo.wearer.truth.js"]
rate    = "20 Hz"
"#;

/// A run, and what stood at its end.
struct AtRest {
    case: Case,
    kept: Kept,
}

impl AtRest {
    fn of(more: &str) -> AtRest {
        let case = case(&HOLD.replace("MORE", more));
        let (outcome, kept) = run(&case, true);
        assert_eq!(outcome.failure, None);
        AtRest { case, kept }
    }

    fn last(&self, path: &str) -> f64 {
        let element = self.case.model.layout.element(path).unwrap();
        let (_, table) = self.kept.tables.last().unwrap();
        table.values(element.group)[element.index as usize]
    }

    fn limb(&self, joint: &str) -> f64 {
        self.last(&format!("exo.wearer.truth.js.position.{joint}"))
    }

    fn device(&self, joint: &str) -> f64 {
        self.last(&format!("exo.truth.js.position.{joint}"))
    }

    /// Force forward and up, and moment about the axis to the left, of a cuff whose link is bent forward by this angle.
    fn cuff(&self, name: &str, forward_rad: f64) -> [f64; 3] {
        let part = |part: &str| self.last(&format!("exo.wearer.truth.{name}.{part}"));
        let (sin, cos) = trocar_math::sin_cos(forward_rad);
        let (across, along) = (part("force.x"), part("force.z"));
        [across * cos - along * sin, across * sin + along * cos, part("torque.y")]
    }
}

/// All that the cuffs carry is the weight of the woman: no force comes from nowhere, in whichever axes it is stated.
#[test]
fn the_cuffs_carry_the_wearer() {
    let run = AtRest::of("");
    let mut up_n = run.cuff("belt", 0.0)[1];
    for (side, suffix) in [("left", "l"), ("right", "r")] {
        let (hip, knee) = (run.device(&format!("{side}_hip")), run.device(&format!("{side}_knee")));
        up_n += run.cuff(&format!("thigh_{suffix}"), hip)[1]
            + run.cuff(&format!("shank_{suffix}"), hip - knee)[1];
    }
    let weight_n = 58.0 * G_MPS2;
    // After three seconds what swings is worth a newton or so.
    assert!((up_n - weight_n).abs() < 5e-3 * weight_n, "{up_n} N carry {weight_n} N");
}

/// Torque about the knee by gravity on shank and foot and by the cuff, from their geometry, with what tissue and muscles
/// are said to exert: nothing is left. With a spasm of 30 N m for good, too, which the cuff then holds.
#[test]
fn torques_about_the_knee_balance_with_and_without_a_spasm() {
    let spasm = r#"
[[faults]]
name   = "spasm"
target = "exo.wearer.muscles.knee_flexion_l"
kind   = "offset"
by     = "-30 N m"
starts = { in = "hold", after = "0.5 s" }
lasts  = "for good"
"#;
    let woman = Person::new(1.60, 58.0, Sex::Female).unwrap();
    let mut knees = Vec::new();
    for more in ["", spasm] {
        let run = AtRest::of(more);
        let (hip, knee) = (run.limb("hip_flexion_l"), run.limb("knee_flexion_l"));
        let shank_rad = hip - knee;
        let foot_rad = shank_rad + run.limb("ankle_dorsiflexion_l");
        // How far a point of a segment bent forward by an angle rises for each radian that the knee bends: bending turns shank
        // and foot backwards.
        let rises = |point: &nalgebra::Vector3<f64>, forward_rad: f64| {
            let (sin, cos) = trocar_math::sin_cos(forward_rad);
            -(point.x * cos - point.z * sin)
        };
        let (shank, foot) = (woman.segment(Segment::Shank), woman.segment(Segment::Foot));
        let foot_rises = rises(&shank.end_m, shank_rad) + rises(&foot.inertia.centre_of_mass_m, foot_rad);
        let shank_rises = rises(&shank.inertia.centre_of_mass_m, shank_rad);
        let gravity_nm = -G_MPS2 * (shank.inertia.mass_kg * shank_rises + foot.inertia.mass_kg * foot_rises);
        let link_rad = run.device("left_hip") - run.device("left_knee");
        let [forward_n, up_n, moment_nm] = run.cuff("shank_l", link_rad);
        let (sin, cos) = trocar_math::sin_cos(shank_rad);
        // The cuff sits 0.22 m below the knee.
        let cuff_nm = moment_nm - 0.22 * (forward_n * cos + up_n * sin);
        let own_nm = run.last("exo.wearer.truth.js.effort.knee_flexion_l");
        let left_nm = gravity_nm + cuff_nm + own_nm;
        assert!(left_nm.abs() < 0.1, "{left_nm} of {gravity_nm} + {cuff_nm} + {own_nm} N m");
        knees.push((knee, own_nm));
    }
    // The extensors win over the soft cuff: the knee is straighter, and they are what the spasm added.
    assert!(knees[1].0 < knees[0].0 - 0.1, "{knees:?}");
    assert!(knees[1].1 - knees[0].1 < -20.0, "{knees:?}");
}

/// Worn 20 mm too high or too low, the knee follows another angle than the device's, and more so the further.
#[test]
fn a_misaligned_knee_follows_another_angle() {
    let knee = |setup: &str| {
        let run = AtRest::of(setup);
        run.limb("knee_flexion_l") - run.device("left_knee")
    };
    let high = |mm: i32| knee(&format!("[setup]\n\"exo.wearer.misalignment.z\" = \"{mm} mm\"\n"));
    let [low, fits, up, higher] = [high(-20), knee(""), high(20), high(40)];
    // Aligned, its weight and tissue bend the soft cuffs by a degree or two.
    assert!(fits.abs() < 0.04, "{fits}");
    assert!(low > fits + 0.03 && up < fits - 0.03 && higher < up - 0.03, "{low} {fits} {up} {higher}");
}

/// Saved in mid-pull and taken up again, in another scratch, the run goes on to the same bits.
#[test]
fn a_state_saved_while_cuffs_pull_goes_on_to_the_same_bits() {
    let case = case(&HOLD.replace("MORE", ""));
    let mut first = Bare::new(&case);
    first.go_to(3000);
    let saved = first.state.clone();
    let seen = first.rows.len();
    first.go_to(3600);
    let mut second = first.from(saved);
    second.go_to(3600);
    assert_eq!(first.rows[seen..], second.rows[..]);
}

/// What does not fit is said in a person's words, at its place.
#[test]
fn what_does_not_fit_is_explained() {
    let files = trocar_tests::library_and(&HOLD.replace("MORE", ""));
    let scene = files["trocar:scenes/fourier_x2_worn.toml"].replace("scenes/", "trocar:scenes/");
    let person = files["trocar:scenes/people/adult_woman.toml"].clone();
    let said = |scene: &str, person: &str| {
        let scene = scene.replace("trocar:scenes/people/adult_woman.toml", "scenes/people/she.toml");
        let files = [("trocar.toml", ""), ("scenes/worn.toml", &scene), ("scenes/people/she.toml", person)];
        Project::new(&files).trocar(&["check", "scenes/worn.toml"])
    };
    assert_eq!(said(&scene, &person).code, 0);
    let wrong = |scene: &str, person: &str, words: &[&str]| {
        let said = said(scene, person);
        assert_eq!(said.code, 2, "{}", said.err);
        for word in words {
            assert!(said.err.contains(word), "{word:?} in\n{}", said.err);
        }
    };
    wrong(
        &scene.replace("\"thigh_l\"\nbelow", "\"tigh_l\"\nbelow"),
        &person,
        &["tigh_l", "did you mean `thigh_l`?"],
    );
    wrong(
        &scene.replace("= \"left_shank\"", "= \"left_shin\""),
        &person,
        &["no frame of the robot `left_shin`"],
    );
    wrong(
        &scene.replace("knee_flexion_l = ", "knee_flexion_left = "),
        &person,
        &["knee_flexion_left", "did you mean"],
    );
    wrong(
        &scene.replace("[\"8 kN/m\", \"8 kN/m\", \"2 kN/m\"]", "[\"-8 kN/m\", \"8 kN/m\", \"2 kN/m\"]"),
        &person,
        &["less than zero"],
    );
    wrong(&scene, &person.replace("\"1.60 m\"", "\"3.60 m\""), &["she.toml", "height"]);
    wrong(&scene, &person.replace("\"58 kg\"", "\"580 kg\""), &["she.toml"]);
    wrong(
        &scene.replace("she.toml", "nobody.toml").replace("adult_woman", "nobody"),
        &person,
        &["nobody.toml"],
    );
    let spastic = format!(
        "{person}\n[spasticity.toe]\nstretched_by = \"flexion\"\nstrength = \"5 N m\"\ngain = \"1 s/rad\"\n"
    );
    wrong(&scene, &spastic, &["[spasticity.toe]", "knee_flexion_r"]);
    let spastic = spastic.replace("toe", "knee_flexion_r").replace("1 s/rad", "1 rad");
    wrong(&scene, &spastic, &["gain"]);
}

/// A robot that does not fit is put on all the same, and which joint is how far beside whose is said with the remedy; a cuff beyond
/// the end of a limb cannot be put on.
#[test]
fn joints_beside_the_wearers_are_named() {
    let files = trocar_tests::library_and(&HOLD.replace("MORE", ""));
    let scene = files["trocar:scenes/fourier_x2_worn.toml"].replace("scenes/", "trocar:scenes/");
    let said = |scene: &str| {
        let files = [("trocar.toml", ""), ("scenes/worn.toml", scene)];
        Project::new(&files).trocar(&["check", "scenes/worn.toml"])
    };
    let fits = said(&scene);
    assert!(fits.code == 0 && !fits.err.contains("wearer"), "{}", fits.err);
    // A thigh of 0.245 x 1.76 m beside one of 0.39 m.
    let tall = said(&scene.replace("adult_woman", "adult_man"));
    assert_eq!(tall.code, 0, "{}", tall.err);
    for word in [
        "`left_knee` of `exo` lies 41 mm above the left knee of its wearer (man, 1.76 m, 75 kg)",
        "between `left_hip` and `left_knee` the robot is 41 mm shorter than the wearer's left thigh: lengthen it",
        "exo.wearer.misalignment",
        "`right_knee`",
    ] {
        assert!(tall.err.contains(word), "{word:?} in\n{}", tall.err);
    }
    assert!(!tall.err.contains("`left_hip` of `exo` lies"), "{}", tall.err);
    let forward = scene.replace(
        "provenance = { standing = \"assumed\" }",
        "provenance = { standing = \"assumed\" }\npelvis = { position = [\"50 mm\", \"0 m\", \"0 m\"] }",
    );
    let forward = said(&forward);
    for word in
        ["`left_hip` of `exo` lies 50 mm behind the left hip", "put the wearer where the robot's axes are"]
    {
        assert!(forward.err.contains(word), "{word:?} in\n{}", forward.err);
    }
    let beyond = said(&scene.replace("\"0.25 m\"", "\"0.45 m\""));
    assert_eq!(beyond.code, 2, "{}", beyond.err);
    for word in [
        "the thigh of the wearer (woman, 1.60 m, 58 kg) ends 392 mm below",
        "at 450 mm",
        "choose a taller wearer",
    ] {
        assert!(beyond.err.contains(word), "{word:?} in\n{}", beyond.err);
    }
}

/// A spastic person's muscles pull against the stretch, a delay late, and only above the threshold.
#[test]
fn a_spastic_knee_resists_being_bent() {
    let mut files = trocar_tests::library_and(&HOLD.replace("MORE", ""));
    let person = files.get_mut("trocar:scenes/people/adult_woman.toml").unwrap();
    person.push_str(
        "\n[spasticity.knee_flexion_l]\nstretched_by = \"flexion\"\nstrength = \"20 N m\"\ngain = \"2 s/rad\"\ndelay = \"30 ms\"\n",
    );
    let loaded = loaded(files);
    let case = trocar_tests::case_of(&loaded);
    let mut bare = Bare::new(&case);
    let place = case.model.layout.element("exo.wearer.muscles.knee_flexion_l").unwrap().index as usize;
    let joints = bare.values("exo.wearer.muscles").len();
    let (mut rates, mut pulled) = (Vec::new(), 0.0_f64);
    for _ in 0..24_000 {
        bare.step_only();
        // Taken in at the step's start, the rate is that of the end of the step before.
        rates.push(bare.values("exo.wearer.truth.js")[joints + place]);
        let torque = bare.values("exo.wearer.muscles")[place];
        let now = rates.len();
        // 30 ms are 90 steps; what a step's muscles see is the end of the one before it.
        let before = if now > 91 { rates[now - 92] } else { 0.0 };
        let expected = -20.0 * trocar_math::clamp(2.0 * trocar_math::max(before - 0.05, 0.0), 0.0, 1.0);
        assert!((torque - expected).abs() < 1e-9, "{torque} {expected}");
        pulled = trocar_math::min(pulled, torque);
    }
    assert!(pulled < -5.0, "bent fast enough to be resisted: {pulled} N m");
}
