//! trocar-control
