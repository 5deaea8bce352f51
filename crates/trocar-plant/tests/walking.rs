//! Inverse dynamics of a person along one adult's walk, with the ground reaction that was measured under its feet, beside the joint
//! moments that were published of it. `docs/people.md` is made of what comes out; where the page is old, the test says how to make it anew.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use nalgebra::{Isometry3, Matrix3, UnitQuaternion, Vector3};
use std::collections::BTreeMap;
use std::f64::consts::FRAC_PI_2;
use std::fmt::Write as _;
use std::path::Path;
use trocar_dynamics::{
    CoordinateId, CoordinateKind, FrameId, Inertia, JacobianColumn, JointVariable, Mechanism,
    MechanismBuilder, Placement,
};
use trocar_math::{max, min};
use trocar_plant::person::{HipAxes, Joints, Person, Root, Sex};

/// The adult of OpenSim's Gait2392 example.
const HEIGHT_M: f64 = 1.803;
const MASS_KG: f64 = 72.6;
/// From heel strike to heel strike, s.
const STRIDE_S: f64 = 1.235;
/// Heel strikes, s: right as the reference table has it, left half a stride later within a sample.
const HEEL_STRIKE_S: [f64; 2] = [0.6183, 1.235];
/// The published moments of before are of a motion that was not measured (it begins at 0.5 s) and of a filter that settles; they end at 1.6 s.
const USABLE_S: [f64; 2] = [0.58, 1.601];

/// The columns of the walk by name, one value per row.
type Walk = BTreeMap<String, Vec<f64>>;

fn walk() -> Walk {
    let text = include_str!("data/gait2392_walk.csv");
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    let names: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut columns: Walk = names.iter().map(|name| ((*name).to_owned(), Vec::new())).collect();
    for line in lines {
        for (name, cell) in names.iter().zip(line.split(',')) {
            // Nothing was published of the first and the last rows.
            columns.get_mut(*name).unwrap().push(cell.parse().unwrap_or(f64::NAN));
        }
    }
    columns
}

/// Someone whose pelvis is moved along the three axes of the ground and turned about them one after the other, as the walk's columns are.
struct Subject {
    mechanism: Mechanism,
    /// Coordinates with the column that moves each and the factor to SI units.
    moved: Vec<(CoordinateId, String, f64)>,
}

/// The axes of a hinge whose z points forward, to the left, to the right, up.
fn forward() -> UnitQuaternion<f64> {
    UnitQuaternion::from_axis_angle(&Vector3::y_axis(), FRAC_PI_2)
}

fn to_the_left() -> UnitQuaternion<f64> {
    UnitQuaternion::from_axis_angle(&Vector3::x_axis(), -FRAC_PI_2)
}

fn to_the_right() -> UnitQuaternion<f64> {
    UnitQuaternion::from_axis_angle(&Vector3::x_axis(), FRAC_PI_2)
}

fn up() -> UnitQuaternion<f64> {
    UnitQuaternion::identity()
}

/// A chain of frames, each moved by a column of the walk.
struct Chain<'a> {
    builder: &'a mut MechanismBuilder,
    frame: FrameId,
    /// The last frame's axes, in those that an upright segment has there.
    axes: UnitQuaternion<f64>,
    moved: &'a mut Vec<(CoordinateId, String, f64)>,
}

