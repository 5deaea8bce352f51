//! Distribution functions and quantiles, for coverage factors and for draws.
//!
//! An argument outside a function's domain gives NaN.

/// Standard normal distribution function, from `libm`'s complementary error function.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// Standard normal quantile: Wichura, algorithm AS 241 (PPND16), Applied Statistics 37 (1988), about 1e-16 relative.
///
/// −∞ at 0, +∞ at 1, NaN outside [0, 1].
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * ratio(&CENTRAL, r);
    }
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    let tail = if q < 0.0 { p } else { 1.0 - p };
    let z = if tail == 0.0 {
        f64::INFINITY
    } else {
        let r = crate::ln(tail).abs().sqrt();
        if r <= 5.0 { ratio(&MIDDLE, r - 1.6) } else { ratio(&FAR, r - 5.0) }
    };
    if q < 0.0 { -z } else { z }
}

/// Numerator and denominator of one of AS 241's rational functions, constant term first.
type Rational = [[f64; 8]; 2];

fn ratio([numerator, denominator]: &Rational, r: f64) -> f64 {
    let horner = |c: &[f64; 8]| c.iter().rev().fold(0.0, |sum, &term| sum * r + term);
    horner(numerator) / horner(denominator)
}

#[expect(clippy::excessive_precision, reason = "the digits as published")]
const CENTRAL: Rational = [
    [
        3.387_132_872_796_366_608_0,
        1.331_416_678_917_843_774_5e2,
        1.971_590_950_306_551_442_7e3,
        1.373_169_376_550_946_112_5e4,
        4.592_195_393_154_987_145_7e4,
        6.726_577_092_700_870_085_3e4,
        3.343_057_558_358_812_810_5e4,
        2.509_080_928_730_122_672_7e3,
    ],
    [
        1.0,
        4.231_333_070_160_091_125_2e1,
        6.871_870_074_920_579_083_0e2,
        5.394_196_021_424_751_107_7e3,
        2.121_379_430_158_659_586_7e4,
        3.930_789_580_009_271_061_0e4,
        2.872_908_573_572_194_267_4e4,
        5.226_495_278_852_854_561_0e3,
    ],
];

#[expect(clippy::excessive_precision, reason = "the digits as published")]
const MIDDLE: Rational = [
    [
        1.423_437_110_749_683_577_34,
        4.630_337_846_156_545_295_90,
        5.769_497_221_460_691_405_50,
        3.647_848_324_763_204_605_04,
        1.270_458_252_452_368_382_58,
        2.417_807_251_774_506_117_70e-1,
        2.272_384_498_926_918_458_33e-2,
        7.745_450_142_783_414_076_40e-4,
    ],
    [
        1.0,
        2.053_191_626_637_758_821_87,
        1.676_384_830_183_803_849_40,
        6.897_673_349_851_000_045_50e-1,
        1.481_039_764_274_800_745_90e-1,
        1.519_866_656_361_645_719_66e-2,
        5.475_938_084_995_344_946_00e-4,
        1.050_750_071_644_416_843_24e-9,
    ],
];

#[expect(clippy::excessive_precision, reason = "the digits as published")]
const FAR: Rational = [
    [
        6.657_904_643_501_103_777_20,
        5.463_784_911_164_114_369_90,
        1.784_826_539_917_291_335_80,
        2.965_605_718_285_048_912_30e-1,
        2.653_218_952_657_612_309_30e-2,
        1.242_660_947_388_078_438_60e-3,
        2.711_555_568_743_487_578_15e-5,
        2.010_334_399_292_288_132_65e-7,
    ],
    [
        1.0,
        5.998_322_065_558_879_376_90e-1,
        1.369_298_809_227_358_053_10e-1,
        1.487_536_129_085_061_485_25e-2,
        7.868_691_311_456_132_591_00e-4,
        1.846_318_317_510_054_681_80e-5,
        1.421_511_758_316_445_888_70e-7,
        2.044_263_103_389_939_785_64e-15,
    ],
];

