//! From figures to verdicts, with figures made by hand.

mod common;

use common::case;
use trocar_measure::{
    ComponentName, DecisionRule, FigureRow, LimitOwner, NoFigure, UncertaintyComponent, Verdict,
};
use trocar_signal::Dimension;
use trocar_sim::Case;
use trocar_sim::judge::{Measured, judge};
use trocar_sim::outcome::RequirementOutcome;

/// Two measures of a number, one of five poses, and one requirement.
fn with(formula: &str) -> Case {
    case(&text(formula))
}

fn text(formula: &str) -> String {
    format!(
        r#"
format = 1
title  = "Judged by hand"
scene  = "trocar:scenes/psm_bench.toml"

[roles]
arm = "psm1"

[poses]
pattern     = "diagonal_plane_5"
cube        = {{ centre = ["0 mm", "0 mm", "-120 mm"], side = "60 mm", inset = "10 %", frame = "arm.remote_centre" }}
orientation = {{ axis = [1.0, 1.0, 0.0], angle = "180 deg" }}

[[phases]]
name   = "cycles"
repeat = 3
move   = {{ command = "arm.move_cp", through = ["P5", "P4", "P3", "P2", "P1"] }}
within = "10 min"

[measures.a]
kind = "maximum"
of   = "arm.truth.tip.position.x"

[measures.b]
kind = "maximum"
of   = "arm.truth.tip.position.y"

[measures.RP]
kind   = "pose_repeatability"
of     = "arm.truth.tip"
window = {{ phase = "cycles", at = "dwell_end" }}

[[requirements]]
id      = "R"
formula = "{formula}"
why     = "A test."
"#
    )
}

fn row(label: &str, value_mm: f64, u_mm: f64) -> FigureRow {
    FigureRow {
        label: label.to_owned(),
        value: value_mm * 1e-3,
        dimension: Dimension::LENGTH,
        n: 10,
        at: None,
        // k = 2 for what is taken as exact.
        components: vec![UncertaintyComponent::type_b(ComponentName::Calibration, u_mm * 1e-3 / 2.0)],
        instrument_alone: None,
        noise_bias: 0.0,
        note: None,
        repeats: trocar_measure::Repeated::Unknown,
    }
}

type Rows = Result<Vec<FigureRow>, NoFigure>;

fn one(value_mm: f64, u_mm: f64) -> Rows {
    Ok(vec![row("", value_mm, u_mm)])
}

fn missing() -> Rows {
    Err(NoFigure::NoReading)
}

/// Judges the case's one requirement; `rp` are the values at P1 to P5.
fn judged(case: &Case, a: Rows, b: Rows, rp_mm: [f64; 5]) -> RequirementOutcome {
    let rp = rp_mm.iter().enumerate().map(|(i, v)| row(&format!("P{}", i + 1), *v, 0.01)).collect();
    // Measures stand in the order of their names.
    let measures = case
        .measures
        .iter()
        .map(|m| match m.name.as_str() {
            "a" => a.clone(),
            "b" => b.clone(),
            _ => Ok(Vec::clone(&rp)),
        })
        .collect();
    judge(case, &case.requirements[0], &Measured { measures, faults: Vec::new() }, None)
}

fn of_a(case: &Case, value_mm: f64, u_mm: f64) -> RequirementOutcome {
    judged(case, one(value_mm, u_mm), one(0.0, 0.0), [0.0; 5])
}

#[track_caller]
fn is_mm(found: f64, mm: f64) {
    assert!((found - mm * 1e-3).abs() < 1e-15, "{found} m where {mm} mm is meant");
}

