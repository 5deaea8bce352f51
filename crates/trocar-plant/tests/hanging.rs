//! A person hung by the pelvis: legs swing in their passive torques and limits, and come to rest where torques and weight balance.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Vector3};
use trocar_dynamics::{FrameId, Island, IslandBuilder, IslandInputs, MechanismBuilder, Placement};
use trocar_plant::person::{JointLimit, Joints, LimitCoefficients, PassiveLeg, Person, Root, Sex, Side};

const LEG: [&str; 3] = ["hip_flexion", "knee_flexion", "ankle_dorsiflexion"];

/// Coordinates: hip, knee, ankle of the right leg, then of the left one.
fn hung(with_passive_torques: bool) -> Island {
    let person = Person::new(1.75, 72.0, Sex::Male).unwrap();
    let mut builder = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.806_65), Isometry3::identity());
    let joints = Joints { root: Root::Fixed, ..Joints::default() };
    let at = Placement::Fixed(Isometry3::identity());
    let placed = person.add_to(&mut builder, "wearer", FrameId::BASE, at, joints).unwrap();
    let mut island = IslandBuilder::new(builder.build().unwrap());
    for (name, coordinate) in placed.coordinates() {
        let coefficients = LimitCoefficients::published(&name[..name.len() - 2]).unwrap();
        let limit = JointLimit::new(coefficients, JointLimit::DAMPING_NMSPRAD);
        island.element(&format!("limit_{name}"), &[(coordinate, 1.0)], limit);
    }
    if with_passive_torques {
        for side in Side::BOTH {
            let leg = LEG.map(|joint| placed.coordinate(&format!("{joint}{}", side.suffix())).unwrap());
            island.field(&format!("passive{}", side.suffix()), &leg, PassiveLeg);
        }
    }
    island.build().unwrap()
}

fn energy(island: &Island, state: &[f64], ws: &mut trocar_dynamics::IslandWorkspace) -> f64 {
    island.kinematics(state, ws).unwrap();
    let mechanism = island.mechanism();
    mechanism.kinetic_energy(island.v(state), &[], ws.mechanism()).unwrap()
        + mechanism.potential_energy(&[], ws.mechanism()).unwrap()
        + island.stored_energy(state).unwrap()
}

/// With limits and damping alone the energy of legs that are let go never rises, at any instant: the limits keep what they are given or less.
#[test]
fn legs_that_are_let_go_gain_no_energy() {
    for step_s in [1e-3, 4e-3] {
        let island = hung(false);
        let (mut ws, given) = (island.workspace(), island.nominal_inputs());
        let given = IslandInputs { elements: &given, payload_mass_kg: &[], wrenches: &[] };
        // Hips, knees and ankles far from hanging, the knees and ankles near their ends.
        let mut state = island.initial_state(&[1.2, 1.8, 0.3, -0.4, 0.2, -0.5], &[0.0; 6]).unwrap();
        let first = energy(&island, &state, &mut ws);
        let mut before = first;
        for _ in 0..(10.0 / step_s) as usize {
            island.step(&mut state, &given, step_s, &mut ws).unwrap();
            let now = energy(&island, &state, &mut ws);
            // Where next to nothing brakes, the integrator's own energy wavers by the square of the step.
            assert!(now - before < 2e3 * step_s * step_s, "{now} after {before} J, step {step_s}");
            before = now;
        }
        assert!(first - before > 15.0, "{first} {before}");
    }
}

/// With Riener and Edrich's torques they come to rest, both alike, where passive torques, limits and weight balance: a little flexed in hip and knee and with hanging
/// feet, as the legs of people who are lifted do.
#[test]
fn legs_come_to_rest_where_torques_balance() {
    let step_s = 1e-3;
    let island = hung(true);
    let (mut ws, given) = (island.workspace(), island.nominal_inputs());
    let given = IslandInputs { elements: &given, payload_mass_kg: &[], wrenches: &[] };
    let mut state = island.initial_state(&[0.0, 0.0, 0.0, 0.3, 0.3, -0.2], &[0.0; 6]).unwrap();
    for _ in 0..(300.0 / step_s) as usize {
        island.step(&mut state, &given, step_s, &mut ws).unwrap();
    }
    island.kinematics(&state, &mut ws).unwrap();
    let q = island.q(&state).to_vec();
    let mut weight = vec![0.0; 6];
    island.mechanism().gravity(&[], ws.mechanism_mut(), &mut weight).unwrap();
    for leg in 0..2 {
        let angles = [q[3 * leg], q[3 * leg + 1], q[3 * leg + 2]];
        let passive = PassiveLeg.efforts(&angles);
        for (k, joint) in LEG.into_iter().enumerate() {
            let limit =
                JointLimit::new(LimitCoefficients::published(joint).unwrap(), 0.0).torque_nm(angles[k]);
            let left = weight[3 * leg + k] + passive[k] + limit;
            // What still swings after 300 s, with a time constant of 2 I/c near 50 s: exp(−6) of some 10 N m.
            assert!(left.abs() < 0.05, "{joint}: {left} N m of {}", passive[k]);
        }
        let [hip, knee, ankle] = angles.map(f64::to_degrees);
        assert!((3.0..20.0).contains(&hip) && (3.0..20.0).contains(&knee), "{hip} {knee}");
        assert!((-30.0..-10.0).contains(&ankle), "{ankle}");
    }
    assert!((0..3).all(|k| (q[k] - q[k + 3]).abs() < 0.01), "{q:?}");
}
