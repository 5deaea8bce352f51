//! What loading makes of good files: includes, roles, cases, overrides, digests.

use crate::common::{ROBOT, SCENARIO, SCENE, changed, load_all, project};
use std::collections::BTreeMap;
use trocar_scenario::{Failure, FileKind, Files, Loaded, Overrides, check, load, render};

/// The pose repeatability of ISO 9283 as the project's examples show it.
const REPEATABILITY: &str = r#"
format     = 1
title      = "Pose repeatability: five poses, thirty cycles, one direction of approach"
purpose    = "Does the tool tip come back to the same place when it is sent there again from the same side?"
references = ["ISO 9283:1998, 7.2.2", "YY/T 1712-2021, 3.3"]
departures = ["The test cube hangs below the remote centre, where a laparoscopic arm works."]
scene      = "scenes/bench.toml"
decision   = "guarded"

[roles]
arm = "arm1"

[setup]
"arm.load"  = "arm.declared.rated_load"
"arm.speed" = "100 %"

[instruments.tracker]
kind        = "position_tracker"
follows     = { tool_tip = "arm.tool_tip" }
frame       = "arm.base"
rate        = "1 kHz"
noise       = "8 um"
uncertainty = "15 um"

[variation]
"arm.*.friction.coulomb" = { normal = "3 %", drawn = "each motion", standing = "assumed" }
"arm.move_cp.start"      = { uniform = ["0 ms", "2 ms"], drawn = "each motion" }

[poses]
pattern = "diagonal_plane_5"
cube    = { centre = ["0 mm", "0 mm", "-120 mm"], side = "60 mm", inset = "10 %", frame = "arm.remote_centre" }

[[phases]]
name   = "ready"
send   = { "arm.state_command" = ["enable", "home"] }
until  = "arm.is_homed and not arm.is_busy"
within = "30 s"

[[phases]]
name   = "cycles"
repeat = 31
move   = { command = "arm.move_cp", through = ["P5", "P4", "P3", "P2", "P1"], dwell = "1 s" }
within = "10 min"

[measures.RP]
kind   = "pose_repeatability"
of     = "tracker.tool_tip"
window = { phase = "cycles", at = "dwell_end", skip = 1 }

[[requirements]]
id      = "RP"
formula = "max(RP) <= arm.declared.pose_repeatability"
why     = "What the maker declares holds at every pose, not on average."

[record]
signals = ["tracker.tool_tip.position.*", "arm.measured_js.position.*", "arm.setpoint_cp.*"]
rate    = "100 Hz"
"#;

const STEPS: &str = r#"
format = 1
title  = "Command to motion"
scene  = "scenes/bench.toml"
[roles]
arm = "arm1"
[instruments.recorder]
kind       = "edge_recorder"
resolution = "0.1 ms"
channels   = { command = { kind = "written", follows = "arm.servo_jp" }, motion = { kind = "moves", follows = "arm.truth.js.position.lever", threshold = "0.02 deg", armed_by = "command" } }
[[phases]]
name   = "steps"
repeat = 10
step   = { command = "arm.servo_jp", joint = "lever", by = "1 deg", hold = "0.5 s" }
[[phases]]
name  = "even"
ramp  = { command = "arm.servo_jp", joint = "lever", to = "10 deg", speed = "5 deg/s" }
[[faults]]
name        = "stuck"
target      = "arm.lever.encoder.position"
kind        = "stuck_last"
starts      = { in = "even", when = "rise(arm.measured_js.position.lever >= 5 deg)" }
lasts       = "for good"
must_change = "0.5 deg"
[measures.delay]
kind = "delay"
from = "recorder.command"
to   = "recorder.motion"
[[requirements]]
id      = "R1"
formula = "delay <= 50 ms"
why     = "A surgeon notices more."
"#;

fn with(path: &str, text: &str) -> BTreeMap<String, String> {
    let mut files = project();
    files.insert(path.to_owned(), text.to_owned());
    files
}

fn good(result: Result<Loaded, Failure>) -> Loaded {
    result
        .unwrap_or_else(|failure| panic!("{}", render::to_text(&failure.diagnostics, &failure.files, false)))
}

fn load_at(files: BTreeMap<String, String>, address: &str) -> Result<Loaded, Failure> {
    load(&Files::in_memory(files), address, &Overrides::default())
}

