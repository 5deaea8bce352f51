//! Two trees against each other, by what they mean.

use super::{Difference, path_of, words};
use crate::explain::Language;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;
use trocar_logic::{Expr, ExprKind, parse};
use trocar_signal::AnyQuantity;

/// Two numbers that differ by less, relative to the greater, were written the same: changing a unit rounds.
const SAME_NUMBER: f64 = 1e-12;

/// One step down a file.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// A key.
    Key(String),
    /// A thing that has a name: an item of a list, or an entry of a table of such things.
    Item(String),
}

/// What both files say, as they say it.
pub(super) struct Sides<'a> {
    pub language: Language,
    pub first: &'a Json,
    pub second: &'a Json,
}

/// Tables whose keys are names that the file gives.
const NAMED: [&str; 16] = [
    "roles",
    "handles",
    "teleoperations",
    "setup",
    "instruments",
    "variation",
    "vary",
    "measures",
    "robots",
    "points",
    "channels",
    "follows",
    "declared",
    "sources",
    "start",
    "controllers",
];

/// Lists in which only what is there counts, not the order.
const SETS: [&str; 2] = ["signals", "references"];

/// Keys that say nothing of what the file means: of two methods, what is merged into them counts, not from where.
const PASSED_OVER: [&str; 2] = ["format", "include"];

pub(super) fn compare(
    sides: &Sides<'_>,
    steps: &mut Vec<Step>,
    a: &Json,
    b: &Json,
    found: &mut Vec<Difference>,
) {
    if is_nothing(a) && is_nothing(b) {
        return;
    }
    if let (Some(first), Some(second)) = (sourced(a), sourced(b))
        && (a.is_object() || b.is_object())
    {
        let same = same_value(first.0, second.0) && first.1 == second.1;
        if !same {
            push(sides, steps, a, b, found);
        }
        return;
    }
    match (a, b) {
        (Json::Object(first), Json::Object(second)) => tables(sides, steps, first, second, found),
        (Json::Object(table), other) | (other, Json::Object(table)) if is_nothing(other) => {
            let is_first = std::ptr::eq(a, other);
            let empty = Map::new();
            // Of a thing that only one has, the whole is said, not each of its keys.
            if matches!(steps.last(), Some(Step::Item(_))) || steps.len() > 1 {
                push(sides, steps, a, b, found);
            } else if is_first {
                tables(sides, steps, &empty, table, found);
            } else {
                tables(sides, steps, table, &empty, found);
            }
        }
        (Json::Array(first), Json::Array(second)) => lists(sides, steps, a, b, (first, second), found),
        (Json::Array(items), other) | (other, Json::Array(items))
            if is_nothing(other) && names(items).is_some() =>
        {
            let empty = Vec::new();
            if std::ptr::eq(a, other) {
                lists(sides, steps, a, b, (&empty, items), found);
            } else {
                lists(sides, steps, a, b, (items, &empty), found);
            }
        }
        _ if same_value(a, b) => {}
        _ => push(sides, steps, a, b, found),
    }
}

fn tables(
    sides: &Sides<'_>,
    steps: &mut Vec<Step>,
    first: &Map<String, Json>,
    second: &Map<String, Json>,
    found: &mut Vec<Difference>,
) {
    let named = matches!(steps.last(), Some(Step::Key(key)) if NAMED.contains(&key.as_str()));
    let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
    for key in keys {
        if steps.is_empty() && PASSED_OVER.contains(&key.as_str()) {
            continue;
        }
        let none = Json::Null;
        let (a, b) = (first.get(key).unwrap_or(&none), second.get(key).unwrap_or(&none));
        steps.push(if named { Step::Item(key.clone()) } else { Step::Key(key.clone()) });
        compare(sides, steps, a, b, found);
        steps.pop();
    }
}

fn lists(
    sides: &Sides<'_>,
    steps: &mut Vec<Step>,
    a: &Json,
    b: &Json,
    (first, second): (&[Json], &[Json]),
    found: &mut Vec<Difference>,
) {
    let empty_or = |items: &[Json]| if items.is_empty() { Some(Vec::new()) } else { names(items) };
    if let (Some(in_first), Some(in_second)) = (empty_or(first), empty_or(second)) {
        let only_second = in_second.iter().filter(|name| !in_first.contains(name));
        for name in in_first.iter().chain(only_second) {
            let of = |names: &[String], items: &[Json]| {
                let at = names.iter().position(|known| known == name)?;
                items.get(at).cloned()
            };
            let [a, b] = [of(&in_first, first), of(&in_second, second)].map(Option::unwrap_or_default);
            steps.push(Step::Item(name.clone()));
            compare(sides, steps, &a, &b, found);
            steps.pop();
        }
        let common = |names: &[String], other: &[String]| -> Vec<String> {
            names.iter().filter(|name| other.contains(name)).cloned().collect()
        };
        let (in_first, in_second) = (common(&in_first, &in_second), common(&in_second, &in_first));
        let matters = matches!(steps.last(), Some(Step::Key(key)) if key == "phases" || key == "coordinates");
        if matters && in_first != in_second {
            found.push(words::order(sides.language, steps, &in_first, &in_second));
        }
        return;
    }
    let is_set = matches!(steps.last(), Some(Step::Key(key)) if SETS.contains(&key.as_str()));
    let same = if is_set {
        let all = |items: &[Json]| items.iter().map(Json::to_string).collect::<BTreeSet<String>>();
        all(first) == all(second)
    } else {
        first.len() == second.len() && first.iter().zip(second).all(|(a, b)| same_tree(a, b))
    };
    if !same {
        push(sides, steps, a, b, found);
    }
}

