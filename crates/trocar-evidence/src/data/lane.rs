//! One signal of a file: from the cells of a row to values in SI units, or to an event.

use super::DataError;
use super::csv::CsvFile;
use super::number::Cell;
use super::orientation::{Quaternion, quaternion, times, turned};
use std::io::BufRead;
use trocar_scenario::mapping::{Blank, Crossing, OrientationForm};
use trocar_signal::GroupId;

/// A column with what its numbers are multiplied by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    pub place: usize,
    pub scale: f64,
}

/// What is made of a lane's cells.
#[derive(Clone, Debug)]
pub enum What {
    /// Numbers of the group, by place.
    Numbers(Vec<(usize, Column)>),
    /// A point or a pose.
    Place { position: [Column; 3], orientation: Option<(OrientationForm, Vec<Column>)> },
    /// The name of a state.
    State { column: usize, names: Vec<String> },
    /// The instants of an event, each in a cell.
    Times { column: usize, unit_ns: i128 },
    /// A number that rises with each event.
    Counts { column: usize },
    /// A number that passes a level.
    Crossings { column: Column, level: f64, edge: Crossing },
}

impl What {
    pub fn is_event(&self) -> bool {
        matches!(self, What::Times { .. } | What::Counts { .. } | What::Crossings { .. })
    }
}

/// A signal in a file.
#[derive(Clone, Debug)]
pub struct Lane {
    pub group: GroupId,
    /// Its path in the words of the method.
    pub path: String,
    pub what: What,
    pub valid: Option<usize>,
    /// The column of the time at which a reading was taken, and the nanoseconds of its unit.
    pub taken: Option<(usize, i128)>,
    pub blank: Blank,
    /// Position and orientation of the instrument's frame in the signal's.
    pub placed: Option<([f64; 3], Quaternion)>,
    /// Numbers of the group.
    pub size: usize,
    /// Whether other files' instants are those at which it is wanted: then it is taken from the line between its rows.
    pub is_carried: bool,
}

/// What a row says of a signal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said {
    /// Nothing.
    Nothing,
    /// That there was no usable reading.
    Invalid,
    /// Values, that were taken at the row's own time.
    Values,
    /// Values, that were taken at another time on the file's own clock (ns).
    ValuesOf(i128),
    /// That an event happened, at a time on the file's own clock (ns).
    Event(i128),
}

impl Said {
    /// Whether these are values.
    pub fn is_values(self) -> bool {
        matches!(self, Said::Values | Said::ValuesOf(_))
    }
}

/// What a lane remembers from row to row.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    count: Option<f64>,
    time: Option<i128>,
    level: Option<(i128, f64)>,
}

impl Lane {
    /// Reads the signal from the present row, with the time at which it was taken. `own_ns` is the row's.
    pub fn read<R: BufRead>(
        &self,
        file: &CsvFile<R>,
        own_ns: i128,
        memory: &mut Memory,
        values: &mut [f64],
    ) -> Result<Said, DataError> {
        let said = self.read_now(file, own_ns, memory, values)?;
        let (Said::Values, Some((column, unit_ns))) = (said, self.taken) else { return Ok(said) };
        match file.time(column, unit_ns)? {
            Some(taken_ns) if taken_ns > own_ns => {
                let what = format!("a reading of `{}` is taken later than the time of its row", self.path);
                Err(file.error(Some(column), what))
            }
            Some(taken_ns) => Ok(Said::ValuesOf(taken_ns)),
            None => Ok(said),
        }
    }

