//! A person's segments from height, mass and sex: masses, lengths, centres and inertias.
//!
//! Masses, centres and radii of gyration are those of de Leva 1996 ("Adjustments to Zatsiorsky–Seluyanov's segment inertia
//! parameters", *J. Biomech.* 29:1223; open copy: BMClab/BMC, `data/BSPmale_ZdeLeva.txt` and `BSPfemale_ZdeLeva.txt`, CC BY
//! 4.0), lengths those of Winter (*Biomechanics and Motor Control of Human Movement*, figure 4.1, after Drillis and Contini).
//! De Leva's subjects were 100 men and 15 women, healthy, about twenty years old. What follows from that:
//!
//! - de Leva's masses sum to 1.0000 of the body for men and to 0.9999 for women; each is divided by that sum.
//! - His ratios are laid on Winter's lengths, which are those of joint centres of standing people and equal for both sexes. His
//!   own lengths differ from these by up to 1.3 % for a man's leg; a woman's thigh of his is shorter, as his hip centre is lower.
//!   A woman's centre of mass so comes to 0.569 of her height, where textbooks say 0.55 (a man's to 0.565; textbooks 0.56 to 0.57).
//! - The trunk reaches from Winter's hip (0.530 of the height) to Winter's shoulder (0.818), which is de Leva's "trunk 3".
//! - Hips, knees, ankles and shoulders of one side stand above each other in one frontal plane (assumed).

use nalgebra::{Matrix3, Vector3};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use trocar_dynamics::Inertia;

/// Which of the published tables a person's body follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sex {
    /// The table of women.
    Female,
    /// The table of men.
    Male,
}

/// Right or left, as the person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// Names end in `_r`.
    Right,
    /// Names end in `_l`.
    Left,
}

impl Side {
    /// Right, then left.
    pub const BOTH: [Self; 2] = [Self::Right, Self::Left];

    /// `_r` or `_l`.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Right => "_r",
            Self::Left => "_l",
        }
    }

    /// +1 for the left, whose y is positive, and −1 for the right.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Right => -1.0,
            Self::Left => 1.0,
        }
    }
}

/// A part of the body that moves as one; limbs exist once on each side and are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// From the waist (at the navel) to the hip joints: de Leva's lower part of the trunk.
    Pelvis,
    /// From the waist to the top of the breastbone: de Leva's middle and upper parts of the trunk.
    Trunk,
    /// With the neck's mass, from the angle of the jaw to the crown.
    Head,
    /// From shoulder to elbow.
    UpperArm,
    /// From elbow to wrist.
    Forearm,
    /// From the wrist to the tip of the third finger.
    Hand,
    /// From hip to knee.
    Thigh,
    /// From knee to ankle.
    Shank,
    /// From heel to the tip of the longest toe; its frame is at the ankle.
    Foot,
}

impl Segment {
    /// All of them, from the pelvis upwards, then the arm and the leg.
    pub const ALL: [Self; 9] = [
        Self::Pelvis,
        Self::Trunk,
        Self::Head,
        Self::UpperArm,
        Self::Forearm,
        Self::Hand,
        Self::Thigh,
        Self::Shank,
        Self::Foot,
    ];

    /// `pelvis`, `upper_arm`, …: without the side.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pelvis => "pelvis",
            Self::Trunk => "trunk",
            Self::Head => "head",
            Self::UpperArm => "upper_arm",
            Self::Forearm => "forearm",
            Self::Hand => "hand",
            Self::Thigh => "thigh",
            Self::Shank => "shank",
            Self::Foot => "foot",
        }
    }

    /// How many a person has: 1, or 2 of a limb.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Pelvis | Self::Trunk | Self::Head => 1,
            _ => 2,
        }
    }
}

/// Body and size of one segment, in its own frame: x forward, y left, z up in upright standing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SegmentBody {
    /// Mass, centre of mass in the frame, inertia about the centre along the frame's axes.
    pub inertia: Inertia,
    /// Length between the ends that the table is for, m; of the foot from heel to toe.
    pub length_m: f64,
    /// Where the segment ends, or the next joint is, in the frame, m: knee in the thigh, ankle in the shank, wrist in the
    /// forearm, tip of the toes (on the ground) in the foot, crown in the head.
    pub end_m: Vector3<f64>,
}

