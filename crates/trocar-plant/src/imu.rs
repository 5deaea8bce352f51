//! Inertial measurement units: three gyroscopes and three accelerometers in the axes of a frame.
//!
//! The gyroscopes measure the frame's angular velocity ω, the accelerometers the specific force f = Rᵀ(a − g) at the
//! frame's origin: at rest it points upwards with 9.81 m/s². The reading of an axis (terms as in IEEE Std 952 and
//! IEEE Std 1293) is
//!
//! y = x + bias + b + noise, held within ± range and rounded to a count,
//!
//! with b the bias instability as a first-order Gauss–Markov process of standard deviation σ and correlation time τ,
//! b(t + Δ) = e^(−Δ/τ)·b(t) + σ·√(1 − e^(−2Δ/τ))·z, which begins in its stationary distribution; z and the noise are
//! new in each reading of each axis. A data sheet's noise density n (rad/s/√Hz, m/s²/√Hz) at the rate f is a standard
//! deviation of n·√(f/2) from one reading to the next.
//!
//! The acceleration is the mean over the step of the mechanism that has just ended.

use crate::check;
use crate::converter::{Converter, CountReader, counts_group};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Duration, Frequency};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, Element, GroupSpec, Nanos, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// An inertial measurement unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "an inertial measurement unit"))]
pub struct ImuConfig {
    /// Name within the robot: its signals are `INSTANCE.NAME.count`, `.angular_velocity` and `.specific_force`.
    pub name: String,
    /// The frame that it is fixed to, at its origin and in its axes. A fixed frame of its own gives it any place and
    /// orientation.
    pub frame: String,
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// Width of each count; the converter spans the range in both senses.
    pub bits: Sourced<u32>,
    /// From the instant of a reading to its arrival. Absent: none.
    #[serde(default)]
    pub delay: Option<Sourced<Duration>>,
    /// The three gyroscopes: quantities in deg/s or rad/s.
    pub gyroscope: TriadConfig,
    /// The three accelerometers: quantities in m/s^2.
    pub accelerometer: TriadConfig,
}

/// Three like sensors along x, y and z.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a triad"))]
pub struct TriadConfig {
    /// Greatest value of either sense.
    pub range: Sourced<AnyQuantity>,
    /// Standard deviation from one reading to the next: a noise density times the root of half the rate. Absent: none.
    #[serde(default)]
    pub noise: Option<Sourced<AnyQuantity>>,
    /// What is constantly shown too much along x, y, z. Absent: nothing.
    #[serde(default)]
    pub bias: Option<Sourced<[AnyQuantity; 3]>>,
    /// How the bias wanders. Absent: it does not.
    #[serde(default)]
    pub instability: Option<InstabilityConfig>,
}

/// A bias that wanders as a first-order Gauss–Markov process.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InstabilityConfig {
    /// Its standard deviation.
    pub sd: Sourced<AnyQuantity>,
    /// Its correlation time.
    pub time: Sourced<Duration>,
}

impl TriadConfig {
    fn check(&self, dimension: Dimension) -> Vec<Problem> {
        let mut problems = Vec::new();
        if check::dimension(&mut problems, "range", self.range.value.dimension, dimension) {
            check::positive(&mut problems, "range", self.range.value.si);
        }
        if let Some(noise) = &self.noise
            && check::dimension(&mut problems, "noise", noise.value.dimension, dimension)
        {
            check::not_negative(&mut problems, "noise", noise.value.si);
        }
        for (axis, bias) in self.bias.iter().flat_map(|bias| bias.value).enumerate() {
            check::dimension(&mut problems, &format!("bias[{axis}]"), bias.dimension, dimension);
        }
        if let Some(instability) = &self.instability {
            let sd = instability.sd.value;
            if check::dimension(&mut problems, "instability.sd", sd.dimension, dimension) {
                check::not_negative(&mut problems, "instability.sd", sd.si);
            }
            check::positive(&mut problems, "instability.time", instability.time.value.si());
        }
        problems
    }

