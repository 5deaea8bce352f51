//! Instruments in general: what a laboratory stands beside a robot, and what it states about its readings.
//!
//! An instrument reads what only a simulator can know (groups under `truth`) and writes groups of class
//! [`GroupClass::Instrument`] with its own rate, noise, resolution, latency and registration, so that a test reads what
//! a laboratory would have read. No part of a device may read them.

use crate::displacement::DisplacementSensorConfig;
use crate::goniometer::GoniometerConfig;
use crate::grip_gauge::GripGaugeConfig;
use crate::recorder::EdgeRecorderConfig;
use crate::tracker::PositionTrackerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Element, GroupKind, GroupSpec, Layout, Problem};

#[cfg(doc)]
use trocar_signal::GroupClass;

/// An instrument of a scenario file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InstrumentConfig {
    /// Follows points in space: a laser or optical tracker.
    PositionTracker(PositionTrackerConfig),
    /// Follows one number: a gauge, a laser displacement sensor, a tap of a wire.
    DisplacementSensor(DisplacementSensorConfig),
    /// Is mounted on joints and reads their angles: an electrogoniometer, a protractor.
    Goniometer(GoniometerConfig),
    /// Follows one force, torque or pressure: a load cell in a cuff, a pad under it.
    LoadCell(DisplacementSensorConfig),
    /// Stands between the jaws of an instrument and reads the force with which they close: a load cell.
    GripGauge(GripGaugeConfig),
    /// Stamps events on one clock: a logic analyser or oscilloscope.
    EdgeRecorder(EdgeRecorderConfig),
}

impl InstrumentConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        match self {
            InstrumentConfig::PositionTracker(config) => config.check(),
            InstrumentConfig::Goniometer(config) => config.check(),
            InstrumentConfig::DisplacementSensor(config) | InstrumentConfig::LoadCell(config) => {
                config.check()
            }
            InstrumentConfig::GripGauge(config) => config.check(),
            InstrumentConfig::EdgeRecorder(config) => config.check(),
        }
    }
}

/// What an instrument states about its readings, in SI units and radians; zero where it states nothing.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct InstrumentStatement {
    /// What its readings measure.
    pub dimension: Dimension,
    /// Expanded uncertainty of one reading, all its errors together.
    pub expanded_uncertainty: f64,
    /// Coverage factor of `expanded_uncertainty`.
    pub coverage_k: f64,
    /// Standard deviation from one reading to the next (each axis), also of a comparator's threshold.
    pub noise_sd: f64,
    /// Smallest step of its readings; of an edge recorder, of its time stamps, s.
    pub resolution: f64,
    /// How much faster its clock runs than time, in parts per million.
    pub clock_ppm: f64,
    /// From the instant of a reading to its arrival, s.
    pub latency_s: f64,
    /// Readings each second; 0 for an instrument that waits for events.
    pub rate_hz: f64,
    /// Standard deviation of the registration's translation, each axis, m: the same error in every reading of a set-up.
    pub registration_translation_sd: f64,
    /// Standard deviation of the registration's rotation, each axis, rad.
    pub registration_rotation_sd: f64,
    /// Standard deviation of one reading's angle about each axis, rad, of an instrument that reads orientations.
    pub angle_noise_sd: f64,
    /// Expanded uncertainty of one reading's angle about each axis as the certificate states it, rad.
    pub angle_expanded_uncertainty: f64,
}

impl InstrumentStatement {
    /// The coverage factor of stated uncertainties, as every certificate of calibration gives it.
    pub const COVERAGE_K: f64 = 2.0;

    /// A statement that states nothing.
    #[must_use]
    pub fn silent(dimension: Dimension) -> InstrumentStatement {
        InstrumentStatement {
            dimension,
            expanded_uncertainty: 0.0,
            coverage_k: InstrumentStatement::COVERAGE_K,
            noise_sd: 0.0,
            resolution: 0.0,
            clock_ppm: 0.0,
            latency_s: 0.0,
            rate_hz: 0.0,
            registration_translation_sd: 0.0,
            registration_rotation_sd: 0.0,
            angle_noise_sd: 0.0,
            angle_expanded_uncertainty: 0.0,
        }
    }
}

/// What an instrument is pointed at: a group, or one number of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// The group.
    pub group: GroupSpec,
    /// The number within it; `None` for the whole group.
    pub element: Option<usize>,
}

