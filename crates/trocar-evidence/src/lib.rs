//! trocar-evidence
pub mod cdr;
pub mod csv;
pub mod digest_file;
pub mod junit;
pub mod ledger;
pub mod mcap_record;
pub mod message;
mod read_bytes;
pub mod recording;
pub mod scenario_result;
pub mod snapshot_file;
pub mod table;
mod text_width;
#[path = "/tmp/h7/outcome.rs"]
pub mod outcome;
