//! Synthetic shafts whose motion is known in closed form.

use super::*;
use crate::actuator::tests::insertion;
use proptest::prelude::*;
use std::collections::BTreeMap;
use trocar_signal::bench::Bench;
use trocar_signal::{AnyQuantity, Rate, Standing};

const STEP: u64 = 3000;

fn encoder(config: &ActuatorConfig) -> (Encoder, Registration) {
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
    let mut reg = Registration::new("psm1.insertion.encoder");
    let encoder = Encoder::new("psm1", config, 0, 1, &provenance, &mut reg).unwrap();
    (encoder, reg)
}

fn bench(config: &ActuatorConfig) -> Bench {
    let (encoder, reg) = encoder(config);
    let mut decoder_reg = Registration::new("psm1.insertion.encoder.decoder");
    let decoder = CountDecoder::new("psm1", config, &mut decoder_reg).unwrap();
    let inputs = vec![GroupSpec::joint_state("psm1.truth.actuators", [("insertion", Dimension::LENGTH)])];
    Bench::new(inputs, vec![(reg, Box::new(encoder)), (decoder_reg, Box::new(decoder))]).unwrap()
}

/// Reads a shaft that is at `position(t)` with `velocity(t)` for a while; gives (t, position, velocity) as read.
fn read(
    config: &ActuatorConfig,
    steps: u64,
    position: impl Fn(f64) -> f64,
    velocity: impl Fn(f64) -> f64,
) -> Vec<(f64, f64, f64)> {
    let mut bench = bench(config);
    let rate = Rate::new(STEP, 1).unwrap();
    let mut readings = Vec::new();
    for k in 0..steps {
        let now = rate.instant(k);
        let t = now.seconds();
        bench.set("psm1.truth.actuators", now, &[position(t), velocity(t), 0.0]).unwrap();
        bench.activate(0, now).unwrap();
        bench.activate(1, now).unwrap();
        let get = |what: &str| bench.get(&format!("psm1.insertion.encoder.{what}"))[0];
        readings.push((t, get("position"), get("velocity")));
    }
    readings
}

/// At constant speed the reading repeats to the clock's steps: one of P = 4q·f/v ticks, and 1.5 of Q = P/4 ticks where
/// the acceleration is taken in (the module's formula with both quarters one tick off).
#[test]
fn at_constant_speed_the_speed_has_only_the_ripple_of_the_clock() {
    let config = insertion();
    let quantum = config.quantum();
    for speed in [1e-3, -1e-3, 10e-6, 0.02, 0.2, -0.2] {
        let full_cycle_s = 4.0 * quantum / f64::abs(speed);
        let steps = (STEP as f64 * (3.0 * full_cycle_s + 0.2)) as u64;
        let ticks = full_cycle_s * 49.152e6;
        let bound = 6.5 / ticks + 1e-9;
        assert!(bound < 0.01);
        let readings = read(&config, steps, |t| 0.1 + speed * t, |_| speed);
        let settled = readings.iter().filter(|(t, ..)| *t > 2.0 * full_cycle_s);
        let worst = settled.fold(0.0, |worst, (.., v)| trocar_math::max(worst, (v / speed - 1.0).abs()));
        assert!(worst < bound, "{speed} m/s: ripple {worst}, of {bound}");
    }
}

#[test]
fn at_rest_the_speed_is_zero_and_the_position_exact_to_half_a_count() {
    let config = insertion();
    for at in [0.0, 0.1, -0.037] {
        for (_, position, velocity) in read(&config, 10, |_| at, |_| 0.0) {
            assert!((position - at).abs() <= config.quantum() / 2.0 * (1.0 + 1e-9));
            assert_eq!(velocity, 0.0);
        }
    }
}

/// After the last edge the speed is at most one count over the time since; when the counter is full it stays at one count
/// in that time.
#[test]
fn a_stop_is_noticed_one_count_after_another() {
    let config = insertion();
    let stop_s = 0.05;
    let position = |t: f64| 1e-3 * if t < stop_s { t } else { stop_s };
    let readings = read(&config, 5000, position, |t| if t < stop_s { 1e-3 } else { 0.0 });
    let limit_s = 67_108_863.0 / 49.152e6;
    for (t, _, velocity) in readings.iter().filter(|(t, ..)| *t > stop_s + 0.01) {
        let since_stop = t - stop_s;
        // The last edge was less than one count's time before the stop.
        let least = config.quantum() / limit_s;
        assert!(*velocity <= trocar_math::max(config.quantum() / since_stop, least) * (1.0 + 1e-9), "{t}");
        assert!(*velocity >= least * (1.0 - 1e-9), "{t}");
    }
}

