//! Uncertainty by the GUM (JCGM 100:2008): components, their combination, the coverage factor.

use serde::{Deserialize, Serialize};
use std::fmt;
use trocar_math::special::student_t_quantile;

/// Where an uncertainty comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ComponentName {
    /// The repeats were finitely many, and differed.
    Sampling,
    /// What remains of the instrument's error after calibration.
    Calibration,
    /// Where the instrument stands relative to the device.
    Registration,
    /// Noise of the instrument's readings.
    InstrumentNoise,
    /// The smallest difference that the instrument shows.
    Resolution,
    /// The smallest time that the recorder resolves.
    ClockResolution,
    /// The rate of the recorder's clock.
    ClockRate,
    /// Noise at the comparator's threshold, as time.
    ThresholdNoise,
    /// The time between two readings, within which something happened.
    ReadingInterval,
    /// The simulation's step, to which instants are bound.
    Step,
    /// By how much the clocks of two recordings may be apart.
    ClockOffset,
    /// By how much the rates of the clocks of two recordings may differ.
    ClockDrift,
    /// The width of a frequency bin, within which the stimulus may stand off its middle.
    FrequencyBin,
}

impl ComponentName {
    /// As it is printed.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            ComponentName::Sampling => "finite number of repeats",
            ComponentName::Calibration => "calibration of the instrument",
            ComponentName::Registration => "registration of the instrument",
            ComponentName::InstrumentNoise => "noise of the instrument",
            ComponentName::Resolution => "resolution of the instrument",
            ComponentName::ClockResolution => "resolution of the recorder's clock",
            ComponentName::ClockRate => "rate of the recorder's clock",
            ComponentName::ThresholdNoise => "noise at the threshold",
            ComponentName::ReadingInterval => "interval between readings",
            ComponentName::Step => "step of the simulation",
            ComponentName::ClockOffset => "offset between clocks",
            ComponentName::ClockDrift => "drift between clocks",
            ComponentName::FrequencyBin => "width of a frequency bin",
        }
    }
}

impl fmt::Display for ComponentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.words())
    }
}

/// How a component was evaluated (GUM 2.3.2, 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EvaluationType {
    /// By statistics of the readings themselves.
    A,
    /// By other means: a statement, a specification, a bound.
    B,
}

/// One component of a figure's uncertainty, already in the figure's unit (sensitivity included).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct UncertaintyComponent {
    /// Where it comes from.
    pub name: ComponentName,
    /// Standard uncertainty in the figure's SI unit; not negative.
    pub standard_u: f64,
    /// How it was evaluated.
    #[serde(rename = "type")]
    pub evaluation: EvaluationType,
    /// `None`: infinitely many, the value of `standard_u` is taken as exact (GUM G.4.3).
    pub degrees_of_freedom: Option<f64>,
}

impl UncertaintyComponent {
    /// By statistics, with its degrees of freedom.
    #[must_use]
    pub fn type_a(name: ComponentName, standard_u: f64, degrees_of_freedom: f64) -> UncertaintyComponent {
        let degrees_of_freedom = Some(degrees_of_freedom);
        UncertaintyComponent { name, standard_u, evaluation: EvaluationType::A, degrees_of_freedom }
    }

    /// By other means, taken as exact.
    #[must_use]
    pub fn type_b(name: ComponentName, standard_u: f64) -> UncertaintyComponent {
        UncertaintyComponent { name, standard_u, evaluation: EvaluationType::B, degrees_of_freedom: None }
    }
}

/// Standard uncertainty of an error that lies anywhere within ±`half_width` with equal probability (GUM 4.3.7).
#[must_use]
pub fn rectangular(half_width: f64) -> f64 {
    half_width / f64::sqrt(3.0)
}

/// Standard uncertainty of the distance of two instants, each anywhere within one `unit` of resolution.
#[must_use]
pub(crate) fn both_ends(unit: f64) -> f64 {
    std::f64::consts::SQRT_2 * rectangular(0.5 * unit)
}

/// How wide an expanded uncertainty is asked to be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coverage {
    /// This coverage factor k, whatever the degrees of freedom.
    Factor(f64),
    /// The k of Student's t for this probability, at the effective degrees of freedom (GUM G.3, G.4).
    Probability(f64),
}

impl Coverage {
    /// The probability that k = 2 has for many degrees of freedom: 95.45 %.
    pub const OF_K_2: Coverage = Coverage::Probability(0.9545);

    /// k at these effective degrees of freedom (`None`: infinitely many).
    ///
    /// NaN for a probability outside [0, 1].
    #[must_use]
    pub fn factor(self, degrees_of_freedom: Option<f64>) -> f64 {
        match self {
            Coverage::Factor(k) => k,
            Coverage::Probability(p) => {
                student_t_quantile(0.5 * (1.0 + p), degrees_of_freedom.unwrap_or(f64::INFINITY))
            }
        }
    }
}

impl Default for Coverage {
    /// k = 2.
    fn default() -> Self {
        Coverage::Factor(2.0)
    }
}

/// The components of one figure together; taken as uncorrelated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget<'a>(pub &'a [UncertaintyComponent]);

