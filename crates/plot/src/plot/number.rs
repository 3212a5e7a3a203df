//! Numbers as texts.

/// At most four digits that count, no more than are needed: `0.05`, `1234`, `1.5×10⁻⁷`.
pub fn short(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "∞"
        } else {
            "−∞"
        }
        .to_owned();
    }
    let power = exponent(value);
    if (-4..7).contains(&power) {
        let decimals = usize::try_from(3 - power).unwrap_or(0);
        return signed(trimmed(format!("{value:.decimals$}")));
    }
    // Of smaller numbers the power of ten is 0.
    let (value, rest) = if power < -308 { (value * 1e300, power + 300) } else { (value, power) };
    let mantissa = trimmed(format!("{:.3}", value / 10_f64.powi(rest)));
    let power = raised(power);
    match mantissa.as_str() {
        "1" => format!("10{power}"),
        "-1" => format!("−10{power}"),
        mantissa => format!("{}×10{power}", signed(mantissa.to_owned())),
    }
}

/// A tick, of ticks that are so far apart.
pub(super) fn tick(value: f64, step: f64) -> String {
    let (power, of_step) = (exponent(value), exponent(step));
    if value == 0.0 {
        return "0".to_owned();
    }
    if of_step < -5 || power >= 7 {
        return short(value);
    }
    let decimals = usize::try_from(-of_step).unwrap_or(0);
    signed(trimmed(format!("{value:.decimals$}")))
}

/// A coordinate: a tenth of a point is less than an eye sees.
pub(super) fn at(value: f64) -> String {
    let text = trimmed(format!("{value:.1}"));
    if text == "-0" { "0".to_owned() } else { text }
}

/// The power of ten of a number, that of its first digit once it is rounded to four.
pub(super) fn exponent(value: f64) -> i32 {
    let text = format!("{:.3e}", value.abs());
    text.rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

fn trimmed(text: String) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

fn signed(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A power in raised digits.
pub(super) fn raised(power: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digit = |c: char| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]);
    power.to_string().chars().map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_they_need() {
        let cases = [
            (0.05, "0.05"),
            (-0.0, "0"),
            (1234.0, "1234"),
            (0.999_99, "1"),
            (-2.5, "−2.5"),
            (1.5e-7, "1.5×10⁻⁷"),
            (1e-9, "10⁻⁹"),
            (1e12, "10¹²"),
            (f64::MAX, "1.798×10³⁰⁸"),
            (f64::MIN, "−1.798×10³⁰⁸"),
            (f64::MIN_POSITIVE, "2.225×10⁻³⁰⁸"),
            (1e-308, "10⁻³⁰⁸"),
            (1e-310, "10⁻³¹⁰"),
            (-2.5e-320, "−2.5×10⁻³²⁰"),
            (f64::from_bits(1), "4.941×10⁻³²⁴"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "−∞"),
        ];
        for (value, text) in cases {
            assert_eq!(short(value), text);
        }
        assert_eq!(tick(0.3, 0.1), "0.3");
        assert_eq!(tick(0.300_000_000_4, 0.05), "0.3");
        assert_eq!(tick(20_000.0, 5000.0), "20000");
        assert_eq!(at(-0.04), "0");
    }
}
