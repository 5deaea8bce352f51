//! Sensors that follow single numbers: a displacement sensor lengths or angles, as a gauge, a laser displacement sensor or a
//! goniometer does; a load cell forces, torques or pressures, as the cells and pads in a cuff do.
//!
//! A reading is the number plus normal noise, new in each reading, rounded to the nearest step of the resolution. It carries
//! the instant at which the sensor read, also of a message that was sent earlier: what stood there then.

use crate::check;
use crate::instrument::{InstrumentStatement, Resolve, resolve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Duration, Frequency};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupClass, GroupSpec, Nanos, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Sourced, WritePort,
};

/// What a sensor of single numbers may follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follows {
    /// Lengths or angles.
    Displacements,
    /// Forces, torques or pressures.
    Loads,
}

impl Follows {
    fn admits(self, dimension: Dimension) -> bool {
        match self {
            Self::Displacements => matches!(dimension, Dimension::LENGTH | Dimension::ANGLE),
            Self::Loads => matches!(dimension, Dimension::FORCE | Dimension::TORQUE | Dimension::PRESSURE),
        }
    }

    /// What is meant, of something else.
    fn missed(self) -> &'static str {
        match self {
            Self::Displacements => {
                "neither a length nor an angle; forces, torques and pressures are read by a `load_cell`"
            }
            Self::Loads => {
                "no force, torque or pressure; lengths and angles are read by a `displacement_sensor`"
            }
        }
    }

    /// A dimension to go on with where there is none.
    fn usual(self) -> Dimension {
        match self {
            Self::Displacements => Dimension::LENGTH,
            Self::Loads => Dimension::FORCE,
        }
    }
}

/// A sensor of single numbers: a displacement sensor or a load cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisplacementSensorConfig {
    /// What it follows: its own name for each number, and the number's path. `{ depth = "arm.tool_tip.position.z" }`
    /// gives `SENSOR.depth`. All are of one kind: of a displacement sensor lengths or angles, of a load cell forces, torques or
    /// pressures.
    pub follows: BTreeMap<String, String>,
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// Standard deviation from one reading to the next.
    #[serde(default)]
    pub noise: Option<Sourced<AnyQuantity>>,
    /// Smallest step of a reading.
    #[serde(default)]
    pub resolution: Option<Sourced<AnyQuantity>>,
    /// Expanded uncertainty (k = 2) of one reading as its certificate states it.
    #[serde(default)]
    pub uncertainty: Option<Sourced<AnyQuantity>>,
    /// From the instant of a reading to its arrival. The reading carries the instant at which it was taken.
    #[serde(default)]
    pub latency: Option<Sourced<Duration>>,
}

impl DisplacementSensorConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.follows.is_empty() {
            problems.push(Problem::new("follows", "a sensor follows at least one number"));
        }
        for name in self.follows.keys() {
            check::name(&mut problems, &format!("follows.{name}"), name);
        }
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        for (key, quantity) in self.quantities() {
            check::not_negative(&mut problems, key, quantity.value.si);
        }
        if let Some(latency) = &self.latency {
            check::not_negative(&mut problems, "latency", latency.value.si());
        }
        problems
    }

    fn quantities(&self) -> impl Iterator<Item = (&'static str, &Sourced<AnyQuantity>)> {
        [("noise", &self.noise), ("resolution", &self.resolution), ("uncertainty", &self.uncertainty)]
            .into_iter()
            .filter_map(|(key, quantity)| quantity.as_ref().map(|quantity| (key, quantity)))
    }

    fn statement(&self, dimension: Dimension) -> InstrumentStatement {
        let si = |quantity: &Option<Sourced<AnyQuantity>>| quantity.as_ref().map_or(0.0, |q| q.value.si);
        InstrumentStatement {
            expanded_uncertainty: si(&self.uncertainty),
            noise_sd: si(&self.noise),
            resolution: si(&self.resolution),
            latency_s: self.latency.as_ref().map_or(0.0, |l| l.value.si()),
            rate_hz: self.rate.value.si(),
            ..InstrumentStatement::silent(dimension)
        }
    }
}

/// The component of the instrument's name, a periodic task. Reads what it follows as it stood before its instant;
/// writes a scalar `NAME.FOLLOWER` for each.
pub struct DisplacementSensor {
    followers: Vec<(ReadPort, usize, WritePort)>,
    noise: Option<ParameterPort>,
    resolution: f64,
    latency: Nanos,
    statement: InstrumentStatement,
}

