//! Who wears a robot: what becomes of them in the robot's island, and what is true of them.

use crate::assemble::under;
use crate::drive_train::{TunableInput, input_place};
use crate::fit::{self, Misfit};
use crate::island::placement;
use crate::schedule::{Node, Pace, Role};
use crate::weight_support::{Support, SupportTruth};
use nalgebra::{Isometry3, Translation3, Vector3};
use std::collections::BTreeMap;
use trocar_dynamics::{
    ConnectionId, CoordinateId, Drive, ElementId, FrameId, Friction, Island, IslandBuilder, IslandWorkspace,
    Mechanism, MechanismBuilder, Placement, SpringDamper,
};
use trocar_plant::person::{Joints, PassiveLeg, Person, PlacedPerson};
use trocar_plant::{
    CUFF_INPUTS, CuffConfig, Muscles, WearerConfig, WeightSupportConfig, WillConfig, Willing, muscles_path,
};
use trocar_scenario::mechanism::MechanismConfig;
use trocar_scenario::person::{PersonFile, WearerPlacement};
use trocar_scenario::{LoadedPerson, LoadedRobot, LoadedScene};
use trocar_signal::{
    Activation, Component, Diagnostic, Dimension, GroupClass, GroupSpec, Nanos, ParameterSpec, Problem,
    Provenance, ReadPort, Registration, Standing, WritePort,
};

/// First part of the names of all that is the wearer's, in the island and in the robot's signals.
const NAME: &str = "wearer";

/// The angle at which the friction of a dummy's joints lets go, rad: half a degree. Assumed; it shows nowhere but in how
/// a joint settles.
const FRICTION_LETS_GO_RAD: f64 = 0.5 * std::f64::consts::PI / 180.0;

/// A person on the way into a robot's island.
pub(crate) struct Wearer {
    person: Person,
    joints: Joints,
    tissue: WearerConfig,
    base_from_pelvis: Isometry3<f64>,
    /// Joint to its angle at the start, rad.
    start: BTreeMap<String, f64>,
    cuffs: Vec<(String, CuffConfig)>,
    segments: Vec<String>,
    /// Numbers that stand in the files and never change.
    fixed: Vec<ParameterSpec>,
    /// What the person's file says of its muscles.
    file: PersonFile,
    will: Option<WillConfig>,
    support: Option<WeightSupportConfig>,
    /// What stands behind the scene's numbers.
    standing: Standing,
}

/// A person in an island.
pub(crate) struct Worn {
    pelvis: FrameId,
    /// Of each joint its name, its word of q and its word of q̇, and what acts on it alone.
    joints: Vec<WornJoint>,
    /// Words of q of the joints of each leg that has passive torques: hip, knee, ankle; and the places of these joints.
    legs: Vec<([usize; 3], [usize; 3])>,
    cuffs: Vec<WornCuff>,
    support: Option<Support>,
}

/// Frames that a person brings into a robot's mechanism: their own, both sides of each cuff, and both ends of the cable that carries them.
pub(crate) struct Dressed {
    pub placed: PlacedPerson,
    cuffs: Vec<[FrameId; 2]>,
    support: Option<[FrameId; 2]>,
}

struct WornJoint {
    name: String,
    position: usize,
    velocity: usize,
    elements: Vec<ElementId>,
    muscle: ElementId,
    /// The place of its muscles' torque among the island's inputs.
    muscle_input: usize,
    start_rad: f64,
}

struct WornCuff {
    name: String,
    connection: ConnectionId,
    /// Rotates what is said in the pelvis' axes into the cuff's, as the robot is put on.
    cuff_from_pelvis: [Vector3<f64>; 3],
    pad_area_m2: Option<f64>,
}

impl Wearer {
    /// The wearer of a robot of a scene, if it has one.
    ///
    /// # Errors
    /// What does not fit, at its place in the scene.
    pub(crate) fn of_scene(
        scene: &LoadedScene,
        instance: &str,
        robot: &LoadedRobot,
        step_s: f64,
    ) -> Result<Option<Wearer>, Vec<Diagnostic>> {
        let placed = scene.scene.robots.get(instance).and_then(|placed| placed.wearer.as_ref());
        let (Some(placed), Some(loaded)) = (placed, scene.wearers.get(instance)) else { return Ok(None) };
        let root = format!("robots.{instance}.wearer");
        let wrong = |problems: Vec<Problem>| -> Vec<Diagnostic> {
            let at = |p: Problem| Problem::new(format!("{root}.{}", p.key), p.what);
            problems.into_iter().map(|problem| scene.spans.problem("", &at(problem))).collect()
        };
        Wearer::new(instance, placed, loaded, robot, step_s).map(Some).map_err(wrong)
    }

