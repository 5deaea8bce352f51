//! Performance indicators from joint angles alone: heel strikes, stride and step times, step lengths.
//!
//! They are those of eurobench/pi_octave_csic (CSIC and Tecnalia 2020), done anew from their description; its published inputs and results are the test.

use super::series::Series;
use super::yaml::{GaitEvents, Record};
use trocar_math::sin_cos;

/// Why an indicator cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IndicatorError(pub String);

/// Lengths of a leg's segments, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LegLengths {
    /// Hip to knee.
    pub thigh_m: f64,
    /// Knee to ankle.
    pub shank_m: f64,
    /// Ankle to toes.
    pub foot_m: f64,
}

impl LegLengths {
    /// From a subject's anthropometry: `thigh`, `shank`, `foot`.
    ///
    /// # Errors
    /// One that is missing or not above zero.
    pub fn of_record(record: &Record) -> Result<Self, IndicatorError> {
        let length = |key: &str| match record.number(key) {
            Some(length) if length > 0.0 => Ok(length),
            _ => Err(IndicatorError(format!("the anthropometry has no length `{key}` above zero, m"))),
        };
        Ok(Self { thigh_m: length("thigh")?, shank_m: length("shank")?, foot_m: length("foot")? })
    }
}

/// How far the toes are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToeDistance {
    /// The distance, in the plane of walking.
    Geometric,
    /// What the published program computes and its published results hold: in it `[sin(a) - cos(a)]` is one number, where
    /// the two coordinates `[sin(a), -cos(a)]` were meant, and stands for both coordinates of knee and ankle. Of its own subject's steps it makes 0.82 to
    /// 1.10 m where the geometry gives 0.60 to 0.75 m. For comparison with what is in EUROBENCH's database.
    AsPublished,
}

/// Of each leg.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BothLegs {
    /// The right one's.
    pub right: Vec<f64>,
    /// The left one's.
    pub left: Vec<f64>,
}

/// The pelvis' forward tilt that the published program takes for everybody, degrees.
const PELVIS_DEG: f64 = 10.0;

/// Heel strikes from the knees' angles: after each bend of the knee beyond its root mean square, where it is straight again for the first time. The last bend of a
/// leg and the stretch after the last but one are not used, as in the published program.
///
/// # Errors
/// A knee is missing, or bends fewer than four times.
pub fn heel_strikes(joint_angles: &Series) -> Result<GaitEvents, IndicatorError> {
    let strikes = |label: &str| {
        let knee = angles(joint_angles, label)?;
        let mean_square = knee.iter().map(|angle| angle * angle).sum::<f64>() / knee.len() as f64;
        let threshold = mean_square.sqrt();
        let bends: Vec<f64> = knee.iter().map(|&angle| if angle < threshold { 0.0 } else { angle }).collect();
        let peaks = peaks(&bends, 1);
        if peaks.len() < 4 {
            let what = format!("`{label}` bends {} times: at least four are needed", peaks.len());
            return Err(IndicatorError(what));
        }
        let straight = |&peak: &usize| {
            let falls = knee[peak..].windows(2).take_while(|pair| pair[1] < pair[0]).count();
            joint_angles.time_s[peak + falls]
        };
        Ok(peaks[..peaks.len() - 2].iter().map(straight).collect())
    };
    Ok(GaitEvents {
        right_strike_s: strikes("r_knee_z")?,
        left_strike_s: strikes("l_knee_z")?,
        ..GaitEvents::default()
    })
}

/// From each heel strike to the next of the same leg, s.
#[must_use]
pub fn stride_times(events: &GaitEvents) -> BothLegs {
    let times = |strikes: &[f64]| strikes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    BothLegs { right: times(&events.right_strike_s), left: times(&events.left_strike_s) }
}

/// From each heel strike to the next of the other leg, s; a step is that of the leg that strikes last. Strikes are taken to alternate, as the published program takes them.
#[must_use]
pub fn step_times(events: &GaitEvents) -> BothLegs {
    let mut strikes = [events.right_strike_s.as_slice(), &events.left_strike_s].concat();
    strikes.sort_by(f64::total_cmp);
    let steps: Vec<f64> = strikes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let left_begins = match (events.left_strike_s.first(), events.right_strike_s.first()) {
        (Some(left), Some(right)) => left < right,
        _ => return BothLegs::default(),
    };
    let (first, second) = (every_other(&steps, 0), every_other(&steps, 1));
    if left_begins {
        BothLegs { right: first, left: second }
    } else {
        BothLegs { right: second, left: first }
    }
}

