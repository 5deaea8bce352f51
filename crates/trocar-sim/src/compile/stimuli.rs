//! The motion of a phase, as the program makes it.

use super::Compiler;
use super::program::{Inboxes, element_prefix, frame_in_base, joint_element, joint_range, joint_values};
use crate::program::{Action, Course, MAX_COMMAND, Recorded, Travel, Wave};
use std::sync::Arc;
use trocar_scenario::phase::{MoveConfig, PhaseConfig};
use trocar_scenario::stimulus::{Axis, RecordedConfig, Sweep};
use trocar_signal::quantity::Duration;
use trocar_signal::{AnyQuantity, Diagnostic, Dimension, GroupKind, GroupSpec, Nanos};

/// Poses by name, as values of a Cartesian command.
type Poses = [(String, Vec<f64>)];

fn nanos(duration: Duration) -> Nanos {
    Nanos::from_seconds(duration.si()).unwrap_or(Nanos::ZERO)
}

/// What a phase does once its commands are sent. Where something is wrong with it, it waits: the mistakes are kept.
pub(crate) fn action(
    compiler: &mut Compiler<'_>,
    key: &str,
    config: &PhaseConfig,
    inboxes: &mut Inboxes,
    poses: &Poses,
) -> Action {
    let mut maker = Maker { compiler, inboxes, poses };
    maker.action(key, config).unwrap_or(Action::Wait)
}

/// One number of a command that supersedes.
struct Moved {
    inbox: usize,
    element: usize,
    dimension: Dimension,
    /// From its lower to its upper limit, where it is that of a joint.
    range: Option<(f64, f64)>,
}

struct Maker<'m, 'a> {
    compiler: &'m mut Compiler<'a>,
    inboxes: &'m mut Inboxes,
    poses: &'m Poses,
}

impl Maker<'_, '_> {
    fn action(&mut self, key: &str, config: &PhaseConfig) -> Option<Action> {
        if let Some(motion) = &config.motion {
            return self.moves(&format!("{key}.move"), motion);
        }
        if let Some(step) = &config.step {
            let key = format!("{key}.step");
            let moved = self.moved(&key, &step.command, step.joint.as_deref(), step.axis)?;
            let travel = self.travel(&key, step.by, step.to, &moved);
            let hold = nanos(step.hold);
            return Some(Action::Step { inbox: moved.inbox, element: moved.element, travel, hold });
        }
        if let Some(ramp) = &config.ramp {
            let key = format!("{key}.ramp");
            let moved = self.moved(&key, &ramp.command, ramp.joint.as_deref(), ramp.axis)?;
            let travel = self.travel(&key, ramp.by, ramp.to, &moved);
            let speed = self.of(&key, "speed", ramp.speed, &moved, Dimension::TIME);
            let hold = nanos(ramp.hold);
            return Some(Action::Ramp { inbox: moved.inbox, element: moved.element, travel, speed, hold });
        }
        if let Some(sine) = &config.sine {
            let key = format!("{key}.sine");
            let moved = self.moved(&key, &sine.command, sine.joint.as_deref(), sine.axis)?;
            let amplitude = self.of(&key, "amplitude", sine.amplitude, &moved, Dimension::NUMBER);
            let wave = Wave::Sine { amplitude, frequency_hz: sine.frequency.si() };
            return Some(moved.along(wave, sine.duration_s(), sine.hold));
        }
        if let Some(chirp) = &config.chirp {
            let key = format!("{key}.chirp");
            let moved = self.moved(&key, &chirp.command, chirp.joint.as_deref(), chirp.axis)?;
            let wave = Wave::Chirp {
                amplitude: self.of(&key, "amplitude", chirp.amplitude, &moved, Dimension::NUMBER),
                from_hz: chirp.from.si(),
                to_hz: chirp.to.si(),
                logarithmic: chirp.sweep == Sweep::Logarithmic,
            };
            return Some(moved.along(wave, chirp.duration.si(), chirp.hold));
        }
        if let Some(noise) = &config.noise {
            let key = format!("{key}.noise");
            let moved = self.moved(&key, &noise.command, noise.joint.as_deref(), noise.axis)?;
            let rms = self.of(&key, "amplitude", noise.amplitude, &moved, Dimension::NUMBER);
            let wave = Wave::Noise { rms, bandwidth_hz: noise.bandwidth.si() };
            return Some(moved.along(wave, noise.duration.si(), noise.hold));
        }
        if let Some(line) = &config.line {
            let key = format!("{key}.line");
            let inbox = self.of_the_tip(&key, &line.command)?;
            let through: Option<Vec<_>> = line
                .through
                .iter()
                .enumerate()
                .map(|(i, name)| self.pose(&format!("{key}.through[{i}]"), name))
                .collect();
            let course = Course::Line { through: through?, speed_mps: line.speed.si() };
            return Some(Action::Follow { inbox, course, hold: nanos(line.hold) });
        }
        if let Some(arc) = &config.arc {
            let key = format!("{key}.arc");
            let inbox = self.of_the_tip(&key, &arc.command)?;
            let via = self.pose(&format!("{key}.via"), &arc.via);
            let to = self.pose(&format!("{key}.to"), &arc.to);
            let course =
                Course::Arc { via: via?, to: to?, whole: arc.whole_circle, speed_mps: arc.speed.si() };
            return Some(Action::Follow { inbox, course, hold: nanos(arc.hold) });
        }
        let recorded = config.recorded.as_ref()?;
        self.recorded(&format!("{key}.recorded"), recorded)
    }

