//! Deterministic mathematics: the only transcendental functions, extrema and random draws that Trocar uses.
//!
//! Everything here gives the same bits on every machine: the functions are `libm`'s portable code, never the
//! platform's C library, and a random draw is a function of (seed, run, path, instant) instead of a generator
//! with a hidden position. `clippy.toml` at the root refuses the standard library's versions everywhere else.

mod functions;
pub mod interpolation;
pub mod random;
pub mod special;

pub use functions::*;
