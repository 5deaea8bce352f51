//! The names that formulas may use over signals: groups by role or instance, and declared constants.

use std::collections::BTreeMap;
use trocar_logic::{OperandId, Operands, Scope, Type};
use trocar_signal::{Dimension, ElementRef, GroupId, GroupKind, Layout, Table};

/// A number that a file declares, e.g. `arm.declared.pose_repeatability`.
#[derive(Clone, Debug, PartialEq)]
pub struct Constant {
    /// Its path.
    pub path: String,
    /// Value in SI units and radians.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
}

const CONSTANT: u32 = 1 << 31;

/// Signals and constants under the names that a file uses.
pub struct SignalScope<'a> {
    /// The groups.
    pub layout: &'a Layout,
    /// Role → instance.
    pub roles: &'a BTreeMap<String, String>,
    /// Declared constants, under their instance's path.
    pub constants: &'a [Constant],
}

/// A path with its role replaced by the instance that fills it.
#[must_use]
pub fn resolve_role(roles: &BTreeMap<String, String>, path: &str) -> String {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let instance = roles.get(head).map_or(head, String::as_str);
    rest.map_or_else(|| instance.to_owned(), |rest| format!("{instance}.{rest}"))
}

fn pack(element: ElementRef) -> OperandId {
    OperandId(element.group.0 << 8 | element.index)
}

/// The number that an operand stands for; `None` for a constant.
#[must_use]
pub fn signal_of(id: OperandId) -> Option<ElementRef> {
    (id.0 & CONSTANT == 0).then(|| unpack(id))
}

fn unpack(id: OperandId) -> ElementRef {
    ElementRef { group: GroupId((id.0 & !CONSTANT) >> 8), index: id.0 & 0xff }
}

impl Scope for SignalScope<'_> {
    fn resolve(&self, path: &str) -> Option<(OperandId, Type)> {
        let path = resolve_role(self.roles, path);
        if let Some(at) = self.constants.iter().position(|c| c.path == path) {
            return Some((OperandId(CONSTANT | at as u32), Type::number(self.constants[at].dimension)));
        }
        // A point as a whole, or the position of a pose.
        let whole = self.layout.group(&path).filter(|g| self.layout.spec(*g).kind == GroupKind::Point);
        let of_pose = path
            .strip_suffix(".position")
            .and_then(|head| self.layout.group(head))
            .filter(|g| matches!(self.layout.spec(*g).kind, GroupKind::Pose | GroupKind::Point));
        if let Some(group) = whole.or(of_pose) {
            let spec = self.layout.spec(group);
            let ty = Type::Vector3 {
                dimension: Dimension::LENGTH,
                frame: spec.frame.clone(),
                point: spec.point.clone(),
            };
            return Some((pack(ElementRef { group, index: 0 }), ty));
        }
        let element = self.layout.element(&path)?;
        let spec = self.layout.spec(element.group);
        let ty = match &spec.kind {
            GroupKind::State(names) if names.len() == 2 && names[0] == "false" => Type::Boolean,
            GroupKind::State(names) => Type::State(names.clone()),
            _ => Type::Number {
                dimension: self.layout.element_spec(element).dimension,
                frame: spec.frame.clone(),
                point: spec.point.clone(),
                rows: 1,
            },
        };
        Some((pack(element), ty))
    }

    fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for (_, spec) in self.layout.groups() {
            names.extend((0..spec.elements.len()).map(|i| spec.element_path(i)));
        }
        names.extend(self.constants.iter().map(|c| c.path.clone()));
        // A file speaks of roles, so that is how its mistakes are put right.
        for (role, instance) in self.roles {
            for name in &mut names {
                if let Some(rest) = name.strip_prefix(instance.as_str()).filter(|r| r.starts_with('.')) {
                    *name = format!("{role}{rest}");
                }
            }
        }
        names
    }

    fn value_text(&self, path: &str) -> Option<String> {
        let path = resolve_role(self.roles, path);
        let constant = self.constants.iter().find(|c| c.path == path)?;
        Some(trocar_signal::AnyQuantity { si: constant.value, dimension: constant.dimension }.to_string())
    }
}

/// The values of a table and of constants, for conditions compiled with a [`SignalScope`].
pub struct TableOperands<'a> {
    /// The table.
    pub table: &'a Table,
    /// The scope's constants.
    pub constants: &'a [Constant],
    /// Where the scope's groups stand in the table, sorted by the scope's; empty where the scope had the table's own
    /// layout.
    pub renamed: &'a [(GroupId, GroupId)],
}

impl TableOperands<'_> {
    fn group(&self, group: GroupId) -> GroupId {
        let found = self.renamed.binary_search_by_key(&group, |(scope, _)| *scope);
        found.map_or(group, |at| self.renamed[at].1)
    }

    fn value(&self, id: OperandId, row: usize) -> f64 {
        if id.0 & CONSTANT != 0 {
            return self.constants.get((id.0 & !CONSTANT) as usize).map_or(0.0, |c| c.value);
        }
        let element = unpack(id);
        self.table.value(ElementRef { group: self.group(element.group), index: element.index + row as u32 })
    }
}

impl Operands for TableOperands<'_> {
    fn number(&self, id: OperandId, row: usize) -> f64 {
        self.value(id, row)
    }
    fn state(&self, id: OperandId) -> usize {
        self.value(id, 0) as usize
    }
    fn boolean(&self, id: OperandId) -> bool {
        self.value(id, 0) != 0.0
    }
    fn valid(&self, id: OperandId) -> bool {
        id.0 & CONSTANT != 0 || self.table.header(self.group(unpack(id).group)).valid == 1
    }
}
