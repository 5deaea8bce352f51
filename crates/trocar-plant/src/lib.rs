//! trocar-plant
