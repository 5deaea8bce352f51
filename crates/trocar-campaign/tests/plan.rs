//! What a plan takes up, and what stops it.
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Project, THREE, single};
use trocar_campaign::{Plan, Target};
use trocar_scenario::Overrides;

/// File names without their folder, with the places of the cases.
fn taken(plan: &Plan) -> Vec<(String, Vec<usize>)> {
    let name = |shown: &str| shown.rsplit('/').next().unwrap_or(shown).to_owned();
    plan.scenarios.iter().map(|p| (name(&p.shown), p.cases.clone())).collect()
}

fn whole(names: &[&str]) -> Vec<(String, Vec<usize>)> {
    names.iter().map(|name| ((*name).to_owned(), vec![0])).collect()
}

/// Every sentence of what stops a plan.
#[track_caller]
fn said(targets: &[Target]) -> String {
    match Plan::new(targets, &Overrides::default()) {
        Ok(plan) => panic!("it plans {} cases", plan.case_count()),
        Err(failures) => {
            let all = failures.iter().flat_map(|f| &f.diagnostics);
            all.map(|d| format!("{}\n{}\n", d.title, d.notes.join("\n"))).collect()
        }
    }
}

#[test]
fn a_folder_gives_its_scenarios_sorted_and_passes_over_what_is_none() {
    let one = single();
    let project = Project::new(&[
        ("tests/b.toml", &one),
        ("tests/a.toml", &one),
        ("tests/deep/er/c.toml", &one),
        ("tests/expected.json", "{}"),
        ("tests/notes.md", "# not a scenario"),
        ("tests/part.toml", "format = 1\nkind = \"part\"\n[setup]\n"),
        ("tests/scene.toml", "format = 1\nkind = \"scene\"\ntitle = \"x\"\n"),
    ]);
    let plan = project.plan(&[("tests", None)]);
    assert_eq!(taken(&plan), whole(&["a.toml", "b.toml", "c.toml"]));
    assert_eq!(plan.case_count(), 3);
    // What was taken already is not taken again, and files keep the order in which they were typed.
    let plan = project.plan(&[("tests/b.toml", None), ("tests", None), ("tests/b.toml", None)]);
    assert_eq!(taken(&plan), whole(&["b.toml", "a.toml", "c.toml"]));
}

/// `trocar run .` in a project that had been run before ran the copies in its results too.
#[test]
fn copies_in_the_results_of_earlier_runs_are_no_scenarios() {
    let one = single();
    let project = Project::new(&[
        ("scenarios/a.toml", &one),
        ("results/run-001/a/inputs/scenarios/a.toml", &one),
        ("results/run-001/a/cases/_/outcome.json", "{}"),
        ("results/run-001/b/library/scenarios/b.toml", &one),
        ("results/run-001/b/cases/_/outcome.json", "{}"),
        // Not a result: whoever calls his folder so means it.
        ("inputs/c.toml", &one),
    ]);
    assert_eq!(taken(&project.plan(&[("", None)])), whole(&["c.toml", "a.toml"]));
    // Asked for by name, a copy runs.
    let inputs = project.plan(&[("results/run-001/a/inputs", None)]);
    assert_eq!(taken(&inputs), whole(&["a.toml"]));
}

#[test]
fn one_case_is_named_by_number_or_by_name() {
    let project = Project::new(&[("three.toml", THREE)]);
    let all = project.plan(&[("three.toml", None)]);
    assert_eq!(all.scenarios[0].cases, [0, 1, 2]);
    let name = all.scenarios[0].loaded.cases[2].name.clone();
    assert_eq!(project.plan(&[("three.toml", Some("2"))]).scenarios[0].cases, [1]);
    assert_eq!(project.plan(&[("three.toml", Some(&name))]).scenarios[0].cases, [2]);
    let said = said(&[project.target("three.toml", Some("4"))]);
    assert!(said.contains("has no case `4`") && said.contains(&name), "{said}");
}

#[test]
fn a_file_that_is_asked_for_after_one_of_its_cases_is_taken_whole() {
    let project = Project::new(&[("three.toml", THREE)]);
    let plan = project.plan(&[("three.toml", Some("2")), ("three.toml", None)]);
    let cases: Vec<usize> = plan.scenarios.iter().flat_map(|p| p.cases.clone()).collect();
    assert!([0, 1, 2].iter().all(|case| cases.contains(case)), "{cases:?}");
}

#[test]
fn with_one_bad_file_nothing_is_planned_and_every_mistake_is_said() {
    let one = single();
    let unknown = one.replace("arm.truth.tip.position.x", "arm.truth.tip.position.u");
    let project = Project::new(&[
        ("tests/good.toml", &one),
        ("tests/bad_syntax.toml", "format = = 1"),
        ("tests/bad_meaning.toml", &unknown),
    ]);
    let said = said(&[project.target("tests", None), project.target("nowhere.toml", None)]);
    for words in ["arm.truth.tip.position.u", "nowhere.toml"] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    let Err(failures) = Plan::new(&[project.target("tests", None)], &Overrides::default()) else { panic!() };
    assert_eq!(failures.len(), 2, "one for each bad file");
}

#[test]
fn a_bad_value_of_a_later_case_stops_the_plan() {
    let bad = THREE.replace("\"0.3 kg\"]", "\"0.3 mm\"]");
    let project = Project::new(&[("three.toml", &bad)]);
    assert!(said(&[project.target("three.toml", None)]).contains("mass"));
}

#[test]
fn a_folder_without_a_scenario_says_so() {
    let project = Project::new(&[("tests/notes.md", "nothing")]);
    assert!(said(&[project.target("tests", None)]).contains("there is no scenario in"));
}

#[test]
fn what_is_typed_is_a_file_and_perhaps_a_case() {
    let parse = |typed: &str| {
        let target = Target::parse(typed);
        (target.path.to_string_lossy().into_owned(), target.case)
    };
    assert_eq!(parse("a/b.toml"), ("a/b.toml".to_owned(), None));
    assert_eq!(parse("a/b.toml#3"), ("a/b.toml".to_owned(), Some("3".to_owned())));
    assert_eq!(parse("b.toml#load = 1 kg"), ("b.toml".to_owned(), Some("load = 1 kg".to_owned())));
    // A file whose name holds the sign.
    let project = Project::new(&[("odd#2.toml", "x")]);
    let odd = project.path("odd#2.toml");
    assert_eq!(Target::parse(odd.to_str().unwrap()), Target { path: odd, case: None, with_long: false });
}
