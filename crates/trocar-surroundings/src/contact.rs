//! Contact between a shape and spheres: compliant, damped, with friction that holds.

use nalgebra::{Isometry3, Matrix3, Vector3};
use thiserror::Error;
use trocar_dynamics::{Coming, Connection, ConnectionLaw, Matrix6, RelativeMotion, Wrench};

use crate::shape::Shape;

/// How a contact loses energy in a blow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dissipation {
    /// By the coefficient of restitution e of one sphere, 0.1 to 1: F = k pⁿ (1 + χ ṗ) with χ = 8 (1 − e)/(5 e v), v the speed
    /// at which the sphere met the surface (Flores, Machado, Silva, Martins: *On the continuous contact force models for
    /// soft materials in multibody dynamics*, Multibody System Dynamics 25, 2011, eq. 42). Bodies that touch at several
    /// points rebound in their own way: e is that of each sphere alone. Slower than [`LEAST_IMPACT_SPEED_MPS`], the
    /// damping is that of a blow at this speed.
    Restitution(f64),
    /// By a given χ, s/m, at any speed (Hunt and Crossley, *Coefficient of restitution interpreted as damping in
    /// vibroimpact*, 1975).
    PerSpeed(f64),
}

/// Below this speed of impact damping by restitution does not grow any more, m/s. It keeps a body that is laid down gently
/// from being held by ever stiffer damping. Assumed.
pub const LEAST_IMPACT_SPEED_MPS: f64 = 0.01;

/// The law of each sphere of a contact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContactLaw {
    /// k of the normal force k pⁿ at the penetration p, N/mⁿ.
    pub stiffness: f64,
    /// n: 1 for a pad, 1.5 for Hertz' sphere, 3 for a heel pad (csu-hmc/gait2d); 1 to 3.
    pub exponent: f64,
    /// How it loses energy.
    pub dissipation: Dissipation,
    /// Coefficient of friction.
    pub friction: f64,
    /// Stiffness along the surface while it sticks, N/m.
    pub tangential_stiffness: f64,
    /// Damping along the surface while it sticks, N s/m.
    pub tangential_damping: f64,
}

/// A sphere that moves with frame B and touches the shape.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ContactSphere {
    /// Its centre in B, m.
    pub centre_in_b_m: Vector3<f64>,
    /// Its radius, m; a penetration must stay below it.
    pub radius_m: f64,
}

/// Why there is no such contact.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum ContactError {
    /// A number of the law or of a sphere that cannot be.
    #[error("{parameter} = {value} must be {required}")]
    Parameter {
        /// Which.
        parameter: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        required: &'static str,
    },
    /// There is no sphere.
    #[error("it needs at least one sphere")]
    NoSphere,
}

/// The input by which the surface runs along the belt's direction, m/s.
pub const SURFACE_SPEED: &str = "surface_speed";

/// Names of the words of state that describe the contact as a whole over the last step.
pub const AGGREGATES: [&str; 14] = [
    "force_x",
    "force_y",
    "force_z",
    "moment_x",
    "moment_y",
    "moment_z",
    "centre_of_pressure_x",
    "centre_of_pressure_y",
    "centre_of_pressure_z",
    "normal_force",
    "penetration",
    "slip_speed",
    "slid",
    "touching",
];

/// What a contact was over the last step, as its words of state say ([`AGGREGATES`]).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ContactReading {
    /// Mean force on B, in A's axes, N.
    pub force_in_a_n: Vector3<f64>,
    /// Its moment about A's origin, in A's axes, N m.
    pub moment_in_a_nm: Vector3<f64>,
    /// Where the resultant of the normal forces acts, in A, m; where it acted last if nothing touches.
    pub centre_of_pressure_in_a_m: Vector3<f64>,
    /// Sum of the normal forces of all spheres, N.
    pub normal_force_n: f64,
    /// Deepest penetration of a sphere in the middle of the step, m.
    pub penetration_m: f64,
    /// Mean speed at which the spheres slide over the surface, weighted by their normal force, m/s; zero while they hold.
    pub slip_speed_mps: f64,
    /// How far that has led since the start, m.
    pub slid_m: f64,
    /// How many spheres touch.
    pub touching: usize,
}

