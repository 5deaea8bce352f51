//! How much a person can exert by will.
//!
//! Of hip, knee and ankle: [`LegStrength`], Anderson, Madigan and Nussbaum 2007, "Maximum voluntary joint torque as a function of joint
//! angle and angular velocity", *J. Biomech.* 40:3105–3113, table 3, of women and men of 18 to 25 years; as tabulated in RBDL's
//! `Millard2016TorqueMuscle` (zlib licence). Of the knee alone also the pooled intervals of Šarabon, Kozinc, Perman 2021, "Establishing reference values for isometric
//! knee extension and flexion strength", *Front. Physiol.* 12:767941 (a meta-analysis of 13 893 people in 411 studies), against which the
//! former is tested. **Of adduction and rotation of the hip, of the trunk and of the arm nothing is here: a file has to give them**, and
//! what it gives has the standing that its source has.

use super::{Person, Sex};
use std::f64::consts::FRAC_PI_2;
use trocar_math::{clamp, cos, max};

/// Which way the muscles of the knee pull.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KneeMuscles {
    /// They straighten the knee.
    Extensors,
    /// They bend it.
    Flexors,
}

/// How far the knee is bent, as the meta-analysis groups its studies. The angles at which the groups part are not in the
/// abstract from which these values are: [`knee_strength_at`] states what is assumed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KneeAngle {
    /// Near straight.
    Extended,
    /// In the middle of the range, where extensors are strongest.
    MidRange,
    /// Bent by about a right angle.
    Flexed,
}

impl KneeAngle {
    /// In the order of increasing flexion.
    pub const ALL: [Self; 3] = [Self::Extended, Self::MidRange, Self::Flexed];
}

/// The pooled 95 % confidence interval of healthy adults' greatest isometric torque, N m per kg of the body, least and greatest.
///
/// It is the confidence interval of a *mean* over studies, not the range over people; people of 60 years and more have about two
/// thirds of it (extension in mid range 1.74–2.16 and 1.40–1.64, flexion 0.69–0.89 and 0.46–0.81, men and women).
///
/// Women's flexion is not in the abstract from which these values are: `None`.
#[must_use]
pub fn knee_strength_nm_per_kg(sex: Sex, muscles: KneeMuscles, angle: KneeAngle) -> Option<[f64; 2]> {
    let by_angle = match (muscles, sex) {
        (KneeMuscles::Extensors, Sex::Male) => [[1.34, 2.23], [2.92, 3.45], [2.50, 3.06]],
        (KneeMuscles::Extensors, Sex::Female) => [[1.01, 1.50], [2.08, 2.74], [2.04, 2.71]],
        (KneeMuscles::Flexors, Sex::Male) => [[0.85, 1.20], [1.15, 1.62], [0.96, 1.54]],
        (KneeMuscles::Flexors, Sex::Female) => return None,
    };
    Some(by_angle[angle as usize])
}

/// Knee flexion at which the three groups are taken to stand, rad: 30°, 60° and 90° (assumed).
const GROUP_RAD: [f64; 3] =
    [std::f64::consts::FRAC_PI_6, std::f64::consts::FRAC_PI_3, std::f64::consts::FRAC_PI_2];

/// The middle of the published interval at a knee flexion, N m per kg: straight lines between 30°, 60° and 90°, level beyond (assumed).
/// `None` where nothing is published.
#[must_use]
pub fn knee_strength_at(sex: Sex, muscles: KneeMuscles, flexion_rad: f64) -> Option<f64> {
    let mut middle = [0.0; 3];
    for (out, angle) in middle.iter_mut().zip(KneeAngle::ALL) {
        let [least, greatest] = knee_strength_nm_per_kg(sex, muscles, angle)?;
        *out = 0.5 * (least + greatest);
    }
    let width = GROUP_RAD[1] - GROUP_RAD[0];
    let along = clamp((flexion_rad - GROUP_RAD[0]) / width, 0.0, 2.0);
    let k = if along < 1.0 { 0 } else { 1 };
    Some(trocar_math::interpolation::linear(middle[k], middle[k + 1], along - k as f64))
}

/// The greatest torque that muscles of hip, knee or ankle exert by will, one way.
///
/// T = C₁ m g h · cos(C₂ (θ − C₃)) · f(ω), with the body's weight m g and height h, the angle θ (flexion and dorsiflexion positive) and the
/// speed ω at which the muscles shorten. f is (2 C₄C₅ + ω (C₅ − 3 C₄)) / (2 C₄C₅ + ω (2 C₅ − 4 C₄)): ¾ at ω = C₄, ½ at ω = C₅, none at last. While they are
/// stretched it is the same of |ω|, times 1 + C₆ |ω|. Where the published function is negative there is no torque.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LegStrength {
    /// C₁ m g h, N m.
    most_nm: f64,
    /// C₂ to C₆: 1, rad, rad/s, rad/s, s/rad.
    shape: [f64; 5],
}

