//! Measures over a window, delays, the twin; and how all of them stand in a file.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here is a failed test")]

use proptest::prelude::*;
use trocar_measure::*;
use trocar_signal::{Dimension, GroupSpec, Nanos, Time};

fn config(text: &str) -> MeasureConfig {
    toml::from_str(text).unwrap()
}

fn number() -> MeasureShape {
    MeasureShape::new(InputShape::Number(Dimension::FORCE))
}

fn gauge() -> ReadingUncertainty {
    ReadingUncertainty {
        expanded: 0.4,
        k: 2.0,
        registration_u: 0.05,
        noise_sd: 0.1,
        resolution: 0.12,
        ..ReadingUncertainty::default()
    }
}

fn run(kind: &str, values: &[f64], shape: &MeasureShape) -> Result<FigureRow, NoFigure> {
    let config = config(&format!("kind = '{kind}'\nof = 'gauge.force'"));
    let mut measure = Measure::new(&config, shape).unwrap();
    for (i, x) in values.iter().enumerate() {
        measure.sample(Time(i as u64), SampleLabel::default(), Reading::Values(&[*x])).unwrap();
    }
    measure.finish().map(|mut rows| rows.remove(0))
}

#[test]
fn statistics_of_a_window() {
    let values = [1.0, -5.0, 3.0, 4.0, -5.0, 2.0];
    for (kind, value, at) in [
        ("peak", 5.0, Some(Time(1))),
        ("maximum", 4.0, Some(Time(3))),
        ("minimum", -5.0, Some(Time(1))),
        ("mean", 0.0, None),
        ("final", 2.0, Some(Time(5))),
        ("range", 9.0, None),
    ] {
        let row = run(kind, &values, &number()).unwrap();
        assert!((row.value - value).abs() < 1e-15, "{kind}: {}", row.value);
        assert_eq!((row.at, row.n, row.dimension), (at, 6, Dimension::FORCE), "{kind}");
        assert!(row.components.is_empty(), "{kind}: nothing is known of what reads it");
        assert_eq!(run(kind, &[], &number()), Err(NoFigure::NoReading));
    }
}

/// Seven steps, at four of which the condition holds: 4/7, the first step left out 3/6, the last alone not at all.
#[test]
fn shares_and_counts() {
    let of_condition = MeasureShape::new(InputShape::Number(Dimension::NUMBER)).cycles(&[], 2);
    let share = |keys: &str| {
        let config = config(&format!("of = 'arm.is_homed'\n{keys}"));
        let mut measure = Measure::new(&config, &of_condition).unwrap();
        assert_eq!(measure.finish(), Err(NoFigure::NoReading));
        for (i, holds) in [1.0, 1.0, 0.0, 1.0, 0.0, 1.0, 0.0].iter().enumerate() {
            let label = SampleLabel { cycle: u32::from(i > 0), visit: 0 };
            measure.sample(Time(i as u64), label, Reading::Values(&[*holds])).unwrap();
        }
        let row = measure.finish().unwrap().remove(0);
        assert_eq!(row.dimension, Dimension::NUMBER);
        (row.value, row.n)
    };
    for kind in ["share", "validity"] {
        assert_eq!(share(&format!("kind = '{kind}'")), (4.0 / 7.0, 7));
        assert_eq!(share(&format!("kind = '{kind}'\nwindow = {{ phase = 'hold', skip = 1 }}")), (0.5, 6));
        assert_eq!(share(&format!("kind = '{kind}'\nwindow = {{ phase = 'hold', at = 'end' }}")), (0.0, 1));
    }
    let config = config("kind = 'count'\nof = 'arm.error_event'\nwindow = { phase = 'hold', skip = 1 }");
    let mut count = Measure::new(&config, &MeasureShape::new(InputShape::Event).cycles(&[], 2)).unwrap();
    assert_eq!(count.finish().unwrap()[0].value, 0.0, "nothing came: that is a figure");
    for cycle in [0, 0, 1, 1, 1] {
        let label = SampleLabel { cycle, visit: 0 };
        count.sample(Time(5), label, Reading::Values(&[])).unwrap();
    }
    assert_eq!(count.finish().unwrap()[0].value, 3.0, "the first repeat does not count");
    let told = Measure::new(&config, &number().cycles(&[], 2)).unwrap_err();
    assert_eq!(told[0].key, "of", "a force is no event: {told:?}");
}

