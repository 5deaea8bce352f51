//! Reference controllers of an arm: motion interface, joint servo and supervisor, in CRTK's vocabulary.
//!
//! A controller sees signals and its own kinematic model, never the plant: what it believes of gears, torque constants
//! and geometry is handed to it, and stays as it is when the plant changes.
//!
//! Three components fill an arm's slots. [`Arm`] is the device's face to its clients: it takes commands, keeps the
//! operating state, plans trajectories and writes setpoints. [`Servo`] turns setpoints into motor currents.
//! [`Supervisor`] watches both and trips; what the device then does is said by [`StopConfig`]. [`Teleoperation`] lets the arm follow a master. Nothing here knows a particular robot: joints come as a list ([`ArmJoints`]),
//! geometry as a chain of frames ([`ArmKinematics`]).
//!
//! Order at one instant: supervisor, arm, servo. The supervisor reads setpoints and operating state as they were
//! before the instant, so that no cycle arises.

pub mod arm;
pub mod assistance;
pub mod comparison;
pub mod crtk;
pub mod inverse;
pub mod joint;
pub mod kinematics;
pub mod outside;
#[cfg(test)]
mod sample;
pub mod servo;
pub mod spasm;
pub mod stability;
pub mod stop;
pub mod supervisor;
pub mod teleoperation;
pub mod trajectory;

pub use arm::{Arm, ArmConfig, ArmJointConfig, Geometry, Refusal};
pub use assistance::{
    Assistance, AssistanceConfig, AssistanceJointConfig, AssistanceKind, OwnFriction, OwnModel,
};
pub use comparison::{ComparisonConfig, TwoSensors};
pub use crtk::{OperatingState, StateCommand};
pub use inverse::{InverseError, Search};
pub use joint::{ArmJoints, Joint, JointKind, MAX_AXES, MAX_JOINTS};
pub use kinematics::{ArmKinematics, ChainFrame, ChainVariable, RemoteCentre};
pub use servo::{Servo, ServoConfig, ServoDrive, ServoJointConfig};
pub use spasm::{SpasmConfig, SpasmSignal, SpasmSources};
pub use stability::SampledServo;
pub use stop::{StopBehaviour, StopConfig, StopJointConfig};
pub use supervisor::{Supervisor, SupervisorConfig, SupervisorJointConfig};
pub use teleoperation::{Teleoperation, TeleoperationSettings};
pub use trajectory::{MotionLimits, Sample, Trajectory};
