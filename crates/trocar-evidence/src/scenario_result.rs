//! What a scenario came to: the header that says what was run, and its cases. This is what `result.json` holds, what
//! `--json` prints, and what tables and JUnit files are made from.

use crate::outcome::{CaseOutcome, RequirementOutcome};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use trocar_measure::Verdict;
use trocar_scenario::MappingFile;
use trocar_signal::digest;

/// The version of the form of result folders. A change that older readers would misread raises it.
pub const RESULT_FORMAT: u32 = 1;

/// A file that a run read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputFile {
    /// Its address: the path below the project's root, or `trocar:` and the path in the built-in library.
    pub address: String,
    /// The digest of its bytes (see [`trocar_signal::digest::of_bytes`]).
    pub digest: String,
}

/// What was run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioHeader {
    /// The version of trocar that ran it.
    pub trocar: String,
    /// The scenario's title.
    pub title: String,
    /// The address of its file.
    pub path: String,
    /// The digest of the method: what was done and how it is judged, whatever the robot.
    pub method_digest: String,
    /// The digest of each robot, by instance.
    pub robot_digests: BTreeMap<String, String>,
    /// Seed of all random draws.
    pub seed: u64,
    /// How far the models behind it are confirmed: "verified, not validated".
    pub status: Option<String>,
    /// What the command line changed, by option: scene, parameters.
    pub changes: BTreeMap<String, String>,
    /// Every file that was read, in the order of addresses.
    pub inputs: Vec<InputFile>,
    /// Of a result that was judged from a laboratory's recording and not simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<JudgedFrom>,
}

/// What a laboratory's recording was judged by, beside the scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgedFrom {
    /// The mapping, with what the command line added to it.
    pub mapping: MappingFile,
    /// The recording's files: name and digest of each.
    pub files: BTreeMap<String, String>,
}

impl ScenarioHeader {
    /// The scenario's name: that of its file without folder and ending.
    #[must_use]
    pub fn name(&self) -> &str {
        name_of(&self.path)
    }

    /// The first six digits of the method's digest, as a verdict is quoted with them.
    #[must_use]
    pub fn short_digest(&self) -> &str {
        self.method_digest.get(..6).unwrap_or(&self.method_digest)
    }

    /// The name under which a verdict is quoted: `pose_repeatability@9c41e7/RP`; of a named case
    /// `pose_repeatability#far@9c41e7/RP`.
    #[must_use]
    pub fn quote(&self, case: &str, requirement: &str) -> String {
        let case = if case.is_empty() { String::new() } else { format!("#{case}") };
        format!("{}{case}@{}/{requirement}", self.name(), self.short_digest())
    }

    /// The digest of all that decides the outcomes: equal headers give equal outcomes.
    #[must_use]
    pub fn digest(&self) -> String {
        // A struct of texts and numbers always has a JSON form.
        digest::of_bytes(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

/// The name of the scenario at an address: that of its file without folder and ending.
#[must_use]
pub fn name_of(address: &str) -> &str {
    let last = address.rsplit(['/', ':']).next().unwrap_or(address);
    last.strip_suffix(".toml").unwrap_or(last)
}

/// What a scenario came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioResult {
    /// [`RESULT_FORMAT`]
    pub format: u32,
    /// What was run.
    pub scenario: ScenarioHeader,
    /// Its cases, in the order of the file.
    pub cases: Vec<CaseOutcome>,
}

impl ScenarioResult {
    /// Of these cases.
    #[must_use]
    pub fn new(scenario: ScenarioHeader, cases: Vec<CaseOutcome>) -> ScenarioResult {
        ScenarioResult { format: RESULT_FORMAT, scenario, cases }
    }

    /// Every verdict: those of all requirements of all cases, and that of a case that stopped before it had any.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> + '_ {
        self.cases.iter().flat_map(case_verdicts)
    }
}

/// The verdicts of a case: those of its requirements, or that of its failure where it has none.
pub fn case_verdicts(case: &CaseOutcome) -> impl Iterator<Item = Verdict> + '_ {
    let requirements = case.requirements.iter().map(|r: &RequirementOutcome| r.verdict);
    let failure = case.failure.iter().filter(|_| case.requirements.is_empty()).map(|f| f.verdict);
    requirements.chain(failure)
}

/// The results of a command as JSON, indented, with a line's end: `format`, `verdicts` (how many of each), `exit_code`,
/// `results`.
///
/// # Errors
/// As JSON has no form for a value; outcomes always have one.
pub fn to_json(results: &[ScenarioResult]) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Batch<'a> {
        format: u32,
        verdicts: BTreeMap<&'static str, usize>,
        exit_code: u8,
        results: &'a [ScenarioResult],
    }
    let verdicts = count_verdicts(results);
    let batch = Batch {
        format: RESULT_FORMAT,
        exit_code: trocar_measure::exit_code(verdicts.keys().copied()),
        verdicts: verdicts.into_iter().map(|(verdict, count)| (verdict.word(), count)).collect(),
        results,
    };
    Ok(serde_json::to_string_pretty(&batch)? + "\n")
}

/// How many of each verdict there are.
#[must_use]
pub fn count_verdicts(results: &[ScenarioResult]) -> BTreeMap<Verdict, usize> {
    let mut counts = BTreeMap::new();
    for verdict in results.iter().flat_map(ScenarioResult::verdicts) {
        *counts.entry(verdict).or_insert(0) += 1;
    }
    counts
}
