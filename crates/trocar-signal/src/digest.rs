//! Word-wise digests: xxh3 over little-endian 64-bit words, so that equal values give equal digests on any machine.

use xxhash_rust::xxh3::{xxh3_64_with_seed, xxh3_128};

/// The 64-bit digest of words, chained on `previous`.
#[must_use]
pub fn chain(previous: u64, words: &[u64]) -> u64 {
    if cfg!(target_endian = "little") {
        xxh3_64_with_seed(bytemuck::cast_slice(words), previous)
    } else {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        xxh3_64_with_seed(&bytes, previous)
    }
}

/// The 128-bit digest of bytes, as 32 hexadecimal digits: the identity of a file's content.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_every_word_and_on_what_came_before() {
        let words = [1, 2, 3];
        let digest = chain(0, &words);
        assert_ne!(digest, chain(1, &words));
        for place in 0..3 {
            let mut changed = words;
            changed[place] ^= 1 << 40;
            assert_ne!(digest, chain(0, &changed));
        }
        // XXH3's own test vector: the hash of no bytes with seed 0.
        assert_eq!(chain(0, &[]), 0x2d06_8005_38d3_94c2);
    }
}
