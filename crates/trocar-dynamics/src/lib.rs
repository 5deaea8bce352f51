//! Mechanisms in reduced coordinates, and their integration together with the forces inside them.
//!
//! A [`Mechanism`] is a tree of frames whose joint variables are constant linear functions of n generalised
//! coordinates q, so that parallelograms, cable-driven wrists and mimic joints have no closed loop to solve. Its
//! mass matrix is M(q) = GᵀM_tree(q)G plus the inertia of coupled rotors. An [`Island`] adds force elements (friction,
//! stops, springs, drives) and steps the whole: power flows only in here, never through signals.
//!
//! Conventions: SI units and radians; vectors in world axes unless their name says otherwise; a frame's modified
//! Denavit–Hartenberg placement is Rx(α) Tx(a) Rz(θ) Tz(d) (Craig, *Introduction to Robotics*).
//!
//! ```
//! use trocar_dynamics::sample;
//!
//! let psm = sample::psm_classic()?;
//! let mut workspace = psm.workspace();
//! let q = [0.1, -0.2, 0.12, 0.0, 0.3, -0.1, 0.4];
//! psm.kinematics(&q, &[0.0; 7], &mut workspace)?;
//! let tip = psm.frame("tip").ok_or("the PSM has a tip")?;
//! let tip_in_world_m = workspace.world_from_frame(tip).translation.vector;
//! assert!(tip_in_world_m.norm() < 0.2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod active_set;
mod articulated;
mod builder;
mod connection;
mod dynamics;
mod element;
mod error;
mod factorisation;
mod field;
mod floating;
mod inertia;
mod integrate;
mod island;
mod kinematics;
mod mechanism;
mod momentum;
pub mod sample;
mod spatial;
mod stiffness;
mod transmitted;

pub use builder::{Attached, CoordinateKind, JointVariable, MechanismBuilder, MechanismError, Placement};
pub use connection::{
    Bushing, Coming, Connection, ConnectionId, ConnectionLaw, Matrix6, RelativeMotion, inverse_left_jacobian,
    turn_vector,
};
pub use element::{
    Drive, Elastic, ElementError, Flank, ForceElement, Friction, Grip, LOOP_ELEMENTS, Law, Ripple, Side,
    SpringDamper, Stage, Stiffening, Stop, Stribeck, hysteresis, knees,
};
pub use error::DynamicsError;
pub use field::JointField;
pub use inertia::{Inertia, InertiaProblem};
pub use island::{
    AppliedWrench, ElementId, Integrator, Island, IslandBuilder, IslandError, IslandInputs, IslandWorkspace,
};
pub use kinematics::{JacobianColumn, Twist};
pub use mechanism::{CoordinateId, FrameId, MAX_COORDINATES, Mechanism, PayloadId, Workspace};
pub use momentum::{CentreOfMass, Momentum};
pub use stiffness::{RESOLVED, Unresolved};
pub use transmitted::{Acceleration, Wrench};