#[test]
fn the_example_methods_load() {
    let loaded = good(load_at(with("a.toml", REPEATABILITY), "a.toml"));
    assert_eq!(loaded.scenario.poses.as_ref().map(|poses| poses.poses().len()), Some(5));
    assert_eq!(loaded.scenario.phases[1].repeat, 31);
    assert_eq!(loaded.cases.len(), 1);
    assert_eq!(
        loaded.files.iter().map(|file| file.address.as_str()).collect::<Vec<_>>(),
        ["a.toml", SCENE, ROBOT]
    );
    let steps = good(load_at(with("a.toml", STEPS), "a.toml"));
    assert_eq!(steps.scenario.phases[1].ramp.as_ref().and_then(|ramp| ramp.joint.as_deref()), Some("lever"));
}

#[test]
fn roles_are_replaced_everywhere_and_carets_stay_where_the_person_wrote() {
    let loaded = good(load_at(with("a.toml", STEPS), "a.toml"));
    let text = format!("{:?}", loaded.scenario);
    assert!(!text.contains("\"arm."), "a role is left in {text}");
    assert!(format!("{:?}", loaded.method).contains("\"arm.servo_jp\""));
    assert_eq!(
        loaded.scenario.faults[0].starts.formulas().first().map(|formula| formula.text),
        Some("rise(arm1.measured_js.position.lever >= 5 deg)")
    );
    // In the text that runs, `position` begins one byte later than in the text that was written.
    let resolved = loaded.scenario.faults[0].starts.formulas()[0].text.to_owned();
    for word in ["position", "5 deg", "arm1", "rise"] {
        let at = resolved.find(word).unwrap();
        let place = loaded.spans.inside("faults[0].starts.when", at..at + word.len());
        let written = &loaded.files[0].text[place.range];
        assert_eq!(written, if word == "arm1" { "arm" } else { word });
    }
    let loaded = good(load_at(with("a.toml", REPEATABILITY), "a.toml"));
    assert_eq!(loaded.scenario.setup.get("arm1.load").map(String::as_str), Some("arm1.declared.rated_load"));
    let place = loaded.spans.key("setup.\"arm1.load\"");
    assert_eq!(&loaded.files[0].text[place.range], "\"arm.load\"");
    assert_eq!(loaded.roles.in_words_of_the_method("arm1.load"), "arm.load");
}

#[test]
fn included_sections_are_merged_and_keep_their_places() {
    let mut files = changed(SCENARIO, "references = []", "include = [\"parts/a.toml\", \"parts/b.toml\"]");
    let common = "kind = \"part\"\n[measures.spread]\nkind = \"range\"\nof = \"goniometer.lever\"\n";
    files.insert("parts/common.toml".into(), common.into());
    let a = "kind = \"part\"\ninclude = [\"parts/common.toml\"]\ntitle = \"never seen\"\nseed = 7\n\
             [[phases]]\nname = \"first\"\nlasts = \"1 s\"\n";
    files.insert("parts/a.toml".into(), a.into());
    let b = "kind = \"part\"\ninclude = [\"parts/common.toml\"]\nseed = 8\n\
             [[phases]]\nname = \"second\"\nlasts = \"1 s\"\n[measures.drift]\nkind = \"peak\"\n";
    files.insert("parts/b.toml".into(), b.into());
    let loaded = good(load_all(files.clone()));
    let names: Vec<&str> = loaded.scenario.phases.iter().map(|phase| phase.name.as_str()).collect();
    assert_eq!(
        names,
        ["first", "second", "ready", "settle", "hold"],
        "included ones first, in their order, each once"
    );
    assert_eq!(
        loaded.scenario.title, "Holding still",
        "what stands in the file goes before what it includes"
    );
    assert_eq!(loaded.scenario.seed, 8, "of two included files, the later lies over the earlier");
    assert!(matches!(loaded.scenario.measures["drift"], trocar_measure::MeasureConfig::Range { .. }));
    assert!(loaded.scenario.measures.contains_key("spread"));
    assert_eq!(loaded.spans.value("phases[1].name").file, "parts/b.toml");
    assert_eq!(loaded.spans.value("phases[2].name").file, SCENARIO);
    assert_eq!(check(&Files::in_memory(files), "parts/a.toml").unwrap().kind, FileKind::Part);
}

