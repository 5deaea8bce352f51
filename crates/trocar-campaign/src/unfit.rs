//! Methods in scenes that were put in the place of their own: where the scene is, and what it means that its arm lacks
//! what a method speaks of.

use crate::VERSION;
use crate::batch::changes;
use std::path::Path;
use trocar_evidence::outcome::{CaseOutcome, FailureOutcome, RequirementOutcome};
use trocar_evidence::{ScenarioHeader, ScenarioResult};
use trocar_measure::Verdict;
use trocar_scenario::{Failure, Files, Loaded, LoadedScene, Overrides, load, load_scene};
use trocar_signal::{Diagnostic, Severity};

/// How many reasons a result names.
const REASONS: usize = 3;

/// A method that is without mistakes in its own scene, and speaks of what the other scene's robot does not have: a joint, a
/// remote centre, a declared limit. Nothing runs; each of its requirements is INVALID.
pub struct Unfit {
    /// What it comes to.
    pub result: ScenarioResult,
    /// What the robot lacks, in a sentence.
    pub why: String,
}

/// Whether mistakes are not of the method but of the pair: the scene that was put in the place of its own is without
/// mistakes and has a robot for each role, the method compiles in its own scene, and every mistake stands in the method's
/// files.
pub(crate) fn unfit(files: &Files, address: &str, overrides: &Overrides, failure: &Failure) -> Option<Unfit> {
    let scene = load_scene(files, &files.resolve("", overrides.scene.as_deref()?).ok()?).ok()?;
    trocar_sim::compile_scene(&scene).ok()?;
    let own = load(files, address, &Overrides::default()).ok()?;
    trocar_sim::compile(&own).ok()?;
    let of_method = |mistake: &Diagnostic| {
        let place = mistake.labels.first();
        place.is_some_and(|label| own.files.iter().any(|file| file.shown == label.file))
    };
    let mistakes: Vec<&Diagnostic> =
        failure.diagnostics.iter().filter(|found| found.severity == Severity::Error).collect();
    let robot_in = |role: &str, robot: &str| {
        let other = overrides.roles.iter().find(|(other, _)| other == role);
        other.map_or(robot.to_owned(), |(_, robot)| robot.clone())
    };
    let roles: Vec<(String, String)> =
        own.roles.iter().map(|(role, robot)| (role.to_owned(), robot_in(role, robot))).collect();
    // Robots are put into roles by hand; a surface that the scene lacks makes the method unfit for it.
    let is_filled = |(role, name): &(String, String)| {
        let of_method = own.roles.robot(role).unwrap_or(name);
        scene.scene.has(name) || own.scene.scene.surroundings.contains_key(of_method)
    };
    let is_unfit = roles.iter().all(is_filled) && mistakes.iter().copied().all(of_method);
    is_unfit.then(|| {
        let why = reasons(&mistakes);
        Unfit { result: result(address, overrides, &own, &scene, &roles, &why), why }
    })
}

/// The first of the mistakes, and how many more there are.
fn reasons(mistakes: &[&Diagnostic]) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    for mistake in mistakes {
        if !reasons.contains(&mistake.title.as_str()) {
            reasons.push(&mistake.title);
        }
    }
    let more = match reasons.len().saturating_sub(REASONS) {
        0 => String::new(),
        more => format!("; and {more} more: trocar check --scene"),
    };
    reasons.truncate(REASONS);
    format!("not for this scene: {}{more}", reasons.join("; "))
}

fn result(
    address: &str,
    overrides: &Overrides,
    own: &Loaded,
    scene: &LoadedScene,
    roles: &[(String, String)],
    why: &str,
) -> ScenarioResult {
    let requirements: Vec<RequirementOutcome> = own
        .method
        .requirements
        .iter()
        .enumerate()
        .map(|(place, requirement)| {
            let at = own.spans.value(&format!("requirements[{place}].formula"));
            let file = own.files.iter().find(|file| file.shown == at.file);
            RequirementOutcome {
                id: requirement.id.clone(),
                formula: requirement.formula.clone(),
                why: requirement.why.clone(),
                file: file.map_or_else(String::new, |file| file.address.clone()),
                line: file.map_or(1, |file| file.line_column(at.range.start).0 as u32),
                verdict: Verdict::Invalid,
                subject: requirement.formula.split(['<', '>']).next().unwrap_or_default().trim().to_owned(),
                figure: None,
                limit: None,
                margin: None,
                reason: Some(why.to_owned()),
                hints: Vec::new(),
                without_fault: None,
                figure_without_fault: None,
            }
        })
        .collect();
    let title = |(role, robot): &(String, String)| {
        let title = scene.robots.get(robot).map_or("", |loaded| loaded.robot.title.as_str());
        format!("{role} = {robot}: {title}")
    };
    let failure = requirements.is_empty().then_some(FailureOutcome {
        verdict: Verdict::Invalid,
        at_s: 0.0,
        what: why.to_owned(),
    });
    let case = CaseOutcome {
        case: String::new(),
        roles: roles.iter().map(title).collect(),
        simulated_s: 0.0,
        steps: 0,
        compute_times: Vec::new(),
        step_s: 0.0,
        digest: String::new(),
        requirements,
        figures: Vec::new(),
        faults: Vec::new(),
        failure,
        controllers: Vec::new(),
        standing: Vec::new(),
        data: None,
    };
    let header = ScenarioHeader {
        trocar: VERSION.to_owned(),
        title: own.scenario.title.clone(),
        path: address.to_owned(),
        method_digest: own.method_digest.clone(),
        robot_digests: scene.robots.iter().map(|(i, robot)| (i.clone(), robot.digest.clone())).collect(),
        seed: own.scenario.seed,
        status: None,
        changes: changes(own, overrides),
        inputs: Vec::new(),
        data: None,
    };
    ScenarioResult::new(header, vec![case])
}

/// The address of the scene that `--scene` names for files of a project: seen from the current folder, as a shell completes
/// it, or from the project's root.
///
/// # Errors
/// A scene outside of the project.
pub fn scene_address(files: &Files, typed: &str) -> Result<String, Failure> {
    let here = std::fs::canonicalize(Path::new(typed)).ok().filter(|path| path.is_file());
    let root = files.root().and_then(|root| std::fs::canonicalize(root).ok());
    let (Some(here), Some(root)) = (here, root) else { return Ok(typed.to_owned()) };
    if let Ok(inside) = here.strip_prefix(&root) {
        return Ok(inside.to_string_lossy().replace('\\', "/"));
    }
    if files.read(typed).is_ok() {
        return Ok(typed.to_owned());
    }
    let title = format!("`{typed}` lies outside of the method's project, {}", root.display());
    let diagnostic = Diagnostic::error("outside", title).note(
        "a result keeps all its files under one root: copy the method into the scene's project (trocar new scenario FILE --from METHOD), or run a built-in one, trocar:NAME",
    );
    Err(Failure { diagnostics: vec![diagnostic], files: Vec::new() })
}
