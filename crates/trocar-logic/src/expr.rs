//! The syntax tree of a formula.

use std::ops::Range;

/// A piece of a formula and where it stands. Equality compares the piece and never where it stands.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Byte range in the formula's text.
    pub span: Range<usize>,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Expr) -> bool {
        self.kind == other.kind
    }
}

impl From<ExprKind> for Expr {
    /// A piece that stands in no text.
    fn from(kind: ExprKind) -> Expr {
        Expr { kind, span: 0..0 }
    }
}

/// What a piece of a formula is.
#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// A number as written; finite and not negative (a minus is [`ExprKind::Negate`]).
    Number {
        /// The value in `unit`.
        value: f64,
        /// Symbols separated by one space, and at most one `/`; `None` for a bare number.
        unit: Option<String>,
    },
    /// A name with dots, or the name of a state beside `==` and `!=`.
    Path(String),
    /// `-x`
    Negate(Box<Expr>),
    /// `not x`
    Not(Box<Expr>),
    /// `x + y` and its like.
    Arithmetic(ArithmeticOp, Box<Expr>, Box<Expr>),
    /// `x and y`, `x or y`
    Logic(LogicOp, Box<Expr>, Box<Expr>),
    /// `x < y` and its like.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `x in {A, B}`, with at least one name.
    In(Box<Expr>, Vec<StateName>),
    /// `max(x, y)` and its like.
    Call(Function, Vec<Expr>),
}

/// The name of a state in `{A, B}`. Equality compares the name alone.
#[derive(Clone, Debug)]
pub struct StateName {
    /// The name.
    pub name: String,
    /// Byte range in the formula's text.
    pub span: Range<usize>,
}

impl PartialEq for StateName {
    fn eq(&self, other: &StateName) -> bool {
        self.name == other.name
    }
}

/// Operators between quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
}

/// Operators between conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogicOp {
    /// `and`
    And,
    /// `or`
    Or,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl CompareOp {
    /// As it is written.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            CompareOp::Less => "<",
            CompareOp::LessEqual => "<=",
            CompareOp::Greater => ">",
            CompareOp::GreaterEqual => ">=",
            CompareOp::Equal => "==",
            CompareOp::NotEqual => "!=",
        }
    }

    /// The comparison that says the same with its sides exchanged.
    #[must_use]
    pub fn exchanged(self) -> CompareOp {
        match self {
            CompareOp::Less => CompareOp::Greater,
            CompareOp::LessEqual => CompareOp::GreaterEqual,
            CompareOp::Greater => CompareOp::Less,
            CompareOp::GreaterEqual => CompareOp::LessEqual,
            same @ (CompareOp::Equal | CompareOp::NotEqual) => same,
        }
    }

    /// Whether it holds between two numbers.
    #[must_use]
    pub fn holds(self, lhs: f64, rhs: f64) -> bool {
        match self {
            CompareOp::Less => lhs < rhs,
            CompareOp::LessEqual => lhs <= rhs,
            CompareOp::Greater => lhs > rhs,
            CompareOp::GreaterEqual => lhs >= rhs,
            CompareOp::Equal => lhs == rhs,
            CompareOp::NotEqual => lhs != rhs,
        }
    }
}

/// Functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// The greatest of several values, or of the rows of one.
    Max,
    /// The least of several values, or of the rows of one.
    Min,
    /// The size of a number.
    Abs,
    /// The square root of a number.
    Sqrt,
    /// The length of a vector.
    Norm,
    /// The distance of two points.
    Distance,
    /// True at the evaluation at which a condition has become true.
    Rise,
    /// True at the evaluation at which a condition has ceased to be true.
    Fall,
}

impl Function {
    /// Every function.
    pub const ALL: [Function; 8] = [
        Function::Max,
        Function::Min,
        Function::Abs,
        Function::Sqrt,
        Function::Norm,
        Function::Distance,
        Function::Rise,
        Function::Fall,
    ];

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Function::Max => "max",
            Function::Min => "min",
            Function::Abs => "abs",
            Function::Sqrt => "sqrt",
            Function::Norm => "norm",
            Function::Distance => "distance",
            Function::Rise => "rise",
            Function::Fall => "fall",
        }
    }

    /// The function of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Function> {
        Function::ALL.into_iter().find(|function| function.name() == name)
    }
}
