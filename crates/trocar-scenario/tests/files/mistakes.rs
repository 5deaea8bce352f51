//! Each class of mistake gives the diagnostic that is meant for it: code, place, hint, words.

use crate::common::{ROBOT, SCENARIO, SCENE, changed, load_all, project};
use trocar_scenario::{Failure, Files, check, render};

/// One mistake: in which file, what is replaced by what, and what is said of it.
struct Mistake {
    file: &'static str,
    from: &'static str,
    to: &'static str,
    code: &'static str,
    /// The text under the caret.
    at: &'static str,
    /// What stands beside the caret.
    hint: &'static str,
    /// A piece of the title.
    title: &'static str,
}

fn text_at(failure: &Failure, of: usize) -> &str {
    let label = &failure.diagnostics[of].labels[0];
    let file = failure.files.iter().find(|file| file.shown == label.file).unwrap();
    &file.text[label.range.clone()]
}

fn all_said(failure: &Failure) -> String {
    render::to_text(&failure.diagnostics, &failure.files, false)
}

fn expect(list: &[Mistake]) {
    for mistake in list {
        let failure = load_all(changed(mistake.file, mistake.from, mistake.to)).unwrap_err();
        let said = all_said(&failure);
        let first = &failure.diagnostics[0];
        assert_eq!(failure.diagnostics.len(), 1, "one mistake for {:?}:\n{said}", mistake.to);
        assert_eq!(first.code, mistake.code, "{said}");
        assert_eq!(text_at(&failure, 0), mistake.at, "{said}");
        assert_eq!(first.labels[0].text, mistake.hint, "{said}");
        assert!(first.title.contains(mistake.title), "{said}");
    }
}

#[rustfmt::skip]
#[test]
fn a_frame_is_placed_in_one_way() {
    expect(&[
        Mistake { file: ROBOT, from: "alpha  = \"90 deg\" ", to: "position = [\"0 m\", \"0 m\", \"0.1 m\"]\nalpha = \"90 deg\" ",
            code: "bad-value", at: "[\"0 m\", \"0 m\", \"0.1 m\"]", hint: "", title: "`position` and `alpha` exclude each other" },
        Mistake { file: ROBOT, from: "alpha  = \"90 deg\" ", to: "orientation = { axis = [0.0, 0.0, 0.0], angle = \"90 deg\" } ",
            code: "bad-value", at: "[0.0, 0.0, 0.0]", hint: "", title: "an axis of length zero has no direction" },
    ]);
}

/// Sensors in frames, put in front of the coupling.
#[rustfmt::skip]
#[test]
fn sensors_stand_in_frames_and_have_names_of_their_own() {
    let imu = |name: &str, frame: &str| format!(
        "[[imus]]\nname = \"{name}\"\nframe = \"{frame}\"\nrate = \"1 kHz\"\nbits = 16\n\
         gyroscope = {{ range = \"9 rad/s\" }}\naccelerometer = {{ range = \"40 m/s^2\" }}\n\n[coupling]");
    let torque = |frame: &str, range: &str| format!(
        "[[torque_sensors]]\nframe = \"{frame}\"\nrange = \"{range}\"\n\
         gauge = {{ rate = \"1 kHz\", bits = 16 }}\n\n[coupling]");
    for (to, at, title) in [
        (imu("tip_imu", "levr"), "\"levr\"", "there is no frame `levr`; did you mean `lever`?"),
        (imu("lever", "lever"), "\"lever\"", "`lever` is also the name of"),
        (torque("levr", "5 N m"), "\"levr\"", "there is no frame `levr`; did you mean `lever`?"),
        (torque("lever", "5 N"), "\"5 N\"", "force where torque (N m) is meant"),
    ] {
        let failure = load_all(changed(ROBOT, "[coupling]", &to)).unwrap_err();
        let said = all_said(&failure);
        assert_eq!(failure.diagnostics.len(), 1, "{said}");
        assert!(failure.diagnostics[0].title.contains(title), "{said}");
        assert!(text_at(&failure, 0).trim_matches('"') == at.trim_matches('"'), "{said}");
    }
    load_all(changed(ROBOT, "[coupling]", &imu("tip_imu", "lever"))).unwrap();
}

