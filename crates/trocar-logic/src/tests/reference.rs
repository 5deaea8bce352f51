//! A second evaluator, written against the syntax tree and as plainly as possible, and random formulas that fit.

use super::{Bench, Values};
use crate::{
    ArithmeticOp, CompareOp, Expr, ExprKind, Function, LogicOp, Operands, Scope, StateName, Truth, Type,
};
use proptest::prelude::*;

/// A value: numbers of one or several rows (axes), or a truth value; `None` is unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Rows(Vec<Option<f64>>),
    Truth(Option<bool>),
}

/// Evaluates again and again, with the memory of edges in the order in which they are met.
pub struct Reference<'a> {
    pub bench: &'a Bench,
    pub memory: Vec<Option<bool>>,
    met: usize,
}

impl<'a> Reference<'a> {
    pub fn new(bench: &'a Bench) -> Reference<'a> {
        Reference { bench, memory: vec![None; 1000], met: 0 }
    }

    pub fn truth(&mut self, expr: &Expr, values: &Values) -> Truth {
        self.met = 0;
        match self.value(expr, values) {
            Value::Truth(None) => Truth::Unknown,
            Value::Truth(Some(true)) => Truth::True,
            Value::Truth(Some(false)) => Truth::False,
            Value::Rows(_) => panic!("not a condition"),
        }
    }

    pub fn number(&mut self, expr: &Expr, values: &Values) -> f64 {
        self.rows(expr, values)[0].unwrap_or(f64::NAN)
    }

    fn rows(&mut self, expr: &Expr, values: &Values) -> Vec<Option<f64>> {
        match self.value(expr, values) {
            Value::Rows(rows) => rows,
            Value::Truth(_) => panic!("not a number"),
        }
    }

    fn bool(&mut self, expr: &Expr, values: &Values) -> Option<bool> {
        match self.value(expr, values) {
            Value::Truth(truth) => truth,
            Value::Rows(_) => panic!("not a condition"),
        }
    }

    fn value(&mut self, expr: &Expr, values: &Values) -> Value {
        match &expr.kind {
            ExprKind::Number { value, unit } => {
                let scale =
                    unit.as_deref().map_or(1.0, |unit| trocar_signal::unit::parse(unit).unwrap().scale);
                Value::Rows(vec![Some(value * scale)])
            }
            ExprKind::Path(path) => {
                let (id, ty) = self.bench.resolve(path).unwrap();
                let valid = values.valid(id);
                let rows = |count| {
                    Value::Rows((0..count).map(|row| valid.then(|| values.number(id, row))).collect())
                };
                match ty {
                    Type::Number { rows: count, .. } => rows(count),
                    Type::Vector3 { .. } => rows(3),
                    Type::Boolean => Value::Truth(valid.then(|| values.boolean(id))),
                    Type::State(_) => Value::Rows(vec![valid.then(|| values.state(id) as f64)]),
                }
            }
            ExprKind::Negate(of) => {
                Value::Rows(self.rows(of, values).into_iter().map(|row| row.map(|x| -x)).collect())
            }
            ExprKind::Not(of) => Value::Truth(self.bool(of, values).map(|x| !x)),
            ExprKind::Arithmetic(op, lhs, rhs) => {
                let (a, b) = (self.rows(lhs, values), self.rows(rhs, values));
                let at = |rows: &[Option<f64>], row: usize| rows[if rows.len() == 1 { 0 } else { row }];
                let one = |row: usize| {
                    let (a, b) = (at(&a, row)?, at(&b, row)?);
                    finite(match op {
                        ArithmeticOp::Add => a + b,
                        ArithmeticOp::Subtract => a - b,
                        ArithmeticOp::Multiply => a * b,
                        ArithmeticOp::Divide => a / b,
                    })
                };
                Value::Rows((0..a.len().max(b.len())).map(one).collect())
            }
            ExprKind::Logic(op, lhs, rhs) => {
                let (a, b) = (self.bool(lhs, values), self.bool(rhs, values));
                Value::Truth(match (op, a, b) {
                    (LogicOp::And, Some(false), _) | (LogicOp::And, _, Some(false)) => Some(false),
                    (LogicOp::Or, Some(true), _) | (LogicOp::Or, _, Some(true)) => Some(true),
                    (_, None, _) | (_, _, None) => None,
                    (LogicOp::And, ..) => Some(true),
                    (LogicOp::Or, ..) => Some(false),
                })
            }
            ExprKind::Compare(op, lhs, rhs) => self.compare(*op, lhs, rhs, values),
            ExprKind::In(of, names) => {
                let state = self.rows(of, values)[0];
                let known = self.states(of);
                Value::Truth(state.map(|place| names.iter().any(|name| known[place as usize] == name.name)))
            }
            ExprKind::Call(function, arguments) => self.call(*function, arguments, values),
        }
    }

    fn states(&self, expr: &Expr) -> Vec<String> {
        match &expr.kind {
            ExprKind::Path(path) => match self.bench.resolve(path) {
                Some((_, Type::State(states))) => states,
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn compare(&mut self, op: CompareOp, lhs: &Expr, rhs: &Expr, values: &Values) -> Value {
        let states = self.states(lhs);
        let right_is_a_name = matches!(&rhs.kind, ExprKind::Path(name) if self.bench.resolve(name).is_none());
        let a = self.rows(lhs, values)[0];
        let b = match &rhs.kind {
            ExprKind::Path(name) if right_is_a_name => {
                Some(states.iter().position(|state| state == name).unwrap() as f64)
            }
            _ => self.rows(rhs, values)[0],
        };
        Value::Truth(a.zip(b).map(|(a, b)| match op {
            CompareOp::Less => a < b,
            CompareOp::LessEqual => a <= b,
            CompareOp::Greater => a > b,
            CompareOp::GreaterEqual => a >= b,
            CompareOp::Equal => a == b,
            CompareOp::NotEqual => a != b,
        }))
    }

    fn call(&mut self, function: Function, arguments: &[Expr], values: &Values) -> Value {
        if matches!(function, Function::Rise | Function::Fall) {
            let now = self.bool(&arguments[0], values);
            let place = self.met;
            self.met += 1;
            let Some(now) = now else {
                return Value::Truth(None);
            };
            let before = self.memory[place].replace(now);
            let wanted = if function == Function::Rise { (Some(false), true) } else { (Some(true), false) };
            return Value::Truth(Some((before, now) == wanted));
        }
        let all: Vec<Vec<Option<f64>>> =
            arguments.iter().map(|argument| self.rows(argument, values)).collect();
        let flat: Option<Vec<f64>> = all.iter().flatten().copied().collect();
        let hypot = |axes: &[f64]| axes.iter().fold(0.0, |sum, x| trocar_math::hypot(sum, *x));
        Value::Rows(match function {
            Function::Abs => all[0].iter().map(|row| row.map(f64::abs)).collect(),
            Function::Sqrt => all[0].iter().map(|row| row.and_then(|x| finite(x.sqrt()))).collect(),
            Function::Max => vec![flat.and_then(|flat| flat.into_iter().reduce(trocar_math::max))],
            Function::Min => vec![flat.and_then(|flat| flat.into_iter().reduce(trocar_math::min))],
            Function::Norm => vec![flat.map(|flat| hypot(&flat))],
            _ => vec![flat.map(|flat| hypot(&[flat[0] - flat[3], flat[1] - flat[4], flat[2] - flat[5]]))],
        })
    }
}

fn finite(x: f64) -> Option<f64> {
    x.is_finite().then_some(x)
}

pub fn path(name: &str) -> Expr {
    ExprKind::Path(name.to_owned()).into()
}

fn literal(unit: Option<&'static str>) -> impl Strategy<Value = Expr> + Clone {
    (0.1f64..9.0).prop_map(move |value| ExprKind::Number { value, unit: unit.map(str::to_owned) }.into())
}

fn call(function: Function, arguments: Vec<Expr>) -> Expr {
    ExprKind::Call(function, arguments).into()
}

fn arithmetic(op: ArithmeticOp, a: Expr, b: Expr) -> Expr {
    ExprKind::Arithmetic(op, Box::new(a), Box::new(b)).into()
}

/// A length with one value.
pub fn lengths() -> impl Strategy<Value = Expr> + Clone {
    let leaf = prop_oneof![
        3 => prop::sample::select(vec!["a", "b", "c"]).prop_map(path),
        1 => literal(Some("cm")),
        1 => Just(call(Function::Norm, vec![path("tool.tip")])),
        1 => Just(call(Function::Distance, vec![path("tool.tip"), path("other.tip")])),
        1 => prop::sample::select(vec![Function::Max, Function::Min])
            .prop_map(|function| call(function, vec![path("RP")])),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        let extremum = prop::sample::select(vec![Function::Max, Function::Min]);
        let sum = prop::sample::select(vec![ArithmeticOp::Add, ArithmeticOp::Subtract]);
        let scale = prop::sample::select(vec![ArithmeticOp::Multiply, ArithmeticOp::Divide]);
        prop_oneof![
            3 => (sum.clone(), two.clone()).prop_map(|(op, (a, b))| arithmetic(op, a, b)),
            1 => (scale, inner.clone(), literal(None)).prop_map(|(op, a, b)| arithmetic(op, a, b)),
            1 => inner.clone().prop_map(|a| ExprKind::Negate(Box::new(a)).into()),
            1 => inner.clone().prop_map(|a| call(Function::Abs, vec![a])),
            2 => (extremum.clone(), two.clone()).prop_map(|(f, (a, b))| call(f, vec![a, b])),
            2 => (extremum, sum, inner).prop_map(|(f, op, a)| call(f, vec![arithmetic(op, path("RP"), a)])),
            1 => two.prop_map(|(a, b)| {
                call(Function::Sqrt, vec![arithmetic(ArithmeticOp::Multiply, call(Function::Abs, vec![a]), b)])
            }),
        ]
    })
}

pub fn orders() -> impl Strategy<Value = CompareOp> + Clone {
    prop::sample::select(vec![
        CompareOp::Less,
        CompareOp::LessEqual,
        CompareOp::Greater,
        CompareOp::GreaterEqual,
    ])
}

/// A condition.
pub fn conditions() -> impl Strategy<Value = Expr> {
    let name = |name: &str| StateName { name: name.to_owned(), span: 0..0 };
    let leaf = prop_oneof![
        prop::sample::select(vec!["arm.is_homed", "arm.is_busy"]).prop_map(path),
        (orders(), lengths(), lengths()).prop_map(|(op, a, b)| ExprKind::Compare(
            op,
            Box::new(a),
            Box::new(b)
        )
        .into()),
        (
            prop::sample::select(vec![CompareOp::Equal, CompareOp::NotEqual]),
            prop::sample::select(vec!["ENABLED", "FAULT", "psm2.operating_state"])
        )
            .prop_map(|(op, other)| {
                ExprKind::Compare(op, Box::new(path("psm1.operating_state")), Box::new(path(other))).into()
            }),
        Just(
            ExprKind::In(Box::new(path("psm2.operating_state")), vec![name("PAUSED"), name("FAULT")]).into()
        ),
    ];
    leaf.prop_recursive(4, 16, 2, |inner| {
        let op = prop::sample::select(vec![LogicOp::And, LogicOp::Or]);
        let edge = prop::sample::select(vec![Function::Rise, Function::Fall]);
        prop_oneof![
            3 => (op, inner.clone(), inner.clone())
                .prop_map(|(op, a, b)| ExprKind::Logic(op, Box::new(a), Box::new(b)).into()),
            1 => inner.clone().prop_map(|a| ExprKind::Not(Box::new(a)).into()),
            1 => (edge, inner).prop_map(|(function, a)| call(function, vec![a])),
        ]
    })
}

/// Values of every operand, most of them valid; states stay within their lists.
pub fn values() -> impl Strategy<Value = Values> {
    let count = Values::zero().rows.len();
    let rows = prop::collection::vec(prop::array::uniform6(-1.0f64..1.0), count);
    let valid = prop::collection::vec(prop::bool::weighted(0.85), count);
    (rows, valid, 0usize..4, 0usize..4, prop::bool::ANY, prop::bool::ANY).prop_map(
        |(rows, valid, one, two, homed, busy)| {
            let flag = |x: bool| [f64::from(u8::from(x))];
            Values { rows, valid }
                .with("psm1.operating_state", &[one as f64])
                .with("psm2.operating_state", &[two as f64])
                .with("arm.is_homed", &flag(homed))
                .with("arm.is_busy", &flag(busy))
        },
    )
}
