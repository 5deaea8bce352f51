//! What remains of a run: recordings that other tools open, digests that prove a replay, snapshots to begin again from,
//! result folders that replay wherever they are sent, and what people and build servers read.
//!
//! A run knows none of this: it pours what it does into a [`trocar_sim::sink::Sink`]. The sinks of this crate are in
//! [`sinks`]; [`result`] puts them into a result folder and reads it again, [`scenario_result`] holds what a result
//! says, and [`table`](mod@table) and [`junit`] print it.

pub mod agreement;
pub mod cdr;
pub mod csv;
pub mod data;
pub mod diff;
pub mod digest_file;
pub mod eurobench;
pub mod exchange_files;
pub mod junit;
pub mod ledger;
pub mod mcap_record;
pub mod message;
mod read_bytes;
pub mod readings;
pub mod recording;
pub mod report;
pub mod result;
pub mod safe_path;
pub mod scenario_result;
pub mod sensitivity;
pub mod sinks;
pub mod snapshot_file;
pub mod table;
mod text_width;

pub use result::{Existing, HostBlock, ResultFolder, ResultWriter};
pub use scenario_result::{ScenarioHeader, ScenarioResult, to_json};
pub use table::{TableStyle, table};
pub use trocar_sim::outcome;
