//! A formula after checking: every name resolved, every type known to fit.

use crate::expr::{ArithmeticOp, CompareOp, LogicOp};
use crate::types::OperandId;
use std::ops::Range;
use trocar_signal::Dimension;

/// A value that a formula reads, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperandUse {
    /// The value.
    pub id: OperandId,
    /// Its path as written.
    pub path: String,
    /// Byte range in the formula's text.
    pub span: Range<usize>,
}

/// A number, or a condition, with its place in the text.
#[derive(Clone, Debug)]
pub(crate) struct Node<K> {
    pub kind: K,
    pub span: Range<usize>,
}

/// A number; where it has rows or is a vector, one for each row or axis.
pub(crate) type NumberNode = Node<NumberKind>;

/// A condition.
pub(crate) type TruthNode = Node<TruthKind>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extremum {
    Max,
    Min,
}

#[derive(Clone, Debug)]
pub(crate) enum NumberKind {
    /// In SI units and radians; the same for every row.
    Constant(f64),
    Operand {
        id: OperandId,
        each: Each,
    },
    Negate(Box<NumberNode>),
    Arithmetic(ArithmeticOp, Box<NumberNode>, Box<NumberNode>),
    /// Of the rows of one.
    OverRows {
        which: Extremum,
        of: Box<NumberNode>,
        rows: usize,
    },
    /// Of several, of which there is at least one.
    OverSeveral(Extremum, Vec<NumberNode>),
    Abs(Box<NumberNode>),
    Sqrt(Box<NumberNode>),
    /// Of a vector.
    Norm(Box<NumberNode>),
}

/// Whether an operand has a value for each row (or axis), or one for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Each {
    One,
    Row,
}

#[derive(Clone, Debug)]
pub(crate) enum TruthKind {
    Flag(OperandId),
    Not(Box<TruthNode>),
    Logic(LogicOp, Box<TruthNode>, Box<TruthNode>),
    Compare(CompareNode),
    /// The state is one of these places of its list.
    StateIn(OperandId, Vec<usize>),
    StatesEqual(OperandId, OperandId),
    /// Rising, or else falling; keeps its memory in this word.
    Edge {
        rising: bool,
        of: Box<TruthNode>,
        word: usize,
    },
}

/// A comparison of two numbers.
#[derive(Clone, Debug)]
pub(crate) struct CompareNode {
    pub op: CompareOp,
    pub lhs: Box<NumberNode>,
    pub rhs: Box<NumberNode>,
    pub dimension: Dimension,
}

impl NumberNode {
    /// Adds every operand below this node.
    pub fn operands(&self, out: &mut Vec<OperandId>) {
        match &self.kind {
            NumberKind::Constant(_) => {}
            NumberKind::Operand { id, .. } => out.push(*id),
            NumberKind::Negate(of)
            | NumberKind::OverRows { of, .. }
            | NumberKind::Abs(of)
            | NumberKind::Sqrt(of)
            | NumberKind::Norm(of) => of.operands(out),
            NumberKind::Arithmetic(_, lhs, rhs) => {
                lhs.operands(out);
                rhs.operands(out);
            }
            NumberKind::OverSeveral(_, several) => several.iter().for_each(|one| one.operands(out)),
        }
    }
}
