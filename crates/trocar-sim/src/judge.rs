//! From figures to verdicts.

use crate::case::{Case, FaultFigure, RequirementPlan};
use crate::outcome::{LimitOutcome, Reported, RequirementOutcome};
use trocar_logic::{CompareOp, Comparison, Figures, OperandId, Scope, Type};
use trocar_measure::{
    Comparison as Relation, Coverage, Figure, FigureFormat, FigureRow, Limit, LimitOwner, NoFigure, Verdict,
    decide,
};
use trocar_signal::Dimension;

const MEASURE: u32 = 0;
const FAULT: u32 = 1 << 30;
const LIMIT: u32 = 2 << 30;
const KIND: u32 = 3 << 30;

/// The names that a requirement may use.
pub struct RequirementScope<'a> {
    /// Measures: name, what they measure, rows.
    pub measures: &'a [(String, Dimension, usize)],
    /// Faults by name.
    pub faults: &'a [String],
    /// Declared limits, by path.
    pub limits: &'a [crate::case::DeclaredLimit],
    /// What a deviation from a fault's twin measures.
    pub deviation: Dimension,
}

impl Scope for RequirementScope<'_> {
    fn resolve(&self, path: &str) -> Option<(OperandId, Type)> {
        if let Some(at) = self.measures.iter().position(|(name, _, _)| name == path) {
            let (_, dimension, rows) = &self.measures[at];
            return Some((OperandId(MEASURE | at as u32), Type::rows(*dimension, *rows)));
        }
        if let Some(at) = self.limits.iter().position(|l| l.constant.path == path) {
            return Some((OperandId(LIMIT | at as u32), Type::number(self.limits[at].constant.dimension)));
        }
        let (name, figure) = path.strip_prefix("fault.")?.split_once('.')?;
        let fault = self.faults.iter().position(|f| f == name)?;
        let which = FaultFigure::ALL.iter().position(|(known, _)| *known == figure)?;
        let id = FAULT | (fault * FaultFigure::ALL.len() + which) as u32;
        Some((OperandId(id), Type::number(FaultFigure::ALL[which].1.dimension(self.deviation))))
    }

    fn names(&self) -> Vec<String> {
        let measures = self.measures.iter().map(|(name, _, _)| name.clone());
        let limits = self.limits.iter().map(|l| l.constant.path.clone());
        let faults = self.faults.iter().flat_map(|fault| {
            FaultFigure::ALL.iter().map(move |(figure, _)| format!("fault.{fault}.{figure}"))
        });
        measures.chain(limits).chain(faults).collect()
    }

    fn value_text(&self, path: &str) -> Option<String> {
        let limit = self.limits.iter().find(|l| l.constant.path == path)?;
        Some(
            FigureFormat::new(limit.constant.value, 0.0, limit.constant.dimension)
                .limit(limit.constant.value),
        )
    }
}

/// What a run measured, as requirements read it.
pub struct Measured {
    /// Of each measure: its rows, or why there are none.
    pub measures: Vec<Result<Vec<FigureRow>, NoFigure>>,
    /// Of each fault, in the order of [`FaultFigure::ALL`]: the figure, or why there is none.
    pub faults: Vec<[Result<Figure, String>; 5]>,
}

struct Read<'a> {
    case: &'a Case,
    measured: &'a Measured,
}

impl Read<'_> {
    fn full(&self, id: OperandId, row: usize) -> Result<Figure, String> {
        let at = (id.0 & !KIND) as usize;
        match id.0 & KIND {
            MEASURE => match &self.measured.measures[at] {
                Ok(rows) => rows
                    .get(row)
                    .map(|row| row.figure(Coverage::default()))
                    .ok_or_else(|| "this row was not measured".to_owned()),
                Err(why) => Err(format!("{}: {why}", self.case.measures[at].name)),
            },
            FAULT => {
                let all = FaultFigure::ALL.len();
                self.measured.faults[at / all][at % all].clone()
            }
            _ => {
                let constant = &self.case.limits[at].constant;
                Ok(Figure {
                    value: constant.value,
                    expanded_u: 0.0,
                    k: 2.0,
                    dimension: constant.dimension,
                    n: 1,
                    noise_bias: 0.0,
                    components: Vec::new(),
                })
            }
        }
    }
}

impl Figures for Read<'_> {
    fn figure(&self, id: OperandId, row: usize) -> Option<trocar_logic::Figure> {
        let figure = self.full(id, row).ok()?;
        Some(trocar_logic::Figure { value: figure.value, expanded_u: figure.expanded_u })
    }
}

