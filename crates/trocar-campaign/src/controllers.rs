//! Which controllers from outside a batch may start, and what answers for them in each case.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use trocar_control::outside::{
    Launch, Live, Nobody, Outside, RUN, Recorded, Registry, Reports, Source, Storage,
};
use trocar_evidence::ResultFolder;
use trocar_scenario::Loaded;
use trocar_sim::Case;

/// What may fill slots from outside.
#[derive(Clone, Debug)]
pub struct Controllers {
    /// The names of `[controllers]` whose programs may start (`--allow-exec`).
    pub allowed: BTreeSet<String>,
    /// Those that the program brings along.
    pub registry: Registry,
    /// Tells a person what cannot wait.
    pub say: fn(&str),
}

impl Default for Controllers {
    fn default() -> Controllers {
        Controllers { allowed: BTreeSet::new(), registry: Registry::default(), say: |_| {} }
    }
}

impl Controllers {
    /// Whether a controller of a scenario may run. One whose name is a slot was named with the command; no file can do that.
    fn may_run(&self, name: &str, is_of_another_process: bool) -> bool {
        if is_of_another_process {
            self.allowed.contains(name) || name.contains('.')
        } else {
            self.registry.contains(name)
        }
    }

    /// The allowed names that no controller of these scenarios has, as typed. A slot may be called by its role.
    #[must_use]
    pub fn unknown<'a>(&'a self, all: &[&Loaded]) -> Vec<&'a str> {
        let known = |name: &str| {
            all.iter().any(|loaded| {
                let name = loaded.roles.resolve(name);
                loaded.scenario.controllers.contains_key(&name)
            })
        };
        self.allowed.iter().map(String::as_str).filter(|name| !known(name)).collect()
    }

    /// Why controllers of a scenario may not run, a sentence each.
    #[must_use]
    pub fn refusals(&self, loaded: &Loaded) -> Vec<String> {
        let mut refusals = Vec::new();
        for (name, controller) in &loaded.scenario.controllers {
            let is_of_another_process = controller.is_of_another_process();
            if self.may_run(name, is_of_another_process) {
                continue;
            }
            let slot = loaded.roles.in_words_of_the_method(&controller.slot);
            refusals.push(match (is_of_another_process, controller.program.is_empty()) {
                (true, false) => format!(
                    "controller `{name}` of {slot} would start `{}` with your rights; if you trust it, add: --allow-exec {name}",
                    controller.program.join(" ")
                ),
                (true, true) => format!(
                    "controller `{name}` of {slot} would be waited for at {}; to let it in, add: --allow-exec {name}",
                    controller.listen.as_deref().unwrap_or("")
                ),
                (false, _) => {
                    let names: Vec<&str> = self.registry.names().collect();
                    let there_is = if names.is_empty() {
                        "none is".to_owned()
                    } else {
                        format!("there is: {}", names.join(", "))
                    };
                    format!(
                        "controller `{name}` of {slot} has no `program`, and is not registered in this program ({there_is}): give it one, e.g. program = [\"python3\", \"controllers/{name}.py\"]"
                    )
                }
            });
        }
        refusals
    }
}

/// What answers for a case's slots.
pub struct Answering {
    /// To be given to the run.
    pub outside: Box<dyn Outside>,
    /// Where the run leaves how long its controllers took.
    pub reports: Reports,
    /// Why a controller could not be started: which, and what it did.
    pub not_started: Option<String>,
}

/// Starts the controllers of a case; those that may not run answer from `kept`, where there is a record. One that cannot be
/// started fails when the run first asks it.
pub(crate) fn start(
    case: &Case,
    loaded: &Loaded,
    controllers: &Controllers,
    storage: Rc<dyn Storage>,
    kept: Option<&Rc<dyn Storage>>,
) -> Answering {
    let slots: Vec<_> = case.model.outside.iter().map(|slot| slot.description.clone()).collect();
    if slots.is_empty() {
        return Answering { outside: Box::new(Nobody), reports: Reports::default(), not_started: None };
    }
    let slots = Rc::new(slots);
    let mut sources = Vec::new();
    let mut all_kept = true;
    for slot in slots.iter() {
        let Some(config) = loaded.scenario.controllers.get(&slot.controller) else { continue };
        let runs = kept.is_none()
            || controllers.allowed.iter().any(|name| loaded.roles.resolve(name) == slot.controller);
        all_kept &= !runs;
        sources.push(match kept {
            Some(kept) if !runs => Source::Kept(Rc::clone(kept)),
            _ => Source::Launch(Box::new(Launch {
                name: slot.controller.clone(),
                config: config.clone(),
                folder: folder_of(loaded, &slot.controller),
            })),
        });
    }
    if let Some(kept) = kept.filter(|_| all_kept) {
        let outside = Recorded::new(slots, Rc::clone(kept), RUN);
        return Answering { outside: Box::new(outside), reports: Reports::default(), not_started: None };
    }
    match Live::start(slots, sources, controllers.registry.clone(), storage) {
        Ok(live) => {
            let reports = live.reports_to_come();
            Answering { outside: Box::new(live), reports, not_started: None }
        }
        Err(not_started) => {
            let who = case.model.outside[not_started.slot].description.who();
            let what = format!("{who} {}", not_started.failure);
            let reports = Reports::default();
            Answering { outside: Box::new(not_started), reports, not_started: Some(what) }
        }
    }
}

/// What answers for a case's slots from what a result keeps.
#[must_use]
pub fn recorded(case: &Case, folder: &ResultFolder, say: fn(&str)) -> Box<dyn Outside> {
    let slots = case.model.outside.iter().map(|slot| slot.description.clone()).collect();
    let kept: Rc<dyn Storage> = Rc::new(folder.exchanges(&case.name, say));
    Box::new(Recorded::new(Rc::new(slots), kept, RUN))
}

/// Programs that a file names start in the project's root, those that were named with the command where that was typed.
fn folder_of(loaded: &Loaded, name: &str) -> PathBuf {
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    match &loaded.root {
        Some(root) if !name.contains('.') => std::path::absolute(root).unwrap_or_else(|_| root.clone()),
        _ => here(),
    }
}
