//! Potentiometers on an actuator's output: absolute and coarse, beside the fine and incremental encoder.
//!
//! The voltage at the wiper is converted to a count on the wire ([`Potentiometer`]); the controller's side makes a
//! position of it by the calibration of the file ([`PotentiometerConfig::reader`]), as the dVRK does with `BitsToVolts`
//! and `VoltsToPosSI` (sawRobotIO1394): position = position_at_zero + position_per_volt · V.
//!
//! What the wiper shows for the position x of the output, in terms of the position that the calibration makes of it:
//!
//! y = (1 + gain_error)·x + offset_error + nonlinearity · S · sin(2πu)
//!
//! with S the travel over the whole reference voltage and u the share of it at x. Makers state independent linearity,
//! the greatest departure from the best straight line as a share of the whole (VRCI P-100A); its shape differs from one
//! piece to the next, and the whole wave over the track is this model's choice. Then comes a first-order low-pass,
//! T·ż = y − z, solved exactly for an input that is straight between two readings; then noise, new in each reading; then
//! the converter. Beyond the ends of the track the count stays at its first or last.

use crate::actuator::ActuatorConfig;
use crate::check;
use crate::converter::{Converter, CountReader, counts_group};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Duration, Ratio, Voltage};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, Nanos, ParameterSpec, Problem, Provenance,
    ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// A potentiometer on the actuator's output, and the converter that reads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PotentiometerConfig {
    /// Position of the output at no voltage, by the controller's calibration.
    pub position_at_zero: Sourced<AnyQuantity>,
    /// Travel of the output for each volt (`"-43.8 deg/V"`, `"58.7 mm/V"`), by the controller's calibration.
    pub position_per_volt: Sourced<AnyQuantity>,
    /// The converter's reference: the voltage one step beyond its last count (dVRK: 4.5 V).
    pub reference_voltage: Sourced<Voltage>,
    /// Width of the count (dVRK: 16).
    pub adc_bits: Sourced<u32>,
    /// By how much the true sensitivity exceeds the calibration's, about position zero. Absent: not at all.
    #[serde(default)]
    pub gain_error: Option<Sourced<Ratio>>,
    /// What the reading shows too much at position zero. Absent: nothing.
    #[serde(default)]
    pub offset_error: Option<Sourced<AnyQuantity>>,
    /// Greatest departure from a straight line, as a share of the travel over the whole reference voltage. Absent: none.
    #[serde(default)]
    pub nonlinearity: Option<Sourced<Ratio>>,
    /// Standard deviation of the voltage from one reading to the next. Absent: none.
    #[serde(default)]
    pub noise: Option<Sourced<Voltage>>,
    /// Time constant of the low-pass before the converter. Absent: none.
    #[serde(default)]
    pub time_constant: Option<Sourced<Duration>>,
}

impl PotentiometerConfig {
    /// What is wrong with the numbers of this file section; `position` is what the actuator's position measures.
    #[must_use]
    pub fn check(&self, position: Dimension) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (zero, scale) = (self.position_at_zero.value, self.position_per_volt.value);
        check::dimension(&mut problems, "position_at_zero", zero.dimension, position);
        let meant = position.over(Dimension::VOLTAGE);
        if check::dimension(&mut problems, "position_per_volt", scale.dimension, meant) && scale.si == 0.0 {
            problems.push(Problem::new("position_per_volt", "a scale of zero reads nothing"));
        }
        check::positive(&mut problems, "reference_voltage", self.reference_voltage.value.si());
        check::within(&mut problems, "adc_bits", f64::from(self.adc_bits.value), 4.0, 32.0);
        if let Some(gain) = &self.gain_error {
            check::within(&mut problems, "gain_error", gain.value.si(), -0.5, 0.5);
        }
        if let Some(offset) = &self.offset_error {
            check::dimension(&mut problems, "offset_error", offset.value.dimension, position);
        }
        if let Some(share) = &self.nonlinearity {
            check::within(&mut problems, "nonlinearity", share.value.si(), -0.1, 0.1);
        }
        if let Some(noise) = &self.noise {
            check::not_negative(&mut problems, "noise", noise.value.si());
        }
        if let Some(time) = &self.time_constant {
            check::not_negative(&mut problems, "time_constant", time.value.si());
        }
        problems
    }

    /// Travel of the output over the whole reference voltage, rad or m; negative where the voltage falls.
    #[must_use]
    pub fn span(&self) -> f64 {
        self.position_per_volt.value.si * self.reference_voltage.value.si()
    }

    fn converter(&self) -> Converter {
        let zero = self.position_at_zero.value.si;
        Converter::new(zero, zero + self.span(), self.adc_bits.value)
    }

    /// The component `INSTANCE.ACTUATOR.potentiometer.reader`: reads `INSTANCE.ACTUATOR.potentiometer.count` and writes
    /// `INSTANCE.ACTUATOR.potentiometer.position`, rad or m.
    #[must_use]
    pub fn reader(&self, instance: &str, actuator: &ActuatorConfig, reg: &mut Registration) -> CountReader {
        let path = format!("{instance}.{}.potentiometer", actuator.name);
        let position = GroupSpec::scalar(format!("{path}.position"), actuator.kind.position())
            .meaning("Position of the actuator's output by its potentiometer");
        CountReader::new(&format!("{path}.count"), vec![self.converter()], vec![(position, 1)], reg)
    }
}

state_words! {
    /// What a potentiometer remembers.
    pub struct PotentiometerState {
        /// 1 after the first reading.
        pub started: u64,
        /// What the wiper showed at the last reading, rad or m.
        pub input: f64,
        /// The same behind the low-pass.
        pub output: f64,
        /// The instant of the last reading.
        pub at: Time,
    }
}

