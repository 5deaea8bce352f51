//! Efforts as commands: `servo_jf`, from the client to the setpoint that the servo follows.

use super::{Arm, ArmConfig, ArmState, Feedback, Refusal};
use crate::joint::{ArmJoints, MAX_JOINTS, register_size};
use trocar_math::clamp;
use trocar_signal::{Activation, GroupSpec, ParameterPort, Provenance, ReadPort, Registration, WritePort};

/// The values of the group `control_mode`, in order: what the servo makes of the setpoint.
pub const CONTROL_MODES: [&str; 2] = ["position", "effort"];

const POSITION: u64 = 0;
const EFFORT: u64 = 1;

/// The ports of a device that takes efforts.
#[derive(Clone, Debug)]
pub(super) struct Efforts {
    servo_jf: ReadPort,
    /// Of each joint the largest effort that may be asked for.
    limits: Vec<ParameterPort>,
    mode: WritePort,
    /// The place of the first of its state words: the mode, then the efforts as the bits of their numbers.
    first_word: usize,
}

impl Efforts {
    pub(super) fn new(
        instance: &str,
        config: &ArmConfig,
        joints: &ArmJoints,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Efforts {
        let first_word = registration.state_names.len();
        let efforts = joints.joints().iter().map(|joint| format!("effort.{}", joint.name));
        registration.state_words(std::iter::once("control_mode".to_owned()).chain(efforts));
        let of = |name: &str| config.joints.iter().find(|joint| joint.joint == name);
        let limits =
            joints.joints().iter().filter_map(|joint| of(&joint.name)?.effort.as_ref().zip(Some(joint)));
        let limits = limits.map(|(limit, joint)| {
            let path = format!("{instance}.arm.{}.effort", joint.name);
            register_size(registration, provenance, path, limit)
        });
        let limits = limits.collect();
        let command = joints.effort_group(format!("{instance}.servo_jf"));
        let mode = GroupSpec::state(format!("{instance}.control_mode"), &CONTROL_MODES);
        Efforts {
            servo_jf: registration.inbox(command.meaning("efforts of the joints, at once")),
            limits,
            mode: registration.write(mode.meaning("whether the servo follows positions or efforts")),
            first_word,
        }
    }

    /// Takes a command of efforts. What is commanded of positions at the same instant counts more.
    pub(super) fn take(&self, arm: &Arm, io: &mut Activation<'_>, state: &mut ArmState, feedback: &Feedback) {
        if !io.take(self.servo_jf) {
            return;
        }
        let n = arm.joint_count();
        let mut efforts = [0.0; MAX_JOINTS];
        efforts[..n].copy_from_slice(&io.read(self.servo_jf)[..n]);
        let is_beyond = |(effort, limit): (&f64, &ParameterPort)| effort.abs() > io.parameter(*limit);
        if !state.is_ready() {
            state.refuse(Refusal::NotReady);
        } else if !io.is_valid(self.servo_jf) {
            state.refuse(Refusal::InvalidCommand);
        } else if efforts.iter().zip(&self.limits).any(is_beyond) {
            state.refuse(Refusal::EffortLimit);
        } else {
            state.accept();
            let here = if feedback.is_valid { feedback.joints } else { state.joints.position };
            state.joints.stand(&here);
            let words = &mut io.state[self.first_word..=self.first_word + n];
            words[0] = EFFORT;
            for (word, effort) in words[1..].iter_mut().zip(efforts) {
                *word = effort.to_bits();
            }
        }
    }

    /// The inbox of commands.
    pub(super) fn inbox(&self) -> ReadPort {
        self.servo_jf
    }

    /// Takes efforts of the device's own assistance, confined to what may be asked for.
    pub(super) fn lead(
        &self,
        io: &mut Activation<'_>,
        state: &mut ArmState,
        feedback: &Feedback,
        wanted: &[f64],
    ) {
        if feedback.is_valid {
            state.joints.stand(&feedback.joints);
        }
        io.state[self.first_word] = EFFORT;
        for (place, (effort, limit)) in wanted.iter().zip(&self.limits).enumerate() {
            let limit = io.parameter(*limit);
            io.state[self.first_word + 1 + place] = clamp(*effort, -limit, limit).to_bits();
        }
    }

    /// Positions count again.
    pub(super) fn end(&self, io: &mut Activation<'_>) {
        let words = &mut io.state[self.first_word..=self.first_word + self.limits.len()];
        words.fill(0);
    }

    /// Keeps the setpoint where the joints are; efforts end with the readiness to move, and in a pause.
    pub(super) fn mind(&self, arm: &Arm, io: &mut Activation<'_>, state: &mut ArmState, feedback: &Feedback) {
        if io.state[self.first_word] == POSITION {
            return;
        }
        if feedback.is_valid {
            state.joints.stand(&feedback.joints[..arm.joint_count()]);
        }
        if !state.is_ready() {
            self.end(io);
        }
    }

    /// Says what counts; the efforts that are asked for, all zero where positions count.
    pub(super) fn publish(&self, io: &mut Activation<'_>) -> [f64; MAX_JOINTS] {
        let mut efforts = [0.0; MAX_JOINTS];
        let words = &io.state[self.first_word..=self.first_word + self.limits.len()];
        let mode = words[0] as f64;
        for (effort, word) in efforts.iter_mut().zip(&words[1..]) {
            *effort = f64::from_bits(*word);
        }
        io.write(self.mode, &[mode]);
        efforts
    }
}
