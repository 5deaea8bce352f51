//! Grip force: known answers on synthetic closings, and how often the stated uncertainty holds the truth.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here is a failed test")]

use trocar_math::random::Stream;
use trocar_measure::*;
use trocar_signal::{Dimension, Time};

const WINDOW: &str = "window = { phase = 'closings', skip = 1 }";

fn config(text: &str) -> MeasureConfig {
    toml::from_str(&format!("kind = 'grip_force'\nof = 'gauge.force'\n{text}\n{WINDOW}")).unwrap()
}

fn force() -> InputShape {
    InputShape::Number(Dimension::FORCE)
}

fn ms(t: u64) -> Time {
    Time(t * 1_000_000)
}

/// Cycles through "open" and "closed" of half a second each, read every millisecond: `reading(cycle, k)` is the force k ms
/// after the closing began.
fn closings(text: &str, cycles: u32, gauge: Instrument, reading: impl Fn(u32, u64) -> f64) -> Measure {
    let shape = MeasureShape::new(force()).cycles(&["open", "closed"], cycles).read_by(gauge);
    let mut measure = Measure::new(&config(text), &shape).unwrap();
    for cycle in 0..cycles {
        let began = u64::from(cycle) * 1000;
        for (visit, from) in [(0, 0), (1, 500)] {
            let label = SampleLabel { cycle, visit };
            for k in 0..500 {
                let force_n = if visit == 0 { 0.0 } else { reading(cycle, k) };
                measure.sample(ms(began + from + k), label, Reading::Values(&[force_n])).unwrap();
            }
            measure.sample(ms(began + from + 499), label, Reading::DwellEnd).unwrap();
        }
    }
    measure
}

/// Ramps up to 100 ms, with a blow of 9 N at 50 ms; then stands at 4, 5, 7 and 6 N and creeps by 1 mN each millisecond. The
/// last 100 ms before the end hold 101 readings with a mean 449 ms after the beginning. The first closing does not count.
#[test]
fn closings_by_hand() {
    let levels = [100.0, 4.0, 5.0, 7.0, 6.0];
    let reading = |cycle: u32, k: u64| match k {
        50 => 9.0,
        k if k < 100 => levels[cycle as usize] * k as f64 / 100.0,
        k => levels[cycle as usize] + 1e-3 * k as f64,
    };
    let creep = 0.449;
    for (statistic, expected) in
        [("mean", 5.5 + creep), ("lowest", 4.0 + creep), ("highest", 7.0 + creep), ("range", 3.0)]
    {
        let text = format!("posture = 'closed'\nstatistic = '{statistic}'");
        let row = closings(&text, 5, Instrument::None, reading).finish().unwrap().remove(0);
        assert!((row.value - expected).abs() < 1e-12, "{statistic}: {}", row.value);
        assert_eq!((row.n, row.dimension, row.label.as_str()), (4, Dimension::FORCE, ""));
        let Repeated::Values(shown) = &row.repeats else { panic!("{:?}", row.repeats) };
        assert!(shown.iter().zip([4.0, 5.0, 7.0, 6.0]).all(|(is, level)| (is - level - creep).abs() < 1e-12));
        assert_eq!(
            row.at,
            match statistic {
                "lowest" => Some(ms(1999)),
                "highest" => Some(ms(3999)),
                _ => None,
            }
        );
    }
    // Of 4, 5, 7 and 6 the variance is 5/3: type A is its root over four.
    let row = closings("posture = 'closed'", 5, Instrument::None, reading).finish().unwrap().remove(0);
    let [sampling] = row.components.as_slice() else { panic!("{:?}", row.components) };
    assert_eq!((sampling.name, sampling.evaluation), (ComponentName::Sampling, EvaluationType::A));
    assert!(
        (sampling.standard_u - f64::sqrt(5.0 / 12.0)).abs() < 1e-12
            && sampling.degrees_of_freedom == Some(3.0)
    );
    // A hold of nearly the whole dwell takes the ramp in.
    let whole = closings("posture = 'closed'\nhold = '0.499 s'", 5, Instrument::None, reading);
    assert!(whole.finish().unwrap()[0].value < 5.5);
}

/// What a gauge states enters where it belongs: calibration in a force and not in a difference, noise as that of a mean over
/// the hold, rounding as it is, and what the gauge alone would give of a difference.
#[test]
fn what_the_gauge_brings() {
    let gauge = Instrument::Reading(ReadingUncertainty {
        expanded: 0.1,
        noise_sd: 0.02,
        resolution: 0.01,
        ..ReadingUncertainty::default()
    });
    let still = |cycle: u32, _: u64| 5.0 + 0.1 * f64::from(cycle);
    let row = |statistic: &str| {
        let text = format!("posture = 'closed'\nstatistic = '{statistic}'");
        closings(&text, 5, gauge, still).finish().unwrap().remove(0)
    };
    let of = |row: &FigureRow, name: ComponentName| {
        row.components.iter().find(|c| c.name == name).map_or(0.0, |c| c.standard_u)
    };
    // 101 readings lie in the last 100 ms, both ends included.
    let of_hold = 0.02 / f64::sqrt(101.0);
    let rounding = 0.005 / f64::sqrt(3.0);
    for (statistic, calibration, noise, weight) in [
        ("mean", 0.05, 0.0, 1.0),
        ("lowest", 0.05, of_hold, 1.0),
        ("highest", 0.05, of_hold, 1.0),
        ("range", 0.0, of_hold * f64::sqrt(2.0), f64::sqrt(2.0)),
    ] {
        let row = row(statistic);
        for (name, expected) in [
            (ComponentName::Calibration, calibration),
            (ComponentName::InstrumentNoise, noise),
            (ComponentName::Resolution, weight * rounding),
        ] {
            assert!((of(&row, name) - expected).abs() < 1e-15, "{statistic} {name}: {row:?}");
        }
    }
    // The largest of four lies about 0.84 standard deviations above their mean.
    let beyond = trocar_measure::noise::largest_of(4) * of_hold;
    assert_eq!((row("lowest").noise_bias, row("highest").noise_bias), (-beyond, beyond));
    assert_eq!(row("range").instrument_alone, Some(2.0 * beyond));
    assert_eq!((row("mean").instrument_alone, row("mean").noise_bias), (None, 0.0));
}

