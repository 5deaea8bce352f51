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
    /// That it reads orientations too: then each pose that it follows is a pose `TRACKER.NAME`, with
    /// `TRACKER.NAME.orientation.x` to `.w` beside the position.
    #[serde(default)]
    pub orientation: Option<OrientationConfig>,
    /// How far its registration to the frame may be off.
    #[serde(default)]
    pub registration: Option<RegistrationConfig>,
    /// From the instant of a reading to its arrival. The reading carries the instant at which it was taken.
    #[serde(default)]
    pub latency: Option<Sourced<Duration>>,
}

/// How a tracker reads orientations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrientationConfig {
    /// Standard deviation from one reading to the next, of the angle about each axis.
    #[serde(default)]
    pub noise: Option<Sourced<Angle>>,
    /// Expanded uncertainty (k = 2) of one reading's angle about each axis as its certificate states it.
    #[serde(default)]
    pub uncertainty: Option<Sourced<Angle>>,
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
        if let Some(orientation) = &self.orientation {
            for (key, angle) in [("noise", &orientation.noise), ("uncertainty", &orientation.uncertainty)] {
                if let Some(angle) = angle {
                    check::within(&mut problems, &format!("orientation.{key}"), angle.value.si(), 0.0, 0.1);
                }
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

    fn orientation_noise_rad(&self) -> f64 {
        self.orientation.as_ref().and_then(|o| o.noise.as_ref()).map_or(0.0, |noise| noise.value.si())
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
            angle_noise_sd: self.orientation_noise_rad(),
            angle_expanded_uncertainty: self
                .orientation
                .as_ref()
                .and_then(|o| o.uncertainty.as_ref())
                .map_or(0.0, |u| u.value.si()),
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
    /// Whether orientations are read, and their noise about each axis (rad).
    orientation: Option<f64>,
    translation_sd: f64,
    rotation_sd: f64,
    latency: Nanos,
    statement: InstrumentStatement,
}

/// First of the random lanes of the registration; the lanes below are three for each follower.
const REGISTRATION_LANE: u32 = 1 << 16;

/// First of the random lanes of the orientations' noise, three for each follower.
const ORIENTATION_LANE: u32 = 1 << 17;

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
            } else if config.orientation.is_some() && spec.kind != GroupKind::Pose {
                let what = format!("`{path}` is a point and has no orientation to read");
                problems.push(Problem::new(key, what));
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
                let path = format!("{name}.{follower}");
                let written = match config.orientation {
                    None => GroupSpec::point(path, &config.frame, point)
                        .meaning("Position as the tracker reads it"),
                    Some(_) => GroupSpec::pose(path, &config.frame, point)
                        .meaning("Position and orientation as the tracker reads them"),
                };
                let written = written.class(GroupClass::Instrument);
                (reg.read_previous(&spec.path), reg.write(written))
            })
            .collect();
        let statement = config.statement();
        Ok(PositionTracker {
            followers,
            noise,
            orientation: config.orientation.as_ref().map(|_| config.orientation_noise_rad()),
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

/// The quaternion (x, y, z, w) of a rotation by less than half a turn, given row by row.
fn quaternion(r: &[f64; 9]) -> [f64; 4] {
    let w = 0.5 * trocar_math::max(0.0, 1.0 + r[0] + r[4] + r[8]).sqrt();
    [(r[7] - r[5]) / (4.0 * w), (r[2] - r[6]) / (4.0 * w), (r[3] - r[1]) / (4.0 * w), w]
}

/// The quaternion of a rotation vector.
fn turn_by(vector: [f64; 3]) -> [f64; 4] {
    let [x, y, z] = vector;
    let angle = (x * x + y * y + z * z).sqrt();
    if angle == 0.0 {
        return [0.0, 0.0, 0.0, 1.0];
    }
    let (s, c) = trocar_math::sin_cos(0.5 * angle);
    [x * s / angle, y * s / angle, z * s / angle, c]
}

/// The rotation `a` after `b`.
fn product(a: [f64; 4], b: [f64; 4]) -> [f64; 4] {
    let ([ax, ay, az, aw], [bx, by, bz, bw]) = (a, b);
    [
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
        aw * bw - ax * bx - ay * by - az * bz,
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
            let followed = io.read(*read);
            let p = [followed[0], followed[1], followed[2]];
            let turned = followed.get(3..7).and_then(|q| q.first_chunk::<4>()).copied();
            let mut reading = [0.0; 7];
            for (axis, value) in reading.iter_mut().take(3).enumerate() {
                let row = &r[3 * axis..3 * axis + 3];
                *value = row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + t[axis];
                if noise_sd > 0.0 {
                    *value += noise_sd * io.draw((3 * place + axis) as u32).normal();
                }
            }
            let values = match (self.orientation, turned) {
                (Some(sd), Some(q)) => {
                    let noise = [0, 1, 2].map(|axis| {
                        let lane = ORIENTATION_LANE + 3 * place as u32 + axis;
                        if sd > 0.0 { sd * io.draw(lane).normal() } else { 0.0 }
                    });
                    let registered = product(quaternion(&r), q);
                    reading[3..].copy_from_slice(&product(turn_by(noise), registered));
                    &reading[..]
                }
                _ => &reading[..3],
            };
            io.send(*write, values, header.stamp, self.latency, header.valid == 1);
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
            orientation: None,
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

    /// With a registration that turns by φ and noise of σ, the orientation read is φ away from the truth in the mean, and
    /// scatters by σ about each axis.
    #[test]
    fn orientations_turn_with_the_registration_and_have_noise_of_their_own() {
        let registration = |rotation: f64| RegistrationConfig {
            translation: Sourced::bare(Length::from_si(0.0)),
            rotation: Sourced::bare(Angle::from_si(rotation)),
        };
        let sd = 1e-4;
        let oriented = |noise: f64, rotation: f64| {
            let noise = Some(Sourced::bare(Angle::from_si(noise)));
            let orientation = Some(OrientationConfig { noise, uncertainty: None });
            bench(&PositionTrackerConfig { orientation, ..config(0.0, Some(registration(rotation))) })
        };
        // A tool that points down: half a turn about x.
        let down = [0.0, 0.0, 0.1, 1.0, 0.0, 0.0, 0.0];
        let read = |bench: &mut Bench, k: u64| -> [f64; 7] {
            let now = Time(k * 1_000_000);
            bench.set("psm1.truth.tip", now, &down).unwrap();
            bench.activate(0, now).unwrap();
            bench.get("tracker.tool_tip").try_into().unwrap()
        };
        assert_eq!(read(&mut oriented(0.0, 0.0), 0), down);
        // The vector part of reading times inverse truth is half the rotation vector.
        let half_turn = |r: [f64; 7]| product([r[3], r[4], r[5], r[6]], [-1.0, 0.0, 0.0, 0.0]);
        let turned = read(&mut oriented(0.0, 0.01), 0);
        let found = half_turn(turned).map(|x| 2.0 * x);
        // The position, 0.1 m away along z, moves by the same rotation: x by 0.1 φ_y, y by −0.1 φ_x; second order left.
        assert!((turned[0] - 0.1 * found[1]).abs() < 2e-5 && (turned[1] + 0.1 * found[0]).abs() < 2e-5);
        assert!(found[0].abs() + found[1].abs() + found[2].abs() > 1e-3);
        let mut noisy = oriented(sd, 0.0);
        let n = 5000;
        let squares = (0..n)
            .map(|k| half_turn(read(&mut noisy, k)))
            .fold([0.0; 3], |sum, q| [0, 1, 2].map(|axis| sum[axis] + 4.0 * q[axis] * q[axis] / sd / sd));
        for axis in squares {
            assert!((axis / n as f64 - 1.0).abs() < 5.0 * f64::sqrt(2.0 / n as f64), "{axis}");
        }
        // A point has no orientation.
        let mut layout = Layout::default();
        layout.add(GroupSpec::point("psm1.truth.tip", "psm1.base", "psm1.tool_tip")).unwrap();
        let orientation = Some(OrientationConfig { noise: None, uncertainty: None });
        let config = PositionTrackerConfig { orientation, ..config(0.0, None) };
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Declared };
        let find = |path: &str| Followed::find(&layout, path);
        let mut reg = Registration::new("tracker");
        let problems = PositionTracker::new("tracker", &config, &find, &provenance, &mut reg).err().unwrap();
        assert_eq!(problems[0].key, "follows.tool_tip");
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
