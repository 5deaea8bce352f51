//! Trocar's side of the comparison: forward dynamics, and one simulated second of a case, timed.
//!
//! `trocar-work-precision NUMBERS CASE METHOD STEP_US REPEATS [TIPS]`
//!
//! CASE is `passive`, `tracking`, `friction`, or `forward` (then METHOD is any, and one evaluation is timed); METHOD is
//! `leapfrog` or `rk4`. Prints the best and the median time: seconds of one thread for a simulated second, or for one
//! evaluation. With TIPS it also writes rows of t, x, y, z (f64) of the tip, from a run of its own that is not timed.
//! `run.py` writes NUMBERS and calls this and its counterparts for MuJoCo and Pinocchio.

mod arm;
mod second;

use std::hint::black_box;

use arm::Arm;
use second::{Case, Second};
use trocar_dynamics::Integrator;

type Error = Box<dyn std::error::Error>;

/// Best and median of the times that `work` takes, s.
fn measure(repeats: usize, mut work: impl FnMut() -> Result<(), Error>) -> Result<(f64, f64), Error> {
    let mut times = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        #[expect(clippy::disallowed_methods, reason = "a measurement of time")]
        let began = std::time::Instant::now();
        work()?;
        times.push(began.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    let best = times.first().ok_or("at least one repeat is needed")?;
    Ok((*best, times[repeats / 2]))
}

/// One evaluation of the accelerations, s.
fn forward(arm: &Arm, repeats: usize) -> Result<(f64, f64), Error> {
    const EVALUATIONS: u32 = 1000;
    let (qd, tau) = ([0.3; arm::N], [0.1; arm::N]);
    let (mut ws, mut qdd) = (arm.mechanism.workspace(), [0.0; arm::N]);
    let (best, median) = measure(repeats, || {
        let mut q = *arm.numbers("start")?;
        for _ in 0..EVALUATIONS {
            q[0] += 1e-9;
            arm.mechanism.forward_dynamics(black_box(&q), &qd, &tau, &[], &mut ws, &mut qdd)?;
        }
        Ok(())
    })?;
    Ok((best / f64::from(EVALUATIONS), median / f64::from(EVALUATIONS)))
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [numbers, case, method, step_us, repeats, tips @ ..] = arguments.as_slice() else {
        return Err("usage: trocar-work-precision NUMBERS CASE METHOD STEP_US REPEATS [TIPS]".into());
    };
    let arm = Arm::read(&std::fs::read_to_string(numbers)?)?;
    let repeats = repeats.parse()?;
    let (best, median) = if case == "forward" {
        forward(&arm, repeats)?
    } else {
        let case = match case.as_str() {
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
        let mut second = Second::new(&arm, case, integrator, step_us.parse()?)?;
        let times = measure(repeats, || second.run(|_, _, _| Ok(())))?;
        if let [path] = tips {
            std::fs::write(path, second.tips()?)?;
        }
        times
    };
    println!("{best:.9e} {median:.9e}");
    Ok(())
}
