//! From a robot file to the components of one arm.

use crate::advice::{self, TooStiff};
use crate::case::DeclaredLimit;
use crate::contact::Contacts;
use crate::deflection::Deflections;
use crate::drive_train::{TunableInput, input_place};
use crate::fit::Misfit;
use crate::grip::Gauge;
use crate::island;
use crate::mechanism::{
    ArmMechanism, MotorLink, MotorSide, Weakening, back_emf_group, base_group, shaft_group, tip_group,
    transmission_group, truth_groups,
};
use crate::passive::{self, PassiveTruth};
use crate::schedule::{Node, Pace, Role, Task};
use crate::scope::Constant;
use crate::sensors::{self, Feeling};
use crate::slot_settings;
use crate::wearer::Wearer;
use nalgebra::{Isometry3, Vector3};
use std::collections::BTreeMap;
use trocar_control::{
    Arm, ArmKinematics, Assistance, Geometry, OwnFriction, OwnModel, RemoteCentre, Servo, ServoDrive,
    Supervisor,
};
use trocar_measure::LimitOwner;
use trocar_plant::{
    ActuatorKind, Brake, Bus, CountDecoder, Coupling, Encoder, JointList, Motor, Potentiometer, PowerSupply,
    brake_command,
};
use trocar_scenario::mechanism::MechanismConfig;
use trocar_scenario::robot::OwnerConfig;
use trocar_scenario::{RobotFile, Section};
use trocar_signal::{
    Component, Dimension, GroupSpec, Nanos, ParameterSpec, Problem, Provenance, Rate, Registration, Sourced,
    Standing,
};

/// A tool tip nearer to the remote centre than this is refused (dVRK, sawIntuitiveResearchKit: inverse kinematics
/// refuses what is less than 1 mm away).
const NEAREST_TO_REMOTE_CENTRE_M: f64 = 1e-3;

/// One arm, ready for the schedule.
pub(crate) struct Assembly {
    pub nodes: Vec<Node>,
    pub limits: Vec<DeclaredLimit>,
    /// What oscillates faster than the island's steps follow, the stiffest first.
    pub too_stiff: Vec<TooStiff>,
    /// Which joints are not where the wearer's are.
    pub misfits: Vec<Misfit>,
    pub actuators: Vec<String>,
    /// The remote centre in the base's frame.
    pub remote_centre_in_base_m: Option<Vector3<f64>>,
    /// How long after a command was taken its flag `is_busy` may still be old.
    pub settle: Nanos,
    /// The groups that are counts on the wire, with their width in bits.
    pub wires: Vec<(String, u32)>,
    /// Slot to what its built-in controller knows of the robot beside its parameters, for who fills it from outside.
    pub slot_settings: BTreeMap<String, serde_json::Value>,
}

/// Where an arm stands and how time passes there.
pub(crate) struct Setting {
    pub gravity_in_world_mps2: Vector3<f64>,
    pub world_from_base: Isometry3<f64>,
    pub step_rate: Rate,
    /// Steps of the island in each of these.
    pub substeps: u32,
    /// Joint to its position at the start; the others start at home.
    pub start: BTreeMap<String, f64>,
    /// What a laboratory holds between its jaws.
    pub gauge: Option<Gauge>,
    /// Who wears it.
    pub wearer: Option<Wearer>,
    /// What of it and of its wearer touches surfaces.
    pub contacts: Contacts,
    /// Whether nothing holds its base.
    pub is_base_free: bool,
}

