//! A master handle that a linear motion generator carries: how the published method of the master–slave delay moves a
//! master (CN218356375U, for YY/T 1712-2021, 5.6). The console's own mechanism and the surgeon's hand are not in it.
//!
//! **The generator** is a stage whose carriage follows the command, with a bandwidth and within its speed and
//! acceleration. With e from the carriage to the command, c = 2π × bandwidth, and the limits V and A, the speed towards the
//! command is c e near it and that from which A just stops there further off, √(2 A (|e| − A/2c²)) from |e| = A/c² on, at
//! most V; it changes by at most A h in a step h. So the carriage lags behind a ramp by 1/c, stops without overshoot after a jump,
//! and never exceeds V or A. It does not turn.
//!
//! **The sensor** is how the console knows where the handle is: at its own rate, rounded and with noise, and late by its
//! latency. Its message carries the instant at which it was read.

use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_math::min;
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Acceleration, Duration, Frequency, Length, Velocity};
use trocar_signal::{
    Activation, Component, Dimension, GroupClass, GroupSpec, Nanos, Problem, Provenance, ReadPort,
    Registration, Sourced, WritePort, state_words,
};

/// A master handle on a linear motion generator. It starts in the origin of its own frame `NAME.base`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a handle"))]
pub struct HandleConfig {
    /// The stage that carries it: `NAME.generator.servo_cp` is its command.
    pub generator: GeneratorConfig,
    /// How the console measures where the handle is: `NAME.measured_cp`.
    pub sensor: HandleSensorConfig,
}

/// A linear motion generator: a stage that moves along x, y and z and does not turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a motion generator"))]
pub struct GeneratorConfig {
    /// Its greatest speed.
    pub speed: Sourced<Velocity>,
    /// Its greatest acceleration.
    pub acceleration: Sourced<Acceleration>,
    /// Up to which frequency it follows its command; behind a ramp it lags by 1/(2π × this).
    pub bandwidth: Sourced<Frequency>,
}

/// What a console reads of a handle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a handle's sensor"))]
pub struct HandleSensorConfig {
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// From the instant of a reading until the console can use it.
    #[serde(default)]
    pub latency: Option<Sourced<Duration>>,
    /// Standard deviation from one reading to the next, on each axis.
    #[serde(default)]
    pub noise: Option<Sourced<Length>>,
    /// Smallest step of a reading, on each axis.
    #[serde(default)]
    pub resolution: Option<Sourced<Length>>,
}

impl HandleConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let generator = &self.generator;
        check::positive(&mut problems, "generator.speed", generator.speed.value.si());
        check::positive(&mut problems, "generator.acceleration", generator.acceleration.value.si());
        check::within(&mut problems, "generator.bandwidth", generator.bandwidth.value.si(), 1e-3, 1e3);
        check::within(&mut problems, "sensor.rate", self.sensor.rate.value.si(), 1e-3, 1e6);
        let lengths = [("noise", &self.sensor.noise), ("resolution", &self.sensor.resolution)];
        for (key, length) in lengths {
            if let Some(length) = length {
                check::not_negative(&mut problems, &format!("sensor.{key}"), length.value.si());
            }
        }
        if let Some(latency) = &self.sensor.latency {
            check::not_negative(&mut problems, "sensor.latency", latency.value.si());
        }
        problems
    }
}

state_words! {
    /// Where the stage is.
    pub struct GeneratorState {
        /// m.
        pub position: [f64; 3],
        /// m/s.
        pub velocity: [f64; 3],
        /// Where it is commanded to be, m.
        pub commanded: [f64; 3],
    }
}

/// The component `NAME.generator`, activated at each step, after everything that reads where the handle is. Takes
/// `NAME.generator.servo_cp`; writes `NAME.generator.setpoint_cp` and the handle's pose at the end of the step,
/// `NAME.truth.handle`.
pub struct MotionGenerator {
    command: ReadPort,
    setpoint: WritePort,
    truth: WritePort,
    speed: ParameterPort,
    acceleration: ParameterPort,
    bandwidth: ParameterPort,
}

