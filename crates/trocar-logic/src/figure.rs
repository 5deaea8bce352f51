//! Numbers with uncertainty: values with their gradient over what was measured.
//!
//! First-order propagation (JCGM 100:2008, 5.1.2) with all operands independent of each other. Instead of a rule for
//! each operator the derivative by each operand is carried along, so that an operand that stands twice counts once:
//! `RP - RP` is 0 ± 0. U is linear in its coverage factor: the result has the k that all operands share. Where all
//! derivatives vanish (`x * x` at 0) first order gives U = 0.

use crate::expr::ArithmeticOp;
use crate::node::{Each, Extremum, NumberKind, NumberNode};
use crate::program::arithmetic;
use crate::types::OperandId;
use std::collections::BTreeMap;
use std::ops::Range;

/// A figure in SI units and radians.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    /// The value.
    pub value: f64,
    /// Expanded uncertainty U, not negative, with the same coverage factor for all figures; 0 where exact.
    pub expanded_u: f64,
}

/// The figures that a requirement reads, by the numbers that its [`crate::Scope`] gave them.
pub trait Figures {
    /// One row of a figure (0 for a single one; the axis x, y, z for a vector); `None` if there is none, because it
    /// was not measured or is not valid.
    fn figure(&self, id: OperandId, row: usize) -> Option<Figure>;
}

/// Why a comparison has no figures.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// An operand has no figure.
    #[error("row {row} of this figure is missing")]
    Missing {
        /// The operand.
        operand: OperandId,
        /// Its row.
        row: usize,
        /// Where it stands in the formula.
        span: Range<usize>,
    },
    /// A figure that is not finite, or whose U is negative.
    #[error("row {row} of this figure is not a finite value with a finite U")]
    Invalid {
        /// The operand.
        operand: OperandId,
        /// Its row.
        row: usize,
        /// Where it stands in the formula.
        span: Range<usize>,
    },
    /// A part of the formula has no finite value: a division by zero, or the root of a negative number.
    #[error("this part of the formula has no finite value")]
    NotFinite {
        /// The part.
        span: Range<usize>,
    },
    /// The root of zero: there U has no first-order value.
    #[error("the uncertainty of a square root has no first-order value at zero")]
    RootOfZero {
        /// The root.
        span: Range<usize>,
    },
}

/// What one row of one operand contributes to the uncertainty of a side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    /// The operand.
    pub operand: OperandId,
    /// Its row.
    pub row: usize,
    /// Derivative of the side by it, in SI units.
    pub sensitivity: f64,
    /// |sensitivity| × U of the operand.
    pub expanded_u: f64,
}

/// A value and its derivative by each row of each operand that it depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traced {
    pub value: f64,
    gradient: BTreeMap<(OperandId, usize), f64>,
}

impl Traced {
    /// `self`·`by` + `other`·`other_by` in the gradient, with a value given.
    fn combine(mut self, by: f64, other: &Traced, other_by: f64, value: f64) -> Traced {
        self.value = value;
        for derivative in self.gradient.values_mut() {
            *derivative *= by;
        }
        for (key, derivative) in &other.gradient {
            *self.gradient.entry(*key).or_insert(0.0) += derivative * other_by;
        }
        self
    }

    fn scaled(self, by: f64, value: f64) -> Traced {
        self.combine(by, &Traced::default(), 0.0, value)
    }

    pub fn minus(self, other: &Traced) -> Traced {
        let value = self.value - other.value;
        self.combine(1.0, other, -1.0, value)
    }

    /// What each row contributes, in the order of operands and rows. Every figure was read before.
    pub fn contributions(&self, figures: &dyn Figures) -> Vec<Contribution> {
        let one = |(&(operand, row), &sensitivity): (&(OperandId, usize), &f64)| {
            let u = figures.figure(operand, row).map_or(0.0, |figure| figure.expanded_u);
            Contribution { operand, row, sensitivity, expanded_u: sensitivity.abs() * u }
        };
        self.gradient.iter().map(one).collect()
    }

    fn depends_on_inexact(&self, figures: &dyn Figures) -> bool {
        let inexact =
            |(id, row): &(OperandId, usize)| figures.figure(*id, *row).is_some_and(|f| f.expanded_u > 0.0);
        self.gradient.keys().any(inexact)
    }

    pub fn expanded_u(&self, figures: &dyn Figures) -> f64 {
        let each = self.contributions(figures);
        each.iter().fold(0.0, |sum, one| trocar_math::hypot(sum, one.expanded_u))
    }
}

