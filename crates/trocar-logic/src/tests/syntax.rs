//! Lexer, parser, canonical text and sentences.

use super::{bench, ranges_fit};
use crate::{
    ArithmeticOp, CompareOp, Condition, Expr, ExprKind, Function, LogicOp, MAX_LENGTH_BYTES, RESERVED_WORDS,
    Requirement, StateName, describe, parse, render,
};
use proptest::prelude::*;

/// A tree with every grouping shown.
fn grouped(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Number { .. } | ExprKind::Path(_) => render(expr),
        ExprKind::Negate(a) => format!("[-{}]", grouped(a)),
        ExprKind::Not(a) => format!("[not {}]", grouped(a)),
        ExprKind::Arithmetic(op, a, b) => {
            let symbol = match op {
                ArithmeticOp::Add => "+",
                ArithmeticOp::Subtract => "-",
                ArithmeticOp::Multiply => "*",
                ArithmeticOp::Divide => "/",
            };
            format!("[{}{symbol}{}]", grouped(a), grouped(b))
        }
        ExprKind::Logic(LogicOp::And, a, b) => format!("[{} and {}]", grouped(a), grouped(b)),
        ExprKind::Logic(LogicOp::Or, a, b) => format!("[{} or {}]", grouped(a), grouped(b)),
        ExprKind::Compare(op, a, b) => format!("[{}{}{}]", grouped(a), op.symbol(), grouped(b)),
        ExprKind::In(a, names) => {
            let names: Vec<&str> = names.iter().map(|one| one.name.as_str()).collect();
            format!("[{} in {}]", grouped(a), names.join("|"))
        }
        ExprKind::Call(function, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(grouped).collect();
            format!("{}({})", function.name(), arguments.join(","))
        }
    }
}

#[test]
fn forms_bind_as_the_table_says() {
    for (text, expected) in [
        ("a or b and c", "[a or [b and c]]"),
        ("a and b or c", "[[a and b] or c]"),
        ("not a and b", "[[not a] and b]"),
        ("not a < b", "[not [a<b]]"),
        ("a and not b or c", "[[a and [not b]] or c]"),
        ("not not a", "[not [not a]]"),
        ("a < b and b >= c", "[[a<b] and [b>=c]]"),
        ("a + b < c - d", "[[a+b]<[c-d]]"),
        ("a - b - c", "[[a-b]-c]"),
        ("a - (b - c)", "[a-[b-c]]"),
        ("a + b * c / d", "[a+[[b*c]/d]]"),
        ("-a * b", "[[-a]*b]"),
        ("-(a * b)", "[-[a*b]]"),
        ("a - -b", "[a-[-b]]"),
        ("--a", "[-[-a]]"),
        ("a in {P, Q} and b", "[[a in P|Q] and b]"),
        ("(a or b) and c", "[[a or b] and c]"),
        ("max(a, b + c) <= 2 mm", "[max(a,[b+c])<=2 mm]"),
        ("x − y", "[x-y]"),
    ] {
        let expr = parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        assert_eq!(grouped(&expr), expected, "{text}");
    }
}

#[test]
fn numbers_take_the_unit_that_follows_them_and_no_more() {
    for (text, expected) in [
        ("250 ms", "250 ms"),
        ("66 %", "66 %"),
        ("66%", "66 %"),
        ("2.50mm", "2.5 mm"),
        ("12 deg/s", "12 deg/s"),
        ("12 deg / s", "[12 deg/s]"),
        ("9.81 m/s²", "9.81 m/s^2"),
        ("3 N·m/rad", "3 N m/rad"),
        ("3 N m s/rad", "3 N m s/rad"),
        ("1e-3 kg m^2", "0.001 kg m^2"),
        ("1e300", "1e300"),
        ("2 mm*a", "[2 mm*a]"),
        ("2 mm/a", "[2 mm/a]"),
        ("5 min and a", "[5 min and a]"),
        ("5 or a", "[5 or a]"),
        ("2/s", "[2/s]"),
        ("2 m/s/s", "[2 m/s/s]"),
        ("30 °", "30 °"),
    ] {
        let expr = parse(text).unwrap_or_else(|errors| panic!("{text}: {errors:?}"));
        assert_eq!(grouped(&expr), expected, "{text}");
    }
}

#[test]
fn spans_cover_what_they_speak_of() {
    let text = "max(RP) <= (a + 2 mm)";
    let ExprKind::Compare(_, lhs, rhs) = parse(text).unwrap().kind else { panic!("not a comparison") };
    assert_eq!((&text[lhs.span], &text[rhs.span]), ("max(RP)", "(a + 2 mm)"));
}

