//! Rows as a table for people, or each row as lines.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::datatypes::{DataType, SchemaRef};
use arrow::record_batch::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use arrow::util::pretty::pretty_format_batches;
use datafusion::error::DataFusionError;

use super::fit::{Fit, Wanted, fit};
use super::hint::told;
use crate::cli::text::count;
use crate::error::Failure;
use crate::sql::{SessionError, in_calendar};

/// How a table for people looks.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Look {
    /// Characters of the terminal a line must fit; `None`: any.
    pub(super) room: Option<usize>,
    /// A row as lines, a column each.
    pub(super) lines: bool,
    /// What shows all columns, where some are left out.
    pub(super) instead: &'static str,
}

/// The rows with their number below, and a note if columns are left out.
pub(super) fn text(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    look: Look,
) -> Result<(String, Option<String>), Failure> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let below = count(rows as u64, "row");
    if look.lines {
        return Ok((format!("{}{below}\n", lines(&cells(schema, batches)?)), None));
    }
    let columns = cells(schema, batches)?;
    let fit = match look.room {
        Some(room) => fit(&columns.iter().map(Column::wanted).collect::<Vec<Wanted>>(), room),
        None => Fit {
            left: (0..columns.len()).map(|i| (i, usize::MAX)).collect(),
            right: Vec::new(),
            left_out: 0,
        },
    };
    let table = pretty_format_batches(&[cut(&columns, &fit, rows)?]).map_err(Failure::error)?;
    let note = (fit.left_out > 0).then(|| {
        let (all, shown) = (columns.len(), columns.len() - fit.left_out);
        format!("{shown} of {} shown; {}", count(all as u64, "column"), look.instead)
    });
    Ok((format!("{table}\n{below}\n"), note))
}

/// A column as it is read.
struct Column {
    name: String,
    text: bool,
    cells: Vec<String>,
}

impl Column {
    fn wanted(&self) -> Wanted {
        let longest = self.cells.iter().map(|c| c.chars().count()).max().unwrap_or(0);
        Wanted { width: longest.max(self.name.chars().count()), text: self.text }
    }
}

fn cells(schema: &SchemaRef, batches: &[RecordBatch]) -> Result<Vec<Column>, Failure> {
    let mut columns = Vec::new();
    for (i, field) in schema.fields().iter().enumerate() {
        let mut cells = Vec::new();
        for batch in batches {
            cells_of(batch.column(i), &mut cells)?;
        }
        let text = !fixed(field.data_type());
        columns.push(Column { name: field.name().replace(char::is_control, " "), text, cells });
    }
    Ok(columns)
}

fn cells_of(array: &ArrayRef, cells: &mut Vec<String>) -> Result<(), Failure> {
    in_calendar(array).map_err(|error| told(SessionError::from(DataFusionError::from(error))))?;
    let options = FormatOptions::default();
    let formatter = ArrayFormatter::try_new(array, &options).map_err(Failure::error)?;
    for row in 0..array.len() {
        let cell = formatter.value(row).try_to_string().map_err(Failure::error)?;
        // A line break would tear the row apart, an escape sequence do who knows what to the terminal.
        cells.push(cell.replace(char::is_control, " "));
    }
    Ok(())
}

/// Whether a shortened value would be another value: numbers, truth values, times.
fn fixed(kind: &DataType) -> bool {
    kind.is_primitive() || matches!(kind, DataType::Boolean | DataType::Null)
}

