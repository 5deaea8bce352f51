//! `trocar diff`

use crate::args::DiffArgs;
use crate::output::{BAD_USAGE, data, error, failures};
use std::path::Path;
use trocar_campaign::replay::load_inputs;
use trocar_evidence::ResultFolder;
use trocar_evidence::diff::diff_results;
use trocar_scenario::diff::{Differences, diff_robots, diff_scenarios, diff_scenes};
use trocar_scenario::explain::Language;
use trocar_scenario::{
    Failure, FileKind, Files, Loaded, LoadedRobot, LoadedScene, Overrides, kind_of_file, load, load_robot,
    load_scene,
};

/// Says what two things differ in; gives the exit code.
pub fn diff(args: &DiffArgs) -> u8 {
    let sides = opened(&args.first).and_then(|first| Ok((first, opened(&args.second)?)));
    let found = sides.and_then(|(first, second)| compare(args, first, second));
    match found {
        Ok(found) => {
            data(&if args.json {
                format!("{:#}\n", found.to_json())
            } else {
                found.to_text(args.lang.into())
            });
            u8::from(!found.is_empty())
        }
        Err(Refused::Mistakes(failure)) => {
            failures(&[*failure]);
            BAD_USAGE
        }
        Err(Refused::Kinds(what)) => {
            error(&what);
            BAD_USAGE
        }
    }
}

enum Refused {
    Mistakes(Box<Failure>),
    Kinds(String),
}

enum Side {
    Scenario(Box<Loaded>),
    Scene(Box<LoadedScene>),
    Robot(Box<LoadedRobot>),
    Result(Box<ResultFolder>),
}

fn opened(path: &Path) -> Result<Side, Refused> {
    if path.join("result.json").is_file() {
        let folder = ResultFolder::open(path).map_err(|e| Refused::Kinds(e.to_string()))?;
        return Ok(Side::Result(Box::new(folder)));
    }
    let mistakes = |failure| Refused::Mistakes(Box::new(failure));
    if path.is_dir() {
        return Err(Refused::Kinds(format!(
            "{} is a folder without result.json; a result is the folder of one scenario, e.g. results/run-001/NAME",
            path.display()
        )));
    }
    let (files, address) = Files::open(path)
        .map_err(|e| mistakes(Failure { diagnostics: vec![e.diagnostic()], files: Vec::new() }))?;
    trocar_sim::check(&files, &address, &Overrides::default()).map_err(mistakes)?;
    match kind_of_file(&files, &address) {
        Some(FileKind::Scenario) => {
            let loaded = load(&files, &address, &Overrides::default()).map_err(mistakes)?;
            Ok(Side::Scenario(Box::new(loaded)))
        }
        Some(FileKind::Scene) => {
            load_scene(&files, &address).map(|scene| Side::Scene(Box::new(scene))).map_err(mistakes)
        }
        Some(FileKind::Robot) => {
            load_robot(&files, &address).map(|robot| Side::Robot(Box::new(robot))).map_err(mistakes)
        }
        kind => Err(Refused::Kinds(format!(
            "{} is {}; scenarios, scenes, robots and results are compared",
            path.display(),
            kind.map_or("nothing that can be read", FileKind::word)
        ))),
    }
}

fn compare(args: &DiffArgs, first: Side, second: Side) -> Result<Differences, Refused> {
    let language: Language = args.lang.into();
    let names = (args.first.display().to_string(), args.second.display().to_string());
    let mut found = match (first, second) {
        (Side::Scenario(a), Side::Scenario(b)) => diff_scenarios(&a, &b, language),
        (Side::Scene(a), Side::Scene(b)) => diff_scenes(&a, &b, language),
        (Side::Robot(a), Side::Robot(b)) => diff_robots(&a, &b, language),
        (Side::Result(a), Side::Result(b)) => {
            let methods = load_inputs(&a).ok().zip(load_inputs(&b).ok());
            let methods = methods.as_ref().map(|(a, b)| (a, b));
            diff_results(&a, &b, methods, (&names.0, &names.1), language)
                .map_err(|e| Refused::Kinds(e.to_string()))?
        }
        (Side::Result(a), Side::Scenario(b)) => diff_scenarios(&method_of(&a)?, &b, language),
        (Side::Scenario(a), Side::Result(b)) => diff_scenarios(&a, &method_of(&b)?, language),
        (a, b) => {
            return Err(Refused::Kinds(format!(
                "{} is {} and {} is {}: two of one kind are compared, or a result and a scenario",
                names.0,
                a.word(),
                names.1,
                b.word()
            )));
        }
    };
    (found.first, found.second) = names;
    Ok(found)
}

fn method_of(folder: &ResultFolder) -> Result<Loaded, Refused> {
    load_inputs(folder).map_err(|e| Refused::Kinds(e.to_string()))
}

impl Side {
    fn word(&self) -> &'static str {
        match self {
            Side::Scenario(_) => "a scenario",
            Side::Scene(_) => "a scene",
            Side::Robot(_) => "a robot",
            Side::Result(_) => "a result",
        }
    }
}
