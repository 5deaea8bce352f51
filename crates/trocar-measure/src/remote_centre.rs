//! Remote-centre error: how far the axis of the tool passes from the point about which it should pivot.
//!
//! Each reading of a pose on the shaft is a line: its position a_i, and the z axis u_i of its orientation. The point
//! nearest to all lines is p* = (Σ(I − u uᵀ))⁻¹ Σ(I − u uᵀ) a, the distance of a line from a point p is e_i =
//! ‖(I − u uᵀ)(p − a)‖. The error is taken from p* (how well the axis pivots about any point), or, with `port`, from
//! where the device declares its remote centre (how well it keeps still what it passes through).
//!
//! Sums are enough for p* and the root mean square. The largest distance from p* is known only when all lines are: for
//! it, lines are read at the ends of dwells, and kept. From a port it needs no memory.

use crate::figure::{FigureRow, NoFigure};
use crate::geometry::{self, Vector, add, dot, norm, scale, sub};
use crate::instrument::ReadingUncertainty;
use crate::measure::{SampleError, finite};
use crate::noise::{largest_of, raised_by};
use crate::statistic::LineStatistic;
use crate::uncertainty::{ComponentName, UncertaintyComponent};
use serde::{Deserialize, Serialize};
use trocar_signal::{Dimension, Time};

/// Most lines that are kept.
pub const MOST_LINES: usize = 100_000;

/// A measure of the remote centre in progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RemoteCentre {
    statistic: LineStatistic,
    /// The point that is declared, in the frame of the readings (m).
    port_m: Option<Vector>,
    /// Room for lines, where they are kept.
    room: usize,
    lines: Vec<(Time, Vector, Vector)>,
    /// Sums are taken from the first point, so that they lose no digits.
    origin_m: Vector,
    n: u64,
    /// Σ(I − u uᵀ)
    matrix: [Vector; 3],
    /// Σ(I − u uᵀ) a
    vector_m: Vector,
    /// Σ aᵀ(I − u uᵀ) a
    square_m2: f64,
    /// Σ of the distance from the point of reading to the port, along the line (m).
    lever_m: f64,
    worst: (Time, f64),
}

impl RemoteCentre {
    /// `readings`: how many lines are to come, where they are to be kept.
    pub fn new(statistic: LineStatistic, port_m: Option<Vector>, readings: usize) -> RemoteCentre {
        let keeps = statistic == LineStatistic::Max && port_m.is_none();
        let room = if keeps { readings.min(MOST_LINES) } else { 0 };
        RemoteCentre {
            statistic,
            port_m,
            room,
            lines: vec![(Time::ZERO, [0.0; 3], [0.0; 3]); room],
            origin_m: [0.0; 3],
            n: 0,
            matrix: [[0.0; 3]; 3],
            vector_m: [0.0; 3],
            square_m2: 0.0,
            lever_m: 0.0,
            worst: (Time::ZERO, 0.0),
        }
    }

    /// A pose on the shaft. With `counts` unset nothing is kept.
    pub fn push(&mut self, at: Time, pose: &[f64], counts: bool) -> Result<(), SampleError> {
        let [x, y, z, qx, qy, qz, qw] = finite::<7>(pose)?;
        if !counts {
            return Ok(());
        }
        if self.room > 0 && self.n >= self.room as u64 {
            return Err(SampleError::TooMany { pose: "the shaft".to_owned(), declared: self.room as u32 });
        }
        if self.n == 0 {
            self.origin_m = [x, y, z];
        }
        let axis = geometry::z_axis([qx, qy, qz, qw]);
        let point_m = sub([x, y, z], self.origin_m);
        let across_m = sub(point_m, scale(axis, dot(point_m, axis)));
        for (i, row) in self.matrix.iter_mut().enumerate() {
            for (j, entry) in row.iter_mut().enumerate() {
                *entry += f64::from(u8::from(i == j)) - axis[i] * axis[j];
            }
        }
        self.vector_m = add(self.vector_m, across_m);
        self.square_m2 += dot(point_m, across_m);
        if let Some(line) = self.lines.get_mut(self.n as usize) {
            *line = (at, point_m, axis);
        }
        self.n += 1;
        if let Some(port_m) = self.port_m {
            let to_port_m = sub(sub(port_m, self.origin_m), point_m);
            let along_m = dot(to_port_m, axis);
            self.lever_m += along_m.abs();
            let off_m = norm(sub(to_port_m, scale(axis, along_m)));
            if off_m > self.worst.1 {
                self.worst = (at, off_m);
            }
        }
        Ok(())
    }

