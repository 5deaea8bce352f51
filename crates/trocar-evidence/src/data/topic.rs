//! A topic of an MCAP recording that others wrote (ROS 2: messages in CDR), as a table: each message is a row, each of its
//! fields a column. What reads CSV files reads it so.
//!
//! The time is that of the message's header, else when it was logged. A header without a time marks data that may not be
//! used (CRTK): such a row has 0 in `valid`, and stands right behind the one before.

use super::DataError;
use crate::cdr::{CdrError, CdrReader};
use mcap::records::Record;
use mcap::sans_io::{LinearReadEvent, LinearReader, LinearReaderOptions};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

/// The largest record that is read, in bytes.
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;
/// The most topics that are told of.
const MOST_TOLD: usize = 30;

/// What a field is in the bytes of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Field {
    F64(&'static str),
    F32(&'static str),
    /// An integer of so many bytes; whether it has a sign.
    Integer(&'static str, usize, bool),
    Bool(&'static str),
    Text(&'static str),
    /// Text that is no column.
    SkippedText,
    /// Numbers that are no columns.
    SkippedF64(usize),
}

use Field::{Bool, F32, F64, Integer, SkippedF64, SkippedText, Text};

/// How a message is laid out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// Whether there is a header, and the fields behind it.
    Fields(bool, &'static [Field]),
    JointState,
    Float64MultiArray,
}

const POSITION: [Field; 3] = [F64("position.x [m]"), F64("position.y [m]"), F64("position.z [m]")];
const POSE: [Field; 7] = [
    POSITION[0],
    POSITION[1],
    POSITION[2],
    F64("orientation.x"),
    F64("orientation.y"),
    F64("orientation.z"),
    F64("orientation.w"),
];
const TRANSFORM: [Field; 8] = [SkippedText, POSE[0], POSE[1], POSE[2], POSE[3], POSE[4], POSE[5], POSE[6]];

/// The types that are read, as `package/Type`.
const TYPES: [(&str, Form); 25] = [
    ("sensor_msgs/JointState", Form::JointState),
    ("std_msgs/Float64MultiArray", Form::Float64MultiArray),
    ("geometry_msgs/PoseStamped", Form::Fields(true, &POSE)),
    ("geometry_msgs/Pose", Form::Fields(false, &POSE)),
    ("geometry_msgs/TransformStamped", Form::Fields(true, &TRANSFORM)),
    ("geometry_msgs/PointStamped", Form::Fields(true, &POSITION)),
    ("geometry_msgs/Point", Form::Fields(false, &POSITION)),
    ("geometry_msgs/QuaternionStamped", Form::Fields(true, &[POSE[3], POSE[4], POSE[5], POSE[6]])),
    ("geometry_msgs/Vector3Stamped", Form::Fields(true, &[F64("x"), F64("y"), F64("z")])),
    ("geometry_msgs/Vector3", Form::Fields(false, &[F64("x"), F64("y"), F64("z")])),
    (
        "geometry_msgs/TwistStamped",
        Form::Fields(
            true,
            &[
                F64("linear.x [m/s]"),
                F64("linear.y [m/s]"),
                F64("linear.z [m/s]"),
                F64("angular.x [rad/s]"),
                F64("angular.y [rad/s]"),
                F64("angular.z [rad/s]"),
            ],
        ),
    ),
    (
        "geometry_msgs/WrenchStamped",
        Form::Fields(
            true,
            &[
                F64("force.x [N]"),
                F64("force.y [N]"),
                F64("force.z [N]"),
                F64("torque.x [N m]"),
                F64("torque.y [N m]"),
                F64("torque.z [N m]"),
            ],
        ),
    ),
    (
        "sensor_msgs/Imu",
        Form::Fields(
            true,
            &[
                POSE[3],
                POSE[4],
                POSE[5],
                POSE[6],
                SkippedF64(9),
                F64("angular_velocity.x [rad/s]"),
                F64("angular_velocity.y [rad/s]"),
                F64("angular_velocity.z [rad/s]"),
                SkippedF64(9),
                F64("linear_acceleration.x [m/s^2]"),
                F64("linear_acceleration.y [m/s^2]"),
                F64("linear_acceleration.z [m/s^2]"),
                SkippedF64(9),
            ],
        ),
    ),
    ("sensor_msgs/Temperature", Form::Fields(true, &[F64("temperature"), SkippedF64(1)])),
    ("std_msgs/Float64", Form::Fields(false, &[F64("data")])),
    ("std_msgs/Float32", Form::Fields(false, &[F32("data")])),
    ("std_msgs/Int8", Form::Fields(false, &[Integer("data", 1, true)])),
    ("std_msgs/Int16", Form::Fields(false, &[Integer("data", 2, true)])),
    ("std_msgs/Int32", Form::Fields(false, &[Integer("data", 4, true)])),
    ("std_msgs/Int64", Form::Fields(false, &[Integer("data", 8, true)])),
    ("std_msgs/UInt8", Form::Fields(false, &[Integer("data", 1, false)])),
    ("std_msgs/UInt32", Form::Fields(false, &[Integer("data", 4, false)])),
    ("std_msgs/UInt64", Form::Fields(false, &[Integer("data", 8, false)])),
    ("std_msgs/Bool", Form::Fields(false, &[Bool("data")])),
    ("std_msgs/String", Form::Fields(false, &[Text("data")])),
];

/// `geometry_msgs/msg/Pose` and `geometry_msgs/Pose` are the same type.
fn short(name: &str) -> String {
    name.replace("/msg/", "/")
}

fn form_of(name: &str) -> Option<Form> {
    let name = short(name);
    TYPES.iter().find(|(known, _)| *known == name).map(|(_, form)| *form)
}

/// The records of a recording, one after the other.
struct Records {
    input: BufReader<File>,
    reader: LinearReader,
}

impl Records {
    fn open(path: &Path) -> io::Result<Records> {
        let options = LinearReaderOptions::default()
            .with_prevalidate_chunk_crcs(true)
            .with_validate_data_section_crc(true)
            .with_record_length_limit(MAX_RECORD_BYTES);
        let input = BufReader::with_capacity(1 << 16, File::open(path)?);
        Ok(Records { input, reader: LinearReader::new_with_options(options) })
    }

    /// The next record; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Record<'static>>> {
        let damaged = |e: mcap::McapError| io::Error::new(io::ErrorKind::InvalidData, e.to_string());
        while let Some(event) = self.reader.next_event() {
            match event {
                Ok(LinearReadEvent::ReadRequest(wanted)) => {
                    let read = self.input.read(self.reader.insert(wanted))?;
                    self.reader.notify_read(read);
                }
                Ok(LinearReadEvent::Record { opcode, data }) => {
                    return mcap::parse_record(opcode, data).map(|r| Some(r.into_owned())).map_err(damaged);
                }
                Err(mcap::McapError::UnexpectedEof | mcap::McapError::UnexpectedEoc) => {
                    let what = "the recording breaks off; the program `mcap` mends it: mcap recover";
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
                }
                Err(error) => return Err(damaged(error)),
            }
        }
        Ok(None)
    }
}

/// The topics of a recording with their types, as far as it can be read.
fn topics(path: &Path) -> io::Result<BTreeMap<String, String>> {
    let mut records = Records::open(path)?;
    let (mut schemas, mut topics) = (BTreeMap::new(), BTreeMap::new());
    while let Ok(Some(record)) = records.next() {
        match record {
            Record::Schema { header, .. } => {
                schemas.insert(header.id, header.name);
            }
            Record::Channel(channel) => {
                let name = schemas.get(&channel.schema_id).map_or("", String::as_str);
                topics.insert(channel.topic, short(name));
            }
            _ => {}
        }
    }
    Ok(topics)
}

/// What people are told of a recording's topics.
pub fn topics_in_words(path: &Path) -> String {
    let Ok(topics) = topics(path) else { return String::new() };
    let list: Vec<String> =
        topics.iter().take(MOST_TOLD).map(|(topic, name)| format!("`{topic}` ({name})")).collect();
    let more = if topics.len() > MOST_TOLD { " …" } else { "" };
    format!("its topics are: {}{more}", list.join(", "))
}

/// A topic in the middle of being read: CSV text, message by message.
pub struct TopicText {
    records: Records,
    channel: u16,
    form: Form,
    /// Joint names, or as many numbers as the first message has.
    names: Vec<String>,
    /// The time of the row before, ns.
    before_ns: Option<i128>,
    text: Vec<u8>,
    at: usize,
}

impl TopicText {
    /// Finds the topic and writes the head, which the first message decides.
    pub fn open(path: &Path, shown: &str, topic: &str) -> Result<TopicText, DataError> {
        let cannot = |e: io::Error| DataError::new(shown, format!("cannot be read: {e}"));
        let mut records = Records::open(path).map_err(cannot)?;
        let mut schemas: BTreeMap<u16, String> = BTreeMap::new();
        let mut found: Option<(u16, Form)> = None;
        while let Some(record) = records.next().map_err(cannot)? {
            match record {
                Record::Schema { header, .. } => {
                    schemas.insert(header.id, header.name);
                }
                Record::Channel(channel) if channel.topic == topic && found.is_none() => {
                    let name = schemas.get(&channel.schema_id).map_or("", String::as_str);
                    let form = form_of(name).filter(|_| channel.message_encoding == "cdr");
                    let Some(form) = form else {
                        let known: Vec<&str> = TYPES.iter().map(|(name, _)| *name).collect();
                        let what = format!(
                            "the topic `{topic}` is of type `{}`, encoded as `{}`, which is not read",
                            short(name),
                            channel.message_encoding
                        );
                        return Err(DataError::new(shown, what)
                            .help(format!("export it as CSV; read are, in CDR: {}", known.join(", "))));
                    };
                    found = Some((channel.id, form));
                }
                Record::Message { header, data } => {
                    let Some((channel, form)) = found.filter(|(id, _)| *id == header.channel_id) else {
                        continue;
                    };
                    let mut own = TopicText {
                        records,
                        channel,
                        form,
                        names: Vec::new(),
                        before_ns: None,
                        text: Vec::new(),
                        at: 0,
                    };
                    own.head(&data)
                        .and_then(|()| own.row(header.log_time, &data))
                        .map_err(|e| DataError::new(shown, format!("the first message of `{topic}`: {e}")))?;
                    return Ok(own);
                }
                _ => {}
            }
        }
        let what = match found {
            Some(_) => format!("the topic `{topic}` has no message"),
            None => format!("there is no topic `{topic}`"),
        };
        Err(DataError::new(shown, what).help(topics_in_words(path)))
    }

    fn head(&mut self, data: &[u8]) -> Result<(), CdrError> {
        let mut columns = vec!["time [s]".to_owned(), "log_time [s]".to_owned(), "valid".to_owned()];
        match self.form {
            Form::Fields(_, fields) => columns.extend(fields.iter().filter_map(|field| match field {
                F64(name) | F32(name) | Integer(name, ..) | Bool(name) | Text(name) => {
                    Some((*name).to_owned())
                }
                SkippedText | SkippedF64(_) => None,
            })),
            Form::JointState => {
                let mut r = CdrReader::new(data)?;
                stamp(&mut r)?;
                for _ in 0..r.u32()? {
                    self.names.push(r.string()?.to_owned());
                }
                for quantity in ["position", "velocity", "effort"] {
                    columns.extend(self.names.iter().map(|name| format!("{quantity}.{name}")));
                }
            }
            Form::Float64MultiArray => {
                let mut r = CdrReader::new(data)?;
                let count = numbers_of_array(&mut r)?.len();
                self.names = (0..count).map(|place| place.to_string()).collect();
                columns.extend(self.names.iter().map(|place| format!("data.{place}")));
            }
        }
        let quoted: Vec<String> =
            columns.iter().map(|column| format!("\"{}\"", column.replace('"', "\"\""))).collect();
        self.line(&quoted.join(","));
        Ok(())
    }

    fn line(&mut self, line: &str) {
        // What stands in a name or a text must not end the line.
        let whole: String = line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.text.extend_from_slice(whole.as_bytes());
        self.text.push(b'\n');
    }

    fn row(&mut self, log_time: u64, data: &[u8]) -> Result<(), CdrError> {
        let mut r = CdrReader::new(data)?;
        let has_header = match self.form {
            Form::Fields(has_header, _) => has_header,
            Form::JointState => true,
            Form::Float64MultiArray => false,
        };
        let logged_ns = i128::from(log_time);
        let taken_ns = if has_header { Some(stamp(&mut r)?).filter(|ns| *ns != 0) } else { Some(logged_ns) };
        let at_ns = taken_ns.or(self.before_ns.map(|before| before + 1)).unwrap_or(logged_ns);
        self.before_ns = Some(at_ns);
        let mut line = String::new();
        // Writing to a text cannot fail.
        let seconds = |ns: i128| {
            let sign = if ns < 0 { "-" } else { "" };
            format!("{sign}{}.{:09}", ns.abs() / 1_000_000_000, ns.abs() % 1_000_000_000)
        };
        let _ = write!(line, "{},{},{}", seconds(at_ns), seconds(logged_ns), u8::from(taken_ns.is_some()));
        let number = |line: &mut String, value: f64| {
            let _ = if value.is_finite() { write!(line, ",{value:?}") } else { write!(line, ",NaN") };
        };
        match self.form {
            Form::Fields(_, fields) => {
                for field in fields {
                    match field {
                        F64(_) => number(&mut line, r.f64()?),
                        F32(_) => number(&mut line, f64::from(f32::from_bits(r.u32()?))),
                        Integer(_, bytes, signed) => {
                            let _ = write!(line, ",{}", integer(&mut r, *bytes, *signed)?);
                        }
                        Bool(_) => {
                            let _ = write!(line, ",{}", u8::from(r.bool()?));
                        }
                        Text(_) => {
                            let _ = write!(line, ",\"{}\"", r.string()?.replace('"', "\"\""));
                        }
                        SkippedText => {
                            r.string()?;
                        }
                        SkippedF64(count) => {
                            for _ in 0..*count {
                                r.f64()?;
                            }
                        }
                    }
                }
            }
            Form::JointState => {
                let mut names = Vec::new();
                for _ in 0..r.u32()? {
                    names.push(r.string()?.to_owned());
                }
                for _ in 0..3 {
                    let mut values = Vec::new();
                    r.f64_sequence(&mut values)?;
                    // A message may leave a quantity out, and name its joints in another order.
                    for name in &self.names {
                        let place = names.iter().position(|other| other == name);
                        match place.and_then(|place| values.get(place)) {
                            Some(value) => number(&mut line, *value),
                            None => line.push(','),
                        }
                    }
                }
            }
            Form::Float64MultiArray => {
                let values = numbers_of_array(&mut r)?;
                for place in 0..self.names.len() {
                    match values.get(place) {
                        Some(value) => number(&mut line, *value),
                        None => line.push(','),
                    }
                }
            }
        }
        self.line(&line);
        Ok(())
    }

    /// Writes the next message of the topic as text; nothing is left at the end.
    fn refill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.at = 0;
        while let Some(record) = self.records.next()? {
            if let Record::Message { header, data } = record
                && header.channel_id == self.channel
            {
                return self
                    .row(header.log_time, &data)
                    .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e.to_string()));
            }
        }
        Ok(())
    }
}

