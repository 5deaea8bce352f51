//! Tables over time.

use super::{FileError, names};
use std::fmt::Write as _;

/// One joint of a `jointStates` file, by any name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JointState<'a> {
    /// Before `_pos`, `_vel`, `_acc`.
    pub name: &'a str,
    /// rad.
    pub position_rad: &'a [f64],
    /// rad/s.
    pub velocity_radps: &'a [f64],
    /// rad/s², where it is known.
    pub acceleration_radps2: Option<&'a [f64]>,
}

/// A table whose first column is the time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// s, rising.
    pub time_s: Vec<f64>,
    /// Label and values, as many as there are times, in the unit that the file's type gives them.
    pub columns: Vec<(String, Vec<f64>)>,
}

impl Series {
    /// `jointAngles`: coordinates of a person by name (`hip_flexion_r`) with their angles, rad; in the file they are degrees. What EUROBENCH has no label for is
    /// left out.
    #[must_use]
    pub fn joint_angles(time_s: &[f64], angles_rad: &[(&str, &[f64])]) -> Self {
        Self::joints(time_s, angles_rad, f64::to_degrees)
    }

    /// `jointTorques`: the same with efforts on these coordinates, N m.
    #[must_use]
    pub fn joint_torques(time_s: &[f64], torques_nm: &[(&str, &[f64])]) -> Self {
        Self::joints(time_s, torques_nm, |torque| torque)
    }

    fn joints(time_s: &[f64], joints: &[(&str, &[f64])], unit: fn(f64) -> f64) -> Self {
        let column = |(name, values): &(&str, &[f64])| {
            Some((names::label(name)?, values.iter().copied().map(unit).collect()))
        };
        Self { time_s: time_s.to_vec(), columns: joints.iter().filter_map(column).collect() }
    }

    /// `jointStates`, of a device or of a person.
    #[must_use]
    pub fn joint_states(time_s: &[f64], joints: &[JointState<'_>]) -> Self {
        let mut columns = Vec::new();
        for joint in joints {
            let mut push = |part: &str, values: &[f64]| {
                columns.push((format!("{}_{part}", joint.name), values.to_vec()))
            };
            push("pos", joint.position_rad);
            push("vel", joint.velocity_radps);
            if let Some(values) = joint.acceleration_radps2 {
                push("acc", values);
            }
        }
        Self { time_s: time_s.to_vec(), columns }
    }

    /// `wrench`: force (N) and torque (N m) in Trocar's world; in the file they are in EUROBENCH's frame.
    #[must_use]
    pub fn wrench(time_s: &[f64], force_in_world_n: &[[f64; 3]], torque_in_world_nm: &[[f64; 3]]) -> Self {
        let mut columns = Vec::new();
        for (name, vectors) in [("force", force_in_world_n), ("torque", torque_in_world_nm)] {
            for (k, axis) in ["x", "y", "z"].into_iter().enumerate() {
                let values = vectors.iter().map(|vector| names::from_world(*vector)[k]).collect();
                columns.push((format!("{name}_{axis}"), values));
            }
        }
        Self { time_s: time_s.to_vec(), columns }
    }

    /// The values under a label.
    #[must_use]
    pub fn column(&self, label: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(own, _)| own == label).map(|(_, values)| values.as_slice())
    }

    /// The file: semicolons, labels first, numbers that read back to the bit.
    ///
    /// # Errors
    /// A label that is empty, used twice or would break the table; a column of another length than the time; a number that is not finite; time that does not rise. The
    /// line is that of the file that would have been.
    pub fn write(&self) -> Result<String, FileError> {
        let mut text = "time".to_owned();
        for (k, (label, values)) in self.columns.iter().enumerate() {
            let is_plain =
                !label.is_empty() && !label.contains([';', ',', '\n', '\r', '"']) && label.trim() == label;
            if !is_plain || label == "time" || self.columns[..k].iter().any(|(own, _)| own == label) {
                return Err(FileError::new(
                    1,
                    format!("the label `{label}` cannot stand in the table or is used twice"),
                ));
            }
            if values.len() != self.time_s.len() {
                let (has, wants) = (values.len(), self.time_s.len());
                return Err(FileError::new(
                    1,
                    format!("`{label}` has {has} values and the time has {wants}"),
                ));
            }
            let _ = write!(text, ";{label}");
        }
        text.push('\n');
        for (row, &time) in self.time_s.iter().enumerate() {
            check_time(&self.time_s[..row], time, row + 2)?;
            let _ = write!(text, "{time}");
            for (label, values) in &self.columns {
                if !values[row].is_finite() {
                    return Err(FileError::new(row + 2, format!("`{label}` is not finite")));
                }
                let _ = write!(text, ";{}", values[row]);
            }
            text.push('\n');
        }
        Ok(text)
    }

