//! Numbers counted in buckets, as TensorFlow counts them.

use std::sync::LazyLock;

use crate::proto::HistogramProto;

/// Where the buckets end, ascending: 0, ±10⁻¹² and on by a tenth each up to ±10²⁰, and the largest number.
static LIMITS: LazyLock<Vec<f64>> = LazyLock::new(|| {
    let mut above = Vec::new();
    let mut limit = 1e-12;
    while limit < 1e20 {
        above.push(limit);
        limit *= 1.1;
    }
    above.push(f64::MAX);
    let below = above.iter().rev().map(|limit| -limit);
    below.chain([0.0]).chain(above.iter().copied()).collect()
});

/// Numbers counted in buckets that widen by a tenth each.
#[derive(Clone, Debug, PartialEq)]
pub struct Histogram {
    counts: Vec<u64>,
    min: f64,
    max: f64,
    sum: f64,
    sum_squares: f64,
}

impl Histogram {
    /// Counts `values`; what is no finite number has no bucket and is left out.
    pub fn of(values: &[f32]) -> Self {
        let mut histogram = Histogram {
            counts: vec![0; LIMITS.len()],
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            sum: 0.0,
            sum_squares: 0.0,
        };
        for value in values.iter().filter(|value| value.is_finite()).map(|&value| f64::from(value)) {
            // A number on a limit belongs to the bucket that begins there.
            histogram.counts[LIMITS.partition_point(|&limit| limit <= value)] += 1;
            histogram.min = histogram.min.min(value);
            histogram.max = histogram.max.max(value);
            histogram.sum += value;
            histogram.sum_squares += value * value;
        }
        histogram
    }

    /// As it is written: each run of empty buckets made one.
    pub fn to_proto(&self) -> HistogramProto {
        let num = self.counts.iter().sum::<u64>();
        if num == 0 {
            return HistogramProto { bucket_limit: vec![f64::MAX], bucket: vec![0.0], ..HistogramProto::default() };
        }
        let (mut bucket_limit, mut bucket) = (Vec::new(), Vec::new());
        for (&limit, &count) in LIMITS.iter().zip(&self.counts) {
            if count == 0 && bucket.last() == Some(&0.0) {
                *bucket_limit.last_mut().expect("as many as buckets") = limit;
            } else {
                bucket_limit.push(limit);
                bucket.push(count as f64);
            }
        }
        HistogramProto {
            min: self.min,
            max: self.max,
            num: num as f64,
            sum: self.sum,
            sum_squares: self.sum_squares,
            bucket_limit,
            bucket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_buckets_as_tensorflow_has() {
        // 774 powers on either side, 0, and the largest number on either side.
        assert_eq!(LIMITS.len(), 1551);
        assert!(LIMITS.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_number_is_between_the_limits_of_its_bucket() {
        let values = [-2.5f32, -1e-13, 0.0, 0.0, 1e-12, 0.3, 0.31, 7e19, f32::MAX, f32::MIN, f32::NAN, f32::INFINITY];
        let proto = Histogram::of(&values).to_proto();
        assert_eq!((proto.num, proto.min, proto.max), (10.0, f64::from(f32::MIN), f64::from(f32::MAX)));
        assert_eq!(proto.bucket.iter().sum::<f64>(), 10.0);
        let mut begins = f64::MIN;
        for (&ends, &count) in proto.bucket_limit.iter().zip(&proto.bucket) {
            let inside = |v: &&f32| v.is_finite() && (begins..ends).contains(&f64::from(**v));
            assert_eq!(values.iter().filter(inside).count() as f64, count, "{begins} to {ends}");
            begins = ends;
        }
        assert_eq!(begins, f64::MAX, "the buckets reach to the end");
        assert!(!proto.bucket.windows(2).any(|pair| pair == [0.0, 0.0]), "empty buckets are joined");
    }

    #[test]
    fn nothing_is_an_empty_histogram() {
        let proto = Histogram::of(&[f32::NAN]).to_proto();
        assert_eq!((proto.num, proto.min, proto.bucket), (0.0, 0.0, vec![0.0]));
    }
}
