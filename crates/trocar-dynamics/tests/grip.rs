//! What two jaws close on: geometry by finite differences and by the Jacobian of an instrument, forces at rest in closed
//! form, passivity.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Vector3};
use proptest::prelude::*;
use trocar_dynamics::{
    CoordinateKind, Drive, ElementId, ForceElement, Friction, Grip, Integrator, Island, IslandBuilder,
    IslandInputs, IslandWorkspace, JacobianColumn, MechanismBuilder, sample,
};

const LENGTH_M: f64 = 0.0102;
const THICKNESS_M: f64 = 0.003;

/// A jaw of this inertia with a motor and viscous friction, and something to grip.
struct Jaw {
    island: Island,
    state: Vec<f64>,
    given: Vec<f64>,
    ws: IslandWorkspace,
    grip: Grip,
    element: ElementId,
}

impl Jaw {
    fn new(inertia: f64, viscous: f64, stiffness: f64, relaxation_s: f64, q: f64, v: f64) -> Jaw {
        let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
        let jaw = b.coordinate("jaw", CoordinateKind::Revolute);
        b.rotor("jaw", &[(jaw, 1.0)], inertia);
        let mut b = IslandBuilder::new(b.build().unwrap());
        b.element("motor", &[(jaw, 1.0)], Drive);
        b.element("friction", &[(jaw, 1.0)], Friction::new(0.0, viscous, 1.0, 0.0).unwrap());
        let grip = Grip::new(LENGTH_M, THICKNESS_M, stiffness, relaxation_s).unwrap();
        let element = b.element("grip", &[(jaw, 1.0)], grip);
        let island = b.build().unwrap();
        let (ws, given) = (island.workspace(), island.nominal_inputs());
        let state = island.initial_state(&[q], &[v]).unwrap();
        Jaw { island, state, given, ws, grip, element }
    }

    fn drive(&mut self, effort_nm: f64) {
        self.given[0] = effort_nm;
    }

    fn step(&mut self, step_s: f64) {
        self.step_by(Integrator::Leapfrog, step_s);
    }

    fn step_by(&mut self, integrator: Integrator, step_s: f64) {
        let given = IslandInputs { elements: &self.given, payload_mass_kg: &[], wrenches: &[] };
        self.island.step_with(integrator, &mut self.state, &given, step_s, &mut self.ws).unwrap();
    }

    fn angle(&self) -> f64 {
        self.island.q(&self.state)[0]
    }

    fn in_place(&self) -> bool {
        self.state[self.island.state_of(self.element).unwrap().start] == 1.0
    }

    fn put_in_place(&mut self) {
        let place = self.island.state_of(self.element).unwrap().start;
        self.state[place] = 1.0;
    }

    /// Mean effort of the grip over the last step.
    fn effort(&self) -> f64 {
        self.ws.element_force(self.element).unwrap()
    }

    fn energy(&self, inertia: f64) -> f64 {
        let v = self.island.v(&self.state)[0];
        0.5 * inertia * v * v + self.island.stored_energy(&self.state).unwrap()
    }
}

/// The angle at which something unloaded is touched: 2 L sin(q/2) = t.
fn touch() -> f64 {
    2.0 * trocar_math::asin(THICKNESS_M / (2.0 * LENGTH_M))
}

/// The lever is the slope of the opening, and the effort that of the energy stored: by differences over 2e-5 rad, whose
/// error is the third derivative times 1e-10/6.
#[test]
fn efforts_are_slopes() {
    let stiffness = 40e3;
    let grip = Grip::new(LENGTH_M, THICKNESS_M, stiffness, 0.0).unwrap();
    let d = 1e-5;
    for q in [0.01, 0.1, 0.2, 0.29, 0.6, 1.3] {
        let slope = (grip.opening_m(q + d) - grip.opening_m(q - d)) / (2.0 * d);
        assert!((slope - grip.lever_m(q)).abs() < 1e-11 * LENGTH_M + 1e-13, "{q}");
        let energy = |q: f64| grip.stored_energy(q, &[1.0]);
        let slope = (energy(q + d) - energy(q - d)) / (2.0 * d);
        let effort = grip.rates(q, 0.0, &[THICKNESS_M, stiffness], &[1.0], &mut [0.0]);
        // Energies are of 0.1 J: their rounding over 2e-5.
        assert!((slope + effort).abs() < 1e-9, "{q}: {slope} {effort}");
        assert_eq!(effort == 0.0, q > touch());
    }
}

