//! Formulas and paths in words. Two formulas that differ in meaning differ in words: every operator has a word of its own,
//! and parentheses stand where the words alone would bind in another way.

use super::catalogue::Catalogue;
use super::page::spelt;
use trocar_logic::{ArithmeticOp, CompareOp, Expr, ExprKind, Function, LogicOp, parse};

/// A formula in words, without a capital and without a full stop; as it stands where it cannot be read.
#[must_use]
pub(crate) fn formula(words: &Catalogue, text: &str) -> String {
    parse(text).map_or_else(|_| text.to_owned(), |expr| condition(words, &expr))
}

/// What a setting is set to: a quantity, or an expression.
pub(crate) fn setting(words: &Catalogue, text: &str) -> String {
    if trocar_signal::AnyQuantity::parse(text).is_ok() {
        return spelt(text);
    }
    parse(text).map_or_else(|_| text.to_owned(), |expr| value(words, &expr))
}

fn condition(words: &Catalogue, expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Compare(op, lhs, rhs) => {
            let key = match op {
                CompareOp::Less => "formula.less",
                CompareOp::LessEqual => "formula.less_equal",
                CompareOp::Greater => "formula.greater",
                CompareOp::GreaterEqual => "formula.greater_equal",
                CompareOp::Equal => "formula.equal",
                CompareOp::NotEqual => "formula.not_equal",
            };
            words.say(key, &[("left", &value(words, lhs)), ("right", &value(words, rhs))])
        }
        ExprKind::In(of, states) => {
            let names: Vec<String> = states.iter().map(|state| state.name.clone()).collect();
            words.say("formula.in", &[("left", &value(words, of)), ("list", &words.or_list(&names))])
        }
        ExprKind::Path(path) => flag(words, path, true),
        ExprKind::Not(inner) => match &inner.kind {
            ExprKind::Path(path) => flag(words, path, false),
            _ => words.say("formula.not", &[("what", &grouped(words, inner))]),
        },
        ExprKind::Logic(op, lhs, rhs) => {
            let key = match op {
                LogicOp::And => "formula.and",
                LogicOp::Or => "formula.or",
            };
            // `a and b and c` is read from the left; whatever else joins is put in parentheses.
            let left = match &lhs.kind {
                ExprKind::Logic(other, ..) if other == op => condition(words, lhs),
                _ => grouped(words, lhs),
            };
            words.say(key, &[("left", &left), ("right", &grouped(words, rhs))])
        }
        ExprKind::Call(Function::Rise, arguments) => {
            words.say("formula.rise", &[("what", &all(words, arguments, grouped))])
        }
        ExprKind::Call(Function::Fall, arguments) => {
            words.say("formula.fall", &[("what", &all(words, arguments, grouped))])
        }
        ExprKind::Number { .. } | ExprKind::Negate(_) | ExprKind::Arithmetic(..) | ExprKind::Call(..) => {
            value(words, expr)
        }
    }
}

/// A condition inside another, in parentheses where it joins several or negates.
fn grouped(words: &Catalogue, expr: &Expr) -> String {
    let said = condition(words, expr);
    match &expr.kind {
        ExprKind::Path(_) | ExprKind::Compare(..) | ExprKind::In(..) => said,
        ExprKind::Not(inner) if matches!(inner.kind, ExprKind::Path(_)) => said,
        _ => words.say("formula.group", &[("what", &said)]),
    }
}

fn all(words: &Catalogue, arguments: &[Expr], say: fn(&Catalogue, &Expr) -> String) -> String {
    let said: Vec<String> = arguments.iter().map(|one| say(words, one)).collect();
    words.list(&said)
}

