//! A syntax tree back to canonical text: one space around binary operators, no parenthesis that is not needed.

use crate::expr::{ArithmeticOp, Expr, ExprKind, LogicOp};
use crate::parser::level;
use std::fmt;

/// The canonical text of a formula; [`crate::parse`] reads it back to an equal tree.
#[must_use]
pub fn render(expr: &Expr) -> String {
    expr.to_string()
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number { value, unit } => number(*value, unit.as_deref(), f),
            ExprKind::Path(path) => f.write_str(path),
            ExprKind::Negate(inner) => {
                f.write_str("-")?;
                part(inner, level::NEGATE, f)
            }
            ExprKind::Not(inner) => {
                f.write_str("not ")?;
                part(inner, level::NOT, f)
            }
            ExprKind::Arithmetic(op, lhs, rhs) => {
                let symbol = match op {
                    ArithmeticOp::Add => "+",
                    ArithmeticOp::Subtract => "-",
                    ArithmeticOp::Multiply => "*",
                    ArithmeticOp::Divide => "/",
                };
                binary(lhs, symbol, rhs, level_of(self), f)
            }
            ExprKind::Logic(op, lhs, rhs) => {
                let symbol = match op {
                    LogicOp::And => "and",
                    LogicOp::Or => "or",
                };
                binary(lhs, symbol, rhs, level_of(self), f)
            }
            ExprKind::Compare(op, lhs, rhs) => {
                part(lhs, level::COMPARE + 1, f)?;
                write!(f, " {} ", op.symbol())?;
                part(rhs, level::COMPARE + 1, f)
            }
            ExprKind::In(value, states) => {
                part(value, level::COMPARE + 1, f)?;
                f.write_str(" in {")?;
                for (place, state) in states.iter().enumerate() {
                    write!(f, "{}{}", if place == 0 { "" } else { ", " }, state.name)?;
                }
                f.write_str("}")
            }
            ExprKind::Call(function, arguments) => {
                write!(f, "{}(", function.name())?;
                for (place, argument) in arguments.iter().enumerate() {
                    write!(f, "{}{argument}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str(")")
            }
        }
    }
}

/// How tightly a form binds.
pub(crate) fn level_of(expr: &Expr) -> u8 {
    match &expr.kind {
        ExprKind::Logic(LogicOp::Or, ..) => level::OR,
        ExprKind::Logic(LogicOp::And, ..) => level::AND,
        ExprKind::Not(_) => level::NOT,
        ExprKind::Compare(..) | ExprKind::In(..) => level::COMPARE,
        ExprKind::Arithmetic(ArithmeticOp::Add | ArithmeticOp::Subtract, ..) => level::SUM,
        ExprKind::Arithmetic(ArithmeticOp::Multiply | ArithmeticOp::Divide, ..) => level::PRODUCT,
        ExprKind::Negate(_) => level::NEGATE,
        ExprKind::Number { .. } | ExprKind::Path(_) | ExprKind::Call(..) => level::VALUE,
    }
}

fn binary(lhs: &Expr, symbol: &str, rhs: &Expr, level: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    part(lhs, level, f)?;
    write!(f, " {symbol} ")?;
    part(rhs, level + 1, f)
}

fn part(expr: &Expr, minimum: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if level_of(expr) < minimum { write!(f, "({expr})") } else { write!(f, "{expr}") }
}

/// Shortest decimal that reads back to the same value, then the unit.
fn number(value: f64, unit: Option<&str>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    // Outside this range a decimal without exponent is mostly zeros.
    if value == 0.0 || (1e-5..1e15).contains(&value.abs()) {
        write!(f, "{value}")?;
    } else {
        write!(f, "{value:e}")?;
    }
    match unit {
        Some(unit) => write!(f, " {unit}"),
        None => Ok(()),
    }
}
