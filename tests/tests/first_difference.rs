//! One altered byte, of a state or of a result, is found and named.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use trocar_campaign::{Controllers, Replay, replay};
use trocar_evidence::digest_file::{DifferenceKind, DigestReader, DigestWriter, first_difference};
use trocar_evidence::sinks::digest_header;
use trocar_sim::state::block_names;
use trocar_tests::{Bare, Project, STUCK, SWING, case, copy};

/// Step of the alteration: one second, whose row of digests is full, so that every block that differs is named.
const AT: u64 = 3000;
const STEPS: u64 = 3200;

/// The digests of a bare run as a file holds them.
fn recorded(run: &Bare<'_>) -> Vec<u8> {
    let mut writer = DigestWriter::new(Vec::new(), &digest_header(run.model)).expect("a file in memory");
    for (at, chain, blocks) in &run.rows {
        writer.row(*at, *chain, blocks).expect("a row");
    }
    writer.finish().expect("a file in memory")
}

fn difference(recorded: &[u8], run: &Bare<'_>) -> Option<trocar_evidence::digest_file::Difference> {
    let reader = DigestReader::new(recorded).expect("digests");
    first_difference(reader, &digest_header(run.model), run.rows.iter().cloned())
        .expect("they can be compared")
}

/// One bit of one word of one component, altered just before the digest of an instant: that component alone is named,
/// and that instant.
#[test]
fn one_byte_of_the_state_is_named_by_component_and_instant() {
    let case = case(&format!("{SWING}{STUCK}"));
    let mut whole = Bare::new(&case);
    whole.go_to(AT);
    let before = whole.rows.clone();
    let start = whole.state.clone();
    whole.go_to(STEPS);
    let file = recorded(&whole);
    assert_eq!(difference(&file, &whole), None, "the run is equal to itself");
    let at = case.model.step_instant(AT);
    let names = block_names(&case.model);
    let mut altered = 0;
    for seat in case.model.seats.iter().filter(|seat| !seat.words.is_empty()) {
        let mut other = whole.from(start.clone());
        other.rows = before.clone();
        other.step_only();
        // The lowest bit of the last word: of a number, its last digit.
        other.state.words[seat.words.end - 1] ^= 1;
        other.digest();
        assert!(names.contains(&seat.path));
        let found = difference(&file, &other).expect("a difference");
        assert_eq!(found.at, at, "{}", seat.path);
        assert_eq!(found.blocks.as_slice(), std::slice::from_ref(&seat.path));
        assert!(found.exact && found.kind == DifferenceKind::Content, "{found:?}");
        altered += 1;
    }
    assert!(altered > 20, "an arm has encoders, controllers, motors and a mechanism with words: {altered}");
}

