//! The schedule: who runs when, compiled from what components declare.

use std::collections::{BTreeMap, BTreeSet};
use trocar_math::random::Stream;
use trocar_signal::diagnostic::nearest;
use trocar_signal::{Component, GroupSpec, Nanos, Rate, Registration, Time};

/// What part a component plays; decides what it may see and how a fault's effect is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Sends commands as a user of the device would.
    Client,
    /// Physics.
    Mechanism,
    /// Turns physics into information of the device.
    Sensor,
    /// Carries information.
    Channel,
    /// Decides; sees neither truth nor instruments.
    Controller,
    /// Watches the device and stops it; sees neither truth nor instruments.
    Supervisor,
    /// Turns information into physics.
    Actuator,
    /// Stands beside the device and reads it; nothing of the device depends on it.
    Instrument,
}

/// When a component is activated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// At every step of the island.
    EveryStep,
    /// By a clock of its own.
    Task(Task),
}

/// A periodic task. Activation `k` is released at an exact instant and runs at the first step not before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Task {
    /// Nominal rate.
    pub rate: Rate,
    /// Release of activation 0.
    pub phase: Nanos,
    /// How much slow its clock runs, in parts per billion (negative: fast).
    pub clock_offset_ppb: i64,
    /// Each release is late by a draw that is uniform between zero and this.
    pub jitter: Nanos,
    /// Time from activation to output.
    pub compute_time: Nanos,
}

impl Task {
    /// A task with a perfect clock that takes no time.
    #[must_use]
    pub fn at(rate: Rate) -> Task {
        Task { rate, phase: Nanos::ZERO, clock_offset_ppb: 0, jitter: Nanos::ZERO, compute_time: Nanos::ZERO }
    }

    /// The release of activation `k`, jitter included.
    #[must_use]
    pub fn release(&self, k: u64, stream: Stream) -> Time {
        let nominal = i128::from(self.rate.instant(k).0);
        let skewed = nominal + nominal * i128::from(self.clock_offset_ppb) / 1_000_000_000;
        let jitter = match self.jitter.0 {
            0 => 0,
            most => (stream.at(self.rate.instant(k).0, u32::MAX).uniform() * most as f64) as u64,
        };
        Time(u64::try_from(skewed.max(0)).unwrap_or(u64::MAX)).plus(self.phase).plus(Nanos(jitter))
    }
}

/// A component before compilation.
pub struct Node {
    /// What it declares.
    pub registration: Registration,
    /// What it does.
    pub component: Box<dyn Component>,
    /// When it runs.
    pub pace: Pace,
    /// What part it plays.
    pub role: Role,
}

/// Why components do not make a schedule; each names what is at fault.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// A group that is read and that nobody writes.
    #[error("nobody writes `{group}`, which {reader} reads{}", .near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default())]
    NoWriter {
        /// The group's path.
        group: String,
        /// The component that reads it.
        reader: String,
        /// The nearest group that exists.
        near: Option<String>,
    },
    /// A group with two writers.
    #[error("`{group}` is written by {first} and by {second}; a group has one writer")]
    TwoWriters {
        /// The group's path.
        group: String,
        /// The writer that came first.
        first: String,
        /// The other.
        second: String,
    },
    /// Components that wait for each other within one instant.
    #[error("{} wait for each other within one instant; declare a delay (a previous value, a compute time) in one of them", .components.join(" → "))]
    Cycle {
        /// The components of the cycle, each reading from the next.
        components: Vec<String>,
    },
    /// A task that is faster than the island's step.
    #[error(
        "{component} runs at {rate}, faster than the island's step at {step_rate}; raise the step's rate"
    )]
    TooFast {
        /// The component.
        component: String,
        /// Its rate.
        rate: Rate,
        /// The step's rate.
        step_rate: Rate,
    },
    /// A controller that looks at what only a simulator knows.
    #[error("{reader} reads `{group}`, which only an instrument may see; a controller has signals alone")]
    Cheats {
        /// The component.
        reader: String,
        /// The group.
        group: String,
    },
}

