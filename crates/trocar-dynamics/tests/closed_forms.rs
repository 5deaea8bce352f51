//! Whole motions against closed forms, and relations that hold for any mechanism.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;
mod truth;

use common::{Draws, Sample, random_mechanism, random_motion};
use nalgebra::{Isometry3, Matrix3, UnitQuaternion, Vector3};
use proptest::prelude::*;
use trocar_dynamics::{
    CoordinateKind, Drive, FrameId, Friction, Inertia, Integrator, Island, IslandBuilder, IslandInputs,
    JointVariable, Mechanism, MechanismBuilder, Placement, SpringDamper, Stribeck, sample,
};
use truth::{Pendulum, StickSlip};

const STEP_S: f64 = 1e-3;

fn step(island: &Island, integrator: Integrator, state: &mut [f64], given: &[f64], step_s: f64, steps: u32) {
    let mut ws = island.workspace();
    let given = IslandInputs { elements: given, payload_mass_kg: &[], wrenches: &[] };
    for _ in 0..steps {
        island.step_with(integrator, state, &given, step_s, &mut ws).unwrap();
    }
}

/// Kinetic energy plus that of gravity and springs, J.
fn energy(island: &Island, state: &[f64]) -> f64 {
    let (mechanism, mut ws) = (island.mechanism(), island.workspace());
    island.kinematics(state, &mut ws).unwrap();
    mechanism.kinetic_energy(island.v(state), &[], ws.mechanism()).unwrap()
        + mechanism.potential_energy(&[], ws.mechanism()).unwrap()
        + island.stored_energy(state).unwrap()
}

#[test]
fn a_pendulum_follows_its_elliptic_function() {
    let (m, l, centre) = (0.5, 0.4, 0.01);
    let island = IslandBuilder::new(sample::pendulum(m, l, centre).unwrap()).build().unwrap();
    let omega_radps = (m * sample::GRAVITY_MPS2 * l / (centre + m * l * l)).sqrt();
    let truth = Pendulum { omega_radps, amplitude_rad: 2.8 };
    // Two and a half swings of 2.8 rad, compared at fifty instants.
    let worst = |integrator, per_instant: u32| {
        let interval_s = 0.05 * truth.period_s();
        let mut state = island.initial_state(&[truth.amplitude_rad], &[0.0]).unwrap();
        let errors = (1..=50).map(|i| {
            let step_s = interval_s / f64::from(per_instant);
            step(&island, integrator, &mut state, &[], step_s, per_instant);
            (state[0] - truth.angle_rad(interval_s * f64::from(i))).abs()
        });
        errors.fold(0.0, trocar_math::max)
    };
    // RK4 at 3000 steps a swing errs by some (ωh)⁴/120 of 15 rad travelled, less near the top: 1e-10.
    let error = worst(Integrator::RungeKutta4, 150);
    assert!(error < 1e-9, "{error:e}");
    let (coarse, fine) = (worst(Integrator::Leapfrog, 50), worst(Integrator::Leapfrog, 100));
    assert!(fine < 1e-4 && (3.8..4.2).contains(&(coarse / fine)), "{coarse:e} {fine:e}");
}

#[test]
fn a_double_pendulum_keeps_its_energy_through_chaos() {
    let island = IslandBuilder::new(sample::planar_2r().unwrap()).build().unwrap();
    let start = island.initial_state(&[2.5, 1.0], &[0.0, 0.0]).unwrap();
    // Largest at a hundred instants.
    let error = |integrator, seconds: f64, steps: u32| {
        let mut state = start.clone();
        let errors = (0..100).map(|_| {
            step(&island, integrator, &mut state, &[], seconds / f64::from(steps), steps / 100);
            (energy(&island, &state) - energy(&island, &start)).abs()
        });
        errors.fold(0.0, trocar_math::max)
    };
    // Of the 30 J or so that it turns over; at up to 20 rad/s each swing costs RK4 some (ωh)⁵/100 of them.
    let runge_kutta = error(Integrator::RungeKutta4, 10.0, 10_000);
    assert!(runge_kutta < 1e-6, "{runge_kutta:e}");
    // Second order: while the motion is regular half the step leaves a quarter of the error.
    let (coarse, fine) = (error(Integrator::Leapfrog, 1.0, 1000), error(Integrator::Leapfrog, 1.0, 2000));
    assert!((3.6..4.4).contains(&(coarse / fine)), "{coarse:e} {fine:e}");
    // What adds up over a minute of somersaults is of third order.
    let (coarse, fine) =
        (error(Integrator::Leapfrog, 60.0, 60_000), error(Integrator::Leapfrog, 60.0, 120_000));
    assert!(coarse < 0.05 && fine < coarse / 5.0, "{coarse:e} {fine:e}");
}

