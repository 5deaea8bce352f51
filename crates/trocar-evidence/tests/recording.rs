//! Recordings: what stands in the file, read by others; the same bytes twice; damage; tables of text.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod ros2;

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::io::Cursor;
use trocar_evidence::csv::{CsvError, write_csv};
use trocar_evidence::mcap_record::{ABOUT_RECORD, LIBRARY, Recorder, UNITS_RECORD, groups_of};
use trocar_evidence::message::LogLevel;
use trocar_evidence::recording::{Item, RecordingError, scan};
use trocar_signal::{Dimension, GroupId, GroupSpec, Layout, Rate, Table, Time};

fn layout() -> Layout {
    let joints = [("yaw", Dimension::ANGLE), ("insertion", Dimension::LENGTH)];
    let mut layout = Layout::default();
    for spec in [
        GroupSpec::joint_state("psm1.measured_js", joints),
        GroupSpec::pose("psm1.measured_cp", "psm1.base", "psm1.tool_tip"),
        GroupSpec::state("psm1.operating_state", &["DISABLED", "ENABLED, \"homed\""]),
        GroupSpec::flag("psm1.is_homed"),
        GroupSpec::scalar("psm1.yaw.motor.current", Dimension::CURRENT),
        GroupSpec::event("psm1.error_event"),
        GroupSpec::point("tracker.tool_tip", "tracker", "psm1.tool_tip"),
        GroupSpec::joint_positions("psm1.servo_jp", joints),
    ] {
        layout.add(spec).unwrap();
    }
    layout
}

const NEVER_WRITTEN: &str = "psm1.servo_jp";

/// A run of `count` instants at 100 Hz. Joints move, the current is written at every fifth instant, the pose may not be
/// used in the first half, the state changes once.
fn record(count: u64) -> Vec<u8> {
    let layout = layout();
    let mut table = Table::new(&layout);
    let groups: Vec<GroupId> = layout.groups().map(|(id, _)| id).collect();
    let about = BTreeMap::from([("scenario".to_owned(), "a test".to_owned())]);
    let mut recorder = Recorder::new(Cursor::new(Vec::new()), &layout, &groups, &about).unwrap();
    let rate = Rate::new(100, 1).unwrap();
    for k in 0..count {
        let now = rate.instant(k);
        let mut write = |path: &str, valid: bool, values: &[f64]| {
            table.write(layout.group(path).unwrap(), now, valid, values);
        };
        let x = k as f64 / 3.0;
        write("psm1.measured_js", true, &[x, -x, 0.1, 0.2, 0.3, 0.4]);
        write("psm1.measured_cp", k >= count / 2, &[x, 2.0, 3.0, 0.0, 0.0, 0.0, 1.0]);
        write("tracker.tool_tip", true, &[x, x, x]);
        if k % 5 == 0 {
            write("psm1.yaw.motor.current", true, &[x]);
        }
        if k == 0 || k == count / 2 {
            write("psm1.operating_state", true, &[if k == 0 { 0.0 } else { 1.0 }]);
            write("psm1.is_homed", true, &[1.0]);
            write("psm1.error_event", true, &[k as f64]);
            recorder.event(now, LogLevel::Info, "phase", "walk").unwrap();
        }
        recorder.record(now, &table).unwrap();
    }
    recorder.finish().unwrap().into_inner()
}

/// Reads with the `mcap` crate and decodes by the definitions that the file holds.
fn decoded(bytes: &[u8]) -> Vec<(String, u64, u64, ros2::Value)> {
    mcap::MessageStream::new(bytes)
        .unwrap()
        .map(|message| {
            let message = message.unwrap();
            let schema = message.channel.schema.clone().unwrap();
            assert_eq!(
                (schema.encoding.as_str(), message.channel.message_encoding.as_str()),
                ("ros2msg", "cdr")
            );
            let value = ros2::decode(std::str::from_utf8(&schema.data).unwrap(), &message.data);
            (message.channel.topic.clone(), message.log_time, message.publish_time, value)
        })
        .collect()
}

