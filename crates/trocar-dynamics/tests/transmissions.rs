//! Springs, flanks and loops of transmissions: closed forms, describing functions, passivity.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Vector3};
use proptest::prelude::*;
use std::f64::consts::PI;
use trocar_dynamics::{
    CoordinateId, CoordinateKind, Drive, Elastic, ElementId, Flank, ForceElement, Friction, Integrator,
    Island, IslandBuilder, IslandInputs, IslandWorkspace, Mechanism, MechanismBuilder, Ripple, Side, Stage,
    Stiffening, hysteresis, knees, sample,
};

/// Rotors of these inertias, each on its own coordinate.
fn rotors(inertias: &[f64]) -> (Mechanism, Vec<CoordinateId>) {
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let add = |(i, inertia): (usize, &f64)| {
        let k = b.coordinate(&format!("x{i}"), CoordinateKind::Revolute);
        b.rotor(&format!("rotor_{i}"), &[(k, 1.0)], *inertia);
        k
    };
    let coordinates = inertias.iter().enumerate().map(add).collect();
    (b.build().unwrap(), coordinates)
}

struct Run {
    island: Island,
    state: Vec<f64>,
    given: Vec<f64>,
    ws: IslandWorkspace,
    step_s: f64,
}

impl Run {
    fn new(island: Island, q: &[f64], v: &[f64], step_s: f64) -> Run {
        let (ws, given) = (island.workspace(), island.nominal_inputs());
        let state = island.initial_state(q, v).unwrap();
        Run { island, state, given, ws, step_s }
    }

    fn step(&mut self) {
        self.step_by(Integrator::Leapfrog);
    }

    fn step_by(&mut self, integrator: Integrator) {
        let given = IslandInputs { elements: &self.given, payload_mass_kg: &[], wrenches: &[] };
        self.island.step_with(integrator, &mut self.state, &given, self.step_s, &mut self.ws).unwrap();
    }

    fn give(&mut self, element: ElementId, value: f64) {
        let place = self.island.inputs_of(element).unwrap().start;
        self.given[place] = value;
    }
}

/// Both flanks of a dead zone of this width.
fn backlash(
    b: &mut IslandBuilder,
    row: &[(CoordinateId, f64)],
    stiffness: f64,
    relaxation_s: f64,
    width: f64,
) {
    for (name, side) in [("above", Side::Above), ("below", Side::Below)] {
        b.element(name, row, Flank::new(side, stiffness, relaxation_s, 0.5 * width).unwrap());
    }
}

/// Motor and load on a spring: relative motion at ω² = k (1/J₁ + 1/J₂), slowed by the step to tan(Ωh/2) = ωh/2, and
/// energy kept to rounding at any step.
#[test]
fn a_straight_spring_swings_at_its_frequency_and_keeps_its_energy() {
    let (inertias, stiffness) = ([2.0, 3.0], 700.0);
    let omega = f64::sqrt(stiffness * (1.0 / inertias[0] + 1.0 / inertias[1]));
    for step_s in [1e-4, 1e-2, 1.0] {
        let (mechanism, k) = rotors(&inertias);
        let mut b = IslandBuilder::new(mechanism);
        b.element("spring", &[(k[0], 1.0), (k[1], -1.0)], Elastic::new(stiffness, 0.0).unwrap());
        let mut run = Run::new(b.build().unwrap(), &[0.0; 2], &[1.0, 0.0], step_s);
        let slowed = 2.0 / step_s * trocar_math::atan(0.5 * omega * step_s);
        // Distances of the trapezoidal rule follow a sine of this amplitude, with velocity 1 at the start.
        let amplitude = 1.0 / omega;
        for i in 1..=1000 {
            run.step();
            let expected = amplitude * trocar_math::sin(slowed * step_s * f64::from(i));
            let stretch = run.state[0] - run.state[1];
            // A thousand steps of rounding, in a phase of up to 3000 rad.
            assert!((stretch - expected).abs() < 1e-9 * amplitude, "{step_s} {i}: {stretch} {expected}");
            let kinetic = 0.5 * (2.0 * run.state[2] * run.state[2] + 3.0 * run.state[3] * run.state[3]);
            let total = kinetic + run.island.stored_energy(&run.state).unwrap();
            assert!((total - 1.0).abs() < 1e-11, "{total}");
        }
    }
}

