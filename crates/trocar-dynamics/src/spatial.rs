//! Small fixed-size kernels: rotations by columns, symmetric matrices, rigid inertia about a point.

use nalgebra::{Matrix3, Rotation3, Vector3};

/// A rotation, as the axes of the rotated frame in the outer one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axes {
    pub x: Vector3<f64>,
    pub y: Vector3<f64>,
    pub z: Vector3<f64>,
}

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Axis {
    X,
    Y,
    Z,
}

impl Axis {
    pub const ALL: [Self; 3] = [Self::X, Self::Y, Self::Z];
}

impl Axes {
    #[inline]
    pub fn axis(&self, axis: Axis) -> &Vector3<f64> {
        match axis {
            Axis::Z => &self.z,
            Axis::X => &self.x,
            Axis::Y => &self.y,
        }
    }

    /// Turned by a rotation given as quaternion x, y, z, w of any length but zero.
    #[inline]
    pub fn turned_by(&self, quaternion: &[f64]) -> Self {
        let &[x, y, z, w] = quaternion else { return *self };
        let s = 2.0 / (x * x + y * y + z * z + w * w);
        let inner = Self {
            x: Vector3::new(1.0 - s * (y * y + z * z), s * (x * y + z * w), s * (x * z - y * w)),
            y: Vector3::new(s * (x * y - z * w), 1.0 - s * (x * x + z * z), s * (y * z + x * w)),
            z: Vector3::new(s * (x * z + y * w), s * (y * z - x * w), 1.0 - s * (x * x + y * y)),
        };
        self.compose(&inner)
    }

    pub const IDENTITY: Self = Self {
        x: Vector3::new(1.0, 0.0, 0.0),
        y: Vector3::new(0.0, 1.0, 0.0),
        z: Vector3::new(0.0, 0.0, 1.0),
    };

    pub fn from_rotation(rotation: &Rotation3<f64>) -> Self {
        let m = rotation.matrix();
        Self { x: m.column(0).into(), y: m.column(1).into(), z: m.column(2).into() }
    }

    pub fn to_rotation(self) -> Rotation3<f64> {
        Rotation3::from_matrix_unchecked(Matrix3::from_columns(&[self.x, self.y, self.z]))
    }

    #[inline]
    pub fn times(&self, v: &Vector3<f64>) -> Vector3<f64> {
        self.x * v.x + self.y * v.y + self.z * v.z
    }

    #[inline]
    pub fn transpose_times(&self, v: &Vector3<f64>) -> Vector3<f64> {
        Vector3::new(self.x.dot(v), self.y.dot(v), self.z.dot(v))
    }

    #[inline]
    pub fn compose(&self, inner: &Self) -> Self {
        Self { x: self.times(&inner.x), y: self.times(&inner.y), z: self.times(&inner.z) }
    }

    /// Whether these are right-handed orthonormal axes, up to what writing them with ten digits costs.
    pub fn is_rotation(&self) -> bool {
        const TOLERANCE: f64 = 1e-9;
        let unit = |v: &Vector3<f64>| (v.norm_squared() - 1.0).abs() < TOLERANCE;
        unit(&self.x) && unit(&self.y) && (self.x.cross(&self.y) - self.z).norm() < TOLERANCE
    }

    /// Turned about its own z axis.
    #[inline]
    pub fn turned(&self, (sin, cos): (f64, f64)) -> Self {
        Self { x: self.x * cos + self.y * sin, y: self.y * cos - self.x * sin, z: self.z }
    }
}

/// A symmetric 3 × 3 matrix.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Symmetric3 {
    pub xx: f64,
    pub xy: f64,
    pub xz: f64,
    pub yy: f64,
    pub yz: f64,
    pub zz: f64,
}

