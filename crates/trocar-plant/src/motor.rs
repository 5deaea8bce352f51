//! A motor's amplifier: the way from a commanded current to the current that flows.
//!
//! The command is limited to the motor's greatest current and rounded to a step of the amplifier's digital-to-analogue
//! converter. The current follows the converter's output as a first-order lag, di/dt = (c − i)/T, which is solved
//! exactly over each step of the mechanism: with a constant c, i(t+h) = c + (i(t) − c)·e^(−h/T). What is written is
//! the mean over the step that the mechanism is about to integrate, c + (i(t) − c)·(1 − e^(−h/T))·T/h, so that the
//! impulse of the motor is exact at any step.
//!
//! With a [`winding`](crate::winding) the current is also limited by what the supply's voltage allows against the back-EMF, and
//! with [`heat`](crate::heat) its resistance rises and its torque constant falls; both are optional.
//!
//! For the da Vinci Research Kit the converter is published (16 bits over ±6.25 A, mechatronics-firmware and QLA board)
//! and the current loop is not: its time constant is an assumed number, and the file says so.

use crate::actuator::ActuatorConfig;
use crate::check;
use crate::heat::{Heat, ThermalConfig};
use crate::winding::{CurrentLoop, INDUCTANCE, RESISTANCE, WindingConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Angle, Current, Duration, Torque};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, Element, GroupSpec, ParameterSpec, Problem, Provenance,
    ReadPort, Registration, Sourced, WritePort, state_words,
};

/// A digital-to-analogue converter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DacConfig {
    /// Width of a command.
    pub bits: Sourced<u32>,
    /// Greatest current of either sense that a command can ask for.
    pub full_scale: Sourced<Current>,
}

/// A motor's amplifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MotorConfig {
    /// Greatest current of either sense that the amplifier is let to carry.
    pub max_current: Sourced<Current>,
    /// The converter that carries the command to the amplifier.
    pub dac: DacConfig,
    /// Time constant of the current loop, 1/(2π·bandwidth). Zero: the current follows at once.
    pub time_constant: Sourced<Duration>,
    /// The winding: with it the supply's voltage limits current and speed. It needs the robot's `[power_supply]`.
    #[serde(default)]
    pub winding: Option<WindingConfig>,
    /// How the motor warms up. It needs the winding's resistance.
    #[serde(default)]
    pub thermal: Option<ThermalConfig>,
    /// Torques that rise and fall with the shaft's angle: cogging, and the ripple of a harmonic drive.
    #[serde(default)]
    pub ripple: Vec<RippleConfig>,
}

/// A torque on the motor's shaft that goes with the sine of its angle and takes no energy over a cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a torque ripple"))]
pub struct RippleConfig {
    /// Its amplitude at the shaft.
    pub amplitude: Sourced<Torque>,
    /// Cycles for each turn of the shaft: of cogging the least common multiple of slots and poles, of a harmonic
    /// drive 2 and multiples.
    pub per_turn: Sourced<f64>,
    /// Phase where the actuator's position is zero.
    #[serde(default = "no_phase")]
    pub phase: Sourced<Angle>,
}

fn no_phase() -> Sourced<Angle> {
    Sourced::bare(Angle::from_si(0.0))
}

impl MotorConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let full_scale = self.dac.full_scale.value.si();
        check::positive(&mut problems, "max_current", self.max_current.value.si());
        if self.max_current.value.si() > full_scale {
            let what = format!("the converter's full scale is only {full_scale} A");
            problems.push(Problem::new("max_current", what));
        }
        check::within(&mut problems, "dac.bits", f64::from(self.dac.bits.value), 4.0, 32.0);
        check::positive(&mut problems, "dac.full_scale", full_scale);
        check::not_negative(&mut problems, "time_constant", self.time_constant.value.si());
        for (place, ripple) in self.ripple.iter().enumerate() {
            let key = |field: &str| format!("ripple[{place}].{field}");
            check::not_negative(&mut problems, &key("amplitude"), ripple.amplitude.value.si());
            check::positive(&mut problems, &key("per_turn"), ripple.per_turn.value);
        }
        if let Some(winding) = &self.winding {
            problems.extend(check::under("winding", winding.check()));
        }
        if let Some(thermal) = &self.thermal {
            problems.extend(check::under("thermal", thermal.check()));
            if self.winding.is_none() {
                let what =
                    "what warms a motor is the current in its resistance: add `[actuators.motor.winding]`";
                problems.push(Problem::new("thermal", what));
            }
        }
        problems
    }
}

