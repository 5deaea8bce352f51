//! What a slot is, as its controller is told.

use serde::{Deserialize, Serialize};
use trocar_signal::{GroupKind, GroupSpec, ParameterSpec};

/// What a slot is: the body of the protocol's `hello`. SI units and radians.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotDescription {
    /// The controller's name in the scenario.
    pub controller: String,
    /// E.g. `psm1.servo`.
    pub slot: String,
    /// E.g. `servo`.
    pub kind: String,
    /// E.g. `psm1`.
    pub robot: String,
    /// How often it is activated, Hz.
    pub rate_hz: f64,
    /// From its inputs to the effect of its outputs, s.
    pub compute_time_s: f64,
    /// Steps of the simulation per second, Hz.
    pub step_rate_hz: f64,
    /// The run's seed.
    pub seed: u64,
    /// What it reads, in the order of requests.
    pub inputs: Vec<GroupDescription>,
    /// What it writes, in the order of replies.
    pub outputs: Vec<GroupDescription>,
    /// Its parameters, in the order of requests.
    pub parameters: Vec<ParameterDescription>,
    /// The names of the words of state that are kept for it.
    pub state: Vec<String>,
    /// What the built-in controller knows of the robot beside its parameters.
    pub settings: serde_json::Value,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupDescription {
    /// E.g. `psm1.measured_js`.
    pub path: String,
    /// E.g. `joint_state`.
    pub kind: String,
    /// Whether it is a command that the controller takes.
    pub inbox: bool,
    /// The frame of Cartesian values.
    pub frame: Option<String>,
    /// The point of which they speak.
    pub point: Option<String>,
    /// Of a group of kind `state`: the names, of which the value is the place.
    pub states: Vec<String>,
    /// Its numbers.
    pub elements: Vec<ElementDescription>,
}

/// One number of a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ElementDescription {
    /// E.g. `position.yaw`; empty where the group is one number.
    pub name: String,
    /// SI unit; empty for a number without one.
    pub unit: String,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ParameterDescription {
    /// E.g. `psm1.servo.yaw.p`.
    pub path: String,
    /// SI unit; empty for a number without one.
    pub unit: String,
    /// Its value in the file.
    pub value: f64,
    /// Whether it may change during the run.
    pub changes: bool,
}

impl GroupDescription {
    /// Of a group of the table.
    #[must_use]
    pub fn new(spec: &GroupSpec, inbox: bool) -> GroupDescription {
        let states = if let GroupKind::State(names) = &spec.kind { names.clone() } else { Vec::new() };
        let element = |e: &trocar_signal::Element| ElementDescription {
            name: e.name.clone(),
            unit: unit_of(e.dimension),
        };
        GroupDescription {
            path: spec.path.clone(),
            kind: kind_word(&spec.kind).to_owned(),
            inbox,
            frame: spec.frame.clone(),
            point: spec.point.clone(),
            states,
            elements: spec.elements.iter().map(element).collect(),
        }
    }
}

impl ParameterDescription {
    /// Of a parameter of the model, with the value that it has in this case.
    #[must_use]
    pub fn new(spec: &ParameterSpec, value: f64) -> ParameterDescription {
        let unit = unit_of(spec.dimension);
        ParameterDescription { path: spec.path.clone(), unit, value, changes: spec.tunable }
    }
}

/// The SI unit; empty for a number without one.
fn unit_of(dimension: trocar_signal::Dimension) -> String {
    if dimension == trocar_signal::Dimension::NUMBER { String::new() } else { dimension.si_unit() }
}

fn kind_word(kind: &GroupKind) -> &'static str {
    match kind {
        GroupKind::Scalar => "scalar",
        GroupKind::Vector => "vector",
        GroupKind::Point => "point",
        GroupKind::Rotation => "rotation",
        GroupKind::Pose => "pose",
        GroupKind::Twist => "twist",
        GroupKind::Wrench => "wrench",
        GroupKind::JointState => "joint_state",
        GroupKind::State(_) => "state",
        GroupKind::Event => "event",
    }
}

impl SlotDescription {
    /// The place of an input by its path without the robot's name: `measured_js`.
    ///
    /// # Errors
    /// A sentence where the slot does not read it.
    pub fn input(&self, name: &str) -> Result<usize, String> {
        self.place(self.inputs.iter().map(|input| &input.path), name, "does not read")
    }

    /// The place of an output by its path without the robot's name: `yaw.current_command`.
    ///
    /// # Errors
    /// A sentence where the slot does not write it.
    pub fn output(&self, name: &str) -> Result<usize, String> {
        self.place(self.outputs.iter().map(|output| &output.path), name, "does not write")
    }

    /// The place of a parameter by its path without the robot's name: `servo.yaw.p`.
    ///
    /// # Errors
    /// A sentence where the slot does not have it.
    pub fn parameter(&self, name: &str) -> Result<usize, String> {
        self.place(self.parameters.iter().map(|parameter| &parameter.path), name, "has no parameter")
    }

    fn place<'a>(
        &self,
        mut paths: impl Iterator<Item = &'a String>,
        name: &str,
        lacks: &str,
    ) -> Result<usize, String> {
        let path = format!("{}.{name}", self.robot);
        paths.position(|own| *own == path).ok_or_else(|| format!("the slot {} {lacks} {path}", self.slot))
    }

    /// ``controller `my_servo` in psm1.servo``; of one that was named with the command, ``the controller in psm1.servo``.
    #[must_use]
    pub fn who(&self) -> String {
        match self.controller == self.slot {
            true => format!("the controller in {}", self.slot),
            false => format!("controller `{}` in {}", self.controller, self.slot),
        }
    }

    /// How many words a reply has in binary form.
    pub(crate) fn reply_words(&self) -> usize {
        4 + self.outputs.iter().map(|o| 2 + o.elements.len()).sum::<usize>() + self.state.len()
    }

    /// How many words a step has in binary form.
    pub(crate) fn step_words(&self) -> usize {
        let inputs: usize = self.inputs.iter().map(|i| 3 + i.elements.len()).sum();
        4 + inputs + self.parameters.len() + self.state.len()
    }

    /// The places of the inboxes among the inputs.
    pub(crate) fn inboxes(&self) -> impl Iterator<Item = usize> + '_ {
        self.inputs.iter().enumerate().filter(|(_, input)| input.inbox).map(|(place, _)| place)
    }
}