impl Chain<'_> {
    /// Hangs a frame at a point of the last segment; `sign` says which way the column counts.
    fn next(&mut self, column: &str, at_m: Vector3<f64>, axis: UnitQuaternion<f64>, sign: f64) {
        let coordinate = self.coordinate(column);
        self.hang(column, coordinate, at_m, axis, sign);
    }

    /// Declares the coordinate that a column moves.
    fn coordinate(&mut self, column: &str) -> CoordinateId {
        let turns = column.ends_with("_deg");
        let kind = if turns { CoordinateKind::Revolute } else { CoordinateKind::Prismatic };
        let coordinate = self.builder.coordinate(column.trim_end_matches("_deg"), kind);
        self.moved.push((coordinate, column.to_owned(), if turns { 1_f64.to_radians() } else { 1.0 }));
        coordinate
    }

    /// A frame that such a coordinate turns (a name that ends in `_deg`) or slides, so many times over.
    fn hang(
        &mut self,
        column: &str,
        coordinate: CoordinateId,
        at_m: Vector3<f64>,
        axis: UnitQuaternion<f64>,
        sign: f64,
    ) {
        let kind =
            if column.ends_with("_deg") { CoordinateKind::Revolute } else { CoordinateKind::Prismatic };
        let variable = JointVariable { kind, row: vec![(coordinate, sign)] };
        let back = self.axes.inverse();
        let placement = Placement::Fixed(Isometry3::from_parts((back * at_m).into(), back * axis));
        self.frame = self.builder.frame(column, self.frame, placement, Some(variable));
        self.axes = axis;
    }

    /// The frame of a segment that stands upright with the last joint at zero.
    fn segment(&mut self, name: &str) -> FrameId {
        let back = Isometry3::from_parts(Vector3::zeros().into(), self.axes.inverse());
        self.frame = self.builder.frame(name, self.frame, Placement::Fixed(back), None);
        self.axes = up();
        self.frame
    }
}

fn on_a_moved_pelvis(
    add: impl FnOnce(&mut MechanismBuilder, FrameId, &mut Vec<(CoordinateId, String, f64)>),
) -> Subject {
    let mut builder = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.806_65), Isometry3::identity());
    let mut moved = Vec::new();
    let mut chain = Chain { builder: &mut builder, frame: FrameId::BASE, axes: up(), moved: &mut moved };
    for (column, axis) in [
        ("hips_x_m", forward()),
        ("hips_y_m", to_the_left()),
        ("hips_z_m", up()),
        ("pelvis_back_tilt_deg", to_the_right()),
        ("pelvis_list_deg", forward()),
        ("pelvis_rotation_deg", up()),
    ] {
        chain.next(column, Vector3::zeros(), axis, 1.0);
    }
    let pelvis = chain.segment("hips");
    add(&mut builder, pelvis, &mut moved);
    Subject { mechanism: builder.build().unwrap(), moved }
}

/// Trocar's person.
fn subject(person: &Person) -> Subject {
    on_a_moved_pelvis(|builder, pelvis, moved| {
        let joints = Joints { root: Root::Fixed, hips: HipAxes::All, ..Joints::default() };
        let here = Placement::Fixed(Isometry3::identity());
        let placed = person.add_to(builder, "adult", pelvis, here, joints).unwrap();
        let degree = 1_f64.to_radians();
        moved.extend(placed.coordinates().map(|(name, id)| (id, format!("{name}_deg"), degree)));
    })
}

