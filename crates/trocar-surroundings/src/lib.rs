//! What stands around a mechanism and can be touched: shapes on parry's geometry, and contact as a force element of the
//! island.
//!
//! A [`Contact`] joins a [`Shape`] that moves with one frame (a floor, a belt, a seat) and spheres that move with another
//! (the sole of a foot, a padded limb). It is a [`trocar_dynamics::Connection`]: its force is solved for together with the
//! motion, so that it neither lags nor creates energy.

mod contact;
mod shape;

pub use contact::{
    AGGREGATES, Contact, ContactError, ContactLaw, ContactReading, ContactSphere, Dissipation,
    LEAST_IMPACT_SPEED_MPS, SURFACE_SPEED,
};
pub use shape::{Nearest, Shape, ShapeError};
