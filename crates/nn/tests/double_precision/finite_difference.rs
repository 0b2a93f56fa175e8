//! The oracle: central differences, extrapolated, never across a kink.

use crate::plain::Branches;

/// First step tried; a power of two, so that a single-precision number plus the step is exact.
const STEP: f64 = 1.0 / 65_536.0;
/// Below this step rounding would count for more than a part in a million.
const LEAST_STEP: f64 = 1.0 / 33_554_432.0;

/// ∂f/∂v[i] for every i: with D(h) = (f(v+h) − f(v−h)) / 2h, Richardson's (4·D(h) − D(2h)) / 3.
///
/// Its error is of order h⁴, about 10⁻¹⁹, beside rounding of about 10⁻¹¹. Where a ReLU or a max pool decides otherwise
/// at one of the four points than in the middle, the step is made smaller.
///
/// # Panics
/// When no step is small enough.
pub fn gradient(values: &[f64], f: impl Fn(&[f64]) -> (f64, Branches)) -> Vec<f64> {
    let mut values = values.to_vec();
    let (_, here) = f(&values);
    let mut gradient = Vec::with_capacity(values.len());
    for i in 0..values.len() {
        let middle = values[i];
        let mut step = STEP;
        let slope = loop {
            let mut at = |offset: f64| {
                values[i] = middle + offset;
                let (value, branches) = f(&values);
                (branches.digest == here.digest).then_some(value)
            };
            let mut central = |h: f64| Some((at(h)? - at(-h)?) / (2.0 * h));
            if let Some(slope) = central(step).and_then(|near| Some((4.0 * near - central(2.0 * step)?) / 3.0)) {
                break slope;
            }
            step /= 4.0;
            assert!(step >= LEAST_STEP, "element {i} sits on a kink; choose another seed");
        };
        values[i] = middle;
        gradient.push(slope);
    }
    gradient
}

#[test]
fn a_polynomial_of_the_fourth_degree_is_met_exactly() {
    let f = |v: &[f64]| (v[0].powi(4) - 3.0 * v[0] * v[1] + 2.0 * v[1].powi(3), Branches::none());
    let gradient = gradient(&[1.5, -0.75], f);
    let wanted = [4.0 * 1.5f64.powi(3) + 3.0 * 0.75, -4.5 + 6.0 * 0.75 * 0.75];
    for (found, wanted) in gradient.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-9, "{found} and {wanted}");
    }
}

#[test]
fn a_kink_nearby_makes_the_step_smaller() {
    use crate::plain::{Tensor, relu};
    // The kink lies half a first step away; a difference across it would give 3/4 or so.
    let f = |v: &[f64]| {
        let mut branches = Branches::none();
        let x = Tensor { images: 1, channels: 1, height: 1, width: 1, values: vec![v[0] - 1.0] };
        (relu(x, &mut branches).values[0], branches)
    };
    assert!((gradient(&[1.0 + STEP / 2.0], f)[0] - 1.0).abs() < 1e-9);
    assert_eq!(gradient(&[1.0 - STEP / 2.0], f)[0], 0.0);
}