/// A number as it is reported.
#[must_use]
pub fn reported(value: f64, expanded_uncertainty: Option<f64>, k: f64, dimension: Dimension) -> Reported {
    let u = expanded_uncertainty.unwrap_or(0.0);
    Reported {
        value,
        expanded_uncertainty,
        coverage_factor: k,
        unit: dimension.si_unit(),
        text: FigureFormat::new(value, u, dimension).value_and_u(value, u),
    }
}

/// A figure as it is reported.
#[must_use]
pub fn reported_figure(figure: &Figure) -> Reported {
    reported(figure.value, Some(figure.expanded_u), figure.k, figure.dimension)
}

/// The verdict on one requirement. `stopped`: why the run as a whole decides nothing.
#[must_use]
pub fn judge(
    case: &Case,
    plan: &RequirementPlan,
    measured: &Measured,
    stopped: Option<&(Verdict, String)>,
) -> RequirementOutcome {
    let mut outcome = RequirementOutcome {
        id: plan.id.clone(),
        formula: plan.text.clone(),
        why: plan.why.clone(),
        file: plan.file.clone(),
        line: plan.line,
        verdict: Verdict::Invalid,
        subject: subject_without_figure(plan),
        figure: None,
        limit: None,
        margin: None,
        reason: None,
        hints: Vec::new(),
        without_fault: None,
        figure_without_fault: None,
    };
    let read = Read { case, measured };
    let parts = plan.formula.evaluate(&read);
    let mut worst: Option<RequirementOutcome> = None;
    for (at, part) in parts.into_iter().enumerate() {
        let mut one = outcome.clone();
        match part {
            Ok(comparison) => judge_part(&read, plan, comparison, &mut one),
            Err(_) => judge_missing(&read, plan, at, &mut one),
        }
        if worst.as_ref().is_none_or(|w| one.verdict > w.verdict) {
            worst = Some(one);
        }
    }
    if let Some(worst) = worst {
        outcome = worst;
    }
    if let Some((verdict, reason)) = stopped {
        // The numbers of a run that decides nothing are not shown beside its verdict.
        outcome.verdict = *verdict;
        (outcome.figure, outcome.margin) = (None, None);
        outcome.reason = Some(reason.clone());
        outcome.hints.clear();
    }
    outcome
}

fn subject_without_figure(plan: &RequirementPlan) -> String {
    let text = plan.formula.text();
    text.split(['<', '>']).next().unwrap_or(text).trim().to_owned()
}

/// A comparison whose figure is missing: why, and what is known of it all the same.
fn judge_missing(read: &Read<'_>, plan: &RequirementPlan, at: usize, out: &mut RequirementOutcome) {
    struct WithoutFigures<'a>(&'a Read<'a>);
    impl Figures for WithoutFigures<'_> {
        fn figure(&self, id: OperandId, row: usize) -> Option<trocar_logic::Figure> {
            self.0.figure(id, row).or(Some(trocar_logic::Figure { value: 0.0, expanded_u: 0.0 }))
        }
    }
    let part = plan.formula.evaluate(&WithoutFigures(read)).into_iter().nth(at);
    let Some(Ok(comparison)) = part else {
        out.reason = Some(why_missing(read, plan.formula.operands().iter().map(|operand| operand.id)));
        return;
    };
    let comparison = comparison.with_limit_on_the_right(is_limit);
    let operands = comparison.lhs.operands.iter().chain(&comparison.rhs.operands);
    out.reason = Some(why_missing(read, operands.copied()));
    if let Some(text) = plan.formula.text().get(comparison.lhs.span.clone()) {
        text.clone_into(&mut out.subject);
    }
    if let Some(owner) = limits_of(read.case, &comparison) {
        let (value, dimension) = (comparison.rhs.figure.value, comparison.dimension);
        let limit = Limit { value, dimension, comparison: relation(comparison.op), owner };
        out.limit = Some(limit_outcome(&limit, &FigureFormat::new(value, 0.0, dimension)));
    }
}

fn why_missing(read: &Read<'_>, operands: impl Iterator<Item = OperandId>) -> String {
    let mut reasons: Vec<String> = Vec::new();
    for operand in operands {
        if let Err(why) = read.full(operand, 0)
            && !reasons.contains(&why)
        {
            reasons.push(why);
        }
    }
    if reasons.is_empty() {
        "a part of the formula has no finite value".to_owned()
    } else {
        reasons.join("; ")
    }
}

