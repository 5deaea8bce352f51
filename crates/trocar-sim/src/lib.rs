//! Compiles files into a [`Model`], runs it step by step on a [`State`], and takes one scenario to figures and verdicts.
//!
//! [`compile()`] turns a loaded scenario into [`Case`]s; [`run()`] takes a case to its [`outcome::CaseOutcome`], pouring
//! what it does into a [`sink::Sink`]. Below them, [`Model`] and [`State`] know no robots: a model is components with a
//! schedule, a state is plain words, and [`step()`] is a pure function of the two.

mod advice;
mod assemble;
pub mod bench_robot;
pub mod case;
pub mod check;
pub mod compile;
mod contact;
mod deflection;
mod drive_train;
pub mod fault_board;
mod fit;
mod grip;
pub mod inspect;
mod island;
pub mod judge;
mod lane;
mod ledger;
mod mechanism;
pub mod model;
mod observe;
pub mod outcome;
mod passive;
pub mod pending;
pub mod program;
pub mod recorded;
pub mod run;
pub mod schedule;
pub mod scope;
mod sensors;
pub mod sink;
mod slot_settings;
pub mod state;
pub mod step;
mod wearer;
mod weight_support;

pub use case::Case;
pub use check::{Checks, check};
pub use compile::{
    Compiled, CompiledScene, check_instrument, check_robot, compile, compile_scene, may_fail, slots,
    step_advice,
};
pub use model::Model;
pub use run::{RunError, Watch, run, run_with};
pub use schedule::{Node, Pace, Role, ScheduleError, Task};
pub use state::State;
pub use step::{
    Input, Inputs, Scratch, StepError, begin_step, finish_step, finish_step_with, publish_start, step,
};