impl ContactReading {
    /// From a contact's words of state.
    #[must_use]
    pub fn from_state(state: &[f64]) -> Self {
        let Some(
            &[
                fx,
                fy,
                fz,
                mx,
                my,
                mz,
                cx,
                cy,
                cz,
                normal_force_n,
                penetration_m,
                slip_speed_mps,
                slid_m,
                touching,
            ],
        ) = state.get(..AGGREGATES.len())
        else {
            return Self::default();
        };
        Self {
            force_in_a_n: Vector3::new(fx, fy, fz),
            moment_in_a_nm: Vector3::new(mx, my, mz),
            centre_of_pressure_in_a_m: Vector3::new(cx, cy, cz),
            normal_force_n,
            penetration_m,
            slip_speed_mps,
            slid_m,
            touching: touching as usize,
        }
    }
}

/// Words of state of a sphere: the tangential deflection in A's axes (m) and the speed of impact (m/s; zero when apart).
const SPHERE_WORDS: usize = 4;

/// A shape that moves with frame A and spheres that move with frame B.
///
/// Each sphere pushes by itself; penetration p = radius − distance of its centre. Over a step it goes from p₀ to p₁, both
/// by the motion of the contact in the step's middle, and the mean elastic force is the difference quotient of the energy
/// E = k pⁿ⁺¹/(n + 1): (E(p₁) − E(p₀))/(p₁ − p₀). So its work is the growth of E to the last bit of rounding, at any
/// step. Damping k pⁿ χ ṗ is added with p of the middle, and the sum never pulls: what is left out there is lost energy.
///
/// Friction is elasto-plastic (Dupont and others, *Single state elastoplastic friction models*, 2002, with the elastic
/// range up to the limit): a bristle z in the tangent plane, force −(k_t z + d_t ż) up to μ times the normal force, so that
/// what rests does not creep. The limit is isotropic and taken with the normal force expected for the middle of the
/// step, so that normal and tangential force of one step are each the slope of a convex function; the error is of the
/// second order while the contact lasts. Where the force is at its limit, the bristle is drawn along at its greatest
/// length: it never gives back more than it took.
///
/// Errors of p₁ against the next p₀ are of third order and change sign: contact neither makes nor loses energy by them in
/// the long run (tests: `tests/energy.rs`).
#[derive(Clone, Debug)]
pub struct Contact {
    shape: Shape,
    a_from_shape: Isometry3<f64>,
    spheres: Box<[ContactSphere]>,
    law: ContactLaw,
    /// Unit vector along which the surface runs at [`SURFACE_SPEED`], in A.
    belt_in_a: Vector3<f64>,
}

/// What is prepared for each sphere once a step.
#[derive(Clone, Copy)]
struct Prepared {
    /// Penetrations in the middle and at the start, m.
    middle_m: f64,
    start_m: f64,
    normal: Vector3<f64>,
    /// From B's origin to the place of contact, in A's axes, m.
    arm_m: Vector3<f64>,
    /// Bristle, in the tangent plane, m.
    bristle_m: Vector3<f64>,
    /// Normal damping, N s/m.
    damping: f64,
    /// Most that friction may hold, N.
    friction_limit_n: f64,
    impact_mps: f64,
}

const PREPARED_WORDS: usize = 14;

impl Prepared {
    fn write(&self, words: &mut [f64]) {
        let (n, a, b) = (&self.normal, &self.arm_m, &self.bristle_m);
        words.copy_from_slice(&[
            self.middle_m,
            self.start_m,
            n.x,
            n.y,
            n.z,
            a.x,
            a.y,
            a.z,
            b.x,
            b.y,
            b.z,
            self.damping,
            self.friction_limit_n,
            self.impact_mps,
        ]);
    }

    fn read(w: &[f64]) -> Self {
        Self {
            middle_m: w[0],
            start_m: w[1],
            normal: Vector3::new(w[2], w[3], w[4]),
            arm_m: Vector3::new(w[5], w[6], w[7]),
            bristle_m: Vector3::new(w[8], w[9], w[10]),
            damping: w[11],
            friction_limit_n: w[12],
            impact_mps: w[13],
        }
    }

    /// Penetration at the end of a step at this rate of it, m.
    fn end_m(&self, rate_mps: f64, step_s: f64) -> f64 {
        self.start_m + step_s * rate_mps
    }
}