fn value(words: &Catalogue, expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number { .. } => spelt(&expr.to_string()),
        ExprKind::Path(name) => path(words, name),
        ExprKind::Negate(inner) => words.say("formula.negate", &[("what", &part(words, inner))]),
        ExprKind::Arithmetic(op, lhs, rhs) => {
            let key = match op {
                ArithmeticOp::Add => "formula.plus",
                ArithmeticOp::Subtract => "formula.minus",
                ArithmeticOp::Multiply => "formula.times",
                ArithmeticOp::Divide => "formula.divided",
            };
            words.say(key, &[("left", &part(words, lhs)), ("right", &part(words, rhs))])
        }
        ExprKind::Call(function, arguments) => {
            let several = arguments.len() > 1;
            let list = || all(words, arguments, part);
            let what = || arguments.first().map(|one| part(words, one)).unwrap_or_default();
            match function {
                Function::Max if several => words.say("formula.max.several", &[("list", &list())]),
                Function::Min if several => words.say("formula.min.several", &[("list", &list())]),
                Function::Max => words.say("formula.max", &[("what", &what())]),
                Function::Min => words.say("formula.min", &[("what", &what())]),
                Function::Abs => words.say("formula.abs", &[("what", &what())]),
                Function::Sqrt => words.say("formula.sqrt", &[("what", &what())]),
                Function::Norm => words.say("formula.norm", &[("what", &what())]),
                Function::Distance => words.say("formula.distance", &[("list", &list())]),
                Function::Rise | Function::Fall => {
                    words.say("formula.group", &[("what", &condition(words, expr))])
                }
            }
        }
        ExprKind::Not(_) | ExprKind::Logic(..) | ExprKind::Compare(..) | ExprKind::In(..) => {
            words.say("formula.group", &[("what", &condition(words, expr))])
        }
    }
}

/// A value inside another: one that is more than a name or a number stands in parentheses.
fn part(words: &Catalogue, expr: &Expr) -> String {
    let said = value(words, expr);
    match &expr.kind {
        ExprKind::Number { .. } | ExprKind::Path(_) => said,
        _ => words.say("formula.group", &[("what", &said)]),
    }
}

fn flag(words: &Catalogue, path: &str, holds: bool) -> String {
    let not = if holds { "" } else { ".not" };
    if let Some((of, name)) = path.split_once('.') {
        let key = format!("flag.{name}{not}");
        if words.has(&key) && name != "plain" {
            return words.say(&key, &[("of", of)]);
        }
    }
    words.say(&format!("flag.plain{not}"), &[("path", path)])
}

/// What a path stands for, in words that hold every part of it; the path itself where there are none.
pub(crate) fn path(words: &Catalogue, path: &str) -> String {
    known(words, path).unwrap_or_else(|| words.say("path.plain", &[("path", path)]))
}

fn known(words: &Catalogue, path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split('.').collect();
    let js = |which: &str, of: &str, what: &str, joint: &str| {
        let key = format!("path.js.{which}.{what}");
        words.has(&key).then(|| words.say(&key, &[("of", of), ("joint", joint)]))
    };
    match parts.as_slice() {
        [of, "declared", name] => {
            let name = limit(words, name);
            Some(words.say("path.declared", &[("of", of), ("name", &name)]))
        }
        ["fault", fault, figure] => {
            let key = format!("path.fault.{figure}");
            words.has(&key).then(|| words.say(&key, &[("fault", fault)]))
        }
        [of, "measured_js", what, joint] => js("measured", of, what, joint),
        [of, "setpoint_js", what, joint] => js("setpoint", of, what, joint),
        [of, "truth", "js", what, joint] => js("true", of, what, joint),
        [of, "truth", "tip"] => Some(words.say("path.truth.tip", &[("of", of)])),
        [of, "handle"] => Some(words.say("path.handle", &[("of", of)])),
        [of, "truth", "handle"] => Some(words.say("path.truth.handle", &[("of", of)])),
        [of, "tool_tip"] => Some(words.say("path.tool_tip", &[("of", of)])),
        [of, "load"] => Some(words.say("path.load", &[("of", of)])),
        [of, "speed"] => Some(words.say("path.speed", &[("of", of)])),
        [of, "operating_state"] => Some(words.say("path.operating_state", &[("of", of)])),
        [of, "*", "friction", "coulomb"] => Some(words.say("path.coulomb", &[("of", of)])),
        [of, joint, "friction", "coulomb"] => {
            Some(words.say("path.coulomb.one", &[("of", of), ("joint", joint)]))
        }
        [of, actuator, "encoder", what] => {
            let key = format!("path.encoder.{what}");
            words.has(&key).then(|| words.say(&key, &[("of", of), ("actuator", actuator)]))
        }
        [.., "position", axis @ ("x" | "y" | "z")] => {
            let of = self::path(words, &parts[..parts.len() - 2].join("."));
            Some(words.say("path.axis", &[("of", &of), ("axis", axis)]))
        }
        _ => None,
    }
}

/// A command in words.
pub(crate) fn command(words: &Catalogue, path: &str) -> String {
    let Some((of, name)) = path.split_once('.') else { return path.to_owned() };
    let key = format!("path.command.{name}");
    if words.has(&key) { words.say(&key, &[("of", of)]) } else { path.to_owned() }
}

