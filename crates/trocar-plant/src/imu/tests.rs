//! Motions and errors whose readings are known.

use super::*;
use std::collections::BTreeMap;
use trocar_signal::bench::Bench;
use trocar_signal::{GroupClass, Rate, Standing};

const RATE_HZ: u64 = 200;

fn quantity(text: &str) -> Sourced<AnyQuantity> {
    Sourced::bare(AnyQuantity::parse(text).unwrap())
}

fn triad_of(range: &str) -> TriadConfig {
    TriadConfig { range: quantity(range), noise: None, bias: None, instability: None }
}

fn config() -> ImuConfig {
    ImuConfig {
        name: "shank_imu".to_owned(),
        frame: "shank".to_owned(),
        rate: Sourced::bare(Frequency::from_si(RATE_HZ as f64)),
        bits: Sourced::bare(16),
        delay: None,
        gyroscope: triad_of("500 deg/s"),
        accelerometer: triad_of("40 m/s^2"),
    }
}

fn bench(config: &ImuConfig) -> Bench {
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
    let mut reg = Registration::new("exo.shank_imu");
    let imu = Imu::new("exo", config, &provenance, &mut reg).unwrap();
    let mut reader_reg = Registration::new("exo.shank_imu.reader");
    let reader = config.reader("exo", &mut reader_reg);
    let truth = config.truth("exo").class(GroupClass::Truth);
    Bench::new(vec![truth], vec![(reg, Box::new(imu)), (reader_reg, Box::new(reader))]).unwrap()
}

/// Readings of a motion that stays as it is.
fn read(config: &ImuConfig, readings: u64, motion: [f64; 6]) -> Vec<[f64; 6]> {
    let mut bench = bench(config);
    let rate = Rate::new(RATE_HZ, 1).unwrap();
    (0..readings)
        .map(|k| {
            let now = rate.instant(k);
            bench.set("exo.truth.shank_imu", now, &motion).unwrap();
            bench.activate(0, now).unwrap();
            bench.activate(1, now).unwrap();
            let mut reading = [0.0; 6];
            reading[..3].copy_from_slice(bench.get("exo.shank_imu.angular_velocity"));
            reading[3..].copy_from_slice(bench.get("exo.shank_imu.specific_force"));
            reading
        })
        .collect()
}

/// Half a step of 16 bits over ± each range.
fn half_steps(config: &ImuConfig) -> [f64; 6] {
    let of = |range: f64| range / 65_536.0 * 1.000_001;
    let (g, a) = (of(config.gyroscope.range.value.si), of(config.accelerometer.range.value.si));
    [g, g, g, a, a, a]
}

#[test]
fn a_reading_is_the_motion_and_its_bias_to_half_a_step_within_the_range() {
    let mut config = config();
    let motion = [1.0, -2.0, 0.25, 0.0, 3.0, 9.81];
    let check = |config: &ImuConfig, expected: [f64; 6]| {
        let reading = read(config, 1, motion)[0];
        for ((got, meant), half) in reading.iter().zip(expected).zip(half_steps(config)) {
            assert!((got - meant).abs() <= half, "{got} {meant}");
        }
    };
    check(&config, motion);
    let bias = ["0.5 m/s^2", "0 m/s^2", "-0.1 m/s^2"].map(|text| AnyQuantity::parse(text).unwrap());
    config.accelerometer.bias = Some(Sourced::bare(bias));
    check(&config, [1.0, -2.0, 0.25, 0.5, 3.0, 9.71]);
    config.accelerometer.range = quantity("8 m/s^2");
    // The last count stands a step below the range.
    let end = 8.0 * (1.0 - 2.0 / 65_536.0);
    check(&config, [1.0, -2.0, 0.25, 0.5, 3.0, end]);
}