/// The greatest distances of the toes from each other, m, from the first right heel strike on, right and left in turn. Both hips are at one place and the
/// pelvis leans by 10°, as in the published program.
///
/// # Errors
/// An angle is missing; no right strike, or no step.
pub fn step_lengths(
    joint_angles: &Series,
    legs: &LegLengths,
    events: &GaitEvents,
    distance: ToeDistance,
) -> Result<BothLegs, IndicatorError> {
    let none = || IndicatorError("there is no right heel strike with a step after it".to_owned());
    let begin = *events.right_strike_s.first().ok_or_else(none)?;
    let from = joint_angles.time_s.iter().position(|&time| time >= begin).ok_or_else(none)?;
    let mut toes = Vec::new();
    for side in ["r", "l"] {
        let joint = |name: &str| angles(joint_angles, &format!("{side}_{name}_z"));
        let (hip, knee, ankle) = (joint("hip")?, joint("knee")?, joint("ankle")?);
        let toe = |k: usize| toe(legs, [hip[k], knee[k], ankle[k]], distance);
        toes.push((from..joint_angles.time_s.len()).map(toe).collect::<Vec<_>>());
    }
    let apart = |(a, b): (&[f64; 2], &[f64; 2])| trocar_math::hypot(a[0] - b[0], a[1] - b[1]);
    let apart: Vec<f64> = toes[0].iter().zip(&toes[1]).map(apart).collect();
    let steps = step_times(events).right;
    if steps.is_empty() {
        return Err(none());
    }
    let mean_step_s = steps.iter().sum::<f64>() / steps.len() as f64;
    let (first, last) = (joint_angles.time_s[0], joint_angles.time_s[joint_angles.time_s.len() - 1]);
    let samples_per_s = (joint_angles.time_s.len() - 1) as f64 / (last - first);
    // Two peaks within a fifth of a step are one.
    let found = peaks(&apart, (mean_step_s * samples_per_s / 5.0).floor() as usize);
    let lengths: Vec<f64> = found.into_iter().map(|k| apart[k]).collect();
    Ok(BothLegs { right: every_other(&lengths, 0), left: every_other(&lengths, 1) })
}

/// Where the toes are from the hip, forward and up, m; angles in degrees.
fn toe(legs: &LegLengths, [hip, knee, ankle]: [f64; 3], distance: ToeDistance) -> [f64; 2] {
    let thigh = (hip - PELVIS_DEG).to_radians();
    let shank = thigh - knee.to_radians();
    let foot = shank + ankle.to_radians();
    let hanging = |angle: f64, length: f64| {
        let (sin, cos) = sin_cos(angle);
        match distance {
            ToeDistance::Geometric => [sin * length, -cos * length],
            ToeDistance::AsPublished => [(sin - cos) * length; 2],
        }
    };
    let (a, b) = (hanging(thigh, legs.thigh_m), hanging(shank, legs.shank_m));
    let (sin, cos) = sin_cos(foot);
    [a[0] + b[0] + cos * legs.foot_m, a[1] + b[1] + sin * legs.foot_m]
}

fn angles<'a>(series: &'a Series, label: &str) -> Result<&'a [f64], IndicatorError> {
    let values = series.column(label).filter(|values| !values.is_empty());
    values.ok_or_else(|| IndicatorError(format!("the joint angles have no column `{label}`, or no rows")))
}

fn every_other(values: &[f64], from: usize) -> Vec<f64> {
    values.iter().skip(from).step_by(2).copied().collect()
}

/// Where values are greater than the one before and not less than the one after; of two nearer to each other than `apart`, the greater.
fn peaks(values: &[f64], apart: usize) -> Vec<usize> {
    let is_peak = |k: &usize| values[*k] > values[*k - 1] && values[*k] >= values[*k + 1];
    let mut found: Vec<usize> = (1..values.len().saturating_sub(1)).filter(is_peak).collect();
    found.sort_by(|&a, &b| values[b].total_cmp(&values[a]).then(a.cmp(&b)));
    let mut kept: Vec<usize> = Vec::with_capacity(found.len());
    for k in found {
        if kept.iter().all(|&other| k.abs_diff(other) >= apart) {
            kept.push(k);
        }
    }
    kept.sort_unstable();
    kept
}
