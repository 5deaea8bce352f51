//! From a figure to a verdict.

use crate::figure::Figure;
use crate::uncertainty::{Budget, ComponentName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use trocar_signal::Dimension;

/// How a figure is held against its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionRule {
    /// PASS where the figure with its whole uncertainty is inside the limit, FAIL where it is outside with all of it,
    /// otherwise INCONCLUSIVE.
    #[default]
    Guarded,
    /// On the figure alone: PASS inside the limit, FAIL outside.
    Simple,
}

/// What is said of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// Met.
    Pass,
    /// The uncertainty straddles the limit.
    Inconclusive,
    /// The stimulus, trigger or fault did not come about, or the record does not cover the window.
    Invalid,
    /// Not met.
    Fail,
    /// The apparatus failed: divergence, crash, timeout.
    Error,
}

impl Verdict {
    /// As it is printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Pass => "PASS",
            Verdict::Inconclusive => "INCONCLUSIVE",
            Verdict::Invalid => "INVALID",
            Verdict::Fail => "FAIL",
            Verdict::Error => "ERROR",
        }
    }

    /// The exit code of a command with this verdict alone: 0 PASS, 1 FAIL, 3 INVALID and INCONCLUSIVE, 4 ERROR.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Pass => 0,
            Verdict::Fail => 1,
            Verdict::Inconclusive | Verdict::Invalid => 3,
            Verdict::Error => 4,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The exit code for bad usage or a bad file, which goes before every verdict.
pub const EXIT_BAD_FILE: u8 = 2;

/// The exit code of a command with several verdicts: ERROR before FAIL before INVALID and INCONCLUSIVE before PASS;
/// 0 for none.
#[must_use]
pub fn exit_code(verdicts: impl IntoIterator<Item = Verdict>) -> u8 {
    verdicts.into_iter().max().map_or(0, Verdict::exit_code)
}

/// On which side of the limit a figure must lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Comparison {
    /// As it is printed.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Comparison::Below => "<",
            Comparison::AtMost => "≤",
            Comparison::Above => ">",
            Comparison::AtLeast => "≥",
        }
    }

    fn is_upper(self) -> bool {
        matches!(self, Comparison::Below | Comparison::AtMost)
    }

    fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Comparison::Below => value < limit,
            Comparison::AtMost => value <= limit,
            Comparison::Above => value > limit,
            Comparison::AtLeast => value >= limit,
        }
    }
}

/// Whose a limit is. It stands beside the limit wherever that is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitOwner {
    /// The maker's.
    Declared {
        /// The document in which it is declared.
        document: String,
    },
    /// The file's, whoever wrote it.
    File,
    /// Ours: declared by nobody, there so that a shipped file has something to judge.
    Example,
}

impl fmt::Display for LimitOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LimitOwner::Declared { document } => write!(f, "declared ({document})"),
            LimitOwner::File => f.write_str("file"),
            LimitOwner::Example => f.write_str("example"),
        }
    }
}

/// A limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Limit {
    /// In SI units and radians.
    pub value: f64,
    /// What it measures.
    pub dimension: Dimension,
    /// On which side a figure must lie.
    pub comparison: Comparison,
    /// Whose it is.
    pub owner: LimitOwner,
}

/// A verdict with its margin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// PASS, FAIL or INCONCLUSIVE.
    pub verdict: Verdict,
    /// Distance of the figure from the limit, positive on the right side.
    pub margin: f64,
    /// Of INCONCLUSIVE: what would decide.
    pub would_decide: Option<WouldDecide>,
}

/// What would turn INCONCLUSIVE into a verdict, if the figure stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WouldDecide {
    /// About so many repeats in all, two significant digits.
    Repeats(u64),
    /// Not more repeats: a smaller uncertainty of this kind, until U is below this value (SI).
    Smaller {
        /// The largest component that repeats do not reduce.
        component: ComponentName,
        /// What U must fall below.
        expanded_u: f64,
    },
    /// A quieter instrument: its noise alone may have moved the figure across the limit.
    QuieterInstrument,
    /// Nothing practical: the figure lies at the limit.
    Nothing,
}

impl fmt::Display for WouldDecide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WouldDecide::Repeats(n) => {
                write!(f, "U straddles the limit; about {n} cycles would decide if the figure stays")
            }
            WouldDecide::Smaller { component, .. } => {
                write!(
                    f,
                    "U straddles the limit; more cycles would not decide, a smaller U would: {component}"
                )
            }
            WouldDecide::QuieterInstrument => f.write_str(
                "the noise of the instrument may be what exceeds the limit; a quieter one would decide",
            ),
            WouldDecide::Nothing => {
                f.write_str("the figure lies at the limit: no practical test would decide")
            }
        }
    }
}