    /// Reads a table with semicolons or commas, whose first column is called `time` or `timestamp`.
    ///
    /// # Errors
    /// The first line that is no row of such a table.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let mut lines =
            text.lines().enumerate().map(|(k, line)| (k + 1, line)).filter(|(_, l)| !l.trim().is_empty());
        let (heading_line, heading) =
            lines.next().ok_or_else(|| FileError::new(1, "the file is empty: a row of labels is wanted"))?;
        let separator = if heading.contains(';') { ';' } else { ',' };
        let mut labels = heading.trim_start_matches('\u{feff}').split(separator).map(str::trim);
        match labels.next() {
            Some("time" | "timestamp") => {}
            other => {
                let what = format!("the first label is `{}`, not `time`", other.unwrap_or_default());
                return Err(FileError::new(heading_line, what));
            }
        }
        let mut series = Self::default();
        for label in labels {
            if label.is_empty() || series.column(label).is_some() {
                return Err(FileError::new(
                    heading_line,
                    format!("the label `{label}` is empty or used twice"),
                ));
            }
            series.columns.push((label.to_owned(), Vec::new()));
        }
        for (line, text) in lines {
            let cells: Vec<&str> = text.split(separator).map(str::trim).collect();
            if cells.len() != series.columns.len() + 1 {
                let (has, wants) = (cells.len(), series.columns.len() + 1);
                return Err(FileError::new(line, format!("{has} cells where the heading has {wants}")));
            }
            let number = |label: &str, cell: &str| match cell.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(number),
                _ => Err(FileError::new(line, format!("`{cell}` under `{label}` is no number"))),
            };
            let time = number("time", cells[0])?;
            check_time(&series.time_s, time, line)?;
            series.time_s.push(time);
            for ((label, values), cell) in series.columns.iter_mut().zip(&cells[1..]) {
                values.push(number(label, cell)?);
            }
        }
        Ok(series)
    }
}

fn check_time(before: &[f64], time: f64, line: usize) -> Result<(), FileError> {
    let rises = before.last().is_none_or(|&before| time > before);
    if rises && time.is_finite() {
        Ok(())
    } else {
        Err(FileError::new(line, format!("the time {time} s does not rise")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let time = [0.0, 0.1, 0.2];
        let angles = Series::joint_angles(
            &time,
            &[
                ("hip_flexion_r", &[0.0, std::f64::consts::FRAC_PI_2, -0.1]),
                ("knee_flexion_l", &[0.1, 1.0 / 3.0, 1e-300]),
                ("trunk_flexion", &[9.0, 9.0, 9.0]),
            ],
        );
        let text = angles.write().unwrap();
        assert!(text.starts_with("time;r_hip_z;l_knee_z\n0;0;"), "{text}");
        assert_eq!(angles.column("r_hip_z").unwrap()[1], 90.0);
        assert_eq!(Series::read(&text).unwrap(), angles);
        let torques = Series::joint_torques(&time, &[("ankle_dorsiflexion_l", &[1.0, 2.0, 3.0])]);
        assert_eq!(
            Series::read(&torques.write().unwrap()).unwrap().column("l_ankle_z"),
            Some(&[1.0, 2.0, 3.0][..])
        );
        let motor = JointState {
            name: "motor",
            position_rad: &[1.0; 3],
            velocity_radps: &[2.0; 3],
            acceleration_radps2: None,
        };
        let states = Series::joint_states(&time, &[motor]);
        assert_eq!(
            states.columns.iter().map(|c| c.0.as_str()).collect::<Vec<_>>(),
            ["motor_pos", "motor_vel"]
        );
        // A push forward and upwards, and a torque about the axis to the left.
        let wrench = Series::wrench(&[0.0], &[[1.0, 0.0, 2.0]], &[[0.0, 3.0, 0.0]]);
        assert_eq!(
            wrench.write().unwrap(),
            "time;force_x;force_y;force_z;torque_x;torque_y;torque_z\n0;1;2;-0;0;0;-3\n"
        );
    }

    #[test]
    fn tables_that_are_none() {
        let said = |text: &str| Series::read(text).unwrap_err().to_string();
        assert_eq!(said("\n"), "line 1: the file is empty: a row of labels is wanted");
        assert_eq!(said("angle;time\n"), "line 1: the first label is `angle`, not `time`");
        assert_eq!(said("time;a;a\n"), "line 1: the label `a` is empty or used twice");
        assert_eq!(said("time;a\n0;1\n0.1;x\n"), "line 3: `x` under `a` is no number");
        assert_eq!(said("time;a\n0;NaN\n"), "line 2: `NaN` under `a` is no number");
        assert_eq!(said("time;a\n0;1;2\n"), "line 2: 3 cells where the heading has 2");
        assert_eq!(said("time;a\n1;1\n1;2\n"), "line 3: the time 1 s does not rise");
        assert_eq!(Series::read("timestamp, a \n0, 1\n").unwrap().column("a"), Some(&[1.0][..]));
        let series = |label: &str, values: &[f64]| Series {
            time_s: vec![0.0, 1.0],
            columns: vec![(label.to_owned(), values.to_vec())],
        };
        assert!(series("a;b", &[1.0, 2.0]).write().is_err());
        assert!(series("time", &[1.0, 2.0]).write().is_err());
        assert_eq!(series("a", &[1.0]).write().unwrap_err().what, "`a` has 1 values and the time has 2");
        assert_eq!(series("a", &[1.0, f64::NAN]).write().unwrap_err().line, 3);
    }
}