/// Regularised incomplete beta function I_x(a, b), for a, b > 0 and x in [0, 1].
///
/// Continued fraction by Lentz's method, on the side where it converges (DLMF 8.17.22). NaN outside the domain.
#[must_use]
pub fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if !(0.0..=1.0).contains(&x) {
        return f64::NAN;
    }
    incomplete_beta_between(x, 1.0 - x, a, b)
}

/// As [`incomplete_beta`], with 1 − x given as well: near x = 1 the caller may know it better than x tells.
fn incomplete_beta_between(x: f64, one_minus_x: f64, a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0 && a.is_finite() && b.is_finite()) {
        return f64::NAN;
    }
    if x == 0.0 || one_minus_x == 0.0 {
        return x;
    }
    let log_factor = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * crate::ln(x)
        + b * crate::ln(one_minus_x);
    let factor = crate::exp(log_factor);
    if x < (a + 1.0) / (a + b + 2.0) {
        factor * beta_fraction(x, a, b) / a
    } else {
        1.0 - factor * beta_fraction(one_minus_x, b, a) / b
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    // Converges in O(√max(a, b)) terms; the bound is reached by no argument up to 1e8.
    for m in 1..100_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for coefficient in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + coefficient * d);
            c = away_from_zero(1.0 + coefficient / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < 1e-16 {
            break;
        }
    }
    fraction
}

/// Distribution function of Student's t with `degrees_of_freedom` > 0, not necessarily whole.
#[must_use]
pub fn student_t_cdf(t: f64, degrees_of_freedom: f64) -> f64 {
    let upper = student_t_upper_tail(t.abs(), degrees_of_freedom);
    if t < 0.0 { upper } else { 1.0 - upper }
}

/// P(T > t) for t ≥ 0.
fn student_t_upper_tail(t: f64, dof: f64) -> f64 {
    if dof == f64::INFINITY {
        return normal_cdf(-t);
    }
    let scale = dof + t * t;
    if scale == f64::INFINITY {
        return 0.0;
    }
    0.5 * incomplete_beta_between(dof / scale, t * t / scale, 0.5 * dof, 0.5)
}

/// Quantile of Student's t: the coverage factor for `p` = (1 + coverage) / 2 (GUM, JCGM 100:2008, annex G).
///
/// `degrees_of_freedom` > 0 need not be whole and may be infinite (the normal quantile). −∞ at 0, +∞ at 1, NaN outside.
#[must_use]
pub fn student_t_quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    if degrees_of_freedom == f64::INFINITY {
        return normal_quantile(p);
    }
    if !((0.0..=1.0).contains(&p) && degrees_of_freedom > 0.0) {
        return f64::NAN;
    }
    let tail = if p < 0.5 { p } else { 1.0 - p };
    if tail == 0.5 {
        return 0.0;
    }
    let t = if tail == 0.0 {
        f64::INFINITY
    } else {
        rising_root(|t| tail - student_t_upper_tail(t, degrees_of_freedom))
    };
    if p < 0.5 { -t } else { t }
}

