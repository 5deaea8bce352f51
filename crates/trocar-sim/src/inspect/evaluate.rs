//! What a mechanism does in one posture.

use super::Subject;
use crate::island::Tip;
use serde::Serialize;
use trocar_dynamics::{DynamicsError, JacobianColumn, Mechanism, Workspace};

/// A posture with velocities, accelerations and efforts, each in the order of the coordinates, SI and radians.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Posture {
    /// Positions; `None`: the start.
    pub q: Option<Vec<f64>>,
    /// Velocities; `None`: zero.
    pub qd: Option<Vec<f64>>,
    /// Accelerations, for the inverse dynamics; `None`: zero.
    pub qdd: Option<Vec<f64>>,
    /// Efforts, for the forward dynamics; `None`: zero.
    pub tau: Option<Vec<f64>>,
    /// The frame whose origin the Jacobian is of; `None`: the tip, where there is one.
    pub frame: Option<String>,
}

/// Where a frame is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FramePose {
    /// The frame.
    pub name: String,
    /// Its origin in the base, m.
    pub position_in_base_m: [f64; 3],
    /// The unit quaternion x, y, z, w that takes vectors of the frame to the base.
    pub base_from_frame_xyzw: [f64; 4],
}

/// How a point moves with the coordinates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JacobianReport {
    /// The frame that the Jacobian speaks of.
    pub jacobian_frame: String,
    /// The point that it speaks of, in the base, m.
    pub jacobian_point_in_base_m: [f64; 3],
    /// Six rows: velocity of the point (x, y, z), angular velocity of the frame (x, y, z); one column per coordinate.
    pub jacobian: Vec<Vec<f64>>,
    /// Its derivative in time times q̇: what the point accelerates by at q̈ = 0, m/s² and rad/s².
    pub jacobian_rate_times_qd: [f64; 6],
}

/// What a mechanism does in one posture. Everything is in the base's axes, in the order of `joints`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evaluation {
    /// The coordinates, in the order of every list and of the rows and columns below.
    pub joints: Vec<String>,
    /// Positions, rad or m.
    pub q: Vec<f64>,
    /// Velocities, rad/s or m/s.
    pub qd: Vec<f64>,
    /// Accelerations, rad/s² or m/s².
    pub qdd: Vec<f64>,
    /// Efforts, N m or N.
    pub tau: Vec<f64>,
    /// Gravity, m/s².
    pub gravity_in_base_mps2: [f64; 3],
    /// Every frame.
    pub frames: Vec<FramePose>,
    /// Of the frame that was asked for, else of the tip; `None` of a robot without one.
    #[serde(flatten)]
    pub jacobian: Option<JacobianReport>,
    /// M, row by row, rotors behind gears and couplings included: kg m², kg m, kg.
    pub mass_matrix: Vec<Vec<f64>>,
    /// Coriolis, centrifugal and gravity efforts: M q̈ + bias = τ, without friction and stops. N m or N.
    pub bias: Vec<f64>,
    /// The efforts that hold the posture against gravity: the bias at q̇ = 0. N m or N.
    pub gravity_effort: Vec<f64>,
    /// The efforts that give `qdd`: M q̈ + bias. N m or N.
    pub inverse_dynamics: Vec<f64>,
    /// The accelerations that `tau` gives: M⁻¹ (τ − bias). rad/s² or m/s².
    pub forward_dynamics: Vec<f64>,
    /// Centre of mass of all bodies that can move, m.
    pub centre_of_mass_in_base_m: [f64; 3],
    /// Its velocity, m/s.
    pub centre_of_mass_velocity_mps: [f64; 3],
    /// Momentum of all bodies that can move, kg m/s.
    pub linear_momentum_kgmps: [f64; 3],
    /// Angular momentum about their centre of mass, kg m²/s; rotors of actuators take no part.
    pub angular_momentum_about_centre_kgm2ps: [f64; 3],
    /// Kinetic energy, rotors included, J.
    pub kinetic_energy_j: f64,
    /// Potential energy in gravity, zero at the base's origin, J.
    pub potential_energy_j: f64,
}

