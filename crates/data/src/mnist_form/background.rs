//! What a picture would be without ink on it.

/// Points along the longer side at which a picture is sampled to fit its background.
const SAMPLES: usize = 40;
/// Rounds of reweighting; the surface has settled long before.
const ROUNDS: usize = 15;
/// What share of pixels is surely background: the deviations of that share judge a fit.
const SURE_SHARE: f64 = 0.3;
/// Deviations below this are those of a flat background, whatever a fitted surface gains: about one step of 255.
const FLAT: f64 = 1.5 / 255.0;

/// A brightness for every place: constant, or a surface of second degree where light falls unevenly.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Background {
    /// Of 1, x, y, x², xy, y², where x and y go from −1 to 1.
    coefficients: [f64; 6],
    width: usize,
    height: usize,
}

impl Background {
    /// The background of a plane, `[row][column]`.
    ///
    /// Flat, it is the median of the border. A surface is fitted through all of the picture so that the sum of absolute
    /// deviations is least, which ink on less than half of it hardly moves; it is taken where it halves the deviations.
    pub(super) fn of(plane: &[f32], width: usize, height: usize) -> Background {
        let border = (0..height).flat_map(|row| {
            let step = if row == 0 || row + 1 == height { 1 } else { (width - 1).max(1) };
            (0..width).step_by(step).map(move |column| f64::from(plane[row * width + column]))
        });
        let flat = Background { coefficients: [quantile(border.collect(), 0.5), 0., 0., 0., 0., 0.], width, height };
        let step = width.max(height).div_ceil(SAMPLES);
        // A side shorter than a step is sampled in its middle.
        let sampled = |length: usize| ((step / 2).min(length / 2)..length).step_by(step);
        let points: Vec<([f64; 6], f64)> = sampled(height)
            .flat_map(|row| sampled(width).map(move |column| (column, row)))
            .map(|(column, row)| (flat.terms(column, row), f64::from(plane[row * width + column])))
            .collect();
        let deviation = |b: &Background| {
            quantile(points.iter().map(|(terms, v)| (v - dot(&b.coefficients, terms)).abs()).collect(), SURE_SHARE)
        };
        let of_flat = deviation(&flat);
        if of_flat < FLAT {
            return flat;
        }
        let Some(coefficients) = least_absolute_deviations(&points) else { return flat };
        let surface = Background { coefficients, ..flat };
        if deviation(&surface) < 0.5 * of_flat { surface } else { flat }
    }

    /// The brightness at a pixel.
    pub(super) fn at(&self, column: usize, row: usize) -> f32 {
        dot(&self.coefficients, &self.terms(column, row)) as f32
    }

    fn terms(&self, column: usize, row: usize) -> [f64; 6] {
        let place = |at: usize, length: usize| (2 * at + 1) as f64 / length as f64 - 1.0;
        let (x, y) = (place(column, self.width), place(row, self.height));
        [1.0, x, y, x * x, x * y, y * y]
    }
}

/// The value that `share` of `values` are not above.
///
/// # Panics
/// When there are none.
pub(super) fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    let place = ((values.len() - 1) as f64 * share) as usize;
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

fn dot(a: &[f64; 6], b: &[f64; 6]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The coefficients with the least sum of absolute deviations, by least squares weighted over and over with the inverse
/// of each point's deviation. `None` where the points do not decide a surface.
fn least_absolute_deviations(points: &[([f64; 6], f64)]) -> Option<[f64; 6]> {
    let mut coefficients = None;
    for _ in 0..ROUNDS {
        let weight = |terms: &[f64; 6], value: f64| match &coefficients {
            None => 1.0,
            Some(c) => 1.0 / (value - dot(c, terms)).abs().max(1e-3),
        };
        let mut system = [[0.0; 7]; 6];
        for (terms, value) in points {
            let weight = weight(terms, *value);
            for (row, a) in system.iter_mut().zip(terms) {
                for (cell, b) in row.iter_mut().zip(terms.iter().chain([value])) {
                    *cell += weight * a * b;
                }
            }
        }
        coefficients = Some(solved(system)?);
    }
    coefficients
}

/// Solves six equations in six unknowns, each `[coefficients…, right side]`, by elimination.
fn solved(mut system: [[f64; 7]; 6]) -> Option<[f64; 6]> {
    for k in 0..6 {
        let pivot = (k..6).max_by(|&a, &b| system[a][k].abs().total_cmp(&system[b][k].abs()))?;
        system.swap(k, pivot);
        let pivot_row = system[k];
        if pivot_row[k].abs() < 1e-9 {
            return None;
        }
        for (i, row) in system.iter_mut().enumerate() {
            if i != k {
                let factor = row[k] / pivot_row[k];
                for (cell, above) in row.iter_mut().zip(pivot_row).skip(k) {
                    *cell -= factor * above;
                }
            }
        }
    }
    Some(std::array::from_fn(|k| system[k][6] / system[k][k]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surface_is_found_under_ink() {
        let (width, height) = (120, 90);
        let light = |c: usize, r: usize| 0.5 + 0.003 * c as f32 - 0.00002 * (r * r) as f32;
        let is_ink = |c: usize, r: usize| (40..75).contains(&c) && (20..70).contains(&r) && !(c + r).is_multiple_of(3);
        let plane: Vec<f32> = (0..width * height)
            .map(|i| (i % width, i / width))
            .map(|(c, r)| if is_ink(c, r) { 0.1 } else { light(c, r) })
            .collect();
        let background = Background::of(&plane, width, height);
        for (column, row) in [(0, 0), (60, 45), (119, 89), (10, 80)] {
            let (found, wanted) = (background.at(column, row), light(column, row));
            assert!((found - wanted).abs() < 0.01, "{found} for {wanted} at ({column}, {row})");
        }
    }

    #[test]
    fn a_flat_background_stays_exactly_flat() {
        let plane: Vec<f32> = (0..28 * 28).map(|i| if i % 28 > 9 && i % 28 < 18 { 0.9 } else { 0.25 }).collect();
        let background = Background::of(&plane, 28, 28);
        assert!((0..28).all(|i| background.at(i, 27 - i) == 0.25));
    }
}
