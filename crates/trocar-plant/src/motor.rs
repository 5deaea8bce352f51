//! A motor's amplifier: the way from a commanded current to the current that flows.
//!
//! The command is limited to the motor's greatest current and rounded to a step of the amplifier's digital-to-analogue
//! converter. The current follows the converter's output as a first-order lag, di/dt = (c − i)/T, which is solved
//! exactly over each step of the mechanism: with a constant c, i(t+h) = c + (i(t) − c)·e^(−h/T). What is written is
//! the mean over the step that the mechanism is about to integrate, c + (i(t) − c)·(1 − e^(−h/T))·T/h, so that the
//! impulse of the motor is exact at any step.
//!
//! For the da Vinci Research Kit the converter is published (16 bits over ±6.25 A, mechatronics-firmware and QLA board)
//! and the current loop is not: its time constant is an assumed number, and the file says so.

use crate::actuator::ActuatorConfig;
use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Current, Duration};
use trocar_signal::{
    Activation, Component, Dimension, GroupSpec, ParameterSpec, Problem, Provenance, ReadPort, Registration,
    Sourced, WritePort, state_words,
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

/// The component `INSTANCE.ACTUATOR.motor`, activated at each step of the mechanism before it.
///
/// Reads `INSTANCE.ACTUATOR.current_command`, A; a command that is not valid is not taken, the converter keeps the last
/// one. Writes `INSTANCE.ACTUATOR.motor.current`, A: the mean over the step that follows.
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
}

impl Motor {
    /// The motor of an actuator; `step_s` is the mechanism's step.
    ///
    /// # Errors
    /// What is wrong with the actuator's configuration or the step.
    pub fn new(
        instance: &str,
        config: &ActuatorConfig,
        step_s: f64,
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
        Ok(Motor {
            command: reg.read(format!("{instance}.{}.current_command", config.name)),
            current: reg.write(current),
            max_current,
            step_a: motor.dac.full_scale.value.si() / codes,
            codes,
            left,
            left_on_mean,
        })
    }

    /// What the converter puts out for a command, A.
    fn converted(&self, command_a: f64, max_current_a: f64) -> f64 {
        let limited = trocar_math::clamp(command_a, -max_current_a, max_current_a);
        trocar_math::clamp((limited / self.step_a).round(), -self.codes, self.codes - 1.0) * self.step_a
    }
}

impl Component for Motor {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let max_current_a = io.parameter(self.max_current);
        let fresh = io.is_valid(self.command).then(|| io.read(self.command)[0]);
        let state = io.state::<MotorState>();
        if let Some(command) = fresh {
            state.command = command;
        }
        let command = state.command;
        let converted = self.converted(command, max_current_a);
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
        let motor = Motor::new("psm1", config, step_s, &provenance, &mut reg).unwrap();
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
