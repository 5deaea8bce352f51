//! `trocar run --refine` and `--shake-assumed`: what the verdicts hang on.

use crate::output::{count, data, error, say};
use crate::progress::Progress;
use serde_json::{Value as Json, json};
use std::sync::atomic::AtomicBool;
use trocar_campaign::sensitivity::{Probe, Probed, Probes, Questions, Refined, Shaken, refined, shaken};
use trocar_campaign::{Plan, Planned};
use trocar_evidence::ScenarioResult;
use trocar_evidence::outcome::CaseOutcome;
use trocar_measure::Verdict;

/// How many changes of each case are shown.
const SHOWN: usize = 5;

/// What the finer steps and the other values said.
pub struct Answers {
    text: String,
    json: Vec<Json>,
    /// Verdicts that come beside those of the results.
    pub verdicts: Vec<Verdict>,
}

impl Answers {
    /// Prints them as text.
    pub fn print(&self) {
        data(&self.text);
    }

    /// As JSON.
    pub fn to_json(&self) -> Json {
        Json::from(self.json.clone())
    }
}

/// Runs what the questions ask for, and holds it against what the batch came to. `Err(true)`: interrupted; `Err(false)`:
/// something failed, which was said.
pub fn answers(
    plan: &Plan,
    results: &[&ScenarioResult],
    questions: Questions,
    jobs: usize,
    stop: &AtomicBool,
) -> Result<Answers, bool> {
    let probes = Probes::new(plan, questions).map_err(|what| {
        error(&what);
        false
    })?;
    say(&format!("once more with other steps or values: {}", count(probes.count(), "run")));
    let progress = Progress::new(probes.count());
    let done = probes.run(jobs, &progress, stop);
    progress.clear();
    let probed = match done {
        Ok(Some(probed)) => probed,
        Ok(None) => return Err(true),
        Err(what) => {
            error(&what.to_string());
            return Err(false);
        }
    };
    let mut answers = Answers { text: String::new(), json: Vec::new(), verdicts: Vec::new() };
    for (place, (planned, result)) in plan.scenarios.iter().zip(results).enumerate() {
        for case in &planned.cases {
            let name = &planned.loaded.cases[*case].name;
            let Some(base) = result.cases.iter().find(|outcome| outcome.case == *name) else { continue };
            let of_case: Vec<&Probed> =
                probed.iter().filter(|one| one.scenario == place && one.case == *case).collect();
            answers.of_case(result, planned, base, &of_case, (questions, probes.fixed[place]));
        }
    }
    Ok(answers)
}

impl Answers {
    fn of_case(
        &mut self,
        result: &ScenarioResult,
        planned: &Planned,
        base: &CaseOutcome,
        probed: &[&Probed],
        (questions, fixed): (Questions, usize),
    ) {
        let case = if base.case.is_empty() { String::new() } else { format!(", case {}", base.case) };
        let title = format!("{}{case}", result.scenario.name());
        let mut json = json!({ "scenario": result.scenario.name(), "case": base.case });
        let with_step = |factor: u32| probed.iter().find(|one| one.probe == Probe::Step(factor));
        if let (true, Some(half), Some(quarter)) = (questions.refine, with_step(2), with_step(4)) {
            let found = refined(planned, [base, &half.outcome, &quarter.outcome]);
            self.text += &refinement(&title, base, &found);
            self.verdicts.extend(found.iter().map(|one| one.with_band));
            json["refinement"] = found.iter().map(refined_json).collect();
        }
        if let Some(part) = questions.shake {
            let found = shaken(base, probed);
            self.text += &shaking(&title, part, &found, fixed);
            let hang = found.iter().any(|one| one.before.1 != one.after.1);
            self.verdicts.extend(hang.then_some(Verdict::Inconclusive));
            json["shaken"] = found.iter().map(shaken_json).collect();
            json["not_shaken"] = fixed.into();
        }
        self.json.push(json);
    }
}

fn refinement(title: &str, base: &CaseOutcome, found: &[Refined]) -> String {
    let step_ms = 1e3 * base.step_s;
    let mut text = format!("{title}: at the step of {step_ms:.4} ms, half and a quarter of it\n");
    let widths: Vec<usize> =
        (0..3).map(|at| found.iter().map(|one| one.figures[at].chars().count()).max().unwrap_or(0)).collect();
    for one in found {
        let figures: Vec<String> =
            one.figures.iter().zip(&widths).map(|(figure, width)| format!("{figure:<width$}")).collect();
        let order = one.order.map_or_else(|| "order –".to_owned(), |order| format!("order {order:.1}"));
        let band = one.band.as_ref().map_or("–", |(_, text)| text.as_str());
        let verdict = if one.depends() {
            let [a, b, c] = one.verdicts.map(Verdict::word);
            format!("hangs on the step: {a}, {b}, {c}; with the band in U {}", one.with_band)
        } else {
            one.with_band.word().to_owned()
        };
        text += &format!("  {:<4} {}  {order}  band ± {band}  {verdict}\n", one.id, figures.join("  "));
    }
    text + "\n"
}

fn shaking(title: &str, part: f64, found: &[Shaken], fixed: usize) -> String {
    let changes = found.iter().map(|one| &one.change).collect::<std::collections::BTreeSet<_>>().len();
    let mut text = format!(
        "{title}: each assumed parameter {:.0} % less and more, {}\n",
        100.0 * part,
        count(changes, "change")
    );
    let moved: Vec<&Shaken> = found.iter().filter(|one| one.before.1 != one.after.1).collect();
    if moved.is_empty() {
        text += "  no verdict changes; what moves figures most:\n";
    } else {
        text += &format!("  {} of a verdict hang on an assumed parameter:\n", count(moved.len(), "change"));
    }
    for one in found.iter().take(SHOWN.max(moved.len())) {
        let verdict = if one.before.1 == one.after.1 {
            one.after.1.word().to_owned()
        } else {
            format!("{} → {}", one.before.1, one.after.1)
        };
        let part = one.moved.map_or_else(String::new, |moved| format!(" ({:+.1} %)", 100.0 * moved));
        text +=
            &format!("  {:<4} {}: {} → {}{part}  {verdict}\n", one.id, one.change, one.before.0, one.after.0);
    }
    if fixed > 0 {
        text += &format!(
            "  {} of the compiled model can be changed in its file alone, and were left\n",
            count(fixed, "assumed parameter")
        );
    }
    text + "\n"
}

fn refined_json(one: &Refined) -> Json {
    json!({
        "id": one.id, "figures": one.figures, "verdicts": one.verdicts, "order": one.order,
        "band": one.band.as_ref().map(|(si, _)| si), "verdict_with_band": one.with_band, "depends": one.depends()
    })
}

fn shaken_json(one: &Shaken) -> Json {
    json!({
        "id": one.id, "change": one.change, "figure": one.before.0, "verdict": one.before.1,
        "figure_changed": one.after.0, "verdict_changed": one.after.1, "moved": one.moved
    })
}
