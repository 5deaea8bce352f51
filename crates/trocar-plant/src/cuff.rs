//! A cuff: what joins a robot's link to a limb that wears it, as a force element of both.
//!
//! Nobody has published a measured stiffness or damping of a cuff on a limb. So both are mandatory in the file, and
//! methods vary them and say whether a verdict hangs on it.

use crate::check;
use nalgebra::{Isometry3, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_dynamics::{
    Coming, Connection, ConnectionLaw, RelativeMotion, Wrench, inverse_left_jacobian, turn_vector,
};
use trocar_signal::quantity::{
    Area, Damping, Force, Length, RotationalDamping, RotationalStiffness, Stiffness,
};
use trocar_signal::{Problem, Sourced};

/// A cuff, with the tissue below it. Its axes are those of the limb's segment as it is put on: x forward, y to the left, z up along
/// the limb.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a cuff"))]
pub struct CuffConfig {
    /// The frame of the robot that it is fixed to.
    pub frame: String,
    /// The person's segment that it holds: `pelvis`, `thigh_r`, `shank_l`, `foot_r`, …
    pub segment: String,
    /// How far below the segment's upper joint it sits, along the limb.
    pub below: Sourced<Length>,
    /// Stiffness along x, y and z. With none along an axis, and no damping, that axis is free: so a guide holds a pelvis that the legs carry.
    pub stiffness: Sourced<[Stiffness; 3]>,
    /// Damping along x, y and z.
    pub damping: Sourced<[Damping; 3]>,
    /// Stiffness about x, y and z.
    pub turning_stiffness: Sourced<[RotationalStiffness; 3]>,
    /// Damping about x, y and z.
    pub turning_damping: Sourced<[RotationalDamping; 3]>,
    /// How far the limb may move across (along x and y, each way) before the cuff begins to push. Absent: it fits.
    #[serde(default)]
    pub slack: Option<Sourced<Length>>,
    /// The axial force at which the limb slips through it. Absent: it never does.
    #[serde(default)]
    pub slip: Option<Sourced<Force>>,
    /// What the tissue keeps of a deformation. Absent: nothing.
    #[serde(default)]
    pub hysteresis: Option<HysteresisConfig>,
    /// The area on which it presses: gives the mean pressure under it. Absent: no pressure is stated.
    #[serde(default)]
    pub pad_area: Option<Sourced<Area>>,
}

/// Tissue that gives way under a force and stays: along each axis a spring beside the cuff's own that slips at a force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a hysteresis"))]
pub struct HysteresisConfig {
    /// Stiffness while it sticks.
    pub stiffness: Sourced<Stiffness>,
    /// Force at which it slips: half the width of the loop.
    pub force: Sourced<Force>,
}

impl CuffConfig {
    /// What is wrong with its numbers; keys below its table.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        check::not_negative(&mut problems, "below", self.below.value.si());
        let mut all = |key: &str, values: [f64; 3]| {
            for (place, value) in values.into_iter().enumerate() {
                check::not_negative(&mut problems, &format!("{key}[{place}]"), value);
            }
        };
        all("stiffness", self.stiffness.value.map(Stiffness::si));
        all("damping", self.damping.value.map(Damping::si));
        all("turning_stiffness", self.turning_stiffness.value.map(RotationalStiffness::si));
        all("turning_damping", self.turning_damping.value.map(RotationalDamping::si));
        if let Some(slack) = &self.slack {
            check::not_negative(&mut problems, "slack", slack.value.si());
        }
        if let Some(slip) = &self.slip {
            check::positive(&mut problems, "slip", slip.value.si());
            if self.stiffness.value[2].si() <= 0.0 {
                let what = "what slips along z must be held along z: it needs a stiffness above zero";
                problems.push(Problem::new("stiffness[2]", what));
            }
        }
        if let Some(hysteresis) = &self.hysteresis {
            check::positive(&mut problems, "hysteresis.stiffness", hysteresis.stiffness.value.si());
            check::positive(&mut problems, "hysteresis.force", hysteresis.force.value.si());
        }
        if let Some(area) = &self.pad_area {
            check::positive(&mut problems, "pad_area", area.value.si());
        }
        problems
    }

    /// Its law, about the pose of the limb in the robot's frame at which it exerts nothing.
    #[must_use]
    pub fn law(&self, rest_a_from_b: Isometry3<f64>) -> Cuff {
        Cuff {
            rest: rest_a_from_b,
            stiffness: self.stiffness.value.map(Stiffness::si),
            damping: self.damping.value.map(Damping::si),
            turning_stiffness: self.turning_stiffness.value.map(RotationalStiffness::si),
            turning_damping: self.turning_damping.value.map(RotationalDamping::si),
            slack_m: self.slack.as_ref().map_or(0.0, |slack| slack.value.si()),
            slip_n: self.slip.as_ref().map_or(f64::INFINITY, |slip| slip.value.si()),
            hysteresis: self.hysteresis.as_ref().map(|h| (h.stiffness.value.si(), h.force.value.si())),
        }
    }
}

