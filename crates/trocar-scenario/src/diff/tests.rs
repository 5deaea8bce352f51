use super::*;
use crate::source::Files;
use crate::{Overrides, load, load_robot};
use std::collections::BTreeMap;

const SCENARIO: &str = "scenarios/laparoscopic/accuracy/pose_repeatability.toml";
const ROBOT: &str = "scenes/robots/psm_classic.toml";

fn project() -> BTreeMap<String, String> {
    let library = Files::library();
    let read = |address: String| {
        let text = library.read(&address).unwrap().text;
        (address.trim_start_matches("trocar:").to_owned(), text)
    };
    library.list("").unwrap().into_iter().map(read).collect()
}

fn with(address: &str, changes: &[(&str, &str)]) -> Files {
    let mut files = project();
    let text = files.get_mut(address).unwrap();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        *text = text.replacen(from, to, 1);
    }
    Files::in_memory(files)
}

fn scenarios(changes: &[(&str, &str)]) -> Differences {
    let whole = |files: &Files| load(files, SCENARIO, &Overrides::default()).unwrap();
    diff_scenarios(&whole(&with(SCENARIO, &[])), &whole(&with(SCENARIO, changes)), Language::English)
}

fn robots(changes: &[(&str, &str)]) -> Differences {
    let whole = |files: &Files| load_robot(files, ROBOT).unwrap();
    diff_robots(&whole(&with(ROBOT, &[])), &whole(&with(ROBOT, changes)), Language::English)
}

#[test]
fn what_means_the_same_is_no_difference() {
    for changes in [
        vec![],
        vec![("\"60 mm\"", "\"0.06 m\""), ("\"10 min\"", "\"600 s\""), ("\"8 um\"", "\"0.008 mm\"")],
        // A default, said; a formula with parentheses and spaces; another order of signals; a comment.
        vec![("repeat = 31", "repeat = 31 # many")],
        vec![("[[phases]]\nname   = \"ready\"", "[[phases]]\nrepeat = 1\nname   = \"ready\"")],
        vec![("max(RP) <= arm", "(max( RP ))  <= arm")],
        vec![(
            "\"tracker.tool_tip.position.*\", \"arm.measured_js.position.*\"",
            "\"arm.measured_js.position.*\", \"tracker.tool_tip.position.*\"",
        )],
        vec![("seed     = 9283\n", ""), ("format     = 1", "seed = 9283\nformat     = 1")],
    ] {
        let found = scenarios(&changes);
        assert!(found.is_empty(), "{changes:?}: {}", found.to_text(Language::English));
    }
    assert!(robots(&[("\"0.050003 N m\"", "\"50.003 mN m\"")]).is_empty());
}

#[test]
fn each_change_is_one_line_in_words() {
    for (changes, lines) in [
        (
            vec![("repeat = 31", "repeat = 11")],
            vec!["Procedure", "phase “cycles”, repeats: 31 → 11 (−64.5 %)"],
        ),
        (vec![("\"60 mm\"", "\"50 mm\"")], vec!["Poses", "cube, side: 60 mm → 50 mm (−16.7 %)"]),
        (
            vec![("\"max(RP) <= arm.declared.pose_repeatability\"", "\"max(RP) <= 0.2 mm\"")],
            vec!["Decision", "the largest RP is at most 0.2 mm"],
        ),
        (vec![("\"guarded\" ", "\"simple\" ")], vec!["decision rule: guarded → simple"]),
        (
            vec![("[measures.RP_true]", "[measures.RP_real]")],
            vec!["RP_true", "only in 1", "RP_real", "only in 2"],
        ),
        (
            vec![("noise       = \"8 um\"", "noise       = \"9 um\"")],
            vec!["instrument “tracker”, noise: 8 µm → 9 µm"],
        ),
    ] {
        let found = scenarios(&changes);
        let text = found.to_text(Language::English);
        for line in lines {
            assert!(text.contains(line), "{line:?} is not in\n{text}");
        }
        assert!(!found.is_empty() && found.differences.len() <= 2, "{text}");
        assert!(!found.to_text(Language::Chinese).contains('{'));
    }
}

/// Relations: a file equals itself; a difference seen from the other side has its sides exchanged.
#[test]
fn differences_are_those_of_the_other_side_exchanged() {
    let files = with(SCENARIO, &[("repeat = 31", "repeat = 30"), ("[measures.RP_true]", "[measures.other]")]);
    let [a, b] = [with(SCENARIO, &[]), files].map(|f| load(&f, SCENARIO, &Overrides::default()).unwrap());
    let there = diff_scenarios(&a, &b, Language::English);
    let back = diff_scenarios(&b, &a, Language::English);
    let sides = |found: &Differences| {
        let mut all: Vec<_> =
            found.differences.iter().map(|d| (d.path.clone(), d.first.clone(), d.second.clone())).collect();
        all.sort();
        all
    };
    let mut exchanged: Vec<_> = sides(&back).into_iter().map(|(path, a, b)| (path, b, a)).collect();
    exchanged.sort();
    assert_eq!(sides(&there), exchanged);
    assert!(diff_scenarios(&b, &b, Language::English).is_empty());
}

#[test]
fn robots_differ_joint_by_joint_with_relative_change() {
    let found = robots(&[
        ("coulomb = \"0.050003 N m\"", "coulomb = \"0.060004 N m\""),
        ("\"1.588 rad\"", "\"1.5 rad\""),
    ]);
    let text = found.to_text(Language::English);
    assert_eq!(found.differences.len(), 2, "{text}");
    assert!(text.contains("coulomb: 0.050003 N m → 0.060004 N m (+20 %)"), "{text}");
    assert!(text.contains("joint “yaw”") && text.contains("1.588 rad") && text.contains("−5.54 %"), "{text}");
}
