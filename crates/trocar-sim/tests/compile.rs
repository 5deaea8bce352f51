//! What scenarios mean: every mistake that only compiling can see, named at its place; and what settings come to.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{case, case_at, loaded, mistakes};
use proptest::prelude::*;
use trocar_math::random::Stream;
use trocar_sim::Case;
use trocar_sim::case::Law;

fn shipped(name: &str) -> String {
    let path = format!("{}/../../scenarios/laparoscopic/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.replace("\"scenes/psm_bench.toml\"", "\"trocar:scenes/psm_bench.toml\"")
}

fn repeatability() -> String {
    shipped("accuracy/pose_repeatability")
}

fn delay() -> String {
    shipped("latency/step_delay")
}

fn stuck() -> String {
    shipped("faults/encoder_stuck")
}

/// The text with one piece exchanged, which must be there once at least.
#[track_caller]
fn with(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "`{from}` is not in the file");
    text.replacen(from, to, 1)
}

/// Compiling must fail with all of `words`, and show the line on which `to` stands.
#[track_caller]
fn refused(text: &str, from: &str, to: &str, words: &[&str]) {
    let changed = with(text, from, to);
    let said = mistakes(&changed);
    for word in words {
        assert!(said.contains(word), "`{word}` is not said of {to}:\n{said}");
    }
    let at = changed.find(to).unwrap();
    // A change over several lines is shown at one of them.
    let first = changed[..at].matches('\n').count() + 1;
    let lines = first..=first + to.matches('\n').count();
    let shows = lines.clone().any(|line| said.contains(&format!("test.toml:{line}:")));
    assert!(shows, "none of lines {lines:?} is shown:\n{said}");
}

#[test]
fn the_shipped_scenarios_compile() {
    for text in [repeatability(), delay(), stuck()] {
        case(&text);
    }
}

#[test]
fn unknown_names_are_named_with_the_nearest() {
    let (rp, delay, stuck) = (repeatability(), delay(), stuck());
    // Signals.
    refused(
        &rp,
        "of     = \"tracker.tool_tip\"",
        "of     = \"tracker.tool_tap\"",
        &["tracker.tool_tap", "did you mean `tool_tip`"],
    );
    refused(&rp, "tool_tip = \"arm.tool_tip\"", "tool_tip = \"arm.tool_tap\"", &["arm.tool_tap"]);
    refused(&delay, "follows = \"arm.servo_jp\"", "follows = \"arm.servo_jq\"", &["servo_jq"]);
    refused(
        &stuck,
        "arm.$joint.encoder.position\"\nkind",
        "arm.$joint.encoder.positon\"\nkind",
        &["arm.pitch.encoder.positon", "did you mean `position`"],
    );
    refused(
        &stuck,
        "abs(arm.measured_js.velocity.$joint)",
        "abs(arm.measured_js.velocity.patch)",
        &["nothing here is called `arm.measured_js.velocity.patch`", "did you mean `pitch`?"],
    );
    refused(&stuck, "arm.is_homed and not", "arm.is_homd and not", &["is_homd", "is_homed"]);
    // Commands and their words.
    refused(
        &rp,
        "command = \"arm.move_cp\"",
        "command = \"arm.move_cq\"",
        &["nothing here is called `arm.move_cq`", "did you mean `move_cp`?"],
    );
    refused(
        &rp,
        "\"arm.state_command\" =",
        "\"arm.state_comand\" =",
        &["`arm.state_comand`", "state_command"],
    );
    refused(&rp, "[\"enable\", \"home\"]", "[\"enable\", \"hone\"]", &["`hone`", "did you mean `home`"]);
    refused(
        &rp,
        "send   = { \"arm.state_command\" = [\"enable\", \"home\"] }",
        "send   = { \"arm.move_cp\" = \"enable\" }",
        &["there is no pose `enable`", "P1"],
    );
    refused(
        &rp,
        "send   = { \"arm.state_command\" = [\"enable\", \"home\"] }",
        "send   = { \"arm.move_jp\" = \"enable\" }",
        &["takes positions, not words"],
    );
    // Parameters.
    refused(&rp, "\"arm.load\"  =", "\"arm.laod\"  =", &["arm.laod", "did you mean `arm.load`"]);
    refused(&rp, "\"arm.*.friction.coulomb\"", "\"arm.*.friction.coulomp\"", &["there is no parameter"]);
    refused(
        &rp,
        "\"arm.declared.rated_load\"",
        "\"arm.declared.rated_laod\"",
        &["nothing here is called `arm.declared.rated_laod`", "did you mean `rated_load`?"],
    );
    // Joints and frames.
    refused(&delay, "joint = \"$joint\"", "joint = \"jaw\"", &["there is no joint `jaw`", "yaw"]);
    refused(
        &rp,
        "frame = \"arm.remote_centre\"",
        "frame = \"arm.remote_center\"",
        &["there is no frame `arm.remote_center`", "remote_centre"],
    );
    refused(&rp, "frame       = \"arm.base\"", "frame       = \"arm.remote_centre\"", &["frame"]);
    // Patterns without a match.
    refused(
        &rp,
        "\"tracker.tool_tip.position.*\"",
        "\"tracker.tool_tip.positon.*\"",
        &["tracker.tool_tip.positon.*"],
    );
    // Formulas of requirements.
    refused(&rp, "max(RP) <=", "max(RQ) <=", &["RQ"]);
    refused(
        &stuck,
        "fault.encoder_stuck.reaction_time <=",
        "fault.encoder_stuck.reaction_tim <=",
        &["fault.encoder_stuck.reaction_tim`", "did you mean `reaction_time`?"],
    );
    refused(
        &stuck,
        "starts      = { in = \"swing\", when",
        "starts      = { in = \"swung\", when",
        &["swung", "swing"],
    );
}

