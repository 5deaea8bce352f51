//! Kinematics and dynamics against finite differences, a dense formulation, energy and closed forms.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::{Draws, Sample, nudged, random_mechanism, random_motion, random_tree, size};
use nalgebra::{Isometry3, Matrix3, Vector3};
use proptest::prelude::*;
use trocar_dynamics::{
    CoordinateKind, DynamicsError, FrameId, Inertia, InertiaProblem, JacobianColumn, JointVariable,
    Mechanism, MechanismBuilder, MechanismError, Placement, sample,
};

const STEP: f64 = 1e-6;

/// Σ Jᵀ I J over bodies and payloads, plus rotors: dense, and with nothing of the recursive algorithms in it.
fn dense_mass_matrix(sample: &Sample, q: &[f64], payload_kg: f64) -> Vec<f64> {
    let mechanism = &sample.mechanism;
    let n = mechanism.coordinate_count();
    let mut ws = mechanism.workspace();
    mechanism.kinematics(q, &vec![0.0; n], &mut ws).unwrap();
    let mut columns = vec![JacobianColumn::default(); n];
    let mut mass = vec![0.0; n * n];
    let mut add = |frame, point: &Vector3<f64>, kg: f64, about: Matrix3<f64>| {
        mechanism.jacobian(&ws, frame, point, &mut columns).unwrap();
        for i in 0..n {
            for j in 0..n {
                mass[i * n + j] += kg * columns[i].linear.dot(&columns[j].linear)
                    + columns[i].angular.dot(&(about * columns[j].angular));
            }
        }
    };
    for (frame, inertia) in &sample.bodies {
        let r = ws.world_from_frame(*frame).rotation.to_rotation_matrix();
        let about = r.matrix() * inertia.about_centre_kgm2 * r.matrix().transpose();
        add(*frame, &inertia.centre_of_mass_m, inertia.mass_kg, about);
    }
    for (_, frame, point) in &sample.payloads {
        add(*frame, point, payload_kg, Matrix3::zeros());
    }
    for (row, inertia) in &sample.rotors {
        for i in 0..n {
            for j in 0..n {
                mass[i * n + j] += inertia * row[i] * row[j];
            }
        }
    }
    mass
}

