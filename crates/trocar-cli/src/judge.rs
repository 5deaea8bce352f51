//! `trocar judge`

use crate::args::JudgeArgs;
use crate::output::{BAD_USAGE, ERROR, count, data, error, failures, say, stdout_is_styled};
use crate::run::{next_free_folder, write_junit};
use std::path::{Path, PathBuf};
use trocar_campaign::judge::{
    JudgeError, Judging, NeededSignal, files_of_mapping, judge as judge_recording, needs_of,
};
use trocar_campaign::plan::bare;
use trocar_campaign::{Plan, Target};
use trocar_evidence::agreement::agreement_table;
use trocar_evidence::data::{Mistakes, Source};
use trocar_evidence::outcome::CaseOutcome;
use trocar_evidence::scenario_result::name_of;
use trocar_evidence::{ResultFolder, TableStyle, table, to_json};
use trocar_measure::exit_code;
use trocar_scenario::mapping::MappingFile;
use trocar_scenario::{Failure, Files, LoadedMapping, Overrides, load_mapping};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Diagnostic, Dimension, Problem};

/// Judges a recording; gives the exit code.
pub fn judge(args: &JudgeArgs) -> u8 {
    match judged(args) {
        Ok(code) => code,
        Err(Refused::Words(what)) => {
            error(&what);
            BAD_USAGE
        }
        Err(Refused::Files(found)) => {
            let errors = failures(&found);
            say(&format!("{}; nothing was judged", count(errors, "error")));
            BAD_USAGE
        }
    }
}

enum Refused {
    Words(String),
    Files(Vec<Failure>),
}

impl From<String> for Refused {
    fn from(what: String) -> Refused {
        Refused::Words(what)
    }
}

fn judged(args: &JudgeArgs) -> Result<u8, Refused> {
    let overrides =
        Overrides { scene: args.scene.clone(), roles: args.roles.clone(), ..Overrides::default() };
    let plan = Plan::new(&[Target::parse(&args.scenario)], &overrides).map_err(Refused::Files)?;
    let planned = match plan.scenarios.as_slice() {
        [one] => one,
        [] => {
            let why = plan.unfit.first().map_or("there is no scenario", |unfit| &unfit.why);
            return Err(format!("{}: {why}", args.scenario).into());
        }
        several => {
            let what = format!(
                "{} holds {} scenarios; name the one whose method was followed",
                args.scenario,
                several.len()
            );
            return Err(what.into());
        }
    };
    if planned.cases.len() > 1 {
        let names = planned.cases.iter().filter_map(|at| planned.loaded.cases.get(*at)).take(12);
        let names: Vec<String> =
            names.map(|case| format!("{}#{}", args.scenario, bare(&case.name))).collect();
        return Err(format!(
            "this scenario has {} cases, and a recording is of one; name it: {}{}",
            planned.cases.len(),
            names.join(", "),
            if planned.cases.len() > 12 { " …" } else { "" }
        )
        .into());
    }
    let loaded_mapping = args.map.as_deref().map(open_mapping).transpose()?;
    let mut mapping =
        loaded_mapping.as_ref().map_or_else(MappingFile::empty, |loaded| loaded.mapping.clone());
    let sources = sources(args, &mut mapping, loaded_mapping.as_ref())?;
    let against = args.against.as_deref().map(|path| simulated(path, planned)).transpose()?;
    let Some(out) = args.out.clone().or_else(|| next_free_folder("judged")) else {
        return Err("there are 9999 judged results in results/ already; choose a folder with --out"
            .to_owned()
            .into());
    };
    if let Some((_, notes)) = &against {
        notes.iter().for_each(|note| say(&format!("note: {note}")));
    }
    let judging = Judging {
        planned,
        mapping: &mapping,
        sources: &sources,
        against: against.as_ref().map(|(case, _)| case),
    };
    let folder = out.join(name_of(&planned.address));
    let result = match judge_recording(&judging, &folder) {
        Ok(result) => result,
        Err(JudgeError::Mistakes(mistakes)) => return Err(said(mistakes, loaded_mapping.as_ref())),
        Err(JudgeError::Compile(diagnostics)) => {
            return Err(Refused::Files(vec![Failure { diagnostics, files: planned.loaded.files.clone() }]));
        }
        Err(JudgeError::Result(what)) => return Err(what.to_string().into()),
    };
    let results = [result];
    if args.json {
        match to_json(&results) {
            Ok(text) => data(&text),
            Err(what) => {
                error(&format!("cannot print the result as JSON: {what}"));
                return Ok(ERROR);
            }
        }
    } else {
        let next = Some(format!("report: trocar report {}", folder.display()));
        let style =
            TableStyle { styled: stdout_is_styled(), results_in: Some(folder.display().to_string()), next };
        data("\n");
        data(&table(&results, &style));
        let agreement =
            results[0].cases.iter().filter_map(|case| case.data.as_ref()).map(|data| &data.agreement);
        if let (Some(path), Some(all)) = (&args.against, agreement.into_iter().next()) {
            data("\n");
            data(&agreement_table(all, &path.display().to_string()));
        }
    }
    if let Some(path) = &args.junit
        && let Err(what) = write_junit(path, &results)
    {
        error(&what);
        return Ok(ERROR);
    }
    Ok(exit_code(results.iter().flat_map(trocar_evidence::ScenarioResult::verdicts)))
}

