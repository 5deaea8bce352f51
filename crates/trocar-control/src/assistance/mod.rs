//! The slot `assistance` of an exoskeleton: what it does with the wearer's joints while it is told to.
//!
//! **Groups** of an instance `a`. Inbox: `a.assistance.command` (`stop`, `start`). Read: `a.measured_js`, and as they were before
//! the instant `a.operating_state` and `a.is_homed`. Written: `a.assistance.state` (`off`, `leading`, `on`, `stopping`),
//! `a.assistance.phase` (of the stride, from 0 to 1), `a.assistance.strides` (how many have ended), `a.assistance.control_mode` and
//! `a.assistance.setpoint_js`, which the motion interface takes while the state is not `off`, and which is not valid else ([`crate::arm`]).
//!
//! **Start and stop.** On `start` the joints are led within `lead_in` from where they are measured to the beginning of the stride,
//! evenly and at rest at both ends; from there strides follow one another. On `stop` the stride under way is ended. Whenever the
//! device is not ENABLED or not homed the state is `off` at once, and `start` is passed over.
//!
//! **Laws.** With reference r of the stride, measured position q and velocity v:
//! - `gait_playback`: positions and velocities of r.
//! - `impedance`: τ = k e + d (ṙ − v) + u + c, where e is r − q beyond a dead band and zero within. The stride has 20 parts; as each
//!   begins, what was learned for it changes to u ← f u + g e, with a forgetting factor f and a gain g: an error-based controller with
//!   forgetting factor and error weighting (Emken, Benitez and Reinkensmeyer 2007, J NeuroEng Rehabil 4:8). Between the parts u goes
//!   evenly.
//! - `transparent`: τ = c alone, without stride: `stop` acts at once.
//! - c is the device's own weight at q, and its friction b v + F v/√(v² + v₀²), each by its share; by the numbers of the file, as a
//!   controller knows them, not by what a fault made of the device. The form is that of CANOpenRobotController's
//!   `X2Robot::getFeedForwardTorque`, which adds friction in the direction in which motion is meant.

mod config;
mod stride;

pub use config::{AssistanceConfig, AssistanceJointConfig, AssistanceKind};
pub use stride::Stride;

use crate::arm::CONTROL_MODES;
use crate::crtk::OperatingState;
use crate::joint::{ArmJoints, MAX_JOINTS, register_size};
use config::SHARE;
use std::any::Any;
use trocar_dynamics::{Mechanism, Workspace};
use trocar_signal::{
    Activation, Component, Dimension, GroupSpec, Nanos, ParameterPort, Problem, Provenance, ReadPort,
    Registration, Time, WritePort,
};

/// The values of the group `assistance.state`, in order.
pub const ASSISTANCE_STATES: [&str; 4] = ["off", "leading", "on", "stopping"];
/// The values of the inbox `assistance.command`, in order.
pub const ASSISTANCE_COMMANDS: [&str; 2] = ["stop", "start"];

const OFF: u64 = 0;
const LEADING: u64 = 1;
const ON: u64 = 2;
const STOPPING: u64 = 3;
const START: f64 = 1.0;

/// Parts of a stride for which the assistance learns.
const PARTS: usize = 20;

/// What the controller believes of the device itself: its links, and its friction.
#[derive(Clone, Debug)]
pub struct OwnModel {
    /// The device without its wearer, as it stands; one coordinate for each joint, in their order.
    pub mechanism: Mechanism,
    /// Each friction of the device.
    pub friction: Vec<OwnFriction>,
}

/// A friction of the device.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnFriction {
    /// Factor of each joint in the motion that it brakes.
    pub row: Vec<f64>,
    /// Coulomb friction, N m or N.
    pub coulomb: f64,
    /// Viscous friction, N m s/rad or N s/m.
    pub viscous: f64,
}

trocar_signal::state_words! {
    /// What an assistance remembers.
    pub struct AssistanceState {
        /// A place in [`ASSISTANCE_STATES`].
        pub stage: u64,
        /// When the lead-in, or the present stride, began.
        pub began: Time,
        /// How long it lasts, ns.
        pub lasts: u64,
        /// Strides that have ended.
        pub strides: u64,
        /// Where the lead-in began, rad or m.
        pub from: [f64; MAX_JOINTS],
        /// The part of the stride that is under way, and one more; 0 before the first.
        pub part: u64,
        /// What was learned: of each joint for each part, N m or N.
        pub learned: [[f64; PARTS]; MAX_JOINTS],
    }
}