fn potential(mechanism: &Mechanism, q: &[f64], payload: &[f64]) -> f64 {
    let mut ws = mechanism.workspace();
    mechanism.kinematics(q, &vec![0.0; mechanism.coordinate_count()], &mut ws).unwrap();
    mechanism.potential_energy(payload, &ws).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn jacobian_is_the_derivative_of_the_pose(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let Sample { mechanism, .. } = random_mechanism(&mut draws);
        let n = mechanism.coordinate_count();
        let (q, qd) = random_motion(&mechanism, &mut draws);
        let mut ws = mechanism.workspace();
        mechanism.kinematics(&q, &qd, &mut ws).unwrap();
        for name in mechanism.frame_names() {
            let frame = mechanism.frame(name).unwrap();
            let point = draws.vector(0.3);
            let mut columns = vec![JacobianColumn::default(); n];
            mechanism.jacobian(&ws, frame, &point, &mut columns).unwrap();
            let (mut linear, mut angular) = (Vector3::zeros(), Vector3::zeros());
            for k in 0..n {
                let mut poses = [-STEP, STEP].map(|by| {
                    let mut ws = mechanism.workspace();
                    mechanism.kinematics(&nudged(&mechanism, &q, k, by), &qd, &mut ws).unwrap();
                    (ws.point_in_world(frame, &point), ws.world_from_frame(frame).rotation.to_rotation_matrix())
                });
                let moved = (poses[1].0 - poses[0].0) / (2.0 * STEP);
                poses[1].1 *= poses[0].1.inverse();
                let turn = poses[1].1.matrix();
                let turned = Vector3::new(
                    turn[(2, 1)] - turn[(1, 2)], turn[(0, 2)] - turn[(2, 0)], turn[(1, 0)] - turn[(0, 1)],
                ) / (4.0 * STEP);
                // Rounding over the step: some 1e-15 of the way from the base, which free bodies have far behind them.
                let reach_m = 1.0 + ws.point_in_world(frame, &point).norm();
                prop_assert!((columns[k].linear - moved).norm() < 1e-8 * reach_m);
                prop_assert!((columns[k].angular - turned).norm() < 1e-8);
                linear += columns[k].linear * qd[k];
                angular += columns[k].angular * qd[k];
            }
            prop_assert!((ws.point_velocity(frame, &point) - linear).norm() < 1e-12);
            prop_assert!((ws.twist(frame).angular_radps - angular).norm() < 1e-12);
            let rebuilt = mechanism.world_from_base() * mechanism.base_from_frame(&ws, frame);
            prop_assert!((rebuilt * nalgebra::Point3::from(point) - ws.point_in_world(frame, &point)).coords.norm() < 1e-13);

            // The transpose of the same Jacobian.
            let (force, moment) = (draws.vector(5.0), draws.vector(5.0));
            let mut effort = vec![0.0; n];
            mechanism
                .add_wrench(&ws, frame, &ws.point_in_world(frame, &point), &force, &moment, &mut effort)
                .unwrap();
            for (column, effort) in columns.iter().zip(&effort) {
                let expected = column.linear.dot(&force) + column.angular.dot(&moment);
                prop_assert!((expected - effort).abs() < 1e-12 * (1.0 + expected.abs()));
            }
        }
    }

    #[test]
    fn mass_matrix_agrees_with_the_dense_one(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let sample = random_mechanism(&mut draws);
        let mechanism = &sample.mechanism;
        let n = mechanism.coordinate_count();
        let (q, qd) = random_motion(mechanism, &mut draws);
        let payload = [draws.range(0.0, 3.0)];
        let dense = dense_mass_matrix(&sample, &q, payload[0]);
        let mut ws = mechanism.workspace();
        mechanism.kinematics(&q, &qd, &mut ws).unwrap();
        mechanism.dynamics(&payload, &mut ws).unwrap();
        let scale = size(&dense);
        for (got, expected) in ws.mass_matrix().iter().zip(&dense) {
            // Some hundred additions of terms no larger than a few times the largest entry.
            prop_assert!((got - expected).abs() < 1e-13 * scale);
        }
        // The kinetic energy, which uses neither.
        let mut energy = 0.0;
        for i in 0..n {
            for j in 0..n {
                energy += 0.5 * qd[i] * dense[i * n + j] * qd[j];
            }
        }
        let direct = mechanism.kinetic_energy(&qd, &payload, &ws).unwrap();
        prop_assert!((direct - energy).abs() < 1e-12 * energy);
    }

    #[test]
    fn columns_gravity_and_both_directions_agree(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let Sample { mechanism, gravity, .. } = random_mechanism(&mut draws);
        let n = mechanism.coordinate_count();
        prop_assert_eq!(mechanism.gravity_in_world_mps2(), gravity);
        let (q, qd) = random_motion(&mechanism, &mut draws);
        let qdd = draws.list(n, 5.0);
        let payload = [draws.range(0.0, 3.0)];
        let mut ws = mechanism.workspace();
        mechanism.kinematics(&q, &qd, &mut ws).unwrap();
        mechanism.dynamics(&payload, &mut ws).unwrap();
        let (mass, bias) = (ws.mass_matrix().to_vec(), ws.bias().to_vec());
        let scale = size(&mass) * 5.0 + size(&bias);

        // Composite inertias against Newton–Euler, column by column.
        let mut effort = vec![0.0; n];
        for k in 0..n {
            let unit: Vec<f64> = (0..n).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
            mechanism.inverse_dynamics(&q, &qd, &unit, &payload, &mut ws, &mut effort).unwrap();
            for i in 0..n {
                prop_assert!((effort[i] - bias[i] - mass[i * n + k]).abs() < 1e-12 * scale);
                prop_assert_eq!(mass[i * n + k].to_bits(), mass[k * n + i].to_bits());
            }
        }

        // At rest the bias is minus gravity's efforts, and these are minus the gradient of the potential.
        let mut gravity_effort = vec![0.0; n];
        mechanism.gravity(&payload, &mut ws, &mut gravity_effort).unwrap();
        mechanism.inverse_dynamics(&q, &vec![0.0; n], &vec![0.0; n], &payload, &mut ws, &mut effort).unwrap();
        for k in 0..n {
            prop_assert!((effort[k] + gravity_effort[k]).abs() < 1e-12 * scale);
            let slope = (potential(&mechanism, &nudged(&mechanism, &q, k, STEP), &payload)
                - potential(&mechanism, &nudged(&mechanism, &q, k, -STEP), &payload)) / (2.0 * STEP);
            prop_assert!((slope + gravity_effort[k]).abs() < 1e-7 * (1.0 + scale));
        }

        // There and back; the error grows with the condition of M, which the pivots keep below 1e6 here.
        mechanism.inverse_dynamics(&q, &qd, &qdd, &payload, &mut ws, &mut effort).unwrap();
        let mut back = vec![0.0; n];
        mechanism.forward_dynamics(&q, &qd, &effort, &payload, &mut ws, &mut back).unwrap();
        for (a, b) in back.iter().zip(&qdd) {
            prop_assert!((a - b).abs() < 1e-8, "{a} {b}");
        }
    }

    /// The articulated-body algorithm against the factored mass matrix.
    #[test]
    fn both_forward_dynamics_agree(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let Sample { mechanism, .. } = random_tree(&mut draws);
        let n = mechanism.coordinate_count();
        let (q, qd) = random_motion(&mechanism, &mut draws);
        let (effort, payload) = (draws.list(n, 5.0), [draws.range(0.0, 3.0)]);
        let mut ws = mechanism.workspace();
        let (mut factored, mut articulated) = (vec![0.0; n], vec![0.0; n]);
        mechanism.forward_dynamics(&q, &qd, &effort, &payload, &mut ws, &mut factored).unwrap();
        mechanism
            .forward_dynamics_articulated(&q, &qd, &effort, &payload, &mut ws, &mut articulated)
            .unwrap();
        let scale = 1.0 + size(&factored);
        for (a, b) in factored.iter().zip(&articulated) {
            // As above: rounding times the condition of M.
            prop_assert!((a - b).abs() < 1e-9 * scale, "{a} {b}");
        }
    }

    /// J̇ against differences along the motion; J q̈ + J̇ q̇ is then the acceleration of the point.
    #[test]
    fn the_rate_of_the_jacobian_is_its_derivative_in_time(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let Sample { mechanism, .. } = random_mechanism(&mut draws);
        let n = mechanism.coordinate_count();
        let (q, qd) = random_motion(&mechanism, &mut draws);
        let mut ws = mechanism.workspace();
        let frame = mechanism.frame(mechanism.frame_names().last().unwrap()).unwrap();
        let point = draws.vector(0.3);
        let mut at = |by: f64| {
            let mut moved = q.clone();
            mechanism.drift(&mut moved, &qd, by).unwrap();
            mechanism.kinematics(&moved, &qd, &mut ws).unwrap();
            let mut columns = vec![JacobianColumn::default(); n];
            mechanism.jacobian(&ws, frame, &point, &mut columns).unwrap();
            columns
        };
        let (before, after) = (at(-STEP), at(STEP));
        let mut rates = at(0.0);
        mechanism.jacobian_rate(&ws, frame, &point, &mut rates).unwrap();
        for ((rate, before), after) in rates.iter().zip(&before).zip(&after) {
            // Rounding of numbers of a few units over the step.
            prop_assert!((rate.linear - (after.linear - before.linear) / (2.0 * STEP)).norm() < 1e-7);
            prop_assert!((rate.angular - (after.angular - before.angular) / (2.0 * STEP)).norm() < 1e-7);
        }
    }

    /// The centre of mass carries the potential energy and moves with the linear momentum; both parts of the momentum are
    /// the sums over the bodies.
    #[test]
    fn momentum_is_mass_times_the_centre_s_velocity(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let sample = random_mechanism(&mut draws);
        let mechanism = &sample.mechanism;
        let (q, qd) = random_motion(mechanism, &mut draws);
        let payload = [draws.range(0.0, 3.0)];
        let mut ws = mechanism.workspace();
        mechanism.kinematics(&q, &qd, &mut ws).unwrap();
        let centre = mechanism.centre_of_mass(&payload, &ws).unwrap();
        let momentum = mechanism.momentum(&payload, &ws).unwrap();
        let weight = sample.gravity.dot(&centre.position_in_world_m) * centre.mass_kg;
        let energy = mechanism.potential_energy(&payload, &ws).unwrap();
        prop_assert!((energy + weight).abs() < 1e-12 * (1.0 + 100.0 * centre.mass_kg));
        // Body by body, from twists alone.
        let (mut linear, mut angular) = (Vector3::zeros(), Vector3::zeros());
        for (frame, inertia) in &sample.bodies {
            let r = ws.world_from_frame(*frame).rotation.to_rotation_matrix();
            let about = r.matrix() * inertia.about_centre_kgm2 * r.matrix().transpose();
            let p = ws.point_velocity(*frame, &inertia.centre_of_mass_m) * inertia.mass_kg;
            let arm = ws.point_in_world(*frame, &inertia.centre_of_mass_m) - centre.position_in_world_m;
            linear += p;
            angular += about * ws.twist(*frame).angular_radps + arm.cross(&p);
        }
        for (_, frame, point) in &sample.payloads {
            let p = ws.point_velocity(*frame, point) * payload[0];
            linear += p;
            angular += (ws.point_in_world(*frame, point) - centre.position_in_world_m).cross(&p);
        }
        let scale = 1.0 + linear.norm() + angular.norm();
        prop_assert!((momentum.linear_kgmps - linear).norm() < 1e-12 * scale);
        prop_assert!((momentum.angular_about_centre_kgm2ps - angular).norm() < 1e-12 * scale);
        // And the velocity is the derivative of the position.
        let mut at = |by: f64| {
            let mut moved = q.clone();
            mechanism.drift(&mut moved, &qd, by).unwrap();
            mechanism.kinematics(&moved, &qd, &mut ws).unwrap();
            mechanism.centre_of_mass(&payload, &ws).unwrap().position_in_world_m
        };
        let moved = (at(STEP) - at(-STEP)) / (2.0 * STEP);
        prop_assert!((centre.velocity_in_world_mps - moved).norm() < 1e-8);
    }

    /// Ṁ − 2C is skew: the power of the bias beyond gravity is ½ q̇ᵀ Ṁ q̇. This fixes all velocity terms along q̇.
    #[test]
    fn bias_is_consistent_with_the_mass_matrix(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let Sample { mechanism, .. } = random_mechanism(&mut draws);
        let n = mechanism.coordinate_count();
        let (q, qd) = random_motion(&mechanism, &mut draws);
        let payload = [1.0];
        let mut ws = mechanism.workspace();
        let mass_at = |q: &[f64]| {
            let mut ws = mechanism.workspace();
            mechanism.kinematics(q, &qd, &mut ws).unwrap();
            mechanism.dynamics(&payload, &mut ws).unwrap();
            ws.mass_matrix().to_vec()
        };
        mechanism.kinematics(&q, &qd, &mut ws).unwrap();
        mechanism.dynamics(&payload, &mut ws).unwrap();
        let bias = ws.bias().to_vec();
        let mut gravity = vec![0.0; n];
        mechanism.gravity(&payload, &mut ws, &mut gravity).unwrap();
        // Lagrange: coriolis_i = Σ_jk (∂M_ij/∂q_k − ½ ∂M_jk/∂q_i) q̇_j q̇_k, every component; and ω × (M q̇) for the angular
        // velocity ω of a ball joint in its own axes (Boltzmann–Hamel; Euler's equations for a single body).
        let slopes: Vec<Vec<f64>> = (0..n).map(|k| {
            let (plus, minus) = (mass_at(&nudged(&mechanism, &q, k, STEP)), mass_at(&nudged(&mechanism, &q, k, -STEP)));
            plus.iter().zip(&minus).map(|(a, b)| (a - b) / (2.0 * STEP)).collect()
        }).collect();
        let scale = size(ws.mass_matrix());
        let names: Vec<&str> = mechanism.coordinate_names().collect();
        let momentum: Vec<f64> =
            (0..n).map(|i| (0..n).map(|j| ws.mass_matrix()[i * n + j] * qd[j]).sum()).collect();
        let mut first_of_ball = None;
        for i in 0..n {
            let mut coriolis = 0.0;
            for j in 0..n {
                for k in 0..n {
                    coriolis += (slopes[k][i * n + j] - 0.5 * slopes[i][j * n + k]) * qd[j] * qd[k];
                }
            }
            if let Some(name) = names[i].strip_suffix("turn_x") {
                first_of_ball = names.iter().position(|own| *own == format!("{name}turn_x"));
            }
            if let Some(first) = first_of_ball && names[i].contains("turn_") {
                let triple = |list: &[f64]| Vector3::from_fn(|k, _| list[first + k]);
                coriolis += triple(&qd).cross(&triple(&momentum))[i - first];
            }
            prop_assert!((bias[i] + gravity[i] - coriolis).abs() < 4e-7 * (1.0 + scale), "{} {coriolis}", bias[i] + gravity[i]);
        }
    }
}

