//! The person in an exoskeleton, as data and pure functions; nothing here knows a signal.
//!
//! | module | what it holds |
//! |---|---|
//! | [`anthropometry`] | segments from height, mass and sex |
//! | [`skeleton`] | the same as frames, joints and bodies of a mechanism |
//! | [`passive`] | what the tissues of hip, knee and ankle exert by themselves |
//! | [`gait`] | how people walk: angles over the cycle, strides at a speed |
//! | [`strength`] | how much a person can exert by will |
//! | [`spasticity`] | stretch reflex with its delay; spasms |
//! | [`population`] | wearers drawn by a seed |
//!
//! **Frames.** Standing upright, every segment's frame has x forward, y to the person's left and z up, as the world's axes
//! do. A segment's origin is its joint nearer to the trunk: limbs hang along −z. The pelvis has its origin midway between
//! the hip joints.
//!
//! **Signs.** All joint angles are zero in upright standing. Flexion (hip, knee, elbow, shoulder, trunk) is positive, so are
//! dorsiflexion of the ankle, adduction and internal rotation of the hip: the convention of EUROBENCH's files.

pub mod anthropometry;
pub mod gait;
pub mod passive;
pub mod population;
pub mod skeleton;
pub mod spasticity;
pub mod strength;

pub use anthropometry::{ImpossiblePerson, Person, Segment, SegmentBody, Sex, Side};
pub use gait::{GaitTable, GaitTableError, LegMotion, PublishedGait, Stride};
pub use passive::{JointLimit, LimitCoefficients, PassiveLeg};
pub use population::DrawnPerson;
pub use skeleton::{HipAxes, Joints, PlacedPerson, Root};
pub use spasticity::{DelayLine, Spasm, StretchReflex};
pub use strength::{LegStrength, MuscleGroup};
