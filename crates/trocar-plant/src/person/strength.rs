//! How much a person can exert by will.
//!
//! Published normative values were found of the knee alone (Šarabon, Kozinc, Perman 2021, "Establishing reference values for isometric
//! knee extension and flexion strength", *Front. Physiol.* 12:767941: a meta-analysis of 13 893 people in 411 studies). **Of hip and ankle
//! none was found: a file that describes a wearer has to give them**, and what it gives has the standing that its source has.

use super::Sex;
use trocar_math::{clamp, max};

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
