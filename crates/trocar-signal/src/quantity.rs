//! Quantities as people write them, `"0.5 mm"` or `"12 deg/s"`, and the typed values that configuration structs hold.

use crate::parameter::Standing;
use crate::unit::{self, Dimension};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

/// A value in SI units and radians with its dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AnyQuantity {
    /// Value in SI units and radians; finite.
    pub si: f64,
    /// What it measures.
    pub dimension: Dimension,
}

/// Why a text is not a quantity, with the byte range of the piece at fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QuantityError {
    /// The number cannot be read.
    #[error("`{text}` is not a number")]
    Number {
        /// What stands where the number should.
        text: String,
        /// Its byte range.
        range: Range<usize>,
    },
    /// The number is NaN, infinite or beyond what a 64-bit float holds.
    #[error("`{text}` is not a finite number")]
    NotFinite {
        /// The number as written.
        text: String,
        /// Its byte range.
        range: Range<usize>,
    },
    /// The unit cannot be read.
    #[error("`{}` is not a unit", symbol)]
    Unit {
        /// The piece of the unit at fault.
        symbol: String,
        /// Its byte range.
        range: Range<usize>,
        /// The nearest unit that exists.
        nearest: Option<String>,
    },
    /// A unit is missing.
    #[error("`{text}` has no unit")]
    NoUnit {
        /// The number as written.
        text: String,
        /// Its byte range.
        range: Range<usize>,
    },
}

impl QuantityError {
    /// The byte range of the piece at fault, in the text that was given.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        match self {
            QuantityError::Number { range, .. }
            | QuantityError::NotFinite { range, .. }
            | QuantityError::Unit { range, .. }
            | QuantityError::NoUnit { range, .. } => range.clone(),
        }
    }
}

impl AnyQuantity {
    /// Reads `"-0.5 mm"`, `"30 ms"`, `"5e3 N/m"`, `"100 %"`: a decimal number, a space, a unit. A number without unit
    /// is written with the unit `1` (`"3 1"`) or as a bare TOML number where a bare number is what is meant.
    ///
    /// # Errors
    /// [`QuantityError`] with the byte range of what cannot be read.
    pub fn parse(text: &str) -> Result<AnyQuantity, QuantityError> {
        let lead = text.len() - text.trim_start().len();
        let body = text.trim();
        let number_len = number_length(body);
        let number_range = lead..lead + number_len;
        let number_text = &body[..number_len];
        if number_len == 0 {
            let word = body.split_whitespace().next().unwrap_or("").to_owned();
            let range = lead..lead + word.len();
            return Err(match word.to_ascii_lowercase().trim_start_matches(['+', '-']) {
                "nan" | "inf" | "infinity" => QuantityError::NotFinite { text: word, range },
                _ => QuantityError::Number { text: word, range },
            });
        }
        let value: f64 = number_text.replace('−', "-").parse().map_err(|_| QuantityError::Number {
            text: number_text.to_owned(),
            range: number_range.clone(),
        })?;
        if !value.is_finite() {
            return Err(QuantityError::NotFinite { text: number_text.to_owned(), range: number_range });
        }
        let rest = &body[number_len..];
        let gap = rest.len() - rest.trim_start().len();
        let unit_text = rest.trim_start();
        if unit_text.is_empty() {
            return Err(QuantityError::NoUnit { text: number_text.to_owned(), range: number_range });
        }
        let unit_at = lead + number_len + gap;
        let unit = unit::parse(unit_text).map_err(|e| QuantityError::Unit {
            symbol: e.symbol,
            range: unit_at + e.range.start..unit_at + e.range.end,
            nearest: e.nearest,
        })?;
        let si = value * unit.scale;
        if si.is_finite() {
            Ok(AnyQuantity { si, dimension: unit.dimension })
        } else {
            Err(QuantityError::NotFinite { text: number_text.to_owned(), range: number_range })
        }
    }
}

impl fmt::Display for AnyQuantity {
    /// Shortest decimal that reads back to the same value, in SI units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.si, self.dimension.si_unit())
    }
}