/// Under constant acceleration from rest v = a·t. The formula's acceleration errs by the square of the cycle's share of
/// the speed, δ = 4q·a/v², and it is used over half a cycle and a count, another δ: together δ³, and ticks of the clock
/// as at constant speed.
#[test]
fn a_constant_acceleration_is_taken_in() {
    let config = insertion();
    let (acceleration, quantum) = (0.05, config.quantum());
    for sign in [1.0, -1.0] {
        let readings =
            read(&config, STEP / 10, |t| sign * 0.5 * acceleration * t * t, |t| sign * acceleration * t);
        for (t, position, velocity) in readings.into_iter().filter(|(t, ..)| *t > 0.05) {
            let v = acceleration * t;
            assert!((position - sign * 0.5 * v * t).abs() <= quantum / 2.0 * (1.0 + 1e-9), "{t}");
            let share = 4.0 * quantum * acceleration / (v * v);
            let quarter_ticks = quantum / v * 49.152e6;
            let predicted = quarter_ticks >= 2000.0;
            // Not predicted, v lags by half a cycle and a count.
            let bound =
                if predicted { 4.0 * share * share * share } else { share } + 6.5 / (4.0 * quarter_ticks);
            assert!((velocity / (sign * v) - 1.0).abs() < bound, "{t}: {velocity} of {v}, bound {bound}");
        }
    }
}

/// Up, around and back across one place, in steps that see one edge each: the speed is zero until the fourth edge after
/// the reversal, and is then that of a cycle into which the time of turning around went.
#[test]
fn after_a_reversal_the_speed_comes_back_with_the_fourth_edge() {
    let config = insertion();
    let quantum = config.quantum();
    // One count in each 10 steps; around at 20.0 counts, where edge 19.5 was the last.
    let per_second = STEP as f64 / 10.0;
    let turn_s = 20.0 / per_second;
    let counts = |t: f64| per_second * if t < turn_s { t } else { 2.0 * turn_s - t };
    let sign = |t: f64| if t < turn_s { 1.0 } else { -1.0 };
    let readings = read(&config, 400, |t| quantum * counts(t), |t| quantum * per_second * sign(t));
    // Edge 19.5 comes again half a count after the turn, and each later one a count on.
    let edge_after = |n: f64| turn_s + (n - 0.5) / per_second;
    let step_s = 1.0 / STEP as f64;
    for (t, _, velocity) in readings {
        let speed = velocity / quantum / per_second;
        if t > edge_after(1.0) + step_s && t < edge_after(4.0) - step_s {
            assert_eq!(speed, 0.0, "{t}");
        } else if t > edge_after(4.0) + step_s && t < edge_after(5.0) - step_s {
            // Four counts claimed, three gone, in the time of four: the first quarter lasted one count's time.
            assert!((speed + 1.0).abs() < 0.01, "{t}: {speed}");
        } else if t > edge_after(6.0) + step_s {
            assert!((speed + 1.0).abs() < 0.01, "{t}: {speed}");
        }
    }
    // The shaft that waits a hundred steps before it comes back: the quarter of turning around spoils the speed.
    let wait_s = 100.0 * step_s;
    let counts = |t: f64| {
        let back = turn_s + wait_s;
        per_second
            * if t < turn_s {
                t
            } else if t < back {
                turn_s
            } else {
                turn_s + back - t
            }
    };
    let moving = |t: f64| {
        if t < turn_s {
            1.0
        } else if t < turn_s + wait_s {
            0.0
        } else {
            -1.0
        }
    };
    let readings = read(&config, 400, |t| quantum * counts(t), |t| quantum * per_second * moving(t));
    let fourth = edge_after(4.0) + wait_s;
    let (_, _, velocity) = readings.into_iter().find(|(t, ..)| *t > fourth + step_s).unwrap();
    // P is three counts' time and the wait with half a count on either side: 4/(3 + 1 + 10) of the speed, less what the
    // acceleration does not undo because this quarter has no partner of its kind yet.
    assert!((velocity / quantum / per_second + 4.0 / 14.0).abs() < 0.01, "{velocity}");
}

