//! `trocar replay`

use crate::args::ReplayArgs;
use crate::output::{BAD_USAGE, ERROR, INTERRUPTED, data, error, failures, say};
use crate::progress::{Progress, stop_flag};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use trocar_campaign::controllers::recorded;
use trocar_campaign::replay::load_inputs;
use trocar_campaign::{Controllers, Replay, ReplayError, VERSION, Watcher, replay as replay_result};
use trocar_control::outside::Registry;
use trocar_evidence::ResultFolder;
use trocar_evidence::digest_file::Difference;
use trocar_signal::{ElementRef, Rate, Table, Time};
use trocar_sim::sink::Sink;
use trocar_sim::{Inputs, Model, RunError, State, Watch};

/// Replays a result; gives the exit code.
pub fn replay(args: &ReplayArgs, registry: &Registry) -> u8 {
    if !args.csv.is_empty() {
        return csv(args);
    }
    let controllers =
        Controllers { allowed: args.allow_exec.iter().cloned().collect(), registry: registry.clone(), say };
    let stop = stop_flag();
    let folders = results_in(&args.result);
    let mut worst = 0;
    for folder in &folders {
        let progress = Progress::new(1);
        let done = replay_result(folder, args.case.as_deref(), &controllers, &mut |_, now| {
            progress.advanced(0, now);
            !stop.load(Ordering::Relaxed)
        });
        progress.clear();
        let code = match done {
            Ok(replay) => {
                let name = if folders.len() > 1 { format!("{}: ", folder.display()) } else { String::new() };
                if args.json {
                    data(&format!("{}\n", as_json(folder, &replay)));
                } else {
                    show(&name, &replay);
                }
                u8::from(!replay.is_identical())
            }
            Err(what) => fail(&what),
        };
        worst = worst.max(code);
    }
    worst
}

/// The result folder itself, or, of a batch, all that are in it.
pub(crate) fn results_in(folder: &Path) -> Vec<PathBuf> {
    let is_result = |path: &Path| path.join("result.json").is_file();
    let mut inside: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) if !is_result(folder) => {
            entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| is_result(path)).collect()
        }
        _ => Vec::new(),
    };
    inside.sort();
    if inside.is_empty() { vec![folder.to_path_buf()] } else { inside }
}

fn fail(what: &ReplayError) -> u8 {
    error(&what.to_string());
    match what {
        ReplayError::Files(failure) => {
            failures(std::slice::from_ref(failure));
            BAD_USAGE
        }
        ReplayError::Result(_) | ReplayError::NoCase(_) | ReplayError::NoController { .. } => BAD_USAGE,
        // Evidence that contradicts itself is not identical to anything.
        ReplayError::TwoOutcomes(_) => 1,
        ReplayError::Interrupted => INTERRUPTED,
        ReplayError::Compare(_) | ReplayError::Run { .. } => ERROR,
    }
}

fn show(result: &str, replay: &Replay) {
    if let Some(version) = &replay.other_version {
        say(&format!(
            "made by trocar {version}, replayed by {VERSION}: bits may differ between versions, figures should not"
        ));
    }
    for case in &replay.cases {
        let name = if case.case.is_empty() { String::new() } else { format!("{}: ", case.case) };
        let text = match (&case.difference, case.outcome_is_equal) {
            (None, true) => "identical".to_owned(),
            (None, false) => {
                "the same states, but figures or verdicts differ: the result file was altered".to_owned()
            }
            (Some(difference), _) => in_words(difference, &case.signals),
        };
        data(&format!("{result}{name}{text}\n"));
    }
}

fn in_words(difference: &Difference, signals: &[String]) -> String {
    use trocar_evidence::digest_file::DifferenceKind;
    let at = difference.at;
    let which = match difference.blocks.as_slice() {
        [] => String::new(),
        blocks if signals.is_empty() => format!(" in {}", blocks.join(", ")),
        blocks => format!(" in {} (signals {})", blocks.join(", "), signals.join(", ")),
    };
    let spread = match difference.later.as_slice() {
        [] => String::new(),
        later => format!("; a second later in {}", later.join(", ")),
    };
    match difference.kind {
        DifferenceKind::Content => format!("differs from {at} on, first{which}{spread}"),
        DifferenceKind::RecordingEnded => {
            format!(
                "the recorded digests break off at {at}: they were cut short after the run, or the run was killed"
            )
        }
        _ => format!("differs from {at} on: the two runs do not have the same instants"),
    }
}

