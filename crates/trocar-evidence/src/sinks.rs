//! What pours a run into its evidence, and what holds a run against evidence that is there.

use crate::digest_file::{CompareError, Comparison, Difference, DigestHeader, DigestReader, DigestWriter};
use crate::mcap_record::{Recorder, groups_of};
use crate::message::LogLevel;
use crate::snapshot_file::SnapshotWriter;
use std::collections::BTreeMap;
use std::io::{Error, Read, Result, Seek, Write};
use trocar_signal::{ElementRef, Table, Time};
use trocar_sim::sink::{RunEvent, Sink};
use trocar_sim::state::block_names;
use trocar_sim::{Model, State};

/// What a run of this model writes above its digests.
#[must_use]
pub fn digest_header(model: &Model) -> DigestHeader {
    DigestHeader { step_rate: model.step_rate, control_rate: model.control_rate, blocks: block_names(model) }
}

/// Names of the kinds of event in a recording.
fn event_words<'a>(event: &RunEvent<'a>) -> (LogLevel, &'static str, &'a str) {
    match event {
        RunEvent::Phase { name } => (LogLevel::Info, "phase", name),
        RunEvent::FaultActive { name } => (LogLevel::Warn, "fault_active", name),
        RunEvent::FaultCleared { name } => (LogLevel::Warn, "fault_cleared", name),
        RunEvent::ControllerSilent { name, .. } => (LogLevel::Error, "controller_silent", name),
    }
}

/// Something that begins with a run and ends with it.
enum Stage<Before, During, After> {
    Before(Before),
    During(During),
    After(After),
    /// It failed on the way.
    Broken,
}

impl<B, D, A> Stage<B, D, A> {
    fn during(&mut self) -> Result<&mut D> {
        match self {
            Stage::During(during) => Ok(during),
            _ => Err(out_of_order()),
        }
    }

    fn after(self) -> Option<A> {
        match self {
            Stage::After(after) => Some(after),
            _ => None,
        }
    }
}

fn out_of_order() -> Error {
    Error::other("the run began twice, or went on without a beginning or after its end")
}

/// Records the groups that hold given elements (see [`crate::mcap_record`]).
pub struct McapSink<W: Write + Seek> {
    elements: Vec<ElementRef>,
    about: BTreeMap<String, String>,
    stage: Stage<W, Recorder<W>, W>,
}

impl<W: Write + Seek> McapSink<W> {
    /// Records into `out`. `about` says what is run.
    pub fn new(out: W, elements: Vec<ElementRef>, about: BTreeMap<String, String>) -> McapSink<W> {
        McapSink { elements, about, stage: Stage::Before(out) }
    }

    /// The medium, once the run is over.
    pub fn into_inner(self) -> Option<W> {
        self.stage.after()
    }
}

impl<W: Write + Seek> Sink for McapSink<W> {
    fn begin(&mut self, model: &Model, _: &State) -> Result<()> {
        let Stage::Before(out) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        let groups = groups_of(&self.elements);
        self.stage = Stage::During(Recorder::new(out, &model.layout, &groups, &self.about)?);
        Ok(())
    }

    fn record(&mut self, now: Time, table: &Table) -> Result<()> {
        self.stage.during()?.record(now, table)
    }

    fn event(&mut self, now: Time, event: RunEvent<'_>) -> Result<()> {
        let (level, kind, name) = event_words(&event);
        self.stage.during()?.event(now, level, kind, name)
    }

    fn end(&mut self, _: Time) -> Result<()> {
        let Stage::During(recorder) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = Stage::After(recorder.finish()?);
        Ok(())
    }
}

/// Keeps the digests of a run (see [`crate::digest_file`]).
pub struct DigestSink<W: Write> {
    stage: Stage<W, DigestWriter<W>, W>,
}

impl<W: Write> DigestSink<W> {
    /// Writes into `out`.
    pub fn new(out: W) -> DigestSink<W> {
        DigestSink { stage: Stage::Before(out) }
    }

    /// The medium, once the run is over.
    pub fn into_inner(self) -> Option<W> {
        self.stage.after()
    }
}

impl<W: Write> Sink for DigestSink<W> {
    fn begin(&mut self, model: &Model, _: &State) -> Result<()> {
        let Stage::Before(out) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = Stage::During(DigestWriter::new(out, &digest_header(model))?);
        Ok(())
    }

    fn digest(&mut self, now: Time, chain: u64, blocks: &[u64]) -> Result<()> {
        self.stage.during()?.row(now, chain, blocks)
    }

    fn end(&mut self, _: Time) -> Result<()> {
        let Stage::During(writer) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = Stage::After(writer.finish()?);
        Ok(())
    }
}

/// Keeps the whole state every ten seconds (see [`crate::snapshot_file`]).
pub struct SnapshotSink<W: Write> {
    stage: Stage<W, SnapshotWriter<W>, W>,
}

