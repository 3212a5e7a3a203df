//! Sources as catalogues, with their schemas, tables, columns and keys.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use arrow::array::{Int32Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow_flight::sql::metadata::GetCatalogsBuilder;
use arrow_flight::sql::{Command, CommandGetDbSchemas, CommandGetPrimaryKeys, CommandGetTables};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;

use super::login::Who;
use super::told::{of_arrow, of_flight};
use super::types;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::ColumnOf;
use crate::serve::catalog::Source;
use crate::serve::desk::Desk;

/// The schema of tables whose name needs none.
const PUBLIC: &str = "public";

/// What tables are called, and those that a query makes: nobody can write to either.
pub(super) const KINDS: [&str; 2] = ["TABLE", "VIEW"];

/// Sources whose tables are asked for at the same time.
const AT_A_TIME: usize = 4;

/// A table, as a source lists it.
#[derive(Debug, Deserialize)]
struct Table {
    /// With its schema, if that is not the default one.
    name: String,
    description: Option<String>,
    #[serde(default)]
    view: bool,
    key: Vec<String>,
    columns: Vec<ColumnOf>,
}

impl Table {
    /// Schema and name.
    fn place(&self) -> (&str, &str) {
        self.name.split_once('.').unwrap_or((PUBLIC, &self.name))
    }
}

/// The command, where it names a table and no source with that of the connection.
pub(super) fn of_connection(command: Command, database: Option<&str>) -> Command {
    let Some(database) = database else { return command };
    match command {
        Command::CommandGetTables(of)
            if of.catalog.is_none() && is_name(of.table_name_filter_pattern.as_deref()) =>
        {
            Command::CommandGetTables(CommandGetTables { catalog: Some(database.to_owned()), ..of })
        }
        Command::CommandGetPrimaryKeys(of) if of.catalog.is_none() => {
            Command::CommandGetPrimaryKeys(CommandGetPrimaryKeys { catalog: Some(database.to_owned()), ..of })
        }
        command => command,
    }
}

/// Whether a pattern is of one name, in which `_` is written as it is.
fn is_name(pattern: Option<&str>) -> bool {
    pattern.is_some_and(|pattern| !pattern.is_empty() && !pattern.contains('%'))
}

/// The sources.
pub(super) fn catalogs(desk: &Desk, who: &Who) -> Result<RecordBatch, Ended> {
    let mut builder = GetCatalogsBuilder::new();
    for source in desk.sources(&who.caller) {
        builder.append(source.name.clone());
    }
    builder.build().map_err(of_flight)
}

/// Their schemas.
pub(super) async fn schemas(
    desk: &Desk,
    who: &Who,
    command: CommandGetDbSchemas,
) -> Result<RecordBatch, Ended> {
    let all = listed(desk, who, command.catalog.as_deref()).await?;
    let mut builder = command.into_builder();
    for (source, tables) in &all {
        let spaces: BTreeSet<&str> = tables.iter().map(|table| table.place().0).collect();
        for space in spaces {
            builder.append(source, space);
        }
    }
    builder.build().map_err(of_flight)
}

/// Their tables.
pub(super) async fn tables(desk: &Desk, who: &Who, command: CommandGetTables) -> Result<RecordBatch, Ended> {
    let all = listed(desk, who, command.catalog.as_deref()).await?;
    let mut builder = command.into_builder();
    let nothing = Schema::empty();
    for (source, tables) in &all {
        for table in tables {
            let (space, name) = table.place();
            let columns = builder.include_schema().then(|| columns(source, table));
            let columns = columns.as_ref().unwrap_or(&nothing);
            builder
                .append(source, space, name, KINDS[usize::from(table.view)], columns)
                .map_err(of_flight)?;
        }
    }
    builder.build().map_err(of_flight)
}

/// The tables of all sources, or of the one that is named. One that cannot be read keeps nobody from the others.
async fn listed(desk: &Desk, who: &Who, catalog: Option<&str>) -> Result<Vec<(String, Vec<Table>)>, Ended> {
    let mut sources = desk.sources(&who.caller);
    sources.retain(|source| catalog.is_none_or(|name| name == source.name));
    let each = sources.into_iter().map(|source| async move {
        let tables = match of_source(desk, who, &source).await {
            Err(ended) if catalog.is_none() && is_of_the_source(&ended) => Vec::new(),
            tables => tables?,
        };
        Ok::<_, Ended>((source.name.clone(), tables))
    });
    stream::iter(each).buffered(AT_A_TIME).try_collect().await
}

async fn of_source(desk: &Desk, who: &Who, source: &Source) -> Result<Vec<Table>, Ended> {
    let source = desk.whole(&who.caller, &source.name, "tables")?;
    let tables = desk.tables(&who.caller, &source).await?;
    let torn = |error: serde_json::Error| Ended::new(Ending::Died, format!("the answer is torn: {error}"));
    Vec::<Table>::deserialize(&*tables).map_err(torn)
}

fn is_of_the_source(ended: &Ended) -> bool {
    matches!(
        ended.ending,
        Ending::NotFound
            | Ending::SourceDamaged
            | Ending::SourceChanged
            | Ending::Failed
            | Ending::Died
            | Ending::Memory
    )
}

