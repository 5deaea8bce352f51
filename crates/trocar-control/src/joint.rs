//! The joints of a robot as its controllers see them: names, kinds and position limits.

use trocar_math::{max, min};
use trocar_signal::{
    AnyQuantity, Dimension, Element, GroupSpec, ParameterPort, Problem, Provenance, Registration, Sourced,
};

/// The most joints that a robot has, the jaw not counted.
pub const MAX_JOINTS: usize = 8;

/// The most axes that a servo drives: the joints and the jaw.
pub const MAX_AXES: usize = MAX_JOINTS + 1;

/// Whether a joint turns or slides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JointKind {
    /// Turns about its axis: rad, rad/s, N m.
    Revolute,
    /// Slides along its axis: m, m/s, N.
    Prismatic,
}

impl JointKind {
    /// Dimension of a position: angle or length.
    #[must_use]
    pub fn position(self) -> Dimension {
        match self {
            JointKind::Revolute => Dimension::ANGLE,
            JointKind::Prismatic => Dimension::LENGTH,
        }
    }

    /// Dimension of a velocity.
    #[must_use]
    pub fn velocity(self) -> Dimension {
        self.position().over(Dimension::TIME)
    }

    /// Dimension of an acceleration.
    #[must_use]
    pub fn acceleration(self) -> Dimension {
        self.velocity().over(Dimension::TIME)
    }

    /// Dimension of an effort: torque or force.
    #[must_use]
    pub fn effort(self) -> Dimension {
        match self {
            JointKind::Revolute => Dimension::TORQUE,
            JointKind::Prismatic => Dimension::FORCE,
        }
    }

    /// Dimension of effort over position.
    #[must_use]
    pub fn stiffness(self) -> Dimension {
        self.effort().over(self.position())
    }

    /// Dimension of effort over velocity.
    #[must_use]
    pub fn damping(self) -> Dimension {
        self.effort().over(self.velocity())
    }
}

/// One joint.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Name, as it stands in signal paths.
    pub name: String,
    /// Whether it turns or slides.
    pub kind: JointKind,
    /// Lowest position that a client may command, rad or m.
    pub lower: f64,
    /// Highest position that a client may command, rad or m.
    pub upper: f64,
}

impl Joint {
    /// A joint that turns, with its limits in rad.
    pub fn revolute(name: impl Into<String>, lower_rad: f64, upper_rad: f64) -> Joint {
        Joint { name: name.into(), kind: JointKind::Revolute, lower: lower_rad, upper: upper_rad }
    }

    /// A joint that slides, with its limits in m.
    pub fn prismatic(name: impl Into<String>, lower_m: f64, upper_m: f64) -> Joint {
        Joint { name: name.into(), kind: JointKind::Prismatic, lower: lower_m, upper: upper_m }
    }

    /// Whether a client may command this position.
    #[must_use]
    pub fn allows(&self, position: f64) -> bool {
        (self.lower..=self.upper).contains(&position)
    }

    /// The nearest position that a client may command.
    #[must_use]
    pub fn clamp(&self, position: f64) -> f64 {
        min(max(position, self.lower), self.upper)
    }
}

/// All axes of a robot: its joints from base to tip, or leg by leg, and the jaw if the instrument has one.
#[derive(Clone, Debug, PartialEq)]
pub struct ArmJoints {
    joints: Vec<Joint>,
    jaw: Option<Joint>,
}

impl ArmJoints {
    /// Joints from base to tip and the jaw.
    ///
    /// # Errors
    /// No joint, more than [`MAX_JOINTS`], a name that occurs twice, limits that are not finite or in the wrong order;
    /// the keys are `joints[i]` and `jaw`.
    pub fn new(joints: Vec<Joint>, jaw: Option<Joint>) -> Result<ArmJoints, Vec<Problem>> {
        let mut problems = Vec::new();
        if joints.is_empty() || joints.len() > MAX_JOINTS {
            let what = format!(
                "a robot has 1 to {MAX_JOINTS} joints, the jaw not counted; these are {}",
                joints.len()
            );
            problems.push(Problem::new("joints", what));
        }
        let keyed = |i: usize| if i < joints.len() { format!("joints[{i}]") } else { "jaw".to_owned() };
        for (i, joint) in joints.iter().chain(&jaw).enumerate() {
            if !(joint.lower.is_finite() && joint.upper.is_finite() && joint.lower < joint.upper) {
                let what = format!("the lower limit of `{}` must be below its upper limit", joint.name);
                problems.push(Problem::new(keyed(i), what));
            }
            if joints.iter().take(i).any(|other| other.name == joint.name) {
                problems.push(Problem::new(keyed(i), format!("a second joint is named `{}`", joint.name)));
            }
        }
        if problems.is_empty() { Ok(ArmJoints { joints, jaw }) } else { Err(problems) }
    }

