//! Mass, centre of mass and momentum of everything that hangs from the base.

use nalgebra::Vector3;

use crate::error::{DynamicsError, check_length};
use crate::mechanism::{FrameId, Mechanism, Workspace};

/// Mass and centre of mass of links and payloads, the base's own body left out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CentreOfMass {
    /// Mass of all that moves with a frame, kg.
    pub mass_kg: f64,
    /// Centre in the world, m; the origin where there is no mass.
    pub position_in_world_m: Vector3<f64>,
    /// Velocity of the centre in world axes, m/s.
    pub velocity_in_world_mps: Vector3<f64>,
}

/// Momentum of links and payloads in world axes, without the spin of rotors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum {
    /// Σ m v, kg m/s.
    pub linear_kgmps: Vector3<f64>,
    /// About the centre of mass, kg m²/s.
    pub angular_about_centre_kgm2ps: Vector3<f64>,
}

impl Mechanism {
    /// The centre of mass, from the kinematics that the workspace holds.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn centre_of_mass(
        &self,
        payload_mass_kg: &[f64],
        ws: &Workspace,
    ) -> Result<CentreOfMass, DynamicsError> {
        check_length("payload_mass_kg", payload_mass_kg.len(), self.payloads.len())?;
        let (mut mass_kg, mut first, mut linear) = (0.0, Vector3::zeros(), Vector3::zeros());
        for (frame, state) in self.frames.iter().zip(&ws.frames).skip(1) {
            if let Some(body) = &frame.body {
                let moment = state.axes.times(&body.moment);
                mass_kg += body.mass;
                first += state.origin * body.mass + moment;
                linear += state.linear * body.mass + state.angular.cross(&moment);
            }
        }
        for (payload, &mass) in self.payloads.iter().zip(payload_mass_kg) {
            let frame = FrameId(payload.frame);
            mass_kg += mass;
            first += ws.point_in_world(frame, &payload.point) * mass;
            linear += ws.point_velocity(frame, &payload.point) * mass;
        }
        let per_mass = if mass_kg == 0.0 { 0.0 } else { 1.0 / mass_kg };
        Ok(CentreOfMass {
            mass_kg,
            position_in_world_m: first * per_mass,
            velocity_in_world_mps: linear * per_mass,
        })
    }

    /// The momentum, from the kinematics that the workspace holds.
    ///
    /// # Errors
    /// A slice of the wrong length.
    pub fn momentum(&self, payload_mass_kg: &[f64], ws: &Workspace) -> Result<Momentum, DynamicsError> {
        let centre = self.centre_of_mass(payload_mass_kg, ws)?;
        let mut angular = Vector3::zeros();
        for (frame, state) in self.frames.iter().zip(&ws.frames).skip(1) {
            if let Some(body) = &frame.body {
                let moment = state.axes.times(&body.moment);
                let turning =
                    state.axes.times(&body.about.times(&state.axes.transpose_times(&state.angular)));
                // About the frame's origin, then from there to the centre.
                let linear = state.linear * body.mass + state.angular.cross(&moment);
                angular += turning + moment.cross(&state.linear);
                angular += (state.origin - centre.position_in_world_m).cross(&linear);
            }
        }
        for (payload, &mass) in self.payloads.iter().zip(payload_mass_kg) {
            let frame = FrameId(payload.frame);
            let arm = ws.point_in_world(frame, &payload.point) - centre.position_in_world_m;
            angular += arm.cross(&(ws.point_velocity(frame, &payload.point) * mass));
        }
        Ok(Momentum {
            linear_kgmps: centre.velocity_in_world_mps * centre.mass_kg,
            angular_about_centre_kgm2ps: angular,
        })
    }
}