state_words! {
    /// What a motor's amplifier remembers.
    pub struct MotorState {
        /// The current now, A.
        pub current: f64,
        /// The last command that could be used, A.
        pub command: f64,
    }
}

state_words! {
    /// What a motor that warms up remembers beside that.
    pub struct HeatState {
        /// Temperature of the winding, K.
        pub winding: f64,
        /// Temperature of the housing, K.
        pub housing: f64,
        /// 1 once the winding has reached the trip temperature.
        pub has_tripped: u64,
    }
}

/// The voltage's part of a motor.
struct Electrics {
    supply: ReadPort,
    back_emf: ReadPort,
    /// The place of the motor in the group of back-EMFs.
    place: usize,
    power: WritePort,
    resistance: ParameterPort,
    inductance: f64,
    time_constant_s: f64,
    step_s: f64,
    warming: Option<Warming>,
}

/// The heat's part of a motor.
struct Warming {
    heat: Heat,
    temperature: WritePort,
    tripped: Option<(WritePort, f64)>,
    ambient: ParameterPort,
    reference_k: f64,
    resistance_coefficient: f64,
}

/// The component `INSTANCE.ACTUATOR.motor`, activated at each step of the mechanism before it.
///
/// Reads `INSTANCE.ACTUATOR.current_command`, A; a command that is not valid is not taken, the converter keeps the last
/// one. Writes `INSTANCE.ACTUATOR.motor.current`, A: the mean over the step that follows.
///
/// With a winding it also reads `INSTANCE.supply.voltage` and, as it stood before, `INSTANCE.truth.back_emf`, and writes
/// `.motor.power` (W, what it takes from its amplifier); with heat it writes `.motor.temperature` and, with a trip
/// temperature, `.motor.thermal_trip`.
pub struct Motor {
    command: ReadPort,
    current: WritePort,
    max_current: ParameterPort,
    /// Current of one step of the converter, A.
    step_a: f64,
    /// Commands of the converter lie in −2^(bits−1) ..= 2^(bits−1) − 1.
    codes: f64,
    /// e^(−h/T): share of the distance to the command that is left after a step.
    left: f64,
    /// (1 − e^(−h/T))·T/h: share of that distance that is left on the mean over a step.
    left_on_mean: f64,
    electrics: Option<Electrics>,
}

