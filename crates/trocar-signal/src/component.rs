//! Components: whatever reads groups and writes others when it is activated.
//!
//! A component is built once: its constructor takes a [`Registration`], declares what it reads, writes, remembers and
//! is parameterised by, and keeps the ports that it gets back. After that it is immutable. Everything that changes
//! lives in words that the run owns, and [`Component::activate`] is a pure function of its [`Activation`].

use crate::group::{GroupId, GroupSpec, Layout};
use crate::parameter::{ParameterPort, ParameterSpec};
use crate::state::StateWords;
use crate::table::{Header, Table};
use crate::time::{Nanos, Time};
use std::any::Any;
use trocar_math::random::{Draw, Stream};

/// What went wrong inside a component; ends the run as an ERROR.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{component}: {what}")]
pub struct ComponentError {
    /// The component's path.
    pub component: String,
    /// One sentence.
    pub what: String,
}

/// Something that is activated: a sensor, a servo, a channel, an instrument, a mechanism.
pub trait Component: Send + Sync {
    /// Reads, computes, writes. Allocates nothing, reads no clock, does no I/O.
    ///
    /// # Errors
    /// A sentence when it cannot go on (a solver fails, a value diverges); the run ends as an ERROR that names the
    /// component.
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String>;

    /// Working memory that carries nothing from one activation to the next (a solver's matrices); made once per run.
    fn scratch(&self) -> Box<dyn Any + Send> {
        Box::new(())
    }

    /// Writes what must stand in the table before anything is activated (a mechanism's initial pose). Called once.
    ///
    /// # Errors
    /// As [`Component::activate`].
    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let _ = io;
        Ok(())
    }

    /// Sets the state at the start of a run; it is all zeros before. `parameters` are the component's own, in the
    /// order in which it declared them.
    fn initialise(&self, state: &mut [u64], parameters: &[f64]) {
        let _ = (state, parameters);
    }
}

/// Handle on a group that a component reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPort(pub usize);

/// Handle on a group that a component writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WritePort(pub usize);

/// What a component declares about itself.
#[derive(Clone, Debug, Default)]
pub struct Registration {
    /// The component's path.
    pub path: String,
    /// Groups that it reads.
    pub reads: Vec<ReadSpec>,
    /// Groups that it writes.
    pub writes: Vec<GroupSpec>,
    /// Command groups that it takes from outside: clients write them.
    pub inboxes: Vec<GroupSpec>,
    /// Its parameters.
    pub parameters: Vec<ParameterSpec>,
    /// The names of its state words.
    pub state_names: Vec<String>,
    /// The longest time that what it sends is under way, beyond its task's compute time.
    pub longest_delay: Nanos,
    /// Parameters whose sum that time is, where a case may change them.
    pub delay_parameters: Vec<ParameterPort>,
}

/// A read as it is declared.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadSpec {
    /// The group's path.
    pub path: String,
    /// Whether the value of the previous activation is meant: such a read does not order the schedule.
    pub previous: bool,
}

impl Registration {
    /// For the component at `path`.
    pub fn new(path: impl Into<String>) -> Registration {
        Registration { path: path.into(), ..Registration::default() }
    }

    /// Reads a group as it stands when the component is activated: whoever writes it runs first.
    #[inline]
    pub fn read(&mut self, path: impl Into<String>) -> ReadPort {
        self.push_read(path.into(), false)
    }

    /// Reads a group without asking that its writer runs first: the declared delay that breaks a cycle. The component
    /// sees what the group held before this instant if it is activated before the writer, which is so wherever the two
    /// would otherwise form a cycle; where nothing orders them, the order in which they were declared decides.
    pub fn read_previous(&mut self, path: impl Into<String>) -> ReadPort {
        self.push_read(path.into(), true)
    }

    fn push_read(&mut self, path: String, previous: bool) -> ReadPort {
        self.reads.push(ReadSpec { path, previous });
        ReadPort(self.reads.len() - 1)
    }

    /// Writes a group.
    #[inline]
    pub fn write(&mut self, mut spec: GroupSpec) -> WritePort {
        spec.writer.clone_from(&self.path);
        self.writes.push(spec);
        WritePort(self.writes.len() - 1)
    }

    /// Takes a command from clients: a group that this component owns and does not write.
    pub fn inbox(&mut self, mut spec: GroupSpec) -> ReadPort {
        spec.writer = "clients".to_owned();
        let path = spec.path.clone();
        self.inboxes.push(spec);
        self.push_read(path, true)
    }

    /// Declares a parameter, by its full path.
    #[inline]
    pub fn parameter(&mut self, spec: ParameterSpec) -> ParameterPort {
        self.parameters.push(spec);
        ParameterPort(self.parameters.len() - 1)
    }

    /// Declares for how long at most what it sends is under way.
    pub fn delays_by(&mut self, longest: Nanos) {
        self.longest_delay = longest;
    }

    /// Declares a parameter that is a part of the time for which what it sends is under way, so that there is room for as
    /// many messages as the values of a case keep under way.
    pub fn delays_by_parameter(&mut self, port: ParameterPort) {
        self.delay_parameters.push(port);
    }