/// The legs of OpenSim's own model, scaled to the adult (`OutputReference/subject01_simbody.osim`): centres, masses, inertias, the place of
/// the knee at this flexion (rad), and the oblique axis of the ankle. Its subtalar joint, which stands still in this walk, is left at zero.
fn models_own_legs(knee_flexion_rad: [f64; 2]) -> Subject {
    on_a_moved_pelvis(|builder, pelvis, moved| {
        for (k, (side, left)) in [("r", -1.0), ("l", 1.0)].into_iter().enumerate() {
            let mut chain = Chain { builder: &mut *builder, frame: pelvis, axes: up(), moved: &mut *moved };
            let column = |joint: &str| format!("adult.{joint}_{side}_deg");
            let hip = Vector3::new(0.0, left * 0.085_552_2, 0.0);
            chain.next(&column("hip_flexion"), hip, to_the_right(), 1.0);
            chain.next(&column("hip_adduction"), Vector3::zeros(), forward(), -left);
            chain.next(&column("hip_rotation"), Vector3::zeros(), up(), -left);
            let thigh = chain.segment(&format!("adult.thigh_{side}"));
            let about = |x, y, z| Matrix3::from_diagonal(&Vector3::new(x, y, z));
            let body = |mass_kg, centre_of_mass_m, about_centre_kgm2| Inertia {
                mass_kg,
                centre_of_mass_m,
                about_centre_kgm2,
            };
            let femur =
                body(8.984_038, Vector3::new(0.0, 0.0, -0.195_031), about(0.170_221, 0.179_501, 0.044_621));
            chain.builder.body(thigh, &femur).unwrap();
            let (knee, slope) = knee_in_thigh(knee_flexion_rad[k]);
            let knee_flexion = chain.coordinate(&column("knee_flexion"));
            let at_zero = knee - slope * knee_flexion_rad[k];
            chain.hang(&format!("knee_x_{side}"), knee_flexion, at_zero, forward(), slope.x);
            chain.hang(&format!("knee_z_{side}"), knee_flexion, Vector3::zeros(), up(), slope.z);
            chain.hang(&column("knee_flexion"), knee_flexion, Vector3::zeros(), to_the_left(), 1.0);
            let shank = chain.segment(&format!("adult.shank_{side}"));
            let tibia =
                body(3.581_001, Vector3::new(0.0, 0.0, -0.184_557), about(0.047_569, 0.048_230, 0.004_814));
            chain.builder.body(shank, &tibia).unwrap();
            let axis = Vector3::new(left * 0.105_013_55, -0.979_126_32, left * 0.174_022_45);
            let oblique = UnitQuaternion::rotation_between(&Vector3::z(), &axis).unwrap();
            chain.next(&column("ankle_dorsiflexion"), Vector3::new(0.0, 0.0, -0.425_065), oblique, 1.0);
            let foot = chain.segment(&format!("adult.foot_{side}"));
            let talus = body(0.096_588, Vector3::zeros(), about(0.001_199, 0.001_199, 0.001_199));
            let heel = body(
                1.207_350,
                Vector3::new(0.048_380, left * 0.008_823, -0.015_919),
                about(0.001_426, 0.004_178, 0.003_974),
            );
            let toes = body(
                0.209_210,
                Vector3::new(0.164_851, left * -0.008_042, -0.042_623),
                about(0.000_102, 0.001_019, 0.001_121),
            );
            chain.builder.body(foot, &together(&[talus, heel, toes])).unwrap();
        }
        for (_, column, _) in moved.iter_mut() {
            *column = column.trim_start_matches("adult.").to_owned();
        }
    })
}

/// Several bodies of one frame as one.
fn together(bodies: &[Inertia]) -> Inertia {
    let mass_kg: f64 = bodies.iter().map(|body| body.mass_kg).sum();
    let first: Vector3<f64> = bodies.iter().map(|body| body.centre_of_mass_m * body.mass_kg).sum();
    let centre = first / mass_kg;
    let about = bodies.iter().map(|body| {
        let arm = body.centre_of_mass_m - centre;
        body.about_centre_kgm2
            + (Matrix3::identity() * arm.norm_squared() - arm * arm.transpose()) * body.mass_kg
    });
    Inertia { mass_kg, centre_of_mass_m: centre, about_centre_kgm2: about.sum() }
}

/// The model's knee slides as it bends (Yamaguchi and Zajac 1989): where it is in the thigh, and by how much it moves per rad, from
/// the knots of its two functions, forward and up, scaled by 1.14724.
#[expect(clippy::approx_constant, reason = "the model's knots as they are printed")]
fn knee_in_thigh(flexion_rad: f64) -> (Vector3<f64>, Vector3<f64>) {
    let between = |knots: &[(f64, f64)]| {
        let k = knots.iter().position(|knot| knot.0 > flexion_rad).unwrap_or(knots.len() - 1).max(1);
        let (from, to) = (knots[k - 1], knots[k]);
        let slope = (to.1 - from.1) / (to.0 - from.0);
        (from.1 + slope * (flexion_rad - from.0), slope)
    };
    let x = between(&[
        (-0.197_344, -0.005_227),
        (0.174_533, -0.003_1),
        (0.349_066, -0.001),
        (0.698_132, 0.002_12),
        (1.047_2, 0.004_1),
        (1.396_26, 0.004_11),
    ]);
    let y = between(&[
        (-0.159_149, -0.395_264),
        (0.174_533, -0.396_6),
        (0.349_066, -0.397_6),
        (0.523_599, -0.399),
        (1.221_73, -0.408_2),
        (2.094_4, -0.422_6),
    ]);
    (Vector3::new(x.0, 0.0, y.0) * 1.147_24, Vector3::new(x.1, 0.0, y.1) * 1.147_24)
}