/// Back and forth inside one step nothing is seen; what is left of the way is.
#[test]
fn a_reversal_inside_a_step_leaves_the_net_way() {
    let config = insertion();
    let quantum = config.quantum();
    let mut bench = bench(&config);
    let rate = Rate::new(STEP, 1).unwrap();
    let mut at = |k: u64, counts: f64, speed: f64| {
        let now = rate.instant(k);
        bench.set("psm1.truth.actuators", now, &[quantum * counts, quantum * speed, 0.0]).unwrap();
        bench.activate(0, now).unwrap();
        bench.activate(1, now).unwrap();
        (bench.get("psm1.insertion.encoder.position")[0] / quantum).round()
    };
    assert_eq!(at(0, 0.0, 3.0e4), 0.0);
    assert_eq!(at(1, 10.0, 3.0e4), 10.0);
    // To about 15 and back to 8: the speed at the end points the other way.
    assert_eq!(at(2, 8.0, -4.0e4), 8.0);
    assert_eq!(at(3, 8.0, 4.0e4), 8.0);
}

/// (instant s, count, pulses) of each index pulse.
fn pulses(config: &ActuatorConfig, steps: u64, counts: impl Fn(f64) -> (f64, f64)) -> Vec<(f64, f64, f64)> {
    let mut config = config.clone();
    config.encoder.index = true;
    let (encoder, reg) = encoder(&config);
    let inputs = vec![GroupSpec::joint_state("psm1.truth.actuators", [("insertion", Dimension::LENGTH)])];
    let mut bench = Bench::new(inputs, vec![(reg, Box::new(encoder))]).unwrap();
    let rate = Rate::new(STEP, 1).unwrap();
    let mut found = Vec::new();
    for k in 0..steps {
        let now = rate.instant(k);
        let (x, v) = counts(now.seconds());
        let quantum = config.quantum();
        bench.set("psm1.truth.actuators", now, &[x * quantum, v * quantum, 0.0]).unwrap();
        bench.activate(0, now).unwrap();
        let (layout, table) = bench.table();
        let header = table.header(layout.group("psm1.insertion.encoder.index").unwrap());
        if header.sequence as usize > found.len() {
            let index = bench.get("psm1.insertion.encoder.index");
            found.push((header.stamp.seconds(), index[0], index[1]));
        }
    }
    found
}

/// A turn has 14400 counts: at constant speed, and under constant acceleration, a pulse comes when the count is half a
/// count short of each whole turn. The instants are exact to the whole nanoseconds of stamps and steps.
#[test]
fn the_index_comes_once_each_turn_at_its_instant() {
    let config = insertion();
    let (turn, middle) = (14_400.0, f64::from(1 << 23));
    let speed = 30_000.0;
    let found = pulses(&config, 4 * STEP, |t| (1000.0 + speed * t, speed));
    assert_eq!(found.len(), 8);
    for (n, (t, count, pulses)) in found.iter().enumerate() {
        let turns = n as f64 + 1.0;
        assert!((t - (turns * turn - 0.5 - 1000.0) / speed).abs() < 3e-9, "{t}");
        assert_eq!((*count, *pulses), (middle + turns * turn, turns));
    }
    let acceleration = 50_000.0;
    let found = pulses(&config, 4 * STEP, |t| (-1000.0 - 0.5 * acceleration * t * t, -acceleration * t));
    assert_eq!(found.len(), 27);
    for (n, (t, count, pulses)) in found.iter().enumerate() {
        let turns = n as f64 + 1.0;
        let expected = f64::sqrt(2.0 * (turns * turn - 0.5 - 1000.0) / acceleration);
        assert!((t - expected).abs() < 5e-9, "{t} {expected}");
        assert_eq!(*count, middle - turns * turn);
        assert_eq!(*pulses, turns % 16.0, "four bits");
    }
}

/// Over the index and back: both sides latch the same count.
#[test]
fn the_index_is_at_one_count_from_both_sides() {
    let config = insertion();
    let found = pulses(&config, STEP, |t| {
        let v = if t < 0.5 { 1000.0 } else { -1000.0 };
        (14_400.0 - 250.0 + if t < 0.5 { 1000.0 * t } else { 1000.0 - 1000.0 * t }, v)
    });
    assert_eq!(found.iter().map(|f| f.1).collect::<Vec<_>>(), [f64::from(1 << 23) + 14_400.0; 2]);
    // Up through 14399.5 at 0.2495 s, down through 14400.5 at 0.7495 s.
    assert!((found[0].0 - 0.2495).abs() < 3e-9 && (found[1].0 - 0.7495).abs() < 3e-9, "{found:?}");
    let mut wrong = config;
    wrong.encoder.index = true;
    wrong.encoder.counts_per_turn = Sourced::bare(1000.5);
    assert_eq!(wrong.check()[0].key, "encoder.counts_per_turn");
}

