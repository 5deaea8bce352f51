//! A scenario in sentences: question, conditions, instruments, evaluation, decision, cases.

use super::catalogue::Language;
use super::formula::{command, formula, frame, limit, path, setting};
use super::page::{Explanation, Page, Table, quantity, spelt};
use super::{following, procedure};
use crate::load::Loaded;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use trocar_logic::{Expr, ExprKind, parse};

/// A scenario with what it runs on, as sentences.
#[must_use]
pub fn explain_scenario(loaded: &Loaded, language: Language) -> Explanation {
    let mut page = Page::new(language);
    let file = Table::new(&loaded.written, "");
    // What every file says of itself, and what is shown above the sentences.
    for key in ["format", "kind", "title"] {
        file.get(key);
    }
    page.bound = file.table("for_each").names().into_iter().map(str::to_owned).collect();
    question(&mut page, &file);
    conditions(&mut page, &file, Some(loaded));
    instruments(&mut page, &file);
    poses(&mut page, &file);
    procedure::phases(&mut page, &file);
    procedure::faults(&mut page, &file);
    measures(&mut page, &file);
    decision(&mut page, &file, Some(loaded));
    cases(&mut page, &file, loaded.cases.len());
    record(&mut page, &file);
    sources(&mut page, &file);
    page.rest(&file);
    let shown = loaded.files.first().map_or("", |source| source.shown.as_str());
    let short = loaded.method_digest.get(..6).unwrap_or("");
    page.finish(&loaded.method.title, &format!("{shown} @{short}"))
}

fn question(page: &mut Page, file: &Table<'_>) {
    page.section("question");
    match file.text("purpose").filter(|text| !text.trim().is_empty()) {
        Some(text) => page.say("question.purpose", &[("text", text)]),
        None => page.say("question.none", &[]),
    }
    let references: Vec<String> = file.texts("references").into_iter().map(str::to_owned).collect();
    if !references.is_empty() {
        let list = page.words.clauses(&references);
        page.say("question.references", &[("list", &list)]);
    }
    for text in file.texts("departures") {
        page.say("question.departure", &[("text", text)]);
    }
    if file.get("long").and_then(Json::as_bool) == Some(true) {
        page.say("question.long", &[]);
    }
}

fn conditions(page: &mut Page, file: &Table<'_>, loaded: Option<&Loaded>) {
    let words = page.words;
    page.section("conditions");
    let scene = file.text("scene").unwrap_or("");
    let title = loaded.map_or("", |loaded| loaded.scene.scene.title.as_str());
    page.say("conditions.scene", &[("file", scene), ("title", title)]);
    let included: Vec<String> = file.texts("include").into_iter().map(str::to_owned).collect();
    if !included.is_empty() {
        page.say("conditions.include", &[("list", &words.list(&included))]);
    }
    let roles = file.table("roles");
    for role in roles.names() {
        let robot = roles.text(role).unwrap_or("");
        let found = loaded.and_then(|loaded| loaded.scene.robots.get(robot));
        let title = found.map_or("", |found| found.robot.title.as_str());
        page.say("conditions.role", &[("role", role), ("robot", robot), ("title", title)]);
        if let Some(found) = found {
            let status = found.robot.status.word();
            let status = words.say(&format!("status.{status}"), &[]);
            page.say("conditions.status", &[("robot", robot), ("status", &status)]);
        }
    }
    masters(page, file);
    let setup = file.table("setup");
    for parameter in setup.names() {
        let value = setting(words, setup.text(parameter).unwrap_or(""));
        page.say("conditions.setup", &[("path", &path(words, parameter)), ("value", &value)]);
    }
    controllers(page, file);
    variation(page, file);
    let seed = file.get("seed").map_or_else(|| "0".to_owned(), Json::to_string);
    page.say("conditions.seed", &[("seed", &seed)]);
}

