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
use trocar_signal::quantity::Ratio;
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, ParameterPort, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Sourced, Standing, WritePort, state_words,
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
    /// Of a battery, what it holds. Without it the voltage without load stays what it is.
    #[serde(default)]
    pub battery: Option<BatteryConfig>,
}

/// What a battery holds, and how its voltage falls as it is emptied. It is not charged by braking motors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a battery"))]
pub struct BatteryConfig {
    /// Charge that it gives from full to empty, e.g. `"10.8 A h"`.
    pub capacity: Sourced<AnyQuantity>,
    /// State of charge at the start. Absent: full.
    #[serde(default)]
    pub charge: Option<Sourced<Ratio>>,
    /// Voltage without load at states of charge that rise to 100 %, where it is the supply's `voltage`; straight between
    /// them. Absent: that voltage until it is empty. An empty battery gives nothing.
    #[serde(default)]
    pub open_circuit: Vec<OpenCircuitConfig>,
}

/// A point of a battery's voltage without load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a point of a battery's voltage"))]
pub struct OpenCircuitConfig {
    /// State of charge.
    pub charge: Sourced<Ratio>,
    /// Voltage without load there, e.g. `"18 V"`.
    pub voltage: Sourced<AnyQuantity>,
}

const CHARGE: Dimension = Dimension { exponents: [0, 0, 1, 1, 0, 0] };