#[test]
fn wrong_dimensions_are_named() {
    let (rp, delay, stuck) = (repeatability(), delay(), stuck());
    refused(
        &rp,
        "\"arm.load\"  = \"arm.declared.rated_load\"",
        "\"arm.load\"  = \"3 mm\"",
        &["mass", "length"],
    );
    refused(
        &rp,
        "\"arm.load\"  = \"arm.declared.rated_load\"",
        "\"arm.load\"  = \"arm.declared.step_delay\"",
        &["mass", "time"],
    );
    refused(
        &rp,
        "\"arm.load\"  = \"arm.declared.rated_load\"",
        "\"arm.load\"  = \"2 * arm.declared.step_delay\"",
        &["mass", "time"],
    );
    refused(&rp, "\"arm.load\"  = \"arm.declared.rated_load\"", "\"arm.load\"  = \"0.3 kgg\"", &["kgg"]);
    refused(&delay, "by = \"1 deg\"", "by = \"1 mm\"", &["angle", "length"]);
    refused(&delay, "by = \"1 deg\"", "to = \"1 s\"", &["angle", "time"]);
    refused(
        &delay,
        "step   = { command = \"arm.servo_jp\", joint = \"$joint\", by = \"1 deg\", hold = \"0.4 s\" }",
        "ramp   = { command = \"arm.servo_jp\", joint = \"$joint\", by = \"1 deg\", speed = \"1 mm/s\" }",
        &["speed"],
    );
    refused(&delay, "by = \"1 deg\"", "by = \"1 deg\", to = \"2 deg\"", &["either `by`"]);
    refused(&stuck, "must_change = \"0.5 deg\"", "must_change = \"0.5 mm\"", &["angle", "length"]);
    refused(&stuck, "15 deg/s", "15 mm/s", &["arm.measured_js.velocity.$joint", "angular velocity"]);
    refused(
        &rp,
        "max(RP) <= arm.declared.pose_repeatability",
        "max(RP) <= arm.declared.step_delay",
        &["length", "time"],
    );
    // A number of another dimension in a later case is found before the first one runs.
    let varied = with(&rp, "[roles]", "[vary]\n\"arm.load\" = [\"0.1 kg\", \"2 mm\"]\n\n[roles]");
    let said = mistakes(&varied);
    assert!(said.contains("2 mm") && said.contains("mass"), "{said}");
    let varied =
        with(&rp, "[roles]", "[vary]\n\"arm.load\" = [\"0.1 kg\", \"arm.declared.step_delay\"]\n\n[roles]");
    assert!(mistakes(&varied).contains("mass"));
}

