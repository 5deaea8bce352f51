//! How much of a result hangs on the step of the simulation, and on numbers that nobody has published.
//!
//! Both run cases again with one thing changed, keep nothing of it on disk, and hold the outcomes against the one that
//! the batch gave. Controllers from outside take no part in it: a case that has some is refused.

use crate::batch::{BatchError, Watcher};
use crate::plan::{Plan, Planned};
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use trocar_evidence::outcome::{CaseOutcome, Reported, RequirementOutcome};
use trocar_evidence::sensitivity::{Refined, Shaken};
use trocar_measure::{DecisionRule, DisplayUnit, Verdict};
use trocar_scenario::Loaded;
use trocar_signal::quantity::Frequency;
use trocar_signal::{Dimension, Standing};
use trocar_sim::judge::reported;
use trocar_sim::sink::Sink;
use trocar_sim::{Case, Inputs, Watch};

/// One thing that is changed.
#[derive(Clone, Debug, PartialEq)]
pub enum Probe {
    /// The step, divided by this.
    Step(u32),
    /// An assumed parameter.
    Parameter {
        /// Its path.
        path: String,
        /// The value that the case has (SI).
        from: f64,
        /// The value that is tried (SI).
        to: f64,
        /// What it measures.
        dimension: Dimension,
    },
}

/// What is asked of each case.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Questions {
    /// Half and quarter step.
    pub refine: bool,
    /// Each assumed parameter, this part of its value more and less.
    pub shake: Option<f64>,
}

/// One case under one change.
#[derive(Clone, Debug)]
pub struct Probed {
    /// The scenario's place in the plan.
    pub scenario: usize,
    /// The case's place among the scenario's.
    pub case: usize,
    /// What was changed.
    pub probe: Probe,
    /// What it came to.
    pub outcome: CaseOutcome,
}

/// What a plan's questions make to be run.
pub struct Probes<'a> {
    plan: &'a Plan,
    list: Vec<(usize, usize, Probe)>,
    /// Assumed parameters that are part of a compiled model and were left alone, by scenario.
    pub fixed: Vec<usize>,
}

