//! What the measures of a case read in a run, at every step at which something was read: as a CSV file such as a laboratory
//! could have written, with the mapping that fits it. (The same as a recording is a [`crate::sinks::McapSink`] over the
//! groups that are needed.)

use std::io::{Error, Result, Write};
use trocar_scenario::Roles;
use trocar_signal::time::NANOS_PER_SECOND;
use trocar_signal::{GroupClass, GroupId, GroupKind, GroupSpec, Table, Time};
use trocar_sim::case::Case;
use trocar_sim::recorded::{Needed, needed};
use trocar_sim::sink::Sink;
use trocar_sim::{Model, State};

/// A signal's columns.
struct Column {
    need: Needed,
    spec: GroupSpec,
    /// Whether its values may have been taken before they are read: then their time stands beside them.
    is_late: bool,
    /// The sequence that was written last.
    seen: u64,
}

/// Writes what measures read as CSV. Run the case with the recording's rate set to that of its steps.
pub struct ReadingsCsv<W> {
    out: W,
    columns: Vec<Column>,
    phases: Vec<String>,
    program: [GroupId; 3],
    seen: [u64; 3],
    roles: Roles,
    line: String,
}

fn seconds(at: Time) -> String {
    format!("{}.{:09}", at.0 / NANOS_PER_SECOND, at.0 % NANOS_PER_SECOND)
}

impl<W: Write> ReadingsCsv<W> {
    /// Of a case. `is_prompt` knows the instruments whose readings arrive at the instant at which they are taken.
    pub fn new(out: W, case: &Case, roles: &Roles, is_prompt: impl Fn(&str) -> bool) -> ReadingsCsv<W> {
        let layout = &case.model.layout;
        let columns = needed(case)
            .into_iter()
            .map(|need| {
                let spec = layout.spec(need.group).clone();
                let is_late = spec.kind != GroupKind::Event
                    && spec.class != GroupClass::Truth
                    && !is_prompt(&spec.writer);
                Column { spec, need, is_late, seen: 0 }
            })
            .collect();
        ReadingsCsv {
            out,
            columns,
            phases: case.phases.clone(),
            program: [case.program.phase, case.program.cycle, case.program.reading],
            seen: [0; 3],
            roles: roles.clone(),
            line: String::new(),
        }
    }

    /// The mapping that goes with it: `file` is the name of the CSV file, `step_ns` the step of the simulation.
    #[must_use]
    pub fn mapping(&self, file: &str, step_ns: u64) -> String {
        let mut text = format!(
            "# Which columns of {file} are which signals. Columns that are called as signals need no more than this.\n\
             format = 1\nkind   = \"mapping\"\n\n[data.run]\nfile = {file:?}\nstep = \"{step_ns} ns\"   # what a simulation tells of instants is bound to its step; a laboratory leaves this out\n"
        );
        for column in self.columns.iter().filter(|column| column.spec.kind != GroupKind::Event) {
            let path = self.roles.in_words_of_the_method(&column.spec.path);
            text += &format!(
                "\n[signals.{path:?}]\nblank = \"no_reading\"   # not every row is a reading of this\n"
            );
        }
        text
    }

    fn words(&self, path: &str) -> String {
        self.roles.in_words_of_the_method(path)
    }

    fn end_line(&mut self) -> Result<()> {
        self.line.push('\n');
        self.out.write_all(self.line.as_bytes())?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Sink for ReadingsCsv<W> {
    fn begin(&mut self, _: &Model, _: &State) -> Result<()> {
        self.line.push_str("time [s],phase,cycle,reading");
        for column in &self.columns {
            for element in &column.need.elements {
                let path = self.words(&column.spec.element_path(*element));
                let head = match &column.spec.kind {
                    GroupKind::Event => format!("{path}.stamp [s]"),
                    GroupKind::State(_) => path,
                    _ => format!("{path} [{}]", column.spec.elements[*element].dimension.si_unit()),
                };
                self.line.push(',');
                self.line.push_str(&head);
            }
            if column.is_late {
                self.line.push_str(&format!(
                    ",{}.stamp [s]",
                    self.roles.in_words_of_the_method(&column.spec.path)
                ));
            }
        }
        self.end_line()
    }

    fn record(&mut self, now: Time, table: &Table) -> Result<()> {
        let sequences = self.program.map(|group| table.header(group).sequence);
        let fresh = |column: &Column| table.header(column.need.group).sequence != column.seen;
        if sequences == self.seen && !self.columns.iter().any(fresh) {
            return Ok(());
        }
        self.seen = sequences;
        let [phase, cycle, reading] = self.program.map(|group| table.values(group)[0]);
        let name = self.phases.get(phase as usize).map_or("", String::as_str);
        let mut line = format!("{},{name},{cycle},{reading}", seconds(now));
        for column in &mut self.columns {
            let header = table.header(column.need.group);
            let is_fresh = header.sequence != column.seen;
            column.seen = header.sequence;
            let values = table.values(column.need.group);
            for element in &column.need.elements {
                line.push(',');
                let value = values.get(*element).copied().unwrap_or(0.0);
                match &column.spec.kind {
                    _ if !is_fresh => {}
                    GroupKind::Event => line.push_str(&seconds(header.stamp)),
                    _ if header.valid == 0 => line.push_str("NaN"),
                    GroupKind::State(names) => {
                        line.push_str(names.get(value as usize).map_or("", String::as_str))
                    }
                    // The shortest text that reads back to the same bits.
                    _ => line.push_str(&format!("{value:?}")),
                }
            }
            if column.is_late {
                line.push(',');
                if is_fresh && header.valid == 1 {
                    line.push_str(&seconds(header.stamp));
                }
            }
        }
        self.line = line;
        self.end_line()
    }

    fn end(&mut self, _: Time) -> Result<()> {
        self.out.flush().map_err(Error::other)
    }
}
