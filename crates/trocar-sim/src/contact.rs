//! What a robot and its wearer touch: contacts in the robot's island, what is true of them, and the belts that run beneath.

use crate::drive_train::TunableInput;
use crate::island::placement;
use crate::schedule::{Node, Pace, Role};
use nalgebra::{Isometry3, Vector3};
use std::collections::BTreeMap;
use trocar_dynamics::{ConnectionId, FrameId, Island, IslandBuilder, MechanismBuilder, Placement};
use trocar_plant::person::{Person, PlacedPerson, Side};
use trocar_plant::{Belt, SurfaceLoad, belt_path, contact_path};
use trocar_scenario::surroundings::{ContactEnd, ContactPlacement, ShapeConfig};
use trocar_scenario::{LoadedRobot, LoadedScene, join_key};
use trocar_signal::{
    Activation, Component, Diagnostic, Dimension, Element, GroupClass, GroupSpec, Nanos, ParameterSpec,
    Problem, ReadPort, Registration, Standing, WritePort,
};
use trocar_surroundings::{
    Contact, ContactLaw, ContactReading, ContactSphere, Dissipation, SURFACE_SPEED, Shape,
};

/// Radius of the balls of a sole, m. Assumed: it shows only in how a foot rolls over its edge.
const SOLE_BALL_RADIUS_M: f64 = 0.02;

/// Breadth of a foot over the height of the body (Drillis and Contini 1966, as in D. A. Winter, *Biomechanics and Motor
/// Control of Human Movement*).
const FOOT_BREADTH_OVER_HEIGHT: f64 = 0.055;

/// Numbers of a contact beside its force, and what they measure.
const SURFACE_WORDS: [(&str, Dimension); 5] = [
    ("normal_force", Dimension::FORCE),
    ("penetration", Dimension::LENGTH),
    ("slip_speed", Dimension::VELOCITY),
    ("slid", Dimension::LENGTH),
    ("touching", Dimension::NUMBER),
];

/// The contacts of a robot on their way into its island.
#[derive(Default)]
pub(crate) struct Contacts(Vec<Planned>);

struct Planned {
    name: String,
    surface: String,
    world_from_surface: Isometry3<f64>,
    end: End,
    law: Contact,
    has_belt: bool,
    friction: ParameterSpec,
    fixed: Vec<ParameterSpec>,
}

enum End {
    Frame(String),
    Segment(String),
}

/// A contact in an island.
pub(crate) struct Touching {
    /// The first of its words of state.
    state: usize,
    /// The place of the surface's speed among the island's inputs, where it has a belt.
    speed_input: Option<usize>,
}

/// What a contact writes, and the speed of the belt beneath it.
pub(crate) struct ContactPorts {
    wrench: WritePort,
    centre: WritePort,
    surface: WritePort,
    speed: Option<ReadPort>,
}

/// The balls of a foot's sole: one in each corner of heel and toes, all flush with the ground of upright standing.
fn sole(person: &Person) -> Vec<ContactSphere> {
    let (heel, toe) = (person.heel_in_foot_m(), person.toe_in_foot_m());
    let radius_m = SOLE_BALL_RADIUS_M;
    let aside_m = 0.5 * FOOT_BREADTH_OVER_HEIGHT * person.height_m() - radius_m;
    let inwards = |end: Vector3<f64>, sign: f64| end + Vector3::new(sign * radius_m, 0.0, radius_m);
    let ends = [inwards(heel, 1.0), inwards(toe, -1.0)];
    let both = |end: Vector3<f64>| Side::BOTH.map(|side| end + Vector3::y() * (side.sign() * aside_m));
    let ball = |centre_in_b_m| ContactSphere { centre_in_b_m, radius_m };
    ends.into_iter().flat_map(both).map(ball).collect()
}

fn shape(config: &ShapeConfig) -> Result<Shape, trocar_surroundings::ShapeError> {
    match config {
        ShapeConfig::Floor => Ok(Shape::half_space()),
        ShapeConfig::Box { size } => Shape::cuboid(size.map(|edge| 0.5 * edge.si())),
        ShapeConfig::Ball { radius } => Shape::ball(radius.si()),
        ShapeConfig::Capsule { length, radius } => Shape::capsule(0.5 * length.si(), radius.si()),
    }
}

