//! Loads whose strain is known in closed form, through a torque sensor and through six axes.

use super::*;
use crate::actuator::ActuatorKind;
use crate::force_sensor::{ForceSensor, ForceSensorConfig};
use crate::torque_sensor::{TorqueSensor, TorqueSensorConfig};
use std::collections::BTreeMap;
use trocar_signal::bench::Bench;
use trocar_signal::quantity::{Force, Torque};
use trocar_signal::{AnyQuantity, GroupClass, GroupSpec, Rate, Standing};

const RATE_HZ: u64 = 1000;
const RANGE_NM: f64 = 150.0;

fn share(value: f64) -> Sourced<Ratio> {
    Sourced::bare(Ratio::from_si(value))
}

fn gauge() -> GaugeConfig {
    GaugeConfig {
        rate: Sourced::bare(Frequency::from_si(RATE_HZ as f64)),
        bits: Sourced::bare(24),
        delay: None,
        noise: None,
        zero_error: None,
        hysteresis: None,
        creep: None,
    }
}

fn creep(by: f64, time_s: f64) -> CreepConfig {
    CreepConfig { share: share(by), time: Sourced::bare(Duration::from_si(time_s)) }
}

fn torque_bench(gauge: GaugeConfig) -> Bench {
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
    let range = Sourced::bare(AnyQuantity { si: RANGE_NM, dimension: Dimension::TORQUE });
    let config = TorqueSensorConfig { frame: "knee".to_owned(), range, gauge };
    let kind = ActuatorKind::Revolute;
    let mut reg = Registration::new("exo.knee.torque_sensor");
    let sensor = TorqueSensor::new("exo", &config, kind, &provenance, &mut reg).unwrap();
    let mut reader_reg = Registration::new("exo.knee.torque_sensor.reader");
    let reader = config.reader("exo", kind, &mut reader_reg);
    let truth = GroupSpec::scalar(config.truth("exo"), Dimension::TORQUE).class(GroupClass::Truth);
    Bench::new(vec![truth], vec![(reg, Box::new(sensor)), (reader_reg, Box::new(reader))]).unwrap()
}

/// (t, torque as read) under a load of `load(t)`, N m.
fn read(gauge: GaugeConfig, readings: u64, load: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let mut bench = torque_bench(gauge);
    let rate = Rate::new(RATE_HZ, 1).unwrap();
    (0..readings)
        .map(|k| {
            let now = rate.instant(k);
            bench.set("exo.truth.knee.transmitted_effort", now, &[load(now.seconds())]).unwrap();
            bench.activate(0, now).unwrap();
            bench.activate(1, now).unwrap();
            (now.seconds(), bench.get("exo.knee.torque_sensor.effort")[0])
        })
        .collect()
}

/// Half a step of 24 bits over ± the range.
const HALF_STEP: f64 = RANGE_NM / 16_777_216.0 * 1.000_001;

#[test]
fn a_perfect_gauge_reads_the_load_to_half_a_step_and_saturates() {
    for load in [0.0, 1.0, -149.0] {
        assert!((read(gauge(), 1, |_| load)[0].1 - load).abs() <= HALF_STEP);
    }
    assert!((read(gauge(), 1, |_| 1000.0)[0].1 - RANGE_NM).abs() <= 2.0 * HALF_STEP);
    assert!((read(gauge(), 1, |_| -1000.0)[0].1 + RANGE_NM).abs() <= 2.0 * HALF_STEP);
}

#[test]
fn before_the_mechanism_has_moved_nothing_is_read() {
    let mut bench = torque_bench(gauge());
    bench.activate(0, Time(0)).unwrap();
    bench.activate(1, Time(0)).unwrap();
    let (layout, table) = bench.table();
    assert_eq!(table.header(layout.group("exo.knee.torque_sensor.effort").unwrap()).sequence, 0);
}

/// Twice from no load to full scale and back: in the middle the way back lies the stated share above the way there, and
/// each half of that away from the load.
#[test]
fn the_loop_is_as_wide_as_stated_in_the_middle() {
    let h = 0.01;
    let config = GaugeConfig { hysteresis: Some(share(h)), ..gauge() };
    // A triangle of one second up and one down.
    let load = |t: f64| RANGE_NM * (1.0 - ((t % 2.0) - 1.0).abs());
    let readings = read(config, 4001, load);
    for (middle, sign) in [(500, -0.5), (1500, 0.5), (2500, -0.5), (3500, 0.5)] {
        let (t, reading) = readings[middle];
        assert!((load(t) - 0.5 * RANGE_NM).abs() < 1e-9);
        assert!((reading - load(t) - sign * h * RANGE_NM).abs() <= HALF_STEP + 1e-9, "{t}: {reading}");
    }
}

/// A load that stands from the start creeps by κ(1 − e^(−t/τ)) of itself; when it has gone, what is left decays from
/// there. The release takes one reading, over which the load is straight: κ(1 − τ/h(1 − e^(−h/τ))) of it comes on top.
#[test]
fn a_load_creeps_and_leaves_its_trace() {
    let (by, time, load) = (0.02, 0.5, 90.0);
    let config = GaugeConfig { creep: Some(creep(by, time)), ..gauge() };
    let released = 2.0;
    let at = |t: f64| if t < released - 1e-9 { load } else { 0.0 };
    let readings = read(config, 4000, at);
    let grown = |t: f64| by * load * (1.0 - trocar_math::exp(-t / time));
    let h = 1.0 / RATE_HZ as f64;
    let before = grown(released - h);
    let left = trocar_math::exp(-h / time);
    // c(h) for a load that falls from L to 0 along a line, from c(0): the exact solution of the linear equation.
    let after = by * load * (time / h - (1.0 + time / h) * left) + before * left;
    for (t, reading) in readings {
        let expected = if t < released - 1e-9 {
            load + grown(t)
        } else {
            after * trocar_math::exp(-(t - released) / time)
        };
        assert!((reading - expected).abs() <= HALF_STEP + 1e-9, "{t}: {reading} {expected}");
    }
}

