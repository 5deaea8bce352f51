//! Putting a mechanism together, and refusing one that cannot be.

use nalgebra::{Isometry3, Quaternion, UnitQuaternion, Vector3};
use thiserror::Error;

use crate::inertia::{Inertia, InertiaProblem};
use crate::mechanism::{
    Ball, Coordinate, CoordinateId, Form, Frame, FrameId, MAX_COORDINATES, Mechanism, Motion, Payload,
    PayloadId, Rotor, Row, Term, Walk, WalkStep,
};
use crate::spatial::{Axes, Axis, RigidInertia, Symmetric3};

/// Whether a variable is an angle about, or a displacement along, the frame's z axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoordinateKind {
    /// Angle, rad; effort in N m.
    Revolute,
    /// Displacement, m; effort in N.
    Prismatic,
}

/// The constant part of a frame's pose in its parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Placement {
    /// Modified Denavit–Hartenberg: parent · Rx(α) Tx(a) Rz(θ) Tz(d).
    ModifiedDh {
        /// a, m.
        a_m: f64,
        /// α, rad.
        alpha_rad: f64,
        /// d, m (of a prismatic joint: its constant part).
        d_m: f64,
        /// θ, rad (of a revolute joint: its constant part).
        theta_rad: f64,
    },
    /// Any pose `parent_from_frame`.
    Fixed(Isometry3<f64>),
}

/// A joint variable: constant coefficients times coordinates, added to θ (or d) about (or along) the new frame's z axis.
#[derive(Clone, Debug, PartialEq)]
pub struct JointVariable {
    /// Turning or sliding.
    pub kind: CoordinateKind,
    /// The coefficients; a coordinate may occur more than once.
    pub row: Vec<(CoordinateId, f64)>,
}

impl JointVariable {
    /// An angle that is a combination of coordinates.
    #[must_use]
    pub fn revolute(row: &[(CoordinateId, f64)]) -> Self {
        Self { kind: CoordinateKind::Revolute, row: row.to_vec() }
    }

    /// A displacement that is a combination of coordinates.
    #[must_use]
    pub fn prismatic(row: &[(CoordinateId, f64)]) -> Self {
        Self { kind: CoordinateKind::Prismatic, row: row.to_vec() }
    }
}

/// Why a mechanism cannot be built.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MechanismError {
    /// There is no coordinate, or there are too many.
    #[error("a mechanism has 1 to {MAX_COORDINATES} coordinates, not {0}")]
    CoordinateCount(usize),
    /// Two coordinates, frames or rotors have one name, or a name is empty.
    #[error("the name {0:?} is empty or used twice")]
    Name(String),
    /// A parent is not a frame of this mechanism that was declared earlier.
    #[error("the parent of frame {0:?} is not a frame of this mechanism")]
    UnknownParent(String),
    /// A body, payload or row refers to something that this mechanism does not have.
    #[error("{0} refers to a frame or coordinate that this mechanism does not have")]
    UnknownReference(String),
    /// A joint's variable depends on a part of a ball joint, whose position is no number.
    #[error("{0} depends on a ball joint; only angles and displacements can be combined")]
    DependsOnBall(String),
    /// A number is infinite or undefined.
    #[error("{0} has a number that is not finite")]
    NotFinite(String),
    /// The axes of a placement or of the mounting are not orthonormal and right-handed.
    #[error("{0} has a rotation that is none")]
    NotARotation(String),
    /// A coordinate moves no mass and turns no rotor.
    #[error("coordinate {0:?} moves nothing that has inertia")]
    Inert(String),
    /// A frame has two bodies.
    #[error("frame {0:?} has two bodies")]
    BodyTwice(String),
    /// A body cannot exist.
    #[error("link {link:?}: {problem}")]
    Inertia {
        /// The link's frame.
        link: String,
        /// What is wrong.
        problem: InertiaProblem,
    },
    /// A rotor's inertia is not positive.
    #[error("rotor {rotor:?}: an inertia of {inertia_kgm2} kg m² is not positive")]
    RotorInertia {
        /// The rotor.
        rotor: String,
        /// Its inertia, kg m².
        inertia_kgm2: f64,
    },
}