/// A mass between two flanks flies over the gap at v and spends half a period on each flank: T = 2 b/v + 2 π/ω.
#[test]
fn a_mass_between_flanks_comes_back_after_the_closed_form() {
    let (mass, stiffness, width, speed) = (2.0, 8e4, 0.01, 0.5);
    let mechanism = sample::slider(mass).unwrap();
    let k = mechanism.coordinate("slide").unwrap();
    let mut b = IslandBuilder::new(mechanism);
    backlash(&mut b, &[(k, 1.0)], stiffness, 0.0, width);
    let mut run = Run::new(b.build().unwrap(), &[0.0], &[speed], 1e-5);
    let period = 2.0 * width / speed + 2.0 * PI / f64::sqrt(stiffness / mass);
    let mut crossings = Vec::new();
    for i in 1..1_000_000 {
        let before = run.state[0];
        run.step();
        if before < 0.0 && run.state[0] >= 0.0 {
            crossings.push((f64::from(i) - run.state[0] / (run.state[0] - before)) * run.step_s);
            if crossings.len() == 20 {
                break;
            }
        }
    }
    let mean = crossings[19] / 20.0;
    // An edge inside a step costs a part of it; there are four in a period.
    assert!((mean - period).abs() < 2e-5, "{mean} {period}");
    assert!((run.state[1] - speed).abs() < 1e-3, "{}", run.state[1]);
}

/// The gain of a dead zone of half-width g at amplitude A, at the fundamental (Gelb, Vander Velde, Multiple-Input
/// Describing Functions, 1968), with x = g/A: what the load's position is of the motor's, where friction holds the load.
fn backlash_gain(x: f64) -> (f64, f64) {
    let real =
        (PI / 2.0 + trocar_math::asin(1.0 - 2.0 * x) + 2.0 * (1.0 - 2.0 * x) * (x * (1.0 - x)).sqrt()) / PI;
    (real, -4.0 * x / PI * (1.0 - x))
}

/// A motor that is driven by its load's position, u = −P x_load − D θ̇, with a load that stays where it is let go: the
/// lag of the backlash makes it swing for ever, where −J ω² + D j ω + P N(A) = 0.
#[test]
fn backlash_in_a_loop_swings_at_the_describing_functions_limit_cycle() {
    let (inertia, p, width) = (1.0, 100.0, 0.02);
    for share in [0.15, 0.25] {
        let d = share * f64::sqrt(p * inertia);
        let mut best = (f64::INFINITY, 0.0);
        for i in 1..5000 {
            let x = 0.5 * f64::from(i) / 5000.0;
            let (real, imaginary) = backlash_gain(x);
            let off = (d * (p * real / inertia).sqrt() + p * imaginary).abs();
            if off < best.0 {
                best = (off, x);
            }
        }
        let amplitude = 0.5 * width / best.1;
        let omega = (p * backlash_gain(best.1).0 / inertia).sqrt();

        let (mechanism, k) = rotors(&[inertia, 1e-4]);
        let mut b = IslandBuilder::new(mechanism);
        backlash(&mut b, &[(k[0], 1.0), (k[1], -1.0)], 1e5, 1e-3, width);
        b.element("friction", &[(k[1], 1.0)], Friction::new(0.01, 0.01, 1e3, 0.1).unwrap());
        let drive = b.element("drive", &[(k[0], 1.0)], Drive);
        let mut run = Run::new(b.build().unwrap(), &[4.0 * amplitude, 4.0 * amplitude], &[0.0; 2], 2e-4);
        let (mut greatest, mut crossings) = (0.0, Vec::new());
        for i in 0..300_000 {
            run.give(drive, -p * run.state[1] - d * run.state[2]);
            let before = run.state[0];
            run.step();
            if i > 200_000 {
                greatest = trocar_math::max(greatest, run.state[0]);
                if before < 0.0 && run.state[0] >= 0.0 {
                    crossings.push(f64::from(i) * run.step_s);
                }
            }
        }
        let cycles = (crossings.len() - 1) as f64;
        let found = 2.0 * PI * cycles / (crossings[crossings.len() - 1] - crossings[0]);
        // The describing function neglects harmonics: some per cent.
        assert!((found / omega - 1.0).abs() < 0.03, "{share}: {found} {omega}");
        assert!((greatest / amplitude - 1.0).abs() < 0.1, "{share}: {greatest} {amplitude}");
    }
}