/// Three equal masses between two walls on four equal springs: mode j has ω² = 4 k/m sin²(jπ/8) and the shape
/// sin(ijπ/4) (any book on vibrations, e.g. Goldstein, *Classical Mechanics*, section 6.4 and its exercises).
#[test]
fn a_chain_of_springs_swings_in_its_modes() {
    let (mass_kg, stiffness) = (0.3, 700.0);
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let mut coordinates = Vec::new();
    for i in 0..3 {
        let k = b.coordinate(&format!("x{i}"), CoordinateKind::Prismatic);
        let row = Some(JointVariable::prismatic(&[(k, 1.0)]));
        let frame = b.frame(&format!("m{i}"), FrameId::BASE, Placement::Fixed(Isometry3::identity()), row);
        b.body(frame, &ball(mass_kg, Vector3::zeros())).unwrap();
        coordinates.push(k);
    }
    let mut b = IslandBuilder::new(b.build().unwrap());
    let spring = || SpringDamper::new(stiffness, 0.0, 0.0).unwrap();
    b.element("left", &[(coordinates[0], 1.0)], spring());
    b.element("second", &[(coordinates[1], 1.0), (coordinates[0], -1.0)], spring());
    b.element("third", &[(coordinates[2], 1.0), (coordinates[1], -1.0)], spring());
    b.element("right", &[(coordinates[2], -1.0)], spring());
    let island = b.build().unwrap();
    for mode in [1.0, 2.0, 3.0] {
        let eighth = std::f64::consts::PI / 8.0;
        let omega = 2.0 * (stiffness / mass_kg).sqrt() * trocar_math::sin(mode * eighth);
        let shape: Vec<f64> =
            [1.0, 2.0, 3.0].map(|i| 0.01 * trocar_math::sin(i * mode * 2.0 * eighth)).to_vec();
        let error = |integrator, steps: u32| {
            let mut state = island.initial_state(&shape, &[0.0; 3]).unwrap();
            step(&island, integrator, &mut state, &[], 0.5 / f64::from(steps), steps);
            let cos = trocar_math::cos(0.5 * omega);
            (0..3).map(|i| (state[i] - shape[i] * cos).abs()).fold(0.0, trocar_math::max)
        };
        let exact = error(Integrator::RungeKutta4, 5000);
        // (ωh)⁴/120 of phase for each radian of 50, of 10 mm.
        assert!(exact < 1e-9, "{mode} {exact:e}");
        // From rest only the frequency errs, and it does so in fourth order.
        let (coarse, fine) = (error(Integrator::Leapfrog, 250), error(Integrator::Leapfrog, 500));
        assert!((14.0..18.0).contains(&(coarse / fine)), "{mode} {coarse:e} {fine:e}");
    }
}

fn ball(mass_kg: f64, centre_of_mass_m: Vector3<f64>) -> Inertia {
    Inertia { mass_kg, centre_of_mass_m, about_centre_kgm2: Matrix3::from_diagonal_element(0.01) }
}

const SLOPE_RAD: f64 = 0.4;

/// Between the creep on a bristle and the speeds of a slip.
const THRESHOLD_MPS: f64 = 2e-3;

/// Stiff beside any other force here.
const BRISTLE_NPM: f64 = 1e6;

/// A block on a slope; the coordinate grows downhill.
fn slope(mass_kg: f64) -> Mechanism {
    let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.81), Isometry3::identity());
    let k = b.coordinate("downhill", CoordinateKind::Prismatic);
    // z to x, then down by the slope.
    let turn = UnitQuaternion::from_axis_angle(&Vector3::y_axis(), std::f64::consts::FRAC_PI_2 + SLOPE_RAD);
    let placement = Placement::Fixed(Isometry3::from_parts(Vector3::zeros().into(), turn));
    let block = b.frame("block", FrameId::BASE, placement, Some(JointVariable::prismatic(&[(k, 1.0)])));
    b.body(block, &ball(mass_kg, Vector3::zeros())).unwrap();
    b.build().unwrap()
}

