//! The mechanism of a robot as a component: motor currents in, truth out. Between them power flows inside the island.

use crate::contact::{ContactPorts, Touching};
use crate::deflection::{DeflectionScratch, Deflections};
use crate::drive_train::TunableInput;
use crate::grip::Gripped;
use crate::island::Tip;
use crate::passive::PassiveTruth;
use crate::sensors::{Feeling, FeelingScratch};
use crate::wearer::{WearerScratch, WearerTruth, Worn};
use nalgebra::{Isometry3, Vector3};
use trocar_dynamics::{ElementId, FrameId, Island, IslandInputs, IslandWorkspace};
use trocar_plant::ActuatorConfig;
use trocar_signal::{
    Activation, Component, Dimension, Element, GroupClass, GroupSpec, Nanos, ParameterPort, ReadPort,
    Registration, WritePort,
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
    /// Output position = row · q over the joints.
    pub row: Vec<f64>,
    /// How its torque constant falls with heat.
    pub weakening: Option<Weakening>,
    /// Whether its back-EMF is written.
    pub has_winding: bool,
    /// What its brake can hold, and the place of that among the island's inputs.
    pub brake: Option<(ReadPort, usize)>,
    /// What stands between motor and output; none where they are rigidly one.
    pub motor: Option<MotorSide>,
}

/// A torque constant that changes with the housing's temperature: k (1 + coefficient (T − reference)).
pub(crate) struct Weakening {
    /// Temperatures of winding and housing, K.
    pub temperature: ReadPort,
    /// Per kelvin.
    pub coefficient: f64,
    pub reference_k: f64,
}

/// The motor's side of a transmission that gives way.
pub(crate) struct MotorSide {
    /// The place of the motor's coordinate, behind the joints'.
    pub place: usize,
    /// The elements that act between motor and output.
    pub transmission: Vec<ElementId>,
}

/// An arm's mechanism.
pub(crate) struct ArmMechanism {
    pub island: Island,
    /// The island's own step.
    pub step_s: f64,
    /// How many of them make one of the scene.
    pub substeps: u32,
    /// Positions of the joints at the start; they are the first coordinates, and the motors behind transmissions follow.
    pub joints_at_start: Vec<f64>,
    pub motors: Vec<MotorLink>,
    /// Island inputs that are parameters of the run (Coulomb friction, stiffness).
    pub tunable_inputs: Vec<TunableInput>,
    /// Mass of the load at the tip.
    pub load: Option<ParameterPort>,
    pub truth_js: WritePort,
    pub truth_actuators: WritePort,
    /// The tool tip, where there is one.
    pub truth_tip: Option<(Tip, WritePort)>,
    /// The base, where nothing holds it.
    pub truth_base: Option<(FrameId, WritePort)>,
    /// The frame of the shaft, where there is one.
    pub truth_shaft: Option<(FrameId, WritePort)>,
    /// What sensors in its frames would show if they were perfect.
    pub feeling: Feeling,
    /// What gives way beyond the motors.
    pub deflections: Deflections,
    /// What stands between its jaws.
    pub gripped: Option<Gripped>,
    /// Who wears it, with the groups of what is true of them.
    pub worn: Option<(Worn, WearerTruth)>,
    /// What touches surfaces, with the groups of what is true of it.
    pub touching: Vec<(Touching, ContactPorts)>,
    /// What no motor moves.
    pub passive: Option<PassiveTruth>,
    /// All words of q at the start, but for those of motors behind transmissions.
    pub positions_at_start: Vec<f64>,
    pub truth_transmissions: Option<WritePort>,
    pub truth_back_emf: Option<WritePort>,
}

/// Working memory: the solver's, and rows for what is written.
struct ArmScratch {
    solver: IslandWorkspace,
    inputs: Vec<f64>,
    efforts: Vec<f64>,
    js: Vec<f64>,
    actuators: Vec<f64>,
    feeling: FeelingScratch,
    deflections: DeflectionScratch,
    worn: Option<WearerScratch>,
    passive: Vec<f64>,
    /// Deflections, then efforts, of the transmissions that give way.
    transmissions: Vec<f64>,
    /// Torque constants over the step, N m/A, of all motors; back-EMFs, V, of those with a winding.
    torque_constants: Vec<f64>,
    back_emf: Vec<f64>,
}

