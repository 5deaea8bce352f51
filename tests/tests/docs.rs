//! What is written about Trocar is what Trocar does.
#![expect(clippy::panic, clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::collections::BTreeMap;
use trocar_scenario::{reference, schema};
use trocar_tests::{root, trocar};

fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

#[test]
fn schemas_are_current() {
    for (kind, json) in schema::as_written() {
        let path = format!("schemas/{kind}.schema.json");
        assert!(
            text(&path) == format!("{json:#}\n"),
            "{path} is old; make it anew: trocar schema {kind} > {path}"
        );
    }
}

#[test]
fn the_reference_of_keys_is_current() {
    let path = "docs/file-reference.md";
    assert!(
        text(path) == reference::markdown(),
        "{path} is old; make it anew: trocar schema reference > {path}"
    );
}

/// Every command that a document shows is one that the binary knows, with options that it knows.
#[test]
fn commands_in_documents_exist() {
    let mut help: BTreeMap<String, String> = BTreeMap::new();
    let mut seen = 0;
    let mut documents: Vec<std::path::PathBuf> =
        std::fs::read_dir(root().join("docs")).expect("docs").map(|e| e.expect("an entry").path()).collect();
    documents.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    for document in documents.iter().filter(|path| path.extension().is_some_and(|e| e == "md")) {
        let text = std::fs::read_to_string(document).expect("a document");
        // `trocar COMMAND …` in code: after a backtick, at a line's start, or behind cargo's `--`.
        for line in text.lines() {
            let starts = line.match_indices("trocar ").map(|(at, word)| at + word.len());
            let starts = starts.filter(|at| {
                let before = &line[..at - "trocar ".len()];
                before.is_empty() || before.ends_with('`')
            });
            let by_cargo = line.match_indices("cargo run --release -- ").map(|(at, word)| at + word.len());
            for start in starts.chain(by_cargo) {
                let code = line[start..].split(['`', '#', '|']).next().unwrap_or("");
                let mut words = code.split_whitespace();
                let Some(command) = words.next().filter(|w| w.chars().all(|c| c.is_ascii_lowercase())) else {
                    continue;
                };
                let help = help
                    .entry(command.to_owned())
                    .or_insert_with(|| trocar(&root(), &[command, "--help"]).expect(0).out);
                for option in words.filter(|word| word.starts_with("--")) {
                    let option = option.split('=').next().unwrap_or(option).trim_end_matches([',', '.', ')']);
                    assert!(
                        help.contains(option),
                        "{}: `trocar {command}` has no {option}",
                        document.display()
                    );
                }
                seen += 1;
            }
        }
    }
    assert!(seen > 10, "documents show commands: {seen}");
}