/// Closings that scatter by 0.3 N about 6 N, on a gauge whose zero is off by a draw and whose readings are noisy: how often
/// the interval holds 6 N. With ten closings and k = 2 it would be 92.7 % of Student's law for the scatter alone.
#[test]
fn stated_coverage() {
    let stream = Stream::new(3, 0, "grip");
    let (noise_sd, zero_sd) = (0.05, 0.08);
    let gauge = Instrument::Reading(ReadingUncertainty {
        expanded: 2.0 * zero_sd,
        noise_sd,
        ..ReadingUncertainty::default()
    });
    let tests = 400_u64;
    let held = (0..tests)
        .filter(|test| {
            let zero = zero_sd * stream.at(*test, 0).normal();
            let reading = |cycle: u32, k: u64| {
                let noise = noise_sd * stream.at(test * 1_000_000 + u64::from(cycle) * 1000 + k, 1).normal();
                6.0 + 0.3 * stream.at(*test, 2 + cycle).normal() + zero + noise
            };
            let text = "posture = 'closed'\nhold = '20 ms'";
            let row = closings(text, 11, gauge, reading).finish().unwrap().remove(0);
            let (low, high) = row.figure(Coverage::default()).interval();
            (low..=high).contains(&6.0)
        })
        .count() as f64;
    let share = held / tests as f64;
    // 400 tests scatter by 1.3 % at 93 %.
    assert!((0.89..=0.98).contains(&share), "{share}");
}

/// A phase that makes no motion is one closing; its end is that of what was read.
#[test]
fn a_phase_without_a_dwell_is_one_closing() {
    let shape = MeasureShape::new(force());
    let text = "kind = 'grip_force'\nof = 'gauge.force'\nhold = '50 ms'\nwindow = { phase = 'hold' }";
    let mut measure = Measure::new(&toml::from_str(text).unwrap(), &shape).unwrap();
    assert_eq!(measure.finish(), Err(NoFigure::NotHeld { have: 0, declared: 1 }));
    for k in 0..1000 {
        let force_n = if k < 940 { 0.0 } else { 3.0 };
        measure.sample(ms(k), SampleLabel::default(), Reading::Values(&[force_n])).unwrap();
    }
    let row = measure.finish().unwrap().remove(0);
    assert_eq!((row.value, row.n, row.note), (3.0, 1, Some(Note::Once)));
}

/// Readings that may not be used are not given to a measure: a gauge that was not between the jaws has no figure.
#[test]
fn a_closing_without_readings_leaves_no_figure() {
    let shape = MeasureShape::new(force()).cycles(&["open", "closed"], 4);
    let mut measure = Measure::new(&config("posture = 'closed'"), &shape).unwrap();
    for cycle in 0..4 {
        for visit in [0, 1] {
            let (label, at) = (SampleLabel { cycle, visit }, ms(u64::from(2 * cycle + visit) * 1000));
            if cycle != 2 {
                measure.sample(at, label, Reading::Values(&[1.0])).unwrap();
            }
            measure.sample(at, label, Reading::DwellEnd).unwrap();
        }
    }
    assert_eq!(measure.finish(), Err(NoFigure::NotHeld { have: 2, declared: 3 }));
}

#[test]
fn mistakes_are_named() {
    let keys = |text: &str, shape: &MeasureShape| -> Vec<(String, String)> {
        let problems = Measure::new(&config(text), shape).unwrap_err();
        problems.into_iter().map(|problem| (problem.key, problem.what)).collect()
    };
    let shape = MeasureShape::new(force()).cycles(&["open", "closed"], 3);
    for (text, shape, key, word) in [
        ("posture = 'closd'", &shape, "posture", "open, closed"),
        ("", &shape, "", "`posture` says"),
        ("posture = 'closed'\nhold = '0 s'", &shape, "hold", "longer than nothing"),
        ("posture = 'closed'\nhold = '3 s'", &shape, "hold", "at most 2 s"),
        (
            "posture = 'closed'",
            &MeasureShape::new(InputShape::Number(Dimension::TORQUE)).cycles(&["closed"], 3),
            "of",
            "takes a force, and this is torque",
        ),
        (
            "posture = 'closed'",
            &MeasureShape { visits: Vec::new(), ..shape.clone() },
            "posture",
            "moves through no postures",
        ),
    ] {
        let found = keys(text, shape);
        assert!(found.iter().any(|(at, what)| at == key && what.contains(word)), "{text}: {found:?}");
    }
    let text = "kind = 'grip_force'\nof = 'gauge.force'";
    let problems = Measure::new(&toml::from_str(text).unwrap(), &MeasureShape::new(force())).unwrap_err();
    assert!(problems[0].what.contains("window = { phase"), "{problems:?}");
}
