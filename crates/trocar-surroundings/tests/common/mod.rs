//! One free body over a floor.

#![allow(dead_code, reason = "no test uses all of these helpers")]
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Matrix3, Vector3};
use trocar_dynamics::{
    ConnectionId, FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, IslandWorkspace,
    MechanismBuilder, Placement,
};
use trocar_surroundings::{Contact, ContactLaw, ContactReading, ContactSphere, Dissipation, Shape};

pub const GRAVITY_MPS2: f64 = 9.81;

/// A law without damping in the normal direction.
pub fn law(stiffness: f64) -> ContactLaw {
    ContactLaw {
        stiffness,
        exponent: 1.0,
        dissipation: Dissipation::PerSpeed(0.0),
        friction: 0.6,
        tangential_stiffness: stiffness,
        tangential_damping: 0.0,
    }
}

pub fn sphere(x: f64, y: f64, z: f64, radius_m: f64) -> ContactSphere {
    ContactSphere { centre_in_b_m: Vector3::new(x, y, z), radius_m }
}

pub fn body(mass_kg: f64, moments: [f64; 3]) -> Inertia {
    Inertia {
        mass_kg,
        centre_of_mass_m: Vector3::zeros(),
        about_centre_kgm2: Matrix3::from_diagonal(&Vector3::from(moments)),
    }
}

/// A free body over a floor that is turned by `floor` against the world (its z is the floor's normal).
pub struct Scene {
    pub island: Island,
    pub contact: ConnectionId,
    pub body: FrameId,
    pub state: Vec<f64>,
    pub inputs: Vec<f64>,
    pub ws: IslandWorkspace,
    inertia: Inertia,
}

impl Scene {
    pub fn new(
        inertia: Inertia,
        floor: Isometry3<f64>,
        spheres: Vec<ContactSphere>,
        law: ContactLaw,
    ) -> Self {
        Self::on(Shape::half_space(), inertia, floor, spheres, law)
    }

    pub fn on(
        shape: Shape,
        inertia: Inertia,
        floor: Isometry3<f64>,
        spheres: Vec<ContactSphere>,
        law: ContactLaw,
    ) -> Self {
        let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -GRAVITY_MPS2), Isometry3::identity());
        let body = b.free_frame("body", FrameId::BASE, Placement::Fixed(Isometry3::identity()));
        b.body(body, &inertia).unwrap();
        let mut island = IslandBuilder::new(b.build().unwrap());
        let contact = Contact::new(shape, floor, spheres, law, Vector3::x()).unwrap();
        let contact = island.connect("contact", FrameId::BASE, body, contact);
        let island = island.build().unwrap();
        let rest = island.mechanism().zero_position();
        let state = island.initial_state(&rest, &[0.0; 6]).unwrap();
        let (ws, inputs) = (island.workspace(), island.nominal_inputs());
        Self { island, contact, body, state, inputs, ws, inertia }
    }

    /// Puts the body there, with these velocities (linear in the world, angular in its own axes).
    pub fn put(&mut self, pose: &Isometry3<f64>, velocity: [f64; 6]) {
        let (t, r) = (pose.translation.vector, pose.rotation.coords);
        let q = [t.x, t.y, t.z, r.x, r.y, r.z, r.w];
        self.island.set_motion(&mut self.state, &q, &velocity).unwrap();
    }

    pub fn step(&mut self, step_s: f64) {
        self.step_with(Integrator::Leapfrog, step_s);
    }

    pub fn step_with(&mut self, integrator: Integrator, step_s: f64) {
        let inputs = IslandInputs { elements: &self.inputs, payload_mass_kg: &[], wrenches: &[] };
        self.island.step_with(integrator, &mut self.state, &inputs, step_s, &mut self.ws).unwrap();
    }

    pub fn run(&mut self, time_s: f64, step_s: f64) {
        for _ in 0..(time_s / step_s).round() as usize {
            self.step(step_s);
        }
    }

    pub fn position(&self) -> Vector3<f64> {
        Vector3::from_column_slice(&self.island.q(&self.state)[..3])
    }

    pub fn velocity(&self) -> Vector3<f64> {
        Vector3::from_column_slice(&self.island.v(&self.state)[..3])
    }

    pub fn spin(&self) -> Vector3<f64> {
        Vector3::from_column_slice(&self.island.v(&self.state)[3..6])
    }

    pub fn reading(&self) -> ContactReading {
        let words = self.island.state_of_connection(self.contact).unwrap();
        ContactReading::from_state(&self.state[words])
    }

    /// Kinetic, of height, and what the contact stores, J.
    pub fn energy(&self) -> f64 {
        let mut ws = self.island.mechanism().workspace();
        let (q, v) = (self.island.q(&self.state), self.island.v(&self.state));
        self.island.mechanism().kinematics(q, v, &mut ws).unwrap();
        let moving = self.island.mechanism().kinetic_energy(v, &[], &ws).unwrap();
        let centre = ws.point_in_world(self.body, &self.inertia.centre_of_mass_m);
        let height = self.inertia.mass_kg * GRAVITY_MPS2 * centre.z;
        moving + height + self.island.stored_energy(&self.state).unwrap()
    }
}

/// A box of one metre as a closed mesh.
pub fn box_of_triangles() -> Shape {
    let corners: Vec<[f64; 3]> =
        (0..8_u8).map(|i| [0, 1, 2].map(|axis| if i & (1 << axis) == 0 { -0.5 } else { 0.5 })).collect();
    let faces = [
        [0, 2, 1],
        [1, 2, 3],
        [4, 5, 6],
        [5, 7, 6],
        [0, 1, 4],
        [1, 5, 4],
        [2, 6, 3],
        [3, 6, 7],
        [0, 4, 2],
        [2, 4, 6],
        [1, 3, 5],
        [3, 7, 5],
    ];
    Shape::mesh(&corners, &faces).unwrap()
}
