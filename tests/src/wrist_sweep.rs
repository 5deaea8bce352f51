//! The wrist of the PSM Classic's needle driver, one joint at a time back and forth between turning points drawn at random, as
//! it was done with a real one: what encoders say beside where the joints are.
//!
//! The measurement: BerkeleyAutomation/dvrkCalibration, `experiment/2_error_identification`, runs 3 to 5: one wrist joint at a time
//! is sent back and forth between turning points at random, some 270 samples, and a camera measures all joints. The figures
//! here are made from that record and from the simulated one in the same way. The commands of the record are not part of this
//! project: these turn at points drawn from the same ranges.
#![expect(clippy::expect_used, reason = "a helper of tests: what fails here fails a test")]

use crate::{case_of, library_and, loaded, run};
use std::fmt::Write as _;
use trocar_math::random::Stream;
use trocar_math::{max, min};

const DEG: f64 = std::f64::consts::PI / 180.0;
/// The wrist's joints.
pub const JOINTS: [&str; 3] = ["roll", "wrist_pitch", "wrist_yaw"];
/// Where the first of them stands among those of the arm.
const FIRST: usize = 3;
/// The bins of the commanded position in which ways up are held against ways down, as in the figures from the record.
const BINS: usize = 11;
/// Slow enough that nothing but friction, slack and elasticity shows.
const SPEED_DEGPS: f64 = 20.0;

const SCENARIO: &str = r#"
format = 1
title  = "One joint of the wrist, back and forth"
scene  = "trocar:scenes/psm_bench.toml"
seed   = 1

[roles]
arm = "psm1"

[[phases]]
name   = "ready"
send   = { "arm.state_command" = ["enable", "home"] }
until  = "arm.is_homed and not arm.is_busy"
within = "30 s"

[[phases]]
name     = "sweep"
recorded = { command = "arm.servo_jp", file = "sweep.csv", relative = true }

[measures.travel]
kind   = "range"
of     = "arm.truth.js.position.wrist_pitch"
window = { phase = "sweep" }

[record]
signals = ["arm.truth.js", "arm.measured_js"]
rate    = "50 Hz"
"#;

/// Turning points by turns above and below, drawn between the ends of the record's range; then twice from end to end.
fn turning_points(joint: usize, [low, high]: [f64; 2]) -> Vec<f64> {
    let stream = Stream::new(5, 0, JOINTS[joint]);
    let mut points = vec![0.0];
    for turn in 0..36 {
        let at = points[turn];
        let end = if turn % 2 == 0 { high } else { low };
        let share = stream.at(turn as u64, 0).uniform_in(0.1, 1.0);
        points.push(at + share * (end - at));
    }
    points.extend([high, low, high, low, 0.0]);
    points
}

/// Encoders' and true positions of the wrist's joints during the sweep, deg.
pub struct Swept {
    /// What the encoders say.
    pub measured: Vec<[f64; 3]>,
    /// Where the joints are.
    pub truth: Vec<[f64; 3]>,
}

/// The run of one joint over a range, deg.
///
/// # Panics
/// Where the run fails.
#[must_use]
pub fn swept(joint: usize, range_deg: [f64; 2]) -> Swept {
    let (mut table, mut time, mut at) = (format!("time [s],{} [deg]\n", JOINTS[joint]), 0.0, 0.0_f64);
    for point in turning_points(joint, range_deg) {
        time += max((point - at).abs() / SPEED_DEGPS, 1e-3);
        at = point;
        writeln!(table, "{time},{point}").expect("a text grows");
    }
    let mut files = library_and(SCENARIO);
    files.insert("sweep.csv".to_owned(), table);
    let case = case_of(&loaded(files));
    let (outcome, kept) = run(&case, true);
    assert_eq!(outcome.failure, None);
    let group = |path: &str| case.model.layout.group(path).expect("a group");
    let (measured, truth) = (group("psm1.measured_js"), group("psm1.truth.js"));
    // The program ends with the sweep.
    let end_s = kept.tables.last().expect("a recording").0.seconds();
    let mut swept = Swept { measured: Vec::new(), truth: Vec::new() };
    for (_, table) in kept.tables.iter().filter(|(at, _)| at.seconds() >= end_s - time) {
        let wrist = |values: &[f64]| [0, 1, 2].map(|k| values[FIRST + k] / DEG);
        swept.measured.push(wrist(table.values(measured)));
        swept.truth.push(wrist(table.values(truth)));
    }
    swept
}

/// From the least to the greatest.
pub fn spread(values: impl Iterator<Item = f64>) -> f64 {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (min(l, v), max(h, v)));
    high - low
}

/// Width of the hysteresis of one joint, deg: the mean distance, over the bins, between the mean errors on the way down and on the way up.
#[must_use]
pub fn mean_width(swept: &Swept, joint: usize) -> f64 {
    let along: Vec<f64> = swept.measured.iter().map(|m| m[joint]).collect();
    let error = |k: usize| swept.truth[k][joint] - along[k];
    let low = along.iter().copied().fold(f64::INFINITY, min);
    let size = spread(along.iter().copied()) / BINS as f64;
    let mut widths = Vec::new();
    for bin in 0..BINS {
        let (from, to) = (low + bin as f64 * size, low + (bin + 1) as f64 * size);
        let mut sums = [(0.0, 0.0); 2];
        for k in 1..along.len() {
            let step = along[k] - along[k - 1];
            if along[k] >= from && along[k] <= to && step.abs() > 0.05 {
                let way = &mut sums[usize::from(step > 0.0)];
                *way = (way.0 + error(k), way.1 + 1.0);
            }
        }
        if let [(down, n), (up, m)] = sums
            && n > 0.0
            && m > 0.0
        {
            widths.push(down / n - up / m);
        }
    }
    widths.iter().sum::<f64>() / widths.len() as f64
}

/// Published: range of the joint in the record, deg; mean width of its hysteresis, and the least and greatest of the bins,
/// deg.
pub const RECORD: [([f64; 2], f64, [f64; 2]); 3] =
    [([-78.0, 52.0], 2.0, [1.0, 2.6]), ([-38.6, 54.4], 4.0, [2.0, 6.6]), ([-57.0, 39.0], 6.0, [1.7, 12.0])];
