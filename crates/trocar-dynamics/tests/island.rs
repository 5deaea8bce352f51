//! Integration: observed orders, closed forms, energy, restart, and errors.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::Vector3;
use trocar_dynamics::{
    AppliedWrench, CoordinateId, Drive, DynamicsError, Friction, Integrator, Island, IslandBuilder,
    IslandError, IslandInputs, JacobianColumn, Mechanism, MechanismBuilder, SpringDamper, Stop, sample,
};

fn only(mechanism: &Mechanism) -> CoordinateId {
    mechanism.coordinate(mechanism.coordinate_names().next().unwrap()).unwrap()
}

fn inputs(elements: &[f64]) -> IslandInputs<'_> {
    IslandInputs { elements, payload_mass_kg: &[], wrenches: &[] }
}

/// The state after `steps` steps that cover `duration_s`.
fn run(island: &Island, integrator: Integrator, start: &[f64], duration_s: f64, steps: u32) -> Vec<f64> {
    let (mut state, mut ws) = (start.to_vec(), island.workspace());
    let nominal = island.nominal_inputs();
    for _ in 0..steps {
        let step_s = duration_s / f64::from(steps);
        island.step_with(integrator, &mut state, &inputs(&nominal), step_s, &mut ws).unwrap();
    }
    state
}

