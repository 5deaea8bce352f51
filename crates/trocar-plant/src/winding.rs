//! A motor's winding behind a current loop whose amplifier has so much voltage and no more.
//!
//! L di/dt = u − R i − E, with E = k_e ω the back-EMF (k_e equals the torque constant in SI units). The loop asks for the
//! voltage that makes the current follow its command c as the lag di/dt = (c − i)/T; where that is more than the supply has, the
//! amplifier gives all it has, and the current goes towards (±V − E)/R with L/R. Both laws are solved exactly over a
//! step, at the back-EMF and voltage of its start, with the instant at which the one gives way to the other; so the
//! impulse and the heat are exact for those. Blocked, a motor carries at most V/R; free, it turns at most at V/k_e.
//!
//! The back-EMF is that of the end of the step before: an explicit damping k_t²/R on the rotor's inertia J. It is stable
//! while the step is shorter than twice the motor's mechanical time constant R J/k_t² (milliseconds).

use crate::check;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::{AnyQuantity, Dimension, Problem, Sourced};

/// A motor's winding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a winding"))]
pub struct WindingConfig {
    /// Resistance between the terminals, e.g. `"2.1 V/A"`.
    pub resistance: Sourced<AnyQuantity>,
    /// Inductance between the terminals, e.g. `"0.3e-3 V s/A"`. Zero: the current follows the voltage at once.
    pub inductance: Sourced<AnyQuantity>,
}

/// What a resistance measures, V/A.
pub const RESISTANCE: Dimension = Dimension { exponents: [2, 1, -3, -2, 0, 0] };
/// What an inductance measures, V s/A.
pub const INDUCTANCE: Dimension = Dimension { exponents: [2, 1, -2, -2, 0, 0] };

impl WindingConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let (resistance, inductance) = (self.resistance.value, self.inductance.value);
        if dimension(&mut problems, "resistance", resistance, RESISTANCE, "V/A") {
            check::positive(&mut problems, "resistance", resistance.si);
        }
        if dimension(&mut problems, "inductance", inductance, INDUCTANCE, "V s/A") {
            check::not_negative(&mut problems, "inductance", inductance.si);
        }
        problems
    }
}

/// As [`check::dimension`], where the unit has no name of its own.
pub(crate) fn dimension(
    problems: &mut Vec<Problem>,
    key: &str,
    is: AnyQuantity,
    meant: Dimension,
    unit: &str,
) -> bool {
    if is.dimension != meant {
        problems.push(Problem::new(key, format!("{} where {unit} is meant", is.dimension)));
    }
    is.dimension == meant
}

/// A winding and its current loop over one step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurrentLoop {
    /// T, s; zero: as fast as the voltage allows.
    pub time_constant_s: f64,
    /// R, V/A, above zero.
    pub resistance: f64,
    /// L, V s/A.
    pub inductance: f64,
}

/// What the current did over a step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Course {
    /// The current at the end, A.
    pub end_a: f64,
    /// Its mean, A.
    pub mean_a: f64,
    /// The mean of its square, A².
    pub mean_square_a2: f64,
}

/// A course under way: time left and integrals so far.
struct Way {
    current: f64,
    left_s: f64,
    integral: f64,
    square: f64,
}

impl Way {
    /// Goes towards `limit` with this time constant for `time_s`; a time constant of zero jumps.
    fn towards(&mut self, limit: f64, time_constant_s: f64, time_s: f64) {
        let distance = self.current - limit;
        // ∫ e^(−t/T) and ∫ e^(−2t/T)
        let (once, twice, kept) = if time_constant_s > 0.0 {
            let ratio = time_s / time_constant_s;
            let gone = -trocar_math::exp_m1(-ratio);
            let gone_twice = -trocar_math::exp_m1(-2.0 * ratio);
            (time_constant_s * gone, 0.5 * time_constant_s * gone_twice, 1.0 - gone)
        } else {
            (0.0, 0.0, 0.0)
        };
        self.integral += limit * time_s + distance * once;
        self.square += limit * limit * time_s + 2.0 * limit * distance * once + distance * distance * twice;
        self.current = limit + distance * kept;
        self.left_s -= time_s;
    }

    /// Goes towards `limit` until it passes `corner`, or to the end. Whether it passed.
    fn until(&mut self, limit: f64, time_constant_s: f64, corner: f64) -> bool {
        let (start, end) = (self.current - limit, corner - limit);
        let on_the_way = if start > 0.0 { end > 0.0 && end <= start } else { end < 0.0 && end >= start };
        let time_s = if on_the_way { time_constant_s * trocar_math::ln(start / end) } else { f64::INFINITY };
        if time_s < self.left_s {
            self.towards(limit, time_constant_s, time_s);
            self.current = corner;
            return true;
        }
        self.towards(limit, time_constant_s, self.left_s);
        false
    }
}

