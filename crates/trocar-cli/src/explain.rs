//! `trocar explain`

use crate::args::ExplainArgs;
use crate::output::{BAD_USAGE, data, error, failures};
use std::path::Path;
use trocar_scenario::explain::{Explanation, Language, explain_robot, explain_scenario, explain_scene};
use trocar_scenario::{Failure, FileKind, Files, Overrides, kind_of_file, load, load_robot, load_scene};
use trocar_signal::Severity;

/// Says what a file says; gives the exit code.
pub fn explain(args: &ExplainArgs) -> u8 {
    match explained(&args.file, args.lang.into()) {
        Ok(explanation) if args.json => data(&format!("{:#}\n", explanation.to_json())),
        Ok(explanation) => data(&explanation.to_text()),
        Err(what) => {
            match what {
                Refused::Mistakes(failure) => drop(failures(&[failure])),
                Refused::Kind(what) => error(&what),
            }
            return BAD_USAGE;
        }
    }
    0
}

enum Refused {
    Mistakes(Failure),
    Kind(String),
}

fn explained(path: &Path, language: Language) -> Result<Explanation, Refused> {
    let only = |diagnostic| Refused::Mistakes(Failure { diagnostics: vec![diagnostic], files: Vec::new() });
    let (files, address) = Files::open(path).map_err(|e| only(e.diagnostic()))?;
    // What is wrong is said whole, not only what reading stumbles on.
    if let Err(failure) = trocar_sim::check(&files, &address, &Overrides::default()) {
        debug_assert!(failure.diagnostics.iter().any(|d| d.severity == Severity::Error));
        return Err(Refused::Mistakes(failure));
    }
    match kind_of_file(&files, &address) {
        Some(FileKind::Scenario) => {
            let loaded = load(&files, &address, &Overrides::default()).map_err(Refused::Mistakes)?;
            Ok(explain_scenario(&loaded, language))
        }
        Some(FileKind::Scene) => {
            let scene = load_scene(&files, &address).map_err(Refused::Mistakes)?;
            Ok(explain_scene(&scene, language))
        }
        Some(FileKind::Robot) => {
            let robot = load_robot(&files, &address).map_err(Refused::Mistakes)?;
            Ok(explain_robot(&robot, language))
        }
        kind => {
            let is = kind.map_or("nothing that can be read", FileKind::word);
            Err(Refused::Kind(format!(
                "{} is {is}; scenarios, scenes and robots are explained",
                path.display()
            )))
        }
    }
}
