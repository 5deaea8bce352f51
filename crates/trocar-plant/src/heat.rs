//! A motor's heat: winding and housing as two bodies.
//!
//! C_w dT_w/dt = P − (T_w − T_h)/R_wh, C_h dT_h/dt = (T_w − T_h)/R_wh − (T_h − T_a)/R_ha, with P = R(T_w) i² the heat of the
//! winding; the model and its four numbers are those of motor makers' catalogues (maxon, *Formulae Handbook*, "Thermal
//! behaviour": thermal resistances winding–housing and housing–ambient, time constants of winding and motor).
//! R(T_w) = R (1 + α (T_w − T_ref)), with α = 0.00393 1/K for copper; the torque constant changes with the housing, where the
//! magnets are. Solved exactly over a step at the step's P.

use crate::check;
use crate::winding::dimension;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{AnyQuantity, Dimension, Problem, Sourced};

/// What heats up in a motor, and how it cools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a motor's heat"))]
pub struct ThermalConfig {
    /// Heat that warms the winding by a kelvin, e.g. `"5 W s/K"`: its time constant over `winding_to_housing`.
    pub winding_capacity: Sourced<AnyQuantity>,
    /// Heat that warms the housing by a kelvin.
    pub housing_capacity: Sourced<AnyQuantity>,
    /// Thermal resistance from winding to housing, e.g. `"4.2 K/W"`.
    pub winding_to_housing: Sourced<AnyQuantity>,
    /// Thermal resistance from housing to ambient.
    pub housing_to_ambient: Sourced<AnyQuantity>,
    /// Temperature around the motor, e.g. `"296 K"`; the motor starts at it.
    pub ambient: Sourced<AnyQuantity>,
    /// Temperature at which resistance and torque constant have their values.
    pub reference: Sourced<AnyQuantity>,
    /// Share by which the resistance rises for each kelvin of the winding, e.g. `"0.00393 1/K"` for copper.
    pub resistance_coefficient: Sourced<AnyQuantity>,
    /// Share by which the torque constant changes for each kelvin of the housing; negative, as magnets get weaker.
    pub torque_coefficient: Sourced<AnyQuantity>,
    /// Temperature of the winding from which on the amplifier gives no current for the rest of the run.
    #[serde(default)]
    pub trip: Option<Sourced<AnyQuantity>>,
}

const CAPACITY: Dimension = Dimension { exponents: [2, 1, -2, 0, -1, 0] };
const THERMAL_RESISTANCE: Dimension = Dimension { exponents: [-2, -1, 3, 0, 1, 0] };
const PER_KELVIN: Dimension = Dimension { exponents: [0, 0, 0, 0, -1, 0] };

impl ThermalConfig {
    /// Each number with its key, dimension, unit and whether it must be above zero.
    pub(crate) fn numbers(
        &self,
    ) -> Vec<(&'static str, &Sourced<AnyQuantity>, Dimension, &'static str, bool)> {
        let kelvin = Dimension::TEMPERATURE;
        let mut found = vec![
            ("winding_capacity", &self.winding_capacity, CAPACITY, "W s/K", true),
            ("housing_capacity", &self.housing_capacity, CAPACITY, "W s/K", true),
            ("winding_to_housing", &self.winding_to_housing, THERMAL_RESISTANCE, "K/W", true),
            ("housing_to_ambient", &self.housing_to_ambient, THERMAL_RESISTANCE, "K/W", true),
            ("ambient", &self.ambient, kelvin, "K", true),
            ("reference", &self.reference, kelvin, "K", true),
            ("resistance_coefficient", &self.resistance_coefficient, PER_KELVIN, "1/K", false),
            ("torque_coefficient", &self.torque_coefficient, PER_KELVIN, "1/K", false),
        ];
        found.extend(self.trip.as_ref().map(|trip| ("trip", trip, kelvin, "K", true)));
        found
    }

    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (key, value, meant, unit, positive) in self.numbers() {
            if dimension(&mut problems, key, value.value, meant, unit) && positive {
                check::positive(&mut problems, key, value.value.si);
            }
        }
        check::not_negative(&mut problems, "resistance_coefficient", self.resistance_coefficient.value.si);
        if self.torque_coefficient.value.si > 0.0 {
            let what = "magnets get weaker as they warm: this must be zero or negative";
            problems.push(Problem::new("torque_coefficient", what));
        }
        problems
    }
}

