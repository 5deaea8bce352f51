//! trocar-sim