#[test]
fn guarded_and_simple_decisions_with_their_margins() {
    use Verdict::{Fail, Inconclusive, Pass};
    for (formula, value, guarded, simple, margin) in [
        ("a <= 1 mm", 0.5, Pass, Pass, 0.5),
        ("a <= 1 mm", 0.95, Inconclusive, Pass, 0.05),
        ("a <= 1 mm", 1.05, Inconclusive, Fail, -0.05),
        ("a <= 1 mm", 1.2, Fail, Fail, -0.2),
        ("a >= 1 mm", 1.2, Pass, Pass, 0.2),
        ("a >= 1 mm", 0.95, Inconclusive, Fail, -0.05),
        ("a >= 1 mm", 0.5, Fail, Fail, -0.5),
        // A limit that stands on the left is a limit.
        ("1 mm >= a", 0.5, Pass, Pass, 0.5),
        ("1 mm <= a", 0.5, Fail, Fail, -0.5),
    ] {
        let mut case = with(formula);
        let out = of_a(&case, value, 0.1);
        assert_eq!(out.verdict, guarded, "{formula} with {value}");
        assert_eq!(out.reason.is_some(), guarded == Inconclusive, "what would decide: {:?}", out.reason);
        is_mm(out.margin.as_ref().unwrap().value, margin);
        is_mm(out.figure.as_ref().unwrap().value, value);
        is_mm(out.figure.as_ref().unwrap().expanded_uncertainty.unwrap(), 0.1);
        is_mm(out.limit.as_ref().unwrap().limit.value, 1.0);
        assert_eq!(out.subject, "a");
        let relation = if formula == "a <= 1 mm" || formula == "1 mm >= a" { "≤" } else { "≥" };
        assert_eq!(out.limit.as_ref().unwrap().relation, relation, "{formula}");
        case.decision = DecisionRule::Simple;
        assert_eq!(of_a(&case, value, 0.1).verdict, simple, "{formula} with {value}");
    }
}

#[test]
fn of_a_conjunction_the_worst_decides() {
    use Verdict::{Fail, Inconclusive, Invalid, Pass};
    let case = with("a <= 1 mm and b <= 2 mm");
    for (a, b, verdict, subject, limit_mm) in [
        (one(0.5, 0.1), one(0.5, 0.1), Pass, "a", 1.0),
        (one(0.5, 0.1), one(2.05, 0.1), Inconclusive, "b", 2.0),
        (one(1.5, 0.1), one(2.05, 0.1), Fail, "a", 1.0),
        (one(0.5, 0.1), one(9.0, 0.1), Fail, "b", 2.0),
        (missing(), one(0.5, 0.1), Invalid, "a", 1.0),
        (one(0.5, 0.1), missing(), Invalid, "b", 2.0),
        (one(1.05, 0.1), missing(), Invalid, "b", 2.0),
        (missing(), one(9.0, 0.1), Fail, "b", 2.0),
    ] {
        let out = judged(&case, a.clone(), b.clone(), [0.0; 5]);
        assert_eq!((out.verdict, out.subject.as_str()), (verdict, subject), "{a:?} and {b:?}");
        is_mm(out.limit.as_ref().unwrap().limit.value, limit_mm);
    }
}

#[test]
fn a_missing_figure_is_invalid_and_its_limit_stands_beside_it() {
    for (formula, subject, limit) in [
        ("a <= 1 mm", "a", Some(1.0)),
        ("1 mm >= a", "a", Some(1.0)),
        ("2 * a - 1 mm <= 3 mm", "2 * a - 1 mm", Some(3.0)),
        ("a <= arm.declared.pose_repeatability", "a", Some(0.1)),
        ("a <= b", "a", None),
    ] {
        let out = judged(&with(formula), missing(), one(0.5, 0.1), [0.0; 5]);
        assert_eq!((out.verdict, out.subject.as_str()), (Verdict::Invalid, subject), "{formula}");
        assert_eq!(out.reason.as_deref(), Some("a: nothing was read in the window"));
        assert_eq!((out.figure, out.margin), (None, None));
        match (out.limit, limit) {
            (Some(found), Some(mm)) => is_mm(found.limit.value, mm),
            (found, wanted) => assert_eq!((found.is_some(), formula), (wanted.is_some(), formula)),
        }
    }
}

#[test]
fn a_formula_without_a_finite_value_is_invalid_and_says_so() {
    let out = judged(&with("a / b * 1 mm <= 1 mm"), one(1.0, 0.0), one(0.0, 0.0), [0.0; 5]);
    assert_eq!(out.verdict, Verdict::Invalid);
    assert_eq!(out.reason.as_deref(), Some("a part of the formula has no finite value"));
}

