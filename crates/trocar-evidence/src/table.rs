//! The verdict table as text, for a terminal.
//!
//! One block per scenario: its name and digest with what fills its roles, a row per requirement (of several cases the
//! worst, the others as a range), what there is to say about the row below it, the figures that nothing judges, the
//! ledger of the faults, and what stands behind the parameters. All blocks of a table share their columns.

use crate::ledger::ledger;
use crate::outcome::{
    CaseOutcome, DataFile, DataOutcome, FigureOutcome, LimitOutcome, Reported, RequirementOutcome,
};
use crate::scenario_result::{ScenarioResult, count_verdicts};
use crate::text_width::{padded, width};
use std::collections::{BTreeMap, BTreeSet};
use trocar_measure::Verdict;

/// What stands where there is nothing to say.
const NOTHING: &str = "–";
/// Least widths of the columns: identifier, subject, figure, limit, owner, margin. Short tables then look alike.
const LEAST: [usize; 6] = [2, 29, 17, 10, 8, 10];
/// A subject wider than this stands on a line of its own.
const WIDEST_SUBJECT: usize = 44;
/// Least width of a scenario's name and digest.
const LEAST_TITLE: usize = 31;

/// How a table is printed.
#[derive(Clone, Debug, Default)]
pub struct TableStyle {
    /// Whether verdicts and names are set off by the terminal's colours. The words stay the same.
    pub styled: bool,
    /// Where the results were written, as the reader would type it.
    pub results_in: Option<String>,
    /// A last line: what to do next.
    pub next: Option<String>,
}

/// The verdict table with its footer, each line ended.
#[must_use]
pub fn table(results: &[ScenarioResult], style: &TableStyle) -> String {
    let blocks: Vec<Block> = results.iter().map(block).collect();
    let rows = || {
        blocks.iter().flat_map(|block| &block.lines).filter_map(|line| match line {
            Line::Row(row) => Some(row),
            Line::Text(_) => None,
        })
    };
    let mut columns = LEAST;
    for (at, column) in columns.iter_mut().enumerate() {
        // What stands last in its row pushes nothing.
        let cells = rows().filter(|row| at + 1 < row.cells.len() || row.verdict.is_some());
        let widths = cells.filter_map(|row| row.cells.get(at)).map(|cell| width(cell));
        *column = widths.filter(|w| at != 1 || *w <= WIDEST_SUBJECT).fold(*column, usize::max);
    }
    let title_width = blocks.iter().map(|block| width(&block.title)).fold(LEAST_TITLE, usize::max);
    let mut out = String::new();
    for block in &blocks {
        let title = padded(&block.title, title_width);
        push_line(&mut out, &format!("{}  {}", bold(&title, style.styled), block.aside));
        for line in &block.lines {
            match line {
                Line::Row(row) => push_row(&mut out, row, columns, style.styled),
                Line::Text(text) => {
                    let indent = 2 + columns[0] + 2;
                    push_line(&mut out, &format!("{}{text}", " ".repeat(indent)));
                }
            }
        }
        push_line(&mut out, "");
    }
    push_footer(&mut out, results, style);
    out
}

/// One scenario.
struct Block {
    title: String,
    aside: String,
    lines: Vec<Line>,
}

enum Line {
    Row(Row),
    Text(String),
}

/// Identifier, subject, figure, limit, owner, margin; fewer where the last is a remark that takes the rest.
struct Row {
    cells: Vec<String>,
    verdict: Option<Verdict>,
}

fn text(text: impl Into<String>) -> Line {
    Line::Text(text.into())
}

fn block(result: &ScenarioResult) -> Block {
    let header = &result.scenario;
    let title = format!("{} @{}", header.name(), header.short_digest());
    let Some(shown) = worst_case(&result.cases) else {
        return Block { title, aside: "no case was run".to_owned(), lines: Vec::new() };
    };
    let mut aside = vec![shown.roles.join(", ")];
    match result.cases.len() {
        1 if shown.case.is_empty() => {}
        1 => aside.push(format!("case {}", shown.case)),
        count => aside.push(format!("{count} cases, the worst is shown")),
    }
    aside.retain(|part| !part.is_empty());

    let mut lines = Vec::new();
    let mut said = BTreeSet::new();
    for id in requirement_ids(&result.cases) {
        requirement_lines(&result.cases, id, &mut said, &mut lines);
    }
    figure_lines(&shown.figures, &mut lines);
    failure_lines(&result.cases, &mut lines);
    if result.cases.len() > 1 && !shown.faults.is_empty() {
        lines.push(text(format!("in case {}:", shown.case)));
    }
    for fault in &shown.faults {
        lines.extend(ledger(fault).into_iter().map(text));
    }
    lines.extend(latency_line(shown));
    lines.extend(controller_lines(shown));
    match &shown.data {
        None => lines.extend(standing_line(header.status.as_deref(), shown)),
        Some(data) => lines.extend(data_lines(data, shown.simulated_s)),
    }
    Block { title, aside: aside.join("; "), lines }
}