/// Builds every component of an arm. Problems are below the robot file's root.
pub(crate) fn assemble(
    instance: &str,
    robot: &RobotFile,
    mut setting: Setting,
) -> Result<Assembly, Vec<Problem>> {
    let mut problems = Vec::new();
    let step_s = setting.step_rate.period_s();
    let axis_count = robot.mechanism.coordinates.len();
    let coupling = Coupling::new(&robot.coupling(), axis_count).map_err(|p| under("coupling", p))?;
    if robot.actuators.len() != axis_count {
        let what = format!(
            "{} actuators for {axis_count} coordinates; the coupling needs as many of each",
            robot.actuators.len()
        );
        return Err(vec![Problem::new("actuators", what)]);
    }
    let joints = robot.joints()?;
    let actuator_rows = actuator_rows(&coupling, axis_count);
    let joints_at_start = joints_at_start(robot, &joints, &setting.start);
    let mut built = island::build(
        &robot.mechanism,
        &robot.actuators,
        &actuator_rows,
        setting.gravity_in_world_mps2,
        setting.world_from_base,
        island::Beside {
            gauge: setting.gauge.as_ref(),
            wearer: setting.wearer.as_ref().map(|wearer| (wearer, joints_at_start.as_slice())),
            contacts: Some(&setting.contacts),
            is_base_free: setting.is_base_free,
        },
    )?;
    let remote_centre_in_base_m = robot.remote_centre.as_ref().map(|centre| {
        // The pivot of a laparoscopic arm does not move with its joints: any posture will do.
        let mechanism = built.island.mechanism();
        let mut workspace = mechanism.workspace();
        let zeros = vec![0.0; mechanism.coordinate_count()];
        let frame = island::frame_of(mechanism, &centre.frame);
        match mechanism.kinematics(&zeros, &zeros, &mut workspace) {
            Ok(()) => {
                let pose = mechanism.base_from_frame(&workspace, frame);
                pose.transform_point(&island::point(centre).into()).coords
            }
            Err(_) => Vector3::zeros(),
        }
    });

    let mut nodes = Vec::new();
    let mut push = |registration: Registration, component: Box<dyn Component>, pace: Pace, role: Role| {
        nodes.push(Node { registration, component, pace, role });
    };
    let actuators = robot.provenance(Section::Actuators);
    let mut note = |prefix: &str, found: Vec<Problem>| problems.extend(under(prefix, found));

    // The boards convert when the bus asks for readings. A rate that is none is named below.
    let bus_rate = Rate::from_hz(robot.bus.rate.value.si());
    let with_bus = bus_rate.map_or(Pace::EveryStep, |rate| Pace::Task(Task::at(rate)));
    for (place, actuator) in robot.actuators.iter().enumerate() {
        let key = format!("actuators[{place}]");
        let mut registration = Registration::new(format!("{instance}.{}.encoder", actuator.name));
        match Encoder::new(instance, actuator, place, axis_count, &actuators, &mut registration) {
            Ok(encoder) => push(registration, Box::new(encoder), Pace::EveryStep, Role::Sensor),
            Err(found) => note(&key, found),
        }
        let mut registration = Registration::new(format!("{instance}.{}.encoder.decoder", actuator.name));
        match CountDecoder::new(instance, actuator, &mut registration) {
            Ok(decoder) => push(registration, Box::new(decoder), Pace::EveryStep, Role::Channel),
            Err(found) => note(&key, found),
        }
        let mut registration = Registration::new(format!("{instance}.{}.potentiometer", actuator.name));
        match Potentiometer::new(instance, actuator, place, &actuators, &mut registration) {
            Ok(Some(sensor)) => push(registration, Box::new(sensor), with_bus, Role::Sensor),
            Ok(None) => {}
            Err(found) => note(&key, found),
        }
        if let Some(potentiometer) = &actuator.potentiometer {
            let path = format!("{instance}.{}.potentiometer.reader", actuator.name);
            let mut registration = Registration::new(path);
            let reader = potentiometer.reader(instance, actuator, &mut registration);
            push(registration, Box::new(reader), with_bus, Role::Channel);
        }
    }
    let kind = |position: Dimension| match position {
        Dimension::LENGTH => ActuatorKind::Prismatic,
        _ => ActuatorKind::Revolute,
    };
    let listed: Vec<(&str, ActuatorKind)> =
        joints.joints().iter().map(|j| (j.name.as_str(), kind(j.kind.position()))).collect();
    let list = JointList { joints: &listed, jaw: joints.jaw().map(|j| kind(j.kind.position())) };
    let mut registration = Registration::new(format!("{instance}.bus"));
    let bus = robot.provenance(Section::Bus);
    match Bus::new(instance, &robot.bus, &robot.actuators, list, &coupling, &bus, &mut registration) {
        Ok(component) => match bus_rate {
            Some(rate) => {
                push(registration, Box::new(component), Pace::Task(Task::at(rate)), Role::Channel);
            }
            None => note("bus", vec![Problem::new("rate", "must lie between 1e-6 Hz and 1 MHz")]),
        },
        Err(found) => note("bus", found),
    }
    let task = |rate: f64, compute_time: f64| {
        Some(Task { compute_time: Nanos::from_seconds(compute_time)?, ..Task::at(Rate::from_hz(rate)?) })
    };
    let no_task = || vec![Problem::new("rate", "rate and compute time make no task")];

    let provenance = robot.provenance(Section::Supervisor);
    let mut registration = Registration::new(format!("{instance}.supervisor"));
    let config = &robot.supervisor;
    let watched = (robot.two_sensors(), robot.spasm_sources());
    let watched = (watched.0.as_slice(), watched.1.as_slice());
    match Supervisor::new(instance, config, &provenance, &joints, watched, &mut registration) {
        Ok(component) => match task(config.rate.si(), config.compute_time.value.si()) {
            Some(task) => {
                let braked = robot.actuators.iter().filter(|a| a.brake.is_some());
                let commands = braked.map(|a| brake_command(instance, &a.name));
                let mut component = component.with_brakes(commands, &mut registration);
                if robot.stop.is_some() {
                    component = component.with_stop(instance, &mut registration);
                }
                push(registration, Box::new(component), Pace::Task(task), Role::Supervisor);
            }
            None => note("supervisor", no_task()),
        },
        Err(found) => note("supervisor", found),
    }

    let remote_centre = remote_centre_in_base_m.map(|point_in_base_m| RemoteCentre {
        point_in_base_m,
        minimum_distance_m: NEAREST_TO_REMOTE_CENTRE_M,
    });
    let stop = robot.stop.as_ref();
    let stop_provenance = robot.provenance(Section::Supervisor);
    let mut settle = Nanos::ZERO;
    let mut arm_settings = None;
    let geometry = match &robot.mechanism.tip {
        Some(tip) => {
            let chain = island::chain(&robot.mechanism, tip);
            ArmKinematics::new(joints.clone(), chain, remote_centre).map(Geometry::Chain)
        }
        None => Ok(Geometry::Joints(joints.clone())),
    };
    match geometry {
        Ok(geometry) => {
            arm_settings = Some(slot_settings::arm(&geometry));
            let provenance = robot.provenance(Section::Arm);
            let mut registration = Registration::new(format!("{instance}.arm"));
            let config = &robot.arm;
            match Arm::new(instance, config, &provenance, geometry, &mut registration) {
                Ok(mut component) => match task(config.rate.si(), config.compute_time.value.si()) {
                    Some(task) => {
                        if robot.assistance.is_some() {
                            component = component.with_assistance(instance, &mut registration);
                        }
                        if let Some(stop) = stop {
                            component =
                                component.with_stop(instance, stop, &stop_provenance, &mut registration);
                        }
                        let period = Nanos::from_seconds(task.rate.period_s()).unwrap_or(Nanos::ZERO);
                        settle = Nanos(task.compute_time.0 + 2 * period.0);
                        push(registration, Box::new(component), Pace::Task(task), Role::Controller);
                    }
                    None => note("arm", no_task()),
                },
                Err(found) => note("arm", found),
            }
        }
        // The kinematics count joints as the file counts coordinates.
        Err(found) => {
            let key = |key: &str| match key.strip_prefix("joints[") {
                Some(place) => format!("coordinates[{place}.name"),
                None => String::new(),
            };
            note(
                "mechanism",
                found.into_iter().map(|p| Problem { key: key(&p.key), what: p.what }).collect(),
            );
        }
    }

    let servo_drives: Vec<ServoDrive> = robot
        .actuators
        .iter()
        .map(|actuator| ServoDrive {
            actuator: actuator.name.clone(),
            effort_per_ampere: actuator.effort_per_ampere(),
            current_limit_a: actuator.motor.max_current.value.si(),
            has_brake: actuator.brake.is_some(),
        })
        .collect();
    let mut slot_settings = BTreeMap::from([
        (format!("{instance}.servo"), slot_settings::servo(robot, &joints, &servo_drives)),
        (format!("{instance}.supervisor"), slot_settings::supervisor(robot, &joints)),
    ]);
    slot_settings.extend(arm_settings.map(|settings| (format!("{instance}.arm"), settings)));
    let provenance = robot.provenance(Section::Servo);
    let mut registration = Registration::new(format!("{instance}.servo"));
    let config = &robot.servo;
    let rows = &robot.coupling().joint_from_actuator.value;
    match Servo::new(instance, config, &provenance, &joints, &servo_drives, rows, &mut registration) {
        Ok(component) => match task(config.rate.si(), config.compute_time.value.si()) {
            Some(task) => {
                let component = match robot.arm.takes_efforts() {
                    true => component.with_efforts(instance, &mut registration),
                    false => component,
                };
                let component = match stop {
                    Some(stop) => {
                        component.with_stop(instance, stop, &joints, &stop_provenance, &mut registration)
                    }
                    None => component,
                };
                push(registration, Box::new(component), Pace::Task(task), Role::Controller);
            }
            None => note("servo", no_task()),
        },
        Err(found) => note("servo", found),
    }

    if let Some(config) = &robot.assistance {
        let mut registration = Registration::new(format!("{instance}.assistance"));
        slot_settings
            .insert(format!("{instance}.assistance"), slot_settings::assistance(config, joints.joints()));
        let model = own_model(robot, &actuator_rows, &setting)?;
        match Assistance::new(instance, config, &stop_provenance, &joints, model, &mut registration) {
            Ok(component) => match task(config.rate.si(), config.compute_time.value.si()) {
                Some(task) => push(registration, Box::new(component), Pace::Task(task), Role::Controller),
                None => note("assistance", no_task()),
            },
            Err(found) => note("assistance", found),
        }
    }
    if let Some(config) = &robot.power_supply {
        let mut registration = Registration::new(format!("{instance}.supply"));
        match PowerSupply::new(instance, config, &robot.actuators, step_s, &actuators, &mut registration) {
            Ok(supply) => push(registration, Box::new(supply), Pace::EveryStep, Role::Actuator),
            Err(found) => note("power_supply", found),
        }
    }
    for (place, actuator) in robot.actuators.iter().enumerate() {
        let mut registration = Registration::new(format!("{instance}.{}.motor", actuator.name));
        let wound = robot.actuators[..place].iter().filter(|a| a.motor.winding.is_some()).count();
        match Motor::new(instance, actuator, step_s, wound, &actuators, &mut registration) {
            Ok(motor) => push(registration, Box::new(motor), Pace::EveryStep, Role::Actuator),
            Err(found) => note(&format!("actuators[{place}]"), found),
        }
        let mut registration = Registration::new(format!("{instance}.{}.brake", actuator.name));
        match Brake::new(instance, actuator, &actuators, &mut registration) {
            Ok(Some(brake)) => push(registration, Box::new(brake), Pace::EveryStep, Role::Actuator),
            Ok(None) => {}
            Err(found) => note(&format!("actuators[{place}]"), found),
        }
    }
    match sensors::nodes(instance, robot) {
        Ok(found) => nodes.extend(found),
        Err(found) => problems.extend(found),
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let misfits = std::mem::take(&mut built.misfits);
    let beside = Taken {
        gauge: setting.gauge.take(),
        wearer: setting.wearer.take(),
        contacts: std::mem::take(&mut setting.contacts),
    };
    if let (Some(wearer), Some(worn)) = (&beside.wearer, &built.worn) {
        nodes.push(wearer.muscles(instance, worn, step_s)?);
    }
    let (node, too_stiff) =
        mechanism_node(instance, robot, (built, beside), &actuator_rows, &setting, joints_at_start)?;
    nodes.push(node);
    Ok(Assembly {
        nodes,
        limits: limits(instance, robot),
        too_stiff,
        misfits,
        actuators: robot.actuators.iter().map(|a| a.name.clone()).collect(),
        remote_centre_in_base_m,
        settle,
        slot_settings,
        wires: wires(instance, robot).into_iter().chain(sensors::wires(instance, robot)).collect(),
    })
}

/// What a controller believes of the device itself: its links without wearer and load, and its friction, before and behind the
/// gears.
fn own_model(
    robot: &RobotFile,
    actuator_rows: &[Vec<f64>],
    setting: &Setting,
) -> Result<OwnModel, Vec<Problem>> {
    let (gravity, base) = (setting.gravity_in_world_mps2, setting.world_from_base);
    let own = island::build(&robot.mechanism, &[], &[], gravity, base, island::Beside::default())?;
    let coordinates = &robot.mechanism.coordinates;
    let of_links = robot.mechanism.friction.iter().map(|friction| OwnFriction {
        row: coordinates.iter().map(|c| friction.of.get(&c.name).copied().unwrap_or(0.0)).collect(),
        coulomb: friction.coulomb.value.si,
        viscous: friction.viscous.value.si,
    });
    let of_motors = robot.actuators.iter().zip(actuator_rows).filter_map(|(actuator, row)| {
        let friction = actuator.transmission.as_ref()?.motor_friction.as_ref()?;
        let (coulomb, viscous) = (friction.coulomb.value.si, friction.viscous.value.si);
        Some(OwnFriction { row: row.clone(), coulomb, viscous })
    });
    let friction = of_links.chain(of_motors).collect();
    Ok(OwnModel { mechanism: own.island.mechanism().clone(), friction })
}

fn wires(instance: &str, robot: &RobotFile) -> Vec<(String, u32)> {
    let mut wires = Vec::new();
    for actuator in &robot.actuators {
        let path = format!("{instance}.{}", actuator.name);
        wires.push((format!("{path}.encoder.count"), actuator.encoder.count_bits.value));
        if actuator.encoder.index {
            wires.push((format!("{path}.encoder.index.count"), actuator.encoder.count_bits.value));
        }
        if let Some(potentiometer) = &actuator.potentiometer {
            wires.push((format!("{path}.potentiometer.count"), potentiometer.adc_bits.value));
        }
    }
    wires
}

/// The rows of A⁻¹: actuator position = row · q.
pub(crate) fn actuator_rows(coupling: &Coupling, n: usize) -> Vec<Vec<f64>> {
    let mut rows = vec![vec![0.0; n]; n];
    for joint in 0..n {
        let mut q = vec![0.0; n];
        q[joint] = 1.0;
        let mut actuators = vec![0.0; n];
        coupling.actuators_from_joints(&q, &mut actuators);
        for (row, value) in rows.iter_mut().zip(actuators) {
            row[joint] = value;
        }
    }
    rows
}

/// Where the joints stand at the start: as the scene says, at home, or as near to zero as their limits let them.
fn joints_at_start(
    robot: &RobotFile,
    joints: &trocar_control::ArmJoints,
    given: &BTreeMap<String, f64>,
) -> Vec<f64> {
    let start = |name: &str| {
        let home = robot.arm.joints.iter().find(|j| j.joint == name).and_then(|j| j.home.as_ref());
        let joint = joints.axes().find(|joint| joint.name == name);
        let at_home = home.map_or_else(|| joint.map_or(0.0, |j| j.clamp(0.0)), |h| h.value.si);
        given.get(name).copied().unwrap_or(at_home)
    };
    robot.mechanism.coordinates.iter().map(|c| start(&c.name)).collect()
}

/// What stands in the island beside the robot, on its way into the mechanism's component.
struct Taken {
    gauge: Option<Gauge>,
    wearer: Option<Wearer>,
    contacts: Contacts,
}

fn mechanism_node(
    instance: &str,
    robot: &RobotFile,
    (mut built, Taken { gauge, wearer, contacts }): (island::Built, Taken),
    actuator_rows: &[Vec<f64>],
    setting: &Setting,
    joints_at_start: Vec<f64>,
) -> Result<(Node, Vec<TooStiff>), Vec<Problem>> {
    let provenance = robot.provenance(Section::Mechanism);
    let actuators = robot.provenance(Section::Actuators);
    let mut registration = Registration::new(format!("{instance}.mechanism"));
    let joint_names: Vec<(String, Dimension)> =
        robot.mechanism.coordinates.iter().map(|c| (c.name.clone(), c.kind.position())).collect();
    let actuator_names: Vec<(String, Dimension)> =
        robot.actuators.iter().map(|a| (a.name.clone(), a.kind.position())).collect();
    let groups = truth_groups(instance, &joint_names, &actuator_names);
    let [truth_js, truth_actuators] = ArmMechanism::declare(&built.island, &mut registration, groups);
    let truth_tip = built.tip.map(|tip| (tip, registration.write(tip_group(instance))));
    let truth_base = island::free_base_of(built.island.mechanism())
        .map(|frame| (frame, registration.write(base_group(instance))));
    let shaft = robot.shaft_frame().and_then(|name| built.island.mechanism().frame(name));
    let truth_shaft = shaft.map(|frame| (frame, registration.write(shaft_group(instance))));
    let feeling = Feeling::declare(instance, robot, &built.island, &mut registration);
    let deflections = Deflections::declare(
        instance,
        &robot.mechanism,
        &built.island,
        &provenance,
        setting.step_rate.period_s(),
        &mut registration,
    );
    let compliant = robot.actuators.iter().filter(|a| a.transmission.is_some());
    let truth_transmissions = transmission_group(instance, compliant).map(|group| registration.write(group));
    let back_emf = back_emf_group(instance, &robot.actuators);
    let truth_back_emf = back_emf.map(|group| registration.write(group));

    let input_of = |name: &str| input_place(&built.island, built.island.element(name)?, 0);
    let mut motors = Vec::new();
    let mut tunable_inputs = Vec::new();
    for ((actuator, row), drive) in robot.actuators.iter().zip(actuator_rows).zip(&built.drives) {
        let [torque_constant, gear] = actuator.power_parameters(instance, &actuators);
        let torque_constant = registration.parameter(torque_constant);
        registration.parameter(gear);
        if let Some(inertia) = &actuator.rotor_inertia {
            let path = format!("{instance}.{}.motor.rotor_inertia", actuator.name);
            registration.parameter(actuators.parameter(
                path,
                Dimension::INERTIA,
                inertia.value.si(),
                inertia,
                false,
            ));
        }
        motors.push(MotorLink {
            current: registration.read(format!("{instance}.{}.motor.current", actuator.name)),
            torque_constant,
            gear: actuator.gear.value.si,
            effort_input: input_place(&built.island, drive.drive, 0).unwrap_or(0),
            row: row.clone(),
            weakening: actuator.motor.thermal.as_ref().map(|thermal| Weakening {
                temperature: registration.read(format!("{instance}.{}.motor.temperature", actuator.name)),
                coefficient: thermal.torque_coefficient.value.si,
                reference_k: thermal.reference.value.si,
            }),
            has_winding: actuator.motor.winding.is_some(),
            brake: drive.brake.and_then(|element| {
                let level = registration.read(format!("{instance}.{}.brake.level", actuator.name));
                Some((level, input_place(&built.island, element, 0)?))
            }),
            motor: drive.motor.map(|place| MotorSide { place, transmission: drive.transmission.clone() }),
        });
        let ripples = actuator.ripple_parameters(instance, &actuators);
        for ([amplitude, cycles, phase], element) in ripples.into_iter().zip(&drive.ripples) {
            let port = registration.parameter(amplitude);
            registration.parameter(cycles);
            registration.parameter(phase);
            let Some(place) = input_place(&built.island, *element, 0) else { continue };
            let factor = actuator.gear.value.si.abs();
            tunable_inputs.push(TunableInput { place, port, base: 0.0, factor });
        }
        let path = format!("{instance}.{}", actuator.name);
        let Some(transmission) = &actuator.transmission else { continue };
        for spec in transmission.parameters(actuator.kind, &path, &actuators) {
            let own = spec.path.strip_prefix(&format!("{path}.")).unwrap_or_default().to_owned();
            let port = registration.parameter(spec);
            for link in drive.links.iter().filter(|link| link.parameter == own) {
                let Some(place) = input_place(&built.island, link.element, link.input) else { continue };
                tunable_inputs.push(TunableInput { place, port, base: link.base, factor: link.factor });
            }
        }
    }
    for friction in &robot.mechanism.friction {
        let path = format!("{instance}.{}.friction.coulomb", friction.name);
        let value = &friction.coulomb;
        let spec = provenance.parameter(path, value.value.dimension, value.value.si, value, true);
        let port = registration.parameter(spec.at_least(0.0));
        if let Some(input) = input_of(&format!("friction_{}", friction.name)) {
            tunable_inputs.push(TunableInput { place: input, port, base: 0.0, factor: 1.0 });
        }
    }
    let mechanism = &robot.mechanism;
    let inputs = &mut tunable_inputs;
    passive::declare_parameters(instance, mechanism, &built.island, &provenance, &mut registration, inputs);
    let passive = PassiveTruth::declare(instance, mechanism, &built.island, &mut registration);
    let gripped = gauge.zip(built.gauge).and_then(|(gauge, element)| {
        gauge.declare(instance, (&built.island, element), &mut registration, &mut tunable_inputs)
    });
    structural_parameters(instance, &robot.mechanism, &provenance, &mut registration);
    let load = built.has_payload.then(|| {
        registration.parameter(ParameterSpec {
            path: format!("{instance}.load"),
            dimension: Dimension::MASS,
            nominal: 0.0,
            source: "set by the scenario".to_owned(),
            standing: Standing::Declared,
            tunable: true,
            least: Some(0.0),
            words: Vec::new(),
            most: None,
        })
    });
    let mut start = built.island.mechanism().zero_position();
    start[..joints_at_start.len()].copy_from_slice(&joints_at_start);
    let mut worn = built.worn.take();
    if let Some(worn) = &mut worn {
        worn.place(&mut start);
        worn.settle_in(&built.island, &start).map_err(|problem| vec![problem])?;
    }
    if let (Some(worn), Some(wearer)) = (&worn, wearer) {
        let parts = (worn, &built.island);
        wearer.declare_parameters(instance, parts, &mut registration, &mut tunable_inputs);
    }
    let worn = worn.map(|worn| {
        let truth = worn.declare(instance, &mut registration);
        (worn, truth)
    });
    let parts = (built.touching.as_slice(), &built.island);
    let touching = contacts.declare(instance, parts, &mut registration, &mut tunable_inputs);
    let mut island = built.island;
    let ranges: Vec<(f64, f64)> =
        robot.mechanism.coordinates.iter().map(|c| (c.lower.value.si, c.upper.value.si)).collect();
    let payloads = island.mechanism().payload_count();
    advice::note_stiffness(&mut island, &start, &ranges, payloads)
        .map_err(|error| vec![Problem::new("mechanism", error.to_string())])?;
    let step_s = setting.step_rate.period_s() / f64::from(setting.substeps);
    let too_stiff = advice::too_stiff(&island, step_s);
    let component = ArmMechanism {
        island,
        step_s,
        substeps: setting.substeps,
        joints_at_start,
        motors,
        tunable_inputs,
        load,
        truth_js,
        truth_actuators,
        truth_tip,
        truth_base,
        truth_shaft,
        feeling,
        deflections,
        gripped,
        worn,
        touching,
        passive,
        positions_at_start: start,
        truth_transmissions,
        truth_back_emf,
    };
    let component: Box<dyn Component> = Box::new(component);
    Ok((Node { registration, component, pace: Pace::EveryStep, role: Role::Mechanism }, too_stiff))
}

/// The numbers of the mechanism that only the file changes; they are listed, counted and never read at run time.
fn structural_parameters(
    instance: &str,
    config: &MechanismConfig,
    provenance: &Provenance<'_>,
    registration: &mut Registration,
) {
    let mut add = |path: String, dimension: Dimension, si: f64, behind: (String, Standing)| {
        let path = format!("{instance}.{path}");
        registration.parameter(ParameterSpec::fixed(path, dimension, si, behind));
    };
    fn zero_by_default<T>(value: &Sourced<T>, si: f64) -> bool {
        si == 0.0 && value.source.is_none() && value.standing.is_none()
    }
    for frame in &config.frames {
        let name = &frame.name;
        let lengths = [("a", &frame.a), ("d", &frame.d)].map(|(field, v)| (field, v.as_ref()));
        for (field, value) in lengths.into_iter().filter_map(|(field, v)| Some((field, v?))) {
            if !zero_by_default(value, value.value.si()) {
                add(format!("{name}.{field}"), Dimension::LENGTH, value.value.si(), provenance.of(value));
            }
        }
        let angles = [("alpha", &frame.alpha), ("theta", &frame.theta)].map(|(field, v)| (field, v.as_ref()));
        for (field, value) in angles.into_iter().filter_map(|(field, v)| Some((field, v?))) {
            if !zero_by_default(value, value.value.si()) {
                add(format!("{name}.{field}"), Dimension::ANGLE, value.value.si(), provenance.of(value));
            }
        }
        if let Some(position) = &frame.position {
            for (axis, p) in ["x", "y", "z"].iter().zip(position.value) {
                let stands = provenance.of(position);
                add(format!("{name}.position.{axis}"), Dimension::LENGTH, p.si(), stands);
            }
        }
        if let Some(orientation) = &frame.orientation {
            for (axis, turn) in ["x", "y", "z"].iter().zip(orientation.rotation_vector_rad()) {
                let stands = provenance.of(&Sourced::bare(()));
                add(format!("{name}.orientation.{axis}"), Dimension::ANGLE, turn, stands);
            }
        }
    }
    for link in &config.links {
        let name = &link.frame;
        add(format!("{name}.mass"), Dimension::MASS, link.mass.value.si(), provenance.of(&link.mass));
        for (axis, c) in ["x", "y", "z"].iter().zip(link.centre_of_mass.value) {
            let stands = provenance.of(&link.centre_of_mass);
            add(format!("{name}.centre_of_mass.{axis}"), Dimension::LENGTH, c.si(), stands);
        }
        for (axes, i) in ["xx", "xy", "xz", "yy", "yz", "zz"].iter().zip(link.inertia.value) {
            add(format!("{name}.inertia.{axes}"), Dimension::INERTIA, i.si(), provenance.of(&link.inertia));
        }
    }
    for rotor in &config.rotors {
        let stands = provenance.of(&rotor.inertia);
        add(format!("{}.rotor_inertia", rotor.name), Dimension::INERTIA, rotor.inertia.value.si(), stands);
    }
    for friction in &config.friction {
        for (field, value) in [
            ("viscous", &friction.viscous),
            ("presliding_stiffness", &friction.presliding_stiffness),
            ("presliding_damping", &friction.presliding_damping),
        ] {
            let path = format!("{}.friction.{field}", friction.name);
            add(path, value.value.dimension, value.value.si, provenance.of(value));
        }
    }
    for stop in &config.stops {
        for (field, value) in [
            ("lower", &stop.lower),
            ("upper", &stop.upper),
            ("stiffness", &stop.stiffness),
            ("damping", &stop.damping),
        ] {
            let path = format!("{}.stop.{field}", stop.name);
            add(path, value.value.dimension, value.value.si, provenance.of(value));
        }
    }
}

fn limits(instance: &str, robot: &RobotFile) -> Vec<DeclaredLimit> {
    robot
        .declared
        .iter()
        .map(|(name, declared)| DeclaredLimit {
            constant: Constant {
                path: format!("{instance}.declared.{name}"),
                value: declared.value.si,
                dimension: declared.value.dimension,
            },
            owner: match &declared.owner {
                OwnerConfig::Declared { document } => LimitOwner::Declared { document: document.clone() },
                OwnerConfig::Example => LimitOwner::Example,
            },
        })
        .collect()
}

/// The given problems below `prefix`.
pub(crate) fn under(prefix: &str, problems: Vec<Problem>) -> Vec<Problem> {
    let join = |key: String| match key.as_str() {
        "" => prefix.to_owned(),
        k if k.starts_with('[') => format!("{prefix}{k}"),
        k => format!("{prefix}.{k}"),
    };
    problems.into_iter().map(|p| Problem { key: join(p.key), what: p.what }).collect()
}

/// Where the tool tip or the shaft of an arm, or a master's handle, is looked up by an instrument: a laboratory's target on
/// them is the truth. `psm1.tool_tip.position.x` is one number of it.
#[must_use]
pub(crate) fn truth_of(path: &str) -> Option<String> {
    let (of, rest) = path.split_once('.')?;
    let (point, number) = rest.split_once('.').map_or((rest, None), |(point, number)| (point, Some(number)));
    let group = match point {
        "tool_tip" => "tip",
        "shaft" => "shaft",
        "handle" => "handle",
        _ => return None,
    };
    Some(format!("{of}.truth.{group}{}", number.map_or_else(String::new, |number| format!(".{number}"))))
}

/// The command groups by which a program drives an arm.
pub(crate) fn is_superseding(inbox: &GroupSpec) -> bool {
    inbox.path.rsplit('.').next().is_some_and(|name| name.starts_with("servo_"))
}

#[cfg(test)]
mod tests {
    use super::truth_of;

    #[test]
    fn targets_of_a_laboratory_are_the_truth() {
        assert_eq!(truth_of("psm1.tool_tip").as_deref(), Some("psm1.truth.tip"));
        assert_eq!(truth_of("master.handle.position.x").as_deref(), Some("master.truth.handle.position.x"));
        assert_eq!(truth_of("psm1.tool_tips"), None);
    }
}