/// The path of the truth of a handle's pose.
#[must_use]
pub fn handle_truth(name: &str) -> String {
    format!("{name}.truth.handle")
}

impl MotionGenerator {
    /// The generator of the handle `name`.
    ///
    /// # Errors
    /// What is wrong with the configuration of the handle.
    pub fn new(
        name: &str,
        config: &HandleConfig,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<MotionGenerator, Vec<Problem>> {
        let problems = config.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        reg.state::<GeneratorState>();
        let generator = &config.generator;
        let path = |key: &str| format!("{name}.generator.{key}");
        let speed = generator.speed.value.si();
        let speed = provenance.parameter(path("speed"), Dimension::VELOCITY, speed, &generator.speed, true);
        let acceleration = provenance.parameter(
            path("acceleration"),
            Dimension::ACCELERATION,
            generator.acceleration.value.si(),
            &generator.acceleration,
            true,
        );
        let bandwidth = provenance.parameter(
            path("bandwidth"),
            Dimension::FREQUENCY,
            generator.bandwidth.value.si(),
            &generator.bandwidth,
            true,
        );
        let (frame, point) = (format!("{name}.base"), format!("{name}.handle"));
        let of_generator = |key: &str, meaning: &str| {
            GroupSpec::point(path(key), &frame, &point).class(GroupClass::Instrument).meaning(meaning)
        };
        let truth = GroupSpec::pose(handle_truth(name), &frame, &point)
            .class(GroupClass::Truth)
            .meaning("where the motion generator has the handle");
        Ok(MotionGenerator {
            command: reg.inbox(of_generator("servo_cp", "where the motion generator shall take the handle")),
            setpoint: reg.write(of_generator("setpoint_cp", "where the motion generator was told to go")),
            truth: reg.write(truth),
            speed: reg.parameter(speed.at_least(0.0)),
            acceleration: reg.parameter(acceleration.at_least(0.0)),
            bandwidth: reg.parameter(bandwidth.at_least(0.0)),
        })
    }

    fn publish(&self, io: &mut Activation<'_>) {
        let GeneratorState { position: [x, y, z], commanded, .. } = *io.state::<GeneratorState>();
        let (now, at) = (io.now, io.step_end);
        io.send(self.setpoint, &commanded, now, Nanos::ZERO, true);
        io.send(self.truth, &[x, y, z, 0.0, 0.0, 0.0, 1.0], at, Nanos::ZERO, true);
    }
}

fn length(v: [f64; 3]) -> f64 {
    (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]).sqrt()
}

impl GeneratorState {
    /// Goes on for `step_s` under the limits V, A and the corner c (rad/s).
    fn go(&mut self, step_s: f64, speed: f64, acceleration: f64, corner: f64) {
        let error = [0, 1, 2].map(|i| self.commanded[i] - self.position[i]);
        let distance = length(error);
        let wanted = if distance > 0.0 {
            let near = acceleration / (corner * corner);
            let towards = match distance < near {
                true => corner * distance,
                false => (2.0 * acceleration * (distance - near / 2.0)).sqrt(),
            };
            // Not further in one step than the command is.
            let towards = min(min(towards, speed), distance / step_s);
            error.map(|part| part / distance * towards)
        } else {
            [0.0; 3]
        };
        let change = [0, 1, 2].map(|i| wanted[i] - self.velocity[i]);
        let (size, most) = (length(change), acceleration * step_s);
        let share = if size > most { most / size } else { 1.0 };
        for (i, part) in change.into_iter().enumerate() {
            self.velocity[i] += share * part;
            self.position[i] += self.velocity[i] * step_s;
        }
    }
}

impl Component for MotionGenerator {
    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        self.publish(io);
        Ok(())
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        if io.take(self.command)
            && let Some(commanded) = io.read(self.command).first_chunk().copied()
        {
            io.state::<GeneratorState>().commanded = commanded;
        }
        let step_s = io.step_end.since(io.now).seconds();
        let (speed, acceleration) = (io.parameter(self.speed), io.parameter(self.acceleration));
        let corner = std::f64::consts::TAU * io.parameter(self.bandwidth);
        if step_s > 0.0 && corner > 0.0 {
            io.state::<GeneratorState>().go(step_s, speed, acceleration, corner);
        }
        self.publish(io);
        Ok(())
    }
}