fn distance(island: &Island, a: &[f64], b: &[f64]) -> f64 {
    let n = 2 * island.mechanism().coordinate_count();
    a[..n].iter().zip(&b[..n]).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

/// log₂ of the error ratio between `steps` and twice as many.
fn order(
    island: &Island,
    integrator: Integrator,
    start: &[f64],
    duration_s: f64,
    steps: u32,
    truth: &[f64],
) -> f64 {
    let error = |steps| distance(island, &run(island, integrator, start, duration_s, steps), truth);
    trocar_math::ln(error(steps) / error(2 * steps)) / std::f64::consts::LN_2
}

fn oscillator(mass_kg: f64, stiffness: f64, damping: f64) -> Island {
    let mechanism = sample::slider(mass_kg).unwrap();
    let k = only(&mechanism);
    let mut b = IslandBuilder::new(mechanism);
    b.element("spring", &[(k, 1.0)], SpringDamper::new(stiffness, damping, 0.0).unwrap());
    b.build().unwrap()
}

#[test]
fn the_oscillator_is_second_order_damped_or_not() {
    for damping in [0.0, 3.0] {
        let (m, k) = (2.0, 50.0);
        let island = oscillator(m, k, damping);
        let start = island.initial_state(&[0.1], &[0.7]).unwrap();
        // Closed form of m ẍ + c ẋ + k x = 0, underdamped.
        let (t, decay) = (2.0, damping / (2.0 * m));
        let omega = (k / m - decay * decay).sqrt();
        let (s, c) = trocar_math::sin_cos(omega * t);
        let (a, b) = (0.1, (0.7 + decay * 0.1) / omega);
        let fade = trocar_math::exp(-decay * t);
        let x = fade * (a * c + b * s);
        let truth = [x, fade * omega * (b * c - a * s) - decay * x];
        let p = order(&island, Integrator::Leapfrog, &start, t, 200, &truth);
        assert!((1.9..2.2).contains(&p), "{p}");
        let p = order(&island, Integrator::RungeKutta4, &start, t, 200, &truth);
        assert!((3.9..4.2).contains(&p), "{p}");
    }
}

#[test]
fn the_stiffness_share_makes_the_frequency_fourth_order() {
    let island = oscillator(1.0, 100.0, 0.0);
    // From rest the leapfrog's positions are a cosine of the numerical frequency.
    let start = island.initial_state(&[1.0], &[0.0]).unwrap();
    let error = |steps: u32| {
        let got = run(&island, Integrator::Leapfrog, &start, 1.0, steps);
        (got[0] - trocar_math::cos(10.0)).abs()
    };
    let ratio = error(100) / error(200);
    assert!((14.0..18.0).contains(&ratio), "{ratio}");
}

/// Second order also where inertia, Coriolis terms and gravity change with the pose.
#[test]
fn an_arm_with_springs_is_second_order() {
    let arm = sample::planar_2r().unwrap();
    let [shoulder, elbow] = ["shoulder", "elbow"].map(|name| arm.coordinate(name).unwrap());
    let mut b = IslandBuilder::new(arm);
    b.element("shoulder", &[(shoulder, 1.0)], SpringDamper::new(20.0, 0.5, 0.3).unwrap());
    b.element("both", &[(shoulder, 1.0), (elbow, 1.0)], SpringDamper::new(5.0, 0.1, 0.0).unwrap());
    let island = b.build().unwrap();
    let start = island.initial_state(&[1.0, -0.5], &[0.0, 2.0]).unwrap();
    let truth = run(&island, Integrator::RungeKutta4, &start, 1.0, 20_000);
    let p = order(&island, Integrator::RungeKutta4, &start, 1.0, 200, &truth);
    assert!((3.8..4.3).contains(&p), "{p}");
    let p = order(&island, Integrator::Leapfrog, &start, 1.0, 400, &truth);
    assert!((1.9..2.1).contains(&p), "{p}");
}

/// The period of a pendulum is 4 K(sin(θ₀/2)) √(I/(m g l)), by the arithmetic–geometric mean.
#[test]
fn the_pendulum_has_its_period() {
    let (m, l, centre) = (0.5, 0.4, 0.01);
    let island = IslandBuilder::new(sample::pendulum(m, l, centre).unwrap()).build().unwrap();
    let amplitude = 2.0;
    let (mut a, mut g) = (1.0, trocar_math::cos(0.5 * amplitude));
    for _ in 0..8 {
        (a, g) = (0.5 * (a + g), (a * g).sqrt());
    }
    let omega = (m * sample::GRAVITY_MPS2 * l / (centre + m * l * l)).sqrt();
    let period_s = 2.0 * std::f64::consts::PI / (omega * a);
    let start = island.initial_state(&[amplitude], &[0.0]).unwrap();
    let end = run(&island, Integrator::RungeKutta4, &start, period_s, 20_000);
    assert!((end[0] - amplitude).abs() < 1e-9 && end[1].abs() < 1e-9, "{end:?}");
    // (ωh)²/24 of phase after one period, at the end of which the angle is stationary.
    let end = run(&island, Integrator::Leapfrog, &start, period_s, 2_000);
    assert!((end[0] - amplitude).abs() < 1e-6 && end[1].abs() < 1e-3, "{end:?}");
}

#[test]
fn a_thrown_cart_pendulum_keeps_momentum_and_energy() {
    let mechanism = sample::cart_pendulum(1.0, 0.3, 0.5).unwrap();
    let island = IslandBuilder::new(mechanism).build().unwrap();
    let start = island.initial_state(&[0.0, 2.5], &[0.4, 1.0]).unwrap();
    let measure = |state: &[f64]| {
        let mut ws = island.workspace();
        island.kinematics(state, &mut ws).unwrap();
        let energy = island.mechanism().kinetic_energy(island.v(state), &[], ws.mechanism()).unwrap()
            + island.mechanism().potential_energy(&[], ws.mechanism()).unwrap();
        island.mechanism().dynamics(&[], ws.mechanism_mut()).unwrap();
        // Nothing pushes along the slide: its momentum is the first row of M v.
        let mass = ws.mechanism().mass_matrix();
        (energy, mass[0] * state[2] + mass[1] * state[3])
    };
    let (energy, momentum) = measure(&start);
    let (kept, same) = measure(&run(&island, Integrator::RungeKutta4, &start, 10.0, 10_000));
    assert!(
        (kept - energy).abs() < 1e-9 && (same - momentum).abs() < 1e-9,
        "{kept} {energy} {same} {momentum}"
    );
    // The leapfrog errs in energy by some h²ω² of it (here 1e-5), and by h³ each second of a free swing: 4e-7 J.
    for duration in [10, 100] {
        let state = run(&island, Integrator::Leapfrog, &start, f64::from(duration), duration as u32 * 1000);
        let (kept, same) = measure(&state);
        assert!((kept - energy).abs() < 1e-4, "{kept} {energy}");
        assert!((same - momentum).abs() < 1e-4, "{same} {momentum}");
    }
}

#[test]
fn the_passive_psm_keeps_its_energy() {
    let island = IslandBuilder::new(sample::psm_classic().unwrap()).build().unwrap();
    let psm = island.mechanism();
    let start = island
        .initial_state(&[0.3, -0.2, 0.1, 0.2, 0.4, -0.3, 0.5], &[0.5, -0.4, 0.1, 1.0, 2.0, -1.0, 1.0])
        .unwrap();
    let energy = |state: &[f64]| {
        let mut ws = island.workspace();
        island.kinematics(state, &mut ws).unwrap();
        psm.kinetic_energy(island.v(state), &[], ws.mechanism()).unwrap()
            + psm.potential_energy(&[], ws.mechanism()).unwrap()
    };
    let before = energy(&start);
    let after = energy(&run(&island, Integrator::RungeKutta4, &start, 0.5, 1000));
    assert!((after - before).abs() < 1e-10, "{after} {before}");
    let coarse = (energy(&run(&island, Integrator::Leapfrog, &start, 0.5, 500)) - before).abs();
    let fine = (energy(&run(&island, Integrator::Leapfrog, &start, 0.5, 1000)) - before).abs();
    assert!(coarse < 1e-4 && fine < 0.3 * coarse, "{coarse} {fine}");
}

/// On a constant mass the kinetic energy gained is exactly the elements' mean force times mean rate times step.
#[test]
fn power_balances() {
    let mechanism = sample::slider(1.5).unwrap();
    let k = only(&mechanism);
    let mut b = IslandBuilder::new(mechanism);
    let elements = [
        b.element("spring", &[(k, 1.0)], SpringDamper::new(40.0, 0.3, 0.05).unwrap()),
        b.element("friction", &[(k, 1.0)], Friction::new(0.8, 0.2, 4e3, 5.0).unwrap()),
        b.element("stop", &[(k, 1.0)], Stop::new(-0.1, 0.1, 2e4, 10.0).unwrap()),
        b.element("drive", &[(k, 2.0)], Drive),
    ];
    let island = b.build().unwrap();
    let mut given = island.nominal_inputs();
    let drive = island.inputs_of(elements[3]).unwrap().start;
    assert_eq!(island.input_names()[drive], "drive.effort");
    let (mut state, mut ws) = (island.initial_state(&[0.0], &[1.0]).unwrap(), island.workspace());
    let step_s = 1e-3;
    for i in 0..3000 {
        given[drive] = 2.0 * trocar_math::sin(0.005 * f64::from(i));
        let before = 0.75 * state[1] * state[1];
        island.step(&mut state, &inputs(&given), step_s, &mut ws).unwrap();
        let work: f64 = elements
            .iter()
            .map(|&e| ws.element_force(e).unwrap() * ws.element_mean_rate(e).unwrap() * step_s)
            .sum();
        let gained = 0.75 * state[1] * state[1] - before;
        assert!((gained - work).abs() < 1e-14, "{gained} {work}");
    }
}

#[test]
fn a_restored_state_goes_on_bit_for_bit() {
    let psm = sample::psm_classic().unwrap();
    let rows: Vec<_> = psm.coordinate_names().map(|name| psm.coordinate(name).unwrap()).collect();
    let mut b = IslandBuilder::new(psm);
    for (i, &k) in rows.iter().enumerate() {
        b.element(&format!("friction_{i}"), &[(k, 1.0)], Friction::new(0.01, 0.01, 50.0, 0.01).unwrap());
    }
    let island = b.build().unwrap();
    assert_eq!(island.state_names().len(), island.state_len());
    assert_eq!(island.state_names()[0], "q.yaw");
    assert_eq!(island.state_names()[island.state_len() - 1], "friction_6.deflection");
    let start = island.initial_state(&[0.1, 0.2, 0.1, 0.0, 0.0, 0.0, 0.3], &[0.1; 7]).unwrap();
    let middle = run(&island, Integrator::Leapfrog, &start, 0.05, 50);
    let through = run(&island, Integrator::Leapfrog, &start, 0.1, 100);
    let resumed = run(&island, Integrator::Leapfrog, &middle, 0.05, 50);
    let bits = |state: &[f64]| state.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&through), bits(&resumed));
}