/// A sine of 10 mm at 0.5 Hz. The position errs by half a count. The speed is zero for at most a full cycle and a
/// count after a reversal, when the shaft has reached √(2·a·6q); elsewhere it lags and errs far less.
#[test]
fn a_sine_is_followed_through_its_reversals() {
    let config = insertion();
    let (amplitude, omega) = (0.01, std::f64::consts::PI);
    let readings = read(
        &config,
        4 * STEP,
        |t| amplitude * trocar_math::sin(omega * t),
        |t| amplitude * omega * trocar_math::cos(omega * t),
    );
    let acceleration = amplitude * omega * omega;
    let blind = f64::sqrt(2.0 * acceleration * 6.0 * config.quantum());
    let mut worst_away = 0.0;
    for (t, position, velocity) in readings.into_iter().skip(100) {
        let (sine, cosine) = trocar_math::sin_cos(omega * t);
        assert!((position - amplitude * sine).abs() <= config.quantum() / 2.0 * (1.0 + 1e-6), "{t}");
        let error = (velocity - amplitude * omega * cosine).abs();
        assert!(error <= blind, "{t}: {error}");
        if (amplitude * omega * cosine).abs() > 2.0 * blind {
            worst_away = trocar_math::max(worst_away, error);
        }
    }
    // Half a cycle of four counts behind at 2·blind with this acceleration, plus clock steps at full speed.
    let lag = acceleration * 2.0 * config.quantum() / (2.0 * blind);
    let clock = trocar_math::powi(amplitude * omega, 2) / (4.0 * config.quantum() * 49.152e6) * 2.0;
    assert!(worst_away < lag + clock, "{worst_away} of {}", lag + clock);
}

/// The count passes the end of its range without a jump in position.
#[test]
fn the_count_wraps_and_the_position_does_not() {
    let mut config = insertion();
    config.encoder.count_bits = Sourced::bare(8);
    let readings = read(&config, 1000, |t| 0.002 * t, |_| 0.002);
    let last = readings.last().copied().unwrap();
    assert!(last.1 / config.quantum() > 256.0, "the way is too short to wrap");
    for (t, position, _) in readings {
        assert!((position - 0.002 * t).abs() <= config.quantum() / 2.0 * (1.0 + 1e-6), "{t}");
    }
}

/// What befalls the wire form reaches the position, and an invalid count marks it.
#[test]
fn a_flipped_bit_moves_the_position_and_goes_away_again() {
    let config = insertion();
    let mut bench = bench(&config);
    let middle = f64::from(1 << 23);
    let mut position = |wire: f64, at: u64| {
        bench.set("psm1.insertion.encoder.count", Time(at), &[wire]).unwrap();
        bench.activate(1, Time(at)).unwrap();
        bench.get("psm1.insertion.encoder.position")[0] / config.quantum()
    };
    assert_eq!(position(middle + 100.0, 0).round(), 100.0);
    assert_eq!(position(middle + 100.0 + 1024.0, 1).round(), 1124.0);
    assert_eq!(position(middle + 101.0, 2).round(), 101.0);
}

/// A negative gear turns the sense around and nothing else.
#[test]
fn a_negative_gear_reads_the_same_position_and_speed() {
    let mut config = insertion();
    config.gear = Sourced::bare(AnyQuantity { si: -336.6, dimension: Dimension::ANGLE_PER_LENGTH });
    let (t, position, velocity) = *read(&config, 3000, |t| 0.01 * t, |_| 0.01).last().unwrap();
    assert!((position - 0.01 * t).abs() <= config.quantum().abs());
    assert!((velocity - 0.01).abs() < 1e-5);
}

