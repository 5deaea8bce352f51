use super::*;
use nalgebra::{Isometry3, Matrix3, Vector3};
use proptest::prelude::*;
use trocar_dynamics::{
    CoordinateKind, FrameId, Inertia, Island, IslandBuilder, IslandInputs, JointVariable, MechanismBuilder,
    Placement,
};

const JOINTS: [(&str, LimitCoefficients); 6] = [
    ("hip_flexion", LimitCoefficients::HIP_FLEXION),
    ("hip_adduction", LimitCoefficients::HIP_ADDUCTION),
    ("hip_rotation", LimitCoefficients::HIP_ROTATION),
    ("knee_flexion", LimitCoefficients::KNEE_FLEXION),
    ("ankle_dorsiflexion", LimitCoefficients::ANKLE_DORSIFLEXION),
    ("trunk_flexion", LimitCoefficients::TRUNK_FLEXION),
];

/// At its marks each side has its published torque; the other side adds at most what a test of the sum allows.
#[test]
#[expect(clippy::approx_constant, reason = "the table's numbers as they are printed")]
fn published_torques_at_the_marks() {
    for (angle, joint, expected) in [
        (1.81, LimitCoefficients::HIP_FLEXION, -2.44),
        (-0.6981, LimitCoefficients::HIP_FLEXION, 1.51),
        // The knee in flexion: 2.4 rad bent, 0.13 rad beyond straight.
        (2.4, LimitCoefficients::KNEE_FLEXION, -11.03),
        (-0.13, LimitCoefficients::KNEE_FLEXION, 6.09),
        (0.52, LimitCoefficients::ANKLE_DORSIFLEXION, -2.03),
        (-0.74, LimitCoefficients::ANKLE_DORSIFLEXION, 0.18),
        // Trunk: 0.5236 rad bent forward, 0.17 rad back.
        (0.5236, LimitCoefficients::TRUNK_FLEXION, -0.25),
        (-0.17, LimitCoefficients::TRUNK_FLEXION, 0.35),
    ] {
        let torque = JointLimit::new(joint, 0.0).torque_nm(angle);
        assert!((torque - expected).abs() < 1e-4 * expected.abs(), "{torque} is not {expected}");
    }
    // The hip 0.1 rad beyond its mark: −2.44 exp(0.505).
    let beyond = JointLimit::new(LimitCoefficients::HIP_FLEXION, 0.0).torque_nm(1.91);
    assert!((beyond + 2.44 * trocar_math::exp(0.505)).abs() < 1e-12);
    assert_eq!(LimitCoefficients::published("hip_flexion"), Some(LimitCoefficients::HIP_FLEXION));
    assert_eq!(LimitCoefficients::published("wrist_flexion"), None);
}

#[test]
fn far_outside_the_range_nothing_overflows() {
    for (name, joint) in JOINTS {
        let limit = JointLimit::new(joint, 0.1);
        for position in [-1e3, -10.0, 10.0, 1e3] {
            let law =
                limit.law(&Stage { position, rate: -position, step_s: 1e-3, spring_share: 0.0 }, &[], &[]);
            let numbers =
                [law.offset, law.viscous, law.branch, law.slope, limit.stored_energy(position, &[])];
            assert!(numbers.iter().all(|x| x.is_finite()), "{name} at {position}: {law:?}");
            assert!(law.offset * position < 0.0, "{name} at {position}: {law:?}");
        }
    }
}

proptest! {
    /// Work done on the mechanism is never more than the fall of the potential, whatever the step, the rate and the mean rate
    /// that comes of it; only a step across the middle of the range is not spoken of.
    #[test]
    fn gives_back_no_more_than_it_was_given(
        joint in 0usize..6,
        place in -0.2f64..1.2,
        rate in -30.0f64..30.0,
        mean in -200.0f64..200.0,
        step_s in prop::sample::select(vec![1e-4, 1e-3, 1e-2]),
    ) {
        let coefficients = JOINTS[joint].1;
        let limit = JointLimit::new(coefficients, 0.0);
        let (low, high) = (coefficients.lower.2, coefficients.upper.2);
        let position = low + place * (high - low);
        let middle = 0.5 * (low + high);
        let end = position + step_s * mean;
        prop_assume!((position - middle) * (end - middle) > 0.0);
        let law = limit.law(&Stage { position, rate, step_s, spring_share: 0.0 }, &[], &[]);
        let work = law.force(mean) * mean * step_s;
        let fall = limit.stored_energy(position, &[]) - limit.stored_energy(end, &[]);
        let scale = 1.0 + limit.stored_energy(position, &[]) + limit.stored_energy(end, &[]);
        prop_assert!(work <= fall + 1e-9 * scale, "{}: {work} of {fall}", JOINTS[joint].0);
        prop_assert!(law.viscous >= 0.0 && law.slope >= 0.0);
    }
}