/// Distribution function of χ² with `degrees_of_freedom` > 0: the regularised lower incomplete gamma function.
#[must_use]
pub fn chi2_cdf(x: f64, degrees_of_freedom: f64) -> f64 {
    if !(degrees_of_freedom > 0.0 && degrees_of_freedom.is_finite() && x >= 0.0) {
        return f64::NAN;
    }
    let (a, x) = (0.5 * degrees_of_freedom, 0.5 * x);
    if x == 0.0 {
        return 0.0;
    }
    if x == f64::INFINITY {
        return 1.0;
    }
    let factor = crate::exp(a * crate::ln(x) - x - libm::lgamma(a));
    if x < a + 1.0 {
        // DLMF 8.11.4: the series of γ(a, x).
        let (mut term, mut sum, mut n) = (1.0 / a, 1.0 / a, a);
        for _ in 0..100_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < 1e-17 * sum {
                break;
            }
        }
        factor * sum
    } else {
        // DLMF 8.9.2: the continued fraction of Γ(a, x), by Lentz's method.
        let mut b = x + 1.0 - a;
        let (mut c, mut d) = (1e300, 1.0 / b);
        let mut fraction = d;
        for i in 1..100_000 {
            let i = f64::from(i);
            let coefficient = i * (a - i);
            b += 2.0;
            d = 1.0 / (coefficient * d + b);
            c = b + coefficient / c;
            fraction *= c * d;
            if (c * d - 1.0).abs() < 1e-16 {
                break;
            }
        }
        1.0 - factor * fraction
    }
}

/// Quantile of χ² with `degrees_of_freedom` > 0. 0 at 0, +∞ at 1, NaN outside.
#[must_use]
pub fn chi2_quantile(p: f64, degrees_of_freedom: f64) -> f64 {
    if !((0.0..=1.0).contains(&p) && degrees_of_freedom > 0.0 && degrees_of_freedom.is_finite()) {
        f64::NAN
    } else if p == 0.0 {
        0.0
    } else if p == 1.0 {
        f64::INFINITY
    } else {
        rising_root(|x| chi2_cdf(x, degrees_of_freedom) - p)
    }
}