fn push(sides: &Sides<'_>, steps: &[Step], a: &Json, b: &Json, found: &mut Vec<Difference>) {
    let shown = |written: &Json, value: &Json| {
        (!is_nothing(value)).then(|| {
            let said = at(written, steps).unwrap_or(value);
            words::value(sides.language, steps, said)
        })
    };
    let number = |json: &Json| sourced(json).and_then(|(value, _)| quantity(value));
    let change = match (number(a), number(b)) {
        // A seed is a number of no size.
        _ if steps == [Step::Key("seed".to_owned())] => None,
        (Some((first, of)), Some((second, also))) if of == also && first != 0.0 => {
            Some((second - first) / first.abs())
        }
        _ => None,
    };
    found.push(Difference {
        group: words::group(sides.language, steps),
        what: words::what(sides.language, steps),
        path: path_of(steps),
        first: shown(sides.first, a),
        second: shown(sides.second, b),
        change,
    });
}

/// What a file says at a place; `None` where it leaves it to a default.
fn at<'j>(written: &'j Json, steps: &[Step]) -> Option<&'j Json> {
    steps.iter().try_fold(written, |json, step| match (step, json) {
        (Step::Item(name), Json::Array(items)) => {
            let place = names(items)?.iter().position(|known| known == name)?;
            items.get(place)
        }
        (Step::Key(key) | Step::Item(key), json) => json.get(key),
    })
}

/// The names of a list of things that have one each.
fn names(items: &[Json]) -> Option<Vec<String>> {
    let name = |item: &Json| {
        ["name", "id", "frame", "coordinate", "joint"]
            .iter()
            .find_map(|key| item.get(key)?.as_str().map(str::to_owned))
    };
    let found: Vec<String> = items.iter().map(name).collect::<Option<_>>()?;
    let distinct: BTreeSet<&String> = found.iter().collect();
    (!found.is_empty() && distinct.len() == found.len()).then_some(found)
}

fn is_nothing(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(table) => table.is_empty(),
        Json::String(text) => text.is_empty(),
        _ => false,
    }
}

/// A value with its standing: bare, or as `{ value, source, standing }`.
fn sourced(json: &Json) -> Option<(&Json, Option<&Json>)> {
    match json {
        Json::Object(table) => {
            let known = ["value", "source", "standing"];
            let is_one = table.keys().all(|key| known.contains(&key.as_str()));
            table.get("value").filter(|_| is_one).map(|value| (value, table.get("standing")))
        }
        Json::String(_) | Json::Number(_) => Some((json, None)),
        _ => None,
    }
}

fn quantity(json: &Json) -> Option<(f64, trocar_signal::Dimension)> {
    match json {
        Json::String(text) => AnyQuantity::parse(text).ok().map(|quantity| (quantity.si, quantity.dimension)),
        Json::Number(number) => Some((number.as_f64()?, trocar_signal::Dimension::NUMBER)),
        _ => None,
    }
}

fn same_tree(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(first), Json::Array(second)) => {
            first.len() == second.len() && first.iter().zip(second).all(|(a, b)| same_tree(a, b))
        }
        (Json::Object(first), Json::Object(second)) => {
            let keys: BTreeSet<&String> = first.keys().chain(second.keys()).collect();
            let none = Json::Null;
            keys.into_iter()
                .all(|key| same_tree(first.get(key).unwrap_or(&none), second.get(key).unwrap_or(&none)))
        }
        _ => (is_nothing(a) && is_nothing(b)) || same_value(a, b),
    }
}

/// Whether two single values mean the same: quantities by number and dimension, formulas by what they say.
fn same_value(a: &Json, b: &Json) -> bool {
    if a == b {
        return true;
    }
    if let (Some((first, of)), Some((second, also))) = (quantity(a), quantity(b)) {
        return of == also && same_number(first, second);
    }
    match (a, b) {
        (Json::String(first), Json::String(second)) => {
            first.trim() == second.trim()
                || matches!((formula(first), formula(second)), (Some(a), Some(b)) if a == b)
        }
        (Json::Array(_), Json::Array(_)) | (Json::Object(_), Json::Object(_)) => same_tree(a, b),
        _ => false,
    }
}

fn same_number(first: f64, second: f64) -> bool {
    (first - second).abs() <= SAME_NUMBER * trocar_math::max(first.abs(), second.abs())
}

/// A formula in one form for all texts that say the same: spaces, parentheses that are not needed and units apart.
fn formula(text: &str) -> Option<String> {
    let mut expr = parse(text).ok()?;
    in_si(&mut expr);
    Some(trocar_logic::render(&expr))
}

fn in_si(expr: &mut Expr) {
    match &mut expr.kind {
        ExprKind::Number { value, unit } => {
            let text = format!("{value} {}", unit.as_deref().unwrap_or(""));
            if unit.is_some()
                && let Ok(quantity) = AnyQuantity::parse(&text)
            {
                // Eleven digits behind the first: a change of unit rounds in the sixteenth.
                *value = format!("{:.11e}", quantity.si).parse().unwrap_or(quantity.si);
                *unit = Some(quantity.dimension.si_unit());
            }
        }
        ExprKind::Negate(one) | ExprKind::Not(one) | ExprKind::In(one, _) => in_si(one),
        ExprKind::Arithmetic(_, left, right)
        | ExprKind::Logic(_, left, right)
        | ExprKind::Compare(_, left, right) => {
            in_si(left);
            in_si(right);
        }
        ExprKind::Call(_, arguments) => arguments.iter_mut().for_each(in_si),
        ExprKind::Path(_) => {}
    }
}
