//! Which controllers from outside a batch may start, and what answers for them in each case.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use trocar_control::outside::{
    ControllerConfig, Failure, Launch, Live, Nobody, NotStarted, Outside, RUN, Recorded, Registry, Reports,
    Source, Storage, cannot_start,
};
use trocar_evidence::ResultFolder;
use trocar_scenario::Loaded;
use trocar_sim::Case;
use trocar_sim::model::OutsideSlot;

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
    /// Whether a controller of a scenario may run. One that was named with the command may: no file can do that.
    fn may_run(&self, name: &str, config: &ControllerConfig) -> bool {
        if config.is_of_another_process() {
            self.allowed.contains(name) || config.is_of_the_command(name)
        } else {
            self.registry.contains(name)
        }
    }

    /// The allowed names that no controller of these scenarios has, as typed. A slot may be called by its role.
    #[must_use]
    pub fn unknown<'a>(&'a self, all: &[&Loaded]) -> Vec<&'a str> {
        let known = |name: &str| all.iter().any(|loaded| names(loaded).contains(&loaded.roles.resolve(name)));
        self.allowed.iter().map(String::as_str).filter(|name| !known(name)).collect()
    }

    /// Why controllers of a scenario may not run, a sentence each.
    #[must_use]
    pub fn refusals(&self, loaded: &Loaded) -> Vec<String> {
        let mut refusals = Vec::new();
        for (name, controller) in loaded.scenarios().flat_map(|scenario| &scenario.controllers) {
            let slot = loaded.roles.in_words_of_the_method(&controller.slot);
            if self.may_run(name, controller) {
                if let Some(why) = cannot_start(&controller.program, &folder_of(loaded, name, controller)) {
                    refusals.push(format!("controller `{name}` of {slot} cannot be started: {why}"));
                }
                continue;
            }
            refusals.push(match (controller.is_of_another_process(), controller.program.is_empty()) {
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
        refusals.sort_unstable();
        refusals.dedup();
        refusals
    }
}

/// The names of all controllers of a scenario, sorted.
#[must_use]
pub fn names(loaded: &Loaded) -> BTreeSet<String> {
    loaded.scenarios().flat_map(|scenario| scenario.controllers.keys().cloned()).collect()
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

impl Answering {
    fn by(outside: impl Outside + 'static) -> Answering {
        Answering { outside: Box::new(outside), reports: Reports::default(), not_started: None }
    }

    fn not_started(slot: &OutsideSlot, why: NotStarted) -> Answering {
        let what = format!("{} {}", slot.description.who(), why.failure);
        Answering { not_started: Some(what), ..Answering::by(why) }
    }
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
    let outside = &case.model.outside;
    if outside.is_empty() {
        return Answering::by(Nobody);
    }
    let slots = Rc::new(outside.iter().map(|slot| slot.description.clone()).collect::<Vec<_>>());
    let mut sources = Vec::new();
    let mut all_kept = true;
    for (place, slot) in outside.iter().enumerate() {
        let name = &slot.description.controller;
        if kept.is_none() && !controllers.may_run(name, &slot.config) {
            let failure = Failure::new("was not allowed to run");
            return Answering::not_started(slot, NotStarted { slot: place, failure });
        }
        let asked_again = || controllers.allowed.iter().any(|typed| loaded.roles.resolve(typed) == *name);
        sources.push(match kept {
            Some(kept) if !asked_again() => Source::Kept(Rc::clone(kept)),
            _ => {
                all_kept = false;
                let folder = folder_of(loaded, name, &slot.config);
                Source::Launch(Box::new(Launch { name: name.clone(), config: slot.config.clone(), folder }))
            }
        });
    }
    if let Some(kept) = kept.filter(|_| all_kept) {
        return Answering::by(Recorded::new(slots, Rc::clone(kept), RUN));
    }
    match Live::start(slots, sources, controllers.registry.clone(), storage) {
        Ok(live) => Answering { reports: live.reports_to_come(), ..Answering::by(live) },
        Err(not_started) => Answering::not_started(&outside[not_started.slot], not_started),
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
fn folder_of(loaded: &Loaded, name: &str, config: &ControllerConfig) -> PathBuf {
    let here = || std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    match &loaded.root {
        Some(root) if !config.is_of_the_command(name) => {
            std::path::absolute(root).unwrap_or_else(|_| root.clone())
        }
        _ => here(),
    }
}
