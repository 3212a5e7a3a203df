//! Rows as bytes on their way: a stream of Arrow IPC, in chunks.

use arrow::datatypes::Schema;
use arrow::ipc::writer::StreamWriter;
use datafusion::error::Result;
use datafusion::physical_plan::SendableRecordBatchStream;
use futures::StreamExt;
use tokio::sync::mpsc::Sender;

/// Bytes that are sent together, at least but for the last, and at most.
const LEAST: usize = 64 << 10;
const MOST: usize = 1 << 20;

/// Sends rows with these columns; ends early if nobody takes them any more. What a step of a plan says of its columns is
/// more than each of its batches does: of a union, those of one query may have no nulls.
pub(super) async fn send(
    mut rows: SendableRecordBatchStream,
    schema: &Schema,
    to: &Sender<Vec<u8>>,
) -> Result<()> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema)?;
    while let Some(batch) = rows.next().await {
        writer.write(&batch?)?;
        if writer.get_ref().len() >= LEAST && !send_chunks(std::mem::take(writer.get_mut()), to).await {
            return Ok(());
        }
    }
    writer.finish()?;
    send_chunks(std::mem::take(writer.get_mut()), to).await;
    Ok(())
}

async fn send_chunks(bytes: Vec<u8>, to: &Sender<Vec<u8>>) -> bool {
    for chunk in bytes.chunks(MOST) {
        if to.send(chunk.to_vec()).await.is_err() {
            return false;
        }
    }
    true
}
