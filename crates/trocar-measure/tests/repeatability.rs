//! Position repeatability and accuracy: known answers, and simulation for what is said of their uncertainty.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here is a failed test")]

use proptest::prelude::*;
use trocar_math::random::Stream;
use trocar_measure::noise::{maxwell_mean, maxwell_sd, repeatability_of_noise};
use trocar_measure::*;
use trocar_signal::{Dimension, Time};

fn dwell_end(skip: u32) -> Window {
    Window { phase: Some("cycles".into()), at: WindowAt::DwellEnd, skip, ..Window::default() }
}

fn position() -> InputShape {
    InputShape::Position { frame: Some("psm1.base".into()), point: Some("psm1.tool_tip".into()) }
}

fn repeatability(poses: &[&str], repeats: u32, skip: u32, instrument: Instrument) -> Measure {
    let config = MeasureConfig::PoseRepeatability { of: "tracker.tool_tip".into(), window: dwell_end(skip) };
    Measure::new(&config, &MeasureShape::new(position()).cycles(poses, repeats).read_by(instrument)).unwrap()
}

fn tracker(noise_sd: f64) -> Instrument {
    Instrument::Reading(ReadingUncertainty { noise_sd, ..ReadingUncertainty::default() })
}

/// Gives a measure one reading per cycle at pose 0.
fn feed(measure: &mut Measure, positions_m: &[[f64; 3]]) {
    for (cycle, position_m) in positions_m.iter().enumerate() {
        let label = SampleLabel { cycle: cycle as u32, visit: 0 };
        measure.sample(Time(cycle as u64), label, Reading::Values(position_m)).unwrap();
    }
}

/// RP_l as the standard writes it, in two plain passes.
fn by_the_book(positions_m: &[[f64; 3]]) -> f64 {
    let n = positions_m.len() as f64;
    let mean = [0, 1, 2].map(|axis| positions_m.iter().map(|p| p[axis]).sum::<f64>() / n);
    let l: Vec<f64> = positions_m
        .iter()
        .map(|p| (0..3).map(|axis| (p[axis] - mean[axis]) * (p[axis] - mean[axis])).sum::<f64>().sqrt())
        .collect();
    let mean_l = l.iter().sum::<f64>() / n;
    mean_l + 3.0 * (l.iter().map(|x| (x - mean_l) * (x - mean_l)).sum::<f64>() / (n - 1.0)).sqrt()
}

/// Positions (m) scattered normally with these standard deviations about a pose.
fn scattered(stream: &Stream, test: u64, n: u64, sd_m: [f64; 3]) -> Vec<[f64; 3]> {
    let pose_m = [0.02, -0.03, -0.12];
    let lanes = [0_u32, 1, 2];
    (0..n)
        .map(|i| {
            let draw = |lane: u32| stream.at(test << 20 | i, lane).normal();
            let [x, y, z] = lanes.map(draw);
            [pose_m[0] + sd_m[0] * x, pose_m[1] + sd_m[1] * y, pose_m[2] + sd_m[2] * z]
        })
        .collect()
}

/// Four positions on a cross about (20, −30, −120) mm: distances 30, 30, 10, 10 µm; mean 20 µm, S = 20/√3 µm, so
/// RP = 20 + 20 √3 = 54.64 µm.
#[test]
fn a_cross_by_hand() {
    let um = 1e-6;
    let at = |dx: f64, dy: f64| [0.02 + dx * um, -0.03 + dy * um, -0.12];
    let cross = [at(30.0, 0.0), at(-30.0, 0.0), at(0.0, 10.0), at(0.0, -10.0)];
    let mut measure = repeatability(&["P1"], 4, 0, Instrument::None);
    feed(&mut measure, &cross);
    let row = measure.finish().unwrap().remove(0);
    let expected = (20.0 + 20.0 * f64::sqrt(3.0)) * um;
    // Positions near 0.1 m are rounded to 1e-17.
    assert!((row.value - expected).abs() < 1e-16, "{}", row.value);
    assert_eq!((row.label.as_str(), row.n, row.dimension), ("P1", 4, Dimension::LENGTH));
    assert_eq!((row.instrument_alone, row.noise_bias, row.note), (None, 0.0, None));
}

