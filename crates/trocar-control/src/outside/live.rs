//! The controllers of one lane at work: each is asked, its answer checked and kept.

use super::config::ControllerConfig;
use super::connection::{Connection, Starter, wall_now};
use super::description::SlotDescription;
use super::exchange::{Failure, Reply, Request, element_path};
use super::kept::{KeptReader, KeptWriter};
use super::registry::{Controller, Registry};
use super::{Fork, NotStarted, Outside};
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::rc::Rc;
use trocar_signal::digest;

/// Where exchanges and the output of programs are kept, and what the surroundings of a run can do for it.
pub trait Storage {
    /// Begins the record of a slot's exchanges in a lane.
    ///
    /// # Errors
    /// As the medium fails.
    fn create(&self, slot: &str, lane: &str) -> io::Result<Box<dyn Write + Send>>;

    /// Reads a record back, as far as it was flushed.
    ///
    /// # Errors
    /// As the medium fails.
    fn open(&self, slot: &str, lane: &str) -> io::Result<Box<dyn Read>>;

    /// Keeps what a program prints; `stream` is `stdout` or `stderr`.
    ///
    /// # Errors
    /// As the medium fails.
    fn output(&self, controller: &str, lane: &str, stream: &str) -> io::Result<Box<dyn Write + Send>>;

    /// Tells a person something that cannot wait: where a controller is expected to connect.
    fn say(&self, what: &str);
}

/// How a slot is filled.
pub struct Launch {
    /// The controller's name in the scenario.
    pub name: String,
    /// Its configuration.
    pub config: ControllerConfig,
    /// The folder in which its program starts.
    pub folder: PathBuf,
}

/// Who fills a slot.
pub enum Source {
    /// A controller of this run: a program, or one that is registered.
    Launch(Box<Launch>),
    /// What was kept of an earlier run.
    Kept(Rc<dyn Storage>),
}

/// Wall times of one slot's exchanges, and whether its controller failed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ControllerReport {
    /// Its name in the scenario.
    pub controller: String,
    /// The slot.
    pub slot: String,
    /// What it calls itself.
    pub name: String,
    /// How many exchanges there were.
    pub exchanges: u64,
    /// Wall time of all of them, s.
    pub wall_s: f64,
    /// Wall time of the longest, s.
    pub longest_s: f64,
}

/// The lane that is no twin.
pub const RUN: &str = "run";

enum Filler {
    Process(Connection),
    InProgram(Box<dyn Controller>),
    Kept(super::kept::Recorded),
}

impl Filler {
    fn is_restorable(&self) -> bool {
        match self {
            Filler::Process(connection) => connection.is_restorable(),
            Filler::InProgram(controller) => controller.is_restorable(),
            Filler::Kept(_) => true,
        }
    }
}

struct Party {
    filler: Rc<RefCell<Filler>>,
    digest: u64,
    kept: KeptWriter,
    failed: Option<Failure>,
    exchanges: u64,
    /// Whether the next step is put before it twice, to see that it keeps no state of its own: a twin has parted, and what one
    /// lane did must not show in the other.
    ask_twice: bool,
    /// While a twin is led through the run: what was answered then, and how many answers are left.
    then: Option<(KeptReader, u64)>,
    wall_s: f64,
    longest_s: f64,
}

/// What all lanes of a run share.
struct Shared {
    slots: Rc<Vec<SlotDescription>>,
    starters: Vec<Option<Starter>>,
    registry: Registry,
    storage: Rc<dyn Storage>,
    reports: Reports,
}

/// Where a run leaves its reports when it is over.
pub type Reports = Rc<RefCell<Vec<ControllerReport>>>;

/// The controllers of one lane.
pub struct Live {
    shared: Rc<Shared>,
    lane: String,
    parties: Vec<Party>,
    sent: Vec<u64>,
    received: Vec<u64>,
}

fn cannot_keep(error: io::Error) -> Failure {
    Failure::new(format!("was answered, but this cannot be kept: {error}"))
}

impl Party {
    /// Puts a step before whoever fills the slot. `sent`: its binary form.
    fn put(
        &mut self,
        description: &SlotDescription,
        slot: usize,
        request: &Request<'_>,
        sent: &[u64],
        reply: &mut Reply,
    ) -> Result<(), Failure> {
        match &mut *self.filler.borrow_mut() {
            Filler::Process(connection) => {
                connection.exchange(description, request, (self.digest, sent), reply)
            }
            Filler::InProgram(controller) => call(controller.as_mut(), request, reply),
            Filler::Kept(recorded) => match &mut self.then {
                // A twin of its own record begins at the fork; until then the run's counts.
                Some((then, _)) => {
                    let words = then.peek().map_err(cannot_keep)??;
                    reply.take_words(description, request, self.digest, words)
                }
                None => recorded.exchange(slot, request, reply),
            },
        }
    }
}

