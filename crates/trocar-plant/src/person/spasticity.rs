//! Muscles that pull without will: the stretch reflex of spasticity, and spasms.

use trocar_math::interpolation::minimum_jerk;
use trocar_math::{clamp, max, min};

/// A stretch reflex: activation = gain · max(0, stretch rate (t − delay) − threshold), at most 1.
///
/// The form and the defaults that myo-manipulation/SpasticMyoElbow publishes (Apache-2.0): delay 0.03 s, threshold
/// 0.05 rad/s, gain 0 to 4 s/rad. There the person with the most gain resists a stretch of 0.3 rad/s with all that the muscle has. In 13 people
/// after a stroke the reflex's stiffness explained 74 % and its threshold 15 % of what depends on velocity (McPherson 2018, elbow, 15 to 150°/s): vary the gain
/// before the threshold. How many N m a spastic hip or knee makes is not published: a file has to say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StretchReflex {
    /// s/rad, at least zero.
    pub gain_sprad: f64,
    /// rad/s, at least zero.
    pub threshold_radps: f64,
    /// From the stretch to the pull, s, at least zero.
    pub delay_s: f64,
}

impl Default for StretchReflex {
    fn default() -> Self {
        Self { gain_sprad: 0.0, threshold_radps: 0.05, delay_s: 0.03 }
    }
}

impl StretchReflex {
    /// Activation, 0 to 1, at a stretch rate of one delay ago, rad/s (positive where the muscle lengthens).
    #[must_use]
    pub fn activation(&self, stretch_rate_before_radps: f64) -> f64 {
        clamp(self.gain_sprad * max(stretch_rate_before_radps - self.threshold_radps, 0.0), 0.0, 1.0)
    }
}

/// A signal as it was a fixed time ago, remembered at a fixed step: between two samples runs a straight line, so that the
/// delay is what was asked for whatever the step. It owns no memory: [`DelayLine::words`] state words hold it, zero at the start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DelayLine {
    /// Samples that are remembered.
    length: usize,
    /// The newest sample that lies at or behind the delay, counted back from the newest.
    behind: usize,
    /// How much of the one before it counts.
    share: f64,
}

impl DelayLine {
    /// The most samples that it remembers. A choice: a delay of 10 s at 10 kHz.
    pub const MOST_SAMPLES: usize = 100_000;

    /// For this delay and step, s; `None` unless the delay is at least zero, the step above zero, and the delay no more than
    /// [`DelayLine::MOST_SAMPLES`] steps.
    #[must_use]
    pub fn new(delay_s: f64, step_s: f64) -> Option<Self> {
        let steps = delay_s / step_s;
        if !(step_s > 0.0 && steps >= 0.0 && steps < (Self::MOST_SAMPLES - 2) as f64) {
            return None;
        }
        // A delay that is a whole number of steps up to rounding is one.
        let nearest = steps.round();
        let steps = if (steps - nearest).abs() < 1e-9 * max(nearest, 1.0) { nearest } else { steps };
        let behind = steps.floor();
        Some(Self { length: behind as usize + 2, behind: behind as usize, share: steps - behind })
    }

    /// How many state words it needs: the samples, and the place of the newest.
    #[must_use]
    pub fn words(&self) -> usize {
        self.length + 1
    }

    /// Takes the value of this step in and gives that of one delay ago. `state` is [`DelayLine::words`] long; what was before the
    /// first step is zero.
    pub fn step(&self, state: &mut [u64], value: f64) -> f64 {
        let Some((place, samples)) = state.split_last_mut() else { return value };
        if samples.len() != self.length {
            return value;
        }
        let newest = (*place as usize + 1) % self.length;
        *place = newest as u64;
        samples[newest] = value.to_bits();
        let back = |count: usize| f64::from_bits(samples[(newest + self.length - count) % self.length]);
        let (near, far) = (back(self.behind), back(self.behind + 1));
        near + self.share * (far - near)
    }
}

/// A spasm: effort that rises, holds and falls by itself, whatever the joint does. How large and how long is nowhere published: all of it has
/// to be given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spasm {
    /// Effort at its height, N m, of either sign.
    pub height_nm: f64,
    /// From its onset to its height, s, at least zero.
    pub rise_s: f64,
    /// At its height, s, at least zero.
    pub hold_s: f64,
    /// From its height to its end, s, at least zero.
    pub fall_s: f64,
}

impl Spasm {
    /// The effort at a time since its onset, N m; none before and after. It rises and falls by minimum jerk: without a jump in rate.
    #[must_use]
    pub fn effort_nm(&self, since_onset_s: f64) -> f64 {
        let progress = |time: f64, duration: f64| match duration > 0.0 {
            true => minimum_jerk(time / duration).position,
            false => f64::from(u8::from(time >= 0.0)),
        };
        let risen = progress(since_onset_s, self.rise_s);
        let fallen = progress(since_onset_s - self.rise_s - self.hold_s, self.fall_s);
        self.height_nm * min(risen, 1.0 - fallen)
    }

