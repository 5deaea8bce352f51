//! How one number follows another: every estimator on signals through channels of known delay, lag, play and scale.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here is a failed test")]

use std::f64::consts::{PI, TAU};
use trocar_math::random::Stream;
use trocar_math::{atan, exp, ln, sin};
use trocar_measure::*;
use trocar_signal::{Dimension, Nanos, Time};

const RATE_HZ: f64 = 3000.0;
const INTERVAL_S: f64 = 1.0 / RATE_HZ;

/// A measure on two angles that are read 3000 times a second.
fn measure(text: &str, instrument: Instrument) -> Measure {
    let config: MeasureConfig = toml::from_str(&format!("of = 'a'\ncommanded = 'b'\n{text}")).unwrap();
    let angle = || InputShape::Number(Dimension::ANGLE);
    let shape = MeasureShape::new(angle())
        .against(angle())
        .cycles(&[], 100)
        .read_by(instrument)
        .stepped(Nanos::from_seconds(INTERVAL_S).unwrap());
    Measure::new(&config, &shape).unwrap()
}

fn at(reading: usize) -> Time {
    Time((reading as f64 * 1e9 / RATE_HZ).round() as u64)
}

/// Feeds readings of `(of, commanded)` for so long; `period_s` is one repeat of the phase.
fn feed(measure: &mut Measure, lasts_s: f64, period_s: f64, signals: impl Fn(f64) -> (f64, f64)) {
    for reading in 0..(lasts_s * RATE_HZ) as usize {
        let t_s = at(reading).seconds();
        let (of, commanded) = signals(t_s);
        let label = SampleLabel { cycle: (t_s / period_s) as u32, visit: 0 };
        let pair = Reading::Pair { values: &[of], reference: &[commanded] };
        measure.sample(at(reading), label, pair).unwrap();
    }
}

fn figure(
    text: &str,
    lasts_s: f64,
    period_s: f64,
    signals: impl Fn(f64) -> (f64, f64),
) -> Result<FigureRow, NoFigure> {
    let mut measure = measure(text, Instrument::None);
    feed(&mut measure, lasts_s, period_s, signals);
    measure.finish().map(|mut rows| rows.remove(0))
}

/// Rises at 0.3 s and falls at 1.3 s of each two seconds, evenly in a quarter of a second: speed 4.
fn trapezoid(t_s: f64) -> f64 {
    let t_s = t_s.rem_euclid(2.0);
    trocar_math::clamp(4.0 * (t_s - 0.3), 0.0, 1.0) - trocar_math::clamp(4.0 * (t_s - 1.3), 0.0, 1.0)
}

/// A signal through a lag of the first order, computed ahead in steps of 20 µs.
struct Lagged(Vec<f64>);

impl Lagged {
    const STEP_S: f64 = 20e-6;

    fn new(lag_s: f64, lasts_s: f64, signal: impl Fn(f64) -> f64) -> Lagged {
        let share = 1.0 - exp(-Lagged::STEP_S / lag_s);
        let mut values = vec![signal(0.0)];
        for step in 0..(lasts_s / Lagged::STEP_S) as usize {
            let middle = signal((step as f64 + 0.5) * Lagged::STEP_S);
            values.push(values[step] + share * (middle - values[step]));
        }
        Lagged(values)
    }

    fn at(&self, t_s: f64) -> f64 {
        let place = trocar_math::max(t_s, 0.0) / Lagged::STEP_S;
        let whole = (place as usize).min(self.0.len() - 2);
        trocar_math::interpolation::linear(self.0[whole], self.0[whole + 1], place - whole as f64)
    }
}

/// Where a rising function passes a value.
fn solve(value: f64, mut low: f64, mut high: f64, f: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if f(middle) < value { low = middle } else { high = middle }
    }
    low
}

const DELAY_S: f64 = 12.3e-3;
const LAG_S: f64 = 20e-3;

/// The answer of a lag to a ramp of speed 1 that begins at zero.
fn lagged_ramp(t_s: f64) -> f64 {
    t_s - LAG_S * (1.0 - exp(-t_s / LAG_S))
}

