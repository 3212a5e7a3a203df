//! Tests of what cells mean.

use super::{Cells, Unfit, shown};
use crate::config::Reading;

fn number(cell: &str) -> Result<f64, Unfit> {
    Cells::default().number(cell.as_bytes())
}

fn text(cell: &str) -> Option<String> {
    Cells::default().text(cell.as_bytes()).unwrap().map(std::borrow::Cow::into_owned)
}

#[test]
fn numbers() {
    assert_eq!(number(" 1.5 "), Ok(1.5));
    assert_eq!(number("\u{a0}1.5\u{202f}"), Ok(1.5));
    assert_eq!(number("-1e-3"), Ok(-1e-3));
    assert_eq!(number("inf"), Ok(f64::INFINITY));
    assert_eq!(number("-Infinity"), Ok(f64::NEG_INFINITY));
    assert_eq!(number(" \"1.5\""), Ok(1.5), "quotes behind blanks");
    assert!(number("\"1.5\"").is_err(), "quotes that were doubled");
    for (word, value) in [
        ("true", 1.0),
        ("True", 1.0),
        ("TRUE", 1.0),
        ("false", 0.0),
        (" False", 0.0),
        ("1.#INF", f64::INFINITY),
        ("-1.#inf", -f64::INFINITY),
    ] {
        assert_eq!(number(word), Ok(value));
    }
}

#[test]
fn missing_words_mean_the_same_among_numbers_and_texts() {
    for word in [
        "", "  ", "nan", "NaN", "NA", "null", "N/A", "None", "\t", "#N/A", "<NA>", "NaT", " NA ", "1.#IND",
        "-1.#IND", "1.#QNAN",
    ] {
        assert!(number(word).is_ok_and(f64::is_nan), "{word:?}");
        assert_eq!(text(word), None, "{word:?}");
    }
}

#[test]
fn texts_are_trimmed_as_numbers_are() {
    for cell in ["sit", " sit", "sit ", "\tsit", "\u{a0}sit\u{a0}", " \"sit\"", " \" sit \"", "\u{feff}sit"] {
        assert_eq!(text(cell).as_deref(), Some("sit"), "{cell:?}");
    }
    for mark in "\u{200e}\u{2060}\u{ad}\u{200d}\u{202c}\u{3000}\u{2009}".chars() {
        assert_eq!(text(&format!("{mark}sit{mark}")).as_deref(), Some("sit"), "{mark:?}");
        assert_eq!(number(&format!("{mark}1.5{mark}")), Ok(1.5), "{mark:?}");
    }
    assert_eq!(text("say \"sit\"").as_deref(), Some("say \"sit\""));
    assert_eq!(text(" \"a \"\"b\"\"\"").as_deref(), Some("a \"b\""));
    assert_eq!(text("\"x\"").as_deref(), Some("\"x\""), "quotes that were doubled are part of the text");
    assert_eq!(text(" \"\""), None);
    assert_eq!(Cells::default().text(b"Spa\xdf"), Err(Unfit::Text));
    assert_eq!(Cells::default().text(b"a\0"), Err(Unfit::Text));
}

#[test]
fn anything_else_is_no_number() {
    for cell in ["x", "1,5", "1,234", "1.5s", "0x10", "--1", "yes", ".", "-", "1 234"] {
        assert!(number(cell).is_err(), "{cell:?}");
    }
    assert!(Cells::default().number(b"\xff").is_err());
}

#[test]
fn decimal_commas() {
    let comma = Cells::new(&Reading { decimal: Some(','), ..Reading::default() });
    assert_eq!(comma.number(b" 5,75 "), Ok(5.75));
    assert_eq!(comma.number(b"1,234"), Ok(1.234));
    assert_eq!(comma.number(b"-1,5E+02"), Ok(-150.0));
    assert_eq!(comma.number(b"1767571200"), Ok(1_767_571_200.0));
    assert!(comma.number(b"NA").is_ok_and(f64::is_nan));
    for cell in ["1.234", "1.234,5", "1,234,5", "1,5,"] {
        assert!(comma.number(cell.as_bytes()).is_err(), "{cell}");
    }
}

#[test]
fn words_and_numbers_that_mean_missing_can_be_set() {
    let words = [".", "-999", "\\N", "#DIV/0!", "?"].map(str::to_owned).to_vec();
    let cells = Cells::new(&Reading { missing_values: words, ..Reading::default() });
    for cell in [".", " . ", "-999", "-999.0", "\\N", "#DIV/0!", "?", "NA"] {
        assert!(cells.number(cell.as_bytes()).is_ok_and(f64::is_nan), "{cell}");
    }
    assert_eq!(cells.text(b"?"), Ok(None));
    assert!(cells.present(-999.0).is_nan() && !cells.present(-998.0).is_nan());
    let cells = Cells::new(&Reading { not_missing: vec!["NA".to_owned()], ..Reading::default() });
    assert_eq!(cells.text(b"NA").unwrap().as_deref(), Some("NA"));
    assert_eq!(cells.text(b"NaN"), Ok(None));
}

#[test]
fn invisible_characters_are_shown() {
    assert_eq!(shown("5\u{a0}000".as_bytes()), "5\\u{a0}000");
    assert_eq!(shown("\u{feff}1\0".as_bytes()), "\\u{feff}1\\0");
}
