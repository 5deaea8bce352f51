//! Weight support: a cable that carries a part of a wearer's weight.
//!
//! The cable runs from a pulley that stands still in the world to the wearer's harness. It pulls with a set force, which a dynamic system
//! holds wherever the person is; a static one is a spring beside it. It can only pull. Nobody has published stiffness, damping or travel of a
//! system in a form that could be cited, so what the file gives is all there is.

use crate::check;
use nalgebra::{Isometry3, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_dynamics::{Coming, Connection, ConnectionLaw, RelativeMotion, Wrench};
use trocar_math::{clamp, max};
use trocar_signal::quantity::{Damping, Force, Length, Ratio, Stiffness};
use trocar_signal::{Problem, Sourced};

/// A cable that carries a part of the wearer's weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a weight support"))]
pub struct WeightSupportConfig {
    /// The force with which it pulls as the robot is put on. Give this or `share`; `exo.wearer.weight_support.force` varies it.
    #[serde(default)]
    pub force: Option<Sourced<Force>>,
    /// The same as a share of the body's weight: `30 %`.
    #[serde(default)]
    pub share: Option<Sourced<Ratio>>,
    /// How far above the harness the pulley stands: the lower, the more it pulls back who walks away from under it.
    pub pulley_above: Sourced<Length>,
    /// Where the harness is pulled, from midway between the hips along the pelvis' axes. Absent: there.
    #[serde(default)]
    pub at: Option<Sourced<[Length; 3]>>,
    /// What is added to the force for each metre that the cable is drawn out. Absent: nothing, as in a dynamic system.
    #[serde(default)]
    pub stiffness: Option<Sourced<Stiffness>>,
    /// What the cable damps while it is taut, by at most the force itself. Absent: nothing.
    #[serde(default)]
    pub damping: Option<Sourced<Damping>>,
    /// A stop that catches who falls. Absent: the cable runs out for ever.
    #[serde(default)]
    pub catches: Option<CatchConfig>,
}

/// What stops the cable from running out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a catch"))]
pub struct CatchConfig {
    /// How far the cable may be drawn out before.
    pub after: Sourced<Length>,
    /// Stiffness of cable and harness from there on.
    pub stiffness: Sourced<Stiffness>,
}

impl WeightSupportConfig {
    /// What is wrong with its numbers; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        match (&self.force, &self.share) {
            (Some(force), None) => check::not_negative(&mut problems, "force", force.value.si()),
            (None, Some(share)) => {
                let value = share.value.si();
                if !(0.0..=1.0).contains(&value) {
                    let percent = 100.0 * value;
                    let what = format!(
                        "{percent} % is not between 0 % and 100 %: more than all of the weight lifts the person off"
                    );
                    problems.push(Problem::new("share", what));
                }
            }
            (None, None) => {
                problems
                    .push(Problem::new("force", "nothing says how much it carries: give `force` or `share`"));
            }
            (Some(_), Some(_)) => {
                problems.push(Problem::new(
                    "force",
                    "`force` and `share` both say how much it carries: give one of them",
                ));
            }
        }
        check::positive(&mut problems, "pulley_above", self.pulley_above.value.si());
        if let Some(stiffness) = &self.stiffness {
            check::not_negative(&mut problems, "stiffness", stiffness.value.si());
        }
        if let Some(damping) = &self.damping {
            check::not_negative(&mut problems, "damping", damping.value.si());
        }
        if let Some(stop) = &self.catches {
            check::not_negative(&mut problems, "catches.after", stop.after.value.si());
            check::positive(&mut problems, "catches.stiffness", stop.stiffness.value.si());
        }
        problems
    }

    /// The force as the robot is put on, N, of a body of this weight, N.
    #[must_use]
    pub fn force_n(&self, weight_n: f64) -> f64 {
        match (&self.force, &self.share) {
            (Some(force), _) => force.value.si(),
            (None, share) => share.as_ref().map_or(0.0, |share| share.value.si() * weight_n),
        }
    }

    /// The cable's law; at the pulley's height above the harness it is neither drawn out nor in.
    #[must_use]
    pub fn law(&self, weight_n: f64) -> SupportCable {
        let stiffness = |value: &Sourced<Stiffness>| value.value.si();
        SupportCable {
            rest_m: self.pulley_above.value.si(),
            force_n: self.force_n(weight_n),
            stiffness: self.stiffness.as_ref().map_or(0.0, stiffness),
            damping: self.damping.as_ref().map_or(0.0, |value| value.value.si()),
            catches_after_m: self.catches.as_ref().map_or(f64::INFINITY, |stop| stop.after.value.si()),
            catches_with: self.catches.as_ref().map_or(0.0, |stop| stiffness(&stop.stiffness)),
        }
    }
}

/// The force element of the cable, on frame B (the harness) as seen from frame A (the pulley).
///
/// Drawn out by x it pulls with max(F + k x + k_c max(x − c, 0), 0), and over a step with the difference quotient of the energy of that, so
/// that its work is exact along the cable at any step. Damping adds d ẋ, and takes or gives no more than the force itself, so that a slack cable stays
/// slack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupportCable {
    rest_m: f64,
    force_n: f64,
    stiffness: f64,
    damping: f64,
    catches_after_m: f64,
    catches_with: f64,
}