    fn moves(&mut self, key: &str, motion: &MoveConfig) -> Option<Action> {
        let inbox = self.inboxes.find(self.compiler, &format!("{key}.command"), &motion.command)?;
        let spec = self.inboxes.list[inbox].spec.clone();
        let mut through = Vec::new();
        for (i, name) in motion.through.iter().enumerate() {
            let key = format!("{key}.through[{i}]");
            if spec.kind == GroupKind::Pose {
                let values = self.pose(&key, name)?;
                let at = self.poses.iter().position(|(known, _)| known == name)?;
                through.push((at, values.map(Some).to_vec()));
                continue;
            }
            let postures = &self.compiler.loaded.scenario.postures;
            let Some((at, joints)) = postures.keys().position(|known| known == name).zip(postures.get(name))
            else {
                let what = format!(
                    "`{name}` is a pose, and this command takes joint positions: name one of `[postures]`, or \
                     move by a Cartesian command, e.g. `arm.move_cp`"
                );
                self.compiler.problem(&key, what);
                return None;
            };
            // Mistakes in a posture are shown where it stands.
            let values =
                joint_values(self.compiler, &format!("postures.{name}"), &self.inboxes.list[inbox], joints)?;
            through.push((self.poses.len() + at, values));
        }
        Some(Action::Move { inbox, through, dwell: nanos(motion.dwell) })
    }

    /// Position and orientation of a pose by its name.
    fn pose(&mut self, key: &str, name: &str) -> Option<[f64; 7]> {
        let found = self.poses.iter().find(|(known, _)| known == name);
        if found.is_none() && self.compiler.loaded.scenario.postures.contains_key(name) {
            let what = format!("`{name}` is a posture of joints, and a pose of the tip is meant here");
            self.compiler.problem(key, what);
        }
        found.and_then(|(_, values)| values.first_chunk().copied())
    }

    /// The inbox of a command that supersedes: of the tip where `cartesian`, else of joints.
    fn superseding(&mut self, key: &str, command: &str, cartesian: bool) -> Option<usize> {
        let key = format!("{key}.command");
        let at = self.inboxes.find(self.compiler, &key, command)?;
        let inbox = &self.inboxes.list[at];
        let is_cartesian = matches!(inbox.spec.kind, GroupKind::Pose | GroupKind::Point);
        let takes = inbox.supersedes && inbox.setpoint.is_some() && inbox.spec.elements.len() <= MAX_COMMAND;
        if takes && is_cartesian == cartesian {
            return Some(at);
        }
        let what = match cartesian {
            true => {
                "this motion is of the tip and needs a Cartesian command that supersedes, e.g. `arm.servo_cp`"
            }
            false => "this motion needs a joint command that supersedes, e.g. `arm.servo_jp`",
        };
        self.compiler.problem(&key, what);
        None
    }

    /// The inbox of a command that takes poses of the tip at once.
    fn of_the_tip(&mut self, key: &str, command: &str) -> Option<usize> {
        let inbox = self.superseding(key, command, true)?;
        if self.inboxes.list[inbox].spec.kind == GroupKind::Pose {
            return Some(inbox);
        }
        let what = "this motion goes through poses of an arm's tip; a motion generator is moved by `ramp`, `step`, `sine`, \
                    `chirp`, `noise` or `recorded`";
        self.compiler.problem(&format!("{key}.command"), what);
        None
    }