    fn read_now<R: BufRead>(
        &self,
        file: &CsvFile<R>,
        own_ns: i128,
        memory: &mut Memory,
        values: &mut [f64],
    ) -> Result<Said, DataError> {
        if let Some(column) = self.valid
            && !flag(file, column)?
        {
            return Ok(if self.what.is_event() { Said::Nothing } else { Said::Invalid });
        }
        match &self.what {
            What::Times { column, unit_ns } => {
                let Some(time) = file.time(*column, *unit_ns)? else { return Ok(Said::Nothing) };
                if memory.time == Some(time) {
                    return Ok(Said::Nothing);
                }
                if memory.time.is_some_and(|before| time < before) {
                    return Err(
                        file.error(Some(*column), format!("the events of `{}` go back in time", self.path))
                    );
                }
                memory.time = Some(time);
                Ok(Said::Event(time))
            }
            What::Counts { column } => {
                let Cell::Number(count) = file.number(*column)? else { return Ok(Said::Nothing) };
                let rises = count > memory.count.replace(count).unwrap_or(0.0);
                Ok(if rises { Said::Event(own_ns) } else { Said::Nothing })
            }
            What::Crossings { column, level, edge } => {
                let Cell::Number(number) = file.number(column.place)? else { return Ok(Said::Nothing) };
                let value = number * column.scale;
                let before = memory.level.replace((own_ns, value));
                let Some((then_ns, was)) = before else { return Ok(Said::Nothing) };
                let (rising, falling) = (was < *level && value >= *level, was > *level && value <= *level);
                let passes = match edge {
                    Crossing::Rising => rising,
                    Crossing::Falling => falling,
                    Crossing::Both => rising || falling,
                };
                if !passes {
                    return Ok(Said::Nothing);
                }
                let share = (level - was) / (value - was);
                Ok(Said::Event(then_ns + ((own_ns - then_ns) as f64 * share).round() as i128))
            }
            What::State { column, names } => {
                let text = file.text(*column)?;
                if text.is_empty() {
                    return Ok(self.when_blank());
                }
                values[0] = state(names, text).ok_or_else(|| {
                    let error = file.error(Some(*column), format!("`{}` has no state `{text}`", self.path));
                    error.help(format!("its states are: {}", names.join(", ")))
                })? as f64;
                Ok(Said::Values)
            }
            What::Numbers(columns) => {
                for (element, column) in columns {
                    match self.number(file, *column)? {
                        Ok(value) => values[*element] = value,
                        Err(said) => return Ok(said),
                    }
                }
                Ok(Said::Values)
            }
            What::Place { position, orientation } => self.place(file, position, orientation.as_ref(), values),
        }
    }

    fn place<R: BufRead>(
        &self,
        file: &CsvFile<R>,
        position: &[Column; 3],
        orientation: Option<&(OrientationForm, Vec<Column>)>,
        values: &mut [f64],
    ) -> Result<Said, DataError> {
        let mut p = [0.0; 3];
        for (to, column) in p.iter_mut().zip(position) {
            match self.number(file, *column)? {
                Ok(value) => *to = value,
                Err(said) => return Ok(said),
            }
        }
        let mut q = None;
        if let Some((form, columns)) = orientation {
            let mut numbers = [0.0; 9];
            for (to, column) in numbers.iter_mut().zip(columns) {
                match self.number(file, *column)? {
                    Ok(value) => *to = value,
                    Err(said) => return Ok(said),
                }
            }
            q = quaternion(*form, &numbers);
            if q.is_none() {
                let column = columns.first().map(|column| column.place);
                let what = format!("the orientation of `{}` in this row is none", self.path);
                return Err(file.error(column, what).help(
                    "a quaternion is one long and a rotation matrix turns right-handed: are the columns in the order of the form?",
                ));
            }
        }
        if let Some((t, r)) = self.placed {
            let there = turned(r, p);
            p = std::array::from_fn(|i| there[i] + t[i]);
            q = q.map(|q| times(r, q));
        }
        for (to, value) in values.iter_mut().zip(p.into_iter().chain(q.into_iter().flatten())) {
            *to = value;
        }
        Ok(Said::Values)
    }

    fn when_blank(&self) -> Said {
        match self.blank {
            Blank::Invalid => Said::Invalid,
            Blank::NoReading => Said::Nothing,
        }
    }

    fn number<R: BufRead>(&self, file: &CsvFile<R>, column: Column) -> Result<Result<f64, Said>, DataError> {
        Ok(match file.number(column.place)? {
            // A number may be beyond what is finite in SI units alone.
            Cell::Number(number) if (number * column.scale).is_finite() => Ok(number * column.scale),
            Cell::Number(_) | Cell::NoNumber => Err(Said::Invalid),
            Cell::Blank => Err(self.when_blank()),
        })
    }
}

/// The place of a state by its name, or of a flag also by 0 and 1.
fn state(names: &[String], text: &str) -> Option<usize> {
    let named = names.iter().position(|name| name.eq_ignore_ascii_case(text));
    let is_flag = names.iter().eq(["false", "true"]);
    named.or(match text {
        "0" | "0.0" if is_flag => Some(0),
        "1" | "1.0" if is_flag => Some(1),
        _ => None,
    })
}

/// A cell that says yes or no.
fn flag<R: BufRead>(file: &CsvFile<R>, column: usize) -> Result<bool, DataError> {
    let text = file.text(column)?;
    match text.to_ascii_lowercase().as_str() {
        "1" | "1.0" | "true" | "yes" | "y" | "ok" | "valid" => Ok(true),
        "" | "0" | "0.0" | "false" | "no" | "n" | "invalid" => Ok(false),
        _ => Err(file.error(Some(column), format!("`{text}` says neither yes nor no")).help("write 1 or 0")),
    }
}
