//! `trocar check`

use crate::args::CheckArgs;
use crate::output::{BAD_USAGE, count, data, failures, say};
use std::path::Path;
use trocar_scenario::{
    Failure, FileKind, Files, Overrides, SourceFile, load, load_robot, load_scene, render,
};
use trocar_signal::Diagnostic;

/// Checks files; gives the exit code.
pub fn check(args: &CheckArgs) -> u8 {
    let mut found = Vec::new();
    let mut checked = 0;
    for path in &args.paths {
        match addresses(path) {
            Ok((files, addresses)) => {
                if addresses.is_empty() {
                    let title = format!("there is no TOML file in {}", path.display());
                    found.push(only(Diagnostic::error("no-file", title)));
                }
                for address in addresses {
                    checked += 1;
                    found.extend(check_one(&files, &address).err());
                }
            }
            Err(failure) => found.push(failure),
        }
    }
    let mut errors: usize = found.iter().map(|f| f.diagnostics.len()).sum();
    if args.json {
        let all: Vec<_> = found.iter().map(|f| render::to_json(&f.diagnostics, &f.files)).collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
    } else {
        errors = failures(&found);
        let errors = if errors == 0 { "no mistake".to_owned() } else { count(errors, "error") };
        say(&format!("{}, {errors}", count(checked, "file")));
    }
    if errors == 0 { 0 } else { BAD_USAGE }
}

fn only(diagnostic: Diagnostic) -> Failure {
    Failure { diagnostics: vec![diagnostic], files: Vec::new() }
}

fn addresses(path: &Path) -> Result<(Files, Vec<String>), Failure> {
    let (files, address) = Files::open(path).map_err(|e| only(e.diagnostic()))?;
    if !path.is_dir() {
        return Ok((files, vec![address]));
    }
    let mut listed = files.list(&address).map_err(|e| only(e.diagnostic()))?;
    listed.retain(|a| a.rsplit('/').next() != Some("trocar.toml"));
    Ok((files, listed))
}

fn check_one(files: &Files, address: &str) -> Result<(), Failure> {
    let checked = trocar_scenario::check(files, address)?;
    let fail = |diagnostics: Vec<Diagnostic>, files: Vec<SourceFile>| Failure { diagnostics, files };
    match checked.kind {
        FileKind::Scenario => {
            let loaded = load(files, address, &Overrides::default())?;
            trocar_sim::compile(&loaded).map(|_| ()).map_err(|d| fail(d, loaded.files.clone()))
        }
        FileKind::Scene => {
            let scene = load_scene(files, address)?;
            trocar_sim::compile_scene(&scene).map(|_| ()).map_err(|d| fail(d, checked.files))
        }
        FileKind::Robot => {
            let robot = load_robot(files, address)?;
            trocar_sim::check_robot(&robot).map_err(|d| fail(d, checked.files))
        }
        FileKind::Part => Ok(()),
    }
}