impl Symmetric3 {
    pub fn from_matrix(m: &Matrix3<f64>) -> Self {
        let mean = |i, j| 0.5 * (m[(i, j)] + m[(j, i)]);
        Self { xx: m[(0, 0)], xy: mean(0, 1), xz: mean(0, 2), yy: m[(1, 1)], yz: mean(1, 2), zz: m[(2, 2)] }
    }

    #[inline]
    pub fn times(&self, v: &Vector3<f64>) -> Vector3<f64> {
        Vector3::new(
            self.xx * v.x + self.xy * v.y + self.xz * v.z,
            self.xy * v.x + self.yy * v.y + self.yz * v.z,
            self.xz * v.x + self.yz * v.y + self.zz * v.z,
        )
    }

    /// R S Rᵀ.
    #[inline]
    pub fn rotated(&self, axes: &Axes) -> Self {
        let a = axes.x * self.xx + axes.y * self.xy + axes.z * self.xz;
        let b = axes.x * self.xy + axes.y * self.yy + axes.z * self.yz;
        let c = axes.x * self.xz + axes.y * self.yz + axes.z * self.zz;
        Self {
            xx: a.x * axes.x.x + b.x * axes.y.x + c.x * axes.z.x,
            xy: a.x * axes.x.y + b.x * axes.y.y + c.x * axes.z.y,
            xz: a.x * axes.x.z + b.x * axes.y.z + c.x * axes.z.z,
            yy: a.y * axes.x.y + b.y * axes.y.y + c.y * axes.z.y,
            yz: a.y * axes.x.z + b.y * axes.y.z + c.y * axes.z.z,
            zz: a.z * axes.x.z + b.z * axes.y.z + c.z * axes.z.z,
        }
    }

    #[inline]
    fn add(&mut self, o: &Self) {
        self.xx += o.xx;
        self.xy += o.xy;
        self.xz += o.xz;
        self.yy += o.yy;
        self.yz += o.yz;
        self.zz += o.zz;
    }

    /// Adds the symmetric part of 2(a·b)1 − (abᵀ + baᵀ), the parallel-axis term; a point mass m at r has a = r, b = mr/2.
    #[inline]
    fn add_parallel_axis(&mut self, a: &Vector3<f64>, b: &Vector3<f64>) {
        let (x, y, z) = (a.x * b.x, a.y * b.y, a.z * b.z);
        self.xx += 2.0 * (y + z);
        self.yy += 2.0 * (x + z);
        self.zz += 2.0 * (x + y);
        self.xy -= a.x * b.y + a.y * b.x;
        self.xz -= a.x * b.z + a.z * b.x;
        self.yz -= a.y * b.z + a.z * b.y;
    }
}

/// Mass, first moment and second moment of a rigid body about a point.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct RigidInertia {
    pub mass: f64,
    /// mass × centre of mass from the point.
    pub moment: Vector3<f64>,
    pub about: Symmetric3,
}

impl RigidInertia {
    pub fn new(mass: f64, centre: &Vector3<f64>, about_centre: Symmetric3) -> Self {
        let mut body = Self { mass: 0.0, moment: Vector3::zeros(), about: about_centre };
        body.add_point(mass, centre);
        body
    }

    #[inline]
    pub fn rotated(&self, axes: &Axes) -> Self {
        Self { mass: self.mass, moment: axes.times(&self.moment), about: self.about.rotated(axes) }
    }

    #[inline]
    pub fn add_point(&mut self, mass: f64, at: &Vector3<f64>) {
        let moment = at * mass;
        self.mass += mass;
        self.moment += moment;
        self.about.add_parallel_axis(at, &(moment * 0.5));
    }

    /// Adds a body known about another point, which lies at `arm` from this one.
    #[inline]
    pub fn add_shifted(&mut self, body: &Self, arm: &Vector3<f64>) {
        self.mass += body.mass;
        self.moment += body.moment + arm * body.mass;
        self.about.add(&body.about);
        self.about.add_parallel_axis(arm, &(body.moment + arm * (0.5 * body.mass)));
    }
}
