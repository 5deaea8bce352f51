//! What two results differ in: versions, method, inputs, verdicts, figures, the ledger of faults, and the first instant at
//! which the runs themselves differ.

use crate::digest_file::DigestReader;
use crate::outcome::{CaseOutcome, FaultOutcome, Reported};
use crate::result::{ResultError, ResultFolder};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use trocar_scenario::Loaded;
use trocar_scenario::diff::{Difference, Differences, diff_scenarios, heading};
use trocar_scenario::explain::Language;

/// Why results cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DiffError {
    /// A folder is damaged.
    #[error(transparent)]
    Result(#[from] ResultError),
    /// Recorded digests are damaged.
    #[error("the digests of case `{case}` cannot be read: {what}")]
    Digests {
        /// The case.
        case: String,
        /// Why.
        what: String,
    },
}

/// What two results differ in. `methods` are the scenarios that the folders keep, where both can be read by this version:
/// then they are compared by meaning.
///
/// # Errors
/// [`DiffError`]
pub fn diff_results(
    first: &ResultFolder,
    second: &ResultFolder,
    methods: Option<(&Loaded, &Loaded)>,
    names: (&str, &str),
    language: Language,
) -> Result<Differences, DiffError> {
    let mut diff = Diff { language, found: Differences::between(names.0, names.1) };
    diff.headers(first, second);
    let [a, b] = [first, second].map(|folder| &folder.result().scenario);
    match methods {
        Some((a, b)) => diff.found.differences.extend(diff_scenarios(a, b, language).differences),
        None if a.method_digest == b.method_digest => {
            let note = diff.say("diff.result.method", &[("digest", a.short_digest())]);
            diff.found.notes.push(note);
        }
        None => {}
    }
    let cases = |folder: &ResultFolder| -> BTreeMap<String, CaseOutcome> {
        folder.result().cases.iter().map(|case| (case.case.clone(), case.clone())).collect()
    };
    let (of_first, of_second) = (cases(first), cases(second));
    let names: BTreeSet<&String> = of_first.keys().chain(of_second.keys()).collect();
    for name in names {
        match (of_first.get(name), of_second.get(name)) {
            (Some(a), Some(b)) => {
                diff.outcomes(a, b);
                // Of a recording nothing ran, so nothing can differ at an instant of it.
                if a.data.is_none() && b.data.is_none() {
                    diff.digests(first, second, a, b)?;
                }
            }
            (a, b) => {
                let verdict = |case: Option<&CaseOutcome>| case.map(|case| case.verdict().word().to_owned());
                diff.push("verdicts", "diff.result.verdict", &[("id", name)], verdict(a), verdict(b), None);
            }
        }
    }
    Ok(diff.found)
}

struct Diff {
    language: Language,
    found: Differences,
}

impl Diff {
    fn say(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.language.catalogue().say(key, values)
    }

    fn push(
        &mut self,
        group: &str,
        what: &str,
        values: &[(&str, &str)],
        first: Option<String>,
        second: Option<String>,
        change: Option<f64>,
    ) {
        if first == second {
            return;
        }
        let what = self.say(what, values);
        let group = heading(self.language, group);
        let path = String::new();
        self.found.differences.push(Difference { group, what, path, first, second, change });
    }

    fn headers(&mut self, first: &ResultFolder, second: &ResultFolder) {
        let [a, b] = [first, second].map(|folder| &folder.result().scenario);
        let version = |of: &str| Some(of.to_owned());
        let none: &[(&str, &str)] = &[];
        self.push("versions", "diff.result.version", none, version(&a.trocar), version(&b.trocar), None);
        let names: BTreeSet<&String> = a.changes.keys().chain(b.changes.keys()).collect();
        for name in names {
            let (first, second) = (a.changes.get(name).cloned(), b.changes.get(name).cloned());
            self.push("versions", "diff.result.change", &[("name", name)], first, second, None);
        }
        let inputs = |of: &crate::ScenarioHeader| -> BTreeMap<String, String> {
            let data = of.data.iter().flat_map(|data| &data.files);
            let data = data.map(|(name, digest)| (format!("--data {name}"), short(digest)));
            of.inputs.iter().map(|file| (file.address.clone(), short(&file.digest))).chain(data).collect()
        };
        let (of_first, of_second) = (inputs(a), inputs(b));
        let files: BTreeSet<&String> = of_first.keys().chain(of_second.keys()).collect();
        for file in files {
            let (first, second) = (of_first.get(file).cloned(), of_second.get(file).cloned());
            self.push("versions", "diff.result.input", &[("file", file)], first, second, None);
        }
    }

