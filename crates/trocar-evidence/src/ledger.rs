//! The ledger of a fault as lines of text: what happened when.

use crate::outcome::FaultOutcome;

/// The ledger's lines: the fault itself, then, two columns further in, each thing that happened with its instant. The
/// activation has the time since the start of the run; what followed has the time since the activation.
#[must_use]
pub fn ledger(fault: &FaultOutcome) -> Vec<String> {
    let codes = match fault.codes.as_slice() {
        [] => String::new(),
        codes => format!(" (IMDRF {})", codes.join(", ")),
    };
    let mut lines = vec![format!("fault {}: {} on {}{codes}", fault.name, fault.kind, fault.target)];
    let Some(active_s) = fault.active_s else {
        lines.push(format!("  {}", fault.outcome));
        return lines;
    };
    let named = |what: &str, signal: &Option<String>| match signal {
        Some(signal) => format!("{what} {signal}"),
        None => what.trim_end_matches(':').to_owned(),
    };
    let mut after: Vec<(f64, String)> = Vec::new();
    let mut happened = |at_s: Option<f64>, what: String| after.extend(at_s.map(|at_s| (at_s, what)));
    happened(fault.reached_s, named("reached", &fault.reached_signal));
    happened(fault.detected_s, named("announced:", &fault.detected_signal));
    happened(fault.reacted_s, "reacted".to_owned());
    happened(fault.safe_s, "at rest".to_owned());
    happened(fault.cleared_s.map(|at_s| at_s - active_s), "ended".to_owned());
    after.sort_by(|a, b| a.0.total_cmp(&b.0));

    // One decimal where a latency below 100 ms would lose something without it.
    let ms = |at_s: f64| at_s * 1e3;
    let fine =
        after.iter().any(|(at_s, _)| ms(*at_s) < 100.0 && (ms(*at_s) - ms(*at_s).round()).abs() > 0.05);
    let decimals = usize::from(fine);
    let numbers: Vec<String> = after.iter().map(|(at_s, _)| format!("{:.decimals$}", ms(*at_s))).collect();
    let number_width = numbers.iter().map(String::len).max().unwrap_or(0);
    let activation = format!("{active_s:.3} s");
    let width = activation.len().max(number_width + "+ ms".len());

    let wrong = match &fault.largest_change {
        Some(change) => format!("; value wrong by up to {}", change.text),
        None => String::new(),
    };
    lines.push(format!("  {activation:>width$}   active{wrong}"));
    for ((_, what), number) in after.iter().zip(&numbers) {
        let instant = format!("+{number:>number_width$} ms");
        lines.push(format!("  {instant:>width$}   {what}"));
    }
    let note = |text: &str| format!("  {:>width$}   {text}", "");
    if fault.outcome == "dormant" {
        lines.push(note(
            "dormant: no output of a controller, supervisor or actuator differed from the twin's",
        ));
    } else if fault.detected_s.is_none() {
        lines.push(note("not announced"));
    }
    if let Some(deviation) = &fault.largest_deviation {
        let what = if deviation.unit == "rad" { "a joint" } else { "tool tip" };
        lines.push(note(&format!("{what} (truth) up to {} from the twin's", deviation.text)));
    }
    lines
}
