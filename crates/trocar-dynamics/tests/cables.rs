//! A wrist on cables: two discs, coupled to two joints with friction, over cables with slack.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Vector3};
use proptest::prelude::*;
use trocar_dynamics::{
    CoordinateId, CoordinateKind, Drive, Elastic, ElementId, Flank, Friction, Island, IslandBuilder,
    IslandInputs, IslandWorkspace, MechanismBuilder, Side,
};

/// Joint 1 by disc 1, joint 2 by both: pitch and yaw of the Large Needle Driver, discs 3 and 4 taken as one.
const PITCH: f64 = 1.0186;
const DRAG: f64 = -0.8306;
const YAW: f64 = 2.0 * 0.6089;

/// Coordinates: disc 1, disc 2, pitch, yaw.
struct Wrist {
    island: Island,
    state: Vec<f64>,
    given: Vec<f64>,
    ws: IslandWorkspace,
    drives: [ElementId; 2],
}

const STEP_S: f64 = 1.0 / 3000.0;

/// Stiffness (N m/rad) and slack (rad, whole) of each cable; friction of each joint, N m.
fn wrist(stiffness: [f64; 2], slack: [f64; 2], coulomb: [f64; 2]) -> Wrist {
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let mut add = |name: &str, inertia: f64| {
        let k = b.coordinate(name, CoordinateKind::Revolute);
        b.rotor(&format!("{name}_rotor"), &[(k, 1.0)], inertia);
        k
    };
    // The rotors behind their gears, and the bare links.
    let discs = [add("disc_1", 3.8e-4), add("disc_2", 3.8e-4)];
    let joints = [add("pitch", 2e-7), add("yaw", 5e-8)];
    let rows: [Vec<(CoordinateId, f64)>; 2] = [
        vec![(discs[0], 1.0), (joints[0], -1.0 / PITCH)],
        vec![(discs[1], 1.0), (joints[0], DRAG / (PITCH * YAW)), (joints[1], -1.0 / YAW)],
    ];
    let mut island = IslandBuilder::new(b.build().unwrap());
    for (place, row) in rows.iter().enumerate() {
        for (side, word) in [(Side::Above, "above"), (Side::Below, "below")] {
            let flank = Flank::new(side, stiffness[place], 1e-3, 0.5 * slack[place]).unwrap();
            island.element(&format!("cable_{place}_{word}"), row, flank);
        }
    }
    for (place, level) in coulomb.into_iter().enumerate() {
        let friction = Friction::new(level, 0.0, 1e4 * level, 0.0).unwrap();
        island.element(&format!("friction_{place}"), &[(joints[place], 1.0)], friction);
    }
    let drives = [0, 1].map(|place| island.element(&format!("drive_{place}"), &[(discs[place], 1.0)], Drive));
    let island = island.build().unwrap();
    let (ws, given) = (island.workspace(), island.nominal_inputs());
    let state = island.initial_state(&[0.0; 4], &[0.0; 4]).unwrap();
    Wrist { island, state, given, ws, drives }
}

impl Wrist {
    /// A step with these efforts on the discs, N m.
    fn step(&mut self, efforts: [f64; 2]) {
        for (drive, effort) in self.drives.iter().zip(efforts) {
            self.given[self.island.inputs_of(*drive).unwrap().start] = effort;
        }
        let given = IslandInputs { elements: &self.given, payload_mass_kg: &[], wrenches: &[] };
        self.island.step(&mut self.state, &given, STEP_S, &mut self.ws).unwrap();
    }

    /// A stiff servo takes the discs where the joints should be.
    fn follow(&mut self, [pitch, yaw]: [f64; 2]) {
        let discs = [pitch / PITCH, (yaw - DRAG * pitch / PITCH) / YAW];
        let effort = |k: usize| 20.0 * (discs[k] - self.state[k]) - 0.2 * self.state[4 + k];
        self.step([effort(0), effort(1)]);
    }

    /// Pitch and yaw where their discs would have them if the cables were rigid.
    fn by_discs(&self) -> [f64; 2] {
        [PITCH * self.state[0], DRAG * self.state[0] + YAW * self.state[1]]
    }

    /// By how much the joints are behind, after each of the last two ways along yaw alone (`axis` 1) or pitch alone (0).
    fn behind_after_sweeps(&mut self, axis: usize) -> [[f64; 2]; 2] {
        let mut behind = [[0.0; 2]; 2];
        let steps = 12_000;
        for way in 0..5 {
            for i in 1..=steps {
                let share = f64::from(i) / f64::from(steps);
                let from = if way == 0 { 0.0 } else { 0.6 };
                let sign = if way % 2 == 0 { 1.0 } else { -1.0 };
                let mut to = [0.0; 2];
                to[axis] = sign * (-from + share * (from + 0.6));
                self.follow(to);
            }
            let by = self.by_discs();
            behind[way % 2] = [by[0] - self.state[2], by[1] - self.state[3]];
        }
        behind
    }
}

/// Half the width of the loop that a sweep leaves in pitch and in yaw.
fn half_widths(behind: [[f64; 2]; 2]) -> [f64; 2] {
    [0, 1].map(|k| 0.5 * (behind[0][k] - behind[1][k]))
}

