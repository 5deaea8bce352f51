//! How the motion interface stops a device that states how it stops ([`crate::stop`]).

use super::{Arm, ArmState, Channel, Feedback};
use crate::crtk::OperatingState;
use crate::joint::{ArmJoints, MAX_JOINTS, register, register_size};
use crate::stop::{StopBehaviour, StopConfig, choice};
use crate::supervisor::WATCHDOG;
use trocar_math::max;
use trocar_signal::{Activation, ParameterPort, Provenance, Registration, WritePort};

/// The ports of a device that states how it stops.
#[derive(Clone, Debug)]
pub(super) struct Stopping {
    on_disable: ParameterPort,
    on_trip: ParameterPort,
    descent_ends_in: ParameterPort,
    /// Of each axis its posture and speed.
    axes: Vec<(ParameterPort, ParameterPort)>,
    behaviour: WritePort,
    /// The place of the state word that holds the value of `behaviour`.
    word: usize,
}

impl Stopping {
    pub(super) fn new(
        instance: &str,
        config: &StopConfig,
        joints: &ArmJoints,
        provenance: &Provenance<'_>,
        registration: &mut Registration,
    ) -> Stopping {
        let word = registration.state_names.len();
        registration.state_words(["stop_behaviour".to_owned()]);
        let [on_disable, on_trip, descent_ends_in] = [
            ("on_disable", &config.on_disable),
            ("on_trip", &config.on_trip),
            ("descent_ends_in", &config.descent_ends_in),
        ]
        .map(|(field, value)| registration.parameter(choice(instance, field, value, provenance)));
        let axes = joints.axes().filter_map(|joint| config.of(&joint.name)).map(|joint| {
            let path = |field: &str| format!("{instance}.stop.{}.{field}", joint.joint);
            (
                register(registration, provenance, path("posture"), &joint.posture),
                register_size(registration, provenance, path("speed"), &joint.speed),
            )
        });
        let axes = axes.collect();
        let behaviour = registration.write(StopBehaviour::group(instance));
        Stopping { on_disable, on_trip, descent_ends_in, axes, behaviour, word }
    }

    /// Decides what the device does now; `before` is its operating state at the beginning of this activation. Whether it
    /// holds or leads the setpoints, which then do not follow the measured positions.
    pub(super) fn mind(
        &self,
        arm: &Arm,
        io: &mut Activation<'_>,
        state: &mut ArmState,
        feedback: &Feedback,
        before: OperatingState,
    ) -> bool {
        let after = state.operating_state();
        let held = StopBehaviour::from_value(io.state[self.word] as f64);
        let was_active = before.is_powered() || held.is_some_and(|held| held != StopBehaviour::PowerOff);
        let is_moving = state.joints.is_moving() || state.jaw.is_moving();
        let behaviour = if after.is_powered() {
            None
        } else if io.read(arm.trip)[0] == WATCHDOG as f64 {
            Some(StopBehaviour::PowerOff)
        } else if after != before && was_active {
            let reason = if after == OperatingState::Fault { self.on_trip } else { self.on_disable };
            let chosen = StopBehaviour::from_parameter(io.parameter(reason));
            Some(if feedback.is_valid { chosen } else { StopBehaviour::PowerOff })
        } else if held == Some(StopBehaviour::ControlledDescent) && !is_moving {
            let end = StopBehaviour::from_parameter(io.parameter(self.descent_ends_in));
            Some(if end == StopBehaviour::ControlledDescent { StopBehaviour::PowerOff } else { end })
        } else {
            Some(held.unwrap_or(StopBehaviour::PowerOff))
        };
        if behaviour != held || after != before {
            match behaviour {
                // Where a descent has ended the setpoints stand at its posture.
                Some(StopBehaviour::Lock) if held != Some(StopBehaviour::ControlledDescent) || is_moving => {
                    arm.follow(state, feedback);
                }
                Some(StopBehaviour::ControlledDescent) => self.descend(arm, io, state, feedback),
                _ => {}
            }
        }
        io.state[self.word] = behaviour.map_or(0, |behaviour| behaviour.value() as u64);
        matches!(behaviour, Some(StopBehaviour::Lock | StopBehaviour::ControlledDescent))
    }

    /// Starts for the posture, from where the joints are measured and as fast as they are.
    fn descend(&self, arm: &Arm, io: &Activation<'_>, state: &mut ArmState, feedback: &Feedback) {
        let n = arm.joint_count();
        let measured = io.read(arm.joints.measured);
        arm.follow(state, feedback);
        state.joints.velocity[..n].copy_from_slice(&measured[n..2 * n]);
        if let Some(jaw) = arm.jaw {
            state.jaw.velocity[0] = io.read(jaw.measured)[1];
        }
        let (joints, jaw) = self.axes.split_at(n.min(self.axes.len()));
        let lead = |axes: &[(ParameterPort, ParameterPort)], first: usize, channel: &mut Channel| {
            let mut limits = arm.full_limits(io, first);
            let mut goal = [0.0; MAX_JOINTS];
            for (place, (posture, speed)) in axes.iter().enumerate() {
                goal[place] = io.parameter(*posture);
                limits.velocity[place] = max(io.parameter(*speed), 1e-6);
            }
            channel.go(io.now, &goal[..axes.len()], &limits);
        };
        lead(joints, 0, &mut state.joints);
        if !jaw.is_empty() {
            lead(jaw, n, &mut state.jaw);
        }
    }

    /// Says what the device does.
    pub(super) fn publish(&self, io: &mut Activation<'_>) {
        let value = io.state[self.word] as f64;
        io.write(self.behaviour, &[value]);
    }

    /// Before its first activation the device is without power.
    pub(super) fn publish_start(&self, io: &mut Activation<'_>) {
        io.write(self.behaviour, &[StopBehaviour::PowerOff.value()]);
    }
}
