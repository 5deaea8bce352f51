//! A checked condition as a flat list of postfix instructions, and their evaluation without allocation.
//!
//! One stack of `f64` holds numbers and truth values; NaN stands for "unknown" in both. That is safe because no
//! operand that is valid is NaN, and every result that is not finite becomes NaN.

use crate::condition::{Operands, Truth};
use crate::expr::{ArithmeticOp, CompareOp, LogicOp};
use crate::node::{Each, Extremum, NumberKind, NumberNode, TruthKind, TruthNode};
use crate::types::OperandId;

/// The most intermediate values that a condition may need at once.
pub const MAX_STACK: usize = 64;

/// The most instructions of a condition; `max` over rows repeats its argument for each row. Assumed: keeps one
/// evaluation near 10 µs.
pub const MAX_INSTRUCTIONS: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Instruction {
    Constant(f64),
    Number {
        id: OperandId,
        row: u32,
    },
    Flag(OperandId),
    /// One of the places in `Program::places` from `from` on.
    StateIn {
        id: OperandId,
        from: u32,
        count: u32,
    },
    StatesEqual(OperandId, OperandId),
    Negate,
    Abs,
    Sqrt,
    Hypot,
    Arithmetic(ArithmeticOp),
    Extremum(Extremum),
    Compare(CompareOp),
    Not,
    Logic(LogicOp),
    Edge {
        rising: bool,
        word: u32,
    },
}

/// A condition, compiled.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    instructions: Vec<Instruction>,
    places: Vec<usize>,
}

/// The condition is larger than [`MAX_INSTRUCTIONS`] or needs more than [`MAX_STACK`] values at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

impl Program {
    pub fn compile(root: &TruthNode) -> Result<Program, TooLarge> {
        let mut compiler =
            Compiler { program: Program { instructions: Vec::new(), places: Vec::new() }, height: 0 };
        compiler.truth(root)?;
        Ok(compiler.program)
    }

    pub fn evaluate(&self, operands: &(impl Operands + ?Sized), state: &mut [u64]) -> Truth {
        let mut stack = Stack { slots: [f64::NAN; MAX_STACK], height: 0 };
        for instruction in &self.instructions {
            let value = match *instruction {
                Instruction::Constant(value) => value,
                Instruction::Number { id, row } => {
                    if operands.valid(id) {
                        operands.number(id, row as usize)
                    } else {
                        f64::NAN
                    }
                }
                Instruction::Flag(id) => known(operands.valid(id), || operands.boolean(id)),
                Instruction::StateIn { id, from, count } => known(operands.valid(id), || {
                    let places = self.places.iter().skip(from as usize).take(count as usize);
                    let state = operands.state(id);
                    places.copied().any(|place| place == state)
                }),
                Instruction::StatesEqual(a, b) => {
                    known(operands.valid(a) && operands.valid(b), || operands.state(a) == operands.state(b))
                }
                Instruction::Negate => -stack.pop(),
                Instruction::Abs => stack.pop().abs(),
                Instruction::Sqrt => stack.pop().sqrt(),
                Instruction::Not => 1.0 - stack.pop(),
                Instruction::Edge { rising, word } => edge(rising, stack.pop(), state.get_mut(word as usize)),
                Instruction::Hypot => stack.pop_two(trocar_math::hypot),
                Instruction::Arithmetic(op) => stack.pop_two(|a, b| arithmetic(op, a, b)),
                Instruction::Extremum(Extremum::Max) => stack.pop_two(trocar_math::max),
                Instruction::Extremum(Extremum::Min) => stack.pop_two(trocar_math::min),
                Instruction::Compare(op) => {
                    stack.pop_two(|a, b| known(!a.is_nan() && !b.is_nan(), || op.holds(a, b)))
                }
                Instruction::Logic(op) => stack.pop_two(|a, b| logic(op, a, b)),
            };
            stack.push(if value.is_finite() { value } else { f64::NAN });
        }
        match stack.pop() {
            unknown if unknown.is_nan() => Truth::Unknown,
            0.0 => Truth::False,
            _ => Truth::True,
        }
    }
}

struct Stack {
    slots: [f64; MAX_STACK],
    height: usize,
}

impl Stack {
    // The compiler bounds the height: the branches that would fall outside are never taken.
    fn push(&mut self, value: f64) {
        if let Some(slot) = self.slots.get_mut(self.height) {
            *slot = value;
            self.height += 1;
        }
    }

    fn pop(&mut self) -> f64 {
        self.height = self.height.saturating_sub(1);
        self.slots.get(self.height).copied().unwrap_or(f64::NAN)
    }

    fn pop_two(&mut self, f: impl FnOnce(f64, f64) -> f64) -> f64 {
        let second = self.pop();
        let first = self.pop();
        f(first, second)
    }
}

