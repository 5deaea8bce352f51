//! The compiled mechanism and the workspace in which it is evaluated.

use nalgebra::{Isometry3, Vector3};

use crate::spatial::{Axes, Axis, RigidInertia};

/// Most generalised coordinates a mechanism may have. Assumed ample: two arms with instruments have 14.
pub const MAX_COORDINATES: usize = 32;

/// A generalised coordinate of one mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoordinateId(pub(crate) usize);

impl CoordinateId {
    /// Its place in q̇ (and in q, where no ball joint stands before it: see [`Mechanism::position_of`]).
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A frame of one mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FrameId(pub(crate) usize);

impl FrameId {
    /// The base, at the mechanism's mounting.
    pub const BASE: Self = Self(0);

    /// Its place among the frames, the base being 0.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A point mass of one mechanism whose mass is given at run time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadId(pub(crate) usize);

impl PayloadId {
    /// Its place among the payload masses.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// A sum of coefficient times coordinate, in the order of the coordinates.
pub(crate) type Row = Box<[(usize, f64)]>;

#[inline]
pub(crate) fn row_times(row: &[(usize, f64)], values: &[f64]) -> f64 {
    row.iter().map(|&(k, coefficient)| coefficient * values[k]).sum()
}

#[inline]
pub(crate) fn add_row(row: &[(usize, f64)], factor: f64, out: &mut [f64]) {
    for &(k, coefficient) in row {
        out[k] += coefficient * factor;
    }
}

/// One distinct combination of coordinates: joints that share it (up to sign) share its sine and cosine.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub row: Row,
    /// The same over the words of q.
    pub position_row: Row,
    pub turns: bool,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Motion {
    Fixed,
    Revolute { form: usize, sign: f64 },
    Prismatic { form: usize, sign: f64 },
    Ball(Ball),
}

/// A ball joint: turns its frame by a unit quaternion; its rates are the angular velocity in the frame's own axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ball {
    /// Its place among the ball joints.
    pub place: usize,
    /// First of its three coordinates.
    pub coordinate: usize,
    /// First of its four words of q: x, y, z, w.
    pub position: usize,
}

/// One generalised coordinate.
#[derive(Clone, Debug)]
pub(crate) struct Coordinate {
    pub name: String,
    pub kind: crate::CoordinateKind,
    /// Its word of q; `None` for a part of a ball joint, whose position is a quaternion.
    pub position: Option<usize>,
}

#[derive(Clone, Debug)]
pub(crate) struct Frame {
    pub name: String,
    pub parent: usize,
    /// Constant part of the placement: axes and origin in the parent.
    pub axes: Axes,
    pub offset: Vector3<f64>,
    pub motion: Motion,
    /// What the joint variable depends on, sign included; empty when fixed.
    pub row: Row,
    pub body: Option<RigidInertia>,
    /// Whether this frame or one that hangs on it has mass (or a payload, which may have some).
    pub inertial: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Payload {
    pub frame: usize,
    pub point: Vector3<f64>,
}

#[derive(Clone, Debug)]
pub(crate) struct Rotor {
    pub row: Row,
    pub inertia: f64,
}

/// One entry of the mass matrix that a pair of joints contributes to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Term {
    pub entry: usize,
    pub coefficient: f64,
}

/// A step of the walk from a joint's axis to the base: the arm crossed (the base's, of no length, where none is), then
/// the axis met there with its terms.
#[derive(Clone, Debug)]
pub(crate) struct WalkStep {
    pub crossed: usize,
    pub met: usize,
    pub axis: Axis,
    pub turns: bool,
    /// The first term (without any, one of nothing) and where the others are: mostly nowhere.
    pub first: Term,
    pub others: std::ops::Range<usize>,
}

/// The walk of one joint's axis through its moving ancestors.
#[derive(Clone, Debug)]
pub(crate) struct Walk {
    pub frame: usize,
    pub axis: Axis,
    pub turns: bool,
    pub own_terms: std::ops::Range<usize>,
    pub steps: std::ops::Range<usize>,
}

/// A tree of frames driven by n generalised coordinates; immutable, made by [`crate::MechanismBuilder`].
#[derive(Clone, Debug)]
pub struct Mechanism {
    pub(crate) gravity: Vector3<f64>,
    pub(crate) base_axes: Axes,
    pub(crate) base_origin: Vector3<f64>,
    pub(crate) coordinates: Box<[Coordinate]>,
    pub(crate) position_count: usize,
    pub(crate) balls: Box<[Ball]>,
    /// Free frames, each with the first of its six coordinates.
    pub(crate) free_frames: Box<[(usize, usize)]>,
    pub(crate) forms: Box<[Form]>,
    pub(crate) frames: Box<[Frame]>,
    pub(crate) payloads: Box<[Payload]>,
    pub(crate) rotors: Box<[Rotor]>,
    /// Σ J r rᵀ, row-major, both triangles.
    pub(crate) rotor_mass: Box<[f64]>,
    pub(crate) walks: Box<[Walk]>,
    pub(crate) steps: Box<[WalkStep]>,
    pub(crate) terms: Box<[Term]>,
}

impl Mechanism {
    /// n, the number of generalised coordinates: the length of q̇, q̈ and τ.
    #[must_use]
    pub fn coordinate_count(&self) -> usize {
        self.coordinates.len()
    }

