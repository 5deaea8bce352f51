//! `trocar run --refine` and `--shake-assumed`: what the verdicts hang on.

use crate::output::{count, data, error, say};
use crate::progress::Progress;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use trocar_campaign::sensitivity::{Probe, Probed, Probes, Questions, refined, shaken};
use trocar_campaign::{Plan, Planned};
use trocar_evidence::outcome::CaseOutcome;
use trocar_evidence::sensitivity::{Sensitivity, Shaking};
use trocar_evidence::{ResultFolder, ScenarioResult};
use trocar_measure::Verdict;

/// What the finer steps and the other values said, by scenario.
pub struct Answers(Vec<(String, Vec<Sensitivity>)>);

impl Answers {
    /// Prints them as text.
    pub fn print(&self) {
        for (scenario, found) in &self.0 {
            found.iter().for_each(|one| data(&one.to_text(scenario)));
        }
    }

    /// As JSON: what each result folder keeps, with the name of its scenario.
    pub fn to_json(&self) -> Json {
        let all = self.0.iter().map(|(scenario, found)| json!({ "scenario": scenario, "cases": found }));
        all.collect()
    }

    /// Verdicts that come beside those of the results.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        self.0.iter().flat_map(|(_, found)| found).flat_map(Sensitivity::verdicts)
    }
}

/// Runs what the questions ask for, holds it against what the batch came to, and keeps it in the result folders.
/// `Err(true)`: interrupted; `Err(false)`: something failed, which was said.
pub fn answers(
    plan: &Plan,
    results: &[(PathBuf, ScenarioResult)],
    questions: Questions,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<Answers, bool> {
    let failed = |what: &dyn std::fmt::Display| {
        error(&what.to_string());
        false
    };
    let probes = Probes::new(plan, questions).map_err(|what| failed(&what))?;
    say(&format!("once more with other steps or values: {}", count(probes.count(), "run")));
    let progress = Progress::new(probes.count());
    let done = probes.run(jobs, &progress, stop);
    progress.clear();
    let Some(probed) = done.map_err(|what| failed(&what))? else { return Err(true) };
    let mut answers = Answers(Vec::new());
    for (place, (planned, (folder, result))) in plan.scenarios.iter().zip(results).enumerate() {
        let mut found = Vec::new();
        for case in &planned.cases {
            let name = &planned.loaded.cases[*case].name;
            let Some(base) = result.cases.iter().find(|outcome| outcome.case == *name) else { continue };
            let of_case: Vec<&Probed> =
                probed.iter().filter(|one| one.scenario == place && one.case == *case).collect();
            found.push(of_one(planned, base, &of_case, questions, probes.fixed[place]));
        }
        ResultFolder::keep_sensitivity(folder, &found).map_err(|what| failed(&what))?;
        answers.0.push((result.scenario.name().to_owned(), found));
    }
    Ok(answers)
}

fn of_one(
    planned: &Planned,
    base: &CaseOutcome,
    probed: &[&Probed],
    questions: Questions,
    left_alone: usize,
) -> Sensitivity {
    let with_step = |factor: u32| probed.iter().find(|one| one.probe == Probe::Step(factor));
    Sensitivity {
        case: base.case.clone(),
        step_s: base.step_s,
        refined: match (with_step(2), with_step(4)) {
            (Some(half), Some(quarter)) => refined(planned, [base, &half.outcome, &quarter.outcome]),
            _ => Vec::new(),
        },
        shaken: questions.shake.map(|part| Shaking { part, changes: shaken(base, probed), left_alone }),
    }
}
