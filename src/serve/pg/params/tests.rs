use arrow::util::display::array_value_to_string;

use super::*;

fn shown(array: Option<ArrayRef>) -> String {
    array.map_or_else(|| "none".into(), |array| array_value_to_string(&array, 0).unwrap())
}

#[test]
fn values_are_read_by_their_type() {
    for (value, kind, is) in [
        ("5", Type::INT2, "5"),
        ("70000", Type::INT2, "none"),
        (" 5 ", Type::INT8, "5"),
        ("0.05", Type::FLOAT8, "0.05"),
        ("NaN", Type::FLOAT8, "NaN"),
        ("1,5", Type::FLOAT8, "none"),
        ("00010203040506070809A0B0C0D0E0F0", Type::UUID, "00010203-0405-0607-0809-a0b0c0d0e0f0"),
        ("0001", Type::UUID, "none"),
        ("1.50000000000000000000", Type::NUMERIC, "1.5"),
        ("-12345678901234567.89", Type::NUMERIC, "-12345678901234567.89"),
        (" a ", Type::TEXT, " a "),
        ("t", Type::BOOL, "true"),
        ("maybe", Type::BOOL, "none"),
        ("2026-11-29", Type::DATE, "2026-11-29"),
        ("2026-11-29 05:00:00+01", Type::TIMESTAMPTZ, "2026-11-29T04:00:00Z"),
        ("2026-11-29 05:00:00.5", Type::TIMESTAMP, "2026-11-29T05:00:00.500"),
        ("nope", Type::TIMESTAMP, "none"),
        ("{1, NULL,3}", Type::INT8_ARRAY, "[1, , 3]"),
        ("{a,\"b,\\\"c\"}", Type::TEXT_ARRAY, "[a, b,\"c]"),
        ("{}", Type::TEXT_ARRAY, "[]"),
        ("{{1}}", Type::INT8_ARRAY, "none"),
        ("{\"a", Type::TEXT_ARRAY, "none"),
    ] {
        assert_eq!(shown(text(value.as_bytes(), &kind)), is, "{value} {kind}");
    }
    for (bytes, kind, is) in [
        (&[0, 5][..], Type::INT2, "5"),
        (&[5], Type::INT4, "none"),
        (&0.5_f64.to_be_bytes(), Type::FLOAT8, "0.5"),
        // 1.5 as psycopg sends a decimal.
        (&[0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 19, 136], Type::NUMERIC, "1.5"),
        // More digits than a floating number keeps.
        (
            &[0, 6, 0, 4, 0, 0, 0, 2, 0, 1, 9, 41, 26, 133, 0, 123, 17, 215, 34, 196],
            Type::NUMERIC,
            "12345678901234567.89",
        ),
        (&[0, 2, 255, 255, 64, 0, 0, 5, 0, 1, 7, 208], Type::NUMERIC, "-0.00012"),
        (
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
            Type::UUID,
            "00010203-0405-0607-0809-0a0b0c0d0e0f",
        ),
        (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0], Type::INTERVAL, "1 days"),
        (&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], Type::INTERVAL, "none"),
        (b"\xff", Type::TEXT, "none"),
        (
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 21, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 7],
            Type::INT2_ARRAY,
            "[7]",
        ),
        (&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 21, 127, 255, 255, 255, 0, 0, 0, 1], Type::INT2_ARRAY, "none"),
    ] {
        assert_eq!(shown(binary(bytes, &kind)), is, "{bytes:?} {kind}");
    }
}

#[test]
fn a_value_that_does_not_fit_is_named_by_its_parameter() {
    let wanted = Arc::new(Schema::new(vec![
        Field::new("1", DataType::Utf8, true),
        Field::new("2", DataType::Float64, true),
    ]));
    let stream = |types: &[u32], values: &[Option<Bytes>]| {
        Given { types, wanted: Some(&wanted), formats: Formats::default(), values }.stream()
    };
    // A user may be called 17, and 1 is a number of any kind.
    let stream_of = stream(&[20, 20], &[Some("17".into()), Some("1".into())]).unwrap();
    let batch = arrow::ipc::reader::StreamReader::try_new(stream_of.as_slice(), None)
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    assert_eq!(
        batch.schema().fields().iter().map(|f| f.data_type().clone()).collect::<Vec<_>>(),
        [DataType::Utf8, DataType::Float64]
    );
    let Err(Fault::Said(words)) = stream(&[], &[None, Some("x".into())]) else { panic!("it fits") };
    assert_eq!(words.code, "22P02");
    let Err(Fault::Said(time)) = stream(&[1114], &[Some("nope".into())]) else { panic!("it fits") };
    assert_eq!((time.code, time.text.contains("$1: `nope`")), ("22007", true));
    assert!(words.text.contains("$2") && words.text.contains("`x`"), "{words:?}");
}
