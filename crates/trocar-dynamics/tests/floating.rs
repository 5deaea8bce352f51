//! Free bodies, floating chains and several trees in one island.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

mod common;

use common::{Draws, random_motion};
use nalgebra::{Isometry3, Vector3};
use trocar_dynamics::{
    AppliedWrench, CoordinateKind, Drive, FrameId, Friction, Integrator, Island, IslandBuilder, IslandInputs,
    JointVariable, Mechanism, MechanismBuilder, Momentum, Placement, SpringDamper,
};

/// A free body with links on it: two turning, one sliding, one on a ball joint.
fn chain(draws: &mut Draws, gravity: Vector3<f64>) -> MechanismBuilder {
    let mut b = MechanismBuilder::new(gravity, Isometry3::identity());
    let mut at = b.free_frame("root", FrameId::BASE, Placement::Fixed(draws.pose()));
    b.body(at, &draws.inertia()).unwrap();
    for (i, kind) in [CoordinateKind::Revolute, CoordinateKind::Prismatic, CoordinateKind::Revolute]
        .into_iter()
        .enumerate()
    {
        let k = b.coordinate(&format!("c{i}"), kind);
        let variable = JointVariable { kind, row: vec![(k, 1.0)] };
        at = b.frame(&format!("l{i}"), at, Placement::Fixed(draws.pose()), Some(variable));
        b.body(at, &draws.inertia()).unwrap();
    }
    let last = b.spherical_frame("hand", at, Placement::Fixed(draws.pose()));
    b.body(last, &draws.inertia()).unwrap();
    b
}

/// With a spring on each scalar joint, so that nothing slides off.
fn island(mechanism: Mechanism) -> Island {
    let mut island = IslandBuilder::new(mechanism.clone());
    for name in ["c0", "c1", "c2"] {
        let k = mechanism.coordinate(name).unwrap();
        island.element(name, &[(k, 1.0)], SpringDamper::new(20.0, 0.0, 0.0).unwrap());
    }
    island.build().unwrap()
}

fn momentum(island: &Island, state: &[f64]) -> Momentum {
    let mechanism = island.mechanism();
    let mut ws = mechanism.workspace();
    mechanism.kinematics(island.q(state), island.v(state), &mut ws).unwrap();
    mechanism.momentum(&[], &ws).unwrap()
}

fn energy(island: &Island, state: &[f64]) -> f64 {
    let mechanism = island.mechanism();
    let mut ws = mechanism.workspace();
    mechanism.kinematics(island.q(state), island.v(state), &mut ws).unwrap();
    let moving = mechanism.kinetic_energy(island.v(state), &[], &ws).unwrap();
    moving + mechanism.potential_energy(&[], &ws).unwrap() + island.stored_energy(state).unwrap()
}

/// Nothing is lost or gained over ten thousand swings: what the momentum at the ends of steps differs by is the error of
/// one step, of second order in its length, and it is on average the same in the last fifth of the run as in the first.
/// (Without the correction it grew to 7.8 times as much here.)
#[test]
fn a_floating_chain_drifts_no_momentum() {
    let mut draws = Draws::new(7);
    let mechanism = chain(&mut draws, Vector3::zeros()).build().unwrap();
    let speeds = draws.list(mechanism.coordinate_count(), 1.0);
    let island = island(mechanism);
    let inputs = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[] };
    let worst = |step_s: f64, seconds: f64| {
        let start = island.initial_state(&island.mechanism().zero_position(), &speeds).unwrap();
        let (at_start, energy_at_start) = (momentum(&island, &start), energy(&island, &start));
        let (mut state, mut ws) = (start, island.workspace());
        let steps = (seconds / step_s) as usize;
        let (mut early, mut late, mut lost) = (0.0, 0.0, 0.0);
        for k in 0..steps {
            island.step(&mut state, &inputs, step_s, &mut ws).unwrap();
            if k % 97 != 0 {
                continue;
            }
            let now = momentum(&island, &state);
            let error = (now.linear_kgmps - at_start.linear_kgmps).norm()
                + (now.angular_about_centre_kgm2ps - at_start.angular_about_centre_kgm2ps).norm();
            let share = 97.0 / (steps / 5) as f64;
            if k < steps / 5 {
                early += share * error;
            } else if k >= steps - steps / 5 {
                late += share * error;
            }
            lost = trocar_math::max(lost, (energy(&island, &state) - energy_at_start).abs());
        }
        let scale = at_start.linear_kgmps.norm() + at_start.angular_about_centre_kgm2ps.norm();
        (early / scale, late / scale, lost / energy_at_start)
    };
    let (early, late, lost) = worst(1e-3, 200.0);
    assert!(early < 1e-5 && late < 1.5 * early, "{early:e} {late:e}");
    assert!(lost < 2e-4, "{lost:e}");
    let (halved, ..) = worst(0.5e-3, 200.0);
    assert!((early / halved - 4.0).abs() < 0.5, "{}", early / halved);
}