/// Handles, and the teleoperations that follow them.
fn masters(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    for (name, handle) in file.tables_by_name("handles") {
        let generator = handle.table("generator");
        let said = |key: &str| generator.quantity(words, key).unwrap_or_default();
        let values = [
            ("speed", said("speed")),
            ("acceleration", said("acceleration")),
            ("bandwidth", said("bandwidth")),
        ];
        let values = values.each_ref().map(|(key, value)| (*key, value.as_str()));
        page.say("handle.generator", &[&values[..], &[("name", &name)]].concat());
        let sensor = handle.table("sensor");
        let rate = sensor.quantity(words, "rate").unwrap_or_default();
        page.say("handle.sensor", &[("name", &name), ("rate", &rate)]);
        say_each(
            page,
            &sensor,
            &[
                ("latency", "handle.sensor.latency"),
                ("noise", "handle.sensor.noise"),
                ("resolution", "handle.sensor.resolution"),
            ],
        );
        [generator, sensor, handle].iter().for_each(|table| page.rest(table));
    }
    for (name, table) in file.tables_by_name("teleoperations") {
        let drives = command(words, table.text("drives").unwrap_or(""));
        let follows = path(words, table.text("follows").unwrap_or(""));
        let scale = table.quantity(words, "scale").unwrap_or_default();
        let values = [("name", name.as_str()), ("drives", &drives), ("follows", &follows), ("scale", &scale)];
        page.say("teleoperation.follows", &values);
        let orientation = table.text("orientation").unwrap_or("held");
        page.say(&format!("teleoperation.orientation.{orientation}"), &[]);
        let axes = table.table("axes");
        if !axes.is_empty() {
            let axis = axes.get("axis").and_then(Json::as_array);
            let axis: Vec<String> = axis.into_iter().flatten().map(Json::to_string).collect();
            let angle = axes.quantity(words, "angle").unwrap_or_default();
            page.say("teleoperation.axes", &[("axis", &axis.join(", ")), ("angle", &angle)]);
        }
        say_each(
            page,
            &table,
            &[
                ("rate", "teleoperation.rate"),
                ("compute_time", "teleoperation.compute_time"),
                ("time_out", "teleoperation.time_out"),
            ],
        );
        let channel = table.table("channel");
        match channel.quantity(words, "delay") {
            Some(delay) => page.say("teleoperation.channel", &[("delay", &delay)]),
            None => page.say("teleoperation.channel.none", &[]),
        }
        say_each(
            page,
            &channel,
            &[("jitter", "teleoperation.channel.jitter"), ("loss", "teleoperation.channel.loss")],
        );
        if channel.get("keeps_order").and_then(Json::as_bool) == Some(false) {
            page.say("teleoperation.channel.order", &[]);
        }
        [axes, channel, table].iter().for_each(|table| page.rest(table));
    }
}

/// A sentence for each of these keys that a table has.
fn say_each(page: &mut Page, table: &Table<'_>, keys: &[(&str, &str)]) {
    for (key, sentence) in keys {
        if let Some(value) = table.quantity(page.words, key) {
            page.say(sentence, &[("value", &value)]);
        }
    }
}

fn controllers(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    for (name, table) in file.tables_by_name("controllers") {
        let said = |key: &str| table.quantity(words, key);
        let slot = table.text("slot").unwrap_or("");
        let program = table.texts("program").join(" ");
        let transport = words.say(&format!("transport.{}", table.text("transport").unwrap_or("stdio")), &[]);
        let encoding = words.say(&format!("encoding.{}", table.text("encoding").unwrap_or("binary")), &[]);
        let listen = table.text("listen");
        let key = match (program.is_empty(), listen) {
            (_, Some(_)) => "controller.listen",
            (false, None) => "controller.program",
            (true, None) => "controller.registered",
        };
        let values = [
            ("name", name.as_str()),
            ("slot", slot),
            ("program", &program),
            ("listen", listen.unwrap_or("")),
            ("transport", &transport),
            ("encoding", &encoding),
        ];
        page.say(key, &values);
        if let Some(rate) = said("rate") {
            page.say("controller.rate", &[("rate", &rate)]);
        }
        if let Some(time) = said("compute_time") {
            page.say("controller.compute_time", &[("time", &time)]);
        }
        let reads: Vec<String> = table.texts("reads").into_iter().map(|of| path(words, of)).collect();
        if !reads.is_empty() {
            page.say("controller.reads", &[("list", &words.list(&reads))]);
        }
        for (key, sentence) in [
            ("state_words", "controller.state_words"),
            ("start_within", "controller.start_within"),
            ("answer_within", "controller.answer_within"),
            ("memory", "controller.memory"),
        ] {
            if let Some(value) = said(key) {
                page.say(sentence, &[("value", &value)]);
            }
        }
        let failure = table.text("on_failure").unwrap_or("error");
        page.say(&format!("controller.on_failure.{failure}"), &[]);
        page.rest(&table);
    }
}