impl CurrentLoop {
    /// The current over a step that begins with `start_a`, under a command (A), a back-EMF (V) and a voltage of either
    /// sense that the amplifier has (V, at least zero), all constant over the step.
    #[must_use]
    pub fn over_step(
        &self,
        start_a: f64,
        command_a: f64,
        back_emf_v: f64,
        supply_v: f64,
        step_s: f64,
    ) -> Course {
        let (lag, r, l) = (self.time_constant_s, self.resistance, self.inductance);
        let highest = (supply_v - back_emf_v) / r;
        let lowest = (-supply_v - back_emf_v) / r;
        // Where the command is out of reach, the voltage decides in the end.
        let reachable = trocar_math::clamp(command_a, lowest, highest);
        let mut way = Way { current: start_a, left_s: step_s, integral: 0.0, square: 0.0 };
        if l == 0.0 {
            way.current = trocar_math::clamp(start_a, lowest, highest);
            way.towards(reachable, lag, step_s);
        } else if lag == 0.0 {
            let limit = if command_a > start_a { highest } else { lowest };
            let moves = command_a != start_a || reachable != command_a;
            if !moves || way.until(limit, l / r, command_a) {
                let left_s = way.left_s;
                way.towards(reachable, if reachable == command_a { 0.0 } else { l / r }, left_s);
            }
        } else {
            // The voltage that the loop asks for, E + R i + L (c − i)/T, is a straight line in i.
            let asked = back_emf_v + r * start_a + l * (command_a - start_a) / lag;
            let spends = trocar_math::clamp(asked, -supply_v, supply_v) - back_emf_v;
            let is_saturated = asked.abs() > supply_v;
            if !is_saturated || way.until(spends / r, l / r, self.corner(spends, command_a)) {
                self.follow(&mut way, command_a, reachable);
            }
        }
        Course { end_a: way.current, mean_a: way.integral / step_s, mean_square_a2: way.square / step_s }
    }

    /// The current at which the loop asks for R i + L di/dt = `drop_v`.
    fn corner(&self, drop_v: f64, command_a: f64) -> f64 {
        let gain = self.inductance / self.time_constant_s;
        (drop_v - gain * command_a) / (self.resistance - gain)
    }

