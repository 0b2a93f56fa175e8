//! Fewer points where there are more than pixels.

/// Keeps, of the points that fall into each of `columns` equal strips of x, the first, the lowest, the highest and the
/// last: the picture stays the same.
pub(super) fn thinned(points: &[(f64, f64)], columns: usize) -> Vec<(f64, f64)> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Vec::new() };
    let width = last.0 - first.0;
    if points.len() <= 4 * columns || width <= 0.0 {
        return points.to_vec();
    }
    let strip = |x: f64| ((x - first.0) / width * columns as f64) as usize;
    let mut kept = Vec::new();
    let mut start = 0;
    while start < points.len() {
        let here = strip(points[start].0);
        let length = points[start..].iter().take_while(|point| strip(point.0) == here).count();
        let inside = start..start + length;
        let lowest = inside.clone().min_by(|&a, &b| points[a].1.total_cmp(&points[b].1)).unwrap_or(start);
        let highest = inside.max_by(|&a, &b| points[a].1.total_cmp(&points[b].1)).unwrap_or(start);
        let mut places = [start, lowest, highest, start + length - 1];
        places.sort_unstable();
        for (k, place) in places.into_iter().enumerate() {
            if k == 0 || place != places[k - 1] {
                kept.push(points[place]);
            }
        }
        start += length;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::thinned;

    #[test]
    fn peaks_and_ends_are_kept() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|k| (f64::from(k), f64::from(k % 7))).collect();
        points[31_234].1 = 50.0;
        points[77_777].1 = -50.0;
        let kept = thinned(&points, 800);
        assert!(kept.len() <= 4 * 801, "{}", kept.len());
        for place in [0, 31_234, 77_777, 99_999] {
            assert!(kept.contains(&points[place]), "point {place}");
        }
        assert!(kept.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(thinned(&points[..100], 800), points[..100]);
    }
}
