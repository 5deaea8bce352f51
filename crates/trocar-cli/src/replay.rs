//! `trocar replay`

use crate::args::ReplayArgs;
use crate::output::{BAD_USAGE, ERROR, INTERRUPTED, data, error, failures, say};
use crate::progress::{Progress, stop_flag};
use serde_json::json;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use trocar_campaign::controllers::recorded;
use trocar_campaign::judge::kept_groups;
use trocar_campaign::replay::load_inputs;
use trocar_campaign::{Controllers, Replay, ReplayError, VERSION, Watcher, replay as replay_result};
use trocar_control::outside::Registry;
use trocar_evidence::ResultFolder;
use trocar_evidence::digest_file::Difference;
use trocar_evidence::readings::ReadingsCsv;
use trocar_evidence::sinks::McapSink;
use trocar_scenario::Loaded;
use trocar_scenario::mapping::is_prompt;
use trocar_signal::{ElementRef, Rate, Table, Time};
use trocar_sim::sink::Sink;
use trocar_sim::{Case, Inputs, Model, RunError, State, Watch};

/// Replays a result; gives the exit code.
pub fn replay(args: &ReplayArgs, registry: &Registry) -> u8 {
    if !args.csv.is_empty() {
        return csv(args);
    }
    if let Some(file) = &args.readings {
        return readings(args, file);
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
        let is_judged = case.outcome.as_ref().is_some_and(|outcome| outcome.data.is_some());
        let text = match (&case.difference, case.outcome_is_equal) {
            (None, true) if is_judged => {
                "judged again from the recording that it keeps: the same figures and verdicts (a laboratory's arm cannot be run again)".to_owned()
            }
            (None, false) if is_judged => {
                "judged again from the recording that it keeps: other figures or verdicts; the result was altered, or another version made it".to_owned()
            }
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
    recomputed(args, |loaded, case| {
        case.record_rate = rate;
        let patterns = args.csv.iter().map(|p| loaded.roles.resolve(p)).collect();
        Ok(CsvSink { patterns, elements: Vec::new(), failed: None })
    })
}

/// Writes all that the measures of the scenario read.
fn readings(args: &ReplayArgs, file: &Path) -> u8 {
    recomputed(args, |loaded, case| ReadingsSink::new(file, loaded, case))
}

/// A sink that may say why it failed.
trait Recomputing: Sink {
    fn why(self) -> Option<String>;
}

impl Recomputing for CsvSink {
    fn why(self) -> Option<String> {
        self.failed
    }
}

/// Writes what measures read, in the form that the file's name ends with.
enum ReadingsSink {
    Mcap(Box<McapSink<BufWriter<File>>>),
    Csv(Box<ReadingsCsv<BufWriter<File>>>),
}

impl ReadingsSink {
    fn new(file: &Path, loaded: &Loaded, case: &mut Case) -> Result<ReadingsSink, String> {
        let create = |path: &Path| {
            let shown = path.display().to_string();
            match File::create_new(path) {
                Ok(file) => Ok(BufWriter::new(file)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
                    Err(format!("{shown} exists already; nothing is overwritten"))
                }
                Err(e) => Err(format!("{shown}: {e}")),
            }
        };
        case.record_rate = case.model.step_rate;
        match file.extension().and_then(|e| e.to_str()) {
            Some("mcap") => {
                let layout = &case.model.layout;
                let of_group = |group| {
                    let count = layout.spec(group).elements.len() as u32;
                    (0..count).map(move |index| ElementRef { group, index })
                };
                let elements = kept_groups(case).into_iter().flat_map(of_group).collect();
                let about = [
                    ("title", loaded.scenario.title.clone()),
                    ("case", case.name.clone()),
                    ("method_digest", loaded.method_digest.clone()),
                    ("seed", loaded.scenario.seed.to_string()),
                    ("trocar", VERSION.to_owned()),
                ];
                let about = about.map(|(key, value)| (key.to_owned(), value)).into();
                Ok(ReadingsSink::Mcap(Box::new(McapSink::new(create(file)?, elements, about))))
            }
            Some("csv") => {
                let is_prompt = |writer: &str| is_prompt(&loaded.scenario.instruments, writer);
                let sink = ReadingsCsv::new(create(file)?, case, &loaded.roles, is_prompt);
                let mapping = file.with_extension("toml");
                let name =
                    file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
                let step_ns = case.model.step_rate.instant(1).0;
                let mut out = create(&mapping)?;
                out.write_all(sink.mapping(&name, step_ns).as_bytes())
                    .map_err(|e| format!("{}: {e}", mapping.display()))?;
                say(&format!("its mapping: {}", mapping.display()));
                Ok(ReadingsSink::Csv(Box::new(sink)))
            }
            _ => Err(format!("{}: give it the ending .csv or .mcap", file.display())),
        }
    }

    fn inner(&mut self) -> &mut dyn Sink {
        match self {
            ReadingsSink::Mcap(sink) => sink.as_mut(),
            ReadingsSink::Csv(sink) => sink.as_mut(),
        }
    }
}

impl Sink for ReadingsSink {
    fn begin(&mut self, model: &Model, state: &State) -> std::io::Result<()> {
        self.inner().begin(model, state)
    }
    fn record(&mut self, now: Time, table: &Table) -> std::io::Result<()> {
        self.inner().record(now, table)
    }
    fn event(&mut self, now: Time, event: trocar_sim::sink::RunEvent<'_>) -> std::io::Result<()> {
        self.inner().event(now, event)
    }
    fn end(&mut self, now: Time) -> std::io::Result<()> {
        self.inner().end(now)
    }
}

impl Recomputing for ReadingsSink {
    fn why(self) -> Option<String> {
        None
    }
}

/// Runs a case of a result again and pours it into a sink.
fn recomputed<S: Recomputing>(
    args: &ReplayArgs,
    sink: impl FnOnce(&Loaded, &mut Case) -> Result<S, String>,
) -> u8 {
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
    if folder.result().scenario.data.is_some() {
        error(
            "this result was judged from a recording, and nothing can be computed anew; what was read stands in its record.mcap",
        );
        return BAD_USAGE;
    }
    let mut sink = match sink(&loaded.of_case(place), &mut case) {
        Ok(sink) => sink,
        Err(what) => {
            error(&what);
            return BAD_USAGE;
        }
    };
    let stop = stop_flag();
    let mut watch = Watch { progress: &mut |_| !stop.load(Ordering::Relaxed) };
    let outside = recorded(&case, &folder, say);
    match trocar_sim::run_with(&case, &Inputs::default(), outside, &mut sink, &mut watch) {
        Ok(_) => 0,
        Err(RunError::Interrupted) => INTERRUPTED,
        Err(RunError::Sink(what)) if what.kind() == std::io::ErrorKind::BrokenPipe => 0,
        Err(RunError::Sink(what)) => {
            error(&sink.why().unwrap_or_else(|| what.to_string()));
            BAD_USAGE
        }
    }
}
