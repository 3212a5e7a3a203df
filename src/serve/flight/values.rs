//! Values of parameters, as programs send them: messages of Arrow IPC, put behind each other and not looked into. Only the
//! process that answers does that.

use arrow::ipc::{MessageHeader, root_as_message};
use arrow_flight::FlightData;
use bytes::Bytes;

use crate::serve::access::{Ended, Ending};

/// Bytes of values at most.
const LONGEST: usize = 1 << 20;

/// What begins a message of a stream, and what ends the stream.
const MARK: [u8; 4] = [0xff; 4];
const END: [u8; 4] = [0; 4];

/// A stream of Arrow IPC, out of messages.
#[derive(Debug, Default)]
pub(super) struct Values {
    stream: Vec<u8>,
    rows: i64,
    has_columns: bool,
}

impl Values {
    /// Adds a message.
    pub(super) fn add(&mut self, data: &FlightData) -> Result<(), Ended> {
        // One may carry nothing but its descriptor.
        if data.data_header.is_empty() {
            return Ok(());
        }
        let torn = || Ended::new(Ending::Invalid, "the values of the parameters are torn");
        let message = root_as_message(&data.data_header).map_err(|_| torn())?;
        match message.header_type() {
            MessageHeader::Schema if !self.has_columns => self.has_columns = true,
            MessageHeader::DictionaryBatch if self.has_columns => {}
            MessageHeader::RecordBatch if self.has_columns => {
                let rows = message.header_as_record_batch().ok_or_else(torn)?.length();
                self.rows = self.rows.checked_add(rows).filter(|_| rows >= 0).ok_or_else(torn)?;
            }
            _ => return Err(torn()),
        }
        if self.stream.len() + data.data_header.len() + data.data_body.len() + 16 > LONGEST {
            let words = format!(
                "the values of the parameters take more than {} MB\n(hint: put long lists into several queries)",
                LONGEST >> 20
            );
            return Err(Ended::new(Ending::TooLarge, words));
        }
        // The body begins at a multiple of 8 bytes.
        let length = data.data_header.len().next_multiple_of(8);
        self.stream.extend_from_slice(&MARK);
        self.stream.extend_from_slice(&(length as u32).to_le_bytes());
        self.stream.extend_from_slice(&data.data_header);
        self.stream.resize(self.stream.len() + length - data.data_header.len(), 0);
        self.stream.extend_from_slice(&data.data_body);
        Ok(())
    }

    /// All of it, which must be one row.
    pub(super) fn finish(mut self) -> Result<Bytes, Ended> {
        if self.rows != 1 {
            let words = match self.rows {
                0 => "a row of values for the parameters is missing".to_owned(),
                rows => format!("{rows} rows of values for the parameters, and a query is answered for one"),
            };
            let words = format!("{words}\n(hint: ask once a row, or have the query name a list: `any($1)`)");
            return Err(Ended::new(Ending::Invalid, words));
        }
        self.stream.extend_from_slice(&MARK);
        self.stream.extend_from_slice(&END);
        Ok(self.stream.into())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Float64Array, Int64Array, StringArray};
    use arrow::ipc::reader::StreamReader;
    use arrow::record_batch::RecordBatch;
    use arrow_flight::utils::batches_to_flight_data;

    use super::*;

    fn messages(rows: usize) -> (RecordBatch, Vec<FlightData>) {
        let batch = RecordBatch::try_from_iter([
            ("1", Arc::new(Float64Array::from(vec![0.05; rows])) as _),
            ("2", Arc::new(StringArray::from(vec!["ä"; rows])) as _),
            ("3", Arc::new(Int64Array::from(vec![None::<i64>; rows])) as _),
        ]);
        let batch = batch.unwrap();
        let data = batches_to_flight_data(&batch.schema(), vec![batch.clone()]).unwrap();
        (batch, data)
    }

    fn read(messages: &[FlightData]) -> Result<Bytes, Ended> {
        let mut values = Values::default();
        messages.iter().try_for_each(|data| values.add(data))?;
        values.finish()
    }

    #[test]
    fn messages_become_a_stream() {
        let (batch, mut data) = messages(1);
        data.insert(0, FlightData::default());
        let stream = read(&data).unwrap();
        let back: Vec<_> = StreamReader::try_new(&*stream, None).unwrap().map(Result::unwrap).collect();
        assert_eq!(back, [batch]);
    }

    #[test]
    fn one_row_and_no_more() {
        for (rows, words) in [(0, "is missing"), (2, "2 rows of values")] {
            let said = read(&messages(rows).1).unwrap_err();
            assert!(said.detail.contains(words) && said.hint.is_some(), "{said:?}");
        }
        assert!(read(&[]).is_err());
        let mut data = messages(1).1;
        data[1].data_header = Bytes::from_static(b"nonsense");
        assert_eq!(read(&data).unwrap_err().ending, Ending::Invalid);
        assert!(read(&messages(1).1[1..]).is_err(), "rows without columns");
        let mut data = messages(1).1;
        data[1].data_body = Bytes::from(vec![0; LONGEST]);
        assert_eq!(read(&data).unwrap_err().ending, Ending::TooLarge);
    }
}
