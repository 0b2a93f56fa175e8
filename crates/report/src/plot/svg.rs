//! A picture as SVG: each glyph's outline once, then references to it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::font::{Fonts, Segment};
use super::scene::{Colour, Face, PlacedGlyph, Scene, Shape};

impl Scene {
    /// The picture as an SVG document. No text in it needs a font; its title and description are there to be read out.
    pub fn svg(&self) -> String {
        let mut svg = String::new();
        let (width, height) = (short(self.width), short(self.height));
        let _ = write!(
            svg,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" \
             viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
             <title>{}</title>\n<desc>{}</desc>\n",
            escaped(&self.title),
            escaped(&self.description)
        );
        self.write_outlines(&mut svg);
        let _ = writeln!(svg, "<path fill=\"#fff\" d=\"M0 0H{width}V{height}H0Z\"/>");
        for shape in &self.shapes {
            write_shape(&mut svg, shape);
        }
        svg.push_str("</svg>\n");
        svg
    }

    /// The picture as an element of a page that also holds [`outlines`] of it, without a ground of its own.
    pub fn inline_svg(&self, class: &str) -> String {
        let mut svg = String::new();
        let _ = writeln!(
            svg,
            "<svg class=\"{class}\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\" role=\"img\" aria-label=\"{2}\">\n\
             <desc>{3}</desc>",
            short(self.width),
            short(self.height),
            escaped(&self.title).replace('"', "&quot;"),
            escaped(&self.description)
        );
        for shape in &self.shapes {
            write_shape(&mut svg, shape);
        }
        svg.push_str("</svg>\n");
        svg
    }

    fn glyphs(&self) -> impl Iterator<Item = (Face, u16)> {
        let texts = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Text { glyphs, .. } => Some(glyphs),
            _ => None,
        });
        texts.flatten().map(|glyph| (glyph.face, glyph.glyph))
    }

    fn write_outlines(&self, svg: &mut String) {
        write_outlines(svg, self.glyphs());
    }
}

/// The outlines of all glyphs of these pictures, once each: an element without extent for the page that holds them.
pub fn outlines(pictures: &[&Scene]) -> String {
    let mut svg = "<svg class=\"outlines\" width=\"0\" height=\"0\" aria-hidden=\"true\">\n".to_owned();
    write_outlines(&mut svg, pictures.iter().flat_map(|picture| picture.glyphs()));
    svg.push_str("</svg>\n");
    svg
}

fn write_outlines(svg: &mut String, glyphs: impl Iterator<Item = (Face, u16)>) {
    let fonts = Fonts::load();
    let used: BTreeSet<(Face, u16)> = glyphs.collect();
    svg.push_str("<defs>\n");
    for (face, glyph) in used {
        let outline = fonts.outline(face, glyph);
        if !outline.is_empty() {
            let _ = writeln!(svg, "<path id=\"{}\" d=\"{}\"/>", glyph_id(face, glyph), outline_data(&outline));
        }
    }
    svg.push_str("</defs>\n");
}

fn write_shape(svg: &mut String, shape: &Shape) {
    let _ = match shape {
        Shape::Stroke { points, width, colour, dash } => {
            let dash = match dash {
                Some((dash, gap)) => format!(" stroke-dasharray=\"{} {}\"", short(*dash), short(*gap)),
                None => String::new(),
            };
            writeln!(
                svg,
                "<path fill=\"none\" stroke=\"{}\" stroke-width=\"{}\" stroke-linejoin=\"round\" \
                 stroke-linecap=\"round\"{dash} d=\"{}\"/>",
                hex(*colour),
                short(*width),
                line_data(points)
            )
        }
        Shape::Dot { centre, radius, colour } => writeln!(
            svg,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>",
            short(centre.0),
            short(centre.1),
            short(*radius),
            hex(*colour)
        ),
        Shape::Text { glyphs, colour } => {
            let _ = write!(svg, "<g fill=\"{}\">", hex(*colour));
            for run in glyphs.chunk_by(|a, b| a.size == b.size && a.y == b.y) {
                write_run(svg, run);
            }
            writeln!(svg, "</g>")
        }
    };
}

/// Writes glyphs of one size on one line. Inside, lengths are in thousandths of the size, as in the outlines.
fn write_run(svg: &mut String, run: &[PlacedGlyph]) {
    let (start, y, size) = (run[0].x, run[0].y, run[0].size);
    let scale = format!("{:.5}", size / 1000.0);
    let scale = scale.trim_end_matches('0');
    let _ = write!(svg, "<g transform=\"matrix({scale} 0 0 {scale} {} {})\">", short(start), short(y));
    for glyph in run {
        let x = (1000.0 * (glyph.x - start) / size).round();
        let _ = write!(svg, "<use xlink:href=\"#{}\"", glyph_id(glyph.face, glyph.glyph));
        let _ = if x > 0.0 { write!(svg, " x=\"{x}\"/>") } else { write!(svg, "/>") };
    }
    svg.push_str("</g>");
}

fn glyph_id(face: Face, glyph: u16) -> String {
    match face {
        Face::Regular => format!("r{glyph}"),
        Face::Italic => format!("i{glyph}"),
    }
}

/// Path data in thousandths, downwards.
fn outline_data(outline: &[Segment]) -> String {
    let mut data = String::new();
    let x = |value: f64| (1000.0 * value).round();
    let y = |value: f64| (-1000.0 * value).round() + 0.0;
    for segment in outline {
        let _ = match *segment {
            Segment::Move(a, b) => write!(data, "M{} {}", x(a), y(b)),
            Segment::Line(a, b) => write!(data, "L{} {}", x(a), y(b)),
            Segment::Quadratic(a, b, c, d) => write!(data, "Q{} {} {} {}", x(a), y(b), x(c), y(d)),
            Segment::Cubic(a, b, c, d, e, f) => {
                write!(data, "C{} {} {} {} {} {}", x(a), y(b), x(c), y(d), x(e), y(f))
            }
            Segment::Close => write!(data, "Z"),
        };
    }
    data
}

fn line_data(points: &[(f64, f64)]) -> String {
    let mut data = String::new();
    for (place, point) in points.iter().enumerate() {
        let _ = write!(data, "{}{} {}", if place == 0 { "M" } else { "L" }, short(point.0), short(point.1));
    }
    data
}

/// At most two decimals.
fn short(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

fn hex(Colour(red, green, blue): Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Text for XML. Characters that XML cannot hold are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            control if control < ' ' && !matches!(control, '\n' | '\t' | '\r') => {}
            '\u{fffe}' | '\u{ffff}' => {}
            other => escaped.push(other),
        }
    }
    escaped
}
