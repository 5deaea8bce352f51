//! A test bench for single components: the table, state and parameters of a few components without a schedule.
//!
//! A run uses `trocar-sim`; this is for the tests of crates below it, and for trying a component by hand.

use crate::component::{Activation, Component, Outbox, Registration};
use crate::group::{GroupId, GroupSpec, Layout};
use crate::table::Table;
use crate::time::{Nanos, Time};
use std::any::Any;
use std::collections::BTreeMap;
use trocar_math::random::Stream;

struct Seat {
    component: Box<dyn Component>,
    reads: Vec<GroupId>,
    writes: Vec<GroupId>,
    state: Vec<u64>,
    parameters: Vec<f64>,
    scratch: Box<dyn Any + Send>,
    stream: Stream,
    last: Option<Time>,
}

/// Components in the order in which they were added, with groups that the test writes itself.
pub struct Bench {
    layout: Layout,
    table: Table,
    seats: Vec<Seat>,
    /// Seat and place of each parameter.
    parameters: BTreeMap<String, (usize, usize)>,
    outbox: Outbox,
}

impl Bench {
    /// A bench with the given components. Groups that are read and that no component writes must be in `inputs`.
    ///
    /// # Errors
    /// A sentence that names a group nobody writes, or that two write.
    pub fn new(
        inputs: Vec<GroupSpec>,
        components: Vec<(Registration, Box<dyn Component>)>,
    ) -> Result<Bench, String> {
        let mut layout = Layout::default();
        let declared = components
            .iter()
            .flat_map(|(r, _)| r.writes.iter().chain(&r.inboxes))
            .cloned()
            .collect::<Vec<_>>();
        for spec in inputs.into_iter().chain(declared) {
            let path = spec.path.clone();
            layout.add(spec).map_err(|other| format!("{path} is also written by {other}"))?;
        }
        let mut seats = Vec::new();
        let mut places = BTreeMap::new();
        for (registration, component) in components {
            let find = |path: &str| layout.group(path).ok_or_else(|| format!("nobody writes {path}"));
            let parameters: Vec<f64> = registration.parameters.iter().map(|p| p.nominal).collect();
            let seat = seats.len();
            places.extend(
                registration.parameters.iter().enumerate().map(|(at, p)| (p.path.clone(), (seat, at))),
            );
            let mut state = vec![0; registration.state_names.len()];
            component.initialise(&mut state, &parameters);
            seats.push(Seat {
                reads: registration.reads.iter().map(|r| find(&r.path)).collect::<Result<_, _>>()?,
                writes: registration.writes.iter().map(|w| find(&w.path)).collect::<Result<_, _>>()?,
                state,
                parameters,
                scratch: component.scratch(),
                stream: Stream::new(1, 0, &registration.path),
                component,
                last: None,
            });
        }
        Ok(Bench { table: Table::new(&layout), layout, seats, parameters: places, outbox: Outbox::default() })
    }

    /// Writes a group by path, as its writer outside the bench would.
    ///
    /// # Errors
    /// The path, if there is no such group.
    pub fn set(&mut self, path: &str, now: Time, values: &[f64]) -> Result<(), String> {
        let group = self.layout.group(path).ok_or_else(|| format!("no group {path}"))?;
        self.table.write(group, now, true, values);
        Ok(())
    }

    /// A group's values by path; empty if there is no such group.
    #[must_use]
    pub fn get(&self, path: &str) -> &[f64] {
        self.layout.group(path).map_or(&[], |group| self.table.values(group))
    }

    /// The table, for stamps and validity.
    #[must_use]
    pub fn table(&self) -> (&Layout, &Table) {
        (&self.layout, &self.table)
    }

    /// Changes a parameter by path.
    ///
    /// # Errors
    /// The path, if there is no such parameter.
    pub fn set_parameter(&mut self, path: &str, value: f64) -> Result<(), String> {
        let (seat, place) = *self.parameters.get(path).ok_or_else(|| format!("no parameter {path}"))?;
        self.seats[seat].parameters[place] = value;
        Ok(())
    }

    /// The state words of component `seat`.
    #[must_use]
    pub fn state(&self, seat: usize) -> &[u64] {
        &self.seats[seat].state
    }

    /// Activates component `seat` at `now`; what it writes is in the table at once, delays are ignored and returned as
    /// path → delay.
    ///
    /// # Errors
    /// What the component says, or the path of a group to which it wrote a number that is not finite.
    pub fn activate(&mut self, seat: usize, now: Time) -> Result<BTreeMap<String, Nanos>, String> {
        let place = &mut self.seats[seat];
        self.outbox.items.clear();
        self.outbox.values.clear();
        self.outbox.not_finite = None;
        let mut activation = Activation {
            now,
            step_end: now,
            elapsed: place.last.map_or(Nanos::ZERO, |last| now.since(last)),
            state: &mut place.state,
            scratch: &mut place.scratch,
            table: &mut self.table,
            reads: &place.reads,
            writes: &place.writes,
            parameters: &place.parameters,
            first_parameter: 0,
            stream: place.stream,
            outbox: &mut self.outbox,
        };
        place.component.activate(&mut activation)?;
        place.last = Some(now);
        if let Some((group, element)) = self.outbox.not_finite {
            return Err(format!("{} is not finite", self.layout.spec(group).element_path(element)));
        }
        let mut delays = BTreeMap::new();
        for item in &self.outbox.items {
            let len = self.layout.spec(item.group).elements.len();
            let values = &self.outbox.values[item.start..item.start + len];
            self.table.write(item.group, item.stamp, item.valid, values);
            delays.insert(self.layout.spec(item.group).path.clone(), item.delay);
        }
        Ok(delays)
    }
}
