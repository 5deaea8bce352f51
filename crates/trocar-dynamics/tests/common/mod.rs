//! Random mechanisms with random but possible bodies.

#![allow(dead_code, reason = "no test uses all of these helpers")]

use nalgebra::{Isometry3, Matrix3, Quaternion, UnitQuaternion, Vector3};
use trocar_dynamics::{
    CoordinateKind, FrameId, Inertia, JointVariable, Mechanism, MechanismBuilder, PayloadId, Placement,
};
use trocar_math::random::Stream;

/// Draws one after another.
pub struct Draws {
    stream: Stream,
    next: u64,
}

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self { stream: Stream::new(seed, 0, "test"), next: 0 }
    }

    pub fn range(&mut self, low: f64, high: f64) -> f64 {
        self.next += 1;
        self.stream.at(self.next, 0).uniform_in(low, high)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.next += 1;
        (self.stream.at(self.next, 0).u64() % n as u64) as usize
    }

    pub fn vector(&mut self, size: f64) -> Vector3<f64> {
        Vector3::from_fn(|_, _| self.range(-size, size))
    }

    pub fn list(&mut self, n: usize, size: f64) -> Vec<f64> {
        (0..n).map(|_| self.range(-size, size)).collect()
    }

    pub fn pose(&mut self) -> Isometry3<f64> {
        let [w, i, j, k] = [0; 4].map(|_| self.range(-1.0, 1.0));
        Isometry3::from_parts(
            self.vector(0.5).into(),
            UnitQuaternion::from_quaternion(Quaternion::new(w, i, j, k)),
        )
    }

    /// The inertia of a few random point masses: possible by construction.
    pub fn inertia(&mut self) -> Inertia {
        let points: Vec<(f64, Vector3<f64>)> =
            (0..5).map(|_| (self.range(0.1, 1.0), self.vector(0.3))).collect();
        let mass_kg = points.iter().map(|(m, _)| m).sum();
        let centre: Vector3<f64> = points.iter().map(|(m, p)| p * *m).sum::<Vector3<f64>>() / mass_kg;
        let about_centre_kgm2 = points.iter().fold(Matrix3::zeros(), |sum, (m, p)| {
            let r = p - centre;
            sum + (Matrix3::identity() * r.norm_squared() - r * r.transpose()) * *m
        });
        Inertia { mass_kg, centre_of_mass_m: centre, about_centre_kgm2 }
    }
}

pub struct Sample {
    pub mechanism: Mechanism,
    pub bodies: Vec<(FrameId, Inertia)>,
    pub payloads: Vec<(PayloadId, FrameId, Vector3<f64>)>,
    pub rotors: Vec<(Vec<f64>, f64)>,
    pub gravity: Vector3<f64>,
}

/// A position and a velocity of any mechanism: angles and displacements within ±2, ball joints anywhere.
pub fn random_motion(mechanism: &Mechanism, draws: &mut Draws) -> (Vec<f64>, Vec<f64>) {
    let mut q = mechanism.zero_position();
    let n = mechanism.coordinate_count();
    // Turns by up to 4 rad, so that all of a quaternion's signs occur.
    mechanism.drift(&mut q, &draws.list(n, 2.0), 2.0).unwrap();
    (q, draws.list(n, 2.0))
}

/// The position reached by moving one coordinate (of a ball joint: turning about one of its axes).
pub fn nudged(mechanism: &Mechanism, q: &[f64], k: usize, by: f64) -> Vec<f64> {
    let (mut moved, mut rate) = (q.to_vec(), vec![0.0; mechanism.coordinate_count()]);
    rate[k] = 1.0;
    mechanism.drift(&mut moved, &rate, by).unwrap();
    moved
}

/// A random tree of 6 to 9 frames on 4 coordinates with mixed rows, fixed frames, massless frames, a payload and a
/// rotor; every other one also has a ball joint, every third a free body.
pub fn random_mechanism(draws: &mut Draws) -> Sample {
    random(draws, true)
}

/// The same without couplings: each coordinate moves one joint, whose variable may be a multiple of it.
pub fn random_tree(draws: &mut Draws) -> Sample {
    random(draws, false)
}

fn random(draws: &mut Draws, coupled: bool) -> Sample {
    let n = 4;
    let gravity = draws.vector(10.0);
    let mut b = MechanismBuilder::new(gravity, draws.pose());
    let coordinates: Vec<_> =
        (0..n).map(|i| b.coordinate(&format!("c{i}"), CoordinateKind::Revolute)).collect();
    let mut frames = vec![FrameId::BASE];
    let mut bodies = Vec::new();
    let free = draws.below(3) == 0;
    let ball_at = if draws.below(2) == 0 { Some(draws.below(6)) } else { None };
    if free {
        let frame = b.free_frame("free", FrameId::BASE, Placement::Fixed(draws.pose()));
        let inertia = draws.inertia();
        b.body(frame, &inertia).unwrap();
        bodies.push((frame, inertia));
        frames.push(frame);
    }
    for i in 0..6 + draws.below(4) {
        let parent = frames[draws.below(frames.len())];
        let placement = if draws.below(2) == 0 {
            Placement::Fixed(draws.pose())
        } else {
            let [a_m, alpha_rad, d_m, theta_rad] = [0.4, 3.0, 0.4, 3.0].map(|size| draws.range(-size, size));
            Placement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad }
        };
        // The first n frames move with one coordinate each, so that all are used.
        let mut row = if i < n { vec![(coordinates[i], draws.range(0.5, 1.5))] } else { Vec::new() };
        for &coordinate in &coordinates {
            if draws.below(3) == 0 && coupled {
                row.push((coordinate, [-1.0, 1.0, draws.range(-1.0, 1.0)][draws.below(3)]));
            }
        }
        let variable = match draws.below(if i < n { 2 } else { 3 }) {
            _ if row.is_empty() => None,
            0 => Some(JointVariable::revolute(&row)),
            1 => Some(JointVariable::prismatic(&row)),
            _ => None,
        };
        let frame = b.frame(&format!("f{i}"), parent, placement, variable);
        if i < n || draws.below(2) == 0 {
            let inertia = draws.inertia();
            b.body(frame, &inertia).unwrap();
            bodies.push((frame, inertia));
        }
        frames.push(frame);
        if ball_at == Some(i) {
            let ball = b.spherical_frame("ball", frame, Placement::Fixed(draws.pose()));
            let inertia = draws.inertia();
            b.body(ball, &inertia).unwrap();
            bodies.push((ball, inertia));
            frames.push(ball);
        }
    }
    let (frame, point) = (frames[frames.len() - 1], draws.vector(0.3));
    let payloads = vec![(b.payload(frame, point), frame, point)];
    let mut row = draws.list(n, 3.0);
    if !coupled {
        row[1..].fill(0.0);
    }
    let sparse: Vec<_> = coordinates.iter().copied().zip(row.iter().copied()).collect();
    b.rotor("rotor", &sparse, 0.05);
    let mechanism = b.build().unwrap();
    row.resize(mechanism.coordinate_count(), 0.0);
    Sample { mechanism, bodies, payloads, rotors: vec![(row, 0.05)], gravity }
}

/// Largest absolute entry.
pub fn size(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| trocar_math::max(most, v.abs()))
}
