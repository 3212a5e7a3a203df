//! What is said of a part: its rows, if it has any, and last what came of it.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryArray, StringArray, UInt32Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::record_batch::RecordBatch;
use datafusion::error::Result;

/// What is said last of a part.
pub(super) const DONE: &str = "done";
const FAILED: &str = "failed";
/// What is said before.
const ROWS: &str = "rows";

/// What is said of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) part: u32,
    pub(super) outcome: String,
    pub(super) message: String,
    pub(super) host: String,
    /// Bytes of rows, in order.
    pub(super) rows: Vec<u8>,
}

impl Said {
    /// Whether the part is done.
    pub(super) fn is_done(&self) -> bool {
        self.outcome == DONE
    }

    /// Whether more is to come.
    pub(super) fn is_of_rows(&self) -> bool {
        self.outcome == ROWS
    }

    /// What came of a part.
    pub(super) fn of(part: u32, done: Result<Vec<String>, String>) -> Self {
        let (outcome, message) = match done {
            Ok(notes) => (DONE, notes.join("\n")),
            Err(why) => (FAILED, why),
        };
        let host = results_store::system::host();
        Self { part, outcome: outcome.to_owned(), message, host, rows: Vec::new() }
    }

    /// Bytes of rows.
    pub(super) fn rows(part: u32, rows: Vec<u8>) -> Self {
        Self { part, outcome: ROWS.to_owned(), message: String::new(), host: String::new(), rows }
    }

    pub(super) fn schema() -> SchemaRef {
        let text = |name| Field::new(name, DataType::Utf8, false);
        let part = Field::new("part", DataType::UInt32, false);
        let rows = Field::new("rows", DataType::Binary, false);
        Arc::new(Schema::new(vec![part, text("outcome"), text("message"), text("host"), rows]))
    }

    pub(super) fn to_row(&self) -> Result<RecordBatch> {
        let text = |text: &String| -> ArrayRef { Arc::new(StringArray::from_iter_values([text])) };
        let part: ArrayRef = Arc::new(UInt32Array::from(vec![self.part]));
        let rows: ArrayRef = Arc::new(BinaryArray::from_iter_values([&self.rows]));
        let columns = vec![part, text(&self.outcome), text(&self.message), text(&self.host), rows];
        Ok(RecordBatch::try_new(Self::schema(), columns)?)
    }

    /// Reads rows; none if they are something else.
    pub(super) fn read(rows: &RecordBatch) -> Option<Vec<Self>> {
        let parts = rows.column_by_name("part")?.as_any().downcast_ref::<UInt32Array>()?;
        let text = |name| rows.column_by_name(name)?.as_any().downcast_ref::<StringArray>();
        let (outcomes, messages, hosts) = (text("outcome")?, text("message")?, text("host")?);
        let bytes = rows.column_by_name("rows")?.as_any().downcast_ref::<BinaryArray>()?;
        let said = |row| Self {
            part: parts.value(row),
            outcome: outcomes.value(row).to_owned(),
            message: messages.value(row).to_owned(),
            host: hosts.value(row).to_owned(),
            rows: bytes.value(row).to_vec(),
        };
        Some((0..rows.num_rows()).map(said).collect())
    }
}
