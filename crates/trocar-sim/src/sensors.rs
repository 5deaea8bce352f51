//! The sensors in an arm's frames: their components, and what each would feel if it were perfect.

use crate::assemble::under;
use crate::island::frame_of;
use crate::schedule::{Node, Pace, Role, Task};
use nalgebra::Vector3;
use trocar_dynamics::{FrameId, Island, IslandWorkspace};
use trocar_plant::{ActuatorKind, ForceSensor, Imu, TorqueSensor};
use trocar_scenario::{RobotFile, Section};
use trocar_signal::{
    Activation, Component, GroupClass, GroupSpec, Nanos, Problem, Rate, Registration, WritePort,
};

/// Sensors and readers of all frames, in the order of the file.
pub(crate) fn nodes(instance: &str, robot: &RobotFile) -> Result<Vec<Node>, Vec<Problem>> {
    let provenance = robot.provenance(Section::Actuators);
    let mut nodes = Vec::new();
    let mut problems = Vec::new();
    let mut add = |key: String,
                   rate_hz: f64,
                   sensor: (Registration, Result<Box<dyn Component>, Vec<Problem>>),
                   reader: (Registration, Box<dyn Component>)| {
        match (Rate::from_hz(rate_hz), sensor.1) {
            (Some(rate), Ok(component)) => {
                let pace = Pace::Task(Task::at(rate));
                nodes.push(Node { registration: sensor.0, component, pace, role: Role::Sensor });
                let (registration, component) = reader;
                nodes.push(Node { registration, component, pace: Pace::EveryStep, role: Role::Channel });
            }
            (None, _) => problems.push(Problem::new(format!("{key}.rate"), "is no rate")),
            (_, Err(found)) => problems.extend(under(&key, found)),
        }
    };
    fn boxed<C: Component + 'static>(
        made: Result<C, Vec<Problem>>,
    ) -> Result<Box<dyn Component>, Vec<Problem>> {
        made.map(|component| Box::new(component) as Box<dyn Component>)
    }
    for (i, config) in robot.imus.iter().enumerate() {
        let mut sensor = Registration::new(format!("{instance}.{}", config.name));
        let mut reader = Registration::new(format!("{instance}.{}.reader", config.name));
        let made = boxed(Imu::new(instance, config, &provenance, &mut sensor));
        let reads = Box::new(config.reader(instance, &mut reader));
        add(format!("imus[{i}]"), config.rate.value.si(), (sensor, made), (reader, reads));
    }
    for (i, config) in robot.force_sensors.iter().enumerate() {
        let mut sensor = Registration::new(format!("{instance}.{}", config.name));
        let mut reader = Registration::new(format!("{instance}.{}.reader", config.name));
        let made = boxed(ForceSensor::new(instance, config, &provenance, &mut sensor));
        let reads = Box::new(config.reader(instance, &mut reader));
        let key = format!("force_sensors[{i}]");
        add(key, config.gauge.rate.value.si(), (sensor, made), (reader, reads));
    }
    for (i, config) in robot.torque_sensors.iter().enumerate() {
        let kind = robot.joint_of_frame(&config.frame).unwrap_or(ActuatorKind::Revolute);
        let mut sensor = Registration::new(config.path(instance));
        let mut reader = Registration::new(format!("{}.reader", config.path(instance)));
        let made = boxed(TorqueSensor::new(instance, config, kind, &provenance, &mut sensor));
        let reads = Box::new(config.reader(instance, kind, &mut reader));
        let key = format!("torque_sensors[{i}]");
        add(key, config.gauge.rate.value.si(), (sensor, made), (reader, reads));
    }
    if problems.is_empty() { Ok(nodes) } else { Err(problems) }
}

/// The groups that are counts on the wire, with their width in bits.
pub(crate) fn wires(instance: &str, robot: &RobotFile) -> Vec<(String, u32)> {
    let named = |name: &str| format!("{instance}.{name}.count");
    let imus = robot.imus.iter().map(|s| (named(&s.name), s.bits.value));
    let forces = robot.force_sensors.iter().map(|s| (named(&s.name), s.gauge.bits.value));
    let torques =
        robot.torque_sensors.iter().map(|s| (format!("{}.count", s.path(instance)), s.gauge.bits.value));
    imus.chain(forces).chain(torques).collect()
}

/// What a perfect sensor in a frame would show.
enum Feels {
    /// Angular velocity and specific force, in the frame's axes.
    Motion,
    /// The wrench that the parent transmits, about the frame's origin in its axes.
    Wrench,
    /// Its moment about z.
    Moment,
    /// Its force along z.
    Force,
}

