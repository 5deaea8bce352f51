//! A file as numbered sentences, in English or Chinese: what `trocar explain` prints.
//!
//! Explanations are made from the file as it is written, so that quantities keep their units, and every key that no
//! sentence knows is shown as it stands: nothing that a file says is passed over. All sentences stand in one catalogue
//! (`en.toml`, `zh.toml`); what a person wrote (titles, reasons) is quoted in the language in which it was written.

mod catalogue;
mod device;
mod following;
mod formula;
mod page;
mod procedure;
mod scenario;

pub use catalogue::{Catalogue, Language};
pub use device::{explain_robot, explain_scene};
pub(crate) use formula::{formula as formula_in_words, path as path_in_words};
pub(crate) use page::quantity as quantity_in_words;
pub use page::{Explanation, Section};
pub use scenario::explain_scenario;
