//! A will on a bench: legs that are led by the test, and what the person makes of them.

use super::*;
use crate::Muscles;
use crate::person::{PublishedGait, Sex};
use std::collections::BTreeMap;
use trocar_signal::bench::Bench;
use trocar_signal::{Standing, Time};

const STEP_S: f64 = 1e-3;
const WALK: &str =
    "effort = \"100 %\"\nwalk = { stride = \"2 s\", pull = \"2 Hz\", led_above = \"15 deg/s\" }\n";
const GAINS: &str = r#"
[joints.hip_flexion]
stiffness = "100 N m/rad"
damping   = "5 N m s/rad"
[joints.knee_flexion]
stiffness = "80 N m/rad"
damping   = "4 N m s/rad"
[joints.ankle_dorsiflexion]
stiffness = "30 N m/rad"
damping   = "1 N m s/rad"
"#;

fn names() -> Vec<String> {
    let side = |side: &str| walk::JOINTS.map(|joint| format!("{joint}{side}"));
    [side("_r"), side("_l")].concat()
}

fn woman() -> Person {
    Person::new(1.60, 58.0, Sex::Female).unwrap()
}

fn config(text: &str) -> WillConfig {
    toml::from_str(text).unwrap()
}

struct Led {
    bench: Bench,
    step: u64,
}

impl Led {
    fn new(text: &str) -> Led {
        let (config, person, names) = (config(text), woman(), names());
        let sources = BTreeMap::new();
        let provenance = Provenance { sources: &sources, source: None, standing: Standing::Assumed };
        let willing = Willing { config: &config, person: &person, provenance: provenance.clone() };
        let mut registration = Registration::new("exo.wearer.muscles");
        let spastic = BTreeMap::new();
        let muscles =
            Muscles::new("exo", &names, &spastic, &provenance, Some(&willing), STEP_S, &mut registration)
                .unwrap();
        let joints: Vec<(&str, Dimension)> = names.iter().map(|n| (n.as_str(), Dimension::ANGLE)).collect();
        let inputs = vec![GroupSpec::joint_state("exo.wearer.truth.js", joints)];
        let bench = Bench::new(inputs, vec![(registration, Box::new(muscles))]).unwrap();
        Led { bench, step: 0 }
    }

    /// One step with the joints there.
    fn step(&mut self, angles: &[f64; 6], speeds: &[f64; 6]) {
        let now = Time(self.step * (STEP_S * 1e9) as u64);
        let values = [&angles[..], speeds, &[0.0; 6]].concat();
        self.bench.set("exo.wearer.truth.js", now, &values).unwrap();
        self.bench.activate(0, now).unwrap();
        self.step += 1;
    }

    /// The legs led along the gait at a cadence, from a phase on, for a time; by how much of a stride the will is behind the device, at each
    /// whole stride of the device.
    fn walk(&mut self, cadence_hz: f64, from: f64, time_s: f64) -> Vec<f64> {
        let table = PublishedGait::Fukuchi2018.table().unwrap();
        let mut behind = Vec::new();
        let mut strides = from;
        for _ in 0..(time_s / STEP_S) as usize {
            let legs = table.legs(strides, 1.0 / cadence_hz);
            let all = |of: &dyn Fn(usize, usize) -> f64| {
                let mut values = [0.0; 6];
                for (place, value) in values.iter_mut().enumerate() {
                    *value = of(place / 3, place % 3);
                }
                values
            };
            let angles = all(&|leg, joint| legs[leg].position_rad[joint]);
            let speeds = all(&|leg, joint| legs[leg].velocity_radps[joint]);
            let before = strides.floor();
            self.step(&angles, &speeds);
            strides += cadence_hz * STEP_S;
            if strides.floor() > before {
                let off = strides - self.said()[0];
                behind.push(off - off.round());
            }
        }
        behind
    }

    /// Phase, cadence, how much has set in.
    fn said(&self) -> [f64; 3] {
        self.bench.get("exo.wearer.truth.will").try_into().unwrap()
    }

    fn torques(&self) -> [f64; 6] {
        self.bench.get("exo.wearer.muscles").try_into().unwrap()
    }
}

