//! The sample PSM against Pinocchio (`data/psm_pinocchio.py` made the golden file).

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use trocar_dynamics::sample;

/// Largest absolute entry.
fn size(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| trocar_math::max(most, v.abs()))
}

fn list(value: &serde_json::Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[test]
fn psm_agrees_with_pinocchio() {
    let golden: serde_json::Value = serde_json::from_str(include_str!("data/psm_pinocchio.json")).unwrap();
    let psm = sample::psm_classic().unwrap();
    let mut ws = psm.workspace();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 20);
    for case in cases {
        let [q, qd, tau, mass, bias, qdd] =
            ["q", "qd", "tau", "mass", "bias", "qdd"].map(|key| list(&case[key]));
        let mut got = vec![0.0; 7];
        psm.forward_dynamics(&q, &qd, &tau, &[], &mut ws, &mut got).unwrap();
        // A few hundred roundings of terms up to ten times the largest result.
        let tolerance = 1e-13 * size(&mass);
        for (a, b) in ws.mass_matrix().iter().zip(&mass) {
            assert!((a - b).abs() < tolerance, "{a} {b}");
        }
        for (a, b) in ws.bias().iter().zip(&bias) {
            assert!((a - b).abs() < 1e-13 * (1.0 + size(&bias)), "{a} {b}");
        }
        // Errors of M and τ reach the solution through the condition of M (1e3 to 1e5 here).
        let condition = case["condition"].as_f64().unwrap();
        for (a, b) in got.iter().zip(&qdd) {
            assert!((a - b).abs() < 1e-14 * condition * size(&qdd), "{a} {b} {condition}");
        }
    }
}
