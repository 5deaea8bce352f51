//! A run in motion asks the allocator for nothing: neither the devices' step nor what observes it.

#![expect(clippy::unwrap_used, reason = "a failed preparation is a failed test")]

use trocar_scenario::{Files, Loaded, Overrides, load};
use trocar_signal::Time;
use trocar_sim::sink::Sink;
use trocar_sim::{Compiled, Inputs, Scratch, Watch, publish_start, run, step};

fn shipped(name: &str) -> Loaded {
    let files = Files::library();
    let address = files.resolve("", &format!("trocar:{name}")).unwrap();
    load(&files, &address, &Overrides::default()).unwrap()
}

/// Three seconds after two of homing, in each shipped scenario.
#[test]
fn a_step_allocates_nothing() {
    for (name, place) in [
        ("pose_repeatability", 0),
        ("encoder_stuck", 0),
        ("step_delay", 0),
        ("master_slave", 0),
        ("master_slave_channel", 2),
        ("gait_with_effort", 2),
    ] {
        let loaded = shipped(name);
        let case = Compiled { loaded: &loaded }.case(place).unwrap();
        let model = &case.model;
        let (mut state, mut scratch) = (model.initial_state(&case.changes), Scratch::new(model));
        publish_start(model, &mut state, &mut scratch).unwrap();
        let inputs = Inputs::default();
        let mut advance = |seconds: f64| {
            for _ in 0..(seconds * model.step_rate.hz()) as u64 {
                step(model, &mut state, &inputs, &mut scratch).unwrap();
            }
        };
        advance(2.0);
        let counted = allocation_counter::measure(|| advance(3.0));
        assert_eq!(counted.count_total, 0, "{name}");
    }
}

struct Nowhere;

impl Sink for Nowhere {}

/// The same with measures, ledgers, twins and digests: a run of six seconds allocates as often as one of three, in which
/// everything has begun. (The twin of the stuck encoder's fault is forked at 3.7 s, so that run is compared later; what its
/// ledger then writes down, once for each happening and not once for each of 1500 steps, may allocate.)
#[test]
fn a_longer_run_allocates_no_more() {
    for (name, short, long, happenings) in [
        ("pose_repeatability", 3.0, 6.0, 0),
        ("step_delay", 3.0, 6.0, 0),
        ("joint_step_delay", 3.0, 6.0, 0),
        ("joint_ramp_delay", 9.0, 14.0, 0),
        ("joint_response", 3.0, 8.0, 0),
        ("master_slave", 6.0, 9.0, 0),
        ("encoder_stuck", 3.8, 4.3, 10),
    ] {
        let loaded = shipped(name);
        let case = Compiled { loaded: &loaded }.case(0).unwrap();
        let allocations = |seconds: f64| {
            let end = Time((seconds * 1e9) as u64);
            let mut asked = 0;
            let mut progress = |now: Time| {
                asked += 1;
                now < end
            };
            let counted = allocation_counter::measure(|| {
                let mut watch = Watch { progress: &mut progress };
                let outcome = run(&case, &Inputs::default(), &mut Nowhere, &mut watch);
                assert!(outcome.is_err(), "{name} is over before {seconds} s");
            });
            assert!(asked > 2);
            counted.count_total
        };
        let (short, long) = (allocations(short), allocations(long));
        assert!(short > 0);
        assert!(long - short <= happenings, "{name}: {short}, then {long}");
    }
}