proptest! {
    /// Readings of several poses, interleaved as a run gives them, with a warm-up cycle and a restart from a saved
    /// copy in the middle, give what the book gives on each pose's list.
    #[test]
    fn one_at_a_time_agrees_with_the_whole(
        readings in prop::collection::vec(prop::array::uniform3(-1e-3..1e-3_f64), 3 * 5..3 * 20),
        save_at in 0_usize..15,
    ) {
        let cycles = readings.len() / 3;
        let poses = ["P1", "P2", "P3"];
        let mut measure = repeatability(&poses, cycles as u32, 1, Instrument::None);
        for (i, reading) in readings[..cycles * 3].iter().enumerate() {
            if i == save_at {
                let saved = postcard::to_allocvec(&measure).unwrap();
                measure = postcard::from_bytes(&saved).unwrap();
            }
            let label = SampleLabel { cycle: (i / 3) as u32, visit: (i % 3) as u32 };
            measure.sample(Time(i as u64), label, Reading::Values(reading)).unwrap();
        }
        for (pose, row) in measure.finish().unwrap().iter().enumerate() {
            let own: Vec<[f64; 3]> = (1..cycles).map(|cycle| readings[cycle * 3 + pose]).collect();
            let expected = by_the_book(&own);
            prop_assert_eq!(&row.label, poses[pose]);
            // Rounding of 1e-3 in a sum of at most 20.
            prop_assert!((row.value - expected).abs() < 1e-17 * 100.0, "{} {}", row.value, expected);
        }
    }

    /// Where the device stands does not matter, nor in which order the cycles come.
    #[test]
    fn repeatability_is_relative(
        readings in prop::collection::vec(prop::array::uniform3(-1e-3..1e-3_f64), 5..20),
        shift in prop::array::uniform3(-0.3..0.3_f64),
    ) {
        let rp = |positions: &[[f64; 3]]| {
            let mut measure = repeatability(&["P1"], positions.len() as u32, 0, tracker(1e-6));
            feed(&mut measure, positions);
            measure.finish().unwrap().remove(0)
        };
        let there: Vec<[f64; 3]> =
            readings.iter().rev().map(|p| [p[0] + shift[0], p[1] + shift[1], p[2] + shift[2]]).collect();
        let (here, there) = (rp(&readings), rp(&there));
        // A position near 0.3 m is rounded to 6e-17.
        prop_assert!((here.value - there.value).abs() < 1e-14);
        prop_assert!((here.components[0].standard_u - there.components[0].standard_u).abs() < 1e-12);
    }
}

#[test]
fn equal_cycles_are_no_repeatability() {
    let mut measure = repeatability(&["P1"], 31, 1, tracker(0.0));
    let mut positions = vec![[0.1, 0.2, 0.3]; 31];
    positions[0] = [0.0; 3];
    feed(&mut measure, &positions);
    let none = measure.finish().unwrap_err();
    assert_eq!(none, NoFigure::AllEqual { cycles: 30 }, "the warm-up does not count");
    assert!(none.to_string().contains("equal to the bit"));

    // One pose of two: a figure, and it says so.
    let mut measure = repeatability(&["P1", "P2"], 3, 0, tracker(0.0));
    for cycle in 0..3 {
        for pose in 0..2 {
            let x = 0.1 + f64::from(cycle * pose) * 1e-6;
            let label = SampleLabel { cycle, visit: pose };
            measure.sample(Time::ZERO, label, Reading::Values(&[x, 0.0, 0.0])).unwrap();
        }
    }
    let rows = measure.finish().unwrap();
    assert_eq!((rows[0].value, rows[0].note), (0.0, Some(Note::AllEqual)));
    assert_eq!(rows[1].note, None);
}