    /// The joints from base to tip, without the jaw.
    #[must_use]
    pub fn joints(&self) -> &[Joint] {
        &self.joints
    }

    /// The jaw.
    #[must_use]
    pub fn jaw(&self) -> Option<&Joint> {
        self.jaw.as_ref()
    }

    /// The joints, then the jaw: the order of every list that speaks of all axes.
    pub fn axes(&self) -> impl Iterator<Item = &Joint> {
        self.joints.iter().chain(&self.jaw)
    }

    /// How many axes there are, the jaw included.
    #[must_use]
    pub fn axis_count(&self) -> usize {
        self.joints.len() + usize::from(self.jaw.is_some())
    }

    /// The place of an axis by name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.axes().position(|joint| joint.name == name)
    }

    fn with_dimension(&self) -> impl Iterator<Item = (&str, Dimension)> + Clone {
        self.joints.iter().map(|joint| (joint.name.as_str(), joint.kind.position()))
    }

    /// A joint state of the joints, without the jaw.
    pub fn state_group(&self, path: impl Into<String>) -> GroupSpec {
        GroupSpec::joint_state(path, self.with_dimension())
    }

    /// Positions of the joints, without the jaw, as a joint command carries them.
    pub fn position_group(&self, path: impl Into<String>) -> GroupSpec {
        GroupSpec::joint_positions(path, self.with_dimension())
    }

    /// Efforts of the joints, without the jaw, as a joint command carries them.
    pub fn effort_group(&self, path: impl Into<String>) -> GroupSpec {
        GroupSpec::joint_efforts(path, self.with_dimension())
    }

    /// Checks that `named` names every axis exactly once; gives the place in `named` of each axis.
    pub(crate) fn places<'a>(
        &self,
        key: &str,
        field: &str,
        named: impl Iterator<Item = &'a str>,
        problems: &mut Vec<Problem>,
    ) -> Vec<usize> {
        let mut places = vec![None; self.axis_count()];
        for (at, name) in named.enumerate() {
            match self.place(name) {
                None => {
                    let all: Vec<&str> = self.axes().map(|joint| joint.name.as_str()).collect();
                    let what = format!("there is no joint `{name}`; the joints are {}", all.join(", "));
                    problems.push(Problem::new(format!("{key}[{at}].{field}"), what));
                }
                Some(place) => match places.get_mut(place) {
                    Some(slot @ None) => *slot = Some(at),
                    _ => {
                        let what = format!("joint `{name}` stands here a second time");
                        problems.push(Problem::new(format!("{key}[{at}].{field}"), what));
                    }
                },
            }
        }
        for (joint, place) in self.axes().zip(&places) {
            if place.is_none() {
                problems.push(Problem::new(key, format!("joint `{}` is missing", joint.name)));
            }
        }
        places.into_iter().flatten().collect()
    }
}

/// A joint state of the jaw alone: `position`, `velocity`, `effort` without a joint's name, since the path names it.
pub fn jaw_state_group(path: impl Into<String>, kind: JointKind) -> GroupSpec {
    without_names(GroupSpec::joint_state(path, [("", kind.position())]))
}

/// The position of the jaw alone, as a command carries it: `position`.
pub fn jaw_position_group(path: impl Into<String>, kind: JointKind) -> GroupSpec {
    without_names(GroupSpec::joint_positions(path, [("", kind.position())]))
}

fn without_names(mut spec: GroupSpec) -> GroupSpec {
    for Element { name, .. } in &mut spec.elements {
        name.truncate(name.trim_end_matches('.').len());
    }
    spec
}