fn law(config: &ContactPlacement) -> ContactLaw {
    let exponent = config.exponent.as_ref().map_or(1.0, |exponent| exponent.value);
    let (load_n, depth_m) = (config.stiffness.load.value.si(), config.stiffness.depth.value.si());
    let dissipation = match (&config.restitution, &config.dissipation) {
        (Some(restitution), _) => Dissipation::Restitution(restitution.value),
        (None, Some(dissipation)) => Dissipation::PerSpeed(dissipation.value.si),
        (None, None) => Dissipation::PerSpeed(0.0),
    };
    ContactLaw {
        stiffness: load_n / trocar_math::powf(depth_m, exponent),
        exponent,
        dissipation,
        friction: config.friction.value,
        tangential_stiffness: config.tangential_stiffness.value.si(),
        tangential_damping: config.tangential_damping.value.si(),
    }
}

impl Contacts {
    /// The contacts of a robot of a scene; `segments` are those of its wearer.
    ///
    /// # Errors
    /// What does not fit, at its place in the scene.
    pub(crate) fn of_scene(
        scene: &LoadedScene,
        instance: &str,
        robot: &LoadedRobot,
        wearer: Option<(&Person, &[&str])>,
    ) -> Result<Contacts, Vec<Diagnostic>> {
        let Some(placed) = scene.scene.robots.get(instance) else { return Ok(Contacts::default()) };
        let surfaces: Vec<&str> = scene.scene.surroundings.keys().map(String::as_str).collect();
        let base = trocar_scenario::mechanism::BASE;
        let frames = robot.robot.mechanism.frames.iter().map(|frame| frame.name.as_str());
        let frames: Vec<&str> = std::iter::once(base).chain(frames).collect();
        let (mut planned, mut problems) = (Vec::new(), Vec::new());
        for (name, config) in &placed.contacts {
            let key = join_key(&format!("robots.{instance}.contacts"), name);
            let mut wrong = |problem: Problem| {
                let key = if problem.key.is_empty() { key.clone() } else { format!("{key}.{}", problem.key) };
                problems.push(Problem::new(key, problem.what));
            };
            let found = config.check_fit(&surfaces, &frames, wearer.map(|(_, segments)| segments));
            if !found.is_empty() {
                found.into_iter().for_each(&mut wrong);
                continue;
            }
            match Planned::new((instance, name), config, scene, wearer.map(|(person, _)| person)) {
                Ok(contact) => planned.push(contact),
                Err(what) => wrong(Problem::new("", what)),
            }
        }
        match problems.is_empty() {
            true => Ok(Contacts(planned)),
            false => Err(problems.iter().map(|problem| scene.spans.problem("", problem)).collect()),
        }
    }

