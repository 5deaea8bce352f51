use super::*;
use trocar_math::{max, min};

const PUBLISHED: [PublishedGait; 2] = [PublishedGait::Fukuchi2018, PublishedGait::Gait2392];

/// The rows of a file as they are printed.
fn printed(gait: PublishedGait) -> Vec<Vec<f64>> {
    gait.csv()
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect())
        .collect()
}

#[test]
fn every_row_lies_on_the_curve() {
    for gait in PUBLISHED {
        let table = gait.table().unwrap();
        let rows = printed(gait);
        assert_eq!(rows.len(), 51);
        for row in &rows[..50] {
            let leg = table.leg(row[0] / 100.0, 1.2);
            for k in 0..3 {
                let got = leg.position_rad[k].to_degrees();
                assert!((got - row[1 + k]).abs() < 1e-12, "{gait:?} at {} %: {got}", row[0]);
            }
            if gait == PublishedGait::Gait2392 {
                let efforts = table.efforts_nm_per_kg(row[0] / 100.0).unwrap();
                assert!((0..3).all(|k| (efforts[k] + row[4 + k]).abs() < 1e-12));
            }
        }
        assert_eq!(table.efforts_nm_per_kg(0.0).is_some(), gait == PublishedGait::Gait2392);
    }
}

/// Position, velocity and acceleration join, also across the end of the cycle, and each is the derivative of the one before.
#[test]
fn the_curve_is_smooth_and_periodic() {
    let stride = 1.25;
    for gait in PUBLISHED {
        let table = gait.table().unwrap();
        for row in 0..50 {
            let phase = f64::from(row) / 50.0;
            let (before, after) = (table.leg(phase - 1e-9, stride), table.leg(phase + 1e-9, stride));
            for k in 0..3 {
                // 2e-9 of a cycle at 40 rad per cycle, 3000 rad per cycle², 1e6 rad per cycle³.
                assert!((before.position_rad[k] - after.position_rad[k]).abs() < 1e-6);
                assert!((before.velocity_radps[k] - after.velocity_radps[k]).abs() < 1e-4);
                assert!((before.acceleration_radps2[k] - after.acceleration_radps2[k]).abs() < 1e-2);
            }
            let later = table.leg(phase + 3.0, stride);
            let now = table.leg(phase, stride);
            assert!((0..3).all(|k| (later.position_rad[k] - now.position_rad[k]).abs() < 1e-12));
        }
        let h = 1e-5;
        for k in 0..200 {
            let time = 0.004 + f64::from(k) * 0.0061;
            let at = |time: f64| table.leg(time / stride, stride);
            let (before, now, after) = (at(time - h), at(time), at(time + h));
            for k in 0..3 {
                let velocity = (after.position_rad[k] - before.position_rad[k]) / (2.0 * h);
                let acceleration = (after.velocity_radps[k] - before.velocity_radps[k]) / (2.0 * h);
                // The third derivative jumps at knots: h times 1e5 rad/s³.
                assert!((velocity - now.velocity_radps[k]).abs() < 1e-5, "{velocity}");
                assert!((acceleration - now.acceleration_radps2[k]).abs() < 1.0, "{acceleration}");
            }
        }
    }
}

/// Beyond the two rows on either side of it the curve goes by less than what its documentation states.
#[test]
fn overshoot_is_what_is_stated() {
    for gait in PUBLISHED {
        let table = gait.table().unwrap();
        let rows = printed(gait);
        let mut most = 0.0;
        for k in 0..50 {
            for part in 0..20 {
                let leg = table.leg((k as f64 + f64::from(part) / 20.0) / 50.0, 1.0);
                for joint in 0..3 {
                    let angle = leg.position_rad[joint].to_degrees();
                    let (from, to) = (rows[k][1 + joint], rows[(k + 1) % 50][1 + joint]);
                    most = max(most, max(angle - max(from, to), min(from, to) - angle));
                }
            }
        }
        println!("{gait:?}: beyond its rows by at most {most:.3} degrees");
        assert!(most < 0.3, "{gait:?}: {most}");
    }
}

#[test]
fn the_legs_are_half_a_cycle_apart() {
    let table = PublishedGait::Fukuchi2018.table().unwrap();
    let [right, left] = table.legs(0.1, 1.1);
    assert_eq!(right, table.leg(0.1, 1.1));
    let [later, _] = table.legs(0.6, 1.1);
    assert!((0..3).all(|k| (left.position_rad[k] - later.position_rad[k]).abs() < 1e-12));
}

/// A sine of one period is its own periodic spline up to (2π/n)⁴/384 of its height.
#[test]
fn a_sine_comes_back() {
    let n = 50;
    let turn = |k: f64| 2.0 * PI * k;
    let spline = Periodic::new((0..n).map(|k| trocar_math::sin(turn(f64::from(k) / f64::from(n)))).collect());
    for k in 0..997 {
        let phase = f64::from(k) / 997.0;
        let [value, slope, _] = spline.at(phase);
        assert!((value - trocar_math::sin(turn(phase))).abs() < 1e-6);
        assert!((slope - turn(1.0) * trocar_math::cos(turn(phase))).abs() < 1e-3);
    }
    assert_eq!(spline.at(-1e-18), spline.at(0.0));
}

#[test]
fn tables_that_are_none() {
    let said = |text: &str| GaitTable::parse(text).unwrap_err().to_string();
    let heading = "percent,hip_flexion_deg,knee_flexion_deg,ankle_dorsiflexion_deg\n";
    assert_eq!(said("# nothing\n"), "line 1: the file has no rows");
    assert_eq!(said(heading), "line 1: no row follows the heading");
    assert_eq!(
        said("percent,hip_flexion_deg\n0,1\n"),
        "line 1: the heading has no column `knee_flexion_deg`"
    );
    assert_eq!(
        said(&format!("{heading}0,1,2\n")),
        "line 2: there is nothing in the column `ankle_dorsiflexion_deg`"
    );
    assert_eq!(
        said(&format!("{heading}0,1,x,3\n")),
        "line 2: `x` in the column `knee_flexion_deg` is no number"
    );
    assert_eq!(
        said(&format!("{heading}0,1,2,nan\n")),
        "line 2: `nan` in the column `ankle_dorsiflexion_deg` is no number"
    );
    let rows = |n: usize, last: f64| {
        let row = |k: usize| {
            format!("{},{},2,3\n", 100.0 * k as f64 / (n - 1) as f64, if k == n - 1 { last } else { 1.0 })
        };
        format!("{heading}{}", (0..n).map(row).collect::<String>())
    };
    assert_eq!(said(&rows(5, 1.0)), "line 6: 5 rows are too few for a cycle: give 9 or more");
    assert!(
        said(&rows(11, 4.0)).starts_with("line 12: `hip_flexion_deg` ends the cycle at 4 and began it at 1")
    );
    assert!(said(&rows(11, 400.0)).contains("no joint turns by more than 180 degrees"));
    assert!(
        said(&rows(11, 1.0).replace("\n20,", "\n25,")).starts_with("line 4: the percentage 25 should be 20")
    );
    assert!(GaitTable::parse(&rows(11, 1.0)).is_ok());
}