impl Budget<'_> {
    /// Combined standard uncertainty: the root of the sum of squares (GUM 5.1.2).
    #[must_use]
    pub fn combined_u(&self) -> f64 {
        self.0.iter().map(|c| c.standard_u * c.standard_u).fold(0.0, |sum, square| sum + square).sqrt()
    }

    /// Effective degrees of freedom after Welch and Satterthwaite (GUM G.4.1), not truncated; `None`: infinitely many.
    #[must_use]
    pub fn effective_degrees_of_freedom(&self) -> Option<f64> {
        let total = self.combined_u();
        if total == 0.0 {
            return None;
        }
        let sum: f64 = self
            .0
            .iter()
            .filter_map(|c| c.degrees_of_freedom.map(|dof| trocar_math::powi(c.standard_u / total, 4) / dof))
            .sum();
        (sum > 0.0).then(|| 1.0 / sum)
    }

    /// The component with the largest standard uncertainty, of those that `which` admits.
    #[must_use]
    pub fn largest(&self, which: impl Fn(ComponentName) -> bool) -> Option<UncertaintyComponent> {
        self.0.iter().copied().filter(|c| c.standard_u > 0.0 && which(c.name)).fold(
            None,
            |best, c| match best {
                Some(b) if b.standard_u >= c.standard_u => best,
                _ => Some(c),
            },
        )
    }

    /// Expanded uncertainty and its coverage factor k.
    #[must_use]
    pub fn expand(&self, coverage: Coverage) -> (f64, f64) {
        let k = coverage.factor(self.effective_degrees_of_freedom());
        (k * self.combined_u(), k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ComponentName::*;
    use proptest::prelude::*;

    /// JCGM 100:2008, G.4.1, example: y = b x₁ x₂ x₃ with relative standard uncertainties of 0.25 %, 0.57 % and
    /// 0.82 % from 10, 5 and 15 readings gives 1.03 %, 19.0 effective degrees of freedom, t₉₅ = 2.09, U₉₅ = 2.2 %.
    #[test]
    fn welch_satterthwaite_of_the_gum() {
        let components = [
            UncertaintyComponent::type_a(Sampling, 0.25, 9.0),
            UncertaintyComponent::type_a(Calibration, 0.57, 4.0),
            UncertaintyComponent::type_a(Registration, 0.82, 14.0),
        ];
        let budget = Budget(&components);
        assert!((budget.combined_u() - 1.03).abs() < 0.005, "printed with two decimals");
        assert!(
            (budget.effective_degrees_of_freedom().unwrap() - 19.0).abs() < 0.05,
            "printed with one decimal"
        );
        let (expanded, k) = budget.expand(Coverage::Probability(0.95));
        assert!((k - 2.09).abs() < 0.005 && (expanded - 2.2).abs() < 0.05);
    }

    /// JCGM 100:2008, H.1.6: the end gauge; 25, 9.7, 2.9 and 16.6 nm with 18, 25.6, 50 and 2 degrees of freedom
    /// beside components without any give 16.7.
    #[test]
    fn end_gauge_of_the_gum() {
        let components = [(25.0, 18.0), (9.7, 25.6), (2.9, 50.0), (16.6, 2.0)]
            .map(|(u, dof)| UncertaintyComponent::type_a(Sampling, u, dof));
        let dof = Budget(&components).effective_degrees_of_freedom().unwrap();
        // u_c is printed as 32 nm, and enters with its fourth power: the published inputs give 16.76.
        assert!((dof - 16.7).abs() < 0.1, "{dof}");
    }

    #[test]
    fn exact_components_leave_the_normal_factor() {
        let components =
            [UncertaintyComponent::type_b(Calibration, 3.0), UncertaintyComponent::type_b(Step, 4.0)];
        let budget = Budget(&components);
        assert_eq!(budget.combined_u(), 5.0);
        assert_eq!(budget.effective_degrees_of_freedom(), None);
        let (_, k) = budget.expand(Coverage::OF_K_2);
        assert!((k - 2.0).abs() < 1e-4, "95.45 % is 2 to four digits");
        assert_eq!(Budget(&[]).expand(Coverage::default()), (0.0, 2.0));
        assert_eq!(budget.largest(|name| name != Step).map(|c| c.name), Some(Calibration));
    }

    proptest! {
        /// With equal shares, degrees of freedom add; otherwise they lie between the least and the sum.
        #[test]
        fn effective_degrees_lie_in_their_bounds(parts in prop::collection::vec((0.01..10.0_f64, 1.0..50.0_f64), 1..6)) {
            let components: Vec<_> =
                parts.iter().map(|(u, dof)| UncertaintyComponent::type_a(Sampling, *u, *dof)).collect();
            let dof = Budget(&components).effective_degrees_of_freedom().unwrap();
            let least = parts.iter().map(|p| p.1).fold(f64::INFINITY, trocar_math::min);
            let sum: f64 = parts.iter().map(|p| p.1).sum();
            prop_assert!(dof >= least * (1.0 - 1e-12) && dof <= sum * (1.0 + 1e-12));
        }
    }
}