#[test]
fn delays_of_a_ramp_through_a_pure_delay() {
    let start = "kind = 'start_delay'\nthreshold = '0.01 rad'";
    let slope = "kind = 'slope_change_delay'\naverage = '10 ms'\nslope = '1 rad/s'";
    let following = "kind = 'following_delay'\ntargets = ['0.25 rad', '0.5 rad']";
    // An instant that is not interpolated lies up to an interval late at either end; along a ramp it is interpolated.
    for (text, n, tolerance_s) in [(start, 8, INTERVAL_S), (slope, 8, INTERVAL_S), (following, 16, 1e-8)] {
        let row = figure(text, 8.0, 2.0, |t| (trapezoid(t - DELAY_S), trapezoid(t))).unwrap();
        assert!((row.value - DELAY_S).abs() < tolerance_s, "{text}: {}", row.value);
        assert_eq!((row.n, row.dimension), (n, Dimension::TIME), "{text}");
        let interval = row.components.iter().find(|c| c.name == ComponentName::ReadingInterval).unwrap();
        assert!((interval.standard_u - INTERVAL_S / f64::sqrt(6.0)).abs() < 1e-9);
    }
    // Thresholds of their own: T + (ε_of − ε_commanded)/v.
    let text = "kind = 'start_delay'\nthreshold = '0.05 rad'\ncommanded_threshold = '0.01 rad'";
    let row = figure(text, 8.0, 2.0, |t| (trapezoid(t - DELAY_S), trapezoid(t))).unwrap();
    assert!((row.value - DELAY_S - 0.04 / 4.0).abs() < INTERVAL_S, "{}", row.value);
}

#[test]
fn delays_of_a_ramp_through_a_delay_and_a_lag() {
    let lagged = Lagged::new(LAG_S, 8.0, trapezoid);
    let signals = |t: f64| (lagged.at(t - DELAY_S), trapezoid(t));
    let row = figure("kind = 'start_delay'\nthreshold = '0.01 rad'", 8.0, 2.0, signals).unwrap();
    let late = solve(0.01 / 4.0, 0.0, 1.0, lagged_ramp) - 0.01 / 4.0;
    assert!((row.value - DELAY_S - late).abs() < INTERVAL_S, "{} for {}", row.value, DELAY_S + late);

    // The slope of the average over 10 ms reaches 1 rad/s, of 4 rad/s in the end.
    let text = "kind = 'slope_change_delay'\naverage = '10 ms'\nslope = '1 rad/s'";
    let row = figure(text, 8.0, 2.0, signals).unwrap();
    let mean = |t: f64| (lagged_ramp(t) - lagged_ramp(trocar_math::max(t - 10e-3, 0.0))) / 10e-3;
    let late = solve(0.25, 0.0, 1.0, mean) - 2.5e-3;
    assert!((row.value - DELAY_S - late).abs() < INTERVAL_S, "{} for {}", row.value, DELAY_S + late);

    // Late in the ramp, delay and lag.
    let text = "kind = 'following_delay'\ntargets = ['0.75 rad']\nstatistic = 'max'";
    let row = figure(text, 8.0, 2.0, signals).unwrap();
    let rest = LAG_S * exp(-(0.75 / 4.0) / LAG_S);
    assert!((row.value - DELAY_S - LAG_S).abs() < rest + 1e-5, "{}", row.value);
}

#[test]
fn delays_of_a_jump_through_a_delay_and_a_lag() {
    let jump = |t: f64| if t.rem_euclid(2.0) < 1.0 { 0.0 } else { 1.0 };
    let lagged = Lagged::new(LAG_S, 9.0, jump);
    let signals = |t: f64| (lagged.at(t - DELAY_S), jump(t));
    let row = figure("kind = 'start_delay'\nthreshold = '0.1 rad'", 9.0, 2.0, signals).unwrap();
    let expected = DELAY_S - LAG_S * ln(0.9);
    assert!((row.value - expected).abs() < INTERVAL_S, "{} for {expected}", row.value);
    let row = figure("kind = 'following_delay'\ntargets = ['0.5 rad']", 9.0, 2.0, signals).unwrap();
    let expected = DELAY_S - LAG_S * ln(0.5);
    // The jump lies between two readings, and is taken to begin at the earlier one.
    assert!((row.value - expected).abs() < 1.01 * INTERVAL_S, "{} for {expected}", row.value);
    let row = figure("kind = 'step_response'", 9.0, 2.0, signals).unwrap();
    assert!((row.value - LAG_S * ln(9.0)).abs() < 1e-5, "{}", row.value);
    let steady = "kind = 'step_response'\nstatistic = 'largest_steady_error'";
    let row = figure(steady, 9.0, 2.0, |t| (1.02 * lagged.at(t), jump(t))).unwrap();
    assert!((row.value - 0.02).abs() < 1e-6, "{}", row.value);
    assert_eq!(row.dimension, Dimension::ANGLE);
    // An answer that stays a tenth short never rises to nine tenths.
    let short = figure("kind = 'step_response'", 9.0, 2.0, |t| (0.89 * jump(t), jump(t)));
    assert_eq!(short, Err(NoFigure::NotFollowed { unanswered: 8, events: 8 }));
}

