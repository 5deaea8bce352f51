//! What a run comes to: figures, verdicts, the ledger of its faults. This is the part of a result that depends on
//! nothing but the inputs; hosts, wall times and versions stand beside it, never in it.

use serde::{Deserialize, Serialize};
use trocar_measure::{Repeated, Verdict};

/// A number as it is reported: value, expanded uncertainty, unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reported {
    /// Value in SI units and radians.
    pub value: f64,
    /// Expanded uncertainty, same unit; `None` where nothing is known about it.
    pub expanded_uncertainty: Option<f64>,
    /// Coverage factor of the expanded uncertainty.
    pub coverage_factor: f64,
    /// SI unit as text, e.g. `m`.
    pub unit: String,
    /// The same in units that people read: `0.032 ± 0.006 mm`.
    pub text: String,
}

/// One component of an uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportedComponent {
    /// What it comes from: "instrument noise", "resolution of the recorder's clock" …
    pub name: String,
    /// Standard uncertainty in the figure's SI unit.
    pub standard_uncertainty: f64,
    /// `A`: from the spread of the readings; `B`: from what is known otherwise.
    pub kind: String,
}

/// One row of a measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FigureOutcome {
    /// The measure's name in the file.
    pub name: String,
    /// Which row: a pose, a repetition; empty for a measure of one row.
    pub row: String,
    /// The figure; `None` with a `reason`.
    pub figure: Option<Reported>,
    /// Components of its uncertainty.
    pub components: Vec<ReportedComponent>,
    /// How many readings it is made of.
    pub samples: u64,
    /// The instrument that read the signal; `None` where the device or the truth was read.
    pub instrument: Option<String>,
    /// What the instrument alone would give.
    pub instrument_alone: Option<Reported>,
    /// Whether it was computed from what only a simulator can know.
    pub uses_truth: bool,
    /// Whether a requirement speaks of it.
    pub judged: bool,
    /// Why there is no figure, or what must be said beside it.
    pub reason: Option<String>,
    /// What it was made of, for plots.
    #[serde(default, skip_serializing_if = "Repeated::is_unknown")]
    pub repeats: Repeated,
}

/// Whose limit it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitOutcome {
    /// The limit.
    pub limit: Reported,
    /// `<=`, `>=`, `<`, `>`.
    pub relation: String,
    /// `declared`, `file` or `example`.
    pub owner: String,
    /// The maker's document, where the limit is declared.
    pub document: Option<String>,
}

/// One requirement's verdict.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequirementOutcome {
    /// The identifier in the file.
    pub id: String,
    /// The formula as written.
    pub formula: String,
    /// Why it is required.
    pub why: String,
    /// The file and the line of the formula.
    pub file: String,
    /// Line of the formula, from 1.
    pub line: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// What was compared: e.g. `max(RP), at P4`.
    pub subject: String,
    /// The figure that decided.
    pub figure: Option<Reported>,
    /// The limit.
    pub limit: Option<LimitOutcome>,
    /// Distance to the limit; positive inside.
    pub margin: Option<Reported>,
    /// Why the verdict is what it is, where the numbers alone do not say it.
    pub reason: Option<String>,
    /// What to do, or what would decide.
    pub hints: Vec<String>,
    /// The verdict of the control, the same run without its faults.
    pub without_fault: Option<Verdict>,
    /// The figure of the control.
    pub figure_without_fault: Option<Reported>,
}

/// What became of a fault.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FaultOutcome {
    /// The fault's name in the file.
    pub name: String,
    /// Its kind, e.g. `stuck_last`.
    pub kind: String,
    /// The signal it changes.
    pub target: String,
    /// Adverse-event codes of the International Medical Device Regulators Forum, e.g. `A070908`.
    pub codes: Vec<String>,
    /// One sentence for people.
    pub sentence: String,
    /// `not activated`, `dormant` or `effective`.
    pub outcome: String,
    /// Seconds since the start at which it became active.
    pub active_s: Option<f64>,
    /// Seconds after activation: an output of a controller, supervisor or actuator differed from the twin's.
    pub reached_s: Option<f64>,
    /// The signal that differed first.
    pub reached_signal: Option<String>,
    /// Seconds after activation: the device announced what its twin did not.
    pub detected_s: Option<f64>,
    /// The announcement.
    pub detected_signal: Option<String>,
    /// Seconds after activation: the device stopped acting on the arm as its twin does.
    pub reacted_s: Option<f64>,
    /// Seconds after activation: at rest, and it stayed so.
    pub safe_s: Option<f64>,
    /// Seconds since the start at which it ended.
    pub cleared_s: Option<f64>,
    /// Largest change of the target.
    pub largest_change: Option<Reported>,
    /// Largest distance of the tool tip, or of a joint of a robot without one, from the twin's (truth).
    pub largest_deviation: Option<Reported>,
}

