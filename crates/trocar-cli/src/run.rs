//! `trocar run`

use crate::args::RunArgs;
use crate::expect::{self, Expected};
use crate::output::{BAD_USAGE, ERROR, INTERRUPTED, count, data, error, failures, say, stdout_is_styled};
use crate::progress::{Progress, stop_flag};
use crate::sensitivity::{self, Answers};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use trocar_campaign::controllers::names;
use trocar_campaign::sensitivity::Questions;
use trocar_campaign::{Batch, Controllers, Plan, Target, Watcher, run_batch};
use trocar_control::outside::Registry;
use trocar_evidence::{Existing, ScenarioResult, TableStyle, junit::to_junit, table, to_json};
use trocar_measure::exit_code;
use trocar_scenario::{Overrides, render};

/// Runs scenarios; gives the exit code.
pub fn run(args: &RunArgs, registry: &Registry) -> u8 {
    let expected = match args.expect.as_deref().map(Expected::read).transpose() {
        Ok(expected) => expected,
        Err(what) => {
            error(&what);
            return BAD_USAGE;
        }
    };
    let target = |path: &String| Target { with_long: args.long, ..Target::parse(path) };
    let targets: Vec<Target> = args.paths.iter().map(target).collect();
    let overrides = Overrides {
        scene: args.scene.clone(),
        set: args.set.clone(),
        roles: args.roles.clone(),
        seed: args.seed,
        controllers: args.controllers.clone(),
    };
    let controllers =
        Controllers { allowed: args.allow_exec.iter().cloned().collect(), registry: registry.clone(), say };
    let plan = match Plan::new(&targets, &overrides) {
        Ok(plan) => plan,
        Err(found) => {
            let errors = failures(&found);
            say(&format!("{}; nothing was run", count(errors, "error")));
            return BAD_USAGE;
        }
    };
    for planned in &plan.scenarios {
        if !planned.loaded.warnings.is_empty() {
            say(render::to_text(&planned.loaded.warnings, &planned.loaded.files, false).trim_end());
        }
    }
    for path in &plan.passed_over {
        say(&format!("passed over, for it takes long: {path} (it runs by its name, or with --long)"));
    }
    if plan.scenarios.is_empty() && plan.unfit.is_empty() {
        say("nothing was run");
        return BAD_USAGE;
    }
    let all: Vec<_> = plan.scenarios.iter().map(|planned| &planned.loaded).collect();
    let unknown = controllers.unknown(&all);
    if let Some(name) = unknown.first() {
        let names: BTreeSet<String> = all.iter().flat_map(|loaded| names(loaded)).collect();
        let names: Vec<String> = names.into_iter().collect();
        let there_is = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        error(&format!("no scenario has a controller `{name}` for --allow-exec; there is: {there_is}"));
    }
    let refusals: Vec<String> =
        plan.scenarios.iter().flat_map(|planned| controllers.refusals(&planned.loaded)).collect();
    if !refusals.is_empty() || !unknown.is_empty() {
        refusals.iter().for_each(|what| error(what));
        say(&format!("{}; nothing was run", count(refusals.len() + unknown.len().min(1), "error")));
        return BAD_USAGE;
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let jobs = args.jobs.map_or(cores, usize::from).min(plan.case_count().max(1));
    let Some(out) = args.out.clone().or_else(|| next_free_folder("run")) else {
        error("there are 9999 results in results/ already; choose a folder with --out");
        return BAD_USAGE;
    };
    let existing = if args.resume { Existing::Resume } else { Existing::Refuse };
    let batch = Batch { jobs, out: out.clone(), existing, controllers };
    say(&format!(
        "{} checked: {}, {}",
        count(plan.scenarios.len() + plan.unfit.len(), "file"),
        count(plan.case_count(), "run"),
        count(jobs, "job")
    ));
    let progress = Progress::new(plan.case_count());
    let stop = stop_flag();
    let done = run_batch(&plan, &batch, &progress, &stop);
    progress.clear();
    let done = match done {
        Ok(done) => done,
        Err(what) => {
            error(&what.to_string());
            return match what {
                trocar_campaign::BatchError::Result(_) => BAD_USAGE,
                _ => ERROR,
            };
        }
    };
    let cases: usize = done.finished.iter().map(|(_, r)| r.cases.len()).sum();
    let partial: usize = done.interrupted.iter().map(|(_, finished, _)| finished).sum();
    say(&format!(
        "{} of {} done in {:.1} s ({:.0} s simulated)",
        cases + partial,
        plan.case_count(),
        progress.wall_s(),
        progress.simulated_s()
    ));
    let of_unfit = plan.unfit.iter().map(|unfit| &unfit.result);
    let results: Vec<ScenarioResult> =
        done.finished.iter().map(|(_, result)| result).chain(of_unfit).cloned().collect();
    let questions = Questions { refine: args.refine, shake: args.shake_assumed };
    let mut answers = None;
    if questions != Questions::default() && done.interrupted.is_empty() {
        match sensitivity::answers(&plan, &done.finished, questions, jobs, &stop) {
            Ok(found) => answers = Some(found),
            Err(true) => return INTERRUPTED,
            Err(false) => return ERROR,
        }
    }
    if args.json {
        let text = to_json(&results).and_then(|text| match &answers {
            None => Ok(text),
            Some(answers) => {
                let mut json: serde_json::Value = serde_json::from_str(&text)?;
                json["sensitivity"] = answers.to_json();
                Ok(format!("{json:#}\n"))
            }
        });
        match text {
            Ok(text) => data(&text),
            Err(what) => {
                error(&format!("cannot print the results as JSON: {what}"));
                return ERROR;
            }
        }
    } else if !results.is_empty() {
        let shown = out.display().to_string();
        let next =
            done.finished.first().map(|(folder, _)| format!("replay: trocar replay {}", folder.display()));
        let style = TableStyle { styled: stdout_is_styled(), results_in: Some(shown), next };
        data("\n");
        data(&table(&results, &style));
    }
    if let Some(answers) = answers.as_ref().filter(|_| !args.json) {
        data("\n");
        answers.print();
    }
    if let Some(path) = &args.junit
        && let Err(what) = write_junit(path, &results)
    {
        error(&what);
        return ERROR;
    }
    if !done.interrupted.is_empty() {
        say(&format!(
            "interrupted; go on with: trocar run {} --out {} --resume",
            args.paths.join(" "),
            out.display()
        ));
        return INTERRUPTED;
    }
    if let Some(path) = &args.record_expected {
        return match expect::write(path, &results) {
            Ok(()) => 0,
            Err(what) => {
                error(&what);
                BAD_USAGE
            }
        };
    }
    match expected {
        Some(expected) => {
            let differences = expected.differences(&results);
            differences.iter().for_each(|d| error(d));
            if differences.is_empty() {
                say("all verdicts are as expected");
            }
            u8::from(!differences.is_empty())
        }
        None => {
            let beside = answers.iter().flat_map(Answers::verdicts);
            exit_code(results.iter().flat_map(ScenarioResult::verdicts).chain(beside))
        }
    }
}

/// The first of `results/WHAT-001` … that does not exist.
pub(crate) fn next_free_folder(what: &str) -> Option<PathBuf> {
    (1..10_000).map(|n| Path::new("results").join(format!("{what}-{n:03}"))).find(|path| !path.exists())
}

pub(crate) fn write_junit(path: &Path, results: &[ScenarioResult]) -> Result<(), String> {
    let text = to_junit(results).map_err(|e| format!("cannot make JUnit XML: {e}"))?;
    if let Some(folder) = path.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    }
    // A report of an earlier run under the same name is what a build server expects to be replaced.
    std::fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()))
}
