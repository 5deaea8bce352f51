//! Three mistakes of different kinds, anywhere in any shipped file, are explained in one check, and they cause no others.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use trocar_scenario::{Files, Overrides, render};
use trocar_signal::{Diagnostic, Severity};

/// The library's files as those of a project: address to text.
fn project() -> BTreeMap<String, String> {
    let library = Files::library();
    let listed = library.list("").expect("the library");
    let read = |address: &String| {
        let text = library.read(address).expect("a file of the library").text;
        (address.trim_start_matches("trocar:").to_owned(), text)
    };
    // What is listed are the files with a schema; a motion table is no less part of the project.
    let tables = ["stride", "stride_upright", "reach"]
        .map(|table| format!("trocar:scenarios/exoskeleton/{table}.csv"));
    listed.iter().chain(&tables).map(read).collect()
}

/// One slip: where the text changes and to what.
#[derive(Clone, Debug)]
struct Slip {
    kind: &'static str,
    at: std::ops::Range<usize>,
    to: String,
}

fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// A word with its last letter twice: a slip that has no other meaning.
fn slipped(word: &str) -> String {
    let last = word.chars().last().expect("a word");
    format!("{word}{last}")
}

/// The texts in quotes, outside comments, that a line holds, with where they begin, and the key that stands before each.
fn texts(line: &str) -> Vec<(usize, &str, &str)> {
    let mut found = Vec::new();
    let (mut open, mut key) = (None, "");
    let mut word = 0;
    for (at, c) in line.char_indices() {
        match (c, open) {
            ('#', None) => break,
            ('"', None) => open = Some(at + 1),
            ('"', Some(from)) => {
                found.push((from, &line[from..at], key));
                open = None;
            }
            ('=', None) => key = line[word..at].trim(),
            ('{' | ',' | '[', None) => word = at + 1,
            _ => {}
        }
    }
    found
}

const PROSE: [&str; 9] =
    ["title", "purpose", "references", "departures", "why", "document", "source", "standing", "meaning"];

/// Every slip that this test knows for a file: keys, units, words, references, numbers, formulas.
fn slips(text: &str) -> Vec<Slip> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut section = "";
    for line in text.split_inclusive('\n') {
        let trimmed = line.trim();
        if let Some(header) = trimmed.strip_prefix('[') {
            section = header.trim_start_matches('[').split(']').next().unwrap_or("");
        }
        let mut add = |kind, at: usize, length: usize, to: String| {
            found.push(Slip { kind, at: start + at..start + at + length, to });
        };
        let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || c == '_') && !key.is_empty();
        if !trimmed.starts_with(['#', '[', '{', '}', ']', '"'])
            && let Some((key, value)) = line.split_once('=')
            && is_key(key.trim())
        {
            let key = key.trim();
            let named = matches!(
                section,
                "roles"
                    | "declared"
                    | "sources"
                    | "setup"
                    | "instruments.recorder.channels"
                    | "poses.points"
                    | "postures"
            );
            if !named && key != "kind" && key != "format" {
                add("key", line.find(key).expect("there"), key.len(), slipped(key));
            }
            let number = value.split('#').next().unwrap_or("").trim();
            if matches!(key, "repeat" | "counts_per_turn" | "occurrence") && number.parse::<u32>().is_ok() {
                let at = line.find('=').expect("there") + 1 + value.find(number).expect("there");
                add("range", at, number.len(), "0".to_owned());
            }
        }
        for (at, inside, key) in texts(line) {
            let mut words = inside.split(' ');
            let is_number = words.next().is_some_and(|number| number.parse::<f64>().is_ok());
            let key = key.trim_start_matches('{').trim();
            if is_number && words.next().is_some() {
                let unit = inside.find(' ').expect("there") + 1;
                let wrong = if inside[unit..].contains("kg") { "s" } else { "kg" };
                add("dimension", at + unit, inside.len() - unit, wrong.to_owned());
                add("unit", at + unit, inside.len() - unit, "parsecs".to_owned());
            } else if PROSE.contains(&key)
                || section == "sources"
                || section == "roles"
                || inside.contains('*')
            {
                continue;
            } else if matches!(key, "formula" | "until") {
                add("formula", at + inside.len(), 0, " )".to_owned());
                if let Some(path) = inside.find("arm.") {
                    add("signal", path + at + 4, 1, "QQ".to_owned());
                }
            } else if matches!(key, "kind" | "pattern" | "drawn") {
                add("word", at, inside.len(), slipped(inside));
            } else if matches!(key, "parent" | "joint" | "scene" | "through") {
                add("name", at, inside.len(), slipped(inside));
            } else if key == "file" {
                add("file", at + inside.len() - 5, 0, "x".to_owned());
            } else if inside.starts_with("arm.")
                && !inside.contains(' ')
                && matches!(key, "target" | "of" | "command")
            {
                add("signal", at, inside.len(), slipped(inside));
            }
        }
        start += line.len();
    }
    found
}

