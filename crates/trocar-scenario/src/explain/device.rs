//! A scene or a robot in sentences: what it is, its joints, what is assumed of it.

use super::catalogue::Catalogue;
use super::catalogue::Language;
use super::formula::limit;
use super::page::{Explanation, Page, Table};
use super::scenario::sources;
use crate::load::{LoadedPerson, LoadedRobot, LoadedScene};
use serde_json::Value as Json;
use trocar_control::StopBehaviour;

/// A scene with its robots, as sentences.
#[must_use]
pub fn explain_scene(scene: &LoadedScene, language: Language) -> Explanation {
    let mut page = Page::new(language);
    let words = page.words;
    let file = Table::new(&scene.written, "");
    page.section("conditions");
    let rate = file.quantity(words, "step_rate").unwrap_or_default();
    page.say("scene.step", &[("rate", &rate)]);
    match file.vector(words, "gravity") {
        Some([x, y, z]) => page.say("scene.gravity", &[("x", &x), ("y", &y), ("z", &z)]),
        None => page.say("scene.gravity.standard", &[]),
    }
    references(&mut page, &file);
    page.section("robots");
    let robots = file.table("robots");
    for name in robots.names() {
        let placed = robots.table(name);
        let title = scene.robots.get(name).map_or("", |robot| robot.robot.title.as_str());
        let values = [("name", name), ("file", placed.text("file").unwrap_or("")), ("title", title)];
        page.say("scene.robot", &values);
        if let Some(instrument) = placed.text("instrument") {
            page.say("scene.instrument", &[("file", instrument)]);
        }
        let base = placed.table("base");
        if let Some([x, y, z]) = base.vector(words, "position") {
            page.say("scene.base", &[("x", &x), ("y", &y), ("z", &z)]);
        }
        let turned = base.table("orientation");
        if !turned.is_empty() {
            let axis = turned.get("axis").and_then(Json::as_array);
            let axis: Vec<String> = axis.into_iter().flatten().map(Json::to_string).collect();
            let angle = turned.quantity(words, "angle").unwrap_or_default();
            page.say("scene.base.turned", &[("axis", &axis.join(", ")), ("angle", &angle)]);
        }
        let starts = joints_at_start(words, &placed.table("start"));
        match starts.is_empty() {
            true => page.say("scene.home", &[]),
            false => page.say("scene.start", &[("list", &words.list(&starts))]),
        }
        if let Some(count) = placed.quantity(words, "substeps") {
            page.say("scene.substeps", &[("count", &count)]);
        }
        if placed.get("free_base").and_then(Json::as_bool) == Some(true) {
            page.say("scene.base.free", &[]);
        }
        let wearer = placed.table("wearer");
        if let Some(loaded) = scene.wearers.get(name) {
            worn(&mut page, words, &wearer, loaded);
        }
        contacts(&mut page, words, &placed.table("contacts"));
        if let Some(robot) = scene.robots.get(name) {
            let status = words.say(&format!("status.{}", robot.robot.status.word()), &[]);
            page.say("conditions.status", &[("robot", name), ("status", &status)]);
        }
        page.rest(&placed);
    }
    let surroundings = file.table("surroundings");
    if !surroundings.is_empty() {
        page.section("surroundings");
    }
    for name in surroundings.names() {
        surface(&mut page, words, name, &surroundings.table(name));
    }
    for key in ["format", "kind", "title"] {
        file.get(key);
    }
    page.rest(&file);
    page.finish(&scene.scene.title, &scene.address)
}