/// On the instrument of the PSM: the points of grip are as far apart as the opening says, and equal and opposite forces on
/// them are, by the Jacobians of the two jaws, the lever's effort on the jaw and nothing on any other joint.
#[test]
fn on_an_instrument_it_is_the_pair_of_forces_on_the_jaws() {
    let mechanism = sample::psm_classic().unwrap();
    let n = mechanism.coordinate_count();
    let grip = Grip::new(LENGTH_M, THICKNESS_M, 1e4, 0.0).unwrap();
    let jaw = mechanism.coordinate("jaw").unwrap().index();
    let frames = ["jaw_1", "jaw_2"].map(|name| mechanism.frame(name).unwrap());
    // The jaws lie along y of their frames.
    let point = Vector3::new(0.0, LENGTH_M, 0.0);
    let mut q = vec![0.3, -0.2, 0.1, 0.7, -0.4, 0.5, 0.0];
    for angle in [0.05, 0.4, 1.2] {
        q[jaw] = angle;
        let mut ws = mechanism.workspace();
        mechanism.kinematics(&q, &vec![0.0; n], &mut ws).unwrap();
        let [one, other] = frames.map(|frame| ws.point_in_world(frame, &point));
        let apart = one - other;
        assert!((apart.norm() - grip.opening_m(angle)).abs() < 1e-15, "{angle}");
        let spread = apart / apart.norm();
        let mut effort = vec![0.0; n];
        for (frame, sign) in frames.into_iter().zip([1.0, -1.0]) {
            let mut columns = vec![JacobianColumn::default(); n];
            mechanism.jacobian(&ws, frame, &point, &mut columns).unwrap();
            for (sum, column) in effort.iter_mut().zip(&columns) {
                *sum += sign * spread.dot(&column.linear);
            }
        }
        for (k, effort) in effort.iter().enumerate() {
            let expected = if k == jaw { grip.lever_m(angle) } else { 0.0 };
            assert!((effort - expected).abs() < 1e-14, "{angle} {k}: {effort} {expected}");
        }
    }
}

/// A motor that closes with the effort τ presses with F = τ/(L cos(q/2)) at the angle where k (t − 2 L sin(q/2)) is F:
/// found by bisection, whatever the stiffness, at the bench's step.
#[test]
fn at_rest_the_force_is_the_effort_over_the_lever() {
    for (stiffness, effort_nm) in [(3e3, 0.02), (5e4, 0.06), (1e6, 0.16), (1e7, 0.16)] {
        let mut jaw = Jaw::new(1.2e-8, 0.0034, stiffness, 0.0, 0.6, 0.0);
        jaw.drive(-effort_nm);
        for _ in 0..30_000 {
            jaw.step(1.0 / 3000.0);
        }
        let excess =
            |q: f64| stiffness * (THICKNESS_M - jaw.grip.opening_m(q)) - effort_nm / jaw.grip.lever_m(q);
        let (mut low, mut high) = (0.0, touch());
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if excess(middle) > 0.0 { low = middle } else { high = middle }
        }
        assert!((jaw.angle() - low).abs() < 1e-12, "{stiffness}: {} {low}", jaw.angle());
        let force_n = jaw.effort() / jaw.grip.lever_m(jaw.angle());
        let expected_n = effort_nm / jaw.grip.lever_m(low);
        assert!((force_n / expected_n - 1.0).abs() < 1e-9, "{stiffness}: {force_n} {expected_n}");
    }
}