/// Lines of a file that diagnostics speak of first.
fn lines(found: &[Diagnostic], address: &str, text: &str) -> BTreeSet<usize> {
    let of_file = found.iter().filter(|d| d.severity == Severity::Error).filter_map(|d| d.labels.first());
    of_file.filter(|label| label.file == address).map(|label| line_of(text, label.range.start)).collect()
}

#[test]
fn three_mistakes_in_any_shipped_file_are_explained_in_one_check() {
    let project = project();
    let mut weak = Vec::new();
    let mut checked = 0;
    for (address, text) in project.iter().filter(|(address, _)| address.ends_with(".toml")) {
        let slips = slips(text);
        let kinds: BTreeSet<&str> = slips.iter().map(|slip| slip.kind).collect();
        assert!(kinds.len() >= 3, "{address} has only slips of {kinds:?}");
        let rounds = if address.starts_with("scenarios") { 40 } else { 6 };
        for round in 0..rounds {
            // A walk over the file's slips that takes another three each time.
            let mut chosen: Vec<&Slip> = Vec::new();
            for step in 0..slips.len() {
                let slip = &slips[(round * 17 + step * 29) % slips.len()];
                let line = line_of(text, slip.at.start);
                let is_other =
                    |other: &&Slip| other.kind != slip.kind && line_of(text, other.at.start) != line;
                if chosen.len() < 3 && chosen.iter().all(is_other) {
                    chosen.push(slip);
                }
            }
            if chosen.len() < 3 {
                continue;
            }
            let expected: BTreeSet<usize> = chosen.iter().map(|slip| line_of(text, slip.at.start)).collect();
            let mut broken = text.clone();
            let mut in_order = chosen.clone();
            in_order.sort_by_key(|slip| std::cmp::Reverse(slip.at.start));
            for slip in in_order {
                broken.replace_range(slip.at.clone(), &slip.to);
            }
            let mut files = project.clone();
            files.insert(address.clone(), broken.clone());
            let failure = trocar_sim::check(&Files::in_memory(files), address, &Overrides::default())
                .expect_err("mistakes");
            checked += 1;
            let said = lines(&failure.diagnostics, address, &broken);
            let errors = failure.diagnostics.iter().filter(|d| d.severity == Severity::Error).count();
            if said != expected || errors != 3 {
                let report = render::to_text(&failure.diagnostics, &failure.files, false);
                let report: String =
                    report.lines().filter(|l| l.contains("error") || l.contains("--> ")).collect();
                weak.push(format!(
                    "{address}: {chosen:?} expected lines {expected:?}, said {said:?} {report}"
                ));
            }
        }
    }
    assert!(checked > 250, "only {checked} were checked");
    let shown: Vec<&String> = weak.iter().take(40).collect();
    // Known, 37 of 2230: of a wrong unit and a wrong dimension in one instrument the latter is said once the former is mended; a
    // mistake in a row of `[for_each]` hides behind another in a table that uses the row; `axis 11` of an arm of seven is said where
    // it is used, too. Each is said by the next check at the latest; one in a hundred would be better.
    assert!(weak.len() * 50 <= checked, "{} of {checked}:\n{shown:#?}", weak.len());
}

