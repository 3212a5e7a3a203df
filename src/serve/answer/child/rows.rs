//! Rows of a table: filtered, sorted, a page after the other by the key.

use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::TableReference;
use serde_json::Value;

use super::super::frame::Done;
use super::super::job::{Filter, Format, Op, Rows};
use super::answering::Answering;
use super::out::{How, Out, values};
use super::query::{notes, planned};
use super::told::{of_engine, of_params, of_session};
use crate::export::csv_sql;
use crate::schema::{ATTEMPT, RUN, TableSchema, USER};
use crate::serve::access::{Ended, Ending};
use crate::sources::Loaded;
use crate::sql::{Answer, Params, Session, ident, literal};

/// The schema of every committed attempt.
const RAW: &str = "raw";

/// Rows of a table of a run up to which a page has what only all users determine.
const ROWS_FOR_Q: u64 = 200_000;

/// Writes the rows that are asked for.
pub(super) async fn rows(
    answering: Answering<'_>,
    loaded: &Loaded,
    rows: &Rows,
    format: Format,
    out: &mut Out,
) -> Result<Done, Ended> {
    let session = answering.session(loaded)?;
    let table = Table::of(&session, loaded, &rows.table).await?;
    let is_page = rows.limit.is_some();
    let note = if is_page { too_many_for_q(&session, loaded, &table, ROWS_FOR_Q).await? } else { None };
    drop(session);
    // Whole, it is the file that `merge` writes.
    if let (true, Format::Csv, Some(schema)) = (rows.is_whole(), format, table.schema)
        && schema.csv.is_some()
    {
        let sql = csv_sql(schema, loaded.as_ref()).map_err(|e| Ended::new(Ending::Failed, e.to_string()))?;
        return answer(answering, loaded, &sql, How { schema: table.schema, ..How::all(format) }, out).await;
    }
    let few = Rows { select: table.stored(), ..rows.clone() };
    let asked = table.asked(if note.is_some() && rows.select.is_empty() { &few } else { rows })?;
    let how = How {
        format,
        most: rows.limit,
        schema: table.schema,
        first: Some(asked.shown),
        order: Some(&asked.order),
    };
    let mut done = answer(answering, loaded, &asked.paged, how, out).await?;
    done.notes.extend(note);
    Ok(Done { sql: Some(asked.sql), ..done })
}

/// What only all users determine takes all rows of a table of a run to compute, for each page again. Of large ones it is
/// left out, which is said.
async fn too_many_for_q(
    session: &Session,
    loaded: &Loaded,
    table: &Table<'_>,
    most: u64,
) -> Result<Option<String>, Ended> {
    let is_derived = table.schema.is_some_and(|schema| schema.derived().next().is_some());
    if !is_derived || table.name.contains('.') || session.has_table("files").is_ok_and(|has| !has) {
        return Ok(None);
    }
    let failed = |words: String| Ended::new(Ending::Failed, words);
    let sql = loaded.queries.get("serve/rows_of_table").and_then(|query| query.fill(&[]));
    let frame = session.query(&sql.map_err(|e| failed(e.to_string()))?).await.map_err(|e| of_session(&e))?;
    let mut params = Params::default();
    params.set("table", &format!("'{}'", table.name)).map_err(of_params)?;
    let rows = params.bind(frame).map_err(of_params)?.collect().await.map_err(of_engine)?;
    let count = rows.first().map(|batch| values(batch, &["rows".to_owned()])).transpose()?;
    let count = count.and_then(|values| values.first().and_then(Value::as_u64)).unwrap_or_default();
    Ok((count > most).then(|| {
        format!("q and what else only all users determine are not shown, as {} has {count} rows; the merged output has them", table.name)
    }))
}

/// How many rows fit.
pub(super) async fn count(
    answering: Answering<'_>,
    loaded: &Loaded,
    rows: &Rows,
    out: &mut Out,
) -> Result<Done, Ended> {
    let session = answering.session(loaded)?;
    let table = Table::of(&session, loaded, &rows.table).await?;
    drop(session);
    let conditions = table.conditions(&rows.filters)?;
    let sql = format!("SELECT count(*) AS rows FROM {}{}", table.sql(), all_of(&conditions));
    answer(answering, loaded, &sql, How::all(Format::Json), out).await
}

async fn answer(
    answering: Answering<'_>,
    loaded: &Loaded,
    sql: &str,
    how: How<'_>,
    out: &mut Out,
) -> Result<Done, Ended> {
    let planned = planned(answering, loaded, sql).await?;
    let Answer { rows, session: _session, damaged } =
        planned.rows(&Params::default()).await.map_err(of_params)?;
    let notes = notes(&damaged);
    out.notes(&notes)?;
    let done = out.rows(rows, how).await?;
    Ok(Done { notes, ..done })
}

/// A table that is asked for rows.
struct Table<'a> {
    name: String,
    columns: SchemaRef,
    schema: Option<&'a TableSchema>,
}

