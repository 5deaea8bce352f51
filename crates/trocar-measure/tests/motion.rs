//! Settling, stops and the remote centre: known answers on synthetic motions.

#![expect(clippy::unwrap_used, reason = "helpers of tests: a failure here is a failed test")]

use trocar_math::random::Stream;
use trocar_measure::*;
use trocar_signal::{Nanos, Time};

const MM: f64 = 1e-3;

fn point() -> InputShape {
    InputShape::Position { frame: Some("arm.base".into()), point: Some("arm.tool_tip".into()) }
}

fn pose() -> InputShape {
    InputShape::Pose { frame: Some("arm.base".into()), point: Some("arm.shaft".into()) }
}

fn config(text: &str) -> MeasureConfig {
    toml::from_str(&format!("of = 'tracker.tip'\n{text}")).unwrap()
}

fn tracker(noise_sd: f64, angle_noise_sd: f64) -> Instrument {
    Instrument::Reading(ReadingUncertainty { noise_sd, angle_noise_sd, ..ReadingUncertainty::default() })
}

fn ms(t: f64) -> Time {
    Time((t * 1e6) as u64)
}

const WINDOW: &str = "window = { phase = 'moves' }";

/// x(t) = 10 mm (1 − e^(−t/τ) cos ωt) swings about 10 mm; readings every ms, from 1 s before the end on it stands.
fn swing(t_s: f64, tau_s: f64, omega: f64) -> f64 {
    10.0 * MM * (1.0 - trocar_math::exp(-t_s / tau_s) * trocar_math::cos(omega * t_s))
}

/// A critically placed oscillation: with τ = 50 ms and ω = 100 rad/s the distance from the end is 10 mm e^(−t/τ)
/// |cos ωt|. The first entry into ±1 mm, its last, and the peak between follow from the function itself, found here by
/// bisection on the continuous curve.
#[test]
fn an_oscillation_settles_when_its_envelope_says_so() {
    let (tau, omega, band) = (0.05, 100.0, MM);
    let off = |t: f64| (swing(t, tau, omega) - 10.0 * MM).abs();
    // The continuous curve, in steps of a microsecond.
    let curve: Vec<f64> = (0..500_000).map(|k| off(f64::from(k) * 1e-6)).collect();
    let entry = curve.iter().position(|d| *d <= band).unwrap();
    let last_outside = curve.iter().rposition(|d| *d > band).unwrap();
    let peak = curve[entry..].iter().copied().fold(0.0, trocar_math::max);
    for (kind, expected, within) in [
        // A straight line between readings 1 ms apart misses the curve by h²/8 of its bend: 10 mm × 1e4 × 1e-6/8 at most,
        // at a slope near 0.5 m/s.
        ("stabilisation_time", (last_outside - entry) as f64 * 1e-6, 60e-6),
        // The nearest reading is within half a millisecond of the peak, whose bend is the same.
        ("overshoot", peak, 10.0 * MM * 1e4 * 0.5e-3 * 0.5e-3 / 2.0),
    ] {
        let text = format!("kind = '{kind}'\nband = '1 mm'\nsettled = '0.2 s'\n{WINDOW}");
        let shape = MeasureShape::new(point()).cycles(&["P1"], 2).read_by(tracker(0.0, 0.0));
        let mut measure = Measure::new(&config(&text), &shape).unwrap();
        for cycle in 0..2_u32 {
            for k in 0..1500 {
                let t_s = f64::from(k) * MM;
                let at = ms(f64::from(cycle) * 2000.0 + f64::from(k));
                let reading = [swing(t_s, tau, omega), 0.02, -0.1];
                measure.sample(at, SampleLabel { cycle, visit: 0 }, Reading::Values(&reading)).unwrap();
            }
            let end = ms(f64::from(cycle) * 2000.0 + 1500.0);
            measure.sample(end, SampleLabel { cycle, visit: 0 }, Reading::DwellEnd).unwrap();
        }
        let row = measure.finish().unwrap().remove(0);
        assert!((row.value - expected).abs() < within, "{kind}: {} {expected}", row.value);
        assert_eq!((row.label.as_str(), row.n), ("P1", 2));
        assert_eq!(row.note, Some(Note::AllEqual));
    }
}

