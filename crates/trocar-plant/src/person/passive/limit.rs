//! The torque with which ligaments end a joint's range.

use super::bounded_exp;
use trocar_dynamics::{ForceElement, Law, Stage};
use trocar_math::{ln, max};

/// Where and how steeply a joint's range ends: torque `lower.0 exp(−lower.1 (q − lower.2)) − upper.0 exp(upper.1 (q − upper.2))`,
/// N m, at the angle q, rad.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitCoefficients {
    /// Torque at the mark, N m; steepness, 1/rad; mark, rad: towards greater angles, grows as the angle falls.
    pub lower: (f64, f64, f64),
    /// The same towards smaller angles, grows as the angle rises.
    pub upper: (f64, f64, f64),
}

impl LimitCoefficients {
    /// Hip flexion, from the table of Anderson and Pandy 1999 ("A dynamic optimization solution for vertical jumping in three
    /// dimensions", *Comput. Methods Biomech. Biomed. Eng.* 2:201) as antoinefalisse/3dpredictsim gives it
    /// (`PassiveMoments/PassiveMomentsData.m`, MIT); so are those below. There the torque is
    /// K₁ exp(K₂ (q − θ₂)) + K₃ exp(K₄ (q − θ₁)).
    pub const HIP_FLEXION: Self = table(-2.44, 5.05, 1.51, -21.88, -0.6981, 1.81);
    /// Hip adduction.
    pub const HIP_ADDUCTION: Self = table(-0.03, 14.94, 0.03, -14.94, -0.5, 0.5);
    /// Hip rotation, inwards positive.
    pub const HIP_ROTATION: Self = table(-0.03, 14.94, 0.03, -14.94, -0.92, 0.92);
    /// Knee flexion: the table counts extension, so both sides change places.
    pub const KNEE_FLEXION: Self = reversed(table(-6.09, 33.94, 11.03, -11.33, -2.4, 0.13));
    /// Ankle dorsiflexion.
    pub const ANKLE_DORSIFLEXION: Self = table(-2.03, 38.11, 0.18, -12.12, -0.74, 0.52);
    /// Flexion of the trunk: the table counts extension.
    #[expect(clippy::approx_constant, reason = "the table's numbers as they are printed")]
    pub const TRUNK_FLEXION: Self = reversed(table(-0.35, 30.72, 0.25, -20.36, -0.5236, 0.17));

    /// Those of a coordinate by its name without side: `hip_flexion`, `knee_flexion`, …; `None` where nothing is published.
    #[must_use]
    pub fn published(joint: &str) -> Option<Self> {
        Some(match joint {
            "hip_flexion" => Self::HIP_FLEXION,
            "hip_adduction" => Self::HIP_ADDUCTION,
            "hip_rotation" => Self::HIP_ROTATION,
            "knee_flexion" => Self::KNEE_FLEXION,
            "ankle_dorsiflexion" => Self::ANKLE_DORSIFLEXION,
            "trunk_flexion" => Self::TRUNK_FLEXION,
            _ => return None,
        })
    }
}

/// A line of the table in its own order: K1, K2, K3, K4, θ1 (low), θ2 (high).
const fn table(k1: f64, k2: f64, k3: f64, k4: f64, low: f64, high: f64) -> LimitCoefficients {
    LimitCoefficients { lower: (k3, -k4, low), upper: (-k1, k2, high) }
}

/// The same joint counted the other way round.
const fn reversed(own: LimitCoefficients) -> LimitCoefficients {
    let ((below, below_rate, low), (above, above_rate, high)) = (own.lower, own.upper);
    LimitCoefficients { lower: (above, above_rate, -high), upper: (below, below_rate, -low) }
}

/// The limits of one joint as an element of an island, with its viscous damping.
///
/// Each side's exponential goes on as a straight line from 1000 N m on (no joint bears as much), so that nothing overflows
/// far outside the range and the stiffness stays finite.
///
/// Over a step the torque of the side that is near is a straight line in the mean rate: its value at the step's start, and from
/// there the chord of the mean torque over all ways up to half as far again as the present rate leads and a little more; beyond,
/// half the greatest stiffness there is. The mean torque is concave in the way, so this line resists a motion inwards by at
/// least, and drives one outwards by at most, what the potential stands for: the element gives back no more than it was
/// given, at any step, and being monotone it is stable at any step; what it eats is of third order in the step. The side
/// that is far is treated so up to the middle of the range, which no step may cross.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointLimit {
    upper: LimitSide,
    lower: LimitSide,
    middle_rad: f64,
    damping: f64,
}

/// From this torque on a side goes on straight, N m.
const GREATEST_TORQUE_NM: f64 = 1000.0;

/// How far beyond the way of the present rate the chord reaches, as an acceleration over the whole step, rad/s²: more than limbs
/// do, and never more than half of what makes the torque rise e-fold. One that does more meets a stiffer limit for one step.
const MARGIN_RADPS2: f64 = 1000.0;

