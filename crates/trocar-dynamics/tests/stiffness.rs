//! Springs from soft to far stiffer than the step: frequency, stability, order, advice.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Matrix3, Vector3};
use trocar_dynamics::{
    CoordinateKind, Drive, FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, JointVariable,
    MechanismBuilder, Placement, RESOLVED, SpringDamper,
};

/// Carts of 2 kg on one rail, each tied to the one before it (the first to the wall) by its own springs.
fn carts(springs: &[&[f64]]) -> Island {
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let mut along = Vec::new();
    for i in 0..springs.len() {
        let k = b.coordinate(&format!("x{i}"), CoordinateKind::Prismatic);
        let variable = JointVariable::prismatic(&[(k, 1.0)]);
        let cart = b.frame(
            &format!("cart{i}"),
            FrameId::BASE,
            Placement::Fixed(Isometry3::identity()),
            Some(variable),
        );
        let inertia = Inertia {
            mass_kg: 2.0,
            centre_of_mass_m: Vector3::zeros(),
            about_centre_kgm2: Matrix3::identity(),
        };
        b.body(cart, &inertia).unwrap();
        along.push(k);
    }
    let mut island = IslandBuilder::new(b.build().unwrap());
    for (i, own) in springs.iter().enumerate() {
        for (j, &k) in own.iter().enumerate() {
            let mut row = vec![(along[i], 1.0)];
            if i > 0 {
                row.push((along[i - 1], -1.0));
            }
            island.element(&format!("spring{i}_{j}"), &row, SpringDamper::new(k, 0.0, 0.0).unwrap());
        }
    }
    island.element("drive", &[(along[0], 1.0)], Drive);
    let mut island = island.build().unwrap();
    island.note_stiffness(&vec![0.0; springs.len()], &[]).unwrap();
    island
}

fn inputs(effort: &[f64]) -> IslandInputs<'_> {
    IslandInputs { elements: effort, payload_mass_kg: &[], wrenches: &[] }
}

/// The share is the first two terms of a series whose third is x⁴/6048, so the frequency errs by x⁶/12096: 8e-5 at x = 1.
/// The phase is read off position and velocity, which is by x²/12 too large: at the end, half a step from the start of a
/// period, this is an error of at most x³/24 once.
#[test]
fn a_spring_that_the_step_resolves_keeps_its_frequency() {
    for x in [0.03, 0.1, 0.3, 0.7, RESOLVED] {
        let step_s = 1e-3;
        let frequency = x / step_s;
        let island = carts(&[&[2.0 * frequency * frequency]]);
        let noted = island.frequency_radps(island.element("spring0_0").unwrap()).unwrap();
        assert!((noted / frequency - 1.0).abs() < 1e-12);
        assert!(island.unresolved(0.999 * step_s).is_empty());
        let mut state = island.initial_state(&[1.0], &[0.0]).unwrap();
        let mut ws = island.workspace();
        let radians = 2000.0 * std::f64::consts::PI;
        let steps = (radians / x).round();
        for _ in 0..steps as usize {
            island.step(&mut state, &inputs(&[0.0]), step_s, &mut ws).unwrap();
        }
        // Phase of x cos(ωt) from position and velocity.
        let phase = trocar_math::atan2(-island.v(&state)[0] / frequency, island.q(&state)[0]);
        let late = (phase - (steps * x - radians)).abs();
        // Twice the next term, which at x = 1 the rest of the series makes half as large again; and rounding of the steps.
        let expected = radians * trocar_math::powi(x, 6) / 6000.0 + trocar_math::powi(x, 3) / 24.0 + 1e-9;
        assert!(late < expected, "{x}: {late:e} {expected:e}");
        assert!(late > 0.3 * radians * trocar_math::powi(x, 6) / 12096.0 - 1e-6, "{x}: {late:e}");
    }
}

/// However stiff, alone or in company, on one motion or along a chain: a step neither gains energy nor loses it.
#[test]
fn no_spring_is_too_stiff_for_the_step() {
    let step_s = 1e-3;
    for scale in [1.0, 10.0, 1e3, 1e6, 1e10] {
        // x² = h² k/m = 1.5 · scale and less.
        let k = 3e6 * scale;
        let cases: [&[&[f64]]; 4] = [
            &[&[k]],
            &[&[k, k, k, k]],
            &[&[k, 100.0], &[k], &[k]],
            &[&[100.0], &[k, k], &[0.1 * k], &[1e-3 * k, k]],
        ];
        for springs in cases {
            let island = carts(springs);
            let n = springs.len();
            let velocities: Vec<f64> = (0..n).map(|i| 0.1 + 0.01 * i as f64).collect();
            let mut state = island.initial_state(&vec![0.0; n], &velocities).unwrap();
            let mut ws = island.workspace();
            let energy = |state: &[f64]| island.v(state).iter().map(|v| v * v).sum::<f64>();
            let most = energy(&state);
            for _ in 0..20_000 {
                island.step(&mut state, &inputs(&[0.0]), step_s, &mut ws).unwrap();
                // The conserved quantity of the scheme is not quite this energy: a factor of two at the worst.
                assert!(energy(&state) < 4.0 * most, "{scale} {springs:?}: {} of {most}", energy(&state));
            }
        }
    }
}