/// Why a figure cannot be held against a limit.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum DecisionError {
    /// They measure different things.
    #[error("a figure of {figure} cannot be held against a limit of {limit}")]
    Dimension {
        /// The figure's.
        figure: Dimension,
        /// The limit's.
        limit: Dimension,
    },
    /// A number is NaN or infinite.
    #[error("figure, uncertainty or limit is not finite")]
    NotFinite,
    /// There are no figures.
    #[error("there is no figure to judge")]
    NoFigure,
}

/// Holds a figure against its limit.
///
/// # Errors
/// [`DecisionError`] where the comparison means nothing.
pub fn decide(rule: DecisionRule, figure: &Figure, limit: &Limit) -> Result<Decision, DecisionError> {
    if figure.dimension != limit.dimension {
        return Err(DecisionError::Dimension { figure: figure.dimension, limit: limit.dimension });
    }
    if ![figure.value, figure.expanded_u, figure.noise_bias, limit.value].iter().all(|x| x.is_finite()) {
        return Err(DecisionError::NotFinite);
    }
    let upper = limit.comparison.is_upper();
    let margin = if upper { limit.value - figure.value } else { figure.value - limit.value };
    let inside = |value| limit.comparison.holds(value, limit.value);
    let (verdict, would_decide) = match rule {
        DecisionRule::Simple if inside(figure.value) => (Verdict::Pass, None),
        DecisionRule::Simple => (Verdict::Fail, None),
        DecisionRule::Guarded => match (inside(figure.interval().0), inside(figure.interval().1)) {
            (true, true) => (Verdict::Pass, None),
            (false, false) => (Verdict::Fail, None),
            _ => (Verdict::Inconclusive, Some(what_would_decide(figure, upper, margin))),
        },
    };
    Ok(Decision { verdict, margin, would_decide })
}

/// Holds every figure against the same limit, as `max(RP) <= limit` and `min(RP) >= limit` mean it: the decision that
/// counts most (FAIL, then INCONCLUSIVE, then PASS; of equals the smallest margin), with its place among the figures.
///
/// # Errors
/// [`DecisionError`] where a comparison means nothing, or there is no figure.
pub fn decide_every(
    rule: DecisionRule,
    figures: &[Figure],
    limit: &Limit,
) -> Result<(usize, Decision), DecisionError> {
    let mut worst: Option<(usize, Decision)> = None;
    for (index, figure) in figures.iter().enumerate() {
        let decision = decide(rule, figure, limit)?;
        let replaces = worst.as_ref().is_none_or(|(_, w)| {
            decision.verdict > w.verdict || (decision.verdict == w.verdict && decision.margin < w.margin)
        });
        if replaces {
            worst = Some((index, decision));
        }
    }
    worst.ok_or(DecisionError::NoFigure)
}

/// More repeats than this are no advice: a year of cycles, one each half minute.
const MOST_REPEATS: f64 = 1e6;

/// Repeats reduce the variance of sampling as 1/n and leave the rest.
fn what_would_decide(figure: &Figure, upper: bool, margin: f64) -> WouldDecide {
    let outside = margin < 0.0;
    // What noise may have added counts only where it would bring the figure back inside.
    let toward_limit = if upper { figure.noise_bias } else { -figure.noise_bias };
    let bias = if outside == (toward_limit > 0.0) { toward_limit.abs() } else { 0.0 };
    let room = margin.abs() - bias;
    if room <= 0.0 {
        return if bias > 0.0 { WouldDecide::QuieterInstrument } else { WouldDecide::Nothing };
    }
    let variance = |repeated: bool| -> f64 {
        figure
            .components
            .iter()
            .filter(|c| (c.name == ComponentName::Sampling) == repeated)
            .map(|c| c.standard_u * c.standard_u)
            .sum()
    };
    let (sampled, allowed) = (variance(true), room * room / (figure.k * figure.k) - variance(false));
    if sampled > 0.0 && allowed > 0.0 {
        // Less a part in 1e9, so that rounding does not turn 270 into 280.
        let repeats = (figure.n as f64 * sampled / allowed * (1.0 - 1e-9)).ceil();
        return if repeats < MOST_REPEATS {
            WouldDecide::Repeats(two_digits_up(repeats as u64).max(figure.n + 1))
        } else {
            WouldDecide::Nothing
        };
    }
    match Budget(&figure.components).largest(|name| name != ComponentName::Sampling) {
        Some(component) => WouldDecide::Smaller { component: component.name, expanded_u: room },
        None => WouldDecide::Nothing,
    }
}

