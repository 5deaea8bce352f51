//! Numbers and times as laboratories write them.

/// What a cell with a number holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Blank,
    /// A word that says that there is no number: `NaN`, `NA`, `inf`.
    NoNumber,
    /// A finite number.
    Number(f64),
}

/// Reads a cell; `None` for what is none of them.
pub fn cell(text: &str, decimal_comma: bool) -> Option<Cell> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Cell::Blank);
    }
    let bare = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    if matches!(
        bare.as_str(),
        "nan" | "na" | "n/a" | "#n/a" | "null" | "none" | "inf" | "infinity" | "1.#qnan" | "1.#ind"
    ) {
        return Some(Cell::NoNumber);
    }
    // What Rust reads beside plain decimals (words) was taken out above.
    let value = match decimal_comma && text.contains(',') {
        true if text.contains('.') || text.matches(',').count() > 1 => None,
        true => text.replacen(',', ".", 1).parse::<f64>().ok(),
        false => text.parse::<f64>().ok(),
    };
    value.filter(|value| value.is_finite()).map(Cell::Number)
}

/// Reads a time as whole nanoseconds, rounded to the nearest: exact for decimals, which an `f64` of seconds since 1970
/// is not. `unit_ns` is what one unit has.
pub fn nanoseconds(text: &str, decimal_comma: bool, unit_ns: i128) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match digits.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (digits, 0),
    };
    let point = if decimal_comma && mantissa.contains(',') { ',' } else { '.' };
    let (whole, part) = mantissa.split_once(point).unwrap_or((mantissa, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !all_digits(whole) || !all_digits(part) {
        return None;
    }
    let (whole, part) = (whole.trim_start_matches('0'), part);
    if whole.len() > 20 || exponent.abs() > 30 {
        return None;
    }
    // Beyond 20 decimals nothing is left of a nanosecond.
    let part = part.get(..part.len().min(20))?;
    let digits: i128 = format!("0{whole}{part}").parse().ok()?;
    let places = i32::try_from(part.len()).ok()? - exponent;
    let scaled = match places {
        0.. => {
            let ten = 10_i128.checked_pow(u32::try_from(places).ok()?)?;
            // Half a unit more, so that the division rounds to the nearest.
            digits.checked_mul(unit_ns)?.checked_mul(2)?.checked_add(ten)? / ten.checked_mul(2)?
        }
        _ => digits.checked_mul(10_i128.checked_pow(u32::try_from(-places).ok()?)?)?.checked_mul(unit_ns)?,
    };
    // Three hundred years.
    (scaled < 10_000_000_000_000_000_000).then_some(if negative { -scaled } else { scaled })
}

/// Whole nanoseconds of a unit of time, by its SI value.
pub fn nanoseconds_of_unit(scale_s: f64) -> Option<i128> {
    let nanos = (scale_s * 1e9).round();
    (1.0..1e16).contains(&nanos).then_some(nanos as i128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_are_numbers_blanks_or_say_that_there_is_none() {
        assert_eq!(cell(" 1.5e-3 ", false), Some(Cell::Number(1.5e-3)));
        assert_eq!(cell("-1,5", true), Some(Cell::Number(-1.5)));
        assert_eq!(cell("-1.5", true), Some(Cell::Number(-1.5)));
        assert_eq!(cell("", false), Some(Cell::Blank));
        for none in ["NaN", "-nan", "N/A", "inf", "null"] {
            assert_eq!(cell(none, false), Some(Cell::NoNumber), "{none}");
        }
        for bad in ["1,5", "1.5 mm", "x", "1e999", "--1", "0x10"] {
            assert_eq!(cell(bad, false), None, "{bad}");
        }
        assert_eq!(cell("1.234,5", true), None, "marks between thousands are not guessed");
    }

    #[test]
    fn times_are_exact() {
        let s = 1_000_000_000;
        for (text, nanos) in [
            ("0", 0),
            ("12.345678901", 12_345_678_901),
            ("1763797132.123456789", 1_763_797_132_123_456_789),
            ("-0.5", -500_000_000),
            ("1.5e-3", 1_500_000),
            ("2E3", 2_000 * 1_000_000_000),
            ("0.0000000004", 0),
            ("0.0000000006", 1),
            (".5", 500_000_000),
            ("5.", 5_000_000_000),
        ] {
            assert_eq!(nanoseconds(text, false, s), Some(nanos), "{text}");
        }
        assert_eq!(nanoseconds("12,5", true, 1_000_000), Some(12_500_000));
        for bad in ["", ".", "1:02:03", "2026-11-22T08:00:00Z", "1e99", "999999999999999999999", "1,5"] {
            assert_eq!(nanoseconds(bad, false, s), None, "{bad}");
        }
    }

    proptest! {
        /// Whatever the text, no panic; and a decimal of nine places is read to the nanosecond.
        #[test]
        fn nine_places_read_back(seconds in 0u64..4_000_000_000, nanos in 0u32..1_000_000_000, any in ".{0,30}") {
            let _ = (nanoseconds(&any, false, 1), cell(&any, true));
            let read = nanoseconds(&format!("{seconds}.{nanos:09}"), false, 1_000_000_000);
            prop_assert_eq!(read, Some(i128::from(seconds) * 1_000_000_000 + i128::from(nanos)));
        }
    }
}