/// A pendulum whose rod is a spring that no step resolves (x = 800 and more): its swing is that of a rigid one, with an
/// error of second order. The rod's stretch is below 1e-9 m; its oscillation, started by the weight, stays that small.
#[test]
fn a_stiff_spring_costs_no_order() {
    let pendulum = |elastic: bool| {
        let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.81), Isometry3::identity());
        let angle = b.coordinate("angle", CoordinateKind::Revolute);
        let about_x = nalgebra::UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.5, 0.5, 0.5, 0.5));
        // z along the world's x (the hinge), x along its y, y along its z.
        let hinge = Placement::Fixed(Isometry3::from_parts(Vector3::zeros().into(), about_x));
        let mut at = b.frame("hinge", FrameId::BASE, hinge, Some(JointVariable::revolute(&[(angle, 1.0)])));
        if elastic {
            let stretch = b.coordinate("stretch", CoordinateKind::Prismatic);
            // z along the hinge's y.
            let down =
                nalgebra::UnitQuaternion::new_unchecked(nalgebra::Quaternion::new(0.5, -0.5, -0.5, -0.5));
            let slide = Placement::Fixed(Isometry3::from_parts(Vector3::zeros().into(), down));
            at = b.frame("rod", at, slide, Some(JointVariable::prismatic(&[(stretch, 1.0)])));
        }
        let about = if elastic { Vector3::new(0.0, 0.0, -0.5) } else { Vector3::new(0.0, -0.5, 0.0) };
        let bob =
            Inertia { mass_kg: 2.0, centre_of_mass_m: about, about_centre_kgm2: Matrix3::identity() * 0.01 };
        b.body(at, &bob).unwrap();
        let mut island = IslandBuilder::new(b.build().unwrap());
        if elastic {
            let stretch = island.mechanism().coordinate("stretch").unwrap();
            island.element("rod", &[(stretch, 1.0)], SpringDamper::new(2e10, 0.0, 0.0).unwrap());
        }
        let mut island = island.build().unwrap();
        island.note_stiffness(&vec![0.0; if elastic { 2 } else { 1 }], &[]).unwrap();
        island
    };
    let run = |island: &Island, integrator, step_s: f64| {
        let mut q = vec![0.0; island.mechanism().coordinate_count()];
        q[0] = 1.2;
        let mut state = island.initial_state(&q, &vec![0.0; q.len()]).unwrap();
        let mut ws = island.workspace();
        for _ in 0..(2.0 / step_s).round() as usize {
            island.step_with(integrator, &mut state, &inputs(&[]), step_s, &mut ws).unwrap();
        }
        island.q(&state)[0]
    };
    let exact = run(&pendulum(false), Integrator::RungeKutta4, 1e-3);
    let elastic = pendulum(true);
    let [coarse, fine] = [16e-3, 8e-3].map(|h| (run(&elastic, Integrator::Leapfrog, h) - exact).abs());
    assert!((coarse / fine - 4.0).abs() < 0.5, "{coarse:e} {fine:e}");
    assert!(fine < 1e-3, "{fine:e}");
}

/// The advice names what is too stiff, the stiffest first, and a step that resolves it; without notes there is none.
#[test]
fn advice_names_the_stiffest() {
    let island = carts(&[&[2e4], &[2e8, 2.0]]);
    let found = island.unresolved(1.1e-2);
    let names: Vec<_> = found.iter().map(|e| e.name).collect();
    assert_eq!(names, ["spring1_0", "spring0_0"]);
    // Against the other cart the reduced mass is half: ω² = 2e8/1.
    assert!((found[0].frequency_radps - 2e8f64.sqrt()).abs() < 1e-6);
    assert!((found[1].frequency_radps - 100.0).abs() < 1e-9);
    assert!((found[1].longest_step_s - 1e-2).abs() < 1e-12);
    assert!(island.unresolved(found[0].longest_step_s).is_empty());
}

/// RK4 knows nothing of shares: both integrators agree where both resolve.
#[test]
fn both_integrators_agree_on_a_resolved_chain() {
    let island = carts(&[&[2e4], &[1e4], &[5e3, 1e3]]);
    let run = |integrator, step_s: f64| {
        let mut state = island.initial_state(&[0.1, 0.0, -0.1], &[0.0, 1.0, 0.0]).unwrap();
        let mut ws = island.workspace();
        for _ in 0..(0.3 / step_s).round() as usize {
            island.step_with(integrator, &mut state, &inputs(&[0.0]), step_s, &mut ws).unwrap();
        }
        island.q(&state).to_vec()
    };
    let exact = run(Integrator::RungeKutta4, 1e-5);
    let [coarse, fine] = [1e-3, 5e-4].map(|h| {
        let end = run(Integrator::Leapfrog, h);
        end.iter().zip(&exact).map(|(a, b)| (a - b).abs()).sum::<f64>()
    });
    // The phase is of fourth order, the velocity at the ends of steps is by x²/12 too large: second order in all.
    assert!((coarse / fine - 4.0).abs() < 0.5 && fine < 1e-5, "{coarse:e} {fine:e}");
}
