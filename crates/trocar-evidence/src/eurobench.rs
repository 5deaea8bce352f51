//! EUROBENCH's files: what its performance indicators read and write.
//!
//! The format is that of aremazeilles/eurobench_documentation (`modules/ROOT/pages/data_format.adoc`, `pi_spec.adoc`): tables of text with
//! semicolons, a row of labels, `time` in seconds first; lists and values in YAML. Shipped data sets differ from it, so reading takes commas
//! too, and `timestamp` for `time`.
//!
//! | module | what it holds |
//! |---|---|
//! | [`names`] | the names of files, joints and axes |
//! | [`series`] | tables over time: joint angles, torques and states, wrenches |
//! | [`yaml`] | gait events, conditions, anthropometry, results of indicators |
//! | [`indicators`] | heel strikes, stride and step times, step lengths from joint angles |

pub mod indicators;
pub mod names;
pub mod series;
pub mod yaml;

/// What is wrong with a file of EUROBENCH's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what is wanted.
    pub what: String,
}

impl FileError {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }
}
