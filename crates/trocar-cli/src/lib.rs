//! The command line of Trocar, for programs that bring controllers of their own along.
//!
//! [`Cli`] is the command `trocar`: the same arguments, the same output, the same exit codes. A controller that is
//! registered with it fills a slot wherever a scenario names it without a program:
//!
//! ```toml
//! [controllers.my_servo]
//! slot = "arm.servo"
//! ```
//!
//! ```no_run
//! use std::process::ExitCode;
//! use trocar::{Cli, Controller, Reply, Request};
//!
//! /// Lets the arm hang.
//! struct Limp {
//!     outputs: usize,
//! }
//!
//! impl Controller for Limp {
//!     fn activate(&mut self, _request: &Request<'_>, reply: &mut Reply) -> Result<(), String> {
//!         (0..self.outputs).for_each(|output| reply.write(output, &[0.0]));
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     Cli::new().controller("my_servo", |slot| Ok(Box::new(Limp { outputs: slot.outputs.len() }))).run()
//! }
//! ```
//!
//! `examples/my_controller` of the repository is such a program. What a controller is given and what it answers is the same
//! as that of a program behind a pipe; `docs/controller-protocol.md` describes it.
//!
//! Data goes to standard output, talk to standard error. Exit codes: 0 all PASS, 1 a FAIL, 2 bad usage or a bad file,
//! 3 INVALID or INCONCLUSIVE, 4 ERROR, 130 interrupted.

mod args;
mod check;
mod diff;
mod expect;
mod explain;
mod inspect;
mod judge;
mod list;
mod new;
mod output;
mod paths;
mod progress;
mod replay;
mod report;
mod run;
mod schema;
mod sensitivity;
mod slots;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;
use trocar_control::outside::Registry;

pub use serde_json::Value;
pub use trocar_control::outside::{
    Controller, ElementDescription, GroupDescription, Input, ParameterDescription, Reply, Request,
    SlotDescription,
};
pub use trocar_signal::{Nanos, Time};

/// The command `trocar`, with controllers of one's own or without.
#[derive(Clone, Debug, Default)]
pub struct Cli {
    registry: Registry,
}

impl Cli {
    /// As it ships.
    #[must_use]
    pub fn new() -> Cli {
        Cli::default()
    }

    /// With one more controller, which scenarios name as `[controllers.NAME]`. `make` is called for each run (and for a
    /// fault's twin, if the controller is not restorable) with what the slot is; its error ends the run as an ERROR.
    #[must_use]
    pub fn controller(
        mut self,
        name: &str,
        make: impl Fn(&SlotDescription) -> Result<Box<dyn Controller>, String> + Send + Sync + 'static,
    ) -> Cli {
        self.registry = self.registry.with(name, make);
        self
    }

    /// Does what this program's arguments say; gives what `main` is to return.
    #[must_use]
    pub fn run(self) -> ExitCode {
        let arguments = match Arguments::try_parse() {
            Ok(arguments) => arguments,
            Err(error) => {
                // Help and version go to standard output and are no mistake.
                let code = if error.use_stderr() { output::BAD_USAGE } else { 0 };
                let _ = error.print();
                return ExitCode::from(code);
            }
        };
        let code = match arguments.command {
            Command::Run(args) => run::run(&args, &self.registry),
            Command::Check(args) => check::check(&args),
            Command::List(args) => list::list(&args),
            Command::Diff(args) => diff::diff(&args),
            Command::Explain(args) => explain::explain(&args),
            Command::Paths(args) => paths::paths(&args),
            Command::Inspect(args) => inspect::inspect(&args),
            Command::Replay(args) => replay::replay(&args, &self.registry),
            Command::Judge(args) => judge::judge(&args),
            Command::Report(args) => report::report(&args),
            Command::Schema(args) => schema::schema(&args),
            Command::New(args) => new::new(&args),
        };
        ExitCode::from(code)
    }
}
