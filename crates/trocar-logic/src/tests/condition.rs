//! Evaluation with three truth values, edges, and the compiled form against the reference.

use super::reference::{Reference, conditions, values};
use super::{Values, bench};
use crate::{Condition, Truth, Truth::False, Truth::True, Truth::Unknown, render};
use proptest::prelude::*;

#[track_caller]
fn condition(text: &str) -> Condition {
    Condition::compile(text, &bench()).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

fn once(text: &str, values: &Values) -> Truth {
    condition(text).evaluate(values, &mut [0; 8])
}

fn flags(homed: Truth, busy: Truth) -> Values {
    let mut values = Values::zero();
    for (path, truth) in [("arm.is_homed", homed), ("arm.is_busy", busy)] {
        values = match truth {
            False => values.with(path, &[0.0]),
            True => values.with(path, &[1.0]),
            // What stands in an invalid value must not matter.
            Unknown => values.with(path, &[1.0]).without(path),
        };
    }
    values
}

#[test]
fn and_or_not_are_kleenes() {
    let order = [False, Unknown, True];
    // Rows: the left side; columns: the right side; both in the order above.
    let and = [[False, False, False], [False, Unknown, Unknown], [False, Unknown, True]];
    let or = [[False, Unknown, True], [Unknown, Unknown, True], [True, True, True]];
    for (i, left) in order.into_iter().enumerate() {
        for (j, right) in order.into_iter().enumerate() {
            let values = flags(left, right);
            assert_eq!(once("arm.is_homed and arm.is_busy", &values), and[i][j], "{left:?} and {right:?}");
            assert_eq!(once("arm.is_homed or arm.is_busy", &values), or[i][j], "{left:?} or {right:?}");
        }
        assert_eq!(once("not arm.is_homed", &flags(left, True)), order[2 - i]);
    }
}

#[test]
fn what_is_not_valid_or_not_finite_is_unknown() {
    let values = Values::zero().with("a", &[1.0]).with("b", &[2.0]).without("c");
    assert_eq!(once("a < b", &values), True);
    assert_eq!(once("c < b", &values), Unknown);
    assert_eq!(once("max(a, c) < b", &values), Unknown);
    assert_eq!(once("a / (b - 2 m) > 0", &values), Unknown, "a division by zero");
    assert_eq!(once("sqrt(-a * b) < b", &values), Unknown, "the root of a negative number");
    assert_eq!(once("a / (b - 2 m) > 0 or a < b", &values), True);
    assert_eq!(
        once("psm1.operating_state == FAULT", &values.clone().without("psm1.operating_state")),
        Unknown
    );
}

#[test]
fn states_and_units_compare() {
    let values = Values::zero().with("psm1.operating_state", &[3.0]).with("a", &[0.002]);
    assert_eq!(once("psm1.operating_state in {PAUSED, FAULT}", &values), True);
    assert_eq!(once("psm1.operating_state == ENABLED", &values), False);
    assert_eq!(once("psm1.operating_state != ENABLED", &values), True);
    assert_eq!(once("psm1.operating_state == psm2.operating_state", &values), False);
    assert_eq!(once("psm1.operating_state != psm2.operating_state", &values), True);
    assert_eq!(once("a == 2 mm and a < 0.3 cm and a * 3 >= 6 mm", &values), True);
    let values = values.with("RP", &[0.1, 0.5, 0.3, 0.2, 0.4]).with("tool.tip", &[2.0, -3.0, 6.0]);
    assert_eq!(once("max(RP) == 0.5 m and min(RP) == 0.1 m and max(-RP) == -0.1 m", &values), True);
    assert_eq!(once("max(RP - min(RP)) == 0.4 m", &values), True);
    assert_eq!(once("norm(tool.tip) == 7 m and norm(-2 * tool.tip) == 14 m", &values), True);
    assert_eq!(once("distance(tool.tip, other.tip) == 7 m", &values), True);
}

/// The truth of a condition over a history of the flag `arm.is_homed`.
fn history(text: &str, of: &[Truth]) -> Vec<Truth> {
    let condition = condition(text);
    let mut state = vec![0; condition.state_words()];
    of.iter().map(|homed| condition.evaluate(&flags(*homed, False), &mut state)).collect()
}

#[test]
fn edges_fire_once_between_known_values() {
    let of = [True, False, False, True, True, Unknown, False, Unknown, True, False];
    let rise = [False, False, False, True, False, Unknown, False, Unknown, True, False];
    let fall = [False, True, False, False, False, Unknown, True, Unknown, False, True];
    assert_eq!(history("rise(arm.is_homed)", &of), rise);
    assert_eq!(history("fall(arm.is_homed)", &of), fall);
    assert_eq!(history("rise(not arm.is_homed)", &of), fall);
    let both = history("rise(arm.is_homed) or fall(arm.is_homed)", &of);
    let changed = [False, True, False, True, False, Unknown, True, Unknown, True, True];
    assert_eq!(both, changed);
    assert_eq!(condition("rise(arm.is_homed) or fall(arm.is_homed)").state_words(), 2);
}

#[test]
fn what_decides_alone_does_not_hide_an_edge() {
    // The left side is false throughout; the edge on the right must be seen when it happens, not later.
    let condition = condition("arm.is_busy or not rise(arm.is_homed)");
    let mut state = [0];
    for (homed, busy, expected) in [(False, True, True), (True, True, True), (True, False, True)] {
        assert_eq!(condition.evaluate(&flags(homed, busy), &mut state), expected);
    }
}

#[test]
fn a_missing_word_makes_an_edge_unknown() {
    assert_eq!(condition("rise(arm.is_homed)").evaluate(&flags(True, True), &mut []), Unknown);
}

#[test]
fn operands_are_listed_in_the_order_of_the_text() {
    let text = "FAULT == psm1.operating_state or max(b, a) < distance(tool.tip, other.tip) and arm.is_homed";
    let condition = condition(text);
    let paths: Vec<&str> = condition.operands().iter().map(|operand| operand.path.as_str()).collect();
    assert_eq!(paths, ["psm1.operating_state", "b", "a", "tool.tip", "other.tip", "arm.is_homed"]);
    assert!(condition.operands().iter().all(|operand| text[operand.span.clone()] == operand.path));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// The compiled form gives what a plain walk over the syntax tree gives, along a history.
    #[test]
    fn compiled_and_recursive_evaluation_agree(expr in conditions(), history in prop::collection::vec(values(), 1..5)) {
        let bench = bench();
        let text = render(&expr);
        let condition = Condition::compile(&text, &bench)
            .map_err(|errors| TestCaseError::fail(format!("{text}: {errors:?}")))?;
        let mut state = vec![0; condition.state_words()];
        let mut reference = Reference::new(&bench);
        for values in &history {
            prop_assert_eq!(condition.evaluate(values, &mut state), reference.truth(&expr, values), "{}", text);
        }
    }
}
