//! Efforts on several joints that depend on all of them.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Matrix3, Vector3};
use trocar_dynamics::{
    CoordinateKind, FrameId, Inertia, Integrator, Island, IslandBuilder, IslandError, IslandInputs,
    JointField, JointVariable, MechanismBuilder, Placement,
};

const NOTHING: IslandInputs<'static> = IslandInputs { elements: &[], payload_mass_kg: &[], wrenches: &[] };

/// Springs k on each joint and c between both.
#[derive(Debug)]
struct TwoSprings {
    own: f64,
    between: f64,
}

impl JointField for TwoSprings {
    fn efforts(&self, positions: &[f64], efforts: &mut [f64], own_stiffness: &mut [f64]) {
        let apart = positions[1] - positions[0];
        efforts[0] = -self.own * positions[0] + self.between * apart;
        efforts[1] = -self.own * positions[1] - self.between * apart;
        own_stiffness.fill(self.own + self.between);
    }
}

/// Two wheels on parallel axes, each of 0.2 kg m².
fn wheels(own: f64, between: f64) -> Island {
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let mut joints = Vec::new();
    for name in ["one", "two"] {
        let k = b.coordinate(name, CoordinateKind::Revolute);
        let place = Placement::Fixed(Isometry3::identity());
        let frame = b.frame(name, FrameId::BASE, place, Some(JointVariable::revolute(&[(k, 1.0)])));
        let inertia = Inertia {
            mass_kg: 1.0,
            centre_of_mass_m: Vector3::zeros(),
            about_centre_kgm2: Matrix3::identity() * 0.2,
        };
        b.body(frame, &inertia).unwrap();
        joints.push(k);
    }
    let mut island = IslandBuilder::new(b.build().unwrap());
    island.field("springs", &joints, TwoSprings { own, between });
    island.build().unwrap()
}

fn run(island: &Island, integrator: Integrator, start: [f64; 2], time_s: f64, step_s: f64) -> [f64; 2] {
    let mut state = island.initial_state(&start, &[0.0; 2]).unwrap();
    let mut ws = island.workspace();
    for _ in 0..(time_s / step_s).round() as usize {
        island.step_with(integrator, &mut state, &NOTHING, step_s, &mut ws).unwrap();
    }
    [island.q(&state)[0], island.q(&state)[1]]
}

/// In step the wheels swing with √(k/J), against each other with √((k + 2c)/J); the error falls with the square of the step.
#[test]
fn two_coupled_wheels_swing_as_the_closed_form_says() {
    let (own, between, inertia) = (20.0, 15.0, 0.2);
    let island = wheels(own, between);
    for (start, stiffness) in [([0.1, 0.1], own), ([0.1, -0.1], own + 2.0 * between)] {
        let expected = 0.1 * trocar_math::cos((stiffness / inertia).sqrt() * 2.0);
        let errors = [2e-3, 1e-3].map(|h| {
            let [one, two] = run(&island, Integrator::Leapfrog, start, 2.0, h);
            assert!((one - two * start[0] / start[1]).abs() < 1e-12);
            (one - expected).abs()
        });
        assert!((errors[0] / errors[1] - 4.0).abs() < 0.2, "{errors:?}");
        let [exact, _] = run(&island, Integrator::RungeKutta4, start, 2.0, 1e-3);
        assert!((exact - expected).abs() < 1e-8);
    }
}

/// On a slope ten thousand times too steep for its step a joint is slow, and stable.
#[test]
fn a_steep_field_is_stable() {
    let island = wheels(2e9, 0.0);
    let mut state = island.initial_state(&[0.1, -0.2], &[0.0; 2]).unwrap();
    let mut ws = island.workspace();
    for _ in 0..20_000 {
        island.step(&mut state, &NOTHING, 1e-3, &mut ws).unwrap();
        assert!(island.q(&state).iter().all(|q| q.abs() < 0.21));
    }
}

#[test]
fn a_field_on_nothing_or_twice_on_one_joint_is_refused() {
    let build = |joints: fn(&[trocar_dynamics::CoordinateId]) -> Vec<trocar_dynamics::CoordinateId>| {
        let island = wheels(1.0, 1.0);
        let mechanism = island.mechanism();
        let both = ["one", "two"].map(|name| mechanism.coordinate(name).unwrap());
        let mut builder = IslandBuilder::new(mechanism.clone());
        builder.field("springs", &joints(&both), TwoSprings { own: 1.0, between: 1.0 });
        builder.build().map(|_| ())
    };
    assert_eq!(build(|both| both.to_vec()), Ok(()));
    assert_eq!(build(|_| Vec::new()), Err(IslandError::Row("springs".to_owned())));
    assert_eq!(build(|both| vec![both[0], both[0]]), Err(IslandError::Row("springs".to_owned())));
}
