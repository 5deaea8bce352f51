//! Figures as people read them: `0.032 ± 0.006 mm`.

use crate::figure::Figure;
use trocar_signal::Dimension;

/// A unit in which figures are printed.
#[derive(Clone, Debug, PartialEq)]
pub struct DisplayUnit {
    /// Its symbol as a file would write it; empty for a number without unit.
    pub symbol: String,
    /// Factor from the unit to SI and radians.
    pub scale: f64,
}

/// Units by dimension: from which magnitude (SI) on, symbol, scale. The first entry of a dimension takes what is
/// smaller than all.
const UNITS: &[(Dimension, f64, &str, f64)] = &[
    (Dimension::LENGTH, 0.0, "um", 1e-6),
    (Dimension::LENGTH, 1e-5, "mm", 1e-3),
    (Dimension::LENGTH, 1.0, "m", 1.0),
    (Dimension::TIME, 0.0, "us", 1e-6),
    (Dimension::TIME, 1e-4, "ms", 1e-3),
    (Dimension::TIME, 1.0, "s", 1.0),
    (Dimension::ANGLE, 0.0, "deg", DEGREE),
    (Dimension::ANGULAR_VELOCITY, 0.0, "deg/s", DEGREE),
    (Dimension::ANGULAR_ACCELERATION, 0.0, "deg/s^2", DEGREE),
    (Dimension::VELOCITY, 0.0, "mm/s", 1e-3),
    (Dimension::VELOCITY, 1.0, "m/s", 1.0),
    (Dimension::FORCE, 0.0, "mN", 1e-3),
    (Dimension::FORCE, 0.01, "N", 1.0),
    (Dimension::FORCE, 1e4, "kN", 1e3),
    (Dimension::TORQUE, 0.0, "mN m", 1e-3),
    (Dimension::TORQUE, 0.01, "N m", 1.0),
    (Dimension::CURRENT, 0.0, "mA", 1e-3),
    (Dimension::CURRENT, 0.01, "A", 1.0),
    (Dimension::FREQUENCY, 0.0, "Hz", 1.0),
    (Dimension::FREQUENCY, 1e3, "kHz", 1e3),
    (Dimension::STIFFNESS, 0.0, "N/m", 1.0),
    (Dimension::STIFFNESS, 1e4, "kN/m", 1e3),
];

const DEGREE: f64 = 0.017_453_292_519_943_295;

/// Significant digits of a value of which no uncertainty is stated.
const DIGITS_WITHOUT_U: i32 = 4;

impl DisplayUnit {
    /// The unit for a value of this magnitude (SI).
    #[must_use]
    pub fn of(magnitude: f64, dimension: Dimension) -> DisplayUnit {
        UNITS
            .iter()
            .rfind(|(of, from, _, _)| *of == dimension && *from <= magnitude.abs())
            .map(|(_, _, symbol, scale)| DisplayUnit { symbol: (*symbol).to_owned(), scale: *scale })
            .unwrap_or_else(|| {
                let symbol = if dimension == Dimension::NUMBER { String::new() } else { dimension.si_unit() };
                DisplayUnit { symbol, scale: 1.0 }
            })
    }
}

/// Unit and decimals in which a figure, its uncertainty, its limit and its margin are printed together.
#[derive(Clone, Debug, PartialEq)]
pub struct FigureFormat {
    unit: DisplayUnit,
    /// Digits after the point; negative: how many before it are zero.
    decimals: i32,
}

impl FigureFormat {
    /// From the uncertainty: it keeps two significant digits where they are below 35.5, otherwise one (Review of
    /// Particle Physics, Introduction 5.3; GUM 7.2.6 allows two at most), and the value ends with its last digit.
    /// Without one, the value keeps four.
    #[must_use]
    pub fn new(value: f64, expanded_u: f64, dimension: Dimension) -> FigureFormat {
        let magnitude = trocar_math::max(value.abs(), expanded_u.abs());
        let unit = DisplayUnit::of(magnitude, dimension);
        let decimals = if expanded_u > 0.0 {
            decimals_of_uncertainty(expanded_u / unit.scale)
        } else {
            leading(value / unit.scale).map_or(0, |(_, exponent)| DIGITS_WITHOUT_U - 1 - exponent)
        };
        FigureFormat { unit, decimals }
    }

