//! Printing, and what the exit code says.

use std::io::{IsTerminal, Write};
use trocar_scenario::{Failure, render};

/// Exit code for bad usage or a bad file.
pub const BAD_USAGE: u8 = 2;
/// Exit code where the apparatus failed.
pub const ERROR: u8 = 4;
/// Exit code of an interrupted command, as shells have it for Ctrl-C.
pub const INTERRUPTED: u8 = 130;

/// Prints data to standard output. A reader that has gone away (`| head`) is no mistake.
pub fn data(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says something to the person, on standard error.
pub fn say(text: &str) {
    let mut out = std::io::stderr().lock();
    let _ = writeln!(out, "{text}");
}

/// Says what went wrong and what to do.
pub fn error(text: &str) {
    say(&format!("error: {text}"));
}

/// Whether standard error is a terminal that shows colours.
pub fn stderr_is_styled() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Whether standard output is a terminal that shows colours.
pub fn stdout_is_styled() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Shows the mistakes of files beside their text; gives how many errors there are.
pub fn failures(failures: &[Failure]) -> usize {
    for failure in failures {
        say(render::to_text(&failure.diagnostics, &failure.files, stderr_is_styled()).trim_end());
        say("");
    }
    failures.iter().map(|f| f.diagnostics.len()).sum()
}

/// "1 file", "3 files".
pub fn count(number: usize, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}