/// What is asked, as queries.
struct Asked {
    /// With the columns that tell where to go on behind those that are shown, and one row more.
    paged: String,
    /// As one would write it.
    sql: String,
    /// Columns that are shown.
    shown: usize,
    /// Columns of the order.
    order: Vec<String>,
}

impl<'a> Table<'a> {
    async fn of(session: &Session, loaded: &'a Loaded, name: &str) -> Result<Self, Ended> {
        let (space, table) = name.split_once('.').unwrap_or(("", name));
        let unknown = || {
            let known = super::tables::names(session);
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            Ended::unknown(Ending::NotFound, "table", name, &known)
        };
        if !super::tables::names(session).iter().any(|known| known == name) {
            return Err(unknown());
        }
        let reference = if space.is_empty() {
            TableReference::bare(table)
        } else {
            TableReference::partial(space, table)
        };
        let frame = session.context().table(reference).await.map_err(of_engine)?;
        let columns = SchemaRef::new(frame.schema().as_arrow().clone());
        Ok(Self { name: name.to_owned(), columns, schema: loaded.schemas.get(table).ok() })
    }

    /// As SQL names it.
    fn sql(&self) -> String {
        self.name.split('.').map(ident).collect::<Vec<_>>().join(".")
    }

    /// Columns that rows have by themselves.
    fn stored(&self) -> Vec<String> {
        let derived = |name: &String| {
            self.schema
                .is_some_and(|schema| schema.column(name).is_some_and(|column| column.derived.is_some()))
        };
        self.columns.fields().iter().map(|field| field.name().clone()).filter(|name| !derived(name)).collect()
    }

    fn column(&self, name: &str) -> Result<&DataType, Ended> {
        let field = self.columns.field_with_name(name).map_err(|_| {
            let known: Vec<&str> = self.columns.fields().iter().map(|f| f.name().as_str()).collect();
            Ended::unknown(Ending::UnknownColumn, "column", name, &known)
        })?;
        Ok(field.data_type())
    }

    /// Columns that put rows in one order: user and key, or all of them in a table without.
    fn key(&self) -> Vec<String> {
        let has = |name: &&str| self.columns.index_of(name).is_ok();
        let key: Vec<&str> = match self.schema {
            Some(schema) if !schema.key.is_empty() => {
                let more = if self.name.starts_with(RAW) { &[ATTEMPT, RUN][..] } else { &[] };
                schema.full_key().chain(more.iter().copied()).filter(has).collect()
            }
            _ => Vec::new(),
        };
        if key.is_empty() {
            let all = self.columns.fields().iter().map(|f| f.name().clone());
            let (user, others): (Vec<String>, Vec<String>) = all.partition(|name| name == USER);
            return user.into_iter().chain(others).collect();
        }
        key.into_iter().map(str::to_owned).collect()
    }

    fn asked(&self, rows: &Rows) -> Result<Asked, Ended> {
        for name in &rows.select {
            self.column(name)?;
        }
        let all = || self.columns.fields().iter().map(|f| f.name().clone()).collect();
        let shown: Vec<String> = if rows.select.is_empty() { all() } else { rows.select.clone() };
        let mut order: Vec<(String, bool)> = Vec::new();
        for sort in &rows.sort {
            self.column(&sort.column)?;
            order.push((sort.column.clone(), sort.falls));
        }
        let sorted: Vec<String> = order.iter().map(|(name, _)| name.clone()).collect();
        order.extend(self.key().into_iter().filter(|name| !sorted.contains(name)).map(|name| (name, false)));
        let mut conditions = self.conditions(&rows.filters)?;
        let by: Vec<String> = order
            .iter()
            .map(|(name, falls)| format!("{}{} NULLS LAST", ident(name), if *falls { " DESC" } else { "" }))
            .collect();
        let listed = |names: &[String]| names.iter().map(|name| ident(name)).collect::<Vec<_>>().join(", ");
        let query = |columns: &str, conditions: &[String], limit: Option<u64>| {
            let limit = limit.map_or_else(String::new, |limit| format!(" LIMIT {limit}"));
            format!(
                "SELECT {columns} FROM {}{} ORDER BY {}{limit}",
                self.sql(),
                all_of(conditions),
                by.join(", ")
            )
        };
        let columns = if rows.select.is_empty() { "*".to_owned() } else { listed(&shown) };
        let sql = query(&columns, &conditions, rows.limit);
        if let Some(after) = &rows.after {
            conditions.push(self.after(&order, after)?);
        }
        let order: Vec<String> = order.into_iter().map(|(name, _)| name).collect();
        let behind: Vec<String> = order.iter().filter(|name| !shown.contains(name)).cloned().collect();
        let columns = listed(&[shown.clone(), behind].concat());
        let paged = query(&columns, &conditions, rows.limit.map(|limit| limit.saturating_add(1)));
        Ok(Asked { paged, sql, shown: shown.len(), order })
    }