    /// Adds the surfaces' frames to the robot's mechanism; gives both ends of each contact.
    pub(crate) fn add_to(
        &self,
        builder: &mut MechanismBuilder,
        base_from_world: Isometry3<f64>,
        robot_frames: &BTreeMap<&str, FrameId>,
        wearer: Option<&PlacedPerson>,
    ) -> Vec<[FrameId; 2]> {
        let mut surfaces: BTreeMap<&str, FrameId> = BTreeMap::new();
        let place = |contact: &'_ Planned, surfaces: &mut BTreeMap<&str, FrameId>| {
            let end = match &contact.end {
                End::Frame(frame) => robot_frames.get(frame.as_str()).copied(),
                End::Segment(segment) => wearer.and_then(|person| person.frame(segment)),
            };
            [surfaces.get(contact.surface.as_str()).copied(), end].map(|frame| frame.unwrap_or(FrameId::BASE))
        };
        for contact in &self.0 {
            surfaces.entry(&contact.surface).or_insert_with(|| {
                let at = Placement::Fixed(base_from_world * contact.world_from_surface);
                builder.frame(&format!("surroundings.{}", contact.surface), FrameId::BASE, at, None)
            });
        }
        self.0.iter().map(|contact| place(contact, &mut surfaces)).collect()
    }

    /// Adds the contacts to the island.
    pub(crate) fn add_elements(
        &self,
        ends: &[[FrameId; 2]],
        island: &mut IslandBuilder,
    ) -> Vec<ConnectionId> {
        let connect = |(contact, [surface, end]): (&Planned, &[FrameId; 2])| {
            island.connect(&format!("contacts.{}", contact.name), *surface, *end, contact.law.clone())
        };
        self.0.iter().zip(ends).map(connect).collect()
    }

    /// Declares the contacts' parameters and what is true of them.
    pub(crate) fn declare(
        self,
        instance: &str,
        (connections, island): (&[ConnectionId], &Island),
        registration: &mut Registration,
        tunable: &mut Vec<TunableInput>,
    ) -> Vec<(Touching, ContactPorts)> {
        let inputs = island.input_names();
        let mut list = Vec::new();
        for (contact, &connection) in self.0.into_iter().zip(connections) {
            let (Some(own), Some(state)) =
                (island.inputs_of_connection(connection), island.state_of_connection(connection))
            else {
                continue;
            };
            let port = registration.parameter(contact.friction);
            tunable.push(TunableInput { place: own.start, port, base: 0.0, factor: 1.0 });
            for spec in contact.fixed {
                registration.parameter(spec);
            }
            let speed_input = own.clone().find(|place| inputs[*place].ends_with(SURFACE_SPEED));
            let path = contact_path(instance, &contact.name);
            let (surface, point) = (contact.surface.as_str(), format!("{path}.centre_of_pressure"));
            let truth = |spec: GroupSpec, meaning: &str| spec.class(GroupClass::Truth).meaning(meaning);
            let wrench = GroupSpec::wrench(format!("{path}.wrench"), surface, surface);
            let wrench = truth(
                wrench,
                "mean force of the surface on what touches it over the last step, and its moment about the surface's origin",
            );
            let centre = truth(
                GroupSpec::point(&point, surface, &point),
                "where the normal forces act; valid while it touches",
            );
            let elements =
                SURFACE_WORDS.map(|(name, dimension)| Element { name: name.to_owned(), dimension });
            let words = truth(
                GroupSpec::vector(&path, elements.to_vec()),
                "normal force, deepest penetration, speed of sliding, how far it has slid, and how many balls touch",
            );
            let ports = ContactPorts {
                wrench: registration.write(wrench),
                centre: registration.write(centre),
                surface: registration.write(words),
                speed: contact.has_belt.then(|| registration.read(belt_path(surface))),
            };
            let speed_input = speed_input.filter(|_| contact.has_belt);
            list.push((Touching { state: state.start, speed_input }, ports));
        }
        list
    }
}