/// m/s².
const GRAVITY: f64 = 9.806_65;

impl LegStrength {
    /// Of a joint by its name without side (`hip_flexion`, `knee_flexion`, `ankle_dorsiflexion`), towards positive angles or towards negative
    /// ones. `None` of any other joint.
    #[must_use]
    pub fn published(person: &Person, joint: &str, towards_positive: bool) -> Option<Self> {
        // Table 3, men, then women, of 18 to 25 years: C₁ to C₆.
        let rows: [[f64; 6]; 2] = match (joint, towards_positive) {
            ("hip_flexion", true) => {
                [[0.113, 0.738, -0.214, 2.095, 4.267, 0.218], [0.127, 0.65, -0.35, 2.136, 4.349, 0.156]]
            }
            ("hip_flexion", false) => {
                [[0.161, 0.958, 0.932, 1.578, 3.19, 0.242], [0.181, 0.697, 1.242, 1.567, 3.164, 0.164]]
            }
            ("knee_flexion", true) => {
                [[0.087, 0.869, 0.522, 2.008, 5.233, 0.304], [0.08, 0.873, 0.635, 1.698, 4.412, 0.175]]
            }
            ("knee_flexion", false) => {
                [[0.163, 1.258, 1.133, 1.517, 3.952, 0.095], [0.159, 1.187, 1.274, 1.393, 3.623, 0.173]]
            }
            ("ankle_dorsiflexion", true) => {
                [[0.033, 1.51, -0.187, 0.699, 1.94, 0.828], [0.027, 1.079, -0.302, 0.864, 2.399, 0.771]]
            }
            ("ankle_dorsiflexion", false) => {
                [[0.095, 1.391, 0.408, 0.987, 3.558, 0.295], [0.104, 1.399, 0.424, 0.862, 3.109, 0.189]]
            }
            _ => return None,
        };
        let [size, shape @ ..] = match person.sex() {
            Sex::Male => rows[0],
            Sex::Female => rows[1],
        };
        Some(Self { most_nm: size * person.mass_kg() * GRAVITY * person.height_m(), shape })
    }

    /// At the best angle, without motion, N m.
    #[must_use]
    pub fn most_nm(&self) -> f64 {
        self.most_nm
    }

    /// At an angle, rad, while the muscles shorten at a speed, rad/s (negative: they are stretched); N m, at least zero.
    #[must_use]
    pub fn torque_nm(&self, angle_rad: f64, shortening_radps: f64) -> f64 {
        let [width, best, three_quarters, half, stretched] = self.shape;
        let off = width * (angle_rad - best);
        if off.abs() >= FRAC_PI_2 {
            return 0.0;
        }
        let speed = shortening_radps.abs();
        let still = 2.0 * three_quarters * half;
        let slowed = (still + speed * (half - 3.0 * three_quarters))
            / (still + speed * (2.0 * half - 4.0 * three_quarters));
        let held = if shortening_radps < 0.0 { 1.0 + stretched * speed } else { 1.0 };
        self.most_nm * max(cos(off) * slowed * held, 0.0)
    }
}

/// The greatest effort of a joint's muscles either way, and how much of it is left.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MuscleGroup {
    /// Greatest effort towards positive angles (flexion, dorsiflexion), N m, at least zero.
    pub towards_positive_nm: f64,
    /// Greatest effort towards negative angles (extension, plantar flexion), N m, at least zero.
    pub towards_negative_nm: f64,
    /// What is left of the first in a weak person: 1 all of it, 0 paralysed.
    pub left_positive: f64,
    /// What is left of the second.
    pub left_negative: f64,
}

impl MuscleGroup {
    /// A joint without weakness.
    #[must_use]
    pub fn healthy(towards_positive_nm: f64, towards_negative_nm: f64) -> Self {
        Self { towards_positive_nm, towards_negative_nm, left_positive: 1.0, left_negative: 1.0 }
    }

