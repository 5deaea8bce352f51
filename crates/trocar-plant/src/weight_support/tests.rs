//! A body on a cable against closed forms, conservation and Runge–Kutta.

use super::*;
use nalgebra::Matrix3;
use trocar_dynamics::{
    FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, IslandWorkspace, MechanismBuilder,
    Placement,
};

const MASS_KG: f64 = 60.0;
const G: f64 = 9.81;

fn config(text: &str) -> WeightSupportConfig {
    toml::from_str(&format!("pulley_above = \"1.5 m\"\n{text}")).unwrap()
}

struct Hung {
    island: Island,
    state: Vec<f64>,
    inputs: Vec<f64>,
    ws: IslandWorkspace,
}

impl Hung {
    /// A free body below the pulley.
    fn new(config: &WeightSupportConfig) -> Self {
        let mut b = MechanismBuilder::new(Vector3::new(0.0, 0.0, -G), Isometry3::identity());
        let pelvis = b.free_frame("pelvis", FrameId::BASE, Placement::Fixed(Isometry3::identity()));
        let inertia = Inertia {
            mass_kg: MASS_KG,
            centre_of_mass_m: Vector3::zeros(),
            about_centre_kgm2: Matrix3::from_diagonal(&Vector3::new(2.0, 3.0, 4.0)),
        };
        b.body(pelvis, &inertia).unwrap();
        let above = Isometry3::translation(0.0, 0.0, config.pulley_above.value.si());
        let pulley = b.frame("pulley", FrameId::BASE, Placement::Fixed(above), None);
        let mut island = IslandBuilder::new(b.build().unwrap());
        island.connect("cable", pulley, pelvis, config.law(MASS_KG * G));
        let island = island.build().unwrap();
        let state = island.initial_state(&island.mechanism().zero_position(), &[0.0; 6]).unwrap();
        let (ws, inputs) = (island.workspace(), island.nominal_inputs());
        Self { island, state, inputs, ws }
    }

    fn at(mut self, position: [f64; 3], velocity: [f64; 3]) -> Self {
        let mut q = self.island.mechanism().zero_position();
        q[..3].copy_from_slice(&position);
        let [x, y, z] = velocity;
        self.island.set_motion(&mut self.state, &q, &[x, y, z, 0.0, 0.0, 0.0]).unwrap();
        self
    }

    fn run(&mut self, integrator: Integrator, time_s: f64, step_s: f64) {
        for _ in 0..(time_s / step_s).round() as usize {
            let given = IslandInputs { elements: &self.inputs, payload_mass_kg: &[], wrenches: &[] };
            self.island.step_with(integrator, &mut self.state, &given, step_s, &mut self.ws).unwrap();
        }
    }

    fn position(&self) -> Vector3<f64> {
        Vector3::from_column_slice(&self.island.q(&self.state)[..3])
    }

    fn tension(&self) -> f64 {
        let words = self.island.state_of_connection(self.island.connection("cable").unwrap()).unwrap();
        self.state[words.start]
    }

    fn energy(&self) -> f64 {
        let v = self.island.v(&self.state);
        let kinetic = 0.5 * MASS_KG * (v[0] * v[0] + v[1] * v[1] + v[2] * v[2]);
        kinetic + MASS_KG * G * self.position().z + self.island.stored_energy(&self.state).unwrap()
    }
}

/// A dynamic system takes its share off the weight wherever the body is: it falls with what is left of g, and the work of the cable is force
/// times way. The force as it is set during the run counts, not the file's.
#[test]
fn a_dynamic_system_carries_its_share_along_any_way() {
    let mut hung = Hung::new(&config("share = \"30 %\""));
    hung.run(Integrator::Leapfrog, 0.4, 1e-3);
    let fallen = 0.5 * 0.7 * G * 0.4 * 0.4;
    assert!((hung.position().z + fallen).abs() < 1e-9, "{}", hung.position());
    assert!((hung.tension() - 0.3 * MASS_KG * G).abs() < 1e-9);
    let speed = hung.island.v(&hung.state)[2];
    let work = 0.5 * MASS_KG * speed * speed - MASS_KG * G * fallen;
    assert!((work + 0.3 * MASS_KG * G * fallen).abs() < 1e-6, "{work}");
    let mut whole = Hung::new(&config("share = \"30 %\""));
    whole.inputs[0] = MASS_KG * G;
    whole.run(Integrator::Leapfrog, 10.0, 1e-3);
    assert!(whole.position().norm() < 1e-9);
    assert!((config("force = \"200 N\"").force_n(600.0) - 200.0).abs() < 1e-12);
}