#[test]
fn a_cycle_of_includes_is_named() {
    let mut files = changed(SCENARIO, "references = []", "include = [\"a.toml\"]");
    files.insert("a.toml".into(), "kind = \"part\"\ninclude = [\"b.toml\"]\n".into());
    files.insert("b.toml".into(), "kind = \"part\"\ninclude = [\"a.toml\"]\n".into());
    let failure = load_all(files).unwrap_err();
    let cycle = failure.diagnostics.iter().find(|d| d.code == "include-cycle").unwrap();
    assert_eq!(cycle.title, format!("this include makes a cycle: {SCENARIO} → a.toml → b.toml → a.toml"));
    assert_eq!(cycle.labels[0].file, "b.toml");
    let itself = changed(SCENARIO, "references = []", &format!("include = [\"{SCENARIO}\"]"));
    assert_eq!(load_all(itself).unwrap_err().diagnostics[0].code, "include-cycle");
}

#[test]
fn the_wrong_kind_of_file_is_named() {
    for (file, from, to) in [
        (SCENARIO, "scene = \"scenes/bench.toml\"", "scene = \"scenes/robots/lever.toml\""),
        (SCENE, "scenes/robots/lever.toml", "scenes/bench.toml"),
        (SCENARIO, "references = []", "include = [\"scenes/bench.toml\"]"),
    ] {
        let failure = load_all(changed(file, from, to)).unwrap_err();
        assert_eq!(failure.diagnostics[0].code, "wrong-kind", "{failure:?}");
    }
    assert_eq!(load_at(project(), SCENE).unwrap_err().diagnostics[0].code, "wrong-kind");
}

#[test]
fn cases_are_crossed_or_paired() {
    let vary = "[vary]\n\"arm.a\" = [\"1 N\", \"2 N\"]\n\"arm.b\" = [\"1 m\", \"2 m\", \"3 m\"]\n\"arm.c\" = [\"x\", \"y\"]\n";
    let crossed = good(load_all(changed(SCENARIO, "[record]", &format!("{vary}[record]"))));
    assert_eq!(crossed.cases.len(), 12);
    // A case is called as the method says it; what it sets is resolved.
    assert_eq!(crossed.cases[0].name, "arm.a = 1 N, arm.b = 1 m, arm.c = x");
    assert_eq!((crossed.cases[11].number, crossed.cases[11].settings["arm1.b"].as_str()), (12, "3 m"));
    let distinct: std::collections::BTreeSet<&str> =
        crossed.cases.iter().map(|case| case.name.as_str()).collect();
    assert_eq!(distinct.len(), 12);
    let mut paired = changed(SCENARIO, "[record]", &format!("{vary}[record]"));
    let text = paired.get_mut(SCENARIO).unwrap();
    *text = text.replace("references = []", "vary_paired = [[\"arm.a\", \"arm.c\"]]");
    let paired = good(load_all(paired));
    assert_eq!(paired.cases.len(), 6);
    assert!(
        paired
            .cases
            .iter()
            .all(|case| (case.settings["arm1.a"] == "1 N") == (case.settings["arm1.c"] == "x"))
    );
}

#[test]
fn too_many_cases_and_uneven_pairs_are_refused() {
    let lists: String =
        (0..6).map(|i| format!("\"arm.p{i}\" = [{}]\n", ["\"1 N\""; 10].join(", "))).collect();
    let failure = load_all(changed(SCENARIO, "[record]", &format!("[vary]\n{lists}[record]"))).unwrap_err();
    assert!(failure.diagnostics[0].title.contains("more than 100000 cases"));
    let vary = "[vary]\n\"arm.a\" = [\"1 N\"]\n\"arm.b\" = [\"1 m\", \"2 m\"]\n";
    let mut files = changed(SCENARIO, "[record]", &format!("{vary}[record]"));
    let text = files.get_mut(SCENARIO).unwrap();
    *text = text.replace("references = []", "vary_paired = [[\"arm.a\", \"arm.b\", \"arm.z\"]]");
    let titles: Vec<String> = load_all(files).unwrap_err().diagnostics.into_iter().map(|d| d.title).collect();
    assert!(titles.iter().any(|title| title.contains("one length")), "{titles:?}");
    assert!(titles.iter().any(|title| title.contains("`arm.z` does not stand in `[vary]`")), "{titles:?}");
}