#[test]
fn what_never_leaves_the_band_does_not_settle_and_what_does_not_swing_needs_no_time() {
    let text = format!("kind = 'stabilisation_time'\nband = '1 mm'\n{WINDOW}");
    let shape = MeasureShape::new(point()).cycles(&["P1"], 1);
    let run = |from: f64| {
        let mut measure = Measure::new(&config(&text), &shape).unwrap();
        // More readings than are kept: 40 s.
        for k in 0..40_000 {
            let x = if k < 39_000 { from } else { 0.0 };
            measure
                .sample(ms(f64::from(k)), SampleLabel::default(), Reading::Values(&[x, 0.0, 0.0]))
                .unwrap();
        }
        measure.sample(ms(40_000.0), SampleLabel::default(), Reading::DwellEnd).unwrap();
        measure.finish()
    };
    assert_eq!(run(0.5 * MM), Err(NoFigure::NeverOutside { dwells: 1, inside: 1 }));
    assert_eq!(run(5.0 * MM).unwrap()[0].value, 0.0, "it comes straight in");
    for (bad, key) in [
        ("kind = 'overshoot'\nband = '0 mm'\nwindow = { phase = 'm' }", "band"),
        ("kind = 'overshoot'\nband = '1 mm'", ""),
        ("kind = 'overshoot'\nband = '1 mm'\nwindow = { phase = 'm', at = 'dwell_end' }", "window.at"),
    ] {
        let problems = Measure::new(&config(bad), &shape).unwrap_err();
        assert!(problems.iter().any(|p| p.key == key), "{problems:?}");
    }
}

/// At 100 mm/s the signal comes 0.4 ms after a reading; then the device brakes at 1 m/s²: 100 ms and 5 mm, and falls back
/// by 2 mm over the next 200 ms.
#[test]
fn a_stop_by_hand() {
    let signal_s = 0.5004;
    let x = |t: f64| {
        let s = t - signal_s;
        match s {
            s if s < 0.0 => 0.1 * s,
            s if s < 0.1 => 0.1 * s - 0.5 * s * s,
            s if s < 0.3 => 5.0 * MM - 10.0 * MM * (s - 0.1),
            _ => 3.0 * MM,
        }
    };
    let shape = MeasureShape::new(point())
        .against(InputShape::Event)
        .read_by(tracker(0.0, 0.0))
        .stepped(Nanos(333_333));
    for (kind, expected, within) in [
        // On the straight line to the reading 0.6 ms after the signal, which braking has bent by 0.18 µm.
        ("stop_displacement'\nstatistic = 'max", 5.0 * MM, 2e-7),
        ("stop_displacement'\nstatistic = 'final", 3.0 * MM, 2e-7),
        // Falling back at 10 mm/s, it moves on by 0.1 mm each 10 ms: the last time within 11 ms of the end.
        ("stop_time'\nat_rest = '0.1 mm", 0.295, 0.0065),
    ] {
        let text = format!("kind = '{kind}'\nfrom = 'recorder.stop'");
        let mut measure = Measure::new(&config(&text), &shape).unwrap();
        for k in 0..1500 {
            let t = f64::from(k) * MM;
            if k == 501 {
                measure.sample(ms(500.4), SampleLabel::default(), Reading::From).unwrap();
            }
            measure
                .sample(ms(f64::from(k)), SampleLabel::default(), Reading::Values(&[x(t), 0.0, 0.0]))
                .unwrap();
        }
        // A second signal changes nothing.
        measure.sample(ms(1500.0), SampleLabel::default(), Reading::From).unwrap();
        let row = measure.finish().unwrap().remove(0);
        assert!((row.value - expected).abs() < within, "{kind}: {}", row.value);
        assert_eq!(row.note, Some(Note::Once));
    }
    let text = "kind = 'stop_displacement'\nstatistic = 'max'\nfrom = 'recorder.stop'";
    let measure = Measure::new(&config(text), &shape).unwrap();
    assert_eq!(measure.finish(), Err(NoFigure::NoEvent));
    let wrong = MeasureShape::new(point()).against(point());
    assert_eq!(Measure::new(&config(text), &wrong).unwrap_err()[0].key, "from");
}

