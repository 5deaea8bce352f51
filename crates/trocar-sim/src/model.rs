//! The model: everything that does not change during a run, compiled once from components.

use crate::fault_board::FaultBoard;
use crate::schedule::{self, Node, Pace, Role, ScheduleError, Task};
use crate::state::{Release, State};
use std::ops::Range;
use trocar_control::outside::{ControllerConfig, SlotDescription};
use trocar_math::random::Stream;
use trocar_signal::{Component, GroupClass, GroupId, Layout, Nanos, ParameterSpec, Rate, Table, Time};

/// A component in its place.
pub struct Seat {
    /// The component's path.
    pub path: String,
    /// What it does.
    pub component: Box<dyn Component>,
    /// What part it plays.
    pub role: Role,
    /// When it runs.
    pub pace: Pace,
    /// The groups that it reads, by port.
    pub reads: Vec<GroupId>,
    /// Those of them that are commands, which it takes.
    pub inboxes: Vec<GroupId>,
    /// The groups that it writes, by port.
    pub writes: Vec<GroupId>,
    /// Its words in [`State::words`].
    pub words: Range<usize>,
    /// The names of its state words.
    pub word_names: Vec<String>,
    /// What it writes of class information, which lies side by side in the table: groups, and values.
    pub(crate) information: (Range<usize>, Range<usize>),
    /// The place of its first parameter.
    pub first_parameter: usize,
    /// How many parameters it has.
    pub parameter_count: usize,
    /// The place in [`Model::outside`] of who fills the slot instead of `component`.
    pub outside: Option<usize>,
}

/// A slot that a controller from outside fills.
#[derive(Clone, Debug)]
pub struct OutsideSlot {
    /// Its place among the seats.
    pub seat: usize,
    /// Who fills it.
    pub config: ControllerConfig,
    /// What the controller is told.
    pub description: SlotDescription,
}

/// A component whose outputs are under way for a while.
struct Room {
    /// The longest that they are, without what parameters add.
    longest_s: f64,
    period_s: f64,
    groups: usize,
    /// Parameters that add to that time.
    parameters: Vec<usize>,
}

impl Room {
    /// Places for all outputs of the activations within the longest delay, and of one more on either side. Releases that jitter
    /// has held back come together.
    fn places(&self, parameters: &[f64]) -> usize {
        let longest_s = self.parameters.iter().fold(self.longest_s, |sum, place| sum + parameters[*place]);
        let activations = (longest_s / self.period_s).ceil() as usize;
        activations.min(1 << 20).saturating_add(2) * self.groups
    }
}

/// Everything about a run that does not change while it runs.
pub struct Model {
    /// All groups: information first, then what instruments write, then truth.
    pub layout: Layout,
    /// Components in the order in which they run at one instant.
    pub seats: Vec<Seat>,
    /// All parameters, in the order of [`State::parameters`].
    pub parameters: Vec<ParameterSpec>,
    /// The rate of the island's step.
    pub step_rate: Rate,
    /// The rate at which the digest is chained: that of the fastest task of the device.
    pub control_rate: Rate,
    /// Faults and where they act.
    pub faults: FaultBoard,
    /// Slots that controllers from outside fill.
    pub outside: Vec<OutsideSlot>,
    /// Seed of all random draws.
    pub seed: u64,
    /// Index of this run in its campaign.
    pub run_index: u64,
    /// How many seats, from the first, are clients.
    pub(crate) client_seats: usize,
    pub(crate) streams: Vec<Stream>,
    /// Who has outputs under way.
    rooms: Vec<Room>,
    /// Most numbers that one group has.
    pub(crate) widest_group: usize,
    /// Command groups that no component writes, or a controller of another device.
    pub(crate) command_groups: Vec<GroupId>,
}