#[test]
fn an_edge_of_noise_costs_what_the_instrument_states() {
    let reading = ReadingUncertainty { noise_sd: 1e-3, ..ReadingUncertainty::default() };
    let mut measure = measure(
        "kind = 'start_delay'\nthreshold = '0.02 rad'\nstatistic = 'max'",
        Instrument::Reading(reading),
    );
    feed(&mut measure, 8.0, 2.0, |t| (trapezoid(t - DELAY_S), trapezoid(t)));
    let row = measure.finish().unwrap().remove(0);
    let noise = row.components.iter().find(|c| c.name == ComponentName::ThresholdNoise).unwrap();
    assert!((noise.standard_u - f64::sqrt(2.0) * 1e-3 / 4.0).abs() < 1e-5, "noise over the ramp's speed");
    assert!(row.noise_bias > 0.0, "the longest of eight");
}

/// Sines of random phase up to a bandwidth, fading in and out over each period.
fn noise(test: u64, bandwidth_hz: f64, period_s: f64) -> impl Fn(f64) -> f64 {
    let stream = Stream::new(7, 0, "signal");
    let lines: Vec<(f64, f64)> = (0..40_u32)
        .map(|k| {
            let draw = |lane| stream.at(test, 2 * k + lane).uniform();
            (bandwidth_hz * (f64::from(k) + draw(0)) / 40.0, TAU * draw(1))
        })
        .collect();
    move |t_s| {
        let t_s = t_s.rem_euclid(period_s);
        let fade = trocar_math::clamp(4.0 * trocar_math::min(t_s, period_s - t_s - 0.2), 0.0, 1.0);
        fade * lines.iter().map(|(hz, phase)| sin(TAU * hz * t_s + phase)).sum::<f64>() / 6.0
    }
}

#[test]
fn correlation_of_noise_and_of_a_sine() {
    let text = "kind = 'correlation_delay'\nlongest = '80 ms'";
    let signal = noise(1, 10.0, 2.0);
    for delay_s in [0.0, 5e-3, 12.3e-3, 41.77e-3, -8.1e-3] {
        let row = figure(text, 6.0, 2.0, |t| (signal(t - delay_s), signal(t))).unwrap();
        // 10 Hz is a three-hundredth of the rate of reading.
        assert!((row.value - delay_s).abs() < 0.1 * INTERVAL_S, "{delay_s}: {}", row.value);
        assert_eq!(row.n, 3);
    }
    // Whole cycles of a sine through a lag: arctan(ω τ)/ω, but for what begins and ends.
    let hz = 4.0;
    let sine = |t: f64| if (0.2..4.2).contains(&t) { sin(TAU * hz * (t - 0.2)) } else { 0.0 };
    let lagged = Lagged::new(LAG_S, 5.0, sine);
    let row = figure(text, 5.0, 5.0, |t| (lagged.at(t - DELAY_S), sine(t))).unwrap();
    let expected = DELAY_S + atan(TAU * hz * LAG_S) / (TAU * hz);
    assert!((row.value - expected).abs() < 0.03 * LAG_S, "{} for {expected}", row.value);
    // Noise through a lag: less than the lag.
    let broad = noise(2, 30.0, 5.0);
    let lagged = Lagged::new(LAG_S, 5.0, &broad);
    let row = figure(text, 5.0, 5.0, |t| (lagged.at(t - DELAY_S), broad(t))).unwrap();
    assert!(row.value > DELAY_S && row.value < DELAY_S + 0.7 * LAG_S, "{}", row.value);

    let late = figure(text, 5.0, 5.0, |t| (broad(t - 0.2), broad(t)));
    assert!(matches!(late, Err(NoFigure::PeakAtEnd { .. }) | Ok(_)), "{late:?}");
    let still = figure(text, 5.0, 5.0, |t| (0.0, broad(t)));
    assert!(matches!(still, Err(NoFigure::NoMotion { .. })), "{still:?}");
    let beyond =
        figure("kind = 'correlation_delay'\nlongest = '30 ms'", 5.0, 5.0, |t| (sine(t - 0.06), sine(t)));
    assert!(matches!(beyond, Err(NoFigure::PeakAtEnd { .. })), "{beyond:?}");
}

