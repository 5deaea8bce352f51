//! The names of files, joints and axes.

/// Which subject, condition and repetition a file is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunName {
    /// The subject's number.
    pub subject: u32,
    /// The condition's.
    pub condition: u32,
    /// The repetition's.
    pub run: u32,
}

impl RunName {
    /// `subject_01_cond_02_run_03_jointAngles.csv`, with this type and extension.
    #[must_use]
    pub fn file(&self, kind: &str, extension: &str) -> String {
        let Self { subject, condition, run } = self;
        format!("subject_{subject:02}_cond_{condition:02}_run_{run:02}_{kind}.{extension}")
    }

    /// Which run a file is of, and its type without the extension; `None` for a name of another form.
    #[must_use]
    pub fn of_file(name: &str) -> Option<(Self, &str)> {
        let (stem, _) = name.rsplit_once('.')?;
        let rest = stem.strip_prefix("subject_")?;
        let (subject, rest) = rest.split_once("_cond_")?;
        let (condition, rest) = rest.split_once("_run_")?;
        let (run, kind) = rest.split_once('_')?;
        let number =
            |text: &str| text.parse::<u32>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
        let name = Self { subject: number(subject)?, condition: number(condition)?, run: number(run)? };
        Some((name, kind))
    }
}

/// A person's joint coordinate (without side) and its joint and axis in EUROBENCH's files.
///
/// The text of the specification gives YXZ Cardan angles of the Plug-in Gait model, whose y is the axis of flexion; the data and algorithms
/// that were published beside it (pi_octave_csic) have flexion at z, as in the International Society of Biomechanics' frames (x forward, y up, z to the
/// right) that the specification uses for everything else. What is written here is what those algorithms read.
const COLUMNS: [(&str, &str, char); 7] = [
    ("hip_flexion", "hip", 'z'),
    ("hip_adduction", "hip", 'x'),
    ("hip_rotation", "hip", 'y'),
    ("knee_flexion", "knee", 'z'),
    ("ankle_dorsiflexion", "ankle", 'z'),
    ("shoulder_flexion", "shoulder", 'z'),
    ("elbow_flexion", "elbow", 'z'),
];

/// The label of a person's joint coordinate: `hip_flexion_r` is `r_hip_z`. Signs are the same on both sides: flexion, dorsiflexion, adduction
/// and internal rotation are positive. `None` for what EUROBENCH has no label for.
#[must_use]
pub fn label(coordinate: &str) -> Option<String> {
    let (joint, side) = coordinate.rsplit_once('_')?;
    let (_, name, axis) = COLUMNS.iter().find(|(own, ..)| *own == joint)?;
    matches!(side, "r" | "l").then(|| format!("{side}_{name}_{axis}"))
}

/// The other way: `r_hip_z` is `hip_flexion_r`.
#[must_use]
pub fn coordinate(label: &str) -> Option<String> {
    let (side, rest) = label.split_once('_')?;
    let (joint, axis) = rest.rsplit_once('_')?;
    let (own, ..) = COLUMNS.iter().find(|(_, name, own)| *name == joint && axis.chars().eq([*own]))?;
    matches!(side, "r" | "l").then(|| format!("{own}_{side}"))
}

/// A vector of Trocar's world (x forward, y left, z up) in EUROBENCH's frame: x forward, y up, z to the right.
#[must_use]
pub fn from_world([x, y, z]: [f64; 3]) -> [f64; 3] {
    [x, z, -y]
}

/// The other way.
#[must_use]
pub fn to_world([x, y, z]: [f64; 3]) -> [f64; 3] {
    [x, -z, y]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        let run = RunName { subject: 7, condition: 12, run: 3 };
        let file = run.file("wrench_CuffLeft", "csv");
        assert_eq!(file, "subject_07_cond_12_run_03_wrench_CuffLeft.csv");
        assert_eq!(RunName::of_file(&file), Some((run, "wrench_CuffLeft")));
        for other in [
            "subject_1_run_2_emg.csv",
            "subject_a_cond_1_run_2_emg.csv",
            "subject_+1_cond_1_run_2_emg.csv",
            "notes.txt",
            "",
        ] {
            assert_eq!(RunName::of_file(other), None, "{other}");
        }
        for (joint, ..) in COLUMNS {
            for side in ["r", "l"] {
                let own = format!("{joint}_{side}");
                assert_eq!(label(&own).and_then(|label| coordinate(&label)), Some(own));
            }
        }
        assert_eq!(label("hip_flexion_r").as_deref(), Some("r_hip_z"));
        assert_eq!(
            [label("hip_flexion"), label("trunk_flexion_r"), coordinate("r_hip_q"), coordinate("hip")],
            [None, None, None, None]
        );
    }

    #[test]
    fn the_frames_are_one_turn_apart() {
        assert_eq!(from_world([0.0, 0.0, 1.0]), [0.0, 1.0, 0.0], "up");
        assert_eq!(from_world([0.0, -1.0, 0.0]), [0.0, 0.0, 1.0], "to the right");
        assert_eq!(to_world(from_world([1.0, 2.0, 3.0])), [1.0, 2.0, 3.0]);
    }
}