#[rustfmt::skip]
#[test]
fn keys_and_types() {
    expect(&[
        Mistake { file: SCENARIO, from: "until ", to: "untill", code: "unknown-key", at: "untill",
            hint: "did you mean `until`?", title: "a phase has no key `untill`" },
        Mistake { file: SCENARIO, from: "lasts = \"10 s\"", to: "lasts = \"10 s\"\nxyz = 1", code: "unknown-key", at: "xyz",
            hint: "", title: "a phase has no key `xyz`" },
        Mistake { file: SCENARIO, from: "id      = \"R1\"", to: "", code: "missing-key", at: "[[requirements]]",
            hint: "", title: "a requirement needs `id`" },
        Mistake { file: SCENARIO, from: "title      = \"Holding still\"", to: "", code: "missing-key",
            at: "# A test method. It speaks of roles, so that it runs on any scene that fills them: trocar run FILE --scene OTHER",
            hint: "", title: "a scenario needs `title`" },
        Mistake { file: SCENARIO, from: "window = { phase", to: "window = { phas", code: "unknown-key", at: "phas",
            hint: "did you mean `phase`?", title: "has no key `phas`" },
        Mistake { file: SCENARIO, from: "[[requirements]]", to: "[requirements]", code: "wrong-type", at: "[requirements]",
            hint: "each of them begins with `[[requirements]]`", title: "`requirements` is meant to be a list, and this is a table" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "10 s", code: "syntax", at: "10 s",
            hint: "text and quantities stand in quotation marks: \"10 s\"", title: "this is not TOML" },
        Mistake { file: SCENARIO, from: "title      = \"Holding still\"", to: "title = “Holding still”", code: "syntax", at: "“Holding still”",
            hint: "write the straight quotation marks \" \"", title: "this is not TOML" },
        Mistake { file: SCENARIO, from: "references = []", to: "references = \"ISO 9283\"", code: "wrong-type", at: "\"ISO 9283\"",
            hint: "write [\"ISO\", \"9283\"], or [\"ISO 9283\"] if it is one", title: "`references` is meant to be a list, and this is a text" },
        Mistake { file: SCENARIO, from: "references = []", to: "references = [1]", code: "wrong-type", at: "1",
            hint: "", title: "`references[0]` is meant to be a text, and this is a whole number" },
        Mistake { file: SCENARIO, from: "references = []", to: "references = 2020-01-01", code: "wrong-type", at: "2020-01-01",
            hint: "", title: "and this is a date" },
    ]);
}

#[rustfmt::skip]
#[test]
fn quantities() {
    expect(&[
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "10", code: "wrong-type", at: "10",
            hint: "write it as text with its unit, e.g. \"30 ms\"", title: "`lasts` is meant to be a time, and this is a whole number" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"10\"", code: "no-unit", at: "10",
            hint: "a time is meant", title: "`10` has no unit" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"10 N\"", code: "wrong-dimension", at: "10 N",
            hint: "force", title: "a time is meant, and this is a force" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"10 sec\"", code: "unknown-unit", at: "sec",
            hint: "", title: "`sec` is not a unit" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"10 \\u006dz\"", code: "unknown-unit", at: "\"10 \\u006dz\"",
            hint: "did you mean `ms`?", title: "`mz` is not a unit" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"0,5 s\"", code: "bad-quantity", at: ",5",
            hint: "write \"0.5 s\"", title: "decimals stand behind a point" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"ten s\"", code: "bad-quantity", at: "ten",
            hint: "", title: "a time is meant, and `ten` is not a number" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "\"\"", code: "bad-quantity", at: "\"\"",
            hint: "", title: "a time is meant, and this text is empty" },
        Mistake { file: SCENARIO, from: "\"10 s\"", to: "'''nan s'''", code: "not-finite", at: "nan",
            hint: "", title: "`nan` is not a finite number" },
        Mistake { file: ROBOT, from: "mass           = \"0.5 kg\"", to: "mass = { value = \"0.5 m\", standing = \"assumed\" }",
            code: "wrong-dimension", at: "0.5 m", hint: "length", title: "a mass is meant, and this is a length" },
        Mistake { file: ROBOT, from: "mass           = \"0.5 kg\"", to: "mass = { value = \"0.5 kg\", standng = \"assumed\" }",
            code: "unknown-key", at: "standng", hint: "did you mean `standing`?", title: "`mechanism.links[0].mass` has no key" },
        Mistake { file: ROBOT, from: "mass           = \"0.5 kg\"", to: "mass = true",
            code: "wrong-type", at: "true", hint: "", title: "`mass` is meant to be a mass, or a table with source, standing, value" },
        Mistake { file: ROBOT, from: "standing = \"assumed\" }   #", to: "standing = \"asumed\" }   #",
            code: "unknown-value", at: "\"asumed\"", hint: "did you mean `assumed`?", title: "`asumed` is no value of `standing`" },
        Mistake { file: ROBOT, from: "coulomb              = \"0.02 N m\"", to: "coulomb = \"0.02 N\"",
            code: "bad-value", at: "\"0.02 N\"", hint: "", title: "torque (N m) is meant here, and this is force" },
    ]);
}

