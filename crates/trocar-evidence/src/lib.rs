//! trocar-evidence
