//! Word-wise digests: xxh3 over little-endian 64-bit words, so that equal values give equal digests on any machine.

use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_128};

/// The 64-bit digest of words, chained on `previous`: XXH3 of the words, folded into what came before by a wide
/// multiplication. (XXH3's own seed costs three times as much on inputs beyond 240 bytes.)
#[inline]
#[must_use]
pub fn chain(previous: u64, words: &[u64]) -> u64 {
    let digest = if cfg!(target_endian = "little") {
        xxh3_64(bytemuck::cast_slice(words))
    } else {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        xxh3_64(&bytes)
    };
    fold(previous, digest)
}

/// Mixes two words into one. Odd constants of many changing bits (of √2 and √3) keep a zero on either side from
/// swallowing the other.
#[inline]
fn fold(previous: u64, digest: u64) -> u64 {
    let wide = u128::from(previous ^ 0x6a09_e667_f3bc_c909) * u128::from(digest ^ 0xbb67_ae85_84ca_a73b);
    (wide as u64) ^ ((wide >> 64) as u64) ^ digest
}

/// The 128-bit digest of bytes, as 32 hexadecimal digits: the identity of a file's content.
#[must_use]
pub fn of_bytes(bytes: &[u8]) -> String {
    format!("{:032x}", xxh3_128(bytes))
}

/// [`of_bytes`] of bytes that come piece by piece, for files that do not fit into memory.
#[derive(Clone, Default)]
pub struct OfPieces {
    state: Xxh3,
    bytes: u64,
}

impl OfPieces {
    /// The next piece.
    pub fn add(&mut self, piece: &[u8]) {
        self.state.update(piece);
        self.bytes += piece.len() as u64;
    }

    /// How many bytes came.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The digest of all of them.
    #[must_use]
    pub fn finish(&self) -> String {
        format!("{:032x}", self.state.digest128())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let bytes: Vec<u8> = (0..5000u32).map(|i| (i % 251) as u8).collect();
        let mut pieces = OfPieces::default();
        bytes.chunks(333).for_each(|piece| pieces.add(piece));
        assert_eq!((pieces.finish(), pieces.bytes()), (of_bytes(&bytes), 5000));
    }

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
        // XXH3's own test vector: the hash of no bytes.
        assert_eq!(xxh3_64(&[]), 0x2d06_8005_38d3_94c2);
        assert_eq!(chain(0, &[]), fold(0, 0x2d06_8005_38d3_94c2));
    }

    #[test]
    fn neither_side_of_a_fold_swallows_the_other() {
        // The constants themselves are the worst that can be met: one factor is zero.
        for previous in [0, 1, u64::MAX, 0x6a09_e667_f3bc_c909] {
            assert_ne!(fold(previous, 5), fold(previous, 6));
        }
        assert_ne!(fold(5, 7), fold(6, 7));
    }
}
