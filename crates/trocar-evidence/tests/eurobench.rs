//! EUROBENCH's indicators on the inputs and results that were published with them (`tests/data/eurobench`).
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_evidence::eurobench::indicators::{
    LegLengths, ToeDistance, heel_strikes, step_lengths, step_times, stride_times,
};
use trocar_evidence::eurobench::series::Series;
use trocar_evidence::eurobench::yaml::{GaitEvents, Record, vector_result};

fn subject() -> (Series, LegLengths, GaitEvents) {
    let angles = Series::read(include_str!("data/eurobench/subject_10_trial_01.csv")).unwrap();
    let record = Record::read(include_str!("data/eurobench/subject_10_anthropometry.yaml")).unwrap();
    let events = heel_strikes(&angles).unwrap();
    (angles, LegLengths::of_record(&record).unwrap(), events)
}

/// The six result files, character by character.
#[test]
fn the_published_results_come_out() {
    let (angles, legs, events) = subject();
    let strides = stride_times(&events);
    let steps = step_times(&events);
    let lengths = step_lengths(&angles, &legs, &events, ToeDistance::AsPublished).unwrap();
    for (values, published) in [
        (&strides.right, include_str!("data/eurobench/stride_time_right.yaml")),
        (&strides.left, include_str!("data/eurobench/stride_time_left.yaml")),
        (&steps.right, include_str!("data/eurobench/step_time_right.yaml")),
        (&steps.left, include_str!("data/eurobench/step_time_left.yaml")),
        (&lengths.right, include_str!("data/eurobench/step_length_right.yaml")),
        (&lengths.left, include_str!("data/eurobench/step_length_left.yaml")),
    ] {
        assert_eq!(vector_result(values), published);
    }
}

/// The published program takes one number for two coordinates. The distance itself is what a leg of 0.47, 0.42 and 0.29 m reaches.
#[test]
fn the_geometry_is_another() {
    let (angles, legs, events) = subject();
    let geometric = step_lengths(&angles, &legs, &events, ToeDistance::Geometric).unwrap();
    let published = step_lengths(&angles, &legs, &events, ToeDistance::AsPublished).unwrap();
    for (ours, theirs) in
        geometric.right.iter().zip(&published.right).chain(geometric.left.iter().zip(&published.left))
    {
        assert!(*ours > 0.59 && *ours < 0.76, "{ours}");
        assert!(theirs / ours > 1.3 && theirs / ours < 1.55, "{theirs} {ours}");
    }
}

/// Steps that are made, and found again: hips swing by a sine, knees bend in swing.
#[test]
fn steps_by_hand() {
    let legs = LegLengths { thigh_m: 0.45, shank_m: 0.42, foot_m: 0.25 };
    let (stride_s, swing) = (1.1, 0.4);
    let time: Vec<f64> = (0..800).map(|k| f64::from(k) * 0.01).collect();
    let phase = |t: f64, ahead: f64| 2.0 * std::f64::consts::PI * (t / stride_s + ahead);
    let hip = |ahead: f64| -> Vec<f64> {
        time.iter().map(|&t| swing * trocar_math::sin(phase(t, ahead))).collect()
    };
    // The knee bends while the leg swings forward and is straight when the hip is most flexed.
    let knee = |ahead: f64| -> Vec<f64> {
        time.iter().map(|&t| trocar_math::max(trocar_math::cos(phase(t, ahead)), 0.0)).collect()
    };
    let flat = vec![0.0; time.len()];
    let angles = Series::joint_angles(
        &time,
        &[
            ("hip_flexion_r", &hip(0.0)),
            ("knee_flexion_r", &knee(0.0)),
            ("ankle_dorsiflexion_r", &flat),
            ("hip_flexion_l", &hip(0.5)),
            ("knee_flexion_l", &knee(0.5)),
            ("ankle_dorsiflexion_l", &flat),
        ],
    );
    let events = heel_strikes(&angles).unwrap();
    // Straight at a quarter of the cycle, up to a sample; the first cycle begins in mid bend and has no peak.
    for (k, strike) in events.right_strike_s.iter().enumerate() {
        let expected = stride_s * (k as f64 + 1.25);
        assert!((strike - expected).abs() <= 0.0101, "{strike} {expected}");
    }
    for time in stride_times(&events).right.iter().chain(&stride_times(&events).left) {
        assert!((time - stride_s).abs() <= 0.0201, "{time}");
    }
    for time in step_times(&events).right.iter().chain(&step_times(&events).left) {
        assert!((time - 0.5 * stride_s).abs() <= 0.0201, "{time}");
    }
    // With knees that stay straight both legs are one triangle turned by ± swing about the hip: the toes are √(leg² + foot²) from it.
    let straight = Series::joint_angles(
        &time,
        &[
            ("hip_flexion_r", &hip(0.0)),
            ("knee_flexion_r", &flat),
            ("ankle_dorsiflexion_r", &flat),
            ("hip_flexion_l", &hip(0.5)),
            ("knee_flexion_l", &flat),
            ("ankle_dorsiflexion_l", &flat),
        ],
    );
    let found = step_lengths(&straight, &legs, &events, ToeDistance::Geometric).unwrap();
    assert!(found.right.len() >= 5 && found.left.len() >= 5);
    let expected = 2.0 * trocar_math::hypot(0.87, 0.25) * trocar_math::sin(swing);
    for length in found.right.iter().chain(&found.left) {
        // A peak may lie half a sample beside an instant: 1 − cos(2π · 0.005/1.1) of it.
        assert!((length / expected - 1.0).abs() < 5e-4, "{length} {expected}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let (angles, legs, events) = subject();
    let without = |label: &str| {
        let columns = angles.columns.iter().filter(|(own, _)| own != label).cloned().collect();
        Series { time_s: angles.time_s.clone(), columns }
    };
    let said = heel_strikes(&without("l_knee_z")).unwrap_err().to_string();
    assert_eq!(said, "the joint angles have no column `l_knee_z`, or no rows");
    assert!(step_lengths(&without("r_ankle_z"), &legs, &events, ToeDistance::Geometric).is_err());
    assert!(step_lengths(&angles, &legs, &GaitEvents::default(), ToeDistance::Geometric).is_err());
    assert!(heel_strikes(&Series::default()).is_err());
    let still = Series {
        time_s: vec![0.0, 1.0, 2.0],
        columns: vec![("r_knee_z".to_owned(), vec![0.0; 3]), ("l_knee_z".to_owned(), vec![0.0; 3])],
    };
    assert_eq!(
        heel_strikes(&still).unwrap_err().to_string(),
        "`r_knee_z` bends 0 times: at least four are needed"
    );
    let record = Record::read("thigh: 0.4\nshank: 0\nfoot: 0.2\n").unwrap();
    assert_eq!(
        LegLengths::of_record(&record).unwrap_err().to_string(),
        "the anthropometry has no length `shank` above zero, m"
    );
}