/// A phase ends one reading after its last repeat: with an instrument's noise nothing is quite at rest there, and it is no
/// repeat of its own.
#[test]
fn the_reading_after_the_last_repeat_is_no_repeat() {
    let signal = noise(1, 10.0, 2.0);
    let draws = Stream::new(3, 0, "noise");
    let scatter = |t: f64, lane| 1e-5 * draws.at((t * 1e9) as u64, lane).normal();
    let noisy = |t: f64| (signal(t - DELAY_S) + scatter(t, 0), signal(t) + scatter(t, 1));
    let row =
        figure("kind = 'correlation_delay'\nlongest = '80 ms'", 6.0 + 1.5 * INTERVAL_S, 2.0, noisy).unwrap();
    assert_eq!(row.n, 3);
    // The noise is a hundred-thousandth of the signal; its differences over an interval are a thousandth of the signal's.
    assert!((row.value - DELAY_S).abs() < INTERVAL_S, "{}", row.value);
}

#[test]
fn what_did_not_follow_is_no_figure() {
    let text = "kind = 'start_delay'\nthreshold = '0.01 rad'";
    let still = figure(text, 8.0, 2.0, |t| (0.0, trapezoid(t)));
    assert_eq!(still, Err(NoFigure::NotFollowed { unanswered: 8, events: 8 }));
    let unmoved = figure(text, 8.0, 2.0, |_| (0.0, 0.0));
    assert!(matches!(unmoved, Err(NoFigure::NoMotion { .. })));
    let restless = figure(text, 8.0, 2.0, |t| (sin(9.0 * t), trapezoid(t)));
    assert_eq!(restless, Err(NoFigure::Restless { restless: 8, events: 8 }));
    let short = "kind = 'following_delay'\ntargets = ['0.2 rad', '0.9 rad']";
    let short = figure(short, 8.0, 2.0, |t| (0.5 * trapezoid(t - DELAY_S), trapezoid(t)));
    assert_eq!(short, Err(NoFigure::NotFollowed { unanswered: 8, events: 16 }));
    // Of motions in skipped repeats nothing counts.
    let skipped = "kind = 'start_delay'\nthreshold = '0.01 rad'\nwindow = { phase = 'p', skip = 1 }";
    let row =
        figure(skipped, 8.0, 2.0, |t| (trapezoid(t - if t < 2.0 { 0.05 } else { DELAY_S }), trapezoid(t)));
    let row = row.unwrap();
    assert!(row.n == 6 && (row.value - DELAY_S).abs() < INTERVAL_S, "{row:?}");
}

const AT: &str = "at = ['1.5 Hz', '3 Hz', '4 Hz', '6 Hz', '8 Hz', '10 Hz', '12 Hz']\nsegment = '2 s'";

fn response(statistic: &str, instrument: Instrument) -> Measure {
    measure(&format!("kind = 'frequency_response'\nstatistic = '{statistic}'\n{AT}"), instrument)
}