    /// What the person exerts who wants to exert this, N m.
    #[must_use]
    pub fn exerted_nm(&self, wanted_nm: f64) -> f64 {
        let up = max(self.towards_positive_nm * self.left_positive, 0.0);
        let down = max(self.towards_negative_nm * self.left_negative, 0.0);
        clamp(wanted_nm, -down, up)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_each_group_at_its_angle() {
        let at = |sex, muscles, degrees: f64| knee_strength_at(sex, muscles, degrees.to_radians());
        for (degrees, expected) in
            [(0.0, 1.785), (30.0, 1.785), (45.0, 2.485), (60.0, 3.185), (90.0, 2.78), (130.0, 2.78)]
        {
            let got = at(Sex::Male, KneeMuscles::Extensors, degrees).unwrap();
            assert!((got - expected).abs() < 1e-9, "{got} at {degrees}");
        }
        assert!((at(Sex::Female, KneeMuscles::Extensors, 60.0).unwrap() - 2.41).abs() < 1e-9);
        assert_eq!(at(Sex::Female, KneeMuscles::Flexors, 60.0), None);
    }

    /// The shape of the law at the speeds by which it is defined, and at its best angle; nothing beyond.
    #[test]
    fn a_leg_is_strongest_at_its_best_angle_and_weakens_with_speed() {
        let man = Person::new(1.76, 75.0, Sex::Male).unwrap();
        let knee = LegStrength::published(&man, "knee_flexion", false).unwrap();
        assert!((knee.most_nm() - 0.163 * 75.0 * 9.80665 * 1.76).abs() < 1e-9);
        let most = knee.torque_nm(1.133, 0.0);
        assert!((most / knee.most_nm() - 1.0).abs() < 1e-12);
        for (speed, share) in [(1.517, 0.75), (3.952, 0.5)] {
            assert!((knee.torque_nm(1.133, speed) / most - share).abs() < 1e-12);
        }
        assert!(knee.torque_nm(0.2, 0.0) < most && knee.torque_nm(2.0, 0.0) < most);
        assert_eq!(knee.torque_nm(1.133 + 2.0, 0.0), 0.0);
        assert_eq!(knee.torque_nm(1.133, 50.0), 0.0);
        // A little stretched, they hold more: the slope at rest is C₆ less what |ω| costs.
        let hip = LegStrength::published(&man, "hip_flexion", true).unwrap();
        let ahead = |speed: f64| hip.torque_nm(-0.214, speed);
        assert!(ahead(-0.1) > ahead(0.1), "{} {}", ahead(-0.1), ahead(0.1));
        for joint in ["hip_adduction", "hip_rotation", "trunk_flexion", "elbow_flexion"] {
            assert_eq!(LegStrength::published(&man, joint, true), None);
        }
    }

    /// The two sources agree about the knee: the one law at its best angle against the other's middle of the range, which is a mean over studies of
    /// people of all builds; by a sixth.
    #[test]
    fn the_two_sources_agree_about_the_knee() {
        let of = |height: f64, mass: f64, sex| Person::new(height, mass, sex).unwrap();
        for (person, muscles) in [
            (of(1.76, 75.0, Sex::Male), KneeMuscles::Extensors),
            (of(1.76, 75.0, Sex::Male), KneeMuscles::Flexors),
            (of(1.60, 58.0, Sex::Female), KneeMuscles::Extensors),
        ] {
            let bends = muscles == KneeMuscles::Flexors;
            let law = LegStrength::published(&person, "knee_flexion", bends).unwrap();
            let [least, greatest] =
                knee_strength_nm_per_kg(person.sex(), muscles, KneeAngle::MidRange).unwrap();
            let ratio = law.most_nm() / person.mass_kg() / (0.5 * (least + greatest));
            assert!((ratio - 1.0).abs() < 1.0 / 6.0, "{muscles:?} {ratio}");
        }
    }

    /// Another source (trained men, 80°: 2.74 N m/kg in extension, 199.8 N m) lies between the groups on either side.
    #[test]
    fn near_another_measurement() {
        let here = knee_strength_at(Sex::Male, KneeMuscles::Extensors, 80_f64.to_radians()).unwrap();
        assert!((here / 2.74 - 1.0).abs() < 0.1, "{here}");
    }

    #[test]
    fn weakness_limits_one_way_alone() {
        let knee = MuscleGroup { left_negative: 0.5, ..MuscleGroup::healthy(100.0, 200.0) };
        assert_eq!(
            [150.0, 80.0, -80.0, -150.0].map(|wanted| knee.exerted_nm(wanted)),
            [100.0, 80.0, -80.0, -100.0]
        );
        let paralysed = MuscleGroup { left_positive: 0.0, left_negative: 0.0, ..knee };
        assert_eq!([5.0, -5.0].map(|wanted| paralysed.exerted_nm(wanted).abs()), [0.0, 0.0]);
    }
}
