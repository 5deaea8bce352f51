//! Digests and snapshots: round trips, the first difference, damage.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use trocar_evidence::digest_file::{
    CompareError, Difference, DifferenceKind, DigestFileError, DigestHeader, DigestReader, DigestRow,
    DigestWriter, first_difference,
};
use trocar_evidence::snapshot_file::{SnapshotError, SnapshotReader, SnapshotWriter};
use trocar_signal::digest::chain;
use trocar_signal::{Rate, Time};

type Row = (Time, u64, Vec<u64>);

fn header() -> DigestHeader {
    DigestHeader {
        step_rate: Rate::new(3000, 1).unwrap(),
        control_rate: Rate::new(1500, 1).unwrap(),
        blocks: ["psm1.bus", "psm1.arm", "psm1.servo", "commands", "faults"].map(str::to_owned).to_vec(),
    }
}

/// A run of `count` control periods whose blocks are draws; `changed`: from this row on, these blocks are others.
fn run(count: u64, changed: Option<(u64, &[usize])>) -> Vec<Row> {
    let mut last = 7;
    (0..count)
        .map(|k| {
            let mut blocks: Vec<u64> = (0..5).map(|b| chain(k, &[b])).collect();
            if let Some((from, which)) = changed
                && k >= from
            {
                which.iter().for_each(|b| blocks[*b] = chain(k, &[99, *b as u64]));
            }
            last = chain(last, &blocks);
            (header().step_rate.instant(2 * k), last, blocks)
        })
        .collect()
}

