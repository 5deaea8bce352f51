//! Courses: motions of a command as functions of the time since they began. Each is pure: of the time, of where the
//! command stood when it began, and of random draws that the caller addresses.

use trocar_math::random::Draw;
use trocar_math::{acos, atan2, clamp, exp, ln, min, sin, sin_cos};

/// Most numbers that a command may have which a course moves.
pub const MAX_COMMAND: usize = 16;

/// Sinusoids of which a noise is the sum. Declared: the sum of 32 with random phases is normal to a per cent within two
/// standard deviations, and costs little.
pub const NOISE_LINES: u32 = 32;

const TURN: f64 = std::f64::consts::TAU;

/// A displacement of one number that begins at zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wave {
    /// A sin(2π f t).
    Sine {
        /// A, in the number's unit.
        amplitude: f64,
        /// f.
        frequency_hz: f64,
    },
    /// A sin φ(t) whose frequency φ'/2π goes from one to another, by equal steps or by equal ratios in equal times.
    Chirp {
        /// A, in the number's unit.
        amplitude: f64,
        /// At the beginning.
        from_hz: f64,
        /// At the end.
        to_hz: f64,
        /// Whether by equal ratios.
        logarithmic: bool,
    },
    /// √(2/N) σ Σ sin(2π f_k t + φ_k), with N = [`NOISE_LINES`], f_k drawn within the k-th of N equal parts of the
    /// bandwidth and φ_k within a turn. It comes in and goes out evenly over one period of the bandwidth.
    Noise {
        /// σ, the root mean square, in the number's unit.
        rms: f64,
        /// Its highest frequency.
        bandwidth_hz: f64,
    },
}

impl Wave {
    /// The displacement at `t_s` of `duration_s`; `draw(lane)` gives the draws of this motion.
    pub fn value(&self, t_s: f64, duration_s: f64, draw: impl Fn(u32) -> Draw) -> f64 {
        match *self {
            Wave::Sine { amplitude, frequency_hz } => amplitude * sin(TURN * frequency_hz * t_s),
            Wave::Chirp { amplitude, from_hz, to_hz, logarithmic } => {
                let turns = if logarithmic && from_hz != to_hz {
                    let rate = ln(to_hz / from_hz) / duration_s;
                    from_hz * (exp(rate * t_s) - 1.0) / rate
                } else {
                    (from_hz + (to_hz - from_hz) * t_s / (2.0 * duration_s)) * t_s
                };
                amplitude * sin(TURN * turns)
            }
            Wave::Noise { rms, bandwidth_hz } => {
                let lines = f64::from(NOISE_LINES);
                let mut sum = 0.0;
                for k in 0..NOISE_LINES {
                    let part = (f64::from(k) + draw(2 * k).uniform()) / lines;
                    let phase = TURN * draw(2 * k + 1).uniform();
                    sum += sin(TURN * part * bandwidth_hz * t_s + phase);
                }
                let fade = clamp(min(t_s, duration_s - t_s) * bandwidth_hz, 0.0, 1.0);
                fade * rms * (2.0 / lines).sqrt() * sum
            }
        }
    }
}

/// A recorded motion.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    /// Times since its first row, s; they rise.
    pub times_s: Vec<f64>,
    /// Which number of the command, and its values at those times.
    pub columns: Vec<(usize, Vec<f64>)>,
    /// Whether its values count from its first row, as displacements from where the command stood.
    pub relative: bool,
    /// Where the four numbers of an orientation begin, if it is recorded: it is made one long again between rows.
    pub orientation: Option<usize>,
}