    fn register(
        &self,
        path: &str,
        dimension: Dimension,
        period_s: f64,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Triad {
        let range = self.range.value.si;
        let behind = provenance.of(&self.range);
        reg.parameter(ParameterSpec::fixed(format!("{path}.range"), dimension, range, behind));
        let noise = self.noise.as_ref().map(|noise| {
            let path = format!("{path}.noise");
            reg.parameter(provenance.parameter(path, dimension, noise.value.si, noise, true).at_least(0.0))
        });
        let bias = self.bias.as_ref().map(|bias| {
            let axes = ["x", "y", "z"].into_iter().zip(bias.value);
            let ports: Vec<ParameterPort> = axes
                .map(|(axis, value)| {
                    let path = format!("{path}.bias.{axis}");
                    reg.parameter(provenance.parameter(path, dimension, value.si, bias, true))
                })
                .collect();
            ports
        });
        let instability = self.instability.as_ref().map(|instability| {
            let time_s = instability.time.value.si();
            let behind = provenance.of(&instability.time);
            let time = format!("{path}.instability.time");
            reg.parameter(ParameterSpec::fixed(time, Dimension::TIME, time_s, behind));
            let sd = reg.parameter(
                provenance
                    .parameter(
                        format!("{path}.instability.sd"),
                        dimension,
                        instability.sd.value.si,
                        &instability.sd,
                        true,
                    )
                    .at_least(0.0),
            );
            let kept = trocar_math::exp(-period_s / time_s);
            Wandering { sd, kept, fresh: (-trocar_math::exp_m1(-2.0 * period_s / time_s)).sqrt() }
        });
        Triad { noise, bias, instability }
    }
}

impl ImuConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "name", &self.name);
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        check::within(&mut problems, "bits", f64::from(self.bits.value), 4.0, 32.0);
        if let Some(delay) = &self.delay {
            check::within(&mut problems, "delay", delay.value.si(), 0.0, 10.0);
        }
        problems.extend(check::under("gyroscope", self.gyroscope.check(Dimension::ANGULAR_VELOCITY)));
        problems.extend(check::under("accelerometer", self.accelerometer.check(Dimension::ACCELERATION)));
        problems
    }

    fn channels(&self) -> Vec<Converter> {
        let (gyroscope, accelerometer) = (self.gyroscope.range.value.si, self.accelerometer.range.value.si);
        let ranges = [[gyroscope; 3], [accelerometer; 3]].concat();
        ranges.into_iter().map(|range| Converter::new(-range, range, self.bits.value)).collect()
    }

    /// The motion as it is, which the unit reads: angular velocity, then specific force, in the frame's axes.
    #[must_use]
    pub fn truth(&self, instance: &str) -> GroupSpec {
        let frame = format!("{instance}.{}", self.frame);
        let mut elements = triad("angular_velocity.", Dimension::ANGULAR_VELOCITY);
        elements.extend(triad("specific_force.", Dimension::ACCELERATION));
        GroupSpec::vector(format!("{instance}.truth.{}", self.name), elements).of(&frame, &frame)
    }

    /// The component `INSTANCE.NAME.reader`: reads `INSTANCE.NAME.count`, writes `INSTANCE.NAME.angular_velocity` (rad/s)
    /// and `INSTANCE.NAME.specific_force` (m/s²).
    #[must_use]
    pub fn reader(&self, instance: &str, reg: &mut Registration) -> CountReader {
        let path = format!("{instance}.{}", self.name);
        let frame = format!("{instance}.{}", self.frame);
        let angular = triad("", Dimension::ANGULAR_VELOCITY);
        let angular = GroupSpec::vector(format!("{path}.angular_velocity"), angular)
            .of(&frame, &frame)
            .meaning("Angular velocity by the gyroscopes, in the frame's axes");
        let force = GroupSpec::vector(format!("{path}.specific_force"), triad("", Dimension::ACCELERATION))
            .of(&frame, &frame)
            .meaning("Acceleration less gravity by the accelerometers, in the frame's axes");
        CountReader::new(&format!("{path}.count"), self.channels(), vec![(angular, 3), (force, 3)], reg)
    }
}

fn triad(prefix: &str, dimension: Dimension) -> Vec<Element> {
    ["x", "y", "z"].iter().map(|axis| Element { name: format!("{prefix}{axis}"), dimension }).collect()
}

