//! Places for labels beside points, where they cover neither points nor each other.

/// A rectangle: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Box {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Box {
    /// By how much two rectangles overlap.
    fn overlap(&self, other: &Box) -> f64 {
        let across = self.right.min(other.right) - self.left.max(other.left);
        let down = self.bottom.min(other.bottom) - self.top.max(other.top);
        across.max(0.0) * down.max(0.0)
    }

    /// How much of it lies outside `area`.
    fn outside(&self, area: &Box) -> f64 {
        (self.right - self.left) * (self.bottom - self.top) - self.overlap(area)
    }
}

/// Between a point and a label next to it.
const NEAR: f64 = 9.0;
/// Directions in which a label may lie: to the right first, then around.
const DIRECTIONS: [(f64, f64); 12] = [
    (1.0, 0.0),
    (-1.0, 0.0),
    (1.0, -1.0),
    (1.0, 1.0),
    (-1.0, -1.0),
    (-1.0, 1.0),
    (0.0, -1.0),
    (0.0, 1.0),
    (1.0, -0.5),
    (1.0, 0.5),
    (-1.0, -0.5),
    (-1.0, 0.5),
];

/// A place for a label of each `(point, width)`, `height` high, inside `area`, free of `taken` where there is such a place.
///
/// Labels take their places in order of how crowded their points are; one that finds none free takes the least bad.
pub(super) fn places(points: &[((f64, f64), f64)], height: f64, taken: &[Box], area: &Box) -> Vec<Box> {
    let crowd = |k: usize| -> f64 {
        let (x, y) = points[k].0;
        points.iter().map(|((a, b), _)| 1.0 / (20.0 + (x - a).abs() + 2.0 * (y - b).abs())).sum()
    };
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| crowd(b).total_cmp(&crowd(a)));
    let mut taken = taken.to_vec();
    let mut found = vec![Box { left: 0.0, top: 0.0, right: 0.0, bottom: 0.0 }; points.len()];
    for k in order {
        let ((x, y), width) = points[k];
        let candidates = [1.0, 2.2, 3.6, 5.2].into_iter().flat_map(|far| {
            DIRECTIONS.into_iter().map(move |(across, down)| {
                let side = NEAR * if down == 0.0 { far } else { 1.0 + 0.4 * (far - 1.0) };
                let left = match across {
                    1.0 => x + side,
                    -1.0 => x - side - width,
                    _ => x - width / 2.0,
                };
                let top = y + down * (NEAR + height / 2.0) * far - height / 2.0;
                (far, Box { left, top, right: left + width, bottom: top + height })
            })
        });
        let badness = |(far, place): &(f64, Box)| {
            let covered: f64 = taken.iter().map(|other| place.overlap(other)).sum();
            covered + 3.0 * place.outside(area) + 0.01 * far
        };
        let best = candidates.min_by(|a, b| badness(a).total_cmp(&badness(b))).expect("there are candidates");
        taken.push(best.1);
        found[k] = best.1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Box = Box { left: 0.0, top: 0.0, right: 800.0, bottom: 400.0 };

    #[test]
    fn a_lone_label_stands_to_the_right_and_one_at_the_edge_to_the_left() {
        let found = places(&[((100.0, 100.0), 50.0), ((790.0, 300.0), 50.0)], 18.0, &[], &AREA);
        assert_eq!((found[0].left, found[0].top), (109.0, 91.0));
        assert!(found[1].right < 790.0);
    }

    #[test]
    fn crowded_labels_cover_neither_each_other_nor_what_is_taken() {
        let points: Vec<((f64, f64), f64)> =
            (0..12).map(|k| ((300.0 + 17.0 * f64::from(k), 200.0 - 9.0 * f64::from(k % 5)), 70.0)).collect();
        let dots: Vec<Box> = points
            .iter()
            .map(|((x, y), _)| Box { left: x - 5.0, top: y - 5.0, right: x + 5.0, bottom: y + 5.0 })
            .collect();
        let found = places(&points, 18.0, &dots, &AREA);
        for (k, place) in found.iter().enumerate() {
            assert_eq!(place.outside(&AREA), 0.0);
            let covered: f64 = found[..k].iter().chain(&dots).map(|other| place.overlap(other)).sum();
            assert_eq!(covered, 0.0, "label {k}");
        }
    }
}
