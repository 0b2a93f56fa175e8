//! A picture as PNG.

use tiny_skia::{Color, FillRule, LineCap, LineJoin, Paint, Path, PathBuilder, Pixmap, Stroke, StrokeDash, Transform};

use super::font::{Fonts, Segment};
use super::scene::{Colour, PlacedGlyph, Scene, Shape};

/// No side of a PNG has more pixels.
const LONGEST_SIDE: f64 = 8192.0;

impl Scene {
    /// The picture as PNG, `scale` pixels to a unit (less where a side would have more than 8192 pixels).
    pub fn png(&self, scale: f64) -> Vec<u8> {
        let scale = scale.min(LONGEST_SIDE / self.width.max(self.height));
        let side = |length: f64| (length * scale).round().max(1.0) as u32;
        let mut pixels = Pixmap::new(side(self.width), side(self.height)).expect("sides are within bounds");
        pixels.fill(Color::WHITE);
        let fonts = Fonts::load();
        let whole = Transform::from_scale(scale as f32, scale as f32);
        for shape in &self.shapes {
            draw(&mut pixels, &fonts, shape, whole);
        }
        pixels.encode_png().expect("encoding into memory does not fail")
    }
}

fn draw(pixels: &mut Pixmap, fonts: &Fonts, shape: &Shape, whole: Transform) {
    match shape {
        Shape::Stroke { points, width, colour, dash } => {
            let mut builder = PathBuilder::new();
            for (place, &(x, y)) in points.iter().enumerate() {
                if place == 0 { builder.move_to(x as f32, y as f32) } else { builder.line_to(x as f32, y as f32) }
            }
            let stroke = Stroke {
                width: *width as f32,
                line_cap: LineCap::Round,
                line_join: LineJoin::Round,
                dash: dash.and_then(|(dash, gap)| StrokeDash::new(vec![dash as f32, gap as f32], 0.0)),
                ..Stroke::default()
            };
            if let Some(path) = builder.finish() {
                pixels.stroke_path(&path, &paint(*colour), &stroke, whole, None);
            }
        }
        Shape::Dot { centre, radius, colour } => {
            if let Some(path) = PathBuilder::from_circle(centre.0 as f32, centre.1 as f32, *radius as f32) {
                pixels.fill_path(&path, &paint(*colour), FillRule::Winding, whole, None);
            }
        }
        Shape::Text { glyphs, colour } => {
            for glyph in glyphs {
                if let Some(path) = glyph_path(fonts, glyph) {
                    pixels.fill_path(&path, &paint(*colour), FillRule::Winding, whole, None);
                }
            }
        }
    }
}

fn paint(Colour(red, green, blue): Colour) -> Paint<'static> {
    let mut paint = Paint::default();
    paint.set_color_rgba8(red, green, blue, 255);
    paint
}

fn glyph_path(fonts: &Fonts, glyph: &PlacedGlyph) -> Option<Path> {
    let x = |value: f64| (glyph.x + glyph.size * value) as f32;
    let y = |value: f64| (glyph.y - glyph.size * value) as f32;
    let mut builder = PathBuilder::new();
    for segment in fonts.outline(glyph.face, glyph.glyph) {
        match segment {
            Segment::Move(a, b) => builder.move_to(x(a), y(b)),
            Segment::Line(a, b) => builder.line_to(x(a), y(b)),
            Segment::Quadratic(a, b, c, d) => builder.quad_to(x(a), y(b), x(c), y(d)),
            Segment::Cubic(a, b, c, d, e, f) => builder.cubic_to(x(a), y(b), x(c), y(d), x(e), y(f)),
            Segment::Close => builder.close(),
        }
    }
    builder.finish()
}