/// Collects coordinates, frames, bodies, rotors and payloads; [`MechanismBuilder::build`] checks and compiles them.
#[derive(Clone, Debug)]
pub struct MechanismBuilder {
    gravity: Vector3<f64>,
    world_from_base: Isometry3<f64>,
    coordinates: Vec<Coordinate>,
    position_count: usize,
    balls: Vec<Ball>,
    free_frames: Vec<(usize, usize)>,
    frames: Vec<(Frame, Option<CoordinateKind>)>,
    payloads: Vec<Payload>,
    rotors: Vec<(String, Rotor)>,
}

/// Where the parts of a mechanism stand in a builder that took it in ([`MechanismBuilder::attach`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attached {
    coordinates: usize,
    frames: usize,
    payloads: usize,
}

impl Attached {
    /// A coordinate of the mechanism that was taken in.
    #[must_use]
    pub fn coordinate(self, own: CoordinateId) -> CoordinateId {
        CoordinateId(self.coordinates + own.0)
    }

    /// A frame of it; its base is now the frame called after it.
    #[must_use]
    pub fn frame(self, own: FrameId) -> FrameId {
        FrameId(self.frames + own.0)
    }

    /// A payload of it.
    #[must_use]
    pub fn payload(self, own: PayloadId) -> PayloadId {
        PayloadId(self.payloads + own.0)
    }
}

impl MechanismBuilder {
    /// A base frame mounted at `world_from_base`, in a world with this gravity (m/s², world axes).
    #[must_use]
    pub fn new(gravity_in_world_mps2: Vector3<f64>, world_from_base: Isometry3<f64>) -> Self {
        let base = Frame {
            name: "base".to_owned(),
            parent: 0,
            axes: Axes::IDENTITY,
            offset: Vector3::zeros(),
            motion: Motion::Fixed,
            row: Row::default(),
            body: None,
            inertial: false,
        };
        Self {
            gravity: gravity_in_world_mps2,
            world_from_base,
            coordinates: Vec::new(),
            position_count: 0,
            balls: Vec::new(),
            free_frames: Vec::new(),
            frames: vec![(base, None)],
            payloads: Vec::new(),
            rotors: Vec::new(),
        }
    }

    /// Declares the next generalised coordinate.
    pub fn coordinate(&mut self, name: &str, kind: CoordinateKind) -> CoordinateId {
        let position = Some(self.position_count);
        self.position_count += 1;
        self.coordinates.push(Coordinate { name: name.to_owned(), kind, position });
        CoordinateId(self.coordinates.len() - 1)
    }

    /// Hangs a frame on an earlier one by a ball joint.
    ///
    /// It declares three coordinates `NAME.turn_x`, `NAME.turn_y`, `NAME.turn_z`: the components of the angular velocity
    /// relative to the parent in the frame's own axes, rad/s. Their place in q is taken by a unit quaternion x, y, z, w:
    /// the turn from the placement.
    pub fn spherical_frame(&mut self, name: &str, parent: FrameId, placement: Placement) -> FrameId {
        let id = self.frame(name, parent, placement, None);
        let ball = Ball {
            place: self.balls.len(),
            coordinate: self.coordinates.len(),
            position: self.position_count,
        };
        self.position_count += 4;
        self.balls.push(ball);
        let frame = &mut self.frames[id.0].0;
        frame.motion = Motion::Ball(ball);
        frame.row = (0..3).map(|k| (ball.coordinate + k, 1.0)).collect();
        for part in ["turn_x", "turn_y", "turn_z"] {
            self.coordinates.push(Coordinate {
                name: format!("{name}.{part}"),
                kind: CoordinateKind::Revolute,
                position: None,
            });
        }
        id
    }

    /// Hangs a frame on an earlier one so that nothing holds it: a free body, or a floating base.
    ///
    /// It declares six coordinates: `NAME.x`, `NAME.y`, `NAME.z`, the displacement of the frame's origin from the
    /// placement along the *parent's* axes, m; then those of [`Self::spherical_frame`], turning in the frame's *own*
    /// axes. q holds x, y, z and the quaternion. The three frames in between are called as the displacements are.
    pub fn free_frame(&mut self, name: &str, parent: FrameId, placement: Placement) -> FrameId {
        // Turns z into x, x into y, y into z; three of them are none.
        let cycle = UnitQuaternion::new_unchecked(Quaternion::new(0.5, 0.5, 0.5, 0.5));
        let (axes, offset) = placed(&placement);
        let first = self.coordinates.len();
        let mut at = parent;
        for (part, from) in ["x", "y", "z"].into_iter().zip([offset, Vector3::zeros(), Vector3::zeros()]) {
            let part = format!("{name}.{part}");
            let coordinate = self.coordinate(&part, CoordinateKind::Prismatic);
            let slide = Placement::Fixed(Isometry3::from_parts(from.into(), cycle));
            at = self.frame(&part, at, slide, Some(JointVariable::prismatic(&[(coordinate, 1.0)])));
        }
        let id = self.spherical_frame(name, at, Placement::Fixed(Isometry3::identity()));
        self.frames[id.0].0.axes = axes;
        self.free_frames.push((id.0, first));
        id
    }

