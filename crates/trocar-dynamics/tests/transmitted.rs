//! Accelerations and transmitted wrenches: against differences of velocities, free fall, statics, and the rate of
//! momentum.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::{Draws, Sample, random_mechanism, random_motion, size};
use nalgebra::{Isometry3, Matrix3, Vector3};
use trocar_dynamics::{
    CoordinateKind, FrameId, Inertia, JointVariable, Mechanism, MechanismBuilder, Placement, Workspace,
};

const PAYLOAD_KG: f64 = 0.7;

/// q, q̇ and q̈ of all coordinates.
struct Motion {
    q: Vec<f64>,
    qd: Vec<f64>,
    qdd: Vec<f64>,
}

impl Motion {
    fn random(mechanism: &Mechanism, draws: &mut Draws) -> Motion {
        let (q, qd) = random_motion(mechanism, draws);
        Motion { q, qd, qdd: draws.list(mechanism.coordinate_count(), 5.0) }
    }

    /// A time `dt` later (or earlier) with the same q̈.
    fn after(&self, mechanism: &Mechanism, dt: f64) -> Motion {
        let later = |dt: f64| self.qd.iter().zip(&self.qdd).map(|(v, a)| v + dt * a).collect::<Vec<_>>();
        let mut q = self.q.clone();
        mechanism.drift(&mut q, &later(0.5 * dt), dt).unwrap();
        Motion { q, qd: later(dt), qdd: self.qdd.clone() }
    }

    fn evaluate(&self, mechanism: &Mechanism, payload_kg: &[f64]) -> Workspace {
        let mut ws = mechanism.workspace();
        let mut effort = vec![0.0; self.qd.len()];
        mechanism.inverse_dynamics(&self.q, &self.qd, &self.qdd, payload_kg, &mut ws, &mut effort).unwrap();
        ws
    }
}

/// Over 1e-5 s central differences err by the third derivative times 2e-11 (which is at most some 1e4 here) and by
/// rounding, 1e-16·10/1e-5.
#[test]
fn accelerations_are_differences_of_velocities_also_of_frames_without_mass() {
    let mut draws = Draws::new(51);
    let dt = 1e-5;
    for _ in 0..40 {
        let Sample { mechanism, .. } = random_mechanism(&mut draws);
        let motion = Motion::random(&mechanism, &mut draws);
        let here = motion.evaluate(&mechanism, &[PAYLOAD_KG]);
        let (before, after) = (
            motion.after(&mechanism, -dt).evaluate(&mechanism, &[PAYLOAD_KG]),
            motion.after(&mechanism, dt).evaluate(&mechanism, &[PAYLOAD_KG]),
        );
        let point = draws.vector(0.4);
        let names: Vec<String> = mechanism.frame_names().map(str::to_owned).collect();
        for name in names {
            let frame = mechanism.frame(&name).unwrap();
            let found = mechanism.point_acceleration(&here, frame, &point);
            let speed = |ws: &Workspace| ws.point_velocity(frame, &point);
            let turning = |ws: &Workspace| ws.twist(frame).angular_radps;
            let linear = (speed(&after) - speed(&before)) / (2.0 * dt);
            let angular = (turning(&after) - turning(&before)) / (2.0 * dt);
            assert!((found.linear_mps2 - linear).norm() < 2e-6 * (1.0 + linear.norm()), "{name}");
            assert!((found.angular_radps2 - angular).norm() < 2e-6 * (1.0 + angular.norm()), "{name}");
        }
    }
}

