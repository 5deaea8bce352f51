//! What encoders see of the wrist's cables. Its hysteresis and coupling against the record of a real one: `validation.rs`.

use trocar_tests::wrist_sweep::{RECORD, spread, swept};

/// Encoders see none of it: what they say of the joints that are not moved stays where it is, to the servo's error.
#[test]
fn encoders_do_not_see_the_wrist_deflect() {
    let swept = swept(2, RECORD[2].0);
    let seen = spread(swept.measured.iter().map(|q| q[1]));
    let there = spread(swept.truth.iter().map(|q| q[1]));
    // The servo holds disc 2 against 0.02 N m with 6 N m/rad: 0.2 degrees each way.
    assert!(seen < 0.5 && there > 10.0 * seen, "{seen} {there}");
}