    pub fn row(&self, instrument: Option<&ReadingUncertainty>) -> Result<FigureRow, NoFigure> {
        if self.n == 0 {
            return Err(NoFigure::NoReading);
        }
        let n = self.n as f64;
        let centre_m = match self.port_m {
            Some(port_m) => sub(port_m, self.origin_m),
            None => solve(&self.matrix, self.vector_m).ok_or(NoFigure::ParallelLines { lines: self.n })?,
        };
        let product = self.matrix.map(|row| dot(row, centre_m));
        let square = self.square_m2 - 2.0 * dot(centre_m, self.vector_m) + dot(centre_m, product);
        let rms = trocar_math::max(0.0, square / n).sqrt();
        let (value, at) = match (self.statistic, self.port_m) {
            (LineStatistic::Rms, _) => (rms, None),
            (LineStatistic::Max, Some(_)) => (self.worst.1, Some(self.worst.0)),
            (LineStatistic::Max, None) => {
                let off = |(at, point_m, axis): &(Time, Vector, Vector)| {
                    let to = sub(centre_m, *point_m);
                    (*at, norm(sub(to, scale(*axis, dot(to, *axis)))))
                };
                let worst = self
                    .lines
                    .iter()
                    .take(self.n as usize)
                    .map(off)
                    .fold((Time::ZERO, 0.0), |worst, one| if one.1 > worst.1 { one } else { worst });
                (worst.1, Some(worst.0))
            }
        };
        let mut row = FigureRow::bare(value, Dimension::LENGTH, self.n);
        row.at = at;
        let Some(instrument) = instrument else { return Ok(row) };
        // Across the line, noise of the position and, over the distance to the centre, of the direction.
        let lever_m = match self.port_m {
            Some(_) => self.lever_m / n,
            None => norm(centre_m),
        };
        let sd = trocar_math::hypot(instrument.scatter_sd(), lever_m * instrument.angle_noise_sd);
        let (alone, one) = match self.statistic {
            // Two directions across the line; of n lines the three coordinates of p* are found.
            LineStatistic::Rms => {
                let free = if self.port_m.is_some() { 2.0 } else { trocar_math::max(0.0, 2.0 - 3.0 / n) };
                (sd * free.sqrt(), sd / (2.0 * n).sqrt())
            }
            LineStatistic::Max => (sd * trocar_math::max(f64::sqrt(2.0), largest_of(2 * self.n)), sd),
        };
        row.instrument_alone = (alone > 0.0).then_some(alone);
        row.noise_bias = raised_by(value, alone);
        row = row.with([UncertaintyComponent::type_b(ComponentName::InstrumentNoise, one)]);
        // What is the same in all readings moves the lines against the port, and with p*.
        if self.port_m.is_some() {
            let turned = instrument.of_angles().common().map(|c| lever_m * c.standard_u);
            let both = instrument.common().into_iter().zip(turned);
            row = row.with(both.map(|(moved, turned)| {
                UncertaintyComponent::type_b(moved.name, trocar_math::hypot(moved.standard_u, turned))
            }));
        }
        Ok(row)
    }
}

/// Solves A x = b for a symmetric A by its inverse; `None` where A is singular but for rounding: the lines are parallel.
fn solve(a: &[Vector; 3], b: Vector) -> Option<Vector> {
    let cross = |p: Vector, q: Vector| {
        [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]]
    };
    let cofactors = [cross(a[1], a[2]), cross(a[2], a[0]), cross(a[0], a[1])];
    let determinant = dot(a[0], cofactors[0]);
    let size = (a[0][0] + a[1][1] + a[2][2]) / 3.0;
    // Lines that differ in direction by less than a thousandth of a radian say nothing of where they meet.
    if determinant <= 1e-6 * size * size * size {
        return None;
    }
    let [x, y, z] = [0, 1, 2].map(|i| (0..3).map(|j| cofactors[j][i] * b[j]).sum::<f64>() / determinant);
    Some([x, y, z])
}
