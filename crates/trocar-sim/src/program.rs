//! The motion program: the client that a test method is. It walks through phases, sends commands as a user of the
//! device would, waits, dwells, and says when a reading is due.
//!
//! It sees what a client sees, the device's own signals and the commands that were taken; its clock is the run's.

mod course;

pub use course::{Course, MAX_COMMAND, NOISE_LINES, Recorded, Wave};

use crate::scope::{Constant, TableOperands, signal_of};
use std::ops::Range;
use trocar_logic::{Condition, Moment, Trigger};
use trocar_signal::{
    Activation, Component, Dimension, GroupId, GroupSpec, Layout, Nanos, ReadPort, Registration, Time,
    WritePort, state_words,
};

/// Why a program gave up; the place in the list is the value of `program.failure`.
pub const FAILURES: [&str; 5] = ["none", "refused", "not_in_time", "not_sent", "no_circle"];

const REFUSED: u64 = 1;
const NOT_IN_TIME: u64 = 2;
const NOT_SENT: u64 = 3;
const NO_CIRCLE: u64 = 4;

/// How long a device may take to take a command, and to say where it stands, in a phase without a deadline of its own.
/// Declared: a hundred times what any shipped device needs.
const TAKEN_WITHIN: Nanos = Nanos(60_000_000_000);

/// One command with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    /// Which of the program's inboxes.
    pub inbox: usize,
    /// The values to write; a number that is not given stays where the device is commanded to be.
    pub values: Vec<Option<f64>>,
}

/// Commands in the middle of a phase.
#[derive(Clone, Debug)]
pub struct Meanwhile {
    /// When they are sent.
    pub on: Trigger,
    /// The commands, one after another.
    pub sends: Vec<Send>,
}

/// How far a joint command goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Travel {
    /// From where the joint is commanded to be.
    By(f64),
    /// To a position.
    To(f64),
}

/// What a phase does once its commands are sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Waits.
    Wait,
    /// Moves to targets in turn, dwelling at each.
    Move {
        /// Which inbox.
        inbox: usize,
        /// (pose index, values) in the order visited; a number that is not given stays where it is commanded to be.
        through: Vec<(usize, Vec<Option<f64>>)>,
        /// Rest at each target before its reading.
        dwell: Nanos,
    },
    /// Moves one number of a joint command by a step and, after as long, back again.
    Step {
        /// Which inbox.
        inbox: usize,
        /// Which number of the command.
        element: usize,
        /// How far, or where to.
        travel: Travel,
        /// How long it holds each way.
        hold: Nanos,
    },
    /// Moves one number of a joint command at constant speed, rests, and moves it back likewise.
    Ramp {
        /// Which inbox.
        inbox: usize,
        /// Which number of the command.
        element: usize,
        /// How far, or where to.
        travel: Travel,
        /// How fast, per second.
        speed: f64,
        /// Rest at each end.
        hold: Nanos,
    },
    /// Lets a command follow a course.
    Follow {
        /// Which inbox.
        inbox: usize,
        /// The course.
        course: Course,
        /// Rest at its end.
        hold: Nanos,
    },
}

/// One phase.
#[derive(Clone, Debug)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// Commands at its beginning, one after another.
    pub sends: Vec<Send>,
    /// What it does then.
    pub action: Action,
    /// How often the action is done.
    pub repeat: u64,
    /// Commands in its middle.
    pub meanwhile: Vec<Meanwhile>,
    /// Whether commands may be refused without an end of the run.
    pub may_refuse: bool,
    /// It is over when this holds, whether the action is done or not.
    pub until: Option<Trigger>,
    /// It takes this long.
    pub lasts: Option<Nanos>,
    /// It must be over within this.
    pub within: Option<Nanos>,
}

impl Phase {
    /// Its triggers.
    pub fn triggers(&self) -> impl Iterator<Item = &Trigger> {
        self.until.iter().chain(self.meanwhile.iter().map(|one| &one.on))
    }
}

