//! Motions that are known in closed form.

#![allow(dead_code, reason = "no test uses all of these")]

use std::f64::consts::FRAC_PI_2;

use nalgebra::Vector3;

/// The complete elliptic integral K of parameter m = k², by the arithmetic–geometric mean (Abramowitz and Stegun 17.6).
pub fn elliptic_k(m: f64) -> f64 {
    let (mut a, mut b) = (1.0, (1.0 - m).sqrt());
    for _ in 0..10 {
        (a, b) = (0.5 * (a + b), (a * b).sqrt());
    }
    FRAC_PI_2 / a
}

/// Jacobi's elliptic functions of parameter m = k².
#[derive(Clone, Copy, Debug)]
pub struct Jacobi {
    pub sn: f64,
    pub cn: f64,
    pub dn: f64,
}

/// sn, cn and dn of u by descending the arithmetic–geometric mean (Abramowitz and Stegun 16.4); u is first brought
/// within one period.
pub fn jacobi(u: f64, m: f64) -> Jacobi {
    let period = 4.0 * elliptic_k(m);
    let u = u - period * (u / period).round();
    let (mut a, mut b, mut scale) = (1.0, (1.0 - m).sqrt(), 1.0);
    let mut ratios = Vec::new();
    for _ in 0..10 {
        let c = 0.5 * (a - b);
        (a, b) = (0.5 * (a + b), (a * b).sqrt());
        ratios.push(c / a);
        scale *= 2.0;
    }
    let mut phi = scale * a * u;
    for ratio in ratios.iter().rev() {
        phi = 0.5 * (phi + trocar_math::asin(ratio * trocar_math::sin(phi)));
    }
    let (sn, cn) = trocar_math::sin_cos(phi);
    Jacobi { sn, cn, dn: (1.0 - m * sn * sn).sqrt() }
}

/// A pendulum that swings from rest at `amplitude_rad`; `omega_radps` is that of small swings.
/// Landau and Lifshitz, *Mechanics*, section 11: sin(θ/2) = k cd(ωt), k = sin(amplitude/2).
#[derive(Clone, Copy, Debug)]
pub struct Pendulum {
    pub omega_radps: f64,
    pub amplitude_rad: f64,
}

impl Pendulum {
    fn k(&self) -> f64 {
        trocar_math::sin(0.5 * self.amplitude_rad)
    }

    pub fn period_s(&self) -> f64 {
        4.0 * elliptic_k(self.k() * self.k()) / self.omega_radps
    }

    pub fn angle_rad(&self, t: f64) -> f64 {
        let at = jacobi(self.omega_radps * t, self.k() * self.k());
        2.0 * trocar_math::asin(self.k() * at.cn / at.dn)
    }
}

/// A body with moments I₁ < I₂ < I₃ that nothing turns, spinning at first about its first and third axis with
/// M² > 2 E I₂. Landau and Lifshitz, *Mechanics*, section 37.
#[derive(Clone, Copy, Debug)]
pub struct TorqueFreeTop {
    pub moments_kgm2: [f64; 3],
    /// Angular velocity about the first and third axis at the start, rad/s.
    pub first_radps: f64,
    pub third_radps: f64,
}

impl TorqueFreeTop {
    /// Angular velocity in the body's axes, rad/s.
    pub fn angular_velocity_in_body(&self, t: f64) -> Vector3<f64> {
        let [i1, i2, i3] = self.moments_kgm2;
        let (first, third) = (self.first_radps * self.first_radps, self.third_radps * self.third_radps);
        let energy_2 = i1 * first + i3 * third;
        let momentum_2 = i1 * i1 * first + i3 * i3 * third;
        let (low, high) = (momentum_2 - energy_2 * i1, energy_2 * i3 - momentum_2);
        assert!(momentum_2 > energy_2 * i2);
        let rate = ((i3 - i2) * low / (i1 * i2 * i3)).sqrt();
        let at = jacobi(rate * t, (i2 - i1) * high / ((i3 - i2) * low));
        // d(third)/dt = (I₁ − I₂)/I₃ · first · second < 0 from the start on while all are positive.
        Vector3::new(
            self.first_radps * at.cn,
            (high / (i2 * (i3 - i2))).sqrt() * at.sn,
            self.third_radps * at.dn,
        )
    }
}

/// A symmetric top on a fixed point under gravity. Goldstein, *Classical Mechanics*, section 5.7.
#[derive(Clone, Copy, Debug)]
pub struct HeavyTop {
    /// Weight times distance of the centre from the point, N m.
    pub toppling_nm: f64,
    /// About the point, across the axis and along it, kg m².
    pub across_kgm2: f64,
    pub along_kgm2: f64,
    /// Angular velocity about its axis, rad/s: constant.
    pub spin_radps: f64,
}

impl HeavyTop {
    /// Cosine of the tilt from upright, a time after it was let go at the tilt `start_rad` with nothing but its spin.
    pub fn cos_tilt(&self, start_rad: f64, t: f64) -> f64 {
        let a = self.along_kgm2 * self.spin_radps / self.across_kgm2;
        let beta = 2.0 * self.toppling_nm / self.across_kgm2;
        let (upper, lambda) = (trocar_math::cos(start_rad), a * a / (2.0 * beta));
        let root = (lambda * lambda - 2.0 * lambda * upper + 1.0).sqrt();
        let (lower, beyond) = (lambda - root, lambda + root);
        let at = jacobi(0.5 * (beta * (beyond - lower)).sqrt() * t, (upper - lower) / (beyond - lower));
        let cd = at.cn / at.dn;
        lower + (upper - lower) * cd * cd
    }

    /// The slower of the two rates about the vertical at which the tilt stays as it is, rad/s.
    pub fn steady_precession_radps(&self, tilt_rad: f64) -> f64 {
        let (spin, cos) = (self.along_kgm2 * self.spin_radps, trocar_math::cos(tilt_rad));
        let root = (spin * spin - 4.0 * self.across_kgm2 * cos * self.toppling_nm).sqrt();
        // The smaller root of I₁ cos(tilt) Ω² − I₃ s Ω + toppling = 0, without cancellation.
        2.0 * self.toppling_nm / (spin + root)
    }
}

/// A mass on dry ground pulled through a spring whose other end moves at a constant speed; friction has one level at
/// rest and a lower one in motion. With e the spring's stretch, ω² = k/m and δ = (rest − motion)/k: it sticks until
/// k e = rest, then e − motion/k = δ cos ωt + (V/ω) sin ωt until it rests again, at e = motion/k − δ. (By hand; the
/// shape of the cycle is that of Rabinowicz, *Friction and Wear of Materials*, section 4.)
#[derive(Clone, Copy, Debug)]
pub struct StickSlip {
    pub mass_kg: f64,
    pub stiffness_npm: f64,
    pub speed_mps: f64,
    pub at_rest_n: f64,
    pub in_motion_n: f64,
}

impl StickSlip {
    fn delta_m(&self) -> f64 {
        (self.at_rest_n - self.in_motion_n) / self.stiffness_npm
    }

    pub fn slip_s(&self) -> f64 {
        let omega = (self.stiffness_npm / self.mass_kg).sqrt();
        2.0 * (std::f64::consts::PI - trocar_math::atan(self.delta_m() * omega / self.speed_mps)) / omega
    }

    pub fn stick_s(&self) -> f64 {
        2.0 * self.delta_m() / self.speed_mps
    }

    pub fn jump_m(&self) -> f64 {
        2.0 * self.delta_m() + self.speed_mps * self.slip_s()
    }
}
