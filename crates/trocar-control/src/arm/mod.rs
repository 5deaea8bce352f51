//! The motion interface of a robot, as its clients see it: CRTK's commands, states and setpoints.
//!
//! **Groups** of an instance `a`. Written: `a.operating_state`, `a.is_homed`, `a.is_busy`, `a.setpoint_js`,
//! `a.setpoint_cp`, `a.measured_cp` (of `a.tool_tip` in `a.base`), `a.jaw.setpoint_js`, `a.error` and `a.error_event`.
//! Read: `a.measured_js`, `a.jaw.measured_js`, `a.supervisor.trip`. Inboxes: `a.state_command`, `a.servo_jp`,
//! `a.servo_cp`, `a.move_jp`, `a.move_cp`, `a.jaw.servo_jp`, `a.jaw.move_jp`, and `a.servo_jf` where the device takes efforts. A robot without a tool tip, an exoskeleton say,
//! has none of the four groups whose names end in `_cp`; its joints may branch.
//!
//! **Commands.** A `servo_*` command becomes the setpoint at once, and ends a move under way. A `move_*` command waits
//! until the motion before it has ended, then runs along a trajectory; of several that wait, the one stamped first goes
//! first. Jaw and joints move independently. State commands are taken one per activation. Motion commands need the
//! device enabled and homed. A command that cannot be carried out is refused as a whole: nothing moves, `error` names
//! the reason until a command is accepted, `error_event` counts. (The dVRK clips joint goals to their limits instead;
//! a test needs to see the refusal.)
//!
//! **Efforts**: `servo_jf` asks for torques of all joints, which the servo turns into currents; they hold until another command of
//! the joints supersedes them. While they do, `a.control_mode` is `effort`, the efforts stand in `a.setpoint_js`, and its positions are
//! those that are measured, so that what comes next begins where the joints are.
//!
//! **Assistance**: while a device's assistance is on ([`crate::assistance`]), its setpoints count; clients' commands of the joints
//! are refused.
//!
//! **Setpoints** follow the measured positions while motor power is off. Their velocity is that of the trajectory, zero
//! for servo commands, as CRTK says of position commands.
//!
//! **PAUSED**: the joints come to rest at their limits of acceleration (at any speed), on their way, and hold. The interrupted move
//! is dropped and the device is no longer busy; `resume` gives back the permission to move and moves nothing by itself.
//!
//! **Homing** moves every joint that has a `home` there, and succeeds when all are measured within their tolerance;
//! if they are not 2 s after the trajectory's end, the device goes to FAULT (`mtsIntuitiveResearchKitArm::RunHoming`).
//! A joint without `home` stays where it is: its sensor is absolute.
//!
//! **FAULT** is entered on the supervisor's trip. `enable` and `disable` retry; a trip that was latched before the retry
//! is disregarded until the supervisor has withdrawn it, for at most ten activations. Where a supervisor withdraws its
//! trip without a retry, the device goes to DISABLED.
//!
//! **Stopping**: a device that states how it stops ([`crate::stop`]) holds its setpoints or leads them once it is stopped, and
//! says so in `a.stop_behaviour`.

mod assisted;
mod config;
mod effort;
mod state;
mod stopping;

pub use config::{ArmConfig, ArmJointConfig};
pub use effort::CONTROL_MODES;
pub use state::{ArmState, Channel, Refusal};

use crate::crtk::{OperatingState, StateCommand};
use crate::inverse::{InverseError, Search};
use crate::joint::{
    ArmJoints, Joint, MAX_JOINTS, jaw_position_group, jaw_state_group, register, register_size,
};
use crate::kinematics::{ArmKinematics, pose_from_values, pose_values};
use crate::stop::StopConfig;
use crate::trajectory::MotionLimits;
use assisted::Assisted;
use effort::Efforts;
use stopping::Stopping;
use trocar_math::{clamp, max};
use trocar_signal::{
    Activation, AnyQuantity, Component, Dimension, GroupSpec, Nanos, ParameterPort, Problem, Provenance,
    ReadPort, Registration, Sourced, Time, WritePort,
};

/// How long after its trajectory's end homing may take to settle (`RunHoming`: `extraTime`).
const HOMING_SETTLES_WITHIN: Nanos = Nanos(2_000_000_000);

