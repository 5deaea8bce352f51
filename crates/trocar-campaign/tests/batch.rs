//! Batches: the same bytes whatever the jobs, resuming, interrupting, folders, and what a result remembers.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{Notes, Project, THREE, run, run_until, single, tree};
use std::fs;
use trocar_campaign::batch::{BatchError, overrides_of};
use trocar_campaign::{Controllers, replay, run_batch};
use trocar_evidence::result::ResultError;
use trocar_evidence::{Existing, ResultFolder};
use trocar_scenario::Overrides;

/// The folder names of a batch's results.
fn names(result: &trocar_campaign::BatchResult) -> Vec<String> {
    let name = |folder: &std::path::Path| folder.file_name().unwrap().to_string_lossy().into_owned();
    result.finished.iter().map(|(folder, _)| name(folder)).collect()
}

#[test]
fn any_number_of_jobs_writes_the_same_bytes() {
    let one = single();
    let project = Project::new(&[("three.toml", THREE), ("one.toml", &one)]);
    let plan = project.plan(&[("three.toml", None), ("one.toml", None)]);
    let (first, notes) = run(&plan, &project.batch("jobs1", 1, Existing::Refuse));
    assert_eq!(
        notes.iter().map(|n| n.0).collect::<Vec<_>>(),
        [0, 1, 2, 3],
        "one job takes them in their order"
    );
    let (third, _) = run(&plan, &project.batch("jobs3", 3, Existing::Refuse));
    assert_eq!(
        (names(&first), names(&third)),
        (vec!["three".into(), "one".into()], vec!["three".into(), "one".into()])
    );
    let (a, b) = (tree(&project.path("jobs1")), tree(&project.path("jobs3")));
    assert!(a.len() > 16, "{:?}", a.keys());
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (path, bytes) in &a {
        assert!(*bytes == b[path], "{} differs", path.display());
    }
    // Cases stand in the order of the file, whoever finished first.
    let loads: Vec<&str> = third.finished[0].1.cases.iter().map(|c| c.case.as_str()).collect();
    assert!(loads[0].contains("0.1 kg") && loads[2].contains("0.3 kg"), "{loads:?}");
    assert_ne!(
        third.finished[0].1.cases[0].digest, third.finished[0].1.cases[1].digest,
        "and the load counts"
    );
}

#[test]
fn an_interrupted_batch_keeps_what_it_finished_and_resumes_to_the_same_bytes() {
    let project = Project::new(&[("three.toml", THREE)]);
    let plan = project.plan(&[("three.toml", None)]);
    run(&plan, &project.batch("whole", 1, Existing::Refuse));
    let (part, notes) = run_until(&plan, &project.batch("part", 1, Existing::Refuse), 1);
    assert_eq!((part.finished.len(), notes.len()), (0, 1));
    assert_eq!(part.interrupted, [(project.path("part/three"), 1, 3)]);
    let refused = ResultFolder::open(&project.path("part/three"));
    assert!(matches!(refused, Err(ResultError::Unfinished { .. })));
    let (done, notes) = run(&plan, &project.batch("part", 1, Existing::Resume));
    assert_eq!(notes.iter().map(|(_, _, kept)| *kept).collect::<Vec<_>>(), [true, false, false]);
    assert!(done.interrupted.is_empty());
    assert!(tree(&project.path("whole")) == tree(&project.path("part")), "as if it had not been interrupted");
}

#[test]
fn a_batch_that_is_stopped_before_it_begins_finishes_nothing() {
    let project = Project::new(&[("three.toml", THREE)]);
    let plan = project.plan(&[("three.toml", None)]);
    let (result, notes) = run_until(&plan, &project.batch("out", 2, Existing::Refuse), 0);
    assert_eq!((result.finished.len(), notes.len()), (0, 0));
    assert_eq!(result.interrupted, [(project.path("out/three"), 0, 3)]);
}

#[test]
fn resuming_after_a_file_has_changed_runs_all_of_it_again() {
    let project = Project::new(&[("three.toml", THREE)]);
    run_until(&project.plan(&[("three.toml", None)]), &project.batch("out", 1, Existing::Refuse), 2);
    project.write("three.toml", &THREE.replace("0.05 s", "0.06 s"));
    let plan = project.plan(&[("three.toml", None)]);
    let (result, notes) = run(&plan, &project.batch("out", 1, Existing::Resume));
    assert!(notes.iter().all(|(_, _, kept)| !kept), "{notes:?}");
    assert!(result.finished[0].1.cases.iter().all(|c| c.simulated_s > 0.06 - 1e-9));
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let project = Project::new(&[("one.toml", &single())]);
    let plan = project.plan(&[("one.toml", None)]);
    let batch = project.batch("out", 1, Existing::Refuse);
    run(&plan, &batch);
    let before = tree(&project.path("out"));
    let notes = Notes::new(usize::MAX);
    let refused = run_batch(&plan, &batch, &notes, &notes.stop);
    assert!(matches!(refused, Err(BatchError::Result(ResultError::NotEmpty { .. }))), "{refused:?}");
    assert!(before == tree(&project.path("out")));
    fs::create_dir_all(project.path("mine/one")).unwrap();
    fs::write(project.path("mine/one/thesis.txt"), "years of work").unwrap();
    let refused = run_batch(&plan, &project.batch("mine", 1, Existing::Resume), &notes, &notes.stop);
    assert!(matches!(refused, Err(BatchError::Result(ResultError::Foreign { .. }))), "{refused:?}");
    assert_eq!(fs::read_to_string(project.path("mine/one/thesis.txt")).unwrap(), "years of work");
}