impl Subject {
    /// What it does in a posture. Loads weigh nothing; friction, stops and drives take no part.
    ///
    /// # Errors
    /// A list of the wrong length, a number that is not finite, a frame that does not exist, a mass matrix that cannot be
    /// inverted: a sentence each.
    pub fn evaluate(&self, posture: &Posture) -> Result<Evaluation, String> {
        let mechanism = self.mechanism();
        let n = mechanism.coordinate_count();
        let joints: Vec<String> = mechanism.coordinate_names().map(str::to_owned).collect();
        let list = |given: &Option<Vec<f64>>, what: &str, otherwise: &[f64]| {
            let Some(given) = given else { return Ok(otherwise.to_vec()) };
            if given.len() != n {
                return Err(format!(
                    "{what} has {} numbers; {n} are needed: {}",
                    given.len(),
                    joints.join(", ")
                ));
            }
            match given.iter().zip(&joints).find(|(value, _)| !value.is_finite()) {
                Some((_, joint)) => Err(format!("{what} of {joint} is not finite")),
                None => Ok(given.clone()),
            }
        };
        let zeros = vec![0.0; n];
        let q = list(&posture.q, "q", self.start())?;
        let qd = list(&posture.qd, "qd", &zeros)?;
        let qdd = list(&posture.qdd, "qdd", &zeros)?;
        let tau = list(&posture.tau, "tau", &zeros)?;
        let point = self.point(posture.frame.as_deref())?;
        let words = |error: DynamicsError| error.to_string();
        let loads = vec![0.0; mechanism.payload_count()];
        let mut ws = mechanism.workspace();

        let mut inverse_dynamics = zeros.clone();
        mechanism.inverse_dynamics(&q, &qd, &qdd, &loads, &mut ws, &mut inverse_dynamics).map_err(words)?;
        let mut forward_dynamics = zeros.clone();
        mechanism.forward_dynamics(&q, &qd, &tau, &loads, &mut ws, &mut forward_dynamics).map_err(words)?;
        mechanism.kinematics(&q, &qd, &mut ws).map_err(words)?;
        let mut gravity_effort = zeros.clone();
        mechanism.gravity(&loads, &mut ws, &mut gravity_effort).map_err(words)?;
        mechanism.dynamics(&loads, &mut ws).map_err(words)?;

        let jacobian = point.map(|point| jacobian(mechanism, &ws, point, &qd).map_err(words)).transpose()?;
        let centre = mechanism.centre_of_mass(&loads, &ws).map_err(words)?;
        let momentum = mechanism.momentum(&loads, &ws).map_err(words)?;
        let frames = mechanism.frame_names().map(|name| {
            let pose = mechanism.frame(name).map(|id| ws.world_from_frame(id)).unwrap_or_default();
            FramePose {
                name: name.to_owned(),
                position_in_base_m: pose.translation.vector.into(),
                base_from_frame_xyzw: pose.rotation.coords.into(),
            }
        });
        Ok(Evaluation {
            gravity_in_base_mps2: self.gravity_in_base_mps2().into(),
            frames: frames.collect(),
            jacobian,
            mass_matrix: ws.mass_matrix().chunks(n).map(<[f64]>::to_vec).collect(),
            bias: ws.bias().to_vec(),
            gravity_effort: gravity_effort.iter().map(|effort| 0.0 - effort).collect(),
            inverse_dynamics,
            forward_dynamics,
            centre_of_mass_in_base_m: centre.position_in_world_m.into(),
            centre_of_mass_velocity_mps: centre.velocity_in_world_mps.into(),
            linear_momentum_kgmps: momentum.linear_kgmps.into(),
            angular_momentum_about_centre_kgm2ps: momentum.angular_about_centre_kgm2ps.into(),
            kinetic_energy_j: mechanism.kinetic_energy(&qd, &loads, &ws).map_err(words)?,
            potential_energy_j: mechanism.potential_energy(&loads, &ws).map_err(words)?,
            joints,
            q,
            qd,
            qdd,
            tau,
        })
    }
}

/// The Jacobian of a point, where the workspace has the kinematics and dynamics at velocities `qd`.
fn jacobian(
    mechanism: &Mechanism,
    ws: &Workspace,
    point: Tip,
    qd: &[f64],
) -> Result<JacobianReport, DynamicsError> {
    let (frame, in_frame_m) = (point.frame, point.in_frame.translation.vector);
    let mut columns = vec![JacobianColumn::default(); qd.len()];
    mechanism.jacobian(ws, frame, &in_frame_m, &mut columns)?;
    let part = |column: &JacobianColumn, row: usize| match row {
        0..3 => column.linear[row],
        _ => column.angular[row - 3],
    };
    let jacobian = (0..6).map(|row| columns.iter().map(|column| part(column, row)).collect()).collect();
    mechanism.jacobian_rate(ws, frame, &in_frame_m, &mut columns)?;
    let rate = |row: usize| columns.iter().zip(qd).map(|(column, v)| part(column, row) * v).sum();
    Ok(JacobianReport {
        jacobian_frame: mechanism.frame_names().nth(frame.index()).unwrap_or_default().to_owned(),
        jacobian_point_in_base_m: ws.point_in_world(frame, &in_frame_m).into(),
        jacobian,
        jacobian_rate_times_qd: std::array::from_fn(rate),
    })
}
