//! Random mechanisms against Pinocchio and MuJoCo. `data/random_trees.py` made them and the golden values, and says what
//! the sizes are that the tolerances here are roundings of.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Matrix3, UnitQuaternion, Vector3};
use serde::Deserialize;
use trocar_dynamics::{
    CoordinateId, CoordinateKind, FrameId, Inertia, JacobianColumn, JointVariable, Mechanism,
    MechanismBuilder, Placement,
};

/// A term passes through some ten rotations, shifts and sums on its way through up to ten joints, in either engine, and
/// each rounds a few times: a few hundred roundings, most of which cancel.
const ROUNDINGS: f64 = 50.0 * f64::EPSILON;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    gravity_mps2: [f64; 3],
    world_from_base: [f64; 6],
    frames: Vec<Frame>,
    rotors: Vec<(Vec<(String, f64)>, f64)>,
    q: Vec<f64>,
    v: Vec<f64>,
    effort: Vec<f64>,
    point: [f64; 3],
    sizes: Sizes,
    pinocchio: Pinocchio,
    mujoco: Option<Mujoco>,
}

#[derive(Deserialize)]
struct Frame {
    parent: i32,
    joint: Joint,
    placement: [f64; 6],
    row: Vec<(String, f64)>,
    /// Mass, centre (3), inertia about it (xx, xy, xz, yy, yz, zz).
    body: Option<[f64; 10]>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Joint {
    Fixed,
    Revolute,
    Prismatic,
    Spherical,
    Free,
}

#[derive(Deserialize)]
struct Sizes {
    t: Vec<f64>,
    s: Vec<f64>,
    acceleration: f64,
    kappa: f64,
    gravity: f64,
    length: f64,
    point_acceleration: f64,
    angular_acceleration: f64,
    momentum: f64,
    kinetic: f64,
    potential: f64,
}

#[derive(Deserialize)]
struct Pinocchio {
    mass_lower: Vec<f64>,
    bias: Vec<f64>,
    gravity_effort: Vec<f64>,
    acceleration: Vec<f64>,
    jacobian: Vec<f64>,
    point_bias: [f64; 6],
    centre: [f64; 3],
    momentum: [f64; 6],
    kinetic: f64,
    potential: f64,
}

#[derive(Deserialize)]
struct Mujoco {
    mass_lower: Vec<f64>,
    bias: Vec<f64>,
    acceleration: Vec<f64>,
}

fn pose(six: &[f64; 6]) -> Isometry3<f64> {
    let rotation = UnitQuaternion::from_euler_angles(six[3], six[4], six[5]);
    Isometry3::from_parts(Vector3::new(six[0], six[1], six[2]).into(), rotation)
}

fn symmetric(xx: f64, xy: f64, xz: f64, yy: f64, yz: f64, zz: f64) -> Matrix3<f64> {
    Matrix3::new(xx, xy, xz, xy, yy, yz, xz, yz, zz)
}

impl Case {
    /// The mechanism and its last frame.
    fn build(&self) -> (Mechanism, FrameId) {
        let mut b = MechanismBuilder::new(Vector3::from(self.gravity_mps2), pose(&self.world_from_base));
        let mut named: Vec<(String, CoordinateId)> = Vec::new();
        let mut frames: Vec<FrameId> = Vec::new();
        for (i, frame) in self.frames.iter().enumerate() {
            let parent = usize::try_from(frame.parent).map_or(FrameId::BASE, |parent| frames[parent]);
            let (name, placement) = (format!("f{i}"), Placement::Fixed(pose(&frame.placement)));
            let mut moved = |b: &mut MechanismBuilder, kind| {
                let row = frame
                    .row
                    .iter()
                    .map(|(name, coefficient)| {
                        let known = named.iter().find(|(other, _)| other == name).map(|&(_, id)| id);
                        let id = known.unwrap_or_else(|| {
                            named.push((name.clone(), b.coordinate(name, kind)));
                            named[named.len() - 1].1
                        });
                        (id, *coefficient)
                    })
                    .collect();
                b.frame(&name, parent, placement, Some(JointVariable { kind, row }))
            };
            let id = match frame.joint {
                Joint::Fixed => b.frame(&name, parent, placement, None),
                Joint::Revolute => moved(&mut b, CoordinateKind::Revolute),
                Joint::Prismatic => moved(&mut b, CoordinateKind::Prismatic),
                Joint::Spherical => b.spherical_frame(&name, parent, placement),
                Joint::Free => b.free_frame(&name, parent, placement),
            };
            if let Some([mass_kg, x, y, z, xx, xy, xz, yy, yz, zz]) = frame.body {
                let inertia = Inertia {
                    mass_kg,
                    centre_of_mass_m: Vector3::new(x, y, z),
                    about_centre_kgm2: symmetric(xx, xy, xz, yy, yz, zz),
                };
                b.body(id, &inertia).unwrap();
            }
            frames.push(id);
        }
        for (i, (row, inertia_kgm2)) in self.rotors.iter().enumerate() {
            let row: Vec<_> = row
                .iter()
                .map(|(name, gear)| (named.iter().find(|(other, _)| other == name).unwrap().1, *gear))
                .collect();
            b.rotor(&format!("rotor {i}"), &row, *inertia_kgm2);
        }
        (b.build().unwrap(), frames[frames.len() - 1])
    }

