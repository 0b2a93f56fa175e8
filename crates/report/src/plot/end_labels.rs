//! Labels at the ends of lines, moved apart where they would overlap.

/// Moves places apart to at least `gap` and into `low..=high`, each as little as can be, keeping their order.
///
/// Places that are too close form a block around their mean; blocks that touch merge. Where all do not fit, they are
/// spread evenly.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    let gap = gap.min((high - low) / wanted.len().max(1) as f64);

    // Of each block: the sum over its members of wanted place less offset inside, and how many they are.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    let start =
        |&(sum, count): &(f64, usize)| (sum / count as f64).clamp(low, (high - gap * (count - 1) as f64).max(low));
    for &index in &order {
        blocks.push((wanted[index], 1));
        while let [.., above, below] = blocks.as_slice() {
            if start(above) + gap * above.1 as f64 <= start(below) {
                break;
            }
            let shift = gap * above.1 as f64 * below.1 as f64;
            let merged = (above.0 + below.0 - shift, above.1 + below.1);
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    let places = blocks.iter().flat_map(|block| (0..block.1).map(|k| start(block) + gap * k as f64));
    let mut result = vec![0.0; wanted.len()];
    for (place, index) in places.zip(order) {
        result[index] = place;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn labels_far_apart_stay_and_close_ones_move_evenly() {
        assert_eq!(spread(&[10.0, 50.0, 90.0], 20.0, 0.0, 100.0), [10.0, 50.0, 90.0]);
        assert_eq!(spread(&[50.0, 50.0], 20.0, 0.0, 100.0), [40.0, 60.0]);
        assert_eq!(spread(&[60.0, 50.0, 55.0], 20.0, 0.0, 100.0), [75.0, 35.0, 55.0]);
        assert_eq!(spread(&[99.0, 100.0, 98.0], 10.0, 0.0, 100.0), [90.0, 100.0, 80.0]);
        assert_eq!(spread(&[0.0; 4], 60.0, 0.0, 100.0), [0.0, 25.0, 50.0, 75.0]);
        assert!(spread(&[], 1.0, 0.0, 1.0).is_empty());
    }
}
