//! Elementary functions with the same bits everywhere.

/// Sine of an angle in radians.
#[inline]
#[must_use]
pub fn sin(angle_rad: f64) -> f64 {
    libm::sin(angle_rad)
}

/// Cosine of an angle in radians.
#[inline]
#[must_use]
pub fn cos(angle_rad: f64) -> f64 {
    libm::cos(angle_rad)
}

/// Tangent of an angle in radians.
#[inline]
#[must_use]
pub fn tan(angle_rad: f64) -> f64 {
    libm::tan(angle_rad)
}

/// Sine and cosine of an angle in radians, in this order.
#[inline]
#[must_use]
pub fn sin_cos(angle_rad: f64) -> (f64, f64) {
    libm::sincos(angle_rad)
}

/// Arc sine in radians, in [-π/2, π/2]; NaN outside [-1, 1].
#[inline]
#[must_use]
pub fn asin(x: f64) -> f64 {
    libm::asin(x)
}

/// Arc cosine in radians, in [0, π]; NaN outside [-1, 1].
#[inline]
#[must_use]
pub fn acos(x: f64) -> f64 {
    libm::acos(x)
}

/// Arc tangent in radians, in (-π/2, π/2).
#[inline]
#[must_use]
pub fn atan(x: f64) -> f64 {
    libm::atan(x)
}

/// Angle in radians, in [-π, π], of the point (x, y).
#[inline]
#[must_use]
pub fn atan2(y: f64, x: f64) -> f64 {
    libm::atan2(y, x)
}

/// eˣ.
#[inline]
#[must_use]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// eˣ − 1, accurate for small x.
#[inline]
#[must_use]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Natural logarithm; −∞ at zero, NaN below it.
#[inline]
#[must_use]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// Logarithm to base 10; −∞ at zero, NaN below it.
#[inline]
#[must_use]
pub fn log10(x: f64) -> f64 {
    libm::log10(x)
}

/// Hyperbolic tangent.
#[inline]
#[must_use]
pub fn tanh(x: f64) -> f64 {
    libm::tanh(x)
}