/// A scenario, its scene and its robot, each with a mistake: one check says all three, at the place of each.
#[test]
fn mistakes_in_several_files_come_together() {
    let mut files = project();
    let scenario = "scenarios/laparoscopic/faults/encoder_stuck.toml";
    for (address, from, to) in [
        (scenario, "arm.$joint.encoder.position\"\nkind", "arm.pich.encoder.position\"\nkind"),
        ("scenes/psm_bench.toml", "pitch = \"-8 deg\"", "ptch = \"-8 deg\""),
        ("scenes/robots/psm_classic.toml", "6.0671854837 kg", "-6.0671854837 kg"),
    ] {
        let text = files.get_mut(address).expect("a file");
        assert!(text.contains(from), "{address}: {from}");
        *text = text.replacen(from, to, 1);
    }
    let robot = &files["scenes/robots/psm_classic.toml"];
    let mass =
        format!("psm_classic.toml:{}:", line_of(robot, robot.find("-6.0671854837").expect("the mass")));
    let files = Files::in_memory(files);
    let failure = trocar_sim::check(&files, scenario, &Overrides::default()).expect_err("mistakes");
    let report = render::to_text(&failure.diagnostics, &failure.files, false);
    assert_eq!(failure.diagnostics.len(), 3, "{report}");
    for (place, word) in [
        ("scenes/psm_bench.toml:10:26", "did you mean `pitch`?"),
        (mass.as_str(), "a mass must be greater than zero"),
        ("encoder_stuck.toml:44:20", "did you mean `pitch`?"),
    ] {
        assert!(report.contains(place) && report.contains(word), "{place}, {word}:\n{report}");
    }
    // Checked as a whole project, the robot's mistake is said once, though several files use the robot.
    let mut checks = trocar_sim::Checks::default();
    files.list("").expect("listed").iter().for_each(|address| checks.add(&files, address));
    assert_eq!(checks.count(Severity::Error), 3);
}

/// What no device reads cannot fail: said by name, with the reason and where to look.
#[test]
fn faults_on_truth_and_on_the_program_are_refused() {
    let scenario = "scenarios/laparoscopic/faults/encoder_stuck.toml";
    for (target, reason) in [
        ("arm.truth.js.position.pitch", "what really happens"),
        ("program.phase", "the test's own book"),
        ("tracker.tool_tip.position.x", "no device reads an instrument"),
    ] {
        let mut files = project();
        let text = files.get_mut(scenario).expect("a file");
        *text = text.replacen(
            "target      = \"arm.$joint.encoder.position\"",
            &format!("target = \"{target}\""),
            1,
        );
        let failure = trocar_sim::check(&Files::in_memory(files), scenario, &Overrides::default());
        let failure = failure.expect_err("a mistake");
        let report = render::to_text(&failure.diagnostics, &failure.files, false);
        assert!(report.contains(&format!("`{target}` cannot fail")) && report.contains(reason), "{report}");
        assert!(report.contains("--faults"), "{report}");
        assert_eq!(failure.diagnostics.len(), 1, "{report}");
    }
}

/// SARIF 2.1.0 as its schema wants it: each result names a rule of the list at its place in it, and a region with lines and
/// columns from 1 in a file with a relative URI. (Held once against the published schema itself with a JSON Schema
/// validator; the schema is not part of this repository.)
#[test]
fn mistakes_as_sarif_name_rule_and_place() {
    let mut files = project();
    let scenario = "scenarios/laparoscopic/latency/step_delay.toml";
    let text = files.get_mut(scenario).expect("a file");
    *text = text.replacen("within = ", "wihtin = ", 1).replacen("recorder.motion", "recorder.moton", 1);
    let failure = trocar_sim::check(&Files::in_memory(files), scenario, &Overrides::default());
    let log = trocar_scenario::sarif::log(&[failure.expect_err("mistakes")], "0.0.0");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    let mut places = BTreeSet::new();
    for result in results {
        let place = usize::try_from(result["ruleIndex"].as_u64().expect("an index")).expect("small");
        assert_eq!(rules[place]["id"], result["ruleId"]);
        assert!(
            !rules[place]["shortDescription"]["text"]
                .as_str()
                .expect("a text")
                .contains("A mistake in a file")
        );
        assert_eq!(result["level"], "error");
        let physical = &result["locations"][0]["physicalLocation"];
        assert_eq!(physical["artifactLocation"]["uri"], scenario);
        let number = |key: &str| physical["region"][key].as_u64().expect("a number");
        assert!(number("startColumn") >= 1 && number("endColumn") > number("startColumn"));
        places.insert((result["ruleId"].as_str().expect("a code"), number("startLine")));
    }
    assert_eq!(places, BTreeSet::from([("unknown-key", 31), ("unknown-signal", 41)]), "{log:#}");
}