/// Rounds up to two significant digits.
fn two_digits_up(n: u64) -> u64 {
    let mut place = 1;
    while n / place >= 100 {
        place *= 10;
    }
    n.div_ceil(place) * place
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uncertainty::UncertaintyComponent;
    use Comparison::*;
    use Verdict::*;
    use proptest::prelude::*;

    fn figure(value: f64, expanded_u: f64) -> Figure {
        let components = vec![UncertaintyComponent::type_a(ComponentName::Sampling, expanded_u / 2.0, 29.0)];
        Figure { value, expanded_u, k: 2.0, dimension: Dimension::LENGTH, n: 30, noise_bias: 0.0, components }
    }

    fn limit(comparison: Comparison, value: f64) -> Limit {
        Limit { value, dimension: Dimension::LENGTH, comparison, owner: LimitOwner::Example }
    }

    #[test]
    fn the_two_rules() {
        // Value, U, side, limit: guarded, simple.
        for (value, u, side, at, guarded, simple) in [
            (1.0, 0.5, AtMost, 2.0, Pass, Pass),
            (1.5, 0.5, AtMost, 2.0, Pass, Pass),
            (1.5, 0.5, Below, 2.0, Inconclusive, Pass),
            (1.75, 0.5, AtMost, 2.0, Inconclusive, Pass),
            (2.25, 0.5, AtMost, 2.0, Inconclusive, Fail),
            (2.5, 0.5, AtMost, 2.0, Inconclusive, Fail),
            (2.5, 0.5, Below, 2.0, Fail, Fail),
            (3.0, 0.5, AtMost, 2.0, Fail, Fail),
            (3.0, 0.5, AtLeast, 2.0, Pass, Pass),
            (2.5, 0.5, Above, 2.0, Inconclusive, Pass),
            (1.75, 0.5, AtLeast, 2.0, Inconclusive, Fail),
            (1.0, 0.5, AtLeast, 2.0, Fail, Fail),
            (2.0, 0.0, AtMost, 2.0, Pass, Pass),
            (2.0, 0.0, Below, 2.0, Fail, Fail),
            (2.0, 0.0, Above, 2.0, Fail, Fail),
        ] {
            let (figure, limit) = (figure(value, u), limit(side, at));
            let decisions = [DecisionRule::Guarded, DecisionRule::Simple]
                .map(|rule| decide(rule, &figure, &limit).unwrap());
            assert_eq!(
                [decisions[0].verdict, decisions[1].verdict],
                [guarded, simple],
                "{value} {u} {side:?} {at}"
            );
            assert_eq!(decisions[0].would_decide.is_some(), guarded == Inconclusive);
            let margin = if matches!(side, Below | AtMost) { at - value } else { value - at };
            assert_eq!(decisions[0].margin, margin);
        }
    }

    #[test]
    fn noise_that_raises_a_figure_does_not_fail_it() {
        let mut figure = figure(0.108, 0.004);
        let limit = limit(AtMost, 0.100);
        assert_eq!(decide(DecisionRule::Guarded, &figure, &limit).unwrap().verdict, Fail);
        figure.noise_bias = 0.018;
        let decision = decide(DecisionRule::Guarded, &figure, &limit).unwrap();
        assert_eq!(
            (decision.verdict, decision.would_decide),
            (Inconclusive, Some(WouldDecide::QuieterInstrument))
        );
        // It does not hold up a PASS either: without the noise the figure would be lower still.
        figure.value = 0.090;
        assert_eq!(decide(DecisionRule::Guarded, &figure, &limit).unwrap().verdict, Pass);
        // Of a minimum it is the other way about.
        let at_least = Limit { comparison: AtLeast, ..limit };
        figure.value = 0.110;
        let decision = decide(DecisionRule::Guarded, &figure, &at_least).unwrap();
        assert_eq!(
            (decision.verdict, decision.would_decide),
            (Inconclusive, Some(WouldDecide::QuieterInstrument))
        );
    }

    #[test]
    fn more_repeats_or_a_better_instrument() {
        let limit = limit(AtMost, 0.100);
        let advice = |figure: &Figure| decide(DecisionRule::Guarded, figure, &limit).unwrap().would_decide;
        // 30 (0.018 / 0.006)² = 270.
        assert_eq!(advice(&figure(0.094, 0.018)), Some(WouldDecide::Repeats(270)));
        assert_eq!(advice(&figure(0.106, 0.018)), Some(WouldDecide::Repeats(270)));
        assert_eq!(advice(&figure(0.100, 0.018)), Some(WouldDecide::Nothing));
        assert_eq!(advice(&figure(0.099_999, 0.018)), Some(WouldDecide::Nothing));
        let mut calibrated = figure(0.094, 0.018);
        calibrated.components.push(UncertaintyComponent::type_b(ComponentName::Calibration, 0.004));
        calibrated.expanded_u = 2.0 * Budget(&calibrated.components).combined_u();
        let smaller = WouldDecide::Smaller { component: ComponentName::Calibration, expanded_u: 0.006 };
        match (advice(&calibrated), smaller) {
            (
                Some(WouldDecide::Smaller { component, expanded_u }),
                WouldDecide::Smaller { component: c, expanded_u: u },
            ) => {
                assert_eq!(component, c);
                assert!((expanded_u - u).abs() < 1e-15);
            }
            (other, _) => panic!("{other:?}"),
        }
    }

    proptest! {
        /// The advice holds: with that many repeats the same figure is decided, with nine tenths of them it is not
        /// (the advice is rounded up by less than a tenth).
        #[test]
        fn advised_repeats_decide(value in 0.5..1.5_f64, a in 0.01..0.5_f64, b in 0.0..0.1_f64) {
            let at = |n: u64| {
                let mut figure = figure(value, 0.0);
                figure.components = vec![
                    UncertaintyComponent::type_a(ComponentName::Sampling, a * f64::sqrt(30.0 / n as f64), 29.0),
                    UncertaintyComponent::type_b(ComponentName::Calibration, b),
                ];
                figure.expanded_u = 2.0 * Budget(&figure.components).combined_u();
                figure.n = n;
                decide(DecisionRule::Guarded, &figure, &limit(AtMost, 1.0)).unwrap()
            };
            if let Some(WouldDecide::Repeats(n)) = at(30).would_decide {
                prop_assert_ne!(at(n).verdict, Inconclusive);
                if n > 40 {
                    prop_assert_eq!(at(n * 9 / 10 - 1).verdict, Inconclusive);
                }
            }
        }
    }

    #[test]
    fn every_figure_must_hold() {
        let limit = limit(AtMost, 2.0);
        let figures = [figure(1.0, 0.1), figure(1.9, 0.05), figure(1.8, 0.3)];
        let (index, decision) = decide_every(DecisionRule::Guarded, &figures, &limit).unwrap();
        assert_eq!((index, decision.verdict), (2, Inconclusive), "not the largest, but the least certain");
        let (index, decision) = decide_every(DecisionRule::Simple, &figures, &limit).unwrap();
        assert_eq!((index, decision.verdict), (1, Pass));
        assert_eq!(decide_every(DecisionRule::Simple, &[], &limit), Err(DecisionError::NoFigure));
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let degrees = Limit { dimension: Dimension::ANGLE, ..limit(AtMost, 1.0) };
        let error = decide(DecisionRule::Simple, &figure(1.0, 0.0), &degrees).unwrap_err();
        assert_eq!(error.to_string(), "a figure of length cannot be held against a limit of angle");
        let nan = figure(f64::NAN, 0.0);
        assert_eq!(decide(DecisionRule::Guarded, &nan, &limit(AtMost, 1.0)), Err(DecisionError::NotFinite));
    }

    #[test]
    fn exit_codes_in_their_order() {
        for (verdicts, code) in [
            (&[][..], 0),
            (&[Pass, Pass], 0),
            (&[Pass, Inconclusive], 3),
            (&[Invalid, Pass], 3),
            (&[Invalid, Fail, Inconclusive], 1),
            (&[Fail, Error, Invalid], 4),
        ] {
            assert_eq!(exit_code(verdicts.iter().copied()), code, "{verdicts:?}");
        }
        assert_eq!(format!("{:<6}|", Fail), "FAIL  |");
    }

    #[test]
    fn whose_a_limit_is() {
        let declared = LimitOwner::Declared { document: "IFU 3.2".into() };
        assert_eq!(declared.to_string(), "declared (IFU 3.2)");
        assert_eq!(
            (LimitOwner::File.to_string(), LimitOwner::Example.to_string()),
            ("file".into(), "example".into())
        );
    }
}
