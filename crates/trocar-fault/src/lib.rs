//! Faults in information: what is changed between the writer of a group and its readers, when, for how long, and
//! whether it took effect.
//!
//! [`config`] is the part of a scenario file that describes a fault; [`fault`] what it compiles into, a pure function
//! from what was written to what is read; [`ledger`] what is kept of its effect, and the judgement whether it had any;
//! [`words`] the sentences and adverse-event codes that go with each kind. Activation and the twin run belong to
//! `trocar-sim`, which owns time and state.

pub mod config;
pub mod fault;
pub mod ledger;
pub mod words;

pub use config::{FaultConfig, Kind, Lasts};
pub use fault::{Fault, Target};
pub use ledger::{Deviation, Judgement, Ledger, Noted, Outcome};
pub use words::{Code, Part};
