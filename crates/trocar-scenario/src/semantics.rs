//! What a scenario's files mean together, as far as it shows without compiling: names, references, spelling of
//! formulas. Whether a path names a signal, and whether units agree, is for `trocar-sim` to say.

use crate::case;
use crate::common::{is_label, is_name, not_a_name, under};
use crate::roles::{FoundPath, PROSE, paths_below};
use crate::scenario::{ScenarioFile, VariationConfig};
use crate::scene::{RESERVED_NAMES, SceneFile};
use crate::span::SpanIndex;
use crate::text::{join_key, nearest, quoted};
use crate::tree::Node;
use std::collections::BTreeSet;
use trocar_logic::{LogicError, TriggerConfig};
use trocar_signal::{AnyQuantity, Diagnostic, Problem};

/// A formula's mistake at its place. `key` is the key path of the formula's text.
#[must_use]
pub fn formula_diagnostic(spans: &SpanIndex, key: &str, error: &LogicError) -> Diagnostic {
    let mut diagnostic = Diagnostic::error("bad-formula", error.title.clone());
    for (range, text) in &error.labels {
        let place = spans.inside(key, range.clone());
        diagnostic = diagnostic.at(place.file, place.range, text.clone());
    }
    if error.labels.is_empty() {
        let place = spans.value(key);
        diagnostic = diagnostic.at(place.file, place.range, "");
    }
    error.notes.iter().fold(diagnostic, |diagnostic, note| diagnostic.note(note.clone()))
}

/// Everything that is wrong with a scenario as it is written, before roles are replaced. Without a scene, roles are
/// not held against it.
pub(crate) fn scenario(
    scenario: &ScenarioFile,
    tree: &Node,
    spans: &SpanIndex,
    scene: Option<&SceneFile>,
) -> Vec<Diagnostic> {
    let mut check = Check { scenario, spans, found: Vec::new() };
    check.roles(scene);
    check.names();
    check.masters(scene);
    check.controllers();
    check.phases();
    check.faults();
    check.measures();
    check.settings();
    check.requirements();
    check.heads(tree, scene);
    check.found
}

struct Check<'a> {
    scenario: &'a ScenarioFile,
    spans: &'a SpanIndex,
    found: Vec<Diagnostic>,
}

