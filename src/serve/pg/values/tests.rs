//! What Postgres would have written.

use std::sync::Arc;

use arrow::array::{
    Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array, Int64Array, ListArray, StringArray,
    TimestampNanosecondArray, UInt64Array,
};
use arrow::datatypes::Field;

use super::*;

fn put(array: impl Array + 'static, binary: bool, zone: Tz) -> Vec<Vec<u8>> {
    let array: ArrayRef = Arc::new(array);
    let field: FieldRef = Arc::new(Field::new("x", array.data_type().clone(), true));
    let column = Column::new(&field, binary, zone);
    let one = |row| {
        let mut out = BytesMut::new();
        column.put(&array, row, &mut out).unwrap();
        out.to_vec()
    };
    (0..array.len()).map(one).collect()
}

fn texts(array: impl Array + 'static) -> Vec<String> {
    put(array, false, Tz::UTC).into_iter().map(|text| String::from_utf8(text).unwrap()).collect()
}

#[test]
fn floats_are_written_as_postgres_does() {
    let values =
        [0.0, -0.0, 1.0, 0.1, -2.5, 1e-4, 1e-5, 123_456_789_012_345.0, 1e15, 1.5e300, f64::MIN_POSITIVE];
    assert_eq!(
        texts(Float64Array::from(values.to_vec())),
        [
            "0",
            "-0",
            "1",
            "0.1",
            "-2.5",
            "0.0001",
            "1e-05",
            "123456789012345",
            "1e+15",
            "1.5e+300",
            "2.2250738585072014e-308"
        ]
    );
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    assert_eq!(texts(Float64Array::from(odd.to_vec())), ["NaN", "Infinity", "-Infinity"]);
    assert_eq!(texts(Float32Array::from(vec![0.1, 1e6, 123_456.0])), ["0.1", "1e+06", "123456"]);
    for value in values {
        assert_eq!(put(Float64Array::from(vec![value]), true, Tz::UTC)[0], value.to_be_bytes());
    }
}

proptest::proptest! {
    #[test]
    fn every_float_is_read_back(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL) {
        proptest::prop_assert_eq!(texts(Float64Array::from(vec![value]))[0].parse::<f64>().unwrap().to_bits(), value.to_bits());
    }
}

#[test]
fn times_are_those_of_the_zone_in_text_only() {
    let times = |zone: Option<&str>| {
        let array = TimestampNanosecondArray::from(vec![1_500_000_000_123_456_789, -1]);
        if let Some(zone) = zone { array.with_timezone(zone) } else { array }
    };
    assert_eq!(texts(times(None)), ["2017-07-14 02:40:00.123456", "1969-12-31 23:59:59.999999"]);
    assert_eq!(texts(times(Some("UTC")))[0], "2017-07-14 02:40:00.123456+00");
    let kolkata = put(times(Some("UTC")), false, Tz::Asia__Kolkata);
    assert_eq!(kolkata[0], b"2017-07-14 08:10:00.123456+05:30");
    let binary = (1_500_000_000_123_456_i64 - MICROS).to_be_bytes();
    assert_eq!(put(times(Some("UTC")), true, Tz::Asia__Kolkata)[0], binary);
    assert_eq!(texts(Date32Array::from(vec![DAYS, 0])), ["2000-01-01", "1970-01-01"]);
    assert_eq!(put(Date32Array::from(vec![DAYS + 1]), true, Tz::UTC)[0], 1_i32.to_be_bytes());
}

#[test]
fn lists_are_arrays() {
    let ints = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), Some(vec![])]);
    assert_eq!(texts(ints.clone()), ["{1,NULL}", "{}"]);
    let binary = put(ints, true, Tz::UTC);
    let wanted = [
        &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 20, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 8][..],
        &1_i64.to_be_bytes(),
        &[255; 4],
    ];
    assert_eq!(binary[0], wanted.concat());
    assert_eq!(binary[1], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 20]);
    let mut builder = arrow::array::ListBuilder::new(arrow::array::StringBuilder::new());
    for text in ["a b", "", "null", "q\"\\", "plain", "{"] {
        builder.values().append_value(text);
    }
    builder.append(true);
    assert_eq!(texts(builder.finish()), ["{\"a b\",\"\",\"null\",\"q\\\"\\\\\",plain,\"{\"}"]);
}

#[test]
fn whole_numbers_have_the_width_of_their_type() {
    assert_eq!(put(Int8Array::from(vec![-1]), true, Tz::UTC)[0], (-1_i16).to_be_bytes());
    assert_eq!(put(UInt64Array::from(vec![7]), true, Tz::UTC)[0], 7_i64.to_be_bytes());
    assert_eq!(put(Int64Array::from(vec![i64::MIN]), false, Tz::UTC)[0], b"-9223372036854775808");
    let array: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX]));
    let field: FieldRef = Arc::new(Field::new("x", DataType::UInt64, true));
    let said = Column::new(&field, false, Tz::UTC).put(&array, 0, &mut BytesMut::new()).unwrap_err();
    assert!(said.contains("out of range"), "{said}");
    assert_eq!(texts(StringArray::from(vec!["ä"])), ["ä"]);
    let decimal = Decimal128Array::from(vec![12_345]).with_precision_and_scale(10, 2).unwrap();
    assert_eq!(texts(decimal), ["123.45"]);
}
