//! Wearers drawn by a seed from a published group of adults.

use super::gait::Stride;
use super::{ImpossiblePerson, Person, Sex};
use trocar_math::random::Stream;

/// One person of the group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnPerson {
    /// Which table its body follows.
    pub sex: Sex,
    /// Standing height, m.
    pub height_m: f64,
    /// Mass, kg.
    pub mass_kg: f64,
    /// From the trochanter to the ground, m: for strides. The skeleton has its own legs, by height.
    pub leg_m: f64,
    /// At which it likes to walk, m/s.
    pub comfortable_mps: f64,
}

impl DrawnPerson {
    /// Its body.
    ///
    /// # Errors
    /// None: the ranges that are drawn from lie within those of people.
    pub fn body(&self) -> Result<Person, ImpossiblePerson> {
        Person::new(self.height_m, self.mass_kg, self.sex)
    }

    /// Its stride at its comfortable speed.
    #[must_use]
    pub fn comfortable_stride(&self) -> Option<Stride> {
        Stride::at_speed(self.comfortable_mps, self.leg_m)
    }
}

/// Height (m), mass (kg), leg (m) and comfortable speed (m/s) of the women or the men of a group.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Group {
    mean: [f64; 4],
    deviation: [f64; 4],
    correlation: [[f64; 4]; 4],
    least: [f64; 4],
    greatest: [f64; 4],
}

/// The 17 women of 43 adults, 21 to 72 years old: BMClab/h2a_age_spt, MIT. A test computes these from the data.
const WOMEN: Group = Group {
    mean: [1.5872, 59.597, 0.82118, 1.2335],
    deviation: [0.08378, 9.154, 0.06061, 0.1216],
    correlation: [
        [1.0, 0.4010, 0.8622, 0.2669],
        [0.4010, 1.0, 0.6378, 0.4708],
        [0.8622, 0.6378, 1.0, 0.3878],
        [0.2669, 0.4708, 0.3878, 1.0],
    ],
    least: [1.47, 46.05, 0.71, 1.05],
    greatest: [1.73, 76.0, 0.97, 1.46],
};

/// The 26 men.
const MEN: Group = Group {
    mean: [1.7448, 74.840, 0.90173, 1.2608],
    deviation: [0.08167, 9.538, 0.05346, 0.1528],
    correlation: [
        [1.0, 0.1659, 0.8892, 0.2750],
        [0.1659, 1.0, 0.1058, -0.0905],
        [0.8892, 0.1058, 1.0, 0.3910],
        [0.2750, -0.0905, 0.3910, 1.0],
    ],
    least: [1.55, 61.05, 0.75, 0.98],
    greatest: [1.92, 95.4, 1.0, 1.54],
};

/// Share of women among the 43.
const SHARE_OF_WOMEN: f64 = 17.0 / 43.0;

/// Most draws for one person; of women 73 % and of men 81 % are taken, so that it never comes to this.
const MOST_DRAWS: u64 = 1000;

/// Person number `index` of the people that go with a seed; women or men alone if asked for.
///
/// Height, mass, leg and comfortable speed are drawn together, with the means, deviations and correlations of 43 healthy adults who walked on a treadmill
/// (BMClab/h2a_age_spt: 17 women, 26 men), each sex by itself, as normal numbers; one of whom any of the four lies outside what was seen in that sex is drawn anew:
/// women 1.47–1.73 m, 46–76 kg, leg 0.71–0.97 m, 1.05–1.46 m/s; men 1.55–1.92 m, 61–95.4 kg, 0.75–1.00 m, 0.98–1.54 m/s.
///
/// The same seed and index give the same person in any run, whatever else is drawn.
#[must_use]
pub fn draw(seed: u64, index: u64, only: Option<Sex>) -> DrawnPerson {
    let stream = Stream::new(seed, index, "people");
    let sex = only.unwrap_or_else(|| match stream.at(0, 0).uniform() < SHARE_OF_WOMEN {
        true => Sex::Female,
        false => Sex::Male,
    });
    let group = match sex {
        Sex::Female => &WOMEN,
        Sex::Male => &MEN,
    };
    let factor = cholesky(&group.correlation);
    let tried = (1..=MOST_DRAWS).map(|attempt| {
        let normal: [f64; 4] = std::array::from_fn(|k| stream.at(attempt, k as u32).normal());
        let together = |k: usize| (0..=k).map(|j| factor[k][j] * normal[j]).sum::<f64>();
        std::array::from_fn(|k| group.mean[k] + group.deviation[k] * together(k))
    });
    let is_seen = |of: &[f64; 4]| (0..4).all(|k| of[k] >= group.least[k] && of[k] <= group.greatest[k]);
    let [height_m, mass_kg, leg_m, comfortable_mps] = tried.into_iter().find(is_seen).unwrap_or(group.mean);
    DrawnPerson { sex, height_m, mass_kg, leg_m, comfortable_mps }
}

/// L with L Lᵀ = the matrix, lower triangular.
fn cholesky(matrix: &[[f64; 4]; 4]) -> [[f64; 4]; 4] {
    let mut factor = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            let done: f64 = (0..j).map(|k| factor[i][k] * factor[j][k]).sum();
            let left = matrix[i][j] - done;
            factor[i][j] = if i == j { left.sqrt() } else { left / factor[j][j] };
        }
    }
    factor
}

