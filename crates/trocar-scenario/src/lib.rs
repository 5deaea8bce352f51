//! trocar-scenario
