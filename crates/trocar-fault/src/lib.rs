//! trocar-fault