/// Jaws that start closed are not burst open. They feel nothing until they have been open wide enough.
#[test]
fn it_is_put_between_jaws_that_are_open() {
    let mut jaw = Jaw::new(1.2e-8, 0.0034, 1e6, 0.0, 0.0, 0.0);
    for _ in 0..3000 {
        jaw.step(1.0 / 3000.0);
    }
    assert_eq!((jaw.angle(), jaw.effort(), jaw.in_place()), (0.0, 0.0, false));
    jaw.drive(0.002);
    while jaw.angle() < touch() {
        assert!(!jaw.in_place());
        jaw.step(1.0 / 3000.0);
    }
    assert!(jaw.in_place());
    jaw.drive(-0.002);
    for _ in 0..30_000 {
        jaw.step(1.0 / 3000.0);
    }
    assert!(jaw.in_place() && (jaw.effort() / 0.002 - 1.0).abs() < 1e-9, "{}", jaw.effort());
}

/// A thrown jaw comes back: by short steps as fast as by Runge–Kutta, and as fast as it came.
#[test]
fn a_jaw_bounces_as_runge_kutta_has_it() {
    let (inertia, stiffness) = (1e-5, 2e4);
    let bounce = |integrator, step_s| {
        let mut jaw = Jaw::new(inertia, 0.0, stiffness, 0.0, touch() + 0.05, -3.0);
        jaw.put_in_place();
        // Far out again after about 0.05 s.
        let steps = (0.05 / step_s) as u32;
        for _ in 0..steps {
            jaw.step_by(integrator, step_s);
        }
        (jaw.angle(), jaw.island.v(&jaw.state)[0])
    };
    let (angle, speed) = bounce(Integrator::Leapfrog, 1e-6);
    let (expected, as_fast) = bounce(Integrator::RungeKutta4, 1e-6);
    // First order across the impact, whose stiffness turns by 1e-3 of a radian in a step.
    assert!(
        (speed - as_fast).abs() < 1e-4 && (angle - expected).abs() < 1e-5,
        "{speed} {as_fast} {angle} {expected}"
    );
    assert!((as_fast - 3.0).abs() < 1e-6, "{as_fast}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    /// Thrown at any speed that does not crush it, at any step, what is gripped gives back no more than it was given, and
    /// never pulls.
    #[test]
    fn it_gives_back_no_more_than_it_was_given(
        power in 3.0..9.0_f64, relaxation_s in 0.0..0.01_f64, share in 0.01..0.5_f64, step_power in -5.0..-2.5_f64,
        ahead in 0.0..1.0_f64,
    ) {
        let (inertia, stiffness) = (1e-5, trocar_math::exp(power * std::f64::consts::LN_10));
        // Speeds that press it by up to this share of its thickness, and are no more than 20 rad/s.
        let pressed_m = share * THICKNESS_M;
        let speed = trocar_math::min(20.0, pressed_m * f64::sqrt(stiffness / inertia));
        let step_s = trocar_math::exp(step_power * std::f64::consts::LN_10);
        let mut jaw = Jaw::new(inertia, 0.0, stiffness, relaxation_s, touch() + ahead * speed * step_s, -speed);
        jaw.put_in_place();
        let rounding = 1e-14 * jaw.energy(inertia);
        // Until it is far out again: beyond half a turn there is no jaw.
        for _ in 0..20_000 {
            if jaw.angle() > 1.5 {
                break;
            }
            let before = jaw.energy(inertia);
            jaw.step(step_s);
            prop_assert!(jaw.energy(inertia) <= before * (1.0 + 1e-12) + rounding, "{} {before}", jaw.energy(inertia));
            prop_assert!(jaw.effort() >= 0.0);
        }
    }
}