#[track_caller]
fn first_error(text: &str) -> (String, String, String) {
    let errors = parse(text).unwrap_err();
    assert!(ranges_fit(text, &errors), "{text}: {errors:?}");
    let (range, label) = errors[0].labels[0].clone();
    (errors[0].title.clone(), text[range].to_owned(), label)
}

#[test]
fn mistakes_say_what_was_expected() {
    for (text, title, at, label) in [
        ("", "the formula is empty", "", "expected a value"),
        ("a +", "the formula ends too early", "", "expected a value"),
        ("a b", "`b` cannot stand here", "b", "expected an operator"),
        ("(a", "the formula ends too early", "", "or `)`"),
        ("a)", "a `)` without its `(`", ")", ""),
        ("a < b < c", "comparisons cannot be chained", "<", "second"),
        ("a + not b", "`not` cannot stand here", "not", "expected a value"),
        ("a in FAULT", "`FAULT` cannot stand here", "FAULT", "expected `{`"),
        ("a in {}", "`}` cannot stand here", "}", "name of a state"),
        ("a in {P Q}", "`Q` cannot stand here", "Q", "expected `,` or `}`"),
        ("a = b", "`=` is written `==` here", "=", "write `==`"),
        ("a =< b", "`=<` is written `<=` here", "=<", "write `<=`"),
        ("a ≤ b", "`≤` is written `<=` here", "≤", "write `<=`"),
        ("a && b", "`&&` is written `and` here", "&&", "write `and`"),
        ("a # b", "`#` has no meaning in a formula", "#", ""),
        ("mex(a)", "there is no function `mex`", "mex", "did you mean `max`?"),
        ("arm.max(a)", "there is no function `arm.max`", "arm.max", ""),
        ("2 mn", "`mn` is not a unit", "mn", "did you mean"),
        ("2 mm^9", "`mm^9` is not a unit", "mm^9", ""),
        ("2 apples", "`apples` is not a unit", "apples", ""),
        ("1e999 mm", "this number is too large", "1e999 mm", ""),
        ("arm. x", "a name is missing after the `.`", ".", ""),
        ("exo.cuffs.*.stiffness > 0", "a name is missing after the `.`", ".", ""),
    ] {
        let (got_title, got_at, got_label) = first_error(text);
        assert_eq!((got_title.as_str(), got_at.as_str()), (title, at), "{text}");
        assert!(got_label.contains(label), "{text}: {got_label}");
    }
}

#[test]
fn words_that_are_not_available_yet_are_all_named() {
    let text = "during walk: always a <= eventually[0 s, 1 s] b";
    let titles: Vec<String> = parse(text).unwrap_err().into_iter().map(|error| error.title).collect();
    let expected = ["during", "always", "eventually"].map(|word| format!("`{word}` is not available yet"));
    assert_eq!(titles, expected);
    for word in RESERVED_WORDS {
        assert!(parse(word).is_err(), "{word}");
    }
    assert!(parse("phase.after").is_ok(), "only a whole name is reserved");
}

#[test]
fn depth_and_length_have_limits() {
    let nested = |open: &str, n: usize| format!("{}a{}", open.repeat(n), ")".repeat(n));
    assert!(parse(&nested("(", 150)).is_ok());
    assert!(parse(&format!("{}a", "a + ".repeat(150))).is_ok());
    let half = MAX_LENGTH_BYTES / 2 - 1;
    for deep in [
        nested("(", half),
        nested("max(", half / 4),
        "(".repeat(half),
        "not ".repeat(half / 4) + "a",
        "-".repeat(half) + "a",
        "a + ".repeat(half / 4) + "a",
        "a and ".repeat(half / 6) + "a",
    ] {
        let errors = parse(&deep).unwrap_err();
        assert!(errors[0].title.contains("levels deep"), "{}", errors[0].title);
    }
    let errors = parse(&nested("(", 100_000)).unwrap_err();
    assert!(errors[0].title.contains("bytes"), "{}", errors[0].title);
}

#[test]
fn sentences_say_the_same_to_a_committee() {
    for (text, sentence) in [
        (
            "max(RP) <= arm.declared.pose_repeatability",
            "the largest RP is at most arm.declared.pose_repeatability",
        ),
        ("arm.is_homed and not arm.is_busy", "arm.is_homed is true and arm.is_busy is false"),
        ("(a or b) and c > 2 mm", "(a is true or b is true) and c is greater than 2 mm"),
        ("x.state in {PAUSED, FAULT, DISABLED}", "x.state is PAUSED, FAULT or DISABLED"),
        ("x.state != FAULT", "x.state is not FAULT"),
        ("rise(gait.percent >= 66 %)", "it becomes true that gait.percent is at least 66 %"),
        ("not (a or b)", "it is not true that (a is true or b is true)"),
        ("distance(p, q) < a + 2 * b", "the distance between p and q is less than a plus 2 times b"),
        ("max(RP - c) <= min(a, b)", "the largest (RP minus c) is at most the smallest of a and b"),
        ("a - (b - c) < 0 m", "a minus (b minus c) is less than 0 m"),
    ] {
        assert_eq!(describe(&parse(text).unwrap()), sentence, "{text}");
    }
}