#[test]
fn others_read_every_group_by_the_definitions_in_the_file() {
    let bytes = record(100);
    let all = decoded(&bytes);
    let of = |topic: &str| all.iter().filter(|m| m.0 == topic).collect::<Vec<_>>();

    let joints = of("/psm1/measured_js");
    assert_eq!(joints.len(), 100);
    let (_, log, publish, js) = joints[30];
    assert_eq!((*log, *publish), (300_000_000, 300_000_000));
    assert_eq!((js.number("header.stamp.sec"), js.number("header.stamp.nanosec")), (0.0, 300e6));
    assert_eq!((js.text("name.0"), js.text("name.1")), ("yaw", "insertion"));
    assert_eq!((js.number("position.0"), js.number("position.1")), (10.0, -10.0));
    assert_eq!((js.number("velocity.1"), js.number("effort.0")), (0.2, 0.3));

    // Values that may not be used are stamped 0; those that may never are, not even at the start.
    let poses = of("/psm1/measured_cp");
    let stamp = |v: &ros2::Value| v.number("header.stamp.sec") * 1e9 + v.number("header.stamp.nanosec");
    assert_eq!((stamp(&poses[49].3), poses[49].2), (0.0, 0));
    assert_eq!((stamp(&poses[50].3), poses[50].2), (5e8, 500_000_000));
    assert_eq!(stamp(&joints[0].3), 1.0);
    assert_eq!(poses[51].3.text("header.frame_id"), "psm1.base");
    assert_eq!(poses[51].3.number("pose.position.x"), 17.0);
    assert_eq!(poses[51].3.number("pose.orientation.w"), 1.0);

    assert_eq!(of("/tracker/tool_tip")[3].3.number("point.z"), 1.0);
    assert_eq!(of("/psm1/yaw/motor/current").len(), 20, "recorded when written, not otherwise");
    assert_eq!(of("/psm1/operating_state")[1].3.text("data"), "ENABLED, \"homed\"");
    assert_eq!(of("/psm1/is_homed")[0].3.number("data"), 1.0);
    assert_eq!(of("/psm1/error_event")[1].3.number("data"), 50.0);
    assert_eq!(of("/psm1/servo_jp").len(), 0, "nobody has written it");
    let events = of("/trocar/events");
    assert_eq!((events.len(), events[1].3.text("name"), events[1].3.text("msg")), (2, "phase", "walk"));
}

#[test]
fn the_file_says_what_was_run_and_in_which_units() {
    let bytes = record(10);
    let summary = mcap::Summary::read(&bytes).unwrap().unwrap();
    let metadata: BTreeMap<String, BTreeMap<String, String>> = summary
        .metadata_indexes
        .iter()
        .map(|index| mcap::read::metadata(&bytes, index).unwrap())
        .map(|m| (m.name, m.metadata))
        .collect();
    assert_eq!(metadata[ABOUT_RECORD]["scenario"], "a test");
    assert_eq!(metadata[UNITS_RECORD]["psm1.measured_js.effort.insertion"], "N");
    assert_eq!(metadata[UNITS_RECORD]["psm1.yaw.motor.current"], "A");
    let Some(Ok(mcap::records::Record::Header(header))) =
        mcap::read::LinearReader::new(&bytes).unwrap().next()
    else {
        panic!("a header comes first")
    };
    assert_eq!((header.profile.as_str(), header.library.as_str()), ("ros2", LIBRARY));
}

#[test]
fn the_same_run_gives_the_same_bytes() {
    // More than one chunk: 8000 instants of about 300 bytes.
    let bytes = record(8000);
    assert!(mcap::Summary::read(&bytes).unwrap().unwrap().chunk_indexes.len() > 1);
    assert_eq!(bytes, record(8000));
}

#[test]
fn elements_select_their_groups_once() {
    let layout = layout();
    let mut elements = layout.matching("psm1.measured_js.position.*");
    elements.extend(layout.matching("psm1.measured_js.velocity.yaw"));
    elements.insert(0, layout.element("psm1.is_homed").unwrap());
    let groups = groups_of(&elements);
    assert_eq!(groups, [layout.group("psm1.measured_js").unwrap(), layout.group("psm1.is_homed").unwrap()]);
}

/// Everything that [`scan`] gives, as text, and how it ended.
fn scanned(bytes: &[u8]) -> (Vec<String>, Result<(), RecordingError>) {
    let mut items = Vec::new();
    let end = scan(bytes, |item| {
        items.push(format!("{item:?}"));
        Ok(())
    });
    (items, end)
}