#[test]
fn planar_arm_has_the_textbook_equations() {
    let arm = sample::planar_2r().unwrap();
    let mut ws = arm.workspace();
    let (q, qd) = ([0.4, -0.9], [1.3, 0.7]);
    arm.kinematics(&q, &qd, &mut ws).unwrap();
    arm.dynamics(&[], &mut ws).unwrap();
    let (m1, m2, l, c, g) = (2.0, 1.0, 0.5, 0.25, sample::GRAVITY_MPS2);
    let (i1, i2) = (m1 * l * l / 12.0, m2 * l * l / 12.0);
    let (s2, c2) = trocar_math::sin_cos(q[1]);
    let m22 = i2 + m2 * c * c;
    let m12 = m22 + m2 * l * c * c2;
    let m11 = i1 + m1 * c * c + i2 + m2 * (l * l + c * c + 2.0 * l * c * c2);
    let h = m2 * l * c * s2;
    let (sin1, sin12) = (trocar_math::sin(q[0]), trocar_math::sin(q[0] + q[1]));
    // Angles grow from straight below, about y: positive ones swing towards −x.
    let b1 = -h * (2.0 * qd[0] * qd[1] + qd[1] * qd[1]) + (m1 * c + m2 * l) * g * sin1 + m2 * c * g * sin12;
    let b2 = h * qd[0] * qd[0] + m2 * c * g * sin12;
    for (got, expected) in ws.mass_matrix().iter().zip([m11, m12, m12, m22]) {
        assert!((got - expected).abs() < 1e-14);
    }
    for (got, expected) in ws.bias().iter().zip([b1, b2]) {
        assert!((got - expected).abs() < 1e-13);
    }
    let tip = ws.world_from_frame(arm.frame("tip").unwrap()).translation.vector;
    let (cos1, cos12) = (trocar_math::cos(q[0]), trocar_math::cos(q[0] + q[1]));
    assert!((tip - Vector3::new(-l * (sin1 + sin12), 0.0, -l * (cos1 + cos12))).norm() < 1e-15);
}