#[cfg(test)]
mod tests {
    use super::super::gait::walks_for_tests;
    use super::*;
    use trocar_math::{max, min};

    fn moments(values: &[[f64; 4]]) -> ([f64; 4], [f64; 4], [[f64; 4]; 4]) {
        let n = values.len() as f64;
        let mean: [f64; 4] = std::array::from_fn(|k| values.iter().map(|v| v[k]).sum::<f64>() / n);
        let joint = |i: usize, j: usize| {
            values.iter().map(|v| (v[i] - mean[i]) * (v[j] - mean[j])).sum::<f64>() / (n - 1.0)
        };
        let deviation: [f64; 4] = std::array::from_fn(|k| joint(k, k).sqrt());
        let correlation =
            std::array::from_fn(|i| std::array::from_fn(|j| joint(i, j) / (deviation[i] * deviation[j])));
        (mean, deviation, correlation)
    }

    #[test]
    fn the_groups_are_those_of_the_data() {
        let mut people: Vec<(f64, bool, [f64; 4])> = Vec::new();
        for (walk, is_man) in walks_for_tests() {
            // Subject, age, height, mass, leg, comfortable speed, …
            if people.iter().all(|(subject, ..)| *subject != walk[0]) {
                people.push((walk[0], is_man, [walk[2], walk[3], walk[4], walk[5]]));
            }
        }
        for (group, men, count) in [(&WOMEN, false, 17), (&MEN, true, 26)] {
            let own: Vec<[f64; 4]> = people.iter().filter(|p| p.1 == men).map(|p| p.2).collect();
            assert_eq!(own.len(), count);
            let (mean, deviation, correlation) = moments(&own);
            for k in 0..4 {
                // Printed with five and four digits.
                assert!((mean[k] / group.mean[k] - 1.0).abs() < 1e-4, "{mean:?}");
                assert!((deviation[k] / group.deviation[k] - 1.0).abs() < 1e-3, "{deviation:?}");
                assert_eq!(own.iter().fold(f64::MAX, |least, v| min(least, v[k])), group.least[k]);
                assert_eq!(own.iter().fold(f64::MIN, |most, v| max(most, v[k])), group.greatest[k]);
                assert!(
                    (0..4).all(|j| (correlation[k][j] - group.correlation[k][j]).abs() < 1e-4),
                    "{correlation:?}"
                );
            }
            let factor = cholesky(&group.correlation);
            for i in 0..4 {
                for j in 0..4 {
                    let product: f64 = (0..4).map(|k| factor[i][k] * factor[j][k]).sum();
                    assert!((product - group.correlation[i][j]).abs() < 1e-12);
                }
            }
        }
    }

    /// A thousand of each: within the stated ranges, and with the group's means up to what cutting the tails off moves them by
    /// (a fifth of a deviation at most, as the ranges lie lopsided about the means) and the error of a mean of 1000; deviations shrink
    /// by cutting, to no less than 0.6 of the group's.
    #[test]
    fn those_drawn_are_like_the_group() {
        for (group, sex) in [(&WOMEN, Sex::Female), (&MEN, Sex::Male)] {
            let drawn: Vec<[f64; 4]> = (0..1000)
                .map(|index| {
                    let person = draw(7, index, Some(sex));
                    assert_eq!(person.sex, sex);
                    assert!((person.body().unwrap().mass_kg() - person.mass_kg).abs() < 1e-12);
                    assert!(person.comfortable_stride().unwrap().length_m > 0.8);
                    [person.height_m, person.mass_kg, person.leg_m, person.comfortable_mps]
                })
                .collect();
            let (mean, deviation, correlation) = moments(&drawn);
            for k in 0..4 {
                assert!(drawn.iter().all(|v| v[k] >= group.least[k] && v[k] <= group.greatest[k]));
                let off = (mean[k] - group.mean[k]) / group.deviation[k];
                assert!(off.abs() < 0.2 + 5.0 / 1000_f64.sqrt(), "{k}: {off}");
                let share = deviation[k] / group.deviation[k];
                assert!(share > 0.6 && share < 1.05, "{k}: {share}");
            }
            // The tall have long legs.
            assert!(correlation[0][2] > 0.7, "{}", correlation[0][2]);
        }
    }

    #[test]
    fn a_person_depends_on_seed_and_index_alone() {
        assert_eq!(draw(1, 5, None), draw(1, 5, None));
        assert_ne!(draw(1, 5, None), draw(2, 5, None));
        assert_ne!(draw(1, 5, None), draw(1, 6, None));
        let women = (0..1000).filter(|&index| draw(3, index, None).sex == Sex::Female).count() as f64;
        // Five standard errors of a share of 1000.
        let error = (SHARE_OF_WOMEN * (1.0 - SHARE_OF_WOMEN) / 1000.0).sqrt();
        assert!((women / 1000.0 - SHARE_OF_WOMEN).abs() < 5.0 * error, "{women}");
    }
}