/// The maker's formula for a harmonic drive's twist: T/K1, then T1/K1 + (T − T1)/K2, then … + (T − T2)/K3.
#[test]
fn a_stiffness_in_pieces_gives_the_catalogues_twist() {
    let (k1, k2, k3, t1, t2) = (8.1e3, 1.1e4, 1.3e4, 7.0, 25.0);
    let (mechanism, k) = rotors(&[0.05]);
    let mut b = IslandBuilder::new(mechanism);
    let row = [(k[0], 1.0)];
    b.element("k1", &row, Elastic::new(k1, 2e-3).unwrap());
    for (i, (gap, extra)) in knees(k1, &[(t1, k2), (t2, k3)]).unwrap().into_iter().enumerate() {
        b.element(&format!("above_{i}"), &row, Flank::new(Side::Above, extra, 2e-3, gap).unwrap());
        b.element(&format!("below_{i}"), &row, Flank::new(Side::Below, extra, 2e-3, gap).unwrap());
    }
    let drive = b.element("drive", &row, Drive);
    let mut run = Run::new(b.build().unwrap(), &[0.0], &[0.0], 1e-3);
    for torque in [3.0, 20.0, -20.0, 60.0, -60.0] {
        run.give(drive, torque);
        for _ in 0..3000 {
            run.step();
        }
        let size = f64::abs(torque);
        let expected = trocar_math::min(size, t1) / k1
            + trocar_math::max(trocar_math::min(size, t2) - t1, 0.0) / k2
            + trocar_math::max(size - t2, 0.0) / k3;
        assert!((run.state[0].abs() - expected).abs() < 1e-12, "{torque}: {} {expected}", run.state[0]);
    }
    assert_eq!(knees(1.0, &[(1.0, 0.5)]).unwrap_err().parameter, "stiffness");
    assert_eq!(knees(1.0, &[(2.0, 3.0), (1.0, 4.0)]).unwrap_err().parameter, "from_effort");
}

/// Under a load F a pair of exponential cables gives by ℓ asinh(F/(k ℓ)); free, it swings as the explicit integrator at
/// a hundredth of the step says, and loses no energy.
#[test]
fn stiffening_cables_give_by_asinh_and_keep_their_energy() {
    let (stiffness, length, mass) = (200.0, 0.01, 0.5);
    let spring = |relaxation_s: f64| {
        let stiffening = Stiffening { length, greatest_force: 20.0 };
        Elastic::new(stiffness, relaxation_s).unwrap().with_stiffening(stiffening).unwrap()
    };
    let (mechanism, k) = rotors(&[mass]);
    let mut b = IslandBuilder::new(mechanism);
    b.element("cable", &[(k[0], 1.0)], spring(0.02));
    let drive = b.element("drive", &[(k[0], 1.0)], Drive);
    let mut held = Run::new(b.build().unwrap(), &[0.0], &[0.0], 1e-3);
    held.give(drive, 20.0);
    for _ in 0..10_000 {
        held.step();
    }
    let relative = 20.0 / (stiffness * length);
    let expected = length * trocar_math::ln(relative + (relative * relative + 1.0_f64).sqrt());
    assert!((held.state[0] - expected).abs() < 1e-12, "{} {expected}", held.state[0]);
    // The stiffness there, k cosh(e/ℓ), is what it states.
    let bound = stiffness * (1.0 + relative * relative).sqrt();
    assert!((spring(0.0).stiffness() / bound - 1.0).abs() < 1e-12);

    let free = |integrator, step_s: f64, steps: u32| {
        let (mechanism, k) = rotors(&[mass]);
        let mut b = IslandBuilder::new(mechanism);
        b.element("cable", &[(k[0], 1.0)], spring(0.0));
        let mut run = Run::new(b.build().unwrap(), &[0.03], &[0.0], step_s);
        let energy = |run: &Run| {
            0.5 * mass * run.state[1] * run.state[1] + run.island.stored_energy(&run.state).unwrap()
        };
        let (start, mut worst) = (energy(&run), 0.0);
        for _ in 0..steps {
            run.step_by(integrator);
            worst = trocar_math::max(worst, (energy(&run) / start - 1.0).abs());
        }
        (run.state[0], worst)
    };
    let (truth, _) = free(Integrator::RungeKutta4, 1e-5, 100_000);
    // ω at the turning point is 63/s: ωh = 0.06.
    let (position, drift) = free(Integrator::Leapfrog, 1e-3, 1000);
    let (finer, finer_drift) = free(Integrator::Leapfrog, 5e-4, 2000);
    assert!((position - truth).abs() < 4e-4, "{position} {truth}");
    // Second order.
    let order = ((position - truth) / (finer - truth)).abs();
    assert!((3.5..4.5).contains(&order), "{order}");
    assert!(drift < 2e-3 && finer_drift < 0.3 * drift, "{drift} {finer_drift}");
}

