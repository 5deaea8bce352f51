//! Requirements: formulas over figures, evaluated once, with their uncertainty. The verdict itself is not made here.

use crate::check::check;
use crate::error::LogicError;
use crate::expr::{CompareOp, Expr, ExprKind, LogicOp};
use crate::figure::{Contribution, Figure, FigureError, Figures, Traced, trace};
use crate::node::{CompareNode, NumberNode, OperandUse, TruthKind, TruthNode};
use crate::parser::parse;
use crate::program::{MAX_INSTRUCTIONS, Program};
use crate::types::{OperandId, Scope};
use std::ops::Range;
use trocar_signal::Dimension;

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// Its value and U, in SI units and radians.
    pub figure: Figure,
    /// Byte range in the formula's text.
    pub span: Range<usize>,
    /// Every operand that it reads, sorted, each once; none for a constant.
    pub operands: Vec<OperandId>,
    /// What contributes to its value, in the order of operands and rows. `max` and `min` leave only the row that
    /// decides (the first of equals).
    pub contributions: Vec<Contribution>,
}

impl Side {
    /// What decides: the contribution with the largest U, the first of equals. For `max(RP)` the row that is the
    /// largest; `None` for a constant.
    #[must_use]
    pub fn deciding(&self) -> Option<Contribution> {
        let further =
            |best: Contribution, one: Contribution| if one.expanded_u > best.expanded_u { one } else { best };
        self.contributions.iter().copied().reduce(further)
    }
}

/// A comparison of two numbers, evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// `<`, `<=`, `>` or `>=`.
    pub op: CompareOp,
    /// The left side.
    pub lhs: Side,
    /// The right side.
    pub rhs: Side,
    /// What both sides measure.
    pub dimension: Dimension,
    /// How far the sides are apart, in SI units and radians; positive where the comparison holds.
    pub margin: f64,
    /// Expanded uncertainty of the difference of the sides, and so of `margin`. An operand on both sides counts once.
    pub margin_expanded_u: f64,
    /// Byte range of the comparison in the formula's text.
    pub span: Range<usize>,
}

impl Comparison {
    /// Whether it holds between the values, whatever their uncertainty.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.op.holds(self.lhs.figure.value, self.rhs.figure.value)
    }

    /// The same comparison with its limit on the right: the sides are exchanged where all operands on the left are
    /// limits (or it has none) and those on the right are not.
    #[must_use]
    pub fn with_limit_on_the_right(self, is_limit: impl Fn(OperandId) -> bool) -> Comparison {
        let limit = |side: &Side| side.operands.iter().all(|id| is_limit(*id));
        if !limit(&self.lhs) || limit(&self.rhs) {
            return self;
        }
        Comparison { op: self.op.exchanged(), lhs: self.rhs, rhs: self.lhs, ..self }
    }
}

/// A requirement, checked: a comparison, or several joined by `and`.
#[derive(Clone, Debug)]
pub struct Requirement {
    text: String,
    expr: Expr,
    comparisons: Vec<(CompareNode, Range<usize>)>,
    operands: Vec<OperandUse>,
}

impl Requirement {
    /// Reads and checks a requirement.
    ///
    /// # Errors
    /// The mistakes of [`parse`], or else every mistake of names, types and form: for now a requirement is a
    /// comparison of numbers by `<`, `<=`, `>` or `>=`, or several of them joined by `and`.
    pub fn compile(text: &str, scope: &dyn Scope) -> Result<Requirement, Vec<LogicError>> {
        let expr = parse(text)?;
        let mut errors = Vec::new();
        check_form(&expr, &mut errors);
        let checked = match check(&expr, scope) {
            Ok(checked) if errors.is_empty() => checked,
            Ok(_) => return Err(errors),
            Err(mut others) => {
                others.append(&mut errors);
                return Err(others);
            }
        };
        // Evaluation here repeats rows as the program would: the same bound keeps it short.
        if Program::compile(&checked.root).is_err() {
            let error = LogicError::new("this requirement is too large").at(&expr.span, "");
            return Err(vec![error.note(format!(
                "limit: {MAX_INSTRUCTIONS} operations; `max` over rows counts for each row"
            ))]);
        }
        let mut comparisons = Vec::new();
        collect(checked.root, &mut comparisons);
        Ok(Requirement { text: text.to_owned(), expr, comparisons, operands: checked.operands })
    }

