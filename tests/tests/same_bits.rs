//! The same inputs give the same bits: twice, on one thread and two, restored, forked, with other observers, in debug and
//! in release.

use trocar_sim::{RunError, State};
use trocar_tests::{Bare, Project, STUCK, SWING, case, run, tree};

/// The digest of [`SWING`]. A change of any number in the model, its order of computation or the scene changes it; debug
/// and release builds on every machine must agree on it. To mint it again after a change that is meant:
/// `cargo test --release -p trocar-tests --test same_bits golden` prints the new one.
const GOLDEN: &str = "c8a56d9fcb989dd3";

#[test]
fn golden_digest_is_that_of_every_build_and_machine() {
    let (outcome, _) = run(&case(SWING), false);
    assert_eq!(outcome.failure, None);
    assert_eq!(outcome.digest, GOLDEN, "if the change of numbers is meant, this is the new golden digest");
}

#[test]
fn two_runs_are_equal() {
    let text = format!("{SWING}{STUCK}");
    let (first, kept_first) = run(&case(&text), false);
    let (second, kept_second) = run(&case(&text), false);
    assert!(kept_first.rows.len() > 1000, "a digest for each control period of the run");
    assert_eq!(kept_first.rows, kept_second.rows);
    assert_eq!(first, second);
}

/// The digest must also be able to differ: another seed draws other frictions.
#[test]
fn another_seed_gives_other_bits() {
    let (first, _) = run(&case(SWING), false);
    let (second, _) = run(&case(&SWING.replace("seed   = 3", "seed   = 4")), false);
    assert_ne!(first.digest, second.digest);
}

/// Steps at which a run is restored: at rest, in motion, and with the fault active; two neighbours each, so that one of
/// them has the servo's outputs under way (its 0.3 ms of computing are less than a step of 0.33 ms).
const RESTORED_AT: [u64; 6] = [600, 601, 3000, 3001, 4200, 4201];
const STEPS: u64 = 5000;

#[test]
fn a_restored_or_forked_run_goes_on_as_if_nothing_had_happened() {
    let text = format!("{SWING}{STUCK}").replace("after = \"0.2 s\"", "after = \"0.5 s\"");
    let case = case(&text);
    let mut whole = Bare::new(&case);
    let mut others = Vec::new();
    let (mut saw_motion, mut saw_fault, mut saw_under_way) = (false, false, false);
    for at in RESTORED_AT {
        whole.go_to(at);
        let fastest = whole.values("psm1.truth.js")[7..14]
            .iter()
            .fold(0.0_f64, |m, v| if v.abs() > m { v.abs() } else { m });
        saw_motion |= fastest > 0.1;
        let error = whole.values("psm1.pitch.encoder.position")[0] - whole.values("psm1.truth.actuators")[1];
        saw_fault |= error.abs() > 1e-3;
        let words = whole.state.to_words();
        let restored = State::from_words(&case.model, &words).expect("a snapshot of this model");
        assert_eq!(restored, whole.state);
        // What is under way takes more words than the number of all that ever was.
        let mut empty = whole.state.clone();
        empty.pending = case.model.initial_state(&[]).pending;
        saw_under_way |= empty.to_words().iter().zip(&words).filter(|(a, b)| a != b).count() > 1;
        let mut copied = case.model.initial_state(&[]);
        copied.copy_from(&whole.state);
        for (how, state) in [("restored", restored), ("cloned", whole.state.clone()), ("copied", copied)] {
            others.push((how, at, whole.from(state)));
        }
    }
    whole.go_to(STEPS);
    assert!(saw_motion && saw_fault && saw_under_way, "the test has its occasions");
    for (how, at, mut other) in others {
        other.go_to(STEPS);
        let rest = &whole.rows[at as usize..];
        let first = other.rows.iter().zip(rest).position(|(a, b)| a != b);
        assert_eq!(first, None, "{how} at step {at}: differs so many steps later");
        assert_eq!(other.state, whole.state, "{how} at step {at}");
    }
}

#[test]
fn a_snapshot_that_does_not_fit_is_refused() {
    let case = case(SWING);
    let words = Bare::new(&case).state.to_words();
    assert!(State::from_words(&case.model, &words[1..]).is_err());
    assert!(State::from_words(&case.model, &[]).is_err());
    // The first words after step, chain and input are the table's values.
    let mut nan = words.clone();
    nan[3] = f64::NAN.to_bits();
    assert!(State::from_words(&case.model, &nan).is_err());
}