impl Live {
    /// Starts every controller of a run; `sources` stand in the order of `slots`.
    ///
    /// # Errors
    /// The first that does not start, by its place among the slots, and why.
    pub fn start(
        slots: Rc<Vec<SlotDescription>>,
        sources: Vec<Source>,
        registry: Registry,
        storage: Rc<dyn Storage>,
    ) -> Result<Live, NotStarted> {
        let mut starters = Vec::new();
        let mut kept = Vec::new();
        for source in sources {
            let (starter, from) = match source {
                Source::Launch(launch) => (Some(Starter::new(*launch)), None),
                Source::Kept(from) => (None, Some(from)),
            };
            starters.push(starter);
            kept.push(from);
        }
        let reports = Reports::default();
        let shared = Rc::new(Shared { slots, starters, registry, storage, reports });
        let mut parties = Vec::new();
        for (place, from) in kept.into_iter().enumerate() {
            let filler = match from {
                Some(from) => {
                    let recorded = super::kept::Recorded::new(Rc::clone(&shared.slots), from, RUN);
                    Ok(Filler::Kept(recorded))
                }
                None => shared.fill(place, RUN),
            };
            let party = filler.and_then(|filler| shared.party(place, RUN, Rc::new(RefCell::new(filler))));
            match party {
                Ok(party) => parties.push(party),
                Err(failure) => return Err(shared.not_started(place, failure)),
            }
        }
        Ok(Live { shared, lane: RUN.to_owned(), parties, sent: Vec::new(), received: Vec::new() })
    }

    /// Where the run leaves its reports when it is over.
    #[must_use]
    pub fn reports_to_come(&self) -> Reports {
        Rc::clone(&self.shared.reports)
    }

    fn reports(&self) -> Vec<ControllerReport> {
        let name = |party: &Party| match &*party.filler.borrow() {
            Filler::Process(connection) => connection.name().to_owned(),
            _ => String::new(),
        };
        let slots = self.shared.slots.iter().zip(&self.parties);
        slots
            .map(|(slot, party)| ControllerReport {
                controller: slot.controller.clone(),
                slot: slot.slot.clone(),
                name: name(party),
                exchanges: party.exchanges,
                wall_s: party.wall_s,
                longest_s: party.longest_s,
            })
            .collect()
    }

    fn ask(&mut self, slot: usize, request: &Request<'_>, reply: &mut Reply) -> Result<(), Failure> {
        let description = &self.shared.slots[slot];
        let party = &mut self.parties[slot];
        request.to_words(party.digest, &mut self.sent);
        let first = if std::mem::take(&mut party.ask_twice) {
            party.put(description, slot, request, &self.sent, reply)?;
            reply.check(description, request)?;
            let mut words = Vec::new();
            reply.to_words(description, request.activation, party.digest, &mut words);
            reply.begin(request);
            Some(words)
        } else {
            None
        };
        let asked_at = wall_now();
        party.put(description, slot, request, &self.sent, reply)?;
        let took_s = asked_at.elapsed().as_secs_f64();
        party.wall_s += took_s;
        party.longest_s = trocar_math::max(party.longest_s, took_s);
        reply.check(description, request)?;
        reply.to_words(description, request.activation, party.digest, &mut self.received);
        if let Some(first) = first.filter(|first| *first != self.received) {
            let what = first_difference(description, &first, &self.received, ["", "then"]);
            return Err(Failure::new(format!(
                "says that it is restorable, and keeps a state of its own: asked the same step twice, {what}. Keep all in the words of `state`, or say `restorable: false`"
            )));
        }
        party.digest = digest::chain(digest::chain(party.digest, &self.sent), &self.received);
        party.exchanges += 1;
        if let Some((then, left)) = &mut party.then {
            let before = then.next().map_err(cannot_keep)??;
            if before != self.received {
                let then = ["in the run", "when it was led through it again"];
                let what = first_difference(description, before, &self.received, then);
                return Err(Failure::new(format!("does not repeat: {what}")));
            }
            *left -= 1;
            if *left == 0 {
                party.then = None;
            }
            return Ok(());
        }
        party.kept.reply(&self.received).map_err(cannot_keep)
    }
}

impl Shared {
    fn fill(&self, place: usize, lane: &str) -> Result<Filler, Failure> {
        let slot = &self.slots[place];
        match &self.starters[place] {
            Some(starter) if starter.is_of_another_process() => {
                starter.start(slot, lane, &*self.storage).map(Filler::Process)
            }
            _ => self.registry.make(&slot.controller, slot).map(Filler::InProgram).map_err(Failure::new),
        }
    }

