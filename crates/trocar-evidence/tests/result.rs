//! Result folders: round trips, two writes, resume, strangers' folders; and the sinks on a real run.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod outcomes;

use outcomes::{case, header, requirement};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use trocar_evidence::digest_file::DifferenceKind;
use trocar_evidence::recording::{Item, RecordingError, scan};
use trocar_evidence::result::{Existing, HostBlock, ResultError, ResultFolder, ResultWriter};
use trocar_evidence::safe_path::case_folder_name;
use trocar_evidence::scenario_result::{ScenarioHeader, ScenarioResult};
use trocar_evidence::sinks::ReplayCheck;
use trocar_measure::Verdict;
use trocar_signal::{Activation, Component, Dimension, GroupSpec, Rate, Registration, WritePort};
use trocar_sim::sink::{RunEvent, Sink};
use trocar_sim::state::chain_digest;
use trocar_sim::{Inputs, Model, Node, Pace, Role, Scratch, State, Task, publish_start, step};

/// Counts up by a parameter.
struct Counter {
    out: WritePort,
    by: trocar_signal::ParameterPort,
}

impl Component for Counter {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        io.state[0] += io.parameter(self.by) as u64;
        let value = io.state[0] as f64;
        io.write(self.out, &[value]);
        Ok(())
    }
}

fn model() -> Model {
    let node = |path: &str| {
        let mut registration = Registration::new(path);
        registration.state_words(["count".to_owned()]);
        let by = registration.parameter(trocar_signal::ParameterSpec {
            path: format!("{path}.by"),
            dimension: Dimension::NUMBER,
            nominal: 1.0,
            source: String::new(),
            standing: trocar_signal::Standing::Declared,
            tunable: true,
            least: None,
            words: Vec::new(),
            most: None,
        });
        let out = registration.write(GroupSpec::scalar(format!("{path}.out"), Dimension::ANGLE));
        let pace = Pace::Task(Task::at(Rate::new(500, 1).unwrap()));
        Node { registration, component: Box::new(Counter { out, by }), pace, role: Role::Controller }
    };
    let nodes = vec![node("first"), node("second")];
    Model::compile(nodes, Rate::new(1000, 1).unwrap(), 3, 0, &[]).expect("two counters")
}

/// A run of 2.5 s, poured into a sink; `tampered`: from this step on, the second counter counts by two.
fn run(sink: &mut dyn Sink, tampered: Option<u64>) -> std::io::Result<()> {
    let model = model();
    let mut state: State = model.initial_state(&[]);
    let mut scratch = Scratch::new(&model);
    let mut blocks = Vec::new();
    sink.begin(&model, &state)?;
    publish_start(&model, &mut state, &mut scratch).expect("starts");
    for k in 0..2500 {
        let now = model.step_instant(k);
        if k % 1000 == 0 {
            sink.snapshot(now, &state)?;
            sink.event(now, RunEvent::Phase { name: "count" })?;
        }
        if tampered == Some(k) {
            let place = model.parameter("second.by").expect("declared");
            state.parameters[place] = 2.0;
        }
        step(&model, &mut state, &Inputs::default(), &mut scratch).expect("goes on");
        if k % 2 == 0 {
            chain_digest(&model, &mut state, &mut blocks);
            sink.digest(now, state.chain, &blocks)?;
            sink.record(now, &state.table)?;
        }
    }
    sink.end(model.step_instant(2500))
}

fn inputs() -> BTreeMap<String, String> {
    [
        ("scenarios/count.toml", "title = \"count\""),
        ("trocar:scenes/none.toml", "nothing"),
        ("trocar.toml", "\n"),
    ]
    .map(|(address, text)| (address.to_owned(), text.to_owned()))
    .into()
}

fn write_case(writer: &ResultWriter, name: &str) {
    let mut one = writer.begin_case(name, model().layout.matching("second.*")).unwrap();
    run(one.sink(), None).unwrap();
    one.finish(&case(name, vec![requirement("R", "x", Verdict::Pass)])).unwrap();
}

