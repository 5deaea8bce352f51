//! `trocar paths FILE --slots`: what a controller of one's own can take the place of.

use crate::output::data;
use std::fmt::Write;
use trocar_control::outside::{GroupDescription, SlotDescription};
use trocar_signal::group::matches;
use trocar_sim::Model;

/// Lists the slots whose paths match.
pub fn slots(model: &Model, pattern: Option<&str>, as_json: bool) {
    let mut slots = trocar_sim::slots(model);
    slots.retain(|slot| pattern.is_none_or(|pattern| matches(pattern, &slot.slot)));
    if as_json {
        let all: Vec<_> = slots.iter().filter_map(json).collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
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
    let mut out = String::new();
    let mut line = |what: &str, path: &str, rest: &str| {
        let line = format!("  {what:10} {path:44} {rest}");
        let _ = writeln!(out, "{}", line.trim_end());
    };
    line("runs", &format!("{} Hz, compute time {} s", slot.rate_hz, slot.compute_time_s), "");
    for input in &slot.inputs {
        line(if input.inbox { "takes" } else { "reads" }, &input.path, &numbers(input));
    }
    for output in &slot.outputs {
        line("writes", &output.path, &numbers(output));
    }
    for parameter in &slot.parameters {
        let fixed = if parameter.changes { "" } else { "; constant" };
        line("parameter", &parameter.path, &format!("{} {}{fixed}", parameter.value, parameter.unit));
    }
    line("state", &words(&slot.state), "");
    line("start one", &format!("trocar new controller my_{0}.py --slot {1}", slot.kind, slot.slot), "");
    format!("{}: {}\n{out}", slot.slot, slot.kind)
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