    /// From onset to end, s.
    #[must_use]
    pub fn duration_s(&self) -> f64 {
        self.rise_s + self.hold_s + self.fall_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trocar_math::sin;

    fn delayed(delay_s: f64, step_s: f64, until_s: f64, signal: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        let line = DelayLine::new(delay_s, step_s).unwrap();
        let mut state = vec![0_u64; line.words()];
        (0..(until_s / step_s) as usize)
            .map(|k| {
                let now = k as f64 * step_s;
                (now, line.step(&mut state, signal(now)))
            })
            .collect()
    }

    /// A ramp comes out one delay later, exactly, whether the delay is a whole number of steps or not.
    #[test]
    fn the_delay_is_exact_at_any_step() {
        for step_s in [1e-3, 7e-4, 3e-3, 0.013, 0.03, 0.05] {
            for (now, out) in delayed(0.03, step_s, 0.5, |t| 2.0 * t) {
                // Before the start it is silent: the first sample joins on by a straight line from zero, here zero too.
                let expected = max(2.0 * (now - 0.03), 0.0);
                assert!((out - expected).abs() < 1e-12, "{out} at {now} s, step {step_s}");
            }
        }
        // A sine comes out late by the delay up to its curvature over a step, (ω h)²/8.
        for (now, out) in delayed(0.03, 1e-3, 1.0, |t| sin(20.0 * t)).into_iter().skip(40) {
            assert!((out - sin(20.0 * (now - 0.03))).abs() < 5.1e-5, "{now}");
        }
        assert!(delayed(0.0, 1e-3, 0.1, |t| t).iter().all(|&(now, out)| now == out));
        for (delay, step) in [(-1.0, 1e-3), (f64::NAN, 1e-3), (0.03, 0.0), (0.03, -1.0), (1e6, 1e-3)] {
            assert_eq!(DelayLine::new(delay, step), None);
        }
    }

    /// State words of another length change nothing and lose nothing.
    #[test]
    fn state_of_another_length_is_not_touched() {
        let line = DelayLine::new(0.03, 1e-3).unwrap();
        let mut state = vec![7_u64; 3];
        assert_eq!((line.step(&mut state, 2.5), state), (2.5, vec![7; 3]));
        assert_eq!(line.step(&mut [], 2.5), 2.5);
    }

    /// Published resistance begins above the threshold and rises with the rate: a ramp-and-hold stretch at 15 to 240°/s.
    #[test]
    fn the_reflex_answers_to_rate_after_its_delay() {
        let reflex = StretchReflex { gain_sprad: 0.2, ..StretchReflex::default() };
        for degrees_per_s in [15.0_f64, 60.0, 150.0, 240.0] {
            let rate = degrees_per_s.to_radians();
            let outs =
                delayed(reflex.delay_s, 1e-3, 0.5, |t| if (0.1..0.3).contains(&t) { rate } else { 0.0 });
            for (now, before) in outs {
                let activation = reflex.activation(before);
                let expected = if (0.13..0.329).contains(&now) { 0.2 * (rate - 0.05) } else { 0.0 };
                // Where the rate jumps, between two samples, it is on its way.
                let jumps = (now - 0.13).abs() < 2e-3 || (now - 0.33).abs() < 2e-3;
                assert!(jumps || (activation - expected).abs() < 1e-12, "{activation} at {now}");
            }
        }
        assert_eq!(reflex.activation(-3.0), 0.0);
        assert_eq!(reflex.activation(0.05), 0.0);
        assert_eq!(StretchReflex { gain_sprad: 4.0, ..reflex }.activation(10.0), 1.0);
    }

    #[test]
    fn a_spasm_rises_holds_and_falls() {
        let spasm = Spasm { height_nm: -20.0, rise_s: 0.2, hold_s: 0.5, fall_s: 0.4 };
        for (time, expected) in [
            (-0.1, 0.0),
            (0.0, 0.0),
            (0.1, -10.0),
            (0.2, -20.0),
            (0.6, -20.0),
            (0.9, -10.0),
            (1.1, 0.0),
            (9.0, 0.0),
        ] {
            assert!((spasm.effort_nm(time) - expected).abs() < 1e-12, "{time}");
        }
        assert_eq!(spasm.duration_s(), 1.1);
        let sudden = Spasm { rise_s: 0.0, fall_s: 0.0, ..spasm };
        assert_eq!([-1e-9, 0.0, 0.4, 0.51].map(|t| sudden.effort_nm(t).abs()), [0.0, 20.0, 20.0, 0.0]);
    }
}
