//! Conditions: formulas that are evaluated again and again during a run.

use crate::check::check;
use crate::error::LogicError;
use crate::expr::Expr;
use crate::node::OperandUse;
use crate::parser::parse;
use crate::program::{MAX_INSTRUCTIONS, MAX_STACK, Program};
use crate::types::{OperandId, Scope};

/// True, false, or unknown because a value that would decide is not valid. `and`, `or` and `not` are Kleene's: false
/// and anything is false, true or anything is true, else what is unknown stays unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It does not hold.
    False,
    /// It holds.
    True,
    /// A value that would decide is not valid, or a number has no finite value (a division by zero).
    Unknown,
}

impl Truth {
    /// Whether it is known to hold.
    #[must_use]
    pub fn is_true(self) -> bool {
        self == Truth::True
    }
}

/// The values that a condition reads at one instant, by the numbers that its [`Scope`] gave them.
pub trait Operands {
    /// A number in SI units and radians; `row` is 0 for a single number, and the axis x, y, z for a vector.
    fn number(&self, id: OperandId, row: usize) -> f64;

    /// The place of a state in its list.
    fn state(&self, id: OperandId) -> usize;

    /// A flag.
    fn boolean(&self, id: OperandId) -> bool;

    /// Whether the value may be used; if not, it is unknown and is not asked for.
    fn valid(&self, id: OperandId) -> bool;
}

/// A condition, checked and compiled.
///
/// `rise(c)` and `fall(c)` look at the value of `c` at this evaluation and at the last one at which it was known. At
/// the first known value there is no edge; where `c` is unknown so is the edge, and what is remembered stays.
#[derive(Clone, Debug)]
pub struct Condition {
    text: String,
    expr: Expr,
    program: Program,
    operands: Vec<OperandUse>,
    state_words: usize,
}

impl Condition {
    /// Reads, checks and compiles a condition.
    ///
    /// # Errors
    /// The mistakes of [`parse`], or else every mistake of names and types, or else a size beyond
    /// [`MAX_INSTRUCTIONS`] or [`MAX_STACK`].
    pub fn compile(text: &str, scope: &dyn Scope) -> Result<Condition, Vec<LogicError>> {
        let expr = parse(text)?;
        let checked = check(&expr, scope)?;
        let program = Program::compile(&checked.root).map_err(|_| {
            let error = LogicError::new("this condition is too large").at(&expr.span, "");
            let limits = format!("{MAX_INSTRUCTIONS} operations, {MAX_STACK} intermediate values at once");
            vec![error.note(format!("limits: {limits}; `max` over rows counts for each row"))]
        })?;
        let (operands, state_words) = (checked.operands, checked.state_words);
        Ok(Condition { text: text.to_owned(), expr, program, operands, state_words })
    }

    /// How many words of state [`Condition::evaluate`] needs: one for each `rise` and `fall`. They start at zero.
    #[must_use]
    pub fn state_words(&self) -> usize {
        self.state_words
    }

    /// The condition's value now. Allocates nothing.
    ///
    /// `state`: [`Condition::state_words`] words, kept by the caller between evaluations; an edge without its word is
    /// unknown.
    pub fn evaluate(&self, operands: &(impl Operands + ?Sized), state: &mut [u64]) -> Truth {
        self.program.evaluate(operands, state)
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
