//! Random draws as a function of (seed, run, path, instant, lane): no generator, no order of calls.
//!
//! A new component changes no other's numbers, and a fork keeps its own. The generator is Philox4x32-10
//! (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", SC11): the counter is
//! (instant low word, instant high word, lane, 0), the key is derived from seed, run and path.
//!
//! The derivation of the key is pinned, because recorded results depend on it: with `mix` the finaliser of
//! SplitMix64 (Steele, Lea, Flood 2014), γ = 0x9E3779B97F4A7C15 and `hash` FNV-1a 64 of the path's UTF-8 bytes,
//! `key = mix(mix(mix(seed + γ) ^ run) + γ ^ hash)`, low word first. For a given seed and path, different runs
//! have different keys; for a given seed and run, paths have different keys unless FNV-1a itself collides.

/// The random numbers of one component in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    key: [u32; 2],
}

impl Stream {
    /// The stream of the component at `path` in run number `run` of a batch with this `seed`.
    #[must_use]
    pub fn new(seed: u64, run: u64, path: &str) -> Self {
        const GAMMA: u64 = 0x9E37_79B9_7F4A_7C15;
        let of_run = mix(mix(seed.wrapping_add(GAMMA)) ^ run);
        let key = mix(of_run.wrapping_add(GAMMA) ^ fnv1a_64(path.as_bytes()));
        Self { key: [key as u32, (key >> 32) as u32] }
    }

    /// The draw for an instant of simulated time (ns since the start of the run).
    ///
    /// `lane` separates several independent draws of one component at one instant.
    #[inline]
    #[must_use]
    pub fn at(&self, instant_ns: u64, lane: u32) -> Draw {
        let block = philox4x32_10([instant_ns as u32, (instant_ns >> 32) as u32, lane, 0], self.key);
        Draw { bits: u64::from(block[0]) | u64::from(block[1]) << 32 }
    }
}

/// 64 random bits, read as one number: all methods are views of the same bits, so use one of them per draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    bits: u64,
}

impl Draw {
    /// Uniform over all 64-bit integers.
    #[inline]
    #[must_use]
    pub fn u64(self) -> u64 {
        self.bits
    }