impl<'a> Probes<'a> {
    /// Lists what is to be run.
    ///
    /// # Errors
    /// A sentence, where a case cannot be run again on its own.
    pub fn new(plan: &'a Plan, questions: Questions) -> Result<Probes<'a>, String> {
        let mut probes = Probes { plan, list: Vec::new(), fixed: vec![0; plan.scenarios.len()] };
        for (scenario, planned) in plan.scenarios.iter().enumerate() {
            for place in &planned.cases {
                let case = compiled(&planned.loaded, *place)?;
                if !case.model.outside.is_empty() {
                    return Err(format!(
                        "{} has a controller from outside, which is not run again: leave --refine and --shake-assumed out",
                        planned.shown
                    ));
                }
                if questions.refine {
                    probes.list.extend([2, 4].map(|factor| (scenario, *place, Probe::Step(factor))));
                }
                let Some(part) = questions.shake else { continue };
                let (found, fixed) = assumed(&case, part);
                probes.fixed[scenario] = fixed;
                probes.list.extend(found.into_iter().map(|probe| (scenario, *place, probe)));
            }
        }
        Ok(probes)
    }

    /// How many runs they are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// Runs them all, on `jobs` threads; `None` where `stop` interrupted it.
    ///
    /// # Errors
    /// [`BatchError`]
    pub fn run(
        &self,
        jobs: usize,
        watcher: &dyn Watcher,
        stop: &AtomicBool,
    ) -> Result<Option<Vec<Probed>>, BatchError> {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(jobs)
            .build()
            .map_err(|e| BatchError::Threads { jobs, what: e.to_string() })?;
        let done: Vec<Result<Option<Probed>, BatchError>> = pool.install(|| {
            let list = self.list.par_iter().enumerate().with_max_len(1);
            list.map(|(number, unit)| self.one(number, unit, watcher, stop)).collect()
        });
        done.into_iter().collect()
    }

    fn one(
        &self,
        number: usize,
        (scenario, place, probe): &(usize, usize, Probe),
        watcher: &dyn Watcher,
        stop: &AtomicBool,
    ) -> Result<Option<Probed>, BatchError> {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let planned = &self.plan.scenarios[*scenario];
        let fail = |what: String| BatchError::Compile {
            scenario: planned.shown.clone(),
            case: planned.loaded.cases[*place].name.clone(),
            what,
        };
        let case = match probe {
            Probe::Step(factor) => compiled(&finer(&planned.loaded, *factor), *place).map_err(fail)?,
            Probe::Parameter { path, to, .. } => {
                let mut case = compiled(&planned.loaded, *place).map_err(fail)?;
                let at = case.model.parameters.iter().position(|parameter| parameter.path == *path);
                if let Some(at) = at {
                    case.changes.retain(|(changed, _)| *changed != at);
                    case.changes.push((at, *to));
                }
                case
            }
        };
        let mut watch = Watch {
            progress: &mut |now| {
                watcher.advanced(number, now);
                !stop.load(Ordering::Relaxed)
            },
        };
        struct Nowhere;
        impl Sink for Nowhere {}
        let Ok(outcome) = trocar_sim::run(&case, &Inputs::default(), &mut Nowhere, &mut watch) else {
            return Ok(None);
        };
        watcher.finished(number, &outcome, false);
        Ok(Some(Probed { scenario: *scenario, case: *place, probe: probe.clone(), outcome }))
    }
}

fn compiled(loaded: &Loaded, place: usize) -> Result<Case, String> {
    trocar_sim::Compiled { loaded }
        .case(place)
        .map_err(|mistakes| mistakes.first().map_or_else(String::new, |mistake| mistake.title.clone()))
}

fn finer(loaded: &Loaded, factor: u32) -> Loaded {
    let mut finer = loaded.clone();
    let rate_hz = loaded.scene.scene.step_rate.si() * f64::from(factor);
    finer.scene.scene.step_rate = Frequency::from_si(rate_hz);
    finer
}

/// Each assumed parameter of a case at both ends, and how many there are that only a file can change.
fn assumed(case: &Case, part: f64) -> (Vec<Probe>, usize) {
    let mut probes = Vec::new();
    let mut fixed = 0;
    for (at, parameter) in case.model.parameters.iter().enumerate() {
        if parameter.standing != Standing::Assumed {
            continue;
        }
        if !parameter.tunable {
            fixed += 1;
            continue;
        }
        let set = case.changes.iter().rev().find(|(changed, _)| *changed == at);
        let from = set.map_or(parameter.nominal, |(_, value)| *value);
        for to in [from * (1.0 - part), from * (1.0 + part)] {
            // Of zero there is no part.
            if to != from
                && parameter.least.is_none_or(|least| to >= least)
                && parameter.most.is_none_or(|most| to <= most)
            {
                let (path, dimension) = (parameter.path.clone(), parameter.dimension);
                probes.push(Probe::Parameter { path, from, to, dimension });
            }
        }
    }
    (probes, fixed)
}

/// Order and band of a figure at the step, half and a quarter of it, after Roache, Perspective: A Method for Uniform
/// Reporting of Grid Refinement Studies, J. Fluids Eng. 116 (1994): with an order p between 0.5 and 4 the error of the
/// first is its difference from the second over 1 − 2⁻ᵖ, and the band 1.25 times that; where the three show no order, 3
/// times the larger difference.
#[must_use]
pub fn order_and_band([a, b, c]: [f64; 3]) -> (Option<f64>, f64) {
    let (coarse, fine) = (a - b, b - c);
    if coarse == 0.0 && fine == 0.0 {
        return (None, 0.0);
    }
    let order = (coarse * fine > 0.0)
        .then(|| trocar_math::ln(coarse / fine) / std::f64::consts::LN_2)
        .filter(|order| (0.5..=4.0).contains(order));
    let band = match order {
        Some(order) => 1.25 * coarse.abs() / (1.0 - trocar_math::powf(2.0, -order)),
        None => 3.0 * trocar_math::max(coarse.abs(), fine.abs()),
    };
    (order, band)
}

/// What the finer steps say of a case's requirements.
#[must_use]
pub fn refined(planned: &Planned, at: [&CaseOutcome; 3]) -> Vec<Refined> {
    let rule = planned.loaded.scenario.decision;
    at[0].requirements.iter().map(|requirement| refined_one(rule, requirement, at)).collect()
}

fn refined_one(rule: DecisionRule, requirement: &RequirementOutcome, at: [&CaseOutcome; 3]) -> Refined {
    let same = at.map(|outcome| outcome.requirements.iter().find(|one| one.id == requirement.id));
    let figures = same.map(|one| one.and_then(|one| one.figure.as_ref()));
    let text = figures.map(|figure| figure.map_or_else(|| "–".to_owned(), |figure| figure.text.clone()));
    let verdicts = same.map(|one| one.map_or(Verdict::Error, |one| one.verdict));
    let mut found = Refined {
        id: requirement.id.clone(),
        figures: text,
        verdicts,
        order: None,
        band: None,
        with_band: None,
        verdict_with_band: verdicts[0],
    };
    let [Some(a), Some(b), Some(c)] = figures else { return found };
    let (order, band) = order_and_band([a.value, b.value, c.value]);
    found.order = order;
    let dimension = trocar_signal::unit::parse(&a.unit).map_or(Dimension::NUMBER, |unit| unit.dimension);
    let unit = DisplayUnit::of(band, dimension);
    let digits = format!("{:.1e}", band / unit.scale).parse::<f64>().unwrap_or(0.0);
    let shown = format!("{digits} {}", unit.symbol);
    found.band = Some(Reported {
        value: band,
        expanded_uncertainty: None,
        coverage_factor: 0.0,
        unit: a.unit.clone(),
        text: shown.trim().to_owned(),
    });
    let k = if a.coverage_factor > 0.0 { a.coverage_factor } else { 2.0 };
    let with_step = |u: Option<f64>| trocar_math::hypot(u.unwrap_or(0.0), k * band / f64::sqrt(3.0));
    let expanded = with_step(a.expanded_uncertainty);
    found.with_band = Some(reported(a.value, Some(expanded), k, dimension));
    if let (DecisionRule::Guarded, Some(margin), Verdict::Pass | Verdict::Fail | Verdict::Inconclusive) =
        (rule, requirement.margin.as_ref(), verdicts[0])
    {
        // The margin may be the less certain of the two: its limit may have been measured too.
        let expanded = trocar_math::max(expanded, with_step(margin.expanded_uncertainty));
        found.verdict_with_band = match margin.value {
            inside if inside >= expanded => Verdict::Pass,
            outside if outside < -expanded => Verdict::Fail,
            _ => Verdict::Inconclusive,
        };
    }
    found
}

/// What each change did to each requirement of a case: first those whose verdict changed, then by how far the figure moved.
#[must_use]
pub fn shaken(base: &CaseOutcome, probed: &[&Probed]) -> Vec<Shaken> {
    let mut found = Vec::new();
    for one in probed {
        let Probe::Parameter { path, from, to, dimension } = &one.probe else { continue };
        let unit = DisplayUnit::of(*from, *dimension);
        let shown = |si: f64| format!("{:.3e}", si / unit.scale).parse::<f64>().unwrap_or(0.0);
        let change = format!("{path}: {} → {} {}", shown(*from), shown(*to), unit.symbol);
        for requirement in &base.requirements {
            let after = one.outcome.requirements.iter().find(|other| other.id == requirement.id);
            let figure = |one: &RequirementOutcome| {
                one.figure.as_ref().map_or_else(|| "–".to_owned(), |f| f.text.clone())
            };
            let moved = match (requirement.figure.as_ref(), after.and_then(|after| after.figure.as_ref())) {
                (Some(a), Some(b)) if a.value != 0.0 => Some((b.value - a.value) / a.value.abs()),
                _ => None,
            };
            found.push(Shaken {
                id: requirement.id.clone(),
                change: change.trim().to_owned(),
                before: figure(requirement),
                verdict_before: requirement.verdict,
                after: after.map_or_else(|| "–".to_owned(), figure),
                verdict_after: after.map_or(Verdict::Error, |one| one.verdict),
                moved,
            });
        }
    }
    let weight = |one: &Shaken| (one.verdict_before != one.verdict_after, one.moved.map_or(0.0, f64::abs));
    found.sort_by(|a, b| {
        let (a, b) = (weight(a), weight(b));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f(h) = 1 + c hᵖ at h, h/2, h/4 shows p exactly, and its error c hᵖ lies inside the band, which is 1.25 times it.
    #[test]
    fn a_power_law_shows_its_order() {
        for p in [1.0, 2.0, 3.0] {
            let f = |h: f64| 1.0 + 0.3 * trocar_math::powf(h, p);
            let (order, band) = order_and_band([f(0.1), f(0.05), f(0.025)]);
            assert!((order.unwrap() - p).abs() < 1e-9, "{order:?}");
            let error = (f(0.1) - 1.0).abs();
            assert!((band / error - 1.25).abs() < 1e-9, "{band} {error}");
        }
    }

    #[test]
    fn figures_without_an_order_get_a_wide_band() {
        assert_eq!(order_and_band([1.0, 1.0, 1.0]), (None, 0.0));
        let (order, band) = order_and_band([1.0, 1.2, 1.1]);
        assert!(order.is_none() && (band - 0.6).abs() < 1e-12);
        // Differences that grow are no convergence.
        let (order, band) = order_and_band([1.0, 1.1, 1.4]);
        assert!(order.is_none() && (band - 0.9).abs() < 1e-12);
    }
}