/// The force of one sphere at a mean velocity.
struct SphereForce {
    normal_n: f64,
    /// Slope against the rate of penetration, N s/m.
    normal_slope: f64,
    tangential_n: Vector3<f64>,
    /// Slope in the plane while it sticks; scaled down, and none along the force, where it slides.
    tangential_slope: f64,
    /// Unit vector of the force where it slides.
    slides_along: Option<Vector3<f64>>,
}

impl Contact {
    /// A contact; the surface runs along `belt_in_a` (made a unit vector) when its input `surface_speed` is not zero.
    ///
    /// # Errors
    /// See [`ContactError`].
    pub fn new(
        shape: Shape,
        a_from_shape: Isometry3<f64>,
        spheres: Vec<ContactSphere>,
        law: ContactLaw,
        belt_in_a: Vector3<f64>,
    ) -> Result<Self, ContactError> {
        if spheres.is_empty() {
            return Err(ContactError::NoSphere);
        }
        let refused =
            |parameter, value, required| Err(ContactError::Parameter { parameter, value, required });
        let above = |x: f64, least: f64| x >= least && x.is_finite();
        for sphere in &spheres {
            if !(sphere.radius_m > 0.0 && sphere.radius_m.is_finite()) {
                return refused("radius", sphere.radius_m, "above zero");
            }
            if !sphere.centre_in_b_m.sum().is_finite() {
                return refused("centre", sphere.centre_in_b_m.sum(), "finite");
            }
        }
        if !(law.stiffness > 0.0 && law.stiffness.is_finite()) {
            return refused("stiffness", law.stiffness, "above zero");
        }
        if !(law.exponent >= 1.0 && law.exponent <= 3.0) {
            return refused("exponent", law.exponent, "from 1 to 3");
        }
        match law.dissipation {
            Dissipation::Restitution(e) if !(0.1..=1.0).contains(&e) => {
                return refused("restitution", e, "from 0.1 to 1: no damping law of this kind loses more");
            }
            Dissipation::PerSpeed(x) if !above(x, 0.0) => {
                return refused("dissipation", x, "at least zero");
            }
            _ => {}
        }
        if !above(law.friction, 0.0) {
            return refused("friction", law.friction, "at least zero");
        }
        if !(law.tangential_stiffness > 0.0 && law.tangential_stiffness.is_finite()) {
            return refused("tangential_stiffness", law.tangential_stiffness, "above zero");
        }
        if !above(law.tangential_damping, 0.0) {
            return refused("tangential_damping", law.tangential_damping, "at least zero");
        }
        let Some(belt_in_a) = belt_in_a.try_normalize(1e-12) else {
            return refused("belt direction", belt_in_a.norm(), "a direction");
        };
        Ok(Self { shape, a_from_shape, spheres: spheres.into(), law, belt_in_a })
    }

    /// Its spheres.
    #[must_use]
    pub fn spheres(&self) -> &[ContactSphere] {
        &self.spheres
    }

    /// k pⁿ, N.
    fn elastic_n(&self, penetration_m: f64) -> f64 {
        if penetration_m <= 0.0 { 0.0 } else { self.law.stiffness * power(penetration_m, self.law.exponent) }
    }

    /// k pⁿ⁺¹/(n + 1), J.
    fn energy_j(&self, penetration_m: f64) -> f64 {
        self.elastic_n(penetration_m) * trocar_math::max(penetration_m, 0.0) / (self.law.exponent + 1.0)
    }

    /// The mean of k pⁿ over a step from one penetration to another by the energy between them, and its derivative by
    /// the latter.
    fn mean_elastic(&self, from_m: f64, to_m: f64) -> (f64, f64) {
        let (change, sum) = (to_m - from_m, from_m.abs() + to_m.abs());
        let n = self.law.exponent;
        if n == 1.0 && from_m >= 0.0 && to_m >= 0.0 {
            return (0.5 * self.law.stiffness * (from_m + to_m), 0.5 * self.law.stiffness);
        }
        if change.abs() <= 1e-5 * sum {
            // The difference of energies would be all rounding; the middle is right to the square of this.
            let middle = 0.5 * (from_m + to_m);
            let slope = if middle > 0.0 { n * self.elastic_n(middle) / middle } else { 0.0 };
            return (self.elastic_n(middle), 0.5 * slope);
        }
        let mean = (self.energy_j(to_m) - self.energy_j(from_m)) / change;
        (mean, (self.elastic_n(to_m) - mean) / change)
    }

