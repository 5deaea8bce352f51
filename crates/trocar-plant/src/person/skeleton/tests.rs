use super::*;
use crate::person::Sex;
use trocar_dynamics::{Mechanism, Workspace};

struct Bench {
    person: Person,
    placed: PlacedPerson,
    mechanism: Mechanism,
    ws: Workspace,
}

fn bench(sex: Sex, joints: Joints) -> Bench {
    let person = Person::new(1.75, 70.0, sex).unwrap();
    let world = Isometry3::identity();
    let mut builder = MechanismBuilder::new(Vector3::new(0.0, 0.0, -9.806_65), world);
    let standing = Placement::Fixed(Isometry3::translation(0.0, 0.0, person.hip_height_m()));
    let placed = person.add_to(&mut builder, "wearer", FrameId::BASE, standing, joints).unwrap();
    let mechanism = builder.build().unwrap();
    let ws = mechanism.workspace();
    Bench { person, placed, mechanism, ws }
}

const EVERY_JOINT: Joints = Joints { root: Root::Fixed, hips: HipAxes::All, waist: true, arms: true };

impl Bench {
    /// Stands with one joint turned.
    fn pose(&mut self, coordinate: Option<(&str, f64)>) {
        let mut q = self.mechanism.zero_position();
        if let Some((name, angle)) = coordinate {
            let id = self.placed.coordinate(name).unwrap_or_else(|| panic!("no {name}"));
            q[self.mechanism.position_of(id).unwrap()] = angle;
        }
        self.mechanism.kinematics(&q, &vec![0.0; self.mechanism.coordinate_count()], &mut self.ws).unwrap();
    }

    /// A point of a segment in the world.
    fn point(&self, frame: &str, at: Vector3<f64>) -> Vector3<f64> {
        let frame = self.placed.frame(frame).unwrap_or_else(|| panic!("no {frame}"));
        self.ws.point_in_world(frame, &at)
    }

    /// How far a point moves when one joint is turned by a little.
    fn moves(&mut self, (coordinate, angle): (&str, f64), frame: &str, at: Vector3<f64>) -> Vector3<f64> {
        self.pose(None);
        let before = self.point(frame, at);
        self.pose(Some((coordinate, angle)));
        self.point(frame, at) - before
    }
}

#[test]
fn joints_turn_as_clinics_count_them() {
    let mut b = bench(Sex::Male, EVERY_JOINT);
    let (heel, toe) = (b.person.heel_in_foot_m(), b.person.toe_in_foot_m());
    let knee = b.person.segment(Segment::Thigh).end_m;
    let wrist = b.person.segment(Segment::Forearm).end_m;
    for (suffix, left) in [("_r", -1.0), ("_l", 1.0)] {
        let moves = |b: &mut Bench, joint: &str, frame: &str, at| {
            b.moves((&format!("{joint}{suffix}"), 0.3), &format!("{frame}{suffix}"), at)
        };
        // The knee goes forward and up.
        let d = moves(&mut b, "hip_flexion", "thigh", knee);
        assert!(d.x > 0.1 && d.y == 0.0 && d.z > 0.0, "{d}");
        // The heel goes back and up.
        let d = moves(&mut b, "knee_flexion", "foot", heel);
        assert!(d.x < -0.1 && d.z > 0.0, "{d}");
        // The toes go up.
        let d = moves(&mut b, "ankle_dorsiflexion", "foot", toe);
        assert!(d.z > 0.03, "{d}");
        // The knee goes towards the middle, the toes turn inwards.
        let d = moves(&mut b, "hip_adduction", "thigh", knee);
        assert!(-left * d.y > 0.1 && d.x.abs() < 1e-12, "{d}");
        let d = moves(&mut b, "hip_rotation", "foot", toe);
        assert!(-left * d.y > 0.03 && d.z.abs() < 1e-12, "{d}");
        // The wrist goes forward and up, by the elbow and by the shoulder.
        for joint in ["elbow_flexion", "shoulder_flexion"] {
            let d = moves(&mut b, joint, "forearm", wrist);
            assert!(d.x > 0.05 && d.z > 0.0, "{joint}: {d}");
        }
    }
    // The head goes forward and down.
    let d = b.moves(("trunk_flexion", 0.3), "head", Vector3::zeros());
    assert!(d.x > 0.1 && d.z < 0.0, "{d}");
}

