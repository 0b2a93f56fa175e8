//! Lines cut off where they leave the picture.

/// The parts of a line through `points` that lie between the heights `top` and `bottom`.
pub(super) fn between(points: &[(f64, f64)], top: f64, bottom: f64) -> Vec<Vec<(f64, f64)>> {
    let inside = |point: (f64, f64)| (top..=bottom).contains(&point.1);
    let mut parts: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut part: Vec<(f64, f64)> = points.first().copied().filter(|&point| inside(point)).into_iter().collect();
    for pair in points.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        // Where the segment crosses either height, in the order in which it does.
        let mut crossings: Vec<f64> =
            [top, bottom].into_iter().map(|height| (height - start.1) / (end.1 - start.1)).collect();
        crossings.retain(|share| *share > 0.0 && *share < 1.0);
        crossings.sort_by(f64::total_cmp);
        for share in crossings {
            let x = start.0 + share * (end.0 - start.0);
            let y = (start.1 + share * (end.1 - start.1)).clamp(top, bottom);
            part.push((x, y));
            if part.len() > 1 {
                parts.push(std::mem::take(&mut part));
            }
        }
        if inside(end) {
            part.push(end);
        }
    }
    if part.len() > 1 {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn only_what_is_inside_is_left() {
        let whole = [(0.0, 1.0), (1.0, 9.0), (2.0, 5.0)];
        assert_eq!(between(&whole, 0.0, 10.0), [whole.to_vec()]);
        let peak = [(0.0, 5.0), (1.0, -5.0), (2.0, 5.0)];
        assert_eq!(between(&peak, 0.0, 10.0), [vec![(0.0, 5.0), (0.5, 0.0)], vec![(1.5, 0.0), (2.0, 5.0)]]);
        assert_eq!(between(&[(0.0, -10.0), (4.0, 30.0)], 0.0, 10.0), [vec![(1.0, 0.0), (2.0, 10.0)]]);
        assert!(between(&[(0.0, -10.0), (4.0, -3.0)], 0.0, 10.0).is_empty());
        assert_eq!(between(&[(0.0, 0.0), (4.0, 0.0)], 0.0, 10.0), [vec![(0.0, 0.0), (4.0, 0.0)]]);
    }
}
