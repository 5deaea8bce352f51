//! Measures of joints: tracking error and repeatability, on truths whose figures are known.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_math::random::Stream;
use trocar_math::sin;
use trocar_measure::{
    ComponentName, Coverage, InputShape, Instrument, Measure, MeasureConfig, MeasureShape, NoFigure, Reading,
    ReadingUncertainty, SampleLabel,
};
use trocar_signal::{Dimension, Time};

const DEG: f64 = std::f64::consts::PI / 180.0;

fn config(text: &str) -> MeasureConfig {
    toml::from_str(text).unwrap()
}

fn tracking(statistic: &str, repeats: u32, instrument: Instrument) -> Measure {
    let text =
        format!("kind = 'tracking_error'\nof = 'a.knee'\ncommanded = 'b.knee'\nstatistic = '{statistic}'");
    let angle = || InputShape::Number(Dimension::ANGLE);
    let shape = MeasureShape::new(angle()).against(angle()).cycles(&[], repeats).read_by(instrument);
    Measure::new(&config(&text), &shape).unwrap()
}

/// A thousand readings of each of `repeats` strides of e = b + A sin(2 π t), with an error of each reading added.
fn feed(measure: &mut Measure, repeats: u32, (b, a): (f64, f64), error: impl Fn(u64) -> f64) {
    for k in 0..1000 * u64::from(repeats) {
        let turn = std::f64::consts::TAU * (k % 1000) as f64 / 1000.0;
        let commanded = 0.7 * sin(3.0 * turn);
        let of = commanded + b + a * sin(turn) + error(k);
        let label = SampleLabel { cycle: (k / 1000) as u32, visit: 0 };
        measure.sample(Time(k), label, Reading::Pair { values: &[of], reference: &[commanded] }).unwrap();
    }
}

/// e = b + A sin: root mean square √(b² + A²/2), largest b + A, mean b.
#[test]
fn tracking_by_hand() {
    let (b, a): (f64, f64) = (0.02, 0.05);
    let expected = [("rms", (b * b + 0.5 * a * a).sqrt()), ("largest", b + a), ("mean", b)];
    for (statistic, expected) in expected {
        let mut measure = tracking(statistic, 3, Instrument::None);
        feed(&mut measure, 3, (b, a), |_| 0.0);
        let row = measure.finish().unwrap().remove(0);
        // Sums of 3000 numbers near 0.05.
        assert!((row.value - expected).abs() < 1e-14, "{statistic}: {} {expected}", row.value);
        assert_eq!((row.dimension, row.n), (Dimension::ANGLE, 3000));
        assert_eq!(row.at.is_some(), statistic == "largest");
    }
    let mut skipped = tracking("rms", 3, Instrument::None);
    feed(&mut skipped, 3, (b, a), |k| if k < 1000 { 1.0 } else { 0.0 });
    let all = skipped.finish().unwrap().remove(0).value;
    assert!(all > 0.5, "{all}");
    assert_eq!(tracking("rms", 1, Instrument::None).finish().unwrap_err(), NoFigure::NoReading);
}

/// A stride that is off by another offset each time: the type A part is the scatter of the strides over the root of their number.
#[test]
fn strides_that_differ_say_how_well_their_mean_is_known() {
    let offsets = [0.010, 0.012, 0.014, 0.012];
    let mut measure = tracking("mean", 4, Instrument::None);
    feed(&mut measure, 4, (0.0, 0.05), |k| offsets[(k / 1000) as usize]);
    let row = measure.finish().unwrap().remove(0);
    let u = row.components.iter().find(|c| c.name == ComponentName::Sampling).map(|c| c.standard_u);
    // Variance of the four: 8/3 mrad².
    let expected = 1e-3 * (8.0_f64 / 3.0 / 4.0).sqrt();
    assert!((row.value - 0.012).abs() < 1e-14 && (u.unwrap() - expected).abs() < 1e-14, "{row:?}");
}

/// Over five hundred set-ups, with a goniometer whose zero and readings err by chance, value ± U holds the truth in at least nine
/// of ten: where the error is mostly an offset, where it is mostly a wave, and where there is hardly any.
#[test]
fn stated_uncertainty_covers_the_truth() {
    let (zero_sd, noise_sd) = (0.5 * DEG, 0.2 * DEG);
    let goniometer = Instrument::Reading(ReadingUncertainty {
        registration_u: zero_sd,
        noise_sd,
        ..ReadingUncertainty::default()
    });
    for (b, a) in [(3.0_f64 * DEG, 1.0 * DEG), (0.0, 4.0 * DEG), (-0.5 * DEG, 0.5 * DEG)] {
        for (statistic, truth) in
            [("rms", (b * b + 0.5 * a * a).sqrt()), ("largest", b.abs() + a), ("mean", b)]
        {
            let mut held = 0;
            let setups = 500;
            for setup in 0..setups {
                let stream = Stream::new(setup, 0, "goniometer");
                let zero = zero_sd * stream.at(0, 1 << 16).normal();
                let mut measure = tracking(statistic, 3, goniometer);
                feed(&mut measure, 3, (b, a), |k| zero + noise_sd * stream.at(k + 1, 0).normal());
                let row = measure.finish().unwrap().remove(0);
                let figure = row.figure(Coverage::default());
                // What noise raises a figure by is stated with it and only ever upwards.
                let low = figure.value - figure.expanded_u - row.noise_bias;
                held += u32::from((low..=figure.value + figure.expanded_u).contains(&truth));
            }
            let share = f64::from(held) / setups as f64;
            assert!(share >= 0.9, "{statistic} of {b} + {a} sin: {share}");
        }
    }
}