impl Planned {
    fn new(
        (instance, name): (&str, &str),
        config: &ContactPlacement,
        scene: &LoadedScene,
        person: Option<&Person>,
    ) -> Result<Planned, String> {
        let surface = scene.scene.surroundings.get(&config.surface).ok_or("its surface is not there")?;
        let end = match config.end() {
            Some(ContactEnd::Frame(frame)) => End::Frame(frame.to_owned()),
            Some(ContactEnd::Segment(segment)) => End::Segment(segment.to_owned()),
            None => return Err("it touches with nothing".to_owned()),
        };
        let ball = |ball: &trocar_scenario::surroundings::BallConfig| {
            let [x, y, z] = ball.centre.map(|part| part.si());
            ContactSphere { centre_in_b_m: Vector3::new(x, y, z), radius_m: ball.radius.si() }
        };
        let spheres = match person {
            Some(person) if config.is_sole() => sole(person),
            _ => config.balls.iter().map(ball).collect(),
        };
        let belt = surface.belt.as_ref().map_or(Vector3::x(), |belt| Vector3::from(belt.direction));
        let shape = shape(&surface.shape).map_err(|error| error.to_string())?;
        let law = Contact::new(shape, Isometry3::identity(), spheres, law(config), belt)
            .map_err(|error| error.to_string())?;
        let sources = BTreeMap::new();
        let behind = config.provenance(&sources);
        let path = |key: &str| format!("{instance}.contacts.{name}.{key}");
        let friction = &config.friction;
        let friction = behind
            .parameter(path("friction"), Dimension::NUMBER, friction.value, friction, true)
            .at_least(0.0);
        let mut fixed = Vec::new();
        let mut add = |key: &str, dimension, si, behind: (String, Standing)| {
            fixed.push(ParameterSpec::fixed(path(key), dimension, si, behind));
        };
        let (load, depth) = (&config.stiffness.load, &config.stiffness.depth);
        add("load", Dimension::FORCE, load.value.si(), behind.of(load));
        add("depth", Dimension::LENGTH, depth.value.si(), behind.of(depth));
        for (key, value) in [("exponent", &config.exponent), ("restitution", &config.restitution)] {
            if let Some(value) = value {
                add(key, Dimension::NUMBER, value.value, behind.of(value));
            }
        }
        if let Some(value) = &config.dissipation {
            add("dissipation", value.value.dimension, value.value.si, behind.of(value));
        }
        let (stiffness, damping) = (&config.tangential_stiffness, &config.tangential_damping);
        add("tangential_stiffness", Dimension::STIFFNESS, stiffness.value.si(), behind.of(stiffness));
        add("tangential_damping", Dimension::DAMPING, damping.value.si(), behind.of(damping));
        Ok(Planned {
            name: name.to_owned(),
            surface: config.surface.clone(),
            world_from_surface: placement(&surface.at),
            end,
            law,
            has_belt: surface.belt.is_some(),
            friction,
            fixed,
        })
    }
}

impl Touching {
    /// Lays the speed of the belt among the island's inputs.
    pub(crate) fn run_belt(&self, ports: &ContactPorts, io: &Activation<'_>, inputs: &mut [f64]) {
        if let (Some(place), Some(speed)) = (self.speed_input, ports.speed) {
            inputs[place] = io.read(speed)[0];
        }
    }

    /// Writes what is true of the contact over the step just made.
    pub(crate) fn publish(&self, ports: &ContactPorts, io: &mut Activation<'_>, island: &Island) {
        let state: &[f64] = bytemuck::cast_slice(&io.state[..island.state_len()]);
        let reading = ContactReading::from_state(&state[self.state..]);
        let (f, m, c) = (reading.force_in_a_n, reading.moment_in_a_nm, reading.centre_of_pressure_in_a_m);
        let at = io.step_end;
        io.send(ports.wrench, &[f.x, f.y, f.z, m.x, m.y, m.z], at, Nanos::ZERO, true);
        io.send(ports.centre, &[c.x, c.y, c.z], at, Nanos::ZERO, reading.touching > 0);
        let words = [
            reading.normal_force_n,
            reading.penetration_m,
            reading.slip_speed_mps,
            reading.slid_m,
            reading.touching as f64,
        ];
        io.send(ports.surface, &words, at, Nanos::ZERO, true);
    }
}

/// The components of a scene's surfaces: belts, and what each surface carries.
pub(crate) fn surface_nodes(scene: &LoadedScene) -> Vec<Node> {
    let mut nodes = Vec::new();
    let sources = BTreeMap::new();
    let mut push = |registration, component: Box<dyn Component>, role| {
        nodes.push(Node { registration, component, pace: Pace::EveryStep, role });
    };
    for (name, surface) in &scene.scene.surroundings {
        if let Some(belt) = &surface.belt {
            let mut registration = Registration::new(format!("{name}.belt"));
            let belt = Belt::new(name, belt, &surface.provenance(&sources), &mut registration);
            push(registration, Box::new(belt), Role::Actuator);
        }
        let on_it = scene.scene.robots.iter().flat_map(|(instance, robot)| {
            let own = robot.contacts.iter().filter(|(_, contact)| contact.surface == *name);
            own.map(move |(contact, _)| contact_path(instance, contact))
        });
        let contacts: Vec<String> = on_it.collect();
        let mut registration = Registration::new(format!("{name}.load"));
        let load = SurfaceLoad::new(name, &contacts, &mut registration);
        push(registration, Box::new(load), Role::Instrument);
    }
    nodes
}