fn variation(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    let variation = file.table("variation");
    if variation.is_empty() {
        page.say("conditions.nothing_varies", &[]);
    }
    for parameter in variation.names() {
        let law = variation.table(parameter);
        let drawn = law.text("drawn").unwrap_or("").replace([' ', '-'], "_");
        let drawn = words.say(&format!("drawn.{drawn}"), &[]);
        let standing = law.text("standing").unwrap_or("declared");
        let standing = words.say(&format!("standing.{standing}"), &[]);
        let of = path(words, parameter);
        if let Some(spread) = law.quantity(words, "normal") {
            let values =
                [("path", of.as_str()), ("spread", &spread), ("drawn", &drawn), ("standing", &standing)];
            page.say("conditions.normal", &values);
        }
        let ends = law.get("uniform").and_then(Json::as_array);
        let ends: Vec<String> = ends.into_iter().flatten().filter_map(|end| quantity(words, end)).collect();
        if let [low, high] = ends.as_slice() {
            let sent = parameter.strip_suffix(".start").map(|sent| command(words, sent));
            let values = [
                ("path", of.as_str()),
                ("command", sent.as_deref().unwrap_or("")),
                ("low", low),
                ("high", high),
                ("drawn", &drawn),
                ("standing", &standing),
            ];
            page.say(if sent.is_some() { "conditions.start" } else { "conditions.uniform" }, &values);
        }
        page.rest(&law);
    }
}

fn instruments(page: &mut Page, file: &Table<'_>) {
    page.section("instruments");
    let instruments = file.table("instruments");
    if instruments.is_empty() {
        page.say("instruments.none", &[]);
    }
    for name in instruments.names() {
        instrument(page, name, &instruments.table(name));
    }
}

