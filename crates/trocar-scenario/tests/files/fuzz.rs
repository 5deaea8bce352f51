//! Whatever a file holds: no panic, no internal error, every caret inside its file.

use crate::common::{ROBOT, SCENARIO, SCENE, project};
use proptest::prelude::*;
use std::collections::BTreeMap;
use trocar_scenario::{Failure, Files, Overrides, check, load, render};

const FILES: [&str; 3] = [SCENARIO, SCENE, ROBOT];

fn assert_sound(failure: &Failure) {
    assert!(!failure.diagnostics.is_empty());
    for diagnostic in &failure.diagnostics {
        assert_ne!(diagnostic.code, "internal", "{diagnostic:?}");
        for label in &diagnostic.labels {
            if let Some(file) = failure.files.iter().find(|file| file.shown == label.file) {
                assert!(file.text.get(label.range.clone()).is_some(), "{diagnostic:?}");
            }
        }
    }
    let text = render::to_text(&failure.diagnostics, &failure.files, false);
    assert!(text.matches("error").count() >= failure.diagnostics.len());
    assert!(render::to_json(&failure.diagnostics, &failure.files).is_array());
}

fn load_whatever(files: BTreeMap<String, String>) {
    let files = Files::in_memory(files);
    if let Err(failure) = load(&files, SCENARIO, &Overrides::default()) {
        assert_sound(&failure);
    }
}

/// One change of a text. Places are fractions of its length, so that they fit whatever was changed before.
#[derive(Clone, Debug)]
enum Change {
    RemoveLine(f64),
    RepeatLine(f64),
    SwapLines(f64, f64),
    /// The value of one `key = value` line goes to another.
    MoveValue(f64, f64),
    SetValue(f64, &'static str),
    Insert(f64, String),
    Cut(f64, usize),
}

const VALUES: [&str; 24] = [
    "1",
    "-1",
    "0",
    "1.5",
    "1e400",
    "nan",
    "true",
    "\"\"",
    "\"x\"",
    "\"5 mm\"",
    "\"5 kN/m\"",
    "\"-5 deg\"",
    "\"100 %\"",
    "[]",
    "[1]",
    "[\"1 m\", \"2 m\"]",
    "{}",
    "{ value = \"1 kg\" }",
    "{ value = 3, standing = \"assumed\" }",
    "{ kind = \"example\" }",
    "[[1, 2], [3]]",
    "2020-01-01",
    "{ a = { b = { c = [1] } } }",
    "\"arm.x and not\"",
];

fn change() -> impl Strategy<Value = Change> {
    let at = || 0.0..1.0f64;
    prop_oneof![
        at().prop_map(Change::RemoveLine),
        at().prop_map(Change::RepeatLine),
        (at(), at()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        (at(), at()).prop_map(|(a, b)| Change::MoveValue(a, b)),
        (at(), prop::sample::select(VALUES.to_vec())).prop_map(|(a, value)| Change::SetValue(a, value)),
        (at(), "[a-z\\[\\]{}=\".,#é\\\\\n0-9 ]{1,4}").prop_map(|(a, text)| Change::Insert(a, text)),
        (at(), 1..20usize).prop_map(|(a, length)| Change::Cut(a, length)),
    ]
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "fractions of a length")]
fn place(at: f64, length: usize) -> usize {
    (at * length as f64) as usize
}

fn apply(text: &str, change: &Change) -> String {
    let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let line = |at: f64, lines: &Vec<String>| place(at, lines.len());
    let boundary = |at: f64| {
        let mut at = place(at, text.len());
        while !text.is_char_boundary(at) {
            at += 1;
        }
        at
    };
    match change {
        Change::RemoveLine(at) => drop(lines.remove(line(*at, &lines))),
        Change::RepeatLine(at) => {
            let at = line(*at, &lines);
            lines.insert(at, lines[at].clone());
        }
        Change::SwapLines(a, b) => {
            let (a, b) = (line(*a, &lines), line(*b, &lines));
            lines.swap(a, b);
        }
        Change::MoveValue(a, b) => {
            let value = lines[line(*a, &lines)].split_once('=').map(|(_, value)| value.to_owned());
            let b = line(*b, &lines);
            if let (Some(value), Some((key, _))) = (value, lines[b].split_once('=')) {
                lines[b] = format!("{key}={value}");
            }
        }
        Change::SetValue(at, value) => {
            let at = line(*at, &lines);
            if let Some((key, _)) = lines[at].split_once('=') {
                lines[at] = format!("{key}= {value}");
            }
        }
        Change::Insert(at, piece) => {
            let at = boundary(*at);
            return format!("{}{piece}{}", &text[..at], &text[at..]);
        }
        Change::Cut(at, length) => {
            let from = boundary(*at);
            return text[..from].chars().chain(text[from..].chars().skip(*length)).collect();
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn changed_files(of in 0..3usize, changes in prop::collection::vec(change(), 1..6)) {
        let mut files = project();
        let text = files.get_mut(FILES[of]).unwrap();
        for change in &changes {
            *text = apply(text, change);
        }
        load_whatever(files);
    }

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        let mut files = project();
        files.insert(SCENARIO.to_owned(), text);
        load_whatever(files);
    }

    #[test]
    fn pieces_of_toml(pieces in prop::collection::vec(prop::sample::select(vec![
        "format", "kind", "title", "roles", "phases", "arm", "a.b", "\"a.b\"", "=", "=", "=", ".", "[", "]", "[[", "]]", "{", "}",
        ",", "\n", "\n", "\n", "'", "\"", "'''", "\"\"\"", "#", "1", "-0", "1e9", "nan", "true", "1979-05-27T07:32:00Z", "\"scene\"",
        "\"robot\"", "\\u0000", "\\", "\u{1f600}", "\t", "\r", "\r\n", "\u{feff}", "0x", "_",
    ]), 0..60)) {
        let files = Files::in_memory([("a.toml".to_owned(), pieces.concat())].into());
        if let Err(failure) = check(&files, "a.toml") {
            assert_sound(&failure);
        }
    }

    #[test]
    fn any_bytes_on_disk(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), &bytes).unwrap();
        let (files, address) = Files::open(&folder.path().join("a.toml")).unwrap();
        if let Err(failure) = check(&files, &address) {
            assert_sound(&failure);
        }
    }
}