struct Wandering {
    sd: ParameterPort,
    /// e^(−Δ/τ) over one period, and √(1 − e^(−2Δ/τ)).
    kept: f64,
    fresh: f64,
}

struct Triad {
    noise: Option<ParameterPort>,
    bias: Option<Vec<ParameterPort>>,
    instability: Option<Wandering>,
}

state_words! {
    /// What an inertial measurement unit remembers.
    pub struct ImuState {
        /// 1 after the first reading.
        pub started: u64,
        /// The wandering part of each axis' bias: gyroscopes, then accelerometers.
        pub wandering: [f64; 6],
    }
}

/// The component `INSTANCE.NAME`, a periodic task.
///
/// Reads `INSTANCE.truth.NAME` as it stood before its instant; writes `INSTANCE.NAME.count`, six counts of which half the
/// range is zero. Nothing is written before the mechanism has moved once.
pub struct Imu {
    truth: ReadPort,
    count: WritePort,
    channels: Vec<Converter>,
    triads: [Triad; 2],
    delay: Nanos,
}

impl Imu {
    /// The unit of this configuration.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        instance: &str,
        config: &ImuConfig,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Imu, Vec<Problem>> {
        let problems = config.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = format!("{instance}.{}", config.name);
        let rate_hz = config.rate.value.si();
        let mut fixed = |name: &str, dimension, si: f64, behind| {
            reg.parameter(ParameterSpec::fixed(format!("{path}.{name}"), dimension, si, behind));
        };
        fixed("rate", Dimension::FREQUENCY, rate_hz, provenance.of(&config.rate));
        fixed("bits", Dimension::NUMBER, f64::from(config.bits.value), provenance.of(&config.bits));
        if let Some(delay) = &config.delay {
            fixed("delay", Dimension::TIME, delay.value.si(), provenance.of(delay));
        }
        let mut triad = |name: &str, config: &TriadConfig, dimension| {
            config.register(&format!("{path}.{name}"), dimension, 1.0 / rate_hz, provenance, reg)
        };
        let triads = [
            triad("gyroscope", &config.gyroscope, Dimension::ANGULAR_VELOCITY),
            triad("accelerometer", &config.accelerometer, Dimension::ACCELERATION),
        ];
        let delay = config.delay.as_ref().map_or(0.0, |delay| delay.value.si());
        let delay = Nanos::from_seconds(delay).unwrap_or(Nanos::ZERO);
        reg.delays_by(delay);
        reg.state::<ImuState>();
        let names = config.truth(instance).elements.into_iter().map(|e| e.name).collect::<Vec<_>>();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Ok(Imu {
            truth: reg.read_previous(config.truth(instance).path),
            count: reg.write(counts_group(
                format!("{path}.count"),
                &names,
                "Counts of the inertial measurement unit as they are on the wire; half the range is zero",
            )),
            channels: config.channels(),
            triads,
            delay,
        })
    }
}

/// Lanes of the draws for noise; those for the wandering bias come after them.
const WANDERING_LANES: u32 = 6;

impl Component for Imu {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.truth);
        if header.valid == 0 {
            return Ok(());
        }
        let stamp: Time = header.stamp;
        let ImuState { started, mut wandering } = *io.state::<ImuState>();
        let mut counts = [0.0; 6];
        for (k, count) in counts.iter_mut().enumerate() {
            let triad = &self.triads[k / 3];
            let lane = k as u32;
            let mut value = io.read(self.truth)[k];
            if let Some(bias) = &triad.bias {
                value += io.parameter(bias[k % 3]);
            }
            if let Some(process) = &triad.instability {
                let draw = io.parameter(process.sd) * io.draw(WANDERING_LANES + lane).normal();
                wandering[k] =
                    if started == 0 { draw } else { process.kept * wandering[k] + process.fresh * draw };
                value += wandering[k];
            }
            if let Some(noise) = triad.noise {
                value += io.parameter(noise) * io.draw(lane).normal();
            }
            *count = self.channels[k].count(value);
        }
        *io.state::<ImuState>() = ImuState { started: 1, wandering };
        io.send(self.count, &counts, stamp, self.delay, true);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