impl BatteryConfig {
    /// Keys from the supply's table.
    fn check(&self, full_v: f64) -> Vec<Problem> {
        let mut problems = Vec::new();
        if dimension(&mut problems, "battery.capacity", self.capacity.value, CHARGE, "A h") {
            check::positive(&mut problems, "battery.capacity", self.capacity.value.si);
        }
        let share = |problems: &mut Vec<Problem>, key: &str, value: &Sourced<Ratio>| {
            check::within(problems, key, value.value.si(), 0.0, 1.0);
        };
        if let Some(charge) = &self.charge {
            share(&mut problems, "battery.charge", charge);
        }
        for (place, point) in self.open_circuit.iter().enumerate() {
            let key = |field: &str| format!("battery.open_circuit[{place}].{field}");
            share(&mut problems, &key("charge"), &point.charge);
            dimension(&mut problems, &key("voltage"), point.voltage.value, Dimension::VOLTAGE, "V");
            let Some(before) = place.checked_sub(1).and_then(|before| self.open_circuit.get(before)) else {
                continue;
            };
            if point.charge.value.si() <= before.charge.value.si() {
                problems.push(Problem::new(key("charge"), "states of charge rise from point to point"));
            }
            if point.voltage.value.si < before.voltage.value.si {
                problems.push(Problem::new(key("voltage"), "a fuller battery has no lower voltage"));
            }
        }
        if let Some(last) = self.open_circuit.last()
            && (last.charge.value.si() != 1.0 || last.voltage.value.si != full_v)
        {
            let what =
                "the last point is the full battery's: `charge = \"100 %\"` and the supply's `voltage`";
            problems.push(Problem::new("battery.open_circuit", what));
        }
        problems
    }
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
        if let Some(battery) = &self.battery {
            problems.extend(battery.check(self.voltage.value.si));
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

/// A battery, beside the state of its supply: one word behind it, the state of charge.
struct Battery {
    capacity_as: f64,
    /// State of charge at the start.
    charge: ParameterPort,
    /// State of charge and by how much the voltage without load is then below that of a full battery, V.
    below_full: Vec<(f64, f64)>,
    charge_out: WritePort,
}

/// The place of the state of charge among the words of state.
const CHARGE_WORD: usize = size_of::<SupplyState>() / 8;

impl Battery {
    fn declare(
        path: &str,
        config: &BatteryConfig,
        full_v: f64,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Battery {
        reg.state_words(["charge".to_owned()]);
        let capacity = &config.capacity;
        reg.parameter(ParameterSpec::fixed(
            format!("{path}.capacity"),
            CHARGE,
            capacity.value.si,
            provenance.of(capacity),
        ));
        let full = Sourced { value: Ratio::from_si(1.0), source: None, standing: Some(Standing::Declared) };
        let charge = config.charge.as_ref().unwrap_or(&full);
        let path_of_charge = format!("{path}.charge_at_start");
        let spec = provenance.parameter(path_of_charge, Dimension::NUMBER, charge.value.si(), charge, true);
        for (place, point) in config.open_circuit.iter().enumerate() {
            let key = |field: &str| format!("{path}.open_circuit_{place}.{field}");
            let behind = provenance.of(&point.charge);
            reg.parameter(ParameterSpec::fixed(
                key("charge"),
                Dimension::NUMBER,
                point.charge.value.si(),
                behind,
            ));
            let behind = provenance.of(&point.voltage);
            reg.parameter(ParameterSpec::fixed(
                key("voltage"),
                Dimension::VOLTAGE,
                point.voltage.value.si,
                behind,
            ));
        }
        let points = config.open_circuit.iter();
        Battery {
            capacity_as: capacity.value.si,
            charge: reg.parameter(spec.at_least(0.0)),
            below_full: points.map(|p| (p.charge.value.si(), full_v - p.voltage.value.si)).collect(),
            charge_out: reg.write(
                GroupSpec::scalar(format!("{path}.charge"), Dimension::NUMBER)
                    .meaning("The battery's state of charge: 1 is full"),
            ),
        }
    }

    /// The voltage without load at a state of charge, given that of a full battery.
    fn open_circuit(&self, full_v: f64, charge: f64) -> f64 {
        if charge <= 0.0 {
            return 0.0;
        }
        let above = self.below_full.iter().position(|(at, _)| *at >= charge);
        let below_full = match above.map(|place| (place.checked_sub(1), self.below_full[place])) {
            None => self.below_full.last().map_or(0.0, |(_, v)| *v),
            Some((None, (_, v))) => v,
            Some((Some(before), (high, v_high))) => {
                let (low, v_low) = self.below_full[before];
                v_low + (v_high - v_low) * (charge - low) / (high - low)
            }
        };
        full_v - below_full
    }
}

/// The component `INSTANCE.supply`, activated at each step of the mechanism before the motors.
///
/// Reads what flowed over the step before: `INSTANCE.ACTUATOR.motor.current` (linear) or `.motor.power` (switching), and
/// `.brake.current` where a brake has a coil. Writes `INSTANCE.supply.voltage` (V) and `INSTANCE.supply.current` (A), and of a
/// battery `INSTANCE.supply.charge`. What leaves the battery over a step is what was drawn and what charged the capacitor.
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
    battery: Option<Battery>,
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
            battery: config.battery.as_ref().map(|battery| {
                let full_v = config.voltage.value.si;
                Battery::declare(&path, battery, full_v, provenance, reg)
            }),
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
        let full_v = parameters[self.source.0];
        state[0] = full_v.to_bits();
        if let Some(battery) = &self.battery {
            let charge = trocar_math::min(parameters[battery.charge.0], 1.0);
            state[0] = battery.open_circuit(full_v, charge).to_bits();
            state[CHARGE_WORD] = charge.to_bits();
        }
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let (full_v, resistance) = (io.parameter(self.source), io.parameter(self.resistance));
        let charge = self.battery.as_ref().map(|battery| (battery, f64::from_bits(io.state[CHARGE_WORD])));
        let source = charge.map_or(full_v, |(battery, charge)| battery.open_circuit(full_v, charge));
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
        if let Some((battery, charge)) = charge {
            let left_as = draw * self.step_s + self.capacitance * (voltage - before);
            let charge = trocar_math::max(charge - trocar_math::max(left_as, 0.0) / battery.capacity_as, 0.0);
            io.state[CHARGE_WORD] = charge.to_bits();
            io.write(battery.charge_out, &[charge]);
        }
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
    use trocar_signal::Time;
    use trocar_signal::bench::Bench;

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
            battery: None,
        }
    }

    fn actuators() -> Vec<ActuatorConfig> {
        let mut one = insertion();
        let winding = WindingConfig { resistance: quantity("2 V/A"), inductance: quantity("1e-3 V s/A") };
        one.motor.winding = Some(winding);
        vec![ActuatorConfig { name: "yaw".to_owned(), ..one.clone() }, one]
    }

    fn bench(amplifiers: AmplifierKind) -> Bench {
        bench_of(&config(amplifiers))
    }