/// Every other part of the state: a parameter, a signal, a fault's word, the instant of an output under way.
#[test]
fn one_byte_of_every_other_part_of_the_state_is_named() {
    let case = case(&format!("{SWING}{STUCK}"));
    let model = &case.model;
    let mut whole = Bare::new(&case);
    whole.go_to(AT);
    let before = whole.rows.clone();
    let start = whole.state.clone();
    whole.go_to(STEPS);
    let file = recorded(&whole);
    type Change<'a> = Box<dyn Fn(&mut trocar_sim::State) + 'a>;
    let friction = model.parameter("psm1.yaw.friction.coulomb").expect("a parameter");
    let setpoint = model.layout.group("psm1.setpoint_js").expect("a group");
    let changes: [(&str, Change<'_>); 4] = [
        (
            "psm1.mechanism",
            Box::new(|s| s.parameters[friction] = f64::from_bits(s.parameters[friction].to_bits() ^ 1)),
        ),
        ("faults", Box::new(|s| s.faults[0] ^= 1)),
        (
            "psm1.servo",
            Box::new(|s| {
                let seat = model.seats.iter().position(|seat| seat.path == "psm1.servo").expect("a servo");
                s.releases[seat].k ^= 1;
            }),
        ),
        (
            "psm1.arm",
            Box::new(|s| {
                let mut values = s.table.values(setpoint).to_vec();
                values[0] += 1e-15;
                let header = s.table.header(setpoint);
                s.table.write(setpoint, header.stamp, header.valid == 1, &values);
            }),
        ),
    ];
    for (name, change) in changes {
        let mut other = whole.from(start.clone());
        other.rows = before.clone();
        other.step_only();
        change(&mut other.state);
        other.digest();
        let found = difference(&file, &other).expect("a difference");
        assert_eq!((found.at, found.blocks), (model.step_instant(AT), vec![name.to_owned()]));
    }
}

/// A joint that was moved by one part in 10¹⁶ before a step: the run differs from that instant on, and the mechanism is
/// among the first.
#[test]
fn a_nudged_mechanism_differs_from_the_next_instant_on() {
    let case = case(SWING);
    let mut whole = Bare::new(&case);
    whole.go_to(AT);
    let (before, start) = (whole.rows.clone(), whole.state.clone());
    whole.go_to(STEPS);
    let mechanism = case.model.seats.iter().find(|seat| seat.path == "psm1.mechanism").expect("a mechanism");
    let mut other = whole.from(start);
    other.rows = before;
    other.state.words[mechanism.words.start] ^= 1 << 12;
    other.go_to(STEPS);
    let found = difference(&recorded(&whole), &other).expect("a difference");
    assert_eq!(found.at, case.model.step_instant(AT));
    assert!(found.blocks.contains(&"psm1.mechanism".to_owned()), "{found:?}");
}

fn result() -> (Project, std::path::PathBuf) {
    let project = Project::new(&[("swing.toml", SWING)]);
    project.trocar(&["run", "swing.toml", "--out", "results"]).expect(0);
    let folder = project.path().join("results/swing");
    (project, folder)
}

fn replayed(folder: &std::path::Path) -> Result<Replay, trocar_campaign::ReplayError> {
    replay(folder, None, &Controllers::default(), &mut |_, _| true)
}

/// Whatever byte of the digests is altered, no replay calls the result identical.
#[test]
fn altered_digests_are_never_called_identical() {
    let (project, folder) = result();
    assert!(replayed(&folder).expect("it replays").is_identical());
    let digests = folder.join("cases/_/digests.bin");
    let whole = std::fs::read(&digests).expect("digests");
    let places = (0..24).map(|i| i * (whole.len() - 1) / 23);
    for at in places {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&digests, &bytes).expect("a file");
        let result = replayed(&folder);
        assert!(!result.as_ref().is_ok_and(Replay::is_identical), "byte {at} of {}", whole.len());
    }
    // The last 25 bytes are the end row, which holds no digest of its own.
    for length in [0, 7, 100, whole.len() / 2, whole.len() - 26] {
        std::fs::write(&digests, &whole[..length]).expect("a file");
        let result = replayed(&folder);
        assert!(!result.as_ref().is_ok_and(Replay::is_identical), "cut to {length} of {}", whole.len());
    }
    let said = project.trocar(&["replay", "results/swing"]);
    assert!(said.code != 0 && !format!("{}{}", said.out, said.err).contains("identical"), "{said:?}");
    std::fs::remove_file(&digests).expect("gone");
    let said = project.trocar(&["replay", "results/swing"]).expect(2);
    assert!(said.err.contains("digests.bin"), "{}", said.err);
}

#[test]
fn an_altered_input_is_named() {
    let (project, folder) = result();
    for (name, from, to) in [
        ("inputs/swing.toml", "0.1 s", "0.2 s"),
        ("library/scenes/robots/psm_classic.toml", "120 N m/rad", "121 N m/rad"),
    ] {
        let path = folder.join(name);
        let text = std::fs::read_to_string(&path).expect("an input");
        assert!(text.contains(from));
        std::fs::write(&path, text.replacen(from, to, 1)).expect("a file");
        let said = project.trocar(&["replay", "results/swing"]).expect(2);
        assert!(said.err.contains(name) && said.err.contains("not the file that was run"), "{}", said.err);
        std::fs::write(&path, text).expect("a file");
    }
    project.trocar(&["replay", "results/swing"]).expect(0);
    std::fs::remove_file(folder.join("inputs/swing.toml")).expect("gone");
    let said = project.trocar(&["replay", "results/swing"]).expect(2);
    assert!(said.err.contains("inputs/swing.toml"), "{}", said.err);
}

