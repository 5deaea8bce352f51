//! What the tissues of a leg exert without any will: passive elastic torques, and the limits of the joints.
//!
//! Two published laws that describe much the same tissue; a wearer has the one or the other, or the first with the second as
//! its end stops:
//!
//! - [`PassiveLeg`], Riener and Edrich 1999: hip, knee and ankle depend on each other, as muscles that cross two joints make
//!   them. Measured on healthy adults.
//! - [`JointLimit`], Anderson and Pandy 1999: for each joint alone, next to nothing in the middle and exponentially rising
//!   towards the ends, as simulations of walking use it.

mod limit;

pub use limit::{JointLimit, LimitCoefficients};
use trocar_dynamics::JointField;

/// Degrees in a radian.
const DEGREES: f64 = 180.0 / std::f64::consts::PI;

/// The passive elastic torques of hip, knee and ankle of one leg.
///
/// Riener and Edrich 1999 ("Identification of passive elastic joint moments in the lower extremities", *J. Biomech.* 32:539),
/// with the angles in degrees, hip H and knee K in flexion and ankle A in *plantar* flexion:
///
/// ```text
/// M_A = exp(2.1016 − 0.0843 A − 0.0176 K) − exp(−7.9763 + 0.1949 A + 0.0008 K) − 1.792
/// M_K = exp(1.800 − 0.0460 A − 0.0352 K + 0.0217 H) − exp(−3.971 − 0.0004 A + 0.0495 K − 0.0128 H) − 4.820
///       + exp(2.220 − 0.150 K)
/// M_H = exp(1.4655 − 0.0034 K − 0.0750 H) − exp(1.3403 − 0.0226 K + 0.0305 H) + 8.072
/// ```
///
/// in N m, M_H and M_K towards flexion and M_A towards plantar flexion. (One public copy has 1.50 for the 0.150 of the knee; five
/// have 0.150.) Here the ankle is counted in dorsiflexion, so its angle and its torque both change sign.
///
/// Each exponential goes on as a straight line from 2981 N m (e⁸) on, with its slope there: no joint bears as much, and far
/// outside the range nothing overflows.
///
/// The torques do not come from a potential: ∂M_H/∂K and ∂M_K/∂H differ, as fits of each joint by itself do, so that a closed path
/// can gain energy. They belong to slow and moderate motion and want the damping that joints have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassiveLeg;

/// One exponential: sign · exp(at_zero + by · (H, K, A)), angles in degrees, A in plantar flexion.
struct Term {
    joint: usize,
    sign: f64,
    at_zero: f64,
    by: [f64; 3],
}

const fn term(joint: usize, sign: f64, at_zero: f64, by: [f64; 3]) -> Term {
    Term { joint, sign, at_zero, by }
}

const HIP: usize = 0;
const KNEE: usize = 1;
const ANKLE: usize = 2;

/// In the order hip, knee, ankle of `by`.
const TERMS: [Term; 7] = [
    term(ANKLE, 1.0, 2.1016, [0.0, -0.0176, -0.0843]),
    term(ANKLE, -1.0, -7.9763, [0.0, 0.0008, 0.1949]),
    term(KNEE, 1.0, 1.800, [0.0217, -0.0352, -0.0460]),
    term(KNEE, -1.0, -3.971, [-0.0128, 0.0495, -0.0004]),
    term(KNEE, 1.0, 2.220, [0.0, -0.150, 0.0]),
    term(HIP, 1.0, 1.4655, [-0.0750, -0.0034, 0.0]),
    term(HIP, -1.0, 1.3403, [0.0305, -0.0226, 0.0]),
];

/// What is added to the exponentials of hip, knee and ankle, N m.
const OFFSETS: [f64; 3] = [8.072, -4.820, -1.792];

/// The ankle is counted the other way round here than in the paper.
const SENSE: [f64; 3] = [1.0, 1.0, -1.0];

/// ln of the torque in N m from which on an exponential goes on straight.
const GREATEST_EXPONENT: f64 = 8.0;

/// exp(x) up to a limit, straight on beyond it; and its derivative.
fn bounded_exp(x: f64, limit: f64) -> (f64, f64) {
    let slope = trocar_math::exp(trocar_math::min(x, limit));
    (slope * (1.0 + trocar_math::max(x - limit, 0.0)), slope)
}

impl PassiveLeg {
    /// Efforts on hip flexion, knee flexion and ankle dorsiflexion, N m, at these angles, rad.
    #[must_use]
    pub fn efforts(&self, angles_rad: &[f64; 3]) -> [f64; 3] {
        self.efforts_and_stiffness(angles_rad).0
    }

    /// −∂effort/∂angle, N m/rad: row by effort, column by angle. Not symmetric.
    #[must_use]
    pub fn stiffness(&self, angles_rad: &[f64; 3]) -> [[f64; 3]; 3] {
        self.efforts_and_stiffness(angles_rad).1
    }

    /// Both, at the cost of one.
    #[must_use]
    pub fn efforts_and_stiffness(&self, angles_rad: &[f64; 3]) -> ([f64; 3], [[f64; 3]; 3]) {
        let mut published = [0.0; 3];
        for (angle, (own, sense)) in published.iter_mut().zip(angles_rad.iter().zip(SENSE)) {
            *angle = sense * own * DEGREES;
        }
        let mut efforts = OFFSETS;
        let mut stiffness = [[0.0; 3]; 3];
        for term in &TERMS {
            let [h, k, a] = [0, 1, 2].map(|i| term.by[i] * published[i]);
            let (value, slope) = bounded_exp(term.at_zero + h + k + a, GREATEST_EXPONENT);
            efforts[term.joint] += term.sign * value;
            for (out, (by, sense)) in stiffness[term.joint].iter_mut().zip(term.by.iter().zip(SENSE)) {
                *out -= term.sign * slope * by * sense * DEGREES;
            }
        }
        for joint in 0..3 {
            efforts[joint] *= SENSE[joint];
            for out in &mut stiffness[joint] {
                *out *= SENSE[joint];
            }
        }
        (efforts, stiffness)
    }
}

/// On the joints `hip_flexion`, `knee_flexion`, `ankle_dorsiflexion` of one leg, in this order.
impl JointField for PassiveLeg {
    fn efforts(&self, positions: &[f64], efforts: &mut [f64], own_stiffness: &mut [f64]) {
        let &[hip, knee, ankle] = positions else { return };
        let (found, stiffness) = self.efforts_and_stiffness(&[hip, knee, ankle]);
        efforts.copy_from_slice(&found);
        for (k, own) in own_stiffness.iter_mut().enumerate() {
            *own = stiffness[k][k];
        }
    }
}

#[cfg(test)]
mod tests;
