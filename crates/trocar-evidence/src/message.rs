//! Groups as ROS 2 messages: which type each kind of group becomes, its definition, and the bytes.
//!
//! | group | message |
//! |---|---|
//! | joint state; joint positions of a command | `sensor_msgs/msg/JointState` |
//! | pose | `geometry_msgs/msg/PoseStamped` |
//! | point | `geometry_msgs/msg/PointStamped` |
//! | rotation | `geometry_msgs/msg/QuaternionStamped` |
//! | twist | `geometry_msgs/msg/TwistStamped` |
//! | wrench | `geometry_msgs/msg/WrenchStamped` |
//! | scalar | `std_msgs/msg/Float64` |
//! | vector | `std_msgs/msg/Float64MultiArray` |
//! | flag | `std_msgs/msg/Bool` |
//! | state | `std_msgs/msg/String`, the state's name |
//! | event | `std_msgs/msg/UInt64`, how often it happened |
//!
//! These are types of the ROS 2 distribution, so that Foxglove, Rerun and `ros2 bag` show them without a plug-in. Values
//! are in SI units and radians, as REP 103 wants them. The quantities of a joint state are those of CRTK.

use crate::cdr::{CdrError, CdrReader, CdrWriter};
use trocar_signal::time::NANOS_PER_SECOND;
use trocar_signal::{GroupKind, GroupSpec, Time};

/// A message type of ROS 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    /// `sensor_msgs/msg/JointState`
    JointState,
    /// `geometry_msgs/msg/PoseStamped`
    Pose,
    /// `geometry_msgs/msg/PointStamped`
    Point,
    /// `geometry_msgs/msg/QuaternionStamped`
    Quaternion,
    /// `geometry_msgs/msg/TwistStamped`
    Twist,
    /// `geometry_msgs/msg/WrenchStamped`
    Wrench,
    /// `std_msgs/msg/Float64`
    Float64,
    /// `std_msgs/msg/Float64MultiArray`
    Float64MultiArray,
    /// `std_msgs/msg/Bool`
    Bool,
    /// `std_msgs/msg/String`
    String,
    /// `std_msgs/msg/UInt64`
    UInt64,
    /// `rcl_interfaces/msg/Log`, for what happened in a run
    Log,
}

/// What the names of joint positions begin with in a group.
const POSITION: &str = "position.";

const HEADER: &str = "MSG: std_msgs/Header\nbuiltin_interfaces/Time stamp\nstring frame_id\n";
const TIME: &str = "MSG: builtin_interfaces/Time\nint32 sec\nuint32 nanosec\n";
const VECTOR3: &str = "MSG: geometry_msgs/Vector3\nfloat64 x\nfloat64 y\nfloat64 z\n";
const POINT: &str = "MSG: geometry_msgs/Point\nfloat64 x\nfloat64 y\nfloat64 z\n";
const QUATERNION: &str = "MSG: geometry_msgs/Quaternion\nfloat64 x\nfloat64 y\nfloat64 z\nfloat64 w\n";
const POSE: &str =
    "MSG: geometry_msgs/Pose\ngeometry_msgs/Point position\ngeometry_msgs/Quaternion orientation\n";
const TWIST: &str = "MSG: geometry_msgs/Twist\ngeometry_msgs/Vector3 linear\ngeometry_msgs/Vector3 angular\n";
const WRENCH: &str = "MSG: geometry_msgs/Wrench\ngeometry_msgs/Vector3 force\ngeometry_msgs/Vector3 torque\n";
const LAYOUT: &str =
    "MSG: std_msgs/MultiArrayLayout\nstd_msgs/MultiArrayDimension[] dim\nuint32 data_offset\n";
const DIMENSION: &str = "MSG: std_msgs/MultiArrayDimension\nstring label\nuint32 size\nuint32 stride\n";

impl MessageType {
    /// The type that a group becomes.
    #[must_use]
    pub fn of(spec: &GroupSpec) -> MessageType {
        match &spec.kind {
            GroupKind::JointState => MessageType::JointState,
            GroupKind::Vector if spec.elements.iter().all(|e| joint_of(spec, &e.name).is_some()) => {
                MessageType::JointState
            }
            GroupKind::Vector => MessageType::Float64MultiArray,
            GroupKind::Scalar => MessageType::Float64,
            GroupKind::Point => MessageType::Point,
            GroupKind::Rotation => MessageType::Quaternion,
            GroupKind::Pose => MessageType::Pose,
            GroupKind::Twist => MessageType::Twist,
            GroupKind::Wrench => MessageType::Wrench,
            GroupKind::State(names) if names.iter().eq(["false", "true"]) => MessageType::Bool,
            GroupKind::State(_) => MessageType::String,
            GroupKind::Event => MessageType::UInt64,
        }
    }