/// For how many activations after a retry a trip that was latched before it is disregarded. Assumed: several times what
/// a supervisor needs to see the retry.
const RETRY_GRACE: u64 = 10;

/// Trajectories are planned with at least this fraction of the limits, and at most with all of it, whatever the
/// parameter says: a trajectory without velocity never ends (assumed).
const LEAST_SPEED: f64 = 1e-3;

/// The parameters of one axis.
#[derive(Clone, Copy, Debug)]
struct AxisPorts {
    velocity: ParameterPort,
    acceleration: ParameterPort,
    home: Option<(ParameterPort, ParameterPort)>,
    servo_jump: Option<ParameterPort>,
}

/// The groups of the joints or of the jaw.
#[derive(Clone, Copy, Debug)]
struct ChannelPorts {
    measured: ReadPort,
    servo_jp: ReadPort,
    move_jp: ReadPort,
    setpoint_js: WritePort,
}

/// What the sensors say.
#[derive(Clone, Copy, Debug)]
struct Feedback {
    joints: [f64; MAX_JOINTS],
    jaw: f64,
    is_valid: bool,
}

/// The groups of the tool tip.
#[derive(Clone, Copy, Debug)]
struct TipPorts {
    servo_cp: ReadPort,
    move_cp: ReadPort,
    setpoint_cp: WritePort,
    measured_cp: WritePort,
}

/// What a robot moves: joints, and a tool tip by them if it has one.
#[derive(Clone, Debug)]
pub enum Geometry {
    /// A chain of joints that ends in a tool tip.
    Chain(ArmKinematics),
    /// Joints and no tip: only what is said of joints is understood.
    Joints(ArmJoints),
}

impl Geometry {
    /// The joints and the jaw.
    #[must_use]
    pub fn joints(&self) -> &ArmJoints {
        match self {
            Geometry::Chain(kinematics) => kinematics.joints(),
            Geometry::Joints(joints) => joints,
        }
    }

    /// The chain to the tip, where there is one.
    #[must_use]
    pub fn chain(&self) -> Option<&ArmKinematics> {
        match self {
            Geometry::Chain(kinematics) => Some(kinematics),
            Geometry::Joints(_) => None,
        }
    }
}

/// The component in the slot `arm`.
#[derive(Clone, Debug)]
pub struct Arm {
    geometry: Geometry,
    speed: ParameterPort,
    axes: Vec<AxisPorts>,
    joints: ChannelPorts,
    jaw: Option<ChannelPorts>,
    trip: ReadPort,
    state_command: ReadPort,
    tip: Option<TipPorts>,
    operating_state: WritePort,
    is_homed: WritePort,
    is_busy: WritePort,
    error: WritePort,
    error_event: WritePort,
    efforts: Option<Efforts>,
    assisted: Option<Assisted>,
    stopping: Option<Stopping>,
}

