//! Bodies that turn and fly freely: tops and throws.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod truth;

use nalgebra::{Isometry3, Matrix3, UnitQuaternion, Vector3};
use trocar_dynamics::{
    FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, MechanismBuilder, Placement,
};
use truth::{HeavyTop, TorqueFreeTop};

const G: f64 = 9.81;

fn at(x: f64, y: f64, z: f64) -> Placement {
    Placement::Fixed(Isometry3::translation(x, y, z))
}

fn body(mass_kg: f64, centre: [f64; 3], moments: [f64; 3]) -> Inertia {
    Inertia {
        mass_kg,
        centre_of_mass_m: Vector3::from(centre),
        about_centre_kgm2: Matrix3::from_diagonal(&Vector3::from(moments)),
    }
}

fn run(island: &Island, integrator: Integrator, state: &mut [f64], step_s: f64, steps: u32) {
    let mut ws = island.workspace();
    let given = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[] };
    for _ in 0..steps {
        island.step_with(integrator, state, &given, step_s, &mut ws).unwrap();
    }
}

/// Linear and angular momentum, the latter about the centre of mass, in world axes; and the centre of mass.
fn momentum(island: &Island, state: &[f64]) -> [Vector3<f64>; 3] {
    let mut ws = island.workspace();
    island.kinematics(state, &mut ws).unwrap();
    let centre = island.mechanism().centre_of_mass(&[], ws.mechanism()).unwrap();
    let momentum = island.mechanism().momentum(&[], ws.mechanism()).unwrap();
    [momentum.linear_kgmps, momentum.angular_about_centre_kgm2ps, centre.position_in_world_m]
}

/// Largest error of something over a run of so many intervals with so many steps each.
fn worst(
    island: &Island,
    integrator: Integrator,
    start: &[f64],
    interval_s: f64,
    steps: u32,
    mut error: impl FnMut(f64, &[f64]) -> f64,
) -> f64 {
    let mut state = start.to_vec();
    let errors = (1..=50).map(|i| {
        run(island, integrator, &mut state, interval_s / f64::from(steps), steps);
        error(interval_s * f64::from(i), &state)
    });
    errors.fold(0.0, trocar_math::max)
}

const TOP: TorqueFreeTop =
    TorqueFreeTop { moments_kgm2: [0.02, 0.03, 0.04], first_radps: 3.0, third_radps: 4.0 };

#[test]
fn a_top_without_torque_follows_jacobi_s_functions() {
    let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -G), Isometry3::translation(0.3, 0.0, 1.0));
    let tilted = Isometry3::from_parts(
        Vector3::new(0.1, 0.2, 0.3).into(),
        UnitQuaternion::from_euler_angles(0.4, -0.8, 1.1),
    );
    let top = b.spherical_frame("top", FrameId::BASE, Placement::Fixed(tilted));
    b.body(top, &body(1.5, [0.0; 3], TOP.moments_kgm2)).unwrap();
    let island = IslandBuilder::new(b.build().unwrap()).build().unwrap();
    let spin = TOP.angular_velocity_in_body(0.0);
    let start = island.initial_state(&[0.0, 0.0, 0.0, 1.0], spin.as_slice()).unwrap();
    let error = |t: f64, state: &[f64]| {
        (Vector3::from_column_slice(island.v(state)) - TOP.angular_velocity_in_body(t)).norm()
    };
    // Ten seconds are some six periods. RK4 at 1 ms: (ωh)⁴/100 for each of 50 rad, of 5 rad/s.
    let exact = worst(&island, Integrator::RungeKutta4, &start, 0.2, 200, error);
    assert!(exact < 1e-9, "{exact:e}");
    let coarse = worst(&island, Integrator::Leapfrog, &start, 0.2, 200, error);
    let fine = worst(&island, Integrator::Leapfrog, &start, 0.2, 400, error);
    assert!(coarse < 1e-3 && (3.8..4.2).contains(&(coarse / fine)), "{coarse:e} {fine:e}");

    // The attitude: what it turns with keeps its place in space.
    let [_, before, _] = momentum(&island, &start);
    let turned = |_: f64, state: &[f64]| (momentum(&island, state)[1] - before).norm() / before.norm();
    let exact = worst(&island, Integrator::RungeKutta4, &start, 0.2, 200, turned);
    assert!(exact < 1e-9, "{exact:e}");
    let coarse = worst(&island, Integrator::Leapfrog, &start, 0.2, 200, turned);
    let fine = worst(&island, Integrator::Leapfrog, &start, 0.2, 400, turned);
    assert!(coarse < 1e-4 && fine < 0.3 * coarse, "{coarse:e} {fine:e}");
}

const HEAVY: HeavyTop =
    HeavyTop { toppling_nm: 0.5 * G * 0.06, across_kgm2: 0.0025, along_kgm2: 0.0008, spin_radps: 70.0 };

