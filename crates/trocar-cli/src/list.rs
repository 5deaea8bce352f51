//! `trocar list`

use crate::args::ListArgs;
use crate::output::{BAD_USAGE, data, error, say};
use serde_json::json;
use std::path::{Path, PathBuf};
use trocar_scenario::{FileKind, Files, Overrides, kind_of_file, load};

struct Row {
    path: String,
    title: String,
    purpose: String,
    roles: Vec<String>,
    cases: usize,
    requirements: usize,
    mistakes: usize,
    long: bool,
}

/// Lists scenarios; gives the exit code.
pub fn list(args: &ListArgs) -> u8 {
    let here = || if Path::new("scenarios").is_dir() { "scenarios" } else { "trocar:" };
    let path = args.path.clone().unwrap_or_else(|| PathBuf::from(here()));
    let (files, addresses) = match scenarios(&path) {
        Ok(found) => found,
        Err(what) => {
            error(&what);
            return BAD_USAGE;
        }
    };
    let rows: Vec<Row> = addresses.iter().map(|address| row(&files, address)).collect();
    if args.json {
        let all: Vec<_> = rows
            .iter()
            .map(|r| {
                json!({
                    "path": r.path, "title": r.title, "purpose": r.purpose, "roles": r.roles,
                    "cases": r.cases, "requirements": r.requirements, "mistakes": r.mistakes,
                    "long": r.long
                })
            })
            .collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
        return 0;
    }
    for row in &rows {
        let mut text = format!("{}\n", row.path);
        if row.mistakes > 0 {
            text += &format!("    has mistakes: trocar check {}\n", row.path);
        } else {
            text += &format!("    {}\n", row.title);
            if !row.purpose.is_empty() {
                text += &format!("    {}\n", row.purpose);
            }
            if row.long {
                text += "    takes long: a run of its folder passes it over, unless with --long\n";
            }
            text += &format!(
                "    roles: {}; cases: {}; requirements: {}\n",
                row.roles.join(", "),
                row.cases,
                row.requirements
            );
        }
        data(&text);
    }
    if rows.is_empty() {
        say(&format!("there is no scenario in {}; what is built in: trocar list trocar:", path.display()));
    }
    0
}

fn scenarios(path: &Path) -> Result<(Files, Vec<String>), String> {
    if path.to_str() == Some("trocar:") {
        let files = Files::library();
        let listed = files.list("trocar:").map_err(|e| e.diagnostic().title)?;
        let kept =
            listed.into_iter().filter(|a| kind_of_file(&files, a) == Some(FileKind::Scenario)).collect();
        return Ok((files, kept));
    }
    let (files, address) = Files::open(path).map_err(|e| e.diagnostic().title)?;
    if !path.is_dir() {
        return Ok((files, vec![address]));
    }
    let listed = files.list(&address).map_err(|e| e.diagnostic().title)?;
    let is_scenario = |address: &String| {
        address.rsplit('/').next() != Some("trocar.toml")
            && kind_of_file(&files, address).is_none_or(|kind| kind == FileKind::Scenario)
    };
    let kept = listed.iter().filter(|a| is_scenario(a)).cloned().collect();
    Ok((files, kept))
}

fn row(files: &Files, address: &str) -> Row {
    let path = files.shown(address);
    match load(files, address, &Overrides::default()) {
        Ok(loaded) => Row {
            path,
            title: loaded.scenario.title.clone(),
            purpose: loaded.scenario.purpose.clone(),
            roles: loaded
                .roles
                .iter()
                .map(|(role, robot)| {
                    let title = loaded.scene.robots.get(robot).map_or("", |r| r.robot.title.as_str());
                    format!("{role} = {title}")
                })
                .collect(),
            cases: loaded.cases.len(),
            requirements: loaded.scenario.requirements.len(),
            mistakes: 0,
            long: loaded.scenario.long,
        },
        Err(failure) => Row {
            path,
            title: String::new(),
            purpose: String::new(),
            roles: Vec::new(),
            cases: 0,
            requirements: 0,
            mistakes: failure.diagnostics.len(),
            long: false,
        },
    }
}
