//! The one expression language of Trocar: conditions, the triggers made of them ([`trigger`]) and requirement formulas.
//!
//! A text becomes an [`Expr`] ([`parse`]), is checked against the names that exist ([`Scope`]) and becomes either a
//! [`Condition`], evaluated during a run without allocation and with three truth values, or a [`Requirement`],
//! evaluated once over figures with their uncertainty.
//!
//! | binds | form | example |
//! |---|---|---|
//! | loosest | `or` | `arm.is_busy or arm.is_homed` |
//! | | `and` | `arm.is_homed and not arm.is_busy` |
//! | | `not` | `not arm.is_busy` |
//! | | `<` `<=` `>` `>=` `==` `!=` `in`, not chained | `arm.operating_state in {PAUSED, FAULT}` |
//! | | `+` `-` | `exo.range.right_knee.max + exo.declared.range_overrun` |
//! | | `*` `/` | `2 * exo.right_knee.angle` |
//! | tightest | unary `-` | `-2 mm` |
//!
//! Values are paths (`tracker.tool_tip.position.x`), numbers with or without unit (`250 ms`, `66 %`, `12 deg/s`,
//! `3`; a `/` inside a unit has no spaces around it), parentheses and functions: `max` and `min` over the rows of one
//! argument or over several, `abs`, `sqrt`, `norm` of a vector, `distance` of two points, `rise` and `fall` of a
//! condition. A flag is a condition by itself; a state is compared with the names that it has.

mod check;
mod condition;
mod describe;
mod error;
mod expr;
mod figure;
mod lexer;
mod names;
mod node;
mod parser;
mod program;
mod render;
mod requirement;
pub mod trigger;
mod types;

#[cfg(test)]
mod tests;

pub use condition::{Condition, Operands, Truth};
pub use describe::describe;
pub use error::LogicError;
pub use expr::{ArithmeticOp, CompareOp, Expr, ExprKind, Function, LogicOp, StateName};
pub use figure::{Contribution, Figure, FigureError, Figures};
pub use lexer::{MAX_LENGTH_BYTES, RESERVED_WORDS};
pub use node::OperandUse;
pub use parser::{MAX_DEPTH, parse};
pub use program::{MAX_INSTRUCTIONS, MAX_STACK};
pub use render::render;
pub use requirement::{Comparison, Requirement, Side};
pub use trigger::{Moment, MotionWord, Trigger, TriggerConfig, TriggerError, TriggerPlace, TriggerTable};
pub use types::{OperandId, Scope, Type};
