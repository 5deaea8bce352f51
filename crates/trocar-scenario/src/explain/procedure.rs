//! What happens in a test, and what goes wrong there, in sentences.

use super::catalogue::Catalogue;
use super::formula::{command, formula, frame, path};
use super::page::{Page, Table, quantity};
use serde_json::Value as Json;

pub(super) fn phases(page: &mut Page, file: &Table<'_>) {
    page.section("procedure");
    for phase in file.tables("phases") {
        self::phase(page, &phase);
    }
}

fn phase(page: &mut Page, table: &Table<'_>) {
    let words = page.words;
    let name = table.text("name").unwrap_or("");
    let mut steps: Vec<String> = sent(words, &table.table("send"));
    let motions = [table.table("move"), table.table("step"), table.table("ramp")];
    let stimuli = STIMULI.map(|kind| (kind, table.table(kind)));
    let moves =
        motions.iter().chain(stimuli.iter().map(|(_, stimulus)| stimulus)).any(|motion| !motion.is_empty());
    let [motion, step, ramp] = &motions;
    if !motion.is_empty() {
        let through: Vec<String> = motion.texts("through").into_iter().map(str::to_owned).collect();
        let dwell = motion.quantity(words, "dwell");
        let key = if dwell.is_some() { "phase.move" } else { "phase.move.no_dwell" };
        let values = [
            ("command", command(words, motion.text("command").unwrap_or(""))),
            ("through", words.list(&through)),
            ("dwell", dwell.unwrap_or_default()),
        ];
        steps.push(words.say(key, &values.each_ref().map(|(key, value)| (*key, value.as_str()))));
    }
    for (table, by, to) in
        [(step, "phase.step.by", "phase.step.to"), (ramp, "phase.ramp.by", "phase.ramp.to")]
    {
        if !table.is_empty() {
            steps.push(one_joint(words, table, by, to));
        }
    }
    for (kind, stimulus) in stimuli.iter().filter(|(_, stimulus)| !stimulus.is_empty()) {
        steps.extend(self::stimulus(words, kind, stimulus));
    }
    if let Some(count) = table.quantity(words, "repeat").filter(|count| count != "1") {
        steps.push(words.say("phase.repeat", &[("count", &count)]));
    }
    for meanwhile in table.tables("meanwhile") {
        let condition = meanwhile.get("on").map(|on| trigger(words, on, false)).unwrap_or_default();
        let sent = words.clauses(&sent(words, &meanwhile.table("send")));
        steps.push(words.say("phase.meanwhile", &[("condition", &condition), ("sent", &sent)]));
        page.rest(&meanwhile);
    }
    if let Some(until) = table.get("until") {
        steps.push(words.say("phase.until", &[("condition", &trigger(words, until, false))]));
    } else if let Some(time) = table.quantity(words, "lasts") {
        steps.push(words.say("phase.lasts", &[("time", &time)]));
    } else if moves {
        steps.push(words.say("phase.motion_done", &[]));
    }
    if table.get("until").is_some()
        && let Some(time) = table.quantity(words, "lasts")
    {
        steps.push(words.say("phase.lasts", &[("time", &time)]));
    }
    if let Some(time) = table.quantity(words, "within") {
        steps.push(words.say("phase.within", &[("time", &time)]));
    }
    if let Some(refusals) = table.text("refusals") {
        steps.push(words.say(&format!("phase.refusals.{refusals}"), &[]));
    }
    page.say("phase.begin", &[("name", name), ("steps", &words.clauses(&steps))]);
    motions.iter().chain(stimuli.iter().map(|(_, stimulus)| stimulus)).for_each(|motion| page.rest(motion));
    page.rest(table);
}

/// Motions that have many numbers.
const STIMULI: [&str; 6] = ["sine", "chirp", "noise", "line", "arc", "recorded"];

