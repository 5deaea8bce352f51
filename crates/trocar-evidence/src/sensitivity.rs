//! What the verdicts of a result hang on: the step of the simulation (`trocar run --refine`), and numbers that nobody has
//! published (`--shake-assumed`). A result folder keeps it as `sensitivity.json`; a replay does not compare it.

use crate::outcome::Reported;
use crate::text_width::{padded, width};
use serde::{Deserialize, Serialize};
use trocar_measure::Verdict;

/// How many changes of each case are shown.
const SHOWN: usize = 5;

/// One case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sensitivity {
    /// The case.
    pub case: String,
    /// The step of the run (s).
    pub step_s: f64,
    /// What finer steps say; without `--refine` empty.
    pub refined: Vec<Refined>,
    /// What other values of assumed parameters say; without `--shake-assumed` none.
    pub shaken: Option<Shaking>,
}

/// One requirement at three steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refined {
    /// The requirement.
    pub id: String,
    /// The figure at the step, half and a quarter of it, as printed; `–` where there is none.
    pub figures: [String; 3],
    /// The verdicts there.
    pub verdicts: [Verdict; 3],
    /// Observed order of convergence, where the three figures show one.
    pub order: Option<f64>,
    /// Half width of the band in which the figure for an infinitely fine step lies.
    pub band: Option<Reported>,
    /// The figure at the step, with the band as one more component of its U: its half width over √3 (rectangular).
    pub with_band: Option<Reported>,
    /// The verdict on that.
    pub verdict_with_band: Verdict,
}

impl Refined {
    /// Whether the verdict hangs on the step.
    #[must_use]
    pub fn depends(&self) -> bool {
        self.verdicts.iter().any(|verdict| *verdict != self.verdict_with_band)
    }
}

/// Every assumed parameter of a case at both ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shaking {
    /// Which part of its value each parameter was less and more.
    pub part: f64,
    /// Each change and requirement: first those whose verdict changed, then by how far the figure moved.
    pub changes: Vec<Shaken>,
    /// Assumed parameters that are part of the compiled model and were left alone.
    pub left_alone: usize,
}

impl Shaking {
    /// Those whose verdict changed.
    pub fn decisive(&self) -> impl Iterator<Item = &Shaken> {
        self.changes.iter().filter(|one| one.verdict_before != one.verdict_after)
    }

    /// Those that are shown: all whose verdict changed, and a few of those that move figures most.
    #[must_use]
    pub fn shown(&self) -> &[Shaken] {
        self.changes.get(..SHOWN.max(self.decisive().count())).unwrap_or(&self.changes)
    }

    /// How many runs there were.
    #[must_use]
    pub fn runs(&self) -> usize {
        self.changes.iter().map(|one| &one.change).collect::<std::collections::BTreeSet<_>>().len()
    }
}

/// What a change of an assumed parameter did to a requirement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shaken {
    /// The requirement.
    pub id: String,
    /// What was changed: `psm1.yaw.rotor: 2.8e-6 → 3.36e-6 kg m^2`.
    pub change: String,
    /// The figure before, as printed.
    pub before: String,
    /// The verdict before.
    pub verdict_before: Verdict,
    /// The figure with the change.
    pub after: String,
    /// The verdict with the change.
    pub verdict_after: Verdict,
    /// By how much the figure moved, as part of itself.
    pub moved: Option<f64>,
}

impl Sensitivity {
    /// Verdicts that come beside those of the result: with the band in U, and inconclusive where one hangs on an assumed
    /// parameter.
    pub fn verdicts(&self) -> impl Iterator<Item = Verdict> {
        let refined = self.refined.iter().map(|one| one.verdict_with_band);
        let hangs = self.shaken.as_ref().is_some_and(|shaken| shaken.decisive().next().is_some());
        refined.chain(hangs.then_some(Verdict::Inconclusive))
    }

    /// As text, under the name of the scenario.
    #[must_use]
    pub fn to_text(&self, scenario: &str) -> String {
        let case = if self.case.is_empty() { String::new() } else { format!(", case {}", self.case) };
        let title = format!("{scenario}{case}");
        let mut text = String::new();
        if !self.refined.is_empty() {
            let step_ms = 1e3 * self.step_s;
            text += &format!("{title}: at the step of {step_ms:.4} ms, half and a quarter of it\n");
            let widths =
                [0, 1, 2].map(|at| self.refined.iter().map(|one| width(&one.figures[at])).max().unwrap_or(0));
            text.extend(self.refined.iter().map(|one| one.line(widths)));
            text.push('\n');
        }
        if let Some(shaken) = &self.shaken {
            text += &shaken.to_text(&title);
        }
        text
    }
}

impl Refined {
    fn line(&self, widths: [usize; 3]) -> String {
        let figures: Vec<String> =
            self.figures.iter().zip(widths).map(|(figure, width)| padded(figure, width)).collect();
        let order = self.order.map_or_else(|| "order –".to_owned(), |order| format!("order {order:.1}"));
        let band = self.band.as_ref().map_or("–", |band| band.text.as_str());
        let with = self.with_band.as_ref().map_or_else(String::new, |with| format!(": {}", with.text));
        let verdict = if self.depends() {
            let [a, b, c] = self.verdicts.map(Verdict::word);
            format!("hangs on the step: {a}, {b}, {c}; with the band in U {}", self.verdict_with_band)
        } else {
            self.verdict_with_band.word().to_owned()
        };
        format!("  {:<4} {}  {order}  band ± {band}{with}  {verdict}\n", self.id, figures.join("  "))
    }
}

impl Shaking {
    fn to_text(&self, title: &str) -> String {
        let count = |n: usize, what: &str| if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") };
        let mut text = format!(
            "{title}: each assumed parameter {:.0} % less and more, {}\n",
            100.0 * self.part,
            count(self.runs(), "change")
        );
        text += &match self.decisive().count() {
            0 => "  no verdict changes; what moves figures most:\n".to_owned(),
            n => format!("  {} of a verdict hang on an assumed parameter:\n", count(n, "change")),
        };
        text.extend(self.shown().iter().map(|one| format!("  {:<4} {}\n", one.id, one.sentence())));
        if self.left_alone > 0 {
            let which = count(self.left_alone, "assumed parameter");
            text +=
                &format!("  {which} of the compiled model can be changed in its file alone, and were left\n");
        }
        text + "\n"
    }
}

impl Shaken {
    /// `psm1.yaw.rotor: 2.8e-6 → 3.36e-6 kg m^2: 0.031 mm → 0.033 mm (+6.5 %)  PASS`
    #[must_use]
    pub fn sentence(&self) -> String {
        let verdict = if self.verdict_before == self.verdict_after {
            self.verdict_after.word().to_owned()
        } else {
            format!("{} → {}", self.verdict_before, self.verdict_after)
        };
        let part = self.moved.map_or_else(String::new, |moved| format!(" ({:+.1} %)", 100.0 * moved));
        format!("{}: {} → {}{part}  {verdict}", self.change, self.before, self.after)
    }
}