/// A person that no human has been.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("{what}")]
pub struct ImpossiblePerson {
    /// `height` or `mass`.
    pub key: &'static str,
    /// What is wrong, and what may have been meant.
    pub what: String,
}

/// One row of de Leva's table 4: mass over body mass, then over the segment's length the centre of mass (from the end nearer
/// to the head or trunk) and the radii of gyration about the sagittal (from back to front), transverse (from side to side)
/// and longitudinal axes.
#[derive(Clone, Copy, Debug)]
struct Row {
    mass: f64,
    centre: f64,
    sagittal: f64,
    transverse: f64,
    longitudinal: f64,
}

const fn row(mass: f64, centre: f64, sagittal: f64, transverse: f64, longitudinal: f64) -> Row {
    Row { mass, centre, sagittal, transverse, longitudinal }
}

/// The rows of one sex that a person is made of.
#[derive(Clone, Copy, Debug)]
struct Table {
    /// Crown to the angle of the jaw (VERT–MIDG).
    head: Row,
    /// Breastbone to hips (SUPR–MIDH): only its centre is used.
    trunk: Row,
    /// Shoulders to hips (MIDS–MIDH): only its centre is used.
    trunk_from_shoulder: Row,
    /// Breastbone, xiphoid, navel, hips: SUPR–XYPH, XYPH–OMPH, OMPH–MIDH.
    trunk_parts: [Row; 3],
    /// Lengths of these parts over the trunk's. The open copies of the table leave them out, but the table itself holds
    /// them: they sum to 1 and give back centre and transverse gyration of the whole trunk (a test shows it), which are
    /// three equations for three numbers.
    trunk_part_lengths: [f64; 3],
    upper_arm: Row,
    forearm: Row,
    /// Wrist to the tip of the third finger (WJC–DAC3).
    hand: Row,
    thigh: Row,
    shank: Row,
    foot: Row,
}

const MALE: Table = Table {
    head: row(0.0694, 0.5976, 0.362, 0.376, 0.312),
    trunk: row(0.4346, 0.4486, 0.372, 0.347, 0.191),
    trunk_from_shoulder: row(0.4346, 0.4310, 0.384, 0.358, 0.197),
    trunk_parts: [
        row(0.1596, 0.2999, 0.716, 0.454, 0.659),
        row(0.1633, 0.4502, 0.482, 0.383, 0.468),
        row(0.1117, 0.6115, 0.615, 0.551, 0.587),
    ],
    trunk_part_lengths: [170.7 / 531.9, 215.5 / 531.9, 145.7 / 531.9],
    upper_arm: row(0.0271, 0.5772, 0.285, 0.269, 0.158),
    forearm: row(0.0162, 0.4574, 0.276, 0.265, 0.121),
    hand: row(0.0061, 0.3624, 0.288, 0.235, 0.184),
    thigh: row(0.1416, 0.4095, 0.329, 0.329, 0.149),
    shank: row(0.0433, 0.4395, 0.251, 0.246, 0.102),
    foot: row(0.0137, 0.4415, 0.257, 0.245, 0.124),
};

#[expect(clippy::approx_constant, reason = "the table's numbers as they are printed")]
const FEMALE: Table = Table {
    head: row(0.0668, 0.5894, 0.330, 0.359, 0.318),
    trunk: row(0.4257, 0.4151, 0.357, 0.339, 0.171),
    trunk_from_shoulder: row(0.4257, 0.3782, 0.379, 0.361, 0.182),
    trunk_parts: [
        row(0.1545, 0.2077, 0.746, 0.502, 0.718),
        row(0.1465, 0.4512, 0.433, 0.354, 0.415),
        row(0.1247, 0.4920, 0.433, 0.402, 0.444),
    ],
    trunk_part_lengths: [142.5 / 529.3, 205.3 / 529.3, 181.5 / 529.3],
    upper_arm: row(0.0255, 0.5754, 0.278, 0.260, 0.148),
    forearm: row(0.0138, 0.4559, 0.261, 0.257, 0.094),
    hand: row(0.0056, 0.3427, 0.244, 0.208, 0.154),
    thigh: row(0.1478, 0.3612, 0.369, 0.364, 0.162),
    shank: row(0.0481, 0.4352, 0.267, 0.263, 0.092),
    foot: row(0.0129, 0.4014, 0.299, 0.279, 0.139),
};

