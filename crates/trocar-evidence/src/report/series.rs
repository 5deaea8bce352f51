//! What a recording shows of a signal over a stretch of time, in memory that does not grow with the recording.

use crate::recording::{Item, RecordingError, scan};
use std::io::Read;
use trocar_signal::{Dimension, GroupKind, GroupSpec};

/// A plot has so many columns; each keeps the first, lowest, highest and last value that fell into it.
const COLUMNS: usize = 480;
/// The most numbers of one signal that are drawn.
const MOST_LINES: usize = 7;

/// A stretch of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The phase or fault.
    pub name: String,
    /// When it begins (s).
    pub from_s: f64,
    /// When it ends (s).
    pub to_s: f64,
}

/// What happened when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// Phases in their order.
    pub phases: Vec<Span>,
    /// Faults, each time that one was active.
    pub faults: Vec<Span>,
    /// Whether the recording breaks off.
    pub breaks_off: bool,
}

/// Reads the events of a recording; `end_s` is where its last phase ends.
///
/// # Errors
/// As [`scan`]; of a recording that breaks off, what was recorded is given.
pub fn timeline(recording: impl Read, end_s: f64) -> Result<Timeline, RecordingError> {
    let mut found = Timeline::default();
    let end = |spans: &mut Vec<Span>, name: Option<&str>, at_s: f64| {
        let open =
            spans.iter_mut().rev().find(|span| span.to_s.is_nan() && name.is_none_or(|n| n == span.name));
        if let Some(span) = open {
            span.to_s = at_s;
        }
    };
    let breaks_off = up_to_its_end(scan(recording, |item| {
        if let Item::Event { at, kind, name } = item {
            let at_s = at.seconds();
            let begun = Span { name: name.to_owned(), from_s: at_s, to_s: f64::NAN };
            match kind {
                "phase" => {
                    end(&mut found.phases, None, at_s);
                    found.phases.push(begun);
                }
                "fault_active" => found.faults.push(begun),
                "fault_cleared" => end(&mut found.faults, Some(name), at_s),
                _ => {}
            }
        }
        Ok(())
    }))?;
    found.breaks_off = breaks_off;
    for span in found.phases.iter_mut().chain(&mut found.faults).filter(|span| span.to_s.is_nan()) {
        span.to_s = end_s;
    }
    // After the last phase of the file comes one that only says that it is over.
    found.phases.retain(|phase| phase.to_s > phase.from_s);
    Ok(found)
}

/// A signal to be drawn, and the stretch of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// Path of a group, or of one of its numbers.
    pub path: String,
    /// From when on (s).
    pub from_s: f64,
    /// Until when (s).
    pub to_s: f64,
}

/// One number over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Its path.
    pub path: String,
    /// What it measures.
    pub dimension: Dimension,
    /// From when on (s).
    pub from_s: f64,
    /// Until when (s).
    pub to_s: f64,
    columns: Vec<Option<Column>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    first: f64,
    low: f64,
    high: f64,
    last: f64,
}

impl Trace {
    fn push(&mut self, at_s: f64, value: f64) {
        let part = (at_s - self.from_s) / (self.to_s - self.from_s);
        if !(0.0..=1.0).contains(&part) || !value.is_finite() {
            return;
        }
        let place = ((part * COLUMNS as f64) as usize).min(COLUMNS - 1);
        let Some(column) = self.columns.get_mut(place) else { return };
        let column = column.get_or_insert(Column { first: value, low: value, high: value, last: value });
        column.low = trocar_math::min(column.low, value);
        column.high = trocar_math::max(column.high, value);
        column.last = value;
    }

    /// Lowest and highest value, if any fell into the stretch.
    #[must_use]
    pub fn extent(&self) -> Option<(f64, f64)> {
        self.columns
            .iter()
            .flatten()
            .map(|column| (column.low, column.high))
            .reduce(|a, b| (trocar_math::min(a.0, b.0), trocar_math::max(a.1, b.1)))
    }

    /// Points (s, value) of a line that touches every extreme.
    #[must_use]
    pub fn points(&self) -> Vec<(f64, f64)> {
        let width_s = (self.to_s - self.from_s) / COLUMNS as f64;
        let mut points: Vec<(f64, f64)> = Vec::new();
        for (place, column) in self.columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let at_s = self.from_s + (place as f64 + 0.5) * width_s;
            for value in [column.first, column.low, column.high, column.last] {
                if points.last() != Some(&(at_s, value)) {
                    points.push((at_s, value));
                }
            }
        }
        points
    }
}

/// The lines of each wanted signal; none where it was not recorded or cannot be drawn as lines.
///
/// # Errors
/// As [`scan`]; of a recording that breaks off, what was recorded is given.
pub fn traces(recording: impl Read, wanted: &[Wanted]) -> Result<Vec<Vec<Trace>>, RecordingError> {
    let mut found: Vec<Vec<Trace>> = vec![Vec::new(); wanted.len()];
    // Of each group: (which of `found`, which line, which element).
    let mut lanes: Vec<Vec<(usize, usize, usize)>> = Vec::new();
    up_to_its_end(scan(recording, |item| {
        match item {
            Item::Group(spec) => {
                let mut lane = Vec::new();
                for (place, one) in wanted.iter().enumerate() {
                    for element in elements(spec, &one.path) {
                        lane.push((place, found[place].len(), element));
                        found[place].push(Trace {
                            path: spec.element_path(element),
                            dimension: spec.elements[element].dimension,
                            from_s: one.from_s,
                            to_s: one.to_s,
                            columns: vec![None; COLUMNS],
                        });
                    }
                }
                lanes.push(lane);
            }
            Item::Values { group, at, stamp: Some(_), values } => {
                for (place, line, element) in lanes.get(group).into_iter().flatten() {
                    if let Some(value) = values.get(*element) {
                        found[*place][*line].push(at.seconds(), *value);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }))?;
    Ok(found)
}

/// The numbers of a group that a path means, as far as lines can show them.
fn elements(spec: &GroupSpec, path: &str) -> Vec<usize> {
    let most = match spec.kind {
        GroupKind::Event | GroupKind::State(_) => return Vec::new(),
        // A pose is drawn by its position.
        GroupKind::Pose => 3,
        _ => MOST_LINES,
    };
    let all = 0..spec.elements.len();
    if spec.path == path {
        return all.take(most).collect();
    }
    all.filter(|element| spec.element_path(*element) == path).collect()
}

/// Whether it broke off.
fn up_to_its_end(scanned: Result<(), RecordingError>) -> Result<bool, RecordingError> {
    match scanned {
        Ok(()) => Ok(false),
        Err(RecordingError::BreaksOff { .. }) => Ok(true),
        Err(other) => Err(other),
    }
}
