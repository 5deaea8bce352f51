//! The page itself.

use super::plots::{Pictures, pictures};
use super::{ReportError, Reported};
use crate::ledger::ledger;
use crate::outcome::{CaseOutcome, DataOutcome, FigureOutcome, RequirementOutcome};
use crate::scenario_result::case_verdicts;
use std::fmt::Write as _;
use trocar_measure::{DisplayUnit, Verdict};
use trocar_scenario::explain::{Catalogue, Language, explain_scenario};

/// Text as HTML shows it, in elements and in attributes.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Signs that turn the direction of writing could show another text than there is.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => out.push('\u{fffd}'),
            c if c.is_control() && !matches!(c, '\n' | '\t') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

pub(super) fn page(results: &[Reported], words: &Catalogue) -> Result<String, ReportError> {
    let language = match words.language() {
        Language::English => "en",
        Language::Chinese => "zh-Hans",
    };
    let title = match results {
        [one] => one.folder.result().scenario.title.clone(),
        several => words.say("report.several", &[("count", &several.len().to_string())]),
    };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        escaped(&title)
    );
    if results.len() > 1 {
        let _ = writeln!(out, "<h1>{}</h1>\n<ul class=\"contents\">", escaped(&title));
        for (place, result) in results.iter().enumerate() {
            let header = &result.folder.result().scenario;
            let badges: String = counted(&result.folder.result().cases);
            let _ = writeln!(out, "<li><a href=\"#r{place}\">{}</a> {badges}</li>", escaped(&header.title));
        }
        out.push_str("</ul>\n");
    }
    for (place, result) in results.iter().enumerate() {
        one(&mut out, place, result, words)?;
    }
    out.push_str("</body>\n</html>\n");
    Ok(out)
}

/// How many of each verdict, as badges.
fn counted(cases: &[CaseOutcome]) -> String {
    let mut counts: std::collections::BTreeMap<Verdict, usize> = std::collections::BTreeMap::new();
    for verdict in cases.iter().flat_map(case_verdicts) {
        *counts.entry(verdict).or_default() += 1;
    }
    counts.iter().map(|(verdict, count)| badge(*verdict, &format!("{count} "))).collect()
}

pub(super) fn badge(verdict: Verdict, before: &str) -> String {
    let word = verdict.word();
    format!("<b class=\"verdict {}\">{before}{word}</b> ", word.to_lowercase())
}

