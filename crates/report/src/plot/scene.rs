//! A picture as a list of strokes, shapes and glyphs.

/// A colour: red, green, blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour(pub u8, pub u8, pub u8);

impl Colour {
    /// The colour between this one (0) and another (1).
    pub(super) fn towards(self, other: Colour, share: f64) -> Colour {
        let mix = |a: u8, b: u8| (f64::from(a) + share * (f64::from(b) - f64::from(a))).round() as u8;
        Colour(mix(self.0, other.0), mix(self.1, other.1), mix(self.2, other.2))
    }
}

/// The fonts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Face {
    /// Upright.
    Regular,
    /// Italic.
    Italic,
}

/// A glyph at its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlacedGlyph {
    /// Of which font.
    pub face: Face,
    /// Its number in that font.
    pub glyph: u16,
    /// The left end of its baseline.
    pub x: f64,
    /// The height of its baseline, downwards.
    pub y: f64,
    /// The size of the font.
    pub size: f64,
}

/// One thing in a picture; later ones cover earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// A line through points.
    Stroke {
        /// At least two points.
        points: Vec<(f64, f64)>,
        /// Its width.
        width: f64,
        /// Its colour.
        colour: Colour,
        /// Lengths of dash and gap, where it is not drawn through.
        dash: Option<(f64, f64)>,
    },
    /// A filled circle.
    Dot {
        /// Its centre.
        centre: (f64, f64),
        /// Its radius.
        radius: f64,
        /// Its colour.
        colour: Colour,
    },
    /// A line of text.
    Text {
        /// Its glyphs.
        glyphs: Vec<PlacedGlyph>,
        /// Its colour.
        colour: Colour,
    },
}

/// A picture, on white; its origin is at the top left.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
    /// What it is called, for those who cannot see it.
    pub title: String,
    /// What it shows, for those who cannot see it.
    pub description: String,
    /// What there is to see.
    pub shapes: Vec<Shape>,
}