/// All groups with their writers, or every mistake found.
pub(crate) fn groups(nodes: &[Node]) -> Result<Vec<GroupSpec>, Vec<ScheduleError>> {
    let mut specs: Vec<GroupSpec> = Vec::new();
    let mut place: BTreeMap<String, usize> = BTreeMap::new();
    let mut errors = Vec::new();
    for node in nodes {
        for inbox in &node.registration.inboxes {
            if let Some(first) = place.insert(inbox.path.clone(), specs.len()) {
                let first = specs[first].writer.clone();
                let second = node.registration.path.clone();
                errors.push(ScheduleError::TwoWriters { group: inbox.path.clone(), first, second });
            }
            specs.push(inbox.clone());
        }
    }
    let inbox_count = specs.len();
    for node in nodes {
        let writer = &node.registration.path;
        for spec in &node.registration.writes {
            match place.get(&spec.path) {
                // A client writes into the inbox that the device declares; so does a controller that drives another's device.
                Some(&at)
                    if at < inbox_count
                        && specs[at].writer == "clients"
                        && matches!(node.role, Role::Client | Role::Controller) =>
                {
                    specs[at].writer.clone_from(writer);
                }
                Some(&at) => errors.push(ScheduleError::TwoWriters {
                    group: spec.path.clone(),
                    first: specs[at].writer.clone(),
                    second: writer.clone(),
                }),
                None => {
                    place.insert(spec.path.clone(), specs.len());
                    specs.push(spec.clone());
                }
            }
        }
    }
    if errors.is_empty() { Ok(specs) } else { Err(errors) }
}

