//! A goniometer: the angles of joints, as an electrogoniometer or a protractor on the two segments of a joint reads them.
//!
//! A reading is the angle, plus the error of the zero with which the goniometer was mounted on that joint (one draw for each set-up
//! and joint, the same in all its readings), plus normal noise, new in each reading, rounded to the nearest step of the resolution. It
//! carries the instant at which it was taken. A zero that is off moves every reading alike, and leaves differences alone: it is
//! stated as registration.

use crate::check;
use crate::instrument::{InstrumentStatement, Resolve, resolve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Angle, Duration, Frequency};
use trocar_signal::{
    Activation, Component, Dimension, GroupClass, GroupSpec, Nanos, ParameterSpec, Problem, Provenance,
    ReadPort, Registration, Sourced, Time, WritePort,
};

/// A goniometer on one or several joints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GoniometerConfig {
    /// What it follows: its own name for each joint, and the path of the joint's angle.
    /// `{ knee = "leg.truth.js.position.left_knee" }` gives `GONIOMETER.knee`.
    pub follows: BTreeMap<String, String>,
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// Standard deviation from one reading to the next.
    #[serde(default)]
    pub noise: Option<Sourced<Angle>>,
    /// Smallest step of a reading.
    #[serde(default)]
    pub resolution: Option<Sourced<Angle>>,
    /// Expanded uncertainty (k = 2) of one reading as its certificate states it, without noise and registration.
    #[serde(default)]
    pub uncertainty: Option<Sourced<Angle>>,
    /// How far its zero may be off that of the joint: standard deviation, drawn once for each set-up and joint.
    #[serde(default)]
    pub registration: Option<Sourced<Angle>>,
    /// From the instant of a reading to its arrival. The reading carries the instant at which it was taken.
    #[serde(default)]
    pub latency: Option<Sourced<Duration>>,
}

impl GoniometerConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.follows.is_empty() {
            problems.push(Problem::new("follows", "a goniometer follows at least one joint"));
        }
        for name in self.follows.keys() {
            check::name(&mut problems, &format!("follows.{name}"), name);
        }
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        for (key, angle) in self.angles() {
            check::not_negative(&mut problems, key, angle.value.si());
        }
        if let Some(latency) = &self.latency {
            check::not_negative(&mut problems, "latency", latency.value.si());
        }
        problems
    }

    fn angles(&self) -> impl Iterator<Item = (&'static str, &Sourced<Angle>)> {
        [
            ("noise", &self.noise),
            ("resolution", &self.resolution),
            ("uncertainty", &self.uncertainty),
            ("registration", &self.registration),
        ]
        .into_iter()
        .filter_map(|(key, angle)| angle.as_ref().map(|angle| (key, angle)))
    }

    /// What the instrument states about its readings.
    #[must_use]
    pub fn statement(&self) -> InstrumentStatement {
        let si = |angle: &Option<Sourced<Angle>>| angle.as_ref().map_or(0.0, |angle| angle.value.si());
        InstrumentStatement {
            expanded_uncertainty: si(&self.uncertainty),
            noise_sd: si(&self.noise),
            resolution: si(&self.resolution),
            registration_rotation_sd: si(&self.registration),
            latency_s: self.latency.as_ref().map_or(0.0, |l| l.value.si()),
            rate_hz: self.rate.value.si(),
            ..InstrumentStatement::silent(Dimension::ANGLE)
        }
    }
}

/// The random lane of the first joint's zero; those of the noise count from 0.
const ZERO_LANE: u32 = 1 << 16;

/// One joint that is followed.
struct Follower {
    joint: ReadPort,
    element: usize,
    reading: WritePort,
}

/// The component of the instrument's name, a periodic task. Reads what it follows as it stood before its instant; writes a
/// scalar `NAME.FOLLOWER` for each joint. Its zeros are a function of the seed alone, and so no state.
pub struct Goniometer {
    followers: Vec<Follower>,
    noise: Option<ParameterPort>,
    registration_sd_rad: f64,
    resolution_rad: f64,
    latency: Nanos,
}

