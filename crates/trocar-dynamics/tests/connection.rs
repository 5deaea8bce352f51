//! Forces between two frames: a bushing against closed forms, conservation and Runge–Kutta.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::Draws;
use nalgebra::{Isometry3, Matrix3, UnitQuaternion, Vector3};
use trocar_dynamics::{
    Bushing, FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, Mechanism, MechanismBuilder,
    Momentum, Placement,
};

const NOTHING: IslandInputs<'static> = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[] };

fn evaluated(island: &Island, state: &[f64]) -> (Momentum, f64) {
    let mechanism = island.mechanism();
    let mut ws = mechanism.workspace();
    mechanism.kinematics(island.q(state), island.v(state), &mut ws).unwrap();
    let moving = mechanism.kinetic_energy(island.v(state), &[], &ws).unwrap();
    (mechanism.momentum(&[], &ws).unwrap(), moving + island.stored_energy(state).unwrap())
}

/// Two free bodies of random inertia, the second with a frame off its origin.
fn two_bodies(draws: &mut Draws) -> Mechanism {
    let mut b = MechanismBuilder::new(Vector3::zeros(), draws.pose());
    for name in ["one", "two"] {
        let frame = b.free_frame(name, FrameId::BASE, Placement::Fixed(draws.pose()));
        b.body(frame, &draws.inertia()).unwrap();
        b.frame(&format!("{name}.grip"), frame, Placement::Fixed(draws.pose()), None);
    }
    b.build().unwrap()
}

fn tied(mechanism: Mechanism, damping: f64, stiffness: f64) -> Island {
    let [a, b] = ["one.grip", "two.grip"].map(|name| mechanism.frame(name).unwrap());
    let mut island = IslandBuilder::new(mechanism);
    let k = [1.0, 0.6, 0.3].map(|share| share * stiffness);
    let [c, d] = [[0.3, 0.1, 0.2], [1.0, 0.5, 0.7]];
    let [kx, ky, kz] = k;
    let bushing = Bushing::new(
        Isometry3::translation(0.1, 0.2, -0.1),
        [kx, ky, kz, c[0] * kx, c[1] * kx, c[2] * kx],
        [d[0], d[1], d[2], 0.1 * d[0], 0.1 * d[1], 0.1 * d[2]].map(|value| value * damping),
    );
    island.connect("tie", a, b, bushing.unwrap());
    let mut island = island.build().unwrap();
    let rest = island.mechanism().zero_position();
    island.note_stiffness(&rest, &[]).unwrap();
    island
}

/// Bodies joined by nothing but the bushing keep the momentum of the whole, and its energy where nothing damps: with
/// unequal stiffness about the axes and turns of some radians this holds only for a moment that is the true gradient.
#[test]
fn a_bushing_is_a_potential_and_acts_both_ways() {
    let mut draws = Draws::new(21);
    for damping in [0.0, 1.0] {
        let mechanism = two_bodies(&mut draws);
        let speeds = draws.list(mechanism.coordinate_count(), 1.0);
        let island = tied(mechanism, damping, 60.0);
        let start = island.initial_state(&island.mechanism().zero_position(), &speeds).unwrap();
        let (momentum, energy) = evaluated(&island, &start);
        let mut ws = island.workspace();
        for integrator in [Integrator::RungeKutta4, Integrator::Leapfrog] {
            let mut state = start.clone();
            let mut last = energy;
            for k in 0..8000 {
                island.step_with(integrator, &mut state, &NOTHING, 2.5e-4, &mut ws).unwrap();
                if k % 400 != 399 {
                    continue;
                }
                let (now, left) = evaluated(&island, &state);
                // Fourth order: rounding; second order: h² times squares of some 20 rad/s.
                let bound = if integrator == Integrator::RungeKutta4 { 1e-8 } else { 2e-4 };
                assert!((now.linear_kgmps - momentum.linear_kgmps).norm() < bound);
                let turned = now.angular_about_centre_kgm2ps - momentum.angular_about_centre_kgm2ps;
                assert!(turned.norm() < bound, "{integrator:?} {turned}");
                if damping == 0.0 {
                    assert!((left - energy).abs() < bound * (1.0 + energy), "{integrator:?} {left} {energy}");
                } else {
                    assert!(left < last, "{left} {last}");
                }
                last = left;
            }
        }
    }
}

