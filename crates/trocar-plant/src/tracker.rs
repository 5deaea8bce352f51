//! A position tracker: follows points in space, as a laser or optical tracker does.
//!
//! A reading is R·p + t + n: the point p in the frame that the file names, the registration (R, t) of tracker to frame,
//! the same in every reading of a set-up, and noise n, new in each reading and axis. The registration's rotation
//! vector and translation are drawn once for a run, each component normal with the standard deviation of the file; it
//! turns about the frame's origin. Noise is normal. Nothing is known here of the noise's colour or of its growth with
//! distance: real trackers have both.

use crate::check;
use crate::instrument::{InstrumentStatement, Resolve, resolve};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_signal::parameter::ParameterPort;
use trocar_signal::quantity::{Angle, Duration, Frequency, Length};
use trocar_signal::{
    Activation, Component, Dimension, GroupClass, GroupKind, GroupSpec, Nanos, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Sourced, Time, WritePort, state_words,
};

/// A position tracker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PositionTrackerConfig {
    /// What it follows: its own name for each point, and the point's path. `{ tool_tip = "arm.tool_tip" }` gives
    /// `TRACKER.tool_tip.position.x`, `.y` and `.z`.
    pub follows: BTreeMap<String, String>,
    /// The frame to which it is registered and in which it reads.
    pub frame: String,
    /// Readings each second.
    pub rate: Sourced<Frequency>,
    /// Standard deviation from one reading to the next, each axis.
    #[serde(default)]
    pub noise: Option<Sourced<Length>>,
    /// Expanded uncertainty (k = 2) of one reading as its certificate states it, registration included.
    #[serde(default)]
    pub uncertainty: Option<Sourced<Length>>,
    /// How far its registration to the frame may be off.
    #[serde(default)]
    pub registration: Option<RegistrationConfig>,
    /// From the instant of a reading to its arrival. The reading carries the instant at which it was taken.
    #[serde(default)]
    pub latency: Option<Sourced<Duration>>,
}

/// The error of a registration, drawn once for each set-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegistrationConfig {
    /// Standard deviation of the translation, each axis.
    pub translation: Sourced<Length>,
    /// Standard deviation of the rotation about each axis through the frame's origin.
    pub rotation: Sourced<Angle>,
}

impl PositionTrackerConfig {
    /// What is wrong with the numbers of this file section.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.follows.is_empty() {
            problems.push(Problem::new("follows", "a tracker follows at least one point"));
        }
        for name in self.follows.keys() {
            check::name(&mut problems, &format!("follows.{name}"), name);
        }
        check::within(&mut problems, "rate", self.rate.value.si(), 1e-3, 1e6);
        for (key, length) in [("noise", &self.noise), ("uncertainty", &self.uncertainty)] {
            if let Some(length) = length {
                check::not_negative(&mut problems, key, length.value.si());
            }
        }
        if let Some(registration) = &self.registration {
            check::not_negative(
                &mut problems,
                "registration.translation",
                registration.translation.value.si(),
            );
            check::within(&mut problems, "registration.rotation", registration.rotation.value.si(), 0.0, 0.1);
        }
        if let Some(latency) = &self.latency {
            check::not_negative(&mut problems, "latency", latency.value.si());
        }
        problems
    }

    /// What the instrument states about its readings.
    #[must_use]
    pub fn statement(&self) -> InstrumentStatement {
        let registration = self.registration.as_ref();
        InstrumentStatement {
            expanded_uncertainty: self.uncertainty.as_ref().map_or(0.0, |u| u.value.si()),
            noise_sd: self.noise.as_ref().map_or(0.0, |n| n.value.si()),
            latency_s: self.latency.as_ref().map_or(0.0, |l| l.value.si()),
            rate_hz: self.rate.value.si(),
            registration_translation_sd: registration.map_or(0.0, |r| r.translation.value.si()),
            registration_rotation_sd: registration.map_or(0.0, |r| r.rotation.value.si()),
            ..InstrumentStatement::silent(Dimension::LENGTH)
        }
    }
}

state_words! {
    /// What a tracker remembers.
    pub struct TrackerState {
        /// 1 once the registration is drawn.
        pub started: u64,
        /// The registration's rotation, row by row.
        pub rotation: [f64; 9],
        /// The registration's translation, m.
        pub translation: [f64; 3],
    }
}