#[test]
fn what_is_missing_or_too_much_is_named() {
    let config = MeasureConfig::PoseRepeatability { of: "t".into(), window: dwell_end(1) };
    let problems = Measure::new(&config, &MeasureShape::new(position()).cycles(&["P1"], 3)).unwrap_err();
    assert_eq!(problems[0].key, "window.skip", "two cycles are too few");

    let mut measure = repeatability(&["P1", "P2"], 4, 1, Instrument::None);
    assert_eq!(measure.finish(), Err(NoFigure::NoReading));
    let read = |measure: &mut Measure, cycle, pose, values: &[f64]| {
        measure.sample(Time::ZERO, SampleLabel { cycle, visit: pose }, Reading::Values(values))
    };
    for cycle in 0..4 {
        read(&mut measure, cycle, 0, &[f64::from(cycle), 0.0, 0.0]).unwrap();
    }
    read(&mut measure, 1, 1, &[0.0; 7]).unwrap();
    let incomplete = NoFigure::Incomplete { pose: "P2".into(), have: 1, declared: 3 };
    assert_eq!(measure.finish(), Err(incomplete));
    let before = measure.clone();
    let too_many = read(&mut measure, 3, 0, &[0.0; 3]);
    assert_eq!(too_many, Err(SampleError::TooMany { pose: "P1".into(), declared: 3 }));
    assert_eq!(read(&mut measure, 3, 2, &[0.0; 3]), Err(SampleError::Pose { pose: 2, declared: 2 }));
    assert_eq!(read(&mut measure, 3, 1, &[0.0; 2]), Err(SampleError::TooFew { have: 2, need: 3 }));
    assert_eq!(read(&mut measure, 3, 1, &[0.0, f64::NAN, 0.0]), Err(SampleError::NotFinite));
    let pair = Reading::Pair { values: &[0.0; 3], reference: &[0.0; 3] };
    assert!(matches!(
        measure.sample(Time::ZERO, SampleLabel { cycle: 3, visit: 1 }, pair),
        Err(SampleError::Form { .. })
    ));
    assert_eq!(measure, before, "a refused reading leaves no trace");
}

/// What noise alone gives: simulated, for few and for many cycles.
#[test]
fn noise_alone() {
    // √(8/π) = 1.59577 and √(3 − 8/π) = 0.67344 (Maxwell's distribution): 3.6161 in all.
    assert!((maxwell_mean() + 3.0 * maxwell_sd() - 3.6161).abs() < 5e-5);
    assert!((repeatability_of_noise(1.0, 10_000_000) - 3.6161).abs() < 5e-5);
    assert_eq!(repeatability_of_noise(1.0, 2), 0.0);
    let stream = Stream::new(1, 0, "noise_alone");
    let tests = 4000;
    for n in [3_u64, 4, 5, 10, 30, 100] {
        let (mut sum, mut squares) = (0.0, 0.0);
        for test in 0..tests {
            let rp = by_the_book(&scattered(&stream, test + n * tests, n, [1e-3; 3])) / 1e-3;
            sum += rp;
            squares += rp * rp;
        }
        let mean = sum / tests as f64;
        let error = ((squares / tests as f64 - mean * mean) / tests as f64).sqrt();
        let expected = repeatability_of_noise(1.0, n);
        // Second order for few cycles (2 %), and four standard errors of the simulation.
        let allowed = 4.0 * error + if n < 10 { 0.02 * expected } else { 0.003 * expected };
        assert!((mean - expected).abs() < allowed, "{n}: {mean} ± {error}, expected {expected}");
    }
}

