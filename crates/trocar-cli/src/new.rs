//! `trocar new`

use crate::args::{NewArgs, NewKind};
use crate::output::{BAD_USAGE, ERROR, data, error, say};
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use trocar_scenario::Files;
use trocar_scenario::template::Template;

/// Starts a file or project; gives the exit code.
pub fn new(args: &NewArgs) -> u8 {
    let written = match &args.from {
        Some(from) if args.kind == NewKind::Project => {
            error(&format!(
                "a project is not started from one file; start the file: trocar new scenario … --from {}",
                from.display()
            ));
            return BAD_USAGE;
        }
        Some(from) => copy(from, &args.path),
        None => template(args.kind, &args.path),
    };
    match written {
        Ok(files) => {
            for file in &files {
                data(&format!("{}\n", file.display()));
            }
            if let Some(next) = next(args.kind, &args.path) {
                say(&format!("next: {next}"));
            }
            0
        }
        Err(what) => {
            error(&what);
            if what.contains("exists already") { BAD_USAGE } else { ERROR }
        }
    }
}

fn next(kind: NewKind, path: &Path) -> Option<String> {
    Some(match kind {
        NewKind::Scenario => format!("trocar check {0} && trocar run {0}", path.display()),
        NewKind::Scene | NewKind::Robot => format!("trocar check {}", path.display()),
        NewKind::Project => format!("cd {} && trocar run scenarios", path.display()),
    })
}

fn template(kind: NewKind, path: &Path) -> Result<Vec<PathBuf>, String> {
    let name = path.file_stem().and_then(|n| n.to_str()).unwrap_or("new");
    let (template, root) = match kind {
        NewKind::Scenario => (Template::Scenario, path.parent()),
        NewKind::Scene => (Template::Scene, path.parent()),
        NewKind::Robot => (Template::Robot, path.parent()),
        NewKind::Project => (Template::Project, Some(path)),
    };
    let root = root.unwrap_or(Path::new(""));
    if kind == NewKind::Project && path.exists() && fs::read_dir(path).is_ok_and(|mut d| d.next().is_some()) {
        return Err(format!("{} exists already and is not empty", path.display()));
    }
    let files = template.files(name);
    let mut written = Vec::new();
    for (place, text) in &files {
        let target = if kind == NewKind::Project { root.join(place) } else { path.to_path_buf() };
        write_new(&target, text)?;
        written.push(target);
    }
    Ok(written)
}

fn copy(from: &Path, to: &Path) -> Result<Vec<PathBuf>, String> {
    let (files, address) = Files::open(from).map_err(|e| e.diagnostic().title)?;
    let source = files.read(&address).map_err(|e| e.diagnostic().title)?;
    // A built-in file names its scene by a path of the library: it goes on doing so.
    let text = match address.strip_prefix("trocar:") {
        Some(_) => source
            .text
            .replace("\"scenes/", "\"trocar:scenes/")
            .replace("\"scenarios/", "\"trocar:scenarios/"),
        None => source.text,
    };
    write_new(to, &text)?;
    Ok(vec![to.to_path_buf()])
}

fn write_new(path: &Path, text: &str) -> Result<(), String> {
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).open(path).map_err(|e| match e.kind() {
            ErrorKind::AlreadyExists => format!("{} exists already; nothing is overwritten", path.display()),
            _ => format!("{}: {e}", path.display()),
        })?;
    file.write_all(text.as_bytes()).map_err(|e| format!("{}: {e}", path.display()))
}
