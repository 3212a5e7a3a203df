//! Types of values: as they are sent, and as SQL calls them.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode};

use super::told::of_flight;
use crate::serve::access::Ended;

/// The type as which values of an engine's type are sent: without views and dictionaries.
pub(super) fn sent(kind: DataType) -> DataType {
    let field = |field: Arc<Field>| {
        let kind = sent(field.data_type().clone());
        Arc::new(Field::clone(&field).with_data_type(kind))
    };
    match kind {
        DataType::Utf8View => DataType::Utf8,
        DataType::BinaryView => DataType::Binary,
        DataType::Dictionary(_, of) => sent(*of),
        DataType::List(of) | DataType::ListView(of) => DataType::List(field(of)),
        DataType::LargeList(of) | DataType::LargeListView(of) => DataType::LargeList(field(of)),
        DataType::FixedSizeList(of, n) => DataType::FixedSizeList(field(of), n),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|of| field(Arc::clone(of))).collect()),
        kind => kind,
    }
}

/// As SQL calls a type.
pub(super) fn name(kind: &DataType) -> &'static str {
    match kind {
        DataType::Boolean => "BOOLEAN",
        DataType::Int8 => "TINYINT",
        DataType::Int16 => "SMALLINT",
        DataType::Int32 => "INT",
        DataType::Int64 => "BIGINT",
        DataType::UInt8 => "TINYINT UNSIGNED",
        DataType::UInt16 => "SMALLINT UNSIGNED",
        DataType::UInt32 => "INT UNSIGNED",
        DataType::UInt64 => "BIGINT UNSIGNED",
        DataType::Float16 | DataType::Float32 => "REAL",
        DataType::Float64 => "DOUBLE",
        DataType::Decimal128(..) | DataType::Decimal256(..) => "DECIMAL",
        DataType::Binary | DataType::LargeBinary | DataType::FixedSizeBinary(_) => "BYTEA",
        DataType::Date32 | DataType::Date64 => "DATE",
        DataType::Time32(_) | DataType::Time64(_) => "TIME",
        DataType::Timestamp(_, None) => "TIMESTAMP",
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE",
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL",
        DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) => "ARRAY",
        DataType::Struct(_) | DataType::Map(..) => "STRUCT",
        _ => "VARCHAR",
    }
}

/// Digits of a number.
pub(super) fn precision(kind: &DataType) -> Option<u8> {
    match kind {
        DataType::Int8 | DataType::UInt8 => Some(3),
        DataType::Int16 | DataType::UInt16 => Some(5),
        DataType::Int32 | DataType::UInt32 => Some(10),
        DataType::Int64 => Some(19),
        DataType::UInt64 => Some(20),
        DataType::Float32 => Some(7),
        DataType::Float64 => Some(15),
        DataType::Decimal128(digits, _) | DataType::Decimal256(digits, _) => Some(*digits),
        _ => None,
    }
}

/// The types that a query can name.
pub(super) fn all() -> Result<XdbcTypeInfoData, Ended> {
    use XdbcDataType as Type;
    let mut builder = XdbcTypeInfoDataBuilder::new();
    builder.append(of("BOOLEAN", Type::XdbcBit, 1));
    for (name, kind, digits) in [
        ("TINYINT", Type::XdbcTinyint, 3),
        ("SMALLINT", Type::XdbcSmallint, 5),
        ("INT", Type::XdbcInteger, 10),
        ("BIGINT", Type::XdbcBigint, 19),
    ] {
        builder.append(number(name, kind, digits, Some(0)));
    }
    builder.append(XdbcTypeInfo {
        unsigned_attribute: Some(true),
        ..number("BIGINT UNSIGNED", Type::XdbcBigint, 20, Some(0))
    });
    builder.append(number("REAL", Type::XdbcReal, 7, None));
    builder.append(number("DOUBLE", Type::XdbcDouble, 15, None));
    builder.append(XdbcTypeInfo {
        create_params: Some(vec!["precision".into(), "scale".into()]),
        fixed_prec_scale: true,
        ..number("DECIMAL", Type::XdbcDecimal, 38, Some(38))
    });
    builder
        .append(XdbcTypeInfo { case_sensitive: true, ..quoted("VARCHAR", Type::XdbcVarchar, "'", i32::MAX) });
    builder.append(quoted("BYTEA", Type::XdbcVarbinary, "X'", i32::MAX));
    builder.append(quoted("DATE", Type::XdbcDate, "DATE '", 10));
    builder.append(quoted("TIME", Type::XdbcTime, "TIME '", 18));
    builder.append(XdbcTypeInfo {
        datetime_subcode: Some(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
        maximum_scale: Some(9),
        minimum_scale: Some(0),
        ..quoted("TIMESTAMP", Type::XdbcTimestamp, "TIMESTAMP '", 29)
    });
    builder.append(XdbcTypeInfo {
        datetime_subcode: Some(XdbcDatetimeSubcode::XdbcSubcodeTimestampWithTimezone),
        maximum_scale: Some(9),
        minimum_scale: Some(0),
        ..quoted("TIMESTAMP WITH TIME ZONE", Type::XdbcTimestamp, "TIMESTAMP '", 35)
    });
    builder.append(quoted("INTERVAL", Type::XdbcInterval, "INTERVAL '", i32::MAX));
    builder.build().map_err(of_flight)
}

fn of(name: &str, kind: XdbcDataType, size: i32) -> XdbcTypeInfo {
    XdbcTypeInfo {
        type_name: name.into(),
        data_type: kind,
        column_size: Some(size),
        literal_prefix: None,
        literal_suffix: None,
        create_params: None,
        nullable: Nullable::NullabilityNullable,
        case_sensitive: false,
        searchable: Searchable::Full,
        unsigned_attribute: None,
        fixed_prec_scale: false,
        auto_increment: Some(false),
        local_type_name: Some(name.into()),
        minimum_scale: None,
        maximum_scale: None,
        sql_data_type: kind,
        datetime_subcode: None,
        num_prec_radix: None,
        interval_precision: None,
    }
}

fn number(name: &str, kind: XdbcDataType, digits: i32, scale: Option<i32>) -> XdbcTypeInfo {
    XdbcTypeInfo {
        unsigned_attribute: Some(false),
        minimum_scale: scale.map(|_| 0),
        maximum_scale: scale,
        num_prec_radix: Some(10),
        ..of(name, kind, digits)
    }
}

fn quoted(name: &str, kind: XdbcDataType, prefix: &str, size: i32) -> XdbcTypeInfo {
    XdbcTypeInfo {
        literal_prefix: Some(prefix.into()),
        literal_suffix: Some("'".into()),
        ..of(name, kind, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_has_neither_views_nor_dictionaries() {
        let view = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8View));
        assert_eq!(sent(view.clone()), DataType::Utf8);
        let list = DataType::new_list(view, true);
        assert_eq!(sent(list), DataType::new_list(DataType::Utf8, true));
        assert_eq!(sent(DataType::Int64), DataType::Int64);
    }

    #[test]
    fn the_name_of_each_type_of_numbers_and_texts_is_among_all() {
        let all = all().unwrap().record_batch(None).unwrap();
        let names = arrow::array::AsArray::as_string::<i32>(all.column(0));
        let names: Vec<_> = names.iter().flatten().collect();
        let kinds = [DataType::Boolean, DataType::Int64, DataType::UInt64, DataType::Float64, DataType::Utf8];
        assert!(kinds.iter().all(|kind| names.contains(&name(kind))), "{names:?}");
        assert_eq!(all.num_rows(), 16);
    }
}