/// Any tree that the grammar can say, whether it makes sense or not.
fn trees() -> impl Strategy<Value = Expr> {
    let unit = prop::sample::select(vec![
        None,
        Some("mm"),
        Some("N m/rad"),
        Some("deg/s^2"),
        Some("%"),
        Some("kg m^2"),
        Some("µm"),
        Some("h"),
    ]);
    let number = (prop_oneof![0.0f64..1e300, 0.0f64..10.0, 0.0f64..1e-9], unit)
        .prop_map(|(value, unit)| ExprKind::Number { value, unit: unit.map(str::to_owned) }.into());
    // Names of units and functions are names too.
    let names = ["a", "arm.is_homed", "s", "m", "max", "min", "rad", "e5", "_x.1", "A"];
    let path = prop::sample::select(names.to_vec()).prop_map(super::reference::path);
    prop_oneof![number, path].boxed().prop_recursive(6, 40, 3, |inner| {
        let two = (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        let arithmetic = prop::sample::select(vec![
            ArithmeticOp::Add,
            ArithmeticOp::Subtract,
            ArithmeticOp::Multiply,
            ArithmeticOp::Divide,
        ]);
        let compare = prop::sample::select(vec![
            CompareOp::Less,
            CompareOp::GreaterEqual,
            CompareOp::Equal,
            CompareOp::NotEqual,
        ]);
        let logic = prop::sample::select(vec![LogicOp::And, LogicOp::Or]);
        let states = prop::collection::vec(prop::sample::select(vec!["FAULT", "mm", "x_1"]), 1..4);
        let function = prop::sample::select(Function::ALL.to_vec());
        prop_oneof![
            (arithmetic, two.clone()).prop_map(|(op, (a, b))| ExprKind::Arithmetic(op, a, b)),
            (compare, two.clone()).prop_map(|(op, (a, b))| ExprKind::Compare(op, a, b)),
            (logic, two).prop_map(|(op, (a, b))| ExprKind::Logic(op, a, b)),
            inner.clone().prop_map(|a| ExprKind::Negate(Box::new(a))),
            inner.clone().prop_map(|a| ExprKind::Not(Box::new(a))),
            (inner.clone(), states).prop_map(|(a, names)| {
                let name = |name: &str| StateName { name: name.to_owned(), span: 0..0 };
                ExprKind::In(Box::new(a), names.into_iter().map(name).collect())
            }),
            (function, prop::collection::vec(inner, 0..3)).prop_map(|(f, list)| ExprKind::Call(f, list)),
        ]
        .prop_map(Expr::from)
    })
}

/// Pieces of formulas in any order.
fn soup() -> impl Strategy<Value = String> {
    let words = [
        "a",
        "RP",
        "arm.is_homed",
        "psm1.operating_state",
        "tool.tip",
        "ENABLED",
        "and",
        "or",
        "not",
        "in",
        "{",
        "}",
        "(",
        ")",
        ",",
        "+",
        "-",
        "*",
        "/",
        "<=",
        "==",
        "max(",
        "norm(",
        "rise(",
        "2 mm",
        "3",
        "66 %",
        "N/",
        "·",
        "²",
        "always",
        ".",
        "1e",
        "µ",
        "°",
        "true",
        "abs(",
        "sqrt(",
        "distance(",
        "nothing.here",
        "tool.tip.x",
    ];
    prop::collection::vec(prop::sample::select(words.to_vec()), 0..24).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// No text makes anything panic; what is refused is refused with a place inside the text.
    #[test]
    fn any_text_gets_an_answer(text in prop_oneof!["\\PC{0,60}", soup()]) {
        if let Err(errors) = parse(&text) {
            prop_assert!(ranges_fit(&text, &errors), "{errors:?}");
        }
        if let Err(errors) = Condition::compile(&text, &bench()) {
            prop_assert!(ranges_fit(&text, &errors), "{errors:?}");
        }
        if let Err(errors) = Requirement::compile(&text, &bench()) {
            prop_assert!(ranges_fit(&text, &errors), "{errors:?}");
        }
    }

    /// Canonical text reads back to the same tree, and is its own canonical text.
    #[test]
    fn rendering_and_parsing_is_the_identity(expr in trees()) {
        let text = render(&expr);
        let back = parse(&text).map_err(|errors| TestCaseError::fail(format!("{text}: {errors:?}")))?;
        prop_assert_eq!(&back, &expr, "{}", text);
        prop_assert_eq!(render(&back), text);
        prop_assert!(!describe(&expr).is_empty());
    }
}
