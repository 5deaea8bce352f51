//! Running statistics of one number, in one pass.

use serde::{Deserialize, Serialize};
use trocar_signal::Time;

/// Count, mean, scatter, extremes and last value of numbers as they come. Mean and scatter after Welford,
/// Technometrics 4 (1962) 419.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Running {
    count: u64,
    mean: f64,
    /// Σ (x − mean)².
    squares: f64,
    lowest: Extreme,
    highest: Extreme,
    last: Extreme,
}

/// A value with the instant at which it was first reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Extreme {
    pub value: f64,
    pub at: Time,
}

impl Running {
    pub fn push(&mut self, at: Time, value: f64) {
        let new = Extreme { value, at };
        self.count += 1;
        let from_mean = value - self.mean;
        self.mean += from_mean / self.count as f64;
        self.squares += from_mean * (value - self.mean);
        if self.count == 1 || value < self.lowest.value {
            self.lowest = new;
        }
        if self.count == 1 || value > self.highest.value {
            self.highest = new;
        }
        self.last = new;
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Sample variance (n − 1); `None` for fewer than two.
    pub fn variance(&self) -> Option<f64> {
        (self.count >= 2).then(|| self.squares / (self.count - 1) as f64)
    }

    pub fn lowest(&self) -> Extreme {
        self.lowest
    }

    pub fn highest(&self) -> Extreme {
        self.highest
    }

    pub fn last(&self) -> Extreme {
        self.last
    }

    /// Whether at least two numbers came and all were the same.
    pub fn all_equal(&self) -> bool {
        self.count >= 2 && self.lowest.value == self.highest.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn one_pass_agrees_with_two(values in prop::collection::vec(-1e3..1e3_f64, 2..60), shift in -1e6..1e6_f64) {
            let mut running = Running::default();
            for (i, x) in values.iter().enumerate() {
                running.push(Time(i as u64), x + shift);
            }
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let variance = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (n - 1.0);
            // Rounding of a number near 1e6 is 1e-10; scatter is of order 1e3.
            prop_assert!((running.mean() - shift - mean).abs() < 1e-8);
            prop_assert!((running.variance().unwrap() - variance).abs() < 1e-6 * (1.0 + variance));
            let highest = values.iter().map(|x| x + shift).fold(f64::NEG_INFINITY, trocar_math::max);
            prop_assert_eq!(running.highest().value, highest);
            prop_assert_eq!(running.last().value, values[values.len() - 1] + shift);
        }
    }

    #[test]
    fn equal_numbers_have_no_scatter_at_all() {
        let mut running = Running::default();
        for i in 0..1000 {
            assert_eq!(running.all_equal(), i >= 2);
            running.push(Time(i), 0.1);
        }
        assert_eq!((running.mean(), running.variance()), (0.1, Some(0.0)));
        assert_eq!(running.highest().at, Time(0), "the first instant of an extreme counts");
    }
}