    /// Takes in a whole mechanism: its base becomes a frame of this one called `name`, fixed to `parent` at `placement`,
    /// and all its other names get `name.` in front. Its gravity and mounting are dropped.
    ///
    /// Mechanisms that touch or hold one another must be one mechanism, so that the force elements between them act
    /// within the step. Trees that hang from the base side by side cost little more than by themselves.
    pub fn attach(&mut self, name: &str, parent: FrameId, placement: Placement, other: &Self) -> Attached {
        let root = self.frame(name, parent, placement, None);
        let at =
            Attached { coordinates: self.coordinates.len(), frames: root.0, payloads: self.payloads.len() };
        let longer = |own: &str| format!("{name}.{own}");
        let shifted = |row: &Row| row.iter().map(|&(k, c)| (at.coordinates + k, c)).collect::<Row>();
        for coordinate in &other.coordinates {
            self.coordinates.push(Coordinate {
                name: longer(&coordinate.name),
                kind: coordinate.kind,
                position: coordinate.position.map(|place| self.position_count + place),
            });
        }
        let shift_ball = |ball: &Ball| Ball {
            place: self.balls.len() + ball.place,
            coordinate: at.coordinates + ball.coordinate,
            position: self.position_count + ball.position,
        };
        for (frame, kind) in other.frames.iter().skip(1) {
            let motion = match &frame.motion {
                Motion::Ball(ball) => Motion::Ball(shift_ball(ball)),
                other => *other,
            };
            let frame = Frame {
                name: longer(&frame.name),
                parent: root.0 + frame.parent,
                row: shifted(&frame.row),
                motion,
                ..frame.clone()
            };
            self.frames.push((frame, *kind));
        }
        let balls: Vec<Ball> = other.balls.iter().map(shift_ball).collect();
        self.balls.extend(balls);
        let free = other.free_frames.iter().map(|&(frame, k)| (root.0 + frame, at.coordinates + k));
        self.free_frames.extend(free);
        self.position_count += other.position_count;
        let payloads =
            other.payloads.iter().map(|load| Payload { frame: root.0 + load.frame, point: load.point });
        self.payloads.extend(payloads);
        for (rotor_name, rotor) in &other.rotors {
            let rotor = Rotor { row: shifted(&rotor.row), inertia: rotor.inertia };
            self.rotors.push((longer(rotor_name), rotor));
        }
        at
    }

    /// Hangs a frame on an earlier one; `variable` moves it about or along its own z axis.
    pub fn frame(
        &mut self,
        name: &str,
        parent: FrameId,
        placement: Placement,
        variable: Option<JointVariable>,
    ) -> FrameId {
        let (axes, offset) = placed(&placement);
        let (kind, row) = match variable {
            Some(variable) => (Some(variable.kind), compact(&variable.row)),
            None => (None, Row::default()),
        };
        let frame = Frame {
            name: name.to_owned(),
            parent: parent.0,
            axes,
            offset,
            motion: Motion::Fixed,
            row,
            body: None,
            inertial: false,
        };
        self.frames.push((frame, kind));
        FrameId(self.frames.len() - 1)
    }

    /// Gives a frame its rigid body. On the base it has no effect but is checked all the same.
    ///
    /// # Errors
    /// A body that cannot exist ([`Inertia::check`]), a second body on one frame, an unknown frame.
    pub fn body(&mut self, frame: FrameId, inertia: &Inertia) -> Result<(), MechanismError> {
        let link = self.frames.get(frame.0).map_or("", |(f, _)| f.name.as_str());
        inertia.check().map_err(|problem| MechanismError::Inertia { link: link.to_owned(), problem })?;
        self.body_unchecked(frame, inertia)
    }

