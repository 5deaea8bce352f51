//! Compiles files into a [`Model`], runs it step by step on a [`State`], and takes one scenario to figures and verdicts.

pub mod fault_board;
pub mod model;
// pub mod outcome;
mod mechanism;
pub mod pending;
pub mod program;
pub mod schedule;
pub mod scope;
pub mod sink;
pub mod state;
pub mod step;

pub use model::{CompileError, Model};
pub use schedule::{Node, Pace, Role, Task};
pub use state::State;
pub use step::{Input, Inputs, Scratch, StepError, publish_start, step};