impl Read for TopicText {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for TopicText {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at >= self.text.len() {
            self.refill()?;
        }
        Ok(self.text.get(self.at..).unwrap_or_default())
    }

    fn consume(&mut self, count: usize) {
        self.at += count;
    }
}

/// A header's time in nanoseconds; its frame is passed over.
fn stamp(r: &mut CdrReader<'_>) -> Result<i128, CdrError> {
    let (seconds, nanos) = (r.i32()?, r.u32()?);
    r.string()?;
    Ok(i128::from(seconds) * 1_000_000_000 + i128::from(nanos))
}

fn integer(r: &mut CdrReader<'_>, bytes: usize, signed: bool) -> Result<i128, CdrError> {
    let mut raw = match bytes {
        1 => u64::from(r.u8()?),
        2 => u64::from(r.u16()?),
        4 => u64::from(r.u32()?),
        _ => r.u64()?,
    };
    if signed {
        let unused = 64 - 8 * bytes as u32;
        raw <<= unused;
        return Ok(i128::from(raw.cast_signed() >> unused));
    }
    Ok(i128::from(raw))
}

fn numbers_of_array(r: &mut CdrReader<'_>) -> Result<Vec<f64>, CdrError> {
    for _ in 0..r.u32()? {
        r.string()?;
        r.u32()?;
        r.u32()?;
    }
    r.u32()?;
    let mut values = Vec::new();
    r.f64_sequence(&mut values)?;
    Ok(values)
}