#[test]
fn a_block_on_a_slope_stays_or_slides_by_its_coefficient() {
    let (mass_kg, g) = (2.0, 9.81);
    let (sin, cos) = trocar_math::sin_cos(SLOPE_RAD);
    let after = |coefficient: f64, bent_m: f64, seconds: u32| {
        let mechanism = slope(mass_kg);
        let k = mechanism.coordinate("downhill").unwrap();
        let mut b = IslandBuilder::new(mechanism);
        let friction = Friction::new(coefficient * mass_kg * g * cos, 0.0, BRISTLE_NPM, 2000.0).unwrap();
        let friction = b.element("friction", &[(k, 1.0)], friction);
        let island = b.build().unwrap();
        let mut state = island.initial_state(&[0.0], &[0.0]).unwrap();
        state[island.state_of(friction).unwrap()][0] = bent_m;
        step(&island, Integrator::Leapfrog, &mut state, &island.nominal_inputs(), STEP_S, 1000 * seconds);
        (state[0], state[1])
    };
    // Steeper than the angle of friction by 0.1 of the weight, its bristle bent from the start: s = ½ (sin − µ cos) g t²,
    // up to the rounding of 2000 steps.
    let coefficient = (sin - 0.1) / cos;
    let (position, speed) = after(coefficient, coefficient * mass_kg * g * cos / BRISTLE_NPM, 2);
    let acceleration = 0.1 * g;
    assert!((position - 0.5 * acceleration * 4.0).abs() < 1e-11, "{position}");
    assert!((speed - acceleration * 2.0).abs() < 1e-11, "{speed}");
    // Less steep: it settles on its bristle, after which a minute moves it by rounding.
    let settled = after(1.3 * sin / cos, 0.0, 1).0;
    assert!((settled - mass_kg * g * sin / BRISTLE_NPM).abs() < 1e-9, "{settled:e}");
    let later = after(1.3 * sin / cos, 0.0, 60);
    assert!((later.0 - settled).abs() < 1e-12 && later.1.abs() < 1e-12, "{later:?}");
}

#[test]
fn stick_and_slip_have_their_period_and_their_jump() {
    let (mass_kg, stiffness, speed) = (2.0, 800.0, 0.01);
    let (in_motion, ratio) = (4.0, 1.5);
    let truth = StickSlip {
        mass_kg,
        stiffness_npm: stiffness,
        speed_mps: speed,
        at_rest_n: ratio * in_motion,
        in_motion_n: in_motion,
    };
    let mechanism = slope(mass_kg);
    let k = mechanism.coordinate("downhill").unwrap();
    let mut b = IslandBuilder::new(mechanism);
    let stribeck = Stribeck { static_ratio: ratio, rate: 1e-5 };
    let friction = Friction::new(in_motion, 0.0, 4e7, 12_500.0).unwrap().with_stribeck(stribeck).unwrap();
    b.element("friction", &[(k, 1.0)], friction);
    b.element("spring", &[(k, 1.0)], SpringDamper::new(stiffness, 0.0, 0.0).unwrap());
    let end = b.element("its other end", &[(k, 1.0)], Drive);
    let island = b.build().unwrap();
    let (mut state, mut ws) = (island.initial_state(&[0.0], &[0.0]).unwrap(), island.workspace());
    let mut given = island.nominal_inputs();
    let pull = island.inputs_of(end).unwrap().start;
    let (step_s, mut slips, mut moving) = (2e-4, Vec::new(), false);
    // A slip begins and ends with this acceleration: by so much it shows late and ends early.
    let unseen_s = THRESHOLD_MPS * mass_kg / (truth.at_rest_n - truth.in_motion_n);
    let weight_n = mass_kg * 9.81 * trocar_math::sin(SLOPE_RAD);
    for i in 0..40_000 {
        let time_s = step_s * f64::from(i);
        // It is pulled uphill, and the end starts where the spring carries the weight.
        given[pull] = -stiffness * speed * (time_s + 0.5 * step_s) - weight_n;
        let given = IslandInputs { elements: &given, payload_mass_kg: &[], wrenches: &[] };
        island.step(&mut state, &given, step_s, &mut ws).unwrap();
        let now_moving = state[1] < -THRESHOLD_MPS;
        if now_moving != moving {
            slips.push((time_s, state[0]));
            moving = now_moving;
        }
    }
    assert!(slips.len() >= 22, "{}", slips.len());
    // The first slip starts from a spring without load; from the second on all are alike. The bristle, which takes over
    // 2 N at 0.7 of its critical damping, and the step blur an instant by a millisecond and a place by 20 µm;
    // and it takes 2 ms from the end of sticking until the speed is past Stribeck's.
    for cycle in slips[2..].windows(3).step_by(2) {
        let [(began_s, from_m), (ended_s, to_m), (again_s, _)] = [cycle[0], cycle[1], cycle[2]];
        let slip_s = ended_s - began_s + 2.0 * unseen_s;
        assert!((slip_s - truth.slip_s()).abs() < 1e-3, "{slip_s} {}", truth.slip_s());
        let period_s = truth.slip_s() + truth.stick_s();
        assert!((again_s - began_s - period_s).abs() < 3e-3, "{} {period_s}", again_s - began_s);
        assert!((from_m - to_m - truth.jump_m()).abs() < 2e-5, "{} {}", from_m - to_m, truth.jump_m());
    }
}

