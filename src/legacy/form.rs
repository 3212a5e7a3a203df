//! Files that another program has saved in another form: compressed, in UTF-16, with semicolons, with decimal commas.

use std::borrow::Cow;

use super::finding::{Findings, Kind};
use super::record::Record;
use crate::dataset::{NoText, WholeText, no_table, split_record, whole_text};

/// Lines in which a header is looked for.
const HEADER_LINES: usize = 20;

/// Columns that are no numbers.
const TEXTS: [&str; 8] = [
    "user_id",
    "short_id",
    "feature_mode",
    "criterion",
    "ais_values",
    "error",
    "traceback",
    "quality_reason",
];

/// The text of a table, unpacked and as UTF-8; none if the file is of another kind.
pub(super) fn text<'a>(file: &str, bytes: &'a [u8], findings: &mut Findings) -> Option<Cow<'a, [u8]>> {
    let (what, remedy) = match unpacked(file, bytes, findings) {
        Ok(text) => match no_table(&text) {
            None => return Some(text),
            Some(NoText { what, remedy }) => (what, remedy),
        },
        Err(NoText { what, remedy }) => (what, remedy),
    };
    findings.add(file, 0, Kind::Unreadable, format!("is {what}, which is not read"), &remedy);
    None
}

/// The text of a file, with what is to be said of how it was written.
pub(super) fn unpacked<'a>(
    file: &str,
    bytes: &'a [u8],
    findings: &mut Findings,
) -> Result<Cow<'a, [u8]>, NoText> {
    let WholeText { bytes, encoding, had_carriage_returns, broken } = whole_text(file, bytes)?;
    if let Some((packing, error)) = broken {
        let what = format!(
            "is a {packing} file that cannot be unpacked to its end: {error}; what came before was read"
        );
        findings.add(file, 0, Kind::Torn, what, "copy the file again");
    }
    if let Some(encoding) = encoding {
        let encoding = encoding.trim_end_matches("LE").trim_end_matches("BE");
        findings.add(file, 0, Kind::Form, format!("is text in {encoding}, and was read as that"), "");
    }
    if had_carriage_returns {
        findings.add(file, 0, Kind::Form, "ends its lines in carriage returns alone, and was read so", "");
    }
    Ok(bytes)
}

/// What stands between the fields of a file: a comma, unless only another character makes a header of its first lines.
pub(super) fn separator(file: &str, bytes: &[u8], findings: &mut Findings) -> u8 {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let lines = || bytes.split(|byte| *byte == b'\n').take(HEADER_LINES);
    let has_header = |separator: u8| {
        lines()
            .filter_map(|line| split(line, separator))
            .any(|fields| fields.len() > 1 && fields.iter().any(|field| field.trim_ascii() == b"user_id"))
    };
    if has_header(b',') {
        return b',';
    }
    let named = [(b';', "semicolons"), (b'\t', "tabs"), (b'|', "bars")];
    let Some((separator, name)) = named.into_iter().find(|(separator, _)| has_header(*separator)) else {
        return b',';
    };
    findings.add(file, 0, Kind::Form, format!("has its fields separated by {name}, and was read so"), "");
    separator
}

/// The fields of a record; none if a quote in it is left open.
pub(super) fn split(record: &[u8], separator: u8) -> Option<Vec<Vec<u8>>> {
    if separator == b',' {
        return split_record(record);
    }
    // The two characters change places, and back in the fields.
    let swapped = |bytes: &[u8]| -> Vec<u8> {
        let one = |byte: &u8| match *byte {
            b',' => separator,
            byte if byte == separator => b',',
            byte => byte,
        };
        bytes.iter().map(one).collect()
    };
    let fields = split_record(&swapped(record))?;
    Some(fields.iter().map(|field| swapped(field)).collect())
}

