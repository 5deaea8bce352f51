//! Many runs: batches of scenario files in parallel, and replays of their results.
//!
//! [`Plan`] checks all files before anything runs; [`batch::run_batch`] takes a plan to result folders, one case after
//! another on as many threads as asked for, with the same bytes whatever their number; [`replay()`] runs a result again
//! from its inputs alone and names the first difference.

pub mod batch;
pub mod controllers;
pub mod judge;
pub mod plan;
pub mod replay;
pub mod sensitivity;
pub mod unfit;

pub use batch::{Batch, BatchError, BatchResult, NoWatch, Watcher, run_batch};
pub use controllers::Controllers;
pub use plan::{Plan, Planned, Target};
pub use replay::{CaseReplay, Replay, ReplayError, replay};

/// The version of trocar: results of another version are compared by figures, not by bits.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
