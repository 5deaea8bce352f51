//! Parameters: every number of a model that a person wrote, with unit, source and standing.

use crate::quantity::Sourced;
use crate::unit::Dimension;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What stands behind a number, from the strongest to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// From the maker's documentation, or the configuration that the device's own software ships.
    Datasheet,
    /// Identified from measurements on a real device.
    Identified,
    /// Chosen by the person who writes the file: a setting of the test, not a property of the device.
    Declared,
    /// Nobody has published it; it stands here so that the model is complete.
    Assumed,
}

impl Standing {
    /// The word as it is printed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Standing::Datasheet => "datasheet",
            Standing::Identified => "identified",
            Standing::Declared => "declared",
            Standing::Assumed => "assumed",
        }
    }
}

/// One parameter of a compiled model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterSpec {
    /// E.g. `psm1.yaw.friction.coulomb`.
    pub path: String,
    /// What it measures.
    pub dimension: Dimension,
    /// Nominal value in SI units and radians.
    pub nominal: f64,
    /// Where the number comes from: a citation.
    pub source: String,
    /// What stands behind it.
    pub standing: Standing,
    /// Whether it may change during a run (set-up, variation, fault). Otherwise it is part of the compiled model, and
    /// only the file changes it.
    pub tunable: bool,
    /// The least value that it can have, where less means nothing (a mass, a level of friction).
    pub least: Option<f64>,
    /// The words that its values stand for, from 0 on, where it is a choice and not a measure; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// The greatest value that it can have, where more means nothing (a share of a whole).
    #[serde(default)]
    pub most: Option<f64>,
}

impl ParameterSpec {
    /// One that is part of the compiled model: it is shown with what stands behind it ([`Provenance::of`]), and only the
    /// file changes it.
    #[must_use]
    pub fn fixed(
        path: String,
        dimension: Dimension,
        nominal: f64,
        (source, standing): (String, Standing),
    ) -> ParameterSpec {
        ParameterSpec {
            path,
            dimension,
            nominal,
            source,
            standing,
            tunable: false,
            least: None,
            most: None,
            words: Vec::new(),
        }
    }

    /// With a least value.
    #[must_use]
    pub fn at_least(self, least: f64) -> ParameterSpec {
        ParameterSpec { least: Some(least), ..self }
    }

    /// A choice among words.
    #[must_use]
    pub fn of_words(self, words: &[&str]) -> ParameterSpec {
        ParameterSpec { words: words.iter().map(|word| (*word).to_owned()).collect(), ..self }
    }

    /// The word that a value stands for, where it is a choice.
    #[must_use]
    pub fn word(&self, value: f64) -> Option<&str> {
        self.words
            .iter()
            .zip(0_u32..)
            .find(|(_, place)| f64::from(*place) == value)
            .map(|(word, _)| word.as_str())
    }

    /// With a greatest value.
    #[must_use]
    pub fn at_most(self, most: f64) -> ParameterSpec {
        ParameterSpec { most: Some(most), ..self }
    }
}

/// What a section of a file says of its values: their source and standing where a value names none of its own.
#[derive(Clone, Debug)]
pub struct Provenance<'a> {
    /// The file's `[sources]`: key to citation.
    pub sources: &'a BTreeMap<String, String>,
    /// The section's source key.
    pub source: Option<&'a str>,
    /// The section's standing.
    pub standing: Standing,
}

impl Provenance<'_> {
    /// Citation and standing of a value. A value that names its own source but no standing takes the section's.
    #[must_use]
    pub fn of<T>(&self, value: &Sourced<T>) -> (String, Standing) {
        let key = value.source.as_deref().or(self.source).unwrap_or("");
        let citation = self.sources.get(key).cloned().unwrap_or_else(|| key.to_owned());
        (citation, value.standing.unwrap_or(self.standing))
    }

    /// A parameter from a value of a file.
    #[must_use]
    pub fn parameter<T>(
        &self,
        path: impl Into<String>,
        dimension: Dimension,
        nominal: f64,
        value: &Sourced<T>,
        tunable: bool,
    ) -> ParameterSpec {
        let (source, standing) = self.of(value);
        let path = path.into();
        let (least, most, words) = (None, None, Vec::new());
        ParameterSpec { path, dimension, nominal, source, standing, tunable, least, most, words }
    }
}

/// A component's handle on one of its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterPort(pub usize);