#[test]
fn an_altered_verdict_or_figure_is_named() {
    let (project, folder) = result();
    let path = folder.join("result.json");
    let text = std::fs::read_to_string(&path).expect("a result");
    assert!(text.contains("\"verdict\": \"PASS\""), "{text}");
    std::fs::write(&path, text.replace("\"verdict\": \"PASS\"", "\"verdict\": \"FAIL\"")).expect("a file");
    let said = project.trocar(&["replay", "results/swing"]).expect(1);
    assert!(
        said.err.contains("`result.json`") && said.err.contains("one of them was altered"),
        "{}",
        said.err
    );
    // Altered in both places alike: only running it again shows it.
    let other = folder.join("cases/_/outcome.json");
    let kept = std::fs::read_to_string(&other).expect("an outcome");
    std::fs::write(&other, kept.replace("\"PASS\"", "\"FAIL\"")).expect("a file");
    let said = project.trocar(&["replay", "results/swing"]).expect(1);
    assert!(said.out.contains("the result file was altered"), "{}", said.out);
    std::fs::write(&other, kept).expect("a file");
    for bad in ["", "{", "[]", "{\"format\": 99}", "\u{0}\u{1}"] {
        std::fs::write(&path, bad).expect("a file");
        let said = project.trocar(&["replay", "results/swing"]).expect(2);
        assert!(said.err.contains("result.json"), "{}", said.err);
    }
}

/// Another seed in the header is another run: it differs from the start.
#[test]
fn another_seed_is_seen_as_a_difference_at_an_instant() {
    let (project, folder) = result();
    let path = folder.join("result.json");
    let text = std::fs::read_to_string(&path).expect("a result");
    std::fs::write(&path, text.replacen("\"seed\": 3", "\"seed\": 5", 1)).expect("a file");
    let said = project.trocar(&["replay", "results/swing"]).expect(1);
    assert!(said.out.contains("differs from 0.000000 s on"), "{}", said.out);
    let json = project.trocar(&["replay", "results/swing", "--json"]).expect(1);
    let json: serde_json::Value = serde_json::from_str(&json.out).expect("JSON");
    assert_eq!(json["cases"][0]["first_difference_s"], 0.0);
}

#[test]
fn a_result_replays_wherever_it_is_sent() {
    let (_home, folder) = result();
    let elsewhere = tempfile::tempdir().expect("a folder");
    copy(&folder, &elsewhere.path().join("from the mail"));
    let said = trocar_tests::trocar(elsewhere.path(), &["replay", "from the mail"]).expect(0);
    assert_eq!(said.out, "identical\n");
}

/// What a reader looks at first is held against result.json too.
#[test]
fn altered_evidence_is_never_called_identical() {
    let (project, folder) = result();
    let path = folder.join("cases/_/outcome.json");
    let text = std::fs::read_to_string(&path).expect("an outcome");
    std::fs::write(&path, text.replace("\"PASS\"", "\"FAIL\"")).expect("a file");
    let said = project.trocar(&["replay", "results/swing"]);
    assert!(said.code != 0 && format!("{}{}", said.out, said.err).contains("outcome.json"), "{said:?}");
    std::fs::write(&path, text).expect("a file");
    // Digests without their end row: those of a run that was killed, in a folder that says it was finished.
    let digests = folder.join("cases/_/digests.bin");
    let whole = std::fs::read(&digests).expect("digests");
    std::fs::write(&digests, &whole[..whole.len() - 1]).expect("a file");
    assert_ne!(project.trocar(&["replay", "results/swing"]).code, 0);
}