/// The tracker of the shipped method: 8 µm on each axis, 30 cycles.
#[test]
fn the_instrument_alone_stands_beside_the_figure() {
    let stream = Stream::new(5, 0, "still");
    let readings = scattered(&stream, 0, 30, [8e-6; 3]);
    let mut measure = repeatability(&["P1"], 30, 0, tracker(8e-6));
    feed(&mut measure, &readings);
    let row = measure.finish().unwrap().remove(0);
    let alone = row.instrument_alone.unwrap();
    assert_eq!(
        FigureFormat::new(alone, 1e-6, Dimension::LENGTH).value_and_u(alone, 1e-6),
        "0.0283 ± 0.0010 mm"
    );
    // A device that stands still: noise may explain nearly all.
    assert!(row.noise_bias > 0.5 * row.value && row.noise_bias <= row.value);

    // Registration and calibration move accuracy, not repeatability.
    let standing = ReadingUncertainty {
        expanded: 1e-3,
        registration_u: 1e-3,
        noise_sd: 8e-6,
        ..ReadingUncertainty::default()
    };
    let mut measure = repeatability(&["P1"], 30, 0, Instrument::Reading(standing));
    feed(&mut measure, &readings);
    assert_eq!(measure.finish().unwrap()[0].components, row.components);

    // A resolution coarser than the scatter hides as much as a scatter of its own size would show.
    let coarse = ReadingUncertainty { resolution: 1e-3, ..ReadingUncertainty::default() };
    let mut measure = repeatability(&["P1"], 30, 0, Instrument::Reading(coarse));
    feed(&mut measure, &readings);
    let rows = measure.finish().unwrap();
    let hidden = rows[0].components.iter().find(|c| c.name == ComponentName::Resolution).unwrap();
    let expected = repeatability_of_noise(1e-3 / f64::sqrt(12.0), 30);
    assert!((hidden.standard_u - expected).abs() < 1e-12);
}

/// How often value ± U holds the RP of very many cycles, in tests of 30 cycles.
#[test]
fn stated_coverage_of_repeatability() {
    let stream = Stream::new(11, 0, "coverage");
    // In all directions, along one, and between. Of very many cycles 3.6161 and √(2/π) + 3 √(1 − 2/π) = 2.6063.
    for (sd, known) in [([1.0; 3], Some(3.6161)), ([1.0, 0.0, 0.0], Some(2.6063)), ([1.0, 0.5, 0.2], None)] {
        // With 400 000 cycles RP is known to 0.003.
        let many = scattered(&Stream::new(12, 0, "many cycles"), 0, 400_000, sd.map(|x| x * 1e-3));
        let many_cycles = by_the_book(&many) / 1e-3;
        assert!(known.is_none_or(|known: f64| (many_cycles - known).abs() < 0.012), "{many_cycles}");
        let tests = 1500;
        let (mut held, mut low, mut sum_u) = (0, 0, 0.0);
        let (mut sum, mut squares) = (0.0, 0.0);
        for test in 0..tests {
            let positions = scattered(&stream, test, 30, sd.map(|x| x * 1e-3));
            let mut measure = repeatability(&["P1"], 30, 0, Instrument::None);
            feed(&mut measure, &positions);
            let figure = measure.finish().unwrap()[0].figure(Coverage::default());
            let (value, u) = (figure.value / 1e-3, figure.expanded_u / 1e-3);
            held += u64::from((value - many_cycles).abs() <= u);
            low += u64::from(value + u < many_cycles);
            sum_u += u / 2.0;
            sum += value;
            squares += value * value;
        }
        let n = tests as f64;
        let (held, low) = (held as f64 / n, low as f64 / n);
        let (mean_u, sd) = (sum_u / n, (squares / n - (sum / n) * (sum / n)).sqrt());
        println!("sd {sd:.3}, mean u {mean_u:.3}, held {held:.3}, too low {low:.3}");
        // Four standard errors of a share near 0.9 in 1500 tests are 3 %.
        assert!((0.87..0.97).contains(&held), "held {held}");
        assert!(low < 0.13, "too low {low}");
        // u is the upper side, which is wider than the standard deviation, and not by much.
        assert!(mean_u > 0.95 * sd && mean_u < 1.35 * sd, "{mean_u} {sd}");
    }
}

fn accuracy(repeats: u32, instrument: Instrument) -> Measure {
    let config = MeasureConfig::PoseAccuracy {
        of: "tracker.tool_tip".into(),
        commanded: "psm1.setpoint_cp".into(),
        window: dwell_end(0),
    };
    let shape =
        MeasureShape::new(position()).against(position()).cycles(&["P1"], repeats).read_by(instrument);
    Measure::new(&config, &shape).unwrap()
}

