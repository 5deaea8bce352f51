//! What the verdicts of a result hang on: the step, and numbers that nobody has published.

use super::page::{badge, escaped, head, row};
use crate::sensitivity::{Refined, Sensitivity, Shaking};
use std::fmt::Write as _;
use trocar_scenario::explain::Catalogue;

/// Tables of what was asked, case by case.
pub(super) fn hangs(out: &mut String, found: &[Sensitivity], words: &Catalogue) {
    let _ = writeln!(out, "<h2>{}</h2>", escaped(&words.say("report.hangs", &[])));
    for one in found {
        if found.len() > 1 {
            let name = words.say("report.case", &[("case", &one.case)]);
            let _ = writeln!(out, "<h3>{}</h3>", escaped(&name));
        }
        if !one.refined.is_empty() {
            refined(out, one, words);
        }
        if let Some(shaken) = &one.shaken {
            shaking(out, shaken, words);
        }
    }
}

fn refined(out: &mut String, of: &Sensitivity, words: &Catalogue) {
    let step = format!("{:.4} ms", 1e3 * of.step_s);
    let _ = writeln!(out, "<p>{}</p>", escaped(&words.say("report.refined", &[("step", &step)])));
    let keys = [
        "report.requirement",
        "report.step.whole",
        "report.step.half",
        "report.step.quarter",
        "report.order",
        "report.band",
        "report.with_band",
        "report.verdict",
    ];
    head(out, "figures", &keys, words);
    for one in &of.refined {
        let text = |reported: &Option<crate::outcome::Reported>| {
            escaped(reported.as_ref().map_or("–", |reported| reported.text.as_str()))
        };
        let [a, b, c] = one.figures.each_ref().map(|figure| escaped(figure));
        let cells = [
            escaped(&one.id),
            a,
            b,
            c,
            one.order.map_or_else(|| "–".to_owned(), |order| format!("{order:.1}")),
            format!("± {}", text(&one.band)),
            text(&one.with_band),
            verdict(one, words),
        ];
        row(out, "td", &cells);
    }
    out.push_str("</table>\n");
    let _ = writeln!(out, "<p class=\"aside\">{}</p>", escaped(&words.say("report.refined.meaning", &[])));
}

fn verdict(one: &Refined, words: &Catalogue) -> String {
    let mut cell = badge(one.verdict_with_band, "");
    if one.depends() {
        let all: Vec<&str> = one.verdicts.iter().map(|verdict| verdict.word()).collect();
        let said = words.say("report.hangs_on_step", &[("verdicts", &all.join(", "))]);
        let _ = write!(cell, "<br><small>{}</small>", escaped(&said));
    }
    cell
}

fn shaking(out: &mut String, shaken: &Shaking, words: &Catalogue) {
    let values = [("part", format!("{:.0} %", 100.0 * shaken.part)), ("runs", shaken.runs().to_string())];
    let values = values.each_ref().map(|(key, value)| (*key, value.as_str()));
    let _ = writeln!(out, "<p>{}</p>", escaped(&words.say("report.shaken", &values)));
    let key = if shaken.decisive().next().is_some() { "report.shaken.hangs" } else { "report.shaken.holds" };
    let _ = writeln!(out, "<p>{}</p>\n<ul>", escaped(&words.say(key, &[])));
    for one in shaken.shown() {
        let _ = writeln!(out, "<li><b>{}</b> {}</li>", escaped(&one.id), escaped(&one.sentence()));
    }
    out.push_str("</ul>\n");
    if shaken.left_alone > 0 {
        let said = words.say("report.shaken.left", &[("count", &shaken.left_alone.to_string())]);
        let _ = writeln!(out, "<p class=\"aside\">{}</p>", escaped(&said));
    }
}