/// The identifiers of all requirements, in the order of the file.
fn requirement_ids(cases: &[CaseOutcome]) -> Vec<&str> {
    let mut ids: Vec<&str> = Vec::new();
    for requirement in cases.iter().flat_map(|case| &case.requirements) {
        if !ids.contains(&requirement.id.as_str()) {
            ids.push(&requirement.id);
        }
    }
    ids
}

fn of_id<'a>(cases: &'a [CaseOutcome], id: &str) -> Vec<(&'a CaseOutcome, &'a RequirementOutcome)> {
    let of_case = |case: &'a CaseOutcome| case.requirements.iter().find(|r| r.id == id).map(|r| (case, r));
    cases.iter().filter_map(of_case).collect()
}

/// The worst of the cases for one requirement: by verdict, then by margin, then the first.
fn worst_of<'a>(cases: &'a [CaseOutcome], id: &str) -> Option<(&'a CaseOutcome, &'a RequirementOutcome)> {
    let margin = |r: &RequirementOutcome| r.margin.as_ref().map_or(f64::INFINITY, |m| m.value);
    of_id(cases, id).into_iter().reduce(|best, next| {
        let same = next.1.verdict == best.1.verdict;
        let worse = next.1.verdict > best.1.verdict || (same && margin(next.1) < margin(best.1));
        if worse { next } else { best }
    })
}

/// The case that is shown: one that failed before it had verdicts, else the worst for the requirement whose verdict is
/// worst.
fn worst_case(cases: &[CaseOutcome]) -> Option<&CaseOutcome> {
    let without_verdicts = cases.iter().find(|case| case.requirements.is_empty() && case.failure.is_some());
    let ids = requirement_ids(cases);
    let worst = ids
        .iter()
        .filter_map(|id| worst_of(cases, id))
        .reduce(|best, next| if next.1.verdict > best.1.verdict { next } else { best });
    without_verdicts.or(worst.map(|(case, _)| case)).or(cases.first())
}

fn requirement_lines(cases: &[CaseOutcome], id: &str, said: &mut BTreeSet<String>, lines: &mut Vec<Line>) {
    let Some((case, worst)) = worst_of(cases, id) else { return };
    let requirements: Vec<&RequirementOutcome> = of_id(cases, id).into_iter().map(|(_, r)| r).collect();
    let or_nothing = |text: Option<String>| text.filter(|t| !t.is_empty()).unwrap_or(NOTHING.to_owned());
    let figure_text = |figure: &Option<Reported>| figure.as_ref().map(|f| f.text.clone());
    let subject =
        if worst.figure.is_none() && worst.subject.is_empty() { None } else { Some(worst.subject.clone()) };
    lines.push(Line::Row(Row {
        cells: vec![
            worst.id.clone(),
            or_nothing(subject),
            or_nothing(figure_text(&worst.figure)),
            or_nothing(worst.limit.as_ref().map(limit_text)),
            or_nothing(worst.limit.as_ref().map(|limit| limit.owner.clone())),
            or_nothing(worst.margin.as_ref().map(signed)),
        ],
        verdict: Some(worst.verdict),
    }));
    if let Some(document) = worst.limit.as_ref().and_then(|limit| limit.document.as_ref()) {
        lines.push(text(format!("limit declared in {document}")));
    }
    // A run that stopped has one reason for all its requirements: it is said once.
    let reason = worst.reason.as_ref().filter(|reason| said.insert((*reason).clone()));
    let where_text = match (reason, requirements.len() > 1 && !case.case.is_empty()) {
        (Some(reason), true) => Some(format!("{reason}; {}", case.case)),
        (Some(reason), false) => Some(reason.clone()),
        (None, true) => Some(format!("case {}", case.case)),
        (None, false) => None,
    };
    lines.extend(where_text.map(text));
    if let Some(figure) =
        case.figures.iter().find(|f| f.judged && f.figure.is_some() && f.figure == worst.figure)
    {
        instrument_lines(figure, lines);
    }
    let mut beside: Vec<String> = Vec::new();
    if requirements.len() > 1 {
        beside.push(cases_text(&requirements));
    }
    if let Some(control) = worst.without_fault {
        let figure =
            worst.figure_without_fault.as_ref().map_or(String::new(), |f| format!("{}, ", bare(&f.text)));
        beside.push(format!("control without the fault: {figure}{control}"));
    }
    if !beside.is_empty() {
        lines.push(text(beside.join("; ")));
    }
    lines.extend(worst.hints.iter().map(|hint| text(format!("hint: {hint}"))));
    if worst.verdict != Verdict::Pass && !worst.file.is_empty() {
        lines.push(text(format!("{}:{}", worst.file, worst.line)));
    }
}