    /// Every comparison with its sides, in the order of the text; all must hold.
    pub fn evaluate(&self, figures: &dyn Figures) -> Vec<Result<Comparison, FigureError>> {
        self.comparisons.iter().map(|(node, span)| compare(node, span, figures)).collect()
    }

    /// The syntax tree of each comparison, in the order of [`Requirement::evaluate`].
    #[must_use]
    pub fn parts(&self) -> Vec<&Expr> {
        let mut parts = Vec::new();
        conjuncts(&self.expr, &mut parts);
        parts
    }

    /// Every value that it reads, in the order of the text; one that stands twice is here twice.
    #[must_use]
    pub fn operands(&self) -> &[OperandUse] {
        &self.operands
    }

    /// The syntax tree.
    #[must_use]
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// The text as written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn conjuncts<'a>(expr: &'a Expr, out: &mut Vec<&'a Expr>) {
    match &expr.kind {
        ExprKind::Logic(LogicOp::And, lhs, rhs) => {
            conjuncts(lhs, out);
            conjuncts(rhs, out);
        }
        _ => out.push(expr),
    }
}

fn check_form(expr: &Expr, errors: &mut Vec<LogicError>) {
    let mut parts = Vec::new();
    conjuncts(expr, &mut parts);
    for part in parts {
        match &part.kind {
            ExprKind::Compare(CompareOp::Equal | CompareOp::NotEqual, ..) => errors.push(
                LogicError::new("a requirement does not ask whether two values are equal")
                    .at(&part.span, "")
                    .note("measured values never are: write `abs(a - b) <= …`; states are not judged by a formula yet"),
            ),
            ExprKind::Compare(..) => {}
            _ => errors.push(
                LogicError::new("a requirement is a comparison of numbers, or several joined by `and`")
                    .at(&part.span, "not a comparison")
                    .note("e.g. `max(RP) <= arm.declared.pose_repeatability`; other forms are not available yet"),
            ),
        }
    }
}

/// The comparisons of a formula whose form was checked.
fn collect(node: TruthNode, out: &mut Vec<(CompareNode, Range<usize>)>) {
    match node.kind {
        TruthKind::Logic(_, lhs, rhs) => {
            collect(*lhs, out);
            collect(*rhs, out);
        }
        TruthKind::Compare(compare) => out.push((compare, node.span)),
        TruthKind::Flag(_)
        | TruthKind::Not(_)
        | TruthKind::StateIn(..)
        | TruthKind::StatesEqual(..)
        | TruthKind::Edge { .. } => {}
    }
}

fn compare(
    node: &CompareNode,
    span: &Range<usize>,
    figures: &dyn Figures,
) -> Result<Comparison, FigureError> {
    let lhs = trace(&node.lhs, 0, figures)?;
    let rhs = trace(&node.rhs, 0, figures)?;
    let sides = (side(&node.lhs, &lhs, figures), side(&node.rhs, &rhs, figures));
    let margin = match node.op {
        CompareOp::Less | CompareOp::LessEqual => rhs.value - lhs.value,
        _ => lhs.value - rhs.value,
    };
    let margin_expanded_u = lhs.minus(&rhs).expanded_u(figures);
    let finite = [margin, margin_expanded_u, sides.0.figure.expanded_u, sides.1.figure.expanded_u];
    if finite.iter().any(|number| !number.is_finite()) {
        return Err(FigureError::NotFinite { span: span.clone() });
    }
    let (op, dimension, span) = (node.op, node.dimension, span.clone());
    Ok(Comparison { op, lhs: sides.0, rhs: sides.1, dimension, margin, margin_expanded_u, span })
}

fn side(node: &NumberNode, traced: &Traced, figures: &dyn Figures) -> Side {
    let mut operands = Vec::new();
    node.operands(&mut operands);
    operands.sort_unstable();
    operands.dedup();
    Side {
        figure: Figure { value: traced.value, expanded_u: traced.expanded_u(figures) },
        span: node.span.clone(),
        operands,
        contributions: traced.contributions(figures),
    }
}