/// A motion given as a function of time, and what follows it.
fn stimulus(words: &Catalogue, kind: &str, table: &Table<'_>) -> Vec<String> {
    let said = |key: &str| table.quantity(words, key).unwrap_or_default();
    let moved = moved(words, table);
    let cycles = table.get("cycles").and_then(Json::as_f64).map(|count| count.to_string());
    let extent: Vec<String> = [("cycles", cycles), ("duration", table.quantity(words, "duration"))]
        .into_iter()
        .filter_map(|(of, much)| Some(words.say(&format!("phase.extent.{of}"), &[("much", &much?)])))
        .collect();
    let sweep = words.say(&format!("phase.sweep.{}", table.text("sweep").unwrap_or("linear")), &[]);
    let through: Vec<String> = table.texts("through").into_iter().map(str::to_owned).collect();
    let mut values = vec![
        ("command", command(words, table.text("command").unwrap_or(""))),
        ("moved", moved),
        ("extent", words.list(&extent)),
        ("sweep", sweep),
        ("through", words.list(&through)),
    ];
    // A key is asked for where the kind has it, so that one that is said nowhere is found.
    let keys: &[&'static str] = match kind {
        "sine" => &["amplitude", "frequency"],
        "chirp" => &["amplitude", "from", "to", "duration"],
        "noise" => &["amplitude", "bandwidth", "duration"],
        "line" => &["speed"],
        "arc" => &["via", "to", "speed"],
        _ => &["file"],
    };
    values.extend(keys.iter().map(|key| (*key, said(key))));
    let whole = kind == "arc" && table.get("whole_circle").and_then(Json::as_bool) == Some(true);
    let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let kind = if whole { "circle" } else { kind };
    let mut steps = vec![words.say(&format!("phase.stimulus.{kind}"), &values)];
    if let Some(of) = table.text("frame") {
        steps.push(words.say("phase.recorded.frame", &[("frame", &frame(words, of))]));
    }
    if table.get("relative").and_then(Json::as_bool) == Some(true) {
        steps.push(words.say("phase.recorded.relative", &[]));
    }
    if let Some(time) = table.quantity(words, "lasts") {
        steps.push(words.say("phase.recorded.lasts", &[("time", &time)]));
    }
    let optional: Vec<String> = table.texts("if_present").into_iter().map(str::to_owned).collect();
    if !optional.is_empty() {
        steps.push(words.say("phase.recorded.if_present", &[("list", &words.list(&optional))]));
    }
    if let Some(time) = table.quantity(words, "hold") {
        steps.push(words.say("phase.rest", &[("time", &time)]));
    }
    steps
}

/// What is sent, a clause for each command.
fn sent(words: &Catalogue, table: &Table<'_>) -> Vec<String> {
    let mut said = Vec::new();
    for to in table.names() {
        let Some(what) = table.get(to) else { continue };
        let items: Vec<String> = match what {
            Json::Array(items) => items.iter().map(|item| sent_word(words, item)).collect(),
            one => vec![sent_word(words, one)],
        };
        let key = if items.len() > 1 { "phase.send.each" } else { "phase.send" };
        said.push(words.say(key, &[("words", &words.list(&items)), ("command", &command(words, to))]));
    }
    said
}

fn sent_word(words: &Catalogue, item: &Json) -> String {
    match item {
        Json::String(word) => format!("“{word}”"),
        Json::Object(joints) => {
            let joints: Vec<String> = joints
                .iter()
                .map(|(joint, value)| {
                    let value = quantity(words, value).unwrap_or_default();
                    words.say("phase.send.pose", &[("joint", joint), ("value", &value)])
                })
                .collect();
            words.list(&joints)
        }
        other => other.to_string(),
    }
}

/// What a stimulus moves: a joint, the tip along an axis, or the handle of a motion generator.
fn moved(words: &Catalogue, table: &Table<'_>) -> String {
    let of_handle = table.text("command").is_some_and(|command| command.ends_with(".generator.servo_cp"));
    match (table.text("joint"), table.text("axis")) {
        (Some(joint), _) => words.say("phase.moved.joint", &[("joint", joint)]),
        (None, axis) => {
            let key = if of_handle { "phase.moved.handle" } else { "phase.moved.axis" };
            words.say(key, &[("axis", axis.unwrap_or(""))])
        }
    }
}

fn one_joint(words: &Catalogue, table: &Table<'_>, by: &str, to: &str) -> String {
    let said = |key: &str| table.quantity(words, key).unwrap_or_default();
    let key = if table.get("to").is_some() { to } else { by };
    let hold = table.quantity(words, "hold").unwrap_or_else(|| "0 s".to_owned());
    let values = [
        ("command", command(words, table.text("command").unwrap_or(""))),
        ("moved", moved(words, table)),
        ("by", said("by")),
        ("to", said("to")),
        ("speed", said("speed")),
        ("hold", hold),
    ];
    words.say(key, &values.each_ref().map(|(key, value)| (*key, value.as_str())))
}

