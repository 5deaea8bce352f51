//! The mechanism of an arm as a component: motor currents in, truth out. Between them power flows inside the island.

use crate::sensors::{Feeling, FeelingScratch};
use nalgebra::{Isometry3, Vector3};
use trocar_dynamics::{FrameId, Island, IslandInputs, IslandWorkspace};
use trocar_signal::{
    Activation, Component, Dimension, GroupClass, GroupSpec, Nanos, ParameterPort, ReadPort, Registration,
    WritePort,
};

/// A motor's grip on the mechanism.
pub(crate) struct MotorLink {
    /// Its mean current over the step, A.
    pub current: ReadPort,
    /// Its torque constant, N m/A, a parameter.
    pub torque_constant: ParameterPort,
    /// Motor angle per actuator position: rad/rad or rad/m.
    pub gear: f64,
    /// The place of its drive effort among the island's inputs.
    pub effort_input: usize,
    /// Actuator position = row · q.
    pub row: Vec<f64>,
}

/// An arm's mechanism.
pub(crate) struct ArmMechanism {
    pub island: Island,
    pub step_s: f64,
    pub initial_q: Vec<f64>,
    pub motors: Vec<MotorLink>,
    /// Island inputs that are parameters of the run (Coulomb friction): place and port.
    pub tunable_inputs: Vec<(usize, ParameterPort)>,
    /// Mass of the load at the tip.
    pub load: Option<ParameterPort>,
    /// The frame of the tool tip and the tip in it.
    pub tip: FrameId,
    pub tip_in_frame: Isometry3<f64>,
    pub truth_js: WritePort,
    pub truth_actuators: WritePort,
    pub truth_tip: WritePort,
    /// What sensors in its frames would show if they were perfect.
    pub feeling: Feeling,
}

/// Working memory: the solver's, and rows for what is written.
struct ArmScratch {
    solver: IslandWorkspace,
    inputs: Vec<f64>,
    efforts: Vec<f64>,
    js: Vec<f64>,
    actuators: Vec<f64>,
    feeling: FeelingScratch,
}

/// Names of the groups of truth that an arm has; declared here so that readers and the writer agree.
pub(crate) fn truth_groups(
    instance: &str,
    joints: &[(String, Dimension)],
    actuators: &[(String, Dimension)],
) -> [GroupSpec; 3] {
    let spec = |path: String, list: &[(String, Dimension)]| {
        let borrowed: Vec<(&str, Dimension)> = list.iter().map(|(n, d)| (n.as_str(), *d)).collect();
        GroupSpec::joint_state(path, borrowed).class(GroupClass::Truth)
    };
    [
        spec(format!("{instance}.truth.js"), joints).meaning(
            "joint positions and velocities as they are, and the effort of the motors at the joints",
        ),
        spec(format!("{instance}.truth.actuators"), actuators).meaning(
            "actuator positions and velocities behind the gear as they are, and the motors' effort there",
        ),
        GroupSpec::pose(
            format!("{instance}.truth.tip"),
            &format!("{instance}.base"),
            &format!("{instance}.tool_tip"),
        )
        .class(GroupClass::Truth)
        .meaning("the tool tip as it is"),
    ]
}

impl ArmMechanism {
    /// Declares the island's state and the groups of truth.
    pub(crate) fn declare(
        island: &Island,
        registration: &mut Registration,
        groups: [GroupSpec; 3],
    ) -> [WritePort; 3] {
        registration.state_words(island.state_names());
        groups.map(|group| registration.write(group))
    }