/// The component of the instrument's name, a periodic task. Reads what it follows as it stood before its instant;
/// writes a point `NAME.FOLLOWER` for each.
pub struct PositionTracker {
    followers: Vec<(ReadPort, WritePort)>,
    noise: Option<ParameterPort>,
    translation_sd: f64,
    rotation_sd: f64,
    latency: Nanos,
    statement: InstrumentStatement,
}

/// First of the random lanes of the registration; the lanes below are three for each follower.
const REGISTRATION_LANE: u32 = 1 << 16;

impl PositionTracker {
    /// A tracker whose points `find` looks up.
    ///
    /// # Errors
    /// What is wrong with the configuration; a path that is no pose or point, or one in another frame than the file
    /// names: a registration to one frame says nothing about another.
    pub fn new(
        name: &str,
        config: &PositionTrackerConfig,
        find: Resolve<'_>,
        provenance: &Provenance<'_>,
        reg: &mut Registration,
    ) -> Result<PositionTracker, Vec<Problem>> {
        let mut problems = config.check();
        let mut followed = Vec::new();
        for (follower, path) in &config.follows {
            let key = format!("follows.{follower}");
            let Some(found) = resolve(find, path, &key, &mut problems) else { continue };
            let spec = found.group;
            if found.element.is_some() || !matches!(spec.kind, GroupKind::Pose | GroupKind::Point) {
                problems.push(Problem::new(key, format!("`{path}` is neither a point nor a pose")));
            } else if spec.frame.as_deref() != Some(config.frame.as_str()) {
                let frame = spec.frame.as_deref().unwrap_or("no frame");
                let what = format!("`{path}` is given in {frame}; the tracker reads in {}", config.frame);
                problems.push(Problem::new("frame", what));
            } else {
                followed.push((follower, spec));
            }
        }
        let latency =
            config.latency.as_ref().map_or(Some(Nanos::ZERO), |l| Nanos::from_seconds(l.value.si()));
        let Some(latency) = latency.filter(|_| problems.is_empty()) else { return Err(problems) };
        reg.delays_by(latency);
        let noise = config.noise.as_ref().map(|noise| {
            let path = format!("{name}.noise");
            reg.parameter(provenance.parameter(path, Dimension::LENGTH, noise.value.si(), noise, true))
        });
        declare_fixed(name, config, provenance, reg);
        reg.state::<TrackerState>();
        let followers = followed
            .into_iter()
            .map(|(follower, spec)| {
                let point = spec.point.as_deref().unwrap_or("");
                let written = GroupSpec::point(format!("{name}.{follower}"), &config.frame, point)
                    .class(GroupClass::Instrument)
                    .meaning("Position as the tracker reads it");
                (reg.read_previous(&spec.path), reg.write(written))
            })
            .collect();
        let statement = config.statement();
        Ok(PositionTracker {
            followers,
            noise,
            translation_sd: statement.registration_translation_sd,
            rotation_sd: statement.registration_rotation_sd,
            latency,
            statement,
        })
    }

    /// What the instrument states about its readings.
    #[must_use]
    pub fn statement(&self) -> InstrumentStatement {
        self.statement
    }
}

fn declare_fixed(
    name: &str,
    config: &PositionTrackerConfig,
    provenance: &Provenance<'_>,
    reg: &mut Registration,
) {
    let mut declare = |key: &str, dimension, nominal, behind| {
        let path = format!("{name}.{key}");
        reg.parameter(ParameterSpec::fixed(path, dimension, nominal, behind));
    };
    declare("rate", Dimension::FREQUENCY, config.rate.value.si(), provenance.of(&config.rate));
    if let Some(uncertainty) = &config.uncertainty {
        declare("uncertainty", Dimension::LENGTH, uncertainty.value.si(), provenance.of(uncertainty));
    }
    if let Some(latency) = &config.latency {
        declare("latency", Dimension::TIME, latency.value.si(), provenance.of(latency));
    }
    if let Some(RegistrationConfig { translation, rotation }) = &config.registration {
        declare(
            "registration.translation",
            Dimension::LENGTH,
            translation.value.si(),
            provenance.of(translation),
        );
        declare("registration.rotation", Dimension::ANGLE, rotation.value.si(), provenance.of(rotation));
    }
}

