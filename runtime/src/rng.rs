//! Random numbers that are the same on every machine.
//!
//! The generator is xoshiro256++ 1.0 (Blackman and Vigna, "Scrambled linear pseudorandom number generators",
//! ACM TOMS 47, 2021), its state filled by splitmix64 as its authors advise. Normal deviates come from
//! Marsaglia's polar method (Marsaglia and Bray, SIAM Review 6, 1964), whose only transcendental function,
//! ln, is computed here from IEEE operations that round alike everywhere: a platform's own `ln` may differ in
//! the last bit, and a trained network with it.
//!
//! For seeding, shuffling and initialising; never for secrets.

/// A seeded generator: the same seed gives the same numbers on every machine and in every version with the
/// same first two version digits.
///
/// ```
/// use gradsmith_runtime::Rng;
///
/// let mut rng = Rng::new(7);
/// let mut order = [0, 1, 2, 3];
/// rng.shuffle(&mut order);
/// assert!((0.0..1.0).contains(&rng.uniform()));
/// ```
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rng {
    state: [u64; 4],
    /// The second deviate of the last polar pair.
    spare: Option<f64>,
}

impl Rng {
    /// A generator whose whole state follows from `seed`; neighbouring seeds give unrelated numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut counter = seed;
        Self { state: std::array::from_fn(|_| splitmix64(&mut counter)), spare: None }
    }

    /// 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let t = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= t;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Uniform in [0, 1): a multiple of 2⁻⁵³.
    pub fn uniform(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// Uniform among 0 .. `bound` − 1, without bias (Lemire, ACM TOMACS 29, 2019); 0 for a bound of 0.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        let threshold = bound.wrapping_neg().checked_rem(bound).unwrap_or(0);
        loop {
            let wide = u128::from(self.next_u64()) * u128::from(bound);
            if wide as u64 >= threshold {
                return (wide >> 64) as usize;
            }
        }
    }

    /// Normal with mean 0 and variance 1.
    pub fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let u = 2.0 * self.uniform() - 1.0;
            let v = 2.0 * self.uniform() - 1.0;
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                let factor = (-2.0 * ln(s) / s).sqrt();
                self.spare = Some(v * factor);
                return u * factor;
            }
        }
    }

    /// Puts the entries in random order, each order as likely as any other (Fisher and Yates).
    pub fn shuffle<T>(&mut self, entries: &mut [T]) {
        for last in (1..entries.len()).rev() {
            entries.swap(last, self.below(last + 1));
        }
    }
}

/// splitmix64 (Steele, Lea and Flood, OOPSLA 2014): advances `state`, returns 64 mixed bits.
fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// ln x for normal x > 0, to about 2 ulp, by IEEE operations only: x = m·2ᵉ with m in [√½, √2), and
/// ln m = 2 artanh t = 2 (t + t³/3 + t⁵/5 + …) with t = (m − 1)/(m + 1), |t| < 0.172.
fn ln(x: f64) -> f64 {
    let bits = x.to_bits();
    let mut exponent = (bits >> 52) as i64 - 1023;
    let mut m = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    if m > std::f64::consts::SQRT_2 {
        m *= 0.5;
        exponent += 1;
    }
    let t = (m - 1.0) / (m + 1.0);
    let square = t * t;
    let series = (0..12).rev().fold(0.0, |sum, k| sum * square + 1.0 / f64::from(2 * k + 1));
    exponent as f64 * std::f64::consts::LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splitmix64_gives_the_published_sequence() {
        // First outputs for seed 1234567 of the authors' splitmix64.c.
        let mut state = 1_234_567;
        let got: [u64; 3] = std::array::from_fn(|_| splitmix64(&mut state));
        assert_eq!(got, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn xoshiro_gives_the_published_sequence() {
        // First outputs for the state [1, 2, 3, 4] of the authors' xoshiro256plusplus.c.
        let mut rng = Rng { state: [1, 2, 3, 4], spare: None };
        let got: [u64; 4] = std::array::from_fn(|_| rng.next_u64());
        assert_eq!(got, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn ln_agrees_with_the_library() {
        let mut rng = Rng::new(3);
        for _ in 0..10_000 {
            let x = rng.uniform().powi(9).max(f64::MIN_POSITIVE);
            let (got, want) = (ln(x), x.ln());
            assert!((got - want).abs() <= 4.0 * f64::EPSILON * want.abs().max(f64::EPSILON), "ln({x})");
        }
        assert_eq!(ln(1.0), 0.0);
    }

    /// Pinned, because "the same on every machine" is a promise: a change here changes every seeded run of
    /// every user.
    #[test]
    fn numbers_are_pinned_to_the_bit() {
        let mut rng = Rng::new(42);
        let bits = [rng.normal().to_bits(), rng.normal().to_bits(), rng.normal().to_bits()];
        let again = Rng::new(42).normal().to_bits();
        assert_eq!(bits[0], again);
        assert_eq!(bits, PINNED_NORMALS);
    }

    const PINNED_NORMALS: [u64; 3] =
        [4_607_014_870_392_941_435, 13_826_642_810_105_263_476, 4_608_715_109_237_900_042];

    #[test]
    fn normal_has_the_moments_of_the_normal_distribution() {
        let mut rng = Rng::new(1);
        let n = 200_000;
        let mut moments = [0.0; 4];
        for _ in 0..n {
            let x = rng.normal();
            for (k, moment) in moments.iter_mut().enumerate() {
                *moment += x.powi(k as i32 + 1) / f64::from(n);
            }
        }
        // Four standard errors: sqrt(1, 2, 15, 96) / sqrt(n).
        for (got, (want, deviation)) in moments.iter().zip([(0.0, 1.0), (1.0, 1.42), (0.0, 3.9), (3.0, 9.8)])
        {
            assert!((got - want).abs() < 4.0 * deviation / f64::from(n).sqrt(), "{moments:?}");
        }
    }

    #[test]
    fn below_is_even_and_within_its_bound() {
        let mut rng = Rng::new(5);
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[rng.below(7)] += 1;
        }
        assert!(counts.iter().all(|&c| c.abs_diff(10_000) < 400), "{counts:?}");
        assert_eq!(rng.below(1), 0);
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn shuffle_permutes_and_follows_the_seed() {
        let shuffled = |seed| {
            let mut order: Vec<usize> = (0..100).collect();
            Rng::new(seed).shuffle(&mut order);
            order
        };
        let mut sorted = shuffled(1);
        sorted.sort_unstable();
        assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        assert_eq!(shuffled(1), shuffled(1));
        assert_ne!(shuffled(1), shuffled(2));
        assert_ne!(shuffled(1), sorted);
    }
}