    /// Uniform in [0, 1), a multiple of 2⁻⁵³.
    #[inline]
    #[must_use]
    pub fn uniform(self) -> f64 {
        (self.bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform from `low` (included) to `high` (included only where rounding leads to it).
    #[inline]
    #[must_use]
    pub fn uniform_in(self, low: f64, high: f64) -> f64 {
        crate::interpolation::linear(low, high, self.uniform())
    }

    /// Standard normal (mean 0, variance 1) by inversion, within ±8.2 (the quantile of 2⁻⁵³).
    #[inline]
    #[must_use]
    pub fn normal(self) -> f64 {
        // The middles of 2⁵² cells: exact in an f64, never 0 or 1, and symmetric.
        let p = ((self.bits >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0);
        crate::special::normal_quantile(p)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn fnv1a_64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, &byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

fn philox4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [key[0].wrapping_add(0x9E37_79B9), key[1].wrapping_add(0xBB67_AE85)];
        }
        let a = u64::from(counter[0]) * 0xD251_1F53;
        let b = u64::from(counter[2]) * 0xCD9E_8D57;
        counter = [
            (b >> 32) as u32 ^ counter[1] ^ key[0],
            b as u32,
            (a >> 32) as u32 ^ counter[3] ^ key[1],
            a as u32,
        ];
    }
    counter
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The known-answer vectors of Random123 1.14 (`tests/kat_vectors`, philox4x32 10).
    #[test]
    fn published_vectors() {
        for (counter, key, expected) in [
            ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
            ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
            (
                [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
                [0xa409_3822, 0x299f_31d0],
                [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
            ),
        ] {
            assert_eq!(philox4x32_10(counter, key), expected);
        }
    }

    #[test]
    fn published_hash_values() {
        // draft-eastlake-fnv, appendix: FNV-1a 64 of "", "a", "foobar".
        assert_eq!(fnv1a_64(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a_64(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a_64(b"foobar"), 0x8594_4171_f739_67e8);
    }

    /// Computed by an independent program (Python integers). Recorded results depend on these: a change here is a change of every seeded run ever made.
    #[test]
    fn golden_draws() {
        let stream = Stream::new(1, 0, "psm1.encoder.yaw");
        let got = [0, 1, 1_000_000].map(|instant_ns| stream.at(instant_ns, 0).u64());
        assert_eq!(got, GOLDEN, "{got:#x?}");
        assert_eq!(
            Stream::new(1, 0, "psm1.encoder.yaw").at(0, 1).u64(),
            GOLDEN_LANE,
            "{:#x}",
            stream.at(0, 1).u64()
        );
        assert_eq!(
            stream.at(0, 0).normal().to_bits(),
            GOLDEN_NORMAL,
            "{:#x}",
            stream.at(0, 0).normal().to_bits()
        );
    }
    const GOLDEN: [u64; 3] = [0x066e_120a_3db9_211d, 0x73e4_c2a7_35e4_5f22, 0xfa25_0dbf_df1f_407d];
    const GOLDEN_LANE: u64 = 0x409b_a390_b2a2_2ef2;
    const GOLDEN_NORMAL: u64 = 0xbfff_53d3_6d1c_7453;

    #[test]
    fn every_part_of_the_address_matters() {
        let base = Stream::new(7, 3, "a.b").at(5, 0).u64();
        for other in [
            Stream::new(8, 3, "a.b").at(5, 0),
            Stream::new(7, 4, "a.b").at(5, 0),
            Stream::new(7, 3, "a.c").at(5, 0),
            Stream::new(7, 3, "a.b").at(6, 0),
            Stream::new(7, 3, "a.b").at(5 | 1 << 40, 0),
            Stream::new(7, 3, "a.b").at(5, 1),
        ] {
            assert_ne!(base, other.u64());
        }
    }

    #[test]
    fn moments() {
        let stream = Stream::new(42, 0, "moments");
        let n = 400_000_u32;
        let (mut sums, mut uniforms) = ([0.0; 4], [0.0; 2]);
        for i in 0..n {
            let draw = stream.at(u64::from(i), 0);
            let (z, u) = (draw.normal(), draw.uniform());
            assert!((0.0..1.0).contains(&u) && z.abs() < 8.3);
            assert_eq!(z < 0.0, u < 0.5);
            uniforms[0] += u;
            uniforms[1] += u * u;
            for (k, sum) in sums.iter_mut().enumerate() {
                *sum += crate::powi(z, k as i32 + 1);
            }
        }
        let n = f64::from(n);
        // Five standard errors of each mean: var(z) = 1, var(z²) = 2, var(z³) = 15, var(z⁴) = 96; var(u) = 1/12,
        // var(u²) = 4/45.
        for (sum, expected, variance) in [
            (sums[0], 0.0, 1.0),
            (sums[1], 1.0, 2.0),
            (sums[2], 0.0, 15.0),
            (sums[3], 3.0, 96.0),
            (uniforms[0], 0.5, 1.0 / 12.0),
            (uniforms[1], 1.0 / 3.0, 4.0 / 45.0),
        ] {
            assert!(
                (sum / n - expected).abs() < 5.0 * f64::sqrt(variance / n),
                "{} is not {expected}",
                sum / n
            );
        }
        // Neighbouring instants and lanes are uncorrelated: the mean product has a standard error of 1/√n.
        for (step, lane) in [(1, 0), (0, 1)] {
            let products: f64 =
                (0..100_000).map(|i| stream.at(i, 0).normal() * stream.at(i + step, lane).normal()).sum();
            assert!((products / 1e5).abs() < 5.0 / f64::sqrt(1e5));
        }
    }
}