#[test]
fn a_scan_gives_what_was_recorded() {
    let layout = layout();
    let bytes = record(20);
    let mut groups = Vec::new();
    let mut currents = Vec::new();
    let mut poses = Vec::new();
    scan::<RecordingError>(bytes.as_slice(), |item| {
        match item {
            Item::Group(spec) => groups.push(spec.clone()),
            Item::Values { group: 4, at, stamp, values } => currents.push((at, stamp, values.to_vec())),
            Item::Values { group: 1, stamp, .. } => poses.push(stamp.is_some()),
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    let declared: Vec<GroupSpec> = layout.groups().map(|(_, spec)| spec.clone()).collect();
    assert_eq!(groups, declared, "a declaration loses nothing");
    assert_eq!(currents.len(), 4);
    assert_eq!(currents[1], (Time(50_000_000), Some(Time(50_000_000)), vec![5.0 / 3.0]));
    assert_eq!(poses, [[false; 10], [true; 10]].concat());
}

#[test]
fn a_recording_that_breaks_off_is_read_up_to_there() {
    let bytes = record(8000);
    let (all, end) = scanned(&bytes);
    assert!(end.is_ok());
    let (some, end) = scanned(&bytes[..bytes.len() * 2 / 3]);
    assert!(matches!(end, Err(RecordingError::BreaksOff { after: Some(_) })), "{end:?}");
    assert!(some.len() > 100 && some.len() < all.len());
    assert_eq!(some[..], all[..some.len()]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever became of the bytes, reading ends, and what it gives as read is what was written: checksums stand
    /// over all messages.
    #[test]
    fn damage_never_panics_and_is_never_taken_for_data(
        flips in prop::collection::vec((any::<prop::sample::Index>(), 1u8..=255), 1..4),
        cut in any::<prop::sample::Index>(),
        truncate in any::<bool>(),
    ) {
        let whole = record(40);
        let mut bytes = whole.clone();
        if truncate {
            bytes.truncate(cut.index(whole.len()));
        } else {
            for (at, flip) in &flips {
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
            }
        }
        let values = |items: Vec<String>| items.into_iter().filter(|i| i.starts_with("Values")).collect::<Vec<_>>();
        let (items, _) = scanned(&bytes);
        let (all, _) = scanned(&whole);
        let (items, all) = (values(items), values(all));
        prop_assert!(items.len() <= all.len());
        prop_assert_eq!(&items[..], &all[..items.len()]);
        let _ = write_csv(bytes.as_slice(), &[], Vec::new());
    }
}

fn csv(bytes: &[u8], patterns: &[&str]) -> (String, Result<u64, CsvError>) {
    let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
    let mut out = Vec::new();
    let rows = write_csv(bytes, &patterns, &mut out);
    (String::from_utf8(out).unwrap(), rows)
}

#[test]
fn a_table_names_units_and_reads_back_to_the_bit() {
    let (text, rows) = csv(&record(100), &["psm1.measured_js.position.*", "psm1.yaw.motor.current"]);
    assert_eq!(rows.unwrap(), 100);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "time_s,psm1.measured_js.position.yaw [rad],psm1.measured_js.position.insertion [m],psm1.yaw.motor.current [A]"
    );
    assert_eq!(lines.len(), 102, "head, rows, and nothing after the last line's end");
    let cells: Vec<&str> = lines[8].split(',').collect();
    assert_eq!(cells[0], "0.070000000");
    assert_eq!(cells[1].parse::<f64>().unwrap().to_bits(), (7.0 / 3.0_f64).to_bits());
    assert_eq!(cells[3].parse::<f64>().unwrap(), 5.0 / 3.0, "the last value is held");
}

#[test]
fn cells_are_empty_where_nothing_may_be_used_and_texts_are_quoted() {
    let (text, _) = csv(&record(10), &["psm1.measured_cp.position.x", "psm1.operating_state", NEVER_WRITTEN]);
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(
        lines[0],
        "time_s,psm1.measured_cp.position.x [m],psm1.operating_state,psm1.servo_jp.position.yaw [rad],\
         psm1.servo_jp.position.insertion [m]"
    );
    assert_eq!(lines[1], "0.000000000,,DISABLED,,");
    assert_eq!(lines[6], "0.050000000,1.6666666666666667e0,\"ENABLED, \"\"homed\"\"\",,");
}

#[test]
fn a_pattern_that_fits_nothing_is_an_error_with_the_nearest_name() {
    let (text, rows) = csv(&record(2), &["psm1.yaw.motor.curent"]);
    let error = rows.unwrap_err();
    assert!(error.to_string().contains("did you mean `psm1.yaw.motor.current`"), "{error}");
    assert_eq!(text, "");
}

#[test]
fn a_table_of_a_recording_that_breaks_off_holds_the_rows_before() {
    let bytes = record(8000);
    let (text, rows) = csv(&bytes[..bytes.len() / 2], &["tracker.tool_tip"]);
    assert!(matches!(rows, Err(CsvError::Recording(RecordingError::BreaksOff { .. }))));
    let (whole, _) = csv(&bytes, &["tracker.tool_tip"]);
    assert!(text.lines().count() > 10 && whole.starts_with(&text));
}