/// A slide that falls with g accelerates with g, and nothing holds it.
#[test]
fn in_free_fall_the_acceleration_is_gravity_and_nothing_is_transmitted() {
    let gravity = Vector3::new(0.0, 0.0, -9.81);
    let mut b = MechanismBuilder::new(gravity, Isometry3::identity());
    let fall = b.coordinate("fall", CoordinateKind::Prismatic);
    let slide = b.frame(
        "slide",
        FrameId::BASE,
        Placement::Fixed(Isometry3::identity()),
        Some(JointVariable::prismatic(&[(fall, 1.0)])),
    );
    let box_ = Inertia {
        mass_kg: 2.0,
        centre_of_mass_m: Vector3::new(0.1, 0.2, 0.3),
        about_centre_kgm2: Matrix3::identity() * 0.01,
    };
    b.body(slide, &box_).unwrap();
    let mechanism = b.build().unwrap();
    let motion = Motion { q: vec![0.3], qd: vec![-1.0], qdd: vec![-9.81] };
    let ws = motion.evaluate(&mechanism, &[]);
    let point = Vector3::new(0.5, 0.0, 0.0);
    assert_eq!(mechanism.point_acceleration(&ws, slide, &point).linear_mps2, gravity);
    let wrench = mechanism.transmitted_wrench(&ws, slide, &point);
    assert_eq!((wrench.force_n.norm(), wrench.moment_nm.norm()), (0.0, 0.0));
}

/// A bar of length l and mass m with a weight at its end, level and at rest: the wall holds (m + p) g and, about its own
/// point, (m l/2 + p l) g; about the middle of the bar p g l/2 is left of it, less what the force does there.
#[test]
fn a_cantilever_hangs_on_its_wall() {
    let (m, p, l, g) = (1.2, 0.4, 0.8, 9.81);
    let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -g), Isometry3::identity());
    let turn = b.coordinate("turn", CoordinateKind::Revolute);
    // A frame that does not turn carries one that does: the bar lies along x, the joint's axis along z.
    let wall = b.frame("wall", FrameId::BASE, Placement::Fixed(Isometry3::identity()), None);
    let joint = b.frame(
        "joint",
        wall,
        Placement::Fixed(Isometry3::identity()),
        Some(JointVariable::revolute(&[(turn, 1.0)])),
    );
    let bar = Inertia {
        mass_kg: m,
        centre_of_mass_m: Vector3::new(l / 2.0, 0.0, 0.0),
        about_centre_kgm2: Matrix3::from_diagonal(&Vector3::new(1e-4, m * l * l / 12.0, m * l * l / 12.0)),
    };
    b.body(joint, &bar).unwrap();
    let _ = b.payload(joint, Vector3::new(l, 0.0, 0.0));
    let mechanism = b.build().unwrap();
    let motion = Motion { q: vec![0.0], qd: vec![0.0], qdd: vec![0.0] };
    let ws = motion.evaluate(&mechanism, &[p]);
    for frame in [wall, joint, FrameId::BASE] {
        let held = mechanism.transmitted_wrench(&ws, frame, &Vector3::zeros());
        assert!((held.force_n - Vector3::new(0.0, 0.0, (m + p) * g)).norm() < 1e-12);
        // A force up at +x turns about −y.
        assert!((held.moment_nm - Vector3::new(0.0, -(m * l / 2.0 + p * l) * g, 0.0)).norm() < 1e-12);
    }
    let middle = mechanism.transmitted_wrench(&ws, joint, &Vector3::new(l / 2.0, 0.0, 0.0));
    assert!((middle.moment_nm - Vector3::new(0.0, -p * l / 2.0 * g, 0.0)).norm() < 1e-12);
}

/// Linear momentum and angular momentum about the world's origin.
fn momentum(sample: &Sample, ws: &Workspace) -> (Vector3<f64>, Vector3<f64>) {
    let mut linear = Vector3::zeros();
    let mut angular = Vector3::zeros();
    for (frame, body) in &sample.bodies {
        let speed = ws.point_velocity(*frame, &body.centre_of_mass_m);
        let at = ws.point_in_world(*frame, &body.centre_of_mass_m);
        let turn = ws.world_from_frame(*frame).rotation.to_rotation_matrix();
        let about = turn.matrix() * body.about_centre_kgm2 * turn.matrix().transpose();
        linear += speed * body.mass_kg;
        angular += at.cross(&(speed * body.mass_kg)) + about * ws.twist(*frame).angular_radps;
    }
    for (_, frame, point) in &sample.payloads {
        let push = ws.point_velocity(*frame, point) * PAYLOAD_KG;
        linear += push;
        angular += ws.point_in_world(*frame, point).cross(&push);
    }
    (linear, angular)
}