/// Of one joint: stiffness, damping, dead band, learning.
#[derive(Clone, Copy, Debug)]
struct JointPorts {
    stiffness: ParameterPort,
    damping: ParameterPort,
    dead_band: ParameterPort,
    learning: ParameterPort,
}

/// The component in the slot `assistance`.
#[derive(Debug)]
pub struct Assistance {
    strides: Vec<Stride>,
    model: OwnModel,
    joints: Vec<JointPorts>,
    kind: ParameterPort,
    stride_time: ParameterPort,
    lead_in: ParameterPort,
    gravity: ParameterPort,
    friction: ParameterPort,
    friction_speed: ParameterPort,
    forgetting: ParameterPort,
    command: ReadPort,
    measured: ReadPort,
    operating_state: ReadPort,
    is_homed: ReadPort,
    state: WritePort,
    phase: WritePort,
    count: WritePort,
    control_mode: WritePort,
    setpoint: WritePort,
}

impl Assistance {
    /// The assistance of `instance`. Registers its numbers as tunable parameters below `<instance>.assistance`.
    ///
    /// # Errors
    /// What [`AssistanceConfig::check`] finds; a model with another number of joints, with the key `mechanism`.
    pub fn new(
        instance: &str,
        config: &AssistanceConfig,
        provenance: &Provenance<'_>,
        joints: &ArmJoints,
        model: OwnModel,
        registration: &mut Registration,
    ) -> Result<Assistance, Vec<Problem>> {
        let mut problems = config.check(joints, true);
        let n = joints.joints().len();
        if model.mechanism.coordinate_count() != n || model.friction.iter().any(|one| one.row.len() != n) {
            problems
                .push(Problem::new("mechanism", format!("must have {n} coordinates, one for each joint")));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let slot = format!("{instance}.assistance");
        registration.state::<AssistanceState>();
        crate::servo::declare_compute_time(&slot, &config.compute_time, provenance, registration);
        let kind = provenance
            .parameter(format!("{slot}.kind"), SHARE, config.kind.value.place(), &config.kind, true)
            .of_words(&AssistanceKind::NAMES);
        let kind = registration.parameter(kind);
        let mut time = |field: &str, value: &trocar_signal::Sourced<trocar_signal::quantity::Duration>| {
            let spec = provenance.parameter(
                format!("{slot}.{field}"),
                Dimension::TIME,
                value.value.si(),
                value,
                true,
            );
            registration.parameter(spec.at_least(1e-3))
        };
        let stride_time = time("stride_time", &config.stride_time);
        let lead_in = time("lead_in", &config.lead_in);
        let mut share = |field: &str, value: &trocar_signal::Sourced<trocar_signal::quantity::Ratio>| {
            let spec = provenance.parameter(format!("{slot}.{field}"), SHARE, value.value.si(), value, true);
            registration.parameter(spec.at_least(0.0))
        };
        let gravity = share("gravity", &config.gravity);
        let friction = share("friction", &config.friction);
        let forgetting = share("forgetting", &config.forgetting);
        let speed = &config.friction_speed;
        let friction_speed = provenance.parameter(
            format!("{slot}.friction_speed"),
            Dimension::ANGULAR_VELOCITY,
            speed.value.si(),
            speed,
            true,
        );
        let friction_speed = registration.parameter(friction_speed.at_least(1e-6));
        let of_joints: Vec<&AssistanceJointConfig> =
            joints.joints().iter().filter_map(|joint| config.of(&joint.name)).collect();
        let ports = of_joints
            .iter()
            .map(|joint| {
                let mut port = |field: &str, value| {
                    let path = format!("{slot}.{}.{field}", joint.joint);
                    register_size(registration, provenance, path, value)
                };
                JointPorts {
                    stiffness: port("stiffness", &joint.stiffness),
                    damping: port("damping", &joint.damping),
                    dead_band: port("dead_band", &joint.dead_band),
                    learning: port("learning", &joint.learning),
                }
            })
            .collect();
        let strides = of_joints
            .iter()
            .map(|j| Stride::new(j.stride.value.iter().map(|point| point.si).collect()))
            .collect();
        let path = |name: &str| format!("{slot}.{name}");
        let number = |name: &str, meaning: &str| GroupSpec::scalar(path(name), SHARE).meaning(meaning);
        let command =
            GroupSpec::state(path("command"), &ASSISTANCE_COMMANDS).meaning("starts and stops assistance");
        let state = GroupSpec::state(path("state"), &ASSISTANCE_STATES).meaning("what the assistance does");
        let mode = GroupSpec::state(path("control_mode"), &CONTROL_MODES)
            .meaning("whether its positions or its efforts count");
        let setpoint = joints.state_group(path("setpoint_js")).meaning("where or how it wants the joints");
        Ok(Assistance {
            strides,
            model,
            joints: ports,
            kind,
            stride_time,
            lead_in,
            gravity,
            friction,
            friction_speed,
            forgetting,
            command: registration.inbox(command),
            measured: registration.read(format!("{instance}.measured_js")),
            operating_state: registration.read_previous(format!("{instance}.operating_state")),
            is_homed: registration.read_previous(format!("{instance}.is_homed")),
            state: registration.write(state),
            phase: registration.write(number("phase", "phase of the stride, from 0 to 1")),
            count: registration.write(number("strides", "strides that have ended")),
            control_mode: registration.write(mode),
            setpoint: registration.write(setpoint),
        })
    }

    /// Takes commands and lets time pass: the stage, and the phase of the stride.
    fn proceed(&self, io: &mut Activation<'_>, state: &mut AssistanceState) -> f64 {
        let now = io.now;
        let kind = AssistanceKind::from_parameter(io.parameter(self.kind));
        let has_stride = kind != AssistanceKind::Transparent;
        let is_ready = OperatingState::from_value(io.read(self.operating_state)[0])
            == OperatingState::Enabled
            && io.read(self.is_homed)[0] == 1.0
            && io.is_valid(self.measured);
        let nanos =
            |port| Nanos::from_seconds(io.parameter(port)).map_or(1_000_000, |time| time.0.max(1_000_000));
        let (lead_in, stride) = (nanos(self.lead_in), nanos(self.stride_time));
        let begin = |state: &mut AssistanceState, stage: u64, at: Time, lasts: u64| {
            (state.stage, state.began, state.lasts) = (stage, at, lasts);
        };
        if io.take(self.command) {
            let starts = io.read(self.command)[0] == START;
            match (starts, state.stage) {
                (true, OFF) if is_ready => {
                    let n = self.strides.len();
                    state.from[..n].copy_from_slice(&io.read(self.measured)[..n]);
                    (state.strides, state.part) = (0, 0);
                    state.learned = [[0.0; PARTS]; MAX_JOINTS];
                    let (stage, lasts) = if has_stride { (LEADING, lead_in) } else { (ON, stride) };
                    begin(state, stage, now, lasts);
                }
                (true, STOPPING) => state.stage = ON,
                (false, ON) if has_stride => state.stage = STOPPING,
                (false, _) => state.stage = OFF,
                (true, _) => {}
            }
        }
        if OperatingState::from_value(io.read(self.operating_state)[0]) != OperatingState::Enabled {
            state.stage = OFF;
        }
        // Several ends may lie within one cycle where a stride is shorter than it.
        while state.stage != OFF && has_stride && now.since(state.began).0 >= state.lasts {
            let at = state.began.plus(Nanos(state.lasts));
            state.strides += u64::from(state.stage != LEADING);
            let stage = if state.stage == STOPPING { OFF } else { ON };
            begin(state, stage, at, stride);
        }
        match state.stage {
            OFF | LEADING => 0.0,
            _ if has_stride => now.since(state.began).0 as f64 / state.lasts as f64,
            _ => 0.0,
        }
    }

    /// Where the stride, or the way to it, wants each joint: positions and velocities.
    fn reference(&self, io: &Activation<'_>, state: &AssistanceState, phase: f64) -> [[f64; MAX_JOINTS]; 2] {
        let mut wanted = [[0.0; MAX_JOINTS]; 2];
        let lasts_s = Nanos(state.lasts).seconds();
        for (joint, stride) in self.strides.iter().enumerate() {
            let (position, slope) = stride.at(phase);
            (wanted[0][joint], wanted[1][joint]) = match state.stage {
                LEADING => {
                    let x = now_share(io.now, state);
                    let way = position - state.from[joint];
                    let even = x * x * (3.0 - 2.0 * x);
                    (state.from[joint] + way * even, way * 6.0 * x * (1.0 - x) / lasts_s)
                }
                _ => (position, slope / lasts_s),
            };
        }
        wanted
    }

    /// What carries the device's own weight and friction.
    fn carried(&self, io: &mut Activation<'_>) -> Result<[f64; MAX_JOINTS], String> {
        let n = self.strides.len();
        let (gravity, friction) = (io.parameter(self.gravity), io.parameter(self.friction));
        let slow = io.parameter(self.friction_speed);
        let (mut q, mut v, zero) = ([0.0; MAX_JOINTS], [0.0; MAX_JOINTS], [0.0; MAX_JOINTS]);
        let measured = io.read(self.measured);
        q[..n].copy_from_slice(&measured[..n]);
        v[..n].copy_from_slice(&measured[n..2 * n]);
        let mut weight = [0.0; MAX_JOINTS];
        let loads = self.model.mechanism.payload_count().min(MAX_JOINTS);
        let workspace: &mut Workspace =
            io.scratch.downcast_mut().ok_or_else(|| "the model's working memory is missing".to_owned())?;
        self.model
            .mechanism
            .inverse_dynamics(&q[..n], &zero[..n], &zero[..n], &zero[..loads], workspace, &mut weight[..n])
            .map_err(|error| error.to_string())?;
        let mut effort = weight.map(|weight| gravity * weight);
        for one in &self.model.friction {
            let speed: f64 = one.row.iter().zip(&v).map(|(factor, v)| factor * v).sum();
            let brake = one.viscous * speed + one.coulomb * speed / (speed * speed + slow * slow).sqrt();
            for (effort, factor) in effort.iter_mut().zip(&one.row) {
                *effort += friction * factor * brake;
            }
        }
        Ok(effort)
    }

    /// What pulls the joints towards the stride, and learns.
    fn pull(
        &self,
        io: &Activation<'_>,
        state: &mut AssistanceState,
        phase: f64,
        wanted: &[[f64; MAX_JOINTS]; 2],
        effort: &mut [f64; MAX_JOINTS],
    ) {
        let n = self.strides.len();
        let measured = io.read(self.measured);
        let along = trocar_math::clamp(phase, 0.0, 1.0) * PARTS as f64;
        let part = (along.floor() as usize).min(PARTS - 1);
        let learns = state.stage >= ON && state.part != part as u64 + 1;
        let forgetting = io.parameter(self.forgetting);
        for (joint, ports) in self.joints.iter().enumerate() {
            let (error, band) = (wanted[0][joint] - measured[joint], io.parameter(ports.dead_band));
            let beyond = error - trocar_math::clamp(error, -band, band);
            let learned = &mut state.learned[joint];
            if learns {
                learned[part] = forgetting * learned[part] + io.parameter(ports.learning) * beyond;
            }
            let into = along - part as f64;
            let known = if state.stage >= ON {
                learned[part] + into * (learned[(part + 1) % PARTS] - learned[part])
            } else {
                0.0
            };
            effort[joint] += io.parameter(ports.stiffness) * beyond
                + io.parameter(ports.damping) * (wanted[1][joint] - measured[n + joint])
                + known;
        }
        if state.stage >= ON {
            state.part = part as u64 + 1;
        }
    }
}

/// How much of the lead-in is over, from 0 to 1.
fn now_share(now: Time, state: &AssistanceState) -> f64 {
    trocar_math::clamp(now.since(state.began).0 as f64 / state.lasts as f64, 0.0, 1.0)
}

impl Component for Assistance {
    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        let mut state = *io.state::<AssistanceState>();
        let phase = self.proceed(io, &mut state);
        let kind = AssistanceKind::from_parameter(io.parameter(self.kind));
        let n = self.strides.len();
        let wanted = self.reference(io, &state, phase);
        let mut effort = [0.0; MAX_JOINTS];
        if state.stage != OFF && kind != AssistanceKind::GaitPlayback && io.is_valid(self.measured) {
            effort = self.carried(io)?;
            if kind == AssistanceKind::Impedance {
                self.pull(io, &mut state, phase, &wanted, &mut effort);
            }
        }
        *io.state::<AssistanceState>() = state;
        let mut values = [0.0; 3 * MAX_JOINTS];
        let is_on = state.stage != OFF;
        if is_on {
            values[..n].copy_from_slice(&wanted[0][..n]);
            values[n..2 * n].copy_from_slice(&wanted[1][..n]);
            values[2 * n..3 * n].copy_from_slice(&effort[..n]);
        }
        io.send(self.setpoint, &values[..3 * n], io.now, Nanos::ZERO, is_on);
        io.write(self.state, &[state.stage as f64]);
        io.write(self.phase, &[phase]);
        io.write(self.count, &[state.strides as f64]);
        io.write(self.control_mode, &[f64::from(u8::from(kind != AssistanceKind::GaitPlayback))]);
        Ok(())
    }

    fn scratch(&self) -> Box<dyn Any + Send> {
        Box::new(self.model.mechanism.workspace())
    }

    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        io.write(self.state, &[OFF as f64]);
        Ok(())
    }
}
