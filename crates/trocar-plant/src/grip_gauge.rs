//! A force gauge between the jaws of an instrument, at the place where they grip.
//!
//! The gauge is a body of its thickness that gives way by its stiffness: the jaws close on it, and it reads the force with
//! which they do. It lies beside the instrument until the jaws have opened wide enough for it, and stays between them from
//! then on, wherever they go: somebody holds it so that it loads nothing else. Before that its readings are marked as not
//! to be used. The contact itself is an element of the arm's mechanism (`trocar_dynamics::Grip`).
//!
//! A reading is F + z + n, rounded to the nearest step of the resolution: the force F at the end of the mechanism's step, the
//! zero z, the same in every reading of a set-up, and noise n, new in each. Zero and noise are normal.

use crate::check;
use crate::instrument::InstrumentStatement;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Damping, Duration, Force, Frequency, Length, Stiffness};
use trocar_signal::{
    Activation, Component, Dimension, GroupClass, GroupSpec, Nanos, ParameterSpec, Problem, Provenance,
    ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// A force gauge between the jaws of an instrument.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GripGaugeConfig {
    /// The jaw that closes on it, e.g. `arm.jaw`. The gauge reads `GAUGE.force`.
    pub jaw: String,
    /// How far apart it holds the jaws, unloaded. It is put between them as soon as they are open so far.
    pub thickness: Sourced<Length>,
    /// Force on it for each unit by which it is pressed together.
    pub stiffness: Sourced<Stiffness>,
    /// Force on it for each unit of speed at which it is pressed together; without it, none.
    #[serde(default)]
    pub damping: Option<Sourced<Damping>>,
    /// Where it is gripped: the distance from the jaw's axis. Without it, where the instrument's file says that it grips.
    #[serde(default)]
    pub at: Option<Sourced<Length>>,
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// Standard deviation from one reading to the next.
    #[serde(default)]
    pub noise: Option<Sourced<Force>>,
    /// Smallest step of a reading.
    #[serde(default)]
    pub resolution: Option<Sourced<Force>>,
    /// Expanded uncertainty (k = 2) of one reading as its certificate states it, without noise and zero.
    #[serde(default)]
    pub uncertainty: Option<Sourced<Force>>,
    /// How far its zero may be off: standard deviation, drawn once for each set-up.
    #[serde(default)]
    pub zero: Option<Sourced<Force>>,
    /// From the instant of a reading to its arrival. The reading carries the instant at which it was taken.
    #[serde(default)]
    pub latency: Option<Sourced<Duration>>,
}

impl GripGaugeConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.instance().is_none() {
            let what = format!("`{}` is no jaw: write the arm's, e.g. jaw = \"arm.jaw\"", self.jaw);
            problems.push(Problem::new("jaw", what));
        }
        check::positive(&mut problems, "thickness", self.thickness.value.si());
        check::positive(&mut problems, "stiffness", self.stiffness.value.si());
        if let Some(damping) = &self.damping {
            check::not_negative(&mut problems, "damping", damping.value.si());
        }
        if let Some(at) = &self.at {
            check::positive(&mut problems, "at", at.value.si());
        }
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        for (key, force) in self.forces() {
            check::not_negative(&mut problems, key, force.value.si());
        }
        if let Some(latency) = &self.latency {
            check::not_negative(&mut problems, "latency", latency.value.si());
        }
        problems
    }

    /// The arm whose jaw it is: `psm1` of `psm1.jaw`; none if the path is that of no jaw.
    #[must_use]
    pub fn instance(&self) -> Option<&str> {
        self.jaw.strip_suffix(".jaw").filter(|arm| !arm.is_empty() && !arm.contains('.'))
    }

    /// The path of the force between the jaws of an arm as it is, which the gauge reads.
    #[must_use]
    pub fn truth(instance: &str) -> String {
        format!("{instance}.truth.grip")
    }

    fn forces(&self) -> impl Iterator<Item = (&'static str, &Sourced<Force>)> {
        [
            ("noise", &self.noise),
            ("resolution", &self.resolution),
            ("uncertainty", &self.uncertainty),
            ("zero", &self.zero),
        ]
        .into_iter()
        .filter_map(|(key, force)| force.as_ref().map(|force| (key, force)))
    }

    /// What the instrument states about its readings. An error of its zero stays the same from reading to reading, as that
    /// of its calibration does.
    #[must_use]
    pub fn statement(&self) -> InstrumentStatement {
        let si = |force: &Option<Sourced<Force>>| force.as_ref().map_or(0.0, |force| force.value.si());
        let zero = InstrumentStatement::COVERAGE_K * si(&self.zero);
        InstrumentStatement {
            expanded_uncertainty: trocar_math::hypot(si(&self.uncertainty), zero),
            noise_sd: si(&self.noise),
            resolution: si(&self.resolution),
            latency_s: self.latency.as_ref().map_or(0.0, |l| l.value.si()),
            rate_hz: self.rate.value.si(),
            ..InstrumentStatement::silent(Dimension::FORCE)
        }
    }
}