/// Forces of a loop's elements along a prescribed way, with the work done on them.
fn drive_loop(elements: &[Friction], states: &mut [f64], from: f64, to: f64) -> (f64, f64) {
    let (steps, step_s) = (2000, 1e-3);
    let rate = (to - from) / (f64::from(steps) * step_s);
    let (mut work, mut last) = (0.0, 0.0);
    for i in 0..steps {
        let position = from + rate * step_s * f64::from(i);
        let stage = Stage { position, rate, step_s, spring_share: 0.25 };
        last = 0.0;
        for (element, state) in elements.iter().zip(states.iter_mut()) {
            let inputs = [element.inputs()[0].1];
            let force = element.law(&stage, &inputs, std::slice::from_ref(state)).force(rate);
            element.settle(&stage, rate, &inputs, std::slice::from_mut(state));
            work -= force * rate * step_s;
            last += force;
        }
    }
    (work, last)
}

#[test]
fn a_loop_has_the_area_and_width_of_its_closed_form() {
    let (effort, deflection) = (3.0, 0.01);
    let elements = hysteresis(effort, deflection).unwrap();
    let levels: Vec<f64> = elements.iter().map(|e| e.inputs()[0].1).collect();
    assert!((levels.iter().sum::<f64>() - effort).abs() < 1e-15);
    let amplitude = 0.025;
    let mut states = [0.0; 4];
    drive_loop(&elements, &mut states, 0.0, amplitude);
    let (down, below) = drive_loop(&elements, &mut states, amplitude, -amplitude);
    let (up, above) = drive_loop(&elements, &mut states, -amplitude, amplitude);
    let yields_at = |j: usize| deflection * (j + 1) as f64 / 4.0;
    let area: f64 = levels.iter().enumerate().map(|(j, f)| 4.0 * f * (amplitude - yields_at(j))).sum();
    // Where an element begins to slip inside a step (0.025 mm) its force is off by half of that.
    assert!(((down + up) / area - 1.0).abs() < 1e-3, "{} {area}", down + up);
    assert!((above + effort).abs() < 1e-12 && (below - effort).abs() < 1e-12);
    // A small loop inside does not slip at all and costs nothing.
    let (there, _) = drive_loop(&elements, &mut states, amplitude, amplitude - 0.004);
    let (back, _) = drive_loop(&elements, &mut states, amplitude - 0.004, amplitude);
    assert!((there + back).abs() < 1e-12 * area, "{}", there + back);
    assert_eq!(hysteresis(0.0, 1.0).unwrap_err().parameter, "effort");
}