fn open_mapping(path: &Path) -> Result<LoadedMapping, Refused> {
    let only = |diagnostic: Diagnostic| {
        Refused::Files(vec![Failure { diagnostics: vec![diagnostic], files: Vec::new() }])
    };
    let (files, address) = Files::open(path).map_err(|e| only(e.diagnostic()))?;
    load_mapping(&files, &address).map_err(|failure| Refused::Files(vec![failure]))
}

/// The recording's files, and what the command adds to the mapping.
fn sources(
    args: &JudgeArgs,
    mapping: &mut MappingFile,
    loaded: Option<&LoadedMapping>,
) -> Result<Vec<Source>, Refused> {
    let mut sources: Vec<Source> = Vec::new();
    for given in &args.data {
        let (name, path) = match given.split_once('=') {
            Some((name, path)) if !Path::new(given).exists() => {
                (Some(name.trim().to_owned()), PathBuf::from(path))
            }
            _ => (None, PathBuf::from(given)),
        };
        let kind = std::fs::metadata(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        if !kind.is_file() {
            return Err(format!(
                "{} is no file; --data takes a CSV file or an MCAP recording",
                path.display()
            )
            .into());
        }
        // One recording with several topics: each that the mapping names is a file of its own.
        let of_topics = |(_, config): &(&String, &trocar_scenario::mapping::DataConfig)| {
            config.topic.is_some() && config.file.is_none()
        };
        if name.is_none() && trocar_evidence::data::is_mcap(&path) {
            let shown = path.display().to_string();
            let before = sources.len();
            sources.extend(mapping.data.iter().filter(of_topics).map(|(name, _)| Source {
                name: name.clone(),
                shown: shown.clone(),
                path: path.clone(),
            }));
            if sources.len() > before {
                continue;
            }
        }
        let stem =
            || path.file_stem().map_or_else(|| "data".to_owned(), |stem| stem.to_string_lossy().into_owned());
        let only = mapping.data.keys().next().filter(|_| mapping.data.len() == 1 && args.data.len() == 1);
        let name = name.or_else(|| only.cloned()).unwrap_or_else(stem);
        if sources.iter().any(|other| other.name == name) {
            return Err(
                format!("two files are called `{name}`; name them: --data a={given} --data b=…").into()
            );
        }
        sources.push(Source { name, shown: path.display().to_string(), path });
    }
    if let (Some(loaded), Some(path)) = (loaded, &args.map) {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let named = files_of_mapping(mapping, folder, &sources);
        sources.extend(named.map_err(|problems| of_mapping(&problems, Some(loaded)))?);
        let unknown =
            sources.iter().find(|one| !mapping.data.is_empty() && !mapping.data.contains_key(&one.name));
        if let Some(unknown) = unknown.filter(|_| sources.len() > 1) {
            let names: Vec<&str> = mapping.data.keys().map(String::as_str).collect();
            let what = format!(
                "{} is called `{}`, and the mapping has [data] of: {}; name it: --data NAME={}",
                unknown.shown,
                unknown.name,
                names.join(", "),
                unknown.shown
            );
            return Err(what.into());
        }
    }
    if sources.is_empty() {
        return Err("--data FILE is missing: which recording is to be judged?".to_owned().into());
    }
    for (signal, column) in &args.columns {
        let entry = mapping.signals.entry(signal.clone()).or_default();
        entry.column = Some(column.clone());
    }
    for (name, offset) in &args.offsets {
        let quantity = AnyQuantity::parse(offset).map_err(|e| format!("--offset {name}={offset}: {e}"))?;
        if quantity.dimension != Dimension::TIME {
            return Err(format!("--offset {name}={offset}: a duration is meant, e.g. 12.5 ms").into());
        }
        if !sources.iter().any(|one| one.name == *name) {
            let names: Vec<&str> = sources.iter().map(|one| one.name.as_str()).collect();
            return Err(
                format!("--offset {name}: no file is called so; there is: {}", names.join(", ")).into()
            );
        }
        let entry = mapping.data.entry(name.clone()).or_default();
        entry.offset = Some(Duration::from_si(quantity.si));
    }
    Ok(sources)
}

/// The simulated case that is held against the recording, and what must be said of it.
fn simulated(path: &Path, planned: &trocar_campaign::Planned) -> Result<(CaseOutcome, Vec<String>), Refused> {
    let folder = ResultFolder::open(path).map_err(|e| e.to_string())?;
    let header = &folder.result().scenario;
    let mut notes = Vec::new();
    if header.method_digest != planned.loaded.method_digest {
        notes.push(format!(
            "{} was made with another version of the method (trocar diff {} SCENARIO says in what they differ)",
            path.display(),
            path.display()
        ));
    }
    let name = planned
        .cases
        .first()
        .and_then(|at| planned.loaded.cases.get(*at))
        .map_or("", |case| case.name.as_str());
    let cases = &folder.result().cases;
    let found = cases.iter().find(|case| case.case == name).or(match cases.as_slice() {
        [one] => Some(one),
        _ => None,
    });
    let Some(found) = found else {
        let names: Vec<&str> = cases.iter().map(|case| case.case.as_str()).collect();
        return Err(format!("{} has no case `{name}`; it has: {}", path.display(), names.join(", ")).into());
    };
    if found.data.is_some() {
        notes.push(format!("{} is a recording that was judged, and no simulation", path.display()));
    }
    if let Some(failure) = &found.failure {
        notes.push(format!("that run ended early: {}", failure.what));
    }
    Ok((found.clone(), notes))
}

/// Mistakes of a recording and of its mapping, said.
fn said(mistakes: Mistakes, loaded: Option<&LoadedMapping>) -> Refused {
    if !mistakes.mapping.is_empty() {
        for one in &mistakes.data {
            error(&one.to_string());
        }
        return of_mapping(&mistakes.mapping, loaded);
    }
    let mut data = mistakes.data.into_iter();
    let first = data.next().map_or_else(String::new, |one| one.to_string());
    Refused::Words(data.fold(first, |all, one| format!("{all}\nerror: {one}")))
}

fn of_mapping(problems: &[Problem], loaded: Option<&LoadedMapping>) -> Refused {
    let diagnostic = |problem: &Problem| match loaded {
        Some(loaded) if loaded.spans.contains(&problem.key) => loaded.spans.problem("", problem),
        _ => Diagnostic::error("mapping", format!("{}: {}", problem.key, problem.what)),
    };
    let files = loaded.iter().map(|loaded| loaded.file.clone()).collect();
    Refused::Files(vec![Failure { diagnostics: problems.iter().map(diagnostic).collect(), files }])
}

/// A mapping to be filled in, for a scenario.
///
/// # Errors
/// One sentence, or several with their places.
pub fn template(scenario: &str) -> Result<String, String> {
    let plan = Plan::new(&[Target::parse(scenario)], &Overrides::default()).map_err(|found| {
        failures(&found);
        format!("{scenario} cannot be read")
    })?;
    let [planned] = plan.scenarios.as_slice() else {
        return Err(format!("{scenario} is more than one scenario"));
    };
    let place = planned.cases.first().copied().unwrap_or(0);
    let case = trocar_sim::Compiled { loaded: &planned.loaded }
        .case(place)
        .map_err(|found| found.first().map_or_else(String::new, |one| one.title.clone()))?;
    let (signals, phases) = needs_of(&case, &planned.loaded.of_case(place));
    let mut text = format!(
        "# Which columns of a laboratory's files are the signals that the measures of {scenario} read.\n\
         # A column that is called as below, with its unit, needs no entry. `trocar judge {scenario} --data FILE --map THIS`\n\
         format = 1\nkind   = \"mapping\"\n\n\
         [data.lab]                       # one such table for each file with a clock of its own: --data lab=FILE\n\
         time = \"time [s]\"\n\
         # offset = \"0 ms\"                # what is added to its times; with offset_uncertainty (k = 2) it enters U\n"
    );
    for signal in &signals {
        text += &signal_text(signal);
    }
    for name in planned.loaded.scenario.instruments.keys() {
        text += &format!(
            "\n# [instruments.{name}]             # what yours states, where it differs from the scenario's\n"
        );
    }
    if let Some(phase) = phases.first() {
        text += &format!(
            "\n# When the phases were: columns `phase`, `cycle`, `reading`, or times.\n\
             # [[course.phases]]\n# name  = {phase:?}\n# from  = \"0 s\"\n# to    = \"60 s\"\n# every = \"1 s\"                  # each repeat; or cycles = [\"0 s\", \"1.02 s\"]\n# readings = [\"0.9 s\"]           # ends of dwells, in the order of the visits\n"
        );
    }
    Ok(text)
}

fn signal_text(signal: &NeededSignal) -> String {
    let of = signal.measures.join(", ");
    let need = if signal.judged { "" } else { "; no requirement needs it" };
    let mut text = format!("\n[signals.{:?}]        # read by {of}{need}\n", signal.path);
    match (signal.is_place, signal.columns.as_slice()) {
        (Some(oriented), columns) => {
            let three: Vec<String> = columns.iter().take(3).map(|column| format!("{column:?}")).collect();
            text += &format!("position = [{}]\n", three.join(", "));
            if oriented {
                let four: Vec<String> = columns.iter().skip(3).map(|column| format!("{column:?}")).collect();
                text += &format!(
                    "orientation = {{ form = \"quaternion_xyzw\", columns = [{}] }}\n",
                    four.join(", ")
                );
            }
            text += "# valid = \"column of 1 and 0\"\n";
        }
        (None, [column, ..]) if signal.is_event => {
            text += &format!(
                "column = {column:?}   # its instants; of a trace: event = {{ kind = \"crossings\", level = \"2.5 V\" }}\n"
            );
        }
        (None, columns) => {
            for column in columns {
                text += &format!("column = {column:?}\n");
            }
        }
    }
    if signal.judged {
        return text;
    }
    // What may be left out is not asked for.
    let commented = |line: &str| match line.is_empty() || line.starts_with('#') {
        true => format!("{line}\n"),
        false => format!("# {line}\n"),
    };
    text.lines().map(commented).collect()
}
