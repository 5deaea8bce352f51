//! Each kind changes its target and goes away; several act in the order of the file.

use super::*;
use crate::config::tests::fault as config;
use proptest::prelude::*;
use trocar_math::random::Stream;
use trocar_signal::AnyQuantity;
use trocar_signal::quantity::Duration;

fn quantity(text: &str) -> Option<AnyQuantity> {
    Some(AnyQuantity::parse(text).unwrap())
}

fn length() -> Target {
    Target {
        group: GroupSpec::scalar("a.encoder.position", Dimension::LENGTH),
        element: Some(0),
        wire_bits: None,
    }
}

fn count() -> Target {
    Target {
        group: GroupSpec::scalar("a.encoder.count", Dimension::NUMBER),
        element: None,
        wire_bits: Some(8),
    }
}

/// One fault of each kind with an amount that shows.
fn each_kind() -> Vec<(FaultConfig, Target)> {
    Kind::ALL
        .into_iter()
        .map(|kind| {
            let bare = config(kind);
            match kind {
                Kind::StuckLast | Kind::Dropout => (bare, length()),
                Kind::StuckAt => (FaultConfig { value: quantity("7 m"), ..bare }, length()),
                Kind::Offset => (FaultConfig { by: quantity("2 m"), ..bare }, length()),
                Kind::Scale => (FaultConfig { factor: Some(-1.0), ..bare }, length()),
                Kind::Drift => (FaultConfig { rate: quantity("0.5 m/s"), ..bare }, length()),
                Kind::Noise => (FaultConfig { sd: quantity("0.1 m"), ..bare }, length()),
                Kind::BitFlip => (FaultConfig { bit: Some(7), ..bare }, count()),
                Kind::MissedCounts => (FaultConfig { counts: Some(5), ..bare }, count()),
            }
        })
        .collect()
}

/// A fault with its state, as a run holds it.
struct Armed {
    fault: Fault,
    state: Vec<u64>,
}

impl Armed {
    fn new(config: &FaultConfig, target: &Target) -> Armed {
        let fault = Fault::new(config, target).unwrap();
        let state = vec![0; fault.state_len()];
        assert_eq!(fault.state_names().count(), state.len());
        Armed { fault, state }
    }

    fn read(&mut self, now_s: u64, since_s: Option<u64>, written: f64) -> (f64, bool, f64) {
        let (mut values, mut valid) = ([written], true);
        let seconds = |s: u64| Time(s * 1_000_000_000);
        let now = seconds(now_s);
        let draw = Stream::new(1, 0, "fault").at(now.0, 0);
        let since = since_s.map(seconds);
        let change = self.fault.apply(now, since, &mut values, &mut valid, &mut self.state, draw);
        (values[0], valid, change)
    }
}

/// The self-test of every kind: nothing before, something while it is active, nothing after.
#[test]
fn every_kind_changes_its_target_and_clears() {
    for (config, target) in each_kind() {
        let kind = config.kind;
        let mut armed = Armed::new(&config, &target);
        for (now, written) in [(0, 1.0), (1, 2.0)] {
            assert_eq!(armed.read(now, None, written), (written, true, 0.0), "{kind:?} before");
        }
        let (read, valid, change) = armed.read(3, Some(2), 3.0);
        assert!(read != 3.0 && change == (read - 3.0).abs(), "{kind:?} changed nothing");
        assert_eq!(valid, kind != Kind::Dropout, "{kind:?}");
        assert_eq!(armed.read(4, None, 4.0), (4.0, true, 0.0), "{kind:?} after");
    }
}

#[test]
fn what_is_read_is_what_each_kind_says() {
    for (config, target) in each_kind() {
        let kind = config.kind;
        let mut armed = Armed::new(&config, &target);
        armed.read(1, None, 2.0);
        let (read, ..) = armed.read(5, Some(2), 3.0);
        let expected = match kind {
            Kind::StuckLast | Kind::Dropout => 2.0,
            Kind::StuckAt => 7.0,
            Kind::Offset => 5.0,
            Kind::Scale => -3.0,
            Kind::Drift => 4.5,
            Kind::Noise => 3.0 + 0.1 * Stream::new(1, 0, "fault").at(5_000_000_000, 0).normal(),
            Kind::BitFlip => 131.0,
            Kind::MissedCounts => 254.0,
        };
        assert_eq!(read, expected, "{kind:?}");
    }
}

#[test]
fn a_stuck_value_stays_and_the_next_time_it_is_the_newer_one() {
    let mut armed = Armed::new(&config(Kind::StuckLast), &length());
    armed.read(0, None, 1.0);
    assert_eq!(armed.read(1, Some(1), 5.0).0, 1.0);
    assert_eq!(armed.read(2, Some(1), 9.0), (1.0, true, 8.0));
    armed.read(3, None, 4.0);
    assert_eq!(armed.read(4, Some(4), 9.0).0, 4.0);
    let mut late = Armed::new(&config(Kind::StuckLast), &length());
    assert_eq!(late.read(0, Some(0), 6.0).0, 6.0, "nothing before it: the first value sticks");
    assert_eq!(late.read(1, Some(0), 7.0).0, 6.0);
}

