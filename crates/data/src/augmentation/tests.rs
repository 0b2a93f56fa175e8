//! Augmentation against a plain form, and what a person would expect of it.

mod changes;

use proptest::prelude::*;

use super::*;
use crate::random::Stream;

/// Displacements as the definition has them: every control point's bell summed at every pixel, `[column, row]`.
fn plain_field(spec: &AugmentationSpec, random: &mut Stream, height: usize, width: usize) -> Vec<[f64; 2]> {
    let spacing = 3_f64.sqrt() * f64::from(spec.elastic_smoothness);
    let intervals = |length: usize| ((length as f64 - 1.0) / spacing).ceil().max(1.0);
    let (down, across) = (intervals(height), intervals(width));
    let amplitude = f64::from(spec.elastic) * 3_f64.sqrt() * 315.0 / 151.0;
    let bell = |t: f64| match t.abs() {
        t if t < 1.0 => 2.0 / 3.0 - t * t + t * t * t / 2.0,
        t if t < 2.0 => (2.0 - t) * (2.0 - t) * (2.0 - t) / 6.0,
        _ => 0.0,
    };
    let place = |pixel: usize, length: usize, intervals: f64| {
        (pixel as f64 - (length as f64 - 1.0) / 2.0) / spacing + intervals / 2.0
    };
    let mut field = vec![[0.0; 2]; height * width];
    for control_row in 0..down as usize + 3 {
        for control_column in 0..across as usize + 3 {
            let word = random.next_u32();
            let amount = [word >> 16, word & 0xFFFF].map(|half| amplitude * (f64::from(half) / 32_767.5 - 1.0));
            for (pixel, at) in field.iter_mut().enumerate() {
                let y = place(pixel / width, height, down) + 1.0 - control_row as f64;
                let x = place(pixel % width, width, across) + 1.0 - control_column as f64;
                at[0] += amount[0] * bell(x) * bell(y);
                at[1] += amount[1] * bell(x) * bell(y);
            }
        }
    }
    field
}

/// All changes as the definitions have them.
fn plain(spec: &AugmentationSpec, seed: u64, source: &[u8], height: usize, width: usize) -> Vec<f64> {
    let mut random = stream(seed, 1, 2, Purpose::Augmentation);
    let map = SourceMap::draw(spec, &mut random);
    let centre = [height, width].map(|length| i64::from(random.below(length as u32)));
    let field = plain_field(spec, &mut random, height, width);
    let mut out = plain_sampling(&map, &field, source, height, width);
    let before = i64::from(spec.cutout / 2);
    let blackened = |at: i64, centre: i64| (centre - before..centre - before + i64::from(spec.cutout)).contains(&at);
    for (pixel, out) in out.iter_mut().enumerate() {
        if blackened((pixel / width) as i64, centre[0]) && blackened((pixel % width) as i64, centre[1]) {
            *out = 0.0;
        }
    }
    out
}

/// Bilinear sampling as the textbook has it: every pixel, every tap, outside is black.
fn plain_sampling(map: &SourceMap, field: &[[f64; 2]], source: &[u8], height: usize, width: usize) -> Vec<f64> {
    let tap = |x: i64, y: i64| {
        let inside = (0..width as i64).contains(&x) && (0..height as i64).contains(&y);
        if inside { f64::from(source[y as usize * width + x as usize]) } else { 0.0 }
    };
    let (centre_x, centre_y) = ((width as f64 - 1.0) / 2.0, (height as f64 - 1.0) / 2.0);
    let mut out = Vec::new();
    for row in 0..height {
        for column in 0..width {
            let (dx, dy) = (column as f64 - centre_x - map.shift[0], row as f64 - centre_y - map.shift[1]);
            let displaced = field[row * width + column];
            let x = centre_x + map.matrix[0][0] * dx + map.matrix[0][1] * dy + displaced[0];
            let y = centre_y + map.matrix[1][0] * dx + map.matrix[1][1] * dy + displaced[1];
            let (left, top) = (x.floor() as i64, y.floor() as i64);
            let (right_share, lower_share) = (x - x.floor(), y - y.floor());
            let upper = tap(left, top) * (1.0 - right_share) + tap(left + 1, top) * right_share;
            let lower = tap(left, top + 1) * (1.0 - right_share) + tap(left + 1, top + 1) * right_share;
            out.push(upper * (1.0 - lower_share) + lower * lower_share);
        }
    }
    out
}

fn image() -> impl Strategy<Value = (usize, usize, Vec<u8>)> {
    (1_usize..40, 1_usize..40).prop_flat_map(|(height, width)| {
        let pixel = prop_oneof![3 => Just(0_u8), 1 => any::<u8>()];
        (Just(height), Just(width), prop::collection::vec(pixel, height * width))
    })
}