/// White noise: n readings estimate its spread within five times sd/√(2n), and one reading tells nothing of the next
/// (five times 1/√n).
#[test]
fn noise_is_white_and_as_wide_as_stated() {
    let mut config = config();
    config.gyroscope.noise = Some(quantity("0.5 deg/s"));
    let sd = f64::to_radians(0.5);
    let n = 4000;
    let readings: Vec<f64> = read(&config, n, [0.0; 6]).into_iter().map(|r| r[1]).collect();
    let mean_square = |lag: usize| {
        let pairs = readings.iter().zip(&readings[lag..]);
        pairs.map(|(a, b)| a * b).sum::<f64>() / (readings.len() - lag) as f64
    };
    assert!((f64::sqrt(mean_square(0)) / sd - 1.0).abs() < 5.0 / f64::sqrt(2.0 * n as f64));
    assert!(mean_square(1).abs() / (sd * sd) < 5.0 / f64::sqrt(n as f64));
    let others = read(&config, n, [0.0; 6]).into_iter().map(|r| r[0]);
    let across = others.zip(&readings).map(|(a, b)| a * b).sum::<f64>() / n as f64;
    assert!(across.abs() / (sd * sd) < 5.0 / f64::sqrt(n as f64), "axes are independent");
}

/// The wandering bias is stationary from its first reading and forgets as e^(−t/τ). The n readings hold n·Δ/(2τ)
/// independent ones, which sets the tolerance of the spread; of the correlation at the lag τ likewise.
#[test]
fn the_bias_wanders_as_a_gauss_markov_process() {
    let mut config = config();
    let (sd, time) = (0.05, 0.2);
    config.accelerometer.instability =
        Some(InstabilityConfig { sd: quantity("0.05 m/s^2"), time: Sourced::bare(Duration::from_si(time)) });
    let n = 40_000_u64;
    let readings: Vec<f64> = read(&config, n, [0.0; 6]).into_iter().map(|r| r[4]).collect();
    let mean_square = |lag: usize| {
        let pairs = readings.iter().zip(&readings[lag..]);
        pairs.map(|(a, b)| a * b).sum::<f64>() / (readings.len() - lag) as f64
    };
    let independent = n as f64 / RATE_HZ as f64 / (2.0 * time);
    let tolerance = 4.0 * f64::sqrt(2.0 / independent);
    assert!((mean_square(0) / (sd * sd) - 1.0).abs() < tolerance);
    let lag = (time * RATE_HZ as f64) as usize;
    assert!((mean_square(lag) / (sd * sd) - trocar_math::exp(-1.0)).abs() < tolerance);
}

#[test]
fn before_the_mechanism_has_moved_nothing_is_read_and_counts_may_be_spoilt() {
    let mut bench = bench(&config());
    bench.activate(0, Time(0)).unwrap();
    bench.activate(1, Time(0)).unwrap();
    let sequence = |bench: &Bench, path: &str| {
        let (layout, table) = bench.table();
        table.header(layout.group(path).unwrap()).sequence
    };
    assert_eq!(sequence(&bench, "exo.shank_imu.specific_force"), 0);
    let half = 32_768.0;
    bench.set("exo.shank_imu.count", Time(1), &[half, half, half, half, half, half + 16_384.0]).unwrap();
    bench.activate(1, Time(1)).unwrap();
    assert_eq!(bench.get("exo.shank_imu.specific_force"), [0.0, 0.0, 20.0], "a quarter of the whole range");
}

#[test]
fn each_wrong_number_is_named() {
    let mut wrong = config();
    wrong.bits = Sourced::bare(64);
    wrong.gyroscope.range = quantity("2 m/s^2");
    wrong.gyroscope.noise = Some(quantity("-1 deg/s"));
    let bias = ["0 m/s^2", "0 deg/s", "0 m/s^2"].map(|text| AnyQuantity::parse(text).unwrap());
    wrong.accelerometer.bias = Some(Sourced::bare(bias));
    wrong.accelerometer.instability =
        Some(InstabilityConfig { sd: quantity("1 m/s^2"), time: Sourced::bare(Duration::from_si(0.0)) });
    let keys: Vec<String> = wrong.check().into_iter().map(|p| p.key).collect();
    let expected = [
        "bits",
        "gyroscope.range",
        "gyroscope.noise",
        "accelerometer.bias[1]",
        "accelerometer.instability.time",
    ];
    assert_eq!(keys, expected);
}