#[test]
fn what_cannot_be_subtracted_is_refused() {
    let text = "kind = 'tracking_error'\nof = 'a.knee'\ncommanded = 'b.slide'";
    let shape = MeasureShape::new(InputShape::Number(Dimension::ANGLE))
        .against(InputShape::Number(Dimension::LENGTH));
    let problems = Measure::new(&config(text), &shape).unwrap_err();
    assert!(problems[0].key == "commanded" && problems[0].what.contains("cannot be"), "{problems:?}");
    let same = "kind = 'tracking_error'\nof = 'a.knee'\ncommanded = 'a.knee'";
    let angle = || InputShape::Number(Dimension::ANGLE);
    let problems = Measure::new(&config(same), &MeasureShape::new(angle()).against(angle())).unwrap_err();
    assert!(problems[0].what.contains("cannot follow itself"), "{problems:?}");
}

/// A knee comes to 20.1, 20.0, 19.9 and 20.0 degrees: three standard deviations are 3 √(0.02/3) degrees.
#[test]
fn repeatability_of_a_joint_by_hand() {
    let angle = InputShape::Number(Dimension::ANGLE);
    let shape = MeasureShape::new(angle).cycles(&["bent", "straight"], 4);
    let text = "kind = 'joint_repeatability'\nof = 'gonio.knee'\nwindow = { at = 'dwell_end' }";
    let mut measure = Measure::new(&config(text), &shape).unwrap();
    for (cycle, at) in [20.1, 20.0, 19.9, 20.0].into_iter().enumerate() {
        for visit in 0..2 {
            let reading = if visit == 0 { at * DEG } else { 0.01 * DEG * cycle as f64 };
            let label = SampleLabel { cycle: cycle as u32, visit };
            measure.sample(Time(cycle as u64), label, Reading::Values(&[reading])).unwrap();
        }
    }
    let rows = measure.finish().unwrap();
    assert_eq!(rows.iter().map(|row| row.label.as_str()).collect::<Vec<_>>(), ["bent", "straight"]);
    let expected = 3.0 * f64::sqrt(0.02 / 3.0) * DEG;
    assert!((rows[0].value - expected).abs() < 1e-14, "{} {expected}", rows[0].value);
    assert_eq!(measure.dimension(), Dimension::ANGLE);
    let two = MeasureShape::new(InputShape::Number(Dimension::ANGLE)).cycles(&["bent"], 2);
    assert!(Measure::new(&config(text), &two).is_err(), "two do not scatter");
}

/// A knee that turns at 1 rad/s is told to stop at 0.5 s and slows down evenly over 0.2 s: it goes on by 0.1 rad, and stands when 1 mrad
/// is left, √(2 · 0.001/5) = 20 ms before the end.
#[test]
fn a_joint_that_stops_by_hand() {
    let measure = |text: &str| {
        let shape = MeasureShape::new(InputShape::Number(Dimension::ANGLE)).against(InputShape::Event);
        let text = format!("of = 'gonio.knee'\nfrom = 'recorder.stop'\n{text}");
        Measure::new(&config(&text), &shape)
    };
    let angle = |t: f64| match t {
        t if t < 0.5 => t,
        t if t < 0.7 => 0.5 + (t - 0.5) - 2.5 * (t - 0.5) * (t - 0.5),
        _ => 0.6,
    };
    let figure = |text: &str| {
        let mut measure = measure(text).unwrap();
        let label = SampleLabel { cycle: 0, visit: 0 };
        for k in 0..10_000_u64 {
            let at = Time(k * 100_000);
            if k == 5000 {
                measure.sample(at, label, Reading::From).unwrap();
            }
            measure.sample(at, label, Reading::Values(&[angle(at.seconds())])).unwrap();
        }
        measure.finish().unwrap().remove(0)
    };
    let far = figure("kind = 'stop_displacement'\nstatistic = 'max'");
    // Readings every 0.1 ms of a joint that has come to rest.
    assert!((far.value - 0.1).abs() < 1e-12 && far.dimension == Dimension::ANGLE, "{far:?}");
    let time = figure("kind = 'stop_time'\nat_rest = '1 mrad'");
    // The last instant from which it was still to go on by more than 1 mrad lies within one such way of the end.
    let slack_s = (2.0 * 2e-3 / 5.0_f64).sqrt();
    assert!(time.value > 0.2 - slack_s && time.value <= 0.2, "{time:?}");
    let problems = measure("kind = 'stop_time'\nat_rest = '1 mm'").unwrap_err();
    assert!(problems[0].key == "at_rest" && problems[0].what.contains("angle"), "{problems:?}");
}