/// Names of a cuff's inputs: factors of all stiffness and of all damping, and by how much the limb is worn off the place where the
/// cuff is free of force, m, in the axes of the robot's frame.
pub const CUFF_INPUTS: [&str; 5] = ["stiffness_scale", "damping_scale", "offset_x", "offset_y", "offset_z"];

/// Names of the words of a cuff's state: the mean wrench on the limb over the last step, in the axes of the robot's frame
/// about the limb's place in the cuff; how far it has slipped; its bristles.
const CUFF_WORDS: [&str; 10] = [
    "force_x", "force_y", "force_z", "moment_x", "moment_y", "moment_z", "slipped", "tissue_x", "tissue_y",
    "tissue_z",
];

/// The force element of a cuff, on frame B (the limb's place in it) as seen from frame A (the robot's).
///
/// Along x and y a spring with slack s: energy ½ k max(|x| − s, 0)², and over a step from x₀ to x₁ the mean force is the
/// difference quotient of it, so that its work is exact at any step. Along z, where the limb may slip, the spring is one that is
/// drawn along at its greatest length. Tissue is such a spring beside each of the three. The turning springs have the
/// energy ½ θᵀCθ of the rotation vector θ from rest; their moment is taken in the middle of the step and carried to its mean. Damping is linear, and along z slips with the
/// spring. Rest, and so the direction of slack and slip, moves with the robot's frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cuff {
    rest: Isometry3<f64>,
    stiffness: [f64; 3],
    damping: [f64; 3],
    turning_stiffness: [f64; 3],
    turning_damping: [f64; 3],
    slack_m: f64,
    slip_n: f64,
    /// Stiffness and force.
    hysteresis: Option<(f64, f64)>,
}

/// A force over a step and its slope against the mean velocity, both against the motion.
#[derive(Clone, Copy, Default)]
struct Against {
    force: f64,
    slope: f64,
}

impl Against {
    fn and(self, other: Self) -> Self {
        Self { force: self.force + other.force, slope: self.slope + other.slope }
    }
}

/// ½ k max(|x| − s, 0)² and its derivative.
fn slack_spring(stiffness: f64, slack_m: f64, x: f64) -> (f64, f64) {
    let beyond = trocar_math::max(x.abs() - slack_m, 0.0);
    (0.5 * stiffness * beyond * beyond, stiffness * beyond * x.signum())
}

/// Mean force of a spring with slack over a step from one place to another at a mean speed.
fn mean_slack_spring(stiffness: f64, slack_m: f64, from_m: f64, speed: f64, step_s: f64) -> Against {
    let to_m = from_m + speed * step_s;
    if slack_m > 0.0 && from_m.abs() <= slack_m && to_m.abs() <= slack_m {
        return Against::default();
    }
    let ((from_energy, _), (to_energy, to_force)) =
        (slack_spring(stiffness, slack_m, from_m), slack_spring(stiffness, slack_m, to_m));
    let same_side = from_m * to_m > 0.0 && from_m.abs() >= slack_m && to_m.abs() >= slack_m;
    if slack_m == 0.0 || same_side {
        let middle = 0.5 * (from_m + to_m);
        let force = stiffness * (middle - slack_m * middle.signum() * f64::from(u8::from(slack_m > 0.0)));
        return Against { force, slope: 0.5 * stiffness * step_s };
    }
    let change = to_m - from_m;
    if change.abs() <= 1e-12 {
        return Against { force: to_force, slope: 0.5 * stiffness * step_s };
    }
    let force = (to_energy - from_energy) / change;
    Against { force, slope: step_s * (to_force - force) / change }
}