/// A wrist: friction F_c of the joint behind a cable of stiffness k. Driven slowly there and back by its motor, the
/// joint stands F_c/k behind on either way: a loop of width 2 F_c/k.
#[test]
fn friction_behind_a_cable_gives_a_loop_of_twice_level_over_stiffness() {
    let (stiffness, level) = (0.2, 0.007);
    let (mechanism, k) = rotors(&[4e-4, 1e-6]);
    let mut b = IslandBuilder::new(mechanism);
    b.element("cable", &[(k[0], 1.0), (k[1], -1.0)], Elastic::new(stiffness, 1e-3).unwrap());
    b.element("friction", &[(k[1], 1.0)], Friction::new(level, 0.0, 70.0, 0.0).unwrap());
    let drive = b.element("drive", &[(k[0], 1.0)], Drive);
    let mut run = Run::new(b.build().unwrap(), &[0.0; 2], &[0.0; 2], 1e-3);
    let mut behind = [0.0; 2];
    for i in 0..40_000 {
        // A triangle of 0.5 rad in 8 s, followed by a stiff servo.
        let phase = 1e-3 * f64::from(i) / 8.0;
        let triangle = 0.5 * (4.0 * (phase - (phase + 0.5).floor())).abs() - 0.5;
        run.give(drive, 20.0 * (triangle - run.state[0]) - 0.2 * run.state[2]);
        run.step();
        let part = phase - phase.floor();
        if i > 16_000 && (0.4..0.41).contains(&part) {
            behind[0] = run.state[0] - run.state[1];
        } else if i > 16_000 && (0.9..0.91).contains(&part) {
            behind[1] = run.state[0] - run.state[1];
        }
    }
    let width = behind[0] - behind[1];
    assert!((width / (2.0 * level / stiffness) - 1.0).abs() < 1e-3, "{behind:?}");
}

/// A broken cable pulls at nothing, and a gap that has grown is a wider dead zone.
#[test]
fn what_breaks_or_wears_in_mid_run_is_an_input() {
    let mechanism = sample::slider(1.0).unwrap();
    let k = mechanism.coordinate("slide").unwrap();
    let mut b = IslandBuilder::new(mechanism);
    let cable = b.element("cable", &[(k, 1.0)], Elastic::new(50.0, 0.01).unwrap());
    let flank = b.element("flank", &[(k, 1.0)], Flank::new(Side::Above, 1e4, 0.01, 0.01).unwrap());
    let mut run = Run::new(b.build().unwrap(), &[0.0], &[0.2], 1e-3);
    for _ in 0..200 {
        run.step();
    }
    run.give(cable, 0.0);
    let gap = run.island.inputs_of(flank).unwrap().start + 1;
    run.given[gap] = 100.0;
    let (position, speed) = (run.state[0], run.state[1]);
    run.step();
    for _ in 0..1000 {
        run.step();
    }
    // The first step still feels nothing but inertia.
    assert!((run.state[1] - speed).abs() < 1e-15 && (run.state[0] - position - 1.001 * speed).abs() < 1e-12);
}

/// A shaft that turns over its ripple keeps its energy, ½ J ω² + (A/n) cos(n e), at second order; one that lies in a
/// valley swings there with ω² = A n/J.
#[test]
fn ripple_gives_back_what_it_takes() {
    let (inertia, amplitude, n): (f64, f64, f64) = (1e-4, 0.02, 24.0);
    let run = |position: f64, speed: f64, step_s: f64, seconds: f64| {
        let (mechanism, k) = rotors(&[inertia]);
        let mut b = IslandBuilder::new(mechanism);
        b.element("ripple", &[(k[0], 1.0)], Ripple::new(amplitude, n, 0.3).unwrap());
        let mut run = Run::new(b.build().unwrap(), &[position], &[speed], step_s);
        let energy = |run: &Run| {
            0.5 * inertia * run.state[1] * run.state[1] + run.island.stored_energy(&run.state).unwrap()
        };
        let (start, mut worst, mut crossings) = (energy(&run), 0.0, Vec::new());
        let valley = (PI - 0.3) / n;
        for i in 0..(seconds / step_s) as u32 {
            let before = run.state[0] - valley;
            run.step();
            worst = trocar_math::max(worst, (energy(&run) / start - 1.0).abs());
            if before < 0.0 && run.state[0] >= valley {
                crossings.push(f64::from(i) * step_s);
            }
        }
        (worst, crossings)
    };
    let drifts = [1e-4, 5e-5].map(|step_s| run(0.0, 10.0, step_s, 5.0).0);
    // The phase n e turns by 0.024 in a step: an error of its square, which does not grow in 5 s.
    assert!(drifts[0] < 1e-3 && (3.5..4.5).contains(&(drifts[0] / drifts[1])), "{drifts:?}");
    let (_, crossings) = run((PI - 0.3) / n + 1e-4, 0.0, 1e-4, 2.0);
    let cycles = (crossings.len() - 1) as f64;
    let found = 2.0 * PI * cycles / (crossings[crossings.len() - 1] - crossings[0]);
    let expected = (amplitude * n / inertia).sqrt();
    // The leapfrog is fast by (ωh)²/24; a crossing is known to a step in two seconds.
    assert!((found / expected - 1.0).abs() < 2e-4, "{found} {expected}");
    assert_eq!(Ripple::new(1.0, 0.0, 0.0).unwrap_err().parameter, "cycles");
}