/// Links between documents lead somewhere.
#[test]
fn links_in_documents_lead_somewhere() {
    let mut seen = 0;
    for folder in ["", "docs"] {
        for entry in std::fs::read_dir(root().join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_none_or(|e| e != "md") {
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a document");
            for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                let file = target.split('#').next().unwrap_or(target);
                if file.is_empty() || file.contains("://") || file.contains(' ') {
                    continue;
                }
                let there = path.parent().expect("a folder").join(file);
                assert!(there.exists(), "{}: {target} leads nowhere", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 5, "{seen}");
}

#[test]
fn shipped_files_have_no_mistake_and_no_warning() {
    let said = trocar(&root(), &["check", "scenarios", "scenes"]).expect(0);
    assert!(said.err.contains("no mistake") && !said.err.contains("warning"), "{}", said.err);
}

/// The README's first command, and its promise that the verdicts are those recorded. Every table has what a reader needs
/// to quote it; every result replays.
#[test]
fn shipped_scenarios_give_the_verdicts_recorded() {
    let out = tempfile::tempdir().expect("a folder");
    let results = out.path().join("results");
    let results = results.to_str().expect("UTF-8");
    let said =
        trocar(&root(), &["run", "scenarios", "--out", results, "--expect", "scenarios/expected.json"])
            .expect(0);
    for word in
        ["PASS", "FAIL", "±", "standing:", "assumed", "k = 2", "replay:", "latencies:", "compute time"]
    {
        assert!(said.out.contains(word), "{word} is not in\n{}", said.out);
    }
    let expected: BTreeMap<String, String> =
        serde_json::from_str(&text("scenarios/expected.json")).expect("JSON");
    for name in expected.keys() {
        let (scenario, requirement) = name.rsplit_once('/').expect("SCENARIO/REQUIREMENT");
        let scenario = scenario.split('#').next().unwrap_or(scenario);
        assert!(said.out.lines().any(|line| line.starts_with(&format!("{scenario} @"))), "{scenario}");
        assert!(
            said.out.lines().any(|line| line.trim_start().starts_with(&format!("{requirement} "))),
            "{requirement}"
        );
    }
    // Each row of a verdict: figure, relation and limit, whose limit, margin, verdict.
    let is_row = |line: &&str| {
        (line.ends_with(" PASS") || line.ends_with(" FAIL")) && !line.contains("control without the fault")
    };
    let rows: Vec<&str> = said.out.lines().filter(is_row).collect();
    // Of the cases of a scenario the worst is shown.
    let without_case = |name: &String| {
        let (scenario, requirement) = name.rsplit_once('/')?;
        Some((scenario.split('#').next()?.to_owned(), requirement.to_owned()))
    };
    let distinct: std::collections::BTreeSet<_> = expected.keys().filter_map(without_case).collect();
    assert_eq!(rows.len(), distinct.len());
    for row in rows {
        assert!(row.contains(" ≤ ") || row.contains(" ≥ "), "{row}");
        assert!(["example", "file", "declared"].iter().any(|owner| row.contains(owner)), "{row}");
        assert!(row.contains(" +") || row.contains(" −"), "{row}");
    }
    let replayed = trocar(out.path(), &["replay", "results/step_delay"]).expect(0);
    assert_eq!(replayed.out, "joint = yaw: identical\n");
}

/// docs/robots.md says what every method comes to on every robot whose verdicts are recorded.
#[test]
fn the_tables_of_methods_are_current() {
    let of_arms = table_of_methods(
        "laparoscopic",
        &[
            ("`psm_classic`", "scenarios/expected.json"),
            ("`psm_si`", "scenarios/expected_on_psm_si.json"),
            ("`raven2`", "scenarios/expected_on_raven2.json"),
            ("the tutorial's", "scenarios/expected_on_tutorial_arm.json"),
        ],
    );
    let of_exoskeletons = table_of_methods(
        "exoskeleton",
        &[
            ("its own scene", "scenarios/expected.json"),
            ("`fourier_x2`", "scenarios/expected_on_fourier_x2.json"),
            ("`gait_trainer`", "scenarios/expected_on_gait_trainer.json"),
            ("`agree`", "scenarios/expected_on_agree.json"),
        ],
    );
    for said in [of_arms, of_exoskeletons] {
        assert!(text("docs/robots.md").contains(&said), "docs/robots.md should hold:\n{said}");
    }
}

/// What the methods of a device's folder come to, by the files of recorded verdicts.
fn table_of_methods(device: &str, robots: &[(&str, &str)]) -> String {
    let folder = root().join("scenarios").join(device);
    let kinds = std::fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let methods: std::collections::BTreeSet<String> = kinds
        .filter(|kind| kind.is_dir())
        .flat_map(|kind| std::fs::read_dir(kind).expect("a folder"))
        .map(|file| file.expect("a file").path().file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    type Counts = std::collections::BTreeMap<String, usize>;
    let mut table: std::collections::BTreeMap<String, Vec<Counts>> = std::collections::BTreeMap::new();
    for (place, (_, file)) in robots.iter().enumerate() {
        let verdicts: std::collections::BTreeMap<String, String> =
            serde_json::from_str(&text(file)).expect("verdicts");
        for (key, verdict) in verdicts {
            let method = key.split(['#', '/']).next().unwrap_or_default().to_owned();
            if !methods.contains(&method) {
                continue;
            }
            let row = table.entry(method).or_insert_with(|| vec![Counts::new(); robots.len()]);
            *row[place].entry(verdict).or_default() += 1;
        }
    }
    let names: Vec<&str> = robots.iter().map(|(name, _)| *name).collect();
    let mut said = format!("| method | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len()));
    for (method, row) in table {
        let cells: Vec<String> = row
            .iter()
            .map(|counts| counts.iter().map(|(word, n)| format!("{n} {word}")).collect::<Vec<_>>().join(", "))
            .collect();
        said.push_str(&format!("| `{method}` | {} |\n", cells.join(" | ")));
    }
    said
}
