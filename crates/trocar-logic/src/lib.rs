//! trocar-logic