    /// Keeps that a controller did not start, as the answer to the first question to it.
    fn not_started(&self, slot: usize, failure: Failure) -> NotStarted {
        let description = &self.slots[slot];
        let kept = self.storage.create(&description.slot, RUN).and_then(|out| {
            KeptWriter::new(out, description)?.failure(0, trocar_signal::Time::ZERO, &failure.what)
        });
        match kept {
            Ok(()) => NotStarted { slot, failure },
            Err(error) => {
                let what = format!("{}; and this cannot be kept: {error}", failure.what);
                NotStarted { slot, failure: Failure::new(what) }
            }
        }
    }

    fn party(&self, place: usize, lane: &str, filler: Rc<RefCell<Filler>>) -> Result<Party, Failure> {
        let slot = &self.slots[place];
        let kept = self
            .storage
            .create(&slot.slot, lane)
            .and_then(|out| KeptWriter::new(out, slot))
            .map_err(|error| Failure::new(format!("cannot have its exchanges kept: {error}")))?;
        Ok(Party {
            filler,
            digest: 0,
            kept,
            failed: None,
            exchanges: 0,
            ask_twice: false,
            then: None,
            wall_s: 0.0,
            longest_s: 0.0,
        })
    }
}

impl Outside for Live {
    fn exchange(&mut self, slot: usize, request: &Request<'_>, reply: &mut Reply) -> Result<(), Failure> {
        if let Some(failure) = &self.parties[slot].failed {
            return Err(failure.clone());
        }
        let Err(failure) = self.ask(slot, request, reply) else { return Ok(()) };
        let party = &mut self.parties[slot];
        // That it failed is part of what is kept; where even this cannot be written, the failure itself says why.
        let _ = party.kept.failure(request.activation, request.now, &failure.what);
        if let Filler::Process(connection) = &mut *party.filler.borrow_mut() {
            connection.end();
        }
        party.failed = Some(failure.clone());
        Err(failure)
    }

    fn fork(&mut self, lane: &str) -> Result<Fork, Failure> {
        let must_catch_up = self.parties.iter().any(|party| !party.filler.borrow().is_restorable());
        let mut parties = Vec::new();
        for (place, own) in self.parties.iter_mut().enumerate() {
            let slot = &self.shared.slots[place];
            let restorable = own.filler.borrow().is_restorable();
            own.ask_twice = restorable && !matches!(&*own.filler.borrow(), Filler::Kept(_));
            let filler = match &mut *own.filler.borrow_mut() {
                Filler::Kept(recorded) => Some(Filler::Kept(recorded.for_lane(lane))),
                _ if restorable => None,
                _ => Some(self.shared.fill(place, lane)?),
            };
            let filler = filler.map_or_else(|| Rc::clone(&own.filler), |f| Rc::new(RefCell::new(f)));
            let mut party = self.shared.party(place, lane, filler)?;
            party.failed.clone_from(&own.failed);
            if must_catch_up && own.exchanges > 0 && own.failed.is_none() {
                let again =
                    |error: io::Error| Failure::new(format!("left a record that cannot be read: {error}"));
                own.kept.flush().map_err(again)?;
                let then = self.shared.storage.open(&slot.slot, &self.lane).map_err(again)?;
                party.then = Some((KeptReader::new(then, slot).map_err(again)?, own.exchanges));
            } else {
                party.digest = own.digest;
                party.exchanges = own.exchanges;
            }
            parties.push(party);
        }
        let outside = Live {
            shared: Rc::clone(&self.shared),
            lane: lane.to_owned(),
            parties,
            sent: Vec::new(),
            received: Vec::new(),
        };
        Ok(Fork { outside: Box::new(outside), must_catch_up })
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for party in &mut self.parties {
            // What cannot be flushed here was not asked for: a run that ends well has flushed it.
            let _ = party.kept.flush();
        }
        if self.lane == RUN {
            self.shared.reports.replace(self.reports());
        }
    }
}

/// Calls a controller of this program; one that panics has failed.
fn call(controller: &mut dyn Controller, request: &Request<'_>, reply: &mut Reply) -> Result<(), Failure> {
    let called =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| controller.activate(request, reply)));
    match called {
        Ok(done) => done.map_err(Failure::new),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            Err(Failure::new(format!("panicked: {text}")))
        }
    }
}

/// What a reply writes otherwise than another one of the same step; `when` each was given.
fn first_difference(slot: &SlotDescription, before: &[u64], now: &[u64], when: [&str; 2]) -> String {
    let [then, again] = when.map(|when| if when.is_empty() { String::new() } else { format!(" {when}") });
    let mut place = 4;
    for output in &slot.outputs {
        for (number, element) in output.elements.iter().enumerate() {
            let at = place + 2 + number;
            if before[at] != now[at] {
                let path = element_path(&output.path, &element.name);
                let (before, now) = (f64::from_bits(before[at]), f64::from_bits(now[at]));
                return format!("it wrote {path} = {before}{then} and {now}{again}");
            }
        }
        place += 2 + output.elements.len();
    }
    "it wrote, took or kept something else".to_owned()
}
