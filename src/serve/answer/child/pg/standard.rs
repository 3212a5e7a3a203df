//! `information_schema` of a source, with the names of types that clients know.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::{DataType, SchemaRef};
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::error::Result;
use pgwire::api::Type;

use super::super::super::job::PgSession;
use super::about::{About, Table};
use super::made::{Cell, Row, schema, table};

/// `information_schema`.
#[derive(Debug)]
pub(super) struct Standard(HashMap<&'static str, Arc<dyn TableProvider>>);

#[async_trait]
impl SchemaProvider for Standard {
    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.keys().map(|name| (*name).to_owned()).collect();
        names.sort();
        names
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        Ok(self.0.get(name).map(Arc::clone))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }
}

impl Standard {
    /// Of the tables of a source.
    pub(super) fn of(about: &About, session: &PgSession) -> Result<Self> {
        let mut tables = HashMap::new();
        for (name, columns, rows) in all(about, session) {
            tables.insert(name, table(&columns, &rows)?);
        }
        Ok(Self(tables))
    }
}

type Made = (&'static str, SchemaRef, Vec<Row>);

/// The name of a type as the standard has it.
fn said(kind: &Type) -> &'static str {
    match *kind {
        Type::BOOL => "boolean",
        Type::INT2 => "smallint",
        Type::INT4 => "integer",
        Type::INT8 => "bigint",
        Type::FLOAT4 => "real",
        Type::FLOAT8 => "double precision",
        Type::NUMERIC => "numeric",
        Type::DATE => "date",
        Type::TIME => "time without time zone",
        Type::TIMESTAMP => "timestamp without time zone",
        Type::TIMESTAMPTZ => "timestamp with time zone",
        Type::INTERVAL => "interval",
        Type::BYTEA => "bytea",
        _ if kind.name().starts_with('_') => "ARRAY",
        _ => "text",
    }
}

/// Digits and their base, of numbers.
fn precision(kind: &Type) -> Option<(i64, i64)> {
    match *kind {
        Type::INT2 => Some((16, 2)),
        Type::INT4 => Some((32, 2)),
        Type::INT8 => Some((64, 2)),
        Type::FLOAT4 => Some((24, 2)),
        Type::FLOAT8 => Some((53, 2)),
        _ => None,
    }
}

/// Tables that there are for what there is none of.
const EMPTY: [(&str, &[&str]); 6] = [
    (
        "routines",
        &["specific_name", "routine_catalog", "routine_schema", "routine_name", "routine_type", "data_type"],
    ),
    (
        "referential_constraints",
        &[
            "constraint_catalog",
            "constraint_schema",
            "constraint_name",
            "unique_constraint_schema",
            "unique_constraint_name",
        ],
    ),
    (
        "constraint_column_usage",
        &[
            "table_catalog",
            "table_schema",
            "table_name",
            "column_name",
            "constraint_schema",
            "constraint_name",
        ],
    ),
    (
        "triggers",
        &["trigger_catalog", "trigger_schema", "trigger_name", "event_manipulation", "event_object_table"],
    ),
    ("sequences", &["sequence_catalog", "sequence_schema", "sequence_name", "data_type"]),
    ("parameters", &["specific_catalog", "specific_schema", "specific_name", "parameter_name", "data_type"]),
];

/// Who may do what with a table.
const GRANT: [&str; 6] =
    ["grantor", "grantee", "table_catalog", "table_schema", "table_name", "privilege_type"];

fn all(about: &About, session: &PgSession) -> Vec<Made> {
    let catalog = session.database.as_str();
    let views_of = texts(&["table_catalog", "table_schema", "table_name", "view_definition"]);
    let mut all = vec![
        tables(about, catalog),
        columns(about, catalog),
        schemata(about, session),
        constraints(about, catalog),
        keys(about, catalog),
        ("views", views_of, views(about, catalog)),
        ("role_table_grants", texts(&GRANT), grants(about, session)),
        ("table_privileges", texts(&GRANT), grants(about, session)),
    ];
    all.extend(EMPTY.iter().map(|(name, columns)| (*name, texts(columns), Vec::new())));
    all
}

fn texts(names: &[&str]) -> SchemaRef {
    schema(&names.iter().map(|name| (*name, DataType::Utf8)).collect::<Vec<_>>())
}

fn place(table: &Table, catalog: &str) -> Row {
    vec![
        ("table_catalog", catalog.into()),
        ("table_schema", table.space.clone().into()),
        ("table_name", table.name.clone().into()),
    ]
}

fn tables(about: &About, catalog: &str) -> Made {
    let columns = texts(&[
        "table_catalog",
        "table_schema",
        "table_name",
        "table_type",
        "is_insertable_into",
        "is_typed",
        "commit_action",
    ]);
    let row = |table: &Table| {
        let mut row = place(table, catalog);
        row.push(("table_type", if table.is_view { "VIEW" } else { "BASE TABLE" }.into()));
        row.push(("is_insertable_into", "NO".into()));
        row.push(("is_typed", "NO".into()));
        row
    };
    ("tables", columns, about.tables.iter().map(row).collect())
}

