//! Types of columns, as Postgres calls them.

use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow_pg::datatypes::field_into_pg_type;
use pgwire::api::Type;
use pgwire::messages::data::{FieldDescription, RowDescription};

/// The type of a column. What has none of its own comes as text.
pub(super) fn type_of(field: &FieldRef) -> Type {
    match field.data_type() {
        // Whole numbers stay such: what counts rows is bigint there.
        DataType::UInt64 => Type::INT8,
        DataType::Null => Type::TEXT,
        DataType::List(inner) | DataType::LargeList(inner) if *inner.data_type() == DataType::UInt64 => {
            Type::INT8_ARRAY
        }
        DataType::List(_) | DataType::LargeList(_) => match field_into_pg_type(field) {
            Ok(kind) if element(&kind).is_some() => kind,
            _ => Type::TEXT,
        },
        _ => match field_into_pg_type(field) {
            Ok(kind) if kind != Type::RECORD => kind,
            _ => Type::TEXT,
        },
    }
}

/// The type of what a list has, for lists that come as such.
pub(super) fn element(list: &Type) -> Option<Type> {
    Some(match *list {
        Type::BOOL_ARRAY => Type::BOOL,
        Type::INT2_ARRAY => Type::INT2,
        Type::INT4_ARRAY => Type::INT4,
        Type::INT8_ARRAY => Type::INT8,
        Type::FLOAT4_ARRAY => Type::FLOAT4,
        Type::FLOAT8_ARRAY => Type::FLOAT8,
        Type::TEXT_ARRAY => Type::TEXT,
        Type::DATE_ARRAY => Type::DATE,
        Type::TIMESTAMP_ARRAY => Type::TIMESTAMP,
        Type::TIMESTAMPTZ_ARRAY => Type::TIMESTAMPTZ,
        _ => return None,
    })
}

/// Bytes of a value, if all have as many.
pub(super) fn size(kind: &Type) -> i16 {
    match *kind {
        Type::BOOL | Type::CHAR => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE | Type::OID => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME => 8,
        Type::INTERVAL => 16,
        _ => -1,
    }
}

/// Whether each column comes in binary: none is said, one for all, or one each.
#[derive(Debug, Clone, Default)]
pub(super) struct Formats(pub(super) Vec<i16>);

impl Formats {
    /// Whether a column does.
    pub(super) fn is_binary(&self, column: usize) -> bool {
        let format = if let [all] = self.0.as_slice() { Some(all) } else { self.0.get(column) };
        format.is_some_and(|format| *format == 1)
    }
}

/// What is told of columns before their rows.
pub(super) fn description(schema: &Schema, formats: &Formats) -> RowDescription {
    let fields = schema.fields().iter().enumerate().map(|(place, field)| {
        let kind = type_of(field);
        let format = i16::from(formats.is_binary(place));
        FieldDescription::new(field.name().replace('\0', ""), 0, 0, kind.oid(), size(&kind), -1, format)
    });
    RowDescription::new(fields.collect())
}
