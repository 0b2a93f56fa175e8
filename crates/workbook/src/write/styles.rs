//! How cells look: one place for every colour and number format.

use longhand_derivation::columns::Group;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder};

/// Nine decimals, as the derivation shows numbers.
const DECIMALS: &str = "0.000000000";

const INK: Color = Color::RGB(0x1B2A3A);
const GREY: Color = Color::RGB(0x6B7785);
const LINE: Color = Color::RGB(0xC9D1DA);
const WARNING: Color = Color::RGB(0xA4262C);
/// What may be changed.
const INPUT_INK: Color = Color::RGB(0x0B4FA8);
const INPUT_PAPER: Color = Color::RGB(0xFFF9DB);

/// The formats of all sheets.
pub struct Styles {
    /// The title of a sheet.
    pub title: Format,
    /// A sentence in grey.
    pub remark: Format,
    /// A remark that fills merged cells.
    pub remark_block: Format,
    /// A warning that fills merged cells.
    pub warning_block: Format,
    /// The headings of the reading sheet's columns.
    pub column_heading: Format,
    /// The band of a section.
    pub section: Format,
    /// What a section is about.
    pub introduction: Format,
    /// The line above the chain rule of a weight.
    pub chain_heading: Format,
    /// The words beside it.
    pub chain_words: Format,
    /// The line above a path.
    pub path: Format,
    /// The symbol of a quantity.
    pub symbol: Format,
    /// The same where it ends a piece of work.
    pub result_symbol: Format,
    /// A number that is given and may be changed.
    pub input: Format,
    /// A computed number.
    pub number: Format,
    /// A computed number that ends a piece of work.
    pub result: Format,
    /// The name of a cell.
    pub name: Format,
    /// A formula as text.
    pub formula: Format,
    /// A formula with numbers in place.
    pub numbers: Format,
    /// Words beside a formula.
    pub why: Format,
    /// A label on a table's sheet.
    pub label: Format,
    /// The number of a row.
    pub row_number: Format,
    /// The heading of the column of row numbers.
    pub row_heading: Format,
    /// The heading of a learning rate's column.
    pub rate_heading: Format,
    /// A cell that overflowed.
    pub overflow: Format,
}

impl Styles {
    /// Makes them.
    pub fn new() -> Self {
        let plain = || Format::new().set_font_color(INK).set_align(FormatAlign::Top);
        let wrapped = || plain().set_text_wrap();
        let number = || plain().set_num_format(DECIMALS);
        let input = Format::new()
            .set_font_color(INPUT_INK)
            .set_background_color(INPUT_PAPER)
            .set_border(FormatBorder::Thin)
            .set_border_color(LINE)
            .set_align(FormatAlign::Top);
        let heading = || Format::new().set_bold().set_font_color(INK).set_align(FormatAlign::VerticalCenter);
        Styles {
            title: heading().set_font_size(18),
            remark: plain().set_font_color(GREY),
            remark_block: wrapped().set_font_color(GREY).set_align(FormatAlign::Left),
            warning_block: wrapped().set_font_color(WARNING).set_bold().set_align(FormatAlign::Left),
            column_heading: heading()
                .set_font_color(GREY)
                .set_border_bottom(FormatBorder::Medium)
                .set_border_bottom_color(INK),
            section: heading().set_font_size(13).set_font_color(Color::White).set_background_color(INK),
            introduction: wrapped().set_font_color(GREY).set_italic(),
            chain_heading: heading().set_border_top(FormatBorder::Thin).set_border_top_color(LINE).set_font_size(12),
            chain_words: wrapped().set_border_top(FormatBorder::Thin).set_border_top_color(LINE),
            path: plain().set_font_color(GREY).set_italic(),
            symbol: plain(),
            result_symbol: plain().set_bold().set_background_color(group_colour(Group::Gradient)),
            input,
            number: number(),
            result: number().set_bold().set_background_color(group_colour(Group::Gradient)),
            name: plain().set_font_color(GREY).set_align(FormatAlign::Left).set_indent(1),
            formula: wrapped(),
            numbers: wrapped().set_align(FormatAlign::Left).set_indent(1),
            why: plain().set_font_color(GREY),
            label: plain(),
            row_number: Format::new().set_font_color(GREY).set_align(FormatAlign::Center),
            row_heading: heading()
                .set_font_color(GREY)
                .set_align(FormatAlign::Center)
                .set_border_bottom(FormatBorder::Medium)
                .set_border_bottom_color(INK),
            rate_heading: heading()
                .set_align(FormatAlign::Right)
                .set_border_bottom(FormatBorder::Medium)
                .set_border_bottom_color(INK),
            overflow: Format::new().set_font_color(WARNING).set_background_color(Color::RGB(0xFDE7E9)),
        }
    }

    /// The band above the columns of a group.
    pub fn band(&self, group: Group) -> Format {
        Format::new()
            .set_font_color(GREY)
            .set_align(FormatAlign::Left)
            .set_background_color(group_colour(group))
            .set_border_left(FormatBorder::Thin)
            .set_border_left_color(Color::White)
    }

    /// The heading of a column.
    pub fn heading(&self, group: Group) -> Format {
        Format::new()
            .set_bold()
            .set_font_color(INK)
            .set_align(FormatAlign::Right)
            .set_background_color(group_colour(group))
            .set_border_bottom(FormatBorder::Medium)
            .set_border_bottom_color(INK)
    }

    /// A number in a column of a table whose largest number is of this size.
    pub fn cell(&self, largest: f64) -> Format {
        Format::new().set_font_color(INK).set_num_format(number_format(largest))
    }

    /// A number in a table that was given.
    pub fn given(&self) -> Format {
        Format::new().set_font_color(GREY)
    }
}

/// Nine decimals, and fewer for larger numbers, so that all of a column fit into it.
pub fn number_format(largest: f64) -> &'static str {
    match largest {
        ..10.0 => DECIMALS,
        ..1e3 => "0.0000000",
        ..1e6 => "0.0000",
        _ => "0.00000E+00",
    }
}

/// The colour that stands for a group of quantities, on tables and in the picture.
pub fn group_colour(group: Group) -> Color {
    match group {
        Group::Input | Group::Target | Group::FixedBias => Color::RGB(0xE4ECF5),
        Group::Parameter => Color::RGB(0xFFF1CC),
        Group::Net | Group::Out => Color::RGB(0xE1F2E5),
        Group::Error => Color::RGB(0xFBE1DC),
        Group::Delta => Color::RGB(0xF3EDF9),
        Group::Gradient => Color::RGB(0xEAE2F5),
    }
}

/// The colour of curve number `place` of `count`: dark violet through blue and green to light green, so that the order
/// of the learning rates can be seen, also without colour (viridis, sampled).
pub fn curve_colour(place: usize, count: usize) -> Color {
    const STOPS: [[f64; 3]; 6] = [
        [68.0, 1.0, 84.0],
        [65.0, 68.0, 135.0],
        [42.0, 120.0, 142.0],
        [34.0, 168.0, 132.0],
        [122.0, 209.0, 81.0],
        [190.0, 220.0, 38.0],
    ];
    let last = STOPS.len() - 1;
    let at = if count < 2 { 0.0 } else { place as f64 / (count - 1) as f64 * last as f64 };
    let below = (at as usize).min(last - 1);
    let share = at - below as f64;
    let mix = |k: usize| (STOPS[below][k] * (1.0 - share) + STOPS[below + 1][k] * share) as u32;
    Color::RGB(mix(0) << 16 | mix(1) << 8 | mix(2))
}