/// The positive root of a rising function, to the last bit, by doubling and bisection.
fn rising_root(f: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while f(high) < 0.0 && high < f64::MAX / 4.0 {
        low = high;
        high *= 2.0;
    }
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            return high;
        }
        if f(middle) < 0.0 { low = middle } else { high = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn normal_quantiles_from_tables() {
        // Wichura (1988) prints the first three; the others are from mpmath 1.3 (50 digits).
        for (p, z) in [
            (0.25, -0.674_489_750_196_081_7),
            (0.001, -3.090_232_306_167_814),
            (1e-20, -9.262_340_089_798_408),
            (0.975, 1.959_963_984_540_054),
            (0.995, 2.575_829_303_548_901),
            (1e-300, -37.047_096_299_361_2),
        ] {
            assert!((normal_quantile(p) / z - 1.0).abs() < 1e-14, "{p}: {}", normal_quantile(p));
        }
        assert_eq!(normal_quantile(0.5), 0.0);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(normal_quantile(1.0), f64::INFINITY);
        assert!(
            normal_quantile(-0.1).is_nan()
                && normal_quantile(1.1).is_nan()
                && normal_quantile(f64::NAN).is_nan()
        );
    }

    #[test]
    fn coverage_factors_of_the_gum() {
        // JCGM 100:2008 table G.2, two decimals: (degrees of freedom, coverage, t).
        for (dof, coverage, t) in [
            (1.0, 0.95, 12.71),
            (1.0, 0.99, 63.66),
            (2.0, 0.95, 4.30),
            (5.0, 0.6827, 1.11),
            (5.0, 0.9545, 2.65),
            (5.0, 0.9973, 5.51),
            (10.0, 0.90, 1.81),
            (10.0, 0.95, 2.23),
            (20.0, 0.99, 2.85),
            (50.0, 0.95, 2.01),
            (100.0, 0.95, 1.984),
        ] {
            let got = student_t_quantile(0.5 * (1.0 + coverage), dof);
            assert!((got - t).abs() <= 0.0051, "{dof} {coverage}: {got}");
        }
        assert_eq!(student_t_quantile(0.975, f64::INFINITY), normal_quantile(0.975));
        assert!(student_t_quantile(0.975, 0.0).is_nan() && student_t_quantile(1.5, 3.0).is_nan());
        assert_eq!(student_t_quantile(0.0, 3.0), f64::NEG_INFINITY);
    }

    #[test]
    fn student_t_closed_forms() {
        for p in [1e-9, 0.01, 0.1, 0.3, 0.6, 0.9, 0.975, 0.999] {
            // One degree of freedom is the Cauchy law, two have an algebraic quantile; 1e-12 is the continued
            // fraction's and lgamma's error, enlarged near t = 0 and by the digits that 1 − p loses.
            let cauchy = -1.0 / crate::tan(std::f64::consts::PI * p);
            assert!((student_t_quantile(p, 1.0) - cauchy).abs() < 1e-12 * (1.0 + cauchy.abs()), "{p}");
            let two = (2.0 * p - 1.0) / f64::sqrt(2.0 * p * (1.0 - p));
            assert!((student_t_quantile(p, 2.0) - two).abs() < 1e-12 * (1.0 + two.abs()), "{p}");
        }
        // Large numbers of degrees of freedom approach the normal law as (z³ + z) / 4ν.
        let z = normal_quantile(0.975);
        let expected = z + (z * z * z + z) / 4e6;
        assert!((student_t_quantile(0.975, 1e6) - expected).abs() < 1e-9);
    }

    #[test]
    fn chi2_quantiles() {
        for p in [1e-6, 0.05, 0.5, 0.95, 0.999] {
            let two = -2.0 * libm::log1p(-p);
            assert!((chi2_quantile(p, 2.0) / two - 1.0).abs() < 1e-12);
            let one = crate::powi(normal_quantile(0.5 * (1.0 + p)), 2);
            assert!((chi2_quantile(p, 1.0) / one - 1.0).abs() < 1e-9);
        }
        // NIST/SEMATECH e-Handbook 1.3.6.7.4, three decimals.
        for (p, dof, x) in
            [(0.95, 10.0, 18.307), (0.975, 4.0, 11.143), (0.05, 10.0, 3.940), (0.99, 100.0, 135.807)]
        {
            assert!((chi2_quantile(p, dof) - x).abs() < 0.0006, "{p} {dof}");
        }
    }

    #[test]
    fn incomplete_beta_closed_forms() {
        for x in [0.0, 1e-3, 0.2, 0.5, 0.77, 1.0] {
            assert!((incomplete_beta(x, 1.0, 1.0) - x).abs() < 1e-14);
            assert!((incomplete_beta(x, 3.0, 1.0) - x * x * x).abs() < 1e-14);
            assert!((incomplete_beta(x, 2.0, 2.0) - x * x * (3.0 - 2.0 * x)).abs() < 1e-14);
        }
        assert!(incomplete_beta(1.5, 1.0, 1.0).is_nan() && incomplete_beta(0.5, -1.0, 1.0).is_nan());
    }

    proptest! {
        #[test]
        fn normal_quantile_inverts_the_cdf(z in -30.0..8.0_f64) {
            // The quantile turns a relative error of p into (φ(z)/p) of it at most: near z = 8, p = 1 − 6e-16
            // has lost all its digits, so compare in p where z > 0.
            let p = normal_cdf(z);
            if z < 0.0 {
                prop_assert!((normal_quantile(p) - z).abs() < 1e-13 * (1.0 + z.abs()));
            } else {
                prop_assert!((normal_cdf(normal_quantile(p)) - p).abs() < 4.0 * f64::EPSILON);
            }
        }

        #[test]
        fn student_t_quantile_inverts_the_cdf(p in 0.001..0.999_f64, dof in 0.5..200.0_f64) {
            prop_assert!((student_t_cdf(student_t_quantile(p, dof), dof) - p).abs() < 1e-12);
        }

        #[test]
        fn incomplete_beta_is_symmetric(x in 0.0..1.0_f64, a in 0.1..50.0_f64, b in 0.1..50.0_f64) {
            prop_assert!((incomplete_beta(x, a, b) + incomplete_beta(1.0 - x, b, a) - 1.0).abs() < 1e-12);
        }
    }
}
