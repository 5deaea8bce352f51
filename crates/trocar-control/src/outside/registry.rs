//! Controllers that a program brings along which uses Trocar as a library.

use super::description::SlotDescription;
use super::exchange::{Reply, Request};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// A controller in this program.
///
/// Its calls come in the order of simulated time of one lane (the run, or one twin). One that says that it is restorable
/// serves run and twins alike, in any order, and remembers nothing but the words of state in request and reply.
pub trait Controller {
    /// One activation. What it does not write stays as it was.
    ///
    /// # Errors
    /// Why it cannot go on, as a sentence; the run is then an ERROR, or the slot falls silent.
    fn activate(&mut self, request: &Request<'_>, reply: &mut Reply) -> Result<(), String>;

    /// Whether all that it remembers is in the words of state. Otherwise each twin gets one of its own, which is led through
    /// the run from its beginning.
    fn is_restorable(&self) -> bool {
        true
    }
}

/// Makes a controller for a slot, or says why it does not fit there.
type Make = dyn Fn(&SlotDescription) -> Result<Box<dyn Controller>, String> + Send + Sync;

/// Controllers by name: a scenario's `[controllers.NAME]` without a command means one of them.
#[derive(Clone, Default)]
pub struct Registry {
    makers: BTreeMap<String, Arc<Make>>,
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.makers.keys()).finish()
    }
}

impl Registry {
    /// With one more controller. `make` is called for each run and gets what the slot is.
    #[must_use]
    pub fn with(
        mut self,
        name: &str,
        make: impl Fn(&SlotDescription) -> Result<Box<dyn Controller>, String> + Send + Sync + 'static,
    ) -> Registry {
        self.makers.insert(name.to_owned(), Arc::new(make));
        self
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.makers.contains_key(name)
    }

    /// The names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.makers.keys().map(String::as_str)
    }

    pub(crate) fn make(&self, name: &str, slot: &SlotDescription) -> Result<Box<dyn Controller>, String> {
        match self.makers.get(name) {
            Some(make) => make(slot),
            None => Err(format!("no controller `{name}` is registered in this program")),
        }
    }
}
