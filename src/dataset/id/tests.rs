//! Tests of ids.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, Decimal128Array, FixedSizeBinaryArray, Float32Array, Float64Array, Int64Array,
    LargeStringArray, ListArray, StringArray, StructArray, UInt64Array,
};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Int32Type};

use super::{Cells, canonical, look_equal, lookalikes, of_cell, of_column, rounded, stand_ins};

fn column(values: impl arrow::array::Array + 'static) -> Result<Vec<Option<String>>, String> {
    array(&(Arc::new(values) as ArrayRef), false)
}

/// All ids of a column, or why the first that cannot be one cannot.
fn array(values: &ArrayRef, uuid: bool) -> Result<Vec<Option<String>>, String> {
    of_column(&Cells::default(), values, uuid)?.into_iter().collect()
}

fn ids(texts: &[Option<&str>]) -> Vec<Option<String>> {
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn a_number_is_one_id_however_it_is_stored() {
    let seven = ids(&[Some("7"), None]);
    assert_eq!(column(Int64Array::from(vec![Some(7), None])).unwrap(), seven);
    assert_eq!(column(UInt64Array::from(vec![Some(7), None])).unwrap(), seven);
    assert_eq!(column(Float64Array::from(vec![Some(7.0), Some(f64::NAN)])).unwrap(), seven);
    assert_eq!(column(Float32Array::from(vec![Some(7.0), None])).unwrap(), seven);
    let decimal = Decimal128Array::from(vec![Some(700), None]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(column(decimal).unwrap(), seven);
    assert_eq!(column(StringArray::from(vec![Some("7.0"), Some(" NA ")])).unwrap(), seven);
    assert_eq!(column(LargeStringArray::from(vec![Some(" 7"), Some("")])).unwrap(), seven);
    let text: ArrayRef = Arc::new(StringArray::from(vec![Some("7.00"), None]));
    let coded = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    assert_eq!(array(&cast(&text, &coded).unwrap(), false).unwrap(), seven);
    let decimal = Decimal128Array::from(vec![750, 7_500]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(column(decimal).unwrap(), ids(&[Some("7.5"), Some("75")]));
    assert_eq!(column(Float64Array::from(vec![7.5, -0.0])).unwrap(), ids(&[Some("7.5"), Some("0")]));
}

#[test]
fn texts_keep_what_tells_people_apart() {
    for (text, id) in [
        ("7.0", "7"),
        ("-7.00", "-7"),
        ("007", "007"),
        ("007.0", "007"),
        ("1.10", "1.10"),
        ("1.", "1."),
        ("a.0", "a.0"),
        ("1.0.0", "1.0.0"),
        ("..0", "..0"),
        (".0", ".0"),
        ("0", "0"),
        (" x ", "x"),
    ] {
        assert_eq!(canonical(text), id, "{text}");
    }
    for text in ["", " ", "NA", "nan", "NULL", "None", "N/A", "\u{a0}"] {
        assert_eq!(of_cell(&Cells::default(), text.as_bytes()), Ok(None), "{text:?}");
    }
}

#[test]
fn ids_whose_digits_are_lost_are_refused() {
    for text in ["1.23457E+17", "1e+05", "1.2345678901234568e+16"] {
        assert!(of_cell(&Cells::default(), text.as_bytes()).unwrap_err().contains(text));
    }
    for text in ["1e5", "5e10", "12e+5", "1.5", "e+5", "x1e+5"] {
        assert_eq!(of_cell(&Cells::default(), text.as_bytes()).unwrap().as_deref(), Some(text));
    }
    let beyond = column(Float64Array::from(vec![9_007_199_254_740_993.0])).unwrap_err();
    assert!(beyond.contains("9007199254740992"), "{beyond}");
    assert!(column(Float32Array::from(vec![16_777_217.0])).is_err());
    assert!(column(Int64Array::from(vec![9_007_199_254_740_993])).is_ok());
    assert!(of_cell(&Cells::default(), b"Ren\xe9").unwrap_err().contains("data.encoding"));
}

#[test]
fn bytes_are_text_or_a_uuid() {
    let uuid =
        [0x00, 0xea, 0xbe, 0xd2, 0x27, 0x1d, 0x49, 0xd8, 0xb5, 0x99, 0x1d, 0x4a, 0x09, 0x24, 0x06, 0x01];
    let binary = FixedSizeBinaryArray::try_from_iter([uuid].iter()).unwrap();
    let text = ids(&[Some("00eabed2-271d-49d8-b599-1d4a09240601")]);
    assert_eq!(column(binary.clone()).unwrap(), text);
    assert_eq!(array(&(Arc::new(binary) as ArrayRef), true).unwrap(), text);
    assert_eq!(
        column(BinaryArray::from(vec![&b"u1"[..], b"u2\0\0"])).unwrap(),
        ids(&[Some("u1"), Some("u2")])
    );
    assert!(column(BinaryArray::from(vec![&b"\xff\xfe"[..]])).unwrap_err().contains("2 bytes"));
    // Sixteen letters that the file marks as a UUID are one.
    let letters = FixedSizeBinaryArray::try_from_iter([b"abcdefghijklmnop"].iter()).unwrap();
    let marked = array(&(Arc::new(letters.clone()) as ArrayRef), true).unwrap();
    assert_eq!(marked, ids(&[Some("61626364-6566-6768-696a-6b6c6d6e6f70")]));
    assert_eq!(column(letters).unwrap(), ids(&[Some("abcdefghijklmnop")]));
}

#[test]
fn an_odd_id_costs_its_row_and_several_values_a_row_are_none() {
    let cells = Cells::default();
    let of = |values: ArrayRef| of_column(&cells, &values, false);
    let odd = of(Arc::new(StringArray::from(vec![Some("a"), Some("1.2E+17"), None]))).unwrap();
    assert_eq!((odd[0].as_ref(), odd[2].as_ref()), (Ok(&Some("a".to_owned())), Ok(&None)));
    assert!(odd[1].as_ref().unwrap_err().contains("scientific notation"));
    let bytes = of(Arc::new(BinaryArray::from(vec![&b"\xff\xfe"[..], b"u1"]))).unwrap();
    assert!(bytes[0].is_err() && bytes[1] == Ok(Some("u1".to_owned())));
    let list = ListArray::from_iter_primitive::<Int32Type, _, _>([Some(vec![Some(7)]), None]);
    let list: ArrayRef = Arc::new(list);
    let field = Arc::new(Field::new("site", DataType::Utf8, true));
    let record = StructArray::from(vec![(field, Arc::new(StringArray::from(vec!["a"])) as ArrayRef)]);
    for (values, several) in [(list, "a list"), (Arc::new(record), "a record of several fields")] {
        let told = of(values).unwrap_err();
        assert!(told.starts_with(&format!("each row has {several}, which isn't a text")), "{told}");
    }
}

#[test]
fn ids_that_look_like_one_are_found() {
    let found = lookalikes(["007", "7", "8", "Ada", "ada", "x", "x\u{200b}", "0", "00"].into_iter());
    assert_eq!(found, [("007", "7"), ("Ada", "ada"), ("x", "x\u{200b}"), ("0", "00")]);
    let found = lookalikes(["7", "7.", "+7", "7,0", "1e3", "1000", "1E5", "100000"].into_iter());
    let pairs = [("7", "7."), ("7", "+7"), ("7", "7,0"), ("1e3", "1000"), ("1E5", "100000")];
    assert_eq!(found, pairs);
    // Composed and taken apart; digits and letters of full width.
    let forms = ["J\u{fc}rgen", "Ju\u{308}rgen", "\u{ff55}\u{ff11}", "u1", "Jurgen"];
    assert_eq!(lookalikes(forms.into_iter()), [(forms[0], forms[1]), (forms[2], forms[3])]);
    assert!(look_equal(forms[0], forms[1]) && !look_equal(forms[0], forms[4]));
    assert!(lookalikes(["7", "70", "a", "b", "0e1", "0e2", "7.5", "75", "1e400"].into_iter()).is_empty());
}

#[test]
fn ids_that_are_hardly_ids_are_found() {
    let ids = [".", "-", "?", "\\N", "\"\"", "a", "7", "é", "-7", "N", "Unknown", "-999"];
    assert_eq!(stand_ins(ids.into_iter()), [".", "-", "?", "\\N", "\"\"", "Unknown", "-999"]);
}

#[test]
fn a_decimal_comma_is_none_in_an_id() {
    let comma = Cells::new(&crate::config::Reading { decimal: Some(','), ..Default::default() });
    for (text, id) in [("7,0", "7"), ("7,00", "7"), ("7", "7"), ("7.0", "7"), ("7,5", "7,5"), ("007", "007")]
    {
        assert_eq!(of_cell(&comma, text.as_bytes()).unwrap().as_deref(), Some(id), "{text}");
    }
    assert_eq!(of_cell(&Cells::default(), b"7,0").unwrap().as_deref(), Some("7,0"));
}

#[test]
fn what_a_double_cannot_hold_is_refused_or_told() {
    let cell = |text: &str| of_cell(&Cells::default(), text.as_bytes()).map(|id| id.unwrap().into_owned());
    for text in
        ["9007199254740992.0", "9007199254740992.00", "9.007199254740992E15", "1.23457E17", "1.23457E+17"]
    {
        let words = cell(text).unwrap_err();
        assert!(words.contains("as text"), "{text}: {words}");
    }
    // Exact numbers, and what is no number.
    for text in [
        "9007199254740993",
        "9007199254740992",
        "9007199254740993.5",
        "1E17",
        "1e5",
        "a.5E7",
        "4503599627370496.5",
    ] {
        assert_eq!(cell(text), Ok(text.to_owned()));
    }
    assert_eq!(cell("9007199254740991.0"), Ok("9007199254740991".to_owned()));
    let decimal =
        Decimal128Array::from(vec![900_719_925_474_099_200]).with_precision_and_scale(20, 2).unwrap();
    assert_eq!(column(decimal).unwrap(), ids(&[Some("9007199254740992")]));
    assert_eq!(column(Float32Array::from(vec![7.1, 0.5])).unwrap(), ids(&[Some("7.1"), Some("0.5")]));
    assert_eq!(column(Float64Array::from(vec![1e15 + 0.5])).unwrap(), ids(&[Some("1000000000000000.5")]));
    assert!(column(Float64Array::from(vec![9_007_199_254_740_992.0])).is_err());
    assert_eq!(rounded("9007199254740993").as_deref(), Some("9007199254740992"));
    assert_eq!(rounded("12345678901234567890").as_deref(), Some("12345678901234567168"));
    assert_eq!(rounded("1000000000000000.5").as_deref(), Some("1000000000000000"));
    assert_eq!(rounded("0.30000000000000004").as_deref(), Some("0.3"));
    for id in ["9007199254740992", "7", "7.25", "1000000000000001", "u9007199254740993", "10.0.0.1", ""] {
        assert_eq!(rounded(id), None, "{id}");
    }
}