/// The order in which nodes run at one instant: writers before readers, else as declared.
pub(crate) fn order(nodes: &[Node], step_rate: Rate) -> Result<Vec<usize>, Vec<ScheduleError>> {
    let mut errors = Vec::new();
    let mut writer_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut class_of = BTreeMap::new();
    let mut known: BTreeSet<&str> = BTreeSet::new();
    for (at, node) in nodes.iter().enumerate() {
        for spec in &node.registration.writes {
            writer_of.insert(&spec.path, at);
            class_of.insert(spec.path.as_str(), spec.class);
            known.insert(&spec.path);
        }
        known.extend(node.registration.inboxes.iter().map(|i| i.path.as_str()));
    }
    // waits[i]: the nodes that must run before node i.
    let mut waits: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes.len()];
    for (at, node) in nodes.iter().enumerate() {
        if let Pace::Task(task) = node.pace
            && task.rate.hz() > step_rate.hz()
        {
            let component = node.registration.path.clone();
            errors.push(ScheduleError::TooFast { component, rate: task.rate, step_rate });
        }
        for read in &node.registration.reads {
            let path = read.path.as_str();
            if !known.contains(path) {
                errors.push(ScheduleError::NoWriter {
                    group: path.to_owned(),
                    reader: node.registration.path.clone(),
                    near: nearest(path, known.iter().copied()).map(str::to_owned),
                });
                continue;
            }
            let information = class_of.get(path).is_none_or(|c| *c == trocar_signal::GroupClass::Information);
            if matches!(node.role, Role::Controller | Role::Supervisor) && !information {
                let reader = node.registration.path.clone();
                errors.push(ScheduleError::Cheats { reader, group: path.to_owned() });
            }
            let Some(&writer) = writer_of.get(path) else { continue };
            let delayed = match nodes[writer].pace {
                Pace::Task(task) => task.compute_time > Nanos::ZERO,
                Pace::EveryStep => nodes[writer].role == Role::Mechanism,
            };
            if !read.previous && !delayed && writer != at {
                waits[at].insert(writer);
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut order = Vec::with_capacity(nodes.len());
    let mut done = vec![false; nodes.len()];
    while order.len() < nodes.len() {
        // Clients open a step and mechanisms close it: everything else has its say between them.
        let rank = |i: usize| match nodes[i].role {
            Role::Client => 0,
            Role::Mechanism => 2,
            _ => 1,
        };
        let ready = (0..nodes.len())
            .filter(|&i| !done[i] && waits[i].iter().all(|w| done[*w]))
            .min_by_key(|&i| (rank(i), i))
            .filter(|&i| (0..nodes.len()).all(|j| done[j] || rank(j) >= rank(i)));
        match ready {
            Some(i) => {
                done[i] = true;
                order.push(i);
            }
            None => return Err(vec![ScheduleError::Cycle { components: cycle(nodes, &waits, &done) }]),
        }
    }
    Ok(order)
}

/// One cycle among the nodes that are not done: follow any wait until a node comes again.
fn cycle(nodes: &[Node], waits: &[BTreeSet<usize>], done: &[bool]) -> Vec<String> {
    let mut trail: Vec<usize> = Vec::new();
    let mut at = (0..nodes.len()).find(|&i| !done[i] && waits[i].iter().any(|w| !done[*w])).unwrap_or(0);
    loop {
        if let Some(start) = trail.iter().position(|t| *t == at) {
            trail.push(at);
            return trail[start..].iter().map(|i| nodes[*i].registration.path.clone()).collect();
        }
        trail.push(at);
        match waits[at].iter().find(|w| !done[**w]) {
            Some(next) => at = *next,
            None => return trail.iter().map(|i| nodes[*i].registration.path.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trocar_signal::{Activation, Dimension};

    struct Idle;
    impl Component for Idle {
        fn activate(&self, _: &mut Activation<'_>) -> Result<(), String> {
            Ok(())
        }
    }

    fn node(path: &str, reads: &[&str], writes: &[&str]) -> Node {
        let mut registration = Registration::new(path);
        for read in reads {
            match read.strip_prefix('~') {
                Some(previous) => registration.read_previous(previous),
                None => registration.read(*read),
            };
        }
        for write in writes {
            registration.write(GroupSpec::scalar(*write, Dimension::NUMBER));
        }
        Node { registration, component: Box::new(Idle), pace: Pace::EveryStep, role: Role::Channel }
    }

    const STEP: fn() -> Rate = || Rate::new(1000, 1).unwrap();

    #[test]
    fn writers_run_before_their_readers_whatever_the_order_of_declaration() {
        let nodes = [node("c", &["b"], &[]), node("b", &["a"], &["b"]), node("a", &["~b"], &["a"])];
        assert_eq!(order(&nodes, STEP()).unwrap(), [2, 1, 0]);
    }

    #[test]
    fn a_cycle_is_named_and_a_declared_delay_breaks_it() {
        let nodes = [node("p", &["y"], &["x"]), node("q", &["x"], &["y"])];
        let errors = order(&nodes, STEP()).unwrap_err();
        let ScheduleError::Cycle { components } = &errors[0] else { panic!("{errors:?}") };
        assert_eq!(components.len(), 3, "first and last are the same: {components:?}");
        assert!(errors[0].to_string().contains("declare a delay"));
        let mut slow = node("q", &["x"], &["y"]);
        slow.pace = Pace::Task(Task { compute_time: Nanos(1000), ..Task::at(STEP()) });
        assert!(order(&[node("p", &["y"], &["x"]), slow], STEP()).is_ok());
    }

    #[test]
    fn missing_and_double_writers_are_named() {
        let nodes = [node("reader", &["psm1.measured_jss"], &[]), node("w", &[], &["psm1.measured_js"])];
        let text = order(&nodes, STEP()).unwrap_err()[0].to_string();
        assert!(text.contains("reader") && text.contains("did you mean `psm1.measured_js`"), "{text}");
        let two = [node("w1", &[], &["x"]), node("w2", &[], &["x"])];
        let text = groups(&two).unwrap_err()[0].to_string();
        assert!(text.contains("w1") && text.contains("w2"), "{text}");
    }

    #[test]
    fn a_controller_may_not_read_the_truth() {
        let mut truth = node("m", &[], &[]);
        truth
            .registration
            .write(GroupSpec::scalar("truth.q", Dimension::ANGLE).class(trocar_signal::GroupClass::Truth));
        let mut controller = node("servo", &["truth.q"], &[]);
        controller.role = Role::Controller;
        let errors = order(&[truth, controller], STEP()).unwrap_err();
        assert!(matches!(&errors[0], ScheduleError::Cheats { .. }), "{errors:?}");
    }

    #[test]
    fn releases_follow_phase_and_clock() {
        let task = Task { phase: Nanos(500), clock_offset_ppb: 1000, ..Task::at(STEP()) };
        let stream = Stream::new(0, 0, "t");
        // One part per million slow: after 1000 s the release is 1 ms late.
        assert_eq!(task.release(1_000_000, stream), Time(1_000_001_000_500));
        let jittery = Task { jitter: Nanos(1000), ..Task::at(STEP()) };
        let late: Vec<u64> =
            (0..200).map(|k| jittery.release(k, stream).0 - jittery.rate.instant(k).0).collect();
        assert!(late.iter().all(|l| *l < 1000) && late.iter().any(|l| *l > 500));
    }
}