/// Names of the groups of truth that an arm has; declared here so that readers and the writer agree.
pub(crate) fn truth_groups(
    instance: &str,
    joints: &[(String, Dimension)],
    actuators: &[(String, Dimension)],
) -> [GroupSpec; 2] {
    let spec = |path: String, list: &[(String, Dimension)]| {
        let borrowed: Vec<(&str, Dimension)> = list.iter().map(|(n, d)| (n.as_str(), *d)).collect();
        GroupSpec::joint_state(path, borrowed).class(GroupClass::Truth)
    };
    [
        spec(format!("{instance}.truth.js"), joints).meaning(
            "joint positions and velocities as they are, behind cables and transmissions, and the effort of the motors that arrives there",
        ),
        spec(format!("{instance}.truth.actuators"), actuators).meaning(
            "motor positions and velocities behind the gear as they are, where encoders sit, before cables and transmissions, and the motors' effort there",
        ),
    ]
}

/// The group of truth of the tool tip.
pub(crate) fn tip_group(instance: &str) -> GroupSpec {
    let (path, base) = (format!("{instance}.truth.tip"), format!("{instance}.base"));
    GroupSpec::pose(path, &base, &format!("{instance}.tool_tip"))
        .class(GroupClass::Truth)
        .meaning("the tool tip as it is")
}

/// The group of truth of a base that nothing holds.
pub(crate) fn base_group(instance: &str) -> GroupSpec {
    let (path, base) = (format!("{instance}.truth.base"), format!("{instance}.base"));
    GroupSpec::pose(path, &base, &format!("{instance}.free_base"))
        .class(GroupClass::Truth)
        .meaning("the robot's base, which nothing holds, from where the scene put it")
}

/// The group of truth of the tool's shaft.
pub(crate) fn shaft_group(instance: &str) -> GroupSpec {
    let (path, base) = (format!("{instance}.truth.shaft"), format!("{instance}.base"));
    GroupSpec::pose(path, &base, &format!("{instance}.shaft"))
        .class(GroupClass::Truth)
        .meaning("the frame of the tool's shaft as it is; its z points along the shaft")
}

/// The group of truth of the transmissions that give way; none where there are none.
pub(crate) fn transmission_group<'a>(
    instance: &str,
    compliant: impl Iterator<Item = &'a ActuatorConfig> + Clone,
) -> Option<GroupSpec> {
    let named = |what: &str, dimension: fn(&ActuatorConfig) -> Dimension| {
        let element =
            |a: &ActuatorConfig| Element { name: format!("{what}.{}", a.name), dimension: dimension(a) };
        compliant.clone().map(element).collect::<Vec<_>>()
    };
    let mut elements = named("deflection", |a| a.kind.position());
    elements.extend(named("effort", |a| a.kind.effort()));
    (!elements.is_empty()).then(|| {
        GroupSpec::vector(format!("{instance}.truth.transmissions"), elements)
            .class(GroupClass::Truth)
            .meaning("how far the motor is ahead of its output, and the mean effort on the output over the last step")
    })
}

/// The group of truth of the back-EMFs of motors with a winding; none where there are none.
pub(crate) fn back_emf_group(instance: &str, actuators: &[ActuatorConfig]) -> Option<GroupSpec> {
    let wound = actuators.iter().filter(|a| a.motor.winding.is_some());
    let elements: Vec<Element> =
        wound.map(|a| Element { name: a.name.clone(), dimension: Dimension::VOLTAGE }).collect();
    (!elements.is_empty()).then(|| {
        GroupSpec::vector(format!("{instance}.truth.back_emf"), elements)
            .class(GroupClass::Truth)
            .meaning("voltage that the motor's rotation induces in its winding")
    })
}

impl ArmMechanism {
    /// Declares the island's state and the groups of truth.
    pub(crate) fn declare(
        island: &Island,
        registration: &mut Registration,
        groups: [GroupSpec; 2],
    ) -> [WritePort; 2] {
        registration.state_words(island.state_names());
        groups.map(|group| registration.write(group))
    }

    /// The kinematics of the state, into the solver's workspace.
    fn locate(&self, io: &Activation<'_>, scratch: &mut ArmScratch) -> Result<(), String> {
        let state: &[f64] = bytemuck::cast_slice(&io.state[..self.island.state_len()]);
        self.island.kinematics(state, &mut scratch.solver).map_err(|e| e.to_string())
    }