/// Mean force of a spring with damping that slips at a force.
fn slipping_spring(
    (stiffness, damping, most): (f64, f64, f64),
    bristle_m: f64,
    speed: f64,
    step_s: f64,
) -> Against {
    let slope = 0.5 * stiffness * step_s + damping;
    let stuck = stiffness * bristle_m + slope * speed;
    if stuck.abs() <= most {
        Against { force: stuck, slope }
    } else {
        Against { force: most * stuck.signum(), slope: 0.0 }
    }
}

fn bristle_after((stiffness, most): (f64, f64), bristle_m: f64, moved_m: f64) -> f64 {
    let longest = most / stiffness;
    trocar_math::clamp(bristle_m + moved_m, -longest, longest)
}

impl Cuff {
    /// Displacement from rest and rotation vector from it, in A's axes.
    fn displaced(&self, a_from_b: &Isometry3<f64>, inputs: &[f64]) -> (Vector3<f64>, Vector3<f64>) {
        let offset = Vector3::new(inputs[2], inputs[3], inputs[4]);
        let turn = a_from_b.rotation * self.rest.rotation.inverse();
        (a_from_b.translation.vector - self.rest.translation.vector - offset, turn_vector(&turn))
    }

    /// The moment of the turning springs at their nominal stiffness, against the turn: J⁻ᵀ C θ.
    fn turning(&self, turned: &Vector3<f64>) -> Vector3<f64> {
        let strained = Vector3::from_fn(|i, _| self.turning_stiffness[i] * turned[i]);
        inverse_left_jacobian(turned).tr_mul(&strained)
    }

    /// Forces along A's axes and moments about them against the motion over a step.
    fn against(
        &self,
        memory: &[f64],
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        state: &[f64],
    ) -> [Against; 6] {
        let (scale, damped) = (inputs[0], inputs[1]);
        std::array::from_fn(|axis| {
            if axis >= 3 {
                let speed = motion.angular_radps[axis - 3];
                let stiffness = scale * self.turning_stiffness[axis - 3];
                let damping = damped * self.turning_damping[axis - 3];
                // Middle, plus half a step at what the mean speed exceeds that of the start by.
                let slope = 0.5 * stiffness * step_s;
                let force = scale * memory[axis] + slope * (speed - memory[axis + 3]) + damping * speed;
                return Against { force, slope: slope + damping };
            }
            let speed = motion.linear_mps[axis];
            let (stiffness, damping) = (scale * self.stiffness[axis], damped * self.damping[axis]);
            let own = if axis == 2 && self.slip_n.is_finite() {
                slipping_spring((stiffness, damping, self.slip_n), memory[2], speed, step_s)
            } else {
                let slack_m = if axis == 2 { 0.0 } else { self.slack_m };
                mean_slack_spring(stiffness, slack_m, memory[axis], speed, step_s)
                    .and(Against { force: damping * speed, slope: damping })
            };
            match self.hysteresis {
                Some((stiffness, most)) => {
                    own.and(slipping_spring((scale * stiffness, 0.0, most), state[7 + axis], speed, step_s))
                }
                None => own,
            }
        })
    }
}

impl Connection for Cuff {
    fn state_names(&self) -> Vec<String> {
        CUFF_WORDS.iter().map(|word| (*word).to_owned()).collect()
    }

    fn inputs(&self) -> Vec<(&'static str, f64)> {
        CUFF_INPUTS.into_iter().zip([1.0, 1.0, 0.0, 0.0, 0.0]).collect()
    }

