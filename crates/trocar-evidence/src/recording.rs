//! Reads recordings from their beginning, in memory that does not grow with them. A recording that breaks off (a run
//! that was killed) is read up to there.

use crate::cdr::CdrError;
use crate::mcap_record::{ABOUT_RECORD, EVENT_TOPIC, GROUP_KEY};
use crate::message::{GroupCodec, decode_log};
use mcap::McapError;
use mcap::records::Record;
use mcap::sans_io::{LinearReadEvent, LinearReader, LinearReaderOptions};
use std::collections::BTreeMap;
use std::io::Read;
use trocar_signal::{GroupSpec, Time};

/// The largest record that is read, in bytes: a chunk has one mebibyte and one message before compression.
const MAX_RECORD_BYTES: usize = 64 * 1024 * 1024;

/// Why a recording cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The medium fails.
    #[error("the recording cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// It breaks off; everything before was given.
    #[error("the recording breaks off{}; it holds the run up to there", .after.map(|t| format!(" after {t}")).unwrap_or_default())]
    BreaksOff {
        /// The last instant that was read.
        after: Option<Time>,
    },
    /// Its bytes are not those that were written.
    #[error("the recording is damaged{}: {source}", .after.map(|t| format!(" after {t}")).unwrap_or_default())]
    Damaged {
        /// The last instant that was read.
        after: Option<Time>,
        /// What is wrong.
        source: McapError,
    },
    /// A message is not what its channel says.
    #[error("the recording is damaged at {at}: {group}: {source}")]
    Message {
        /// The group.
        group: String,
        /// When.
        at: Time,
        /// What is wrong.
        source: CdrError,
    },
    /// A channel without a group's declaration, or with one that makes no sense.
    #[error("`{topic}` is no group of Trocar's: {why}")]
    NotAGroup {
        /// The channel's topic.
        topic: String,
        /// What is wrong.
        why: String,
    },
}

/// What a recording holds, in its order.
#[derive(Debug, PartialEq)]
pub enum Item<'a> {
    /// What was run.
    About(&'a BTreeMap<String, String>),
    /// A group that is recorded. They are numbered from 0 in this order.
    Group(&'a GroupSpec),
    /// The values of a group.
    Values {
        /// Which group.
        group: usize,
        /// When they were recorded.
        at: Time,
        /// When they were taken; `None`: they may not be used.
        stamp: Option<Time>,
        /// As many as the group has.
        values: &'a [f64],
    },
    /// Something that happened.
    Event {
        /// When.
        at: Time,
        /// `phase`, `fault_active` or `fault_cleared`.
        kind: &'a str,
        /// The name of the phase or fault.
        name: &'a str,
    },
}

struct Lane {
    spec: GroupSpec,
    codec: GroupCodec,
}

enum Place {
    Group(usize),
    Events,
}

/// Reads a recording and hands every item to `visit`.
///
/// # Errors
/// [`RecordingError`], or whatever `visit` returns.
pub fn scan<E: From<RecordingError>>(
    mut input: impl Read,
    mut visit: impl FnMut(Item<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let options = LinearReaderOptions::default()
        .with_prevalidate_chunk_crcs(true)
        .with_validate_data_section_crc(true)
        .with_record_length_limit(MAX_RECORD_BYTES);
    let mut reader = LinearReader::new_with_options(options);
    let mut places: BTreeMap<u16, Place> = BTreeMap::new();
    let mut lanes: Vec<Lane> = Vec::new();
    let mut values: Vec<f64> = Vec::new();
    let mut after = None;
    while let Some(event) = reader.next_event() {
        let (opcode, data) = match event.map_err(|e| broken(e, after))? {
            LinearReadEvent::ReadRequest(wanted) => {
                let read = input.read(reader.insert(wanted)).map_err(RecordingError::from)?;
                reader.notify_read(read);
                continue;
            }
            LinearReadEvent::Record { opcode, data } => (opcode, data),
        };
        match mcap::parse_record(opcode, data).map_err(|e| broken(e, after))? {
            Record::Metadata(metadata) if metadata.name == ABOUT_RECORD => {
                visit(Item::About(&metadata.metadata))?;
            }
            // The index at the end repeats the channels.
            Record::Channel(channel) if !places.contains_key(&channel.id) => {
                if channel.topic == EVENT_TOPIC {
                    places.insert(channel.id, Place::Events);
                } else {
                    let lane = lane(&channel)?;
                    visit(Item::Group(&lane.spec))?;
                    places.insert(channel.id, Place::Group(lanes.len()));
                    lanes.push(lane);
                }
            }
            Record::Message { header, data } => {
                let at = Time(header.log_time);
                after = Some(at);
                let damaged =
                    |group: &str, source| RecordingError::Message { group: group.to_owned(), at, source };
                match places.get(&header.channel_id) {
                    Some(Place::Events) => {
                        let (kind, name) = decode_log(&data).map_err(|e| damaged(EVENT_TOPIC, e))?;
                        visit(Item::Event { at, kind, name })?;
                    }
                    Some(Place::Group(group)) => {
                        let Some(lane) = lanes.get(*group) else { continue };
                        values.clear();
                        lane.codec.decode(&data, &mut values).map_err(|e| damaged(&lane.spec.path, e))?;
                        if values.len() != lane.spec.elements.len() {
                            let source = CdrError::BadValue { what: "more or fewer numbers" };
                            return Err(damaged(&lane.spec.path, source).into());
                        }
                        let stamp = Some(Time(header.publish_time)).filter(|stamp| *stamp != Time::ZERO);
                        visit(Item::Values { group: *group, at, stamp, values: &values })?;
                    }
                    None => {
                        let unknown = McapError::UnknownChannel(header.sequence, header.channel_id);
                        return Err(broken(unknown, after).into());
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn lane(channel: &mcap::records::Channel) -> Result<Lane, RecordingError> {
    let fail = |why: String| RecordingError::NotAGroup { topic: channel.topic.clone(), why };
    let declaration = channel
        .metadata
        .get(GROUP_KEY)
        .ok_or_else(|| fail("its channel holds no declaration of a group".to_owned()))?;
    let spec: GroupSpec = serde_json::from_str(declaration).map_err(|e| fail(e.to_string()))?;
    Ok(Lane { codec: GroupCodec::new(&spec), spec })
}

fn broken(error: McapError, after: Option<Time>) -> RecordingError {
    match error {
        McapError::UnexpectedEof | McapError::UnexpectedEoc => RecordingError::BreaksOff { after },
        McapError::Io(error) => RecordingError::Io(error),
        source => RecordingError::Damaged { after, source },
    }
}