    fn outcomes(&mut self, a: &CaseOutcome, b: &CaseOutcome) {
        let before = self.found.differences.len();
        let text = |figure: Option<&Reported>| figure.map(|figure| figure.text.clone());
        let change = |a: Option<&Reported>, b: Option<&Reported>| match (a, b) {
            (Some(a), Some(b)) if a.unit == b.unit && a.value != 0.0 => {
                Some((b.value - a.value) / a.value.abs())
            }
            _ => None,
        };
        let failure = |case: &CaseOutcome| case.failure.as_ref().map(|failure| failure.what.clone());
        self.push("verdicts", "diff.result.failure", &[], failure(a), failure(b), None);
        let ids = a.requirements.iter().chain(&b.requirements).map(|r| r.id.as_str());
        for id in ids.collect::<BTreeSet<&str>>() {
            let [of_first, of_second] =
                [a, b].map(|case| case.requirements.iter().find(|requirement| requirement.id == id));
            let id = [("id", id)];
            let [first, second] =
                [of_first, of_second].map(|one| one.map(|one| one.verdict.word().to_owned()));
            self.push("verdicts", "diff.result.verdict", &id, first, second, None);
            let [first, second] = [of_first, of_second].map(|one| one.and_then(|one| one.figure.as_ref()));
            // A figure that is a measure's is shown with the measures.
            let is_of_measure = |case: &CaseOutcome, one: Option<&Reported>| {
                one.is_none_or(|one| case.figures.iter().any(|figure| figure.figure.as_ref() == Some(one)))
            };
            if !(is_of_measure(a, first) && is_of_measure(b, second)) {
                let part = change(first, second);
                self.push("figures", "diff.result.figure", &id, text(first), text(second), part);
            }
            let [first, second] = [of_first, of_second]
                .map(|one| one.and_then(|one| one.limit.as_ref()).map(|limit| &limit.limit));
            // A limit is printed with as many digits as its figure: the number decides whether it is another.
            if first.map(|limit| limit.value) != second.map(|limit| limit.value) {
                let part = change(first, second);
                self.push("figures", "diff.result.limit", &id, text(first), text(second), part);
            }
        }
        let rows = a.figures.iter().chain(&b.figures).map(|f| (f.name.as_str(), f.row.as_str()));
        for (name, row) in rows.collect::<BTreeSet<_>>() {
            let [first, second] = [a, b].map(|case| {
                let figure = case.figures.iter().find(|figure| figure.name == name && figure.row == row);
                figure.and_then(|figure| figure.figure.as_ref())
            });
            let key = if row.is_empty() { "diff.result.measure" } else { "diff.result.measure.row" };
            let part = change(first, second);
            let values = [("name", name), ("row", row)];
            self.push("figures", key, &values, text(first), text(second), part);
        }
        let faults = a.faults.iter().chain(&b.faults).map(|fault| fault.name.as_str());
        for name in faults.collect::<BTreeSet<&str>>() {
            let [first, second] = [a, b].map(|case| case.faults.iter().find(|fault| fault.name == name));
            self.fault(name, first, second);
        }
        if !a.case.is_empty() {
            for one in &mut self.found.differences[before..] {
                let values = [("case", a.case.as_str()), ("what", one.what.as_str())];
                one.what = self.language.catalogue().say("diff.case", &values);
            }
        }
    }