fn outcomes_of(names: &[&str]) -> Vec<trocar_evidence::outcome::CaseOutcome> {
    names.iter().map(|name| case(name, vec![requirement("R", "x", Verdict::Pass)])).collect()
}

const NAMES: [&str; 3] = ["", "stiffness = 5 kN/m", "plain"];

fn write(folder: &Path) -> ScenarioResult {
    let writer =
        ResultWriter::create(folder, header("scenarios/count.toml", "123456"), &inputs(), Existing::Refuse)
            .unwrap();
    NAMES.iter().for_each(|name| write_case(&writer, name));
    let host = HostBlock { wall_s: 1.5, platform: "linux x86_64".to_owned(), ..HostBlock::default() };
    writer.finish(outcomes_of(&NAMES), &host).unwrap()
}

/// Every file of a folder with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.insert(path.strip_prefix(folder).unwrap().to_path_buf(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn a_result_reads_back_with_all_that_replay_needs() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("count");
    let written = write(&folder);
    let read = ResultFolder::open(&folder).unwrap();
    assert_eq!(read.result(), &written);
    assert_eq!(read.inputs().unwrap(), inputs());
    assert_eq!(read.host().unwrap().unwrap().wall_s, 1.5);
    assert!(read.is_of_version("0.1.0") && !read.is_of_version("0.2.0"));
    assert_eq!(fs::read_to_string(folder.join("inputs/scenarios/count.toml")).unwrap(), "title = \"count\"");
    assert_eq!(fs::read_to_string(folder.join("library/scenes/none.toml")).unwrap(), "nothing");
    for name in NAMES {
        let snapshots: Vec<_> = read.snapshots(name).unwrap().map(Result::unwrap).collect();
        assert_eq!(snapshots.len(), 3);
        let state = State::from_words(&model(), &snapshots[1].1).unwrap();
        assert_eq!((state.step, state.words[0]), (1000, 500));
        let mut values = Vec::new();
        let mut events = 0;
        scan::<RecordingError>(read.recording(name).unwrap(), |item| {
            match item {
                Item::Group(spec) => assert_eq!(spec.path, "second.out"),
                Item::Values { values: v, .. } => values.push(v[0]),
                Item::Event { kind, name, .. } => {
                    assert_eq!((kind, name), ("phase", "count"));
                    events += 1;
                }
                Item::About(about) => assert_eq!(about["scenario"], "scenarios/count.toml"),
            }
            Ok(())
        })
        .unwrap();
        assert_eq!((values.len(), values[1249], events), (1250, 1250.0, 3));
    }
    assert!(matches!(read.recording("none").map(|_| ()), Err(ResultError::NoCase { .. })));
    assert!(!files(&folder).keys().any(|p| p.to_string_lossy().contains("partial")));
}

#[test]
fn two_writes_are_the_same_bytes() {
    let home = tempfile::tempdir().unwrap();
    let (a, b) = (home.path().join("a"), home.path().join("b"));
    write(&a);
    write(&b);
    assert_eq!(files(&a), files(&b));
}

#[test]
fn a_replay_is_identical_or_names_the_first_difference() {
    let home = tempfile::tempdir().unwrap();
    write(home.path());
    let read = ResultFolder::open(home.path()).unwrap();
    let mut check = ReplayCheck::new(read.digests("plain").unwrap());
    run(&mut check, None).unwrap();
    assert_eq!(check.finish().unwrap(), None);

    let mut check = ReplayCheck::new(read.digests("plain").unwrap());
    run(&mut check, Some(1300)).unwrap();
    let difference = check.finish().unwrap().unwrap();
    assert_eq!((difference.at.0, difference.kind), (1_300_000_000, DifferenceKind::Content));
    assert_eq!((difference.blocks, difference.later), (vec!["second".to_owned()], vec!["second".to_owned()]));
}

#[test]
fn nothing_is_written_over() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("thesis.tex"), "years of work").unwrap();
    let create =
        |existing| ResultWriter::create(home.path(), header("x.toml", "123456"), &inputs(), existing);
    let error = create(Existing::Refuse).unwrap_err();
    assert!(matches!(error, ResultError::NotEmpty { .. }));
    assert!(error.to_string().contains("--out") && error.to_string().contains("--resume"), "{error}");
    assert!(
        matches!(create(Existing::Resume).unwrap_err(), ResultError::Foreign { found, .. } if found == "thesis.tex")
    );
    assert_eq!(files(home.path()).len(), 1);
}