    /// The type's name in a recording.
    #[must_use]
    pub fn schema_name(self) -> &'static str {
        match self {
            MessageType::JointState => "sensor_msgs/msg/JointState",
            MessageType::Pose => "geometry_msgs/msg/PoseStamped",
            MessageType::Point => "geometry_msgs/msg/PointStamped",
            MessageType::Quaternion => "geometry_msgs/msg/QuaternionStamped",
            MessageType::Twist => "geometry_msgs/msg/TwistStamped",
            MessageType::Wrench => "geometry_msgs/msg/WrenchStamped",
            MessageType::Float64 => "std_msgs/msg/Float64",
            MessageType::Float64MultiArray => "std_msgs/msg/Float64MultiArray",
            MessageType::Bool => "std_msgs/msg/Bool",
            MessageType::String => "std_msgs/msg/String",
            MessageType::UInt64 => "std_msgs/msg/UInt64",
            MessageType::Log => "rcl_interfaces/msg/Log",
        }
    }

    /// The type's definition with all that it is made of, as the schema encoding `ros2msg` wants it: the type itself,
    /// then each other type after a line of 80 equals signs.
    #[must_use]
    pub fn definition(self) -> String {
        let parts: &[&str] = match self {
            MessageType::JointState => &[
                "std_msgs/Header header\nstring[] name\nfloat64[] position\nfloat64[] velocity\nfloat64[] effort\n",
                HEADER,
                TIME,
            ],
            MessageType::Pose => {
                &["std_msgs/Header header\ngeometry_msgs/Pose pose\n", HEADER, TIME, POSE, POINT, QUATERNION]
            }
            MessageType::Point => {
                &["std_msgs/Header header\ngeometry_msgs/Point point\n", HEADER, TIME, POINT]
            }
            MessageType::Quaternion => {
                &["std_msgs/Header header\ngeometry_msgs/Quaternion quaternion\n", HEADER, TIME, QUATERNION]
            }
            MessageType::Twist => {
                &["std_msgs/Header header\ngeometry_msgs/Twist twist\n", HEADER, TIME, TWIST, VECTOR3]
            }
            MessageType::Wrench => {
                &["std_msgs/Header header\ngeometry_msgs/Wrench wrench\n", HEADER, TIME, WRENCH, VECTOR3]
            }
            MessageType::Float64 => &["float64 data\n"],
            MessageType::Float64MultiArray => {
                &["std_msgs/MultiArrayLayout layout\nfloat64[] data\n", LAYOUT, DIMENSION]
            }
            MessageType::Bool => &["bool data\n"],
            MessageType::String => &["string data\n"],
            MessageType::UInt64 => &["uint64 data\n"],
            MessageType::Log => &[
                "byte DEBUG=10\nbyte INFO=20\nbyte WARN=30\nbyte ERROR=40\nbyte FATAL=50\n\
                 builtin_interfaces/Time stamp\nuint8 level\nstring name\nstring msg\nstring file\nstring function\n\
                 uint32 line\n",
                TIME,
            ],
        };
        parts.join(&format!("{}\n", "=".repeat(80)))
    }
}

/// Turns the values of one group into messages and back.
#[derive(Clone, Debug)]
pub struct GroupCodec {
    message: MessageType,
    /// Names of joints, or of a vector's numbers.
    names: Vec<String>,
    states: Vec<String>,
    frame: String,
}

impl GroupCodec {
    /// For a group.
    #[must_use]
    pub fn new(spec: &GroupSpec) -> GroupCodec {
        let message = MessageType::of(spec);
        let names = match message {
            MessageType::JointState => {
                spec.elements.iter().filter_map(|e| joint_of(spec, &e.name)).map(str::to_owned).collect()
            }
            _ => spec.elements.iter().map(|e| e.name.clone()).collect(),
        };
        let states = match &spec.kind {
            GroupKind::State(states) => states.clone(),
            _ => Vec::new(),
        };
        GroupCodec { message, names, states, frame: spec.frame.clone().unwrap_or_default() }
    }

    /// The message type.
    #[must_use]
    pub fn message(&self) -> MessageType {
        self.message
    }

