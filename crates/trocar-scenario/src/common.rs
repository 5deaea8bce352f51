//! Pieces that robot, scene and scenario files share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use trocar_signal::quantity::{Angle, Length};
use trocar_signal::{Problem, Standing};

/// The format of files that this version reads and writes.
pub const FORMAT: u32 = 1;

/// A rotation about one axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a rotation"))]
pub struct RotationConfig {
    /// Direction of the axis: x, y, z, of any length but zero.
    pub axis: [f64; 3],
    /// Angle about the axis, right-handed.
    pub angle: Angle,
}

impl RotationConfig {
    /// No rotation.
    #[must_use]
    pub fn identity() -> RotationConfig {
        RotationConfig { axis: [0.0, 0.0, 1.0], angle: Angle::from_si(0.0) }
    }

    /// The rotation as unit quaternion x, y, z, w. An axis of length zero, which [`RotationConfig::check`] refuses,
    /// gives no rotation.
    #[must_use]
    pub fn quaternion_xyzw(&self) -> [f64; 4] {
        let Some([x, y, z]) = self.direction() else { return [0.0, 0.0, 0.0, 1.0] };
        let (sin, cos) = trocar_math::sin_cos(self.angle.si() / 2.0);
        [x * sin, y * sin, z * sin, cos]
    }

    /// The rotation as a vector along its axis as long as its angle, rad.
    #[must_use]
    pub fn rotation_vector_rad(&self) -> [f64; 3] {
        self.direction().map_or([0.0; 3], |axis| axis.map(|part| part * self.angle.si()))
    }

    /// The axis, one long; `None` for an axis of length zero.
    fn direction(&self) -> Option<[f64; 3]> {
        // Scaled by the largest component first: squares of very small and very large axes stay finite.
        let [x, y, z] = self.axis;
        let largest = trocar_math::max(x.abs(), trocar_math::max(y.abs(), z.abs()));
        if largest == 0.0 {
            return None;
        }
        let [x, y, z] = [x / largest, y / largest, z / largest];
        let length = (x * x + y * y + z * z).sqrt();
        Some([x / length, y / length, z / length])
    }

    /// What is wrong with it; keys below this rotation.
    #[must_use]
    pub fn check(&self) -> Vec<Problem> {
        if self.axis.iter().all(|part| *part == 0.0) {
            vec![Problem::new("axis", "an axis of length zero has no direction")]
        } else {
            Vec::new()
        }
    }
}

/// Where a body or a frame stands in another frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a placement"))]
pub struct PlacementConfig {
    /// Origin: x, y, z in the frame around it.
    #[serde(default = "origin")]
    pub position: [Length; 3],
    /// Orientation in the frame around it; without it the axes are parallel.
    #[serde(default = "RotationConfig::identity")]
    pub orientation: RotationConfig,
}

pub(crate) fn origin() -> [Length; 3] {
    [Length::from_si(0.0); 3]
}

impl Default for PlacementConfig {
    fn default() -> PlacementConfig {
        PlacementConfig { position: origin(), orientation: RotationConfig::identity() }
    }
}

/// What stands behind the numbers of a section that name no source or standing of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("x-name" = "a provenance"))]
pub struct SectionProvenance {
    /// A key of `[sources]`.
    #[serde(default)]
    pub source: Option<String>,
    /// What stands behind the numbers.
    pub standing: Standing,
}

/// The given problems with `prefix` before each key.
pub(crate) fn under(prefix: &str, problems: Vec<Problem>) -> impl Iterator<Item = Problem> {
    problems.into_iter().map(move |problem| {
        let key = match problem.key.as_str() {
            "" => prefix.to_owned(),
            key if key.starts_with('[') => format!("{prefix}{key}"),
            key => format!("{prefix}.{key}"),
        };
        Problem::new(key, problem.what)
    })
}

/// Whether a text may stand as one part of a signal's path: lower-case letters, digits and `_`, a letter first.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Whether a text may stand as a name that only reports and formulas use: letters, digits and `_`, a letter first.
pub(crate) fn is_label(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub(crate) fn not_a_name(text: &str) -> String {
    let text = crate::text::quoted(text);
    format!("`{text}` is not a name: lower-case letters, digits and `_`, a letter first")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_is_a_unit_quaternion_whatever_the_length_of_its_axis() {
        let quarter = std::f64::consts::FRAC_PI_2;
        for scale in [1e-200, 1.0, 3.0, 1e200] {
            let rotation = RotationConfig { axis: [0.0, 0.0, scale], angle: Angle::from_si(quarter) };
            let [x, y, z, w] = rotation.quaternion_xyzw();
            // One rounding in the half angle's sine and cosine.
            assert!((z - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-15);
            assert!((w - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-15);
            assert_eq!((x, y), (0.0, 0.0));
        }
        let none = RotationConfig { axis: [0.0; 3], angle: Angle::from_si(1.0) };
        assert_eq!(none.quaternion_xyzw(), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(none.check()[0].key, "axis");
    }
}