#[test]
fn an_interrupted_run_goes_on_from_its_finished_cases() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    let begin =
        |header: ScenarioHeader| ResultWriter::create(folder, header, &inputs(), Existing::Resume).unwrap();
    let header = || header("scenarios/count.toml", "123456");
    let writer = begin(header());
    write_case(&writer, "plain");
    // A second case is under way when the run is killed.
    let mut killed = writer.begin_case("far", Vec::new()).unwrap();
    killed.sink().begin(&model(), &model().initial_state(&[])).unwrap();
    drop((killed, writer));
    assert!(matches!(ResultFolder::open(folder).unwrap_err(), ResultError::Unfinished { .. }));

    let writer = begin(header());
    assert_eq!(writer.kept().keys().collect::<Vec<_>>(), ["plain"]);
    assert!(writer.superseded().is_empty());
    assert!(matches!(
        begin(header()).finish(outcomes_of(&["plain", "far"]), &HostBlock::default()),
        Err(ResultError::NoCase { case, .. }) if case == "far"
    ));
    write_case(&writer, "far");
    writer.finish(outcomes_of(&["plain", "far"]), &HostBlock::default()).unwrap();
    assert_eq!(ResultFolder::open(folder).unwrap().result().cases.len(), 2);

    // Other inputs: nothing of it counts any more, and that is said.
    let other = ScenarioHeader { seed: 8, ..header() };
    let writer = begin(other);
    assert!(writer.kept().is_empty());
    assert_eq!(writer.superseded(), ["far", "plain"]);
    assert!(matches!(ResultFolder::open(folder).unwrap_err(), ResultError::Unfinished { .. }));
}

#[test]
fn an_outcome_that_json_cannot_hold_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let writer =
        ResultWriter::create(home.path(), header("x.toml", "123456"), &inputs(), Existing::Refuse).unwrap();
    let mut outcome = case("", Vec::new());
    outcome.simulated_s = f64::NAN;
    let mut one = writer.begin_case("", Vec::new()).unwrap();
    run(one.sink(), None).unwrap();
    assert!(matches!(one.finish(&outcome), Err(ResultError::Outcome { .. })));
    let early = writer.begin_case("early", Vec::new()).unwrap();
    let error = early.finish(&case("early", Vec::new())).unwrap_err();
    assert!(error.to_string().contains("not over"), "{error}");
}

#[test]
fn what_is_missing_damaged_or_of_another_form_is_named() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    assert!(matches!(ResultFolder::open(folder).unwrap_err(), ResultError::NotAResult { .. }));
    assert!(matches!(ResultFolder::open(&folder.join("none")).unwrap_err(), ResultError::Io { .. }));
    write(folder);
    let result = folder.join("result.json");
    let text = fs::read_to_string(&result).unwrap();
    fs::write(&result, &text[..text.len() / 2]).unwrap();
    assert!(matches!(ResultFolder::open(folder).unwrap_err(), ResultError::Damaged { .. }));
    fs::write(&result, text.replacen("\"format\": 1", "\"format\": 2, \"news\": []", 1)).unwrap();
    assert!(matches!(ResultFolder::open(folder).unwrap_err(), ResultError::OtherFormat { found: 2, .. }));
    fs::write(&result, &text).unwrap();
    fs::write(folder.join("inputs/scenarios/count.toml"), "title = \"other\"").unwrap();
    let error = ResultFolder::open(folder).unwrap().inputs().unwrap_err();
    assert!(error.to_string().contains("not the file that was run"), "{error}");
    let digests = folder.join("cases/plain/digests.bin");
    fs::write(&digests, b"TROCDIG0").unwrap();
    assert!(matches!(
        ResultFolder::open(folder).unwrap().digests("plain").map(|_| ()),
        Err(ResultError::Damaged { .. })
    ));
}

