use super::*;
use crate::crtk::OperatingState;
use crate::joint::Joint;
use crate::supervisor::{Supervisor, SupervisorConfig, TRIPS};
use std::collections::BTreeMap;
use trocar_signal::bench::Bench;
use trocar_signal::{GroupSpec, Standing, Time};

const MS: u64 = 1_000_000;

const SUPERVISOR: &str = r#"
rate     = "500 Hz"
watchdog = "1 s"
joints   = [{ joint = "hip", tracking_error = "90 deg" }, { joint = "knee", tracking_error = "90 deg" }]
spasms   = [
    { joint = "knee", by = "measured_current", threshold = "6 A", lasts = "20 ms" },
    { joint = "hip", by = "commanded_current", threshold = "9 A", lasts = "0 s" },
    { joint = "knee", by = "torque_sensor", threshold = "25 N m", lasts = "10 ms" },
]"#;

fn joints() -> ArmJoints {
    ArmJoints::new(vec![Joint::revolute("hip", -1.0, 2.0), Joint::revolute("knee", 0.0, 2.0)], None).unwrap()
}

fn sources() -> [SpasmSources; 2] {
    let of = |joint: &str, actuators: &[&str], sensor: Option<&str>| SpasmSources {
        joint: joint.to_owned(),
        actuators: actuators.iter().map(|name| (*name).to_owned()).collect(),
        torque_sensor: sensor.map(str::to_owned),
    };
    [of("hip", &["hip_drive"], None), of("knee", &["knee_drive"], Some("shank"))]
}

/// The values that are watched, in the order of the file.
const WATCHED: [&str; 3] =
    ["x.knee_drive.motor.current", "x.hip_drive.current_command", "x.shank.torque_sensor.effort"];

struct Rig {
    bench: Bench,
    now: u64,
}

impl Rig {
    fn new() -> Rig {
        let citations = BTreeMap::new();
        let provenance = Provenance { sources: &citations, source: None, standing: Standing::Assumed };
        let config: SupervisorConfig = toml::from_str(SUPERVISOR).unwrap();
        let mut registration = Registration::new("x.supervisor");
        let supervisor =
            Supervisor::new("x", &config, &provenance, &joints(), (&[], &sources()), &mut registration)
                .unwrap();
        let paths: Vec<&str> = registration.parameters.iter().map(|p| p.path.as_str()).collect();
        assert!(paths.contains(&"x.supervisor.knee.spasm_torque_sensor"), "{paths:?}");
        assert!(paths.contains(&"x.supervisor.hip.spasm_commanded_current_lasts"), "{paths:?}");
        let mut inputs = vec![
            joints().state_group("x.measured_js"),
            joints().state_group("x.setpoint_js"),
            GroupSpec::state("x.operating_state", &OperatingState::NAMES),
        ];
        let dimensions = [Dimension::CURRENT, Dimension::CURRENT, Dimension::TORQUE];
        inputs.extend(WATCHED.iter().zip(dimensions).map(|(path, of)| GroupSpec::scalar(*path, of)));
        let bench = Bench::new(inputs, vec![(registration, Box::new(supervisor))]).unwrap();
        let mut rig = Rig { bench, now: 0 };
        rig.state(OperatingState::Enabled);
        rig
    }

    fn state(&mut self, state: OperatingState) {
        self.bench.set("x.operating_state", Time(self.now), &[state.index() as f64]).unwrap();
    }

    /// One cycle of 2 ms with these values; the trip after it.
    fn cycle(&mut self, values: [f64; 3]) -> &'static str {
        self.now += 2 * MS;
        let now = Time(self.now);
        for path in ["x.measured_js", "x.setpoint_js"] {
            self.bench.set(path, now, &[0.0; 6]).unwrap();
        }
        for (path, value) in WATCHED.iter().zip(values) {
            self.bench.set(path, now, &[value]).unwrap();
        }
        self.bench.activate(0, now).unwrap();
        TRIPS[self.bench.get("x.supervisor.trip")[0] as usize]
    }

    /// After how many cycles of at most 60 it trips, and by what.
    fn cycles_until_trip(&mut self, values: [f64; 3]) -> Option<(usize, &'static str)> {
        (1..=60).find_map(|n| Some(self.cycle(values)).filter(|trip| *trip != "none").map(|trip| (n, trip)))
    }
}