/// Efforts of all joints in one row: what inverse dynamics wants, less what the ground gives.
fn efforts(subject: &Subject, walk: &Walk, row: usize) -> Vec<f64> {
    let mechanism = &subject.mechanism;
    let n = mechanism.coordinate_count();
    let step_s = walk["time_s"][1] - walk["time_s"][0];
    let (mut q, mut qd, mut qdd) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for (coordinate, column, factor) in &subject.moved {
        let at = |k: usize| walk[column][k] * factor;
        let [before, back, here, next, after] = [row - 2, row - 1, row, row + 1, row + 2].map(at);
        let k = coordinate.index();
        // Fourth order: what is left below the filter's 6 Hz is wrong by (ω h)⁴/90, 0.2 % of an acceleration.
        q[k] = here;
        qd[k] = (8.0 * (next - back) - (after - before)) / (12.0 * step_s);
        qdd[k] = (16.0 * (next + back) - (after + before) - 30.0 * here) / (12.0 * step_s * step_s);
    }
    let (mut ws, mut effort) = (mechanism.workspace(), vec![0.0; n]);
    mechanism.inverse_dynamics(&q, &qd, &qdd, &[], &mut ws, &mut effort).unwrap();
    let mut columns = vec![JacobianColumn::default(); n];
    for side in ["r", "l"] {
        let of = |what: &str, unit: &str, axis: &str| walk[&format!("{what}_{axis}_{side}_{unit}")][row];
        let vector = |what, unit| Vector3::new(of(what, unit, "x"), of(what, unit, "y"), of(what, unit, "z"));
        let (force, centre) = (vector("force", "n"), vector("centre", "m"));
        let torque = Vector3::z() * of("torque", "nm", "z");
        let foot = mechanism.frame(&format!("adult.foot_{side}")).unwrap();
        let centre_in_foot = ws.world_from_frame(foot).inverse_transform_point(&centre.into()).coords;
        mechanism.jacobian(&ws, foot, &centre_in_foot, &mut columns).unwrap();
        for (out, column) in effort.iter_mut().zip(&columns) {
            *out -= column.linear.dot(&force) + column.angular.dot(&torque);
        }
    }
    effort
}

/// The parts of the cycle: name, from, to.
const PHASES: [(&str, f64, f64); 5] = [
    ("loading", 0.0, 0.12),
    ("mid stance", 0.12, 0.31),
    ("late stance", 0.31, 0.50),
    ("push-off", 0.50, 0.64),
    ("swing", 0.64, 1.0),
];

const JOINTS: [(&str, &str); 5] = [
    ("hip_flexion", "hip flexion"),
    ("knee_flexion", "knee flexion"),
    ("ankle_dorsiflexion", "ankle dorsiflexion"),
    ("hip_adduction", "hip adduction"),
    ("hip_rotation", "hip rotation"),
];

/// Published and ours, N m/kg, with the phase, of one joint on both sides.
fn compared(subject_at: impl Fn(usize) -> Subject, walk: &Walk, joint: &str) -> Vec<(f64, f64, f64)> {
    let mut found = Vec::new();
    for row in 2..walk["time_s"].len() - 2 {
        let time = walk["time_s"][row];
        if !(USABLE_S[0]..=USABLE_S[1]).contains(&time) {
            continue;
        }
        let subject = subject_at(row);
        let efforts = efforts(&subject, walk, row);
        for (side, strike) in ["r", "l"].into_iter().zip(HEEL_STRIKE_S) {
            let coordinate = subject.mechanism.coordinate(&format!("adult.{joint}_{side}")).unwrap();
            let phase = (time - strike) / STRIDE_S;
            let published = walk[&format!("{joint}_moment_{side}_nm")][row] / MASS_KG;
            found.push((phase - phase.floor(), published, efforts[coordinate.index()] / MASS_KG));
        }
    }
    found
}