/// What can be touched, where it stands and how it runs.
fn surface(page: &mut Page, words: &Catalogue, name: &str, of: &Table<'_>) {
    let shape = of.table("shape");
    let said = |key: &str| shape.quantity(words, key).unwrap_or_default();
    let kind = shape.text("kind").unwrap_or("floor");
    match kind {
        "box" => {
            let size = shape.vector(words, "size").map_or_else(String::new, |size| size.join(", "));
            page.say("scene.surface.box", &[("name", name), ("size", &size)]);
        }
        "ball" => page.say("scene.surface.ball", &[("name", name), ("radius", &said("radius"))]),
        "capsule" => {
            let values = [("name", name), ("length", &said("length")), ("radius", &said("radius"))];
            page.say("scene.surface.capsule", &values);
        }
        _ => page.say("scene.surface.floor", &[("name", name)]),
    }
    let at = of.table("at");
    if let Some([x, y, z]) = at.vector(words, "position") {
        page.say("scene.surface.at", &[("x", &x), ("y", &y), ("z", &z)]);
    }
    let turned = at.table("orientation");
    if !turned.is_empty() {
        let angle = turned.quantity(words, "angle").unwrap_or_default();
        page.say("scene.base.turned", &[("axis", &numbers(&turned, "axis")), ("angle", &angle)]);
    }
    let belt = of.table("belt");
    if let Some(speed) = belt.quantity(words, "speed") {
        let values = [("speed", speed.as_str()), ("direction", &numbers(&belt, "direction"))];
        page.say("scene.surface.belt", &values);
        if let Some(ramp) = belt.quantity(words, "ramp") {
            page.say("scene.surface.ramp", &[("ramp", &ramp)]);
        }
    }
    of.get("provenance");
}

/// A list of plain numbers.
fn numbers(table: &Table<'_>, key: &str) -> String {
    let list: Vec<String> =
        table.get(key).and_then(Json::as_array).into_iter().flatten().map(Json::to_string).collect();
    list.join(", ")
}

