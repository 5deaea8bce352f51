//! `trocar judge` on an MCAP recording that Trocar did not make: topics of a ROS 2 bag as the signals of a scenario.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use serde_json::Value as Json;
use std::collections::BTreeMap;
use trocar_evidence::cdr::CdrWriter;
use trocar_tests::Project;

/// A bag in the making.
struct Bag {
    writer: mcap::Writer<std::io::Cursor<Vec<u8>>>,
    channels: BTreeMap<String, u16>,
}

impl Bag {
    fn new() -> Bag {
        Bag { writer: mcap::Writer::new(std::io::Cursor::default()).unwrap(), channels: BTreeMap::new() }
    }

    fn topic(&mut self, topic: &str, kind: &str, encoding: &str) {
        let schema = self.writer.add_schema(kind, "ros2msg", b"").unwrap();
        let channel = self.writer.add_channel(schema, topic, encoding, &BTreeMap::new()).unwrap();
        self.channels.insert(topic.to_owned(), channel);
    }

    fn write(&mut self, topic: &str, log_ns: u64, data: &[u8]) {
        let header = mcap::records::MessageHeader {
            channel_id: self.channels[topic],
            sequence: 0,
            log_time: log_ns,
            publish_time: log_ns,
        };
        self.writer.write_to_known_channel(&header, data).unwrap();
    }

    fn bytes(mut self) -> Vec<u8> {
        self.writer.finish().unwrap();
        self.writer.into_inner().into_inner()
    }
}

fn header(w: &mut CdrWriter<'_>, stamp_ns: u64) {
    w.i32((stamp_ns / 1_000_000_000) as i32);
    w.u32((stamp_ns % 1_000_000_000) as u32);
    w.string("world");
}

fn pose(stamp_ns: u64, position_m: [f64; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = CdrWriter::new(&mut out);
    header(&mut w, stamp_ns);
    for value in position_m.into_iter().chain([0.0, 0.0, 0.0, 1.0]) {
        w.f64(value);
    }
    out
}

/// A joint state of one joint beside another one, whose order changes from message to message.
fn joints(stamp_ns: u64, at_rad: f64) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = CdrWriter::new(&mut out);
    header(&mut w, stamp_ns);
    let other = 7.0;
    let (names, values) = match (stamp_ns / 1_000_000) % 2 {
        0 => (["yaw", "pitch, the \"second\""], [at_rad, other]),
        _ => (["pitch, the \"second\"", "yaw"], [other, at_rad]),
    };
    w.string_sequence(&names.map(str::to_owned));
    w.f64_sequence(&values);
    w.f64_sequence(&[]);
    w.f64_sequence(&[]);
    out
}