/// One row (or axis) of a number.
pub(crate) fn trace(node: &NumberNode, row: usize, figures: &dyn Figures) -> Result<Traced, FigureError> {
    let result = match &node.kind {
        NumberKind::Constant(value) => Traced { value: *value, gradient: BTreeMap::new() },
        NumberKind::Operand { id, each } => {
            let row = if *each == Each::Row { row } else { 0 };
            read(*id, row, &node.span, figures)?
        }
        NumberKind::Negate(of) => {
            let of = trace(of, row, figures)?;
            let value = -of.value;
            of.scaled(-1.0, value)
        }
        NumberKind::Arithmetic(op, lhs, rhs) => {
            let (a, b) = (trace(lhs, row, figures)?, trace(rhs, row, figures)?);
            let value = arithmetic(*op, a.value, b.value);
            let (by_a, by_b) = match op {
                ArithmeticOp::Add => (1.0, 1.0),
                ArithmeticOp::Subtract => (1.0, -1.0),
                ArithmeticOp::Multiply => (b.value, a.value),
                ArithmeticOp::Divide => (1.0 / b.value, -value / b.value),
            };
            a.combine(by_a, &b, by_b, value)
        }
        NumberKind::OverRows { which, of, rows } => {
            let mut best = trace(of, 0, figures)?;
            for row in 1..*rows {
                best = further(*which, best, trace(of, row, figures)?);
            }
            best
        }
        NumberKind::OverSeveral(which, several) => {
            let mut best: Option<Traced> = None;
            for one in several {
                let one = trace(one, row, figures)?;
                best = Some(match best {
                    Some(best) => further(*which, best, one),
                    None => one,
                });
            }
            best.unwrap_or_default()
        }
        NumberKind::Abs(of) => {
            let of = trace(of, row, figures)?;
            // At zero either sign gives the same U.
            let sign = if of.value < 0.0 { -1.0 } else { 1.0 };
            let value = of.value.abs();
            of.scaled(sign, value)
        }
        NumberKind::Sqrt(of) => {
            let of = trace(of, row, figures)?;
            let root = of.value.sqrt();
            if root == 0.0 && of.depends_on_inexact(figures) {
                return Err(FigureError::RootOfZero { span: node.span.clone() });
            }
            let by = if root == 0.0 { 0.0 } else { 0.5 / root };
            of.scaled(by, root)
        }
        NumberKind::Norm(of) => norm(of, figures)?,
    };
    if result.value.is_finite() && result.gradient.values().all(|derivative| derivative.is_finite()) {
        Ok(result)
    } else {
        Err(FigureError::NotFinite { span: node.span.clone() })
    }
}

fn read(
    operand: OperandId,
    row: usize,
    span: &Range<usize>,
    figures: &dyn Figures,
) -> Result<Traced, FigureError> {
    let Some(figure) = figures.figure(operand, row) else {
        return Err(FigureError::Missing { operand, row, span: span.clone() });
    };
    if !figure.value.is_finite() || !figure.expanded_u.is_finite() || figure.expanded_u < 0.0 {
        return Err(FigureError::Invalid { operand, row, span: span.clone() });
    }
    Ok(Traced { value: figure.value, gradient: BTreeMap::from([((operand, row), 1.0)]) })
}

/// The one that decides, the first of equals, with its gradient alone.
fn further(which: Extremum, best: Traced, other: Traced) -> Traced {
    let wins = match which {
        Extremum::Max => other.value > best.value,
        Extremum::Min => other.value < best.value,
    };
    if wins { other } else { best }
}

fn norm(of: &NumberNode, figures: &dyn Figures) -> Result<Traced, FigureError> {
    let axes = [trace(of, 0, figures)?, trace(of, 1, figures)?, trace(of, 2, figures)?];
    let length = axes.iter().fold(0.0, |sum, axis| trocar_math::hypot(sum, axis.value));
    if length == 0.0 {
        // No direction: the axis with the largest U bounds the derivative along every axis.
        let mut worst = Traced::default();
        let mut worst_u = 0.0;
        for axis in axes {
            let u = axis.expanded_u(figures);
            if u > worst_u {
                (worst, worst_u) = (axis, u);
            }
        }
        return Ok(Traced { value: 0.0, ..worst });
    }
    let direction = axes.each_ref().map(|axis| axis.value / length);
    let sum = axes
        .iter()
        .zip(direction)
        .fold(Traced::default(), |sum, (axis, along)| sum.combine(1.0, axis, along, length));
    Ok(sum)
}