struct Residual {
    least: f64,
    greatest: f64,
    rms: f64,
    most: f64,
}

fn residual(of: &[(f64, f64, f64)]) -> Residual {
    let squares: f64 = of.iter().map(|(_, published, ours)| (ours - published) * (ours - published)).sum();
    let fold = |start: f64, with: fn(f64, f64) -> f64, value: fn(&(f64, f64, f64)) -> f64| {
        of.iter().fold(start, |kept, row| with(kept, value(row)))
    };
    Residual {
        least: fold(f64::INFINITY, min, |row| row.1),
        greatest: fold(f64::NEG_INFINITY, max, |row| row.1),
        rms: (squares / of.len() as f64).sqrt(),
        most: fold(0.0, max, |row| (row.2 - row.1).abs()),
    }
}

/// Of each joint, the most by which a moment may be off, N m/kg: with Trocar's person, and with the legs of the model that was published.
///
/// Trocar's person: the ground gives up to 11 N/kg, so that 10 mm in where a joint's centre is taken are 0.11 N m/kg (knee); a foot that is a
/// third lighter swings with other moments (hip). Across the walking direction and about the limb little of this is left.
///
/// The model's own legs: what is left is the filter's treatment of the ends of the record and of the strikes (its own padding is not published), the
/// subtalar joint at zero, toes and heel as one, and the knee's curve as straight pieces.
const MOST_NM_PER_KG: [(f64, f64); 5] =
    [(0.12, 0.06), (0.15, 0.05), (0.08, 0.04), (0.04, 0.03), (0.02, 0.012)];

#[test]
fn moments_of_a_walk() {
    let walk = walk();
    let person = Person::new(HEIGHT_M, MASS_KG, Sex::Male).unwrap();
    let bent =
        |row: usize| ["r", "l"].map(|side| walk[&format!("knee_flexion_{side}_deg")][row].to_radians());
    let mut rows = String::new();
    for ((joint, name), (most, most_own)) in JOINTS.into_iter().zip(MOST_NM_PER_KG) {
        let ours = compared(|_| subject(&person), &walk, joint);
        let own = compared(|row| models_own_legs(bent(row)), &walk, joint);
        // 62 instants of two legs; fewer would be a file that has lost rows.
        assert_eq!((ours.len(), own.len()), (124, 124));
        for (phase, from, to) in PHASES.into_iter().chain([("**all**", 0.0, 1.0)]) {
            let part = |of: &[(f64, f64, f64)]| {
                residual(&of.iter().copied().filter(|row| row.0 >= from && row.0 < to).collect::<Vec<_>>())
            };
            let (ours, own) = (part(&ours), part(&own));
            assert!(ours.most < most, "{name}, {phase}: off by {} N m/kg", ours.most);
            assert!(own.most < most_own, "{name}, {phase}, the model's own legs: off by {} N m/kg", own.most);
            let _ = writeln!(
                rows,
                "| {name} | {phase} | {} to {} | {} | {} | {} | {} |",
                two(ours.least),
                two(ours.greatest),
                three(ours.rms),
                three(ours.most),
                three(own.rms),
                three(own.most)
            );
        }
    }
    print!("{rows}");
    let page = include_str!("data/people.md").replace("{rows}", rows.trim_end());
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("people.md");
    std::fs::write(&made, &page).unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/people.md");
    let is_current = std::fs::read_to_string(shipped).unwrap_or_default() == page;
    assert!(is_current, "docs/people.md is old; make it anew: cp {} docs/people.md", made.display());
}

fn two(value: f64) -> String {
    format!("{value:.2}").replace('-', "−")
}

fn three(value: f64) -> String {
    format!("{value:.3}")
}