    /// The length of q: n, and one more for each ball joint, whose position is a quaternion.
    #[must_use]
    pub fn position_count(&self) -> usize {
        self.position_count
    }

    /// The place in q of a coordinate; `None` for a part of a ball joint and for a coordinate of another mechanism.
    #[must_use]
    pub fn position_of(&self, coordinate: CoordinateId) -> Option<usize> {
        self.coordinates.get(coordinate.0)?.position
    }

    /// Names of the words of q: those of the coordinates, and `NAME.quaternion_x` … `NAME.quaternion_w` of a ball joint.
    #[must_use]
    pub fn position_names(&self) -> Vec<String> {
        let mut names = vec![String::new(); self.position_count];
        for coordinate in &self.coordinates {
            if let Some(place) = coordinate.position {
                names[place].clone_from(&coordinate.name);
            }
        }
        for frame in &self.frames {
            if let Motion::Ball(ball) = frame.motion {
                for (name, part) in names[ball.position..].iter_mut().zip(["x", "y", "z", "w"]) {
                    *name = format!("{}.quaternion_{part}", frame.name);
                }
            }
        }
        names
    }

    /// q with all angles and displacements zero and all ball joints unturned.
    #[must_use]
    pub fn zero_position(&self) -> Vec<f64> {
        let mut q = vec![0.0; self.position_count];
        for ball in &self.balls {
            q[ball.position + 3] = 1.0;
        }
        q
    }

    /// The names of the coordinates, in the order of q̇.
    pub fn coordinate_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.coordinates.iter().map(|coordinate| coordinate.name.as_str())
    }

    /// The coordinate of this name.
    #[must_use]
    pub fn coordinate(&self, name: &str) -> Option<CoordinateId> {
        self.coordinates.iter().position(|own| own.name == name).map(CoordinateId)
    }

    /// Whether a coordinate is an angle (rad, N m) or a displacement (m, N); `None` for one of another mechanism.
    #[must_use]
    pub fn coordinate_kind(&self, coordinate: CoordinateId) -> Option<crate::CoordinateKind> {
        self.coordinates.get(coordinate.0).map(|own| own.kind)
    }

    /// The names of the frames, base first, parents before children.
    pub fn frame_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.frames.iter().map(|frame| frame.name.as_str())
    }

    /// The frame of this name; the base is called `base`.
    #[must_use]
    pub fn frame(&self, name: &str) -> Option<FrameId> {
        self.frames.iter().position(|frame| frame.name == name).map(FrameId)
    }