    fn conditions(&self, filters: &[Filter]) -> Result<Vec<String>, Ended> {
        filters.iter().map(|filter| self.condition(filter)).collect()
    }

    fn condition(&self, filter: &Filter) -> Result<String, Ended> {
        let kind = self.column(&filter.column)?;
        let column = ident(&filter.column);
        let sign = match filter.op {
            Op::Null => return Ok(format!("{column} IS NULL")),
            Op::Some => return Ok(format!("{column} IS NOT NULL")),
            Op::Has => {
                return Ok(format!("contains(CAST({column} AS VARCHAR), {})", literal(&filter.value)));
            }
            Op::Eq => "=",
            Op::Ne => "<>",
            Op::Lt => "<",
            Op::Le => "<=",
            Op::Gt => ">",
            Op::Ge => ">=",
        };
        Ok(format!("{column} {sign} {}", written(&filter.column, kind, &filter.value)?))
    }

    /// Rows behind one in the order, where absent values come last.
    fn after(&self, order: &[(String, bool)], after: &[Value]) -> Result<String, Ended> {
        if after.len() != order.len() {
            let words = "`after` is not of this order\n(hint: follow the link `next` of the page before)";
            return Err(Ended::new(Ending::Invalid, words));
        }
        let mut any = Vec::new();
        let mut same: Vec<String> = Vec::new();
        for ((name, falls), value) in order.iter().zip(after) {
            let column = ident(name);
            let text = match value {
                Value::Null => {
                    same.push(format!("{column} IS NULL"));
                    continue;
                }
                Value::String(text) => text.clone(),
                value => value.to_string(),
            };
            let value = written(name, self.column(name)?, &text)?;
            let sign = if *falls { "<" } else { ">" };
            let mut all = same.clone();
            all.push(format!("({column} {sign} {value} OR {column} IS NULL)"));
            any.push(format!("({})", all.join(" AND ")));
            same.push(format!("{column} = {value}"));
        }
        Ok(if any.is_empty() { "false".to_owned() } else { format!("({})", any.join(" OR ")) })
    }
}

fn all_of(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}

/// A value as the type of a column writes it.
fn written(column: &str, kind: &DataType, value: &str) -> Result<String, Ended> {
    let wrong = |what: &str| {
        let words = format!("{column} is compared with {what}, and `{value}` isn't one");
        Ended::new(Ending::WrongType, words)
    };
    match kind {
        DataType::Boolean => match value.to_lowercase().as_str() {
            "true" => Ok("true".into()),
            "false" => Ok("false".into()),
            _ => Err(wrong("true or false")),
        },
        kind if kind.is_integer() && value.parse::<i64>().is_ok() => Ok(value.to_owned()),
        kind if kind.is_numeric() => match value.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(format!("CAST('{number:e}' AS DOUBLE)")),
            _ => Err(wrong("a number")),
        },
        kind if kind.is_temporal() => {
            let is_time = value.chars().all(|c| c.is_ascii_digit() || "-:.TZ+ ".contains(c));
            if is_time && !value.is_empty() { Ok(literal(value)) } else { Err(wrong("a time")) }
        }
        _ => Ok(literal(value)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use arrow::record_batch::RecordBatch;

    use super::*;
    use crate::queries::Queries;
    use crate::schema::{Schemas, columns};

    #[tokio::test]
    async fn a_page_of_a_large_table_of_a_run_is_without_q_and_says_so() {
        let loaded = Loaded { schemas: Schemas::load(None).unwrap(), queries: Queries::load(None).unwrap() };
        let session = Session::empty().unwrap();
        for name in ["te", "issues"] {
            let columns = columns::shown(loaded.schemas.get(name).unwrap());
            session.batch(name, RecordBatch::new_empty(columns)).unwrap();
        }
        let said = async |name: &str, most: u64| {
            let table = Table::of(&session, &loaded, name).await.unwrap();
            too_many_for_q(&session, &loaded, &table, most).await.unwrap()
        };
        assert_eq!(said("te", 0).await, None, "a merged output lists no files, and has q");
        let tables: ArrayRef = Arc::new(StringArray::from(vec!["te", "issues", "te"]));
        let rows: ArrayRef = Arc::new(Int64Array::from(vec![600, 5000, 401]));
        let files = RecordBatch::try_from_iter([("table_name", tables), ("row_count", rows)]).unwrap();
        session.batch("files", files).unwrap();
        assert_eq!(said("te", 1001).await, None);
        let words = said("te", 1000).await.unwrap();
        assert!(words.contains("are not shown, as te has 1001 rows; the merged output has them"), "{words}");
        assert_eq!(said("issues", 0).await, None, "it has nothing that all users determine");
        let stored = Table::of(&session, &loaded, "te").await.unwrap().stored();
        let has = |name: &str| stored.iter().any(|own| own == name);
        assert!(has("TE_A2S") && has("p_A2S") && !has("q_A2S") && !has("q_Delta_TE"), "{stored:?}");
        assert_eq!(ROWS_FOR_Q, 200_000);
    }
}