fn feed_pairs(measure: &mut Measure, positions_m: &[[f64; 3]], commanded_m: &[f64; 7]) {
    for (cycle, position_m) in positions_m.iter().enumerate() {
        let reading = Reading::Pair { values: position_m, reference: commanded_m };
        measure.sample(Time(0), SampleLabel { cycle: cycle as u32, visit: 0 }, reading).unwrap();
    }
}

/// Offsets (3±1, 4, 0) µm: their mean has length 5, its direction (0.6, 0.8, 0); scatter along it is 0.6 of ±1 µm, so
/// that u = 0.6 √2 / √2 µm.
#[test]
fn accuracy_by_hand() {
    let um = 1e-6;
    let perfect = ReadingUncertainty::default();
    let standing = ReadingUncertainty { expanded: 4e-6, registration_u: 1.5e-6, noise_sd: 1e-6, ..perfect };
    let mut measure = accuracy(2, Instrument::Reading(standing));
    let commanded = [0.01, 0.02, -0.1, 0.0, 0.0, 0.0, 1.0];
    let at = |dx: f64| [0.01 + dx * um, 0.02 + 4.0 * um, -0.1];
    feed_pairs(&mut measure, &[at(2.0), at(4.0)], &commanded);
    let row = measure.finish().unwrap().remove(0);
    assert!((row.value - 5e-6).abs() < 1e-16);
    let u = |name| row.components.iter().find(|c| c.name == name).map(|c| c.standard_u);
    assert!((u(ComponentName::Sampling).unwrap() - 0.6e-6).abs() < 1e-16);
    assert_eq!(u(ComponentName::Calibration), Some(2e-6));
    assert_eq!(u(ComponentName::Registration), Some(1.5e-6));
    assert_eq!(u(ComponentName::InstrumentNoise), None, "it is in the scatter");

    let mut once = accuracy(1, Instrument::Reading(standing));
    feed_pairs(&mut once, &[at(2.0)], &commanded);
    let row = once.finish().unwrap().remove(0);
    assert_eq!(row.note, Some(Note::Once));
    assert!(row.components.iter().any(|c| c.name == ComponentName::InstrumentNoise && c.standard_u == 1e-6));

    let mut equal = accuracy(3, Instrument::None);
    feed_pairs(&mut equal, &[at(2.0); 3], &commanded);
    assert_eq!(equal.finish().unwrap()[0].note, Some(Note::AllEqual));
}

/// Ten readings about an offset much longer than their scatter: the interval with k from Student's t at 95 % holds the
/// offset in 95 % of tests.
#[test]
fn stated_coverage_of_accuracy() {
    let stream = Stream::new(3, 0, "accuracy");
    let commanded = [0.019, -0.03, -0.12, 0.0, 0.0, 0.0, 1.0];
    let tests = 4000;
    let mut held = 0;
    for test in 0..tests {
        let mut measure = accuracy(10, Instrument::None);
        feed_pairs(&mut measure, &scattered(&stream, test, 10, [2e-5, 1e-5, 3e-5]), &commanded);
        let figure = measure.finish().unwrap()[0].figure(Coverage::Probability(0.95));
        held += u64::from((figure.value - 1e-3).abs() <= figure.expanded_u);
    }
    let held = held as f64 / tests as f64;
    // Four standard errors of the share: 1.4 %.
    assert!((held - 0.95).abs() < 0.014, "{held}");
}

#[test]
fn positions_in_two_frames_are_refused() {
    let config = MeasureConfig::PoseAccuracy {
        of: "tracker.tool_tip".into(),
        commanded: "psm1.setpoint_cp".into(),
        window: dwell_end(0),
    };
    let other = InputShape::Position { frame: Some("world".into()), point: Some("psm1.tool_tip".into()) };
    let shape = MeasureShape::new(position()).against(other).cycles(&["P1"], 30);
    let problems = Measure::new(&config, &shape).unwrap_err();
    assert_eq!(problems[0].key, "commanded");
    assert!(problems[0].what.contains("`world`") && problems[0].what.contains("`psm1.base`"));
}
