//! `trocar paths`

use crate::args::PathsArgs;
use crate::output::{BAD_USAGE, data, failures, say};
use crate::slots;
use serde_json::json;
use trocar_scenario::{Failure, FileKind, Files, Overrides, kind_of_file, load, load_scene};
use trocar_signal::group::matches;
use trocar_signal::{AnyQuantity, GroupClass, GroupKind};
use trocar_sim::case::DeclaredLimit;
use trocar_sim::{Model, Pace};

/// Lists what a scene or scenario holds; gives the exit code.
pub fn paths(args: &PathsArgs) -> u8 {
    let (model, limits) = match model(args) {
        Ok(found) => found,
        Err(failure) => {
            failures(&[failure]);
            return BAD_USAGE;
        }
    };
    if args.slots {
        slots::slots(&model, args.pattern.as_deref(), args.json);
        return 0;
    }
    let wanted = |path: &str| args.pattern.as_deref().is_none_or(|pattern| matches(pattern, path));
    let mut rows = signals(&model, args.faults);
    if !args.faults {
        rows.extend(parameters(&model));
        rows.extend(declared(&limits));
        rows.extend(slot_rows(&model));
    }
    rows.retain(|row| wanted(&row.path));
    if args.json {
        let all: Vec<_> = rows
            .iter()
            .map(|r| {
                json!({
                    "what": r.what, "path": r.path, "unit": r.unit, "frame": r.frame, "point": r.point,
                    "rate": r.rate, "writer": r.writer, "value": r.value, "source": r.source, "meaning": r.meaning
                })
            })
            .collect();
        data(&format!("{}\n", serde_json::Value::from(all)));
        return 0;
    }
    if rows.is_empty() {
        say("nothing matches; without a pattern everything is listed");
        return 0;
    }
    print(&rows);
    0
}

fn model(args: &PathsArgs) -> Result<(Model, Vec<DeclaredLimit>), Failure> {
    let only = |diagnostic| Failure { diagnostics: vec![diagnostic], files: Vec::new() };
    let (files, address) = Files::open(&args.file).map_err(|e| only(e.diagnostic()))?;
    if kind_of_file(&files, &address) == Some(FileKind::Scene) {
        let checked = trocar_scenario::check(&files, &address)?;
        let scene = load_scene(&files, &address)?;
        let compiled = trocar_sim::compile_scene(&scene)
            .map_err(|diagnostics| Failure { diagnostics, files: checked.files })?;
        return Ok((compiled.model, compiled.limits));
    }
    let loaded = load(&files, &address, &Overrides::default())?;
    let compiled = trocar_sim::Compiled { loaded: &loaded };
    let case =
        compiled.case(0).map_err(|diagnostics| Failure { diagnostics, files: loaded.files.clone() })?;
    Ok((case.model, case.limits))
}

#[derive(Default)]
struct Row {
    what: &'static str,
    path: String,
    unit: String,
    frame: String,
    point: String,
    rate: String,
    writer: String,
    value: String,
    source: String,
    meaning: String,
}

fn signals(model: &Model, only_faults: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (id, spec) in model.layout.groups() {
        let is_command = model.seats.iter().any(|seat| seat.inboxes.contains(&id));
        if only_faults && trocar_sim::may_fail(spec).is_err() {
            continue;
        }
        let seat = model.seats.iter().find(|s| s.path == spec.writer);
        let rate = match seat.map(|s| s.pace) {
            Some(Pace::Task(task)) => task.rate.to_string(),
            Some(Pace::EveryStep) => model.step_rate.to_string(),
            None => String::new(),
        };
        let what = match (&spec.class, is_command) {
            (_, true) => "command",
            (GroupClass::Information, _) => "signal",
            (GroupClass::Instrument, _) => "instrument",
            (GroupClass::Truth, _) => "truth",
        };
        for (index, element) in spec.elements.iter().enumerate() {
            let unit = match &spec.kind {
                GroupKind::State(names) => names.join(" | "),
                GroupKind::Event => "event".to_owned(),
                _ => element.dimension.si_unit(),
            };
            rows.push(Row {
                what,
                path: spec.element_path(index),
                unit,
                frame: spec.frame.clone().unwrap_or_default(),
                point: spec.point.clone().unwrap_or_default(),
                rate: rate.clone(),
                writer: spec.writer.clone(),
                meaning: spec.meaning.clone(),
                ..Row::default()
            });
        }
    }
    rows
}

fn parameters(model: &Model) -> impl Iterator<Item = Row> + '_ {
    model.parameters.iter().map(|p| Row {
        what: if p.tunable { "parameter" } else { "constant" },
        path: p.path.clone(),
        unit: p.dimension.si_unit(),
        value: match p.word(p.nominal) {
            Some(word) => word.to_owned(),
            None => AnyQuantity { si: p.nominal, dimension: p.dimension }.to_string(),
        },
        source: format!("{}: {}", p.standing.word(), p.source),
        ..Row::default()
    })
}

fn declared(limits: &[DeclaredLimit]) -> impl Iterator<Item = Row> + '_ {
    limits.iter().map(|limit| Row {
        what: "declared",
        path: limit.constant.path.clone(),
        unit: limit.constant.dimension.si_unit(),
        value: AnyQuantity { si: limit.constant.value, dimension: limit.constant.dimension }.to_string(),
        source: limit.owner.to_string(),
        ..Row::default()
    })
}

fn slot_rows(model: &Model) -> impl Iterator<Item = Row> + '_ {
    let is_slot = |role| matches!(role, trocar_sim::Role::Controller | trocar_sim::Role::Supervisor);
    model.seats.iter().enumerate().filter(move |(_, s)| is_slot(s.role)).map(|(at, seat)| Row {
        what: "slot",
        path: seat.path.clone(),
        rate: model.task(at).map_or_else(String::new, |t| t.rate.to_string()),
        value: model
            .task(at)
            .map_or_else(String::new, |t| format!("compute time {} s", t.compute_time.seconds())),
        meaning: "filled by the reference controller".to_owned(),
        ..Row::default()
    })
}

fn print(rows: &[Row]) {
    let path_width = rows.iter().map(|r| r.path.chars().count()).max().unwrap_or(0);
    let unit_width = rows.iter().map(|r| r.unit.chars().count().min(24)).max().unwrap_or(0);
    let mut out = String::new();
    for row in rows {
        let mut rest: Vec<String> = Vec::new();
        if !row.value.is_empty() {
            rest.push(row.value.clone());
        }
        if !row.frame.is_empty() {
            rest.push(format!("{} in {}", row.point, row.frame));
        }
        for part in [&row.rate, &row.writer, &row.source, &row.meaning] {
            if !part.is_empty() {
                rest.push(part.clone());
            }
        }
        let line = format!(
            "{:10} {:path_width$}  {:unit_width$}  {}",
            row.what,
            row.path,
            row.unit,
            rest.join("; ")
        );
        out += line.trim_end();
        out.push('\n');
    }
    data(&out);
}