impl Model {
    /// Compiles components into a model without faults. `private_readers`: group and reader of each private copy that a
    /// fault is aimed at.
    ///
    /// # Errors
    /// Every mistake found: groups without or with two writers, cycles without a delay, tasks faster than the step,
    /// controllers that read what they may not.
    pub fn compile(
        nodes: Vec<Node>,
        step_rate: Rate,
        seed: u64,
        run_index: u64,
        private_readers: &[(String, String)],
    ) -> Result<Model, Vec<ScheduleError>> {
        let specs = schedule::groups(&nodes)?;
        let order = schedule::order(&nodes, step_rate)?;
        let mut layout = Layout::default();
        for class in [GroupClass::Information, GroupClass::Instrument, GroupClass::Truth] {
            for spec in specs.iter().filter(|s| s.class == class) {
                // Two writers of one path were refused above.
                let _ = layout.add(spec.clone());
            }
        }
        for (group, reader) in private_readers {
            if let Some(id) = layout.group(group) {
                let mut copy = layout.spec(id).clone();
                copy.path = private_path(group, reader);
                copy.writer = format!("what {reader} alone reads of {group}");
                let _ = layout.add(copy);
            }
        }
        let information = |spec: &&trocar_signal::GroupSpec| spec.class == GroupClass::Information;
        let information_groups = specs.iter().filter(information).count();
        let by_controllers: Vec<&str> = nodes
            .iter()
            .filter(|node| node.role == Role::Controller)
            .flat_map(|node| node.registration.writes.iter().map(|spec| spec.path.as_str()))
            .filter(|path| nodes.iter().any(|n| n.registration.inboxes.iter().any(|i| i.path == **path)))
            .collect();
        let command_groups = layout
            .groups()
            .filter(|(_, spec)| spec.writer == "clients" || by_controllers.contains(&spec.path.as_str()))
            .filter(|(_, spec)| spec.class == GroupClass::Information)
            .map(|(id, _)| id)
            .collect();

        let mut nodes: Vec<Option<Node>> = nodes.into_iter().map(Some).collect();
        let mut seats: Vec<Seat> = Vec::new();
        let mut parameters = Vec::new();
        let mut rooms = Vec::new();
        let inboxes: Vec<GroupId> = nodes
            .iter()
            .flatten()
            .flat_map(|node| &node.registration.inboxes)
            .filter_map(|inbox| layout.group(&inbox.path))
            .collect();
        for node in order.into_iter().filter_map(|i| nodes[i].take()) {
            let registration = node.registration;
            let reader = registration.path.clone();
            let resolve = |path: &String| layout.group(path).unwrap_or(GroupId(0));
            let read =
                |path: &String| layout.group(&private_path(path, &reader)).unwrap_or_else(|| resolve(path));
            let writes: Vec<GroupId> = registration.writes.iter().map(|w| resolve(&w.path)).collect();
            let (period_s, compute_time, jitter) = match node.pace {
                Pace::Task(task) => (task.rate.period_s(), task.compute_time, task.jitter),
                Pace::EveryStep => (step_rate.period_s(), Nanos::ZERO, Nanos::ZERO),
            };
            let longest_s = compute_time.seconds() + registration.longest_delay.seconds();
            let room = Room {
                longest_s: longest_s + jitter.seconds(),
                period_s,
                groups: writes.len(),
                parameters: registration.delay_parameters.iter().map(|p| parameters.len() + p.0).collect(),
            };
            if longest_s > 0.0 || !room.parameters.is_empty() {
                rooms.push(room);
            }
            // A controller that commands another's device does not own the command.
            let own: Vec<GroupId> = match node.role {
                Role::Controller => writes.iter().copied().filter(|id| !inboxes.contains(id)).collect(),
                _ => writes.clone(),
            };
            let information = information_of(&layout, &own, information_groups);
            seats.push(Seat {
                information,
                inboxes: registration.inboxes.iter().map(|inbox| resolve(&inbox.path)).collect(),
                reads: registration.reads.iter().map(|r| read(&r.path)).collect(),
                writes,
                words: 0..registration.state_names.len(),
                word_names: registration.state_names,
                first_parameter: parameters.len(),
                parameter_count: registration.parameters.len(),
                outside: None,
                path: registration.path,
                component: node.component,
                role: node.role,
                pace: node.pace,
            });
            parameters.extend(registration.parameters);
        }
        let mut next = 0;
        for seat in &mut seats {
            let len = seat.words.len();
            seat.words = next..next + len;
            next += len;
        }
        let control_rate = seats
            .iter()
            .filter(|s| s.role != Role::Instrument)
            .filter_map(|s| match s.pace {
                Pace::Task(task) => Some(task.rate),
                Pace::EveryStep => None,
            })
            .fold(None::<Rate>, |best, rate| match best {
                Some(best) if best.hz() >= rate.hz() => Some(best),
                _ => Some(rate),
            })
            .unwrap_or(step_rate);
        let nodes_of_clients = seats.iter().take_while(|s| s.role == Role::Client).count();
        let widest_group = layout.groups().map(|(_, spec)| spec.elements.len()).max().unwrap_or(0);
        let streams = seats.iter().map(|s| Stream::new(seed, run_index, &s.path)).collect();
        Ok(Model {
            layout,
            seats,
            parameters,
            step_rate,
            control_rate,
            faults: FaultBoard::none(),
            outside: Vec::new(),
            client_seats: nodes_of_clients,
            seed,
            run_index,
            streams,
            rooms,
            widest_group,
            command_groups,
        })
    }

