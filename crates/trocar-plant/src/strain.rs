//! What strain-gauge force and torque sensors have in common: hysteresis, creep, zero error, noise, converter.
//!
//! All in shares of a channel's full scale; s is the load's. The gauge shows r = s − e + c + zero + noise.
//!
//! - **Hysteresis** e: a stop operator (Visintin, *Differential Models of Hysteresis*, 1994; one element of Prandtl's
//!   model): with h the stated hysteresis, e follows 4h·Δs and is held within ±h/2. Once around between no load and full
//!   scale, the way back lies h above the way there in the middle, which is how makers state it (VDI/VDE 2637). That e is
//!   full after a quarter of full scale is this model's choice.
//! - **Creep** c: τ·ċ = κ·s − c, with κ the share of the load that a constant load adds to its reading in the long run
//!   (OIML R 60 states it after 30 minutes); solved exactly for a load that is straight between two readings.
//! - **Noise** is new in each reading of each channel. The **converter** spans ± full scale.

use crate::check;
use crate::converter::Converter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Duration, Frequency, Ratio};
use trocar_signal::{
    Activation, Dimension, Nanos, ParameterSpec, Problem, Provenance, Registration, Sourced, Time,
    state_words,
};

/// The gauges of a force or torque sensor and the electronics behind them; shares are of each channel's range.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GaugeConfig {
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// Width of a count; the converter spans the range in both senses.
    pub bits: Sourced<u32>,
    /// From the instant of a reading to its arrival. Absent: none.
    #[serde(default)]
    pub delay: Option<Sourced<Duration>>,
    /// Standard deviation from one reading to the next. Absent: none.
    #[serde(default)]
    pub noise: Option<Sourced<Ratio>>,
    /// What each channel shows without load. Absent: nothing.
    #[serde(default)]
    pub zero_error: Option<Sourced<Ratio>>,
    /// By how much the way back lies above the way there, in the middle. Absent: not at all.
    #[serde(default)]
    pub hysteresis: Option<Sourced<Ratio>>,
    /// How a constant load's reading grows. Absent: it does not.
    #[serde(default)]
    pub creep: Option<CreepConfig>,
}

/// How the reading of a constant load grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreepConfig {
    /// By what share of the load in the long run.
    pub share: Sourced<Ratio>,
    /// Its time constant.
    pub time: Sourced<Duration>,
}

impl GaugeConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        check::within(&mut problems, "bits", f64::from(self.bits.value), 4.0, 32.0);
        if let Some(delay) = &self.delay {
            check::within(&mut problems, "delay", delay.value.si(), 0.0, 10.0);
        }
        let shares = [
            ("noise", &self.noise, 0.0),
            ("zero_error", &self.zero_error, -1.0),
            ("hysteresis", &self.hysteresis, 0.0),
        ];
        for (key, share, least) in shares {
            if let Some(share) = share {
                check::within(
                    &mut problems,
                    key,
                    share.value.si(),
                    least,
                    if key == "hysteresis" { 0.2 } else { 1.0 },
                );
            }
        }
        if let Some(creep) = &self.creep {
            check::within(&mut problems, "creep.share", creep.share.value.si(), -0.5, 0.5);
            check::positive(&mut problems, "creep.time", creep.time.value.si());
        }
        problems
    }

    /// Parameters below `path`, state, delay.
    pub(crate) fn register(&self, path: &str, provenance: &Provenance<'_>, reg: &mut Registration) -> Gauges {
        let mut fixed = |name: &str, dimension, si: f64, behind| {
            reg.parameter(ParameterSpec::fixed(format!("{path}.{name}"), dimension, si, behind));
        };
        fixed("rate", Dimension::FREQUENCY, self.rate.value.si(), provenance.of(&self.rate));
        fixed("bits", Dimension::NUMBER, f64::from(self.bits.value), provenance.of(&self.bits));
        if let Some(delay) = &self.delay {
            fixed("delay", Dimension::TIME, delay.value.si(), provenance.of(delay));
        }
        if let Some(creep) = &self.creep {
            fixed("creep.time", Dimension::TIME, creep.time.value.si(), provenance.of(&creep.time));
        }
        let mut tunable = |name: &str, share: Option<&Sourced<Ratio>>| {
            share.map(|share| {
                let path = format!("{path}.{name}");
                reg.parameter(provenance.parameter(path, Dimension::NUMBER, share.value.si(), share, true))
            })
        };
        let noise = tunable("noise", self.noise.as_ref());
        let zero_error = tunable("zero_error", self.zero_error.as_ref());
        let hysteresis = tunable("hysteresis", self.hysteresis.as_ref());
        let creep = tunable("creep.share", self.creep.as_ref().map(|c| &c.share));
        let delay = self.delay.as_ref().map_or(0.0, |delay| delay.value.si());
        let delay = Nanos::from_seconds(delay).unwrap_or(Nanos::ZERO);
        reg.delays_by(delay);
        reg.state::<GaugeState>();
        Gauges {
            noise,
            zero_error,
            hysteresis,
            creep: creep.zip(self.creep.as_ref().map(|c| c.time.value.si())),
            converter: Converter::new(-1.0, 1.0, self.bits.value),
            delay,
        }
    }
}