    /// The number of a command that a joint or an axis names.
    fn moved(&mut self, key: &str, command: &str, joint: Option<&str>, axis: Option<Axis>) -> Option<Moved> {
        let inbox = self.superseding(key, command, axis.is_some())?;
        let spec: GroupSpec = self.inboxes.list[inbox].spec.clone();
        let element = match (joint, axis) {
            (_, Some(axis)) => {
                let name = format!("position.{}", axis.word());
                spec.elements.iter().position(|element| element.name == name)?
            }
            (Some(joint), None) => joint_element(self.compiler, &format!("{key}.joint"), &spec, joint)?,
            // The file's own check has refused a motion with neither.
            (None, None) => return None,
        };
        let range = joint_range(self.compiler, &spec, element).filter(|_| axis.is_none());
        Some(Moved { inbox, element, dimension: spec.elements[element].dimension, range })
    }

    /// The value of a quantity of a number that moves, over another dimension; a percentage is of the joint's range.
    fn of(&mut self, key: &str, field: &str, quantity: AnyQuantity, moved: &Moved, over: Dimension) -> f64 {
        let (meant, is) = (moved.dimension.over(over), quantity.dimension);
        if is == meant {
            return quantity.si;
        }
        if let Some((lower, upper)) = moved.range
            && is == Dimension::NUMBER.over(over)
        {
            return quantity.si * (upper - lower);
        }
        let or = if moved.range.is_some() { ", or a percentage of the joint's range," } else { "" };
        let what = format!("{meant}{or} is meant here, and this is {is}");
        self.compiler.problem(&format!("{key}.{field}"), what);
        quantity.si
    }

    fn travel(
        &mut self,
        key: &str,
        by: Option<AnyQuantity>,
        to: Option<AnyQuantity>,
        moved: &Moved,
    ) -> Travel {
        match (by, to) {
            (Some(by), _) => Travel::By(self.of(key, "by", by, moved, Dimension::NUMBER)),
            (None, Some(to)) => {
                let from =
                    moved.range.filter(|_| to.dimension == Dimension::NUMBER).map_or(0.0, |range| range.0);
                Travel::To(from + self.of(key, "to", to, moved, Dimension::NUMBER))
            }
            // The file's own check has refused a motion with neither.
            (None, None) => Travel::By(0.0),
        }
    }