/// An inbox of a device as the program uses it.
#[derive(Clone, Debug)]
pub struct Inbox {
    /// The command group as the device declares it.
    pub spec: GroupSpec,
    /// Servo commands supersede each other; the others queue and are sent only when the last was taken.
    pub supersedes: bool,
    /// The group whose values a joint command starts from (`setpoint_js`), where there is one.
    pub setpoint: Option<String>,
    /// The place there of the first of them.
    pub setpoint_at: usize,
    /// The flag that says that the device moves, where it says so.
    pub busy: Option<String>,
    /// The event that says that a command was refused, where it can be.
    pub refused: Option<String>,
    /// What the device reports of itself: before it has done so once, nobody sends it anything.
    pub feedback: String,
    /// How long after a command was taken the flag may still be old.
    pub settle: Nanos,
    /// Uniform delay before each command of this inbox, from–to in seconds: its phase against the device's clocks.
    pub start_delay_s: Option<(f64, f64)>,
}

state_words! {
    /// Where the program stands.
    struct ProgramState {
        phase: u64,
        phase_began: Time,
        /// Commands of the phase that were written.
        sent: u64,
        cycle: u64,
        item: u64,
        /// How far the action's present item is; see `Program::act`.
        stage: u64,
        stage_began: Time,
        write_at: Time,
        refusals: u64,
        motions: u64,
        readings: u64,
        failure: u64,
        started: u64,
        origin: [f64; 16],
    }
}

/// Most groups that the conditions of one program may read.
pub const MAX_SIGNALS: usize = 64;

/// The component.
pub struct Program {
    phases: Vec<Phase>,
    inboxes: Vec<Inbox>,
    constants: Vec<Constant>,
    /// The groups that conditions read: as their scope numbered them, sorted, with the ports.
    signals: Vec<(GroupId, ReadPort)>,
    write: Vec<WritePort>,
    echo: Vec<ReadPort>,
    setpoint: Vec<Option<ReadPort>>,
    busy: Vec<Option<ReadPort>>,
    refused: Vec<ReadPort>,
    feedback: Vec<ReadPort>,
    phase_out: WritePort,
    cycle_out: WritePort,
    pose_out: WritePort,
    motion_out: WritePort,
    reading_out: WritePort,
    failure_out: WritePort,
    words: Vec<PhaseWords>,
}

/// Where the words of a phase's triggers stand.
struct PhaseWords {
    until: Range<usize>,
    /// Of each of its commands in the middle: how far they are, see [`Program::meanwhile`], and the trigger's own words.
    meanwhile: Vec<(usize, Range<usize>)>,
}

const DONE_STAGE: u64 = u64::MAX;

/// The first of the random lanes of a course; lane 1 is that of the start of a motion.
const COURSE_LANES: u32 = 16;

