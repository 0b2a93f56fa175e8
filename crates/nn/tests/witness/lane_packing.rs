//! Images one after another into lane groups, and back.

use longhand_kernels::{Geometry, LANES, Lanes};

/// How many images group `g` of a batch of `images` holds.
pub fn active(images: usize, g: usize) -> usize {
    (images - g * LANES).min(LANES)
}

/// Packs `values` (`[image][channel][row][column]`) into lane groups stored as `geometry` says; idle lanes hold `idle`.
pub fn pack(values: &[f32], images: usize, geometry: Geometry, idle: f32) -> Vec<Vec<Lanes>> {
    assert_eq!(values.len(), images * geometry.elements(), "values of {images} images of {geometry:?}");
    let mut groups = vec![vec![Lanes::ZERO; geometry.len()]; images.div_ceil(LANES)];
    for (g, group) in groups.iter_mut().enumerate() {
        for (element, place) in places(geometry).enumerate() {
            for l in 0..LANES {
                let image = g * LANES + l;
                group[place].0[l] = if image < images { values[image * geometry.elements() + element] } else { idle };
            }
        }
    }
    groups
}

/// What [`pack`] packed, idle lanes left out.
pub fn unpack(groups: &[Vec<Lanes>], images: usize, geometry: Geometry) -> Vec<f64> {
    let mut values = Vec::with_capacity(images * geometry.elements());
    for image in 0..images {
        let group = &groups[image / LANES];
        values.extend(places(geometry).map(|place| f64::from(group[place].0[image % LANES])));
    }
    values
}

/// Where the content lies, in the order channel, row, column.
fn places(geometry: Geometry) -> impl Iterator<Item = usize> {
    (0..geometry.channels)
        .flat_map(move |c| (0..geometry.height).map(move |r| (c, r)))
        .flat_map(move |(c, r)| (0..geometry.width).map(move |s| geometry.index(c, r, s)))
}