state_words! {
    /// What a gauge remembers.
    pub struct GripGaugeState {
        /// 1 once the zero is drawn.
        pub started: u64,
        /// By how much its zero is off, N.
        pub zero_n: f64,
    }
}

/// The random lane of the zero; that of the noise is 0.
const ZERO_LANE: u32 = 1 << 16;

/// The component of the instrument's name, a periodic task. Reads `INSTANCE.truth.grip` as it stood before its instant;
/// writes `NAME.force`.
pub struct GripGauge {
    truth: ReadPort,
    force: WritePort,
    noise: Option<ParameterPort>,
    zero_sd_n: f64,
    resolution_n: f64,
    latency: Nanos,
}

impl GripGauge {
    /// A gauge between the jaws of its arm. Thickness and stiffness are parameters of the arm's mechanism.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        name: &str,
        config: &GripGaugeConfig,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<GripGauge, Vec<Problem>> {
        let problems = config.check();
        let latency =
            config.latency.as_ref().map_or(Some(Nanos::ZERO), |l| Nanos::from_seconds(l.value.si()));
        let (Some(latency), Some(instance), true) = (latency, config.instance(), problems.is_empty()) else {
            return Err(problems);
        };
        reg.delays_by(latency);
        let noise = config.noise.as_ref().map(|noise| {
            let path = format!("{name}.noise");
            let spec = provenance.parameter(path, Dimension::FORCE, noise.value.si(), noise, true);
            reg.parameter(spec.at_least(0.0))
        });
        let mut declare = |key: &str, dimension, nominal, behind| {
            reg.parameter(ParameterSpec::fixed(format!("{name}.{key}"), dimension, nominal, behind));
        };
        declare("rate", Dimension::FREQUENCY, config.rate.value.si(), provenance.of(&config.rate));
        for (key, force) in config.forces().filter(|(key, _)| *key != "noise") {
            declare(key, Dimension::FORCE, force.value.si(), provenance.of(force));
        }
        if let Some(latency) = &config.latency {
            declare("latency", Dimension::TIME, latency.value.si(), provenance.of(latency));
        }
        reg.state::<GripGaugeState>();
        let force = GroupSpec::scalar(format!("{name}.force"), Dimension::FORCE)
            .class(GroupClass::Instrument)
            .meaning(
                "Force between the jaws as the gauge reads it; not to be used before it stands between them",
            );
        Ok(GripGauge {
            truth: reg.read_previous(GripGaugeConfig::truth(instance)),
            force: reg.write(force),
            noise,
            zero_sd_n: config.zero.as_ref().map_or(0.0, |zero| zero.value.si()),
            resolution_n: config.statement().resolution,
            latency,
        })
    }
}

