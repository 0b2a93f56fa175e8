//! Sheets that keep gradients with the sign of descent and add them, as the delta rule is mostly written:
//! δ = (t − a)·a·(1 − a), w + η·δ·x.

use super::judge::{Judge, Row};

/// Relative distance up to which an update takes a gradient as it stands.
const SAME: f64 = 1e-6;

impl Judge<'_, '_> {
    /// Finds out whose updates rightly add what they are given; a weight that is wrong either way has the sign of most others.
    /// From then on the rows hold gradients as if all updates took them off.
    pub fn settle_signs(&mut self) {
        let is_right = |rows: &Vec<Row>| rows.iter().all(Row::holds) && rows.iter().any(|row| row.applied.is_some());
        let count = |rows: &Vec<Row>, does: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| does(row)).count();
        // Near 0 a gradient has either sign.
        let adds = |rows: &Vec<Row>| count(rows, &Row::adds) > count(rows, &Row::takes);
        let takes = |rows: &Vec<Row>| count(rows, &Row::takes) > count(rows, &Row::adds);
        let adding = self.rows.iter().filter(|rows| is_right(rows) && adds(rows)).count();
        let taking = self.rows.iter().filter(|rows| is_right(rows) && takes(rows)).count();
        let usual = if adding + taking > 0 { adding > taking } else { self.goes_down_by_adding() };
        self.adds_usually = usual;
        self.adds = self
            .rows
            .iter()
            .map(|rows| if is_right(rows) { adds(rows) } else { usual || 2 * count(rows, &Row::adds) > rows.len() })
            .collect();
        for (rows, _) in self.rows.iter_mut().zip(&self.adds).filter(|(_, adds)| **adds) {
            for row in rows {
                row.gradient = row.gradient.map(|gradient| -gradient);
            }
        }
    }

    /// Where no weight is right: whether most go down the error, however far, and add what points down.
    fn goes_down_by_adding(&self) -> bool {
        let rows: Vec<&Row> = self.rows.iter().filter_map(|rows| rows.first()).collect();
        let goes_down = |sign: f64| {
            let as_given = |row: &&&Row| {
                let (Some(applied), Some(gradient)) = (row.applied, row.gradient) else { return false };
                applied * row.estimate.value > 0.0
                    && (applied - sign * gradient).abs() <= SAME * applied.abs() + row.slack
            };
            rows.iter().filter(as_given).count()
        };
        goes_down(-1.0) > goes_down(1.0)
    }

    /// What a gradient of the track is in the sheet, of one that is to be taken off.
    pub fn sign(&self, track: usize) -> f64 {
        if self.adds[track] { -1.0 } else { 1.0 }
    }

    /// What most helper cells of the way back are in the sheet, of the derivative that they stand for.
    pub fn usual_sign(&self) -> f64 {
        if self.adds_usually { -1.0 } else { 1.0 }
    }
}