    fn bench_of(config: &PowerSupplyConfig) -> Bench {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let mut reg = Registration::new("x.supply");
        let supply = PowerSupply::new("x", config, &actuators(), 1e-4, &provenance, &mut reg).unwrap();
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

    /// A battery of 2 A s whose voltage falls from 24 V to 20 V: a capacitor of 0.5 A s/V behind 0.5 V/A.
    fn with_battery(amplifiers: AmplifierKind) -> PowerSupplyConfig {
        let share = |text: &str| Sourced::bare(Ratio::from_si(AnyQuantity::parse(text).unwrap().si));
        let point = |charge, voltage| OpenCircuitConfig { charge: share(charge), voltage: quantity(voltage) };
        PowerSupplyConfig {
            battery: Some(BatteryConfig {
                capacity: quantity("2 A s"),
                charge: None,
                open_circuit: vec![point("0 %", "20 V"), point("100 %", "24 V")],
            }),
            ..config(amplifiers)
        }
    }

    /// 4 A for 0.1 s take 0.4 A s: 20 % of the charge, 0.8 V of the voltage without load, and 2 V fall at the resistance.
    /// Then 1.6 A s are left, 0.4 s, and an empty battery gives nothing.
    #[test]
    fn a_battery_is_a_charge_behind_a_resistance() {
        let mut bench = bench_of(&with_battery(AmplifierKind::Linear));
        bench.set("x.yaw.motor.current", Time::ZERO, &[4.0]).unwrap();
        let found = voltage_after(&mut bench, 1000);
        let charge = bench.get("x.supply.charge")[0];
        // C_b V' = −i, C v' = i − 4 A with i = (V − v)/R: what is drawn goes from both capacitors in proportion once the
        // transient of R C C_b/(C + C_b) = 0.5 ms is over. The source is that of a step's beginning: 4 A/C_b over a step of 0.1 ms.
        let (c, c_b, r, i) = (1e-3, 0.5, 0.5, 4.0);
        let share = c_b / (c + c_b);
        let lag_v = r * i * share * share;
        let expected = 24.0 - i * 0.1 / (c + c_b) - lag_v;
        assert!((found - expected).abs() < i / c_b * 1e-4, "{found} {expected}");
        // What left the battery is what was drawn less what the capacitor gave, exactly.
        let left = (i * 0.1 - c * (24.0 - found)) / 2.0;
        assert!((1.0 - charge - left).abs() < 1e-12, "{charge} {left}");
        assert_eq!(voltage_after(&mut bench, 5000), 0.0);
        assert_eq!(bench.get("x.supply.charge"), [0.0]);
    }

    /// Power from a battery: what its charge lost, ½ C_b (V₀² − V²), is what the load and the resistance took.
    #[test]
    fn a_battery_loses_the_energy_that_is_taken() {
        let mut bench = bench_of(&with_battery(AmplifierKind::Switching));
        bench.set("x.yaw.motor.power", Time::ZERO, &[60.0]).unwrap();
        let (mut taken_j, mut current_a) = (0.0, 0.0);
        for k in 0..1000 {
            bench.activate(0, Time(k * 100_000)).unwrap();
            current_a = bench.get("x.supply.current")[0];
            taken_j += (bench.get("x.supply.voltage")[0] * current_a + 0.5 * current_a * current_a) * 1e-4;
        }
        let open_v = 20.0 + 4.0 * bench.get("x.supply.charge")[0];
        let lost_j = 0.5 * 0.5 * (24.0 * 24.0 - open_v * open_v);
        // The capacitor of 1 mA s/V gave what 2 V mean at 23 V; steps of 0.1 ms add a ten-thousandth of the power.
        let of_capacitor_j =
            0.5 * 1e-3 * (24.0 * 24.0 - trocar_math::powi(bench.get("x.supply.voltage")[0], 2));
        assert!(
            current_a > 2.5 && (lost_j + of_capacitor_j - taken_j).abs() < 2e-3 * taken_j,
            "{lost_j} {taken_j}"
        );
        // Braking gives nothing back to it.
        let charge = bench.get("x.supply.charge")[0];
        bench.set("x.yaw.motor.power", Time::ZERO, &[-60.0]).unwrap();
        voltage_after(&mut bench, 100);
        let at_rest = bench.get("x.supply.charge")[0];
        voltage_after(&mut bench, 100);
        assert!(at_rest <= charge);
        assert_eq!(bench.get("x.supply.charge")[0], at_rest);
    }

    #[test]
    fn mistakes_in_a_battery_are_named() {
        let mut wrong = with_battery(AmplifierKind::Linear);
        let battery = wrong.battery.as_mut().unwrap();
        battery.capacity = quantity("10.8 A");
        battery.charge = Some(Sourced::bare(Ratio::from_si(1.2)));
        battery.open_circuit.swap(0, 1);
        let keys: Vec<String> = wrong.check(&actuators()).into_iter().map(|p| p.key).collect();
        let expected = [
            "battery.capacity",
            "battery.charge",
            "battery.open_circuit[1].charge",
            "battery.open_circuit[1].voltage",
            "battery.open_circuit",
        ];
        assert_eq!(keys, expected);
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