fn spec() -> impl Strategy<Value = AugmentationSpec> {
    let or_zero = |limit: f32| prop_oneof![Just(0.0), 0.0..=limit];
    let affine = (or_zero(180.0), or_zero(0.9), or_zero(2.0), or_zero(64.0));
    let cutout = prop_oneof![2 => Just(0_u32), 1 => 0_u32..=64];
    (affine, or_zero(16.0), 1.0..=64.0_f32, cutout).prop_map(
        |((rotation, scale, shear, shift), elastic, elastic_smoothness, cutout)| AugmentationSpec {
            rotation,
            scale,
            shear,
            shift,
            elastic,
            elastic_smoothness,
            cutout,
        },
    )
}

proptest! {
    #[test]
    fn agrees_with_the_plain_form((height, width, source) in image(), spec in spec(), seed: u64) {
        let mut out = vec![f32::NAN; source.len()];
        augment_into(&spec, seed, 1, 2, &source, height, width, &mut out);
        let expected = plain(&spec, seed, &source, height, width);
        // Coordinates are good to 2⁻²⁴ of a pixel without a field; with one they are f32, of a size up to some hundred
        // before they are displaced. Neighbours differ by 255 at most.
        let limit = if spec.elastic == 0.0 { 1e-3 } else { 0.1 };
        for (index, (&out, &expected)) in out.iter().zip(&expected).enumerate() {
            prop_assert!((f64::from(out) - expected).abs() < limit, "pixel {index}: {out}, expected {expected}");
            prop_assert!((0.0..=255.0).contains(&out));
        }
    }
}

fn map_of(matrix: [[f64; 2]; 2], shift: [f64; 2]) -> SourceMap {
    SourceMap { matrix, shift }
}

fn through(map: &SourceMap, source: &[u8], height: usize, width: usize) -> Vec<f32> {
    let mut out = vec![f32::NAN; source.len()];
    resample(map, &Framed::new(source, height, width), height, width, &mut out);
    out
}

#[test]
fn whole_shifts_move_pixels_exactly() {
    let source = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    let moved = through(&map_of([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0]), &source, 3, 3);
    assert_eq!(moved, [0.0, 4.0, 5.0, 0.0, 7.0, 8.0, 0.0, 0.0, 0.0], "one column to the right, one row up");
}

#[test]
fn a_quarter_turn_turns() {
    let source = [1, 2, 3, 4, 5, 6, 7, 8, 9];
    // The source of (x, y) is (y, −x), both from the centre: the lower left corner comes to the upper left.
    let turned = through(&map_of([[0.0, 1.0], [-1.0, 0.0]], [0.0, 0.0]), &source, 3, 3);
    assert_eq!(turned, [7.0, 4.0, 1.0, 8.0, 5.0, 2.0, 9.0, 6.0, 3.0]);
}

#[test]
fn amounts_stay_within_their_limits_and_reach_them() {
    let largest = |spec: AugmentationSpec, of: fn(&SourceMap) -> f64| {
        let draws = (0..2000).map(|image| SourceMap::draw(&spec, &mut stream(9, 0, image, Purpose::Augmentation)));
        draws.map(|map| of(&map).abs()).fold(0.0, f64::max)
    };
    let off = AugmentationSpec::default();
    let near = |value: f64, limit: f64| assert!(value <= limit && value > 0.99 * limit, "{value} of {limit}");
    near(largest(AugmentationSpec { shift: 2.0, ..off }, |map| map.shift[0]), 2.0);
    near(largest(AugmentationSpec { shift: 2.0, ..off }, |map| map.shift[1]), 2.0);
    near(largest(AugmentationSpec { shear: 0.1, ..off }, |map| map.matrix[0][1]), f64::from(0.1_f32));
    near(largest(AugmentationSpec { rotation: 10.0, ..off }, |map| map.matrix[0][1]), 10_f64.to_radians().sin());
    near(largest(AugmentationSpec { scale: 0.5, ..off }, |map| map.matrix[0][0]), 2.0);
    near(largest(AugmentationSpec { scale: 0.5, ..off }, |map| map.matrix[1][1]), 2.0);
    // Without shear or rotation nothing leans.
    assert_eq!(largest(AugmentationSpec { scale: 0.5, shift: 2.0, ..off }, |map| map.matrix[0][1]), 0.0);
}

