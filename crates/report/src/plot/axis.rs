//! Axes: from values to places, and where the ticks stand.

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Equal differences, equal lengths.
    Linear,
    /// Equal ratios, equal lengths; values of 0 and below have no place.
    Logarithmic,
    /// For accuracies in per cent: equal ratios of what is missing to 100, equal lengths; 100 and above have no place.
    MissingToHundred,
}

/// One axis of a chart.
#[derive(Debug, Clone)]
pub struct Axis {
    /// What is measured, with its unit.
    pub title: String,
    /// How values are spread.
    pub scale: Scale,
    /// Whether the range must begin at 0.
    pub starts_at_zero: bool,
    /// Whether only whole numbers get a tick, and the first value always does: rows, epochs.
    pub only_whole_numbers: bool,
    /// Whether a logarithmic axis ends at 1, 2 or 5 times a power of ten, near the data, and labels those.
    pub close: bool,
    /// The range shown, whatever the data say.
    pub range: Option<(f64, f64)>,
}

/// A tick.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tick {
    /// Where, in units of the data.
    pub value: f64,
    /// What stands at it; nothing at the small ticks of a logarithmic axis.
    pub label: String,
}

/// The largest ratio between values of an axis that ends near its data.
const FAR_APART: f64 = 1e4;

/// An axis with its range settled.
#[derive(Debug, Clone)]
pub(super) struct Ruler {
    scale: Scale,
    low: f64,
    high: f64,
    pub ticks: Vec<Tick>,
}

impl Axis {
    /// A linear axis that covers the data.
    pub fn new(title: impl Into<String>) -> Self {
        Axis {
            title: title.into(),
            scale: Scale::Linear,
            starts_at_zero: false,
            only_whole_numbers: false,
            close: false,
            range: None,
        }
    }

    /// The same, from 0 on.
    pub fn from_zero(self) -> Self {
        Axis { starts_at_zero: true, ..self }
    }

    /// The same, logarithmic.
    pub fn logarithmic(self) -> Self {
        Axis { scale: Scale::Logarithmic, ..self }
    }

    /// The same, logarithmic, for values within a decade or two of each other such as error rates: the axis ends near
    /// the data, and 2 and 5 times the powers of ten are labelled too.
    pub fn logarithmic_close(self) -> Self {
        Axis { close: true, ..self.logarithmic() }
    }

    /// The same, for accuracies in per cent that come near to 100: what is missing is spread logarithmically.
    pub fn near_hundred(self) -> Self {
        Axis { scale: Scale::MissingToHundred, ..self }
    }

    /// The same, with ticks at whole numbers only and one at the first value.
    pub fn whole_numbers(self) -> Self {
        Axis { only_whole_numbers: true, ..self }
    }

    /// Settles the range over these values and places about `count` ticks. The range ends at a tick where one is near;
    /// an axis of whole numbers ends at the data.
    pub(super) fn ruler(&self, values: impl Iterator<Item = f64>, count: usize) -> Ruler {
        let has_place = |value: f64| match self.scale {
            Scale::Linear => true,
            Scale::Logarithmic => value > 0.0,
            Scale::MissingToHundred => value < 100.0,
        };
        let shown = values.filter(|value| value.is_finite() && has_place(*value));
        let (mut low, mut high) = shown.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)));
        if low > high {
            (low, high) = (1.0, 10.0);
        }
        if let Some(range) = self.range {
            (low, high) = range;
        }
        match self.scale {
            Scale::Linear => self.linear(low, high, count),
            Scale::Logarithmic if self.close && high < FAR_APART * low => close_ruler(low, high),
            Scale::Logarithmic => self.logarithmic_ruler(low, high),
            Scale::MissingToHundred => close_ruler(100.0 - high, 100.0 - low).mirrored(),
        }
    }

    fn linear(&self, mut low: f64, mut high: f64, count: usize) -> Ruler {
        if self.starts_at_zero {
            (low, high) = (low.min(0.0), high.max(0.0));
        }
        let is_single = high - low <= 1e-12 * high.abs().max(low.abs());
        if is_single {
            let room = match high {
                // So that no other whole number is in sight.
                _ if self.only_whole_numbers => 0.5,
                0.0 => 1.0,
                _ => 0.1 * high.abs(),
            };
            (low, high) = (low - room, high + room);
        }
        let mut step = nice_step((high - low) / count.max(1) as f64);
        if self.only_whole_numbers {
            step = step.max(1.0).round();
        } else if self.range.is_none() {
            (low, high) = (widened(low, -step), widened(high, step));
        }
        let decimals = (-(libm::log10(step) + 1e-9).floor()).max(0.0) as usize;
        // A step such as 0.025 needs one more.
        let decimals = decimals + usize::from((step * power_of_ten(decimals)).fract() > 1e-6);
        let first = (low / step - 1e-9).ceil() as i64;
        let last = (high / step + 1e-9).floor() as i64;
        let mut ticks: Vec<Tick> = (first..=last)
            .map(|k| Tick { value: k as f64 * step, label: decimal(k as f64 * step, decimals) })
            .collect();
        if self.only_whole_numbers && !is_single && ticks.first().is_none_or(|tick| tick.value > low + 1e-9) {
            ticks.retain(|tick| tick.value - low > 0.4 * step);
            ticks.insert(0, Tick { value: low, label: decimal(low, 0) });
        }
        Ruler { scale: Scale::Linear, low, high, ticks }
    }

    fn logarithmic_ruler(&self, low: f64, high: f64) -> Ruler {
        let (mut first, mut last) = (libm::log10(low).floor() as i32, libm::log10(high).ceil() as i32);
        if first == last {
            (first, last) = (first - 1, last + 1);
        }
        let (low, high) = match self.range {
            Some(range) => range,
            None => (tens(first), tens(last)),
        };
        let every = [1, 2, 5, 10, 20, 50, 100].into_iter().find(|every| last - first <= 8 * every).unwrap_or(200);
        let written_out = first >= -3 && last <= 4;
        let mut ticks = Vec::new();
        for decade in (first..=last).filter(|decade| decade % every == 0) {
            ticks.push(Tick { value: tens(decade), label: power(decade, written_out) });
            if last - first <= 3 {
                ticks.extend((2..10).map(|k| Tick { value: f64::from(k) * tens(decade), label: String::new() }));
            }
        }
        ticks.retain(|tick| tick.value >= low * 0.999 && tick.value <= high * 1.001);
        Ruler { scale: Scale::Logarithmic, low, high, ticks }
    }
}

