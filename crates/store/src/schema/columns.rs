//! Which columns a table has where, and what is special about the ledger.
//!
//! | where | columns |
//! |---|---|
//! | a unit's file | [`stored`] |
//! | a group's file | [`grouped`]: user and attempt, then those stored |
//! | merged, before anything is derived | [`merged`]: the user, then those stored |
//! | SQL, CSV, Parquet | [`shown`]: the same, derived columns in their places |
//!
//! The store knows user, shard, attempt and run of every row. The ledger keeps two of them as columns of its
//! own names, which are shown under those of every table.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef, TimeUnit};

use super::kept::{ATTEMPT, MadeOf, SHARD, USER, is_renamed, made_of};
use super::table::{Column, ColumnType, TableSchema};

impl TableSchema {
    /// What its rows are made of.
    pub fn made_of(&self) -> MadeOf {
        made_of(&self.table)
    }

    /// The column with the user; none of a table that is made of all users.
    pub fn user(&self) -> Option<&'static str> {
        (self.made_of() != MadeOf::AllUsers).then_some(USER)
    }

    /// User and key: what identifies a row, and the order of rows.
    pub fn full_key(&self) -> impl Iterator<Item = &str> {
        self.user().into_iter().chain(self.key.iter().map(String::as_str))
    }

    /// Whether a column of the schema is shown under its name. The ledger's user and attempt have those that they
    /// have in every table.
    pub fn shows(&self, column: &Column) -> bool {
        self.made_of() != MadeOf::Ledger || !is_renamed(&column.name)
    }
}

/// Arrow type of a column.
fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text => DataType::Utf8,
        ColumnType::Int => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
    }
}

/// A column that the store knows: the shard is a number, the others are texts.
pub fn field(name: &str) -> FieldRef {
    let kind = if name == SHARD { DataType::Int32 } else { DataType::Utf8 };
    Arc::new(Field::new(name, kind, false))
}

/// Columns of a unit's file.
pub fn stored(table: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(table.stored().map(own_field).collect::<Vec<_>>()))
}

/// Columns of a group's file.
pub fn grouped(table: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(with([USER, ATTEMPT], table.stored())))
}

/// Columns of the rows of the units, before anything is derived. Those of the ledger have shard and attempt.
pub fn merged(table: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(with_store(table, table.stored())))
}

/// Columns as they are asked for and written, derived ones in their places.
pub fn shown(table: &TableSchema) -> SchemaRef {
    Arc::new(Schema::new(with_store(table, table.columns.iter())))
}

/// Columns that are read to merge a table: the attempt too, which decides what counts.
pub fn read(table: &TableSchema) -> SchemaRef {
    let merged = merged(table);
    if merged.index_of(ATTEMPT).is_ok() {
        return merged;
    }
    Arc::new(Schema::new(merged.fields().iter().cloned().chain([field(ATTEMPT)]).collect::<Vec<_>>()))
}

fn with_store<'a>(table: &TableSchema, own: impl Iterator<Item = &'a Column>) -> Vec<FieldRef> {
    let own = own.filter(|column| table.shows(column));
    match table.made_of() {
        MadeOf::Ledger => with([USER, SHARD, ATTEMPT], own),
        MadeOf::Units => with([USER], own),
        MadeOf::AllUsers => with([], own),
    }
}

fn with<'a, const N: usize>(first: [&str; N], own: impl Iterator<Item = &'a Column>) -> Vec<FieldRef> {
    first.into_iter().map(field).chain(own.map(own_field)).collect()
}

fn own_field(column: &Column) -> FieldRef {
    Arc::new(Field::new(&column.name, arrow_type(column.kind), column.nullable))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Schemas, kept::ledger_column};

    fn names(schema: &SchemaRef) -> Vec<String> {
        schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    #[test]
    fn the_ledger_shows_user_and_attempt_as_every_table_does() {
        let schemas = Schemas::load(None).unwrap();
        let users = schemas.ledger().unwrap();
        assert_eq!(names(&merged(users))[..4], ["user_id", "shard", "attempt", "feature_mode"]);
        assert_eq!(merged(users), shown(users));
        assert_eq!(read(users), merged(users));
        let listed = names(&merged(users));
        assert!(!listed.iter().any(|name| name == "id" || name == "attempt_id"), "{listed:?}");
        assert_eq!(names(&grouped(users))[..2], ["user_id", "attempt"]);
        assert!(names(&grouped(users)).contains(&"attempt_id".to_owned()));
        assert_eq!(ledger_column("user_id"), "id");
    }

    #[test]
    fn a_tables_columns_differ_by_place() {
        let schemas = Schemas::load(None).unwrap();
        let te = schemas.get("te").unwrap();
        assert!(!names(&stored(te)).contains(&"q_A2S".to_owned()));
        assert!(!names(&merged(te)).contains(&"q_A2S".to_owned()));
        assert_eq!(names(&shown(te)).len(), te.columns.len() + 1);
        assert_eq!(names(&shown(te))[0], "user_id");
        assert_eq!(names(&read(te)).last().unwrap(), "attempt");
        assert_eq!(te.full_key().next(), Some("user_id"));
        let families = schemas.get("families").unwrap();
        assert_eq!(names(&shown(families))[0], families.columns[0].name);
        assert_eq!(families.user(), None);
    }
}