/// While yaw turns alone, its friction F₂ loads both cables, so the joints are behind by C f with C = A diag(1/k) Aᵀ: yaw by
/// C₂₂ F₂ + C₁₂ f₁, pitch by C₁₂ F₂ + C₁₁ f₁, where pitch's own friction f₁ holds it as long as it can: f₁ = −C₁₂ F₂/C₁₁ up
/// to F₁, beyond which it is dragged along.
#[test]
fn a_coupled_wrist_lags_and_drags_by_its_compliance() {
    for (coulomb, is_dragged) in [([0.003, 0.0133], true), ([0.012, 0.0133], false)] {
        let stiffness = [0.1, 0.2];
        let mut wrist = wrist(stiffness, [0.0; 2], coulomb);
        let [pitch, yaw] = half_widths(wrist.behind_after_sweeps(1));
        let c11 = PITCH * PITCH / stiffness[0];
        let c12 = PITCH * DRAG / stiffness[0];
        let c22 = DRAG * DRAG / stiffness[0] + YAW * YAW / stiffness[1];
        let needed = -c12 * coulomb[1] / c11;
        assert_eq!(needed > coulomb[0], is_dragged, "the test has its occasions");
        let held = if is_dragged { coulomb[0] } else { needed };
        let (expected_pitch, expected_yaw) = (c12 * coulomb[1] + c11 * held, c22 * coulomb[1] + c12 * held);
        // The bristles give by 1e-4 rad before they slip.
        assert!((pitch - expected_pitch).abs() < 3e-4, "{pitch} {expected_pitch}");
        assert!((yaw - expected_yaw).abs() < 3e-4, "{yaw} {expected_yaw}");
    }
}

/// Slack s on the disc that moves yaw widens its loop to YAW s + 2 C₂₂ F₂, where the other disc has none and pitch is held.
#[test]
fn slack_widens_the_loop_by_itself() {
    let (stiffness, coulomb, slack) = ([0.2, 0.2], [0.05, 0.004], 0.06);
    let mut wrist = wrist(stiffness, [0.0, slack], coulomb);
    let [pitch, yaw] = half_widths(wrist.behind_after_sweeps(1));
    let c11 = PITCH * PITCH / stiffness[0];
    let c12 = PITCH * DRAG / stiffness[0];
    let c22 = DRAG * DRAG / stiffness[0] + YAW * YAW / stiffness[1];
    let expected = 0.5 * YAW * slack + (c22 - c12 * c12 / c11) * coulomb[1];
    assert!(pitch.abs() < 3e-4 && (yaw - expected).abs() < 3e-4, "{pitch} {yaw} {expected}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    /// Whatever the discs' motors do, the wrist gives back no more than it was given.
    #[test]
    fn a_wrist_on_cables_is_passive(
        stiffness in prop::array::uniform2(0.02..2.0_f64),
        slack in prop::array::uniform2(0.0..0.2_f64),
        coulomb in prop::array::uniform2(0.0..0.02_f64),
        pushes in prop::collection::vec(prop::array::uniform2(-0.3..0.3_f64), 20),
    ) {
        let mut wrist = wrist(stiffness, slack, coulomb.map(|c| c + 1e-6));
        let mut work = 0.0;
        for push in pushes {
            for _ in 0..100 {
                let before = [wrist.state[0], wrist.state[1]];
                wrist.step(push);
                work += push[0] * (wrist.state[0] - before[0]) + push[1] * (wrist.state[1] - before[1]);
                let v = &wrist.state[4..8];
                let kinetic = 0.5 * (3.8e-4 * (v[0] * v[0] + v[1] * v[1]) + 2e-7 * v[2] * v[2] + 5e-8 * v[3] * v[3]);
                let stored = wrist.island.stored_energy(&wrist.state).unwrap();
                // The leapfrog takes the push at the middle of the step and the work at its ends.
                let allowed = 1e-9 + 1e-3 * work.abs();
                prop_assert!(kinetic + stored <= work + allowed, "{kinetic} + {stored} of {work}");
            }
        }
    }
}

/// A cable that has stretched pulls about another angle: its `rest` is an input.
#[test]
fn a_stretched_cable_rests_elsewhere() {
    let mut b = MechanismBuilder::new(Vector3::zeros(), Isometry3::identity());
    let k = b.coordinate("x", CoordinateKind::Revolute);
    b.rotor("rotor", &[(k, 1.0)], 1e-4);
    let mut island = IslandBuilder::new(b.build().unwrap());
    let cable = island.element("cable", &[(k, 1.0)], Elastic::new(0.2, 0.01).unwrap());
    let island = island.build().unwrap();
    let (mut ws, mut given) = (island.workspace(), island.nominal_inputs());
    let mut state = island.initial_state(&[0.0], &[0.0]).unwrap();
    assert_eq!(island.input_names(), ["cable.stiffness", "cable.rest"]);
    given[island.inputs_of(cable).unwrap().start + 1] = 0.1;
    for _ in 0..6000 {
        let inputs = IslandInputs { elements: &given, payload_mass_kg: &[], wrenches: &[] };
        island.step(&mut state, &inputs, STEP_S, &mut ws).unwrap();
    }
    // Two seconds are 20 of its decay times, 2 J/(k 0.01 s).
    assert!((state[0] - 0.1).abs() < 1e-6, "{}", state[0]);
}