struct Sensed {
    frame: FrameId,
    feels: Feels,
    port: WritePort,
}

/// All that the frames of an arm feel; empty where it has no such sensors, and then it costs nothing.
pub(crate) struct Feeling(Vec<Sensed>);

/// Working memory.
pub(crate) struct FeelingScratch {
    acceleration: Vec<f64>,
    effort: Vec<f64>,
}

impl Feeling {
    /// Declares the groups of truth that the robot's sensors read.
    pub(crate) fn declare(
        instance: &str,
        robot: &RobotFile,
        island: &Island,
        registration: &mut Registration,
    ) -> Feeling {
        let frame_of = |name: &str| frame_of(island.mechanism(), name);
        let mut sensed = Vec::new();
        let mut add = |frame: &str, feels: Feels, spec: GroupSpec| {
            let port = registration.write(spec.class(GroupClass::Truth));
            sensed.push(Sensed { frame: frame_of(frame), feels, port });
        };
        for sensor in &robot.imus {
            let spec = sensor.truth(instance).meaning("motion of the frame in its own axes, as it is");
            add(&sensor.frame, Feels::Motion, spec);
        }
        for sensor in &robot.force_sensors {
            let frame = format!("{instance}.{}", sensor.frame);
            let spec = GroupSpec::wrench(sensor.truth(instance), &frame, &frame)
                .meaning("what the frame's parent transmits to it and all beyond, as it is");
            add(&sensor.frame, Feels::Wrench, spec);
        }
        for sensor in &robot.torque_sensors {
            let kind = robot.joint_of_frame(&sensor.frame).unwrap_or(ActuatorKind::Revolute);
            let feels = match kind {
                ActuatorKind::Revolute => Feels::Moment,
                ActuatorKind::Prismatic => Feels::Force,
            };
            let spec = GroupSpec::scalar(sensor.truth(instance), kind.effort())
                .meaning("effort that the frame's joint transmits along its axis, as it is");
            add(&sensor.frame, feels, spec);
        }
        Feeling(sensed)
    }

    pub(crate) fn scratch(&self, island: &Island) -> FeelingScratch {
        let n = if self.0.is_empty() { 0 } else { island.mechanism().coordinate_count() };
        FeelingScratch { acceleration: vec![0.0; n], effort: vec![0.0; n] }
    }

    /// Writes what is felt at the end of the step that was just taken: position and velocity there, with the step's mean
    /// acceleration. Leaves the workspace with the kinematics of that state.
    pub(crate) fn publish(
        &self,
        io: &mut Activation<'_>,
        island: &Island,
        payload_mass_kg: &[f64],
        solver: &mut IslandWorkspace,
        scratch: &mut FeelingScratch,
    ) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        scratch.acceleration.copy_from_slice(solver.acceleration());
        let mechanism = island.mechanism();
        let state: &[f64] = bytemuck::cast_slice(io.state);
        let (q, v) = (island.q(state), island.v(state));
        let workspace = solver.mechanism_mut();
        mechanism
            .inverse_dynamics(q, v, &scratch.acceleration, payload_mass_kg, workspace, &mut scratch.effort)
            .map_err(|e| e.to_string())?;
        let at = io.step_end;
        let origin = Vector3::zeros();
        for sensed in &self.0 {
            let workspace = solver.mechanism();
            let turn = workspace.world_from_frame(sensed.frame).rotation;
            let in_frame = |vector: &Vector3<f64>| turn.inverse_transform_vector(vector);
            let (first, second) = if let Feels::Motion = sensed.feels {
                let acceleration = mechanism.point_acceleration(workspace, sensed.frame, &origin);
                let specific = acceleration.linear_mps2 - mechanism.gravity_in_world_mps2();
                (in_frame(&workspace.twist(sensed.frame).angular_radps), in_frame(&specific))
            } else {
                let wrench = island.transmitted_wrench(solver, sensed.frame, &origin);
                (in_frame(&wrench.force_n), in_frame(&wrench.moment_nm))
            };
            let (f, s) = (first, second);
            match sensed.feels {
                Feels::Motion | Feels::Wrench => {
                    io.send(sensed.port, &[f.x, f.y, f.z, s.x, s.y, s.z], at, Nanos::ZERO, true);
                }
                Feels::Moment => io.send(sensed.port, &[s.z], at, Nanos::ZERO, true),
                Feels::Force => io.send(sensed.port, &[f.z], at, Nanos::ZERO, true),
            }
        }
        Ok(())
    }
}
