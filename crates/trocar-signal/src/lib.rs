//! Information as named signals: typed groups in one flat table, their paths, units, time, state words, digests,
//! and the diagnostics in which every part of Trocar speaks to people.
//!
//! A [`group::GroupSpec`] describes one group (a joint state, a pose, an event …): path, unit, frame, point, writer.
//! A [`group::Layout`] is all groups of a run; a [`table::Table`] holds their values. A [`component::Component`] is
//! anything that reads groups and writes others when it is activated; nothing here knows what a robot is.

pub mod bench;
pub mod component;
pub mod diagnostic;
pub mod digest;
pub mod group;
pub mod parameter;
pub mod quantity;
pub mod state;
pub mod table;
pub mod time;
pub mod unit;

pub use component::{Activation, Component, ComponentError, ReadPort, Registration, WritePort};
pub use diagnostic::{Diagnostic, Label, Problem, Severity};
pub use group::{Element, ElementRef, GroupClass, GroupId, GroupKind, GroupSpec, Layout};
pub use parameter::{ParameterPort, ParameterSpec, Provenance, Standing};
pub use quantity::{AnyQuantity, Sourced};
pub use table::Table;
pub use time::{Nanos, Rate, Time};
pub use unit::{Dimension, Unit};