fn instrument(page: &mut Page, name: &str, table: &Table<'_>) {
    let words = page.words;
    let kind = table.text("kind").unwrap_or("");
    let follows = table.table("follows");
    let follows: Vec<String> = follows
        .names()
        .into_iter()
        .map(|own| {
            let of = path(words, follows.text(own).unwrap_or(""));
            words.say("instrument.follows", &[("path", &of), ("own", own)])
        })
        .collect();
    let said = |key: &str| table.quantity(words, key).unwrap_or_default();
    let resolution = table.quantity(words, "resolution");
    let values = [
        ("name", name),
        ("follows", &words.list(&follows)),
        ("frame", &frame(words, table.text("frame").unwrap_or(""))),
        ("rate", &said("rate")),
        ("arm", table.text("jaw").and_then(|jaw| jaw.split('.').next()).unwrap_or("")),
        ("resolution", resolution.as_deref().unwrap_or("")),
    ];
    page.say(&format!("instrument.{kind}"), &values);
    if kind == "grip_gauge" {
        let body = [("thickness", said("thickness")), ("stiffness", said("stiffness"))];
        page.say("instrument.grip_gauge.body", &body.each_ref().map(|(key, value)| (*key, value.as_str())));
        if table.get("at").is_none() {
            page.say("instrument.grip_gauge.own", &[]);
        }
        for key in ["at", "damping", "zero"] {
            if let Some(value) = table.quantity(words, key) {
                page.say(&format!("instrument.grip_gauge.{key}"), &[(key, &value)]);
            }
        }
    }
    for channel in table.tables_by_name("channels") {
        self::channel(page, &channel.0, &channel.1);
    }
    if let Some(noise) = table.quantity(words, "noise") {
        page.say("instrument.noise", &[("noise", &noise)]);
    }
    if let Some(resolution) = resolution.filter(|_| kind != "edge_recorder") {
        page.say("instrument.resolution", &[("resolution", &resolution)]);
    }
    match table.quantity(words, "uncertainty") {
        Some(uncertainty) => page.say("instrument.uncertainty", &[("uncertainty", &uncertainty)]),
        None if kind != "edge_recorder" => page.say("instrument.no_uncertainty", &[]),
        None => {}
    }
    let orientation = table.table("orientation");
    if table.get("orientation").is_some() {
        page.say("instrument.orientation", &[]);
        for (key, sentence) in
            [("noise", "instrument.orientation.noise"), ("uncertainty", "instrument.orientation.uncertainty")]
        {
            if let Some(value) = orientation.quantity(words, key) {
                page.say(sentence, &[("value", &value)]);
            }
        }
        page.rest(&orientation);
    }
    let registration = table.table("registration");
    if let Some(zero) = table.quantity(words, "registration").filter(|_| kind == "goniometer") {
        page.say("instrument.goniometer.registration", &[("zero", &zero)]);
    } else if !registration.is_empty() {
        let translation = registration.quantity(words, "translation").unwrap_or_default();
        let rotation = registration.quantity(words, "rotation").unwrap_or_default();
        page.say("instrument.registration", &[("translation", &translation), ("rotation", &rotation)]);
        page.rest(&registration);
    }
    if let Some(latency) = table.quantity(words, "latency") {
        page.say("instrument.latency", &[("latency", &latency)]);
    }
    if let Some(error) = table.quantity(words, "clock_error") {
        page.say("instrument.clock_error", &[("error", &error)]);
    }
    page.rest(table);
}

fn channel(page: &mut Page, name: &str, table: &Table<'_>) {
    let words = page.words;
    let kind = table.text("kind").unwrap_or("");
    let of = table.text("follows").unwrap_or("");
    // A command is written to, anything else is read.
    let of = if kind == "written" { command(words, of) } else { path(words, of) };
    let threshold = table.quantity(words, "threshold").unwrap_or_default();
    page.say(&format!("channel.{kind}"), &[("channel", name), ("path", &of), ("threshold", &threshold)]);
    if let Some(noise) = table.quantity(words, "noise") {
        page.say("channel.noise", &[("channel", name), ("noise", &noise)]);
    }
    if let Some(by) = table.text("armed_by") {
        page.say("channel.armed_by", &[("channel", name), ("by", by)]);
    }
    page.rest(table);
}

fn poses(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    page.section("poses");
    let poses = file.table("poses");
    poses.get("pattern");
    let cube = poses.table("cube");
    if !cube.is_empty() {
        let said = |key: &str| cube.quantity(words, key).unwrap_or_default();
        page.say("poses.cube", &[("inset", &said("inset"))]);
        let [x, y, z] = cube.vector(words, "centre").unwrap_or_default();
        let of = frame(words, cube.text("frame").unwrap_or(""));
        let values = [("side", said("side")), ("frame", of), ("x", x), ("y", y), ("z", z)];
        page.say("poses.cube.place", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
        page.rest(&cube);
    }
    if let Some(of) = poses.text("frame") {
        page.say("poses.frame", &[("frame", &frame(words, of))]);
    }
    let points = poses.table("points");
    for name in points.names() {
        let [x, y, z] = points.vector(words, name).unwrap_or_default();
        page.say("poses.point", &[("name", name), ("x", &x), ("y", &y), ("z", &z)]);
    }
    for (name, posture) in file.tables_by_name("postures") {
        let joints: Vec<String> = posture
            .names()
            .into_iter()
            .map(|joint| {
                let value = posture.quantity(words, joint).unwrap_or_default();
                words.say("scene.joint", &[("joint", joint), ("value", &value)])
            })
            .collect();
        page.say("poses.posture", &[("name", &name), ("list", &words.list(&joints))]);
    }
    let turn = |page: &mut Page, turned: &Table<'_>, key: &str, name: &str| {
        let axis = turned.get("axis").and_then(Json::as_array);
        let axis: Vec<String> = axis.into_iter().flatten().map(Json::to_string).collect();
        let angle = turned.quantity(words, "angle").unwrap_or_default();
        page.say(key, &[("axis", &axis.join(", ")), ("angle", &angle), ("name", name)]);
        page.rest(turned);
    };
    let orientation = poses.table("orientation");
    if !orientation.is_empty() {
        turn(page, &orientation, "poses.orientation", "");
    }
    let orientations = poses.table("orientations");
    for name in orientations.names() {
        turn(page, &orientations.table(name), "poses.orientation_of", name);
    }
    page.rest(&poses);
}

