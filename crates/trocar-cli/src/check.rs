//! `trocar check`

use crate::args::CheckArgs;
use crate::output::{BAD_USAGE, count, data, failures, say};
use std::path::Path;
use trocar_campaign::plan::{Found, find};
use trocar_scenario::{Failure, Files, Overrides, render, sarif};
use trocar_signal::{Diagnostic, Severity};
use trocar_sim::Checks;

/// Checks files; gives the exit code.
pub fn check(args: &CheckArgs) -> u8 {
    let overrides =
        Overrides { scene: args.scene.clone(), roles: args.roles.clone(), ..Overrides::default() };
    let mut checks = Checks::default();
    for path in &args.paths {
        match find(path, &overrides) {
            Ok(found) if found.addresses.is_empty() => {
                let title = format!("there is no TOML file in {}", path.display());
                checks.add_failure(Failure {
                    diagnostics: vec![Diagnostic::error("no-file", title)],
                    files: Vec::new(),
                });
            }
            Ok(Found { files, addresses, overrides, .. }) => {
                checks.overrides = overrides;
                addresses.iter().for_each(|address| check_one(&mut checks, &files, address));
            }
            Err(failure) => checks.add_failure(failure),
        }
    }
    let errors = checks.count(Severity::Error);
    if args.json {
        let all: Vec<_> = checks.found.iter().map(|f| render::to_json(&f.diagnostics, &f.files)).collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
    } else if args.sarif {
        data(&format!("{:#}\n", sarif::log(&checks.found, env!("CARGO_PKG_VERSION"))));
    } else {
        failures(&checks.found);
        let found = if errors == 0 { "no mistake".to_owned() } else { count(errors, "error") };
        let warned = checks.count(Severity::Warning);
        let warned = if warned == 0 { String::new() } else { format!(", {}", count(warned, "warning")) };
        say(&format!("{}, {found}{warned}", count(checks.checked, "file")));
    }
    if errors == 0 { 0 } else { BAD_USAGE }
}

/// A file of a project that lies below the folder that was named is read from its own root.
fn check_one(checks: &mut Checks, files: &Files, address: &str) {
    let own_root = |root: &Path| {
        let inside = Path::new(address).parent()?;
        let marked = inside
            .ancestors()
            .any(|folder| !folder.as_os_str().is_empty() && root.join(folder).join("trocar.toml").is_file());
        if marked { Files::open(&root.join(address)).ok() } else { None }
    };
    match files.root().and_then(own_root) {
        Some((files, address)) => checks.add(&files, &address),
        None => checks.add(files, address),
    }
}
