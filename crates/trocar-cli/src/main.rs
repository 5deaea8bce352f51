//! The command `trocar`.

use std::process::ExitCode;

fn main() -> ExitCode {
    trocar::Cli::new().run()
}