/// The linearly implicit step against Runge–Kutta: second order, with damping.
#[test]
fn a_bushing_is_of_second_order() {
    let mut draws = Draws::new(22);
    let mechanism = two_bodies(&mut draws);
    let speeds = draws.list(mechanism.coordinate_count(), 1.0);
    let island = tied(mechanism, 0.2, 20.0);
    let grip = island.mechanism().frame("two.grip").unwrap();
    let run = |integrator, step_s: f64| {
        let mut state = island.initial_state(&island.mechanism().zero_position(), &speeds).unwrap();
        let mut ws = island.workspace();
        for _ in 0..(0.4 / step_s).round() as usize {
            island.step_with(integrator, &mut state, &NOTHING, step_s, &mut ws).unwrap();
        }
        island.kinematics(&state, &mut ws).unwrap();
        ws.mechanism().point_in_world(grip, &Vector3::new(0.1, 0.0, 0.0))
    };
    let exact = run(Integrator::RungeKutta4, 2e-5);
    let [coarse, fine] = [5e-4, 2.5e-4].map(|h| (run(Integrator::Leapfrog, h) - exact).norm());
    assert!((coarse / fine - 4.0).abs() < 0.5, "{coarse:e} {fine:e}");
}

/// One body on a bushing to the world swings along each axis with √(k/m) and about each with √(c/J), also where its step
/// is far too long for it: then slower, and stable.
#[test]
fn a_body_on_a_bushing_has_six_frequencies() {
    let (mass, moments) = (2.0, Vector3::new(0.02, 0.03, 0.04));
    let build = |scale: f64| {
        let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
        let frame = b.free_frame("body", FrameId::BASE, Placement::Fixed(Isometry3::identity()));
        let inertia = Inertia {
            mass_kg: mass,
            centre_of_mass_m: Vector3::zeros(),
            about_centre_kgm2: Matrix3::from_diagonal(&moments),
        };
        b.body(frame, &inertia).unwrap();
        let mut island = IslandBuilder::new(b.build().unwrap());
        let stiffness = [200.0, 300.0, 400.0, 3.0, 4.0, 5.0].map(|k| k * scale);
        let bushing = Bushing::new(Isometry3::identity(), stiffness, [0.0; 6]).unwrap();
        island.connect("mount", FrameId::BASE, frame, bushing);
        let mut island = island.build().unwrap();
        let rest = island.mechanism().zero_position();
        island.note_stiffness(&rest, &[]).unwrap();
        island
    };
    let island = build(1.0);
    for (axis, stiffness) in [200.0, 300.0, 400.0, 3.0, 4.0, 5.0].into_iter().enumerate() {
        let inertia = if axis < 3 { mass } else { moments[axis - 3] };
        let frequency = (stiffness / inertia).sqrt();
        let mut speeds = [0.0; 6];
        speeds[axis] = 1e-3;
        let mut state = island.initial_state(&island.mechanism().zero_position(), &speeds).unwrap();
        let mut ws = island.workspace();
        let (step_s, mut time, mut crossings, mut last) = (1e-3, 0.0, 0, 1.0);
        while crossings < 20 {
            island.step(&mut state, &NOTHING, step_s, &mut ws).unwrap();
            time += step_s;
            let v = island.v(&state)[axis];
            if v * last < 0.0 {
                crossings += 1;
                // Straight through zero: back by the part of the step that was too much.
                if crossings == 20 {
                    time -= step_s * v / (v - last);
                }
            }
            last = v;
        }
        // Velocity is zero at a quarter period and each half period after; interpolation is straight over hω = 0.014.
        let expected = 19.5 * std::f64::consts::PI / frequency;
        assert!((time - expected).abs() < 2e-5 * expected, "{axis}: {time} {expected}");
    }
    let stiff = build(1e9);
    let found = stiff.unresolved(1e-3);
    assert_eq!((found.len(), found[0].name), (1, "mount"));
    // The bound is the trace; the stiffest motion alone has √(3e9/0.02).
    let sum: f64 =
        [200.0, 300.0, 400.0].iter().map(|k| k / mass).sum::<f64>() + 3.0 / 0.02 + 4.0 / 0.03 + 5.0 / 0.04;
    assert!((found[0].frequency_radps / (sum * 1e9).sqrt() - 1.0).abs() < 1e-9);
    let mut state = stiff.initial_state(&stiff.mechanism().zero_position(), &[0.1; 6]).unwrap();
    let mut ws = stiff.workspace();
    for _ in 0..20_000 {
        stiff.step(&mut state, &NOTHING, 1e-3, &mut ws).unwrap();
        assert!(stiff.v(&state).iter().all(|v| v.abs() < 0.3));
    }
}