    /// As [`Self::body`] for numbers that need not be those of a body.
    ///
    /// Identified tables fix only certain sums over links, so single links of them may be impossible while the mass
    /// matrix is right. Shipped robots use consistent equivalents; tests compare these with the raw table through this.
    ///
    /// # Errors
    /// A number that is not finite, a second body on one frame, an unknown frame.
    pub fn body_unchecked(&mut self, frame: FrameId, inertia: &Inertia) -> Result<(), MechanismError> {
        let Some((slot, _)) = self.frames.get_mut(frame.0) else {
            return Err(MechanismError::UnknownReference("a body".to_owned()));
        };
        if slot.body.is_some() {
            return Err(MechanismError::BodyTwice(slot.name.clone()));
        }
        let about = Symmetric3::from_matrix(&inertia.about_centre_kgm2);
        let body = RigidInertia::new(inertia.mass_kg, &inertia.centre_of_mass_m, about);
        let sum = body.mass + body.moment.sum() + inertia.about_centre_kgm2.sum();
        if !sum.is_finite() {
            return Err(MechanismError::NotFinite(format!("link {:?}", slot.name)));
        }
        slot.body = Some(body);
        Ok(())
    }

    /// A rotor whose angle is `row`·q: adds J r rᵀ to the mass matrix (its own axis is taken as inertial).
    pub fn rotor(&mut self, name: &str, row: &[(CoordinateId, f64)], inertia_kgm2: f64) {
        self.rotors.push((name.to_owned(), Rotor { row: compact(row), inertia: inertia_kgm2 }));
    }

    /// A point mass at `point_m` in a frame; its mass is given with each evaluation.
    pub fn payload(&mut self, frame: FrameId, point_m: Vector3<f64>) -> PayloadId {
        self.payloads.push(Payload { frame: frame.0, point: point_m });
        PayloadId(self.payloads.len() - 1)
    }

    /// Checks and compiles.
    ///
    /// # Errors
    /// See [`MechanismError`].
    pub fn build(mut self) -> Result<Mechanism, MechanismError> {
        self.check()?;
        let forms = self.compile_motions();
        let frames: Box<[Frame]> = self.mark_inertial();
        let n = self.coordinates.len();
        let Walks { walks, steps, terms } = compile_walks(&frames, n);
        let rotors: Box<[Rotor]> = self.rotors.into_iter().map(|(_, rotor)| rotor).collect();
        let mut rotor_mass = vec![0.0; n * n];
        for rotor in &rotors {
            for &(i, a) in &rotor.row {
                for &(j, b) in &rotor.row {
                    rotor_mass[i * n + j] += rotor.inertia * a * b;
                }
            }
        }
        let mechanism = Mechanism {
            gravity: self.gravity,
            base_axes: Axes::from_rotation(&self.world_from_base.rotation.to_rotation_matrix()),
            base_origin: self.world_from_base.translation.vector,
            coordinates: self.coordinates.into(),
            position_count: self.position_count,
            balls: self.balls.into(),
            free_frames: self.free_frames.into(),
            forms,
            frames,
            payloads: self.payloads.into(),
            rotors,
            rotor_mass: rotor_mass.into(),
            walks,
            steps,
            terms,
        };
        for (k, coordinate) in mechanism.coordinates.iter().enumerate() {
            let moves = |row: &Row| row.iter().any(|&(i, _)| i == k);
            let has_inertia = mechanism.frames.iter().any(|f| f.inertial && moves(&f.row))
                || mechanism.rotors.iter().any(|rotor| moves(&rotor.row));
            if !has_inertia {
                return Err(MechanismError::Inert(coordinate.name.clone()));
            }
        }
        Ok(mechanism)
    }