impl Program {
    /// A program over these inboxes; `constants` and `layout` are those of the scope that its conditions were compiled
    /// with.
    #[must_use]
    pub fn new(
        phases: Vec<Phase>,
        inboxes: Vec<Inbox>,
        constants: Vec<Constant>,
        layout: &Layout,
        registration: &mut Registration,
    ) -> Program {
        registration.state::<ProgramState>();
        let mut at = size_of::<ProgramState>() / 8;
        let mut take = |registration: &mut Registration, names: Vec<String>| {
            let range = at..at + names.len();
            at = range.end;
            registration.state_words(names);
            range
        };
        let mut words = Vec::new();
        for (place, phase) in phases.iter().enumerate() {
            let names = phase.until.as_ref().map(|until| until.state_names(&format!("until[{place}]")));
            let until = take(registration, names.unwrap_or_default());
            let of = |(i, one): (usize, &Meanwhile)| {
                let prefix = format!("meanwhile[{place}][{i}]");
                let progress = take(registration, vec![format!("{prefix}.sent")]).start;
                (progress, take(registration, one.on.state_names(&prefix)))
            };
            let meanwhile = phase.meanwhile.iter().enumerate().map(of).collect();
            words.push(PhaseWords { until, meanwhile });
        }
        let mut groups: Vec<GroupId> = phases
            .iter()
            .flat_map(Phase::triggers)
            .flat_map(Trigger::conditions)
            .flat_map(Condition::operands)
            .filter_map(|operand| Some(signal_of(operand.id)?.group))
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let signals = groups
            .into_iter()
            .map(|group| (group, registration.read_previous(&layout.spec(group).path)))
            .collect();
        let number = Dimension::NUMBER;
        let names: Vec<&str> = phases.iter().map(|p| p.name.as_str()).chain(["done"]).collect();
        let write = inboxes.iter().map(|inbox| registration.write(inbox.spec.clone())).collect();
        let echo = inboxes.iter().map(|inbox| registration.read_previous(&inbox.spec.path)).collect();
        let setpoint = inboxes
            .iter()
            .map(|inbox| inbox.setpoint.as_ref().map(|path| registration.read_previous(path)))
            .collect();
        let busy = inboxes
            .iter()
            .map(|inbox| inbox.busy.as_ref().map(|path| registration.read_previous(path)))
            .collect();
        let refused = inboxes
            .iter()
            .filter_map(|inbox| inbox.refused.as_ref().map(|path| registration.read_previous(path)))
            .collect();
        let feedback = inboxes.iter().map(|inbox| registration.read_previous(&inbox.feedback)).collect();
        let mut out = |spec: GroupSpec, meaning: &str| registration.write(spec.meaning(meaning));
        Program {
            phase_out: out(GroupSpec::state("program.phase", &names), "the phase of the test method"),
            cycle_out: out(
                GroupSpec::scalar("program.cycle", number),
                "how often the phase's action was done",
            ),
            pose_out: out(
                GroupSpec::scalar("program.pose", number),
                "place in the list of poses of the target",
            ),
            motion_out: out(
                GroupSpec::event("program.motion"),
                "a command that moves the device was written",
            ),
            reading_out: out(
                GroupSpec::event("program.reading"),
                "the end of a dwell: readings are taken now",
            ),
            failure_out: out(GroupSpec::state("program.failure", &FAILURES), "why the program gave up"),
            phases,
            inboxes,
            constants,
            signals,
            write,
            echo,
            setpoint,
            busy,
            refused,
            feedback,
            words,
        }
    }

    /// Whether a trigger of the present phase holds.
    fn holds(
        &self,
        io: &mut Activation<'_>,
        trigger: &Trigger,
        words: &Range<usize>,
        motion_done: bool,
    ) -> bool {
        let mut renamed = [(GroupId(0), GroupId(0)); MAX_SIGNALS];
        let count = self.signals.len().min(MAX_SIGNALS);
        for (to, (scope, port)) in renamed.iter_mut().zip(&self.signals) {
            *to = (*scope, io.reads[port.0]);
        }
        let state = *io.state::<ProgramState>();
        let moment =
            Moment { now: io.now, began: state.phase_began, phase: Some(state.phase as usize), motion_done };
        let operands =
            TableOperands { table: io.table, constants: &self.constants, renamed: &renamed[..count] };
        trigger.holds(&moment, &operands, &mut io.state[words.clone()])
    }

    /// Sends what is due in the middle of a phase; true when all that is to be sent there was sent.
    ///
    /// The word of each says how far it is: 0 before its trigger held, then one more than the commands that were sent.
    fn meanwhile(&self, io: &mut Activation<'_>, phase: usize, opened: bool, motion_done: bool) -> bool {
        let mut all_sent = true;
        for (one, (progress, words)) in self.phases[phase].meanwhile.iter().zip(&self.words[phase].meanwhile)
        {
            if io.state[*progress] == 0 && self.holds(io, &one.on, words, motion_done) {
                io.state[*progress] = 1;
            }
            let sent = io.state[*progress].checked_sub(1).map(|sent| sent as usize);
            if opened
                && let Some(send) = sent.and_then(|sent| one.sends.get(sent))
                && self.can_send(io, send)
            {
                self.send(io, send);
                io.state[*progress] += 1;
            }
            all_sent &= io.state[*progress] == one.sends.len() as u64 + 1;
        }
        all_sent
    }

    fn can_send(&self, io: &Activation<'_>, send: &Send) -> bool {
        let is_whole = send.values.iter().all(Option::is_some);
        self.free(io, send.inbox) && (is_whole || self.has_origin(io, send.inbox))
    }

    fn send(&self, io: &mut Activation<'_>, send: &Send) {
        self.put(io, send.inbox, &send.values);
    }

