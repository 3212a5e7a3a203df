//! Spellings of one id: what spreadsheets, data frames and databases make of it.

use super::cell::is_invisible;

/// Longest number of digits that an exponent is written out to.
const LONGEST: i64 = 40;

/// What all spellings of one id have in common: those of spreadsheets, data frames and databases.
pub(crate) fn id_key(id: &str) -> String {
    let id: String = bare_id(id).chars().filter(|c| !c.is_whitespace() && !is_invisible(*c)).collect();
    id_number(&id).or_else(|| uuid(&id)).unwrap_or_else(|| id.to_lowercase())
}

/// Without what makes a spreadsheet take it for text: `'007`, `="007"`.
pub(crate) fn bare_id(id: &str) -> &str {
    let formula = id.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    formula.or_else(|| id.strip_prefix('\'')).unwrap_or(id).trim()
}

/// A number, as spreadsheets and data frames read it: without zeros around it, and written out.
pub(crate) fn id_number(id: &str) -> Option<String> {
    let id = &id.strip_prefix('+').unwrap_or(id).replacen(',', ".", 1);
    let (mantissa, exponent) = id.split_once(['e', 'E']).unwrap_or((id.as_str(), "0"));
    let exponent: i64 = exponent.parse().ok().filter(|e| (-LONGEST..=LONGEST).contains(e))?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) {
        return None;
    }
    let all = format!("{whole}{fraction}");
    // Of hexadecimal ids such as 0E1 and 0E2 all would be 0.
    if all.bytes().all(|byte| byte == b'0') {
        return (mantissa == id).then(|| "0".to_owned());
    }
    let point = whole.len() as i64 + exponent;
    let before = (0..point.max(0)).map(|place| all.chars().nth(place as usize).unwrap_or('0'));
    let zeros = std::iter::repeat_n('0', point.min(0).unsigned_abs() as usize);
    let behind: String = zeros.chain(all.chars().skip(point.max(0) as usize)).collect();
    let before: String = before.collect();
    let (before, behind) = (before.trim_start_matches('0'), behind.trim_end_matches('0'));
    Some(if behind.is_empty() { before.to_owned() } else { format!("{before}.{behind}") })
}

/// A UUID without hyphens and braces, in lower case.
fn uuid(id: &str) -> Option<String> {
    let inner = id.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(id);
    let digits: String = inner.chars().filter(|c| *c != '-').collect::<String>().to_lowercase();
    (digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::id_key;

    #[test]
    fn what_programs_make_of_one_id_is_alike() {
        for (id, others) in [
            (
                "007",
                &["7", "7.0", "+7", "7,0", "7.", " 7", "'007", "=\"007\"", "7e0", "7.00E+00", "\u{feff}007"]
                    [..],
            ),
            ("120", &["1.2E+02", "1.2e2", "120.000", "0120"][..]),
            ("1.10", &["1.1", "01.1", "110e-2", "11E-1"][..]),
            ("0.05", &["5e-2", "00.050"][..]),
            ("12345678901234567890", &["012345678901234567890", "1.234567890123456789e19"][..]),
            ("0EC60222-1A2B-4C3D-8E4F-0123456789AB", &["{0ec602221a2b4c3d8e4f0123456789ab}"][..]),
            ("P07", &["p07", "p07 "][..]),
        ] {
            for other in others {
                assert_eq!(id_key(other), id_key(id), "{other}");
            }
        }
    }

    #[test]
    fn other_ids_are_not() {
        let ids = [
            "7",
            "70",
            "0.7",
            "u7",
            "u07",
            "0E1",
            "0E2",
            "1E99",
            "-7",
            "12345678901234567890",
            "1.23457E+19",
            "MAR1",
            "1-Mar",
            "e5",
            ".",
            "1.2.3",
            "",
            "9007199254740993",
            "9007199254740992",
        ];
        let keys: std::collections::BTreeSet<String> = ids.iter().map(|id| id_key(id)).collect();
        assert_eq!(keys.len(), ids.len(), "{keys:?}");
    }
}