fn measures(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    page.section("evaluation");
    let measures = file.table("measures");
    if measures.is_empty() {
        page.say("measures.none", &[]);
    }
    for name in measures.names() {
        let table = measures.table(name);
        let kind = table.text("kind").unwrap_or("");
        let default = match kind {
            "stabilisation_time" | "overshoot" | "grip_force" => Some("mean"),
            _ => None,
        };
        let key = following::key(kind, &table).unwrap_or_else(|| match table.text("statistic").or(default) {
            Some(statistic) => format!("measure.{kind}.{statistic}"),
            None => format!("measure.{kind}"),
        });
        let paths = ["of", "commanded", "from", "to"].map(|key| (key, table.text(key).unwrap_or("")));
        let mut values: Vec<(&str, String)> = paths
            .iter()
            .map(|(key, of)| {
                (*key, if kind == "share" { formula(words, of) } else { reading(words, file, of) })
            })
            .collect();
        values.push(("name", name.to_owned()));
        for key in ["block", "within", "band", "at_rest", "every"] {
            values.push((key, table.quantity(words, key).unwrap_or_default()));
        }
        values.extend(following::values(words, kind, &table));
        let values: Vec<(&str, &str)> = values.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let what = words.say(&key, &values);
        let window = window(page, &table.table("window"));
        page.say("measure.whole", &[("what", &what), ("window", &window)]);
        let pair = |pair: &Json| {
            let ends: Vec<&str> = pair.as_array().into_iter().flatten().filter_map(Json::as_str).collect();
            ends.join("–")
        };
        let pairs: Vec<String> =
            table.get("between").and_then(Json::as_array).into_iter().flatten().map(pair).collect();
        for key in ["settled", "ends", "corners"] {
            if let Some(value) = table.quantity(words, key) {
                page.say(&format!("measure.{key}"), &[("value", &value)]);
            }
        }
        if let Some(posture) = table.text("posture") {
            page.say("measure.posture", &[("posture", posture)]);
        }
        if kind == "grip_force" {
            let hold = table.quantity(words, "hold").unwrap_or_else(|| "100 ms".to_owned());
            page.say("measure.hold", &[("hold", &hold)]);
        }
        if let Some(port) = table.text("port") {
            page.say("measure.port", &[("port", &frame(words, port))]);
        } else if kind == "remote_centre_error" {
            page.say("measure.no_port", &[]);
        }
        if !pairs.is_empty() {
            page.say("measure.between", &[("list", &words.list(&pairs))]);
        }
        following::remarks(page, kind, &table);
        if paths.iter().any(|(_, of)| of.split('.').any(|part| part == "truth")) {
            page.say("measure.truth", &[]);
        }
        page.rest(&table);
    }
}

/// A signal in words: of an instrument, by the name that it has there.
fn reading(words: &super::Catalogue, file: &Table<'_>, of: &str) -> String {
    let Some((head, rest)) = of.split_once('.') else { return path(words, of) };
    let instrument = file.table("instruments").table(head);
    let values = [("instrument", head), ("point", rest), ("channel", rest), ("name", rest)];
    match instrument.text("kind") {
        Some("position_tracker") if !rest.contains('.') => words.say("path.point", &values),
        Some("edge_recorder") if !rest.contains('.') => words.say("path.channel", &values),
        Some("grip_gauge") if rest == "force" => words.say("path.force", &values),
        Some("displacement_sensor" | "goniometer" | "load_cell") if !rest.contains('.') => {
            words.say("path.reading", &values)
        }
        _ => path(words, of),
    }
}

