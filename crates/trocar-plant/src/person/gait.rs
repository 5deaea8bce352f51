//! How people walk: joint angles over the gait cycle, and how long strides are.

mod stride;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;
#[cfg(test)]
pub(crate) use stride::tests::walks as walks_for_tests;
pub use stride::{GREATEST_SPEED, LEAST_SPEED, Stride};
use thiserror::Error;

/// A table that comes with Trocar, each with its source and licence in its first lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublishedGait {
    /// Fukuchi, Fukuchi and Duarte 2018 (PeerJ 6:e4640, CC BY 4.0): mean and standard deviation of 9 healthy adults at 1.26 m/s.
    #[default]
    Fukuchi2018,
    /// OpenSim's Gait2392 example (CC BY 3.0): angles and moments of one adult, 72.6 kg, 1.803 m, with a stride of 1.235 s.
    Gait2392,
}

impl PublishedGait {
    /// The file.
    #[must_use]
    pub fn csv(self) -> &'static str {
        match self {
            Self::Fukuchi2018 => include_str!("data/gait_adults_fukuchi_2018.csv"),
            Self::Gait2392 => include_str!("data/gait_one_adult_gait2392.csv"),
        }
    }

    /// The part of the cycle after which the toes leave the ground.
    #[must_use]
    pub fn toe_off(self) -> f64 {
        match self {
            Self::Fukuchi2018 => 0.62,
            Self::Gait2392 => 0.641,
        }
    }

    /// The table.
    ///
    /// # Errors
    /// None: a test reads each file.
    pub fn table(self) -> Result<GaitTable, GaitTableError> {
        GaitTable::parse(self.csv())
    }
}

/// What is wrong with a gait table.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
pub struct GaitTableError {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong and what is wanted.
    pub what: String,
}

/// Hip flexion, knee flexion and ankle dorsiflexion of one leg at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegMotion {
    /// rad.
    pub position_rad: [f64; 3],
    /// rad/s.
    pub velocity_radps: [f64; 3],
    /// rad/s².
    pub acceleration_radps2: [f64; 3],
}

/// Joint angles over one gait cycle, from heel strike to heel strike of the same foot, and for ever on.
///
/// Between the rows runs the periodic cubic spline: position, velocity and acceleration are continuous, also from one cycle
/// to the next. It may pass beyond neighbouring rows where the rows turn: by less than 0.3° in the published tables (a test
/// states it). The last row, 100 %, is the first of the next cycle; where it differs from the first, the first counts.
#[derive(Clone, Debug, PartialEq)]
pub struct GaitTable {
    angles_rad: [Periodic; 3],
    moments_nm_per_kg: Option<[Periodic; 3]>,
}

const ANGLES: [&str; 3] = ["hip_flexion_deg", "knee_flexion_deg", "ankle_dorsiflexion_deg"];
const MOMENTS: [&str; 3] =
    ["hip_extension_nm_per_kg", "knee_extension_nm_per_kg", "ankle_plantarflexion_nm_per_kg"];

/// By how much the row of 100 % may differ from that of 0 %, degrees: more is no cycle. A choice; the one adult's knee differs by 0.7°.
const CLOSES_WITHIN_DEG: f64 = 2.0;

/// The fewest rows that make a cycle. A choice: a knee bends twice in one.
const FEWEST_ROWS: usize = 9;

impl GaitTable {
    /// Reads comma-separated rows: a heading, then `percent` from 0 to 100 in equal steps with `hip_flexion_deg`,
    /// `knee_flexion_deg`, `ankle_dorsiflexion_deg`, and, if all three are there, `hip_extension_nm_per_kg`,
    /// `knee_extension_nm_per_kg`, `ankle_plantarflexion_nm_per_kg`. Other columns are passed over, as are lines that begin with #.
    ///
    /// # Errors
    /// The first line that is none of this.
    pub fn parse(text: &str) -> Result<Self, GaitTableError> {
        let error = |line: usize, what: String| GaitTableError { line, what };
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(k, line)| (k + 1, line.trim()))
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (heading_line, heading) =
            lines.next().ok_or_else(|| error(1, "the file has no rows".to_owned()))?;
        let names: Vec<&str> = heading.split(',').map(str::trim).collect();
        let place = |name: &str| names.iter().position(|own| *own == name);
        let needed = |name: &str| {
            place(name).ok_or_else(|| error(heading_line, format!("the heading has no column `{name}`")))
        };
        let mut columns = vec![needed("percent")?];
        for name in ANGLES {
            columns.push(needed(name)?);
        }
        let moments: Vec<usize> = MOMENTS.iter().filter_map(|name| place(name)).collect();
        let has_moments = moments.len() == MOMENTS.len();
        if has_moments {
            columns.extend(moments);
        }
        let mut rows: Vec<(usize, Vec<f64>)> = Vec::new();
        for (line, text) in lines {
            let cells: Vec<&str> = text.split(',').map(str::trim).collect();
            let mut row = Vec::with_capacity(columns.len());
            for &column in &columns {
                let name = names[column];
                let cell = cells
                    .get(column)
                    .ok_or_else(|| error(line, format!("there is nothing in the column `{name}`")))?;
                let number = cell.parse::<f64>().ok().filter(|number| number.is_finite());
                row.push(
                    number.ok_or_else(|| {
                        error(line, format!("`{cell}` in the column `{name}` is no number"))
                    })?,
                );
            }
            rows.push((line, row));
        }
        check_cycle(&rows, heading_line)?;
        let cycle = &rows[..rows.len() - 1];
        let column =
            |k: usize, factor: f64| Periodic::new(cycle.iter().map(|(_, row)| factor * row[k]).collect());
        Ok(Self {
            angles_rad: [1, 2, 3].map(|k| column(k, PI / 180.0)),
            moments_nm_per_kg: has_moments.then(|| [4, 5, 6].map(|k| column(k, 1.0))),
        })
    }

    /// One leg at a phase (1 is a whole cycle after the heel strike; any number) of strides that take so long, s.
    #[must_use]
    pub fn leg(&self, phase: f64, stride_time_s: f64) -> LegMotion {
        let mut motion = LegMotion::default();
        for (k, angle) in self.angles_rad.iter().enumerate() {
            let [position, slope, curvature] = angle.at(phase);
            motion.position_rad[k] = position;
            motion.velocity_radps[k] = slope / stride_time_s;
            motion.acceleration_radps2[k] = curvature / (stride_time_s * stride_time_s);
        }
        motion
    }

    /// Right and left leg; the phase is the right one's, and the left one is half a cycle ahead.
    #[must_use]
    pub fn legs(&self, phase: f64, stride_time_s: f64) -> [LegMotion; 2] {
        [self.leg(phase, stride_time_s), self.leg(phase + 0.5, stride_time_s)]
    }

    /// What the muscles of hip, knee and ankle exert at a phase, N m per kg of the body, as efforts on hip flexion, knee flexion
    /// and ankle dorsiflexion; `None` where the table has no moments.
    #[must_use]
    pub fn efforts_nm_per_kg(&self, phase: f64) -> Option<[f64; 3]> {
        // The tables count the moments that extend.
        self.moments_nm_per_kg.as_ref().map(|moments| [0, 1, 2].map(|k| -moments[k].at(phase)[0]))
    }
}