    /// The lag, until the voltage is spent where the command is out of reach.
    fn follow(&self, way: &mut Way, command_a: f64, reachable: f64) {
        let left_s = way.left_s;
        if reachable == command_a {
            way.towards(command_a, self.time_constant_s, left_s);
        } else if way.until(
            command_a,
            self.time_constant_s,
            self.corner(reachable * self.resistance, command_a),
        ) {
            let left_s = way.left_s;
            way.towards(reachable, self.inductance / self.resistance, left_s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MAXON_LIKE: CurrentLoop = CurrentLoop { time_constant_s: 1e-4, resistance: 2.0, inductance: 1e-3 };

    /// The same law in a million small steps.
    fn small_steps(
        loop_: &CurrentLoop,
        start: f64,
        command: f64,
        emf: f64,
        supply: f64,
        step_s: f64,
    ) -> Course {
        let (n, mut i) = (200_000, start);
        let h = step_s / f64::from(n);
        let (mut sum, mut square) = (0.0, 0.0);
        for _ in 0..n {
            let rate = |i: f64| {
                let asked =
                    emf + loop_.resistance * i + loop_.inductance * (command - i) / loop_.time_constant_s;
                let u = trocar_math::clamp(asked, -supply, supply);
                (u - loop_.resistance * i - emf) / loop_.inductance
            };
            let mid = i + 0.5 * h * rate(i);
            let next = i + h * rate(mid);
            sum += mid;
            square += mid * mid;
            i = next;
        }
        Course { end_a: i, mean_a: sum / f64::from(n), mean_square_a2: square / f64::from(n) }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

        /// Whatever is spent when, the solution is that of the law in small steps.
        #[test]
        fn the_course_is_that_of_the_law(
            start in -3.0..3.0_f64, command in -6.0..6.0_f64, emf in -14.0..14.0_f64, supply in 0.0..12.0_f64,
            inductance in 1e-5..3e-3_f64, lag in 3e-5..2e-3_f64,
        ) {
            let loop_ = CurrentLoop { time_constant_s: lag, resistance: 2.0, inductance };
            let exact = loop_.over_step(start, command, emf, supply, 1e-3);
            let fine = small_steps(&loop_, start, command, emf, supply, 1e-3);
            // A step of 5 ns across a corner, of up to 20 V over 10 uH.
            prop_assert!((exact.end_a - fine.end_a).abs() < 2e-4, "{exact:?} {fine:?}");
            prop_assert!((exact.mean_a - fine.mean_a).abs() < 2e-4, "{exact:?} {fine:?}");
            prop_assert!((exact.mean_square_a2 - fine.mean_square_a2).abs() < 4e-3, "{exact:?} {fine:?}");
        }
    }

    /// Blocked on 12 V with 2 V/A and 1 mH: 6 A in the end, 63 % of it after L/R = 0.5 ms.
    #[test]
    fn a_blocked_motor_takes_its_stall_current_after_its_time_constant() {
        let course = MAXON_LIKE.over_step(0.0, 100.0, 0.0, 12.0, 0.5e-3);
        assert!((course.end_a - 6.0 * (1.0 - trocar_math::exp(-1.0))).abs() < 1e-12);
        let course = MAXON_LIKE.over_step(0.0, 100.0, 0.0, 12.0, 1.0);
        assert!((course.end_a - 6.0).abs() < 1e-12);
        // At the no-load speed nothing is left for a current.
        assert_eq!(MAXON_LIKE.over_step(0.0, 100.0, 12.0, 12.0, 1.0).end_a, 0.0);
    }

    /// A free rotor runs up to V/k_e with the mechanical time constant R J/k².
    #[test]
    fn a_free_motor_runs_up_to_its_no_load_speed() {
        let (constant, inertia, h) = (0.05, 1e-5, 1e-4);
        let loop_ = CurrentLoop { time_constant_s: 1e-4, resistance: 2.0, inductance: 1e-6 };
        let time_constant_s = 2.0 * inertia / (constant * constant);
        let (mut speed, mut current) = (0.0, 0.0);
        let mut at_time_constant = 0.0;
        for i in 0..2000 {
            let course = loop_.over_step(current, 100.0, constant * speed, 12.0, h);
            (current, speed) = (course.end_a, speed + h * constant * course.mean_a / inertia);
            if (f64::from(i + 1) * h - time_constant_s).abs() < 0.5 * h {
                at_time_constant = speed;
            }
        }
        let no_load = 12.0 / constant;
        assert!((speed / no_load - 1.0).abs() < 1e-9, "{speed} {no_load}");
        // The back-EMF is a step late: half of h/τ = 1/80 at this point.
        let expected = no_load * (1.0 - trocar_math::exp(-1.0));
        assert!((at_time_constant / expected - 1.0).abs() < 0.01, "{at_time_constant} {expected}");
    }

    /// With voltage to spare it is the lag of an amplifier without limits.
    #[test]
    fn with_voltage_to_spare_the_current_is_the_loops_lag() {
        let h = 1.0 / 3000.0;
        for loop_ in [MAXON_LIKE, CurrentLoop { inductance: 0.0, ..MAXON_LIKE }] {
            let course = loop_.over_step(0.1, 0.5, 1.0, 100.0, h);
            let left = trocar_math::exp(-h / 1e-4);
            assert!((course.end_a - (0.5 - 0.4 * left)).abs() < 1e-15);
            assert!((course.mean_a - (0.5 - 0.4 * (1.0 - left) * 1e-4 / h)).abs() < 1e-15);
        }
        let at_once = CurrentLoop { time_constant_s: 0.0, inductance: 0.0, ..MAXON_LIKE };
        assert_eq!(at_once.over_step(0.1, 0.5, 1.0, 24.0, h).mean_a, 0.5);
        // Without a lag the whole voltage acts until the current is there: 0.5 A after L ln(23/22.2)/R or so.
        let eager = CurrentLoop { time_constant_s: 0.0, ..MAXON_LIKE };
        let course = eager.over_step(0.1, 0.5, 1.0, 24.0, h);
        let there = 0.5e-3 * trocar_math::ln((11.5 - 0.1) / (11.5 - 0.5));
        assert!(course.end_a == 0.5 && course.mean_a < 0.5 && course.mean_a > 0.5 - 0.4 * there / h);
        assert!((eager.over_step(0.0, 50.0, 0.0, 12.0, 1.0).end_a - 6.0).abs() < 1e-12);
    }
}