fn number_length(text: &str) -> usize {
    let mut seen_digit = false;
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    if let Some((_, '+' | '-' | '−')) = chars.peek() {
        chars.next();
    }
    while let Some((at, c)) = chars.next() {
        match c {
            '0'..='9' => {
                seen_digit = true;
                end = at + 1;
            }
            '.' => end = at + 1,
            'e' | 'E' if seen_digit => {
                let tail = &text[at + 1..];
                let digits = tail.trim_start_matches(['+', '-', '−']);
                if !digits.starts_with(|d: char| d.is_ascii_digit())
                    || tail.len() - digits.len() > '−'.len_utf8()
                {
                    break;
                }
                if tail.len() > digits.len() {
                    chars.next();
                }
            }
            _ => break,
        }
    }
    if seen_digit { end } else { 0 }
}

impl<'de> Deserialize<'de> for AnyQuantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        AnyQuantity::parse(&text).map_err(de::Error::custom)
    }
}

impl Serialize for AnyQuantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for AnyQuantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A number, a space and a unit, e.g. \"0.5 mm\" or \"90 deg\".",
            "x-dimension": "any"
        })
    }
}

macro_rules! quantity_types {
    ($($(#[$doc:meta])* $name:ident : $dimension:ident, $example:literal;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
        pub struct $name(f64);

        impl $name {
            /// What it measures.
            pub const DIMENSION: Dimension = Dimension::$dimension;

            /// From a value in SI units and radians.
            #[must_use]
            pub const fn from_si(si: f64) -> Self {
                Self(si)
            }

            /// The value in SI units and radians.
            #[must_use]
            pub const fn si(self) -> f64 {
                self.0
            }
        }

        impl From<$name> for AnyQuantity {
            fn from(quantity: $name) -> AnyQuantity {
                AnyQuantity { si: quantity.0, dimension: $name::DIMENSION }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                AnyQuantity::from(*self).fmt(f)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let quantity = AnyQuantity::deserialize(deserializer)?;
                if quantity.dimension == Self::DIMENSION {
                    Ok(Self(quantity.si))
                } else {
                    Err(de::Error::custom(format!("{} where {} is meant", quantity.dimension, Self::DIMENSION)))
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({
                    "type": "string",
                    "description": concat!("A quantity with its unit, e.g. \"", $example, "\"."),
                    "x-dimension": Self::DIMENSION.name()
                })
            }
        }
    )* };
}

quantity_types! {
    /// A pure number or percentage: `"100 %"`.
    Ratio: NUMBER, "100 %";
    /// A length.
    Length: LENGTH, "0.5 mm";
    /// A mass.
    Mass: MASS, "0.5 kg";
    /// A duration.
    Duration: TIME, "30 ms";
    /// A rate.
    Frequency: FREQUENCY, "1 kHz";
    /// An angle.
    Angle: ANGLE, "12 deg";
    /// A speed.
    Velocity: VELOCITY, "0.2 m/s";
    /// An acceleration.
    Acceleration: ACCELERATION, "9.81 m/s^2";
    /// An angular velocity.
    AngularVelocity: ANGULAR_VELOCITY, "90 deg/s";
    /// A force.
    Force: FORCE, "5 N";
    /// A torque.
    Torque: TORQUE, "0.05 N m";
    /// Force for each unit of length.
    Stiffness: STIFFNESS, "50 N/mm";
    /// Torque for each unit of angle.
    RotationalStiffness: ROTATIONAL_STIFFNESS, "10 N m/rad";
    /// Force for each unit of speed.
    Damping: DAMPING, "20 N s/m";
    /// Torque for each unit of angular velocity.
    RotationalDamping: ROTATIONAL_DAMPING, "0.5 N m s/rad";
    /// An area.
    Area: AREA, "20 cm^2";
    /// An electric current.
    Current: CURRENT, "0.67 A";
    /// A voltage.
    Voltage: VOLTAGE, "4.5 V";
    /// A moment or product of inertia.
    MomentOfInertia: INERTIA, "1e-6 kg m^2";
    /// A motor's torque constant.
    TorqueConstant: TORQUE_CONSTANT, "0.0438 N m/A";
}

/// A value with what stands behind it. In a file either the bare value, whose source and standing are those of its
/// section, or `{ value = "0.05 N m", source = "wang2019", standing = "identified" }`.
#[derive(Clone, Debug, PartialEq)]
pub struct Sourced<T> {
    /// The value.
    pub value: T,
    /// Key of the file's `[sources]`; `None`: as the section says.
    pub source: Option<String>,
    /// `None`: as the section says.
    pub standing: Option<Standing>,
}

impl<T> Sourced<T> {
    /// A value whose source and standing are its section's.
    pub fn bare(value: T) -> Sourced<T> {
        Sourced { value, source: None, standing: None }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcedTable<T> {
    value: T,
    source: Option<String>,
    standing: Option<Standing>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sourced<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Sourced<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a table with value, source and standing")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                T::deserialize(de::value::StrDeserializer::new(text)).map(Sourced::bare)
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
                T::deserialize(de::value::F64Deserializer::new(number)).map(Sourced::bare)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                T::deserialize(de::value::I64Deserializer::new(number)).map(Sourced::bare)
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
                T::deserialize(de::value::U64Deserializer::new(number)).map(Sourced::bare)
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, items: A) -> Result<Self::Value, A::Error> {
                T::deserialize(de::value::SeqAccessDeserializer::new(items)).map(Sourced::bare)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let table = SourcedTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Sourced { value: table.value, source: table.source, standing: table.standing })
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: Serialize> Serialize for Sourced<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.source.is_none() && self.standing.is_none() {
            return self.value.serialize(serializer);
        }
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("value", &self.value)?;
        if let Some(source) = &self.source {
            map.serialize_entry("source", source)?;
        }
        if let Some(standing) = &self.standing {
            map.serialize_entry("standing", standing)?;
        }
        map.end()
    }
}

impl<T: JsonSchema> JsonSchema for Sourced<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Sourced{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let standing = generator.subschema_for::<Standing>();
        json_schema!({
            "description": "A value, or a table with the value, its source (a key of [sources]) and its standing.",
            "anyOf": [
                value,
                {
                    "type": "object",
                    "properties": {
                        "value": value,
                        "source": { "type": "string", "description": "A key of [sources]." },
                        "standing": standing
                    },
                    "required": ["value"],
                    "additionalProperties": false
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantities_read_as_people_write_them() {
        let mm = AnyQuantity::parse("0.5 mm").unwrap();
        assert_eq!((mm.si, mm.dimension), (0.5e-3, Dimension::LENGTH));
        assert_eq!(AnyQuantity::parse(" −12deg/s ").unwrap().dimension, Dimension::ANGULAR_VELOCITY);
        assert_eq!(AnyQuantity::parse("5e-3 m").unwrap().si, 5e-3);
        assert_eq!(AnyQuantity::parse("100 %").unwrap().si, 1.0);
        // `2 e` is a number and a unit that does not exist, not an exponent.
        assert!(matches!(AnyQuantity::parse("2e mm"), Err(QuantityError::Unit { .. })));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_place() {
        let error = AnyQuantity::parse("0.5 mn").unwrap_err();
        assert_eq!(error.range(), 4..6);
        assert!(matches!(AnyQuantity::parse("5"), Err(QuantityError::NoUnit { .. })));
        for text in ["nan m", "inf m", "-inf m", "1e999 m", "1e308 km"] {
            assert!(matches!(AnyQuantity::parse(text), Err(QuantityError::NotFinite { .. })), "{text}");
        }
        for text in ["", " ", "mm", "- m", ".", "+", "−"] {
            assert!(matches!(AnyQuantity::parse(text), Err(QuantityError::Number { .. })), "{text:?}");
        }
    }

    proptest! {
        /// No text makes the parser panic, and a range always lies inside the text.
        #[test]
        fn any_text_gets_an_answer(text in "\\PC{0,40}") {
            if let Err(error) = AnyQuantity::parse(&text) {
                prop_assert!(text.get(error.range()).is_some(), "{error:?}");
            }
        }

        /// What is printed reads back to the same bits.
        #[test]
        fn printing_and_reading_is_the_identity(si in -1e12f64..1e12) {
            let quantity = AnyQuantity { si, dimension: Dimension::ROTATIONAL_DAMPING };
            prop_assert_eq!(AnyQuantity::parse(&quantity.to_string()).unwrap(), quantity);
        }
    }
}
