//! `\d`: the tables, and the columns of one.

use arrow::array::AsArray;
use arrow::datatypes::DataType;

use crate::cli::text::columns;
use crate::error::Failure;
use crate::schema::Schemas;
use crate::sql::{Session, ident};

/// The tables with what a row of each is.
pub(super) async fn tables(session: &Session, schemas: &Schemas) -> Result<String, Failure> {
    let sql = "SELECT table_schema, table_name FROM information_schema.tables \
               WHERE table_schema <> 'information_schema' ORDER BY 1, 2";
    let mut rows = Vec::new();
    for batch in session.collect(sql).await.map_err(Failure::error)? {
        let text = |i: usize| arrow::compute::cast(batch.column(i), &DataType::Utf8).map_err(Failure::error);
        let (spaces, names) = (text(0)?, text(1)?);
        for (space, name) in spaces.as_string::<i32>().iter().zip(names.as_string::<i32>()) {
            let (space, name) = (space.unwrap_or_default(), name.unwrap_or_default());
            let shown = if space == "public" { name.to_owned() } else { format!("{space}.{name}") };
            rows.push(vec![shown, about(space, name, schemas)]);
        }
    }
    Ok(columns(&["table", "a row is"], &rows))
}

fn about(space: &str, name: &str, schemas: &Schemas) -> String {
    if space == "raw" {
        return "the same, of every committed attempt".to_owned();
    }
    schemas.about(name).map(|schema| schema.description.clone()).unwrap_or_default()
}

/// The columns of a table with their types and meanings.
pub(super) async fn table(session: &Session, schemas: &Schemas, name: &str) -> Result<String, Failure> {
    let parts: Vec<String> = name.split('.').map(|part| ident(part.trim_matches('"'))).collect();
    let sql = format!("SELECT * FROM {}", parts.join("."));
    let frame = session.query(&sql).await.map_err(Failure::error)?;
    let table = name.rsplit('.').next().unwrap_or(name).trim_matches('"');
    let mut rows = Vec::new();
    for field in frame.schema().fields() {
        let known = schemas.about_column(table, field.name());
        let unit = known.and_then(|c| c.unit.clone()).unwrap_or_default();
        let what = known.map(|c| c.description.clone()).unwrap_or_default();
        rows.push(vec![field.name().clone(), plain(field.data_type()), unit, what]);
    }
    Ok(columns(&["column", "type", "unit", "what it is"], &rows))
}

fn plain(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".into(),
        DataType::Dictionary(_, values) => plain(values),
        DataType::Boolean => "bool".into(),
        DataType::Timestamp(..) => "time".into(),
        kind if kind.is_integer() => "int".into(),
        kind if kind.is_floating() => "float".into(),
        other => other.to_string(),
    }
}
