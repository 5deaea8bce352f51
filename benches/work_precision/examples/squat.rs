//! Trocar's side of the comparison on walker B: one squat, timed.
//!
//! `squat METHOD STEP_US REPEATS [ROWS]`
//!
//! METHOD is `leapfrog` or `rk4`. Prints the seconds that a simulated second takes: the least of each tenth of a second over
//! all repeats, added up, so that what else runs on the machine does not count. With ROWS it also writes rows of t, x, y,
//! z of the pelvis and the upward force on both feet (f64), from a run of its own that is not timed. `walker.py` calls this and
//! its counterpart for MuJoCo.

use trocar_dynamics::Integrator;
use trocar_work_precision::{Error, SQUAT_US, Squat};

/// The clock.
#[expect(clippy::disallowed_methods, reason = "a measurement of time")]
fn now() -> std::time::Instant {
    std::time::Instant::now()
}

/// One simulated second, s.
fn simulated(squat: &mut Squat, repeats: usize) -> Result<f64, Error> {
    const PIECE_US: u32 = 100_000;
    let mut least = vec![f64::INFINITY; (SQUAT_US / PIECE_US) as usize];
    for _ in 0..repeats {
        let (mut pieces, mut began) = (least.iter_mut(), now());
        squat.run(|_, now_us| {
            if now_us > 0 && now_us % PIECE_US == 0 {
                if let Some(piece) = pieces.next() {
                    *piece = trocar_math::min(*piece, began.elapsed().as_secs_f64());
                }
                began = now();
            }
            Ok(())
        })?;
    }
    Ok(least.iter().sum::<f64>() * 1e6 / f64::from(SQUAT_US))
}

#[expect(clippy::print_stdout, reason = "the result of the measurement")]
fn main() -> Result<(), Error> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [method, step_us, repeats, rows @ ..] = arguments.as_slice() else {
        return Err("usage: squat METHOD STEP_US REPEATS [ROWS]".into());
    };
    let integrator = match method.as_str() {
        "leapfrog" => Integrator::Leapfrog,
        "rk4" => Integrator::RungeKutta4,
        other => return Err(format!("there is no method {other:?}").into()),
    };
    let mut squat = Squat::new(integrator, step_us.parse()?)?;
    let repeats = repeats.parse()?;
    if repeats > 0 {
        println!("{:.9e}", simulated(&mut squat, repeats)?);
    }
    if let [path] = rows {
        let mut bytes = Vec::new();
        squat.run(|squat, now_us| {
            let [x, y, z, force] = squat.seen();
            let row = [1e-6 * f64::from(now_us), x, y, z, force];
            bytes.extend(row.into_iter().flat_map(f64::to_le_bytes));
            Ok(())
        })?;
        std::fs::write(path, bytes)?;
    }
    Ok(())
}
