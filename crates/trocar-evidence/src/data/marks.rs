//! When the phases of a test, their repeats and their readings were: by columns of a file, or by times.

use super::DataError;
use super::csv::CsvFile;
use super::number::Cell;
use std::io::BufRead;
use trocar_scenario::mapping::PhaseTimes;
use trocar_signal::Problem;

/// A phase of the method, as far as a recording of it is concerned.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PhaseOfMethod {
    /// Its name.
    pub name: String,
    /// How long it lasts (s), where the method says so.
    pub lasts_s: Option<f64>,
    /// How often its action is repeated.
    pub repeat: u32,
    /// The poses that one repeat goes through.
    pub through: Vec<String>,
}

/// Something that happens in the course of a test. At one instant they happen in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A phase begins, by its place; one beyond the last: none is under way.
    Phase(usize),
    /// A repeat begins, from 0.
    Cycle(u32),
    /// A dwell ends.
    Reading,
}

/// The marks of phases that are given by times, on their file's clock (ns), in order of time.
pub fn by_times(times: &[PhaseTimes], phases: &[PhaseOfMethod]) -> Result<Vec<(i128, Mark)>, Vec<Problem>> {
    let ns = |seconds: f64| (seconds * 1e9).round() as i128;
    let mut marks: Vec<(i128, Mark)> = Vec::new();
    let mut problems = Vec::new();
    for (at, given) in times.iter().enumerate() {
        let Some(place) = phases.iter().position(|phase| phase.name == given.name) else {
            let names: Vec<&str> = phases.iter().map(|phase| phase.name.as_str()).collect();
            let near = trocar_signal::diagnostic::nearest(&given.name, names.iter().copied());
            let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let what =
                format!("the scenario has no phase `{}`; it has: {}{near}", given.name, names.join(", "));
            problems.push(Problem::new(format!("course.phases[{at}].name"), what));
            continue;
        };
        let phase = &phases[place];
        let from = ns(given.from.si());
        let to = given.to.map(|to| ns(to.si())).or(phase.lasts_s.map(|lasts| from + ns(lasts)));
        marks.push((from, Mark::Phase(place)));
        marks.extend(to.map(|to| (to, Mark::Phase(phases.len()))));
        let every = given.every.map(|every| ns(every.si()));
        let regular = every
            .into_iter()
            .flat_map(|every| (0..phase.repeat).map(move |k| (from + i128::from(k) * every, k)));
        let listed = given.cycles.iter().enumerate().map(|(k, at)| (ns(at.si()), k as u32));
        marks.extend(regular.chain(listed).map(|(at, k)| (at, Mark::Cycle(k))));
        marks.extend(given.readings.iter().map(|at| (ns(at.si()), Mark::Reading)));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    // Where one phase ends and the next begins, the next has begun.
    let begins = |at: i128| {
        marks.iter().any(|(then, mark)| *then == at && matches!(mark, Mark::Phase(p) if *p < phases.len()))
    };
    let kept: Vec<(i128, Mark)> = marks
        .iter()
        .filter(|(at, mark)| !(matches!(mark, Mark::Phase(p) if *p == phases.len()) && begins(*at)))
        .copied()
        .collect();
    let mut marks = kept;
    marks.sort_unstable();
    Ok(marks)
}

/// The columns of a file that tell the course of the test.
#[derive(Clone, Debug, Default)]
pub struct CourseColumns {
    pub phase: Option<usize>,
    pub cycle: Option<usize>,
    pub reading: Option<usize>,
    pub pose: Option<usize>,
    /// Each row is a reading.
    pub each_row: bool,
    /// The phase that all rows belong to, where no column says it.
    pub only: Option<usize>,
}

/// What the columns said in the rows before.
#[derive(Clone, Debug, Default)]
pub struct CourseMemory {
    phase: Option<usize>,
    cycle: Option<u32>,
    count: f64,
    readings: usize,
}

impl CourseColumns {
    /// The marks of a row, into `out`.
    pub fn read<R: BufRead>(
        &self,
        file: &CsvFile<R>,
        phases: &[PhaseOfMethod],
        memory: &mut CourseMemory,
        out: &mut Vec<Mark>,
    ) -> Result<(), DataError> {
        out.clear();
        let phase = match self.phase {
            Some(column) => Some(phase_in(file, column, phases)?),
            None => self.only,
        };
        if let Some(phase) = phase.filter(|phase| memory.phase != Some(*phase)) {
            (memory.phase, memory.cycle, memory.readings) = (Some(phase), None, 0);
            out.push(Mark::Phase(phase));
        }
        if let Some(column) = self.cycle
            && let Cell::Number(number) = file.number(column)?
        {
            if !(0.0..4e9).contains(&number) || number.fract() != 0.0 {
                let what = format!("{number} is no number of a repeat");
                return Err(file.error(Some(column), what).help("repeats are counted 0, 1, 2 …"));
            }
            let cycle = number as u32;
            if memory.cycle.replace(cycle) != Some(cycle) {
                out.push(Mark::Cycle(cycle));
            }
        }
        let rises = match self.reading {
            Some(column) => match file.number(column)? {
                Cell::Number(count) => count > std::mem::replace(&mut memory.count, count),
                _ => false,
            },
            None => self.each_row,
        };
        if rises {
            self.hold_pose(file, phases, memory)?;
            memory.readings += 1;
            out.push(Mark::Reading);
        }
        Ok(())
    }

    /// Holds the pose that a row names against the order of the method.
    fn hold_pose<R: BufRead>(
        &self,
        file: &CsvFile<R>,
        phases: &[PhaseOfMethod],
        memory: &CourseMemory,
    ) -> Result<(), DataError> {
        let Some(column) = self.pose else { return Ok(()) };
        let through = memory.phase.and_then(|at| phases.get(at)).map_or(&[][..], |phase| &phase.through);
        let pose = file.text(column)?;
        let Some(meant) = through.get(memory.readings % through.len().max(1)) else { return Ok(()) };
        if pose.is_empty() || pose == meant {
            return Ok(());
        }
        let number = memory.readings + 1;
        Err(file.error(Some(column), format!("reading {number} of the phase is due at `{meant}`, and this row says `{pose}`")).help(
            "a reading is missing or stands twice: for a missing one leave a row with empty cells, so that it counts as missing",
        ))
    }
}

fn phase_in<R: BufRead>(
    file: &CsvFile<R>,
    column: usize,
    phases: &[PhaseOfMethod],
) -> Result<usize, DataError> {
    let text = file.text(column)?;
    if matches!(text, "" | "-" | "none" | "done") {
        return Ok(phases.len());
    }
    phases.iter().position(|phase| phase.name == text).ok_or_else(|| {
        let names: Vec<&str> = phases.iter().map(|phase| phase.name.as_str()).collect();
        let near = trocar_signal::diagnostic::nearest(text, names.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let error = file.error(Some(column), format!("the scenario has no phase `{text}`"));
        error.help(format!(
            "{near}it has: {}; leave the cell empty where none was under way",
            names.join(", ")
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use trocar_signal::quantity::Duration;

    fn phases() -> Vec<PhaseOfMethod> {
        let phase = |name: &str, lasts_s, repeat| PhaseOfMethod {
            name: name.to_owned(),
            lasts_s,
            repeat,
            through: vec!["P1".to_owned(), "P2".to_owned()],
        };
        vec![phase("ready", None, 1), phase("stop", Some(2.0), 3)]
    }

    #[test]
    fn times_become_marks_in_order() {
        let times = PhaseTimes {
            name: "stop".to_owned(),
            from: Duration::from_si(1.0),
            to: None,
            cycles: Vec::new(),
            every: Some(Duration::from_si(0.5)),
            readings: vec![Duration::from_si(1.5)],
        };
        let marks = by_times(std::slice::from_ref(&times), &phases()).unwrap();
        let s = 500_000_000;
        assert_eq!(
            marks,
            [
                (2 * s, Mark::Phase(1)),
                (2 * s, Mark::Cycle(0)),
                (3 * s, Mark::Cycle(1)),
                (3 * s, Mark::Reading),
                (4 * s, Mark::Cycle(2)),
                (6 * s, Mark::Phase(2)),
            ]
        );
        let unknown = PhaseTimes { name: "stopp".to_owned(), ..times };
        assert!(by_times(&[unknown], &phases()).unwrap_err()[0].what.contains("did you mean `stop`"));
    }

    #[test]
    fn columns_become_marks_and_a_missing_reading_shows() {
        let text = "phase,cycle,reading,pose\n,,0,\nstop,0,0,\nstop,0,1,P1\nstop,1,2,P1\n";
        let mut file = CsvFile::new(text.as_bytes(), "a.csv", None).unwrap();
        let columns = CourseColumns {
            phase: Some(0),
            cycle: Some(1),
            reading: Some(2),
            pose: Some(3),
            ..CourseColumns::default()
        };
        let (mut memory, mut out, mut all) = (CourseMemory::default(), Vec::new(), Vec::new());
        for _ in 0..3 {
            assert!(file.next_row().unwrap());
            columns.read(&file, &phases(), &mut memory, &mut out).unwrap();
            all.push(out.clone());
        }
        assert_eq!(all, [vec![Mark::Phase(2)], vec![Mark::Phase(1), Mark::Cycle(0)], vec![Mark::Reading]]);
        assert!(file.next_row().unwrap());
        let error = columns.read(&file, &phases(), &mut memory, &mut out).unwrap_err();
        assert!(
            error.to_string().contains("line 5, column 4: reading 2 of the phase is due at `P2`"),
            "{error}"
        );
    }
}