impl Arm {
    /// The controller of `instance` with its own belief of the geometry, which ends in a tool tip or does not.
    ///
    /// Registers `<instance>.arm.speed` and, per joint, `<instance>.arm.<joint>.velocity`, `.acceleration`, `.home`,
    /// `.home_tolerance` and `.servo_jump` (those that the configuration has) as tunable parameters.
    ///
    /// # Errors
    /// What [`ArmConfig::check`] finds.
    pub fn new(
        instance: &str,
        config: &ArmConfig,
        provenance: &Provenance<'_>,
        geometry: Geometry,
        registration: &mut Registration,
    ) -> Result<Arm, Vec<Problem>> {
        let joints = geometry.joints();
        let problems = config.check(joints);
        if !problems.is_empty() {
            return Err(problems);
        }
        registration.state::<ArmState>();
        crate::servo::declare_compute_time(
            &format!("{instance}.arm"),
            &config.compute_time,
            provenance,
            registration,
        );
        let speed = registration.parameter(provenance.parameter(
            format!("{instance}.arm.speed"),
            Dimension::NUMBER,
            config.speed.value.si(),
            &config.speed,
            true,
        ));
        let of = |name: &str| config.joints.iter().find(|joint| joint.joint == name);
        let axes = joints
            .axes()
            .filter_map(|joint| of(&joint.name))
            .map(|joint| {
                let mut port = |field: &str, value: &Sourced<AnyQuantity>| {
                    let path = format!("{instance}.arm.{}.{field}", joint.joint);
                    if field == "home" {
                        register(registration, provenance, path, value)
                    } else {
                        register_size(registration, provenance, path, value)
                    }
                };
                AxisPorts {
                    velocity: port("velocity", &joint.velocity),
                    acceleration: port("acceleration", &joint.acceleration),
                    home: joint
                        .home
                        .as_ref()
                        .zip(joint.home_tolerance.as_ref())
                        .map(|(home, near)| (port("home", home), port("home_tolerance", near))),
                    servo_jump: joint.servo_jump.as_ref().map(|jump| port("servo_jump", jump)),
                }
            })
            .collect();
        let path = |name: &str| format!("{instance}.{name}");
        let (base, tip) = (path("base"), path("tool_tip"));
        let pose = |name: &str| GroupSpec::pose(path(name), &base, &tip);
        let has_tip = geometry.chain().is_some();
        let joint_ports = ChannelPorts {
            measured: registration.read(path("measured_js")),
            servo_jp: registration
                .inbox(joints.position_group(path("servo_jp")).meaning("joint setpoint, at once")),
            move_jp: registration
                .inbox(joints.position_group(path("move_jp")).meaning("joint goal, along a trajectory")),
            setpoint_js: registration
                .write(joints.state_group(path("setpoint_js")).meaning("what the joint servo follows")),
        };
        let jaw_ports = joints.jaw().map(|jaw| ChannelPorts {
            measured: registration.read(path("jaw.measured_js")),
            servo_jp: registration
                .inbox(jaw_position_group(path("jaw.servo_jp"), jaw.kind).meaning("jaw setpoint, at once")),
            move_jp: registration.inbox(
                jaw_position_group(path("jaw.move_jp"), jaw.kind).meaning("jaw goal, along a trajectory"),
            ),
            setpoint_js: registration.write(
                jaw_state_group(path("jaw.setpoint_js"), jaw.kind).meaning("what the jaw's servo follows"),
            ),
        });
        let trip = registration.read(path("supervisor.trip"));
        let state_command = registration.inbox(
            GroupSpec::state(path("state_command"), &StateCommand::NAMES)
                .meaning("changes the operating state"),
        );
        let commands = has_tip.then(|| {
            [
                registration.inbox(pose("servo_cp").meaning("setpoint of the tip, at once")),
                registration.inbox(pose("move_cp").meaning("goal of the tip, along a joint trajectory")),
            ]
        });
        let operating_state = registration.write(
            GroupSpec::state(path("operating_state"), &OperatingState::NAMES)
                .meaning("CRTK's operating state"),
        );
        let is_homed =
            registration.write(GroupSpec::flag(path("is_homed")).meaning("whether it knows where it is"));
        let is_busy =
            registration.write(GroupSpec::flag(path("is_busy")).meaning("whether a motion is under way"));
        let tip = commands.map(|[servo_cp, move_cp]| TipPorts {
            servo_cp,
            move_cp,
            setpoint_cp: registration.write(pose("setpoint_cp").meaning("tip at the joint setpoints")),
            measured_cp: registration.write(pose("measured_cp").meaning("tip at the measured joints")),
        });
        let arm = Arm {
            speed,
            axes,
            joints: joint_ports,
            jaw: jaw_ports,
            trip,
            state_command,
            tip,
            operating_state,
            is_homed,
            is_busy,
            error: registration.write(
                GroupSpec::state(path("error"), &Refusal::NAMES).meaning("why the last command was refused"),
            ),
            error_event: registration
                .write(GroupSpec::event(path("error_event")).meaning("counts commands that were refused")),
            efforts: None,
            assisted: None,
            stopping: None,
            geometry,
        };
        Ok(if config.takes_efforts() {
            arm.with_efforts(instance, config, provenance, registration)
        } else {
            arm
        })
    }

