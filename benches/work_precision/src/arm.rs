//! Arm A, built from the numbers of its URDF as `numbers.txt` lays them out.

use std::collections::BTreeMap;

use nalgebra::{Isometry3, Matrix3, Rotation3, UnitQuaternion, Vector3};
use trocar_dynamics::{
    CoordinateId, CoordinateKind, FrameId, Inertia, JointVariable, Mechanism, MechanismBuilder, Placement,
};

use crate::Error;

/// Joints of arm A.
pub const N: usize = 7;

/// The arm, its joints' coordinates in order, its tip and the numbers of the cases.
pub struct Arm {
    /// The arm.
    pub mechanism: Mechanism,
    /// In the order of the joints.
    pub coordinates: [CoordinateId; N],
    /// The frame that the tip belongs to.
    pub tip: FrameId,
    /// The tip in that frame, m.
    pub tip_in_frame_m: Vector3<f64>,
    numbers: BTreeMap<String, [f64; N]>,
}

impl Arm {
    /// Reads lines of a key and its numbers.
    ///
    /// # Errors
    /// A line that is none, or an arm that cannot be.
    pub fn read(text: &str) -> Result<Self, Error> {
        let mut numbers = BTreeMap::new();
        let (mut gravity, mut tip_in_body_m) = (Vector3::zeros(), Vector3::zeros());
        let mut joints = Vec::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let Some(key) = words.next() else { continue };
            if key == "joint" {
                let name = words.next().ok_or("a joint has a name")?;
                let prismatic = words.next() == Some("prismatic");
                joints.push((name, prismatic, parse(words)?));
                continue;
            }
            let values = parse(words)?;
            match key {
                "gravity" => gravity = vector(&values, 0)?,
                "tip" => tip_in_body_m = vector(&values, 0)?,
                _ => {
                    let values = values.try_into().map_err(|_| format!("{key} has not {N} numbers"))?;
                    numbers.insert(key.to_owned(), values);
                }
            }
        }
        let mut b = MechanismBuilder::new(gravity, Isometry3::identity());
        let (mut tip, mut parent_axes) = (FrameId::BASE, Matrix3::identity());
        let mut coordinates = Vec::new();
        for (name, prismatic, values) in joints {
            let kind = if prismatic { CoordinateKind::Prismatic } else { CoordinateKind::Revolute };
            let coordinate = b.coordinate(name, kind);
            // A frame moves about its z axis: its axes are the body's in another order, with the joint's as z.
            let axes = axes_about(&vector(&values, 3)?);
            let rotation = UnitQuaternion::from_rotation_matrix(&Rotation3::from_matrix_unchecked(
                parent_axes.transpose() * axes,
            ));
            let offset = parent_axes.transpose() * vector(&values, 0)?;
            let placement = Placement::Fixed(Isometry3::from_parts(offset.into(), rotation));
            let variable = JointVariable { kind, row: vec![(coordinate, 1.0)] };
            tip = b.frame(name, tip, placement, Some(variable));
            let about = Matrix3::from_diagonal(&vector(&values, 10)?);
            let inertia = Inertia {
                mass_kg: *values.get(6).ok_or("a joint has a mass")?,
                centre_of_mass_m: axes.transpose() * vector(&values, 7)?,
                about_centre_kgm2: axes.transpose() * about * axes,
            };
            b.body(tip, &inertia)?;
            parent_axes = axes;
            coordinates.push(coordinate);
        }
        let coordinates =
            coordinates.try_into().map_err(|found: Vec<_>| format!("{} joints, not {N}", found.len()))?;
        let tip_in_frame_m = parent_axes.transpose() * tip_in_body_m;
        Ok(Self { mechanism: b.build()?, coordinates, tip, tip_in_frame_m, numbers })
    }

    /// One number for each joint.
    ///
    /// # Errors
    /// There is no such line.
    pub fn numbers(&self, key: &str) -> Result<&[f64; N], Error> {
        self.numbers.get(key).ok_or_else(|| format!("there are no numbers {key:?}").into())
    }
}

fn parse<'a>(words: impl Iterator<Item = &'a str>) -> Result<Vec<f64>, Error> {
    Ok(words.map(str::parse).collect::<Result<_, _>>()?)
}

fn vector(values: &[f64], from: usize) -> Result<Vector3<f64>, Error> {
    let three = values.get(from..from + 3).ok_or("a vector has three numbers")?;
    Ok(Vector3::new(three[0], three[1], three[2]))
}

/// The body's axes in cyclic order, the one along `axis` last.
fn axes_about(axis: &Vector3<f64>) -> Matrix3<f64> {
    let (x, y, z) = (Vector3::x(), Vector3::y(), Vector3::z());
    let columns = if axis.x == 1.0 {
        [y, z, x]
    } else if axis.y == 1.0 {
        [z, x, y]
    } else {
        [x, y, z]
    };
    Matrix3::from_columns(&columns)
}