    /// Writes a command; what is not given stays where the device is commanded to be.
    fn put(&self, io: &mut Activation<'_>, inbox: usize, given: &[Option<f64>]) {
        let mut values = [0.0; MAX_COMMAND];
        let len = given.len().min(MAX_COMMAND);
        if let Some(port) = self.setpoint[inbox] {
            let present = io.read(port).get(self.inboxes[inbox].setpoint_at..).unwrap_or(&[]);
            let common = len.min(present.len());
            values[..common].copy_from_slice(&present[..common]);
        }
        for (to, given) in values.iter_mut().zip(given) {
            *to = given.unwrap_or(*to);
        }
        io.write(self.write[inbox], &values[..len]);
    }

    /// Whether the inbox can be written: a device that has not reported yet is not sent anything, and queued commands
    /// wait until the one before was taken.
    fn free(&self, io: &Activation<'_>, inbox: usize) -> bool {
        if io.header(self.feedback[inbox]).sequence == 0 {
            return false;
        }
        let header = io.header(self.echo[inbox]);
        self.inboxes[inbox].supersedes || header.sequence == header.taken
    }

    /// Whether the device has said where a joint command starts from.
    fn has_origin(&self, io: &Activation<'_>, inbox: usize) -> bool {
        self.free(io, inbox) && self.setpoint[inbox].is_none_or(|port| io.header(port).sequence > 0)
    }

    fn begin_phase(&self, io: &mut Activation<'_>, phase: u64, at: Time) {
        let refusals = self.refusals(io);
        let state = io.state::<ProgramState>();
        state.phase = phase;
        state.phase_began = at;
        (state.sent, state.cycle, state.item, state.stage) = (0, 0, 0, 0);
        state.stage_began = at;
        state.write_at = at;
        state.refusals = refusals;
        io.write(self.phase_out, &[phase as f64]);
        io.write(self.cycle_out, &[0.0]);
    }

    fn refusals(&self, io: &Activation<'_>) -> u64 {
        self.refused.iter().map(|port| io.header(*port).sequence).sum()
    }

    fn fail(&self, io: &mut Activation<'_>, failure: u64) {
        io.state::<ProgramState>().failure = failure;
        io.write(self.failure_out, &[failure as f64]);
    }

    /// Writes the phase's opening commands, one after another; true when all are sent and taken.
    fn opened(&self, io: &mut Activation<'_>, phase: usize) -> bool {
        let sends = &self.phases[phase].sends;
        let sent = io.state::<ProgramState>().sent as usize;
        if let Some(send) = sends.get(sent) {
            if self.can_send(io, send) {
                self.send(io, send);
                io.state::<ProgramState>().sent += 1;
            }
            return false;
        }
        sends.last().is_none_or(|last| self.free(io, last.inbox))
    }

    /// Whether the device has let the phase begin: its commands were taken, and a motion knows where it starts from.
    fn began(&self, io: &mut Activation<'_>, opened: bool) -> bool {
        let state = *io.state::<ProgramState>();
        opened
            && (state.cycle > 0
                || state.item > 0
                || state.stage > 0
                || self.phases[state.phase as usize].action == Action::Wait)
    }

    fn enter(&self, io: &mut Activation<'_>, stage: u64) {
        let now = io.now;
        let state = io.state::<ProgramState>();
        state.stage = stage;
        state.stage_began = now;
    }

    /// When to write the next motion command: now, or after the delay that the variation draws for it.
    fn schedule_write(&self, io: &mut Activation<'_>, inbox: usize) {
        let now = io.now;
        let motions = io.state::<ProgramState>().motions;
        let delay = self.inboxes[inbox].start_delay_s.map_or(Nanos::ZERO, |(from, to)| {
            let draw = io.stream.at(motions, 1).uniform_in(from, to);
            Nanos::from_seconds(draw).unwrap_or(Nanos::ZERO)
        });
        io.state::<ProgramState>().write_at = now.plus(delay);
    }

    fn announce_motion(&self, io: &mut Activation<'_>) {
        let state = io.state::<ProgramState>();
        state.motions += 1;
        let motions = state.motions;
        io.write(self.motion_out, &[motions as f64]);
    }