    fn fault(&mut self, name: &str, first: Option<&FaultOutcome>, second: Option<&FaultOutcome>) {
        let name = [("name", name)];
        let [a, b] = [first, second].map(|fault| fault.map(|fault| fault.outcome.clone()));
        self.push("ledger", "diff.result.fault", &name, a, b, None);
        type Instant = fn(&FaultOutcome) -> Option<f64>;
        let instants: [(&str, Instant); 5] = [
            ("diff.result.instant.active", |fault| fault.active_s),
            ("diff.result.instant.reached", |fault| fault.reached_s),
            ("diff.result.instant.announced", |fault| fault.detected_s),
            ("diff.result.instant.reacted", |fault| fault.reacted_s),
            ("diff.result.instant.at_rest", |fault| fault.safe_s),
        ];
        for (key, instant) in instants {
            let [a, b] = [first, second].map(|fault| fault.and_then(instant).map(seconds));
            self.push("ledger", key, &name, a, b, None);
        }
    }

    /// Whether the runs agree to the last bit, and if not, from when on they do not.
    fn digests(
        &mut self,
        first: &ResultFolder,
        second: &ResultFolder,
        a: &CaseOutcome,
        b: &CaseOutcome,
    ) -> Result<(), DiffError> {
        let case = match a.case.as_str() {
            "" => String::new(),
            case => self.say("diff.result.of_case", &[("case", case)]),
        };
        if a.digest == b.digest {
            let note = self.say("diff.result.agree", &[("case", &case)]);
            self.found.notes.push(note);
            return Ok(());
        }
        let [short_a, short_b] = [a, b].map(|case| Some(short(&case.digest)));
        self.push("digests", "diff.result.digest", &[], short_a, short_b, None);
        let damaged = |what: String| DiffError::Digests { case: a.case.clone(), what };
        let note = match first_difference(first.digests(&a.case)?, second.digests(&b.case)?) {
            Ok(Some(First::At(time, blocks))) => {
                let blocks = self.language.catalogue().list(&blocks);
                let values = [("time", time.as_str()), ("blocks", &blocks), ("case", &case)];
                self.say("diff.result.differ", &values)
            }
            Ok(Some(First::Ends(time))) => {
                self.say("diff.result.differ.length", &[("time", &time), ("case", &case)])
            }
            Ok(None) => self.say("diff.result.other_model", &[("case", &case)]),
            Err(what) => return Err(damaged(what)),
        };
        self.found.notes.push(note);
        Ok(())
    }
}

/// Where two recorded runs part.
enum First {
    /// At an instant, in these components.
    At(String, Vec<String>),
    /// One of them ends there.
    Ends(String),
}

/// `None`: the runs are of different models, whose digests say nothing of each other.
fn first_difference<A: Read, B: Read>(
    mut first: DigestReader<A>,
    mut second: DigestReader<B>,
) -> Result<Option<First>, String> {
    if first.header().blocks != second.header().blocks
        || first.header().control_rate != second.header().control_rate
    {
        return Ok(None);
    }
    let names = first.header().blocks.clone();
    let mut last = seconds(0.0);
    loop {
        let rows =
            (first.next_row().map_err(|e| e.to_string())?, second.next_row().map_err(|e| e.to_string())?);
        match rows {
            (Some(a), Some(b)) if a.chain == b.chain && a.at == b.at => last = seconds(a.at.seconds()),
            (Some(a), Some(b)) => {
                let differ = names.iter().zip(a.blocks.iter().zip(&b.blocks)).filter(|(_, (a, b))| a != b);
                let blocks = differ.map(|(name, _)| name.clone()).collect();
                return Ok(Some(First::At(seconds(a.at.seconds()), blocks)));
            }
            _ => return Ok(Some(First::Ends(last))),
        }
    }
}

fn seconds(time_s: f64) -> String {
    format!("{time_s:.6} s")
}

fn short(digest: &str) -> String {
    digest.get(..6).unwrap_or(digest).to_owned()
}