fn one(out: &mut String, place: usize, result: &Reported, words: &Catalogue) -> Result<(), ReportError> {
    let said = |key: &str| escaped(&words.say(key, &[]));
    let (header, cases) = (&result.folder.result().scenario, &result.folder.result().cases);
    let _ = writeln!(out, "<section id=\"r{place}\">\n<h1>{}</h1>", escaped(&header.title));
    let _ = writeln!(
        out,
        "<p class=\"quote\">{} @{}</p>",
        escaped(header.name()),
        escaped(header.short_digest())
    );
    if let Some(method) = &result.method
        && !method.method.purpose.is_empty()
    {
        let _ = writeln!(out, "<p class=\"purpose\">{}</p>", escaped(&method.method.purpose));
    }
    let _ = writeln!(out, "<p>{}</p>\n<h2>{}</h2>", counted(cases), said("heading.verdicts"));
    verdicts(out, cases, words);
    let worst = cases
        .iter()
        .reduce(|best, next| if case_verdicts(next).max() > case_verdicts(best).max() { next } else { best });
    if let Some(case) = worst {
        if cases.len() > 1 {
            let count = cases.len().to_string();
            let values = [("case", case.case.as_str()), ("count", &count)];
            let _ = writeln!(out, "<p>{}</p>", escaped(&words.say("report.worst", &values)));
        }
        let Pictures { course, breaks_off, measures } = pictures(result, case, words)?;
        let _ = writeln!(out, "<h2>{}</h2>\n{course}", said("report.course"));
        if breaks_off {
            let _ = writeln!(out, "<p class=\"aside\">{}</p>", said("report.breaks_off"));
        }
        let _ = writeln!(out, "<h2>{}</h2>", said("heading.figures"));
        figures(out, case, words);
        if let Some(data) = &case.data {
            judged_data(out, data, words);
        }
        for shown in measures {
            let _ = writeln!(out, "<h3>{}</h3>", escaped(&shown.measure));
            match shown.drawn {
                Ok(svg) => out.push_str(&svg),
                Err(why) => {
                    let _ = writeln!(out, "<p class=\"aside\">{}</p>", escaped(&why));
                }
            }
        }
        if !case.faults.is_empty() {
            let _ = writeln!(out, "<h2>{}</h2>", said("heading.ledger"));
            for fault in &case.faults {
                let _ = writeln!(
                    out,
                    "<p>{}</p>\n<pre>{}</pre>",
                    escaped(&fault.sentence),
                    escaped(&ledger(fault).join("\n"))
                );
            }
        }
    }
    if let Some(found) = result.folder.sensitivity()? {
        super::hangs::hangs(out, &found, words);
    }
    if let Some(method) = &result.method {
        let _ = writeln!(out, "<h2>{}</h2>", said("report.method"));
        let explained = explain_scenario(method, words.language());
        for (number, section) in explained.sections.iter().enumerate() {
            let _ = writeln!(
                out,
                "<h3>{} {}</h3>\n<ol class=\"sentences\">",
                number + 1,
                escaped(&section.heading)
            );
            for (at, sentence) in section.sentences.iter().enumerate() {
                let _ =
                    writeln!(out, "<li><span>{}.{}</span> {}</li>", number + 1, at + 1, escaped(sentence));
            }
            out.push_str("</ol>\n");
        }
    } else {
        let _ = writeln!(out, "<p class=\"aside\">{}</p>", said("report.no_method"));
    }
    provenance(out, result, worst, words);
    out.push_str("</section>\n");
    Ok(())
}

pub(super) fn row(out: &mut String, tag: &str, cells: &[String]) {
    out.push_str("<tr>");
    for cell in cells {
        let _ = write!(out, "<{tag}>{cell}</{tag}>");
    }
    out.push_str("</tr>\n");
}

pub(super) fn head(out: &mut String, class: &str, keys: &[&str], words: &Catalogue) {
    let _ = writeln!(out, "<table class=\"{class}\">");
    row(out, "th", &keys.iter().map(|key| escaped(&words.say(key, &[]))).collect::<Vec<_>>());
}

fn verdicts(out: &mut String, cases: &[CaseOutcome], words: &Catalogue) {
    let keys = [
        "report.requirement",
        "report.compared",
        "report.figure",
        "report.limit",
        "report.margin",
        "report.verdict",
    ];
    head(out, "verdicts", &keys, words);
    let several = cases.len() > 1;
    for case in cases {
        if several {
            let name = words.say("report.case", &[("case", &case.case)]);
            let _ = writeln!(out, "<tr class=\"case\"><th colspan=\"6\">{}</th></tr>", escaped(&name));
        }
        for requirement in &case.requirements {
            verdict(out, requirement, words);
        }
        if let Some(failure) = case.failure.as_ref().filter(|_| case.requirements.is_empty()) {
            let what = format!("{:.3} s: {}", failure.at_s, failure.what);
            let _ = writeln!(
                out,
                "<tr><td colspan=\"5\">{}</td><td>{}</td></tr>",
                escaped(&what),
                badge(failure.verdict, "")
            );
        }
    }
    out.push_str("</table>\n");
}