    /// Writes the group's message into `out`, which it empties first. `values` are those of the group, in its order;
    /// `stamp` is the instant at which they were taken, and `Time::ZERO` says that they may not be used, as CRTK has it.
    pub fn encode(&self, stamp: Time, values: &[f64], out: &mut Vec<u8>) {
        let mut w = CdrWriter::new(out);
        let first = values.first().copied().unwrap_or(0.0);
        match self.message {
            MessageType::JointState => {
                let joints = self.names.len();
                header(&mut w, stamp, &self.frame);
                w.string_sequence(&self.names);
                for field in 0..3 {
                    w.f64_sequence(values.get(field * joints..(field + 1) * joints).unwrap_or(&[]));
                }
            }
            MessageType::Pose
            | MessageType::Point
            | MessageType::Quaternion
            | MessageType::Twist
            | MessageType::Wrench => {
                header(&mut w, stamp, &self.frame);
                values.iter().for_each(|value| w.f64(*value));
            }
            MessageType::Float64 => w.f64(first),
            MessageType::Float64MultiArray => {
                let len = u32::try_from(values.len()).unwrap_or(u32::MAX);
                w.u32(1);
                w.string("element");
                w.u32(len);
                w.u32(len);
                w.u32(0);
                w.f64_sequence(values);
            }
            MessageType::Bool => w.bool(first != 0.0),
            MessageType::String => {
                w.string(self.states.get(first as usize).map_or("", String::as_str));
            }
            MessageType::UInt64 => w.u64(first as u64),
            MessageType::Log => {}
        }
    }

    /// Appends to `out` the group's values that a message holds, in the group's order.
    ///
    /// # Errors
    /// [`CdrError`] where the bytes are not such a message.
    pub fn decode(&self, bytes: &[u8], out: &mut Vec<f64>) -> Result<(), CdrError> {
        let mut r = CdrReader::new(bytes)?;
        let mut numbers = |r: &mut CdrReader<'_>, count: usize| -> Result<(), CdrError> {
            skip_header(r)?;
            for _ in 0..count {
                out.push(r.f64()?);
            }
            Ok(())
        };
        match self.message {
            MessageType::Pose => numbers(&mut r, 7),
            MessageType::Point => numbers(&mut r, 3),
            MessageType::Quaternion => numbers(&mut r, 4),
            MessageType::Twist | MessageType::Wrench => numbers(&mut r, 6),
            MessageType::JointState => {
                skip_header(&mut r)?;
                r.skip_string_sequence()?;
                (0..3).try_for_each(|_| r.f64_sequence(out))
            }
            MessageType::Float64 => r.f64().map(|value| out.push(value)),
            MessageType::Float64MultiArray => {
                for _ in 0..r.u32()? {
                    r.string()?;
                    r.u32()?;
                    r.u32()?;
                }
                r.u32()?;
                r.f64_sequence(out)
            }
            MessageType::Bool => r.bool().map(|value| out.push(f64::from(u8::from(value)))),
            MessageType::String => {
                let name = r.string()?;
                let state = self.states.iter().position(|state| state == name);
                out.push(
                    state.ok_or(CdrError::BadValue { what: "a state that the group does not have" })? as f64
                );
                Ok(())
            }
            MessageType::UInt64 => r.u64().map(|value| out.push(value as f64)),
            MessageType::Log => Err(CdrError::BadValue { what: "a log message" }),
        }
    }
}

/// The joint of which an element is the position. A group of one joint may leave its name out: then it is that of the
/// part, `psm1.jaw.measured_js` being of the jaw.
fn joint_of<'a>(spec: &'a GroupSpec, element: &'a str) -> Option<&'a str> {
    let part = || spec.path.rsplit('.').nth(1).unwrap_or(&spec.path);
    element.strip_prefix(POSITION).or_else(|| (element == "position").then(part))
}

/// Severities of `rcl_interfaces/msg/Log`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LogLevel {
    /// Something happened.
    Info = 20,
    /// A fault began or ended.
    Warn = 30,
    /// Something outside failed.
    Error = 40,
}

/// Writes a log message: `kind` stands in its field `name`, `text` in `msg`.
pub fn encode_log(at: Time, level: LogLevel, kind: &str, text: &str, out: &mut Vec<u8>) {
    let mut w = CdrWriter::new(out);
    time(&mut w, at);
    w.u8(level as u8);
    w.string(kind);
    w.string(text);
    w.string("");
    w.string("");
    w.u32(0);
}

/// The fields `name` and `msg` of a log message.
///
/// # Errors
/// [`CdrError`] where the bytes are not such a message.
pub fn decode_log(bytes: &[u8]) -> Result<(&str, &str), CdrError> {
    let mut r = CdrReader::new(bytes)?;
    r.i32()?;
    r.u32()?;
    r.u8()?;
    Ok((r.string()?, r.string()?))
}

fn time(w: &mut CdrWriter<'_>, stamp: Time) {
    w.i32(i32::try_from(stamp.0 / NANOS_PER_SECOND).unwrap_or(i32::MAX));
    w.u32((stamp.0 % NANOS_PER_SECOND) as u32);
}

