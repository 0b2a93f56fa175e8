//! Line charts of `E_total` against the row, in one style.

use rust_xlsxwriter::{
    Chart, ChartAxisDateUnitType, ChartAxisTickType, ChartFont, ChartFormat, ChartLegendPosition, ChartLine,
    ChartMarker, ChartType, Color,
};

/// Where a curve's numbers stand, and how it looks.
pub struct Curve<'a> {
    /// The sheet.
    pub sheet: &'a str,
    /// The first row of the curve, from 0.
    pub first_row: u32,
    /// The last row.
    pub last_row: u32,
    /// The column with the numbers of the rows.
    pub row_column: u16,
    /// The column with the errors.
    pub error_column: u16,
    /// The cell with the curve's name.
    pub name: (u32, u16),
    /// Its colour.
    pub colour: Color,
}

/// What differs between charts.
pub struct LineChart<'a> {
    /// The title, or none.
    pub title: Option<&'a str>,
    /// Said for those who cannot see it.
    pub alternative_text: &'a str,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// In points.
    pub font_size: u32,
    /// Whether the curves' names are shown beside it.
    pub has_legend: bool,
    /// Where the axis of the error ends; left to the program where it is `None`.
    pub ceiling: Option<f64>,
}

impl LineChart<'_> {
    /// Draws the curves, in order.
    pub fn draw(&self, curves: &[Curve]) -> Chart {
        let grey = Color::RGB(0x6B7785);
        let font = |size: u32| {
            let mut font = ChartFont::new();
            font.set_size(size).set_color(grey).unset_bold();
            font
        };
        let mut chart = Chart::new(ChartType::Line);
        let mut longest = 1;
        for curve in curves {
            let Curve { sheet, first_row, last_row, row_column, error_column, .. } = *curve;
            longest = longest.max(last_row - first_row + 1);
            chart
                .add_series()
                .set_name((sheet, curve.name.0, curve.name.1))
                .set_categories((sheet, first_row, row_column, last_row, row_column))
                .set_values((sheet, first_row, error_column, last_row, error_column))
                .set_marker(ChartMarker::new().set_none())
                .set_format(ChartFormat::new().set_line(ChartLine::new().set_color(curve.colour).set_width(2.25)));
        }
        match self.title {
            Some(title) => {
                let mut large = font(self.font_size + 4);
                large.set_color(Color::RGB(0x1B2A3A));
                chart.title().set_name(title).set_font(&large)
            }
            None => chart.title().set_hidden(),
        };
        let interval = label_interval(longest);
        chart
            .x_axis()
            .set_name("row")
            .set_name_font(&font(self.font_size))
            .set_font(&font(self.font_size))
            // A date axis is the one that puts labels at round distances in every program; the rows are its days.
            .set_date_axis(true)
            .set_major_unit(f64::from(interval))
            .set_major_unit_date_type(ChartAxisDateUnitType::Days)
            .set_num_format("0")
            .set_major_tick_type(ChartAxisTickType::None)
            .set_position_between_ticks(false)
            .set_format(ChartFormat::new().set_line(ChartLine::new().set_color(grey)));
        chart
            .y_axis()
            .set_name("E_total")
            .set_name_font(&font(self.font_size))
            .set_font(&font(self.font_size))
            .set_num_format("General")
            .set_major_gridlines_line(ChartLine::new().set_color(Color::RGB(0xE3E8ED)).set_width(0.75))
            .set_format(ChartFormat::new().set_line(ChartLine::new().set_hidden(true)));
        if let Some(ceiling) = self.ceiling {
            chart.y_axis().set_min(0).set_max(ceiling);
        }
        match self.has_legend {
            true => {
                let mut font = font(self.font_size);
                font.set_color(Color::RGB(0x1B2A3A));
                chart.legend().set_position(ChartLegendPosition::Right).set_font(&font)
            }
            false => chart.legend().set_hidden(),
        };
        chart.chart_area().set_format(
            ChartFormat::new().set_border(ChartLine::new().set_color(Color::RGB(0xC9D1DA)).set_width(0.75)),
        );
        chart.set_width(self.width).set_height(self.height).set_alt_text(self.alternative_text);
        chart
    }
}

/// How many rows lie between two labels, so that there are about ten, at round numbers: 20 for 181 rows.
fn label_interval(rows: u32) -> u16 {
    let wanted = rows.div_ceil(10).max(1);
    let decade = 10_u32.pow(wanted.ilog10());
    let interval = [1, 2, 5, 10].map(|step| step * decade).into_iter().find(|&step| step >= wanted).unwrap_or(wanted);
    u16::try_from(interval).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_at_round_numbers() {
        let cases = [(1, 1), (10, 1), (11, 2), (181, 20), (201, 50), (1000, 100), (100_000, 10_000)];
        for (rows, interval) in cases {
            assert_eq!(label_interval(rows), interval, "{rows} rows");
        }
    }
}