#[test]
fn measures_of_the_wrong_shape_are_named() {
    let (rp, delay, stuck) = (repeatability(), delay(), stuck());
    refused(&rp, "of     = \"arm.truth.tip\"", "of     = \"arm.truth.tip.position.x\"", &["position"]);
    refused(&rp, "of     = \"arm.truth.tip\"", "of     = \"arm.measured_js\"", &["takes a point or a pose"]);
    refused(&delay, "from   = \"recorder.command\"", "from   = \"arm.measured_js.position.yaw\"", &["event"]);
    refused(
        &delay,
        "kind   = \"delay\"\nfrom   = \"recorder.command\"\nto     = \"recorder.motion\"",
        "kind   = \"maximum\"\nof     = \"recorder.motion\"",
        &["event"],
    );
    refused(
        &stuck,
        "of   = \"tracker.tool_tip\"",
        "of   = \"arm.measured_js\"",
        &["takes a position or numbers of one unit"],
    );
    refused(
        &rp,
        "skip = 1 }\n\n[measures.RP_true]",
        "skip = 31 }\n\n[measures.RP_true]",
        &["leaves nothing", "31"],
    );
    // A twin without a fault.
    let start = stuck.find("[[faults]]").unwrap();
    let end = stuck.find("[measures.deviation]").unwrap();
    let requirements = stuck.find("[[requirements]]").unwrap();
    let without = format!(
        "{}{}[[requirements]]\nid = \"D\"\nformula = \"deviation <= 1 mm\"\nwhy = \"A test.\"\n[record]\nsignals = [\"arm.measured_js.position.$joint\"]\nrate = \"100 Hz\"\n",
        &stuck[..start],
        &stuck[end..requirements]
    );
    let said = mistakes(&without);
    assert!(said.contains("no fault in this scenario"), "{said}");
}

#[test]
fn variation_is_of_one_law_in_the_parameters_unit_and_of_what_can_change() {
    let rp = repeatability();
    let friction =
        "\"arm.*.friction.coulomb\" = { normal = \"3 %\", drawn = \"each motion\", standing = \"assumed\" }";
    refused(
        &rp,
        friction,
        "\"arm.*.friction.coulomb\" = { normal = \"3 mm\", drawn = \"each motion\" }",
        &["percentage"],
    );
    refused(
        &rp,
        friction,
        "\"arm.*.friction.coulomb\" = { drawn = \"each motion\" }",
        &["normal", "uniform"],
    );
    refused(
        &rp,
        friction,
        "\"arm.*.friction.coulomb\" = { normal = \"3 %\", uniform = [\"0 %\", \"1 %\"], drawn = \"each motion\" }",
        &["normal", "uniform"],
    );
    refused(
        &rp,
        friction,
        "\"arm.load\" = { normal = \"3 g\", drawn = \"each reading\" }",
        &["instrument", "noise"],
    );
    // What is part of the mechanism is compiled into it: a draw would change a number that nobody reads.
    for drawn in ["each motion", "set-up", "unit"] {
        let law = format!("\"arm.disc_1.motor.rotor_inertia\" = {{ normal = \"3 %\", drawn = \"{drawn}\" }}");
        refused(&rp, friction, &law, &["part of the mechanism"]);
    }
    let start = "\"arm.move_cp.start\"      = { uniform = [\"0 ms\", \"2 ms\"], drawn = \"each motion\" }";
    for law in [
        "{ uniform = [\"2 ms\", \"0 ms\"], drawn = \"each motion\" }",
        "{ uniform = [\"-1 ms\", \"2 ms\"], drawn = \"each motion\" }",
        "{ uniform = [\"0 ms\", \"2 ms\"], drawn = \"unit\" }",
        "{ normal = \"1 ms\", drawn = \"each motion\" }",
        "{ uniform = [\"0 mm\", \"2 mm\"], drawn = \"each motion\" }",
    ] {
        refused(&rp, start, &format!("\"arm.move_cp.start\" = {law}"), &[]);
    }
    refused(&rp, "\"arm.move_cp.start\" ", "\"arm.servo_jp.start\" ", &["no phase uses"]);
}

