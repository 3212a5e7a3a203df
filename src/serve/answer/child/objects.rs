//! Rows as objects.

use arrow::record_batch::RecordBatch;
use serde_json::Value;

use crate::export::{RowFormat, RowWriter};
use crate::serve::access::{Ended, Ending};

/// The rows of a batch, each an object of its columns, as REST gives them.
pub(super) fn objects(batch: RecordBatch) -> Result<Vec<Value>, Ended> {
    let failed = |words: String| Ended::new(Ending::Failed, words);
    let mut bytes = Vec::new();
    let written = RowWriter::new(RowFormat::Json, &batch.schema(), &mut bytes)
        .and_then(|mut writer| writer.write(batch).map(|()| writer))
        .and_then(RowWriter::finish);
    written.map_err(|e| failed(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| failed(e.to_string()))
}
