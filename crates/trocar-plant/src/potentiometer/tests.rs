//! Outputs whose motion is known in closed form.

use super::*;
use crate::actuator::tests::insertion;
use std::collections::BTreeMap;
use trocar_signal::bench::Bench;
use trocar_signal::{Rate, Standing};

const RATE_HZ: u64 = 1500;

/// The insertion of a PSM as the calibration of PSM1-28007 has it (`dvrk_config_jhu`).
pub(crate) fn config() -> ActuatorConfig {
    let quantity = |text| AnyQuantity::parse(text).unwrap();
    let potentiometer = PotentiometerConfig {
        position_at_zero: Sourced::bare(quantity("-12.413 mm")),
        position_per_volt: Sourced::bare(quantity("58.7467 mm/V")),
        reference_voltage: Sourced::bare(Voltage::from_si(4.5)),
        adc_bits: Sourced::bare(16),
        gain_error: None,
        offset_error: None,
        nonlinearity: None,
        noise: None,
        time_constant: None,
    };
    ActuatorConfig { potentiometer: Some(potentiometer), ..insertion() }
}

fn part(config: &mut ActuatorConfig) -> &mut PotentiometerConfig {
    config.potentiometer.as_mut().unwrap()
}

fn bench(config: &ActuatorConfig) -> Bench {
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
    let mut reg = Registration::new("psm1.insertion.potentiometer");
    let sensor = Potentiometer::new("psm1", config, 0, &provenance, &mut reg).unwrap().unwrap();
    let mut reader_reg = Registration::new("psm1.insertion.potentiometer.reader");
    let reader = config.potentiometer.as_ref().unwrap().reader("psm1", config, &mut reader_reg);
    let inputs = vec![GroupSpec::joint_state("psm1.truth.actuators", [("insertion", Dimension::LENGTH)])];
    Bench::new(inputs, vec![(reg, Box::new(sensor)), (reader_reg, Box::new(reader))]).unwrap()
}

/// (t, reading) of an output that is at `position(t)`.
fn read(config: &ActuatorConfig, readings: u64, position: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut bench = bench(config);
    let rate = Rate::new(RATE_HZ, 1).unwrap();
    (0..readings)
        .map(|k| {
            let now = rate.instant(k);
            bench.set("psm1.truth.actuators", now, &[position(now.seconds()), 0.0, 0.0]).unwrap();
            bench.activate(0, now).unwrap();
            bench.activate(1, now).unwrap();
            (now.seconds(), bench.get("psm1.insertion.potentiometer.position")[0])
        })
        .collect()
}

fn half_step(config: &ActuatorConfig) -> f64 {
    config.potentiometer.as_ref().unwrap().span().abs() / 65_536.0 / 2.0 * (1.0 + 1e-6)
}

#[test]
fn without_errors_a_reading_is_the_position_to_half_a_step() {
    let config = config();
    for at in [0.0, 0.05, 0.1234, 0.24] {
        let (_, reading) = read(&config, 1, |_| at)[0];
        assert!((reading - at).abs() <= half_step(&config), "{at}: {reading}");
    }
}

#[test]
fn beyond_the_track_the_reading_stays_at_its_end() {
    let config = config();
    let step = 2.0 * half_step(&config);
    assert!((read(&config, 1, |_| -1.0)[0].1 + 0.012_413).abs() < 1e-12);
    let end = -0.012_413 + 4.5 * 0.058_746_7;
    assert!((read(&config, 1, |_| 1.0)[0].1 - (end - step)).abs() < 1e-8);
}

/// Gain and offset by their definition; the bow is zero at both ends and in the middle, and full at a quarter.
#[test]
fn errors_are_those_of_the_definition() {
    let mut config = config();
    let span = part(&mut config).span();
    let zero = part(&mut config).position_at_zero.value.si;
    part(&mut config).gain_error = Some(Sourced::bare(Ratio::from_si(0.02)));
    part(&mut config).offset_error = Some(Sourced::bare(AnyQuantity::parse("-1.5 mm").unwrap()));
    let (_, reading) = read(&config, 1, |_| 0.1)[0];
    assert!((reading - (0.102 - 0.0015)).abs() <= half_step(&config));

    part(&mut config).gain_error = None;
    part(&mut config).offset_error = None;
    part(&mut config).nonlinearity = Some(Sourced::bare(Ratio::from_si(0.01)));
    for (share, departure) in [(0.25, 0.01), (0.5, 0.0), (0.75, -0.01), (0.125, 0.01 * f64::sqrt(0.5))] {
        let at = zero + share * span;
        let (_, reading) = read(&config, 1, |_| at)[0];
        assert!((reading - at - departure * span).abs() <= half_step(&config), "{share}");
    }
}