impl Check<'_> {
    fn problems(&mut self, prefix: &str, problems: Vec<Problem>) {
        self.found.extend(problems.iter().map(|problem| self.spans.problem(prefix, problem)));
    }

    fn problem(&mut self, key: &str, what: impl Into<String>) {
        self.problems("", vec![Problem::new(key, what)]);
    }

    fn at_key(&mut self, code: &str, key: &str, title: String, hint: String) -> &mut Diagnostic {
        let place = self.spans.key(key);
        self.found.push(Diagnostic::error(code, title).at(place.file, place.range, hint));
        let last = self.found.len() - 1;
        &mut self.found[last]
    }

    /// "nothing is called so", with the nearest name and the names that there are.
    fn unknown<'n>(
        &mut self,
        key: &str,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) {
        let hint =
            nearest(name, known.clone()).map_or_else(String::new, |guess| format!("did you mean `{guess}`?"));
        let place = self.spans.value(key);
        let title = format!("there is no {what} `{}`", quoted(name));
        let list: Vec<&str> = known.collect();
        let note = if list.is_empty() {
            format!("there is no {what} at all")
        } else {
            format!("there is: {}", list.join(", "))
        };
        self.found
            .push(Diagnostic::error("unknown-name", title).at(place.file, place.range, hint).note(note));
    }

    fn duplicates<'n>(&mut self, what: &str, names: impl Iterator<Item = (String, &'n String)>) {
        let mut seen = BTreeSet::new();
        for (key, name) in names {
            if !is_label(name) {
                let name = quoted(name);
                self.problem(
                    &key,
                    format!("`{name}` is not a name: letters, digits and `_`, a letter first"),
                );
            } else if !seen.insert(name) {
                let place = self.spans.value(&key);
                let title = format!("a second {what} is called `{name}`");
                self.found.push(Diagnostic::error("duplicate-name", title).at(place.file, place.range, ""));
            }
        }
    }

    fn formula(&mut self, key: &str, text: &str) {
        if let Err(errors) = trocar_logic::parse(text) {
            self.found.extend(errors.iter().map(|error| formula_diagnostic(self.spans, key, error)));
        }
    }

    fn roles(&mut self, scene: Option<&SceneFile>) {
        let mut filled = BTreeSet::new();
        for (role, robot) in &self.scenario.roles {
            let key = join_key("roles", role);
            if !is_name(role) {
                self.at_key("bad-value", &key, not_a_name(role), String::new());
            }
            if !filled.insert(robot) {
                self.problem(&key, format!("`{}` fills another role already", quoted(robot)));
            }
            if let Some(scene) = scene
                && !scene.has(robot)
            {
                self.unknown(&key, "robot", robot, scene.names());
                if let (Some(mistake), Some(other)) = (self.found.pop(), scene.robots.keys().next()) {
                    let remedy =
                        format!("put another robot of the scene into the role: --role {role}={other}");
                    self.found.push(mistake.note(remedy));
                }
            }
        }
        if self.scenario.roles.is_empty() {
            self.problem("roles", "at least one role is needed: a method speaks of nothing else");
        }
    }

    fn controllers(&mut self) {
        let mut filled = BTreeSet::new();
        for (name, controller) in &self.scenario.controllers {
            let key = join_key("controllers", name);
            if !is_label(name) {
                let what =
                    format!("`{}` is not a name: letters, digits and `_`, a letter first", quoted(name));
                self.at_key("bad-value", &key, what, String::new());
            }
            if !filled.insert(&controller.slot) {
                self.problem(&format!("{key}.slot"), "another controller fills this slot already");
            }
            self.problems("", under(&key, controller.check()).collect());
        }
    }

    /// Handles and teleoperations: their numbers, and names that no robot of the scene has.
    fn masters(&mut self, scene: Option<&SceneFile>) {
        let scenario = self.scenario;
        for (name, handle) in &scenario.handles {
            self.problems(&join_key("handles", name), handle.check());
        }
        for (name, teleoperation) in &scenario.teleoperations {
            self.problems(&join_key("teleoperations", name), teleoperation.check());
        }
        let handles = scenario.handles.keys().map(|name| ("handles", name));
        let all = handles.chain(scenario.teleoperations.keys().map(|name| ("teleoperations", name)));
        for (table, name) in all {
            if let Some(scene) = scene.filter(|scene| scene.has(name)) {
                let title = format!("`{name}` is {} of the scene already", scene.kind_of(name));
                let key = join_key(table, name);
                self.at_key("duplicate-name", &key, title, "give this another name".to_owned());
            }
        }
    }

    /// Roles, instruments and measures share one space of names, because formulas speak of all of them.
    fn names(&mut self) {
        let scenario = self.scenario;
        let roles = scenario.roles.keys().map(|name| ("roles", "a role", name, true));
        let instruments =
            scenario.instruments.keys().map(|name| ("instruments", "an instrument", name, true));
        let handles = scenario.handles.keys().map(|name| ("handles", "a handle", name, true));
        let teleoperations =
            scenario.teleoperations.keys().map(|name| ("teleoperations", "a teleoperation", name, true));
        let masters = handles.chain(teleoperations);
        let measures = scenario.measures.keys().map(|name| ("measures", "a measure", name, false));
        let mut seen: Vec<(&str, &str)> = Vec::new();
        for (table, what, name, is_path) in roles.chain(masters).chain(instruments).chain(measures) {
            let key = join_key(table, name);
            if is_path && table != "roles" && !is_name(name) {
                self.at_key("bad-value", &key, not_a_name(name), String::new());
            } else if !is_path && !is_label(name) {
                let title =
                    format!("`{}` is not a name: letters, digits and `_`, a letter first", quoted(name));
                self.at_key("bad-value", &key, title, String::new());
            }
            if RESERVED_NAMES.contains(&name.as_str()) || PROSE.contains(&name.as_str()) {
                let title = format!("`{name}` means something else in these files");
                self.at_key("duplicate-name", &key, title, String::new());
            }
            if let Some((_, other)) = seen.iter().find(|(known, _)| known == name) {
                let title = format!("`{name}` is {other} already, and cannot be {what} as well");
                self.at_key("duplicate-name", &key, title, String::new());
            }
            seen.push((name, what));
        }
    }

    fn phases(&mut self) {
        let scenario = self.scenario;
        if scenario.phases.is_empty() {
            self.problem("phases", "at least one phase is needed");
        }
        let names =
            scenario.phases.iter().enumerate().map(|(i, phase)| (format!("phases[{i}].name"), &phase.name));
        self.duplicates("phase", names);
        if let Some(poses) = &scenario.poses {
            self.problems("poses", poses.check());
        }
        let poses: Vec<String> =
            scenario.poses.iter().flat_map(|poses| poses.poses()).map(|pose| pose.name).collect();
        for name in scenario.postures.keys() {
            let key = join_key("postures", name);
            if !is_label(name) {
                let title =
                    format!("`{}` is not a name: letters, digits and `_`, a letter first", quoted(name));
                self.at_key("bad-value", &key, title, String::new());
            } else if poses.contains(name) {
                self.at_key("duplicate-name", &key, format!("`{name}` is a pose already"), String::new());
            }
        }
        let known = || poses.iter().chain(scenario.postures.keys()).map(String::as_str);
        for (i, phase) in scenario.phases.iter().enumerate() {
            let at = format!("phases[{i}]");
            self.problems(&at, phase.check());
            if let Some(until) = &phase.until {
                self.trigger(&format!("{at}.until"), until);
            }
            for (j, one) in phase.meanwhile.iter().enumerate() {
                self.trigger(&format!("{at}.meanwhile[{j}].on"), &one.on);
            }
            for (key, name) in phase.pose_names() {
                if !known().any(|one| one == name) {
                    let what = if scenario.postures.is_empty() { "pose" } else { "pose or posture" };
                    self.unknown(&format!("{at}.{key}"), what, name, known());
                }
            }
        }
    }

    fn faults(&mut self) {
        let scenario = self.scenario;
        let names =
            scenario.faults.iter().enumerate().map(|(i, fault)| (format!("faults[{i}].name"), &fault.name));
        self.duplicates("fault", names);
        for (i, fault) in scenario.faults.iter().enumerate() {
            let at = format!("faults[{i}]");
            self.problems(&at, fault.check());
            self.trigger(&format!("{at}.starts"), &fault.starts);
            if let Some(ends) = &fault.ends {
                self.trigger(&format!("{at}.ends"), ends);
            }
        }
    }

    /// The spelling of a trigger's formulas, and whether there are the phases that it names.
    fn trigger(&mut self, key: &str, trigger: &TriggerConfig) {
        let at = |below: &str| if below.is_empty() { key.to_owned() } else { format!("{key}.{below}") };
        for formula in trigger.formulas() {
            self.formula(&at(&formula.key), formula.text);
        }
        for phase in trigger.phases() {
            self.phase_exists(&at(&phase.key), phase.text);
        }
    }

    fn phase_exists(&mut self, key: &str, phase: &str) {
        let phases = self.scenario.phases.iter().map(|phase| phase.name.as_str());
        if !phases.clone().any(|known| known == phase) {
            self.unknown(key, "phase", phase, phases);
        }
    }

    fn measures(&mut self) {
        let scenario = self.scenario;
        for (name, instrument) in &scenario.instruments {
            self.problems(&join_key("instruments", name), instrument.check());
        }
        for (name, measure) in &scenario.measures {
            let key = join_key("measures", name);
            self.problems(&key, measure.problems());
            if let Some(phase) = &measure.window().phase {
                self.phase_exists(&format!("{key}.window.phase"), phase);
            }
        }
        if let Some(record) = &scenario.record
            && record.rate.si() <= 0.0
        {
            self.problem("record.rate", "must be greater than zero");
        }
    }

    /// Values of `[setup]` and `[vary]` are quantities, words or expressions.
    fn settings(&mut self) {
        let scenario = self.scenario;
        let setup = scenario.setup.iter().map(|(path, value)| (join_key("setup", path), value));
        let varied = scenario.vary.iter().flat_map(|(path, values)| {
            let key = join_key("vary", path);
            values.iter().enumerate().map(move |(i, value)| (format!("{key}[{i}]"), value))
        });
        for (key, value) in setup.chain(varied) {
            if AnyQuantity::parse(value).is_err() {
                self.formula(&key, value);
            }
        }
        self.problems("", case::check(scenario));
        for (path, variation) in &scenario.variation {
            self.problems("", under(&join_key("variation", path), variation.check()).collect());
        }
    }

    fn requirements(&mut self) {
        let scenario = self.scenario;
        if scenario.requirements.is_empty() {
            let title = "nothing is required here: figures are reported, and there is no verdict";
            self.found.push(Diagnostic::warning("no-requirement", title));
        }
        let ids = scenario
            .requirements
            .iter()
            .enumerate()
            .map(|(i, one)| (format!("requirements[{i}].id"), &one.id));
        self.duplicates("requirement", ids);
        for (i, requirement) in scenario.requirements.iter().enumerate() {
            self.formula(&format!("requirements[{i}].formula"), &requirement.formula);
            if requirement.why.trim().is_empty() {
                self.problem(&format!("requirements[{i}].why"), "say why it matters: a committee will ask");
            }
        }
    }

    /// Every path begins with something that the method knows.
    fn heads(&mut self, tree: &Node, scene: Option<&SceneFile>) {
        let scenario = self.scenario;
        let mut found = Vec::new();
        for (section, node) in tree.as_table().into_iter().flatten() {
            if !matches!(
                section.as_str(),
                "title" | "purpose" | "references" | "departures" | "sources" | "scene" | "include"
            ) {
                paths_below(node, section, &mut found);
            }
        }
        let masters = || scenario.handles.keys().chain(scenario.teleoperations.keys());
        let named = || scenario.instruments.keys().chain(scenario.measures.keys());
        let own = || scenario.roles.keys().chain(masters()).chain(named());
        for FoundPath { head, key, is_key } in found {
            // That the program cannot fail is said where faults are placed.
            if head == "program" && key.starts_with("faults[") {
                continue;
            }
            if head.contains('*') || RESERVED_NAMES.contains(&head) || own().any(|name| name == head) {
                continue;
            }
            let place = if is_key { self.spans.key(&key) } else { self.spans.value(&key) };
            let place = match is_key {
                false => self.spans.inside(&key, 0..head.len()),
                true => place,
            };
            let guess = nearest(head, own().map(String::as_str));
            let hint = guess.map_or_else(String::new, |guess| format!("did you mean `{guess}`?"));
            let title = format!("nothing here is called `{}`", quoted(head));
            let mut diagnostic = Diagnostic::error("unknown-name", title).at(place.file, place.range, hint);
            let role = scenario.roles.iter().find(|(_, robot)| *robot == head).map(|(role, _)| role);
            if let Some(role) = role {
                let kind = scene.map_or("a robot", |scene| scene.kind_of(head));
                diagnostic = diagnostic.note(format!(
                    "`{head}` is {kind} of the scene; the method calls it `{role}`, so that it runs on other scenes too"
                ));
            } else if let Some(scene) = scene.filter(|scene| scene.has(head)) {
                let kind = scene.kind_of(head);
                diagnostic =
                    diagnostic.note(format!("`{head}` is {kind} of the scene; give it a role in `[roles]`"));
            }
            let names: Vec<&str> = own().map(String::as_str).collect();
            let masters = if masters().next().is_some() { ", handles, teleoperations" } else { "" };
            self.found.push(
                diagnostic
                    .note(format!("roles{masters}, instruments and measures here: {}", names.join(", "))),
            );
        }
    }
}

impl VariationConfig {
    /// What is wrong with it; keys below the variation.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        match (&self.normal, &self.uniform) {
            (Some(spread), None) if spread.si < 0.0 => {
                vec![Problem::new("normal", "a standard deviation is not negative")]
            }
            (None, Some([low, high])) if low.dimension != high.dimension => {
                let what = format!("{} and {} do not go together", low.dimension, high.dimension);
                vec![Problem::new("uniform", what)]
            }
            (None, Some([low, high])) if low.si > high.si => {
                vec![Problem::new("uniform", "the lower end stands first")]
            }
            (Some(_), None) | (None, Some(_)) => Vec::new(),
            _ => vec![Problem::new("", "a variation is either `normal` or `uniform`")],
        }
    }
}
