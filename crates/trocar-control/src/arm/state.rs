//! What the arm's controller remembers from one activation to the next.

use crate::crtk::OperatingState;
use crate::joint::MAX_JOINTS;
use crate::trajectory::{MotionLimits, Trajectory};
use trocar_signal::Time;
use trocar_signal::state::{StateWords, Word};

/// Why a command was refused, or the device gave up; the values of the group `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing is wrong: the last command was accepted.
    None,
    /// The command is not allowed in this operating state, or is none.
    InvalidCommand,
    /// A motion command to a device that is not enabled and homed.
    NotReady,
    /// There is no valid feedback, so that the device cannot be enabled.
    NoFeedback,
    /// A goal beyond a joint's limit.
    JointLimit,
    /// A servo command too far from the present setpoint.
    Jump,
    /// No joint positions bring the tip to the goal.
    OutOfReach,
    /// A goal too close to the remote centre.
    TooCloseToRemoteCentre,
    /// The homing motion ended and a joint was not where it should be; the device goes to FAULT.
    HomingFailed,
    /// An effort beyond what may be asked of a joint.
    EffortLimit,
    /// A command of the joints while the device's assistance leads them.
    Assisted,
}

impl Refusal {
    /// The names in the group `error`, in the order of the variants.
    pub const NAMES: [&'static str; 11] = [
        "none",
        "invalid_command",
        "not_ready",
        "no_feedback",
        "joint_limit",
        "jump",
        "out_of_reach",
        "too_close_to_remote_centre",
        "homing_failed",
        "effort_limit",
        "assisted",
    ];
}

/// Standing where the setpoint is.
const STANDING: u64 = 0;
/// On the way to a goal.
const MOVING: u64 = 1;
/// Coming to rest, without a goal of its own.
const BRAKING: u64 = 2;

trocar_signal::state_words! {
    /// The setpoint of the joints, or of the jaw, and its way.
    pub struct Channel {
        /// Position setpoint, rad or m.
        pub position: [f64; MAX_JOINTS],
        /// Velocity of the setpoint, rad/s or m/s.
        pub velocity: [f64; MAX_JOINTS],
        /// 0: standing; 1: on the way to a goal; 2: coming to rest.
        pub activity: u64,
        /// The way, unless it stands.
        pub trajectory: Trajectory,
    }
}

impl Word for Channel {
    fn push_names(name: &str, out: &mut Vec<String>) {
        let first = out.len();
        Channel::names(out);
        for field in &mut out[first..] {
            *field = format!("{name}.{field}");
        }
    }
}

impl Channel {
    /// Whether it is on the way to a goal.
    #[must_use]
    pub fn is_moving(&self) -> bool {
        self.activity == MOVING
    }

    /// Whether its setpoint does not move.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.velocity.iter().all(|velocity| *velocity == 0.0)
    }

    /// Stands at a position from now on.
    pub fn stand(&mut self, position: &[f64]) {
        self.position[..position.len()].copy_from_slice(position);
        self.velocity = [0.0; MAX_JOINTS];
        self.activity = STANDING;
    }

    /// Goes where somebody else leads it.
    pub fn lead(&mut self, position: &[f64], velocity: &[f64]) {
        self.stand(position);
        self.velocity[..velocity.len()].copy_from_slice(velocity);
    }

    /// Comes to rest from the velocity that it was led with.
    pub fn come_to_rest(&mut self, now: Time, limits: &MotionLimits) {
        self.trajectory = Trajectory::brake(now, &self.position, &self.velocity, limits);
        self.activity = BRAKING;
    }

    /// Starts for a goal, from the position and velocity that it has.
    pub fn go(&mut self, now: Time, goal: &[f64], limits: &MotionLimits) {
        self.trajectory = Trajectory::plan(now, &self.position, &self.velocity, goal, limits);
        self.activity = MOVING;
    }

    /// Gives up its goal and comes to rest.
    pub fn brake(&mut self, now: Time, limits: &MotionLimits) {
        if self.activity != STANDING {
            self.trajectory = Trajectory::brake(now, &self.position, &self.velocity, limits);
            self.activity = BRAKING;
        }
    }

    /// Moves on to an instant.
    pub fn advance(&mut self, now: Time) {
        if self.activity != STANDING {
            let sample = self.trajectory.at(now);
            (self.position, self.velocity) = (sample.position, sample.velocity);
            if sample.is_done {
                self.activity = STANDING;
            }
        }
    }
}

trocar_signal::state_words! {
    /// What the arm's controller remembers.
    pub struct ArmState {
        /// The operating state: a place in [`OperatingState::NAMES`].
        pub operating_state: u64,
        /// Whether it is homed.
        pub is_homed: u64,
        /// Whether the homing motion is under way.
        pub is_homing: u64,
        /// When the homing trajectory ends.
        pub homing_ends: Time,
        /// 1 while a fault of its own, found by no supervisor, awaits a retry.
        pub has_own_fault: u64,
        /// For how many more activations a trip that was there before a retry is disregarded.
        pub retry_grace: u64,
        /// 1 once valid feedback has been seen.
        pub has_feedback: u64,
        /// The last refusal: a place in [`Refusal::NAMES`].
        pub refusal: u64,
        /// How many refusals there were.
        pub refusal_count: u64,
        /// The joints.
        pub joints: Channel,
        /// The jaw, in the first place.
        pub jaw: Channel,
    }
}

impl ArmState {
    /// The operating state.
    #[must_use]
    pub fn operating_state(&self) -> OperatingState {
        OperatingState::from_value(self.operating_state as f64)
    }

    /// Changes the operating state.
    pub(super) fn enter(&mut self, state: OperatingState) {
        self.operating_state = state.index();
    }

    /// Whether a motion command is accepted: CRTK's `is_ready`, and not homing.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.operating_state() == OperatingState::Enabled && self.is_homed == 1 && self.is_homing == 0
    }

    /// Whether a motion with an end is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.is_homing == 1 || self.joints.is_moving() || self.jaw.is_moving()
    }

    /// Records that a command was refused.
    pub(super) fn refuse(&mut self, refusal: Refusal) {
        self.refusal = refusal as u64;
        self.refusal_count += 1;
    }

    /// Records that a command was accepted.
    pub(super) fn accept(&mut self) {
        self.refusal = Refusal::None as u64;
    }
}
