//! Checks a syntax tree against the names that exist and their types; collects every mistake in one pass.
//!
//! This file has the conditions; [`number`] has what is between comparisons.

mod number;

use crate::error::LogicError;
use crate::expr::{CompareOp, Expr, ExprKind, Function, StateName};
use crate::names;
use crate::node::{CompareNode, OperandUse, TruthKind, TruthNode};
use crate::types::{OperandId, Scope, Type};
use std::ops::Range;
use trocar_signal::diagnostic::nearest;

/// A formula that fits.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    pub root: TruthNode,
    /// In the order of the text, each use once.
    pub operands: Vec<OperandUse>,
    /// How many words of memory its edges need.
    pub state_words: usize,
}

/// Checks a formula that is to be true or false.
pub(crate) fn check(expr: &Expr, scope: &dyn Scope) -> Result<Checked, Vec<LogicError>> {
    let mut checker = Checker { scope, errors: Vec::new(), operands: Vec::new(), words: 0 };
    let root = checker.truth(expr);
    let Checker { errors, mut operands, words, .. } = checker;
    operands.sort_by_key(|operand| operand.span.start);
    match root {
        Some(root) if errors.is_empty() => Ok(Checked { root, operands, state_words: words }),
        _ => Err(errors),
    }
}

struct Checker<'a> {
    scope: &'a dyn Scope,
    errors: Vec<LogicError>,
    operands: Vec<OperandUse>,
    words: usize,
}

