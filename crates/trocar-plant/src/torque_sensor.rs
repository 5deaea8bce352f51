//! Joint torque sensors: gauges between a joint's drive and its link.
//!
//! A sensor measures what the frame's parent transmits to the frame along the axis of its joint: a torque about z where
//! it turns, a force along z where it slides. On a joint with a coordinate of its own that is the drive's effort at the
//! output, less what accelerates the drive's rotor and less friction and stops, which count as the drive's side. On a
//! frame that several coordinates move (a parallelogram, a cable wrist) it is the load of that one joint of the tree, not
//! the effort of any one coordinate. What befalls the signal then: [`crate::strain`].

use crate::actuator::ActuatorKind;
use crate::check;
use crate::converter::{Converter, CountReader, counts_group};
use crate::strain::{GaugeConfig, Gauges};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{
    Activation, AnyQuantity, Component, GroupSpec, ParameterSpec, Problem, Provenance, ReadPort,
    Registration, Sourced, WritePort,
};

/// A torque (or force) sensor in a joint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a torque sensor"))]
pub struct TorqueSensorConfig {
    /// The frame whose joint it measures: its signals are `INSTANCE.FRAME.torque_sensor.count` and `.effort`.
    pub frame: String,
    /// Greatest effort of either sense: `"150 N m"` where the frame turns, `"80 N"` where it slides.
    pub range: Sourced<AnyQuantity>,
    /// Its gauges and electronics.
    pub gauge: GaugeConfig,
}

impl TorqueSensorConfig {
    /// What is wrong with the numbers of this file section; `kind` is how the frame moves.
    #[must_use]
    pub fn check(&self, kind: ActuatorKind) -> Vec<Problem> {
        let mut problems = Vec::new();
        if check::dimension(&mut problems, "range", self.range.value.dimension, kind.effort()) {
            check::positive(&mut problems, "range", self.range.value.si);
        }
        problems.extend(check::under("gauge", self.gauge.check()));
        problems
    }

    /// The path below which its signals and parameters stand.
    #[must_use]
    pub fn path(&self, instance: &str) -> String {
        format!("{instance}.{}.torque_sensor", self.frame)
    }

    /// The path of the effort as it is, which the sensor reads.
    #[must_use]
    pub fn truth(&self, instance: &str) -> String {
        format!("{instance}.truth.{}.transmitted_effort", self.frame)
    }

    /// The component `INSTANCE.FRAME.torque_sensor.reader`: reads the count, writes `INSTANCE.FRAME.torque_sensor.effort`.
    #[must_use]
    pub fn reader(&self, instance: &str, kind: ActuatorKind, reg: &mut Registration) -> CountReader {
        let path = self.path(instance);
        let range = self.range.value.si;
        let channel = Converter::new(-range, range, self.gauge.bits.value);
        let effort = GroupSpec::scalar(format!("{path}.effort"), kind.effort())
            .meaning("Effort that the joint transmits, by its torque sensor");
        CountReader::new(&format!("{path}.count"), vec![channel], vec![(effort, 1)], reg)
    }
}

/// The component `INSTANCE.FRAME.torque_sensor`, a periodic task.
///
/// Reads `INSTANCE.truth.FRAME.transmitted_effort` as it stood before its instant; writes
/// `INSTANCE.FRAME.torque_sensor.count`, of which half the range is no load. Nothing is written before the mechanism has
/// moved once.
pub struct TorqueSensor {
    truth: ReadPort,
    count: WritePort,
    range: f64,
    gauges: Gauges,
}

impl TorqueSensor {
    /// The sensor of this configuration, in a frame that moves as `kind` says.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        instance: &str,
        config: &TorqueSensorConfig,
        kind: ActuatorKind,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<TorqueSensor, Vec<Problem>> {
        let problems = config.check(kind);
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = config.path(instance);
        let (range, behind) = (config.range.value.si, provenance.of(&config.range));
        reg.parameter(ParameterSpec::fixed(format!("{path}.range"), kind.effort(), range, behind));
        let gauges = config.gauge.register(&path, provenance, reg);
        Ok(TorqueSensor {
            truth: reg.read_previous(config.truth(instance)),
            count: reg.write(counts_group(
                format!("{path}.count"),
                &[],
                "Count of the torque sensor as it is on the wire; half the range is no load",
            )),
            range,
            gauges,
        })
    }
}

impl Component for TorqueSensor {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.truth);
        if header.valid == 0 {
            return Ok(());
        }
        let mut shown = [io.read(self.truth)[0] / self.range];
        self.gauges.strain(io, header.stamp, &mut shown);
        self.gauges.convert(io, &mut shown);
        io.send(self.count, &shown, header.stamp, self.gauges.delay, true);
        Ok(())
    }
}