#[test]
fn a_ramp_brings_it_in() {
    let ramp = Some(Duration::from_si(4.0));
    let mut armed = Armed::new(&FaultConfig { by: quantity("2 m"), ramp, ..config(Kind::Offset) }, &length());
    let read: Vec<f64> = (10..16).map(|now| armed.read(now, Some(10), 1.0).0).collect();
    assert_eq!(read, [1.0, 1.5, 2.0, 2.5, 3.0, 3.0]);
}

#[test]
fn several_act_one_after_another() {
    let offset = FaultConfig { by: quantity("1 m"), ..config(Kind::Offset) };
    let scale = FaultConfig { factor: Some(3.0), ..config(Kind::Scale) };
    let through = |first: &FaultConfig, second: &FaultConfig| {
        let between = Armed::new(first, &length()).read(1, Some(0), 2.0).0;
        Armed::new(second, &length()).read(1, Some(0), between).0
    };
    assert_eq!((through(&offset, &scale), through(&scale, &offset)), (9.0, 7.0));
}

#[test]
fn a_whole_group_sticks_together_and_one_number_alone() {
    let joints = [("yaw", Dimension::ANGLE), ("insertion", Dimension::LENGTH)];
    let group = GroupSpec::joint_state("a.measured_js", joints);
    let apply = |element, values: &mut [f64]| {
        let target = Target { group: group.clone(), element, wire_bits: None };
        let fault = Fault::new(&config(Kind::StuckLast), &target).unwrap();
        let mut state = vec![0; fault.state_len()];
        let draw = Stream::new(1, 0, "").at(0, 0);
        let mut before = [1.0; 6];
        fault.apply(Time(0), None, &mut before, &mut true, &mut state, draw);
        fault.apply(Time(1), Some(Time(1)), values, &mut true, &mut state, draw)
    };
    let mut values = [2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
    assert_eq!((apply(Some(1), &mut values), values), (2.0, [2.0, 1.0, 4.0, 5.0, 6.0, 7.0]));
    assert_eq!((apply(None, &mut values), values), (6.0, [1.0; 6]));
}

#[test]
fn what_a_target_cannot_have_is_refused_with_its_key() {
    let pose = || GroupSpec::pose("a.cp", "a.base", "a.tip");
    let whole = |group: GroupSpec| Target { group, element: None, wire_bits: None };
    let one = |group: GroupSpec, index| Target { group, element: Some(index), wire_bits: None };
    let states = || GroupSpec::state("a.operating_state", &["DISABLED", "ENABLED"]);
    let offset = FaultConfig { by: quantity("1 mm"), ..config(Kind::Offset) };
    let stuck_at = |text| FaultConfig { value: quantity(text), ..config(Kind::StuckAt) };
    for (config, target, key) in [
        (offset.clone(), whole(pose()), "target"),
        (offset.clone(), one(pose(), 4), "by"),
        (config(Kind::StuckLast), one(pose(), 4), "target"),
        (config(Kind::Dropout), one(pose(), 0), "target"),
        (offset.clone(), whole(GroupSpec::event("a.pedal")), "target"),
        (stuck_at("2 1"), whole(states()), "value"),
        (stuck_at("0.5 1"), whole(states()), "value"),
        (stuck_at("1 deg"), length(), "value"),
        (FaultConfig { bit: Some(3), ..config(Kind::BitFlip) }, length(), "target"),
        (FaultConfig { bit: Some(8), ..config(Kind::BitFlip) }, count(), "bit"),
        (FaultConfig { counts: Some(256), ..config(Kind::MissedCounts) }, count(), "counts"),
        (FaultConfig { rate: quantity("1 mm"), ..config(Kind::Drift) }, length(), "rate"),
        (FaultConfig { must_change: quantity("1 deg"), ..config(Kind::StuckLast) }, length(), "must_change"),
        (
            FaultConfig { must_change: quantity("1 mm"), ..config(Kind::StuckLast) },
            whole(pose()),
            "must_change",
        ),
        (config(Kind::StuckLast), one(pose(), 7), "target"),
    ] {
        let problems = Fault::new(&config, &target).unwrap_err();
        assert!(problems.iter().any(|p| p.key == key), "{config:?}: {problems:?}");
    }
    assert!(Fault::new(&offset, &one(pose(), 2)).is_ok());
    assert!(Fault::new(&config(Kind::StuckLast), &whole(pose())).is_ok());
    assert!(Fault::new(&stuck_at("1 1"), &whole(states())).is_ok());
}

proptest! {
    /// Every kind leaves finite values finite, whole numbers whole and within the wire, and the rest of the group alone.
    #[test]
    fn any_finite_value_stays_readable(which in 0usize..9, x in -1e9f64..1e9, raw in 0u32..256, now in 0u64..1000) {
        let (config, target) = &each_kind()[which];
        let written = if target.wire_bits.is_some() { f64::from(raw) } else { x };
        let (read, _, change) = Armed::new(config, target).read(now, Some(0), written);
        prop_assert!(read.is_finite() && change.is_finite());
        if target.wire_bits.is_some() {
            prop_assert!(read.fract() == 0.0 && (0.0..256.0).contains(&read));
        }
    }
}
