//! trocar-evidence
pub mod cdr;
pub mod csv;
pub mod digest_file;
pub mod mcap_record;
pub mod message;
mod read_bytes;
pub mod recording;
pub mod snapshot_file;