/// A payload and a wrench at its place, by Newton: J M⁻¹ Jᵀ f.
#[test]
fn wrenches_and_payloads_act_at_their_points() {
    let plain = sample::planar_2r().unwrap();
    let tip = plain.frame("tip").unwrap();
    let island = IslandBuilder::new(plain).build().unwrap();
    let point = Vector3::new(0.02, 0.0, 0.01);
    let force = Vector3::new(1.0, 0.5, -2.0);
    let moment = Vector3::new(0.1, 0.3, 0.0);
    let wrench = AppliedWrench {
        frame: tip,
        point_in_frame_m: point,
        force_in_world_n: force,
        moment_in_world_nm: moment,
    };
    let (q, mut ws) = ([0.7, 0.4], island.workspace());
    let step_s = 1e-6;
    let accelerate = |wrenches: &[AppliedWrench], ws: &mut _| {
        let mut state = island.initial_state(&q, &[0.0; 2]).unwrap();
        let given = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches };
        island.step(&mut state, &given, step_s, ws).unwrap();
        [state[2] / step_s, state[3] / step_s]
    };
    let (with, without) = (accelerate(&[wrench], &mut ws), accelerate(&[], &mut ws));
    island.mechanism().kinematics(&q, &[0.0; 2], ws.mechanism_mut()).unwrap();
    island.mechanism().dynamics(&[], ws.mechanism_mut()).unwrap();
    let mut columns = [JacobianColumn::default(); 2];
    island.mechanism().jacobian(ws.mechanism(), tip, &point, &mut columns).unwrap();
    for (i, row) in ws.mechanism().mass_matrix().chunks(2).enumerate() {
        let effort: f64 = row.iter().zip(with.iter().zip(&without)).map(|(m, (a, b))| m * (a - b)).sum();
        let expected = columns[i].linear.dot(&force) + columns[i].angular.dot(&moment);
        // The pose moves by a·h² = 1e-11 within the step; differences of accelerations of 1e2 keep 1e-12.
        assert!((effort - expected).abs() < 1e-9, "{effort} {expected}");
    }
}

