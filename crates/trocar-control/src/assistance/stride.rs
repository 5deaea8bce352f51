//! A stride of one joint: periodic motion through equally spaced points.

/// Positions along one stride. Between two points runs the cubic that goes through both with, at each, the slope of the line through
/// its neighbours (Catmull and Rom 1974), so that position and velocity are continuous, over the stride's end too.
#[derive(Clone, Debug, PartialEq)]
pub struct Stride {
    points: Vec<f64>,
}

impl Stride {
    /// Through these points, rad or m, of which there is at least one.
    #[must_use]
    pub fn new(points: Vec<f64>) -> Stride {
        Stride { points: if points.is_empty() { vec![0.0] } else { points } }
    }

    /// Position, and its derivative by the phase, at a phase from 0 to 1.
    #[must_use]
    pub fn at(&self, phase: f64) -> (f64, f64) {
        let n = self.points.len();
        let along = trocar_math::clamp(phase, 0.0, 1.0) * n as f64;
        let at = (along.floor() as usize).min(n - 1);
        let t = along - at as f64;
        let point = |ahead: usize| self.points[(at + ahead) % n];
        let (before, from, to, after) = (point(n - 1), point(0), point(1), point(2));
        let (start, end) = (0.5 * (to - before), 0.5 * (after - from));
        let bend = 3.0 * (to - from) - 2.0 * start - end;
        let twist = 2.0 * (from - to) + start + end;
        let position = from + t * (start + t * (bend + t * twist));
        let slope = start + t * (2.0 * bend + 3.0 * t * twist);
        (position, slope * n as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_through_its_points_and_closes() {
        let stride = Stride::new(vec![0.1, 0.5, 0.3, -0.2, 0.0]);
        for (place, point) in [0.1, 0.5, 0.3, -0.2, 0.0].into_iter().enumerate() {
            assert!((stride.at(place as f64 / 5.0).0 - point).abs() < 1e-15);
        }
        let ((end, out), (start, into)) = (stride.at(1.0), stride.at(0.0));
        // Rounding of a phase times five.
        assert!((end - start).abs() < 1e-14 && (out - into).abs() < 1e-13);
    }

    /// Of a sine with 40 points the cubic is off by less than the published bound of the interpolation, h⁴/… of the fourth
    /// derivative and h² of the slope's; the derivative is that of the position by differences.
    #[test]
    fn a_sine_comes_out_as_a_sine_with_its_slope() {
        let turn = 2.0 * std::f64::consts::PI;
        let stride = Stride::new((0..40).map(|k| trocar_math::sin(turn * f64::from(k) / 40.0)).collect());
        for k in 0..997 {
            let phase = f64::from(k) / 997.0;
            let (position, slope) = stride.at(phase);
            assert!((position - trocar_math::sin(turn * phase)).abs() < 1e-3, "{phase}");
            let h = 1e-6;
            if phase > h {
                let by_differences = (stride.at(phase + h).0 - stride.at(phase - h).0) / (2.0 * h);
                assert!((slope - by_differences).abs() < 1e-3, "{phase}: {slope} {by_differences}");
            }
        }
    }
}