/// Led at 0.8 of their own cadence (0.5 Hz) the person falls into step, ahead of the device by what φ̇ = ω₀ + K Δ asks, (0.5 − 0.4)/2 = 0.05
/// of a stride; what a stride's shape makes of Δ is the tolerance. Drawn to nothing they go at their own pace, and slip.
#[test]
fn a_led_person_falls_into_step_and_without_pull_slips() {
    let mut led = Led::new(&format!("{WALK}{GAINS}"));
    let behind = led.walk(0.4, 0.3, 50.0);
    let settled = &behind[10..];
    assert!(settled.iter().all(|off| (off - settled[0]).abs() < 1e-3), "{settled:?}");
    assert!((settled[0] + 0.05).abs() < 0.02, "{settled:?}");
    // From any phase it comes to the same one.
    for from in [0.0, 0.55, 0.8] {
        let mut other = Led::new(&format!("{WALK}{GAINS}"));
        let last = *other.walk(0.4, from, 50.0).last().unwrap();
        assert!((last - settled[0]).abs() < 5e-3, "{from}: {last}");
    }
    let mut own = Led::new(&format!("{}{GAINS}", WALK.replace("2 Hz", "0 Hz")));
    let behind = own.walk(0.4, 0.3, 20.0);
    // In each of the device's strides of 2.5 s the person's are 1.25.
    for pair in behind.windows(2).skip(1) {
        let slipped = pair[0] - pair[1];
        let off = slipped - slipped.floor();
        assert!((off - 0.25).abs() < 2e-3, "{behind:?}");
    }
}

/// Standing, nothing is wanted; led, the will sets in where the legs are; when they stand still it fades.
#[test]
fn a_person_walks_while_their_legs_are_moved() {
    let mut led = Led::new(&format!("{WALK}{GAINS}"));
    for _ in 0..2000 {
        led.step(&[0.1; 6], &[0.0; 6]);
        assert_eq!(led.torques(), [0.0; 6]);
    }
    led.walk(0.5, 0.3, 4.0);
    let [phase, cadence_hz, drive] = led.said();
    // Two strides after 0.3, at their own pace.
    assert!((phase - 0.3).abs() < 0.01 && (cadence_hz - 0.5).abs() < 0.02, "{phase} {cadence_hz}");
    assert_eq!(drive, 1.0);
    let mut begun = led.torques();
    for _ in 0..1600 {
        led.step(&[0.1; 6], &[0.0; 6]);
        let now = led.torques();
        // No jump: over half a second the will fades, and the gait goes on.
        for (was, is) in begun.iter().zip(now) {
            assert!(led.step == 6001 || (is - was).abs() < 2.0, "{was} {is}");
        }
        begun = now;
    }
    assert_eq!(led.torques(), [0.0; 6]);
    assert_eq!(led.said()[1..], [0.0, 0.0]);
    // By themselves they begin when they are told to.
    let alone = WALK.replace("led_above = \"15 deg/s\"", "begins = \"1 s\"");
    let mut alone = Led::new(&format!("{alone}{GAINS}"));
    for _ in 0..1000 {
        alone.step(&[0.0; 6], &[0.0; 6]);
    }
    assert_eq!(alone.said()[2], 0.0);
    for _ in 0..600 {
        alone.step(&[0.0; 6], &[0.0; 6]);
    }
    assert_eq!(alone.said()[2], 1.0);
    assert!(alone.torques().iter().any(|torque| torque.abs() > 5.0));
}

/// Wherever the legs are thrown, no torque exceeds what Anderson's law leaves, less weakness of the group; one side may be weaker than the other.
#[test]
fn no_torque_exceeds_strength_and_weakness() {
    let weak = "[weakness]\nhip_flexors = \"50 %\"\nknee_extensors_l = \"80 %\"\nankle_plantarflexors = \"100 %\"\n[strength]\nknee_flexors_r = \"7 N m\"\n";
    let mut led = Led::new(&format!("{WALK}{GAINS}{weak}").replace("100 N m/rad", "900 N m/rad"));
    let person = woman();
    let mut at_limit = [0, 0];
    for step in 0..4000_u32 {
        let t = f64::from(step) * STEP_S;
        let angles: [f64; 6] = std::array::from_fn(|k| 0.9 * trocar_math::sin(3.0 * t + k as f64));
        let speeds: [f64; 6] = std::array::from_fn(|k| 2.7 * trocar_math::cos(3.0 * t + k as f64));
        led.step(&angles, &speeds);
        for (k, torque) in led.torques().into_iter().enumerate() {
            let up = torque > 0.0;
            let law = LegStrength::published(&person, walk::JOINTS[k % 3], up).unwrap();
            let shortening = if up { speeds[k] } else { -speeds[k] };
            let left = match (k % 3, up, k / 3) {
                (0, true, _) => 0.5,
                (1, false, 1) => 0.2,
                (2, false, _) => 0.0,
                _ => 1.0,
            };
            let most = if (k, up) == (1, true) { 7.0 } else { left * law.torque_nm(angles[k], shortening) };
            assert!(torque.abs() <= most * (1.0 + 1e-12), "{k} {torque} of {most} N m");
            at_limit[usize::from(up)] += u32::from(most > 0.0 && torque.abs() > most * (1.0 - 1e-9));
        }
    }
    assert!(at_limit[0] > 100 && at_limit[1] > 100, "{at_limit:?}");
    // All of a share at most, whatever a variation draws.
    led.bench.set_parameter("exo.wearer.effort", 0.0).unwrap();
    led.step(&[0.5; 6], &[1.0; 6]);
    assert_eq!(led.torques(), [0.0; 6]);
}