impl Followed {
    /// What stands at `path`: a group, or a number of one. The one number of a group of one is that number.
    #[must_use]
    pub fn find(layout: &Layout, path: &str) -> Option<Followed> {
        if let Some(element) = layout.element(path) {
            let group = layout.spec(element.group).clone();
            return Some(Followed { group, element: Some(element.index as usize) });
        }
        layout.group(path).map(|group| Followed { group: layout.spec(group).clone(), element: None })
    }

    /// The number's declaration, if it is one number that varies continuously.
    pub(crate) fn number(&self) -> Option<(usize, &Element)> {
        let index = self.element?;
        let continuous =
            !matches!(self.group.kind, GroupKind::State(_) | GroupKind::Event | GroupKind::Rotation);
        self.group.elements.get(index).filter(|_| continuous).map(|element| (index, element))
    }
}

/// Finds what a path of a file stands for; `None` if there is nothing.
pub type Resolve<'a> = &'a dyn Fn(&str) -> Option<Followed>;

/// Finds what `path` stands for, or says at `key` that there is nothing.
pub(crate) fn resolve(
    find: Resolve<'_>,
    path: &str,
    key: &str,
    problems: &mut Vec<Problem>,
) -> Option<Followed> {
    let found = find(path);
    if found.is_none() {
        problems.push(Problem::new(key, format!("nothing here is called `{path}`")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::ActuatorConfig;

    /// As people write them in files, and back.
    #[test]
    fn files_read_into_configurations_and_back() {
        let text = r#"
            kind = "position_tracker"
            follows = { tool_tip = "arm.tool_tip" }
            frame = "arm.base"
            rate = "1 kHz"
            noise = "8 um"
            uncertainty = { value = "15 um", source = "certificate", standing = "datasheet" }
            registration = { translation = "10 um", rotation = "0.1 mrad" }
        "#;
        let config: InstrumentConfig = toml::from_str(text).unwrap();
        assert_eq!(config.check(), []);
        let InstrumentConfig::PositionTracker(tracker) = &config else { panic!("{config:?}") };
        assert_eq!(tracker.statement().registration_rotation_sd, 1e-4);
        let again: InstrumentConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);

        let text = r#"
            kind = "edge_recorder"
            resolution = "1 us"
            [channels]
            command = { kind = "written", follows = "arm.servo_jp" }
            motion = { kind = "moves", follows = "arm.truth.tip.position.x", threshold = "50 um", armed_by = "command" }
        "#;
        let config: InstrumentConfig = toml::from_str(text).unwrap();
        assert_eq!(config.check(), []);
        let misspelt = text.replace("armed_by", "armed");
        assert!(toml::from_str::<InstrumentConfig>(&misspelt).is_err());

        let text = r#"
            name = "yaw"
            kind = "revolute"
            gear = "56.5 rad/rad"
            torque_constant = "0.0438 N m/A"
            motor = { max_current = "1.34 A", dac = { bits = 16, full_scale = "6.25 A" }, time_constant = "0.1 ms" }
            [encoder]
            counts_per_turn = 14400
            count_bits = 24
            clock = "49.152 MHz"
            period_bits = 26
            shortest_predicted_quarter = 2000
        "#;
        let yaw: ActuatorConfig = toml::from_str(text).unwrap();
        assert_eq!(yaw.check(), []);
        // Published as 0.000442478 degrees for each count.
        assert!((yaw.quantum().to_degrees() - 0.000_442_478).abs() < 1e-9);
    }

    /// Every field of a file's schema carries a sentence. (`Sourced` values are trocar-signal's own.)
    #[test]
    fn the_schema_describes_every_field() {
        fn walk(value: &serde_json::Value, path: &str) {
            if let Some(properties) = value.get("properties").and_then(|p| p.as_object()) {
                for (name, property) in properties {
                    let exempt = property.get("const").is_some();
                    assert!(
                        exempt || property.get("description").is_some(),
                        "{path}.{name} is not described"
                    );
                }
            }
            match value {
                serde_json::Value::Object(map) => {
                    for (key, value) in map.iter().filter(|(key, _)| !key.starts_with("Sourced")) {
                        walk(value, &format!("{path}.{key}"));
                    }
                }
                serde_json::Value::Array(list) => list.iter().for_each(|v| walk(v, path)),
                _ => {}
            }
        }
        walk(schemars::schema_for!(InstrumentConfig).as_value(), "instrument");
        walk(schemars::schema_for!(ActuatorConfig).as_value(), "actuator");
        walk(schemars::schema_for!(crate::bus::BusConfig).as_value(), "bus");
        walk(schemars::schema_for!(crate::channel::ChannelConfig).as_value(), "channel");
        walk(schemars::schema_for!(crate::coupling::CouplingConfig).as_value(), "coupling");
    }
}
