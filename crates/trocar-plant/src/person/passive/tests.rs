use super::*;
use trocar_math::exp;

fn degrees(angles: [f64; 3]) -> [f64; 3] {
    angles.map(f64::to_radians)
}

fn close(got: f64, expected: f64, tolerance: f64) {
    assert!((got - expected).abs() <= tolerance, "{got} is not {expected}");
}

/// The values that go with the published coefficients, to their two decimals.
#[test]
fn published_values_of_the_hip() {
    for (hip, knee, expected) in [(0.0, 0.0, 8.58), (90.0, 0.0, -51.38), (90.0, 90.0, 0.30)] {
        close(PassiveLeg.efforts(&degrees([hip, knee, 0.0]))[HIP], expected, 0.005);
    }
}

/// The equations evaluated term by term with a pocket calculator's five digits. An ankle or a knee coefficient that is wrong by
/// a sign or by a factor of ten shows.
#[test]
fn knee_and_ankle_by_hand() {
    let efforts = |angles| PassiveLeg.efforts(&degrees(angles));
    // 6.0496 − 0.01885 − 4.82 + 9.2073
    close(efforts([0.0, 0.0, 0.0])[KNEE], 10.418, 1e-3);
    // 0.25460 − 1.6226 − 4.82 + 0.00001
    close(efforts([0.0, 90.0, 0.0])[KNEE], -6.188, 1e-3);
    // At 20° of knee flexion the last term is 9.2073 exp(−3) = 0.4584: 2.9922 − 0.0507 − 4.82 + 0.4584.
    close(efforts([0.0, 20.0, 0.0])[KNEE], -1.420, 1e-3);
    // A stretched ankle is driven back: 20° of dorsiflexion, A = −20: −(44.150 − 0.00001 − 1.792).
    close(efforts([0.0, 0.0, 20.0])[ANKLE], -42.36, 0.01);
    // 40° of plantar flexion, A = 40: −(0.28061 − 0.8350 − 1.792).
    close(efforts([0.0, 0.0, -40.0])[ANKLE], 2.346, 1e-3);
    // The calf crosses the knee: bent by 60° it pulls the foot down exp(−1.056) times as much.
    let stretched = |knee| efforts([0.0, knee, 20.0])[ANKLE] - 1.792;
    close(stretched(60.0) / stretched(0.0), exp(-1.056), 1e-5);
}

/// Central differences with a step of 1e-5 rad are wrong by f‴ h²/6, here below 1e-6 of a stiffness of hundreds.
#[test]
fn the_stiffness_is_the_derivative() {
    for angles in
        [[0.0; 3], [30.0, 60.0, -10.0], [-15.0, 5.0, 15.0], [100.0, 110.0, -30.0], [20.0, 0.0, 40.0]]
    {
        let at = degrees(angles);
        let (efforts, stiffness) = PassiveLeg.efforts_and_stiffness(&at);
        assert_eq!((efforts, stiffness), (PassiveLeg.efforts(&at), PassiveLeg.stiffness(&at)));
        for by in 0..3 {
            let moved = |step: f64| {
                let mut moved = at;
                moved[by] += step;
                PassiveLeg.efforts(&moved)
            };
            let (up, down) = (moved(1e-5), moved(-1e-5));
            for joint in 0..3 {
                let slope = -(up[joint] - down[joint]) / 2e-5;
                close(stiffness[joint][by], slope, 1e-6 * (1.0 + slope.abs()));
            }
        }
    }
}

/// Over the range in which people move, the diagonal never drives a joint away.
#[test]
fn a_joint_is_driven_back_from_the_ends_of_its_range() {
    for (angles, joint) in [([-30.0, 0.0, 0.0], HIP), ([0.0, -5.0, 0.0], KNEE), ([0.0, 0.0, -50.0], ANKLE)] {
        assert!(PassiveLeg.efforts(&degrees(angles))[joint] > 2.0, "{angles:?}");
    }
    for (angles, joint) in [([120.0, 10.0, 0.0], HIP), ([0.0, 150.0, 0.0], KNEE), ([0.0, 0.0, 30.0], ANKLE)] {
        assert!(PassiveLeg.efforts(&degrees(angles))[joint] < -2.0, "{angles:?}");
    }
}

#[test]
fn far_outside_the_range_it_stays_finite_and_smooth() {
    for angle in [-1000.0, -50.0, 50.0, 1000.0] {
        let (efforts, stiffness) = PassiveLeg.efforts_and_stiffness(&[angle, -angle, angle]);
        assert!(efforts.iter().chain(stiffness.iter().flatten()).all(|x| x.is_finite()), "{angle}");
    }
    // Across the change to the straight line, in one exponential: value and slope are continuous, the line is straight.
    let (at, slope) = bounded_exp(8.0, 8.0);
    close(at, exp(8.0), 1e-9);
    close(bounded_exp(8.0 + 1e-6, 8.0).0, at * (1.0 + 1e-6), 1e-6);
    assert_eq!(bounded_exp(20.0, 8.0), (slope * 13.0, slope));
}