/// No sensor has more channels.
pub(crate) const MAX_CHANNELS: usize = 6;

state_words! {
    /// What gauges remember, by channel.
    pub struct GaugeState {
        /// 1 after the first reading.
        pub started: u64,
        /// The instant of the last reading.
        pub at: Time,
        /// The load at the last reading, share of full scale.
        pub load: [f64; MAX_CHANNELS],
        /// What hysteresis keeps back.
        pub kept_back: [f64; MAX_CHANNELS],
        /// What creep has added.
        pub crept: [f64; MAX_CHANNELS],
    }
}

/// The gauges of one sensor, registered.
pub(crate) struct Gauges {
    noise: Option<ParameterPort>,
    zero_error: Option<ParameterPort>,
    hysteresis: Option<ParameterPort>,
    /// With its time constant, s.
    creep: Option<(ParameterPort, f64)>,
    converter: Converter,
    pub delay: Nanos,
}

impl Gauges {
    /// What the channels show of loads (shares of full scale) at `at`: without zero error and noise.
    pub(crate) fn strain(&self, io: &mut Activation<'_>, at: Time, loads: &mut [f64]) {
        let hysteresis = self.hysteresis.map_or(0.0, |port| io.parameter(port));
        let creep = self.creep.map(|(port, time_s)| (io.parameter(port), time_s));
        let state = io.state::<GaugeState>();
        let elapsed_s = if state.started == 0 { 0.0 } else { at.since(state.at).seconds() };
        let first = state.started == 0;
        (state.started, state.at) = (1, at);
        for (k, load) in loads.iter_mut().enumerate() {
            let (now, before) = (*load, if first { *load } else { state.load[k] });
            state.load[k] = now;
            let held = state.kept_back[k] + 4.0 * hysteresis * (now - before);
            state.kept_back[k] = trocar_math::clamp(held, -0.5 * hysteresis, 0.5 * hysteresis);
            if let Some((share, time_s)) = creep
                && elapsed_s > 0.0
            {
                let trail = (now - before) / elapsed_s * time_s;
                let left = trocar_math::exp(-elapsed_s / time_s);
                state.crept[k] = share * (now - trail) + (state.crept[k] - share * (before - trail)) * left;
            }
            *load = now - state.kept_back[k] + state.crept[k];
        }
    }

    /// The counts of what the channels show, with zero error and noise.
    pub(crate) fn convert(&self, io: &Activation<'_>, shown: &mut [f64]) {
        let zero = self.zero_error.map_or(0.0, |port| io.parameter(port));
        for (lane, value) in shown.iter_mut().enumerate() {
            let noise = self.noise.map_or(0.0, |port| io.parameter(port) * io.draw(lane as u32).normal());
            *value = self.converter.count(*value + zero + noise);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
