//! Sample mechanisms, for tests and examples of this crate and of those above it.

use std::f64::consts::{FRAC_PI_2, PI};

use nalgebra::{Isometry3, Matrix3, Rotation3, UnitQuaternion, Vector3};

use crate::{
    CoordinateId, CoordinateKind, FrameId, Inertia, JointVariable, Mechanism, MechanismBuilder,
    MechanismError, Placement,
};

mod psm_links;

/// Gravity of the samples, m/s², along the world's −z: the value used with the PSM's identified table.
pub const GRAVITY_MPS2: f64 = 9.81;

/// Inertia of one motor of a PSM's instrument about its shaft, kg m², with all that turns with it: gear, sterile adapter
/// and instrument disc. Assumed: the class of a 25 mm ironless motor (about 1e-6; the published torque constant is
/// 0.0438 N m/A at 0.67 A), and as much again and more for what it turns. With half of this the published roll gains hunt
/// at rest (2.5 mrad at 115 Hz) once a cycle's delay and the firmware's dead time after a reversal are in the loop.
pub const PSM_WRIST_ROTOR_INERTIA_KGM2: f64 = 2.8e-6;

/// Gear ratio of the instrument's four discs, motor over disc (sawIntuitiveResearchKit, PSM Classic).
pub const PSM_DISC_GEAR_RATIO: f64 = 11.71;

fn builder() -> MechanismBuilder {
    MechanismBuilder::new(Vector3::new(0.0, 0.0, -GRAVITY_MPS2), Isometry3::identity())
}

/// A placement at the parent's origin with these axes, right-handed and orthonormal.
fn with_axes(x: Vector3<f64>, y: Vector3<f64>, z: Vector3<f64>) -> Placement {
    let rotation = Rotation3::from_matrix_unchecked(Matrix3::from_columns(&[x, y, z]));
    let rotation = UnitQuaternion::from_rotation_matrix(&rotation);
    Placement::Fixed(Isometry3::from_parts(Vector3::zeros().into(), rotation))
}

/// A body on the x axis with a moment of `transverse_kgm2` about y and z.
fn slender(mass_kg: f64, centre_m: f64, transverse_kgm2: f64) -> Inertia {
    let moments = Vector3::new(0.01 * transverse_kgm2, transverse_kgm2, transverse_kgm2);
    Inertia {
        mass_kg,
        centre_of_mass_m: Vector3::new(centre_m, 0.0, 0.0),
        about_centre_kgm2: Matrix3::from_diagonal(&moments),
    }
}

/// A physical pendulum about the world's y axis, coordinate `angle`: the centre of mass is at `length_m` from the pivot,
/// straight below it at angle zero.
///
/// # Errors
/// Numbers that no body has.
pub fn pendulum(mass_kg: f64, length_m: f64, about_centre_kgm2: f64) -> Result<Mechanism, MechanismError> {
    let mut b = builder();
    let angle = b.coordinate("angle", CoordinateKind::Revolute);
    let hanging = with_axes(-Vector3::z(), -Vector3::x(), Vector3::y());
    let bob = b.frame("bob", FrameId::BASE, hanging, Some(JointVariable::revolute(&[(angle, 1.0)])));
    b.body(bob, &slender(mass_kg, length_m, about_centre_kgm2))?;
    b.build()
}

/// A mass on a slide along the world's x axis, coordinate `slide`: gravity does no work on it.
///
/// # Errors
/// A mass that is not positive.
pub fn slider(mass_kg: f64) -> Result<Mechanism, MechanismError> {
    let mut b = builder();
    let slide = b.coordinate("slide", CoordinateKind::Prismatic);
    let cart = cart(&mut b, slide);
    b.body(cart, &slender(mass_kg, 0.0, 0.01))?;
    b.build()
}

/// A cart on a slide along the world's x axis (coordinate `slide`) and a point-like bob that swings from it about an axis
/// parallel to y (coordinate `angle`), straight below at angle zero.
///
/// # Errors
/// Numbers that no body has.
pub fn cart_pendulum(cart_kg: f64, bob_kg: f64, length_m: f64) -> Result<Mechanism, MechanismError> {
    let mut b = builder();
    let slide = b.coordinate("slide", CoordinateKind::Prismatic);
    let angle = b.coordinate("angle", CoordinateKind::Revolute);
    let cart = cart(&mut b, slide);
    b.body(cart, &slender(cart_kg, 0.0, 0.01))?;
    // In the cart's axes (x up, y against the world's y, z along its x): x hangs down, z is the world's y.
    let hanging = with_axes(-Vector3::x(), -Vector3::z(), -Vector3::y());
    let bob = b.frame("bob", cart, hanging, Some(JointVariable::revolute(&[(angle, 1.0)])));
    b.body(bob, &slender(bob_kg, length_m, 1e-6 * bob_kg * length_m * length_m))?;
    b.build()
}