#[test]
fn rates_that_the_step_cannot_follow_are_named() {
    let rp = repeatability();
    let said = mistakes(&with(&rp, "rate        = \"1 kHz\"", "rate        = \"6 kHz\""));
    assert!(said.contains("tracker runs at") && said.contains("faster than the island's step"), "{said}");
    refused(&rp, "rate    = \"100 Hz\"", "rate    = \"6 kHz\"", &["faster than the island's step"]);
    refused(&rp, "rate    = \"100 Hz\"", "rate    = \"2 MHz\"", &["1 MHz"]);
    refused(&rp, "rate    = \"100 Hz\"", "rate    = \"1e-9 Hz\"", &["1e-6 Hz"]);
}

#[test]
fn the_one_reader_of_a_fault_must_read_its_target() {
    let stuck = stuck();
    let aimed = |reader: &str| format!("lasts       = \"for good\"\nreader      = \"{reader}\"");
    let lasts = "lasts       = \"for good\"";
    refused(&stuck, lasts, &aimed("arm.nobody"), &["there is no component `arm.nobody`"]);
    refused(&stuck, lasts, &aimed("arm.servo"), &["`arm.servo` does not read `arm.pitch.encoder.position`"]);
    case(&with(&stuck, lasts, &aimed("arm.bus")));
    let command = with(
        &stuck,
        "target      = \"arm.$joint.encoder.position\"",
        "target      = \"arm.move_cp.position.x\"",
    );
    let command = with(&command, "must_change = \"0.5 deg\"", "must_change = \"0.5 mm\"");
    refused(&command, lasts, &aimed("arm.arm"), &["a command has one reader"]);
}

#[test]
fn all_mistakes_are_said_at_once() {
    let text = with(&repeatability(), "\"arm.load\"  =", "\"arm.laod\"  =");
    let text = with(&text, "max(RP) <=", "max(RQ) <=");
    let text = with(&text, "\"tracker.tool_tip.position.*\"", "\"tracker.tool_tip.positon.*\"");
    let said = mistakes(&text);
    for word in ["arm.laod", "RQ", "positon"] {
        assert!(said.contains(word), "{word} is missing:\n{said}");
    }
}

/// The value at the start of a run, in SI units.
#[track_caller]
fn start(case: &Case, path: &str) -> f64 {
    let place = case.model.parameter(path).unwrap_or_else(|| panic!("no parameter {path}"));
    case.model.initial_state(&case.changes).parameters[place]
}