fn window(page: &mut Page, table: &Table<'_>) -> String {
    let words = page.words;
    let phase = table.text("phase");
    let at_dwells = table.text("at") == Some("dwell_end");
    let at_end = table.text("at").filter(|at| !matches!(*at, "dwell_end" | "throughout"));
    let key = match (phase, at_dwells) {
        (None, false) => "window.run",
        (Some(_), false) => "window.phase",
        (None, true) => "window.dwell",
        (Some(_), true) => "window.dwell.phase",
    };
    let mut said = vec![words.say(key, &[("phase", phase.unwrap_or(""))])];
    if let Some(at) = at_end {
        said.push(words.say("window.at", &[("at", at)]));
    }
    if let Some(time) = table.quantity(words, "after") {
        said.push(words.say("window.after", &[("time", &time)]));
    }
    if let Some(count) = table.quantity(words, "skip").filter(|count| count != "0") {
        let key = if count == "1" { "window.skip.one" } else { "window.skip" };
        said.push(words.say(key, &[("count", &count)]));
    }
    page.rest(table);
    words.clauses(&said)
}

fn decision(page: &mut Page, file: &Table<'_>, loaded: Option<&Loaded>) {
    let words = page.words;
    page.section("decision");
    let rule = file.text("decision").unwrap_or("guarded");
    page.say(&format!("decision.{rule}"), &[]);
    let requirements = file.tables("requirements");
    if requirements.is_empty() {
        page.say("decision.none", &[]);
    }
    let mut declared = BTreeSet::new();
    let mut has_number = false;
    for requirement in &requirements {
        let text = requirement.text("formula").unwrap_or("");
        let id = requirement.text("id").unwrap_or("");
        page.say("requirement", &[("id", id), ("formula", &formula(words, text))]);
        if let Some(why) = requirement.text("why") {
            page.say("requirement.why", &[("why", why)]);
        }
        if let Ok(expr) = parse(text) {
            limits_in(&expr, &mut declared, &mut has_number);
        }
        page.rest(requirement);
    }
    for (role, name) in &declared {
        let robot = loaded.and_then(|loaded| loaded.scene.robots.get(loaded.roles.robot(role)?));
        let Some(robot) = robot else { continue };
        let written = Table::new(&robot.written, "").table("declared").table(name);
        let owner = written.table("owner");
        let values = [
            ("of", role.as_str()),
            ("name", &limit(words, name)),
            ("value", &written.quantity(words, "value").unwrap_or_default()),
            ("document", owner.text("document").unwrap_or("")),
        ];
        match owner.text("kind") {
            Some("declared") => page.say("limit.declared", &values),
            Some("example") => page.say("limit.example", &values),
            _ => {}
        }
    }
    if has_number {
        page.say("limit.file", &[]);
    }
}

/// The declared limits that a formula speaks of, as role and name, and whether it holds a limit of its own.
fn limits_in(expr: &Expr, declared: &mut BTreeSet<(String, String)>, has_number: &mut bool) {
    match &expr.kind {
        ExprKind::Path(path) => {
            if let [of, "declared", name] = path.split('.').collect::<Vec<_>>().as_slice() {
                declared.insert(((*of).to_owned(), (*name).to_owned()));
            }
        }
        ExprKind::Number { unit, .. } => *has_number |= unit.is_some(),
        ExprKind::Negate(one) | ExprKind::Not(one) | ExprKind::In(one, _) => {
            limits_in(one, declared, has_number);
        }
        ExprKind::Arithmetic(_, left, right)
        | ExprKind::Logic(_, left, right)
        | ExprKind::Compare(_, left, right) => {
            limits_in(left, declared, has_number);
            limits_in(right, declared, has_number);
        }
        ExprKind::Call(_, arguments) => {
            arguments.iter().for_each(|one| limits_in(one, declared, has_number));
        }
    }
}