/// When something begins or ends: a condition, or a table that says more. `of_fault`: it ends a fault.
fn trigger(words: &Catalogue, json: &Json, of_fault: bool) -> String {
    if let Some(text) = json.as_str() {
        return formula(words, text);
    }
    let table = Table::new(json, "");
    let phase = table.text("in");
    let several = |key: &str| -> Option<String> {
        let items: Vec<String> = table
            .get(key)?
            .as_array()?
            .iter()
            .map(|one| words.say("when.group", &[("what", &trigger(words, one, of_fault))]))
            .collect();
        Some(words.clauses(&items))
    };
    let mut in_phase = phase.is_some();
    let mut said = if let Some(text) = table.text("when") {
        formula(words, text)
    } else if let Some(time) = table.quantity(words, "at") {
        words.say("when.at", &[("time", &time)])
    } else if let Some(time) = table.quantity(words, "after") {
        in_phase = false;
        match phase {
            Some(phase) => words.say("when.after.in", &[("time", &time), ("phase", phase)]),
            None if of_fault => words.say("when.after.fault", &[("time", &time)]),
            None => words.say("when.after", &[("time", &time)]),
        }
    } else if table.text("motion").is_some() {
        words.say("when.motion", &[])
    } else if let Some(list) = several("all") {
        words.say("when.all", &[("list", &list)])
    } else if let Some(list) = several("any") {
        words.say("when.any", &[("list", &list)])
    } else {
        in_phase = false;
        words.say("when.begins", &[("phase", phase.unwrap_or(""))])
    };
    if let Some(time) = table.quantity(words, "held_for") {
        said = words.say("when.held", &[("what", &said), ("time", &time)]);
    }
    if let Some(count) = table.get("occurrence").and_then(Json::as_u64).filter(|count| *count > 1) {
        let count = ordinal(words, count);
        said = words.say("when.occurrence", &[("what", &said), ("count", &count)]);
    }
    if let Some(time) = table.quantity(words, "delay") {
        said = words.say("when.delay", &[("what", &said), ("time", &time)]);
    }
    match phase {
        Some(phase) if in_phase => words.say("when.in", &[("phase", phase), ("what", &said)]),
        _ => said,
    }
}

/// "3rd" in English; languages that count otherwise take the number.
fn ordinal(words: &Catalogue, count: u64) -> String {
    if words.language() != super::Language::English {
        return count.to_string();
    }
    let ending = match (count % 10, count % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    format!("{count}{ending}")
}

pub(super) fn faults(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    page.section("faults");
    let faults = file.tables("faults");
    if faults.is_empty() {
        return page.say("faults.none", &[]);
    }
    for fault in &faults {
        let said = |key: &str| fault.quantity(words, key).unwrap_or_default();
        let kind = fault.text("kind").unwrap_or("");
        let values = [
            ("name", fault.text("name").unwrap_or("").to_owned()),
            ("target", path(words, fault.text("target").unwrap_or(""))),
            ("value", said("value")),
            ("by", said("by")),
            ("factor", said("factor")),
            ("rate", said("rate")),
            ("sd", said("sd")),
            ("bit", said("bit")),
            ("counts", said("counts")),
        ];
        let what = words
            .say(&format!("fault.{kind}"), &values.each_ref().map(|(key, value)| (*key, value.as_str())));
        let starts = fault.get("starts").map(|starts| trigger(words, starts, false)).unwrap_or_default();
        page.push(words.sentence(&what));
        page.say("fault.starts", &[("condition", &starts)]);
        match fault.quantity(words, "lasts").as_deref() {
            Some("for good") => page.say("fault.lasts.good", &[]),
            Some(time) => page.say("fault.lasts", &[("time", time)]),
            None => {}
        }
        if let Some(ends) = fault.get("ends") {
            page.say("fault.ends", &[("condition", &trigger(words, ends, true))]);
        }
        if let Some(time) = fault.quantity(words, "ramp") {
            page.say("fault.ramp", &[("time", &time)]);
        }
        if let Some(reader) = fault.text("reader") {
            page.say("fault.reader", &[("reader", reader)]);
        }
        if let Some(amount) = fault.quantity(words, "must_change") {
            page.say("fault.must_change", &[("amount", &amount)]);
        }
        page.rest(fault);
    }
    page.say("faults.twin", &[]);
}
