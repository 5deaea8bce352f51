//! The tutorial is true: its commands run, its edits fit, and what it shows is what comes.
#![expect(clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};
use trocar_tests::{binary, root};

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    line: usize,
    lines: Vec<String>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut open = false;
    for (number, line) in text.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(_) if open => open = false,
            Some(language) => {
                open = true;
                found.push(Block { language: language.to_owned(), line: number + 1, lines: Vec::new() });
            }
            None if open => found.last_mut().expect("a block").lines.push(line.to_owned()),
            None => {}
        }
    }
    found
}

/// Runs the commands of a block, and holds what they print against what it shows.
fn run(block: &Block, folder: &mut PathBuf) {
    let mut at = 0;
    while at < block.lines.len() {
        let command = block.lines[at].strip_prefix("$ ").unwrap_or_else(|| {
            panic!("tutorial.md:{}: `{}` follows no command", block.line + at + 1, block.lines[at])
        });
        let shown: Vec<&str> = block.lines[at + 1..]
            .iter()
            .map(String::as_str)
            .take_while(|line| !line.starts_with("$ "))
            .collect();
        at += 1 + shown.len();
        if let Some(into) = command.strip_prefix("cd ") {
            folder.push(into);
            continue;
        }
        let printed = output(&words(command), folder);
        assert!(
            fits(&shown, &printed.lines().map(str::trim_end).collect::<Vec<_>>()),
            "tutorial.md:{}: {command} shows\n{}\nand prints\n{printed}",
            block.line,
            shown.join("\n")
        );
    }
}

/// A command's words; quotes hold one together.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().expect("a word").push(c),
        }
    }
    words
}

/// Both streams as a terminal shows them, which gets what is said before what is printed last.
fn output(command: &[String], folder: &Path) -> String {
    assert_eq!(command[0], "trocar");
    let done = std::process::Command::new(binary())
        .current_dir(folder)
        .args(&command[1..])
        .output()
        .expect("trocar runs");
    let code = done.status.code().expect("a code");
    assert!((0..=3).contains(&code), "{command:?} ended with {code}");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(done.stdout), text(done.stderr));
    if command[1] == "check" { err } else { out }
}

/// Whether lines are as shown, where `…` stands for any lines or none.
fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        Some((line, rest)) => {
            printed.split_first().is_some_and(|(first, more)| first == line && fits(rest, more))
        }
    }
}

/// Edits a file as a block says: each `-` line is replaced by the `+` line that follows it.
fn edit(block: &Block, folder: &Path) {
    let name = block.lines[0].strip_prefix("--- ").expect("a file");
    let path = folder.join(name);
    let mut text = std::fs::read_to_string(&path).expect("the file");
    for pair in block.lines[1..].chunks(2) {
        let from = pair[0].strip_prefix('-').expect("a line that goes");
        let to = pair[1].strip_prefix('+').expect("a line that comes");
        let line = text.lines().find(|line| line.starts_with(from));
        let line = line.unwrap_or_else(|| panic!("{name} has no line `{from}`")).to_owned();
        text = text.replacen(&line, &line.replacen(from, to, 1), 1);
    }
    std::fs::write(&path, text).expect("written");
}

#[test]
fn the_tutorial_is_true() {
    let text = std::fs::read_to_string(root().join("docs/tutorial.md")).expect("the tutorial");
    let temporary = tempfile::tempdir().expect("a folder");
    let mut folder = temporary.path().to_path_buf();
    let blocks = blocks(&text);
    assert!(blocks.iter().filter(|block| block.language == "console").count() >= 8);
    for block in &blocks {
        match block.language.as_str() {
            "console" => run(block, &mut folder),
            "diff" => edit(block, &folder),
            other => panic!("tutorial.md:{}: a block of `{other}`", block.line),
        }
    }
}

#[test]
fn elisions_stand_for_any_lines_and_nothing_else() {
    assert!(fits(&["a", "…", "d"], &["a", "b", "c", "d"]) && fits(&["…"], &[]) && fits(&["a", "…"], &["a"]));
    assert!(!fits(&["a"], &["a", "b"]) && !fits(&["a", "…", "c"], &["a", "b"]) && !fits(&["x"], &["y"]));
}