/// An arm that holds its weight by friction alone stands still.
#[test]
fn an_arm_stuck_by_friction_does_not_move_in_a_minute() {
    let arm = sample::planar_2r().unwrap();
    let coordinates = ["shoulder", "elbow"].map(|name| arm.coordinate(name).unwrap());
    let q = [1.2, -0.7];
    let mut weight_nm = [0.0; 2];
    let mut ws = arm.workspace();
    arm.kinematics(&q, &[0.0; 2], &mut ws).unwrap();
    arm.gravity(&[], &mut ws, &mut weight_nm).unwrap();
    let mut b = IslandBuilder::new(arm);
    for (k, weight) in coordinates.into_iter().zip(weight_nm) {
        // Enough to take the load at once, with its overshoot.
        let level = 3.0 * weight.abs() + 1.0;
        b.element(
            &format!("friction {}", k.index()),
            &[(k, 1.0)],
            Friction::new(level, 0.0, 5e3, 30.0).unwrap(),
        );
    }
    let island = b.build().unwrap();
    let given = island.nominal_inputs();
    let mut state = island.initial_state(&q, &[0.0; 2]).unwrap();
    step(&island, Integrator::Leapfrog, &mut state, &given, STEP_S, 2000);
    let settled = state.clone();
    step(&island, Integrator::Leapfrog, &mut state, &given, STEP_S, 60_000);
    for k in 0..2 {
        // It hangs on its bristles, whose bend of 2 mrad changes the load by as much of it.
        assert!((settled[k] - q[k] - weight_nm[k] / 5e3).abs() < 1e-5, "{settled:?}");
        // A minute of roundings of angles of 1 rad, which the bristle does not let add up.
        assert!((state[k] - settled[k]).abs() < 1e-14 && state[2 + k].abs() < 1e-12, "{state:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]

    /// What the efforts put in is what kinetic and potential energy gain.
    #[test]
    fn the_rate_of_energy_is_the_power_of_the_efforts(seed in any::<u64>()) {
        let mut draws = Draws::new(seed);
        let Sample { mechanism, .. } = random_mechanism(&mut draws);
        let n = mechanism.coordinate_count();
        let (q, v) = random_motion(&mechanism, &mut draws);
        let (effort, payload) = (draws.list(n, 20.0), [draws.range(0.0, 2.0)]);
        let (mut ws, mut acceleration) = (mechanism.workspace(), vec![0.0; n]);
        mechanism.forward_dynamics(&q, &v, &effort, &payload, &mut ws, &mut acceleration).unwrap();
        let mut at = |by: f64| {
            let mut moved = q.clone();
            mechanism.drift(&mut moved, &v, by).unwrap();
            let faster: Vec<f64> = v.iter().zip(&acceleration).map(|(v, a)| v + by * a).collect();
            mechanism.kinematics(&moved, &faster, &mut ws).unwrap();
            mechanism.kinetic_energy(&faster, &payload, &ws).unwrap() + mechanism.potential_energy(&payload, &ws).unwrap()
        };
        // Central: what second derivatives of the path do to both sides is the same.
        let by = 1e-5;
        let rate = (at(by) - at(-by)) / (2.0 * by);
        let power: f64 = effort.iter().zip(&v).map(|(effort, v)| effort * v).sum();
        let fastest = acceleration.iter().fold(1.0, |most, a| trocar_math::max(most, a.abs()));
        // Rounding of some 100 J over the step, and the third derivative, which grows as the accelerations do.
        prop_assert!((rate - power).abs() < 1e-7 * (1.0 + fastest * fastest), "{rate} {power} {fastest}");
    }
}