#[test]
fn a_far_world_origin_costs_no_digits() {
    let build = |away: f64| {
        let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::translation(away, -away, away));
        let k = b.coordinate("k", CoordinateKind::Revolute);
        let far =
            b.frame("far", FrameId::BASE, Placement::Fixed(Isometry3::translation(away, 0.0, 0.0)), None);
        let tiny = b.frame(
            "tiny",
            far,
            Placement::Fixed(Isometry3::identity()),
            Some(JointVariable::revolute(&[(k, 1.0)])),
        );
        let about = Matrix3::from_diagonal_element(1e-9);
        let inertia = Inertia {
            mass_kg: 1.0,
            centre_of_mass_m: Vector3::new(1e-5, 0.0, 0.0),
            about_centre_kgm2: about,
        };
        b.body(tiny, &inertia).unwrap();
        let mechanism = b.build().unwrap();
        let mut ws = mechanism.workspace();
        mechanism.kinematics(&[0.3], &[0.0], &mut ws).unwrap();
        mechanism.dynamics(&[], &mut ws).unwrap();
        ws.mass_matrix()[0]
    };
    assert_eq!(build(0.0).to_bits(), build(100.0).to_bits());
}

#[test]
fn a_singular_pose_is_named() {
    // Two slides along one line: the second coordinate adds nothing.
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let [first, second] = ["first", "second"].map(|name| b.coordinate(name, CoordinateKind::Prismatic));
    let row = JointVariable::prismatic(&[(first, 1.0), (second, 1.0)]);
    let cart = b.frame("cart", FrameId::BASE, Placement::Fixed(Isometry3::identity()), Some(row));
    let about_centre_kgm2 = Matrix3::from_diagonal_element(0.1);
    b.body(cart, &Inertia { mass_kg: 1.0, centre_of_mass_m: Vector3::zeros(), about_centre_kgm2 }).unwrap();
    let mechanism = b.build().unwrap();
    let mut qdd = [0.0; 2];
    let error = mechanism
        .forward_dynamics(&[0.1, 0.2], &[0.0; 2], &[1.0; 2], &[], &mut mechanism.workspace(), &mut qdd)
        .unwrap_err();
    assert_eq!(error, DynamicsError::FailedPivot { coordinate: "second".to_owned(), q: vec![0.1, 0.2] });
    assert!(error.to_string().contains("second") && error.to_string().contains("0.2"));
}