/// A logarithmic axis from the last of 1, 2, 5 times a power of ten below `low` to the first above `high`.
fn close_ruler(low: f64, high: f64) -> Ruler {
    let steps = |decade: i32| [1, 2, 5].map(|step| f64::from(step) * tens(decade));
    let decades = libm::log10(low).floor() as i32 - 1..=libm::log10(high).ceil() as i32 + 1;
    let ends: Vec<f64> = decades.clone().flat_map(steps).collect();
    let mut first = ends.iter().rposition(|&end| end <= low * 1.000_001).unwrap_or(0);
    let mut last = ends.iter().position(|&end| end >= high * 0.999_999).unwrap_or(ends.len() - 1);
    if first == last {
        (first, last) = (first - 1, last + 1);
    }
    let (low, high) = (ends[first], ends[last]);
    let few = last - first <= 9;
    let mut ticks = Vec::new();
    for decade in decades {
        for step in 1..10 {
            let value = f64::from(step) * tens(decade);
            let labelled = step == 1 || (few && (step == 2 || step == 5));
            let decimals = decade.min(0).unsigned_abs() as usize;
            let label = if labelled { decimal(value, decimals) } else { String::new() };
            ticks.push(Tick { value, label });
        }
    }
    ticks.retain(|tick| tick.value >= low * 0.999 && tick.value <= high * 1.001);
    Ruler { scale: Scale::Logarithmic, low, high, ticks }
}

/// The end of a range at `value`: the next multiple of `step` beyond it where that is near, else a little room.
fn widened(value: f64, step: f64) -> f64 {
    let tick = (value / step - 1e-9).ceil() * step;
    if (tick - value).abs() < 0.4 * step.abs() { tick } else { value + 0.1 * step }
}

impl Ruler {
    /// The ruler of 100 − v made from that of v.
    fn mirrored(self) -> Ruler {
        let mirrored = |tick: Tick| {
            let decimals = tick.label.split_once('.').map_or(0, |(_, behind)| behind.len());
            let value = 100.0 - tick.value;
            Tick { value, label: if tick.label.is_empty() { tick.label } else { decimal(value, decimals) } }
        };
        Ruler {
            scale: Scale::MissingToHundred,
            low: 100.0 - self.high,
            high: 100.0 - self.low,
            ticks: self.ticks.into_iter().map(mirrored).collect(),
        }
    }

    /// How far along the axis a value lies: 0 at its start, 1 at its end; `None` for a value that has no place.
    pub fn share(&self, value: f64) -> Option<f64> {
        let share = match self.scale {
            Scale::Linear => (value - self.low) / (self.high - self.low),
            Scale::Logarithmic if value > 0.0 => {
                let low = libm::log10(self.low);
                (libm::log10(value) - low) / (libm::log10(self.high) - low)
            }
            Scale::Logarithmic => return None,
            Scale::MissingToHundred if value < 100.0 => {
                let missing = |value: f64| libm::log10(100.0 - value);
                (missing(self.low) - missing(value)) / (missing(self.low) - missing(self.high))
            }
            Scale::MissingToHundred => return None,
        };
        share.is_finite().then_some(share)
    }
}

/// The smallest of 1, 2, 2.5, 5 times a power of ten that is not below `least`.
fn nice_step(least: f64) -> f64 {
    let decade = libm::floor(libm::log10(least));
    let power = tens(decade as i32);
    let share = least / power;
    let step = [1.0, 2.0, 2.5, 5.0].into_iter().find(|step| share <= step * 1.000_001).unwrap_or(10.0);
    step * power
}

