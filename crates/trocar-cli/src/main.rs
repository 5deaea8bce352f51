//! The `trocar` command: arguments, progress, printing.
//!
//! Data goes to standard output, talk to standard error. Exit codes: 0 all PASS, 1 a FAIL, 2 bad usage or a bad file,
//! 3 INVALID or INCONCLUSIVE, 4 ERROR, 130 interrupted.

mod args;
mod check;
mod expect;
mod inspect;
mod list;
mod new;
mod output;
mod paths;
mod progress;
mod replay;
mod run;
mod schema;

use args::{Arguments, Command};
use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no mistake.
            let code = if error.use_stderr() { output::BAD_USAGE } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let registry = trocar_control::outside::Registry::default();
    let code = match arguments.command {
        Command::Run(args) => run::run(&args, &registry),
        Command::Check(args) => check::check(&args),
        Command::List(args) => list::list(&args),
        Command::Paths(args) => paths::paths(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Replay(args) => replay::replay(&args, &registry),
        Command::Schema(args) => schema::schema(&args),
        Command::New(args) => new::new(&args),
    };
    ExitCode::from(code)
}
