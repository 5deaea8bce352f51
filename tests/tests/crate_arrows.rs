//! The crates may use each other only along the arrows of ARCHITECTURE.md: each row below is a crate with all that it
//! may use. A new arrow is a decision: it is made here, in the table, and not by the way.
#![expect(clippy::expect_used, reason = "helpers of tests fail as tests do")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Crate → what it may use, from the bottom up. Names without the `trocar-` prefix.
const ALLOWED: &[(&str, &[&str])] = &[
    ("math", &[]),
    ("signal", &["math"]),
    ("dynamics", &["math"]),
    ("surroundings", &["math", "dynamics"]),
    ("logic", &["signal", "math"]),
    ("measure", &["signal", "math"]),
    ("plant", &["signal", "math", "dynamics"]),
    ("control", &["signal", "math", "dynamics"]),
    ("fault", &["signal", "math", "logic"]),
    ("scenario", &["signal", "math", "logic", "measure", "plant", "control", "fault"]),
    (
        "sim",
        &[
            "signal",
            "math",
            "dynamics",
            "surroundings",
            "logic",
            "measure",
            "plant",
            "control",
            "fault",
            "scenario",
        ],
    ),
    ("evidence", &["signal", "math", "measure", "control", "scenario", "sim"]),
    ("campaign", &["signal", "math", "measure", "control", "scenario", "sim", "evidence"]),
    ("cli", &["signal", "math", "measure", "control", "scenario", "sim", "evidence", "campaign"]),
];

fn dependencies(manifest: &str) -> BTreeSet<String> {
    let table: toml::Table = manifest.parse().expect("a manifest is TOML");
    let names =
        table.get("dependencies").and_then(toml::Value::as_table).expect("every crate has dependencies");
    names.keys().filter_map(|name| name.strip_prefix("trocar-")).map(str::to_owned).collect()
}

#[test]
fn crates_use_each_other_only_along_the_allowed_arrows() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ALLOWED.iter().map(|(name, uses)| (*name, uses.iter().copied().collect())).collect();
    let mut seen = BTreeSet::new();
    for entry in std::fs::read_dir(crates).expect("crates/ is there") {
        let folder = entry.expect("readable").path();
        let name = folder.file_name().and_then(|n| n.to_str()).expect("UTF-8").to_owned();
        let short = name.strip_prefix("trocar-").expect("every crate's name begins with trocar-").to_owned();
        let may =
            allowed.get(short.as_str()).unwrap_or_else(|| panic!("{name} is not in the table of arrows"));
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for used in dependencies(&manifest) {
            assert!(may.contains(used.as_str()), "{name} uses trocar-{used}, which the table does not allow");
        }
        seen.insert(short);
    }
    let listed: BTreeSet<String> = allowed.keys().map(|k| (*k).to_owned()).collect();
    assert_eq!(seen, listed, "the table and crates/ name the same crates");
}

/// Arrows point down the list, so that no cycle can hide in the table itself.
#[test]
fn allowed_arrows_point_down_the_list() {
    for (place, (name, uses)) in ALLOWED.iter().enumerate() {
        for used in *uses {
            let below = ALLOWED.iter().position(|(n, _)| n == used).expect("a crate of the table");
            assert!(below < place, "{name} → {used} points up");
        }
    }
}

/// The headless build draws nothing and owns no contact engine yet: nothing of either is in the lock file.
#[test]
fn the_default_build_is_free_of_graphics() {
    let lock = include_str!("../../Cargo.lock");
    for name in ["bevy", "wgpu", "winit", "rapier3d", "rapier3d-f64"] {
        assert!(!lock.contains(&format!("name = \"{name}\"\n")), "{name} is in the lock file");
    }
}
