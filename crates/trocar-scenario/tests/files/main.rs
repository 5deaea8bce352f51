//! Files as people write them, good and bad, through the crate's public face.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod common;
mod disk;
mod fuzz;
mod instruments;
mod load;
mod mistakes;