/// "all 3 cases fail (76.8 to 77.4 deg)", "1 of 3 cases fails, 2 pass (…)".
fn cases_text(requirements: &[&RequirementOutcome]) -> String {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for requirement in requirements {
        *counts.entry(requirement.verdict).or_insert(0) += 1;
    }
    let total = requirements.len();
    let verb = |verdict: Verdict, count: usize| match (verdict, count == 1) {
        (Verdict::Pass, true) => "passes",
        (Verdict::Pass, false) => "pass",
        (Verdict::Fail, true) => "fails",
        (Verdict::Fail, false) => "fail",
        (Verdict::Inconclusive, true) => "is inconclusive",
        (Verdict::Inconclusive, false) => "are inconclusive",
        (Verdict::Invalid, true) => "is invalid",
        (Verdict::Invalid, false) => "are invalid",
        (Verdict::Error, true) => "ends in an error",
        (Verdict::Error, false) => "end in an error",
    };
    let mut parts = counts.iter().rev().map(|(verdict, count)| (*count, verb(*verdict, *count)));
    let said = match (counts.len(), parts.next()) {
        (1, Some((_, verb))) => format!("all {total} cases {verb}"),
        (_, Some((count, verb))) => {
            let rest: String = parts.map(|(count, verb)| format!(", {count} {verb}")).collect();
            format!("{count} of {total} cases {verb}{rest}")
        }
        (_, None) => String::new(),
    };
    let figures: Vec<&Reported> = requirements.iter().filter_map(|r| r.figure.as_ref()).collect();
    match range(&figures) {
        Some(range) => format!("{said} ({range})"),
        None => said,
    }
}

fn figure_lines(figures: &[FigureOutcome], lines: &mut Vec<Line>) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for figure in figures.iter().filter(|figure| !figure.judged) {
        if !seen.insert(&figure.name) {
            continue;
        }
        let rows: Vec<&FigureOutcome> =
            figures.iter().filter(|f| !f.judged && f.name == figure.name).collect();
        let size = |f: &FigureOutcome| f.figure.as_ref().map_or(f64::NEG_INFINITY, |r| r.value.abs());
        let largest =
            rows.iter().copied().reduce(|best, next| if size(next) > size(best) { next } else { best });
        let Some(largest) = largest else { continue };
        let truth = if largest.uses_truth { " (truth)" } else { "" };
        let row = if largest.row.is_empty() { String::new() } else { format!(", at {}", largest.row) };
        let all: Vec<&Reported> = rows.iter().filter_map(|f| f.figure.as_ref()).collect();
        let remark = match (rows.len(), range(&all)) {
            (2.., Some(range)) => format!("not judged; the largest of {}, {range}", rows.len()),
            _ => "not judged".to_owned(),
        };
        let value = largest.figure.as_ref().map_or(NOTHING.to_owned(), |f| f.text.clone());
        let subject = format!("{}{truth}{row}", largest.name);
        lines.push(Line::Row(Row { cells: vec![String::new(), subject, value, remark], verdict: None }));
        instrument_lines(largest, lines);
    }
}

/// What must be said beside a figure: what the instrument alone would give, and any note.
fn instrument_lines(figure: &FigureOutcome, lines: &mut Vec<Line>) {
    if let (Some(alone), Some(value)) = (&figure.instrument_alone, &figure.figure) {
        // Mostly: more than half of the variance.
        let mostly = 2.0 * alone.value * alone.value > value.value * value.value;
        let instrument = figure.instrument.as_deref().unwrap_or("instrument");
        let mostly =
            if mostly { format!("; this figure is mostly the {instrument}'s") } else { String::new() };
        lines.push(text(format!("hint: the {instrument} alone gives {}{mostly}", alone.text)));
    }
    lines.extend(figure.reason.clone().map(text));
}

