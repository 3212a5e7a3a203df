use super::{Cells, Spot, of_number, of_row};
use crate::config::Reading;

fn hint(text: &str) -> String {
    let spot = Spot { file: "u.csv", line: 2, first: true, column: "steps", separator: b',', comment: false };
    of_number(&Cells::default(), text.as_bytes(), spot)
}

#[test]
fn each_text_has_its_hint() {
    for (text, expected) in [
        ("5,7", "`data.decimal: \",\"`"),
        ("5,700", "thousands"),
        ("1,234,567", "thousands"),
        ("1,234.5", "thousands"),
        ("5 700", "thousands"),
        ("5\u{a0}700", "thousands"),
        ("1'000", "thousands"),
        ("12%", "percentage"),
        ("12,5 %", "percentage"),
        ("72 bpm", "`bpm`"),
        ("1.5s", "`s`"),
        ("1.5D+03", "Fortran"),
        ("0x1F", "hexadecimal"),
        ("\u{2212}5", "minus"),
        ("steps", "repeats the header"),
        ("(13.4)", "write -13.4"),
        ("[5]", "write the number alone"),
        ("# battery", "a comment; remove the line"),
        ("#changed the battery", "a comment"),
        ("#", "`data.missing_values`, as in ['#']"),
        ("#WERT!", "`data.missing_values`"),
        ("[g]", "units"),
        ("m/s²", "units"),
        ("5\0", "NUL"),
        ("\u{1a}", "0x1A"),
        ("yes", "`\"steps\" = 'yes'`"),
        ("F", "true and false"),
        (".", "`data.missing_values`, as in ['.']"),
        ("-", "`data.missing_values`, as in ['-']"),
        ("\\N", "`data.missing_values`, as in ['\\N']"),
        ("#DIV/0!", "`data.missing_values`, as in ['#DIV/0!']"),
        ("2026-01-05 00:00:00", "`to_timestamp(\"steps\")`"),
        ("2026-01-05T00:00:00Z", "`to_timestamp(\"steps\")`"),
        ("05.01.2026 00:00", "`to_timestamp(\"steps\", '%d.%m.%Y %H:%M')`"),
        ("05-Jan-2026 00:00:00", "`to_timestamp(\"steps\", '%d-%b-%Y %H:%M:%S')`"),
        (
            "01/05/2026 12:00:00 AM",
            "or, if the day comes first, `to_timestamp(\"steps\", '%d/%m/%Y %I:%M:%S %p')`",
        ),
        ("20260105T000000", "'%Y%m%dT%H%M%S'"),
        ("2026-W02-1 x", "with its form"),
        ("00:00:00", "a time of day"),
        ("23:05", "a time of day"),
        ("0 days 00:01:00", "a length of time"),
        ("PT5M", "a length of time"),
        ("5.700,0", "points between thousands"),
        ("5’700", "thousands"),
        ("1_000", "thousands"),
        ("1.#J", "`data.missing_values`"),
        ("=\"5\"", "equals sign"),
        ("'5", "quotes"),
        ("<5", "a limit"),
        ("WAHR", "`\"steps\" = 'WAHR'`"),
        (".TRUE.", "true and false"),
        ("it's", "`\"steps\" = 'it''s'`"),
        ("counts", "a line of units"),
        ("walking", "`data.text_columns`"),
    ] {
        assert!(hint(text).contains(expected), "{text}: {}", hint(text));
    }
    let comma = Cells::new(&Reading { decimal: Some(','), ..Reading::default() });
    let spot =
        Spot { file: "u.csv", line: 2, first: false, column: "steps", separator: b',', comment: false };
    assert!(of_number(&comma, b"1.234,5", spot).contains("`data.decimal` is a comma"));
    let of_comment = Spot { comment: true, ..spot };
    assert_eq!(of_number(&comma, b"changed", of_comment), "a comment; remove the line");
    assert!(of_number(&comma, b"5\xb5", spot).contains("`data.encoding"));
}

#[test]
fn each_row_has_its_hint() {
    let header = ["time", "steps"].map(str::to_owned);
    let hint = |record: &str, found, last_empty| of_row(record.as_bytes(), &header, found, last_empty);
    assert!(hint("1,2,", 3, true).contains("end in a separator"));
    assert!(hint("1,2,3", 3, false).contains("row.names = FALSE"));
    assert!(hint("\u{1a}", 1, false).contains("0x1A"));
    assert!(hint("\0\0", 1, false).contains("NUL"));
    assert!(hint("# end", 1, false).contains("comment"));
    assert!(hint("\"1,2\"", 1, false).contains("the whole line stands in quotes"));
    assert!(hint("1", 1, false).contains("cut off"));
    assert!(hint("Total", 1, false).contains("a total below the table"));
    assert!(hint("1,2,3,4", 4, false).contains("double quotes"));
    assert!(hint("1,2\r3,4", 3, false).contains("carriage return"));
    let three = ["a", "b", "c"].map(str::to_owned);
    assert!(of_row(b"1,2", &three, 2, false).contains("cut off"));
}