/// Observers change nothing: instruments with their random draws, measures, requirements, records.
#[test]
fn observers_change_no_digest() {
    let (_, alone) = run(&case(SWING), false);
    let observed = [
        "[instruments.tracker]\nkind = \"position_tracker\"\nfollows = { tool_tip = \"arm.tool_tip\" }\nframe = \"arm.base\"\n\
         rate = \"2.7 kHz\"\nnoise = \"8 um\"\nuncertainty = \"15 um\"\n",
        "[instruments.a_gauge]\nkind = \"displacement_sensor\"\nfollows = { lever = \"arm.truth.js.position.yaw\" }\n\
         rate = \"100 Hz\"\nnoise = \"0.005 deg\"\nuncertainty = \"0.02 deg\"\n",
        "[measures.another]\nkind = \"range\"\nof = \"arm.truth.tip.position.x\"\nwindow = { phase = \"swing\" }\n\
         [[requirements]]\nid = \"R2\"\nformula = \"another <= 1 m\"\nwhy = \"None.\"\n",
        "[record]\nsignals = [\"arm.truth.*\"]\nrate = \"777 Hz\"\n",
    ];
    for observer in observed {
        let (outcome, kept) = run(&case(&format!("{SWING}\n{observer}")), false);
        assert_eq!(outcome.failure, None);
        let first = alone.rows.iter().zip(&kept.rows).find(|(a, b)| a != b);
        assert!(first.is_none() && alone.rows.len() == kept.rows.len(), "{observer}: {first:?}");
    }
}

/// A fault that never comes changes nothing either, in the chain of the device's own blocks.
#[test]
fn a_dormant_twin_changes_nothing() {
    let (alone, kept) = run(&case(SWING), false);
    let later = STUCK.replace("{ in = \"swing\", after = \"0.2 s\" }", "{ at = \"1000 s\" }");
    let (outcome, with_fault) = run(&case(&format!("{SWING}{later}")), false);
    assert_eq!(alone.steps, outcome.steps);
    // All blocks but that of the faults, which has other words.
    let device = |rows: &trocar_tests::Rows| -> Vec<Vec<u64>> {
        rows.iter().map(|(_, _, blocks)| blocks[..blocks.len() - 1].to_vec()).collect()
    };
    assert!(device(&kept.rows) == device(&with_fault.rows));
}

const VARIED: &str = "\n[vary]\n\"arm.load\" = [\"0 kg\", \"0.05 kg\", \"0.1 kg\"]\n\
    [record]\nsignals = [\"arm.truth.tip.*\", \"arm.measured_js.*\"]\nrate = \"500 Hz\"\n";

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    let project = Project::new(&[
        ("varied.toml", &format!("{SWING}{VARIED}")),
        ("stuck.toml", &format!("{SWING}{STUCK}")),
    ]);
    for (jobs, out) in [("1", "one"), ("2", "two"), ("5", "five"), ("1", "again")] {
        let said = project.trocar(&["run", "varied.toml", "stuck.toml", "--jobs", jobs, "--out", out]);
        assert!(said.err.contains("4 of 4 done"), "{}", said.err);
    }
    let without_host = |name: &str| {
        let mut files = tree(&project.path().join(name));
        files.retain(|path, _| !path.ends_with("host.json"));
        files
    };
    let one = without_host("one");
    assert_eq!(one.keys().filter(|path| path.ends_with("digests.bin")).count(), 4);
    for other in ["two", "five", "again"] {
        let files = without_host(other);
        assert_eq!(one.keys().collect::<Vec<_>>(), files.keys().collect::<Vec<_>>(), "{other}");
        for (path, bytes) in &one {
            assert!(bytes == &files[path], "{other}: {path} differs");
        }
    }
    // One case alone is the same case.
    project.trocar(&["run", "varied.toml#2", "--out", "alone"]).expect(0);
    let alone = without_host("alone");
    let case = alone.keys().find(|path| path.ends_with("digests.bin")).expect("a case");
    assert_eq!(alone[case], one[case]);
}

/// An interruption leaves a run without an outcome, and takes nothing from another.
#[test]
fn an_interrupted_run_has_no_outcome() {
    let case = case(SWING);
    let mut asked = 0;
    let mut watch = trocar_sim::Watch {
        progress: &mut |_| {
            asked += 1;
            asked < 3
        },
    };
    let stopped =
        trocar_sim::run(&case, &trocar_sim::Inputs::default(), &mut trocar_sim::sink::NoSink, &mut watch);
    assert!(matches!(stopped, Err(RunError::Interrupted)));
}
