//! Forms in which programs write times.

use chrono::format::{Parsed, StrftimeItems, parse};

/// Forms that `to_timestamp` reads only if it is told; of ambiguous ones the first that fits.
const FORMS: [&str; 19] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
    "%Y/%m/%d %H:%M:%S%.f",
    "%Y/%m/%d %H:%M",
    "%Y/%m/%d",
    "%d.%m.%Y %H:%M:%S%.f",
    "%d.%m.%Y %H:%M",
    "%d.%m.%Y",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S%.f",
    "%m/%d/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S%.f",
    "%d/%m/%Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%dT%H%M%S",
    "%Y-%m-%d %I:%M:%S %p",
];

/// The form of a text, as `to_timestamp` takes it; years may have two digits.
pub(in crate::dataset) fn format_of(text: &str) -> Option<String> {
    let fits = |form: &String| {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text.trim(), StrftimeItems::new(form)).is_ok()
            && parsed.to_naive_date().is_ok_and(|date| (1900..2200).contains(&chrono::Datelike::year(&date)))
    };
    let short = FORMS
        .iter()
        .filter(|form| form.contains("%Y") && !form.starts_with("%Y"))
        .map(|form| form.replace("%Y", "%y"));
    FORMS.iter().map(|form| (*form).to_owned()).chain(short).find(fits)
}

#[cfg(test)]
mod tests {
    use super::format_of;

    #[test]
    fn forms() {
        for (text, form) in [
            ("2026-01-05 00:01", "%Y-%m-%d %H:%M"),
            ("05.01.2026 13:01:30", "%d.%m.%Y %H:%M:%S%.f"),
            ("05.01.2026 13:01", "%d.%m.%Y %H:%M"),
            ("1/5/2026 1:05 PM", "%m/%d/%Y %I:%M %p"),
            ("01/05/2026 13:05", "%m/%d/%Y %H:%M"),
            ("25/01/2026 13:05", "%d/%m/%Y %H:%M"),
            ("25/01/26 13:05", "%d/%m/%y %H:%M"),
            ("05.01.26", "%d.%m.%y"),
        ] {
            assert_eq!(format_of(text).as_deref(), Some(form), "{text}");
        }
        for text in ["", "NA", "5.7", "yesterday", "1,234"] {
            assert_eq!(format_of(text), None, "{text}");
        }
    }
}
