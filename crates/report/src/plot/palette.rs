//! Colours that people of every colour vision can tell apart.

use super::scene::Colour;

/// How the lines of a chart are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Palette {
    /// Kinds of things: the colours of Okabe and Ito ("Color Universal Design", 2008), darkest first.
    Distinct,
    /// Up to twelve kinds of things that also have their names beside them: of middling lightness all, so that they can
    /// be seen on light and on dark grounds.
    Many,
    /// One thing in steps, from small to large: dark blue to orange, ever lighter, so that order is seen in grey as
    /// well. The colours are those of matplotlib's `plasma` up to three quarters of its length.
    Ordered,
}

const DISTINCT: [Colour; 7] = [
    Colour(0x00, 0x72, 0xb2),
    Colour(0xd5, 0x5e, 0x00),
    Colour(0x00, 0x9e, 0x73),
    Colour(0xcc, 0x79, 0xa7),
    Colour(0x22, 0x22, 0x22),
    Colour(0x56, 0xb4, 0xe9),
    Colour(0xe6, 0x9f, 0x00),
];

const MANY: [Colour; 12] = [
    Colour(0x00, 0x72, 0xb2),
    Colour(0xd5, 0x5e, 0x00),
    Colour(0x00, 0x9e, 0x73),
    Colour(0xc2, 0x55, 0x9b),
    Colour(0x55, 0x55, 0x55),
    Colour(0x3a, 0x9b, 0xd9),
    Colour(0xb8, 0x86, 0x0b),
    Colour(0x7a, 0x3f, 0xb5),
    Colour(0x8c, 0x56, 0x4b),
    Colour(0x6b, 0x8e, 0x23),
    Colour(0xc0, 0x39, 0x2b),
    Colour(0x17, 0x9a, 0xa2),
];

const ORDERED: [Colour; 6] = [
    Colour(0x0d, 0x08, 0x87),
    Colour(0x54, 0x02, 0xa3),
    Colour(0x8b, 0x0a, 0xa5),
    Colour(0xb8, 0x32, 0x89),
    Colour(0xdb, 0x5c, 0x68),
    Colour(0xf0, 0x80, 0x4e),
];

impl Palette {
    /// The colour of line `index` (from 0) of `count`.
    pub(super) fn colour(self, index: usize, count: usize) -> Colour {
        match self {
            Palette::Distinct => DISTINCT[index % DISTINCT.len()],
            Palette::Many => MANY[index % MANY.len()],
            Palette::Ordered if count <= 1 => ORDERED[0],
            Palette::Ordered => {
                let place = index as f64 / (count - 1) as f64 * (ORDERED.len() - 1) as f64;
                let below = (place as usize).min(ORDERED.len() - 2);
                ORDERED[below].towards(ORDERED[below + 1], place - below as f64)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordered_colours_grow_lighter() {
        let lightness = |Colour(red, green, blue): Colour| {
            0.2126 * f64::from(red) + 0.7152 * f64::from(green) + 0.0722 * f64::from(blue)
        };
        for count in [2, 6, 9] {
            let steps: Vec<f64> = (0..count).map(|k| lightness(Palette::Ordered.colour(k, count))).collect();
            assert!(steps.windows(2).all(|pair| pair[0] + 5.0 < pair[1]), "{steps:?}");
        }
    }
}