/// The name of a declared limit: in words where the catalogue has them.
pub(crate) fn limit(words: &Catalogue, name: &str) -> String {
    let key = format!("limit.name.{name}");
    if words.has(&key) && name != "plain" {
        words.say(&key, &[])
    } else {
        words.say("limit.name.plain", &[("name", name)])
    }
}

/// A frame in words.
pub(super) fn frame(words: &Catalogue, path: &str) -> String {
    match path.split_once('.') {
        Some((of, "remote_centre")) => words.say("frame.remote_centre", &[("of", of)]),
        Some((of, "base")) => words.say("frame.base", &[("of", of)]),
        _ => words.say("frame.plain", &[("path", path)]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::Language;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn formulas_are_sentences() {
        let [english, chinese] = Language::ALL.map(Language::catalogue);
        for (text, en, zh) in [
            (
                "max(RP) <= arm.declared.pose_repeatability",
                "the largest RP is at most the declared pose repeatability of arm",
                "RP的最大值不大于arm 声明的位姿重复性",
            ),
            (
                "arm.is_homed and not arm.is_busy",
                "arm is homed and arm is not busy",
                "arm 已回零且arm 不在运动",
            ),
            (
                "abs(arm.measured_js.velocity.pitch) >= 15 deg/s",
                "the absolute value of the measured velocity of the joint pitch of arm is at least 15 °/s",
                "arm 关节 pitch 的测量速度的绝对值不小于15 °/s",
            ),
        ] {
            assert_eq!(formula(english, text), en);
            assert_eq!(formula(chinese, text), zh);
        }
    }

    /// Every tree of two operators over a few leaves: distinct formulas, distinct sentences, in both languages.
    #[test]
    fn distinct_formulas_have_distinct_sentences() {
        let leaves = ["a.x", "b.y", "a.declared.x", "fault.f.reaction_time", "2", "3 mm"];
        let mut values: Vec<String> = leaves.iter().map(|leaf| (*leaf).to_owned()).collect();
        for op in ["+", "-", "*", "/"] {
            for (left, right) in [("a.x", "b.y"), ("b.y", "a.x"), ("a.x", "2")] {
                values.push(format!("({left} {op} {right})"));
                values.push(format!("(({left} {op} {right}) - 2)"));
                values.push(format!("(a.x - ({left} {op} {right}))"));
                values.push(format!("(-({left} {op} {right}))"));
                values.push(format!("((-{left}) {op} {right})"));
                values.push(format!("max({left} {op} {right})"));
                values.push(format!("(max({left}) {op} {right})"));
                values.push(format!("max({left}, {right}, 2 {op} b.y)"));
            }
        }
        let mut conditions: Vec<String> = vec!["a.is_homed".into(), "a.flag".into(), "not a.is_homed".into()];
        for op in ["<", "<=", ">", ">=", "==", "!="] {
            conditions.extend(values.iter().take(12).map(|value| format!("{value} {op} b.y")));
        }
        let mut all = conditions.clone();
        for (left, right) in
            conditions.iter().take(6).flat_map(|l| conditions.iter().take(6).map(move |r| (l, r)))
        {
            for third in conditions.iter().take(3) {
                for text in [
                    format!("{left} and {right}"),
                    format!("({left} and {right}) or {third}"),
                    format!("{left} and ({right} or {third})"),
                    format!("{left} or ({right} or {third})"),
                    format!("({left} or {right}) or {third}"),
                    format!("not ({left} and {right})"),
                    format!("not {left} and {right}"),
                    format!("rise({left} and {right})"),
                    format!("rise({left}) and {right}"),
                    format!("fall({left}) and {right}"),
                ] {
                    all.push(text);
                }
            }
        }
        all.extend(values.iter().map(|value| format!("{value} <= 1 m")));
        for language in Language::ALL {
            let words = language.catalogue();
            let mut said: BTreeMap<String, Expr> = BTreeMap::new();
            for text in &all {
                let Ok(expr) = parse(text) else { continue };
                let sentence = condition(words, &expr);
                if let Some(other) = said.get(&sentence) {
                    assert_eq!(*other, expr, "{text} and {other} are both: {sentence}");
                }
                said.insert(sentence, expr);
            }
            assert!(said.len() > 500, "{}", said.len());
        }
    }
}