impl Goniometer {
    /// A goniometer on the joints whose angles `find` looks up.
    ///
    /// # Errors
    /// What is wrong with the configuration; a path that is no angle.
    pub fn new(
        name: &str,
        config: &GoniometerConfig,
        find: Resolve<'_>,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<Goniometer, Vec<Problem>> {
        let mut problems = config.check();
        let mut followed = Vec::new();
        for (follower, path) in &config.follows {
            let key = format!("follows.{follower}");
            let Some(found) = resolve(find, path, &key, &mut problems) else { continue };
            match found.number() {
                Some((element, of)) if of.dimension == Dimension::ANGLE => {
                    followed.push((follower, element, found.group.path.clone()));
                }
                Some((_, of)) => {
                    let or = match of.dimension {
                        Dimension::LENGTH => ": `displacement_sensor` reads lengths",
                        _ => ": e.g. `leg.truth.js.position.left_knee`",
                    };
                    let what = format!("a goniometer reads angles, and `{path}` is {}{or}", of.dimension);
                    problems.push(Problem::new(key, what));
                }
                None => {
                    let what = format!("`{path}` is no single angle: e.g. `leg.truth.js.position.left_knee`");
                    problems.push(Problem::new(key, what));
                }
            }
        }
        let latency =
            config.latency.as_ref().map_or(Some(Nanos::ZERO), |l| Nanos::from_seconds(l.value.si()));
        let Some(latency) = latency.filter(|_| problems.is_empty()) else { return Err(problems) };
        reg.delays_by(latency);
        let noise = config.noise.as_ref().map(|noise| {
            let spec = provenance.parameter(
                format!("{name}.noise"),
                Dimension::ANGLE,
                noise.value.si(),
                noise,
                true,
            );
            reg.parameter(spec.at_least(0.0))
        });
        let mut declare = |key: &str, dimension, nominal, behind| {
            reg.parameter(ParameterSpec::fixed(format!("{name}.{key}"), dimension, nominal, behind));
        };
        declare("rate", Dimension::FREQUENCY, config.rate.value.si(), provenance.of(&config.rate));
        for (key, angle) in config.angles().filter(|(key, _)| *key != "noise") {
            declare(key, Dimension::ANGLE, angle.value.si(), provenance.of(angle));
        }
        if let Some(latency) = &config.latency {
            declare("latency", Dimension::TIME, latency.value.si(), provenance.of(latency));
        }
        let followers = followed
            .into_iter()
            .map(|(follower, element, group)| {
                let written = GroupSpec::scalar(format!("{name}.{follower}"), Dimension::ANGLE)
                    .class(GroupClass::Instrument)
                    .meaning("The joint's angle as the goniometer reads it");
                Follower { joint: reg.read_previous(group), element, reading: reg.write(written) }
            })
            .collect();
        let statement = config.statement();
        Ok(Goniometer {
            followers,
            noise,
            registration_sd_rad: statement.registration_rotation_sd,
            resolution_rad: statement.resolution,
            latency,
        })
    }
}