#[test]
fn what_an_instrument_brings_to_each() {
    use ComponentName::*;
    let shape = number().read_by(Instrument::Reading(gauge()));
    let values = [1.0, -5.0, 3.0, 4.0];
    // Rounding to 0.12: 0.12/√12.
    let rounding = 0.12 / f64::sqrt(12.0);
    for (kind, common, noise, resolution) in [
        ("peak", true, 0.1, rounding),
        ("minimum", true, 0.1, rounding),
        ("final", true, 0.1, rounding),
        ("mean", true, 0.05, rounding),
        ("range", false, 0.1 * f64::sqrt(2.0), rounding * f64::sqrt(2.0)),
    ] {
        let row = run(kind, &values, &shape).unwrap();
        let u = |name| row.components.iter().find(|c| c.name == name).map(|c| c.standard_u);
        assert_eq!(u(Calibration), common.then_some(0.2), "{kind}");
        assert_eq!(u(Registration), common.then_some(0.05), "{kind}");
        assert!((u(InstrumentNoise).unwrap() - noise).abs() < 1e-15, "{kind}");
        assert!((u(Resolution).unwrap() - resolution).abs() < 1e-15, "{kind}");
        assert!(row.components.iter().all(|c| c.evaluation == EvaluationType::B));
    }
    // The quantile of 4/5 is 0.8416 (tables of the normal distribution).
    assert!((run("maximum", &values, &shape).unwrap().noise_bias - 0.08416).abs() < 5e-6);
    assert!((run("minimum", &values, &shape).unwrap().noise_bias + 0.08416).abs() < 5e-6);
    assert_eq!(run("final", &values, &shape).unwrap().noise_bias, 0.0);
    assert_eq!(run("peak", &[0.01, 0.0], &shape).unwrap().noise_bias, 0.01, "no more than there is");
}

#[test]
fn the_mean_of_repeats_has_a_scatter() {
    let config = config("kind = 'mean'\nof = 'g'\nwindow = { phase = 'hold', at = 'dwell_end', skip = 1 }");
    let shape = number().cycles(&["P1"], 4).read_by(Instrument::Reading(gauge()));
    let mut measure = Measure::new(&config, &shape).unwrap();
    for (cycle, x) in [(0, 99.0), (1, 1.0), (2, 2.0), (3, 3.0)] {
        measure.sample(Time(0), SampleLabel { cycle, visit: 0 }, Reading::Values(&[x])).unwrap();
    }
    let row = measure.finish().unwrap().remove(0);
    assert_eq!((row.value, row.n), (2.0, 3));
    let sampling = row.components[0];
    assert_eq!((sampling.name, sampling.degrees_of_freedom), (ComponentName::Sampling, Some(2.0)));
    assert!((sampling.standard_u - 1.0 / f64::sqrt(3.0)).abs() < 1e-15);
    assert!(row.components.iter().all(|c| c.name != ComponentName::InstrumentNoise), "it is in the scatter");
}

fn delay(statistic: &str, recorder: RecorderUncertainty, step: Nanos) -> Measure {
    let text = format!("kind = 'delay'\nfrom = 'recorder.a'\nto = 'recorder.b'\nstatistic = '{statistic}'");
    let shape = MeasureShape::new(InputShape::Event)
        .against(InputShape::Event)
        .read_by(Instrument::Recorder(recorder))
        .stepped(step);
    Measure::new(&config(&text), &shape).unwrap()
}

