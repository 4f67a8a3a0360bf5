//! Chance that repeats itself: the same seed, stream and bucket give the same number, on every
//! machine and after every restart.

/// A well-mixed number for a place in a stream (the finaliser of SplitMix64).
pub(super) const fn hash(seed: u64, stream: u64, bucket: i64) -> u64 {
    #[allow(clippy::cast_sign_loss)]
    let bucket = bucket as u64;
    let mut z = seed
        .wrapping_add(stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add(bucket.wrapping_mul(0xD1B5_4A32_D192_ED03));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// 0 to 1.
#[allow(clippy::cast_precision_loss)]
pub(super) fn unit(seed: u64, stream: u64, bucket: i64) -> f64 {
    (hash(seed, stream, bucket) >> 11) as f64 / (1u64 << 53) as f64
}

/// 0 to 1, gliding from one bucket of `period_ms` to the next.
#[allow(clippy::cast_precision_loss)]
pub(super) fn smooth(seed: u64, stream: u64, time_ms: i64, period_ms: i64) -> f64 {
    let bucket = time_ms.div_euclid(period_ms);
    let part = time_ms.rem_euclid(period_ms) as f64 / period_ms as f64;
    let ease = part * part * (3.0 - 2.0 * part);
    let from = unit(seed, stream, bucket);
    from + (unit(seed, stream, bucket + 1) - from) * ease
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_repeats_itself_fills_the_range_and_glides() {
        assert_eq!(hash(1, 2, 3), hash(1, 2, 3));
        assert_ne!(hash(1, 2, 3), hash(1, 3, 2));
        let all: Vec<f64> = (0..1000).map(|i| unit(7, 1, i)).collect();
        let mean = all.iter().sum::<f64>() / 1000.0;
        assert!((mean - 0.5).abs() < 0.05 && all.iter().all(|x| (0.0..1.0).contains(x)));
        for t in 0..5000 {
            assert!((smooth(7, 1, t + 1, 100) - smooth(7, 1, t, 100)).abs() < 0.02);
        }
    }
}
