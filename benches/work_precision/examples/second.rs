//! Trocar's side of the comparison: forward dynamics, and one simulated second of a case, timed.
//!
//! `second NUMBERS CASE METHOD STEP_US REPEATS [TIPS]`
//!
//! CASE is `passive`, `tracking`, `friction`, or `forward` (then METHOD is any, and one evaluation is timed); METHOD is
//! `leapfrog` or `rk4`. Prints the seconds that a simulated second takes, or one evaluation: the least of each piece of
//! about a hundred steps over all repeats, added up, so that what else runs on the machine does not count. With TIPS it
//! also writes rows of t, x, y, z (f64) of the tip, from a run of its own that is not timed. `run.py` calls this and its
//! counterparts for MuJoCo and Pinocchio.

use std::hint::black_box;

use nalgebra::Vector3;
use trocar_dynamics::Integrator;
use trocar_work_precision::{Arm, Case, Error, N, Second};

/// The clock.
#[expect(clippy::disallowed_methods, reason = "a measurement of time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// One evaluation of the accelerations, s.
fn forward(arm: &Arm, repeats: usize) -> Result<f64, Error> {
    const EVALUATIONS: u32 = 100;
    let (qd, tau) = ([0.3; N], [0.1; N]);
    let (mut ws, mut qdd) = (arm.mechanism.workspace(), [0.0; N]);
    let mut least = f64::INFINITY;
    for _ in 0..repeats {
        let mut q = *arm.numbers("start")?;
        let began = now();
        for _ in 0..EVALUATIONS {
            q[0] += 1e-9;
            arm.mechanism.forward_dynamics(black_box(&q), &qd, &tau, &[], &mut ws, &mut qdd)?;
        }
        least = trocar_math::min(least, began.elapsed().as_secs_f64());
    }
    Ok(least / f64::from(EVALUATIONS))
}

/// One simulated second, s.
fn simulated(second: &mut Second<'_>, repeats: usize) -> Result<f64, Error> {
    const MICROSECONDS: u32 = 1_000_000;
    let piece_us = second.piece_us();
    let mut least = vec![f64::INFINITY; MICROSECONDS.div_ceil(piece_us) as usize];
    for _ in 0..repeats {
        let (mut pieces, mut began) = (least.iter_mut(), now());
        second.run(|_, _, now_us| {
            if now_us > 0 && (now_us % piece_us == 0 || now_us >= MICROSECONDS) {
                if let Some(piece) = pieces.next() {
                    *piece = trocar_math::min(*piece, began.elapsed().as_secs_f64());
                }
                began = now();
            }
            Ok(())
        })?;
    }
    Ok(least.iter().sum())
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [numbers, case, method, step_us, repeats, tips @ ..] = arguments.as_slice() else {
        return Err("usage: second NUMBERS CASE METHOD STEP_US REPEATS [TIPS]".into());
    };
    let arm = Arm::read(&std::fs::read_to_string(numbers)?)?;
    let repeats = repeats.parse()?;
    let case = match case.as_str() {
        "forward" => {
            println!("{:.9e}", forward(&arm, repeats)?);
            return Ok(());
        }
        "passive" => Case::Passive,
        "tracking" => Case::Tracking,
        "friction" => Case::Friction,
        other => return Err(format!("there is no case {other:?}").into()),
    };
    let integrator = match method.as_str() {
        "leapfrog" => Integrator::Leapfrog,
        "rk4" => Integrator::RungeKutta4,
        other => return Err(format!("there is no method {other:?}").into()),
    };
    let mut run = Second::new(&arm, case, integrator, step_us.parse()?)?;
    if repeats > 0 {
        println!("{:.9e}", simulated(&mut run, repeats)?);
    }
    if let [path] = tips {
        let row = |(us, at): (u32, Vector3<f64>)| [1e-6 * f64::from(us), at.x, at.y, at.z];
        let bytes: Vec<u8> = run.tips()?.into_iter().flat_map(row).flat_map(f64::to_le_bytes).collect();
        std::fs::write(path, bytes)?;
    }
    Ok(())
}
