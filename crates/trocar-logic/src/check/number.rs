//! Numbers and vectors: dimensions, frames, points and rows must fit.

use super::Checker;
use crate::error::LogicError;
use crate::expr::{ArithmeticOp, Expr, ExprKind, Function};
use crate::names;
use crate::node::{Each, Extremum, NumberKind, NumberNode};
use crate::types::{Quantity, Type};
use trocar_signal::{Dimension, unit};

/// The largest exponent of a base unit in a formula. Assumed: three times what any quantity here has; keeps
/// [`Dimension`] far from the ends of its exponents.
const MAX_EXPONENT: i8 = 12;

/// A node and what it is.
type Known = (NumberNode, Quantity);

impl Checker<'_> {
    pub(super) fn number(&mut self, expr: &Expr) -> Option<Known> {
        let (kind, quantity) = match &expr.kind {
            ExprKind::Number { value, unit } => self.constant(expr, *value, unit.as_deref())?,
            ExprKind::Path(path) => self.operand(expr, path)?,
            ExprKind::Negate(inner) => {
                let (node, quantity) = self.number(inner)?;
                (NumberKind::Negate(Box::new(node)), quantity)
            }
            ExprKind::Arithmetic(op, lhs, rhs) => {
                let (a, b) = (self.number(lhs), self.number(rhs));
                let ((a, a_is), (b, b_is)) = (a?, b?);
                let quantity = match op {
                    ArithmeticOp::Add | ArithmeticOp::Subtract => self.sum(*op, lhs, a_is, rhs, b_is)?,
                    ArithmeticOp::Multiply | ArithmeticOp::Divide => {
                        self.product(*op, lhs, a_is, rhs, b_is)?
                    }
                };
                (NumberKind::Arithmetic(*op, Box::new(a), Box::new(b)), quantity)
            }
            ExprKind::Call(function, arguments) => match function {
                Function::Max => self.extremum(expr, *function, Extremum::Max, arguments)?,
                Function::Min => self.extremum(expr, *function, Extremum::Min, arguments)?,
                Function::Abs => {
                    let (node, quantity) = self.one_number(expr, *function, arguments)?;
                    (NumberKind::Abs(Box::new(node)), quantity)
                }
                Function::Sqrt => self.square_root(expr, arguments)?,
                Function::Norm => self.norm(expr, arguments)?,
                Function::Distance => self.distance(expr, arguments)?,
                Function::Rise | Function::Fall => return self.not_a_number(expr),
            },
            ExprKind::Not(_) | ExprKind::Logic(..) | ExprKind::Compare(..) | ExprKind::In(..) => {
                return self.not_a_number(expr);
            }
        };
        Some((NumberNode { kind, span: expr.span.clone() }, quantity))
    }

    fn not_a_number<T>(&mut self, expr: &Expr) -> Option<T> {
        self.truth(expr)?;
        self.fail(
            LogicError::new("a number is needed here, not a condition").at(&expr.span, "is true or false"),
        )
    }

    fn constant(&mut self, expr: &Expr, value: f64, unit: Option<&str>) -> Option<(NumberKind, Quantity)> {
        let Some(text) = unit else {
            return Some((NumberKind::Constant(value), Quantity::plain(Dimension::NUMBER)));
        };
        match unit::parse(text) {
            Ok(unit) => Some((NumberKind::Constant(value * unit.scale), Quantity::plain(unit.dimension))),
            Err(error) => self.fail(LogicError::new(error.to_string()).at(&expr.span, "")),
        }
    }

    fn operand(&mut self, expr: &Expr, path: &str) -> Option<(NumberKind, Quantity)> {
        let Some((id, ty)) = self.scope.resolve(path) else {
            return self.unknown(path, &expr.span);
        };
        let Some(quantity) = Quantity::of(&ty) else {
            let error = LogicError::new(format!("a number is needed here, not {}", ty.with_article()));
            let error = error.at(&expr.span, ty.name());
            return self.fail(match ty {
                Type::Boolean => error.note(format!("a flag stands by itself: `{path}` or `not {path}`")),
                _ => error.note("states are compared with `==`, `!=` and `in {…}`"),
            });
        };
        if quantity.rows == 0 {
            let error = LogicError::new(format!("`{path}` has no values"));
            return self.fail(error.at(&expr.span, "0 rows"));
        }
        self.read(id, path, &expr.span);
        let each = if quantity.vector || quantity.rows > 1 { Each::Row } else { Each::One };
        Some((NumberKind::Operand { id, each }, quantity))
    }

    fn sum(
        &mut self,
        op: ArithmeticOp,
        lhs: &Expr,
        a: Quantity,
        rhs: &Expr,
        b: Quantity,
    ) -> Option<Quantity> {
        let done = if op == ArithmeticOp::Add { "added" } else { "subtracted" };
        self.same_kind(done, lhs, &a, rhs, &b)?;
        self.same_place(done, lhs, &a, rhs, &b)?;
        let rows = self.same_rows(lhs, &a, rhs, &b)?;
        // The difference of two readings of one point is a displacement, which is no longer a point's place.
        let displacement = op == ArithmeticOp::Subtract && a.point.is_some() && b.point.is_some();
        let point = if displacement { None } else { a.point.or(b.point) };
        Some(Quantity { frame: a.frame.or(b.frame), point, rows, ..a })
    }

    fn product(
        &mut self,
        op: ArithmeticOp,
        lhs: &Expr,
        a: Quantity,
        rhs: &Expr,
        b: Quantity,
    ) -> Option<Quantity> {
        let (done, dimension) = match op {
            ArithmeticOp::Divide => ("divided", a.dimension.over(b.dimension)),
            _ => ("multiplied", a.dimension.times(b.dimension)),
        };
        let (both, divisor) = (a.vector && b.vector, b.vector && op == ArithmeticOp::Divide);
        if both || divisor || (a.vector && b.rows > 1) || (b.vector && a.rows > 1) {
            let what = if divisor && !a.vector {
                "nothing can be divided by a vector"
            } else {
                "a vector can be multiplied or divided by one number only"
            };
            let error = LogicError::new(what);
            let error = error.at(&lhs.span, self.label(lhs, &a)).at(&rhs.span, self.label(rhs, &b));
            return self.fail(error);
        }
        self.same_place(done, lhs, &a, rhs, &b)?;
        let rows = self.same_rows(lhs, &a, rhs, &b)?;
        if dimension.exponents.iter().any(|exponent| exponent.unsigned_abs() > MAX_EXPONENT.unsigned_abs()) {
            let error = LogicError::new("this product has a unit with too large an exponent");
            let span = lhs.span.start..rhs.span.end;
            return self.fail(error.at(&span, format!("in {}", dimension.si_unit())));
        }
        let vector = a.vector || b.vector;
        Some(Quantity { dimension, frame: a.frame.or(b.frame), point: a.point.or(b.point), rows, vector })
    }

    fn extremum(
        &mut self,
        expr: &Expr,
        function: Function,
        which: Extremum,
        arguments: &[Expr],
    ) -> Option<(NumberKind, Quantity)> {
        let checked: Vec<Option<Known>> = arguments.iter().map(|argument| self.number(argument)).collect();
        let mut nodes = Vec::new();
        let mut kinds = Vec::new();
        for (node, quantity) in checked.into_iter().collect::<Option<Vec<Known>>>()? {
            nodes.push(node);
            kinds.push(quantity);
        }
        for (argument, quantity) in arguments.iter().zip(&kinds) {
            if quantity.vector {
                return self.no_vector(function, argument, quantity);
            }
        }
        let (Some(first), Some(first_is)) = (arguments.first(), kinds.first().cloned()) else {
            return self.wrong_count(expr, function, "at least one argument");
        };
        if kinds.len() == 1 {
            let of = Box::new(nodes.remove(0));
            let rows = first_is.rows;
            return Some((NumberKind::OverRows { which, of, rows }, Quantity { rows: 1, ..first_is }));
        }
        let mut all = first_is;
        self.single(first, &all)?;
        for (argument, quantity) in arguments.iter().zip(&kinds).skip(1) {
            self.same_kind("compared", first, &all, argument, quantity)?;
            self.same_place("compared", first, &all, argument, quantity)?;
            self.single(argument, quantity)?;
            all.frame = all.frame.or_else(|| quantity.frame.clone());
            all.point = all.point.or_else(|| quantity.point.clone());
        }
        Some((NumberKind::OverSeveral(which, nodes), all))
    }

    fn no_vector<T>(&mut self, function: Function, argument: &Expr, quantity: &Quantity) -> Option<T> {
        let error = LogicError::new(format!("`{}` takes numbers, not vectors", function.name()));
        let error = error.at(&argument.span, self.label(argument, quantity));
        self.fail(error.note("`norm(…)` gives the length of a vector; one axis is a number"))
    }

    fn one(&mut self, expr: &Expr, function: Function, arguments: &[Expr], takes: &str) -> Option<Known> {
        match arguments {
            [argument] => self.number(argument),
            _ => self.wrong_count(expr, function, takes),
        }
    }

    fn one_number(&mut self, expr: &Expr, function: Function, arguments: &[Expr]) -> Option<Known> {
        let (node, quantity) = self.one(expr, function, arguments, "one number")?;
        match arguments.first() {
            Some(argument) if quantity.vector => self.no_vector(function, argument, &quantity),
            _ => Some((node, quantity)),
        }
    }

    fn square_root(&mut self, expr: &Expr, arguments: &[Expr]) -> Option<(NumberKind, Quantity)> {
        let (node, quantity) = self.one_number(expr, Function::Sqrt, arguments)?;
        let mut exponents = quantity.dimension.exponents;
        if exponents.iter().any(|exponent| exponent % 2 != 0) {
            let error = LogicError::new(format!("{} has no square root", quantity.ty().with_article()));
            let label = format!("in {}", Dimension { exponents }.si_unit());
            return self
                .fail(error.at(&node.span, label).note("the unit under a root is a square, e.g. m^2"));
        }
        for exponent in &mut exponents {
            *exponent /= 2;
        }
        Some((NumberKind::Sqrt(Box::new(node)), Quantity { dimension: Dimension { exponents }, ..quantity }))
    }

    fn norm(&mut self, expr: &Expr, arguments: &[Expr]) -> Option<(NumberKind, Quantity)> {
        let (node, quantity) = self.one(expr, Function::Norm, arguments, "one vector")?;
        if !quantity.vector {
            let article = quantity.ty().with_article();
            let error = LogicError::new(format!("`norm` takes a vector, not {article}"));
            return self.fail(error.at(&node.span, "").note("the size of a number is `abs(…)`"));
        }
        Some((NumberKind::Norm(Box::new(node)), Quantity::plain(quantity.dimension)))
    }

    fn distance(&mut self, expr: &Expr, arguments: &[Expr]) -> Option<(NumberKind, Quantity)> {
        let [lhs, rhs] = arguments else {
            return self.wrong_count(expr, Function::Distance, "two points");
        };
        let (a, b) = (self.number(lhs), self.number(rhs));
        let ((a, a_is), (b, b_is)) = (a?, b?);
        let fits = |quantity: &Quantity| quantity.vector && quantity.dimension == Dimension::LENGTH;
        if !fits(&a_is) || !fits(&b_is) {
            let error = LogicError::new("`distance` takes the positions of two points");
            let error = error.at(&lhs.span, self.label(lhs, &a_is)).at(&rhs.span, self.label(rhs, &b_is));
            return self.fail(error);
        }
        // The one place where two points may meet; their frames must still be one.
        let (a_free, b_free) = (Quantity { point: None, ..a_is }, Quantity { point: None, ..b_is });
        self.same_place("compared", lhs, &a_free, rhs, &b_free)?;
        let kind = NumberKind::Arithmetic(ArithmeticOp::Subtract, Box::new(a), Box::new(b));
        let difference = NumberNode { kind, span: expr.span.clone() };
        Some((NumberKind::Norm(Box::new(difference)), Quantity::plain(Dimension::LENGTH)))
    }

    /// "time, 250 ms"
    pub(super) fn label(&self, expr: &Expr, quantity: &Quantity) -> String {
        let name = quantity.clone().ty().name();
        let value = match &expr.kind {
            ExprKind::Number { unit: Some(_), .. } => Some(expr.to_string()),
            ExprKind::Path(path) => self.scope.value_text(path),
            _ => None,
        };
        match value {
            Some(value) => format!("{name}, {value}"),
            None => name,
        }
    }

    /// One dimension, and both vectors or neither.
    pub(super) fn same_kind(
        &mut self,
        done: &str,
        lhs: &Expr,
        a: &Quantity,
        rhs: &Expr,
        b: &Quantity,
    ) -> Option<()> {
        if a.dimension == b.dimension && a.vector == b.vector {
            return Some(());
        }
        let (a_name, b_name) = (a.clone().ty().with_article(), b.clone().ty().with_article());
        let title = match done {
            "added" => format!("{a_name} and {b_name} cannot be added"),
            "subtracted" => format!("{b_name} cannot be subtracted from {a_name}"),
            _ => format!("{a_name} cannot be compared with {b_name}"),
        };
        let mut error =
            LogicError::new(title).at(&lhs.span, self.label(lhs, a)).at(&rhs.span, self.label(rhs, b));
        let bare = |expr: &Expr| matches!(expr.kind, ExprKind::Number { unit: None, .. });
        if bare(lhs) || bare(rhs) {
            error = error.note("a number of a quantity has its unit: `2 mm`, `250 ms`, `0 N`");
        }
        let note = match (&lhs.kind, &rhs.kind) {
            (_, ExprKind::Path(path)) => self.alternatives(path, a),
            (ExprKind::Path(path), _) => self.alternatives(path, b),
            _ => None,
        };
        error.notes.extend(note);
        self.fail(error)
    }

    fn alternatives(&self, path: &str, wanted: &Quantity) -> Option<String> {
        let fits = |name: &str| {
            let quantity = self.scope.resolve(name).and_then(|(_, ty)| Quantity::of(&ty));
            quantity.is_some_and(|q| q.dimension == wanted.dimension && q.vector == wanted.vector)
        };
        names::beside(path, &wanted.clone().ty().name(), fits, self.scope)
    }

    /// One frame and one point, where both sides have one.
    pub(super) fn same_place(
        &mut self,
        done: &str,
        lhs: &Expr,
        a: &Quantity,
        rhs: &Expr,
        b: &Quantity,
    ) -> Option<()> {
        let differ = |a: &Option<String>, b: &Option<String>| match (a, b) {
            (Some(a), Some(b)) if a != b => Some((a.clone(), b.clone())),
            _ => None,
        };
        if let Some((a, b)) = differ(&a.frame, &b.frame) {
            return self.fail(
                LogicError::new(format!("coordinates in two frames cannot be {done}"))
                    .at(&lhs.span, format!("in frame `{a}`"))
                    .at(&rhs.span, format!("in frame `{b}`")),
            );
        }
        if let Some((a, b)) = differ(&a.point, &b.point) {
            return self.fail(
                LogicError::new(format!("coordinates of two points cannot be {done}"))
                    .at(&lhs.span, format!("of point `{a}`"))
                    .at(&rhs.span, format!("of point `{b}`"))
                    .note("`distance(a, b)` takes the positions of two points in one frame"),
            );
        }
        Some(())
    }

    fn same_rows(&mut self, lhs: &Expr, a: &Quantity, rhs: &Expr, b: &Quantity) -> Option<usize> {
        if a.rows == b.rows || a.rows == 1 || b.rows == 1 {
            return Some(if a.rows == 1 { b.rows } else { a.rows });
        }
        let error = LogicError::new("two lists of different lengths do not go together");
        let rows = |quantity: &Quantity| format!("{} rows", quantity.rows);
        self.fail(error.at(&lhs.span, rows(a)).at(&rhs.span, rows(b)))
    }

    /// One value, not several rows.
    pub(super) fn single(&mut self, expr: &Expr, quantity: &Quantity) -> Option<()> {
        if quantity.rows == 1 {
            return Some(());
        }
        let error = LogicError::new(format!("`{expr}` has {} values where one is needed", quantity.rows));
        let error = error.at(&expr.span, format!("{} rows", quantity.rows));
        self.fail(error.note(format!("say which: `max({expr})` or `min({expr})`")))
    }
}