#[test]
fn a_limit_says_whose_it_is() {
    let owner = |case: &Case| {
        let limit = of_a(case, 0.05, 0.001).limit.unwrap();
        (limit.owner, limit.document)
    };
    let word = |word: &str| (word.to_owned(), None);
    assert_eq!(owner(&with("a <= 1 mm")), word("file"));
    assert_eq!(owner(&with("a <= arm.declared.pose_repeatability")), word("example"));
    let by_the_maker = |case: &mut Case, of: &str| {
        let limit =
            case.limits.iter_mut().find(|l| l.constant.path == format!("psm1.declared.{of}")).unwrap();
        limit.owner = LimitOwner::Declared { document: "IFU, page 7".to_owned() };
    };
    let declared = ("declared".to_owned(), Some("IFU, page 7".to_owned()));
    for formula in [
        "a <= arm.declared.pose_repeatability",
        "a <= arm.declared.pose_repeatability + 1 mm",
        "arm.declared.pose_repeatability * 2 >= a",
    ] {
        let mut case = with(formula);
        by_the_maker(&mut case, "pose_repeatability");
        assert_eq!(owner(&case), declared, "{formula}");
    }
    // One declared, one an example: what was made of both is no more than an example.
    let mut case = with("a <= arm.declared.pose_repeatability + arm.declared.fault_deviation");
    by_the_maker(&mut case, "pose_repeatability");
    assert_eq!(owner(&case), word("example"));
    let mut case = with("a <= arm.declared.fault_deviation + arm.declared.pose_repeatability");
    by_the_maker(&mut case, "pose_repeatability");
    assert_eq!(owner(&case), word("example"));
    by_the_maker(&mut case, "fault_deviation");
    assert_eq!(owner(&case), declared);
}

#[test]
fn the_largest_of_the_poses_decides_and_is_named() {
    let case = with("max(RP) <= 0.1 mm");
    let out = judged(&case, missing(), missing(), [0.03, 0.04, 0.02, 0.08, 0.05]);
    assert_eq!((out.verdict, out.subject.as_str()), (Verdict::Pass, "max(RP), at P4"));
    is_mm(out.figure.as_ref().unwrap().value, 0.08);
    let case = with("min(RP) >= 0.1 mm");
    let out = judged(&case, missing(), missing(), [0.3, 0.4, 0.02, 0.8, 0.5]);
    assert_eq!((out.verdict, out.subject.as_str()), (Verdict::Fail, "min(RP), at P3"));
}

#[test]
fn of_two_measured_sides_the_distance_is_judged_with_both_uncertainties() {
    // 0.1 apart; U of the difference is √(0.06² + 0.09²) = 0.108: it straddles, though neither alone would.
    let case = with("a <= b");
    let out = judged(&case, one(1.0, 0.06), one(1.1, 0.09), [0.0; 5]);
    assert_eq!(out.verdict, Verdict::Inconclusive);
    let u = out.margin.as_ref().unwrap().expanded_uncertainty.unwrap();
    is_mm(u, (0.06_f64 * 0.06 + 0.09 * 0.09).sqrt());
    assert_eq!(judged(&case, one(1.0, 0.06), one(1.11, 0.09), [0.0; 5]).verdict, Verdict::Pass);
    assert_eq!(judged(&case, one(1.2, 0.06), one(1.0, 0.09), [0.0; 5]).verdict, Verdict::Fail);
}

#[test]
fn a_run_that_stopped_decides_nothing_and_shows_no_numbers() {
    let case = with("a <= 1 mm");
    for verdict in [Verdict::Invalid, Verdict::Error] {
        let measures = case.measures.iter().map(|_| one(9.0, 0.1)).collect();
        let measured = Measured { measures, faults: Vec::new() };
        let stopped = (verdict, "the solver failed at 2 s".to_owned());
        let out = judge(&case, &case.requirements[0], &measured, Some(&stopped));
        assert_eq!((out.verdict, out.reason.as_deref()), (verdict, Some("the solver failed at 2 s")));
        assert_eq!((&out.figure, &out.margin), (&None, &None));
        is_mm(out.limit.as_ref().unwrap().limit.value, 1.0);
        let line = 1 + text("a <= 1 mm").lines().position(|l| l.starts_with("formula")).unwrap();
        assert_eq!((out.id.as_str(), out.formula.as_str(), out.line), ("R", "a <= 1 mm", line as u32));
    }
}
