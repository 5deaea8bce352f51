//! Time as an integer number of nanoseconds since the start of a run, and rates as exact ratios.
//!
//! Instants of periodic activity are never accumulated: the k-th instant of a rate is computed from k, and all rates
//! round down to a nanosecond in the same way, so that the instants of commensurate rates coincide exactly.

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Nanoseconds in one second.
pub const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// An instant: nanoseconds since the start of the run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable, Serialize, Deserialize,
)]
#[repr(transparent)]
#[serde(transparent)]
pub struct Time(pub u64);

/// A duration in nanoseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Pod, Zeroable, Serialize, Deserialize,
)]
#[repr(transparent)]
#[serde(transparent)]
pub struct Nanos(pub u64);

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// An instant that no run reaches.
    pub const NEVER: Time = Time(u64::MAX);

    /// The instant in seconds; exact to a nanosecond for runs shorter than 100 days.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// This instant plus a duration; saturates at [`Time::NEVER`].
    #[inline]
    #[must_use]
    pub fn plus(self, duration: Nanos) -> Time {
        Time(self.0.saturating_add(duration.0))
    }

    /// The duration since an earlier instant; zero if `earlier` is later.
    #[inline]
    #[must_use]
    pub fn since(self, earlier: Time) -> Nanos {
        Nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Nanos {
    /// No duration.
    pub const ZERO: Nanos = Nanos(0);

    /// The duration in seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// The nearest whole number of nanoseconds to a duration in seconds.
    /// `None` if it is negative, not finite or beyond 500 years.
    #[must_use]
    pub fn from_seconds(seconds: f64) -> Option<Nanos> {
        let nanos = (seconds * NANOS_PER_SECOND as f64).round();
        (0.0..1.6e19).contains(&nanos).then_some(Nanos(nanos as u64))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} s", self.seconds())
    }
}

/// A rate as an exact ratio: `numerator / denominator` activations per second. Never zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    numerator: u64,
    denominator: u64,
}

impl Rate {
    /// `numerator / denominator` Hz in lowest terms; `None` unless both are in 1 ..= 1e12.
    #[must_use]
    pub const fn new(numerator: u64, denominator: u64) -> Option<Rate> {
        const LIMIT: u64 = 1_000_000_000_000;
        if numerator == 0 || denominator == 0 || numerator > LIMIT || denominator > LIMIT {
            return None;
        }
        let (mut a, mut b) = (numerator, denominator);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Some(Rate { numerator: numerator / a, denominator: denominator / a })
    }

    /// The rate nearest to `hz`, exact to a millionth of a hertz; `None` unless 1e-6 ≤ hz ≤ 1e6.
    #[must_use]
    pub fn from_hz(hz: f64) -> Option<Rate> {
        if !(1e-6..=1e6).contains(&hz) {
            return None;
        }
        Rate::new((hz * 1e6).round() as u64, 1_000_000)
    }

    /// The ratio in lowest terms: numerator and denominator.
    #[must_use]
    pub const fn ratio(self) -> (u64, u64) {
        (self.numerator, self.denominator)
    }

    /// Activations per second.
    #[must_use]
    pub fn hz(self) -> f64 {
        self.numerator as f64 / self.denominator as f64
    }

    /// The period in seconds.
    #[must_use]
    pub fn period_s(self) -> f64 {
        self.denominator as f64 / self.numerator as f64
    }

    /// The instant of activation `k`: `k / rate`, rounded down to a nanosecond.
    #[inline]
    #[must_use]
    pub fn instant(self, k: u64) -> Time {
        let nanos = u128::from(k) * u128::from(self.denominator) * u128::from(NANOS_PER_SECOND)
            / u128::from(self.numerator);
        Time(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// The smallest `k` whose instant is not before `time`.
    #[must_use]
    pub fn first_not_before(self, time: Time) -> u64 {
        let exact = u128::from(time.0) * u128::from(self.numerator)
            / (u128::from(self.denominator) * u128::from(NANOS_PER_SECOND));
        let mut k = u64::try_from(exact).unwrap_or(u64::MAX);
        while self.instant(k) < time {
            k += 1;
        }
        k
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hz = self.hz();
        if hz >= 1000.0 { write!(f, "{} kHz", hz / 1000.0) } else { write!(f, "{hz} Hz") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn commensurate_rates_share_their_instants_to_the_nanosecond() {
        let servo = Rate::new(1500, 1).unwrap();
        let island = Rate::new(3000, 1).unwrap();
        let tracker = Rate::new(1000, 1).unwrap();
        for k in (0..1_000_000).step_by(997) {
            assert_eq!(servo.instant(k), island.instant(2 * k));
            assert_eq!(tracker.instant(k), island.instant(3 * k));
        }
    }

    proptest! {
        /// The definition of `first_not_before`, for any rate and instant.
        #[test]
        fn first_not_before_is_the_first(n in 1u64..5_000_000, d in 1u64..5_000_000, t in 0u64..10_000_000_000_000) {
            let rate = Rate::new(n, d).unwrap();
            let k = rate.first_not_before(Time(t));
            prop_assert!(rate.instant(k) >= Time(t));
            prop_assert!(k == 0 || rate.instant(k - 1) < Time(t));
        }
    }

    #[test]
    fn a_rate_from_a_decimal_is_exact() {
        assert_eq!(Rate::from_hz(1500.0), Rate::new(1500, 1));
        assert_eq!(Rate::from_hz(0.1), Rate::new(1, 10));
        assert_eq!(Rate::from_hz(0.0), None);
        assert_eq!(Rate::from_hz(f64::NAN), None);
    }
}