/// One of the things that a method is done for: a name, a quantity, or a row of them.
fn plain(words: &super::Catalogue, json: &Json) -> String {
    let list = |items: Vec<String>| format!("({})", items.join(", "));
    match json {
        Json::Object(table) if !table.contains_key("value") => {
            list(table.iter().map(|(key, one)| format!("{key} = {}", plain(words, one))).collect())
        }
        Json::Array(items) => list(items.iter().map(|one| plain(words, one)).collect()),
        one => quantity(words, one).unwrap_or_default(),
    }
}

fn cases(page: &mut Page, file: &Table<'_>, count: usize) {
    let words = page.words;
    page.section("cases");
    let (vary, each) = (file.table("vary"), file.table("for_each"));
    if vary.is_empty() && each.is_empty() {
        page.say("cases.one", &[]);
    } else {
        page.say("cases.count", &[("count", &count.to_string())]);
    }
    for parameter in vary.names() {
        let values: Vec<String> = vary.texts(parameter).into_iter().map(spelt).collect();
        page.say("cases.vary", &[("path", &path(words, parameter)), ("list", &words.list(&values))]);
    }
    for name in each.names() {
        let all = format!("cases.all.{name}");
        if each.text(name) == Some("all") && words.has(&all) {
            page.say(&all, &[]);
            continue;
        }
        let items: Vec<String> = match each.get(name) {
            Some(Json::Array(items)) => items.iter().map(|item| plain(words, item)).collect(),
            Some(one) => vec![plain(words, one)],
            None => Vec::new(),
        };
        page.say("cases.for_each", &[("name", name), ("list", &words.list(&items))]);
    }
    for group in file.get("vary_paired").and_then(Json::as_array).into_iter().flatten() {
        let paths = group.as_array().into_iter().flatten().filter_map(Json::as_str);
        let paths: Vec<String> = paths.map(|of| path(words, of)).collect();
        page.say("cases.paired", &[("list", &words.list(&paths))]);
    }
}

fn record(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    page.section("record");
    let record = file.table("record");
    if record.is_empty() {
        return page.say("record.default", &[]);
    }
    let signals: Vec<String> = record.texts("signals").into_iter().map(str::to_owned).collect();
    let rate = record.quantity(words, "rate").unwrap_or_default();
    page.say("record.signals", &[("list", &words.list(&signals)), ("rate", &rate)]);
    page.rest(&record);
}

