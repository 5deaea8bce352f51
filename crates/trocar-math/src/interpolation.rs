//! Ways from one value to another.

/// Position along a way from 0 to 1 and its derivatives by the normalised time u.
///
/// Over a duration T divide the velocity by T and the acceleration by T².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Share of the way covered, in [0, 1].
    pub position: f64,
    /// ds/du.
    pub velocity: f64,
    /// d²s/du².
    pub acceleration: f64,
}

/// The minimum-jerk quintic s(u) = 10u³ − 15u⁴ + 6u⁵ (Flash and Hogan, 1985), at rest at both ends.
///
/// `u` is clamped to [0, 1]: before and after, the way is at rest at its end. NaN in gives NaN out.
#[inline]
#[must_use]
pub fn minimum_jerk(u: f64) -> Progress {
    let u = crate::clamp(u, 0.0, 1.0);
    let rest = 1.0 - u;
    Progress {
        position: u * u * u * (10.0 + u * (6.0 * u - 15.0)),
        velocity: 30.0 * u * u * rest * rest,
        acceleration: 60.0 * u * rest * (1.0 - 2.0 * u),
    }
}

/// `from` at u = 0, `to` at u = 1, exactly so at both; straight in between and beyond.
#[inline]
#[must_use]
pub fn linear(from: f64, to: f64, u: f64) -> f64 {
    (1.0 - u) * from + u * to
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ends_and_middle() {
        assert_eq!(minimum_jerk(-1.0), Progress { position: 0.0, velocity: 0.0, acceleration: 0.0 });
        let end = minimum_jerk(2.0);
        assert_eq!((end.position, end.velocity), (1.0, 0.0));
        assert_eq!(end.acceleration.abs(), 0.0);
        let middle = minimum_jerk(0.5);
        // Flash and Hogan: half the way at half the time, at 15/8 of the mean speed.
        assert_eq!(middle, Progress { position: 0.5, velocity: 1.875, acceleration: 0.0 });
        assert_eq!((linear(2.0, 5.0, 0.0), linear(2.0, 5.0, 1.0)), (2.0, 5.0));
    }

    proptest! {
        #[test]
        fn derivatives_are_those_of_the_position(u in 0.01..0.99_f64) {
            let h = 1e-4;
            let (a, b) = (minimum_jerk(u - h), minimum_jerk(u + h));
            // Central differences err by h²/6 times the third derivative, which stays below 360.
            prop_assert!(((b.position - a.position) / (2.0 * h) - minimum_jerk(u).velocity).abs() < 7e-7);
            prop_assert!(((b.velocity - a.velocity) / (2.0 * h) - minimum_jerk(u).acceleration).abs() < 7e-7);
        }

        #[test]
        fn symmetric(u in 0.0..1.0_f64) {
            prop_assert!((minimum_jerk(u).position + minimum_jerk(1.0 - u).position - 1.0).abs() < 1e-14);
        }
    }
}
