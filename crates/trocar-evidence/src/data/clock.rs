//! Clocks: how the times of a file become times of the whole recording.

use trocar_scenario::mapping::DataConfig;
use trocar_signal::Time;

/// A change of one clock, by which the uncertainty of its offset and drift is carried into figures (JCGM 100:2008,
/// 5.1.3, note 2: half the change of the result between the input plus and minus its standard uncertainty).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// Which file.
    pub file: usize,
    /// Added to its offset, nanoseconds.
    pub offset_ns: i128,
    /// Added to its drift.
    pub drift: f64,
}

/// The clock of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Clock {
    /// Added to its times, nanoseconds.
    offset_ns: i128,
    /// How much faster it runs.
    drift: f64,
    /// Its first time, from which on it drifts; nanoseconds.
    pub first_ns: i128,
    /// What is taken from all times of the recording, nanoseconds.
    pub origin_ns: i128,
}

impl Clock {
    pub fn new(config: Option<&DataConfig>) -> Clock {
        let offset_s = config.and_then(|c| c.offset).map_or(0.0, |o| o.si());
        Clock {
            offset_ns: (offset_s * 1e9).round() as i128,
            drift: config.and_then(|c| c.drift).map_or(0.0, |d| d.si()),
            ..Clock::default()
        }
    }

    pub fn shifted(&self, shift: &Shift) -> Clock {
        Clock { offset_ns: self.offset_ns + shift.offset_ns, drift: self.drift + shift.drift, ..self.clone() }
    }

    /// On the common clock, before the origin is taken off.
    pub fn common_ns(&self, own_ns: i128) -> i128 {
        // A fast clock shows too much since its first time.
        let since_ns = own_ns - self.first_ns;
        let excess_ns = (since_ns as f64 * (self.drift / (1.0 + self.drift))).round() as i128;
        own_ns - excess_ns + self.offset_ns
    }

    /// As an instant of the recording; what is before its beginning is there.
    pub fn instant(&self, own_ns: i128) -> Time {
        let since = (self.common_ns(own_ns) - self.origin_ns).clamp(0, i128::from(u64::MAX / 4));
        Time(u64::try_from(since).unwrap_or(0))
    }
}

/// What is taken from all times: nothing where they are seconds since a start, whole seconds where they are a date or
/// negative. `first_ns` is the earliest time on the common clock.
pub fn origin_ns(first_ns: i128) -> i128 {
    const SECOND: i128 = 1_000_000_000;
    // Eleven days after its start nobody counts in seconds; and phases of a recording begin no earlier than it does.
    if (0..1_000_000 * SECOND).contains(&first_ns) {
        0
    } else {
        first_ns.div_euclid(SECOND) * SECOND - SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_and_drift_are_taken_out() {
        let clock = Clock { offset_ns: 5_000_000, drift: 1e-3, first_ns: 10_000_000_000, origin_ns: 0 };
        // A clock that is fast by 1e-3 shows 1.001 s after one second.
        assert_eq!(clock.instant(11_001_000_000), Time(11_005_000_000));
        assert_eq!(clock.instant(10_000_000_000), Time(10_005_000_000));
        assert_eq!(clock.instant(-1_000_000_000_000), Time::ZERO);
        let shifted = clock.shifted(&Shift { file: 0, offset_ns: -5_000_000, drift: -1e-3 });
        assert_eq!(shifted.instant(11_001_000_000), Time(11_001_000_000));
    }

    #[test]
    fn dates_and_negative_times_get_an_origin() {
        assert_eq!(origin_ns(0), 0);
        assert_eq!(origin_ns(5_500_000_000), 0);
        assert_eq!(origin_ns(-1), -2_000_000_000);
        assert_eq!(origin_ns(1_763_797_132_123_456_789), 1_763_797_131_000_000_000);
    }
}
