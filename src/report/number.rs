//! Numbers as a paper has them: three digits.

/// A number: its digits, and a power of ten if it is very small or large.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Short {
    pub(super) digits: String,
    pub(super) exponent: Option<i32>,
}

/// Three significant digits.
pub(super) fn short(value: f64) -> Short {
    if value == 0.0 {
        return Short { digits: "0".to_owned(), exponent: None };
    }
    let rounded = format!("{value:.2e}");
    let (digits, exponent) = rounded.split_once('e').unwrap_or((&rounded, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..=4).contains(&exponent) {
        let decimals = usize::try_from(2 - exponent).unwrap_or_default();
        return Short { digits: format!("{value:.decimals$}"), exponent: None };
    }
    Short { digits: digits.to_owned(), exponent: Some(exponent) }
}

impl Short {
    /// In plain text.
    pub(super) fn plain(&self) -> String {
        let digits = self.digits.replace('-', "−");
        match self.exponent {
            Some(exponent) => format!("{digits}e{exponent}"),
            None => digits,
        }
    }

    /// In LaTeX, inside of mathematics.
    pub(super) fn math(&self) -> String {
        match self.exponent {
            Some(exponent) => format!("{} \\times 10^{{{exponent}}}", self.digits),
            None => self.digits.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn three_digits() {
        for (value, plain, math) in [
            (0.0, "0", "0"),
            (-0.181_135_4, "−0.181", "-0.181"),
            (0.004_882_8, "0.00488", "0.00488"),
            (0.000_123_456, "0.000123", "0.000123"),
            (0.000_012_345, "1.23e-5", "1.23 \\times 10^{-5}"),
            (0.999_6, "1.00", "1.00"),
            (1234.5, "1234", "1234"),
            (-123_456.0, "−1.23e5", "-1.23 \\times 10^{5}"),
        ] {
            assert_eq!(short(value).plain(), plain);
            assert_eq!(short(value).math(), math);
        }
    }
}
