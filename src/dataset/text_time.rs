//! Forms in which programs write times.

use chrono::format::{Fixed, Item, Numeric, Parsed, StrftimeItems, parse};

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

/// Why texts of a form would lose the time of day, which the engine drops where it is not whole, and what to do.
pub(super) fn lost(form: &str) -> Option<String> {
    let items: Vec<Item<'_>> = StrftimeItems::new(form).collect();
    let numbers = |wanted: &[Numeric]| {
        items.iter().any(|item| matches!(item, Item::Numeric(number, _) if wanted.contains(number)))
    };
    let fixed = |wanted: &[Fixed]| {
        items.iter().any(|item| matches!(item, Item::Fixed(fixed) if wanted.contains(fixed)))
    };
    if numbers(&[Numeric::Timestamp]) || fixed(&[Fixed::RFC2822, Fixed::RFC3339]) {
        return None;
    }
    let (hour, of_twelve, minute) =
        (numbers(&[Numeric::Hour]), numbers(&[Numeric::Hour12]), numbers(&[Numeric::Minute]));
    let half = fixed(&[Fixed::LowerAmPm, Fixed::UpperAmPm]);
    let fraction = numbers(&[Numeric::Nanosecond]) || form.contains("%.");
    let second = numbers(&[Numeric::Second]);
    let offset = ["%z", "%:z", "%::z", "%:::z", "%#z", "%Z"].into_iter().find(|offset| form.contains(offset));
    let (found, needed, hint) = if of_twelve && !hour && !half {
        ("%I", "%p", "`%p` reads AM and PM; hours from 0 to 23 are read by `%H`")
    } else if half && !hour && !of_twelve {
        ("%p", "%I", "`%I` reads the hour before AM and PM")
    } else if (hour || of_twelve) && !minute {
        return Some(without_minutes(form, if hour { "%H" } else { "%I" }));
    } else if minute && !hour && !of_twelve {
        ("%M", "%H", "`%H` reads the hour")
    } else if second && !minute {
        ("%S", "%M", "`%H:%M` reads hour and minutes")
    } else if fraction && !second {
        ("%f", "%S", "`%S%.f` reads seconds with a fraction")
    } else {
        let offset = offset.filter(|_| !hour && !of_twelve)?;
        (offset, "%H:%M", "an offset belongs to a time of day; leave it out of dates")
    };
    Some(format!("the form '{form}' would drop the time of day: `{found}` needs `{needed}` (hint: {hint})"))
}

/// Of a form with hours alone.
fn without_minutes(form: &str, hour: &str) -> String {
    let whole = form.replacen(hour, &format!("{hour}:%M"), 1);
    let hint = if form.ends_with(hour) {
        format!("put minutes behind the texts, as in `to_timestamp(… || ':00', '{whole}')`")
    } else {
        "give the texts minutes, and the form `%M`".to_owned()
    };
    format!("the form '{form}' would drop the time of day: `{hour}` needs `%M` (hint: {hint})")
}

/// Whether a form reads a date and no time of day.
pub(super) fn is_of_date(form: &str) -> bool {
    let no_time = |item: Item<'_>| match item {
        Item::Numeric(number, _) => {
            use Numeric::{Hour, Hour12, Minute, Nanosecond, Second, Timestamp};
            ![Hour, Hour12, Minute, Second, Nanosecond, Timestamp].contains(&number)
        }
        Item::Fixed(fixed) => ![Fixed::RFC2822, Fixed::RFC3339].contains(&fixed),
        Item::Error => false,
        _ => true,
    };
    form.contains('%') && StrftimeItems::new(form).all(no_time)
}

fn fits(form: &str, text: &str) -> bool {
    let mut parsed = Parsed::new();
    parse(&mut parsed, text.trim(), StrftimeItems::new(form)).is_ok()
        && parsed.to_naive_date().is_ok_and(|date| (1900..2200).contains(&chrono::Datelike::year(&date)))
}

#[cfg(test)]
mod tests {
    use super::{FORMS, Form, KNOWN, form_of, is_of_date, lost};

    #[test]
    fn forms_that_would_lose_the_time_of_day() {
        for (form, told) in [
            (
                "%Y-%m-%d %H",
                "`%H` needs `%M` (hint: put minutes behind the texts, as in `to_timestamp(… || ':00', '%Y-%m-%d %H:%M')`)",
            ),
            ("%H h %Y-%m-%d", "`%H` needs `%M` (hint: give the texts minutes"),
            ("%Y-%m-%d %I %p", "`%I` needs `%M`"),
            ("%m/%d/%Y %I:%M", "`%I` needs `%p`"),
            ("%m/%d/%Y %I:%M:%S", "`%I` needs `%p`"),
            ("%Y-%m-%d %M", "`%M` needs `%H`"),
            ("%Y-%m-%d %p", "`%p` needs `%I`"),
            ("%Y-%m-%d %H:%M%.f", "`%f` needs `%S`"),
            ("%Y-%m-%d %S", "`%S` needs `%M`"),
            ("%Y-%m-%d%z", "`%z` needs `%H:%M`"),
        ] {
            assert!(lost(form).is_some_and(|reason| reason.contains(told)), "{form}: {:?}", lost(form));
        }
        for form in FORMS.iter().chain(&KNOWN).chain(&[
            "%s",
            "%+",
            "%c",
            "%F %T%.3f",
            "%D %r",
            "%F %R",
            "%Y-%m-%d %H:%M %Z",
        ]) {
            assert_eq!(lost(form), None, "{form}");
        }
        assert!(is_of_date("%Y-%m-%d") && is_of_date("%F") && is_of_date("%b %d %Y"));
        for form in ["%Y-%m-%d %H:%M", "%F %T", "%s", "%+", "no form"] {
            assert!(!is_of_date(form), "{form}");
        }
    }

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
