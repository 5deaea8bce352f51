//! Walker B: a pelvis with a trunk on two legs of six joints, 77 kg, squatting on four balls under each foot.

use std::f64::consts::TAU;

use nalgebra::{Isometry3, Matrix3, Vector3};
use trocar_dynamics::{
    ConnectionId, Drive, FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, IslandWorkspace,
    JointVariable, MechanismBuilder, Placement, SpringDamper,
};
use trocar_surroundings::{Contact, ContactLaw, ContactReading, ContactSphere, Dissipation, Shape};

use crate::Error;

/// A link of a leg: name, axis of its joint, origin in its parent (m), mass (kg), centre (m), moments of inertia (kg m²),
/// damping of the joint (N m s/rad). As in `models/walker-b.mjcf.xml`; the left leg hangs at +0.09 m of y.
type LegLink = (&'static str, Vector3<f64>, [f64; 3], f64, [f64; 3], [f64; 3], f64);

fn leg() -> [LegLink; 6] {
    let (x, y, z) = (Vector3::x(), Vector3::y(), Vector3::z());
    [
        ("hip_flexion", y, [0.0, 0.09, -0.07], 0.8, [0.0; 3], [0.003; 3], 20.0),
        ("hip_abduction", x, [0.0; 3], 0.8, [0.0; 3], [0.003; 3], 20.0),
        ("hip_rotation", z, [0.0; 3], 8.5, [0.0, 0.0, -0.18], [0.14, 0.14, 0.03], 20.0),
        ("knee", y, [0.0, 0.0, -0.42], 3.7, [0.0, 0.0, -0.18], [0.06, 0.06, 0.006], 20.0),
        ("ankle_flexion", y, [0.0, 0.0, -0.42], 0.5, [0.0; 3], [0.002; 3], 10.0),
        ("ankle_inversion", x, [0.0; 3], 1.2, [0.04, 0.0, -0.04], [0.003, 0.006, 0.006], 10.0),
    ]
}

/// Joints of both legs.
const JOINTS: usize = 12;
/// Words of q before the joints': place and quaternion of the pelvis.
const FIRST_POSITION: usize = 7;
/// Height of the pelvis at the start, m: the balls just touch the ground.
const HEIGHT_M: f64 = 0.99;
/// Stiffness of the servo, N m/rad; its damping is that of the joints.
const P: f64 = 800.0;
/// Simulated time, µs: one squat.
pub const SQUAT_US: u32 = 2_000_000;

/// How far hips, knees and ankles are bent at most, rad; the share of it follows (1 − cos)/2 at 0.5 Hz.
const BENT_RAD: [f64; 3] = [-0.4, 0.8, -0.4];

/// What is seen at an instant: the pelvis in the world (m) and the upward force on both feet (N).
pub type Seen = [f64; 4];

/// The squat compiled, with its memory.
pub struct Squat {
    island: Island,
    feet: [ConnectionId; 2],
    efforts: [usize; JOINTS],
    integrator: Integrator,
    step_us: u32,
    start: Vec<f64>,
    state: Vec<f64>,
    inputs: Vec<f64>,
    ws: IslandWorkspace,
}

/// The pads under the feet: 8 × 50 kN/m under 755 N.
#[must_use]
pub fn pad() -> ContactLaw {
    ContactLaw {
        stiffness: 5e4,
        exponent: 1.0,
        dissipation: Dissipation::PerSpeed(1.0),
        friction: 0.8,
        tangential_stiffness: 5e4,
        tangential_damping: 100.0,
    }
}

impl Squat {
    /// Compiles the squat for an integrator and a step, µs.
    ///
    /// # Errors
    /// A step that does not divide the controller's millisecond.
    pub fn new(integrator: Integrator, step_us: u32) -> Result<Self, Error> {
        if step_us == 0 || 1000 % step_us != 0 {
            return Err("the step divides the controller's millisecond".into());
        }
        let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.81), Isometry3::identity());
        let pelvis = b.free_frame("pelvis", FrameId::BASE, Placement::Fixed(Isometry3::identity()));
        let body = |mass_kg, centre: [f64; 3], moments: [f64; 3]| Inertia {
            mass_kg,
            centre_of_mass_m: Vector3::from(centre),
            about_centre_kgm2: Matrix3::from_diagonal(&Vector3::from(moments)),
        };
        b.body(pelvis, &body(46.0, [0.03, 0.0, 0.25], [2.5, 2.3, 0.8]))?;
        let (mut joints, mut soles) = (Vec::new(), Vec::new());
        for (side, sign) in [("left", 1.0), ("right", -1.0)] {
            let mut parent = pelvis;
            for (name, axis, [x, y, z], mass_kg, centre, moments, damping) in leg() {
                let name = format!("{side}_{name}");
                let coordinate = b.coordinate(&name, trocar_dynamics::CoordinateKind::Revolute);
                // Frames turn about their own z: there and back.
                let turn = nalgebra::UnitQuaternion::rotation_between(&Vector3::z(), &axis)
                    .ok_or("axes of joints are no opposites of z")?;
                let place = Isometry3::from_parts(Vector3::new(x, sign * y, z).into(), turn);
                let row = JointVariable::revolute(&[(coordinate, 1.0)]);
                let turned = b.frame(&format!("{name}.axis"), parent, Placement::Fixed(place), Some(row));
                let back = Isometry3::from_parts(Vector3::zeros().into(), turn.inverse());
                parent = b.frame(&name, turned, Placement::Fixed(back), None);
                b.body(parent, &body(mass_kg, centre, moments))?;
                joints.push((coordinate, name, damping));
            }
            soles.push(parent);
        }
        let mut island = IslandBuilder::new(b.build()?);
        let mut drives = Vec::new();
        for (coordinate, name, damping) in joints {
            let row = [(coordinate, 1.0)];
            drives.push(island.element(&format!("{name}.drive"), &row, Drive));
            let damper = SpringDamper::new(0.0, damping, 0.0)?;
            island.element(&format!("{name}.damping"), &row, damper);
        }
        let mut feet = Vec::new();
        for (name, sole) in ["left", "right"].iter().zip(soles) {
            let ball = |(x, y): (f64, f64)| ContactSphere {
                centre_in_b_m: Vector3::new(x, y, -0.06),
                radius_m: 0.02,
            };
            let balls = [(-0.06, -0.045), (-0.06, 0.045), (0.18, -0.045), (0.18, 0.045)].map(ball);
            let ground = Isometry3::identity();
            let contact = Contact::new(Shape::half_space(), ground, balls.to_vec(), pad(), Vector3::x())?;
            feet.push(island.connect(&format!("{name}_foot"), FrameId::BASE, sole, contact));
        }
        let island = island.build()?;
        let mut efforts = [0; JOINTS];
        for (effort, drive) in efforts.iter_mut().zip(drives) {
            *effort = island.inputs_of(drive).ok_or("a drive has an input")?.start;
        }
        let mut q = island.mechanism().zero_position();
        q[2] = HEIGHT_M;
        let start = island.initial_state(&q, &vec![0.0; island.mechanism().coordinate_count()])?;
        Ok(Self {
            feet: [feet[0], feet[1]],
            efforts,
            integrator,
            step_us,
            state: start.clone(),
            start,
            inputs: island.nominal_inputs(),
            ws: island.workspace(),
            island,
        })
    }

    /// Runs it from its start; `at` sees this at the start and at the end of each millisecond.
    ///
    /// # Errors
    /// The integration or `at` failed.
    pub fn run(&mut self, mut at: impl FnMut(&Self, u32) -> Result<(), Error>) -> Result<(), Error> {
        self.state.copy_from_slice(&self.start);
        at(self, 0)?;
        let step_s = 1e-6 * f64::from(self.step_us);
        let mut now_us = 0;
        while now_us < SQUAT_US {
            let turn = TAU * 0.5 * 1e-6 * f64::from(now_us);
            let share = 0.5 * (1.0 - trocar_math::cos(turn));
            for (k, &effort) in self.efforts.iter().enumerate() {
                let bent = match k % 6 {
                    0 => BENT_RAD[0],
                    3 => BENT_RAD[1],
                    4 => BENT_RAD[2],
                    _ => 0.0,
                };
                self.inputs[effort] = P * (bent * share - self.state[FIRST_POSITION + k]);
            }
            let given = IslandInputs { elements: &self.inputs, payload_mass_kg: &[], wrenches: &[] };
            for _ in 0..1000 / self.step_us {
                self.island.step_with(self.integrator, &mut self.state, &given, step_s, &mut self.ws)?;
            }
            now_us += 1000;
            at(self, now_us)?;
        }
        Ok(())
    }

    /// The pelvis and the upward force on both feet over the last step.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let force = |foot| {
            let words = self.island.state_of_connection(foot).map(|words| &self.state[words]);
            words.map_or(0.0, |words| ContactReading::from_state(words).force_in_a_n.z)
        };
        let [left, right] = self.feet.map(force);
        [self.state[0], self.state[1], self.state[2], left + right]
    }
}