fn result(project: &Project, folder: &str) -> Json {
    let path = project.path().join(folder).join("result.json");
    serde_json::from_slice(&std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
        .unwrap()
}

fn figures(project: &Project, folder: &str) -> Vec<(String, f64, f64)> {
    let result = result(project, folder);
    let figures = result["cases"][0]["figures"].as_array().unwrap();
    let figures = figures.iter().map(|figure| {
        let number = |key: &str| figure["figure"][key].as_f64().unwrap_or(f64::NAN);
        (figure["name"].as_str().unwrap().to_owned(), number("value"), number("expanded_uncertainty"))
    });
    figures.collect()
}

const BAG_MAP: &str = r#"
format = 1
kind   = "mapping"

[data.command]
topic = "/arm/servo_jp"

[data.gauge]
topic = "/gauge/joint"

[signals."recorder.command"]
data   = "command"
column = "position.yaw"
unit   = "rad"
event  = { kind = "crossings", level = "1 deg", edge = "rising" }

[signals."recorder.motion"]
data   = "gauge"
column = "data"
unit   = "rad"
event  = { kind = "crossings", level = "1 deg", edge = "rising" }
"#;

/// The command jumps by 2° every 0.4 s and back, and the joint follows 15 ms later on a ramp of 2 ms.
fn command_rad(ms: u64) -> f64 {
    if (ms / 200) % 2 == 1 { 2.0_f64.to_radians() } else { 0.0 }
}

fn joint_rad(ms: u64) -> f64 {
    let before = |late: u64| command_rad(ms.saturating_sub(late));
    0.5 * (before(15) + before(16))
}

fn bag() -> Vec<u8> {
    let mut bag = Bag::new();
    bag.topic("/arm/servo_jp", "sensor_msgs/msg/JointState", "cdr");
    bag.topic("/gauge/joint", "std_msgs/msg/Float64", "cdr");
    bag.topic("/camera", "sensor_msgs/msg/Image", "cdr");
    bag.topic("/silent", "std_msgs/msg/Float64", "cdr");
    bag.topic("/old", "std_msgs/Float64", "ros1");
    for ms in 0..4000_u64 {
        // 1.7 s since 1970 in nanoseconds: what a clock of a computer says.
        let ns = 1_700_000_000_000_000_000 + ms * 1_000_000;
        bag.write("/arm/servo_jp", ns + 300_000, &joints(ns, command_rad(ms)));
        let mut data = Vec::new();
        CdrWriter::new(&mut data).f64(joint_rad(ms));
        bag.write("/gauge/joint", ns, &data);
    }
    bag.write("/camera", 1_700_000_004_000_000_000, &[0, 1, 0, 0]);
    bag.bytes()
}

/// The same numbers as CSV and as topics come to the same figures, to the bit; the result replays without the bag.
#[test]
fn topics_are_judged_as_the_columns_of_files() {
    let csv = |name: &str, of: &dyn Fn(u64) -> f64| {
        let mut text = format!("time [s],{name}\n");
        for ms in 0..4000_u64 {
            let ns = 1_700_000_000_000_000_000_i128 + i128::from(ms) * 1_000_000;
            text += &format!("{}.{:09},{:?}\n", ns / 1_000_000_000, ns % 1_000_000_000, of(ms));
        }
        text
    };
    let project = Project::new(&[
        ("bag.toml", BAG_MAP),
        (
            "files.toml",
            &BAG_MAP.replace("topic = \"/arm/servo_jp\"", "").replace("topic = \"/gauge/joint\"", ""),
        ),
        ("command.csv", &csv("position.yaw", &command_rad)),
        ("gauge.csv", &csv("data", &joint_rad)),
    ]);
    project.write("bag.mcap", &bag());
    let judge = ["judge", "trocar:step_delay", "--map"];
    let of_files =
        ["files.toml", "--data", "command=command.csv", "--data", "gauge=gauge.csv", "--out", "files"];
    project.trocar(&[&judge[..], &of_files].concat()).expect(0);
    let said = project.trocar(&[&judge[..], &["bag.toml", "--data", "bag.mcap", "--out", "bag"]].concat());
    assert_eq!(said.expect(0).code, 0);
    let (files, bag) = (figures(&project, "files/step_delay"), figures(&project, "bag/step_delay"));
    assert_eq!(files, bag);
    // The command passes 1° half way between two readings, the joint at the reading in the middle of its ramp.
    let start = bag.iter().find(|(name, ..)| name == "start_delay").unwrap();
    assert!((start.1 - 15.5e-3).abs() < 1e-9, "{start:?}");
    std::fs::remove_file(project.path().join("bag.mcap")).unwrap();
    project.trocar(&["replay", "bag/step_delay"]).expect(0);
}

/// One message for each reading of a pose test: RP is that of the same numbers by hand.
#[test]
fn messages_are_readings() {
    let scenario = r#"
format = 1
title  = "A bag of poses"
scene  = "trocar:scenes/psm_bench.toml"

[roles]
arm = "psm1"

[instruments.tracker]
kind        = "position_tracker"
follows     = { tool_tip = "arm.tool_tip" }
frame       = "arm.base"
rate        = "1 kHz"
noise       = "1 um"
uncertainty = "15 um"

[poses]
pattern = "list"
frame   = "arm.remote_centre"
points  = { P1 = ["0 mm", "-20 mm", "-130 mm"], P2 = ["0 mm", "20 mm", "-130 mm"] }

[[phases]]
name   = "cycles"
repeat = 5
move   = { command = "arm.move_cp", through = ["P1", "P2"], dwell = "0.1 s" }
within = "60 s"

[measures.RP]
kind   = "pose_repeatability"
of     = "tracker.tool_tip"
window = { phase = "cycles", at = "dwell_end" }

[[requirements]]
id      = "RP"
formula = "max(RP) <= 0.5 mm"
why     = "It comes back."
"#;
    let map = "format = 1\nkind = \"mapping\"\n[data.lab]\nrows = \"readings\"\ntopic = \"/tracker/pose\"\n\
        [signals.\"tracker.tool_tip\"]\nposition = [\"position.x\", \"position.y\", \"position.z\"]\n";
    let bag = |lost: Option<usize>| {
        let mut bag = Bag::new();
        bag.topic("/tracker/pose", "geometry_msgs/msg/PoseStamped", "cdr");
        for reading in 0..10_usize {
            let off_mm = [0.1, -0.1, 0.1, -0.1, 0.0][reading / 2];
            let y_m = if reading % 2 == 0 { -0.02 } else { 0.02 };
            let ns = 1_000_000_000 * (1 + reading as u64);
            let stamp_ns = if lost == Some(reading) { 0 } else { ns };
            bag.write("/tracker/pose", ns, &pose(stamp_ns, [off_mm * 1e-3, y_m, -0.13]));
        }
        bag.bytes()
    };
    let project = Project::new(&[("pose.toml", scenario), ("map.toml", map)]);
    project.write("lab.mcap", &bag(None));
    let judge = ["judge", "pose.toml", "--data", "lab.mcap", "--map", "map.toml", "--out"];
    // Five readings say little of how far readings scatter: whatever the verdict, the figure is that of the numbers.
    let said = project.trocar(&[&judge[..], &["a"]].concat());
    assert!(said.code != 2, "{}", said.err);
    let meant = (0.8 + 3.0 * 0.2_f64.sqrt()) * 0.1e-3;
    let got = figures(&project, "a/pose")[0].1;
    assert!((got - meant).abs() < 1e-12, "{got} {meant}");
    // A header without a time marks data that may not be used.
    project.write("lab.mcap", &bag(Some(3)));
    let said = project.trocar(&[&judge[..], &["b"]].concat()).expect(3);
    assert!(said.out.contains("P2 was read in 4 of 5 cycles"), "{}", said.out);
}

#[test]
fn mistakes_name_the_topics_that_there_are() {
    let project = Project::new(&[("bag.toml", BAG_MAP), ("a.csv", "time [s],x [mm]\n1,2\n")]);
    project.write("bag.mcap", &bag());
    let mut n = 0;
    let mut said = |map: &str, data: &str| {
        n += 1;
        let name = format!("m{n}.toml");
        project.write(&name, map.as_bytes());
        project.trocar(&["judge", "trocar:step_delay", "--data", data, "--map", &name]).expect(2).err
    };
    for (from, to, words) in [
        ("/gauge/joint", "/gauge/jiont", "there is no topic `/gauge/jiont`"),
        ("/gauge/joint", "/camera", "is of type `sensor_msgs/Image`, encoded as `cdr`, which is not read"),
        ("/gauge/joint", "/silent", "has no message"),
        ("/gauge/joint", "/old", "encoded as `ros1`, which is not read"),
        ("position.yaw", "position.jaw", "there is no column `position.jaw`"),
    ] {
        let said = said(&BAG_MAP.replace(from, to), "bag.mcap");
        assert!(said.contains(words) && said.contains("bag.mcap"), "{said}");
    }
    let no_such = said(&BAG_MAP.replace("/gauge/joint", "/x"), "bag.mcap");
    assert!(no_such.contains("`/arm/servo_jp` (sensor_msgs/JointState)"), "{no_such}");
    let csv = said(
        &BAG_MAP.replace("topic = \"/gauge/joint\"", "topic = \"/x\"\nseparator = \"comma\""),
        "bag.mcap",
    );
    assert!(csv.contains("a topic has none"), "{csv}");
    let no_bag = project
        .trocar(&[
            "judge",
            "trocar:step_delay",
            "--data",
            "command=a.csv",
            "--data",
            "gauge=a.csv",
            "--map",
            "bag.toml",
        ])
        .expect(2);
    assert!(no_bag.err.contains("no MCAP recording with a topic"), "{}", no_bag.err);
    // Without a mapping it says what to write.
    let bare = project.trocar(&["judge", "trocar:step_delay", "--data", "bag.mcap"]).expect(2);
    assert!(
        bare.err.contains("[data.NAME]") && bare.err.contains("`/gauge/joint` (std_msgs/Float64)"),
        "{}",
        bare.err
    );
    // What is cut off or damaged is no shorter recording.
    let whole = bag();
    let cut = whole[..whole.len() / 2].to_vec();
    let mut wrong = whole.clone();
    for byte in &mut wrong[whole.len() / 3..whole.len() / 3 + 64] {
        *byte ^= 0x5a;
    }
    for (bytes, words) in [(cut, "the recording breaks off"), (wrong, "bag.mcap")] {
        project.write("bag.mcap", &bytes);
        let judge = ["judge", "trocar:step_delay", "--data", "bag.mcap", "--map", "bag.toml", "--out", "no"];
        let said = project.trocar(&judge).expect(2);
        assert!(said.err.contains(words), "{}", said.err);
    }
}