/// A motion of a command.
#[derive(Clone, Debug, PartialEq)]
pub enum Course {
    /// One number moves along a wave.
    Wave {
        /// Which number.
        element: usize,
        /// The wave.
        wave: Wave,
        /// For how long.
        duration_s: f64,
    },
    /// The tip goes straight from pose to pose at constant speed; its orientation turns evenly along each piece.
    Line {
        /// Position and orientation of each pose.
        through: Vec<[f64; 7]>,
        /// m/s.
        speed_mps: f64,
    },
    /// The tip goes around the circle through where it stands, `via` and `to` at constant speed; its orientation turns
    /// evenly to that of `to`, or stays where the circle is a whole one.
    Arc {
        /// A pose on the way.
        via: [f64; 7],
        /// The last pose, or one more on the way.
        to: [f64; 7],
        /// Whether it goes on to where it began.
        whole: bool,
        /// m/s.
        speed_mps: f64,
    },
    /// A recorded motion.
    Recorded(std::sync::Arc<Recorded>),
}

impl Course {
    /// Whether there is such a motion from where the command stands: no circle goes through three points in a line.
    #[must_use]
    pub fn exists_from(&self, origin: &[f64; MAX_COMMAND]) -> bool {
        match self {
            Course::Arc { via, to, .. } => circle(pose(origin), via, to).is_some(),
            _ => true,
        }
    }

    /// How long it takes from where the command stands, s.
    #[must_use]
    pub fn duration_s(&self, origin: &[f64; MAX_COMMAND]) -> f64 {
        match self {
            Course::Wave { duration_s, .. } => *duration_s,
            Course::Line { through, speed_mps } => {
                let mut from = pose(origin);
                let mut length = 0.0;
                for to in through {
                    length += distance(from, to);
                    from = to;
                }
                length / speed_mps
            }
            Course::Arc { via, to, whole, speed_mps } => {
                circle(pose(origin), via, to).map_or(0.0, |circle| circle.length_m(*whole) / speed_mps)
            }
            Course::Recorded(recorded) => recorded.times_s.last().copied().unwrap_or(0.0),
        }
    }

    /// The command at `t_s` of its duration; `values` holds where it stood when it began.
    pub fn put(&self, t_s: f64, values: &mut [f64; MAX_COMMAND], draw: impl Fn(u32) -> Draw) {
        let origin = *values;
        match self {
            Course::Wave { element, wave, duration_s } => {
                if let Some(value) = values.get_mut(*element) {
                    *value += wave.value(t_s, *duration_s, draw);
                }
            }
            Course::Line { through, speed_mps } => {
                let mut from = pose(&origin);
                let mut travelled = speed_mps * t_s;
                for (place, to) in through.iter().enumerate() {
                    let length = distance(from, to);
                    if travelled < length || place + 1 == through.len() {
                        let share = if travelled < length { travelled / length } else { 1.0 };
                        between(from, to, share, values);
                        return;
                    }
                    travelled -= length;
                    from = to;
                }
            }
            Course::Arc { via, to, whole, speed_mps } => {
                let from = pose(&origin);
                let Some(circle) = circle(from, via, to) else { return };
                let length = circle.length_m(*whole);
                // The last instant is the length over the speed, a rounding of it away from the end.
                let travelled = speed_mps * t_s;
                let is_done = travelled >= length * (1.0 - 1e-12);
                let end = if *whole { from } else { to };
                between(from, end, if is_done { 1.0 } else { travelled / length }, values);
                if !is_done {
                    values[..3].copy_from_slice(&circle.at(travelled));
                }
            }
            Course::Recorded(recorded) => recorded.put(t_s, values),
        }
    }
}

impl Recorded {
    fn put(&self, t_s: f64, values: &mut [f64; MAX_COMMAND]) {
        let after = self.times_s.partition_point(|time| *time <= t_s);
        let (low, high) = (after.saturating_sub(1), min_index(after, self.times_s.len()));
        let (Some(from_s), Some(to_s)) = (self.times_s.get(low), self.times_s.get(high)) else { return };
        let share = if to_s > from_s { (t_s - from_s) / (to_s - from_s) } else { 0.0 };
        for (element, column) in &self.columns {
            let (Some(to), Some(from), Some(next), Some(first)) =
                (values.get_mut(*element), column.get(low), column.get(high), column.first())
            else {
                return;
            };
            let value = from + share * (next - from);
            *to = if self.relative { *to + (value - first) } else { value };
        }
        if let Some(start) = self.orientation
            && let Some(quaternion) = values.get_mut(start..start + 4)
        {
            let length = quaternion.iter().map(|part| part * part).sum::<f64>().sqrt();
            if length > 0.0 {
                quaternion.iter_mut().for_each(|part| *part /= length);
            }
        }
    }
}

