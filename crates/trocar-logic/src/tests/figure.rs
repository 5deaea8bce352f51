//! Propagation of uncertainty against closed forms, finite differences and random draws.

use super::reference::{Reference, lengths, orders, values};
use super::{Uncertain, Values, bench};
use crate::{CompareOp, Comparison, Expr, ExprKind, FigureError, Requirement, render};
use proptest::prelude::*;
use trocar_signal::Dimension;

#[track_caller]
fn requirement(text: &str) -> Requirement {
    Requirement::compile(text, &bench()).unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
}

#[track_caller]
fn compare(text: &str, figures: &Uncertain) -> Comparison {
    requirement(text).evaluate(figures).remove(0).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn figures() -> Uncertain {
    Uncertain::exact(Values::zero())
        .with("a", &[(2.0, 0.3)])
        .with("b", &[(5.0, 0.4)])
        .with("exo.gait.percent", &[(4.0, 0.2)])
        .with("RP", &[(0.02, 0.004), (0.032, 0.006), (0.01, 0.02), (0.032, 0.009), (0.0, 0.0)])
        .with("arm.declared.pose_repeatability", &[(0.1, 0.0)])
        .with("tool.tip", &[(2.0, 0.1), (-3.0, 0.2), (6.0, 0.3)])
        .with("other.tip", &[(0.0, 0.0), (0.0, 0.0), (0.0, 0.2)])
}

/// Value and U of the left side.
fn left(text: &str) -> (f64, f64) {
    let figure = compare(&format!("{text} < 1 km"), &figures()).lhs.figure;
    (figure.value, figure.expanded_u)
}

#[track_caller]
fn assert_near(got: f64, expected: f64) {
    // A handful of roundings.
    assert!((got - expected).abs() <= 1e-14 * (1.0 + expected.abs()), "{got} is not {expected}");
}

#[test]
fn propagation_has_its_closed_forms() {
    let root = |x: f64| x.sqrt();
    for (text, value, u) in [
        ("a + b", 7.0, 0.5),
        ("b - a", 3.0, 0.5),
        ("3 * a", 6.0, 0.9),
        ("-a", -2.0, 0.3),
        ("a / 4", 0.5, 0.075),
        // Relative: U/y = √((0.3/2)² + (0.2/4)²).
        ("a * exo.gait.percent", 8.0, 8.0 * root(0.15 * 0.15 + 0.05 * 0.05)),
        ("a / exo.gait.percent", 0.5, 0.5 * root(0.15 * 0.15 + 0.05 * 0.05)),
        ("abs(a - b)", 3.0, 0.5),
        // d√(ab) = ½√(ab)·√((0.3/2)² + (0.4/5)²)
        ("sqrt(a * b)", root(10.0), 0.5 * root(10.0) * root(0.15 * 0.15 + 0.08 * 0.08)),
        ("max(a, b)", 5.0, 0.4),
        ("min(a, b)", 2.0, 0.3),
        ("max(RP)", 0.032, 0.006),
        ("min(RP)", 0.0, 0.0),
        // Along the unit vector (2, −3, 6)/7.
        ("norm(tool.tip)", 7.0, root(0.2 * 0.2 + 0.6 * 0.6 + 1.8 * 1.8) / 7.0),
        ("distance(tool.tip, other.tip)", 7.0, root(0.2 * 0.2 + 0.6 * 0.6 + 1.8 * 1.8 + 1.2 * 1.2) / 7.0),
        // What stands twice counts once.
        ("a - a", 0.0, 0.0),
        ("a + a", 4.0, 0.6),
        ("sqrt(a * a)", 2.0, 0.3),
        ("(a + b) - b", 2.0, 0.3),
        ("abs(a - a)", 0.0, 0.0),
    ] {
        let (got_value, got_u) = left(text);
        assert_near(got_value, value);
        assert_near(got_u, u);
    }
}

#[test]
fn the_length_of_a_zero_vector_has_the_largest_u_of_an_axis() {
    let figures = Uncertain::exact(Values::zero()).with("tool.tip", &[(0.0, 0.1), (0.0, 0.3), (0.0, 0.2)]);
    let figure = compare("norm(tool.tip) < 1 m", &figures).lhs.figure;
    assert_eq!((figure.value, figure.expanded_u), (0.0, 0.3));
    let figures = Uncertain::exact(Values::zero());
    assert_eq!(compare("norm(tool.tip) < 1 m", &figures).lhs.figure.expanded_u, 0.0);
}

#[test]
fn a_comparison_says_all_that_a_verdict_needs() {
    let text = "max(RP) <= arm.declared.pose_repeatability";
    let comparison = compare(text, &figures());
    assert_eq!((comparison.op, comparison.dimension), (CompareOp::LessEqual, Dimension::LENGTH));
    assert_near(comparison.margin, 0.068);
    assert_near(comparison.margin_expanded_u, 0.006);
    assert!(comparison.holds());
    let deciding = comparison.lhs.deciding().unwrap();
    assert_eq!((deciding.operand, deciding.row), (bench().id("RP"), 1), "the first of equal rows");
    assert_eq!(comparison.lhs.contributions.len(), 1);
    assert_eq!(comparison.lhs.operands, [bench().id("RP")]);
    assert_eq!(comparison.rhs.operands, [bench().id("arm.declared.pose_repeatability")]);
    assert_eq!(&text[comparison.lhs.span.clone()], "max(RP)");
    assert_eq!(&text[comparison.span.clone()], text);
    assert!(comparison.margin_expanded_u > 0.0 && comparison.rhs.figure.expanded_u == 0.0);
}

#[test]
fn margins_are_positive_where_a_comparison_holds() {
    for (text, margin) in
        [("a < 3 m", 1.0), ("a <= 1 m", -1.0), ("b > 4 m", 1.0), ("b >= 7 m", -2.0), ("a < 2 m", 0.0)]
    {
        let comparison = compare(text, &figures());
        assert_eq!(comparison.margin, margin, "{text}");
        assert!(comparison.margin.is_sign_positive() || margin < 0.0, "no −0: {text}");
        assert_eq!(comparison.holds(), margin > 0.0, "{text}");
    }
    assert!(compare("a <= 2 m", &figures()).holds(), "on the limit");
}

#[test]
fn the_limit_can_be_put_on_the_right() {
    let limit = bench().id("arm.declared.pose_repeatability");
    let turned = compare("arm.declared.pose_repeatability * 2 >= max(RP)", &figures());
    let margin = turned.margin;
    let turned = turned.with_limit_on_the_right(|id| id == limit);
    assert_eq!((turned.op, turned.margin), (CompareOp::LessEqual, margin));
    assert_eq!(turned.lhs.operands, [bench().id("RP")]);
    for as_is in ["max(RP) <= arm.declared.pose_repeatability", "a <= b", "2 mm <= 3 mm"] {
        let comparison = compare(as_is, &figures());
        assert_eq!(comparison.clone().with_limit_on_the_right(|id| id == limit), comparison, "{as_is}");
    }
}

#[test]
fn an_operand_on_both_sides_counts_once_in_the_margin() {
    let comparison = compare("a <= a + 1 m", &figures());
    assert_eq!((comparison.margin, comparison.margin_expanded_u), (1.0, 0.0));
    assert_near(comparison.lhs.figure.expanded_u, 0.3);
}

#[test]
fn a_conjunction_gives_each_comparison() {
    let requirement = requirement("a < 3 m and (b < 3 m and max(RP) < a)");
    let results = requirement.evaluate(&figures());
    let margins: Vec<f64> = results.into_iter().map(|result| result.unwrap().margin).collect();
    assert_eq!(margins, [1.0, -2.0, 1.968]);
    let parts: Vec<String> = requirement.parts().into_iter().map(render).collect();
    assert_eq!(parts, ["a < 3 m", "b < 3 m", "max(RP) < a"]);
}

#[test]
fn what_has_no_figure_is_named() {
    let missing =
        |text: &str, figures: &Uncertain| requirement(text).evaluate(figures).remove(0).unwrap_err();
    let mut without = figures();
    without.values = without.values.without("b");
    let error = missing("a + b < 1 m", &without);
    assert_eq!(error, FigureError::Missing { operand: bench().id("b"), row: 0, span: 4..5 });
    assert_eq!(missing("a / (b - b) < 1", &figures()), FigureError::NotFinite { span: 0..11 });
    assert_eq!(missing("sqrt(a * a - 4 m^2) < 1 m", &figures()), FigureError::RootOfZero { span: 0..19 });
    // First order sees no uncertainty under this root, though there is some.
    let error = missing("sqrt((a - 2 m) * (a - 2 m)) < 1 m", &figures());
    assert_eq!(error, FigureError::RootOfZero { span: 0..27 });
    assert_eq!(missing("sqrt(-a * b) < 1 m", &figures()), FigureError::NotFinite { span: 0..12 });
    for bad in [(f64::NAN, 0.1), (1.0, f64::INFINITY), (1.0, -0.1)] {
        let error = missing("a < 1 m", &figures().with("a", &[bad]));
        assert_eq!(error, FigureError::Invalid { operand: bench().id("a"), row: 0, span: 0..1 });
    }
}

#[test]
fn propagation_agrees_with_random_draws() {
    // A sum of twelve uniform numbers has mean 6 and variance 1.
    let mut word = 1u64;
    let mut normal = || {
        let uniform = |_| {
            word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (word >> 11) as f64 / (1u64 << 53) as f64
        };
        (0..12).map(uniform).sum::<f64>() - 6.0
    };
    let text = "distance(tool.tip, other.tip) * a / b + abs(b - 2 * a) < 1 km";
    let requirement = requirement(text);
    let figures = figures();
    let nominal = compare(text, &figures).lhs.figure;
    const DRAWS: usize = 40_000;
    let mut squares = 0.0;
    for _ in 0..DRAWS {
        let mut drawn = figures.clone();
        for (rows, u) in drawn.values.rows.iter_mut().zip(&figures.expanded_u) {
            for (value, u) in rows.iter_mut().zip(u) {
                // A tenth of the standard deviation U/2 (k = 2), so that second order stays below 1 %.
                *value += 0.1 * 0.5 * u * normal();
            }
        }
        let value = requirement.evaluate(&drawn)[0].as_ref().unwrap().lhs.figure.value;
        squares += (value - nominal.value) * (value - nominal.value);
    }
    let expanded_u = 2.0 * 10.0 * (squares / DRAWS as f64).sqrt();
    // The spread of a standard deviation from n draws is 1/√(2n) = 0.35 %; three of them and 1 % of second order.
    assert!(
        (expanded_u / nominal.expanded_u - 1.0).abs() < 0.0206,
        "{expanded_u} against {}",
        nominal.expanded_u
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// Values are those of the reference evaluator; U is the root sum of squares of its changes by small steps.
    #[test]
    fn propagation_agrees_with_finite_differences(
        lhs in lengths(),
        rhs in lengths(),
        op in orders(),
        mut values in values(),
        u in prop::collection::vec(prop::array::uniform6(0.0f64..1.0), Values::zero().rows.len()),
    ) {
        values.valid.fill(true);
        let bench = bench();
        let expr: Expr = ExprKind::Compare(op, Box::new(lhs.clone()), Box::new(rhs.clone())).into();
        let figures = Uncertain { values: values.clone(), expanded_u: u.clone() };
        let comparison = match Requirement::compile(&render(&expr), &bench).unwrap().evaluate(&figures).remove(0) {
            Ok(comparison) => comparison,
            // Roots of negative numbers, which the reference must not know either, and of zero.
            Err(FigureError::NotFinite { .. }) => {
                let mut reference = Reference::new(&bench);
                let numbers = [reference.number(&lhs, &values), reference.number(&rhs, &values)];
                prop_assert!(numbers.iter().any(|number| number.is_nan()));
                return Ok(());
            }
            Err(error) => {
                prop_assert!(matches!(error, FigureError::RootOfZero { .. }), "{error:?}");
                return Ok(());
            }
        };
        let mut reference = Reference::new(&bench);
        let mut margin = |values: &Values| {
            let (a, b) = (reference.number(&lhs, values), reference.number(&rhs, values));
            if matches!(op, CompareOp::Less | CompareOp::LessEqual) { b - a } else { a - b }
        };
        prop_assert_eq!(comparison.margin, margin(&values));
        let difference = |step: f64, margin: &mut dyn FnMut(&Values) -> f64| {
            let mut sum = 0.0;
            for (place, rows) in u.iter().enumerate() {
                for (row, u) in rows.iter().enumerate() {
                    let mut moved = [values.clone(), values.clone()];
                    moved[0].rows[place][row] += step;
                    moved[1].rows[place][row] -= step;
                    let slope = (margin(&moved[0]) - margin(&moved[1])) / (2.0 * step);
                    sum += slope * slope * u * u;
                }
            }
            sum.sqrt()
        };
        // Two steps that agree lie on one branch of max, min and abs, away from the root's singularity.
        let (coarse, fine) = (difference(2e-6, &mut margin), difference(1e-6, &mut margin));
        prop_assume!(((coarse - fine) / (1.0 + fine)).abs() < 1e-7);
        // Roundings of numbers up to some thousands, divided by the step, and the step's own error above.
        prop_assert!(((comparison.margin_expanded_u - fine) / (1.0 + fine)).abs() < 1e-5);
    }
}