/// A static system holds where its spring has taken over what is left of the weight.
#[test]
fn a_static_system_holds_by_its_spring() {
    let mut hung = Hung::new(&config("share = \"80 %\"\nstiffness = \"4 kN/m\"\ndamping = \"400 N s/m\""));
    hung.run(Integrator::Leapfrog, 8.0, 1e-3);
    let expected = -0.2 * MASS_KG * G / 4e3;
    assert!((hung.position().z - expected).abs() < 1e-6, "{}", hung.position());
    assert!((hung.tension() - MASS_KG * G).abs() < 1e-3);
}

/// Lifted above where it is drawn in, the cable is slack, and the body falls freely until it is taut; caught at the stop it comes to rest within the way that energy
/// gives: m g (s + x) = ½ k x² with the free way s.
#[test]
fn a_slack_cable_pulls_nothing_and_a_stop_catches() {
    let falls = config("force = \"0 N\"\ncatches = { after = \"0.2 m\", stiffness = \"20 kN/m\" }");
    let mut hung = Hung::new(&falls).at([0.0, 0.0, 0.3], [0.0; 3]);
    hung.run(Integrator::Leapfrog, 0.3, 1e-3);
    assert!((hung.position().z - (0.3 - 0.5 * G * 0.09)).abs() < 1e-9);
    assert_eq!(hung.tension(), 0.0);
    let begin = hung.energy();
    let mut lowest = 0.0;
    for _ in 0..1000 {
        hung.run(Integrator::Leapfrog, 1e-3, 1e-3);
        lowest = trocar_math::min(lowest, hung.position().z);
        assert!(hung.tension() >= 0.0);
        // Along the cable work is exact; what is left are the solver's tolerances.
        assert!((hung.energy() - begin).abs() < 1e-6 * MASS_KG * G, "{} {begin}", hung.energy());
    }
    let (weight, stiffness) = (MASS_KG * G, 20e3);
    let caught = (weight + (weight * weight + 2.0 * stiffness * weight * 0.5).sqrt()) / stiffness;
    // A step is worth 2 mm of the fastest fall at most, and its turning point less.
    assert!((lowest + 0.2 + caught).abs() < 2e-3, "{lowest} {caught}");
}

/// Drawn aside, it swings as a pendulum under the cable's pull back: F/(m L) where the rest of the weight is carried by the floor, here by no gravity
/// at all. The step and Runge–Kutta agree to second order.
#[test]
fn the_step_converges_to_runge_kutta() {
    let cable = config("force = \"300 N\"\nstiffness = \"2 kN/m\"\ndamping = \"50 N s/m\"");
    let run = |integrator, step_s| {
        let mut hung = Hung::new(&cable).at([0.3, -0.2, 0.05], [0.2, 0.4, -0.1]);
        hung.run(integrator, 0.4, step_s);
        hung.position()
    };
    let exact = run(Integrator::RungeKutta4, 2e-5);
    let [coarse, fine] = [2e-3, 1e-3].map(|h| (run(Integrator::Leapfrog, h) - exact).norm());
    assert!((coarse / fine - 4.0).abs() < 0.6, "{coarse:e} {fine:e}");
}

#[test]
fn what_no_support_can_be_is_named() {
    let says = |text: &str, key: &str| {
        let found = config(text).check();
        assert!(found.iter().any(|problem| problem.key == key), "{found:?}");
    };
    assert!(config("share = \"40 %\"").check().is_empty());
    says("", "force");
    says("share = \"40 %\"\nforce = \"200 N\"", "force");
    says("share = \"140 %\"", "share");
    says("force = \"-1 N\"", "force");
    says("force = \"1 N\"\ncatches = { after = \"1 m\", stiffness = \"0 N/m\" }", "catches.stiffness");
}