/// A mean tension over a step and its slope against the mean rate at which the cable is drawn out.
#[derive(Clone, Copy)]
struct Tension {
    force_n: f64,
    slope: f64,
}

impl SupportCable {
    /// Tension and energy where it is drawn out by x.
    fn at(&self, force_n: f64, x: f64) -> (f64, f64) {
        let own = force_n + self.stiffness * x;
        let beyond = max(x - self.catches_after_m, 0.0);
        let caught = self.catches_with * beyond;
        let energy = match self.stiffness > 0.0 {
            true => 0.5 * max(own, 0.0) * max(own, 0.0) / self.stiffness,
            false => force_n * x,
        };
        (max(own, 0.0) + caught, energy + 0.5 * caught * beyond)
    }

    /// Which piece of the law x lies on, and its stiffness.
    fn piece(&self, force_n: f64, x: f64) -> (u8, f64) {
        let taut = force_n + self.stiffness * x > 0.0;
        let caught = x > self.catches_after_m;
        let stiffness =
            if taut { self.stiffness } else { 0.0 } + if caught { self.catches_with } else { 0.0 };
        (u8::from(taut) + 2 * u8::from(caught), stiffness)
    }

    fn mean(&self, force_n: f64, from_m: f64, rate: f64, step_s: f64) -> Tension {
        let to_m = from_m + rate * step_s;
        let (piece, stiffness) = self.piece(force_n, from_m);
        let change = to_m - from_m;
        let elastic = if piece == self.piece(force_n, to_m).0 || change.abs() <= 1e-12 {
            Tension { force_n: self.at(force_n, 0.5 * (from_m + to_m)).0, slope: 0.5 * stiffness * step_s }
        } else {
            let ((_, before), (after_n, after)) = (self.at(force_n, from_m), self.at(force_n, to_m));
            let mean_n = (after - before) / change;
            Tension { force_n: mean_n, slope: step_s * (after_n - mean_n) / change }
        };
        let damped = self.damping * rate;
        match damped {
            _ if damped >= elastic.force_n => {
                Tension { force_n: 2.0 * elastic.force_n, slope: 2.0 * elastic.slope }
            }
            _ if damped <= -elastic.force_n => Tension { force_n: 0.0, slope: 0.0 },
            _ => Tension { force_n: elastic.force_n + damped, slope: elastic.slope + self.damping },
        }
    }

    /// From pulley to harness: the direction, and how far it is drawn out.
    fn drawn(&self, a_from_b: &Isometry3<f64>) -> (Vector3<f64>, f64) {
        let way = a_from_b.translation.vector;
        let length_m = way.norm();
        // A harness in the pulley hangs from it.
        let along = if length_m > 1e-6 { way / length_m } else { -Vector3::z() };
        (along, length_m - self.rest_m)
    }
}

impl Connection for SupportCable {
    fn state_names(&self) -> Vec<String> {
        vec!["tension".to_owned()]
    }

    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("force", self.force_n)]
    }

    fn memory_len(&self) -> usize {
        4
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn prepare(&self, coming: &Coming, _: &[f64], _: &[f64], memory: &mut [f64]) {
        let (along, drawn_m) = self.drawn(&coming.motion.a_from_b);
        memory[..3].copy_from_slice(along.as_slice());
        memory[3] = drawn_m - 0.5 * coming.step_s * along.dot(&coming.motion.linear_mps);
    }

    fn law(
        &self,
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        _: &[f64],
        memory: &[f64],
    ) -> ConnectionLaw {
        let along = Vector3::new(memory[0], memory[1], memory[2]);
        let tension = self.mean(max(inputs[0], 0.0), memory[3], along.dot(&motion.linear_mps), step_s);
        let mut law = ConnectionLaw::default();
        law.wrench_on_b.force_n = -along * tension.force_n;
        for i in 0..3 {
            for j in 0..3 {
                law.damping[i][j] = tension.slope * along[i] * along[j];
            }
        }
        law.size[0] = tension.force_n;
        law
    }

    fn settle(
        &self,
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        memory: &[f64],
        state: &mut [f64],
    ) {
        let along = Vector3::new(memory[0], memory[1], memory[2]);
        let rate = along.dot(&motion.linear_mps);
        state[0] = self.mean(max(inputs[0], 0.0), memory[3], rate, step_s).force_n;
    }

    fn rates(&self, motion: &RelativeMotion, inputs: &[f64], _: &[f64], rates: &mut [f64]) -> Wrench {
        rates.fill(0.0);
        let (along, drawn_m) = self.drawn(&motion.a_from_b);
        let elastic_n = self.at(max(inputs[0], 0.0), drawn_m).0;
        let damped_n = clamp(self.damping * along.dot(&motion.linear_mps), -elastic_n, elastic_n);
        Wrench { force_n: -along * (elastic_n + damped_n), moment_nm: Vector3::zeros() }
    }

    fn stored_energy(&self, a_from_b: &Isometry3<f64>, _: &[f64]) -> f64 {
        self.at(self.force_n, self.drawn(a_from_b).1).1
    }
}

#[cfg(test)]
mod tests;