fn cart(b: &mut MechanismBuilder, slide: CoordinateId) -> FrameId {
    let along_x = with_axes(Vector3::z(), -Vector3::y(), Vector3::x());
    b.frame("cart", FrameId::BASE, along_x, Some(JointVariable::prismatic(&[(slide, 1.0)])))
}

/// Two links of 0.5 m in the vertical x–z plane, coordinates `shoulder` and `elbow` about axes parallel to y, both straight
/// below at zero; each link a uniform rod, of 2 kg and 1 kg. Frame `tip` is at the end.
///
/// # Errors
/// None with these numbers.
pub fn planar_2r() -> Result<Mechanism, MechanismError> {
    let mut b = builder();
    let shoulder = b.coordinate("shoulder", CoordinateKind::Revolute);
    let elbow = b.coordinate("elbow", CoordinateKind::Revolute);
    let hanging = with_axes(-Vector3::z(), -Vector3::x(), Vector3::y());
    let upper = b.frame("upper", FrameId::BASE, hanging, Some(JointVariable::revolute(&[(shoulder, 1.0)])));
    let onward = Placement::ModifiedDh { a_m: 0.5, alpha_rad: 0.0, d_m: 0.0, theta_rad: 0.0 };
    let lower = b.frame("lower", upper, onward, Some(JointVariable::revolute(&[(elbow, 1.0)])));
    b.frame("tip", lower, onward, None);
    for (frame, mass_kg) in [(upper, 2.0), (lower, 1.0)] {
        b.body(frame, &slender(mass_kg, 0.25, mass_kg * 0.25 / 12.0))?;
    }
    b.build()
}

/// The da Vinci PSM Classic with a large needle driver (400006): coordinates `yaw`, `pitch` (rad), `insertion` (m), `roll`,
/// `wrist_pitch`, `wrist_yaw`, `jaw` (rad).
///
/// The base is at the remote centre with the axes of the dVRK's kinematics; the world's axes are the same, gravity along
/// −z. Arm geometry and inertia follow Wang et al. 2019 (see `psm_links`), joint conventions sawIntuitiveResearchKit's
/// `PSM.json` and `LARGE_NEEDLE_DRIVER_400006.json`. Frame `tip` is what the dVRK reports (on the wrist-yaw axis, z distal);
/// `jaw_tip` lies 0.0102 m further along its z (Berkeley's dvrkKinematics.py). The jaw halves `jaw_1`, `jaw_2` turn at
/// wrist_yaw ± jaw/2. Masses of the instrument and the rotor inertia are assumed; rotors of the first three joints are
/// part of the identified inertias.
///
/// # Errors
/// None with these numbers.
pub fn psm_classic() -> Result<Mechanism, MechanismError> {
    let mut b = builder();
    let frames = psm_frames(&mut b);
    for link in &psm_links::LINKS {
        let unknown = || MechanismError::UnknownReference(link.frame.to_owned());
        let &(_, frame) = frames.iter().find(|(name, _)| *name == link.frame).ok_or_else(unknown)?;
        b.body(frame, &link.inertia())?;
    }
    b.build()
}

