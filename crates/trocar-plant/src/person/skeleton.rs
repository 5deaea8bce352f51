//! A person as frames, joints and bodies of a mechanism.

use super::anthropometry::{Person, Segment, Side};
use nalgebra::{Isometry3, Quaternion, UnitQuaternion, Vector3};
use std::f64::consts::FRAC_1_SQRT_2;
use trocar_dynamics::{
    CoordinateId, CoordinateKind, FrameId, JointVariable, MechanismBuilder, MechanismError, Placement,
};

/// What holds the pelvis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Root {
    /// Nothing: six coordinates of a free frame, `NAME.pelvis.x` … `NAME.pelvis.turn_z`.
    #[default]
    Free,
    /// It is fixed where it is placed.
    Fixed,
}

/// How a hip turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HipAxes {
    /// In flexion alone.
    #[default]
    Flexion,
    /// In flexion, then adduction, then rotation, each about the axis that the one before has turned: the order of OpenSim's
    /// Gait2392.
    All,
}

/// Which joints move. Hips, knees and ankles always do; the others are rigid unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joints {
    /// What holds the pelvis.
    pub root: Root,
    /// How the hips turn.
    pub hips: HipAxes,
    /// Whether the trunk bends at the waist: `trunk_flexion`.
    pub waist: bool,
    /// Whether shoulders and elbows flex: `shoulder_flexion_r`, `elbow_flexion_r`. Rigid arms hang down.
    pub arms: bool,
}

/// Where a person's parts are in the mechanism that took it in.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedPerson {
    frames: Vec<(String, FrameId)>,
    coordinates: Vec<(String, CoordinateId)>,
}

impl PlacedPerson {
    /// The frame of a segment by its name without the person's: `pelvis`, `trunk`, `head`, `thigh_r`, `foot_l`, …
    #[must_use]
    pub fn frame(&self, name: &str) -> Option<FrameId> {
        self.frames.iter().find(|(own, _)| own == name).map(|&(_, id)| id)
    }

    /// A joint's coordinate by its name without the person's: `hip_flexion_r`, `knee_flexion_l`, `ankle_dorsiflexion_r`, …
    /// Those of a free pelvis are not among them: they are coordinates of its frame.
    #[must_use]
    pub fn coordinate(&self, name: &str) -> Option<CoordinateId> {
        self.coordinates.iter().find(|(own, _)| own == name).map(|&(_, id)| id)
    }

    /// All segments' frames, parents first.
    pub fn frames(&self) -> impl ExactSizeIterator<Item = (&str, FrameId)> {
        self.frames.iter().map(|(name, id)| (name.as_str(), *id))
    }

    /// All joints' coordinates in the order in which the mechanism has them.
    pub fn coordinates(&self) -> impl ExactSizeIterator<Item = (&str, CoordinateId)> {
        self.coordinates.iter().map(|(name, id)| (name.as_str(), *id))
    }
}

impl Person {
    /// Adds the person to a mechanism, its pelvis (midway between the hips; x forward, y left, z up) at `placement` on
    /// `parent`. To stand on a ground at the parent's z = 0 it is placed [`Person::hip_height_m`] above it.
    ///
    /// All names get `name.` in front: frames `wearer.pelvis`, `wearer.thigh_r`, coordinates `wearer.hip_flexion_r`.
    ///
    /// # Errors
    /// None with a builder whose names are others; see [`MechanismError`].
    pub fn add_to(
        &self,
        builder: &mut MechanismBuilder,
        name: &str,
        parent: FrameId,
        placement: Placement,
        joints: Joints,
    ) -> Result<PlacedPerson, MechanismError> {
        let placed = PlacedPerson { frames: Vec::new(), coordinates: Vec::new() };
        let mut at = Assembly { person: self, builder, name, placed };
        let pelvis_name = format!("{name}.pelvis");
        let pelvis = match joints.root {
            Root::Free => at.builder.free_frame(&pelvis_name, parent, placement),
            Root::Fixed => at.builder.frame(&pelvis_name, parent, placement, None),
        };
        at.placed.frames.push(("pelvis".to_owned(), pelvis));
        at.body(Segment::Pelvis, pelvis)?;

        let waist = Vector3::z() * (self.waist_height_m() - self.hip_height_m());
        let bend = Hinge { coordinate: "trunk_flexion".to_owned(), axis: Axis::Right, sign: -1.0 };
        let trunk =
            at.segment(Segment::Trunk, "", pelvis, waist, if joints.waist { vec![bend] } else { vec![] })?;
        at.segment(Segment::Head, "", trunk, self.head_in_trunk_m(), vec![])?;
        for side in Side::BOTH {
            at.leg(side, pelvis, joints.hips)?;
        }
        for side in Side::BOTH {
            at.arm(side, trunk, joints.arms)?;
        }
        Ok(at.placed)
    }
}

/// The axis of a hinge, in the frame of a segment that stands upright.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Axis {
    /// −y: what turns about it by the right-hand rule swings a hanging limb forward.
    Right,
    /// x.
    Forward,
    /// z.
    Up,
}