fn is_limit(id: OperandId) -> bool {
    id.0 & KIND == LIMIT
}

fn relation(op: CompareOp) -> Relation {
    match op {
        CompareOp::Less => Relation::Below,
        CompareOp::LessEqual => Relation::AtMost,
        CompareOp::Greater => Relation::Above,
        // Equalities are refused when the formula is compiled.
        _ => Relation::AtLeast,
    }
}

fn limit_outcome(limit: &Limit, format: &FigureFormat) -> LimitOutcome {
    let (owner, document) = match &limit.owner {
        LimitOwner::Declared { document } => ("declared", Some(document.clone())),
        LimitOwner::File => ("file", None),
        LimitOwner::Example => ("example", None),
    };
    LimitOutcome {
        limit: Reported {
            value: limit.value,
            expanded_uncertainty: None,
            coverage_factor: 0.0,
            unit: limit.dimension.si_unit(),
            text: format.limit(limit.value),
        },
        relation: limit.comparison.symbol().to_owned(),
        owner: owner.to_owned(),
        document,
    }
}

fn judge_part(read: &Read<'_>, plan: &RequirementPlan, comparison: Comparison, out: &mut RequirementOutcome) {
    let comparison = comparison.with_limit_on_the_right(is_limit);
    let relation = relation(comparison.op);
    let text = plan.formula.text();
    let lhs_text = text.get(comparison.lhs.span.clone()).unwrap_or("").to_owned();
    let deciding = comparison.lhs.deciding();
    let mut figure = Figure {
        value: comparison.lhs.figure.value,
        expanded_u: comparison.lhs.figure.expanded_u,
        k: 2.0,
        dimension: comparison.dimension,
        n: 1,
        noise_bias: 0.0,
        components: Vec::new(),
    };
    // Where one row of one measure is the whole left side, all that is known of it counts.
    if let Some(one) = deciding.filter(|d| d.sensitivity == 1.0)
        && let Ok(full) = read.full(one.operand, one.row)
        && full.value == figure.value
    {
        figure = full;
    }
    let (limit_value, owner) = match limits_of(read.case, &comparison) {
        Some(owner) => (comparison.rhs.figure.value, owner),
        None => {
            // Both sides were measured: what is judged is their distance.
            figure.value = comparison.lhs.figure.value;
            figure.expanded_u = comparison.margin_expanded_u;
            (comparison.rhs.figure.value, LimitOwner::File)
        }
    };
    let limit = Limit { value: limit_value, dimension: comparison.dimension, comparison: relation, owner };
    out.subject = match deciding.and_then(|d| row_label(read, d.operand, d.row)) {
        Some(row) => format!("{lhs_text}, at {row}"),
        None => lhs_text,
    };
    match decide(read.case.decision, &figure, &limit) {
        Ok(decision) => {
            out.verdict = decision.verdict;
            if let Some(what) = decision.would_decide {
                out.reason = Some(what.to_string());
            }
            let format = FigureFormat::of(&figure);
            out.figure = Some(reported_figure(&figure));
            out.margin = Some(Reported {
                value: decision.margin,
                expanded_uncertainty: Some(comparison.margin_expanded_u),
                coverage_factor: figure.k,
                unit: comparison.dimension.si_unit(),
                text: format.signed(decision.margin),
            });
            out.limit = Some(limit_outcome(&limit, &format));
        }
        Err(error) => {
            out.verdict = Verdict::Error;
            out.reason = Some(error.to_string());
        }
    }
}

/// Whose the limit is: of several declared ones the weakest; the file's where it is written in the formula; `None`
/// where the right side was measured.
fn limits_of(case: &Case, comparison: &Comparison) -> Option<LimitOwner> {
    let mut owner = LimitOwner::File;
    for id in &comparison.rhs.operands {
        if id.0 & KIND != LIMIT {
            return None;
        }
        let declared = &case.limits[(id.0 & !KIND) as usize].owner;
        if owner == LimitOwner::File || *declared == LimitOwner::Example {
            owner = declared.clone();
        }
    }
    Some(owner)
}

fn row_label(read: &Read<'_>, id: OperandId, row: usize) -> Option<String> {
    if id.0 & KIND != MEASURE {
        return None;
    }
    let rows = read.measured.measures[(id.0 & !KIND) as usize].as_ref().ok()?;
    rows.get(row).map(|row| row.label.clone()).filter(|label| !label.is_empty())
}
