//! A body on a cuff against closed forms, conservation and Runge–Kutta.

use super::*;
use nalgebra::Matrix3;
use trocar_dynamics::{
    FrameId, Inertia, Integrator, Island, IslandBuilder, IslandInputs, IslandWorkspace, MechanismBuilder,
    Placement,
};

fn config(text: &str) -> CuffConfig {
    let base = r#"
        frame = "link"
        segment = "thigh_r"
        below = "0.2 m"
        stiffness = ["4 kN/m", "3 kN/m", "2 kN/m"]
        turning_stiffness = ["20 N m/rad", "15 N m/rad", "10 N m/rad"]
    "#;
    toml::from_str(&format!("{base}\n{text}")).unwrap()
}

fn damped(share: f64) -> String {
    let [c, t] = [100.0 * share, share];
    format!(
        "damping = [\"{c} N s/m\", \"{c} N s/m\", \"{c} N s/m\"]\nturning_damping = [\"{t} N m s/rad\", \"{t} N m s/rad\", \"{t} N m s/rad\"]\n"
    )
}

struct Hung {
    island: Island,
    state: Vec<f64>,
    inputs: Vec<f64>,
    ws: IslandWorkspace,
}

const MASS_KG: f64 = 3.0;

impl Hung {
    /// A free body in a cuff that is fixed to the world, under this gravity.
    fn new(config: &CuffConfig, gravity_mps2: [f64; 3]) -> Self {
        let mut b = MechanismBuilder::new(Vector3::from(gravity_mps2), Isometry3::identity());
        let limb = b.free_frame("limb", FrameId::BASE, Placement::Fixed(Isometry3::identity()));
        let inertia = Inertia {
            mass_kg: MASS_KG,
            centre_of_mass_m: Vector3::zeros(),
            about_centre_kgm2: Matrix3::from_diagonal(&Vector3::new(0.02, 0.03, 0.04)),
        };
        b.body(limb, &inertia).unwrap();
        let mut island = IslandBuilder::new(b.build().unwrap());
        island.connect("cuff", FrameId::BASE, limb, config.law(Isometry3::identity()));
        let island = island.build().unwrap();
        let state = island.initial_state(&island.mechanism().zero_position(), &[0.0; 6]).unwrap();
        let (ws, inputs) = (island.workspace(), island.nominal_inputs());
        Self { island, state, inputs, ws }
    }

