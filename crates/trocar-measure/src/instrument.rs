//! What is known of the instrument behind a signal, and what it brings to each figure.

use crate::uncertainty::{ComponentName, UncertaintyComponent, rectangular};
use serde::{Deserialize, Serialize};
use trocar_signal::Problem;

/// What reads a signal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// None: `truth`, or what the device says of itself.
    #[default]
    None,
    /// One that reads values: a tracker, a goniometer, a force gauge.
    Reading(ReadingUncertainty),
    /// One that stamps events.
    Recorder(RecorderUncertainty),
}

/// Statement of an instrument that reads values, in the SI unit of the values; for positions, of each axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadingUncertainty {
    /// Expanded uncertainty of a reading as its certificate states it, without noise and registration: what stays the
    /// same from reading to reading.
    pub expanded: f64,
    /// Coverage factor of `expanded`.
    pub k: f64,
    /// Standard uncertainty of where the instrument stands relative to the device.
    pub registration_u: f64,
    /// Standard deviation of one reading's noise, independent from reading to reading and axis to axis.
    pub noise_sd: f64,
    /// Smallest difference that it shows; zero if finer than its noise.
    pub resolution: f64,
    /// Of an instrument that reads orientations beside positions, what `noise_sd` is of each angle (rad).
    pub angle_noise_sd: f64,
    /// What `expanded` is of each angle (rad), with the same coverage factor.
    pub angle_expanded: f64,
    /// What `registration_u` is of each angle (rad).
    pub angle_registration_u: f64,
}

impl Default for ReadingUncertainty {
    /// A perfect instrument.
    fn default() -> Self {
        ReadingUncertainty {
            expanded: 0.0,
            k: 2.0,
            registration_u: 0.0,
            noise_sd: 0.0,
            resolution: 0.0,
            angle_noise_sd: 0.0,
            angle_expanded: 0.0,
            angle_registration_u: 0.0,
        }
    }
}

impl ReadingUncertainty {
    /// Standard uncertainty of the certificate.
    #[must_use]
    pub fn calibration_u(&self) -> f64 {
        self.expanded / self.k
    }

    /// Standard deviation of the error that rounding to the resolution makes (GUM F.2.2.1).
    #[must_use]
    pub fn rounding_sd(&self) -> f64 {
        rectangular(0.5 * self.resolution)
    }

    /// Standard deviation of what differs from reading to reading: noise and rounding.
    #[must_use]
    pub fn scatter_sd(&self) -> f64 {
        trocar_math::hypot(self.noise_sd, self.rounding_sd())
    }

    /// What is the same in all readings: it moves a value, and leaves differences of readings alone.
    pub(crate) fn common(&self) -> [UncertaintyComponent; 2] {
        [
            UncertaintyComponent::type_b(ComponentName::Calibration, self.calibration_u()),
            UncertaintyComponent::type_b(ComponentName::Registration, self.registration_u),
        ]
    }

    /// What it states of each angle (rad), as of a number that it reads.
    pub(crate) fn of_angles(&self) -> ReadingUncertainty {
        ReadingUncertainty {
            expanded: self.angle_expanded,
            k: self.k,
            registration_u: self.angle_registration_u,
            noise_sd: self.angle_noise_sd,
            ..ReadingUncertainty::default()
        }
    }

    /// What differs from reading to reading, in a figure that is `weight` times one reading.
    pub(crate) fn of_readings(&self, weight: f64) -> [UncertaintyComponent; 2] {
        [
            UncertaintyComponent::type_b(ComponentName::InstrumentNoise, weight * self.noise_sd),
            UncertaintyComponent::type_b(ComponentName::Resolution, weight * self.rounding_sd()),
        ]
    }
}

/// Statement of an instrument that stamps events, the same for each of its channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RecorderUncertainty {
    /// Smallest time that it resolves (s).
    pub resolution_s: f64,
    /// Bound of its clock's relative error in rate (1; 20 ppm is 2e-5).
    pub clock_rate_error: f64,
    /// Standard deviation of a stamp from noise at the comparator's threshold (s): noise divided by the slope of the
    /// edge; see [`RecorderUncertainty::threshold_noise_s`].
    pub threshold_noise_s: f64,
}

impl RecorderUncertainty {
    /// Noise at a threshold as time (s): standard deviation of the signal's noise over its slope there, both in the
    /// signal's unit.
    #[must_use]
    pub fn threshold_noise_s(noise_sd: f64, slope_per_s: f64) -> f64 {
        noise_sd / slope_per_s.abs()
    }
}

impl Instrument {
    /// Values that no instrument can have.
    #[must_use]
    pub fn problems(&self) -> Vec<Problem> {
        let values: &[(&str, f64)] = match self {
            Instrument::None => &[],
            Instrument::Reading(r) => &[
                ("uncertainty", r.expanded),
                ("registration", r.registration_u),
                ("noise", r.noise_sd),
                ("resolution", r.resolution),
                ("orientation.noise", r.angle_noise_sd),
                ("orientation.uncertainty", r.angle_expanded),
                ("registration.rotation", r.angle_registration_u),
            ],
            Instrument::Recorder(r) => &[
                ("resolution", r.resolution_s),
                ("clock", r.clock_rate_error),
                ("noise", r.threshold_noise_s),
            ],
        };
        let mut problems: Vec<Problem> = values
            .iter()
            .filter(|(_, value)| !(value.is_finite() && *value >= 0.0))
            .map(|(key, _)| Problem::new(*key, "an instrument's uncertainty is zero or more, and finite"))
            .collect();
        if let Instrument::Reading(r) = self
            && !(r.k.is_finite() && r.k > 0.0)
        {
            problems.push(Problem::new("k", "a coverage factor is greater than zero"));
        }
        problems
    }

    pub(crate) fn reading(&self) -> Option<&ReadingUncertainty> {
        if let Instrument::Reading(reading) = self { Some(reading) } else { None }
    }

    pub(crate) fn recorder(&self) -> Option<&RecorderUncertainty> {
        if let Instrument::Recorder(recorder) = self { Some(recorder) } else { None }
    }
}