/// The component `NAME.sensor`, a periodic task: reads where the handle is and writes `NAME.measured_cp`.
pub struct HandleSensor {
    truth: ReadPort,
    measured: WritePort,
    noise: Option<ParameterPort>,
    resolution_m: f64,
    latency: Nanos,
}

impl HandleSensor {
    /// The sensor of the handle `name`.
    ///
    /// # Errors
    /// What is wrong with the configuration of the handle.
    pub fn new(
        name: &str,
        config: &HandleConfig,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<HandleSensor, Vec<Problem>> {
        let problems = config.check();
        let sensor = &config.sensor;
        let latency = sensor.latency.as_ref();
        let latency_s = latency.map_or(0.0, |latency| latency.value.si());
        let Some(under_way) = Nanos::from_seconds(latency_s).filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        reg.delays_by(under_way);
        let path = |key: &str| format!("{name}.sensor.{key}");
        let rate = sensor.rate.value.si();
        reg.parameter(provenance.parameter(path("rate"), Dimension::FREQUENCY, rate, &sensor.rate, false));
        if let Some(latency) = latency {
            let spec = provenance.parameter(path("latency"), Dimension::TIME, latency_s, latency, false);
            reg.parameter(spec);
        }
        let mut length = |key: &str, length: &Option<Sourced<Length>>, tunable: bool| {
            let length = length.as_ref()?;
            let si = length.value.si();
            Some(reg.parameter(provenance.parameter(path(key), Dimension::LENGTH, si, length, tunable)))
        };
        let noise = length("noise", &sensor.noise, true);
        length("resolution", &sensor.resolution, false);
        let measured = GroupSpec::pose(
            format!("{name}.measured_cp"),
            &format!("{name}.base"),
            &format!("{name}.handle"),
        );
        Ok(HandleSensor {
            truth: reg.read(handle_truth(name)),
            measured: reg.write(measured.meaning("where the console measures the handle")),
            noise,
            resolution_m: sensor.resolution.as_ref().map_or(0.0, |resolution| resolution.value.si()),
            latency: under_way,
        })
    }
}

impl Component for HandleSensor {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.truth);
        let Some(mut pose) = io.read(self.truth).first_chunk::<7>().copied() else { return Ok(()) };
        let noise_sd = self.noise.map_or(0.0, |noise| io.parameter(noise));
        for (axis, value) in pose.iter_mut().take(3).enumerate() {
            if noise_sd > 0.0 {
                *value += noise_sd * io.draw(axis as u32).normal();
            }
            if self.resolution_m > 0.0 {
                *value = (*value / self.resolution_m).round() * self.resolution_m;
            }
        }
        io.send(self.measured, &pose, header.stamp, self.latency, header.valid == 1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use trocar_signal::bench::Bench;
    use trocar_signal::{Standing, Time};

    const STEP_NS: u64 = 500_000;

    fn config() -> HandleConfig {
        HandleConfig {
            generator: GeneratorConfig {
                speed: Sourced::bare(Velocity::from_si(0.1)),
                acceleration: Sourced::bare(Acceleration::from_si(2.0)),
                bandwidth: Sourced::bare(Frequency::from_si(10.0)),
            },
            sensor: HandleSensorConfig {
                rate: Sourced::bare(Frequency::from_si(1500.0)),
                latency: Some(Sourced::bare(Duration::from_si(1e-3))),
                noise: Some(Sourced::bare(Length::from_si(0.0))),
                resolution: Some(Sourced::bare(Length::from_si(1e-5))),
            },
        }
    }

    fn provenance(sources: &BTreeMap<String, String>) -> Provenance<'_> {
        Provenance { sources, source: None, standing: Standing::Declared }
    }

