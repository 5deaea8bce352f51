//! Courses against their formulas, their geometry and, of noise, its moments and its spectrum.

use super::*;
use proptest::prelude::*;
use trocar_math::random::Stream;

fn none(_: u32) -> Draw {
    Stream::new(0, 0, "none").at(0, 0)
}

fn at(position: [f64; 3], turn_about_z: f64) -> [f64; 7] {
    let (sin, cos) = sin_cos(turn_about_z / 2.0);
    [position[0], position[1], position[2], 0.0, 0.0, sin, cos]
}

fn from(pose: [f64; 7]) -> [f64; MAX_COMMAND] {
    let mut values = [0.0; MAX_COMMAND];
    values[..7].copy_from_slice(&pose);
    values
}

fn put(course: &Course, start: [f64; 7], t_s: f64) -> [f64; 7] {
    let mut values = from(start);
    course.put(t_s, &mut values, none);
    *values.first_chunk().unwrap()
}

#[test]
fn a_sine_is_its_formula_and_comes_back() {
    let wave = Wave::Sine { amplitude: 0.3, frequency_hz: 2.0 };
    for k in 0..50 {
        let t_s = f64::from(k) * 0.01;
        let expected = 0.3 * sin(std::f64::consts::TAU * 2.0 * t_s);
        // The argument may be rounded in another order.
        assert!((wave.value(t_s, 0.5, none) - expected).abs() < 1e-15);
    }
    assert!(wave.value(0.5, 0.5, none).abs() < 1e-15, "after a whole cycle");
}

proptest! {
    /// The frequency of a chirp is the slope of its phase: between two instants it has gone through the integral of the
    /// frequency, by equal steps or equal ratios. Midpoint rule, checked where the sine is turned back into its phase.
    #[test]
    fn a_chirp_goes_from_frequency_to_frequency(from_hz in 0.5..3.0, to_hz in 0.5..3.0, logarithmic: bool) {
        let duration_s = 4.0;
        let wave = Wave::Chirp { amplitude: 1.0, from_hz, to_hz, logarithmic };
        let frequency = |t_s: f64| {
            let share = t_s / duration_s;
            if logarithmic { from_hz * trocar_math::powf(to_hz / from_hz, share) } else { from_hz + (to_hz - from_hz) * share }
        };
        let (mut turns, steps) = (0.0, 20_000);
        for k in 0..steps {
            let h = duration_s / f64::from(steps);
            turns += frequency((f64::from(k) + 0.5) * h) * h;
            let t_s = f64::from(k + 1) * h;
            // The midpoint rule errs by h²/24 times the slope's change: below 1e-8 turns.
            let expected = sin(std::f64::consts::TAU * turns);
            prop_assert!((wave.value(t_s, duration_s, none) - expected).abs() < 1e-6);
        }
    }

    /// On a circle through three points every point is as far from the centre, the way is as long as the speed says, and
    /// the poses `via` and `to` are on it.
    #[test]
    fn an_arc_passes_its_poses_at_its_speed(
        a in prop::array::uniform3(-0.1..0.1), b in prop::array::uniform3(-0.1..0.1),
        c in prop::array::uniform3(-0.1..0.1), whole: bool,
    ) {
        let (start, via, to) = (at(a, 0.0), at(b, 0.0), at(c, 0.5));
        let course = Course::Arc { via, to, whole, speed_mps: 0.05 };
        // Points nearly in a line make circles too large for these tolerances.
        let (u, v) = (minus(b, a), minus(c, a));
        let w = cross(u, v);
        prop_assume!(dot(w, w) > 1e-2 * dot(u, u) * dot(v, v) && dot(u, u) > 1e-4 && dot(v, v) > 1e-4);
        prop_assume!(dot(minus(b, c), minus(b, c)) > 1e-4);
        prop_assert!(course.exists_from(&from(start)));
        let end_s = course.duration_s(&from(start));
        let end = put(&course, start, end_s);
        prop_assert_eq!(end, if whole { start } else { to });
        let steps = 4000;
        let (mut nearest_via, mut length) = (f64::INFINITY, 0.0);
        let mut before = start;
        for k in 1..=steps {
            let now = put(&course, start, end_s * f64::from(k) / f64::from(steps));
            length += distance(&before, &now);
            let gap = distance(&now, &via);
            nearest_via = if gap < nearest_via { gap } else { nearest_via };
            before = now;
        }
        // Chords of 4000 parts are shorter than the arc by (2π/4000)²/24 of it; the nearest is half a part away.
        prop_assert!((length - 0.05 * end_s).abs() < 1e-6 * length, "{} {}", length, 0.05 * end_s);
        prop_assert!(nearest_via <= 0.51 * length / f64::from(steps), "{nearest_via}");
    }
}

