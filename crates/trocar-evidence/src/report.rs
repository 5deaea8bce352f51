//! A result as one page of HTML that needs nothing beside it: verdicts, figures with their uncertainty and its components,
//! a plot of what each measure read, the method in sentences, and what was run.
//!
//! The page loads nothing and runs no script, and says so to the browser: what stands in it may come from a stranger's
//! files.

mod hangs;
mod page;
pub mod plot;
mod plots;
mod scatter;
mod series;

use crate::recording::RecordingError;
use crate::result::{ResultError, ResultFolder};
use trocar_scenario::Loaded;
use trocar_scenario::explain::Language;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A folder is damaged.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// A recording is damaged.
    #[error("case `{case}`: {source}")]
    Recording {
        /// The case.
        case: String,
        /// What is wrong.
        source: RecordingError,
    },
}

/// A result to be reported.
pub struct Reported {
    /// The folder.
    pub folder: ResultFolder,
    /// How the reader would name the folder.
    pub shown: String,
    /// The scenario that it keeps, where this version can read it: then its method and its plots are in the report.
    pub method: Option<Loaded>,
}

/// The page.
///
/// # Errors
/// [`ReportError`]
pub fn report(results: &[Reported], language: Language) -> Result<String, ReportError> {
    page::page(results, language.catalogue())
}