fn failure_lines(cases: &[CaseOutcome], lines: &mut Vec<Line>) {
    let failed: Vec<&CaseOutcome> = cases.iter().filter(|case| case.failure.is_some()).collect();
    let Some((case, failure)) = failed.first().and_then(|case| case.failure.as_ref().map(|f| (case, f)))
    else {
        return;
    };
    let said = lines.iter().any(|line| matches!(line, Line::Text(text) if text.contains(&failure.what)));
    let others = failed.len() - 1;
    if said && others == 0 {
        return;
    }
    let name = if case.case.is_empty() { String::new() } else { format!("case {}: ", case.case) };
    let more = match others {
        0 => String::new(),
        1 => "; 1 other case stopped early, too".to_owned(),
        _ => format!("; {others} other cases stopped early, too"),
    };
    lines.push(text(format!("{name}{} at {:.3} s: {}{more}", failure.verdict, failure.at_s, failure.what)));
}

/// What every latency stands beside: the step, which is its resolution, and the compute times.
fn latency_line(case: &CaseOutcome) -> Option<Line> {
    let figures = case.requirements.iter().filter_map(|r| r.figure.as_ref());
    let reported = case.figures.iter().filter_map(|f| f.figure.as_ref());
    if !figures.chain(reported).any(|figure| figure.unit == "s") {
        return None;
    }
    let mut of_time: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for (component, seconds) in &case.compute_times {
        of_time.entry((seconds * 1e9).round() as u64).or_default().push(component);
    }
    let times: Vec<String> = of_time
        .iter()
        .map(|(nanos, of)| format!("compute time {} ms in {}", *nanos as f64 / 1e6, of.join(", ")))
        .collect();
    if case.data.is_some() && case.step_s == 0.0 {
        return None;
    }
    let step = format!("latencies: resolution {:.3} ms (the step)", case.step_s * 1e3);
    Some(text([vec![step], times].concat().join("; ")))
}

/// Which slots controllers from outside filled, and which of them fell silent.
fn controller_lines(case: &CaseOutcome) -> Vec<Line> {
    case.controllers
        .iter()
        .map(|controller| {
            // One that was named with the command is called by its slot.
            let who = match controller.name == controller.slot {
                true => "a program named with the command".to_owned(),
                false => format!("controller `{}`", controller.name),
            };
            let silent = controller.silent_from_s.zip(controller.why_silent.as_ref());
            let silent =
                silent.map_or_else(String::new, |(at, why)| format!(", silent from {at:.6} s on: it {why}"));
            text(format!("in {}: {who}{silent}", controller.slot))
        })
        .chain((!case.controllers.is_empty() && case.failure.is_some()).then(|| {
            let folder = crate::safe_path::case_folder_name(&case.case);
            text(format!("what it printed: cases/{folder}/controllers/ of the result"))
        }))
        .collect()
}

/// What was judged, of a recording.
fn data_lines(data: &DataOutcome, until_s: f64) -> Vec<Line> {
    let file = |file: &DataFile| {
        let digest = file.digest.get(..8).unwrap_or(&file.digest);
        format!(
            "judged from a recording: {}, {} rows, up to {until_s:.3} s, digest {digest}",
            file.name, file.rows
        )
    };
    data.files.iter().map(file).chain(data.notes.iter().cloned()).map(text).collect()
}

fn standing_line(status: Option<&str>, case: &CaseOutcome) -> Option<Line> {
    let counts = case.standing.iter().map(|count| {
        format!("{} of {} parameters of {} are assumed", count.assumed, count.parameters, count.instance)
    });
    let parts: Vec<String> = status.map(str::to_owned).into_iter().chain(counts).collect();
    (!parts.is_empty()).then(|| text(format!("standing: {}", parts.join("; "))))
}

