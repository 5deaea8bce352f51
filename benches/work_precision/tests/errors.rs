//! The errors of the default integrator at its default step, which the comparison with other engines rests on.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_dynamics::Integrator;
use trocar_work_precision::{Arm, Case, Second};

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
