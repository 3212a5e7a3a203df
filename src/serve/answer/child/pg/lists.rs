//! Lists of the catalogue that is the same everywhere: they come as texts, `[26, 25]` and `['a', 'b']`.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Builder, ListBuilder, RecordBatch, StringBuilder};
use arrow::datatypes::{Field, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::error::Result;

use super::functions::strings;

/// What a list has.
#[derive(Debug, Clone, Copy)]
enum Of {
    /// Numbers of types, which clients read as long ones.
    Numbers,
    Texts,
}

/// Columns of tables that clients take apart.
const LISTS: [(&str, &[(&str, Of)]); 2] = [
    ("pg_proc", &[("proallargtypes", Of::Numbers), ("proargmodes", Of::Texts), ("proargnames", Of::Texts)]),
    ("pg_statistic_ext", &[("stxkind", Of::Texts)]),
];

/// Whether a table has some.
pub(super) fn are_in(table: &str) -> bool {
    LISTS.iter().any(|(name, _)| *name == table)
}

/// The table with its lists as such.
pub(super) fn taken_apart(
    table: &str,
    schema: &Schema,
    batches: &[RecordBatch],
) -> Result<Arc<dyn TableProvider>> {
    let columns = LISTS.iter().find(|(name, _)| *name == table).map_or(&[][..], |(_, columns)| *columns);
    let empty = [RecordBatch::new_empty(Arc::new(schema.clone()))];
    let batches = if batches.is_empty() { &empty } else { batches };
    let batches = batches.iter().map(|batch| apart(columns, batch)).collect::<Result<Vec<_>>>()?;
    let schema = batches.first().map_or_else(|| Arc::new(Schema::empty()), RecordBatch::schema);
    Ok(Arc::new(MemTable::try_new(schema, vec![batches])?))
}

fn apart(columns: &[(&str, Of)], batch: &RecordBatch) -> Result<RecordBatch> {
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (field, array) in batch.schema().fields().iter().zip(batch.columns()) {
        let of = columns.iter().find(|(name, _)| *name == field.name()).map(|(_, of)| *of);
        let array = of.map_or_else(|| Ok(Arc::clone(array)), |of| list(array, of))?;
        fields.push(Field::clone(field).with_data_type(array.data_type().clone()));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn list(array: &ArrayRef, of: Of) -> Result<ArrayRef> {
    let texts = strings(array)?;
    let texts = texts.iter().map(Option::as_deref);
    Ok(match of {
        Of::Numbers => {
            let mut lists = ListBuilder::new(Int64Builder::new());
            for text in texts {
                lists.append_option(text.map(|text| parts(text).map(|part| part.parse::<i64>().ok())));
            }
            Arc::new(lists.finish())
        }
        Of::Texts => {
            let mut lists = ListBuilder::new(StringBuilder::new());
            for text in texts {
                lists.append_option(text.map(|text| parts(text).map(Some)));
            }
            Arc::new(lists.finish())
        }
    })
}

/// The parts of such a text: names in it have no commas.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let inner = text.trim().trim_start_matches(['[', '{']).trim_end_matches([']', '}']);
    let parts = inner.split(',').filter(move |_| !inner.trim().is_empty());
    parts.map(|part| part.trim().trim_matches(['\'', '"']))
}

#[cfg(test)]
mod tests {
    use arrow::array::StringArray;
    use arrow::util::display::array_value_to_string;

    use super::*;

    #[test]
    fn texts_are_taken_apart() {
        let column = |texts: [Option<&str>; 3]| Arc::new(StringArray::from(texts.to_vec())) as ArrayRef;
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("proname", column([Some("f"), Some("g"), Some("h")]), true),
            ("proallargtypes", column([Some("[1034, 26]"), None, Some("[]")]), true),
            ("proargnames", column([Some("['acl', '']"), None, Some("[]")]), true),
        ])
        .unwrap();
        let apart = apart(LISTS[0].1, &batch).unwrap();
        let shown = |row| [0, 1, 2].map(|at| array_value_to_string(apart.column(at), row).unwrap());
        assert_eq!(shown(0), ["f", "[1034, 26]", "[acl, ]"]);
        assert_eq!(shown(1), ["g", "", ""]);
        assert_eq!(shown(2), ["h", "[]", "[]"]);
        assert!(are_in("pg_proc") && !are_in("pg_type"));
    }
}
