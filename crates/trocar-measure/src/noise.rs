//! What an instrument would read of a device that does not move at all: the figure that is its own noise.

use std::f64::consts::PI;

/// Mean of the distance from its centre of a point with standard deviation 1 on each of three axes: 2 √(2/π), the
/// mean of Maxwell's distribution.
#[must_use]
pub fn maxwell_mean() -> f64 {
    2.0 * f64::sqrt(2.0 / PI)
}

/// Standard deviation of the same distance: √(3 − 8/π).
#[must_use]
pub fn maxwell_sd() -> f64 {
    f64::sqrt(3.0 - 8.0 / PI)
}

/// The position repeatability RP_l that noise alone would give on average: `noise_sd` (m) on each of three axes,
/// independent and normal, `n` cycles; zero for fewer than three.
///
/// For many cycles 1.5958 σ + 3 · 0.6734 σ = 3.616 σ. For few, distances are taken from the mean of the same `n`
/// readings, so that each axis has variance σ² (n−1)/n (exact) and two readings correlate by ρ = −1/(n−1): the
/// distances' expected sample variance is then their variance less their covariance (8/π)(₂F₁(−½, −½; 3/2; ρ²) − 1)
/// (exact), and the mean of its root is smaller by an eighth of the relative variance of S² (second order; within
/// 2 % of RP from three cycles up, by simulation).
#[must_use]
pub fn repeatability_of_noise(noise_sd: f64, n: u64) -> f64 {
    if n < 3 {
        return 0.0;
    }
    let n = n as f64;
    let axis_sd = noise_sd * f64::sqrt((n - 1.0) / n);
    let rho_squared = 1.0 / ((n - 1.0) * (n - 1.0));
    let mut term = 1.0;
    let mut covariance = 0.0;
    for m in 0..40 {
        let m = f64::from(m);
        term *= (m - 0.5) * (m - 0.5) / ((m + 1.5) * (m + 1.0)) * rho_squared;
        covariance += term;
    }
    let variance = 3.0 - 8.0 / PI - 8.0 / PI * covariance;
    let variance_of_variance = 2.0 / (n - 1.0) + maxwell_excess_kurtosis() / n;
    let spread = variance.sqrt() * (1.0 - variance_of_variance / 8.0);
    axis_sd * (maxwell_mean() + 3.0 * spread)
}

/// Fourth cumulant of Maxwell's distribution over its variance squared: 4 (40π − 96 − 3π²) / (3π − 8)², 0.108.
fn maxwell_excess_kurtosis() -> f64 {
    4.0 * (40.0 * PI - 96.0 - 3.0 * PI * PI) / ((3.0 * PI - 8.0) * (3.0 * PI - 8.0))
}

/// The distance between the mean of `n` readings and where they belong, on average, from noise alone.
#[must_use]
pub fn accuracy_of_noise(noise_sd: f64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { maxwell_mean() * noise_sd / f64::sqrt(n as f64) }
}

/// Standard deviation of the mean of `n` readings along one axis.
pub(crate) fn sd_of_mean(noise_sd: f64, n: u64) -> f64 {
    if n == 0 { 0.0 } else { noise_sd / f64::sqrt(n as f64) }
}

/// The size of the mean of `n` readings of one number that belongs at zero, on average: √(2/π) σ/√n.
pub(crate) fn mean_of_noise(noise_sd: f64, n: u64) -> f64 {
    f64::sqrt(2.0 / PI) * sd_of_mean(noise_sd, n)
}

/// Three sample standard deviations of `n` readings of one number, on average, from noise alone: 3 c₄(n) σ with
/// c₄ = 1 − 1/(4n) − 7/(32n²), which is right to 0.3 % from three readings up.
pub(crate) fn scatter_of_noise(noise_sd: f64, n: u64) -> f64 {
    if n < 2 {
        return 0.0;
    }
    let n = n as f64;
    3.0 * noise_sd * (1.0 - 1.0 / (4.0 * n) - 7.0 / (32.0 * n * n))
}

