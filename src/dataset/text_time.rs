//! Forms in which programs write times.

use chrono::format::{Parsed, StrftimeItems, parse};

/// Forms that `to_timestamp` reads only if it is told; of ambiguous ones the first that fits.
const FORMS: [&str; 25] = [
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%MZ",
    "%Y-%m-%d %I:%M:%S %p",
    "%Y-%m-%d %I:%M %p",
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
    "%d/%m/%Y %I:%M:%S %p",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%Y %H:%M:%S%.f",
    "%d/%m/%Y %H:%M",
    "%d-%b-%Y %H:%M:%S",
    "%Y%m%d %H:%M:%S",
    "%Y%m%dT%H%M%S",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%b %d %Y %H:%M:%S",
];

/// Forms that `to_timestamp` reads by itself.
const KNOWN: [&str; 6] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%d %H:%M:%S%.f%#z",
    "%Y-%m-%dT%H:%M:%S%.f%#z",
    "%Y-%m-%d",
];

/// How a text is read as a time.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// Without further words.
    Known,
    /// By its form; the second one if it is as good, for day and month can be either.
    Named(String, Option<String>),
}

impl Form {
    /// What to write to read `what`.
    pub(super) fn call(&self, what: &str) -> String {
        match self {
            Self::Known => format!("`to_timestamp({what})`"),
            Self::Named(form, None) => format!("`to_timestamp({what}, '{form}')`"),
            Self::Named(form, Some(other)) => format!(
                "`to_timestamp({what}, '{form}')` or, if the day comes first, `to_timestamp({what}, '{other}')`"
            ),
        }
    }
}

/// The form of a text; years may have two digits.
pub(super) fn form_of(text: &str) -> Option<Form> {
    if KNOWN.iter().any(|form| fits(form, text)) {
        return Some(Form::Known);
    }
    let short = FORMS
        .iter()
        .filter(|form| form.contains("%Y") && !form.starts_with("%Y"))
        .map(|form| form.replace("%Y", "%y"));
    let form = FORMS.iter().map(|form| (*form).to_owned()).chain(short).find(|form| fits(form, text))?;
    let swapped = form.replace("%m/%d/", "%d/%m/");
    let ambiguous = swapped != form && fits(&swapped, text);
    Some(Form::Named(form, ambiguous.then_some(swapped)))
}

/// The seconds since 1970 of a text in a form, or in one of those that need none; without an offset they are UTC.
pub(super) fn seconds(text: &str, form: Option<&str>) -> Option<f64> {
    let text = text.trim();
    let mut forms = form.map_or_else(|| KNOWN.to_vec(), |form| vec![form]).into_iter();
    forms.find_map(|form| {
        let mut parsed = Parsed::new();
        parse(&mut parsed, text, StrftimeItems::new(form)).ok()?;
        let date = parsed.to_naive_date().ok()?;
        let time = parsed.to_naive_time().unwrap_or_default();
        let offset = f64::from(parsed.to_fixed_offset().map_or(0, |offset| offset.local_minus_utc()));
        let time = date.and_time(time).and_utc();
        Some(time.timestamp() as f64 + f64::from(time.timestamp_subsec_nanos()) / 1e9 - offset)
    })
}

fn fits(form: &str, text: &str) -> bool {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text.trim(), StrftimeItems::new(form)).is_ok()
        && parsed.to_naive_date().is_ok_and(|date| (1900..2200).contains(&chrono::Datelike::year(&date)))
}

#[cfg(test)]
mod tests {
    use super::{Form, form_of};

    #[test]
    fn forms() {
        for (text, form) in [
            ("2026-01-05 00:01", "%Y-%m-%d %H:%M"),
            ("2026-01-05 01:01:00 AM", "%Y-%m-%d %I:%M:%S %p"),
            ("05.01.2026 13:01:30", "%d.%m.%Y %H:%M:%S%.f"),
            ("05.01.2026 13:01", "%d.%m.%Y %H:%M"),
            ("25/01/2026 13:05", "%d/%m/%Y %H:%M"),
            ("1/25/2026 1:05 PM", "%m/%d/%Y %I:%M %p"),
            ("25/01/26 13:05", "%d/%m/%y %H:%M"),
            ("05.01.26", "%d.%m.%y"),
            ("20260105130500", "%Y%m%d%H%M%S"),
            ("202601051305", "%Y%m%d%H%M"),
        ] {
            assert_eq!(form_of(text), Some(Form::Named(form.to_owned(), None)), "{text}");
        }
        for (text, form, other) in [
            ("1/5/2026 1:05 PM", "%m/%d/%Y %I:%M %p", "%d/%m/%Y %I:%M %p"),
            ("01/05/2026 13:05", "%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M"),
            ("01/05/26 13:05", "%m/%d/%y %H:%M", "%d/%m/%y %H:%M"),
        ] {
            let both = Form::Named(form.to_owned(), Some(other.to_owned()));
            assert_eq!(form_of(text), Some(both), "{text}");
        }
        for text in
            ["2026-01-05 00:01:02", "2026-01-05T00:01:02.5Z", "2026-01-05T00:01:02+01:00", "2026-01-05"]
        {
            assert_eq!(form_of(text), Some(Form::Known), "{text}");
        }
        for text in ["", "NA", "5.7", "yesterday", "1,234", "1767571200", "2026-02-30 00:00:00"] {
            assert_eq!(form_of(text), None, "{text}");
        }
    }
}
