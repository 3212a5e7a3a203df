//! Commands that ask what there is, and not for rows of it: their command is their own ticket.

use std::sync::Arc;

use arrow::array::StringArray;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow_flight::sql::Command;
use arrow_flight::sql::metadata::XdbcTypeInfoDataBuilder;
use arrow_flight::sql::metadata::{
    GetCatalogsBuilder, GetDbSchemasBuilder, GetTablesBuilder, SqlInfoDataBuilder,
};

use super::command::unsupported;
use super::login::Who;
use super::told::{of_arrow, of_flight};
use super::{info, tables, types};
use crate::serve::access::Ended;
use crate::serve::desk::Desk;

/// The columns of what such a command gives; nothing if it is none.
pub(super) fn columns(command: &Command) -> Option<SchemaRef> {
    Some(match command {
        Command::CommandGetCatalogs(_) => GetCatalogsBuilder::new().schema(),
        Command::CommandGetDbSchemas(_) => GetDbSchemasBuilder::new(None::<&str>, None::<&str>).schema(),
        Command::CommandGetTables(of) => {
            let none = None::<&str>;
            GetTablesBuilder::new(none, none, none, Vec::<String>::new(), of.include_schema).schema()
        }
        Command::CommandGetTableTypes(_) => table_types(),
        Command::CommandGetPrimaryKeys(_) => Arc::clone(&tables::PRIMARY_KEYS),
        Command::CommandGetExportedKeys(_)
        | Command::CommandGetImportedKeys(_)
        | Command::CommandGetCrossReference(_) => Arc::clone(&tables::OTHER_KEYS),
        Command::CommandGetSqlInfo(_) => Arc::new(SqlInfoDataBuilder::schema().clone()),
        Command::CommandGetXdbcTypeInfo(_) => XdbcTypeInfoDataBuilder::new().schema(),
        _ => return None,
    })
}

/// What such a command gives.
pub(super) async fn rows(desk: &Desk, who: &Who, command: Command) -> Result<RecordBatch, Ended> {
    match command {
        Command::CommandGetCatalogs(_) => tables::catalogs(desk, who),
        Command::CommandGetDbSchemas(command) => tables::schemas(desk, who, command).await,
        Command::CommandGetTables(command) => tables::tables(desk, who, command).await,
        Command::CommandGetTableTypes(_) => {
            let kinds = StringArray::from_iter_values(tables::KINDS);
            RecordBatch::try_new(table_types(), vec![Arc::new(kinds)]).map_err(of_arrow)
        }
        Command::CommandGetPrimaryKeys(command) => tables::primary_keys(desk, who, &command).await,
        Command::CommandGetExportedKeys(_)
        | Command::CommandGetImportedKeys(_)
        | Command::CommandGetCrossReference(_) => Ok(RecordBatch::new_empty(Arc::clone(&tables::OTHER_KEYS))),
        Command::CommandGetSqlInfo(command) => command.into_builder(&info::all()?).build().map_err(of_flight),
        Command::CommandGetXdbcTypeInfo(command) => {
            command.into_builder(&types::all()?).build().map_err(of_flight)
        }
        other => Err(unsupported(other.type_url())),
    }
}

fn table_types() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("table_type", DataType::Utf8, false)]))
}