/// The columns of a table, with what is known of them where clients look for it.
fn columns(source: &str, table: &Table) -> Schema {
    let (space, name) = table.place();
    let fields = table.columns.iter().map(|column| {
        let kind = column.engine.parse().map_or(DataType::Utf8, types::sent);
        let mut about: HashMap<String, String> = HashMap::new();
        let mut tell = |key: &str, value: &str| drop(about.insert(key.to_owned(), value.to_owned()));
        tell("ARROW:FLIGHT:SQL:CATALOG_NAME", source);
        // The specification names the first, the drivers in Go read the second.
        tell("ARROW:FLIGHT:SQL:DB_SCHEMA_NAME", space);
        tell("ARROW:FLIGHT:SQL:SCHEMA_NAME", space);
        tell("ARROW:FLIGHT:SQL:TABLE_NAME", name);
        tell("ARROW:FLIGHT:SQL:TYPE_NAME", types::name(&kind));
        tell("ARROW:FLIGHT:SQL:IS_AUTO_INCREMENT", "0");
        tell("ARROW:FLIGHT:SQL:IS_READ_ONLY", "1");
        tell("ARROW:FLIGHT:SQL:IS_SEARCHABLE", "1");
        tell("ARROW:FLIGHT:SQL:IS_CASE_SENSITIVE", if kind == DataType::Utf8 { "1" } else { "0" });
        if let Some(digits) = types::precision(&kind) {
            tell("ARROW:FLIGHT:SQL:PRECISION", &digits.to_string());
        }
        let unit = column.unit.as_deref();
        let description = column.description.as_deref();
        if let Some(unit) = unit {
            tell("unit", unit);
        }
        if let Some(description) = description {
            tell("description", description);
        }
        let remarks = match (description, unit) {
            (Some(description), Some(unit)) => Some(format!("{description} [{unit}]")),
            (Some(words), None) => Some(words.to_owned()),
            (None, unit) => unit.map(|unit| format!("[{unit}]")),
        };
        if let Some(remarks) = remarks {
            tell("ARROW:FLIGHT:SQL:REMARKS", &remarks);
        }
        Field::new(&column.name, kind, column.nullable).with_metadata(about)
    });
    let about = table.description.iter().map(|words| ("description".to_owned(), words.clone()));
    Schema::new_with_metadata(fields.collect::<Vec<_>>(), about.collect())
}

/// The columns of [`primary_keys`].
pub(super) static PRIMARY_KEYS: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_name", DataType::Utf8, true),
        Field::new("key_sequence", DataType::Int32, false),
    ]))
});

/// The columns that identify a row of a table.
pub(super) async fn primary_keys(
    desk: &Desk,
    who: &Who,
    command: &CommandGetPrimaryKeys,
) -> Result<RecordBatch, Ended> {
    let all = listed(desk, who, command.catalog.as_deref()).await?;
    let mut rows = Vec::new();
    for (source, tables) in &all {
        for table in tables {
            let (space, name) = table.place();
            if name == command.table && command.db_schema.as_deref().is_none_or(|wanted| wanted == space) {
                let key = table.key.iter().zip(1..);
                rows.extend(
                    key.map(|(column, place)| (source.as_str(), space, name, column.as_str(), place)),
                );
            }
        }
    }
    rows.sort_unstable_by_key(|(source, space, name, _, place)| (*source, *space, *name, *place));
    let text = |of: fn(&(&'_ str, &'_ str, &'_ str, &'_ str, i32)) -> String| {
        Arc::new(StringArray::from_iter_values(rows.iter().map(of)))
    };
    let places = Int32Array::from_iter_values(rows.iter().map(|row| row.4));
    let batch = RecordBatch::try_new(
        Arc::clone(&PRIMARY_KEYS),
        vec![
            text(|row| row.0.to_owned()),
            text(|row| row.1.to_owned()),
            text(|row| row.2.to_owned()),
            text(|row| row.3.to_owned()),
            text(|row| format!("{}_key", row.2)),
            Arc::new(places),
        ],
    );
    batch.map_err(of_arrow)
}

/// The columns of keys that lead from a table to another: there are none.
pub(super) static OTHER_KEYS: LazyLock<SchemaRef> = LazyLock::new(|| {
    let text = |name: &str, nullable: bool| Field::new(name, DataType::Utf8, nullable);
    let of = |side: &str| {
        [("catalog_name", true), ("db_schema_name", true), ("table_name", false), ("column_name", false)]
            .map(|(name, nullable)| text(&format!("{side}_{name}"), nullable))
    };
    let mut fields = Vec::from(of("pk"));
    fields.extend(of("fk"));
    fields.push(Field::new("key_sequence", DataType::Int32, false));
    fields.extend([text("fk_key_name", true), text("pk_key_name", true)]);
    fields.extend(["update_rule", "delete_rule"].map(|name| Field::new(name, DataType::UInt8, false)));
    Arc::new(Schema::new(fields))
});