#[rustfmt::skip]
#[test]
fn numbers_lists_and_kinds() {
    expect(&[
        Mistake { file: ROBOT, from: "counts_per_turn            = 4000", to: "counts_per_turn = inf", code: "not-finite", at: "inf",
            hint: "", title: "`inf` is not a finite number" },
        Mistake { file: ROBOT, from: "count_bits                 = 24", to: "count_bits = -1", code: "out-of-range", at: "-1",
            hint: "", title: "`count_bits` must be between 0 and 4294967295, and this is -1" },
        Mistake { file: ROBOT, from: "count_bits                 = 24", to: "count_bits = 24.5", code: "wrong-type", at: "24.5",
            hint: "", title: "a whole number" },
        Mistake { file: ROBOT, from: "count_bits                 = 24", to: "count_bits = 99999999999999999999", code: "not-finite",
            at: "99999999999999999999", hint: "", title: "64 bits" },
        Mistake { file: SCENARIO, from: "lasts = \"10 s\"", to: "lasts = \"10 s\"\nrepeat = 0", code: "out-of-range", at: "0",
            hint: "", title: "`repeat` must be at least 1" },
        Mistake { file: ROBOT, from: "centre_of_mass = [\"100 mm\", ", to: "centre_of_mass = [", code: "wrong-length",
            at: "[\"0 mm\", \"0 mm\"]", hint: "", title: "`centre_of_mass` has exactly 3 items, and this has 2" },
        Mistake { file: SCENARIO, from: "kind        = \"displacement_sensor\"", to: "kind = \"displacment_sensor\"", code: "unknown-value",
            at: "\"displacment_sensor\"", hint: "did you mean `displacement_sensor`?", title: "`instruments.goniometer` has no kind" },
        Mistake { file: SCENARIO, from: "kind        = \"displacement_sensor\"", to: "", code: "missing-key",
            at: "[instruments.goniometer]", hint: "", title: "`instruments.goniometer` needs `kind`" },
        Mistake { file: SCENARIO, from: "kind        = \"displacement_sensor\"", to: "kind = 3", code: "wrong-type",
            at: "3", hint: "", title: "`kind` is meant to be a text" },
        Mistake { file: SCENARIO, from: "[roles]", to: "decision = \"garded\"\n[roles]", code: "unknown-value", at: "\"garded\"",
            hint: "did you mean `guarded`?", title: "`garded` is no value of `decision`" },
        Mistake { file: SCENARIO, from: "[\"enable\", \"home\"]", to: "[\"enable\", 1]", code: "wrong-type", at: "1",
            hint: "", title: "is meant to be a text" },
        Mistake { file: SCENARIO, from: "[\"enable\", \"home\"]", to: "5", code: "wrong-type", at: "5",
            hint: "", title: "is meant to be a text, or a table, or a list" },
    ]);
}

#[rustfmt::skip]
#[test]
fn meaning_of_a_scenario() {
    expect(&[
        Mistake { file: SCENARIO, from: "within = \"30 s\"", to: "", code: "bad-value", at: "[[phases]]",
            hint: "", title: "`ready` needs `within`" },
        Mistake { file: SCENARIO, from: "lasts = \"10 s\"", to: "", code: "bad-value", at: "[[phases]]",
            hint: "", title: "`hold` never ends" },
        Mistake { file: SCENARIO, from: "name   = \"ready\"", to: "name = \"hold\"", code: "duplicate-name", at: "\"hold\"",
            hint: "", title: "a second phase is called `hold`" },
        Mistake { file: SCENARIO, from: "phase = \"hold\"", to: "phase = \"holt\"", code: "unknown-name", at: "\"holt\"",
            hint: "did you mean `hold`?", title: "there is no phase `holt`" },
        Mistake { file: SCENARIO, from: "arm = \"arm1\"", to: "arm = \"arm2\"", code: "unknown-name", at: "\"arm2\"",
            hint: "did you mean `arm1`?", title: "there is no robot `arm2`" },
        Mistake { file: SCENARIO, from: "\"arm.truth.js", to: "\"amr.truth.js", code: "unknown-name", at: "amr",
            hint: "did you mean `arm`?", title: "nothing here is called `amr`" },
        Mistake { file: SCENARIO, from: "\"arm.truth.js", to: "\"arm1.truth.js", code: "unknown-name", at: "arm1",
            hint: "did you mean `arm`?", title: "nothing here is called `arm1`" },
        Mistake { file: SCENARIO, from: "{ \"arm.state_command\"", to: "{ \"leg.state_command\"", code: "unknown-name",
            at: "\"leg.state_command\"", hint: "", title: "nothing here is called `leg`" },
        Mistake { file: SCENARIO, from: "[measures.drift]", to: "[measures.arm]", code: "duplicate-name", at: "arm",
            hint: "", title: "`arm` is a role already" },
        Mistake { file: SCENARIO, from: "why     = \"An instrument in a patient stays where the surgeon left it.\"", to: "why = \" \"",
            code: "bad-value", at: "\" \"", hint: "", title: "say why" },
        Mistake { file: SCENARIO, from: "[measures.drift]", to: "[vary]\n\"arm.speed\" = []\n[measures.drift]", code: "bad-value",
            at: "[]", hint: "", title: "at least one value" },
        Mistake { file: SCENARIO, from: "[measures.drift]", to: "[variation]\n\"arm.speed\" = { drawn = \"unit\" }\n[measures.drift]",
            code: "bad-value", at: "{ drawn = \"unit\" }", hint: "", title: "either `normal` or `uniform`" },
    ]);
}

