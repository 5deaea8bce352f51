//! Units and dimensions. Inside Trocar every value is in SI units and radians; units exist at the edge, in text.
//!
//! The angle is kept as a dimension of its own, so that a formula cannot take an angle for a number.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The exponents of metre, kilogram, second, ampere, kelvin and radian.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dimension {
    /// Exponents in the order m, kg, s, A, K, rad.
    pub exponents: [i8; 6],
}

macro_rules! dimensions {
    ($($(#[$doc:meta])* $name:ident = $words:literal, $exponents:expr;)*) => {
        impl Dimension {
            $($(#[$doc])* pub const $name: Dimension = Dimension { exponents: $exponents };)*
        }
        /// Dimensions that have a name of their own, with it.
        const NAMED: &[(Dimension, &str)] = &[$((Dimension::$name, $words)),*];
    };
}

dimensions! {
    /// A number without unit.
    NUMBER = "number", [0, 0, 0, 0, 0, 0];
    /// m
    LENGTH = "length", [1, 0, 0, 0, 0, 0];
    /// kg
    MASS = "mass", [0, 1, 0, 0, 0, 0];
    /// s
    TIME = "time", [0, 0, 1, 0, 0, 0];
    /// A
    CURRENT = "current", [0, 0, 0, 1, 0, 0];
    /// K
    TEMPERATURE = "temperature", [0, 0, 0, 0, 1, 0];
    /// rad
    ANGLE = "angle", [0, 0, 0, 0, 0, 1];
    /// Hz
    FREQUENCY = "frequency", [0, 0, -1, 0, 0, 0];
    /// m/s
    VELOCITY = "velocity", [1, 0, -1, 0, 0, 0];
    /// m/s²
    ACCELERATION = "acceleration", [1, 0, -2, 0, 0, 0];
    /// rad/s
    ANGULAR_VELOCITY = "angular velocity", [0, 0, -1, 0, 0, 1];
    /// rad/s²
    ANGULAR_ACCELERATION = "angular acceleration", [0, 0, -2, 0, 0, 1];
    /// N
    FORCE = "force", [1, 1, -2, 0, 0, 0];
    /// N m
    TORQUE = "torque", [2, 1, -2, 0, 0, 0];
    /// kg m²
    INERTIA = "moment of inertia", [2, 1, 0, 0, 0, 0];
    /// N m/A
    TORQUE_CONSTANT = "torque constant", [2, 1, -2, -1, 0, 0];
    /// N/m
    STIFFNESS = "stiffness", [0, 1, -2, 0, 0, 0];
    /// N m/rad
    ROTATIONAL_STIFFNESS = "rotational stiffness", [2, 1, -2, 0, 0, -1];
    /// N s/m
    DAMPING = "damping", [0, 1, -1, 0, 0, 0];
    /// N m s/rad
    ROTATIONAL_DAMPING = "rotational damping", [2, 1, -1, 0, 0, -1];
    /// m²
    AREA = "area", [2, 0, 0, 0, 0, 0];
    /// Pa
    PRESSURE = "pressure", [-1, 1, -2, 0, 0, 0];
    /// rad/m
    ANGLE_PER_LENGTH = "angle per length", [-1, 0, 0, 0, 0, 1];
    /// W
    POWER = "power", [2, 1, -3, 0, 0, 0];
    /// V
    VOLTAGE = "voltage", [2, 1, -3, -1, 0, 0];
    /// rad/V
    ANGLE_PER_VOLTAGE = "angle per voltage", [-2, -1, 3, 1, 0, 1];
    /// m/V
    LENGTH_PER_VOLTAGE = "length per voltage", [-1, -1, 3, 1, 0, 0];
}

impl Dimension {
    /// The dimension of a product.
    #[must_use]
    pub fn times(self, other: Dimension) -> Dimension {
        self.combine(other, 1)
    }

    /// The dimension of a quotient.
    #[must_use]
    pub fn over(self, other: Dimension) -> Dimension {
        self.combine(other, -1)
    }

    /// The dimension of a power.
    #[must_use]
    pub fn power(self, exponent: i8) -> Dimension {
        Dimension::NUMBER.combine(self, exponent)
    }

    fn combine(self, other: Dimension, sign: i8) -> Dimension {
        let mut exponents = self.exponents;
        for (mine, theirs) in exponents.iter_mut().zip(other.exponents) {
            *mine = mine.saturating_add(theirs.saturating_mul(sign));
        }
        Dimension { exponents }
    }

    /// What a person calls it: "angle", "torque", or the product of base units where it has no name.
    #[must_use]
    pub fn name(self) -> String {
        NAMED
            .iter()
            .find(|(dimension, _)| *dimension == self)
            .map_or_else(|| self.si_unit(), |(_, name)| (*name).to_owned())
    }

    /// The SI unit as text: "N m", "m/s", "rad"; "1" for a number.
    #[must_use]
    pub fn si_unit(self) -> String {
        const PREFERRED: &[(Dimension, &str)] = &[
            (Dimension::FORCE, "N"),
            (Dimension::TORQUE, "N m"),
            (Dimension::TORQUE_CONSTANT, "N m/A"),
            (Dimension::STIFFNESS, "N/m"),
            (Dimension::ROTATIONAL_STIFFNESS, "N m/rad"),
            (Dimension::DAMPING, "N s/m"),
            (Dimension::ROTATIONAL_DAMPING, "N m s/rad"),
            (Dimension::FREQUENCY, "Hz"),
            (Dimension::PRESSURE, "Pa"),
            (Dimension::POWER, "W"),
            (Dimension::VOLTAGE, "V"),
            (Dimension::INERTIA, "kg m^2"),
            (Dimension::ANGLE_PER_VOLTAGE, "rad/V"),
            (Dimension::LENGTH_PER_VOLTAGE, "m/V"),
        ];
        if let Some((_, text)) = PREFERRED.iter().find(|(dimension, _)| *dimension == self) {
            return (*text).to_owned();
        }
        let symbols = ["m", "kg", "s", "A", "K", "rad"];
        let part = |above: bool| {
            symbols
                .iter()
                .zip(self.exponents)
                .filter(|(_, e)| (*e > 0) == above && *e != 0)
                .map(
                    |(s, e)| {
                        if e.abs() == 1 { (*s).to_owned() } else { format!("{s}^{}", e.unsigned_abs()) }
                    },
                )
                .collect::<Vec<_>>()
        };
        let (above, below) = (part(true), part(false));
        let numerator = if above.is_empty() { "1".to_owned() } else { above.join(" ") };
        match below.len() {
            0 => numerator,
            1 => format!("{numerator}/{}", below[0]),
            _ => format!("{numerator}/({})", below.join(" ")),
        }
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A unit: value in SI = value × `scale`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Unit {
    /// What it measures.
    pub dimension: Dimension,
    /// Factor to SI and radians.
    pub scale: f64,
}

/// Symbols that may stand in a file, with their unit. Degrees: π/180 as the nearest `f64`.
const SYMBOLS: &[(&str, Dimension, f64)] = &[
    ("1", Dimension::NUMBER, 1.0),
    ("%", Dimension::NUMBER, 0.01),
    ("ppm", Dimension::NUMBER, 1e-6),
    ("m", Dimension::LENGTH, 1.0),
    ("km", Dimension::LENGTH, 1e3),
    ("cm", Dimension::LENGTH, 1e-2),
    ("mm", Dimension::LENGTH, 1e-3),
    ("um", Dimension::LENGTH, 1e-6),
    ("µm", Dimension::LENGTH, 1e-6),
    ("nm", Dimension::LENGTH, 1e-9),
    ("Pa", Dimension::PRESSURE, 1.0),
    ("kPa", Dimension::PRESSURE, 1e3),
    ("kg", Dimension::MASS, 1.0),
    ("g", Dimension::MASS, 1e-3),
    ("s", Dimension::TIME, 1.0),
    ("ms", Dimension::TIME, 1e-3),
    ("us", Dimension::TIME, 1e-6),
    ("µs", Dimension::TIME, 1e-6),
    ("ns", Dimension::TIME, 1e-9),
    ("min", Dimension::TIME, 60.0),
    ("h", Dimension::TIME, 3600.0),
    ("Hz", Dimension::FREQUENCY, 1.0),
    ("kHz", Dimension::FREQUENCY, 1e3),
    ("MHz", Dimension::FREQUENCY, 1e6),
    ("A", Dimension::CURRENT, 1.0),
    ("mA", Dimension::CURRENT, 1e-3),
    ("K", Dimension::TEMPERATURE, 1.0),
    ("rad", Dimension::ANGLE, 1.0),
    ("mrad", Dimension::ANGLE, 1e-3),
    ("deg", Dimension::ANGLE, 0.017_453_292_519_943_295),
    ("°", Dimension::ANGLE, 0.017_453_292_519_943_295),
    ("rev", Dimension::ANGLE, std::f64::consts::TAU),
    ("N", Dimension::FORCE, 1.0),
    ("mN", Dimension::FORCE, 1e-3),
    ("kN", Dimension::FORCE, 1e3),
    ("V", Dimension::VOLTAGE, 1.0),
    ("mV", Dimension::VOLTAGE, 1e-3),
    ("W", Dimension::POWER, 1.0),
];

/// Why a unit cannot be read: the piece of text at fault and its byte range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("`{symbol}` is not a unit")]
pub struct UnitError {
    /// The offending piece.
    pub symbol: String,
    /// Its byte range in the text that was given.
    pub range: std::ops::Range<usize>,
    /// The nearest unit that exists, if one is near.
    pub nearest: Option<String>,
}

/// Every unit symbol, for messages and the file reference.
pub fn symbols() -> impl Iterator<Item = (&'static str, Dimension)> {
    SYMBOLS.iter().map(|(symbol, dimension, _)| (*symbol, *dimension))
}

/// Reads a unit: symbols with optional powers (`^2`, `²`), separated by spaces, `·` or `*`; everything after the one
/// `/` is divided by, e.g. `N m`, `deg/s^2`, `N m s/rad`, `kg m^2`.
///
/// # Errors
/// [`UnitError`] for an empty text, an unknown symbol, a bad power or a second `/`.
pub fn parse(text: &str) -> Result<Unit, UnitError> {
    let mut unit = Unit { dimension: Dimension::NUMBER, scale: 1.0 };
    let mut divide = false;
    let mut seen = false;
    let mut start = None;
    let bytes_end = text.len();
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (at, c) in text.char_indices().chain(std::iter::once((bytes_end, ' '))) {
        let separator = matches!(c, ' ' | '·' | '*' | '/' | '(' | ')');
        if separator && let Some(from) = start.take() {
            pieces.push((from, at));
        }
        if c == '/' {
            pieces.push((at, at + 1));
        } else if !separator && start.is_none() {
            start = Some(at);
        }
    }
    for (from, to) in pieces {
        let piece = &text[from..to];
        let fail = |nearest: Option<String>| UnitError { symbol: piece.to_owned(), range: from..to, nearest };
        if piece == "/" {
            if divide || !seen {
                return Err(fail(None));
            }
            divide = true;
            continue;
        }
        let (symbol, power) = split_power(piece).ok_or_else(|| fail(None))?;
        let Some((_, dimension, scale)) = SYMBOLS.iter().find(|(s, _, _)| *s == symbol) else {
            let names = SYMBOLS.iter().map(|(s, _, _)| *s);
            return Err(fail(crate::diagnostic::nearest(symbol, names).map(str::to_owned)));
        };
        let exponent = if divide { -power } else { power };
        unit.dimension = unit.dimension.times(dimension.power(exponent));
        let factor = trocar_math::powi(*scale, i32::from(power));
        unit.scale = if divide { unit.scale / factor } else { unit.scale * factor };
        seen = true;
    }
    if seen && !text.trim_end().ends_with('/') {
        Ok(unit)
    } else {
        Err(UnitError { symbol: text.trim().to_owned(), range: 0..text.len(), nearest: None })
    }
}

fn split_power(piece: &str) -> Option<(&str, i8)> {
    for (suffix, power) in [("²", 2), ("³", 3)] {
        if let Some(symbol) = piece.strip_suffix(suffix) {
            return Some((symbol, power));
        }
    }
    match piece.split_once('^') {
        None => Some((piece, 1)),
        Some((symbol, power)) => {
            let power: i8 = power.parse().ok()?;
            (1..=4).contains(&power).then_some((symbol, power))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compound_units_multiply_out() {
        let unit = parse("N m s/rad").unwrap();
        assert_eq!(unit.dimension, Dimension::ROTATIONAL_DAMPING);
        let unit = parse("kg mm^2").unwrap();
        assert_eq!(unit.dimension, Dimension::INERTIA);
        // 1 mm² = 1e-6 m²; one rounding in the square of 1e-3.
        assert!((unit.scale - 1e-6).abs() < 1e-21);
        assert_eq!(parse("m/s²").unwrap().dimension, Dimension::ACCELERATION);
        assert_eq!(parse("rad/m").unwrap().dimension, Dimension::ANGLE_PER_LENGTH);
    }

    #[test]
    fn what_is_not_a_unit_is_named_with_the_nearest() {
        let error = parse("N mn").unwrap_err();
        assert_eq!((error.symbol.as_str(), error.range), ("mn", 2..4));
        assert!(error.nearest.is_some());
        for bad in ["", "/s", "m/", "m/s/s", "m^9", "m^", "m^x", "furlong"] {
            assert!(parse(bad).is_err(), "{bad:?} was taken for a unit");
        }
    }

    #[test]
    fn every_named_dimension_prints_a_unit_that_reads_back() {
        for (dimension, _) in NAMED {
            assert_eq!(parse(&dimension.si_unit()).unwrap().dimension, *dimension);
        }
    }
}