#[test]
fn response_of_a_delay_and_a_lag() {
    let (lasts_s, delay_s) = (60.0, 10e-3);
    let signal = noise(3, 20.0, 100.0);
    let lagged = Lagged::new(LAG_S, lasts_s, &signal);
    let hz = [1.5, 3.0, 4.0, 6.0, 8.0, 10.0, 12.0];
    let gain = |hz: f64| 1.0 / f64::sqrt(1.0 + TAU * hz * LAG_S * TAU * hz * LAG_S);
    let phase = |hz: f64| -TAU * hz * delay_s - atan(TAU * hz * LAG_S);
    let group = |hz: f64| delay_s + LAG_S * gain(hz) * gain(hz);
    type Law<'a> = &'a dyn Fn(f64) -> f64;
    let delay = |hz: f64| -phase(hz) / (TAU * hz);
    // What U may be at most, so that it is no excuse.
    let laws: [(&str, Law<'_>, f64); 4] = [
        ("gain", &gain, 0.03),
        ("phase", &phase, 0.06),
        ("phase_delay", &delay, 5e-3),
        ("group_delay", &group, 9e-3),
    ];
    for (statistic, law, most_u) in laws {
        let mut measure = response(statistic, Instrument::None);
        feed(&mut measure, lasts_s, 100.0, |t| (lagged.at(t - delay_s), signal(t)));
        let rows = measure.finish().unwrap();
        assert_eq!(measure.row_count(), 7);
        for (row, hz) in rows.iter().zip(hz) {
            let (value, expected) = (row.value, law(hz));
            let u = row.figure(Coverage::default()).expanded_u;
            assert!(
                (value - expected).abs() < u && u < most_u,
                "{statistic} at {hz} Hz: {value} ± {u} for {expected}"
            );
        }
        assert_eq!(rows[2].label, "4 Hz");
    }
    let mut bandwidth = response("bandwidth", Instrument::None);
    feed(&mut bandwidth, lasts_s, 100.0, |t| (lagged.at(t - delay_s), signal(t)));
    let row = bandwidth.finish().unwrap().remove(0);
    // 1/(2π τ) is 3 dB below zero; the lowest frequency is 1.5 Hz.
    let expected = solve(f64::sqrt(2.0) / gain(1.5), 1.5, 20.0, |hz| 1.0 / gain(hz));
    assert!((row.value - expected).abs() < 0.03 * expected, "{} for {expected}", row.value);
    assert_eq!((bandwidth.row_count(), row.dimension), (1, Dimension::FREQUENCY));
}

#[test]
fn incoherent_or_unexcited_frequencies_have_no_figure() {
    let (signal, other) = (noise(4, 20.0, 100.0), noise(5, 20.0, 100.0));
    let mut measure = response("gain", Instrument::None);
    feed(&mut measure, 40.0, 100.0, |t| (other(t), signal(t)));
    assert!(matches!(measure.finish(), Err(NoFigure::Incoherent { .. })), "{:?}", measure.finish());
    // A chirp passes each frequency once.
    let chirp = |t: f64| sin(PI * 0.4 * t * t);
    let mut measure = response("gain", Instrument::None);
    feed(&mut measure, 40.0, 100.0, |t| (chirp(t), chirp(t)));
    assert!(matches!(measure.finish(), Err(NoFigure::NotExcited { .. })), "{:?}", measure.finish());
    let mut flat = response("bandwidth", Instrument::None);
    feed(&mut flat, 40.0, 100.0, |t| (signal(t), signal(t)));
    assert!(matches!(flat.finish(), Err(NoFigure::NoBandwidth { .. })), "{:?}", flat.finish());
}

/// Noise on the answer: how often the interval at k = 2 holds gain and phase.
#[test]
fn intervals_of_the_response_hold_as_often_as_stated() {
    let stream = Stream::new(11, 0, "readings");
    let tests = 60;
    let text = "kind = 'frequency_response'\nstatistic = 'STATISTIC'\nat = ['2 Hz', '5 Hz', '8 Hz']\nsegment = '1 s'";
    let (mut held, mut all) = (0, 0);
    for (statistic, expected) in [("gain", 0.7), ("phase", 0.0)] {
        for test in 0..tests {
            let signal = noise(100 + test, 12.0, 100.0);
            let mut measure = measure(&text.replace("STATISTIC", statistic), Instrument::None);
            for reading in 0..(20.0 * 300.0) as usize {
                let now = Time((reading as f64 * 1e9 / 300.0).round() as u64);
                let value = signal(now.seconds());
                let of = 0.7 * value + 0.5 * stream.at(now.0 + test, 0).normal();
                let pair = Reading::Pair { values: &[of], reference: &[value] };
                measure.sample(now, SampleLabel::default(), pair).unwrap();
            }
            for row in measure.finish().unwrap_or_default() {
                all += 1;
                held += u32::from((row.value - expected).abs() <= 2.0 * row.components[0].standard_u);
            }
        }
    }
    let share = f64::from(held) / f64::from(all);
    assert!(all > 200, "{all} figures");
    // Some 300 figures scatter by one and a half per cent.
    assert!((0.9..0.99).contains(&share), "{share} of {all}");
}

/// There and back in each two seconds, between −1 and 1.
fn triangle(t_s: f64) -> f64 {
    let turn = (t_s / 2.0).rem_euclid(1.0);
    if turn < 0.5 { 4.0 * turn - 1.0 } else { 3.0 - 4.0 * turn }
}

#[test]
fn hysteresis_of_a_play() {
    let play = |t: f64| triangle(t) - if (t / 2.0).rem_euclid(1.0) < 0.5 { 0.05 } else { -0.05 };
    let row = figure("kind = 'hysteresis'", 8.0, 2.0, |t| (play(t), triangle(t))).unwrap();
    // Exact but for the rounding of sums.
    assert!((row.value - 0.1).abs() < 1e-9, "{}", row.value);
    assert_eq!((row.n, row.dimension), (4, Dimension::ANGLE));
    let relative = "kind = 'hysteresis'\nstatistic = 'relative'";
    let row = figure(relative, 8.0, 2.0, |t| (play(t), triangle(t))).unwrap();
    // The play's output goes from −1 + 0.05 on the way down to 1 − 0.05 on the way up, and jumps beyond at the turns.
    assert!((row.value - 0.1 / 2.1).abs() < 1e-3, "{}", row.value);
    // A delay: twice the speed, 2, times the delay.
    let row = figure("kind = 'hysteresis'", 8.0, 2.0, |t| (triangle(t - 10e-3), triangle(t))).unwrap();
    assert!((row.value - 2.0 * 2.0 * 10e-3).abs() < 1e-4, "{}", row.value);
    // A curve without hysteresis, however bent.
    let bent = |t: f64| trocar_math::powi(triangle(t), 3);
    let row = figure("kind = 'hysteresis'", 8.0, 2.0, |t| (bent(t), triangle(t))).unwrap();
    assert!(row.value < 1e-4, "{}", row.value);
    let once = figure("kind = 'hysteresis'", 1.0, 2.0, |t| (t, t));
    assert!(matches!(once, Err(NoFigure::NoMotion { .. })));

    let reading = ReadingUncertainty { noise_sd: 2e-3, ..ReadingUncertainty::default() };
    let stream = Stream::new(3, 0, "gauge");
    let mut noisy = measure("kind = 'hysteresis'", Instrument::Reading(reading));
    feed(&mut noisy, 40.0, 2.0, |t| {
        (triangle(t) + 2e-3 * stream.at((t * 1e9) as u64, 0).normal(), triangle(t))
    });
    let row = noisy.finish().unwrap().remove(0);
    // Nothing but noise: about what the instrument alone gives, whose largest of many bins is taken of both signs.
    let alone = row.instrument_alone.unwrap();
    assert!(row.value > 0.7 * alone && row.value < 1.5 * alone, "{} for {alone}", row.value);
    assert!(row.value - row.noise_bias < 3.0 * row.figure(Coverage::default()).expanded_u + 0.2 * alone);
}

#[test]
fn scale_and_linearity() {
    let scaling = "kind = 'scaling'\nscale = 0.2";
    let row = figure(scaling, 8.0, 2.0, |t| (0.2 * 1.01 * triangle(t) + 5.0, triangle(t))).unwrap();
    assert!((row.value - 0.01).abs() < 1e-12, "{}", row.value);
    assert_eq!((row.n, row.dimension), (4, Dimension::NUMBER));
    // x + a x² about its line through evenly spread x: a (x² − 1/3), largest at the ends, of a range of 2.
    let text = "kind = 'scaling'\nstatistic = 'nonlinearity'";
    let row =
        figure(text, 8.0, 2.0, |t| (triangle(t) + 0.03 * triangle(t) * triangle(t), triangle(t))).unwrap();
    // The outermost twentieth is left out, bins are a sixty-fourth wide at least: x² is 0.81 to 0.87 there.
    assert!(row.value > 0.03 * 0.45 / 2.0 && row.value < 0.03 * 0.55 / 2.0, "{}", row.value);
}

/// Intervals of the slope under noise of the instrument, one sweep: type B must hold it.
#[test]
fn intervals_of_the_scale_hold_as_often_as_stated() {
    let reading = ReadingUncertainty { noise_sd: 0.05, ..ReadingUncertainty::default() };
    let stream = Stream::new(9, 0, "gauge");
    let held = (0..200u64)
        .filter(|test| {
            let mut noisy = measure("kind = 'scaling'\nscale = 0.5", Instrument::Reading(reading));
            for i in 0..400 {
                let t = f64::from(i) * 5e-3;
                let of = 0.5 * triangle(t) + 0.05 * stream.at(*test, i as u32).normal();
                let pair = Reading::Pair { values: &[of], reference: &[triangle(t)] };
                noisy.sample(Time((t * 1e9).round() as u64), SampleLabel::default(), pair).unwrap();
            }
            let figure = noisy.finish().unwrap().remove(0).figure(Coverage::default());
            figure.value.abs() <= figure.expanded_u
        })
        .count();
    // 95.45 % of 200 is 191, with a standard deviation of 3.
    assert!((181..=199).contains(&held), "{held} of 200");
}

#[test]
fn measures_of_pairs_survive_being_saved() {
    for text in [
        "kind = 'start_delay'\nthreshold = '0.01 rad'\nstatistic = 'p50'",
        "kind = 'following_delay'\ntargets = ['0.5 rad']",
        "kind = 'slope_change_delay'\naverage = '10 ms'\nslope = '1 rad/s'",
        "kind = 'correlation_delay'\nlongest = '50 ms'",
        "kind = 'frequency_response'\nat = ['1 Hz']\nsegment = '2 s'\nleast_coherence = '10 %'",
        "kind = 'hysteresis'",
        "kind = 'scaling'",
        "kind = 'step_response'",
    ] {
        let mut whole = measure(text, Instrument::None);
        let mut saved = whole.clone();
        let signals = |t: f64| (trapezoid(t - DELAY_S), trapezoid(t));
        feed(&mut whole, 8.0, 2.0, signals);
        for reading in 0..(8.0 * RATE_HZ) as usize {
            let t_s = at(reading).seconds();
            let (of, commanded) = signals(t_s);
            let label = SampleLabel { cycle: (t_s / 2.0) as u32, visit: 0 };
            let pair = Reading::Pair { values: &[of], reference: &[commanded] };
            saved.sample(at(reading), label, pair).unwrap();
            if reading % 5000 == 1234 {
                let bytes = postcard::to_allocvec(&saved).unwrap();
                saved = postcard::from_bytes(&bytes).unwrap();
            }
        }
        assert_eq!(saved, whole, "{text}");
    }
}

#[test]
fn what_is_wrong_with_a_measure_of_pairs_is_named() {
    let keys = |text: &str, of: Dimension, commanded: Dimension| -> Vec<String> {
        let config: MeasureConfig = toml::from_str(&format!("of = 'a'\ncommanded = 'b'\n{text}")).unwrap();
        let shape = MeasureShape::new(InputShape::Number(of)).against(InputShape::Number(commanded));
        Measure::new(&config, &shape).err().into_iter().flatten().map(|p| p.key).collect()
    };
    let (angle, length) = (Dimension::ANGLE, Dimension::LENGTH);
    assert_eq!(keys("kind = 'start_delay'\nthreshold = '1 mm'", angle, angle), ["threshold"]);
    assert_eq!(keys("kind = 'start_delay'\nthreshold = '1 %'", angle, angle), ["threshold"], "no joint");
    assert_eq!(keys("kind = 'start_delay'\nthreshold = '1 mm'", length, angle), ["commanded_threshold"]);
    assert_eq!(keys("kind = 'start_delay'\nthreshold = '0 mm'", length, length), ["threshold"]);
    assert_eq!(
        keys("kind = 'following_delay'\ntargets = ['1 mm']", length, angle),
        ["commanded", "targets[0]"]
    );
    assert_eq!(keys("kind = 'scaling'\nscale = 0.0", length, length), ["scale"]);
    assert_eq!(keys("kind = 'correlation_delay'\nlongest = '3 s'", length, length), ["longest"]);
    let dwell = "kind = 'hysteresis'\nwindow = { at = 'dwell_end' }";
    assert_eq!(keys(dwell, length, length), ["window.at"]);
    let response = |rest: &str| keys(&format!("kind = 'frequency_response'\n{rest}"), length, angle);
    assert_eq!(response("at = ['2 Hz', '1 Hz']"), ["at"]);
    assert_eq!(response("at = ['1 Hz']\nsegment = '1 s'"), ["at"], "one period is too short");
    assert_eq!(response("at = ['1 Hz']\nleast_coherence = '1 mm'"), ["least_coherence"]);
    assert!(response("at = ['1 Hz', '2 Hz']").is_empty());
}