#[test]
fn a_formula_has_its_caret_inside_the_text() {
    let failure = load_all(changed(SCENARIO, "drift <= arm", "drift <=* arm")).unwrap_err();
    assert_eq!(failure.diagnostics.len(), 1, "{}", all_said(&failure));
    assert_eq!(failure.diagnostics[0].code, "bad-formula");
    assert_eq!(text_at(&failure, 0), "*");
    let failure =
        load_all(changed(SCENARIO, "until  = \"arm.is_homed", "until  = \"arm.is_homed (")).unwrap_err();
    let label = &failure.diagnostics[0].labels[0];
    let file = &failure.files[0];
    let until = file.text.find("until").unwrap();
    assert!(label.range.start > until && label.range.end <= until + 60, "{}", all_said(&failure));
}

#[test]
fn a_robot_is_checked_beyond_its_schema() {
    for (from, to, at) in [
        ("moves  = { lever = 1 }", "moves = { levr = 1 }", "1"),
        ("parent = \"base\"", "parent = \"bas\"", "\"bas\""),
        ("frame          = \"lever\"", "frame = \"leverr\"", "\"leverr\""),
        ("lower = \"-90 deg\"", "lower = \"95 deg\"", "\"90 deg\""),
        ("joint_from_actuator = [[1]]", "joint_from_actuator = [[0]]", "[[0]]"),
        ("joint_from_actuator = [[1]]", "joint_from_actuator = [[1, 2]]", "[1, 2]"),
        ("p = \"20 N m/rad\"", "p = \"20 N/m\"", "\"20 N/m\""),
        (
            "source = \"sketch\", standing = \"assumed\" }   #",
            "source = \"skech\", standing = \"assumed\" }   #",
            "\"skech\"",
        ),
        ("gear            = \"50 rad/rad\"", "gear = \"50 rad/m\"", "\"50 rad/m\""),
    ] {
        let failure = load_all(changed(ROBOT, from, to)).unwrap_err();
        assert_eq!(text_at(&failure, 0), at, "{}", all_said(&failure));
        assert_eq!(failure.diagnostics[0].code, "bad-value", "{}", all_said(&failure));
        assert_eq!(failure.diagnostics[0].labels[0].file, ROBOT);
    }
}

#[test]
fn toml_itself() {
    for (text, code, at) in [
        ("format = 1\nformat = 1\n", "duplicate-key", "format"),
        ("[a]\n[a]\n", "duplicate-key", "a"),
        ("title = \n", "syntax", ""),
        ("title = \"abc\n", "syntax", ""),
        ("format = 2\nfoo = 1\n", "other-format", "2"),
        ("kind = \"robot\"\n", "missing-key", "kind = \"robot\""),
    ] {
        let files = Files::in_memory([("a.toml".to_owned(), text.to_owned())].into());
        let failure = check(&files, "a.toml").unwrap_err();
        assert_eq!(failure.diagnostics[0].code, code, "{text:?}: {}", all_said(&failure));
        if !at.is_empty() {
            assert_eq!(text_at(&failure, 0), at);
        }
    }
}

#[test]
fn files_may_be_nested_thirty_two_levels_deep() {
    // Below the limit of toml itself (80), above ours and at ours: the list around the 31st is the 32nd level.
    for (depth, code) in [(79, "too-deep"), (33, "too-deep"), (32, "unknown-key")] {
        let text = format!("title = \"x\"\na = {}{}\n", "[".repeat(depth), "]".repeat(depth));
        let files = Files::in_memory([("a.toml".to_owned(), text)].into());
        let failure = check(&files, "a.toml").unwrap_err();
        assert!(failure.diagnostics.iter().any(|d| d.code == code), "{depth}: {}", all_said(&failure));
    }
}

