//! `trocar paths FILE --slots`: what a controller of one's own can take the place of.

use crate::output::{data, say};
use std::fmt::Write;
use trocar_control::outside::{GroupDescription, SlotDescription};
use trocar_signal::group::matches;
use trocar_sim::Model;

/// The slots of which `trocar new controller` writes the built-in controller.
const TEMPLATES: [&str; 3] = ["servo", "supervisor", "arm"];

/// Lists the slots whose paths match.
pub fn slots(model: &Model, pattern: Option<&str>, as_json: bool) {
    let mut slots = trocar_sim::slots(model);
    slots.retain(|slot| pattern.is_none_or(|pattern| matches(pattern, &slot.slot)));
    if as_json {
        let all: Vec<_> = slots.iter().filter_map(json).collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
        return;
    }
    if slots.is_empty() {
        say("no slot matches; without a pattern all are listed");
        return;
    }
    let texts: Vec<String> = slots.iter().map(text).collect();
    data(&texts.join("\n"));
}

/// As `hello` tells it, without what belongs to a controller that fills the slot.
fn json(slot: &SlotDescription) -> Option<serde_json::Value> {
    let mut value = serde_json::to_value(slot).ok()?;
    for key in ["controller", "settings", "seed"] {
        value.as_object_mut()?.remove(key);
    }
    Some(value)
}

fn text(slot: &SlotDescription) -> String {
    let mut rows = Vec::new();
    for input in &slot.inputs {
        rows.push((if input.inbox { "takes" } else { "reads" }, input.path.as_str(), numbers(input)));
    }
    rows.extend(slot.outputs.iter().map(|output| ("writes", output.path.as_str(), numbers(output))));
    for parameter in &slot.parameters {
        let constant = if parameter.changes { "" } else { "; constant" };
        let value = format!("{} {}{constant}", parameter.value, parameter.unit);
        rows.push(("parameter", parameter.path.as_str(), value));
    }
    let width = rows.iter().map(|(_, path, _)| path.chars().count()).max().unwrap_or(0);
    let mut out = format!(
        "{}: {}, {} Hz, compute time {} s\n",
        slot.slot, slot.kind, slot.rate_hz, slot.compute_time_s
    );
    for (what, path, rest) in rows {
        let _ = writeln!(out, "  {what:10} {path:width$}  {rest}");
    }
    let _ = writeln!(out, "  {:10} {}", "state", words(&slot.state));
    if TEMPLATES.contains(&slot.kind.as_str()) {
        let _ =
            writeln!(out, "  start one: trocar new controller my_{0}.py --slot {1}", slot.kind, slot.slot);
    }
    out
}

/// A group in a few words: its kind, and its numbers with their units, the first and the last of many.
fn numbers(group: &GroupDescription) -> String {
    let kind = group.kind.replace('_', " ");
    if !group.states.is_empty() {
        return format!("{kind}: {}", group.states.join(" | "));
    }
    let number =
        |e: &trocar_control::outside::ElementDescription| format!("{} {}", e.name, e.unit).trim().to_owned();
    let place = match (&group.point, &group.frame) {
        (Some(point), Some(frame)) => format!(" of {point} in {frame}"),
        _ => String::new(),
    };
    match group.elements.as_slice() {
        [] => kind,
        [one] => format!("{kind}{place}: {}", number(one)),
        [first, last] => format!("{kind}{place}: {}, {}", number(first), number(last)),
        [first, .., last] => format!("{kind}{place}: {}, …, {}", number(first), number(last)),
    }
}

/// The words of state: how many, and the first names.
fn words(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        [one] => format!("1 word: {one}"),
        [first, .., last] => format!("{} words: {first}, …, {last}", names.len()),
    }
}
