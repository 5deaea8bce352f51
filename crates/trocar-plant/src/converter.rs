//! Analogue-to-digital converters, and the controller's side that turns their counts back into quantities.
//!
//! A converter of b bits over the range from `low` to `high` has steps of q = (high − low)/2^b; its count is
//! (x − low)/q, rounded to the nearest whole number and held within 0 ..= 2^b − 1 (the transfer of an ideal converter:
//! IEEE Std 1241). A range that runs downwards has a negative step. Over a range that is symmetric about zero this is
//! offset binary: zero is 2^(b−1).

use trocar_signal::{
    Activation, Component, Dimension, Element, GroupSpec, Nanos, ReadPort, Registration, WritePort,
};

/// From a quantity to a count and back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Converter {
    low: f64,
    step: f64,
    last: f64,
}

impl Converter {
    /// Of this many bits from the quantity at count 0 to the one that would be a step beyond the last count.
    #[must_use]
    pub fn new(low: f64, high: f64, bits: u32) -> Converter {
        let counts = trocar_math::powi(2.0, bits.cast_signed());
        Converter { low, step: (high - low) / counts, last: counts - 1.0 }
    }

    /// The count for a quantity.
    #[must_use]
    pub fn count(&self, value: f64) -> f64 {
        trocar_math::clamp(((value - self.low) / self.step).round(), 0.0, self.last)
    }

    /// The quantity for a count. A wire carries no number outside its range, whatever a fault writes.
    #[must_use]
    pub fn value(&self, count: f64) -> f64 {
        self.low + trocar_math::clamp(count.round(), 0.0, self.last) * self.step
    }
}

/// Names for a group of counts on the wire.
pub(crate) fn counts_group(path: String, names: &[&str], meaning: &str) -> GroupSpec {
    let spec = match names {
        [] => GroupSpec::scalar(path, Dimension::NUMBER),
        names => GroupSpec::vector(
            path,
            names.iter().map(|n| Element { name: (*n).to_owned(), dimension: Dimension::NUMBER }).collect(),
        ),
    };
    spec.meaning(meaning)
}

/// A component that reads a group of counts, after whatever befell them on the wire, and writes readings.
///
/// A reading carries its count's stamp; a count that may not be used marks the reading.
pub struct CountReader {
    counts: ReadPort,
    channels: Vec<Converter>,
    /// Each group of readings and how many of the channels, in order, it holds.
    readings: Vec<(WritePort, usize)>,
}

/// No sensor has more channels.
const MAX_CHANNELS: usize = 8;

impl CountReader {
    /// The reader of the counts at `path`, one converter for each; `readings` share the channels out among them.
    #[must_use]
    pub fn new(
        path: &str,
        channels: Vec<Converter>,
        readings: Vec<(GroupSpec, usize)>,
        reg: &mut Registration,
    ) -> CountReader {
        let counts = reg.read(path);
        let readings = readings.into_iter().map(|(spec, channels)| (reg.write(spec), channels)).collect();
        CountReader { counts, channels, readings }
    }
}

impl Component for CountReader {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.counts);
        if header.sequence == 0 {
            return Ok(());
        }
        let mut values = [0.0; MAX_CHANNELS];
        for ((value, count), channel) in values.iter_mut().zip(io.read(self.counts)).zip(&self.channels) {
            *value = channel.value(*count);
        }
        let mut from = 0;
        for (port, channels) in &self.readings {
            let to = from + channels;
            io.send(*port, &values[from..to], header.stamp, Nanos::ZERO, header.valid == 1);
            from = to;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Within the range a reading errs by half a step at most; outside it stays at the nearer end. The range may
        /// run downwards. (The 1e-9 is rounding of the sums.)
        #[test]
        fn a_reading_errs_by_half_a_step(x in -3.0..3.0, low in -2.0..-1.0, high in 1.0..2.0, bits in 4_u32..25, down: bool) {
            let (low, high) = if down { (high, low) } else { (low, high) };
            let converter = Converter::new(low, high, bits);
            let step = f64::abs(high - low) / trocar_math::powi(2.0, bits.cast_signed());
            let count = converter.count(x);
            prop_assert!(count >= 0.0 && count < trocar_math::powi(2.0, bits.cast_signed()) && count.fract() == 0.0);
            let last = low + (high - low) * (1.0 - trocar_math::powi(0.5, bits.cast_signed()));
            let nearest = trocar_math::clamp(x, trocar_math::min(low, last), trocar_math::max(low, last));
            prop_assert!((converter.value(count) - nearest).abs() <= 0.5 * step * (1.0 + 1e-9) + 1e-12);
        }
    }

    #[test]
    fn zero_of_a_symmetric_range_is_the_middle_count() {
        let converter = Converter::new(-5.0, 5.0, 16);
        assert_eq!(converter.count(0.0), 32_768.0);
        assert_eq!(converter.value(32_768.0), 0.0);
        assert_eq!(converter.value(1e9), converter.value(65_535.0), "a wire carries no more");
    }
}