impl DisplacementSensor {
    /// A sensor whose numbers `find` looks up.
    ///
    /// # Errors
    /// What is wrong with the configuration; a path that is no number that such a sensor follows; numbers of two kinds.
    pub fn new(
        name: &str,
        (config, follows): (&DisplacementSensorConfig, Follows),
        find: Resolve<'_>,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<DisplacementSensor, Vec<Problem>> {
        let mut problems = config.check();
        let mut followed = Vec::new();
        for (follower, path) in &config.follows {
            let key = format!("follows.{follower}");
            let Some(found) = resolve(find, path, &key, &mut problems) else { continue };
            match found.number() {
                Some((index, element)) if follows.admits(element.dimension) => {
                    followed.push((follower, index, element.dimension, found.group.path.clone()));
                }
                _ => problems.push(Problem::new(key, format!("`{path}` is {}", follows.missed()))),
            }
        }
        let dimension = followed.first().map_or(follows.usual(), |(_, _, dimension, _)| *dimension);
        for (follower, _, other, _) in &followed {
            check::dimension(&mut problems, &format!("follows.{follower}"), *other, dimension);
        }
        // Of a path that is not there nothing is known to compare with.
        for (key, quantity) in config.quantities().filter(|_| !followed.is_empty()) {
            check::dimension(&mut problems, key, quantity.value.dimension, dimension);
        }
        let latency =
            config.latency.as_ref().map_or(Some(Nanos::ZERO), |l| Nanos::from_seconds(l.value.si()));
        let Some(latency) = latency.filter(|_| problems.is_empty()) else { return Err(problems) };
        reg.delays_by(latency);
        let noise = config.noise.as_ref().map(|noise| {
            reg.parameter(provenance.parameter(
                format!("{name}.noise"),
                dimension,
                noise.value.si,
                noise,
                true,
            ))
        });
        let mut declare = |key: &str, dimension, nominal, behind| {
            let path = format!("{name}.{key}");
            reg.parameter(ParameterSpec::fixed(path, dimension, nominal, behind));
        };
        declare("rate", Dimension::FREQUENCY, config.rate.value.si(), provenance.of(&config.rate));
        for (key, quantity) in config.quantities().filter(|(key, _)| *key != "noise") {
            declare(key, dimension, quantity.value.si, provenance.of(quantity));
        }
        if let Some(latency) = &config.latency {
            declare("latency", Dimension::TIME, latency.value.si(), provenance.of(latency));
        }
        let followers = followed
            .into_iter()
            .map(|(follower, index, dimension, group)| {
                let written = GroupSpec::scalar(format!("{name}.{follower}"), dimension)
                    .class(GroupClass::Instrument)
                    .meaning("The number as the sensor reads it");
                (reg.read_previous(group), index, reg.write(written))
            })
            .collect();
        let statement = config.statement(dimension);
        Ok(DisplacementSensor { followers, noise, resolution: statement.resolution, latency, statement })
    }

    /// What the instrument states about its readings.
    #[must_use]
    pub fn statement(&self) -> InstrumentStatement {
        self.statement
    }
}