#[test]
fn the_source_map_inverts_rotation_times_shear_times_scale() {
    let spec = AugmentationSpec { rotation: 40.0, scale: 0.3, shear: 0.5, shift: 2.0, ..Default::default() };
    let mut random = stream(1, 2, 3, Purpose::Augmentation);
    let map = SourceMap::draw(&spec, &mut random.clone());
    let mut amount = |limit: f32| f64::from(random.symmetric(limit));
    let (angle, scale_x, scale_y, shear) =
        (amount(40.0).to_radians(), 1.0 + amount(0.3), 1.0 + amount(0.3), amount(0.5));
    let times = |a: [[f64; 2]; 2], b: [[f64; 2]; 2]| {
        [0, 1].map(|row| [0, 1].map(|column| a[row][0] * b[0][column] + a[row][1] * b[1][column]))
    };
    let rotation = [[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]];
    let forward = times(times(rotation, [[1.0, shear], [0.0, 1.0]]), [[scale_x, 0.0], [0.0, scale_y]]);
    let unit = times(map.matrix, forward);
    for (row, column) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        let expected = f64::from(u8::from(row == column));
        assert!((unit[row][column] - expected).abs() < 1e-12, "{unit:?}");
    }
}

#[test]
fn off_copies_and_an_empty_image_stays_empty() {
    let (off, mut out) = (AugmentationSpec::default(), [f32::NAN; 4]);
    assert!(off.is_off() && !AugmentationSpec { shift: 0.1, ..off }.is_off());
    augment_into(&off, 0, 0, 0, &[0, 1, 2, 255], 2, 2, &mut out);
    assert_eq!(out, [0.0, 1.0, 2.0, 255.0]);
    augment_into(&AugmentationSpec { rotation: 10.0, ..off }, 0, 0, 0, &[0; 4], 2, 2, &mut out);
    assert_eq!(out, [0.0; 4]);
}

#[test]
fn seed_epoch_and_image_each_count() {
    let spec = AugmentationSpec { rotation: 10.0, scale: 0.1, shear: 0.1, shift: 2.0, ..Default::default() };
    let source: Vec<u8> = (0..=255).cycle().take(28 * 28).collect();
    let change = |seed, epoch, image| {
        let mut out = vec![0.0; 28 * 28];
        augment_into(&spec, seed, epoch, image, &source, 28, 28, &mut out);
        out
    };
    assert_eq!(change(1, 2, 3), change(1, 2, 3));
    for other in [change(0, 2, 3), change(1, 0, 3), change(1, 2, 0)] {
        assert_ne!(change(1, 2, 3), other);
    }
}

#[test]
fn bits_are_the_same_for_ever() {
    let spec = AugmentationSpec { rotation: 10.0, scale: 0.1, shear: 0.1, shift: 2.0, ..Default::default() };
    let source: Vec<u8> = (0..28 * 28).map(|index| (index * index % 256) as u8).collect();
    let mut bytes = Vec::new();
    for image in 0..20 {
        let mut out = vec![0.0; 28 * 28];
        augment_into(&spec, 5, 6, image, &source, 28, 28, &mut out);
        bytes.extend(out.into_iter().flat_map(f32::to_le_bytes));
    }
    assert_eq!(crate::mnist::md5_hex(&bytes), "d89fc1346630465e60d355d296227168");
}

#[test]
fn senseless_limits_are_refused_with_what_to_do() {
    let off = AugmentationSpec::default();
    assert_eq!(off.validate(), Ok(()));
    let message = |spec: AugmentationSpec| spec.validate().unwrap_err().to_string();
    let text = message(AugmentationSpec { rotation: f32::NAN, ..off });
    assert_eq!(text, "augmentation rotation is NaN, but must be a number from 0 to 180 degrees");
    assert!(message(AugmentationSpec { scale: 1.0, ..off }).contains("scale is 1,"));
    assert!(message(AugmentationSpec { shear: -0.1, ..off }).contains("shear is -0.1,"));
    assert!(message(AugmentationSpec { elastic: 17.0, ..off }).contains("elastic is 17,"));
    let text = message(AugmentationSpec { elastic_smoothness: 0.5, ..off });
    assert_eq!(text, "augmentation elastic_smoothness is 0.5, but must be a number from 1 to 64 pixels");
    assert!(message(AugmentationSpec { cutout: 65, ..off }).contains("cutout is 65,"));
    assert!(message(AugmentationSpec { shift: f32::INFINITY, ..off }).contains("shift is inf,"));
}

#[test]
fn reads_from_toml_with_defaults_and_refuses_unknown_keys() {
    let spec: AugmentationSpec = toml::from_str("rotation = 10\nshift = 2.0").unwrap();
    assert_eq!(spec, AugmentationSpec { rotation: 10.0, shift: 2.0, ..AugmentationSpec::default() });
    assert!(toml::from_str::<AugmentationSpec>("rotate = 10").unwrap_err().to_string().contains("rotate"));
}