    /// Each value against the golden one: no further from it than so many roundings of its size.
    fn hold(&self, what: &str, got: &[f64], golden: &[f64], size: impl Fn(usize) -> f64) {
        assert_eq!(got.len(), golden.len(), "{} {what}", self.name);
        for (k, (a, b)) in got.iter().zip(golden).enumerate() {
            let tolerance = ROUNDINGS * size(k);
            assert!((a - b).abs() <= tolerance, "{} {what} {k}: {a} {b} {tolerance:e}", self.name);
        }
    }

    /// Size of the errors of q̈ over the roundings that cause them, of matrix entries as large as those of `entries`.
    fn acceleration_size(&self, entries: &[f64], acceleration: &[f64]) -> impl Fn(usize) -> f64 {
        let Sizes { t, kappa, acceleration: terms, .. } = &self.sizes;
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
        let matrix = entries.iter().zip(t).map(|(s, t)| s * s / (t * t)).sum::<f64>();
        let moving = norm(&mut acceleration.iter().zip(t).map(|(a, t)| a * t));
        let given = norm(&mut self.effort.iter().zip(t).map(|(a, t)| a / t));
        let all = kappa * (matrix * moving + terms + given);
        let t = t.clone();
        move |k| all / t[k]
    }
}

/// Row and column of each entry of a lower triangle, row by row.
fn lower(n: usize) -> Vec<(usize, usize)> {
    (0..n).flat_map(|i| (0..=i).map(move |j| (i, j))).collect()
}

fn six(columns: &[JacobianColumn]) -> Vec<f64> {
    columns
        .iter()
        .flat_map(|c| c.linear.iter().chain(c.angular.iter()).copied().collect::<Vec<_>>())
        .collect()
}

#[test]
fn random_mechanisms_agree_with_pinocchio_and_mujoco() {
    let golden: Golden = serde_json::from_str(include_str!("data/random_trees.json")).unwrap();
    assert_eq!(golden.cases.len(), 48);
    assert_eq!(golden.cases.iter().filter(|case| case.mujoco.is_some()).count(), 38);
    for case in &golden.cases {
        let (mechanism, last) = case.build();
        let n = mechanism.coordinate_count();
        let Case { sizes, pinocchio, q, v, effort, .. } = case;
        let mut ws = mechanism.workspace();

        let mut qdd = vec![0.0; n];
        mechanism.forward_dynamics(q, v, effort, &[], &mut ws, &mut qdd).unwrap();
        let entries = lower(n);
        let mass: Vec<f64> = entries.iter().map(|&(i, j)| ws.mass_matrix()[i * n + j]).collect();
        let bias = ws.bias().to_vec();
        let entry_size = |of: &[f64], k: usize| of[entries[k].0] * of[entries[k].1];
        case.hold("M", &mass, &pinocchio.mass_lower, |k| entry_size(&sizes.t, k));
        case.hold("bias", &bias, &pinocchio.bias, |k| sizes.t[k] * sizes.acceleration);
        case.hold("q̈", &qdd, &pinocchio.acceleration, case.acceleration_size(&sizes.t, &qdd));
        if let Some(mujoco) = &case.mujoco {
            case.hold("M of MuJoCo", &mass, &mujoco.mass_lower, |k| entry_size(&sizes.s, k));
            case.hold("bias of MuJoCo", &bias, &mujoco.bias, |k| sizes.t[k] * sizes.acceleration);
            case.hold("q̈ of MuJoCo", &qdd, &mujoco.acceleration, case.acceleration_size(&sizes.s, &qdd));
        }
        let mut gravity = vec![0.0; n];
        mechanism.gravity(&[], &mut ws, &mut gravity).unwrap();
        case.hold("gravity", &gravity, &pinocchio.gravity_effort, |k| sizes.t[k] * sizes.gravity);
        let mut back = vec![0.0; n];
        mechanism.inverse_dynamics(q, v, &qdd, &[], &mut ws, &mut back).unwrap();
        let moving: f64 = qdd.iter().zip(&sizes.t).map(|(a, t)| (a * t).abs()).sum();
        case.hold("inverse dynamics", &back, effort, |k| sizes.t[k] * (sizes.acceleration + moving));

        let point = Vector3::from(case.point);
        let mut columns = vec![JacobianColumn::default(); n];
        mechanism.jacobian(&ws, last, &point, &mut columns).unwrap();
        // A coupled joint turns by coefficients up to 1.5, several of them by one coordinate.
        let coupled: f64 = case.frames.iter().flat_map(|f| &f.row).map(|(_, c)| c.abs()).sum();
        let reach = (1.0 + coupled) * (1.0 + sizes.length);
        case.hold("Jacobian", &six(&columns), &pinocchio.jacobian, |_| reach);
        mechanism.jacobian_rate(&ws, last, &point, &mut columns).unwrap();
        let mut rate = JacobianColumn::default();
        for (column, v) in columns.iter().zip(v) {
            rate.linear += column.linear * *v;
            rate.angular += column.angular * *v;
        }
        let part = |k: usize| if k < 3 { sizes.point_acceleration } else { sizes.angular_acceleration };
        case.hold("J̇q̇", &six(&[rate]), &pinocchio.point_bias, part);

        let centre = mechanism.centre_of_mass(&[], &ws).unwrap().position_in_world_m;
        case.hold("centre of mass", centre.as_slice(), &pinocchio.centre, |_| sizes.length);
        let momentum = mechanism.momentum(&[], &ws).unwrap();
        let arm = |k: usize| if k < 3 { 1.0 } else { 2.0 * sizes.length };
        let momentum =
            [momentum.linear_kgmps.as_slice(), momentum.angular_about_centre_kgm2ps.as_slice()].concat();
        case.hold("momentum", &momentum, &pinocchio.momentum, |k| sizes.momentum * arm(k));
        let kinetic = mechanism.kinetic_energy(v, &[], &ws).unwrap();
        case.hold("kinetic energy", &[kinetic], &[pinocchio.kinetic], |_| sizes.kinetic);
        let potential = mechanism.potential_energy(&[], &ws).unwrap();
        case.hold("potential energy", &[potential], &[pinocchio.potential], |_| sizes.potential);

        // The articulated-body algorithm knows no couplings.
        if case.rotors.is_empty() && case.frames.iter().all(|f| f.row.len() < 2) {
            mechanism.forward_dynamics_articulated(q, v, effort, &[], &mut ws, &mut qdd).unwrap();
            case.hold("q̈ by ABA", &qdd, &pinocchio.acceleration, case.acceleration_size(&sizes.t, &qdd));
        }
    }
}