#[test]
fn nesting_and_size_cost_no_stack_and_little_time() {
    let deep_list = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_table = format!("a = {}1{}", "{ a = ".repeat(100_000), " }".repeat(100_000));
    let deep_key = format!("{}a = 1", "a.".repeat(100_000));
    let deep_header = format!("[{}a]", "a.".repeat(100_000));
    let crossed = format!("a = {}1{}", "{ a.a.a.a.a.a.a.a.a.a.a.a.a = [".repeat(40), "]}".repeat(40));
    let many = "x = [1]\n".to_owned() + &(0..20_000).map(|i| format!("k{i} = {i}\n")).collect::<String>();
    let long_key = format!("{} = 1", "k".repeat(1_000_000));
    let long_text = format!("title = \"{}\"", "t".repeat(1_000_000));
    for text in [deep_list, deep_table, deep_key, deep_header, crossed, many, long_key, long_text] {
        let files = Files::in_memory([("a.toml".to_owned(), text)].into());
        let failure = check(&files, "a.toml").unwrap_err();
        assert!(failure.diagnostics.len() <= 201);
        assert!(failure.diagnostics.iter().all(|d| d.title.len() < 500), "a title repeats too much");
        assert!(all_said(&failure).len() < 400_000);
    }
}

#[test]
fn every_mistake_of_every_file_is_reported_at_once_in_the_order_of_the_files() {
    let mut files = changed(SCENARIO, "until ", "untill");
    let scene = files.get_mut(SCENE).unwrap();
    *scene = scene.replace("\"3 kHz\"", "\"3 kN\"");
    let robot = files.get_mut(ROBOT).unwrap();
    *robot = robot.replace("mass  ", "mas  ").replace("\"200 N m/rad\"", "\"200 furlong\"");
    let failure = load_all(files).unwrap_err();
    let found: Vec<(&str, &str)> =
        failure.diagnostics.iter().map(|d| (d.labels[0].file.as_str(), d.code.as_str())).collect();
    let expected = [
        (SCENARIO, "unknown-key"),
        (SCENE, "wrong-dimension"),
        (ROBOT, "unknown-key"),
        (ROBOT, "unknown-unit"),
    ];
    assert_eq!(found, expected, "{}", all_said(&failure));
}

#[test]
fn a_diagnostic_reads_like_this() {
    let failure = load_all(changed(SCENARIO, "until  = ", "untill = ")).unwrap_err();
    let line = failure.files[0].line_column(failure.diagnostics[0].labels[0].range.start).0;
    let expected = format!(
        "error: a phase has no key `untill`\n\
         \x20 --> scenarios/hold.toml:{line}:1\n\
         \x20  |\n\
         {line} | untill = \"arm.is_homed and not arm.is_busy\"\n\
         \x20  | ^^^^^^ did you mean `until`?\n\
         \x20  |\n\
         \x20  = a phase has: arc, chirp, lasts, line, meanwhile, move, name, noise, ramp, recorded, refusals, repeat, send, sine, step, until, within\n"
    );
    assert_eq!(all_said(&failure), expected);
    let json = render::to_json(&failure.diagnostics, &failure.files);
    assert_eq!(json[0]["code"], "unknown-key");
    assert_eq!(json[0]["labels"][0]["from"]["line"], line);
    assert_eq!(json[0]["labels"][0]["to"]["column"], 7);
    let coloured = render::to_text(&failure.diagnostics, &failure.files, true);
    assert!(coloured.contains("\u{1b}["));
}

#[test]
fn what_a_file_holds_cannot_write_to_the_terminal() {
    let failure =
        load_all(changed(SCENARIO, "\"10 s\"", "\"10 \\u001b[31m\"\n\"\\u001b[2J\" = 1")).unwrap_err();
    assert!(!all_said(&failure).contains('\u{1b}'), "{}", all_said(&failure));
    let raw = changed(SCENARIO, "\"10 s\"", "\"10 s\" # \u{1b}[2J").remove(SCENARIO).unwrap();
    let failure = load_all([(SCENARIO.to_owned(), raw)].into()).unwrap_err();
    assert!(!all_said(&failure).contains('\u{1b}'));
}

#[test]
fn the_project_is_whole_without_changes() {
    assert!(load_all(project()).is_ok());
}