fn check_cycle(rows: &[(usize, Vec<f64>)], heading_line: usize) -> Result<(), GaitTableError> {
    let error = |line: usize, what: String| Err(GaitTableError { line, what });
    let (Some((_, first)), Some((last_line, last))) = (rows.first(), rows.last()) else {
        return error(heading_line, "no row follows the heading".to_owned());
    };
    if rows.len() < FEWEST_ROWS {
        return error(
            *last_line,
            format!("{} rows are too few for a cycle: give {FEWEST_ROWS} or more", rows.len()),
        );
    }
    let step = 100.0 / (rows.len() - 1) as f64;
    for (k, (line, row)) in rows.iter().enumerate() {
        let percent = k as f64 * step;
        if (row[0] - percent).abs() > 1e-6 * step {
            let what = format!(
                "the percentage {} should be {percent}: rows go from 0 to 100 in equal steps",
                row[0]
            );
            return error(*line, what);
        }
        for (name, angle) in ANGLES.iter().zip(&row[1..4]) {
            if angle.abs() > 180.0 {
                return error(
                    *line,
                    format!("{angle} in the column `{name}`: no joint turns by more than 180 degrees"),
                );
            }
        }
    }
    for (name, (first, last)) in ANGLES.iter().zip(first[1..4].iter().zip(&last[1..4])) {
        if (last - first).abs() > CLOSES_WITHIN_DEG {
            let what = format!(
                "`{name}` ends the cycle at {last} and began it at {first}: it has to come back to within {CLOSES_WITHIN_DEG} degrees"
            );
            return error(*last_line, what);
        }
    }
    Ok(())
}

/// The periodic cubic spline through values at equal steps of one period.
#[derive(Clone, Debug, PartialEq)]
struct Periodic {
    values: Vec<f64>,
    /// Second derivatives at the knots, per step squared.
    bends: Vec<f64>,
}

impl Periodic {
    fn new(values: Vec<f64>) -> Self {
        let n = values.len();
        let mut bends = vec![0.0; n];
        // b₋ + 4 b + b₊ = 6 (y₋ − 2 y + y₊): each sweep brings it a factor of four or more closer.
        for _ in 0..64 {
            for k in 0..n {
                let (before, after) = ((k + n - 1) % n, (k + 1) % n);
                let curve = 6.0 * (values[before] - 2.0 * values[k] + values[after]);
                bends[k] = 0.25 * (curve - bends[before] - bends[after]);
            }
        }
        Self { values, bends }
    }

    /// Value, and first and second derivatives by the phase.
    fn at(&self, phase: f64) -> [f64; 3] {
        let n = self.values.len();
        let steps = n as f64;
        let along = (phase - phase.floor()) * steps;
        // A phase just below a whole number may round to the end of the cycle, which is its beginning.
        let k = (along as usize).min(n - 1);
        let next = (k + 1) % n;
        let (b, a) = (along - k as f64, 1.0 - (along - k as f64));
        let (ya, yb, ba, bb) = (self.values[k], self.values[next], self.bends[k], self.bends[next]);
        let value = a * ya + b * yb + ((a * a * a - a) * ba + (b * b * b - b) * bb) / 6.0;
        let slope = yb - ya + ((1.0 - 3.0 * a * a) * ba + (3.0 * b * b - 1.0) * bb) / 6.0;
        [value, slope * steps, (a * ba + b * bb) * steps * steps]
    }
}

#[cfg(test)]
mod tests;
