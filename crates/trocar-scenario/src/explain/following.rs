//! Measures of how one signal follows another, in sentences.

use super::Catalogue;
use super::page::{Page, Table, quantity};
use serde_json::Value as Json;

/// The key of the sentence of a measure of this kind: of those that compute one of several things, of that one.
pub(super) fn key(kind: &str, table: &Table<'_>) -> Option<String> {
    let without = match kind {
        "frequency_response" => "gain",
        "hysteresis" => "width",
        "scaling" => "error",
        "step_response" => "rise_time",
        "tracking_error" => "rms",
        "delay" | "start_delay" | "following_delay" | "slope_change_delay" | "correlation_delay" => {
            return Some(format!("measure.{kind}"));
        }
        _ => return None,
    };
    Some(format!("measure.{kind}.{}", table.text("statistic").unwrap_or(without)))
}

/// What a measure's sentence says beside its signals.
pub(super) fn values(words: &Catalogue, kind: &str, table: &Table<'_>) -> Vec<(&'static str, String)> {
    let said = |key: &str| table.quantity(words, key);
    let list = |key: &str| {
        let items = table.get(key).and_then(Json::as_array).into_iter().flatten();
        words.list(&items.filter_map(|item| quantity(words, item)).collect::<Vec<_>>())
    };
    let or = |key: &str, other: &str| said(key).or_else(|| said(other)).unwrap_or_default();
    match kind {
        "delay" | "start_delay" | "following_delay" | "slope_change_delay" | "correlation_delay" => {
            let statistic = table.text("statistic").unwrap_or("mean");
            vec![
                ("statistic", words.say(&format!("statistic.{statistic}"), &[])),
                ("threshold", said("threshold").unwrap_or_default()),
                ("commanded_threshold", or("commanded_threshold", "threshold")),
                ("slope", said("slope").unwrap_or_default()),
                ("commanded_slope", or("commanded_slope", "slope")),
                ("average", said("average").unwrap_or_default()),
                ("longest", said("longest").unwrap_or_default()),
                ("targets", list("targets")),
            ]
        }
        "frequency_response" => vec![("at", list("at"))],
        "scaling" => vec![("scale", said("scale").unwrap_or_else(|| "1".to_owned()))],
        _ => Vec::new(),
    }
}

/// What is said of a measure after its sentence.
pub(super) fn remarks(page: &mut Page, kind: &str, table: &Table<'_>) {
    let words = page.words;
    let said = |key: &str| table.quantity(words, key);
    match kind {
        "start_delay" | "following_delay" | "slope_change_delay" => {
            let rest = said("rest").unwrap_or_else(|| "100 ms".to_owned());
            page.say("measure.rest", &[("rest", &rest)]);
            let scale = said("scale").filter(|scale| !matches!(scale.as_str(), "1" | "1.0"));
            if let Some(scale) = scale {
                page.say("measure.scale", &[("scale", &scale)]);
            }
        }
        "frequency_response" => {
            match said("segment") {
                Some(segment) => page.say("measure.segment", &[("segment", &segment)]),
                None => page.say("measure.segment.default", &[]),
            }
            let least = said("least_coherence").unwrap_or_else(|| "80 %".to_owned());
            page.say("measure.coherence", &[("least", &least)]);
        }
        "step_response" => {
            if let Some(over) = said("over") {
                page.say("measure.over", &[("over", &over)]);
            }
        }
        _ => {}
    }
}