/// Ten to a whole power, correctly rounded: read as a decimal.
fn tens(exponent: i32) -> f64 {
    format!("1e{exponent}").parse().expect("a decimal number")
}

fn power_of_ten(decimals: usize) -> f64 {
    tens(decimals as i32)
}

/// With a proper minus sign.
fn decimal(value: f64, decimals: usize) -> String {
    // No "−0".
    let value = if value.abs() < 0.5 * tens(-(decimals as i32)) { 0.0 } else { value };
    let text = format!("{value:.decimals$}").replace('-', "−");
    // From five digits on, commas between thousands.
    let whole = text.find('.').unwrap_or(text.len());
    let digits = text[..whole].trim_start_matches('−').len();
    if digits < 5 {
        return text;
    }
    let mut grouped = String::new();
    for (place, character) in text.char_indices() {
        let left = whole.saturating_sub(place);
        if place > 0 && left > 0 && left.is_multiple_of(3) && !grouped.ends_with('−') {
            grouped.push(',');
        }
        grouped.push(character);
    }
    grouped
}

/// 10⁻⁵, or 0.01 where all powers of an axis can be written out.
fn power(exponent: i32, written_out: bool) -> String {
    if written_out || exponent == 0 {
        return decimal(tens(exponent), exponent.min(0).unsigned_abs() as usize);
    }
    format!("10{}", superscript(exponent))
}

fn superscript(number: i32) -> String {
    let digits = number.to_string();
    let raised = digits.chars().map(|digit| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        digit => char::from_u32('⁰' as u32 + digit as u32 - '0' as u32).expect("a superscript"),
    });
    raised.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ruler: &Ruler) -> Vec<&str> {
        ruler.ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        let errors = Axis::new("E_total").from_zero().ruler([0.0024, 0.2425].into_iter(), 5);
        assert_eq!(labels(&errors), ["0.00", "0.05", "0.10", "0.15", "0.20", "0.25"]);
        assert_eq!((errors.share(0.0), errors.share(0.25)), (Some(0.0), Some(1.0)));

        let rows = Axis::new("row").whole_numbers().ruler([1.0, 181.0].into_iter(), 9);
        assert_eq!(labels(&rows), ["1", "20", "40", "60", "80", "100", "120", "140", "160", "180"]);
        assert_eq!((rows.share(1.0), rows.share(181.0)), (Some(0.0), Some(1.0)));

        let quarter = Axis::new("y").ruler([0.0, 0.1].into_iter(), 4);
        assert_eq!(labels(&quarter), ["0.000", "0.025", "0.050", "0.075", "0.100"]);
        let below = Axis::new("y").ruler([-1.0, 1.0].into_iter(), 4);
        assert_eq!(labels(&below), ["−1.0", "−0.5", "0.0", "0.5", "1.0"]);
        // A run of one epoch: its number stands below its dot.
        let only = Axis::new("epoch").whole_numbers().ruler([1.0].into_iter(), 9);
        assert_eq!((labels(&only), only.share(1.0)), (vec!["1"], Some(0.5)));
        assert_eq!(only.ticks[0].value, 1.0);
    }

    #[test]
    fn a_logarithmic_axis_ends_at_powers_of_ten() {
        let ruler = Axis::new("E").logarithmic().ruler([2e-5, 0.3, -1.0].into_iter(), 5);
        assert_eq!(labels(&ruler), ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1"]);
        let counts = Axis::new("parameters").logarithmic().ruler([18_800.0, 50.0].into_iter(), 5);
        assert_eq!(labels(&counts), ["10¹", "10²", "10³", "10⁴", "10⁵"]);
        let accuracy = Axis::new("accuracy").logarithmic().ruler([0.9, 0.01].into_iter(), 5);
        let written: Vec<&str> = labels(&accuracy).into_iter().filter(|label| !label.is_empty()).collect();
        assert_eq!(written, ["0.01", "0.1", "1"]);
        assert_eq!(ruler.share(-1.0), None);
        assert!((ruler.share(0.001).unwrap() - 0.4).abs() < 1e-12);
    }

    #[test]
    fn a_range_without_length_is_widened() {
        for values in [vec![], vec![0.0], vec![3.0, 3.0], vec![f64::NAN]] {
            for axis in [Axis::new("a"), Axis::new("b").logarithmic(), Axis::new("c").whole_numbers()] {
                let ruler = axis.ruler(values.iter().copied(), 5);
                assert!(!ruler.ticks.is_empty());
                let shares = ruler.ticks.iter().map(|tick| tick.value).chain(values.iter().copied());
                for share in shares.filter_map(|value| ruler.share(value)) {
                    assert!((-1e-9..=1.0 + 1e-9).contains(&share), "{values:?} {share}");
                }
            }
        }
    }
}