    /// The instant at which step `n` begins.
    #[must_use]
    pub fn step_instant(&self, step: u64) -> Time {
        self.step_rate.instant(step)
    }

    /// The island's step in seconds.
    #[must_use]
    pub fn step_s(&self) -> f64 {
        self.step_rate.period_s()
    }

    pub(crate) fn release(&self, seat: usize, k: u64) -> Release {
        let due = match self.seats[seat].pace {
            Pace::EveryStep => Time::ZERO,
            Pace::Task(task) => task.release(k, self.streams[seat]),
        };
        Release { k, due, last: Time::NEVER }
    }

    /// The compute time of a seat's task; zero where it runs every step.
    #[must_use]
    pub fn task(&self, seat: usize) -> Option<Task> {
        match self.seats[seat].pace {
            Pace::Task(task) => Some(task),
            Pace::EveryStep => None,
        }
    }

    /// The place of a parameter by path.
    #[must_use]
    pub fn parameter(&self, path: &str) -> Option<usize> {
        self.parameters.iter().position(|p| p.path == path)
    }

    /// The state at the start of a run, with the given changes to parameters.
    #[must_use]
    pub fn initial_state(&self, changes: &[(usize, f64)]) -> State {
        let words = self.seats.iter().map(|s| s.words.end).max().unwrap_or(0);
        let mut parameters: Vec<f64> = self.parameters.iter().map(|p| p.nominal).collect();
        for (place, value) in changes {
            parameters[*place] = *value;
        }
        let capacity = self.rooms.iter().map(|room| room.places(&parameters)).sum();
        let pending = crate::pending::Pending::new(capacity, self.widest_group);
        let mut state = State {
            step: 0,
            chain: self.seed,
            table: Table::new(&self.layout),
            words: vec![0; words],
            parameters,
            releases: (0..self.seats.len()).map(|seat| self.release(seat, 0)).collect(),
            pending,
            faults: vec![0; self.faults.word_count()],
            next_input: 0,
        };
        for seat in &self.seats {
            let own = &state.parameters[seat.first_parameter..seat.first_parameter + seat.parameter_count];
            seat.component.initialise(&mut state.words[seat.words.clone()], own);
        }
        state
    }
}

/// The groups of class information among `writes`, and their values. Each component's groups were added one after the
/// other, so they lie side by side; commands that a client writes into a device's inbox are the device's.
fn information_of(
    layout: &Layout,
    writes: &[GroupId],
    information_groups: usize,
) -> (Range<usize>, Range<usize>) {
    let own = |id: &&GroupId| (id.0 as usize) < information_groups;
    let first = writes.iter().filter(own).min();
    let last = writes.iter().filter(own).max();
    let (Some(first), Some(last)) = (first, last) else { return (0..0, 0..0) };
    let end = layout.offset(*last) + layout.spec(*last).elements.len();
    (first.0 as usize..last.0 as usize + 1, layout.offset(*first)..end)
}

/// The path of the private copy of a group that one reader has where a fault is aimed at it alone.
#[must_use]
pub fn private_path(group: &str, reader: &str) -> String {
    format!("{group}@{reader}")
}
