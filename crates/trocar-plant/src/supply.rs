//! The power supply of a robot: a source behind a resistance and a capacitor, from which all its motors and brakes draw.
//!
//! C dV/dt = max(V₀ − V, 0)/R_i − I. The source gives and does not take back (a rectifier). In rest V = V₀ − R_i I: the voltage
//! sags by R_i ΣI. Solved exactly over a step at the draw of the step before and at the side of V₀ on which the step
//! begins; the draw of a motor at its limit of voltage follows the voltage, so keep the step below C times the resistance
//! of all such windings in parallel.
//!
//! - **Linear** amplifiers (dVRK: QLA board) take each current from the supply whatever voltage they give: I = Σ|i|.
//! - **Switching** amplifiers convert power: I = Σ P/V. A motor that brakes feeds the capacitor: ½ C (V² − V₀²) is what it
//!   can take until the `clamp`, where the rest is burnt in a brake resistor.

use crate::actuator::ActuatorConfig;
use crate::check;
use crate::winding::{RESISTANCE, dimension};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, ParameterPort, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Sourced, WritePort, state_words,
};

/// How amplifiers draw from their supply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(extend("x-name" = "a kind of amplifier"))]
pub enum AmplifierKind {
    /// Each takes its motor's current.
    Linear,
    /// Each takes its motor's power, and gives it back when the motor brakes.
    Switching,
}

/// The power supply of a robot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a power supply"))]
pub struct PowerSupplyConfig {
    /// Voltage without load, e.g. `"24 V"`.
    pub voltage: Sourced<AnyQuantity>,
    /// Inner resistance, e.g. `"0.05 V/A"`.
    pub resistance: Sourced<AnyQuantity>,
    /// Capacitance at its terminals, e.g. `"4.7e-3 A s/V"`.
    pub capacitance: Sourced<AnyQuantity>,
    /// How the amplifiers draw from it.
    pub amplifiers: AmplifierKind,
    /// Voltage that braking motors cannot exceed: a brake resistor takes the rest. Without it nothing limits them.
    #[serde(default)]
    pub clamp: Option<Sourced<AnyQuantity>>,
}

const CAPACITANCE: Dimension = Dimension { exponents: [-2, -1, 4, 2, 0, 0] };

impl PowerSupplyConfig {
    /// Each number with its key, dimension, unit and whether it must be above zero.
    fn numbers(&self) -> Vec<(&'static str, &Sourced<AnyQuantity>, Dimension, &'static str)> {
        let mut found = vec![
            ("voltage", &self.voltage, Dimension::VOLTAGE, "V"),
            ("resistance", &self.resistance, RESISTANCE, "V/A"),
            ("capacitance", &self.capacitance, CAPACITANCE, "A s/V"),
        ];
        found.extend(self.clamp.as_ref().map(|clamp| ("clamp", clamp, Dimension::VOLTAGE, "V")));
        found
    }

    /// What is wrong with the numbers of this file section, for these actuators.
    #[must_use]
    pub fn check(&self, actuators: &[ActuatorConfig]) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, value, meant, unit) in self.numbers() {
            if dimension(&mut problems, key, value.value, meant, unit) {
                check::positive(&mut problems, key, value.value.si);
            }
        }
        if self.clamp.as_ref().is_some_and(|clamp| clamp.value.si < self.voltage.value.si) {
            problems.push(Problem::new("clamp", "it must be at least the voltage without load"));
        }
        let without = actuators.iter().find(|a| a.motor.winding.is_none());
        if let (AmplifierKind::Switching, Some(actuator)) = (self.amplifiers, without) {
            let what = format!(
                "a switching amplifier draws its motor's power: `{}` needs a table `[actuators.motor.winding]`",
                actuator.name
            );
            problems.push(Problem::new("amplifiers", what));
        }
        problems
    }
}

state_words! {
    /// What a supply remembers.
    pub struct SupplyState {
        /// The voltage at its terminals, V.
        pub voltage: f64,
    }
}

/// The component `INSTANCE.supply`, activated at each step of the mechanism before the motors.
///
/// Reads what flowed over the step before: `INSTANCE.ACTUATOR.motor.current` (linear) or `.motor.power` (switching), and
/// `.brake.current` where a brake has a coil. Writes `INSTANCE.supply.voltage` (V) and `INSTANCE.supply.current` (A).
pub struct PowerSupply {
    motors: Vec<ReadPort>,
    coils: Vec<ReadPort>,
    voltage_out: WritePort,
    current_out: WritePort,
    source: ParameterPort,
    resistance: ParameterPort,
    capacitance: f64,
    clamp_v: f64,
    amplifiers: AmplifierKind,
    step_s: f64,
}

