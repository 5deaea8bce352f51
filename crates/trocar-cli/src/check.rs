//! `trocar check`

use crate::args::CheckArgs;
use crate::output::{BAD_USAGE, count, data, failures, say};
use std::path::Path;
use trocar_scenario::{
    Checked, Failure, FileKind, Files, Overrides, SourceFile, UrdfOptions, load, load_instrument, load_robot,
    load_scene, load_urdf, render,
};
use trocar_signal::Diagnostic;
use trocar_sim::inspect::Subject;

/// Checks files; gives the exit code.
pub fn check(args: &CheckArgs) -> u8 {
    let mut found = Vec::new();
    let mut warnings = Vec::new();
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
                    match check_one(&files, &address) {
                        Ok(warned) => warnings.extend(warned),
                        Err(failure) => found.push(failure),
                    }
                }
            }
            Err(failure) => found.push(failure),
        }
    }
    let mut errors: usize = found.iter().map(|f| f.diagnostics.len()).sum();
    if args.json {
        let all: Vec<_> =
            found.iter().chain(&warnings).map(|f| render::to_json(&f.diagnostics, &f.files)).collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
    } else {
        failures(&warnings);
        errors = failures(&found);
        let errors = if errors == 0 { "no mistake".to_owned() } else { count(errors, "error") };
        let warned = warnings.iter().map(|w| w.diagnostics.len()).sum();
        let warned = if warned == 0 { String::new() } else { format!(", {}", count(warned, "warning")) };
        say(&format!("{}, {errors}{warned}", count(checked, "file")));
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

/// Checks a file; gives what may not be as meant.
fn check_one(files: &Files, address: &str) -> Result<Option<Failure>, Failure> {
    let checked = trocar_scenario::check(files, address)?;
    let mut warnings = Failure { diagnostics: checked.warnings.clone(), files: checked.files.clone() };
    warnings.diagnostics.extend(compile(files, address, checked)?);
    Ok((!warnings.diagnostics.is_empty()).then_some(warnings))
}

/// Checks what a file means; gives advice on the steps of a scene.
fn compile(files: &Files, address: &str, checked: Checked) -> Result<Vec<Diagnostic>, Failure> {
    let fail = |diagnostics: Vec<Diagnostic>, files: Vec<SourceFile>| Failure { diagnostics, files };
    match checked.kind {
        FileKind::Scenario => {
            let loaded = load(files, address, &Overrides::default())?;
            trocar_sim::compile(&loaded)
                .and_then(|_| trocar_sim::step_advice(&loaded.scene))
                .map_err(|d| fail(d, loaded.files.clone()))
        }
        FileKind::Scene => {
            let scene = load_scene(files, address)?;
            trocar_sim::compile_scene(&scene)
                .and_then(|_| trocar_sim::step_advice(&scene))
                .map_err(|d| fail(d, checked.files))
        }
        FileKind::Robot => {
            let robot = load_robot(files, address)?;
            trocar_sim::check_robot(&robot).map(|()| Vec::new()).map_err(|d| fail(d, checked.files))
        }
        FileKind::Urdf => {
            let urdf = load_urdf(files, address, &UrdfOptions::default())?;
            Subject::of_urdf(&urdf).map(|_| Vec::new()).map_err(|d| fail(d, checked.files))
        }
        FileKind::Instrument => {
            let instrument = load_instrument(files, address)?;
            let checked_links = trocar_sim::check_instrument(&instrument);
            checked_links.map(|()| Vec::new()).map_err(|d| fail(d, checked.files))
        }
        FileKind::Part => Ok(Vec::new()),
    }
}