    fn with_efforts(
        self,
        instance: &str,
        config: &ArmConfig,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Arm {
        let efforts = Efforts::new(instance, config, self.geometry.joints(), provenance, registration);
        Arm { efforts: Some(efforts), ..self }
    }

    /// With a way to stop of its own: writes `<instance>.stop_behaviour`; registers `<instance>.stop.on_disable`, `.on_trip`
    /// and `.descent_ends_in`, and of each joint `<instance>.stop.<joint>.posture` and `.speed`, as tunable parameters.
    #[must_use]
    pub fn with_stop(
        self,
        instance: &str,
        config: &StopConfig,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Arm {
        let stopping = Stopping::new(instance, config, self.geometry.joints(), provenance, registration);
        Arm { stopping: Some(stopping), ..self }
    }

    /// With an assistance, which leads the joints while it is on: reads `<instance>.assistance.state`, `.control_mode` and
    /// `.setpoint_js`.
    #[must_use]
    pub fn with_assistance(self, instance: &str, registration: &mut Registration) -> Arm {
        Arm { assisted: Some(Assisted::new(instance, registration)), ..self }
    }

    fn joint_count(&self) -> usize {
        self.geometry.joints().joints().len()
    }

    fn feedback(&self, io: &Activation<'_>) -> Feedback {
        let mut joints = [0.0; MAX_JOINTS];
        for (to, from) in joints.iter_mut().zip(&io.read(self.joints.measured)[..self.joint_count()]) {
            *to = *from;
        }
        let jaw = self.jaw.map_or(0.0, |ports| io.read(ports.measured)[0]);
        let is_valid =
            io.is_valid(self.joints.measured) && self.jaw.is_none_or(|ports| io.is_valid(ports.measured));
        Feedback { joints, jaw, is_valid }
    }

    /// The limits of the axes from `first` on, at full speed.
    fn full_limits(&self, io: &Activation<'_>, first: usize) -> MotionLimits {
        let mut limits = MotionLimits { velocity: [1.0; MAX_JOINTS], acceleration: [1.0; MAX_JOINTS] };
        for (place, axis) in self.axes.iter().skip(first).take(MAX_JOINTS).enumerate() {
            // A parameter may be changed to anything during a run; a limit of zero would never arrive.
            limits.velocity[place] = max(io.parameter(axis.velocity), 1e-6);
            limits.acceleration[place] = max(io.parameter(axis.acceleration), 1e-6);
        }
        limits
    }

    /// The limits for a motion that starts now, at the present speed. One that starts while the setpoint moves may brake
    /// with full acceleration: it may be faster than the present speed allows, and must not run past its joint limits.
    fn limits(&self, io: &Activation<'_>, first: usize, channel: &Channel) -> MotionLimits {
        let full = self.full_limits(io, first);
        let scaled = full.scaled(clamp(io.parameter(self.speed), LEAST_SPEED, 1.0));
        if channel.is_at_rest() { scaled } else { MotionLimits { acceleration: full.acceleration, ..scaled } }
    }

    fn joint_limits(&self, io: &Activation<'_>, state: &ArmState) -> MotionLimits {
        self.limits(io, 0, &state.joints)
    }

    fn jaw_limits(&self, io: &Activation<'_>, state: &ArmState) -> MotionLimits {
        self.limits(io, self.joint_count(), &state.jaw)
    }

    /// Enters FAULT on a trip, and leaves it where the trip is withdrawn.
    fn mind_the_supervisor(&self, io: &Activation<'_>, state: &mut ArmState) {
        let is_tripped = io.read(self.trip)[0] != 0.0;
        state.retry_grace = if is_tripped { state.retry_grace.saturating_sub(1) } else { 0 };
        if is_tripped && state.retry_grace == 0 {
            state.is_homing = 0;
            state.enter(OperatingState::Fault);
        } else if state.operating_state() == OperatingState::Fault && !is_tripped && state.has_own_fault == 0
        {
            state.enter(OperatingState::Disabled);
        }
    }

    fn take_state_command(&self, io: &mut Activation<'_>, state: &mut ArmState, feedback: &Feedback) {
        if !io.take(self.state_command) {
            return;
        }
        let before = state.operating_state();
        let command = StateCommand::from_value(io.read(self.state_command)[0]);
        let Some((command, after)) = command.and_then(|c| before.after(c).map(|after| (c, after))) else {
            state.refuse(Refusal::InvalidCommand);
            return;
        };
        if after.is_powered() && !before.is_powered() && !feedback.is_valid {
            state.refuse(Refusal::NoFeedback);
            return;
        }
        state.accept();
        if before == OperatingState::Fault && after != before {
            state.has_own_fault = 0;
            state.retry_grace = RETRY_GRACE;
        }
        if after.is_powered() && !before.is_powered() {
            self.follow(state, feedback);
        }
        state.enter(after);
        match command {
            StateCommand::Home => self.start_homing(io, state),
            StateCommand::Unhome => {
                state.is_homed = 0;
                self.brake(io, state);
            }
            StateCommand::Pause => self.brake(io, state),
            StateCommand::Disable => state.is_homing = 0,
            StateCommand::Enable | StateCommand::Resume => {}
        }
    }

    /// Setpoints where the sensors say that the arm is.
    fn follow(&self, state: &mut ArmState, feedback: &Feedback) {
        state.joints.stand(&feedback.joints);
        state.jaw.stand(&[feedback.jaw]);
    }

    fn brake(&self, io: &Activation<'_>, state: &mut ArmState) {
        state.is_homing = 0;
        state.joints.brake(io.now, &self.full_limits(io, 0));
        state.jaw.brake(io.now, &self.full_limits(io, self.joint_count()));
    }

    fn start_homing(&self, io: &Activation<'_>, state: &mut ArmState) {
        let n = self.joint_count();
        let home = |place: usize, present: f64| {
            let home = self.axes.get(place).and_then(|axis| axis.home);
            home.map_or(present, |(home, _)| io.parameter(home))
        };
        let mut goal = state.joints.position;
        for (place, goal) in goal.iter_mut().enumerate().take(n) {
            *goal = home(place, *goal);
        }
        let jaw_goal = home(n, state.jaw.position[0]);
        let (joint_limits, jaw_limits) = (self.joint_limits(io, state), self.jaw_limits(io, state));
        state.joints.go(io.now, &goal[..n], &joint_limits);
        state.jaw.go(io.now, &[jaw_goal], &jaw_limits);
        let duration_s = max(state.joints.trajectory.duration_s(), state.jaw.trajectory.duration_s());
        state.homing_ends = io.now.plus(Nanos::from_seconds(duration_s).unwrap_or(Nanos::ZERO));
        (state.is_homed, state.is_homing) = (0, 1);
    }

    /// Ends homing where the joints are measured at home, or where they are not in time.
    fn finish_homing(&self, io: &Activation<'_>, state: &mut ArmState, feedback: &Feedback) {
        if state.is_homing == 0 || state.joints.is_moving() || state.jaw.is_moving() {
            return;
        }
        let n = self.joint_count();
        let is_home = self.axes.iter().enumerate().all(|(place, axis)| {
            let measured = if place < n { feedback.joints[place] } else { feedback.jaw };
            axis.home.is_none_or(|(home, near)| (measured - io.parameter(home)).abs() <= io.parameter(near))
        });
        if is_home && feedback.is_valid {
            (state.is_homed, state.is_homing) = (1, 0);
        } else if io.now > state.homing_ends.plus(HOMING_SETTLES_WITHIN) {
            (state.is_homing, state.has_own_fault) = (0, 1);
            state.refuse(Refusal::HomingFailed);
            state.enter(OperatingState::Fault);
        }
    }

    /// Commands of the joints and the tip: a servo command at once, otherwise the move that waits longest.
    fn take_joint_commands(&self, io: &mut Activation<'_>, state: &mut ArmState, feedback: &Feedback) {
        let ports = self.joints;
        if self.assisted.as_ref().is_some_and(|assisted| assisted.lead(self, io, state, feedback)) {
            return;
        }
        if let Some(efforts) = &self.efforts {
            efforts.take(self, io, state, feedback);
        }
        let servos = in_order(io, ports.servo_jp, self.tip.map(|tip| tip.servo_cp));
        let mut has_served = false;
        for (port, is_cartesian) in servos.into_iter().flatten() {
            if io.take(port) {
                has_served = true;
                match self.joint_goal(io, state, port, is_cartesian, Search::Near) {
                    Ok(goal) => {
                        state.accept();
                        self.end_efforts(io);
                        state.joints.stand(&goal[..self.joint_count()]);
                    }
                    Err(refusal) => state.refuse(refusal),
                }
            }
        }
        if has_served || state.joints.is_moving() || state.is_homing == 1 {
            return;
        }
        let moves = in_order(io, ports.move_jp, self.tip.map(|tip| tip.move_cp));
        for (port, is_cartesian) in moves.into_iter().flatten() {
            if io.take(port) {
                match self.joint_goal(io, state, port, is_cartesian, Search::Far) {
                    Ok(goal) => {
                        state.accept();
                        self.end_efforts(io);
                        let limits = self.joint_limits(io, state);
                        state.joints.go(io.now, &goal[..self.joint_count()], &limits);
                    }
                    Err(refusal) => state.refuse(refusal),
                }
                return;
            }
        }
    }

    /// From now on positions count.
    fn end_efforts(&self, io: &mut Activation<'_>) {
        if let Some(efforts) = &self.efforts {
            efforts.end(io);
        }
    }

    /// The joint positions that a command asks for, or why it is refused.
    fn joint_goal(
        &self,
        io: &Activation<'_>,
        state: &ArmState,
        port: ReadPort,
        is_cartesian: bool,
        search: Search,
    ) -> Result<[f64; MAX_JOINTS], Refusal> {
        if !state.is_ready() {
            return Err(Refusal::NotReady);
        }
        if !io.is_valid(port) {
            return Err(Refusal::InvalidCommand);
        }
        let n = self.joint_count();
        let values = io.read(port);
        let mut goal = [0.0; MAX_JOINTS];
        if is_cartesian {
            let pose = pose_from_values(values).ok_or(Refusal::InvalidCommand)?;
            let kinematics = self.geometry.chain().ok_or(Refusal::InvalidCommand)?;
            goal = kinematics.inverse(&pose, &state.joints.position[..n], search).map_err(|e| match e {
                InverseError::OutOfReach { .. } => Refusal::OutOfReach,
                InverseError::JointLimit { .. } => Refusal::JointLimit,
                InverseError::TooCloseToRemoteCentre { .. } => Refusal::TooCloseToRemoteCentre,
            })?;
        } else {
            goal[..n].copy_from_slice(&values[..n]);
        }
        for (place, joint) in self.geometry.joints().joints().iter().enumerate() {
            self.check_goal(io, joint, place, goal[place], state.joints.position[place], search)?;
        }
        Ok(goal)
    }

    fn check_goal(
        &self,
        io: &Activation<'_>,
        joint: &Joint,
        axis: usize,
        goal: f64,
        present: f64,
        search: Search,
    ) -> Result<(), Refusal> {
        let jump = self.axes.get(axis).and_then(|axis| axis.servo_jump);
        if !joint.allows(goal) {
            Err(Refusal::JointLimit)
        } else if search == Search::Near
            && jump.is_some_and(|jump| (goal - present).abs() > io.parameter(jump))
        {
            Err(Refusal::Jump)
        } else {
            Ok(())
        }
    }

    fn take_jaw_commands(&self, io: &mut Activation<'_>, state: &mut ArmState) {
        let Some((ports, jaw)) = self.jaw.zip(self.geometry.joints().jaw()) else { return };
        let goal = |io: &Activation<'_>, state: &ArmState, port: ReadPort, search: Search| {
            if !state.is_ready() {
                return Err(Refusal::NotReady);
            }
            if !io.is_valid(port) {
                return Err(Refusal::InvalidCommand);
            }
            let goal = io.read(port)[0];
            self.check_goal(io, jaw, self.joint_count(), goal, state.jaw.position[0], search).map(|()| goal)
        };
        if io.take(ports.servo_jp) {
            match goal(io, state, ports.servo_jp, Search::Near) {
                Ok(goal) => {
                    state.accept();
                    state.jaw.stand(&[goal]);
                }
                Err(refusal) => state.refuse(refusal),
            }
        } else if !state.jaw.is_moving() && state.is_homing == 0 && io.take(ports.move_jp) {
            match goal(io, state, ports.move_jp, Search::Far) {
                Ok(goal) => {
                    state.accept();
                    let limits = self.jaw_limits(io, state);
                    state.jaw.go(io.now, &[goal], &limits);
                }
                Err(refusal) => state.refuse(refusal),
            }
        }
    }

    fn publish(&self, io: &mut Activation<'_>, state: &ArmState, feedback: &Feedback, had_refused: u64) {
        let n = self.joint_count();
        let (now, is_known) = (io.now, state.has_feedback == 1);
        let mut values = [0.0; 3 * MAX_JOINTS];
        values[..n].copy_from_slice(&state.joints.position[..n]);
        values[n..2 * n].copy_from_slice(&state.joints.velocity[..n]);
        if let Some(efforts) = &self.efforts {
            values[2 * n..3 * n].copy_from_slice(&efforts.publish(io)[..n]);
        }
        io.send(self.joints.setpoint_js, &values[..3 * n], now, Nanos::ZERO, is_known);
        if let Some(jaw) = self.jaw {
            let values = [state.jaw.position[0], state.jaw.velocity[0], 0.0];
            io.send(jaw.setpoint_js, &values, now, Nanos::ZERO, is_known);
        }
        if let Some((tip, kinematics)) = self.tip.zip(self.geometry.chain()) {
            let setpoint = pose_values(&kinematics.forward(&state.joints.position[..n]));
            io.send(tip.setpoint_cp, &setpoint, now, Nanos::ZERO, is_known);
            let header = io.header(self.joints.measured);
            let measured = pose_values(&kinematics.forward(&feedback.joints[..n]));
            io.send(tip.measured_cp, &measured, header.stamp, Nanos::ZERO, header.valid == 1);
        }
        self.publish_states(io, state);
        if let Some(stopping) = &self.stopping {
            stopping.publish(io);
        }
        if state.refusal_count != had_refused {
            io.write(self.error_event, &[state.refusal_count as f64]);
        }
    }

    fn publish_states(&self, io: &mut Activation<'_>, state: &ArmState) {
        io.write(self.operating_state, &[state.operating_state as f64]);
        io.write(self.is_homed, &[state.is_homed as f64]);
        io.write(self.is_busy, &[f64::from(u8::from(state.is_busy()))]);
        io.write(self.error, &[state.refusal as f64]);
    }
}

/// The command of the joints and that of the tip, each with whether it is the tip's: the one that was stamped first first;
/// of one instant, the joints'.
fn in_order(
    io: &Activation<'_>,
    of_joints: ReadPort,
    of_tip: Option<ReadPort>,
) -> [Option<(ReadPort, bool)>; 2] {
    let stamp = |port: ReadPort| -> Time { io.header(port).stamp };
    let joints = Some((of_joints, false));
    match of_tip {
        Some(tip) if stamp(tip) < stamp(of_joints) => [Some((tip, true)), joints],
        tip => [joints, tip.map(|tip| (tip, true))],
    }
}

impl Component for Arm {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let mut state = *io.state::<ArmState>();
        let had_refused = state.refusal_count;
        let feedback = self.feedback(io);
        let before = state.operating_state();
        state.has_feedback |= u64::from(feedback.is_valid);
        // What moves stands where it should be now, before a command can change its way.
        state.joints.advance(io.now);
        state.jaw.advance(io.now);
        self.mind_the_supervisor(io, &mut state);
        self.take_state_command(io, &mut state, &feedback);
        self.take_joint_commands(io, &mut state, &feedback);
        self.take_jaw_commands(io, &mut state);
        self.finish_homing(io, &mut state, &feedback);
        if let Some(efforts) = &self.efforts {
            efforts.mind(self, io, &mut state, &feedback);
        }
        let keeps_its_setpoints = self
            .stopping
            .as_ref()
            .is_some_and(|stopping| stopping.mind(self, io, &mut state, &feedback, before));
        if !state.operating_state().is_powered() && !keeps_its_setpoints {
            if feedback.is_valid {
                self.follow(&mut state, &feedback);
            } else {
                let (joints, jaw) = (state.joints.position, state.jaw.position);
                state.joints.stand(&joints);
                state.jaw.stand(&jaw);
            }
        }
        *io.state::<ArmState>() = state;
        self.publish(io, &state, &feedback, had_refused);
        Ok(())
    }

    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let state = *io.state::<ArmState>();
        self.publish_states(io, &state);
        if let Some(stopping) = &self.stopping {
            stopping.publish_start(io);
        }
        if let Some(efforts) = &self.efforts {
            efforts.publish(io);
        }
        Ok(())
    }
}

#[cfg(test)]
pub(crate) mod tests;
