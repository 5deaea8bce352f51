//! An edge recorder: stamps events of several channels on one clock, as a logic analyser or an oscilloscope does.
//!
//! A channel rises when a group is written, or when a number has moved away from where it stood at arming by a
//! threshold (a comparator). Between two samples of the number the crossing is taken from a straight line, so the
//! stamp is finer than the step of what it follows; that step still belongs to the uncertainty of a latency. The
//! recorder's clock runs fast by `clock_error` and stamps with the next tick of its resolution.
//!
//! A write is taken to come in at its stamp, if that lies between two activations of the recorder, else (a message
//! that was under way) at the activation that first sees it.

use crate::check;
use crate::instrument::{Followed, InstrumentStatement, Resolve, resolve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Duration, Ratio};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupClass, GroupSpec, Nanos, Problem, Provenance,
    ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// An edge recorder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeRecorderConfig {
    /// Its channels by name; each gives an event `RECORDER.NAME`, whose stamp is the recorder's.
    pub channels: BTreeMap<String, EdgeConfig>,
    /// Step of its time stamps.
    pub resolution: Sourced<Duration>,
    /// How much faster its clock runs than time: `"20 ppm"`.
    #[serde(default)]
    pub clock_error: Option<Sourced<Ratio>>,
}

/// When a channel rises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EdgeConfig {
    /// At each write of a group.
    Written {
        /// The group's path.
        follows: String,
    },
    /// When a number has moved away from its value at arming, once for each arming.
    Moves {
        /// The number's path.
        follows: String,
        /// How far it must have moved, in either sense.
        threshold: Sourced<AnyQuantity>,
        /// Standard deviation of the comparator's threshold from one arming to the next; at most a fifth of it.
        #[serde(default)]
        noise: Option<Sourced<AnyQuantity>>,
        /// The `written` channel of this recorder whose every rise arms this one; without it, the start arms it once.
        #[serde(default)]
        armed_by: Option<String>,
    },
}

impl EdgeRecorderConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.channels.is_empty() {
            problems.push(Problem::new("channels", "a recorder has at least one channel"));
        }
        if self.channels.len() > MAX_CHANNELS {
            let what = format!("{} channels; a recorder has at most {MAX_CHANNELS}", self.channels.len());
            problems.push(Problem::new("channels", what));
        }
        let resolution_s = self.resolution.value.si();
        if Nanos::from_seconds(resolution_s).is_none_or(|r| r == Nanos::ZERO) {
            problems.push(Problem::new("resolution", format!("{resolution_s} s is less than a nanosecond")));
        }
        if let Some(error) = &self.clock_error {
            check::within(&mut problems, "clock_error", error.value.si(), -0.1, 0.1);
        }
        for (name, channel) in &self.channels {
            let key = format!("channels.{name}");
            check::name(&mut problems, &key, name);
            if let EdgeConfig::Moves { threshold, noise, armed_by, .. } = channel {
                let threshold = threshold.value;
                check::positive(&mut problems, &format!("{key}.threshold"), threshold.si);
                if let Some(noise) = noise {
                    let key = format!("{key}.noise");
                    check::dimension(&mut problems, &key, noise.value.dimension, threshold.dimension);
                    if noise.value.dimension == threshold.dimension {
                        check::within(&mut problems, &key, noise.value.si, 0.0, threshold.si / 5.0);
                    }
                }
                if let Some(other) = armed_by
                    && !matches!(self.channels.get(other), Some(EdgeConfig::Written { .. }))
                {
                    let what = format!("`{other}` is not a channel of this recorder of kind `written`");
                    problems.push(Problem::new(format!("{key}.armed_by"), what));
                }
            }
        }
        problems
    }

    /// What the instrument states about its stamps; of noise, the statement of the channel `name`.
    #[must_use]
    pub fn statement(&self, name: &str) -> InstrumentStatement {
        let noise_sd = match self.channels.get(name) {
            Some(EdgeConfig::Moves { noise: Some(noise), .. }) => noise.value.si,
            _ => 0.0,
        };
        InstrumentStatement {
            noise_sd,
            resolution: self.resolution.value.si(),
            clock_ppm: self.clock_error.as_ref().map_or(0.0, |error| error.value.si() * 1e6),
            ..InstrumentStatement::silent(Dimension::TIME)
        }
    }
}

state_words! {
    /// What a recorder remembers apart from its channels.
    pub struct RecorderState {
        /// 1 after the first activation.
        pub started: u64,
        /// The instant of the last activation.
        pub last: Time,
    }
}