    fn recorded(&mut self, key: &str, config: &RecordedConfig) -> Option<Action> {
        let command_key = format!("{key}.command");
        let at = self.inboxes.find(self.compiler, &command_key, &config.command)?;
        let is_cartesian = matches!(self.inboxes.list[at].spec.kind, GroupKind::Pose | GroupKind::Point);
        let inbox = self.superseding(key, &config.command, is_cartesian)?;
        let spec = self.inboxes.list[inbox].spec.clone();
        let table = self.compiler.loaded.tables.get(&config.file)?;
        let centre = match &config.frame {
            Some(_) if !is_cartesian => {
                self.compiler.problem(&format!("{key}.frame"), "joint positions have no frame: leave it out");
                return None;
            }
            Some(frame) => {
                let frame_key = format!("{key}.frame");
                let (instance, centre) = frame_in_base(self.compiler, &frame_key, frame)?;
                if !spec.path.starts_with(&format!("{instance}.")) {
                    let what = "this frame belongs to another device than the command";
                    self.compiler.problem(&frame_key, what);
                }
                [centre.x, centre.y, centre.z]
            }
            None => [0.0; 3],
        };
        let mut columns = Vec::new();
        for column in &table.columns {
            let wanted = match column.name.strip_prefix('q') {
                Some(part @ ("x" | "y" | "z" | "w")) if is_cartesian => format!("orientation.{part}"),
                _ => format!("{}{}", element_prefix(&spec), column.name),
            };
            let is_jaw = |name: &str| name == "position" && column.name == "jaw";
            let place = spec.elements.iter().position(|e| e.name == wanted || is_jaw(&e.name));
            let title = match place {
                None if config.if_present.contains(&column.name) => continue,
                None => {
                    let known: Vec<&str> = match is_cartesian {
                        true => vec!["x", "y", "z", "qx", "qy", "qz", "qw"],
                        false => spec
                            .elements
                            .iter()
                            .filter_map(|e| e.name.strip_prefix(element_prefix(&spec)))
                            .collect(),
                    };
                    let and =
                        if is_cartesian { "" } else { "; `if_present` names columns that may lack a joint" };
                    format!(
                        "no column of this command is called `{}`: {}{and}",
                        column.name,
                        known.join(", ")
                    )
                }
                Some(place) if spec.elements[place].dimension != column.dimension => {
                    let meant = spec.elements[place].dimension;
                    format!("`{}`: {meant} is meant here, and this is {}", column.name, column.dimension)
                }
                Some(place) => {
                    let shift = if config.relative { 0.0 } else { centre.get(place).copied().unwrap_or(0.0) };
                    columns
                        .push((place, column.values.iter().map(|value| value + shift).collect::<Vec<f64>>()));
                    continue;
                }
            };
            let mistake = Diagnostic::error("bad-table", title).at(&table.shown, column.head.clone(), "");
            self.compiler.found.push(mistake);
        }
        for (i, name) in config.if_present.iter().enumerate() {
            if !table.columns.iter().any(|column| column.name == *name) {
                let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
                let what = format!("the table has no column `{name}`; it has {}", names.join(", "));
                self.compiler.problem(&format!("{key}.if_present[{i}]"), what);
            }
        }
        if columns.is_empty() && table.columns.iter().all(|column| config.if_present.contains(&column.name)) {
            let what = "none of the table's columns is a joint of this robot, and nothing would move";
            self.compiler.problem(&format!("{key}.if_present"), what);
            return None;
        }
        let orientation = self.orientation(key, config, &table.times_s, &mut columns)?;
        let mut times_s = table.times_s.clone();
        if let Some(lasts) = config.lasts
            && let Some(whole_s) = times_s.last().copied()
        {
            // The file's own check has refused a time that is none; the last row comes at it exactly.
            times_s.iter_mut().for_each(|time_s| *time_s = *time_s / whole_s * lasts.si());
        }
        let recorded = Recorded { times_s, columns, relative: config.relative, orientation };
        Some(Action::Follow { inbox, course: Course::Recorded(Arc::new(recorded)), hold: nanos(config.hold) })
    }

    /// Where the orientation of a recorded motion begins; its quaternions are made one long and of one sign.
    fn orientation(
        &mut self,
        key: &str,
        config: &RecordedConfig,
        times_s: &[f64],
        columns: &mut [(usize, Vec<f64>)],
    ) -> Option<Option<usize>> {
        const FIRST: usize = 3;
        let is_turning = |place: usize| (FIRST..FIRST + 4).contains(&place);
        let mut parts: Vec<&mut (usize, Vec<f64>)> = columns
            .iter_mut()
            .filter(|(place, _)| config.command.ends_with("_cp") && is_turning(*place))
            .collect();
        parts.sort_by_key(|(place, _)| *place);
        let problem = match parts.len() {
            0 => return Some(None),
            4 if !config.relative => None,
            4 => Some("an orientation is no displacement: leave out `relative`, or qx, qy, qz and qw"),
            _ => Some("an orientation needs all of qx, qy, qz and qw"),
        };
        if let Some(what) = problem {
            self.compiler.problem(&format!("{key}.file"), what);
            return None;
        }
        let mut before = [0.0; 4];
        for row in 0..times_s.len() {
            let now = [0, 1, 2, 3].map(|part| parts[part].1[row]);
            let length = now.iter().map(|part| part * part).sum::<f64>().sqrt();
            if (length - 1.0).abs() > 0.01 {
                let what =
                    format!("row {}: the orientation is {length} long, and a rotation is 1 long", row + 1);
                self.compiler.problem(&format!("{key}.file"), what);
                return None;
            }
            let product: f64 = now.iter().zip(before).map(|(a, b)| a * b).sum();
            let scale = if product < 0.0 { -length } else { length };
            before = now.map(|part| part / scale);
            for (part, value) in parts.iter_mut().zip(before) {
                part.1[row] = value;
            }
        }
        Some(Some(FIRST))
    }
}

impl Moved {
    fn along(self, wave: Wave, duration_s: f64, hold: Duration) -> Action {
        let course = Course::Wave { element: self.element, wave, duration_s };
        Action::Follow { inbox: self.inbox, course, hold: nanos(hold) }
    }
}