    /// Writes the truth; the workspace holds the kinematics.
    fn publish(&self, io: &mut Activation<'_>, scratch: &mut ArmScratch) -> Result<(), String> {
        let n = self.joints_at_start.len();
        let state: &[f64] = bytemuck::cast_slice(&io.state[..self.island.state_len()]);
        let (q, v) = (self.island.q(state), self.island.v(state));
        scratch.js[..n].copy_from_slice(&q[..n]);
        scratch.js[n..2 * n].copy_from_slice(&v[..n]);
        scratch.js[2 * n..].fill(0.0);
        let m = self.motors.len();
        let compliant = scratch.transmissions.len() / 2;
        let (mut next, mut wound) = (0, 0);
        for (place, motor) in self.motors.iter().enumerate() {
            let effort = scratch.efforts[place];
            let arrives = match motor.motor {
                Some(_) => scratch.transmissions[compliant + next],
                None => effort,
            };
            let (mut position, mut velocity) = (0.0, 0.0);
            for (k, coefficient) in motor.row.iter().enumerate() {
                position += coefficient * q[k];
                velocity += coefficient * v[k];
                // Power is the same on both sides of the coupling.
                scratch.js[2 * n + k] += coefficient * arrives;
            }
            if let Some(side) = &motor.motor {
                scratch.transmissions[next] = q[side.place] - position;
                (position, velocity) = (q[side.place], v[side.place]);
                next += 1;
            }
            if motor.has_winding {
                // The voltage constant is the torque constant, in SI units.
                scratch.back_emf[wound] = scratch.torque_constants[place] * motor.gear * velocity;
                wound += 1;
            }
            scratch.actuators[place] = position;
            scratch.actuators[m + place] = velocity;
            scratch.actuators[2 * m + place] = effort;
        }
        let mechanism = self.island.mechanism();
        let workspace = scratch.solver.mechanism();
        let tip = self.truth_tip.as_ref().map(|(tip, _)| (tip.frame, &tip.in_frame.translation.vector));
        let moved = self.deflections.publish(io, &self.island, workspace, tip, &mut scratch.deflections)?;
        let is_bent = moved != Isometry3::identity();
        let world_from_base = mechanism.world_from_base();
        let bent = |base_from: Isometry3<f64>| match is_bent {
            true => world_from_base.inverse() * moved * world_from_base * base_from,
            false => base_from,
        };
        let at = io.step_end;
        io.send(self.truth_js, &scratch.js, at, Nanos::ZERO, true);
        io.send(self.truth_actuators, &scratch.actuators, at, Nanos::ZERO, true);
        if let Some(port) = self.truth_transmissions {
            io.send(port, &scratch.transmissions, at, Nanos::ZERO, true);
        }
        if let Some(port) = self.truth_back_emf {
            io.send(port, &scratch.back_emf, at, Nanos::ZERO, true);
        }
        if let Some(passive) = &self.passive {
            passive.publish(io, &self.island, &scratch.solver, &mut scratch.passive);
        }
        if let (Some((worn, ports)), Some(rows)) = (&self.worn, &mut scratch.worn) {
            worn.publish(ports, io, &self.island, &scratch.solver, rows);
        }
        if let Some((tip, port)) = &self.truth_tip {
            let base_from_tip = bent(mechanism.base_from_frame(workspace, tip.frame) * tip.in_frame);
            let (t, r) = (base_from_tip.translation.vector, base_from_tip.rotation.coords);
            io.send(*port, &[t.x, t.y, t.z, r.x, r.y, r.z, r.w], at, Nanos::ZERO, true);
        }
        if let Some((frame, port)) = self.truth_base {
            let base = mechanism.base_from_frame(workspace, frame);
            let (t, r) = (base.translation.vector, base.rotation.coords);
            io.send(port, &[t.x, t.y, t.z, r.x, r.y, r.z, r.w], at, Nanos::ZERO, true);
        }
        for (touching, ports) in &self.touching {
            touching.publish(ports, io, &self.island);
        }
        if let Some((frame, port)) = self.truth_shaft {
            let base_from_shaft = bent(mechanism.base_from_frame(workspace, frame));
            let (t, r) = (base_from_shaft.translation.vector, base_from_shaft.rotation.coords);
            io.send(port, &[t.x, t.y, t.z, r.x, r.y, r.z, r.w], at, Nanos::ZERO, true);
        }
        Ok(())
    }
}

impl Component for ArmMechanism {
    fn scratch(&self) -> Box<dyn std::any::Any + Send> {
        Box::new(ArmScratch {
            solver: self.island.workspace(),
            inputs: self.island.nominal_inputs(),
            efforts: vec![0.0; self.motors.len()],
            js: vec![0.0; 3 * self.joints_at_start.len()],
            actuators: vec![0.0; 3 * self.motors.len()],
            feeling: self.feeling.scratch(&self.island),
            deflections: self.deflections.scratch(&self.island),
            worn: self.worn.as_ref().map(|(worn, _)| worn.scratch()),
            passive: self.passive.as_ref().map_or_else(Vec::new, PassiveTruth::scratch),
            torque_constants: vec![0.0; self.motors.len()],
            back_emf: vec![0.0; self.motors.iter().filter(|m| m.has_winding).count()],
            transmissions: vec![0.0; 2 * self.motors.iter().filter(|m| m.motor.is_some()).count()],
        })
    }

