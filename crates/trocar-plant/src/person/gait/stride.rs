//! How long strides are, in time and in space, at a speed.

use trocar_math::powf;

/// One stride: from heel strike to heel strike of the same foot, two steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stride {
    /// s.
    pub time_s: f64,
    /// m.
    pub length_m: f64,
}

/// Speed over √(g · leg length), between which the law was fitted: 0.39 m/s with a leg of 0.94 m, and 1.77 m/s with one of 0.92 m. Beyond
/// the law is an extrapolation; exoskeletons often walk there.
pub const LEAST_SPEED: f64 = 0.128;
/// See [`LEAST_SPEED`].
pub const GREATEST_SPEED: f64 = 0.590;

/// Step length over leg length at a speed of √(g · leg length): least squares of the logarithms over 258 walks of 43 adults (BMClab/h2a_age_spt, MIT; a
/// test makes the fit again).
const STEP_AT_ONE: f64 = 1.117;
/// The power of the speed.
const POWER: f64 = 0.5139;

/// m/s².
const GRAVITY: f64 = 9.806_65;

impl Stride {
    /// How a person with this leg (from the trochanter to the ground, m) walks at this speed, m/s: step length over leg length is
    /// 1.117 (v/√(g l))^0.514. Single walks depart from it by 7 % (one standard deviation).
    ///
    /// `None` unless both are finite and positive.
    #[must_use]
    pub fn at_speed(speed_mps: f64, leg_m: f64) -> Option<Self> {
        let known = |x: f64| x > 0.0 && x.is_finite();
        if !(known(speed_mps) && known(leg_m)) {
            return None;
        }
        let length_m = 2.0 * leg_m * STEP_AT_ONE * powf(dimensionless(speed_mps, leg_m), POWER);
        Some(Self { time_s: length_m / speed_mps, length_m })
    }

    /// The least and the greatest speed at which people with this leg (m) were measured, m/s.
    #[must_use]
    pub fn measured_speeds_mps(leg_m: f64) -> [f64; 2] {
        [LEAST_SPEED, GREATEST_SPEED].map(|speed| speed * (GRAVITY * leg_m).sqrt())
    }

    /// m/s.
    #[must_use]
    pub fn speed_mps(&self) -> f64 {
        self.length_m / self.time_s
    }
}

/// Speed over √(g · leg length): the square root of the Froude number, by which walks of the tall and the small compare.
fn dimensionless(speed_mps: f64, leg_m: f64) -> f64 {
    speed_mps / (GRAVITY * leg_m).sqrt()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use trocar_math::{exp, ln, max, min};

    /// The walks of the 43 adults: leg, speed, step length, cadence; before these subject, sex, age, height, mass, and the comfortable speed.
    pub(crate) fn walks() -> Vec<(Vec<f64>, bool)> {
        include_str!("../data/adults_43_speeds.csv")
            .lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
            .map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                let number = |k: usize| cells[k].parse::<f64>().unwrap();
                ([0, 2, 3, 4, 5, 6, 7, 8, 9].map(number).to_vec(), cells[1] == "M")
            })
            .collect()
    }

    #[test]
    fn the_fit_is_that_of_the_data() {
        let points: Vec<(f64, f64)> = walks()
            .iter()
            .map(|(walk, _)| (ln(dimensionless(walk[6], walk[4])), ln(walk[7] / walk[4])))
            .collect();
        assert_eq!(points.len(), 258);
        let n = points.len() as f64;
        let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
        let power = mean(&|p| (p.0 - x) * (p.1 - y)) / mean(&|p| (p.0 - x) * (p.0 - x));
        let at_one = exp(y - power * x);
        // The constants are printed with four digits.
        assert!((power - POWER).abs() < 1e-4 && (at_one - STEP_AT_ONE).abs() < 1e-3, "{power} {at_one}");
        let spread = mean(&|p| {
            let off = p.1 - y - power * (p.0 - x);
            off * off
        })
        .sqrt();
        assert!((spread - 0.07).abs() < 0.005, "{spread}");
        let (least, greatest) =
            points.iter().fold((f64::MAX, f64::MIN), |(l, g), p| (min(l, p.0), max(g, p.0)));
        assert!((exp(least) - LEAST_SPEED).abs() < 1e-3 && (exp(greatest) - GREATEST_SPEED).abs() < 1e-3);
    }

    #[test]
    fn a_stride_is_as_long_as_its_speed_takes() {
        // Fukuchi's adults at 1.26 m/s: with a leg of 0.87 m, 1.117 (1.26/2.921)^0.5139 = 0.7252 of the leg per step.
        let stride = Stride::at_speed(1.26, 0.87).unwrap();
        assert!((stride.length_m - 2.0 * 0.7252 * 0.87).abs() < 1e-3, "{stride:?}");
        assert!((stride.speed_mps() - 1.26).abs() < 1e-12);
        // The 43 at their comfortable speeds make 118.7 ± 7.1 steps a minute (a published mean): here within one deviation.
        let cadence = 120.0 / Stride::at_speed(1.25, 0.870).unwrap().time_s;
        assert!((cadence - 118.7).abs() < 7.1, "{cadence}");
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(Stride::at_speed(bad, 0.87), None);
            assert_eq!(Stride::at_speed(1.0, bad), None);
        }
    }
}
