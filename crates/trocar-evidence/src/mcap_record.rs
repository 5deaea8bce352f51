//! Recordings: groups of a run as ROS 2 messages in an MCAP file, which Foxglove and Rerun open as it is.
//!
//! - One channel per group, under the group's path with `/` for `.`: `psm1.measured_js` is `/psm1/measured_js`. The
//!   channel's metadata hold the group's declaration as JSON under [`GROUP_KEY`], so that nothing is lost.
//! - At each instant of the recording's rate, a group is recorded if it was written since it was recorded last. What
//!   nobody has written yet is not recorded.
//! - `log_time` is that instant; `publish_time`, and the stamp of messages that have one, is when the values were taken.
//!   Both are simulated time. A stamp of 0 says that the values may not be used, as CRTK has it; values that may be used
//!   and were taken at the very start are stamped 1 ns.
//! - Phases and faults are messages of [`EVENT_TOPIC`].
//! - The metadata record [`ABOUT_RECORD`] says what was run, [`UNITS_RECORD`] the unit of every number.
//!
//! Equal runs give equal bytes: no clock, no host, no version of a library stands in a recording, and one thread
//! compresses. Memory stays flat but for an index entry of some hundred bytes per chunk of [`CHUNK_BYTES`].

use crate::message::{GroupCodec, LogLevel, MessageType, encode_log};
use mcap::records::{MessageHeader, Metadata};
use mcap::{Compression, McapError, WriteOptions};
use std::collections::BTreeMap;
use std::io::{Seek, Write};
use trocar_signal::{ElementRef, GroupId, GroupSpec, Layout, Table, Time};

/// What the header of a recording names as its library. It changes with the form of recordings, not with versions.
pub const LIBRARY: &str = "trocar recording 1";
/// The topic of what happened in a run.
pub const EVENT_TOPIC: &str = "/trocar/events";
/// The metadata record that says what was run.
pub const ABOUT_RECORD: &str = "trocar";
/// The metadata record that gives the unit of every number by its path.
pub const UNITS_RECORD: &str = "trocar units";
/// The key of a channel's metadata under which the group's declaration stands as JSON.
pub const GROUP_KEY: &str = "group";
/// Size before compression at which a chunk is closed: what is lost at most when a run is killed.
pub const CHUNK_BYTES: u64 = 1024 * 1024;

/// The topic of a group.
#[must_use]
pub fn topic(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}

/// The groups that hold the given elements, each once, in the order of the layout.
#[must_use]
pub fn groups_of(elements: &[ElementRef]) -> Vec<GroupId> {
    let mut groups: Vec<GroupId> = elements.iter().map(|element| element.group).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// One group in a recording.
struct Lane {
    group: GroupId,
    channel: u16,
    codec: GroupCodec,
    /// The sequence that was recorded last; 0: none.
    recorded: u64,
}

/// Writes a recording.
pub struct Recorder<W: Write + Seek> {
    writer: mcap::Writer<W>,
    lanes: Vec<Lane>,
    events: u16,
    event_count: u32,
    bytes: Vec<u8>,
}

impl<W: Write + Seek> Recorder<W> {
    /// Begins a recording of the given groups. `about` says what is run: scenario, case, digests, seed.
    ///
    /// # Errors
    /// As `out` fails.
    pub fn new(
        out: W,
        layout: &Layout,
        groups: &[GroupId],
        about: &BTreeMap<String, String>,
    ) -> std::io::Result<Recorder<W>> {
        let mut writer = WriteOptions::new()
            .profile("ros2")
            .library(LIBRARY)
            .compression(Some(Compression::Zstd))
            .compression_threads(0)
            .chunk_size(Some(CHUNK_BYTES))
            .create(out)
            .map_err(io)?;
        writer
            .write_metadata(&Metadata { name: ABOUT_RECORD.to_owned(), metadata: about.clone() })
            .map_err(io)?;
        let units = groups.iter().flat_map(|group| units(layout.spec(*group))).collect();
        writer.write_metadata(&Metadata { name: UNITS_RECORD.to_owned(), metadata: units }).map_err(io)?;
        let events = channel(&mut writer, MessageType::Log, EVENT_TOPIC, &BTreeMap::new())?;
        let mut lanes = Vec::with_capacity(groups.len());
        for group in groups {
            let spec = layout.spec(*group);
            let declaration = serde_json::to_string(spec)?;
            let metadata = BTreeMap::from([(GROUP_KEY.to_owned(), declaration)]);
            let codec = GroupCodec::new(spec);
            let channel = channel(&mut writer, codec.message(), &topic(&spec.path), &metadata)?;
            lanes.push(Lane { group: *group, channel, codec, recorded: 0 });
        }
        Ok(Recorder { writer, lanes, events, event_count: 0, bytes: Vec::new() })
    }

    /// Records what was written since the last time. `table` has the layout that the recording began with.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn record(&mut self, now: Time, table: &Table) -> std::io::Result<()> {
        for lane in &mut self.lanes {
            let header = table.header(lane.group);
            if header.sequence == lane.recorded {
                continue;
            }
            lane.recorded = header.sequence;
            let stamp = if header.valid == 1 { Time(header.stamp.0.max(1)) } else { Time::ZERO };
            lane.codec.encode(stamp, table.values(lane.group), &mut self.bytes);
            let header = MessageHeader {
                channel_id: lane.channel,
                sequence: header.sequence as u32,
                log_time: now.0,
                publish_time: stamp.0,
            };
            self.writer.write_to_known_channel(&header, &self.bytes).map_err(io)?;
        }
        Ok(())
    }

    /// Records something that happened.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn event(&mut self, now: Time, level: LogLevel, kind: &str, text: &str) -> std::io::Result<()> {
        encode_log(now, level, kind, text, &mut self.bytes);
        self.event_count += 1;
        let header = MessageHeader {
            channel_id: self.events,
            sequence: self.event_count,
            log_time: now.0,
            publish_time: now.0,
        };
        self.writer.write_to_known_channel(&header, &self.bytes).map_err(io)
    }

    /// Ends the recording with its index and gives the medium back. Without this the file can be read from its
    /// beginning, up to the last whole chunk.
    ///
    /// # Errors
    /// As the medium fails.
    pub fn finish(mut self) -> std::io::Result<W> {
        self.writer.finish().map_err(io)?;
        Ok(self.writer.into_inner())
    }
}

fn channel<W: Write + Seek>(
    writer: &mut mcap::Writer<W>,
    message: MessageType,
    topic: &str,
    metadata: &BTreeMap<String, String>,
) -> std::io::Result<u16> {
    let schema =
        writer.add_schema(message.schema_name(), "ros2msg", message.definition().as_bytes()).map_err(io)?;
    writer.add_channel(schema, topic, "cdr", metadata).map_err(io)
}

fn units(spec: &GroupSpec) -> impl Iterator<Item = (String, String)> {
    spec.elements.iter().enumerate().map(|(at, e)| (spec.element_path(at), e.dimension.si_unit()))
}

fn io(error: McapError) -> std::io::Error {
    match error {
        McapError::Io(error) => error,
        other => std::io::Error::other(other),
    }
}