state_words! {
    /// What a channel remembers.
    pub struct EdgeState {
        /// How often it rose.
        pub count: u64,
        /// 1 while it waits for its number to move.
        pub armed: u64,
        /// The number at arming.
        pub baseline: f64,
        /// How far the number must move this time.
        pub threshold: f64,
        /// The number at the last sample.
        pub value: f64,
        /// The stamp of the last sample.
        pub stamp: Time,
        /// The group's sequence at the last activation.
        pub sequence: u64,
    }
}

/// Greatest number of channels of one recorder: the bits of a word.
const MAX_CHANNELS: usize = 64;

const RECORDER_WORDS: usize = size_of::<RecorderState>() / 8;
const EDGE_WORDS: usize = size_of::<EdgeState>() / 8;

enum Trigger {
    Written,
    Moves { index: usize, threshold: ParameterPort, noise: Option<ParameterPort>, armed_by: Option<usize> },
}

struct Edge {
    /// Place of its state among the channels' states.
    place: usize,
    read: ReadPort,
    write: WritePort,
    trigger: Trigger,
}

/// The component of the instrument's name, activated at each step of the mechanism. Reads what it follows as it stood
/// before its instant; writes an event `NAME.CHANNEL` for each channel, whose value counts its rises.
pub struct EdgeRecorder {
    /// Channels that rise at a write come first: they arm the others.
    edges: Vec<Edge>,
    resolution_ns: u64,
    clock_rate: f64,
}

