//! Replays: identical, or the first difference by instant, component and signal.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Project, THREE, run, single};
use std::fs;
use std::path::PathBuf;
use trocar_campaign::{Controllers, ReplayError, replay};
use trocar_evidence::Existing;
use trocar_evidence::digest_file::{DifferenceKind, DigestHeader, DigestWriter};
use trocar_evidence::sinks::digest_header;
use trocar_scenario::{Files, Overrides, load};
use trocar_signal::Time;
use trocar_sim::sink::Sink;
use trocar_sim::{Compiled, Inputs, Model, State, Watch};

/// The rows of a run's digests.
#[derive(Default)]
struct Rows {
    header: Option<DigestHeader>,
    rows: Vec<(Time, u64, Vec<u64>)>,
}

impl Sink for Rows {
    fn begin(&mut self, model: &Model, _: &State) -> std::io::Result<()> {
        self.header = Some(digest_header(model));
        Ok(())
    }
    fn digest(&mut self, now: Time, chain: u64, blocks: &[u64]) -> std::io::Result<()> {
        self.rows.push((now, chain, blocks.to_vec()));
        Ok(())
    }
}

/// A result of one case with the rows of its digests.
fn result() -> (Project, PathBuf, Rows) {
    let project = Project::new(&[("one.toml", &single())]);
    let (result, _) = run(&project.plan(&[("one.toml", None)]), &project.batch("out", 1, Existing::Refuse));
    let (files, address) = Files::open(&project.path("one.toml")).unwrap();
    let loaded =
        load(&files, &address, &Overrides::default()).unwrap_or_else(|f| panic!("{:?}", f.diagnostics));
    let case = Compiled { loaded: &loaded }.case(0).unwrap_or_else(|e| panic!("{e:?}"));
    let mut rows = Rows::default();
    trocar_sim::run(&case, &Inputs::default(), &mut rows, &mut Watch { progress: &mut |_| true }).unwrap();
    (project, result.finished[0].0.clone(), rows)
}

fn write(folder: &std::path::Path, header: &DigestHeader, rows: &[(Time, u64, Vec<u64>)]) {
    let mut writer = DigestWriter::new(Vec::new(), header).unwrap();
    rows.iter().for_each(|(now, chain, blocks)| writer.row(*now, *chain, blocks).unwrap());
    let name = fs::read_dir(folder.join("cases")).unwrap().next().unwrap().unwrap().path();
    fs::write(name.join("digests.bin"), writer.finish().unwrap()).unwrap();
}

#[test]
fn the_first_difference_is_named_by_instant_component_and_signal() {
    let (_project, folder, Rows { header, rows }) = result();
    let header = header.unwrap();
    write(&folder, &header, &rows);
    assert!(
        replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap().is_identical(),
        "what the test writes is what was"
    );
    for (row, block) in [(0, "psm1.servo"), (7, "psm1.pitch.encoder"), (40, "psm1.mechanism")] {
        let at = header.blocks.iter().position(|name| name == block).unwrap();
        let mut altered = rows.clone();
        // From there on, as a run that parts from the other.
        for later in &mut altered[row..] {
            later.1 ^= 1;
        }
        altered[row].2[at] ^= 1;
        write(&folder, &header, &altered);
        let replayed = replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap();
        assert!(!replayed.is_identical());
        let case = &replayed.cases[0];
        let difference = case.difference.as_ref().unwrap();
        assert_eq!((difference.at, difference.kind), (rows[row].0, DifferenceKind::Content));
        assert_eq!(difference.blocks, [block]);
        assert!(case.signals.iter().all(|signal| signal.starts_with("psm1.") && !signal.contains(".truth.")));
        assert_eq!(case.signals.is_empty(), block == "psm1.mechanism", "{:?}", case.signals);
        assert!(case.outcome_is_equal, "figures and verdicts are the same all the same");
    }
}