/// Behind the low-pass a ramp that begins at 0 is late: r·(t − T + T·e^(−t/T)), exactly, because the input is straight.
#[test]
fn a_ramp_comes_late_by_the_time_constant() {
    let mut config = config();
    let (time, speed) = (0.004, 0.05);
    part(&mut config).time_constant = Some(Sourced::bare(Duration::from_si(time)));
    for (t, reading) in read(&config, 200, |t| speed * t) {
        let expected = speed * (t - time + time * trocar_math::exp(-t / time));
        assert!((reading - expected).abs() <= half_step(&config) + 1e-12, "{t}");
    }
}

/// A sine through the low-pass: smaller by 1/√(1 + (ωT)²) and late by atan(ωT), once e^(−t/T) has gone. The input is
/// taken as straight between readings, which costs (ωh)²/8 of its amplitude.
#[test]
fn a_sine_is_damped_and_late_as_a_first_order_low_pass_has_it() {
    let mut config = config();
    let (time, amplitude, omega) = (0.002, 0.01, std::f64::consts::TAU * 20.0);
    part(&mut config).time_constant = Some(Sourced::bare(Duration::from_si(time)));
    let (left, late) =
        (1.0 / f64::sqrt(1.0 + (omega * time) * (omega * time)), trocar_math::atan(omega * time));
    let chord = trocar_math::powi(omega / RATE_HZ as f64, 2) / 8.0 * amplitude;
    for (t, reading) in read(&config, 600, |t| 0.1 + amplitude * trocar_math::sin(omega * t))
        .into_iter()
        .filter(|r| r.0 > 0.05)
    {
        let expected = 0.1 + amplitude * left * trocar_math::sin(omega * t - late);
        assert!((reading - expected).abs() <= half_step(&config) + chord, "{t}: {reading} {expected}");
    }
}

/// Noise has the stated spread: n readings estimate it within five times sd/√(2n); their mean lies within five
/// standard errors.
#[test]
fn noise_has_the_stated_spread_and_no_bias() {
    let mut config = config();
    part(&mut config).noise = Some(Sourced::bare(Voltage::from_si(0.005)));
    let sd = 0.005 * 0.058_746_7;
    let n = 4000;
    let readings = read(&config, n, |_| 0.1);
    let mean = readings.iter().map(|r| r.1).sum::<f64>() / n as f64;
    let variance = readings.iter().map(|r| (r.1 - mean) * (r.1 - mean)).sum::<f64>() / (n - 1) as f64;
    assert!((mean - 0.1).abs() < 5.0 * sd / f64::sqrt(n as f64));
    assert!((f64::sqrt(variance) / sd - 1.0).abs() < 5.0 / f64::sqrt(2.0 * n as f64));
}

/// Bit 15 turned over is half the travel away.
#[test]
fn what_befalls_the_count_reaches_the_position() {
    let config = config();
    let mut bench = bench(&config);
    bench.set("psm1.insertion.potentiometer.count", Time(1), &[20_000.0]).unwrap();
    bench.activate(1, Time(1)).unwrap();
    let before = bench.get("psm1.insertion.potentiometer.position")[0];
    bench.set("psm1.insertion.potentiometer.count", Time(2), &[20_000.0 + 32_768.0]).unwrap();
    bench.activate(1, Time(2)).unwrap();
    let after = bench.get("psm1.insertion.potentiometer.position")[0];
    let travel = 4.5 * 0.058_746_7;
    assert!((after - before - travel / 2.0).abs() < 1e-12);
}

#[test]
fn each_wrong_number_is_named() {
    let mut config = config();
    let wrong = part(&mut config);
    wrong.position_at_zero = Sourced::bare(AnyQuantity::parse("3 deg").unwrap());
    wrong.position_per_volt = Sourced::bare(AnyQuantity::parse("0 mm/V").unwrap());
    wrong.reference_voltage = Sourced::bare(Voltage::from_si(0.0));
    wrong.adc_bits = Sourced::bare(40);
    wrong.gain_error = Some(Sourced::bare(Ratio::from_si(0.9)));
    wrong.offset_error = Some(Sourced::bare(AnyQuantity::parse("1 V").unwrap()));
    wrong.nonlinearity = Some(Sourced::bare(Ratio::from_si(0.5)));
    wrong.noise = Some(Sourced::bare(Voltage::from_si(-1.0)));
    wrong.time_constant = Some(Sourced::bare(Duration::from_si(-1.0)));
    let keys: Vec<String> = config.check().into_iter().map(|p| p.key).collect();
    let names = [
        "position_at_zero",
        "position_per_volt",
        "reference_voltage",
        "adc_bits",
        "gain_error",
        "offset_error",
        "nonlinearity",
        "noise",
        "time_constant",
    ];
    assert_eq!(keys, names.map(|name| format!("potentiometer.{name}")));
}