    fn thrown(mut self, velocity: [f64; 6]) -> Self {
        let q = self.island.mechanism().zero_position();
        self.island.set_motion(&mut self.state, &q, &velocity).unwrap();
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

    fn word(&self, name: &str) -> f64 {
        let place = CUFF_WORDS.iter().position(|word| *word == name).unwrap();
        let words = self.island.state_of_connection(self.island.connection("cuff").unwrap()).unwrap();
        self.state[words][place]
    }

    fn energy(&self) -> f64 {
        let mechanism = self.island.mechanism();
        let mut ws = mechanism.workspace();
        let (q, v) = (self.island.q(&self.state), self.island.v(&self.state));
        mechanism.kinematics(q, v, &mut ws).unwrap();
        let height = -MASS_KG * mechanism.gravity_in_world_mps2().dot(&self.position());
        mechanism.kinetic_energy(v, &[], &ws).unwrap()
            + self.island.stored_energy(&self.state).unwrap()
            + height
    }
}

/// A limb settles where k (|x| − slack) is its weight, and the cuff's reading is that weight.
#[test]
fn a_limb_hangs_by_stiffness_and_slack() {
    let cuff = config(&(damped(1.0) + "slack = \"5 mm\""));
    let weight = MASS_KG * 9.81;
    for (axis, stiffness, slack_m) in [(0, 4e3, 5e-3), (1, 3e3, 5e-3), (2, 2e3, 0.0)] {
        let mut gravity = [0.0; 3];
        gravity[axis] = -9.81;
        let mut hung = Hung::new(&cuff, gravity);
        hung.run(Integrator::Leapfrog, 4.0, 1e-3);
        let expected = -(weight / stiffness + slack_m);
        assert!((hung.position()[axis] - expected).abs() < 1e-6, "{axis}: {}", hung.position());
        let force = hung.word(["force_x", "force_y", "force_z"][axis]);
        assert!((force - weight).abs() < 1e-3, "{force}");
    }
    // Worn off its place it carries the limb along.
    let mut hung = Hung::new(&config(&damped(1.0)), [0.0; 3]);
    hung.inputs[2] = 0.012;
    hung.run(Integrator::Leapfrog, 4.0, 1e-3);
    assert!((hung.position().x - 0.012).abs() < 1e-9);
}

/// An axis without stiffness and damping is free: along it the limb falls, and about it turns on, as if there were no cuff; the others
/// hold. So a pelvis is guided that the legs carry.
#[test]
fn an_axis_without_stiffness_is_free() {
    let guide: CuffConfig = toml::from_str(
        r#"
        frame = "link"
        segment = "pelvis"
        below = "0 m"
        stiffness = ["4 kN/m", "3 kN/m", "0 N/m"]
        damping = ["100 N s/m", "100 N s/m", "0 N s/m"]
        turning_stiffness = ["20 N m/rad", "0 N m/rad", "10 N m/rad"]
        turning_damping = ["1 N m s/rad", "0 N m s/rad", "1 N m s/rad"]
        "#,
    )
    .unwrap();
    assert!(guide.check().is_empty());
    let mut hung = Hung::new(&guide, [0.0, 0.0, -9.81]).thrown([0.0, 0.0, 0.3, 0.0, 0.5, 0.0]);
    hung.run(Integrator::Leapfrog, 0.5, 1e-3);
    let expected = 0.3 * 0.5 - 0.5 * 9.81 * 0.25;
    assert!((hung.position() - Vector3::new(0.0, 0.0, expected)).norm() < 1e-9, "{}", hung.position());
    let v = hung.island.v(&hung.state);
    assert!((v[4] - 0.5).abs() < 1e-9, "{v:?}");
    assert_eq!(hung.word("force_z"), 0.0);
    // Held along x, where a push makes 20 mm of it at most.
    let mut pushed = Hung::new(&guide, [0.0, 0.0, -9.81]).thrown([0.4, 0.0, 0.0, 0.0, 0.0, 0.0]);
    for _ in 0..1000 {
        pushed.run(Integrator::Leapfrog, 1e-3, 1e-3);
        assert!(pushed.position().x.abs() < 0.4 * (MASS_KG / 4e3_f64).sqrt());
    }
    assert!(pushed.position().z < -4.0);
}

/// Below its slip limit a limb holds for a minute, above it slides with what is left of the weight; what it slid by stays.
#[test]
fn a_limb_slips_at_its_limit() {
    let weight = MASS_KG * 9.81;
    let limit = |share: f64| config(&format!("{}slip = \"{} N\"", damped(1.0), share * weight));
    let mut hung = Hung::new(&limit(1.5), [0.0, 0.0, -9.81]);
    hung.run(Integrator::Leapfrog, 3.0, 1e-3);
    let start = hung.position().z;
    assert!((start + weight / 2e3 + hung.word("slipped").abs()).abs() < 1e-6, "{start}");
    hung.run(Integrator::Leapfrog, 60.0, 1e-3);
    assert!((hung.position().z - start).abs() < 1e-9);

    let mut hung = Hung::new(&limit(0.8), [0.0, 0.0, -9.81]);
    hung.run(Integrator::Leapfrog, 0.5, 1e-3);
    let (speed, at) = (hung.island.v(&hung.state)[2], hung.position().z);
    hung.run(Integrator::Leapfrog, 0.5, 1e-3);
    let gained = hung.island.v(&hung.state)[2] - speed;
    assert!((gained + 0.2 * 9.81 * 0.5).abs() < 1e-9, "{gained}");
    let slid = hung.position().z - at;
    assert!((slid - (speed * 0.5 - 0.1 * 9.81 * 0.25)).abs() < 1e-6, "{slid}");
    assert!((hung.word("force_z") - 0.8 * weight).abs() < 1e-9);
    assert!((hung.position().z - hung.word("slipped") + 0.8 * weight / 2e3).abs() < 1e-9);
}

/// Undamped, with slack or without, energy stays; with tissue it falls and never rises.
///
/// Along the axes the work is exact; what the turning springs (32 rad/s) hold is seen with an error of (hω)²/4 of it in the middle
/// of a swing, which comes back with each swing and does not grow.
#[test]
fn a_cuff_creates_no_energy() {
    let velocity = [0.4, -0.3, 0.5, 2.0, -3.0, 2.5];
    for text in [String::new(), "slack = \"8 mm\"".to_owned()] {
        let mut hung = Hung::new(&config(&(damped(0.0) + &text)), [0.0; 3]).thrown(velocity);
        let begin = hung.energy();
        let means = [0, 1].map(|_| {
            let mut mean = 0.0;
            for _ in 0..5000 {
                hung.run(Integrator::Leapfrog, 1e-3, 1e-3);
                assert!((hung.energy() / begin - 1.0).abs() < 5e-3, "{} of {begin}", hung.energy());
                mean += hung.energy() / 5000.0;
            }
            mean
        });
        assert!((means[1] / means[0] - 1.0).abs() < 2e-4, "{means:?}");
    }
    let tissue = "hysteresis = { stiffness = \"3 kN/m\", force = \"6 N\" }\nslip = \"25 N\"";
    let mut hung = Hung::new(&config(&(damped(0.0) + tissue)), [0.0; 3]).thrown(velocity);
    let (begin, mut least) = (hung.energy(), hung.energy());
    for _ in 0..5000 {
        hung.run(Integrator::Leapfrog, 1e-3, 1e-3);
        assert!(hung.energy() < least + 5e-3 * begin);
        least = trocar_math::min(least, hung.energy());
    }
    // All the linear motion is gone, but for what the springs hold without slipping: 6²/(2 · 3000) on each axis.
    let linear = 0.5 * MASS_KG * (0.4 * 0.4 + 0.3 * 0.3 + 0.5 * 0.5);
    assert!(least < begin - 0.5 * linear, "{least} of {begin}");
}

/// A slow turn there and back leaves the loop of the tissue: its area is 4 F (X − F/k) for a way of ±X.
#[test]
fn tissue_keeps_the_area_of_its_loop() {
    let (stiffness, force) = (3e3, 6.0);
    let cuff = config(&(damped(0.0) + "hysteresis = { stiffness = \"3 kN/m\", force = \"6 N\" }"))
        .law(Isometry3::identity());
    let inputs = [1.0, 1.0, 0.0, 0.0, 0.0];
    let (mut state, mut memory) = (vec![0.0; CUFF_WORDS.len()], [0.0; 9]);
    let (way, step_s, steps) = (0.01, 1e-3, 4000);
    let (mut area, mut x) = (0.0, 0.0);
    for round in 0..2 {
        area = 0.0;
        for step in 0..steps {
            let turn = std::f64::consts::TAU * f64::from(step + 1) / f64::from(steps);
            let next = way * trocar_math::sin(turn);
            let speed = Vector3::new((next - x) / step_s, 0.0, 0.0);
            let motion = RelativeMotion {
                a_from_b: Isometry3::translation(0.5 * (x + next), 0.0, 0.0),
                linear_mps: speed,
                angular_radps: Vector3::zeros(),
            };
            let coming = Coming { motion, expected: (speed, Vector3::zeros()), step_s };
            cuff.prepare(&coming, &inputs, &state, &mut memory);
            let law = cuff.law(&motion, step_s, &inputs, &state, &memory);
            area -= law.wrench_on_b.force_n.x * (next - x);
            cuff.settle(&motion, step_s, &inputs, &memory, &mut state);
            x = next;
        }
        assert!(round == 0 || area > 0.0);
    }
    let expected = 4.0 * force * (way - force / stiffness);
    assert!((area - expected).abs() < 1e-3 * expected, "{area} {expected}");
}

/// The step and Runge–Kutta solve the same equations: the error falls with the square of the step.
#[test]
fn the_step_converges_to_runge_kutta() {
    let cuff = config(&damped(0.3));
    let run = |integrator, step_s| {
        let mut hung = Hung::new(&cuff, [0.0, 0.0, -9.81]).thrown([0.4, -0.3, 0.5, 2.0, -3.0, 2.5]);
        hung.run(integrator, 0.3, step_s);
        hung.position()
    };
    let exact = run(Integrator::RungeKutta4, 2e-5);
    let [coarse, fine] = [1e-3, 5e-4].map(|h| (run(Integrator::Leapfrog, h) - exact).norm());
    assert!((coarse / fine - 4.0).abs() < 0.6, "{coarse:e} {fine:e}");
}

#[test]
fn what_no_cuff_can_be_is_named() {
    let says = |text: &str, key: &str| {
        let found = config(&(damped(1.0) + text)).check();
        assert!(found.iter().any(|problem| problem.key == key), "{found:?}");
    };
    assert!(config(&damped(1.0)).check().is_empty());
    says("slack = \"-1 mm\"", "slack");
    says("slip = \"0 N\"", "slip");
    says("pad_area = \"0 cm^2\"", "pad_area");
    says("hysteresis = { stiffness = \"0 N/m\", force = \"1 N\" }", "hysteresis.stiffness");
}