/// What the base carries is the rate of the momentum of all that moves, less gravity's share; differences as above.
#[test]
fn the_base_carries_the_rate_of_momentum_less_the_weight() {
    let mut draws = Draws::new(52);
    let dt = 1e-5;
    for _ in 0..40 {
        let sample = random_mechanism(&mut draws);
        let mechanism = &sample.mechanism;
        let motion = Motion::random(mechanism, &mut draws);
        let here = motion.evaluate(mechanism, &[PAYLOAD_KG]);
        let (p0, l0) = momentum(&sample, &motion.after(mechanism, -dt).evaluate(mechanism, &[PAYLOAD_KG]));
        let (p1, l1) = momentum(&sample, &motion.after(mechanism, dt).evaluate(mechanism, &[PAYLOAD_KG]));
        let (mut weight, mut moment) = (Vector3::zeros(), Vector3::zeros());
        let mut add = |mass: f64, at: Vector3<f64>| {
            weight += sample.gravity * mass;
            moment += at.cross(&(sample.gravity * mass));
        };
        for (frame, body) in &sample.bodies {
            add(body.mass_kg, here.point_in_world(*frame, &body.centre_of_mass_m));
        }
        for (_, frame, point) in &sample.payloads {
            add(PAYLOAD_KG, here.point_in_world(*frame, point));
        }
        // The wrench about the world's origin: the base's own point that lies there.
        let origin_in_base = mechanism.world_from_base().inverse().translation.vector;
        let held = mechanism.transmitted_wrench(&here, FrameId::BASE, &origin_in_base);
        let force = (p1 - p0) / (2.0 * dt) - weight;
        let about = (l1 - l0) / (2.0 * dt) - moment;
        assert!((held.force_n - force).norm() < 1e-5 * (1.0 + force.norm()));
        assert!((held.moment_nm - about).norm() < 1e-5 * (1.0 + about.norm()));
    }
}

/// The power that the efforts put in crosses the joints: the sum over all frames of the transmitted wrench on the frame's
/// motion against its parent, and what the rotor takes. Rounding of some ten products sets the tolerance.
#[test]
fn the_power_of_the_efforts_crosses_the_joints() {
    let mut draws = Draws::new(53);
    for _ in 0..40 {
        let sample = random_mechanism(&mut draws);
        let mechanism = &sample.mechanism;
        let motion = Motion::random(mechanism, &mut draws);
        let mut ws = mechanism.workspace();
        let mut effort = vec![0.0; mechanism.coordinate_count()];
        let Motion { q, qd, qdd } = &motion;
        mechanism.inverse_dynamics(q, qd, qdd, &[PAYLOAD_KG], &mut ws, &mut effort).unwrap();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut shares: Vec<f64> =
            sample.rotors.iter().map(|(row, inertia)| inertia * dot(row, qdd) * dot(row, qd)).collect();
        for name in mechanism.frame_names().skip(1) {
            let frame = mechanism.frame(name).unwrap();
            let parent = mechanism.parent(frame).unwrap();
            let wrench = mechanism.transmitted_wrench(&ws, frame, &Vector3::zeros());
            let origin = ws.point_in_world(frame, &Vector3::zeros());
            let in_parent = ws.world_from_frame(parent).inverse_transform_point(&origin.into()).coords;
            let sliding = ws.twist(frame).linear_mps - ws.point_velocity(parent, &in_parent);
            let turning = ws.twist(frame).angular_radps - ws.twist(parent).angular_radps;
            shares.push(wrench.force_n.dot(&sliding) + wrench.moment_nm.dot(&turning));
        }
        let power = dot(&effort, qd);
        assert!((power - shares.iter().sum::<f64>()).abs() < 1e-12 * (size(&shares) + size(&effort)) * 10.0);
    }
}