#[test]
fn a_recording_that_ends_early_or_late_differs_there() {
    let (_project, folder, Rows { header, rows }) = result();
    let header = header.unwrap();
    write(&folder, &header, &rows[..20]);
    let difference = replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap().cases[0]
        .difference
        .clone()
        .unwrap();
    assert_eq!((difference.at, difference.kind), (rows[20].0, DifferenceKind::RecordingEnded));
    let mut longer = rows.clone();
    let (last, chain, blocks) = rows.last().unwrap().clone();
    longer.push((Time(last.0 + 1_000_000_000), chain, blocks));
    write(&folder, &header, &longer);
    let difference = replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap().cases[0]
        .difference
        .clone()
        .unwrap();
    assert_eq!((difference.at, difference.kind), (last, DifferenceKind::ReplayEnded));
}

#[test]
fn digests_of_another_model_cannot_be_compared() {
    let (_project, folder, Rows { header, rows }) = result();
    let mut header = header.unwrap();
    header.blocks[0] = "psm2.elsewhere".to_owned();
    write(&folder, &header, &rows);
    let refused = replay(&folder, None, &Controllers::default(), &mut |_, _| true);
    assert!(
        matches!(&refused, Err(ReplayError::Compare(why)) if why.contains("psm2.elsewhere")),
        "{refused:?}"
    );
}

#[test]
fn an_outcome_that_was_altered_wherever_it_stands_is_not_called_identical() {
    let (_project, folder, _) = result();
    let case = fs::read_dir(folder.join("cases")).unwrap().next().unwrap().unwrap().path();
    let places = [folder.join("result.json"), case.join("outcome.json")];
    let alter = |path: &PathBuf| {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("\"PASS\""));
        fs::write(path, text.replace("\"PASS\"", "\"FAIL\"")).unwrap();
    };
    // In one place, the two do not fit together.
    alter(&places[0]);
    let refused = replay(&folder, None, &Controllers::default(), &mut |_, _| true);
    assert!(matches!(&refused, Err(ReplayError::TwoOutcomes(case)) if case.is_empty()), "{refused:?}");
    // In both, the run itself says otherwise, though its digests agree.
    alter(&places[1]);
    let replayed = replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap();
    assert!(!replayed.is_identical());
    assert_eq!((&replayed.cases[0].difference, replayed.cases[0].outcome_is_equal), (&None, false));
}

#[test]
fn another_version_is_said_first() {
    let (_project, folder, _) = result();
    let path = folder.join("result.json");
    let text = fs::read_to_string(&path).unwrap();
    let own = format!("\"trocar\": \"{}\"", trocar_campaign::VERSION);
    assert!(text.contains(&own), "{text}");
    assert_eq!(replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap().other_version, None);
    fs::write(&path, text.replace(&own, "\"trocar\": \"99.0.0\"")).unwrap();
    let replayed = replay(&folder, None, &Controllers::default(), &mut |_, _| true).unwrap();
    assert_eq!(replayed.other_version.as_deref(), Some("99.0.0"));
}

#[test]
fn one_case_is_replayed_alone_and_one_that_is_not_there_is_named() {
    let project = Project::new(&[("three.toml", THREE)]);
    let (result, _) = run(&project.plan(&[("three.toml", None)]), &project.batch("out", 1, Existing::Refuse));
    let (folder, scenario) = &result.finished[0];
    let name = &scenario.cases[1].case;
    let replayed = replay(folder, Some(name), &Controllers::default(), &mut |_, _| true).unwrap();
    assert_eq!(replayed.cases.iter().map(|c| &c.case).collect::<Vec<_>>(), [name]);
    assert!(replayed.is_identical());
    let refused = replay(folder, Some("no such"), &Controllers::default(), &mut |_, _| true);
    assert!(matches!(&refused, Err(ReplayError::NoCase(case)) if case == "no such"), "{refused:?}");
}

#[test]
fn a_replay_can_be_interrupted_and_a_folder_that_is_none_is_refused() {
    let longer = single().replace("0.05 s", "1 s");
    let project = Project::new(&[("one.toml", &longer)]);
    let (result, _) = run(&project.plan(&[("one.toml", None)]), &project.batch("out", 1, Existing::Refuse));
    let mut asked = 0;
    let stopped = replay(&result.finished[0].0, None, &Controllers::default(), &mut |_, _| {
        asked += 1;
        false
    });
    assert!(matches!(stopped, Err(ReplayError::Interrupted)));
    assert_eq!(asked, 1);
    assert!(matches!(
        replay(&project.path("nowhere"), None, &Controllers::default(), &mut |_, _| true),
        Err(ReplayError::Result(_))
    ));
}