fn header(w: &mut CdrWriter<'_>, stamp: Time, frame: &str) {
    time(w, stamp);
    w.string(frame);
}

fn skip_header(r: &mut CdrReader<'_>) -> Result<(), CdrError> {
    r.i32()?;
    r.u32()?;
    r.string()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use trocar_control::JointKind;
    use trocar_control::joint::{jaw_position_group, jaw_state_group};
    use trocar_signal::{Dimension, GroupSpec};

    fn specs() -> Vec<GroupSpec> {
        let joints = [("yaw", Dimension::ANGLE), ("insertion", Dimension::LENGTH)];
        let mut twist = GroupSpec::point("t", "b", "p");
        twist.kind = GroupKind::Twist;
        let mut wrench = twist.clone();
        wrench.kind = GroupKind::Wrench;
        for spec in [&mut twist, &mut wrench] {
            spec.elements = (0..6)
                .map(|i| trocar_signal::Element { name: format!("e{i}"), dimension: Dimension::NUMBER })
                .collect();
        }
        let mut rotation = GroupSpec::point("r", "b", "p");
        rotation.kind = GroupKind::Rotation;
        rotation.elements = ["x", "y", "z", "w"]
            .map(|n| trocar_signal::Element { name: n.to_owned(), dimension: Dimension::NUMBER })
            .to_vec();
        let vector =
            ["a", "b"].map(|n| trocar_signal::Element { name: n.to_owned(), dimension: Dimension::FORCE });
        vec![
            GroupSpec::joint_state("psm1.measured_js", joints),
            GroupSpec::joint_positions("psm1.servo_jp", joints),
            // Of one joint without a name: such a message once held no numbers at all.
            jaw_state_group("psm1.jaw.measured_js", JointKind::Revolute),
            jaw_position_group("psm1.jaw.servo_jp", JointKind::Revolute),
            GroupSpec::pose("psm1.measured_cp", "psm1.base", "psm1.tool_tip"),
            GroupSpec::point("tracker.tool_tip", "tracker", "psm1.tool_tip"),
            rotation,
            twist,
            wrench,
            GroupSpec::scalar("psm1.yaw.motor.current", Dimension::CURRENT),
            GroupSpec::vector("v", vector.to_vec()),
            GroupSpec::flag("psm1.is_homed"),
            GroupSpec::state("psm1.operating_state", &["DISABLED", "ENABLED"]),
            GroupSpec::event("psm1.error_event"),
        ]
    }

    #[test]
    fn every_kind_of_group_survives_its_message() {
        for spec in specs() {
            let codec = GroupCodec::new(&spec);
            let whole = matches!(spec.kind, GroupKind::State(_) | GroupKind::Event);
            let values: Vec<f64> =
                (0..spec.elements.len()).map(|i| if whole { 1.0 } else { 0.1 + i as f64 }).collect();
            let (mut bytes, mut back) = (Vec::new(), Vec::new());
            codec.encode(Time(1_500_000_000), &values, &mut bytes);
            codec.decode(&bytes, &mut back).unwrap();
            assert_eq!(back, values, "{}", spec.path);
            for len in 0..bytes.len() {
                let mut none = Vec::new();
                let whole = codec.decode(&bytes[..len], &mut none);
                assert!(whole.is_err(), "{}: {len} of {} bytes were enough", spec.path, bytes.len());
            }
        }
    }

    /// The rule of `ros2msg`: each type that a definition names stands in it, and none twice.
    #[test]
    fn definitions_hold_every_type_that_they_name() {
        let types = specs().iter().map(MessageType::of).chain([MessageType::Log]).collect::<Vec<_>>();
        for message in types {
            let definition = message.definition();
            let defined: Vec<&str> = definition.lines().filter_map(|l| l.strip_prefix("MSG: ")).collect();
            for line in definition.lines().filter(|l| !l.starts_with("MSG: ") && !l.starts_with("====")) {
                let named = line.split(' ').next().unwrap_or("").trim_end_matches("[]");
                assert!(
                    !named.contains('/') || defined.contains(&named),
                    "{message:?}: {named} is not defined"
                );
            }
            for name in &defined {
                assert_eq!(defined.iter().filter(|d| *d == name).count(), 1);
                assert!(definition.matches(name).count() > 1, "{message:?}: nothing uses {name}");
            }
        }
    }

    #[test]
    fn an_event_of_a_run_reads_back() {
        let mut bytes = Vec::new();
        encode_log(Time(2), LogLevel::Warn, "fault_active", "knee_stuck", &mut bytes);
        assert_eq!(decode_log(&bytes), Ok(("fault_active", "knee_stuck")));
    }
}