impl Component for Goniometer {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let noise_sd_rad = self.noise.map_or(0.0, |noise| io.parameter(noise));
        for (place, follower) in self.followers.iter().enumerate() {
            let header = io.header(follower.joint);
            if header.sequence == 0 {
                continue;
            }
            let mut angle_rad = io.read(follower.joint)[follower.element];
            if self.registration_sd_rad > 0.0 {
                let zero = io.stream.at(Time::ZERO.0, ZERO_LANE + place as u32);
                angle_rad += self.registration_sd_rad * zero.normal();
            }
            if noise_sd_rad > 0.0 {
                angle_rad += noise_sd_rad * io.draw(place as u32).normal();
            }
            if self.resolution_rad > 0.0 {
                angle_rad = (angle_rad / self.resolution_rad).round() * self.resolution_rad;
            }
            io.send(follower.reading, &[angle_rad], io.now, self.latency, header.valid == 1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::instrument::Followed;
    use trocar_signal::bench::Bench;
    use trocar_signal::{Layout, Standing};

    const BOTH: &str =
        "follows = { knee = 'x.truth.js.position.knee', hip = 'x.truth.js.position.hip' }\nrate = '1 kHz'\n";
    const DEG: f64 = std::f64::consts::PI / 180.0;

    fn js() -> GroupSpec {
        let joints = [("hip", Dimension::ANGLE), ("knee", Dimension::ANGLE), ("slide", Dimension::LENGTH)];
        GroupSpec::joint_state("x.truth.js", joints).class(GroupClass::Truth)
    }

    fn made(text: &str) -> Result<(Goniometer, Registration), Vec<Problem>> {
        let config: GoniometerConfig = toml::from_str(text).unwrap();
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let mut layout = Layout::default();
        layout.add(js()).unwrap();
        let mut reg = Registration::new("gonio");
        let find = |path: &str| Followed::find(&layout, path);
        Goniometer::new("gonio", &config, &find, &provenance, &mut reg).map(|made| (made, reg))
    }

    fn bench(more: &str) -> Bench {
        let (goniometer, reg) = made(&format!("{BOTH}{more}")).unwrap();
        Bench::new(vec![js()], vec![(reg, Box::new(goniometer))]).unwrap()
    }

    fn readings(bench: &mut Bench, at: u64, hip_rad: f64, knee_rad: f64) -> [f64; 2] {
        let values = [hip_rad, knee_rad, 0.1, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        bench.set("x.truth.js", Time(at), &values).unwrap();
        bench.activate(0, Time(at + 1)).unwrap();
        [bench.get("gonio.hip")[0], bench.get("gonio.knee")[0]]
    }

    #[test]
    fn each_joint_is_read_in_whole_steps() {
        let mut bench = bench("resolution = '0.1 deg'");
        let [hip, knee] = readings(&mut bench, 3, 10.04 * DEG, 20.06 * DEG);
        // Rounding of a number near 0.4.
        assert!((hip - 10.0 * DEG).abs() < 1e-15 && (knee - 20.1 * DEG).abs() < 1e-15, "{hip} {knee}");
        let (layout, table) = bench.table();
        assert_eq!(table.header(layout.group("gonio.knee").unwrap()).stamp, Time(4));
    }

    /// The zero of each joint is one draw for all readings; noise averages out, within five standard errors.
    #[test]
    fn zeros_stay_and_noise_does_not() {
        let mut still = bench("registration = '0.5 deg'");
        let [hip, knee] = readings(&mut still, 1, 0.2, 0.4);
        let zeros = [hip - 0.2, knee - 0.4];
        assert!(zeros[0] != zeros[1] && zeros.iter().all(|zero| *zero != 0.0 && zero.abs() < 2.5 * DEG));
        for k in 2..50 {
            let at = 0.01 * k as f64;
            let [hip, knee] = readings(&mut still, k, at, -at);
            assert!((hip - at - zeros[0]).abs() < 1e-15 && (knee + at - zeros[1]).abs() < 1e-15);
        }
        let mut noisy = bench("registration = '0.5 deg'\nnoise = '0.1 deg'");
        let n = 4000;
        let sum: f64 = (0..n).map(|k| readings(&mut noisy, k, 0.2, 0.4)[1]).sum();
        let error = sum / n as f64 - 0.4 - zeros[1];
        assert!(error.abs() < 5.0 * 0.1 * DEG / f64::sqrt(n as f64), "{error}");
    }

    #[test]
    fn mistakes_are_named() {
        let said = |text: &str| -> Vec<Problem> { made(text).err().unwrap_or_default() };
        let keys = |text: &str| said(text).into_iter().map(|p| p.key).collect::<Vec<_>>();
        assert_eq!(keys(BOTH), [""; 0]);
        assert_eq!(keys("follows = {}\nrate = '0 Hz'\nnoise = '-1 deg'"), ["follows", "rate", "noise"]);
        let slide = said("follows = { a = 'x.truth.js.position.slide' }\nrate = '1 kHz'");
        assert!(slide[0].what.contains("`displacement_sensor` reads lengths"), "{slide:?}");
        let whole = said("follows = { a = 'x.truth.js' }\nrate = '1 kHz'");
        assert!(whole[0].what.contains("no single angle"), "{whole:?}");
    }
}