/// The stated U of displacements covers the truth; what noise alone gives is stated.
#[test]
fn stated_coverage_of_a_stop() {
    let stream = Stream::new(41, 0, "stop");
    let sd = 20e-6;
    let shape = MeasureShape::new(point()).against(InputShape::Event).read_by(tracker(sd, 0.0));
    let run = |statistic: &str, travel_m: f64, test: u64| {
        let text = format!("kind = 'stop_displacement'\nstatistic = '{statistic}'\nfrom = 'r.stop'");
        let mut measure = Measure::new(&config(&text), &shape).unwrap();
        for k in 0..300_u64 {
            let draw = |lane| stream.at(test << 16 | k, lane).normal() * sd;
            let x = if k < 100 { 0.0 } else { travel_m };
            if k == 50 {
                measure.sample(ms(50.0), SampleLabel::default(), Reading::From).unwrap();
            }
            let reading = [x + draw(0), draw(1), draw(2)];
            measure.sample(ms(k as f64), SampleLabel::default(), Reading::Values(&reading)).unwrap();
        }
        measure.finish().unwrap().remove(0)
    };
    let tests = 500;
    for statistic in ["final", "max"] {
        let (mut held, mut alone, mut stated) = (0, 0.0, 0.0);
        for test in 0..tests {
            let figure = run(statistic, 5.0 * MM, test).figure(Coverage::default());
            let (low, high) = figure.interval();
            held += u64::from((low..high).contains(&(5.0 * MM)));
            let still = run(statistic, 0.0, test);
            alone += still.value;
            stated = still.instrument_alone.unwrap();
        }
        let (held, alone) = (held as f64 / tests as f64, alone / tests as f64);
        println!("{statistic}: {held}, {alone:.2e}, stated {stated:.2e}");
        assert!(held > 0.93, "{statistic}: {held}");
        // The largest of many distances is somewhat more than the largest of many numbers.
        assert!((alone / stated - 1.0).abs() < 0.35, "{statistic}: {alone:e} {stated:e}");
    }
}

/// A pose at `point_m` whose z axis points along `axis`.
fn line(point_m: [f64; 3], axis: [f64; 3]) -> [f64; 7] {
    let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
    let [x, y, z] = axis.map(|a| a / length);
    // The shortest turn from z: about z × axis, cos = z.
    let w = (0.5 * (1.0 + z)).sqrt();
    [point_m[0], point_m[1], point_m[2], -y / (2.0 * w), x / (2.0 * w), 0.0, w]
}

/// Lines through (10, 20, 30) mm, each moved across by 1 mm to alternating sides: they meet there all the same, and miss
/// it by 1 mm; from a port 2 mm above, by what the angle between makes.
#[test]
fn the_remote_centre_by_hand() {
    let centre = [10.0 * MM, 20.0 * MM, 30.0 * MM];
    let axes = [[0.5, 0.0, 1.0], [-0.5, 0.0, 1.0], [0.0, 0.5, 1.0], [0.0, -0.5, 1.0]];
    let lines: Vec<[f64; 7]> = axes
        .iter()
        .flat_map(|axis| {
            // Across both the axis and z.
            let across = [-axis[1] / 0.5, axis[0] / 0.5, 0.0];
            [1.0, -1.0].map(|side| {
                let [x, y, z] = [0, 1, 2].map(|i| centre[i] + 0.1 * axis[i] + side * MM * across[i]);
                line([x, y, z], *axis)
            })
        })
        .collect();
    let dwell = "window = { phase = 'tour', at = 'dwell_end' }";
    let run = |text: &str, port_m: Option<[f64; 3]>| {
        let shape = MeasureShape::new(pose()).cycles(&["P"], 8).with_port(port_m);
        let mut measure =
            Measure::new(&config(&format!("kind = 'remote_centre_error'\n{text}")), &shape).unwrap();
        for (cycle, line) in lines.iter().enumerate() {
            let label = SampleLabel { cycle: cycle as u32, visit: 0 };
            measure.sample(Time(cycle as u64), label, Reading::Values(line)).unwrap();
        }
        measure.finish().map(|mut rows| rows.remove(0))
    };
    for statistic in ["rms", "max"] {
        let row = run(&format!("statistic = '{statistic}'\n{dwell}"), None).unwrap();
        // Lines from 0.1 m away, quaternions rounded to 1e-16.
        assert!((row.value - MM).abs() < 1e-13, "{statistic}: {}", row.value);
        let port = format!("statistic = '{statistic}'\nport = 'arm.remote_centre'\n{dwell}");
        assert!((run(&port, Some(centre)).unwrap().value - MM).abs() < 1e-13);
        // 2 mm up: 2 sin(angle) to the side in the plane of axis and z, 1 mm across it.
        let sine = 0.5 / f64::sqrt(1.25);
        let above = Some([centre[0], centre[1], centre[2] + 2.0 * MM]);
        let expected = MM * f64::sqrt(1.0 + 4.0 * sine * sine);
        assert!((run(&port, above).unwrap().value - expected).abs() < 1e-13);
    }
    let throughout = run("statistic = 'rms'", None).unwrap();
    assert!((throughout.value - MM).abs() < 1e-13);
    let shape = MeasureShape::new(pose());
    let text = "kind = 'remote_centre_error'\nstatistic = 'max'";
    assert_eq!(Measure::new(&config(text), &shape).unwrap_err()[0].key, "window.at");
    let wrong = MeasureShape::new(point());
    let text = "kind = 'remote_centre_error'\nstatistic = 'rms'";
    assert!(Measure::new(&config(text), &wrong).unwrap_err()[0].what.contains("orientation"));

    let mut parallel = Measure::new(&config(text), &shape).unwrap();
    for k in 0..5 {
        let reading = line([f64::from(k) * MM, 0.0, 0.0], [0.0, 0.0, 1.0]);
        parallel.sample(Time(0), SampleLabel::default(), Reading::Values(&reading)).unwrap();
    }
    assert_eq!(parallel.finish(), Err(NoFigure::ParallelLines { lines: 5 }));
}

