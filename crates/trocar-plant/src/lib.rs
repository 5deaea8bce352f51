//! What a robot is made of besides its links, and what a laboratory stands beside it.
//!
//! Every part is a [`trocar_signal::Component`] that reads groups and writes others: motors with their current loops
//! ([`motor`], [`winding`], [`heat`]) and the supply that feeds them ([`supply`]), what gives way behind them
//! ([`transmission`]), brakes ([`brake`]), encoders and potentiometers with their wire form ([`encoder`],
//! [`potentiometer`]), sensors in frames ([`imu`], [`force_sensor`], [`torque_sensor`]), the bus that carries readings to a controller ([`bus`],
//! [`coupling`]), message channels ([`channel`]), a master handle on a motion generator ([`handle`]), and instruments ([`tracker`], [`displacement`], [`grip_gauge`], [`recorder`]),
//! and the belts that people walk on ([`surroundings`]).
//! The [`person`] whom a device moves is here as data and pure functions: body, passive joints, gait, strength, spasticity.
//! The configuration structs are the schema of the files that people write; each physical number is a
//! [`trocar_signal::Sourced`] value.

pub mod actuator;
pub mod brake;
pub mod bus;
pub mod channel;
mod check;
pub mod converter;
pub mod coupling;
pub mod cuff;
pub mod displacement;
pub mod encoder;
pub mod force_sensor;
pub mod goniometer;
pub mod grip_gauge;
pub mod handle;
pub mod heat;
pub mod imu;
pub mod instrument;
pub mod motor;
pub mod muscles;
pub mod person;
pub mod potentiometer;
pub mod recorder;
pub mod strain;
pub mod supply;
pub mod surroundings;
pub mod torque_sensor;
pub mod tracker;
pub mod transmission;
pub mod wearer;
pub mod weight_support;
pub mod will;
pub mod winding;

pub use actuator::{ActuatorConfig, ActuatorKind};
pub use brake::{BRAKE_COMMANDS, Brake, BrakeConfig, brake_command};
pub use bus::{Bus, BusConfig, JointList};
pub use channel::{Channel, ChannelConfig};
pub use coupling::{Coupling, CouplingConfig};
pub use cuff::{CUFF_INPUTS, Cuff, CuffConfig};
pub use displacement::{DisplacementSensor, DisplacementSensorConfig, Follows};
pub use encoder::{CountDecoder, Encoder, EncoderConfig};
pub use force_sensor::{ForceSensor, ForceSensorConfig};
pub use goniometer::{Goniometer, GoniometerConfig};
pub use grip_gauge::{GripGauge, GripGaugeConfig};
pub use handle::{HandleConfig, HandleSensor, MotionGenerator};
pub use imu::{Imu, ImuConfig};
pub use instrument::{Followed, InstrumentConfig, InstrumentStatement};
pub use motor::{Motor, MotorConfig};
pub use muscles::{Movement, Muscles, SpasticityConfig, muscles_path};
pub use potentiometer::{Potentiometer, PotentiometerConfig};
pub use recorder::{EdgeRecorder, EdgeRecorderConfig};
pub use supply::{AmplifierKind, BatteryConfig, OpenCircuitConfig, PowerSupply, PowerSupplyConfig};
pub use surroundings::{Belt, BeltConfig, SurfaceLoad, belt_path, contact_path, load_path};
pub use torque_sensor::{TorqueSensor, TorqueSensorConfig};
pub use tracker::{PositionTracker, PositionTrackerConfig, RegistrationConfig};
pub use transmission::TransmissionConfig;
pub use wearer::{LimitLaw, PassiveLaw, WearerConfig};
pub use weight_support::{SupportCable, WeightSupportConfig};
pub use will::{GainsConfig, WalkConfig, WillConfig, Willing, muscle_groups, without_side};
