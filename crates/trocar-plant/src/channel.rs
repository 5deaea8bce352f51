//! A message channel: what is written to a group arrives in another one later, irregularly, or not at all.
//!
//! Each write of the source is one message. It is lost with probability `loss`, else it arrives after `delay` plus a
//! uniform draw from 0 to `jitter`. Stamp and validity travel with the values. Draws depend on the instant at which
//! the message is seen, so another channel, or another message, changes none. All three are parameters of a run, also where the
//! file gives no jitter or loss.

use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Duration, Ratio};
use trocar_signal::{
    Activation, Component, Dimension, GroupSpec, Nanos, Problem, Provenance, ReadPort, Registration, Sourced,
    Time, WritePort, state_words,
};

/// A leg of a network or field bus.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// Time under way of every message.
    pub delay: Sourced<Duration>,
    /// Greatest further time under way; each message's own is uniform from zero to this.
    #[serde(default)]
    pub jitter: Option<Sourced<Duration>>,
    /// Share of the messages that are lost, each for itself.
    #[serde(default)]
    pub loss: Option<Sourced<Ratio>>,
    /// Whether a message waits for those sent before it (a stream does; datagrams overtake each other).
    #[serde(default = "yes")]
    pub keeps_order: bool,
}

fn yes() -> bool {
    true
}

impl ChannelConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::not_negative(&mut problems, "delay", self.delay.value.si());
        if let Some(jitter) = &self.jitter {
            check::not_negative(&mut problems, "jitter", jitter.value.si());
        }
        if let Some(loss) = &self.loss {
            check::within(&mut problems, "loss", loss.value.si(), 0.0, 1.0);
        }
        problems
    }
}

state_words! {
    /// What a channel remembers.
    pub struct ChannelState {
        /// Sequence of the message seen last.
        pub sequence: u64,
        /// When the latest message under way arrives.
        pub last_due: Time,
    }
}

/// A channel at the path of its [`Registration`], activated at each step or by a task; it sees at most one message at
/// each activation.
pub struct Channel {
    source: ReadPort,
    target: WritePort,
    delay: ParameterPort,
    jitter: ParameterPort,
    loss: ParameterPort,
    keeps_order: bool,
}

impl Channel {
    /// A channel from the group `source` to a group of the same kind at `target`.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        config: &ChannelConfig,
        source: &GroupSpec,
        target: &str,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Channel, Vec<Problem>> {
        let problems = config.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = reg.path.clone();
        let delay = provenance.parameter(
            format!("{path}.delay"),
            Dimension::TIME,
            config.delay.value.si(),
            &config.delay,
            true,
        );
        let delay = reg.parameter(delay.at_least(0.0));
        reg.delays_by_parameter(delay);
        let none = Sourced::bare(Duration::from_si(0.0));
        let config_jitter = config.jitter.as_ref().unwrap_or(&none);
        let jitter = format!("{path}.jitter");
        let jitter_s = config_jitter.value.si();
        let jitter = provenance.parameter(jitter, Dimension::TIME, jitter_s, config_jitter, true);
        let jitter = reg.parameter(jitter.at_least(0.0));
        reg.delays_by_parameter(jitter);
        let none = Sourced::bare(Ratio::from_si(0.0));
        let config_loss = config.loss.as_ref().unwrap_or(&none);
        let loss = format!("{path}.loss");
        let share = config_loss.value.si();
        let loss = provenance.parameter(loss, Dimension::NUMBER, share, config_loss, true);
        let loss = reg.parameter(loss.at_least(0.0));
        reg.state::<ChannelState>();
        let mut copy = source.clone();
        target.clone_into(&mut copy.path);
        copy.meaning = format!("{} as it arrives over {path}", source.path);
        let (source, target) = (reg.read(&source.path), reg.write(copy));
        Ok(Channel { source, target, delay, jitter, loss, keeps_order: config.keeps_order })
    }
}

