//! The spring of a transmission: straight, or stiffening as a pair of cables does.

use super::{ElementError, ForceElement, Law, Stage, not_negative, positive};

/// A spring about e = `rest` whose stiffness and rest may change during a run, with damping in proportion to the stiffness.
/// Below, e is counted from there.
///
/// - **Straight**: force −k e. Over a step it is k times the mean of both ends, so that its work is exactly the energy it
///   stores: stable at any step. Its vibrations are slowed, by (ωh)²/12 where that is small: keep h ω below 1 where they matter.
/// - **Stiffening**: force −k ℓ sinh(e/ℓ), the pull of two exponential cables against each other: RAVEN II has
///   k_e (exp(x) − exp(−x)) with x the deflection in metres, k_e = 720, 176 and 9.25 kN/m (CSLDepend/raven2_sim,
///   `Li_DYN/two_arm_dyn.cpp`), which is k = 2 k_e and ℓ = 1 m. Over a step it is the mean along the way,
///   linearised about the way at the present rate; keep h ω below 1, with ω² the stiffness k cosh(e/ℓ) at the greatest
///   deflection over the inertia.
///
/// Inputs: the `stiffness` k at rest (N m/rad or N/m); zero is a broken cable. And `rest` (rad or m), nominally zero: where it
/// pulls neither way, which moves when cables stretch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Elastic {
    stiffness: f64,
    relaxation_s: f64,
    stiffening: Option<Stiffening>,
}

/// How a spring stiffens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stiffening {
    /// ℓ, rad or m: at this deflection the stiffness is cosh(1) = 1.54 times that at rest.
    pub length: f64,
    /// The greatest force that it is meant to carry, N m or N: for the advice on the step's length alone.
    pub greatest_force: f64,
}

impl Elastic {
    /// A straight spring: stiffness (N m/rad or N/m) and relaxation time (damping over stiffness, s).
    ///
    /// # Errors
    /// A number negative or not finite; a stiffness of zero.
    pub fn new(stiffness: f64, relaxation_s: f64) -> Result<Self, ElementError> {
        const NAME: &str = "elastic";
        Ok(Self {
            stiffness: positive(NAME, "stiffness", stiffness)?,
            relaxation_s: not_negative(NAME, "relaxation", relaxation_s)?,
            stiffening: None,
        })
    }

    /// The same, stiffening.
    ///
    /// # Errors
    /// A length not positive, a force negative, a number not finite.
    pub fn with_stiffening(self, stiffening: Stiffening) -> Result<Self, ElementError> {
        positive("elastic", "stiffening length", stiffening.length)?;
        not_negative("elastic", "greatest force", stiffening.greatest_force)?;
        Ok(Self { stiffening: Some(stiffening), ..self })
    }
}

impl ForceElement for Elastic {
    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("stiffness", self.stiffness), ("rest", 0.0)]
    }

    fn law(&self, stage: &Stage, inputs: &[f64], _state: &[f64]) -> Law {
        let (stiffness, half) = (inputs[0], 0.5 * stage.step_s);
        let position = stage.position - inputs[1];
        let damping = self.relaxation_s * stiffness;
        let Some(Stiffening { length, .. }) = self.stiffening else {
            return Law {
                offset: -stiffness * position,
                viscous: half * stiffness + damping,
                ..Law::default()
            };
        };
        // The mean of k ℓ sinh(e/ℓ) from e to e + h w is k ℓ sinh(m) s(u), with m = (e + h w/2)/ℓ, u = h w/(2 ℓ) and
        // s(u) = sinh(u)/u; here with its derivative by w at the present rate.
        let (u, m) = (half * stage.rate / length, (position + half * stage.rate) / length);
        let (s, s_slope) = sinh_over(u);
        let (sinh_m, cosh_m) = sinh_cosh(m);
        let force = stiffness * length * sinh_m * s;
        let slope = trocar_math::max(stiffness * half * (cosh_m * s + sinh_m * s_slope), 0.0);
        Law { offset: slope * stage.rate - force, viscous: slope + damping, ..Law::default() }
    }

    fn rates(
        &self,
        position: f64,
        rate: f64,
        inputs: &[f64],
        _state: &[f64],
        _state_rates: &mut [f64],
    ) -> f64 {
        let effective = match self.stiffening {
            Some(Stiffening { length, .. }) => length * sinh_cosh((position - inputs[1]) / length).0,
            None => position - inputs[1],
        };
        -inputs[0] * (effective + self.relaxation_s * rate)
    }

    fn stiffness(&self) -> f64 {
        self.stiffening.map_or(self.stiffness, |Stiffening { length, greatest_force }| {
            let relative = greatest_force / (self.stiffness * length);
            self.stiffness * (1.0 + relative * relative).sqrt()
        })
    }

    fn stored_energy(&self, position: f64, _state: &[f64]) -> f64 {
        match self.stiffening {
            // cosh(x) − 1 = 2 sinh²(x/2)
            Some(Stiffening { length, .. }) => {
                let half = sinh_cosh(0.5 * position / length).0;
                2.0 * self.stiffness * length * length * half * half
            }
            None => 0.5 * self.stiffness * position * position,
        }
    }
}

fn sinh_cosh(x: f64) -> (f64, f64) {
    let (up, down) = (trocar_math::exp_m1(x), trocar_math::exp_m1(-x));
    (0.5 * (up - down), 1.0 + 0.5 * (up + down))
}

/// sinh(u)/u and its derivative.
fn sinh_over(u: f64) -> (f64, f64) {
    if u.abs() < 1e-3 {
        // The next terms are below the last bit.
        return (1.0 + u * u / 6.0 * (1.0 + u * u / 20.0), u / 3.0 * (1.0 + u * u / 10.0));
    }
    let (sinh, cosh) = sinh_cosh(u);
    (sinh / u, (cosh - sinh / u) / u)
}