/// Lengths over height. Winter, figure 4.1.
mod over_height {
    /// Ankle joint above the ground.
    pub const ANKLE: f64 = 0.039;
    pub const SHANK: f64 = 0.246;
    pub const THIGH: f64 = 0.245;
    /// Shoulder joint above the ground.
    pub const SHOULDER: f64 = 0.818;
    pub const UPPER_ARM: f64 = 0.186;
    pub const FOREARM: f64 = 0.146;
    pub const HAND: f64 = 0.108;
    pub const FOOT: f64 = 0.152;
    /// Crown to the angle of the jaw: 203.3 mm of 1741 mm, Zatsiorsky's men.
    pub const HEAD: f64 = 0.1168;
    /// Heel behind the ankle: 60 mm of a person of 1.80 m in csu-hmc/gait2d (`examples/example_constants.yml`); of other
    /// people nothing is published: assumed.
    pub const HEEL: f64 = 0.06 / 1.80;
    /// Hip joint from the middle: 83.5 mm of a person of 1.80 m in OpenSim's Gait2392; of other people assumed.
    pub const HIP_FROM_MIDDLE: f64 = 0.0835 / 1.80;
    /// Shoulder joint from the middle: 170 mm of a person of 1.70 m in OpenSim's Rajagopal2016; of other people assumed.
    pub const SHOULDER_FROM_MIDDLE: f64 = 0.17 / 1.70;
}

/// Plain bounds of sanity, from the records that books of records list and rounded outwards: the smallest adult 0.55 m, the
/// tallest 2.72 m, the heaviest 635 kg; a body mass index (mass over height squared) below 7 or above 210 kg/m² has nobody
/// lived with. The tables are from people near 1.74 m and 62 to 73 kg, and the further from these the less they say.
const HEIGHT_M: [f64; 2] = [0.5, 2.75];
const MASS_KG: [f64; 2] = [5.0, 650.0];
const BODY_MASS_INDEX: [f64; 2] = [7.0, 210.0];

/// A person's body: segments of stated size and inertia.
#[derive(Clone, Debug, PartialEq)]
pub struct Person {
    height_m: f64,
    mass_kg: f64,
    sex: Sex,
    segments: [SegmentBody; Segment::ALL.len()],
    waist_height_m: f64,
}

impl Person {
    /// From height (m, standing without shoes), mass (kg) and sex.
    ///
    /// # Errors
    /// Height or mass that no human has had, or that no human has had together.
    pub fn new(height_m: f64, mass_kg: f64, sex: Sex) -> Result<Self, ImpossiblePerson> {
        check(height_m, mass_kg)?;
        let table = match sex {
            Sex::Female => &FEMALE,
            Sex::Male => &MALE,
        };
        let (segments, waist_height_m) = scaled(table, height_m, mass_kg);
        Ok(Self { height_m, mass_kg, sex, segments, waist_height_m })
    }

    /// Standing height without shoes, m.
    #[must_use]
    pub fn height_m(&self) -> f64 {
        self.height_m
    }

    /// Mass of the whole body, kg.
    #[must_use]
    pub fn mass_kg(&self) -> f64 {
        self.mass_kg
    }

    /// The table that it follows.
    #[must_use]
    pub fn sex(&self) -> Sex {
        self.sex
    }

    /// One segment; right and left are equal, and the frame of each is symmetric but for the side on which it hangs.
    #[must_use]
    pub fn segment(&self, segment: Segment) -> &SegmentBody {
        &self.segments[segment as usize]
    }

    /// The hip joints above the ground in upright standing, m: also the height of the pelvis' origin.
    #[must_use]
    pub fn hip_height_m(&self) -> f64 {
        (over_height::ANKLE + over_height::SHANK + over_height::THIGH) * self.height_m
    }

    /// The waist, where the trunk may bend, above the ground in upright standing, m.
    #[must_use]
    pub fn waist_height_m(&self) -> f64 {
        self.waist_height_m
    }