/// The rotation about the axis of `vector` by its length, row by row (Rodrigues).
fn rotation_matrix(vector: [f64; 3]) -> [f64; 9] {
    let [x, y, z] = vector;
    let angle = (x * x + y * y + z * z).sqrt();
    if angle == 0.0 {
        return [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    }
    let (x, y, z) = (x / angle, y / angle, z / angle);
    let (s, c) = trocar_math::sin_cos(angle);
    let v = 1.0 - c;
    [
        x * x * v + c,
        x * y * v - z * s,
        x * z * v + y * s,
        x * y * v + z * s,
        y * y * v + c,
        y * z * v - x * s,
        x * z * v - y * s,
        y * z * v + x * s,
        z * z * v + c,
    ]
}

impl Component for PositionTracker {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let stream = io.stream;
        let state = io.state::<TrackerState>();
        if state.started == 0 {
            let draw = |lane| stream.at(Time::ZERO.0, REGISTRATION_LANE + lane).normal();
            state.rotation = rotation_matrix([0, 1, 2].map(|axis| self.rotation_sd * draw(axis)));
            state.translation = [3, 4, 5].map(|axis| self.translation_sd * draw(axis));
            state.started = 1;
        }
        let (r, t) = (state.rotation, state.translation);
        let noise_sd = self.noise.map_or(0.0, |noise| io.parameter(noise));
        for (place, (read, write)) in self.followers.iter().enumerate() {
            let header = io.header(*read);
            if header.sequence == 0 {
                continue;
            }
            let p = io.read(*read);
            let p = [p[0], p[1], p[2]];
            let mut reading = [0.0; 3];
            for (axis, value) in reading.iter_mut().enumerate() {
                let row = &r[3 * axis..3 * axis + 3];
                *value = row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + t[axis];
                if noise_sd > 0.0 {
                    *value += noise_sd * io.draw((3 * place + axis) as u32).normal();
                }
            }
            io.send(*write, &reading, header.stamp, self.latency, header.valid == 1);
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

    fn config(noise_m: f64, registration: Option<RegistrationConfig>) -> PositionTrackerConfig {
        PositionTrackerConfig {
            follows: BTreeMap::from([("tool_tip".to_owned(), "psm1.truth.tip".to_owned())]),
            frame: "psm1.base".to_owned(),
            rate: Sourced::bare(Frequency::from_si(1000.0)),
            noise: Some(Sourced::bare(Length::from_si(noise_m))),
            uncertainty: Some(Sourced::bare(Length::from_si(15e-6))),
            registration,
            latency: Some(Sourced::bare(Duration::from_si(5e-3))),
        }
    }

    fn layout() -> Layout {
        let mut layout = Layout::default();
        layout.add(GroupSpec::pose("psm1.truth.tip", "psm1.base", "psm1.tool_tip")).unwrap();
        layout.add(GroupSpec::scalar("psm1.yaw.motor.current", Dimension::CURRENT)).unwrap();
        layout
    }

    fn tracker(config: &PositionTrackerConfig) -> Result<(PositionTracker, Registration), Vec<Problem>> {
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let layout = layout();
        let mut reg = Registration::new("tracker");
        let find = |path: &str| Followed::find(&layout, path);
        PositionTracker::new("tracker", config, &find, &provenance, &mut reg).map(|tracker| (tracker, reg))
    }

    fn bench(config: &PositionTrackerConfig) -> Bench {
        let (tracker, reg) = tracker(config).unwrap();
        let inputs = layout().groups().map(|(_, spec)| spec.clone()).collect();
        Bench::new(inputs, vec![(reg, Box::new(tracker))]).unwrap()
    }

    fn read(bench: &mut Bench, k: u64, p: [f64; 3]) -> [f64; 3] {
        let now = Time(k * 1_000_000);
        bench.set("psm1.truth.tip", now, &[p[0], p[1], p[2], 0.0, 0.0, 0.0, 1.0]).unwrap();
        let delays = bench.activate(0, now).unwrap();
        assert_eq!(delays["tracker.tool_tip"], Nanos(5_000_000));
        bench.get("tracker.tool_tip").try_into().unwrap()
    }

    #[test]
    fn without_noise_and_registration_it_reads_the_truth() {
        let mut bench = bench(&config(0.0, None));
        assert_eq!(read(&mut bench, 0, [0.1, -0.2, 0.3]), [0.1, -0.2, 0.3]);
        assert_eq!(read(&mut bench, 1, [0.4, 0.5, 0.6]), [0.4, 0.5, 0.6]);
    }

    /// Mean and variance of each axis, and covariance of two, within five standard errors.
    #[test]
    fn noise_is_white_and_as_large_as_written() {
        let sd = 8e-6;
        let mut bench = bench(&config(sd, None));
        let n = 20_000_u32;
        let readings: Vec<[f64; 3]> = (0..u64::from(n)).map(|k| read(&mut bench, k, [0.0; 3])).collect();
        let n = f64::from(n);
        for axis in 0..3 {
            let mean = readings.iter().map(|r| r[axis] / sd).sum::<f64>() / n;
            let variance = readings.iter().map(|r| trocar_math::powi(r[axis] / sd, 2)).sum::<f64>() / n;
            let other = readings.iter().map(|r| r[axis] * r[(axis + 1) % 3] / sd / sd).sum::<f64>() / n;
            let after = readings.windows(2).map(|r| r[0][axis] * r[1][axis] / sd / sd).sum::<f64>() / n;
            assert!(mean.abs() < 5.0 / n.sqrt());
            assert!((variance - 1.0).abs() < 5.0 * f64::sqrt(2.0 / n));
            assert!(other.abs() < 5.0 / n.sqrt() && after.abs() < 5.0 / n.sqrt());
        }
    }

    /// The same rigid motion in every reading: distances between points stay.
    #[test]
    fn a_registration_moves_everything_alike_and_keeps_distances() {
        let registration = RegistrationConfig {
            translation: Sourced::bare(Length::from_si(1e-3)),
            rotation: Sourced::bare(Angle::from_si(0.05)),
        };
        let mut bench = bench(&config(0.0, Some(registration)));
        let points = [[0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [0.0, 0.2, -0.1], [0.0, 0.0, 0.0]];
        let readings: Vec<_> =
            points.iter().enumerate().map(|(k, p)| read(&mut bench, k as u64, *p)).collect();
        assert_eq!(readings[0], readings[3], "the registration changed between readings");
        let distance =
            |a: [f64; 3], b: [f64; 3]| (0..3).map(|i| trocar_math::powi(a[i] - b[i], 2)).sum::<f64>().sqrt();
        assert!(distance(readings[1], points[1]) > 1e-4, "nothing moved");
        for i in 0..3 {
            for j in 0..i {
                let change = distance(readings[i], readings[j]) - distance(points[i], points[j]);
                // Roundings of a rotation of numbers below one.
                assert!(change.abs() < 1e-15, "{change}");
            }
        }
    }

    #[test]
    fn what_it_cannot_follow_is_named() {
        let mut wrong = config(0.0, None);
        wrong.frame = "world".to_owned();
        assert_eq!(tracker(&wrong).err().unwrap()[0].key, "frame");
        wrong = config(0.0, None);
        wrong.follows.insert("motor".to_owned(), "psm1.yaw.motor.current".to_owned());
        wrong.follows.insert("nothing".to_owned(), "psm1.nothing".to_owned());
        let keys: Vec<String> = tracker(&wrong).err().unwrap().into_iter().map(|p| p.key).collect();
        assert_eq!(keys, ["follows.motor", "follows.nothing"]);
    }

    #[test]
    fn its_statement_carries_what_the_file_says() {
        let (tracker, reg) = tracker(&config(8e-6, None)).unwrap();
        let statement = tracker.statement();
        assert_eq!(
            (statement.expanded_uncertainty, statement.noise_sd, statement.coverage_k),
            (15e-6, 8e-6, 2.0)
        );
        assert_eq!(reg.writes[0].class, GroupClass::Instrument);
        assert_eq!(reg.writes[0].point.as_deref(), Some("psm1.tool_tip"));
        assert!(reg.reads[0].previous);
    }
}