    fn memory_len(&self) -> usize {
        9
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn prepare(&self, coming: &Coming, inputs: &[f64], state: &[f64], memory: &mut [f64]) {
        let motion = &coming.motion;
        let (displaced, turned) = self.displaced(&motion.a_from_b, inputs);
        let start = displaced - motion.linear_mps * (0.5 * coming.step_s);
        memory[..3].copy_from_slice(start.as_slice());
        if self.slip_n.is_finite() {
            // What it slipped by is no longer strain.
            memory[2] = start.z - state[6];
        }
        memory[3..6].copy_from_slice(self.turning(&turned).as_slice());
        memory[6..9].copy_from_slice(motion.angular_radps.as_slice());
    }

    fn law(
        &self,
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        state: &[f64],
        memory: &[f64],
    ) -> ConnectionLaw {
        let mut law = ConnectionLaw::default();
        for (axis, against) in self.against(memory, motion, step_s, inputs, state).iter().enumerate() {
            if axis < 3 {
                law.wrench_on_b.force_n[axis] = -against.force;
            } else {
                law.wrench_on_b.moment_nm[axis - 3] = -against.force;
            }
            law.damping[axis][axis] = against.slope;
            law.size[axis / 3] += against.force.abs();
        }
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
        let against = self.against(memory, motion, step_s, inputs, state);
        for (word, against) in state.iter_mut().zip(&against) {
            *word = -against.force;
        }
        if self.slip_n.is_finite() {
            let stiffness = inputs[0] * self.stiffness[2];
            if stiffness > 0.0 {
                let end = memory[2] + step_s * motion.linear_mps.z;
                state[6] += end - bristle_after((stiffness, self.slip_n), end, 0.0);
            }
        }
        if let Some((stiffness, most)) = self.hysteresis
            && inputs[0] > 0.0
        {
            for axis in 0..3 {
                let moved = step_s * motion.linear_mps[axis];
                state[7 + axis] = bristle_after((inputs[0] * stiffness, most), state[7 + axis], moved);
            }
        }
    }

    fn rates(
        &self,
        motion: &RelativeMotion,
        inputs: &[f64],
        state: &[f64],
        state_rates: &mut [f64],
    ) -> Wrench {
        state_rates.fill(0.0);
        let (displaced, turned) = self.displaced(&motion.a_from_b, inputs);
        let mut memory = [0.0; 9];
        memory[..3].copy_from_slice(displaced.as_slice());
        memory[3..6].copy_from_slice(self.turning(&turned).as_slice());
        memory[6..].copy_from_slice(motion.angular_radps.as_slice());
        if self.slip_n.is_finite() {
            memory[2] -= state[6];
            let stiffness = inputs[0] * self.stiffness[2];
            let speed = motion.linear_mps.z;
            if stiffness * memory[2].abs() >= self.slip_n && memory[2] * speed > 0.0 {
                state_rates[6] = speed;
            }
        }
        if let Some((stiffness, most)) = self.hysteresis {
            for axis in 0..3 {
                let (bristle, speed) = (state[7 + axis], motion.linear_mps[axis]);
                let slips = inputs[0] * stiffness * bristle.abs() >= most && bristle * speed > 0.0;
                state_rates[7 + axis] = if slips { 0.0 } else { speed };
            }
        }
        // In the limit of a short step the mean force is the force.
        let against = self.against(&memory, motion, 0.0, inputs, state);
        Wrench {
            force_n: Vector3::from_fn(|i, _| -against[i].force),
            moment_nm: Vector3::from_fn(|i, _| -against[3 + i].force),
        }
    }

    fn stored_energy(&self, a_from_b: &Isometry3<f64>, state: &[f64]) -> f64 {
        let (displaced, turned) = self.displaced(a_from_b, &[1.0, 1.0, 0.0, 0.0, 0.0]);
        let linear = (0..3).map(|axis| {
            let x =
                if axis == 2 && self.slip_n.is_finite() { displaced.z - state[6] } else { displaced[axis] };
            let slack_m = if axis == 2 { 0.0 } else { self.slack_m };
            slack_spring(self.stiffness[axis], slack_m, x).0
        });
        let turning = (0..3).map(|axis| 0.5 * self.turning_stiffness[axis] * turned[axis] * turned[axis]);
        let tissue = (0..3)
            .map(|axis| self.hysteresis.map_or(0.0, |(k, _)| 0.5 * k * state[7 + axis] * state[7 + axis]));
        linear.chain(turning).chain(tissue).sum()
    }
}

#[cfg(test)]
mod tests;
