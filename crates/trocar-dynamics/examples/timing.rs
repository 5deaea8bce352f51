//! Measures one evaluation of the sample PSM and one step of it with friction, stops and drives, in nanoseconds.
//!
//! `cargo run --release -p trocar-dynamics --example timing`

use std::hint::black_box;

use trocar_dynamics::{CoordinateId, Drive, Friction, IslandBuilder, IslandInputs, Mechanism, Stop, sample};

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a measurement of wall time, printed")]
fn best_of(name: &str, mut work: impl FnMut()) {
    const ROUNDS: u32 = 9;
    const REPEATS: u32 = 20_000;
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = std::time::Instant::now();
        for _ in 0..REPEATS {
            work();
        }
        best = trocar_math::min(best, start.elapsed().as_secs_f64());
    }
    println!("{name}: {:.0} ns", best / f64::from(REPEATS) * 1e9);
}

fn coordinates(mechanism: &Mechanism) -> Vec<CoordinateId> {
    mechanism.coordinate_names().filter_map(|name| mechanism.coordinate(name)).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let psm = sample::psm_classic()?;
    let mut ws = psm.workspace();
    let (mut q, qd, tau) = ([0.1, -0.2, 0.12, 0.3, 0.2, -0.4, 0.5], [0.3; 7], [0.1; 7]);
    let mut qdd = [0.0; 7];
    let mut failures = 0_u32;
    best_of("PSM kinematics", || {
        failures += u32::from(psm.kinematics(black_box(&q), &qd, &mut ws).is_err());
    });
    best_of("PSM mass matrix and bias", || {
        failures += u32::from(psm.dynamics(black_box(&[]), &mut ws).is_err());
    });
    best_of("PSM forward dynamics", || {
        q[0] += 1e-9;
        failures +=
            u32::from(psm.forward_dynamics(black_box(&q), &qd, &tau, &[], &mut ws, &mut qdd).is_err());
    });

    let mut builder = IslandBuilder::new(psm.clone());
    for (i, &k) in coordinates(&psm).iter().enumerate() {
        let row = [(k, 1.0)];
        builder.element(&format!("friction_{i}"), &row, Friction::new(0.002, 0.01, 20.0, 0.01)?);
        builder.element(&format!("stop_{i}"), &row, Stop::new(-1.0, 1.0, 500.0, 1.0)?);
        builder.element(&format!("drive_{i}"), &row, Drive);
    }
    let island = builder.build()?;
    let mut ws = island.workspace();
    let mut state = island.initial_state(&q, &[0.0; 7])?;
    let names = island.input_names();
    let mut inputs = island.nominal_inputs();
    let drives: Vec<usize> = (0..names.len()).filter(|&i| names[i].ends_with("effort")).collect();
    let mut phase = 0.0;
    let step_s = 1.0 / 1500.0;
    best_of("PSM island step: 7 frictions, 7 stops, 7 drives", || {
        phase += step_s;
        for (i, &drive) in drives.iter().enumerate() {
            let (position, rate) = (state[i] - q[i], state[7 + i]);
            let stiffness = if i < 2 {
                100.0
            } else if i == 2 {
                1000.0
            } else {
                0.5
            };
            inputs[drive] = stiffness * (0.1 * trocar_math::sin(phase) - position) - 0.02 * stiffness * rate;
        }
        let given = IslandInputs { elements: &inputs, payload_mass_kg: &[], wrenches: &[] };
        failures += u32::from(island.step(&mut state, &given, step_s, &mut ws).is_err());
    });
    if failures > 0 {
        return Err(format!("{failures} evaluations failed").into());
    }
    Ok(())
}