/// The island of that top, its axis the frame's z, tilted about the world's x by `tilt_rad` at the start.
fn heavy_top(tilt_rad: f64) -> (Island, [f64; 4]) {
    let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -G), Isometry3::identity());
    let top = b.spherical_frame("top", FrameId::BASE, at(0.0, 0.0, 0.0));
    // 0.5 kg at 60 mm from the point.
    let across = HEAVY.across_kgm2 - 0.5 * 0.06 * 0.06;
    b.body(top, &body(0.5, [0.0, 0.0, 0.06], [across, across, HEAVY.along_kgm2])).unwrap();
    let (sin, cos) = trocar_math::sin_cos(0.5 * tilt_rad);
    (IslandBuilder::new(b.build().unwrap()).build().unwrap(), [sin, 0.0, 0.0, cos])
}

/// The top's axis in the world.
fn axis(island: &Island, state: &[f64]) -> Vector3<f64> {
    let mut ws = island.workspace();
    island.kinematics(state, &mut ws).unwrap();
    let top = island.mechanism().frame("top").unwrap();
    ws.mechanism().world_from_frame(top).rotation * Vector3::z()
}

#[test]
fn a_heavy_top_nods_as_its_elliptic_function() {
    let tilt_rad = 0.6;
    let (island, q) = heavy_top(tilt_rad);
    let start = island.initial_state(&q, &[0.0, 0.0, HEAVY.spin_radps]).unwrap();
    let error = |t: f64, state: &[f64]| (axis(&island, state).z - HEAVY.cos_tilt(tilt_rad, t)).abs();
    // 0.8 s are two nods of half a radian.
    let swing = (0..100).map(|i| HEAVY.cos_tilt(tilt_rad, 0.002 * f64::from(i)));
    let swing = swing.fold(1.0, trocar_math::min);
    assert!(trocar_math::cos(tilt_rad) - swing > 0.1);
    let exact = worst(&island, Integrator::RungeKutta4, &start, 0.016, 160, error);
    assert!(exact < 1e-8, "{exact:e}");
    let coarse = worst(&island, Integrator::Leapfrog, &start, 0.016, 32, error);
    let fine = worst(&island, Integrator::Leapfrog, &start, 0.016, 64, error);
    assert!(coarse < 1e-2 && (3.7..4.3).contains(&(coarse / fine)), "{coarse:e} {fine:e}");
}

#[test]
fn a_heavy_top_precesses_steadily_at_its_rate() {
    let tilt_rad = 0.6;
    let (island, q) = heavy_top(tilt_rad);
    let precession_radps = HEAVY.steady_precession_radps(tilt_rad);
    // About the vertical and about its own axis, in the body's axes; the spin of the formula is the whole component.
    let (sin, cos) = trocar_math::sin_cos(tilt_rad);
    let vertical_in_body = Vector3::new(0.0, sin, cos);
    let mut spin = vertical_in_body * precession_radps;
    spin.z = HEAVY.spin_radps;
    let start = island.initial_state(&q, spin.as_slice()).unwrap();
    let error = |t: f64, state: &[f64]| {
        // Tilting about x leans the axis to −y; from there it goes round by the right-hand rule.
        let (sin_t, cos_t) = trocar_math::sin_cos(precession_radps * t);
        (axis(&island, state) - Vector3::new(sin * sin_t, -sin * cos_t, cos)).norm()
    };
    let exact = worst(&island, Integrator::RungeKutta4, &start, 0.02, 200, error);
    assert!(exact < 1e-8, "{exact:e}");
    let coarse = worst(&island, Integrator::Leapfrog, &start, 0.02, 20, error);
    let fine = worst(&island, Integrator::Leapfrog, &start, 0.02, 40, error);
    assert!(coarse < 1e-2 && (3.5..4.5).contains(&(coarse / fine)), "{coarse:e} {fine:e}");
}

#[test]
fn the_centre_of_a_thrown_body_flies_a_parabola() {
    let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -G), Isometry3::identity());
    let stone = b.free_frame("stone", FrameId::BASE, at(0.0, 0.0, 1.5));
    b.body(stone, &body(0.7, [0.05, -0.03, 0.08], [0.002, 0.003, 0.004])).unwrap();
    let island = IslandBuilder::new(b.build().unwrap()).build().unwrap();
    let mut q = island.mechanism().zero_position();
    q[0] = 0.2;
    let start = island.initial_state(&q, &[1.0, -0.5, 4.0, 5.0, -7.0, 3.0]).unwrap();
    let [impulse, turning, centre] = momentum(&island, &start);
    let flies = |t: f64, state: &[f64]| {
        let expected = centre + impulse / 0.7 * t - Vector3::z() * (0.5 * G * t * t);
        (momentum(&island, state)[2] - expected).norm()
    };
    let turns = |_: f64, state: &[f64]| (momentum(&island, state)[1] - turning).norm() / turning.norm();
    for (error, largest) in
        [(&flies as &dyn Fn(f64, &[f64]) -> f64, 1e-3), (&turns as &dyn Fn(f64, &[f64]) -> f64, 1e-2)]
    {
        let exact = worst(&island, Integrator::RungeKutta4, &start, 0.02, 40, error);
        assert!(exact < 1e-9, "{exact:e}");
        let coarse = worst(&island, Integrator::Leapfrog, &start, 0.02, 20, error);
        let fine = worst(&island, Integrator::Leapfrog, &start, 0.02, 40, error);
        assert!(coarse < largest && fine < 0.3 * coarse, "{coarse:e} {fine:e}");
    }
}