fn verdict(out: &mut String, requirement: &RequirementOutcome, words: &Catalogue) {
    let text = |figure: Option<&crate::outcome::Reported>| {
        escaped(figure.map_or("–", |figure| figure.text.as_str()))
    };
    let limit = requirement.limit.as_ref().map_or("–".to_owned(), |limit| {
        let owner = words.say(&format!("report.owner.{}", limit.owner), &[]);
        let document = limit.document.as_ref().map_or(String::new(), |document| format!(": {document}"));
        format!(
            "{} {}<br><small>{}</small>",
            escaped(&limit.relation),
            escaped(&limit.limit.text),
            escaped(&format!("{owner}{document}"))
        )
    });
    let cells = [
        format!(
            "<b>{}</b><br><small><code>{}</code></small>",
            escaped(&requirement.id),
            escaped(&requirement.formula)
        ),
        escaped(&requirement.subject),
        text(requirement.figure.as_ref()),
        limit,
        text(requirement.margin.as_ref()),
        badge(requirement.verdict, ""),
    ];
    row(out, "td", &cells);
    let mut beside: Vec<String> = Vec::new();
    if !requirement.why.is_empty() {
        beside.push(words.say("report.why", &[("text", &requirement.why)]));
    }
    beside.extend(requirement.reason.clone());
    beside.extend(requirement.hints.iter().cloned());
    if let Some(without) = requirement.without_fault {
        let figure = requirement.figure_without_fault.as_ref().map_or("–", |figure| figure.text.as_str());
        beside.push(words.say("report.without_fault", &[("verdict", without.word()), ("figure", figure)]));
    }
    if !beside.is_empty() {
        let lines: Vec<String> = beside.iter().map(|line| escaped(line)).collect();
        let _ =
            writeln!(out, "<tr class=\"beside\"><td></td><td colspan=\"5\">{}</td></tr>", lines.join("<br>"));
    }
}

fn figures(out: &mut String, case: &CaseOutcome, words: &Catalogue) {
    let keys = ["report.measure", "report.figure", "report.alone", "report.readings", "report.components"];
    head(out, "figures", &keys, words);
    for figure in &case.figures {
        let name = match figure.row.as_str() {
            "" => escaped(&figure.name),
            row => format!("{} <small>{}</small>", escaped(&figure.name), escaped(row)),
        };
        let alone = figure.instrument_alone.as_ref().map_or("–", |alone| alone.text.as_str());
        let mut cells = vec![
            name,
            escaped(figure.figure.as_ref().map_or("–", |figure| figure.text.as_str())),
            escaped(alone),
            figure.samples.to_string(),
            components(figure),
        ];
        let mut beside = Vec::new();
        if figure.uses_truth {
            beside.push(words.say("report.truth", &[]));
        }
        beside.extend(figure.reason.clone());
        if !beside.is_empty() {
            let lines: Vec<String> = beside.iter().map(|line| escaped(line)).collect();
            let _ = write!(cells[1], "<br><small>{}</small>", lines.join("<br>"));
        }
        row(out, "td", &cells);
    }
    out.push_str("</table>\n");
    // All figures of a case are expanded alike.
    let expanded = case.figures.iter().filter(|figure| !figure.components.is_empty());
    if let Some(figure) = expanded.filter_map(|figure| figure.figure.as_ref()).next() {
        let k = figure.coverage_factor.to_string();
        let _ =
            writeln!(out, "<p class=\"aside\">{}</p>", escaped(&words.say("report.expanded", &[("k", &k)])));
    }
}

/// What was judged, of a laboratory's recording, and its figures beside those of a simulation.
fn judged_data(out: &mut String, data: &DataOutcome, words: &Catalogue) {
    let heading = |key: &str| format!("<h2>{}</h2>\n", escaped(&words.say(key, &[])));
    if !data.agreement.is_empty() {
        out.push_str(&heading("report.agreement"));
        let keys = [
            "report.measure",
            "report.measured",
            "report.simulation",
            "report.difference",
            "report.en",
            "report.says",
        ];
        head(out, "figures", &keys, words);
        let text = |one: &Option<crate::outcome::Reported>| {
            one.as_ref().map_or("–", |one| one.text.as_str()).to_owned()
        };
        for one in &data.agreement {
            let name = format!("{} <small>{}</small>", escaped(&one.name), escaped(&one.row));
            let key = format!("report.agreement.{}", one.says.replace(' ', "_"));
            let why =
                one.why.as_ref().map_or(String::new(), |why| format!("<br><small>{}</small>", escaped(why)));
            let cells = [
                name,
                escaped(&text(&one.measured)),
                escaped(&text(&one.simulated)),
                escaped(&text(&one.difference)),
                one.normalised_error.map_or("–".to_owned(), |en| format!("{en:.2}")),
                format!("{}{why}", escaped(&words.say(&key, &[]))),
            ];
            row(out, "td", &cells);
        }
        let _ = writeln!(
            out,
            "</table>\n<p class=\"aside\">{}</p>",
            escaped(&words.say("report.agreement.meaning", &[]))
        );
    }
    out.push_str(&heading("report.data"));
    out.push_str("<ul>\n");
    for file in &data.files {
        let values =
            [("name", file.name.as_str()), ("rows", &file.rows.to_string()), ("digest", &file.digest)];
        let _ = writeln!(out, "<li>{}</li>", escaped(&words.say("report.data.file", &values)));
    }
    for note in &data.notes {
        let _ = writeln!(out, "<li>{}</li>", escaped(note));
    }
    out.push_str("</ul>\n");
}