    fn publish(&self, io: &mut Activation<'_>, scratch: &mut ArmScratch) -> Result<(), String> {
        let n = self.initial_q.len();
        let state: &[f64] = bytemuck::cast_slice(io.state);
        self.island.kinematics(state, &mut scratch.solver).map_err(|e| e.to_string())?;
        let (q, v) = (self.island.q(state), self.island.v(state));
        scratch.js[..n].copy_from_slice(q);
        scratch.js[n..2 * n].copy_from_slice(v);
        scratch.js[2 * n..].fill(0.0);
        let m = self.motors.len();
        for (place, motor) in self.motors.iter().enumerate() {
            let effort = scratch.efforts[place];
            let (mut position, mut velocity) = (0.0, 0.0);
            for (k, coefficient) in motor.row.iter().enumerate() {
                position += coefficient * q[k];
                velocity += coefficient * v[k];
                // Power is the same on both sides of the coupling.
                scratch.js[2 * n + k] += coefficient * effort;
            }
            scratch.actuators[place] = position;
            scratch.actuators[m + place] = velocity;
            scratch.actuators[2 * m + place] = effort;
        }
        let mechanism = self.island.mechanism();
        let workspace = scratch.solver.mechanism();
        let base_from_tip = mechanism.base_from_frame(workspace, self.tip) * self.tip_in_frame;
        let (t, r) = (base_from_tip.translation.vector, base_from_tip.rotation.coords);
        let at = io.step_end;
        io.send(self.truth_js, &scratch.js, at, Nanos::ZERO, true);
        io.send(self.truth_actuators, &scratch.actuators, at, Nanos::ZERO, true);
        io.send(self.truth_tip, &[t.x, t.y, t.z, r.x, r.y, r.z, r.w], at, Nanos::ZERO, true);
        Ok(())
    }
}

impl Component for ArmMechanism {
    fn scratch(&self) -> Box<dyn std::any::Any + Send> {
        Box::new(ArmScratch {
            solver: self.island.workspace(),
            inputs: self.island.nominal_inputs(),
            efforts: vec![0.0; self.motors.len()],
            js: vec![0.0; 3 * self.initial_q.len()],
            actuators: vec![0.0; 3 * self.motors.len()],
            feeling: self.feeling.scratch(&self.island),
        })
    }

    fn initialise(&self, state: &mut [u64], _: &[f64]) {
        let state: &mut [f64] = bytemuck::cast_slice_mut(state);
        let n = self.initial_q.len();
        state[..n].copy_from_slice(&self.initial_q);
    }

    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        self.with_scratch(io, |this, io, scratch| {
            scratch.efforts.fill(0.0);
            this.publish(io, scratch)
        })
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        self.with_scratch(io, |this, io, scratch| {
            for (place, motor) in this.motors.iter().enumerate() {
                let effort = io.read(motor.current)[0] * io.parameter(motor.torque_constant) * motor.gear;
                scratch.efforts[place] = effort;
                scratch.inputs[motor.effort_input] = effort;
            }
            for (input, port) in &this.tunable_inputs {
                scratch.inputs[*input] = io.parameter(*port);
            }
            let load = [this.load.map_or(0.0, |port| io.parameter(port))];
            let payload_mass_kg: &[f64] = if this.load.is_some() { &load } else { &[] };
            let inputs = IslandInputs { elements: &scratch.inputs, payload_mass_kg, wrenches: &[] };
            let state: &mut [f64] = bytemuck::cast_slice_mut(io.state);
            this.island.step(state, &inputs, this.step_s, &mut scratch.solver).map_err(|e| e.to_string())?;
            this.publish(io, scratch)?;
            let (solver, feeling) = (&mut scratch.solver, &mut scratch.feeling);
            this.feeling.publish(io, &this.island, payload_mass_kg, solver, feeling)
        })
    }
}

impl ArmMechanism {
    /// Takes the working memory out of the activation for the time of `body`.
    fn with_scratch(
        &self,
        io: &mut Activation<'_>,
        body: impl FnOnce(&Self, &mut Activation<'_>, &mut ArmScratch) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut memory = std::mem::replace(io.scratch, Box::new(()));
        let done = match memory.downcast_mut::<ArmScratch>() {
            Some(scratch) => body(self, io, scratch),
            None => Err("its working memory belongs to another component".to_owned()),
        };
        *io.scratch = memory;
        done
    }
}

/// A vector of three quantities in SI units.
pub(crate) fn vector3(values: [f64; 3]) -> Vector3<f64> {
    Vector3::new(values[0], values[1], values[2])
}
