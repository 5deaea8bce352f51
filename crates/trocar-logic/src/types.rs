//! What the values of a formula are, and where their names come from.

use trocar_signal::Dimension;

/// A value that a formula reads, by the number that its [`Scope`] gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperandId(pub u32);

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number in SI units and radians.
    Number {
        /// What it measures.
        dimension: Dimension,
        /// The frame in which it is expressed, where it is a coordinate.
        frame: Option<String>,
        /// The point that it speaks of, where it is a coordinate.
        point: Option<String>,
        /// How many values stand under the name: 1, or one for each pose (or the like) of a measure.
        rows: usize,
    },
    /// True or false: a flag or a condition.
    Boolean,
    /// One of named states; the value is the place in the list.
    State(Vec<String>),
    /// Three coordinates in SI units; rows 0, 1 and 2 of the operand are x, y and z.
    Vector3 {
        /// What each coordinate measures.
        dimension: Dimension,
        /// The frame in which it is expressed.
        frame: Option<String>,
        /// The point that it speaks of.
        point: Option<String>,
    },
}

impl Type {
    /// One number that is no coordinate.
    #[must_use]
    pub fn number(dimension: Dimension) -> Type {
        Type::rows(dimension, 1)
    }

    /// Several numbers under one name.
    #[must_use]
    pub fn rows(dimension: Dimension, rows: usize) -> Type {
        Type::Number { dimension, frame: None, point: None, rows }
    }

    /// "length", "flag or condition", "state", "vector of length".
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Type::Number { dimension, .. } => dimension_name(*dimension),
            Type::Boolean => "condition".to_owned(),
            Type::State(_) => "state".to_owned(),
            Type::Vector3 { dimension, .. } => format!("vector of {}", dimension_name(*dimension)),
        }
    }

    /// "a length", "an angle".
    #[must_use]
    pub fn with_article(&self) -> String {
        let name = self.name();
        let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        format!("{article} {name}")
    }
}

/// A dimension's name; "quantity in m^2" where it has none.
fn dimension_name(dimension: Dimension) -> String {
    let name = dimension.name();
    if name == dimension.si_unit() { format!("quantity in {name}") } else { name }
}

/// The names that a formula may use.
pub trait Scope {
    /// What stands under a path; `None` if nothing does.
    fn resolve(&self, path: &str) -> Option<(OperandId, Type)>;

    /// Every path that resolves, in any order, for messages.
    fn names(&self) -> Vec<String>;

    /// What is known of a value beforehand, e.g. `250 ms` for a declared limit; stands beside its type in messages.
    fn value_text(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }
}

/// A number or a vector, as the checker handles it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Quantity {
    pub dimension: Dimension,
    pub frame: Option<String>,
    pub point: Option<String>,
    pub rows: usize,
    pub vector: bool,
}

impl Quantity {
    pub fn plain(dimension: Dimension) -> Quantity {
        Quantity { dimension, frame: None, point: None, rows: 1, vector: false }
    }

    pub fn of(ty: &Type) -> Option<Quantity> {
        match ty.clone() {
            Type::Number { dimension, frame, point, rows } => {
                Some(Quantity { dimension, frame, point, rows, vector: false })
            }
            Type::Vector3 { dimension, frame, point } => {
                Some(Quantity { dimension, frame, point, rows: 1, vector: true })
            }
            Type::Boolean | Type::State(_) => None,
        }
    }

    pub fn ty(self) -> Type {
        let Quantity { dimension, frame, point, rows, vector } = self;
        if vector {
            Type::Vector3 { dimension, frame, point }
        } else {
            Type::Number { dimension, frame, point, rows }
        }
    }
}
