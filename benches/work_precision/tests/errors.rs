//! The errors of the default integrator at its default step, which the comparison with other engines rests on.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::Vector3;
use trocar_dynamics::Integrator;
use trocar_work_precision::{Arm, Case, Second, Seen, Squat};

/// Largest distance of the tip at steps of 1 ms from that of Runge–Kutta at `truth_us`, µm.
fn error_um(case: Case, truth_us: u32) -> f64 {
    let arm = Arm::read(include_str!("../numbers.txt")).unwrap();
    let tips = |integrator, step_us| Second::new(&arm, case, integrator, step_us).unwrap().tips().unwrap();
    let (got, truth) = (tips(Integrator::Leapfrog, 1000), tips(Integrator::RungeKutta4, truth_us));
    assert_eq!((got.len(), truth.len()), (1001, 1001));
    let distances = got.iter().zip(&truth).map(|((at, a), (same, b))| {
        assert_eq!(at, same);
        (a - b).norm()
    });
    1e6 * distances.fold(0.0, trocar_math::max)
}

/// Runge–Kutta at 50 µs errs by some 1e-6 µm where forces are smooth.
#[test]
fn tracking_is_within_a_micrometre() {
    let error = error_um(Case::Tracking, 50);
    assert!(error < 1.0, "{error}");
}

#[test]
fn passive_springs_are_within_ten_micrometres() {
    let error = error_um(Case::Passive, 50);
    assert!(error < 10.0, "{error}");
}

/// An explicit method lets a bristle overshoot its level by one step: at 5 µs that is worth 0.1 µm.
#[test]
fn friction_is_within_five_micrometres_of_its_own_law() {
    let error = error_um(Case::Friction, 5);
    assert!(error < 5.0, "{error}");
}

/// In contact, too, the step is of second order: walker B squats on eight balls, its pelvis within 5 µm at 1 ms, and the
/// force on its feet within 2 % of its weight after the first 0.2 s, in which it lands.
///
/// The force is the mean over the step that ends at the instant, so half a step old: its error is of first order.
#[test]
fn a_squat_in_contact_is_within_five_micrometres() {
    let run = |step_us| {
        let mut squat = Squat::new(Integrator::Leapfrog, step_us).unwrap();
        let mut rows: Vec<Seen> = Vec::new();
        squat
            .run(|squat, _| {
                rows.push(squat.seen());
                Ok(())
            })
            .unwrap();
        rows
    };
    let truth = run(50);
    let errors = [1000, 500].map(|step_us| {
        let rows = run(step_us);
        let (mut place_m, mut force_n) = (0.0, 0.0);
        for (at, (a, b)) in rows.iter().zip(&truth).enumerate() {
            let apart = (Vector3::new(a[0], a[1], a[2]) - Vector3::new(b[0], b[1], b[2])).norm();
            place_m = trocar_math::max(place_m, apart);
            if at > 200 {
                force_n = trocar_math::max(force_n, (a[3] - b[3]).abs());
            }
        }
        [1e6 * place_m, force_n / (77.0 * 9.81)]
    });
    let [[coarse_um, coarse_force], [fine_um, fine_force]] = errors;
    assert!(coarse_um < 5.0 && coarse_force < 0.02, "{errors:?}");
    assert!((coarse_um / fine_um - 4.0).abs() < 0.6, "{errors:?}");
    assert!((coarse_force / fine_force - 2.0).abs() < 0.6, "{errors:?}");
}
