//! trocar-measure