impl Component for Channel {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.source);
        let (now, sequence) = (io.now, header.sequence);
        let state = io.state::<ChannelState>();
        if sequence == state.sequence {
            return Ok(());
        }
        state.sequence = sequence;
        let last_due = state.last_due;
        if io.draw(0).uniform() < io.parameter(self.loss) {
            return Ok(());
        }
        let jitter_s = io.draw(1).uniform() * io.parameter(self.jitter);
        let under_way = Nanos::from_seconds(io.parameter(self.delay) + jitter_s)
            .ok_or("its time under way is negative or beyond 500 years")?;
        let mut due = now.plus(under_way);
        if self.keeps_order && due < last_due {
            due = last_due;
        }
        io.state::<ChannelState>().last_due = due;
        let delay = due.since(now);
        let (read, write) = (io.reads[self.source.0], io.writes[self.target.0]);
        let start = io.outbox.values.len();
        io.outbox.values.extend_from_slice(io.table.values(read));
        io.outbox.items.push(trocar_signal::component::Outgoing {
            group: write,
            start,
            stamp: header.stamp,
            delay,
            valid: header.valid == 1,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use trocar_signal::Standing;
    use trocar_signal::bench::Bench;

    fn bench(jitter_s: f64, loss: f64, keeps_order: bool) -> Bench {
        let config = ChannelConfig {
            delay: Sourced::bare(Duration::from_si(0.01)),
            jitter: Some(Sourced::bare(Duration::from_si(jitter_s))),
            loss: Some(Sourced::bare(Ratio::from_si(loss))),
            keeps_order,
        };
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let mut reg = Registration::new("link");
        let source = GroupSpec::point("console.hand", "console.base", "console.hand");
        let channel = Channel::new(&config, &source, "arm.hand", &provenance, &mut reg).unwrap();
        assert_eq!(reg.writes[0].frame.as_deref(), Some("console.base"));
        Bench::new(vec![source], vec![(reg, Box::new(channel))]).unwrap()
    }

    /// Sends a message each millisecond; gives the delays of those that arrived.
    fn delays(bench: &mut Bench, count: u64) -> Vec<u64> {
        (0..count)
            .filter_map(|k| {
                let now = Time(k * 1_000_000);
                bench.set("console.hand", now, &[k as f64, 0.0, 0.0]).unwrap();
                bench.activate(0, now).unwrap().get("arm.hand").map(|delay| delay.0)
            })
            .collect()
    }

    #[test]
    fn an_even_channel_delays_and_changes_nothing_else() {
        let mut bench = bench(0.0, 0.0, true);
        assert_eq!(delays(&mut bench, 5), [10_000_000; 5]);
        assert_eq!(bench.get("arm.hand"), [4.0, 0.0, 0.0]);
        assert!(bench.activate(0, Time(9_000_000)).unwrap().is_empty(), "no message, nothing to send");
    }

    /// Share lost and mean delay against their expectations, within five standard errors.
    #[test]
    fn loss_and_jitter_are_as_written() {
        let n = 20_000;
        let got = delays(&mut bench(0.004, 0.2, false), n);
        let lost = 1.0 - got.len() as f64 / n as f64;
        assert!((lost - 0.2).abs() < 5.0 * f64::sqrt(0.2 * 0.8 / n as f64), "{lost}");
        assert!(got.iter().all(|d| (10_000_000..=14_000_000).contains(d)));
        let mean_s = got.iter().map(|d| *d as f64 * 1e-9).sum::<f64>() / got.len() as f64;
        assert!((mean_s - 0.012).abs() < 5.0 * 0.004 / f64::sqrt(12.0 * got.len() as f64), "{mean_s}");
    }

    #[test]
    fn messages_overtake_only_where_they_may() {
        let arrivals = |keeps_order| -> Vec<u64> {
            let got = delays(&mut bench(0.004, 0.0, keeps_order), 2000);
            got.iter().enumerate().map(|(k, delay)| k as u64 * 1_000_000 + delay).collect()
        };
        assert!(arrivals(true).is_sorted());
        assert!(!arrivals(false).is_sorted());
    }
}