#[test]
fn settings_are_quantities_or_expressions_over_what_is_declared() {
    let rp = repeatability();
    let load = "\"arm.load\"  = \"arm.declared.rated_load\"";
    let declared = |case: &Case, name: &str| {
        case.limits
            .iter()
            .find(|l| l.constant.path == format!("psm1.declared.{name}"))
            .unwrap()
            .constant
            .value
    };
    for (text, expected) in [
        ("\"250 g\"", 0.25),
        ("\"arm.declared.rated_load\"", 0.0),
        ("\"arm.declared.rated_load + 0.2 kg\"", 0.2),
        ("\"(0.3 kg + 0.1 kg) / 2\"", 0.2),
        ("\"0.3 kg * arm.declared.step_delay / 10 ms\"", f64::NAN),
    ] {
        let case = case(&with(&rp, load, &format!("\"arm.load\" = {text}")));
        let expected = if expected.is_nan() { 0.3 * declared(&case, "step_delay") / 0.010 } else { expected };
        let found = start(&case, "psm1.load");
        // A few roundings of one sum, product and quotient.
        assert!((found - expected).abs() <= 1e-15, "{text}: {found} kg");
    }
    // A short name of the arm's own settings.
    assert_eq!(start(&case(&with(&rp, "\"100 %\"", "\"40 %\"")), "psm1.arm.speed"), 0.4);
}

#[test]
fn a_case_of_vary_goes_before_the_set_up() {
    let rp = with(&repeatability(), "[roles]", "[vary]\n\"arm.load\" = [\"0.1 kg\", \"0.2 kg\"]\n\n[roles]");
    let rp = with(&rp, "\"arm.load\"  = \"arm.declared.rated_load\"", "\"arm.load\"  = \"9 kg\"");
    assert_eq!(loaded(&rp).cases.len(), 2);
    assert_eq!([0, 1].map(|place| start(&case_at(&rp, place), "psm1.load")), [0.1, 0.2]);
    assert_eq!(
        [0, 1].map(|place| start(&case_at(&rp, place), "psm1.arm.speed")),
        [1.0, 1.0],
        "the rest stays"
    );
}

#[test]
fn what_varies_from_unit_to_unit_is_drawn_once_and_again_the_same() {
    let friction =
        "\"arm.*.friction.coulomb\" = { normal = \"3 %\", drawn = \"each motion\", standing = \"assumed\" }";
    let text = |law: &str, seed: u64| {
        let rp = with(&repeatability(), friction, law);
        with(&rp, "seed     = 9283", &format!("seed     = {seed}"))
    };
    let names =
        ["psm1.yaw.friction.coulomb", "psm1.pitch.friction.coulomb", "psm1.insertion.friction.coulomb"];
    let values = |law: &str, seed| {
        let case = case(&text(law, seed));
        assert!(case.motion_variation.is_empty());
        names.map(|name| start(&case, name))
    };
    let spread = "\"arm.*.friction.coulomb\" = { normal = \"3 %\", drawn = \"unit\" }";
    let nominal = names.map(|name| start(&case(&repeatability()), name));
    let first = values(spread, 1);
    assert_eq!(first, values(spread, 1));
    assert_ne!(first, values(spread, 2));
    assert!(first.iter().zip(nominal).all(|(v, n)| *v != n));
    let shares: Vec<f64> = first.iter().zip(nominal).map(|(v, n)| v / n).collect();
    assert!(shares[0] != shares[1] && shares[1] != shares[2], "each its own draw: {shares:?}");
    // Another variation beside it changes nothing of it; the draw is the one that seed and path name.
    let beside = format!("\"arm.load\" = {{ uniform = [\"0 g\", \"50 g\"], drawn = \"set-up\" }}\n{spread}");
    assert_eq!(first, values(&beside, 1));
    for (value, (name, nominal)) in first.iter().zip(names.iter().zip(nominal)) {
        let draw = Stream::new(1, 0, &format!("variation.{name}")).at(0, 0).normal();
        assert!((value - nominal * (1.0 + 0.03 * draw)).abs() < 1e-12 * nominal, "{name}");
    }
    let load = start(&case(&text(&beside, 1)), "psm1.load");
    assert!(load > 0.0 && load < 0.05, "{load} kg");
    // A spread wider than the value does not make a friction negative.
    let wide = "\"arm.*.friction.coulomb\" = { normal = \"5000 %\", drawn = \"unit\" }";
    let clamped: Vec<f64> = (0..8).flat_map(|seed| values(wide, seed)).collect();
    assert!(clamped.iter().all(|v| *v >= 0.0) && clamped.contains(&0.0));
}

