//! A formula as a plain English sentence. All its words are in this file.

use crate::expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Function, LogicOp};
use crate::parser::level;
use crate::render::level_of;

/// What a formula says, without a capital and without a full stop: "the largest RP is at most
/// arm.declared.pose_repeatability". A name alone is taken for a flag: "arm.is_homed is true".
#[must_use]
pub fn describe(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Compare(op, lhs, rhs) => {
            let verb = match op {
                CompareOp::Less => "is less than",
                CompareOp::LessEqual => "is at most",
                CompareOp::Greater => "is greater than",
                CompareOp::GreaterEqual => "is at least",
                CompareOp::Equal => "is",
                CompareOp::NotEqual => "is not",
            };
            format!("{} {verb} {}", value(lhs), value(rhs))
        }
        ExprKind::In(of, states) => {
            let names: Vec<String> = states.iter().map(|state| state.name.clone()).collect();
            format!("{} is {}", value(of), listed(&names, "or"))
        }
        ExprKind::Path(path) => format!("{path} is true"),
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Path(path) => format!("{path} is false"),
            _ => format!("it is not true that {}", grouped(inner)),
        },
        ExprKind::Logic(op, lhs, rhs) => {
            let word = match op {
                LogicOp::And => "and",
                LogicOp::Or => "or",
            };
            let part = |side: &Expr| match &side.kind {
                ExprKind::Logic(other, ..) if other != op => grouped(side),
                _ => describe(side),
            };
            format!("{} {word} {}", part(lhs), part(rhs))
        }
        ExprKind::Call(Function::Rise, arguments) => {
            format!("it becomes true that {}", all(arguments, grouped))
        }
        ExprKind::Call(Function::Fall, arguments) => {
            format!("it ceases to be true that {}", all(arguments, grouped))
        }
        ExprKind::Number { .. } | ExprKind::Negate(_) | ExprKind::Arithmetic(..) | ExprKind::Call(..) => {
            value(expr)
        }
    }
}

/// A condition inside another, in parentheses where it joins several.
fn grouped(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Logic(..) => format!("({})", describe(expr)),
        _ => describe(expr),
    }
}

fn all(arguments: &[Expr], say: fn(&Expr) -> String) -> String {
    let said: Vec<String> = arguments.iter().map(say).collect();
    listed(&said, "and")
}

/// "A", "A or B", "A, B or C"
fn listed(items: &[String], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} {word} {last}", head.join(", ")),
    }
}

fn value(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number { .. } | ExprKind::Path(_) => expr.to_string(),
        ExprKind::Negate(inner) => format!("minus {}", part(inner, level::NEGATE)),
        ExprKind::Arithmetic(op, lhs, rhs) => {
            let word = match op {
                ArithmeticOp::Add => "plus",
                ArithmeticOp::Subtract => "minus",
                ArithmeticOp::Multiply => "times",
                ArithmeticOp::Divide => "divided by",
            };
            let level = level_of(expr);
            format!("{} {word} {}", part(lhs, level), part(rhs, level + 1))
        }
        ExprKind::Call(function, arguments) => {
            let several = arguments.len() > 1;
            let of =
                if several { all(arguments, value) } else { all(arguments, |one| part(one, level::VALUE)) };
            match function {
                Function::Max if several => format!("the largest of {of}"),
                Function::Min if several => format!("the smallest of {of}"),
                Function::Max => format!("the largest {of}"),
                Function::Min => format!("the smallest {of}"),
                Function::Abs => format!("the absolute value of {of}"),
                Function::Sqrt => format!("the square root of {of}"),
                Function::Norm => format!("the length of {of}"),
                Function::Distance => format!("the distance between {of}"),
                Function::Rise | Function::Fall => describe(expr),
            }
        }
        ExprKind::Not(_) | ExprKind::Logic(..) | ExprKind::Compare(..) | ExprKind::In(..) => {
            format!("({})", describe(expr))
        }
    }
}

fn part(expr: &Expr, minimum: u8) -> String {
    if level_of(expr) < minimum { format!("({})", value(expr)) } else { value(expr) }
}
