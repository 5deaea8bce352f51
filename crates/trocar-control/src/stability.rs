//! How far a sampled PD servo on a rigid joint is from the edge of stability.
//!
//! A joint of inertia J moves freely; the servo samples position and velocity every T, holds the effort
//! τ = −p q − d v for one period, and the effort acts `delay_cycles` periods late. Exactly discretised,
//! q⁺ = q + T v + T²/(2J) τ and v⁺ = v + (T/J) τ, so the closed loop's characteristic polynomial is
//!
//! ```text
//! zᵏ (z − 1)² + (p T²/2J) (z + 1) + (d T/J) (z − 1),   k the delay in cycles.
//! ```
//!
//! Friction and viscosity are left out, which errs on the safe side. Without delay the loop is stable exactly where
//! p T/2 < d < 2 J/T, so a joint needs J > d T/2 whatever p is: this is why a light wrist needs its rotor's inertia.

use trocar_math::powi;

/// The most cycles of delay.
pub const MAX_DELAY_CYCLES: usize = 8;

const MAX_DEGREE: usize = MAX_DELAY_CYCLES + 2;

/// One joint under its sampled servo.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampledServo {
    /// J, kg m² or kg; greater than zero.
    pub inertia: f64,
    /// p, N m/rad or N/m.
    pub p: f64,
    /// d, N m s/rad or N s/m.
    pub d: f64,
    /// T, s; greater than zero.
    pub period_s: f64,
    /// Whole periods by which the effort is late; at most [`MAX_DELAY_CYCLES`], more count as that many.
    pub delay_cycles: usize,
}

impl SampledServo {
    /// The characteristic polynomial with the gains times `factor`: coefficients from the constant one upwards, and
    /// its degree.
    fn polynomial(&self, factor: f64) -> ([f64; MAX_DEGREE + 1], usize) {
        let k = self.delay_cycles.min(MAX_DELAY_CYCLES);
        let position = factor * self.p * self.period_s * self.period_s / (2.0 * self.inertia);
        let velocity = factor * self.d * self.period_s / self.inertia;
        let mut c = [0.0; MAX_DEGREE + 1];
        c[k] += 1.0;
        c[k + 1] -= 2.0;
        c[k + 2] += 1.0;
        c[0] += position - velocity;
        c[1] += position + velocity;
        (c, k + 2)
    }

    /// Whether every disturbance dies out.
    #[must_use]
    pub fn is_stable(&self) -> bool {
        let (c, degree) = self.polynomial(1.0);
        roots_lie_inside(&c[..=degree], 1.0)
    }

    /// The largest magnitude of an eigenvalue of the closed loop: what a disturbance keeps from one period to the next.
    /// Below 1 it is stable. Exact to 1e-12.
    #[must_use]
    pub fn spectral_radius(&self) -> f64 {
        let (c, degree) = self.polynomial(1.0);
        // Cauchy's bound holds every root.
        let mut outside = 1.0 + c[..degree].iter().fold(0.0, |sum, x| sum + x.abs());
        let mut inside = 0.0;
        while outside - inside > 1e-12 * outside {
            let middle = 0.5 * (inside + outside);
            if roots_lie_inside(&c[..=degree], middle) { outside = middle } else { inside = middle }
        }
        outside
    }

    /// The factor by which both gains can grow until the loop becomes unstable, to 1e-9; 0 if it is unstable as it is.
    #[must_use]
    pub fn gain_margin(&self) -> f64 {
        if !self.is_stable() {
            return 0.0;
        }
        let stable_at = |factor: f64| {
            let (c, degree) = self.polynomial(factor);
            roots_lie_inside(&c[..=degree], 1.0)
        };
        let mut inside = 1.0;
        // Steps of 5 %: the loop is conditionally stable at most between its two ends, so that no island is missed.
        while stable_at(inside * 1.05) && inside < 1e12 {
            inside *= 1.05;
        }
        let mut outside = inside * 1.05;
        while outside - inside > 1e-9 * inside {
            let middle = 0.5 * (inside + outside);
            if stable_at(middle) { inside = middle } else { outside = middle }
        }
        inside
    }
}

