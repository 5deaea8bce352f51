//! The sensors in a robot's frames: what is wrong with where they stand and what they are called.

use crate::common::under;
use crate::mechanism::{FrameConfig, FrameKind};
use crate::robot::RobotFile;
use crate::text::nearest;
use std::collections::BTreeSet;
use trocar_plant::ActuatorKind;
use trocar_signal::Problem;

/// Names that signals of other parts begin with.
const TAKEN: [&str; 13] = [
    "arm",
    "assistance",
    "base",
    "bus",
    "declared",
    "jaw",
    "load",
    "mechanism",
    "servo",
    "stop",
    "stop_behaviour",
    "supervisor",
    "truth",
];

impl RobotFile {
    /// How the frame of this name moves; `None` for one that is fixed or does not exist.
    #[must_use]
    pub fn joint_of_frame(&self, name: &str) -> Option<ActuatorKind> {
        match self.mechanism.frames.iter().find(|frame| frame.name == name)?.kind {
            FrameKind::Revolute => Some(ActuatorKind::Revolute),
            FrameKind::Prismatic => Some(ActuatorKind::Prismatic),
            FrameKind::Fixed => None,
        }
    }

    /// Mistakes in `[[imus]]`, `[[force_sensors]]` and `[[torque_sensors]]`; keys from the file's root.
    pub(crate) fn check_sensors(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let frames = &self.mechanism.frames;
        let known = |name: &str| frames.iter().any(|frame| frame.name == name);
        let no_frame = |key: String, name: &str| {
            let guess = nearest(name, frames.iter().map(|f: &FrameConfig| f.name.as_str()))
                .map_or_else(String::new, |guess| format!("; did you mean `{guess}`?"));
            Problem::new(key, format!("there is no frame `{name}`{guess}"))
        };
        let mut names: BTreeSet<&str> = TAKEN.into();
        names.extend(self.actuators.iter().map(|a| a.name.as_str()));
        names.extend(self.mechanism.coordinates.iter().map(|c| c.name.as_str()));
        names.extend(frames.iter().map(|f| f.name.as_str()));
        let imus = self.imus.iter().enumerate();
        let imus = imus.map(|(i, s)| (format!("imus[{i}]"), &s.name, &s.frame, s.check()));
        let forces = self.force_sensors.iter().enumerate();
        let forces = forces.map(|(i, s)| (format!("force_sensors[{i}]"), &s.name, &s.frame, s.check()));
        for (key, name, frame, wrong) in imus.chain(forces) {
            problems.extend(under(&key, wrong));
            if !names.insert(name) {
                let what = format!(
                    "`{name}` is also the name of a joint, an actuator, a frame, another sensor or a part of every arm; \
                     call it e.g. `{name}_sensor`"
                );
                problems.push(Problem::new(format!("{key}.name"), what));
            }
            if !known(frame) {
                problems.push(no_frame(format!("{key}.frame"), frame));
            }
        }
        for (i, sensor) in self.torque_sensors.iter().enumerate() {
            let key = format!("torque_sensors[{i}]");
            if self.torque_sensors[..i].iter().any(|other| other.frame == sensor.frame) {
                let what = format!("the joint of `{}` has a torque sensor already", sensor.frame);
                problems.push(Problem::new(format!("{key}.frame"), what));
            }
            match self.joint_of_frame(&sensor.frame) {
                Some(kind) => problems.extend(under(&key, sensor.check(kind))),
                None if known(&sensor.frame) => {
                    let what = format!(
                        "`{}` is fixed to its parent and has no joint; a [[force_sensors]] can stand there",
                        sensor.frame
                    );
                    problems.push(Problem::new(format!("{key}.frame"), what));
                }
                None => problems.push(no_frame(format!("{key}.frame"), &sensor.frame)),
            }
        }
        problems
    }
}