/// At rest it is silent whatever the pose of both; turned by almost half a turn it still points back the short way.
#[test]
fn a_bushing_at_rest_exerts_nothing() {
    let mut draws = Draws::new(23);
    let mechanism = two_bodies(&mut draws);
    let [a, b] = ["one.grip", "two.grip"].map(|name| mechanism.frame(name).unwrap());
    let mut ws = mechanism.workspace();
    let (q, v) = common::random_motion(&mechanism, &mut draws);
    mechanism.kinematics(&q, &vec![0.0; v.len()], &mut ws).unwrap();
    let rest = ws.world_from_frame(a).inverse() * ws.world_from_frame(b);
    let mut island = IslandBuilder::new(mechanism.clone());
    island.connect("tie", a, b, Bushing::new(rest, [1e3; 6], [1.0; 6]).unwrap());
    let island = island.build().unwrap();
    let mut state = island.initial_state(&q, &vec![0.0; v.len()]).unwrap();
    let before = state.clone();
    for _ in 0..100 {
        island.step(&mut state, &NOTHING, 1e-3, &mut island.workspace()).unwrap();
    }
    // Rounding of the pose, some 1e-16 m, times k/m.
    assert!(state.iter().zip(&before).take(q.len()).all(|(x, y)| (x - y).abs() < 1e-12));

    for angle in [3.0, -3.0] {
        let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
        let frame = b.free_frame("body", FrameId::BASE, Placement::Fixed(Isometry3::identity()));
        b.body(frame, &draws.inertia()).unwrap();
        let turned = UnitQuaternion::from_axis_angle(&Vector3::z_axis(), angle);
        let mut island = IslandBuilder::new(b.build().unwrap());
        let rest = Isometry3::from_parts(Vector3::zeros().into(), turned);
        island.connect(
            "tie",
            FrameId::BASE,
            frame,
            Bushing::new(rest, [0.0, 0.0, 0.0, 1.0, 1.0, 1.0], [0.0; 6]).unwrap(),
        );
        let island = island.build().unwrap();
        let state = island.initial_state(&island.mechanism().zero_position(), &[0.0; 6]).unwrap();
        assert!((island.stored_energy(&state).unwrap() - 4.5).abs() < 1e-12);
    }
}

#[test]
fn what_cannot_be_connected_is_refused() {
    let mechanism = || two_bodies(&mut Draws::new(24));
    let bushing = || Bushing::new(Isometry3::identity(), [1.0; 6], [0.0; 6]).unwrap();
    let frame = |name| mechanism().frame(name).unwrap();
    let mut island = IslandBuilder::new(mechanism());
    island.connect("tie", frame("one"), frame("one"), bushing());
    assert!(island.build().unwrap_err().to_string().contains("two different frames"));
    let mut island = IslandBuilder::new(mechanism());
    island.connect("tie", frame("one"), frame("two"), bushing());
    island.connect("tie", frame("two"), frame("one"), bushing());
    assert!(island.build().unwrap_err().to_string().contains("\"tie\""));
    assert!(Bushing::new(Isometry3::identity(), [-1.0; 6], [0.0; 6]).is_err());
    assert!(Bushing::new(Isometry3::identity(), [1.0; 6], [f64::NAN; 6]).is_err());
}