impl Component for DisplacementSensor {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let (now, noise_sd) = (io.now, self.noise.map_or(0.0, |noise| io.parameter(noise)));
        for (place, (read, index, write)) in self.followers.iter().enumerate() {
            let header = io.header(*read);
            if header.sequence == 0 {
                continue;
            }
            let mut value = io.read(*read)[*index];
            if noise_sd > 0.0 {
                value += noise_sd * io.draw(place as u32).normal();
            }
            if self.resolution > 0.0 {
                value = (value / self.resolution).round() * self.resolution;
            }
            io.send(*write, &[value], now, self.latency, header.valid == 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Followed;
    use trocar_signal::bench::Bench;
    use trocar_signal::{Layout, Standing, Time};

    fn config(noise: &str, resolution: &str) -> DisplacementSensorConfig {
        let quantity = |text| Some(Sourced::bare(AnyQuantity::parse(text).unwrap()));
        DisplacementSensorConfig {
            follows: BTreeMap::from([("depth".to_owned(), "psm1.truth.tip.position.z".to_owned())]),
            rate: Sourced::bare(Frequency::from_si(1000.0)),
            noise: quantity(noise),
            resolution: quantity(resolution),
            uncertainty: None,
            latency: None,
        }
    }

    fn sensor(config: &DisplacementSensorConfig) -> Result<(DisplacementSensor, Registration), Vec<Problem>> {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let mut layout = Layout::default();
        layout.add(GroupSpec::pose("psm1.truth.tip", "psm1.base", "psm1.tool_tip")).unwrap();
        let mut reg = Registration::new("gauge");
        let config = (config, Follows::Displacements);
        DisplacementSensor::new("gauge", config, &|path| Followed::find(&layout, path), &provenance, &mut reg)
            .map(|sensor| (sensor, reg))
    }

    #[test]
    fn readings_are_whole_steps_nearest_to_the_number() {
        let (sensor, reg) = sensor(&config("0 mm", "0.01 mm")).unwrap();
        let inputs = vec![GroupSpec::pose("psm1.truth.tip", "psm1.base", "psm1.tool_tip")];
        let mut bench = Bench::new(inputs, vec![(reg, Box::new(sensor))]).unwrap();
        bench.set("psm1.truth.tip", Time(3), &[0.0, 0.0, 0.012_344e-3, 0.0, 0.0, 0.0, 1.0]).unwrap();
        bench.activate(0, Time(4)).unwrap();
        assert_eq!(bench.get("gauge.depth"), [1e-5]);
        let (layout, table) = bench.table();
        assert_eq!(table.header(layout.group("gauge.depth").unwrap()).stamp, Time(4));
    }

    /// Noise of two steps or more makes the rounded mean true: within five standard errors.
    #[test]
    fn noise_averages_out() {
        let (sensor, reg) = sensor(&config("0.02 mm", "0.01 mm")).unwrap();
        let inputs = vec![GroupSpec::pose("psm1.truth.tip", "psm1.base", "psm1.tool_tip")];
        let mut bench = Bench::new(inputs, vec![(reg, Box::new(sensor))]).unwrap();
        let n = 10_000_u64;
        let mut sum = 0.0;
        for k in 0..n {
            bench.set("psm1.truth.tip", Time(k), &[0.0, 0.0, 0.0123e-3, 0.0, 0.0, 0.0, 1.0]).unwrap();
            bench.activate(0, Time(k)).unwrap();
            sum += bench.get("gauge.depth")[0];
        }
        // The variance of a reading is the noise's and that of rounding, a twelfth of a step squared.
        let sd = f64::sqrt(4e-10 + 1e-10 / 12.0);
        assert!((sum / n as f64 - 1.23e-5).abs() < 5.0 * sd / f64::sqrt(n as f64));
    }

    #[test]
    fn units_that_do_not_fit_are_named() {
        let keys = |config: &DisplacementSensorConfig| -> Vec<String> {
            sensor(config).err().unwrap().into_iter().map(|p| p.key).collect()
        };
        assert_eq!(keys(&config("0.1 deg", "0.01 mm")), ["noise"]);
        let mut wrong = config("0 mm", "0 mm");
        wrong.follows.insert("turn".to_owned(), "psm1.truth.tip.orientation.x".to_owned());
        wrong.follows.insert("whole".to_owned(), "psm1.truth.tip".to_owned());
        assert_eq!(keys(&wrong), ["follows.turn", "follows.whole"]);
    }

    /// A load cell reads what a displacement sensor does not, and each says where the other's numbers belong.
    #[test]
    fn a_load_cell_reads_loads() {
        let mut layout = Layout::default();
        layout.add(GroupSpec::wrench("exo.wearer.truth.thigh", "cuff", "cuff")).unwrap();
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let mut cell = config("0.1 N", "0.01 N");
        cell.follows = BTreeMap::from([("axial".to_owned(), "exo.wearer.truth.thigh.force.z".to_owned())]);
        let made = |follows| {
            let find = |path: &str| Followed::find(&layout, path);
            let mut reg = Registration::new("cell");
            DisplacementSensor::new("cell", (&cell, follows), &find, &provenance, &mut reg).map(|_| ())
        };
        assert!(made(Follows::Loads).is_ok());
        let wrong = made(Follows::Displacements).unwrap_err();
        assert!(wrong[0].what.contains("load_cell"), "{wrong:?}");
    }
}