    /// Declares the state as one struct of words.
    pub fn state<S: StateWords>(&mut self) {
        S::names(&mut self.state_names);
    }

    /// Declares further state words by name (after those of [`Registration::state`]).
    pub fn state_words(&mut self, names: impl IntoIterator<Item = String>) {
        self.state_names.extend(names);
    }
}

/// One value on its way from a component to the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// The group.
    pub group: GroupId,
    /// Where its values start in [`Outbox::values`].
    pub start: usize,
    /// When the values were taken.
    pub stamp: Time,
    /// Extra time under way, beyond the task's compute time.
    pub delay: Nanos,
    /// Whether they may be used.
    pub valid: bool,
}

/// What one activation wrote. Owned by the run and reused, so that nothing is allocated.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    /// In the order written.
    pub items: Vec<Outgoing>,
    /// The values of all items.
    pub values: Vec<f64>,
    /// A non-finite write, as (group, element): the run ends as an ERROR that names it.
    pub not_finite: Option<(GroupId, usize)>,
}

impl Outbox {
    /// With room for one activation that writes every group of a layout once: more than any component does.
    #[must_use]
    pub fn for_layout(layout: &Layout) -> Outbox {
        Outbox {
            items: Vec::with_capacity(layout.group_count()),
            values: Vec::with_capacity(layout.value_count()),
            not_finite: None,
        }
    }
}

/// What a component sees and may do while it is activated.
pub struct Activation<'a> {
    /// The instant of this activation: the start of the step in which it runs.
    pub now: Time,
    /// The end of that step.
    pub step_end: Time,
    /// Time since the previous activation of this component; zero at the first.
    pub elapsed: Nanos,
    /// The component's state words.
    pub state: &'a mut [u64],
    /// The component's working memory, as [`Component::scratch`] made it.
    pub scratch: &'a mut Box<dyn Any + Send>,
    /// The table.
    pub table: &'a mut Table,
    /// The table's groups behind the component's read ports.
    pub reads: &'a [GroupId],
    /// The groups behind its write ports.
    pub writes: &'a [GroupId],
    /// All parameters of the run.
    pub parameters: &'a [f64],
    /// The place of the component's first parameter.
    pub first_parameter: usize,
    /// The component's random draws.
    pub stream: Stream,
    /// What it writes.
    pub outbox: &'a mut Outbox,
}

impl Activation<'_> {
    /// The values of a group that it reads.
    #[must_use]
    pub fn read(&self, port: ReadPort) -> &[f64] {
        self.table.values(self.reads[port.0])
    }

    /// Stamp, sequence and validity of a group that it reads.
    #[inline]
    #[must_use]
    pub fn header(&self, port: ReadPort) -> Header {
        self.table.header(self.reads[port.0])
    }

    /// Whether a group that it reads was written and may be used.
    #[inline]
    #[must_use]
    pub fn is_valid(&self, port: ReadPort) -> bool {
        self.header(port).valid == 1
    }

    /// Takes a queued command: true if one came since the last was taken. Read its values with [`Activation::read`].
    pub fn take(&mut self, port: ReadPort) -> bool {
        let group = self.reads[port.0];
        let header = self.table.header(group);
        let fresh = header.sequence != header.taken;
        if fresh {
            self.table.take(group);
        }
        fresh
    }

    /// A parameter's value now, in SI units and radians.
    #[must_use]
    pub fn parameter(&self, port: ParameterPort) -> f64 {
        self.parameters[self.first_parameter + port.0]
    }

    /// Writes a group, stamped now.
    pub fn write(&mut self, port: WritePort, values: &[f64]) {
        self.send(port, values, self.now, Nanos::ZERO, true);
    }

    /// Writes a group whose values may not be used, stamped now.
    pub fn write_invalid(&mut self, port: WritePort, values: &[f64]) {
        self.send(port, values, self.now, Nanos::ZERO, false);
    }

    /// Writes a group with all that can be said about it: when its values were taken, how long they are under way,
    /// whether they may be used.
    #[inline]
    pub fn send(&mut self, port: WritePort, values: &[f64], stamp: Time, delay: Nanos, valid: bool) {
        let group = self.writes[port.0];
        if let Some(element) = values.iter().position(|v| !v.is_finite()) {
            self.outbox.not_finite.get_or_insert((group, element));
            return;
        }
        let start = self.outbox.values.len();
        self.outbox.values.extend_from_slice(values);
        self.outbox.items.push(Outgoing { group, start, stamp, delay, valid });
    }

    /// The component's state as the struct that it declared.
    pub fn state<S: StateWords>(&mut self) -> &mut S {
        let words = size_of::<S>() / 8;
        bytemuck::from_bytes_mut(bytemuck::cast_slice_mut(&mut self.state[..words]))
    }

    /// A random draw for this instant; different `lane`s are independent.
    #[must_use]
    pub fn draw(&self, lane: u32) -> Draw {
        self.stream.at(self.now.0, lane)
    }
}