impl Checker<'_> {
    fn fail<T>(&mut self, error: LogicError) -> Option<T> {
        self.errors.push(error);
        None
    }

    fn read(&mut self, id: OperandId, path: &str, span: &Range<usize>) {
        self.operands.push(OperandUse { id, path: path.to_owned(), span: span.clone() });
    }

    fn unknown<T>(&mut self, path: &str, span: &Range<usize>) -> Option<T> {
        let error = names::unknown(path, span, self.scope);
        self.fail(error)
    }

    fn truth(&mut self, expr: &Expr) -> Option<TruthNode> {
        let kind = match &expr.kind {
            ExprKind::Not(inner) => TruthKind::Not(Box::new(self.truth(inner)?)),
            ExprKind::Logic(op, lhs, rhs) => {
                let (lhs, rhs) = (self.truth(lhs), self.truth(rhs));
                TruthKind::Logic(*op, Box::new(lhs?), Box::new(rhs?))
            }
            ExprKind::Compare(op, lhs, rhs) => self.compare(expr, *op, lhs, rhs)?,
            ExprKind::In(value, states) => self.one_of(value, states)?,
            ExprKind::Call(function @ (Function::Rise | Function::Fall), arguments) => {
                let [of] = arguments.as_slice() else {
                    return self.wrong_count(expr, *function, "one condition");
                };
                let of = Box::new(self.truth(of)?);
                let word = self.words;
                self.words += 1;
                TruthKind::Edge { rising: *function == Function::Rise, of, word }
            }
            ExprKind::Path(path) => self.flag(path, &expr.span)?,
            _ => {
                let (_, quantity) = self.number(expr)?;
                let article = quantity.ty().with_article();
                return self.fail(needs_condition(&article, &expr.span).note(COMPARE_IT));
            }
        };
        Some(TruthNode { kind, span: expr.span.clone() })
    }

    fn wrong_count<T>(&mut self, expr: &Expr, function: Function, takes: &str) -> Option<T> {
        let error = LogicError::new(format!("`{}` takes {takes}", function.name()));
        self.fail(error.at(&expr.span, ""))
    }

    fn flag(&mut self, path: &str, span: &Range<usize>) -> Option<TruthKind> {
        let Some((id, ty)) = self.scope.resolve(path) else {
            if is_truth_word(path) {
                return self.fail(truth_word(path, span));
            }
            return self.unknown(path, span);
        };
        let error = needs_condition(&ty.with_article(), span);
        match ty {
            Type::Boolean => {
                self.read(id, path, span);
                Some(TruthKind::Flag(id))
            }
            Type::State(states) => {
                let example = states.first().map_or("", String::as_str);
                self.fail(
                    error.note(format!("compare it with one of its states, e.g. `{path} == {example}`")),
                )
            }
            Type::Number { .. } | Type::Vector3 { .. } => self.fail(error.note(COMPARE_IT)),
        }
    }

    fn compare(&mut self, expr: &Expr, op: CompareOp, lhs: &Expr, rhs: &Expr) -> Option<TruthKind> {
        for side in [lhs, rhs] {
            if let ExprKind::Path(path) = &side.kind
                && is_truth_word(path)
                && self.scope.resolve(path).is_none()
                && self.state_of(lhs).or(self.state_of(rhs)).is_none()
            {
                return self.fail(truth_word(path, &side.span));
            }
        }
        match (self.state_of(lhs), self.state_of(rhs)) {
            (None, None) => self.compare_numbers(op, lhs, rhs).map(TruthKind::Compare),
            (Some(state), None) => self.compare_state(op, expr, state, lhs, rhs),
            (None, Some(state)) => self.compare_state(op, expr, state, rhs, lhs),
            (Some(a), Some(b)) => {
                if a.states != b.states {
                    let list = |state: &StateOperand| format!("state: {}", state.states.join(", "));
                    let error = LogicError::new("two states of different kinds cannot be compared");
                    return self.fail(error.at(&lhs.span, list(&a)).at(&rhs.span, list(&b)));
                }
                let negated = self.equality(op, expr)?;
                self.read(a.id, &a.path, &lhs.span);
                self.read(b.id, &b.path, &rhs.span);
                Some(negate_if(negated, TruthKind::StatesEqual(a.id, b.id), expr))
            }
        }
    }

    /// The operand, if an expression is a state's path.
    fn state_of(&self, expr: &Expr) -> Option<StateOperand> {
        let ExprKind::Path(path) = &expr.kind else {
            return None;
        };
        match self.scope.resolve(path) {
            Some((id, Type::State(states))) => Some(StateOperand { id, states, path: path.clone() }),
            _ => None,
        }
    }

    /// Whether the comparison of states is negated.
    fn equality(&mut self, op: CompareOp, expr: &Expr) -> Option<bool> {
        match op {
            CompareOp::Equal => Some(false),
            CompareOp::NotEqual => Some(true),
            _ => self.fail(
                LogicError::new(format!("states have no order: `{}` says nothing of them", op.symbol()))
                    .at(&expr.span, "")
                    .note("states are compared with `==`, `!=` and `in {…}`"),
            ),
        }
    }

    fn compare_state(
        &mut self,
        op: CompareOp,
        expr: &Expr,
        state: StateOperand,
        operand: &Expr,
        other: &Expr,
    ) -> Option<TruthKind> {
        match &other.kind {
            ExprKind::Path(name) if !name.contains('.') => {
                if !state.states.contains(name)
                    && let Some((_, ty)) = self.scope.resolve(name)
                {
                    return self.state_against(&ty.with_article(), operand, other);
                }
                let negated = self.equality(op, expr);
                let place = self.place(&state, operand, name, &other.span);
                let (negated, place) = (negated?, place?);
                self.read(state.id, &state.path, &operand.span);
                Some(negate_if(negated, TruthKind::StateIn(state.id, vec![place]), expr))
            }
            _ => {
                let (_, quantity) = self.number(other)?;
                self.state_against(&quantity.ty().with_article(), operand, other)
            }
        }
    }

    fn state_against<T>(&mut self, article: &str, operand: &Expr, other: &Expr) -> Option<T> {
        let error = LogicError::new(format!("a state cannot be compared with {article}"));
        let name = article.split_once(' ').map_or(article, |(_, name)| name);
        self.fail(error.at(&operand.span, "state").at(&other.span, name))
    }

    /// The place of a state's name in its list.
    fn place(
        &mut self,
        state: &StateOperand,
        operand: &Expr,
        name: &str,
        span: &Range<usize>,
    ) -> Option<usize> {
        let place = state.states.iter().position(|known| known == name);
        if place.is_none() {
            let near = nearest(name, state.states.iter().map(String::as_str));
            let label = near.map_or_else(String::new, |near| format!("did you mean `{near}`?"));
            return self.fail(
                LogicError::new(format!("`{}` has no state `{name}`", state.path))
                    .at(span, label)
                    .at(&operand.span, "state")
                    .note(format!("its states: {}", state.states.join(", "))),
            );
        }
        place
    }

    fn one_of(&mut self, value: &Expr, names: &[StateName]) -> Option<TruthKind> {
        let Some(state) = self.state_of(value) else {
            let error = match &value.kind {
                ExprKind::Path(path) => match self.scope.resolve(path) {
                    None => return self.unknown(path, &value.span),
                    Some((_, ty)) => LogicError::new(format!("{} has no states", ty.with_article())),
                },
                _ => LogicError::new("only a state can be `in` a list of states"),
            };
            return self.fail(error.at(&value.span, "a state's path is needed here"));
        };
        let mut places = Vec::new();
        for one in names {
            places.extend(self.place(&state, value, &one.name, &one.span));
        }
        if places.len() < names.len() {
            return None;
        }
        self.read(state.id, &state.path, &value.span);
        Some(TruthKind::StateIn(state.id, places))
    }

    fn compare_numbers(&mut self, op: CompareOp, lhs: &Expr, rhs: &Expr) -> Option<CompareNode> {
        let (a, b) = (self.number(lhs), self.number(rhs));
        let ((a, a_is), (b, b_is)) = (a?, b?);
        self.same_kind("compared", lhs, &a_is, rhs, &b_is)?;
        if a_is.vector {
            let error = LogicError::new("vectors have no order");
            let error = error.at(&lhs.span, self.label(lhs, &a_is)).at(&rhs.span, self.label(rhs, &b_is));
            return self.fail(error.note("compare their `norm(…)`, their `distance(…, …)` or one axis"));
        }
        self.same_place("compared", lhs, &a_is, rhs, &b_is)?;
        let single = (self.single(lhs, &a_is), self.single(rhs, &b_is));
        single.0.and(single.1)?;
        Some(CompareNode { op, lhs: Box::new(a), rhs: Box::new(b), dimension: a_is.dimension })
    }
}

struct StateOperand {
    id: OperandId,
    states: Vec<String>,
    path: String,
}

const COMPARE_IT: &str = "compare it with something, e.g. with `<=`";

fn needs_condition(article: &str, span: &Range<usize>) -> LogicError {
    LogicError::new(format!("a condition is needed here, not {article}"))
        .at(span, "is neither true nor false")
}

fn is_truth_word(path: &str) -> bool {
    matches!(path, "true" | "false")
}

fn truth_word(word: &str, span: &Range<usize>) -> LogicError {
    LogicError::new(format!("`{word}` is not a value"))
        .at(span, "leave it out")
        .note("a flag or a condition stands by itself: `arm.is_homed`, `not arm.is_busy`")
}

fn negate_if(negated: bool, kind: TruthKind, expr: &Expr) -> TruthKind {
    if negated { TruthKind::Not(Box::new(TruthNode { kind, span: expr.span.clone() })) } else { kind }
}