/// Reads decimal commas as decimal points, column by column, where no number of the column has a point for its decimals
/// and it cannot be a comma between thousands. Of such a file, points stand between thousands.
pub(super) fn decimal_commas(file: &str, records: &mut [Record], findings: &mut Findings) {
    let mut names: Vec<String> = Vec::new();
    for record in records.iter() {
        names.extend(record.names().iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    }
    names.retain(|name| !TEXTS.contains(&name.as_str()));
    let cells = |name: &str| records.iter().filter_map(|record| record.get(name)).collect::<Vec<_>>();
    let is_certain = |text: &str| has_comma(text) && !may_be_thousands(text);
    let certain = names.iter().any(|name| cells(name).into_iter().any(is_certain));
    names.retain(|name| cells(name).into_iter().any(|text| has_comma(text) || (certain && is_grouped(text))));
    let pure = |name: &String| cells(name).into_iter().all(|text| !text.contains('.') || is_grouped(text));
    let (read, mixed): (Vec<String>, Vec<String>) = names.into_iter().partition(|name| certain && pure(name));
    for (names, what, remedy) in [
        (&read, "have a decimal comma in their numbers, and were read so", ""),
        (
            &mixed,
            "hold numbers with a comma, of which it cannot be told whether it is a decimal comma",
            "write the numbers with decimal points",
        ),
    ] {
        if !names.is_empty() {
            findings.add(file, 0, Kind::Form, format!("the columns {} {what}", names.join(", ")), remedy);
        }
    }
    for record in records.iter_mut() {
        for name in &read {
            record.change(name, |text| {
                if has_comma(text) || is_grouped(text) {
                    text.replace('.', "").replace(',', ".")
                } else {
                    text.to_owned()
                }
            });
        }
    }
}

/// Whether a text is a number with one comma; before it, points may stand between thousands.
pub(super) fn has_comma(text: &str) -> bool {
    let Some((whole, fraction)) = text.trim().split_once(',') else { return false };
    let whole = if is_grouped(whole) { whole.replace('.', "") } else { whole.to_owned() };
    !whole.contains('.')
        && !fraction.contains([',', '.'])
        && format!("{whole}.{fraction}").parse::<f64>().is_ok()
}

/// Whether a text is a whole number with points between its thousands: `1.230`, and not `0.123`.
fn is_grouped(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    let mut groups = text.split('.');
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let first =
        groups.next().is_some_and(|group| digits(group) && group.len() <= 3 && !group.starts_with('0'));
    let mut rest = groups.peekable();
    first && rest.peek().is_some() && rest.all(|group| group.len() == 3 && digits(group))
}

/// `1,234` may be either; `0,123` and `-12,5` may not.
fn may_be_thousands(text: &str) -> bool {
    let text = text.trim().trim_start_matches(['+', '-']);
    text.split_once(',').is_some_and(|(before, behind)| {
        (1..=3).contains(&before.len()) && !before.starts_with('0') && behind.len() == 3
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_numbers() {
        for text in ["0,25", "-0,35", "1,5e-3", "12,5"] {
            assert!(has_comma(text) && !may_be_thousands(text), "{text}");
        }
        assert!(has_comma("1,234") && may_be_thousands("1,234") && may_be_thousands("-12,345"));
        assert!(has_comma("1.234,5") && !may_be_thousands("1.234,567"));
        assert!(["1.230", "-12.345.678"].into_iter().all(is_grouped));
        assert!(!["0.123", "1.23", "1.2345", "1230", "1.230,5", ".230"].into_iter().any(is_grouped));
        for text in ["1,234,567", "1,5.2", "a,b", "0.5", ",", "0.123,5", "12.34,5"] {
            assert!(!has_comma(text), "{text}");
        }
    }

    #[test]
    fn separators_and_quotes() {
        let mut findings = Findings::default();
        assert_eq!(separator("f", b"user_id,k\n1,2\n", &mut findings), b',');
        assert!(findings.into_vec().is_empty());
        let mut findings = Findings::default();
        assert_eq!(separator("f", b"\xef\xbb\xbfuser_id;k\n", &mut findings), b';');
        assert!(findings.into_vec()[0].what.contains("semicolons"));
        let fields = split(b"u;\"a;b,c\";0,5", b';').unwrap();
        assert_eq!(fields, [b"u".to_vec(), b"a;b,c".to_vec(), b"0,5".to_vec()]);
        assert_eq!(split(b"u;\"a", b';'), None);
    }

    #[test]
    fn carriage_returns_alone_end_lines() {
        let mut findings = Findings::default();
        assert_eq!(text("f", b"user_id,k\ru1,2\r", &mut findings).unwrap(), &b"user_id,k\nu1,2\n"[..]);
        assert!(findings.into_vec()[0].what.contains("carriage returns"));
        let mut findings = Findings::default();
        assert_eq!(
            text("f", b"user_id,k\r\nu1,2\r\n", &mut findings).unwrap(),
            &b"user_id,k\r\nu1,2\r\n"[..]
        );
        assert!(findings.into_vec().is_empty());
    }

    #[test]
    fn encodings() {
        let wide = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
            mark.iter().copied().chain("user_id,k\n".encode_utf16().flat_map(bytes)).collect()
        };
        let files = [
            wide(&[0xff, 0xfe], u16::to_le_bytes),
            wide(&[0xfe, 0xff], u16::to_be_bytes),
            wide(&[], u16::to_le_bytes),
            wide(&[], u16::to_be_bytes),
        ];
        for file in files {
            let mut findings = Findings::default();
            assert_eq!(text("f", &file, &mut findings).unwrap(), &b"user_id,k\n"[..]);
            assert_eq!(findings.into_vec()[0].what, "is text in UTF-16, and was read as that");
        }
        let crash = b"user_id,k\n\0\0\0\0\0\0\0\0\0\0\0\0";
        assert_eq!(text("f", crash, &mut Findings::default()).unwrap(), &crash[..]);
    }
}