/// A shank's inertia, 0.4 kg m² about the knee, without gravity.
fn swinging(limit: JointLimit) -> Island {
    let mut builder = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let knee = builder.coordinate("knee", CoordinateKind::Revolute);
    let at = Placement::Fixed(Isometry3::identity());
    let shank = builder.frame("shank", FrameId::BASE, at, Some(JointVariable::revolute(&[(knee, 1.0)])));
    let body = Inertia {
        mass_kg: 1.0,
        centre_of_mass_m: Vector3::zeros(),
        about_centre_kgm2: Matrix3::from_diagonal_element(0.4),
    };
    builder.body(shank, &body).unwrap();
    let mut island = IslandBuilder::new(builder.build().unwrap());
    island.element("limit", &[(knee, 1.0)], limit);
    island.build().unwrap()
}

/// The speed with which it comes back, over that with which it went in, and how far it went.
fn bounce(speed: f64, step_s: f64) -> (f64, f64) {
    let island = swinging(JointLimit::new(LimitCoefficients::KNEE_FLEXION, 0.0));
    let mut state = island.initial_state(&[1.2], &[speed]).unwrap();
    let (mut ws, given) = (island.workspace(), island.nominal_inputs());
    let given = IslandInputs { elements: &given, payload_mass_kg: &[], wrenches: &[] };
    let mut furthest = 1.2;
    for _ in 0..(5.0 / step_s) as usize {
        island.step(&mut state, &given, step_s, &mut ws).unwrap();
        let position = island.q(&state)[0];
        furthest = if speed > 0.0 { max(furthest, position) } else { trocar_math::min(furthest, position) };
        if (position - 1.2) * speed < 0.0 {
            break;
        }
    }
    (-island.v(&state)[0] / speed, furthest)
}

/// A knee flung into its end: it goes where its energy is spent, ½ I v² = V, and comes back with nearly all of its speed, the
/// loss shrinking with the square of the step; at steps that resolve nothing it comes back slower, never faster.
#[test]
fn a_bounce_loses_little_and_gains_nothing() {
    for speed in [8.0, -8.0] {
        let limit = JointLimit::new(LimitCoefficients::KNEE_FLEXION, 0.0);
        let energy = 0.5 * 0.4 * speed * speed;
        let mut loss_before = f64::NAN;
        for step_s in [4e-3, 2e-3, 1e-3, 5e-4] {
            let (back, furthest) = bounce(speed, step_s);
            assert!(back <= 1.0 + 1e-12, "{back} at {step_s}");
            let loss = 1.0 - back;
            println!("{speed} rad/s, {step_s} s: {loss:.2e} lost, furthest {furthest:.4} rad");
            if step_s <= 1e-3 {
                assert!(loss < 0.01, "{loss} at {step_s}");
                // From 1 ms on the order shows: a quarter, or near it.
                let order = loss_before / loss;
                assert!(step_s > 5e-4 || (order > 2.5 && order < 6.0), "{order}");
                // What a step of 8 mrad can hide of a potential as steep as 34/rad.
                let there = limit.stored_energy(furthest, &[]);
                assert!((there / energy - 1.0).abs() < 0.1, "{there} of {energy}");
            }
            loss_before = loss;
        }
        for step_s in [1e-2, 3e-2] {
            let (back, _) = bounce(speed, step_s);
            assert!(back <= 1.0 && back > 0.0, "{back} at {step_s}");
        }
    }
}