/// The component `INSTANCE.ACTUATOR.potentiometer`, a task at the rate at which the boards are read.
///
/// Reads `INSTANCE.truth.actuators` as it stood before this instant. Writes `INSTANCE.ACTUATOR.potentiometer.count`, the
/// wire form, 0 ..= 2^bits − 1.
pub struct Potentiometer {
    actuators: ReadPort,
    position: usize,
    count: WritePort,
    converter: Converter,
    zero: f64,
    span: f64,
    per_volt: f64,
    gain_error: Option<ParameterPort>,
    offset_error: Option<ParameterPort>,
    nonlinearity: Option<ParameterPort>,
    noise: Option<ParameterPort>,
    time_constant_s: f64,
}

impl Potentiometer {
    /// The potentiometer of actuator number `place`; `None` if that has none.
    ///
    /// # Errors
    /// What is wrong with the actuator's configuration.
    pub fn new(
        instance: &str,
        actuator: &ActuatorConfig,
        place: usize,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Option<Potentiometer>, Vec<Problem>> {
        let Some(config) = &actuator.potentiometer else { return Ok(None) };
        let position = actuator.kind.position();
        let problems: Vec<Problem> = check::under("potentiometer", config.check(position)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = format!("{instance}.{}.potentiometer", actuator.name);
        let volts = Dimension::VOLTAGE;
        for (name, dimension, nominal, behind) in [
            (
                "position_at_zero",
                position,
                config.position_at_zero.value.si,
                provenance.of(&config.position_at_zero),
            ),
            (
                "position_per_volt",
                position.over(volts),
                config.position_per_volt.value.si,
                provenance.of(&config.position_per_volt),
            ),
            (
                "reference_voltage",
                volts,
                config.reference_voltage.value.si(),
                provenance.of(&config.reference_voltage),
            ),
            (
                "adc_bits",
                Dimension::NUMBER,
                f64::from(config.adc_bits.value),
                provenance.of(&config.adc_bits),
            ),
        ] {
            reg.parameter(ParameterSpec::fixed(format!("{path}.{name}"), dimension, nominal, behind));
        }
        let time_constant_s = config.time_constant.as_ref().map_or(0.0, |time| {
            let behind = provenance.of(time);
            let path = format!("{path}.time_constant");
            reg.parameter(ParameterSpec::fixed(path, Dimension::TIME, time.value.si(), behind));
            time.value.si()
        });
        let mut tunable = |name: &str, dimension, nominal, behind: (String, trocar_signal::Standing)| {
            let spec = ParameterSpec::fixed(format!("{path}.{name}"), dimension, nominal, behind);
            reg.parameter(ParameterSpec { tunable: true, ..spec })
        };
        let number = Dimension::NUMBER;
        let gain_error =
            config.gain_error.as_ref().map(|v| tunable("gain_error", number, v.value.si(), provenance.of(v)));
        let offset_error = config
            .offset_error
            .as_ref()
            .map(|v| tunable("offset_error", position, v.value.si, provenance.of(v)));
        let nonlinearity = config
            .nonlinearity
            .as_ref()
            .map(|v| tunable("nonlinearity", number, v.value.si(), provenance.of(v)));
        let noise = config.noise.as_ref().map(|v| tunable("noise", volts, v.value.si(), provenance.of(v)));
        reg.state::<PotentiometerState>();
        Ok(Some(Potentiometer {
            actuators: reg.read_previous(format!("{instance}.truth.actuators")),
            position: place,
            count: reg.write(counts_group(
                format!("{path}.count"),
                &[],
                "Count of the potentiometer's converter as it is on the wire",
            )),
            converter: config.converter(),
            zero: config.position_at_zero.value.si,
            span: config.span(),
            per_volt: config.position_per_volt.value.si,
            gain_error,
            offset_error,
            nonlinearity,
            noise,
            time_constant_s,
        }))
    }

    /// What the wiper shows at a position of the output.
    fn shown(&self, io: &Activation<'_>, x: f64) -> f64 {
        let of = |port: Option<ParameterPort>| port.map_or(0.0, |port| io.parameter(port));
        let turn = std::f64::consts::TAU * (x - self.zero) / self.span;
        let bow = match self.nonlinearity {
            Some(port) => io.parameter(port) * self.span * trocar_math::sin(turn),
            None => 0.0,
        };
        x + of(self.gain_error) * x + of(self.offset_error) + bow
    }
}

impl Component for Potentiometer {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let header = io.header(self.actuators);
        if header.valid == 0 {
            return Ok(());
        }
        let shown = self.shown(io, io.read(self.actuators)[self.position]);
        let (now, time_constant_s) = (io.now, self.time_constant_s);
        let state = io.state::<PotentiometerState>();
        if state.started == 0 || time_constant_s == 0.0 {
            *state = PotentiometerState { started: 1, input: shown, output: shown, at: header.stamp };
        } else if header.stamp > state.at {
            let elapsed_s = header.stamp.since(state.at).seconds();
            // The output trails a straight input by its rise over one time constant.
            let trail = (shown - state.input) / elapsed_s * time_constant_s;
            let left = trocar_math::exp(-elapsed_s / time_constant_s);
            state.output = shown - trail + (state.output - state.input + trail) * left;
            (state.input, state.at) = (shown, header.stamp);
        }
        let mut reading = state.output;
        if let Some(noise) = self.noise {
            reading += io.parameter(noise) * self.per_volt * io.draw(0).normal();
        }
        io.send(self.count, &[self.converter.count(reading)], now, Nanos::ZERO, true);
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