#[test]
fn overrides_go_before_the_file_and_are_checked() {
    let mut files = changed(SCENARIO, "[record]", "[vary]\n\"arm.speed\" = [\"50 %\", \"100 %\"]\n[record]");
    let other = files[SCENE].replace("arm1", "other");
    files.insert("scenes/other.toml".into(), other);
    let files = Files::in_memory(files);
    let set = |path: &str, value: &str| Overrides {
        set: vec![(path.to_owned(), value.to_owned())],
        seed: Some(9),
        ..Overrides::default()
    };
    let loaded = good(load(&files, SCENARIO, &set("arm.speed", "70 %")));
    assert_eq!((loaded.cases.len(), loaded.scenario.seed), (1, 9));
    assert_eq!(loaded.scenario.setup["arm1.speed"], "70 %");
    assert_eq!(good(load(&files, SCENARIO, &set("arm1.speed", "70 %"))).scenario.setup["arm1.speed"], "70 %");
    for (path, value) in [("leg.speed", "70 %"), ("speed", "70 %"), ("arm.speed", "70 + %")] {
        let failure = load(&files, SCENARIO, &set(path, value)).unwrap_err();
        assert!(failure.diagnostics[0].title.starts_with("`--set"), "{failure:?}");
    }
    let scene = Overrides { scene: Some("scenes/other.toml".to_owned()), ..Overrides::default() };
    let failure = load(&files, SCENARIO, &scene).unwrap_err();
    assert_eq!(failure.diagnostics[0].title, "there is no robot `arm1`");
    let bind = |role: &str| Overrides { roles: vec![(role.to_owned(), "other".to_owned())], ..scene.clone() };
    let loaded = good(load(&files, SCENARIO, &bind("arm")));
    assert_eq!(loaded.roles.robot("arm"), Some("other"));
    assert_eq!(loaded.scenario.record.unwrap().signals[1], "other.measured_js.*");
    let failure = load(&files, SCENARIO, &bind("amr")).unwrap_err();
    assert_eq!(failure.diagnostics[0].title, "the method has no role `amr`");
}

#[test]
fn the_methods_digest_is_of_what_it_says_and_not_of_how_or_on_what() {
    let plain = good(load_all(project()));
    let spaced = good(load_all(changed(SCENARIO, "lasts = \"10 s\"", "lasts    =   '10 s'   # long enough")));
    assert_eq!(plain.method_digest, spaced.method_digest);
    let longer = good(load_all(changed(SCENARIO, "lasts = \"10 s\"", "lasts = \"11 s\"")));
    assert_ne!(plain.method_digest, longer.method_digest);
    let mut elsewhere = project();
    let text = elsewhere.get_mut(SCENARIO).unwrap();
    *text = text.replace("\"scenes/bench.toml\"", "\"scenes/other.toml\"").replace("\"arm1\"", "\"arm2\"");
    let scene = elsewhere[SCENE].replace("arm1", "arm2");
    elsewhere.insert("scenes/other.toml".into(), scene);
    let elsewhere = good(load_all(elsewhere));
    assert_eq!(plain.method_digest, elsewhere.method_digest);
    assert_ne!(plain.scene.digest, elsewhere.scene.digest);
    let heavier = good(load_all(changed(ROBOT, "\"0.5 kg\"", "\"0.6 kg\"")));
    assert_eq!(plain.method_digest, heavier.method_digest);
    assert_ne!(plain.scene.digest, heavier.scene.digest);
    assert_ne!(plain.scene.robots["arm1"].digest, heavier.scene.robots["arm1"].digest);
}

#[test]
fn a_method_that_judges_nothing_is_warned_of() {
    let mut files = project();
    let text = files.get_mut(SCENARIO).unwrap();
    let (from, to) = (text.find("[[requirements]]").unwrap(), text.find("[record]").unwrap());
    text.replace_range(from..to, "");
    let loaded = good(load_all(files.clone()));
    assert_eq!(loaded.warnings.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["no-requirement"]);
    assert_eq!(check(&Files::in_memory(files), SCENARIO).unwrap().warnings, loaded.warnings);
}

#[test]
fn what_a_result_keeps_loads_again_alike() {
    let loaded = good(load_all(project()));
    let kept = loaded.files.iter().map(|file| (file.address.clone(), file.text.clone())).collect();
    let again = good(load_all(kept));
    assert_eq!(loaded.scenario, again.scenario);
    assert_eq!(loaded.method_digest, again.method_digest);
    assert_eq!(loaded.scene.digest, again.scene.digest);
}
