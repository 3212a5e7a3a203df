//! Names of encodings that other programs use, and those that are read.

use encoding_rs::Encoding;

/// Names that are read.
const NAMES: [&str; 33] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "latin1",
    "latin2",
    "iso-8859-1",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-13",
    "iso-8859-15",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "macintosh",
    "koi8-r",
    "koi8-u",
    "shift_jis",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "big5",
];

/// The words before the number of a code page of Windows.
const PAGES: [&str; 6] = ["windows", "codepage", "mswin", "win", "ansi", "cp"];

/// The name that is read and was probably meant by one that is not.
pub(super) fn nearest(name: &str) -> Option<&'static str> {
    let bare = letters(name);
    let bare = bare.strip_suffix("sig").or_else(|| bare.strip_suffix("bom")).unwrap_or(&bare);
    let named = |text: &str| NAMES.into_iter().find(|name| letters(name) == text);
    let page = || {
        let number = PAGES.iter().find_map(|word| bare.strip_prefix(word))?;
        if number == "65001" { Some("utf-8") } else { named(&format!("windows{number}")) }
    };
    // Names that browsers know under another spelling: `mac-roman`, `latin-9`.
    let known = || {
        [bare.to_owned(), bare.replacen("latin", "l", 1), format!("x-{}", name.to_lowercase())]
            .iter()
            .find_map(|label| {
                let encoding = Encoding::for_label_no_replacement(label.as_bytes())?;
                named(&letters(encoding.name()))
            })
    };
    // The number is all that tells many names apart.
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let alike = || {
        let same = NAMES.into_iter().filter(|other| digits(other) == digits(bare));
        super::read::nearest(name, same)
    };
    named(bare).or_else(page).or_else(known).or_else(alike)
}

/// Letters and digits, in lower case.
fn letters(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_proposed_are_read() {
        for name in NAMES {
            assert!(Encoding::for_label_no_replacement(name.as_bytes()).is_some(), "{name}");
        }
    }

    #[test]
    fn names_of_other_programs() {
        for (name, near) in [
            ("latin-1", "latin1"),
            ("Latin 1", "latin1"),
            ("utf-8-sig", "utf-8"),
            ("utf8-bom", "utf-8"),
            ("UTF_16_LE", "utf-16le"),
            ("mac-roman", "macintosh"),
            ("win1252", "windows-1252"),
            ("CP-1251", "windows-1251"),
            ("cp65001", "utf-8"),
            ("ShiftJIS", "shift_jis"),
            ("windws-1252", "windows-1252"),
            ("macintsh", "macintosh"),
            ("latin-9", "iso-8859-15"),
        ] {
            assert_eq!(nearest(name), Some(near), "{name}");
        }
        for name in ["klingon", "latin-9x", "cp437", "cp850", ""] {
            assert_eq!(nearest(name), None, "{name}");
        }
    }
}