#[test]
fn wrong_use_is_an_error_and_leaves_the_state_alone() {
    let mechanism = sample::slider(1.0).unwrap();
    let k = only(&mechanism);
    let mut b = IslandBuilder::new(mechanism.clone());
    b.element("drive", &[(k, 1.0)], Drive);
    let island = b.build().unwrap();
    let mut ws = island.workspace();
    let start = island.initial_state(&[0.2], &[0.1]).unwrap();
    let mut state = start.clone();
    let error = island.step(&mut state, &inputs(&[f64::NAN]), 1e-3, &mut ws).unwrap_err();
    assert_eq!(error, DynamicsError::NotFinite { what: "the force of drive".to_owned() });
    let error = island.step(&mut state, &inputs(&[f64::MAX]), 1e300, &mut ws);
    assert!(error.is_ok() || state == start);
    state.clone_from(&start);
    let wrench = AppliedWrench {
        frame: mechanism.frame("cart").unwrap(),
        point_in_frame_m: Vector3::zeros(),
        force_in_world_n: Vector3::new(f64::INFINITY, 0.0, 0.0),
        moment_in_world_nm: Vector3::zeros(),
    };
    for integrator in [Integrator::Leapfrog, Integrator::RungeKutta4] {
        let given = IslandInputs { elements: &[0.0], payload_mass_kg: &[], wrenches: &[wrench] };
        let error = island.step_with(integrator, &mut state, &given, 1e-3, &mut ws).unwrap_err();
        assert_eq!(error, DynamicsError::NotFinite { what: "the acceleration of slide".to_owned() });
    }
    for step_s in [0.0, -1e-3, f64::NAN] {
        let error = island.step(&mut state, &inputs(&[0.0]), step_s, &mut ws).unwrap_err();
        assert!(matches!(error, DynamicsError::Step { .. }));
    }
    let error = island.step(&mut state, &inputs(&[]), 1e-3, &mut ws).unwrap_err();
    assert_eq!(error, DynamicsError::Length { what: "the element inputs", got: 0, expected: 1 });
    let error = island.step(&mut state[..2], &inputs(&[0.0]), 1e-3, &mut ws).unwrap_err();
    assert_eq!(error, DynamicsError::Length { what: "the state", got: 2, expected: 5 });
    assert_eq!(state, start);

    let mut b = IslandBuilder::new(mechanism.clone());
    b.element("twice", &[(k, 1.0)], Drive);
    b.element("twice", &[(k, 1.0)], Drive);
    assert_eq!(b.build().unwrap_err(), IslandError::Name("twice".to_owned()));
    let mut b = IslandBuilder::new(mechanism);
    b.element("nothing", &[(k, 1.0), (k, -1.0)], Drive);
    assert_eq!(b.build().unwrap_err(), IslandError::Row("nothing".to_owned()));
}

#[test]
fn a_payload_is_a_point_mass() {
    let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.81), nalgebra::Isometry3::identity());
    let k = b.coordinate("k", trocar_dynamics::CoordinateKind::Revolute);
    let row = trocar_dynamics::JointVariable::revolute(&[(k, 1.0)]);
    let placement = trocar_dynamics::Placement::ModifiedDh {
        a_m: 0.0,
        alpha_rad: std::f64::consts::FRAC_PI_2,
        d_m: 0.0,
        theta_rad: 0.0,
    };
    let link = b.frame("link", trocar_dynamics::FrameId::BASE, placement, Some(row));
    b.rotor("rotor", &[(k, 3.0)], 0.01);
    let payload = b.payload(link, Vector3::new(0.5, 0.0, 0.0));
    let mechanism = b.build().unwrap();
    assert_eq!((payload.index(), mechanism.payload_count()), (0, 1));
    let (mut ws, mut qdd) = (mechanism.workspace(), [0.0]);
    for mass in [0.0, 0.7] {
        mechanism.forward_dynamics(&[0.0], &[0.0], &[1.0], &[mass], &mut ws, &mut qdd).unwrap();
        let expected = (1.0 - mass * 9.81 * 0.5) / (0.09 + mass * 0.25);
        assert!((qdd[0] - expected).abs() < 1e-13 * expected.abs());
    }
}