/// n readings estimate the spread within five times sd/√(2n).
#[test]
fn zero_error_and_noise_are_as_stated() {
    let config = GaugeConfig { noise: Some(share(0.001)), zero_error: Some(share(-0.01)), ..gauge() };
    let n = 4000;
    let readings = read(config, n, |_| 30.0);
    let mean = readings.iter().map(|r| r.1).sum::<f64>() / n as f64;
    let sd = f64::sqrt(readings.iter().map(|r| (r.1 - mean) * (r.1 - mean)).sum::<f64>() / (n - 1) as f64);
    let stated = 0.001 * RANGE_NM;
    assert!((mean - (30.0 - 0.01 * RANGE_NM)).abs() < 5.0 * stated / f64::sqrt(n as f64));
    assert!((sd / stated - 1.0).abs() < 5.0 / f64::sqrt(2.0 * n as f64));
}

fn six_axes() -> ForceSensorConfig {
    let mut crosstalk = [[0.0; 6]; 6];
    // 2 % of the force along z shows as torque about x, 1 % of the torque about y as force along x.
    crosstalk[3][2] = 0.02;
    crosstalk[0][4] = -0.01;
    ForceSensorConfig {
        name: "wrist".to_owned(),
        frame: "hand".to_owned(),
        force_range: Sourced::bare([100.0, 100.0, 200.0].map(Force::from_si)),
        torque_range: Sourced::bare([5.0, 5.0, 8.0].map(Torque::from_si)),
        crosstalk: Some(Sourced::bare(crosstalk)),
        gauge: GaugeConfig { delay: Some(Sourced::bare(Duration::from_si(0.002))), ..gauge() },
    }
}

#[test]
fn crosstalk_mixes_shares_of_the_ranges() {
    let config = six_axes();
    assert_eq!(config.check(), []);
    let sources = BTreeMap::new();
    let provenance = Provenance { sources: &sources, source: None, standing: Standing::Datasheet };
    let mut reg = Registration::new("exo.wrist");
    let sensor = ForceSensor::new("exo", &config, &provenance, &mut reg).unwrap();
    assert_eq!(reg.longest_delay, Nanos(2_000_000));
    let mut reader_reg = Registration::new("exo.wrist.reader");
    let reader = config.reader("exo", &mut reader_reg);
    let truth = GroupSpec::wrench(config.truth("exo"), "exo.hand", "exo.hand").class(GroupClass::Truth);
    let mut bench =
        Bench::new(vec![truth], vec![(reg, Box::new(sensor)), (reader_reg, Box::new(reader))]).unwrap();
    bench.set("exo.truth.wrist", Time(5), &[10.0, -20.0, 100.0, 1.0, 2.0, -3.0]).unwrap();
    let delays = bench.activate(0, Time(5)).unwrap();
    assert_eq!(delays["exo.wrist.count"], Nanos(2_000_000));
    bench.activate(1, Time(5)).unwrap();
    // 2 N m of 5 along y at −1 % of 100 N; 100 N of 200 along z at 2 % of 5 N m.
    let expected = [10.0 - 0.4, -20.0, 100.0, 1.0 + 0.05, 2.0, -3.0];
    for (got, meant) in bench.get("exo.wrist.wrench").iter().zip(expected) {
        assert!((got - meant).abs() < 2e-5, "{got} {meant}: half a step of 24 bits over ±200 N");
    }
}

#[test]
fn each_wrong_number_is_named() {
    let wrong = GaugeConfig {
        rate: Sourced::bare(Frequency::from_si(0.0)),
        bits: Sourced::bare(2),
        delay: Some(Sourced::bare(Duration::from_si(-1.0))),
        noise: Some(share(-0.1)),
        zero_error: Some(share(2.0)),
        hysteresis: Some(share(0.5)),
        creep: Some(creep(0.9, 0.0)),
    };
    let keys: Vec<String> = wrong.check().into_iter().map(|p| p.key).collect();
    assert_eq!(
        keys,
        ["rate", "bits", "delay", "noise", "zero_error", "hysteresis", "creep.share", "creep.time"]
    );
    let mut config = six_axes();
    config.name = "Wrist".to_owned();
    config.torque_range.value[1] = Torque::from_si(0.0);
    config.crosstalk.as_mut().unwrap().value[2][2] = 1.0;
    let keys: Vec<String> = config.check().into_iter().map(|p| p.key).collect();
    assert_eq!(keys, ["name", "torque_range[1]", "crosstalk[2][2]"]);
    let force = AnyQuantity { si: 3.0, dimension: Dimension::FORCE };
    let torque = TorqueSensorConfig { frame: "knee".to_owned(), range: Sourced::bare(force), gauge: gauge() };
    assert_eq!(torque.check(ActuatorKind::Prismatic), []);
    assert_eq!(torque.check(ActuatorKind::Revolute)[0].key, "range");
}
