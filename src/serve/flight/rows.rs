//! Rows on their way to whoever reads them.

use std::pin::Pin;

use arrow::datatypes::SchemaRef;
use arrow::ipc::writer::IpcWriteOptions;
use arrow::record_batch::RecordBatch;
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::{FlightData, IpcMessage, SchemaAsIpc};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use tonic::Status;

use super::statement::AtWork;
use super::told::of_arrow;
use crate::serve::access::{Ended, Ending};
use crate::serve::answer::{Frame, Message};
use crate::serve::desk::Begun;

/// What somebody reads.
pub(super) type Rows = Pin<Box<dyn Stream<Item = Result<FlightData, Status>> + Send>>;

/// The rows of an answer, as they come and without being looked at. One that breaks off ends with the reason; `whole` is
/// called after the last row of one that does not. If nobody reads on, the answer ends.
pub(super) fn of_answer(begun: Begun, at_work: AtWork, whole: impl FnOnce() + Send + 'static) -> Rows {
    let state = Some((begun, at_work, whole));
    Box::pin(stream::unfold(state, |state| async move {
        let (mut begun, at_work, whole) = state?;
        loop {
            let ended = match begun.next().await {
                Ok(Some(Frame::Message(Message { head, body }))) => {
                    let data = FlightData { data_header: head, data_body: body, ..FlightData::default() };
                    return Some((Ok(data), Some((begun, at_work, whole))));
                }
                Ok(Some(Frame::Done(_))) => {
                    whole();
                    return None;
                }
                Ok(Some(Frame::Columns(_) | Frame::Notes(_) | Frame::Bytes(_))) => continue,
                Ok(Some(Frame::Error(ended))) | Err(ended) => ended,
                Ok(None) => Ended::new(Ending::Died, "the answer is not whole"),
            };
            return Some((Err(Status::from(ended)), None));
        }
    }))
}

/// Rows that are there.
pub(super) fn of_batch(batch: RecordBatch) -> Rows {
    let data = FlightDataEncoderBuilder::new().with_schema(batch.schema()).build(stream::iter([Ok(batch)]));
    data.map_err(Status::from).boxed()
}

/// A schema as Flight writes it.
pub(super) fn encoded(schema: &SchemaRef) -> Result<Bytes, Ended> {
    let options = IpcWriteOptions::default();
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(schema, &options).try_into();
    message.map(|message| message.0).map_err(of_arrow)
}
