//! From pen tracks to a grey image, sized and centred as MNIST sized and centred its digits.

/// The side of an image.
pub(super) const SIDE: usize = 28;
/// The longest side of the ink's box, before centring.
const BOX: f32 = 20.0;

/// A place of the pen: where its middle is, and the radius of the ink there; all in one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PenPoint {
    pub x: f32,
    pub y: f32,
    pub radius: f32,
}

/// Draws `tracks`, each a row of places joined by straight pieces, into `image` (`[row][column]`, 28 × 28, zeroed).
///
/// As for MNIST, the ink is scaled to a box whose longer side is 20 pixels, keeping its aspect, and then moved by
/// whole pixels until its centre of mass is nearest (14, 14). Ink covers a pixel by how far the pixel's middle
/// is from the ink's edge, in units of `softness` pixels.
pub(super) fn draw(tracks: &[Vec<PenPoint>], softness: f32, image: &mut [u8]) {
    let mut ink = [0.0_f32; SIDE * SIDE];
    let to_box = fit(tracks, softness);
    for track in tracks {
        for pair in track.windows(2) {
            stamp(to_box(pair[0]), to_box(pair[1]), softness, &mut ink);
        }
    }
    centre(&ink, image);
}

/// The map from the tracks' unit to pixels that fits them, ink and all, into the middle of the image.
///
/// The ink ends where cover does, half the `softness` outside its radius.
fn fit(tracks: &[Vec<PenPoint>], softness: f32) -> impl Fn(PenPoint) -> PenPoint {
    let (mut low, mut high) = ([f32::INFINITY; 2], [f32::NEG_INFINITY; 2]);
    for point in tracks.iter().flatten() {
        for (axis, middle) in [point.x, point.y].into_iter().enumerate() {
            low[axis] = low[axis].min(middle - point.radius);
            high[axis] = high[axis].max(middle + point.radius);
        }
    }
    let scale = (BOX - softness) / (high[0] - low[0]).max(high[1] - low[1]);
    let middle = [0.5 * (low[0] + high[0]), 0.5 * (low[1] + high[1])];
    move |point| PenPoint {
        x: (point.x - middle[0]) * scale + 0.5 * SIDE as f32,
        y: (point.y - middle[1]) * scale + 0.5 * SIDE as f32,
        radius: point.radius * scale,
    }
}

/// Inks the piece from `a` to `b`: where ink is there already, the darker stays.
fn stamp(a: PenPoint, b: PenPoint, softness: f32, ink: &mut [f32; SIDE * SIDE]) {
    let reach = a.radius.max(b.radius) + 0.5 * softness;
    let span = |p: f32, q: f32| {
        let first = (p.min(q) - reach - 0.5).max(0.0) as usize;
        let end = (p.max(q) + reach + 0.5).max(0.0) as usize + 1;
        first..end.min(SIDE)
    };
    let (dx, dy, grow) = (b.x - a.x, b.y - a.y, b.radius - a.radius);
    let square = dx * dx + dy * dy;
    let inverse = if square > 0.0 { 1.0 / square } else { 0.0 };
    let per_softness = 1.0 / softness;
    let columns = span(a.x, b.x);
    for row in span(a.y, b.y) {
        let y = row as f32 + 0.5 - a.y;
        for (column, ink) in columns.clone().zip(&mut ink[row * SIDE + columns.start..row * SIDE + columns.end]) {
            let x = column as f32 + 0.5 - a.x;
            let along = ((x * dx + y * dy) * inverse).clamp(0.0, 1.0);
            let (off_x, off_y) = (x - along * dx, y - along * dy);
            let distance = (off_x * off_x + off_y * off_y).sqrt();
            let cover = ((a.radius + along * grow - distance) * per_softness + 0.5).clamp(0.0, 1.0);
            *ink = ink.max(cover);
        }
    }
}

/// Copies the ink so that its centre of mass comes nearest pixel (14, 14).
fn centre(ink: &[f32; SIDE * SIDE], image: &mut [u8]) {
    let (mut mass, mut moment_x, mut moment_y) = (0.0, 0.0, 0.0);
    for (row, ink) in ink.chunks_exact(SIDE).enumerate() {
        for (column, &ink) in ink.iter().enumerate() {
            mass += ink;
            moment_x += ink * column as f32;
            moment_y += ink * row as f32;
        }
    }
    let middle = (SIDE / 2) as f32;
    let shift_x = (middle - moment_x / mass).round_ties_even() as isize;
    let shift_y = (middle - moment_y / mass).round_ties_even() as isize;
    for (row, ink) in ink.chunks_exact(SIDE).enumerate() {
        let Some(row) = row.checked_add_signed(shift_y).filter(|&row| row < SIDE) else { continue };
        for (column, &ink) in ink.iter().enumerate() {
            let Some(column) = column.checked_add_signed(shift_x).filter(|&column| column < SIDE) else { continue };
            image[row * SIDE + column] = (ink * 255.0 + 0.5) as u8;
        }
    }
}
