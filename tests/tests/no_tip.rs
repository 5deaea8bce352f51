//! A robot without a tool tip, whose joints branch: what it has, what it has not, and what is said of methods that speak of a
//! tip.

use serde_json::Value;
use trocar_tests::{Project, Said, root};

const SCENE: &str = "trocar:scenes/fourier_x2_stand.toml";

fn trocar(arguments: &[&str]) -> Said {
    trocar_tests::trocar(&root(), arguments)
}

/// A method for the legs, with `more` after its phase.
fn method(more: &str) -> String {
    format!(
        "format = 1\ntitle = \"A bent knee\"\npurpose = \"Does the knee bend?\"\nscene = \"{SCENE}\"\n\n\
         [roles]\nleg = \"exo\"\n\n\
         [[phases]]\nname = \"ready\"\nsend = {{ \"leg.state_command\" = [\"enable\", \"home\"] }}\n\
         until = \"leg.is_homed and not leg.is_busy\"\nwithin = \"30 s\"\n\n\
         [[phases]]\nname = \"bend\"\nsend = {{ \"leg.move_jp\" = {{ left_knee = \"40 deg\" }} }}\nlasts = \"3 s\"\n\n\
         [measures.bent]\nkind = \"final\"\nof = \"leg.truth.js.position.left_knee\"\n\
         [measures.other]\nkind = \"final\"\nof = \"leg.truth.js.position.right_knee\"\n\n{more}\n\
         [[requirements]]\nid = \"K1\"\nformula = \"bent >= 35 deg and other <= 15 deg\"\nwhy = \"One knee was told to.\"\n"
    )
}

#[test]
fn it_has_joints_and_nothing_cartesian() {
    let paths = trocar(&["paths", SCENE]).expect(0).out;
    for there in [
        "exo.servo_jp.position.left_knee",
        "exo.move_jp.position.right_hip",
        "exo.truth.js.position.left_hip",
    ] {
        assert!(paths.contains(there), "{there}\n{paths}");
    }
    for part in ["_cp", "truth.tip", "tool_tip"] {
        let found =
            paths.lines().find(|line| line.split_whitespace().nth(1).is_some_and(|path| path.contains(part)));
        assert!(found.is_none(), "{found:?}");
    }
    let explained = trocar(&["explain", "trocar:fourier_x2"]).expect(0).out;
    assert!(explained.contains("no tool tip"), "{explained}");
}

#[test]
fn a_method_for_joints_moves_one_leg_and_leaves_the_other() {
    let project = Project::new(&[("bend.toml", &method(""))]);
    let said = project.trocar(&["run", "bend.toml", "--out", "run"]).expect(0);
    assert!(said.out.contains("1 PASS"), "{}", said.out);
    project.trocar(&["replay", "run/bend"]).expect(0);
    project.trocar(&["report", "run/bend"]).expect(0);
}

/// The knee's encoder sticks while it bends: how far that takes the device is an angle, of the joint that is furthest off.
#[test]
fn a_fault_is_held_against_the_twin_by_the_joints() {
    let fault = "[[faults]]\nname = \"stuck\"\nkind = \"stuck_last\"\ntarget = \"leg.left_knee.encoder.position\"\n\
                 starts = { when = \"leg.truth.js.position.left_knee > 20 deg\" }\nlasts = \"for good\"\n\n\
                 [[requirements]]\nid = \"F1\"\nformula = \"fault.stuck.deviation_until_reaction <= 60 deg\"\nwhy = \"A knee has its range.\"\n";
    let project = Project::new(&[("bend.toml", &method(fault))]);
    let said = project.trocar(&["run", "bend.toml"]);
    assert!(
        said.out.contains("a joint (truth) up to") && said.out.contains("deg from the twin's"),
        "{}",
        said.out
    );
    let wrong = Project::new(&[("bend.toml", &method(&fault.replace("60 deg", "5 mm")))]);
    let said = wrong.trocar(&["check", "bend.toml"]).expect(2).err;
    assert!(said.contains("--> bend.toml:") && said.contains("angle"), "{said}");
}

