//! Six-axis force sensors in a frame of the mechanism.
//!
//! It measures the wrench that the frame's parent transmits to the frame and all beyond it, about the frame's origin and
//! in its axes: a tool that hangs from a sensor shows its weight as a force upwards. Each channel shows its load as a
//! share of its range; `crosstalk` adds to each the shares of the others, which the reader does not take off. Then come
//! the gauges ([`crate::strain`]).

use crate::check;
use crate::converter::{Converter, CountReader, counts_group};
use crate::strain::{GaugeConfig, Gauges};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Force, Torque};
use trocar_signal::{
    Activation, Component, Dimension, GroupSpec, ParameterSpec, Problem, Provenance, ReadPort, Registration,
    Sourced, WritePort,
};

/// A six-axis force sensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a force sensor"))]
pub struct ForceSensorConfig {
    /// Name within the robot: its signals are `INSTANCE.NAME.count` and `INSTANCE.NAME.wrench`.
    pub name: String,
    /// The frame that it carries. A fixed frame of its own gives it any place and orientation.
    pub frame: String,
    /// Greatest force of either sense along x, y, z.
    pub force_range: Sourced<[Force; 3]>,
    /// Greatest torque of either sense about x, y, z.
    pub torque_range: Sourced<[Torque; 3]>,
    /// What each channel (row: force x, y, z, torque x, y, z) shows of each other (column), in shares of their ranges;
    /// zeros on the diagonal. Absent: nothing.
    #[serde(default)]
    pub crosstalk: Option<Sourced<[[f64; 6]; 6]>>,
    /// Its gauges and electronics.
    pub gauge: GaugeConfig,
}

const CHANNELS: [&str; 6] = ["force.x", "force.y", "force.z", "torque.x", "torque.y", "torque.z"];

impl ForceSensorConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::name(&mut problems, "name", &self.name);
        let forces = self.force_range.value.map(Force::si);
        let torques = self.torque_range.value.map(Torque::si);
        for (key, ranges) in [("force_range", forces), ("torque_range", torques)] {
            for (axis, range) in ranges.iter().enumerate() {
                check::positive(&mut problems, &format!("{key}[{axis}]"), *range);
            }
        }
        if let Some(crosstalk) = &self.crosstalk {
            for (row, values) in crosstalk.value.iter().enumerate() {
                for (column, share) in values.iter().enumerate() {
                    let key = format!("crosstalk[{row}][{column}]");
                    check::within(&mut problems, &key, *share, -1.0, 1.0);
                    if row == column && *share != 0.0 {
                        problems.push(Problem::new(key, "a channel's share of itself is 1; write 0 here"));
                    }
                }
            }
        }
        problems.extend(check::under("gauge", self.gauge.check()));
        problems
    }

    fn ranges(&self) -> [f64; 6] {
        let ([fx, fy, fz], [tx, ty, tz]) =
            (self.force_range.value.map(Force::si), self.torque_range.value.map(Torque::si));
        [fx, fy, fz, tx, ty, tz]
    }

    /// The path of the wrench as it is, which the sensor reads.
    #[must_use]
    pub fn truth(&self, instance: &str) -> String {
        format!("{instance}.truth.{}", self.name)
    }

    /// The component `INSTANCE.NAME.reader`: reads `INSTANCE.NAME.count`, writes `INSTANCE.NAME.wrench`.
    #[must_use]
    pub fn reader(&self, instance: &str, reg: &mut Registration) -> CountReader {
        let path = format!("{instance}.{}", self.name);
        let frame = format!("{instance}.{}", self.frame);
        let channels = self.ranges().map(|range| Converter::new(-range, range, self.gauge.bits.value));
        let wrench = GroupSpec::wrench(format!("{path}.wrench"), &frame, &frame)
            .meaning("Force and torque by the force sensor: what its parent transmits to the frame");
        CountReader::new(&format!("{path}.count"), channels.to_vec(), vec![(wrench, 6)], reg)
    }
}

/// The component `INSTANCE.NAME`, a periodic task.
///
/// Reads `INSTANCE.truth.NAME` as it stood before its instant; writes `INSTANCE.NAME.count`, six counts of which half the
/// range is no load. Nothing is written before the mechanism has moved once.
pub struct ForceSensor {
    truth: ReadPort,
    count: WritePort,
    ranges: [f64; 6],
    crosstalk: [[f64; 6]; 6],
    gauges: Gauges,
}

impl ForceSensor {
    /// The sensor of this configuration.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        instance: &str,
        config: &ForceSensorConfig,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<ForceSensor, Vec<Problem>> {
        let problems = config.check();
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = format!("{instance}.{}", config.name);
        let ranges = config.ranges();
        let (forces, torques) = (provenance.of(&config.force_range), provenance.of(&config.torque_range));
        for (k, (channel, range)) in CHANNELS.iter().zip(ranges).enumerate() {
            let (dimension, behind) =
                if k < 3 { (Dimension::FORCE, forces.clone()) } else { (Dimension::TORQUE, torques.clone()) };
            reg.parameter(ParameterSpec::fixed(format!("{path}.range.{channel}"), dimension, range, behind));
        }
        if let Some(crosstalk) = &config.crosstalk {
            let greatest =
                crosstalk.value.iter().flatten().fold(0.0, |most, x| trocar_math::max(most, x.abs()));
            let behind = provenance.of(crosstalk);
            let path = format!("{path}.greatest_crosstalk");
            reg.parameter(ParameterSpec::fixed(path, Dimension::NUMBER, greatest, behind));
        }
        let gauges = config.gauge.register(&path, provenance, reg);
        Ok(ForceSensor {
            truth: reg.read_previous(config.truth(instance)),
            count: reg.write(counts_group(
                format!("{path}.count"),
                &CHANNELS,
                "Counts of the force sensor's channels as they are on the wire; half the range is no load",
            )),
            ranges,
            crosstalk: config.crosstalk.as_ref().map_or([[0.0; 6]; 6], |c| c.value),
            gauges,
        })
    }
}

impl Component for ForceSensor {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.truth);
        if header.valid == 0 {
            return Ok(());
        }
        let mut strained = [0.0; 6];
        for ((share, load), range) in strained.iter_mut().zip(io.read(self.truth)).zip(self.ranges) {
            *share = load / range;
        }
        self.gauges.strain(io, header.stamp, &mut strained);
        let mut shown = strained;
        for (value, row) in shown.iter_mut().zip(&self.crosstalk) {
            *value += row.iter().zip(&strained).map(|(share, other)| share * other).sum::<f64>();
        }
        self.gauges.convert(io, &mut shown);
        io.send(self.count, &shown, header.stamp, self.gauges.delay, true);
        Ok(())
    }
}