    fn check(&self) -> Result<(), MechanismError> {
        let n = self.coordinates.len();
        if n == 0 || n > MAX_COORDINATES {
            return Err(MechanismError::CoordinateCount(n));
        }
        unique(self.coordinates.iter().map(|coordinate| &coordinate.name))?;
        unique(self.frames.iter().map(|(frame, _)| &frame.name))?;
        unique(self.rotors.iter().map(|(name, _)| name))?;
        let pose = &self.world_from_base;
        let mounted = pose.translation.vector.sum() + pose.rotation.coords.sum() + self.gravity.sum();
        if !mounted.is_finite() {
            return Err(MechanismError::NotFinite("the mounting or gravity".to_owned()));
        }
        if !Axes::from_rotation(&pose.rotation.to_rotation_matrix()).is_rotation() {
            return Err(MechanismError::NotARotation("the mounting".to_owned()));
        }
        for (index, (frame, _)) in self.frames.iter().enumerate().skip(1) {
            let what = || format!("frame {:?}", frame.name);
            if frame.parent >= index {
                return Err(MechanismError::UnknownParent(frame.name.clone()));
            }
            let placed = frame.offset.sum() + frame.axes.x.sum() + frame.axes.y.sum() + frame.axes.z.sum();
            if !placed.is_finite() {
                return Err(MechanismError::NotFinite(what()));
            }
            if !frame.axes.is_rotation() {
                return Err(MechanismError::NotARotation(what()));
            }
            check_row(&frame.row, n, what)?;
            let is_scalar = |&(k, _): &(usize, f64)| self.coordinates[k].position.is_some();
            if !matches!(frame.motion, Motion::Ball(_)) && !frame.row.iter().all(is_scalar) {
                return Err(MechanismError::DependsOnBall(what()));
            }
        }
        for payload in &self.payloads {
            if payload.frame >= self.frames.len() {
                return Err(MechanismError::UnknownReference("a payload".to_owned()));
            }
            if !payload.point.sum().is_finite() {
                return Err(MechanismError::NotFinite("a payload".to_owned()));
            }
        }
        for (name, rotor) in &self.rotors {
            check_row(&rotor.row, n, || format!("rotor {name:?}"))?;
            if !(rotor.inertia > 0.0 && rotor.inertia.is_finite()) {
                return Err(MechanismError::RotorInertia {
                    rotor: name.clone(),
                    inertia_kgm2: rotor.inertia,
                });
            }
        }
        Ok(())
    }

    /// Finds the distinct combinations of coordinates, up to sign, and points each joint to its own.
    fn compile_motions(&mut self) -> Box<[Form]> {
        let mut forms: Vec<Form> = Vec::new();
        let coordinates = &self.coordinates;
        for (frame, kind) in &mut self.frames {
            let (Some(kind), Some(&(_, first))) = (*kind, frame.row.first()) else { continue };
            let sign = if first < 0.0 { -1.0 } else { 1.0 };
            let row: Row = frame.row.iter().map(|&(k, coefficient)| (k, sign * coefficient)).collect();
            let form = forms.iter().position(|form| form.row == row).unwrap_or_else(|| {
                let position_row = position_row(&row, coordinates);
                forms.push(Form { row, position_row, turns: false });
                forms.len() - 1
            });
            frame.motion = match kind {
                CoordinateKind::Revolute => {
                    forms[form].turns = true;
                    Motion::Revolute { form, sign }
                }
                CoordinateKind::Prismatic => Motion::Prismatic { form, sign },
            };
        }
        forms.into()
    }

    fn mark_inertial(&mut self) -> Box<[Frame]> {
        let mut frames: Vec<Frame> =
            std::mem::take(&mut self.frames).into_iter().map(|(frame, _)| frame).collect();
        for payload in &self.payloads {
            frames[payload.frame].inertial = true;
        }
        for i in (1..frames.len()).rev() {
            if frames[i].body.is_some() || frames[i].inertial {
                frames[i].inertial = true;
                let parent = frames[i].parent;
                frames[parent].inertial = true;
            }
        }
        frames.into()
    }
}

/// Axes and origin of a placement in the parent.
fn placed(placement: &Placement) -> (Axes, Vector3<f64>) {
    match placement {
        &Placement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad } => {
            let (sin_alpha, cos_alpha) = trocar_math::sin_cos(alpha_rad);
            let tilted = Axes {
                x: Vector3::x(),
                y: Vector3::new(0.0, cos_alpha, sin_alpha),
                z: Vector3::new(0.0, -sin_alpha, cos_alpha),
            };
            let axes = tilted.turned(trocar_math::sin_cos(theta_rad));
            (axes, Vector3::x() * a_m + axes.z * d_m)
        }
        Placement::Fixed(pose) => {
            (Axes::from_rotation(&pose.rotation.to_rotation_matrix()), pose.translation.vector)
        }
    }
}

/// Sorted, each coordinate once, zeros left out.
pub(crate) fn compact(row: &[(CoordinateId, f64)]) -> Row {
    let mut sums = std::collections::BTreeMap::new();
    for &(coordinate, coefficient) in row {
        *sums.entry(coordinate.0).or_insert(0.0) += coefficient;
    }
    sums.into_iter().filter(|&(_, coefficient)| coefficient != 0.0).collect()
}

