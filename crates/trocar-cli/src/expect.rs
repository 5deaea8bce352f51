//! Expected verdicts: `--expect FILE`, since some scenarios fail on purpose.

use std::collections::BTreeMap;
use std::path::Path;
use trocar_evidence::ScenarioResult;

/// Verdicts by `SCENARIO/REQUIREMENT`, or `SCENARIO#CASE/REQUIREMENT`.
pub struct Expected {
    verdicts: BTreeMap<String, String>,
}

fn verdicts(results: &[ScenarioResult]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for result in results {
        let name = result.scenario.name();
        for case in &result.cases {
            let case_name = if case.case.is_empty() { String::new() } else { format!("#{}", case.case) };
            for requirement in &case.requirements {
                let key = format!("{name}{case_name}/{}", requirement.id);
                found.insert(key, requirement.verdict.word().to_owned());
            }
        }
    }
    found
}

impl Expected {
    /// Reads a file of expected verdicts.
    ///
    /// # Errors
    /// One sentence.
    pub fn read(path: &Path) -> Result<Expected, String> {
        let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let verdicts = serde_json::from_str(&text).map_err(|e| {
            format!(
                "{}: {e}; a file of expected verdicts is made with: trocar run … --record-expected {}",
                path.display(),
                path.display()
            )
        })?;
        Ok(Expected { verdicts })
    }

    /// What is not as expected, a sentence each.
    #[must_use]
    pub fn differences(&self, results: &[ScenarioResult]) -> Vec<String> {
        let found = verdicts(results);
        let mut differences = Vec::new();
        for (name, verdict) in &found {
            match self.verdicts.get(name) {
                Some(expected) if expected == verdict => {}
                Some(expected) => differences.push(format!("{name} is {verdict}; {expected} was expected")),
                None => differences.push(format!("{name} is {verdict}; nothing was expected of it")),
            }
        }
        let missing = self.verdicts.iter().filter(|(name, _)| !found.contains_key(*name));
        differences
            .extend(missing.map(|(name, verdict)| format!("{name} was not run; {verdict} was expected")));
        differences
    }
}

/// Records verdicts.
///
/// # Errors
/// One sentence.
pub fn write(path: &Path, results: &[ScenarioResult]) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&verdicts(results)).map_err(|e| e.to_string())?;
    std::fs::write(path, text + "\n").map_err(|e| format!("{}: {e}", path.display()))
}