fn columns(about: &About, catalog: &str) -> Made {
    use DataType::{Int32, Utf8};
    let columns = schema(&[
        ("table_catalog", Utf8),
        ("table_schema", Utf8),
        ("table_name", Utf8),
        ("column_name", Utf8),
        ("ordinal_position", Int32),
        ("column_default", Utf8),
        ("is_nullable", Utf8),
        ("data_type", Utf8),
        ("character_maximum_length", Int32),
        ("character_octet_length", Int32),
        ("numeric_precision", Int32),
        ("numeric_precision_radix", Int32),
        ("numeric_scale", Int32),
        ("datetime_precision", Int32),
        ("interval_type", Utf8),
        ("character_set_name", Utf8),
        ("collation_name", Utf8),
        ("domain_name", Utf8),
        ("udt_catalog", Utf8),
        ("udt_schema", Utf8),
        ("udt_name", Utf8),
        ("is_identity", Utf8),
        ("is_generated", Utf8),
        ("generation_expression", Utf8),
        ("is_updatable", Utf8),
    ]);
    let rows = about.tables.iter().flat_map(|table| {
        (1_i64..).zip(&table.columns).map(move |(number, column)| {
            let kind = column.kind();
            let mut row = place(table, catalog);
            row.extend([
                ("column_name", column.field.name().clone().into()),
                ("ordinal_position", number.into()),
                ("is_nullable", if column.field.is_nullable() { "YES" } else { "NO" }.into()),
                ("data_type", said(&kind).into()),
                ("udt_catalog", catalog.into()),
                ("udt_schema", "pg_catalog".into()),
                ("udt_name", kind.name().into()),
                ("is_identity", "NO".into()),
                ("is_generated", "NEVER".into()),
                ("is_updatable", "NO".into()),
            ]);
            if let Some((digits, base)) = precision(&kind) {
                row.extend([
                    ("numeric_precision", Cell::Int(digits)),
                    ("numeric_precision_radix", Cell::Int(base)),
                ]);
            }
            row
        })
    });
    ("columns", columns, rows.collect())
}

fn schemata(about: &About, session: &PgSession) -> Made {
    let columns = texts(&["catalog_name", "schema_name", "schema_owner", "sql_path"]);
    let names =
        about.spaces.iter().map(|(name, _)| name.as_str()).chain(["information_schema", "pg_catalog"]);
    let row = |name: &str| -> Row {
        vec![
            ("catalog_name", session.database.clone().into()),
            ("schema_name", name.into()),
            ("schema_owner", session.user.clone().into()),
        ]
    };
    ("schemata", columns, names.map(row).collect())
}

fn constraints(about: &About, catalog: &str) -> Made {
    let columns = texts(&[
        "constraint_catalog",
        "constraint_schema",
        "constraint_name",
        "table_catalog",
        "table_schema",
        "table_name",
        "constraint_type",
        "is_deferrable",
        "initially_deferred",
    ]);
    let rows = about.tables.iter().filter_map(|table| {
        let mut row = place(table, catalog);
        row.extend(named(table, catalog)?);
        row.push(("constraint_type", "PRIMARY KEY".into()));
        row.push(("is_deferrable", "NO".into()));
        row.push(("initially_deferred", "NO".into()));
        Some(row)
    });
    ("table_constraints", columns, rows.collect())
}

fn named(table: &Table, catalog: &str) -> Option<Row> {
    let (name, _) = table.key_name()?;
    Some(vec![
        ("constraint_catalog", catalog.into()),
        ("constraint_schema", table.space.clone().into()),
        ("constraint_name", name.into()),
    ])
}

fn keys(about: &About, catalog: &str) -> Made {
    use DataType::{Int32, Utf8};
    let columns = schema(&[
        ("constraint_catalog", Utf8),
        ("constraint_schema", Utf8),
        ("constraint_name", Utf8),
        ("table_catalog", Utf8),
        ("table_schema", Utf8),
        ("table_name", Utf8),
        ("column_name", Utf8),
        ("ordinal_position", Int32),
        ("position_in_unique_constraint", Int32),
    ]);
    let mut rows = Vec::new();
    for table in &about.tables {
        let Some(named) = named(table, catalog) else { continue };
        for (number, of) in (1_i64..).zip(&table.key) {
            let Some(column) = usize::try_from(of - 1).ok().and_then(|place| table.columns.get(place)) else {
                continue;
            };
            let mut row = place(table, catalog);
            row.extend(named.clone());
            row.push(("column_name", column.field.name().clone().into()));
            row.push(("ordinal_position", number.into()));
            rows.push(row);
        }
    }
    ("key_column_usage", columns, rows)
}

fn views(about: &About, catalog: &str) -> Vec<Row> {
    about.tables.iter().filter(|table| table.is_view).map(|table| place(table, catalog)).collect()
}

fn grants(about: &About, session: &PgSession) -> Vec<Row> {
    let row = |table: &Table| {
        let mut row = place(table, &session.database);
        let user = || Cell::from(session.user.as_str());
        row.extend([("grantor", user()), ("grantee", user()), ("privilege_type", "SELECT".into())]);
        row
    };
    about.tables.iter().map(row).collect()
}