#[test]
fn scenarios_of_one_name_get_folders_of_their_own() {
    let one = single();
    let project = Project::new(&[
        ("x.toml", &one),
        ("a/x.toml", &one),
        ("b/x.toml", &one),
        ("b-x.toml", &one),
        ("three.toml", THREE),
    ]);
    let targets = [
        ("x.toml", None),
        ("a/x.toml", None),
        ("b/x.toml", None),
        ("b-x.toml", None),
        ("three.toml", Some("1")),
        ("three.toml", Some("2")),
        ("three.toml", Some("1")),
    ];
    let (result, _) = run(&project.plan(&targets), &project.batch("out", 2, Existing::Refuse));
    let found = names(&result);
    assert_eq!(found[..3], ["x", "a-x", "b-x"]);
    let mut all = found.clone();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 7, "{found:?}");
    for (folder, _) in &result.finished {
        assert!(ResultFolder::open(folder).is_ok(), "{}", folder.display());
    }
}

#[test]
fn one_case_of_several_is_a_result_that_replays() {
    let project = Project::new(&[("three.toml", THREE)]);
    let (result, _) =
        run(&project.plan(&[("three.toml", Some("2"))]), &project.batch("out", 1, Existing::Refuse));
    let cases = &result.finished[0].1.cases;
    assert_eq!(cases.len(), 1);
    assert!(cases[0].case.contains("0.2 kg"));
    assert!(
        replay(&result.finished[0].0, None, &Controllers::default(), &mut |_, _| true)
            .unwrap()
            .is_identical()
    );
}

#[test]
fn what_the_command_changed_is_remembered_and_replays() {
    let project = Project::new(&[("one.toml", &single()), ("three.toml", THREE)]);
    let set =
        |pairs: &[(&str, &str)]| pairs.iter().map(|(p, v)| ((*p).to_owned(), (*v).to_owned())).collect();
    let role = vec![("arm".to_owned(), "psm1".to_owned())];
    let all = Overrides {
        scene: Some("trocar:scenes/psm_bench.toml".to_owned()),
        set: set(&[("arm.load", "0.25 kg"), ("arm.*.friction.coulomb", "0 N m")]),
        roles: role.clone(),
        seed: Some(77),
        controllers: Vec::new(),
    };
    let all = Overrides { set: set(&[("arm.load", "0.25 kg"), ("arm.speed", "50 %")]), ..all };
    // Two names of one parameter are one parameter.
    let by_robot = Overrides { set: set(&[("psm1.load", "0.3 kg")]), ..Overrides::default() };
    let vary = Overrides { set: set(&[("arm.load", "0.3 kg")]), ..Overrides::default() };
    let mut digests = Vec::new();
    for (number, (file, overrides)) in [
        ("one.toml", &Overrides::default()),
        ("one.toml", &all),
        ("one.toml", &by_robot),
        ("three.toml", &vary),
    ]
    .into_iter()
    .enumerate()
    {
        let plan = project.plan_with(&[(file, None)], overrides);
        let batch = project.batch(&format!("out{number}"), 1, Existing::Refuse);
        let (result, _) = run(&plan, &batch);
        let (folder, scenario) = &result.finished[0];
        assert_eq!(scenario.cases.len(), 1, "what is set is not varied");
        let replayed = replay(folder, None, &Controllers::default(), &mut |_, _| true).unwrap();
        assert!(replayed.is_identical(), "{overrides:?}: {replayed:?}");
        let remembered = overrides_of(&scenario.scenario);
        assert_eq!(remembered.seed, Some(overrides.seed.unwrap_or(5)));
        assert_eq!((&remembered.scene, &remembered.roles), (&overrides.scene, &overrides.roles));
        assert!(remembered.set.iter().all(|pair| overrides.set.contains(pair)));
        digests.push(scenario.cases[0].digest.clone());
    }
    assert_ne!(digests[0], digests[1]);
    assert_eq!(digests[2], digests[3], "0.3 kg each");
    assert_ne!(digests[0], digests[2]);
}

#[test]
fn where_a_project_lies_is_no_part_of_its_result() {
    // The files of a test lie elsewhere than the folder it runs in: what is shown of their paths differs from machine
    // to machine, and what is kept does not.
    let trees = [(), ()].map(|()| {
        let project = Project::new(&[("deep/er/three.toml", THREE)]);
        let plan = project.plan(&[("deep/er/three.toml", None)]);
        run(&plan, &project.batch("out", 1, Existing::Refuse));
        tree(&project.path("out"))
    });
    assert!(trees[0] == trees[1]);
}
