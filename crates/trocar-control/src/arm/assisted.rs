//! The motion interface of a device with an assistance ([`crate::assistance`]): while that is on, it leads the joints.

use super::{Arm, ArmState, Feedback, Refusal};
use crate::joint::MAX_JOINTS;
use trocar_math::clamp;
use trocar_signal::{Activation, ReadPort, Registration};

/// The ports of a device with an assistance.
#[derive(Clone, Debug)]
pub(super) struct Assisted {
    state: ReadPort,
    mode: ReadPort,
    setpoint: ReadPort,
    /// The place of the state word that is 1 while the assistance leads.
    word: usize,
}

impl Assisted {
    pub(super) fn new(instance: &str, registration: &mut Registration) -> Assisted {
        let word = registration.state_names.len();
        registration.state_words(["is_assisted".to_owned()]);
        let path = |name: &str| format!("{instance}.assistance.{name}");
        Assisted {
            state: registration.read(path("state")),
            mode: registration.read(path("control_mode")),
            setpoint: registration.read(path("setpoint_js")),
            word,
        }
    }

    /// Whether the assistance leads now. Clients' commands of the joints are refused then; where it has just let go, the joints come
    /// to rest at their limits of acceleration.
    pub(super) fn lead(
        &self,
        arm: &Arm,
        io: &mut Activation<'_>,
        state: &mut ArmState,
        feedback: &Feedback,
    ) -> bool {
        let is_on = io.is_valid(self.state) && io.read(self.state)[0] != 0.0 && io.is_valid(self.setpoint);
        let leads = is_on && state.is_ready();
        let led = std::mem::replace(&mut io.state[self.word], u64::from(leads)) == 1;
        if !leads {
            if led {
                arm.end_efforts(io);
                state.joints.come_to_rest(io.now, &arm.full_limits(io, 0));
            }
            return false;
        }
        let commands =
            [Some(arm.joints.servo_jp), Some(arm.joints.move_jp), arm.efforts.as_ref().map(|e| e.inbox())];
        let of_tip = arm.tip.map(|tip| [tip.servo_cp, tip.move_cp]);
        for port in commands.into_iter().flatten().chain(of_tip.into_iter().flatten()) {
            if io.take(port) {
                state.refuse(Refusal::Assisted);
            }
        }
        let n = arm.joint_count();
        let mut values = [0.0; 3 * MAX_JOINTS];
        values[..3 * n].copy_from_slice(&io.read(self.setpoint)[..3 * n]);
        let is_effort = io.read(self.mode)[0] == 1.0;
        match arm.efforts.as_ref().filter(|_| is_effort) {
            Some(efforts) => efforts.lead(io, state, feedback, &values[2 * n..3 * n]),
            None => {
                arm.end_efforts(io);
                for (place, joint) in arm.geometry.joints().joints().iter().enumerate() {
                    values[place] = clamp(values[place], joint.lower, joint.upper);
                }
                state.joints.lead(&values[..n], &values[n..2 * n]);
            }
        }
        true
    }
}