    /// Positions along x in steps of half a millisecond while the command follows `commanded(t)`.
    fn course(steps: u64, commanded: impl Fn(f64) -> f64) -> Vec<f64> {
        let step_s = STEP_NS as f64 * 1e-9;
        let mut state = GeneratorState { position: [0.0; 3], velocity: [0.0; 3], commanded: [0.0; 3] };
        (0..steps)
            .map(|k| {
                state.commanded[0] = commanded(k as f64 * step_s);
                state.go(step_s, 0.1, 2.0, std::f64::consts::TAU * 10.0);
                state.position[0]
            })
            .collect()
    }

    #[test]
    fn a_jump_keeps_the_limits_and_stops_without_overshoot() {
        let step_s = STEP_NS as f64 * 1e-9;
        let positions = course(2000, |_| 0.02);
        let velocity: Vec<f64> = positions.windows(2).map(|pair| (pair[1] - pair[0]) / step_s).collect();
        let acceleration = velocity.windows(2).map(|pair| ((pair[1] - pair[0]) / step_s).abs());
        // Differences of roundings: 1e-17 m over two steps.
        assert!(velocity.iter().all(|v| *v <= 0.1 + 1e-9 && *v > -1e-9));
        assert!(acceleration.fold(0.0, trocar_math::max) <= 2.0 + 1e-6);
        assert!(positions.iter().all(|x| *x <= 0.02 + 1e-9), "no overshoot");
        // Full acceleration, full speed, full deceleration: 20 mm / 0.1 m/s + 0.1 m/s / 2 m/s² = 250 ms at the earliest.
        assert!(positions[480] < 0.02 - 1e-6);
        assert!((positions[1999] - 0.02).abs() < 1e-9);
        assert!(velocity.iter().any(|v| (*v - 0.1).abs() < 1e-9), "it reaches its speed");
    }

    /// Behind a ramp the carriage lags by 1/c, to the step.
    #[test]
    fn the_lag_behind_a_ramp_is_that_of_the_bandwidth() {
        let positions = course(2000, |t| 0.02 * t);
        let step_s = STEP_NS as f64 * 1e-9;
        let lag_s = (1999.0 * step_s) - positions[1999] / 0.02;
        let expected_s = 1.0 / (std::f64::consts::TAU * 10.0);
        assert!((lag_s - expected_s).abs() <= 1.01 * step_s, "{lag_s} and {expected_s}");
    }

    #[test]
    fn the_console_reads_whole_steps_late_and_knows_when() {
        let sources = BTreeMap::new();
        let mut reg = Registration::new("master.sensor");
        let sensor = HandleSensor::new("master", &config(), &provenance(&sources), &mut reg).unwrap();
        let truth = GroupSpec::pose("master.truth.handle", "master.base", "master.handle");
        let mut bench = Bench::new(vec![truth], vec![(reg, Box::new(sensor))]).unwrap();
        bench.set("master.truth.handle", Time(3), &[1.234_4e-3, 0.0, -6e-6, 0.0, 0.0, 0.0, 1.0]).unwrap();
        let delays = bench.activate(0, Time(4)).unwrap();
        assert_eq!(delays["master.measured_cp"], Nanos(1_000_000));
        let read = bench.get("master.measured_cp");
        assert_eq!((read[0], read[2], read[6]), (123.0 * 1e-5, -1e-5, 1.0));
        let (layout, table) = bench.table();
        assert_eq!(table.header(layout.group("master.measured_cp").unwrap()).stamp, Time(3));
    }

    #[test]
    fn numbers_that_make_no_stage_are_named() {
        let mut wrong = config();
        wrong.generator.speed = Sourced::bare(Velocity::from_si(0.0));
        wrong.sensor.rate = Sourced::bare(Frequency::from_si(0.0));
        wrong.sensor.noise = Some(Sourced::bare(Length::from_si(-1.0)));
        let keys: Vec<String> = wrong.check().into_iter().map(|problem| problem.key).collect();
        assert_eq!(keys, ["generator.speed", "sensor.rate", "sensor.noise"]);
    }
}