pub(super) fn sources(page: &mut Page, file: &Table<'_>) {
    page.section("sources");
    let sources = file.table("sources");
    for key in sources.names() {
        page.say("sources.one", &[("key", key), ("text", sources.text(key).unwrap_or(""))]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use crate::source::Files;

    /// Keys that no sentence needs to speak of.
    const EXCEPTIONS: [&str; 0] = [];

    /// Values that follow a schema: one with every key, and for each alternative one that takes it.
    fn instances(root: &Json, schema: &Json, depth: usize) -> Vec<Json> {
        if depth > 12 {
            return vec![Json::from("deep")];
        }
        if let Some(reference) = schema.get("$ref").and_then(Json::as_str) {
            let target = root.pointer(reference.trim_start_matches('#')).unwrap();
            let mut found = instances(root, target, depth + 1);
            if schema.get("properties").is_some() {
                let own = instances(root, &without_ref(schema), depth + 1);
                for json in &mut found {
                    if let (Some(table), Some(more)) = (json.as_object_mut(), own[0].as_object()) {
                        table.extend(more.clone());
                    }
                }
            }
            return found;
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(choice) = schema.get(word).and_then(Json::as_array) {
                return choice
                    .iter()
                    .filter(|one| one.get("type").and_then(Json::as_str) != Some("null"))
                    .flat_map(|one| instances(root, one, depth + 1))
                    .collect();
            }
        }
        if let Some(constant) = schema.get("const") {
            return vec![constant.clone()];
        }
        if let Some(words) = schema.get("enum").and_then(Json::as_array) {
            return words.iter().filter(|word| !word.is_null()).cloned().collect();
        }
        let types = schema.get("type");
        let is = |word: &str| {
            types.is_some_and(|t| {
                t == word || t.as_array().is_some_and(|all| all.iter().any(|one| one == word))
            })
        };
        if is("object") || schema.get("properties").is_some() {
            let properties = schema.get("properties").and_then(Json::as_object).into_iter().flatten();
            let values: Vec<(&String, Vec<Json>)> =
                properties.map(|(key, property)| (key, instances(root, property, depth + 1))).collect();
            let whole = values.iter().map(|(key, values)| ((*key).clone(), values[0].clone()));
            let mut found: Vec<serde_json::Map<String, Json>> = vec![whole.collect()];
            for (key, values) in &values {
                for other in &values[1..] {
                    let mut one = found[0].clone();
                    one.insert((*key).clone(), other.clone());
                    found.push(one);
                }
            }
            if let Some(more) = schema.get("additionalProperties").filter(|more| more.is_object()) {
                for (number, value) in instances(root, more, depth + 1).into_iter().enumerate() {
                    found[0].insert(format!("own{number}"), value);
                }
            }
            return found.into_iter().map(Json::Object).collect();
        }
        if is("array") {
            let items =
                schema.get("items").map_or(vec![Json::from("text")], |one| instances(root, one, depth + 1));
            return vec![Json::Array(items)];
        }
        if is("integer") || is("number") {
            return vec![Json::from(3)];
        }
        if is("boolean") {
            return vec![Json::Bool(true)];
        }
        let text = if schema.get("x-dimension").is_some() { "3 mm" } else { "arm.text" };
        vec![Json::from(text)]
    }

    fn without_ref(schema: &Json) -> Json {
        let mut own = schema.as_object().unwrap().clone();
        own.remove("$ref");
        Json::Object(own)
    }

    /// Every key of the schema has a sentence: a key that is added later fails here until it has one.
    #[test]
    fn every_key_of_a_scenario_is_explained() {
        let schema = schema::scenario();
        let made = instances(schema, schema, 0);
        assert!(made.len() > 3);
        for language in Language::ALL {
            let marker = language.catalogue().say("other", &[("key", "\u{1}"), ("value", "\u{2}")]);
            let before = marker.split('\u{1}').next().unwrap().to_owned();
            let mut forgotten = BTreeSet::new();
            for json in &made {
                let mut page = Page::new(language);
                let file = Table::new(json, "");
                for key in ["format", "kind", "title"] {
                    file.get(key);
                }
                question(&mut page, &file);
                conditions(&mut page, &file, None);
                instruments(&mut page, &file);
                poses(&mut page, &file);
                procedure::phases(&mut page, &file);
                procedure::faults(&mut page, &file);
                measures(&mut page, &file);
                decision(&mut page, &file, None);
                cases(&mut page, &file, 1);
                record(&mut page, &file);
                sources(&mut page, &file);
                page.rest(&file);
                for sentence in page.finish("", "").sections.iter().flat_map(|section| &section.sentences) {
                    if let Some(key) = sentence.strip_prefix(&before) {
                        forgotten.insert(key.to_owned());
                    }
                    let looks_like_a_key =
                        !sentence.contains(' ') && sentence.is_ascii() && sentence.contains('.');
                    assert!(
                        !looks_like_a_key || sentence == "arm.text",
                        "no sentence is called `{sentence}`"
                    );
                }
            }
            forgotten.retain(|key| !EXCEPTIONS.iter().any(|known| key.starts_with(known)));
            assert!(forgotten.is_empty(), "no sentence of {language:?} speaks of:\n{forgotten:#?}");
        }
    }

    #[test]
    fn shipped_scenarios_are_explained_whole() {
        let files = Files::library();
        for address in files.list("trocar:scenarios").unwrap() {
            let loaded = crate::load(&files, &address, &crate::Overrides::default()).unwrap();
            for language in Language::ALL {
                let text = explain_scenario(&loaded, language).to_text();
                assert!(text.lines().count() > 20, "{text}");
                for word in ["{", "}", "  ", "= {"] {
                    assert!(!text.contains(word), "{word:?} in:\n{text}");
                }
            }
        }
    }
}