fn events(measure: &mut Measure, list: &[(u64, Reading<'_>)]) {
    for (ms, reading) in list {
        measure.sample(Time(ms * 1_000_000), SampleLabel::default(), *reading).unwrap();
    }
}

const THREE: [(u64, Reading<'_>); 8] = [
    // An answer to nothing, and a second answer, are not counted.
    (5, Reading::To),
    (10, Reading::From),
    (20, Reading::To),
    (21, Reading::To),
    (110, Reading::From),
    (130, Reading::To),
    (210, Reading::From),
    (240, Reading::To),
];

#[test]
fn delays_by_hand() {
    let recorder =
        RecorderUncertainty { resolution_s: 1e-3, clock_rate_error: 1e-3, threshold_noise_s: 2e-4 };
    for (statistic, value, at, bias) in [
        ("mean", 20e-3, None, 0.0),
        // The quantile of 3/4 is 0.67449.
        ("max", 30e-3, Some(Time(210_000_000)), 0.674_49),
        ("min", 10e-3, Some(Time(10_000_000)), -0.674_49),
    ] {
        let mut measure = delay(statistic, recorder, Nanos(500_000));
        events(&mut measure, &THREE);
        let row = measure.finish().unwrap().remove(0);
        assert!((row.value - value).abs() < 1e-17, "{statistic}");
        assert_eq!((row.at, row.n, row.dimension), (at, 3, Dimension::TIME));
        let u = |name| row.components.iter().find(|c| c.name == name).map_or(0.0, |c| c.standard_u);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-15;
        assert!(near(u(ComponentName::ClockResolution), 1e-3 / f64::sqrt(6.0)), "two ends of 1 ms/√12");
        assert!(near(u(ComponentName::Step), 0.5e-3 / f64::sqrt(6.0)));
        assert!(near(u(ComponentName::ClockRate), value * 1e-3 / f64::sqrt(3.0)));
        let noise = 2e-4 * f64::sqrt(2.0);
        let (scatter, single) =
            if statistic == "mean" { (10e-3 / f64::sqrt(3.0), 0.0) } else { (0.0, noise) };
        assert!(near(u(ComponentName::Sampling), scatter), "{statistic}");
        assert!(near(u(ComponentName::ThresholdNoise), single), "{statistic}");
        assert!((row.noise_bias - bias * noise).abs() < 1e-8);
    }
}

#[test]
fn an_unanswered_event_is_no_figure() {
    let new = || delay("mean", RecorderUncertainty::default(), Nanos::ZERO);
    assert_eq!(new().finish(), Err(NoFigure::NoEvent));
    let mut open = new();
    events(&mut open, &THREE);
    events(&mut open, &[(310, Reading::From)]);
    assert_eq!(open.finish(), Err(NoFigure::Unanswered { unanswered: 1, events: 4 }));
    let mut overtaken = new();
    events(&mut overtaken, &[(1, Reading::From), (2, Reading::From), (3, Reading::To)]);
    assert_eq!(overtaken.finish(), Err(NoFigure::Unanswered { unanswered: 1, events: 2 }));

    let mut once = new();
    events(&mut once, &[(1, Reading::From), (1, Reading::To)]);
    let row = once.finish().unwrap().remove(0);
    assert_eq!((row.value, row.note), (0.0, Some(Note::Once)));
    let mut equal = new();
    events(&mut equal, &[(1, Reading::From), (3, Reading::To), (11, Reading::From), (13, Reading::To)]);
    assert_eq!(equal.finish().unwrap()[0].note, Some(Note::AllEqual));

    let mut backwards = new();
    events(&mut backwards, &[(2, Reading::From)]);
    let result = backwards.sample(Time(1), SampleLabel::default(), Reading::To);
    assert_eq!(result, Err(SampleError::Backwards));
}

#[test]
fn skipped_repeats_of_a_delay_do_not_count() {
    let text = "kind = 'delay'\nfrom = 'a'\nto = 'b'\nwindow = { phase = 'steps', skip = 1 }";
    let shape = MeasureShape::new(InputShape::Event).against(InputShape::Event).cycles(&[], 3);
    let mut measure = Measure::new(&config(text), &shape).unwrap();
    for (cycle, wait) in [(0, 900), (1, 10), (2, 20)] {
        let label = SampleLabel { cycle, visit: 0 };
        let start = u64::from(cycle) * 1000;
        measure.sample(Time(start), label, Reading::From).unwrap();
        measure.sample(Time(start + wait), label, Reading::To).unwrap();
    }
    let row = measure.finish().unwrap().remove(0);
    assert!((row.value - 15e-9).abs() < 1e-22, "{}", row.value);
}

#[test]
fn deviation_from_the_twin() {
    let config = config("kind = 'deviation_from_twin'\nof = 'psm1.measured_cp'");
    let pose = GroupSpec::pose("psm1.measured_cp", "psm1.base", "psm1.tool_tip");
    let mut measure = Measure::new(&config, &MeasureShape::new(InputShape::of_group(&pose))).unwrap();
    let twin = [0.1, 0.2, 0.3, 0.0, 0.0, 0.0, 1.0];
    let pair = |dx: f64, dy: f64| [0.1 + dx, 0.2 + dy, 0.3, 1.0, 0.0, 0.0, 0.0];
    for (ms, dx, dy) in [(1, 0.0, 0.0), (2, 3e-3, -4e-3), (3, 1e-3, 0.0)] {
        let reading = Reading::Pair { values: &pair(dx, dy), reference: &twin };
        measure.sample(Time(ms), SampleLabel::default(), reading).unwrap();
    }
    let row = measure.finish().unwrap().remove(0);
    assert!((row.value - 5e-3).abs() < 1e-16, "orientation does not count");
    assert_eq!((row.at, row.n, row.dimension), (Some(Time(2)), 3, Dimension::LENGTH));

    let joints = GroupSpec::joint_positions("j", [("a", Dimension::ANGLE), ("b", Dimension::ANGLE)]);
    let mut measure = Measure::new(&config, &MeasureShape::new(InputShape::of_group(&joints))).unwrap();
    let reading = Reading::Pair { values: &[0.5, -1.0], reference: &[0.0, 1.0] };
    measure.sample(Time(7), SampleLabel::default(), reading).unwrap();
    let row = measure.finish().unwrap().remove(0);
    assert_eq!((row.value, row.dimension), (2.0, Dimension::ANGLE));
    let short = Reading::Pair { values: &[0.5, -1.0], reference: &[0.0] };
    let refused = measure.sample(Time(8), SampleLabel::default(), short);
    assert_eq!(refused, Err(SampleError::TooFew { have: 1, need: 2 }));

    let mixed = [("a", Dimension::ANGLE), ("b", Dimension::LENGTH)];
    let shape = MeasureShape::new(InputShape::of_group(&GroupSpec::joint_positions("j", mixed)));
    assert_eq!(Measure::new(&config, &shape).unwrap_err()[0].key, "of");
}

#[test]
fn what_does_not_fit_is_named_with_its_key() {
    let keys = |text: &str, shape: &MeasureShape| -> Vec<String> {
        Measure::new(&config(text), shape).unwrap_err().into_iter().map(|p| p.key).collect()
    };
    let events = MeasureShape::new(InputShape::Event).against(InputShape::Event);
    assert_eq!(keys("kind = 'peak'\nof = 'g'", &events), ["of"]);
    assert_eq!(keys("kind = 'delay'\nfrom = 'a'\nto = 'b'", &number()), ["from"]);
    assert_eq!(keys("kind = 'delay'\nfrom = 'a'\nto = 'a'", &events), ["to"]);
    let dwell = "kind = 'delay'\nfrom = 'a'\nto = 'b'\nwindow = { at = 'dwell_end', skip = 1 }";
    assert_eq!(keys(dwell, &events), ["window.at", "window.skip"]);
    let throughout = "kind = 'pose_repeatability'\nof = ''";
    let shape = number().cycles(&["P1"], 30);
    assert_eq!(keys(throughout, &shape), ["of", "window.at", "of"], "empty, read throughout, a number");
    let recorder = number().read_by(Instrument::Recorder(RecorderUncertainty::default()));
    assert_eq!(keys("kind = 'peak'\nof = 'g'", &recorder), ["of"]);
    let negative = ReadingUncertainty { noise_sd: -1.0, k: 0.0, ..gauge() };
    let shape = number().read_by(Instrument::Reading(negative));
    assert_eq!(keys("kind = 'peak'\nof = 'g'", &shape), ["noise", "k"]);
}

#[test]
fn measures_in_a_file() {
    let text = "kind = 'pose_repeatability'\nof = 'tracker.tool_tip'\n\
        window = { phase = 'cycles', at = 'dwell_end', skip = 1 }";
    let read = config(text);
    let window =
        Window { phase: Some("cycles".into()), at: WindowAt::DwellEnd, skip: 1, ..Window::default() };
    assert_eq!(read, MeasureConfig::PoseRepeatability { of: "tracker.tool_tip".into(), window });
    assert_eq!(read.kind(), "pose_repeatability");
    assert!(read.problems().is_empty());
    let json = serde_json::to_string(&read).unwrap();
    assert_eq!(serde_json::from_str::<MeasureConfig>(&json).unwrap(), read);
    for bad in ["kind = 'peak'\nof = 'g'\nwindw = {}", "kind = 'peek'\nof = 'g'", "kind = 'peak'"] {
        assert!(toml::from_str::<MeasureConfig>(bad).is_err(), "{bad}");
    }
    // The schema knows every kind, with its keys and no others.
    let schema = serde_json::to_value(schemars::schema_for!(MeasureConfig)).unwrap();
    let kinds = schema["oneOf"].as_array().unwrap();
    assert!(kinds.len() >= 21);
    for kind in kinds {
        assert_eq!(kind["additionalProperties"], false);
        assert!(kind["description"].is_string() && kind["properties"]["kind"]["const"].is_string());
    }
}

proptest! {
    /// A figure with its components survives being stored as text, infinite degrees of freedom included.
    #[test]
    fn rows_survive_json(values in prop::collection::vec(-10.0..10.0_f64, 2..10)) {
        let row = run("mean", &values, &number().read_by(Instrument::Reading(gauge()))).unwrap();
        let text = serde_json::to_string(&row).unwrap();
        prop_assert_eq!(&serde_json::from_str::<FigureRow>(&text).unwrap(), &row);
        let figure = row.figure(Coverage::OF_K_2);
        let text = serde_json::to_string(&figure).unwrap();
        prop_assert_eq!(serde_json::from_str::<Figure>(&text).unwrap(), figure);
    }
}
