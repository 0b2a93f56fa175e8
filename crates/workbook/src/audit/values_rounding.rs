//! How far the values of a table may be from what was worked out, as far as the values themselves tell.
//!
//! Whoever writes a table rounds a column to so many decimals or to so many digits. Which of the two it was, one value
//! does not say, so both are counted over the column, and a value is known to the coarser of them.

use super::values_network::Numbers;

/// The most decimals and the most significant digits of the values of a column.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Rounding {
    decimals: i32,
    digits: i32,
}

/// The units of the last place that the values are known to, row by row.
pub(crate) struct Units {
    pub weights: Vec<Vec<f64>>,
    pub errors: Vec<f64>,
    /// The fewest decimals of each weight.
    pub decimals: Vec<i32>,
}

impl Units {
    pub fn of(numbers: &Numbers) -> Self {
        let column = |k: usize| numbers.weights.iter().map(move |row| row[k]);
        let count = numbers.weights.first().map_or(0, Vec::len);
        let mut roundings: Vec<Rounding> = (0..count).map(|k| Rounding::of(column(k))).collect();
        // A weight that stays as it was typed, 0.15 in every row, does not tell how it would have been rounded.
        let finest = roundings.iter().fold(Rounding::default(), |finest, &next| finest.finer(next));
        for (k, rounding) in roundings.iter_mut().enumerate() {
            if column(k).all(|value| value == numbers.weights[0][k]) {
                *rounding = finest;
            }
        }
        let decimals = |k: usize| column(k).map(|value| roundings[k].decimals_of(value)).min().unwrap_or(0);
        let of_errors = Rounding::of(numbers.errors.iter().copied());
        Units {
            weights: numbers
                .weights
                .iter()
                .map(|row| row.iter().zip(&roundings).map(|(&value, rounding)| rounding.unit_of(value)).collect())
                .collect(),
            errors: numbers.errors.iter().map(|&error| of_errors.unit_of(error)).collect(),
            decimals: (0..count).map(decimals).collect(),
        }
    }

    /// How far the difference of a weight and its next value may be off: half a unit at either end.
    pub fn of_step(&self, row: usize, k: usize) -> f64 {
        (self.weights[row][k] + self.weights[row + 1][k]) / 2.0
    }
}

impl Rounding {
    fn of(values: impl Iterator<Item = f64>) -> Self {
        values.fold(Rounding::default(), |found, value| {
            let (digits, exponent) = shortest(value);
            found.finer(Rounding { decimals: digits - 1 - exponent, digits })
        })
    }

    fn finer(self, other: Rounding) -> Rounding {
        Rounding { decimals: self.decimals.max(other.decimals), digits: self.digits.max(other.digits) }
    }

    /// The decimals that a value is known to; below 0 where its last digits before the point are unknown.
    fn decimals_of(self, value: f64) -> i32 {
        let by_digits = if value == 0.0 { self.decimals } else { self.digits - 1 - shortest(value).1 };
        self.decimals.min(by_digits)
    }

    fn unit_of(self, value: f64) -> f64 {
        // The reader of numbers has powers of ten exactly.
        format!("1e{}", -self.decimals_of(value)).parse().expect("a power of ten")
    }
}

/// The number of digits and the exponent of the shortest decimal text that reads back as the value.
fn shortest(value: f64) -> (i32, i32) {
    let text = format!("{:e}", value.abs());
    let (digits, exponent) = text.split_once('e').expect("an exponent");
    (digits.chars().filter(char::is_ascii_digit).count() as i32, exponent.parse().expect("a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(column: &[f64]) -> Vec<f64> {
        let rounding = Rounding::of(column.iter().copied());
        column.iter().map(|&value| rounding.unit_of(value)).collect()
    }

    #[test]
    fn the_unit_is_the_coarser_of_decimals_and_digits_of_the_column() {
        // Eight decimals: the digits of the largest value are no limit to the small ones.
        assert_eq!(units(&[0.15, 1.23456789, 0.00012345, 0.0]), [1e-8; 4]);
        // Four digits, in which the smallest value has the most decimals.
        assert_eq!(units(&[0.1234, 12.34, 0.001_234, 123.0]), [1e-4, 1e-2, 1e-6, 1e-1]);
        assert_eq!(units(&[1234e3, 5000.0]), [1e3, 1.0]);
        // Not rounded at all.
        assert!(units(&[0.1 + 0.2, 0.149_780_716_132_762_85]).iter().all(|unit| *unit < 1e-16));
    }

    #[test]
    fn a_weight_that_never_moves_is_known_as_well_as_the_others() {
        let numbers = Numbers { weights: vec![vec![0.15, 0.25], vec![0.15, 0.249_123]], ..Numbers::default() };
        let units = Units::of(&numbers);
        assert_eq!((units.weights[1].clone(), units.decimals.clone()), (vec![1e-6, 1e-6], vec![6, 6]));
        assert!((units.of_step(0, 1) - 1e-6).abs() < 1e-20);
    }
}