/// A brake is friction whose level is switched. From the command it runs on for the delay, then stops in t = J ω/T over
/// ½ J ω²/T; at rest it holds a load below its level for a minute, and slips at the difference under one above it.
#[test]
fn a_brake_stops_a_rotor_after_the_closed_form_and_holds_it() {
    let (inertia, speed, torque, delay_s, step_s) = (2e-3, 3.0, 0.5, 0.02, 1.0 / 3000.0);
    let (mechanism, k) = rotors(&[inertia]);
    let mut b = IslandBuilder::new(mechanism);
    let stiffness = 5e3;
    let brake = b.element("brake", &[(k[0], 1.0)], Friction::new(torque, 0.0, stiffness, 2.0).unwrap());
    let load = b.element("load", &[(k[0], 1.0)], Drive);
    let mut run = Run::new(b.build().unwrap(), &[0.0], &[speed], step_s);
    let mut stopped = None;
    for i in 0..3000 {
        run.give(brake, if f64::from(i) * step_s < delay_s { 0.0 } else { torque });
        run.step();
        if stopped.is_none() && run.state[1] <= 0.0 {
            stopped = Some(f64::from(i + 1) * step_s);
        }
    }
    let time_s = delay_s + inertia * speed / torque;
    let distance = delay_s * speed + 0.5 * inertia * speed * speed / torque;
    // Bending the friction's stiffness (0.1 mrad, 0.03 ms) comes late by half of it; then one step.
    assert!((stopped.unwrap() - time_s).abs() < 2.0 * step_s, "{stopped:?} {time_s}");
    assert!((run.state[0] - distance).abs() < 2.0 * torque / stiffness, "{} {distance}", run.state[0]);

    run.give(load, 0.98 * torque);
    let settle = 3000;
    let mut rest = 0.0;
    for i in 0..180_000 {
        run.step();
        if i == settle {
            rest = run.state[0];
        }
    }
    assert!((run.state[0] - rest).abs() < 1e-12, "{} {rest}", run.state[0]);
    run.give(load, 1.5 * torque);
    let from = run.state[0];
    for _ in 0..300 {
        run.step();
    }
    let slipped = 0.5 * (0.5 * torque / inertia) * 0.1 * 0.1;
    assert!(((run.state[0] - from) / slipped - 1.0).abs() < 1e-3, "{} {slipped}", run.state[0] - from);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Two flanks of any stiffness and gap, steps that cross the whole gap included, give back no more than they were
    /// given, and never pull.
    #[test]
    fn backlash_is_passive_at_any_step(
        stiffness in 1.0..1e9_f64, relaxation_s in 0.0..0.1_f64, speed in 0.01..10.0_f64, width in 0.0..0.02_f64,
    ) {
        let mechanism = sample::slider(1.0).unwrap();
        let k = mechanism.coordinate("slide").unwrap();
        let mut b = IslandBuilder::new(mechanism);
        backlash(&mut b, &[(k, 1.0)], stiffness, relaxation_s, width);
        let mut run = Run::new(b.build().unwrap(), &[0.0], &[speed], 1e-3);
        let flanks = [run.island.element("above").unwrap(), run.island.element("below").unwrap()];
        let total = |run: &Run| {
            0.5 * run.state[1] * run.state[1] + run.island.stored_energy(&run.state).unwrap()
        };
        let rounding = 1e-15 * total(&run);
        for _ in 0..1000 {
            let before = total(&run);
            run.step();
            prop_assert!(total(&run) <= before * (1.0 + 1e-12) + rounding, "{} {before}", total(&run));
            prop_assert!(run.ws.element_force(flanks[0]).unwrap() <= 0.0);
            prop_assert!(run.ws.element_force(flanks[1]).unwrap() >= 0.0);
        }
    }
}