    /// χ, s/m.
    fn damping_per_elastic(&self, impact_mps: f64) -> f64 {
        match self.law.dissipation {
            Dissipation::Restitution(e) => {
                1.6 * (1.0 - e) / (e * trocar_math::max(impact_mps, LEAST_IMPACT_SPEED_MPS))
            }
            Dissipation::PerSpeed(per_speed) => per_speed,
        }
    }

    /// A sphere at a pose: penetration, normal, arm from B's origin to the place of contact; in A's axes.
    fn place(&self, sphere: &ContactSphere, a_from_b: &Isometry3<f64>) -> (f64, Vector3<f64>, Vector3<f64>) {
        let centre_from_b = a_from_b.rotation * sphere.centre_in_b_m;
        let centre_in_a = a_from_b.translation.vector + centre_from_b;
        let in_shape = self.a_from_shape.inverse_transform_point(&centre_in_a.into()).coords;
        let nearest = self.shape.nearest(&in_shape);
        let normal = self.a_from_shape.rotation * nearest.normal;
        (sphere.radius_m - nearest.distance_m, normal, centre_from_b - normal * nearest.distance_m)
    }

    /// Velocity of B against the surface at the place of contact, in A's axes, m/s.
    fn slide(
        &self,
        arm_m: &Vector3<f64>,
        (linear, angular): (&Vector3<f64>, &Vector3<f64>),
        surface_mps: f64,
    ) -> Vector3<f64> {
        linear + angular.cross(arm_m) - self.belt_in_a * surface_mps
    }

    fn force(&self, at: &Prepared, velocity: &Vector3<f64>, step_s: f64) -> Option<SphereForce> {
        let rate = -at.normal.dot(velocity);
        let end_m = at.end_m(rate, step_s);
        // Where it touches in the middle alone, damping and friction act whatever the end: a force that sprang up with the
        // end would be no slope of anything.
        if at.middle_m <= 0.0 && at.start_m <= 0.0 && end_m <= 0.0 {
            return None;
        }
        let (elastic_n, slope) = self.mean_elastic(at.start_m, end_m);
        let pushed = elastic_n + at.damping * rate;
        let (normal_n, normal_slope) =
            if pushed > 0.0 { (pushed, step_s * slope + at.damping) } else { (0.0, 0.0) };
        let along = velocity + at.normal * rate;
        let stick = 0.5 * self.law.tangential_stiffness * step_s + self.law.tangential_damping;
        let trial = -at.bristle_m * self.law.tangential_stiffness - along * stick;
        let (size, limit) = (trial.norm(), at.friction_limit_n);
        let (tangential_n, tangential_slope, slides_along) = if size <= limit {
            (trial, stick, None)
        } else {
            let direction = trial / size;
            (direction * limit, stick * limit / size, Some(direction))
        };
        Some(SphereForce { normal_n, normal_slope, tangential_n, tangential_slope, slides_along })
    }

    fn bristle_after(
        &self,
        bristle_m: &Vector3<f64>,
        along_mps: &Vector3<f64>,
        limit_n: f64,
        step_s: f64,
    ) -> Vector3<f64> {
        let moved = bristle_m + along_mps * step_s;
        let (most, length) = (limit_n / self.law.tangential_stiffness, moved.norm());
        if length <= most { moved } else { moved * (most / length) }
    }

    fn sphere_words(state: &[f64], place: usize) -> &[f64] {
        &state[AGGREGATES.len() + place * SPHERE_WORDS..][..SPHERE_WORDS]
    }
}

/// xⁿ for x > 0; the exponents in use without a logarithm.
fn power(x: f64, n: f64) -> f64 {
    if n == 1.0 {
        x
    } else if n == 1.5 {
        x * x.sqrt()
    } else if n == 2.0 {
        x * x
    } else if n == 3.0 {
        x * x * x
    } else {
        trocar_math::powf(x, n)
    }
}

impl Connection for Contact {
    fn state_names(&self) -> Vec<String> {
        let mut names: Vec<String> = AGGREGATES.iter().map(|name| (*name).to_owned()).collect();
        for place in 0..self.spheres.len() {
            for part in ["deflection_x", "deflection_y", "deflection_z", "impact_speed"] {
                names.push(format!("sphere_{place}.{part}"));
            }
        }
        names
    }