impl<W: Write> SnapshotSink<W> {
    /// Writes into `out`.
    pub fn new(out: W) -> SnapshotSink<W> {
        SnapshotSink { stage: Stage::Before(out) }
    }

    /// The medium, once the run is over.
    pub fn into_inner(self) -> Option<W> {
        self.stage.after()
    }
}

impl<W: Write> Sink for SnapshotSink<W> {
    fn begin(&mut self, _: &Model, _: &State) -> Result<()> {
        let Stage::Before(out) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = Stage::During(SnapshotWriter::new(out)?);
        Ok(())
    }

    fn snapshot(&mut self, now: Time, state: &State) -> Result<()> {
        self.stage.during()?.snapshot(now, &state.to_words())
    }

    fn end(&mut self, _: Time) -> Result<()> {
        let Stage::During(writer) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = Stage::After(writer.finish()?);
        Ok(())
    }
}

/// Holds a run against the digests of another: the replay check.
pub struct ReplayCheck<R: Read> {
    stage: Stage<DigestReader<R>, Comparison<R>, Option<Difference>>,
    /// Why the runs cannot be compared.
    failure: Option<CompareError>,
}

impl<R: Read> ReplayCheck<R> {
    /// Against these digests.
    pub fn new(recorded: DigestReader<R>) -> ReplayCheck<R> {
        ReplayCheck { stage: Stage::Before(recorded), failure: None }
    }

    /// Whether a difference was found and the rest of the run can tell no more about it.
    pub fn is_settled(&self) -> bool {
        matches!(&self.stage, Stage::During(comparison) if comparison.is_settled())
    }

    /// The first difference; `None`: the runs are identical. Also after a run that was stopped early, once it is settled.
    ///
    /// # Errors
    /// [`CompareError`] where the runs cannot be compared. A run that never came to its end is
    /// [`CompareError::NotRun`].
    pub fn finish(self) -> std::result::Result<Option<Difference>, CompareError> {
        match (self.failure, self.stage) {
            (Some(failure), _) => Err(failure),
            (None, Stage::After(difference)) => Ok(difference),
            (None, Stage::During(comparison)) if comparison.is_settled() => Ok(comparison.finish()?),
            (None, _) => Err(CompareError::NotRun),
        }
    }

    fn fail(&mut self, failure: impl Into<CompareError>) -> Error {
        let failure = failure.into();
        let error = Error::other(failure.to_string());
        self.failure = Some(failure);
        error
    }
}

impl<R: Read> Sink for ReplayCheck<R> {
    fn begin(&mut self, model: &Model, _: &State) -> Result<()> {
        let Stage::Before(recorded) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = match Comparison::new(recorded, &digest_header(model)) {
            Ok(comparison) => Stage::During(comparison),
            Err(failure) => return Err(self.fail(failure)),
        };
        Ok(())
    }

    fn digest(&mut self, now: Time, chain: u64, blocks: &[u64]) -> Result<()> {
        let compared = self.stage.during()?.row(now, chain, blocks);
        compared.map_err(|failure| self.fail(failure))
    }

    fn end(&mut self, _: Time) -> Result<()> {
        let Stage::During(comparison) = std::mem::replace(&mut self.stage, Stage::Broken) else {
            return Err(out_of_order());
        };
        self.stage = match comparison.finish() {
            Ok(difference) => Stage::After(difference),
            Err(failure) => return Err(self.fail(failure)),
        };
        Ok(())
    }
}

/// Everything that is kept of a case: recording, digests, snapshots.
pub struct CaseSink<W: Write + Seek> {
    /// The recording.
    pub recording: McapSink<W>,
    /// The digests.
    pub digests: DigestSink<W>,
    /// The snapshots.
    pub snapshots: SnapshotSink<W>,
}

impl<W: Write + Seek> Sink for CaseSink<W> {
    fn begin(&mut self, model: &Model, state: &State) -> Result<()> {
        self.recording.begin(model, state)?;
        self.digests.begin(model, state)?;
        self.snapshots.begin(model, state)
    }

    fn record(&mut self, now: Time, table: &Table) -> Result<()> {
        self.recording.record(now, table)
    }

    fn digest(&mut self, now: Time, chain: u64, blocks: &[u64]) -> Result<()> {
        self.digests.digest(now, chain, blocks)
    }

    fn snapshot(&mut self, now: Time, state: &State) -> Result<()> {
        self.snapshots.snapshot(now, state)
    }

    fn event(&mut self, now: Time, event: RunEvent<'_>) -> Result<()> {
        self.recording.event(now, event)
    }

    fn end(&mut self, now: Time) -> Result<()> {
        self.recording.end(now)?;
        self.digests.end(now)?;
        self.snapshots.end(now)
    }
}