    fn take_reading(&self, io: &mut Activation<'_>) {
        let state = io.state::<ProgramState>();
        state.readings += 1;
        let readings = state.readings;
        io.write(self.reading_out, &[readings as f64]);
    }

    fn next_cycle(&self, io: &mut Activation<'_>, repeat: u64) {
        let state = io.state::<ProgramState>();
        state.cycle += 1;
        state.item = 0;
        let cycle = state.cycle;
        state.stage = if cycle >= repeat { DONE_STAGE } else { 0 };
        io.write(self.cycle_out, &[cycle as f64]);
    }

    /// Advances the action by one step; true when it is done as often as it should be.
    fn act(&self, io: &mut Activation<'_>, phase: usize) -> bool {
        let Phase { action, repeat, .. } = &self.phases[phase];
        let state = *io.state::<ProgramState>();
        if state.stage == DONE_STAGE || *action == Action::Wait {
            return true;
        }
        let since = io.now.since(state.stage_began);
        match action {
            Action::Wait => {}
            Action::Move { inbox, through, dwell } => {
                let Some((pose, values)) = through.get(state.item as usize) else {
                    self.next_cycle(io, *repeat);
                    return false;
                };
                match state.stage {
                    0 => {
                        self.schedule_write(io, *inbox);
                        io.write(self.pose_out, &[*pose as f64]);
                        self.announce_motion(io);
                        self.enter(io, 1);
                    }
                    1 => {
                        let due = state.write_at <= io.now && state.write_at != Time::NEVER;
                        if due && self.free(io, *inbox) {
                            self.put(io, *inbox, values);
                            io.state::<ProgramState>().write_at = Time::NEVER;
                        } else if state.write_at == Time::NEVER && self.free(io, *inbox) {
                            self.enter(io, 2);
                        }
                    }
                    2 => {
                        let busy = self.busy[*inbox].is_some_and(|port| io.read(port)[0] != 0.0);
                        if since >= self.inboxes[*inbox].settle && !busy {
                            self.enter(io, 3);
                        }
                    }
                    _ => {
                        if since >= *dwell {
                            self.take_reading(io);
                            io.state::<ProgramState>().item += 1;
                            self.enter(io, 0);
                        }
                    }
                }
            }
            Action::Step { inbox, element, travel, hold } => match state.stage {
                0 => {
                    if self.has_origin(io, *inbox) {
                        self.schedule_write(io, *inbox);
                        self.keep_origin(io, *inbox);
                        self.announce_motion(io);
                        self.enter(io, 1);
                    }
                }
                1 => {
                    if state.write_at <= io.now {
                        let by = self.distance(io, *element, *travel);
                        self.write_offset(io, *inbox, *element, by);
                        self.enter(io, 2);
                    }
                }
                2 => {
                    if since >= *hold {
                        self.take_reading(io);
                        self.write_offset(io, *inbox, *element, 0.0);
                        self.enter(io, 3);
                    }
                }
                _ => {
                    if since >= *hold {
                        self.next_cycle(io, *repeat);
                    }
                }
            },
            Action::Follow { inbox, course, hold } => match state.stage {
                0 => {
                    if self.has_origin(io, *inbox) {
                        self.schedule_write(io, *inbox);
                        self.keep_origin(io, *inbox);
                        self.announce_motion(io);
                        self.enter(io, 1);
                    }
                }
                1 => {
                    if state.write_at <= io.now {
                        if course.exists_from(&state.origin) {
                            self.follow(io, *inbox, course, 0.0);
                            self.enter(io, 2);
                        } else {
                            self.fail(io, NO_CIRCLE);
                        }
                    }
                }
                2 => {
                    let end_s = course.duration_s(&state.origin);
                    let is_done = since.seconds() >= end_s;
                    self.follow(io, *inbox, course, if is_done { end_s } else { since.seconds() });
                    if is_done {
                        self.enter(io, 3);
                    }
                }
                _ => {
                    if since >= *hold {
                        self.take_reading(io);
                        self.next_cycle(io, *repeat);
                    }
                }
            },
            Action::Ramp { inbox, element, travel, speed, hold } => match state.stage {
                0 => {
                    if self.has_origin(io, *inbox) {
                        self.schedule_write(io, *inbox);
                        self.keep_origin(io, *inbox);
                        self.announce_motion(io);
                        self.enter(io, 1);
                    }
                }
                1 => {
                    if state.write_at <= io.now {
                        self.enter(io, 2);
                    }
                }
                // Out, rest, back, rest.
                2 | 4 => {
                    let by = self.distance(io, *element, *travel);
                    let travelled = speed * since.seconds();
                    let reached = travelled >= by.abs();
                    let out = if reached { by } else { by.signum() * travelled };
                    self.write_offset(io, *inbox, *element, if state.stage == 2 { out } else { by - out });
                    if reached {
                        self.enter(io, state.stage + 1);
                    }
                }
                3 => {
                    if since >= *hold {
                        self.take_reading(io);
                        self.enter(io, 4);
                    }
                }
                _ => {
                    if since >= *hold {
                        self.next_cycle(io, *repeat);
                    }
                }
            },
        }
        false
    }