impl EdgeRecorder {
    /// A recorder whose channels' paths `find` looks up.
    ///
    /// # Errors
    /// What is wrong with the configuration; paths that are nothing, or no number where a number is meant; thresholds
    /// of another kind than their numbers.
    pub fn new(
        name: &str,
        config: &EdgeRecorderConfig,
        find: Resolve<'_>,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<EdgeRecorder, Vec<Problem>> {
        let mut problems = config.check();
        let mut followed = Vec::new();
        for (channel, edge) in &config.channels {
            let key = format!("channels.{channel}");
            let path = match edge {
                EdgeConfig::Written { follows } | EdgeConfig::Moves { follows, .. } => follows,
            };
            let Some(found) = resolve(find, path, &format!("{key}.follows"), &mut problems) else { continue };
            if let EdgeConfig::Moves { threshold, .. } = edge {
                match found.number() {
                    None => {
                        let what = format!("`{path}` is not a number that moves");
                        problems.push(Problem::new(format!("{key}.follows"), what));
                    }
                    Some((_, element)) => {
                        let (is, meant) = (threshold.value.dimension, element.dimension);
                        check::dimension(&mut problems, &format!("{key}.threshold"), is, meant);
                    }
                }
            }
            followed.push(found);
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let resolution = provenance.parameter(
            format!("{name}.resolution"),
            Dimension::TIME,
            config.resolution.value.si(),
            &config.resolution,
            false,
        );
        reg.parameter(resolution);
        if let Some(error) = &config.clock_error {
            let (path, si) = (format!("{name}.clock_error"), error.value.si());
            reg.parameter(provenance.parameter(path, Dimension::NUMBER, si, error, false));
        }
        reg.state::<RecorderState>();
        let places: BTreeMap<&str, usize> =
            config.channels.keys().enumerate().map(|(place, channel)| (channel.as_str(), place)).collect();
        let mut edges = Vec::new();
        for (place, ((channel, edge), found)) in config.channels.iter().zip(&followed).enumerate() {
            let mut words = Vec::new();
            <EdgeState as trocar_signal::state::StateWords>::names(&mut words);
            reg.state_words(words.into_iter().map(|word| format!("{channel}.{word}")));
            edges.push(declare(name, place, channel, edge, found, &places, provenance, reg));
        }
        edges.sort_by_key(|edge| !matches!(edge.trigger, Trigger::Written));
        Ok(EdgeRecorder {
            edges,
            resolution_ns: Nanos::from_seconds(config.resolution.value.si()).unwrap_or(Nanos(1)).0.max(1),
            clock_rate: 1.0 + config.clock_error.as_ref().map_or(0.0, |error| error.value.si()),
        })
    }

    /// What the recorder's clock says at an instant given as nanoseconds: the next tick of its resolution.
    fn stamped(&self, instant_ns: f64) -> Time {
        let ticks = (instant_ns * self.clock_rate / self.resolution_ns as f64).ceil();
        Time((ticks as u64).saturating_mul(self.resolution_ns))
    }
}

#[expect(clippy::too_many_arguments, reason = "one place of use; a struct would only repeat the names")]
fn declare(
    name: &str,
    place: usize,
    channel: &str,
    edge: &EdgeConfig,
    found: &Followed,
    places: &BTreeMap<&str, usize>,
    provenance: &Provenance<'_>,
    reg: &mut Registration,
) -> Edge {
    let trigger = match edge {
        EdgeConfig::Written { .. } => Trigger::Written,
        EdgeConfig::Moves { threshold, noise, armed_by, .. } => {
            let mut declare = |key: &str, value: &Sourced<AnyQuantity>| {
                let AnyQuantity { si, dimension } = value.value;
                let path = format!("{name}.{channel}.{key}");
                reg.parameter(provenance.parameter(path, dimension, si, value, true))
            };
            Trigger::Moves {
                index: found.element.unwrap_or(0),
                threshold: declare("threshold", threshold),
                noise: noise.as_ref().map(|noise| declare("noise", noise)),
                armed_by: armed_by.as_deref().and_then(|other| places.get(other).copied()),
            }
        }
    };
    let written = GroupSpec::event(format!("{name}.{channel}"))
        .class(GroupClass::Instrument)
        .meaning("Counts the rises of the channel; stamped by the recorder's clock");
    Edge { place, read: reg.read_previous(&found.group.path), write: reg.write(written), trigger }
}

impl Component for EdgeRecorder {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let now = io.now;
        let recorder = *io.state::<RecorderState>();
        let first = recorder.started == 0;
        *io.state::<RecorderState>() = RecorderState { started: 1, last: now };
        // Bit p: the channel of place p rose at this activation.
        let mut rose = 0_u64;
        for edge in &self.edges {
            let words =
                RECORDER_WORDS + edge.place * EDGE_WORDS..RECORDER_WORDS + (edge.place + 1) * EDGE_WORDS;
            let mut state: EdgeState = *bytemuck::from_bytes(bytemuck::cast_slice(&io.state[words.clone()]));
            let header = io.header(edge.read);
            let fresh = header.sequence != state.sequence;
            state.sequence = header.sequence;
            let mut rise_ns = None;
            match &edge.trigger {
                Trigger::Written => {
                    if fresh && !first {
                        let seen = if header.stamp > recorder.last { header.stamp } else { now };
                        rise_ns = Some(seen.0 as f64);
                    }
                }
                Trigger::Moves { index, threshold, noise, armed_by } => {
                    let value = io.read(edge.read)[*index];
                    if header.valid == 1 && fresh {
                        if state.armed == 1 {
                            rise_ns = crossing(&state, value, header.stamp);
                            state.armed = u64::from(rise_ns.is_none());
                        }
                        state.value = value;
                        state.stamp = header.stamp;
                    }
                    let arms = match armed_by {
                        Some(place) => rose >> place & 1 == 1,
                        None => state.count == 0 && state.armed == 0 && rise_ns.is_none(),
                    };
                    if arms && header.valid == 1 {
                        let noise =
                            noise.map_or(0.0, |sd| io.parameter(sd) * io.draw(edge.place as u32).normal());
                        state.armed = 1;
                        state.baseline = value;
                        state.threshold = trocar_math::max(io.parameter(*threshold) + noise, 0.0);
                    }
                }
            }
            if let Some(instant_ns) = rise_ns {
                state.count += 1;
                rose |= 1 << edge.place;
                io.send(edge.write, &[state.count as f64], self.stamped(instant_ns), Nanos::ZERO, true);
            }
            io.state[words].copy_from_slice(bytemuck::cast_slice(bytemuck::bytes_of(&state)));
        }
        Ok(())
    }
}

/// When the number crossed its threshold on the straight way from the last sample to this one, ns; `None` if it did
/// not.
fn crossing(state: &EdgeState, value: f64, stamp: Time) -> Option<f64> {
    let moved = value - state.baseline;
    if moved.abs() < state.threshold {
        return None;
    }
    let level = state.baseline + state.threshold * if moved < 0.0 { -1.0 } else { 1.0 };
    let way = value - state.value;
    let share = if way == 0.0 { 1.0 } else { trocar_math::clamp((level - state.value) / way, 0.0, 1.0) };
    Some(trocar_math::interpolation::linear(state.stamp.0 as f64, stamp.0 as f64, share))
}

#[cfg(test)]
mod tests;