    /// For a figure.
    #[must_use]
    pub fn of(figure: &Figure) -> FigureFormat {
        FigureFormat::new(figure.value, figure.expanded_u, figure.dimension)
    }

    /// The unit.
    #[must_use]
    pub fn unit(&self) -> &DisplayUnit {
        &self.unit
    }

    /// `0.032 ± 0.006 mm`; without an uncertainty `0.03214 mm`.
    #[must_use]
    pub fn figure(&self, figure: &Figure) -> String {
        self.value_and_u(figure.value, figure.expanded_u)
    }

    /// As [`FigureFormat::figure`], from SI values.
    #[must_use]
    pub fn value_and_u(&self, value: f64, expanded_u: f64) -> String {
        let value = self.number(value, self.decimals);
        if expanded_u > 0.0 {
            self.in_unit(format!("{value} ± {}", self.number(expanded_u, self.decimals)))
        } else {
            self.in_unit(value)
        }
    }

    /// A limit: with the figure's decimals, and more where it has more; two more where it is a quotient or the like, which
    /// nobody has written down.
    #[must_use]
    pub fn limit(&self, limit: f64) -> String {
        // Twelve digits: what a person wrote, without the rounding of a change of units.
        let written = format!("{:.11e}", limit / self.unit.scale).parse::<f64>().map_or(0, |x| {
            let text = format!("{}", x.abs());
            let significant = text.replace('.', "").trim_start_matches('0').len();
            let decimals = text.split_once('.').map_or(0, |(_, digits)| digits.len() as i32);
            if significant > 10 { self.decimals + 2 } else { decimals }
        });
        self.in_unit(self.number(limit, written.max(self.decimals).max(0)))
    }

    /// A margin or difference, with its sign: `+0.068 mm`, `−4.4 deg`.
    #[must_use]
    pub fn signed(&self, value: f64) -> String {
        let number = self.number(value, self.decimals);
        let sign = if number.starts_with('−') { "" } else { "+" };
        self.in_unit(format!("{sign}{number}"))
    }

    fn in_unit(&self, number: String) -> String {
        if self.unit.symbol.is_empty() { number } else { format!("{number} {}", self.unit.symbol) }
    }

    fn number(&self, si: f64, decimals: i32) -> String {
        let value = si / self.unit.scale;
        let text = if decimals >= 0 {
            format!("{value:.*}", decimals as usize)
        } else {
            let place = trocar_math::powi(10.0, -decimals);
            format!("{:.0}", (value / place).round_ties_even() * place)
        };
        match text.strip_prefix('-') {
            Some(rest) if rest.contains(|c: char| c.is_ascii_digit() && c != '0') => format!("−{rest}"),
            Some(zero) => zero.to_owned(),
            None => text,
        }
    }
}

/// The figure with its uncertainty in the unit that suits it.
#[must_use]
pub fn format_figure(value: f64, expanded_u: f64, dimension: Dimension) -> String {
    FigureFormat::new(value, expanded_u, dimension).value_and_u(value, expanded_u)
}

/// First three significant digits (100 to 999) and decimal exponent of a number; `None` for zero and what is not
/// finite.
fn leading(x: f64) -> Option<(u32, i32)> {
    if x == 0.0 || !x.is_finite() {
        return None;
    }
    let text = format!("{:.2e}", x.abs());
    let (mantissa, exponent) = text.split_once('e')?;
    Some((mantissa.replace('.', "").parse().ok()?, exponent.parse().ok()?))
}

