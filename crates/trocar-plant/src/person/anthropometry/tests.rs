use super::*;
use trocar_math::powi;

const PEOPLE: [(f64, f64, Sex); 6] = [
    (1.80, 72.6, Sex::Male),
    (1.803, 75.0, Sex::Male),
    (1.735, 61.9, Sex::Female),
    (1.47, 49.2, Sex::Female),
    (1.93, 140.0, Sex::Male),
    (0.9, 20.0, Sex::Female),
];

fn person((height_m, mass_kg, sex): (f64, f64, Sex)) -> Person {
    Person::new(height_m, mass_kg, sex).unwrap()
}

#[test]
fn the_segments_weigh_what_the_person_does() {
    for of in PEOPLE {
        let person = person(of);
        let sum: f64 = Segment::ALL
            .iter()
            .map(|&segment| segment.count() as f64 * person.segment(segment).inertia.mass_kg)
            .sum();
        // Rounding of nine products and sums.
        assert!((sum - of.1).abs() < 1e-14 * of.1, "{sum} of {}", of.1);
    }
}

#[test]
fn every_segment_can_exist() {
    for of in PEOPLE {
        let person = person(of);
        for segment in Segment::ALL {
            person
                .segment(segment)
                .inertia
                .check()
                .unwrap_or_else(|problem| panic!("{segment:?}: {problem}"));
        }
    }
}

/// What the published table leaves to be derived: the lengths of the trunk's three parts. They give back the whole trunk's
/// centre and its transverse gyration, which they were not made of. The table prints four and three digits; its parts and its
/// whole are adjusted from the subjects one by one, so that they agree to about 1 %.
#[test]
fn the_parts_of_the_trunk_are_those_of_the_whole() {
    for (table, sex) in [(&MALE, "male"), (&FEMALE, "female")] {
        let lengths = table.trunk_part_lengths;
        assert!((lengths.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        let mass: f64 = table.trunk_parts.iter().map(|row| row.mass).sum();
        assert!((mass - table.trunk.mass).abs() < 1e-12, "{sex}: {mass}");
        let starts = [0.0, lengths[0], lengths[0] + lengths[1]];
        let centres: Vec<f64> =
            (0..3).map(|k| starts[k] + table.trunk_parts[k].centre * lengths[k]).collect();
        let centre: f64 = (0..3).map(|k| table.trunk_parts[k].mass * centres[k]).sum::<f64>() / mass;
        assert!((centre - table.trunk.centre).abs() < 0.01, "{sex}: centre {centre}");
        let moment: f64 = (0..3)
            .map(|k| {
                let row = &table.trunk_parts[k];
                row.mass * (powi(row.transverse * lengths[k], 2) + powi(centres[k] - centre, 2))
            })
            .sum();
        let gyration = (moment / mass).sqrt();
        assert!((gyration - table.trunk.transverse).abs() < 0.01, "{sex}: gyration {gyration}");
    }
}

/// By hand, for the man of de Leva's means scaled to 1 m and 1 kg: thigh 0.1416 kg of 0.245 m, radius 0.329 of it.
#[test]
fn a_thigh_by_hand() {
    let person = person((1.8, 80.0, Sex::Male));
    let thigh = person.segment(Segment::Thigh);
    let inertia = &thigh.inertia;
    assert!((inertia.mass_kg - 0.1416 * 80.0).abs() < 1e-12);
    assert!((thigh.length_m - 0.441).abs() < 1e-12);
    assert!((inertia.centre_of_mass_m - Vector3::new(0.0, 0.0, -0.4095 * 0.441)).norm() < 1e-12);
    let about_y = 0.1416 * 80.0 * powi(0.329 * 0.441, 2);
    assert!((inertia.about_centre_kgm2[(1, 1)] - about_y).abs() < 1e-12);
    assert!((inertia.about_centre_kgm2[(2, 2)] - about_y * powi(0.149 / 0.329, 2)).abs() < 1e-12);
    // csu-hmc/gait2d gives a man of 1.80 m and 75 kg a thigh of 0.441 m too.
    assert!((thigh.length_m - 0.441).abs() < 1e-9);
}

#[test]
fn the_segments_fill_the_height() {
    for of in PEOPLE {
        let person = person(of);
        let up = |segment| person.segment(segment).end_m.z;
        let leg = -up(Segment::Thigh) - up(Segment::Shank) - up(Segment::Foot);
        assert!((leg - person.hip_height_m()).abs() < 1e-12);
        let crown = person.waist_height_m() + person.head_in_trunk_m().z + up(Segment::Head);
        assert!((crown - of.0).abs() < 1e-12);
        // The trunk ends below the jaw, and not by more than a long neck.
        let neck = person.head_in_trunk_m().z - up(Segment::Trunk);
        assert!(neck > 0.02 * of.0 && neck < 0.10 * of.0, "{neck}");
        let foot = person.toe_in_foot_m() - person.heel_in_foot_m();
        assert!((foot - Vector3::new(0.152 * of.0, 0.0, 0.0)).norm() < 1e-12);
    }
}

#[test]
fn people_that_nobody_has_been() {
    let said = |height, mass| Person::new(height, mass, Sex::Male).unwrap_err();
    let tall = said(178.0, 80.0);
    assert_eq!(tall.key, "height");
    assert_eq!(
        tall.what,
        "nobody is 178 m tall: adults have been between 0.55 m and 2.72 m tall; is it 178 cm?"
    );
    assert!(said(1780.0, 80.0).what.ends_with("is it 1780 mm?"));
    assert!(!said(3.0, 80.0).what.contains("is it"));
    let heavy = said(1.78, 80_000.0);
    assert_eq!((heavy.key, heavy.what.ends_with("is it 80000 g?")), ("mass", true));
    let thin = said(1.78, 12.0);
    assert_eq!(thin.key, "mass");
    assert_eq!(
        thin.what,
        "nobody of 1.78 m has a mass of 12 kg: the body mass index would be 3.8 kg/m², and people live with 7 to 210 kg/m², \
         here 22 kg to 665 kg"
    );
    for (height, mass) in [(f64::NAN, 80.0), (1.8, f64::NAN), (-1.8, 80.0), (1.8, 0.0), (f64::INFINITY, 80.0)]
    {
        assert!(Person::new(height, mass, Sex::Female).is_err());
    }
}