/// The components of a figure's uncertainty with their types, the largest first.
fn components(figure: &FigureOutcome) -> String {
    let Some(reported) = &figure.figure else { return String::new() };
    let dimension = trocar_signal::unit::parse(&reported.unit)
        .map_or(trocar_signal::Dimension::NUMBER, |unit| unit.dimension);
    let mut list: Vec<_> = figure.components.iter().collect();
    list.sort_by(|a, b| b.standard_uncertainty.total_cmp(&a.standard_uncertainty));
    let lines: Vec<String> = list
        .iter()
        .map(|component| {
            let unit = DisplayUnit::of(component.standard_uncertainty, dimension);
            let u =
                format!("{:.2e}", component.standard_uncertainty / unit.scale).parse::<f64>().unwrap_or(0.0);
            format!(
                "{u} {} ({}) {}",
                escaped(&unit.symbol),
                escaped(&component.kind),
                escaped(&component.name)
            )
        })
        .collect();
    if lines.is_empty() { "–".to_owned() } else { lines.join("<br>") }
}

fn provenance(out: &mut String, result: &Reported, case: Option<&CaseOutcome>, words: &Catalogue) {
    let header = &result.folder.result().scenario;
    let _ = writeln!(
        out,
        "<h2>{}</h2>\n<table class=\"provenance\">",
        escaped(&words.say("report.provenance", &[]))
    );
    let mut line = |key: &str, values: &[(&str, &str)], text: &str| {
        row(out, "td", &[escaped(&words.say(key, values)), escaped(text)]);
    };
    line("report.version", &[], &header.trocar);
    line("report.file", &[], &header.path);
    line("report.method_digest", &[], &header.method_digest);
    for (robot, digest) in &header.robot_digests {
        line("report.robot_digest", &[("robot", robot)], digest);
    }
    line("report.seed", &[], &header.seed.to_string());
    for (what, value) in &header.changes {
        line("report.change", &[("what", what)], value);
    }
    if let Some(status) = &header.status {
        line("report.status", &[], status);
    }
    if let Some(case) = case {
        for role in &case.roles {
            line("report.role", &[], role);
        }
        for standing in &case.standing {
            let counts = format!("{} / {}", standing.assumed, standing.parameters);
            line("report.standing", &[("robot", &standing.instance)], &counts);
        }
        if case.data.is_none() {
            line("report.step", &[], &format!("{:.4} ms", 1e3 * case.step_s));
        }
        for (slot, time_s) in &case.compute_times {
            line("report.compute", &[("slot", slot)], &format!("{:.3} ms", 1e3 * time_s));
        }
        let length = if case.data.is_some() { "report.recorded" } else { "report.simulated" };
        line(length, &[], &format!("{:.3} s", case.simulated_s));
        if case.data.is_none() {
            line("report.digest", &[], &case.digest);
        }
    }
    line("report.replay", &[], &format!("trocar replay {}", result.shown));
    out.push_str("</table>\n");
}

/// Light and dark, on paper and on small screens.
const STYLE: &str = include_str!("style.css");
