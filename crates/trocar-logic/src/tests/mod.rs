//! Tests, and the names and the reference evaluator that they share.

mod condition;
mod errors;
mod figure;
mod reference;
mod syntax;

use crate::{Figure, Figures, LogicError, OperandId, Operands, Scope, Type};
use trocar_signal::Dimension;

/// A small bench: names with their types; an operand's number is its place here.
pub(super) struct Bench(Vec<(&'static str, Type)>);

fn coordinate(frame: &str, point: &str) -> Type {
    let (frame, point) = (Some(frame.to_owned()), Some(point.to_owned()));
    Type::Number { dimension: Dimension::LENGTH, frame, point, rows: 1 }
}

fn point(frame: &str, point: &str) -> Type {
    let (frame, point) = (Some(frame.to_owned()), Some(point.to_owned()));
    Type::Vector3 { dimension: Dimension::LENGTH, frame, point }
}

fn states(names: &[&str]) -> Type {
    Type::State(names.iter().map(|name| (*name).to_owned()).collect())
}

pub(super) fn bench() -> Bench {
    let length = Type::number(Dimension::LENGTH);
    let operating = ["DISABLED", "ENABLED", "PAUSED", "FAULT"];
    Bench(vec![
        ("a", length.clone()),
        ("b", length.clone()),
        ("c", length.clone()),
        ("RP", Type::rows(Dimension::LENGTH, 5)),
        ("RP_true", Type::rows(Dimension::LENGTH, 5)),
        ("per_joint", Type::rows(Dimension::ANGLE, 6)),
        ("empty", Type::rows(Dimension::LENGTH, 0)),
        ("arm.is_homed", Type::Boolean),
        ("arm.is_busy", Type::Boolean),
        ("psm1.operating_state", states(&operating)),
        ("psm2.operating_state", states(&operating)),
        ("psm1.error", states(&["none", "joint_limit"])),
        ("arm.declared.pose_repeatability", length.clone()),
        ("arm.declared.rated_load", Type::number(Dimension::FORCE)),
        ("exo.right_knee.angle", Type::number(Dimension::ANGLE)),
        ("exo.declared.fault_reaction_time", Type::number(Dimension::TIME)),
        ("exo.declared.range_overrun", Type::number(Dimension::ANGLE)),
        ("exo.gait.percent", Type::number(Dimension::NUMBER)),
        ("tool.tip", point("arm.base", "tool")),
        ("other.tip", point("arm.base", "other")),
        ("world.tip", point("world", "tool")),
        ("tool.tip.x", coordinate("arm.base", "tool")),
        ("tool.tip.y", coordinate("arm.base", "tool")),
        ("other.tip.x", coordinate("arm.base", "other")),
        ("world.tip.x", coordinate("world", "tool")),
    ])
}

impl Bench {
    pub(super) fn id(&self, path: &str) -> OperandId {
        self.resolve(path).unwrap_or_else(|| panic!("the bench has no {path}")).0
    }
}

impl Scope for Bench {
    fn resolve(&self, path: &str) -> Option<(OperandId, Type)> {
        let place = self.0.iter().position(|(name, _)| *name == path)?;
        Some((OperandId(place as u32), self.0[place].1.clone()))
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn value_text(&self, path: &str) -> Option<String> {
        (path == "exo.declared.fault_reaction_time").then(|| "250 ms".to_owned())
    }
}

/// Values of the bench: up to six rows for each operand.
#[derive(Clone, Debug)]
pub(super) struct Values {
    pub rows: Vec<[f64; 6]>,
    pub valid: Vec<bool>,
}

impl Values {
    pub(super) fn zero() -> Values {
        let count = bench().0.len();
        Values { rows: vec![[0.0; 6]; count], valid: vec![true; count] }
    }

    pub(super) fn with(mut self, path: &str, rows: &[f64]) -> Values {
        let place = bench().id(path).0 as usize;
        self.rows[place][..rows.len()].copy_from_slice(rows);
        self
    }

    pub(super) fn without(mut self, path: &str) -> Values {
        self.valid[bench().id(path).0 as usize] = false;
        self
    }
}

impl Operands for Values {
    fn number(&self, id: OperandId, row: usize) -> f64 {
        self.rows[id.0 as usize][row]
    }

    fn state(&self, id: OperandId) -> usize {
        self.rows[id.0 as usize][0] as usize
    }

    fn boolean(&self, id: OperandId) -> bool {
        self.rows[id.0 as usize][0] != 0.0
    }

    fn valid(&self, id: OperandId) -> bool {
        self.valid[id.0 as usize]
    }
}

/// Values with an uncertainty of each operand's rows.
#[derive(Clone, Debug)]
pub(super) struct Uncertain {
    pub values: Values,
    pub expanded_u: Vec<[f64; 6]>,
}

impl Uncertain {
    pub(super) fn exact(values: Values) -> Uncertain {
        let expanded_u = vec![[0.0; 6]; values.rows.len()];
        Uncertain { values, expanded_u }
    }

    pub(super) fn with(mut self, path: &str, rows: &[(f64, f64)]) -> Uncertain {
        let place = bench().id(path).0 as usize;
        for (row, (value, u)) in rows.iter().enumerate() {
            self.values.rows[place][row] = *value;
            self.expanded_u[place][row] = *u;
        }
        self
    }
}

impl Figures for Uncertain {
    fn figure(&self, id: OperandId, row: usize) -> Option<Figure> {
        let place = id.0 as usize;
        self.values.valid[place]
            .then(|| Figure { value: self.values.rows[place][row], expanded_u: self.expanded_u[place][row] })
    }
}

/// Every range of every label lies inside the text, between characters.
pub(super) fn ranges_fit(text: &str, errors: &[LogicError]) -> bool {
    let fits = |error: &LogicError| {
        !error.labels.is_empty() && error.labels.iter().all(|(range, _)| text.get(range.clone()).is_some())
    };
    !errors.is_empty() && errors.iter().all(fits)
}