/// A perfect pivot seen by a noisy tracker: what it alone gives is stated.
#[test]
fn noise_alone_at_the_remote_centre() {
    let stream = Stream::new(42, 0, "pivot");
    let (sd, angle_sd) = (10e-6, 5e-5);
    for (text, n) in [("statistic = 'rms'", 60), ("statistic = 'rms'\nport = 'arm.remote_centre'", 60)] {
        let (mut sum, mut stated, tests) = (0.0, 0.0, 300_u64);
        for test in 0..tests {
            let shape = MeasureShape::new(pose())
                .read_by(tracker(sd, angle_sd))
                .with_port(text.contains("port").then_some([0.0; 3]));
            let text = format!("kind = 'remote_centre_error'\n{text}");
            let mut measure = Measure::new(&config(&text), &shape).unwrap();
            for k in 0..n {
                let draw = |lane: u32| stream.at(test << 16 | k, lane);
                let axis = [draw(0).uniform_in(-0.5, 0.5), draw(1).uniform_in(-0.5, 0.5), 1.0];
                let length = axis.iter().map(|x| x * x).sum::<f64>().sqrt();
                let mut reading = line(axis.map(|a| 0.2 * a / length), axis);
                for (place, value) in reading[..3].iter_mut().enumerate() {
                    *value += sd * draw(2 + place as u32).normal();
                }
                // A small turn about x and y tilts the axis by as much.
                let tilted = [
                    axis[0] / length + angle_sd * draw(6).normal(),
                    axis[1] / length + angle_sd * draw(7).normal(),
                    axis[2] / length,
                ];
                reading[3..].copy_from_slice(&line([0.0; 3], tilted)[3..]);
                measure.sample(Time(k), SampleLabel::default(), Reading::Values(&reading)).unwrap();
            }
            let row = measure.finish().unwrap().remove(0);
            sum += row.value;
            stated = row.instrument_alone.unwrap();
        }
        let mean = sum / tests as f64;
        println!("{text}: {mean:.2e}, stated {stated:.2e}");
        assert!((mean / stated - 1.0).abs() < 0.08, "{mean:e} {stated:e}");
    }
}

/// A copy saved in the middle of a motion goes on as the measure itself.
#[test]
fn saved_measures_go_on() {
    let text = format!("kind = 'overshoot'\nband = '1 mm'\n{WINDOW}");
    let shape = MeasureShape::new(point()).cycles(&["P1"], 1);
    let mut measure = Measure::new(&config(&text), &shape).unwrap();
    let feed = |measure: &mut Measure, from: u32, to: u32| {
        for k in from..to {
            let reading = [swing(f64::from(k) * MM, 0.05, 100.0), 0.0, 0.0];
            measure.sample(ms(f64::from(k)), SampleLabel::default(), Reading::Values(&reading)).unwrap();
        }
    };
    feed(&mut measure, 0, 40);
    let mut saved: Measure = postcard::from_bytes(&postcard::to_allocvec(&measure).unwrap()).unwrap();
    for one in [&mut measure, &mut saved] {
        feed(one, 40, 900);
        one.sample(ms(900.0), SampleLabel::default(), Reading::DwellEnd).unwrap();
    }
    assert_eq!(measure.finish(), saved.finish());
    assert!(measure.finish().unwrap()[0].value > MM);
}
