//! Delays of the simulated arms against the servo's law, by the shipped methods.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use serde_json::Value as Json;
use trocar_tests::{Project, root, trocar};

/// The figures of a case of a shipped scenario: name and row to value and U, SI units.
fn figures(file: &str, case: &str) -> Vec<(String, String, f64, f64)> {
    let project = Project::new(&[]);
    let out = project.path().join("results");
    let out = out.to_str().expect("UTF-8");
    let said = trocar(&root(), &["run", &format!("{file}#{case}"), "--json", "--out", out]);
    let json: Json = serde_json::from_str(&said.out).expect("JSON");
    let mut found = Vec::new();
    collect(&json, &mut found);
    assert!(!found.is_empty(), "{}{}", said.out, said.err);
    found
}

fn collect(json: &Json, found: &mut Vec<(String, String, f64, f64)>) {
    match json {
        Json::Object(table) => {
            for figure in table.get("figures").and_then(Json::as_array).into_iter().flatten() {
                let word = |key: &str| figure[key].as_str().unwrap_or("").to_owned();
                let number = |key: &str| figure["figure"][key].as_f64().unwrap_or(f64::NAN);
                found.push((word("name"), word("row"), number("value"), number("expanded_uncertainty")));
            }
            table.values().for_each(|value| collect(value, found));
        }
        Json::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn value(figures: &[(String, String, f64, f64)], name: &str, row: &str) -> f64 {
    figures.iter().find(|one| one.0 == name && one.1 == row).map_or(f64::NAN, |one| one.2)
}

/// Along a ramp of speed v a joint under τ = p e + d (v_set − v) lags by e = (d v + friction)/p without feed-forward and by
/// friction/p with it: the difference of the delays is d/p, 0.09/6 s for the roll of the PSM. (The cables behind it cost the same in both.)
#[test]
fn feed_forward_takes_away_what_the_damping_costs() {
    let file = "scenarios/laparoscopic/latency/joint_ramp_delay.toml";
    let delay = |share: &str| {
        let case = format!("joint = roll, arm.servo.use_setpoint_velocity = {share}");
        value(&figures(file, &case), "following_delay", "")
    };
    let (without, with) = (delay("0 %"), delay("100 %"));
    // Friction is nearly the same at both; the ramp speeds up and slows down within the travel.
    assert!((without - with - 0.015).abs() < 0.5e-3, "{without} and {with}");
}

/// At low frequencies the lag of the roll joint is d/p = 15 ms, which friction prolongs a little and the gain does not
/// know.
#[test]
fn the_response_at_low_frequencies_is_that_of_the_servo() {
    let figures = figures("scenarios/laparoscopic/latency/joint_response.toml", "joint = roll");
    let at = |name: &str, row: &str| {
        let one = figures.iter().find(|one| one.0 == name && one.1 == row);
        one.map(|one| (one.2, one.3)).expect("a row")
    };
    let (delay, u) = at("phase_delay", "2 Hz");
    assert!((delay - 0.015).abs() < u + 1e-3, "{delay} ± {u}");
    let (gain, u) = at("gain", "2 Hz");
    let omega_lag = 2.0 * std::f64::consts::PI * 2.0 * 0.015;
    assert!((gain - 1.0 / (1.0 + omega_lag * omega_lag).sqrt()).abs() < u + 0.01, "{gain} ± {u}");
}