/// Under gravity and a wrench that is constant in the world, both momenta grow by their impulses. The wrench acts at the
/// root, so its moment about the centre is that of the arm there, which is summed beside it by the trapezoidal rule.
#[test]
fn momentum_grows_by_the_impulse_of_what_acts() {
    let mut draws = Draws::new(8);
    let gravity = Vector3::new(0.3, -0.2, -9.81);
    let mechanism = chain(&mut draws, gravity).build().unwrap();
    let root = mechanism.frame("root").unwrap();
    let speeds = draws.list(mechanism.coordinate_count(), 1.0);
    let island = island(mechanism);
    let wrench = AppliedWrench {
        frame: root,
        point_in_frame_m: Vector3::new(0.1, 0.0, -0.2),
        force_in_world_n: Vector3::new(3.0, -2.0, 5.0),
        moment_in_world_nm: Vector3::new(0.2, 0.4, -0.3),
    };
    let inputs = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[wrench] };
    let mut state = island.initial_state(&island.mechanism().zero_position(), &speeds).unwrap();
    let (at_start, mut ws) = (momentum(&island, &state), island.workspace());
    let (step_s, steps) = (0.5e-3, 4000);
    let moment = |state: &[f64]| {
        let mechanism = island.mechanism();
        let mut ws = mechanism.workspace();
        mechanism.kinematics(island.q(state), island.v(state), &mut ws).unwrap();
        let centre = mechanism.centre_of_mass(&[], &ws).unwrap();
        let arm = ws.point_in_world(root, &wrench.point_in_frame_m) - centre.position_in_world_m;
        (arm.cross(&wrench.force_in_world_n) + wrench.moment_in_world_nm, centre.mass_kg)
    };
    let mut angular = Vector3::zeros();
    let mut before = moment(&state).0;
    for _ in 0..steps {
        island.step(&mut state, &inputs, step_s, &mut ws).unwrap();
        let after = moment(&state).0;
        angular += (before + after) * (0.5 * step_s);
        before = after;
    }
    let time = step_s * f64::from(steps);
    let linear = (wrench.force_in_world_n + gravity * moment(&state).1) * time;
    let now = momentum(&island, &state);
    // The error of one step at either end, and that of the sum: h² times accelerations of some 100 rad/s².
    assert!((now.linear_kgmps - at_start.linear_kgmps - linear).norm() < 1e-4 * linear.norm());
    let grown = now.angular_about_centre_kgm2ps - at_start.angular_about_centre_kgm2ps;
    assert!((grown - angular).norm() < 1e-4 * (1.0 + angular.norm()), "{grown} {angular}");
}

/// Against Runge–Kutta with a twentieth of the step: second order, quaternions and corrections included. Also where the
/// root is held by friction and springs on its own displacements, which act on its momentum like anything else.
#[test]
fn a_floating_chain_is_of_second_order() {
    let mut draws = Draws::new(9);
    let mechanism = chain(&mut draws, Vector3::new(0.0, 0.0, -9.81)).build().unwrap();
    let (q, v) = random_motion(&mechanism, &mut draws);
    let mut builder = IslandBuilder::new(mechanism.clone());
    for name in ["root.x", "root.y", "root.z", "c0", "c1", "c2"] {
        let k = mechanism.coordinate(name).unwrap();
        builder.element(name, &[(k, 1.0)], SpringDamper::new(60.0, 0.5, 0.1).unwrap());
    }
    let island = builder.build().unwrap();
    let inputs = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[] };
    let run = |integrator, step_s: f64| {
        let mut state = island.initial_state(&q, &v).unwrap();
        let mut ws = island.workspace();
        for _ in 0..(0.5 / step_s).round() as usize {
            island.step_with(integrator, &mut state, &inputs, step_s, &mut ws).unwrap();
        }
        mechanism.kinematics(island.q(&state), island.v(&state), ws.mechanism_mut()).unwrap();
        ws.mechanism().point_in_world(mechanism.frame("hand").unwrap(), &Vector3::new(0.1, 0.1, 0.1))
    };
    let exact = run(Integrator::RungeKutta4, 5e-5);
    let [coarse, fine] = [1e-3, 5e-4].map(|h| (run(Integrator::Leapfrog, h) - exact).norm());
    assert!((coarse / fine - 4.0).abs() < 0.6, "{coarse:e} {fine:e}");
    // Swings of some 20 rad/s over half a second.
    assert!(fine < 1e-4, "{fine:e}");
}