/// Two bodies over steps of one length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heat {
    /// Excess temperatures after a step, from those before: e^(A h).
    kept: [[f64; 2]; 2],
    /// Excess temperatures in the end for each watt: K/W.
    in_the_end: [f64; 2],
}

impl Heat {
    /// Capacities (J/K) and thermal resistances (K/W) as in the module's law; the step in s.
    #[must_use]
    pub fn new(capacities: [f64; 2], winding_to_housing: f64, housing_to_ambient: f64, step_s: f64) -> Heat {
        let (inner, outer) = (1.0 / winding_to_housing, 1.0 / housing_to_ambient);
        let [winding, housing] = capacities;
        let a = [[-inner / winding, inner / winding], [inner / housing, -(inner + outer) / housing]];
        // Both eigenvalues m ± d are real: the two rates of an RC ladder.
        let m = 0.5 * (a[0][0] + a[1][1]);
        let half = 0.5 * (a[0][0] - a[1][1]);
        let d = (half * half + a[0][1] * a[1][0]).sqrt();
        let (slow, fast) = (trocar_math::exp((m + d) * step_s), trocar_math::exp((m - d) * step_s));
        let (even, odd) = (0.5 * (slow + fast), 0.5 * (slow - fast) / d);
        let kept = [[even + odd * half, odd * a[0][1]], [odd * a[1][0], even - odd * half]];
        Heat { kept, in_the_end: [winding_to_housing + housing_to_ambient, housing_to_ambient] }
    }

    /// Winding and housing a step later, K above ambient, with this heat in the winding, W.
    #[must_use]
    pub fn after(&self, above_ambient: [f64; 2], heat_w: f64) -> [f64; 2] {
        let end = self.in_the_end.map(|k| k * heat_w);
        let off = [above_ambient[0] - end[0], above_ambient[1] - end[1]];
        let row = |r: [f64; 2], end: f64| end + r[0] * off[0] + r[1] * off[1];
        [row(self.kept[0], end[0]), row(self.kept[1], end[1])]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_are_those_of_the_resistances_and_the_way_that_of_the_law() {
        let (capacities, inner, outer) = ([4.0, 80.0], 3.0, 9.0);
        let heat = Heat::new(capacities, inner, outer, 0.5);
        let mut at = [0.0; 2];
        let mut fine = [0.0; 2];
        for i in 1..=40_000 {
            at = heat.after(at, 6.0);
            if i <= 400 {
                for _ in 0..500 {
                    let flow = (fine[0] - fine[1]) / inner;
                    fine[0] += 1e-3 * (6.0 - flow) / capacities[0];
                    fine[1] += 1e-3 * (flow - fine[1] / outer) / capacities[1];
                }
                // Euler's error: half a step of 1 ms times the fastest rate, 6 W over 4 J/K.
                assert!(
                    (at[0] - fine[0]).abs() < 2e-3 && (at[1] - fine[1]).abs() < 2e-3,
                    "{i} {at:?} {fine:?}"
                );
            }
        }
        assert!((at[0] - 6.0 * 12.0).abs() < 1e-9 && (at[1] - 6.0 * 9.0).abs() < 1e-9, "{at:?}");
    }

    /// A housing held at ambient leaves the winding's own time constant C R.
    #[test]
    fn the_winding_has_its_time_constant() {
        let (capacity, inner) = (4.0, 3.0);
        let heat = Heat::new([capacity, 1e9], inner, 1e-9, 0.1);
        let mut at = [0.0; 2];
        for _ in 0..120 {
            at = heat.after(at, 5.0);
        }
        let expected = 15.0 * (1.0 - trocar_math::exp(-12.0 / (capacity * inner)));
        assert!((at[0] - expected).abs() < 1e-6, "{at:?} {expected}");
    }
}