fn decimals_of_uncertainty(u: f64) -> i32 {
    match leading(u) {
        None => 0,
        Some((..=354, exponent)) => 1 - exponent,
        // From 950 on it rounds up to 1.0 of the next decade, with two digits.
        Some((355..=949, exponent)) | Some((950.., exponent)) => -exponent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rounding_table() {
        let (length, time, angle) = (Dimension::LENGTH, Dimension::TIME, Dimension::ANGLE);
        for (value, u, dimension, text) in [
            (32.14e-6, 6.1e-6, length, "0.032 ± 0.006 mm"),
            (94.2e-6, 18.2e-6, length, "0.094 ± 0.018 mm"),
            (0.1880, 0.27e-3, time, "188.00 ± 0.27 ms"),
            (0.1880, 0.41e-3, time, "188.0 ± 0.4 ms"),
            (77.4 * DEGREE, 1.0 * DEGREE, angle, "77.4 ± 1.0 deg"),
            // The bounds of the rule: 0.354 keeps two digits, 0.355 one, 0.949 one, 0.950 becomes 1.0.
            (1.0, 0.354, Dimension::NUMBER, "1.00 ± 0.35"),
            (1.0, 0.355, Dimension::NUMBER, "1.0 ± 0.4"),
            (1.0, 0.949, Dimension::NUMBER, "1.0 ± 0.9"),
            (1.0, 0.950, Dimension::NUMBER, "1.0 ± 0.9"),
            (1.0, 0.951, Dimension::NUMBER, "1.0 ± 1.0"),
            (1.0, 0.999, Dimension::NUMBER, "1.0 ± 1.0"),
            (12345.0, 1234.0, Dimension::NUMBER, "12300 ± 1200"),
            (12345.0, 5678.0, Dimension::NUMBER, "12000 ± 6000"),
            (-0.5e-6, 2.4e-6, length, "−0.5 ± 2.4 um"),
            (-0.000_1e-6, 2.4e-6, length, "0.0 ± 2.4 um"),
            (0.0, 0.02e-3, length, "0.000 ± 0.020 mm"),
            (2.5, 0.012, length, "2.500 ± 0.012 m"),
            (3.0, 0.4, Dimension::FORCE, "3.0 ± 0.4 N"),
            (5e3, 20.0, Dimension::ROTATIONAL_STIFFNESS, "5000 ± 20 N m/rad"),
            // Without an uncertainty: four digits.
            (15.1237e-6, 0.0, length, "0.01512 mm"),
            (0.0, 0.0, length, "0 um"),
        ] {
            assert_eq!(format_figure(value, u, dimension), text);
        }
    }

    #[test]
    fn limit_and_margin_follow_the_figure() {
        let format = FigureFormat::new(32.14e-6, 6.1e-6, Dimension::LENGTH);
        assert_eq!(format.limit(0.1e-3), "0.100 mm");
        assert_eq!(format.limit(0.100_4e-3), "0.1004 mm", "a limit is never rounded");
        assert_eq!(format.signed(67.86e-6), "+0.068 mm");
        assert_eq!(format.signed(-4.4e-3), "−4.400 mm");
        let force = FigureFormat::new(5.71, 0.11, Dimension::FORCE);
        assert_eq!(force.limit(0.16 / 0.0102), "15.6863 N", "a quotient that nobody wrote down");
        let coarse = FigureFormat::new(12345.0, 1234.0, Dimension::NUMBER);
        assert_eq!(coarse.limit(12_345.0), "12345");
    }

    #[test]
    fn every_unit_reads_back() {
        for (dimension, _, symbol, scale) in UNITS {
            let unit = trocar_signal::unit::parse(symbol).unwrap();
            assert_eq!((unit.dimension, unit.scale), (*dimension, *scale), "{symbol}");
        }
    }

    proptest! {
        /// U has two significant digits at most and is off by less than a seventh; value and U end with the same digit.
        #[test]
        fn two_digits_at_most(value in -1e3..1e3_f64, exponent in -12..6_i32, mantissa in 1.0..10.0_f64) {
            let u = mantissa * trocar_math::powi(10.0, exponent);
            let text = format_figure(value, u, Dimension::NUMBER);
            let (v, e) = text.split_once(" ± ").unwrap();
            let digits = e.replace('.', "");
            let significant = digits.trim_start_matches('0');
            prop_assert!(significant.len() <= 2 || significant[2..].chars().all(|c| c == '0'), "{}", text);
            prop_assert!((e.parse::<f64>().unwrap() / u - 1.0).abs() < 1.0 / 7.0, "{}", text);
            let decimals = |s: &str| s.split_once('.').map_or(0, |(_, d)| d.len());
            prop_assert_eq!(decimals(v), decimals(e));
            let printed: f64 = v.replace('−', "-").parse().unwrap();
            prop_assert!((printed - value).abs() <= 0.51 * u, "{}", text);
        }
    }
}