#[test]
fn no_circle_goes_through_points_in_a_line() {
    let line = |x: f64| at([x, 2.0 * x, 0.0], 0.0);
    let start = from(line(0.0));
    for (via, to) in [(line(0.1), line(0.2)), (line(0.0), line(0.2)), (line(0.1), line(0.1))] {
        assert!(!Course::Arc { via, to, whole: true, speed_mps: 0.1 }.exists_from(&start));
    }
}

#[test]
fn lines_go_at_constant_speed_around_their_corners_and_turn_evenly() {
    let start = at([0.0; 3], 0.0);
    let corner = at([0.03, 0.0, 0.0], 0.0);
    let end = at([0.03, 0.04, 0.0], 1.0);
    let course = Course::Line { through: vec![corner, end], speed_mps: 0.01 };
    // Tolerances: a rounding or two of the numbers below.
    assert!((course.duration_s(&from(start)) - 7.0).abs() < 1e-14);
    for (t_s, [x, y, turn]) in
        [(0.0, [0.0; 3]), (1.5, [0.015, 0.0, 0.0]), (5.0, [0.03, 0.02, 0.5]), (7.0, [0.03, 0.04, 1.0])]
    {
        let now = put(&course, start, t_s);
        let expected = at([x, y, 0.0], turn);
        for (a, b) in now.iter().zip(expected) {
            assert!((a - b).abs() < 1e-14, "{t_s}: {now:?}");
        }
    }
    assert_eq!(put(&course, start, 7.0), end);
}

#[test]
fn a_recorded_motion_is_its_table_and_straight_between() {
    let recorded = |relative| {
        Course::Recorded(std::sync::Arc::new(Recorded {
            times_s: vec![0.0, 0.5, 2.0],
            columns: vec![(1, vec![10.0, 20.0, -10.0])],
            relative,
            orientation: None,
        }))
    };
    let start = at([1.0, 2.0, 3.0], 0.0);
    for (t_s, value) in [(0.0, 10.0), (0.25, 15.0), (0.5, 20.0), (1.25, 5.0), (2.0, -10.0), (9.0, -10.0)] {
        assert_eq!(put(&recorded(false), start, t_s), at([1.0, value, 3.0], 0.0));
        assert_eq!(put(&recorded(true), start, t_s), at([1.0, 2.0 + (value - 10.0), 3.0], 0.0));
    }
    assert_eq!(recorded(true).duration_s(&from(start)), 2.0);
}

#[test]
fn a_noise_has_its_strength_its_band_and_its_seed() {
    let wave = Wave::Noise { rms: 0.5, bandwidth_hz: 8.0 };
    let duration_s = 20.0;
    let of_motion = |motion: u64| {
        let stream = Stream::new(1, 0, "program");
        (0..8000)
            .map(|k| {
                wave.value(f64::from(k) * duration_s / 8000.0, duration_s, |lane| stream.at(motion, lane))
            })
            .collect::<Vec<f64>>()
    };
    let values = of_motion(1);
    assert_eq!(values, of_motion(1));
    assert_ne!(values, of_motion(2));
    assert_eq!(values[0], 0.0, "it comes in from where the command stands");
    assert_eq!(wave.value(duration_s, duration_s, none), 0.0);
    let rms = (values.iter().map(|v| v * v).sum::<f64>() / 8000.0).sqrt();
    // The fades of 1/8 s at both ends take 2/3 of 1/80 of the power; sines over many periods are nearly orthogonal, their
    // cross terms of 32 lines within 20 s leave some per cent.
    assert!((rms / 0.5 - 1.0).abs() < 0.05, "{rms}");
    assert!(values.iter().all(|v| v.abs() <= 0.5 * 8.0), "√(2·32) rms at most");
    // No power above the bandwidth: a line at 12 Hz has what the fades leak.
    let power = |hz: f64| {
        let (mut re, mut im) = (0.0, 0.0);
        for (k, v) in values.iter().enumerate() {
            let (sin, cos) = sin_cos(TURN * hz * k as f64 * duration_s / 8000.0);
            (re, im) = (re + v * cos, im + v * sin);
        }
        re * re + im * im
    };
    let within: f64 = (1..160).map(|k| power(f64::from(k) * 0.05)).sum();
    let beyond: f64 = (200..360).map(|k| power(f64::from(k) * 0.05)).sum();
    assert!(beyond < 1e-3 * within, "{beyond} of {within}");
}
