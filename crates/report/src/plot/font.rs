//! The outlines and widths of the chart font.

use ttf_parser::{GlyphId, OutlineBuilder};

use super::rich_text::{Height, runs};
use super::scene::{Face, PlacedGlyph};

/// The size of raised and lowered text against that of the line.
const SMALL: f64 = 0.72;

/// The fonts of charts, cut from TeX Gyre Pagella.
pub(super) struct Fonts {
    regular: ttf_parser::Face<'static>,
    italic: ttf_parser::Face<'static>,
}

/// A piece of an outline in units of the font, upwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Segment {
    Move(f64, f64),
    Line(f64, f64),
    Quadratic(f64, f64, f64, f64),
    Cubic(f64, f64, f64, f64, f64, f64),
    Close,
}

impl Fonts {
    /// Reads the fonts that the program carries.
    pub fn load() -> Self {
        let read = |bytes| ttf_parser::Face::parse(bytes, 0).expect("the program's own font is sound");
        Fonts {
            regular: read(include_bytes!("../../../../web/fonts/chart-regular.otf")),
            italic: read(include_bytes!("../../../../web/fonts/chart-italic.otf")),
        }
    }

    fn face(&self, face: Face) -> &ttf_parser::Face<'static> {
        match face {
            Face::Regular => &self.regular,
            Face::Italic => &self.italic,
        }
    }

    /// The glyphs of a line of text that starts at `x` on the baseline `y`, and where it ends. A character that the
    /// font lacks is a question mark.
    pub fn set(&self, text: &str, size: f64, mut x: f64, y: f64) -> (Vec<PlacedGlyph>, f64) {
        let mut glyphs = Vec::new();
        for run in runs(text) {
            let face = self.face(run.face);
            let (size, y) = match run.height {
                Height::OnTheLine => (size, y),
                Height::Raised => (SMALL * size, y - 0.36 * size),
                Height::Lowered => (SMALL * size, y + 0.16 * size),
            };
            for character in run.text.chars() {
                let known = face.glyph_index(character).or_else(|| face.glyph_index('?'));
                let glyph = known.expect("the font has a question mark");
                // There is nothing to draw of a space.
                if !character.is_whitespace() {
                    glyphs.push(PlacedGlyph { face: run.face, glyph: glyph.0, x, y, size });
                }
                let advance = f64::from(face.glyph_hor_advance(glyph).unwrap_or(0));
                x += advance * size / f64::from(face.units_per_em());
            }
        }
        (glyphs, x)
    }

    /// The width of a line of text.
    pub fn width(&self, text: &str, size: f64) -> f64 {
        self.set(text, size, 0.0, 0.0).1
    }

    /// Breaks text into lines no wider than `width`, at spaces; a line break in it stays.
    pub fn wrap(&self, text: &str, size: f64, width: f64) -> Vec<String> {
        text.lines().flat_map(|paragraph| self.wrap_paragraph(paragraph, size, width)).collect()
    }

    fn wrap_paragraph(&self, text: &str, size: f64, width: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in text.split_whitespace() {
            match lines.last_mut() {
                Some(line) if self.width(&format!("{line} {word}"), size) <= width => {
                    line.push(' ');
                    line.push_str(word);
                }
                _ => lines.push(word.to_owned()),
            }
        }
        lines
    }

    /// The outline of a glyph, for a font of size 1, upwards.
    pub fn outline(&self, face: Face, glyph: u16) -> Vec<Segment> {
        let face = self.face(face);
        let mut pen = Pen { scale: 1.0 / f64::from(face.units_per_em()), segments: Vec::new() };
        // A space has no outline, which is no error.
        let _ = face.outline_glyph(GlyphId(glyph), &mut pen);
        pen.segments
    }
}

struct Pen {
    scale: f64,
    segments: Vec<Segment>,
}

impl Pen {
    fn at(&self, value: f32) -> f64 {
        f64::from(value) * self.scale
    }
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.segments.push(Segment::Move(self.at(x), self.at(y)));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.segments.push(Segment::Line(self.at(x), self.at(y)));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.segments.push(Segment::Quadratic(self.at(x1), self.at(y1), self.at(x), self.at(y)));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        let (control1, control2, end) =
            ((self.at(x1), self.at(y1)), (self.at(x2), self.at(y2)), (self.at(x), self.at(y)));
        self.segments.push(Segment::Cubic(control1.0, control1.1, control2.0, control2.1, end.0, end.1));
    }

    fn close(&mut self) {
        self.segments.push(Segment::Close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_that_charts_use_has_an_outline() {
        let fonts = Fonts::load();
        let needed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;()+−·×±½–’=/%ηδσ∞≈≤→";
        for face in [Face::Regular, Face::Italic] {
            for character in needed.chars() {
                let glyph = fonts.face(face).glyph_index(character);
                let glyph = glyph.unwrap_or_else(|| panic!("{face:?} lacks {character}"));
                assert!(!fonts.outline(face, glyph.0).is_empty(), "{face:?} {character}");
            }
        }
    }

    #[test]
    fn lines_are_broken_at_spaces_and_are_not_too_wide() {
        let fonts = Fonts::load();
        let text = "A larger learning rate falls more steeply at first; past a point it overshoots.";
        let lines = fonts.wrap(text, 15.0, 200.0);
        assert!(lines.len() > 2);
        assert!(lines.iter().all(|line| fonts.width(line, 15.0) <= 200.0), "{lines:?}");
        assert_eq!(lines.join(" "), text);
    }
}