/// Each reading adds the 2 ms since the one before: 20 ms are ten of them, and the eleventh is too many.
#[test]
fn what_is_beyond_its_threshold_for_too_long_trips_and_says_by_what() {
    for (values, expected) in [
        ([6.1, 0.0, 0.0], Some((11, "spasm_by_current"))),
        ([-6.1, 0.0, 0.0], Some((11, "spasm_by_current"))),
        ([6.0, 9.0, 25.0], None),
        ([0.0, 9.1, 0.0], Some((1, "spasm_by_current"))),
        ([0.0, 0.0, -25.1], Some((6, "spasm_by_torque"))),
    ] {
        let mut rig = Rig::new();
        rig.cycle([0.0; 3]);
        assert_eq!(rig.cycles_until_trip(values), expected, "{values:?}");
    }
}

#[test]
fn a_break_begins_the_time_anew_and_without_power_there_is_none() {
    let mut rig = Rig::new();
    rig.cycle([0.0; 3]);
    for _ in 0..20 {
        (0..10).for_each(|_| assert_eq!(rig.cycle([8.0, 0.0, 0.0]), "none"));
        rig.cycle([5.0, 0.0, 0.0]);
    }
    rig.state(OperatingState::Disabled);
    assert_eq!(rig.cycles_until_trip([8.0, 20.0, 40.0]), None);
    rig.state(OperatingState::Paused);
    assert_eq!(rig.cycles_until_trip([8.0, 0.0, 0.0]), Some((11, "spasm_by_current")));
}

#[test]
fn each_mistake_of_the_file_is_named_with_a_remedy() {
    let mut config: SupervisorConfig = toml::from_str(SUPERVISOR).unwrap();
    let one = |joint: &str, by, threshold: &str, lasts_s| SpasmConfig {
        joint: joint.to_owned(),
        by,
        threshold: Sourced::bare(AnyQuantity::parse(threshold).unwrap()),
        lasts: Sourced::bare(Duration::from_si(lasts_s)),
    };
    config.spasms = vec![
        one("ankle", SpasmSignal::MeasuredCurrent, "6 A", 0.0),
        one("hip", SpasmSignal::TorqueSensor, "20 N m", 0.0),
        one("knee", SpasmSignal::TorqueSensor, "6 A", -1.0),
        one("knee", SpasmSignal::MeasuredCurrent, "0 A", 0.0),
        one("knee", SpasmSignal::MeasuredCurrent, "5 A", 0.0),
    ];
    let found = config.check(&joints(), &[], &sources());
    let keys: Vec<&str> = found.iter().map(|p| p.key.as_str()).collect();
    let expected = [
        "spasms[0].joint",
        "spasms[1].by",
        "spasms[2].threshold",
        "spasms[2].lasts",
        "spasms[3].threshold",
        "spasms[4].by",
    ];
    assert_eq!(keys, expected);
    assert!(found[1].what.contains("[[torque_sensors]]"), "{}", found[1].what);
    let coupled = SpasmSources { actuators: vec!["a".to_owned(), "b".to_owned()], ..sources()[1].clone() };
    config.spasms.truncate(0);
    config.spasms.push(one("knee", SpasmSignal::CommandedCurrent, "6 A", 0.0));
    let found = config.check(&joints(), &[], &[sources()[0].clone(), coupled]);
    assert_eq!(found.len(), 1);
    assert!(found[0].what.contains("2 actuators together (a, b)"), "{}", found[0].what);
}