#[test]
fn what_speaks_of_a_tip_is_told_at_its_place_and_with_a_remedy() {
    let tracker = "[instruments.tracker]\nkind = \"position_tracker\"\nfollows = { tip = \"leg.tool_tip\" }\n\
                   frame = \"leg.base\"\nrate = \"1 kHz\"\n";
    let load = "[setup]\n\"leg.load\" = \"1 kg\"\n";
    let measure = "[measures.tip]\nkind = \"final\"\nof = \"leg.measured_cp.position.x\"\n";
    let declared =
        "[[requirements]]\nid = \"D1\"\nformula = \"bent <= leg.declared.comfort\"\nwhy = \"So.\"\n";
    let cases = [
        (
            method("").replace("leg.move_jp", "leg.move_cp"),
            vec!["`leg.move_cp` is of a tool tip", "leg.move_jp"],
        ),
        (method(tracker), vec!["`leg.tool_tip` is of a tool tip", "leg.truth.js"]),
        (method(measure), vec!["is of a tool tip", "leg.measured_js"]),
        (method(load), vec!["carries no load", "`payload`"]),
        (method(declared), vec!["Fourier X2 declares no such limit", "[declared.comfort]"]),
    ];
    for (text, words) in cases {
        let project = Project::new(&[("bend.toml", &text)]);
        let said = project.trocar(&["check", "bend.toml"]).expect(2).err;
        assert!(said.contains("--> bend.toml:"), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}\n{said}");
    }
    let robot = std::fs::read_to_string(root().join("scenes/robots/fourier_x2.toml"));
    let robot = robot.unwrap_or_else(|error| panic!("{error}"));
    let pivots = robot.replace("[mechanism]\n", "[remote_centre]\nframe = \"base\"\n\n[mechanism]\n");
    let bends = robot.replace(
        "# ---- Control",
        "[[mechanism.deflections]]\njoint = \"left_hip\"\ncompliance = [0.1]\nrelaxation = \"20 ms\"\n\n# ---- Control",
    );
    let tipped = robot.replace("[mechanism]\n", "[mechanism]\ntip = { frame = \"left_foot\" }\n");
    for (text, words) in [
        (pivots, ["this robot has no tip", "`tip`"]),
        (bends, ["takes the tool's tip along", "[actuators.transmission]"]),
        (tipped, ["joint `right_hip` does not move the tip", "whose joints branch"]),
    ] {
        let project = Project::new(&[("legs.toml", &text)]);
        let said = project.trocar(&["check", "legs.toml"]).expect(2).err;
        assert!(said.contains("--> legs.toml:"), "{said}");
        assert!(words.iter().all(|word| said.contains(word)), "{words:?}\n{said}");
    }
}

#[test]
fn a_built_in_method_that_needs_a_tip_is_invalid_and_says_why() {
    for name in ["pose_repeatability", "encoder_stuck", "master_slave"] {
        let said = trocar_tests::Project::new(&[]).trocar(&[
            "run",
            &format!("trocar:{name}"),
            "--scene",
            SCENE,
            "--role",
            "arm=exo",
        ]);
        assert_eq!(said.code, 3, "{}{}", said.out, said.err);
        assert!(said.out.contains("INVALID") && said.out.contains("not for this scene"), "{}", said.out);
    }
    let said =
        Project::new(&[]).trocar(&["run", "trocar:limits", "--scene", SCENE, "--role", "arm=exo"]).expect(0);
    assert!(said.out.contains("16 PASS"), "{}", said.out);
}

#[test]
fn it_is_inspected_without_a_tip() {
    let told = trocar(&["inspect", SCENE, "--json"]).expect(0);
    let told: Value = serde_json::from_str(&told.out).unwrap_or_else(|error| panic!("{error}"));
    let mechanism = &told["robots"][0]["mechanism"];
    for key in ["tip_frame", "tip_at_start_in_base_m", "reach"] {
        assert!(mechanism[key].is_null(), "{key}");
    }
    let text = trocar(&["inspect", SCENE, "--q", "0.1,0.2,0,0"]).expect(0).out;
    assert!(
        text.contains("Tip                none") && text.contains("No Jacobian") && text.contains("--frame"),
        "{text}"
    );
    let foot = trocar(&["inspect", SCENE, "--q", "0.1,0.2,0,0", "--frame", "left_foot", "--json"]).expect(0);
    let foot: Value = serde_json::from_str(&foot.out).unwrap_or_else(|error| panic!("{error}"));
    let rows = foot["robots"][0]["evaluation"]["jacobian"].as_array().map_or(0, Vec::len);
    assert_eq!(rows, 6, "{foot}");
    let bare = trocar(&["inspect", SCENE, "--q", "0.1,0.2,0,0", "--json"]).expect(0);
    assert!(!bare.out.contains("\"jacobian\""), "{}", bare.out);
}
