//! Teleoperation: an arm's tip follows a master's handle, in position and, if told so, in orientation.
//!
//! **Groups** of an instance `c` that drives the arm `a`. Read: the master's pose as it arrives, `a.setpoint_cp`,
//! `a.operating_state`, `a.is_homed`. Inboxes: `c.state_command` (`enable`, `disable`), `c.clutch` (`released`, `pressed`),
//! `c.set_scale`. Written: `a.servo_cp`, `c.operating_state`, `c.following`, `c.scale`, `c.error`, `c.error_event`.
//!
//! **Law** (dVRK, sawIntuitiveResearchKit, `mtsTeleOperationPSM::RunCartesianTeleop`), with B the axes of the master's base in
//! those of the arm's, and 0 marking where both stood when following began: p = p₀ + scale × B (m − m₀); where orientations
//! are followed R = B M Bᵀ · (B M₀ Bᵀ)ᵀ R₀, otherwise R = R₀. A command goes out for each message of the master that is newer
//! than all before it; of several that arrive between two activations the last to arrive is the one that is looked at.
//!
//! **Following begins anew**, from where the arm's setpoint is and where the master is then, after `enable`, and after the clutch
//! was pressed and released. Where the scale changes meanwhile, it begins anew from the command that was sent last. So
//! none of them makes the arm jump. With the clutch pressed nothing is sent, and the arm holds.
//!
//! **Loss.** While no new message comes, the arm holds its last command. After the time-out the teleoperation goes to FAULT
//! with the error `master_lost` and sends nothing more until it is enabled again; the same with `arm_lost` where the arm is
//! not ENABLED and homed any longer. (The dVRK goes back to DISABLED there, and knows no time-out: a test needs to see
//! what happened.) `enable` is refused where the arm is not ready (`arm_not_ready`) or no message is fresh (`no_master`).

use crate::crtk::OperatingState;
use crate::kinematics::{pose_from_values, pose_values};
use nalgebra::{Isometry3, UnitQuaternion};
use trocar_signal::quantity::{Duration, Ratio};
use trocar_signal::{
    Activation, Component, Dimension, GroupSpec, Nanos, ParameterPort, Problem, Provenance, ReadPort,
    Registration, Sourced, Time, WritePort, state_words,
};

/// The words of `state_command`.
const COMMANDS: [&str; 2] = ["enable", "disable"];
/// The words of `clutch`.
const CLUTCH: [&str; 2] = ["released", "pressed"];
/// The words of `operating_state`; a place in them is the state.
const STATES: [&str; 3] = ["DISABLED", "ENABLED", "FAULT"];
const DISABLED: u64 = 0;
const ENABLED: u64 = 1;
/// The value of `operating_state` that stands for FAULT.
pub const FAULT: u64 = 2;

/// The words of `error`; a place in them is the error.
const ERRORS: [&str; 6] =
    ["none", "invalid_command", "arm_not_ready", "no_master", "master_lost", "arm_lost"];
const INVALID_COMMAND: u64 = 1;
const ARM_NOT_READY: u64 = 2;
const NO_MASTER: u64 = 3;
const MASTER_LOST: u64 = 4;
const ARM_LOST: u64 = 5;

/// What a teleoperation connects, and how.
#[derive(Clone, Debug)]
pub struct TeleoperationSettings<'a> {
    /// The group with the master's pose, as it arrives.
    pub master: &'a str,
    /// The arm's name.
    pub arm: &'a str,
    /// The axes of the master's base in those of the arm's.
    pub base_from_master: UnitQuaternion<f64>,
    /// Whether the tip turns with the handle.
    pub follows_orientation: bool,
    /// Way of the tip over that of the handle.
    pub scale: &'a Sourced<Ratio>,
    /// How long it waits for a message.
    pub time_out: &'a Sourced<Duration>,
    /// Time from activation to output.
    pub compute_time: &'a Sourced<Duration>,
}

state_words! {
    /// What a teleoperation remembers.
    pub struct TeleoperationState {
        /// A place in the list of states.
        pub operating_state: u64,
        /// 1 while the clutch is pressed.
        pub clutched: u64,
        /// 1 where following is to begin anew.
        pub begins: u64,
        /// 1 where the scale was set by a command.
        pub scale_was_set: u64,
        /// The scale that was set.
        pub set_scale: f64,
        /// The scale with which it follows.
        pub scale: f64,
        /// The master's pose at the beginning.
        pub master_start: [f64; 7],
        /// The arm's pose at the beginning.
        pub arm_start: [f64; 7],
        /// The command that was sent last.
        pub sent: [f64; 7],
        /// Sequence of the message seen last.
        pub sequence: u64,
        /// Stamp of the newest message.
        pub stamp: Time,
        /// When it came.
        pub arrived: Time,
        /// A place in the list of errors.
        pub error: u64,
        /// How many errors there were.
        pub errors: u64,
    }
}

