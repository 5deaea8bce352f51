//! Controllers from outside: a program behind a socket, or code of a program that uses Trocar as a library.
//!
//! Whoever fills a *slot* sees a [`Request`] at each activation and gives a [`Reply`]: the groups that the built-in
//! controller would have read and written. A run talks to all of them through one [`Outside`]: [`Live`] asks them and keeps
//! what they answered, [`Recorded`] answers from what was kept, so that a run replays without them.
//!
//! The protocol is described for its users in `docs/controller-protocol.md`.

mod config;
mod connection;
mod description;
mod exchange;
mod frame;
mod kept;
mod live;
mod process;
mod registry;

pub use config::{ByteCount, ControllerConfig, Encoding, OnFailure, Transport};
pub use description::{ElementDescription, GroupDescription, ParameterDescription, SlotDescription};
pub use exchange::{Failure, Input, Reply, Request};
pub use frame::{FrameType, HEADER_BYTES, PROTOCOL, PROTOCOL_VERSION};
pub use kept::{KeptReader, KeptWriter, Recorded};
pub use live::{ControllerReport, Launch, Live, RUN, Reports, Source, Storage};
pub use process::cannot_start;
pub use registry::{Controller, Registry};

/// Everybody who stands outside of one lane of a run: the run itself, or one twin.
pub trait Outside {
    /// One activation of a slot.
    ///
    /// # Errors
    /// Why the controller failed. Asked again after that, it fails again.
    fn exchange(&mut self, slot: usize, request: &Request<'_>, reply: &mut Reply) -> Result<(), Failure>;

    /// The outside of a twin that parts from this lane now.
    ///
    /// # Errors
    /// Where a controller would have to be started a second time and cannot be.
    fn fork(&mut self, lane: &str) -> Result<Fork, Failure>;
}

/// The outside of a twin.
pub struct Fork {
    /// Who answers the twin.
    pub outside: Box<dyn Outside>,
    /// Whether it has to be led through the run from its beginning first, because a controller remembers what Trocar does
    /// not. While it is led, it fails where a controller does not answer as it did.
    pub must_catch_up: bool,
}

/// A controller that could not be started: it fails when it is first asked, so that the run says when and why.
#[derive(Clone, Debug)]
pub struct NotStarted {
    /// The slot whose controller did not start.
    pub slot: usize,
    /// Why.
    pub failure: Failure,
}

impl Outside for NotStarted {
    fn exchange(&mut self, slot: usize, _: &Request<'_>, _: &mut Reply) -> Result<(), Failure> {
        if slot == self.slot {
            return Err(self.failure.clone());
        }
        Err(Failure::new("was not started, because another controller could not be"))
    }

    fn fork(&mut self, _: &str) -> Result<Fork, Failure> {
        Ok(Fork { outside: Box::new(self.clone()), must_catch_up: false })
    }
}

/// Nobody: for models without outside controllers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Outside for Nobody {
    fn exchange(&mut self, _: usize, _: &Request<'_>, _: &mut Reply) -> Result<(), Failure> {
        Err(Failure::new("no controller was given for this slot"))
    }

    fn fork(&mut self, _: &str) -> Result<Fork, Failure> {
        Ok(Fork { outside: Box::new(Nobody), must_catch_up: false })
    }
}