fn min_index(at: usize, length: usize) -> usize {
    at.min(length.saturating_sub(1))
}

/// Position and orientation of a Cartesian command.
fn pose(values: &[f64; MAX_COMMAND]) -> &[f64; 7] {
    // A command of 16 numbers has seven.
    values.first_chunk().unwrap_or(&[0.0; 7])
}

fn point(pose: &[f64; 7]) -> [f64; 3] {
    [pose[0], pose[1], pose[2]]
}

fn minus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

fn distance(from: &[f64; 7], to: &[f64; 7]) -> f64 {
    let along = minus(point(to), point(from));
    dot(along, along).sqrt()
}

/// The pose at a share of the straight way between two: positions evenly, the orientation evenly about one axis and the
/// shorter way round.
fn between(from: &[f64; 7], to: &[f64; 7], share: f64, values: &mut [f64; MAX_COMMAND]) {
    if share >= 1.0 {
        values[..7].copy_from_slice(to);
        return;
    }
    for axis in 0..3 {
        values[axis] = from[axis] + share * (to[axis] - from[axis]);
    }
    let product: f64 = (3..7).map(|i| from[i] * to[i]).sum();
    let sign = if product < 0.0 { -1.0 } else { 1.0 };
    let angle = acos(clamp(product.abs(), 0.0, 1.0));
    // Below this the sine of the angle has no figures left, and the straight mean is the same.
    let (of_from, of_to) = if angle < 1e-6 {
        (1.0 - share, share)
    } else {
        let whole = sin(angle);
        (sin((1.0 - share) * angle) / whole, sin(share * angle) / whole)
    };
    for i in 3..7 {
        values[i] = of_from * from[i] + sign * of_to * to[i];
    }
}

/// A circle with the place on it from which it is gone around.
struct Circle {
    centre: [f64; 3],
    radius: f64,
    /// From the centre to the start, and a quarter of a turn on; both one long.
    axes: [[f64; 3]; 2],
    /// From the start to the last point, rad.
    angle: f64,
}

/// The circle through three points; `None` where they lie in a line, to a millionth.
fn circle(from: &[f64; 7], via: &[f64; 7], to: &[f64; 7]) -> Option<Circle> {
    let start = point(from);
    let (u, v) = (minus(point(via), start), minus(point(to), start));
    let normal = cross(u, v);
    let (uu, vv, nn) = (dot(u, u), dot(v, v), dot(normal, normal));
    if nn <= 1e-12 * uu * vv {
        return None;
    }
    let (a, b) = (cross(v, normal), cross(normal, u));
    let offset = [0, 1, 2].map(|i| (uu * a[i] + vv * b[i]) / (2.0 * nn));
    let radius = dot(offset, offset).sqrt();
    let outwards = offset.map(|part| -part / radius);
    let normal = normal.map(|part| part / nn.sqrt());
    let onwards = cross(normal, outwards);
    let last = minus(v, offset);
    let angle = atan2(dot(last, onwards), dot(last, outwards));
    Some(Circle {
        centre: [0, 1, 2].map(|i| start[i] + offset[i]),
        radius,
        axes: [outwards, onwards],
        angle: if angle < 0.0 { angle + TURN } else { angle },
    })
}

impl Circle {
    fn length_m(&self, whole: bool) -> f64 {
        self.radius * if whole { TURN } else { self.angle }
    }

    fn at(&self, travelled_m: f64) -> [f64; 3] {
        let (sin, cos) = sin_cos(travelled_m / self.radius);
        [0, 1, 2].map(|i| self.centre[i] + self.radius * (cos * self.axes[0][i] + sin * self.axes[1][i]))
    }
}

#[cfg(test)]
mod tests;