impl TeleoperationState {
    fn refuse(&mut self, error: u64) {
        self.error = error;
        self.errors += 1;
    }

    fn fail(&mut self, error: u64) {
        self.refuse(error);
        self.operating_state = FAULT;
    }
}

/// The component in the slot `teleoperation`.
#[derive(Clone, Debug)]
pub struct Teleoperation {
    base_from_master: UnitQuaternion<f64>,
    follows_orientation: bool,
    scale: ParameterPort,
    time_out: ParameterPort,
    master: ReadPort,
    arm_setpoint: ReadPort,
    arm_state: ReadPort,
    arm_is_homed: ReadPort,
    state_command: ReadPort,
    clutch: ReadPort,
    set_scale: ReadPort,
    servo_cp: WritePort,
    operating_state: WritePort,
    following: WritePort,
    scale_out: WritePort,
    error: WritePort,
    error_event: WritePort,
}

impl Teleoperation {
    /// The teleoperation `name`. Its parameters are `name.scale` and `name.time_out`.
    ///
    /// # Errors
    /// A scale that is not greater than zero; a time-out or a compute time below zero.
    pub fn new(
        name: &str,
        settings: &TeleoperationSettings<'_>,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Result<Teleoperation, Vec<Problem>> {
        let mut problems = Vec::new();
        let scale = settings.scale.value.si();
        if !(scale > 0.0 && scale.is_finite()) {
            problems.push(Problem::new("scale", "must be greater than zero"));
        }
        for (key, time) in [("time_out", settings.time_out), ("compute_time", settings.compute_time)] {
            if Nanos::from_seconds(time.value.si()).is_none() {
                problems.push(Problem::new(key, "a time from zero on is meant"));
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        registration.state::<TeleoperationState>();
        let slot = format!("{name}.teleoperation");
        crate::servo::declare_compute_time(&slot, settings.compute_time, provenance, registration);
        let path = |key: &str| format!("{name}.{key}");
        let scale = provenance.parameter(path("scale"), Dimension::NUMBER, scale, settings.scale, true);
        let time_out_s = settings.time_out.value.si();
        let time_out =
            provenance.parameter(path("time_out"), Dimension::TIME, time_out_s, settings.time_out, true);
        let of_arm = |key: &str| format!("{}.{key}", settings.arm);
        let servo_cp = GroupSpec::pose(of_arm("servo_cp"), &of_arm("base"), &of_arm("tool_tip"));
        let flag = |key: &str, meaning: &str| GroupSpec::flag(path(key)).meaning(meaning);
        let state =
            |key: &str, states: &[&str], meaning: &str| GroupSpec::state(path(key), states).meaning(meaning);
        let number =
            |key: &str, meaning: &str| GroupSpec::scalar(path(key), Dimension::NUMBER).meaning(meaning);
        Ok(Teleoperation {
            base_from_master: settings.base_from_master,
            follows_orientation: settings.follows_orientation,
            scale: registration.parameter(scale.at_least(0.0)),
            time_out: registration.parameter(time_out.at_least(0.0)),
            master: registration.read(settings.master),
            // The arm may wait for the command of this slot.
            arm_setpoint: registration.read_previous(of_arm("setpoint_cp")),
            arm_state: registration.read_previous(of_arm("operating_state")),
            arm_is_homed: registration.read_previous(of_arm("is_homed")),
            state_command: registration.inbox(state(
                "state_command",
                &COMMANDS,
                "begins or ends the teleoperation",
            )),
            clutch: registration.inbox(state("clutch", &CLUTCH, "the pedal: pressed, the arm stays behind")),
            set_scale: registration.inbox(number("set_scale", "another scale, from now on")),
            servo_cp: registration.write(servo_cp.meaning("setpoint of the tip, at once")),
            operating_state: registration.write(state(
                "operating_state",
                &STATES,
                "whether the teleoperation is on",
            )),
            following: registration.write(flag("following", "whether the arm follows the master")),
            scale_out: registration.write(number("scale", "way of the tip over that of the handle")),
            error: registration.write(state("error", &ERRORS, "what went wrong last")),
            error_event: registration
                .write(GroupSpec::event(path("error_event")).meaning("counts refused commands and losses")),
        })
    }

    fn arm_is_ready(&self, io: &Activation<'_>) -> bool {
        let state = OperatingState::from_value(io.read(self.arm_state)[0]);
        let is_valid = io.is_valid(self.arm_state) && io.is_valid(self.arm_setpoint);
        is_valid && state == OperatingState::Enabled && io.read(self.arm_is_homed)[0] == 1.0
    }

    /// Whether the last message came too long ago, or none came.
    fn is_lost(&self, io: &Activation<'_>, state: &TeleoperationState) -> bool {
        let time_out = Nanos::from_seconds(io.parameter(self.time_out)).unwrap_or(Nanos::ZERO);
        state.stamp == Time::ZERO || io.now.since(state.arrived) > time_out
    }

    /// The pose of a message that is newer than all before it.
    fn message(&self, io: &Activation<'_>, state: &mut TeleoperationState) -> Option<Isometry3<f64>> {
        let header = io.header(self.master);
        if header.sequence == state.sequence {
            return None;
        }
        state.sequence = header.sequence;
        let is_newer = header.stamp > state.stamp || state.stamp == Time::ZERO;
        let pose = pose_from_values(io.read(self.master)).filter(|_| is_newer && header.valid == 1)?;
        (state.stamp, state.arrived) = (header.stamp, io.now);
        Some(pose)
    }

    fn take_commands(&self, io: &mut Activation<'_>, state: &mut TeleoperationState) {
        if io.take(self.state_command) {
            match io.read(self.state_command)[0] {
                0.0 if !self.arm_is_ready(io) => state.refuse(ARM_NOT_READY),
                0.0 if self.is_lost(io, state) => state.refuse(NO_MASTER),
                0.0 => (state.operating_state, state.begins, state.error) = (ENABLED, 1, 0),
                1.0 => (state.operating_state, state.error) = (DISABLED, 0),
                _ => state.refuse(INVALID_COMMAND),
            }
        }
        if io.take(self.clutch) {
            match io.read(self.clutch)[0] {
                0.0 => (state.clutched, state.begins) = (0, 1),
                1.0 => state.clutched = 1,
                _ => state.refuse(INVALID_COMMAND),
            }
        }
        if io.take(self.set_scale) {
            let scale = io.read(self.set_scale)[0];
            if scale > 0.0 {
                (state.set_scale, state.scale_was_set) = (scale, 1);
            } else {
                state.refuse(INVALID_COMMAND);
            }
        }
    }

    /// Where the arm is sent for this pose of the master; following begins here where it is to begin anew.
    fn follow(
        &self,
        io: &Activation<'_>,
        state: &mut TeleoperationState,
        master: &Isometry3<f64>,
        scale: f64,
    ) -> Option<Isometry3<f64>> {
        if state.begins == 1 {
            state.arm_start = *io.read(self.arm_setpoint).first_chunk()?;
            state.master_start = pose_values(master);
        } else if scale != state.scale {
            state.arm_start = state.sent;
            state.master_start = pose_values(master);
        }
        (state.begins, state.scale) = (0, scale);
        let master_start = pose_from_values(&state.master_start)?;
        let arm_start = pose_from_values(&state.arm_start)?;
        let moved = self.base_from_master * (master.translation.vector - master_start.translation.vector);
        let position = arm_start.translation.vector + moved * scale;
        let rotation = if self.follows_orientation {
            let turned = master.rotation * master_start.rotation.inverse();
            self.base_from_master * turned * self.base_from_master.inverse() * arm_start.rotation
        } else {
            arm_start.rotation
        };
        Some(Isometry3::from_parts(position.into(), rotation))
    }
}

impl Component for Teleoperation {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let mut state = *io.state::<TeleoperationState>();
        let message = self.message(io, &mut state);
        let errors = state.errors;
        self.take_commands(io, &mut state);
        let scale = if state.scale_was_set == 1 { state.set_scale } else { io.parameter(self.scale) };
        if state.operating_state == ENABLED {
            if !self.arm_is_ready(io) {
                state.fail(ARM_LOST);
            } else if self.is_lost(io, &state) {
                state.fail(MASTER_LOST);
            } else if state.clutched == 0
                && let Some(command) = message.and_then(|master| self.follow(io, &mut state, &master, scale))
            {
                state.sent = pose_values(&command);
                io.write(self.servo_cp, &state.sent);
            }
        }
        let is_following = state.operating_state == ENABLED && state.clutched == 0 && state.begins == 0;
        *io.state::<TeleoperationState>() = state;
        io.write(self.operating_state, &[state.operating_state as f64]);
        io.write(self.following, &[f64::from(u8::from(is_following))]);
        io.write(self.scale_out, &[scale]);
        io.write(self.error, &[state.error as f64]);
        if state.errors != errors {
            io.write(self.error_event, &[state.errors as f64]);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