/// A knee bent by a right angle and a hip by as much, from the lengths alone: sitting.
#[test]
fn sitting_by_hand() {
    let mut b = bench(Sex::Female, EVERY_JOINT);
    let mut q = b.mechanism.zero_position();
    for (name, degrees) in [("hip_flexion_r", 90.0_f64), ("knee_flexion_r", 90.0), ("hip_rotation_r", 0.0)] {
        q[b.placed.coordinate(name).unwrap().index()] = degrees.to_radians();
    }
    let qd = vec![0.0; q.len()];
    b.mechanism.kinematics(&q, &qd, &mut b.ws).unwrap();
    let h = 1.75;
    let ankle = b.point("foot_r", Vector3::zeros());
    let expected = Vector3::new(0.245 * h, -0.0835 / 1.8 * h, (0.530 - 0.246) * h);
    assert!((ankle - expected).norm() < 1e-12, "{ankle}");
    // The sole lies flat.
    let sole = b.point("foot_r", b.person.toe_in_foot_m()) - b.point("foot_r", b.person.heel_in_foot_m());
    assert!((sole - Vector3::x() * (0.152 * h)).norm() < 1e-12, "{sole}");
}

/// Palmer 1944 ("Studies of the center of gravity in the human body", *Child Dev.* 15:99) puts the standing centre of mass
/// at 0.557 of the height and 14 mm; textbooks say 0.55 of a woman's and 0.57 of a man's height. De Leva's trunk on Winter's
/// skeleton must come within what people differ by, about 0.02 of the height.
#[test]
fn the_centre_of_mass_of_one_who_stands() {
    for (sex, published) in [(Sex::Male, 0.57), (Sex::Female, 0.55)] {
        let mut b = bench(sex, Joints { root: Root::Free, ..Joints::default() });
        b.pose(None);
        let centre = b.mechanism.centre_of_mass(&[], &b.ws).unwrap();
        assert!((centre.mass_kg - 70.0).abs() < 1e-12);
        let [x, y, z] = [0, 1, 2].map(|k| centre.position_in_world_m[k] / 1.75);
        assert!((z - published).abs() < 0.02, "{sex:?}: {z}");
        // Symmetric, and ahead of the ankles only by the feet.
        assert!(y.abs() < 1e-15 && x > 0.0 && x < 0.002, "{sex:?}: {x}, {y}");
        println!("{sex:?}: centre of mass at {z:.4} of the height");
    }
}

#[test]
fn both_sides_are_mirror_images() {
    let mut b = bench(Sex::Male, EVERY_JOINT);
    for joint in ["hip_flexion", "hip_adduction", "hip_rotation", "knee_flexion", "ankle_dorsiflexion"] {
        let toe = b.person.toe_in_foot_m();
        b.pose(Some((&format!("{joint}_r"), 0.4)));
        let right = b.point("foot_r", toe);
        b.pose(Some((&format!("{joint}_l"), 0.4)));
        let left = b.point("foot_l", toe);
        let mirrored = Vector3::new(right.x, -right.y, right.z);
        assert!((left - mirrored).norm() < 1e-14, "{joint}: {right} {left}");
    }
}

#[test]
fn what_moves_is_what_was_asked_for() {
    let names = |joints| {
        let b = bench(Sex::Female, joints);
        b.placed.coordinates().map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    let legs = [
        "hip_flexion_r",
        "knee_flexion_r",
        "ankle_dorsiflexion_r",
        "hip_flexion_l",
        "knee_flexion_l",
        "ankle_dorsiflexion_l",
    ];
    assert_eq!(names(Joints { root: Root::Fixed, ..Joints::default() }), legs);
    assert_eq!(names(Joints::default()), legs, "those of the free pelvis are its frame's");
    assert_eq!(names(EVERY_JOINT).len(), 6 + 4 + 1 + 4);
    let b = bench(Sex::Female, Joints::default());
    assert_eq!(b.mechanism.coordinate_count(), 12);
    assert!(b.mechanism.coordinate("wearer.pelvis.turn_y").is_some());
    assert!(b.mechanism.coordinate("wearer.knee_flexion_l").is_some());
    assert_eq!(b.mechanism.frame("wearer.thigh_r"), b.placed.frame("thigh_r"));
    assert_eq!(b.placed.frames().len(), 3 + 2 * 6);
}
