//! Where a run pours what it does: recordings, digests, snapshots. A run knows none of them.

use crate::model::Model;
use crate::state::State;
use trocar_signal::{Table, Time};

/// Something that happened in a run, for timelines.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEvent<'a> {
    /// A phase began.
    Phase {
        /// Its name.
        name: &'a str,
    },
    /// A fault became active.
    FaultActive {
        /// Its name.
        name: &'a str,
    },
    /// A fault ended.
    FaultCleared {
        /// Its name.
        name: &'a str,
    },
    /// A controller from outside failed, and its slot is silent from here on.
    ControllerSilent {
        /// Its name.
        name: &'a str,
        /// What it did, as a sentence without its subject.
        what: &'a str,
    },
}

/// Takes what a run does, in order of time; what a sink has no use for it leaves alone. An error ends the run: evidence
/// that cannot be written is no evidence.
pub trait Sink {
    /// The run is about to begin.
    ///
    /// # Errors
    /// As the sink's medium fails.
    fn begin(&mut self, model: &Model, state: &State) -> std::io::Result<()> {
        let _ = (model, state);
        Ok(())
    }

    /// The table at an instant of the recording's rate.
    ///
    /// # Errors
    /// As the sink's medium fails.
    fn record(&mut self, now: Time, table: &Table) -> std::io::Result<()> {
        let _ = (now, table);
        Ok(())
    }

    /// The digest of a control period: the chain, and the blocks it was made of (see
    /// [`crate::state::block_names`]).
    ///
    /// # Errors
    /// As the sink's medium fails.
    fn digest(&mut self, now: Time, chain: u64, blocks: &[u64]) -> std::io::Result<()> {
        let _ = (now, chain, blocks);
        Ok(())
    }

    /// The whole state, every ten seconds.
    ///
    /// # Errors
    /// As the sink's medium fails.
    fn snapshot(&mut self, now: Time, state: &State) -> std::io::Result<()> {
        let _ = (now, state);
        Ok(())
    }

    /// Something happened.
    ///
    /// # Errors
    /// As the sink's medium fails.
    fn event(&mut self, now: Time, event: RunEvent<'_>) -> std::io::Result<()> {
        let _ = (now, event);
        Ok(())
    }

    /// The run is over.
    ///
    /// # Errors
    /// As the sink's medium fails.
    fn end(&mut self, now: Time) -> std::io::Result<()> {
        let _ = now;
        Ok(())
    }
}

/// Takes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSink;

impl Sink for NoSink {}