impl Axis {
    /// The axes of a hinge, whose z is this axis, in the segment's.
    fn segment_from_hinge(self) -> UnitQuaternion<f64> {
        let quarter = FRAC_1_SQRT_2;
        UnitQuaternion::new_unchecked(match self {
            Self::Right => Quaternion::new(quarter, quarter, 0.0, 0.0),
            Self::Forward => Quaternion::new(quarter, 0.0, quarter, 0.0),
            Self::Up => Quaternion::identity(),
        })
    }
}

/// One degree of freedom of a joint.
struct Hinge {
    coordinate: String,
    axis: Axis,
    /// Turns by sign × coordinate about the axis.
    sign: f64,
}

/// A person on its way into a mechanism.
struct Assembly<'a> {
    person: &'a Person,
    builder: &'a mut MechanismBuilder,
    name: &'a str,
    placed: PlacedPerson,
}

impl Assembly<'_> {
    fn body(&mut self, segment: Segment, frame: FrameId) -> Result<(), MechanismError> {
        self.builder.body(frame, &self.person.segment(segment).inertia)
    }

    /// Hangs a segment at a point of another by hinges, the first being the nearest to the other.
    fn segment(
        &mut self,
        segment: Segment,
        suffix: &str,
        parent: FrameId,
        at_m: Vector3<f64>,
        hinges: Vec<Hinge>,
    ) -> Result<FrameId, MechanismError> {
        let (mut frame, mut point) = (parent, at_m);
        let mut segment_from_last = UnitQuaternion::identity();
        for hinge in hinges {
            let segment_from_hinge = hinge.axis.segment_from_hinge();
            let last_from_segment = segment_from_last.inverse();
            let last_from_hinge = Isometry3::from_parts(
                (last_from_segment * point).into(),
                last_from_segment * segment_from_hinge,
            );
            let full = format!("{}.{}", self.name, hinge.coordinate);
            let coordinate = self.builder.coordinate(&full, CoordinateKind::Revolute);
            let variable = JointVariable::revolute(&[(coordinate, hinge.sign)]);
            frame = self.builder.frame(&full, frame, Placement::Fixed(last_from_hinge), Some(variable));
            self.placed.coordinates.push((hinge.coordinate, coordinate));
            (segment_from_last, point) = (segment_from_hinge, Vector3::zeros());
        }
        let own = format!("{}{suffix}", segment.name());
        let last_from_segment = Isometry3::from_parts(point.into(), segment_from_last.inverse());
        let full = format!("{}.{own}", self.name);
        let id = self.builder.frame(&full, frame, Placement::Fixed(last_from_segment), None);
        self.placed.frames.push((own, id));
        self.body(segment, id)?;
        Ok(id)
    }

    fn leg(&mut self, side: Side, pelvis: FrameId, axes: HipAxes) -> Result<(), MechanismError> {
        let suffix = side.suffix();
        // Towards the middle and inwards are opposite turns on the two sides.
        let inward = -side.sign();
        let hinge = |joint: &str, axis, sign| Hinge { coordinate: format!("{joint}{suffix}"), axis, sign };
        let mut hip = vec![hinge("hip_flexion", Axis::Right, 1.0)];
        if axes == HipAxes::All {
            hip.push(hinge("hip_adduction", Axis::Forward, inward));
            hip.push(hinge("hip_rotation", Axis::Up, inward));
        }
        let knee = vec![hinge("knee_flexion", Axis::Right, -1.0)];
        let ankle = vec![hinge("ankle_dorsiflexion", Axis::Right, 1.0)];
        let end = |segment| self.person.segment(segment).end_m;
        let (knee_m, ankle_m) = (end(Segment::Thigh), end(Segment::Shank));
        let thigh = self.segment(Segment::Thigh, suffix, pelvis, self.person.hip_in_pelvis_m(side), hip)?;
        let shank = self.segment(Segment::Shank, suffix, thigh, knee_m, knee)?;
        self.segment(Segment::Foot, suffix, shank, ankle_m, ankle)?;
        Ok(())
    }

    fn arm(&mut self, side: Side, trunk: FrameId, moves: bool) -> Result<(), MechanismError> {
        let suffix = side.suffix();
        let hinges = |joint: &str| match moves {
            true => vec![Hinge { coordinate: format!("{joint}{suffix}"), axis: Axis::Right, sign: 1.0 }],
            false => vec![],
        };
        let end = |segment| self.person.segment(segment).end_m;
        let (elbow_m, wrist_m) = (end(Segment::UpperArm), end(Segment::Forearm));
        let shoulder_m = self.person.shoulder_in_trunk_m(side);
        let upper = self.segment(Segment::UpperArm, suffix, trunk, shoulder_m, hinges("shoulder_flexion"))?;
        let forearm = self.segment(Segment::Forearm, suffix, upper, elbow_m, hinges("elbow_flexion"))?;
        self.segment(Segment::Hand, suffix, forearm, wrist_m, vec![])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