/// The PSM's coordinates, frames and rotors, without bodies: tests put the identified table on them.
fn psm_frames(b: &mut MechanismBuilder) -> Vec<(&'static str, FrameId)> {
    const BACK: f64 = 0.04009; // l_2L3 = l_3, m
    const LONG: f64 = 0.516; // l_2L2
    const SHORT: f64 = 0.096; // l_2L1
    const HEIGHT: f64 = 0.14454; // l_2H1
    const UPPER: f64 = 0.03808; // l_2H2
    const TO_REMOTE_CENTRE: f64 = 0.4318; // l_RCC
    const TOOL: f64 = 0.4162; // l_tool
    const PITCH_TO_YAW: f64 = 0.0091; // l_pitch2yaw
    const TO_JAW_TIP: f64 = 0.0102;

    use CoordinateKind::{Prismatic, Revolute};
    let [yaw, pitch] = ["yaw", "pitch"].map(|name| b.coordinate(name, Revolute));
    let insertion = b.coordinate("insertion", Prismatic);
    let [roll, wrist_pitch, wrist_yaw, jaw] =
        ["roll", "wrist_pitch", "wrist_yaw", "jaw"].map(|name| b.coordinate(name, Revolute));

    let mut frames = Vec::new();
    let mut add = |name: &'static str, parent, [a_m, alpha_rad, d_m, theta_rad]: [f64; 4], variable| {
        let frame = b.frame(name, parent, Placement::ModifiedDh { a_m, alpha_rad, d_m, theta_rad }, variable);
        frames.push((name, frame));
        frame
    };
    let turns = |row: &[(CoordinateId, f64)]| Some(JointVariable::revolute(row));
    let slides = |row: &[(CoordinateId, f64)]| Some(JointVariable::prismatic(row));
    let quarter = FRAC_PI_2;

    // The identified model's base is 0.516 m along the yaw axis from the remote centre.
    let f1 = add("yaw", FrameId::BASE, [0.0, quarter, LONG, quarter], turns(&[(yaw, 1.0)]));
    let f2 = add("pitch", f1, [0.0, -quarter, 0.0, -quarter], turns(&[(pitch, 1.0)]));
    let f3 = add("pitch_back", f2, [BACK, 0.0, 0.0, quarter], None);
    let f4 = add("pitch_front", f3, [HEIGHT, 0.0, 0.0, quarter], turns(&[(pitch, -1.0)]));
    add("pitch_front_upper", f3, [HEIGHT + UPPER, 0.0, 0.0, quarter], turns(&[(pitch, -1.0)]));
    let f6 = add("pitch_bottom", f4, [LONG, 0.0, 0.0, 0.0], turns(&[(pitch, 1.0)]));
    add("pitch_top", f4, [SHORT, 0.0, 0.0, PI], turns(&[(pitch, 1.0)]));
    let carriage = [BACK, -quarter, HEIGHT - TO_REMOTE_CENTRE, 0.0];
    let f8 = add("insertion", f6, carriage, slides(&[(insertion, 1.0)]));
    add("counterweight", f2, [BACK, -quarter, 0.0, 0.0], slides(&[(insertion, 1.0)]));
    // Half a turn from the identified model's insertion frame to the dVRK's.
    let f10 = add("roll", f8, [0.0, 0.0, TOOL, PI], turns(&[(roll, 1.0)]));
    let f11 = add("wrist_pitch", f10, [0.0, -quarter, 0.0, -quarter], turns(&[(wrist_pitch, 1.0)]));
    let at_yaw = [PITCH_TO_YAW, -quarter, 0.0, -quarter];
    let f12 = add("wrist_yaw", f11, at_yaw, turns(&[(wrist_yaw, 1.0)]));
    add("jaw_1", f11, at_yaw, turns(&[(wrist_yaw, 1.0), (jaw, 0.5)]));
    add("jaw_2", f11, at_yaw, turns(&[(wrist_yaw, 1.0), (jaw, -0.5)]));

    let tip = b.frame("tip", f12, with_axes(-Vector3::z(), -Vector3::x(), Vector3::y()), None);
    let jaw_tip = Isometry3::translation(0.0, 0.0, TO_JAW_TIP);
    b.frame("jaw_tip", tip, Placement::Fixed(jaw_tip), None);

    // Disc angles by the inverse of ActuatorToJointPosition of the large needle driver.
    let disc_2 = 1.0 / 1.0186;
    let both = 0.5 / 0.6089;
    let apart = 0.5 / 1.2177;
    let discs = [
        vec![(roll, -1.0 / 1.5632)],
        vec![(wrist_pitch, disc_2)],
        vec![(wrist_yaw, both), (wrist_pitch, 0.8306 * disc_2 * both), (jaw, -apart)],
        vec![(wrist_yaw, both), (wrist_pitch, 0.8306 * disc_2 * both), (jaw, apart)],
    ];
    for (name, disc) in ["motor_4", "motor_5", "motor_6", "motor_7"].iter().zip(discs) {
        let row: Vec<_> =
            disc.iter().map(|&(k, coefficient)| (k, PSM_DISC_GEAR_RATIO * coefficient)).collect();
        b.rotor(name, &row, PSM_WRIST_ROTOR_INERTIA_KGM2);
    }
    frames
}

#[cfg(test)]
mod tests;
