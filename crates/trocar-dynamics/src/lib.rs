//! trocar-dynamics