    fn new(
        instance: &str,
        placed: &WearerPlacement,
        loaded: &LoadedPerson,
        robot: &LoadedRobot,
        step_s: f64,
    ) -> Result<Wearer, Vec<Problem>> {
        let file: &PersonFile = &loaded.person;
        let person = file.person().map_err(|wrong| vec![Problem::new("file", wrong.what)])?;
        let joints = file.moving();
        let alone = |b: &mut MechanismBuilder| {
            person.add_to(b, NAME, FrameId::BASE, Placement::Fixed(Isometry3::identity()), joints)
        };
        let mut builder = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
        let parts = alone(&mut builder).map_err(|e| vec![Problem::new("file", e.to_string())])?;
        let segments: Vec<&str> = parts.frames().map(|(name, _)| name).collect();
        let moving: Vec<&str> = parts.coordinates().map(|(name, _)| name).collect();
        let base = trocar_scenario::mechanism::BASE;
        let frames = robot.robot.mechanism.frames.iter().map(|frame| frame.name.as_str());
        let frames: Vec<&str> = std::iter::once(base).chain(frames).collect();
        let mut problems = placed.check_fit(&segments, &moving, &frames);
        let cuffs: Vec<(&String, &CuffConfig)> = placed.cuffs.iter().collect();
        problems.extend(fit::beyond_the_limb(&person, &file.title, &cuffs));
        for joint in file.spasticity.keys().filter(|joint| !moving.contains(&joint.as_str())) {
            let what = format!(
                "its `[spasticity.{joint}]` is of a joint that the person does not have; there is: {}",
                moving.join(", ")
            );
            problems.push(Problem::new("file", what));
        }
        if let Some(will) = &placed.will {
            let names: Vec<String> = moving.iter().map(|name| (*name).to_owned()).collect();
            let mut found = will.check_person(&person, &names);
            found.extend(will.check_step(&person, step_s));
            problems.extend(under("will", found));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut fixed = Vec::new();
        let own = file.provenance();
        let mut add = |path: &str, dimension, si, behind| {
            let path = format!("{instance}.{NAME}.{path}");
            fixed.push(ParameterSpec::fixed(path, dimension, si, behind));
        };
        add("height", Dimension::LENGTH, file.height.value.si(), own.of(&file.height));
        add("mass", Dimension::MASS, file.mass.value.si(), own.of(&file.mass));
        let damping = &file.tissue.damping;
        add("damping", Dimension::ROTATIONAL_DAMPING, damping.value.si(), own.of(damping));
        if let Some(friction) = &file.tissue.friction {
            add("friction", Dimension::TORQUE, friction.value.si(), own.of(friction));
        }
        let sources = BTreeMap::new();
        let standing = placed.provenance.as_ref().map_or(Standing::Declared, |p| p.standing);
        let of_scene = Provenance { sources: &sources, source: None, standing };
        for (name, cuff) in &placed.cuffs {
            add(&format!("{name}.below"), Dimension::LENGTH, cuff.below.value.si(), of_scene.of(&cuff.below));
            for (axis, place) in [("x", 0), ("y", 1), ("z", 2)] {
                let stiffness = &cuff.stiffness;
                let path = format!("{name}.stiffness.{axis}");
                let behind = of_scene.of(stiffness);
                add(&path, Dimension::STIFFNESS, stiffness.value[place].si(), behind);
                let path = format!("{name}.damping.{axis}");
                let behind = of_scene.of(&cuff.damping);
                add(&path, Dimension::DAMPING, cuff.damping.value[place].si(), behind);
                let turning = &cuff.turning_stiffness;
                let path = format!("{name}.turning_stiffness.{axis}");
                let behind = of_scene.of(turning);
                add(&path, Dimension::ROTATIONAL_STIFFNESS, turning.value[place].si(), behind);
                let turning = &cuff.turning_damping;
                let path = format!("{name}.turning_damping.{axis}");
                let behind = of_scene.of(turning);
                add(&path, Dimension::ROTATIONAL_DAMPING, turning.value[place].si(), behind);
            }
            if let Some(slack) = &cuff.slack {
                add(&format!("{name}.slack"), Dimension::LENGTH, slack.value.si(), of_scene.of(slack));
            }
            if let Some(slip) = &cuff.slip {
                add(&format!("{name}.slip"), Dimension::FORCE, slip.value.si(), of_scene.of(slip));
            }
        }
        let segments = segments.into_iter().map(str::to_owned).collect();
        Ok(Wearer {
            person,
            joints,
            segments,
            tissue: file.tissue.clone(),
            base_from_pelvis: placement(&placed.pelvis),
            start: placed.start.iter().map(|(joint, angle)| (joint.clone(), angle.si())).collect(),
            cuffs: placed.cuffs.iter().map(|(name, cuff)| (name.clone(), cuff.clone())).collect(),
            fixed,
            file: file.clone(),
            will: placed.will.clone(),
            support: placed.weight_support.clone(),
            standing,
        })
    }

    /// The person's body.
    pub(crate) fn person(&self) -> &Person {
        &self.person
    }

    /// The names of the person's segments.
    pub(crate) fn segments(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// The component that is the person's muscles.
    pub(crate) fn muscles(&self, instance: &str, worn: &Worn, step_s: f64) -> Result<Node, Vec<Problem>> {
        let mut registration = Registration::new(muscles_path(instance));
        let joints: Vec<String> = worn.joints.iter().map(|joint| joint.name.clone()).collect();
        let (spastic, provenance) = (&self.file.spasticity, self.file.provenance());
        let sources = BTreeMap::new();
        let of_scene = Provenance { sources: &sources, source: None, standing: self.standing };
        let person = &self.person;
        let will = self.will.as_ref().map(|config| Willing { config, person, provenance: of_scene });
        let muscles =
            Muscles::new(instance, &joints, spastic, &provenance, will.as_ref(), step_s, &mut registration)?;
        let component: Box<dyn Component> = Box::new(muscles);
        Ok(Node { registration, component, pace: Pace::EveryStep, role: Role::Channel })
    }

    /// Adds the person to the robot's mechanism, and frames for both sides of each cuff where they are when the robot stands
    /// at `robot_start` and the person as the scene says.
    pub(crate) fn add_to(
        &self,
        builder: &mut MechanismBuilder,
        robot_frames: &BTreeMap<&str, FrameId>,
        robot_start: &[f64],
    ) -> Result<Dressed, Problem> {
        let internal = |e: String| Problem::new("mechanism", format!("with its wearer: {e}"));
        let placed = self
            .person
            .add_to(builder, NAME, FrameId::BASE, Placement::Fixed(self.base_from_pelvis), self.joints)
            .map_err(|e| internal(e.to_string()))?;
        let trial = builder.clone().build().map_err(|e| internal(e.to_string()))?;
        let q = self.positions_at_start(&trial, &placed, robot_start);
        let mut ws = trial.workspace();
        trial
            .kinematics(&q, &vec![0.0; trial.coordinate_count()], &mut ws)
            .map_err(|e| internal(e.to_string()))?;
        let mut ends = Vec::with_capacity(self.cuffs.len());
        for (name, cuff) in &self.cuffs {
            let limb = placed.frame(&cuff.segment).unwrap_or(FrameId::BASE);
            let link = robot_frames.get(cuff.frame.as_str()).copied().unwrap_or(FrameId::BASE);
            let below = Isometry3::from_parts(
                Translation3::new(0.0, 0.0, -cuff.below.value.si()),
                nalgebra::UnitQuaternion::identity(),
            );
            let world_from_cuff = ws.world_from_frame(limb) * below;
            let link_from_cuff = ws.world_from_frame(link).inverse() * world_from_cuff;
            let (robot_side, limb_side) = (format!("{NAME}.{name}.cuff"), format!("{NAME}.{name}.limb"));
            ends.push([
                builder.frame(&robot_side, link, Placement::Fixed(link_from_cuff), None),
                builder.frame(&limb_side, limb, Placement::Fixed(below), None),
            ]);
        }
        let pelvis = placed.frame("pelvis").unwrap_or(FrameId::BASE);
        let support = self.support.as_ref().map(|config| Support::frames(config, builder, &ws, pelvis));
        Ok(Dressed { placed, cuffs: ends, support })
    }

    /// Which joints of the robot are not where this person's are when it is put on.
    pub(crate) fn misfits(
        &self,
        config: &MechanismConfig,
        mechanism: &Mechanism,
        placed: &PlacedPerson,
        robot_start: &[f64],
    ) -> Result<Vec<Misfit>, Problem> {
        let q = self.positions_at_start(mechanism, placed, robot_start);
        let mut ws = mechanism.workspace();
        mechanism
            .kinematics(&q, &vec![0.0; mechanism.coordinate_count()], &mut ws)
            .map_err(|e| Problem::new("mechanism", format!("with its wearer: {e}")))?;
        Ok(fit::misfits(config, mechanism, &ws, placed, &self.cuffs))
    }

    /// All words of q with the robot's first coordinates there and the person as the scene says.
    fn positions_at_start(
        &self,
        mechanism: &Mechanism,
        placed: &PlacedPerson,
        robot_start: &[f64],
    ) -> Vec<f64> {
        let mut q = mechanism.zero_position();
        for (word, value) in q.iter_mut().zip(robot_start) {
            *word = *value;
        }
        for (name, coordinate) in placed.coordinates() {
            if let (Some(angle), Some(place)) = (self.start.get(name), mechanism.position_of(coordinate)) {
                q[place] = *angle;
            }
        }
        q
    }

    /// Adds what acts on and between the person's joints, and the cuffs.
    pub(crate) fn add_elements(
        &self,
        Dressed { placed, cuffs: ends, support }: &Dressed,
        island: &mut IslandBuilder,
    ) -> Result<Worn, Problem> {
        let problem = |e: String| Problem::new("mechanism", format!("with its wearer: {e}"));
        let coordinates: Vec<(String, CoordinateId)> =
            placed.coordinates().map(|(name, id)| (name.to_owned(), id)).collect();
        let mut joints = Vec::new();
        for (name, id) in &coordinates {
            let row = [(*id, 1.0)];
            let full = |what: &str| format!("{NAME}.{name}.{what}");
            let muscle = island.element(&full("muscle"), &row, Drive);
            let mut elements = vec![muscle];
            match self.tissue.limit(name) {
                Some(limit) => elements.push(island.element(&full("limit"), &row, limit)),
                None => {
                    let damper = SpringDamper::new(0.0, self.tissue.damping.value.si(), 0.0);
                    let damper = damper.map_err(|e| problem(e.to_string()))?;
                    elements.push(island.element(&full("damping"), &row, damper));
                }
            }
            if let Some(friction) = &self.tissue.friction {
                let level = friction.value.si();
                let stiffness = level / FRICTION_LETS_GO_RAD;
                let friction =
                    Friction::new(level, 0.0, stiffness, 0.0).map_err(|e| problem(e.to_string()))?;
                elements.push(island.element(&full("friction"), &row, friction));
            }
            let position = island.mechanism().position_of(*id).unwrap_or_default();
            let start_rad = self.start.get(name).copied().unwrap_or(0.0);
            let velocity = id.index();
            let name = name.clone();
            joints.push(WornJoint { name, position, velocity, elements, muscle, muscle_input: 0, start_rad });
        }
        let mut legs = Vec::new();
        for side in ["r", "l"] {
            if self.tissue.passive.is_none() {
                break;
            }
            let names = ["hip_flexion", "knee_flexion", "ankle_dorsiflexion"].map(|n| format!("{n}_{side}"));
            let places = names.map(|name| joints.iter().position(|joint| joint.name == name));
            let [Some(hip), Some(knee), Some(ankle)] = places else { continue };
            let own = [hip, knee, ankle].map(|place| coordinates[place].1);
            island.field(&format!("{NAME}.passive_{side}"), &own, PassiveLeg);
            legs.push(([hip, knee, ankle].map(|place| joints[place].position), [hip, knee, ankle]));
        }
        let mut cuffs = Vec::new();
        for ((name, cuff), [robot_side, limb_side]) in self.cuffs.iter().zip(ends) {
            let law = cuff.law(Isometry3::identity());
            let connection = island.connect(&format!("{NAME}.{name}"), *robot_side, *limb_side, law);
            cuffs.push(WornCuff {
                name: name.clone(),
                connection,
                cuff_from_pelvis: [Vector3::x(), Vector3::y(), Vector3::z()],
                pad_area_m2: cuff.pad_area.as_ref().map(|area| area.value.si()),
            });
        }
        let mass_kg = self.person.mass_kg();
        let support = self.support.as_ref().zip(*support);
        let support = support.map(|(config, ends)| Support::connect(config, mass_kg, ends, island));
        Ok(Worn { pelvis: placed.frame("pelvis").unwrap_or(FrameId::BASE), joints, legs, cuffs, support })
    }

    /// Declares the wearer's parameters.
    pub(crate) fn declare_parameters(
        self,
        instance: &str,
        (worn, island): (&Worn, &Island),
        registration: &mut Registration,
        inputs: &mut Vec<TunableInput>,
    ) {
        for spec in self.fixed {
            registration.parameter(spec);
        }
        if let (Some(support), Some(config)) = (&worn.support, &self.support) {
            support.declare_parameters((instance, config, self.standing), island, registration, inputs);
        }
        let spec = |path: String, dimension, nominal, least| ParameterSpec {
            path: format!("{instance}.{NAME}.{path}"),
            dimension,
            nominal,
            source: "set by the scenario".to_owned(),
            standing: Standing::Declared,
            tunable: true,
            least,
            words: Vec::new(),
            most: None,
        };
        let misalignment = ["x", "y", "z"].map(|axis| {
            registration.parameter(spec(format!("misalignment.{axis}"), Dimension::LENGTH, 0.0, None))
        });
        for cuff in &worn.cuffs {
            let Some(first) = island.inputs_of_connection(cuff.connection).map(|range| range.start) else {
                continue;
            };
            for (input, name) in CUFF_INPUTS.iter().enumerate().take(2) {
                let path = format!("{}.{name}", cuff.name);
                let port = registration.parameter(spec(path, Dimension::NUMBER, 1.0, Some(0.0)));
                inputs.push(TunableInput { place: first + input, port, base: 0.0, factor: 1.0 });
            }
            for (axis, row) in cuff.cuff_from_pelvis.iter().enumerate() {
                for (port, factor) in misalignment.iter().zip(row.iter()) {
                    let (place, port) = (first + 2 + axis, *port);
                    inputs.push(TunableInput { place, port, base: 0.0, factor: *factor });
                }
            }
        }
    }
}

/// What a wearer's mechanism reads and writes.
pub(crate) struct WearerTruth {
    muscles: ReadPort,
    joints: WritePort,
    pelvis: WritePort,
    cuffs: Vec<(WritePort, Option<WritePort>)>,
    support: Option<SupportTruth>,
}

/// Working memory: positions, velocities and efforts of the joints.
pub(crate) struct WearerScratch(Vec<f64>);

impl Worn {
    /// Finds, in the finished island, its inputs and how the cuffs stand against the pelvis as the robot is put on.
    pub(crate) fn settle_in(&mut self, island: &Island, q: &[f64]) -> Result<(), Problem> {
        let wrong = |e: trocar_dynamics::DynamicsError| Problem::new("mechanism", e.to_string());
        let mechanism = island.mechanism();
        let mut ws = mechanism.workspace();
        mechanism.kinematics(q, &vec![0.0; mechanism.coordinate_count()], &mut ws).map_err(wrong)?;
        for joint in &mut self.joints {
            joint.muscle_input = input_place(island, joint.muscle, 0).unwrap_or_default();
        }
        let world_from_pelvis = ws.world_from_frame(self.pelvis).rotation;
        for cuff in &mut self.cuffs {
            let name = format!("{NAME}.{}.cuff", cuff.name);
            let Some(frame) = mechanism.frame(&name) else { continue };
            let turn = ws.world_from_frame(frame).rotation.inverse() * world_from_pelvis;
            let matrix = turn.to_rotation_matrix();
            cuff.cuff_from_pelvis = [0, 1, 2].map(|row| matrix.matrix().row(row).transpose());
        }
        Ok(())
    }

    /// Declares what is true of the wearer.
    pub(crate) fn declare(&self, instance: &str, registration: &mut Registration) -> WearerTruth {
        let path = |what: &str| format!("{instance}.{NAME}.truth.{what}");
        let joints: Vec<(&str, Dimension)> =
            self.joints.iter().map(|joint| (joint.name.as_str(), Dimension::ANGLE)).collect();
        let js = GroupSpec::joint_state(path("js"), joints).class(GroupClass::Truth).meaning(
            "joint angles of the wearer as they are, zero in upright standing, flexion positive, and the torques of their tissue",
        );
        let (base, pelvis) = (format!("{instance}.base"), format!("{instance}.{NAME}.pelvis"));
        let pelvis = GroupSpec::pose(path("pelvis"), &base, &pelvis)
            .class(GroupClass::Truth)
            .meaning("the wearer's pelvis, midway between the hips, as it is");
        let cuffs = self.cuffs.iter().map(|cuff| {
            let frame = format!("{instance}.{NAME}.{}", cuff.name);
            let wrench =
                GroupSpec::wrench(path(&cuff.name), &frame, &frame).class(GroupClass::Truth).meaning(
                    "mean force and moment of the cuff on the limb over the last step; z along the limb",
                );
            let pressure = GroupSpec::scalar(path(&format!("{}.pressure", cuff.name)), Dimension::PRESSURE)
                .class(GroupClass::Truth)
                .meaning("the cuff's force across the limb over the area of its pad");
            let wrench = registration.write(wrench);
            (wrench, cuff.pad_area_m2.map(|_| registration.write(pressure)))
        });
        let cuffs = cuffs.collect();
        let muscles = registration.read(muscles_path(instance));
        let (joints, pelvis) = (registration.write(js), registration.write(pelvis));
        let support = self.support.as_ref().map(|support| support.declare(instance, registration));
        WearerTruth { muscles, joints, pelvis, cuffs, support }
    }

    /// Writes the start of the person's joints into words of q.
    pub(crate) fn place(&self, q: &mut [f64]) {
        for joint in &self.joints {
            q[joint.position] = joint.start_rad;
        }
    }

    pub(crate) fn scratch(&self) -> WearerScratch {
        WearerScratch(vec![0.0; 3 * self.joints.len()])
    }

    /// Lays the torques of the muscles among the island's inputs.
    pub(crate) fn pull(&self, ports: &WearerTruth, io: &Activation<'_>, inputs: &mut [f64]) {
        for (joint, torque) in self.joints.iter().zip(io.read(ports.muscles)) {
            inputs[joint.muscle_input] = *torque;
        }
    }

    /// Writes the truth; the solver holds the kinematics of the state.
    pub(crate) fn publish(
        &self,
        ports: &WearerTruth,
        io: &mut Activation<'_>,
        island: &Island,
        solver: &IslandWorkspace,
        WearerScratch(rows): &mut WearerScratch,
    ) {
        let n = self.joints.len();
        let state: &[f64] = bytemuck::cast_slice(&io.state[..island.state_len()]);
        let (q, v) = (island.q(state), island.v(state));
        for (place, joint) in self.joints.iter().enumerate() {
            rows[place] = q[joint.position];
            rows[n + place] = v[joint.velocity];
            rows[2 * n + place] =
                joint.elements.iter().filter_map(|element| solver.element_force(*element)).sum();
        }
        for (words, places) in &self.legs {
            let torques = PassiveLeg.efforts(&words.map(|word| q[word]));
            for (place, torque) in places.iter().zip(torques) {
                rows[2 * n + place] += torque;
            }
        }
        let pelvis = island.mechanism().base_from_frame(solver.mechanism(), self.pelvis);
        let (t, r) = (pelvis.translation.vector, pelvis.rotation.coords);
        let at = io.step_end;
        io.send(ports.joints, rows, at, Nanos::ZERO, true);
        io.send(ports.pelvis, &[t.x, t.y, t.z, r.x, r.y, r.z, r.w], at, Nanos::ZERO, true);
        if let (Some(support), Some(port)) = (&self.support, &ports.support) {
            support.publish(port, io, island, solver);
        }
        for (cuff, (wrench_port, pressure_port)) in self.cuffs.iter().zip(&ports.cuffs) {
            let wrench = solver.connection_wrench(cuff.connection).unwrap_or_default();
            let (f, m) = (wrench.force_n, wrench.moment_nm);
            io.send(*wrench_port, &[f.x, f.y, f.z, m.x, m.y, m.z], at, Nanos::ZERO, true);
            if let (Some(port), Some(area_m2)) = (pressure_port, cuff.pad_area_m2) {
                let across_n = trocar_math::hypot(f.x, f.y);
                io.send(*port, &[across_n / area_m2], at, Nanos::ZERO, true);
            }
        }
    }
}