/// A posture is held as a spring and a damper would.
#[test]
fn a_posture_is_held_with_its_gains() {
    let sits = "effort = \"50 %\"\nposture = { hip_flexion_r = \"90 deg\", knee_flexion_r = \"90 deg\" }\n";
    let mut led = Led::new(&format!("{sits}{GAINS}"));
    let quarter = std::f64::consts::FRAC_PI_2;
    led.step(&[quarter - 0.1, quarter, 0.05, 0.0, 0.0, 0.0], &[0.0, 0.3, 0.0, 0.0, 0.0, 0.0]);
    let expected = [0.5 * 100.0 * 0.1, -0.5 * 4.0 * 0.3, -0.5 * 30.0 * 0.05, 0.0, 0.0, 0.0];
    for (is, expected) in led.torques().iter().zip(expected) {
        assert!((is - expected).abs() < 1e-12, "{is} {expected}");
    }
}

#[test]
fn what_no_will_can_be_is_named() {
    let says = |text: &str, key: &str, words: &str| {
        let will = config(text);
        let mut found = will.check();
        found.extend(will.check_person(&woman(), &names()));
        let hit = found.iter().find(|problem| problem.key == key);
        assert!(hit.is_some_and(|problem| problem.what.contains(words)), "{key} {words}: {found:?}");
    };
    let good = format!("{WALK}{GAINS}");
    assert!(config(&good).check().is_empty() && config(&good).check_person(&woman(), &names()).is_empty());
    assert!(config(&good).check_step(&woman(), STEP_S).is_empty());
    let with = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replace(from, to)
    };
    says(&with("100 %", "130 %"), "effort", "between 0 % and 100 %");
    says(&with("stride = \"2 s\"", "speed = \"3 m/s\""), "walk.speed", "between 0.3");
    says(&with("stride = \"2 s\"", "speed = \"1 m/s\", stride = \"2 s\""), "walk.speed", "give one of them");
    says(&with("stride = \"2 s\", ", ""), "walk.speed", "nothing says how fast");
    says(&with(", led_above = \"15 deg/s\"", ""), "walk.led_above", "when the person walks");
    says(&with("\"2 Hz\"", "\"2 Hz\", moments = \"50 %\""), "walk.moments", "gait2392");
    says(&format!("{good}[weakness]\nhip_flexors = \"-10 %\""), "weakness.hip_flexors", "that is lost");
    says(
        &format!("posture = {{ knee_flexion_l = \"5 deg\" }}\n{good}"),
        "posture.knee_flexion_l",
        "leave it out",
    );
    let trunk = "[joints.trunk_flexion]\nstiffness = \"100 N m/rad\"\ndamping = \"5 N m s/rad\"\n";
    let will = config(&format!("{good}{trunk}"));
    let found = will.check_person(&woman(), &[names(), vec!["trunk_flexion".to_owned()]].concat());
    assert!(
        found.iter().any(|p| p.key == "joints.trunk_flexion" && p.what.contains("strength.trunk_flexors")),
        "{found:?}"
    );
    let found = config(&with("5 N m s/rad", "0.1 N m s/rad")).check_step(&woman(), STEP_S);
    assert!(
        found.iter().any(|p| p.key == "joints.hip_flexion.damping" && p.what.contains("0.200")),
        "{found:?}"
    );
    let found = config(&with("\"1 N m s/rad\"", "\"9 N m s/rad\"")).check_step(&woman(), STEP_S);
    assert!(
        found.iter().any(|p| p.key == "joints.ankle_dorsiflexion.damping" && p.what.contains("chatter")),
        "{found:?}"
    );
}