/// A row over coordinates as one over the words of q; parts of ball joints are left out.
pub(crate) fn position_row(row: &Row, coordinates: &[Coordinate]) -> Row {
    row.iter().filter_map(|&(k, coefficient)| Some((coordinates[k].position?, coefficient))).collect()
}

fn check_row(row: &Row, n: usize, what: impl Fn() -> String) -> Result<(), MechanismError> {
    if row.iter().any(|&(k, _)| k >= n) {
        return Err(MechanismError::UnknownReference(what()));
    }
    if row.iter().any(|&(_, coefficient)| !coefficient.is_finite()) {
        return Err(MechanismError::NotFinite(what()));
    }
    Ok(())
}

fn unique<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), MechanismError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if name.is_empty() || !seen.insert(name) {
            return Err(MechanismError::Name(name.clone()));
        }
    }
    Ok(())
}

struct Walks {
    walks: Box<[Walk]>,
    steps: Box<[WalkStep]>,
    terms: Box<[Term]>,
}

/// The axes by which a joint moves, each with the coordinates that it adds to.
fn axes_of(frame: &Frame) -> Vec<(Axis, bool, Row)> {
    match frame.motion {
        Motion::Fixed => Vec::new(),
        Motion::Revolute { .. } => vec![(Axis::Z, true, frame.row.clone())],
        Motion::Prismatic { .. } => vec![(Axis::Z, false, frame.row.clone())],
        Motion::Ball(ball) => {
            let own = |(k, axis)| (axis, true, Row::from([(ball.coordinate + k, 1.0)]));
            Axis::ALL.into_iter().enumerate().map(own).collect()
        }
    }
}

/// For every axis of a joint that moves mass, the way to the base and where each pair adds to the lower triangle of M.
fn compile_walks(frames: &[Frame], n: usize) -> Walks {
    let (mut walks, mut steps, mut terms) = (Vec::new(), Vec::new(), Vec::new());
    for (index, joint) in frames.iter().enumerate().filter(|(_, frame)| frame.inertial) {
        let axes = axes_of(joint);
        for (place, (axis, turns, row)) in axes.iter().enumerate() {
            let first_term = terms.len();
            for &(k, a) in row {
                for &(l, b) in row.iter().filter(|&&(l, _)| l <= k) {
                    terms.push(Term { entry: k * n + l, coefficient: a * b });
                }
            }
            let own_terms = first_term..terms.len();
            let mut step = |crossed: usize, met: usize, axis: Axis, turns: bool, met_row: &[(usize, f64)]| {
                let mut first = Term { entry: 0, coefficient: 0.0 };
                let before = terms.len();
                for (place, (&(k, a), &(l, b))) in
                    row.iter().flat_map(|own| met_row.iter().map(move |met| (own, met))).enumerate()
                {
                    let coefficient = if k == l { 2.0 * a * b } else { a * b };
                    let term = Term { entry: if k > l { k * n + l } else { l * n + k }, coefficient };
                    if place == 0 {
                        first = term;
                    } else {
                        terms.push(term);
                    }
                }
                WalkStep { crossed, met, axis, turns, first, others: before..terms.len() }
            };
            let first_step = steps.len();
            for (axis, turns, met) in &axes[..place] {
                steps.push(step(0, index, *axis, *turns, met));
            }
            let mut crossed = index;
            while frames[crossed].parent != 0 {
                let met = frames[crossed].parent;
                let axes = axes_of(&frames[met]);
                if axes.is_empty() {
                    steps.push(step(crossed, met, Axis::Z, false, &[]));
                }
                for (k, (axis, turns, met_row)) in axes.iter().enumerate() {
                    let crossed = if k == 0 { crossed } else { 0 };
                    steps.push(step(crossed, met, *axis, *turns, met_row));
                }
                crossed = met;
            }
            // Steps behind the last moving ancestor add nothing.
            while steps.len() > first_step && steps[steps.len() - 1].first.coefficient == 0.0 {
                steps.pop();
            }
            let steps = first_step..steps.len();
            walks.push(Walk { frame: index, axis: *axis, turns: *turns, own_terms, steps });
        }
    }
    Walks { walks: walks.into(), steps: steps.into(), terms: terms.into() }
}