impl Component for GripGauge {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let stream = io.stream;
        let state = io.state::<GripGaugeState>();
        if state.started == 0 {
            state.zero_n = self.zero_sd_n * stream.at(Time::ZERO.0, ZERO_LANE).normal();
            state.started = 1;
        }
        let zero_n = state.zero_n;
        let header = io.header(self.truth);
        if header.sequence == 0 {
            return Ok(());
        }
        let mut force_n = io.read(self.truth)[0] + zero_n;
        let noise_sd_n = self.noise.map_or(0.0, |noise| io.parameter(noise));
        if noise_sd_n > 0.0 {
            force_n += noise_sd_n * io.draw(0).normal();
        }
        if self.resolution_n > 0.0 {
            force_n = (force_n / self.resolution_n).round() * self.resolution_n;
        }
        io.send(self.force, &[force_n], io.now, self.latency, header.valid == 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use trocar_signal::Standing;
    use trocar_signal::bench::Bench;

    const GAUGE: &str = "jaw = 'psm1.jaw'\nthickness = '3 mm'\nstiffness = '50 N/mm'\nrate = '500 Hz'\n";

    fn config(more: &str) -> GripGaugeConfig {
        toml::from_str(&format!("{GAUGE}{more}")).unwrap()
    }

    fn truth() -> GroupSpec {
        GroupSpec::scalar("psm1.truth.grip", Dimension::FORCE).class(GroupClass::Truth)
    }

    /// A bench on which a force stands between the jaws.
    fn bench(more: &str) -> Bench {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let mut reg = Registration::new("gauge");
        let gauge = GripGauge::new("gauge", &config(more), &provenance, &mut reg).unwrap();
        Bench::new(vec![truth()], vec![(reg, Box::new(gauge))]).unwrap()
    }

    fn reading(bench: &mut Bench, at: u64, force_n: f64) -> f64 {
        bench.set("psm1.truth.grip", Time(at), &[force_n]).unwrap();
        bench.activate(0, Time(at + 1)).unwrap();
        bench.get("gauge.force")[0]
    }

    #[test]
    fn readings_are_whole_steps_nearest_to_the_force() {
        let mut bench = bench("resolution = '0.05 N'");
        assert!((reading(&mut bench, 3, 5.234) - 5.25).abs() < 1e-12);
        let (layout, table) = bench.table();
        assert_eq!(table.header(layout.group("gauge.force").unwrap()).stamp, Time(4));
    }

    /// The zero is one draw for all readings, and the noise averages out: within five standard errors.
    #[test]
    fn the_zero_stays_and_the_noise_does_not() {
        let mut still = bench("zero = '0.2 N'");
        let zero_n = reading(&mut still, 1, 4.0) - 4.0;
        assert!(zero_n != 0.0 && zero_n.abs() < 1.0);
        for k in 2..50 {
            assert!((reading(&mut still, k, 4.0) - 4.0 - zero_n).abs() < 1e-12);
        }
        let mut noisy = bench("zero = '0.2 N'\nnoise = '0.1 N'");
        let n = 4000;
        let sum: f64 = (0..n).map(|k| reading(&mut noisy, k, 4.0)).sum();
        assert!((sum / n as f64 - 4.0 - zero_n).abs() < 5.0 * 0.1 / f64::sqrt(n as f64));
    }

    #[test]
    fn mistakes_are_named() {
        let keys = |text: &str| -> Vec<String> {
            let config: GripGaugeConfig = toml::from_str(text).unwrap();
            config.check().into_iter().map(|problem| problem.key).collect()
        };
        assert_eq!(keys(GAUGE), [""; 0]);
        for (from, to, key) in [
            ("psm1.jaw", "psm1.tool_tip", "jaw"),
            ("psm1.jaw", ".jaw", "jaw"),
            ("'3 mm'", "'0 mm'", "thickness"),
            ("'50 N/mm'", "'-50 N/mm'", "stiffness"),
            ("'500 Hz'", "'0 Hz'", "rate"),
        ] {
            assert_eq!(keys(&GAUGE.replace(from, to)), [key], "{to}");
        }
        for more in
            ["damping = '-1 N s/m'", "at = '0 mm'", "noise = '-1 N'", "zero = '-1 N'", "latency = '-1 s'"]
        {
            let key = more.split(' ').next().unwrap();
            assert_eq!(keys(&format!("{GAUGE}{more}")), [key]);
        }
    }

    /// Zero and certificate are independent: their standard uncertainties add as squares.
    #[test]
    fn what_it_states_holds_its_zero() {
        let stated = config("uncertainty = '0.06 N'\nzero = '0.04 N'\nnoise = '0.01 N'").statement();
        assert!((stated.expanded_uncertainty - 0.1).abs() < 1e-15);
        assert_eq!((stated.noise_sd, stated.dimension), (0.01, Dimension::FORCE));
    }
}
