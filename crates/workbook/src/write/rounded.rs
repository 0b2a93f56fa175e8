//! Rounding as spreadsheets do it.

/// The text of `ROUND(value, decimals)`: the fifteen significant digits that a spreadsheet goes by, rounded half away
/// from zero in decimal (0.29235 to four decimals is 0.2924, though the double is a little below), without trailing
/// zeros and without a sign.
pub fn rounded_size(value: f64, decimals: usize) -> String {
    let scientific = format!("{:.14e}", value.abs());
    let (mantissa, exponent) = scientific.split_once('e').expect("scientific notation has an exponent");
    let digits: u128 = mantissa.replace('.', "").parse().expect("digits");
    let exponent: i32 = exponent.parse().expect("a whole number");
    // value = digits · 10^(exponent − 14); what is wanted counts units of 10^(−decimals).
    let shift = exponent - 14 + decimals as i32;
    let units = match shift {
        0..=20 => digits * 10_u128.pow(shift as u32),
        -20..=-1 => {
            let unit = 10_u128.pow(shift.unsigned_abs());
            (digits + unit / 2) / unit
        }
        ..-20 => 0,
        _ => return format!("{}", value.abs()),
    };
    let text = format!("{units:0width$}", width = decimals + 1);
    let (whole, part) = text.split_at(text.len() - decimals);
    match part.trim_end_matches('0') {
        "" => whole.to_owned(),
        part => format!("{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_up_as_they_are_read() {
        let cases = [
            (0.29235, 4, "0.2924"),
            (-0.29235, 4, "0.2924"),
            (0.15, 4, "0.15"),
            (0.0, 9, "0"),
            (4e-10, 9, "0"),
            (5e-10, 9, "0.000000001"),
            (1e-40, 9, "0"),
            (0.9999999999, 9, "1"),
            (101.877725, 9, "101.877725"),
            (1234567.0, 4, "1234567"),
            (2e9, 9, "2000000000"),
        ];
        for (value, decimals, text) in cases {
            assert_eq!(rounded_size(value, decimals), text, "{value}");
        }
    }
}