    fn initialise(&self, state: &mut [u64], _: &[f64]) {
        let state: &mut [f64] = bytemuck::cast_slice_mut(state);
        state[..self.positions_at_start.len()].copy_from_slice(&self.positions_at_start);
        // At the start no transmission is strained.
        for motor in &self.motors {
            let Some(side) = &motor.motor else { continue };
            state[side.place] = motor.row.iter().zip(&self.joints_at_start).map(|(c, q)| c * q).sum();
        }
    }

    fn publish_start(&self, io: &mut Activation<'_>) -> Result<(), String> {
        self.with_scratch(io, |this, io, scratch| {
            scratch.efforts.fill(0.0);
            scratch.transmissions.fill(0.0);
            // Nothing turns at the start.
            scratch.torque_constants.fill(0.0);
            this.locate(io, scratch)?;
            if let Some(gripped) = &this.gripped {
                gripped.publish_start(io);
            }
            this.publish(io, scratch)
        })
    }

    fn activate(&self, io: &mut Activation<'_>) -> Result<(), String> {
        self.with_scratch(io, |this, io, scratch| {
            for (place, motor) in this.motors.iter().enumerate() {
                let mut torque_constant = io.parameter(motor.torque_constant);
                if let Some(weakening) = &motor.weakening {
                    let above_k = io.read(weakening.temperature)[1] - weakening.reference_k;
                    torque_constant *= 1.0 + weakening.coefficient * above_k;
                }
                scratch.torque_constants[place] = torque_constant;
                let effort = io.read(motor.current)[0] * torque_constant * motor.gear;
                scratch.efforts[place] = effort;
                scratch.inputs[motor.effort_input] = effort;
                if let Some((level, input)) = motor.brake {
                    scratch.inputs[input] = io.read(level)[0];
                }
            }
            for input in &this.tunable_inputs {
                scratch.inputs[input.place] = input.base;
            }
            for input in &this.tunable_inputs {
                scratch.inputs[input.place] += input.factor * io.parameter(input.port);
            }
            if let Some((worn, ports)) = &this.worn {
                worn.pull(ports, io, &mut scratch.inputs);
            }
            for (touching, ports) in &this.touching {
                touching.run_belt(ports, io, &mut scratch.inputs);
            }
            let load = [this.load.map_or(0.0, |port| io.parameter(port))];
            let payload_mass_kg: &[f64] = if this.load.is_some() { &load } else { &[] };
            let inputs = IslandInputs { elements: &scratch.inputs, payload_mass_kg, wrenches: &[] };
            let words = this.island.state_len();
            let state: &mut [f64] = bytemuck::cast_slice_mut(&mut io.state[..words]);
            for _ in 0..this.substeps {
                let solver = &mut scratch.solver;
                this.island.step(state, &inputs, this.step_s, solver).map_err(|e| e.to_string())?;
            }
            this.read_transmissions(scratch);
            if let Some(gripped) = &this.gripped {
                gripped.publish(io, &this.island, &scratch.solver, this.step_s);
            }
            this.locate(io, scratch)?;
            this.bend(io, load[0], scratch)?;
            this.publish(io, scratch)?;
            let (solver, feeling) = (&mut scratch.solver, &mut scratch.feeling);
            this.feeling.publish(io, &this.island, payload_mass_kg, solver, feeling)
        })
    }
}

impl ArmMechanism {
    /// The efforts of the transmissions on their outputs over the step just made.
    fn read_transmissions(&self, scratch: &mut ArmScratch) {
        let compliant = scratch.transmissions.len() / 2;
        let sides = self.motors.iter().filter_map(|motor| motor.motor.as_ref());
        for (side, effort) in sides.zip(&mut scratch.transmissions[compliant..]) {
            let solver = &scratch.solver;
            *effort = -side.transmission.iter().filter_map(|e| solver.element_force(*e)).sum::<f64>();
        }
    }

    /// The deflections at the end of the step just made; the workspace holds its kinematics.
    fn bend(&self, io: &mut Activation<'_>, load_kg: f64, scratch: &mut ArmScratch) -> Result<(), String> {
        let square = |motor: &MotorLink| {
            let current = io.read(motor.current)[0];
            current * current
        };
        let square_amperes = self.motors.iter().map(square).sum();
        let (ws, own) = (scratch.solver.mechanism(), &mut scratch.deflections);
        self.deflections.step(io, &self.island, ws, (load_kg, square_amperes), own)
    }

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