/// A shaft that starts from rest with constant acceleration passes edge n at √(2(n − ½)/a), many in one step.
#[test]
fn edges_of_an_accelerating_shaft_are_timed_to_a_tick() {
    let (encoder, _) = encoder(&insertion());
    let rate = Rate::new(STEP, 1).unwrap();
    let acceleration = 3e6;
    let mut state: EncoderState = bytemuck::Zeroable::zeroed();
    for k in 0..60 {
        let now = rate.instant(k);
        let t = now.seconds();
        encoder.take_in(&mut state, acceleration * t * t / 2.0, acceleration * t, now);
        for (older, ticks) in state.edge_ticks.iter().take(state.edges as usize).enumerate() {
            let edge = state.count as f64 - 0.5 - older as f64;
            let exact = f64::sqrt(2.0 * edge / acceleration) * 49.152e6;
            // Seen at the next tick; instants of steps are whole nanoseconds, a twentieth of a tick.
            assert!((-0.1..=1.1).contains(&(ticks - exact)), "step {k}, edge {edge}: {ticks} of {exact}");
        }
    }
    assert!(state.count > 500);
}

/// There is no speed until a full cycle is over: the fifth edge of all, the fourth after a reversal, whose first quarter
/// ends where it began.
#[test]
fn there_is_no_speed_until_a_full_cycle_is_over() {
    let (encoder, _) = encoder(&insertion());
    let rate = Rate::new(STEP, 1).unwrap();
    let mut state: EncoderState = bytemuck::Zeroable::zeroed();
    for k in 0..40_u64 {
        let (shaft, direction) = if k <= 20 { (k as f64, 1.0) } else { (40.0 - k as f64, -1.0) };
        encoder.take_in(&mut state, shaft, direction * STEP as f64, rate.instant(k));
        let speed = encoder.speed(&state, rate.instant(k));
        // One edge at each step; the first turn back, at step 21, crosses the edge that was crossed last.
        let (edges, enough) = if k < 21 { (k, 5) } else { (k - 20, 4) };
        let expected = if edges < enough { 0.0 } else { direction * STEP as f64 };
        // The clock's steps on a full cycle of 65 536 ticks, and on the quarters by which it is moved on.
        assert!((speed - expected).abs() <= 1e-3 * STEP as f64, "step {k}: {speed} of {expected}");
    }
}

proptest! {
    /// The root of the way, put into the way, gives the distance again.
    #[test]
    fn edges_lie_on_the_way(travel in 0.1f64..200.0, share in 0.0f64..=2.0, u in 0.0f64..=1.0, sign in prop::bool::ANY) {
        let travel = if sign { travel } else { -travel };
        let step_s = 1.0 / 3000.0;
        let way = Way::new(travel, share * travel / step_s, step_s);
        let s = way.time_before_end(u * travel) / step_s;
        let w = way.end_share;
        prop_assert!((0.0..=1.0).contains(&s));
        // Beside a double root (u = 1 at w = 2, where the way starts at rest) s errs by the root of the rounding, and
        // its image only by the rounding.
        prop_assert!((w * s - (w - 1.0) * s * s - u).abs() < 1e-12, "s = {}", s);
    }

    /// Whatever the way, the speed has the sense of the last edge and never exceeds one count over the time since it.
    #[test]
    fn no_motion_makes_a_speed_that_the_edges_deny(ways in prop::collection::vec(-40.0f64..40.0, 1..60)) {
        let config = insertion();
        let (encoder, _) = encoder(&config);
        let rate = Rate::new(STEP, 1).unwrap();
        let mut state: EncoderState = bytemuck::Zeroable::zeroed();
        let mut shaft = 0.0;
        encoder.take_in(&mut state, shaft, 0.0, Time::ZERO);
        for (k, way) in ways.iter().enumerate() {
            shaft += way;
            let now = rate.instant(k as u64 + 1);
            encoder.take_in(&mut state, shaft, way * STEP as f64, now);
            prop_assert_eq!(state.count, (shaft + 0.5).floor() as i64);
            let speed = encoder.speed(&state, now);
            prop_assert!(speed == 0.0 || speed.signum() == state.direction as f64);
            // Edges are seen at the next tick, so the run may be a tick short.
            let run_s = (now.seconds() * 49.152e6 - state.edge_ticks[0] - 1.0) / 49.152e6;
            prop_assert!(run_s <= 0.0 || speed.abs() * run_s <= 1.0 + 1e-9);
            let ticks = &state.edge_ticks[..state.edges as usize];
            prop_assert!(ticks.windows(2).all(|pair| pair[0] >= pair[1]), "{:?}", ticks);
        }
    }
}