fn written(rows: &[Row]) -> Vec<u8> {
    let mut writer = DigestWriter::new(Vec::new(), &header()).unwrap();
    for (now, chain, blocks) in rows {
        writer.row(*now, *chain, blocks).unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> (Vec<DigestRow>, Result<bool, DigestFileError>) {
    let mut rows = Vec::new();
    let mut reader = match DigestReader::new(bytes) {
        Ok(reader) => reader,
        Err(error) => return (rows, Err(error)),
    };
    loop {
        match reader.next_row() {
            Ok(Some(row)) => rows.push(row),
            Ok(None) => return (rows, Ok(reader.is_complete())),
            Err(error) => return (rows, Err(error)),
        }
    }
}

fn compare(recorded: &[u8], replayed: Vec<Row>) -> Option<Difference> {
    first_difference(DigestReader::new(recorded).unwrap(), &header(), replayed).unwrap()
}

#[test]
fn rows_read_back_with_their_instants_and_low_bits() {
    let rows = run(4000, None);
    let bytes = written(&rows);
    assert_eq!(bytes, written(&rows));
    // 1 + 2 + 3 bytes a row, and three full ones (0 s, 1 s, 2 s) of 57.
    assert!(bytes.len() < 4000 * 6 + 3 * 57 + 200, "{} bytes", bytes.len());
    let (back, complete) = read(&bytes);
    assert!(complete.unwrap());
    assert_eq!(back.len(), rows.len());
    for ((at, chain, blocks), row) in rows.iter().zip(&back) {
        let (chain_mask, block_mask) = if row.full { (u64::MAX, u64::MAX) } else { (0xffff, 15) };
        assert_eq!((row.at, row.chain), (*at, chain & chain_mask));
        assert_eq!(row.blocks, blocks.iter().map(|b| b & block_mask).collect::<Vec<_>>());
    }
    let full: Vec<Time> = back.iter().filter(|r| r.full).map(|r| r.at).collect();
    assert_eq!(full, [Time(0), Time(1_000_000_000), Time(2_000_000_000)]);
}

#[test]
fn rows_off_the_steps_and_far_apart_keep_their_instants() {
    let instants = [0, 1, 333_333, 400_000, 666_666, 300_000_000, 300_000_000];
    let rows: Vec<Row> = instants.iter().map(|t| (Time(*t), *t, vec![1; 5])).collect();
    let (back, complete) = read(&written(&rows));
    assert!(complete.unwrap());
    assert_eq!(back.iter().map(|r| r.at.0).collect::<Vec<_>>(), instants);
}

#[test]
fn equal_runs_are_identical() {
    assert_eq!(compare(&written(&run(4000, None)), run(4000, None)), None);
}

#[test]
fn the_first_difference_has_its_instant_and_its_names() {
    let recorded = written(&run(4000, None));
    // A row between full ones at which the four bits of both blocks differ; they do so in all but 1 of 8 rows.
    let differs = |at: u64, b: u64| (chain(at, &[b]) ^ chain(at, &[99, b])) & 15 != 0;
    let at = (1700..1710).find(|at| differs(*at, 1) && differs(*at, 2)).unwrap();
    let found = compare(&recorded, run(4000, Some((at, &[1, 2])))).unwrap();
    assert_eq!(found.at, header().step_rate.instant(2 * at));
    assert_eq!(found.kind, DifferenceKind::Content);
    assert!(!found.exact);
    assert_eq!(found.blocks, ["psm1.arm", "psm1.servo"]);
    assert_eq!(found.later, ["psm1.arm", "psm1.servo"]);
    // At a full second, all 64 bits speak.
    let found = compare(&recorded, run(4000, Some((1500, &[3])))).unwrap();
    assert_eq!(
        (found.at, found.exact, found.blocks.as_slice()),
        (Time(1_000_000_000), true, &["commands".to_owned()][..])
    );
}

#[test]
fn a_difference_shows_at_its_row_whatever_the_bits_are() {
    // The instant is missed with probability 2^-16 each; of these rows none is.
    let recorded = written(&run(1400, None));
    let mut unseen = 0;
    for at in (1..1400).step_by(7) {
        let found = compare(&recorded, run(1400, Some((at, &[0])))).unwrap();
        assert_eq!(found.at, header().step_rate.instant(2 * at));
        assert_eq!(found.blocks, ["psm1.bus"], "a later row names what this row's bits hide");
        let hidden = (chain(at, &[0]) ^ chain(at, &[99, 0])) & 15 == 0;
        unseen += u32::from(hidden);
    }
    // 200 rows, 1 in 16 hidden: 12.5 expected, standard deviation 3.4.
    assert!((2..25).contains(&unseen), "{unseen}");
}

#[test]
fn a_run_that_ends_elsewhere_differs() {
    let recorded = written(&run(100, None));
    let found = compare(&recorded, run(101, None)).unwrap();
    assert_eq!(found.kind, DifferenceKind::RecordingEnded);
    let found = compare(&recorded, run(99, None)).unwrap();
    assert_eq!((found.kind, found.at), (DifferenceKind::ReplayEnded, header().step_rate.instant(2 * 98)));
    let mut shifted = run(100, None);
    shifted[50].0 = Time(shifted[50].0.0 + 1);
    let found = compare(&recorded, shifted).unwrap();
    assert!(matches!(found.kind, DifferenceKind::Instant { .. }));
}

#[test]
fn another_model_is_named() {
    let bytes = written(&run(3, None));
    let mut other = header();
    other.blocks[1] = "psm2.arm".to_owned();
    let error = first_difference(DigestReader::new(bytes.as_slice()).unwrap(), &other, []).unwrap_err();
    assert!(matches!(&error, CompareError::OtherModel { what } if what.contains("psm1.arm")), "{error}");
}

#[test]
fn a_flipped_bit_is_damage_and_no_difference() {
    let rows = run(4000, None);
    let mut bytes = written(&rows);
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    let (_, end) = read(&bytes);
    assert!(matches!(end, Err(DigestFileError::Damaged { .. })), "{end:?}");
}

fn snapshots() -> Vec<(Time, Vec<u64>)> {
    let sparse = |k: u64| (0..500).map(|i| if i % 97 == 3 { chain(k, &[i]) } else { 0 }).collect();
    vec![
        (Time(0), sparse(0)),
        (Time(10), vec![0; 1000]),
        (Time(20), Vec::new()),
        (Time(30), (0..300).map(|i| chain(1, &[i])).collect()),
        (Time(40), vec![1, 0, 2, 0, 0, 3, 0]),
    ]
}

fn stored(snapshots: &[(Time, Vec<u64>)]) -> Vec<u8> {
    let mut writer = SnapshotWriter::new(Vec::new()).unwrap();
    snapshots.iter().for_each(|(at, words)| writer.snapshot(*at, words).unwrap());
    writer.finish().unwrap()
}

#[test]
fn snapshots_read_back_and_zeros_cost_little() {
    let bytes = stored(&snapshots());
    assert!(bytes.len() < 300 * 8 + 600, "{} bytes", bytes.len());
    let mut reader = SnapshotReader::new(bytes.as_slice()).unwrap();
    let back: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    assert_eq!(back, snapshots());
    assert!(!reader.breaks_off());
}

#[test]
fn a_damaged_snapshot_is_named_and_those_after_it_are_read() {
    let one = stored(&snapshots()[..1]);
    let mut bytes = stored(&snapshots());
    bytes[one.len() - 20] ^= 4;
    let mut found: Vec<_> = SnapshotReader::new(bytes.as_slice()).unwrap().collect();
    assert!(matches!(found.remove(0), Err(SnapshotError::Damaged { number: 1 })));
    assert_eq!(found.into_iter().map(Result::unwrap).collect::<Vec<_>>(), snapshots()[1..]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_words_survive(words in prop::collection::vec(prop_oneof![2 => Just(0), 1 => any::<u64>()], 0..200)) {
        let bytes = stored(&[(Time(5), words.clone())]);
        let back = SnapshotReader::new(bytes.as_slice()).unwrap().next().unwrap().unwrap();
        prop_assert_eq!(back, (Time(5), words));
    }

    /// A cut anywhere loses the tail alone; a flip is never taken for a snapshot.
    #[test]
    fn damaged_snapshots_never_panic_and_are_never_believed(
        cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(), bits in 1u8..=255,
    ) {
        let whole = stored(&snapshots());
        let cut = cut.index(whole.len());
        if let Ok(reader) = SnapshotReader::new(&whole[..cut]) {
            let back: Vec<_> = reader.map(Result::unwrap).collect();
            prop_assert_eq!(&back[..], &snapshots()[..back.len()]);
        }
        let mut bytes = whole.clone();
        bytes[flip.index(whole.len())] ^= bits;
        if let Ok(reader) = SnapshotReader::new(bytes.as_slice()) {
            for found in reader.flatten() {
                prop_assert!(snapshots().contains(&found));
            }
        }
    }

    #[test]
    fn damaged_digests_never_panic_and_cut_ones_keep_what_they_have(
        cut in any::<prop::sample::Index>(), flip in any::<prop::sample::Index>(), bits in 1u8..=255,
    ) {
        let rows = run(1600, None);
        let whole = written(&rows);
        let (all, _) = read(&whole);
        let cut = cut.index(whole.len());
        let (some, end) = read(&whole[..cut]);
        match end {
            Ok(complete) => prop_assert!(!complete),
            Err(error) => prop_assert!(some.is_empty(), "{error}"),
        }
        prop_assert_eq!(&some[..], &all[..some.len()]);
        let mut bytes = whole;
        let at = flip.index(bytes.len());
        bytes[at] ^= bits;
        let (_, end) = read(&bytes);
        prop_assert!(!matches!(end, Ok(true)), "a flip at {} went unseen", at);
    }
}