/// Whether all roots of the polynomial (coefficients from the constant one upwards, leading one last) have a magnitude
/// below `radius`: the recursion of Schur and Cohn, as in E. I. Jury, *Theory and Application of the z-Transform
/// Method*, 1964.
fn roots_lie_inside(coefficients: &[f64], radius: f64) -> bool {
    let mut c = [0.0; MAX_DEGREE + 1];
    let Some(degree) = coefficients.len().checked_sub(1).filter(|d| *d <= MAX_DEGREE) else { return false };
    for (power, (to, from)) in c.iter_mut().zip(coefficients).enumerate() {
        *to = from * powi(radius, power as i32);
    }
    for n in (1..=degree).rev() {
        let (last, first) = (c[n], c[0]);
        if first.abs() >= last.abs() {
            return false;
        }
        let mut reduced = [0.0; MAX_DEGREE + 1];
        for power in 0..n {
            reduced[power] = (last * c[power + 1] - first * c[n - 1 - power]) / last;
        }
        c = reduced;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PERIOD_S: f64 = 1.0 / 1500.0;

    fn servo(inertia: f64, p: f64, d: f64, delay_cycles: usize) -> SampledServo {
        SampledServo { inertia, p, d, period_s: PERIOD_S, delay_cycles }
    }

    /// The closed loop stepped as it is written, not as a polynomial: whether a disturbance has died out or grown.
    fn decays(servo: &SampledServo, cycles: usize) -> f64 {
        let (mut q, mut v) = (1.0, 0.0);
        let mut queue = [0.0; MAX_DELAY_CYCLES + 1];
        let mut largest = 0.0;
        for cycle in 0..cycles {
            queue[servo.delay_cycles] = -servo.p * q - servo.d * v;
            let effort = queue[0];
            queue.rotate_left(1);
            q += servo.period_s * v + servo.period_s * servo.period_s / (2.0 * servo.inertia) * effort;
            v += servo.period_s / servo.inertia * effort;
            if q.abs() > 1e9 {
                return f64::INFINITY;
            }
            if cycle + 50 > cycles {
                largest = trocar_math::max(largest, q.abs());
            }
        }
        largest
    }

    #[test]
    fn without_delay_the_edges_are_the_closed_ones() {
        // d < 2 J/T is the upper edge; p = 0 leaves a root at 1, so a little p is kept.
        let edge = servo(3e-5, 1e-3, 2.0 * 3e-5 / PERIOD_S, 0);
        assert!(SampledServo { d: edge.d * 0.9999, ..edge }.is_stable());
        assert!(!SampledServo { d: edge.d * 1.0001, ..edge }.is_stable());
        // d > p T/2 is the lower edge.
        assert!(servo(1.0, 3000.0, 1.0001, 0).is_stable());
        assert!(!servo(1.0, 3000.0, 0.9999, 0).is_stable());
        // A deadbeat loop: both roots at zero where p T²/2J = 1/2 and d T/J = 3/2.
        let deadbeat = servo(1.0, 1.0 / (PERIOD_S * PERIOD_S), 1.5 / PERIOD_S, 0);
        assert!(deadbeat.spectral_radius() < 1e-6);
    }

    proptest! {
        /// The polynomial's verdict against the loop stepped 4000 times: what shrinks is stable, what grows is not.
        #[test]
        fn the_verdict_is_that_of_the_stepped_loop(
            inertia in 1e-4f64..1.0, p in 1.0f64..500.0, d in 0.01f64..20.0, delay in 0usize..4,
        ) {
            let servo = servo(inertia, p, d, delay);
            let radius = servo.spectral_radius();
            prop_assert_eq!(servo.is_stable(), radius < 1.0);
            // 4000 periods at 0.3 % per period change a disturbance by more than 1e5.
            prop_assume!((radius - 1.0).abs() > 0.003);
            let left = decays(&servo, 4000);
            prop_assert_eq!(left < 1e-2, radius < 1.0, "left {} radius {}", left, radius);
        }

        #[test]
        fn at_the_margin_the_radius_is_one(inertia in 1e-3f64..1.0, delay in 0usize..3) {
            let base = servo(inertia, 100.0 * inertia, 20.0 * inertia, delay);
            let margin = base.gain_margin();
            let at = |factor: f64| SampledServo { p: base.p * factor, d: base.d * factor, ..base };
            prop_assert!(at(margin * 0.999).is_stable() && !at(margin * 1.001).is_stable());
        }
    }

    /// The published gains (PID of the PSM in sawIntuitiveResearchKit) with the arm's inertias over its workspace and
    /// the wrist inertia that they need. Prints what margin is left.
    #[test]
    fn the_published_gains_are_stable_with_their_margin() {
        println!("joint, inertia, gain margin (dB) with 0, 1, 2 cycles of delay at 1500 Hz");
        for (joint, inertia, p, d) in [
            ("yaw, shallow", 0.12, 120.0, 6.0),
            ("yaw, deep", 0.23, 120.0, 6.0),
            ("pitch, shallow", 0.232, 120.0, 5.0),
            ("pitch, deep", 0.190, 120.0, 5.0),
            ("insertion", 0.713, 6000.0, 200.0),
            ("wrist, at its least", 3.1e-5, 6.0, 0.09),
            ("wrist, twice that", 6.2e-5, 6.0, 0.09),
        ] {
            let margins: Vec<f64> = (0..3).map(|k| servo(inertia, p, d, k).gain_margin()).collect();
            let db = |margin: &f64| {
                if *margin > 0.0 {
                    format!("{:.1}", 20.0 * trocar_math::log10(*margin))
                } else {
                    "unstable".into()
                }
            };
            println!("{joint}, {inertia}, {}", margins.iter().map(db).collect::<Vec<_>>().join(", "));
            assert!(margins[0] > 1.0, "{joint} is unstable without delay");
            if !joint.starts_with("wrist") {
                assert!(margins[2] > 2.0, "{joint}: less than 6 dB with two cycles of delay");
            }
        }
        // The trap of the published wrist gains: J > d T/2 = 3e-5 kg m² without delay, about twice that with one cycle.
        assert!(!servo(2.9e-5, 6.0, 0.09, 0).is_stable());
        assert!(!servo(3.1e-5, 6.0, 0.09, 1).is_stable());
        assert!(servo(6.5e-5, 6.0, 0.09, 1).is_stable());
    }
}