    /// The frame on which a frame hangs; `None` for the base.
    #[must_use]
    pub fn parent(&self, frame: FrameId) -> Option<FrameId> {
        if frame.0 == 0 { None } else { self.frames.get(frame.0).map(|f| FrameId(f.parent)) }
    }

    /// Number of payload masses that the dynamics take.
    #[must_use]
    pub fn payload_count(&self) -> usize {
        self.payloads.len()
    }

    /// Gravity in the world, m/s².
    #[must_use]
    pub fn gravity_in_world_mps2(&self) -> Vector3<f64> {
        self.gravity
    }

    /// Pose of the base in the world.
    #[must_use]
    pub fn world_from_base(&self) -> Isometry3<f64> {
        pose(&self.base_axes, &self.base_origin)
    }

    /// Memory for evaluating this mechanism; nothing allocates afterwards.
    #[must_use]
    pub fn workspace(&self) -> Workspace {
        let n = self.coordinates.len();
        let at_base = FrameState { axes: self.base_axes, origin: self.base_origin, ..FrameState::default() };
        Workspace {
            forms: vec![FormValue::default(); self.forms.len()].into(),
            ball_accelerations: vec![Vector3::zeros(); self.balls.len()].into(),
            frames: vec![at_base; self.frames.len()].into(),
            loads: vec![FrameLoad::default(); self.frames.len()].into(),
            mass: vec![0.0; n * n].into(),
            bias: vec![0.0; n].into(),
            factored: vec![0.0; n * n].into(),
            scratch: vec![0.0; n].into(),
        }
    }
}

pub(crate) fn pose(axes: &Axes, origin: &Vector3<f64>) -> Isometry3<f64> {
    let rotation = nalgebra::UnitQuaternion::from_rotation_matrix(&axes.to_rotation());
    Isometry3::from_parts((*origin).into(), rotation)
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FormValue {
    pub value: f64,
    pub rate: f64,
    pub acceleration: f64,
    pub sin: f64,
    pub cos: f64,
}

/// Where a frame is and how it moves, in world axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FrameState {
    pub axes: Axes,
    pub origin: Vector3<f64>,
    /// From the parent's origin to this one's.
    pub arm: Vector3<f64>,
    pub angular: Vector3<f64>,
    pub linear: Vector3<f64>,
}

impl Default for FrameState {
    fn default() -> Self {
        let zero = Vector3::zeros();
        Self { axes: Axes::IDENTITY, origin: zero, arm: zero, angular: zero, linear: zero }
    }
}

/// What hangs on a frame, in world axes about the frame's origin.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FrameLoad {
    pub inertia: RigidInertia,
    pub angular_acceleration: Vector3<f64>,
    pub linear_acceleration: Vector3<f64>,
    pub force: Vector3<f64>,
    pub moment: Vector3<f64>,
}

/// Results and intermediate values of one mechanism's evaluation. It carries nothing from one evaluation to the next.
#[derive(Clone, Debug)]
pub struct Workspace {
    pub(crate) forms: Box<[FormValue]>,
    /// In each ball's own axes.
    pub(crate) ball_accelerations: Box<[Vector3<f64>]>,
    pub(crate) frames: Box<[FrameState]>,
    pub(crate) loads: Box<[FrameLoad]>,
    pub(crate) mass: Box<[f64]>,
    pub(crate) bias: Box<[f64]>,
    pub(crate) factored: Box<[f64]>,
    pub(crate) scratch: Box<[f64]>,
}

impl Workspace {
    /// M(q), n × n row-major, both triangles, as [`Mechanism::dynamics`] left it.
    #[must_use]
    pub fn mass_matrix(&self) -> &[f64] {
        &self.mass
    }

    /// Coriolis, centrifugal and gravity efforts as [`Mechanism::dynamics`] left them: M q̈ + bias = τ.
    #[must_use]
    pub fn bias(&self) -> &[f64] {
        &self.bias
    }
}