    /// Writes the command of a course at a time since it began.
    fn follow(&self, io: &mut Activation<'_>, inbox: usize, course: &Course, t_s: f64) {
        let state = *io.state::<ProgramState>();
        let stream = io.stream;
        let mut values = state.origin;
        course.put(t_s, &mut values, |lane| stream.at(state.motions, COURSE_LANES + lane));
        let len = self.inboxes[inbox].spec.elements.len().min(MAX_COMMAND);
        io.write(self.write[inbox], &values[..len]);
    }

    fn keep_origin(&self, io: &mut Activation<'_>, inbox: usize) {
        if let Some(port) = self.setpoint[inbox] {
            let mut origin = [0.0; MAX_COMMAND];
            let len = self.inboxes[inbox].spec.elements.len().min(MAX_COMMAND);
            let first = self.inboxes[inbox].setpoint_at;
            origin[..len].copy_from_slice(&io.read(port)[first..first + len]);
            io.state::<ProgramState>().origin = origin;
        }
    }

    /// How far a command goes from where it began.
    fn distance(&self, io: &mut Activation<'_>, element: usize, travel: Travel) -> f64 {
        match travel {
            Travel::By(by) => by,
            Travel::To(to) => to - io.state::<ProgramState>().origin[element],
        }
    }

    fn write_offset(&self, io: &mut Activation<'_>, inbox: usize, element: usize, by: f64) {
        let mut values = io.state::<ProgramState>().origin;
        let len = self.inboxes[inbox].spec.elements.len().min(MAX_COMMAND);
        values[element] += by;
        io.write(self.write[inbox], &values[..len]);
    }
}

impl Component for Program {
    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        io.write(self.phase_out, &[0.0]);
        io.write(self.cycle_out, &[0.0]);
        io.write(self.pose_out, &[0.0]);
        io.write(self.failure_out, &[0.0]);
        Ok(())
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let now = io.now;
        if io.state::<ProgramState>().started == 0 {
            io.state::<ProgramState>().started = 1;
            self.begin_phase(io, 0, now);
        }
        let state = *io.state::<ProgramState>();
        let at = state.phase as usize;
        let Some(phase) = self.phases.get(at) else { return Ok(()) };
        if state.failure != 0 {
            return Ok(());
        }
        if !phase.may_refuse && self.refusals(io) != state.refusals {
            self.fail(io, REFUSED);
            return Ok(());
        }
        let since = now.since(state.phase_began);
        let lasted = phase.lasts.is_none_or(|lasts| since >= lasts);
        let opened = self.opened(io, at);
        let done = opened && self.act(io, at);
        // Triggers are asked at every step, so that edges are seen whenever they come.
        let all_sent = self.meanwhile(io, at, opened, done);
        let until = phase.until.as_ref().map(|until| self.holds(io, until, &self.words[at].until, done));
        if opened && until.unwrap_or(done) && lasted {
            if all_sent {
                self.begin_phase(io, state.phase + 1, now);
            } else {
                self.fail(io, NOT_SENT);
            }
        } else if since > phase.within.unwrap_or(TAKEN_WITHIN)
            && (phase.within.is_some() || !self.began(io, opened))
        {
            self.fail(io, NOT_IN_TIME);
        }
        Ok(())
    }
}