/// Checks dimension and range of a value of a joint.
pub(crate) fn check_quantity(
    key: &str,
    value: &Sourced<AnyQuantity>,
    dimension: Dimension,
    range: ValueRange,
    problems: &mut Vec<Problem>,
) {
    if value.value.dimension != dimension {
        let what = format!("{} is meant here; this is {}", an(dimension), an(value.value.dimension));
        problems.push(Problem::new(key, what));
    } else if range == ValueRange::Positive && value.value.si <= 0.0 {
        problems.push(Problem::new(key, "must be greater than zero"));
    } else if range == ValueRange::NotNegative && value.value.si < 0.0 {
        problems.push(Problem::new(key, "must not be negative"));
    }
}

/// The name of a dimension with its article.
fn an(dimension: Dimension) -> String {
    let name = dimension.name();
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// What a value of a joint may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ValueRange {
    Any,
    NotNegative,
    Positive,
}

/// Registers a value of a joint that cannot be negative as a tunable parameter.
pub(crate) fn register_size(
    registration: &mut Registration,
    provenance: &Provenance<'_>,
    path: String,
    value: &Sourced<AnyQuantity>,
) -> ParameterPort {
    let AnyQuantity { si, dimension } = value.value;
    registration.parameter(provenance.parameter(path, dimension, si, value, true).at_least(0.0))
}

/// Registers a value of a joint as a tunable parameter.
pub(crate) fn register(
    registration: &mut Registration,
    provenance: &Provenance<'_>,
    path: String,
    value: &Sourced<AnyQuantity>,
) -> ParameterPort {
    let AnyQuantity { si, dimension } = value.value;
    registration.parameter(provenance.parameter(path, dimension, si, value, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two() -> ArmJoints {
        let joints = vec![Joint::revolute("yaw", -1.0, 1.0), Joint::prismatic("insertion", 0.0, 0.2)];
        ArmJoints::new(joints, Some(Joint::revolute("jaw", -0.5, 1.0))).unwrap()
    }

    #[test]
    fn bad_joints_are_named() {
        let twice = vec![Joint::revolute("a", -1.0, 1.0), Joint::revolute("a", 1.0, -1.0)];
        let problems = ArmJoints::new(twice, Some(Joint::revolute("jaw", f64::NAN, 1.0))).unwrap_err();
        let keys: Vec<&str> = problems.iter().map(|p| p.key.as_str()).collect();
        assert_eq!(keys, ["joints[1]", "joints[1]", "jaw"]);
        assert!(ArmJoints::new(Vec::new(), None).is_err());
        let many = (0..=MAX_JOINTS).map(|i| Joint::revolute(format!("j{i}"), 0.0, 1.0)).collect();
        assert_eq!(ArmJoints::new(many, None).unwrap_err()[0].key, "joints");
    }

    #[test]
    fn places_follow_the_axes_and_report_every_slip() {
        let mut problems = Vec::new();
        let places = two().places("joints", "joint", ["jaw", "yaw", "insertion"].into_iter(), &mut problems);
        assert_eq!((places, problems.len()), (vec![1, 2, 0], 0));
        two().places("joints", "joint", ["yaw", "yaw", "elbow"].into_iter(), &mut problems);
        let keys: Vec<&str> = problems.iter().map(|p| p.key.as_str()).collect();
        assert_eq!(keys, ["joints[1].joint", "joints[2].joint", "joints", "joints"]);
    }

    #[test]
    fn the_jaw_has_a_path_of_its_own() {
        let spec = jaw_state_group("psm1.jaw.setpoint_js", JointKind::Revolute);
        let paths: Vec<String> = (0..3).map(|i| spec.element_path(i)).collect();
        assert_eq!(paths, ["position", "velocity", "effort"].map(|f| format!("psm1.jaw.setpoint_js.{f}")));
        assert_eq!(spec.elements[2].dimension, Dimension::TORQUE);
    }

    #[test]
    fn dimensions_of_a_sliding_joint_are_those_of_a_force() {
        assert_eq!(JointKind::Prismatic.stiffness(), Dimension::STIFFNESS);
        assert_eq!(JointKind::Prismatic.damping(), Dimension::DAMPING);
        assert_eq!(JointKind::Revolute.damping(), Dimension::ROTATIONAL_DAMPING);
        assert_eq!(JointKind::Revolute.acceleration(), Dimension::ANGULAR_ACCELERATION);
    }
}