#[test]
fn impossible_mechanisms_are_refused() {
    let fixed = Placement::Fixed(Isometry3::identity());
    let ball = Inertia {
        mass_kg: 1.0,
        centre_of_mass_m: Vector3::zeros(),
        about_centre_kgm2: Matrix3::from_diagonal_element(0.1),
    };
    let start = || {
        let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
        let k = b.coordinate("k", CoordinateKind::Revolute);
        let link = b.frame("link", FrameId::BASE, fixed, Some(JointVariable::revolute(&[(k, 1.0)])));
        (b, k, link)
    };
    let empty = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    assert_eq!(empty.build().unwrap_err(), MechanismError::CoordinateCount(0));

    let (b, ..) = start();
    assert_eq!(b.build().unwrap_err(), MechanismError::Inert("k".to_owned()));

    let (mut b, _, link) = start();
    let impossible = Inertia { mass_kg: -1.0, ..ball };
    let error = b.body(link, &impossible).unwrap_err();
    assert_eq!(
        error,
        MechanismError::Inertia { link: "link".to_owned(), problem: InertiaProblem::Mass(-1.0) }
    );
    b.body_unchecked(link, &impossible).unwrap();
    assert_eq!(b.body(link, &ball).unwrap_err(), MechanismError::BodyTwice("link".to_owned()));

    let (mut b, _, link) = start();
    b.body(link, &ball).unwrap();
    b.frame("link", link, fixed, None);
    assert_eq!(b.build().unwrap_err(), MechanismError::Name("link".to_owned()));

    let (mut b, k, link) = start();
    b.body(link, &ball).unwrap();
    b.frame("next", link, fixed, Some(JointVariable::prismatic(&[(k, f64::NAN)])));
    assert_eq!(b.build().unwrap_err(), MechanismError::NotFinite("frame \"next\"".to_owned()));

    let (mut b, _, link) = start();
    b.body(link, &ball).unwrap();
    let stretched = nalgebra::UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(1.1, 0.0, 0.0, 0.0));
    b.frame("next", link, Placement::Fixed(Isometry3::from_parts(Vector3::zeros().into(), stretched)), None);
    assert_eq!(b.build().unwrap_err(), MechanismError::NotARotation("frame \"next\"".to_owned()));

    let (mut b, k, link) = start();
    b.body(link, &ball).unwrap();
    b.rotor("motor", &[(k, 1.0)], -1e-6);
    let error = b.build().unwrap_err();
    assert_eq!(error, MechanismError::RotorInertia { rotor: "motor".to_owned(), inertia_kgm2: -1e-6 });

    let psm = sample::psm_classic().unwrap();
    let error = psm.kinematics(&[0.0; 6], &[0.0; 7], &mut psm.workspace()).unwrap_err();
    assert_eq!(error, DynamicsError::Length { what: "q", got: 6, expected: 7 });
}