impl JointLimit {
    /// Viscous damping of every joint, N m s/rad: the default of PredSim (KULeuvenNeuromechanics/PredSim).
    pub const DAMPING_NMSPRAD: f64 = 0.1;

    /// From a line of the table and a damping, N m s/rad (taken as zero if it is negative or no number).
    #[must_use]
    pub fn new(coefficients: LimitCoefficients, damping_nmsprad: f64) -> Self {
        Self {
            upper: LimitSide::new(coefficients.upper, 1.0),
            lower: LimitSide::new(coefficients.lower, -1.0),
            middle_rad: 0.5 * (coefficients.lower.2 + coefficients.upper.2),
            damping: max(damping_nmsprad, 0.0),
        }
    }

    /// The torque at an angle, N m, without the damping.
    #[must_use]
    pub fn torque_nm(&self, angle_rad: f64) -> f64 {
        -self.upper.push(self.upper.way(angle_rad)) + self.lower.push(self.lower.way(angle_rad))
    }
}

/// One side, in terms of the way x beyond its mark: push p(x) = torque · exp(steepness · x), against the way.
#[derive(Clone, Copy, Debug, PartialEq)]
struct LimitSide {
    /// +1 where it ends the range at great angles, −1 at small ones.
    sign: f64,
    mark_rad: f64,
    torque_nm: f64,
    steepness: f64,
    /// Exponent from which on it is straight.
    greatest_exponent: f64,
}

impl LimitSide {
    fn new((torque_nm, steepness, mark_rad): (f64, f64, f64), sign: f64) -> Self {
        let greatest_exponent = ln(GREATEST_TORQUE_NM / torque_nm);
        Self { sign, mark_rad, torque_nm, steepness, greatest_exponent }
    }

    fn way(&self, angle_rad: f64) -> f64 {
        self.sign * (angle_rad - self.mark_rad)
    }

    fn push(&self, way: f64) -> f64 {
        self.torque_nm * bounded_exp(self.steepness * way, self.greatest_exponent).0
    }

    /// ∫ push from −∞, J.
    fn potential(&self, way: f64) -> f64 {
        let x = self.steepness * way;
        let value = trocar_math::exp(trocar_math::min(x, self.greatest_exponent));
        let beyond = max(x - self.greatest_exponent, 0.0);
        self.torque_nm / self.steepness * value * (1.0 + beyond * (1.0 + 0.5 * beyond))
    }

    /// The mean push over a way that starts here.
    fn mean_push(&self, start: f64, length: f64) -> f64 {
        // A short way loses its digits in the difference of potentials; its middle is exact to (steepness · length)²/24.
        if self.steepness * length.abs() < 1e-4 {
            return self.push(start + 0.5 * length);
        }
        (self.potential(start + length) - self.potential(start)) / length
    }

    /// Mean resistance per mean rate over ways up to this length: the slope of the chord.
    fn chord(&self, start: f64, length: f64, step_s: f64) -> f64 {
        max((self.mean_push(start, length) - self.push(start)) * step_s / length, 0.0)
    }

    /// N m/rad where it is straight.
    fn greatest_stiffness(&self) -> f64 {
        self.steepness * GREATEST_TORQUE_NM
    }
}

impl ForceElement for JointLimit {
    fn law(&self, stage: &Stage, _inputs: &[f64], _state: &[f64]) -> Law {
        let step = stage.step_s;
        let (near, far) = if stage.position >= self.middle_rad {
            (&self.upper, &self.lower)
        } else {
            (&self.lower, &self.upper)
        };
        let (near_way, far_way) = (near.way(stage.position), far.way(stage.position));
        // The far side: to the middle, where both are next to nothing.
        let to_middle = max((stage.position - self.middle_rad).abs(), 1e-3);
        let far_chord = far.chord(far_way, to_middle, step);
        let margin = trocar_math::min(MARGIN_RADPS2 * step * step, 0.5 / near.steepness);
        let reach = 1.5 * max(near.sign * stage.rate, 0.0) * step + margin;
        let near_chord = near.chord(near_way, reach, step);
        let steep = 0.5 * step * near.greatest_stiffness();
        let (low, high) = if near.sign > 0.0 { (f64::NEG_INFINITY, 0.0) } else { (0.0, f64::INFINITY) };
        Law {
            offset: -near.sign * near.push(near_way) - far.sign * far.push(far_way),
            viscous: near_chord + far_chord + self.damping,
            branch: near.sign * steep * reach / step,
            slope: steep,
            low,
            high,
        }
    }

    fn rates(
        &self,
        position: f64,
        rate: f64,
        _inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        self.torque_nm(position) - self.damping * rate
    }

    fn stored_energy(&self, position: f64, _state: &[f64]) -> f64 {
        self.upper.potential(self.upper.way(position)) + self.lower.potential(self.lower.way(position))
    }
}

#[cfg(test)]
mod tests;