/// Two mechanisms taken into one move as each does alone; a spring between them pulls both within the step.
#[test]
fn several_trees_are_one_island() {
    let slider = |draws: &mut Draws| {
        let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.81), Isometry3::identity());
        let [a, c] = ["swing", "slide"].map(|name| {
            let kind = if name == "swing" { CoordinateKind::Revolute } else { CoordinateKind::Prismatic };
            b.coordinate(name, kind)
        });
        let link = b.frame(
            "link",
            FrameId::BASE,
            Placement::Fixed(draws.pose()),
            Some(JointVariable::revolute(&[(a, 1.0)])),
        );
        b.body(link, &draws.inertia()).unwrap();
        let end =
            b.frame("end", link, Placement::Fixed(draws.pose()), Some(JointVariable::prismatic(&[(c, 1.0)])));
        b.body(end, &draws.inertia()).unwrap();
        b.rotor("motor", &[(a, 5.0)], 1e-3);
        b
    };
    let mut draws = Draws::new(10);
    let (one, two) = (slider(&mut draws), chain(&mut draws, Vector3::zeros()));
    let mut both = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.81), Isometry3::identity());
    let at = [Isometry3::translation(1.0, 0.0, 0.0), Isometry3::translation(0.0, 2.0, 0.0)];
    let first = both.attach("one", FrameId::BASE, Placement::Fixed(at[0]), &one);
    let second = both.attach("two", FrameId::BASE, Placement::Fixed(at[1]), &two);
    let together = both.build().unwrap();
    let one = one.build().unwrap();
    assert_eq!(together.coordinate("one.slide").unwrap(), first.coordinate(one.coordinate("slide").unwrap()));
    let hand = two.build().unwrap().frame("hand").unwrap();
    assert_eq!(together.frame("two.hand").unwrap(), second.frame(hand));

    // The first alone and in company: the same accelerations (the second has none to do with it).
    let (q, v) = random_motion(&together, &mut draws);
    let effort = draws.list(together.coordinate_count(), 3.0);
    let (mut whole, mut alone) = (vec![0.0; together.coordinate_count()], vec![0.0; 2]);
    together.forward_dynamics(&q, &v, &effort, &[], &mut together.workspace(), &mut whole).unwrap();
    one.forward_dynamics(&q[..2], &v[..2], &effort[..2], &[], &mut one.workspace(), &mut alone).unwrap();
    for (a, b) in whole.iter().zip(&alone) {
        assert!((a - b).abs() < 1e-12 * (1.0 + b.abs()), "{a} {b}");
    }
    // A spring between a slide of each: the energy of the whole stays, and the second's momentum is no longer its own.
    let (slide, x) = (together.coordinate("one.slide").unwrap(), together.coordinate("two.root.x").unwrap());
    let mut island = IslandBuilder::new(together);
    island.element("tie", &[(slide, 1.0), (x, -1.0)], SpringDamper::new(200.0, 0.0, 0.0).unwrap());
    let island = island.build().unwrap();
    let mut state = island.initial_state(&q, &v).unwrap();
    let at_start = energy(&island, &state);
    let inputs = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[] };
    let mut ws = island.workspace();
    for _ in 0..2000 {
        island.step(&mut state, &inputs, 1e-4, &mut ws).unwrap();
    }
    // Second order: rates of some 30 rad/s, h = 1e-4.
    assert!((energy(&island, &state) - at_start).abs() < 1e-4 * (1.0 + at_start.abs()));
}

/// What acts on a ball joint has no position to act on: refused by name.
#[test]
fn a_force_on_a_ball_joint_s_coordinate_is_refused() {
    let mut draws = Draws::new(11);
    let mechanism = chain(&mut draws, Vector3::zeros()).build().unwrap();
    let turn = mechanism.coordinate("hand.turn_x").unwrap();
    assert_eq!(mechanism.position_of(turn), None);
    let mut island = IslandBuilder::new(mechanism);
    island.element("spring", &[(turn, 1.0)], Friction::new(1.0, 0.0, 1.0, 0.0).unwrap());
    island.element("drive", &[(turn, 1.0)], Drive);
    assert!(island.build().unwrap_err().to_string().contains("\"spring\""));
    let mut b = chain(&mut draws, Vector3::zeros());
    let turned = b.build().unwrap().coordinate("hand.turn_y").unwrap();
    b = chain(&mut draws, Vector3::zeros());
    b.frame(
        "bad",
        FrameId::BASE,
        Placement::Fixed(Isometry3::identity()),
        Some(JointVariable::revolute(&[(turned, 1.0)])),
    );
    assert!(b.build().unwrap_err().to_string().contains("\"bad\""));
    // A quaternion of zeros is no orientation.
    let mechanism = chain(&mut draws, Vector3::zeros()).build().unwrap();
    let (q, v) = (vec![0.0; mechanism.position_count()], vec![0.0; mechanism.coordinate_count()]);
    let error = mechanism.kinematics(&q, &v, &mut mechanism.workspace()).unwrap_err();
    assert!(error.to_string().contains("root.turn_x"), "{error}");
}