impl Motor {
    /// The motor of an actuator; `step_s` is the mechanism's step, `place` the motor's among those with a winding.
    ///
    /// # Errors
    /// What is wrong with the actuator's configuration or the step.
    pub fn new(
        instance: &str,
        config: &ActuatorConfig,
        step_s: f64,
        place: usize,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Motor, Vec<Problem>> {
        let mut problems: Vec<Problem> = check::under("motor", config.motor.check()).collect();
        check::positive(&mut problems, "step", step_s);
        if !problems.is_empty() {
            return Err(problems);
        }
        let motor = &config.motor;
        let path = format!("{instance}.{}.motor", config.name);
        let max_current = reg.parameter(
            provenance
                .parameter(
                    format!("{path}.max_current"),
                    Dimension::CURRENT,
                    motor.max_current.value.si(),
                    &motor.max_current,
                    true,
                )
                .at_least(0.0),
        );
        for (name, dimension, nominal, behind) in [
            (
                "dac.full_scale",
                Dimension::CURRENT,
                motor.dac.full_scale.value.si(),
                provenance.of(&motor.dac.full_scale),
            ),
            ("dac.bits", Dimension::NUMBER, f64::from(motor.dac.bits.value), provenance.of(&motor.dac.bits)),
            (
                "time_constant",
                Dimension::TIME,
                motor.time_constant.value.si(),
                provenance.of(&motor.time_constant),
            ),
        ] {
            let path = format!("{path}.{name}");
            reg.parameter(ParameterSpec::fixed(path, dimension, nominal, behind));
        }
        reg.state::<MotorState>();
        let time_constant = motor.time_constant.value.si();
        let (left, left_on_mean) = if time_constant == 0.0 {
            (0.0, 0.0)
        } else {
            let ratio = step_s / time_constant;
            (trocar_math::exp(-ratio), -trocar_math::exp_m1(-ratio) / ratio)
        };
        let codes = trocar_math::powi(2.0, motor.dac.bits.value.cast_signed() - 1);
        let current = GroupSpec::scalar(format!("{path}.current"), Dimension::CURRENT)
            .meaning("Current of the motor: the mean over the step of the mechanism that follows");
        let command = reg.read(format!("{instance}.{}.current_command", config.name));
        let current = reg.write(current);
        let electrics = motor
            .winding
            .as_ref()
            .map(|w| Electrics::new(instance, config, w, step_s, place, provenance, reg));
        Ok(Motor {
            command,
            current,
            max_current,
            step_a: motor.dac.full_scale.value.si() / codes,
            codes,
            left,
            left_on_mean,
            electrics,
        })
    }

    /// What the converter puts out for a command, A.
    fn converted(&self, command_a: f64, max_current_a: f64) -> f64 {
        let limited = trocar_math::clamp(command_a, -max_current_a, max_current_a);
        trocar_math::clamp((limited / self.step_a).round(), -self.codes, self.codes - 1.0) * self.step_a
    }
}

impl Electrics {
    fn new(
        instance: &str,
        config: &ActuatorConfig,
        winding: &WindingConfig,
        step_s: f64,
        place: usize,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Electrics {
        let path = format!("{instance}.{}.motor", config.name);
        let value = &winding.resistance;
        let resistance =
            provenance.parameter(format!("{path}.resistance"), RESISTANCE, value.value.si, value, true);
        // A winding that is cut carries nothing: a resistance without bound; one of zero would carry anything.
        let resistance = reg.parameter(resistance.at_least(1e-6));
        let inductance = winding.inductance.value.si;
        let behind = provenance.of(&winding.inductance);
        reg.parameter(ParameterSpec::fixed(format!("{path}.inductance"), INDUCTANCE, inductance, behind));
        let power = GroupSpec::scalar(format!("{path}.power"), Dimension::POWER)
            .meaning("Power that the motor takes from its amplifier: the mean over the step of the mechanism that follows");
        Electrics {
            supply: reg.read(format!("{instance}.supply.voltage")),
            back_emf: reg.read_previous(format!("{instance}.truth.back_emf")),
            place,
            power: reg.write(power),
            resistance,
            inductance,
            time_constant_s: config.motor.time_constant.value.si(),
            step_s,
            warming: config.motor.thermal.as_ref().map(|t| Warming::new(&path, t, step_s, provenance, reg)),
        }
    }
}

impl Warming {
    fn new(
        path: &str,
        config: &ThermalConfig,
        step_s: f64,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Warming {
        let mut ambient = None;
        for (key, value, dimension, _, _) in config.numbers() {
            let spec = provenance.parameter(
                format!("{path}.thermal.{key}"),
                dimension,
                value.value.si,
                value,
                key == "ambient",
            );
            let port = reg.parameter(spec);
            if key == "ambient" {
                ambient = Some(port);
            }
        }
        reg.state::<HeatState>();
        let element = |name: &str| Element { name: name.to_owned(), dimension: Dimension::TEMPERATURE };
        let temperature =
            GroupSpec::vector(format!("{path}.temperature"), vec![element("winding"), element("housing")])
                .meaning("Temperatures of the motor");
        let tripped = config.trip.as_ref().map(|trip| {
            let flag = GroupSpec::flag(format!("{path}.thermal_trip"))
                .meaning("Whether the winding was too hot: its amplifier gives no current any more");
            (reg.write(flag), trip.value.si)
        });
        let si = |value: &Sourced<AnyQuantity>| value.value.si;
        let capacities = [si(&config.winding_capacity), si(&config.housing_capacity)];
        let (inner, outer) = (si(&config.winding_to_housing), si(&config.housing_to_ambient));
        Warming {
            heat: Heat::new(capacities, inner, outer, step_s),
            temperature: reg.write(temperature),
            tripped,
            ambient: ambient.unwrap_or(ParameterPort(0)),
            reference_k: si(&config.reference),
            resistance_coefficient: si(&config.resistance_coefficient),
        }
    }
}

/// The words of [`HeatState`] lie behind those of [`MotorState`].
fn heat_state(state: &mut [u64]) -> &mut HeatState {
    bytemuck::from_bytes_mut(bytemuck::cast_slice_mut(&mut state[2..5]))
}

impl Motor {
    /// The step of a motor with a winding, under a converted command.
    fn through_winding(&self, electrics: &Electrics, io: &mut Activation<'_>, converted: f64) {
        let (nominal, supply) = (io.parameter(electrics.resistance), io.read(electrics.supply)[0]);
        let back_emf = io.read(electrics.back_emf)[electrics.place];
        let mut resistance = nominal;
        let mut command = converted;
        if let Some(warming) = &electrics.warming {
            let state = heat_state(io.state);
            resistance *= 1.0 + warming.resistance_coefficient * (state.winding - warming.reference_k);
            if state.has_tripped == 1 {
                command = 0.0;
            }
        }
        let current_loop = CurrentLoop {
            time_constant_s: electrics.time_constant_s,
            resistance: trocar_math::max(resistance, 1e-6),
            inductance: electrics.inductance,
        };
        let start = io.state::<MotorState>().current;
        let course =
            current_loop.over_step(start, command, back_emf, trocar_math::max(supply, 0.0), electrics.step_s);
        io.state::<MotorState>().current = course.end_a;
        let heat_w = current_loop.resistance * course.mean_square_a2;
        // u i = R i² + E i + d(½ L i²)/dt.
        let stored = 0.5 * electrics.inductance * (course.end_a * course.end_a - start * start);
        let power = heat_w + back_emf * course.mean_a + stored / electrics.step_s;
        io.write(self.current, &[course.mean_a]);
        io.write(electrics.power, &[power]);
        let Some(warming) = &electrics.warming else { return };
        let ambient = io.parameter(warming.ambient);
        let state = heat_state(io.state);
        let above = [state.winding - ambient, state.housing - ambient];
        let [winding, housing] = warming.heat.after(above, heat_w).map(|t| t + ambient);
        (state.winding, state.housing) = (winding, housing);
        if warming.tripped.is_some_and(|(_, trip_k)| winding >= trip_k) {
            state.has_tripped = 1;
        }
        let has_tripped = state.has_tripped;
        io.write(warming.temperature, &[winding, housing]);
        if let Some((flag, _)) = warming.tripped {
            io.write(flag, &[has_tripped as f64]);
        }
    }
}

impl Component for Motor {
    fn initialise(&self, state: &mut [u64], parameters: &[f64]) {
        if let Some(warming) = self.electrics.as_ref().and_then(|e| e.warming.as_ref()) {
            let ambient = parameters[warming.ambient.0];
            *heat_state(state) = HeatState { winding: ambient, housing: ambient, has_tripped: 0 };
        }
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let max_current_a = io.parameter(self.max_current);
        let fresh = io.is_valid(self.command).then(|| io.read(self.command)[0]);
        let state = io.state::<MotorState>();
        if let Some(command) = fresh {
            state.command = command;
        }
        let command = state.command;
        let converted = self.converted(command, max_current_a);
        if let Some(electrics) = &self.electrics {
            self.through_winding(electrics, io, converted);
            return Ok(());
        }
        let state = io.state::<MotorState>();
        let distance = state.current - converted;
        state.current = converted + distance * self.left;
        io.write(self.current, &[converted + distance * self.left_on_mean]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::tests::insertion;
    use std::collections::BTreeMap;
    use trocar_signal::bench::Bench;
    use trocar_signal::{Rate, Standing, Time};

    fn bench(config: &ActuatorConfig, step_s: f64) -> (Bench, Registration) {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let mut reg = Registration::new("psm1.insertion.motor");
        let motor = Motor::new("psm1", config, step_s, 0, &provenance, &mut reg).unwrap();
        let inputs = vec![GroupSpec::scalar("psm1.insertion.current_command", Dimension::CURRENT)];
        (Bench::new(inputs, vec![(reg.clone(), Box::new(motor))]).unwrap(), reg)
    }

    /// Charge after n steps with the command c is the integral of the closed form, whatever the step.
    #[test]
    fn the_impulse_is_that_of_the_closed_form_at_any_step() {
        let config = insertion();
        let time_constant = config.motor.time_constant.value.si();
        for rate_hz in [1000_u64, 3000, 50_000] {
            let rate = Rate::new(rate_hz, 1).unwrap();
            let (mut bench, _) = bench(&config, rate.period_s());
            bench.set("psm1.insertion.current_command", Time::ZERO, &[0.5]).unwrap();
            let steps = rate_hz / 1000;
            let mut charge = 0.0;
            for k in 0..steps {
                bench.activate(0, rate.instant(k)).unwrap();
                charge += bench.get("psm1.insertion.motor.current")[0] * rate.period_s();
            }
            let t = steps as f64 * rate.period_s();
            let converted = (0.5_f64 / (6.25 / 32768.0)).round() * (6.25 / 32768.0);
            let expected = converted * (t - time_constant * (1.0 - trocar_math::exp(-t / time_constant)));
            // Rounding of some fifty sums.
            assert!((charge - expected).abs() < 1e-14 * 50.0, "{rate_hz}: {charge} is not {expected}");
        }
    }

    #[test]
    fn the_command_is_rounded_to_a_step_of_the_converter_and_limited() {
        let mut config = insertion();
        config.motor.time_constant = Sourced::bare(Duration::from_si(0.0));
        let (mut bench, reg) = bench(&config, 1.0 / 3000.0);
        let step = 12.5 / 65536.0;
        let mut put = |command: f64| {
            bench.set("psm1.insertion.current_command", Time::ZERO, &[command]).unwrap();
            bench.activate(0, Time::ZERO).unwrap();
            bench.get("psm1.insertion.motor.current")[0]
        };
        assert_eq!(put(0.4 * step), 0.0);
        assert_eq!(put(0.6 * step), step);
        assert_eq!(put(-100.4 * step), -100.0 * step);
        // Within half a step of the limit.
        assert!((put(5.0) - 0.67).abs() <= step / 2.0 && (put(-5.0) + 0.67).abs() <= step / 2.0);
        assert_eq!(reg.parameters.len(), 4);
        assert_eq!(reg.parameters[0].path, "psm1.insertion.motor.max_current");
    }

    #[test]
    fn before_the_first_command_no_current_flows() {
        let (mut bench, _) = bench(&insertion(), 1.0 / 3000.0);
        bench.activate(0, Time::ZERO).unwrap();
        assert_eq!(bench.get("psm1.insertion.motor.current"), [0.0]);
    }
}