    /// The ankle joints above the ground in upright standing, m.
    #[must_use]
    pub fn ankle_height_m(&self) -> f64 {
        over_height::ANKLE * self.height_m
    }

    /// The hip joint of a side, in the pelvis, m.
    #[must_use]
    pub fn hip_in_pelvis_m(&self, side: Side) -> Vector3<f64> {
        Vector3::new(0.0, side.sign() * over_height::HIP_FROM_MIDDLE * self.height_m, 0.0)
    }

    /// The shoulder joint of a side, in the trunk, m.
    #[must_use]
    pub fn shoulder_in_trunk_m(&self, side: Side) -> Vector3<f64> {
        let up = over_height::SHOULDER * self.height_m - self.waist_height_m;
        Vector3::new(0.0, side.sign() * over_height::SHOULDER_FROM_MIDDLE * self.height_m, up)
    }

    /// Where the head begins (the angle of the jaw), in the trunk, m.
    #[must_use]
    pub fn head_in_trunk_m(&self) -> Vector3<f64> {
        Vector3::z() * ((1.0 - over_height::HEAD) * self.height_m - self.waist_height_m)
    }

    /// The heel on the ground, in the foot, m.
    #[must_use]
    pub fn heel_in_foot_m(&self) -> Vector3<f64> {
        Vector3::new(-over_height::HEEL, 0.0, -over_height::ANKLE) * self.height_m
    }

    /// The tip of the toes on the ground, in the foot, m.
    #[must_use]
    pub fn toe_in_foot_m(&self) -> Vector3<f64> {
        self.segment(Segment::Foot).end_m
    }
}

fn check(height_m: f64, mass_kg: f64) -> Result<(), ImpossiblePerson> {
    let refused = |key, what: String| Err(ImpossiblePerson { key, what });
    if !within(height_m, HEIGHT_M) {
        let mut what =
            format!("nobody is {height_m} m tall: adults have been between 0.55 m and 2.72 m tall");
        if within(height_m / 100.0, HEIGHT_M) {
            what += &format!("; is it {height_m} cm?");
        } else if within(height_m / 1000.0, HEIGHT_M) {
            what += &format!("; is it {height_m} mm?");
        }
        return refused("height", what);
    }
    if !within(mass_kg, MASS_KG) {
        let mut what = format!("nobody has a mass of {mass_kg} kg: adults have had between 5 kg and 635 kg");
        if within(mass_kg / 1000.0, MASS_KG) {
            what += &format!("; is it {mass_kg} g?");
        }
        return refused("mass", what);
    }
    let index = mass_kg / (height_m * height_m);
    if !within(index, BODY_MASS_INDEX) {
        let [low, high] = BODY_MASS_INDEX.map(|index| index * height_m * height_m);
        let what = format!(
            "nobody of {height_m} m has a mass of {mass_kg} kg: the body mass index would be {index:.1} kg/m², and people live \
             with 7 to 210 kg/m², here {low:.0} kg to {high:.0} kg"
        );
        return refused("mass", what);
    }
    Ok(())
}

fn within(value: f64, [low, high]: [f64; 2]) -> bool {
    value >= low && value <= high
}

/// A row laid on a length: mass, and moments of inertia about the centre and the axes back to front, side to side, lengthwise.
fn moments(row: &Row, length_m: f64, body_mass_kg: f64) -> (f64, [f64; 3]) {
    let mass = row.mass * body_mass_kg;
    let about = |radius: f64| mass * radius * length_m * radius * length_m;
    (mass, [about(row.sagittal), about(row.transverse), about(row.longitudinal)])
}

/// An upright segment whose centre is at this height in its frame.
fn upright(row: &Row, length_m: f64, body_mass_kg: f64, centre_z_m: f64, end_z_m: f64) -> SegmentBody {
    let (mass_kg, [sagittal, transverse, longitudinal]) = moments(row, length_m, body_mass_kg);
    SegmentBody {
        inertia: Inertia {
            mass_kg,
            centre_of_mass_m: Vector3::new(0.0, 0.0, centre_z_m),
            about_centre_kgm2: Matrix3::from_diagonal(&Vector3::new(sagittal, transverse, longitudinal)),
        },
        length_m,
        end_m: Vector3::new(0.0, 0.0, end_z_m),
    }
}