#[test]
fn what_varies_from_motion_to_motion_is_kept_with_its_law() {
    let stuck = stuck();
    let text = with(
        &stuck,
        "[[phases]]\nname   = \"ready\"",
        "[variation]\n\"arm.yaw.friction.coulomb\" = { uniform = [\"0 %\", \"10 %\"], drawn = \"each motion\" }\n\n[[phases]]\nname   = \"ready\"",
    );
    let start_of_faults = text.find("[[faults]]").unwrap();
    let text = format!(
        "{}[measures.m]\nkind = \"maximum\"\nof = \"arm.truth.js.position.$joint\"\n[[requirements]]\nid = \"R\"\nformula = \"m <= 1 rad\"\nwhy = \"A test.\"\n",
        &text[..start_of_faults]
    );
    let case = case(&text);
    let [variation] = &case.motion_variation[..] else { panic!("{:?}", case.motion_variation) };
    assert_eq!(variation.path, "variation.psm1.yaw.friction.coulomb");
    assert_eq!(variation.law, Law::Uniform(0.0, 0.1 * variation.nominal));
    // The law itself: inside its bounds, and another value each time.
    let stream = Stream::new(case.model.seed, 0, &variation.path);
    let drawn: Vec<f64> =
        (1..=4).map(|motion| variation.law.value(variation.nominal, stream.at(motion, 0))).collect();
    assert!(drawn.iter().all(|v| *v >= variation.nominal && *v <= 1.1 * variation.nominal), "{drawn:?}");
    assert!(drawn.windows(2).all(|pair| pair[0] != pair[1]));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    /// Whatever a setting says, compiling ends with a case or with a diagnostic at a place.
    #[test]
    fn any_text_of_a_setting_is_a_value_or_a_mistake(text in "[-+0-9a-z .*/()_%]{0,24}") {
        let rp = repeatability().replacen("\"arm.declared.rated_load\"", &format!("\"{text}\""), 1);
        let files = trocar_scenario::Files::in_memory(common::library_and(&rp));
        if let Ok(loaded) = trocar_scenario::load(&files, "test.toml", &trocar_scenario::Overrides::default())
            && let Err(found) = trocar_sim::compile(&loaded)
        {
            prop_assert!(!found.is_empty());
            prop_assert!(found.iter().all(|d| !d.title.is_empty() && !d.labels.is_empty()), "{found:?}");
        }
    }
}

/// Measures of two signals: thresholds that mean nothing, and signals of which one arrives later than the other.
#[test]
fn measures_of_how_one_signal_follows_another_are_checked() {
    let extra = |lines: &str| format!("[measures.x]\n{lines}\n\n[[requirements]]");
    let tip = "kind = \"start_delay\"\nof = \"arm.truth.tip.position.x\"\ncommanded = \"arm.setpoint_cp.position.x\"\n";
    let joint = "kind = \"start_delay\"\nof = \"arm.truth.js.position.yaw\"\ncommanded = \"arm.setpoint_js.position.yaw\"\n";
    let of = |signals: &str, threshold: &str| extra(&format!("{signals}threshold = \"{threshold}\""));
    refused(&delay(), "[[requirements]]", &of(tip, "1 %"), &["length is meant here", "number"]);
    refused(&delay(), "[[requirements]]", &of(joint, "1 mm"), &["or a percentage of the joint's range"]);
    let slow = "[instruments.gauge]\nkind = \"displacement_sensor\"\nfollows = { yaw = \"arm.truth.js.position.yaw\" }\nrate = \"1 kHz\"\nlatency = \"5 ms\"\n\n";
    let slow = with(&delay(), "[variation]", &format!("{slow}[variation]"));
    let late = joint.replace("arm.truth.js.position.yaw", "gauge.yaw");
    refused(&slow, "[[requirements]]", &of(&late, "1 %"), &["5.0000 ms", "read both with one instrument"]);
}