/// What of a robot or of its wearer touches what.
fn contacts(page: &mut Page, words: &Catalogue, contacts: &Table<'_>) {
    for name in contacts.names() {
        let contact = contacts.table(name);
        let surface = contact.text("surface").unwrap_or("");
        let count = contact.tables("balls").len();
        let (end, key) = match (contact.text("segment"), contact.text("frame")) {
            (Some(segment), _) if count == 0 => (segment, "scene.contact.sole"),
            (Some(segment), _) => (segment, "scene.contact.segment"),
            (None, frame) => (frame.unwrap_or(""), "scene.contact.frame"),
        };
        page.say(key, &[("name", name), ("end", end), ("surface", surface), ("count", &count.to_string())]);
        let stiffness = contact.table("stiffness");
        let [load, depth] = ["load", "depth"].map(|key| stiffness.quantity(words, key).unwrap_or_default());
        let exponent = contact.quantity(words, "exponent").unwrap_or_else(|| "1".to_owned());
        page.say("scene.contact.load", &[("load", &load), ("depth", &depth), ("exponent", &exponent)]);
        for key in ["restitution", "dissipation"] {
            if let Some(value) = contact.quantity(words, key) {
                page.say(&format!("scene.contact.{key}"), &[("value", &value)]);
            }
        }
        let said = |key: &str| contact.quantity(words, key).unwrap_or_default();
        let values = [
            ("friction", said("friction")),
            ("stiffness", said("tangential_stiffness")),
            ("damping", said("tangential_damping")),
        ];
        page.say("scene.contact.friction", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
        contact.get("provenance");
    }
}

/// Each joint of a list with its position.
fn joints_at_start(words: &Catalogue, start: &Table<'_>) -> Vec<String> {
    let joint = |joint: &str| {
        let value = start.quantity(words, joint).unwrap_or_default();
        words.say("scene.joint", &[("joint", joint), ("value", &value)])
    };
    start.names().into_iter().map(joint).collect()
}

/// Who wears a robot, where, and what holds them.
fn worn(page: &mut Page, words: &Catalogue, wearer: &Table<'_>, loaded: &LoadedPerson) {
    let file = wearer.text("file").unwrap_or("");
    page.say("scene.wearer", &[("file", file), ("title", loaded.person.title.as_str())]);
    let pelvis = wearer.table("pelvis");
    if let Some([x, y, z]) = pelvis.vector(words, "position") {
        page.say("scene.wearer.pelvis", &[("x", &x), ("y", &y), ("z", &z)]);
    }
    let starts = joints_at_start(words, &wearer.table("start"));
    if !starts.is_empty() {
        page.say("scene.wearer.start", &[("list", &words.list(&starts))]);
    }
    let cuffs = wearer.table("cuffs");
    for name in cuffs.names() {
        let cuff = cuffs.table(name);
        let below = cuff.quantity(words, "below").unwrap_or_default();
        let [segment, frame] = ["segment", "frame"].map(|key| cuff.text(key).unwrap_or(""));
        page.say("scene.cuff", &[("name", name), ("segment", segment), ("frame", frame), ("below", &below)]);
        let list = |key: &str| cuff.vector(words, key).map_or_else(String::new, |values| values.join(", "));
        let [stiffness, turning] = [list("stiffness"), list("turning_stiffness")];
        page.say("scene.cuff.stiffness", &[("stiffness", &stiffness), ("turning", &turning)]);
        let [damping, turning] = [list("damping"), list("turning_damping")];
        page.say("scene.cuff.damping", &[("damping", &damping), ("turning", &turning)]);
        for key in ["slack", "slip", "pad_area"] {
            if let Some(value) = cuff.quantity(words, key) {
                page.say(&format!("scene.cuff.{key}"), &[("value", &value)]);
            }
        }
    }
    willed(page, words, &wearer.table("will"));
    supported(page, words, &wearer.table("weight_support"));
    wearer.get("provenance");
}

/// What the wearer wants.
fn willed(page: &mut Page, words: &Catalogue, will: &Table<'_>) {
    let Some(effort) = will.quantity(words, "effort") else { return };
    page.say("scene.will", &[("effort", &effort)]);
    let walk = will.table("walk");
    let pull = walk.quantity(words, "pull").unwrap_or_default();
    let gait = walk.text("gait").unwrap_or("fukuchi2018");
    for key in ["speed", "stride"] {
        if let Some(value) = walk.quantity(words, key) {
            page.say(&format!("scene.will.{key}"), &[("gait", gait), ("value", &value), ("pull", &pull)]);
        }
    }
    for key in ["led_above", "begins", "moments"] {
        if let Some(value) = walk.quantity(words, key) {
            page.say(&format!("scene.will.{key}"), &[("value", &value)]);
        }
    }
    let held = joints_at_start(words, &will.table("posture"));
    if !held.is_empty() {
        page.say("scene.will.posture", &[("list", &words.list(&held))]);
    }
    let joints = will.table("joints");
    for name in joints.names() {
        let gains = joints.table(name);
        let [stiffness, damping] =
            ["stiffness", "damping"].map(|key| gains.quantity(words, key).unwrap_or_default());
        let said = [("joint", name), ("stiffness", stiffness.as_str()), ("damping", damping.as_str())];
        page.say("scene.will.joint", &said);
    }
    page.say("scene.will.published", &[]);
    for key in ["strength", "weakness"] {
        let groups = will.table(key);
        for name in groups.names() {
            let value = groups.quantity(words, name).unwrap_or_default();
            page.say(&format!("scene.will.{key}"), &[("group", name), ("value", &value)]);
        }
    }
}

/// What carries a part of the wearer's weight.
fn supported(page: &mut Page, words: &Catalogue, support: &Table<'_>) {
    let above = support.quantity(words, "pulley_above").unwrap_or_default();
    for key in ["force", "share"] {
        if let Some(value) = support.quantity(words, key) {
            page.say(&format!("scene.support.{key}"), &[("value", &value), ("above", &above)]);
        }
    }
    if let Some([x, y, z]) = support.vector(words, "at") {
        page.say("scene.support.at", &[("x", &x), ("y", &y), ("z", &z)]);
    }
    for key in ["stiffness", "damping"] {
        if let Some(value) = support.quantity(words, key) {
            page.say(&format!("scene.support.{key}"), &[("value", &value)]);
        }
    }
    let stop = support.table("catches");
    if let (Some(after), Some(stiffness)) = (stop.quantity(words, "after"), stop.quantity(words, "stiffness"))
    {
        page.say("scene.support.catches", &[("after", &after), ("stiffness", &stiffness)]);
    }
}

fn references(page: &mut Page, file: &Table<'_>) {
    let documents: Vec<String> = file.texts("references").into_iter().map(str::to_owned).collect();
    if !documents.is_empty() {
        page.say("robot.references", &[("list", &page.words.clauses(&documents))]);
    }
}

/// A robot, shortly: what it is, its joints, its control, what is declared and what is assumed of it. Its numbers are
/// many; they stand in the file, and `trocar inspect` says what they amount to.
#[must_use]
pub fn explain_robot(robot: &LoadedRobot, language: Language) -> Explanation {
    let mut page = Page::new(language);
    let words = page.words;
    let file = Table::new(&robot.written, "");
    let mechanism = file.table("mechanism");
    page.section("device");
    page.say("robot.title", &[("title", &robot.robot.title)]);
    let status = words.say(&format!("status.{}", robot.robot.status.word()), &[]);
    page.say("conditions.status", &[("robot", &robot.robot.title), ("status", &status)]);
    references(&mut page, &file);
    if let Some(urdf) = mechanism.table("urdf").text("file") {
        page.say("robot.urdf", &[("file", urdf)]);
    }
    if let Some(instrument) = file.text("instrument") {
        page.say("scene.instrument", &[("file", instrument)]);
    }
    let of = &robot.robot.mechanism;
    let counts = [of.coordinates.len(), of.links.len(), robot.robot.actuators.len()].map(|n| n.to_string());
    let [joints, links, actuators] = &counts;
    page.say("robot.counts", &[("joints", joints), ("links", links), ("actuators", actuators)]);
    if of.tip.is_none() {
        page.say("robot.no_tip", &[]);
    }
    if robot.robot.remote_centre.is_some() {
        page.say("robot.remote_centre", &[]);
    }
    if let Some(shaft) = file.text("shaft") {
        page.say("robot.shaft", &[("frame", shaft)]);
    }
    page.section("joints");
    for coordinate in mechanism.tables("coordinates") {
        let said = |key: &str| coordinate.quantity(words, key).unwrap_or_default();
        let kind = coordinate.text("kind").unwrap_or("revolute");
        let kind = words.say(&format!("robot.joint.{kind}"), &[]);
        let name = coordinate.text("name").unwrap_or("");
        let values = [("name", name), ("kind", &kind), ("lower", &said("lower")), ("upper", &said("upper"))];
        page.say("robot.joint", &values);
    }
    for passive in mechanism.tables("passive") {
        let kind = words.say(&format!("robot.joint.{}", passive.text("kind").unwrap_or("revolute")), &[]);
        page.say("robot.passive", &[("name", passive.text("name").unwrap_or("")), ("kind", &kind)]);
    }
    if let Some(jaw) = mechanism.text("jaw") {
        page.say("robot.jaw", &[("name", jaw)]);
    }
    page.section("control");
    for actuator in file.tables("actuators") {
        let mut more = String::new();
        for (part, key) in
            [("potentiometer", "robot.actuator.potentiometer"), ("brake", "robot.actuator.brake")]
        {
            if actuator.get(part).is_some() {
                more += &words.say(key, &[]);
            }
        }
        page.say("robot.actuator", &[("name", actuator.text("name").unwrap_or("")), ("more", &more)]);
    }
    let rate = |section: &str| file.table(section).quantity(words, "rate").unwrap_or_default();
    let rates = ["bus", "servo", "arm", "supervisor"].map(|section| (section, rate(section)));
    page.say("robot.rates", &rates.each_ref().map(|(key, value)| (*key, value.as_str())));
    protection(&mut page, robot, &file);
    declared(&mut page, &file);
    assumed(&mut page, robot, &file);
    sources(&mut page, &file);
    page.finish(&robot.robot.title, &robot.address)
}

/// What it takes for a spasm, and what it does once it is stopped.
fn protection(page: &mut Page, robot: &LoadedRobot, file: &Table<'_>) {
    let words = page.words;
    for spasm in file.table("supervisor").tables("spasms") {
        let said = |key: &str| spasm.quantity(words, key).unwrap_or_default();
        let by = words.say(&format!("robot.spasm.{}", spasm.text("by").unwrap_or("")), &[]);
        let values = [
            ("joint", said("joint")),
            ("by", by),
            ("threshold", said("threshold")),
            ("lasts", said("lasts")),
        ];
        page.say("robot.spasm", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
    }
    assistance(page, robot, file);
    let Some(stop) = &robot.robot.stop else { return };
    let behaviour = |chosen: StopBehaviour| words.say(&format!("robot.stop.{}", chosen.word()), &[]);
    let values = [
        ("disable", behaviour(stop.on_disable.value)),
        ("trip", behaviour(stop.on_trip.value)),
        ("end", behaviour(stop.descent_ends_in.value)),
    ];
    page.say("robot.stop", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
    for joint in file.table("stop").tables("joints") {
        let said = |key: &str| joint.quantity(words, key).unwrap_or_default();
        let values = ["joint", "damping", "posture", "speed"].map(|key| (key, said(key)));
        page.say("robot.stop.joint", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
    }
}

/// What it does with its wearer's joints.
fn assistance(page: &mut Page, robot: &LoadedRobot, file: &Table<'_>) {
    let words = page.words;
    let Some(config) = &robot.robot.assistance else { return };
    let kind = words.say(&format!("robot.assistance.{}", config.kind.value.word()), &[]);
    let table = file.table("assistance");
    let said = |key: &str| table.quantity(words, key).unwrap_or_default();
    let values = [
        ("kind", kind),
        ("stride", said("stride_time")),
        ("lead", said("lead_in")),
        ("gravity", said("gravity")),
        ("friction", said("friction")),
        ("rate", said("rate")),
    ];
    page.say("robot.assistance", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
    for joint in table.tables("joints") {
        let said = |key: &str| joint.quantity(words, key).unwrap_or_default();
        let values = ["joint", "stiffness", "damping", "dead_band", "learning"].map(|key| (key, said(key)));
        page.say("robot.assistance.joint", &values.each_ref().map(|(key, value)| (*key, value.as_str())));
    }
}

fn declared(page: &mut Page, file: &Table<'_>) {
    let words = page.words;
    page.section("declared");
    let limits = file.table("declared");
    for name in limits.names() {
        let one = limits.table(name);
        let owner = one.table("owner");
        let values = [
            ("name", limit(words, name)),
            ("value", one.quantity(words, "value").unwrap_or_default()),
            ("document", owner.text("document").unwrap_or("").to_owned()),
        ];
        let key = match owner.text("kind") {
            Some("declared") => "robot.declared",
            _ => "robot.declared.example",
        };
        page.say(key, &values.each_ref().map(|(key, value)| (*key, value.as_str())));
    }
}

fn assumed(page: &mut Page, robot: &LoadedRobot, file: &Table<'_>) {
    let words = page.words;
    page.section("assumed");
    let provenance = file.table("provenance");
    for section in provenance.names() {
        let of = provenance.table(section);
        let standing = words.say(&format!("standing.{}", of.text("standing").unwrap_or("")), &[]);
        let source = of.text("source");
        let key = if source.is_some() { "robot.section.source" } else { "robot.section" };
        let values = [("section", section), ("standing", &standing), ("source", source.unwrap_or(""))];
        page.say(key, &values);
    }
    match count_assumed(&robot.written) {
        0 => page.say("robot.assumed.none", &[]),
        count => page.say("robot.assumed.count", &[("count", &count.to_string())]),
    }
}

/// How many values of a file say that they are assumed.
fn count_assumed(json: &Json) -> usize {
    match json {
        Json::Object(table) => {
            let is_one = table.contains_key("value") && table.get("standing") == Some(&Json::from("assumed"));
            usize::from(is_one) + table.values().map(count_assumed).sum::<usize>()
        }
        Json::Array(items) => items.iter().map(count_assumed).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;
    use crate::{load_robot, load_scene};

    #[test]
    fn shipped_scenes_and_robots_are_explained() {
        let files = Files::library();
        let mut seen = 0;
        for address in files.list("trocar:scenes").unwrap() {
            for language in Language::ALL {
                let explanation = if address.contains("robots/") {
                    explain_robot(&load_robot(&files, &address).unwrap(), language)
                } else if address.contains("instruments/") || address.contains("people/") {
                    continue;
                } else {
                    explain_scene(&load_scene(&files, &address).unwrap(), language)
                };
                let text = explanation.to_text();
                assert!(!text.contains('{') && text.lines().count() > 6, "{text}");
                seen += 1;
            }
        }
        assert!(seen >= 20, "{seen}");
    }
}