fn known(valid: bool, holds: impl FnOnce() -> bool) -> f64 {
    match valid {
        true => f64::from(u8::from(holds())),
        false => f64::NAN,
    }
}

pub(crate) fn arithmetic(op: ArithmeticOp, a: f64, b: f64) -> f64 {
    match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
    }
}

/// Kleene's: what decides alone decides, whatever is unknown beside it.
fn logic(op: LogicOp, a: f64, b: f64) -> f64 {
    let decides = match op {
        LogicOp::And => 0.0,
        LogicOp::Or => 1.0,
    };
    if a == decides || b == decides {
        decides
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        1.0 - decides
    }
}

/// The memory of an edge: no known value yet, or the last known one.
const WAS_FALSE: u64 = 1;
const WAS_TRUE: u64 = 2;

fn edge(rising: bool, now: f64, word: Option<&mut u64>) -> f64 {
    let Some(word) = word else {
        return f64::NAN;
    };
    if now.is_nan() {
        return f64::NAN;
    }
    let is_true = now != 0.0;
    let before = std::mem::replace(word, if is_true { WAS_TRUE } else { WAS_FALSE });
    let fired = if rising { is_true && before == WAS_FALSE } else { !is_true && before == WAS_TRUE };
    f64::from(u8::from(fired))
}

struct Compiler {
    program: Program,
    height: usize,
}

impl Compiler {
    /// Adds an instruction that takes `takes` values and leaves one.
    fn emit(&mut self, instruction: Instruction, takes: usize) -> Result<(), TooLarge> {
        self.height = self.height - takes + 1;
        self.program.instructions.push(instruction);
        if self.height > MAX_STACK || self.program.instructions.len() > MAX_INSTRUCTIONS {
            return Err(TooLarge);
        }
        Ok(())
    }

    fn truth(&mut self, node: &TruthNode) -> Result<(), TooLarge> {
        match &node.kind {
            TruthKind::Flag(id) => self.emit(Instruction::Flag(*id), 0),
            TruthKind::Not(of) => {
                self.truth(of)?;
                self.emit(Instruction::Not, 1)
            }
            TruthKind::Logic(op, lhs, rhs) => {
                self.truth(lhs)?;
                self.truth(rhs)?;
                self.emit(Instruction::Logic(*op), 2)
            }
            TruthKind::Compare(compare) => {
                self.number(&compare.lhs, 0)?;
                self.number(&compare.rhs, 0)?;
                self.emit(Instruction::Compare(compare.op), 2)
            }
            TruthKind::StateIn(id, places) => {
                let (from, count) = (self.program.places.len() as u32, places.len() as u32);
                self.program.places.extend(places);
                self.emit(Instruction::StateIn { id: *id, from, count }, 0)
            }
            TruthKind::StatesEqual(a, b) => self.emit(Instruction::StatesEqual(*a, *b), 0),
            TruthKind::Edge { rising, of, word } => {
                self.truth(of)?;
                self.emit(Instruction::Edge { rising: *rising, word: *word as u32 }, 1)
            }
        }
    }

    /// The value of one row, or of one axis of a vector.
    fn number(&mut self, node: &NumberNode, row: usize) -> Result<(), TooLarge> {
        match &node.kind {
            NumberKind::Constant(value) => self.emit(Instruction::Constant(*value), 0),
            NumberKind::Operand { id, each } => {
                let row = if *each == Each::Row { row as u32 } else { 0 };
                self.emit(Instruction::Number { id: *id, row }, 0)
            }
            NumberKind::Negate(of) => {
                self.number(of, row)?;
                self.emit(Instruction::Negate, 1)
            }
            NumberKind::Arithmetic(op, lhs, rhs) => {
                self.number(lhs, row)?;
                self.number(rhs, row)?;
                self.emit(Instruction::Arithmetic(*op), 2)
            }
            NumberKind::OverRows { which, of, rows } => {
                self.number(of, 0)?;
                for row in 1..*rows {
                    self.number(of, row)?;
                    self.emit(Instruction::Extremum(*which), 2)?;
                }
                Ok(())
            }
            NumberKind::OverSeveral(which, several) => {
                for (place, one) in several.iter().enumerate() {
                    self.number(one, row)?;
                    if place > 0 {
                        self.emit(Instruction::Extremum(*which), 2)?;
                    }
                }
                Ok(())
            }
            NumberKind::Abs(of) => {
                self.number(of, row)?;
                self.emit(Instruction::Abs, 1)
            }
            NumberKind::Sqrt(of) => {
                self.number(of, row)?;
                self.emit(Instruction::Sqrt, 1)
            }
            NumberKind::Norm(of) => {
                self.number(of, 0)?;
                for axis in 1..3 {
                    self.number(of, axis)?;
                    self.emit(Instruction::Hypot, 2)?;
                }
                Ok(())
            }
        }
    }
}