fn push_footer(out: &mut String, results: &[ScenarioResult], style: &TableStyle) {
    let cases = || results.iter().flat_map(|result| &result.cases);
    let judged = || cases().flat_map(|case| &case.requirements);
    let figures = judged()
        .filter_map(|r| r.figure.as_ref())
        .chain(cases().flat_map(|case| &case.figures).filter_map(|f| f.figure.as_ref()));
    // Two decimals: a factor from few readings is that of Student's distribution.
    let factors: BTreeSet<String> = figures
        .filter(|figure| figure.text.contains('±'))
        .map(|figure| ((figure.coverage_factor * 100.0).round() / 100.0).to_string())
        .collect();
    let mut said = Vec::new();
    if !factors.is_empty() {
        said.push(format!("± is U, expanded, k = {}", factors.into_iter().collect::<Vec<_>>().join(" or ")));
    }
    if judged().any(|r| r.limit.as_ref().is_some_and(|limit| limit.owner == "example")) {
        said.push("example: declared by nobody, there so that the file has something to judge".to_owned());
    }
    if !said.is_empty() {
        push_line(out, &said.join(". "));
    }
    let counts = count_verdicts(results);
    let order = [Verdict::Pass, Verdict::Fail, Verdict::Inconclusive, Verdict::Invalid, Verdict::Error];
    let each: Vec<String> = order
        .iter()
        .filter_map(|verdict| {
            counts.get(verdict).map(|n| format!("{n} {}", coloured(*verdict, style.styled)))
        })
        .collect();
    let total: usize = counts.values().sum();
    let verdicts = match total {
        0 => "no verdicts".to_owned(),
        1 => format!("1 verdict: {}", each.join(", ")),
        _ => format!("{total} verdicts: {}", each.join(", ")),
    };
    let results_in = style.results_in.as_ref().map_or(String::new(), |path| format!(". Results in {path}"));
    push_line(out, &format!("{verdicts}{results_in}"));
    if let Some(next) = &style.next {
        push_line(out, next);
    }
}

fn push_row(out: &mut String, row: &Row, columns: [usize; 6], styled: bool) {
    let mut line = String::from("  ");
    let mut cells = row.cells.iter().zip(columns).enumerate().peekable();
    while let Some((at, (cell, column))) = cells.next() {
        if at == 1 && width(cell) > column {
            line.push_str(cell);
            push_line(out, &line);
            line = " ".repeat(2 + columns[0] + 2 + column);
        } else if cells.peek().is_none() && row.verdict.is_none() {
            line.push_str(cell);
        } else {
            line.push_str(&padded(cell, column));
        }
        line.push_str("  ");
    }
    if let Some(verdict) = row.verdict {
        line.push_str(&coloured(verdict, styled));
    }
    push_line(out, &line);
}

fn push_line(out: &mut String, line: &str) {
    out.push_str(line.trim_end());
    out.push('\n');
}

fn limit_text(limit: &LimitOutcome) -> String {
    let symbol = match limit.relation.as_str() {
        "<=" => "≤",
        ">=" => "≥",
        other => other,
    };
    format!("{symbol} {}", limit.limit.text)
}

/// A margin with its sign.
fn signed(margin: &Reported) -> String {
    match margin.text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None if margin.text.starts_with(['+', '−']) => margin.text.clone(),
        None => format!("+{}", margin.text),
    }
}

/// Number and unit of a reported text: `0.032 ± 0.006 mm` has 0.032 and mm.
fn number_and_unit(text: &str) -> (&str, &str) {
    let (number, rest) = text.split_once(' ').unwrap_or((text, ""));
    match rest.strip_prefix("± ") {
        Some(rest) => (number, rest.split_once(' ').map_or("", |(_, unit)| unit)),
        None => (number, rest),
    }
}

/// A reported text without its uncertainty.
fn bare(text: &str) -> String {
    let (number, unit) = number_and_unit(text);
    format!("{number} {unit}").trim_end().to_owned()
}

/// From the least to the largest of some figures: "76.8 to 77.4 deg"; `None` for none.
fn range(figures: &[&Reported]) -> Option<String> {
    let least = figures.iter().min_by(|a, b| a.value.total_cmp(&b.value))?;
    let most = figures.iter().max_by(|a, b| a.value.total_cmp(&b.value))?;
    let ((low, low_unit), (high, high_unit)) = (number_and_unit(&least.text), number_and_unit(&most.text));
    Some(match (low == high, low_unit == high_unit) {
        (true, true) => bare(&least.text),
        (false, true) => format!("{low} to {}", bare(&most.text)),
        (_, false) => format!("{} to {}", bare(&least.text), bare(&most.text)),
    })
}

fn bold(text: &str, styled: bool) -> String {
    if styled { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn coloured(verdict: Verdict, styled: bool) -> String {
    if !styled {
        return verdict.word().to_owned();
    }
    let code = match verdict {
        Verdict::Pass => 32,
        Verdict::Fail => 31,
        Verdict::Inconclusive | Verdict::Invalid => 33,
        Verdict::Error => 35,
    };
    format!("\u{1b}[1;{code}m{}\u{1b}[0m", verdict.word())
}