/// The chosen columns as texts, with a column `…` where others were left out.
fn cut(columns: &[Column], fit: &Fit, rows: usize) -> Result<RecordBatch, Failure> {
    let chosen = |(i, width): &(usize, usize)| {
        let column = &columns[*i];
        let cells: StringArray = column.cells.iter().map(|c| Some(short(c, *width))).collect();
        let name = if column.text { short(&column.name, *width) } else { column.name.clone() };
        (name, Arc::new(cells) as ArrayRef)
    };
    let gap = (fit.left_out > 0).then(|| {
        let dots: StringArray = std::iter::repeat_n(Some("…"), rows).collect();
        ("…".to_owned(), Arc::new(dots) as ArrayRef)
    });
    let shown = fit.left.iter().map(chosen).chain(gap).chain(fit.right.iter().map(chosen));
    let (fields, arrays): (Vec<_>, Vec<_>) =
        shown.map(|(name, array)| (arrow::datatypes::Field::new(name, DataType::Utf8, true), array)).unzip();
    let options = arrow::record_batch::RecordBatchOptions::new().with_row_count(Some(rows));
    let schema = Arc::new(arrow::datatypes::Schema::new(fields));
    RecordBatch::try_new_with_options(schema, arrays, &options).map_err(Failure::error)
}

fn short(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Each row as lines: a column's name and its value.
fn lines(columns: &[Column]) -> String {
    let width = columns.iter().map(|c| c.name.chars().count()).max().unwrap_or(0);
    let rows = columns.first().map_or(0, |c| c.cells.len());
    let mut out = String::new();
    for row in 0..rows {
        out.push_str(&format!("-- row {} --\n", row + 1));
        for column in columns {
            let pad = " ".repeat(width - column.name.chars().count());
            out.push_str(format!("{}{pad}  {}", column.name, column.cells[row]).trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::Float64Array;

    fn shown(look: Look) -> (String, Option<String>) {
        let floats = |seed: f64| Arc::new(Float64Array::from(vec![Some(seed / 3.0), None])) as ArrayRef;
        let ids = StringArray::from(vec!["00EABED2-271D-49D8-B599-1D4A09240601", "a\n\u{1b}[31mb"]);
        let batch = RecordBatch::try_from_iter([
            ("user_id", Arc::new(ids) as ArrayRef),
            ("first", floats(1.0)),
            ("second", floats(2.0)),
            ("third", floats(0.375)),
        ])
        .unwrap();
        text(&batch.schema(), &[batch], look).unwrap()
    }

    #[test]
    fn a_table_fits_the_terminal() {
        let look = |room| Look { room: Some(room), lines: false, instead: "--format csv has all" };
        let (table, note) = shown(look(80));
        insta::assert_snapshot!(table, @r"
        +----------------------------+--------------------+--------------------+-------+
        | user_id                    | first              | second             | third |
        +----------------------------+--------------------+--------------------+-------+
        | 00EABED2-271D-49D8-B599-1… | 0.3333333333333333 | 0.6666666666666666 | 0.125 |
        | a  [31mb                   |                    |                    |       |
        +----------------------------+--------------------+--------------------+-------+
        2 rows
        ");
        assert_eq!(note, None);
        let (table, note) = shown(look(60));
        insta::assert_snapshot!(table, @r"
        +-------------------------+--------------------+---+-------+
        | user_id                 | first              | … | third |
        +-------------------------+--------------------+---+-------+
        | 00EABED2-271D-49D8-B59… | 0.3333333333333333 | … | 0.125 |
        | a  [31mb                |                    | … |       |
        +-------------------------+--------------------+---+-------+
        2 rows
        ");
        assert_eq!(note.as_deref(), Some("3 of 4 columns shown; --format csv has all"));
        for room in 24..200 {
            assert!(shown(look(room)).0.lines().all(|l| l.chars().count() <= room), "{room}");
        }
    }

    #[test]
    fn without_a_terminal_nothing_is_cut() {
        let (table, note) = shown(Look::default());
        assert!(table.contains("00EABED2-271D-49D8-B599-1D4A09240601 | 0.3333333333333333 | 0.666"));
        assert_eq!(note, None);
    }

    #[test]
    fn a_row_can_be_lines() {
        let (table, _) = shown(Look { lines: true, ..Look::default() });
        insta::assert_snapshot!(table, @r"
        -- row 1 --
        user_id  00EABED2-271D-49D8-B599-1D4A09240601
        first    0.3333333333333333
        second   0.6666666666666666
        third    0.125
        -- row 2 --
        user_id  a  [31mb
        first
        second
        third
        2 rows
        ");
    }
}