    fn inputs(&self) -> Vec<(&'static str, f64)> {
        vec![("friction", self.law.friction), (SURFACE_SPEED, 0.0)]
    }

    fn memory_len(&self) -> usize {
        PREPARED_WORDS * self.spheres.len()
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn prepare(&self, coming: &Coming, inputs: &[f64], state: &[f64], memory: &mut [f64]) {
        let half = 0.5 * coming.step_s;
        let motion = &coming.motion;
        for (place, (sphere, words)) in
            self.spheres.iter().zip(memory.chunks_exact_mut(PREPARED_WORDS)).enumerate()
        {
            let (middle_m, normal, arm_m) = self.place(sphere, &motion.a_from_b);
            let rate =
                -normal.dot(&self.slide(&arm_m, (&motion.linear_mps, &motion.angular_radps), inputs[1]));
            let expected =
                -normal.dot(&self.slide(&arm_m, (&coming.expected.0, &coming.expected.1), inputs[1]));
            let own = Self::sphere_words(state, place);
            let bristle = Vector3::new(own[0], own[1], own[2]);
            let impact_mps = if own[3] > 0.0 { own[3] } else { trocar_math::max(rate, 0.0) };
            let elastic_n = self.elastic_n(middle_m);
            let damping = elastic_n * self.damping_per_elastic(impact_mps);
            let normal_n = trocar_math::max(elastic_n + damping * expected, 0.0);
            let prepared = Prepared {
                middle_m,
                start_m: middle_m - half * rate,
                normal,
                arm_m,
                bristle_m: bristle - normal * normal.dot(&bristle),
                damping,
                friction_limit_n: inputs[0] * normal_n,
                impact_mps,
            };
            prepared.write(words);
        }
    }

    fn law(
        &self,
        motion: &RelativeMotion,
        step_s: f64,
        inputs: &[f64],
        _state: &[f64],
        memory: &[f64],
    ) -> ConnectionLaw {
        let mut law = ConnectionLaw::default();
        for words in memory.chunks_exact(PREPARED_WORDS) {
            let at = Prepared::read(words);
            let velocity = self.slide(&at.arm_m, (&motion.linear_mps, &motion.angular_radps), inputs[1]);
            let Some(force) = self.force(&at, &velocity, step_s) else { continue };
            let n = &at.normal;
            let total = n * force.normal_n + force.tangential_n;
            law.wrench_on_b.force_n += total;
            law.wrench_on_b.moment_nm += at.arm_m.cross(&total);
            law.size[0] += total.norm();
            law.size[1] += total.norm() * at.arm_m.norm();
            let mut slope = (Matrix3::identity() - n * n.transpose()) * force.tangential_slope
                + n * n.transpose() * force.normal_slope;
            if let Some(along) = force.slides_along {
                slope -= along * along.transpose() * force.tangential_slope;
            }
            add_slope(&slope, &at.arm_m, &mut law.damping);
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
        let (mut total, mut pressure, mut weighted) = (Vector3::zeros(), 0.0, Vector3::zeros());
        let mut moment = Vector3::zeros();
        let (mut deepest, mut slip, mut touching) = (0.0, 0.0, 0.0);
        let (aggregates, spheres) = state.split_at_mut(AGGREGATES.len());
        for (words, own) in memory.chunks_exact(PREPARED_WORDS).zip(spheres.chunks_exact_mut(SPHERE_WORDS)) {
            let at = Prepared::read(words);
            let velocity = self.slide(&at.arm_m, (&motion.linear_mps, &motion.angular_radps), inputs[1]);
            let Some(force) = self.force(&at, &velocity, step_s) else {
                own.fill(0.0);
                continue;
            };
            let rate = -at.normal.dot(&velocity);
            let along = velocity + at.normal * rate;
            let bristle = self.bristle_after(&at.bristle_m, &along, at.friction_limit_n, step_s);
            own[..3].copy_from_slice(bristle.as_slice());
            own[3] = if at.end_m(rate, step_s) > 0.0 {
                trocar_math::max(at.impact_mps, f64::MIN_POSITIVE)
            } else {
                0.0
            };
            let (place, pushed) = (
                motion.a_from_b.translation.vector + at.arm_m,
                at.normal * force.normal_n + force.tangential_n,
            );
            total += pushed;
            moment += place.cross(&pushed);
            pressure += force.normal_n;
            weighted += place * force.normal_n;
            deepest = trocar_math::max(deepest, at.middle_m);
            // What the bristle did not follow has slid.
            let slid = along - (bristle - at.bristle_m) / step_s;
            if force.slides_along.is_some() {
                slip += slid.norm() * force.normal_n;
            }
            touching += 1.0;
        }
        if pressure > 0.0 {
            weighted /= pressure;
            slip /= pressure;
            aggregates[6..9].copy_from_slice(weighted.as_slice());
        } else {
            slip = 0.0;
        }
        aggregates[..3].copy_from_slice(total.as_slice());
        aggregates[3..6].copy_from_slice(moment.as_slice());
        aggregates[9] = pressure;
        aggregates[10] = deepest;
        aggregates[11] = slip;
        aggregates[12] += slip * step_s;
        aggregates[13] = touching;
    }

    fn rates(
        &self,
        motion: &RelativeMotion,
        inputs: &[f64],
        state: &[f64],
        state_rates: &mut [f64],
    ) -> Wrench {
        state_rates.fill(0.0);
        let mut wrench = Wrench::default();
        for (place, sphere) in self.spheres.iter().enumerate() {
            let (penetration_m, normal, arm_m) = self.place(sphere, &motion.a_from_b);
            if penetration_m <= 0.0 {
                continue;
            }
            let velocity = self.slide(&arm_m, (&motion.linear_mps, &motion.angular_radps), inputs[1]);
            let (rate, along) = (-normal.dot(&velocity), velocity - normal * normal.dot(&velocity));
            let own = Self::sphere_words(state, place);
            let bristle = Vector3::new(own[0], own[1], own[2]);
            let elastic_n = self.elastic_n(penetration_m);
            let impact = trocar_math::max(own[3], 0.0);
            let normal_n = trocar_math::max(elastic_n * (1.0 + self.damping_per_elastic(impact) * rate), 0.0);
            let limit = inputs[0] * normal_n;
            let spring = -bristle * self.law.tangential_stiffness;
            let (size, held) = (spring.norm(), -spring);
            // At its limit the bristle turns, and grows no longer.
            let outwards = if size >= limit && size > 0.0 && held.dot(&along) > 0.0 {
                held * (held.dot(&along) / (size * size))
            } else {
                Vector3::zeros()
            };
            let bristle_rate = along - outwards;
            let trial = spring - bristle_rate * self.law.tangential_damping;
            let tangential = if trial.norm() > limit { trial * (limit / trial.norm()) } else { trial };
            state_rates[AGGREGATES.len() + place * SPHERE_WORDS..][..3]
                .copy_from_slice(bristle_rate.as_slice());
            let total = normal * normal_n + tangential;
            wrench.force_n += total;
            wrench.moment_nm += arm_m.cross(&total);
        }
        wrench
    }

    fn stored_energy(&self, a_from_b: &Isometry3<f64>, state: &[f64]) -> f64 {
        let of = |(place, sphere): (usize, &ContactSphere)| {
            let (penetration_m, ..) = self.place(sphere, a_from_b);
            let own = Self::sphere_words(state, place);
            let bristle = Vector3::new(own[0], own[1], own[2]);
            self.energy_j(penetration_m) + 0.5 * self.law.tangential_stiffness * bristle.norm_squared()
        };
        self.spheres.iter().enumerate().map(of).sum()
    }
}

/// Adds what a slope of the force at a place does to the wrench about B's origin: [S, −S[r]; [r]S, −[r]S[r]].
fn add_slope(slope: &Matrix3<f64>, arm_m: &Vector3<f64>, damping: &mut Matrix6) {
    let cross = arm_m.cross_matrix();
    let turned = slope * cross;
    let both = cross * turned;
    for i in 0..3 {
        for j in 0..3 {
            damping[i][j] += slope[(i, j)];
            damping[i][3 + j] -= turned[(i, j)];
            // The transpose of the block above.
            damping[3 + i][j] -= turned[(j, i)];
            damping[3 + i][3 + j] -= both[(i, j)];
        }
    }
}