#[test]
fn a_strangers_folder_reads_nothing_outside_itself() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("sent");
    fs::write(home.path().join("secret.toml"), "secret").unwrap();
    write(&folder);
    let result = folder.join("result.json");
    let text = fs::read_to_string(&result).unwrap();
    for address in
        ["../secret.toml", "/etc/hostname", "trocar:../../secret.toml", "C:/x", "a/../../../secret.toml"]
    {
        fs::write(
            &result,
            text.replace(
                "scenarios/count.toml\",\n        \"digest\"",
                &format!("{address}\",\n        \"digest\""),
            ),
        )
        .unwrap();
        let error = ResultFolder::open(&folder).unwrap_err();
        assert!(matches!(error, ResultError::Unsafe(_)), "{address}: {error}");
    }
    // A case's name chooses its folder through a digest, whatever it is.
    fs::write(&result, text.replace("\"case\": \"plain\"", "\"case\": \"../../secret\"")).unwrap();
    let odd = ResultFolder::open(&folder).unwrap();
    assert!(
        matches!(odd.recording("../../secret").map(|_| ()), Err(ResultError::Io { path, .. }) if path.starts_with(&folder))
    );
    fs::write(&result, &text).unwrap();
    assert!(ResultFolder::open(&folder).unwrap().inputs().is_ok());
}

/// A result whose JSON or input was cut or flipped is an error or a result, never a panic; an input is never another.
#[test]
fn a_folder_damaged_anywhere_never_panics() {
    let home = tempfile::tempdir().unwrap();
    write(home.path());
    let places = ["result.json", "host.json", "inputs/scenarios/count.toml", "cases/plain/outcome.json"];
    let whole: Vec<Vec<u8>> = places.iter().map(|place| fs::read(home.path().join(place)).unwrap()).collect();
    let strategy = (0..places.len(), any::<prop::sample::Index>(), any::<u8>());
    proptest!(ProptestConfig::with_cases(400), |((which, at, bits) in strategy)| {
        let mut bytes = whole[which].clone();
        let at = at.index(bytes.len());
        if bits == 0 { bytes.truncate(at) } else { bytes[at] ^= bits };
        fs::write(home.path().join(places[which]), &bytes).unwrap();
        if let Ok(read) = ResultFolder::open(home.path()) {
            let _ = read.host();
            if let Ok(texts) = read.inputs() {
                prop_assert!(texts.values().all(|text| inputs().values().any(|known| known == text)));
            }
            let _ = (read.recording("plain").is_ok(), read.digests("plain").is_ok());
        }
        fs::write(home.path().join(places[which]), &whole[which]).unwrap();
    });
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("sent");
    let outside = home.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("count.toml"), "title = \"count\"").unwrap();
    fs::write(outside.join("record.mcap"), "secret").unwrap();
    write(&folder);
    let open = || ResultFolder::open(&folder).unwrap();

    // A file, and a folder on the way to one.
    let input = folder.join("inputs/scenarios/count.toml");
    fs::remove_file(&input).unwrap();
    symlink(outside.join("count.toml"), &input).unwrap();
    assert!(open().inputs().unwrap_err().to_string().contains("link"));
    fs::remove_dir_all(folder.join("inputs/scenarios")).unwrap();
    symlink(&outside, folder.join("inputs/scenarios")).unwrap();
    assert!(open().inputs().unwrap_err().to_string().contains("link"));
    let plain = folder.join("cases").join(case_folder_name("plain"));
    fs::remove_dir_all(&plain).unwrap();
    symlink(&outside, &plain).unwrap();
    assert!(open().recording("plain").map(|_| ()).unwrap_err().to_string().contains("link"));

    // Going on with such a folder writes and removes nothing outside.
    fs::remove_dir_all(folder.join("inputs")).unwrap();
    symlink(&outside, folder.join("inputs")).unwrap();
    let before = files(&outside);
    let resumed =
        ResultWriter::create(&folder, header("scenarios/count.toml", "123456"), &inputs(), Existing::Resume);
    assert!(matches!(resumed.unwrap_err(), ResultError::Foreign { found, .. } if found == "inputs"));
    assert_eq!(files(&outside), before);
}