/// The segments, in the order of [`Segment::ALL`], and the height of the waist.
fn scaled(table: &Table, height_m: f64, mass_kg: f64) -> ([SegmentBody; Segment::ALL.len()], f64) {
    use over_height as part;
    let limbs = [table.upper_arm, table.forearm, table.hand, table.thigh, table.shank, table.foot];
    let trunk_mass: f64 = table.trunk_parts.iter().map(|row| row.mass).sum();
    let sum = table.head.mass + trunk_mass + 2.0 * limbs.iter().map(|row| row.mass).sum::<f64>();
    let body = mass_kg / sum;

    // Both trunks end at the hips and have one centre: (1 − c₁) L₁ = (1 − c₃) L₃.
    let hip = part::ANKLE + part::SHANK + part::THIGH;
    let from_shoulder_m = (part::SHOULDER - hip) * height_m;
    let trunk_m = from_shoulder_m * (1.0 - table.trunk_from_shoulder.centre) / (1.0 - table.trunk.centre);
    let [upper_m, middle_m, lower_m] = table.trunk_part_lengths.map(|share| share * trunk_m);
    let [upper, middle, lower] = &table.trunk_parts;
    let pelvis = upright(lower, lower_m, body, (1.0 - lower.centre) * lower_m, lower_m);
    let trunk = joined(
        &upright(middle, middle_m, body, (1.0 - middle.centre) * middle_m, middle_m),
        &upright(upper, upper_m, body, middle_m + (1.0 - upper.centre) * upper_m, middle_m + upper_m),
    );
    let head_m = part::HEAD * height_m;
    let head = upright(&table.head, head_m, body, (1.0 - table.head.centre) * head_m, head_m);
    let limb = |row: &Row, share: f64| {
        let length_m = share * height_m;
        upright(row, length_m, body, -row.centre * length_m, -length_m)
    };
    let segments = [
        pelvis,
        trunk,
        head,
        limb(&table.upper_arm, part::UPPER_ARM),
        limb(&table.forearm, part::FOREARM),
        limb(&table.hand, part::HAND),
        limb(&table.thigh, part::THIGH),
        limb(&table.shank, part::SHANK),
        foot(&table.foot, height_m, body),
    ];
    (segments, hip * height_m + lower_m)
}

/// The foot lies: its length runs forward, and the axis that is sagittal in a limb that hangs is vertical in it. Its centre
/// is half as high as the ankle, as Winter's is, whose foot runs from the outer ankle to the head of the second metatarsal.
fn foot(row: &Row, height_m: f64, body_mass_kg: f64) -> SegmentBody {
    let length_m = over_height::FOOT * height_m;
    let [heel, ankle] = [over_height::HEEL, over_height::ANKLE].map(|share| share * height_m);
    let (mass_kg, [sagittal, transverse, longitudinal]) = moments(row, length_m, body_mass_kg);
    SegmentBody {
        inertia: Inertia {
            mass_kg,
            centre_of_mass_m: Vector3::new(row.centre * length_m - heel, 0.0, -0.5 * ankle),
            about_centre_kgm2: Matrix3::from_diagonal(&Vector3::new(longitudinal, transverse, sagittal)),
        },
        length_m,
        end_m: Vector3::new(length_m - heel, 0.0, -ankle),
    }
}

/// Two bodies in one frame as one, the second being the further one.
fn joined(near: &SegmentBody, far: &SegmentBody) -> SegmentBody {
    let (a, b) = (&near.inertia, &far.inertia);
    let mass_kg = a.mass_kg + b.mass_kg;
    let centre = (a.centre_of_mass_m * a.mass_kg + b.centre_of_mass_m * b.mass_kg) / mass_kg;
    let about = |inertia: &Inertia| {
        let arm = inertia.centre_of_mass_m - centre;
        inertia.about_centre_kgm2
            + (Matrix3::identity() * arm.norm_squared() - arm * arm.transpose()) * inertia.mass_kg
    };
    SegmentBody {
        inertia: Inertia { mass_kg, centre_of_mass_m: centre, about_centre_kgm2: about(a) + about(b) },
        length_m: near.length_m + far.length_m,
        end_m: far.end_m,
    }
}

#[cfg(test)]
mod tests;
