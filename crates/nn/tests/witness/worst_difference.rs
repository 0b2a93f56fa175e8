//! The worst difference of every named tensor, printed as a table and held against a limit.

/// One compared tensor.
struct Row {
    kind: String,
    name: String,
    difference: f64,
    limit: f64,
}

/// All tensors compared so far.
#[derive(Default)]
pub struct WorstDifferences {
    rows: Vec<Row>,
}

/// The largest magnitude among `values`.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |largest, v| v.abs().max(largest))
}

impl WorstDifferences {
    /// Compares a tensor: the worst difference is taken relative to the largest magnitude wanted.
    pub fn compare(&mut self, kind: &str, name: &str, found: &[f64], wanted: &[f64], limit: f64) {
        self.compare_to_scale(kind, name, found, wanted, largest(wanted), limit);
    }

    /// Compares a tensor: the worst difference is taken relative to `scale`; two equal tensors never differ.
    pub fn compare_to_scale(&mut self, kind: &str, name: &str, found: &[f64], wanted: &[f64], scale: f64, limit: f64) {
        assert_eq!(found.len(), wanted.len(), "elements of {name}");
        assert!(!wanted.is_empty(), "{name} is empty");
        let mut worst = 0.0f64;
        for (found, wanted) in found.iter().zip(wanted) {
            let difference = (found - wanted).abs();
            // NaN must win, and `max` would drop it.
            if difference.is_nan() || difference > worst {
                worst = difference;
            }
        }
        let difference = if worst == 0.0 { 0.0 } else { worst / scale };
        self.rows.push(Row { kind: kind.to_owned(), name: name.to_owned(), difference, limit });
    }

    /// Takes over the rows of `other`.
    #[allow(dead_code, reason = "not every test gathers differences in parallel")]
    pub fn append(&mut self, other: WorstDifferences) {
        self.rows.extend(other.rows);
    }

    /// Prints every row and the worst of each kind.
    ///
    /// # Panics
    /// When nothing was compared, or a difference is above its limit.
    pub fn finish(self) {
        assert!(!self.rows.is_empty(), "nothing was compared");
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        for Row { name, difference, limit, .. } in &self.rows {
            println!("{name:width$}  {difference:8.1e}  of {limit:.0e}");
        }
        let mut kinds: Vec<&str> = self.rows.iter().map(|row| row.kind.as_str()).collect();
        kinds.sort_unstable();
        kinds.dedup();
        println!("worst of each kind:");
        for kind in kinds {
            let of_kind = || self.rows.iter().filter(|row| row.kind == kind);
            let worst = of_kind().fold(0.0f64, |worst, row| row.difference.max(worst));
            println!("  {kind:30}  {worst:8.1e}  ({} tensors)", of_kind().count());
        }
        // Written so that NaN, which is neither below nor above, counts as too far off.
        let within = |row: &&Row| row.difference <= row.limit;
        let far_off: Vec<String> = self
            .rows
            .iter()
            .filter(|row| !within(row))
            .map(|row| format!("{} differs by {:.2e}, limit {:.0e}", row.name, row.difference, row.limit))
            .collect();
        assert!(far_off.is_empty(), "{} tensors are wrong:\n{}", far_off.len(), far_off.join("\n"));
    }
}
