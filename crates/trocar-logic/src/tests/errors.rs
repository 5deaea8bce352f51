//! What the checker refuses, and in which words.

use super::{bench, ranges_fit};
use crate::{Condition, LogicError, MAX_INSTRUCTIONS, Requirement, Scope, Type};
use trocar_signal::Dimension;

#[track_caller]
fn errors(text: &str) -> Vec<LogicError> {
    let errors = Condition::compile(text, &bench()).expect_err(text);
    assert!(ranges_fit(text, &errors), "{text}: {errors:?}");
    errors
}

/// The title, and what stands at each label with what is said there.
#[track_caller]
fn one_error(text: &str) -> (String, Vec<(String, String)>, Vec<String>) {
    let mut all = errors(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    let error = all.remove(0);
    let label =
        |(range, said): &(std::ops::Range<usize>, String)| (text[range.clone()].to_owned(), said.clone());
    (error.title.clone(), error.labels.iter().map(label).collect(), error.notes)
}

fn pair(a: (&str, &str), b: (&str, &str)) -> Vec<(String, String)> {
    [a, b].map(|(at, said)| (at.to_owned(), said.to_owned())).to_vec()
}

#[test]
fn unlike_quantities_are_shown_side_by_side() {
    let (title, labels, notes) = one_error("exo.right_knee.angle <= exo.declared.fault_reaction_time");
    assert_eq!(title, "an angle cannot be compared with a time");
    let (a, b) = (("exo.right_knee.angle", "angle"), ("exo.declared.fault_reaction_time", "time, 250 ms"));
    assert_eq!(labels, pair(a, b));
    assert_eq!(notes, ["of this kind (angle) below `exo.declared`: range_overrun"]);

    let (title, labels, _) = one_error("a < 3 N");
    assert_eq!(title, "a length cannot be compared with a force");
    assert_eq!(labels, pair(("a", "length"), ("3 N", "force, 3 N")));
}

#[test]
fn titles_name_what_does_not_fit() {
    for (text, title) in [
        ("a + 2 s < b", "a length and a time cannot be added"),
        ("a - 2 s < b", "a time cannot be subtracted from a length"),
        ("a < 2", "a length cannot be compared with a number"),
        ("a * b < a", "an area cannot be compared with a length"),
        ("a * b * b < a", "a quantity in m^3 cannot be compared with a length"),
        ("max(a, 2 s) < b", "a length cannot be compared with a time"),
        ("sqrt(a) < b", "a length has no square root"),
        ("norm(a) < b", "`norm` takes a vector, not a length"),
        ("abs(tool.tip) < b", "`abs` takes numbers, not vectors"),
        ("tool.tip < other.tip", "vectors have no order"),
        ("tool.tip < a", "a vector of length cannot be compared with a length"),
        ("norm(tool.tip * other.tip) < a", "a vector can be multiplied or divided by one number only"),
        ("norm(a / tool.tip) < a", "nothing can be divided by a vector"),
        ("norm(tool.tip * RP) < a * a", "a vector can be multiplied or divided by one number only"),
        ("distance(tool.tip, a) < b", "`distance` takes the positions of two points"),
        ("distance(tool.tip) < b", "`distance` takes two points"),
        ("abs(a, b) < b", "`abs` takes one number"),
        ("max() < b", "`max` takes at least one argument"),
        ("rise(arm.is_homed, arm.is_busy)", "`rise` takes one condition"),
        ("rise(a)", "a condition is needed here, not a length"),
        ("rise(arm.is_homed) < a", "a number is needed here, not a condition"),
        ("a", "a condition is needed here, not a length"),
        ("a + b", "a condition is needed here, not a length"),
        ("psm1.operating_state", "a condition is needed here, not a state"),
        ("not a", "a condition is needed here, not a length"),
        ("arm.is_homed + a < b", "a number is needed here, not a condition"),
        ("(a < b) < c", "a number is needed here, not a condition"),
        ("arm.is_homed == true", "`true` is not a value"),
        ("true", "`true` is not a value"),
        ("psm1.operating_state < FAULT", "states have no order: `<` says nothing of them"),
        ("psm1.operating_state == 2", "a state cannot be compared with a number"),
        ("psm1.operating_state == a", "a state cannot be compared with a length"),
        ("psm1.operating_state == arm.is_homed", "a number is needed here, not a condition"),
        ("psm1.operating_state == psm1.error", "two states of different kinds cannot be compared"),
        ("a in {FAULT}", "a length has no states"),
        ("a + b in {FAULT}", "only a state can be `in` a list of states"),
        ("RP < a", "`RP` has 5 values where one is needed"),
        ("RP - a < b", "`RP - a` has 5 values where one is needed"),
        ("max(RP, a) < b", "`RP` has 5 values where one is needed"),
        ("max(RP / per_joint) > 1 m/rad", "two lists of different lengths do not go together"),
        ("max(empty) < a", "`empty` has no values"),
        ("tool < a", "`tool` is not one value"),
    ] {
        assert_eq!(one_error(text).0, title, "{text}");
    }
}

#[test]
fn two_frames_or_two_points_are_refused_as_unlike_units_are() {
    for op in ["<", "+", "-", "*", "/"] {
        let text = match op {
            "<" => "tool.tip.x < world.tip.x".to_owned(),
            "*" => "tool.tip.x * world.tip.x < a * a".to_owned(),
            "/" => "tool.tip.x / world.tip.x < 1".to_owned(),
            _ => format!("tool.tip.x {op} world.tip.x < a"),
        };
        let (title, labels, _) = one_error(&text);
        assert!(title.starts_with("coordinates in two frames cannot be"), "{title}");
        assert_eq!(labels[0], ("tool.tip.x".to_owned(), "in frame `arm.base`".to_owned()));
        assert_eq!(labels[1], ("world.tip.x".to_owned(), "in frame `world`".to_owned()));
        assert!(one_error(&text.replace("world", "other")).0.starts_with("coordinates of two points"));
    }
    assert!(one_error("distance(tool.tip, world.tip) < a").0.contains("two frames"));
    assert!(one_error("norm(tool.tip - world.tip) < a").0.contains("two frames"));
    assert!(one_error("norm(tool.tip - other.tip) < a").0.contains("two points"));
    assert!(one_error("max(tool.tip.x, other.tip.x) < a").0.contains("two points"));
    for fits in [
        "distance(tool.tip, other.tip) < 2 mm",
        "norm(tool.tip) < norm(world.tip)",
        "tool.tip.x - tool.tip.y < 3 mm",
        "tool.tip.x < a",
        // Differences of readings of one point are displacements; those of two points may be compared.
        "abs(tool.tip.x - tool.tip.y) < abs(other.tip.x - other.tip.x)",
        "sqrt(tool.tip.x * tool.tip.x + tool.tip.y * tool.tip.y) < a",
    ] {
        assert!(Condition::compile(fits, &bench()).is_ok(), "{fits}");
    }
}

#[test]
fn unknown_names_are_met_with_the_nearest_at_the_part_that_is_wrong() {
    let (title, labels, _) = one_error("arm.is_hommed");
    assert_eq!(title, "nothing here is called `arm.is_hommed`");
    assert_eq!(labels, [("is_hommed".to_owned(), "did you mean `is_homed`?".to_owned())]);
    let (_, labels, _) = one_error("exo.right_kne.angle < 1 rad");
    assert_eq!(labels, [("right_kne".to_owned(), "did you mean `right_knee`?".to_owned())]);
    let (_, labels, notes) = one_error("exo.declared.speed < 1 m/s");
    assert_eq!(labels[0].0, "speed");
    assert_eq!(notes, ["below `exo.declared` there are: fault_reaction_time, range_overrun"]);
    let (_, labels, notes) = one_error("psm1.operating_state == ENABELD");
    assert_eq!(labels[0], ("ENABELD".to_owned(), "did you mean `ENABLED`?".to_owned()));
    assert_eq!(labels[1].0, "psm1.operating_state");
    assert_eq!(notes, ["its states: DISABLED, ENABLED, PAUSED, FAULT"]);
    assert!(one_error("exo.gait.percent * 12 deg / s > 1 deg/s").2[0].contains("no spaces around its `/`"));
    assert!(one_error("arm.declared > 1 m").2[0].contains("pose_repeatability"));
}

#[test]
fn all_mistakes_are_found_in_one_pass() {
    let text =
        "psm1.operating_state in {FALT, PAUSED, STOP} or a < 2 s and not nothing.here or abs(b, c) > RP + x";
    let titles: Vec<String> = errors(text).into_iter().map(|error| error.title).collect();
    assert_eq!(
        titles,
        [
            "`psm1.operating_state` has no state `FALT`",
            "`psm1.operating_state` has no state `STOP`",
            "a length cannot be compared with a time",
            "nothing here is called `nothing.here`",
            "`abs` takes one number",
            "nothing here is called `x`",
        ]
    );
}

#[test]
fn a_state_may_stand_on_either_side() {
    for text in ["psm1.operating_state == FAULT", "FAULT != psm1.operating_state"] {
        let condition = Condition::compile(text, &bench()).unwrap();
        assert_eq!(condition.operands().len(), 1);
        assert_eq!(&text[condition.operands()[0].span.clone()], "psm1.operating_state");
    }
}

#[test]
fn a_requirement_is_a_conjunction_of_orderings() {
    for (text, title) in [
        ("arm.is_homed", "a requirement is a comparison of numbers"),
        ("not a < b", "a requirement is a comparison of numbers"),
        ("a < b or b < c", "a requirement is a comparison of numbers"),
        ("a == b", "a requirement does not ask whether"),
        ("psm1.operating_state == FAULT", "a requirement does not ask whether"),
    ] {
        let errors = Requirement::compile(text, &bench()).unwrap_err();
        assert!(errors[0].title.starts_with(title), "{text}: {errors:?}");
    }
    let errors = Requirement::compile("a < 2 s and arm.is_homed and b < x", &bench()).unwrap_err();
    assert_eq!(errors.len(), 3, "types and form together: {errors:?}");
}

#[test]
fn a_formula_that_would_take_too_long_is_refused() {
    // Each level takes the rows of the level below five times: 5^8 operations.
    let text = (0..8).fold("RP".to_owned(), |inner, _| format!("RP - max({inner})"));
    let text = format!("max({text}) < a");
    assert!(errors(&text)[0].title.contains("too large"));
    assert!(Requirement::compile(&text, &bench()).unwrap_err()[0].title.contains("too large"));
    // One value more on the stack at each parenthesis.
    assert!(errors(&format!("{}a{} < b", "a + (".repeat(80), ")".repeat(80)))[0].title.contains("too large"));

    struct Long;
    impl Scope for Long {
        fn resolve(&self, _: &str) -> Option<(crate::OperandId, Type)> {
            Some((crate::OperandId(0), Type::rows(Dimension::LENGTH, MAX_INSTRUCTIONS)))
        }
        fn names(&self) -> Vec<String> {
            Vec::new()
        }
    }
    assert!(Condition::compile("max(x) < 1 m", &Long).is_err());
}

#[test]
fn a_unit_beyond_all_reason_is_refused() {
    let text = format!("a{} < 1 m", " * a".repeat(20));
    assert!(errors(&text)[0].title.contains("too large an exponent"));
}