/// Why a run stopped early.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FailureOutcome {
    /// `error`: the apparatus failed; `invalid`: the stimulus did not come about.
    pub verdict: Verdict,
    /// When, seconds since the start.
    pub at_s: f64,
    /// What happened and what to do.
    pub what: String,
}

/// How many parameters stand on what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingCount {
    /// The instance, e.g. `psm1`.
    pub instance: String,
    /// All its parameters.
    pub parameters: u64,
    /// Those that are assumed.
    pub assumed: u64,
}

/// What one case of a scenario came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseOutcome {
    /// The case's name; empty where the scenario varies nothing.
    pub case: String,
    /// What is in each role: `arm = psm1: PSM Classic, Large Needle Driver`.
    pub roles: Vec<String>,
    /// Simulated time.
    pub simulated_s: f64,
    /// Steps done.
    pub steps: u64,
    /// Compute time of each slot, as it stands beside every latency: (component, seconds).
    pub compute_times: Vec<(String, f64)>,
    /// Step of the island, which is the resolution of every latency.
    pub step_s: f64,
    /// The digest at the end, 16 hexadecimal digits.
    pub digest: String,
    /// Verdicts.
    pub requirements: Vec<RequirementOutcome>,
    /// Figures.
    pub figures: Vec<FigureOutcome>,
    /// Faults.
    pub faults: Vec<FaultOutcome>,
    /// Why it stopped early.
    pub failure: Option<FailureOutcome>,
    /// Controllers from outside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controllers: Vec<ControllerOutcome>,
    /// What stands behind the parameters.
    pub standing: Vec<StandingCount>,
    /// Of a case that was judged from a laboratory's recording and not simulated: what was judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataOutcome>,
}

/// A recording that was judged.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataOutcome {
    /// Its files.
    pub files: Vec<DataFile>,
    /// What must be said beside the figures: whose statement of an instrument counts, what was left out.
    pub notes: Vec<String>,
    /// What the clocks add to the uncertainty of each figure.
    pub clocks: Vec<ClockShare>,
    /// The figures beside those of a simulation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agreement: Vec<Agreement>,
}

/// A measured figure beside a simulated one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The measure's name in the file.
    pub name: String,
    /// The row; empty for a measure of one row.
    pub row: String,
    /// As it was measured.
    pub measured: Option<Reported>,
    /// As it was simulated.
    pub simulated: Option<Reported>,
    /// Measured less simulated, with both uncertainties together.
    pub difference: Option<Reported>,
    /// The difference over that uncertainty.
    pub normalised_error: Option<f64>,
    /// `covered`, `not covered`, `says nothing` or `no pair`.
    pub says: String,
    /// Why, where the numbers alone do not say it.
    pub why: Option<String>,
}

/// A file of a recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Its name in the mapping.
    pub name: String,
    /// The digest of its bytes.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Rows, or messages, that were read.
    pub rows: u64,
}

/// What the clocks of a recording add to the uncertainty of one figure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockShare {
    /// The measure.
    pub measure: String,
    /// The row; empty for a measure of one row.
    pub row: String,
    /// `offset`, `drift` or `interval`.
    pub kind: String,
    /// Standard uncertainty in the figure's SI unit.
    pub standard_uncertainty: f64,
}

/// A controller from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ControllerOutcome {
    /// Its name in the scenario.
    pub name: String,
    /// The slot that it filled.
    pub slot: String,
    /// When it failed and its slot fell silent, s; `None` where it did not, or where the run ended by it.
    pub silent_from_s: Option<f64>,
    /// What it did, as a sentence without its subject.
    pub why_silent: Option<String>,
}

impl CaseOutcome {
    /// The case's own verdict: the worst of its requirements, or that of its failure.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let all = self.requirements.iter().map(|r| r.verdict).chain(self.failure.iter().map(|f| f.verdict));
        all.max().unwrap_or(Verdict::Pass)
    }
}