/// `base` to a real power, with C's `pow` conventions at the special values.
#[inline]
#[must_use]
pub fn powf(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// `base` to an integer power by repeated squaring, lowest bit first; 1 for exponent 0, also of NaN.
///
/// A negative power is the reciprocal of the positive one, so it is 0 where the positive power overflows.
#[inline]
#[must_use]
pub fn powi(base: f64, exponent: i32) -> f64 {
    let mut power = 1.0;
    let mut square = base;
    let mut bits = exponent.unsigned_abs();
    while bits != 0 {
        if bits & 1 == 1 {
            power *= square;
        }
        bits >>= 1;
        if bits != 0 {
            square *= square;
        }
    }
    if exponent < 0 { 1.0 / power } else { power }
}

/// √(x² + y²) without overflow or underflow on the way.
#[inline]
#[must_use]
pub fn hypot(x: f64, y: f64) -> f64 {
    libm::hypot(x, y)
}

/// The greater of two numbers, with −0 < +0; NaN if either is NaN.
///
/// ```
/// assert!(trocar_math::max(-0.0, 0.0).is_sign_positive());
/// assert!(trocar_math::max(1.0, f64::NAN).is_nan());
/// ```
#[inline]
#[must_use]
pub fn max(a: f64, b: f64) -> f64 {
    if a > b {
        a
    } else if b > a {
        b
    } else if a == b {
        if a.is_sign_negative() { b } else { a }
    } else {
        f64::NAN
    }
}

/// The lesser of two numbers, with −0 < +0; NaN if either is NaN.
#[inline]
#[must_use]
pub fn min(a: f64, b: f64) -> f64 {
    if a < b {
        a
    } else if b < a {
        b
    } else if a == b {
        if a.is_sign_negative() { a } else { b }
    } else {
        f64::NAN
    }
}

/// `x` moved into [`low`, `high`]: `min(max(x, low), high)`, total.
///
/// NaN if any argument is NaN; `high` where `low > high` (no panic, unlike [`f64::clamp`]).
#[inline]
#[must_use]
pub fn clamp(x: f64, low: f64, high: f64) -> f64 {
    min(max(x, low), high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn zeros_are_ordered_and_nan_propagates() {
        for (a, b) in [(0.0_f64, -0.0_f64), (-0.0, 0.0)] {
            assert_eq!(max(a, b).to_bits(), 0.0_f64.to_bits());
            assert_eq!(min(a, b).to_bits(), (-0.0_f64).to_bits());
        }
        assert_eq!(min(-0.0, -0.0).to_bits(), (-0.0_f64).to_bits());
        assert_eq!(max(-0.0, -0.0).to_bits(), (-0.0_f64).to_bits());
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::NAN, f64::INFINITY)] {
            assert!(max(a, b).is_nan() && min(a, b).is_nan());
        }
        assert!(clamp(f64::NAN, 0.0, 1.0).is_nan());
        assert_eq!(clamp(3.0, 2.0, 1.0), 1.0);
        assert_eq!(clamp(3.0, 0.0, 1.0), 1.0);
        assert_eq!(clamp(-3.0, 0.0, 1.0), 0.0);
    }

    #[test]
    fn integer_powers() {
        assert_eq!(powi(2.0, 10), 1024.0);
        assert_eq!(powi(-2.0, 3), -8.0);
        assert_eq!(powi(2.0, -2), 0.25);
        assert_eq!(powi(0.0, 0), 1.0);
        assert_eq!(powi(10.0, i32::MIN), 0.0);
        assert_eq!(powi(1.0, i32::MIN), 1.0);
    }

    /// The bits of each function at one argument: they were produced by libm 0.2.16 on x86-64 and must be the
    /// same on every machine.
    #[test]
    fn golden_bits() {
        let got = [
            sin(0.7),
            cos(0.7),
            tan(0.7),
            asin(0.7),
            acos(0.7),
            atan(0.7),
            atan2(0.7, -0.3),
            exp(0.7),
            exp_m1(0.7),
            ln(0.7),
            log10(0.7),
            tanh(0.7),
            powf(0.7, 1.3),
            hypot(0.7, 0.3),
        ]
        .map(f64::to_bits);
        assert_eq!(got, GOLDEN, "{got:#x?}");
    }
    const GOLDEN: [u64; 14] = [
        0x3fe4_9d6e_6946_19b8,
        0x3fe8_7996_529f_9d93,
        0x3fea_f406_c2fc_78ae,
        0x3fe8_d00e_692a_fd95,
        0x3fe9_73e8_3f5d_5c9b,
        0x3fe3_8b11_2d7b_d4ad,
        0x3fff_9c6b_238c_6435,
        0x4000_1c2a_6126_8987,
        0x3ff0_3854_c24d_130d,
        0xbfd6_d3c3_24e1_3f50,
        0xbfc3_d3d3_d21c_cf04,
        0x3fe3_56fb_17af_2e90,
        0x3fe4_207e_29c0_d5e4,
        0x3fe8_5ed7_614b_038c,
    ];

    proptest! {
        #[test]
        fn identities(x in -1e3..1e3_f64) {
            let (s, c) = sin_cos(x);
            // Two roundings of numbers below one.
            prop_assert!((s * s + c * c - 1.0).abs() < 4.0 * f64::EPSILON);
            prop_assert_eq!(s.to_bits(), sin(x).to_bits());
            prop_assert_eq!(c.to_bits(), cos(x).to_bits());
        }

        #[test]
        fn extrema_are_a_pair(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            let (low, high) = (min(a, b), max(a, b));
            prop_assert!(low <= high);
            prop_assert_eq!([a.to_bits(), b.to_bits()].iter().copied().fold(0, u64::wrapping_add),
                low.to_bits().wrapping_add(high.to_bits()));
            prop_assert_eq!(max(a, b).to_bits(), max(b, a).to_bits());
        }
    }
}