/// Standard deviation of three sample standard deviations of `n` readings of one number: 3 σ/√(2(n−1)), to first order.
pub(crate) fn sd_of_scatter(noise_sd: f64, n: u64) -> f64 {
    if n < 2 { 0.0 } else { 3.0 * noise_sd / f64::sqrt(2.0 * (n as f64 - 1.0)) }
}

/// Standard deviation of the RP_l that noise alone gives: of mean(l) + 3 S_l with l of Maxwell's distribution, to first
/// order in 1/n, its skewness (0.486) and excess kurtosis included. Within 10 % of simulation from ten cycles up.
pub(crate) fn sd_of_repeatability(noise_sd: f64, n: u64) -> f64 {
    if n < 3 {
        return 0.0;
    }
    let n = n as f64;
    let of_mean = 1.0 / n;
    let of_spread = 9.0 * (2.0 / (n - 1.0) + maxwell_excess_kurtosis() / n) / 4.0;
    let of_both = 3.0 * 0.4857 / n;
    noise_sd * maxwell_sd() * (of_mean + of_spread + of_both).sqrt()
}

/// The largest distance between the mean positions of `directions` groups of `n` readings each, on average, from noise
/// alone: two means differ by √(2/n) σ on each axis, and the largest of several such distances lies about as far above
/// their mean as the largest of as many numbers does. Within 6 % of simulation for two to six directions.
pub(crate) fn directions_of_noise(noise_sd: f64, n: u64, directions: u64) -> f64 {
    let pairs = directions * directions.saturating_sub(1) / 2;
    if pairs == 0 {
        return 0.0;
    }
    std::f64::consts::SQRT_2 * sd_of_mean(noise_sd, n) * (maxwell_mean() + largest_of(pairs) * maxwell_sd())
}

/// About the largest of `n` distances of a point from its centre in a plane, with standard deviation 1 on both axes:
/// Rayleigh's mean √(π/2) and standard deviation √(2 − π/2).
pub(crate) fn largest_across(n: u64) -> f64 {
    f64::sqrt(PI / 2.0) + largest_of(n) * f64::sqrt(2.0 - PI / 2.0)
}

/// As [`repeatability_of_noise`] for readings that scatter in a plane: of many cycles √(π/2) + 3 √(2 − π/2) = 3.219 σ,
/// of few as much less as in space.
pub(crate) fn repeatability_across(noise_sd: f64, n: u64) -> f64 {
    let plane = f64::sqrt(PI / 2.0) + 3.0 * f64::sqrt(2.0 - PI / 2.0);
    repeatability_of_noise(noise_sd, n) * plane / (maxwell_mean() + 3.0 * maxwell_sd())
}

/// The largest less the smallest of `n` independent normal errors with standard deviation 1, on average: twice Blom's
/// approximation Φ⁻¹((n − 3/8)/(n + 1/4)) of the largest, which is right to 5 % for two and better for more.
pub(crate) fn range_of(n: u64) -> f64 {
    if n < 2 {
        return 0.0;
    }
    -2.0 * trocar_math::special::normal_quantile(0.625 / (n as f64 + 0.25))
}

/// About how large the largest of `n` independent normal errors with standard deviation 1 is in size: Blom's approximation for
/// twice as many, within 8 % for two and 3 % from nine on.
pub(crate) fn largest_of_sizes(n: u64) -> f64 {
    match n {
        0 => 0.0,
        1 => f64::sqrt(2.0 / PI),
        _ => -trocar_math::special::normal_quantile(0.625 / (2.0 * n as f64 + 0.25)),
    }
}

/// About how far the largest of `n` independent normal errors with standard deviation 1 lies above their mean: the
/// quantile of n/(n+1). Zero for one.
#[must_use]
pub fn largest_of(n: u64) -> f64 {
    if n < 2 {
        return 0.0;
    }
    -trocar_math::special::normal_quantile(1.0 / (n as f64 + 1.0))
}

/// By how much noise that alone would give `alone` may have raised a figure to `value`, where the two add by squares:
/// at most `value`.
pub(crate) fn raised_by(value: f64, alone: f64) -> f64 {
    value - trocar_math::max(0.0, value * value - alone * alone).sqrt()
}