impl PowerSupply {
    /// The supply of a robot with these actuators. Registers `INSTANCE.supply.source` (the voltage without load) and
    /// `.resistance` as tunable parameters.
    ///
    /// # Errors
    /// What is wrong with the configuration.
    pub fn new(
        instance: &str,
        config: &PowerSupplyConfig,
        actuators: &[ActuatorConfig],
        step_s: f64,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<PowerSupply, Vec<Problem>> {
        let problems = config.check(actuators);
        if !problems.is_empty() {
            return Err(problems);
        }
        let path = format!("{instance}.supply");
        let mut tunable = |name: &str, value: &Sourced<AnyQuantity>| {
            let AnyQuantity { si, dimension } = value.value;
            reg.parameter(
                provenance.parameter(format!("{path}.{name}"), dimension, si, value, true).at_least(0.0),
            )
        };
        let source = tunable("source", &config.voltage);
        let resistance = tunable("resistance", &config.resistance);
        for (name, value) in std::iter::once(("capacitance", &config.capacitance))
            .chain(config.clamp.as_ref().map(|clamp| ("clamp", clamp)))
        {
            let AnyQuantity { si, dimension } = value.value;
            reg.parameter(ParameterSpec::fixed(
                format!("{path}.{name}"),
                dimension,
                si,
                provenance.of(value),
            ));
        }
        reg.state::<SupplyState>();
        let draw = match config.amplifiers {
            AmplifierKind::Linear => "current",
            AmplifierKind::Switching => "power",
        };
        let voltage = GroupSpec::scalar(format!("{path}.voltage"), Dimension::VOLTAGE)
            .meaning("Voltage at the terminals of the power supply");
        let current = GroupSpec::scalar(format!("{path}.current"), Dimension::CURRENT)
            .meaning("Current that motors and brakes drew from the supply over the last step");
        let coil = |a: &&ActuatorConfig| a.brake.as_ref().is_some_and(|brake| brake.coil.is_some());
        Ok(PowerSupply {
            motors: actuators
                .iter()
                .map(|a| reg.read_previous(format!("{instance}.{}.motor.{draw}", a.name)))
                .collect(),
            coils: actuators
                .iter()
                .filter(coil)
                .map(|a| reg.read_previous(format!("{instance}.{}.brake.current", a.name)))
                .collect(),
            voltage_out: reg.write(voltage),
            current_out: reg.write(current),
            source,
            resistance,
            capacitance: config.capacitance.value.si,
            clamp_v: config.clamp.as_ref().map_or(f64::INFINITY, |clamp| clamp.value.si),
            amplifiers: config.amplifiers,
            step_s,
        })
    }

    /// The voltage a step later at a constant draw.
    fn after(&self, voltage: f64, draw_a: f64, source_v: f64, resistance: f64) -> f64 {
        let next = if voltage > source_v || resistance == 0.0 && draw_a < 0.0 {
            voltage - draw_a * self.step_s / self.capacitance
        } else {
            let end = source_v - resistance * draw_a;
            let ratio = self.step_s / (resistance * self.capacitance);
            let left = if resistance == 0.0 { 0.0 } else { trocar_math::exp(-ratio) };
            end + (voltage - end) * left
        };
        trocar_math::clamp(next, 0.0, self.clamp_v)
    }
}

impl Component for PowerSupply {
    fn initialise(&self, state: &mut [u64], parameters: &[f64]) {
        state[0] = parameters[self.source.0].to_bits();
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let (source, resistance) = (io.parameter(self.source), io.parameter(self.resistance));
        let before = io.state::<SupplyState>().voltage;
        let sum = |ports: &[ReadPort], part: fn(f64) -> f64| {
            ports.iter().map(|port| part(io.read(*port)[0])).sum::<f64>()
        };
        let coils = sum(&self.coils, f64::abs);
        let draw = coils
            + match self.amplifiers {
                AmplifierKind::Linear => sum(&self.motors, f64::abs),
                // An empty capacitor has nothing to convert.
                AmplifierKind::Switching if before > 0.0 => sum(&self.motors, |p| p) / before,
                AmplifierKind::Switching => 0.0,
            };
        let voltage = self.after(before, draw, source, resistance);
        io.state::<SupplyState>().voltage = voltage;
        io.write(self.voltage_out, &[voltage]);
        io.write(self.current_out, &[draw]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actuator::tests::insertion;
    use crate::winding::WindingConfig;
    use std::collections::BTreeMap;
    use trocar_signal::bench::Bench;
    use trocar_signal::{Standing, Time};

    fn quantity(text: &str) -> Sourced<AnyQuantity> {
        Sourced::bare(AnyQuantity::parse(text).unwrap())
    }

    fn config(amplifiers: AmplifierKind) -> PowerSupplyConfig {
        PowerSupplyConfig {
            voltage: quantity("24 V"),
            resistance: quantity("0.5 V/A"),
            capacitance: quantity("1e-3 A s/V"),
            amplifiers,
            clamp: Some(quantity("30 V")),
        }
    }

    fn actuators() -> Vec<ActuatorConfig> {
        let mut one = insertion();
        let winding = WindingConfig { resistance: quantity("2 V/A"), inductance: quantity("1e-3 V s/A") };
        one.motor.winding = Some(winding);
        vec![ActuatorConfig { name: "yaw".to_owned(), ..one.clone() }, one]
    }

    fn bench(amplifiers: AmplifierKind) -> Bench {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let mut reg = Registration::new("x.supply");
        let supply =
            PowerSupply::new("x", &config(amplifiers), &actuators(), 1e-4, &provenance, &mut reg).unwrap();
        let inputs = ["yaw", "insertion"]
            .into_iter()
            .flat_map(|name| {
                [("current", Dimension::CURRENT), ("power", Dimension::POWER)]
                    .map(|(what, d)| GroupSpec::scalar(format!("x.{name}.motor.{what}"), d))
            })
            .collect();
        Bench::new(inputs, vec![(reg, Box::new(supply))]).unwrap()
    }

    fn voltage_after(bench: &mut Bench, steps: u64) -> f64 {
        for k in 0..steps {
            bench.activate(0, Time(k * 100_000)).unwrap();
        }
        bench.get("x.supply.voltage")[0]
    }

    /// 3 A and −1 A through linear amplifiers draw 4 A: 24 V sag to 22 V, with R_i C = 0.5 ms.
    #[test]
    fn the_voltage_sags_by_resistance_times_current() {
        let mut bench = bench(AmplifierKind::Linear);
        assert_eq!(voltage_after(&mut bench, 1), 24.0);
        bench.set("x.yaw.motor.current", Time::ZERO, &[3.0]).unwrap();
        bench.set("x.insertion.motor.current", Time::ZERO, &[-1.0]).unwrap();
        let expected = 22.0 + 2.0 * trocar_math::exp(-1.0);
        assert!((voltage_after(&mut bench, 5) - expected).abs() < 1e-12);
        assert!((voltage_after(&mut bench, 200) - 22.0).abs() < 1e-12);
        assert_eq!(bench.get("x.supply.current"), [4.0]);
    }

    /// 5 W that come back charge the capacitor: ½ C V² grows by P t, until the clamp.
    #[test]
    fn a_braking_motor_charges_the_capacitor_up_to_the_clamp() {
        let mut bench = bench(AmplifierKind::Switching);
        bench.set("x.yaw.motor.power", Time::ZERO, &[-5.0]).unwrap();
        let found = voltage_after(&mut bench, 100);
        let expected = f64::sqrt(24.0 * 24.0 + 2.0 * 5.0 * 0.01 / 1e-3);
        // A step's draw is that at the voltage of its start, and the first still touches the source.
        assert!((found - expected).abs() < 0.02, "{found} {expected}");
        assert_eq!(voltage_after(&mut bench, 1000), 30.0);
        // A load that takes power pulls it down again, and below the source's voltage the source helps.
        bench.set("x.yaw.motor.power", Time::ZERO, &[100.0]).unwrap();
        let found = voltage_after(&mut bench, 2000);
        // V (24 − V)/0.5 = 100 W
        let expected = 12.0 + f64::sqrt(144.0 - 50.0);
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
    }

    #[test]
    fn each_mistake_is_named() {
        let mut wrong = config(AmplifierKind::Switching);
        wrong.clamp = Some(quantity("20 V"));
        wrong.resistance = quantity("1 V");
        let mut actuators = actuators();
        actuators[1].motor.winding = None;
        let keys: Vec<String> = wrong.check(&actuators).into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["resistance", "clamp", "amplifiers"]);
    }
}