fn as_json(folder: &Path, replay: &Replay) -> serde_json::Value {
    let cases: Vec<_> = replay
        .cases
        .iter()
        .map(|case| {
            json!({
                "case": case.case,
                "identical": case.difference.is_none() && case.outcome_is_equal,
                "first_difference_s": case.difference.as_ref().map(|d| d.at.seconds()),
                "differs": case.difference.as_ref().map(|d| d.blocks.clone()),
                "signals": case.signals,
                "outcome_is_equal": case.outcome_is_equal,
            })
        })
        .collect();
    json!({ "result": folder.display().to_string(), "identical": replay.is_identical(), "other_version": replay.other_version, "cases": cases })
}

/// Prints signals of a replay as they come.
struct CsvSink {
    patterns: Vec<String>,
    elements: Vec<ElementRef>,
    failed: Option<String>,
}

impl Sink for CsvSink {
    fn begin(&mut self, model: &Model, _: &State) -> std::io::Result<()> {
        let layout = &model.layout;
        for pattern in &self.patterns {
            let found = layout.matching(pattern);
            if found.is_empty() {
                let near =
                    layout.nearest_path(pattern).map_or(String::new(), |n| format!("; did you mean `{n}`?"));
                self.failed = Some(format!("nothing here is called `{pattern}`{near}"));
                return Err(std::io::Error::other("no such signal"));
            }
            self.elements.extend(found);
        }
        let mut header = "time [s]".to_owned();
        for element in &self.elements {
            let unit = layout.element_spec(*element).dimension.si_unit();
            header += &format!(",{} [{unit}]", layout.element_path(*element));
        }
        writeln!(std::io::stdout().lock(), "{header}")
    }
    fn record(&mut self, now: Time, table: &Table) -> std::io::Result<()> {
        let mut line = format!("{:.9}", now.seconds());
        for element in &self.elements {
            // What nobody has written yet, or marked as not to be used, is empty.
            if table.header(element.group).valid == 1 {
                line += &format!(",{:?}", table.value(*element));
            } else {
                line.push(',');
            }
        }
        writeln!(std::io::stdout().lock(), "{line}")
    }
    fn snapshot(&mut self, _: Time, _: &State) -> std::io::Result<()> {
        Ok(())
    }
    fn end(&mut self, _: Time) -> std::io::Result<()> {
        Ok(())
    }
}

fn csv(args: &ReplayArgs) -> u8 {
    let Some(rate) = Rate::from_hz(args.rate) else {
        error("--rate lies between 1e-6 Hz and 1 MHz");
        return BAD_USAGE;
    };
    let opened = ResultFolder::open(&args.result).map_err(ReplayError::from);
    let (folder, loaded) = match opened.and_then(|folder| load_inputs(&folder).map(|loaded| (folder, loaded)))
    {
        Ok(both) => both,
        Err(what) => return fail(&what),
    };
    let wanted = args.case.as_deref().unwrap_or(&loaded.cases[0].name).to_owned();
    let Some(place) = loaded.cases.iter().position(|c| c.name == wanted) else {
        return fail(&ReplayError::NoCase(wanted));
    };
    let compiled = trocar_sim::Compiled { loaded: &loaded };
    let mut case = match compiled.case(place) {
        Ok(case) => case,
        Err(diagnostics) => {
            return fail(&ReplayError::Files(Box::new(trocar_scenario::Failure {
                diagnostics,
                files: loaded.files.clone(),
            })));
        }
    };
    case.record_rate = rate;
    let patterns = args.csv.iter().map(|p| loaded.roles.resolve(p)).collect();
    let mut sink = CsvSink { patterns, elements: Vec::new(), failed: None };
    let stop = stop_flag();
    let mut watch = Watch { progress: &mut |_| !stop.load(Ordering::Relaxed) };
    let outside = recorded(&case, &folder, say);
    match trocar_sim::run_with(&case, &Inputs::default(), outside, &mut sink, &mut watch) {
        Ok(_) => 0,
        Err(RunError::Interrupted) => INTERRUPTED,
        Err(RunError::Sink(what)) if what.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(RunError::Sink(what)) => {
            error(&sink.failed.unwrap_or_else(|| what.to_string()));
            BAD_USAGE
        }
    }
}
